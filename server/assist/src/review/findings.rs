//! [`Findings`]: the findings of one document, which follow its edits.

use std::ops::Range;

use aiex_text::{Splice, Text, diff};

use super::{Finding, FindingKind};

/// Names one finding among [`Findings`], as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingId(u64);

impl FindingId {
    /// As a number, for a command's argument.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// The findings of one document, in the order of its text.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    findings: Vec<(FindingId, Finding)>,
}

impl Findings {
    /// Findings of `text`. Those about nothing, or about bytes that it does not have, are left out.
    pub fn new(mut findings: Vec<Finding>, text: &Text) -> Self {
        findings.retain(|finding| finding.range.start < finding.range.end && finding.range.end <= text.len());
        findings.sort_by_key(|finding| (finding.range.start, finding.range.end));
        let ids = (0..).map(FindingId);
        Self { findings: ids.zip(findings).collect() }
    }

    /// Moves them over one change of the text. Those whose own code changed vanish; what is typed at the edge of a
    /// finding is not its own. Says whether any vanished.
    pub fn edited(&mut self, splice: &Splice) -> bool {
        let before = self.findings.len();
        if splice.old_end > splice.start || splice.new_end > splice.start {
            self.findings.retain_mut(|(_, finding)| {
                let range = &mut finding.range;
                let is_behind = splice.old_end <= range.start;
                if is_behind {
                    *range = range.start - splice.old_end + splice.new_end..range.end - splice.old_end + splice.new_end;
                }
                is_behind || range.end <= splice.start
            });
        }
        self.findings.len() < before
    }

    /// Moves them over a change that came as a whole new text: what both texts share stays. Says whether any vanished.
    pub fn replaced(&mut self, before: &Text, after: &Text) -> bool {
        let number = self.findings.len();
        let mut text = before.clone();
        // The last first, so that the places of the others hold.
        for edit in diff(&before.to_string(), &after.to_string()).iter().rev() {
            self.edited(&text.splice(edit));
        }
        self.findings.len() < number
    }

    /// All of them, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (FindingId, &Finding)> {
        self.findings.iter().map(|(id, finding)| (*id, finding))
    }

    /// Those that share bytes with `range`, or touch it: a cursor behind the last character is still at it.
    pub fn at<'f>(&'f self, range: &Range<usize>) -> impl Iterator<Item = (FindingId, &'f Finding)> + use<'f> {
        let (start, end) = (range.start, range.end);
        self.iter().filter(move |(_, finding)| finding.range.start <= end && start <= finding.range.end)
    }

    /// One of them.
    pub fn get(&self, id: FindingId) -> Option<&Finding> {
        self.iter().find(|(other, _)| *other == id).map(|(_, finding)| finding)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Takes one out.
    pub fn dismiss(&mut self, id: FindingId) -> Option<Finding> {
        let index = self.findings.iter().position(|(other, _)| *other == id)?;
        Some(self.findings.remove(index).1)
    }

    /// Leaves out what another server says already of `text`: on a line of the finding, and of the same matter or for the
    /// most part in the same words. `others` are ranges in bytes, half-open, with messages.
    #[must_use]
    pub fn without_said(mut self, others: &[(Range<usize>, String)], text: &Text) -> Self {
        let lines =
            |range: &Range<usize>| (text.line_of(range.start), text.line_of(range.end.max(range.start + 1) - 1));
        let mut said: Vec<_> = others
            .iter()
            .map(|(range, message)| {
                let (first, last) = lines(range);
                (first, last, message.to_lowercase())
            })
            .collect();
        said.sort_by_key(|(first, ..)| *first);
        self.findings.retain(|(_, finding)| {
            let (first, last) = lines(&finding.range);
            let until = said.partition_point(|(start, ..)| *start <= last);
            let near = said.iter().take(until).filter(|(_, end, _)| first <= *end);
            !near.map(|(.., message)| message).any(|message| is_same(finding, message))
        });
        self
    }
}

/// Whether a message, in lower case, says what a finding says.
fn is_same(finding: &Finding, message: &str) -> bool {
    if matters(finding.kind).iter().any(|matter| message.contains(matter)) {
        return true;
    }
    let text = finding.text.to_lowercase();
    let own = words(&text);
    let theirs = words(message);
    let shared = own.iter().filter(|word| theirs.contains(word)).count();
    own.len() >= 2 && shared * 3 >= own.len() * 2
}

/// The words by which compilers and linters speak of a matter.
fn matters(kind: FindingKind) -> &'static [&'static str] {
    match kind {
        FindingKind::UnusedPrivate => &["unused", "never used", "never called", "dead code", "dead_code", "not used"],
        FindingKind::Unreachable => &[
            "unreachable",
            "never match",
            "cannot match",
            "can't match",
            "never reached",
            "always matches",
            "never be reached",
            "redundant clause",
            "will never",
        ],
        FindingKind::TooLong => &["too many lines", "too long", "too_many_lines"],
        FindingKind::TooNested => &["nested too", "too nested", "nesting", "too deep", "excessive"],
        FindingKind::Undocumented => &["missing doc", "undocumented", "no documentation", "moduledoc", "missing_docs"],
        FindingKind::NoSpec => &["@spec", "typespec", "type spec"],
        FindingKind::Unhandled => &["unwrap", "`expect", "expect_used", "must be used", "unused result"],
        FindingKind::Todo => &["todo", "fixme", "xxx", "hack"],
        FindingKind::Model => &[],
    }
}

/// The words of a text that carry its meaning.
fn words(text: &str) -> Vec<&str> {
    const EMPTY: [&str; 22] = [
        "the", "a", "an", "is", "are", "of", "to", "in", "it", "and", "or", "be", "this", "that", "here", "for", "on",
        "with", "if", "not", "can", "by",
    ];
    let mut words: Vec<_> = text
        .split(|char: char| !char.is_alphanumeric() && char != '_')
        .filter(|word| !word.is_empty() && !EMPTY.contains(word))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}
