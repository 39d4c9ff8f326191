//! The format's tests: its lists of models and counts of tokens; requests, answers, streams and laws by themselves.

mod answers;
mod laws;
mod request;
mod streams;

use expect_test::expect;
use serde_json::json;

use super::Anthropic;
use crate::{Message, Model, Part, Quirks, Request, Role, Tool, ToolCall, ToolResult, api::Api as _};

fn call(id: &str) -> Part {
    let arguments = r#"{"path":"a"}"#.into();
    Part::Call(ToolCall { id: id.into(), name: "read".into(), arguments, signature: None })
}

fn result(id: &str, content: &str) -> Part {
    Part::Result(ToolResult { id: id.into(), name: "read".into(), content: content.into(), is_error: false })
}

fn thought() -> Part {
    Part::Replay(json!({"type": "thinking", "thinking": "hm", "signature": "s="}))
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn by(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, ..Message::default() }
}

fn tool() -> Tool {
    Tool { name: "read".into(), description: "Reads".into(), parameters: json!({"type": "object"}) }
}

#[test]
fn counting() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("s"), Message::user("a")],
        tools: vec![tool()],
        max_tokens: Some(64),
        temperature: Some(0.5),
        stop: vec!["END".into()],
        ..Request::default()
    };
    let (path, body) = Anthropic.count(&request, &Model::default(), &Quirks::default()).unwrap();
    expect![[r#"
        messages/count_tokens {"messages":[{"content":[{"text":"a","type":"text"}],"role":"user"}],"model":"m","system":"s","tools":[{"description":"Reads","input_schema":{"type":"object"},"name":"read"}]}
    "#]].assert_eq(&format!("{path} {body}\n"));
    assert_eq!(Anthropic.counted(&json!({"input_tokens": 14})), Some(14));
    assert_eq!(Anthropic.counted(&json!({"tokens": 14})), None);
}

#[test]
fn lists_of_models() {
    let yes = json!({"supported": true});
    let list = json!({
        "data": [
            {"type": "model", "id": "old", "display_name": "Old", "max_input_tokens": null, "capabilities": null},
            {"id": "mid", "max_input_tokens": 200_000, "max_tokens": 64_000, "capabilities": {
                "image_input": yes,
                "effort": yes,
                "thinking": {"supported": true, "types": {"enabled": yes, "adaptive": {"supported": false}}},
            }},
            {"id": "new", "max_input_tokens": 1_000_000, "max_tokens": 0, "capabilities": {
                "image_input": {"supported": false},
                "effort": yes,
                "thinking": {"supported": true, "types": {"enabled": yes, "adaptive": yes}},
            }},
            {"id": "llama.cpp's", "meta": {"n_ctx": 4096}},
            {"display_name": "without an id"},
        ],
        "has_more": false,
    });
    let models = Anthropic.models(&list).into_iter().map(|(name, model)| {
        let Model { context, output, vision, reasoning, .. } = model;
        format!("{name} {context:?} {output:?} {vision:?} {reasoning:?}\n")
    });
    expect![[r#"
        old None None None None
        mid Some(200000) Some(64000) Some(true) Some(Budget)
        new Some(1000000) None Some(false) Some(Adaptive)
        llama.cpp's Some(4096) None None None
    "#]]
    .assert_eq(&models.collect::<String>());
    assert_eq!(Anthropic.models(&json!({"data": 5})), []);
}
