//! [`Role`]: what a kind of node means for taking a text apart; [`Unit`]: what a child of a container is.

use tree_sitter::Node;

use super::ItemKind;
use crate::Language;

/// What a kind of node means, whatever its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A comment; documentation belongs to what follows even across a blank line.
    Comment,
    /// `,` and `;`.
    Separator,
    /// `)`, `end`: closes what holds it.
    Closer,
    /// Any other keyword or punctuation.
    Token,
    /// Its children follow each other without separators: a file, a block, the arms of a match.
    List,
    /// Never looked into: a string.
    Leaf,
    /// `else`, `rescue`: a part that begins on its own.
    Branch,
    /// An operator with operands, or a call of a method: nested at its left, these are chains.
    Link,
    /// Raw tokens: the arguments of a macro.
    Tokens,
    /// Anything else.
    Node,
}

/// What a child of a container is.
pub(crate) enum Unit {
    /// Documentation or an attribute of the next item.
    Prefix {
        /// Whether it makes a function a test.
        test: bool,
    },
    /// A definition or an import.
    Item(Head),
    Plain,
}

/// What an item is called, and what it is to its neighbours.
pub(crate) struct Head {
    pub(crate) kind: ItemKind,
    pub(crate) name: String,
    /// Its name with that of its containers.
    pub(crate) qualified: String,
    /// What stands before the names of its members.
    pub(crate) prefix: String,
    /// Whether its children are items.
    pub(crate) contains: bool,
    /// Whether another of the same name that follows is its next clause.
    pub(crate) has_clauses: bool,
}

impl Head {
    pub(crate) fn import() -> Self {
        let (name, qualified, prefix) = Default::default();
        Self { kind: ItemKind::Import, name, qualified, prefix, contains: false, has_clauses: false }
    }
}

/// The roles of a language's nodes, by kind id.
pub(crate) fn roles(language: &tree_sitter::Language, role: impl Fn(&str, bool) -> Role) -> Vec<Role> {
    let ids = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    ids.map(|id| match (language.node_kind_for_id(id).unwrap_or_default(), language.node_kind_is_named(id)) {
        ("," | ";", false) => Role::Separator,
        (")" | "]" | "}" | "end", false) => Role::Closer,
        ("ERROR", true) => Role::List,
        (name, named) => role(name, named),
    })
    .collect()
}

impl Language {
    pub(super) fn role(self, node: Node) -> Role {
        let roles = match self {
            Self::Elixir => &*crate::elixir::ROLES,
            Self::Rust => &*crate::rust::ROLES,
        };
        // The kind of an error is past the end.
        roles.get(usize::from(node.kind_id())).copied().unwrap_or(Role::List)
    }

    /// What a child of a container is, whose members' names begin with `prefix`.
    pub(super) fn unit(self, node: Node, source: &str, prefix: &str) -> Unit {
        match self {
            Self::Elixir => crate::elixir::unit(node, source, prefix),
            Self::Rust => crate::rust::unit(node, source, prefix),
        }
    }
}
