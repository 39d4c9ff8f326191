//! Anthropic's Messages format, which llama.cpp and others speak, too.
//!
//! After <https://docs.claude.com/en/api/messages> and <https://docs.claude.com/en/docs/build-with-claude/streaming>.
//! Events, blocks and deltas that are not known are ignored, as Anthropic asks of its clients; fields may be `null` or
//! missing.

mod decoder;
mod request;

use serde_json::Value;

use super::{Api, Decoder};
use crate::{Model, Quirks, Reasoning, Request};

/// The format.
#[derive(Debug)]
pub(crate) struct Anthropic;

impl Api for Anthropic {
    fn path(&self, _: &Request) -> String {
        "messages".to_owned()
    }

    fn body(&self, request: &Request, model: &Model, quirks: &Quirks) -> Value {
        request::body(request, model, quirks)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decoder::MessageDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        // A page has 20 by default.
        "models?limit=1000"
    }

    fn models(&self, list: &Value) -> Vec<(String, Model)> {
        let models = list.get("data").and_then(Value::as_array).into_iter().flatten();
        models.filter_map(|entry| Some((entry.get("id")?.as_str()?.to_owned(), listed(entry)))).collect()
    }

    fn count(&self, request: &Request, model: &Model, quirks: &Quirks) -> Option<(String, Value)> {
        let mut body = self.body(request, model, quirks);
        for key in ["stream", "max_tokens", "temperature", "stop_sequences"] {
            body.as_object_mut()?.remove(key);
        }
        Some(("messages/count_tokens".to_owned(), body))
    }

    fn counted(&self, answer: &Value) -> Option<u64> {
        answer.get("input_tokens")?.as_u64()
    }
}

/// What the list says of a model.
fn listed(entry: &Value) -> Model {
    let number = |pointer| entry.pointer(pointer).and_then(Value::as_u64).filter(|number| *number > 0);
    let can = |what: &str| entry.pointer(&format!("/capabilities/{what}/supported")).and_then(Value::as_bool);
    let reasoning = if can("thinking/types/adaptive") == Some(true) && can("effort") == Some(true) {
        Some(Reasoning::Adaptive)
    } else {
        can("thinking/types/enabled").filter(|can| *can).map(|_| Reasoning::Budget)
    };
    Model {
        // The second is llama.cpp's.
        context: number("/max_input_tokens").or_else(|| number("/meta/n_ctx")),
        output: number("/max_tokens"),
        vision: can("image_input"),
        reasoning,
        ..Model::default()
    }
}

#[cfg(test)]
mod tests;
