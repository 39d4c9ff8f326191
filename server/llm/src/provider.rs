//! The one interface through which the rest of the program reaches a model.

use futures::stream::BoxStream;

use crate::{Error, Event, Request};

/// The answer to one request, as it arrives. [`Provider`] has its contract.
pub type EventStream = BoxStream<'static, Result<Event, Error>>;

/// Something that answers requests.
///
/// The contract of the stream, on which consumers rely and which every implementation keeps:
/// - nothing is sent before the stream is first polled;
/// - a stream that succeeds yields exactly one [`Event::Stop`], as its last item;
/// - a stream that fails yields exactly one `Err`, as its last item; what came before it is a part of an answer;
/// - dropping the stream cancels the request and closes its socket (over HTTP/2, resets its stream), so that the
///   server stops working.
pub trait Provider: Send + Sync {
    /// The provider's name, as the user configured it.
    fn name(&self) -> &str;

    /// The answer to `request`, lazily.
    fn stream(&self, request: Request) -> EventStream;
}
