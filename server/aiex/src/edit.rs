//! [`edit`]: from a question to a patch that was checked, mended by the model where it was refused.

mod ask;
mod style;

use std::{ops::Range, path::Path, sync::Arc};

use aiex_assist::{Draft, FilePatch, Patch, Refusal, Source, Task, draft};
use aiex_context::Intent;
use aiex_tools::{FormatError, Programs};

use crate::{
    context::{Built, Order},
    explain::Target,
    verify::{Verdict, Verifier, described},
};

use ask::MOST_TOLD;
pub use ask::{Asking, Check, EditError, Fault, OnStage, Stage, converse};

/// What is to be edited, and how.
pub struct Job<'a> {
    /// What is meant.
    pub target: &'a Target,
    /// What is to be done.
    pub order: &'a Order,
    /// The whole text, where the target's snapshot lacks a part of it that goes with the edit: half-open, in bytes.
    pub cut: Option<(Arc<str>, Range<usize>)>,
    /// The target's file is to be made.
    pub is_new: bool,
    /// The folder of the workspace.
    pub root: &'a Path,
    /// How often a refused reply goes back to the model.
    pub max_repairs: u64,
    /// What compiles the edit in a copy, where that is wanted and may be; else why not, in a sentence, if it is wanted.
    pub verifier: Option<Result<Verifier, String>>,
}

/// An edit that passed every check.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The change.
    pub patch: Patch,
    /// Whether it is laid out as the language's formatter does.
    pub format: Format,
    /// Whether it compiles.
    pub compile: Compile,
    /// `provider/model` of who made it; `None` for the structural engine.
    pub by: Option<String>,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
}

/// What became of the layout of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the formatter has it.
    Done,
    /// Left alone: the files were not formatted before either, or there is no formatter that would say so.
    Left,
}

/// What a compiler made of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compile {
    /// The project compiles.
    Done,
    /// It does not, but not because of the edit.
    Partly,
    /// Nobody asked a compiler, or none could be asked.
    Unknown,
}

impl Edited {
    /// What was checked, for people: `parse ✓ format ✓ compile ✓`.
    pub fn checks(&self) -> String {
        let parse = match self.patch.files.iter().all(|file| file.parsed) {
            true => "parse ✓",
            false => "parse –",
        };
        let format = match self.format {
            Format::Done => " format ✓",
            Format::Left => " format –",
        };
        let compile = match self.compile {
            Compile::Done => " compile ✓",
            Compile::Partly => " compile ~",
            Compile::Unknown => "",
        };
        format!("{parse}{format}{compile}")
    }
}

/// Makes an edit: asks the model, reads and checks its reply, lays it out, and has it mended where it is refused.
/// Without a model, the structural engine documents and refuses everything else. Dropping the future stops everything.
pub async fn edit(asking: Option<Asking<'_>>, job: &Job<'_>, stage: &OnStage<'_>) -> Result<Edited, EditError> {
    let Some(asking) = asking else { return offline(job, stage).await };
    let passed = converse(asking, job.order.intent, job.max_repairs, stage, &mut Checks { job, stage }).await?;
    let notes = passed.notes.into_iter().chain(passed.value.notes).collect();
    Ok(Edited { by: Some(passed.by), notes, ..passed.value })
}

/// What a reply that edits must pass.
struct Checks<'a> {
    job: &'a Job<'a>,
    stage: &'a OnStage<'a>,
}

impl Check for Checks<'_> {
    type Passed = Edited;

    async fn check(&mut self, shown: &Built, reply: &str, _is_last: bool) -> Result<Edited, Fault> {
        checked(self.job, shown, self.stage, reply).await
    }
}

/// The files that the model was shown, as they were.
fn sources(job: &Job<'_>, files: &[(Arc<str>, Arc<str>)]) -> Vec<Source> {
    let own = job.target.path.as_str();
    let others = files.iter().filter(|(path, _)| **path != *own);
    let others = others.map(|(path, text)| Source { path: path.to_string(), text: text.clone(), cut: None });
    let target = (!job.is_new).then(|| {
        let (text, cut) = match &job.cut {
            Some((whole, cut)) => (whole.clone(), Some(cut.clone())),
            None => (job.target.snapshot.text().to_string().into(), None),
        };
        Source { path: own.to_owned(), text, cut }
    });
    target.into_iter().chain(others).collect()
}

/// Reads a reply, and takes it through the gate, the formatter and, where that is wanted, the compiler.
async fn checked(job: &Job<'_>, shown: &Built, stage: &OnStage<'_>, reply: &str) -> Result<Edited, Fault> {
    let sources = sources(job, &shown.files);
    let draft = tokio::task::block_in_place(|| {
        let exists = |path: &str| job.root.join(path).exists();
        let mut task = Task::new(job.order.intent, &job.target.path, &sources, job.target.range());
        task.cursor = job.target.cursor;
        task.instruction = job.order.instruction.as_deref();
        task.faults = &job.order.faults;
        task.exists = Some(&exists);
        task.redactor = Some(&shown.redactor);
        // What was parsed is the text without what is cut.
        task.parsed = job.target.snapshot.ready().map(|analysis| analysis.syntax.clone());
        draft(&task, reply)
    });
    let (patch, format) = passed(draft.map_err(Fault::Rule)?, job.root).await.map_err(Fault::Rule)?;
    compiled(job, stage, patch, format).await
}

/// Compiles an edit. One that cannot be compiled passes, and it is said why.
async fn compiled(job: &Job<'_>, stage: &OnStage<'_>, patch: Patch, format: Format) -> Result<Edited, Fault> {
    let (compile, notes) = match &job.verifier {
        None => (Compile::Unknown, None),
        Some(Err(why)) => (Compile::Unknown, Some(format!("Not compiled: {why}"))),
        Some(Ok(verifier)) => match verifier.verdict(&patch, &job.order.faults, job.target, stage).await {
            Ok(Verdict::Compiles) => (Compile::Done, None),
            Ok(Verdict::Partly(errors)) => {
                let lines: Vec<_> = errors.iter().take(MOST_TOLD).map(described).collect();
                (Compile::Partly, Some(format!("Errors elsewhere: {}", lines.join("; "))))
            }
            Ok(Verdict::Fails(errors)) => return Err(Fault::Compiler(errors)),
            Err(why) => (Compile::Unknown, Some(format!("Not compiled: {why}"))),
        },
    };
    Ok(Edited { patch, format, compile, by: None, notes: notes.into_iter().collect() })
}

async fn passed(draft: Draft, root: &Path) -> Result<(Patch, Format), Refusal> {
    let mut patch = parsed(draft, root).await?;
    let format = laid_out(&mut patch, root).await?;
    Ok((patch, format))
}

/// The patch of a draft whose files parse: where tree-sitter has doubts, the language's own parser decides.
///
/// # Errors
/// With the first place that does not.
pub async fn parsed(draft: Draft, root: &Path) -> Result<Patch, Refusal> {
    let programs = Programs::new(&[root.to_path_buf()]);
    let mut accepted = Vec::new();
    for file in draft.doubtful() {
        let Some(style) = style::of(root, &file.path) else { continue };
        if aiex_tools::accepts(&programs, &file.after, &style).await.is_ok() {
            accepted.push(file.path.clone());
        }
    }
    draft.checked(|file| accepted.contains(&file.path))
}

/// Lays out each file that was laid out before. The language's own parser has the last word on what tree-sitter let
/// pass, if it accepted the text before.
///
/// # Errors
/// With what that refuses.
pub async fn laid_out(patch: &mut Patch, root: &Path) -> Result<Format, Refusal> {
    let programs = &Programs::new(&[root.to_path_buf()]);
    let mut all = Format::Done;
    for file in &mut patch.files {
        let Some(style) = style::of(root, &file.path) else {
            all = Format::Left;
            continue;
        };
        let format = async |text: &str| aiex_tools::format(programs, text, &style).await;
        // A file that is new is laid out whole.
        let (before, after) = match file.before.as_deref() {
            Some(before) => tokio::join!(format(before), format(&file.after)),
            None => (Ok(String::new()), format(&file.after).await),
        };
        let before = before.inspect_err(|error| tracing::debug!(%error, "not formatted"));
        match after {
            Err(FormatError::Syntax { line, message, .. }) if before.is_ok() => {
                let (path, line) = (file.path.clone(), line.unwrap_or(1));
                return Err(Refusal::Unparsed { path, line, what: message });
            }
            Ok(formatted)
                if before.is_ok_and(|before| before == *file.before.as_deref().unwrap_or_default())
                    && is_local(file, &formatted) =>
            {
                file.after = formatted;
            }
            Ok(_) | Err(_) => all = Format::Left,
        }
    }
    Ok(all)
}

/// Whether a formatted text differs from the edited one nowhere but where the edit is: what was formatted before stays
/// as it is.
fn is_local(file: &FilePatch, formatted: &str) -> bool {
    let Some(before) = file.before.as_deref() else { return true };
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (old, edited, formatted) = (lines(before), lines(&file.after), lines(formatted));
    let head = old.iter().zip(&edited).take_while(|(one, other)| one == other).count();
    let tail = old.iter().rev().zip(edited.iter().rev()).take_while(|(one, other)| one == other).count();
    let tail = tail.min(old.len().saturating_sub(head)).min(edited.len().saturating_sub(head));
    // The formatter may take a blank line at either end of the edit.
    let (head, tail) = (head.saturating_sub(1), tail.saturating_sub(1));
    formatted.len() >= head + tail
        && formatted.iter().take(head).eq(old.iter().take(head))
        && formatted.iter().rev().take(tail).eq(old.iter().rev().take(tail))
}

/// Without a model: documentation from the parse, and nothing else.
async fn offline(job: &Job<'_>, stage: &OnStage<'_>) -> Result<Edited, EditError> {
    let intent = job.order.intent;
    if intent != Intent::Document {
        return Err(EditError::Offline { intent: intent.as_str() });
    }
    let documentation = job.target.documentation().ok_or(EditError::NothingToDocument)?;
    stage(Stage::Checking);
    let sources = sources(job, &[]);
    let reply = format!("````\n{documentation}\n````\n");
    let drafted = draft(&Task::new(intent, &job.target.path, &sources, job.target.range()), &reply);
    let passed = match drafted {
        Ok(draft) => passed(draft, job.root).await,
        Err(refusal) => Err(refusal),
    };
    let (patch, format) = passed.map_err(|refusal| match refusal {
        Refusal::Unchanged => EditError::NothingToDocument,
        refusal => {
            let (by, reason) = ("the structural engine".to_owned(), refusal.to_string());
            EditError::Refused { by, reason, repairs: 0, reply: documentation.clone() }
        }
    })?;
    // Comments alone need no compiler.
    Ok(Edited { patch, format, compile: Compile::Unknown, by: None, notes: Vec::new() })
}
