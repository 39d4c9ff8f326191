//! Requests: what is said in the terms of all formats, and how it must be said in this one.

use expect_test::{Expect, expect};
use serde_json::json;

use super::{super::OpenAiResponses, tool};
use crate::{
    Effort, Image, Message, Model, Part, Quirks, Reasoning, Request, Role, Schema, ToolCall, ToolChoice, ToolResult,
    api::Api as _,
};

fn check_body(request: &Request, model: &Model, expect: Expect) {
    expect.assert_eq(&format!("{}\n", OpenAiResponses.body(request, model, &Quirks::default())));
}

/// Of the input alone.
fn check_input(messages: Vec<Message>, expect: Expect) {
    let request = Request { messages, ..Request::default() };
    let body = OpenAiResponses.body(&request, &Model::default(), &Quirks::default());
    let items = body["input"].as_array().unwrap();
    expect.assert_eq(&items.iter().map(|item| format!("{item}\n")).collect::<String>());
}

fn assistant(parts: Vec<Part>) -> Message {
    Message { role: Role::Assistant, parts, ..Message::default() }
}

fn call(id: &str, arguments: &str) -> Part {
    Part::Call(ToolCall { id: id.into(), name: "read".into(), arguments: arguments.into(), signature: None })
}

fn thought(id: &str) -> Part {
    Part::Replay(json!({"type": "reasoning", "id": id, "summary": [], "encrypted_content": "sealed"}))
}

#[test]
fn request_bodies() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("be brief"), Message::user("\"hi\""), Message::system("be kind")],
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        {"input":[{"content":[{"text":"\"hi\"","type":"input_text"}],"role":"user","type":"message"}],"instructions":"be brief\n\nbe kind","model":"m","store":false,"stream":true}
    "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        temperature: Some(0.25),
        stop: vec!["\n\n".into()],
        effort: Some(Effort::Off),
        messages: vec![Message::user("hi")],
        ..request
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        {"input":[{"content":[{"text":"hi","type":"input_text"}],"role":"user","type":"message"}],"max_output_tokens":64,"model":"m","store":false,"stream":true,"temperature":0.25}
    "#]],
    );
    let reasons = Model { temperature: Some(false), reasoning: Some(Reasoning::Effort), ..Model::default() };
    check_body(
        &request,
        &reasons,
        expect![[r#"
            {"include":["reasoning.encrypted_content"],"input":[{"content":[{"text":"hi","type":"input_text"}],"role":"user","type":"message"}],"max_output_tokens":64,"model":"m","reasoning":{"effort":"low","summary":"auto"},"store":false,"stream":true}
        "#]],
    );
    let always = Model { reasoning: Some(Reasoning::Always), ..Model::default() };
    check_body(
        &Request { max_tokens: Some(5), ..request },
        &always,
        expect![[r#"
        {"include":["reasoning.encrypted_content"],"input":[{"content":[{"text":"hi","type":"input_text"}],"role":"user","type":"message"}],"max_output_tokens":16,"model":"m","store":false,"stream":true,"temperature":0.25}
    "#]],
    );
}

#[test]
fn tools_and_the_shape_of_the_answer() {
    let request = Request {
        model: "m".into(),
        tools: vec![tool()],
        tool_choice: ToolChoice::Any,
        schema: Some(Schema { name: "s".into(), schema: json!({"type": "object"}) }),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        {"input":[],"model":"m","store":false,"stream":true,"text":{"format":{"name":"s","schema":{"type":"object"},"strict":true,"type":"json_schema"}},"tool_choice":"required","tools":[{"description":"Reads","name":"read","parameters":{"type":"object"},"strict":false,"type":"function"}]}
    "#]],
    );
    let choice = |request: &Request| {
        let body = OpenAiResponses.body(request, &Model::default(), &Quirks::default());
        body.get("tool_choice").cloned()
    };
    let of = |tool_choice, tools| Request { tool_choice, tools, ..Request::default() };
    assert_eq!(choice(&of(ToolChoice::Auto, vec![tool()])), None);
    assert_eq!(choice(&of(ToolChoice::None, vec![tool()])), Some("none".into()));
    assert_eq!(choice(&of(ToolChoice::None, Vec::new())), None);
    assert_eq!(choice(&of(ToolChoice::Any, Vec::new())), None);
    let quirks = Quirks { json_object_only: true, ..Quirks::default() };
    let body = OpenAiResponses.body(&request, &Model::default(), &quirks);
    assert_eq!(body["text"], json!({"format": {"type": "json_object"}}));
}

#[test]
fn a_conversation_with_tools_thoughts_and_pictures() {
    let image = Part::Image(Image { media_type: "image/png".into(), data: b"png".to_vec() });
    let result = |id: &str| {
        Part::Result(ToolResult { id: id.into(), name: "read".into(), content: "text".into(), is_error: false })
    };
    check_input(
        vec![
            Message { parts: vec![Part::Text("see".into()), image.clone()], ..Message::default() },
            assistant(vec![
                thought("rs_1"),
                Part::Text("I".into()),
                Part::Text(" read".into()),
                image,
                thought("rs_2"),
                call("c1", r#"{"path":"a"}"#),
                call("c2", " "),
            ]),
            Message { parts: vec![result("c1"), result("c2"), Part::Text("and now?".into())], ..Message::default() },
        ],
        expect![[r#"
            {"content":[{"text":"see","type":"input_text"},{"image_url":"data:image/png;base64,cG5n","type":"input_image"}],"role":"user","type":"message"}
            {"encrypted_content":"sealed","id":"rs_1","summary":[],"type":"reasoning"}
            {"content":[{"text":"I","type":"output_text"},{"text":" read","type":"output_text"}],"role":"assistant","type":"message"}
            {"encrypted_content":"sealed","id":"rs_2","summary":[],"type":"reasoning"}
            {"arguments":"{\"path\":\"a\"}","call_id":"c1","name":"read","type":"function_call"}
            {"arguments":"{}","call_id":"c2","name":"read","type":"function_call"}
            {"call_id":"c1","output":"text","type":"function_call_output"}
            {"call_id":"c2","output":"text","type":"function_call_output"}
            {"content":[{"text":"and now?","type":"input_text"}],"role":"user","type":"message"}
        "#]],
    );
}

#[test]
fn thoughts_that_led_to_nothing_and_empty_messages_are_left_out() {
    check_input(
        vec![
            Message::user(""),
            assistant(vec![thought("rs_1"), Part::Text("half".into()), thought("rs_2"), Part::Text(String::new())]),
            assistant(vec![thought("rs_3")]),
            Message::user("go on"),
        ],
        expect![[r#"
            {"encrypted_content":"sealed","id":"rs_1","summary":[],"type":"reasoning"}
            {"content":[{"text":"half","type":"output_text"}],"role":"assistant","type":"message"}
            {"content":[{"text":"go on","type":"input_text"}],"role":"user","type":"message"}
        "#]],
    );
}
