//! [`mutations`]: small changes of a definition that its tests should notice.
//!
//! Tests that pass on the code and on a mutation of it do not tell the two apart. Each mutation changes one thing: an
//! operator, a literal, a condition, an arm, a statement.

mod elixir;
mod rust;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, ops::Range};

use aiex_syntax::{Language, Nodes, Symbol, Syntax};
use aiex_text::{Edit, Text};

use crate::markdown::one_line;

/// The most mutations of one definition.
const MOST: usize = 1000;
/// The most characters of code that are quoted.
const LONGEST: usize = 40;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// What is replaced, in bytes of the text, half-open.
    pub range: Range<usize>,
    /// What takes its place.
    pub replacement: String,
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// What it does: `<` becomes `<=`.
    pub what: String,
}

/// The mutations of the code in a range of a text, such as a definition: in the order of the text, none of strings,
/// comments, attributes, types or tests. With each the text has no more syntax errors than it has without.
///
/// `syntax` is the parse of exactly `text`. There are at most 1,000.
pub fn mutations(syntax: &Syntax, text: &str, within: &Range<usize>) -> Vec<Mutation> {
    let rope = Text::new(text);
    let symbols = syntax.symbols(text);
    let nodes = syntax.nodes(within);
    let mut search = Search { text, rope: &rope, nodes: &nodes, symbols: &symbols, within, found: Vec::new() };
    match syntax.language() {
        Language::Rust => rust::find(&mut search),
        Language::Elixir => elixir::find(&mut search),
    }
    let mut found = search.found;
    found.sort_by_key(|mutation| (mutation.range.start, mutation.range.end));
    let mut seen = HashSet::new();
    found.retain(|mutation| seen.insert((mutation.range.clone(), mutation.replacement.clone())));
    found.truncate(MOST);
    let problems = syntax.problems().len();
    found.retain(|mutation| parses(syntax, &rope, mutation, problems));
    found
}

fn parses(syntax: &Syntax, text: &Text, mutation: &Mutation, problems: usize) -> bool {
    let mut changed = text.clone();
    let mut old = syntax.clone();
    old.edit(&changed.splice(&Edit { range: mutation.range.clone(), text: mutation.replacement.clone() }));
    // Recovery from errors depends on what was there before: then the whole text counts.
    let old = (problems == 0).then_some(&old);
    let new = Syntax::parse(syntax.language(), &changed, old, || true);
    new.is_ok_and(|new| new.problems().len() <= problems)
}

/// What both languages search with.
struct Search<'a> {
    text: &'a str,
    rope: &'a Text,
    nodes: &'a Nodes,
    symbols: &'a [Symbol],
    within: &'a Range<usize>,
    found: Vec<Mutation>,
}

impl<'a> Search<'a> {
    fn text(&self, at: usize) -> &'a str {
        self.nodes.text(at, self.text)
    }

    fn quoted(&self, range: &Range<usize>) -> String {
        format!("`{}`", one_line(self.text.get(range.clone()).unwrap_or_default(), LONGEST))
    }

    /// Adds a change of a range that is all within what is asked about.
    fn add(&mut self, range: Range<usize>, replacement: impl Into<String>, what: impl Into<String>) {
        let is_within = self.within.start <= range.start && range.end <= self.within.end;
        let replacement = replacement.into();
        let is_change = self.text.get(range.clone()).is_some_and(|old| old != replacement);
        if is_within && is_change {
            let line = self.rope.line_of(range.start) + 1;
            self.found.push(Mutation { range, replacement, line, what: what.into() });
        }
    }

    /// Adds that one text becomes another.
    fn becomes(&mut self, at: usize, replacement: &str) {
        let range = self.nodes.range(at);
        let what = format!("{} becomes `{}`", self.quoted(&range), one_line(replacement, LONGEST));
        self.add(range, replacement, what);
    }

    /// Adds that what is there goes.
    fn drop(&mut self, range: Range<usize>, what: &str) {
        let what = format!("{what} {} is gone", self.quoted(&range));
        self.add(range, "", what);
    }

    /// Adds that a condition is turned around.
    fn negate(&mut self, at: usize, before: &str) {
        let range = self.nodes.range(at);
        let replacement = format!("{before}({})", self.text(at));
        let what = format!("the condition {} is negated", self.quoted(&range));
        self.add(range, replacement, what);
    }

    /// A literal integer in decimal digits, one more and, from 2 on, one less; only that of those that may be the most of
    /// their type.
    fn integer(&mut self, at: usize) {
        const LARGEST: [u128; 10] = [
            127,
            255,
            32_767,
            65_535,
            2_147_483_647,
            4_294_967_295,
            9_223_372_036_854_775_807,
            18_446_744_073_709_551_615,
            170_141_183_460_469_231_731_687_303_715_884_105_727,
            u128::MAX,
        ];
        let text = self.text(at);
        let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
        let (number, suffix) = text.split_at_checked(digits).unwrap_or((text, ""));
        if suffix.starts_with(['x', 'o', 'b']) {
            return;
        }
        let bare: String = number.chars().filter(char::is_ascii_digit).collect();
        let Ok(value) = bare.parse::<u128>() else { return };
        let other = if LARGEST.contains(&value) { value - 1 } else { value + 1 };
        let joint = if number.ends_with('_') { "_" } else { "" };
        self.becomes(at, &format!("{other}{joint}{suffix}"));
        if value > 1 && !LARGEST.contains(&value) {
            self.becomes(at, &format!("{}{joint}{suffix}", value - 1));
        }
    }
}

/// The operators that take the place of another: a comparison goes one step, and turns around.
fn other_operators(operator: &str) -> &'static [&'static str] {
    match operator {
        "<" => &["<=", ">="],
        "<=" => &["<", ">"],
        ">" => &[">=", "<="],
        ">=" => &[">", "<"],
        "==" => &["!="],
        "!=" => &["=="],
        "===" => &["!=="],
        "!==" => &["==="],
        "+" => &["-"],
        "-" => &["+"],
        "*" => &["+"],
        "/" | "%" => &["*"],
        "+=" => &["-="],
        "-=" => &["+="],
        "*=" => &["+="],
        "and" => &["or"],
        "or" => &["and"],
        "&&" => &["||"],
        "||" => &["&&"],
        "in" => &["not in"],
        _ => &[],
    }
}
