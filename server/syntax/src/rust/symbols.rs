//! [`Symbols`]: the items of a file, gathered while its tree is walked.

use std::ops::Range;

use tree_sitter::Node;

use super::{Source, docs, docs::Side, field, one_line};
use crate::symbol::{Clause, Symbol, SymbolKind, Visibility};

/// Items nested deeper than this are left to what holds them: the names of nested items grow with their depth.
const MAX_DEPTH: usize = 64;

pub(super) struct Symbols<'a> {
    source: Source<'a>,
    symbols: Vec<Symbol>,
    scopes: Vec<Scope>,
    /// The docs and attributes since the last node that was neither.
    prefix: Option<Prefix>,
}

/// An item that is being walked.
struct Scope {
    depth: usize,
    index: usize,
    docs: Vec<String>,
}

struct Prefix {
    start: usize,
    docs: Vec<String>,
    is_test: bool,
    is_exported: bool,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, symbols: Vec::new(), scopes: Vec::new(), prefix: None }
    }

    /// The symbol that holds the node entered last.
    pub(super) fn innermost(&self) -> Option<usize> {
        self.scopes.last().map(|scope| scope.index)
    }

    /// Takes the next node of a walk, and says whether to go into it.
    pub(super) fn enter(&mut self, node: Node, kind: &str, depth: usize) -> bool {
        while self.scopes.last().is_some_and(|scope| scope.depth >= depth) {
            self.leave();
        }
        // Keywords and punctuation, half of all nodes.
        if !node.is_named() {
            self.prefix = None;
            return true;
        }
        match kind {
            "line_comment" | "block_comment" => {
                if let Some((side, lines)) = docs::comment_lines(self.source.of(node)) {
                    self.document(side, node, lines);
                }
                false
            }
            "attribute_item" => {
                self.attribute(node, Side::Outer);
                false
            }
            "inner_attribute_item" => {
                self.attribute(node, Side::Inner);
                false
            }
            _ => {
                let prefix = self.prefix.take();
                if let Some(symbol) = self.symbol(node, kind, prefix.as_ref()) {
                    let docs = prefix.map(|prefix| prefix.docs).unwrap_or_default();
                    self.scopes.push(Scope { depth, index: self.symbols.len(), docs });
                    self.symbols.push(symbol);
                }
                true
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Symbol> {
        while !self.scopes.is_empty() {
            self.leave();
        }
        self.symbols
    }

    fn leave(&mut self) {
        if let Some(scope) = self.scopes.pop()
            && let Some(symbol) = self.symbols.get_mut(scope.index)
        {
            symbol.doc = docs::joined(&scope.docs);
        }
    }

    fn document(&mut self, side: Side, node: Node, lines: Vec<String>) {
        match side {
            Side::Outer => self.prefix_at(node).docs.extend(lines),
            Side::Inner => {
                self.scopes.last_mut().into_iter().for_each(|scope| scope.docs.extend(lines.iter().cloned()))
            }
        }
    }

    fn attribute(&mut self, node: Node, side: Side) {
        let text = self.source.of(node).trim_start_matches(['#', '!', '[']).trim_end_matches(']');
        if let Some(lines) = docs::attribute_lines(text) {
            self.document(side, node, lines);
        } else if side == Side::Outer {
            let path = text.split(['(', '=', '[', '{']).next().unwrap_or_default().trim_end();
            let prefix = self.prefix_at(node);
            // `test`, `tokio::test`, `rstest`, `wasm_bindgen_test`.
            prefix.is_test |= path.ends_with("test");
            prefix.is_exported |= path == "macro_export";
        }
    }

    fn prefix_at(&mut self, node: Node) -> &mut Prefix {
        let start = node.start_byte();
        self.prefix.get_or_insert(Prefix { start, docs: Vec::new(), is_test: false, is_exported: false })
    }

    fn symbol(&self, node: Node, kind: &str, prefix: Option<&Prefix>) -> Option<Symbol> {
        let container = self.innermost();
        let outer = container.and_then(|index| self.symbols.get(index));
        let in_type = outer.filter(|outer| matches!(outer.kind, SymbolKind::Impl | SymbolKind::Trait));
        let kind = match kind {
            "function_item" | "function_signature_item" if prefix.is_some_and(|prefix| prefix.is_test) => {
                SymbolKind::Test
            }
            "function_item" | "function_signature_item" if in_type.is_some() => SymbolKind::Method,
            "function_item" | "function_signature_item" => SymbolKind::Function,
            "struct_item" | "union_item" => SymbolKind::Struct,
            "enum_item" => SymbolKind::Enum,
            "trait_item" => SymbolKind::Trait,
            "impl_item" => SymbolKind::Impl,
            "const_item" | "static_item" => SymbolKind::Const,
            "type_item" | "associated_type" => SymbolKind::Type,
            "macro_definition" => SymbolKind::Macro,
            "mod_item" => SymbolKind::Module,
            _ => return None,
        };
        if self.scopes.len() >= MAX_DEPTH {
            return None;
        }
        let outer_name = outer.map(|outer| outer.qualified.as_str());
        let name = match kind {
            SymbolKind::Impl => self.impl_name(node, outer_name)?,
            _ => self.item_name(node, outer_name)?,
        };
        let serves_trait = in_type.is_some_and(|outer| outer.kind == SymbolKind::Trait || outer.implements.is_some());
        let visibility = match kind {
            SymbolKind::Impl => Visibility::Public,
            SymbolKind::Macro if prefix.is_some_and(|prefix| prefix.is_exported) => Visibility::Public,
            _ if serves_trait => Visibility::Public,
            _ => self.visibility(node),
        };
        let body = body(node, kind);
        Some(Symbol {
            kind,
            name: name.own,
            qualified: name.qualified,
            arity: None,
            signature: head(self.source, node, kind).to_owned(),
            doc: None,
            specs: Vec::new(),
            visibility,
            implements: name.implements.or_else(|| in_type.and_then(|outer| outer.implements.clone())),
            range: prefix.map_or(node.start_byte(), |prefix| prefix.start)..node.end_byte(),
            name_range: name.range,
            clauses: vec![Clause { range: node.byte_range(), body }],
            container,
        })
    }

    fn item_name(&self, node: Node, outer: Option<&str>) -> Option<Name> {
        let name = field(node, "name")?;
        let own = self.source.of(name);
        // `const _: () = …` names nothing.
        if own.is_empty() || own == "_" {
            return None;
        }
        Some(Name { own: own.to_owned(), qualified: joined(outer, own), range: name.byte_range(), implements: None })
    }

    fn impl_name(&self, node: Node, outer: Option<&str>) -> Option<Name> {
        let of_type = field(node, "type")?;
        let type_name = one_line(self.source.of(of_type));
        if type_name.is_empty() {
            return None;
        }
        let qualified = joined(outer, &without_generics(&type_name));
        let Some(of_trait) = field(node, "trait") else {
            return Some(Name { own: type_name, qualified, range: of_type.byte_range(), implements: None });
        };
        let negative = self.source.between(node.start_byte(), of_trait.start_byte()).trim_end().ends_with('!');
        let trait_name = format!("{}{}", if negative { "!" } else { "" }, one_line(self.source.of(of_trait)));
        Some(Name {
            own: format!("{trait_name} for {type_name}"),
            qualified: format!("<{qualified} as {}>", without_generics(&trait_name)),
            range: of_trait.start_byte()..of_type.end_byte(),
            implements: Some(trait_name),
        })
    }

    fn visibility(&self, node: Node) -> Visibility {
        let modifier = node.child(0).filter(|child| child.kind() == "visibility_modifier");
        match modifier.map(|modifier| self.source.of(modifier)) {
            None | Some("pub(self)") => Visibility::Private,
            Some("pub") => Visibility::Public,
            Some(_) => Visibility::Restricted,
        }
    }
}

struct Name {
    own: String,
    qualified: String,
    range: Range<usize>,
    implements: Option<String>,
}

fn joined(outer: Option<&str>, name: &str) -> String {
    outer.map_or_else(|| name.to_owned(), |outer| format!("{outer}::{name}"))
}

/// A type or trait without its generic arguments: `Cow<'_, str>` is `Cow`.
pub(super) fn without_generics(name: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut before = ' ';
    for char in name.chars() {
        match char {
            // `<T as Trait>::Item` is a path, not arguments.
            '<' if out.is_empty() && depth == 0 => return name.to_owned(),
            '<' => depth += 1,
            '>' if depth > 0 && before != '-' => depth -= 1,
            _ if depth == 0 => out.push(char),
            _ => {}
        }
        before = char;
    }
    out
}

/// What stands between the braces of an item.
fn body(node: Node, kind: SymbolKind) -> Option<Range<usize>> {
    let outer = match kind {
        // The rules of a macro are its own children, between brackets.
        SymbolKind::Macro => node,
        _ => field(node, "body").filter(|body| body.kind() != "ordered_field_declaration_list")?,
    };
    let (mut start, mut end) = (None, outer.end_byte());
    for child in outer.children(&mut outer.walk()) {
        match child.kind() {
            "{" | "(" | "[" if start.is_none() => start = Some(child.end_byte()),
            // A bracket that is missing takes no room, so its start is the end of the body as well.
            "}" | ")" | "]" => end = child.start_byte(),
            _ => {}
        }
    }
    start.map(|start| start..end.max(start))
}

/// The head of an item as written.
pub(super) fn head<'a>(source: Source<'a>, node: Node, kind: SymbolKind) -> &'a str {
    let end = match kind {
        SymbolKind::Macro => field(node, "name").map(|name| name.end_byte()),
        SymbolKind::Const => return const_head(source, node),
        _ => field(node, "body")
            .filter(|body| body.kind() != "ordered_field_declaration_list")
            .map(|body| body.start_byte()),
    };
    trimmed(source.between(node.start_byte(), end.unwrap_or(node.end_byte())))
}

/// A constant with its value, or without one that would be too much for a head.
fn const_head<'a>(source: Source<'a>, node: Node) -> &'a str {
    const LONGEST: usize = 100;
    let whole = trimmed(source.of(node));
    if whole.len() <= LONGEST && !whole.contains('\n') {
        return whole;
    }
    let end = field(node, "value").map_or(node.end_byte(), |value| value.start_byte());
    let head = trimmed(source.between(node.start_byte(), end));
    head.strip_suffix('=').unwrap_or(head).trim_end()
}

fn trimmed(head: &str) -> &str {
    head.trim_end().trim_end_matches(';').trim_end()
}
