//! What compilers and tests say of a project, with its own paths.

mod cargo;
mod cargo_test;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod hostile;
mod mix;
mod places;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use self::places::Places;
use crate::{
    build::{End, Run, RunError, Said, Stream, run},
    program::ProgramError,
    project::BuildTool,
    shadow::{CheckError, Shadow, ShadowError},
};

/// One thing that a compiler says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Relative to the project's root, with `/`.
    pub path: String,
    /// How bad it is.
    pub severity: Severity,
    /// The first line, from 1.
    pub line: usize,
    /// The last line, inclusive.
    pub end_line: usize,
    /// Of its first character, from 1, in characters; `None` where the compiler names none.
    pub column: Option<usize>,
    /// `E0308`, `unused_variables`; Elixir has none.
    pub code: Option<String>,
    /// In a few lines: rustc's with its labels and notes. Without characters that a terminal would act on.
    pub message: String,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It does not compile.
    Error,
    /// It does.
    Warning,
}

/// What became of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRun {
    /// Where there are some, nothing ran.
    pub errors: Vec<Diagnostic>,
    /// One for each name, in the order in which they were given.
    pub tests: Vec<TestResult>,
}

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// As it was given.
    pub name: String,
    /// What became of it.
    pub outcome: TestOutcome,
}

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    /// It holds.
    Passed,
    /// It does not; the first lines of why.
    Failed(String),
    /// It is marked not to be run.
    Ignored,
    /// It was stopped after this time, in which all the tests ran.
    DidNotEnd(Duration),
    /// No test has this name, or it was not among those that ran.
    NotFound,
}

/// The most lines of a message.
pub(crate) const LINES: usize = 14;

impl Shadow {
    /// Compiles the project, its tests included where the build tool does that (mix compiles tests only to run them).
    /// Errors and warnings, in the order of their places.
    ///
    /// # Errors
    /// See [`CheckError`]. That the project has errors is none.
    pub async fn check(&mut self) -> Result<Vec<Diagnostic>, CheckError> {
        let mut found = match self.project.tool {
            BuildTool::Cargo => cargo::check(self, Some("--all-targets")).await?,
            BuildTool::Mix => mix::check(self).await?,
        };
        sort(&mut found);
        Ok(found)
    }

    /// Like [`Shadow::check`], but cargo compiles only libraries and programs, as plain `cargo check` does. That takes half
    /// the time or less, and says nothing of tests, examples and benchmarks.
    ///
    /// # Errors
    /// See [`Shadow::check`].
    pub async fn check_without_tests(&mut self) -> Result<Vec<Diagnostic>, CheckError> {
        let mut found = match self.project.tool {
            BuildTool::Cargo => cargo::check(self, None).await?,
            BuildTool::Mix => mix::check(self).await?,
        };
        sort(&mut found);
        Ok(found)
    }

    /// Compiles and runs the tests with these names in a file, given by its path relative to the project's root with `/`.
    ///
    /// A name is that of a Rust function, with modules before it or without; or the title of an ExUnit test, after that
    /// of its `describe`, if it has one, and a space.
    ///
    /// # Errors
    /// See [`CheckError`]. That tests do not compile, fail or do not end is none.
    pub async fn test(&mut self, file: &str, names: &[String]) -> Result<TestRun, CheckError> {
        if !crate::shadow::is_inner(file) {
            return Err(ShadowError::NoPath { path: file.to_owned() }.into());
        }
        let mut ran = match self.project.tool {
            BuildTool::Cargo => cargo_test::test(self, file, names).await?,
            BuildTool::Mix => mix::test(self, file, names).await?,
        };
        sort(&mut ran.errors);
        Ok(ran)
    }

    /// Runs a program in a folder of the copy; `command` is what a person would type.
    async fn run(&mut self, call: Call<'_>, mut line: impl FnMut(Stream, &str)) -> Result<(End, Said), CheckError> {
        self.is_whole()?;
        self.mend()?;
        self.wait_for_clock().await;
        let folder = if call.folder.is_empty() { self.tree().to_owned() } else { self.tree().join(call.folder) };
        let mut variables = self.variables();
        variables.extend(call.variables.iter().map(|(name, value)| (*name, value.into())));
        let copy = self.folder.clone();
        self.builds();
        let task = Run {
            program: call.program,
            arguments: &call.arguments,
            folder: &folder,
            variables: &variables,
            time: call.time,
            copy: &copy,
            disk: self.limits.disk,
        };
        let mut said = Said::default();
        let ended = run(&self.programs, &task, |stream, text| {
            // Mix says of files that it runs on standard output why they do not compile.
            let is_ours = || call.variables.iter().any(|(_, mark)| text.contains(mark.as_str()));
            if stream == Stream::Err || (call.program != "cargo" && !is_ours()) {
                said.push(text);
            }
            line(stream, text);
        })
        .await;
        self.has_built();
        let command = call.command.to_owned();
        match ended {
            Ok(end) => Ok((end, said)),
            Err(RunError::DiskFull { free }) => {
                self.spoil();
                Err(CheckError::DiskFull { command, limit: self.limits.disk, free })
            }
            Err(RunError::Program(error)) => Err(missing(call.program, &error)),
        }
    }
}

/// What is run in the copy.
struct Call<'a> {
    program: &'static str,
    arguments: Vec<String>,
    /// Relative to the copy's top.
    folder: &'a str,
    variables: Vec<(&'static str, String)>,
    time: Duration,
    /// What a person would type.
    command: &'a str,
}

fn missing(program: &str, error: &ProgramError) -> CheckError {
    let install = match (program, error) {
        (_, ProgramError::Unusable { .. } | ProgramError::TimedOut { .. } | ProgramError::TooMuch { .. }) => {
            "Try it in a terminal."
        }
        ("cargo", _) => "Install Rust (https://rustup.rs), outside of the workspace.",
        _ => "Install Elixir (https://elixir-lang.org/install.html), outside of the workspace.",
    };
    CheckError::Program { program: program.to_owned(), reason: error.to_string(), install: install.to_owned() }
}

/// By place, each once: cargo compiles a file for itself and for its tests.
fn sort(found: &mut Vec<Diagnostic>) {
    let key = |found: &Diagnostic| (found.path.clone(), found.line, found.column, found.severity != Severity::Error);
    found.sort_by_key(key);
    let mut seen = std::collections::HashSet::new();
    found.retain(|found| seen.insert(found.clone()));
}
