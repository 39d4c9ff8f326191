//! What Rust's nodes are for taking a file apart, and which of them are items.

use std::sync::LazyLock;

use tree_sitter::Node;

use super::{Source, field, one_line, symbols::without_generics};
use crate::{
    ItemKind, SymbolKind,
    pieces::{Head, Role, Unit, roles},
};

pub(crate) static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    roles(&tree_sitter_rust::LANGUAGE.into(), |name, named| match name {
        "line_comment" | "block_comment" => Role::Comment,
        "source_file" | "block" | "declaration_list" | "match_block" => Role::List,
        "string_literal" | "raw_string_literal" | "char_literal" => Role::Leaf,
        "else_clause" => Role::Branch,
        "binary_expression" | "or_pattern" | "call_expression" | "field_expression" | "await_expression"
        | "try_expression" => Role::Link,
        "token_tree" | "token_tree_pattern" | "token_repetition" | "token_repetition_pattern" => Role::Tokens,
        _ if named => Role::Node,
        _ => Role::Token,
    })
});

/// What a child of a file, a module, an impl or a trait is; `outer` stands before the names of its siblings.
pub(crate) fn unit(node: Node, source: &str, outer: &str) -> Unit {
    let source = Source { text: source, start: 0 };
    let kind = match node.kind() {
        "attribute_item" => {
            let path = source.of(node).split(['(', '=', '{']).next().unwrap_or_default();
            return Unit::Prefix { test: path.trim_end().trim_end_matches(']').trim_end().ends_with("test") };
        }
        "use_declaration" | "extern_crate_declaration" => return Unit::Item(Head::import()),
        "function_item" | "function_signature_item" => SymbolKind::Function,
        "struct_item" | "union_item" => SymbolKind::Struct,
        "enum_item" => SymbolKind::Enum,
        "trait_item" => SymbolKind::Trait,
        "impl_item" => SymbolKind::Impl,
        "const_item" | "static_item" => SymbolKind::Const,
        "type_item" | "associated_type" => SymbolKind::Type,
        "macro_definition" => SymbolKind::Macro,
        "mod_item" => SymbolKind::Module,
        _ => return Unit::Plain,
    };
    let text = |name: &str| field(node, name).map(|node| one_line(source.of(node))).unwrap_or_default();
    let (name, qualified) = match kind {
        SymbolKind::Impl => {
            let (of_trait, of_type) = (text("trait"), text("type"));
            let path = format!("{outer}{}", without_generics(&of_type));
            match of_trait.as_str() {
                "" => (of_type, path),
                _ => (format!("{of_trait} for {of_type}"), format!("<{path} as {}>", without_generics(&of_trait))),
            }
        }
        _ => {
            let name = text("name");
            let qualified = format!("{outer}{name}");
            (name, qualified)
        }
    };
    let contains = matches!(kind, SymbolKind::Trait | SymbolKind::Impl | SymbolKind::Module);
    let prefix = if contains { format!("{qualified}::") } else { String::new() };
    Unit::Item(Head { kind: ItemKind::Symbol(kind), name, qualified, prefix, contains, has_clauses: false })
}
