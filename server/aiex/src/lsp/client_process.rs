//! Ends the server when the editor's process is gone without a word (LSP 3.17 `InitializeParams.processId`).

use std::{future, time::Duration};

use super::session::Server;

const EVERY: Duration = Duration::from_secs(3);

/// Completes when the process that `initialize` named is gone. Never, where none was named or where it could not be
/// seen in the first place, as in a container that hides the editor's processes.
pub async fn gone(server: Server) {
    let id = *server.client_process.wait().await;
    if !is_alive(id) {
        return future::pending().await;
    }
    while is_alive(id) {
        tokio::time::sleep(EVERY).await;
    }
    tracing::warn!(process = id, "the editor's process is gone");
}

#[cfg(unix)]
fn is_alive(id: i32) -> bool {
    use rustix::{io::Errno, process};
    // EPERM: it lives, and belongs to someone else.
    (id > 0)
        .then(|| process::Pid::from_raw(id))
        .flatten()
        .is_some_and(|id| !matches!(process::test_kill_process(id), Err(Errno::SRCH)))
}

/// Elsewhere the end of the input is the sign.
#[cfg(not(unix))]
fn is_alive(_: i32) -> bool {
    false
}
