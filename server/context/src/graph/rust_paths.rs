//! Paths of Rust: which definitions a name or a path may mean in a file.

use aiex_syntax::SymbolKind;

use super::{
    Def, Global, Graph,
    rust::{MOST_NAMESAKES, Rust},
};

/// Names that so many definitions have are not looked at: `new` and its like are members.
const MOST_NAMED: usize = 2000;

/// The definitions that a path may mean, as good as each other.
pub(super) type Meant = Vec<Def>;

impl Rust {
    /// What a path of these names means in a file; nothing for what is of elsewhere or shared by too many.
    pub(super) fn path(&self, graph: &Graph, file: usize, def: Def, path: &[Global]) -> Meant {
        let Some((first, rest)) = path.split_first() else { return Meant::new() };
        let known = &self.known;
        if known.external.contains(first) {
            return Meant::new();
        }
        if rest.is_empty() {
            return self.name(graph, file, def, *first);
        }
        let relative = [known.crate_, known.self_, known.super_].contains(&Some(*first));
        if !relative && let Some(import) = self.imports.get(file).and_then(|imports| imports.get(first)) {
            let whole: Vec<_> = import.iter().chain(rest).copied().collect();
            return self.absolute(graph, file, &whole);
        }
        self.absolute(graph, file, path)
    }

    /// A name alone.
    fn name(&self, graph: &Graph, file: usize, def: Def, name: Global) -> Meant {
        if let Some(import) = self.imports.get(file).and_then(|imports| imports.get(&name)) {
            let found = self.absolute(graph, file, import);
            // `use Enum::{Variant}`, `use crate::macro_name`.
            return found;
        }
        let free = self.free(graph, name);
        let here: Meant = free
            .iter()
            .copied()
            .filter(|found| graph.file_of.get(*found as usize) == graph.file_of.get(def as usize))
            .collect();
        if !here.is_empty() {
            return nearest(graph, def, here);
        }
        for glob in self.globs.get(file).into_iter().flatten() {
            let path: Vec<_> = glob.iter().copied().chain([name]).collect();
            let found = self.absolute_strict(graph, file, &path);
            if !found.is_empty() {
                return found;
            }
        }
        if self.known.prelude.contains(&name) {
            return Meant::new();
        }
        // A macro is in scope by its text; anything else is so only by a glob that was not understood.
        let macros: Meant =
            free.iter().copied().filter(|found| graph.kind(*found) == Some(SymbolKind::Macro)).collect();
        let found = if macros.is_empty() { free } else { macros };
        narrowed(graph, file, found)
    }

    /// Definitions with a name that are no members; enums for their variants.
    fn free(&self, graph: &Graph, name: Global) -> Meant {
        let named = graph.by_name.get(name as usize).filter(|named| named.len() <= MOST_NAMED);
        let named = named.into_iter().flatten().copied();
        named.filter(|def| self.is_free(graph, *def)).collect()
    }

    fn is_free(&self, graph: &Graph, def: Def) -> bool {
        graph.kind(def).is_some_and(|kind| match kind {
            SymbolKind::Impl | SymbolKind::Module | SymbolKind::Test => false,
            SymbolKind::Trait => true,
            _ => graph.owner(def).is_none(),
        }) && graph.file_of(def).is_some_and(|file| file.language == aiex_syntax::Language::Rust)
    }

    fn absolute(&self, graph: &Graph, file: usize, path: &[Global]) -> Meant {
        let found = self.absolute_strict(graph, file, path);
        if !found.is_empty() {
            return found;
        }
        let Some((name, before)) = path.split_last() else { return found };
        // A type and what belongs to it.
        if let Some((owner, modules)) = before.split_last() {
            let types: Vec<_> = modules.iter().chain([owner]).copied().collect();
            let owners = self.absolute_strict(graph, file, &types);
            let members: Meant =
                owners.iter().flat_map(|owner| self.member(*owner, *name).unwrap_or_default()).copied().collect();
            if !members.is_empty() {
                return members;
            }
            let variants: Meant = owners
                .into_iter()
                .filter(|owner| self.variants.get(name).is_some_and(|enums| enums.contains(owner)))
                .collect();
            if !variants.is_empty() {
                return variants;
            }
        }
        Meant::new()
    }

    /// A path from the crate, from another crate of the workspace, or from a module near by. Re-exports hide where a
    /// definition stands, so it is enough that no module of the path contradicts.
    fn absolute_strict(&self, graph: &Graph, file: usize, path: &[Global]) -> Meant {
        let known = &self.known;
        let Some((name, before)) = path.split_last() else { return Meant::new() };
        if before.first().is_some_and(|first| known.external.contains(first)) {
            return Meant::new();
        }
        let free = self.free(graph, *name);
        if free.is_empty() {
            return free;
        }
        let keywords = [known.crate_, known.self_, known.super_];
        let is_relative = before.first().is_some_and(|first| keywords.contains(&Some(*first)));
        let modules: Vec<_> = before.iter().copied().filter(|module| !keywords.contains(&Some(*module))).collect();
        let package = self.packages.get(file).copied();
        let mut best = 0;
        let mut found = Meant::new();
        for def in free {
            let Some(of) = graph.file_of.get(def as usize).map(|file| *file as usize) else { continue };
            let in_package = self.packages.get(of).copied();
            let mut place = self.places.get(of).cloned().unwrap_or_default();
            inline_modules(graph, def, &mut place);
            let mut score = 1;
            let in_crate = match is_relative {
                true => in_package == package,
                false => modules.first().copied() == in_package && in_package.is_some(),
            };
            if in_crate {
                score += 2;
            }
            let shared = modules.iter().filter(|module| place.contains(module)).count();
            score += shared * 2;
            if place.ends_with(&modules) && !modules.is_empty() {
                score += 3;
            }
            // A path through a crate of elsewhere.
            let known_head =
                is_relative || modules.is_empty() || modules.first().copied() == in_package || shared > 0 || of == file;
            if !known_head || is_relative && in_package != package {
                continue;
            }
            if score > best {
                best = score;
                found.clear();
            }
            if score == best {
                found.push(def);
            }
        }
        narrowed(graph, file, found)
    }
}

/// Adds the modules around a definition within its file.
fn inline_modules(graph: &Graph, def: Def, place: &mut Vec<Global>) {
    let at = place.len();
    let mut container = graph.container(def);
    while let Some(outer) = container {
        if graph.kind(outer) == Some(SymbolKind::Module)
            && let Some(name) = graph.name(outer)
        {
            place.insert(at, name);
        }
        container = graph.container(outer);
    }
}

/// Of several in one file, those in the same or an outer module.
fn nearest(graph: &Graph, def: Def, found: Meant) -> Meant {
    if found.len() < 2 {
        return found;
    }
    let mut scope = graph.container(def);
    loop {
        let here: Meant = found.iter().copied().filter(|found| graph.container(*found) == scope).collect();
        if !here.is_empty() {
            return here;
        }
        let Some(outer) = scope else { return found };
        scope = graph.container(outer);
    }
}

/// Those of the same file, else of the same folder, else all if they are not too many.
pub(super) fn narrowed(graph: &Graph, file: usize, found: Meant) -> Meant {
    if found.len() < 2 {
        return found;
    }
    let folder = graph.files.get(file).map(|file| file.folder);
    let of = |def: &Def| graph.file_of.get(*def as usize).map(|file| *file as usize);
    let same_file: Meant = found.iter().copied().filter(|def| of(def) == Some(file)).collect();
    if !same_file.is_empty() {
        return same_file;
    }
    let same_folder: Meant =
        found.iter().copied().filter(|def| graph.file_of(*def).map(|file| file.folder) == folder).collect();
    let found = if same_folder.is_empty() { found } else { same_folder };
    if found.len() > MOST_NAMESAKES { Meant::new() } else { found }
}
