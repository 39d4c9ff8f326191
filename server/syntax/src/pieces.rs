//! [`Pieces`]: a text taken apart along its tree until every piece fits, with what holds each to the one before it.
//!
//! Nodes that fit are not looked into, so the bodies of most functions are never walked.

mod hash;
mod role;
mod split;

use std::ops::Range;

pub use hash::identity;
pub(crate) use role::{Head, Role, Unit, roles};
pub(crate) use split::split;

use crate::SymbolKind;

/// The pieces of a text and the items that they are parts of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// In order. They do not overlap, and hold every byte that is not white space.
    pub pieces: Vec<Piece>,
    /// The items that were met: none inside a piece. A container comes before what it contains.
    pub items: Vec<Item>,
}

/// A stretch of text that is taken apart no further: it fits, or it is one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Half-open, in bytes. Begins with the line's indentation where nothing else stands before it.
    pub range: Range<usize>,
    /// What holds it to the piece before.
    pub joint: Joint,
    /// Index in [`Pieces::items`] of the innermost item that it is, or is a part of.
    pub item: Option<usize>,
    /// Whether it is a member of that item, rather than a part of its head or its end.
    pub is_member: bool,
}

/// What holds two neighbours together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// How they belong together.
    pub bond: Bond,
    /// How deep in the tree they part: less is further out. Of use between bonds that are no glue.
    pub depth: u16,
    /// Whether both are parts of one item that is no container, such as statements of one function.
    pub within: bool,
    /// Names the place by what follows, such as the name of a function: the same after an edit elsewhere.
    pub identity: u64,
}

/// How two neighbours belong together, from those that part last. Where a text has to be parted, it parts first at the
/// outermost joint that is no glue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bond {
    /// Glue: tokens of one line.
    Token,
    /// Glue: tokens on two lines.
    Wrap,
    /// Glue: documentation, attributes or a comment, and what they are about.
    Doc,
    /// Glue: a head and the first of what it holds.
    Head,
    /// Links of a chain: operands, calls of methods.
    Link,
    /// Entries of a list, statements, arms, items.
    Entry,
    /// The same with a blank line between them.
    Blank,
}

impl Bond {
    /// Whether the two are parted only where nothing else is left to part.
    pub fn is_glue(self) -> bool {
        self <= Self::Head
    }
}

/// A named part of a file, or a line of imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its own name, as in [`crate::Symbol::name`], with its arity in Elixir: `add/2`. Empty for imports.
    pub name: String,
    /// Its name with that of its containers: `Shop.Cart.add/2`, `<Cart as Display>::fmt`.
    pub qualified: String,
    /// What stands before the names of its members: `Shop.Cart.`, `Cart::`. Empty for what lends no name.
    pub prefix: String,
    /// Index in [`Pieces::items`] of what contains it.
    pub container: Option<usize>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// A definition.
    Symbol(SymbolKind),
    /// `use`, `alias`, `import`, `require`, `extern crate`.
    Import,
}
