//! [`resolve`]: which symbol of its file a call calls, where the syntax leaves no doubt.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use super::{
    calls::{Form, Found, Named},
    symbols::without_generics,
};
use crate::symbol::{Call, Symbol, SymbolKind};

/// Methods that the standard library has on many types: on a receiver whose type does not show, one of these says
/// nothing about a method of the file.
const COMMON: &[&str] = &[
    "abs",
    "add",
    "all",
    "and",
    "and_then",
    "any",
    "append",
    "as_bytes",
    "as_deref",
    "as_mut",
    "as_ref",
    "as_slice",
    "as_str",
    "await",
    "borrow",
    "borrow_mut",
    "bytes",
    "call",
    "chain",
    "chars",
    "clear",
    "clone",
    "cloned",
    "cmp",
    "collect",
    "contains",
    "contains_key",
    "copied",
    "count",
    "deref",
    "deref_mut",
    "drain",
    "drop",
    "ends_with",
    "entry",
    "enumerate",
    "eq",
    "err",
    "expect",
    "extend",
    "filter",
    "filter_map",
    "find",
    "find_map",
    "finish",
    "first",
    "flat_map",
    "flatten",
    "flush",
    "fmt",
    "fold",
    "for_each",
    "from",
    "from_str",
    "get",
    "get_mut",
    "hash",
    "index",
    "insert",
    "into",
    "into_iter",
    "is_empty",
    "is_err",
    "is_none",
    "is_ok",
    "is_some",
    "iter",
    "iter_mut",
    "join",
    "keys",
    "last",
    "len",
    "lines",
    "lock",
    "map",
    "map_err",
    "max",
    "min",
    "mul",
    "ne",
    "neg",
    "new",
    "next",
    "not",
    "nth",
    "ok",
    "ok_or",
    "open",
    "or",
    "or_else",
    "parse",
    "partial_cmp",
    "peek",
    "poll",
    "pop",
    "position",
    "push",
    "push_str",
    "range",
    "read",
    "recv",
    "remove",
    "replace",
    "resize",
    "retain",
    "rev",
    "send",
    "set",
    "skip",
    "sort",
    "sort_by",
    "sort_by_key",
    "spawn",
    "split",
    "start",
    "starts_with",
    "sub",
    "sum",
    "swap",
    "take",
    "then",
    "to_owned",
    "to_string",
    "trim",
    "truncate",
    "try_from",
    "try_into",
    "unwrap",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
    "values",
    "wait",
    "with",
    "write",
    "write_str",
    "zip",
];

/// Calls in the order of the text, with their targets.
pub(super) fn resolve(found: Found, symbols: &[Symbol]) -> Vec<Call> {
    let Found { mut calls, bound, imported } = found;
    let names = Names::of(symbols);
    let resolver = Resolver { symbols, names, bound: &bound, imported: &imported };
    for named in &mut calls {
        named.call.target = resolver.target(named);
    }
    calls.retain(|named| !named.is_value || named.call.target.is_some());
    calls.sort_by_key(|named| named.call.name_range.start);
    calls.into_iter().map(|named| named.call).collect()
}

/// The symbol of a name, or `None` where several have it.
type Only<Key> = HashMap<Key, Option<usize>>;

fn put<Key: Hash + Eq>(names: &mut Only<Key>, key: Key, index: usize) {
    names.entry(key).and_modify(|only| *only = None).or_insert(Some(index));
}

fn only<Key: Hash + Eq>(names: &Only<Key>, key: &Key) -> Option<usize> {
    names.get(key).copied().flatten()
}

/// The symbols of a file by the ways in which code names them.
#[derive(Default)]
struct Names<'a> {
    /// Functions by what holds them.
    functions: Only<(Option<usize>, &'a str)>,
    /// Functions that stand in a module or the file itself.
    functions_anywhere: Only<&'a str>,
    /// Methods by the type or trait whose they are; those of no trait, then those of traits.
    inherent: Only<(String, &'a str)>,
    of_traits: Only<(String, &'a str)>,
    methods_anywhere: Only<&'a str>,
    macros: Only<&'a str>,
    /// Modules whose body is in the file, by what holds them.
    modules: Only<(Option<usize>, &'a str)>,
    modules_anywhere: Only<&'a str>,
}

impl<'a> Names<'a> {
    fn of(symbols: &'a [Symbol]) -> Self {
        let mut names = Names::default();
        for (index, symbol) in symbols.iter().enumerate() {
            let name = symbol.name.as_str();
            let container = symbol.container.and_then(|container| symbols.get(container));
            match symbol.kind {
                SymbolKind::Function | SymbolKind::Test => {
                    put(&mut names.functions, (symbol.container, name), index);
                    if container.is_none_or(|container| container.kind == SymbolKind::Module) {
                        put(&mut names.functions_anywhere, name, index);
                    }
                }
                SymbolKind::Method => {
                    let owner = container.map(owner).unwrap_or_default();
                    let methods = match symbol.implements {
                        Some(_) => &mut names.of_traits,
                        None => &mut names.inherent,
                    };
                    put(methods, (owner, name), index);
                    put(&mut names.methods_anywhere, name, index);
                }
                SymbolKind::Macro => put(&mut names.macros, name, index),
                SymbolKind::Module if symbol.body().is_some() => {
                    put(&mut names.modules, (symbol.container, name), index);
                    put(&mut names.modules_anywhere, name, index);
                }
                _ => {}
            }
        }
        names
    }
}

/// The name of the type or trait whose methods an impl or a trait holds: `Cart` for `impl Display for shop::Cart<'_>`.
fn owner(container: &Symbol) -> String {
    let of_type = match &container.implements {
        Some(of_trait) => container.name.strip_prefix(of_trait.as_str()).and_then(|rest| rest.strip_prefix(" for ")),
        None => None,
    };
    let name = without_generics(of_type.unwrap_or(&container.name));
    let last =
        name.rsplit(|char: char| !(char.is_alphanumeric() || char == '_')).next().filter(|last| !last.is_empty());
    last.map(str::to_owned).unwrap_or(name)
}

struct Resolver<'a> {
    symbols: &'a [Symbol],
    names: Names<'a>,
    bound: &'a HashSet<(Option<usize>, &'a str)>,
    imported: &'a HashMap<(Option<usize>, &'a str), &'a str>,
}

impl<'a> Resolver<'a> {
    fn target(&self, named: &Named<'a>) -> Option<usize> {
        let (name, caller) = (named.name, named.call.caller);
        match &named.form {
            Form::Plain => self.function(name, caller),
            Form::Path(path) => self.in_path(path, name, caller),
            Form::OnSelf => self.of_self(name, caller).or_else(|| self.method_anywhere(name)),
            Form::OnValue => self.method_anywhere(name),
            Form::Macro => only(&self.names.macros, &name),
            Form::Unknown => None,
        }
    }

    /// The containers of what holds a call, itself first, and at last the file.
    fn scopes(&self, caller: Option<usize>) -> impl Iterator<Item = Option<usize>> {
        std::iter::successors(Some(caller), |scope| Some(self.container((*scope)?)))
    }

    fn container(&self, index: usize) -> Option<usize> {
        self.symbols.get(index).and_then(|symbol| symbol.container)
    }

    /// A function by its plain name, from the innermost scope out: a module in a file sees the ones around it through
    /// `use super::*`. What a pattern binds or a `use` brings from elsewhere hides it.
    fn function(&self, name: &'a str, caller: Option<usize>) -> Option<usize> {
        for scope in self.scopes(caller) {
            if self.bound.contains(&(scope, name)) {
                return None;
            }
            if let Some(function) = self.names.functions.get(&(scope, name)) {
                return *function;
            }
            if self.imported.get(&(scope, name)).is_some_and(|first| !self.is_local(first)) {
                return None;
            }
        }
        only(&self.names.functions_anywhere, &name)
    }

    fn is_local(&self, segment: &'a str) -> bool {
        matches!(segment, "self" | "super") || self.names.modules_anywhere.contains_key(&segment)
    }

    fn in_path(&self, path: &[&'a str], name: &'a str, caller: Option<usize>) -> Option<usize> {
        let (last, before) = path.split_last()?;
        if *last == "Self" {
            return self.of_self(name, caller);
        }
        if last.starts_with(char::is_uppercase) {
            let local = before.iter().all(|segment| self.is_local(segment));
            return local.then(|| self.method((*last).to_owned(), name)).flatten();
        }
        let mut scopes = self.scopes(caller);
        let is_module = |index: usize| self.symbols.get(index).is_some_and(|symbol| symbol.kind == SymbolKind::Module);
        let mut module = scopes.find(|scope| scope.is_none_or(is_module)).flatten();
        for (at, segment) in path.iter().copied().enumerate() {
            module = match segment {
                "self" => module,
                "super" => self.scopes(self.container(module?)).find(|scope| scope.is_none_or(is_module))?,
                _ if at == 0 => {
                    let found = self.scopes(module).find_map(|scope| self.names.modules.get(&(scope, segment)));
                    Some((*found?)?)
                }
                _ => Some(only(&self.names.modules, &(module, segment))?),
            };
        }
        only(&self.names.functions, &(module, name))
    }

    /// A method of the type or trait in whose code the call stands.
    fn of_self(&self, name: &'a str, caller: Option<usize>) -> Option<usize> {
        let holds = |symbol: &&Symbol| matches!(symbol.kind, SymbolKind::Impl | SymbolKind::Trait);
        let holder = self.scopes(caller).flatten().find_map(|scope| self.symbols.get(scope).filter(holds))?;
        self.method(owner(holder), name)
    }

    fn method(&self, owner: String, name: &'a str) -> Option<usize> {
        let key = (owner, name);
        match self.names.inherent.get(&key) {
            Some(method) => *method,
            None => only(&self.names.of_traits, &key),
        }
    }

    fn method_anywhere(&self, name: &'a str) -> Option<usize> {
        COMMON.binary_search(&name).is_err().then(|| only(&self.names.methods_anywhere, &name)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_sorted_for_the_search() {
        assert!(COMMON.is_sorted());
    }
}
