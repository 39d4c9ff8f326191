//! The contents of string literals: documentation without quotes, escapes and the indentation of its heredoc.

use std::ops::Range;

use super::nodes::{Kind, Nodes};

/// The range between the quotes of a string or sigil.
pub(super) fn contents(nodes: &Nodes, at: usize) -> Option<Range<usize>> {
    let range = nodes.range(at);
    let text = nodes.text(at);
    let quoted = match nodes.kind(at) {
        Kind::String => text,
        Kind::Sigil => text.trim_start_matches('~').trim_start_matches(|char: char| char.is_ascii_alphanumeric()),
        _ => return None,
    };
    let open = if is_heredoc(quoted) { 3 } else { quoted.chars().next()?.len_utf8() };
    let start = range.start + text.len() - quoted.len() + open;
    let without_modifiers = text.trim_end_matches(|char: char| char.is_ascii_alphanumeric());
    let end = (range.start + without_modifiers.len()).checked_sub(open)?;
    (start <= end).then_some(start..end)
}

fn is_heredoc(quoted: &str) -> bool {
    quoted.starts_with("\"\"\"") || quoted.starts_with("'''")
}

/// The documentation that a literal holds; none in any other expression, and none in an empty literal.
pub(super) fn documentation(nodes: &Nodes, at: usize) -> Option<String> {
    let range = contents(nodes, at)?;
    let text = nodes.text(at);
    let raw = text.starts_with('~') && text.chars().nth(1).is_some_and(|char| char.is_ascii_uppercase());
    let mut contents = nodes.slice(range);
    let mut indentation = 0;
    // A heredoc's contents start on the next line, and its closing quotes say how far it is indented.
    if let Some((first, rest)) = contents.split_once('\n')
        && first.trim().is_empty()
        && is_heredoc(text.trim_start_matches(|char: char| char != '"' && char != '\''))
    {
        contents = rest;
        indentation = rest.len() - rest.trim_end_matches([' ', '\t']).len();
    }
    let lines: Vec<_> = contents
        .lines()
        .map(|line| {
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            line.get(blank.min(indentation)..).unwrap_or_default()
        })
        .collect();
    let joined = lines.join("\n");
    let doc = if raw { joined } else { unescape(&joined) };
    let doc = doc.trim_end();
    (!doc.is_empty()).then(|| doc.to_owned())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('s') => out.push(' '),
            Some('\n') => {}
            Some(other @ ('"' | '\'' | '\\' | '#')) => out.push(other),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}
