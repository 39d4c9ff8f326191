//! [`Calls`]: the places of a file where something is called, gathered while its tree is walked, and what is needed to
//! tell what they call: the names that code binds and imports.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use tree_sitter::{Node, TreeCursor};

use super::{
    Source, excerpt, field, is_comment,
    tokens::{self, Token},
};
use crate::symbol::Call;

/// What was gathered, its texts borrowed from the source.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) calls: Vec<Named<'a>>,
    /// Names that patterns bind, with the symbol around.
    pub(super) bound: HashSet<(Option<usize>, &'a str)>,
    /// Names that `use` brings in, with the symbol around, and the first segment of their path.
    pub(super) imported: HashMap<(Option<usize>, &'a str), &'a str>,
}

/// A call whose target is not yet known.
pub(super) struct Named<'a> {
    pub(super) call: Call,
    pub(super) name: &'a str,
    pub(super) form: Form<'a>,
    /// Named as an argument: a call only if there is such a function.
    pub(super) is_value: bool,
}

/// How a call names what it calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// `parse(…)`
    Plain,
    /// `cart::parse(…)`, `Cart::new(…)`: the segments before the name, without generic arguments.
    Path(Vec<&'a str>),
    /// `self.total(…)`
    OnSelf,
    /// `cart.total(…)`
    OnValue,
    /// `format!(…)`
    Macro,
    /// What no symbol of the file can be told by: `log::info!(…)`; a path of raw tokens with generic arguments.
    Unknown,
}

/// A name in the position of a callee.
pub(super) struct Callee<'tree, 'a> {
    /// As [`Call::callee`]; on a receiver that is more than a chain of fields, only `.name`.
    pub(super) text: String,
    pub(super) name: Node<'tree>,
    pub(super) form: Form<'a>,
}

/// What `node` names, if it is of a form that names anything.
pub(super) fn callee<'tree, 'a>(source: Source<'a>, node: Node<'tree>) -> Option<Callee<'tree, 'a>> {
    match node.kind() {
        "identifier" => Some(Callee { text: source.of(node).to_owned(), name: node, form: Form::Plain }),
        "scoped_identifier" => {
            let (name, path) = (field(node, "name")?, path(source, node));
            let text = format!("{}::{}", path.join("::"), source.of(name));
            Some(Callee { text: excerpt(&text, usize::MAX), name, form: Form::Path(path) })
        }
        "field_expression" => {
            let (name, value) = (field(node, "field")?, field(node, "value")?);
            let receiver = fields(source, value).unwrap_or_default();
            let form = if value.kind() == "self" { Form::OnSelf } else { Form::OnValue };
            Some(Callee { text: format!("{receiver}.{}", source.of(name)), name, form })
        }
        "generic_function" => callee(source, field(node, "function").filter(|inner| inner.kind() != node.kind())?),
        _ => None,
    }
}

/// The segments before the name of a path; the first is empty in `::std::mem::drop`.
fn path<'a>(source: Source<'a>, node: Node) -> Vec<&'a str> {
    let mut segments = Vec::new();
    let mut scope = node;
    while let Some(path) = field(scope, "path") {
        let of_type = if path.kind() == "generic_type" { field(path, "type") } else { None };
        scope = of_type.unwrap_or(path);
        if !is_scoped(scope) {
            segments.push(source.of(scope));
            break;
        }
        segments.extend(field(scope, "name").map(|name| source.of(name)));
    }
    if is_scoped(scope) {
        segments.push("");
    }
    segments.reverse();
    segments
}

fn is_scoped(node: Node) -> bool {
    matches!(node.kind(), "scoped_identifier" | "scoped_type_identifier")
}

/// A chain of fields as text: `self.items`.
fn fields(source: Source, node: Node) -> Option<String> {
    let mut names = Vec::new();
    let mut node = node;
    while node.kind() == "field_expression" {
        names.push(source.of(field(node, "field")?));
        node = field(node, "value")?;
    }
    if !matches!(node.kind(), "self" | "identifier") {
        return None;
    }
    names.push(source.of(node));
    names.reverse();
    Some(names.join("."))
}

pub(super) struct Calls<'tree, 'a> {
    source: Source<'a>,
    found: Found<'a>,
    scratch: Option<TreeCursor<'tree>>,
    /// Where the pattern ends that is being walked: what is named before is bound.
    pattern_end: usize,
    tokens: Vec<Tokens<'tree>>,
}

/// A tree of raw tokens that is being walked, as the argument of a macro holds it.
struct Tokens<'tree> {
    depth: usize,
    /// The tokens so far, brackets around them left out.
    seen: Vec<Token<'tree>>,
    /// The call whose arguments they are.
    call: Option<usize>,
}

impl<'tree, 'a> Calls<'tree, 'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, found: Found::default(), scratch: None, pattern_end: 0, tokens: Vec::new() }
    }

    /// Takes the next node of a walk, and says whether to go into it.
    pub(super) fn enter(&mut self, node: Node<'tree>, kind: &'tree str, depth: usize, caller: Option<usize>) -> bool {
        while self.tokens.last().is_some_and(|tokens| tokens.depth >= depth) {
            self.leave_tokens();
        }
        if self.tokens.last().is_some_and(|tokens| tokens.depth + 1 == depth) {
            return self.token(node, kind, depth, caller);
        }
        if !node.is_named() {
            return true;
        }
        match kind {
            "call_expression" => self.call(node, caller),
            "macro_invocation" => self.macro_call(node, caller),
            "token_tree" => self.tokens.push(Tokens { depth, seen: Vec::new(), call: None }),
            "let_declaration" | "parameter" | "let_condition" | "for_expression" => {
                self.binds_up_to(field(node, "pattern").map(|pattern| pattern.end_byte()));
            }
            "match_pattern" => {
                let guard = field(node, "condition").map(|guard| guard.start_byte());
                self.binds_up_to(guard.or(Some(node.end_byte())));
            }
            "closure_parameters" => self.binds_up_to(Some(node.end_byte())),
            "identifier" | "shorthand_field_identifier" if node.start_byte() < self.pattern_end => {
                self.found.bound.insert((caller, self.source.of(node)));
            }
            "use_declaration" => {
                self.import(node, caller);
                return false;
            }
            _ => {}
        }
        true
    }

    pub(super) fn finish(mut self) -> Found<'a> {
        while !self.tokens.is_empty() {
            self.leave_tokens();
        }
        self.found
    }

    fn binds_up_to(&mut self, end: Option<usize>) {
        self.pattern_end = self.pattern_end.max(end.unwrap_or_default());
    }

    /// Every name in a `use` counts as brought in, those of modules too: a doubt too many costs only a target.
    fn import(&mut self, node: Node, caller: Option<usize>) {
        let Some(argument) = field(node, "argument") else { return };
        let names = self.source.of(argument).split(|char: char| !(char.is_alphanumeric() || char == '_'));
        let mut names = names.filter(|name| !name.is_empty()).peekable();
        let Some(first) = names.peek().copied() else { return };
        self.found.imported.extend(names.map(|name| ((caller, name), first)));
    }

    fn call(&mut self, node: Node<'tree>, caller: Option<usize>) {
        let Some(function) = field(node, "function") else { return };
        let Some(arguments) = field(node, "arguments") else { return };
        let at = self.found.calls.len();
        let is_name = self.add(function, caller, false);
        let mut scratch = self.scratch.take().unwrap_or_else(|| node.walk());
        let mut arity = 0;
        for argument in arguments.named_children(&mut scratch) {
            if is_comment(argument) || argument.kind() == "attribute_item" {
                continue;
            }
            arity += 1;
            if matches!(argument.kind(), "identifier" | "scoped_identifier" | "generic_function") {
                self.add(argument, caller, true);
            }
        }
        self.scratch = Some(scratch);
        if is_name && let Some(named) = self.found.calls.get_mut(at) {
            named.call.arity = Some(arity);
        }
    }

    fn macro_call(&mut self, node: Node<'tree>, caller: Option<usize>) {
        let Some(callee) = field(node, "macro").and_then(|name| callee(self.source, name)) else { return };
        let form = match callee.form {
            Form::Plain => Form::Macro,
            Form::Path(path) if path == ["crate"] => Form::Macro,
            _ => Form::Unknown,
        };
        self.push(format!("{}!", callee.text), callee.name.byte_range(), form, caller);
    }

    /// Adds a call of the function that `node` names, and says whether it can be one.
    fn add(&mut self, node: Node, caller: Option<usize>, is_value: bool) -> bool {
        let Some(callee) = callee(self.source, node) else { return false };
        let is_function = names_function(self.source.of(callee.name));
        if is_function {
            self.push(callee.text, callee.name.byte_range(), callee.form, caller);
            self.found.calls.last_mut().into_iter().for_each(|named| named.is_value = is_value);
        }
        is_function
    }

    fn push(&mut self, callee: String, name_range: Range<usize>, form: Form<'a>, caller: Option<usize>) {
        let name = self.source.between(name_range.start, name_range.end);
        let call = Call { callee, arity: None, name_range, caller, target: None };
        self.found.calls.push(Named { call, name, form, is_value: false });
    }

    /// Takes a token that stands directly in the innermost tree of tokens.
    fn token(&mut self, node: Node<'tree>, kind: &'tree str, depth: usize, caller: Option<usize>) -> bool {
        let token = Token { kind, start: node.start_byte(), end: node.end_byte() };
        let Some(around) = self.tokens.last_mut() else { return false };
        if !matches!(kind, "token_tree" | "token_repetition") {
            if !matches!(kind, "(" | ")" | "[" | "]" | "{" | "}") {
                around.seen.push(token);
            }
            return false;
        }
        // `#[…]` holds no calls.
        let is_attribute = around.seen.last().is_some_and(|before| before.kind == "#");
        let called = tokens::callee(self.source, &around.seen, token);
        around.seen.push(token);
        if is_attribute {
            return false;
        }
        let call = called.and_then(|called| {
            self.push(called.text, called.name, called.form, caller);
            (!called.is_macro).then(|| self.found.calls.len() - 1)
        });
        self.tokens.push(Tokens { depth, seen: Vec::new(), call });
        true
    }

    fn leave_tokens(&mut self) {
        let Some(tokens) = self.tokens.pop() else { return };
        if let Some(named) = tokens.call.and_then(|call| self.found.calls.get_mut(call)) {
            named.call.arity = tokens::arity(&tokens.seen);
        }
    }
}

/// Whether a name is that of a function and not of a variant, a type or a constant.
pub(super) fn names_function(name: &str) -> bool {
    !name.is_empty() && !name.trim_start_matches("r#").starts_with(char::is_uppercase)
}
