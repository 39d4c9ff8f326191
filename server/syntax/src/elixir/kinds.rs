//! [`Kind`]: the kinds of nodes that are told apart, and how the grammar numbers them.

use std::sync::LazyLock;

use tree_sitter::Language;

/// The kinds of nodes that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    After,
    Alias,
    Arguments,
    Atom,
    Binary,
    Block,
    Body,
    Call,
    Catch,
    DoBlock,
    Dot,
    Else,
    Entries,
    Error,
    Fn,
    Identifier,
    Keyword,
    Keywords,
    List,
    Map,
    Pair,
    Rescue,
    Sigil,
    Stab,
    String,
    Tuple,
    Unary,
    Other,
}

pub(super) struct Grammar {
    /// By kind id; `None` for tokens and comments.
    pub(super) kinds: Vec<Option<Kind>>,
    pub(super) names: Vec<&'static str>,
    pub(super) comment: u16,
}

static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_elixir::LANGUAGE.into());

pub(super) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let language = &*LANGUAGE;
    let ids = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    let names: Vec<_> = ids.clone().map(|id| language.node_kind_for_id(id).unwrap_or_default()).collect();
    let kind = |id: u16, name: &str| match name {
        "comment" => None,
        _ if !language.node_kind_is_named(id) => None,
        "after_block" => Some(Kind::After),
        "alias" => Some(Kind::Alias),
        "arguments" => Some(Kind::Arguments),
        "atom" | "quoted_atom" => Some(Kind::Atom),
        "binary_operator" => Some(Kind::Binary),
        "block" => Some(Kind::Block),
        "body" => Some(Kind::Body),
        "call" => Some(Kind::Call),
        "catch_block" => Some(Kind::Catch),
        "do_block" => Some(Kind::DoBlock),
        "dot" => Some(Kind::Dot),
        "else_block" => Some(Kind::Else),
        "anonymous_function" => Some(Kind::Fn),
        "identifier" => Some(Kind::Identifier),
        "keyword" | "quoted_keyword" => Some(Kind::Keyword),
        "keywords" => Some(Kind::Keywords),
        "map_content" => Some(Kind::Entries),
        "list" => Some(Kind::List),
        "map" => Some(Kind::Map),
        "pair" => Some(Kind::Pair),
        "rescue_block" => Some(Kind::Rescue),
        "sigil" => Some(Kind::Sigil),
        "stab_clause" => Some(Kind::Stab),
        "string" => Some(Kind::String),
        "tuple" => Some(Kind::Tuple),
        "unary_operator" => Some(Kind::Unary),
        _ => Some(Kind::Other),
    };
    let kinds = ids.zip(&names).map(|(id, name)| kind(id, name)).collect();
    Grammar { kinds, names, comment: language.id_for_node_kind("comment", true) }
});
