//! What mix says: of the project, by our own task around `mix compile`; of tests, by our own formatter of ExUnit's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    iter::once,
    path::Path,
    time::Duration,
};

use super::{Call, Diagnostic, LINES, Places, Severity, TestOutcome, TestResult, TestRun, cargo::push};
use crate::{
    build::{End, Said, Stream, random},
    shadow::{CheckError, Shadow, failed},
};

const CHECK: &str = include_str!("check.exs");
const TEST: &str = include_str!("test.exs");

pub(super) async fn check(shadow: &mut Shadow) -> Result<Vec<Diagnostic>, CheckError> {
    const COMMAND: &str = "mix compile";
    let script = script(shadow, "check.exs", CHECK)?;
    let places = Places::new(shadow.tree(), "");
    let mark = random();
    let time = shadow.limits.check;
    let call = Call {
        program: "elixir",
        arguments: ["-r", &script, "-S", "mix", "aiex.check"].map(str::to_owned).into(),
        folder: "",
        variables: vec![("AIEX_MARK", mark.clone())],
        time,
        command: COMMAND,
    };
    let (mut found, mut strays, mut status) = (Vec::new(), Vec::new(), None);
    let (end, said) = shadow
        .run(call, |stream, line| {
            let fields = marked(stream, line, &mark);
            match fields.as_deref() {
                Some(["status", word]) => status = Some(*word == "error"),
                Some(["diagnostic", severity, line, column, end, file, message]) => {
                    let severity = match *severity {
                        "error" => Severity::Error,
                        "warning" => Severity::Warning,
                        _ => return,
                    };
                    let number = |text: &str| text.parse().unwrap_or(0_usize);
                    let text = text(message);
                    match places.path(&self::text(file)) {
                        Some(path) => {
                            let line = number(line).max(1);
                            let end_line = number(end).max(line);
                            let column = Some(number(column)).filter(|column| *column > 0);
                            let message = places.clean(message_lines(&text), LINES);
                            push(
                                &mut found,
                                Diagnostic { path, severity, line, end_line, column, code: None, message },
                            );
                        }
                        None if severity == Severity::Error && strays.is_empty() => strays.push(text),
                        None => {}
                    }
                }
                _ => {}
            }
        })
        .await?;
    let has_error = |found: &[Diagnostic]| found.iter().any(|found| found.severity == Severity::Error);
    // Without a word of how it ended, or where it says that it failed and nothing of why.
    if status != Some(false) && !has_error(&found) && strays.is_empty() {
        if status.is_none() && end == End::TimedOut {
            return Err(CheckError::TimedOut { command: COMMAND.to_owned(), limit: time });
        }
        let errors = places.of_elixir(&said.lines().collect::<Vec<_>>());
        return if errors.is_empty() { Err(unusable(COMMAND, &said, &places)) } else { Ok(errors) };
    }
    match strays.first() {
        Some(stray) if !has_error(&found) => {
            let said = places.clean(stray.lines(), LINES);
            Err(CheckError::Unusable { command: COMMAND.to_owned(), said, hint: None })
        }
        _ => Ok(found),
    }
}

pub(super) async fn test(shadow: &mut Shadow, file: &str, names: &[String]) -> Result<TestRun, CheckError> {
    const COMMAND: &str = "mix test";
    let mut errors = check(shadow).await?;
    errors.retain(|error| error.severity == Severity::Error);
    if !errors.is_empty() || names.is_empty() {
        return Ok(TestRun { errors, tests: Vec::new() });
    }
    // An application of an umbrella has its tests for itself.
    let app = Path::new(file).ancestors().skip(1).find(|folder| shadow.tree().join(folder).join("mix.exs").is_file());
    let app = app.and_then(Path::to_str).unwrap_or_default().to_owned();
    let path = file.strip_prefix(&app).unwrap_or(file).trim_start_matches('/');
    let places = Places::new(shadow.tree(), &app);
    let script = script(shadow, "test.exs", TEST)?;
    let mark = random();
    let time = shadow.limits.tests;
    // ExUnit ends a test that loops, and goes on with the next.
    let each = time / 2;
    let mut arguments = ["-r", &script, "-S", "mix", "test", path].map(str::to_owned).to_vec();
    arguments.extend(["--formatter", "Aiex.Formatter", "--seed", "0", "--timeout"].map(str::to_owned));
    arguments.push(each.as_millis().to_string());
    for name in names {
        arguments.extend(["--only".to_owned(), format!("test:test {}", title(name))]);
    }
    let variables = vec![("AIEX_MARK", mark.clone())];
    let call = Call { program: "elixir", arguments, folder: &app, variables, time, command: COMMAND };
    let mut report = Report { each, ..Report::default() };
    let (end, said) = shadow
        .run(call, |stream, line| {
            if let Some(fields) = marked(stream, line, &mark) {
                report.read(&fields, &places);
            }
        })
        .await?;
    // No module of tests has begun: the file does not compile, or there is nothing to run.
    if report.known.is_empty() {
        let errors = places.of_elixir(&said.lines().collect::<Vec<_>>());
        return match end {
            _ if !errors.is_empty() => Ok(TestRun { errors, tests: Vec::new() }),
            End::TimedOut => Err(CheckError::TimedOut { command: COMMAND.to_owned(), limit: time }),
            End::Exited(Some(0)) => Ok(report.run(names, end, time)),
            End::Exited(_) if report.started => Ok(report.run(names, end, time)),
            End::Exited(_) => Err(unusable(COMMAND, &said, &places)),
        };
    }
    Ok(report.run(names, end, time))
}

/// Writes a script beside the copy, whatever a build has put there. Its path.
fn script(shadow: &Shadow, name: &str, text: &str) -> Result<String, CheckError> {
    let path = shadow.folder.join(name);
    let write = || {
        crate::shadow::remove_file(&path)?;
        fs::write(&path, text)
    };
    write().map_err(|error| CheckError::from(failed((path.clone(), error))))?;
    Ok(path.display().to_string())
}

/// The title of a test without the word that ExUnit puts before it.
fn title(name: &str) -> &str {
    name.strip_prefix("test ").unwrap_or(name)
}

/// The fields of a line of our own, wherever it begins: what a test prints may stand before it.
fn marked<'a>(stream: Stream, line: &'a str, mark: &str) -> Option<Vec<&'a str>> {
    let (_, fields) = line.split_once(mark).filter(|_| stream == Stream::Out)?;
    Some(fields.strip_prefix('\t')?.split('\t').collect())
}

/// What hexadecimal digits stand for.
fn text(digits: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).filter_map(byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The lines of a compiler's message, without the exception and the place before it.
fn message_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let said = first.strip_prefix("** (").and_then(|rest| rest.split_once(") ")).map(|(_, rest)| rest);
    let said = said.and_then(|rest| rest.split_once(": ")).map(|(_, said)| said);
    // Where the compiler itself was says nothing.
    once(said.unwrap_or(first)).chain(lines.filter(|line| !line.trim_start().starts_with("(elixir ")))
}

fn unusable(command: &str, said: &Said, places: &Places) -> CheckError {
    let has = |text: &str| said.lines().any(|line| line.contains(text));
    let hint = if has("Could not find Hex") || has("Could not find an SCM") {
        Some("Run `mix local.hex` and `mix deps.get` in the workspace, and try again.")
    } else if has("deps.get") || has("dependency is not available") || has("lock mismatch") {
        Some("Nothing is fetched for a check. Run `mix deps.get` in the workspace and try again.")
    } else if has("rebar3") && has("Could not find") {
        Some("Run `mix local.rebar` and try again.")
    } else {
        None
    };
    // Nobody is there to be asked.
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("Shall I install ")).collect();
    // What it fails with stands at the end, below what it warns of.
    let raised = lines.iter().position(|line| line.starts_with("** (")).filter(|_| !has("Unchecked dependencies"));
    let text = places.clean(lines.into_iter().skip(raised.unwrap_or(0)), LINES);
    let said = if text.is_empty() { "it says nothing".to_owned() } else { text };
    CheckError::Unusable { command: command.to_owned(), said, hint: hint.map(str::to_owned) }
}

/// What the formatter has printed so far; names as ExUnit has them, without `test `.
#[derive(Default)]
struct Report {
    started: bool,
    known: BTreeSet<String>,
    outcomes: BTreeMap<String, TestOutcome>,
    /// How long one test may run.
    each: Duration,
}

impl Report {
    fn read(&mut self, fields: &[&str], places: &Places) {
        let name = |digits: &str| title(&text(digits)).to_owned();
        let (name, outcome) = match fields {
            ["started"] => {
                self.started = true;
                return;
            }
            ["test", digits] => {
                self.known.insert(name(digits));
                return;
            }
            ["passed", digits, _] => (name(digits), TestOutcome::Passed),
            ["ignored", digits, _] => (name(digits), TestOutcome::Ignored),
            ["endless", digits, _] => (name(digits), TestOutcome::DidNotEnd(self.each)),
            ["failed", digits, why] => (name(digits), TestOutcome::Failed(reason(&text(why), places))),
            _ => return,
        };
        // Of several modules' tests with one title, the worst counts.
        let weight = |outcome: &TestOutcome| match outcome {
            TestOutcome::Failed(_) => 3,
            TestOutcome::DidNotEnd(_) => 2,
            TestOutcome::Passed => 1,
            TestOutcome::Ignored | TestOutcome::NotFound => 0,
        };
        if self.outcomes.get(&name).is_none_or(|known| weight(known) < weight(&outcome)) {
            self.outcomes.insert(name, outcome);
        }
    }

    fn run(&self, names: &[String], end: End, time: Duration) -> TestRun {
        let result = |name: &String| TestResult { name: name.clone(), outcome: self.outcome(title(name), end, time) };
        TestRun { errors: Vec::new(), tests: names.iter().map(result).collect() }
    }

    fn outcome(&self, name: &str, end: End, time: Duration) -> TestOutcome {
        match (self.outcomes.get(name), end) {
            (Some(outcome), _) => outcome.clone(),
            (None, _) if !self.known.contains(name) => TestOutcome::NotFound,
            (None, End::TimedOut) => TestOutcome::DidNotEnd(time),
            (None, End::Exited(_)) => TestOutcome::Failed("It ended the process of the tests.".to_owned()),
        }
    }
}

/// Why a test failed, without the title and the place, which are known.
fn reason(text: &str, places: &Places) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let has_title = text.trim_start().starts_with("1) ");
    let lines = lines.skip(if has_title { 2 } else { 0 });
    places.clean(lines.map(|line| line.strip_prefix("     ").unwrap_or(line)), LINES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_from_hexadecimal() {
        assert_eq!((text("C3A40A"), text(""), text("0G41")), ("ä\n".to_owned(), String::new(), "A".to_owned()));
    }

    #[test]
    fn a_message_stands_without_its_exception() {
        let first = |text| message_lines(text).collect::<Vec<_>>().join("|");
        assert_eq!(first("** (CompileError) lib/a.ex:3: undefined\nmore"), "undefined|more");
        assert_eq!(first("variable \"x\" is unused"), "variable \"x\" is unused");
    }
}
