//! Answers written by hand, in lines and whole: what Ollama sends, and what it must mean.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::super::Ollama;
use crate::api::{
    Api as _, Fault, Kind, Step,
    testing::{self, decode_body, decode_whole, event, show},
};

fn check(lines: &str, expect: Expect) {
    expect.assert_eq(&show(&decode_body(Kind::Ollama, &[lines.as_bytes()])));
}

fn check_whole(body: &str, expect: Expect) {
    testing::check_whole(Kind::Ollama, body, expect);
}

#[test]
fn text_then_done() {
    check(
        r#"
        {"model":"m","created_at":"2026-11-04T09:12:31Z","message":{"role":"assistant","content":"Hel"},"done":false}
        {"model":"m","message":{"role":"assistant","content":"lo"},"done":false}
        {"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2}
        {"model":"m","message":{"role":"assistant","content":"ignored"},"done":false}
        "#,
        expect![[r#"
            Text("Hel")
            Text("lo")
            Usage(Usage { input: 9, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
}

#[test]
fn thoughts_come_before_text_and_calls() {
    check(
        r#"
        {"message":{"content":"","thinking":"a"}}
        {"message":{"tool_calls":[{"function":{"name":"read"}}],"content":"c","thinking":"b"},"done":true}
        "#,
        expect![[r#"
            Reasoning("a")
            Reasoning("b")
            Text("c")
            ToolCall(ToolCall { id: "call_0", name: "read", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn tool_calls() {
    check(
        r#"
        {"message":{"content":"","tool_calls":[{"id":"a","function":{"index":0,"name":"read","arguments":{"path":"x","n":[1,2.5]}}},{"function":{"name":"list","arguments":{}}}]}}
        {"message":{"content":"","tool_calls":[{"id":"","function":{"name":"list","arguments":null}},{"function":{"name":"said","arguments":"{\"a\":1}"}},{"function":{"name":"blank","arguments":" "}}]}}
        {"message":{"content":""},"done":true,"done_reason":"stop"}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":[1,2.5],\"path\":\"x\"}", signature: None })
            ToolCall(ToolCall { id: "call_1", name: "list", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "call_2", name: "list", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "call_3", name: "said", arguments: "{\"a\":1}", signature: None })
            ToolCall(ToolCall { id: "call_4", name: "blank", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    let mut shown = String::new();
    for reason in [json!("stop"), json!("length"), json!("load"), json!("unload"), json!(""), Value::Null] {
        let line = json!({"message": {"content": ""}, "done": true, "done_reason": reason}).to_string();
        shown += &format!("{reason} {}", show(&decode_body(Kind::Ollama, &[line.as_bytes()])));
    }
    expect![[r#"
        "stop" Stop(End)
        "length" Stop(Length)
        "load" Stop(Other("load"))
        "unload" Stop(Other("unload"))
        "" Stop(End)
        null Stop(End)
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_call_before_the_limit_does_not_hide_it() {
    check(
        r#"{"message":{"tool_calls":[{"function":{"name":"read"}}]},"done":true,"done_reason":"length"}"#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "read", arguments: "{}", signature: None })
            Stop(Length)
        "#]],
    );
}

#[test]
fn counts_may_be_missing() {
    check(
        r#"{"message":{"content":"a"},"done":true,"eval_count":2}"#,
        expect![[r#"
        Text("a")
        Usage(Usage { input: 0, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(End)
    "#]],
    );
    check(
        r#"{"done":true,"prompt_eval_count":null,"eval_count":null}"#,
        expect![[r#"
        Stop(End)
    "#]],
    );
}

#[test]
fn what_moves_the_answer() {
    let mut decoder = Ollama.decoder();
    let mut step = |data: &str| decoder.event(&event("", data), &mut Vec::new()).unwrap();
    assert_eq!(step(""), Step::Nothing);
    assert_eq!(step("{}"), Step::Nothing);
    assert_eq!(step(r#"{"message":null}"#), Step::Nothing);
    assert_eq!(step(r#"{"message":{"content":"a"},"done":false}"#), Step::Progress);
    assert_eq!(step(r#"{"done":true}"#), Step::Done);
}

#[test]
fn missing_and_null_fields() {
    check(
        r#"
        {"message":null,"done":null,"error":null}
        {"message":{"role":null,"content":null,"thinking":null,"tool_calls":null,"images":[]}}
        {"message":{"tool_calls":[{},{"id":null,"function":null}]}}
        {"message":{},"done":true,"done_reason":null}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "call_1", name: "", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn faults() {
    check(
        r#"{"message":{"content":"a"},"done":false}"#,
        expect![[r#"
        Text("a")
        Truncated
    "#]],
    );
    check(
        "",
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        "not JSON",
        expect![[r#"
        Malformed("expected ident at line 1 column 2")
    "#]],
    );
    check(
        r#"{"message":{"content":"a"},"#,
        expect![[r#"
            Truncated
        "#]],
    );
    check(
        r#"{"message":{"content":{"a":1}}}"#,
        expect![[r#"
        Malformed("invalid type: map, expected a string")
    "#]],
    );
    check(
        "5",
        expect![[r#"
        Malformed("invalid type: integer `5`, expected struct Line")
    "#]],
    );
    check(
        r#"{"error":"model 'm' not found"}"#,
        expect![[r#"
            Reply({"error":"model 'm' not found"})
        "#]],
    );
    check(
        r#"{"message":{"content":"a"},"done":true,"error":"model runner has stopped"}"#,
        expect![[r#"
            Reply({"done":true,"error":"model runner has stopped","message":{"content":"a"}})
        "#]],
    );
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"model":"m","message":{"role":"assistant","content":"Hello"},"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":2}"#,
        expect![[r#"
            Text("Hello")
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
    check_whole(
        r#"{"error":"no"}"#,
        expect![[r#"
            Reply({"error":"no"})
        "#]],
    );
    for body in [r#"{"status":"ok"}"#, r#"{"message":{"content":"cut"},"done":false}"#, "[]", "5", "<html>"] {
        assert_eq!(decode_whole(Kind::Ollama, body).1, Err(Fault::NotAnAnswer), "{body}");
    }
}
