//! What Rust bodies use: names resolved through imports, paths and the types of receivers.

use aiex_syntax::{Language, SymbolKind};
use rustc_hash::FxHashMap;

use super::{Def, Global, Graph, Lists, Used, Weights, modules::Place, rust_types::Types};
use crate::index::{
    ImportKind,
    names::{NONE, narrow},
    span_range,
};

/// Names shared by more definitions than this tell nothing.
pub(super) const MOST_NAMESAKES: usize = 8;

/// What is known of Rust in a workspace.
#[derive(Default)]
pub(super) struct Rust {
    /// Functions, constants and types of a type or trait, by their names.
    pub(super) members: FxHashMap<(Def, Global), Vec<Def>>,
    /// The traits that a type implements.
    pub(super) traits: FxHashMap<Def, Vec<Def>>,
    /// The types that a type stands for by `Deref`.
    pub(super) derefs: FxHashMap<Def, Def>,
    /// Fields and variants of a type, with the type of what they hold.
    pub(super) fields: FxHashMap<(Def, Global), Def>,
    /// Enums by the names of their variants.
    pub(super) variants: FxHashMap<Global, Vec<Def>>,
    /// Modules of every file, and of every crate by the name of its folder.
    pub(super) places: Vec<Vec<Global>>,
    pub(super) packages: Vec<Global>,
    /// What files import: by file and name, paths.
    pub(super) imports: Vec<FxHashMap<Global, Vec<Global>>>,
    pub(super) globs: Vec<Vec<Vec<Global>>>,
    /// Which names are known in advance.
    pub(super) known: Known,
}

/// Names with a meaning of their own.
#[derive(Default)]
pub(super) struct Known {
    pub(super) self_type: Option<Global>,
    pub(super) crate_: Option<Global>,
    pub(super) self_: Option<Global>,
    pub(super) super_: Option<Global>,
    pub(super) external: Vec<Global>,
    pub(super) wrappers: Vec<Global>,
    pub(super) transparent: Vec<Global>,
    pub(super) opaque: Vec<Global>,
    pub(super) prelude: Vec<Global>,
    pub(super) target: Option<Global>,
    pub(super) deref: Option<Global>,
}

pub(super) fn relate(graph: &mut Graph) {
    let mut rust = Rust::default();
    let list =
        |graph: &Graph, names: &[&str]| -> Vec<Global> { names.iter().filter_map(|name| graph.global(name)).collect() };
    rust.known = Known {
        self_type: Some(graph.intern("Self")),
        crate_: Some(graph.intern("crate")),
        self_: Some(graph.intern("self")),
        super_: Some(graph.intern("super")),
        external: list(graph, &["std", "core", "alloc"]),
        wrappers: list(graph, WRAPPERS),
        transparent: list(graph, TRANSPARENT),
        opaque: list(graph, OPAQUE),
        prelude: list(graph, PRELUDE),
        target: Some(graph.intern("Target")),
        deref: Some(graph.intern("Deref")),
    };
    for file in 0..graph.files.len() {
        let Some((path, is_rust)) =
            graph.files.get(file).map(|file| (file.path.clone(), file.language == Language::Rust))
        else {
            continue;
        };
        let place = Place::of(&path);
        let modules =
            if is_rust { place.modules.iter().map(|module| graph.intern(module)).collect() } else { Vec::new() };
        rust.places.push(modules);
        let package = place.package.replace('-', "_");
        let package = graph.intern(&package);
        rust.packages.push(package);
        let (imports, globs) = if is_rust { imports(graph, file) } else { Default::default() };
        rust.imports.push(imports);
        rust.globs.push(globs);
    }
    let count = graph.len();
    graph.owners = vec![NONE; count];
    graph.results = vec![NONE; count];
    rust.add_variants(graph);
    rust.add_owners(graph);
    rust.add_results(graph);
    graph.rust = rust;
}

/// The imports of a file: by the name they give, and by glob.
fn imports(graph: &Graph, file: usize) -> (FxHashMap<Global, Vec<Global>>, Vec<Vec<Global>>) {
    let (mut named, mut globs) = (FxHashMap::default(), Vec::new());
    let Some(file) = graph.files.get(file) else { return (named, globs) };
    let global = |name: &u32| file.globals.get(*name as usize).copied();
    for import in &file.index.imports {
        let path: Vec<_> =
            file.index.segments.get(span_range(import.path)).unwrap_or_default().iter().filter_map(global).collect();
        match (import.kind, global(&import.name)) {
            (ImportKind::Glob, _) => globs.push(path),
            (_, Some(name)) => _ = named.entry(name).or_insert(path),
            _ => {}
        }
    }
    (named, globs)
}

impl Rust {
    fn add_variants(&mut self, graph: &Graph) {
        for file in graph.files.iter().filter(|file| file.language == Language::Rust) {
            for (item, def) in file.index.items.iter().zip(file.first..) {
                if item.kind != SymbolKind::Enum {
                    continue;
                }
                for (name, _) in file.index.fields.get(span_range(item.fields)).unwrap_or_default() {
                    if let Some(name) = file.globals.get(*name as usize) {
                        self.variants.entry(*name).or_default().push(def);
                    }
                }
            }
        }
    }

    /// Whose members functions are, and which traits types implement.
    fn add_owners(&mut self, graph: &mut Graph) {
        let mut owners = std::mem::take(&mut graph.owners);
        for (number, file) in graph.files.iter().enumerate().filter(|(_, file)| file.language == Language::Rust) {
            // First what impls and traits are of, then what they contain.
            for (item, def) in file.index.items.iter().zip(file.first..) {
                let owner = match item.kind {
                    SymbolKind::Impl => {
                        let of_type = self.first_type(graph, number, def, item.of_type, None);
                        let of_trait = self.first_type(graph, number, def, item.of_trait, None);
                        if let (Some(of_type), Some(of_trait)) = (of_type, of_trait) {
                            let traits = self.traits.entry(of_type).or_default();
                            if !traits.contains(&of_trait) {
                                traits.push(of_trait);
                            }
                        }
                        // An impl for a type of elsewhere gives members to its trait.
                        of_type.or(of_trait)
                    }
                    SymbolKind::Trait => Some(def),
                    _ if item.container != NONE => {
                        let container = file.first + item.container;
                        let is_type = matches!(graph.kind(container), Some(SymbolKind::Impl | SymbolKind::Trait));
                        is_type
                            .then(|| owners.get(container as usize).copied())
                            .flatten()
                            .filter(|owner| *owner != NONE)
                    }
                    _ => None,
                };
                let Some(owner) = owner else { continue };
                if let Some(entry) = owners.get_mut(def as usize) {
                    *entry = owner;
                }
                if !matches!(item.kind, SymbolKind::Impl | SymbolKind::Trait)
                    && let Some(name) = file.globals.get(item.name as usize)
                {
                    self.members.entry((owner, *name)).or_default().push(def);
                }
            }
        }
        graph.owners = owners;
    }

    fn add_results(&mut self, graph: &mut Graph) {
        // Twice, so that an alias of what is defined later is known.
        for _ in 0..2 {
            let mut results = std::mem::take(&mut graph.results);
            for (number, file) in graph.files.iter().enumerate().filter(|(_, file)| file.language == Language::Rust) {
                for (item, def) in file.index.items.iter().zip(file.first..) {
                    let owner = graph.owner(def);
                    let result = self.first_type(graph, number, def, item.result, owner);
                    if let (Some(result), Some(entry)) = (result, results.get_mut(def as usize)) {
                        *entry = result;
                    }
                }
            }
            graph.results = results;
        }
        let mut heads = Vec::new();
        for (number, file) in graph.files.iter().enumerate().filter(|(_, file)| file.language == Language::Rust) {
            let mut of_file = Lists::default();
            for (item, def) in file.index.items.iter().zip(file.first..) {
                let owner = graph.owner(def);
                let types = Types::of(self, graph, number, def, item.head_uses, owner);
                of_file.push(types.mentioned());
                let fields = file.index.fields.get(span_range(item.fields)).unwrap_or_default();
                let typed = fields
                    .iter()
                    .filter_map(|(name, of)| Some(((def, *file.globals.get(*name as usize)?), types.get(*of)?)));
                let typed: Vec<_> = typed.collect();
                self.fields.extend(typed);
            }
            heads.push((number, of_file.shrunk()));
        }
        graph.set_head_types(heads);
        // `impl Deref for A { type Target = B; }`
        for file in graph.files.iter().filter(|file| file.language == Language::Rust) {
            for (item, def) in file.index.items.iter().zip(file.first..) {
                let global = |name: u32| file.globals.get(name as usize).copied();
                let is_target = item.kind == SymbolKind::Type && global(item.name) == self.known.target;
                let is_deref = is_target && global(item.serves).is_some_and(|serves| Some(serves) == self.known.deref);
                if let (true, Some(owner), Some(result)) = (is_deref, graph.owner(def), graph.result(def)) {
                    self.derefs.insert(owner, result);
                }
            }
        }
    }

    /// The first type of the workspace that a type as written names.
    fn first_type(&self, graph: &Graph, file: usize, def: Def, of: u32, owner: Option<Def>) -> Option<Def> {
        let index = &graph.files.get(file)?.index;
        let one = index.uses.get(of as usize)?;
        let begin = one.base;
        Types::of(self, graph, file, def, (begin, of + 1), owner).get(of)
    }

    /// A member of a type by name: its own, of its traits, or of what it stands for.
    pub(super) fn member(&self, of: Def, name: Global) -> Option<&[Def]> {
        let mut at = of;
        for _ in 0..4 {
            if let Some(found) = self.members.get(&(at, name)) {
                return Some(found);
            }
            let of_traits = self.traits.get(&at).into_iter().flatten().find_map(|one| self.members.get(&(*one, name)));
            if let Some(found) = of_traits {
                return Some(found);
            }
            at = *self.derefs.get(&at)?;
        }
        None
    }

    pub(super) fn field(&self, of: Def, name: Global) -> Option<Def> {
        let mut at = of;
        for _ in 0..4 {
            if let Some(found) = self.fields.get(&(at, name)) {
                return Some(*found);
            }
            at = *self.derefs.get(&at)?;
        }
        None
    }

    /// The whole path of a name, from the crate on, if that is not one of the workspace's.
    pub(super) fn path_of_elsewhere(&self, graph: &Graph, file: usize, def: Def, name: Global) -> Option<Vec<String>> {
        let path = match self.imports.get(file).and_then(|imports| imports.get(&name)) {
            Some(path) => path.clone(),
            None => vec![name],
        };
        let first = path.first()?;
        let keywords = [self.known.crate_, self.known.self_, self.known.super_, self.known.self_type];
        let is_own =
            keywords.contains(&Some(*first)) || self.known.external.contains(first) || self.packages.contains(first);
        let is_module = graph.text(*first).starts_with(|char: char| char.is_lowercase());
        (!is_own && is_module && self.path(graph, file, def, &path).is_empty())
            .then(|| path.into_iter().map(|name| graph.text(name).to_owned()).collect())
    }

    /// What a file imports by name.
    pub(super) fn imported(&self, graph: &Graph, file: usize) -> Vec<Def> {
        let mut names: Vec<_> = self.imports.get(file).into_iter().flatten().collect();
        names.sort();
        let first = graph.files.get(file).map_or(0, |file| file.first);
        names.into_iter().flat_map(|(_, path)| self.path(graph, file, first, path)).collect()
    }

    /// What the bodies of a file use.
    pub(super) fn rows(&self, graph: &Graph, number: usize) -> Lists<Used> {
        let mut rows = Lists::default();
        let Some(file) = graph.files.get(number) else { return rows };
        for (item, def) in file.index.items.iter().zip(file.first..) {
            let mut weights = Weights::default();
            if item.body_uses.0 < item.body_uses.1 {
                let heads = (item.head_uses.0, item.body_uses.1);
                let types = Types::of(self, graph, number, def, heads, graph.owner(def));
                types.weigh(item.body_uses, &mut weights);
            }
            rows.push(weights.row(def));
        }
        rows
    }
}

pub(super) fn count(number: usize) -> f32 {
    f32::from(u16::try_from(narrow(number)).unwrap_or(u16::MAX))
}

/// Constructors of the standard library that hold what they are given.
const WRAPPERS: &[&str] = &[
    "Some",
    "Ok",
    "Err",
    "Box",
    "Arc",
    "Rc",
    "RefCell",
    "Cell",
    "Mutex",
    "RwLock",
    "Pin",
    "Cow",
    "Reverse",
    "ManuallyDrop",
    "Wrapping",
    "OnceCell",
    "OnceLock",
];

/// Methods of the standard library after which a value, or what it holds, still is of the same type of the workspace.
const TRANSPARENT: &[&str] = &[
    "as_deref",
    "as_deref_mut",
    "as_mut",
    "as_ref",
    "as_slice",
    "binary_search_by",
    "borrow",
    "borrow_mut",
    "by_ref",
    "chain",
    "clone",
    "cloned",
    "collect",
    "context",
    "copied",
    "cycle",
    "dedup",
    "drain",
    "entry",
    "enumerate",
    "err",
    "expect",
    "extend",
    "filter",
    "find",
    "first",
    "first_mut",
    "flatten",
    "for_each",
    "fuse",
    "get",
    "get_mut",
    "get_or_insert_with",
    "get_or_init",
    "inspect",
    "insert",
    "into_inner",
    "into_iter",
    "iter",
    "iter_mut",
    "keys",
    "last",
    "last_mut",
    "lock",
    "max_by_key",
    "min_by_key",
    "next",
    "nth",
    "ok",
    "ok_or",
    "ok_or_else",
    "or",
    "or_default",
    "or_else",
    "or_insert",
    "or_insert_with",
    "peek",
    "peek_mut",
    "peekable",
    "pop",
    "pop_back",
    "pop_front",
    "position",
    "push",
    "read",
    "remove",
    "replace",
    "retain",
    "rev",
    "skip",
    "skip_while",
    "sort_by",
    "sort_by_key",
    "split_at",
    "split_first",
    "split_last",
    "step_by",
    "swap_remove",
    "take",
    "take_while",
    "to_owned",
    "to_vec",
    "unwrap",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
    "upgrade",
    "values",
    "values_mut",
    "windows",
    "write",
    "zip",
    "any",
    "all",
    "map",
    "map_err",
    "and_then",
    "fold",
    "filter_map",
    "flat_map",
    "is_some_and",
    "map_or",
    "map_or_else",
    "partition",
    "then",
    "is_none_or",
];

/// Methods of atomics and of the standard library's collections, of which a call on what nothing is known of says
/// nothing.
const OPAQUE: &[&str] = &[
    "append",
    "compare_exchange",
    "compare_exchange_weak",
    "contains_key",
    "fetch_add",
    "fetch_and",
    "fetch_max",
    "fetch_min",
    "fetch_or",
    "fetch_sub",
    "fetch_update",
    "load",
    "push_back",
    "push_front",
    "store",
    "swap",
    "truncate",
];

/// Names that mean the standard library's unless a file says otherwise.
const PRELUDE: &[&str] = &[
    "Option",
    "Result",
    "Some",
    "None",
    "Ok",
    "Err",
    "Vec",
    "String",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Into",
    "Iterator",
    "IntoIterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Send",
    "Sync",
    "Sized",
    "ToString",
    "ToOwned",
    "AsRef",
    "AsMut",
    "TryFrom",
    "TryInto",
    "Extend",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "format",
    "panic",
    "println",
    "eprintln",
    "print",
    "write",
    "writeln",
    "vec",
    "todo",
    "unimplemented",
    "unreachable",
    "matches",
    "drop",
    "include_str",
    "concat",
    "stringify",
    "cfg",
    "env",
    "line",
    "file",
];
