//! Ctrl-C: ends a command at once, whatever it waits for.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;

/// What shells say of a program that Ctrl-C ended.
const STOPPED: u8 = 130;

/// Work, until it is done or Ctrl-C is pressed, which drops it.
pub(super) async fn stoppable(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::select! {
        // First, so that Ctrl-C is heard before the work begins.
        biased;
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\naiex: stopped");
            Ok(ExitCode::from(STOPPED))
        }
        done = work => done,
    }
}

/// Work that blocks, on a thread that the end of the program does not wait for.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (send, done) = oneshot::channel();
    let run = move || _ = send.send(work());
    std::thread::Builder::new().name("command".to_owned()).spawn(run)?;
    done.await.context("Aiex hit a bug of its own; what is above says where")
}
