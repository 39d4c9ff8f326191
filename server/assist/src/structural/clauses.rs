//! What distinguishes the clauses of a symbol, and the shape of one that has a single clause.

use aiex_syntax::{Clause, ClauseFacts, Facts, Symbol};
use aiex_text::Text;

use super::page::Page;
use crate::{
    english::{and, capped, or, ordinal},
    markdown::{code, one_line},
    relations::{is_callable, lines},
};

const MAX_CLAUSES: usize = 20;
const MAX_RETURNS: usize = 5;
const MAX_PARAMETERS: usize = 6;
/// Characters shown of one excerpt.
const MAX_EXCERPT: usize = 100;

/// Adds **Clauses**, or **Shape** for a symbol with one.
pub(super) fn add(page: &mut Page, text: &Text, symbol: &Symbol, facts: &Facts) {
    match facts.clauses.as_slice() {
        [] => {}
        [clause] => page.paragraph(&shape(symbol, clause)),
        clauses => {
            // A head without a body only declares defaults, and no call is ever matched against it.
            let with_bodies: Vec<(&Clause, &ClauseFacts)> =
                symbol.clauses.iter().zip(clauses).filter(|(clause, _)| clause.body.is_some()).collect();
            if let [(_, clause)] = with_bodies.as_slice() {
                return page.paragraph(&shape(symbol, clause));
            }
            let facts: Vec<_> = with_bodies.iter().map(|(_, facts)| *facts).collect();
            let differing = differing(&facts);
            let items: Vec<_> =
                with_bodies.iter().map(|(clause, facts)| item(text, clause, facts, &differing)).collect();
            page.numbered("Clauses", &intro(&facts, &differing), &items, MAX_CLAUSES);
        }
    }
}

/// What the signature, which stands above, does not say.
fn shape(symbol: &Symbol, clause: &ClauseFacts) -> String {
    let mut said = Vec::new();
    let untyped = symbol.arity.is_some();
    for (at, parameter) in
        clause.parameters.iter().enumerate().filter(|(_, parameter)| untyped && !is_variable(parameter))
    {
        said.push(format!("its {} argument must match {}", ordinal(at), excerpt(parameter)));
    }
    said.truncate(MAX_PARAMETERS);
    said.extend(clause.guard.as_ref().map(|guard| format!("it applies only when {}", excerpt(guard))));
    if is_callable(symbol.kind) && !clause.returns.is_empty() {
        said.push(format!("it returns {}", returns(clause)));
    }
    if said.is_empty() { String::new() } else { format!("**Shape:** {}.", said.join("; ")) }
}

fn excerpt(text: &str) -> String {
    code(&one_line(text, MAX_EXCERPT))
}

fn returns(clause: &ClauseFacts) -> String {
    let values: Vec<_> = clause.returns.iter().map(|value| excerpt(value)).collect();
    if values.len() > MAX_RETURNS { capped(&values, MAX_RETURNS) } else { or(&values) }
}

/// The positions of the parameters in which the clauses match different things. What a variable is called, and
/// whether it is used, is no difference.
fn differing(clauses: &[&ClauseFacts]) -> Vec<usize> {
    let most = clauses.iter().map(|clause| clause.parameters.len()).max().unwrap_or_default();
    let pattern = |clause: &ClauseFacts, at: usize| match clause.parameters.get(at) {
        Some(parameter) if is_variable(parameter) => Some(String::new()),
        parameter => parameter.cloned(),
    };
    let differs = |at: &usize| {
        let first = clauses.first().and_then(|clause| pattern(clause, *at));
        clauses.iter().any(|clause| pattern(clause, *at) != first)
    };
    (0..most).filter(differs).collect()
}

/// Whether a pattern matches anything: a bare variable, with or without a default.
fn is_variable(pattern: &str) -> bool {
    let name = pattern.split("\\\\").next().unwrap_or_default().trim();
    name.starts_with(|char: char| char.is_lowercase() || char == '_')
        && name.chars().all(|char| char.is_alphanumeric() || char == '_')
        && !matches!(name, "nil" | "true" | "false")
}

fn intro(clauses: &[&ClauseFacts], differing: &[usize]) -> String {
    let guarded = clauses.iter().any(|clause| clause.guard != clauses.first().and_then(|first| first.guard.clone()));
    let ordinals: Vec<_> = differing.iter().take(6).map(|at| ordinal(*at)).collect();
    let noun = if ordinals.len() == 1 { "argument" } else { "arguments" };
    let told = match (ordinals.is_empty(), guarded) {
        (true, true) => "told apart by their guards".to_owned(),
        (true, false) => return "are tried from the top:".to_owned(),
        (false, true) => format!("told apart by the {} {noun} and by guards", and(&ordinals)),
        (false, false) => format!("told apart by the {} {noun}", and(&ordinals)),
    };
    format!("are tried from the top, {told}:")
}

fn item(text: &Text, clause: &Clause, facts: &ClauseFacts, differing: &[usize]) -> String {
    let line = lines(text, &clause.range);
    let mut matched = Vec::new();
    for at in differing.iter().take(6) {
        if let Some(parameter) = facts.parameters.get(*at) {
            matched.push(match is_variable(parameter) {
                true if differing.len() == 1 => "anything else".to_owned(),
                true => format!("any {}", excerpt(parameter.trim_start_matches('_'))),
                false => excerpt(parameter),
            });
        }
    }
    let guard = facts.guard.as_ref().map(|guard| format!("when {}", excerpt(guard)));
    let condition: Vec<_> = [(!matched.is_empty()).then(|| matched.join(", ")), guard].into_iter().flatten().collect();
    let condition = if condition.is_empty() { "in every other case".to_owned() } else { condition.join(" ") };
    let result = if facts.returns.is_empty() { String::new() } else { format!(" → {}", returns(facts)) };
    format!("line {}: {condition}{result}", line.start())
}
