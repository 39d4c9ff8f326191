//! Logs to stderr and to a rotating file in the state folder. Never to stdout, which is the protocol's.

use tracing_appender::{
    non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard},
    rolling,
};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// What is logged without `AIEX_LOG`: nothing in it quotes code, prompts or keys.
const DEFAULT: &str = "warn,aiex=info";

/// Starts logging, panics included, until the guards are dropped. `AIEX_LOG` names levels by module, such as
/// `warn,aiex=debug`. A reader that does not keep up loses lines; it never holds up the server.
pub fn to_stderr_and_file() -> Vec<WorkerGuard> {
    let wanted = std::env::var("AIEX_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let filter: Targets = wanted.parse().or_else(|_| DEFAULT.parse()).unwrap_or_default();
    let (stderr, stderr_guard) = in_background(std::io::stderr());
    let stderr = fmt::layer().with_writer(stderr).with_ansi(false).compact();
    let registry = tracing_subscriber::registry().with(filter).with(stderr);
    std::panic::set_hook(Box::new(log_panic));
    let Some((file, file_guard)) = file().map(in_background) else {
        registry.init();
        tracing::warn!("there is no folder for a log file; set AIEX_HOME to one that can be written");
        return vec![stderr_guard];
    };
    registry.with(fmt::layer().with_writer(file).with_ansi(false)).init();
    vec![stderr_guard, file_guard]
}

/// Where, but not the message: it may quote the text that a slice or an index went wrong on.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, thread = std::thread::current().name().unwrap_or_default(), "a bug: panicked");
}

fn in_background(writer: impl std::io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    // The default queue of 128,000 lines alone takes 4 MB.
    NonBlockingBuilder::default().buffered_lines_limit(1024).finish(writer)
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
