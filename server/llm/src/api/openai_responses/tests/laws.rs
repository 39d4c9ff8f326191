//! Laws: what holds for any events and any bodies.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::super::decoder::ends_early;
use crate::{
    Event,
    api::{
        Kind,
        testing::{decode, decode_whole, event},
    },
};

fn json_like() -> impl Strategy<Value = Value> {
    let words =
        ["message", "function_call", "reasoning", "incomplete", "failed", "completed", "{\"a\":1}", "{\"a", "é€😀", ""];
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        3 => select(&words).prop_map(Value::from),
    ];
    let names = [
        "type",
        "id",
        "call_id",
        "name",
        "arguments",
        "status",
        "content",
        "summary",
        "text",
        "refusal",
        "output",
        "usage",
        "encrypted_content",
        "incomplete_details",
        "reason",
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((select(&names), inner), 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn event_like() -> impl Strategy<Value = String> {
    let kinds = [
        "response.output_text.delta",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.output_item.added",
        "response.output_item.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "error",
        "what",
    ];
    let names = ["delta", "arguments", "item", "item_id", "output_index", "response"];
    let event = (select(&kinds), vec((select(&names), json_like()), 0..4)).prop_map(|(kind, fields)| {
        let mut event = json!({"type": kind});
        for (name, value) in fields {
            event[name] = value;
        }
        event.to_string()
    });
    // Few are broken, so that many get far.
    (event, any::<Index>(), 0..16_u8).prop_map(|(event, at, luck)| match luck {
        0 => event.chars().take(at.index(event.chars().count())).collect(),
        _ => event,
    })
}

fn select(texts: &[&'static str]) -> impl Strategy<Value = String> + Clone + use<> {
    proptest::sample::select(texts.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn any_events_at_all_are_read_without_a_panic(data in vec(event_like(), 0..12), body in json_like()) {
        let (out, outcome) = decode(Kind::OpenAiResponses, data.iter().map(|data| event("", data)));
        let stops = out.iter().filter(|event| matches!(event, Event::Stop(_))).count();
        prop_assert_eq!(stops, usize::from(outcome.is_ok()));
        prop_assert!(stops == 0 || matches!(out.last(), Some(Event::Stop(_))));
        for event in &out {
            let is_sound = match event {
                Event::Text(text) | Event::Reasoning(text) => !text.is_empty(),
                Event::ToolCall(call) => !call.id.is_empty() && !ends_early(&call.arguments),
                _ => true,
            };
            prop_assert!(is_sound, "{:?}", event);
        }
        let whole = json!({"object": "response", "output": [body.clone(), {"type": "message", "content": body.clone()}]});
        for body in [body, whole] {
            let _ = decode_whole(Kind::OpenAiResponses, &body.to_string());
        }
    }
}
