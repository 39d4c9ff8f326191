//! Answers written by hand, in events and whole: what servers send, and what it must mean.

use expect_test::{Expect, expect};

use super::{super::OpenAiResponses, check};
use crate::api::{
    Api as _, Kind, Step,
    testing::{self, event},
};

fn check_whole(body: &str, expect: Expect) {
    testing::check_whole(Kind::OpenAiResponses, body, expect);
}

#[test]
fn text_then_usage_then_stop() {
    check(
        r#"
        {"type":"response.created","response":{"status":"in_progress","output":[],"usage":null,"error":null}}
        {"type":"response.in_progress","response":{"status":"in_progress"}}
        {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m1","content":[]}}
        {"type":"response.output_text.delta","item_id":"m1","output_index":0,"delta":"Hel","obfuscation":"x"}
        {"type":"response.output_text.delta","item_id":"m1","output_index":0,"delta":""}
        {"type":"response.output_text.delta","item_id":"m1","output_index":0,"delta":"lo"}
        {"type":"response.output_text.done","item_id":"m1","output_index":0,"text":"Hello"}
        {"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"Hello"}]}}
        {"type":"response.completed","response":{"status":"completed","error":null,"incomplete_details":null,"output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":12}}}
        [DONE]
        "#,
        expect![[r#"
            Text("Hel")
            Text("lo")
            Usage(Usage { input: 9, output: 3, cached_input: 4, cache_written: 0, reasoning: 1 })
            Stop(End)
        "#]],
    );
}

#[test]
fn only_what_moves_the_answer_is_progress() {
    let step = |data: &str| OpenAiResponses.decoder().event(&event("", data), &mut Vec::new());
    for data in [
        "",
        " ",
        r#"{"type":"response.created"}"#,
        r#"{"type":"response.queued"}"#,
        r#"{"type":"response.in_progress"}"#,
        r#"{"type":"keepalive","sequence_number":4}"#,
        // Another event's names for other things.
        r#"{"type":"response.audio.delta","delta":{"a":1},"item":5,"item_id":[],"output_index":-1,"response":"x"}"#,
        "{}",
    ] {
        assert_eq!(step(data), Ok(Step::Nothing), "{data}");
    }
    for data in [
        r#"{"type":"response.output_item.added","item":{"type":"reasoning"}}"#,
        r#"{"type":"response.output_text.delta","delta":"a"}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"a"}"#,
    ] {
        assert_eq!(step(data), Ok(Step::Progress), "{data}");
    }
    assert_eq!(step(r#"{"type":"response.completed"}"#), Ok(Step::Done));
}

#[test]
fn types_may_stand_in_the_event_name_alone() {
    check(
        r#"
        response.output_text.delta|{"delta":"a"}
        ignored|{"type":"response.output_text.delta","delta":"b"}
        response.completed|{"response":{}}
        "#,
        expect![[r#"
            Text("a")
            Text("b")
            Stop(End)
        "#]],
    );
    check(
        r#"error|{"code":500,"message":"no"}"#,
        expect![[r#"
        Reply({"code":500,"message":"no"})
    "#]],
    );
}

#[test]
fn reasoning_and_its_seal() {
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"r1","encrypted_content":"early"}}
        {"type":"response.reasoning_summary_text.delta","item_id":"r1","delta":"Let"}
        {"type":"response.reasoning_text.delta","item_id":"r1","delta":" me see"}
        {"type":"response.reasoning_summary_text.done","item_id":"r1","text":"Let me see"}
        {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"r1","encrypted_content":"sealed","summary":[{"type":"summary_text","text":"Let me see"}]}}
        {"type":"response.output_item.done","output_index":1,"item":{"type":"reasoning","id":"r2","encrypted_content":"","summary":[]}}
        {"type":"response.output_item.done","output_index":2,"item":{"type":"reasoning","id":"r3","summary":[]}}
        {"type":"response.output_text.delta","delta":"a"}
        {"type":"response.completed","response":{"output":[{"type":"reasoning","id":"r1","encrypted_content":"sealed","summary":[{"type":"summary_text","text":"Let me see"}]}]}}
        "#,
        expect![[r#"
            Reasoning("Let")
            Reasoning(" me see")
            Replay({"encrypted_content":"sealed","id":"r1","summary":[{"text":"Let me see","type":"summary_text"}],"type":"reasoning"})
            Text("a")
            Stop(End)
        "#]],
    );
}

#[test]
fn refusals_are_shown_and_remembered() {
    check(
        r#"
        {"type":"response.refusal.delta","delta":"I can't "}
        {"type":"response.refusal.delta","delta":"help."}
        {"type":"response.refusal.done","refusal":"I can't help."}
        {"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"refusal","refusal":"I can't help."}]}]}}
        "#,
        expect![[r#"
            Text("I can't ")
            Text("help.")
            Stop(ContentFilter)
        "#]],
    );
}

#[test]
fn what_was_not_streamed_is_taken_from_the_whole() {
    check(
        r#"{"type":"response.completed","response":{"output":[{"type":"reasoning","encrypted_content":"sealed","summary":[{"type":"summary_text","text":"hm"},{"type":"summary_text","text":"so"}]},{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"c","name":"read","arguments":"{}"},{"type":"message","content":[{"type":"output_text","text":"c"}]}]}}"#,
        expect![[r#"
            Reasoning("hm")
            Reasoning("\n\n")
            Reasoning("so")
            Replay({"encrypted_content":"sealed","summary":[{"text":"hm","type":"summary_text"},{"text":"so","type":"summary_text"}],"type":"reasoning"})
            Text("a")
            Text("b")
            ToolCall(ToolCall { id: "c", name: "read", arguments: "{}", signature: None })
            Text("c")
            Stop(ToolUse)
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"read","arguments":"{}"}}
        {"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]},{"type":"function_call","call_id":"c","name":"read","arguments":"{}"}]}}
        "#,
        expect![[r#"
            Text("no")
            ToolCall(ToolCall { id: "c", name: "read", arguments: "{}", signature: None })
            Stop(ContentFilter)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    let stop = |kind: &str, response: &str, expect: Expect| {
        check(&format!(r#"{{"type":"response.{kind}","response":{response}}}"#), expect);
    };
    stop(
        "incomplete",
        r#"{"incomplete_details":{"reason":"max_output_tokens"}}"#,
        expect![[r#"
        Stop(Length)
    "#]],
    );
    stop(
        "incomplete",
        r#"{"incomplete_details":{"reason":"content_filter"}}"#,
        expect![[r#"
        Stop(ContentFilter)
    "#]],
    );
    stop(
        "incomplete",
        r#"{"incomplete_details":{"reason":"pause"}}"#,
        expect![[r#"
        Stop(Other("pause"))
    "#]],
    );
    stop(
        "incomplete",
        r#"{"incomplete_details":null}"#,
        expect![[r#"
        Stop(Other("incomplete"))
    "#]],
    );
    // The answer contradicts its event.
    stop(
        "completed",
        r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
        expect![[r#"
        Stop(Length)
    "#]],
    );
    stop(
        "completed",
        r#"{"status":"failed","error":{"message":"no"}}"#,
        expect![[r#"
        Reply({"error":{"message":"no"}})
    "#]],
    );
    stop(
        "completed",
        r#"{"status":"cancelled"}"#,
        expect![[r#"
        Stop(Other("cancelled"))
    "#]],
    );
    stop(
        "completed",
        "null",
        expect![[r#"
        Stop(End)
    "#]],
    );
}

#[test]
fn errors() {
    check(
        r#"
        {"type":"response.output_text.delta","delta":"a"}
        {"type":"error","sequence_number":3,"code":"rate_limit_exceeded","message":"slow down","param":null}
        "#,
        expect![[r#"
            Text("a")
            Reply({"code":"rate_limit_exceeded","message":"slow down","param":null,"sequence_number":3,"type":"error"})
        "#]],
    );
    check(
        r#"{"type":"error","error":{"type":"server_error","code":null,"message":"no"}}"#,
        expect![[r#"
        Reply({"error":{"code":null,"message":"no","type":"server_error"},"type":"error"})
    "#]],
    );
    check(
        r#"{"error":{"code":500,"message":"no","type":"server_error"}}"#,
        expect![[r#"
        Reply({"error":{"code":500,"message":"no","type":"server_error"}})
    "#]],
    );
    check(
        r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#,
        expect![[r#"
        Reply({"code":400,"message":"no","object":"error","type":"BadRequestError"})
    "#]],
    );
    check(
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"no"}}}"#,
        expect![[r#"
            Reply({"error":{"code":"server_error","message":"no"}})
        "#]],
    );
    check(
        r#"{"type":"response.failed","response":{"error":null}}"#,
        expect![[r#"
        Reply({"error":"The answer failed, and no reason was given."})
    "#]],
    );
}

#[test]
fn faults() {
    check(
        r#"{"type":"response.output_text.delta","delta":"a"}"#,
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
        r#"{"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"read","arguments":"{}"}}"#,
        expect![[r#"
            Truncated
        "#]],
    );
    check(
        r#"{"type":"response.output_text.delta","delta":"a"#,
        expect![[r#"
        Malformed("EOF while parsing a string at line 1 column 47")
    "#]],
    );
    check(
        r#"{"type":"response.output_text.delta","delta":{"a":1}}"#,
        expect![[r#"
        Malformed("a piece of the answer is not a text")
    "#]],
    );
    check(
        r#"{"type":5}"#,
        expect![[r#"
        Malformed("invalid type: integer `5`, expected a string at line 1 column 9")
    "#]],
    );
    check(
        "5",
        expect![[r#"
        Malformed("invalid type: integer `5`, expected struct Chunk at line 1 column 1")
    "#]],
    );
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"object":"response","status":"completed","error":null,"output":[{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":1,"output_tokens":2}}"#,
        expect![[r#"
            Reasoning("hm")
            Text("Hello")
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
    check_whole(
        r#"{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"Hel"}]},{"type":"function_call","name":"read","arguments":"{"}]}"#,
        expect![[r#"
            Text("Hel")
            Stop(Length)
        "#]],
    );
    check_whole(
        r#"{"object":"response","status":"failed","error":{"code":"server_error","message":"no"},"output":[]}"#,
        expect![[r#"
            Reply({"error":{"code":"server_error","message":"no"}})
        "#]],
    );
    check_whole(
        r#"{"error":{"message":"no"}}"#,
        expect![[r#"
        Reply({"error":{"message":"no"}})
    "#]],
    );
    check_whole(
        r#"{"object":"error","message":"no"}"#,
        expect![[r#"
        Reply({"message":"no","object":"error"})
    "#]],
    );
    for body in [
        r#"{"error":null,"status":"ok"}"#,
        r#"{"object":"response","status":"queued","output":[]}"#,
        r#"{"object":"list","output":[]}"#,
        r#"{"object":"chat.completion","choices":[]}"#,
        "[]",
        "5",
        "<html>",
    ] {
        check_whole(body, expect!["NotAnAnswer\n"]);
    }
}
