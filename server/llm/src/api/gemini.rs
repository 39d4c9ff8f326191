//! Google's Gemini format.
//!
//! After <https://ai.google.dev/api/generate-content>. An answer is a row of responses, each with the next parts of it,
//! never with a piece of a part. The response that has a `finishReason` is the last one: nothing else marks the end.

mod decoder;
mod request;

use serde_json::{Value, json};

use super::{Api, Decoder};
use crate::{Model, Quirks, Request};

/// The format.
#[derive(Debug)]
pub(crate) struct Gemini;

impl Api for Gemini {
    fn path(&self, request: &Request) -> String {
        format!("models/{}:streamGenerateContent?alt=sse", escaped(bare(&request.model)))
    }

    fn body(&self, request: &Request, model: &Model, _: &Quirks) -> Value {
        request::body(request, model)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decoder::GeminiDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        // The most that a page can have; the default is 50.
        "models?pageSize=1000"
    }

    fn models(&self, list: &Value) -> Vec<(String, Model)> {
        let models = list.get("models").and_then(Value::as_array).into_iter().flatten();
        models.filter_map(listed).collect()
    }

    fn count(&self, request: &Request, model: &Model, quirks: &Quirks) -> Option<(String, Value)> {
        let name = bare(&request.model);
        let mut body = self.body(request, model, quirks);
        body.as_object_mut()?.insert("model".to_owned(), format!("models/{name}").into());
        Some((format!("models/{}:countTokens", escaped(name)), json!({"generateContentRequest": body})))
    }

    fn counted(&self, answer: &Value) -> Option<u64> {
        answer.get("totalTokens")?.as_u64()
    }
}

/// The model's name without the `models/` that Google's own list puts before it.
fn bare(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

/// Fit for a path: whatever a name should not have can't end the path or begin a query.
fn escaped(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(escape).collect()
}

/// What the list says of a model that can be asked for text.
fn listed(entry: &Value) -> Option<(String, Model)> {
    let methods = entry.get("supportedGenerationMethods")?.as_array()?;
    let name = bare(entry.get("name")?.as_str()?).to_owned();
    let number = |field| entry.get(field).and_then(Value::as_u64);
    let model = Model { context: number("inputTokenLimit"), output: number("outputTokenLimit"), ..Model::default() };
    methods.iter().any(|method| method == "generateContent").then_some((name, model))
}

#[cfg(test)]
mod tests;
