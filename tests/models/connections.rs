//! Connections serve one request after another.

use aiex_llm::{
    Dialect, Endpoint, EndpointOptions, Error, Event, HttpProvider, Kind, Message, Provider, Request, StopReason,
};
use aiex_tests::{
    TIMEOUT,
    upstream::{event, last_events},
};
use futures::StreamExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

async fn listen() -> (TcpListener, HttpProvider) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("its address"));
    let options = EndpointOptions { provider: "near".into(), base_url, ..EndpointOptions::default() };
    let endpoint = Endpoint::new(options).expect("an endpoint");
    (listener, HttpProvider::new(endpoint, Dialect::of(Kind::OpenAiChat)))
}

/// Waits for a request, which is sent in one piece; whether one came before the connection was closed.
async fn is_asked(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        if stream.read_buf(&mut bytes).await.expect("no reset") == 0 {
            return false;
        }
    }
    true
}

fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

/// The head of an answer, up to where its body begins.
fn head(field: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{field}\r\n\r\n")
}

fn answer() -> String {
    event("Yes.") + &last_events()
}

async fn ask(provider: &HttpProvider) -> Vec<Result<Event, Error>> {
    let request = Request { messages: vec![Message::user("?")], ..Request::default() };
    provider.stream(request).collect().await
}

/// Asks, and expects the answer.
async fn is_answered(provider: &HttpProvider) {
    assert_eq!(ask(provider).await, [Ok(Event::Text("Yes.".into())), Ok(Event::Stop(StopReason::End))]);
}

/// A server may send the end of the HTTP body apart from the end of the answer, at which a client stops to listen. The
/// next request is sent over the same connection all the same, for a new one costs a handshake.
#[tokio::test]
async fn a_connection_outlives_an_answer_whose_body_ends_later() {
    let (listener, provider) = listen().await;

    let serve = async {
        let (mut first, _) = listener.accept().await.expect("a connection");
        assert!(is_asked(&mut first).await);
        let begin = head("Transfer-Encoding: chunked") + &chunk(&answer());
        first.write_all(begin.as_bytes()).await.expect("a listener");
        first
    };
    let ((), mut first) = tokio::join!(is_answered(&provider), serve);
    first.write_all(b"0\r\n\r\n").await.expect("a listener");

    // The client may not have read that when it asks again, and then takes a new connection, which it can't keep.
    let asks = async {
        loop {
            is_answered(&provider).await;
        }
    };
    let closing = head("Connection: close") + &answer();
    let others = async {
        loop {
            let (mut other, _) = listener.accept().await.expect("a connection");
            if is_asked(&mut other).await {
                other.write_all(closing.as_bytes()).await.expect("a listener");
            }
        }
    };
    let asked_again = tokio::select! {
        () = asks => false,
        () = others => false,
        asked = timeout(TIMEOUT, is_asked(&mut first)) => asked.expect("a request or an end"),
    };
    assert!(asked_again, "the connection was closed");
}

/// What never ends is not waited for.
#[tokio::test]
async fn a_body_that_does_not_end_is_left() {
    let (listener, provider) = listen().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        assert!(is_asked(&mut stream).await);
        let mut bytes = head("Transfer-Encoding: chunked") + &chunk(&answer());
        // Comments, until the client has had enough.
        while stream.write_all(bytes.as_bytes()).await.is_ok() {
            bytes = chunk(": and so on\n\n");
        }
    };
    let both = async { tokio::join!(is_answered(&provider), serve) };
    timeout(TIMEOUT, both).await.expect("the client closes the connection");
}

/// llama.cpp says `Keep-Alive: timeout=5, max=100` and closes after two or three answers, when the next request may be on
/// its way already.
#[tokio::test]
async fn a_request_that_meets_a_closing_connection_is_sent_over_another() {
    let (listener, provider) = listen().await;
    let whole = head(&format!("Content-Length: {}", answer().len())) + &answer();
    let serve = async {
        let (mut kept, _) = listener.accept().await.expect("a connection");
        assert!(is_asked(&mut kept).await);
        kept.write_all(whole.as_bytes()).await.expect("a listener");
        assert!(is_asked(&mut kept).await, "the connection is kept");
        drop(kept);
        let (mut other, _) = listener.accept().await.expect("another connection");
        assert!(is_asked(&mut other).await);
        other.write_all(whole.as_bytes()).await.expect("a listener");
        // Once more: it is sent a second time, and not a third.
        assert!(is_asked(&mut other).await);
        drop(other);
        let (mut last, _) = listener.accept().await.expect("a connection");
        assert!(is_asked(&mut last).await);
    };
    let asks = async {
        is_answered(&provider).await;
        is_answered(&provider).await;
        ask(&provider).await
    };
    let (events, ()) = timeout(TIMEOUT, async { tokio::join!(asks, serve) }).await.expect("in time");
    assert!(matches!(&events[..], [Err(Error::Reset { .. })]), "{events:?}");
}

#[tokio::test]
async fn a_first_request_is_not_sent_twice() {
    let (listener, provider) = listen().await;
    let serve = async {
        let (mut first, _) = listener.accept().await.expect("a connection");
        assert!(is_asked(&mut first).await);
        drop(first);
        // Whatever comes now comes too often.
        listener.accept().await.expect("a connection");
    };
    let events = tokio::select! {
        events = ask(&provider) => events,
        () = serve => panic!("it was sent again"),
    };
    assert!(matches!(&events[..], [Err(Error::Reset { .. })]), "{events:?}");
}
