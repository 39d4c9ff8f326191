//! Comments that say what is still to be done.

use super::{Finding, FindingKind, Severity, scan::File};

const MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Adds a finding for each line of a comment that begins with one of the marks.
pub(super) fn add(file: &File, findings: &mut Vec<Finding>) {
    let mut at = 0;
    while let Some(node) = file.nodes.get(at) {
        let is_broken = node.kind == "ERROR";
        if node.is_comment && !is_broken {
            let mut start = node.range.start;
            for line in file.text(at).split_inclusive('\n') {
                findings.extend(finding(line, start));
                start += line.len();
            }
        }
        at = if node.is_comment || is_broken { node.last } else { at + 1 };
    }
}

fn finding(line: &str, start: usize) -> Option<Finding> {
    let words = line.trim_start_matches(|char: char| char.is_whitespace() || matches!(char, '#' | '/' | '*' | '!'));
    let mark = MARKS.into_iter().find(|mark| words.starts_with(mark))?;
    let rest = words.get(mark.len()..)?;
    if rest.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '_' | '-')) {
        return None;
    }
    let start = start + line.len() - words.len();
    let words = words.trim_end().trim_end_matches("*/").trim_end();
    // Some marks name a person in parentheses.
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
    let rest = rest.trim().trim_end_matches("*/").trim_start_matches([':', '-', ' ']).trim();
    let text = if rest.is_empty() { format!("{mark}, without a word on what.") } else { format!("{mark}: {rest}") };
    Some(Finding::new(start..start + words.len(), Severity::Info, FindingKind::Todo, &text))
}
