//! What the tests share: a parse of a source with a cursor mark.

use aiex_syntax::{Language, Outline, Syntax};
use aiex_text::Text;

/// A parsed source, and the symbol at the cursor.
pub(crate) struct Source {
    pub(crate) syntax: Syntax,
    pub(crate) outline: Outline,
    pub(crate) text: Text,
    pub(crate) index: usize,
}

/// Parses `source` without its mark `$0`, which stands in or on the symbol that the test is about; without one it is
/// about the first symbol. A source with a `defmodule` is Elixir, any other Rust.
pub(crate) fn source(source: &str) -> Source {
    let language = if source.contains("defmodule") { Language::Elixir } else { Language::Rust };
    let cursor = source.find("$0");
    let text = Text::new(&source.replacen("$0", "", 1));
    let syntax = Syntax::parse(language, &text, None, || true).unwrap();
    let outline = syntax.outline(&text);
    let index = cursor.map_or(Some(0), |cursor| outline.at(cursor)).expect("a symbol at the cursor");
    Source { syntax, outline, text, index }
}

/// A module with clauses, defaults, branches and callers.
pub(crate) const CART: &str = include_str!("testing/cart.ex");
/// A struct, an enum, a trait and their implementations.
pub(crate) const LEDGER: &str = include_str!("testing/ledger.rs");

/// `CART` or another source with the mark before the first `anchor`.
pub(crate) fn marked(source: &str, anchor: &str) -> String {
    let at = source.find(anchor).expect("the anchor");
    let (before, after) = source.split_at(at);
    format!("{before}$0{after}")
}
