//! [`generate_tests`]: from a question to tests that compile and pass in a copy of the project, each with what became of
//! it.

mod mutants;
mod names;

use std::{ops::Range, sync::Arc};

use aiex_assist::{GeneratedTests, Keep, Patch, Refusal, TestTask, clean_text, code_span, fenced};
use aiex_context::Intent;
use aiex_tools::{Diagnostic, Severity, TestOutcome, TestRun};

use crate::{
    context::Built,
    edit::{self, Asking, Check, EditError, Fault, OnStage, Stage, converse},
    explain::Target,
    verify::{Verifier, described},
};

pub use mutants::{Mutant, Noticed};

/// What is to be tested, and how.
pub struct Job<'a> {
    /// The definition.
    pub target: &'a Target,
    /// All of its file.
    pub text: &'a str,
    /// Where the tests belong, relative to the workspace.
    pub home: &'a str,
    /// What that file holds; `None` where it is to be made.
    pub home_text: Option<Arc<str>>,
    /// The folder of the workspace.
    pub root: &'a std::path::Path,
    /// How often a reply that is refused or does not compile goes back to the model.
    pub max_repairs: u64,
    /// What runs the tests, or why nothing may run, as a sentence.
    pub verifier: Result<Verifier, String>,
    /// Tests that fail are kept, too, marked as such.
    pub keep_failing: bool,
    /// With so many small changes of the definition it is found out what the tests notice.
    pub mutations: usize,
}

/// Tests, and what became of each.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Adds those that are kept.
    pub patch: Patch,
    /// `provider/model` of who wrote them; `None` for the structural engine.
    pub by: Option<String>,
    /// All of them, in order.
    pub tests: Vec<(String, State)>,
    /// What they notice of changes of the definition.
    pub mutants: Vec<Mutant>,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
}

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It passes.
    Passes,
    /// It fails, and why.
    Fails(String),
    /// The compiler's first words about it.
    DoesNotCompile(String),
    /// It ran until it was stopped, after so many seconds.
    DoesNotEnd(u64),
    /// It was not run: nothing may run, or it says itself that it is to be skipped.
    Unrun,
    /// It is not among the tests that the project has.
    NotFound,
}

impl State {
    /// In a few words, behind the test's name.
    pub fn words(&self) -> String {
        match self {
            Self::Passes => "passes".to_owned(),
            Self::Fails(why) => format!("fails: {}", first_line(why)),
            Self::DoesNotCompile(why) => format!("does not compile: {}", first_line(why)),
            Self::DoesNotEnd(seconds) => format!("did not end within {seconds} s"),
            Self::Unrun => "was not run".to_owned(),
            Self::NotFound => "is not among the project's tests: its file is not part of the build".to_owned(),
        }
    }
}

fn first_line(words: &str) -> &str {
    // Where it panicked says less than why.
    let told = |line: &&str| !line.is_empty() && !line.starts_with("panicked at ");
    words.lines().map(str::trim).find(told).unwrap_or(words.trim())
}

impl Tested {
    /// Each test and each change, as a Markdown document.
    pub fn report(&self, name: &str) -> String {
        let mut report = format!("# Tests of {}\n\n{}.\n", code_span(name), self.summary());
        for (test, state) in &self.tests {
            report.push_str(&format!("\n- {} {}", code_span(test), state.words()));
            if let State::Fails(why) | State::DoesNotCompile(why) = state {
                report.push_str(&format!("\n\n{}", fenced(&clean_text(why))));
            }
        }
        let unnoticed: Vec<_> = self.mutants.iter().filter(|mutant| mutant.noticed == Noticed::No).collect();
        if !unnoticed.is_empty() {
            report.push_str("\n\nNo test notices:\n");
            for mutant in unnoticed {
                report.push_str(&format!("\n- line {}: {}", mutant.line, code_span(&mutant.what)));
            }
        }
        report.push('\n');
        report
    }

    /// How many there are of each kind, for people: `3 tests pass, 1 fails (left out)`.
    pub fn summary(&self) -> String {
        let count = |is: fn(&State) -> bool| self.tests.iter().filter(|(_, state)| is(state)).count();
        let kinds = [
            (count(|state| *state == State::Passes), "pass", "passes"),
            (count(|state| matches!(state, State::Fails(_))), "fail", "fails"),
            (count(|state| matches!(state, State::DoesNotCompile(_))), "do not compile", "does not compile"),
            (count(|state| matches!(state, State::DoesNotEnd(_))), "do not end", "does not end"),
            (count(|state| *state == State::Unrun), "were not run", "was not run"),
            (count(|state| *state == State::NotFound), "were not found", "was not found"),
        ];
        let mut told = Vec::new();
        for (count, several, one) in kinds.into_iter().filter(|(count, ..)| *count > 0) {
            let noun = match (told.is_empty(), count) {
                (true, 1) => " test",
                (true, _) => " tests",
                (false, _) => "",
            };
            told.push(format!("{count}{noun} {}", if count == 1 { one } else { several }));
        }
        if let Some(score) = mutants::score(&self.mutants) {
            told.push(score);
        }
        told.join(", ")
    }
}

/// Writes tests: asks the model, or without one makes skeletons; compiles and runs them where that may be. Dropping the
/// future stops everything.
///
/// # Errors
/// See [`EditError`].
pub async fn generate_tests(
    asking: Option<Asking<'_>>,
    job: &Job<'_>,
    stage: &OnStage<'_>,
) -> Result<Tested, EditError> {
    let mut checks = Checks { job, stage };
    let mut tested = match asking {
        Some(asking) => {
            let passed = converse(asking, Intent::GenerateTests, job.max_repairs, stage, &mut checks).await?;
            let notes = passed.notes.into_iter().chain(passed.value.tested.notes).collect();
            Written { tested: Tested { by: Some(passed.by), notes, ..passed.value.tested }, ..passed.value }
        }
        None => skeletons(&checks).await?,
    };
    if let (Ok(verifier), true) = (&job.verifier, job.mutations > 0) {
        let names: Vec<_> = tested
            .tested
            .tests
            .iter()
            .filter(|(_, state)| *state == State::Passes)
            .map(|(name, _)| name.clone())
            .collect();
        match mutants::noticed(verifier, job, &tested.plain, &names, stage).await {
            Ok((mutants, note)) => {
                tested.tested.mutants = mutants;
                tested.tested.notes.extend(note);
            }
            Err(why) => tested.tested.notes.push(format!("No changes were tried: {why}")),
        }
    }
    Ok(tested.tested)
}

/// Tests with the patch as it was before it was laid out.
struct Written {
    tested: Tested,
    plain: Patch,
}

struct Checks<'a> {
    job: &'a Job<'a>,
    stage: &'a OnStage<'a>,
}

impl Check for Checks<'_> {
    type Passed = Written;

    async fn check(&mut self, shown: &Built, reply: &str, is_last: bool) -> Result<Written, Fault> {
        let tests = {
            let mut task = self.task();
            task.redactor = Some(&shown.redactor);
            let read = tokio::task::block_in_place(|| GeneratedTests::read(&task, reply)).map_err(Fault::Rule)?;
            read.knowing(&shown.prompt.user)
        };
        self.judged(&tests, is_last).await
    }
}

impl Checks<'_> {
    fn task(&self) -> TestTask<'_> {
        let job = self.job;
        TestTask {
            path: &job.target.path,
            text: job.text,
            target: job.target.range(),
            home: job.home,
            home_text: job.home_text.clone(),
            redactor: None,
            parsed: job.target.snapshot.ready().map(|analysis| analysis.syntax.clone()),
        }
    }

    /// Compiles and runs tests, and keeps those that are fit. Where some do not compile, the model is told while it may
    /// be asked again.
    async fn judged(&self, tests: &GeneratedTests, is_last: bool) -> Result<Written, Fault> {
        let names = tests.names();
        let mut states: Vec<State> = names.iter().map(|_| State::Unrun).collect();
        let mut notes = Vec::new();
        match &self.job.verifier {
            Err(why) => {
                // Whether it parses is known all the same.
                notes.push(format!("The tests were not run: {why}"));
            }
            Ok(verifier) => {
                let mut keep = vec![Keep::Yes; names.len()];
                // Each round leaves at least one out.
                loop {
                    if !keep.contains(&Keep::Yes) {
                        break;
                    }
                    let (patch, lines) = self.drafted(tests, &keep).await?;
                    let wanted: Vec<_> = names
                        .iter()
                        .zip(&keep)
                        .filter(|(_, keep)| **keep == Keep::Yes)
                        .map(|(name, _)| name.clone())
                        .collect();
                    let run = match self.run(verifier, &patch, &lines, &wanted).await {
                        Ok(run) => run,
                        Err(why) => {
                            notes.push(format!("The tests were not run: {why}"));
                            break;
                        }
                    };
                    if run.errors.is_empty() {
                        take_results(&names, &run, &mut states);
                        break;
                    }
                    // What is wrong elsewhere was so before, and is not for the model to mend.
                    if !is_last && run.errors.iter().any(|error| error.path == self.job.home) {
                        return Err(Fault::Compiler(run.errors));
                    }
                    if !self.leave_out(&run.errors, &lines, &mut keep, &mut states) {
                        let first = run.errors.iter().find(|error| error.severity == Severity::Error);
                        let first = first.map(described).unwrap_or_default();
                        notes.push(format!("The tests were not run, since the project does not compile: {first}"));
                        break;
                    }
                }
            }
        }
        let keep: Vec<_> = states.iter().map(|state| self.kept(state)).collect();
        if !keep.iter().any(|keep| *keep != Keep::No) {
            let each = names.iter().zip(&states).map(|(name, state)| format!("`{name}` {}", state.words()));
            return Err(Fault::Tests(each.collect()));
        }
        let (plain, _) = self.drafted(tests, &keep).await?;
        let mut patch = plain.clone();
        edit::laid_out(&mut patch, self.job.root).await.map_err(Fault::Rule)?;
        let tests = names.into_iter().zip(states).collect();
        Ok(Written { tested: Tested { patch, by: None, tests, mutants: Vec::new(), notes }, plain })
    }

    /// Runs tests, by their full names; where the project knows none of those, by their own alone. Results have the own.
    async fn run(
        &self,
        verifier: &Verifier,
        patch: &Patch,
        lines: &[Range<usize>],
        wanted: &[String],
    ) -> Result<TestRun, String> {
        let home = patch.files.iter().find(|file| file.path == self.job.home);
        let full = names::full(self.job.home, home.map_or("", |file| &file.after), wanted, lines);
        let mut run = verifier.test(patch, self.job.home, &full, self.stage).await?;
        let is_unknown = |run: &TestRun| run.tests.iter().all(|test| test.outcome == TestOutcome::NotFound);
        if run.errors.is_empty() && full != wanted && is_unknown(&run) {
            return verifier.test(patch, self.job.home, wanted, self.stage).await;
        }
        for test in &mut run.tests {
            let own = full.iter().position(|name| *name == test.name).and_then(|at| wanted.get(at));
            test.name = own.cloned().unwrap_or_else(|| std::mem::take(&mut test.name));
        }
        Ok(run)
    }

    /// Marks those that the errors are about; whether there are any.
    fn leave_out(
        &self,
        errors: &[Diagnostic],
        lines: &[Range<usize>],
        keep: &mut [Keep],
        states: &mut [State],
    ) -> bool {
        let mut any = false;
        let kept: Vec<_> = (0..keep.len()).filter(|at| keep.get(*at) == Some(&Keep::Yes)).collect();
        for (at, lines) in kept.into_iter().zip(lines) {
            let is_about = |error: &&Diagnostic| {
                let (first, last) = (error.line.saturating_sub(1), error.end_line);
                error.path == self.job.home && first < lines.end && lines.start < last
            };
            let error = errors.iter().filter(|error| error.severity == Severity::Error).find(is_about);
            if let (Some(error), Some(keep), Some(state)) = (error, keep.get_mut(at), states.get_mut(at)) {
                (*keep, *state, any) = (Keep::No, State::DoesNotCompile(error.message.clone()), true);
            }
        }
        any
    }

    fn kept(&self, state: &State) -> Keep {
        match state {
            State::Passes | State::Unrun => Keep::Yes,
            State::Fails(why) if self.job.keep_failing => Keep::Marked(first_line(why).to_owned()),
            State::Fails(_) | State::DoesNotCompile(_) | State::DoesNotEnd(_) | State::NotFound => Keep::No,
        }
    }

    /// The patch with some tests, where it parses, and the lines of each.
    async fn drafted(&self, tests: &GeneratedTests, keep: &[Keep]) -> Result<(Patch, Vec<Range<usize>>), Fault> {
        let (draft, lines) = tokio::task::block_in_place(|| tests.patch(keep)).map_err(Fault::Rule)?;
        Ok((edit::parsed(draft, self.job.root).await.map_err(Fault::Rule)?, lines))
    }
}

fn take_results(names: &[String], run: &TestRun, states: &mut [State]) {
    for (name, state) in names.iter().zip(states) {
        let Some(result) = run.tests.iter().find(|result| result.name == *name) else { continue };
        *state = match &result.outcome {
            TestOutcome::Passed => State::Passes,
            TestOutcome::Failed(why) => State::Fails(why.clone()),
            TestOutcome::DidNotEnd(limit) => State::DoesNotEnd(limit.as_secs()),
            TestOutcome::NotFound => State::NotFound,
            TestOutcome::Ignored => continue,
        };
    }
}

/// Without a model: what the signature and the clauses say.
async fn skeletons(checks: &Checks<'_>) -> Result<Written, EditError> {
    (checks.stage)(Stage::Checking);
    let reply = checks.job.target.test_skeletons().ok_or(EditError::NothingToTest)?;
    let made = match tokio::task::block_in_place(|| GeneratedTests::read(&checks.task(), &reply)) {
        Ok(tests) => checks.judged(&tests, true).await,
        Err(refusal) => Err(Fault::Rule(refusal)),
    };
    made.map_err(|fault| match fault {
        Fault::Rule(Refusal::Unchanged) => EditError::NothingToTest,
        fault => EditError::Refused {
            by: "the structural engine".to_owned(),
            reason: fault.told(None),
            repairs: 0,
            reply: reply.clone(),
        },
    })
}
