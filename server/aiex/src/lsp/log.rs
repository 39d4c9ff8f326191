//! Logs to stderr and to a rotating file in the state folder. Never to stdout, which is the protocol's.

use tracing_appender::{non_blocking::WorkerGuard, rolling};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// What is logged without `AIEX_LOG`: nothing in it quotes code, prompts or keys.
const DEFAULT: &str = "warn,aiex=info";

/// Starts logging; the file is written until the guard is dropped. `AIEX_LOG` filters as `tracing`'s `EnvFilter` does.
pub fn to_stderr_and_file() -> Option<WorkerGuard> {
    let filter = EnvFilter::try_from_env("AIEX_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let stderr = fmt::layer().with_writer(std::io::stderr).with_ansi(false).compact();
    let registry = tracing_subscriber::registry().with(filter).with(stderr);
    let Some(file) = file() else {
        registry.init();
        tracing::warn!("there is no folder for a log file; set AIEX_HOME to one that can be written");
        return None;
    };
    let (writer, guard) = tracing_appender::non_blocking(file);
    registry.with(fmt::layer().with_writer(writer).with_ansi(false)).init();
    Some(guard)
}

fn file() -> Option<rolling::RollingFileAppender> {
    let folder = crate::paths::state_folder()?.join("logs");
    crate::files::create_private_folder(&folder).ok()?;
    rolling::Builder::new()
        .rotation(rolling::Rotation::DAILY)
        .filename_prefix("aiex")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder)
        .ok()
}
