//! Answers written by hand, in events and whole: what servers send, and what it must mean.

use expect_test::{Expect, expect};
use serde_json::json;

use super::super::Anthropic;
use crate::{
    Event, StopReason,
    api::{
        Api as _, Kind, Step,
        testing::{self, decode, event},
    },
};

fn check(lines: &str, expect: Expect) {
    testing::check(Kind::Anthropic, lines, expect);
}

fn check_whole(body: &str, expect: Expect) {
    testing::check_whole(Kind::Anthropic, body, expect);
}

#[test]
fn types_by_the_events_name() {
    check(
        r#"
        message_start|{"message":{}}
        content_block_start|{"content_block":{"type":"text","text":"a"}}
        content_block_delta|{"delta":{"type":"text_delta","text":"b"}}
        content_block_stop|{}
        message_delta|{"delta":{"stop_reason":"stop_sequence"}}
        message_stop|{}
        "#,
        expect![[r#"
            Text("a")
            Text("b")
            Stop(End)
        "#]],
    );
}

#[test]
fn fields_that_are_null_or_missing() {
    check(
        r#"
        {"type":"message_start","message":null}
        {"type":"message_start","message":{"usage":null}}
        {"type":"message_start","message":{"usage":{"input_tokens":null,"output_tokens":null}}}
        {"type":"content_block_start","index":0,"content_block":{"type":"text","text":null}}
        {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":null}}
        {"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"of no block"}}
        {"type":"content_block_delta","index":0,"delta":null}
        {"type":"content_block_delta"}
        {"type":"content_block_start"}
        {"type":"content_block_stop","index":9}
        {"type":"message_delta","delta":{"stop_reason":null},"usage":null}
        {"type":"message_delta","delta":{"stop_reason":""},"usage":{}}
        {"type":"message_delta","delta":{"stop_reason":"end_turn"}}
        {"type":"message_stop","error":null}
        "#,
        expect![[r#"
            Text("of no block")
            Stop(End)
        "#]],
    );
}

#[test]
fn what_is_not_known_is_ignored() {
    check(
        r#"
        {"type":"ping"}
        {"type":"vibe_check","delta":"anything","index":-1}
        {"no":"type"}
        {"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}
        {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":1}"}}
        {"type":"content_block_stop","index":0}
        {"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","text":["not a text"]}}
        {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"of a block that is not known"}}
        {"type":"content_block_stop","index":1}
        {"type":"content_block_start","index":2,"content_block":{"type":"text","text":"","citations":[]}}
        {"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"cited_text":"x"}}}
        {"type":"content_block_delta","index":2,"delta":{"type":"new_delta","text":{"not":"a text"}}}
        {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}}
        {"type":"content_block_stop","index":2}
        {"type":"message_delta","delta":{"stop_reason":"end_turn"}}
        {"type":"message_stop"}
        {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"late"}}
        "#,
        expect![[r#"
            Text("a")
            Stop(End)
        "#]],
    );
}

#[test]
fn steps() {
    let mut decoder = Anthropic.decoder();
    let mut step = |data: &str| decoder.event(&event("", data), &mut Vec::new());
    assert_eq!(step(""), Ok(Step::Nothing));
    assert_eq!(step(r#"{"type":"ping"}"#), Ok(Step::Nothing));
    assert_eq!(step(r#"{"type":"message_start"}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"type":"content_block_start","content_block":{"type":"thinking"}}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"type":"content_block_delta","delta":{"type":"signature_delta"}}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"type":"content_block_delta","delta":{"type":"citations_delta"}}"#), Ok(Step::Nothing));
    assert_eq!(step(r#"{"type":"content_block_stop"}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"type":"content_block_start","content_block":{"type":"new"}}"#), Ok(Step::Nothing));
    assert_eq!(step(r#"{"type":"content_block_stop"}"#), Ok(Step::Nothing));
    assert_eq!(step(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"type":"message_stop"}"#), Ok(Step::Done));
}

#[test]
fn thoughts_go_back_whole_or_not_at_all() {
    check(
        r#"
        {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"a","signature":""}}
        {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"b"}}
        {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s="}}
        {"type":"content_block_stop","index":0}
        {"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":"not shown"}}
        {"type":"content_block_stop","index":1}
        {"type":"content_block_start","index":2,"content_block":{"type":"thinking"}}
        {"type":"content_block_stop","index":2}
        {"type":"content_block_start","index":3,"content_block":{"type":"thinking","thinking":"cut"}}
        {"type":"message_delta","delta":{"stop_reason":"max_tokens"}}
        {"type":"message_stop"}
        "#,
        expect![[r#"
            Reasoning("a")
            Reasoning("b")
            Replay({"signature":"s=","thinking":"ab","type":"thinking"})
            Replay({"signature":"not shown","thinking":"","type":"thinking"})
            Reasoning("cut")
            Stop(Length)
        "#]],
    );
}

#[test]
fn thoughts_stay_between_the_calls() {
    check(
        r#"
        {"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"x"}}
        {"type":"content_block_stop","index":0}
        {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"read"}}
        {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"n\":1}"}}
        {"type":"content_block_stop","index":1}
        {"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"y"}}
        {"type":"content_block_stop","index":2}
        {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"b","name":"read"}}
        {"type":"content_block_stop","index":3}
        {"type":"message_delta","delta":{"stop_reason":"tool_use"}}
        {"type":"message_stop"}
        "#,
        expect![[r#"
            Replay({"data":"x","type":"redacted_thinking"})
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":1}", signature: None })
            Replay({"data":"y","type":"redacted_thinking"})
            ToolCall(ToolCall { id: "b", name: "read", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn calls_of_lax_servers() {
    // Their input whole at the start, and in pieces, too; without ids; ended by nothing; with another reason.
    check(
        r#"
        {"type":"content_block_start","content_block":{"type":"tool_use","name":"a","input":{"n":1}}}
        {"type":"content_block_stop"}
        {"type":"content_block_start","content_block":{"type":"tool_use","name":"b","input":{"n":2}}}
        {"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"n\":2}"}}
        {"type":"content_block_start","content_block":{"type":"tool_use","name":"c","input":null}}
        {"type":"content_block_start","content_block":{"type":"tool_use","name":"cut"}}
        {"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"n\":"}}
        {"type":"message_delta","delta":{"stop_reason":"end_turn"}}
        {"type":"message_delta","delta":{"stop_reason":"max_tokens"}}
        {"type":"message_stop"}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "a", arguments: "{\"n\":1}", signature: None })
            ToolCall(ToolCall { id: "call_1", name: "b", arguments: "{\"n\":2}", signature: None })
            ToolCall(ToolCall { id: "call_2", name: "c", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn a_call_that_is_cut_is_not_sent() {
    // Whole; cut, and ended all the same; cut before its first word; not ended.
    let calls = r#"
        {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"whole","input":{}}}
        {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}
        {"type":"content_block_stop","index":0}
        {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"cut","input":{}}}
        {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"path\":\"/et"}}
        {"type":"content_block_stop","index":1}
        {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c","name":"blank","input":{}}}
        {"type":"content_block_stop","index":2}
        {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"d","name":"open","input":{}}}
        {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}
    "#;
    let stopped = |reason: &str| {
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": reason}});
        format!("{calls}\n{delta}\n{{\"type\":\"message_stop\"}}")
    };
    check(
        &stopped("max_tokens"),
        expect![[r#"
        ToolCall(ToolCall { id: "a", name: "whole", arguments: "{}", signature: None })
        Stop(Length)
    "#]],
    );
    check(
        &stopped("model_context_window_exceeded"),
        expect![[r#"
        ToolCall(ToolCall { id: "a", name: "whole", arguments: "{}", signature: None })
        Stop(Length)
    "#]],
    );
    check(
        &stopped("refusal"),
        expect![[r#"
        ToolCall(ToolCall { id: "a", name: "whole", arguments: "{}", signature: None })
        Stop(ContentFilter)
    "#]],
    );
    // As the model wrote them.
    check(
        &stopped("tool_use"),
        expect![[r#"
        ToolCall(ToolCall { id: "a", name: "whole", arguments: "{}", signature: None })
        ToolCall(ToolCall { id: "b", name: "cut", arguments: "{\"path\":\"/et", signature: None })
        ToolCall(ToolCall { id: "c", name: "blank", arguments: "{}", signature: None })
        ToolCall(ToolCall { id: "d", name: "open", arguments: "{}", signature: None })
        Stop(ToolUse)
    "#]],
    );
    // Nothing is known of an answer that breaks off.
    check(
        calls,
        expect![[r#"
        Truncated
    "#]],
    );
}

#[test]
fn stop_reasons() {
    let stopped = |reason| {
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": reason}});
        let events = [delta, json!({"type": "message_stop"})].map(|data| event("", &data.to_string()));
        let (out, outcome) = decode(Kind::Anthropic, events);
        assert_eq!((out.len(), outcome), (1, Ok(())));
        out.into_iter().next()
    };
    for (reason, expected) in [
        ("end_turn", StopReason::End),
        ("stop_sequence", StopReason::End),
        ("max_tokens", StopReason::Length),
        ("model_context_window_exceeded", StopReason::Length),
        ("tool_use", StopReason::ToolUse),
        ("refusal", StopReason::ContentFilter),
        ("pause_turn", StopReason::Other("pause_turn".into())),
    ] {
        assert_eq!(stopped(reason), Some(Event::Stop(expected)));
    }
}

#[test]
fn usage_replaces_and_what_is_missing_stays() {
    check(
        r#"
        {"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":1}}}
        {"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":1}}
        {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9,"cache_read_input_tokens":null}}
        {"type":"message_delta","usage":{"input_tokens":5,"cache_creation_input_tokens":0,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}}
        {"type":"message_stop"}
        "#,
        expect![[r#"
            Usage(Usage { input: 60, output: 1, cached_input: 30, cache_written: 20, reasoning: 0 })
            Usage(Usage { input: 60, output: 9, cached_input: 30, cache_written: 20, reasoning: 0 })
            Usage(Usage { input: 35, output: 9, cached_input: 30, cache_written: 0, reasoning: 4 })
            Stop(End)
        "#]],
    );
}

#[test]
fn errors_in_a_stream() {
    check(
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        expect![[r#"
        Reply({"error":{"message":"Overloaded","type":"overloaded_error"},"type":"error"})
    "#]],
    );
    check(
        r#"error|{"type":"api_error","message":"flat"}"#,
        expect![[r#"
        Reply({"message":"flat","type":"api_error"})
    "#]],
    );
    check(
        r#"{"type":"error","message":"flat"}"#,
        expect![[r#"
        Reply({"message":"flat","type":"error"})
    "#]],
    );
    check(
        r#"error|Internal Server Error"#,
        expect![[r#"
        Reply("Internal Server Error")
    "#]],
    );
    check(
        r#"{"error":{"code":500,"message":"llama.cpp's"}}"#,
        expect![[r#"
        Reply({"error":{"code":500,"message":"llama.cpp's"}})
    "#]],
    );
    check(
        r#"{"error":"a word","message":"a text"}"#,
        expect![[r#"
        Reply({"error":"a word","message":"a text"})
    "#]],
    );
}

#[test]
fn faults() {
    check(
        "",
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        expect![[r#"
        Text("a")
        Truncated
    "#]],
    );
    // The reason alone does not end an answer, nor does the end without one.
    check(
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        r#"{"type":"message_stop"}"#,
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_del"#,
        expect![[r#"
        Malformed("EOF while parsing a string at line 1 column 65")
    "#]],
    );
    check(
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":{"a":1}}}"#,
        expect![[r#"
        Malformed("invalid type: map, expected a string at line 1 column 66")
    "#]],
    );
    check(
        r#"{"type":"content_block_start","content_block":{"type":"text","text":1}}"#,
        expect![[r#"
        Malformed("invalid type: integer `1`, expected a string at line 1 column 69")
    "#]],
    );
    check(
        r#"{"type":"message_delta","usage":{"output_tokens":-1}}"#,
        expect![[r#"
        Malformed("invalid value: integer `-1`, expected u64 at line 1 column 51")
    "#]],
    );
    check(
        "5",
        expect![[r#"
        Malformed("invalid type: integer `5`, expected struct Item at line 1 column 1")
    "#]],
    );
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"hm","signature":"s="},{"type":"text","text":"Hello"},{"type":"web_search_tool_result","text":[]},{"type":"server_tool_use","id":"s","input":{"a":1}},{"type":"tool_use","id":"a","name":"read","input":{"path":"é"}},{"type":"tool_use","id":"b","name":"list","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}"#,
        expect![[r#"
            Reasoning("hm")
            Replay({"signature":"s=","thinking":"hm","type":"thinking"})
            Text("Hello")
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"path\":\"é\"}", signature: None })
            ToolCall(ToolCall { id: "b", name: "list", arguments: "{}", signature: None })
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(ToolUse)
        "#]],
    );
    // The last block may be cut.
    check_whole(
        r#"{"type":"message","content":[{"type":"text","text":"Hello"},{"type":"tool_use","id":"a","name":"read","input":{"path":"/"}}],"stop_reason":"max_tokens","usage":null}"#,
        expect![[r#"
            Text("Hello")
            Stop(Length)
        "#]],
    );
    check_whole(
        r#"{"type":"message","content":null,"stop_reason":"end_turn","error":null}"#,
        expect![[r#"
        Stop(End)
    "#]],
    );
    check_whole(
        r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#,
        expect![[r#"
        Reply({"error":{"message":"no","type":"api_error"},"type":"error"})
    "#]],
    );
    check_whole(
        r#"{"error":{"code":400,"message":"no"}}"#,
        expect![[r#"
        Reply({"error":{"code":400,"message":"no"}})
    "#]],
    );
    for body in [
        r#"{"type":"message","content":[]}"#,
        r#"{"type":"message","content":[{"type":"text","text":5}],"stop_reason":"end_turn"}"#,
        r#"{"status":"ok"}"#,
        "[]",
        "<html>",
    ] {
        check_whole(
            body,
            expect![[r#"
            NotAnAnswer
        "#]],
        );
    }
}
