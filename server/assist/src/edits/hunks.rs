//! Finds where a hunk's text stands in a file: to the letter, or else by its lines without their indentation.

use std::ops::Range;

use super::{Refusal, indent, place::Placed, reply::Hunk, source::File};

/// Where a hunk goes. `target` is preferred where its text stands there just once.
pub(super) fn place(hunk: &Hunk, file: &File, target: &Range<usize>) -> Result<Placed, Refusal> {
    let search = hunk.search.trim_matches('\n');
    if search.trim().is_empty() {
        return Err(Refusal::Malformed("a hunk has nothing to search for"));
    }
    let exact = search.replace('\n', file.line_ending);
    let found: Vec<_> = file.text.match_indices(&exact).map(|(at, _)| at..at + exact.len()).take(1000).collect();
    let first_line = || search.trim().lines().next().unwrap_or_default().trim().chars().take(80).collect::<String>();
    if let Some(range) = only(&found, target, &file.path, first_line)? {
        let text = hunk.replace.trim_matches('\n').to_owned();
        return Ok(placed(file, range, text));
    }
    let found = by_lines(search, file);
    let Some(range) = only(&found, target, &file.path, first_line)? else {
        return Err(Refusal::NotFound { path: file.path.clone(), text: first_line() });
    };
    // As far as the search was off, so is what replaces it.
    let own = |text: &str| {
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        line.len() - line.trim_start_matches([' ', '\t']).len()
    };
    let actual = file.indentation(range.start);
    let replace = hunk.replace.trim_matches('\n');
    let text = match own(replace).checked_sub(own(search)) {
        Some(deeper) => {
            let indentation = format!("{actual}{}", " ".repeat(deeper));
            indent::moved(file.language, replace, &indentation)
        }
        None => {
            let less = own(search) - own(replace);
            let indentation = actual.get(..actual.len().saturating_sub(less)).unwrap_or_default();
            indent::moved(file.language, replace, indentation)
        }
    };
    Ok(placed(file, file.whole_lines(&range), text))
}

fn placed(file: &File, range: Range<usize>, text: String) -> Placed {
    // A line that goes takes its end along.
    let mut range = range;
    if text.is_empty() && file.whole_lines(&range).start == range.start {
        let rest = file.slice(range.end..file.text.len());
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        if rest.get(..end).is_some_and(|rest| rest.trim().is_empty()) {
            range.end += end;
        }
    }
    let around = file.symbol_at(range.start).and_then(|index| file.symbols.get(index));
    let anchor =
        around.map_or(range.clone(), |symbol| symbol.range.start.min(range.start)..symbol.range.end.max(range.end));
    Placed { range, text, anchor }
}

/// The one place, or the one within the target; `None` if there is none.
fn only(
    found: &[Range<usize>],
    target: &Range<usize>,
    path: &str,
    text: impl Fn() -> String,
) -> Result<Option<Range<usize>>, Refusal> {
    let inside: Vec<_> = found.iter().filter(|range| target.start <= range.start && range.end <= target.end).collect();
    match (inside.as_slice(), found) {
        ([one], _) => Ok(Some((*one).clone())),
        (_, [one]) => Ok(Some(one.clone())),
        (_, []) => Ok(None),
        (_, many) => Err(Refusal::Ambiguous { path: path.to_owned(), text: text(), count: many.len() }),
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
