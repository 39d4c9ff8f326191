//! What ranking weighs for each task, for `fit.py`: a line of names, then a row of little-endian `f32` for each candidate.

use std::{
    io::{self, Write},
    path::Path,
};

use aiex_context::{FileIndex, Workspace, fitting};
use aiex_recall::{
    score::masked_line,
    sources::{self, Source},
    task::{Gold, Repository, Task, masked},
};
use aiex_syntax::{Language, Syntax};
use aiex_text::Text;

/// The line of names.
pub(crate) fn begin(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", fitting::names().join(" "))
}

/// A repository's rows: its number, whether the candidate is gold, its features.
pub(crate) fn write(out: &mut impl Write, number: u16, repository: &Repository) -> io::Result<()> {
    let endings: &[&str] = if repository.language == "rust" { &[".rs"] } else { &[".ex", ".exs"] };
    let sources: Vec<Source> =
        endings.iter().flat_map(|ending| sources::read(Path::new(&repository.root), ending)).collect();
    let mut workspace = Workspace::default();
    sources.iter().for_each(|source| update(&mut workspace, &source.path, &source.text));
    for task in &repository.tasks {
        let Some(source) = sources.iter().find(|source| source.path == task.path) else { continue };
        update(&mut workspace, &task.path, &masked(&source.text, task));
        let candidates = workspace.weighed(&task.path, masked_line(source, task, task.line)).unwrap_or_default();
        update(&mut workspace, &task.path, &source.text);
        for candidate in candidates {
            let is_gold = task
                .gold
                .iter()
                .any(|gold| gold.path == *candidate.path && masked_line_of(&sources, task, gold) == candidate.line);
            let row = [f32::from(number), f32::from(u8::from(is_gold))];
            for value in row.iter().chain(&candidate.features) {
                out.write_all(&value.to_le_bytes())?;
            }
        }
    }
    Ok(())
}

fn masked_line_of(sources: &[Source], task: &Task, gold: &Gold) -> usize {
    let source = sources.iter().find(|source| source.path == gold.path);
    source.map_or(gold.line, |source| masked_line(source, task, gold.line))
}

fn update(workspace: &mut Workspace, path: &str, text: &str) {
    let Some(language) = Language::from_file_name(path) else { return };
    if let Ok(syntax) = Syntax::parse(language, &Text::new(text), None, || true) {
        workspace.update(path, language, FileIndex::new(path, text, &syntax));
    }
}
