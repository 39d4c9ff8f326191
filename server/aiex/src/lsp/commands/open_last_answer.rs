//! `aiex.openLastAnswer`: opens the document of the last answer, which was not opened by itself since the user typed.

use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use crate::lsp::{present, session::Server};

/// `aiex.openLastAnswer`
pub async fn open_last_answer(server: &Server) -> Result<Option<Value>> {
    let Some(file) = server.last_answer() else {
        return Err(super::invalid("there is no answer yet; run `Aiex: Explain` first".to_owned()));
    };
    // Opening takes the editor's answer; the command's own must not wait for it.
    let server = server.clone();
    tokio::spawn(async move { present::open(&server, &file).await });
    Ok(None)
}
