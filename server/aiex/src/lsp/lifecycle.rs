//! `initialize`, `initialized`, `shutdown`; `exit` is the transport's.

use serde_json::Value;
use tower_lsp::{
    LanguageServer,
    gen_lsp_types::{InitializeParams, InitializeResult, InitializedParams, ServerInfo},
    jsonrpc::Result,
};

use super::{
    capabilities::{Editor, server_capabilities},
    configuration,
    session::Server,
};

impl LanguageServer for Server {
    /// Answers from what it is given: files are read once it is answered.
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let mut editor = Editor::new(&params.capabilities);
        editor.unchecked_zero = params.client_info.as_ref().is_some_and(|client| client.name == "Neovim");
        let capabilities = server_capabilities(&editor);
        let name = params.client_info.as_ref().map_or("an editor without a name", |client| &client.name);
        tracing::info!(editor = name, encoding = ?editor.encoding, version = env!("CARGO_PKG_VERSION"), "initialize");
        self.set_editor(editor);
        self.settings.set_folders(configuration::folders(&params));
        self.settings.set_initialization_options(params.initialization_options);
        params.process_id.map(|id| self.client_process.set(id));
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        Ok(InitializeResult { capabilities, server_info: Some(ServerInfo { name: "aiex".to_owned(), version }) })
    }

    async fn initialized(&self, _: InitializedParams) {
        tokio::spawn(configuration::begin(self.clone()));
    }

    async fn shutdown(&self) -> Result<()> {
        self.set_shut_down();
        self.runs.end();
        self.indexes.end();
        Ok(())
    }
}

/// `$/setTrace`: accepted; Aiex has no trace of its own to switch.
pub async fn set_trace(_: &Server, _: Value) {}
