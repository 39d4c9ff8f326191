//! The format's tests: its paths and lists of models; requests, answers, streams and laws by themselves.

mod answers;
mod laws;
mod request;
mod streams;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::Ollama;
use crate::{Model, Quirks, Request, api::Api as _};

/// The context that is asked for.
fn asked(request: &Request, context: Option<u64>) -> u64 {
    let body = Ollama.body(request, &Model { context, ..Model::default() }, &Quirks::default());
    body["options"]["num_ctx"].as_u64().unwrap()
}

#[test]
fn lists_of_models() {
    let check = |list: Value, expect: Expect| {
        let line = |(name, model): &(String, Model)| {
            let Model { context, vision, tools, reasoning, fim, .. } = model;
            format!("{name} {context:?} {vision:?} {tools:?} {reasoning:?} {fim:?}\n")
        };
        expect.assert_eq(&Ollama.models(&list).iter().map(line).collect::<String>());
    };
    let list = json!({"models": [
        {"name": "qwen2.5-coder:7b", "model": "qwen2.5-coder:7b", "size": 4683087332_u64,
            "details": {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"}},
        {"name": "qwen3:8b", "details": {"family": "qwen3", "context_length": 40960},
            "capabilities": ["completion", "tools", "thinking"]},
        {"name": "gpt-oss:20b", "details": {"family": "gptoss"}, "capabilities": ["completion", "tools", "thinking"]},
        {"name": "odd", "details": {"context_length": 0}, "capabilities": []},
        {"model": "nameless"}, null,
    ]});
    check(
        list,
        expect![[r#"
        qwen2.5-coder:7b None None None None None
        qwen3:8b Some(40960) Some(false) Some(true) Some(Toggle) Some(false)
        gpt-oss:20b None Some(false) Some(true) Some(Effort) Some(false)
        odd None Some(false) Some(false) None Some(false)
    "#]],
    );
    check(json!({"models": null}), expect![[""]]);
    assert_eq!(Ollama.models_path(), "api/tags");
    assert_eq!(Ollama.path(&Request::default()), "api/chat");
    assert_eq!(Ollama.count(&Request::default(), &Model::default(), &Quirks::default()), None);
}
