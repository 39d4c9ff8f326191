//! Answers that are whole as HTTP and wrong as answers: errors in them, calls that are cut, counts, odd events.

use aiex_llm::{Class, Error, Event, Kind, Usage};
use expect_test::expect;
use serde_json::Value;

use crate::{
    ask_one, check,
    common::{
        formats::{FORMATS, Format, USAGE, format},
        patient, said,
        server::{Act, response},
    },
    outcomes,
};

fn json(body: &str) -> Act {
    Act::Reply(response("200 OK", "Content-Type: application/json\r\n", body))
}

#[tokio::test]
async fn json_although_a_stream_was_asked() {
    check(
        |format| json(format.whole),
        expect![[r#"
        all:
          Text("Héllo €😀")
          Stop(End)
    "#]],
    )
    .await;
    check(
        |format| json(&format!("\r\n {}\n", format.whole)),
        expect![[r#"
        all:
          Text("Héllo €😀")
          Stop(End)
    "#]],
    )
    .await;
    // Gemini's own, without `alt=sse`.
    let gemini = format(Kind::Gemini);
    let (items, _) = ask_one(gemini, patient(), json(&format!("[{}]", gemini.whole))).await;
    assert!(matches!(items.last(), Some(Ok(Event::Stop(_)))), "{items:?}");
}

#[tokio::test]
async fn something_else_than_an_answer() {
    check(|_| json(r#"{"status":"ok"}"#), expect![[r#"
        OpenAiChat, OpenAiResponses, Anthropic, Gemini:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"status":"ok"}”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Ollama:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
    check(|format| json(format.whole.get(..40).unwrap()), expect![[r#"
        OpenAiChat:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"object":"chat.completion","choices":[{”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        OpenAiResponses:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"id":"r","object":"response","status":"”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Anthropic:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"id":"m","type":"message","role":"assis”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Gemini:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “{"candidates":[{"content":{"parts":[{"te”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
        Ollama:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
    "#]]).await;
    check(|_| json("<!DOCTYPE html><html><title>Sign in</title><body>…"), expect![[r#"
        all:
          Invalid: acme (ORIGIN) answered with something else than a model's answer. It said: “Sign in”. Check that base_url is the address of the API, often ending in /v1, and not of a web page.
    "#]]).await;
    check(|_| json("It works!"), expect![[r#"
        OpenAiChat, OpenAiResponses, Anthropic, Gemini:
          Truncated: acme (ORIGIN) ended its answer without saying that it was complete, so a part may be missing. Ask again.
        Ollama:
          Transient: acme (ORIGIN) sent an event that could not be read. Reason: expected value at line 1 column 1. Ask again; if it happens again, check that base_url is an API of the configured kind.
    "#]]).await;
}

/// In every shape of the format.
#[tokio::test]
async fn an_error_first() {
    let shape = |number: usize| {
        move |format: &Format| {
            let error = format.errors.iter().cycle().nth(number).unwrap();
            Some(Act::reply(said(&format.stream(&[error, format.terminal]))))
        }
    };
    let first = outcomes(patient(), shape(0)).await;
    for number in 1..3 {
        assert_eq!(outcomes(patient(), shape(number)).await, first);
    }
    expect![[r#"
        OpenAiChat, Anthropic, Gemini:
          Transient: acme (ORIGIN) could not answer now (status 503). It said: “Overloaded: *** *** ***”. Try again in a moment.
        OpenAiResponses:
          Transient: acme (ORIGIN) could not answer now (status 500). It said: “Overloaded: *** *** ***”. Try again in a moment.
        Ollama:
          Transient: acme (ORIGIN) reported an error instead of an answer. It said: “Overloaded: *** *** ***”. Ask again.
    "#]].assert_eq(&first);
}

#[tokio::test]
async fn an_error_after_text() {
    for format in &FORMATS {
        for error in format.errors {
            let events = [format.begun(), vec![error], format.answer()].concat();
            let (items, _) = ask_one(format, patient(), Act::reply(said(&format.stream(&events)))).await;
            let shown: Vec<_> = items.iter().filter(|item| !matches!(item, Ok(Event::Usage(_)))).collect();
            let [Ok(Event::Text(_)), Ok(Event::Text(_)), Err(error)] = shown.as_slice() else { panic!("{items:?}") };
            assert_eq!(error.class(), Class::Transient, "{:?}", format.kind);
        }
    }
}

#[tokio::test]
async fn an_error_as_the_whole_body_of_a_success() {
    // Not Responses' `response.failed`, which only a stream has.
    check(|format| json(&said(format.errors[format.errors.len() / 2])), expect![[r#"
        OpenAiChat, Anthropic, Gemini:
          Transient: acme (ORIGIN) could not answer now (status 503). It said: “Overloaded: *** *** ***”. Try again in a moment.
        OpenAiResponses:
          Transient: acme (ORIGIN) could not answer now (status 500). It said: “Overloaded: *** *** ***”. Try again in a moment.
        Ollama:
          Transient: acme (ORIGIN) reported an error instead of an answer. It said: “Overloaded: *** *** ***”. Ask again.
    "#]]).await;
}

#[tokio::test]
async fn a_call_that_the_token_limit_cut_is_not_made() {
    check(
        |format| Act::reply(format.stream(format.cut)),
        expect![[r#"
        all:
          ToolCall(ToolCall { id: "a", name: "read_file", arguments: "{\"path\":\"é.rs\"}", signature: None })
          Stop(Length)
    "#]],
    )
    .await;
}

/// Calls by their index, which compatible servers leave out, repeat, or give to all.
#[tokio::test]
async fn tool_indices_duplicated_or_missing() {
    let chat = format(Kind::OpenAiChat);
    let piece = |index: &str, id: &str, name: &str, arguments: &str| {
        let index = if index.is_empty() { String::new() } else { format!("\"index\":{index},") };
        let id = if id.is_empty() { String::new() } else { format!("\"id\":\"{id}\",") };
        let function = format!("{{\"name\":{name:?},\"arguments\":{arguments:?}}}");
        format!("{{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{{index}{id}\"function\":{function}}}]}}}}]}}")
    };
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#;
    for indices in [["0", "0", "1", "1"], ["0", "0", "0", "0"], ["", "", "", ""], ["1", "1", "0", "0"]] {
        for ids in [["a", "a", "b", "b"], ["a", "", "b", ""]] {
            let pieces = [
                piece(indices[0], ids[0], "one", "{\"x\":"),
                piece(indices[1], ids[1], "", "1}"),
                piece(indices[2], ids[2], "two", "{\"y\":"),
                piece(indices[3], ids[3], "", "2}"),
            ];
            let events: Vec<&str> = pieces.iter().map(String::as_str).chain([finish, "[DONE]"]).collect();
            let (items, _) = ask_one(chat, patient(), Act::reply(chat.stream(&events))).await;
            let calls = items.iter().filter_map(|item| match item {
                Ok(Event::ToolCall(call)) => Some((call.id.as_str(), call.name.as_str(), call.arguments.as_str())),
                _ => None,
            });
            let expected = [("a", "one", "{\"x\":1}"), ("b", "two", "{\"y\":2}")];
            assert_eq!(calls.collect::<Vec<_>>(), expected, "{indices:?} {ids:?}");
        }
    }
}

fn last_usage(items: &[Result<Event, Error>]) -> Option<Usage> {
    items.iter().rev().find_map(|item| if let Ok(Event::Usage(usage)) = item { Some(*usage) } else { None })
}

#[tokio::test]
async fn usage_absent() {
    fn without(value: &mut Value) {
        if let Value::Object(fields) = value {
            fields.retain(|name, _| {
                !["usage", "usageMetadata", "prompt_eval_count", "eval_count"].contains(&name.as_str())
            });
            fields.values_mut().for_each(without);
        }
    }
    for format in &FORMATS {
        let event = |data: &str| match serde_json::from_str(data) {
            Ok(mut value) => {
                without(&mut value);
                format.frame(&value.to_string())
            }
            Err(_) => format.frame(data),
        };
        let body: String = format.answer().into_iter().map(event).collect();
        let (items, _) = ask_one(format, patient(), Act::reply(format.head() + &body)).await;
        assert_eq!(last_usage(&items), None, "{:?}", format.kind);
        assert!(matches!(items.last(), Some(Ok(Event::Stop(_)))), "{:?} {items:?}", format.kind);
    }
}

#[tokio::test]
async fn usage_repeated_is_not_added_up() {
    for format in &FORMATS {
        let before = format.begun();
        let events = [&before, format.usages, format.finish, &[format.terminal]].concat();
        let (items, _) = ask_one(format, patient(), Act::reply(format.stream(&events))).await;
        assert_eq!(last_usage(&items), Some(USAGE), "{:?} {items:?}", format.kind);
        let mut usages: Vec<_> = items.iter().filter(|item| matches!(item, Ok(Event::Usage(_)))).collect();
        let count = usages.len();
        usages.dedup();
        assert_eq!(usages.len(), count, "{:?} {items:?}", format.kind);
    }
}

#[tokio::test]
async fn events_after_the_terminator() {
    // The connection stays open: the answer must end without its end.
    let events = |format: &Format| [format.answer(), format.answer(), vec![format.errors[0], "{"]].concat();
    check(
        |format| Act::hang(format.stream(&events(format))),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Stop(End)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn unknown_fields_and_events() {
    let events = |format: &Format| {
        let answer = format.answer();
        let (text, end) = answer.split_at(format.begun().len());
        [format.unknown, text, format.unknown, end].concat()
    };
    check(
        |format| Act::reply(format.stream(&events(format))),
        expect![[r#"
        all:
          Text("Hé")
          Text("llo €😀")
          Stop(End)
    "#]],
    )
    .await;
}
