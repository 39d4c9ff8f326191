//! What commands that edit share: a run that finds what is meant, has it edited, and has the editor apply it.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use aiex_context::Intent;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    explain::{blocking, shown_path},
};
use crate::{
    config::Verify,
    context::Order,
    documents::Snapshot,
    edit::{self, Asking, EditError, Job, Stage},
    explain::Target,
    lsp::{
        apply, consent, context, convert, model,
        progress::REPORT_EVERY,
        run::{Outcome, Question, Run},
        session::{Place, Server, lock},
        trust,
    },
    verify,
    wish::{self, Meant},
};

/// A command that edits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) command: &'static str,
    /// As in its code action.
    pub(super) title: &'static str,
    pub(super) intent: Intent,
    /// It cannot do without the user's words.
    pub(super) needs_words: bool,
}

/// Begins the run and answers `{"run": id}`. `faults` are what is to be mended; without them the compiler is asked.
pub(super) fn begin(
    server: &Server,
    kind: Kind,
    argument: Argument,
    faults: Option<Vec<String>>,
) -> Result<Option<Value>> {
    let place = argument.place_of_edit(server)?;
    let Some(snapshot) = server.documents.get(&place.document) else {
        return Err(super::invalid(format!("{} is no longer open in the editor", place.document)));
    };
    let words = argument.instruction.filter(|words| !words.trim().is_empty());
    let id = Run::begin(server, place.document.clone(), kind.title.to_owned(), {
        let server = server.clone();
        move |run| async move {
            let worked = work(&server, &run, kind, snapshot, place, words, faults).await;
            worked.unwrap_or_else(Outcome::Failed)
        }
    });
    Ok(Some(json!({"run": id.0})))
}

async fn work(
    server: &Server,
    run: &Run,
    kind: Kind,
    snapshot: Arc<Snapshot>,
    place: Place,
    words: Option<String>,
    faults: Option<Vec<String>>,
) -> std::result::Result<Outcome, String> {
    run.stage("reading".to_owned());
    let (document, path) = (snapshot.id.clone(), shown_path(server, &snapshot.id));
    let (intent, cursor) = (kind.intent, place.cursor());
    let meant = blocking(move || wish::meant(snapshot, cursor, path, intent, words)).await?;
    let Meant { target, words, selection, cut, intent } = meant;
    let says_itself = intent == Intent::Generate && !target.is_whole() && target.is_unwritten();
    if kind.needs_words && words.is_none() && !says_itself {
        return Err(
            "say what is to be done: write a comment `AI: …` at the code and run this again, or pass it as `instruction`"
                .to_owned(),
        );
    }
    let target = Arc::new(target);
    run.asks(Question { command: kind.command, target: target.identity(), instruction: words.clone() });
    let (model, loaded) = model::of_run(server, run, &document).await?;
    let config = &loaded.config;
    let file = convert::name_of_file(&document);
    if model.is_some() {
        config.privacy.check(&file)?;
    }
    let root = consent::workspace_of(server, &document);
    // Without a model nothing is made that would be worth compiling.
    let verifier = match config.edits.verify {
        Verify::Check if model.is_some() => Some(trust::verifier(server, run, &loaded, &document).await),
        Verify::Check | Verify::Parse => None,
    };
    let faults = match faults {
        Some(faults) => faults,
        None if model.is_none() => Vec::new(),
        None => {
            let verifier = match &verifier {
                Some(verifier) => verifier.clone(),
                None => trust::verifier(server, run, &loaded, &document).await,
            };
            verify::faults(verifier, &target, &on_stage(run)).await?
        }
    };
    let order = Order { instruction: words, faults, selection, ..Order::of(intent)? };
    let name = model.as_ref().map(|model| model.name.clone()).unwrap_or_default();
    let question = context::Question::new(server, &target, order.clone(), &loaded, &name);
    let built = |most| if most == usize::MAX { question.build() } else { question.within(most).build() };
    let edited = edit::edit(
        model.as_ref().map(|model| Asking { model, question: &built }),
        &Job {
            target: &target,
            order: &order,
            cut,
            is_new: false,
            root: &root,
            max_repairs: config.edits.max_repairs,
            verifier,
        },
        &on_stage(run),
    )
    .await;
    let edited = match edited {
        Ok(edited) => edited,
        Err(error) => return Ok(refused(&error, &target)),
    };
    run.settle().await;
    run.stage("applying".to_owned());
    let label = format!("{} {}", kind.title, target.name());
    apply::apply(server, &label, &root, &document, &edited.patch).await?;
    let notes: String = edited.notes.iter().map(|note| format!(" {note}")).collect();
    Ok(Outcome::Done(format!("{}: applied. {}{notes}", target.name(), edited.checks())))
}

/// Tells a run's progress how far an edit is; of pieces that come in, now and then.
pub(super) fn on_stage(run: &Run) -> impl Fn(Stage) + Send + Sync + '_ {
    let last = Mutex::new(None::<Instant>);
    move |stage: Stage| {
        let mut last = lock(&last);
        let is_news = !matches!(stage, Stage::Received(..)) || last.is_none_or(|last| last.elapsed() >= REPORT_EVERY);
        if is_news {
            *last = Some(Instant::now());
            run.stage(stage.to_string());
        }
    }
}

/// Why there is no edit, with the reply to look at where there is one.
pub(super) fn refused(error: &EditError, target: &Target) -> Outcome {
    let message = sentence(&error.to_string());
    match error.rejected(target) {
        Some(rejected) => Outcome::Rejected(message, rejected),
        None => Outcome::Failed(message),
    }
}

pub(super) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
