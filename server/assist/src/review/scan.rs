//! [`File`] and [`Scan`]: what one walk over the nodes of a file is given and gives; [`Functions`] measures functions on
//! the way.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use aiex_syntax::{Nodes, Outline, SymbolKind, Visibility};

use super::{Finding, FindingKind, Severity};
use crate::{english::count, markdown::code};

/// The most lines of code that a function has without being told.
const MOST_LINES: usize = 80;
/// The most levels of control flow.
const MOST_LEVELS: usize = 5;

/// A file that is reviewed.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) source: &'a str,
    pub(super) nodes: &'a Nodes,
    pub(super) outline: &'a Outline,
    /// Whether all of it is tests, examples, or what helps them.
    pub(super) is_test: bool,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a str, source: &'a str, nodes: &'a Nodes, outline: &'a Outline) -> Self {
        Self { path, source, nodes, outline, is_test: is_test(path) }
    }

    pub(super) fn text(&self, at: usize) -> &'a str {
        self.nodes.text(at, self.source)
    }

    /// The text of a node's child with this field; empty without one.
    pub(super) fn field(&self, at: usize, field: &str) -> &'a str {
        self.nodes.child(at, field).map_or("", |child| self.text(child))
    }
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_folder = |part: &str| matches!(part, "test" | "tests" | "testing" | "examples" | "benches" | "fuzz");
    let is_named = match name.split_once('.') {
        Some((stem, "rs")) => {
            matches!(stem, "test" | "tests" | "testing" | "test_util" | "test_utils" | "build")
                || stem.ends_with("_test")
                || stem.ends_with("_tests")
        }
        Some((stem, "exs")) => stem.ends_with("_test") || stem == "test_helper",
        _ => false,
    };
    is_named || path.split('/').rev().skip(1).any(is_folder)
}

/// What a walk gathers.
#[derive(Default)]
pub(super) struct Scan<'a> {
    pub(super) findings: Vec<Finding>,
    pub(super) private: Private<'a>,
    pub(super) public: Public,
    /// Whether tests stand in the file beside other code, in no module of their own: it is there for them.
    pub(super) is_test: bool,
}

/// What tells whether functions that are not public are used.
#[derive(Default)]
pub(super) struct Private<'a> {
    /// By the names of such functions, where they are mentioned, in order.
    mentions: HashMap<&'a str, Vec<usize>>,
    /// The starts of names that are no mention.
    definitions: HashSet<usize>,
    /// The starts of the names of functions that something else may use.
    pub(super) exempt: HashSet<usize>,
    /// Places, in order, around which code may be generated or called by a name that is computed.
    pub(super) doubts: Vec<usize>,
    /// Whether this is so of the whole file.
    pub(super) in_doubt: bool,
}

impl<'a> Private<'a> {
    pub(super) fn of(outline: &'a Outline) -> Self {
        let callable =
            |kind| matches!(kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro | SymbolKind::Guard);
        let symbols =
            outline.symbols.iter().filter(|symbol| symbol.visibility != Visibility::Public && callable(symbol.kind));
        let mentions = symbols.map(|symbol| (bare(&symbol.name), Vec::new())).collect();
        Self { mentions, ..Self::default() }
    }

    /// A name that is defined.
    pub(super) fn define(&mut self, name: usize, is_exempt: bool) {
        self.definitions.insert(name);
        if is_exempt {
            self.exempt.insert(name);
        }
    }

    pub(super) fn mention(&mut self, name: &str, start: usize) {
        if let Some(places) = self.mentions.get_mut(bare(name))
            && !self.definitions.contains(&start)
        {
            places.push(start);
        }
    }

    /// Every word of a text that begins at `start`.
    pub(super) fn mention_words(&mut self, text: &str, start: usize) {
        let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '?' | '!');
        text.split(|char| !is_word(char)).filter(|word| !word.is_empty()).for_each(|word| self.mention(word, start));
    }

    pub(super) fn mentions(&self, name: &str) -> &[usize] {
        self.mentions.get(bare(name)).map_or(&[], Vec::as_slice)
    }
}

/// Without the mark of a raw identifier, which may be left out elsewhere.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// What tells which public items need no documentation.
#[derive(Default)]
pub(super) struct Public {
    /// The starts of their names.
    pub(super) exempt: HashSet<usize>,
    /// The starts of modules whose items need none.
    pub(super) modules: HashSet<usize>,
}

/// The functions around a node of the walk, and what was counted in them.
pub(super) struct Functions<'f, 'a> {
    file: &'f File<'a>,
    open: Vec<Function>,
    /// Lines with code, and the end of the last that was counted.
    lines: usize,
    line_end: usize,
    /// One past the last node of each level of control flow around.
    levels: Vec<usize>,
}

/// A function that is walked.
pub(super) struct Function {
    /// One past its last node.
    pub(super) last: usize,
    pub(super) name: Range<usize>,
    /// Whether it is one of several clauses.
    pub(super) is_clause: bool,
    /// Whether nothing is said about it: it is a test, or does not parse.
    pub(super) is_silent: bool,
    /// Where it may panic.
    pub(super) panics: Vec<Range<usize>>,
    lines_before: usize,
    levels_around: usize,
    levels: usize,
}

impl<'f, 'a> Functions<'f, 'a> {
    pub(super) fn new(file: &'f File<'a>) -> Self {
        Self { file, open: Vec::new(), lines: 0, line_end: 0, levels: Vec::new() }
    }

    /// The innermost function around.
    pub(super) fn innermost(&mut self) -> Option<&mut Function> {
        self.open.last_mut()
    }

    pub(super) fn enter(&mut self, last: usize, name: Range<usize>, is_clause: bool, is_silent: bool) {
        let (lines_before, levels_around) = (self.lines, self.levels.len());
        let panics = Vec::new();
        self.open.push(Function { last, name, is_clause, is_silent, panics, lines_before, levels_around, levels: 0 });
    }

    /// Takes a node that branches or loops, by one past its last node.
    pub(super) fn level(&mut self, last: usize) {
        self.levels.push(last);
        let levels = self.levels.len();
        if let Some(function) = self.open.last_mut() {
            function.levels = function.levels.max(levels.saturating_sub(function.levels_around));
        }
    }

    /// Takes a token of code.
    pub(super) fn token(&mut self, range: &Range<usize>) {
        if range.is_empty() || range.start < self.line_end {
            return;
        }
        self.lines += 1;
        let rest = self.file.source.get(range.start..).unwrap_or_default();
        self.line_end = rest.find('\n').map_or(self.file.source.len(), |end| range.start + end + 1);
    }

    /// Leaves what ends before the node `at`; tells what is to be said about it.
    pub(super) fn leave(&mut self, at: usize, findings: &mut Vec<Finding>) -> Vec<Function> {
        let mut left = Vec::new();
        while self.levels.last().is_some_and(|last| *last <= at) {
            self.levels.pop();
        }
        while let Some(function) = self.open.pop_if(|function| function.last <= at) {
            if !function.is_silent {
                self.measure(&function, findings);
                left.push(function);
            }
        }
        left
    }

    fn measure(&self, function: &Function, findings: &mut Vec<Finding>) {
        let name = code(self.file.source.get(function.name.clone()).unwrap_or_default());
        let subject = if function.is_clause { format!("This clause of {name}") } else { name };
        let lines = self.lines.saturating_sub(function.lines_before);
        let mut add = |kind, text: String| {
            findings.push(Finding::new(function.name.clone(), Severity::Info, kind, &text));
        };
        if lines > MOST_LINES {
            let lines = count(lines, "line");
            add(FindingKind::TooLong, format!("{subject} has {lines} of code; parts of it could be functions."));
        }
        if function.levels > MOST_LEVELS {
            let levels = count(function.levels, "level");
            add(
                FindingKind::TooNested,
                format!(
                    "{subject} nests control flow {levels} deep; early returns or functions of its parts flatten it."
                ),
            );
        }
    }
}
