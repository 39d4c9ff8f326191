//! `textDocument/didOpen`, `didChange`, `didSave`, `didClose`: keeps the documents as the editor has them.
//!
//! Parameters are read as plain values, since a change that is half understood would corrupt a document. One that
//! cannot be applied closes the document here, and the user is told: no answer is better than one about another text.

use aiex_text::{Document, Text};
use serde_json::Value;
use tower_lsp::gen_lsp_types::MessageType;

use super::{convert, reviews::Reviews, session::Server};

/// `textDocument/didOpen`
pub async fn did_open(server: &Server, params: Value) {
    let document = params.get("textDocument");
    let field = |name: &str| document.and_then(|document| document.get(name));
    let (Some(uri), Some(text)) = (field("uri").and_then(Value::as_str), field("text").and_then(Value::as_str)) else {
        tracing::warn!("didOpen without a uri or a text; passed over");
        return;
    };
    let version = field("version").map_or(0, version);
    let language = field("languageId").and_then(Value::as_str).unwrap_or("plaintext");
    server.documents.open(uri, Document::new(Text::new(text), version, language));
    server.indexes.document_changed(server, uri);
}

/// `textDocument/didChange`
pub async fn did_change(server: &Server, params: Value) {
    let document = params.get("textDocument");
    let Some(uri) = document.and_then(|document| document.get("uri")).and_then(Value::as_str) else {
        tracing::warn!("didChange without a uri; passed over");
        return;
    };
    server.count_change();
    let version = document.and_then(|document| document.get("version")).map_or(0, version);
    let before = server.documents.get(uri);
    match convert::changes(&params) {
        Ok(changes) => match server.documents.change(uri, version, &changes, server.editor().encoding) {
            Some(splices) => {
                if let Some(before) = before {
                    server.expected.note(&before, &changes, server.editor().encoding);
                }
                server.move_last_place(uri, &splices);
                if let Some(now) = server.documents.get(uri) {
                    Reviews::edited(server, &now, &splices);
                }
                server.indexes.document_changed(server, uri);
            }
            None => tracing::warn!(uri, "didChange for a document that is not open; passed over"),
        },
        Err(error) => {
            tracing::error!(
                uri,
                error,
                "a didChange that cannot be understood; the document is out of step and closed here"
            );
            if server.documents.close(uri) {
                server.indexes.document_closed(uri);
                Reviews::closed(server, uri);
                server.runs.stop_for(uri);
                let name = uri.rsplit('/').next().unwrap_or(uri);
                let message = format!(
                    "Aiex no longer follows {name}: the editor sent a change that cannot be understood ({error}). Close and open it again."
                );
                server.say(MessageType::Error, message);
            }
        }
    }
}

/// `textDocument/didSave`: the text is known already; a saved configuration file is noticed by its time.
pub async fn did_save(server: &Server, params: Value) {
    server.settings.reload_if_stale(server);
    let uri = params.get("textDocument").and_then(|document| document.get("uri")).and_then(Value::as_str);
    server.indexes.files_changed(uri);
}

/// `textDocument/didClose`
pub async fn did_close(server: &Server, params: Value) {
    let Some(uri) = params.get("textDocument").and_then(|document| document.get("uri")).and_then(Value::as_str) else {
        return;
    };
    if !server.documents.close(uri) {
        tracing::warn!(uri, "didClose for a document that is not open; passed over");
    }
    server.indexes.document_closed(uri);
    Reviews::closed(server, uri);
    server.runs.stop_for(uri);
}

fn version(value: &Value) -> i32 {
    value.as_i64().and_then(|version| i32::try_from(version).ok()).unwrap_or_default()
}
