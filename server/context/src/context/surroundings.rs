//! The target itself and the lines around it.

use std::ops::Range;

use aiex_syntax::Language;

use super::{Piece, Request, Sources};
use crate::{Compressed, Level, compress, index::Item, index::span_range};

/// Of the budget, the target itself gets at most this many hundredths; what is longer is cut around the cursor.
const TARGET: usize = 60;

/// The target with its surroundings as one piece, within the share of the budget that its intent gives them.
pub(super) fn piece(request: &Request, text: &str, target: Option<&Item>, sources: &dyn Sources) -> Piece {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line_of = |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
    let lines = starts.len() - usize::from(text.ends_with('\n') || text.is_empty());
    let own = target.map_or(request.range.clone(), |item| span_range(item.range));
    let first = line_of(own.start).min(lines.saturating_sub(1));
    let last = line_of(own.end.saturating_sub(1).max(own.start)).min(lines.saturating_sub(1));
    let slice = |range: Range<usize>| {
        let end = starts.get(range.end).copied().unwrap_or(text.len());
        text.get(starts.get(range.start).copied().unwrap_or(text.len())..end).unwrap_or_default().trim_end_matches('\n')
    };
    let own_text = slice(first..last + 1);
    let own_tokens = sources.count(own_text);
    let most = request.budget * TARGET / 100;
    if own_tokens > most {
        let start = starts.get(first).copied().unwrap_or(own.start);
        return shortened(request, text, start..own.end.min(text.len()).max(start), (first, last), most, sources);
    }
    let room = (request.budget * request.intent.surroundings() as usize / 100).saturating_sub(own_tokens / 2);
    let (from, to) = grow(&slice, (first, last), lines, room, sources);
    let shown = slice(from..to + 1).to_owned();
    Piece {
        path: request.path.into(),
        lines: (from + 1, to + 1),
        level: Level::Full,
        tokens: sources.count(&shown) + 1,
        reason: if target.is_some() {
            "the target and what stands around it"
        } else {
            "the place and what stands around it"
        }
        .to_owned(),
        text: shown,
        container: None,
    }
}

/// Grows a range of lines as far as there is room, half of it on each side, but not into blank lines alone.
fn grow<'t>(
    slice: &impl Fn(Range<usize>) -> &'t str,
    own: (usize, usize),
    lines: usize,
    room: usize,
    sources: &dyn Sources,
) -> (usize, usize) {
    let (mut from, mut to) = own;
    let mut left = room / 2;
    while from > 0 {
        let cost = sources.count(slice(from - 1..from)) + 1;
        if cost > left {
            break;
        }
        left -= cost;
        from -= 1;
    }
    left += room / 2;
    while to + 1 < lines {
        let cost = sources.count(slice(to + 1..to + 2)) + 1;
        if cost > left {
            break;
        }
        left -= cost;
        to += 1;
    }
    // Only what stands between blank lines is whole.
    let is_blank = |line: usize| slice(line..line + 1).trim().is_empty();
    while from < own.0 && (is_blank(from) || from > 0 && !is_blank(from - 1)) {
        from += 1;
    }
    while to > own.1 && (is_blank(to) || to + 1 < lines && !is_blank(to + 1)) {
        to -= 1;
    }
    (from, to)
}

/// A target that is too long, made shorter.
fn shortened(
    request: &Request,
    text: &str,
    own: Range<usize>,
    lines: (usize, usize),
    most: usize,
    sources: &dyn Sources,
) -> Piece {
    let language = Language::from_file_name(request.path);
    let cursor = request.cursor.saturating_sub(own.start);
    let fits = |text: &str| sources.count(text) <= most;
    let whole = text.get(own).unwrap_or_default();
    let Compressed { mut text, mut dropped } = compress(whole, language, cursor, request.strategies, &fits);
    let is_told = text.lines().any(|line| !line.trim().is_empty() && !line.contains('…'));
    if !fits(&text) || !is_told {
        // A line longer than the budget, or strategies that do not suffice.
        (text, dropped) = (around(whole, cursor, &fits), vec!["what is far from the cursor".to_owned()]);
    }
    Piece {
        path: request.path.into(),
        lines: (lines.0 + 1, lines.1 + 1),
        level: Level::Elided,
        tokens: sources.count(&text) + 1,
        reason: format!("the target; left out: {}", dropped.join(", ")),
        text: text.trim_end().to_owned(),
        container: None,
    }
}

/// As many characters around the cursor as fit, with marks.
fn around(text: &str, cursor: usize, fits: &dyn Fn(&str) -> bool) -> String {
    let cut = |half: usize| {
        let from = boundary(text, cursor.min(text.len()).saturating_sub(half));
        let to = boundary(text, cursor.saturating_add(half).min(text.len()));
        // No part of a word: it may be a key, of which nobody could see any more that it is one.
        let is_word = |char: char| char.is_ascii_alphanumeric() || "_-+/=.".contains(char);
        let shown = text.get(from..to).unwrap_or_default();
        let shown = if from > 0 { shown.trim_start_matches(is_word) } else { shown };
        let shown = if to < text.len() { shown.trim_end_matches(is_word) } else { shown };
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        format!("{}{shown}{}", mark(from > 0), mark(to < text.len()))
    };
    let mut half = text.len();
    while half > 0 && !fits(&cut(half)) {
        half /= 2;
    }
    cut(half)
}

/// The start of the character that holds a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
