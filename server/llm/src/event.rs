//! What a model's answer is made of, in no provider's wire format.

use serde_json::Value;

use crate::{Author, Error, ToolCall};

/// One item of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Which model answers, and why none before it did. First, and from a [`crate::Router`] alone.
    Answering {
        /// The one that answers.
        author: Author,
        /// How those before it failed.
        failed: Vec<Error>,
    },
    /// The next piece of the answer, never empty.
    Text(String),
    /// The next piece of the model's reasoning, never empty; not part of the answer.
    Reasoning(String),
    /// The model wants a tool run. Sent once the call is whole, never in pieces; a call that the token limit cut
    /// is not sent.
    ToolCall(ToolCall),
    /// What the model will need of its own thoughts, as the provider wrote it: goes back as [`crate::Part::Replay`],
    /// at this place among the message's parts.
    Replay(Value),
    /// Tokens used by this answer so far. A later one replaces an earlier one; some servers send none.
    Usage(Usage),
    /// What the answer cost by the provider's own word, in US dollars. Few say it.
    Charged(f64),
    /// What the answer used and cost in the end, right before its stop, and from a [`crate::Router`] alone.
    Spent(Spent),
    /// The answer is complete. Always the last event.
    Stop(StopReason),
}

/// Token counts, as the provider reports them; 0 where it reports none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read, those in `cached_input` and `cache_written` included.
    pub input: u64,
    /// Tokens written, those in `reasoning` included.
    pub output: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached_input: u64,
    /// The part of `input` that was put into the provider's cache.
    pub cache_written: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

/// What an answer used and cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Spent {
    /// Who answered.
    pub author: Author,
    /// The tokens.
    pub usage: Usage,
    /// The provider did not report them all: they are guessed from the lengths of the texts.
    pub estimated: bool,
    /// In US dollars; `None` where the model's prices are not known.
    pub cost_usd: Option<f64>,
}

/// Why the model stopped writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// It had said everything, or met a stop text.
    End,
    /// It met the token limit: the answer is cut.
    Length,
    /// It waits for the results of its tool calls.
    ToolUse,
    /// The provider's content filter cut the answer.
    ContentFilter,
    /// A reason that this crate does not know, in the provider's word.
    Other(String),
}
