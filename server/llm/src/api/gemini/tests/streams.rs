//! Recorded streams, and some written like them: the same events wherever they are split.

use expect_test::{Expect, expect};

use crate::api::{
    Fault, Kind,
    testing::{self, decode_body, recorded},
};

fn check_stream(name: &str, expect: Expect) {
    testing::check_stream(Kind::Gemini, name, expect);
}

#[test]
fn recorded_text() {
    check_stream(
        "gemini-text.sse",
        expect![[r#"
        Text("Das Café kostet")
        Usage(Usage { input: 2317, output: 4, cached_input: 2048, cache_written: 0, reasoning: 0 })
        Text(" 3 €, und das")
        Usage(Usage { input: 2317, output: 9, cached_input: 2048, cache_written: 0, reasoning: 0 })
        Text(" ist gut so 😀.\n\n```rust\nfn main() {}\n```")
        Usage(Usage { input: 2317, output: 27, cached_input: 2048, cache_written: 0, reasoning: 0 })
        Text("\n")
        Usage(Usage { input: 2317, output: 28, cached_input: 2048, cache_written: 0, reasoning: 0 })
        Stop(End)
    "#]],
    );
}

#[test]
fn recorded_thinking_and_tools() {
    check_stream(
        "gemini-thinking-tool.sse",
        expect![[r#"
            Reasoning("**Looking for the café's prices**\n\nThe price in € is in `menu.rs` 😀; ")
            Usage(Usage { input: 412, output: 61, cached_input: 0, cache_written: 0, reasoning: 61 })
            Reasoning("I'll read it first.\n\n")
            Usage(Usage { input: 412, output: 118, cached_input: 0, cache_written: 0, reasoning: 118 })
            Text("I'll look at both files.")
            Usage(Usage { input: 412, output: 125, cached_input: 0, cache_written: 0, reasoning: 118 })
            ToolCall(ToolCall { id: "o8e0zm2x", name: "read_file", arguments: "{\"lines\":{\"from\":1,\"to\":40},\"path\":\"src/café.rs\"}", signature: Some("EpwDCpkDAXLI2nzvd7Gk0m+Wb3x/9Zr5yqUO1fT4cV0aJk2Lh6sPwE8==") })
            ToolCall(ToolCall { id: "q1tv55ab", name: "list_files", arguments: "{}", signature: None })
            Usage(Usage { input: 412, output: 161, cached_input: 0, cache_written: 0, reasoning: 118 })
            Replay({"text":"","thoughtSignature":"Eq0BCqoBAXLI2nxT0c3Rz9+Fh1yB6uQe/2mN7kWvLs4DpXaYg5tJoUi="})
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn recorded_filter() {
    check_stream(
        "gemini-safety.sse",
        expect![[r#"
        Text("Naïvely, one could")
        Usage(Usage { input: 88, output: 5, cached_input: 0, cache_written: 0, reasoning: 0 })
        Text(" start with €😀")
        Usage(Usage { input: 88, output: 10, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(ContentFilter)
    "#]],
    );
}

#[test]
fn recorded_block() {
    check_stream(
        "gemini-blocked.sse",
        expect![[r#"
            Reply({"error":{"message":"The prompt was blocked: PROHIBITED_CONTENT","type":"content_filter"}})
        "#]],
    );
}

#[test]
fn a_stream_that_is_cut_is_never_complete() {
    for name in ["gemini-text.sse", "gemini-thinking-tool.sse", "gemini-safety.sse"] {
        let stream = recorded(name);
        let end = stream.trim_ascii_end().len();
        for at in 0..=end {
            let (_, outcome) = decode_body(Kind::Gemini, &[&stream[..at]]);
            assert_eq!(outcome, Err(Fault::Truncated), "{name} cut at {at}");
        }
    }
}
