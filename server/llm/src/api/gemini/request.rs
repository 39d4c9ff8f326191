//! The body that asks for an answer: contents of parts, what is filtered, and how much is thought.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use crate::{Effort, Model, Part, Reasoning, Request, Role, ToolChoice};

/// What stands for the signature of a call that another model made, as Google documents it. Without one, the models
/// that sign their calls refuse the conversation.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

/// The harms that can be filtered.
const HARMS: [&str; 4] = [
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
];

pub(super) fn body(request: &Request, model: &Model) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| _ = body.insert(key.to_owned(), value);
    let system = request.system();
    if !system.trim().is_empty() {
        put("systemInstruction", json!({"parts": [{"text": system}]}));
    }
    put("contents", contents(request, model).into());
    if !request.tools.is_empty() {
        let tool = |tool: &crate::Tool| json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters});
        let declarations: Value = request.tools.iter().map(tool).collect();
        put("tools", json!([{"functionDeclarations": declarations}]));
        let mode = match request.tool_choice {
            ToolChoice::Auto => None,
            ToolChoice::Any => Some("ANY"),
            ToolChoice::None => Some("NONE"),
        };
        if let Some(mode) = mode {
            put("toolConfig", json!({"functionCallingConfig": {"mode": mode}}));
        }
    }
    // Lower thresholds take questions about security code for dangerous ones; this still stops what clearly is.
    let harm = |harm: &&str| json!({"category": harm, "threshold": "BLOCK_ONLY_HIGH"});
    put("safetySettings", HARMS.iter().map(harm).collect());
    let config = config(request, model);
    if !config.is_empty() {
        put("generationConfig", config.into());
    }
    Value::Object(body)
}

/// The conversation without its instructions. Roles take turns in it.
fn contents(request: &Request, model: &Model) -> Vec<Value> {
    // Those that think in levels, Gemini 3 and later, want the ids and signatures of calls; some servers of older ones
    // refuse requests that have ids.
    let is_strict = model.reasoning == Some(Reasoning::GeminiLevel);
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let role = match message.role {
            Role::System => continue,
            Role::User => "user",
            Role::Assistant => "model",
        };
        // Of calls that were made together, only the first is signed.
        let first_call = message.parts.iter().position(|part| matches!(part, Part::Call(_)));
        let foreign = |at| (is_strict && first_call == Some(at)).then_some(FOREIGN_SIGNATURE);
        let parts = message.parts.iter().enumerate();
        let mut parts: Vec<Value> = parts.filter_map(|(at, part)| content(part, is_strict, foreign(at))).collect();
        match contents.last_mut() {
            _ if parts.is_empty() => {}
            Some((last, merged)) if *last == role => merged.append(&mut parts),
            _ => contents.push((role, parts)),
        }
    }
    contents.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect()
}

/// A part in this format; empty texts are refused.
fn content(part: &Part, with_ids: bool, foreign: Option<&str>) -> Option<Value> {
    let with_id = |mut value: Value, id: &str| {
        if let (true, Some(value)) = (with_ids && !id.is_empty(), value.as_object_mut()) {
            value.insert("id".to_owned(), id.into());
        }
        value
    };
    Some(match part {
        Part::Text(text) if text.is_empty() => return None,
        Part::Text(text) => json!({"text": text}),
        Part::Image(image) => {
            json!({"inlineData": {"mimeType": image.media_type, "data": BASE64.encode(&image.data)}})
        }
        Part::Call(call) => {
            let function = with_id(json!({"name": call.name, "args": call.object()}), &call.id);
            match call.signature.as_deref().or(foreign) {
                Some(signature) => json!({"functionCall": function, "thoughtSignature": signature}),
                None => json!({"functionCall": function}),
            }
        }
        Part::Result(result) => {
            let key = if result.is_error { "error" } else { "result" };
            let response = json!({"name": result.name, "response": {key: result.content}});
            json!({"functionResponse": with_id(response, &result.id)})
        }
        Part::Replay(part) => part.clone(),
    })
}

fn config(request: &Request, model: &Model) -> Map<String, Value> {
    let mut config = Map::new();
    let mut put = |key: &str, value: Value| _ = config.insert(key.to_owned(), value);
    if let Some(limit) = request.max_tokens {
        put("maxOutputTokens", limit.into());
    }
    if let Some(temperature) = request.temperature.filter(|_| model.temperature != Some(false)) {
        put("temperature", json!(temperature));
    }
    if !request.stop.is_empty() {
        put("stopSequences", json!(request.stop));
    }
    if let Some(schema) = &request.schema {
        put("responseMimeType", "application/json".into());
        put("responseJsonSchema", schema.schema.clone());
    }
    if let Some(effort) = request.effort {
        let shown = effort != Effort::Off;
        match model.reasoning {
            Some(Reasoning::GeminiBudget) => {
                let budget = budget(effort, &request.model);
                put("thinkingConfig", json!({"thinkingBudget": budget, "includeThoughts": shown}));
            }
            Some(Reasoning::GeminiLevel) => {
                put("thinkingConfig", json!({"thinkingLevel": level(effort), "includeThoughts": shown}));
            }
            _ => {}
        }
    }
    config
}

/// In tokens.
fn budget(effort: Effort, name: &str) -> u32 {
    match effort {
        // The one that can't stop thinking refuses less than this.
        Effort::Off if name.contains("2.5-pro") => 128,
        Effort::Off => 0,
        Effort::Low => 1024,
        Effort::Medium => 8192,
        Effort::High => 24576,
    }
}

fn level(effort: Effort) -> &'static str {
    match effort {
        // The lowest that each of these models takes.
        Effort::Off | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}
