//! The format's tests: its lists of models and counts of tokens; requests, answers, calls, streams and laws by themselves.

mod answers;
mod calls;
mod laws;
mod request;
mod streams;

use expect_test::{Expect, expect};
use serde_json::json;

use super::OpenAiResponses;
use crate::{
    Message, Model, Quirks, Request, Tool,
    api::{Api as _, Kind, testing},
};

fn check(lines: &str, expect: Expect) {
    testing::check(Kind::OpenAiResponses, lines, expect);
}

fn tool() -> Tool {
    Tool { name: "read".into(), description: "Reads".into(), parameters: json!({"type": "object"}) }
}

#[test]
fn tokens_are_counted() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("be brief"), Message::user("hi")],
        tools: vec![tool()],
        max_tokens: Some(64),
        ..Request::default()
    };
    let (path, body) = OpenAiResponses.count(&request, &Model::default(), &Quirks::default()).unwrap();
    expect![[r#"
        responses/input_tokens {"input":[{"content":[{"text":"hi","type":"input_text"}],"role":"user","type":"message"}],"instructions":"be brief","model":"m","tools":[{"description":"Reads","name":"read","parameters":{"type":"object"},"strict":false,"type":"function"}]}
    "#]].assert_eq(&format!("{path} {body}\n"));
    assert_eq!(OpenAiResponses.counted(&json!({"object": "response.input_tokens", "input_tokens": 11})), Some(11));
    assert_eq!(OpenAiResponses.counted(&json!({"error": "no"})), None);
}

#[test]
fn models_are_listed_as_in_chat() {
    let models = OpenAiResponses.models(&json!({"data": [{"id": "a", "context_window": 8192}]}));
    assert_eq!(models, [("a".to_owned(), Model { context: Some(8192), ..Model::default() })]);
}
