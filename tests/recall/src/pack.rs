//! What the built binary shows: `aiex context PATH:LINE --intent generate --budget N --json` in a masked workspace.

use std::{fs, path::Path};

use aiex_tests::binary::Home;
use serde_json::Value;

use crate::{
    score::{Pack, Shown},
    task::Task,
    tokens,
};

/// Only local counting is asked of it.
const MODEL: &str = "openai/gpt-4o";
const LEVELS: [&str; 4] = ["signature", "signature_doc", "elided", "full"];

/// Asks once, for a body that is still to be written.
///
/// # Errors
/// What the binary said, or what of its answer breaks the contract, such as a piece that is not in the prompt.
pub fn ask(binary: &Path, home: &Home, workspace: &Path, task: &Task, budget: usize) -> Result<Pack, String> {
    let before = children_seconds();
    let answer = answer(binary, home, workspace, task, "generate", budget)?;
    let cpu = children_seconds().zip(before).map(|(after, before)| after - before);
    let mut pack = read(&answer)?;
    pack.cpu = cpu;
    Ok(pack)
}

/// What the binary answers for an intent, as it is.
///
/// # Errors
/// What the binary said.
pub fn answer(
    binary: &Path,
    home: &Home,
    workspace: &Path,
    task: &Task,
    intent: &str,
    budget: usize,
) -> Result<Value, String> {
    let place = format!("{}:{}", task.path, task.line);
    let budget = budget.to_string();
    let arguments = ["context", &place, "--intent", intent, "--budget", &budget, "--json", "--model", MODEL];
    let output =
        home.command_of(binary, arguments).current_dir(workspace).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("no JSON: {error}"))
}

/// An answer's pieces, its tokens counted anew over the whole prompt.
pub fn read(answer: &Value) -> Result<Pack, String> {
    let list = |name: &str| answer[name].as_array().ok_or_else(|| format!("no list `{name}`"));
    let prompt: Vec<&str> = list("prompt")?.iter().filter_map(|message| message["content"].as_str()).collect();
    let mut pack = Pack { tokens: prompt.iter().map(|content| tokens::count(content)).sum(), ..Pack::default() };
    let place = |piece: &Value| {
        let line = |name: &str| usize::try_from(piece[name].as_u64()?).ok();
        Some((piece["path"].as_str()?.to_owned(), line("start_line")?, line("end_line")?))
    };
    for piece in list("pieces")? {
        let (path, first, last) = place(piece).ok_or("a piece without its place")?;
        let text = piece["text"].as_str().ok_or("a piece without its text")?;
        pack.considered.push((path.clone(), first, last));
        if !LEVELS.contains(&piece["level"].as_str().unwrap_or_default()) {
            continue;
        }
        let missing = text.lines().find(|line| !prompt.iter().any(|content| content.contains(line.trim())));
        if let Some(missing) = missing {
            return Err(format!("{path}:{first}: the prompt lacks this line of a piece: {missing}"));
        }
        pack.shown.push(Shown { path, lines: Some((first, last)), text: text.to_owned() });
    }
    pack.considered.extend(list("dropped")?.iter().filter_map(place));
    Ok(pack)
}

/// Processor time of all children waited for, where /proc has it; its ticks are 1/100 s, so that only sums are exact.
fn children_seconds() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = status.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13).map(|field| field.parse::<f64>().ok());
    Some((fields.next()?? + fields.next()??) / 100.0)
}
