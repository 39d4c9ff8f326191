//! [`Source`]: a file that may be edited; `File`: the same with what its syntax says.

use std::{ops::Range, sync::Arc};

use aiex_syntax::{Language, Problem, Symbol, SymbolKind, Syntax, Token, TokenClass};
use aiex_text::{Edit, LineEnding, Text};

use super::FilePatch;

/// A file of which a model was shown some or all.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// Its text, which also says of which version it is.
    pub text: Arc<str>,
    /// A part of the text that goes with any edit and that the model is not shown: a comment that asks for the edit.
    /// Half-open, in bytes.
    pub cut: Option<Range<usize>>,
}

impl Source {
    /// What the model is shown and answers about: the text without what is cut.
    pub fn shown(&self) -> Arc<str> {
        let Some(cut) = &self.cut else { return self.text.clone() };
        match (self.text.get(..cut.start), self.text.get(cut.end..)) {
            (Some(before), Some(after)) => format!("{before}{after}").into(),
            _ => self.text.clone(),
        }
    }

    /// The removal of what is cut, if something is.
    pub(crate) fn without_cut(&self) -> Option<FilePatch> {
        let cut = self.cut.clone()?;
        let after = self.shown();
        let is_parsed = |text: &Arc<str>| File::new(&self.path, text.clone()).syntax.is_some();
        (*after != *self.text).then(|| FilePatch {
            path: self.path.clone(),
            before: Some(self.text.clone()),
            parsed: is_parsed(&self.text) && is_parsed(&after),
            after: after.to_string(),
            anchors: vec![cut],
        })
    }

    /// Where a range of what is shown lies in the whole text.
    pub(crate) fn in_whole(&self, range: &Range<usize>) -> Range<usize> {
        let Some(cut) = &self.cut else { return range.clone() };
        let length = cut.end.saturating_sub(cut.start);
        let start = if range.start >= cut.start { range.start + length } else { range.start };
        let end = if range.end > cut.start { range.end + length } else { range.end };
        start..end.max(start)
    }
}

/// A text with its parse.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: Arc<str>,
    pub(crate) language: Option<Language>,
    pub(crate) syntax: Option<Syntax>,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) line_ending: &'static str,
    /// The byte at which each line begins.
    lines: Vec<usize>,
}

impl File {
    /// Parses a text by its file's name. Text of no known language has no symbols and no tokens.
    pub(crate) fn new(path: &str, text: Arc<str>) -> Self {
        Self::with_parse(path, text, None)
    }

    /// The same with a parse of the text that is there already.
    pub(crate) fn with_parse(path: &str, text: Arc<str>, parsed: Option<Syntax>) -> Self {
        let rope = Text::new(&text);
        let language = Language::from_file_name(path);
        let parsed = parsed.filter(|parsed| Some(parsed.language()) == language);
        let syntax =
            parsed.or_else(|| language.and_then(|language| Syntax::parse(language, &rope, None, || true).ok()));
        Self::parsed(path, text, &rope, language, syntax)
    }

    /// The file after edits, which make `text` of its own: what they leave is not parsed again.
    pub(crate) fn edited(&self, text: Arc<str>, edits: &[Edit]) -> Self {
        let (Some(language), Some(syntax)) = (self.language, &self.syntax) else { return Self::new(&self.path, text) };
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let (mut rope, mut old) = (Text::new(&self.text), syntax.clone());
        for edit in edits.into_iter().rev() {
            old.edit(&rope.splice(edit));
        }
        let new = Syntax::parse(language, &rope, Some(&old), || true).ok();
        // Recovery from errors depends on what was there before: then the whole text counts.
        match new.filter(|new| !new.has_errors() && !syntax.has_errors()) {
            Some(new) => Self::parsed(&self.path, text, &rope, Some(language), Some(new)),
            None => Self::new(&self.path, text),
        }
    }

    fn parsed(path: &str, text: Arc<str>, rope: &Text, language: Option<Language>, syntax: Option<Syntax>) -> Self {
        let symbols = syntax.as_ref().map(|syntax| syntax.symbols(&text)).unwrap_or_default();
        let tokens = syntax.as_ref().map(|syntax| syntax.tokens(&text)).unwrap_or_default();
        let line_ending = LineEnding::of(rope).as_str();
        let ends = text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'\n' | b'\r'));
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), text, language, syntax, symbols, tokens, line_ending, lines }
    }

    /// Where the line of a byte begins.
    pub(crate) fn line_start(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|start| *start <= offset);
        after.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or(0)
    }

    /// The line of a byte, without its end.
    pub(crate) fn line_at(&self, offset: usize) -> &str {
        let after = self.lines.partition_point(|start| *start <= offset);
        let end = self.lines.get(after).copied().unwrap_or(self.text.len());
        self.slice(self.line_start(offset)..end).trim_end_matches(['\n', '\r'])
    }

    /// The places that do not parse, in order.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.syntax.as_ref().map(Syntax::problems).unwrap_or_default();
        let is_known = |at: usize| problems.iter().any(|problem| problem.range.contains(&at));
        let strays = self.tokens.iter().filter(|token| token.is_stray && !is_known(token.range.start));
        let strays: Vec<_> = strays.map(|token| Problem { range: token.range.clone(), missing: None }).collect();
        problems.extend(strays);
        problems.sort_by_key(|problem| problem.range.start);
        problems
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The range from the start of its first line, if only blanks stand before it there.
    pub(crate) fn whole_lines(&self, range: &Range<usize>) -> Range<usize> {
        let line = self.line_start(range.start);
        let is_blank = self.slice(line..range.start).bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        if is_blank { line..range.end } else { range.clone() }
    }

    /// Where the comments begin whose lines stand right before a line; `line` where there are none.
    pub(crate) fn with_comments(&self, line: usize) -> usize {
        let mut start = line;
        for text in self.slice(0..line).split_inclusive('\n').rev() {
            let is_comment = self.language.is_some_and(|language| super::place::is_comment(language, text.trim()));
            if !is_comment {
                break;
            }
            start -= text.len();
        }
        start
    }

    /// The blanks that the line of a byte begins with.
    pub(crate) fn indentation(&self, offset: usize) -> &str {
        let line = self.line_start(offset);
        let rest = self.slice(line..self.text.len());
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest.get(..blanks).unwrap_or_default()
    }

    /// The innermost symbol around a byte.
    pub(crate) fn symbol_at(&self, offset: usize) -> Option<usize> {
        let around = |(index, symbol): (usize, &Symbol)| Some((symbol.start_around(offset)?, index));
        self.symbols.iter().enumerate().filter_map(around).max().map(|(_, index)| index)
    }

    /// The symbol that has exactly this range; of several the innermost.
    pub(crate) fn symbol_of(&self, range: &Range<usize>) -> Option<usize> {
        self.symbols.iter().rposition(|symbol| symbol.range == *range)
    }

    pub(crate) fn members(&self, container: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let inside = move |(at, symbol): (usize, &Symbol)| (symbol.container == container).then_some(at);
        self.symbols.iter().enumerate().filter_map(inside)
    }

    /// The containers of a symbol, from the innermost out.
    pub(crate) fn containers(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let container = |index: usize| self.symbols.get(index)?.container.filter(|outer| *outer < index);
        std::iter::successors(container(index), move |outer| container(*outer))
    }

    /// The tokens of a range, comments and all.
    pub(crate) fn tokens_in(&self, range: &Range<usize>) -> impl Iterator<Item = (TokenClass, &str)> {
        let first = self.tokens.partition_point(|token| token.range.start < range.start);
        let end = range.end;
        let inside = self.tokens.iter().skip(first).take_while(move |token| token.range.end <= end);
        inside.map(|token| (token.class, self.slice(token.range.clone())))
    }

    /// Whether a callable has no body worth the name: nothing, or only word that it is to be written.
    pub(crate) fn is_unwritten(&self, index: usize) -> bool {
        let Some(symbol) = self.symbols.get(index).filter(|symbol| is_callable(symbol.kind)) else { return false };
        symbol.clauses.iter().all(|clause| {
            let Some(body) = &clause.body else { return self.language == Some(Language::Elixir) };
            let code = self.tokens_in(body).filter(|(class, _)| *class != TokenClass::Comment);
            let words: String = code.map(|(_, text)| text).collect();
            is_placeholder(&words)
        })
    }
}

fn is_placeholder(words: &str) -> bool {
    let words = words.trim_matches(['{', '}', ';']);
    let lower = words.to_ascii_lowercase();
    lower.is_empty()
        || ["todo!(", "unimplemented!("].iter().any(|begin| lower.starts_with(begin)) && lower.ends_with(')')
        || lower.starts_with("raise")
            && ["todo", "not implemented", "unimplemented"].iter().any(|word| lower.contains(word))
        || lower == ":todo"
}

/// What has parameters and a body.
pub(crate) fn is_callable(kind: SymbolKind) -> bool {
    use SymbolKind::{Callback, Function, Guard, Macro, Method, Test};
    matches!(kind, Function | Method | Macro | Guard | Test | Callback)
}

/// What holds other symbols.
pub(crate) fn is_container(kind: SymbolKind) -> bool {
    use SymbolKind::{Impl, Module, Protocol, TestGroup, Trait};
    matches!(kind, Module | Impl | Trait | Protocol | TestGroup)
}

/// Whether two kinds may stand for each other across an edit: a struct may become an enum, but not a function.
pub(crate) fn are_alike(one: SymbolKind, other: SymbolKind) -> bool {
    use SymbolKind::{Enum, Exception, Struct, Trait, Type};
    let is_type = |kind| matches!(kind, Struct | Enum | Exception | Trait | Type);
    one == other || is_callable(one) && is_callable(other) || is_type(one) && is_type(other)
}
