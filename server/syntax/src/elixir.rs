//! What the syntax trees of Elixir say: the entry to the passes over them.

mod calls;
mod docs;
mod facts;
mod heads;
mod kinds;
mod names;
mod nodes;
mod pieces;
mod read;
mod symbols;
#[cfg(test)]
mod tests;

use aiex_text::Text;
use tree_sitter::Tree;

pub(crate) use pieces::{ROLES, unit};

use crate::{ClauseFacts, Facts, Outline, Symbol};

pub(crate) fn outline(tree: &Tree, text: &Text) -> Outline {
    let source = text.to_string();
    let nodes = read::all(tree, &source);
    let found = symbols::find(&nodes);
    let calls = calls::find(&nodes, &found);
    Outline { symbols: found.symbols, calls }
}

/// The symbols that stand outside of the bodies of functions.
pub(crate) fn symbols(tree: &Tree, source: &str) -> Vec<Symbol> {
    symbols::find(&read::outside_of_bodies(tree, source)).symbols
}

pub(crate) fn facts(tree: &Tree, text: &Text, symbol: &Symbol) -> Facts {
    if !facts::has_any(symbol.kind) {
        return Facts { clauses: vec![ClauseFacts::default(); symbol.clauses.len()], ..Facts::default() };
    }
    let source = text.to_string();
    let mut ranges: Vec<_> = symbol.clauses.iter().map(|clause| clause.range.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    let nodes = read::within(tree, &source, &ranges);
    facts::find(&nodes, symbol)
}
