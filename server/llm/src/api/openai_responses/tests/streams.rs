//! Recorded streams, and some written like them: the same events wherever they are split.

use expect_test::{Expect, expect};

use crate::api::{Kind, testing};

fn check_stream(name: &str, expect: Expect) {
    testing::check_stream(Kind::OpenAiResponses, name, expect);
}

#[test]
fn recorded_text() {
    check_stream(
        "openai-responses-text.sse",
        expect![[r#"
        Text("Caf")
        Text("é")
        Text(" costs")
        Text(" 3")
        Text(" €")
        Text(":")
        Text(" enjoy")
        Text(" 😀")
        Text("\n")
        Text("`let x = 1;`")
        Text(".")
        Usage(Usage { input: 31, output: 15, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(End)
    "#]],
    );
}

#[test]
fn recorded_reasoning_tool() {
    check_stream(
        "openai-responses-reasoning-tool.sse",
        expect![[r#"
            Reasoning("**Finding")
            Reasoning(" the café")
            Reasoning("**\n\n")
            Reasoning("I should read")
            Reasoning("…")
            Reasoning("\n\n")
            Reasoning("Then")
            Reasoning(" look up")
            Reasoning(" é€😀")
            Reasoning(".")
            Replay({"encrypted_content":"gAAAAABoO_nu9fefK0k0r4f1UgtpuUsNmC6Fu1W2cqhyY3rNdGb8tg4Oj_GEY7DksropcDR08GSsaPcA9bArPcZm","id":"rs_02c9e1d47b6f4a8300690a51c3a1d081","summary":[{"text":"**Finding the café**\n\nI should read…","type":"summary_text"},{"text":"Then look up é€😀.","type":"summary_text"}],"type":"reasoning"})
            Text("Let me")
            Text(" look")
            Text(".")
            ToolCall(ToolCall { id: "call_Zq3hT8vX1mNcR5wYk0LbPe7d", name: "read_file", arguments: "{\"path\":\"src/café.rs\"}", signature: None })
            ToolCall(ToolCall { id: "call_9uGfJs2KxAqV4tMb6HnCzW1o", name: "find_symbol", arguments: "{\"name\":\"Price::€\"}", signature: None })
            Usage(Usage { input: 1482, output: 156, cached_input: 1280, cache_written: 0, reasoning: 64 })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn recorded_incomplete() {
    check_stream(
        "openai-responses-incomplete.sse",
        expect![[r#"
        Text("Two")
        Text(" files")
        Text("…")
        ToolCall(ToolCall { id: "call_mW8eQ2rTy6UiOp0AsDfGh4Jk", name: "read_file", arguments: "{\"path\":\"a.rs\"}", signature: None })
        Usage(Usage { input: 212, output: 64, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(Length)
    "#]],
    );
}

#[test]
fn recorded_failed() {
    check_stream(
        "openai-responses-failed.sse",
        expect![[r#"
        Text("Half")
        Text(" an é")
        Reply({"error":{"code":"server_error","message":"The server had an error processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if you keep seeing this error. (Please include the request ID req_7f3c2e1d0b9a48f6a5c4d3e2f1a0b9c8 in your message.)"}})
    "#]],
    );
}

/// Recorded from a llama.cpp server.
#[test]
fn recorded_llamacpp_tools() {
    check_stream(
        "openai-responses-llamacpp-tools.sse",
        expect![[r#"
        ToolCall(ToolCall { id: "call_l45tTN2ooIWjPa59uEOjycwXF77POSWP", name: "get_weather", arguments: "{  }", signature: None })
        ToolCall(ToolCall { id: "call_wqhyul6pDjU1fQr5PGMXgmJKBRwMJGUF", name: "get_weather", arguments: "{ }", signature: None })
        Usage(Usage { input: 576, output: 81, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(ToolUse)
    "#]],
    );
}

/// Recorded from a llama.cpp server, which calls `completed` what the limit cut.
#[test]
fn recorded_llamacpp_cut() {
    check_stream(
        "openai-responses-llamacpp-cut.sse",
        expect![[r#"
        Usage(Usage { input: 576, output: 16, cached_input: 575, cache_written: 0, reasoning: 0 })
        Stop(Length)
    "#]],
    );
}
