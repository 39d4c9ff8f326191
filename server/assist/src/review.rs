//! Reviews: what can be said against code, by its syntax alone ([`structural_findings`]) or by a model
//! ([`ReviewReply`]), and how it follows the text while it is edited ([`Findings`]).
//!
//! A structural finding that is wrong costs more than one that is missing, so each rule is silent where the syntax leaves
//! a doubt: where code may be generated, where a name is mentioned in any other way, where the text does not parse.

mod documented;
mod elixir;
mod findings;
mod reply;
mod rust;
mod scan;
mod todo;
mod unused;

use std::ops::Range;

use aiex_syntax::{Language, Outline, Syntax};
use aiex_text::Text;

use crate::markdown::one_line;

pub use findings::{FindingId, Findings};
pub use reply::ReviewReply;

/// The most structural findings of one file.
const MOST: usize = 200;
/// The longest text of a finding, in characters.
const LONGEST: usize = 400;
/// Texts with more bytes are generated or data: nothing is said about their structure.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It is wrong.
    Error,
    /// It is likely wrong, or will go wrong.
    Warning,
    /// Worth a look.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A function that only its own file could use, and that nothing uses.
    UnusedPrivate,
    /// A clause, an arm or a statement that nothing can reach.
    Unreachable,
    /// A function with more than 80 lines of code.
    TooLong,
    /// A function with more than 5 levels of control flow.
    TooNested,
    /// What is public and has no documentation, where its neighbours have some.
    Undocumented,
    /// Public Elixir functions without `@spec`, where their neighbours have some.
    NoSpec,
    /// A failure that is not handled.
    Unhandled,
    /// A comment that says what is still to be done.
    Todo,
    /// What a model found.
    Model,
}

impl FindingKind {
    /// A name for it that stays the same over versions: `unused-private`, `todo`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnusedPrivate => "unused-private",
            Self::Unreachable => "unreachable",
            Self::TooLong => "too-long",
            Self::TooNested => "too-nested",
            Self::Undocumented => "undocumented",
            Self::NoSpec => "no-spec",
            Self::Unhandled => "unhandled",
            Self::Todo => "todo",
            Self::Model => "model",
        }
    }
}

/// What a review finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The smallest node or line that it is about: half-open, in bytes of the text that was reviewed, never empty.
    pub range: Range<usize>,
    /// How much it matters.
    pub severity: Severity,
    /// A sentence or two of plain text on one line, with names between backticks.
    pub text: String,
    /// What it is about.
    pub kind: FindingKind,
}

impl Finding {
    /// A finding whose text is made fit to be shown: on one line, and without what a terminal would obey.
    fn new(range: Range<usize>, severity: Severity, kind: FindingKind, text: &str) -> Self {
        Self { range, severity, kind, text: one_line(text, LONGEST) }
    }
}

/// What the syntax of a file says against it, in the order of the text, at most 200 findings. `path` is relative to the
/// workspace, with `/`; `outline` and `text` are those of `syntax`.
///
/// `is_used_elsewhere` says whether another file names a function, by its bare name; it should say so whenever it cannot
/// tell. It is asked about functions of Rust that other files may use: those of a module, which its child modules see,
/// and `pub(crate)` ones.
///
/// - Warnings: functions that nothing uses, and code that nothing reaches.
/// - The rest is worth a look: functions of more than 80 lines of code or 5 levels of control flow; public items without
///   documentation or `@spec` where twice as many neighbours have it, more than 3 of a module in one finding; comments
///   that begin with one of the usual marks for what is still to be done.
/// - Failures, too: in Rust `unwrap` outside of tests, by function, unless its documentation says that it panics; in
///   Elixir the results of `File.write`, `copy`, `cp`, `cp_r`, `rename`, `mkdir`, `mkdir_p`, `ln_s`, `read`, `stat`,
///   `open`, and of a repository's `insert`, `update`, `delete`, `insert_or_update`, where they are dropped or matched
///   with `{:ok, _} =`.
///
/// Tests, examples and benchmarks are told of less, and a text of more than 2 MiB of nothing.
pub fn structural_findings(
    path: &str,
    syntax: &Syntax,
    outline: &Outline,
    text: &Text,
    is_used_elsewhere: &dyn Fn(&str) -> bool,
) -> Vec<Finding> {
    if text.len() > MAX_BYTES {
        return Vec::new();
    }
    let source = text.to_string();
    let nodes = syntax.nodes(&(0..source.len()));
    let file = scan::File::new(path, &source, &nodes, outline);
    let scan = match syntax.language() {
        Language::Elixir => elixir::scan(&file),
        Language::Rust => rust::scan(&file),
    };
    let mut findings = scan.findings;
    todo::add(&file, &mut findings);
    // What did not parse may hold the use or the documentation that seems to be missing.
    if scan.is_test {
        findings.retain(|finding| finding.kind != FindingKind::Unhandled);
    }
    if !syntax.has_errors() {
        unused::add(&file, &scan.private, is_used_elsewhere, &mut findings);
        if !scan.is_test {
            documented::add(&file, &scan.public, &mut findings);
        }
    }
    bounded(findings)
}

/// In order, each once, the ones that matter most where there are too many.
fn bounded(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| !finding.range.is_empty());
    let place = |finding: &Finding| (finding.range.start, finding.range.end, finding.kind, finding.severity);
    findings.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.text.cmp(&b.text)));
    findings.dedup();
    if findings.len() > MOST {
        findings.sort_by_key(|finding| finding.severity);
        findings.truncate(MOST);
        findings.sort_by_key(place);
    }
    findings
}

/// Those of `findings` whose lines touch one of `changed`: ranges of 0-based lines of `text`, half-open, in any order.
pub fn findings_in_lines(findings: Vec<Finding>, text: &Text, changed: &[Range<usize>]) -> Vec<Finding> {
    let touches = |finding: &Finding| {
        let first = text.line_of(finding.range.start);
        let last = text.line_of(finding.range.end.saturating_sub(1).max(finding.range.start));
        changed.iter().any(|lines| lines.start <= last && first < lines.end)
    };
    findings.into_iter().filter(touches).collect()
}

/// What identifies a finding over sessions and edits, for "dismiss": the same for the same matter in the same definition
/// of the same file, wherever its lines are now. 16 hexadecimal digits.
pub fn identity(path: &str, finding: &Finding, outline: &Outline) -> String {
    let around = outline.enclosing(finding.range.start).and_then(|index| outline.symbols.get(index));
    let name = around.map_or("", |symbol| symbol.qualified.as_str());
    // How long or how deep a function is changes from edit to edit.
    let counts = !matches!(finding.kind, FindingKind::Model | FindingKind::Todo);
    let text: String = finding.text.chars().filter(|char| !(counts && char.is_ascii_digit())).collect();
    let number = [path, name, finding.kind.as_str(), &text].into_iter().fold(0, aiex_syntax::identity);
    format!("{number:016x}")
}

#[cfg(test)]
mod tests;
