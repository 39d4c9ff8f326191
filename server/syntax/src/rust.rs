//! What the syntax trees of Rust say: the outline of a file, and the facts of one symbol.
//!
//! A tree can be as deep as its text is long, so it is walked with a cursor and explicit stacks, never by recursion, and
//! each node is looked at a fixed number of times.

mod calls;
mod docs;
mod facts;
#[cfg(test)]
mod laws;
mod pieces;
mod resolve;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;

use aiex_text::Text;
use tree_sitter::{Node, Tree, TreeCursor};

use crate::{Outline, Symbol};

pub(crate) use facts::facts;
pub(crate) use pieces::{ROLES, unit};

pub(crate) fn outline(tree: &Tree, text: &Text) -> Outline {
    let contents = text.to_string();
    let source = Source { text: &contents, start: 0 };
    let mut symbols = symbols::Symbols::new(source);
    let mut calls = calls::Calls::new(source);
    walk(tree.root_node(), |cursor, depth| {
        let node = cursor.node();
        let kind = node.kind();
        symbols.enter(node, kind, depth) && calls.enter(node, kind, depth, symbols.innermost())
    });
    let symbols = symbols.finish();
    let calls = resolve::resolve(calls.finish(), &symbols);
    Outline { symbols, calls }
}

/// The items that stand outside of bodies.
pub(crate) fn symbols(tree: &Tree, text: &str) -> Vec<Symbol> {
    let mut symbols = symbols::Symbols::new(Source { text, start: 0 });
    walk(tree.root_node(), |cursor, depth| {
        let node = cursor.node();
        let kind = node.kind();
        // Only these hold items, apart from blocks.
        let may_hold = matches!(
            kind,
            "source_file" | "mod_item" | "declaration_list" | "impl_item" | "trait_item" | "foreign_mod_item" | "ERROR"
        );
        symbols.enter(node, kind, depth) && may_hold
    });
    symbols.finish()
}

/// Visits `root` and what lies below it in the order of the text, with the depth below `root`. `enter` says whether to
/// go into a node. A visitor that keeps a stack pops, on each node, what was pushed at its depth or deeper.
fn walk<'tree>(root: Node<'tree>, mut enter: impl FnMut(&TreeCursor<'tree>, usize) -> bool) {
    let mut cursor = root.walk();
    let mut depth = 0_usize;
    loop {
        if enter(&cursor, depth) && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            depth -= 1;
        }
    }
}

/// A part of the text that was parsed, which begins at the byte `start` of it.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Source<'a> {
    fn of(self, node: Node) -> &'a str {
        self.between(node.start_byte(), node.end_byte())
    }

    fn between(self, start: usize, end: usize) -> &'a str {
        self.text.get(start.saturating_sub(self.start)..end.saturating_sub(self.start)).unwrap_or_default()
    }
}

fn field<'tree>(node: Node<'tree>, name: &str) -> Option<Node<'tree>> {
    node.child_by_field_name(name)
}

fn is_comment(node: Node) -> bool {
    matches!(node.kind(), "line_comment" | "block_comment")
}

/// Source on one line, without line breaks that only wrap it.
fn one_line(text: &str) -> String {
    excerpt(text, usize::MAX)
}

/// The first `limit` characters of source on one line, free of comments and of what only wraps it: white space after an
/// opening bracket and before a method's dot, and the comma before a closing bracket on its own line. `…` stands for
/// what is left out.
fn excerpt(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut quoted = false;
    let (mut space, mut broken) = (false, false);
    let mut rest = text.trim();
    while let Some(char) = rest.chars().next() {
        if !quoted && (rest.starts_with("//") || rest.starts_with("/*")) {
            rest = after_comment(rest);
            (space, broken) = (true, true);
            continue;
        }
        // A quote as a character opens no string.
        let literal = ["'\"'", "'\\\"'"].into_iter().find(|literal| !quoted && rest.starts_with(literal));
        let piece = match (literal, quoted && char == '\\') {
            (Some(literal), _) => literal.len(),
            (None, true) => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, false) => char.len_utf8(),
        };
        let (piece, tail) = rest.split_at_checked(piece).unwrap_or((rest, ""));
        rest = tail;
        if char.is_whitespace() {
            space = true;
            broken |= char == '\n';
            continue;
        }
        if space {
            let closes = matches!(char, ')' | ']' | '.' | '?');
            if broken && (closes || char == '}') && out.ends_with(',') {
                out.pop();
                length -= 1;
            }
            if !(broken && (closes || out.ends_with(['(', '[']))) && !out.is_empty() {
                out.push(' ');
                length += 1;
            }
            (space, broken) = (false, false);
        }
        if length >= limit {
            out.truncate(out.trim_end().len());
            out.push('…');
            return out;
        }
        quoted ^= piece == "\"";
        out.push_str(piece);
        length += piece.chars().count();
    }
    out
}

fn after_comment(text: &str) -> &str {
    let end = if text.starts_with("//") { text.find('\n') } else { text.find("*/").map(|at| at + 2) };
    end.and_then(|end| text.get(end..)).unwrap_or_default()
}
