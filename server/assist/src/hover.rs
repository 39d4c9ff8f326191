//! [`hover_facts`]: what the parse knows of a symbol and other servers do not show.

use aiex_syntax::{Outline, Symbol, SymbolKind};
use aiex_text::Text;

use crate::{
    english::{capped, count},
    markdown::{code, fence, first_paragraph, one_line},
    relations::{callees, callers, clauses, implementations, is_recursive, label, members, size, visibility},
};

/// How much a hover says of a symbol before any explanation (`hover.facts`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FactsLevel {
    /// Nothing.
    Off,
    /// Clauses, size, calls: what other servers don't show.
    #[default]
    Brief,
    /// Also kind, qualified name, signature and the first paragraph of the documentation.
    Full,
}

/// Names shown of those that call or are called.
const MAX_NAMES: usize = 6;
/// Characters shown of the first paragraph of documentation.
const MAX_DOC: usize = 400;
/// Characters shown of a signature and of each spec.
const MAX_SIGNATURE: usize = 2000;

/// The facts of the symbol at `index` of the outline, as Markdown; `None` if there is no such symbol or `level` is off.
/// `text` is the text of the outline. The first line names the symbol, since a hover inside its body is about it, too.
pub fn hover_facts(outline: &Outline, index: usize, text: &Text, level: FactsLevel) -> Option<String> {
    let symbol = outline.symbols.get(index)?;
    match level {
        FactsLevel::Off => None,
        FactsLevel::Brief => Some(brief(outline, index, symbol, text, &short_name(outline, index, symbol))),
        FactsLevel::Full => Some(full(outline, index, symbol, text)),
    }
}

fn full(outline: &Outline, index: usize, symbol: &Symbol, text: &Text) -> String {
    let name = format!("{} {}", symbol.kind.as_str(), code(&one_line(&symbol.qualified, 200)));
    let name = match visibility(symbol) {
        Some(visibility) => format!("{visibility} {name}"),
        None => name,
    };
    let mut parts = vec![brief(outline, index, symbol, text, &name)];
    let declared: Vec<_> = symbol.specs.iter().chain([&symbol.signature]).map(|part| cut(part)).collect();
    let declared = declared.join("\n");
    if !declared.trim().is_empty() {
        parts.push(fence(language(symbol), &declared).trim_end().to_owned());
    }
    parts.extend(symbol.doc.as_deref().and_then(|doc| first_paragraph(doc, MAX_DOC)));
    parts.join("\n\n")
}

/// The info string for its signature: an outline does not say its language, but the first word of a definition does.
fn language(symbol: &Symbol) -> &'static str {
    let word = symbol.signature.split([' ', '(']).next().unwrap_or_default();
    let elixir = word.starts_with('@') || word.starts_with("def") && word != "default";
    if elixir || symbol.arity.is_some() || matches!(word, "test" | "describe") { "elixir" } else { "rust" }
}

fn cut(part: &str) -> String {
    let mut chars = part.chars();
    let mut kept: String = chars.by_ref().take(MAX_SIGNATURE).collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Its name alone, qualified if it has a namesake in the file.
fn short_name(outline: &Outline, index: usize, symbol: &Symbol) -> String {
    let own = label(outline, index, symbol.container);
    let is_namesake = |(at, other): (usize, &Symbol)| {
        at != index && other.name == symbol.name && label(outline, at, other.container) == own
    };
    match symbol.kind {
        SymbolKind::Impl => format!("implementation {}", code(&one_line(&symbol.name, 200))),
        _ if outline.symbols.iter().enumerate().any(is_namesake) => code(&one_line(&symbol.qualified, 200)),
        _ => own,
    }
}

/// A line of numbers, then lines of relations, as one paragraph.
fn brief(outline: &Outline, index: usize, symbol: &Symbol, text: &Text, name: &str) -> String {
    let mut numbers = vec![name.to_owned()];
    if clauses(symbol) > 1 {
        numbers.push(count(clauses(symbol), "clause"));
    }
    numbers.push(count(size(symbol, text), "line"));
    let defaults = symbol.arity.as_ref().map_or(0, |arity| arity.end().saturating_sub(*arity.start()));
    if defaults > 0 {
        numbers.push(count(defaults, "default argument"));
    }
    if is_recursive(outline, index) {
        numbers.push("recursive".to_owned());
    }
    numbers.extend(members(outline, index));

    let mut implements: Vec<_> = match &symbol.implements {
        Some(implements) if implements == "true" => vec!["a behaviour's callback".to_owned()],
        Some(implements) => vec![code(&one_line(implements, 100))],
        None => Vec::new(),
    };
    let mut implemented = Vec::new();
    for found in implementations(outline, index) {
        match found.of {
            Some(_) if matches!(symbol.kind, SymbolKind::Trait | SymbolKind::Protocol) => {
                implemented.push(code(&one_line(found.subject, 100)))
            }
            Some(of) => implements.push(code(&one_line(of, 100))),
            None => numbers.extend(members(outline, found.index)),
        }
    }
    let mut lines = vec![numbers.join(" · ")];
    let calls: Vec<_> = callees(outline, index).into_iter().map(|callee| callee.name).collect();
    let callers = callers(outline, index);
    let places: usize = callers.iter().map(|caller| caller.places.len()).sum();
    let called: Vec<_> = callers.into_iter().map(|caller| caller.name).collect();
    for (words, names, after) in [
        ("implements", implements, String::new()),
        ("implemented here for", implemented, String::new()),
        ("calls", calls, String::new()),
        ("called by", called, format!(" ({} in this file)", count(places, "place"))),
    ] {
        if !names.is_empty() {
            lines.push(format!("{words} {}{after}", capped(&names, MAX_NAMES)));
        }
    }
    // Two spaces break the line in every Markdown, and show as nothing where it is not rendered.
    lines.join("  \n")
}

#[cfg(test)]
mod tests;
