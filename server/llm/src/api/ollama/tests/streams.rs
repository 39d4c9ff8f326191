//! Recorded streams, and some written like them: the same events wherever they are split.

use expect_test::{Expect, expect};

use crate::api::{
    Fault, Kind,
    testing::{self, decode_body, recorded},
};

fn check_stream(name: &str, expect: Expect) {
    testing::check_stream(Kind::Ollama, name, expect);
}

#[test]
fn recorded_text() {
    check_stream(
        "ollama-text.ndjson",
        expect![[r#"
        Text("Das")
        Text(" Ca")
        Text("fé")
        Text(" kostet")
        Text(" 3")
        Text(" €")
        Text(" 😀")
        Text(":")
        Text(" `Vec<u8>`")
        Text(" && fertig")
        Text(".")
        Usage(Usage { input: 26, output: 12, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(End)
    "#]],
    );
}

#[test]
fn recorded_thinking_and_tools() {
    check_stream(
        "ollama-thinking-tool.ndjson",
        expect![[r#"
        Reasoning("The")
        Reasoning(" café")
        Reasoning("'s price in €")
        Reasoning(" is needed 😀")
        Reasoning(".\n")
        Text("I'll look at both files.")
        ToolCall(ToolCall { id: "call_f4nvnl7e", name: "read_file", arguments: "{\"lines\":{\"from\":1,\"to\":40},\"path\":\"src/café.rs\"}", signature: None })
        ToolCall(ToolCall { id: "call_1", name: "list_files", arguments: "{}", signature: None })
        Usage(Usage { input: 301, output: 77, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(ToolUse)
    "#]],
    );
}

#[test]
fn recorded_error_midway() {
    check_stream(
        "ollama-error-midway.ndjson",
        expect![[r#"
            Text("Das")
            Text(" Café")
            Text(" kostet €")
            Text(" 😀")
            Reply({"error":"an error was encountered while running the model: CUDA error: out of memory"})
        "#]],
    );
}

#[test]
fn a_stream_that_is_cut_is_never_complete() {
    for name in ["ollama-text.ndjson", "ollama-thinking-tool.ndjson"] {
        let stream = recorded(name);
        let end = stream.trim_ascii_end().len();
        for at in 0..end {
            let (_, outcome) = decode_body(Kind::Ollama, &[&stream[..at]]);
            assert!(matches!(outcome, Err(Fault::Truncated | Fault::Malformed(_))), "{name} cut at {at}: {outcome:?}");
        }
        // The last line feed may be missing.
        assert_eq!(decode_body(Kind::Ollama, &[&stream[..end]]), decode_body(Kind::Ollama, &[&stream]));
    }
}
