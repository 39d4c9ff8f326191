//! Bodies of Rust: which names they use, and on what, read from their tokens.
//!
//! Not a parser: it follows chains such as `self.parts.iter().map(|part| part.len())`, the bindings of `let`, `match`,
//! `for` and closures, and the arguments of macros as if they were code, and shrugs at the rest.

use super::{
    names::NONE,
    rust_heads::is_keyword,
    rust_tokens::{Kind, Token, Tokens},
    uses::{Gathered, UNKNOWN_ARITY, Use, What},
};

/// Names that are known in a body, and the use that tells what they are.
pub(super) type Values<'s> = Vec<(&'s str, u32)>;

/// Of so many values that were bound last, one is looked for; more are in scope only in generated code.
const VALUES: usize = 256;

/// Gathers the uses of a body.
pub(super) fn scan<'s>(source: &'s str, values: Values<'s>, gathered: &mut Gathered<'s>) {
    let tokens: Vec<_> = Tokens::new(source).collect();
    let scan = Scan {
        tokens: &tokens,
        gathered,
        values,
        frames: Vec::new(),
        heads: Vec::new(),
        pending: Vec::new(),
        current: None,
        myself: None,
    };
    scan.run();
}

struct Scan<'s, 't, 'g> {
    tokens: &'t [Token<'s>],
    gathered: &'g mut Gathered<'s>,
    values: Values<'s>,
    frames: Vec<Frame>,
    /// `if`, `while`, `match` and `for` whose braces are still to come, with the depth of frames where they stand.
    heads: Vec<(usize, Head)>,
    /// Bindings whose value is still to come.
    pending: Vec<(usize, Vec<(&'s str, Via)>)>,
    /// The expression that was read last, if something can hang on it.
    current: Option<u32>,
    myself: Option<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Head {
    Block,
    Match,
}

struct Frame {
    kind: FrameKind,
    /// The expression before the bracket.
    before: Option<u32>,
    values: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum FrameKind {
    /// Of a call, or parentheses alone.
    Group {
        is_call: bool,
    },
    Index,
    Array,
    Block,
    Literal,
    Match {
        in_pattern: bool,
    },
}

/// How a name of a pattern comes by its value.
#[derive(Clone, Copy)]
enum Via {
    /// It is the value matched, or what that wraps.
    Subject,
    /// A field of the type at this use; the name of the field is a token.
    Field(u32, usize),
    /// What the variant at this use holds.
    Payload(u32),
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

    fn run(mut self) {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at).copied() {
            at = match token.kind {
                Kind::Word => self.word(at, token.text),
                Kind::Literal => {
                    // `pair.0`
                    if at > 0 && self.is(at - 1, b'.') {
                        let base = self.current.unwrap_or(NONE);
                        self.current = Some(self.gathered.push(What::Field, token.text, base));
                    } else {
                        self.current = None;
                    }
                    at + 1
                }
                Kind::Path => self.path(at),
                Kind::FatArrow => {
                    if let Some(Frame { kind: FrameKind::Match { in_pattern }, .. }) = self.frames.last_mut() {
                        *in_pattern = false;
                    }
                    self.current = None;
                    at + 1
                }
                Kind::Mark(mark) => self.mark(at, mark),
                Kind::Arrow | Kind::Operator => {
                    self.current = None;
                    at + 1
                }
            };
            if let Some(Frame { kind: FrameKind::Match { in_pattern: true }, before, values }) = self.frames.last() {
                let (subject, values) = (*before, *values);
                self.values.truncate(values);
                at = self.arm(at, subject);
            }
        }
    }

    fn word(&mut self, at: usize, word: &'s str) -> usize {
        let follows_dot = at > 0 && self.is(at - 1, b'.');
        let follows_path = at > 0 && self.kind(at - 1) == Some(Kind::Path);
        if follows_dot {
            if word != "await" {
                let called = self.is(at + 1, b'(') || self.kind(at + 1) == Some(Kind::Path);
                let base = self.current.unwrap_or(NONE);
                self.current = Some(self.gathered.push(if called { What::Method } else { What::Field }, word, base));
            }
            return at + 1;
        }
        if follows_path {
            let base = self.current.unwrap_or(NONE);
            self.current = Some(self.gathered.push(What::Segment, word, base));
            return self.after_macro_name(at);
        }
        match word {
            "let" => return self.let_(at + 1),
            "for" if !self.is(at + 1, b'<') => {
                let (next, names) = self.pattern(at + 1, |scan, at| scan.text(at) == "in");
                self.heads.push((self.frames.len(), Head::Block));
                self.pending.push((self.frames.len(), names));
                self.current = None;
                return next + 1;
            }
            "match" => {
                self.heads.push((self.frames.len(), Head::Match));
                self.current = None;
            }
            "if" | "while" => {
                self.heads.push((self.frames.len(), Head::Block));
                self.current = None;
            }
            "self" => {
                let myself = match self.myself {
                    Some(myself) => myself,
                    None => self.gathered.push(What::Myself, "self", NONE),
                };
                self.myself = Some(myself);
                self.current = Some(myself);
            }
            "fn" => {
                self.current = None;
                return at + 2;
            }
            "Self" => self.current = Some(self.gathered.push(What::Path, word, NONE)),
            _ if is_keyword(word) => self.current = None,
            _ => self.name(at, word),
        }
        self.after_macro_name(at)
    }

    /// Past the `!` of a macro, which turns the name before it into a macro's.
    fn after_macro_name(&mut self, at: usize) -> usize {
        let opens = self.is(at + 2, b'(') || self.is(at + 2, b'[') || self.is(at + 2, b'{');
        if !self.is(at + 1, b'!') || !opens {
            return at + 1;
        }
        if let Some(current) = self.current.and_then(|current| self.gathered.uses.get_mut(current as usize)) {
            current.what = What::Macro;
        }
        self.current = None;
        at + 2
    }

    fn name(&mut self, at: usize, word: &'s str) {
        let is_macro = self.is(at + 1, b'!') && !self.is(at + 2, b'=');
        // The name of a field in a literal, or a label.
        if self.is(at + 1, b':') && !is_macro {
            self.current = None;
            return;
        }
        if !is_macro && let Some(known) = self.value(word) {
            self.current = Some(known).filter(|known| *known != NONE);
            return;
        }
        let is_lower = word.starts_with(|char: char| char.is_lowercase() || char == '_');
        let stands_alone = is_lower && !is_macro && !self.is(at + 1, b'(') && self.kind(at + 1) != Some(Kind::Path);
        self.current = Some(self.gathered.push(if stands_alone { What::Value } else { What::Path }, word, NONE));
    }

    fn value(&self, name: &str) -> Option<u32> {
        self.values.iter().rev().take(VALUES).find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// At `::`: past generic arguments, which are uses of their own.
    fn path(&mut self, at: usize) -> usize {
        if !self.is(at + 1, b'<') {
            return at + 1;
        }
        let keep = self.current;
        let mut depth = 0_usize;
        let mut next = at + 1;
        while let Some(token) = self.tokens.get(next).copied() {
            match token.kind {
                Kind::Mark(b'<') => depth += 1,
                Kind::Mark(b'>') => depth = depth.saturating_sub(1),
                Kind::Word if !is_keyword(token.text) => {
                    let base =
                        if self.kind(next - 1) == Some(Kind::Path) { self.current.unwrap_or(NONE) } else { NONE };
                    let what = if base == NONE { What::Path } else { What::Segment };
                    self.current = Some(self.gathered.push(what, token.text, base));
                }
                Kind::Mark(b';' | b'{' | b'}') => break,
                _ => {}
            }
            next += 1;
            if depth == 0 {
                break;
            }
        }
        self.current = keep;
        next
    }

    fn mark(&mut self, at: usize, mark: u8) -> usize {
        match mark {
            b'.' | b'?' => {}
            b'(' => {
                let is_call = self.current.is_some() && at > 0 && self.ends_expression(at - 1);
                self.open(FrameKind::Group { is_call });
            }
            b'[' => {
                let is_index = self.current.is_some() && at > 0 && self.ends_expression(at - 1);
                self.open(if is_index { FrameKind::Index } else { FrameKind::Array });
            }
            b'{' => self.open_brace(at),
            b')' | b']' | b'}' => self.close(),
            b'|' if at == 0 || !self.ends_expression(at - 1) => return self.closure(at + 1),
            b';' => {
                self.bind_pending();
                self.current = None;
            }
            b',' => {
                self.current = None;
                if let Some(Frame { kind: FrameKind::Match { in_pattern }, .. }) = self.frames.last_mut() {
                    *in_pattern = true;
                }
            }
            b'#' if self.is(at + 1, b'[') || self.is(at + 1, b'!') => {
                let open = if self.is(at + 1, b'!') { at + 2 } else { at + 1 };
                return self.skip(open);
            }
            _ => self.current = None,
        }
        at + 1
    }

    fn ends_expression(&self, at: usize) -> bool {
        match self.kind(at) {
            Some(Kind::Word) => !is_keyword(self.text(at)) || self.text(at) == "await",
            Some(Kind::Literal) => true,
            Some(Kind::Mark(mark)) => matches!(mark, b')' | b']' | b'}' | b'>' | b'?'),
            _ => false,
        }
    }

    /// One past the bracket that closes the one at `at`.
    fn skip(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut next = at;
        while let Some(kind) = self.kind(next) {
            match kind {
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            next += 1;
            if depth == 0 {
                break;
            }
        }
        next
    }

    fn open(&mut self, kind: FrameKind) {
        let before = self.current.take();
        self.frames.push(Frame { kind, before, values: self.values.len() });
    }

    fn open_brace(&mut self, at: usize) {
        let depth = self.frames.len();
        let head = self.heads.pop_if(|(at, _)| *at == depth).map(|(_, head)| head);
        match head {
            Some(Head::Match) => self.open(FrameKind::Match { in_pattern: true }),
            Some(Head::Block) => {
                let values = self.values.len();
                self.bind_pending();
                self.current = None;
                self.frames.push(Frame { kind: FrameKind::Block, before: None, values });
            }
            None => {
                let is_type = |text: &str| text.starts_with(char::is_uppercase);
                let literal = at > 0 && self.current.is_some() && (is_type(self.text(at - 1)) || self.is(at - 1, b'>'));
                if !literal {
                    // `let … else {`
                    self.bind_pending();
                }
                self.open(if literal { FrameKind::Literal } else { FrameKind::Block });
            }
        }
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            self.current = None;
            return;
        };
        self.values.truncate(frame.values);
        let depth = self.frames.len();
        while self.heads.pop_if(|(at, _)| *at > depth).is_some() {}
        while self.pending.pop_if(|(at, _)| *at > depth).is_some() {}
        self.current = match frame.kind {
            FrameKind::Group { is_call: true } => match (frame.before, self.current) {
                (Some(callee), Some(inner)) if self.wraps(callee) => Some(self.gathered.add(Use {
                    name: callee,
                    base: inner,
                    what: What::Wrapped,
                    arity: UNKNOWN_ARITY,
                })),
                (callee, _) => callee,
            },
            FrameKind::Index | FrameKind::Literal => frame.before,
            _ => self.current,
        };
        // A block as the arm of a match needs no comma.
        if frame.kind == FrameKind::Block
            && let Some(Frame { kind: FrameKind::Match { in_pattern }, .. }) = self.frames.last_mut()
        {
            *in_pattern = true;
        }
    }

    /// Whether a call may be of something that only wraps its argument.
    fn wraps(&self, callee: u32) -> bool {
        self.gathered.get(callee).is_some_and(|callee| matches!(callee.what, What::Path | What::Segment))
    }

    fn bind_pending(&mut self) {
        let depth = self.frames.len();
        while let Some((_, names)) = self.pending.pop_if(|(at, _)| *at == depth) {
            self.bind(names, self.current);
        }
    }

    fn bind(&mut self, names: Vec<(&'s str, Via)>, subject: Option<u32>) {
        for (name, via) in names {
            let value = match via {
                Via::Subject => subject.unwrap_or(NONE),
                Via::Field(of, field) => self.gathered.push(What::Field, self.text(field), of),
                Via::Payload(of) => self.gathered.push(What::Payload, "", of),
            };
            self.values.push((name, value));
        }
    }

    /// After `let`: the pattern, its type, and then the value, which comes as any expression.
    fn let_(&mut self, at: usize) -> usize {
        let ends = |scan: &Self, at: usize| scan.is(at, b'=') || scan.is(at, b':') || scan.is(at, b';');
        let (mut next, names) = self.pattern(at, ends);
        self.current = None;
        if self.is(next, b':') {
            let (end, types) = self.types(next + 1);
            next = end;
            if types != NONE {
                self.bind(names, Some(types));
                return next + 1;
            }
        }
        if self.is(next, b'=') {
            self.pending.push((self.frames.len(), names));
            return next + 1;
        }
        self.bind(names, None);
        next
    }

    /// A type up to the `=`, `;`, `|`, `,` or closing bracket that ends it.
    fn types(&mut self, at: usize) -> (usize, u32) {
        let first = self.gathered.next();
        let mut depth = 0_usize;
        let mut base = NONE;
        let mut next = at;
        while let Some(token) = self.tokens.get(next).copied() {
            match token.kind {
                Kind::Mark(b'<' | b'(' | b'[') => (depth, base) = (depth + 1, NONE),
                Kind::Mark(b'>' | b')' | b']') if depth > 0 => (depth, base) = (depth - 1, NONE),
                Kind::Mark(b'=' | b';' | b'|' | b',' | b')' | b']' | b'{' | b'}') if depth == 0 => break,
                Kind::Word if is_keyword(token.text) => base = NONE,
                Kind::Word if next > at && self.kind(next - 1) == Some(Kind::Path) => {
                    base = self.gathered.push(What::Segment, token.text, base);
                }
                Kind::Word => base = self.gathered.push(What::Path, token.text, NONE),
                Kind::Path => {}
                _ => base = NONE,
            }
            next += 1;
        }
        (next, self.gathered.types_since(first))
    }

    /// The names that a pattern binds, up to where `ends` says so outside of brackets. Types in it are uses.
    fn pattern(&mut self, at: usize, ends: impl Fn(&Self, usize) -> bool) -> (usize, Vec<(&'s str, Via)>) {
        let mut names = Vec::new();
        let mut outer: Vec<Via> = vec![Via::Subject];
        let mut path = None;
        // The name of a field whose pattern follows.
        let mut field = None;
        let mut next = at;
        while let Some(token) = self.tokens.get(next).copied() {
            if outer.len() == 1 && ends(self, next) {
                break;
            }
            match token.kind {
                Kind::Word if is_keyword(token.text) => path = None,
                Kind::Word => {
                    let follows_path = next > at && self.kind(next - 1) == Some(Kind::Path);
                    let is_path =
                        self.kind(next + 1) == Some(Kind::Path) || self.is(next + 1, b'(') || self.is(next + 1, b'{');
                    let is_upper = token.text.starts_with(char::is_uppercase);
                    let in_fields = matches!(outer.last(), Some(Via::Field(..)));
                    if follows_path || is_upper || is_path && outer.len() < 64 && !ends(self, next + 1) {
                        path = Some(match path.filter(|_| follows_path) {
                            Some(base) => self.gathered.push(What::Segment, token.text, base),
                            None => self.gathered.push(What::Path, token.text, NONE),
                        });
                    } else if in_fields && self.is(next + 1, b':') {
                        field = Some(next);
                        next += 1;
                    } else {
                        let via = match outer.last() {
                            Some(Via::Field(of, _)) => Via::Field(*of, field.take().unwrap_or(next)),
                            Some(via) => *via,
                            None => Via::Subject,
                        };
                        names.push((token.text, via));
                        path = None;
                    }
                }
                Kind::Mark(b'(') => {
                    let inherited = outer.last().copied().unwrap_or(Via::Subject);
                    let inherited = match (inherited, field.take()) {
                        (Via::Field(of, _), Some(field)) => Via::Field(of, field),
                        (inherited, _) => inherited,
                    };
                    outer.push(match path.take() {
                        Some(of) if !self.is_transparent(of) => Via::Payload(of),
                        _ => inherited,
                    });
                }
                Kind::Mark(b'{') => match path.take() {
                    Some(of) => {
                        field = None;
                        outer.push(Via::Field(of, next));
                    }
                    None => break,
                },
                Kind::Mark(b'[') => outer.push(outer.last().copied().unwrap_or(Via::Subject)),
                Kind::Mark(b')' | b']' | b'}') => {
                    if outer.len() == 1 {
                        break;
                    }
                    outer.pop();
                }
                Kind::Path => {}
                _ => path = None,
            }
            next += 1;
        }
        (next, names)
    }

    fn is_transparent(&self, path: u32) -> bool {
        const WRAPPERS: [&str; 4] = ["Some", "Ok", "Err", "Ready"];
        // By the token, since names are interned: the path's last one stands right before the bracket.
        self.gathered.get(path).is_some_and(|path| WRAPPERS.iter().any(|name| self.gathered.names.is(path.name, name)))
    }

    /// The pattern of an arm, up to its `=>` or to the guard.
    fn arm(&mut self, at: usize, subject: Option<u32>) -> usize {
        if self.is(at, b'}') || self.kind(at).is_none() {
            if let Some(Frame { kind: FrameKind::Match { in_pattern }, .. }) = self.frames.last_mut() {
                *in_pattern = false;
            }
            return at;
        }
        let begin = if self.is(at, b',') { at + 1 } else { at };
        if self.is(begin, b'}') {
            return self.arm(begin, subject);
        }
        let begin = if self.is(begin, b'#') { self.skip(begin + 1) } else { begin };
        let (next, names) =
            self.pattern(begin, |scan, at| scan.kind(at) == Some(Kind::FatArrow) || scan.text(at) == "if");
        self.bind(names, subject);
        if let Some(Frame { kind: FrameKind::Match { in_pattern }, .. }) = self.frames.last_mut() {
            *in_pattern = false;
        }
        self.current = None;
        // A guard's `if` opens no block.
        if self.text(next) == "if" { next + 1 } else { next.max(at) }
    }

    /// After the first `|` of a closure: its parameters get what the method that takes it is called on.
    fn closure(&mut self, at: usize) -> usize {
        let receiver = match self.frames.last() {
            Some(Frame { kind: FrameKind::Group { is_call: true }, before: Some(callee), .. }) => {
                self.gathered.get(*callee).filter(|callee| callee.what == What::Method).map(|callee| callee.base)
            }
            _ => None,
        };
        let mut next = at;
        loop {
            let ends = |scan: &Self, at: usize| scan.is(at, b'|') || scan.is(at, b',') || scan.is(at, b':');
            let (end, names) = self.pattern(next, ends);
            next = end;
            let mut types = NONE;
            if self.is(next, b':') {
                (next, types) = self.types(next + 1);
            }
            self.bind(names, Some(types).filter(|types| *types != NONE).or(receiver));
            if !self.is(next, b',') {
                break;
            }
            next += 1;
        }
        self.current = None;
        next + 1
    }
}
