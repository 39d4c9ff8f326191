//! `aiex generate-tests`: tests as a unified diff on stdout, or written to their file, and what became of each.

use std::{fs, process::ExitCode, sync::Arc};

use aiex_context::Intent;
use anyhow::{Error, Result, bail};

use super::{edit, place::Found};
use crate::{
    context::Order,
    edit::Asking,
    generate_tests::{self, Job, Noticed, Tested},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex generate-tests src/cart.rs:30                 the function there; what passes is shown as a diff
  aiex generate-tests lib/shop/cart.ex:42 --write
  aiex generate-tests src/cart.rs:30 --mutations 20  also: which changes of the function would the tests notice?

Tests run in a copy of a workspace that you trust (`aiex trust add`); elsewhere they are offered unrun.";

/// What the command line asks for.
pub(super) struct Wanted {
    pub(super) place: String,
    pub(super) instruction: Option<String>,
    pub(super) model: Option<String>,
    pub(super) write: bool,
    pub(super) keep_failing: bool,
    pub(super) mutations: usize,
}

pub(super) fn generate_tests(wanted: Wanted) -> Result<ExitCode> {
    let words = wanted.instruction.clone();
    let found = Found::for_edit(&wanted.place, wanted.model.clone(), Intent::GenerateTests, words)?;
    if found.target.is_whole() {
        bail!("name the line of the function that is to be tested: PATH:LINE");
    }
    let found = Arc::new(found);
    let text = found.target.snapshot.text().to_string();
    let homes = aiex_assist::test_homes(&found.target.path, &text);
    let read = |home: &String| Some((home.clone(), fs::read_to_string(found.workspace.join(home)).ok()?));
    let (home, home_text) = match (homes.iter().find_map(read), homes.first()) {
        (Some((home, text)), _) => (home, Some(Arc::from(text))),
        (None, Some(first)) => (first.clone(), None),
        (None, None) => {
            bail!("nobody knows where tests of {} belong: it is neither Rust nor Elixir", found.target.path)
        }
    };
    let order = Order { instruction: found.words.clone(), ..Order::of(Intent::GenerateTests).map_err(Error::msg)? };
    let verifier = super::verifier::of(&found);
    super::model::run(found.loaded.clone(), &[found.workspace.clone()].into(), async |model, loaded| {
        if model.is_some() {
            loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
        }
        let question = edit::question(model.as_ref(), &found, &order).await?;
        let job = Job {
            target: &found.target,
            text: &text,
            home: &home,
            home_text: home_text.clone(),
            root: &found.workspace,
            max_repairs: loaded.config.edits.max_repairs,
            verifier: verifier.clone(),
            keep_failing: wanted.keep_failing,
            mutations: wanted.mutations,
        };
        let built = question.as_ref().map(|question| |most: usize| question.built(most));
        let asking = model.as_ref().zip(built.as_ref()).map(|(model, question)| Asking { model, question });
        let tested = match generate_tests::generate_tests(asking, &job, &edit::on_stage()).await {
            Ok(tested) => tested,
            Err(error) => return Err(edit::refused(&error, &found.target)),
        };
        tell(&tested);
        let by = tested.by.as_deref().unwrap_or("the structural engine");
        let summary = format!("by {by}: {}", tested.summary());
        let title = format!("aiex generate-tests {}", found.target.name());
        edit::finish(&found.workspace, &title, &tested.patch, &summary, wanted.write)
    })
}

/// Each test and each unnoticed change, a line each.
fn tell(tested: &Tested) {
    for (name, state) in &tested.tests {
        eprintln!("aiex: `{name}` {}", state.words());
    }
    for mutant in &tested.mutants {
        let noticed = match mutant.noticed {
            Noticed::ByTests => "noticed",
            Noticed::ByCompiler => "does not compile",
            Noticed::No => "NOT noticed",
        };
        eprintln!("aiex: line {}: {}: {noticed}", mutant.line, mutant.what);
    }
    tested.notes.iter().for_each(|note| eprintln!("aiex: {note}"));
}
