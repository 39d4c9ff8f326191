//! A provider that a test drives by hand; it opens no socket and reads no clock.
//!
//! ```
//! # use aiex_llm::{Event, Provider, Request, StopReason, fake};
//! # use futures::StreamExt;
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (provider, mut calls) = fake::provider("fake");
//! let consumer = tokio::spawn(provider.stream(Request::default()).collect::<Vec<_>>());
//! let call = calls.next().await.unwrap();
//! call.text("Hello");
//! call.end(StopReason::End);
//! assert_eq!(consumer.await.unwrap(), [Ok(Event::Text("Hello".into())), Ok(Event::Stop(StopReason::End))]);
//! # }
//! ```

use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{Error, Event, EventStream, Model, Provider, Request, StopReason, Upstream};

type Item = Result<Event, Error>;

/// A provider and the end from which a test drives it.
pub fn provider(name: &str) -> (FakeProvider, FakeCalls) {
    let (calls, received) = unbounded_channel();
    (FakeProvider { name: name.to_owned(), calls }, FakeCalls { received })
}

/// Hands every request to its [`FakeCalls`].
#[derive(Debug, Clone)]
pub struct FakeProvider {
    name: String,
    calls: UnboundedSender<FakeCall>,
}

/// The requests that a [`FakeProvider`] receives, in the order in which their streams are first polled.
#[derive(Debug)]
pub struct FakeCalls {
    received: UnboundedReceiver<FakeCall>,
}

/// One request and the stream that answers it. Dropped without [`FakeCall::end`] or [`FakeCall::fail`], the answer is
/// [`Error::Truncated`].
#[derive(Debug)]
pub struct FakeCall {
    /// What was asked.
    pub request: Request,
    items: UnboundedSender<Item>,
}

impl FakeCalls {
    /// Waits for the next request; `None` once the provider is gone.
    pub async fn next(&mut self) -> Option<FakeCall> {
        self.received.recv().await
    }

    /// The next request where there is one already.
    pub fn try_next(&mut self) -> Option<FakeCall> {
        self.received.try_recv().ok()
    }
}

impl FakeCall {
    /// Sends a piece of text.
    pub fn text(&self, text: &str) {
        self.event(Event::Text(text.to_owned()));
    }

    /// Sends an event; [`Event::Stop`] ends the stream.
    pub fn event(&self, event: Event) {
        self.send(Ok(event));
    }

    /// Ends the answer well.
    pub fn end(self, reason: StopReason) {
        self.send(Ok(Event::Stop(reason)));
    }

    /// Ends the answer with an error.
    pub fn fail(self, error: Error) {
        self.send(Err(error));
    }

    /// Waits until the consumer has dropped the stream.
    pub async fn dropped(&self) {
        self.items.closed().await;
    }

    fn send(&self, item: Item) {
        // Nobody listens to a stream that was dropped, as with a socket.
        let _ = self.items.send(item);
    }
}

impl Provider for FakeProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> String {
        "fake".to_owned()
    }

    fn is_local(&self) -> bool {
        false
    }

    fn model(&self, _: &str) -> Model {
        Model::default()
    }

    fn models(&self) -> BoxFuture<'static, Result<Vec<(String, Model)>, Error>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn count(&self, _: Request) -> BoxFuture<'static, Result<Option<u64>, Error>> {
        async { Ok(None) }.boxed()
    }

    fn stream(&self, request: Request) -> EventStream {
        let calls = self.calls.clone();
        let truncated = Error::Truncated { at: Upstream::new(&self.name, "fake") };
        let answer = async move {
            let (items, received) = unbounded_channel();
            // Where the test is over, the call comes back and is dropped, which ends the stream.
            let _ = calls.send(FakeCall { request, items });
            stream::unfold(Some((received, truncated)), |state| async {
                let (mut received, truncated) = state?;
                match received.recv().await {
                    None => Some((Err(truncated), None)),
                    Some(last @ (Err(_) | Ok(Event::Stop(_)))) => Some((last, None)),
                    Some(item) => Some((item, Some((received, truncated)))),
                }
            })
        };
        stream::once(answer).flatten().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truncated() -> Error {
        Error::Truncated { at: Upstream::new("fake", "fake") }
    }

    #[tokio::test]
    async fn nothing_is_received_before_the_first_poll() {
        let (provider, mut calls) = provider("fake");
        let mut stream = provider.stream(Request { model: "m".into(), ..Request::default() });
        assert!(calls.try_next().is_none());
        assert!(futures::poll!(stream.next()).is_pending());
        assert_eq!(calls.try_next().unwrap().request.model, "m");
    }

    #[tokio::test]
    async fn an_error_is_the_last_item() {
        let (provider, mut calls) = provider("fake");
        let mut stream = provider.stream(Request::default());
        assert!(futures::poll!(stream.next()).is_pending());
        let call = calls.try_next().unwrap();
        call.text("a");
        call.fail(truncated());
        assert_eq!(stream.collect::<Vec<_>>().await, [Ok(Event::Text("a".into())), Err(truncated())]);
    }

    #[tokio::test]
    async fn nothing_follows_a_stop_and_a_lost_call_is_an_error() {
        let (provider, mut calls) = provider("fake");
        let (mut first, mut second) = (provider.stream(Request::default()), provider.stream(Request::default()));
        assert!(futures::poll!(first.next()).is_pending() && futures::poll!(second.next()).is_pending());
        let call = calls.try_next().unwrap();
        call.event(Event::Stop(StopReason::End));
        call.text("ignored");
        assert_eq!(first.collect::<Vec<_>>().await, [Ok(Event::Stop(StopReason::End))]);
        drop(calls.try_next().unwrap());
        assert_eq!(second.collect::<Vec<_>>().await, [Err(truncated())]);
    }

    #[tokio::test]
    async fn dropping_the_stream_is_seen() {
        let (provider, mut calls) = provider("fake");
        let mut stream = provider.stream(Request::default());
        assert!(futures::poll!(stream.next()).is_pending());
        let call = calls.try_next().unwrap();
        drop(stream);
        call.dropped().await;
    }
}
