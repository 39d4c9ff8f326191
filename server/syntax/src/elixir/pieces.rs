//! What Elixir's nodes are for taking a file apart, and which calls and attributes are items.

use std::sync::LazyLock;

use tree_sitter::Node;

use crate::{
    ItemKind, SymbolKind,
    pieces::{Head, Role, Unit, roles},
};

/// How much of an item's name is kept, in bytes: titles of tests can be long.
const LONGEST_NAME: usize = 120;

pub(crate) static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    roles(&tree_sitter_elixir::LANGUAGE.into(), |name, named| match name {
        "comment" => Role::Comment,
        "source" | "do_block" | "body" | "block" | "anonymous_function" if named => Role::List,
        "else_block" | "rescue_block" | "after_block" | "catch_block" => Role::Branch,
        "string" | "charlist" | "sigil" | "quoted_atom" | "quoted_keyword" | "quoted_content" => Role::Leaf,
        "binary_operator" => Role::Link,
        _ if named => Role::Node,
        _ => Role::Token,
    })
});

/// What a child of a file, a module or a group of tests is; `outer` stands before the names of its siblings.
pub(crate) fn unit(node: Node, source: &str, outer: &str) -> Unit {
    match node.kind() {
        "call" => call(node, source, outer),
        "unary_operator" => attribute(node, source, outer),
        _ => Unit::Plain,
    }
}

fn attribute(node: Node, source: &str, outer: &str) -> Unit {
    let Some(call) = node.child_by_field_name("operand").filter(|operand| operand.kind() == "call") else {
        return Unit::Plain;
    };
    match word(call, source) {
        "doc" | "spec" | "impl" | "typedoc" | "deprecated" | "tag" | "since" | "dialyzer" | "decorate" => {
            Unit::Prefix { test: false }
        }
        "type" | "typep" | "opaque" => named(call, source, outer, SymbolKind::Type),
        "callback" | "macrocallback" => named(call, source, outer, SymbolKind::Callback),
        _ => Unit::Plain,
    }
}

fn call(node: Node, source: &str, outer: &str) -> Unit {
    let kind = match word(node, source) {
        "def" | "defp" | "defdelegate" | "defn" | "defnp" => SymbolKind::Function,
        "defmacro" | "defmacrop" => SymbolKind::Macro,
        "defguard" | "defguardp" => SymbolKind::Guard,
        "defmodule" => SymbolKind::Module,
        "defprotocol" => SymbolKind::Protocol,
        "defimpl" => SymbolKind::Impl,
        "defstruct" => SymbolKind::Struct,
        "defexception" => SymbolKind::Exception,
        "test" | "property" => SymbolKind::Test,
        "describe" => SymbolKind::TestGroup,
        "alias" | "import" | "require" | "use" => return Unit::Item(Head::import()),
        // What Phoenix says of the component that follows.
        "attr" | "slot" => return Unit::Prefix { test: false },
        "" => return Unit::Plain,
        _ if has_block(node) => SymbolKind::Block,
        _ => return Unit::Plain,
    };
    named(node, source, outer, kind)
}

fn named(node: Node, source: &str, outer: &str, kind: SymbolKind) -> Unit {
    use SymbolKind::{Block, Exception, Impl, Module, Protocol, Struct, Test, TestGroup};
    let first = arguments(node).and_then(|arguments| operands(arguments).next());
    let name = match kind {
        Struct | Exception => "__struct__".to_owned(),
        Module | Protocol | Test | TestGroup => {
            first.map(|first| cut(of(first, source).trim_matches('"'))).unwrap_or_default()
        }
        Impl => {
            let header = arguments(node).map(|arguments| of(arguments, source)).unwrap_or_default();
            cut(&header.split_whitespace().collect::<Vec<_>>().join(" ").replace(", for:", " for"))
        }
        Block => {
            let first = first.map(|first| cut(of(first, source))).unwrap_or_default();
            format!("{} {first}", word(node, source)).trim_end().to_owned()
        }
        _ => first.map(|first| signature(first, source)).unwrap_or_default(),
    };
    let contains = matches!(kind, Module | Protocol | Impl | TestGroup | Block);
    let has_clauses = matches!(kind, SymbolKind::Function | SymbolKind::Macro);
    let qualified = match kind {
        Test | TestGroup | Block | Impl => name.clone(),
        Struct | Exception => format!("%{}{{}}", outer.trim_end_matches('.')),
        _ => format!("{outer}{name}"),
    };
    let prefix = match kind {
        Module | Protocol => format!("{qualified}."),
        // `defimpl P, for: T` makes the module `P.T`.
        Impl => format!("{}.", name.replacen(" for ", ".", 1)),
        TestGroup | Block => outer.to_owned(),
        _ => String::new(),
    };
    Unit::Item(Head { kind: ItemKind::Symbol(kind), name, qualified, prefix, contains, has_clauses })
}

/// Name and arity of a head such as `add(cart, item) when …`.
fn signature(mut head: Node, source: &str) -> String {
    while head.kind() == "binary_operator" {
        let operator = head.child_by_field_name("operator").map(|operator| operator.kind());
        match head.child_by_field_name("left") {
            Some(left) if matches!(operator, Some("when" | "::" | "\\\\")) => head = left,
            _ => return format!("{}/2", operator.unwrap_or_default()),
        }
    }
    match head.kind() {
        "call" => {
            let target = head.child_by_field_name("target").map(|target| of(target, source)).unwrap_or_default();
            let arity = arguments(head).map_or(0, |arguments| operands(arguments).count());
            format!("{}/{arity}", cut(target))
        }
        "unary_operator" => {
            let operator = head.child_by_field_name("operator").map(|operator| operator.kind());
            format!("{}/1", operator.unwrap_or_default())
        }
        _ => format!("{}/0", cut(of(head, source))),
    }
}

/// The identifier that is called; empty where it is something else.
fn word<'s>(call: Node, source: &'s str) -> &'s str {
    let target = call.child(0).filter(|target| target.kind() == "identifier");
    target.map(|target| of(target, source)).unwrap_or_default()
}

fn arguments(call: Node) -> Option<Node> {
    call.child(1).filter(|arguments| arguments.kind() == "arguments")
}

fn has_block(call: Node) -> bool {
    let last = call.child_count().checked_sub(1).and_then(|last| call.child(last));
    last.is_some_and(|last| last.kind() == "do_block")
}

fn operands<'tree>(arguments: Node<'tree>) -> impl Iterator<Item = Node<'tree>> {
    let mut cursor = arguments.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        while more {
            let node = cursor.node();
            more = cursor.goto_next_sibling();
            if node.is_named() && node.kind() != "comment" {
                return Some(node);
            }
        }
        None
    })
}

fn of<'s>(node: Node, source: &'s str) -> &'s str {
    source.get(node.byte_range()).unwrap_or_default()
}

fn cut(name: &str) -> String {
    let line = name.lines().next().unwrap_or_default();
    let end = (0..=LONGEST_NAME.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    line.get(..end).unwrap_or_default().to_owned()
}
