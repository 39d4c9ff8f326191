//! [`Problem`]: a place where a text does not parse, as tree-sitter recovered from it.

use std::ops::Range;

use tree_sitter::Tree;

/// A place that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What could not be made sense of; empty where something is missing. Half-open, in bytes.
    pub range: Range<usize>,
    /// What the parser put in to go on, such as `}`.
    pub missing: Option<String>,
}

/// The ERROR and MISSING nodes of a tree in order, none of them inside another.
pub(crate) fn find(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut cursor = tree.walk();
    // No recursion: a tree can be as deep as its text is long.
    loop {
        let node = cursor.node();
        let is_problem = node.is_error() || node.is_missing();
        if is_problem {
            let missing = node.is_missing().then(|| node.kind().to_owned());
            problems.push(Problem { range: node.byte_range(), missing });
        }
        if !is_problem && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return problems;
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "ranges of nodes")]
mod tests {
    use crate::{Language, testing::parse};

    fn check(language: Language, source: &str, expect: &[(&str, Option<&str>)]) {
        let (syntax, _) = parse(language, source);
        let found = syntax.problems();
        let found: Vec<_> =
            found.iter().map(|problem| (&source[problem.range.clone()], problem.missing.as_deref())).collect();
        assert_eq!(found, expect);
        assert_eq!(syntax.has_errors(), !expect.is_empty());
    }

    #[test]
    fn what_parses_has_none() {
        check(Language::Rust, "fn a() {}\n", &[]);
        check(Language::Elixir, "def a, do: 1\n", &[]);
        check(Language::Rust, "", &[]);
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_are_told_apart() {
        check(Language::Rust, "fn a() { b();\n", &[("fn a() { b();", None)]);
        check(Language::Rust, "fn a() { b( }\n", &[("(", None)]);
        check(Language::Rust, "fn a() { let b = 1 }\n", &[("", Some(";"))]);
        check(Language::Rust, "fn a() {} }\n", &[("}", None)]);
        check(Language::Elixir, "def a do\n  b(1\nend\n", &[("", Some(")"))]);
    }
}
