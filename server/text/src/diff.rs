//! [`diff`]: the edits that lead from one text to another.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::{edit::Edit, text::Text};

/// Minimal edits that turn `before` into `after`: whole lines by Histogram diff, then each hunk trimmed of what its two
/// sides share at the start and the end, so that a changed word does not rewrite its line. In order, not overlapping,
/// and never inside a character or between a CR and its LF.
pub fn diff(before: &str, after: &str) -> Vec<Edit> {
    let mut input = InternedInput::default();
    input.update_before(lines(before));
    input.update_after(lines(after));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let (old, new) = (starts(before), starts(after));
    let at = |starts: &[usize], line: u32| starts.get(line as usize).copied().unwrap_or_default();
    diff.hunks()
        .map(|hunk| {
            let (start, end) = (at(&old, hunk.before.start), at(&old, hunk.before.end));
            let (from, to) = (at(&new, hunk.after.start), at(&new, hunk.after.end));
            trim(before.get(start..end).unwrap_or_default(), after.get(from..to).unwrap_or_default(), start)
        })
        .collect()
}

/// The lines of `after` that are not as they were before: from 0, half-open, in order. Where lines are only gone, the
/// one that follows.
pub fn changed_lines(before: &str, after: &str) -> Vec<Range<usize>> {
    let text = Text::new(after);
    let mut moved = 0_isize;
    let changed = diff(before, after).into_iter().map(|edit| {
        let start = edit.range.start.saturating_add_signed(moved);
        moved += edit.text.len().cast_signed() - edit.range.len().cast_signed();
        let last = start + edit.text.len().saturating_sub(1);
        text.line_of(start)..text.line_of(last) + 1
    });
    changed.collect()
}

/// Lines with their ends, split after every LF and every CR that no LF follows.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let end = bytes.iter().enumerate().find_map(|(at, byte)| {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            ends.then_some(at + 1)
        });
        let (line, tail) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = tail;
        (!line.is_empty()).then_some(line)
    })
}

/// The byte at which each line starts, and the end of the text.
fn starts(text: &str) -> Vec<usize> {
    let mut start = 0;
    let mut starts = vec![0];
    starts.extend(lines(text).map(|line| {
        start += line.len();
        start
    }));
    starts
}

fn trim(old: &str, new: &str, start: usize) -> Edit {
    let shared = |a: Box<dyn Iterator<Item = (char, char)> + '_>| -> usize {
        a.take_while(|(x, y)| x == y).map(|(x, _)| x.len_utf8()).sum()
    };
    let mut head = shared(Box::new(old.chars().zip(new.chars())));
    // A border between CR and LF would be no place at all for a client.
    if old.as_bytes().get(..head).is_some_and(|kept| kept.ends_with(b"\r")) {
        head -= 1;
    }
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let mut tail = shared(Box::new(old_rest.chars().rev().zip(new_rest.chars().rev())));
    if old_rest.as_bytes().get(old_rest.len() - tail..).is_some_and(|kept| kept.starts_with(b"\n")) {
        tail -= 1;
    }
    let text = new_rest.get(..new_rest.len() - tail).unwrap_or_default().to_owned();
    Edit { range: start + head..start + old.len() - tail, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    fn check(before: &str, after: &str, expect: &[(std::ops::Range<usize>, &str)]) {
        let edits = diff(before, after);
        assert_eq!(apply(&Text::new(before), &edits).unwrap().to_string(), after);
        let found: Vec<_> = edits.iter().map(|edit| (edit.range.clone(), edit.text.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_changed_word_is_the_whole_edit() {
        check("let a = 1;\nlet b = 2;\n", "let a = 1;\nlet b = 3;\n", &[(19..20, "3")]);
    }

    #[test]
    fn equal_texts_have_no_edits() {
        check("same\r\n", "same\r\n", &[]);
    }

    #[test]
    fn characters_and_line_ends_are_never_split() {
        check("x = \"é\"\n", "x = \"è\"\n", &[(5..7, "è")]);
        check("a\r\nb\r\n", "a\nb\r\n", &[(1..3, "\n")]);
    }

    #[test]
    fn changed_lines_are_those_of_the_new_text() {
        let check = |before: &str, after: &str, expect: &str| {
            let lines = changed_lines(before, after);
            assert_eq!(format!("{lines:?}"), expect, "{after:?}");
        };
        check("a\nb\nc\n", "a\nb\nc\n", "[]");
        check("a\nb\nc\n", "a\nx\nc\n", "[1..2]");
        check("a\nb\nc\n", "a\nx\ny\nc\n", "[1..3]");
        check("a\nb\nc\n", "a\nc\n", "[1..2]");
        check("a\nb\n", "a\nx\nb\ny\n", "[1..2, 3..4]");
        check("", "a\n", "[0..1]");
    }

    #[test]
    fn lines_come_and_go() {
        check("a\nb\nc\n", "a\nc\nd\n", &[(2..4, ""), (6..6, "d\n")]);
        check("", "a\n", &[(0..0, "a\n")]);
    }
}
