//! Packs as a person reads them: the target, each piece with its level, tokens and reason, and what was left out.

use std::{fmt::Write as _, path::Path};

use aiex_tests::binary::Home;
use serde_json::Value;

use crate::{
    pack,
    random::Random,
    task::{Repository, Task},
};

/// The most tokens of a prompt that is shown.
pub const BUDGET: usize = 4000;

/// Shows so many packs of a repository for an intent, always the same ones. `workspace` holds its sources, whole.
pub fn show(binary: &Path, workspace: &Path, repository: &Repository, intent: &str, count: usize) -> String {
    let (home, mut random) = (Home::default(), Random::default());
    let mut left: Vec<&Task> = repository.tasks.iter().collect();
    let mut out = String::new();
    while !left.is_empty() && repository.tasks.len() - left.len() < count {
        let task = left.swap_remove(random.below(left.len()));
        let _ = writeln!(out, "\n## {} · {intent} · {}:{} · {}\n", repository.name, task.path, task.line, task.name);
        match pack::answer(binary, &home, workspace, task, intent, BUDGET) {
            Ok(answer) => out.push_str(&page(&answer)),
            Err(error) => _ = writeln!(out, "{error}"),
        }
    }
    out
}

/// One answer of `aiex context --json`.
fn page(answer: &Value) -> String {
    let list = |name: &str| answer[name].as_array().map_or(&[][..], Vec::as_slice);
    let place = |of: &Value| format!("{}:{}-{}", text(&of["path"]), of["start_line"], of["end_line"]);
    let (tokens, budget) = (&answer["tokens"], &answer["budget"]);
    let mut out = format!("{tokens} of {budget} tokens, {} pieces\n", list("pieces").len());
    for piece in list("pieces") {
        let (level, tokens, reason) = (text(&piece["level"]), &piece["tokens"], text(&piece["reason"]));
        let _ = writeln!(out, "\n- {level}, {tokens} tokens, {}: {reason}", place(piece));
        text(&piece["text"]).lines().for_each(|line| _ = writeln!(out, "      {line}"));
    }
    for dropped in list("dropped") {
        let _ =
            writeln!(out, "- left out, {} tokens, {}: {}", dropped["tokens"], place(dropped), text(&dropped["reason"]));
    }
    out
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
