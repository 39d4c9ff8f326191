//! Programs of a project, run in its copy: for long, with much to say, at the lowest priority, stopped with all they began.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    ffi::OsString,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    path::Path,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::program::{Group, ProgramError, Programs};

/// How often the free space is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The free space that a build leaves to others, in bytes.
const LEFT_FREE: u64 = 256 * 1024 * 1024;
/// How long the pipes of a program that has ended may be held open by what it left running out of our reach.
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes of one line that are kept.
const LINE: usize = 4 * 1024 * 1024;
/// Names the copy in which a process runs. By it, those are known that made themselves a session of their own.
const MARK: &str = "AIEX_RUN";

/// What is run.
pub(crate) struct Run<'a> {
    /// Its bare name.
    pub program: &'a str,
    pub arguments: &'a [String],
    pub folder: &'a Path,
    /// Besides the usual ones, and in their place.
    pub variables: &'a [(&'a str, OsString)],
    /// From its start to its end.
    pub time: Duration,
    /// The copy, in which nothing else runs.
    pub copy: &'a Path,
    /// How many bytes the free space of the folder's disk may shrink by.
    pub disk: u64,
}

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself; its exit code, `None` where a signal ended it.
    Exited(Option<i32>),
    /// It was stopped. What it had printed was passed on.
    TimedOut,
}

/// Why it did not run to an end.
#[derive(Debug)]
pub(crate) enum RunError {
    Program(ProgramError),
    /// It was stopped for it; bytes that are free.
    DiskFull {
        free: u64,
    },
}

/// Runs a program and passes on each line that it prints, while it runs. Killed with all that it started when it takes
/// too long, when it fills the disk, and when the future is dropped; what it left running is killed when it ends.
///
/// On Linux that includes processes in sessions of their own, unless they gave up their variables; on other Unixes the
/// process group; on Windows the process.
pub(crate) async fn run(
    programs: &Programs,
    run: &Run<'_>,
    mut line: impl FnMut(Stream, &str),
) -> Result<End, RunError> {
    let unusable =
        |error: io::Error| ProgramError::Unusable { program: run.program.to_owned(), reason: error.to_string() };
    let mut command = programs.command(run.program).map_err(RunError::Program)?;
    command.args(run.arguments).current_dir(run.folder).env(MARK, run.copy);
    command.envs(run.variables.iter().map(|(name, value)| (name, value)));
    #[cfg(windows)]
    command.creation_flags(0x4000); // BELOW_NORMAL_PRIORITY_CLASS
    let start = free(run.folder);
    let mut child = command.spawn().map_err(unusable).map_err(RunError::Program)?;
    let mut tree = Tree { group: Group::of(&child), copy: run.copy };
    tree.group.yield_to_others();

    let mut out = Lines::new(child.stdout.take());
    let mut err = Lines::new(child.stderr.take());
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut deadline = Instant::now() + run.time;
    let mut ended = None;
    while ended.is_none() || out.is_open() || err.is_open() {
        tokio::select! {
            length = out.read(), if out.is_open() => out.pass(length, |text| line(Stream::Out, text)),
            length = err.read(), if err.is_open() => err.pass(length, |text| line(Stream::Err, text)),
            status = child.wait(), if ended.is_none() => {
                ended = Some(status.map_err(unusable).map_err(RunError::Program)?.code());
                // What it left running would keep the pipes open.
                tree.kill();
                deadline = Instant::now() + LINGER;
            }
            _ = look.tick() => {
                if let (Some(start), Some(free)) = (start, free(run.folder))
                    && (start.saturating_sub(free) > run.disk || free < LEFT_FREE)
                {
                    tree.kill();
                    return Err(RunError::DiskFull { free });
                }
            }
            () = sleep_until(deadline) => break,
        }
    }
    out.finish(|text| line(Stream::Out, text));
    err.finish(|text| line(Stream::Err, text));
    Ok(ended.map_or(End::TimedOut, End::Exited))
}

/// 128 random bits, in hexadecimal.
pub(crate) fn random() -> String {
    let bits = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", bits(), bits())
}

/// The bytes that are free where a folder lies, where that is known.
fn free(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    let free = rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    let free = {
        let _ = folder;
        None
    };
    free
}

/// Kills the processes that run in a copy, on Linux.
pub(crate) fn kill_marked(copy: &Path) {
    #[cfg(target_os = "linux")]
    {
        let mark = [format!("{MARK}=").as_bytes(), copy.as_os_str().as_encoded_bytes()].concat();
        marked::kill(&mark);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = copy;
}

/// All processes of a run; killed when dropped.
struct Tree<'a> {
    group: Group,
    copy: &'a Path,
}

impl Tree<'_> {
    fn kill(&mut self) {
        self.group.kill();
        kill_marked(self.copy);
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Processes that have left their group are found by a variable that they inherited.
#[cfg(target_os = "linux")]
mod marked {
    use std::{collections::BTreeSet, fs, thread, time::Duration};

    use rustix::process::{Pid, Signal, kill_process};

    /// The most times that they are looked for.
    const ROUNDS: usize = 200;

    /// Stops what it finds until it finds nothing new, so that none can start another meanwhile; then kills them, until
    /// none is there.
    pub(super) fn kill(mark: &[u8]) {
        for round in 0..ROUNDS {
            let mut stopped = BTreeSet::new();
            loop {
                let found: Vec<i32> = processes(mark).filter(|id| stopped.insert(*id)).collect();
                if found.is_empty() {
                    break;
                }
                found.into_iter().for_each(|id| send(id, Signal::STOP));
            }
            if stopped.is_empty() {
                return;
            }
            stopped.into_iter().for_each(|id| send(id, Signal::KILL));
            if round > 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn send(id: i32, signal: Signal) {
        let _ = Pid::from_raw(id).map(|id| kill_process(id, signal));
    }

    /// Those whose first variables hold the mark. One that has ended has none.
    fn processes(mark: &[u8]) -> impl Iterator<Item = i32> {
        let folders = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let ids = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<i32>().ok());
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        ids.filter(move |id| {
            if *id == own {
                return false;
            }
            let variables = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            variables.split(|byte| *byte == 0).any(|variable| variable == mark)
        })
    }
}

/// The lines of a pipe, as they come.
struct Lines<P> {
    pipe: Option<P>,
    /// The line that has not ended, up to [`LINE`] bytes of it.
    line: Vec<u8>,
    buffer: Vec<u8>,
}

impl<P: AsyncRead + Unpin> Lines<P> {
    fn new(pipe: Option<P>) -> Self {
        Self { pipe, line: Vec::new(), buffer: vec![0; 64 * 1024] }
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Waits for more; nothing is lost where the future is dropped. The bytes read, 0 at the end.
    async fn read(&mut self) -> usize {
        match &mut self.pipe {
            Some(pipe) => pipe.read(&mut self.buffer).await.unwrap_or(0),
            None => 0,
        }
    }

    /// Passes on the lines that end in what was read.
    fn pass(&mut self, length: usize, mut pass: impl FnMut(&str)) {
        let mut read = self.buffer.get(..length).unwrap_or_default();
        if read.is_empty() {
            self.pipe = None;
        }
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            let (ended, rest) = read.split_at(end);
            append(&mut self.line, ended);
            pass(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
            self.line.clear();
            read = rest.get(1..).unwrap_or_default();
        }
        append(&mut self.line, read);
    }

    /// Passes on a last line without an end.
    fn finish(&mut self, mut pass: impl FnMut(&str)) {
        if !self.line.is_empty() {
            pass(&String::from_utf8_lossy(&self.line));
            self.line.clear();
        }
    }
}

fn append(line: &mut Vec<u8>, more: &[u8]) {
    let room = LINE.saturating_sub(line.len()).min(more.len());
    line.extend_from_slice(more.get(..room).unwrap_or_default());
}

/// The first and the last lines of what a program says, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Said {
    first: Vec<String>,
    last: VecDeque<String>,
}

impl Said {
    /// The most lines at each end.
    const LINES: usize = 200;
    /// The most characters of a line.
    const WIDTH: usize = 1_000;

    pub(crate) fn push(&mut self, line: &str) {
        let line = line.chars().take(Self::WIDTH).collect();
        if self.first.len() < Self::LINES {
            self.first.push(line);
            return;
        }
        if self.last.len() == Self::LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.first.iter().chain(&self.last).map(String::as_str)
    }
}

/// Lines without what a terminal would act on, the paths of the copy as relative ones; at most so many lines, and 2,000
/// characters.
pub(crate) fn clean<'a>(lines: impl Iterator<Item = &'a str>, tree: &Path, most: usize) -> String {
    let top = tree.display();
    let above = tree.parent().unwrap_or(tree).display();
    let paths = [format!("{top}/"), format!(" ({top})"), format!("{above}/")];
    let relative = |line: &str| paths.iter().fold(plain(line), |line, path| line.replace(path, ""));
    let mut text = String::new();
    for line in lines.map(relative).filter(|line| !line.trim().is_empty()).take(most) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.trim_end());
    }
    if text.chars().count() > MOST_SAID {
        text = text.chars().take(MOST_SAID).chain(['…']).collect();
    }
    text
}

/// The most characters of what a program says that are passed on.
const MOST_SAID: usize = 2_000;

/// Without control characters and without the sequences that colour text.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' if chars.next() == Some('[') => {
                let _ = chars.find(char::is_ascii_alphabetic);
            }
            '\t' => plain.push_str("    "),
            char if !char.is_control() && !is_invisible(char) => plain.push(char),
            _ => {}
        }
    }
    plain
}

/// Characters that change how the others around them are shown.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
