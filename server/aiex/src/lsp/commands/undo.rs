//! `aiex.undo`: takes back the last change that Aiex made in the workspace, also after a restart.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;

use super::edit;
use crate::{
    documents::DocumentId,
    lsp::{
        apply, consent,
        run::{Outcome, Run},
        session::Server,
    },
};

/// `aiex.undo {uri?, force?}`: begins a run and answers `{"run": id}`. With `force`, later work in the files is
/// overwritten; it is kept as a checkpoint itself.
pub fn undo(server: &Server, argument: &Value) -> Result<Option<Value>> {
    let force = argument.get("force").and_then(Value::as_bool).unwrap_or(false);
    let uri = argument.get("uri").and_then(Value::as_str);
    let open = uri.map(DocumentId::from).or_else(|| server.last_place().map(|place| place.document));
    let all = server.documents.all();
    let workspaces: BTreeSet<_> = all.iter().map(|one| consent::workspace_of(server, &one.id)).collect();
    let only = || all.first().filter(|_| workspaces.len() == 1).map(|one| one.id.clone());
    let Some(document) = open.or_else(only) else {
        let unclear = "there is no telling which workspace is meant: name a document of it as `uri`";
        return Err(super::invalid(unclear.to_owned()));
    };
    let id = Run::begin(server, document.clone(), "Aiex: Undo".to_owned(), {
        let server = server.clone();
        move |run| async move {
            run.settle().await;
            run.stage("restoring".to_owned());
            match apply::undo(&server, &document, force).await {
                Ok(message) => Outcome::Done(message),
                Err(message) => Outcome::Failed(edit::sentence(&message)),
            }
        }
    });
    Ok(Some(json!({"run": id.0})))
}
