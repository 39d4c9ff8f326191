//! The code that a model is told: chosen from the parsed workspace, compressed by structure, packed into a token budget.
//!
//! This crate does no I/O, has no async and reads no clock. Texts come in as values; what goes out are values too.

pub mod chunk;
mod compress;
mod context;
pub mod fitting;
mod graph;
pub mod index;
mod intent;
mod pack;
mod rank;
mod render;
pub mod secrets;
pub mod tokens;
mod workspace;

pub use compress::{Compressed, Strategy, compress};
pub use context::{Context, Dropped, Foreign, Piece, Ranked, Request, Sources};
pub use index::FileIndex;
pub use intent::Intent;
pub use render::Level;
pub use workspace::Workspace;
