//! `aiex.document`: writes the documentation of the symbol at a place; without a model, as far as the parse goes.

use aiex_context::Intent;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{self, Kind},
};
use crate::lsp::session::Server;

/// `aiex.document {uri?, range?, instruction?}`: begins a run and answers `{"run": id}`.
pub fn document(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let kind = Kind { command: super::DOCUMENT, title: "Aiex: Document", intent: Intent::Document, needs_words: false };
    edit::begin(server, kind, argument, Some(Vec::new()))
}
