//! Reads an answer: a message's blocks, which begin, grow and end, and what its last events say of the whole.

use serde::{
    Deserialize,
    de::{IgnoredAny, IntoDeserializer, value::Error as NameError},
};
use serde_json::{Value, json};

use crate::{
    Event, StopReason, ToolCall, Usage,
    api::{Decoder, Fault, Step, arguments_or_empty, is_whole},
    sse::SseEvent,
};

/// One answer in this format.
#[derive(Debug, Default)]
pub(super) struct MessageDecoder {
    /// Blocks that have begun and not ended.
    open: Vec<Open>,
    /// Whole calls, and the thoughts between them: only the stop reason tells whether the last call is cut.
    held: Vec<Event>,
    counts: Counts,
    usage: Usage,
    /// Set by the first `stop_reason`; `message_stop` still follows it.
    finished: Option<StopReason>,
}

/// A block as far as it has arrived.
#[derive(Debug)]
struct Open {
    index: Option<u64>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Text,
    Thinking {
        thinking: String,
        signature: String,
    },
    Redacted(Value),
    /// `input` is what the block began with, which counts where no pieces follow.
    Call {
        call: ToolCall,
        input: String,
    },
    Unknown,
}

impl Content {
    fn call(self) -> Option<ToolCall> {
        match self {
            Self::Call { call, input } if call.arguments.trim().is_empty() => {
                Some(ToolCall { arguments: input, ..call })
            }
            Self::Call { call, .. } => Some(call),
            _ => None,
        }
    }
}

impl MessageDecoder {
    fn start(&mut self, index: Option<u64>, block: ContentBlock, out: &mut Vec<Event>) -> Step {
        let text = block.text.unwrap_or_default();
        let content = match block.kind {
            Some(BlockKind::Text) => {
                say(Event::Text, text, out);
                Content::Text
            }
            Some(BlockKind::Thinking) => {
                let thinking = block.thinking.unwrap_or_default();
                say(Event::Reasoning, thinking.clone(), out);
                Content::Thinking { thinking, signature: block.signature.unwrap_or_default() }
            }
            Some(BlockKind::RedactedThinking) => {
                Content::Redacted(json!({"type": "redacted_thinking", "data": block.data.unwrap_or_default()}))
            }
            Some(BlockKind::ToolUse) => {
                let (id, name) = (block.id.unwrap_or_default(), block.name.unwrap_or_default());
                // An empty one says nothing: pieces follow it, unless the answer is cut.
                let input = block.input.filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
                let input = input.map(|input| input.to_string()).unwrap_or_default();
                Content::Call { call: ToolCall { id, name, ..ToolCall::default() }, input }
            }
            Some(BlockKind::Unknown) | None => Content::Unknown,
        };
        let step = if matches!(content, Content::Unknown) { Step::Nothing } else { Step::Progress };
        self.open.push(Open { index, content });
        step
    }

    fn find(&self, index: Option<u64>) -> Option<usize> {
        match index {
            Some(_) => self.open.iter().rposition(|open| open.index == index),
            None => self.open.len().checked_sub(1),
        }
    }

    fn delta(&mut self, index: Option<u64>, delta: Delta, out: &mut Vec<Event>) -> Step {
        let at = self.find(index);
        let content = at.and_then(|at| self.open.get_mut(at)).map(|open| &mut open.content);
        match (delta.kind, content) {
            (_, Some(Content::Unknown)) | (None | Some(DeltaKind::Unknown), _) => return Step::Nothing,
            (Some(DeltaKind::TextDelta), _) => say(Event::Text, delta.text.unwrap_or_default(), out),
            (Some(DeltaKind::ThinkingDelta), content) => {
                let piece = delta.thinking.unwrap_or_default();
                if let Some(Content::Thinking { thinking, .. }) = content {
                    thinking.push_str(&piece);
                }
                say(Event::Reasoning, piece, out);
            }
            (Some(DeltaKind::SignatureDelta), Some(Content::Thinking { signature, .. })) => {
                *signature = delta.signature.unwrap_or_default();
            }
            (Some(DeltaKind::InputJsonDelta), Some(Content::Call { call, .. })) => {
                call.arguments.push_str(&delta.partial_json.unwrap_or_default());
            }
            (Some(DeltaKind::SignatureDelta | DeltaKind::InputJsonDelta), _) => return Step::Nothing,
        }
        Step::Progress
    }

    fn stop(&mut self, index: Option<u64>, out: &mut Vec<Event>) -> Step {
        let Some(at) = self.find(index) else { return Step::Nothing };
        let replay = match self.open.remove(at).content {
            Content::Unknown => return Step::Nothing,
            Content::Text => None,
            Content::Thinking { thinking, signature } if thinking.is_empty() && signature.is_empty() => None,
            Content::Thinking { thinking, signature } => {
                Some(json!({"type": "thinking", "thinking": thinking, "signature": signature}))
            }
            Content::Redacted(block) => Some(block),
            call @ Content::Call { .. } => {
                self.held.extend(call.call().map(Event::ToolCall));
                None
            }
        };
        // Behind a call that is held, so that it stays in its place.
        let to = if self.held.is_empty() { out } else { &mut self.held };
        to.extend(replay.map(Event::Replay));
        Step::Progress
    }

    fn finish(&mut self, reason: &str, out: &mut Vec<Event>) {
        if self.finished.is_some() {
            return;
        }
        let mut reason = match reason {
            "end_turn" | "stop_sequence" => StopReason::End,
            "max_tokens" | "model_context_window_exceeded" => StopReason::Length,
            "tool_use" => StopReason::ToolUse,
            "refusal" => StopReason::ContentFilter,
            other => StopReason::Other(other.to_owned()),
        };
        let is_cut = !matches!(reason, StopReason::End | StopReason::ToolUse);
        if !is_cut {
            // Servers that end no blocks.
            let calls = self.open.drain(..).filter_map(|open| open.content.call());
            let whole = calls.filter(|call| call.arguments.is_empty() || is_whole(&call.arguments));
            self.held.extend(whole.map(Event::ToolCall));
        }
        for (number, event) in self.held.drain(..).enumerate() {
            let Event::ToolCall(call) = event else {
                out.push(event);
                continue;
            };
            // A call without a word of its arguments may be cut before the first.
            if is_cut && !is_whole(&call.arguments) {
                continue;
            }
            let id = if call.id.is_empty() { format!("call_{number}") } else { call.id };
            out.push(Event::ToolCall(ToolCall { id, arguments: arguments_or_empty(call.arguments), ..call }));
            if reason == StopReason::End {
                reason = StopReason::ToolUse;
            }
        }
        self.finished = Some(reason);
    }

    /// Counts are those of the whole answer so far, and replace earlier ones.
    fn usage(&mut self, counts: Option<Counts>, out: &mut Vec<Event>) {
        let Some(new) = counts else { return };
        let old = self.counts;
        self.counts = Counts {
            input_tokens: new.input_tokens.or(old.input_tokens),
            cache_creation_input_tokens: new.cache_creation_input_tokens.or(old.cache_creation_input_tokens),
            cache_read_input_tokens: new.cache_read_input_tokens.or(old.cache_read_input_tokens),
            output_tokens: new.output_tokens.or(old.output_tokens),
            output_tokens_details: new.output_tokens_details.or(old.output_tokens_details),
        };
        let cached_input = self.counts.cache_read_input_tokens.unwrap_or(0);
        let cache_written = self.counts.cache_creation_input_tokens.unwrap_or(0);
        let fresh = self.counts.input_tokens.unwrap_or(0);
        let usage = Usage {
            input: fresh.saturating_add(cached_input).saturating_add(cache_written),
            output: self.counts.output_tokens.unwrap_or(0),
            cached_input,
            cache_written,
            reasoning: self.counts.output_tokens_details.unwrap_or_default().thinking_tokens.unwrap_or(0),
        };
        if self.usage != usage {
            self.usage = usage;
            out.push(Event::Usage(usage));
        }
    }

    /// An event that does not have the shape of those that are known, which may be because it is not one of them.
    fn misfit(&mut self, event: &SseEvent, error: &serde_json::Error) -> Result<Step, Fault> {
        let value: Option<Value> = serde_json::from_str(&event.data).ok();
        let malformed = || Fault::Malformed(error.to_string());
        let value = value.filter(Value::is_object).ok_or_else(malformed)?;
        match tag(&value, "/type").unwrap_or_else(|| EventKind::named(&event.event)) {
            EventKind::Error => Err(Fault::Reply(value)),
            _ if value.get("error").is_some_and(|error| !error.is_null()) => Err(Fault::Reply(value)),
            EventKind::Ping | EventKind::Unknown => Ok(Step::Nothing),
            EventKind::ContentBlockStart if tag(&value, "/content_block/type") == Some(BlockKind::Unknown) => {
                let index = value.get("index").and_then(Value::as_u64);
                self.open.push(Open { index, content: Content::Unknown });
                Ok(Step::Nothing)
            }
            EventKind::ContentBlockDelta if tag(&value, "/delta/type") == Some(DeltaKind::Unknown) => Ok(Step::Nothing),
            _ => Err(malformed()),
        }
    }
}

impl Decoder for MessageDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        let reply = || Fault::Reply(serde_json::from_str(data).unwrap_or_else(|_| data.into()));
        if event.event == "error" {
            return Err(reply());
        }
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        let item: Item = match serde_json::from_str(data) {
            Ok(item) => item,
            Err(error) => return self.misfit(event, &error),
        };
        if item.error.is_some() {
            return Err(reply());
        }
        Ok(match item.kind.unwrap_or_else(|| EventKind::named(&event.event)) {
            EventKind::MessageStart => {
                self.usage(item.message.and_then(|message| message.usage), out);
                Step::Progress
            }
            EventKind::ContentBlockStart => self.start(item.index, item.content_block.unwrap_or_default(), out),
            EventKind::ContentBlockDelta => self.delta(item.index, item.delta.unwrap_or_default(), out),
            EventKind::ContentBlockStop => self.stop(item.index, out),
            EventKind::MessageDelta => {
                let reason = item.delta.and_then(|delta| delta.stop_reason).filter(|reason| !reason.is_empty());
                if let Some(reason) = reason {
                    self.finish(&reason, out);
                }
                self.usage(item.usage, out);
                Step::Progress
            }
            EventKind::MessageStop => {
                out.push(Event::Stop(self.finished.take().ok_or(Fault::Truncated)?));
                Step::Done
            }
            EventKind::Error => return Err(reply()),
            EventKind::Ping | EventKind::Unknown => Step::Nothing,
        })
    }

    fn end(&mut self, _: &mut Vec<Event>) -> Result<(), Fault> {
        Err(Fault::Truncated)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let value: Value = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        let kind = value.get("type").and_then(Value::as_str);
        if kind == Some("error") || value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Fault::Reply(value));
        }
        if kind != Some("message") {
            return Err(Fault::NotAnAnswer);
        }
        let reason = value.get("stop_reason").and_then(Value::as_str).ok_or(Fault::NotAnAnswer)?;
        let mut blocks = value.get("content").and_then(Value::as_array).into_iter().flatten().peekable();
        while let Some(block) = blocks.next() {
            let block = match ContentBlock::deserialize(block) {
                Ok(block) => block,
                Err(_) if tag(block, "/type") == Some(BlockKind::Unknown) => continue,
                Err(_) => return Err(Fault::NotAnAnswer),
            };
            self.start(None, block, out);
            // The last may be cut, which its arguments no longer show.
            if blocks.peek().is_some() || matches!(reason, "end_turn" | "stop_sequence" | "tool_use") {
                self.stop(None, out);
            }
        }
        self.finish(reason, out);
        let counts = value.get("usage").and_then(|usage| Option::<Counts>::deserialize(usage).ok()).flatten();
        self.usage(counts, out);
        out.push(Event::Stop(self.finished.take().ok_or(Fault::NotAnAnswer)?));
        Ok(())
    }
}

/// Appends a piece of text if there is one.
fn say(event: fn(String) -> Event, text: String, out: &mut Vec<Event>) {
    if !text.is_empty() {
        out.push(event(text));
    }
}

/// The kind that is named at a place of an event.
fn tag<'a, T: Deserialize<'a>>(value: &'a Value, pointer: &str) -> Option<T> {
    T::deserialize(value.pointer(pointer)?).ok()
}

/// Any event: one shape for all of them, so that each is read once.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: Option<EventKind>,
    index: Option<u64>,
    message: Option<Start>,
    content_block: Option<ContentBlock>,
    delta: Option<Delta>,
    usage: Option<Counts>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum EventKind {
    MessageStart,
    ContentBlockStart,
    ContentBlockDelta,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    Error,
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// By the event's name, where its data has no type.
    fn named(name: &str) -> Self {
        let name: serde::de::value::StrDeserializer<'_, NameError> = name.into_deserializer();
        Self::deserialize(name).unwrap_or(Self::Unknown)
    }
}

#[derive(Deserialize)]
struct Start {
    usage: Option<Counts>,
}

#[derive(Deserialize, Default)]
struct ContentBlock {
    #[serde(rename = "type")]
    kind: Option<BlockKind>,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    /// Of thoughts that only Anthropic can read.
    data: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Value>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum BlockKind {
    Text,
    Thinking,
    RedactedThinking,
    ToolUse,
    #[serde(other)]
    Unknown,
}

/// Of a block, or of the message itself.
#[derive(Deserialize, Default)]
struct Delta {
    #[serde(rename = "type")]
    kind: Option<DeltaKind>,
    text: Option<String>,
    partial_json: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum DeltaKind {
    TextDelta,
    InputJsonDelta,
    ThinkingDelta,
    SignatureDelta,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize, Clone, Copy, Default)]
struct Counts {
    /// Those that the cache has nothing to do with.
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputCounts>,
}

#[derive(Debug, Deserialize, Clone, Copy, Default)]
struct OutputCounts {
    thinking_tokens: Option<u64>,
}
