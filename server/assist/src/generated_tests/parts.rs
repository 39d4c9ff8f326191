//! [`Parts`]: what a reply holds of tests, taken apart: imports, helpers, tests.

use std::collections::{HashMap, HashSet};

use aiex_syntax::{Language, Token, TokenClass};

use crate::edits::{place, source::File};

/// Modules of Rust's library without traits that bring methods.
const TYPES: [&str; 7] =
    ["std::cell", "std::collections", "std::env", "std::path", "std::rc", "std::sync", "std::time"];

/// The parts of a reply, each once, in order. Texts have LF line ends and no indentation of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) imports: Vec<Import>,
    pub(super) helpers: Vec<Helper>,
    pub(super) tests: Vec<Test>,
}

/// One thing that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// What stands before its last part: `std::fmt`, empty for none; of Elixir `alias`, `import`, `require` or `use`.
    pub(super) before: String,
    /// Its last part: `Write`, `Write as _`, `*`; of Elixir all that follows the word.
    pub(super) last: String,
    /// The name that it has here; none of what brings many or stays nameless.
    pub(super) name: Option<String>,
}

/// What tests use and that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Helper {
    /// Its name; of an implementation the type's, of an attribute of a module its own without the `@`.
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it defines the name, rather than adding to it.
    pub(super) defines: bool,
    pub(super) stands: Stands,
}

/// Where a helper has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Anywhere.
    Late,
    /// Before what uses it.
    Early,
    /// Before the module of the tests.
    Outside,
}

/// A test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// As it is written, what is escaped in it aside.
    pub(super) title: String,
    /// The title of the `describe` that it stands in.
    pub(super) group: Option<String>,
    /// What is to run before it, from the outermost in.
    pub(super) setups: Vec<String>,
    pub(super) text: String,
}

impl Parts {
    /// Adds those of another block of the same reply; what is there in the same words is not added again.
    pub(super) fn add(&mut self, other: Self) {
        fn each<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
            for one in more {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        each(&mut self.imports, other.imports);
        each(&mut self.helpers, other.helpers);
        each(&mut self.tests, other.tests);
    }

    /// The indices of the helpers that some texts need, and what those need.
    pub(super) fn needed<'t>(&'t self, texts: impl Iterator<Item = &'t str>) -> Vec<usize> {
        let mut words: HashSet<&str> = texts.flat_map(words).collect();
        let mut needed = HashSet::new();
        loop {
            let before = needed.len();
            for (index, helper) in self.helpers.iter().enumerate() {
                if words.contains(helper.name.as_str()) && needed.insert(index) {
                    words.extend(self::words(&helper.text));
                }
            }
            if needed.len() == before {
                break;
            }
        }
        (0..self.helpers.len()).filter(|index| needed.contains(index)).collect()
    }

    /// The imports that some of all texts need: those that they name, and those that no text names, since a trait is
    /// used without its name.
    pub(super) fn imports_for(&self, texts: &[&str]) -> Vec<&Import> {
        let all: HashSet<&str> = self
            .tests
            .iter()
            .flat_map(|test| test.setups.iter().chain([&test.text]))
            .chain(self.helpers.iter().map(|helper| &helper.text))
            .flat_map(|text| words(text))
            .collect();
        let kept: HashSet<&str> = texts.iter().flat_map(|text| words(text)).collect();
        let may_be_trait =
            |import: &Import| import.before != "alias" && !TYPES.iter().any(|module| import.before.starts_with(module));
        let is_needed = |import: &&Import| {
            let name = import.name.as_deref();
            name.is_none_or(|name| kept.contains(name) || may_be_trait(import) && !all.contains(name))
        };
        self.imports.iter().filter(is_needed).collect()
    }

    /// Gives what is known by one name another.
    pub(super) fn rename(&mut self, language: Language, from: &str, to: &str) {
        for helper in &mut self.helpers {
            helper.text = renamed(language, &helper.text, from, to);
            if helper.name == from {
                to.clone_into(&mut helper.name);
            }
        }
        for test in &mut self.tests {
            test.text = renamed(language, &test.text, from, to);
            for setup in &mut test.setups {
                *setup = renamed(language, setup, from, to);
            }
        }
    }
}

/// The words of code, with and without a mark at their end: `valid?` is `valid` as well, since one may be meant.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '?' | '!')));
    words.filter(|word| !word.is_empty()).flat_map(|word| {
        let bare = word.trim_end_matches(['?', '!']);
        [Some(word), (bare != word).then_some(bare)].into_iter().flatten()
    })
}

/// Some code with each name `from` written `to`.
fn renamed(language: Language, code: &str, from: &str, to: &str) -> String {
    let file = parsed(language, code);
    let mut text = code.to_owned();
    let text_of = |at: usize| file.tokens.get(at).map_or("", |token| file.slice(token.range.clone()));
    let is_meant = |(at, token): &(usize, &Token)| {
        let is_name = !matches!(token.class, TokenClass::Comment | TokenClass::Doc | TokenClass::Literal);
        // A field or a method has its name from its type.
        let is_member = at.checked_sub(1).is_some_and(|before| text_of(before) == ".") || text_of(at + 1) == ":";
        is_name && !is_member && file.slice(token.range.clone()) == from
    };
    let named: Vec<_> = file.tokens.iter().enumerate().filter(is_meant).collect();
    for (_, token) in named.into_iter().rev() {
        text.replace_range(token.range.clone(), to);
    }
    text
}

/// Some code as a file of its own.
pub(super) fn parsed(language: Language, code: &str) -> File {
    File::new(&format!("code.{}", place::ending(language)), code.into())
}

/// What code says, comments and documentation aside.
pub(super) fn said(language: Language, code: &str) -> String {
    let file = parsed(language, code);
    let whole = 0..code.len();
    let tokens = file.tokens_in(&whole);
    let says = |class| !matches!(class, TokenClass::Comment | TokenClass::Doc);
    tokens.filter(|(class, _)| says(*class)).flat_map(|(_, text)| [text, " "]).collect()
}

/// The first of `name`, `name_2`, … that is free.
pub(super) fn free(name: &str, numbered: impl Fn(&str, usize) -> String, is_taken: impl Fn(&str) -> bool) -> String {
    let names = (2..).map(|number| numbered(name, number));
    std::iter::once(name.to_owned()).chain(names).find(|name| !is_taken(name)).unwrap_or_default()
}

/// Which code fails if something is not as it should be.
pub(super) struct Assertions<'a> {
    language: Language,
    /// What functions and macros of the reply and of the home say, by their names.
    known: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Assertions<'a> {
    pub(super) fn new(language: Language, helpers: &'a [Helper], home: Option<&'a File>) -> Self {
        let mut known: HashMap<&str, Vec<&str>> = HashMap::new();
        for helper in helpers {
            known.entry(&helper.name).or_default().push(&helper.text);
        }
        if let Some(home) = home {
            for symbol in home.symbols.iter().filter(|symbol| crate::edits::source::is_callable(symbol.kind)) {
                known.entry(&symbol.name).or_default().push(home.slice(symbol.range.clone()));
            }
        }
        Self { language, known }
    }

    /// Whether some code does, by itself or by what it calls.
    pub(super) fn in_code(&self, code: &str) -> bool {
        let mut open = vec![code];
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(code) = open.pop() {
            let file = parsed(self.language, code);
            let tokens: Vec<&str> = file.tokens_in(&(0..code.len())).map(|(_, text)| text).collect();
            for (at, word) in tokens.iter().enumerate() {
                let next = |ahead: usize| tokens.get(at + ahead).copied().unwrap_or_default();
                if self.asserts(word, next) {
                    return true;
                }
                if seen.insert((*word).to_owned()) {
                    open.extend(self.known.get(word).into_iter().flatten().copied());
                }
            }
        }
        false
    }

    fn asserts<'t>(&self, word: &str, next: impl Fn(usize) -> &'t str) -> bool {
        let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
        match self.language {
            Language::Rust => {
                let is_trivial = next(1) == "!" && next(3) == "true" && matches!(next(4), ")" | ",");
                word == "?" && next(1) != "Sized"
                    || begins(&["assert", "prop_assert", "debug_assert"]) && !is_trivial
                    || matches!(
                        word,
                        "should_panic"
                            | "expect"
                            | "expect_err"
                            | "unwrap_err"
                            | "panic"
                            | "todo"
                            | "unimplemented"
                            | "unreachable"
                    )
                    || self.is_unknown_check(word, next(1))
            }
            Language::Elixir => {
                let goes_on = matches!(next(2), "==" | "!=" | "and" | "&&" | "|>" | "===" | "=");
                let is_trivial = next(1) == "true" && !goes_on;
                begins(&["assert", "refute"]) && !is_trivial
                    || matches!(word, "flunk" | "raise" | "check" | "expect" | "verify!")
                    || self.is_unknown_check(word, next(1))
            }
        }
    }

    /// A call of what is defined elsewhere and by its name asserts.
    fn is_unknown_check(&self, word: &str, next: &str) -> bool {
        let says = ["assert", "check", "expect", "verify"].iter().any(|stem| word.to_ascii_lowercase().contains(stem));
        let is_own = word.starts_with("assert") || word.starts_with("refute");
        says && !is_own && matches!(next, "(" | "!") && !self.known.contains_key(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_where_they_are_taken() {
        let taken = ["a", "a_2"];
        assert_eq!(free("a", |name, n| format!("{name}_{n}"), |name| taken.contains(&name)), "a_3");
        assert_eq!(free("b", |name, n| format!("{name}_{n}"), |name| taken.contains(&name)), "b");
    }

    #[test]
    fn names_in_code_change_and_words_in_strings_do_not() {
        let check = |language, code: &str, expect: &str| assert_eq!(renamed(language, code, "a", "b"), expect);
        check(Language::Rust, "fn a() { a(\"a\"); x.aa(); m!(a); } // a", "fn b() { b(\"a\"); x.aa(); m!(b); } // a");
        check(Language::Elixir, "def a(x), do: a(\"a\") # a", "def b(x), do: b(\"a\") # a");
    }

    #[test]
    fn assertions_are_told() {
        let check = |language, code: &str, expect: bool| {
            let helper = |name: &str, text: &str| Helper {
                name: name.to_owned(),
                text: text.to_owned(),
                defines: true,
                stands: Stands::Late,
            };
            let helpers = match language {
                Language::Rust => {
                    [helper("same", "fn same(a: u8) { assert_eq!(a, 1); }"), helper("make", "fn make() {}")]
                }
                Language::Elixir => [helper("same", "defp same(a), do: assert a"), helper("make", "defp make, do: 1")],
            };
            assert_eq!(Assertions::new(language, &helpers, None).in_code(code), expect, "{code}");
        };
        for code in [
            "#[test] fn a() { assert!(b); }",
            "#[test] #[should_panic] fn a() { b(); }",
            "#[test] fn a() { b().expect(\"c\"); }",
            "#[test] fn a() -> Result<(), E> { b()?; Ok(()) }",
            "#[test] fn a() { same(1); }",
            "#[test] fn a() { check(1); }",
            "#[test] fn a() { todo!(\"x\") }",
            "proptest! { #[test] fn a(b in 0..1) { prop_assert!(b == 0); } }",
        ] {
            check(Language::Rust, code, true);
        }
        for code in [
            "#[test] fn a() { make(); }",
            "#[test] fn a() {}",
            "#[test] fn a() { assert!(true); }",
            "#[test] fn a() { let b = c(); }",
        ] {
            check(Language::Rust, code, false);
        }
        for code in [
            "test \"a\" do\n  assert b == 1\nend",
            "test \"a\" do\n  assert true == b()\nend",
            "test \"a\" do\n  refute b\nend",
            "test \"a\" do\n  same(1)\nend",
            "test \"a\" do\n  flunk(\"to be written\")\nend",
            "property \"a\" do\n  check all b <- integer() do\n    assert b\n  end\nend",
        ] {
            check(Language::Elixir, code, true);
        }
        for code in [
            "test \"a\" do\n  make()\nend",
            "test \"assert\" do\nend",
            "test \"a\" do\n  assert true\nend",
            "test \"a\"",
        ] {
            check(Language::Elixir, code, false);
        }
    }
}
