//! What the formats' tests share: answers read from events, from bodies in any pieces and whole, shown an event a line.

use expect_test::Expect;

use super::{Fault, Kind, Step};
use crate::{Event, frames::Frames, sse::SseEvent};

/// The events of an answer, and how it ended.
pub(super) type Answer = (Vec<Event>, Result<(), Fault>);

/// Decodes one event per line, a line being the event's data, perhaps behind its name and a bar.
pub(super) fn check(kind: Kind, lines: &str, expect: Expect) {
    let events = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let (name, data) = line.split_once('|').filter(|(name, _)| !name.contains('{')).unwrap_or(("", line));
        event(name, data)
    });
    expect.assert_eq(&show(&decode(kind, events)));
}

/// Decodes an answer that is not streamed.
pub(super) fn check_whole(kind: Kind, body: &str, expect: Expect) {
    expect.assert_eq(&show(&decode_whole(kind, body)));
}

/// Decodes a stream of `fixtures/streams`, which must mean the same wherever its bytes are split.
pub(super) fn check_stream(kind: Kind, name: &str, expect: Expect) {
    let bytes = recorded(name);
    let whole = decode_body(kind, &[&bytes]);
    expect.assert_eq(&show(&whole));
    for at in 0..=bytes.len() {
        let (start, end) = bytes.split_at(at);
        assert!(decode_body(kind, &[start, end]) == whole, "{name} split at byte {at}");
    }
    assert!(decode_body(kind, &bytes.chunks(1).collect::<Vec<_>>()) == whole, "{name} byte by byte");
    // Cut short, it never looks complete.
    for at in (0..bytes.len()).step_by(7) {
        let (cut, outcome) = decode_body(kind, &[&bytes[..at]]);
        let stopped = cut.iter().any(|event| matches!(event, Event::Stop(_)));
        assert!(cut.len() <= whole.0.len() && stopped == outcome.is_ok(), "{name} cut at byte {at}");
    }
}

/// The bytes of a stream of `fixtures/streams`.
pub(super) fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/streams/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(super) fn event(name: &str, data: &str) -> SseEvent {
    SseEvent { event: name.to_owned(), data: data.to_owned() }
}

pub(super) fn decode(kind: Kind, events: impl IntoIterator<Item = SseEvent>) -> Answer {
    let mut decoder = kind.api().decoder();
    let mut out = Vec::new();
    for event in events {
        match decoder.event(&event, &mut out) {
            Ok(Step::Done) => return (out, Ok(())),
            Ok(_) => {}
            Err(fault) => return (out, Err(fault)),
        }
    }
    let outcome = decoder.end(&mut out);
    (out, outcome)
}

/// Decodes a body that arrives in these pieces.
pub(super) fn decode_body(kind: Kind, pieces: &[&[u8]]) -> Answer {
    let mut frames = Frames::new(kind.api().framing());
    let mut events = Vec::new();
    for piece in pieces {
        frames.push(piece, &mut events).unwrap();
    }
    events.extend(frames.rest());
    decode(kind, events)
}

pub(super) fn decode_whole(kind: Kind, body: &str) -> Answer {
    let mut out = Vec::new();
    let outcome = kind.api().decoder().whole(body.as_bytes(), &mut out);
    (out, outcome)
}

/// One event a line, and last the fault if there was one; JSON as it is sent.
pub(super) fn show((events, outcome): &Answer) -> String {
    let events = events.iter().map(|event| match event {
        Event::Replay(value) => format!("Replay({value})\n"),
        event => format!("{event:?}\n"),
    });
    let fault = match outcome {
        Ok(()) => String::new(),
        Err(Fault::Reply(value)) => format!("Reply({value})\n"),
        Err(fault) => format!("{fault:?}\n"),
    };
    events.collect::<String>() + &fault
}
