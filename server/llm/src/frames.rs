//! A body's events, however they follow each other; knows nothing of what they mean.

use crate::{
    api::Framing,
    sse::{DEFAULT_LIMIT, SseDecoder, SseEvent, TooLong},
};

/// Decodes bytes that arrive in any pieces.
#[derive(Debug)]
pub(crate) enum Frames {
    Sse(SseDecoder),
    Lines(Lines),
}

impl Frames {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse(SseDecoder::default()),
            Framing::Lines => Self::Lines(Lines { limit: DEFAULT_LIMIT, line: Vec::new() }),
        }
    }

    /// Takes the next bytes and appends the events that they complete to `out`, also where it then fails.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        match self {
            Self::Sse(decoder) => decoder.push(bytes, out),
            Self::Lines(lines) => lines.push(bytes, out),
        }
    }

    /// What was begun when the body ended. An event stream drops it, as its standard says; a line is one without its
    /// line feed, too, unless its JSON breaks off.
    pub(crate) fn rest(&mut self) -> Option<SseEvent> {
        match self {
            Self::Sse(_) => None,
            Self::Lines(lines) => lines.take().filter(|line| !breaks_off(&line.data)),
        }
    }
}

/// NDJSON: one value a line.
#[derive(Debug)]
pub(crate) struct Lines {
    /// In bytes.
    limit: usize,
    line: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + piece.len() > self.limit {
                self.line = Vec::new();
                return Err(TooLong { limit: self.limit });
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                out.extend(self.take());
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Option<SseEvent> {
        let data = String::from_utf8_lossy(&self.line).trim().to_owned();
        self.line.clear();
        (!data.is_empty()).then(|| SseEvent { event: String::new(), data })
    }
}

fn breaks_off(json: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(json).is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]], limit: usize) -> (Vec<String>, bool) {
        let mut lines = Frames::Lines(Lines { limit, line: Vec::new() });
        let mut out = Vec::new();
        let fits = pieces.iter().all(|piece| lines.push(piece, &mut out).is_ok());
        out.extend(lines.rest());
        (out.into_iter().map(|event| event.data).collect(), fits)
    }

    #[test]
    fn lines_are_events_whatever_the_pieces() {
        let text = "{\"a\":\"é\"}\r\n\n {}\nlast".as_bytes();
        let expected = (vec!["{\"a\":\"é\"}".to_owned(), "{}".to_owned(), "last".to_owned()], true);
        assert_eq!(lines(&[text], 100), expected);
        assert_eq!(lines(&text.chunks(1).collect::<Vec<_>>(), 100), expected);
    }

    #[test]
    fn a_line_that_breaks_off_is_none() {
        assert_eq!(lines(&[b"{}\n{\"a\":\"b"], 100), (vec!["{}".to_owned()], true));
        assert_eq!(lines(&[b"{}\n{\"a\""], 100), (vec!["{}".to_owned()], true));
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_ones_before_kept() {
        assert_eq!(lines(&[b"{}\n0123456789"], 8), (vec!["{}".to_owned()], false));
    }
}
