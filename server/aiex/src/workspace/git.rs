//! The `git` program, asked about what was committed, without running anything that a repository names: its own
//! configuration can name hooks, monitors, pagers, signature checkers, diff drivers, filters and transports.

use std::{
    collections::HashMap,
    io::{BufReader, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// The most bytes of a file of a commit.
const LONGEST: u64 = 8 * 1024 * 1024;

/// `git` in a folder, told what not to run. `None` where there is none outside of it.
pub(super) fn command(root: &Path) -> Option<Command> {
    // Not one of the repository's own, wherever the search path leads.
    let git = aiex_tools::Programs::new(&[root.to_path_buf()]).find("git")?;
    let mut command = Command::new(git);
    command.arg("-C").arg(root).args(["--no-pager", "--no-optional-locks", "--literal-pathspecs"]);
    for setting in [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "core.sshCommand=false",
        "protocol.allow=never",
        "log.showSignature=false",
        "log.follow=false",
        "gpg.program=false",
        "gpg.ssh.program=false",
        "gpg.x509.program=false",
    ] {
        command.args(["-c", setting]);
    }
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
        command.env_remove(name);
    }
    // A partial clone lacks objects, and would fetch them.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none").env("GIT_TERMINAL_PROMPT", "0");
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Some(command)
}

/// What files were at a revision, by their paths relative to `root`; one that was not there is missing, and so is one
/// that is no text. Blocks.
///
/// # Errors
/// Where there is no such revision, as a sentence.
pub fn texts_at(root: &Path, revision: &str, paths: &[&str]) -> Result<HashMap<String, String>, String> {
    let missing = || "`git` is needed to compare with a revision, and is not on PATH".to_owned();
    let unusable = |error: std::io::Error| format!("`git` could not be run: {error}");
    let mut verify = command(root).ok_or_else(missing)?;
    verify.args(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")]);
    let found = verify.output().map_err(unusable)?;
    let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if !found.status.success() || commit.is_empty() {
        return Err(format!("git knows no commit `{revision}` in {}", root.display()));
    }
    let mut batch = command(root).ok_or_else(missing)?;
    let mut child = batch.args(["cat-file", "--batch"]).stdin(Stdio::piped()).spawn().map_err(unusable)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let asked: Vec<_> = paths.iter().filter(|path| !path.contains('\n')).map(|path| (*path).to_owned()).collect();
    let names = asked.clone();
    let writer = thread::spawn(move || {
        let Some(mut stdin) = stdin else { return };
        // One that has ended is seen by what it answers.
        let _ = names.iter().try_for_each(|name| writeln!(stdin, "{commit}:./{name}"));
    });
    let mut texts = HashMap::new();
    if let Some(stdout) = stdout {
        let mut answers = BufReader::new(stdout);
        for name in asked {
            match answer(&mut answers) {
                Ok(Some(text)) => _ = texts.insert(name, text),
                Ok(None) => {}
                Err(_) => break,
            }
        }
    }
    let _ = child.kill();
    let _ = (child.wait(), writer.join());
    Ok(texts)
}

/// One answer of `cat-file --batch`: `<id> blob <bytes>`, the contents and a newline; or `<name> missing`.
fn answer(answers: &mut impl std::io::BufRead) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    if answers.read_until(b'\n', &mut head)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.trim_end().rsplit(' ');
    let (Some(Ok(length)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else { return Ok(None) };
    let mut contents = Vec::new();
    answers.by_ref().take(length.min(LONGEST)).read_to_end(&mut contents)?;
    let rest = length.saturating_sub(LONGEST) + 1;
    std::io::copy(&mut answers.by_ref().take(rest), &mut std::io::sink())?;
    Ok(if kind == "blob" && length <= LONGEST { String::from_utf8(contents).ok() } else { None })
}
