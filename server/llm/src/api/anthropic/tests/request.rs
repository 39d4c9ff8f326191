//! Requests: what is said in the terms of all formats, and how it must be said in this one.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{super::Anthropic, by, call, result, text, thought, tool};
use crate::{
    CacheTtl, Effort, Image, Message, Model, Part, Quirks, Reasoning, Request, Role, Schema, ToolCall, ToolChoice,
    ToolResult, api::Api as _,
};

/// The body's keys, one a line.
fn check_body(request: &Request, model: &Model, expect: Expect) {
    let body = Anthropic.body(request, model, &Quirks::default());
    let lines = body.as_object().unwrap().iter().map(|(key, value)| format!("{key}: {value}\n"));
    expect.assert_eq(&lines.collect::<String>());
}

/// The fields of a body that are about thinking.
fn check_thinking(request: Request, model: &Model, expect: Expect) {
    let body = Anthropic.body(&request, model, &Quirks::default());
    let shown = ["max_tokens", "thinking", "output_config", "temperature"].map(|key| body[key].to_string());
    expect.assert_eq(&shown.join(" "));
}

fn check_messages(messages: Vec<Message>, expect: Expect) {
    let body = Anthropic.body(&Request { messages, ..Request::default() }, &Model::default(), &Quirks::default());
    let lines = body["messages"].as_array().unwrap().iter().map(|message| format!("{message}\n"));
    expect.assert_eq(&lines.collect::<String>());
}

#[test]
fn request_bodies() {
    let request = Request {
        model: "m".into(),
        messages: vec![Message::system("be brief"), Message::user("\"hi\""), Message::assistant("yes")],
        // Refused here, and so never sent: one of white space alone.
        stop: vec!["\n\n".into(), "END".into()],
        temperature: Some(0.25),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        max_tokens: 8192
        messages: [{"content":[{"text":"\"hi\"","type":"text"}],"role":"user"},{"content":[{"text":"yes","type":"text"}],"role":"assistant"}]
        model: "m"
        stop_sequences: ["END"]
        stream: true
        system: "be brief"
        temperature: 0.25
    "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        messages: vec![Message::system("a"), Message::user("u"), Message::system("b"), Message::system(" ")],
        stop: vec![" ".into()],
        tool_choice: ToolChoice::Any,
        ..request
    };
    check_body(
        &request,
        &Model { temperature: Some(false), ..Model::default() },
        expect![[r#"
        max_tokens: 64
        messages: [{"content":[{"text":"u","type":"text"}],"role":"user"}]
        model: "m"
        stream: true
        system: "a\n\nb\n\n "
    "#]],
    );
    assert_eq!(Anthropic.path(&request), "messages");
}

#[test]
fn the_answers_limit_is_always_sent() {
    let limit = |max_tokens, output| {
        let request = Request { max_tokens, ..Request::default() };
        Anthropic.body(&request, &Model { output, ..Model::default() }, &Quirks::default())["max_tokens"].clone()
    };
    assert_eq!(limit(None, None), 8192);
    assert_eq!(limit(None, Some(4096)), 4096);
    assert_eq!(limit(None, Some(64_000)), 32_000);
    assert_eq!(limit(Some(50_000), Some(64_000)), 50_000);
}

#[test]
fn a_conversation_with_tools_thoughts_and_pictures() {
    let image = Image { media_type: "image/png".into(), data: b"png".to_vec() };
    let request = Request {
        model: "m".into(),
        messages: vec![
            by(Role::User, vec![text("see"), Part::Image(image)]),
            by(Role::Assistant, vec![thought(), text("I read"), call("c1"), call("c2")]),
            by(Role::User, vec![result("c1", "text"), result("c2", ""), text("and now?")]),
        ],
        tools: vec![tool()],
        tool_choice: ToolChoice::Any,
        schema: Some(Schema { name: "s".into(), schema: json!({"type": "object"}) }),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        max_tokens: 8192
        messages: [{"content":[{"text":"see","type":"text"},{"source":{"data":"cG5n","media_type":"image/png","type":"base64"},"type":"image"}],"role":"user"},{"content":[{"signature":"s=","thinking":"hm","type":"thinking"},{"text":"I read","type":"text"},{"id":"c1","input":{"path":"a"},"name":"read","type":"tool_use"},{"id":"c2","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"},{"content":[{"content":"text","tool_use_id":"c1","type":"tool_result"},{"content":"","tool_use_id":"c2","type":"tool_result"},{"text":"and now?","type":"text"}],"role":"user"}]
        model: "m"
        output_config: {"format":{"schema":{"type":"object"},"type":"json_schema"}}
        stream: true
        tool_choice: {"type":"any"}
        tools: [{"description":"Reads","input_schema":{"type":"object"},"name":"read"}]
    "#]],
    );
    let choice = |tool_choice| {
        let request = Request { tool_choice, ..request.clone() };
        Anthropic.body(&request, &Model::default(), &Quirks::default())["tool_choice"].to_string()
    };
    assert_eq!(choice(ToolChoice::Auto), "null");
    assert_eq!(choice(ToolChoice::None), r#"{"type":"none"}"#);
    let quirks = Quirks { json_object_only: true, ..Quirks::default() };
    assert_eq!(Anthropic.body(&request, &Model::default(), &quirks)["output_config"], Value::Null);
}

#[test]
fn roles_alternate_and_results_come_first() {
    check_messages(
        vec![
            Message::user("a"),
            Message::system("s"),
            Message::user("b"),
            by(Role::Assistant, vec![call("1")]),
            by(Role::Assistant, vec![text(""), text(" \n"), call("2")]),
            by(Role::User, vec![text("look"), result("1", "r1")]),
            by(Role::User, vec![result("2", "r2")]),
        ],
        expect![[r#"
            {"content":[{"text":"a","type":"text"},{"text":"b","type":"text"}],"role":"user"}
            {"content":[{"id":"1","input":{"path":"a"},"name":"read","type":"tool_use"},{"id":"2","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"}
            {"content":[{"content":"r1","tool_use_id":"1","type":"tool_result"},{"content":"r2","tool_use_id":"2","type":"tool_result"},{"text":"look","type":"text"}],"role":"user"}
        "#]],
    );
}

#[test]
fn messages_without_content_are_left_out() {
    check_messages(
        vec![Message::user("a"), Message::assistant(" "), Message::user("b")],
        expect![[r#"
        {"content":[{"text":"a","type":"text"},{"text":"b","type":"text"}],"role":"user"}
    "#]],
    );
    // What does not belong to its role.
    let odd = vec![result("1", "r"), Part::Replay(Value::Null)];
    check_messages(vec![by(Role::User, vec![call("1"), thought()]), by(Role::Assistant, odd)], expect![[r#""#]]);
}

#[test]
fn an_error_says_something() {
    let failed = |content: &str| {
        let result = ToolResult { id: "1".into(), content: content.into(), is_error: true, ..ToolResult::default() };
        by(Role::User, vec![Part::Result(result)])
    };
    check_messages(
        vec![failed(""), Message::assistant("a"), failed("no such file")],
        expect![[r#"
        {"content":[{"content":"The tool failed.","is_error":true,"tool_use_id":"1","type":"tool_result"}],"role":"user"}
        {"content":[{"text":"a","type":"text"}],"role":"assistant"}
        {"content":[{"content":"no such file","is_error":true,"tool_use_id":"1","type":"tool_result"}],"role":"user"}
    "#]],
    );
}

#[test]
fn ids_of_other_providers_are_made_fit() {
    let turn = |id: &str| [by(Role::Assistant, vec![call(id)]), by(Role::User, vec![result(id, "r")])];
    check_messages(
        [turn("call_0"), turn("call_0"), turn("fc|é.1"), turn("")].concat(),
        expect![[r#"
        {"content":[{"id":"call_0","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"}
        {"content":[{"content":"r","tool_use_id":"call_0","type":"tool_result"}],"role":"user"}
        {"content":[{"id":"call_0_","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"}
        {"content":[{"content":"r","tool_use_id":"call_0_","type":"tool_result"}],"role":"user"}
        {"content":[{"id":"fc___1","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"}
        {"content":[{"content":"r","tool_use_id":"fc___1","type":"tool_result"}],"role":"user"}
        {"content":[{"id":"call","input":{"path":"a"},"name":"read","type":"tool_use"}],"role":"assistant"}
        {"content":[{"content":"r","tool_use_id":"call","type":"tool_result"}],"role":"user"}
    "#]],
    );
}

#[test]
fn arguments_that_are_no_object_are_sent_as_an_empty_one() {
    let broken = ToolCall { id: "1".into(), name: "read".into(), arguments: "{\"a".into(), signature: None };
    check_messages(
        vec![by(Role::Assistant, vec![Part::Call(broken)])],
        expect![[r#"
        {"content":[{"id":"1","input":{},"name":"read","type":"tool_use"}],"role":"assistant"}
    "#]],
    );
}

#[test]
fn cache_points() {
    let request = Request {
        messages: vec![
            Message::system("rules").cached(CacheTtl::Short),
            Message::system("today"),
            by(Role::User, vec![text("a"), text("b")]).cached(CacheTtl::Short),
            by(Role::Assistant, vec![text("c"), thought()]).cached(CacheTtl::Short),
            Message::user("d"),
            Message::user("e").cached(CacheTtl::Short),
            Message::user("f"),
        ],
        tools: vec![tool(), tool()],
        cache_tools: Some(CacheTtl::Short),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        max_tokens: 8192
        messages: [{"content":[{"text":"a","type":"text"},{"text":"b","type":"text"}],"role":"user"},{"content":[{"cache_control":{"type":"ephemeral"},"text":"c","type":"text"},{"signature":"s=","thinking":"hm","type":"thinking"}],"role":"assistant"},{"content":[{"text":"d","type":"text"},{"cache_control":{"type":"ephemeral"},"text":"e","type":"text"},{"text":"f","type":"text"}],"role":"user"}]
        model: ""
        stream: true
        system: [{"cache_control":{"type":"ephemeral"},"text":"rules","type":"text"},{"text":"today","type":"text"}]
        tools: [{"description":"Reads","input_schema":{"type":"object"},"name":"read"},{"cache_control":{"type":"ephemeral"},"description":"Reads","input_schema":{"type":"object"},"name":"read"}]
    "#]],
    );
    let none = Anthropic.body(&request, &Model { cache: Some(false), ..Model::default() }, &Quirks::default());
    assert!(!none.to_string().contains("cache_control"));
    assert_eq!(none["system"], "rules\n\ntoday");
}

#[test]
fn what_is_kept_for_an_hour_does_not_come_after_what_is_kept_for_less() {
    let request = Request {
        messages: vec![
            Message::user("a").cached(CacheTtl::Short),
            Message::assistant("b").cached(CacheTtl::Long),
            Message::user("c").cached(CacheTtl::Short),
        ],
        tools: vec![tool()],
        cache_tools: Some(CacheTtl::Short),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        expect![[r#"
        max_tokens: 8192
        messages: [{"content":[{"cache_control":{"ttl":"1h","type":"ephemeral"},"text":"a","type":"text"}],"role":"user"},{"content":[{"cache_control":{"ttl":"1h","type":"ephemeral"},"text":"b","type":"text"}],"role":"assistant"},{"content":[{"cache_control":{"type":"ephemeral"},"text":"c","type":"text"}],"role":"user"}]
        model: ""
        stream: true
        tools: [{"cache_control":{"ttl":"1h","type":"ephemeral"},"description":"Reads","input_schema":{"type":"object"},"name":"read"}]
    "#]],
    );
}

#[test]
fn thinking_with_a_budget() {
    let model = Model { reasoning: Some(Reasoning::Budget), output: Some(64_000), ..Model::default() };
    let ask = |effort, max_tokens| Request {
        messages: vec![Message::user("a")],
        effort,
        max_tokens,
        temperature: Some(0.5),
        ..Request::default()
    };
    check_thinking(
        ask(Some(Effort::Low), None),
        &model,
        expect![[r#"32000 {"budget_tokens":2048,"type":"enabled"} null null"#]],
    );
    check_thinking(
        ask(Some(Effort::Medium), Some(20_000)),
        &model,
        expect![[r#"20000 {"budget_tokens":8192,"type":"enabled"} null null"#]],
    );
    // Raised, for there must be room for an answer.
    check_thinking(
        ask(Some(Effort::High), Some(1000)),
        &model,
        expect![[r#"28672 {"budget_tokens":24576,"type":"enabled"} null null"#]],
    );
    let small = |output| Model { output: Some(output), ..model.clone() };
    // Shrunk, because the model can't write more.
    check_thinking(
        ask(Some(Effort::High), Some(1000)),
        &small(8192),
        expect![[r#"8192 {"budget_tokens":4096,"type":"enabled"} null null"#]],
    );
    check_thinking(
        ask(Some(Effort::Low), Some(1000)),
        &small(2000),
        expect![[r#"2000 {"budget_tokens":1024,"type":"enabled"} null null"#]],
    );
    check_thinking(ask(Some(Effort::Low), Some(1000)), &small(1024), expect!["1000 null null 0.5"]);
    check_thinking(ask(Some(Effort::Off), None), &model, expect!["32000 null null 0.5"]);
    check_thinking(ask(None, None), &model, expect!["32000 null null 0.5"]);
    check_thinking(ask(Some(Effort::High), None), &Model::default(), expect!["8192 null null 0.5"]);
}

#[test]
fn thinking_by_effort() {
    let model = Model { reasoning: Some(Reasoning::Adaptive), ..Model::default() };
    let schema = Some(Schema { name: "s".into(), schema: json!({"type": "object"}) });
    let ask = |effort| Request { effort: Some(effort), temperature: Some(0.5), ..Request::default() };
    check_thinking(ask(Effort::Low), &model, expect![[r#"8192 {"type":"adaptive"} {"effort":"low"} null"#]]);
    check_thinking(
        Request { schema, ..ask(Effort::High) },
        &model,
        expect![[
            r#"8192 {"type":"adaptive"} {"effort":"high","format":{"schema":{"type":"object"},"type":"json_schema"}} null"#
        ]],
    );
    check_thinking(ask(Effort::Off), &model, expect![[r#"8192 {"type":"disabled"} null 0.5"#]]);
    // Which can't be made to call while it thinks.
    let request = Request { tools: vec![tool()], tool_choice: ToolChoice::Any, ..ask(Effort::Medium) };
    assert_eq!(Anthropic.body(&request, &model, &Quirks::default())["tool_choice"], Value::Null);
    let request = Request { effort: Some(Effort::Off), ..request };
    assert_eq!(Anthropic.body(&request, &model, &Quirks::default())["tool_choice"]["type"], "any");
}

#[test]
fn no_budget_while_results_go_to_calls_without_thoughts() {
    let thinks = |messages: &[Message]| {
        let model = Model { reasoning: Some(Reasoning::Budget), ..Model::default() };
        let request = Request { messages: messages.to_vec(), effort: Some(Effort::Low), ..Request::default() };
        !Anthropic.body(&request, &model, &Quirks::default())["thinking"].is_null()
    };
    let ask = [Message::user("a")];
    let silent = [by(Role::Assistant, vec![call("1")]), by(Role::User, vec![result("1", "r")])];
    let thoughtful = [by(Role::Assistant, vec![thought(), call("2")]), by(Role::User, vec![result("2", "r")])];
    assert!(thinks(&ask));
    assert!(thinks(&[&ask[..], &thoughtful].concat()));
    assert!(!thinks(&[&ask[..], &silent].concat()));
    // The first call of the turn decides.
    assert!(thinks(&[&ask[..], &thoughtful, &silent].concat()));
    assert!(!thinks(&[&ask[..], &silent, &thoughtful].concat()));
    // A turn that is over does not.
    assert!(thinks(&[&ask[..], &silent, &[Message::assistant("b")], &ask].concat()));
}
