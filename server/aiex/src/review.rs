//! [`review`]: what is wrong with a file, or a part of it: by its syntax, and by a model where there is one.

use std::{collections::HashSet, ops::Range, sync::Arc};

use aiex_assist::{Finding, Findings, ReviewReply, findings_in_lines, structural_findings};
use aiex_context::Intent;
use aiex_text::Text;

use crate::{
    context::{Built, TooSmall},
    edit::{Asking, Check, EditError, Fault, OnStage, converse},
    engine::Model,
    explain::Target,
};

/// What is to be reviewed.
pub struct Job<'a> {
    /// A file, or a definition.
    pub target: &'a Target,
    /// Only what touches these lines counts: from 0, half-open. All of them without.
    pub changed: Option<&'a [Range<usize>]>,
    /// Whether another file names a function so.
    pub is_used_elsewhere: &'a (dyn Fn(&str) -> bool + Send + Sync),
    /// What other tools say of the file already: where, in bytes, and what.
    pub said: &'a [(Range<usize>, String)],
    /// What the user does not want to be told again, by [`identity`].
    pub dismissed: &'a HashSet<String>,
}

/// What was found.
#[derive(Debug)]
pub struct Reviewed {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// `provider/model` of who was asked besides the syntax.
    pub by: Option<String>,
    /// What is to be known about it, in sentences.
    pub notes: Vec<String>,
    /// Why the model said nothing of some or all of it, as a sentence.
    pub failed: Option<String>,
}

/// What the syntax alone finds. Parses if need be.
pub fn offline(job: &Job<'_>) -> Vec<Finding> {
    let snapshot = &job.target.snapshot;
    let Some(analysis) = snapshot.analyse() else { return Vec::new() };
    let found = structural_findings(
        &job.target.path,
        analysis.syntax,
        analysis.outline,
        snapshot.text(),
        job.is_used_elsewhere,
    );
    kept(job, found)
}

/// What is asked about a part of a target, with at most so many characters of code.
pub type PartQuestion<'a> = dyn Fn(&Arc<Target>, usize) -> Result<Built, TooSmall> + Send + Sync + 'a;

/// A model, and what it is asked about a part of the target with at most so many characters of code.
pub struct Reviewer<'a> {
    /// The model.
    pub model: &'a Model,
    /// The prompt.
    pub question: &'a PartQuestion<'a>,
    /// About how many bytes of code one question has room for.
    pub room: usize,
}

/// What the syntax and a model find; without a model, the syntax alone. A file that is too long for one question is asked
/// about in parts. Dropping the future stops everything.
pub async fn review(reviewer: Option<Reviewer<'_>>, job: &Job<'_>, stage: &OnStage<'_>) -> Reviewed {
    let structural = tokio::task::block_in_place(|| offline(job));
    let Some(reviewer) = reviewer else {
        return Reviewed { findings: structural, by: None, notes: Vec::new(), failed: None };
    };
    let (mut by, mut failed, mut notes, mut dropped, mut findings) = (None, None, Vec::new(), 0, Vec::new());
    let mut parts = job.target.parts(reviewer.room);
    if let Some(changed) = job.changed {
        let text = job.target.snapshot.text();
        parts.retain(|part| {
            let lines = text.line_of(part.range().start)..text.line_of(part.range().end) + 1;
            changed.iter().any(|changed| changed.start < lines.end && lines.start < changed.end)
        });
    }
    if parts.len() > MOST_PARTS {
        notes.push(format!("Only the first {MOST_PARTS} of {} parts were shown to the model.", parts.len()));
        parts.truncate(MOST_PARTS);
    }
    let count = parts.len();
    for (nth, part) in parts.into_iter().map(Arc::new).enumerate() {
        let question = |most: usize| (reviewer.question)(&part, most);
        let asking = Asking { model: reviewer.model, question: &question };
        match converse(asking, Intent::Review, REPAIRS, stage, &mut Checks { target: &part }).await {
            Ok(passed) => {
                notes.extend(passed.notes);
                by = Some(passed.by);
                dropped += passed.value.dropped;
                findings.extend(passed.value.findings);
            }
            // What the parts before gave is kept, and a model that fails is not asked again.
            Err(error) => {
                let reason = match error {
                    EditError::Refused { by, reason, .. } => format!("the reply of {by} could not be read: {reason}."),
                    error => error.to_string(),
                };
                let of = if count > 1 { format!(" (part {} of {count})", nth + 1) } else { String::new() };
                failed = Some(format!("{}{of}: {reason}", job.target.path));
                break;
            }
        }
    }
    if dropped > 0 {
        let are = if dropped == 1 { "1 finding".to_owned() } else { format!("{dropped} findings") };
        notes.push(format!("{are} of the model left out: the code quoted is not there."));
    }
    notes.dedup();
    let mut findings = kept(job, findings);
    let text = job.target.snapshot.text();
    let said: Vec<_> = findings.iter().map(|finding| (finding.range.clone(), finding.text.clone())).collect();
    let others = Findings::new(structural, text).without_said(&said, text);
    findings.extend(others.iter().map(|(_, finding)| finding.clone()));
    findings.sort_by_key(|finding| (finding.range.start, finding.severity));
    Reviewed { findings, by, notes, failed }
}

/// So many questions are asked about one file.
const MOST_PARTS: usize = 16;

/// How often a reply that cannot be read goes back to the model.
const REPAIRS: u64 = 1;

/// What identifies a finding for whoever does not want to be told again.
pub fn identity(target: &Target, finding: &Finding) -> String {
    let outline = target.snapshot.ready().map(|analysis| analysis.outline.clone()).unwrap_or_default();
    aiex_assist::identity(&target.path, finding, &outline)
}

/// Those of what is asked about that nobody has said or dismissed.
fn kept(job: &Job<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let (text, asked) = (job.target.snapshot.text(), job.target.range());
    let is_asked = |finding: &Finding| finding.range.start < asked.end && asked.start < finding.range.end;
    let wanted = findings.into_iter().filter(is_asked);
    let wanted = wanted.filter(|finding| !job.dismissed.contains(&identity(job.target, finding))).collect();
    let wanted = Findings::new(wanted, text).without_said(job.said, text);
    let wanted = wanted.iter().map(|(_, finding)| finding.clone()).collect();
    match job.changed {
        Some(changed) => findings_in_lines(wanted, text, changed),
        None => wanted,
    }
}

/// The code of some lines, for the prompt.
pub fn changed_code(text: &Text, changed: &[Range<usize>]) -> String {
    let lines = changed.iter().flat_map(Clone::clone).filter(|line| *line < text.line_count());
    let mut code: String = lines.map(|line| format!("{}\n", text.slice(text.line_range(line)).trim_end())).collect();
    code.truncate(Text::new(&code).floor(LONGEST_CHANGED));
    code
}

/// What is quoted of a change, in bytes.
const LONGEST_CHANGED: usize = 8 * 1024;

/// The lines of a text, from 0 and half-open, that are not as they were before.
pub fn changed_lines(before: &str, after: &str) -> Vec<Range<usize>> {
    // Git keeps texts with plain line ends.
    let before = if after.contains("\r\n") && !before.contains('\r') { &before.replace('\n', "\r\n") } else { before };
    aiex_text::changed_lines(before, after)
}

struct Checks<'a> {
    target: &'a Target,
}

impl Check for Checks<'_> {
    type Passed = ReviewReply;

    async fn check(&mut self, shown: &Built, reply: &str, _is_last: bool) -> Result<ReviewReply, Fault> {
        let reply = shown.redactor.restore(reply);
        let snapshot = &self.target.snapshot;
        let syntax = snapshot.ready().map(|analysis| analysis.syntax);
        let read =
            tokio::task::block_in_place(|| ReviewReply::read(&reply, snapshot.text(), syntax, &self.target.range()));
        read.map_err(Fault::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_those_of_the_new_text() {
        let check = |before: &str, after: &str, expect: &[usize]| {
            assert_eq!(changed_lines(before, after).into_iter().flatten().collect::<Vec<_>>(), expect);
        };
        check("a\nb\nc\n", "a\nb\nc\n", &[]);
        check("a\nb\nc\n", "a\nx\nc\n", &[1]);
        check("a\nb\nc\n", "a\r\nx\r\nc\r\n", &[1]);
    }
}
