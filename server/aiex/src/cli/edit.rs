//! `aiex refactor`, `fix`, `document` and `generate`: an edit as a unified diff on stdout, or written to the file.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use aiex_assist::Patch;
use aiex_context::Intent;
use anyhow::{Error, Result, bail};

use super::{place::Found, print};
use crate::{
    checkpoints::{self, Restore},
    context::Order,
    edit::{self, Asking, Edited, Job, Stage},
    ledger::Database,
    unified_diff::unified,
};

pub(super) const REFACTOR_EXAMPLES: &str = "\
Examples:
  aiex refactor lib/shop/cart.ex:42 \"use with instead of nested cases\"
  aiex refactor src/main.rs:10-24 \"extract these lines into a function\" --write
  aiex refactor lib/shop/cart.ex:42          carries out the comment `# AI: …` there";

pub(super) const FIX_EXAMPLES: &str = "\
Examples:
  aiex fix src/main.rs:12 --diagnostic \"mismatched types: expected u32, found usize\"
  cargo check 2>&1 | head -5                 shows what to pass";

pub(super) const DOCUMENT_EXAMPLES: &str = "\
Examples:
  aiex document lib/shop/cart.ex:42 --write
  aiex document src/main.rs:7 --model offline   a skeleton, from the parse alone";

pub(super) const GENERATE_EXAMPLES: &str = "\
Examples:
  aiex generate src/cart.rs:30                                the body of the function there
  aiex generate src/cart.rs \"a function that empties the cart\"
  aiex generate lib/shop/coupon.ex \"a struct for coupons, with validation\"   a new file";

/// What the command line asks for.
pub(super) struct Wanted {
    pub(super) intent: Intent,
    pub(super) place: String,
    pub(super) instruction: Option<String>,
    pub(super) diagnostics: Vec<String>,
    pub(super) model: Option<String>,
    pub(super) write: bool,
}

pub(super) fn edit(wanted: Wanted) -> Result<ExitCode> {
    let found = Found::for_edit(&wanted.place, wanted.model.clone(), wanted.intent, wanted.instruction.clone())?;
    let found = Arc::new(found);
    let intent = found.intent;
    if intent == Intent::Fix && wanted.diagnostics.is_empty() {
        bail!("say what is to be mended: --diagnostic \"the compiler's message\", once for each");
    }
    if matches!(intent, Intent::Refactor) && found.words.is_none() {
        bail!("say what is to be done, after the place, or in a comment `AI: …` there");
    }
    if intent == Intent::Generate && found.words.is_none() && (found.is_new || !found.target.is_unwritten()) {
        bail!("say what is to be written, after the place, or in a comment `AI: …` there");
    }
    let order = Order::of(intent).map_err(Error::msg)?;
    let order = Order {
        selection: found.selection.clone(),
        instruction: found.words.clone(),
        faults: wanted.diagnostics.clone(),
        ..order
    };
    let workspaces = [found.workspace.clone()].into();
    super::model::run(found.loaded.clone(), &workspaces, async |model, loaded| {
        if model.is_some() {
            loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
        }
        let question = match &model {
            None => None,
            Some(model) => {
                let (found, order) = (found.clone(), order.clone());
                let (name, corrections) = (model.name.clone(), model.corrections().clone());
                Some(super::stop::aside(move || found.question(order, &name, &corrections, None)).await?)
            }
        };
        let stages = std::io::stderr().is_terminal();
        let job = Job {
            target: &found.target,
            order: &order,
            cut: found.cut.clone(),
            is_new: found.is_new,
            root: &found.workspace,
            max_repairs: loaded.config.edits.max_repairs,
        };
        let stage = |stage: Stage| {
            if stages && !matches!(stage, Stage::Received(..)) {
                eprintln!("aiex: {stage}");
            }
        };
        let built = question.as_ref().map(|question| |most: usize| question.built(most));
        let asking = model.as_ref().zip(built.as_ref()).map(|(model, question)| Asking { model, question });
        let edited = match edit::edit(asking, &job, &stage).await {
            Ok(edited) => edited,
            Err(error) => {
                if let Some(rejected) = error.rejected(&found.target) {
                    eprintln!("{}", rejected.markdown);
                }
                bail!("{error}")
            }
        };
        finish(&found.workspace, &format!("aiex {intent} {}", found.target.name()), &edited, wanted.write)
    })
}

/// Shows or writes an edit.
fn finish(root: &Path, title: &str, edited: &Edited, write: bool) -> Result<ExitCode> {
    let by = edited.by.as_deref().unwrap_or("the structural engine");
    let summary = format!("by {by}: {}", edited.checks());
    if write {
        let files = written(root, &edited.patch)?;
        let store = Database::default().open().map_err(Error::msg)?;
        let checkpoint = checkpoints::change(&store, root, title, &files).map_err(Error::msg)?;
        let names: Vec<_> = edited.patch.files.iter().map(|file| file.path.as_str()).collect();
        let names = names.join(", ");
        eprintln!("aiex: wrote {names} {summary}; `aiex checkpoints restore {}` takes it back", checkpoint.0);
    } else {
        for file in &edited.patch.files {
            let before = file.before.as_deref();
            print(&unified(
                before.map(|_| file.path.as_str()),
                Some(&file.path),
                before.unwrap_or_default(),
                &file.after,
            ))?;
        }
        eprintln!("aiex: {summary}; --write applies it");
    }
    edited.notes.iter().for_each(|note| eprintln!("aiex: {note}"));
    Ok(ExitCode::SUCCESS)
}

/// The files as they are on disk now, and as they will be: what was saved meanwhile stays, or nothing is written.
fn written(root: &Path, patch: &Patch) -> Result<Vec<Restore>> {
    let mut files = Vec::new();
    for file in &patch.files {
        let path: PathBuf = root.join(&file.path);
        let now = checkpoints::present(&path).map_err(Error::msg)?;
        let after = match (&file.before, &now) {
            (None, None) => file.after.clone(),
            (None, Some(_)) => bail!("{} exists meanwhile; nothing was written over it", path.display()),
            (Some(_), None) => bail!("{} is gone; nothing was written", path.display()),
            (Some(_), Some(now)) => {
                let edits = file.onto(now)?;
                aiex_text::apply(&aiex_text::Text::new(now), &edits)?.to_string()
            }
        };
        files.push(Restore { path, expect: now, to: Some(after) });
    }
    Ok(files)
}
