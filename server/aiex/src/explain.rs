//! Explaining: finds what is meant, asks the engine, and remembers the explanation for as long as its text stays.

use std::{
    hash::{BuildHasher as _, RandomState},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aiex_assist::{Mutation, code_span};
use aiex_syntax::{Outline, Symbol, SymbolKind};
use aiex_text::Text;
use dashmap::DashMap;

use crate::documents::{Analysis, Snapshot};

/// A document to show: what a run was for.
#[derive(Debug)]
pub struct Answer {
    /// What it is, in a few words, for messages.
    pub title: String,
    /// A word for its file's name.
    pub name: String,
    /// The document.
    pub markdown: String,
}

/// What is to be explained: a symbol of a document, or all of it.
#[derive(Clone)]
pub struct Target {
    /// The document.
    pub snapshot: Arc<Snapshot>,
    symbol: Option<usize>,
    /// Where only a part is meant: half-open, in bytes.
    part: Option<Range<usize>>,
    /// The byte at which the cursor stands.
    pub cursor: usize,
    /// Relative to the workspace, for people and models.
    pub path: String,
}

/// What is pointed at. Offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The whole document.
    Whole,
    /// A line, by its first character: the innermost symbol around it.
    Within(usize),
    /// A character: the symbol of this file that is called there, or the innermost around it.
    At(usize),
    /// A selection, half-open: the innermost symbol that holds all of it.
    Selected(usize, usize),
}

impl Target {
    /// What the cursor points at; the whole document outside of any symbol. `path` is for people. Parses if need be,
    /// so never on the protocol task.
    pub fn find(snapshot: Arc<Snapshot>, cursor: Cursor, path: String) -> Self {
        let symbol = snapshot.analyse().and_then(|analysis| match cursor {
            Cursor::Whole => None,
            Cursor::Within(offset) => analysis.outline.enclosing(offset),
            Cursor::At(offset) => analysis.outline.at(offset),
            Cursor::Selected(start, end) => {
                let holds = |symbol: &Symbol| {
                    symbol
                        .clauses
                        .iter()
                        .map(|clause| &clause.range)
                        .chain([&symbol.range])
                        .any(|range| range.start <= start && end <= range.end)
                };
                analysis.outline.symbols.iter().rposition(holds)
            }
        });
        let cursor = match cursor {
            Cursor::Whole => 0,
            Cursor::Within(offset) | Cursor::At(offset) | Cursor::Selected(offset, _) => offset,
        };
        Self { snapshot, symbol, part: None, cursor, path }
    }

    /// The same for an edit: a function as a whole, where something inside of it is meant.
    pub fn widened(mut self) -> Self {
        let is_callable = |index: &usize| {
            use SymbolKind::{Function, Guard, Macro, Method, Test};
            let symbol = self.outline().and_then(|outline| outline.symbols.get(*index));
            symbol.is_some_and(|symbol| matches!(symbol.kind, Function | Method | Macro | Guard | Test))
        };
        let outer = self
            .symbol
            .zip(self.outline())
            .and_then(|(index, outline)| outline.containers(index).filter(is_callable).last());
        self.symbol = outer.or(self.symbol);
        self
    }

    /// Whether it is no symbol, but the whole document.
    pub fn is_whole(&self) -> bool {
        self.symbol.is_none()
    }

    /// Whether it is a function of which only the head is written, or a document with nothing in it.
    pub fn is_unwritten(&self) -> bool {
        let Some((symbol, _)) = self.symbol() else { return self.snapshot.text().to_string().trim().is_empty() };
        aiex_assist::is_unwritten(&self.path, &self.snapshot.text().to_string(), &symbol.range)
    }

    fn outline(&self) -> Option<&Outline> {
        self.snapshot.ready().map(|analysis| &**analysis.outline)
    }

    fn symbol(&self) -> Option<(&Symbol, usize)> {
        let index = self.symbol?;
        Some((self.outline()?.symbols.get(index)?, index))
    }

    /// Its name for people: a symbol's qualified name, or the path.
    pub fn name(&self) -> &str {
        self.symbol().map_or(&self.path, |(symbol, _)| &symbol.qualified)
    }

    /// What it is, as nothing else in the document: several symbols may share a name, as a struct and its impls do.
    pub fn identity(&self) -> String {
        let namesakes = |(symbol, index): (&Symbol, usize)| {
            let before = self.outline()?.symbols.get(..index)?;
            Some(before.iter().filter(|other| other.qualified == symbol.qualified).count())
        };
        format!("{} {:?}", self.name(), self.symbol().and_then(namesakes))
    }

    /// What the explanation is of.
    pub fn key(&self) -> String {
        key(&self.snapshot, self.symbol().map(|(symbol, _)| symbol))
    }

    /// The documentation that the structural engine makes; `None` where there is nothing to document.
    pub fn documentation(&self) -> Option<String> {
        let (analysis, (_, index)) = (self.snapshot.ready()?, self.symbol()?);
        aiex_assist::documentation(analysis.syntax, analysis.outline, self.snapshot.text(), index)
    }

    /// The explanation that the structural engine makes.
    pub fn structural(&self) -> String {
        let text = self.snapshot.text();
        match (self.snapshot.ready(), self.symbol()) {
            (Some(analysis), Some((_, index))) => {
                aiex_assist::explain_symbol(analysis.syntax, analysis.outline, text, index)
            }
            (Some(analysis), None) => aiex_assist::explain_file(analysis.syntax, analysis.outline, text, &self.path),
            (None, _) => aiex_assist::explain_plain(text, &self.path),
        }
    }

    /// All of it where it has at most so many bytes; else parts that have, cut where symbols begin, or as few more as one
    /// symbol has.
    pub fn parts(&self, most: usize) -> Vec<Self> {
        let all = self.range();
        let whole = || vec![self.clone()];
        let Some(outline) = self.outline().filter(|_| all.len() > most) else { return whole() };
        let is_inside = |symbol: &&Symbol| all.start < symbol.range.start && symbol.range.end <= all.end;
        let cuts: Vec<_> = outline.symbols.iter().filter(is_inside).map(|symbol| symbol.range.start).collect();
        let (mut parts, mut start) = (Vec::new(), all.start);
        for (at, cut) in cuts.iter().enumerate() {
            let next = cuts.get(at + 1).copied().unwrap_or(all.end);
            if next.saturating_sub(start) > most && start < *cut {
                parts.push(Self { part: Some(start..*cut), ..self.clone() });
                start = *cut;
            }
        }
        parts.push(Self { part: Some(start..all.end), ..self.clone() });
        parts
    }

    /// Skeletons of tests that the structural engine makes; `None` where there is nothing to test.
    pub fn test_skeletons(&self) -> Option<String> {
        let (analysis, (_, index)) = (self.snapshot.ready()?, self.symbol()?);
        aiex_assist::test_skeletons(analysis.syntax, analysis.outline, self.snapshot.text(), index)
    }

    /// Small changes of it that tests should notice.
    pub fn mutations(&self) -> Vec<Mutation> {
        let text = self.snapshot.text().to_string();
        let of = |analysis: Analysis| aiex_assist::mutations(analysis.syntax, &text, &self.range());
        self.snapshot.ready().map(of).unwrap_or_default()
    }

    /// What is meant of the document, in bytes, half-open.
    pub fn range(&self) -> Range<usize> {
        if let Some(part) = &self.part {
            return part.clone();
        }
        self.symbol().map_or(0..self.snapshot.text().len(), |(symbol, _)| symbol.range.clone())
    }

    /// Kind and qualified name of the symbol, for a model; `None` for the whole document.
    pub fn title(&self) -> Option<String> {
        self.symbol().map(|(symbol, _)| format!("{} {}", symbol.kind.as_str(), symbol.qualified))
    }

    /// A model's explanation as a document, headed by what it is of and by whom.
    pub fn document(&self, explanation: &str, model: &str) -> String {
        let place = match self.symbol() {
            Some((symbol, _)) => {
                let line = |offset| self.snapshot.text().line_of(offset) + 1;
                let (first, last) = (line(symbol.range.start), line(symbol.range.end.saturating_sub(1)));
                format!("{}:{first}-{last}", self.path)
            }
            None => self.path.clone(),
        };
        let (name, place, model) = (code_span(self.name()), code_span(&place), code_span(model));
        format!("# {name}\n\n> {place}, explained by {model}\n\n{}\n", explanation.trim())
    }
}

/// What an explanation is of: a symbol of a document, or all of it, with this very text.
pub fn key(snapshot: &Snapshot, symbol: Option<&Symbol>) -> String {
    match symbol {
        Some(symbol) => format!("{}\0{}\0{}", snapshot.id, symbol.qualified, text_of(symbol, snapshot.text())),
        None => format!("{}\0\0{}", snapshot.id, snapshot.text()),
    }
}

/// All the text of a symbol, clauses that stand elsewhere included.
fn text_of(symbol: &Symbol, text: &Text) -> String {
    let mut whole = text.slice(symbol.range.clone()).into_owned();
    let apart = symbol.clauses.iter().filter(|clause| clause.range.start >= symbol.range.end);
    apart.for_each(|clause| whole.push_str(&text.slice(clause.range.clone())));
    whole
}

/// Explanations made so far, by the hash of what they are of: when the text changes, its explanation is found no more.
#[derive(Default)]
pub struct Explanations {
    by_key: DashMap<u64, (u64, Arc<str>)>,
    made: AtomicU64,
    // Keyed at random, so that no repository can make two texts that share a hash.
    hash: RandomState,
}

impl Explanations {
    /// How many are kept; the oldest goes first.
    const KEEP: usize = 256;

    /// The explanation of exactly this, by its [`key`].
    pub fn get(&self, key: &str) -> Option<Arc<str>> {
        self.by_key.get(&self.hash.hash_one(key)).map(|entry| entry.1.clone())
    }

    /// Keeps an explanation.
    pub fn put(&self, key: &str, explanation: &str) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.by_key.insert(self.hash.hash_one(key), (number, explanation.into()));
        if self.by_key.len() > Self::KEEP {
            let oldest = self.by_key.iter().min_by_key(|entry| entry.0).map(|entry| *entry.key());
            oldest.map(|oldest| self.by_key.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_of_exactly_one_text() {
        let explanations = Explanations::default();
        explanations.put("fn a() {}", "does nothing");
        assert_eq!(explanations.get("fn a() {}").as_deref(), Some("does nothing"));
        assert_eq!(explanations.get("fn a() { }"), None);
    }

    #[test]
    fn the_oldest_explanations_go() {
        let explanations = Explanations::default();
        (0..300).for_each(|number| explanations.put(&number.to_string(), "x"));
        assert_eq!(explanations.get("0"), None);
        assert!(explanations.get("299").is_some());
        assert_eq!(explanations.by_key.len(), Explanations::KEEP);
    }
}
