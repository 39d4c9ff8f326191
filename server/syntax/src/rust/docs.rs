//! Documentation as it reads, from the forms in which it is written: `///`, `//!`, `/** */`, `/*! */`, `#[doc = "…"]`.

/// Whether documentation belongs to what follows it or to what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Outer,
    Inner,
}

/// The lines of a comment that is documentation.
pub(super) fn comment_lines(comment: &str) -> Option<(Side, Vec<String>)> {
    // Rows of slashes or stars are decoration (Rust Reference, "Comments").
    if comment.starts_with("////") || comment.starts_with("/***") || comment.starts_with("/**/") {
        return None;
    }
    let line = |side, rest: &str| (side, vec![unspaced(rest).trim_end().to_owned()]);
    let block = |side, rest: &str| (side, block_lines(rest.strip_suffix("*/").unwrap_or(rest)));
    None.or_else(|| comment.strip_prefix("///").map(|rest| line(Side::Outer, rest)))
        .or_else(|| comment.strip_prefix("//!").map(|rest| line(Side::Inner, rest)))
        .or_else(|| comment.strip_prefix("/**").map(|rest| block(Side::Outer, rest)))
        .or_else(|| comment.strip_prefix("/*!").map(|rest| block(Side::Inner, rest)))
}

/// The lines of an attribute that is documentation, from the text between its brackets.
pub(super) fn attribute_lines(attribute: &str) -> Option<Vec<String>> {
    let value = attribute.trim().strip_prefix("doc")?.trim_start().strip_prefix('=')?.trim_start();
    let raw = value.strip_prefix('r').map(|rest| rest.trim_matches('#'));
    let content = raw.unwrap_or(value).strip_prefix('"')?.strip_suffix('"')?;
    let content = if raw.is_some() { content.to_owned() } else { unescaped(content) };
    Some(content.lines().map(|line| unspaced(line).to_owned()).collect())
}

/// One text of all lines, without common indentation and without blank lines around it; `None` if nothing is left.
pub(super) fn joined(lines: &[String]) -> Option<String> {
    let text = dedented(lines.iter().map(String::as_str)).join("\n");
    let text = text.trim_matches('\n').trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

fn block_lines(content: &str) -> Vec<String> {
    let mut lines = content.lines();
    let first = lines.next().unwrap_or_default().trim().to_owned();
    let rest: Vec<_> = lines.collect();
    let starred = |line: &str| line.trim_start().strip_prefix('*').map(|line| unspaced(line).trim_end().to_owned());
    let rest = match rest.iter().filter(|line| !line.trim().is_empty()).all(|line| starred(line).is_some()) {
        true => rest.iter().map(|line| starred(line).unwrap_or_default()).collect(),
        false => dedented(rest.into_iter()),
    };
    std::iter::once(first).chain(rest).collect()
}

fn dedented<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let common = lines.clone().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    // Where indentation mixes white space of several widths, the common part may end inside a character.
    lines.map(|line| line.get(common..).unwrap_or(line.trim_start()).trim_end().to_owned()).collect()
}

fn unspaced(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line)
}

fn unescaped(content: &str) -> String {
    let mut out = String::new();
    let mut chars = content.chars();
    while let Some(char) = chars.next() {
        match (char, if char == '\\' { chars.next() } else { None }) {
            (_, Some('n')) => out.push('\n'),
            (_, Some('t')) => out.push('\t'),
            (_, Some(escaped)) => out.push(escaped),
            (char, None) => out.push(char),
        }
    }
    out
}
