//! What the transport asks of a wire format; a format does no I/O and knows no address and no key.

mod anthropic;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;
#[cfg(test)]
mod testing;

use std::fmt::Debug;

use serde_json::Value;

use crate::{Event, Model, Quirks, Request, sse::SseEvent};

/// The wire formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// OpenAI's Chat Completions, which most servers speak.
    OpenAiChat,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// Ollama's own.
    Ollama,
}

impl Kind {
    /// The format's functions.
    pub(crate) fn api(self) -> &'static dyn Api {
        match self {
            Self::OpenAiChat => &openai_chat::OpenAiChat,
            Self::OpenAiResponses => &openai_responses::OpenAiResponses,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::Ollama => &ollama::Ollama,
        }
    }
}

/// One wire format: writes requests, and makes what reads their answers.
pub(crate) trait Api: Debug + Send + Sync {
    /// Where answers are asked for: the path under the base URL, without a leading slash, perhaps with a query.
    fn path(&self, request: &Request) -> String;

    /// The JSON body that asks for a streamed answer. What the model is not known to take is left out.
    fn body(&self, request: &Request, model: &Model, quirks: &Quirks) -> Value;

    /// Reads one answer.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// How events follow each other in the body.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Where the models are listed: a path under the base URL.
    fn models_path(&self) -> &'static str {
        "models"
    }

    /// The models in such a list, with what it says of them.
    fn models(&self, list: &Value) -> Vec<(String, Model)>;

    /// Where and with which body the provider counts the tokens of a request; `None` where it does not.
    fn count(&self, request: &Request, model: &Model, quirks: &Quirks) -> Option<(String, Value)> {
        let _ = (request, model, quirks);
        None
    }

    /// The tokens in its answer.
    fn counted(&self, answer: &Value) -> Option<u64> {
        let _ = answer;
        None
    }
}

/// How events follow each other in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON value a line (NDJSON). Each arrives as an event without a name.
    Lines,
}

/// Reads one answer: events in, events out, in pieces of any size.
pub(crate) trait Decoder: Send {
    /// Decodes one event, appending to `out`.
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault>;

    /// The body ended cleanly without [`Step::Done`].
    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Fault>;

    /// The body was not an event stream but `body`, whole.
    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault>;
}

/// What an event meant for the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The server is alive, the answer has not moved: does not reset the time limits.
    Nothing,
    /// The answer moved.
    Progress,
    /// The answer is complete; whatever follows is ignored.
    Done,
}

/// Why an answer can't be decoded.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// An event that is not what the format says.
    Malformed(String),
    /// The server sent this error object in place of an answer.
    Reply(Value),
    /// The body ended before the answer did.
    Truncated,
    /// The whole body is something else than an answer.
    NotAnAnswer,
}

/// What a tool call's arguments are where the model wrote none.
fn arguments_or_empty(arguments: String) -> String {
    if arguments.trim().is_empty() { "{}".to_owned() } else { arguments }
}

/// Whether a call's arguments are whole: one that the token limit cut must never run.
fn is_whole(arguments: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok()
}
