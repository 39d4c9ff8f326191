//! What the tests of this crate share: a folder with a database, times, requests, and processes of their own.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;

use crate::{Planned, RequestId, Reserved, Store};

/// A folder that is gone after the test, with the place of a database in it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Default for Scene {
    fn default() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
}

impl Scene {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("aiex.db")
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why the database is refused, with `FOLDER` for the path of the scene's folder.
    pub(crate) fn refusal(&self, path: &Path) -> String {
        let error = Store::open(path).expect_err("the database is refused").to_string();
        error.replace(&*self.folder().to_string_lossy(), "FOLDER")
    }
}

/// So many hours after 2026-11-21, 00:00 UTC.
pub(crate) fn at(hours: i64) -> SystemTime {
    let hour = Duration::from_secs(3600 * hours.unsigned_abs());
    let midnight = UNIX_EPOCH + Duration::from_secs(1_795_219_200);
    if hours < 0 { midnight - hour } else { midnight + hour }
}

/// A request that is expected to cost that much.
pub(crate) fn planned(at: SystemTime, cost_usd: Option<f64>) -> Planned<'static> {
    Planned { provider: "openai", model: "gpt-5-mini", task: "explain", at, cost_usd }
}

pub(crate) fn granted(reserved: Reserved) -> RequestId {
    match reserved {
        Reserved::Granted(id) => id,
        Reserved::Spent { today_usd } => panic!("refused: {today_usd} USD spent today"),
    }
}

/// This test again, in a process of its own: `test` is its path. There, [`role`] is what is given here.
pub(crate) fn process(test: &str, role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env("AIEX_STORE_ROLE", role);
    command
}

/// What this process is for, if a test started it.
pub(crate) fn role() -> Option<String> {
    env::var("AIEX_STORE_ROLE").ok()
}

/// Waits for a process of [`process`], in which the one test must have passed.
pub(crate) fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
}
