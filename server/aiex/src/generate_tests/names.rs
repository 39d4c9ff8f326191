//! [`full`]: what the runner calls a test, so that another of the same name elsewhere is not taken for it.

use std::{collections::HashMap, ops::Range};

use aiex_syntax::{Language, Syntax};
use aiex_text::Text;

/// The names of tests with the modules before them, as far as their file shows: `money::tests::adds` for `adds` in the
/// module `tests` of `src/money.rs`. `lines` are those of each test in `text`, from 0, half-open. Names of ExUnit are whole
/// already.
pub(super) fn full(home: &str, text: &str, names: &[String], lines: &[Range<usize>]) -> Vec<String> {
    let whole = || names.to_vec();
    if Language::from_file_name(home) != Some(Language::Rust) {
        return whole();
    }
    let text = Text::new(text);
    let Ok(syntax) = Syntax::parse(Language::Rust, &text, None, || true) else { return whole() };
    let qualified: HashMap<usize, String> = syntax
        .symbols(&text.to_string())
        .into_iter()
        .map(|symbol| (text.line_of(symbol.name_range.start), symbol.qualified))
        .collect();
    let module = module(home);
    let one = |(name, lines): (&String, &Range<usize>)| {
        let found = lines.clone().filter_map(|line| qualified.get(&line));
        let found = found.into_iter().find(|qualified| {
            qualified.strip_suffix(name.as_str()).is_some_and(|before| before.is_empty() || before.ends_with("::"))
        });
        let inner = found.unwrap_or(name);
        module.map_or_else(|| inner.clone(), |module| format!("{module}::{inner}"))
    };
    names.iter().zip(lines).map(one).collect()
}

/// The module that a file of `src` is, by its own name; `None` for the root of a crate.
fn module(home: &str) -> Option<&str> {
    let (folder, file) = home.rsplit_once('/')?;
    let is_source = folder.split('/').any(|part| part == "src");
    match file.strip_suffix(".rs")? {
        "lib" | "main" => None,
        "mod" => folder.rsplit('/').next(),
        _ if folder.ends_with("src/bin") => None,
        name => is_source.then_some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_modules() {
        let check = |home: &str, text: &str, expect: &str| {
            let line = text.lines().position(|line| line.contains("fn adds")).unwrap_or_default();
            let lines = line.saturating_sub(1)..line + 1;
            assert_eq!(full(home, text, &["adds".to_owned()], std::slice::from_ref(&lines)), [expect], "{home}");
        };
        let inline = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {}\n}\n";
        check("src/money.rs", inline, "money::tests::adds");
        check("src/lib.rs", inline, "tests::adds");
        check("crates/a/src/report/mod.rs", inline, "report::tests::adds");
        check("src/money/tests.rs", "#[test]\nfn adds() {}\n", "tests::adds");
        check("tests/money.rs", "#[test]\nfn adds() {}\n", "adds");
        check("src/bin/tool.rs", inline, "tests::adds");
        check("test/money_test.exs", "test \"adds\" do\nend\n", "adds");
    }
}
