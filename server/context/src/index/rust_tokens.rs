//! [`Tokens`]: the tokens of Rust source, for scans of bodies that need no tree.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword, a raw name without its `r#`.
    Word,
    /// A literal: string, character, number.
    Literal,
    /// `::`.
    Path,
    /// `->`.
    Arrow,
    /// `=>`.
    FatArrow,
    /// An operator of several characters, which ends an expression.
    Operator,
    /// Any other character.
    Mark(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
}

/// The tokens of a text. Comments, white space and lifetimes are left out. Any text has tokens.
pub(super) struct Tokens<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    fn byte(&self, at: usize) -> u8 {
        self.source.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn after(&self, from: usize, end: &str) -> usize {
        let rest = self.source.get(from..).unwrap_or_default();
        rest.find(end).map_or(self.source.len(), |found| from + found + end.len())
    }

    fn block_comment(&self, mut at: usize) -> usize {
        let mut depth = 0_usize;
        while at < self.source.len() {
            match (self.byte(at), self.byte(at + 1)) {
                (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
                (b'*', b'/') => {
                    (depth, at) = (depth - 1, at + 2);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => at += 1,
            }
        }
        self.source.len()
    }

    fn string(&self, mut at: usize) -> usize {
        loop {
            match self.byte(at) {
                b'"' => return at + 1,
                b'\\' => at += 2,
                _ if at >= self.source.len() => return self.source.len(),
                _ => at += 1,
            }
        }
    }

    /// A literal that a word such as `r`, `b`, `br` or `c` begins; the end of the word itself if it begins none.
    fn prefixed(&self, word: &str, end: usize) -> Option<usize> {
        if !matches!(word, "r" | "b" | "c" | "br" | "cr") {
            return None;
        }
        let hashes = self.source.as_bytes().get(end..)?.iter().take_while(|byte| **byte == b'#').count();
        match self.byte(end + hashes) {
            b'"' if word.ends_with('r') => {
                let close = format!("\"{}", "#".repeat(hashes));
                Some(self.after(end + hashes + 1, &close))
            }
            b'"' if hashes == 0 => Some(self.string(end + 1)),
            b'\'' if word == "b" && hashes == 0 => self.character(end),
            _ => None,
        }
    }

    /// The end of a character literal whose quote stands at `at`; `None` for a lifetime.
    fn character(&self, at: usize) -> Option<usize> {
        let rest = self.source.get(at + 1..)?;
        let first = rest.chars().next()?;
        if first == '\\' {
            // `'\''`, `'\\'`, `'\u{1F600}'`.
            let close = rest.get(2..)?.find('\'')?;
            return Some(at + 1 + 2 + close + 1);
        }
        let after = at + 1 + first.len_utf8();
        (self.byte(after) == b'\'').then_some(after + 1)
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        loop {
            let start = self.at;
            let byte = self.byte(start);
            if start >= self.source.len() {
                return None;
            }
            let (kind, end) = match (byte, self.byte(start + 1)) {
                (b' ' | b'\t' | b'\n' | b'\r', _) => {
                    self.at += 1;
                    continue;
                }
                (b'/', b'/') => {
                    self.at = self.after(start, "\n");
                    continue;
                }
                (b'/', b'*') => {
                    self.at = self.block_comment(start);
                    continue;
                }
                (b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.., _) => {
                    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                    let bytes = self.source.as_bytes().get(start..).unwrap_or_default();
                    let end = start + bytes.iter().take_while(|byte| is_word(byte)).count();
                    let word = self.source.get(start..end).unwrap_or_default();
                    match self.prefixed(word, end) {
                        Some(end) => (Kind::Literal, end),
                        None if word == "r" && self.byte(end) == b'#' => {
                            self.at = end + 1;
                            continue;
                        }
                        None => (Kind::Word, end),
                    }
                }
                (b'0'..=b'9', _) => {
                    let bytes = self.source.as_bytes().get(start..).unwrap_or_default();
                    let mut end =
                        start + bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                    // `1.5` is one number; `1..2` is not, nor is `tuple.0.field`.
                    if self.byte(end) == b'.' && self.byte(end + 1).is_ascii_digit() {
                        end += 1 + bytes
                            .get(end + 1 - start..)
                            .unwrap_or_default()
                            .iter()
                            .take_while(|byte| byte.is_ascii_alphanumeric())
                            .count();
                    }
                    (Kind::Literal, end)
                }
                (b'"', _) => (Kind::Literal, self.string(start + 1)),
                (b'\'', _) => match self.character(start) {
                    Some(end) => (Kind::Literal, end),
                    None => {
                        self.at += 1;
                        let bytes = self.source.as_bytes().get(self.at..).unwrap_or_default();
                        self.at +=
                            bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                        continue;
                    }
                },
                (b':', b':') => (Kind::Path, start + 2),
                (b'-', b'>') => (Kind::Arrow, start + 2),
                (b'=', b'>') => (Kind::FatArrow, start + 2),
                (b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'^', b'=')
                | (b'&', b'&')
                | (b'.', b'.') => (Kind::Operator, start + 2),
                (byte, _) => (Kind::Mark(byte), start + 1),
            };
            self.at = end.min(self.source.len());
            let text = self.source.get(start..self.at).unwrap_or_default();
            return Some(Token { kind, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(source: &str, expect: &[&str]) {
        assert_eq!(Tokens::new(source).map(|token| token.text).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn tokens_of_rust() {
        check("a::b(&self.c)", &["a", "::", "b", "(", "&", "self", ".", "c", ")"]);
        check("x // y\n/* z /* w */ */ v", &["x", "v"]);
        check(
            r##"f("a\"b", r#"c"d"#, b"e", 'g', '\'', 'h: loop)"##,
            &[
                "f",
                "(",
                r#""a\"b""#,
                ",",
                r##"r#"c"d"#"##,
                ",",
                "b\"e\"",
                ",",
                "'g'",
                ",",
                "'\\''",
                ",",
                ":",
                "loop",
                ")",
            ],
        );
        check(
            "1.5 + t.0.a 1..2 r#type |a| a",
            &["1.5", "+", "t", ".", "0", ".", "a", "1", "..", "2", "type", "|", "a", "|", "a"],
        );
    }

    proptest! {
        #[test]
        fn any_text_has_tokens(source in r##"([a-z'"#\\/*{}()|:=>.<é ]|r#|b'|//|\n){0,60}"##) {
            let total: usize = Tokens::new(&source).map(|token| token.text.len()).sum();
            prop_assert!(total <= source.len());
        }
    }
}
