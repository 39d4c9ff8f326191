//! What a model's answer is made of, in no provider's wire format.

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The next piece of the answer, never empty.
    Text(String),
    /// The next piece of the model's reasoning, never empty; not part of the answer.
    Reasoning(String),
    /// The model wants a tool run. Sent once the call is whole, never in pieces; a call that the token limit cut
    /// is not sent.
    ToolCall {
        /// The call's id, unique within the answer; made here where the server gave none.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments as the model wrote them: meant to be a JSON object, but not checked against anything.
        arguments: String,
    },
    /// Tokens used by this answer so far. A later one replaces an earlier one; some servers send none.
    Usage(Usage),
    /// The answer is complete. Always the last event.
    Stop(StopReason),
}

/// Token counts, as the provider reports them; 0 where it reports none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read, those in `cached_input` included.
    pub input: u64,
    /// Tokens written, those in `reasoning` included.
    pub output: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached_input: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
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
