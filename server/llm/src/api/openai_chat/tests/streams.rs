//! Recorded streams, and some written like them: the same events wherever they are split.

use expect_test::{Expect, expect};

use crate::api::{Kind, testing};

fn check_stream(name: &str, expect: Expect) {
    testing::check_stream(Kind::OpenAiChat, name, expect);
}

#[test]
fn recorded_text() {
    check_stream(
        "openai-chat-text.sse",
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
        Text(".")
        Usage(Usage { input: 24, output: 11, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(End)
    "#]],
    );
}

#[test]
fn recorded_tools() {
    check_stream(
        "openai-chat-tools.sse",
        expect![[r#"
        ToolCall(ToolCall { id: "call_kT5vXq8ZbNw2RmJc7LdYs0Ph", name: "read_file", arguments: "{\"path\": \"src/café.rs\"}", signature: None })
        ToolCall(ToolCall { id: "call_hG3uEo6WyTi9QaSd1FzXc4Vb", name: "find_symbol", arguments: "{\"name\": \"€😀\"}", signature: None })
        Usage(Usage { input: 118, output: 49, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(ToolUse)
    "#]],
    );
}

#[test]
fn recorded_openrouter() {
    check_stream(
        "openai-chat-openrouter.sse",
        expect![[r#"
        Text("Gr")
        Text("üße, ")
        Text("é€")
        Text("😀")
        Reply({"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":"error","index":0,"logprobs":null,"native_finish_reason":"error"}],"created":1761040300,"error":{"code":502,"message":"Provider disconnected unexpectedly","metadata":{"provider_name":"Anthropic"}},"id":"gen-1761040300-p7RkXw2NvQzL9mTcYdSb","model":"anthropic/claude-sonnet-4.5","object":"chat.completion.chunk","provider":"Anthropic"})
    "#]],
    );
}

#[test]
fn recorded_deepseek_reasoning() {
    check_stream(
        "openai-chat-deepseek-reasoning.sse",
        expect![[r#"
        Reasoning("The")
        Reasoning(" user")
        Reasoning(" asks")
        Reasoning(" for é")
        Reasoning("€")
        Reasoning("…")
        Text("It")
        Text(" is")
        Text(" 😀")
        Text(".")
        Usage(Usage { input: 17, output: 58, cached_input: 0, cache_written: 0, reasoning: 49 })
        Stop(End)
    "#]],
    );
}
