//! Ollama's own format, one JSON object a line.
//!
//! After <https://docs.ollama.com/api/chat>. Its OpenAI-compatible one can't be told the context's size.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Api, Decoder, Fault, Framing, Step, arguments_or_empty};
use crate::{
    Effort, Event, Message, Model, Part, Quirks, Reasoning, Request, Role, StopReason, ToolCall, ToolChoice, Usage,
    sse::SseEvent,
};

/// The smallest context that is asked for: Ollama's own default.
const SMALLEST_CONTEXT: u64 = 4096;
/// The largest, whatever the model can do: a context takes memory whether it is filled or not.
const LARGEST_CONTEXT: u64 = 131_072;
/// How many bytes of text are about a token, rather too few than too many.
const BYTES_PER_TOKEN: usize = 3;
/// The tokens of a picture, about; models differ widely.
const TOKENS_PER_IMAGE: usize = 1024;
/// The tokens that the model's template adds.
const TEMPLATE_TOKENS: usize = 512;
/// Room for an answer that has no limit, in tokens.
const ANSWER_TOKENS: u64 = 2048;

/// The format.
#[derive(Debug)]
pub(crate) struct Ollama;

impl Api for Ollama {
    fn path(&self, _: &Request) -> String {
        "api/chat".to_owned()
    }

    fn body(&self, request: &Request, model: &Model, _: &Quirks) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| _ = body.insert(key.to_owned(), value);
        put("model", request.model.as_str().into());
        put("messages", request.messages.iter().flat_map(messages).collect());
        put("stream", true.into());
        // Twice the default: who reads code and then asks again should not wait for the model to load.
        put("keep_alive", "10m".into());
        // What does not fit is refused, not cut at its beginning without a word.
        put("truncate", false.into());
        put("shift", false.into());
        let tools = tools(request);
        put("options", options(request, model, &tools).into());
        if !tools.is_empty() {
            put("tools", tools.into());
        }
        match (request.effort, model.reasoning) {
            (Some(effort), Some(Reasoning::Toggle)) => put("think", (effort != Effort::Off).into()),
            (Some(effort), Some(Reasoning::Effort)) => put("think", word(effort).into()),
            _ => {}
        }
        if let Some(schema) = &request.schema {
            put("format", schema.schema.clone());
        }
        Value::Object(body)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(OllamaDecoder::default())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn models_path(&self) -> &'static str {
        "api/tags"
    }

    fn models(&self, list: &Value) -> Vec<(String, Model)> {
        let models = list.get("models").and_then(Value::as_array).into_iter().flatten();
        models.filter_map(|entry| Some((entry.get("name")?.as_str()?.to_owned(), listed(entry)))).collect()
    }
}

/// What the list says of a model: that of newer servers much, that of older ones nothing.
fn listed(entry: &Value) -> Model {
    let capabilities = entry.get("capabilities").and_then(Value::as_array);
    let can = |what: &str| capabilities.map(|known| known.iter().any(|capability| capability == what));
    let takes_a_level = entry.pointer("/details/family").is_some_and(|family| family == "gptoss");
    let reasoning = if takes_a_level { Reasoning::Effort } else { Reasoning::Toggle };
    Model {
        context: entry.pointer("/details/context_length").and_then(Value::as_u64).filter(|context| *context > 0),
        vision: can("vision"),
        tools: can("tools"),
        reasoning: (can("thinking") == Some(true)).then_some(reasoning),
        fim: can("insert"),
        ..Model::default()
    }
}

/// The tools in OpenAI's shape. There is no way to demand a call; to forbid one is not to speak of tools.
fn tools(request: &Request) -> Vec<Value> {
    let tool = |tool: &crate::Tool| {
        let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
        json!({"type": "function", "function": function})
    };
    match request.tool_choice {
        ToolChoice::Auto | ToolChoice::Any => request.tools.iter().map(tool).collect(),
        ToolChoice::None => Vec::new(),
    }
}

fn options(request: &Request, model: &Model, tools: &[Value]) -> Map<String, Value> {
    let mut options = Map::new();
    let mut put = |key: &str, value: Value| _ = options.insert(key.to_owned(), value);
    put("num_ctx", context(request, model, tools).into());
    if let Some(limit) = request.max_tokens {
        put("num_predict", limit.into());
    }
    if let Some(temperature) = request.temperature.filter(|_| model.temperature != Some(false)) {
        put("temperature", json!(temperature));
    }
    if !request.stop.is_empty() {
        put("stop", json!(request.stop));
    }
    options
}

/// The context that holds the request and its answer, in tokens. It must be told, because Ollama silently cuts what its
/// default does not hold.
///
/// A power of two, computed from the request alone: every other size reloads the model, which takes longer than most
/// answers, so that requests of a like length must ask for the same one.
fn context(request: &Request, model: &Model, tools: &[Value]) -> u64 {
    let texts = request.texts().map(str::len).chain(tools.iter().map(|tool| tool.to_string().len()));
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let images = parts.filter(|part| matches!(part, Part::Image(_))).count();
    let prompt = texts.sum::<usize>() / BYTES_PER_TOKEN + images * TOKENS_PER_IMAGE + TEMPLATE_TOKENS;
    let answer = request.max_tokens.map_or(ANSWER_TOKENS, u64::from);
    let needed = u64::try_from(prompt).unwrap_or(u64::MAX).saturating_add(answer);
    let size = needed.clamp(SMALLEST_CONTEXT, LARGEST_CONTEXT).next_power_of_two();
    model.context.map_or(size, |most| size.min(most))
}

fn word(effort: Effort) -> &'static str {
    match effort {
        // It can't be switched off where it has levels.
        Effort::Off | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}

/// A message in this format, in which a tool's result is a message of its own.
fn messages(message: &Message) -> Vec<Value> {
    let mut out = Vec::new();
    let mut calls = Vec::new();
    let mut images = Vec::new();
    for part in &message.parts {
        match part {
            Part::Result(result) => {
                out.push(json!({"role": "tool", "tool_name": result.name, "content": result.content}));
            }
            Part::Call(call) => calls.push(json!({"function": {"name": call.name, "arguments": call.object()}})),
            Part::Image(image) => images.push(BASE64.encode(&image.data)),
            Part::Text(_) | Part::Replay(_) => {}
        }
    }
    let content = message.text();
    if content.is_empty() && calls.is_empty() && images.is_empty() && !out.is_empty() {
        return out;
    }
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let mut own = Map::from_iter([("role".to_owned(), role.into()), ("content".to_owned(), content.into())]);
    if !calls.is_empty() {
        own.insert("tool_calls".to_owned(), calls.into());
    }
    if !images.is_empty() {
        own.insert("images".to_owned(), images.into());
    }
    out.push(own.into());
    out
}

/// One answer in this format.
#[derive(Debug, Default)]
struct OllamaDecoder {
    calls: usize,
}

impl OllamaDecoder {
    fn line(&mut self, value: Value, out: &mut Vec<Event>) -> Result<Step, Fault> {
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Fault::Reply(value));
        }
        let line: Line = serde_json::from_value(value).map_err(|error| Fault::Malformed(error.to_string()))?;
        let step = if line.message.is_some() { Step::Progress } else { Step::Nothing };
        self.message(line.message.unwrap_or_default(), out);
        if line.done != Some(true) {
            return Ok(step);
        }
        if line.prompt_eval_count.is_some() || line.eval_count.is_some() {
            // The prompt's is left out where all of it was in the cache.
            let (input, output) = (line.prompt_eval_count.unwrap_or(0), line.eval_count.unwrap_or(0));
            out.push(Event::Usage(Usage { input, output, ..Usage::default() }));
        }
        out.push(Event::Stop(match line.done_reason.as_deref() {
            Some("length") => StopReason::Length,
            // Old servers give no reason.
            None | Some("" | "stop") if self.calls > 0 => StopReason::ToolUse,
            None | Some("" | "stop") => StopReason::End,
            Some(other) => StopReason::Other(other.to_owned()),
        }));
        Ok(Step::Done)
    }

    fn message(&mut self, message: AnswerMessage, out: &mut Vec<Event>) {
        if let Some(text) = message.thinking.filter(|text| !text.is_empty()) {
            out.push(Event::Reasoning(text));
        }
        if let Some(text) = message.content.filter(|text| !text.is_empty()) {
            out.push(Event::Text(text));
        }
        // Calls come whole.
        for call in message.tool_calls.unwrap_or_default() {
            let function = call.function.unwrap_or_default();
            let arguments = match function.arguments {
                None | Some(Value::Null) => "{}".to_owned(),
                // As compatible servers have it.
                Some(Value::String(text)) => arguments_or_empty(text),
                Some(value) => value.to_string(),
            };
            let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", self.calls));
            self.calls += 1;
            let name = function.name.unwrap_or_default();
            out.push(Event::ToolCall(ToolCall { id, name, arguments, signature: None }));
        }
    }
}

impl Decoder for OllamaDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        let value = serde_json::from_str(data).map_err(|error| Fault::Malformed(error.to_string()))?;
        self.line(value, out)
    }

    fn end(&mut self, _: &mut Vec<Event>) -> Result<(), Fault> {
        Err(Fault::Truncated)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let value = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        match self.line(value, out) {
            Ok(Step::Done) => Ok(()),
            Err(reply @ Fault::Reply(_)) => Err(reply),
            _ => Err(Fault::NotAnAnswer),
        }
    }
}

#[derive(Deserialize)]
struct Line {
    message: Option<AnswerMessage>,
    done: Option<bool>,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
}

#[derive(Deserialize, Default)]
struct AnswerMessage {
    content: Option<String>,
    thinking: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    /// Old servers give none.
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

#[cfg(test)]
mod tests;
