//! Tool calls in answers written by hand: which are whole, which are cut, and in what order they come.

use expect_test::expect;

use super::check;

#[test]
fn tool_calls_come_with_the_end() {
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read","arguments":""}}
        {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{\"path\":"}
        {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"\"x\"}"}
        {"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":0,"arguments":"{\"path\":\"x\"}"}
        {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read","arguments":"{\"path\":\"x\"}","status":"completed"}}
        {"type":"response.failed","response":{"error":{"code":"server_error","message":"no"}}}
        "#,
        expect![[r#"
            Reply({"error":{"code":"server_error","message":"no"}})
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read","arguments":"{\"path\":\"x\"}"}}
        {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_2","call_id":"b","name":"list","arguments":""}}
        {"type":"response.completed","response":{"output":[{"type":"function_call","call_id":"a","name":"read","arguments":"{\"path\":\"x\"}"}],"usage":{"input_tokens":1,"output_tokens":2}}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"path\":\"x\"}", signature: None })
            ToolCall(ToolCall { id: "b", name: "list", arguments: "{}", signature: None })
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn arguments_fall_back_to_their_pieces() {
    // By the item's id, by its place where the ids change, and by neither.
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read"}}
        {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_2","call_id":"b","name":"list"}}
        {"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{\"n\":"}
        {"type":"response.function_call_arguments.delta","item_id":"other","output_index":1,"delta":"{\"m\":2}"}
        {"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"1}"}
        {"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"another","call_id":"b","name":"list","arguments":null}}
        {"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1"}}
        {"type":"response.completed","response":{}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "b", name: "list", arguments: "{\"m\":2}", signature: None })
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":1}", signature: None })
            Stop(ToolUse)
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.added","item":{"type":"function_call","name":"read"}}
        {"type":"response.function_call_arguments.delta","delta":"{\"n\""}
        {"type":"response.function_call_arguments.delta","delta":":1}"}
        {"type":"response.output_item.done","item":{"type":"function_call"}}
        {"type":"response.output_item.done","item":{"type":"function_call","name":"list","arguments":{"decoded":true}}}
        {"type":"response.completed"}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "read", arguments: "{\"n\":1}", signature: None })
            ToolCall(ToolCall { id: "call_1", name: "list", arguments: "{\"decoded\":true}", signature: None })
            Stop(ToolUse)
        "#]],
    );
    // Pieces of a call that never began.
    check(
        r#"
        {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{\"n\":1}"}
        {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read"}}
        {"type":"response.completed","response":{}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":1}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn calls_whose_items_are_never_done() {
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read"}}
        {"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":0,"arguments":"{\"n\":1}"}
        {"type":"response.completed","response":{"output":[]}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":1}", signature: None })
            Stop(ToolUse)
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read"}}
        {"type":"response.completed","response":{"output":[{"type":"function_call","id":"fc_1","call_id":"a","name":"read","arguments":"{\"n\":2}"}]}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"n\":2}", signature: None })
            Stop(ToolUse)
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"read"}}
        {"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}
        "#,
        expect![[r#"
            Stop(Length)
        "#]],
    );
}

#[test]
fn a_tool_call_that_the_limit_cut_is_not_sent() {
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"read","arguments":"{}"}}
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"b","name":"write","arguments":"{\"path\":\"/et"}}
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"write","arguments":"","status":"incomplete"}}
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"d","name":"write","arguments":"{'"}}
        {"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{}", signature: None })
            Stop(Length)
        "#]],
    );
    // Where the server does not say so; but what the model wrote wrongly is for the tool to refuse.
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"write","arguments":"{\"path\":\"/et","status":"completed"}}
        {"type":"response.completed","response":{"status":"completed"}}
        "#,
        expect![[r#"
            Stop(Length)
        "#]],
    );
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"write","arguments":"{'path'}"}}
        {"type":"response.completed","response":{"status":"completed"}}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "write", arguments: "{'path'}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn the_order_of_items_is_kept() {
    check(
        r#"
        {"type":"response.output_item.done","item":{"type":"reasoning","id":"r1","encrypted_content":"1"}}
        {"type":"response.output_item.done","item":{"type":"function_call","call_id":"a","name":"read","arguments":"{}"}}
        {"type":"response.output_item.done","item":{"type":"reasoning","id":"r2","encrypted_content":"2"}}
        {"type":"response.output_text.delta","delta":"text"}
        {"type":"response.output_item.done","item":{"type":"function_call","name":"read","arguments":"{}"}}
        {"type":"response.completed","response":{}}
        "#,
        expect![[r#"
            Replay({"encrypted_content":"1","id":"r1","type":"reasoning"})
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{}", signature: None })
            Replay({"encrypted_content":"2","id":"r2","type":"reasoning"})
            Text("text")
            ToolCall(ToolCall { id: "call_1", name: "read", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}
