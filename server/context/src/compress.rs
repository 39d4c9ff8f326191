//! [`compress`]: a text made shorter by its structure, until it fits.
//!
//! Strategies are taken one after the other, only as far as is needed, and each says what it dropped. What is left out
//! is marked by a comment of the language with an ellipsis, so that neither a model nor a reader takes the rest for the
//! whole, and what parsed still parses.

mod lines;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range, str::FromStr};

use aiex_syntax::{Language, Symbol, SymbolKind, Syntax};
use aiex_text::Text;

use lines::Lines;

/// A way to make a text shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Comments that are no documentation go, and of several blank lines one stays.
    Fold,
    /// Of long runs of similar things (variants, fields, clauses, entries) the first, the last and a few between stay.
    Sample,
    /// Bodies of functions go, but for the one that holds the cursor.
    Semantic,
    /// What is farthest from the cursor goes.
    Truncate,
}

impl Strategy {
    /// All of them, the gentlest first: the order in which they are taken where nothing else is said.
    pub const ALL: [Self; 4] = [Self::Fold, Self::Sample, Self::Semantic, Self::Truncate];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Sample => "sample",
            Self::Semantic => "semantic",
            Self::Truncate => "truncate",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|strategy| strategy.as_str() == word);
        found.ok_or_else(|| format!("there is no way `{word}` to shorten code; there are {}", all()))
    }
}

/// A text that was made shorter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compressed {
    /// The text, with marks where something was left out.
    pub text: String,
    /// What was dropped, in sentences, in the order in which it was.
    pub dropped: Vec<String>,
}

/// Shortens `text` until `fits` says so, or the strategies are at an end; then it may still not fit. `cursor` is a byte
/// of it, around which most is kept. Without a language only blank lines are folded, and lines truncated.
pub fn compress(
    text: &str,
    language: Option<Language>,
    cursor: usize,
    strategies: &[Strategy],
    fits: &dyn Fn(&str) -> bool,
) -> Compressed {
    let mut compressed = Compressed { text: text.to_owned(), dropped: Vec::new() };
    let mut cursor = cursor.min(text.len());
    for strategy in strategies {
        if fits(&compressed.text) {
            break;
        }
        let source = compressed.text.as_str();
        let mut lines = Lines::new(source);
        let dropped = match (strategy, language) {
            (Strategy::Fold, _) => fold(&mut lines, language),
            (Strategy::Truncate, _) => lines.truncate(cursor, mark_of(language), fits),
            (Strategy::Sample, Some(language)) => sample(&mut lines, language, cursor, fits),
            (Strategy::Semantic, Some(language)) => elide_bodies(&mut lines, language, cursor),
            (Strategy::Sample | Strategy::Semantic, None) => None,
        };
        let Some(dropped) = dropped else { continue };
        let (shorter, moved) = lines.render(mark_of(language), cursor);
        (compressed.text, cursor) = (shorter, moved);
        compressed.dropped.push(dropped);
    }
    compressed
}

/// What begins a comment.
fn mark_of(language: Option<Language>) -> &'static str {
    match language {
        Some(Language::Rust) => "//",
        _ => "#",
    }
}

/// Drops comments that stand alone on their lines and document nothing, and blank lines behind others.
fn fold(lines: &mut Lines, language: Option<Language>) -> Option<String> {
    let is_comment = |line: &str| match language {
        Some(Language::Rust) => line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!"),
        Some(Language::Elixir) => line.starts_with('#'),
        None => false,
    };
    // Within strings and heredocs nothing is a comment.
    let code = language.map(|language| lines.outside_of_strings(language));
    let mut comments = 0;
    let mut was_blank = true;
    for at in 0..lines.len() {
        let line = lines.text(at).trim();
        let is_code = code.as_ref().is_none_or(|code| code.get(at).copied().unwrap_or(true));
        if is_code && line.is_empty() && was_blank {
            lines.drop_silently(at);
        } else if is_code && is_comment(line) && !line.contains('…') {
            comments += 1;
            lines.drop_silently(at);
            continue;
        }
        was_blank = line.is_empty();
    }
    match comments {
        0 => lines.has_dropped().then(|| "blank lines".to_owned()),
        1 => Some("a line of comments".to_owned()),
        _ => Some(format!("{comments} lines of comments")),
    }
}

/// Runs of fewer things are told in full.
const LEAST_RUN: usize = 12;
/// Of a run, so many of the first, the first of these numbers that fits spread over the rest, and the last are kept.
const FIRST: usize = 4;
const SPREADS: [usize; 5] = [256, 64, 16, 8, 3];
/// Longer texts are not parsed once more to be made shorter.
const MOST_PARSED: usize = 1024 * 1024;

/// As few as make it fit, or as are left at the most.
fn sample(lines: &mut Lines, language: Language, cursor: usize, fits: &dyn Fn(&str) -> bool) -> Option<String> {
    let runs = runs(lines.source(), language);
    let mut count = 0;
    for spread in SPREADS {
        let mut tried = Lines::new(lines.source());
        count = runs.iter().map(|run| sample_run(&mut tried, run, spread, cursor)).sum::<usize>();
        let is_enough = fits(&tried.render(mark_of(Some(language)), cursor).0);
        *lines = tried;
        if is_enough {
            break;
        }
    }
    (count > 0).then(|| format!("{count} of many similar entries"))
}

fn sample_run(lines: &mut Lines, run: &[Range<usize>], spread: usize, cursor: usize) -> usize {
    let holds_cursor = |range: &Range<usize>| range.start <= cursor && cursor <= range.end;
    let step = run.len().saturating_sub(FIRST + 1).div_ceil(spread + 1).max(1);
    let is_kept = |at: usize, range| {
        at < FIRST || at + 1 == run.len() || (at - FIRST + 1).is_multiple_of(step) || holds_cursor(range)
    };
    run.iter().enumerate().filter(|(at, range)| !is_kept(*at, *range) && lines.drop_range(range)).count()
}

/// Runs of similar things: clauses of one function, and lines of the same shape between brackets.
fn runs(source: &str, language: Language) -> Vec<Vec<Range<usize>>> {
    let mut runs = Vec::new();
    for symbol in symbols(source, language) {
        if symbol.clauses.len() >= LEAST_RUN {
            runs.push(symbol.clauses.iter().map(|clause| clause.range.clone()).collect());
        }
        let is_type = matches!(symbol.kind, SymbolKind::Enum | SymbolKind::Struct);
        if let Some(body) = symbol.body().filter(|_| is_type) {
            let entries = lines::entries(source, body.clone());
            if entries.len() >= LEAST_RUN {
                runs.push(entries);
            }
        }
    }
    runs.extend(
        lines::brackets(source)
            .into_iter()
            .map(|body| lines::entries(source, body))
            .filter(|entries| entries.len() >= LEAST_RUN),
    );
    runs
}

fn symbols(source: &str, language: Language) -> Vec<Symbol> {
    if source.len() > MOST_PARSED {
        return Vec::new();
    }
    let text = Text::new(source);
    Syntax::parse(language, &text, None, || true).map(|syntax| syntax.symbols(source)).unwrap_or_default()
}

/// Drops the bodies of functions of several lines, but for those that hold the cursor.
fn elide_bodies(lines: &mut Lines, language: Language, cursor: usize) -> Option<String> {
    let mut count = 0;
    for symbol in symbols(lines.source(), language) {
        use SymbolKind::{Function, Macro, Method, Test};
        if !matches!(symbol.kind, Function | Method | Macro | Test)
            || symbol.range.start <= cursor && cursor <= symbol.range.end
        {
            continue;
        }
        for clause in &symbol.clauses {
            if let Some(body) = &clause.body
                && lines.drop_inside(body)
            {
                count += 1;
            }
        }
    }
    (count > 0).then(|| {
        if count == 1 { "the body of a function".to_owned() } else { format!("the bodies of {count} functions") }
    })
}
