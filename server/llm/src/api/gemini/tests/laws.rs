//! Laws: what holds for any responses, any bytes and any lists of models.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Gemini;
use crate::{
    Event,
    api::{
        Api as _, Kind, is_whole,
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
        prop::sample::select(&["STOP", "SAFETY", "é€😀"][..]).prop_map(Value::from),
    ];
    let names = &[
        "candidates",
        "content",
        "parts",
        "text",
        "thought",
        "thoughtSignature",
        "functionCall",
        "name",
        "args",
        "finishReason",
        "usageMetadata",
        "promptTokenCount",
        "promptFeedback",
        "blockReason",
        "error",
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

/// A response that is mostly as it should be.
fn response() -> impl Strategy<Value = Value> {
    let call = (perhaps("[a-b]{0,1}"), perhaps("[a-z]{0,4}"), json_like())
        .prop_map(|(id, name, args)| json!({"id": id, "name": name, "args": args}));
    let part = prop_oneof![
        (perhaps(".{0,3}"), perhaps(any::<bool>()), perhaps("x{0,1}"))
            .prop_map(|(text, thought, seal)| json!({"text": text, "thought": thought, "thoughtSignature": seal})),
        (call, perhaps("x{0,1}")).prop_map(|(call, seal)| json!({"functionCall": call, "thoughtSignature": seal})),
    ];
    let reason = perhaps(prop::sample::select(&["", "STOP", "MAX_TOKENS", "SAFETY", "NEW"][..]));
    let parts = perhaps(prop::collection::vec(part, 0..4));
    let counts = prop::collection::vec(perhaps(prop_oneof![0..9_u64, Just(u64::MAX)]), 4);
    (parts, reason, counts).prop_map(|(parts, reason, counts)| {
        json!({
            "candidates": [{"content": {"parts": parts}, "finishReason": reason}],
            "usageMetadata": {
                "promptTokenCount": counts[0],
                "candidatesTokenCount": counts[1],
                "thoughtsTokenCount": counts[2],
                "cachedContentTokenCount": counts[3],
            },
        })
    })
}

proptest! {
    #[test]
    fn any_events_keep_the_laws_of_an_answer(
        values in prop::collection::vec(prop_oneof![4 => response(), 1 => json_like()], 0..6),
    ) {
        let events = values.iter().map(|value| event("", &value.to_string()));
        let (out, outcome) = decode(Kind::Gemini, events);
        let stops = out.iter().filter(|event| matches!(event, Event::Stop(_))).count();
        prop_assert_eq!(stops, usize::from(outcome.is_ok()));
        prop_assert_eq!(matches!(out.last(), Some(Event::Stop(_))), outcome.is_ok());
        for event in &out {
            match event {
                Event::Text(text) | Event::Reasoning(text) => prop_assert!(!text.is_empty()),
                Event::ToolCall(call) => prop_assert!(!call.id.is_empty() && is_whole(&call.arguments)),
                _ => {}
            }
        }
        let _ = decode_whole(Kind::Gemini, &Value::Array(values).to_string());
    }

    #[test]
    fn any_bytes_are_no_answer(data in "\\PC{0,64}", name in ".{0,8}") {
        let _ = decode(Kind::Gemini, [event(&name, &data)]);
        let _ = decode_whole(Kind::Gemini, &data);
    }

    #[test]
    fn any_list_of_models_is_read(list in json_like()) {
        let _ = Gemini.models(&json!({"models": [list, {"name": list, "supportedGenerationMethods": list}]}));
        let _ = (Gemini.models(&list), Gemini.counted(&list));
    }
}
