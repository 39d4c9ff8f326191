//! Heads of Rust items: what a signature, an `impl` header or the fields of a type mention.

use super::{
    names::{NONE, Name},
    rust_tokens::{Kind, Token, Tokens},
    uses::{Gathered, What},
};

/// What a head says.
#[derive(Default)]
pub(super) struct Head<'s> {
    /// Names that stand for values in the body, with the use that is their type: parameters.
    pub(super) values: Vec<(&'s str, u32)>,
    /// The type of what a function returns, a constant holds or an alias stands for.
    pub(super) result: Option<u32>,
    /// Of an impl, its trait.
    pub(super) of_trait: Option<u32>,
    /// Of an impl, its type.
    pub(super) of_type: Option<u32>,
    /// Fields or variants, with their types.
    pub(super) fields: Vec<(Name, u32)>,
    /// Whether it takes `self`.
    pub(super) on_self: bool,
}

/// Generic parameters in force and what bounds them.
pub(super) type Generics<'s> = Vec<(&'s str, u32)>;

/// More are in generated code only.
const GENERICS: usize = 64;

/// Reads heads and fields out of tokens.
pub(super) struct Reader<'s, 'g> {
    tokens: Vec<Token<'s>>,
    gathered: &'g mut Gathered<'s>,
    generics: Generics<'s>,
}

impl<'s, 'g> Reader<'s, 'g> {
    pub(super) fn new(source: &'s str, gathered: &'g mut Gathered<'s>, generics: Generics<'s>) -> Self {
        Self { tokens: Tokens::new(source).collect(), gathered, generics }
    }

    pub(super) fn generics(self) -> Generics<'s> {
        self.generics
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &'s str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn is(&self, at: usize, mark: u8) -> bool {
        self.kind(at) == Some(Kind::Mark(mark))
    }

    /// One past the bracket that closes the one at `at`, of any kind, angle brackets included.
    fn skip(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut next = at;
        while let Some(token) = self.tokens.get(next) {
            match token.kind {
                Kind::Mark(b'(' | b'[' | b'{' | b'<') => depth += 1,
                Kind::Mark(b')' | b']' | b'}' | b'>') => depth = depth.saturating_sub(1),
                _ => {}
            }
            next += 1;
            if depth == 0 {
                break;
            }
        }
        next
    }

    /// The first of `marks` outside of brackets, from `at` on; the end if there is none.
    fn until(&self, mut at: usize, end: usize, stops: impl Fn(&Token<'s>) -> bool) -> usize {
        while at < end {
            let Some(token) = self.tokens.get(at) else { break };
            if stops(token) {
                return at;
            }
            at = match token.kind {
                Kind::Mark(b'(' | b'[' | b'{' | b'<') => self.skip(at),
                _ => at + 1,
            };
        }
        end.min(self.tokens.len())
    }

    /// The names of types between two tokens, as one type.
    fn types(&mut self, from: usize, to: usize) -> u32 {
        let first = self.gathered.next();
        let mut base = NONE;
        for at in from..to {
            let Some(token) = self.tokens.get(at).copied() else { break };
            match token.kind {
                Kind::Word if is_keyword(token.text) => base = NONE,
                Kind::Word if self.kind(at.wrapping_sub(1)) == Some(Kind::Path) && at > from => {
                    base = self.gathered.push(What::Segment, token.text, base);
                }
                // `Item = T`: the name of an associated type.
                Kind::Word if self.is(at + 1, b'=') => base = NONE,
                Kind::Word => {
                    let bound =
                        self.generics.iter().rev().find(|(name, _)| *name == token.text).map(|(_, bound)| *bound);
                    base = match bound {
                        Some(NONE) => NONE,
                        Some(bound) => self.gathered.push(What::Same, "", bound),
                        None => self.gathered.push(What::Path, token.text, NONE),
                    };
                }
                Kind::Path => {}
                _ => base = NONE,
            }
        }
        self.gathered.types_since(first)
    }

    /// `<T: Bound, const N: usize>` from its `<` on; returns what follows.
    fn generic_parameters(&mut self, at: usize) -> usize {
        if !self.is(at, b'<') {
            return at;
        }
        let end = self.skip(at);
        let mut next = at + 1;
        while next + 1 < end {
            let stop = self.until(next, end - 1, |token| token.kind == Kind::Mark(b','));
            if self.text(next) != "const" {
                self.bound(next, stop);
            }
            next = stop + 1;
        }
        end
    }

    /// `T: Bound = Default`.
    fn bound(&mut self, from: usize, to: usize) {
        let name = self.text(from);
        let types = if self.is(from + 1, b':') { self.types(from + 2, to) } else { NONE };
        let is_name = self.kind(from) == Some(Kind::Word) && self.generics.len() < GENERICS;
        match self.generics.iter_mut().rev().find(|(known, _)| *known == name) {
            Some(known) if types != NONE => known.1 = types,
            Some(_) => {}
            None if is_name => self.generics.push((name, types)),
            None => {}
        }
    }

    /// The `where` clause, if there is one; returns where it begins.
    fn bounds(&mut self, from: usize) -> usize {
        let all = self.tokens.len();
        let begin = self.until(from, all, |token| token.kind == Kind::Word && token.text == "where");
        let end = self.until(begin, all, |token| token.kind == Kind::Mark(b'{'));
        let mut next = begin + 1;
        while next < end {
            let stop = self.until(next, end, |token| token.kind == Kind::Mark(b','));
            if self.is(next + 1, b':') {
                self.bound(next, stop);
            } else {
                self.types(next, stop);
            }
            next = stop + 1;
        }
        begin
    }

    fn after_word(&self, word: &str) -> usize {
        let all = self.tokens.len();
        self.until(0, all, |token| token.kind == Kind::Word && token.text == word) + 1
    }

    /// `fn name<T>(self, a: A) -> R where …`.
    pub(super) fn function(&mut self) -> Head<'s> {
        let mut head = Head::default();
        let name = self.after_word("fn");
        let open = self.generic_parameters(name + 1);
        let close = self.skip(open);
        let end = self.bounds(close);
        let mut at = open + 1;
        while at + 1 < close {
            let stop = self.until(at, close - 1, |token| token.kind == Kind::Mark(b','));
            let colon = self.until(at, stop, |token| token.kind == Kind::Mark(b':'));
            let is_self = (at..colon).any(|at| self.text(at) == "self");
            head.on_self |= is_self;
            if !is_self {
                let types = self.types(colon + 1, stop);
                for at in at..colon {
                    let text = self.text(at);
                    if self.kind(at) == Some(Kind::Word)
                        && text.starts_with(|char: char| char.is_lowercase() || char == '_')
                        && !is_keyword(text)
                    {
                        head.values.push((text, types));
                    }
                }
            }
            at = stop + 1;
        }
        if self.kind(close) == Some(Kind::Arrow) {
            head.result = Some(self.types(close + 1, end)).filter(|types| *types != NONE);
        }
        head
    }

    /// `impl<T> Trait for Type where …`.
    pub(super) fn implementation(&mut self) -> Head<'s> {
        let mut head = Head::default();
        let begin = self.generic_parameters(self.after_word("impl"));
        let end = self.bounds(begin);
        let parted = self.until(begin, end, |token| token.kind == Kind::Word && token.text == "for");
        if parted < end {
            head.of_trait = Some(self.types(begin, parted));
            head.of_type = Some(self.types(parted + 1, end));
        } else {
            head.of_type = Some(self.types(begin, end));
        }
        head
    }

    /// `trait Name<T>: Super where …`.
    pub(super) fn trait_(&mut self) -> Head<'s> {
        let after = self.generic_parameters(self.after_word("trait") + 1);
        let end = self.bounds(after);
        self.types(after, end);
        Head::default()
    }

    /// `const NAME: Type = …` or `static`.
    pub(super) fn constant(&mut self) -> Head<'s> {
        let is_static = self.tokens.iter().take(6).any(|token| token.text == "static");
        self.value(if is_static { "static" } else { "const" })
    }

    /// `const NAME: Type = …`, `static`, `type Name<T>: Bound = Type`.
    pub(super) fn value(&mut self, word: &str) -> Head<'s> {
        let name = self.after_word(word);
        let at = if word == "type" { self.generic_parameters(name + 1) } else { name + 1 };
        let all = self.tokens.len();
        let equals = self.until(at, all, |token| token.kind == Kind::Mark(b'='));
        let result = match word {
            "type" => self.types(equals + 1, all),
            _ => self.types(at, equals),
        };
        Head { result: Some(result).filter(|types| *types != NONE), ..Head::default() }
    }

    /// `struct Name<T>(A, B);`, or the head of one with braces: its bounds.
    pub(super) fn structure(&mut self) -> Head<'s> {
        let mut head = Head::default();
        let words = ["struct", "enum", "union"];
        let all = self.tokens.len();
        let word = self.until(0, all, |token| token.kind == Kind::Word && words.contains(&token.text));
        let after = self.generic_parameters(word + 2);
        self.bounds(after);
        if self.is(after, b'(') {
            const NAMES: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
            let close = self.skip(after);
            let mut at = after + 1;
            for name in NAMES {
                if at + 1 >= close {
                    break;
                }
                let stop = self.until(at, close - 1, |token| token.kind == Kind::Mark(b','));
                let types = self.types(self.after_attributes(at), stop);
                head.fields.push((self.gathered.names.intern(name), types));
                at = stop + 1;
            }
        }
        head
    }

    /// What stands between the braces of a type: `name: Type,` or `Variant(Type),`.
    pub(super) fn fields(&mut self) -> Vec<(Name, u32)> {
        let mut fields = Vec::new();
        let all = self.tokens.len();
        let mut at = 0;
        while at < all {
            let stop = self.until(at, all, |token| token.kind == Kind::Mark(b','));
            let name = self.after_attributes(at);
            if self.kind(name) == Some(Kind::Word) && name < stop {
                let types = match self.is(name + 1, b'=') {
                    true => NONE,
                    false => self.types(name + 1, stop),
                };
                fields.push((self.gathered.names.intern(self.text(name)), types));
            }
            at = stop + 1;
        }
        fields
    }

    /// Past `#[…]` and `pub(…)`.
    fn after_attributes(&self, mut at: usize) -> usize {
        loop {
            if self.is(at, b'#') {
                at = self.skip(at + 1);
            } else if self.text(at) == "pub" {
                at += 1;
                if self.is(at, b'(') {
                    at = self.skip(at);
                }
            } else {
                return at;
            }
        }
    }
}

pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "as" | "async"
            | "await"
            | "break"
            | "const"
            | "continue"
            | "dyn"
            | "else"
            | "extern"
            | "false"
            | "fn"
            | "for"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "match"
            | "mod"
            | "move"
            | "mut"
            | "pub"
            | "ref"
            | "return"
            | "static"
            | "true"
            | "unsafe"
            | "use"
            | "where"
            | "while"
            | "bool"
            | "char"
            | "str"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "_"
            | "type"
            | "struct"
            | "enum"
            | "trait"
    )
}
