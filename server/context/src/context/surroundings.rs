//! The target itself and the lines around it.

use std::ops::Range;

use super::{Piece, Request, Sources};
use crate::{Level, index::Item, index::span_range};

/// Of the budget, the target itself gets at most this many hundredths; what is longer is cut around the cursor.
const TARGET: usize = 60;

/// What stands for lines that were left out, at the indentation of what follows.
fn elision(lines: usize, path: &str) -> String {
    let mark = if path.ends_with(".rs") { "//" } else { "#" };
    format!("{mark} … {lines} lines left out")
}

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
        let cursor = line_of(request.cursor).clamp(first, last);
        return cut(request, &slice, first, last, cursor, most, sources);
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
    while from < own.0 && slice(from..from + 1).trim().is_empty() {
        from += 1;
    }
    while to > own.1 && slice(to..to + 1).trim().is_empty() {
        to -= 1;
    }
    (from, to)
}

/// A target that is too long: its first lines, the lines around the cursor, and its last.
fn cut<'t>(
    request: &Request,
    slice: &impl Fn(Range<usize>) -> &'t str,
    first: usize,
    last: usize,
    cursor: usize,
    most: usize,
    sources: &dyn Sources,
) -> Piece {
    let mut shown = vec![false; last - first + 1];
    let mut left = most;
    // The head, then outwards from the cursor, then on from the head.
    let head = first..(first + 3).min(last + 1);
    let around = (0..=last - first)
        .flat_map(|step| {
            [cursor.checked_sub(step).filter(|line| *line >= first), Some(cursor + step).filter(|line| *line <= last)]
        })
        .flatten();
    for line in head.chain(around) {
        let Some(entry) = shown.get_mut(line - first).filter(|entry| !**entry) else { continue };
        // A line left out later needs its mark, which takes about ten tokens; one mark is paid for every gap.
        let cost = sources.count(slice(line..line + 1)) + 1;
        if cost + 24 > left {
            break;
        }
        left -= cost;
        *entry = true;
    }
    let mut text = String::new();
    let mut skipped = 0;
    for (at, is_shown) in shown.iter().enumerate() {
        if !is_shown {
            skipped += 1;
            continue;
        }
        if skipped > 0 {
            text.push_str(&elision(skipped, request.path));
            text.push('\n');
            skipped = 0;
        }
        text.push_str(slice(first + at..first + at + 1));
        text.push('\n');
    }
    if skipped > 0 {
        text.push_str(&elision(skipped, request.path));
    }
    let text = text.trim_end().to_owned();
    Piece {
        path: request.path.into(),
        lines: (first + 1, last + 1),
        level: Level::Elided,
        tokens: sources.count(&text) + 1,
        reason: "the target, cut around the cursor".to_owned(),
        text,
        container: None,
    }
}
