//! Moves code to another indentation, lines inside of string literals left as they are.

use std::collections::HashSet;

use aiex_syntax::{Language, Syntax, TokenClass};
use aiex_text::Text;

/// `code` without the indentation that all its lines share, and with `indentation` before each instead. Blank lines
/// stay empty; lines inside of literals stay as they are, but for heredocs, whose text moves with their end.
pub(crate) fn moved(language: Option<Language>, code: &str, indentation: &str) -> String {
    let fixed = fixed_lines(language, code);
    let lines: Vec<&str> = code.split('\n').collect();
    let free = || lines.iter().enumerate().filter(|(at, line)| !fixed.contains(at) && !line.trim().is_empty());
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = free().map(|(_, line)| blanks(line)).min().unwrap_or(0);
    let moved = lines.iter().enumerate().map(|(at, line)| match (fixed.contains(&at), line.trim().is_empty()) {
        (true, _) => (*line).to_owned(),
        (false, true) => String::new(),
        (false, false) => format!("{indentation}{}", line.get(common..).unwrap_or_default()),
    });
    moved.collect::<Vec<_>>().join("\n")
}

/// `code`, which is written in the indentation of `shown`, in that of `actual`: the same lines as `shown`, blanks at both
/// ends of each aside. Each line goes as deep as a line of `shown` that begins like it does in `actual`.
pub(crate) fn like(language: Option<Language>, shown: &str, actual: &str, code: &str) -> String {
    let known: Vec<(&str, &str)> = shown
        .lines()
        .skip_while(|line| line.trim().is_empty())
        .zip(actual.lines())
        .filter(|(shown, _)| !shown.trim().is_empty())
        .map(|(shown, actual)| (blanks(shown), blanks(actual)))
        .collect();
    let has_tabs = known.iter().any(|(_, actual)| actual.contains('\t'));
    let step = if language == Some(Language::Elixir) { "  " } else { "    " };
    let in_file = |more: &str| match has_tabs {
        true => more.replace(step, "\t"),
        false => more.replace('\t', step),
    };
    let fixed = fixed_lines(language, code);
    let lines = code.split('\n').enumerate().map(|(at, line)| {
        if fixed.contains(&at) {
            return line.to_owned();
        }
        if line.trim().is_empty() {
            return String::new();
        }
        let own = blanks(line);
        let text = line.get(own.len()..).unwrap_or_default();
        let nearest = known.iter().filter(|(shown, _)| own.starts_with(shown)).max_by_key(|(shown, _)| shown.len());
        match nearest {
            Some((shown, actual)) => {
                let more = own.get(shown.len()..).unwrap_or_default();
                format!("{actual}{}{text}", in_file(more))
            }
            // Further out than anything that is known.
            None => {
                let (shown, actual) = known.iter().min_by_key(|(shown, _)| shown.len()).copied().unwrap_or_default();
                let less = shown.len().saturating_sub(own.len());
                format!("{}{text}", actual.get(..actual.len().saturating_sub(less)).unwrap_or_default())
            }
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn blanks(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// The lines, counted from 0, that begin inside of a literal.
fn fixed_lines(language: Option<Language>, code: &str) -> HashSet<usize> {
    let Some(language) = language else { return HashSet::new() };
    let text = Text::new(code);
    let Ok(syntax) = Syntax::parse(language, &text, None, || true) else { return HashSet::new() };
    let literals = syntax.tokens(code).into_iter().filter(|token| {
        let is_text =
            code.get(token.range.clone()).is_some_and(|text| text.starts_with(['"', '\'', '~', 'r', 'b', 'c']));
        token.class != TokenClass::Comment && !token.is_heredoc && is_text
    });
    literals.flat_map(|token| text.line_of(token.range.start) + 1..text.line_of(token.range.end) + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, code: &str, indentation: &str, expect: &str) {
        assert_eq!(moved(Some(language), code, indentation), expect);
    }

    #[test]
    fn lines_move_together() {
        check(Language::Rust, "    fn a() {\n\n        b()\n    }", "  ", "  fn a() {\n\n      b()\n  }");
        check(Language::Elixir, "def a do\n  1\nend\n", "    ", "    def a do\n      1\n    end\n");
    }

    #[test]
    fn strings_keep_their_lines_and_heredocs_move() {
        check(Language::Rust, "fn a() {\n    \"x\n y\"\n}", "  ", "  fn a() {\n      \"x\n y\"\n  }");
        check(Language::Elixir, "def a do\n  \"x\n y\"\nend", "  ", "  def a do\n    \"x\n y\"\n  end");
        check(
            Language::Elixir,
            "@doc \"\"\"\nx\n\"\"\"\ndef a, do: 1",
            "  ",
            "  @doc \"\"\"\n  x\n  \"\"\"\n  def a, do: 1",
        );
    }
}
