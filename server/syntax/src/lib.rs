//! Tree-sitter parses of documents, and what they say: symbols, calls, and the facts of one symbol's body.
//!
//! [`Syntax`] is a parse, [`Outline`] the symbols and calls of a file in plain values, [`Facts`] what the body of one
//! symbol shows. Everything is a byte range of the text that was parsed. This crate does no I/O, reads no clock (a time
//! limit comes in as a callback), and gives its best on text with syntax errors.

mod elixir;
mod facts;
mod language;
mod nodes;
mod outline;
mod parse;
mod pieces;
mod problems;
mod rust;
mod symbol;
#[cfg(test)]
mod testing;
mod tokens;

pub use facts::{Branch, BranchKind, ClauseFacts, Facts};
pub use language::Language;
pub use nodes::{Node, Nodes};
pub use outline::Outline;
pub use parse::{MAX_BYTES, Stopped, Syntax};
pub use pieces::{Bond, Item, ItemKind, Joint, Piece, Pieces, identity};
pub use problems::Problem;
pub use symbol::{Call, Clause, Symbol, SymbolKind, Visibility};
pub use tokens::{Token, TokenClass};
