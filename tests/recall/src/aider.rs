//! aider's repository map within the same budget, where Python and aider are at hand.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, Write},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    score::{Pack, Shown},
    sources::Source,
    task::{Task, masked},
    tokens,
};

const SCRIPT: &str = include_str!("aider_map.py");

/// Maps for tasks and budgets, masked on disk one after the other; `None` without `AIEX_RECALL_PYTHON`, a Python in
/// which `aider` can be imported.
///
/// # Errors
/// What went wrong with a Python that was named.
pub fn maps(
    workspace: &Path,
    tasks: &[(&Task, &Source)],
    budgets: &[usize],
) -> Result<Option<Vec<BTreeMap<usize, Pack>>>, String> {
    let Some(python) = std::env::var_os("AIEX_RECALL_PYTHON") else { return Ok(None) };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let wanted: Vec<Value> = tasks
        .iter()
        .map(|(task, source)| json!({"path": task.path, "line": task.line, "masked": masked(&source.text, task)}))
        .collect();
    let [script, input] = ["map.py", "tasks.json"].map(|name| folder.path().join(name));
    fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
    fs::write(&input, json!({"budgets": budgets, "tasks": wanted}).to_string()).map_err(|error| error.to_string())?;
    let mut command = Command::new(python);
    command.args([&script, &input]).current_dir(workspace);
    let maps = answered(&mut command).map_err(|error| format!("aider's map: {error}"))?;
    let maps: Vec<BTreeMap<usize, String>> = serde_json::from_value(maps).map_err(|error| error.to_string())?;
    Ok(Some(
        maps.into_iter().map(|maps| maps.into_iter().map(|(budget, map)| (budget, read(&map))).collect()).collect(),
    ))
}

/// Runs the script, counting for it, until it says its maps.
fn answered(command: &mut Command) -> io::Result<Value> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (mut ask, told) = (child.stdin.take(), child.stdout.take());
    let mut maps = Value::Null;
    for line in told.map(io::BufReader::new).into_iter().flat_map(BufRead::lines) {
        let mut message: Value = serde_json::from_str(&line?)?;
        if let (Some(text), Some(ask)) = (message["count"].as_str(), &mut ask) {
            writeln!(ask, "{}", tokens::count(text))?;
        } else {
            maps = message["maps"].take();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    Ok(maps)
}

/// A map's files and the lines that it shows of them.
fn read(map: &str) -> Pack {
    let mut pack = Pack { tokens: tokens::count(map), first_lines_suffice: true, ..Pack::default() };
    for line in map.lines() {
        if let Some(text) = line.strip_prefix('│') {
            if let Some(shown) = pack.shown.last_mut() {
                shown.text.push_str(text);
                shown.text.push('\n');
            }
        } else if let Some(path) = line.strip_suffix(':') {
            pack.shown.push(Shown { path: path.to_owned(), lines: None, text: String::new() });
        }
    }
    pack
}
