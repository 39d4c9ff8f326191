//! A text cut where OpenAI's vocabularies always end a piece, so that the counts of the segments add up.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) text: &'a str,
    /// Whether the encoder would begin a new piece behind it, wherever it had begun.
    pub(super) ends_a_piece: bool,
}

/// The segments of a text, each of at most `most` bytes (at least 4, so that any character fits).
pub(super) fn segments(text: &str, most: usize) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = text;
    let most = most.max(4);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if rest.len() <= most {
            return Some(Segment { text: std::mem::take(&mut rest), ends_a_piece: true });
        }
        let bytes = rest.as_bytes();
        let cut = (1..=most).rev().find(|at| {
            let around = |offset: usize| bytes.get(offset).copied().unwrap_or(0);
            ends_a_piece(around(at - 1), around(*at), around(at + 1))
        });
        let at = cut.unwrap_or_else(|| (1..=most).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(most));
        let (text, others) = rest.split_at_checked(at)?;
        rest = others;
        Some(Segment { text, ends_a_piece: cut.is_some() })
    })
}

/// Whether `o200k_base` and `cl100k_base` both end a piece between the first two of three bytes. From their patterns
/// (openai/tiktoken, `openai_public.py`): letters and digits never share a piece; one mark or blank before a letter
/// begins the letter's piece if no other mark or blank is before it, unless it is the apostrophe of a contraction;
/// behind a line end only blanks, line ends and slashes go on.
fn ends_a_piece(before: u8, at: u8, next: u8) -> bool {
    let letter_meets_digit =
        (before.is_ascii_alphabetic() && at.is_ascii_digit()) || (before.is_ascii_digit() && at.is_ascii_alphabetic());
    let begins_word = before.is_ascii_alphanumeric()
        && (at == b' ' || (at.is_ascii_punctuation() && at != b'\''))
        && next.is_ascii_alphabetic();
    let begins_line = before == b'\n' && at.is_ascii_alphanumeric();
    letter_meets_digit || begins_word || begins_line
}
