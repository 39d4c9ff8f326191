//! [`Progress`]: how far something is, as the editor shows it while it goes on.

use std::time::Duration;

use tokio::sync::watch;
use tower_lsp::{
    Client,
    gen_lsp_types::{
        ProgressNotification, ProgressParams, ProgressToken, WorkDoneProgressBegin, WorkDoneProgressEnd,
        WorkDoneProgressReport,
    },
};

use super::session::Server;

/// How often it says how far an answer is.
pub const REPORT_EVERY: Duration = Duration::from_millis(200);

/// A progress, from its creation until all clones of this are dropped.
#[derive(Clone)]
pub struct Progress {
    /// `None` ends it.
    stage: watch::Sender<Option<String>>,
}

/// How long its end may take to be sent, since an editor may never answer for the token.
const END: Duration = Duration::from_millis(200);

impl Progress {
    /// Shows a progress, in an editor that can. It holds up nothing: what it says is sent as fast as the editor takes
    /// it, and only the newest stage is.
    pub fn begin(server: &Server, token: String, title: String) -> Self {
        let (stage, stages) = watch::channel(Some(String::new()));
        if server.editor().progress {
            tokio::spawn(show(server.client.clone(), ProgressToken::String(token), title, stages));
        }
        Self { stage }
    }

    /// Says how far it is.
    pub fn stage(&self, message: String) {
        self.stage.send_replace(Some(message));
    }

    /// Ends it, and returns once the editor was told. Helix wipes its message line at the end of a progress: what is to
    /// be read there comes behind.
    pub async fn end(self) {
        self.stage.send_replace(None);
        let _ = tokio::time::timeout(END, self.stage.closed()).await;
    }
}

/// Sees every token that the editor takes to its end, since some show a progress from `create` on.
async fn show(client: Client, token: ProgressToken, title: String, mut stages: watch::Receiver<Option<String>>) {
    // Only a token that the editor took may be used (LSP 3.17 `window/workDoneProgress/create`).
    if let Err(error) = client.create_work_done_progress(token.clone()).await {
        return tracing::debug!(%error, "the editor takes no progress");
    }
    let send = async |kind: &str, value: serde_json::Result<serde_json::Value>| {
        if let Ok(serde_json::Value::Object(mut value)) = value {
            value.insert("kind".to_owned(), kind.into());
            let params = ProgressParams { token: token.clone(), value: value.into() };
            client.send_notification::<ProgressNotification>(params).await;
        }
    };
    let begin = WorkDoneProgressBegin { title, cancellable: Some(true), ..Default::default() };
    send("begin", serde_json::to_value(begin)).await;
    while stages.changed().await.is_ok() {
        let message = stages.borrow_and_update().clone();
        if message.is_none() {
            break;
        }
        let report = WorkDoneProgressReport { cancellable: Some(true), message, percentage: None };
        send("report", serde_json::to_value(report)).await;
    }
    send("end", serde_json::to_value(WorkDoneProgressEnd::default())).await;
}
