//! The body that asks for an answer: messages, calls, results and thoughts as items of one list.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use crate::{Effort, Message, Model, Part, Quirks, Reasoning, Request, Role, ToolChoice, api::arguments_or_empty};

/// The fewest tokens that OpenAI takes as a limit: it refuses a request for less.
const FEWEST_TOKENS: u32 = 16;

pub(super) fn body(request: &Request, model: &Model, quirks: &Quirks) -> Value {
    let mut body = prompt(request);
    let mut put = |key: &str, value: Value| _ = body.insert(key.to_owned(), value);
    put("stream", true.into());
    put("store", false.into());
    if model.reasoning.is_some() {
        // Refused where the model has no thoughts to seal.
        put("include", json!(["reasoning.encrypted_content"]));
    }
    if let Some(limit) = request.max_tokens {
        put("max_output_tokens", limit.max(FEWEST_TOKENS).into());
    }
    if let Some(temperature) = request.temperature.filter(|_| model.temperature != Some(false)) {
        put("temperature", json!(temperature));
    }
    match request.tool_choice {
        ToolChoice::Any if !request.tools.is_empty() => put("tool_choice", "required".into()),
        ToolChoice::None if !request.tools.is_empty() => put("tool_choice", "none".into()),
        _ => {}
    }
    if let (Some(effort), Some(Reasoning::Effort)) = (request.effort, model.reasoning) {
        put("reasoning", json!({"effort": word(effort), "summary": "auto"}));
    }
    if let Some(schema) = &request.schema {
        let format = match quirks.json_object_only {
            true => json!({"type": "json_object"}),
            false => json!({"type": "json_schema", "name": schema.name, "schema": schema.schema, "strict": true}),
        };
        put("text", json!({"format": format}));
    }
    Value::Object(body)
}

/// The part of a body that the model reads, and by which tokens are counted.
pub(super) fn prompt(request: &Request) -> Map<String, Value> {
    let mut prompt = Map::new();
    let mut put = |key: &str, value: Value| _ = prompt.insert(key.to_owned(), value);
    put("model", request.model.as_str().into());
    let instructions = request.system();
    if !instructions.is_empty() {
        put("instructions", instructions.into());
    }
    put("input", request.messages.iter().filter(|message| message.role != Role::System).flat_map(items).collect());
    if !request.tools.is_empty() {
        let tool = |tool: &crate::Tool| {
            // Strict schemas must name every property as required, which a tool's own schema need not.
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": false,
            })
        };
        put("tools", request.tools.iter().map(tool).collect());
    }
    prompt
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

/// A message in this format, in which calls, results and thoughts are items beside the messages.
fn items(message: &Message) -> Vec<Value> {
    let is_content = |part: &Part| matches!(part, Part::Text(_) | Part::Image(_));
    let is_said = |part: &Part| match part {
        Part::Text(text) => !text.is_empty(),
        Part::Replay(_) => false,
        Part::Image(_) | Part::Call(_) | Part::Result(_) => true,
    };
    // Thoughts without the item that they led to are refused; a call that was cut may have left some behind.
    let end = message.parts.iter().rposition(is_said).map_or(0, |last| last + 1);
    let parts = message.parts.get(..end).unwrap_or_default();
    let runs = parts.chunk_by(|left, right| is_content(left) && is_content(right));
    runs.filter_map(|run| item(message.role, run)).collect()
}

/// One part, or neighbours that make one message.
fn item(role: Role, run: &[Part]) -> Option<Value> {
    match run.first()? {
        Part::Call(call) => {
            let arguments = arguments_or_empty(call.arguments.clone());
            Some(json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}))
        }
        Part::Result(result) => {
            Some(json!({"type": "function_call_output", "call_id": result.id, "output": result.content}))
        }
        Part::Replay(item) => Some(item.clone()),
        Part::Text(_) | Part::Image(_) => {
            let content: Vec<Value> = run.iter().filter_map(|part| content_part(role, part)).collect();
            let role = if role == Role::Assistant { "assistant" } else { "user" };
            (!content.is_empty()).then(|| json!({"type": "message", "role": role, "content": content}))
        }
    }
}

fn content_part(role: Role, part: &Part) -> Option<Value> {
    match (part, role) {
        (Part::Text(text), _) if text.is_empty() => None,
        (Part::Text(text), Role::Assistant) => Some(json!({"type": "output_text", "text": text})),
        (Part::Text(text), _) => Some(json!({"type": "input_text", "text": text})),
        // A model's message can't have one.
        (Part::Image(_), Role::Assistant) => None,
        (Part::Image(image), _) => {
            let url = format!("data:{};base64,{}", image.media_type, BASE64.encode(&image.data));
            Some(json!({"type": "input_image", "image_url": url}))
        }
        (Part::Call(_) | Part::Result(_) | Part::Replay(_), _) => None,
    }
}
