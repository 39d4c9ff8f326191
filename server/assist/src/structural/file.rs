//! [`explain_file`]: what a parsed file holds, leans on, and where its weight lies.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use aiex_syntax::{Outline, SymbolKind, Syntax};
use aiex_text::Text;

use super::{STRUCTURAL_NOTE, page::Page, sections, title};
use crate::{
    english::{and, count},
    markdown::{code, first_paragraph, one_line},
    relations::{is_callable, label, size},
};

/// Tables of containers, after which the rest is only counted.
const MAX_TABLES: usize = 12;
/// Lines from which a function is among the largest.
const LARGE: usize = 15;

/// Explains a parsed file in Markdown: what it holds, what it leans on, what is most used and what is largest.
/// `path` is shown as it is given.
pub fn explain_file(syntax: &Syntax, outline: &Outline, text: &Text, path: &str) -> String {
    let mut page = Page::new(STRUCTURAL_NOTE);
    page.paragraph(&format!("### File {}", code(&one_line(path, 200))));
    let top: Vec<_> = (0..outline.symbols.len()).filter(|at| symbol(outline, *at, |s| s.container.is_none())).collect();
    let only = if let [only] = top.as_slice() { outline.symbols.get(*only) } else { None };
    let doc = only.and_then(|symbol| symbol.doc.clone()).or_else(|| header(text));
    page.paragraph(&doc.and_then(|doc| first_paragraph(&doc, 600)).unwrap_or_default());
    page.paragraph(&sentence(syntax, outline, text));
    if syntax.has_errors() {
        page.paragraph("Parts of it do not parse, so this may miss something.");
    }

    let holding: HashSet<usize> = outline.symbols.iter().filter_map(|symbol| symbol.container).collect();
    let has_members = |at: &usize| holding.contains(at) && symbol(outline, *at, |s| is_listed(s.kind));
    let loose: Vec<_> = top.iter().copied().filter(|at| top.len() > 1 || !has_members(at)).collect();
    sections::table(&mut page, "At the top level", outline, text, &loose, None);
    let containers: Vec<_> = (0..outline.symbols.len()).filter(has_members).collect();
    for at in containers.iter().take(MAX_TABLES) {
        let Some(container) = outline.symbols.get(*at) else { continue };
        let name = code(&one_line(title(container), 100));
        let members: Vec<_> = outline.members(*at).collect();
        sections::table(
            &mut page,
            &format!("In the {} {name}", container.kind.as_str()),
            outline,
            text,
            &members,
            Some(*at),
        );
    }
    if let Some(more) = containers.len().checked_sub(MAX_TABLES).filter(|more| *more > 0) {
        page.paragraph(&format!("… and {} with members", count(more, "more container")));
    }
    page.list("Used most", "in this file:", &used_most(outline), 5);
    page.list("Leans on", "", &leans_on(outline), 10);
    page.list("Largest", "", &largest(outline, text), 3);
    page.finish()
}

fn symbol(outline: &Outline, at: usize, holds: impl Fn(&aiex_syntax::Symbol) -> bool) -> bool {
    outline.symbols.get(at).is_some_and(holds)
}

fn is_listed(kind: SymbolKind) -> bool {
    !is_callable(kind) && kind != SymbolKind::Test
}

/// The documentation of a Rust file itself, which belongs to no symbol of it.
fn header(text: &Text) -> Option<String> {
    let mut doc = String::new();
    for at in 0..text.line_count().min(100) {
        let line = text.slice(text.line_range(at));
        match line.trim_start().strip_prefix("//!") {
            Some(words) => {
                doc.push_str(words.trim());
                doc.push('\n');
            }
            None if doc.is_empty() && line.trim().is_empty() => {}
            None => break,
        }
    }
    (!doc.is_empty()).then_some(doc)
}

fn sentence(syntax: &Syntax, outline: &Outline, text: &Text) -> String {
    let language = match syntax.language() {
        aiex_syntax::Language::Elixir => "An Elixir file",
        aiex_syntax::Language::Rust => "A Rust file",
    };
    let mut kinds: Vec<(SymbolKind, usize)> = Vec::new();
    for symbol in &outline.symbols {
        match kinds.iter_mut().find(|(kind, _)| *kind == symbol.kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((symbol.kind, 1)),
        }
    }
    kinds.sort();
    let held: Vec<_> = kinds.into_iter().map(|(kind, number)| count(number, kind.as_str())).collect();
    let held = if held.is_empty() { "no definitions".to_owned() } else { and(&held) };
    format!("{language} of {} with {held}.", count(line_count(text), "line"))
}

/// Lines as an editor counts them, a last empty one left out.
pub(super) fn line_count(text: &Text) -> usize {
    let lines = text.line_count();
    if text.line_range(lines - 1).is_empty() { lines - 1 } else { lines }
}

fn used_most(outline: &Outline) -> Vec<String> {
    let targets = outline.calls.iter().filter(|call| call.caller != call.target).filter_map(|call| call.target);
    let mut used = tally(targets);
    used.retain(|(_, times)| *times > 1);
    // Beyond these an order says little.
    used.truncate(5);
    used.iter().map(|(at, times)| format!("{}, called at {times} places", label(outline, *at, Some(0)))).collect()
}

/// Modules and types of elsewhere, by how often something of theirs is called.
fn leans_on(outline: &Outline) -> Vec<String> {
    let owner = |callee: &'_ str| -> Option<usize> { callee.rfind("::").or_else(|| callee.rfind('.')) };
    let elsewhere = outline.calls.iter().filter(|call| call.target.is_none()).filter_map(|call| {
        let of = call.callee.get(..owner(&call.callee)?)?;
        let is_name = of.contains("::") || of.starts_with(|char: char| char.is_uppercase() || char == ':');
        (is_name && of != "Self" && !of.contains(['(', ' ', '"', '['])).then_some(of)
    });
    let used = tally(elsewhere);
    used.iter().map(|(name, times)| format!("{} ({})", code(&one_line(name, 80)), count(*times, "call"))).collect()
}

/// How often each occurs, the most frequent first, else by first occurrence.
fn tally<T: std::hash::Hash + Eq + Copy>(items: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut tally: Vec<(T, usize)> = Vec::new();
    let mut seen: HashMap<T, usize> = HashMap::new();
    for item in items {
        let at = *seen.entry(item).or_insert(tally.len());
        match tally.get_mut(at) {
            Some((_, times)) => *times += 1,
            None => tally.push((item, 1)),
        }
    }
    tally.sort_by_key(|(_, times)| Reverse(*times));
    tally
}

fn largest(outline: &Outline, text: &Text) -> Vec<String> {
    let all = outline.symbols.iter().enumerate();
    let mut sizes: Vec<_> = all
        .filter(|(_, symbol)| is_callable(symbol.kind) || symbol.kind == SymbolKind::Test)
        .map(|(at, symbol)| (at, size(symbol, text)))
        .filter(|(_, size)| *size >= LARGE)
        .collect();
    sizes.sort_by_key(|(_, size)| Reverse(*size));
    sizes.truncate(3);
    sizes.iter().map(|(at, size)| format!("{} with {}", label(outline, *at, Some(0)), count(*size, "line"))).collect()
}
