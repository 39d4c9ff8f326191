//! Ready refactors: what is offered for a selection, by what stands in it.

use std::ops::Range;

use aiex_syntax::{Language, SymbolKind, Syntax, TokenClass};

/// A refactor that needs no words of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyRefactor {
    /// What it is called in a menu: `Extract function`.
    pub title: &'static str,
    /// What the model is told.
    pub instruction: &'static str,
}

const EXTRACT: ReadyRefactor = ReadyRefactor {
    title: "Extract function",
    instruction: "Extract the selected lines into one new function beside this one, named for what it does, and call it here.",
};
const SIMPLIFY: ReadyRefactor = ReadyRefactor {
    title: "Simplify control flow",
    instruction: "Simplify the control flow of the selected lines: fewer branches, less nesting, early returns or more clauses; the behaviour stays.",
};
const WITH: ReadyRefactor = ReadyRefactor {
    title: "Use with",
    instruction: "Turn the nested cases of the selected lines into one `with`; the behaviour stays.",
};
const PIPELINE: ReadyRefactor = ReadyRefactor {
    title: "Use a pipeline",
    instruction: "Turn the selected lines into a pipeline; the behaviour stays.",
};
const ITERATORS: ReadyRefactor = ReadyRefactor {
    title: "Use iterators",
    instruction: "Turn the loop in the selected lines into a chain of iterator methods; the behaviour stays.",
};
const QUESTION_MARK: ReadyRefactor = ReadyRefactor {
    title: "Use ?",
    instruction: "Pass errors on with `?` in the selected lines; the behaviour stays.",
};

/// What is offered for the selected bytes of `text`, which was parsed as `syntax`; at most three, and none for a selection
/// that is no part of a function.
pub fn ready_refactors(syntax: &Syntax, text: &str, selected: &Range<usize>) -> Vec<ReadyRefactor> {
    let inside = |range: &Range<usize>| range.start <= selected.start && selected.end <= range.end;
    let holds = syntax.symbols(text).into_iter().any(|symbol| {
        use SymbolKind::{Function, Macro, Method, Test};
        let is_callable = matches!(symbol.kind, Function | Method | Macro | Test);
        is_callable && symbol.clauses.iter().any(|clause| clause.body.as_ref().is_some_and(&inside))
    });
    let code: Vec<_> = syntax
        .tokens(text)
        .into_iter()
        .filter(|token| selected.start <= token.range.start && token.range.end <= selected.end)
        .filter(|token| token.class == TokenClass::Code)
        .filter_map(|token| text.get(token.range))
        .collect();
    // A word or two are no selection of code.
    if !holds || code.len() < 4 {
        return Vec::new();
    }
    let count = |words: &[&str]| code.iter().filter(|token| words.contains(token)).count();
    let has = |words: &[&str]| count(words) > 0;
    let mut offered = Vec::new();
    match syntax.language() {
        Language::Elixir => {
            if count(&["case"]) >= 2 {
                offered.push(WITH);
            }
            if !has(&["|>", "case", "if", "cond"]) && count(&["("]) >= 2 {
                offered.push(PIPELINE);
            }
            if count(&["case", "if", "cond", "unless", "else"]) >= 2 {
                offered.push(SIMPLIFY);
            }
        }
        Language::Rust => {
            if has(&["for", "while"]) {
                offered.push(ITERATORS);
            }
            if has(&["unwrap", "expect", "Err"]) && has(&["match", "unwrap", "expect", "return"]) {
                offered.push(QUESTION_MARK);
            }
            if count(&["if", "match", "else"]) >= 2 {
                offered.push(SIMPLIFY);
            }
        }
    }
    offered.insert(0, EXTRACT);
    offered.truncate(3);
    offered
}

#[cfg(test)]
mod tests {
    use aiex_text::Text;

    use super::*;

    /// The selection stands between two `|`.
    fn check(language: Language, marked: &str, expect: &[&str]) {
        let (start, end) = (marked.find('¦').unwrap(), marked.rfind('¦').unwrap() - '¦'.len_utf8());
        let text = marked.replace('¦', "");
        let syntax = Syntax::parse(language, &Text::new(&text), None, || true).unwrap();
        let titles: Vec<_> = ready_refactors(&syntax, &text, &(start..end)).iter().map(|one| one.title).collect();
        assert_eq!(titles, expect);
    }

    #[test]
    fn what_stands_in_the_selection_decides() {
        check(
            Language::Elixir,
            "def a(x) do\n  ¦case b(x) do\n    {:ok, y} -> case c(y) do\n      {:ok, z} -> z\n      e -> e\n    end\n    e -> e\n  end¦\nend\n",
            &["Extract function", "Use with", "Simplify control flow"],
        );
        check(Language::Elixir, "def a(x) do\n  ¦c(b(x))¦\nend\n", &["Extract function", "Use a pipeline"]);
        check(
            Language::Rust,
            "fn a(v: &[u8]) {\n    ¦for b in v {\n        c(b).unwrap();\n    }¦\n}\n",
            &["Extract function", "Use iterators", "Use ?"],
        );
    }

    #[test]
    fn nothing_is_offered_where_nothing_fits() {
        check(Language::Rust, "¦fn a() { b(c, d) }¦\n", &[]);
        check(Language::Rust, "fn a() {\n    ¦b¦;\n}\n", &[]);
        check(Language::Rust, "use ¦a::b::{c, d}¦;\n", &[]);
    }
}
