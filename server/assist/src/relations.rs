//! How the symbols of one file stand to each other: names as seen from a place, calls out, calls in, sizes, members.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use aiex_syntax::{Outline, Symbol, SymbolKind, Visibility};
use aiex_text::Text;

use crate::{
    english::{and, count, plural},
    markdown::{code, one_line},
};

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 80;

/// Something that a symbol calls.
pub(crate) struct Callee {
    /// In code font.
    pub(crate) name: String,
    /// The symbol, if it is of this file.
    pub(crate) target: Option<usize>,
    /// At how many places.
    pub(crate) times: usize,
}

/// What a symbol calls, each once: those of this file first, then by first use. Its calls of itself are left out.
pub(crate) fn callees(outline: &Outline, index: usize) -> Vec<Callee> {
    let mut callees: Vec<Callee> = Vec::new();
    let mut seen: HashMap<(Option<usize>, &str), usize> = HashMap::new();
    for call in outline.calls_from(index).filter(|call| call.target != Some(index)) {
        let callee = if call.target.is_some() { "" } else { call.callee.as_str() };
        if call.target.is_none() && says_little(callee) {
            continue;
        }
        let at = *seen.entry((call.target, callee)).or_insert(callees.len());
        match callees.get_mut(at) {
            Some(callee) => callee.times += 1,
            None => {
                let name = match call.target {
                    Some(target) => label(outline, target, Some(index)),
                    None => code(&one_line(callee, MAX_NAME)),
                };
                callees.push(Callee { name, target: call.target, times: 1 });
            }
        }
    }
    callees.sort_by_key(|callee| callee.target.is_none());
    callees
}

/// Whether a call only wraps, copies, asserts or ends: in a list of what code calls, these hide the rest.
fn says_little(callee: &str) -> bool {
    let name = callee.rsplit(['.', ':']).next().unwrap_or(callee);
    name.starts_with("assert")
        || name.starts_with("refute")
        || matches!(
            name,
            "unwrap"
                | "expect"
                | "clone"
                | "to_owned"
                | "to_string"
                | "into"
                | "Ok"
                | "Err"
                | "Some"
                | "raise"
                | "throw"
                | "reraise"
                | "panic!"
                | "unreachable!"
                | "todo!"
                | "unimplemented!"
        )
}

/// Something of this file that calls a symbol.
pub(crate) struct Caller {
    /// In code font; of a call outside every symbol `the top level`.
    pub(crate) name: String,
    /// The bytes at which the calls stand.
    pub(crate) places: Vec<usize>,
}

/// What calls a symbol within its file, itself left out, in the order of the text.
pub(crate) fn callers(outline: &Outline, index: usize) -> Vec<Caller> {
    let mut callers: Vec<Caller> = Vec::new();
    let mut seen: HashMap<Option<usize>, usize> = HashMap::new();
    for call in outline.calls_to(index).filter(|call| call.caller != Some(index)) {
        let place = call.name_range.start;
        let at = *seen.entry(call.caller).or_insert(callers.len());
        match callers.get_mut(at) {
            Some(caller) => caller.places.push(place),
            None => {
                let name = |caller| label(outline, caller, Some(index));
                let name = call.caller.map_or_else(|| "the top level".to_owned(), name);
                callers.push(Caller { name, places: vec![place] });
            }
        }
    }
    callers
}

/// Whether a symbol calls itself.
pub(crate) fn is_recursive(outline: &Outline, index: usize) -> bool {
    outline.calls_to(index).any(|call| call.caller == Some(index))
}

/// The name of a symbol in code font, as short as it is clear where `from` stands: without the module that both share.
pub(crate) fn label(outline: &Outline, index: usize, from: Option<usize>) -> String {
    let Some(symbol) = outline.symbols.get(index) else { return String::new() };
    if matches!(symbol.kind, SymbolKind::Test | SymbolKind::TestGroup | SymbolKind::Block) {
        return format!("{} {}", symbol.kind.as_str(), code(&one_line(&symbol.name, MAX_NAME)));
    }
    let shared =
        |outer: &usize| from.is_some_and(|from| from == *outer || outline.containers(from).any(|at| at == *outer));
    let of = outline.containers(index).filter(shared).find_map(|outer| outline.symbols.get(outer));
    let rest = of.and_then(|outer| symbol.qualified.strip_prefix(&outer.qualified));
    if symbol.kind == SymbolKind::Struct && is_elixir_definition(symbol) {
        return code(&one_line(&format!("%{}{{}}", symbol.qualified), MAX_NAME));
    }
    let rest = rest.and_then(|rest| rest.strip_prefix("::").or_else(|| rest.strip_prefix('.')));
    code(&one_line(rest.unwrap_or(&symbol.qualified), MAX_NAME))
}

/// The 1-based lines of a half-open byte range.
pub(crate) fn lines(text: &Text, range: &Range<usize>) -> RangeInclusive<usize> {
    let first = text.line_of(range.start) + 1;
    let last = text.line_of(range.end.saturating_sub(1).max(range.start)) + 1;
    first..=last.max(first)
}

/// The 1-based lines of a symbol's code, without its docs and attributes: from its first clause to the end of its last.
pub(crate) fn code_lines(symbol: &Symbol, text: &Text) -> RangeInclusive<usize> {
    let start = symbol.clauses.iter().map(|clause| clause.range.start).min().unwrap_or(symbol.range.start);
    let end = symbol.clauses.iter().map(|clause| clause.range.end).max().unwrap_or(symbol.range.end);
    lines(text, &(start..end))
}

/// The clauses that a call can be matched against; a head that only declares defaults is none.
pub(crate) fn clauses(symbol: &Symbol) -> usize {
    let with_bodies = symbol.clauses.iter().filter(|clause| clause.body.is_some()).count();
    if with_bodies == 0 { symbol.clauses.len() } else { with_bodies }
}

/// The lines that the code of a symbol takes, its docs and attributes left out; of several clauses together.
pub(crate) fn size(symbol: &Symbol, text: &Text) -> usize {
    let length = |range: &Range<usize>| lines(text, range).count();
    let code = symbol.clauses.iter().map(|clause| length(&clause.range)).sum();
    if code == 0 { length(&symbol.range) } else { code }
}

/// Whether it is called with arguments.
pub(crate) fn is_callable(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro | SymbolKind::Guard)
}

/// The word for who may use a symbol, where its language has more than one answer for its kind.
pub(crate) fn visibility(symbol: &Symbol) -> Option<&'static str> {
    use SymbolKind as Kind;
    let silent = match symbol.kind {
        Kind::Test | Kind::TestGroup | Kind::Block | Kind::Impl | Kind::Callback => true,
        Kind::Module | Kind::Struct | Kind::Exception | Kind::Protocol => is_elixir_definition(symbol),
        _ => false,
    };
    (!silent).then_some(match symbol.visibility {
        Visibility::Public => "public",
        Visibility::Restricted => "crate-visible",
        Visibility::Private => "private",
    })
}

fn is_elixir_definition(symbol: &Symbol) -> bool {
    symbol.signature.starts_with("def")
}

/// What a container directly holds, counted: `3 public and 1 private functions, 1 struct`. Tests in groups count too.
pub(crate) fn members(outline: &Outline, index: usize) -> Vec<String> {
    let direct = outline.members(index);
    let grouped = outline.members(index).filter(|at| kind_of(outline, *at) == Some(SymbolKind::TestGroup));
    let mut kinds: Vec<(SymbolKind, Vec<&Symbol>)> = Vec::new();
    for symbol in direct.chain(grouped.flat_map(|at| outline.members(at))).filter_map(|at| outline.symbols.get(at)) {
        match kinds.iter_mut().find(|(kind, _)| *kind == symbol.kind) {
            Some((_, symbols)) => symbols.push(symbol),
            None => kinds.push((symbol.kind, vec![symbol])),
        }
    }
    kinds.sort_by_key(|(kind, _)| (!is_callable(*kind), *kind));
    kinds.into_iter().map(|(kind, symbols)| counted(kind, &symbols)).collect()
}

fn kind_of(outline: &Outline, index: usize) -> Option<SymbolKind> {
    outline.symbols.get(index).map(|symbol| symbol.kind)
}

fn counted(kind: SymbolKind, symbols: &[&Symbol]) -> String {
    let mut parts = Vec::new();
    for word in ["public", "crate-visible", "private"] {
        let number = symbols.iter().filter(|symbol| visibility(symbol) == Some(word)).count();
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let all_public = symbols.iter().all(|symbol| symbol.visibility == Visibility::Public);
    if parts.is_empty() || (all_public && !is_callable(kind)) {
        return count(symbols.len(), kind.as_str());
    }
    format!("{} {}", and(&parts), plural(symbols.len(), kind.as_str()))
}

/// An implementation of this file, by the trait that it implements, if any, and what it implements it for.
pub(crate) struct Implementation<'a> {
    pub(crate) index: usize,
    pub(crate) of: Option<&'a str>,
    pub(crate) subject: &'a str,
}

/// An implementation read from its header, `Display for Cart` or `Cart`.
pub(crate) fn implementation(outline: &Outline, index: usize) -> Option<Implementation<'_>> {
    let symbol = outline.symbols.get(index).filter(|symbol| symbol.kind == SymbolKind::Impl)?;
    Some(match symbol.name.rsplit_once(" for ") {
        Some((of, subject)) => Implementation { index, of: Some(of), subject },
        None => Implementation { index, of: None, subject: &symbol.name },
    })
}

/// The implementations of a struct or enum, or those of a trait or protocol, that stand beside it.
pub(crate) fn implementations(outline: &Outline, index: usize) -> Vec<Implementation<'_>> {
    use SymbolKind as Kind;
    let Some(symbol) = outline.symbols.get(index) else { return Vec::new() };
    let of_trait = matches!(symbol.kind, Kind::Trait | Kind::Protocol);
    if !of_trait && !matches!(symbol.kind, Kind::Struct | Kind::Enum) {
        return Vec::new();
    }
    let named = |header: &str| header.split('<').next().unwrap_or_default().trim() == symbol.name;
    let beside = |at: &usize| outline.symbols.get(*at).is_some_and(|other| other.container == symbol.container);
    (0..outline.symbols.len())
        .filter(beside)
        .filter_map(|at| implementation(outline, at))
        .filter(|found| if of_trait { found.of.is_some_and(named) } else { named(found.subject) })
        .collect()
}
