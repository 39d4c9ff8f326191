//! OpenAI's Chat Completions format, which most servers speak.
//!
//! After <https://platform.openai.com/docs/api-reference/chat-streaming>. Compatible servers differ in small things,
//! which are tolerated here: fields that are `null`, repeated or missing, tool calls without id or index, usage in
//! every chunk, `finish_reason: ""`, an end without `[DONE]`.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Api, Decoder, Fault, Step, arguments_or_empty, is_whole};
use crate::{
    Effort, Event, Message, Model, Part, Price, Quirks, Reasoning, Request, Role, StopReason, ToolCall, ToolChoice,
    Usage, sse::SseEvent,
};

/// DeepSeek's name for thoughts, taken over by vLLM and llama.cpp.
const THOUGHTS: &str = "reasoning_content";
/// Longer ones do not go back, in bytes.
const LONGEST_THOUGHTS: usize = 1024 * 1024;

/// The format.
#[derive(Debug)]
pub(crate) struct OpenAiChat;

impl Api for OpenAiChat {
    fn path(&self, _: &Request) -> String {
        "chat/completions".to_owned()
    }

    fn body(&self, request: &Request, model: &Model, quirks: &Quirks) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| _ = body.insert(key.to_owned(), value);
        put("model", request.model.as_str().into());
        put("messages", request.messages.iter().flat_map(messages).collect());
        put("stream", true.into());
        put("stream_options", json!({"include_usage": true}));
        if let Some(limit) = request.max_tokens {
            put(if quirks.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" }, limit.into());
        }
        if let Some(temperature) = request.temperature.filter(|_| model.temperature != Some(false)) {
            put("temperature", json!(temperature));
        }
        if !request.stop.is_empty() {
            put("stop", json!(request.stop));
        }
        if !request.tools.is_empty() {
            let tool = |tool: &crate::Tool| {
                let function =
                    json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
                json!({"type": "function", "function": function})
            };
            put("tools", request.tools.iter().map(tool).collect());
            match request.tool_choice {
                ToolChoice::Auto => {}
                ToolChoice::Any => put("tool_choice", "required".into()),
                ToolChoice::None => put("tool_choice", "none".into()),
            }
        }
        match (request.effort, model.reasoning) {
            (Some(effort), Some(Reasoning::Effort)) => put("reasoning_effort", word(effort).into()),
            (Some(effort), Some(Reasoning::Toggle)) if quirks.enable_thinking => {
                put("enable_thinking", (effort != Effort::Off).into());
            }
            _ => {}
        }
        if let Some(schema) = &request.schema {
            let shape = match quirks.json_object_only {
                true => json!({"type": "json_object"}),
                false => {
                    let schema = json!({"name": schema.name, "schema": schema.schema, "strict": true});
                    json!({"type": "json_schema", "json_schema": schema})
                }
            };
            put("response_format", shape);
        }
        Value::Object(body)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(ChatDecoder::default())
    }

    fn models(&self, list: &Value) -> Vec<(String, Model)> {
        let models = list.get("data").or(Some(list)).and_then(Value::as_array).into_iter().flatten();
        models.filter_map(|entry| Some((entry.get("id")?.as_str()?.to_owned(), listed(entry)))).collect()
    }
}

/// What a list says of a model: each server in its own words, most of them nothing.
fn listed(entry: &Value) -> Model {
    let number = |pointers: &[&str]| pointers.iter().find_map(|pointer| entry.pointer(pointer)?.as_u64());
    // OpenRouter's prices are texts, in dollars for one token.
    let price = |pointer| entry.pointer(pointer)?.as_str()?.parse::<f64>().ok().filter(|price| *price >= 0.0);
    let prices = || {
        let million = |price: f64| price * 1e6;
        Some(Price {
            input: million(price("/pricing/prompt")?),
            output: million(price("/pricing/completion")?),
            cached: price("/pricing/input_cache_read").map(million),
            written: price("/pricing/input_cache_write").map(million),
        })
    };
    let images = |modalities: &Value| {
        modalities.as_array().is_some_and(|modalities| modalities.iter().any(|modality| modality == "image"))
    };
    Model {
        // OpenRouter, Groq, Mistral, vLLM, llama.cpp.
        context: number(&[
            "/context_length",
            "/context_window",
            "/max_context_length",
            "/max_model_len",
            "/meta/n_ctx",
            "/meta/n_ctx_train",
        ]),
        output: number(&["/top_provider/max_completion_tokens", "/max_completion_tokens"]),
        vision: entry.pointer("/architecture/input_modalities").map(images),
        price: prices(),
        ..Model::default()
    }
}

fn word(effort: Effort) -> &'static str {
    match effort {
        // What all that know an effort know.
        Effort::Off => "low",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}

/// A message in this format, in which a tool's result is a message of its own.
fn messages(message: &Message) -> Vec<Value> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::Result(result) => Some(json!({"role": "tool", "tool_call_id": result.id, "content": result.content})),
        _ => None,
    });
    let mut out: Vec<Value> = results.collect();
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let calls: Vec<Value> = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Call(call) => {
                let arguments = arguments_or_empty(call.arguments.clone());
                Some(
                    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}),
                )
            }
            _ => None,
        })
        .collect();
    let has_image = message.parts.iter().any(|part| matches!(part, Part::Image(_)));
    let content = match has_image {
        // Many servers know content only as a text.
        false => Value::from(message.text()),
        true => message.parts.iter().filter_map(content_part).collect(),
    };
    let is_empty = content.as_str().is_some_and(str::is_empty);
    if !is_empty || !calls.is_empty() || out.is_empty() {
        let mut own =
            json!({"role": role, "content": if is_empty && !calls.is_empty() { Value::Null } else { content }});
        if let (false, Some(own)) = (calls.is_empty(), own.as_object_mut()) {
            let thoughts = message.parts.iter().find_map(|part| match part {
                Part::Replay(value) => value.get(THOUGHTS),
                _ => None,
            });
            if let Some(thoughts) = thoughts {
                own.insert(THOUGHTS.to_owned(), thoughts.clone());
            }
            own.insert("tool_calls".to_owned(), calls.into());
        }
        out.push(own);
    }
    out
}

fn content_part(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Image(image) => {
            let url = format!("data:{};base64,{}", image.media_type, BASE64.encode(&image.data));
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        Part::Call(_) | Part::Result(_) | Part::Replay(_) => None,
    }
}

/// One answer in this format.
#[derive(Debug, Default)]
struct ChatDecoder {
    calls: Vec<Call>,
    /// What is to go back with the calls.
    thoughts: String,
    usage: Option<Usage>,
    /// Set by the first `finish_reason`; usage and `[DONE]` still follow it.
    finished: Option<StopReason>,
}

/// A tool call as far as it has arrived.
#[derive(Debug, Default)]
struct Call {
    id: String,
    index: Option<u64>,
    name: String,
    arguments: String,
}

impl ChatDecoder {
    fn usage(&mut self, counts: Option<Counts>, out: &mut Vec<Event>) {
        let Some(counts) = counts else { return };
        if let Some(usd) = counts.cost.filter(|usd| usd.is_finite() && *usd >= 0.0) {
            out.push(Event::Charged(usd));
        }
        let (read, written) = (counts.prompt_tokens_details.unwrap_or_default(), counts.completion_tokens_details);
        let usage = Usage {
            input: counts.prompt_tokens.unwrap_or(0),
            output: counts.completion_tokens.unwrap_or(0),
            cached_input: read.cached_tokens.or(counts.prompt_cache_hit_tokens).unwrap_or(0),
            cache_written: read.cache_write_tokens.unwrap_or(0),
            reasoning: written.unwrap_or_default().reasoning_tokens.unwrap_or(0),
        };
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push(Event::Usage(usage));
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Vec<Event>) {
        if let Some(text) = &delta.reasoning_content
            && self.thoughts.len() + text.len() <= LONGEST_THOUGHTS
        {
            self.thoughts.push_str(text);
        }
        if let Some(text) = delta.reasoning_content.or(delta.reasoning).filter(|text| !text.is_empty()) {
            out.push(Event::Reasoning(text));
        }
        match delta.content {
            Some(Content::Text(text)) if !text.is_empty() => out.push(Event::Text(text)),
            Some(Content::Parts(parts)) => parts.into_iter().for_each(|part| part.into_events(out)),
            Some(Content::Text(_)) | None => {}
        }
        for fragment in delta.tool_calls.unwrap_or_default() {
            self.fragment(fragment);
        }
    }

    /// Adds a piece to the call that it belongs to: by id, else by index, else to the last one.
    fn fragment(&mut self, fragment: ToolCallDelta) {
        let id = fragment.id.unwrap_or_default();
        let function = fragment.function.unwrap_or_default();
        let name = function.name.unwrap_or_default();
        let at = if id.is_empty() {
            match fragment.index {
                // The latest, because some servers give every call the index 0.
                Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
                None if name.is_empty() => self.calls.len().checked_sub(1),
                None => None,
            }
        } else {
            self.calls.iter().position(|call| call.id == id)
        };
        let at = at.unwrap_or_else(|| {
            self.calls.push(Call { id, index: fragment.index, ..Call::default() });
            self.calls.len() - 1
        });
        let Some(call) = self.calls.get_mut(at) else { return };
        if call.name.is_empty() {
            call.name = name;
        }
        match function.arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            None | Some(Value::Null) => {}
            // Servers that decode the arguments before they send them.
            Some(value) => call.arguments.push_str(&value.to_string()),
        }
    }

    fn finish(&mut self, reason: &str, out: &mut Vec<Event>) -> Result<(), Fault> {
        let mut reason = match reason {
            "stop" => StopReason::End,
            "length" => StopReason::Length,
            "tool_calls" | "function_call" => StopReason::ToolUse,
            "content_filter" => StopReason::ContentFilter,
            "error" => return Err(Fault::Reply(Value::from("The answer ended with finish_reason `error`."))),
            other => StopReason::Other(other.to_owned()),
        };
        // DeepSeek refuses the results of calls without the thoughts that led to them.
        if !self.calls.is_empty() && !self.thoughts.is_empty() {
            out.push(Event::Replay(json!({THOUGHTS: std::mem::take(&mut self.thoughts)})));
        }
        for (number, call) in std::mem::take(&mut self.calls).into_iter().enumerate() {
            let arguments = arguments_or_empty(call.arguments);
            if reason == StopReason::Length && !is_whole(&arguments) {
                continue;
            }
            let id = if call.id.is_empty() { format!("call_{number}") } else { call.id };
            out.push(Event::ToolCall(ToolCall { id, name: call.name, arguments, signature: None }));
            if reason == StopReason::End {
                reason = StopReason::ToolUse;
            }
        }
        self.finished = Some(reason);
        Ok(())
    }

    fn choices(&mut self, choices: Vec<Choice>, out: &mut Vec<Event>) -> Result<(), Fault> {
        // One answer is asked for; a server that sends more is read as if it sent the first.
        for choice in choices.into_iter().filter(|choice| choice.index.is_none_or(|index| index == 0)) {
            if self.finished.is_some() {
                break;
            }
            if let Some(delta) = choice.delta.or(choice.message) {
                self.delta(delta, out);
            }
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.finish(&reason, out)?;
            }
        }
        Ok(())
    }
}

impl Decoder for ChatDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        if data == "[DONE]" {
            self.end(out)?;
            return Ok(Step::Done);
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| Fault::Malformed(error.to_string()))?;
        if event.event == "error" || chunk.is_error() {
            return Err(Fault::Reply(serde_json::from_str(data).unwrap_or_default()));
        }
        let choices = chunk.choices.unwrap_or_default();
        let calls = choices.iter().any(|choice| choice.delta.as_ref().is_some_and(|delta| delta.tool_calls.is_some()));
        let before = out.len();
        self.choices(choices, out)?;
        let moved = calls || out.len() > before || self.finished.is_some();
        self.usage(chunk.usage, out);
        // A chunk without anything in it is a sign of life, no more.
        Ok(if moved { Step::Progress } else { Step::Nothing })
    }

    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Fault> {
        let reason = self.finished.take().ok_or(Fault::Truncated)?;
        out.push(Event::Stop(reason));
        Ok(())
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let chunk: Chunk = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        if chunk.is_error() {
            return Err(Fault::Reply(serde_json::from_slice(body).unwrap_or_default()));
        }
        self.choices(chunk.choices.unwrap_or_default(), out)?;
        self.usage(chunk.usage, out);
        self.end(out).map_err(|_| Fault::NotAnAnswer)
    }
}

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    error: Option<Value>,
    object: Option<Value>,
}

impl Chunk {
    /// `{"error": …}`, or vLLM's `{"object": "error", …}`.
    fn is_error(&self) -> bool {
        self.error.is_some() || self.object.as_ref().is_some_and(|kind| kind == "error")
    }
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<InputCounts>,
    completion_tokens_details: Option<OutputCounts>,
    /// DeepSeek's name.
    prompt_cache_hit_tokens: Option<u64>,
    /// OpenRouter's, in US dollars.
    cost: Option<f64>,
}

#[derive(Deserialize, Default)]
struct InputCounts {
    cached_tokens: Option<u64>,
    /// OpenRouter's name.
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct OutputCounts {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    delta: Option<Delta>,
    /// In place of `delta` where the answer is not streamed.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<Content>,
    /// DeepSeek's name, taken over by vLLM and llama.cpp.
    reasoning_content: Option<String>,
    /// OpenRouter's name.
    reasoning: Option<String>,
    tool_calls: Option<Vec<ToolCallDelta>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    /// Mistral's, where a model reasons.
    Parts(Vec<ContentPart>),
}

#[derive(Deserialize)]
struct ContentPart {
    text: Option<String>,
    thinking: Option<Box<Content>>,
}

impl ContentPart {
    fn into_events(self, out: &mut Vec<Event>) {
        let thought = match self.thinking.map(|thinking| *thinking) {
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
            None => String::new(),
        };
        if !thought.is_empty() {
            out.push(Event::Reasoning(thought));
        }
        if let Some(text) = self.text.filter(|text| !text.is_empty()) {
            out.push(Event::Text(text));
        }
    }
}

#[derive(Deserialize)]
struct ToolCallDelta {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize, Default)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<Value>,
}

#[cfg(test)]
mod tests;
