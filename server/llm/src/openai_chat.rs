//! OpenAI's Chat Completions format, and the provider that speaks it; the codec does no I/O.
//!
//! After <https://platform.openai.com/docs/api-reference/chat-streaming>. Compatible servers differ in small things,
//! which are tolerated here: fields that are `null`, repeated or missing, tool calls without id or index, usage in
//! every chunk, `finish_reason: ""`, an end without `[DONE]`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codec::{Codec, Fault, Step};
use crate::http::{Http, Timeouts};
use crate::sse::SseEvent;
use crate::{Endpoint, Event, EventStream, Provider, Request, Role, StopReason, Usage};

/// A provider that speaks OpenAI's Chat Completions: OpenAI itself, llama.cpp, Ollama, vLLM, OpenRouter and others.
#[derive(Debug)]
pub struct OpenAiChat {
    http: Arc<Http>,
    limit: LimitField,
}

impl OpenAiChat {
    /// Makes the provider; opens nothing.
    pub fn new(endpoint: Endpoint, timeouts: Timeouts) -> Self {
        let host = endpoint.base_url().host_str().unwrap_or_default();
        let limit = if host == "api.openai.com" || host.ends_with(".openai.azure.com") {
            LimitField::MaxCompletionTokens
        } else {
            LimitField::MaxTokens
        };
        Self { http: Arc::new(Http::new(endpoint, timeouts)), limit }
    }
}

impl Provider for OpenAiChat {
    fn name(&self) -> &str {
        self.http.endpoint().provider()
    }

    fn stream(&self, request: Request) -> EventStream {
        Arc::clone(&self.http).stream(request, ChatCodec::new(self.limit))
    }
}

/// What a server calls the token limit: OpenAI's reasoning models reject the older name, others know only that.
#[derive(Debug, Clone, Copy)]
enum LimitField {
    MaxTokens,
    MaxCompletionTokens,
}

/// One answer in this format.
#[derive(Debug)]
struct ChatCodec {
    limit: LimitField,
    calls: Vec<Call>,
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

impl ChatCodec {
    fn new(limit: LimitField) -> Self {
        Self { limit, calls: Vec::new(), usage: None, finished: None }
    }

    fn usage(&mut self, value: Option<&Value>, out: &mut Vec<Event>) {
        let Some(value) = value.filter(|value| value.is_object()) else { return };
        let count = |pointer| value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        let usage = Usage {
            input: count("/prompt_tokens"),
            output: count("/completion_tokens"),
            cached_input: count("/prompt_tokens_details/cached_tokens"),
            reasoning: count("/completion_tokens_details/reasoning_tokens"),
        };
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push(Event::Usage(usage));
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Vec<Event>) {
        if let Some(text) = delta.reasoning_content.or(delta.reasoning).filter(|text| !text.is_empty()) {
            out.push(Event::Reasoning(text));
        }
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            out.push(Event::Text(text));
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
        for (number, call) in std::mem::take(&mut self.calls).into_iter().enumerate() {
            let arguments = if call.arguments.is_empty() { "{}".to_owned() } else { call.arguments };
            // A call that the token limit cut must never run.
            if reason == StopReason::Length && serde_json::from_str::<serde::de::IgnoredAny>(&arguments).is_err() {
                continue;
            }
            let id = if call.id.is_empty() { format!("call_{number}") } else { call.id };
            out.push(Event::ToolCall { id, name: call.name, arguments });
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

impl Codec for ChatCodec {
    fn path(&self) -> &'static str {
        "chat/completions"
    }

    fn encode(&self, request: &Request) -> serde_json::Result<Vec<u8>> {
        let (max_tokens, max_completion_tokens) = match self.limit {
            LimitField::MaxTokens => (request.max_tokens, None),
            LimitField::MaxCompletionTokens => (None, request.max_tokens),
        };
        let messages = request.messages.iter().map(|message| BodyMessage {
            role: match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            content: &message.content,
        });
        serde_json::to_vec(&Body {
            model: &request.model,
            messages: messages.collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature,
            stop: &request.stop,
        })
    }

    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        if data == "[DONE]" {
            self.end(out)?;
            return Ok(Step::Done);
        }
        let value: Value = serde_json::from_str(data).map_err(|error| Fault::Malformed(error.to_string()))?;
        if event.event == "error" || is_error(&value) {
            return Err(Fault::Reply(value));
        }
        let chunk = Chunk::deserialize(&value).map_err(|error| Fault::Malformed(error.to_string()))?;
        let choices = chunk.choices.unwrap_or_default();
        let step = if choices.is_empty() { Step::Nothing } else { Step::Progress };
        self.choices(choices, out)?;
        self.usage(value.get("usage"), out);
        Ok(step)
    }

    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Fault> {
        let reason = self.finished.take().ok_or(Fault::Truncated)?;
        out.push(Event::Stop(reason));
        Ok(())
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let value: Value = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        if is_error(&value) {
            return Err(Fault::Reply(value));
        }
        let chunk = Chunk::deserialize(&value).map_err(|_| Fault::NotAnAnswer)?;
        self.choices(chunk.choices.unwrap_or_default(), out)?;
        self.usage(value.get("usage"), out);
        self.end(out).map_err(|_| Fault::NotAnAnswer)
    }
}

/// `{"error": …}`, or vLLM's `{"object": "error", …}`.
fn is_error(value: &Value) -> bool {
    value.get("error").is_some_and(|error| !error.is_null()) || value.get("object").is_some_and(|kind| kind == "error")
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<BodyMessage<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
}

#[derive(Serialize)]
struct BodyMessage<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
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
    content: Option<String>,
    /// DeepSeek's name, taken over by vLLM and llama.cpp.
    reasoning_content: Option<String>,
    /// OpenRouter's name.
    reasoning: Option<String>,
    tool_calls: Option<Vec<ToolCallDelta>>,
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
