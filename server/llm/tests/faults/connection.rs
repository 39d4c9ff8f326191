//! Connections that are refused, hang, break, or end too early; and what closes them.

use std::process::Command;

use aiex_llm::{Auth, Error, Event, Provider, StopReason};
use expect_test::expect;
use futures::StreamExt;

use crate::{
    ask_one, check, check_within,
    common::{
        KEY, PROMPT, ask,
        formats::{FORMATS, Format, HELLO, USAGE},
        hasty, patient, provider, request, restless,
        server::{Act, Closed, Forbidden, LAST_CHUNK, Server, chunks, response},
        show,
    },
    together,
};

#[tokio::test]
async fn a_whole_answer_and_its_request() {
    for format in &FORMATS {
        let (items, mut server) = ask_one(format, patient(), Act::reply(format.stream(&format.answer()))).await;
        let (usages, rest): (Vec<_>, Vec<_>) =
            items.into_iter().map(Result::unwrap).partition(|event| matches!(event, Event::Usage(_)));
        let text = |text: &str| Event::Text(text.into());
        assert_eq!(rest, [text(HELLO[0]), text(HELLO[1]), Event::Stop(StopReason::End)], "{:?}", format.kind);
        assert_eq!(usages.last(), Some(&Event::Usage(USAGE)), "{:?}", format.kind);

        let request = server.connection().await.request;
        assert!(request.starts_with(&format!("POST {} HTTP/1.1\r\n", format.path)), "{request}");
        let auth = match format.auth {
            Auth::Bearer => format!("authorization: Bearer {KEY}\r\n"),
            Auth::Header(name) => format!("{name}: {KEY}\r\n"),
        };
        let accept = if format.is_sse() { "accept: text/event-stream" } else { "accept: application/x-ndjson" };
        for part in [auth.as_str(), accept, "content-type: application/json", PROMPT] {
            assert!(request.contains(part), "has no {part}: {request}");
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_poll() {
    for format in &FORMATS {
        let server = Forbidden::new();
        drop(provider(format, &server.base_url, patient()).stream(request()));
        server.assert_nobody_came();
    }
}

#[tokio::test]
async fn refused() {
    let mut outcomes = Vec::new();
    for format in &FORMATS {
        let closed = Closed::new();
        let items = ask(&provider(format, &closed.base_url, patient())).await;
        outcomes.push((format, show(&items, &closed.base_url)));
    }
    expect![[r#"
        all:
          Transient: acme (ORIGIN) refused the connection. Check that the server runs and that base_url has the right host and port.
    "#]].assert_eq(&together(outcomes));
}

#[tokio::test]
async fn unknown_host() {
    for format in &FORMATS {
        // RFC 6761 reserves `.invalid`, which never has an address.
        let items = ask(&provider(format, "https://acme.invalid/v1", patient())).await;
        assert!(matches!(items.as_slice(), [Err(Error::Dns { .. } | Error::Connect { .. })]), "{items:?}");
    }
}

#[tokio::test]
async fn no_tls_where_https_is_expected() {
    let mut outcomes = Vec::new();
    for format in &FORMATS {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await;
        });
        outcomes.push((format, show(&ask(&provider(format, &base_url, patient())).await, &base_url)));
    }
    expect![[r#"
        all:
          Invalid: No secure connection to acme (ORIGIN). Reason: received corrupt message of type InvalidContentType. Check base_url, this computer's clock, and any proxy between; a certificate of your own goes into ca_file.
    "#]].assert_eq(&together(outcomes));
}

#[tokio::test]
async fn hang_before_headers() {
    check_within(hasty(), |_| Act::hang(""), expect![[r#"
        all:
          Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
}

#[tokio::test]
async fn hang_before_the_first_event() {
    check_within(hasty(), |format| Act::hang(format.head()), expect![[r#"
        all:
          Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
    check_within(hasty(), |format| Act::hang(format.stream(&[format.alive])), expect![[r#"
        all:
          Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
}

#[tokio::test]
async fn hang_mid_stream() {
    check_within(
        restless(),
        |format| Act::hang(format.stream(&format.begun())),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Transient: acme (ORIGIN) stopped in the middle of its answer: nothing came for 0.05 s. Ask again.
    "#]],
    )
    .await;
    let half = |format: &Format| format.stream(&format.begun()) + format.frame(format.terminal).get(..8).unwrap();
    check_within(
        restless(),
        |format| Act::hang(half(format)),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Transient: acme (ORIGIN) stopped in the middle of its answer: nothing came for 0.05 s. Ask again.
    "#]],
    )
    .await;
}

/// Any byte resets a time limit of the socket: only what moves the answer may reset ours.
#[tokio::test]
async fn nothing_for_ever() {
    check_within(hasty(), |format| format.flood_of_nothing(&[]), expect![[r#"
        all:
          Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
    check_within(
        restless(),
        |format| format.flood_of_nothing(&format.begun()),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Transient: acme (ORIGIN) stopped in the middle of its answer: nothing came for 0.05 s. Ask again.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn signs_of_life_for_ever() {
    let flood = |format: &Format, before: &[&str]| Act::Flood {
        head: format.stream(before).into_bytes(),
        piece: format.frame(format.alive).repeat(20).into_bytes(),
        limit: usize::MAX,
    };
    check_within(hasty(), |format| flood(format, &[]), expect![[r#"
        all:
          Transient: acme (ORIGIN) did not begin to answer within 0.05 s. It may be overloaded or loading the model: try again, or allow more time for the first event.
    "#]]).await;
    check_within(
        restless(),
        |format| flood(format, &format.begun()),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Transient: acme (ORIGIN) stopped in the middle of its answer: nothing came for 0.05 s. Ask again.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn closed_without_an_answer() {
    check(|_| Act::reply(""), expect![[r#"
        all:
          Transient: The connection to acme (ORIGIN) broke before the answer was complete. Reason: connection closed before message completed. Check your network connection and ask again.
    "#]]).await;
    check(|_| Act::reply("HTTP/1.1 200 OK\r\nContent-"), expect![[r#"
        all:
          Transient: The connection to acme (ORIGIN) broke before the answer was complete. Reason: connection closed before message completed. Check your network connection and ask again.
    "#]]).await;
}

#[tokio::test]
async fn reset() {
    for format in &FORMATS {
        for bytes in [String::new(), format.head()] {
            let (items, _) = ask_one(format, patient(), Act::Reset(bytes.into_bytes())).await;
            assert!(matches!(items.as_slice(), [Err(Error::Reset { .. })]), "{:?} {items:?}", format.kind);
        }
    }
}

#[tokio::test]
async fn reset_mid_stream() {
    for format in &FORMATS {
        let server = Server::start([Act::ResetWhenTold(format.stream(&format.begun()).into_bytes())]).await;
        let mut stream = provider(format, &server.base_url, patient()).stream(request());
        while stream.next().await != Some(Ok(Event::Text(HELLO[1].into()))) {}
        server.tell();
        let rest: Vec<_> =
            stream.filter(|item| std::future::ready(!matches!(item, Ok(Event::Usage(_))))).collect().await;
        assert!(matches!(rest.as_slice(), [Err(Error::Reset { .. })]), "{:?} {rest:?}", format.kind);
    }
}

#[tokio::test]
async fn end_without_terminator() {
    for format in &FORMATS {
        let body = format.frames(&format.begun());
        let with_length = |length| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes();
        for bytes in [
            (format.head() + &body).into_bytes(),
            with_length(body.len()),
            with_length(body.len() + 1),
            [&chunks([&body]), LAST_CHUNK].concat(),
            chunks([&body]),
            [&chunks([&body]), b"f".as_slice()].concat(),
        ] {
            let (items, _) = ask_one(format, patient(), Act::Reply(bytes)).await;
            let shown = items.iter().filter(|item| !matches!(item, Ok(Event::Usage(_)))).collect::<Vec<_>>();
            assert!(
                matches!(shown.as_slice(), [Ok(Event::Text(_)), Ok(Event::Text(_)), Err(Error::Truncated { .. })]),
                "{:?} {items:?}",
                format.kind
            );
        }
    }
}

/// After every event, and within every event; only the whole of it is a success.
#[tokio::test]
async fn an_end_anywhere_within_the_answer() {
    for format in &FORMATS {
        let answer = format.answer();
        for number in 0..answer.len() {
            let before = format.stream(&answer[..number]);
            let event = format.frame(answer[number]);
            let middle = (event.len() / 2..).find(|at| event.is_char_boundary(*at)).unwrap();
            for cut in [0, middle, event.len() - 2] {
                let Some(part) = event.get(..cut) else { continue };
                let (items, _) = ask_one(format, patient(), Act::reply(before.clone() + part)).await;
                let end = items.last().unwrap();
                // Here the last event is a courtesy: the one before it has said that the answer is complete.
                let is_told = answer[..number].iter().any(|data| data.contains(r#""finish_reason":"stop""#));
                match is_told {
                    true => assert_eq!(*end, Ok(Event::Stop(StopReason::End)), "{:?} {part}", format.kind),
                    false => assert!(matches!(end, Err(Error::Truncated { .. })), "{:?} {part} {end:?}", format.kind),
                }
            }
        }
    }
}

#[tokio::test]
async fn an_empty_body() {
    check(|format| Act::reply(format.head()), expect![[r#"
        all:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
    check(|_| Act::Reply(response("200 OK", "", "")), expect![[r#"
        all:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
    check(|_| Act::reply("HTTP/1.1 204 No Content\r\n\r\n"), expect![[r#"
        all:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
}

#[tokio::test]
async fn dropping_the_stream_after_any_event_closes_the_socket() {
    for format in &FORMATS {
        let answer = format.answer();
        for length in 0..=answer.len() {
            let part = format.stream(&answer[..length]);
            let (items, _) = ask_one(format, patient(), Act::reply(&part)).await;
            let events = items.iter().filter(|item| item.is_ok()).count();
            // A stop that only the end of the body brings does not come while it hangs.
            let whole = length == answer.len();
            let events = if whole { events } else { events - items.iter().filter(|item| is_stop(item)).count() };

            let mut server = Server::start([Act::hang(&part)]).await;
            let mut stream = provider(format, &server.base_url, patient()).stream(request());
            for _ in 0..events {
                stream.next().await.unwrap().unwrap();
            }
            let connection = match events {
                // It must be asked to be sent.
                0 => tokio::select! {
                    item = stream.next() => panic!("{item:?}"),
                    connection = server.connection() => connection,
                },
                _ => server.connection().await,
            };
            drop(stream);
            connection.end().await;
        }
    }
}

fn is_stop(item: &Result<Event, Error>) -> bool {
    matches!(item, Ok(Event::Stop(_)))
}

#[tokio::test]
async fn dropping_the_stream_before_the_headers_closes_the_socket() {
    for format in &FORMATS {
        let mut server = Server::start([Act::hang("")]).await;
        let mut stream = provider(format, &server.base_url, patient()).stream(request());
        let connection = tokio::select! {
            item = stream.next() => panic!("{item:?}"),
            connection = server.connection() => connection,
        };
        drop(stream);
        connection.end().await;
    }
}

#[tokio::test]
async fn one_provider_serves_many_requests() {
    for format in &FORMATS {
        let answer = format.stream(&format.answer());
        // One that has answered before is asked twice: the connection may have been an old one.
        let acts = [Act::reply(&answer), Act::reply(""), Act::reply(""), Act::reply(&answer)];
        let mut server = Server::start(acts).await;
        let provider = provider(format, &server.base_url, patient());
        assert!(is_stop(ask(&provider).await.last().unwrap()));
        assert!(matches!(ask(&provider).await.as_slice(), [Err(Error::Reset { .. })]));
        assert!(is_stop(ask(&provider).await.last().unwrap()));
        assert_eq!(server.requests().len(), 4);
    }
}

/// The environment of a process can't be changed safely, so another process asks.
#[test]
fn a_server_on_this_computer_is_never_asked_through_a_proxy() {
    let proxy = Forbidden::new();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "connection::a_whole_answer_and_its_request"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, proxy.base_url.trim_end_matches("/v1"));
    }
    let output = again.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    proxy.assert_nobody_came();
}
