//! `aiex.cancel`, and the cancel button of the editor's progress.

use serde_json::{Value, json};
use tower_lsp::{
    gen_lsp_types::{ProgressToken, WorkDoneProgressCancelParams},
    jsonrpc::Result,
};

use crate::lsp::{run::RunId, session::Server};

/// `aiex.cancel {run}`: stops that run, or all without one. Answers with the ids of what was stopped.
pub fn cancel(server: &Server, argument: &Value) -> Result<Option<Value>> {
    let stopped = match argument.get("run").filter(|run| !run.is_null()) {
        Some(run) => {
            let id = run.as_u64().map(RunId);
            let id =
                id.ok_or_else(|| super::invalid("`run` must be the number that the command answered with".to_owned()))?;
            if server.runs.stop(id) { vec![id] } else { Vec::new() }
        }
        None => server.runs.stop_all(),
    };
    Ok(Some(json!({"stopped": stopped.iter().map(|id| id.0).collect::<Vec<_>>()})))
}

/// `window/workDoneProgress/cancel`
pub async fn work_done_progress_cancel(server: &Server, params: WorkDoneProgressCancelParams) {
    if let ProgressToken::String(token) = &params.token {
        server.runs.stop_by_token(token);
        server.indexes.stop_by_token(token);
    }
}
