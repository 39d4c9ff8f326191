//! OpenAI's Responses format.
//!
//! After <https://platform.openai.com/docs/api-reference/responses-streaming>. Nothing is stored at the provider: what
//! the model needs of its own thoughts arrives sealed and goes back with the next request. The format has no stop
//! texts, so a request's are left out; nor has it cache points: the provider finds by itself what it has read before.
//!
//! Compatible servers differ in small things, which are tolerated here: ids of items that change from event to event,
//! no `output_index`, text and calls in the last event alone, `[DONE]` after it, and, in llama.cpp, `completed` where
//! the token limit cut the answer.

mod decoder;
mod request;

use serde_json::Value;

use super::{Api, Decoder, openai_chat::OpenAiChat};
use crate::{Model, Quirks, Request};

/// The format.
#[derive(Debug)]
pub(crate) struct OpenAiResponses;

impl Api for OpenAiResponses {
    fn path(&self, _: &Request) -> String {
        "responses".to_owned()
    }

    fn body(&self, request: &Request, model: &Model, quirks: &Quirks) -> Value {
        request::body(request, model, quirks)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decoder::ResponsesDecoder::default())
    }

    fn models(&self, list: &Value) -> Vec<(String, Model)> {
        OpenAiChat.models(list)
    }

    fn count(&self, request: &Request, _: &Model, _: &Quirks) -> Option<(String, Value)> {
        Some(("responses/input_tokens".to_owned(), Value::Object(request::prompt(request))))
    }

    fn counted(&self, answer: &Value) -> Option<u64> {
        answer.get("input_tokens")?.as_u64()
    }
}

#[cfg(test)]
mod tests;
