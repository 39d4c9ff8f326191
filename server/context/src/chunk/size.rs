//! [`estimate`]: the size of a text in tokens, as chunks are measured. The only place that knows how tokens are counted.

use std::ops::Range;

use super::Format;

/// An estimate of the tokens of `text`: its bytes by the bytes that a token of such text has on average, rounded up.
/// The averages are those of OpenAI's `o200k_base` over public Rust and Elixir.
pub fn estimate(text: &str, format: Format) -> usize {
    text.len().saturating_mul(100).div_ceil(bytes_per_100_tokens(format))
}

fn bytes_per_100_tokens(format: Format) -> usize {
    match format {
        Format::Rust => 409,
        Format::Elixir => 361,
        _ => 400,
    }
}

/// The most that a chunk may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    format: Format,
    most: usize,
}

impl Size {
    pub(super) fn new(format: Format, max_tokens: usize) -> Self {
        Self { format, most: max_tokens.max(2) }
    }

    /// In tokens.
    pub(super) fn of(self, source: &str, range: Range<usize>) -> usize {
        estimate(source.get(range).unwrap_or_default(), self.format)
    }

    pub(super) fn fits(self, source: &str, range: Range<usize>) -> bool {
        self.of(source, range) <= self.most
    }

    /// Whether it is so small, less than this part of the most, that it does not stand alone if a neighbour takes it.
    pub(super) fn is_scrap(self, source: &str, range: Range<usize>, part: usize) -> bool {
        self.of(source, range) <= self.most / part.max(1)
    }
}
