//! Private keys in PEM: whole, or the part of one that a piece shows.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::Found;

const KIND: &str = "private-key";

static MARKS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("-----(BEGIN|END) [A-Z0-9 ]{0,40}(PRIVATE KEY(?: BLOCK)?|)-----").ok());

/// The blocks between `BEGIN … PRIVATE KEY` and `END … PRIVATE KEY`, marks included; one without its end up to the last
/// line that can belong to it; one without its beginning from the first such line; and, if the text may begin in the
/// middle of a key (`is_inside`), lines of a key's shape that it begins with. Certificates and public keys stay.
pub(super) fn find(text: &str, is_inside: bool) -> Vec<Found> {
    let mut found = Vec::new();
    // Where a private key began, and where what is not yet told begins.
    let (mut open, mut from) = (None, 0);
    if let Some(marks) = MARKS.as_ref().filter(|_| text.contains("-----")) {
        for mark in marks.captures_iter(text) {
            let (Some(whole), Some(word), Some(of)) = (mark.get(0), mark.get(1), mark.get(2)) else { continue };
            let is_private = !of.is_empty();
            let begins = word.as_str() == "BEGIN";
            match open.take() {
                Some(start) if !begins => push(&mut found, start..whole.end()),
                Some(start) => push(&mut found, start..body_end(text, start)),
                None if !begins && is_private => push(&mut found, body_start(text, from, whole.start())..whole.end()),
                None => {}
            }
            if begins && is_private {
                open = Some(whole.start());
            }
            from = whole.end();
        }
    }
    if let Some(start) = open {
        push(&mut found, start..body_end(text, start));
    }
    let no_mark_before = |end: usize| text.get(..end).is_some_and(|before| !before.contains("-----"));
    if is_inside && found.first().is_none_or(|first| first.range.start > 0) {
        let lines = lines(text, 0).take_while(|line| is_body(text.get(line.clone()).unwrap_or_default(), 1));
        let lines: Vec<_> = lines.collect();
        let full = |line: &Range<usize>| is_body(text.get(line.clone()).unwrap_or_default(), 60);
        // The first line may be cut; the others have the length that PEM is wrapped at.
        let end = lines.last().map_or(0, |line| line.end);
        let is_certificate = text.get(end..).is_some_and(|rest| rest.trim_start().starts_with("-----END"));
        if lines.iter().filter(|line| full(line)).count() >= 2 && no_mark_before(end) && !is_certificate {
            push(&mut found, 0..end);
        }
    }
    found
}

fn push(found: &mut Vec<Found>, range: Range<usize>) {
    found.push(Found { range, kind: KIND });
}

/// The lines of a text from a line's start on, without their ends.
fn lines(text: &str, from: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = from;
    text.get(from..).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        start..start + line.trim_end_matches(['\n', '\r']).len()
    })
}

/// The line without what source code puts around it: indentation, quotes, escapes, comment marks.
fn bare(line: &str) -> &str {
    let line = line.trim_matches(|char: char| char.is_whitespace() || "\"'`,;+\\|*#".contains(char));
    line.strip_suffix("\\n").or_else(|| line.strip_suffix("\\r\\n")).unwrap_or(line)
}

/// Whether a line holds base64 and nothing else, at least so much of it.
fn is_body(line: &str, least: usize) -> bool {
    let bare = bare(line);
    let escapes = bare.contains("\\n");
    bare.len() >= least
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) || (escapes && byte == b'\\'))
}

/// Where a key that begins at `start` ends, if its end is not in the text: after the lines of its body. Headers
/// (`Proc-Type: …`) and blank lines may be among them.
fn body_end(text: &str, start: usize) -> usize {
    let mut lines = lines(text, start);
    let mut end = lines.next().map_or(text.len(), |line| line.end);
    for line in lines {
        let content = text.get(line.clone()).unwrap_or_default();
        let is_header = bare(content).split_once(": ").is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let is_blank = bare(content).is_empty();
        if !(is_blank
            || is_body(content, 16)
            || is_header && ["Proc-Type", "DEK-Info", "Comment", "Version"].iter().any(|name| content.contains(name)))
        {
            // The last line of a body may be short.
            if is_body(content, 1) && !content.trim().bytes().all(|byte| byte.is_ascii_lowercase()) {
                end = line.end;
            }
            break;
        }
        if !is_blank {
            end = line.end;
        }
    }
    end
}

/// Where a key that ends at `end` begins, if its beginning is not in the text: at the first of the lines of its body
/// that reach up to there, not before `from`.
fn body_start(text: &str, from: usize, end: usize) -> usize {
    let before = text.get(from..end).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\\".contains(byte);
    // On the line of the mark itself: a key in one line, with escaped line ends.
    let mut start = end - before.bytes().rev().take_while(is_part).count();
    let mut rest = before.get(..before.rfind('\n').unwrap_or(0)).unwrap_or_default();
    if before.get(rest.len()..).is_some_and(|line| is_body(line, 1) || bare(line).is_empty()) {
        while !rest.is_empty() {
            let line_start = rest.rfind('\n').map_or(0, |at| at + 1);
            let line = rest.get(line_start..).unwrap_or_default();
            if !is_body(line, 1) || line.trim().len() < 16 && line_start > 0 && !line.contains('=') {
                break;
            }
            start = from + line_start + (line.len() - line.trim_start().len());
            rest = rest.get(..line_start.saturating_sub(1)).unwrap_or_default();
        }
    }
    start
}
