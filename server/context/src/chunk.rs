//! [`chunks`]: a text in whole units, none larger than a maximum of tokens.
//!
//! A format takes the text apart into pieces and says what holds each to the one before it; [`merge`] puts neighbours
//! together again. Which neighbours part first is decided by structure and names, never by what came before in the
//! file, so an edit has no effect beyond the chunk that it is in and those that this chunk could be one with.

mod config;
mod format;
mod label;
mod lines;
mod markdown;
mod merge;
mod size;
mod template;

use std::ops::Range;

use aiex_syntax::{Pieces, SymbolKind, Syntax};
use aiex_text::Text;

pub use format::Format;
pub use size::estimate;

use size::Size;

#[cfg(test)]
mod tests;

/// A stretch of a text that is read on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What it holds.
    pub kind: ChunkKind,
    /// The name of what it is, or is a part of: `Shop.Cart.add/2`, `Cart::{add, remove}`, a heading, a table. None
    /// where there is nothing that has a name.
    pub name: Option<String>,
    /// Half-open, in bytes. Begins with the indentation of its first line, and ends with its last byte that is not
    /// white space.
    pub range: Range<usize>,
    /// An estimate of its size in tokens: [`estimate`].
    pub tokens: usize,
}

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChunkKind {
    /// One definition, a part of one, or several of one kind.
    Symbol(SymbolKind),
    /// `use`, `alias` and their like.
    Imports,
    /// Definitions of several kinds.
    Items,
    /// Code that defines nothing.
    Code,
    /// A section of Markdown, a part of one, or several.
    Section,
    /// A table of TOML.
    Table,
    /// A key of JSON or YAML, with its value.
    Entry,
    /// Part of a template.
    Template,
    /// Anything else.
    Text,
}

impl ChunkKind {
    /// The word for it, as `aiex chunks` shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Symbol(kind) => kind.as_str(),
            Self::Imports => "imports",
            Self::Items => "items",
            Self::Code => "code",
            Self::Section => "section",
            Self::Table => "table",
            Self::Entry => "entry",
            Self::Template => "template",
            Self::Text => "text",
        }
    }
}

/// The chunks of a text: in order, not overlapping, each byte that is not ASCII white space in one of them.
///
/// `syntax` is the parse of `text`; code without one is chunked as plain text. No chunk is larger than `max_tokens` by
/// [`estimate`]; a maximum below 2 counts as 2, since a character may need that many.
pub fn chunks(text: &Text, syntax: Option<&Syntax>, format: Format, max_tokens: usize) -> Vec<Chunk> {
    let source = text.slice(0..text.len());
    let size = Size::new(format, max_tokens);
    let pieces = pieces(&source, syntax, format, size);
    merge::merge(&source, pieces, format, size)
}

fn pieces(source: &str, syntax: Option<&Syntax>, format: Format, size: Size) -> Pieces {
    match (format, syntax) {
        (Format::Elixir | Format::Rust, Some(syntax)) => syntax.pieces(source, |range| size.fits(source, range)),
        (Format::Markdown, _) => markdown::pieces(source),
        (Format::Toml, _) => config::toml(source),
        (Format::Json, _) => config::json(source, size),
        (Format::Yaml, _) => config::yaml(source),
        (Format::Template, _) => template::pieces(source),
        (Format::Elixir | Format::Rust | Format::Plain, _) => lines::pieces(source),
    }
}
