//! [`Syntax`]: one tree-sitter parse of one text, made in full or from an older parse.

use std::ops::{ControlFlow, Range};

use aiex_text::{Splice, Text};
use tree_sitter::{InputEdit, ParseOptions, Parser, Point, Tree};

use crate::{
    facts::Facts,
    language::Language,
    nodes::{self, Nodes},
    outline::Outline,
    pieces::{self, Pieces},
    problems::{self, Problem},
    symbol::Symbol,
    tokens::{self, Token},
};

/// The largest text that is parsed, in bytes. A tree takes about 27 times its source, so a larger one stays plain.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Why there is no parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The text has more than [`MAX_BYTES`].
    TooLarge,
    /// The caller's callback said that time was up.
    OutOfTime,
}

/// A parse. A clone shares the tree.
#[derive(Clone, Debug)]
pub struct Syntax {
    language: Language,
    tree: Tree,
}

impl Syntax {
    /// Parses `text`, reading the rope's pieces in place. `old` is the parse of an earlier text of the same document,
    /// told of every change since by [`Syntax::edit`]; what did not change is then reused. `go_on` is asked now and
    /// then, and ends the parse by answering `false`.
    pub fn parse(
        language: Language,
        text: &Text,
        old: Option<&Syntax>,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Syntax, Stopped> {
        if text.len() > MAX_BYTES {
            return Err(Stopped::TooLarge);
        }
        let mut parser = Parser::new();
        // Fails only for a grammar of another tree-sitter version, which the tests of every language would show.
        parser.set_language(&language.grammar()).map_err(|_| Stopped::OutOfTime)?;
        let mut progress = |_: &tree_sitter::ParseState| match go_on() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let old = old.filter(|old| old.language == language).map(|old| &old.tree);
        let mut read = |offset: usize, _: Point| text.chunk_from(offset);
        parser
            .parse_with_options(&mut read, old, Some(options))
            .map(|tree| Syntax { language, tree })
            .ok_or(Stopped::OutOfTime)
    }

    /// Tells the parse of a change to its text, so that it can serve as the old one of the next parse. Its ranges
    /// move along; its symbols are those of before.
    pub fn edit(&mut self, splice: &Splice) {
        let point = |point: aiex_text::Point| Point { row: point.row, column: point.column };
        self.tree.edit(&InputEdit {
            start_byte: splice.start,
            old_end_byte: splice.old_end,
            new_end_byte: splice.new_end,
            start_position: point(splice.start_point),
            old_end_position: point(splice.old_end_point),
            new_end_position: point(splice.new_end_point),
        });
    }

    /// The language that was parsed.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether any part of the text did not parse.
    pub fn has_errors(&self) -> bool {
        self.tree.root_node().has_error()
    }

    /// The places that do not parse, in order.
    pub fn problems(&self) -> Vec<Problem> {
        problems::find(&self.tree)
    }

    /// The nodes that share bytes with a range, those around them, and the children of these.
    pub fn nodes(&self, within: &Range<usize>) -> Nodes {
        nodes::within(self.language, &self.tree, within)
    }

    /// Every token of `text`, which must be the text that was parsed, comments included, in order.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        tokens::all(self.language, &self.tree, text)
    }

    /// The symbols and calls of `text`, which must be the text that was parsed.
    pub fn outline(&self, text: &Text) -> Outline {
        self.language.outline(&self.tree, text)
    }

    /// The symbols of `text`, which must be the text that was parsed, but for those inside of bodies of functions. Costs
    /// a fraction of [`Syntax::outline`], which also finds the calls.
    pub fn symbols(&self, text: &str) -> Vec<Symbol> {
        self.language.symbols(&self.tree, text)
    }

    /// Takes `text`, which must be the text that was parsed, apart along the tree until `fits` holds for each piece that
    /// is more than one token. `fits` is asked about half-open byte ranges.
    pub fn pieces(&self, text: &str, mut fits: impl FnMut(Range<usize>) -> bool) -> Pieces {
        pieces::split(self.language, &self.tree, text, &mut fits)
    }

    /// What the body of `symbol` shows; both of the text that was parsed.
    pub fn facts(&self, text: &Text, symbol: &Symbol) -> Facts {
        self.language.facts(&self.tree, text, symbol)
    }
}
