//! A repository's source files, and what both languages say about them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::task::Span;

/// Something with a name that a body can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Relative to the root, with `/`.
    pub path: String,
    /// 1-based line where its head begins.
    pub line: usize,
    /// In Elixir with the arity.
    pub name: String,
    /// As in [`crate::task::Gold::kind`].
    pub kind: &'static str,
    /// The whole of it, without attributes and docs.
    pub span: Span,
    /// As in [`crate::task::Gold::signature`].
    pub signature: Span,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Byte offsets of its lines' starts.
    pub lines: Vec<usize>,
}

impl Source {
    /// The same with its lines found.
    pub fn new(path: String, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, text, lines }
    }

    /// The 0-based line of a byte.
    pub fn line_of(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte) - 1
    }

    /// A line's text without its end, by its 1-based number; empty beyond the last.
    pub fn line(&self, number: usize) -> &str {
        let Some(start) = number.checked_sub(1).and_then(|index| self.lines.get(index)) else { return "" };
        self.text[*start..].lines().next().unwrap_or_default()
    }
}

/// Files below `root` with this ending, in order of path; no hidden folder, no `target`, `_build`, `deps` or `node_modules`.
pub fn read(root: &Path, ending: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            let path = folder.join(&name);
            if kind.is_dir() {
                if !name.starts_with('.') && !["target", "_build", "deps", "node_modules"].contains(&&*name) {
                    folders.push(path);
                }
            } else if kind.is_file() && name.ends_with(ending) {
                let Ok(text) = fs::read_to_string(root.join(&path)) else { continue };
                sources.push(Source::new(path.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Whether a file holds tests, benchmarks or examples, by its path.
pub fn is_test_path(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let file = parts.next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    ["test", "tests", "bench", "benches"].contains(&stem)
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.starts_with("test_")
        || parts.any(|part| ["test", "tests", "bench", "benches", "examples", "fuzz", "testing"].contains(&part))
}
