//! Every way in which a server can fail, each against a raw TCP server that fails in just that way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use aiex_llm::{
    Class, Dialect, Endpoint, EndpointOptions, Error, Event, HttpProvider, Key, Kind, Message, Provider, Request,
    Secret, StopReason, Timeouts,
};
use expect_test::{Expect, expect};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const KEY: &str = "sk-planted-0123456789";
const PROMPT: &str = "fn the_users_secret_code() {}";

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const HELLO: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n";
const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// What a server saw.
struct Seen {
    /// Head and body.
    request: String,
    /// What the script returned.
    written: usize,
}

struct Server {
    base_url: String,
    seen: JoinHandle<Seen>,
}

/// A server that answers one request by `script`, which gets the connection after the request.
async fn serve<F>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> Server
where
    F: Future<Output = usize> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let request = read_request(&mut socket).await;
        Seen { request, written: script(socket).await }
    });
    Server { base_url, seen }
}

/// A server that answers with `reply` and closes the connection.
async fn reply(reply: impl AsRef<[u8]>) -> Server {
    let reply = reply.as_ref().to_vec();
    serve(async move |mut socket| {
        // A client that has heard enough closes early, which is no failure of the server.
        let _ = socket.write_all(&reply).await;
        reply.len()
    })
    .await
}

/// A server that answers with `reply` and then says nothing until the client closes the connection.
async fn hang(reply: impl AsRef<[u8]>) -> Server {
    let reply = reply.as_ref().to_vec();
    serve(async move |mut socket| {
        socket.write_all(&reply).await.unwrap();
        until_closed(&mut socket).await;
        reply.len()
    })
    .await
}

/// A server that writes `piece` until `limit` bytes are written or the client closes the connection.
async fn flood(head: &'static str, piece: Vec<u8>, limit: usize) -> Server {
    serve(async move |mut socket| {
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut written = 0;
        while written < limit && socket.write_all(&piece).await.is_ok() {
            written += piece.len();
        }
        written
    })
    .await
}

async fn until_closed(socket: &mut TcpStream) {
    let end = socket.read(&mut [0; 64]).await;
    assert!(matches!(end, Ok(0) | Err(_)), "the client sent more after its request");
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(socket.read_buf(&mut bytes).await.unwrap(), 0, "the client left within its request");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length == Some(body.len()) {
            return text.into_owned();
        }
    }
}

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint::new(EndpointOptions {
        provider: "acme".into(),
        base_url: base_url.into(),
        key: Key::Given(Secret::new(KEY)),
        headers: vec![("x-api-key".into(), Secret::new(KEY))],
        ..EndpointOptions::default()
    })
    .unwrap()
}

fn provider(base_url: &str, timeouts: Timeouts) -> HttpProvider {
    HttpProvider::new(endpoint(base_url), Dialect { timeouts, ..Dialect::of(Kind::OpenAiChat) })
}

fn request() -> Request {
    Request { model: "tiny".into(), messages: vec![Message::user(PROMPT)], ..Request::default() }
}

/// No test but those of time waits for time.
fn patient() -> Timeouts {
    let long = Duration::from_secs(60);
    Timeouts { connect: long, first_event: long, idle: long }
}

async fn ask(base_url: &str, timeouts: Timeouts) -> Vec<Result<Event, Error>> {
    let items: Vec<_> = provider(base_url, timeouts).stream(request()).collect().await;
    let last = items.len() - 1;
    for (number, item) in items.iter().enumerate() {
        let ends = matches!(item, Err(_) | Ok(Event::Stop(_)));
        assert_eq!(ends, number == last, "exactly the last item ends the stream: {items:?}");
        if let Err(error) = item {
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains(KEY) && !shown.contains(PROMPT), "{shown}");
            }
        }
    }
    items
}

fn show(items: &[Result<Event, Error>], base_url: &str) -> String {
    let origin = base_url.trim_end_matches("/v1");
    let lines = items.iter().map(|item| match item {
        Ok(event) => format!("{event:?}\n"),
        Err(error) => format!("{:?}: {error}\n", error.class()),
    });
    lines.collect::<String>().replace(origin, "ORIGIN")
}

async fn check_within(timeouts: Timeouts, server: Server, expect: Expect) -> Seen {
    let items = ask(&server.base_url, timeouts).await;
    expect.assert_eq(&show(&items, &server.base_url));
    server.seen.await.unwrap()
}

async fn check(server: Server, expect: Expect) -> Seen {
    check_within(patient(), server, expect).await
}

fn status(line: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn chunks(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut out = CHUNKED.as_bytes().to_vec();
    for piece in pieces {
        let piece = piece.as_ref();
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[tokio::test]
async fn a_whole_answer_and_its_request() {
    let seen = check(
        reply(format!("{OK}{HELLO}{FINISH}{DONE}")).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
    let request = seen.request.to_ascii_lowercase();
    assert!(request.starts_with("post /v1/chat/completions http/1.1\r\n"), "{request}");
    for header in ["accept: text/event-stream", "content-type: application/json", "authorization: bearer sk-planted"] {
        assert!(request.contains(header), "{request}");
    }
    assert!(seen.request.contains(PROMPT));
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_poll() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(provider(&base_url, patient()).stream(request()));
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_socket() {
    let server = hang(format!("{OK}{HELLO}")).await;
    let mut stream = provider(&server.base_url, patient()).stream(request());
    assert_eq!(stream.next().await, Some(Ok(Event::Text("Hello".into()))));
    drop(stream);
    server.seen.await.unwrap();
}

#[tokio::test]
async fn dropping_the_stream_before_the_headers_closes_the_socket() {
    let asked = Arc::new(Notify::new());
    let signal = Arc::clone(&asked);
    let server = serve(async move |mut socket| {
        signal.notify_one();
        until_closed(&mut socket).await;
        0
    })
    .await;
    let mut stream = provider(&server.base_url, patient()).stream(request());
    tokio::select! {
        item = stream.next() => panic!("{item:?}"),
        () = asked.notified() => {}
    }
    drop(stream);
    server.seen.await.unwrap();
}

#[tokio::test]
async fn refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let items = ask(&base_url, patient()).await;
    expect![[r#"
        Transient: acme (ORIGIN) refused the connection. Check that the server runs and that base_url has the right host and port.
    "#]].assert_eq(&show(&items, &base_url));
}

#[tokio::test]
async fn unknown_host() {
    // RFC 6761 reserves `.invalid`, which never has an address.
    let items = ask("https://acme.invalid/v1", patient()).await;
    assert!(matches!(items.as_slice(), [Err(Error::Dns { .. } | Error::Connect { .. })]), "{items:?}");
}

#[tokio::test]
async fn no_tls_where_https_is_expected() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
    });
    let items = ask(&base_url, patient()).await;
    expect![[r#"
        Invalid: No secure connection to acme (ORIGIN). Reason: received corrupt message of type InvalidContentType. Check base_url, this computer's clock, and any proxy between; a certificate of your own goes into ca_file.
    "#]].assert_eq(&show(&items, &base_url));
}

#[tokio::test]
async fn hang_before_headers() {
    let timeouts = Timeouts { first_event: Duration::from_millis(50), ..patient() };
    check_within(timeouts, hang("").await, expect![[r#"
        Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
}

#[tokio::test]
async fn hang_before_the_first_event() {
    let timeouts = Timeouts { first_event: Duration::from_millis(50), ..patient() };
    check_within(timeouts, hang(format!("{OK}: hello\n\n")).await, expect![[r#"
        Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
}

#[tokio::test]
async fn hang_mid_stream() {
    let timeouts = Timeouts { idle: Duration::from_millis(50), ..patient() };
    check_within(
        timeouts,
        hang(format!("{OK}{HELLO}data: {{")).await,
        expect![[r#"
        Text("Hello")
        Transient: acme (ORIGIN) stopped in the middle of its answer: nothing came for 0.05 s. Ask again.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn comments_for_ever() {
    let timeouts = Timeouts { first_event: Duration::from_millis(50), ..patient() };
    check_within(timeouts, flood(OK, b": PROCESSING\n\n".to_vec(), usize::MAX).await, expect![[r#"
        Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
}

#[tokio::test]
async fn reset_mid_stream() {
    let heard = Arc::new(Notify::new());
    let wait = Arc::clone(&heard);
    let server = serve(async move |mut socket| {
        socket.write_all(format!("{OK}{HELLO}").as_bytes()).await.unwrap();
        wait.notified().await;
        socket.set_zero_linger().unwrap();
        0
    })
    .await;
    let mut stream = provider(&server.base_url, patient()).stream(request());
    assert_eq!(stream.next().await, Some(Ok(Event::Text("Hello".into()))));
    heard.notify_one();
    let items: Vec<_> = stream.collect().await;
    assert!(matches!(items.as_slice(), [Err(Error::Reset { .. })]), "{items:?}");
}

#[tokio::test]
async fn closed_without_an_answer() {
    check(reply("").await, expect![[r#"
        Transient: The connection to acme (ORIGIN) broke before the answer was complete. Reason: connection closed before message completed. Check your network connection and ask again.
    "#]]).await;
}

#[tokio::test]
async fn end_without_terminator() {
    let body = format!("{HELLO}{HELLO}");
    let whole = [
        format!("{OK}{body}").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len() + 1).into_bytes(),
        [chunks([&body]), b"0\r\n\r\n".to_vec()].concat(),
        chunks([&body]),
        [chunks([&body]), b"f".to_vec()].concat(),
    ];
    for bytes in whole {
        let server = reply(bytes).await;
        let items = ask(&server.base_url, patient()).await;
        let hello = Ok(Event::Text("Hello".into()));
        assert!(
            matches!(items.as_slice(), [a, b, Err(Error::Truncated { .. })] if *a == hello && *b == hello),
            "{items:?}"
        );
    }
}

#[tokio::test]
async fn an_empty_body() {
    check(reply(OK).await, expect![[r#"
        Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
}

#[tokio::test]
async fn half_an_event() {
    check(
        reply(format!("{OK}{HELLO}{FINISH}data: [DO")).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
    check(reply(format!("{OK}{HELLO}{}", FINISH.trim_end())).await, expect![[r#"
        Text("Hello")
        Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
}

#[tokio::test]
async fn a_clean_end_after_the_finish_needs_no_done() {
    check(
        reply(format!("{OK}{HELLO}{FINISH}")).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn utf8_split_at_every_byte() {
    let body = format!("{}{FINISH}{DONE}", HELLO.replace("Hello", "é€😀"));
    let bytes = [chunks(body.as_bytes().chunks(1)), b"0\r\n\r\n".to_vec()].concat();
    check(
        reply(bytes).await,
        expect![[r#"
        Text("é€😀")
        Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn invalid_utf8() {
    let hello = b"data: {\"choices\":[{\"delta\":{\"content\":\"H\xff\xc3llo\"}}]}\n\n";
    let bytes = [OK.as_bytes(), hello, FINISH.as_bytes(), DONE.as_bytes()].concat();
    check(
        reply(bytes).await,
        expect![[r#"
        Text("H��llo")
        Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn every_line_ending_and_a_byte_order_mark() {
    let body = format!("\u{feff}{HELLO}: comment\n\n{FINISH}{DONE}");
    for body in [body.replace('\n', "\r\n"), body.replace('\n', "\r"), body.clone()] {
        let split = [chunks(body.as_bytes().chunks(1)), b"0\r\n\r\n".to_vec()].concat();
        for bytes in [format!("{OK}{body}").into_bytes(), split] {
            let server = reply(bytes).await;
            let items = ask(&server.base_url, patient()).await;
            assert_eq!(items, [Ok(Event::Text("Hello".into())), Ok(Event::Stop(StopReason::End))], "{body:?}");
        }
    }
}

#[tokio::test]
async fn a_line_of_100_mb() {
    const SIZE: usize = 100_000_000;
    let seen = check(flood(OK, vec![b'a'; 1 << 16], SIZE).await, expect![[r#"
        Transient: acme (ORIGIN) sent an event of more than 8388608 bytes. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
    // The rest is what the sockets buffer.
    assert!(seen.written < SIZE / 2, "the client read {} bytes", seen.written);
    let seen = check(
        flood(CHUNKED, [b"10000\r\n{", [b'a'; 65535].as_slice(), b"\r\n"].concat(), SIZE).await,
        expect![[r#"
        Transient: acme (ORIGIN) sent an event of more than 8388608 bytes. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]],
    );
    assert!(seen.await.written < SIZE / 2);
}

#[tokio::test]
async fn malformed_json_mid_stream() {
    check(reply(format!("{OK}{HELLO}data: {{\"choices\": [}}\n\n{FINISH}{DONE}")).await, expect![[r#"
        Text("Hello")
        Transient: acme (ORIGIN) sent an event that could not be read. Reason: expected value at line 1 column 14. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
}

#[tokio::test]
async fn json_although_a_stream_was_asked() {
    let answer = r#"{"choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}"#;
    check(
        reply(status("200 OK", "Content-Type: application/json\r\n", answer)).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
    check(reply(status("200 OK", "", r#"{"status":"ok"}"#)).await, expect![[r#"
        Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"status":"ok"}”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
    "#]]).await;
    check(reply(status("200 OK", "", "<html><title>Sign in</title></html>")).await, expect![[r#"
        Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “Sign in”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
    "#]]).await;
    check(reply(status("200 OK", "", answer.split_at(40).0)).await, expect![[r#"
        Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"choices":[{"message":{"role":"assistan”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
    "#]]).await;
}

#[tokio::test]
async fn success_and_then_an_error() {
    let error = format!("data: {{\"error\":{{\"message\":\"Overloaded by {PROMPT} {KEY}\",\"code\":503}}}}\n\n");
    check(reply(format!("{OK}{error}{FINISH}")).await, expect![[r#"
        Transient: acme (ORIGIN) could not answer now (status 503). It said: “Overloaded by *** ***”. Try again in a moment.
    "#]]).await;
    check(reply(format!("{OK}{HELLO}{error}{FINISH}")).await, expect![[r#"
        Text("Hello")
        Transient: acme (ORIGIN) could not answer now (status 503). It said: “Overloaded by *** ***”. Try again in a moment.
    "#]]).await;
    check(reply(status("200 OK", "", r#"{"error":{"message":"no such model","code":"model_not_found"}}"#)).await, expect![[r#"
        Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “no such model”. Check both.
    "#]]).await;
}

#[tokio::test]
async fn error_statuses() {
    for (line, expect) in [
        (
            "401 Unauthorized",
            expect![[r#"
                Auth: acme (ORIGIN) did not accept the API key (status 401). It said: “401 Unauthorized *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more…”. Check the key that is configured for this provider.
            "#]],
        ),
        (
            "404 Not Found",
            expect![[r#"
                Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “404 Not Found *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more mor…”. Check both.
            "#]],
        ),
        (
            "429 Too Many Requests",
            expect![[r#"
            RateLimited: acme (ORIGIN) limits how much may be asked. It said: “429 Too Many Requests *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more…”. Try again in 7 s.
        "#]],
        ),
        (
            "500 Internal Server Error",
            expect![[r#"
                Transient: acme (ORIGIN) could not answer now (status 500). It said: “500 Internal Server Error *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more m…”. Try again in 7 s.
            "#]],
        ),
    ] {
        let body = format!(
            "<!DOCTYPE html><html><head><style>p {{}}</style></head><body><h1>{line}</h1>\x1b[31m{KEY}\u{202e} {PROMPT}{}",
            "<p>more</p>".repeat(100)
        );
        check(reply(status(line, "Content-Type: text/html\r\nRetry-After: 7\r\n", &body)).await, expect).await;
    }
}

#[tokio::test]
async fn an_error_status_whose_body_breaks_off() {
    check(
        reply("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nout of memory").await,
        expect![[r#"
            Transient: acme (ORIGIN) could not answer now (status 500). It said: “out of memory”. Try again in a moment.
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let to = format!("http://{}", other.local_addr().unwrap());
    let server = reply(status("307 Temporary Redirect", &format!("Location: {to}/v1?key={KEY}\r\n"), "")).await;
    let items = ask(&server.base_url, patient()).await;
    assert_eq!(items.len(), 1);
    let error = items[0].as_ref().unwrap_err();
    assert!(matches!(error, Error::Redirect { to: shown, .. } if *shown == format!("{to}/v1")), "{error:?}");
    assert_eq!(error.class(), Class::Invalid);
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn events_after_the_terminator() {
    // The connection stays open: the answer must end without its end.
    check(
        hang(format!("{OK}{HELLO}{FINISH}{DONE}{HELLO}data: {{\n\n")).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn unknown_fields_and_events() {
    let odd = "event: ping\nid: 7\nretry: 1\nfoo: bar\ndata: {\"new\":[1],\"choices\":[{\"delta\":{\"audio\":{}},\"x\":null}]}\n\n";
    check(
        reply(format!("{OK}{odd}{HELLO}{FINISH}{DONE}")).await,
        expect![[r#"
        Text("Hello")
        Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn usage_repeated() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}\n\n";
    check(
        reply(format!("{OK}{HELLO}{usage}{FINISH}{usage}{usage}{DONE}")).await,
        expect![[r#"
            Text("Hello")
            Usage(Usage { input: 5, output: 1, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    )
    .await;
}

#[tokio::test]
async fn one_provider_serves_many_requests() {
    let server = reply(format!("{OK}{FINISH}{DONE}")).await;
    let provider = provider(&server.base_url, patient());
    let first: Vec<_> = provider.stream(request()).collect().await;
    assert_eq!(first, [Ok(Event::Stop(StopReason::End))]);
    let second: Vec<_> = provider.stream(request()).collect().await;
    assert!(matches!(second.as_slice(), [Err(Error::Refused { .. })]), "{second:?}");
}

/// The environment of a process can't be changed safely, so another process asks.
#[test]
fn a_server_on_this_computer_is_never_asked_through_a_proxy() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "a_whole_answer_and_its_request"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, format!("http://{closed}"));
    }
    let output = again.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
