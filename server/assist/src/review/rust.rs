//! The walk over a file of Rust.

use std::{collections::HashSet, ops::Range};

use super::{
    Finding, FindingKind, Severity,
    scan::{File, Function, Functions, Private, Scan},
};
use crate::markdown::code;

/// What the walk over `file` finds and gathers.
pub(super) fn scan<'a>(file: &File<'a>) -> Scan<'a> {
    let scan = Scan { private: Private::of(file.outline), ..Scan::default() };
    let allows_unreachable = file.source.contains("unreachable_code");
    let says_so = |doc: &str| doc.contains("anic");
    let panicking = file.outline.symbols.iter().filter(|symbol| symbol.doc.as_deref().is_some_and(says_so));
    let mut walk = Walk {
        file,
        scan,
        functions: Functions::new(file),
        items: Vec::new(),
        attributes: Vec::new(),
        allows_unreachable,
        panicking: panicking.map(|symbol| symbol.name_range.start).collect(),
    };
    let mut at = 0;
    while let Some(node) = file.nodes.get(at) {
        walk.leave(at);
        at = match node.is_comment || node.kind == "ERROR" || !walk.enter(at) {
            true => node.last,
            false => at + 1,
        };
    }
    walk.leave(usize::MAX);
    walk.scan
}

/// An item around a node.
struct Item {
    /// One past its last node.
    last: usize,
    is_test: bool,
    /// Whether an attribute may use what it holds.
    is_marked: bool,
}

struct Walk<'f, 'a> {
    file: &'f File<'a>,
    scan: Scan<'a>,
    functions: Functions<'f, 'a>,
    items: Vec<Item>,
    /// The attributes before the next node, with their parent.
    attributes: Vec<(Option<usize>, &'a str)>,
    allows_unreachable: bool,
    /// The starts of the names of functions whose documentation says when they panic.
    panicking: HashSet<usize>,
}

impl<'a> Walk<'_, 'a> {
    /// Leaves what ends before a node.
    fn leave(&mut self, at: usize) {
        while self.items.pop_if(|item| item.last <= at).is_some() {}
        for function in self.functions.leave(at, &mut self.scan.findings) {
            self.panics(&function);
        }
    }

    /// Takes a node; whether to go into it.
    fn enter(&mut self, at: usize) -> bool {
        let Some(node) = self.file.nodes.get(at) else { return false };
        if node.last == at + 1 {
            self.functions.token(&node.range);
        }
        if !node.is_named {
            return true;
        }
        match node.kind {
            "attribute_item" => {
                let text = self.file.text(at);
                self.scan.private.mention_words(text, node.range.start);
                self.attributes.push((node.parent, text));
                return false;
            }
            "inner_attribute_item" => {
                let text = self.file.text(at);
                self.scan.private.mention_words(text, node.range.start);
                self.scan.private.in_doubt |= allows_dead(text);
                return false;
            }
            _ => {}
        }
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.retain(|(parent, _)| *parent == node.parent);
        match node.kind {
            "identifier" | "field_identifier" | "type_identifier" | "shorthand_field_identifier" => {
                self.scan.private.mention(self.file.text(at), node.range.start);
            }
            "function_item"
            | "function_signature_item"
            | "impl_item"
            | "mod_item"
            | "trait_item"
            | "foreign_mod_item"
            | "struct_item"
            | "enum_item"
            | "union_item"
            | "type_item"
            | "const_item"
            | "static_item" => self.item(at, node.last, &attributes),
            "if_expression" => {
                let is_next = node.parent.is_some_and(|parent| self.file.nodes.kind(parent) == "else_clause");
                if !is_next {
                    self.functions.level(node.last);
                }
            }
            "match_expression" | "while_expression" | "for_expression" | "loop_expression" => {
                self.functions.level(node.last);
            }
            "match_block" => self.arms(at),
            "block" => self.statements(at),
            "call_expression" => self.call(at),
            "macro_invocation" => {
                // What these name is put together, or stands in another file.
                let name = self.file.field(at, "macro").rsplit("::").next().unwrap_or_default();
                self.scan.private.in_doubt |= matches!(name, "include" | "paste" | "concat_idents") || self.is_item(at);
            }
            _ => {}
        }
        true
    }

    /// Whether a macro without arguments stands for items, which may call anything.
    fn is_item(&self, invocation: usize) -> bool {
        let nodes = self.file.nodes;
        let is_bare = nodes.of_kind(invocation, "token_tree").is_some_and(|tree| nodes.children(tree).nth(2).is_none());
        let holds_items = |parent| matches!(nodes.kind(parent), "source_file" | "declaration_list");
        let parent = nodes.parent(invocation);
        let outer =
            parent.filter(|parent| nodes.kind(*parent) == "expression_statement").and_then(|at| nodes.parent(at));
        is_bare && outer.or(parent).is_some_and(holds_items)
    }

    fn item(&mut self, at: usize, last: usize, attributes: &[(Option<usize>, &str)]) {
        let outer = self.items.last();
        let is_marked_test = attributes.iter().any(|(_, text)| is_of_tests(text));
        self.scan.is_test |= outer.is_none() && is_marked_test && self.file.nodes.kind(at) == "function_item";
        let is_test = outer.is_some_and(|item| item.is_test) || is_marked_test;
        let is_marked =
            outer.is_some_and(|item| item.is_marked) || attributes.iter().any(|(_, text)| !is_harmless(text));
        self.items.push(Item { last, is_test, is_marked });
        let nodes = self.file.nodes;
        let Some(name) = nodes.child(at, "name").map(|name| nodes.range(name)) else { return };
        if is_test || attributes.iter().any(|(_, text)| matches!(path(text), "doc" | "error")) {
            self.scan.public.exempt.insert(name.start);
        }
        if nodes.kind(at) == "function_signature_item" {
            self.scan.private.define(name.start, true);
        }
        if nodes.kind(at) == "function_item" {
            let written = self.file.source.get(name.clone()).unwrap_or_default();
            let modifiers = nodes.of_kind(at, "function_modifiers");
            let is_extern = modifiers.is_some_and(|modifiers| nodes.of_kind(modifiers, "extern_modifier").is_some());
            // Many that do nothing are there to be compiled: they say what holds of types.
            let does_nothing = nodes.child(at, "body").is_some_and(|body| nodes.named(body).next().is_none());
            let is_hidden = is_marked || written.starts_with('_');
            let is_exempt = is_hidden || is_extern || does_nothing || written == "main" || self.file.is_test;
            self.scan.private.define(name.start, is_exempt);
            self.items.last_mut().into_iter().for_each(|item| item.is_marked = is_hidden);
            let is_broken = nodes.get(at).is_none_or(|node| node.is_broken);
            self.functions.enter(last, name, false, is_broken || is_test || self.file.is_test);
        }
    }

    fn add(&mut self, range: Range<usize>, text: &str) {
        self.scan.findings.push(Finding::new(range, Severity::Warning, FindingKind::Unreachable, text));
    }

    fn is_broken(&self, at: usize) -> bool {
        self.file.nodes.get(at).is_none_or(|node| node.is_broken)
    }

    /// The first arm of a `match` behind one that takes everything.
    fn arms(&mut self, block: usize) {
        if self.is_broken(block) {
            return;
        }
        let nodes = self.file.nodes;
        let mut arms = nodes.named(block).filter(|arm| nodes.kind(*arm) == "match_arm");
        let Some(all) = arms.by_ref().find(|arm| self.takes_all(*arm)) else { return };
        if let Some(pattern) = arms.next().and_then(|arm| nodes.child(arm, "pattern")) {
            let before = nodes.child(all, "pattern").map_or("", |pattern| self.file.text(pattern));
            let text = format!("This arm is never reached: {} before it takes everything.", code(before));
            self.add(nodes.range(pattern), &text);
        }
    }

    /// Whether the pattern of an arm is `_` or one name, under no condition. A name with an upper-case letter may be a constant.
    fn takes_all(&self, arm: usize) -> bool {
        let nodes = self.file.nodes;
        let Some(pattern) = nodes.child(arm, "pattern") else { return false };
        let is_name = || {
            let mut parts = nodes.children(pattern);
            let name = parts.next().filter(|part| nodes.kind(*part) == "identifier").map(|part| self.file.text(part));
            name.is_some_and(|name| !name.contains(char::is_uppercase)) && parts.next().is_none()
        };
        let has_attribute = nodes.named(arm).any(|part| nodes.kind(part) == "attribute_item");
        !has_attribute && (self.file.text(pattern) == "_" || is_name())
    }

    /// The first statement of a block behind one that leaves it.
    fn statements(&mut self, block: usize) {
        if self.allows_unreachable || self.is_broken(block) {
            return;
        }
        let nodes = self.file.nodes;
        let mut statements = nodes.named(block);
        let mut is_marked = false;
        let is_leaving = |statement: &usize| {
            // An attribute may take the statement away.
            let was_marked = std::mem::replace(&mut is_marked, nodes.kind(*statement) == "attribute_item");
            !was_marked && self.leaves(*statement).is_some()
        };
        let Some(leaving) = statements.by_ref().find(is_leaving) else { return };
        let is_item = |kind: &str| kind.ends_with("_item") && kind != "attribute_item" || kind == "macro_definition";
        let next = statements.find(|next| {
            !is_item(nodes.kind(*next)) && !matches!(nodes.kind(*next), "use_declaration" | "empty_statement")
        });
        // `unreachable!()` says so itself.
        let Some(next) = next.filter(|next| {
            !matches!(nodes.kind(*next), "attribute_item" | "label")
                && self.leaves(*next).is_none_or(|word| !word.ends_with('!'))
        }) else {
            return;
        };
        let word = self.leaves(leaving).unwrap_or_default();
        let text = format!("This is never reached: {} before it leaves the block.", code(word));
        self.add(nodes.range(next), &text);
    }

    /// What a statement leaves its block by.
    fn leaves(&self, statement: usize) -> Option<&'a str> {
        let nodes = self.file.nodes;
        let expression = match nodes.kind(statement) {
            "expression_statement" => nodes.named(statement).next()?,
            _ => statement,
        };
        match nodes.kind(expression) {
            "return_expression" => Some("return"),
            "break_expression" => Some("break"),
            "continue_expression" => Some("continue"),
            "macro_invocation" => match self.file.field(expression, "macro") {
                "panic" => Some("panic!"),
                "unreachable" => Some("unreachable!"),
                "todo" => Some("todo!"),
                "unimplemented" => Some("unimplemented!"),
                _ => None,
            },
            _ => None,
        }
    }

    /// `unwrap`, but where a failure is a bug elsewhere or cannot be. `expect` says why it cannot.
    fn call(&mut self, at: usize) {
        let nodes = self.file.nodes;
        let function = nodes.child(at, "function").filter(|function| nodes.kind(*function) == "field_expression");
        let Some((receiver, name)) =
            function.and_then(|function| Some((nodes.child(function, "value")?, nodes.child(function, "field")?)))
        else {
            return;
        };
        let Some(arguments) = nodes.child(at, "arguments") else { return };
        let mut given = nodes.named(arguments);
        if self.file.text(name) == "unwrap" && given.next().is_none() && !self.is_sure(receiver) {
            let range = nodes.range(name);
            self.functions.innermost().into_iter().for_each(|function| function.panics.push(range.clone()));
        }
    }

    /// Locks are poisoned by a panic only, a thread's panic is passed on, and literals are right or wrong for good.
    fn is_sure(&self, receiver: usize) -> bool {
        let nodes = self.file.nodes;
        if nodes.kind(receiver) == "macro_invocation" {
            return matches!(self.file.field(receiver, "macro"), "write" | "writeln");
        }
        let Some(function) = nodes.child(receiver, "function") else { return false };
        let arguments = nodes.child(receiver, "arguments").into_iter().flat_map(|arguments| nodes.named(arguments));
        let mut arguments = arguments.peekable();
        match nodes.kind(function) {
            "field_expression" => {
                let name = self.file.field(function, "field");
                let takes_none = arguments.peek().is_none();
                let of_literal =
                    nodes.child(function, "value").is_some_and(|value| nodes.kind(value).ends_with("_literal"));
                of_literal
                    || takes_none
                        && matches!(name, "lock" | "read" | "write" | "join" | "into_inner" | "get_mut" | "try_into")
                    || matches!(name, "wait" | "wait_while" | "wait_timeout")
            }
            _ => {
                arguments.peek().is_some()
                    && arguments.all(|argument| {
                        matches!(nodes.kind(argument), "string_literal" | "raw_string_literal" | "integer_literal")
                    })
            }
        }
    }

    fn panics(&mut self, function: &Function) {
        let Some(first) = function.panics.first().filter(|_| !self.panicking.contains(&function.name.start)) else {
            return;
        };
        let name = self.file.source.get(function.name.clone()).unwrap_or_default();
        let text = match function.panics.len() {
            1 => format!("{} panics if this `unwrap` finds an error or nothing.", code(name)),
            number => format!("{} panics if one of its {number} `unwrap` finds an error or nothing.", code(name)),
        };
        self.scan.findings.push(Finding::new(first.clone(), Severity::Info, FindingKind::Unhandled, &text));
    }
}

/// The path of an attribute: `cfg`, `tokio::test`.
fn path(attribute: &str) -> &str {
    let inside = attribute.trim_start_matches(['#', '!', '[', ' ']);
    inside.split(['(', '=', ']', '[', '{']).next().unwrap_or_default().trim()
}

fn words(attribute: &str) -> impl Iterator<Item = &str> {
    attribute.split(|char: char| !char.is_alphanumeric() && char != '_')
}

fn is_of_tests(attribute: &str) -> bool {
    let path = path(attribute);
    path.rsplit("::").next().is_some_and(|name| name.contains("test") || name == "bench")
        || path == "cfg" && words(attribute).any(|word| word == "test")
}

fn allows_dead(attribute: &str) -> bool {
    words(attribute).any(|word| matches!(word, "dead_code" | "unused" | "warnings"))
}

/// Whether an attribute leaves an item to those that name it.
fn is_harmless(attribute: &str) -> bool {
    match path(attribute) {
        "inline"
        | "must_use"
        | "cold"
        | "doc"
        | "track_caller"
        | "cfg"
        | "deprecated"
        | "rustfmt::skip"
        | "instrument"
        | "tracing::instrument"
        | "target_feature" => true,
        "allow" | "expect" | "warn" | "deny" => !allows_dead(attribute),
        _ => false,
    }
}
