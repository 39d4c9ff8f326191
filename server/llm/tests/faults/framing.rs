//! Bytes: characters that are split or broken, line ends, and more than there should be.

use aiex_llm::{Error, Event, StopReason};
use expect_test::expect;

use crate::{
    ask_one, check, check_sse,
    common::{
        ask,
        formats::{FORMATS, Format, HELLO},
        patient, provider,
        server::{Act, LAST_CHUNK, Server, chunks},
    },
};

/// The answer is the good one, whatever the bytes look like.
async fn assert_good(format: &Format, bytes: impl AsRef<[u8]>) {
    let (items, _) = ask_one(format, patient(), Act::reply(bytes.as_ref())).await;
    let text =
        items.iter().filter_map(|item| if let Ok(Event::Text(text)) = item { Some(text.as_str()) } else { None });
    let shown = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    assert_eq!(text.collect::<String>(), HELLO.concat(), "{:?} {shown}", format.kind);
    assert_eq!(items.last(), Some(&Ok(Event::Stop(StopReason::End))), "{:?} {shown}", format.kind);
}

/// Each byte in a chunk of its own.
fn split(body: &str) -> Vec<u8> {
    [&chunks(body.as_bytes().chunks(1)), LAST_CHUNK].concat()
}

#[tokio::test]
async fn utf8_split_at_every_byte() {
    for format in &FORMATS {
        assert_good(format, split(&format.frames(&format.answer()))).await;
    }
}

#[tokio::test]
async fn invalid_utf8() {
    let broken = |format: &Format| {
        let mut bytes = format.stream(&format.answer()).into_bytes();
        // The é of the first piece; what repeats the text later may stay as it is.
        let at = bytes.windows(2).position(|pair| pair == "é".as_bytes()).unwrap();
        bytes[at] = 0xff;
        Act::Reply(bytes)
    };
    check(
        broken,
        expect![[r#"
        all:
          Text("H��")
          Text("llo €😀")
          Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn every_line_ending_and_a_byte_order_mark() {
    for format in &FORMATS {
        let body = format.frames(&format.answer());
        let marked = format!("\u{feff}{body}");
        let mut bodies = vec![marked.clone(), body.replace('\n', "\r\n"), marked.replace('\n', "\r\n")];
        if format.is_sse() {
            bodies.extend([body.replace('\n', "\r"), marked.replace('\n', "\r")]);
        }
        // White space before it, and none behind it.
        bodies.push(format!("\r\n\n {}", body.replace("data: ", "data:").replacen("data:", "\ndata:", 1)));
        for body in bodies {
            assert_good(format, format.head() + &body).await;
            assert_good(format, split(&body)).await;
        }
    }
}

#[tokio::test]
async fn data_in_many_lines_and_comments_between() {
    for format in FORMATS.iter().filter(|format| format.is_sse()) {
        let event = |data: &str| {
            // JSON may be broken after a comma that follows a string.
            let data = data.replace("\",\"", "\",\ndata: \"");
            format!(
                ": comment\nid: 7\nretry: 1\nfoo: bar\n{}: comment\n\n:\n\n",
                format.frame("DATA").replace("DATA", &data)
            )
        };
        let name = |data: &str| {
            let value: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
            event(data).replace("event: odd", &format!("event: {}", value["type"].as_str().unwrap_or_default()))
        };
        let body: String = format.answer().into_iter().map(name).collect();
        assert!(body.contains("\",\ndata: \""));
        assert_good(format, format.head() + &body).await;
    }
}

/// What a client does not take, however long it gets.
async fn check_flood(act: impl Fn(&Format) -> Option<Act>, expected: fn(&Error) -> bool) {
    // What a client reads of it, and what the sockets hold.
    const MOST: usize = 50_000_000;
    for format in &FORMATS {
        let Some(act) = act(format) else { continue };
        let mut server = Server::start([act]).await;
        let items = ask(&provider(format, &server.base_url, patient())).await;
        assert!(matches!(items.as_slice(), [.., Err(error)] if expected(error)), "{:?} {items:?}", format.kind);
        let written = server.connection().await.end().await;
        assert!(written < MOST, "the client of {:?} read {written} bytes", format.kind);
    }
}

fn flood(head: String, piece: &str, limit: usize) -> Option<Act> {
    let piece = piece.repeat(1 + (1 << 16) / piece.len());
    Some(Act::Flood { head: head.into_bytes(), piece: piece.into_bytes(), limit })
}

const SIZE: usize = 100_000_000;

#[tokio::test]
async fn a_line_of_100_mb() {
    check_flood(|format| flood(format.head(), "a", SIZE), |error| matches!(error, Error::TooLong { .. })).await;
}

#[tokio::test]
async fn an_event_of_100_mb_after_text() {
    let begun = |format: &Format, start| format.stream(&format.begun()) + start;
    let event = |format: &Format| match format.is_sse() {
        true => flood(begun(format, ""), "data: aaaaaaaaaaaaaaaaaaaaaaaa\n", SIZE),
        false => flood(begun(format, "{\"message\":{\"content\":\""), "a", SIZE),
    };
    check_flood(event, |error| matches!(error, Error::TooLong { .. })).await;
}

#[tokio::test]
async fn json_of_100_mb() {
    let json = |format: &Format| flood(format.head() + "{\"choices\":[", "1,", SIZE);
    check_flood(json, |error| matches!(error, Error::TooLong { .. })).await;
}

#[tokio::test]
async fn an_error_body_without_end() {
    let head = "HTTP/1.1 500 Internal Server Error\r\n\r\n";
    check_flood(|_| flood(head.into(), "oh no ", SIZE), |error| matches!(error, Error::Unavailable { .. })).await;
}

#[tokio::test]
async fn malformed_json_mid_stream() {
    let events = |format: &Format| [format.begun(), vec!["{\"choices\": [}"], format.answer()].concat();
    check(|format| Act::reply(format.stream(&events(format))), expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: expected value at line 1 column 14. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
}

#[tokio::test]
async fn a_malformed_first_event() {
    check(|format| Act::reply(format.stream(&["{\"choices\": [}", format.terminal])), expect![[r#"
        all:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: expected value at line 1 column 14. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
    check(|format| Act::reply(format.stream(&["null", "[]", "7", "\"ok\""])), expect![[r#"
        OpenAiChat, OpenAiResponses:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: invalid type: null, expected struct Chunk at line 1 column 4. Ask again; if it happens again, check that base_url is an API of the configured kind.
        Anthropic:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: invalid type: null, expected struct Item at line 1 column 4. Ask again; if it happens again, check that base_url is an API of the configured kind.
        Gemini:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: invalid type: null, expected struct Response. Ask again; if it happens again, check that base_url is an API of the configured kind.
        Ollama:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: invalid type: null, expected struct Line. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
}

#[tokio::test]
async fn another_framing_than_the_formats_own() {
    let other = |format: &Format| match format.is_sse() {
        true => format.answer().join("\n") + "\n",
        false => format!("data: {}\n\n", format.answer().join("\n\ndata: ")),
    };
    check(|format| Act::reply(format.head() + &other(format)), expect![[r#"
        OpenAiChat:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null} {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{…”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        OpenAiResponses:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"type":"response.created","response":{"id":"r","object":"response","status":"in_progress","output":[],"usage":null}} {"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"mes…”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Anthropic:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":12,"output_tokens":1}}} {"type":"content_block_start","index":0,…”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Gemini:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"candidates":[{"content":{"parts":[{"text":"Hé"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":1}} {"candidates":[{"content":{"parts":[{"text":"llo €😀"}],…”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Ollama:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: expected value at line 1 column 1. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
}

/// An event counts when its empty line has come; a line does without its end.
#[tokio::test]
async fn a_last_event_without_its_end() {
    let body = |format: &Format| Act::reply(format.stream(&format.answer()).trim_end());
    check(body, expect![[r#"
        OpenAiChat, Ollama:
          Text("Hé")
          Text("llo €😀")
          Stop(End)
        OpenAiResponses, Anthropic, Gemini:
          Text("Hé")
          Text("llo €😀")
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
    check_sse(|format| Act::reply(format.stream(&format.begun()).trim_end()), expect![[r#"
        all:
          Text("Hé")
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
}
