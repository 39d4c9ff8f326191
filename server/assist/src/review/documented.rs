//! Public items without documentation or `@spec`, where their neighbours have them.

use std::collections::BTreeMap;

use aiex_syntax::{Language, Outline, Symbol, SymbolKind, Visibility};

use super::{
    Finding, FindingKind, Severity,
    scan::{File, Public},
};
use crate::{
    english::{capped, count},
    markdown::code,
};

/// More than so many of a module are one finding.
const MOST: usize = 3;
/// So many at least of its neighbours have what an item lacks, and twice as many as lack it.
const LEAST: usize = 2;

/// The items of a module, or of a file: how many have it, and which do not.
#[derive(Default)]
struct Group<'a> {
    with: usize,
    without: Vec<&'a Symbol>,
}

/// Adds a finding for each item that lacks something, or for each module with many.
pub(super) fn add(file: &File, public: &Public, findings: &mut Vec<Finding>) {
    if file.is_test {
        return;
    }
    match Language::from_file_name(file.path) {
        Some(Language::Elixir) => elixir(file, public, findings),
        // No other crate can name what a program has.
        _ if file.path.ends_with("main.rs") || file.path.contains("src/bin/") => {}
        _ => rust(file, public, findings),
    }
}

fn rust(file: &File, public: &Public, findings: &mut Vec<Finding>) {
    let symbols = &file.outline.symbols;
    // Types that others cannot name, with what they implement.
    let hidden: std::collections::HashSet<&str> = symbols
        .iter()
        .filter(|symbol| is_type(symbol.kind) && symbol.visibility != Visibility::Public)
        .map(|symbol| symbol.name.as_str())
        .collect();
    let mut groups: BTreeMap<Option<usize>, Group> = BTreeMap::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let is_item = is_type(symbol.kind)
            || matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Const | SymbolKind::Type);
        // `new` makes what its type says.
        if !is_item
            || symbol.name == "new"
            || symbol.visibility != Visibility::Public
            || public.exempt.contains(&symbol.name_range.start)
        {
            continue;
        }
        let mut module = None;
        let mut is_public = true;
        for (outer, container) in file.outline.containers(index).filter_map(|outer| Some((outer, symbols.get(outer)?)))
        {
            is_public &= match container.kind {
                SymbolKind::Module => {
                    module = module.or(Some(outer));
                    container.visibility == Visibility::Public
                }
                SymbolKind::Impl => container.implements.is_none() && !hidden.contains(type_name(&container.name)),
                SymbolKind::Trait => container.visibility == Visibility::Public,
                _ => false,
            };
        }
        if is_public {
            let group = groups.entry(module).or_default();
            match symbol.doc {
                Some(_) => group.with += 1,
                None => group.without.push(symbol),
            }
        }
    }
    for (module, group) in groups {
        tell(file.outline, module, &group, FindingKind::Undocumented, findings);
    }
}

fn is_type(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Struct | SymbolKind::Enum | SymbolKind::Trait)
}

/// `Cart` of `Cart<T>`, `&mut cart::Cart`.
fn type_name(header: &str) -> &str {
    let name =
        header.split(['<', ' ']).find(|part| !part.is_empty() && !part.starts_with(['&', '\''])).unwrap_or_default();
    name.rsplit("::").next().unwrap_or_default()
}

fn elixir(file: &File, public: &Public, findings: &mut Vec<Finding>) {
    let symbols = &file.outline.symbols;
    let mut docs: BTreeMap<usize, Group> = BTreeMap::new();
    let mut specs: BTreeMap<usize, Group> = BTreeMap::new();
    for symbol in symbols {
        let Some((index, module)) = symbol.container.and_then(|index| Some((index, symbols.get(index)?))) else {
            continue;
        };
        let is_callable = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Macro | SymbolKind::Guard);
        let start = module.clauses.first().map_or(0, |clause| clause.range.start);
        if !is_callable
            || symbol.visibility != Visibility::Public
            || symbol.implements.is_some()
            || symbol.name.starts_with('_')
            || symbol.name.starts_with("unquote")
            || symbol.name == "child_spec"
            || module.kind != SymbolKind::Module
            || public.modules.contains(&start)
            || public.exempt.contains(&symbol.name_range.start)
        {
            continue;
        }
        let clause = symbol.clauses.first().map_or(symbol.range.start, |clause| clause.range.start);
        let before = file.source.get(symbol.range.start..clause).unwrap_or_default();
        if ["@doc false", "@doc(false)", "@deprecated"].iter().any(|mark| before.contains(mark)) {
            continue;
        }
        let group = docs.entry(index).or_default();
        match symbol.doc {
            Some(_) => group.with += 1,
            None if !before.contains("@doc") => group.without.push(symbol),
            None => {}
        }
        if symbol.kind == SymbolKind::Function && !symbol.signature.starts_with("defdelegate") {
            let group = specs.entry(index).or_default();
            if symbol.specs.is_empty() { group.without.push(symbol) } else { group.with += 1 }
        }
    }
    for (module, group) in docs {
        tell(file.outline, Some(module), &group, FindingKind::Undocumented, findings);
    }
    for (module, group) in specs {
        tell(file.outline, Some(module), &group, FindingKind::NoSpec, findings);
    }
}

fn tell(outline: &Outline, module: Option<usize>, group: &Group, kind: FindingKind, findings: &mut Vec<Finding>) {
    if group.with < LEAST.max(2 * group.without.len()) {
        return;
    }
    let what = if kind == FindingKind::NoSpec { "`@spec`" } else { "documentation" };
    let name = |symbol: &Symbol| match &symbol.arity {
        Some(arity) => code(&format!("{}/{}", symbol.name, arity.end())),
        None => code(&symbol.name),
    };
    if group.without.len() <= MOST {
        findings.extend(group.without.iter().map(|symbol| {
            let text = format!("The public {} {} has no {what}.", symbol.kind.as_str(), name(symbol));
            Finding::new(symbol.name_range.clone(), Severity::Info, kind, &text)
        }));
        return;
    }
    let module = module.and_then(|index| outline.symbols.get(index));
    let Some(place) = module.or(group.without.first().copied()) else { return };
    let of = module.map_or("this file".to_owned(), |module| code(&module.qualified));
    let names: Vec<_> = group.without.iter().map(|symbol| name(symbol)).collect();
    let items = count(names.len(), "public item");
    let text = format!("{items} of {of} have no {what}: {}.", capped(&names, MOST));
    findings.push(Finding::new(place.name_range.clone(), Severity::Info, kind, &text));
}
