//! [`noticed`]: which small changes of a definition its tests notice.

use std::time::Duration;

use aiex_assist::{Mutation, Patch};
use aiex_tools::TestOutcome;

use super::Job;
use crate::{
    edit::{OnStage, Stage},
    verify::Verifier,
};

/// How long the tests may take with one change: one that makes them run for ever is noticed, too.
const TIME: Duration = Duration::from_secs(20);

/// A small change of the definition, and whether the tests notice it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Counted from 1, in the text without the tests.
    pub line: usize,
    /// What it changes, in words.
    pub what: String,
    /// Whether it is noticed.
    pub noticed: Noticed,
}

/// Whether a change is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// A test fails, or does not end.
    ByTests,
    /// It does not compile.
    ByCompiler,
    /// Not at all.
    No,
}

/// `the tests notice 7 of 9 changes`; those that the compiler notices are not counted. `None` where there are none.
pub(super) fn score(mutants: &[Mutant]) -> Option<String> {
    let counted: Vec<_> = mutants.iter().filter(|mutant| mutant.noticed != Noticed::ByCompiler).collect();
    let noticed = counted.iter().filter(|mutant| mutant.noticed == Noticed::ByTests).count();
    (!counted.is_empty()).then(|| format!("the tests notice {noticed} of {} changes of the code", counted.len()))
}

/// Tries changes, spread over the definition, each alone with the tests of the patch. What ended it early comes along, as
/// a sentence.
///
/// # Errors
/// Why they cannot be tried, as a sentence.
pub(super) async fn noticed(
    verifier: &Verifier,
    job: &Job<'_>,
    patch: &Patch,
    names: &[String],
    stage: &OnStage<'_>,
) -> Result<(Vec<Mutant>, Option<String>), String> {
    let all = job.target.mutations();
    if all.is_empty() || names.is_empty() {
        return Ok((Vec::new(), None));
    }
    let count = all.len().min(job.mutations);
    let chosen: Vec<&Mutation> = (0..count).filter_map(|nth| all.get(nth * all.len() / count)).collect();
    let path = job.target.path.as_str();
    // The tests may be in the same file: then the change moves along with what was added before it.
    let own = patch.files.iter().find(|file| file.path == path);
    let text = own.map_or_else(|| job.text.to_owned(), |file| file.after.clone());
    let edits = own.map(|file| file.edits()).unwrap_or_default();
    let moved = |at: usize| {
        let before = edits.iter().filter(|edit| edit.range.end <= at);
        before.fold(at, |at, edit| at + edit.text.len() - edit.range.len())
    };
    let quick = verifier.with_test_time(TIME);
    let mut shadow = quick.with(patch, stage).await?;
    // What takes longer without any change says nothing with one.
    let plain = quick.test_in(&mut shadow, job.home, names).await?;
    if !plain.errors.is_empty() || !plain.tests.iter().all(|test| test.outcome == TestOutcome::Passed) {
        return Err(format!("the tests do not all pass within {} s", TIME.as_secs()));
    }
    let mut mutants = Vec::new();
    for (nth, mutation) in chosen.into_iter().enumerate() {
        stage(Stage::Mutating(nth + 1, count));
        let mut changed = text.clone();
        let range = moved(mutation.range.start)..moved(mutation.range.end);
        if changed.get(range.clone()).is_none() {
            continue;
        }
        changed.replace_range(range, &mutation.replacement);
        quick.write(&mut shadow, path, &changed)?;
        let run = match quick.test_in(&mut shadow, job.home, names).await {
            Ok(run) => run,
            Err(why) => {
                let tried = mutants.len();
                return Ok((mutants, Some(format!("Only {tried} of {count} changes were tried: {why}"))));
            }
        };
        let fails = |outcome: &TestOutcome| matches!(outcome, TestOutcome::Failed(_) | TestOutcome::DidNotEnd(_));
        let noticed = match () {
            () if !run.errors.is_empty() => Noticed::ByCompiler,
            () if run.tests.iter().any(|test| fails(&test.outcome)) => Noticed::ByTests,
            () => Noticed::No,
        };
        mutants.push(Mutant { line: mutation.line, what: mutation.what.clone(), noticed });
    }
    Ok((mutants, None))
}
