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

use super::{
    place::{Found, FoundForEdit, Question},
    print,
};
use crate::{
    checkpoints::{self, Restore},
    config::Verify,
    context::Order,
    edit::{self, Asking, EditError, Job, Stage},
    engine::Model,
    explain::Target,
    ledger::Database,
    unified_diff::unified,
    verify,
};

pub(super) const REFACTOR_EXAMPLES: &str = "\
Examples:
  aiex refactor lib/shop/cart.ex:42 \"use with instead of nested cases\"
  aiex refactor src/main.rs:10-24 \"extract these lines into a function\" --write
  aiex refactor lib/shop/cart.ex:42          carries out the comment `# AI: …` there";

pub(super) const FIX_EXAMPLES: &str = "\
Examples:
  aiex fix src/main.rs:12                    what the compiler says of the code there (in trusted workspaces)
  aiex fix src/main.rs:12 --diagnostic \"mismatched types: expected u32, found usize\"";

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
    let asks_compiler = intent == Intent::Fix && order.faults.is_empty();
    let wants_check = found.loaded.config.edits.verify == Verify::Check;
    super::model::run(found.loaded.clone(), &workspaces, async |model, loaded| {
        if model.is_some() {
            loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
        }
        let verifier = (model.is_some() && (wants_check || asks_compiler)).then(|| super::verifier::of(&found));
        let order = match &verifier {
            Some(verifier) if asks_compiler => {
                let faults = verify::faults(verifier.clone(), &found.target, &on_stage()).await.map_err(Error::msg)?;
                Order { faults, ..order }
            }
            _ => order,
        };
        let question = question(model.as_ref(), &found, &order).await?;
        let job = Job {
            target: &found.target,
            order: &order,
            cut: found.cut.clone(),
            is_new: found.is_new,
            root: &found.workspace,
            max_repairs: loaded.config.edits.max_repairs,
            verifier: verifier.clone().filter(|_| wants_check),
        };
        let stage = on_stage();
        let built = question.as_ref().map(|question| |most: usize| question.built(most));
        let asking = model.as_ref().zip(built.as_ref()).map(|(model, question)| Asking { model, question });
        let edited = match edit::edit(asking, &job, &stage).await {
            Ok(edited) => edited,
            Err(error) => return Err(refused(&error, &found.target)),
        };
        edited.notes.iter().for_each(|note| eprintln!("aiex: {note}"));
        let by = edited.by.as_deref().unwrap_or("the structural engine");
        let summary = format!("by {by}: {}", edited.checks());
        finish(
            &found.workspace,
            &format!("aiex {intent} {}", found.target.name()),
            &edited.patch,
            &summary,
            wanted.write,
        )
    })
}

/// What the model is asked; the workspace is indexed aside, so that Ctrl-C is heard.
pub(super) async fn question(
    model: Option<&Model>,
    found: &Arc<FoundForEdit>,
    order: &Order,
) -> Result<Option<Question>> {
    let Some(model) = model else { return Ok(None) };
    let (found, order) = (found.clone(), order.clone());
    let (name, corrections) = (model.name.clone(), model.corrections().clone());
    Ok(Some(super::stop::aside(move || found.question(order, &name, &corrections, None)).await?))
}

/// Why there is no edit, after the reply on stderr where there is one.
pub(super) fn refused(error: &EditError, target: &Target) -> Error {
    if let Some(rejected) = error.rejected(target) {
        eprintln!("{}", rejected.markdown);
    }
    Error::msg(error.to_string())
}

/// Says on a terminal how far an edit is.
pub(super) fn on_stage() -> impl Fn(Stage) + Send + Sync {
    let is_terminal = std::io::stderr().is_terminal();
    move |stage| {
        if is_terminal && !matches!(stage, Stage::Received(..)) {
            eprintln!("aiex: {stage}");
        }
    }
}

/// Shows or writes an edit.
pub(super) fn finish(root: &Path, title: &str, patch: &Patch, summary: &str, write: bool) -> Result<ExitCode> {
    if write {
        let files = written(root, patch)?;
        let store = Database::default().open().map_err(Error::msg)?;
        let checkpoint = checkpoints::change(&store, root, title, &files).map_err(Error::msg)?;
        let names: Vec<_> = patch.files.iter().map(|file| file.path.as_str()).collect();
        let names = names.join(", ");
        eprintln!("aiex: wrote {names} {summary}; `aiex checkpoints restore {}` takes it back", checkpoint.0);
    } else {
        for file in &patch.files {
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
