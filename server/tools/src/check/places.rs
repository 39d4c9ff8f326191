//! [`Places`]: paths as compilers print them, as those of the project.

use std::{
    iter::once,
    path::{Path, PathBuf},
};

use super::{Diagnostic, LINES, Severity};
use crate::{build::clean, project::normal};

/// Where a copy lies, for reading what is said of its files.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The copy's top.
    tree: PathBuf,
    /// The folder in which the program ran.
    folder: PathBuf,
}

type Place = (String, usize, Option<usize>);

impl Places {
    pub(crate) fn new(tree: &Path, folder: &str) -> Self {
        let inside = if folder.is_empty() { tree.to_owned() } else { tree.join(folder) };
        Self { tree: tree.to_owned(), folder: inside }
    }

    /// The path of a file in the copy, relative to its top; `None` of any other.
    pub(crate) fn path(&self, printed: &str) -> Option<String> {
        let path = normal(&self.folder.join(printed));
        let inside = path.strip_prefix(&self.tree).ok()?;
        let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
        path.is_file().then_some(parts?.join("/"))
    }

    /// Lines that a program says, clean.
    pub(crate) fn clean<'a>(&self, lines: impl Iterator<Item = &'a str>, most: usize) -> String {
        clean(lines, &self.tree, most)
    }

    fn error(&self, (path, line, column): Place, message: String) -> Diagnostic {
        let line = line.max(1);
        Diagnostic { path, severity: Severity::Error, line, end_line: line, column, code: None, message }
    }

    /// What cargo says of a manifest: `error: …`, then ` --> Cargo.toml:7:8`.
    pub(crate) fn of_cargo(&self, said: &[&str]) -> Option<Diagnostic> {
        let start = said.iter().position(|line| line.starts_with("error"))?;
        let lines = said.get(start..)?;
        let place = lines.iter().find_map(|line| self.place(line.trim_start().strip_prefix("--> ")?))?;
        let first = lines.first()?;
        let first = first.strip_prefix("error: ").unwrap_or(first);
        Some(self.error(place, self.clean(once(first), 1)))
    }

    /// What Elixir says of files that it runs, as tests are and `mix.exs`: `** (CompileError) test/a_test.exs:3: …`, and
    /// since 1.15 `error: …` with `└─ test/a_test.exs:3:5: A.b/0` some lines below.
    pub(crate) fn of_elixir(&self, said: &[&str]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut message: Option<&str> = None;
        for (at, line) in said.iter().enumerate() {
            let text = line.trim_start();
            if let Some(rest) = text.strip_prefix("error: ") {
                message = Some(rest);
            } else if text.starts_with("warning: ") {
                message = None;
            } else if let Some((_, rest)) = text.strip_prefix("** (").and_then(|rest| rest.split_once(") ")) {
                message = None;
                let behind = said.get(at.saturating_add(1)..).unwrap_or_default();
                let more = behind.iter().copied().take_while(|line| is_more(line));
                let place = rest.split_once(": ").and_then(|(place, first)| Some((self.place(place)?, first)));
                if let Some((place, first)) = place {
                    // Since 1.15 it sums up what was said above.
                    if found.is_empty() || !first.contains("cannot compile module") {
                        found.push(self.error(place, self.clean(once(first).chain(more), LINES)));
                    }
                } else if let Some(place) = behind.iter().find_map(|line| self.trace(line)) {
                    // Raised while the file was read.
                    found.push(self.error(place, self.clean(once(text).chain(more), LINES)));
                }
            } else if let Some(said) = message
                && let Some(place) = self.place(text.trim_start_matches("└─ "))
            {
                found.push(self.error(place, self.clean(once(said), 1)));
                message = None;
            }
        }
        found
    }

    /// `path:line:column…` or `path:line…`, of a file in the copy.
    fn place(&self, text: &str) -> Option<Place> {
        let mut parts = text.split(':');
        let path = self.path(parts.next()?.trim())?;
        let line = parts.next()?.trim().parse().ok()?;
        Some((path, line, parts.next().and_then(|column| column.trim().parse().ok())))
    }

    /// A line of a trace: `    test/a_test.exs:3: A.b/0`, `    (shop 0.1.0) lib/a.ex:3: A.b/0`.
    fn trace(&self, line: &str) -> Option<Place> {
        let text = line.strip_prefix("    ")?;
        let text = if text.starts_with('(') { text.split_once(") ")?.1 } else { text };
        self.place(text)
    }
}

/// Whether a line belongs to the message above it: neither a trace nor the next thing.
fn is_more(line: &str) -> bool {
    let text = line.trim_start();
    let is_trace = text.starts_with('(') || text.contains(".ex:") || text.contains(".exs:");
    !text.is_empty() && !text.starts_with("** (") && !is_trace
}
