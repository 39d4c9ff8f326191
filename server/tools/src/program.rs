//! [`Programs`]: finds a program outside of the workspace and runs it where it sees nothing of a repository.

#[cfg(test)]
mod tests;

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout,
};

/// The variables that a program sees, where they are set: where it finds itself, its toolchains and a home. Not those
/// that change what a toolchain runs (`RUSTUP_TOOLCHAIN`, `RUSTFLAGS`, `ERL_FLAGS`, `ELIXIR_ERL_OPTIONS`, `LD_PRELOAD`),
/// and no keys.
const FOLDERS: [&str; 12] = [
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "SYSTEMROOT",
    "WINDIR",
    "RUSTUP_HOME",
    "CARGO_HOME",
    // Version managers, whose shims stand for the programs on PATH.
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "XDG_DATA_HOME",
];

/// Where programs are found, and what they see of the environment.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Folders of PATH, absolute and outside of the workspace.
    path: Vec<PathBuf>,
    /// Folders of PATH that are passed over.
    shunned: Vec<PathBuf>,
    /// Values of [`FOLDERS`].
    folders: Vec<(&'static str, OsString)>,
    fence: Fence,
}

/// The folders from which nothing runs: as they are named, and without links.
#[derive(Debug, Clone)]
struct Fence(Vec<PathBuf>);

impl Fence {
    fn new(workspaces: &[PathBuf]) -> Self {
        let named = workspaces.iter().filter_map(|folder| std::path::absolute(folder).ok());
        Self(named.chain(workspaces.iter().filter_map(|folder| folder.canonicalize().ok())).collect())
    }

    /// Whether a path is that of something inside, by its name or behind its links.
    fn holds(&self, path: &Path) -> bool {
        let inside = |path: &Path| self.0.iter().any(|folder| path.starts_with(folder));
        inside(path) || path.canonicalize().is_ok_and(|path| inside(&path))
    }
}

/// What a program is to do.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Its name, without a folder.
    pub program: &'a str,
    /// Its arguments. They may name `files` by their bare names.
    pub arguments: &'a [&'a str],
    /// Variables that it sees besides the usual ones.
    pub variables: &'a [(&'a str, &'a str)],
    /// Files in its folder, by name, with their contents. The folder has no others.
    pub files: &'a [(&'a str, &'a str)],
    /// What it reads on its standard input. It need not.
    pub input: &'a str,
    /// How long it may run and how much it may print.
    pub limits: Limits,
}

/// How long a program may run and how much it may print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From its start to its end.
    pub time: Duration,
    /// The most bytes on standard output, and the most on standard error.
    pub bytes: usize,
}

/// What a program that ended left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed on standard output.
    pub printed: Vec<u8>,
    /// What it printed on standard error.
    pub complaint: Vec<u8>,
}

/// Why a program did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// None of that name is on PATH.
    #[error("`{program}` is not on PATH.")]
    Missing {
        /// Its name.
        program: String,
    },
    /// It is on PATH, but only in the workspace, or in a folder of PATH that is not absolute.
    #[error("`{program}` is only found in {}, and programs of the workspace are not run.", .folder.display())]
    OnlyInside {
        /// Its name.
        program: String,
        /// The folder of PATH.
        folder: PathBuf,
    },
    /// It could not be started, or not be talked to.
    #[error("`{program}` could not be run: {reason}.")]
    Unusable {
        /// Its name.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// It was ended, since it did not end by itself.
    #[error("`{program}` did not end within {} ms and was stopped.", .limit.as_millis())]
    TimedOut {
        /// Its name.
        program: String,
        /// The time that it had.
        limit: Duration,
    },
    /// It was ended, since it printed more than is read.
    #[error("`{program}` printed more than {limit} bytes and was stopped.")]
    TooMuch {
        /// Its name.
        program: String,
        /// In bytes.
        limit: usize,
    },
}

impl Programs {
    /// Those of this process's environment, except for what lies inside of the given folders.
    #[must_use]
    pub fn new(workspaces: &[PathBuf]) -> Self {
        Self::of(workspaces, env::vars_os())
    }

    /// Those of a given environment, except for what lies inside of the given folders.
    #[must_use]
    pub fn of(workspaces: &[PathBuf], environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let fence = Fence::new(workspaces);
        let environment: Vec<_> = environment.into_iter().collect();
        let value = |name: &str| {
            let named = |variable: &OsStr| match cfg!(windows) {
                true => variable.eq_ignore_ascii_case(name),
                false => variable == name,
            };
            environment.iter().find(|(variable, _)| named(variable)).map(|(_, value)| value.clone())
        };
        let is_safe = |path: &Path| path.is_absolute() && !fence.holds(path);
        let path = value("PATH").unwrap_or_default();
        let (path, shunned) = env::split_paths(&path).partition(|folder| is_safe(folder));
        let folders = FOLDERS.into_iter().filter_map(|name| Some((name, value(name)?)));
        let folders = folders.filter(|(_, folder)| is_safe(Path::new(folder))).collect();
        Self { path, shunned, folders, fence }
    }

    /// The path of a program, given by its bare name.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let found = self
            .path
            .iter()
            .find_map(|folder| candidates(folder, program).find(|path| is_executable(path) && !self.fence.holds(path)));
        // One that is named with a folder would not be looked for.
        found.filter(|_| Path::new(program).components().count() == 1)
    }

    /// Why [`Programs::find`] finds none.
    fn missing(&self, program: &str) -> ProgramError {
        let has = |folder: &&PathBuf| candidates(folder, program).any(|path| is_executable(&path));
        let program = program.to_owned();
        match self.shunned.iter().chain(&self.path).find(has) {
            Some(folder) => ProgramError::OnlyInside { program, folder: folder.clone() },
            None => ProgramError::Missing { program },
        }
    }

    /// A variable that names a folder, where programs see it.
    pub(crate) fn folder(&self, variable: &str) -> Option<PathBuf> {
        self.folders.iter().find(|(name, _)| *name == variable).map(|(_, folder)| folder.into())
    }

    /// A program that sees only the usual variables, leads a process group, and is killed with its handle.
    pub(crate) fn command(&self, program: &str) -> Result<Command, ProgramError> {
        let mut command = Command::new(self.find(program).ok_or_else(|| self.missing(program))?);
        command.env_clear();
        if let Ok(path) = env::join_paths(&self.path) {
            command.env("PATH", path);
        }
        command.envs(self.folders.iter().map(|(name, value)| (name, value)));
        command.env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        Ok(command)
    }

    /// Runs a program in a new folder of its own and waits for its end. When it takes too long, prints too much, or the
    /// future is dropped, it is killed with all that it started; when it ends by itself, what it left running is. (On
    /// Windows only itself. A process that has made itself a session of its own is not reached.)
    ///
    /// # Errors
    /// See [`ProgramError`]. That it ends with a code other than 0 is none.
    pub async fn run(&self, task: &Task<'_>) -> Result<Output, ProgramError> {
        let unusable =
            |error: io::Error| ProgramError::Unusable { program: task.program.to_owned(), reason: error.to_string() };
        let mut command = self.command(task.program)?;
        let folder = folder_with(task.files).map_err(unusable)?;
        command.args(task.arguments).current_dir(folder.path());
        command.envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, folder.path())));
        command.envs(task.variables.iter().copied());
        command.stdin(Stdio::piped());
        let mut child = command.spawn().map_err(unusable)?;
        let ended = match timeout(task.limits.time, talk(&mut child, task)).await {
            Ok(ended) => ended,
            Err(_) => Err(ProgramError::TimedOut { program: task.program.to_owned(), limit: task.limits.time }),
        };
        if ended.is_err() {
            // It is being killed; its folder can go once it is gone.
            let _ = child.kill().await;
        }
        ended
    }
}

/// The names that a program may have in a folder.
fn candidates(folder: &Path, program: &str) -> impl Iterator<Item = PathBuf> {
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".bat", ".cmd"] } else { &[""] };
    suffixes.iter().map(move |suffix| folder.join(format!("{program}{suffix}")))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| {
        #[cfg(unix)]
        let may_run = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let may_run = true;
        file.is_file() && may_run
    })
}

/// A new folder that only its owner may enter.
fn folder_with(files: &[(&str, &str)]) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("aiex-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir()?;
    for (name, contents) in files {
        fs::write(folder.path().join(name), contents)?;
    }
    Ok(folder)
}

/// Gives it its input, reads what it prints, and waits for its end, all at once.
async fn talk(child: &mut Child, task: &Task<'_>) -> Result<Output, ProgramError> {
    let mut group = Group::of(child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // One that ends without reading all of it is judged by how it ends.
            let _ = stdin.write_all(task.input.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
        Ok(())
    };
    let unusable =
        |error: io::Error| ProgramError::Unusable { program: task.program.to_owned(), reason: error.to_string() };
    let wait = async {
        let status = child.wait().await.map_err(unusable)?;
        // What it left running would keep the pipes open.
        group.kill();
        Ok(status)
    };
    let ((), printed, complaint, status) = tokio::try_join!(write, read(stdout, task), read(stderr, task), wait)?;
    Ok(Output { code: status.code(), printed, complaint })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, task: &Task<'_>) -> Result<Vec<u8>, ProgramError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let most = u64::try_from(task.limits.bytes).unwrap_or(u64::MAX).saturating_add(1);
        let read = pipe.take(most).read_to_end(&mut bytes).await;
        let program = task.program.to_owned();
        match read {
            Err(error) => return Err(ProgramError::Unusable { program, reason: error.to_string() }),
            Ok(_) if bytes.len() > task.limits.bytes => {
                return Err(ProgramError::TooMuch { program, limit: task.limits.bytes });
            }
            Ok(_) => {}
        }
    }
    Ok(bytes)
}

/// A program with all that it started; killed when dropped.
#[cfg(unix)]
pub(crate) struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    pub(crate) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Gives it the lowest priority.
    pub(crate) fn yield_to_others(&self) {
        let _ = self.0.map(|leader| rustix::process::setpriority_pgrp(Some(leader), 19));
    }

    /// Kills what is left of it, once: later, its number may be another's.
    pub(crate) fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Stands for the program alone, which is killed when its handle is dropped.
#[cfg(not(unix))]
pub(crate) struct Group;

#[cfg(not(unix))]
impl Group {
    pub(crate) fn of(_: &Child) -> Self {
        Self
    }

    pub(crate) fn yield_to_others(&self) {}

    pub(crate) fn kill(&mut self) {}
}
