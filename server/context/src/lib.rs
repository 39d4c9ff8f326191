//! The code that a model is told: chosen from the parsed workspace, compressed by structure, packed into a token budget.
//!
//! This crate does no I/O, has no async and reads no clock. Texts come in as values; what goes out are values too.

pub mod chunk;
