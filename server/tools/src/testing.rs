//! What tests share: programs that they need, projects in folders of their own.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{Programs, Project, Shadow, ShadowError, ShadowLimits, Shadows};

/// The programs of this process, if this one is among them. Where it is not, the test is left out, said on stderr, or
/// fails if `AIEX_TESTS_NO_SKIP` is set.
pub(crate) fn with(program: &str) -> Option<Programs> {
    // The tests of the whole program set up what they need; this is the one thing of it that these need, too.
    static ELIXIR: LazyLock<()> = LazyLock::new(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup/elixir");
        _ = Command::new(script).stdin(Stdio::null()).output();
    });
    if program == "elixir" {
        LazyLock::force(&ELIXIR);
    }
    let programs = Programs::new(&[]);
    if programs.find(program).is_none() {
        let sentence = format!("{program} is needed on PATH");
        assert!(env::var_os("AIEX_TESTS_NO_SKIP").is_none(), "{sentence}");
        let test = thread::current().name().unwrap_or("a test").to_owned();
        // Not `eprintln!`, which a passing test's captured output would swallow.
        let _ = io::stderr().write_all(format!("skipped: {test}: {sentence}\n").as_bytes());
        return None;
    }
    Some(programs)
}

/// A workspace and a home, each in a folder of its own, and where copies go.
pub(crate) struct World {
    pub top: TempDir,
    pub shadows: Shadows,
}

impl World {
    /// With an empty workspace.
    pub(crate) fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        for folder in ["work", "home/.cargo", "cache"] {
            fs::create_dir_all(top.path().join(folder)).unwrap();
        }
        fs::write(top.path().join("home/.cargo/credentials.toml"), "[registry]\ntoken = \"secret\"\n").unwrap();
        fs::write(top.path().join("home/notes"), "mine\n").unwrap();
        let shadows = Shadows::new(top.path().join("cache/shadows"));
        Self { top, shadows }
    }

    /// With a copy of a fixture.
    pub(crate) fn of(fixture: &str) -> Self {
        let world = Self::new();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(fixture);
        for entry in ignore::WalkBuilder::new(&from).hidden(false).build() {
            let entry = entry.unwrap();
            let to = world.root().join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().unwrap().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        world
    }

    /// With the fixture for Elixir, without what takes packages that are not there, for any Elixir.
    pub(crate) fn shop() -> Self {
        let world = Self::of("elixir_shop");
        for path in ["lib/shop/product.ex", "lib/shop_web/router.ex"] {
            fs::remove_file(world.root().join(path)).unwrap();
        }
        let mix = fs::read_to_string(world.root().join("mix.exs")).unwrap();
        let lines =
            mix.lines().filter(|line| !["elixir:", "{:ecto", "{:phoenix"].iter().any(|part| line.contains(part)));
        world.write("mix.exs", &lines.map(|line| format!("{line}\n")).collect::<String>());
        world
    }

    pub(crate) fn with_limits(mut self, limits: ShadowLimits) -> Self {
        self.shadows = self.shadows.with_limits(limits);
        self
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.top.path().join("work").canonicalize().unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.top.path().join("home").canonicalize().unwrap()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A small package, of this code.
    pub(crate) fn package(code: &str) -> Self {
        let world = Self::new();
        world
            .write("Cargo.toml", "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n");
        world.write("src/lib.rs", code);
        world
    }

    pub(crate) fn project(&self) -> Project {
        let manifest = ["Cargo.toml", "mix.exs"].into_iter().find(|name| self.root().join(name).is_file()).unwrap();
        Project::of(&self.root().join(manifest)).unwrap()
    }

    /// This process's, with the world's home.
    pub(crate) fn programs(&self) -> Programs {
        let rustup = env::var_os("RUSTUP_HOME").or_else(|| {
            let usual = PathBuf::from(env::var_os("HOME")?).join(".rustup");
            usual.is_dir().then(|| usual.into())
        });
        let own = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "XDG_DATA_HOME"];
        let variables = env::vars_os().filter(|(name, _)| !own.iter().any(|own| name == own));
        let more = [("HOME", Some(self.home().into_os_string())), ("RUSTUP_HOME", rustup)];
        let more = more.into_iter().filter_map(|(name, value)| Some((OsString::from(name), value?)));
        Programs::of(&[self.root()], variables.chain(more))
    }

    pub(crate) async fn open(&self) -> Result<Shadow, ShadowError> {
        self.shadows.open(&self.project(), &self.programs()).await
    }

    /// Everything in the workspace and the home: names, kinds, times, contents.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, String> {
        let mut state = BTreeMap::new();
        let mut left = vec![self.root(), self.home()];
        while let Some(path) = left.pop() {
            let found = fs::symlink_metadata(&path).unwrap();
            let contents = if found.is_dir() {
                left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                Vec::new()
            } else if found.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if found.is_file() {
                Sha256::digest(fs::read(&path).unwrap()).to_vec()
            } else {
                Vec::new()
            };
            let said = format!("{:?} {:?} {contents:?}", found.permissions(), found.modified().unwrap());
            state.insert(path, said);
        }
        state
    }
}
