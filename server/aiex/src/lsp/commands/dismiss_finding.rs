//! `aiex.dismissFinding`: takes away a finding of a review, for good.

use std::time::SystemTime;

use serde_json::Value;
use tower_lsp::{gen_lsp_types::MessageType, jsonrpc::Result};

use crate::{
    explain::{Cursor, Target},
    lsp::{consent, reviews::Reviews, session::Server},
    review,
};

/// `aiex.dismissFinding {uri, finding}`, as its code action has it. Answers nothing.
pub async fn dismiss_finding(server: &Server, argument: &Value) -> Result<Option<Value>> {
    let (uri, id) = (argument.get("uri").and_then(Value::as_str), argument.get("finding").and_then(Value::as_str));
    let (Some(uri), Some(id)) = (uri, id) else {
        let missing = "the argument must say {\"uri\": …, \"finding\": …}, as the code action does";
        return Err(super::invalid(missing.to_owned()));
    };
    let Some(snapshot) = server.document(uri) else {
        return Err(super::invalid(format!("{uri} is not open in the editor; open it first")));
    };
    let document = snapshot.id.clone();
    // One that vanished meanwhile needs no word.
    let Some(finding) = server.reviews.dismiss(&document, id) else { return Ok(None) };
    Reviews::publish(server, &document).await;
    let root = consent::workspace_of(server, &document);
    let root = root.canonicalize().unwrap_or(root).display().to_string();
    let (database, path) = (server.engines.database.clone(), super::shown_path(server, &document));
    let keep = move || {
        snapshot.analyse();
        let identity = review::identity(&Target::find(snapshot, Cursor::Whole, path), &finding);
        let store = database.open()?;
        store.dismiss(&root, &identity, SystemTime::now()).map_err(|error| error.to_string())
    };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(keep).await {
        let message = format!("Aiex: the finding is gone for now, but it could not be kept that it is: {error}");
        server.client.show_message(MessageType::Warning, message).await;
    }
    Ok(None)
}
