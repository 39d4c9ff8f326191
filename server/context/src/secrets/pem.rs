//! Private keys in PEM: whole, or the part of one that a piece shows.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::Found;

const KIND: &str = "private-key";

static MARKS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("-----(BEGIN|END) [A-Z0-9 ]{0,40}?(PRIVATE KEY(?: BLOCK)?|)-----").ok());

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
                Some(start) if !begins && has_body(text, from..whole.start()) => push(&mut found, start..whole.end()),
                Some(start) => found.extend(unended(text, start, from)),
                None if !begins && is_private => {
                    let start = body_start(text, from, whole.start());
                    if start < whole.start() {
                        push(&mut found, start..whole.end());
                    }
                }
                None => {}
            }
            if begins && is_private {
                open = Some(whole.start());
            }
            from = whole.end();
        }
    }
    if let Some(start) = open {
        found.extend(unended(text, start, from));
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

/// Whether there is something between the marks of a key: code that looks for them has none.
fn has_body(text: &str, between: Range<usize>) -> bool {
    let between = text.get(between).unwrap_or_default();
    between.split(|char: char| !char.is_ascii_alphanumeric() && !"+/=".contains(char)).any(|run| run.len() >= 20)
}

/// A key whose end is not in the text, by where its mark begins and ends.
fn unended(text: &str, start: usize, behind: usize) -> Option<Found> {
    body_end(text, behind).map(|end| Found { range: start..end, kind: KIND })
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

/// Where a key ends whose mark ends at `behind`, if its end is not in the text: after what follows of its body, on the
/// mark's own line (with escaped line ends) or in lines. Headers (`Proc-Type: …`) and blank lines may be among these.
/// `None` without a body: a mark alone is no secret.
fn body_end(text: &str, behind: usize) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\\".contains(byte);
    let rest = text.get(behind..).unwrap_or_default();
    let on_line = rest.bytes().take_while(is_part).count();
    let mut end = (on_line > 16).then_some(behind + on_line);
    let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    if !bare(rest.get(on_line..line_end).unwrap_or_default()).is_empty() {
        return end;
    }
    for line in lines(text, behind + line_end) {
        let content = text.get(line.clone()).unwrap_or_default();
        const HEADERS: [&str; 4] = ["Proc-Type: ", "DEK-Info: ", "Comment: ", "Version: "];
        if bare(content).is_empty() {
            continue;
        }
        // The last line of a body may be short.
        let is_last = !is_body(content, 16) && !HEADERS.iter().any(|header| content.contains(header));
        if is_last && (end.is_none() || !is_body(content, 1) || content.bytes().all(|byte| byte.is_ascii_lowercase())) {
            break;
        }
        end = Some(line.end);
        if is_last {
            break;
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
