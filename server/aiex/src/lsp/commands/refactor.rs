//! `aiex.refactor`: changes the symbol at a place, or the one that holds a selection, as the user says: by `instruction`,
//! or by an `AI:` comment there, which goes with it.

use aiex_context::Intent;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{self, Kind},
};
use crate::lsp::session::Server;

/// `aiex.refactor {uri?, range?, instruction?}`: begins a run and answers `{"run": id}`.
pub fn refactor(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let kind = Kind { command: super::REFACTOR, title: "Aiex: Refactor", intent: Intent::Refactor, needs_words: true };
    edit::begin(server, kind, argument, Some(Vec::new()))
}
