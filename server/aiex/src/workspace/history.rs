//! [`History`]: which files change together, and which changed of late, from the last commits of git.
//!
//! Asked of the `git` program, which every user of a repository has, rather than through a library of a hundred more
//! crates.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

/// How many commits are asked for.
const COMMITS: usize = 300;
/// The most files of a commit that says something: larger ones move, format or generate.
const MOST_FILES: usize = 30;
/// How long git may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The most bytes that are read of what it says.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// By what the weight of a commit falls with each one after it.
const FADE: f32 = 0.99;
/// How many files are told as changing together with one.
const MOST_TOLD: usize = 32;

/// The last commits, each as the files that it changed.
#[derive(Debug, Default, PartialEq)]
pub struct History {
    paths: Vec<Arc<str>>,
    /// The newest first.
    commits: Vec<Vec<u32>>,
    /// Of each path the commits that changed it, by their places, the newest first.
    by_path: HashMap<Arc<str>, Vec<u32>>,
}

/// Of about the last 20 commits.
const LATELY: f32 = 0.82;

impl History {
    /// Asks git, and waits; `go_on` ends the wait by answering `false`. Without git, a repository or commits it is empty.
    pub fn read(root: &Path, go_on: impl Fn() -> bool) -> Self {
        if super::watch::repository_of(root).is_none() {
            return Self::default();
        }
        match log(root, &go_on) {
            Some(log) => Self::parse(&log),
            None => Self::default(),
        }
    }

    /// Reads what `git log -z --name-only --format=%x01` says.
    fn parse(log: &str) -> Self {
        let mut history = Self::default();
        let mut ids = HashMap::<&str, u32>::new();
        for commit in log.split('\u{1}').skip(1) {
            let files: Vec<_> = commit.split('\0').map(|name| name.trim_start_matches('\n')).collect();
            let files: Vec<_> = files.into_iter().filter(|name| !name.is_empty()).collect();
            if files.len() > MOST_FILES {
                continue;
            }
            let at = history.commits.len();
            let mut commit = Vec::with_capacity(files.len());
            for name in files {
                let id = *ids.entry(name).or_insert_with(|| {
                    history.paths.push(name.into());
                    u32::try_from(history.paths.len() - 1).unwrap_or(u32::MAX)
                });
                commit.push(id);
                if let (Some(path), Ok(at)) = (history.paths.get(id as usize), u32::try_from(at)) {
                    history.by_path.entry(path.clone()).or_default().push(at);
                }
            }
            history.commits.push(commit);
        }
        history
    }

    /// The files that changed together with one, the weightiest first; of equal weight, in order of their paths. A
    /// commit of `n` files and `k` later commits weighs `0.99^k / (n - 1)`.
    pub fn co_changed(&self, name: &str) -> Vec<(Arc<str>, f32)> {
        let mut weights = HashMap::<u32, f32>::new();
        for at in self.by_path.get(name).into_iter().flatten() {
            let Some(commit) = self.commits.get(*at as usize).filter(|commit| commit.len() > 1) else { continue };
            let weight = fade(*at) / (commit.len() - 1) as f32;
            commit.iter().for_each(|id| *weights.entry(*id).or_default() += weight);
        }
        let named = weights.into_iter().filter_map(|(id, weight)| Some((self.paths.get(id as usize)?.clone(), weight)));
        let mut told: Vec<_> = named.filter(|(path, _)| &**path != name).collect();
        told.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        told.truncate(MOST_TOLD);
        told
    }

    /// The files that have to do with one: those that change together with it, and a little those that changed lately.
    pub fn related(&self, name: &str) -> Vec<(Arc<str>, f32)> {
        let mut related = self.co_changed(name);
        let mut lately: Vec<_> =
            self.paths.iter().filter(|path| self.recency(path) > LATELY && &***path != name).collect();
        lately.sort();
        for path in lately {
            let weight = self.recency(path) * 0.3;
            match related.iter_mut().find(|(known, _)| known == path) {
                Some((_, known)) => *known += weight,
                None => related.push((path.clone(), weight)),
            }
        }
        related
    }

    /// How lately a file changed: 1 for one of the last commit, falling towards 0; 0 for one not changed in the last 300.
    pub fn recency(&self, name: &str) -> f32 {
        self.by_path.get(name).and_then(|commits| commits.first()).map_or(0.0, |at| fade(*at))
    }

    /// How many commits it rests on.
    pub fn len(&self) -> usize {
        self.commits.len()
    }
}

fn fade(at: u32) -> f32 {
    FADE.powi(i32::try_from(at).unwrap_or(i32::MAX))
}

/// The log of what lies at and below a folder.
fn log(root: &Path, go_on: &impl Fn() -> bool) -> Option<String> {
    let begin = Instant::now();
    let mut command = super::git::command(root)?;
    command.args(["log", "-z", "--name-only", "--relative", "--no-merges", "--no-renames", "--format=%x01"]);
    command.args([
        "--no-ext-diff",
        "--no-textconv",
        "--no-show-signature",
        "--no-mailmap",
        "--no-color",
        "-O/dev/null",
    ]);
    command.arg(format!("--max-count={COMMITS}")).args(["--", "."]);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::info!(%error, "no history: git cannot be run");
            return None;
        }
    };
    let output = child.stdout.take()?;
    let (done, wait) = mpsc::channel();
    let read = move || {
        let mut log = Vec::new();
        let _ = output.take(MOST_BYTES).read_to_end(&mut log);
        let _ = done.send(log);
    };
    let reader = std::thread::Builder::new().name("history".to_owned()).spawn(read);
    let log = reader.ok().and_then(|_| {
        loop {
            match wait.recv_timeout(Duration::from_millis(100)) {
                Ok(log) => return Some(log),
                Err(mpsc::RecvTimeoutError::Timeout) if begin.elapsed() < LIMIT && go_on() => {}
                Err(_) => return None,
            }
        }
    });
    if log.is_none() {
        tracing::info!("no history: git took too long");
    }
    // Also ends one that would say more than is read.
    let _ = child.kill();
    let _ = child.wait();
    Some(String::from_utf8_lossy(&log?).into_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn files_of_small_and_late_commits_belong_together() {
        let large = (0..40).map(|n| format!("{n}.rs\0")).collect::<String>();
        let log = format!("\u{1}\0\na.rs\0b.rs\0\u{1}\0\na.rs\0b.rs\0c.rs\0\u{1}\0\n{large}\u{1}\0\u{1}\0\nd.rs\0");
        let history = History::parse(&log);
        let together = |name: &str| {
            let rounded = |(path, weight): (Arc<str>, f32)| format!("{path} {weight:.3}");
            history.co_changed(name).into_iter().map(rounded).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(together("a.rs"), "b.rs 1.495, c.rs 0.495");
        assert_eq!(together("c.rs"), "a.rs 0.495, b.rs 0.495");
        assert_eq!(together("d.rs"), "");
        assert_eq!(together("x.rs"), "");
        let recency = |name: &str| format!("{:.4}", history.recency(name));
        assert_eq!(["a.rs", "c.rs", "d.rs", "x.rs"].map(recency), ["1.0000", "0.9900", "0.9703", "0.0000"]);
        assert_eq!(history.len(), 4);
    }

    fn git(root: &Path, arguments: &[&str]) -> bool {
        let mut command = Command::new("git");
        let person = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"];
        command.arg("-C").arg(root).args(person).args(arguments);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    #[test]
    fn git_is_asked_and_runs_no_program_of_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(History::read(&root, || true), History::default());
        if !git(&root, &["init", "-q"]) {
            return;
        }
        assert_eq!(History::read(&root, || true), History::default());
        fs::create_dir(root.join("app")).unwrap();
        for (name, contents) in [("app/größe a.rs", "1"), ("app/b.rs", "1"), ("other.rs", "1")] {
            fs::write(root.join(name), contents).unwrap();
        }
        assert!(git(&root, &["add", "."]) && git(&root, &["commit", "-q", "-m", "one"]));
        let ran = root.join("ran");
        let program = root.join("program.sh");
        fs::write(&program, format!("#!/bin/sh\ntouch '{}'\n", ran.display())).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let program = program.to_str().unwrap();
        for key in ["core.fsmonitor", "core.pager", "pager.log", "diff.external", "gpg.program", "core.sshCommand"] {
            assert!(git(&root, &["config", key, program]));
        }
        assert!(git(&root, &["config", "log.showSignature", "true"]));
        assert!(git(&root, &["config", "diff.x.textconv", program]));
        assert!(git(&root, &["config", "diff.x.command", program]));
        fs::write(root.join(".gitattributes"), "*.rs diff=x\n").unwrap();
        let history = History::read(&root.join("app"), || true);
        let together: Vec<_> = history.co_changed("b.rs").into_iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(together, ["größe a.rs"]);
        assert!(!ran.exists());
        assert_eq!(History::read(&root, || true).co_changed("other.rs").len(), 2);
    }
}
