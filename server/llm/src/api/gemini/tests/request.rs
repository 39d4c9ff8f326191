//! Requests: what is said in the terms of all formats, and how it must be said in this one.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::super::Gemini;
use crate::{
    Effort, Image, Message, Model, Part, Quirks, Reasoning, Request, Role, Schema, Tool, ToolCall, ToolChoice,
    ToolResult, api::Api as _,
};

fn check_body(request: &Request, model: &Model, expect: Expect) {
    let mut body = Gemini.body(request, model, &Quirks::default());
    // The same in every body; see `harms_are_filtered`.
    body.as_object_mut().unwrap().remove("safetySettings");
    expect.assert_eq(&format!("{body}\n"));
}

fn reasons(reasoning: Reasoning) -> Model {
    Model { reasoning: Some(reasoning), ..Model::default() }
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
        {"contents":[{"parts":[{"text":"\"hi\""}],"role":"user"},{"parts":[{"text":"yes"}],"role":"model"}],"systemInstruction":{"parts":[{"text":"be brief"}]}}
    "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        temperature: Some(0.25),
        stop: vec!["\n\n".into()],
        messages: vec![Message::user("hi")],
        schema: Some(Schema { name: "s".into(), schema: json!({"type": "object"}) }),
        ..request
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        {"contents":[{"parts":[{"text":"hi"}],"role":"user"}],"generationConfig":{"maxOutputTokens":64,"responseJsonSchema":{"type":"object"},"responseMimeType":"application/json","stopSequences":["\n\n"],"temperature":0.25}}
    "#]],
    );
    let cold = Model { temperature: Some(false), ..Model::default() };
    check_body(
        &Request { schema: None, ..request },
        &cold,
        expect![[r#"
        {"contents":[{"parts":[{"text":"hi"}],"role":"user"}],"generationConfig":{"maxOutputTokens":64,"stopSequences":["\n\n"]}}
    "#]],
    );
}

#[test]
fn harms_are_filtered() {
    let body = Gemini.body(&Request::default(), &Model::default(), &Quirks::default());
    expect![[r#"
        {"contents":[],"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"},{"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"BLOCK_ONLY_HIGH"},{"category":"HARM_CATEGORY_SEXUALLY_EXPLICIT","threshold":"BLOCK_ONLY_HIGH"},{"category":"HARM_CATEGORY_DANGEROUS_CONTENT","threshold":"BLOCK_ONLY_HIGH"}]}
    "#]].assert_eq(&format!("{body}\n"));
}

#[test]
fn efforts() {
    let config = |effort, model: &str, reasoning| {
        let request = Request { model: model.into(), effort, ..Request::default() };
        let body = Gemini.body(&request, &reasons(reasoning), &Quirks::default());
        format!("{}\n", body.pointer("/generationConfig/thinkingConfig").unwrap_or(&Value::Null))
    };
    let efforts = [None, Some(Effort::Off), Some(Effort::Low), Some(Effort::Medium), Some(Effort::High)];
    let all = |model, reasoning| efforts.map(|effort| config(effort, model, reasoning)).concat();
    expect![[r#"
        null
        {"includeThoughts":false,"thinkingBudget":0}
        {"includeThoughts":true,"thinkingBudget":1024}
        {"includeThoughts":true,"thinkingBudget":8192}
        {"includeThoughts":true,"thinkingBudget":24576}
    "#]]
    .assert_eq(&all("gemini-2.5-flash", Reasoning::GeminiBudget));
    expect![[r#"
        null
        {"includeThoughts":false,"thinkingLevel":"low"}
        {"includeThoughts":true,"thinkingLevel":"low"}
        {"includeThoughts":true,"thinkingLevel":"medium"}
        {"includeThoughts":true,"thinkingLevel":"high"}
    "#]]
    .assert_eq(&all("gemini-3-flash", Reasoning::GeminiLevel));
    expect![[r#"
        null
        null
        null
        null
        null
    "#]]
    .assert_eq(&all("gemma", Reasoning::Toggle));
    expect![[r#"
        {"includeThoughts":false,"thinkingBudget":128}
    "#]]
    .assert_eq(&config(Some(Effort::Off), "models/gemini-2.5-pro", Reasoning::GeminiBudget));
}

fn conversation() -> Request {
    let call = |id: &str, signature: Option<&str>| {
        let (name, arguments) = ("read".into(), r#"{"path":"a"}"#.into());
        Part::Call(ToolCall { id: id.into(), name, arguments, signature: signature.map(str::to_owned) })
    };
    let result = |id: &str, is_error| {
        Part::Result(ToolResult { id: id.into(), name: "read".into(), content: "text".into(), is_error })
    };
    let image = Image { media_type: "image/png".into(), data: b"png".to_vec() };
    let replay = json!({"text": "", "thoughtSignature": "c2VhbA=="});
    let said = |role, parts| Message { role, parts, ..Message::default() };
    Request {
        model: "m".into(),
        messages: vec![
            said(Role::User, vec![Part::Text("see".into()), Part::Image(image)]),
            said(Role::User, vec![Part::Text("this".into())]),
            said(Role::Assistant, vec![Part::Text(String::new())]),
            said(Role::Assistant, vec![Part::Replay(replay), call("c1", Some("c2lnbmVk")), call("c2", None)]),
            said(Role::User, vec![result("c1", false), result("c2", true), Part::Text("and now?".into())]),
            said(Role::Assistant, vec![Part::Text("again".into()), call("c3", None), call("", None)]),
            said(Role::User, vec![result("c3", false), result("", false)]),
        ],
        ..Request::default()
    }
}

#[test]
fn a_conversation_with_tools_and_pictures() {
    check_body(
        &conversation(),
        &reasons(Reasoning::GeminiBudget),
        expect![[r#"
        {"contents":[{"parts":[{"text":"see"},{"inlineData":{"data":"cG5n","mimeType":"image/png"}},{"text":"this"}],"role":"user"},{"parts":[{"text":"","thoughtSignature":"c2VhbA=="},{"functionCall":{"args":{"path":"a"},"name":"read"},"thoughtSignature":"c2lnbmVk"},{"functionCall":{"args":{"path":"a"},"name":"read"}}],"role":"model"},{"parts":[{"functionResponse":{"name":"read","response":{"result":"text"}}},{"functionResponse":{"name":"read","response":{"error":"text"}}},{"text":"and now?"}],"role":"user"},{"parts":[{"text":"again"},{"functionCall":{"args":{"path":"a"},"name":"read"}},{"functionCall":{"args":{"path":"a"},"name":"read"}}],"role":"model"},{"parts":[{"functionResponse":{"name":"read","response":{"result":"text"}}},{"functionResponse":{"name":"read","response":{"result":"text"}}}],"role":"user"}]}
    "#]],
    );
}

#[test]
fn models_with_levels_want_ids_and_a_signature_on_every_first_call() {
    check_body(
        &conversation(),
        &reasons(Reasoning::GeminiLevel),
        expect![[r#"
        {"contents":[{"parts":[{"text":"see"},{"inlineData":{"data":"cG5n","mimeType":"image/png"}},{"text":"this"}],"role":"user"},{"parts":[{"text":"","thoughtSignature":"c2VhbA=="},{"functionCall":{"args":{"path":"a"},"id":"c1","name":"read"},"thoughtSignature":"c2lnbmVk"},{"functionCall":{"args":{"path":"a"},"id":"c2","name":"read"}}],"role":"model"},{"parts":[{"functionResponse":{"id":"c1","name":"read","response":{"result":"text"}}},{"functionResponse":{"id":"c2","name":"read","response":{"error":"text"}}},{"text":"and now?"}],"role":"user"},{"parts":[{"text":"again"},{"functionCall":{"args":{"path":"a"},"id":"c3","name":"read"},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"args":{"path":"a"},"name":"read"}}],"role":"model"},{"parts":[{"functionResponse":{"id":"c3","name":"read","response":{"result":"text"}}},{"functionResponse":{"name":"read","response":{"result":"text"}}}],"role":"user"}]}
    "#]],
    );
}

#[test]
fn tools_and_whether_they_are_called() {
    let body = |tool_choice| {
        let tool = Tool { name: "read".into(), description: "Reads".into(), parameters: json!({"type": "object"}) };
        let request = Request { tools: vec![tool], tool_choice, ..Request::default() };
        let body = Gemini.body(&request, &Model::default(), &Quirks::default());
        format!("{} {}\n", body["tools"], body["toolConfig"])
    };
    expect![[r#"
        [{"functionDeclarations":[{"description":"Reads","name":"read","parametersJsonSchema":{"type":"object"}}]}] null
        [{"functionDeclarations":[{"description":"Reads","name":"read","parametersJsonSchema":{"type":"object"}}]}] {"functionCallingConfig":{"mode":"ANY"}}
        [{"functionDeclarations":[{"description":"Reads","name":"read","parametersJsonSchema":{"type":"object"}}]}] {"functionCallingConfig":{"mode":"NONE"}}
    "#]].assert_eq(&[ToolChoice::Auto, ToolChoice::Any, ToolChoice::None].map(body).concat());
}
