//! The results in Markdown.

use std::fmt::Write;

use crate::{
    score::{Estimate, Score, estimate},
    task::Repository,
};

/// Budgets that every task is asked with, in tokens.
pub const BUDGETS: [usize; 4] = [1000, 2000, 4000, 8000];

/// One method's scores: for each of [`BUDGETS`] one for each task that it answered, by the task's index.
#[derive(Clone, Debug, Default)]
pub struct Method {
    /// As the table calls it.
    pub name: String,
    /// Scores by budget.
    pub scores: [Vec<(usize, Score)>; 4],
}

/// A repository's section: what it is, one row for each method, and how far the first stands from the best other one.
pub fn section(repository: &Repository, tuned_on: bool, methods: &[Method]) -> String {
    let tasks = &repository.tasks;
    let gold = tasks.iter().map(|task| task.gold.len()).sum::<usize>();
    let elsewhere: usize =
        tasks.iter().map(|task| task.gold.iter().filter(|gold| gold.path != task.path).count()).sum();
    let tuned = if tuned_on { ", tuned on" } else { "" };
    let mut text = format!(
        "### {} ({}{tuned}; {} tasks, {gold} definitions, {elsewhere} of them in other files)\n\n",
        repository.name,
        repository.language,
        tasks.len()
    );
    text += "| recall | 1k | 2k | 4k | 8k | cross-file 1k | 2k | 4k | 8k | density 1k | 4k | tokens used at 1k | 4k | CPU a pack |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for method in methods {
        let _ = write!(text, "| {} |", method.name);
        for scores in &method.scores {
            let _ = write!(text, " {} |", with_interval(mean(scores, |score| Some(score.recall))));
        }
        for scores in &method.scores {
            let _ = write!(text, " {} |", share(mean(scores, |score| score.cross_file)));
        }
        for index in [0, 2] {
            let _ = write!(text, " {} |", share(mean(&method.scores[index], |score| Some(score.density))));
        }
        for index in [0, 2] {
            let used = mean(&method.scores[index], |score| Some(score.tokens as f64));
            let _ = write!(text, " {} |", used.map_or("–".to_owned(), |used| format!("{:.0}", used.mean)));
        }
        let cpu: Vec<f64> = method.scores.iter().flatten().filter_map(|(_, score)| score.cpu).collect();
        let cpu = estimate(&cpu).map_or("–".to_owned(), |cpu| format!("{:.0} ms", cpu.mean * 1000.0));
        let _ = writeln!(text, " {cpu} |");
    }
    if let Some((first, others)) = methods.split_first() {
        text.push('\n');
        text += &asides(first, others);
    }
    text
}

fn asides(first: &Method, others: &[Method]) -> String {
    let mut text = String::new();
    let used = first
        .scores
        .iter()
        .zip(BUDGETS)
        .flat_map(|(scores, budget)| scores.iter().map(move |(_, score)| (score, budget)));
    let (packs, over) =
        used.fold((0, 0), |(packs, over), (score, budget)| (packs + 1, over + usize::from(score.tokens > budget)));
    let _ = writeln!(text, "Over budget, of {packs} packs by {}: {over}.", first.name);
    for (index, name) in [(0, "1k"), (2, "4k")] {
        let scores = &first.scores[index];
        let direct = mean(scores, |score| score.direct);
        let considered = mean(scores, |score| score.considered);
        if scores.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "At {name}, {}: {} without what a body names only by a variant or a field",
            first.name,
            share(direct)
        );
        if considered.is_some() {
            let _ = write!(text, "; {} of the gold was considered", share(considered));
        }
        let best = others
            .iter()
            .filter_map(|other| Some((paired(scores, &other.scores[index])?, &other.name)))
            .min_by(|(a, _), (b, _)| a.mean.total_cmp(&b.mean));
        if let Some((ahead, name)) = best {
            let _ = write!(
                text,
                "; over the best other, {name}: {:+.2} [{:+.2}, {:+.2}]",
                ahead.mean, ahead.low, ahead.high
            );
        }
        text += ".\n";
    }
    text
}

/// The first's recall less the second's over the tasks that both answered.
fn paired(first: &[(usize, Score)], second: &[(usize, Score)]) -> Option<Estimate> {
    let differences: Vec<f64> = first
        .iter()
        .filter_map(|(task, score)| {
            let (_, other) = second.iter().find(|(other, _)| other == task)?;
            Some(score.recall - other.recall)
        })
        .collect();
    estimate(&differences)
}

fn mean(scores: &[(usize, Score)], of: impl Fn(&Score) -> Option<f64>) -> Option<Estimate> {
    let values: Vec<f64> = scores.iter().filter_map(|(_, score)| of(score)).collect();
    estimate(&values)
}

fn share(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |one| short(one.mean))
}

fn with_interval(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |one| format!("{} [{}, {}]", short(one.mean), short(one.low), short(one.high)))
}

fn short(share: f64) -> String {
    let text = format!("{share:.2}");
    text.strip_prefix('0').map_or(text.clone(), str::to_owned)
}
