//! Server-sent events from bytes, in bounded memory; knows nothing of what the events mean.
//!
//! After the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream". The fields `id` and `retry`
//! serve reconnection, which a model's answer does not have, and are ignored.

/// One dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event` field; empty where the server named none.
    pub event: String,
    /// The `data` lines, joined by line feeds. Bytes that are not UTF-8 are U+FFFD.
    pub data: String,
}

/// An event, or a single line, had more bytes than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event was longer than {limit} bytes")]
pub struct TooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

/// The most bytes of one event by default: far beyond any delta, far below any computer's memory.
pub const DEFAULT_LIMIT: usize = 8 * 1024 * 1024;

/// Decodes bytes that arrive in any pieces.
#[derive(Debug)]
pub struct SseDecoder {
    limit: usize,
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
    first_line: bool,
    /// The last byte was a CR that ended a line, so an LF now belongs to it.
    after_cr: bool,
    too_long: bool,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl SseDecoder {
    /// A decoder that keeps at most about `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            first_line: true,
            after_cr: false,
            too_long: false,
        }
    }

    /// Takes the next bytes and appends the events that they complete to `out`, also where it then fails.
    ///
    /// # Errors
    /// [`TooLong`] once an event is longer than the limit, and on every later call.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
            let held = self.line.len() + self.event.len() + self.data.len();
            if self.too_long || held + text.len() > self.limit {
                self.too_long = true;
                // What is held will never be an event.
                (self.line, self.event, self.data) = Default::default();
                return Err(TooLong { limit: self.limit });
            }
            self.line.extend_from_slice(text);
            let Some((terminator, after)) = after.split_first() else { break };
            self.after_cr = *terminator == b'\r';
            self.end_line(out);
            rest = after;
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<SseEvent>) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.first_line) {
            text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        }
        if text.is_empty() {
            self.dispatch(out);
        } else {
            self.field(text);
        }
        // Keeps the buffer for the next line.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => {
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            // A comment has an empty name.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut Vec<SseEvent>) {
        let event = std::mem::take(&mut self.event);
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_some() {
            out.push(SseEvent {
                event: String::from_utf8_lossy(&event).into_owned(),
                data: String::from_utf8_lossy(&data).into_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(input: impl AsRef<[u8]>, expect: Expect) {
        let (events, _) = decode(&[input.as_ref()], DEFAULT_LIMIT);
        let shown: Vec<String> = events.iter().map(|e| format!("{:?} {:?}\n", e.event, e.data)).collect();
        expect.assert_eq(&shown.concat());
    }

    fn decode(pieces: &[&[u8]], limit: usize) -> (Vec<SseEvent>, Result<(), TooLong>) {
        let mut decoder = SseDecoder::new(limit);
        let mut events = Vec::new();
        let mut result = Ok(());
        for piece in pieces {
            result = decoder.push(piece, &mut events);
        }
        (events, result)
    }

    #[test]
    fn every_line_ending() {
        for text in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
            check(
                text,
                expect![[r#"
                "" "a"
                "" "b"
            "#]],
            );
        }
    }

    #[test]
    fn data_lines_join_and_one_space_goes() {
        check(
            "data:a\ndata:  b\ndata\n\n",
            expect![[r#"
            "" "a\n b\n"
        "#]],
        );
    }

    #[test]
    fn comments_unknown_fields_and_names() {
        check(
            ": hello\nid: 1\nretry: 5\nevent: ping\nwhat: x\ndata: {}\n\n",
            expect![[r#"
            "ping" "{}"
        "#]],
        );
    }

    #[test]
    fn name_does_not_outlive_an_event_without_data() {
        check(
            "event: ping\n\ndata: x\n\n",
            expect![[r#"
            "" "x"
        "#]],
        );
    }

    #[test]
    fn empty_data_is_an_event_and_a_half_event_is_none() {
        check(
            "data\n\ndata\ndata\n\ndata: half\n",
            expect![[r#"
            "" ""
            "" "\n"
        "#]],
        );
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_start() {
        check(
            "\u{feff}data: a\n\n\u{feff}data: b\n\n",
            expect![[r#"
            "" "a"
        "#]],
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        check(
            b"data: a\xff\xe2\x82b\n\n",
            expect![[r#"
            "" "a��b"
        "#]],
        );
    }

    #[test]
    fn too_long_keeps_earlier_events_and_no_memory() {
        let mut decoder = SseDecoder::new(10);
        let mut events = Vec::new();
        assert_eq!(decoder.push(b"data: a\n\ndata: 0123456789", &mut events), Err(TooLong { limit: 10 }));
        assert_eq!(events.len(), 1);
        assert_eq!(decoder.push(b"\n\ndata: b\n\n", &mut events), Err(TooLong { limit: 10 }));
        assert_eq!((events.len(), decoder.line.capacity(), decoder.data.capacity()), (1, 0, 0));
    }

    #[test]
    fn many_short_lines_of_one_event_are_limited_too() {
        let (events, result) = decode(&["data: abc\n".repeat(100).as_bytes()], 64);
        assert_eq!((events.len(), result), (0, Err(TooLong { limit: 64 })));
    }

    fn stream_like() -> impl Strategy<Value = Vec<u8>> {
        let token = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"event:".to_vec()),
            Just(b":".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just("\u{feff}".as_bytes().to_vec()),
            Just("é€😀".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            bytes in stream_like(),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
            limit in 8_usize..64,
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();

            let (whole, _) = decode(&[&bytes], limit);
            prop_assert_eq!(&decode(&pieces, limit).0, &whole);
            prop_assert_eq!(&decode(&single, limit).0, &whole);
        }
    }
}
