//! The codec on events written by hand: what servers send, and what it must mean.

use expect_test::{Expect, expect};

use super::*;
use crate::Message;

/// Decodes one event per line, a line being the event's data.
fn check(lines: &str, expect: Expect) {
    let mut codec = ChatCodec::new(LimitField::MaxTokens);
    let mut out = Vec::new();
    let mut outcome = None;
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let event = SseEvent { event: String::new(), data: line.to_owned() };
        match codec.event(&event, &mut out) {
            Ok(Step::Done) => outcome = Some(Ok(())),
            Ok(_) => continue,
            Err(fault) => outcome = Some(Err(fault)),
        }
        break;
    }
    let outcome = outcome.unwrap_or_else(|| codec.end(&mut out));
    show(&out, outcome, expect);
}

fn check_whole(body: &str, expect: Expect) {
    let mut out = Vec::new();
    let outcome = ChatCodec::new(LimitField::MaxTokens).whole(body.as_bytes(), &mut out);
    show(&out, outcome, expect);
}

fn show(out: &[Event], outcome: Result<(), Fault>, expect: Expect) {
    let mut shown: String = out.iter().map(|event| format!("{event:?}\n")).collect();
    if let Err(fault) = outcome {
        shown += &format!("{fault:?}\n");
    }
    expect.assert_eq(&shown);
}

fn check_body(limit: LimitField, request: &Request, expect: Expect) {
    let body = ChatCodec::new(limit).encode(request).unwrap();
    expect.assert_eq(&format!("{}\n", String::from_utf8(body).unwrap()));
}

#[test]
fn request_bodies() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("be brief"), Message::user("\"hi\""), Message::assistant("yes")],
        ..Request::default()
    };
    check_body(
        LimitField::MaxTokens,
        &request,
        expect![[r#"
        {"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"\"hi\""},{"role":"assistant","content":"yes"}],"stream":true,"stream_options":{"include_usage":true}}
    "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        temperature: Some(0.2),
        stop: vec!["\n\n".into()],
        ..Request { messages: Vec::new(), ..request }
    };
    check_body(
        LimitField::MaxTokens,
        &request,
        expect![[r#"
        {"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true},"max_tokens":64,"temperature":0.2,"stop":["\n\n"]}
    "#]],
    );
    check_body(
        LimitField::MaxCompletionTokens,
        &request,
        expect![[r#"
        {"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":64,"temperature":0.2,"stop":["\n\n"]}
    "#]],
    );
}

#[test]
fn text_then_usage_then_done() {
    check(
        r#"
        {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}
        {"choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":null,"finish_reason":null}]}
        {"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}
        {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
        {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}}
        [DONE]
        {"choices":[{"index":0,"delta":{"content":"ignored"}}]}
        "#,
        expect![[r#"
            Text("Hel")
            Text("lo")
            Usage(Usage { input: 9, output: 2, cached_input: 4, reasoning: 1 })
            Stop(End)
        "#]],
    );
}

#[test]
fn reasoning_under_either_name() {
    check(
        r#"
        {"choices":[{"delta":{"reasoning_content":"a","content":null}}]}
        {"choices":[{"delta":{"reasoning":"b"}}]}
        {"choices":[{"delta":{"content":"c"},"finish_reason":"stop"}]}
        "#,
        expect![[r#"
            Reasoning("a")
            Reasoning("b")
            Text("c")
            Stop(End)
        "#]],
    );
}

#[test]
fn usage_in_every_chunk_is_sent_when_it_changes() {
    check(
        r#"
        {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}
        {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}
        {"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":2}}
        [DONE]
        "#,
        expect![[r#"
            Text("a")
            Usage(Usage { input: 3, output: 1, cached_input: 0, reasoning: 0 })
            Usage(Usage { input: 3, output: 2, cached_input: 0, reasoning: 0 })
            Stop(Length)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    check(
        r#"{"choices":[{"delta":null,"finish_reason":"content_filter"}]}"#,
        expect![[r#"
        Stop(ContentFilter)
    "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":"pause"}]}"#,
        expect![[r#"
        Stop(Other("pause"))
    "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":"error"}]}"#,
        expect![[r#"
        Reply(String("The answer ended with finish_reason `error`."))
    "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":""}]}"#,
        expect![[r#"
        Truncated
    "#]],
    );
}

#[test]
fn other_choices_and_text_after_the_finish_are_ignored() {
    check(
        r#"
        {"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}
        {"choices":[{"index":0,"delta":{"content":"late"},"finish_reason":"length"}]}
        "#,
        expect![[r#"
            Text("a")
            Stop(End)
        "#]],
    );
}

#[test]
fn tool_calls_by_index() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read","arguments":""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"list","arguments":""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"x\"}"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}
        "#,
        expect![[r#"
            ToolCall { id: "a", name: "read", arguments: "{\"path\":\"x\"}" }
            ToolCall { id: "b", name: "list", arguments: "{}" }
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn tool_calls_by_id_where_every_index_is_zero() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"list","arguments":"{\"n\""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"stop"}]}
        "#,
        expect![[r#"
            ToolCall { id: "a", name: "read", arguments: "{}" }
            ToolCall { id: "b", name: "list", arguments: "{\"n\":1}" }
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn tool_calls_without_id_or_index() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"function":{"name":"read","arguments":"{\"a\""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"id":"","function":{"arguments":":1}"}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"function":{"name":"list","arguments":{"b":2}}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}
        "#,
        expect![[r#"
            ToolCall { id: "call_0", name: "read", arguments: "{\"a\":1}" }
            ToolCall { id: "call_1", name: "list", arguments: "{\"b\":2}" }
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn a_tool_call_that_the_limit_cut_is_not_sent() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"write","arguments":"{\"path\":\"/et"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"length"}]}
        "#,
        expect![[r#"
            ToolCall { id: "a", name: "read", arguments: "{}" }
            Stop(Length)
        "#]],
    );
}

#[test]
fn faults() {
    check(
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        expect![[r#"
        Text("a")
        Truncated
    "#]],
    );
    check(
        "[DONE]",
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        r#"{"choices":[{"delta":{"content":"a"}"#,
        expect![[r#"
        Malformed("EOF while parsing an object at line 1 column 36")
    "#]],
    );
    check(
        r#"{"choices":[{"delta":{"content":{"a":1}}}]}"#,
        expect![[r#"
        Malformed("invalid type: map, expected a string")
    "#]],
    );
    check(
        "5",
        expect![[r#"
        Malformed("invalid type: integer `5`, expected struct Chunk")
    "#]],
    );
    check(
        r#"{"error":{"message":"no","code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
        expect![[r#"
            Reply(Object {"choices": Array [Object {"delta": Object {"content": String("")}, "finish_reason": String("error")}], "error": Object {"code": Number(502), "message": String("no")}})
        "#]],
    );
    check(
        r#"{"object":"error","message":"no"}"#,
        expect![[r#"
        Reply(Object {"message": String("no"), "object": String("error")})
    "#]],
    );
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2},"error":null}"#,
        expect![[r#"
            Text("Hello")
            Usage(Usage { input: 1, output: 2, cached_input: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
    check_whole(
        r#"{"error":"no"}"#,
        expect![[r#"
        Reply(Object {"error": String("no")})
    "#]],
    );
    check_whole(
        r#"{"status":"ok"}"#,
        expect![[r#"
        NotAnAnswer
    "#]],
    );
    check_whole(
        "<html>",
        expect![[r#"
        NotAnAnswer
    "#]],
    );
}
