//! [`converse`]: asks a model until what it replies passes every check, or it was told of its mistakes often enough.

use std::{
    fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

use aiex_assist::{Prompt, Refusal, fenced};
use aiex_context::{Intent, secrets::Redactor};
use aiex_tools::Diagnostic;

use crate::{
    context::{Built, TooSmall},
    engine::{Answer as Reply, AskError, Model, Turn},
    explain::{Answer, Target},
    verify::described,
};

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
    /// Another build in the copy of the project is waited for.
    Waiting,
    /// A copy of the project with the edit is compiled.
    Compiling,
    /// Tests run in a copy of the project.
    Testing,
    /// They run with a changed definition: the how-manieth of how many.
    Mutating(usize, usize),
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
            Self::Waiting => f.write_str("waiting for another build"),
            Self::Compiling => f.write_str("compiling a copy"),
            Self::Testing => f.write_str("running the tests in a copy"),
            Self::Mutating(nth, of) => write!(f, "what the tests notice: {nth}/{of}"),
            Self::Repairing(nth, of) => write!(f, "repairing {nth}/{of}"),
        }
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

/// What a reply must pass.
pub trait Check: Send {
    /// What it then is.
    type Passed: Send;

    /// Checks a reply to what was shown. `is_last` where the model is not asked again, whatever comes of it.
    fn check(
        &mut self,
        shown: &Built,
        reply: &str,
        is_last: bool,
    ) -> impl Future<Output = Result<Self::Passed, Fault>> + Send;
}

/// A reply that passed.
pub struct Passed<T> {
    /// What it is.
    pub value: T,
    /// `provider/model` of who made it.
    pub by: String,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
}

/// Why a reply is not taken.
pub enum Fault {
    /// It breaks a rule.
    Rule(Refusal),
    /// It does not compile, or does not mend what it was to mend.
    Compiler(Vec<Diagnostic>),
    /// It cannot be read: why, in words for the model.
    Unreadable(String),
    /// No test is fit to be kept: what became of each.
    Tests(Vec<String>),
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
    /// There is nothing here that could be tested.
    #[error("there is no function here that could be tested; put the cursor on one")]
    NothingToTest,
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

/// Asks, reads the reply to its end, has it checked, and tells the model what is wrong with it, at most `max_repairs` times.
/// Dropping the future stops everything.
pub async fn converse<C: Check>(
    asking: Asking<'_>,
    intent: Intent,
    max_repairs: u64,
    stage: &OnStage<'_>,
    check: &mut C,
) -> Result<Passed<C::Passed>, EditError> {
    let Asking { model, question } = asking;
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
        let text = whole(model, intent, &shown.prompt, &turns, reply).await?;
        stage(Stage::Checking);
        let is_last = repairs >= max_repairs;
        let checked = match text.refusal {
            Some(refusal) => Err(Fault::Rule(refusal)),
            None => check.check(&shown, &text.text, is_last).await,
        };
        let fault = match checked {
            Ok(value) => return Ok(Passed { value, by: text.by, notes: text.notes }),
            Err(fault) => fault,
        };
        let answer = text.text;
        let reason = fault.told(Some(&shown.redactor));
        tracing::info!(intent = intent.as_str(), by = text.by, repairs, "a reply was refused");
        if !fault.is_mendable() || is_last {
            return Err(EditError::Refused { by: text.by, reason, repairs, reply: answer });
        }
        repairs += 1;
        stage(Stage::Repairing(repairs, max_repairs));
        let complaint =
            format!("Nothing was changed, since {reason}. Answer once more, whole and in the form asked for.");
        turns.push(Turn { answer, reply: complaint });
        reply = model.go_on(intent.as_str(), shown.prompt.clone(), &turns, counting()).await?;
    }
}

impl Fault {
    /// As a sentence without secrets.
    pub fn told(&self, redactor: Option<&Redactor>) -> String {
        // What a build or a test prints can hold secrets that nothing shown has.
        let hidden = |words: &str| {
            let known = redactor.map_or_else(|| words.to_owned(), |redactor| redactor.hide(words));
            Redactor::new("said").redact("", 1, &known)
        };
        match self {
            Self::Rule(refusal) => refusal.told(redactor),
            Self::Unreadable(why) => hidden(why),
            Self::Tests(each) => hidden(&format!("no test is fit to be kept: {}", each.join("; "))),
            Self::Compiler(diagnostics) => {
                let lines: Vec<_> = diagnostics.iter().take(MOST_TOLD).map(described).collect();
                let more = diagnostics.len().saturating_sub(MOST_TOLD);
                let more = if more == 0 { String::new() } else { format!("\nand {more} more") };
                hidden(&format!("the compiler says of it:\n{}{more}\n", lines.join("\n")))
            }
        }
    }

    fn is_mendable(&self) -> bool {
        match self {
            // One that is cut a second time would be cut again.
            Self::Rule(refusal) => refusal.is_mendable() && *refusal != Refusal::Cut,
            Self::Compiler(_) | Self::Tests(_) | Self::Unreadable(_) => true,
        }
    }
}

/// So many of a compiler's words are passed on.
pub(super) const MOST_TOLD: usize = 8;

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
    intent: Intent,
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
    let more = model.go_on(intent.as_str(), prompt.clone(), &turns, |_| ControlFlow::Continue(())).await?;
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
