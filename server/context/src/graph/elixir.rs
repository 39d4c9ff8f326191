//! What Elixir bodies use: functions by module, name and arity, through aliases, imports and `use`.

use aiex_syntax::{Language, SymbolKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Def, File, Global, Graph, Lists, Used, Weights};
use crate::index::{
    Import, ImportKind,
    item::Span,
    names::NONE,
    span_range, template,
    uses::{UNKNOWN_ARITY, Use, What},
};

/// What `use` brings in is followed this deep.
const USE_DEPTH: usize = 3;

/// What is known of Elixir in a workspace.
#[derive(Default)]
pub(super) struct Elixir {
    /// Modules, protocols and implementations by their full names.
    modules: FxHashMap<Global, Vec<Def>>,
    /// Functions of a module by name.
    functions: FxHashMap<(Def, Global), Vec<Def>>,
    /// The struct of a module.
    structs: FxHashMap<Def, Def>,
    /// Of templates, the modules that embed them.
    templates: FxHashMap<Def, Def>,
    /// Of each file, by the item in which they hold, its directives.
    scopes: Vec<FxHashMap<Option<Def>, Vec<Resolved>>>,
}

/// A directive with its module in full.
#[derive(Clone, Copy)]
struct Resolved {
    kind: ImportKind,
    /// What an alias is known as.
    name: Option<Global>,
    module: Global,
}

pub(super) fn relate(graph: &mut Graph) {
    let mut elixir = Elixir::default();
    for file in graph.files.iter().filter(|file| file.language == Language::Elixir) {
        for (item, def) in file.index.items.iter().zip(file.first..) {
            let Some(name) = file.globals.get(item.name as usize).copied() else { continue };
            if matches!(item.kind, SymbolKind::Module | SymbolKind::Protocol | SymbolKind::Impl) {
                elixir.modules.entry(name).or_default().push(def);
            }
        }
    }
    elixir.templates = templates(graph);
    let mut owners = std::mem::take(&mut graph.owners);
    for file in graph.files.iter().filter(|file| file.language == Language::Elixir) {
        for (item, def) in file.index.items.iter().zip(file.first..) {
            let (Some(name), Some(module)) = (
                file.globals.get(item.name as usize).copied(),
                match graph.container(def) {
                    Some(container) => module_of(graph, container),
                    None => elixir.templates.get(&def).copied(),
                },
            ) else {
                continue;
            };
            match item.kind {
                SymbolKind::Function | SymbolKind::Macro | SymbolKind::Guard | SymbolKind::Type => {
                    elixir.functions.entry((module, name)).or_default().push(def)
                }
                SymbolKind::Struct | SymbolKind::Exception => _ = elixir.structs.insert(module, def),
                _ => {}
            }
            if let Some(entry) = owners.get_mut(def as usize) {
                *entry = module;
            }
        }
    }
    graph.owners = owners;
    for number in 0..graph.files.len() {
        let scopes = elixir.directives(graph, number);
        elixir.scopes.push(scopes);
    }
    // A template knows what its module knows.
    for (template, module) in &elixir.templates {
        let file = |def: &Def| graph.file_of.get(*def as usize).map(|file| *file as usize);
        let (Some(of), Some(to)) = (file(module), file(template)) else { continue };
        let known = elixir.scopes.get(of);
        let known = [None, Some(*module)].map(|scope| known.and_then(|known| known.get(&scope)).cloned());
        if let Some(scopes) = elixir.scopes.get_mut(to) {
            scopes.entry(None).or_default().extend(known.into_iter().flatten().flatten());
        }
    }
    let mut heads = Vec::new();
    for (number, file) in graph.files.iter().enumerate().filter(|(_, file)| file.language == Language::Elixir) {
        let mut of_file = Lists::default();
        for (item, def) in file.index.items.iter().zip(file.first..) {
            of_file.push(elixir.types(graph, number, def, item.head_uses));
        }
        heads.push((number, of_file.shrunk()));
    }
    graph.set_head_types(heads);
    graph.elixir = elixir;
}

/// Templates and the modules that embed them: the LiveView or component of the same name beside one, the module of its
/// folder's name, or the view of a folder of `templates`.
fn templates(graph: &Graph) -> FxHashMap<Def, Def> {
    let is_template = |file: &&File| file.language == Language::Elixir && template::is_template(&file.path);
    let found = graph.files.iter().filter(is_template).filter_map(|file| {
        let (folder, stem) = (file.path.rsplit_once('/').map_or("", |(folder, _)| folder), template::stem(&file.path));
        let view = folder.rsplit_once("templates/").map(|(root, name)| format!("{root}views/{name}_view.ex"));
        let owners = [Some(format!("{folder}/{stem}.ex")), Some(format!("{folder}.ex")), view];
        let owner = owners.into_iter().flatten().find_map(|path| graph.files.get(graph.file(&path)? as usize))?;
        let module = owner.index.items.iter().zip(owner.first..).find(|(item, _)| item.kind == SymbolKind::Module)?;
        Some((file.first, module.1))
    });
    found.collect()
}

/// What gives a template of a module its assigns.
const GIVES_ASSIGNS: [&str; 5] = ["mount", "update", "handle_params", "handle_event", "handle_info"];

/// The module that an item is or stands in.
fn module_of(graph: &Graph, def: Def) -> Option<Def> {
    let mut at = Some(def);
    while let Some(def) = at {
        if matches!(graph.kind(def), Some(SymbolKind::Module | SymbolKind::Protocol | SymbolKind::Impl)) {
            return Some(def);
        }
        at = graph.container(def);
    }
    None
}

/// The items around one, itself first, and then the file.
fn scopes(graph: &Graph, def: Def) -> impl Iterator<Item = Option<Def>> + '_ {
    std::iter::successors(Some(Some(def)), move |at| at.map(|def| graph.container(def)))
}

impl Elixir {
    fn directives(&self, graph: &mut Graph, number: usize) -> FxHashMap<Option<Def>, Vec<Resolved>> {
        let mut found: FxHashMap<Option<Def>, Vec<Resolved>> = FxHashMap::default();
        let Some(file) = graph.files.get(number).filter(|file| file.language == Language::Elixir) else { return found };
        let (index, first, globals) = (file.index.clone(), file.first, file.globals.clone());
        for Import { kind, name, path, owner } in &index.imports {
            let owner = (*owner != NONE).then(|| first + owner);
            let mut parts =
                index.segments.get(span_range(*path)).unwrap_or_default().iter().map(|part| index.names.get(*part));
            let Some(head) = parts.next() else { continue };
            let head = full_name(graph, &found, owner, head);
            let full = match parts.next() {
                Some(inner) => format!("{head}.{inner}"),
                None => head,
            };
            let module = graph.intern(&full);
            let name = globals.get(*name as usize).copied();
            found.entry(owner).or_default().push(Resolved { kind: *kind, name, module });
        }
        found
    }

    /// What a module as written in an item means, by its full name.
    fn module(
        &self,
        graph: &Graph,
        number: usize,
        def: Def,
        written: &str,
        used: &mut Option<Vec<Resolved>>,
    ) -> Option<Def> {
        let scopes_of = self.scopes.get(number)?;
        let full = full_name(graph, scopes_of, Some(def), written);
        if let Some(found) = graph.global(&full).and_then(|name| self.modules.get(&name)) {
            return found.first().copied();
        }
        // Aliases that `use` brings in.
        let (first, rest) = written.split_once('.').map_or((written, ""), |(first, rest)| (first, rest));
        let first = graph.global(first)?;
        let used = used.get_or_insert_with(|| self.used(graph, number, def));
        let alias = used.iter().find(|one| one.kind == ImportKind::Alias && one.name == Some(first))?;
        let mut full = graph.text(alias.module).to_owned();
        if !rest.is_empty() {
            full = format!("{full}.{rest}");
        }
        graph.global(&full).and_then(|name| self.modules.get(&name))?.first().copied()
    }

    /// What the modules that an item's module uses have in their `__using__`, or in the functions that it calls.
    fn used(&self, graph: &Graph, number: usize, def: Def) -> Vec<Resolved> {
        let mut found = Vec::new();
        let here = self.scopes.get(number);
        let mut next: Vec<Global> = scopes(graph, def)
            .flat_map(|scope| here.and_then(|here| here.get(&scope)).into_iter().flatten())
            .filter(|one| one.kind == ImportKind::Use)
            .map(|one| one.module)
            .collect();
        let mut seen = FxHashSet::default();
        for _ in 0..USE_DEPTH {
            let mut further = Vec::new();
            for module in
                std::mem::take(&mut next).into_iter().filter(|module| seen.insert(*module)).collect::<Vec<_>>()
            {
                for def in self.modules.get(&module).into_iter().flatten() {
                    let Some(file) = graph.file_of.get(*def as usize).map(|file| *file as usize) else { continue };
                    let Some(of) = self.scopes.get(file) else { continue };
                    let mut inside: Vec<_> = of
                        .iter()
                        .filter(|(owner, _)| {
                            owner.is_some_and(|owner| owner != *def && graph.container(owner) == Some(*def))
                        })
                        .collect();
                    inside.sort_by_key(|(owner, _)| **owner);
                    for one in inside.into_iter().flat_map(|(_, all)| all) {
                        match one.kind {
                            ImportKind::Use => further.push(one.module),
                            _ => found.push(*one),
                        }
                    }
                }
            }
            next = further;
        }
        found
    }

    /// The module that a definition stands in, or is embedded in.
    fn owner(&self, graph: &Graph, def: Def) -> Option<Def> {
        self.templates.get(&def).copied().or_else(|| module_of(graph, def))
    }

    /// A function of a module by name, of the arity where that is known.
    fn function(&self, graph: &Graph, module: Def, name: Global, arity: u8) -> Vec<Def> {
        let named = self.functions.get(&(module, name)).map_or(&[][..], Vec::as_slice);
        let fits = |def: &&Def| graph.item(**def).is_some_and(|item| item.arity.0 <= arity && arity <= item.arity.1);
        let exact: Vec<_> = named.iter().filter(fits).copied().collect();
        if !exact.is_empty() {
            return exact;
        }
        // Without parentheses the arity is a guess, and so is that of what is half typed.
        if arity == UNKNOWN_ARITY { named.to_vec() } else { Vec::new() }
    }

    fn call(
        &self,
        graph: &Graph,
        number: usize,
        def: Def,
        name: Global,
        arity: u8,
        used: &mut Option<Vec<Resolved>>,
    ) -> Vec<Def> {
        let Some(module) = self.owner(graph, def) else { return Vec::new() };
        // Of a module in another, the functions of the outer one are not in scope, except in tests of quoted code.
        let own = self.function(graph, module, name, arity);
        if !own.is_empty() {
            return own;
        }
        let here = self.scopes.get(number);
        let direct = scopes(graph, def).flat_map(|scope| here.and_then(|here| here.get(&scope)).into_iter().flatten());
        let direct: Vec<_> = direct.filter(|one| one.kind == ImportKind::Import).copied().collect();
        let used = used.get_or_insert_with(|| self.used(graph, number, def));
        for one in direct.iter().chain(used.iter().filter(|one| one.kind == ImportKind::Import)) {
            for module in self.modules.get(&one.module).into_iter().flatten() {
                let mut found = self.function(graph, *module, name, arity);
                found.retain(|def| graph.is_public(*def));
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    fn types(&self, graph: &Graph, number: usize, def: Def, span: Span) -> Vec<Def> {
        let mut types = Vec::new();
        self.each(graph, number, def, span, |one, found| {
            let of = match one.what {
                What::Module | What::Struct => found.first().copied(),
                _ => None,
            };
            if let Some(of) = of
                && !types.contains(&of)
            {
                types.push(of);
            }
        });
        types
    }

    /// Calls `visit` with each use of a range and what it means.
    fn each(&self, graph: &Graph, number: usize, def: Def, span: Span, mut visit: impl FnMut(&Use, Vec<Def>)) {
        let Some(file) = graph.files.get(number) else { return };
        let uses = file.index.uses.get(span.0 as usize..span.1 as usize).unwrap_or_default();
        let mut modules: Vec<Option<Def>> = vec![None; uses.len()];
        let mut used = None;
        for (at, one) in uses.iter().enumerate() {
            let Some(name) = file.globals.get(one.name as usize).copied() else { continue };
            let base = one.base.checked_sub(span.0).and_then(|base| modules.get(base as usize).copied()).flatten();
            let found = match one.what {
                What::Module => {
                    let module = self.module(graph, number, def, graph.text(name), &mut used);
                    if let (Some(module), Some(entry)) = (module, modules.get_mut(at)) {
                        *entry = Some(module);
                    }
                    module.into_iter().collect()
                }
                What::Struct => base.and_then(|module| self.structs.get(&module)).copied().into_iter().collect(),
                What::Call if one.base == NONE => self.call(graph, number, def, name, one.arity, &mut used),
                What::Call => base.map(|module| self.function(graph, module, name, one.arity)).unwrap_or_default(),
                What::Value => {
                    let module = self.owner(graph, def);
                    module.map(|module| self.function(graph, module, name, 0)).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            visit(one, found);
        }
    }

    /// What the bodies of a file use.
    pub(super) fn rows(&self, graph: &Graph, number: usize) -> Lists<Used> {
        let mut rows = Lists::default();
        let Some(file) = graph.files.get(number) else { return rows };
        for (item, def) in file.index.items.iter().zip(file.first..) {
            let mut weights = Weights::default();
            self.each(graph, number, def, item.body_uses, |one, found| {
                // A module that is only named may be anything: a process, a key, a behaviour's implementation.
                let weight = if one.what == What::Module { 0.0 } else { 1.0 };
                let weight = weight / super::rust::count(found.len().max(1));
                found.into_iter().filter(|_| weight > 0.0).for_each(|def| weights.add(def, weight));
            });
            if let Some(module) = self.templates.get(&def) {
                let named = GIVES_ASSIGNS.iter().filter_map(|name| self.functions.get(&(*module, graph.global(name)?)));
                named.flatten().for_each(|def| weights.add(*def, 0.5));
            }
            rows.push(weights.row(def));
        }
        rows
    }

    /// The full name of a module as written in an item, if no file of the workspace defines it.
    pub(super) fn module_of_elsewhere(&self, graph: &Graph, number: usize, def: Def, written: &str) -> Option<String> {
        self.module(graph, number, def, written, &mut None)
            .is_none()
            .then(|| self.scopes.get(number))?
            .map(|scopes| full_name(graph, scopes, Some(def), written))
    }

    /// The modules that directives name in an item's scopes.
    pub(super) fn imported(&self, graph: &Graph, number: usize, def: Def) -> Vec<Def> {
        let here = self.scopes.get(number);
        let direct = scopes(graph, def).flat_map(|scope| here.and_then(|here| here.get(&scope)).into_iter().flatten());
        let used = self.used(graph, number, def);
        let modules = direct.chain(&used).filter_map(|one| self.modules.get(&one.module)).flatten();
        modules.flat_map(|module| [Some(*module), self.structs.get(module).copied()]).flatten().collect()
    }
}

/// The full name of a module as written in a scope.
fn full_name(
    graph: &Graph,
    found: &FxHashMap<Option<Def>, Vec<Resolved>>,
    owner: Option<Def>,
    written: &str,
) -> String {
    let (first, rest) = written.find('.').map_or((written, ""), |dot| written.split_at(dot));
    let within = |def: Def| graph.name(def).map_or("", |name| graph.text(name));
    if first == "__MODULE__" {
        let module = owner.and_then(|owner| module_of(graph, owner)).map_or("", within);
        return format!("{module}{rest}");
    }
    let mut at = owner;
    loop {
        if let Some(first) = graph.global(first)
            && let Some(alias) = found
                .get(&at)
                .into_iter()
                .flatten()
                .rev()
                .find(|one| one.kind == ImportKind::Alias && one.name == Some(first))
        {
            return format!("{}{rest}", graph.text(alias.module));
        }
        let Some(def) = at else { break };
        // A module nested in another is known there by its own name.
        if graph.kind(def) == Some(SymbolKind::Module) {
            let nested = format!("{}.{first}", within(def));
            let is_module = |def: &Def| graph.kind(*def) == Some(SymbolKind::Module);
            if graph
                .global(&nested)
                .and_then(|name| graph.by_name.get(name as usize))
                .is_some_and(|named| named.iter().any(is_module))
            {
                return format!("{nested}{rest}");
            }
        }
        at = graph.container(def);
    }
    written.to_owned()
}
