//! Requests: what is said in the terms of all formats, and how it must be said in this one.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{super::Ollama, asked};
use crate::{
    Effort, Image, Message, Model, Part, Quirks, Reasoning, Request, Role, Schema, Tool, ToolCall, ToolChoice,
    ToolResult, api::Api as _,
};

fn check_body(request: &Request, model: &Model, expect: Expect) {
    expect.assert_eq(&format!("{}\n", Ollama.body(request, model, &Quirks::default())));
}

#[test]
fn request_bodies() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("be brief"), Message::user("\"hi\""), Message::assistant("yes")],
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
            {"keep_alive":"10m","messages":[{"content":"be brief","role":"system"},{"content":"\"hi\"","role":"user"},{"content":"yes","role":"assistant"}],"model":"m","options":{"num_ctx":4096},"shift":false,"stream":true,"truncate":false}
        "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        temperature: Some(0.25),
        stop: vec!["\n\n".into()],
        messages: vec![Message::default()],
        schema: Some(Schema { name: "s".into(), schema: json!({"type": "object"}) }),
        ..request
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
            {"format":{"type":"object"},"keep_alive":"10m","messages":[{"content":"","role":"user"}],"model":"m","options":{"num_ctx":4096,"num_predict":64,"stop":["\n\n"],"temperature":0.25},"shift":false,"stream":true,"truncate":false}
        "#]],
    );
    let cold = Model { temperature: Some(false), ..Model::default() };
    check_body(
        &Request { schema: None, ..request },
        &cold,
        expect![[r#"
            {"keep_alive":"10m","messages":[{"content":"","role":"user"}],"model":"m","options":{"num_ctx":4096,"num_predict":64,"stop":["\n\n"]},"shift":false,"stream":true,"truncate":false}
        "#]],
    );
}

#[test]
fn efforts() {
    let think = |effort, reasoning| {
        let model = Model { reasoning, ..Model::default() };
        let body = Ollama.body(&Request { effort, ..Request::default() }, &model, &Quirks::default());
        format!("{} ", body.get("think").unwrap_or(&Value::Null))
    };
    let efforts = [None, Some(Effort::Off), Some(Effort::Low), Some(Effort::Medium), Some(Effort::High)];
    let all = |reasoning| efforts.map(|effort| think(effort, reasoning)).concat();
    assert_eq!(all(None), "null null null null null ");
    assert_eq!(all(Some(Reasoning::Always)), "null null null null null ");
    assert_eq!(all(Some(Reasoning::Toggle)), "null false true true true ");
    assert_eq!(all(Some(Reasoning::Effort)), r#"null "low" "low" "medium" "high" "#);
}

#[test]
fn a_conversation_with_tools_and_pictures() {
    let call = |name: &str, arguments: &str| {
        let (name, arguments) = (name.into(), arguments.into());
        Part::Call(ToolCall { id: "c1".into(), name, arguments, signature: Some("x".into()) })
    };
    let result = ToolResult { id: "c1".into(), name: "read".into(), content: "text".into(), is_error: false };
    let image = Image { media_type: "image/png".into(), data: b"png".to_vec() };
    let said = |role, parts| Message { role, parts, ..Message::default() };
    let request = Request {
        model: "m".into(),
        messages: vec![
            said(Role::User, vec![Part::Text("see".into()), Part::Image(image)]),
            said(Role::Assistant, vec![Part::Replay(Value::Null), call("read", r#"{"path":"a"}"#), call("list", "")]),
            said(Role::User, vec![Part::Result(result.clone()), Part::Text("and now?".into())]),
            said(Role::User, vec![Part::Result(result)]),
        ],
        tools: vec![Tool { name: "read".into(), description: "Reads".into(), parameters: json!({"type": "object"}) }],
        tool_choice: ToolChoice::Any,
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
            {"keep_alive":"10m","messages":[{"content":"see","images":["cG5n"],"role":"user"},{"content":"","role":"assistant","tool_calls":[{"function":{"arguments":{"path":"a"},"name":"read"}},{"function":{"arguments":{},"name":"list"}}]},{"content":"text","role":"tool","tool_name":"read"},{"content":"and now?","role":"user"},{"content":"text","role":"tool","tool_name":"read"}],"model":"m","options":{"num_ctx":4096},"shift":false,"stream":true,"tools":[{"function":{"description":"Reads","name":"read","parameters":{"type":"object"}},"type":"function"}],"truncate":false}
        "#]],
    );
    let forbidden = Request { tool_choice: ToolChoice::None, messages: Vec::new(), ..request };
    check_body(
        &forbidden,
        &Model::default(),
        expect![[r#"
            {"keep_alive":"10m","messages":[],"model":"m","options":{"num_ctx":4096},"shift":false,"stream":true,"truncate":false}
        "#]],
    );
}

#[test]
fn the_context_holds_the_request_and_its_answer() {
    let request = |bytes| Request { messages: vec![Message::user("x".repeat(bytes))], ..Request::default() };
    // 512 for the template and 2048 for the answer leave 1536 tokens, three bytes each.
    assert_eq!(asked(&request(0), None), 4096);
    assert_eq!(asked(&request(3 * 1536), None), 4096);
    assert_eq!(asked(&request(3 * 1537), None), 8192);
    assert_eq!(asked(&request(3 * 100_000), None), 131_072);
    assert_eq!(asked(&request(3 * 1_000_000), None), 131_072);
    // No more than the model can do, and that though it is no power of two.
    assert_eq!(asked(&request(3 * 100_000), Some(40_960)), 40_960);
    assert_eq!(asked(&request(0), Some(40_960)), 4096);
    assert_eq!(asked(&request(0), Some(2048)), 2048);

    let long_answer = |max_tokens| Request { max_tokens: Some(max_tokens), ..request(0) };
    assert_eq!(asked(&long_answer(1), None), 4096);
    assert_eq!(asked(&long_answer(8192), None), 16_384);
    assert_eq!(asked(&long_answer(u32::MAX), None), 131_072);

    let tool = Tool { description: "x".repeat(3 * 2000), ..Tool::default() };
    assert_eq!(asked(&Request { tools: vec![tool.clone()], ..request(0) }, None), 8192);
    let forbidden = Request { tools: vec![tool], tool_choice: ToolChoice::None, ..request(0) };
    assert_eq!(asked(&forbidden, None), 4096);
    let image = Part::Image(Image { media_type: "image/png".into(), data: Vec::new() });
    let pictures = Message { parts: vec![image.clone(), image], ..Message::default() };
    assert_eq!(asked(&Request { messages: vec![pictures], ..Request::default() }, None), 8192);
}
