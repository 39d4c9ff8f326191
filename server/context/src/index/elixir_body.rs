//! Bodies, heads and attributes of Elixir: which functions, modules and structs they use, read from their tokens; and
//! the directives that say what a name means.

use rustc_hash::FxHashSet;

use super::{
    elixir_tokens::{Kind, Token, Tokens},
    names::NONE,
    uses::{Gathered, UNKNOWN_ARITY, Use, What},
};

/// `alias`, `import`, `use` or `@behaviour`, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directive<'s> {
    pub(super) kind: DirectiveKind,
    /// The module.
    pub(super) module: &'s str,
    /// What stands in braces behind it, one directive each.
    pub(super) inner: Option<&'s str>,
    /// The name after `as:`.
    pub(super) name: Option<&'s str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectiveKind {
    Alias,
    Import,
    Use,
    Behaviour,
}

/// Templates in code in templates are looked into this deep.
const TEMPLATES: usize = 4;

/// Gathers the uses of a text, and its directives.
pub(super) fn scan<'s>(source: &'s str, gathered: &mut Gathered<'s>) -> Vec<Directive<'s>> {
    scan_at(source, gathered, 0)
}

/// The same for code that stands in so many templates.
fn scan_at<'s>(source: &'s str, gathered: &mut Gathered<'s>, depth: usize) -> Vec<Directive<'s>> {
    let tokens: Vec<_> = Tokens::new(source).collect();
    let mut scan = Scan {
        tokens: &tokens,
        gathered,
        frames: Vec::new(),
        forms: Vec::new(),
        directives: Vec::new(),
        bound: FxHashSet::default(),
        piped: false,
        depth,
    };
    let mut at = 0;
    while at < tokens.len() {
        at = scan.token(at);
    }
    scan.directives
}

struct Scan<'s, 't, 'g> {
    tokens: &'t [Token<'s>],
    gathered: &'g mut Gathered<'s>,
    frames: Vec<Frame>,
    /// Forms whose `do` is still to come, by the brackets around them.
    forms: Vec<usize>,
    directives: Vec<Directive<'s>>,
    /// Names that were bound as variables.
    bound: FxHashSet<&'s str>,
    /// Whether the next call is piped into.
    piped: bool,
    depth: usize,
}

/// An open bracket; of a call, with what is known of its arguments.
#[derive(Default)]
struct Frame {
    call: Option<u32>,
    piped: bool,
    commas: u8,
    is_empty: bool,
    keywords: bool,
}

impl<'s> Scan<'s, '_, '_> {
    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &'s str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn is(&self, at: usize, mark: u8) -> bool {
        self.kind(at) == Some(Kind::Mark(mark))
    }

    /// Whether a bracket opens right here, without white space before it.
    fn opens(&self, at: usize) -> bool {
        self.is(at, b'(') && self.tokens.get(at).is_some_and(|token| !token.spaced)
    }

    fn token(&mut self, at: usize) -> usize {
        let Some(token) = self.tokens.get(at).copied() else { return at + 1 };
        if let Some(frame) = self.frames.last_mut()
            && !matches!(token.kind, Kind::Newline | Kind::Mark(b')' | b']' | b'}'))
        {
            frame.is_empty = false;
        }
        match token.kind {
            Kind::Pipe => {
                self.piped = true;
                return at + 1;
            }
            Kind::Newline => return at + 1,
            Kind::Word => return self.word(at, token.text),
            Kind::Module => return self.module(at, token.text),
            Kind::Attribute => {
                if token.text == "behaviour" && self.kind(at + 1) == Some(Kind::Module) {
                    self.directive(DirectiveKind::Behaviour, at + 1);
                }
                return at + 1;
            }
            Kind::Template => self.template(token.text),
            Kind::Key => {
                if token.text == "do" {
                    self.begin_block();
                }
                if let Some(frame) = self.frames.last_mut() {
                    frame.keywords = true;
                }
            }
            Kind::Mark(b'(' | b'[' | b'{') => self.frames.push(Frame { is_empty: true, ..Frame::default() }),
            Kind::Mark(b')' | b']' | b'}') => self.close(at),
            Kind::Mark(b',') => {
                if let Some(frame) = self.frames.last_mut()
                    && !frame.keywords
                {
                    frame.commas = frame.commas.saturating_add(1);
                }
            }
            Kind::Mark(b'%') if self.kind(at + 1) == Some(Kind::Module) => {
                let module = self.gathered.push(What::Module, self.text(at + 1), NONE);
                self.gathered.push(What::Struct, self.text(at + 1), module);
                self.piped = false;
                return at + 2;
            }
            _ => {}
        }
        self.piped = false;
        at + 1
    }

    fn close(&mut self, at: usize) {
        let Some(frame) = self.frames.pop() else { return };
        self.forms.retain(|form| *form <= self.frames.len());
        let Some(call) = frame.call.and_then(|call| self.gathered.uses.get_mut(call as usize)) else { return };
        let given = if frame.is_empty { 0 } else { frame.commas.saturating_add(1) };
        let is_do = self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Word && token.text == "do");
        // `if call() do`: the block is that of the form.
        let block = is_do && self.forms.last() != Some(&self.frames.len());
        call.arity = given.saturating_add(u8::from(frame.piped)).saturating_add(u8::from(block));
    }

    /// A block begins, and with it that of the innermost form that waits for one here.
    fn begin_block(&mut self) {
        self.forms.pop_if(|form| *form == self.frames.len());
    }

    fn call(&mut self, at: usize, base: u32) -> usize {
        let piped = std::mem::take(&mut self.piped);
        let name = self.gathered.names.intern(self.text(at));
        if self.is(at + 1, b'/') && self.kind(at + 2) == Some(Kind::Literal) && !self.opens(at + 1) {
            let arity = self.text(at + 2).parse().unwrap_or(UNKNOWN_ARITY);
            self.gathered.add(Use { name, base, what: What::Call, arity });
            return at + 3;
        }
        let alone = match self.starts_argument(at + 1) {
            true => UNKNOWN_ARITY,
            false => u8::from(piped),
        };
        let call = self.gathered.add(Use { name, base, what: What::Call, arity: alone });
        if self.opens(at + 1) {
            self.frames.push(Frame { call: Some(call), piped, is_empty: true, ..Frame::default() });
            return at + 2;
        }
        at + 1
    }

    /// Whether a token begins the argument of a call without parentheses.
    fn starts_argument(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at).filter(|token| token.spaced) else { return false };
        match token.kind {
            Kind::Word => !is_operator(token.text),
            Kind::Module | Kind::Literal | Kind::Key | Kind::Attribute | Kind::Template => true,
            Kind::Mark(mark) => matches!(mark, b'%' | b'[' | b'{' | b'&'),
            _ => false,
        }
    }

    fn word(&mut self, at: usize, word: &'s str) -> usize {
        // `cart.items`, on what is no module.
        if at > 0 && self.is(at - 1, b'.') {
            self.piped = false;
            return at + 1;
        }
        match word {
            "alias" | "import" | "use" | "require" if self.kind(at + 1) == Some(Kind::Module) => {
                return match word {
                    "alias" => self.directive(DirectiveKind::Alias, at + 1),
                    "import" => self.directive(DirectiveKind::Import, at + 1),
                    "use" => self.directive(DirectiveKind::Use, at + 1),
                    _ => at + 2,
                };
            }
            // What is raised is made by its module's `exception/1`.
            "raise" if self.kind(at + 1) == Some(Kind::Module) => {
                let base = self.gathered.push(What::Module, self.text(at + 1), NONE);
                let name = self.gathered.names.intern("exception");
                self.gathered.add(Use { name, base, what: What::Call, arity: 1 });
                self.piped = false;
                return at + 2;
            }
            // `def name(…)`: the head is no call.
            "def" | "defp" | "defmacro" | "defmacrop" => {
                self.piped = false;
                return if self.kind(at + 1) == Some(Kind::Word) { at + 2 } else { at + 1 };
            }
            _ if is_operator(word) || is_form(word) => {
                if word == "do" {
                    self.begin_block();
                } else if takes_block(word) && !self.opens(at + 1) {
                    self.forms.push(self.frames.len());
                }
                self.piped = false;
                return at + 1;
            }
            _ => {}
        }
        let is_capture = at > 0 && self.is(at - 1, b'&') && self.is(at + 1, b'/');
        if self.opens(at + 1) || self.piped || is_capture {
            return self.call(at, NONE);
        }
        if self.is(at + 1, b'=') || matches!(self.kind(at + 1), Some(Kind::Arrow)) {
            self.bound.insert(word);
            return at + 1;
        }
        if self.starts_argument(at + 1) && !self.bound.contains(word) {
            return self.call(at, NONE);
        }
        if !self.bound.contains(word) && !word.starts_with('_') {
            let name = self.gathered.names.intern(word);
            self.gathered.add(Use { name, base: NONE, what: What::Value, arity: 0 });
        }
        at + 1
    }

    fn module(&mut self, at: usize, module: &'s str) -> usize {
        let base = self.gathered.push(What::Module, module, NONE);
        if self.is(at + 1, b'.') && self.kind(at + 2) == Some(Kind::Word) {
            return self.call(at + 2, base);
        }
        self.piped = false;
        at + 1
    }

    /// What follows `alias` and its like; returns what comes after it.
    fn directive(&mut self, kind: DirectiveKind, at: usize) -> usize {
        let module = self.text(at);
        self.gathered.push(What::Module, module, NONE);
        let mut next = at + 1;
        if self.is(next, b'.') && self.is(next + 1, b'{') {
            next += 2;
            while let Some(token) = self.tokens.get(next).filter(|token| token.kind != Kind::Mark(b'}')) {
                if token.kind == Kind::Module {
                    self.directives.push(Directive { kind, module, inner: Some(token.text), name: None });
                }
                next += 1;
            }
            return next + 1;
        }
        let named = self.is(next, b',') && self.text(next + 1) == "as" && self.kind(next + 2) == Some(Kind::Module);
        let name = named.then(|| self.text(next + 2));
        self.directives.push(Directive { kind, module, inner: None, name });
        if named { next + 3 } else { next }
    }

    /// The components and the code of a HEEx template.
    fn template(&mut self, source: &'s str) {
        if self.depth < TEMPLATES {
            template(source, self.gathered, self.depth + 1, true);
        }
    }
}

/// Gathers the uses of a HEEx or EEx template: `<%= code %>`, and of HEEx `<.button>`, `<Layouts.app>`, `{@code}`.
pub(super) fn template<'s>(source: &'s str, gathered: &mut Gathered<'s>, depth: usize, is_heex: bool) {
    let bytes = source.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let rest = source.get(at + 1..).unwrap_or_default();
        match byte {
            b'<' if rest.starts_with('%') => {
                let code = rest.trim_start_matches(['%', '=', '#', '!']);
                let skipped = rest.len() - code.len();
                let end = code.find("%>").unwrap_or(code.len());
                if depth < TEMPLATES {
                    scan_at(code.get(..end).unwrap_or_default(), gathered, depth + 1);
                }
                at += 1 + skipped + end;
            }
            b'<' if is_heex => {
                let name = |text: &'s str| {
                    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '?' | '!');
                    let end = text.find(|char| !is_name(char)).unwrap_or(text.len());
                    text.get(..end).unwrap_or_default()
                };
                let tag = name(rest);
                if let Some(component) = tag.strip_prefix('.').filter(|component| !component.is_empty()) {
                    let name = gathered.names.intern(component);
                    gathered.add(Use { name, base: NONE, what: What::Call, arity: 1 });
                } else if tag.starts_with(|char: char| char.is_ascii_uppercase())
                    && let Some((module, component)) = tag.rsplit_once('.')
                {
                    let base = gathered.push(What::Module, module, NONE);
                    let name = gathered.names.intern(component);
                    gathered.add(Use { name, base, what: What::Call, arity: 1 });
                }
                at += 1 + tag.len();
            }
            b'{' if is_heex => {
                let end = closing_brace(rest);
                if depth < TEMPLATES {
                    scan_at(rest.get(..end).unwrap_or_default(), gathered, depth + 1);
                }
                at += 1 + end;
            }
            _ => at += 1,
        }
    }
}

fn closing_brace(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "not"
            | "in"
            | "when"
            | "do"
            | "end"
            | "fn"
            | "else"
            | "after"
            | "rescue"
            | "catch"
            | "true"
            | "false"
            | "nil"
    )
}

fn takes_block(word: &str) -> bool {
    matches!(word, "if" | "unless" | "case" | "cond" | "with" | "for" | "try" | "receive" | "quote")
}

fn is_form(word: &str) -> bool {
    matches!(
        word,
        "if" | "unless"
            | "case"
            | "cond"
            | "with"
            | "for"
            | "try"
            | "receive"
            | "quote"
            | "unquote"
            | "unquote_splicing"
            | "super"
            | "raise"
            | "reraise"
            | "throw"
            | "defstruct"
            | "defmodule"
            | "defdelegate"
            | "defguard"
            | "defguardp"
            | "defimpl"
            | "defprotocol"
            | "defexception"
            | "defoverridable"
            | "require"
            | "is_nil"
            | "is_atom"
            | "is_binary"
            | "is_list"
            | "is_map"
            | "is_integer"
            | "is_tuple"
            | "is_function"
            | "is_boolean"
            | "is_number"
            | "is_float"
            | "is_pid"
            | "is_bitstring"
            | "is_struct"
            | "is_map_key"
            | "elem"
            | "hd"
            | "tl"
            | "length"
            | "map_size"
            | "self"
            | "send"
            | "spawn"
            | "inspect"
            | "to_string"
            | "max"
            | "min"
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// The calls of a text, with what is known of their arguments.
    fn check(source: &str, expect: Expect) {
        let mut gathered = Gathered::default();
        scan(source, &mut gathered);
        let names = std::mem::take(&mut gathered.names).finish();
        let calls = gathered.uses.iter().filter(|one| one.what == What::Call);
        let told: Vec<_> = calls.map(|one| format!("{}/{}", names.get(one.name), one.arity)).collect();
        expect.assert_eq(&told.join(" "));
    }

    #[test]
    fn a_block_is_an_argument_of_what_it_belongs_to() {
        check(
            "case parse(text) do\n  :error -> if fits(text, 1), do: keep(text)\nend",
            expect!["parse/1 fits/2 keep/1"],
        );
        check(
            "with {:ok, a} <- one(x),\n     {:ok, b} <- two(a, x) do\n  three(b)\nend",
            expect!["one/1 two/2 three/1"],
        );
        check("for x <- list(y), do: [if(is(x), do: x), form(x) do\n  x\nend]", expect!["list/1 is/1 form/2"]);
        check(
            "form(x) do\n  inner(y) do\n    if z do\n      last(z)\n    end\n  end\nend",
            expect!["form/2 inner/2 last/1"],
        );
    }
}
