//! Laws: what holds for any lines, any bytes, any lists of models and any size of a request.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    super::{LARGEST_CONTEXT, Ollama, SMALLEST_CONTEXT},
    asked,
};
use crate::{
    Event, Message, Request,
    api::{
        Api as _, Kind,
        testing::{decode, decode_whole, event},
    },
};

/// Any JSON value, with this format's names.
fn json_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
        prop::sample::select(&["stop", "length", "é€😀"][..]).prop_map(Value::from),
    ];
    let names = &[
        "message",
        "content",
        "thinking",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "done",
        "done_reason",
        "eval_count",
        "error",
        "details",
        "capabilities",
    ][..];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        let fields = prop::collection::vec((prop::sample::select(names), inner.clone()), 0..5);
        let object = |fields: Vec<(&str, Value)>| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        prop_oneof![prop::collection::vec(inner, 0..3).prop_map(Value::Array), fields.prop_map(object)]
    })
}

/// A value, or none, or now and then one of the wrong sort.
fn perhaps<V: Into<Value> + std::fmt::Debug>(value: impl Strategy<Value = V>) -> impl Strategy<Value = Value> {
    prop_oneof![8 => value.prop_map(Into::into), 2 => Just(Value::Null), 1 => json_like()]
}

/// A line that is mostly as it should be.
fn line() -> impl Strategy<Value = Value> {
    let call = (perhaps("[a-b]{0,1}"), perhaps("[a-z]{0,4}"), json_like())
        .prop_map(|(id, name, arguments)| json!({"id": id, "function": {"name": name, "arguments": arguments}}));
    let message = (perhaps(".{0,3}"), perhaps(".{0,3}"), perhaps(prop::collection::vec(call, 0..3)))
        .prop_map(|(content, thinking, calls)| json!({"content": content, "thinking": thinking, "tool_calls": calls}));
    let reason = perhaps(prop::sample::select(&["", "stop", "length", "load"][..]));
    let counts = (perhaps(any::<u64>()), perhaps(0..9_u64));
    (perhaps(message), perhaps(prop::bool::weighted(0.3)), reason, counts).prop_map(
        |(message, done, reason, counts)| {
            json!({
                "message": message,
                "done": done,
                "done_reason": reason,
                "prompt_eval_count": counts.0,
                "eval_count": counts.1,
            })
        },
    )
}

proptest! {
    #[test]
    fn any_lines_keep_the_laws_of_an_answer(
        values in prop::collection::vec(prop_oneof![4 => line(), 1 => json_like()], 0..6),
    ) {
        let events = values.iter().map(|value| event("", &value.to_string()));
        let (out, outcome) = decode(Kind::Ollama, events);
        let stops = out.iter().filter(|event| matches!(event, Event::Stop(_))).count();
        prop_assert_eq!(stops, usize::from(outcome.is_ok()));
        prop_assert_eq!(matches!(out.last(), Some(Event::Stop(_))), outcome.is_ok());
        for event in &out {
            match event {
                Event::Text(text) | Event::Reasoning(text) => prop_assert!(!text.is_empty()),
                Event::ToolCall(call) => prop_assert!(!call.id.is_empty() && !call.arguments.is_empty()),
                _ => {}
            }
        }
        for value in &values {
            let _ = decode_whole(Kind::Ollama, &value.to_string());
        }
    }

    #[test]
    fn any_bytes_are_no_answer(data in "\\PC{0,64}", name in ".{0,8}") {
        let _ = decode(Kind::Ollama, [event(&name, &data)]);
        let _ = decode_whole(Kind::Ollama, &data);
    }

    #[test]
    fn any_list_of_models_is_read(list in json_like()) {
        let entry = json!({"name": "m", "details": list, "capabilities": list});
        let _ = Ollama.models(&json!({"models": [list, entry]}));
        let _ = Ollama.models(&list);
    }

    #[test]
    fn the_context_is_one_of_few_sizes(bytes in 0_usize..500_000, answer in any::<Option<u32>>()) {
        let messages = vec![Message::user("x".repeat(bytes))];
        let size = asked(&Request { messages, max_tokens: answer, ..Request::default() }, None);
        prop_assert!(size.is_power_of_two() && (SMALLEST_CONTEXT..=LARGEST_CONTEXT).contains(&size));
    }
}
