//! Rust's tests, run by `cargo test` and read as libtest prints them.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{Call, LINES, Places, Severity, TestOutcome, TestResult, TestRun, cargo};
use crate::{
    build::{End, Stream},
    project::{BuildTool, Project, normal},
    shadow::{CheckError, Shadow},
};

/// The most tests that run at once. One that loops holds up none of the others.
const THREADS: usize = 32;
/// The most lines of a test's output that are read for why it failed.
const REASON: usize = 40;
/// How long listing tests may take.
const LIST: Duration = Duration::from_secs(30);

pub(super) async fn test(shadow: &mut Shadow, file: &str, names: &[String]) -> Result<TestRun, CheckError> {
    let Some(package) = Package::of(shadow, file) else {
        let found = |name: &String| TestResult { name: name.clone(), outcome: TestOutcome::NotFound };
        return Ok(TestRun { errors: Vec::new(), tests: names.iter().map(found).collect() });
    };
    let command = format!("cargo test --package {}", package.name);
    // Without `--keep-going`: one that does not compile is enough for none to run.
    let mut compile = package.arguments();
    compile.push("--no-run".to_owned());
    compile.extend(cargo::COMPILE.map(str::to_owned));
    let mut errors = cargo::compile(shadow, compile, &command).await?;
    errors.retain(|error| error.severity == Severity::Error);
    if !errors.is_empty() || names.is_empty() {
        return Ok(TestRun { errors, tests: Vec::new() });
    }

    let limit = shadow.limits.tests;
    let deadline = Instant::now() + limit;
    // A test may change the sources, so what there is is asked first.
    let listed = list(shadow, &package, names).await?;
    let mut report = Report::default();
    let mut end = End::Exited(None);
    if !listed.is_empty() {
        end = run(shadow, &package, &listed, limit, &mut report).await?.0;
    }
    let mut tests: Vec<TestResult> = Vec::new();
    for name in names {
        let is_there = listed.iter().any(|path| is_named(path, name));
        let outcome = match (report.outcome(name), end) {
            (Some(outcome), _) => outcome,
            (None, _) if !is_there => TestOutcome::NotFound,
            (None, End::TimedOut) => TestOutcome::DidNotEnd(limit),
            // Another one has ended the process of all.
            (None, End::Exited(_)) => {
                let paths: Vec<_> = listed.iter().filter(|path| is_named(path, name)).cloned().collect();
                let left = deadline.saturating_duration_since(Instant::now());
                alone(shadow, &package, name, &paths, left).await?.unwrap_or(TestOutcome::DidNotEnd(limit))
            }
        };
        tests.push(TestResult { name: name.clone(), outcome });
    }
    Ok(TestRun { errors, tests })
}

/// Runs one test, of which the process ended before it was reported. `None` where it does not end in time.
async fn alone(
    shadow: &mut Shadow,
    package: &Package,
    name: &str,
    paths: &[String],
    left: Duration,
) -> Result<Option<TestOutcome>, CheckError> {
    if left.is_zero() {
        return Ok(None);
    }
    let mut report = Report::default();
    let (end, why) = run(shadow, package, paths, left, &mut report).await?;
    Ok(match (report.outcome(name), end) {
        (Some(outcome), _) => Some(outcome),
        (None, End::TimedOut) => None,
        (None, End::Exited(_)) => Some(TestOutcome::Failed(why)),
    })
}

/// Runs tests by their paths. With how it ended, and what to say of one that was not reported.
async fn run(
    shadow: &mut Shadow,
    package: &Package,
    paths: &[String],
    time: Duration,
    report: &mut Report,
) -> Result<(End, String), CheckError> {
    let threads = paths.len().saturating_add(1).clamp(2, THREADS);
    let mut arguments = package.arguments();
    arguments.extend(
        ["--offline", "--color=never", "--no-fail-fast", "--", "--format=pretty", "--exact"].map(str::to_owned),
    );
    arguments.push(format!("--test-threads={threads}"));
    arguments.extend(paths.iter().cloned());
    let command = format!("cargo test --package {}", package.name);
    let call = Call { program: "cargo", arguments, folder: "", variables: Vec::new(), time, command: &command };
    let places = Places::new(shadow.tree(), "");
    report.places = Some(places.clone());
    let (end, said) = shadow
        .run(call, |stream, line| {
            if stream == Stream::Out {
                report.read(line);
            }
        })
        .await?;
    report.finish();
    let has = |text: &str| said.lines().any(|line| line.starts_with(text));
    let why = said.lines().find(|line| line.contains("(signal: ") || line.contains("(exit status: "));
    let why = places
        .clean(why.and_then(|line| line.rsplit_once('(')).map(|(_, why)| why.trim_end_matches(')')).into_iter(), 1);
    let why = if has("error: could not compile") {
        "It was not reported, and a test that ran beside it has changed the sources.".to_owned()
    } else {
        format!("It ended the process of the tests. {why}").trim().to_owned()
    };
    Ok((end, why))
}

/// The paths of all tests with one of these names.
async fn list(shadow: &mut Shadow, package: &Package, names: &[String]) -> Result<Vec<String>, CheckError> {
    // They become arguments.
    let is_path = |name: &&String| name.chars().all(|char| char.is_alphanumeric() || char == '_' || char == ':');
    let names: Vec<&String> = names.iter().filter(|name| !name.is_empty()).filter(is_path).collect();
    let mut paths = Vec::new();
    if names.is_empty() {
        return Ok(paths);
    }
    let mut arguments = package.arguments();
    arguments.extend(["--offline", "--color=never", "--no-fail-fast", "--", "--list"].map(str::to_owned));
    arguments.extend(names.iter().map(|name| (*name).clone()));
    let call =
        Call { program: "cargo", arguments, folder: "", variables: Vec::new(), time: LIST, command: "cargo test" };
    let listing = shadow.run(call, |stream, line| {
        let path = line.strip_suffix(": test").filter(|_| stream == Stream::Out);
        paths.extend(path.filter(|path| names.iter().any(|name| is_named(path, name))).map(str::to_owned));
    });
    listing.await?;
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The package of a file, and which of its parts hold the file's tests.
struct Package {
    name: String,
    targets: Vec<String>,
}

impl Package {
    fn of(shadow: &Shadow, file: &str) -> Option<Self> {
        let tree = shadow.tree();
        let inside = Project { tool: BuildTool::Cargo, root: tree.to_owned() };
        let path = normal(&inside.root.join(file));
        let folder = path.ancestors().skip(1).take_while(|folder| folder.starts_with(tree));
        let folder = folder.into_iter().find(|folder| folder.join("Cargo.toml").is_file())?;
        let table: toml::Table = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        // It becomes an argument.
        if name.is_empty() || !name.chars().all(|char| char.is_alphanumeric() || "-_".contains(char)) {
            return None;
        }
        let parts: Vec<&str> =
            path.strip_prefix(folder).ok()?.components().filter_map(|part| part.as_os_str().to_str()).collect();
        let is_plain = !["test", "lib", "bin"]
            .into_iter()
            .any(|key| table.get(key).is_some_and(|part| part.is_array() || part.get("path").is_some()));
        let targets = match parts.as_slice() {
            // Named in the manifest: it may be any of them.
            _ if !is_plain => vec!["--tests".to_owned()],
            ["tests", file] if file.ends_with(".rs") => {
                vec!["--test".to_owned(), file.trim_end_matches(".rs").to_owned()]
            }
            ["tests", target, ..] if folder.join("tests").join(target).join("main.rs").is_file() => {
                vec!["--test".to_owned(), (*target).to_owned()]
            }
            ["src", ..] => {
                let lib = folder.join("src/lib.rs").is_file().then(|| "--lib".to_owned());
                let bins = folder.join("src/main.rs").is_file() || folder.join("src/bin").is_dir();
                let found: Vec<_> = lib.into_iter().chain(bins.then(|| "--bins".to_owned())).collect();
                if found.is_empty() { vec!["--tests".to_owned()] } else { found }
            }
            _ => vec!["--tests".to_owned()],
        };
        Some(Self { name, targets })
    }

    fn arguments(&self) -> Vec<String> {
        let start = ["test".to_owned(), "--package".to_owned(), self.name.clone()];
        start.into_iter().chain(self.targets.iter().cloned()).collect()
    }
}

/// Whether a test's path ends in these names.
fn is_named(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

/// What libtest has printed so far.
#[derive(Default)]
struct Report {
    outcomes: BTreeMap<String, Vec<TestOutcome>>,
    /// Whose output is being read.
    reading: Option<String>,
    lines: Vec<String>,
    panicked: bool,
    places: Option<Places>,
}

impl Report {
    fn read(&mut self, line: &str) {
        if let Some(path) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            self.finish();
            self.reading = Some(path.trim_end().to_owned());
        } else if self.reading.is_some() && (line == "failures:" || line.starts_with("test result: ")) {
            self.finish();
        } else if self.reading.is_some() {
            // What it printed before it failed says less than why it did.
            if let Some(why) = panicked(line).filter(|_| !self.panicked) {
                self.panicked = true;
                self.lines = vec![why.to_owned()];
            } else if self.lines.len() < REASON && !line.starts_with("note: run with `RUST_BACKTRACE") {
                self.lines.push(line.to_owned());
            }
        } else if let Some((before, outcome)) = line.rsplit_once(" ... ") {
            let outcome = match outcome.split([',', ' ']).next() {
                Some("ok") => TestOutcome::Passed,
                Some("FAILED") => TestOutcome::Failed(String::new()),
                Some("ignored") => TestOutcome::Ignored,
                _ => return,
            };
            // What tests print past libtest may stand before it in the line.
            let path = before.rsplit("test ").next().unwrap_or(before);
            let path = path.split(" - ").next().unwrap_or(path).trim();
            self.outcomes.entry(path.to_owned()).or_default().push(outcome);
        }
    }

    /// The output of one test has ended.
    fn finish(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.panicked = false;
        let Some(path) = self.reading.take() else { return };
        let lines = lines.iter().map(String::as_str);
        let said = self.places.as_ref().map(|places| places.clean(lines, LINES)).unwrap_or_default();
        for outcome in self.outcomes.get_mut(&path).into_iter().flatten() {
            if let TestOutcome::Failed(why) = outcome
                && why.is_empty()
            {
                why.clone_from(&said);
            }
        }
    }

    /// Of the test with this name; the worst where several have it.
    fn outcome(&self, name: &str) -> Option<TestOutcome> {
        let found = self.outcomes.iter().filter(|(path, _)| is_named(path, name)).flat_map(|(_, found)| found);
        let worst = found.max_by_key(|outcome| match outcome {
            TestOutcome::Failed(_) => 2,
            TestOutcome::Passed => 1,
            _ => 0,
        });
        worst.map(|outcome| match outcome {
            TestOutcome::Failed(why) if why.is_empty() => {
                TestOutcome::Failed("It fails; why was not printed before the run was stopped.".to_owned())
            }
            outcome => outcome.clone(),
        })
    }
}

/// What is said behind the thread's name and number: `thread 'tests::adds' (123) panicked at src/lib.rs:9:5:`.
pub(super) fn panicked(line: &str) -> Option<&str> {
    let at = line.strip_prefix("thread '")?.find("panicked at ")?;
    line.get("thread '".len().saturating_add(at)..)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(said: &str, names: &[&str], expect: Expect) {
        let mut report = Report { places: Some(Places::new("/tree".as_ref(), "")), ..Report::default() };
        said.lines().for_each(|line| report.read(line));
        report.finish();
        let found: Vec<_> = names.iter().map(|name| format!("{name}: {:?}", report.outcome(name))).collect();
        expect.assert_eq(&found.join("\n"));
    }

    #[test]
    fn outcomes_are_read_as_libtest_prints_them() {
        check(
            "\
running 5 tests
test tests::adds ... ok
noise without an endtest tests::subtracts ... FAILED
test tests::panics - should panic ... ok
test tests::later ... ignored, not yet
test tests::loops has been running for over 60 seconds

failures:

---- tests::subtracts stdout ----
noise ... ok

thread 'tests::subtracts' (71) panicked at /tree/src/lib.rs:9:5:
assertion `left == right` failed
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::subtracts

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
",
            &["adds", "tests::adds", "dds", "subtracts", "panics", "later", "loops"],
            expect![[r#"
                adds: Some(Passed)
                tests::adds: Some(Passed)
                dds: None
                subtracts: Some(Failed("panicked at src/lib.rs:9:5:\nassertion `left == right` failed\n  left: 1\n right: 2"))
                panics: Some(Passed)
                later: Some(Ignored)
                loops: None"#]],
        );
    }

    proptest::proptest! {
        #[test]
        fn anything_printed_is_read(said in "(test |a::b| \\.\\.\\. |ok|FAILED|---- | stdout ----|thread '|' panicked at |failures:|\\PC|\n){0,40}") {
            let mut report = Report { places: Some(Places::new("/tree".as_ref(), "")), ..Report::default() };
            said.lines().for_each(|line| report.read(line));
            report.finish();
            if let Some(TestOutcome::Failed(why)) = report.outcome("b") {
                proptest::prop_assert!(!why.is_empty() && why.lines().count() <= LINES);
            }
        }
    }

    #[test]
    fn a_failure_counts_more_than_a_pass_elsewhere() {
        check(
            "test a::x ... ok\ntest b::x ... FAILED\ntest c::x ... ignored\n",
            &["x", "a::x"],
            expect![[r#"
                x: Some(Failed("It fails; why was not printed before the run was stopped."))
                a::x: Some(Passed)"#]],
        );
    }
}
