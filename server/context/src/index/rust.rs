//! The index of a Rust file.

use std::ops::Range;

use aiex_syntax::{Language, Symbol, SymbolKind, Syntax};
use aiex_text::Text;

use super::{
    FileIndex, Gathered,
    item::{Import, ImportKind, Item, LineIndex},
    names::{NONE, narrow},
    rust_body,
    rust_heads::{Generics, Head, Reader},
    rust_tokens::{Kind, Token, Tokens},
};

/// Macros around items are looked into this deep: `cfg_rt! { … }`.
const MACRO_DEPTH: usize = 3;

/// So many bytes of macros are parsed on each level.
const MACRO_BYTES: usize = 512 * 1024;

pub(super) fn index(source: &str, symbols: &[Symbol]) -> FileIndex {
    let lines = LineIndex::new(source);
    let mut all = symbols.to_vec();
    add_items_of_macros(source, &mut all, 0);
    let mut gathered = Gathered::default();
    let mut file = FileIndex { lines: lines.count(), ..FileIndex::default() };
    let mut generics: Vec<Generics> = Vec::with_capacity(all.len());
    for symbol in &all {
        let is_impl = symbol.kind == SymbolKind::Impl;
        let name = if is_impl { type_name(&symbol.name) } else { &symbol.name };
        let mut item = Item::new(symbol, name, source, &lines, &mut gathered, &mut file.words);
        let container = symbol.container.and_then(|container| file.items.get(container));
        item.container = symbol.container.map_or(NONE, narrow);
        item.is_test |= container.is_some_and(|container| container.is_test)
            || symbol.kind == SymbolKind::Module && matches!(name, "tests" | "test");
        let outer = symbol.container.and_then(|container| generics.get(container)).cloned().unwrap_or_default();
        let begin = gathered.next();
        let range = item.head.0 as usize..item.head.1 as usize;
        let mut reader = Reader::new(source.get(range.clone()).unwrap_or_default(), &mut gathered, outer);
        let head = read_head(&mut reader, symbol.kind);
        let inner = reader.generics();
        let body = symbol.body().cloned();
        let mut fields = head.fields;
        if let (SymbolKind::Struct | SymbolKind::Enum, Some(body)) = (symbol.kind, &body) {
            let source = source.get(body.clone()).unwrap_or_default();
            fields.extend(Reader::new(source, &mut gathered, inner.clone()).fields());
        }
        item.head_uses = (begin, gathered.next());
        item.result = head.result.unwrap_or(NONE);
        item.of_type = head.of_type.unwrap_or(NONE);
        item.of_trait = head.of_trait.unwrap_or(NONE);
        item.on_self = head.on_self;
        item.fields = (narrow(file.fields.len()), narrow(file.fields.len() + fields.len()));
        file.fields.extend(fields);
        let code = match symbol.kind {
            SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro | SymbolKind::Test => body,
            SymbolKind::Const | SymbolKind::Type => {
                symbol.clauses.first().map(|clause| range.end.min(clause.range.end)..clause.range.end)
            }
            _ => None,
        };
        if let Some(code) = code.and_then(|code| source.get(code)) {
            let begin = gathered.next();
            rust_body::scan(code, head.values, &mut gathered);
            item.body_uses = (begin, gathered.next());
        }
        let is_container = matches!(symbol.kind, SymbolKind::Impl | SymbolKind::Trait);
        generics.push(if is_container { inner } else { Generics::new() });
        file.items.push(item);
    }
    for gap in gaps(source, &all) {
        imports(source.get(gap).unwrap_or_default(), &mut gathered, &mut file);
    }
    file.uses = gathered.uses;
    file.names = gathered.names.finish();
    file
}

fn read_head<'s>(reader: &mut Reader<'s, '_>, kind: SymbolKind) -> Head<'s> {
    match kind {
        SymbolKind::Function | SymbolKind::Method | SymbolKind::Test => reader.function(),
        SymbolKind::Impl => reader.implementation(),
        SymbolKind::Trait => reader.trait_(),
        SymbolKind::Struct | SymbolKind::Enum => reader.structure(),
        SymbolKind::Const => reader.constant(),
        SymbolKind::Type => reader.value("type"),
        _ => Head::default(),
    }
}

/// Of `Display for Cart<T>` the name of the type.
fn type_name(name: &str) -> &str {
    let of_type = name.rsplit_once(" for ").map_or(name, |(_, of_type)| of_type);
    let plain =
        of_type.trim_start_matches(['&', '*', '(', '[', ' ']).trim_start_matches("mut ").trim_start_matches("dyn ");
    let end = plain.find(['<', ' ', '(', '[', ',', ')', ']']).unwrap_or(plain.len());
    let path = plain.get(..end).unwrap_or_default();
    path.rsplit("::").next().unwrap_or(path)
}

/// What stands outside of items, and between the members of those that have members.
fn gaps(source: &str, symbols: &[Symbol]) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut at = 0;
    let mut leaves: Vec<_> = symbols
        .iter()
        .flat_map(|symbol| match (symbol.kind, symbol.body()) {
            (SymbolKind::Module | SymbolKind::Impl | SymbolKind::Trait, Some(body)) => {
                [symbol.range.start..body.start, body.end..symbol.range.end]
            }
            _ => [symbol.range.clone(), symbol.range.end..symbol.range.end],
        })
        .collect();
    leaves.sort_by_key(|range| range.start);
    for leaf in leaves {
        if leaf.start > at {
            gaps.push(at..leaf.start);
        }
        at = at.max(leaf.end);
    }
    gaps.push(at..source.len().max(at));
    gaps
}

/// Finds the items within macros that hold items, such as `cfg_rt! { pub fn block_on() {} }`.
fn add_items_of_macros(source: &str, symbols: &mut Vec<Symbol>, depth: usize) {
    if depth == MACRO_DEPTH {
        return;
    }
    let mut found = Vec::new();
    let mut left = MACRO_BYTES;
    for gap in gaps(source, symbols) {
        let text = source.get(gap.clone()).unwrap_or_default();
        for inside in macros_with_items(text) {
            let range = gap.start + inside.start..gap.start + inside.end;
            let Some(inner) = source.get(range.clone()).filter(|inner| inner.len() <= left) else { continue };
            left -= inner.len();
            let Ok(syntax) = Syntax::parse(Language::Rust, &Text::new(inner), None, || true) else { continue };
            let mut items = syntax.symbols(inner);
            if depth + 1 < MACRO_DEPTH {
                add_items_of_macros(inner, &mut items, depth + 1);
            }
            items.iter_mut().for_each(|item| shift(item, range.start));
            found.push((range, items));
        }
    }
    for (range, items) in found {
        let holds = |symbol: &Symbol| symbol.range.start < range.start && range.end <= symbol.range.end;
        let container = symbols.iter().rposition(holds);
        let in_type = container
            .and_then(|container| symbols.get(container))
            .is_some_and(|container| matches!(container.kind, SymbolKind::Impl | SymbolKind::Trait));
        let base = symbols.len();
        symbols.extend(items.into_iter().map(|mut item| {
            item.container = item.container.map(|inner| inner + base).or(container);
            if in_type && item.kind == SymbolKind::Function {
                item.kind = SymbolKind::Method;
            }
            item
        }));
    }
}

fn shift(symbol: &mut Symbol, by: usize) {
    let shift = |range: &mut Range<usize>| *range = range.start + by..range.end + by;
    shift(&mut symbol.range);
    shift(&mut symbol.name_range);
    for clause in &mut symbol.clauses {
        shift(&mut clause.range);
        clause.body.iter_mut().for_each(shift);
    }
}

/// The insides of `name! { … }` that begin as items do.
fn macros_with_items(text: &str) -> Vec<Range<usize>> {
    if !text.contains('!') {
        return Vec::new();
    }
    let tokens: Vec<_> = Tokens::new(text).collect();
    let offset = |token: &Token| token.text.as_ptr() as usize - text.as_ptr() as usize;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let is_bang = token.kind == Kind::Mark(b'!');
        let open = tokens.get(at + 1).filter(|open| is_bang && open.kind == Kind::Mark(b'{'));
        let Some(open) = open else {
            at += 1;
            continue;
        };
        let mut depth = 0_usize;
        let mut next = at + 1;
        while let Some(token) = tokens.get(next) {
            match token.kind {
                Kind::Mark(b'{' | b'(' | b'[') => depth += 1,
                Kind::Mark(b'}' | b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            next += 1;
        }
        let holds_items = tokens.get(at + 2..next).unwrap_or_default().iter().any(|token| {
            matches!(token.text, "fn" | "struct" | "enum" | "trait" | "impl" | "mod" | "const" | "static")
                && token.kind == Kind::Word
        });
        if holds_items && let Some(close) = tokens.get(next) {
            found.push(offset(open) + 1..offset(close));
        }
        at = next + 1;
    }
    found
}

/// The `use` declarations of a text.
fn imports<'s>(text: &'s str, gathered: &mut Gathered<'s>, file: &mut FileIndex) {
    if !text.contains("use") {
        return;
    }
    let tokens: Vec<_> = Tokens::new(text).collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.kind == Kind::Word && token.text == "use" {
            at = import(&tokens, at, gathered, file);
        }
    }
}

/// One `use` tree, from behind its `use` on.
fn import<'s>(tokens: &[Token<'s>], mut at: usize, gathered: &mut Gathered<'s>, file: &mut FileIndex) -> usize {
    let mut path: Vec<&'s str> = Vec::new();
    let mut lengths = Vec::new();
    let mut alias = None;
    let mut is_glob = false;
    let mut has_leaf = false;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let ends = matches!(token.kind, Kind::Mark(b',' | b'}' | b';'));
        if ends && has_leaf && path.len() <= 32 {
            let kind = if is_glob { ImportKind::Glob } else { ImportKind::Path };
            let name = alias.take().or(path.last().copied()).filter(|name| *name != "_");
            let begin = narrow(file.segments.len());
            file.segments.extend(path.iter().map(|segment| gathered.names.intern(segment)));
            let name = name.filter(|_| !is_glob).map_or(NONE, |name| gathered.names.intern(name));
            file.imports.push(Import { kind, name, path: (begin, narrow(file.segments.len())), owner: NONE });
        }
        if ends {
            (has_leaf, is_glob, alias) = (false, false, None);
            path.truncate(lengths.last().copied().unwrap_or(0));
        }
        match token.kind {
            Kind::Word if token.text == "as" => {
                alias = tokens.get(at).map(|token| token.text);
                at += 1;
            }
            // `use a::{self}` names `a`.
            Kind::Word if token.text == "self" && !path.is_empty() => has_leaf = true,
            Kind::Word => {
                path.push(token.text);
                has_leaf = true;
            }
            Kind::Mark(b'*') => (is_glob, has_leaf) = (true, true),
            Kind::Mark(b'{') => {
                lengths.push(path.len());
                has_leaf = false;
            }
            Kind::Mark(b'}') => {
                lengths.pop();
                path.truncate(lengths.last().copied().unwrap_or(0));
            }
            Kind::Mark(b';') => break,
            Kind::Path | Kind::Mark(b',') => {}
            _ => break,
        }
    }
    at
}
