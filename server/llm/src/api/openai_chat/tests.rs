//! The codec on events written by hand: what servers send, and what it must mean.

mod streams;

use expect_test::{Expect, expect};

use super::*;
use crate::{Image, Kind, Message, Schema, Tool, ToolResult, api::testing};

fn check(lines: &str, expect: Expect) {
    testing::check(Kind::OpenAiChat, lines, expect);
}

fn check_whole(body: &str, expect: Expect) {
    testing::check_whole(Kind::OpenAiChat, body, expect);
}

fn check_body(request: &Request, model: &Model, quirks: &Quirks, expect: Expect) {
    expect.assert_eq(&format!("{}\n", OpenAiChat.body(request, model, quirks)));
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
        &Quirks::default(),
        expect![[r#"
        {"messages":[{"content":"be brief","role":"system"},{"content":"\"hi\"","role":"user"},{"content":"yes","role":"assistant"}],"model":"m","stream":true,"stream_options":{"include_usage":true}}
    "#]],
    );
    let request = Request {
        max_tokens: Some(64),
        temperature: Some(0.25),
        stop: vec!["\n\n".into()],
        effort: Some(Effort::Low),
        messages: Vec::new(),
        ..request
    };
    check_body(
        &request,
        &Model::default(),
        &Quirks::default(),
        expect![[r#"
        {"max_tokens":64,"messages":[],"model":"m","stop":["\n\n"],"stream":true,"stream_options":{"include_usage":true},"temperature":0.25}
    "#]],
    );
    let reasons = Model { temperature: Some(false), reasoning: Some(Reasoning::Effort), ..Model::default() };
    let quirks = Quirks { max_completion_tokens: true, ..Quirks::default() };
    check_body(
        &request,
        &reasons,
        &quirks,
        expect![[r#"
            {"max_completion_tokens":64,"messages":[],"model":"m","reasoning_effort":"low","stop":["\n\n"],"stream":true,"stream_options":{"include_usage":true}}
        "#]],
    );
    let toggles = Model { reasoning: Some(Reasoning::Toggle), ..Model::default() };
    let quirks = Quirks { enable_thinking: true, ..Quirks::default() };
    check_body(
        &Request { effort: Some(Effort::Off), ..request },
        &toggles,
        &quirks,
        expect![[r#"
        {"enable_thinking":false,"max_tokens":64,"messages":[],"model":"m","stop":["\n\n"],"stream":true,"stream_options":{"include_usage":true},"temperature":0.25}
    "#]],
    );
}

#[test]
fn a_conversation_with_tools_and_pictures() {
    let call = ToolCall { id: "c1".into(), name: "read".into(), arguments: r#"{"path":"a"}"#.into(), signature: None };
    let result = ToolResult { id: "c1".into(), name: "read".into(), content: "text".into(), is_error: false };
    let image = Image { media_type: "image/png".into(), data: b"png".to_vec() };
    let request = Request {
        model: "m".into(),
        messages: vec![
            Message { parts: vec![Part::Text("see".into()), Part::Image(image)], ..Message::default() },
            Message {
                role: Role::Assistant,
                parts: vec![Part::Replay(Value::Null), Part::Call(call)],
                ..Message::default()
            },
            Message { parts: vec![Part::Result(result), Part::Text("and now?".into())], ..Message::default() },
        ],
        tools: vec![Tool { name: "read".into(), description: "Reads".into(), parameters: json!({"type": "object"}) }],
        tool_choice: ToolChoice::Any,
        schema: Some(Schema { name: "s".into(), schema: json!({"type": "object"}) }),
        ..Request::default()
    };
    check_body(
        &request,
        &Model::default(),
        &Quirks::default(),
        expect![[r#"
        {"messages":[{"content":[{"text":"see","type":"text"},{"image_url":{"url":"data:image/png;base64,cG5n"},"type":"image_url"}],"role":"user"},{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{\"path\":\"a\"}","name":"read"},"id":"c1","type":"function"}]},{"content":"text","role":"tool","tool_call_id":"c1"},{"content":"and now?","role":"user"}],"model":"m","response_format":{"json_schema":{"name":"s","schema":{"type":"object"},"strict":true},"type":"json_schema"},"stream":true,"stream_options":{"include_usage":true},"tool_choice":"required","tools":[{"function":{"description":"Reads","name":"read","parameters":{"type":"object"}},"type":"function"}]}
    "#]],
    );
}

#[test]
fn lists_of_models() {
    let check = |list: Value, expect: Expect| {
        let models = OpenAiChat.models(&list);
        expect.assert_eq(
            &models
                .iter()
                .map(|(name, model)| format!("{name} {:?} {:?}\n", model.context, model.price))
                .collect::<String>(),
        );
    };
    check(
        json!({"object": "list", "data": [{"id": "a"}, {"id": "b", "context_window": 8192}]}),
        expect![[r#"
        a None None
        b Some(8192) None
    "#]],
    );
    check(
        json!({"data": [{"id": "x/y", "context_length": 1000, "pricing": {"prompt": "0.000003", "completion": "0.000015"}}]}),
        expect![[r#"
            x/y Some(1000) Some(Price { input: 3.0, output: 15.0, cached: None, written: None })
        "#]],
    );
    check(json!({"models": 5}), expect![[""]]);
}

#[test]
fn text_then_usage_then_done() {
    check(
        r#"
        {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}
        {"choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":null,"finish_reason":null}]}
        {"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}
        {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
        {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}}
        [DONE]
        {"choices":[{"index":0,"delta":{"content":"ignored"}}]}
        "#,
        expect![[r#"
            Text("Hel")
            Text("lo")
            Usage(Usage { input: 9, output: 2, cached_input: 4, cache_written: 0, reasoning: 1 })
            Stop(End)
        "#]],
    );
}

#[test]
fn reasoning_under_either_name() {
    check(
        r#"
        {"choices":[{"delta":{"reasoning_content":"a","content":null}}]}
        {"choices":[{"delta":{"reasoning":"b"}}]}
        {"choices":[{"delta":{"content":"c"},"finish_reason":"stop"}]}
        "#,
        expect![[r#"
            Reasoning("a")
            Reasoning("b")
            Text("c")
            Stop(End)
        "#]],
    );
}

#[test]
fn thoughts_go_back_with_the_calls_that_they_led_to() {
    let chunks = r#"
        {"choices":[{"delta":{"reasoning_content":"I must "}}]}
        {"choices":[{"delta":{"reasoning_content":"read."}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}
    "#;
    check(
        chunks,
        expect![[r#"
        Reasoning("I must ")
        Reasoning("read.")
        Replay({"reasoning_content":"I must read."})
        ToolCall(ToolCall { id: "a", name: "read", arguments: "{}", signature: None })
        Stop(ToolUse)
    "#]],
    );
    let call = ToolCall { id: "a".into(), name: "read".into(), arguments: "{}".into(), signature: None };
    let parts = vec![Part::Replay(json!({"reasoning_content": "I must read."})), Part::Call(call)];
    let message = Message { role: Role::Assistant, parts, ..Message::default() };
    let sent = messages(&message);
    assert_eq!(sent[0]["reasoning_content"], "I must read.");
}

#[test]
fn content_in_parts() {
    check(
        r#"
        {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}
        {"choices":[{"delta":{"content":[{"type":"text","text":"yes"}]},"finish_reason":"stop"}]}
        "#,
        expect![[r#"
            Reasoning("hm")
            Text("yes")
            Stop(End)
        "#]],
    );
}

#[test]
fn what_the_provider_charged() {
    check(
        r#"
        {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}
        {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"cost":0.00125}}
        "#,
        expect![[r#"
            Text("a")
            Charged(0.00125)
            Usage(Usage { input: 3, output: 1, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
}

#[test]
fn a_chunk_without_anything_in_it_moves_nothing() {
    let step = |data: &str| {
        let event = SseEvent { event: String::new(), data: data.to_owned() };
        ChatDecoder::default().event(&event, &mut Vec::new())
    };
    assert_eq!(step(r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#), Ok(Step::Nothing));
    assert_eq!(step(r#"{"choices":[{"delta":{"content":"a"}}]}"#), Ok(Step::Progress));
    assert_eq!(step(r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#), Ok(Step::Progress));
}

#[test]
fn usage_in_every_chunk_is_sent_when_it_changes() {
    check(
        r#"
        {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}
        {"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}
        {"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":2}}
        [DONE]
        "#,
        expect![[r#"
            Text("a")
            Usage(Usage { input: 3, output: 1, cached_input: 0, cache_written: 0, reasoning: 0 })
            Usage(Usage { input: 3, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(Length)
        "#]],
    );
}

#[test]
fn stop_reasons() {
    check(
        r#"{"choices":[{"delta":null,"finish_reason":"content_filter"}]}"#,
        expect![[r#"
        Stop(ContentFilter)
    "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":"pause"}]}"#,
        expect![[r#"
        Stop(Other("pause"))
    "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":"error"}]}"#,
        expect![[r#"
            Reply("The answer ended with finish_reason `error`.")
        "#]],
    );
    check(
        r#"{"choices":[{"finish_reason":""}]}"#,
        expect![[r#"
        Truncated
    "#]],
    );
}

#[test]
fn other_choices_and_text_after_the_finish_are_ignored() {
    check(
        r#"
        {"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}
        {"choices":[{"index":0,"delta":{"content":"late"},"finish_reason":"length"}]}
        "#,
        expect![[r#"
            Text("a")
            Stop(End)
        "#]],
    );
}

#[test]
fn tool_calls_by_index() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read","arguments":""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"list","arguments":""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"x\"}"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{\"path\":\"x\"}", signature: None })
            ToolCall(ToolCall { id: "b", name: "list", arguments: "{}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn tool_calls_by_id_where_every_index_is_zero() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"list","arguments":"{\"n\""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"stop"}]}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{}", signature: None })
            ToolCall(ToolCall { id: "b", name: "list", arguments: "{\"n\":1}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn tool_calls_without_id_or_index() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"function":{"name":"read","arguments":"{\"a\""}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"id":"","function":{"arguments":":1}"}}]}}]}
        {"choices":[{"delta":{"tool_calls":[{"function":{"name":"list","arguments":{"b":2}}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "call_0", name: "read", arguments: "{\"a\":1}", signature: None })
            ToolCall(ToolCall { id: "call_1", name: "list", arguments: "{\"b\":2}", signature: None })
            Stop(ToolUse)
        "#]],
    );
}

#[test]
fn a_tool_call_that_the_limit_cut_is_not_sent() {
    check(
        r#"
        {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"write","arguments":"{\"path\":\"/et"}}]}}]}
        {"choices":[{"delta":{},"finish_reason":"length"}]}
        "#,
        expect![[r#"
            ToolCall(ToolCall { id: "a", name: "read", arguments: "{}", signature: None })
            Stop(Length)
        "#]],
    );
}

#[test]
fn faults() {
    check(
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        expect![[r#"
        Text("a")
        Truncated
    "#]],
    );
    check(
        "[DONE]",
        expect![[r#"
        Truncated
    "#]],
    );
    check(
        r#"{"choices":[{"delta":{"content":"a"}"#,
        expect![[r#"
        Malformed("EOF while parsing an object at line 1 column 36")
    "#]],
    );
    check(
        r#"{"choices":[{"delta":{"content":{"a":1}}}]}"#,
        expect![[r#"
            Malformed("data did not match any variant of untagged enum Content at line 1 column 40")
        "#]],
    );
    check(
        "5",
        expect![[r#"
            Malformed("invalid type: integer `5`, expected struct Chunk at line 1 column 1")
        "#]],
    );
    check(
        r#"{"error":{"message":"no","code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
        expect![[r#"
            Reply({"choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"no"}})
        "#]],
    );
    check(
        r#"{"object":"error","message":"no"}"#,
        expect![[r#"
            Reply({"message":"no","object":"error"})
        "#]],
    );
}

#[test]
fn answers_that_are_not_streamed() {
    check_whole(
        r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2},"error":null}"#,
        expect![[r#"
            Text("Hello")
            Usage(Usage { input: 1, output: 2, cached_input: 0, cache_written: 0, reasoning: 0 })
            Stop(End)
        "#]],
    );
    check_whole(
        r#"{"error":"no"}"#,
        expect![[r#"
            Reply({"error":"no"})
        "#]],
    );
    check_whole(
        r#"{"status":"ok"}"#,
        expect![[r#"
        NotAnAnswer
    "#]],
    );
    check_whole(
        "<html>",
        expect![[r#"
        NotAnAnswer
    "#]],
    );
}
