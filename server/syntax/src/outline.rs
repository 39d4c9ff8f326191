//! [`Outline`]: the symbols and calls of a file, and the questions asked of them.

use std::ops::Range;

use aiex_text::Splice;

use crate::symbol::{Call, Symbol};

/// The symbols and calls of one text, as plain values that outlive the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Symbols in the order of their ranges' starts; a container comes before what it contains.
    pub symbols: Vec<Symbol>,
    /// Calls in the order of the text.
    pub calls: Vec<Call>,
}

impl Outline {
    /// The innermost symbol that holds the byte `offset`. Between two that touch, the one that starts there.
    pub fn enclosing(&self, offset: usize) -> Option<usize> {
        // Of all that hold it, the innermost starts last; where several start at one place, it comes last.
        let around = |(index, symbol): (usize, &Symbol)| Some((symbol.start_around(offset)?, index));
        self.symbols.iter().enumerate().filter_map(around).max().map(|(_, index)| index)
    }

    /// The symbol that a hover or an action at the byte `offset` is about: what a call there calls, if it is of this
    /// file, else the innermost symbol around.
    pub fn at(&self, offset: usize) -> Option<usize> {
        self.call_at(offset).and_then(|call| call.target).or_else(|| self.enclosing(offset))
    }

    /// The call whose name holds the byte `offset`.
    pub fn call_at(&self, offset: usize) -> Option<&Call> {
        self.calls.iter().find(|call| call.name_range.start <= offset && offset <= call.name_range.end)
    }

    /// The containers of a symbol, from the innermost out.
    pub fn containers(&self, index: usize) -> impl Iterator<Item = usize> {
        let container = |index: usize| self.symbols.get(index)?.container.filter(|outer| *outer < index);
        std::iter::successors(container(index), move |outer| container(*outer))
    }

    /// What a symbol directly contains.
    pub fn members(&self, index: usize) -> impl Iterator<Item = usize> {
        let inside = move |(at, symbol): (usize, &Symbol)| (symbol.container == Some(index)).then_some(at);
        self.symbols.iter().enumerate().filter_map(inside)
    }

    /// The calls that a symbol makes, those of what it contains left out.
    pub fn calls_from(&self, index: usize) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.caller == Some(index))
    }

    /// The calls of a symbol within the file, its own recursive ones included.
    pub fn calls_to(&self, index: usize) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.target == Some(index))
    }

    /// Moves every range over a change of the text, for use until the new text is parsed.
    pub fn shift(&mut self, splice: &Splice) {
        let shift = |range: &mut Range<usize>| *range = splice.map_range(range);
        for symbol in &mut self.symbols {
            shift(&mut symbol.range);
            shift(&mut symbol.name_range);
            for clause in &mut symbol.clauses {
                shift(&mut clause.range);
                clause.body.iter_mut().for_each(shift);
            }
        }
        self.calls.iter_mut().for_each(|call| shift(&mut call.name_range));
    }
}
