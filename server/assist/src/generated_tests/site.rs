//! [`Site`]: where in a file its new tests go, and what is there already.

use std::collections::HashSet;

use aiex_syntax::Language;

use super::parts::{Import, Parts, Stands};
use crate::edits::indent;

/// What is added at one place of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addition {
    /// The byte before which it goes.
    pub(super) at: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// A piece of an addition, with LF line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) text: String,
    /// The test that it is, by its index among the parts.
    pub(super) test: Option<usize>,
}

impl Chunk {
    pub(super) fn plain(text: String) -> Self {
        Self { text, test: None }
    }
}

impl Addition {
    pub(super) fn new(at: usize) -> Self {
        Self { at, chunks: Vec::new() }
    }

    pub(super) fn push(&mut self, text: impl Into<String>) {
        self.chunks.push(Chunk::plain(text.into()));
    }

    /// Adds pieces with a blank line between each two.
    pub(super) fn push_all(&mut self, pieces: Vec<Chunk>) {
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                self.push("\n\n");
            }
            self.chunks.push(piece);
        }
    }
}

/// A test that is kept: its index, and its text, marked if it is to be.
pub(super) struct Kept {
    pub(super) test: usize,
    pub(super) text: String,
}

/// What is to be added, the same for both languages.
pub(super) struct Wanted<'p> {
    pub(super) imports: Vec<&'p Import>,
    /// Texts of helpers that may stand anywhere.
    pub(super) helpers: Vec<&'p str>,
    /// Texts of helpers that stand before what uses them.
    pub(super) early: Vec<&'p str>,
    /// Texts of helpers that stand before the module.
    pub(super) outside: Vec<&'p str>,
    pub(super) kept: Vec<Kept>,
    /// What runs before each of the parts' tests, kept or not.
    pub(super) setups: Vec<&'p [String]>,
}

impl<'p> Wanted<'p> {
    /// The tests that are kept, with the helpers and imports that they need.
    pub(super) fn new(parts: &'p Parts, kept: Vec<Kept>) -> Self {
        let tests: Vec<&str> = kept
            .iter()
            .filter_map(|kept| parts.tests.get(kept.test))
            .flat_map(|test| test.setups.iter().chain([&test.text]).map(String::as_str))
            .collect();
        let needed = parts.needed(tests.iter().copied());
        let needed: Vec<_> = needed.into_iter().filter_map(|index| parts.helpers.get(index)).collect();
        let texts: Vec<&str> = tests.into_iter().chain(needed.iter().map(|helper| helper.text.as_str())).collect();
        let of = |stands: Stands| {
            let some = needed.iter().filter(move |helper| helper.stands == stands);
            some.map(|helper| helper.text.as_str()).collect()
        };
        Self {
            imports: parts.imports_for(&texts),
            helpers: of(Stands::Late),
            early: of(Stands::Early),
            outside: of(Stands::Outside),
            kept,
            setups: parts.tests.iter().map(|test| test.setups.as_slice()).collect(),
        }
    }

    /// The tests for which `test` holds, in this indentation.
    pub(super) fn pieces(&self, language: Language, indentation: &str, test: impl Fn(usize) -> bool) -> Vec<Chunk> {
        let kept = self.kept.iter().filter(|kept| test(kept.test));
        let tests = kept.map(|kept| (kept.text.as_str(), Some(kept.test)));
        let moved = |(text, test)| Chunk { text: indent::moved(Some(language), text, indentation), test };
        tests.map(moved).collect()
    }
}

/// Texts in an indentation, as pieces that are no tests.
pub(super) fn plain(language: Language, texts: &[&str], indentation: &str) -> Vec<Chunk> {
    let moved = |text: &&str| Chunk { text: indent::moved(Some(language), text, indentation), test: None };
    texts.iter().map(moved).collect()
}

/// What parts what is added at the end of a text from what is there: a blank line.
pub(super) fn gap(before: &str) -> &'static str {
    let lines = before.replace('\r', "");
    match () {
        () if before.is_empty() || lines.ends_with("\n\n") => "",
        () if lines.ends_with('\n') => "\n",
        () => "\n\n",
    }
}

/// What is known by name at a site.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Definitions: a name, and what it says without what only lays it out.
    pub(super) definitions: Vec<(String, String)>,
    pub(super) imports: Vec<Import>,
    /// Names that no test may have, beside those of `definitions`.
    pub(super) reserved: HashSet<String>,
}

impl Names {
    pub(super) fn has(&self, name: &str) -> bool {
        self.reserved.contains(name) || self.definitions.iter().any(|(known, _)| known == name)
    }
}
