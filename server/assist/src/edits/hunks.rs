//! Finds where a hunk's text stands in a file: to the letter, or else by its lines without their indentation.

use std::ops::Range;

use super::{
    Refusal, indent,
    place::{Placed, elision},
    reply::Hunk,
    source::File,
};

/// Where a hunk goes. `target` is preferred where its text stands there just once.
pub(super) fn place(hunk: &Hunk, file: &File, target: &Range<usize>) -> Result<Placed, Refusal> {
    let search = hunk.search.trim_matches('\n');
    if search.trim().is_empty() {
        return Err(Refusal::Malformed("a hunk has nothing to search for"));
    }
    let exact = search.replace('\n', file.line_ending);
    let hits = file.text.match_indices(&exact).map(|(at, _)| at..at + exact.len());
    let found: Vec<_> = hits.filter(|range| is_lines(file, range)).take(1000).collect();
    if let Some(range) = only(&found, target, &file.path, search)? {
        let text = hunk.replace.trim_matches('\n').to_owned();
        return placed(file, range, text);
    }
    let found = by_lines(search, file);
    let Some(range) = only(&found, target, &file.path, search)? else {
        return Err(Refusal::NotFound { path: file.path.clone(), text: search.to_owned() });
    };
    let whole = file.whole_lines(&range);
    let text = indent::like(file.language, search, file.slice(whole.clone()), hunk.replace.trim_matches('\n'));
    placed(file, whole, text)
}

/// Whether a range is whole lines, blanks at their ends aside: `let limit = 1` is no part of `let limit = 100;` that can
/// be replaced. One that begins behind blanks is found by its lines, which tells how deep the new ones go.
fn is_lines(file: &File, range: &Range<usize>) -> bool {
    let after = file.slice(range.end..file.text.len());
    let rest = after.split(['\n', '\r']).next().unwrap_or_default();
    file.line_start(range.start) == range.start && rest.trim().is_empty()
}

fn placed(file: &File, range: Range<usize>, text: String) -> Result<Placed, Refusal> {
    let old = file.slice(range.clone());
    let replacement = File::new(&file.path, text.as_str().into());
    if let Some(mark) = elision::marks(&replacement).into_iter().find(|mark| !old.contains(&mark.text)) {
        return Err(Refusal::Elided(mark.text));
    }
    let range = if text.is_empty() { without_line(file, range) } else { range };
    let around = file.symbol_at(range.start).and_then(|index| file.symbols.get(index));
    let anchor =
        around.map_or(range.clone(), |symbol| symbol.range.start.min(range.start)..symbol.range.end.max(range.end));
    Ok(Placed { range, text, anchor })
}

/// Lines that go take their end along, and one of the blank lines around them.
fn without_line(file: &File, mut range: Range<usize>) -> Range<usize> {
    let begins = file.whole_lines(&range).start;
    let is_line_start = begins == 0 || file.slice(0..begins).ends_with('\n');
    let blank_line = |at: usize| {
        let rest = file.slice(at..file.text.len());
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        rest.get(..end).filter(|line| !line.is_empty() && line.trim().is_empty()).map(|_| at + end)
    };
    let Some(end) = blank_line(range.end).filter(|_| is_line_start) else { return range };
    range = begins..end;
    let before = file.slice(0..begins).trim_end_matches([' ', '\t', '\r', '\n']);
    let is_after_blank = file.slice(before.len()..begins).matches('\n').count() > 1 || before.is_empty();
    match blank_line(range.end) {
        Some(end) if is_after_blank => range.end = end,
        None if is_after_blank && !before.is_empty() => {
            let gap = file.slice(before.len()..begins);
            let first = gap.find('\n').map_or(0, |end| end + 1);
            range.start = before.len() + first;
        }
        _ => {}
    }
    range
}

/// The one place, or the one within the target; `None` if there is none.
fn only(
    found: &[Range<usize>],
    target: &Range<usize>,
    path: &str,
    text: &str,
) -> Result<Option<Range<usize>>, Refusal> {
    let inside: Vec<_> = found.iter().filter(|range| target.start <= range.start && range.end <= target.end).collect();
    match (inside.as_slice(), found) {
        ([one], _) => Ok(Some((*one).clone())),
        (_, [one]) => Ok(Some(one.clone())),
        (_, []) => Ok(None),
        (_, many) => Err(Refusal::Ambiguous { path: path.to_owned(), text: text.to_owned(), count: many.len() }),
    }
}

/// Runs of lines that are those of `search` but for blanks around each.
fn by_lines(search: &str, file: &File) -> Vec<Range<usize>> {
    let wanted: Vec<&str> = search.trim().lines().map(str::trim).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        lines.push((start, content));
        start += line.len();
    }
    let is_here = |at: usize| {
        wanted.iter().enumerate().all(|(n, want)| lines.get(at + n).is_some_and(|(_, line)| line.trim() == *want))
    };
    let range = |at: usize| {
        let (start, first) = lines.get(at)?;
        let (last_start, last) = lines.get(at + wanted.len() - 1)?;
        let blanks = first.len() - first.trim_start_matches([' ', '\t']).len();
        Some(start + blanks..last_start + last.len())
    };
    (0..lines.len()).filter(|at| is_here(*at)).filter_map(range).take(1000).collect()
}
