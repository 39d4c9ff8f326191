//! `aiex.trustWorkspace`: lets the builds and tests of a workspace run, in copies of it.

use serde_json::Value;
use tower_lsp::{gen_lsp_types::MessageType, jsonrpc::Result};

use super::Argument;
use crate::lsp::{session::Server, trust};

/// `aiex.trustWorkspace {uri?}`: the workspace of a document; without one, that of the last hover or code-action request.
/// Answers nothing, and says what is trusted now.
pub async fn trust_workspace(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let place = argument.place_of_edit(server)?;
    match trust::add(server, &place.document).await {
        Ok(folder) => {
            let message = format!("Aiex: trusted: {}. Its builds and tests may run, in copies.", folder.display());
            server.client.show_message(MessageType::Info, message).await;
        }
        Err(error) => server.client.show_message(MessageType::Error, format!("Aiex: {error}")).await,
    }
    Ok(None)
}
