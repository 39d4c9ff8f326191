//! What is shown, and how much of the gold is in it.

use std::collections::HashMap;

use crate::{
    sources::Source,
    task::{Gold, Task},
    tokens,
};

/// Lines of one file, as they are shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Relative to the root, with `/`.
    pub path: String,
    /// 1-based inclusive lines of the masked file, where they are known.
    pub lines: Option<(usize, usize)>,
    /// The text.
    pub text: String,
}

/// What one method answers to one task.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// At level `signature` or more.
    pub shown: Vec<Shown>,
    /// Of the whole prompt, counted here.
    pub tokens: usize,
    /// Paths and lines of all that was considered, shown or not.
    pub considered: Vec<(String, usize, usize)>,
    /// Processor time, in seconds.
    pub cpu: Option<f64>,
    /// Whether a function's first line is enough, as for those that know no signatures.
    pub first_lines_suffice: bool,
}

/// One task's result.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Share of the gold that is shown.
    pub recall: f64,
    /// The same of the gold in other files; none where there is no such gold.
    pub cross_file: Option<f64>,
    /// The same of the gold that the body named itself, not only a variant or a field of it.
    pub direct: Option<f64>,
    /// Share of the gold that was considered.
    pub considered: Option<f64>,
    /// Tokens of the shown gold's signatures, of the pack's.
    pub density: f64,
    /// Of the pack.
    pub tokens: usize,
    /// Of the pack, in seconds.
    pub cpu: Option<f64>,
}

/// A repository's unmasked sources by path.
pub type Sources<'a> = HashMap<&'a str, &'a Source>;

/// Scores one answer.
pub fn score(sources: &Sources, task: &Task, pack: &Pack) -> Score {
    let hits: Vec<bool> = task.gold.iter().map(|gold| is_hit(sources, task, gold, pack)).collect();
    let share = |of: &dyn Fn(&Gold) -> bool| {
        let chosen: Vec<bool> = task.gold.iter().zip(&hits).filter(|(gold, _)| of(gold)).map(|(_, hit)| *hit).collect();
        (!chosen.is_empty()).then(|| chosen.iter().filter(|hit| **hit).count() as f64 / chosen.len() as f64)
    };
    let signatures: usize = task
        .gold
        .iter()
        .zip(&hits)
        .filter(|(_, hit)| **hit)
        .filter_map(|(gold, _)| Some(tokens::count(signature(sources.get(gold.path.as_str())?, gold))))
        .sum();
    let considered = (!pack.considered.is_empty()).then(|| {
        let known = task.gold.iter().zip(&hits).filter(|(gold, hit)| {
            let line = sources.get(gold.path.as_str()).map_or(gold.line, |source| masked_line(source, task, gold.line));
            **hit
                || pack
                    .considered
                    .iter()
                    .any(|(path, first, last)| *path == gold.path && (*first..=*last).contains(&line))
        });
        known.count() as f64 / task.gold.len() as f64
    });
    Score {
        recall: share(&|_| true).unwrap_or_default(),
        cross_file: share(&|gold| gold.path != task.path),
        direct: share(&|gold| gold.via.is_none()),
        considered,
        density: if pack.tokens == 0 { 0.0 } else { signatures as f64 / pack.tokens as f64 },
        tokens: pack.tokens,
        cpu: pack.cpu,
    }
}

/// Whether a definition is shown: its first line verbatim under its file, and a function's whole signature
/// unless its first line suffices. Where the
/// file has that first line more than once, the shown lines must be those of the definition.
pub fn is_hit(sources: &Sources, task: &Task, gold: &Gold, pack: &Pack) -> bool {
    let Some(source) = sources.get(gold.path.as_str()) else { return false };
    let first = head(source.line(gold.line));
    let unique = source.text.lines().filter(|line| head(line) == first).count() < 2;
    let line = masked_line(source, task, gold.line);
    let whole = squash(signature(source, gold));
    pack.shown.iter().filter(|shown| shown.path == gold.path).any(|shown| {
        (unique || shown.lines.is_none_or(|(from, to)| (from..=to).contains(&line)))
            && shown.text.lines().any(|line| begins(line.trim(), first))
            && (pack.first_lines_suffice || gold.kind != "function" || squash(&shown.text).contains(&whole))
    })
}

/// A line of the unmasked file in the masked one, both 1-based.
pub fn masked_line(source: &Source, task: &Task, line: usize) -> usize {
    if source.path != task.path {
        return line;
    }
    let start = source.lines.get(line.saturating_sub(1)).copied().unwrap_or(source.text.len());
    let added = task.stub.matches('\n').count();
    let before = task.mask.iter().filter(|span| span.end <= start);
    let [gone, come] = before.fold([0, 0], |[gone, come], span| {
        [gone + source.text[span.start..span.end].matches('\n').count(), come + added]
    });
    line + come - gone
}

fn signature<'a>(source: &'a Source, gold: &Gold) -> &'a str {
    let span = gold.signature;
    source.text.get(span.start..span.end).unwrap_or_default()
}

/// A definition's first line as it must be shown.
fn head(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_suffix('{').map_or(line, str::trim_end);
    line.strip_suffix(" do").map_or(line, str::trim_end)
}

fn begins(line: &str, head: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.strip_prefix(head).is_some_and(|rest| !(head.ends_with(word) && rest.starts_with(word)))
}

/// Without white space, and without the comma that stands before a bracket only where a list has a line for each.
fn squash(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    text.replace(",)", ")").replace(",>", ">")
}

/// A mean and its interval, [2.5 %, 97.5 %] of resampled means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of all values.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

const RESAMPLES: usize = 2000;

/// By bootstrap over the tasks, the same at every run. For a paired comparison pass the tasks' differences. None
/// without values.
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    if values.is_empty() {
        return None;
    }
    let mean = |sum: f64| sum / values.len() as f64;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        values[(state % values.len() as u64) as usize]
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean((0..values.len()).map(|_| pick()).sum())).collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
    Some(Estimate { mean: mean(values.iter().sum()), low: at(0.025), high: at(0.975) })
}
