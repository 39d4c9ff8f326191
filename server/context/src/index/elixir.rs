//! The index of an Elixir file.

use std::ops::Range;

use aiex_syntax::{Symbol, SymbolKind};

use super::{
    FileIndex, Gathered,
    elixir_body::{self, Directive, DirectiveKind},
    item::{Import, ImportKind, Item, LineIndex},
    names::{NONE, narrow},
};

pub(super) fn index(source: &str, symbols: &[Symbol]) -> FileIndex {
    let lines = LineIndex::new(source);
    let mut gathered = Gathered::default();
    let mut file = FileIndex { lines: lines.count(), ..FileIndex::default() };
    for (at, symbol) in symbols.iter().enumerate() {
        let name = match symbol.kind {
            SymbolKind::Module
            | SymbolKind::Protocol
            | SymbolKind::Impl
            | SymbolKind::Struct
            | SymbolKind::Exception => &symbol.qualified,
            _ => &symbol.name,
        };
        let mut item = Item::new(symbol, name, source, &lines, &mut gathered, &mut file.words);
        let container = symbol.container.and_then(|container| file.items.get(container));
        item.container = symbol.container.map_or(NONE, narrow);
        item.is_test |= container.is_some_and(|container| container.is_test);
        let owner = narrow(at);
        let begin = gathered.next();
        // Specs and attributes before the first clause, and the heads of all clauses.
        let first = symbol.clauses.first().map_or(symbol.range.start, |clause| clause.range.start);
        let is_leaf = !matches!(
            symbol.kind,
            SymbolKind::Module | SymbolKind::Protocol | SymbolKind::Impl | SymbolKind::TestGroup
        );
        if is_leaf {
            let before = source.get(symbol.range.start..first).unwrap_or_default();
            elixir_body::scan(specs(before), &mut gathered);
            for clause in &symbol.clauses {
                let end = clause.body.as_ref().map_or(clause.range.end, |body| body.start);
                elixir_body::scan(source.get(clause.range.start..end).unwrap_or_default(), &mut gathered);
            }
        }
        item.head_uses = (begin, gathered.next());
        if is_leaf {
            for body in symbol.clauses.iter().filter_map(|clause| clause.body.clone()) {
                let directives = elixir_body::scan(source.get(body).unwrap_or_default(), &mut gathered);
                import(&directives, owner, &mut gathered, &mut file);
            }
            item.body_uses = (item.head_uses.1, gathered.next());
        }
        file.items.push(item);
    }
    for (owner, gap) in gaps(source, symbols) {
        let text = source.get(gap).unwrap_or_default();
        let first = gathered.uses.len();
        let directives = elixir_body::scan(text, &mut gathered);
        // What a module mentions outside of functions belongs to nothing that is ranked.
        gathered.uses.truncate(first);
        import(&directives, owner, &mut gathered, &mut file);
    }
    file.uses = gathered.uses;
    file.names = gathered.names.finish();
    file
}

/// What stands before a definition, from its first `@spec` on.
fn specs(before: &str) -> &str {
    before.find("@spec").and_then(|at| before.get(at..)).unwrap_or_default()
}

fn import<'s>(directives: &[Directive<'s>], owner: u32, gathered: &mut Gathered<'s>, file: &mut FileIndex) {
    for directive in directives {
        let begin = narrow(file.segments.len());
        file.segments.extend(
            [Some(directive.module), directive.inner].into_iter().flatten().map(|part| gathered.names.intern(part)),
        );
        let kind = match directive.kind {
            DirectiveKind::Alias => ImportKind::Alias,
            DirectiveKind::Import => ImportKind::Import,
            DirectiveKind::Use => ImportKind::Use,
            DirectiveKind::Behaviour => ImportKind::Behaviour,
        };
        let last = directive.inner.unwrap_or(directive.module);
        let name = directive.name.or(last.rsplit('.').next()).unwrap_or_default();
        let name = gathered.names.intern(name);
        file.imports.push(Import { kind, name, path: (begin, narrow(file.segments.len())), owner });
    }
}

/// What stands outside of functions, with the module that it stands in.
fn gaps(source: &str, symbols: &[Symbol]) -> Vec<(u32, Range<usize>)> {
    let mut edges = Vec::new();
    for (at, symbol) in symbols.iter().enumerate() {
        match (symbol.kind, symbol.body()) {
            (SymbolKind::Module | SymbolKind::Protocol | SymbolKind::Impl | SymbolKind::TestGroup, Some(body)) => {
                edges.push((symbol.range.start, body.start, narrow(at), true));
                edges.push((body.end, symbol.range.end, NONE, false));
            }
            _ => {
                symbol.clauses.iter().for_each(|clause| edges.push((clause.range.start, clause.range.end, NONE, true)))
            }
        }
    }
    edges.sort();
    let mut gaps = Vec::new();
    let mut owners = vec![NONE];
    let mut at = 0;
    for (start, end, owner, opens) in edges {
        if start > at {
            gaps.push((owners.last().copied().unwrap_or(NONE), at..start));
        }
        at = at.max(end);
        match (owner, opens) {
            (NONE, true) => {}
            (owner, true) => owners.push(owner),
            (_, false) => {
                if owners.len() > 1 {
                    owners.pop();
                }
            }
        }
    }
    gaps.push((owners.last().copied().unwrap_or(NONE), at..source.len().max(at)));
    gaps
}
