//! What some tests need from outside: real editors and a real llama.cpp server, set up by the scripts in `tests/setup`.
//!
//! A script runs once a process. Where it cannot do its work, the test says so in one line on stderr and is left out;
//! with `AIEX_TESTS_NO_SKIP` set, it fails instead.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
};

use crate::binary::top;

/// A recent Neovim; `None`, said on stderr, where there is none.
pub fn neovim() -> Option<PathBuf> {
    static NEOVIM: Script = Script::new("neovim");
    NEOVIM.path()
}

/// An Elixir; `None`, said on stderr, where there is none.
pub fn elixir() -> Option<PathBuf> {
    static ELIXIR: Script = Script::new("elixir");
    ELIXIR.path()
}

/// A recent Helix, and the terminal that it is shown in.
pub struct Helix {
    /// The editor.
    pub hx: PathBuf,
    /// What stands in for a terminal.
    pub tmux: PathBuf,
}

/// A recent Helix; `None`, said on stderr, where there is none.
pub fn helix() -> Option<Helix> {
    static HELIX: Script = Script::new("helix");
    let both = HELIX.path()?;
    let (hx, tmux) = both.to_str().and_then(|both| both.split_once('\n')).expect("two paths");
    Some(Helix { hx: hx.into(), tmux: tmux.into() })
}

/// A script of `tests/setup`, and what came of it.
struct Script {
    name: &'static str,
    /// The path that it printed, or its one sentence.
    outcome: OnceLock<Result<PathBuf, String>>,
}

impl Script {
    const fn new(name: &'static str) -> Self {
        Self { name, outcome: OnceLock::new() }
    }

    fn path(&self) -> Option<PathBuf> {
        let outcome = self.outcome.get_or_init(|| self.run());
        match outcome {
            Ok(path) => Some(path.clone()),
            Err(sentence) if std::env::var_os("AIEX_TESTS_NO_SKIP").is_some() => panic!("{sentence}"),
            Err(sentence) => {
                let test = std::thread::current().name().unwrap_or("a test").to_owned();
                // Not `eprintln!`, which a passing test's captured output would swallow.
                let _ = io::stderr().write_all(format!("skipped: {test}: {sentence}\n").as_bytes());
                None
            }
        }
    }

    fn run(&self) -> Result<PathBuf, String> {
        let script = top().join("tests/setup").join(self.name);
        let output = Command::new(&script)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{} cannot be run: {error}", script.display()))?;
        if output.status.success() {
            return Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.trim().lines().last().unwrap_or("the set-up failed without a word").to_owned())
    }
}

/// A llama.cpp server whose model always answers the same. Ends when dropped, or with the tests.
pub struct TinyModel {
    name: &'static str,
    child: Child,
    /// The server lives as long as this pipe.
    input: Option<ChildStdin>,
    url: String,
}

impl TinyModel {
    /// What the one that says [`TinyModel::text`] calls its model.
    pub const NAME: &str = "tiny-model";

    /// Starts one that says [`TinyModel::text`]; `None`, said on stderr, where llama.cpp cannot be set up.
    pub fn start() -> Option<Self> {
        Self::named(Self::NAME)
    }

    /// One that calls the tool `get_time`, if it may, with `Zürich 🦀` as its `city`.
    pub fn caller() -> Option<Self> {
        Self::named("tiny-caller")
    }

    /// One that says `On and on it goes; then, ` again and again, until its context is full.
    pub fn talker() -> Option<Self> {
        Self::named("tiny-talker")
    }

    fn named(name: &'static str) -> Option<Self> {
        static LLAMA: Script = Script::new("llama");
        let mut child = Command::new(LLAMA.path()?)
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tiny model's server starts");
        let input = child.stdin.take();
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut url).expect("its address");
        assert!(url.starts_with("http://"), "the tiny model's server ended before it said its address: {url:?}");
        Some(Self { name, child, input, url: url.trim_end().to_owned() })
    }

    /// What it calls its model.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches("/v1")
    }

    /// The base URL of its OpenAI-compatible interface, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A configuration of Aiex that asks it, under the provider name `tiny`.
    pub fn config(&self) -> String {
        format!("model = \"tiny/{}\"\n[providers.tiny]\nbase_url = \"{}\"\n", Self::NAME, self.url)
    }

    /// What [`TinyModel::start`]'s answers, whatever the question.
    pub fn text() -> String {
        let output = Command::new("python3")
            .arg(top().join("tests/setup/tiny_model.py"))
            .arg("--text")
            .stdin(Stdio::null())
            .output()
            .expect("python3 runs, as it did for the set-up");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for TinyModel {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
