//! A text cut into the pieces within which tokens are merged, as the patterns of `o200k_base` and `cl100k_base` cut it
//! (openai/tiktoken, `openai_public.py`), without a regular expression: in one pass, with no steps back.

use super::{Vocabulary, classes::Class};

/// The pieces of a text, in order; together they are all of it.
pub(super) fn pieces(vocabulary: Vocabulary, text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = match vocabulary {
            Vocabulary::O200k => o200k(rest),
            Vocabulary::Cl100k => cl100k(rest),
        };
        let (piece, others) = rest.split_at_checked(length).filter(|(piece, _)| !piece.is_empty())?;
        rest = others;
        Some(piece)
    })
}

/// The characters of a text with their places.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    /// The character here, its class and its length in bytes.
    fn peek(&self) -> Option<(Class, usize)> {
        let byte = *self.text.as_bytes().get(self.at)?;
        if byte.is_ascii() {
            return Some((Class::of(char::from(byte)), 1));
        }
        let char = self.text.get(self.at..)?.chars().next()?;
        Some((Class::of(char), char.len_utf8()))
    }

    /// Goes on while characters are of a kind; whether any was.
    fn skip(&mut self, is_meant: impl Fn(Class) -> bool) -> bool {
        let from = self.at;
        while let Some((_, length)) = self.peek().filter(|(class, _)| is_meant(*class)) {
            self.at += length;
        }
        self.at > from
    }
}

/// The length of the first piece.
fn o200k(text: &str) -> usize {
    let start = Scan::new(text, 0);
    let Some((first, length)) = start.peek() else { return 0 };
    let may_lead = !first.is_letter() && !matches!(first, Class::Number | Class::LineEnd);
    let starts = [may_lead.then_some(length), Some(0)];
    let word = starts.into_iter().flatten().find_map(|at| word_with_lower(text, at));
    let word = word.or_else(|| starts.into_iter().flatten().find_map(|at| word_of_upper(text, at)));
    if let Some(end) = word {
        return end + contraction(text, end);
    }
    if first == Class::Number {
        return numbers(text);
    }
    marks(text, first, |byte| matches!(byte, b'\r' | b'\n' | b'/')).unwrap_or_else(|| blanks(text, true))
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
fn word_with_lower(text: &str, at: usize) -> Option<usize> {
    let mut scan = Scan::new(text, at);
    // Behind the last that both sets have: there the match ends if nothing in lower case follows.
    let mut both = None;
    while let Some((class, length)) = scan.peek() {
        match class {
            Class::Upper => scan.at += length,
            Class::Letter | Class::Mark => {
                scan.at += length;
                both = Some(scan.at);
            }
            Class::Lower => {
                scan.skip(|class| matches!(class, Class::Lower | Class::Letter | Class::Mark));
                return Some(scan.at);
            }
            _ => break,
        }
    }
    both
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+` where the other kind of word did not match.
fn word_of_upper(text: &str, at: usize) -> Option<usize> {
    let mut scan = Scan::new(text, at);
    scan.skip(|class| matches!(class, Class::Upper | Class::Letter | Class::Mark)).then_some(scan.at)
}

/// The length of `'s`, `'re` and their like at a place, in any case; 0 if there is none.
fn contraction(text: &str, at: usize) -> usize {
    let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix('\'')) else { return 0 };
    let mut chars = rest.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return 0 };
    match (first.to_ascii_lowercase(), second.map(|second| second.to_ascii_lowercase())) {
        ('s' | 't' | 'm' | 'd', _) => 2,
        // The long s is an s in another case.
        ('ſ', _) => 3,
        ('r' | 'v', Some('e')) | ('l', Some('l')) => 3,
        _ => 0,
    }
}

/// `\p{N}{1,3}`
fn numbers(text: &str) -> usize {
    let mut scan = Scan::new(text, 0);
    for _ in 0..3 {
        match scan.peek() {
            Some((Class::Number, length)) => scan.at += length,
            _ => break,
        }
    }
    scan.at
}

/// ` ?[^\s\p{L}\p{N}]+` and what may follow it.
fn marks(text: &str, first: Class, may_follow: impl Fn(u8) -> bool) -> Option<usize> {
    let lead = usize::from(first == Class::Space && text.starts_with(' '));
    let mut scan = Scan::new(text, lead);
    if !scan.skip(|class| matches!(class, Class::Mark | Class::Other)) {
        return None;
    }
    let rest = text.as_bytes().get(scan.at..).unwrap_or_default();
    Some(scan.at + rest.iter().take_while(|byte| may_follow(**byte)).count())
}

/// Blanks up to the last line end among them; else all of them, but for the last before what follows unless it is the
/// only one. `to_line_end` says whether line ends count where only blanks are left.
fn blanks(text: &str, to_line_end: bool) -> usize {
    let mut scan = Scan::new(text, 0);
    let (mut last, mut line_end) = (0, None);
    while let Some((class, length)) = scan.peek().filter(|(class, _)| class.is_space()) {
        last = scan.at;
        scan.at += length;
        if class == Class::LineEnd {
            line_end = Some(scan.at);
        }
    }
    let is_end = scan.at == text.len();
    match line_end {
        Some(end) if to_line_end || !is_end => end,
        _ if is_end || last == 0 => scan.at,
        _ => last,
    }
}

/// The length of the first piece.
fn cl100k(text: &str) -> usize {
    let Some((first, length)) = Scan::new(text, 0).peek() else { return 0 };
    match contraction(text, 0) {
        0 => {}
        length => return length,
    }
    let may_lead = !first.is_letter() && !matches!(first, Class::Number | Class::LineEnd);
    let mut word = Scan::new(text, if may_lead { length } else { 0 });
    if word.skip(Class::is_letter) {
        return word.at;
    }
    if first == Class::Number {
        return numbers(text);
    }
    marks(text, first, |byte| matches!(byte, b'\r' | b'\n')).unwrap_or_else(|| blanks(text, false))
}
