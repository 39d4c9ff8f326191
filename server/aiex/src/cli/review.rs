//! `aiex review`: what is wrong with files, or with what has changed since a revision, a finding a line.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use aiex_context::Intent;
use aiex_syntax::Language;
use aiex_text::Encoding;
use anyhow::{Error, Result, bail};
use serde_json::json;

use super::{edit::on_stage, place::Found, print};
use crate::{
    context::Order,
    explain::Target,
    ledger::Database,
    review::{self, Job, Reviewed, Reviewer},
    workspace::{Phase, WorkspaceIndex, git},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex review src/cart.rs                  a file
  aiex review src lib/shop/cart.ex:42      a folder, and one function
  aiex review --diff main                  what has changed since main
  aiex review --diff HEAD --model offline  by the syntax alone

Each finding is a line: path:line:column: severity: text";

pub(super) fn review(paths: Vec<String>, diff: Option<String>, model: Option<String>, json: bool) -> Result<ExitCode> {
    if paths.is_empty() && diff.is_none() {
        bail!("name the files that are to be reviewed, or a revision: --diff HEAD");
    }
    let places = match paths.is_empty() {
        true => files_below(Path::new(".")),
        false => paths.iter().flat_map(|place| expanded(place)).collect(),
    };
    let mut found = Vec::new();
    let mut workspaces = BTreeSet::new();
    for place in places {
        match Found::at(&place, model.clone()) {
            Ok(one) => {
                workspaces.insert(one.workspace.clone());
                found.push(one);
            }
            // Of a folder, what cannot be read is passed over.
            Err(error) if paths.is_empty() || !paths.contains(&place) => eprintln!("aiex: {error:#}"),
            Err(error) => return Err(error),
        }
    }
    let Some(first) = found.first() else { bail!("there is no Rust and no Elixir file to review") };
    let before = match &diff {
        None => None,
        Some(revision) => Some(texts_at(&found, revision)?),
    };
    let indexes: HashMap<PathBuf, Arc<WorkspaceIndex>> = workspaces
        .iter()
        .filter_map(|workspace| {
            let of = found.iter().find(|found| found.workspace == *workspace)?;
            Some((workspace.clone(), Arc::new(of.index()?)))
        })
        .collect();
    super::model::run(first.loaded.clone(), &workspaces, async |model, _| {
        let (mut findings, mut failed) = (Vec::new(), Vec::new());
        let store = Database::default().open();
        // As whoever reads the lines can follow them.
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
        for found in &found {
            let text = found.target.snapshot.text();
            let changed = before.as_ref().map(|before| {
                let before = before.get(&found.absolute).map(String::as_str).unwrap_or_default();
                review::changed_lines(before, &text.to_string())
            });
            if changed.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            // What is not to be sent is looked at by its syntax alone.
            let privacy = found.loaded.config.privacy.check(&found.absolute);
            let model = model.as_ref().filter(|_| privacy.is_ok());
            let index = indexes.get(&found.workspace);
            let selection = changed.as_ref().map(|changed| review::changed_code(text, changed));
            let order = Order { selection, ..Order::of(Intent::Review).map_err(Error::msg)? };
            let question =
                model.map(|model| found.question_with(index.cloned(), order, &model.name, model.corrections(), None));
            let built =
                question.as_ref().map(|question| |part: &Arc<Target>, most: usize| question.about(part).built(most));
            let reviewer = model.zip(built.as_ref()).zip(question.as_ref());
            let reviewer = reviewer.map(|((model, built), question)| Reviewer {
                model,
                question: built,
                room: question.terms.room(),
            });
            let is_used_elsewhere = |name: &str| {
                let named = |index: &Arc<WorkspaceIndex>| {
                    index.phase() != Phase::Ready
                        || index.query(|all, _| all.is_named_elsewhere(&found.target.path, name))
                };
                // Where not every file is known, nobody can tell.
                index.is_none_or(named)
            };
            let workspace = found.workspace.display().to_string();
            let dismissed = store.as_ref().ok().and_then(|store| store.dismissed(&workspace).ok()).unwrap_or_default();
            let job = Job {
                target: &found.target,
                changed: changed.as_deref(),
                is_used_elsewhere: &is_used_elsewhere,
                said: &[],
                dismissed: &dismissed,
            };
            let reviewed = review::review(reviewer, &job, &on_stage()).await;
            let Reviewed { findings: of_file, notes, failed: of_model, .. } = reviewed;
            failed.extend(of_model);
            notes.iter().for_each(|note| eprintln!("aiex: {}: {note}", found.target.path));
            let shown = here.as_ref().and_then(|here| found.absolute.strip_prefix(here).ok());
            let shown = shown.map_or(found.absolute.display(), Path::display).to_string();
            for finding in of_file {
                let at = text.position(finding.range.start, Encoding::Utf32);
                let (line, col) = (at.line + 1, at.column + 1);
                let (path, severity) = (&found.target.path, finding.severity.as_str());
                match json {
                    true => findings.push(json!({
                        "path": path, "line": line, "col": col, "severity": severity, "text": finding.text,
                    })),
                    false => print(&format!("{shown}:{line}:{col}: {severity}: {}\n", finding.text))?,
                }
            }
        }
        if json {
            print(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?;
        }
        failed.iter().for_each(|why| eprintln!("aiex: {why}"));
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// What files were at a revision, by their paths without links.
fn texts_at(found: &[Found], revision: &str) -> Result<HashMap<PathBuf, String>> {
    let workspaces: BTreeSet<_> = found.iter().map(|found| &found.workspace).collect();
    let mut texts = HashMap::new();
    for workspace in workspaces {
        let own = found.iter().filter(|found| found.workspace == *workspace);
        let paths: Vec<_> = own.map(|found| found.target.path.as_str()).collect();
        let of = git::texts_at(workspace, revision, &paths).map_err(Error::msg)?;
        texts.extend(of.into_iter().map(|(path, text)| (workspace.join(path), text)));
    }
    Ok(texts)
}

/// The files of a folder; else the place as it is.
fn expanded(place: &str) -> Vec<String> {
    let path = Path::new(place);
    if path.is_dir() { files_below(path) } else { vec![place.to_owned()] }
}

/// The files below a folder that can be reviewed, without those that git or Aiex ignores.
fn files_below(folder: &Path) -> Vec<String> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.add_custom_ignore_filename(".aiexignore").sort_by_file_path(Ord::cmp);
    // A link may lead anywhere.
    let is_file = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_file());
    let files = walk.build().filter_map(std::result::Result::ok).filter(is_file);
    let names = files.map(|entry| entry.into_path().to_string_lossy().into_owned());
    let names = names.filter(|name| Language::from_file_name(name).is_some());
    names.map(|name| name.strip_prefix("./").map(str::to_owned).unwrap_or(name)).collect()
}
