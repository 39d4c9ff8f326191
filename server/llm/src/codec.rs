//! What the transport asks of a wire format; a codec does no I/O and knows no address and no key.

use serde_json::Value;

use crate::sse::SseEvent;
use crate::{Event, Request};

/// One answer in one wire format: encodes its request, then decodes what comes back.
pub(crate) trait Codec: Send + 'static {
    /// The path under the base URL, without a leading slash.
    fn path(&self) -> &'static str;

    /// The JSON body.
    fn encode(&self, request: &Request) -> serde_json::Result<Vec<u8>>;

    /// Decodes one server-sent event, appending to `out`.
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault>;

    /// The body ended cleanly without [`Step::Done`].
    fn end(&mut self, out: &mut Vec<Event>) -> Result<(), Fault>;

    /// The body was not an event stream but `body`.
    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault>;
}

/// What a server-sent event meant for the answer.
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
