//! [`format`]: a text in its own style, by the language's own formatter, which also says whether it parses.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{
    program::{Limits, Output, ProgramError, Programs, Task},
    style::{Language, RustStyle, Style},
};

/// How long a formatter may take: Elixir needs a third of a second to start, and 3 s were measured for 20,000 lines.
const TIME: Duration = Duration::from_secs(20);
/// The exit code by which the script for Elixir says that it refuses the text.
const REFUSED: i32 = 65;
/// Run by `elixir`: reads a text, prints what became of it. Its arguments are options, as `name=value`.
const SCRIPT: &str = include_str!("format.exs");

/// Why a text was not formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The formatter is not there, or only where nothing is run.
    #[error("{reason} {install}")]
    Missing {
        /// Its name.
        program: &'static str,
        /// Where it was looked for, as a sentence.
        reason: String,
        /// How to get it, as a sentence.
        install: &'static str,
    },
    /// The language's own parser refuses the text.
    #[error("{language} does not accept the text{}: {message}", .line.map(|line| format!(" in line {line}")).unwrap_or_default())]
    Syntax {
        /// Whose parser.
        language: Language,
        /// Counted from 1; `None` where it names none.
        line: Option<usize>,
        /// What it says, in one line, as it says it.
        message: String,
    },
    /// It did not end in time.
    #[error("`{program}` did not end within {} s and was stopped. Try again, or format the file yourself.", .limit.as_secs())]
    TimedOut {
        /// Its name.
        program: &'static str,
        /// The time that it had.
        limit: Duration,
    },
    /// Anything else that kept it from formatting.
    #[error("`{program}` could not format the text: {reason}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// As a sentence.
        reason: String,
    },
}

/// The text in this style. That there is one also means that the language's own parser accepts the text.
///
/// # Errors
/// See [`FormatError`].
pub async fn format(programs: &Programs, text: &str, style: &Style) -> Result<String, FormatError> {
    match style {
        Style::Rust(style) => {
            let output = rustfmt(programs, text, style).await?;
            match output.code {
                // For nothing it prints an empty line.
                Some(0) if text.trim().is_empty() => Ok(String::new()),
                Some(0) => printed("rustfmt", output.printed),
                _ => Err(rust_error(&output)),
            }
        }
        Style::Elixir(style) => {
            let mut options = vec![format!("line_length={}", style.line_length)];
            options.extend(style.force_do_end_blocks.then(|| "force_do_end_blocks=true".to_owned()));
            options.extend(style.locals_without_parens.iter().map(|parens| format!("local={parens}")));
            elixir(programs, text, &options).await
        }
    }
}

/// Whether the language's own parser accepts the text. For Elixir this takes less than formatting it.
///
/// # Errors
/// See [`FormatError`].
pub async fn accepts(programs: &Programs, text: &str, style: &Style) -> Result<(), FormatError> {
    match style {
        Style::Rust(style) => {
            // Whatever a repository's options do, they have no say in what parses.
            let plain = RustStyle::plain(style.edition);
            let output = rustfmt(programs, text, &plain).await?;
            match (output.code, rust_error(&output)) {
                (Some(0), _) => Ok(()),
                (_, error) => Err(error),
            }
        }
        Style::Elixir(_) => elixir(programs, text, &["only_parse=true".to_owned()]).await.map(drop),
    }
}

async fn rustfmt(programs: &Programs, text: &str, style: &RustStyle) -> Result<Output, FormatError> {
    let toolchain = default_toolchain(programs);
    let mut variables = vec![("RUSTUP_AUTO_INSTALL", "0")];
    variables.extend(toolchain.iter().map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain.as_str())));
    let edition = style.edition.as_str();
    let task = Task {
        program: "rustfmt",
        // With a file that is named, it looks for none in the folders above.
        arguments: &["--emit", "stdout", "--color", "never", "--edition", edition, "--config-path", "rustfmt.toml"],
        variables: &variables,
        files: &[("rustfmt.toml", &style.options_for(text))],
        input: text,
        limits: limits(text),
    };
    programs.run(&task).await.map_err(|error| failed("rustfmt", error))
}

/// The toolchain that the user has chosen for all folders. Named to rustup, so that it looks for no `rust-toolchain.toml`
/// in the folders above the temporary one, where another user may have put one.
fn default_toolchain(programs: &Programs) -> Option<String> {
    let home = |variable| programs.folder(variable).map(|home| home.join(".rustup"));
    let rustup = programs.folder("RUSTUP_HOME").or_else(|| home("HOME")).or_else(|| home("USERPROFILE"))?;
    let settings: toml::Table = std::fs::read_to_string(rustup.join("settings.toml")).ok()?.parse().ok()?;
    settings.get("default_toolchain").and_then(toml::Value::as_str).map(str::to_owned)
}

/// What rustfmt's first error says: `error: message`, then ` --> <stdin>:line:column`.
fn rust_error(output: &Output) -> FormatError {
    let said = String::from_utf8_lossy(&output.complaint);
    let mut lines = said.lines().skip_while(|line| !line.starts_with("error"));
    let message = lines.next().and_then(|line| line.split_once(": ")).map(|(_, message)| one_line(message));
    let place = lines.find_map(|line| line.trim_start().strip_prefix("--> <stdin>:"));
    let line = place.and_then(|place| place.split(':').next()?.parse().ok());
    match message {
        // Complaints about its own work have a code: `error[internal]: left behind trailing whitespace`.
        Some(message) if line.is_some() && !said.contains("error[internal]") => {
            FormatError::Syntax { language: Language::Rust, line, message }
        }
        _ => {
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            FormatError::Failed { program: "rustfmt", reason: sentence(last) }
        }
    }
}

async fn elixir(programs: &Programs, text: &str, options: &[String]) -> Result<String, FormatError> {
    let mut arguments = vec!["-e", SCRIPT, "--"];
    arguments.extend(options.iter().map(String::as_str));
    let task = Task {
        program: "elixir",
        arguments: &arguments,
        variables: &[("ERL_CRASH_DUMP_SECONDS", "0")],
        files: &[],
        input: text,
        limits: limits(text),
    };
    let output = programs.run(&task).await.map_err(|error| failed("elixir", error))?;
    let unexpected = || {
        let said = String::from_utf8_lossy(&output.complaint);
        let first = said
            .lines()
            .find(|line| line.contains("** ("))
            .or_else(|| said.lines().find(|line| !line.trim().is_empty()));
        let first = first.unwrap_or("it said nothing");
        FormatError::Failed { program: "elixir", reason: sentence(first) }
    };
    // The length comes first: a text that was cut off is none.
    let end = output.printed.iter().position(|byte| *byte == b'\n').ok_or_else(unexpected)?;
    let (head, body) = output.printed.split_at_checked(end).ok_or_else(unexpected)?;
    let body = body.get(1..).unwrap_or_default();
    let head: Option<usize> = std::str::from_utf8(head).ok().and_then(|head| head.parse().ok());
    match (output.code, head) {
        (Some(0), Some(length)) if length == body.len() => printed("elixir", body.to_vec()),
        (Some(REFUSED), Some(line)) => Err(FormatError::Syntax {
            language: Language::Elixir,
            line: (line > 0).then_some(line),
            message: one_line(&String::from_utf8_lossy(body)),
        }),
        _ => Err(unexpected()),
    }
}

fn limits(text: &str) -> Limits {
    Limits { time: TIME, bytes: text.len().saturating_mul(8).saturating_add(1024 * 1024) }
}

fn printed(program: &'static str, bytes: Vec<u8>) -> Result<String, FormatError> {
    let failed = |_| FormatError::Failed { program, reason: "It printed something that is not text.".to_owned() };
    String::from_utf8(bytes).map_err(failed)
}

fn failed(program: &'static str, error: ProgramError) -> FormatError {
    let install = match program {
        "rustfmt" => "Install it with `rustup component add rustfmt`, outside of the workspace.",
        _ => "Install Elixir (https://elixir-lang.org/install.html), outside of the workspace.",
    };
    match error {
        ProgramError::Missing { .. } | ProgramError::OnlyInside { .. } => {
            FormatError::Missing { program, reason: error.to_string(), install }
        }
        ProgramError::TimedOut { limit, .. } => FormatError::TimedOut { program, limit },
        ProgramError::Unusable { .. } | ProgramError::TooMuch { .. } => {
            FormatError::Failed { program, reason: error.to_string() }
        }
    }
}

/// The most characters of what a program says that are passed on.
const MOST_SAID: usize = 300;

/// In one line, without characters that a terminal or an editor would act on.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|char| !char.is_control()).take(MOST_SAID).collect()
}

fn sentence(text: &str) -> String {
    let text = one_line(text);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}
