//! The one interface through which the rest of the program reaches a model.

use futures::{future::BoxFuture, stream::BoxStream};
use tokio::time::Instant;

use crate::{Error, Event, Model, Request};

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

    /// Scheme, host and port of its address.
    fn origin(&self) -> String;

    /// Whether it is this computer, or a place that the user calls local.
    fn is_local(&self) -> bool;

    /// The answer to `request`, lazily.
    fn stream(&self, request: Request) -> EventStream;

    /// What is known of one of its models.
    fn model(&self, name: &str) -> Model;

    /// The models that it lists, with what it says of them. Asked twice at once, it is asked once.
    fn models(&self) -> BoxFuture<'static, Result<Vec<(String, Model)>, Error>>;

    /// The tokens of `request` as the provider counts them; `None` where it does not. Asked twice at once for the same,
    /// it is asked once.
    fn count(&self, request: Request) -> BoxFuture<'static, Result<Option<u64>, Error>>;

    /// When it will take requests again, where it said that it takes none until then.
    fn free_at(&self) -> Option<Instant> {
        None
    }
}
