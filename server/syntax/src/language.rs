//! [`Language`]: the languages that Aiex parses, and how a document is recognised as one of them.

use tree_sitter::Tree;

use aiex_text::Text;

use crate::{elixir, facts::Facts, outline::Outline, rust, symbol::Symbol};

/// A language with a grammar. Any other text is plain to Aiex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Elixir, in `.ex` and `.exs` files.
    Elixir,
    /// Rust, in `.rs` files.
    Rust,
}

impl Language {
    /// By the language id that an editor sends with `textDocument/didOpen`.
    pub fn from_id(id: &str) -> Option<Self> {
        match id {
            "elixir" => Some(Self::Elixir),
            "rust" => Some(Self::Rust),
            _ => None,
        }
    }

    /// By the ending of a file's name.
    pub fn from_file_name(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "ex" | "exs" => Some(Self::Elixir),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }

    /// Its language id, which is also the info string of a Markdown fence.
    pub fn id(self) -> &'static str {
        match self {
            Self::Elixir => "elixir",
            Self::Rust => "rust",
        }
    }

    pub(crate) fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::Elixir => tree_sitter_elixir::LANGUAGE.into(),
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
        }
    }

    pub(crate) fn outline(self, tree: &Tree, text: &Text) -> Outline {
        match self {
            Self::Elixir => elixir::outline(tree, text),
            Self::Rust => rust::outline(tree, text),
        }
    }

    pub(crate) fn symbols(self, tree: &Tree, text: &str) -> Vec<Symbol> {
        match self {
            Self::Elixir => elixir::symbols(tree, text),
            Self::Rust => rust::symbols(tree, text),
        }
    }

    pub(crate) fn facts(self, tree: &Tree, text: &Text, symbol: &Symbol) -> Facts {
        match self {
            Self::Elixir => elixir::facts(tree, text, symbol),
            Self::Rust => rust::facts(tree, text, symbol),
        }
    }
}
