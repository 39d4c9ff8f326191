//! The gate: what every edit must pass before anyone sees it. An edit that fails any rule is not applied at all.

use std::ops::Range;

use aiex_syntax::Problem;

use super::{Refusal, source::File};
use crate::prose::clean_text;

/// The places of `after` that do not parse and that `before` did not have.
pub(crate) fn new_problems(before: Option<&File>, after: &File) -> Vec<Problem> {
    let said = |file: &File, problem: &Problem| {
        let text = file.slice(problem.range.clone());
        (text.split_whitespace().collect::<String>(), problem.missing.clone())
    };
    let mut known: Vec<_> =
        before.map(|before| before.problems().iter().map(|one| said(before, one)).collect()).unwrap_or_default();
    let new = |problem: &Problem| match known.iter().position(|one| *one == said(after, problem)) {
        Some(at) => {
            known.swap_remove(at);
            false
        }
        None => true,
    };
    after
        .problems()
        .into_iter()
        .filter({
            let mut new = new;
            move |problem| new(problem)
        })
        .collect()
}

/// From the first to the last byte of `after` that is not as it was.
pub(crate) fn changed(before: &str, after: &str) -> Range<usize> {
    let (old, new) = (before.as_bytes(), after.as_bytes());
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    head..new.len() - tail
}

/// What is wrong at a place, in a few words.
pub(crate) fn unparsed(after: &File, path: &str, problem: &Problem) -> Refusal {
    let before = after.slice(0..problem.range.start);
    let line = before.matches('\n').count() + 1;
    let path = path.to_owned();
    match &problem.missing {
        Some(missing) => Refusal::Unparsed { path, line, what: format!("`{missing}` is missing") },
        None => Refusal::Unexpected { path, line, text: after.slice(problem.range.clone()).to_owned() },
    }
}

/// A character that does not show, which `before` does not have.
pub(crate) fn invisible(text: &str, before: &str) -> Option<char> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t')) {
        return None;
    }
    let shown = clean_text(text);
    let mut kept = shown.chars().peekable();
    let dropped = text.chars().filter(|char| kept.next_if_eq(char).is_none());
    dropped.into_iter().find(|char| !before.contains(*char))
}

/// Whether a path is one that may be written below a workspace: relative, without `..`, and nothing hidden in it.
pub(crate) fn is_inside(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.contains(|char: char| {
                char.is_control() || matches!(char, '\\' | ':' | '<' | '>' | '|' | '?' | '*' | '"')
            })
            && !part.ends_with(['.', ' '])
    };
    path.len() < 400 && path.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_and_in_sight() {
        for inside in ["lib/shop/cart.ex", "a.rs", "priv/repo/migrations/1_a.exs"] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in [
            "../a.rs",
            "/etc/passwd",
            "~/.bashrc/../x",
            ".git/hooks/pre-commit",
            "a/../../b",
            "a//b",
            "",
            "C:\\a.rs",
            "a/.env",
            "a\u{0}b",
            "x.",
        ] {
            assert!(!is_inside(outside), "{outside}");
        }
    }

    #[test]
    fn what_does_not_show_is_found_unless_it_was_there() {
        assert_eq!(invisible("let a = \"é 👍\";\n", ""), None);
        assert_eq!(invisible("let a\u{202e} = 1;", ""), Some('\u{202e}'));
        assert_eq!(invisible("let a\u{202e} = 1;", "// \u{202e}"), None);
        assert_eq!(invisible("a\u{1b}[31m", ""), Some('\u{1b}'));
        assert_eq!(invisible("a\u{8}", ""), Some('\u{8}'));
    }
}
