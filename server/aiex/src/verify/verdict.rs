//! [`judge`]: what the compiler's words before and after an edit say of the edit.

use std::ops::Range;

use aiex_tools::{Diagnostic, Severity};

/// What is known of an edit that was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no error.
    Compiles,
    /// There are errors, none of them where the edit is: they were there before, or it revealed them.
    Partly(Vec<Diagnostic>),
    /// It does not compile, or does not mend what it was to mend.
    Fails(Vec<Diagnostic>),
}

/// Where an edit changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EditedFile {
    /// Relative to the workspace.
    pub(super) path: String,
    /// The changed lines of the new text, from 0, half-open.
    pub(super) lines: Vec<Range<usize>>,
}

/// What an edit is to mend.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted<'a> {
    /// The words of compilers; the first line of one is part of them.
    pub(super) faults: &'a [String],
    /// The file of the target, relative to the workspace.
    pub(super) path: &'a str,
    /// Its lines before the edit, and after: from 0, half-open.
    pub(super) before: Range<usize>,
    pub(super) after: Range<usize>,
}

fn touches(diagnostic: &Diagnostic, lines: &Range<usize>) -> bool {
    diagnostic.line <= lines.end && lines.start < diagnostic.end_line
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

impl EditedFile {
    fn holds(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.path == self.path && self.lines.iter().any(|lines| touches(diagnostic, lines))
    }
}

impl Wanted<'_> {
    fn is_about(&self, diagnostic: &Diagnostic) -> bool {
        let headline = diagnostic.message.lines().next().unwrap_or_default().trim();
        let is_said = !headline.is_empty() && self.faults.iter().any(|fault| fault.contains(headline));
        is_said && diagnostic.path == self.path
    }

    /// What is still to be mended: in the target, as much as before or more; or, where it was not in the target, as much
    /// of it in the file.
    fn left(&self, before: &[Diagnostic], after: &[Diagnostic]) -> Vec<Diagnostic> {
        let of = |all: &[Diagnostic], lines: Option<&Range<usize>>| {
            let own = all.iter().filter(|one| self.is_about(one) && lines.is_none_or(|lines| touches(one, lines)));
            own.cloned().collect::<Vec<_>>()
        };
        let (inside_before, inside) = (of(before, Some(&self.before)), of(after, Some(&self.after)));
        if !inside.is_empty() && inside.len() >= inside_before.len() {
            return inside;
        }
        let (all_before, all) = (of(before, None), of(after, None));
        if inside_before.is_empty() && all.len() >= all_before.len() { all } else { Vec::new() }
    }
}

/// Whether what the compiler says after an edit is fine whatever it said before.
pub(super) fn passes_alone(after: &[Diagnostic], wanted: &Wanted<'_>) -> bool {
    !after.iter().any(|diagnostic| is_error(diagnostic) || wanted.is_about(diagnostic))
}

/// Compares. Where nothing was wrong before, nothing may be wrong now. Else what was to be mended must be gone, and no
/// error may lie where the edit is.
pub(super) fn judge(
    before: &[Diagnostic],
    after: &[Diagnostic],
    edited: &[EditedFile],
    wanted: &Wanted<'_>,
) -> Verdict {
    let left = wanted.left(before, after);
    if !left.is_empty() {
        return Verdict::Fails(left);
    }
    let errors: Vec<_> = after.iter().filter(|one| is_error(one)).cloned().collect();
    if errors.is_empty() {
        return Verdict::Compiles;
    }
    if !before.iter().any(is_error) {
        return Verdict::Fails(errors);
    }
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| edited.iter().any(|file| file.holds(error)));
    if here.is_empty() { Verdict::Partly(elsewhere) } else { Verdict::Fails(here) }
}

/// Where and what, in a line: `src/cart.rs:12: mismatched types`.
pub fn described(diagnostic: &Diagnostic) -> String {
    format!("{}:{}: {}", diagnostic.path, diagnostic.line, diagnostic.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `E path:line words` is an error, `W` a warning.
    fn diagnostics(told: &[&str]) -> Vec<Diagnostic> {
        let read = |told: &&str| {
            let (severity, rest) = told.split_once(' ').unwrap();
            let (place, message) = rest.split_once(' ').unwrap();
            let (path, line) = place.split_once(':').unwrap();
            let line = line.parse().unwrap();
            let severity = if severity == "E" { Severity::Error } else { Severity::Warning };
            let (path, message) = (path.to_owned(), message.to_owned());
            Diagnostic { path, severity, line, end_line: line, column: None, code: None, message }
        };
        told.iter().map(read).collect()
    }

    /// Lines 3 and 21 of `a.rs` were edited; the target is lines 2 to 4.
    fn check(before: &[&str], after: &[&str], faults: &[&str], expect: &Verdict) {
        let (before, after) = (diagnostics(before), diagnostics(after));
        let faults: Vec<_> = faults.iter().map(|fault| (*fault).to_owned()).collect();
        let edited = [EditedFile { path: "a.rs".to_owned(), lines: vec![2..3, 20..21] }];
        let wanted = Wanted { faults: &faults, path: "a.rs", before: 1..4, after: 1..4 };
        let verdict = match passes_alone(&after, &wanted) {
            true => Verdict::Compiles,
            false => judge(&before, &after, &edited, &wanted),
        };
        assert_eq!(verdict, *expect, "{before:?} {after:?}");
    }

    fn partly(errors: &[&str]) -> Verdict {
        Verdict::Partly(diagnostics(errors))
    }

    fn fails(errors: &[&str]) -> Verdict {
        Verdict::Fails(diagnostics(errors))
    }

    #[test]
    fn where_nothing_was_wrong_nothing_may_be() {
        check(&[], &[], &[], &Verdict::Compiles);
        check(&[], &["W a.rs:3 unused"], &[], &Verdict::Compiles);
        check(&[], &["E b.rs:1 broken"], &[], &fails(&["E b.rs:1 broken"]));
    }

    #[test]
    fn where_something_was_wrong_the_edit_answers_for_its_lines() {
        let old = "E b.rs:9 old";
        check(&[old], &[old], &[], &partly(&[old]));
        check(&[old], &["E a.rs:9 revealed"], &[], &partly(&["E a.rs:9 revealed"]));
        check(&[old], &["E a.rs:4 beside"], &[], &partly(&["E a.rs:4 beside"]));
        check(&[old], &[old, "E a.rs:3 new"], &[], &fails(&["E a.rs:3 new"]));
    }

    #[test]
    fn what_was_to_be_mended_must_be_gone() {
        let (fault, error) = ("line 3, `x`: mismatched types (rustc E0308)", "E a.rs:3 mismatched types");
        let (elsewhere, below) = ("E b.rs:9 mismatched types", "E a.rs:9 mismatched types");
        check(&[error], &[], &[fault], &Verdict::Compiles);
        check(&[error], &[error], &[fault], &fails(&[error]));
        check(&[error, elsewhere], &[elsewhere], &[fault], &partly(&[elsewhere]));
        check(&[error, below], &[below], &[fault], &partly(&[below]));
        check(&[error], &[below], &[fault], &partly(&[below]));
        check(
            &["E a.rs:2 mismatched types", error],
            &["E a.rs:2 mismatched types"],
            &[fault],
            &partly(&["E a.rs:2 mismatched types"]),
        );
        // What is said of it may stand elsewhere in the file.
        check(&[below], &[below], &[fault], &fails(&[below]));
        let warning = "W a.rs:3 unused variable: `x`";
        check(&[warning], &[warning], &["unused variable: `x`"], &fails(&[warning]));
        check(
            &["W b.rs:3 unused variable: `x`"],
            &["W b.rs:3 unused variable: `x`"],
            &["unused variable: `x`"],
            &Verdict::Compiles,
        );
    }
}
