//! [`facts`]: what the body of one symbol shows.

use std::collections::HashSet;

use aiex_text::Text;
use tree_sitter::{Node, Tree};

use super::{Source, calls::callee, excerpt, field, is_comment, symbols::head, walk};
use crate::{
    facts::{Branch, BranchKind, ClauseFacts, Facts},
    symbol::{Symbol, SymbolKind},
};

/// The longest excerpt, in characters.
const LONGEST: usize = 80;

pub(crate) fn facts(tree: &Tree, text: &Text, symbol: &Symbol) -> Facts {
    let Some(range) = symbol.clauses.first().map(|clause| clause.range.clone()) else { return Facts::default() };
    let contents = text.slice(range.clone());
    let source = Source { text: &contents, start: range.start };
    let Some(item) = tree.root_node().descendant_for_byte_range(range.start, range.end) else {
        return Facts::default();
    };
    let mut body = Body::new(source);
    let mut clause = ClauseFacts::default();
    match item.kind() {
        "function_item" | "function_signature_item" => {
            clause.parameters = field(item, "parameters").map(|list| parameters(source, list)).unwrap_or_default();
            if let Some(block) = field(item, "body") {
                if field(item, "return_type").is_some() {
                    body.follow_tail(block);
                }
                body.read(block);
            }
        }
        "const_item" | "static_item" => field(item, "value").into_iter().for_each(|value| body.read(value)),
        "struct_item" | "union_item" | "enum_item" | "trait_item" => {
            body.facts.fields = field(item, "body").map(|list| fields(source, list)).unwrap_or_default();
        }
        _ => {}
    }
    body.returns.sort_by_key(|(start, _)| *start);
    clause.returns = distinct(body.returns.into_iter().map(|(_, value)| value));
    body.facts.raises = distinct(body.raises.into_iter());
    body.facts.clauses = vec![clause];
    body.facts
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.filter(|text| seen.insert(text.clone())).collect()
}

fn parameters(source: Source, list: Node) -> Vec<String> {
    let is_parameter = |node: &Node| !is_comment(*node) && node.kind() != "attribute_item";
    let nodes = list.named_children(&mut list.walk()).filter(is_parameter).collect::<Vec<_>>();
    nodes.into_iter().map(|node| excerpt(source.of(node), LONGEST)).collect()
}

/// The fields of a struct, the variants of an enum, or the members of a trait by their heads.
fn fields(source: Source, list: Node) -> Vec<String> {
    let mut fields = Vec::new();
    // The visibility of a field without a name stands beside its type.
    let mut visibility = String::new();
    for node in list.named_children(&mut list.walk()) {
        let text = match node.kind() {
            "line_comment" | "block_comment" | "attribute_item" | "inner_attribute_item" => continue,
            "visibility_modifier" => {
                visibility = format!("{} ", source.of(node));
                continue;
            }
            "function_item" | "function_signature_item" => head(source, node, SymbolKind::Method),
            "const_item" => head(source, node, SymbolKind::Const),
            "associated_type" => head(source, node, SymbolKind::Type),
            _ => source.of(node),
        };
        let text = excerpt(text, LONGEST);
        fields.push(format!("{}{text}", std::mem::take(&mut visibility)));
    }
    fields
}

/// The expression whose value a block has.
fn tail<'tree>(block: Node<'tree>) -> Option<Node<'tree>> {
    let last =
        block.named_children(&mut block.walk()).filter(|node| !is_comment(*node) && node.kind() != "label").last()?;
    match last.kind() {
        "expression_statement" => {
            let ends = last.child_count().checked_sub(1)?;
            last.child(ends).filter(|end| end.kind() != ";").and_then(|_| last.named_child(0))
        }
        kind if is_item(kind) => None,
        "let_declaration" | "use_declaration" | "empty_statement" | "attribute_item" | "inner_attribute_item" => None,
        _ => Some(last),
    }
}

/// Items within a body have facts of their own.
fn is_item(kind: &str) -> bool {
    matches!(
        kind,
        "function_item"
            | "function_signature_item"
            | "impl_item"
            | "trait_item"
            | "mod_item"
            | "foreign_mod_item"
            | "struct_item"
            | "union_item"
            | "enum_item"
            | "const_item"
            | "static_item"
            | "type_item"
            | "macro_definition"
    )
}

struct Body<'a> {
    source: Source<'a>,
    facts: Facts,
    /// Values that are returned, with where they stand.
    returns: Vec<(usize, String)>,
    raises: Vec<String>,
    /// Nodes ahead whose inside is nested one deeper.
    nesting: HashSet<usize>,
    frames: Vec<Frame>,
}

/// A node of the walk that changes what its inside means.
#[derive(Clone, Copy, Default)]
struct Frame {
    depth: usize,
    /// Branches, loops and closures around its inside.
    nesting: usize,
    /// Whether a closure or an `async` block is around: what `return` and `?` leave instead of the function.
    is_caught: bool,
}

impl<'a> Body<'a> {
    fn new(source: Source<'a>) -> Self {
        Self {
            source,
            facts: Facts::default(),
            returns: Vec::new(),
            raises: Vec::new(),
            nesting: HashSet::new(),
            frames: Vec::new(),
        }
    }

    fn frame(&self) -> Frame {
        self.frames.last().copied().unwrap_or_default()
    }

    fn excerpt(&self, node: Node) -> String {
        excerpt(self.source.of(node), LONGEST)
    }

    /// Notes the values that `block` can have.
    fn follow_tail(&mut self, block: Node) {
        let mut ahead = vec![block];
        while let Some(node) = ahead.pop() {
            match node.kind() {
                "block" => ahead.extend(tail(node)),
                "unsafe_block" | "else_clause" | "const_block" => {
                    let inner = node.named_children(&mut node.walk()).filter(|node| !is_comment(*node)).last();
                    ahead.extend(inner);
                }
                "if_expression" => {
                    ahead.extend(field(node, "alternative"));
                    ahead.extend(field(node, "consequence"));
                }
                "match_expression" => {
                    let arms = field(node, "body");
                    let mut cursor = node.walk();
                    let arms = arms.into_iter().flat_map(|arms| arms.named_children(&mut cursor).collect::<Vec<_>>());
                    ahead.extend(arms.filter_map(|arm| field(arm, "value")));
                }
                // These have no value, or one that is noted where it is met.
                "return_expression"
                | "break_expression"
                | "continue_expression"
                | "loop_expression"
                | "while_expression"
                | "for_expression"
                | "unit_expression" => {}
                "macro_invocation" if self.diverges(node) => {}
                _ => self.returns.push((node.start_byte(), self.excerpt(node))),
            }
        }
    }

    fn diverges(&self, invocation: Node) -> bool {
        let name = field(invocation, "macro").map(|name| self.source.of(name));
        matches!(name, Some("panic" | "todo" | "unimplemented" | "unreachable"))
    }

    /// Gathers branches, failures and `return`s.
    fn read(&mut self, body: Node) {
        walk(body, |cursor, depth| {
            let node = cursor.node();
            while self.frames.last().is_some_and(|frame| frame.depth >= depth) {
                self.frames.pop();
            }
            let kind = node.kind();
            if depth > 0 && is_item(kind) {
                return false;
            }
            let catches = matches!(kind, "closure_expression" | "async_block" | "gen_block" | "try_block");
            let nests = kind == "closure_expression" || self.nesting.remove(&node.id());
            if catches || nests {
                let outer = self.frame();
                let nesting = outer.nesting + usize::from(nests);
                self.frames.push(Frame { depth, nesting, is_caught: outer.is_caught || catches });
                self.facts.nesting = self.facts.nesting.max(nesting);
            }
            self.branch(node, kind);
            self.failure(node, kind);
            true
        });
    }

    fn branch(&mut self, node: Node, kind: &str) {
        let (kind, subject) = match kind {
            "if_expression" => (BranchKind::If, field(node, "condition")),
            "match_expression" => (BranchKind::Match, field(node, "value")),
            "while_expression" => (BranchKind::Loop, field(node, "condition")),
            "for_expression" => (BranchKind::Loop, field(node, "value")),
            "loop_expression" => (BranchKind::Loop, None),
            "let_declaration" => match field(node, "alternative") {
                Some(_) => (BranchKind::If, field(node, "value")),
                None => return,
            },
            "else_clause" => {
                // `else if` goes on at the same depth.
                let inner = node.named_children(&mut node.walk()).find(|inner| inner.kind() == "block");
                self.nesting.extend(inner.map(|inner| inner.id()));
                return;
            }
            _ => return,
        };
        let nested = ["consequence", "body", "alternative"].into_iter().filter_map(|name| field(node, name));
        self.nesting.extend(nested.filter(|nested| nested.kind() != "else_clause").map(|nested| nested.id()));
        // What is decided on, from the pattern on where there is one: `item in items`, `let Some(x) = y`.
        let start = match node.kind() {
            "for_expression" => field(node, "pattern").map(|pattern| pattern.start_byte()),
            "let_declaration" => Some(node.start_byte()),
            _ => subject.map(|subject| subject.start_byte()),
        };
        let text = subject.zip(start).map(|(subject, start)| self.source.between(start, subject.end_byte()));
        let arms = match kind {
            BranchKind::Match => field(node, "body").map(|body| self.arms(body)).unwrap_or_default(),
            _ => Vec::new(),
        };
        let subject = excerpt(text.unwrap_or_default(), LONGEST);
        self.facts.branches.push(Branch { kind, subject, arms, range: node.byte_range() });
    }

    fn arms(&self, body: Node) -> Vec<String> {
        let patterns =
            body.named_children(&mut body.walk()).filter_map(|arm| field(arm, "pattern")).collect::<Vec<_>>();
        patterns.into_iter().map(|pattern| self.excerpt(pattern)).collect()
    }

    /// Notes what may end the function: a failure, or a `return`.
    fn failure(&mut self, node: Node, kind: &str) {
        let failure = match kind {
            "return_expression" if !self.frame().is_caught => {
                self.returns.extend(node.named_child(0).map(|value| (value.start_byte(), self.excerpt(value))));
                return;
            }
            "try_expression" if !self.frame().is_caught => {
                node.named_child(0).map(|operand| format!("{}?", self.attempted(operand)))
            }
            "index_expression" => Some(self.excerpt(node)),
            "macro_invocation" if self.diverges(node) => {
                field(node, "macro").map(|name| format!("{}!", self.source.of(name)))
            }
            "macro_invocation" => field(node, "macro").and_then(|name| {
                let name = self.source.of(name);
                let asserts = name.starts_with("assert") || name.starts_with("debug_assert");
                asserts.then(|| "assert!".to_owned())
            }),
            "call_expression" => self.unwrapping(node),
            "identifier" => self.failure_of_tokens(node),
            _ => None,
        };
        self.raises.extend(failure);
    }

    fn unwrapping(&self, call: Node) -> Option<String> {
        let function = field(call, "function").filter(|function| function.kind() == "field_expression")?;
        let name = self.source.of(field(function, "field")?);
        let arguments = field(call, "arguments").map(|arguments| self.excerpt(arguments)).unwrap_or_default();
        matches!(name, "unwrap" | "expect" | "unwrap_err" | "expect_err").then(|| format!(".{name}{arguments}"))
    }

    /// The failures that the arguments of a macro hold, which are raw tokens.
    fn failure_of_tokens(&self, name: Node) -> Option<String> {
        let before = self.source.between(self.source.start, name.start_byte());
        let after = self.source.between(name.end_byte(), self.source.start + self.source.text.len());
        match self.source.of(name) {
            name @ ("panic" | "todo" | "unimplemented" | "unreachable") => {
                after.starts_with("!(").then(|| format!("{name}!"))
            }
            name @ ("unwrap" | "expect" | "unwrap_err" | "expect_err") if before.ends_with('.') => {
                // No parse says where the arguments end, but a message is a plain string.
                let arguments = after.split_inclusive(')').next().filter(|given| given.starts_with('('))?;
                Some(format!(".{name}{}", excerpt(arguments, LONGEST)))
            }
            _ => None,
        }
    }

    /// What `?` is put on: a call without its arguments, or the expression.
    fn attempted(&self, operand: Node) -> String {
        let (call, suffix) = match operand.kind() {
            "await_expression" => (operand.named_child(0).unwrap_or(operand), ".await"),
            _ => (operand, ""),
        };
        let arguments = |of: Node| if of.named_child_count() == 0 { "()" } else { "(…)" };
        let called = match call.kind() {
            "call_expression" => field(call, "function").zip(field(call, "arguments")),
            _ => None,
        };
        let named = called.and_then(|(function, given)| Some((callee(self.source, function)?.text, arguments(given))));
        match named {
            Some((name, arguments)) => format!("{name}{arguments}{suffix}"),
            None => self.excerpt(operand),
        }
    }
}
