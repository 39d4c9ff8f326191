//! Documents as the editor has them: a rope, a version, positions in the three encodings of LSP, edits, diffs and rebase.
//!
//! Everything inside Aiex is a byte offset into a [`Text`]; the language server converts at its edge. This crate does
//! no I/O, reads no clock, and cannot panic on any text or any position.

mod diff;
mod document;
mod edit;
mod position;
mod rebase;
mod text;

pub use diff::{changed_lines, diff};
pub use document::{Change, Document, LineEnding};
pub use edit::{Edit, EditError, Point, Splice, apply};
pub use position::{Encoding, Position};
pub use rebase::{Conflict, rebase};
pub use text::Text;
