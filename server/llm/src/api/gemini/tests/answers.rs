//! Answers written by hand, in events and whole: what Gemini sends, and what it must mean.

use expect_test::{Expect, expect};
use serde_json::json;

use super::super::Gemini;
use crate::{
    Request,
    api::{
        Api as _, Fault, Kind, Step,
        testing::{self, decode, decode_whole, event},
    },
};

fn check(lines: &str, expect: Expect) {
    testing::check(Kind::Gemini, lines, expect);
}

fn check_whole(body: &str, expect: Expect) {
    testing::check_whole(Kind::Gemini, body, expect);
}

#[test]
fn text_then_the_finish() {
    check(
        r#"
        {"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1,"totalTokenCount":10},"modelVersion":"m"}
        {"candidates":[{"content":{"parts":[{"text":"lo"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"thoughtsTokenCount":3,"cachedContentTokenCount":4,"totalTokenCount":14}}
        {"candidates":[{"content":{"parts":[{"text":"ignored"}],"role":"model"}}]}
        "#,
        expect![[r#"
            Text("Hel")
            Usage(Usage { input: 9, output: 1, cached_input: 0, cache_written: 0, reasoning: 0 })
            Text("lo")
            Usage(Usage { input: 9, output: 5, cached_input: 4, cache_written: 0, reasoning: 3 })
            Stop(End)
        "#]],
    );
}

#[test]
fn thoughts_are_not_the_answer() {
    check(
        r#"
        {"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"text":"b","thought":false},{"text":"c","thought":null},{"text":"d","thought":true,"thoughtSignature":"x"}]}}]}
        {"candidates":[{"finishReason":"STOP"}]}
        "#,
        expect![[r#"
            Reasoning("a")
            Text("b")
            Text("c")
            Reasoning("d")
            Stop(End)
        "#]],
    );
}

#[test]
fn a_signature_alone_is_replayed_and_one_on_a_text_is_not() {
    check(
        r#"
        {"candidates":[{"content":{"parts":[{"text":"a","thoughtSignature":"x"},{"text":"","thoughtSignature":"y"},{"thoughtSignature":"z"},{"text":"","thoughtSignature":""}]}}]}
        {"candidates":[{"finishReason":"STOP"}]}
        "#,
        expect![[r#"
            Text("a")
            Replay({"text":"","thoughtSignature":"y"})
            Replay({"text":"","thoughtSignature":"z"})
            Stop(End)
        "#]],
    );
}

#[test]
fn tool_calls() {
    check(
        r#"
        {"candidates":[{"content":{"parts":[{"functionCall":{"id":"a","name":"read","args":{"path":"x","n":[1,2.5]}},"thoughtSignature":"x"},{"functionCall":{"name":"list"}},{"functionCall":{"id":"","name":"list","args":null}}]}}]}
        {"candidates":[{"content":{"parts":[{"functionCall":{"name":"last","args":{}}},{"text":""}]},"finishReason":"STOP"}]}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":[1,2.5],\"path\":\"x\"}", signature: Some("x") })
            ToolCall(ToolCall { id: "call_1", name: "list", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "call_2", name: "list", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "call_3", name: "last", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    let mut shown = String::new();
    for reason in [
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "LANGUAGE",
        "NEW",
    ] {
        let data = json!({"candidates": [{"finishReason": reason}]}).to_string();
        let mut out = Vec::new();
        let step = Gemini.decoder().event(&event("", &data), &mut out);
        assert_eq!(step, Ok(Step::Done));
        shown += &format!("{reason} {out:?}\n");
    }
    expect![[r#"
        STOP [Stop(End)]
        MAX_TOKENS [Stop(Length)]
        SAFETY [Stop(ContentFilter)]
        RECITATION [Stop(ContentFilter)]
        BLOCKLIST [Stop(ContentFilter)]
        PROHIBITED_CONTENT [Stop(ContentFilter)]
        SPII [Stop(ContentFilter)]
        IMAGE_SAFETY [Stop(ContentFilter)]
        MALFORMED_FUNCTION_CALL [Stop(Other("MALFORMED_FUNCTION_CALL"))]
        UNEXPECTED_TOOL_CALL [Stop(Other("UNEXPECTED_TOOL_CALL"))]
        LANGUAGE [Stop(Other("LANGUAGE"))]
        NEW [Stop(Other("NEW"))]
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_call_before_the_limit_does_not_hide_it() {
    check(
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"read"}}]},"finishReason":"MAX_TOKENS"}]}"#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "read", arguments: "{}", signature: None })
            Stop(Length)
        "#]],
    );
}

#[test]
fn usage_is_sent_when_it_changes_and_never_shrinks_by_a_gap() {
    check(
        r#"
        {"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"trafficType":"ON_DEMAND"}}
        {"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"thoughtsTokenCount":5}}
        {"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}
        {"candidates":[{"finishReason":"SAFETY"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":null}}
        "#,
        expect![[r#"
            Text("a")
            Text("b")
            Usage(Usage { input: 3, output: 6, cached_input: 0, cache_written: 0, reasoning: 5 })
            Usage(Usage { input: 4, output: 6, cached_input: 0, cache_written: 0, reasoning: 5 })
            Stop(ContentFilter)
        "#]],
    );
}

#[test]
fn what_moves_the_answer() {
    let mut decoder = Gemini.decoder();
    let mut step = |data: &str| decoder.event(&event("", data), &mut Vec::new()).unwrap();
    assert_eq!(step(""), Step::Nothing);
    assert_eq!(step("{}"), Step::Nothing);
    assert_eq!(step(r#"{"candidates":[],"usageMetadata":{"promptTokenCount":1}}"#), Step::Nothing);
    assert_eq!(step(r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#), Step::Progress);
    assert_eq!(step(r#"{"candidates":[{"finishReason":"STOP"}]}"#), Step::Done);
}

#[test]
fn missing_and_null_fields() {
    check(
        r#"
        {"candidates":null,"promptFeedback":null,"usageMetadata":null,"error":null}
        {"candidates":[],"promptFeedback":{"blockReason":null,"safetyRatings":[]}}
        {"candidates":[{"content":null,"finishReason":null}]}
        {"candidates":[{"content":{"role":"model"},"finishReason":""}]}
        {"candidates":[{"content":{"parts":null}}]}
        {"candidates":[{"content":{"parts":[{},{"text":null},{"executableCode":{"code":"1"}},{"functionCall":{}}]}}]}
        {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"content":{"parts":[{"text":"other"}]}}],"promptFeedback":{"blockReason":"SAFETY"}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "", arguments: "{}", signature: None })
            Text("a")
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn faults() {
    check(
        r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#,
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
        r#"{"candidates":[{"content":{"parts":[{"te"#,
        expect![[r#"
        Malformed("EOF while parsing a string at line 1 column 40")
    "#]],
    );
    check(
        r#"{"candidates":[{"content":{"parts":[{"text":{"a":1}}]}}]}"#,
        expect![[r#"
        Malformed("invalid type: map, expected a string")
    "#]],
    );
    check(
        "5",
        expect![[r#"
        Malformed("invalid type: integer `5`, expected struct Response")
    "#]],
    );
    check(
        r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
        expect![[r#"
            Reply({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})
        "#]],
    );
    check(
        r#"[{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}]"#,
        expect![[r#"
            Reply({"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}})
        "#]],
    );
    check(
        r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
        expect![[r#"
            Reply({"error":{"message":"The prompt was blocked: SAFETY","type":"content_filter"}})
        "#]],
    );
}

#[test]
fn a_blocked_prompt_is_a_refusal() {
    let endpoint = crate::Endpoint::new(crate::EndpointOptions {
        provider: "gemini".into(),
        base_url: "https://api.example/v1beta".into(),
        ..crate::EndpointOptions::default()
    });
    let (endpoint, request) = (endpoint.unwrap(), Request::default());
    let failure = crate::failure::Failure { endpoint: &endpoint, request: &request, key: None };
    let (_, outcome) = decode(Kind::Gemini, [event("", r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#)]);
    assert_eq!(failure.fault(outcome.unwrap_err(), b"").class(), crate::Class::Refusal);
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}"#,
        expect![[r#"
            Text("Hello")
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
    check_whole(
        r#"[{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]},
            {"candidates":[{"content":{"parts":[{"text":"lo"}]},"finishReason":"STOP"}]}]"#,
        expect![[r#"
            Text("Hel")
            Text("lo")
            Stop(End)
        "#]],
    );
    check_whole(
        r#"[{"error":{"code":400,"message":"no"}}]"#,
        expect![[r#"
            Reply({"error":{"code":400,"message":"no"}})
        "#]],
    );
    check_whole(
        r#"{"error":"no"}"#,
        expect![[r#"
            Reply({"error":"no"})
        "#]],
    );
    check_whole(
        r#"{"promptFeedback":{"blockReason":"OTHER"}}"#,
        expect![[r#"
            Reply({"error":{"message":"The prompt was blocked: OTHER","type":"content_filter"}})
        "#]],
    );
    for body in [
        r#"{"status":"ok"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"cut"}]}}]}"#,
        r#"{"candidates":5}"#,
        "[]",
        "5",
        "<html>",
    ] {
        assert_eq!(decode_whole(Kind::Gemini, body).1, Err(Fault::NotAnAnswer), "{body}");
    }
}
