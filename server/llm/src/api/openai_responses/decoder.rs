//! Reads an answer: its items in pieces, and the whole of it that follows them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Event, StopReason, ToolCall, Usage,
    api::{Decoder, Fault, Step, arguments_or_empty, is_whole},
    sse::SseEvent,
};

/// One answer in this format.
#[derive(Debug, Default)]
pub(super) struct ResponsesDecoder {
    /// Calls that have begun.
    open: Vec<Call>,
    /// Whole calls, and the thoughts that came after them, until the answer ends or goes on with text.
    held: Vec<Event>,
    /// How many calls were whole.
    calls: usize,
    /// A call was not.
    cut: bool,
    refused: bool,
    seen: Seen,
}

/// What has arrived in pieces or items of its own, so that the whole answer, which repeats it, adds nothing.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    text: bool,
    reasoning: bool,
    calls: bool,
    thoughts: bool,
}

/// A tool call as far as it has arrived.
#[derive(Debug, Default)]
struct Call {
    /// The item's, which is not the call's.
    item: String,
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Call {
    fn of(item: &Value, index: Option<u64>) -> Self {
        let text = |field| item.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let arguments = match item.get("arguments") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(arguments)) => arguments.clone(),
            // Servers that decode the arguments before they send them.
            Some(value) => value.to_string(),
        };
        Self { item: text("id"), index, id: text("call_id"), name: text("name"), arguments }
    }
}

impl ResponsesDecoder {
    fn text(&mut self, text: String, out: &mut Vec<Event>) {
        if !text.is_empty() {
            self.seen.text = true;
            // What precedes the text must do so in the next request too.
            out.append(&mut self.held);
            out.push(Event::Text(text));
        }
    }

    fn reasoning(&mut self, text: String, out: &mut Vec<Event>) {
        if !text.is_empty() {
            self.seen.reasoning = true;
            out.push(Event::Reasoning(text));
        }
    }

    /// The parts of a summary are paragraphs, with nothing between them.
    fn paragraph(&mut self, out: &mut Vec<Event>) {
        if self.seen.reasoning {
            out.push(Event::Reasoning("\n\n".to_owned()));
        }
    }

    /// The begun call of an item: by the item's id, else by its place, else, where neither is told, the last one.
    fn find(&self, item: &str, index: Option<u64>) -> Option<usize> {
        let by_item = || self.open.iter().position(|call| !item.is_empty() && call.item == item);
        let by_index = || self.open.iter().rposition(|call| index.is_some() && call.index == index);
        let untold = item.is_empty() && index.is_none();
        by_item().or_else(by_index).or_else(|| self.open.len().checked_sub(1).filter(|_| untold))
    }

    fn arguments(&mut self, item: &str, index: Option<u64>) -> Option<&mut String> {
        let at = self.find(item, index).unwrap_or_else(|| {
            self.open.push(Call { item: item.to_owned(), index, ..Call::default() });
            self.open.len() - 1
        });
        self.open.get_mut(at).map(|call| &mut call.arguments)
    }

    fn begin(&mut self, item: &Value, index: Option<u64>) {
        if is(item, "function_call") {
            self.open.push(Call { arguments: String::new(), ..Call::of(item, index) });
        }
    }

    /// An item that is complete, but for a message's text.
    fn done(&mut self, item: Value, index: Option<u64>, out: &mut Vec<Event>) {
        if is(&item, "function_call") {
            self.seen.calls = true;
            let mut call = Call::of(&item, index);
            let by_id = || self.open.iter().position(|open| !call.id.is_empty() && open.id == call.id);
            if let Some(at) = by_id().or_else(|| self.find(&call.item, index)) {
                let open = self.open.remove(at);
                let missing =
                    [(&mut call.id, open.id), (&mut call.name, open.name), (&mut call.arguments, open.arguments)];
                for (field, begun) in missing.into_iter().filter(|(field, _)| field.is_empty()) {
                    *field = begun;
                }
            }
            let is_cut = item.get("status").is_some_and(|status| status == "incomplete");
            self.hold(call, is_cut);
        } else if is(&item, "reasoning") && has_text(&item, "encrypted_content") {
            self.seen.thoughts = true;
            let events = if self.held.is_empty() { out } else { &mut self.held };
            events.push(Event::Replay(item));
        }
    }

    fn hold(&mut self, call: Call, is_cut: bool) {
        let arguments = arguments_or_empty(call.arguments);
        // llama.cpp says neither of the call nor of the answer that it was cut; but JSON tells its end.
        if is_cut || ends_early(&arguments) {
            self.cut = true;
            return;
        }
        let id = if call.id.is_empty() { format!("call_{}", self.calls) } else { call.id };
        self.calls += 1;
        self.held.push(Event::ToolCall(ToolCall { id, name: call.name, arguments, signature: None }));
    }

    /// What the answer as a whole has that did not come before it.
    fn rest(&mut self, output: Vec<Value>, out: &mut Vec<Event>) {
        let seen = self.seen;
        let streamed = std::mem::take(&mut self.held);
        for item in output {
            if is(&item, "message") {
                for part in list(&item, "content") {
                    self.refused |= is(part, "refusal");
                    let text = ["text", "refusal"].into_iter().find_map(|field| part.get(field)?.as_str());
                    if !seen.text {
                        self.text(text.unwrap_or_default().to_owned(), out);
                    }
                }
            } else if is(&item, "function_call") && !seen.calls {
                self.done(item, None, out);
            } else if is(&item, "reasoning") {
                // After the text it would come too late.
                if !seen.text && !seen.reasoning {
                    for part in list(&item, "summary").chain(list(&item, "content")) {
                        self.paragraph(out);
                        self.reasoning(part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(), out);
                    }
                }
                if !seen.thoughts {
                    self.done(item, None, out);
                }
            }
        }
        self.held.splice(..0, streamed);
    }

    /// `ending` is what the event says of the answer; the answer itself knows better.
    fn finish(&mut self, ending: &str, mut response: Value, out: &mut Vec<Event>) -> Result<(), Fault> {
        let ending = match response.get("status").and_then(Value::as_str) {
            Some(status @ ("incomplete" | "failed" | "cancelled")) => status.to_owned(),
            _ => ending.to_owned(),
        };
        if ending == "failed" {
            let error = response.get_mut("error").map(Value::take).filter(|error| !error.is_null());
            let error = error.unwrap_or_else(|| "The answer failed, and no reason was given.".into());
            return Err(Fault::Reply(json!({"error": error})));
        }
        if let Some(Value::Array(output)) = response.get_mut("output").map(Value::take) {
            self.rest(output, out);
        }
        let open = std::mem::take(&mut self.open);
        if ending == "completed" && !self.seen.calls {
            for call in open.into_iter().filter(|call| !call.name.is_empty()) {
                self.hold(call, false);
            }
        }
        let reason = match response.pointer("/incomplete_details/reason").and_then(Value::as_str) {
            Some("max_output_tokens") => StopReason::Length,
            Some("content_filter") => StopReason::ContentFilter,
            Some(other) => StopReason::Other(other.to_owned()),
            None if ending != "completed" => StopReason::Other(ending),
            None if self.refused => StopReason::ContentFilter,
            None if self.cut => StopReason::Length,
            None if self.calls > 0 => StopReason::ToolUse,
            None => StopReason::End,
        };
        if reason == StopReason::Length {
            self.held.retain(|event| !matches!(event, Event::ToolCall(call) if !is_whole(&call.arguments)));
        }
        out.append(&mut self.held);
        out.extend(response.get("usage").and_then(usage).map(Event::Usage));
        out.push(Event::Stop(reason));
        Ok(())
    }
}

impl Decoder for ResponsesDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        if data == "[DONE]" {
            return Err(Fault::Truncated);
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| Fault::Malformed(error.to_string()))?;
        let kind = chunk.kind.as_deref().unwrap_or(&event.event);
        if event.event == "error" || kind == "error" || chunk.is_error() {
            return Err(Fault::Reply(serde_json::from_str(data).unwrap_or_default()));
        }
        let index = chunk.output_index.as_ref().and_then(Value::as_u64);
        let item_id = chunk.item_id.as_ref().and_then(Value::as_str).unwrap_or_default();
        match kind {
            "response.output_text.delta" => self.text(text(chunk.delta)?, out),
            "response.refusal.delta" => {
                self.refused = true;
                self.text(text(chunk.delta)?, out);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.reasoning(text(chunk.delta)?, out);
            }
            "response.reasoning_summary_part.added" => self.paragraph(out),
            "response.output_item.added" => self.begin(&chunk.item.unwrap_or_default(), index),
            "response.function_call_arguments.delta" => {
                let delta = text(chunk.delta)?;
                if let Some(arguments) = self.arguments(item_id, index) {
                    arguments.push_str(&delta);
                }
            }
            "response.function_call_arguments.done" => {
                let whole = text(chunk.arguments)?;
                if let Some(arguments) = self.arguments(item_id, index).filter(|_| !whole.is_empty()) {
                    *arguments = whole;
                }
            }
            "response.output_item.done" => self.done(chunk.item.unwrap_or_default(), index, out),
            "response.completed" | "response.incomplete" | "response.failed" => {
                let ending = kind.strip_prefix("response.").unwrap_or(kind);
                self.finish(ending, chunk.response.unwrap_or_default(), out)?;
                return Ok(Step::Done);
            }
            _ => return Ok(Step::Nothing),
        }
        Ok(Step::Progress)
    }

    fn end(&mut self, _: &mut Vec<Event>) -> Result<(), Fault> {
        Err(Fault::Truncated)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        let field = |name| body.get(name).filter(|value| !value.is_null());
        let is = |name, word: &str| field(name).is_some_and(|value| value == word);
        if !field("output").is_some_and(Value::is_array) {
            let is_error = field("error").is_some() || is("object", "error");
            return Err(if is_error { Fault::Reply(body) } else { Fault::NotAnAnswer });
        }
        if !is("object", "response") || is("status", "in_progress") || is("status", "queued") {
            return Err(Fault::NotAnAnswer);
        }
        self.finish("completed", body, out)
    }
}

/// An item, or a part of one, of this sort.
fn is(item: &Value, kind: &str) -> bool {
    item.get("type").is_some_and(|value| value == kind)
}

fn has_text(item: &Value, field: &str) -> bool {
    item.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

fn list<'a>(item: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    item.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: Option<Value>) -> Result<String, Fault> {
    match value {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Ok(String::new()),
        Some(_) => Err(Fault::Malformed("a piece of the answer is not a text".to_owned())),
    }
}

/// Whether these arguments are the beginning of something, which what a model wrote wrongly need not be.
pub(super) fn ends_early(arguments: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_err_and(|error| error.is_eof())
}

fn usage(counts: &Value) -> Option<Usage> {
    let count = |pointer| counts.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    counts.is_object().then(|| Usage {
        input: count("/input_tokens"),
        output: count("/output_tokens"),
        cached_input: count("/input_tokens_details/cached_tokens"),
        // OpenRouter's name.
        cache_written: count("/input_tokens_details/cache_write_tokens"),
        reasoning: count("/output_tokens_details/reasoning_tokens"),
    })
}

/// One event. Of what the fields hold only a known event's are judged: others may use the same names.
#[derive(Deserialize)]
struct Chunk {
    #[serde(rename = "type")]
    kind: Option<String>,
    delta: Option<Value>,
    item_id: Option<Value>,
    output_index: Option<Value>,
    arguments: Option<Value>,
    item: Option<Value>,
    response: Option<Value>,
    error: Option<Value>,
    object: Option<Value>,
}

impl Chunk {
    /// `{"error": …}`, or vLLM's `{"object": "error", …}`.
    fn is_error(&self) -> bool {
        self.error.is_some() || self.object.as_ref().is_some_and(|kind| kind == "error")
    }
}
