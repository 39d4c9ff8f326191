//! `aiex.generateTests`: writes tests for the function at a place, runs them in a copy of the project where that may be, and
//! adds those that pass.

use std::{fs, path::Path, sync::Arc};

use aiex_context::Intent;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{on_stage, refused},
    explain::{blocking, shown_path},
};
use crate::{
    context::Order,
    documents::Snapshot,
    edit::Asking,
    explain::Answer,
    generate_tests::{self, Job, Tested},
    lsp::{
        apply, consent, context, convert, model,
        run::{Outcome, Question, Run},
        session::{Place, Server},
        trust,
    },
    wish,
};

/// `aiex.generateTests {uri?, range?, instruction?, keepFailing?, mutations?}`: begins a run and answers `{"run": id}`.
pub fn generate_tests(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let place = argument.place_of_edit(server)?;
    let Some(snapshot) = server.documents.get(&place.document) else {
        return Err(super::invalid(format!("{} is no longer open in the editor", place.document)));
    };
    let wanted = Wanted {
        words: argument.instruction.filter(|words| !words.trim().is_empty()),
        keep_failing: argument.keep_failing,
        mutations: argument.mutations,
    };
    let id = Run::begin(server, place.document.clone(), "Aiex: Generate tests".to_owned(), {
        let server = server.clone();
        move |run| async move {
            let worked = work(&server, &run, snapshot, place, wanted).await;
            worked.unwrap_or_else(Outcome::Failed)
        }
    });
    Ok(Some(json!({"run": id.0})))
}

struct Wanted {
    words: Option<String>,
    keep_failing: bool,
    mutations: usize,
}

async fn work(
    server: &Server,
    run: &Run,
    snapshot: Arc<Snapshot>,
    place: Place,
    wanted: Wanted,
) -> std::result::Result<Outcome, String> {
    run.stage("reading".to_owned());
    let (document, path) = (snapshot.id.clone(), shown_path(server, &snapshot.id));
    let (cursor, words) = (place.cursor(), wanted.words.clone());
    let meant = blocking(move || wish::meant(snapshot, cursor, path, Intent::GenerateTests, words)).await?;
    let target = Arc::new(meant.target);
    if target.is_whole() {
        return Err("put the cursor on the function that is to be tested".to_owned());
    }
    let instruction = wanted.words;
    run.asks(Question { command: super::GENERATE_TESTS, target: target.identity(), instruction: instruction.clone() });
    let (model, loaded) = model::of_run(server, run, &document).await?;
    let config = &loaded.config;
    if model.is_some() {
        config.privacy.check(&convert::name_of_file(&document))?;
    }
    let root = consent::workspace_of(server, &document);
    let verifier = trust::verifier(server, run, &loaded, &document).await;
    let text = target.snapshot.text().to_string();
    let homes = aiex_assist::test_homes(&target.path, &text);
    let found = homes.iter().find_map(|home| Some((home, present(server, &root, &document, home, &text)?)));
    let (home, home_text) = match found {
        Some((home, text)) => (home.as_str(), Some(text)),
        None => (homes.first().map_or(target.path.as_str(), String::as_str), None),
    };
    if !homes.iter().any(|known| known == home) {
        return Err(format!("nobody knows where tests of {} belong: it is neither Rust nor Elixir", target.path));
    }
    let order = Order { instruction, selection: meant.selection, ..Order::of(Intent::GenerateTests)? };
    let name = model.as_ref().map(|model| model.name.clone()).unwrap_or_default();
    let question = context::Question::new(server, &target, order, &loaded, &name);
    let built = |most| if most == usize::MAX { question.build() } else { question.within(most).build() };
    let tested = generate_tests::generate_tests(
        model.as_ref().map(|model| Asking { model, question: &built }),
        &Job {
            target: &target,
            text: &text,
            home,
            home_text,
            root: &root,
            max_repairs: config.edits.max_repairs,
            verifier,
            keep_failing: wanted.keep_failing,
            mutations: wanted.mutations,
        },
        &on_stage(run),
    )
    .await;
    let tested = match tested {
        Ok(tested) => tested,
        Err(error) => return Ok(refused(&error, &target)),
    };
    run.settle().await;
    run.stage("applying".to_owned());
    apply::apply(server, &format!("Aiex: Generate tests {}", target.name()), &root, &document, &tested.patch).await?;
    let notes: String = tested.notes.iter().map(|note| format!(" {note}")).collect();
    let message = format!("{}: {}.{notes}", target.name(), tested.summary());
    Ok(Outcome::Reported(message, report(&tested, target.name())))
}

/// What a file holds: in the editor, else on disk.
fn present(server: &Server, root: &Path, document: &str, home: &str, own: &str) -> Option<Arc<str>> {
    let path = root.join(home);
    if convert::name_of_file(document) == path {
        return Some(own.into());
    }
    let open = server.documents.find(|id| convert::path(id).as_deref() == Some(&*path));
    match open {
        Some(open) => Some(open.text().to_string().into()),
        None => fs::read_to_string(&path).ok().map(Into::into),
    }
}

/// Each test and each change, as a document.
fn report(tested: &Tested, name: &str) -> Answer {
    Answer { title: format!("Tests of {name}"), name: "tests".to_owned(), markdown: tested.report(name) }
}
