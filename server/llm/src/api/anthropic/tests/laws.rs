//! Laws: what holds for any request, any events and any bytes.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::Anthropic, call, result, text, thought, tool};
use crate::{
    CacheTtl, Effort, Event, Message, Model, Part, Quirks, Reasoning, Request, Role, StopReason,
    api::{
        Api as _, Kind, is_whole,
        testing::{decode, decode_whole, event},
    },
};

/// Events that could almost be some.
fn event_like() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "other",
    ]);
    let parts = prop::sample::select(vec![
        json!(null),
        json!("text"),
        json!({}),
        json!({"type": "text", "text": "é"}),
        json!({"type": "thinking", "thinking": "€"}),
        json!({"type": "redacted_thinking", "data": "x"}),
        json!({"type": "tool_use", "id": "a", "name": "read", "input": {}}),
        json!({"type": "tool_use", "input": {"n": 1}}),
        json!({"type": "new", "text": []}),
        json!({"type": "text_delta", "text": "😀"}),
        json!({"type": "thinking_delta", "thinking": "b"}),
        json!({"type": "signature_delta", "signature": "s"}),
        json!({"type": "input_json_delta", "partial_json": "{"}),
        json!({"type": "input_json_delta", "partial_json": "}"}),
        json!({"stop_reason": "end_turn"}),
        json!({"stop_reason": "max_tokens"}),
        json!({"stop_reason": "tool_use"}),
        json!({"usage": {"input_tokens": u64::MAX, "cache_read_input_tokens": 1}}),
    ]);
    (kinds, prop::option::of(0_u64..3), parts).prop_map(|(kind, index, part)| {
        json!({"type": kind, "index": index, "content_block": part, "delta": part, "message": part}).to_string()
    })
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        prop::sample::select(vec!["", " ", "a"]).prop_map(text),
        prop::sample::select(vec!["", "1", "é"]).prop_map(call),
        prop::sample::select(vec!["", "1", "é"]).prop_map(|id| result(id, "r")),
        Just(thought()),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop::sample::select(vec![Role::System, Role::User, Role::Assistant]);
    let cache = prop::sample::select(vec![None, Some(CacheTtl::Short), Some(CacheTtl::Long)]);
    (role, prop::collection::vec(part(), 0..4), cache).prop_map(|(role, parts, cache)| Message {
        role,
        parts,
        cache,
        author: None,
    })
}

/// All values in it that have this key, in the order in which the server reads them.
fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    value.get(key).into_iter().chain(inner.into_iter().flat_map(|value| all(value, key))).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_a_panic(name in ".{0,8}", data in prop::collection::vec(any::<u8>(), 0..64)) {
        let data = String::from_utf8_lossy(&data);
        let _ = decode_whole(Kind::Anthropic, &data);
        let _ = decode(Kind::Anthropic, [event(&name, &data)]);
    }

    #[test]
    fn any_events_end_in_one_stop_or_in_none(events in prop::collection::vec(event_like(), 0..24)) {
        let (out, outcome) = decode(Kind::Anthropic, events.iter().map(|data| event("", data)));
        let stops = out.iter().filter(|event| matches!(event, Event::Stop(_))).count();
        prop_assert_eq!(stops, usize::from(outcome.is_ok()));
        let cut = matches!(out.last(), Some(Event::Stop(StopReason::Length)));
        for event in &out {
            match event {
                Event::Text(text) | Event::Reasoning(text) => prop_assert!(!text.is_empty()),
                Event::ToolCall(call) => prop_assert!(!cut || is_whole(&call.arguments)),
                _ => {}
            }
        }
    }

    #[test]
    fn any_request_is_one_that_the_format_allows(
        messages in prop::collection::vec(message(), 0..8),
        cache_tools in prop::sample::select(vec![None, Some(CacheTtl::Short), Some(CacheTtl::Long)]),
        effort in prop::sample::select(vec![None, Some(Effort::Off), Some(Effort::Low), Some(Effort::High)]),
        reasoning in prop::sample::select(vec![None, Some(Reasoning::Budget), Some(Reasoning::Adaptive)]),
        max_tokens in prop::option::of(1_u32..40_000),
        output in prop::option::of(1_u64..70_000),
    ) {
        let request =
            Request { messages, tools: vec![tool()], cache_tools, effort, max_tokens, ..Request::default() };
        let model = Model { reasoning, output, ..Model::default() };
        let body = Anthropic.body(&request, &model, &Quirks::default());
        let messages = body["messages"].as_array().unwrap();
        for pair in messages.windows(2) {
            prop_assert_ne!(&pair[0]["role"], &pair[1]["role"]);
        }
        prop_assert!(messages.iter().all(|message| !message["content"].as_array().unwrap().is_empty()));
        prop_assert!(all(&body, "text").iter().all(|text| !text.as_str().unwrap().trim().is_empty()));
        let points = [&body["tools"], &body["system"], &body["messages"]].map(|place| all(place, "cache_control"));
        let points = points.concat();
        prop_assert!(points.len() <= 4);
        prop_assert!(points.is_sorted_by_key(|point| point["ttl"] != "1h"));
        let ids: Vec<_> = messages.iter().flat_map(|message| all(message, "id")).collect();
        prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        if let Some(budget) = body["thinking"]["budget_tokens"].as_u64() {
            prop_assert!(budget >= 1024 && budget < body["max_tokens"].as_u64().unwrap());
        }
    }
}
