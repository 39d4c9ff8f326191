//! The structural engine: explanations made from the parse alone, for when there is no model (`offline`).

mod clauses;
mod file;
mod page;
mod plain;
mod sections;

use aiex_syntax::{Facts, Outline, Symbol, SymbolKind, Syntax, Visibility};
use aiex_text::Text;

use crate::{
    english::{and, article, count},
    markdown::{code, fence, first_paragraph, one_line},
    relations::{
        Implementation, callers, clauses, code_lines, implementation, is_callable, is_recursive, members, size,
        visibility,
    },
};
use page::Page;

pub use file::explain_file;
pub use plain::explain_plain;

/// The first line of every structural explanation.
pub const STRUCTURAL_NOTE: &str = "> Structural explanation: made from the parse alone; no model was asked.";

/// Characters shown of documentation.
const MAX_DOC: usize = 600;

/// Explains one symbol in Markdown: what it is, how its clauses differ, what it decides, calls and returns, who calls
/// it, how it can fail. All arguments are of the same text. Bounded in size, whatever the symbol holds.
pub fn explain_symbol(syntax: &Syntax, outline: &Outline, text: &Text, index: usize) -> String {
    let mut page = Page::new(STRUCTURAL_NOTE);
    let Some(symbol) = outline.symbols.get(index) else {
        page.paragraph("There is no symbol here.");
        return page.finish();
    };
    let facts = syntax.facts(text, symbol);
    page.paragraph(&format!("### {} {}", capitalised(symbol.kind.as_str()), code(&one_line(title(symbol), 200))));
    if let Some(doc) = symbol.doc.as_deref().and_then(|doc| first_paragraph(doc, MAX_DOC)) {
        page.paragraph(&doc);
    }
    page.paragraph(&declaration(syntax, symbol, &facts));
    page.paragraph(&sentence(outline, text, symbol, index, &facts));
    clauses::add(&mut page, text, symbol, &facts);
    sections::fields(&mut page, symbol, &facts);
    sections::members(&mut page, outline, text, index);
    sections::implementations(&mut page, outline, text, index);
    sections::asserts(&mut page, outline, text, index);
    sections::branches(&mut page, text, &facts);
    sections::calls(&mut page, outline, text, index);
    sections::called_by(&mut page, outline, text, index);
    if symbol.kind != SymbolKind::Test {
        sections::raises(&mut page, &facts);
    }
    page.finish()
}

fn title(symbol: &Symbol) -> &str {
    match symbol.kind {
        SymbolKind::Impl | SymbolKind::Test | SymbolKind::TestGroup | SymbolKind::Block => &symbol.name,
        _ => &symbol.qualified,
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Its specs, and its signature where that is not told clause by clause.
fn declaration(syntax: &Syntax, symbol: &Symbol, facts: &Facts) -> String {
    let by_clause = facts.clauses.len() > 1 || matches!(symbol.kind, SymbolKind::Test | SymbolKind::TestGroup);
    let is_container = matches!(symbol.kind, SymbolKind::Module | SymbolKind::Exception | SymbolKind::Impl);
    let signature = (!by_clause && !is_container).then_some(&symbol.signature);
    let parts: Vec<_> = symbol.specs.iter().chain(signature).filter(|part| !part.trim().is_empty()).collect();
    let shown: Vec<_> = parts.iter().take(8).map(|part| part.chars().take(1000).collect::<String>()).collect();
    if shown.is_empty() { String::new() } else { fence(syntax.language().id(), &shown.join("\n")) }
}

/// What it is, in a few sentences of plain English.
fn sentence(outline: &Outline, text: &Text, symbol: &Symbol, index: usize, facts: &Facts) -> String {
    let in_impl = symbol.container.is_some_and(|at| implementation(outline, at).is_some());
    let at = code_lines(symbol, text);
    let span = match at.start() == at.end() {
        true => format!("on line {}", at.start()),
        false => format!("{} long (lines {} to {})", count(size(symbol, text), "line"), at.start(), at.end()),
    };
    let what = what(outline, symbol, facts);
    let held = members(outline, index);
    let mut said = vec![match clauses(symbol) {
        clauses @ 2.. => format!("{what}. Its {} together are {span}.", count(clauses, "clause")),
        _ if is_callable(symbol.kind) => format!("{what}. It is {span}."),
        _ => format!("{what}, {span}."),
    }];
    if !held.is_empty() {
        said.push(format!("It holds {}.", and(&held)));
    }
    match symbol.implements.as_deref() {
        Some("true") => said.push("It implements a callback of one of its module's behaviours.".to_owned()),
        Some(served) if symbol.kind != SymbolKind::Impl && !in_impl => {
            said.push(format!("It implements {}.", code(&one_line(served, 100))))
        }
        _ => {}
    }
    if is_recursive(outline, index) {
        said.push("It calls itself.".to_owned());
    }
    if symbol.body().is_none() && symbol.kind == SymbolKind::Method {
        said.push("It has no body: implementations must provide it.".to_owned());
    } else if facts.nesting > 1 {
        said.push(format!("Its branches, loops and closures nest {} deep.", facts.nesting));
    }
    if is_callable(symbol.kind) && symbol.visibility == Visibility::Private && callers(outline, index).is_empty() {
        said.push("Nothing in this file is seen to call it, although it is private.".to_owned());
    }
    said.join(" ")
}

fn what(outline: &Outline, symbol: &Symbol, facts: &Facts) -> String {
    let kind = symbol.kind.as_str();
    if symbol.kind == SymbolKind::Impl {
        return match symbol.name.rsplit_once(" for ") {
            Some((of, subject)) => format!("An implementation of {} for {}", excerpt(of), excerpt(subject)),
            None => format!("The own functions of {}", excerpt(&symbol.name)),
        };
    }
    let described = visibility(symbol).map_or_else(|| kind.to_owned(), |visibility| format!("{visibility} {kind}"));
    let container = symbol.container.and_then(|at| outline.symbols.get(at));
    let implementation = symbol.container.and_then(|at| implementation(outline, at));
    let place = match (implementation, container) {
        (Some(Implementation { of: Some(of), subject, .. }), _) => {
            format!(" of {} for {}", excerpt(subject), excerpt(of))
        }
        (Some(Implementation { subject, .. }), _) => format!(" of {}", excerpt(subject)),
        (None, Some(outer)) => format!(" in the {} {}", outer.kind.as_str(), excerpt(title(outer))),
        (None, None) => String::new(),
    };
    let takes = if is_callable(symbol.kind) { arguments(symbol, facts) } else { String::new() };
    format!("{} {described}{place}{takes}", capitalised(article(&described)))
}

/// ` that takes 2 arguments`, from the arity, or where the language has none from the parameters.
fn arguments(symbol: &Symbol, facts: &Facts) -> String {
    if let Some(arity) = &symbol.arity {
        let (fewest, most) = (*arity.start(), *arity.end());
        return match most.checked_sub(fewest) {
            Some(0) | None if most == 0 => " that takes no arguments".to_owned(),
            Some(0) | None => format!(" that takes {}", count(most, "argument")),
            Some(1) => format!(" that takes {fewest} or {most} arguments, one of which has a default"),
            Some(defaults) => format!(" that takes {fewest} to {most} arguments, {defaults} of which have defaults"),
        };
    }
    let Some(clause) = facts.clauses.first().filter(|_| symbol.kind != SymbolKind::Macro) else { return String::new() };
    let receiver = clause.parameters.first().filter(|first| is_receiver(first));
    let others = clause.parameters.len() - usize::from(receiver.is_some());
    match (receiver, others) {
        (None, 0) => " that takes no arguments".to_owned(),
        (None, others) => format!(" that takes {}", count(others, "argument")),
        (Some(receiver), 0) => format!(" that takes only {}", code(&one_line(receiver, 60))),
        (Some(receiver), others) => {
            format!(" that takes {} and {}", code(&one_line(receiver, 60)), count(others, "argument"))
        }
    }
}

fn excerpt(text: &str) -> String {
    code(&one_line(text, 100))
}

fn is_receiver(parameter: &str) -> bool {
    let name = parameter.split(':').next().unwrap_or_default();
    name.trim_start_matches('&').split_whitespace().next_back() == Some("self")
}

#[cfg(test)]
mod tests;
