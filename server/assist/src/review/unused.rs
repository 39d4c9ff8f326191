//! Functions that only their own file, or its crate, could use, and that nothing uses.

use aiex_syntax::{Language, Symbol, SymbolKind, Visibility};

use super::{
    Finding, FindingKind, Severity,
    scan::{File, Private, bare},
};
use crate::markdown::code;

/// Adds a finding for each.
pub(super) fn add(
    file: &File,
    private: &Private,
    is_used_elsewhere: &dyn Fn(&str) -> bool,
    findings: &mut Vec<Finding>,
) {
    if private.in_doubt {
        return;
    }
    let is_elixir = Language::from_file_name(file.path) == Some(Language::Elixir);
    for symbol in file.outline.symbols.iter().filter(|symbol| symbol.visibility != Visibility::Public) {
        let container = symbol.container.and_then(|index| file.outline.symbols.get(index));
        let is_callable = match symbol.kind {
            SymbolKind::Function => true,
            SymbolKind::Method => container.is_some_and(|outer| outer.kind == SymbolKind::Impl),
            SymbolKind::Macro | SymbolKind::Guard => is_elixir,
            _ => false,
        };
        let serves =
            symbol.implements.is_some() || !is_elixir && container.is_some_and(|outer| outer.implements.is_some());
        if !is_callable || serves || private.exempt.contains(&symbol.name_range.start) {
            continue;
        }
        if private.mentions(&symbol.name).iter().any(|place| !holds(symbol, *place)) {
            continue;
        }
        if is_elixir && is_in_doubt(file, private, symbol) {
            continue;
        }
        // What stands in a function is seen there alone.
        let is_local = container.is_some_and(|outer| matches!(outer.kind, SymbolKind::Function | SymbolKind::Method));
        if !is_elixir && !is_local && is_used_elsewhere(bare(&symbol.name)) {
            continue;
        }
        let name = match &symbol.arity {
            Some(arity) => format!("{}/{}", symbol.name, arity.end()),
            None => symbol.name.clone(),
        };
        let text = format!("Nothing uses the {} {}.", symbol.kind.as_str(), code(&name));
        findings.push(Finding::new(symbol.name_range.clone(), Severity::Warning, FindingKind::UnusedPrivate, &text));
    }
}

/// Whether one of a symbol's own clauses holds a place.
fn holds(symbol: &Symbol, place: usize) -> bool {
    let after = symbol.clauses.partition_point(|clause| clause.range.start <= place);
    let clause = after.checked_sub(1).and_then(|index| symbol.clauses.get(index));
    clause.is_some_and(|clause| place < clause.range.end)
}

/// Whether the outermost module around a symbol holds a doubt.
fn is_in_doubt(file: &File, private: &Private, symbol: &Symbol) -> bool {
    let container = |symbol: &Symbol| symbol.container.and_then(|index| file.outline.symbols.get(index));
    // A container comes before what it contains, so this ends.
    let Some(outermost) = std::iter::successors(container(symbol), |outer| container(outer)).last() else {
        return !private.doubts.is_empty();
    };
    let first = private.doubts.partition_point(|place| *place < outermost.range.start);
    private.doubts.get(first).is_some_and(|place| *place < outermost.range.end)
}
