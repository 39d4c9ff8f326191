//! The language server. Only the modules in here name types of the protocol; inside, places are byte offsets.

mod apply;
mod capabilities;
mod client_process;
mod code_action;
mod commands;
mod configuration;
mod consent;
mod context;
mod convert;
mod document_sync;
mod expected;
mod frame;
mod hover;
mod indexes;
mod lifecycle;
mod log;
mod model;
mod present;
mod progress;
mod reviews;
mod run;
mod session;
mod transport;
mod trust;

use std::process::ExitCode;

use tower_lsp::LspService;

use session::{Server, Session};
use transport::End;

/// `aiex lsp`: serves on stdin and stdout until the editor ends it.
pub fn main() -> anyhow::Result<ExitCode> {
    let _flush = log::to_stderr_and_file();
    // The protocol has this thread; what requests and runs do beyond their first await has two others.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(async {
        let (server, service, socket) = service();
        let gone = client_process::gone(server.clone());
        let runs = server.clone();
        let end =
            transport::serve(tokio::io::stdin(), tokio::io::stdout(), service, socket, gone, || runs.runs.end()).await;
        tracing::info!(?end, "the server ends");
        // The specification's codes: 0 for `exit` after `shutdown`, 1 for everything else.
        if server.was_shut_down() && end != End::ClientGone { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    });
    // A read of stdin that never returns must not keep the process.
    runtime.shutdown_background();
    Ok(code)
}

/// The service with every method that Aiex answers. Any other request is answered with `MethodNotFound`.
fn service() -> (Server, LspService<Server>, tower_lsp::ClientSocket) {
    let mut shared = None;
    let (service, socket) = LspService::build_with_lifecycle_methods(|client| {
        let server = Server(std::sync::Arc::new(Session::new(client)));
        shared.get_or_insert(server).clone()
    })
    .custom_method("textDocument/didOpen", document_sync::did_open)
    .custom_method("textDocument/didChange", document_sync::did_change)
    .custom_method("textDocument/didSave", document_sync::did_save)
    .custom_method("textDocument/didClose", document_sync::did_close)
    .custom_method("textDocument/hover", hover::hover)
    .custom_method("textDocument/codeAction", code_action::code_action)
    .custom_method("workspace/executeCommand", commands::execute_command)
    .custom_method("workspace/didChangeConfiguration", configuration::did_change_configuration)
    .custom_method("workspace/didChangeWatchedFiles", configuration::did_change_watched_files)
    .custom_method("workspace/didChangeWorkspaceFolders", configuration::did_change_workspace_folders)
    .custom_method("window/workDoneProgress/cancel", commands::cancel::work_done_progress_cancel)
    .custom_method("$/setTrace", lifecycle::set_trace)
    .finish();
    let server = service.inner().clone();
    (server, service, socket)
}
