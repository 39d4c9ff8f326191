//! `aiex.generate`: writes the body of an unwritten function, or something new at a place, as the user says.

use aiex_context::Intent;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{self, Kind},
};
use crate::lsp::session::Server;

/// `aiex.generate {uri?, range?, instruction?}`: begins a run and answers `{"run": id}`.
pub fn generate(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let kind = Kind { command: super::GENERATE, title: "Aiex: Generate", intent: Intent::Generate, needs_words: true };
    edit::begin(server, kind, argument, Some(Vec::new()))
}
