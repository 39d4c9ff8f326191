//! [`edit`]: from a question to a patch that was checked, mended by the model where it was refused.

mod style;

use std::{
    fmt,
    ops::{ControlFlow, Range},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aiex_assist::{Draft, FilePatch, Patch, Prompt, Refusal, Source, Task, draft, fenced};
use aiex_context::Intent;
use aiex_tools::{FormatError, Programs};

use crate::{
    context::{Built, Order, TooSmall},
    engine::{Answer as Reply, AskError, Model, Turn},
    explain::{Answer, Target},
};

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
}

/// Where an edit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The code that goes with the question is chosen.
    Context,
    /// The model is asked.
    Asking(String),
    /// So many bytes of its reply have come.
    Received(String, usize),
    /// The reply is checked.
    Checking,
    /// It was refused, and the model is asked to mend it: the how-manieth time of how many.
    Repairing(u64, u64),
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context => f.write_str("context"),
            Self::Asking(model) => write!(f, "asking {model}"),
            // By what a token has of most code.
            Self::Received(model, bytes) => write!(f, "{model}: about {} tokens", bytes.div_ceil(4)),
            Self::Checking => f.write_str("checking"),
            Self::Repairing(nth, of) => write!(f, "repairing {nth}/{of}"),
        }
    }
}

/// An edit that passed every check.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The change.
    pub patch: Patch,
    /// Whether it is laid out as the language's formatter does.
    pub format: Format,
    /// `provider/model` of who made it; `None` for the structural engine.
    pub by: Option<String>,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
}

/// What became of the layout of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the formatter has it.
    Done,
    /// Left alone: the files were not formatted before either, or there is no formatter that would say so.
    Left,
}

impl Edited {
    /// What was checked, for people: `parse ✓ format ✓`.
    pub fn checks(&self) -> String {
        let parse = match self.patch.files.iter().all(|file| file.parsed) {
            true => "parse ✓",
            false => "parse –",
        };
        match self.format {
            Format::Done => format!("{parse} format ✓"),
            Format::Left => format!("{parse} format –"),
        }
    }
}

/// Why there is no edit.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It needs a model.
    #[error(
        "{intent} needs a model, and there is none that may be asked: set `model` in your configuration, or start a local server; `aiex doctor` says more"
    )]
    Offline {
        /// What was asked for.
        intent: &'static str,
    },
    /// There is nothing that the parse alone could document.
    #[error("there is no definition here that could be documented; put the cursor on one")]
    NothingToDocument,
    /// The budget is too small.
    #[error(transparent)]
    TooSmall(#[from] TooSmall),
    /// The model did not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// It broke off.
    #[error("{0} Nothing was changed.")]
    Broken(String),
    /// What it answered breaks a rule.
    #[error("the edit of {by} was refused{}, since {reason}. Nothing was changed.", after(.repairs))]
    Refused {
        /// `provider/model`.
        by: String,
        /// The rule, in a sentence without secrets.
        reason: String,
        /// How often it was asked to mend it.
        repairs: u64,
        /// The last reply, with placeholders for secrets.
        reply: String,
    },
}

fn after(repairs: &u64) -> String {
    match repairs {
        0 => String::new(),
        1 => " after 1 repair".to_owned(),
        more => format!(" after {more} repairs"),
    }
}

impl EditError {
    /// The refused reply as a document, for whoever wants to look at it.
    pub fn rejected(&self, target: &Target) -> Option<Answer> {
        let Self::Refused { by, reason, reply, .. } = self else { return None };
        let markdown = format!(
            "# A refused edit of {}\n\n> by {by}, refused since {reason}\n\nNothing of it was applied. The reply, as it came:\n\n{}",
            aiex_assist::code_span(target.name()),
            fenced(&aiex_assist::clean_text(reply)),
        );
        Some(Answer { title: format!("Refused edit of {}", target.name()), name: "refused".to_owned(), markdown })
    }
}

/// Told how far an edit is.
pub type OnStage<'a> = dyn Fn(Stage) + Send + Sync + 'a;

/// Who is asked, and what.
pub struct Asking<'a> {
    /// The model.
    pub model: &'a Model,
    /// The prompt with at most so many characters of code.
    pub question: &'a (dyn Fn(usize) -> Result<Built, TooSmall> + Send + Sync),
}

/// Makes an edit: asks the model, reads and checks its reply, lays it out, and has it mended where it is refused.
/// Without a model, the structural engine documents and refuses everything else. Dropping the future stops everything.
pub async fn edit(asking: Option<Asking<'_>>, job: &Job<'_>, stage: &OnStage<'_>) -> Result<Edited, EditError> {
    let intent = job.order.intent;
    let Some(Asking { model, question }) = asking else { return offline(job, stage).await };
    stage(Stage::Context);
    let built = Mutex::new(None::<Arc<Built>>);
    let first = tokio::task::block_in_place(|| question(usize::MAX))?;
    let first = Arc::new(first);
    let keep = |one: Arc<Built>| *built.lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
    keep(first.clone());
    // A model whose context is smaller than the budget is asked once more, with less.
    let prompt = |most: usize| {
        let again = (most != usize::MAX).then(|| tokio::task::block_in_place(|| question(most)).ok()).flatten();
        let one = again.map_or_else(|| first.clone(), Arc::new);
        keep(one.clone());
        one.prompt.clone()
    };
    stage(Stage::Asking(model.name.clone()));
    let counting = || {
        let mut received = 0;
        move |piece: &str| {
            received += piece.len();
            stage(Stage::Received(model.name.clone(), received));
            ControlFlow::Continue(())
        }
    };
    let mut reply = model.ask(intent.as_str(), &prompt, counting()).await?;
    let shown = built.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or(first);
    let mut turns: Vec<Turn> = Vec::new();
    let mut repairs = 0;
    loop {
        let text = whole(model, job, &shown.prompt, &turns, reply).await?;
        stage(Stage::Checking);
        let checked = match text.refusal {
            Some(refusal) => Err(refusal),
            None => checked(job, &shown, &text.text).await,
        };
        let refusal = match checked {
            Ok((patch, format)) => return Ok(Edited { patch, format, by: Some(text.by), notes: text.notes }),
            Err(refusal) => refusal,
        };
        let answer = text.text;
        let reason = refusal.told(Some(&shown.redactor));
        tracing::info!(intent = intent.as_str(), by = text.by, repairs, "a reply was refused");
        // One that is cut a second time would be cut again.
        if !refusal.is_mendable() || refusal == Refusal::Cut || repairs >= job.max_repairs {
            return Err(EditError::Refused { by: text.by, reason, repairs, reply: answer });
        }
        repairs += 1;
        stage(Stage::Repairing(repairs, job.max_repairs));
        let complaint =
            format!("Nothing was changed, since {reason}. Answer once more, whole and in the form asked for.");
        turns.push(Turn { answer, reply: complaint });
        reply = model.go_on(intent.as_str(), shown.prompt.clone(), &turns, counting()).await?;
    }
}

/// A reply to its end.
struct Whole {
    text: String,
    /// Why it is not to be read: it was still cut after it was continued, or has no end.
    refusal: Option<Refusal>,
    by: String,
    notes: Vec<String>,
}

/// Has a reply that was cut at a limit on its length continued, once.
async fn whole(
    model: &Model,
    job: &Job<'_>,
    prompt: &Prompt,
    turns: &[Turn],
    reply: Reply,
) -> Result<Whole, EditError> {
    if reply.is_partial {
        return Err(EditError::Broken(reply.notes.join(" ")));
    }
    if !reply.is_cut {
        return Ok(Whole { text: reply.text, refusal: None, by: reply.by, notes: reply.notes });
    }
    if reply.text.len() > LONGEST_CUT {
        let refusal = Some(Refusal::TooLong(LONGEST_CUT));
        return Ok(Whole { text: reply.text, refusal, by: reply.by, notes: reply.notes });
    }
    const GO_ON: &str = "Go on exactly where you stopped, in the middle of the line if need be. Repeat nothing.";
    let mut turns = turns.to_vec();
    turns.push(Turn { answer: reply.text.clone(), reply: GO_ON.to_owned() });
    let more = model.go_on(job.order.intent.as_str(), prompt.clone(), &turns, |_| ControlFlow::Continue(())).await?;
    if more.is_partial {
        return Err(EditError::Broken(more.notes.join(" ")));
    }
    let joined = format!("{}{}", reply.text, more.text);
    // Another model's words do not go on where this one's stopped.
    let is_whole = !more.is_cut && more.by == reply.by;
    Ok(Whole { text: joined, refusal: (!is_whole).then_some(Refusal::Cut), by: more.by, notes: Vec::new() })
}

/// A reply that is cut and longer than this, in bytes, repeats itself rather than has more to say.
const LONGEST_CUT: usize = 96 * 1024;

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

/// Reads a reply, and takes it through the gate and the formatter.
async fn checked(job: &Job<'_>, shown: &Built, reply: &str) -> Result<(Patch, Format), Refusal> {
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
    })?;
    passed(draft, job.root).await
}

async fn passed(draft: Draft, root: &Path) -> Result<(Patch, Format), Refusal> {
    let programs = Programs::new(&[root.to_path_buf()]);
    let mut accepted = Vec::new();
    for file in draft.doubtful() {
        let Some(style) = style::of(root, &file.path) else { continue };
        if aiex_tools::accepts(&programs, &file.after, &style).await.is_ok() {
            accepted.push(file.path.clone());
        }
    }
    let mut patch = draft.checked(|file| accepted.contains(&file.path))?;
    let format = formatted(&mut patch, root, &programs).await?;
    Ok((patch, format))
}

/// Lays out each file that was laid out before. The language's own parser has the last word on what tree-sitter let
/// pass, if it accepted the text before.
async fn formatted(patch: &mut Patch, root: &Path, programs: &Programs) -> Result<Format, Refusal> {
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
    Ok(Edited { patch, format, by: None, notes: Vec::new() })
}
