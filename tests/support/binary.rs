//! The binary under test, and a home of its own for each run of it.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
};

use tempfile::TempDir;

/// The `aiex` binary, built if it is not up to date.
pub fn aiex() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "aiex", "--bin", "aiex"]).current_dir(top());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the binary does not build");
        // Tests run from <target>/<profile>/deps.
        let own = std::env::current_exe().expect("the test's own path");
        own.ancestors().nth(2).expect("<target>/<profile>").join(format!("aiex{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The repository's top folder.
pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above tests/")
}

/// A file of `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    top().join("fixtures").join(path)
}

/// A home folder for Aiex with nothing in it, and the ways to start it there. Removed with its last clone.
#[derive(Clone)]
pub struct Home {
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
    binary: Option<PathBuf>,
}

impl Default for Home {
    fn default() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().expect("a temporary folder")), variables: Vec::new(), binary: None }
    }
}

impl Home {
    /// One whose configuration file says this.
    pub fn with_config(config: &str) -> Self {
        let home = Self::default();
        home.configure(config);
        home
    }

    /// Replaces its configuration file.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.path().join("config.toml"), config).expect("the configuration file");
    }

    /// The same with an environment variable for what is started there.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same for another binary than the one that is built here.
    pub fn with_binary(mut self, binary: &Path) -> Self {
        self.binary = Some(binary.to_path_buf());
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `aiex` with these arguments, with no other variable of Aiex or of a provider in its environment. `AIEX_LOG` stays.
    pub fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        self.command_of(self.binary.as_deref().unwrap_or_else(|| aiex()), arguments)
    }

    /// The same of another binary.
    pub fn command_of<I: IntoIterator<Item: AsRef<OsStr>>>(&self, binary: &Path, arguments: I) -> Command {
        let mut command = Command::new(binary);
        command.args(arguments);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if (name.starts_with("AIEX_") && name != "AIEX_LOG") || name.ends_with("_API_KEY") {
                command.env_remove(&*name);
            }
        }
        command.env("AIEX_HOME", self.path()).envs(self.variables.iter().cloned());
        command
    }
}
