//! What `cargo check` says (<https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>).

use serde::Deserialize;

use super::{Call, Diagnostic, LINES, Places, Severity, cargo_test::panicked};
use crate::{
    build::{End, Said, Stream},
    shadow::{CheckError, Shadow},
};

/// The most warnings that are kept, and the most errors.
const MOST: usize = 500;

/// Keeps a diagnostic unless there are enough of its kind.
pub(super) fn push(found: &mut Vec<Diagnostic>, diagnostic: Diagnostic) {
    if found.iter().filter(|found| found.severity == diagnostic.severity).count() < MOST {
        found.push(diagnostic);
    }
}

/// Arguments of every call that compiles.
pub(super) const COMPILE: [&str; 3] = ["--offline", "--message-format=json", "--color=never"];

/// Libraries and programs; with `targets`, also what these arguments name.
pub(super) async fn check(shadow: &mut Shadow, targets: Option<&str>) -> Result<Vec<Diagnostic>, CheckError> {
    // All errors each time, not those of what happened to be compiled first: a check is compared with another.
    let arguments = |more| ["check", "--workspace"].into_iter().chain(targets).chain(more).chain(COMPILE);
    let all = arguments(Some("--keep-going")).map(str::to_owned).collect();
    match compile(shadow, all, "cargo check").await {
        // Cargo before 1.74 does not know it.
        Err(CheckError::Unusable { said, .. }) if said.contains("--keep-going") => {
            compile(shadow, arguments(None).map(str::to_owned).collect(), "cargo check").await
        }
        found => found,
    }
}

/// Runs a cargo command that compiles. Where it fails without naming an error in the project, that is an error here.
pub(super) async fn compile(
    shadow: &mut Shadow,
    arguments: Vec<String>,
    command: &str,
) -> Result<Vec<Diagnostic>, CheckError> {
    let places = Places::new(shadow.tree(), "");
    let mut found = Vec::new();
    let mut strays = Vec::new();
    let time = shadow.limits.check;
    let call = Call { program: "cargo", arguments, folder: "", variables: Vec::new(), time, command };
    let (end, said) = shadow
        .run(call, |stream, line| {
            if stream == Stream::Out {
                match read(line, &places) {
                    Some(Read::Placed(diagnostic)) => push(&mut found, diagnostic),
                    Some(Read::Stray(text)) if strays.is_empty() => strays.push(text),
                    _ => {}
                }
            }
        })
        .await?;
    let has_errors = found.iter().any(|found| found.severity == Severity::Error);
    match end {
        End::TimedOut => Err(CheckError::TimedOut { command: command.to_owned(), limit: time }),
        End::Exited(Some(0)) => Ok(found),
        End::Exited(_) if has_errors => Ok(found),
        End::Exited(_) => {
            let lines: Vec<&str> = said.lines().collect();
            match places.of_cargo(&lines) {
                Some(diagnostic) => found.push(diagnostic),
                None => return Err(unusable(command, &said, &strays, &places)),
            }
            Ok(found)
        }
    }
}

/// What cargo says where no file of the project is at fault.
pub(super) fn unusable(command: &str, said: &Said, strays: &[String], places: &Places) -> CheckError {
    let all: Vec<&str> = said.lines().collect();
    let has = |text: &str| all.iter().any(|line| line.contains(text));
    if let Some(line) = all.iter().find(|line| line.contains("toolchain") && line.contains("is not installed")) {
        let name = line.split('\'').nth(1).unwrap_or_default();
        return CheckError::Program {
            program: "cargo".to_owned(),
            reason: format!("{}.", places.clean(std::iter::once(line.trim_start_matches("error: ")), 1)),
            install: format!("Install it with `rustup toolchain install {name}`."),
        };
    }
    let first = all.iter().position(|line| line.starts_with("error")).unwrap_or(0);
    let lines = all.get(first..).unwrap_or_default().iter().filter(|line| !is_noise(line.trim_start()));
    let lines = lines.map(|line| line.trim_start_matches("error: ")).map(|line| {
        // Of a build script.
        panicked(line.trim_start()).unwrap_or(line)
    });
    let said = match strays.first() {
        Some(stray) => places.clean(stray.lines(), LINES),
        None => places.clean(lines, LINES),
    };
    let wants_network =
        ["offline", "no matching package named", "failed to download", "unable to update", "failed to get"];
    let hint = wants_network
        .into_iter()
        .any(has)
        .then(|| "Nothing is fetched for a check. Run `cargo fetch` in the workspace and try again.".to_owned());
    let said = if said.is_empty() { "it says nothing".to_owned() } else { said };
    CheckError::Unusable { command: command.to_owned(), said, hint }
}

/// What cargo says around what went wrong.
fn is_noise(line: &str) -> bool {
    const NOISE: [&str; 7] = [
        "Caused by:",
        "process didn't exit successfully: ",
        "--- stdout",
        "--- stderr",
        "cargo:",
        "note: run with `RUST_BACKTRACE",
        "As a reminder, you're using offline mode",
    ];
    NOISE.into_iter().any(|start| line.starts_with(start))
}

/// What a line of JSON says.
enum Read {
    Placed(Diagnostic),
    /// An error in no file of the project, as of a linker.
    Stray(String),
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    level: String,
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    line_end: usize,
    column_start: usize,
    is_primary: bool,
    label: Option<String>,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

fn read(line: &str, places: &Places) -> Option<Read> {
    if !line.starts_with('{') {
        return None;
    }
    let line: Line = serde_json::from_str(line).ok()?;
    let message = line.message.filter(|_| line.reason == "compiler-message")?;
    let severity = match message.level.as_str() {
        "warning" => Severity::Warning,
        level if level.starts_with("error") => Severity::Error,
        _ => return None,
    };
    let primary = message.spans.iter().filter(|span| span.is_primary).find_map(|span| in_project(span, places));
    match primary {
        Some((path, span)) => Some(Read::Placed(Diagnostic {
            path: path.clone(),
            severity,
            line: span.line_start.max(1),
            end_line: span.line_end.max(span.line_start),
            column: Some(span.column_start),
            code: message.code.as_ref().map(|code| places.clean(std::iter::once(code.code.as_str()), 1)),
            message: places.clean(describe(&message, &path, span, places).iter().map(String::as_str), LINES),
        })),
        None if severity == Severity::Error && !message.message.starts_with("aborting due to") => {
            let more = message.children.into_iter().map(|child| child.message);
            Some(Read::Stray(std::iter::once(message.message).chain(more).collect::<Vec<_>>().join("\n")))
        }
        None => None,
    }
}

/// The outermost place of a span in the project: the user's call of a macro, rather than the macro.
fn in_project<'a>(span: &'a Span, places: &Places) -> Option<(String, &'a Span)> {
    let (mut span, mut found) = (span, None);
    loop {
        if let Some(path) = places.path(&span.file_name) {
            found = Some((path, span));
        }
        match &span.expansion {
            Some(expansion) => span = &expansion.span,
            None => return found,
        }
    }
}

/// The message, its labels with their lines where those are other ones, and its notes.
fn describe(message: &Message, path: &str, place: &Span, places: &Places) -> Vec<String> {
    let mut lines: Vec<String> = message.message.lines().map(str::to_owned).collect();
    for span in &message.spans {
        let Some(label) = span.label.as_deref().filter(|label| !label.is_empty()) else { continue };
        let at = match in_project(span, places) {
            Some((other, span)) if other != path => format!(" ({other}:{})", span.line_start),
            Some((_, span)) if span.line_start != place.line_start => format!(" (line {})", span.line_start),
            _ => String::new(),
        };
        lines.push(format!("{label}{at}"));
    }
    for child in &message.children {
        // What a lint is switched by is said each time.
        let is_switch = child.message.contains("on by default") || child.message.starts_with("to override `");
        if is_switch || (child.level == "note" && child.message.starts_with("the lint level is defined here")) {
            continue;
        }
        let at = child.spans.iter().find_map(|span| in_project(span, places)).map(|(other, span)| {
            if other == path {
                format!(" (line {})", span.line_start)
            } else {
                format!(" ({other}:{})", span.line_start)
            }
        });
        lines.push(format!("{}: {}{}", child.level, child.message, at.unwrap_or_default()));
    }
    lines.iter().flat_map(|line| line.lines()).map(str::to_owned).collect()
}
