//! Recorded streams, and some written like them: the same events wherever they are split.

use expect_test::{Expect, expect};

use crate::api::{Kind, testing};

fn check_stream(name: &str, expect: Expect) {
    testing::check_stream(Kind::Anthropic, name, expect);
}

#[test]
fn recorded_text() {
    check_stream(
        "anthropic-text.sse",
        expect![[r#"
        Usage(Usage { input: 2295, output: 1, cached_input: 2086, cache_written: 188, reasoning: 0 })
        Text("Caf")
        Text("é costs 3 €")
        Text(" 😀\n\n```rust\nfn main() {}\n```")
        Usage(Usage { input: 2295, output: 27, cached_input: 2086, cache_written: 188, reasoning: 0 })
        Stop(End)
    "#]],
    );
}

#[test]
fn recorded_thinking_and_tools() {
    check_stream(
        "anthropic-thinking-tool.sse",
        expect![[r#"
        Usage(Usage { input: 604, output: 4, cached_input: 0, cache_written: 0, reasoning: 0 })
        Reasoning("The user wants the prices in €,")
        Reasoning(" so I read `prix_été.txt` first 😀.")
        Replay({"signature":"EqQBCkYIBxgCKkDl3Zk1c0v8m2VbqgQm6y9Tn0hRfUeJ7wXsA4pLd5oKtB+GzYiCvNxQr/EuMjPaSWhFkb1TgVcDSoXIEgwK3x0aT9m8rZ1uPqYaDE5n","thinking":"The user wants the prices in €, so I read `prix_été.txt` first 😀.","type":"thinking"})
        Replay({"data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkNRj2YfWXGmKDxH4mPnZ5sQ7vB9URLmGXQ","type":"redacted_thinking"})
        Text("I'll read both files.")
        ToolCall(ToolCall { id: "toolu_01A09q90qw90lq917835lq9", name: "read_file", arguments: "{\"path\": \"prix_été.txt\"}", signature: None })
        ToolCall(ToolCall { id: "toolu_01T1x1fJ34qAmk2tNTrN7Up6", name: "list_files", arguments: "{}", signature: None })
        Usage(Usage { input: 604, output: 178, cached_input: 0, cache_written: 0, reasoning: 41 })
        Stop(ToolUse)
    "#]],
    );
}

#[test]
fn recorded_limit_in_a_tool_call() {
    check_stream(
        "anthropic-max-tokens-in-tool.sse",
        expect![[r#"
        Usage(Usage { input: 450, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
        Text("Je crée le fichier…")
        Usage(Usage { input: 450, output: 64, cached_input: 0, cache_written: 0, reasoning: 0 })
        Stop(Length)
    "#]],
    );
    // Which ends the block all the same.
    check_stream(
        "anthropic-llamacpp-max-tokens-in-tool.sse",
        expect![[r#"
            Usage(Usage { input: 571, output: 0, cached_input: 570, cache_written: 0, reasoning: 0 })
            Usage(Usage { input: 571, output: 5, cached_input: 570, cache_written: 0, reasoning: 0 })
            Stop(Length)
        "#]],
    );
}

#[test]
fn recorded_overload() {
    check_stream(
        "anthropic-overloaded.sse",
        expect![[r#"
        Usage(Usage { input: 25, output: 1, cached_input: 0, cache_written: 0, reasoning: 0 })
        Text("Voilà ")
        Reply({"error":{"details":null,"message":"Overloaded","type":"overloaded_error"},"request_id":"req_011CXq5w8SjiNsvRUx5V8tsY","type":"error"})
    "#]],
    );
}
