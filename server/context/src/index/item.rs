//! [`Item`]: a definition; [`Import`]: what makes names of elsewhere known in a file.

use std::ops::Range;

use aiex_syntax::{Symbol, SymbolKind, Visibility};
use serde::{Deserialize, Serialize};

use super::{
    Gathered,
    names::{NONE, Name, narrow},
};

/// A range of bytes or of indices, half-open.
pub(crate) type Span = (u32, u32);

pub(crate) fn span(range: &Range<usize>) -> Span {
    (narrow(range.start), narrow(range.end))
}

pub(crate) fn range(span: Span) -> Range<usize> {
    span.0 as usize..span.1 as usize
}

/// A definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) kind: SymbolKind,
    pub(crate) visibility: Visibility,
    /// Its own name; of an Elixir module its full one.
    pub(crate) name: Name,
    /// Index of the item that contains it, or [`NONE`].
    pub(crate) container: u32,
    /// The fewest and the most arguments; Elixir.
    pub(crate) arity: (u8, u8),
    /// All of it, docs and attributes included, in bytes.
    pub(crate) range: Span,
    /// Its head as written, in bytes.
    pub(crate) head: Span,
    /// The body of its first clause, in bytes.
    pub(crate) body: Option<Span>,
    /// The lines of the head's start and of the end of all, 0-based.
    pub(crate) lines: Span,
    /// Where docs and attributes begin, as a line.
    pub(crate) first_line: u32,
    pub(crate) clauses: u32,
    pub(crate) is_test: bool,
    /// Whether it takes `self`.
    pub(crate) on_self: bool,
    /// The trait, protocol or behaviour that it serves.
    pub(crate) serves: Name,
    /// The use that is the type of what it returns, holds or stands for.
    pub(crate) result: u32,
    /// Of an impl, the uses that are its trait and its type.
    pub(crate) of_trait: u32,
    pub(crate) of_type: u32,
    /// Uses of its head.
    pub(crate) head_uses: Span,
    /// Uses of its body.
    pub(crate) body_uses: Span,
    pub(crate) fields: Span,
    pub(crate) words: Span,
    /// Bytes of the first paragraph of its documentation.
    pub(crate) doc_bytes: u16,
}

/// Words of a documentation that are kept.
const WORDS: usize = 24;

impl Item {
    /// An item without uses yet. `lines` tells the 0-based line of a byte.
    pub(super) fn new<'s>(
        symbol: &'s Symbol,
        name: &'s str,
        source: &'s str,
        lines: &LineIndex,
        gathered: &mut Gathered<'s>,
        doc_words: &mut Vec<Name>,
    ) -> Self {
        let start = symbol.clauses.first().map_or(symbol.range.start, |clause| clause.range.start);
        let head = start..(start + symbol.signature.len()).min(source.len());
        let paragraph = symbol.doc.as_deref().map_or("", first_paragraph);
        let first_word = narrow(doc_words.len());
        let words = paragraph.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| word.len() > 2);
        doc_words.extend(words.take(WORDS).map(|word| gathered.names.intern(word)));
        let narrow_arity = |arity: usize| u8::try_from(arity).unwrap_or(u8::MAX - 1);
        Self {
            kind: symbol.kind,
            visibility: symbol.visibility,
            name: gathered.names.intern(name),
            container: NONE,
            arity: symbol
                .arity
                .as_ref()
                .map_or((0, 0), |arity| (narrow_arity(*arity.start()), narrow_arity(*arity.end()))),
            range: span(&symbol.range),
            head: span(&head),
            body: symbol.body().map(span),
            lines: (lines.line(start), lines.line(symbol.range.end.saturating_sub(1))),
            first_line: lines.line(symbol.range.start),
            clauses: narrow(symbol.clauses.len()),
            is_test: matches!(symbol.kind, SymbolKind::Test | SymbolKind::TestGroup),
            on_self: false,
            serves: symbol.implements.as_deref().map_or(NONE, |name| gathered.names.intern(name)),
            result: NONE,
            of_trait: NONE,
            of_type: NONE,
            head_uses: (0, 0),
            body_uses: (0, 0),
            fields: (0, 0),
            words: (first_word, narrow(doc_words.len())),
            doc_bytes: u16::try_from(paragraph.len()).unwrap_or(u16::MAX),
        }
    }
}

/// Up to the first blank line.
pub(crate) fn first_paragraph(doc: &str) -> &str {
    let doc = doc.trim_start();
    let end = doc.find("\n\n").unwrap_or(doc.len());
    doc.get(..end).unwrap_or_default()
}

/// The bytes at which lines start.
pub(super) struct LineIndex(Vec<u32>);

impl LineIndex {
    pub(super) fn new(source: &str) -> Self {
        let breaks = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| narrow(at + 1));
        Self(std::iter::once(0).chain(breaks).collect())
    }

    pub(super) fn line(&self, offset: usize) -> u32 {
        narrow(self.0.partition_point(|start| *start as usize <= offset).saturating_sub(1))
    }

    pub(super) fn count(&self) -> u32 {
        narrow(self.0.len())
    }
}

/// What makes names of elsewhere known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ImportKind {
    /// Rust: `use path as name`.
    Path,
    /// Rust: `use path::*`.
    Glob,
    /// Elixir: `alias Module, as: Name`.
    Alias,
    /// Elixir: `import Module`.
    Import,
    /// Elixir: `use Module`.
    Use,
    /// Elixir: `@behaviour Module`.
    Behaviour,
}

/// A directive of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) kind: ImportKind,
    /// What it is known as here, or [`NONE`].
    pub(crate) name: Name,
    /// Its path, as a range of [`super::FileIndex::segments`].
    pub(crate) path: Span,
    /// Index of the item in which it holds, or [`NONE`].
    pub(crate) owner: u32,
}
