//! [`Tokens`]: the tokens of Elixir source, for scans of bodies that need no tree. What strings interpolate is code.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name in lower case: `add`, `valid?`, `if`.
    Word,
    /// A module, dots included: `Shop.Cart`, `__MODULE__.Line`.
    Module,
    /// `key:`, without its colon.
    Key,
    /// `@name`, without its at sign.
    Attribute,
    /// An atom, a number, a character, or what stands in a string.
    Literal,
    /// The text of a `~H` sigil.
    Template,
    /// `|>`.
    Pipe,
    /// `->`.
    Arrow,
    /// An operator, or any other character.
    Mark(u8),
    /// The end of a line.
    Newline,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
    /// Whether white space stands before it.
    pub(super) spaced: bool,
}

/// The tokens of a text, without comments. Any text has tokens.
pub(super) struct Tokens<'s> {
    source: &'s str,
    at: usize,
    /// What has to close the string around an interpolation, and how many braces are open within.
    strings: Vec<(String, usize)>,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0, strings: Vec::new() }
    }

    fn byte(&self, at: usize) -> u8 {
        self.source.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'s str {
        self.source.get(at..).unwrap_or_default()
    }

    fn word_end(&self, at: usize) -> usize {
        let bytes = self.source.as_bytes().get(at..).unwrap_or_default();
        at + bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte >= 0x80).count()
    }

    /// The rest of a string up to what closes it or to an interpolation; whether it was the latter.
    fn string(&self, mut at: usize, close: &str, interpolates: bool) -> (usize, bool) {
        let close_first = close.as_bytes().first().copied().unwrap_or(0);
        while at < self.source.len() {
            match self.byte(at) {
                b'\\' => at += 2,
                byte if byte == close_first
                    && self.source.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(close.as_bytes())) =>
                {
                    return (at + close.len(), false);
                }
                b'#' if interpolates && self.byte(at + 1) == b'{' => return (at + 2, true),
                _ => at += 1,
            }
        }
        (self.source.len(), false)
    }

    /// A string that begins behind its opening quotes, and its end if nothing is interpolated.
    fn literal(&mut self, start: usize, open: usize, close: String, interpolates: bool) -> usize {
        let (end, opened) = self.string(open.max(start), &close, interpolates);
        if opened && self.strings.len() < 64 {
            self.strings.push((close, 0));
        }
        end
    }

    /// The end of a sigil, with the range of its text; `None` if `~` begins none.
    fn sigil(&mut self, start: usize) -> Option<(Kind, usize)> {
        let name_end = self.word_end(start + 1);
        let name = self.source.get(start + 1..name_end)?;
        let first = name.chars().next().filter(char::is_ascii_alphabetic)?;
        let rest = self.rest(name_end);
        let close = match rest.as_bytes().first()? {
            b'"' if rest.starts_with("\"\"\"") => "\"\"\"",
            b'\'' if rest.starts_with("'''") => "'''",
            b'"' => "\"",
            b'\'' => "'",
            b'(' => ")",
            b'[' => "]",
            b'{' => "}",
            b'<' => ">",
            b'|' => "|",
            b'/' => "/",
            _ => return None,
        };
        let open = name_end + close.len();
        if name == "H" {
            return Some((Kind::Template, self.string(open, close, false).0));
        }
        Some((Kind::Literal, self.literal(start, open, close.to_owned(), first.is_lowercase())))
    }

    fn quoted(&mut self, start: usize, quote: &str) -> usize {
        let triple = quote.repeat(3);
        match self.rest(start).starts_with(&triple) {
            true => self.literal(start, start + 3, triple, true),
            false => self.literal(start, start + 1, quote.to_owned(), true),
        }
    }

    fn word(&mut self, start: usize) -> (Kind, usize, usize) {
        let mut end = self.word_end(start);
        if matches!(self.byte(end), b'?' | b'!') && self.byte(end + 1) != b'=' {
            end += 1;
        }
        let text = self.source.get(start..end).unwrap_or_default();
        let is_key = self.byte(end) == b':' && self.byte(end + 1) != b':' && !self.byte(end + 1).is_ascii_graphic();
        if is_key {
            return (Kind::Key, end, end + 1);
        }
        let is_module = text.starts_with(|char: char| char.is_ascii_uppercase()) || text == "__MODULE__";
        if !is_module {
            return (Kind::Word, end, end);
        }
        while self.byte(end) == b'.' && self.byte(end + 1).is_ascii_uppercase() {
            end = self.word_end(end + 1);
        }
        (Kind::Module, end, end)
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        let begin = self.at;
        loop {
            let start = self.at;
            if start >= self.source.len() {
                return None;
            }
            let spaced = start > begin || start == 0;
            let byte = self.byte(start);
            let (kind, text_end, end) = match (byte, self.byte(start + 1)) {
                (b' ' | b'\t' | b'\r', _) => {
                    self.at += 1;
                    continue;
                }
                (b'\n', _) => (Kind::Newline, start + 1, start + 1),
                (b'#', _) => {
                    self.at = start + self.rest(start).find('\n').unwrap_or(self.source.len() - start);
                    continue;
                }
                (b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.., _) => self.word(start),
                (b'@', b'a'..=b'z' | b'_') => {
                    let end = self.word_end(start + 1);
                    self.at = end;
                    let text = self.source.get(start + 1..end).unwrap_or_default();
                    return Some(Token { kind: Kind::Attribute, text, spaced });
                }
                (b'0'..=b'9', _) => {
                    let end = self.word_end(start);
                    (Kind::Literal, end, end)
                }
                (b':', b'"') => {
                    let end = self.literal(start, start + 2, "\"".to_owned(), true);
                    (Kind::Literal, end, end)
                }
                (b':', b'a'..=b'z' | b'A'..=b'Z' | b'_') => {
                    let mut end = self.word_end(start + 1);
                    if matches!(self.byte(end), b'?' | b'!') {
                        end += 1;
                    }
                    (Kind::Literal, end, end)
                }
                (b':', b':') => (Kind::Mark(b':'), start + 2, start + 2),
                (b'"', _) => {
                    let end = self.quoted(start, "\"");
                    (Kind::Literal, end, end)
                }
                (b'\'', _) => {
                    let end = self.quoted(start, "'");
                    (Kind::Literal, end, end)
                }
                (b'~', _) => match self.sigil(start) {
                    Some((kind, end)) => (kind, end, end),
                    None => (Kind::Mark(b'~'), start + 1, start + 1),
                },
                (b'?', next) if next != b' ' && next != b'\n' && next != 0 => {
                    let width = self.rest(start + 1).chars().next().map_or(1, char::len_utf8);
                    let end = start + 1 + width + usize::from(next == b'\\');
                    (Kind::Literal, end, end)
                }
                (b'|', b'>') => (Kind::Pipe, start + 2, start + 2),
                (b'-', b'>') => (Kind::Arrow, start + 2, start + 2),
                (b'<', b'-') => (Kind::Mark(b'='), start + 2, start + 2),
                (b'=' | b'!' | b'<' | b'>', b'=')
                | (b'=', b'>' | b'~')
                | (b'&', b'&')
                | (b'|', b'|')
                | (b'<', b'>' | b'<')
                | (b'>', b'>')
                | (b'+', b'+')
                | (b'-', b'-')
                | (b'.', b'.') => (Kind::Mark(b'o'), start + 2, start + 2),
                (b'{', _) => {
                    if let Some((_, braces)) = self.strings.last_mut() {
                        *braces += 1;
                    }
                    (Kind::Mark(byte), start + 1, start + 1)
                }
                (b'}', _) => match self.strings.pop() {
                    Some((close, 0)) => {
                        let (end, opened) = self.string(start + 1, &close, true);
                        if opened {
                            self.strings.push((close, 0));
                        }
                        (Kind::Literal, end, end)
                    }
                    Some((close, braces)) => {
                        self.strings.push((close, braces - 1));
                        (Kind::Mark(byte), start + 1, start + 1)
                    }
                    None => (Kind::Mark(byte), start + 1, start + 1),
                },
                _ => (Kind::Mark(byte), start + 1, start + 1),
            };
            self.at = end.clamp(start + 1, self.source.len());
            let text = self.source.get(start..text_end.min(self.source.len())).unwrap_or_default();
            return Some(Token { kind, text, spaced });
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
    fn tokens_of_elixir() {
        check(
            "x |> Shop.Cart.add(a: 1, b: :two) # c",
            &["x", "|>", "Shop.Cart", ".", "add", "(", "a", "1", ",", "b", ":two", ")"],
        );
        check(
            r##""a #{f({1})} b #{g}" <> 'c'"##,
            &["\"a #{", "f", "(", "{", "1", "}", ")", "} b #{", "g", "}\"", "<>", "'c'"],
        );
        check(
            "~r/a#{b}/i ?) @doc %__MODULE__.X{}",
            &["~r/a#{", "b", "}/", "i", "?)", "doc", "%", "__MODULE__.X", "{", "}"],
        );
        check("valid?(x) != y!", &["valid?", "(", "x", ")", "!=", "y!"]);
    }

    proptest! {
        #[test]
        fn any_text_has_tokens(source in r##"([a-zA-Z'"#~@?:\\{}()|<>.é \n]|""""|#\{|\|>){0,60}"##) {
            prop_assert!(Tokens::new(&source).count() <= source.len());
        }
    }
}
