//! [`Scene`]: a target and what surrounds it, gathered once for all candidates.

use aiex_syntax::{Language, SymbolKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::votes::{Vote, heaviest};
use crate::{
    graph::{Def, File, Global, Graph},
    index::{Item, names::NONE, span_range},
};

/// How many lines around a target are its surroundings.
const NEAR: u32 = 60;

pub(super) struct Scene<'g> {
    pub(super) graph: &'g Graph,
    pub(super) target: Def,
    pub(super) file: u32,
    pub(super) folder: u32,
    pub(super) line: u32,
    pub(super) owner: Option<Def>,
    pub(super) container: Option<Def>,
    pub(super) result: Option<Def>,
    /// Types of parameters, results, bounds and fields: 1, and one step further: less.
    pub(super) environment: FxHashMap<Def, f32>,
    /// Types of the fields of the target's own type, and of its impl's header.
    pub(super) own_types: FxHashSet<Def>,
    pub(super) head_types: FxHashSet<Def>,
    /// What the code around uses.
    pub(super) near: FxHashSet<Def>,
    /// Names that stand in the code around or in imports.
    pub(super) visible: FxHashSet<Global>,
    pub(super) imported: FxHashSet<Def>,
    pub(super) doc_stems: FxHashSet<u32>,
    pub(super) doc_names: FxHashSet<Global>,
    pub(super) head_stems: FxHashSet<u32>,
    /// How many bodies of the target's folder use a definition.
    pub(super) used_in_folder: FxHashMap<Def, u16>,
    pub(super) votes: Votes,
}

/// What several kinds of neighbours use.
pub(super) struct Votes {
    pub(super) neighbours: Vote,
    pub(super) signature: Vote,
    pub(super) lexical: Vote,
    pub(super) file: Vote,
    pub(super) siblings: Vote,
    pub(super) closest: Vote,
    pub(super) callers: Vote,
    pub(super) near: Vote,
}

impl<'g> Scene<'g> {
    pub(super) fn new(graph: &'g Graph, target: Def) -> Self {
        let owner = graph.owner(target);
        let file = graph.file_of.get(target as usize).copied().unwrap_or(NONE);
        let entry = graph.files.get(file as usize);
        let item = graph.item(target);
        let line = item.map_or(0, |item| item.lines.0);
        let container = graph.container(target);
        let head_types: FxHashSet<Def> = graph.head_types(target).iter().copied().collect();
        let mut scene = Self {
            graph,
            target,
            file,
            folder: entry.map_or(NONE, |file| file.folder),
            line,
            owner,
            container,
            result: graph.result(target),
            environment: FxHashMap::default(),
            own_types: FxHashSet::default(),
            head_types,
            near: FxHashSet::default(),
            visible: FxHashSet::default(),
            imported: FxHashSet::default(),
            doc_stems: FxHashSet::default(),
            doc_names: FxHashSet::default(),
            head_stems: FxHashSet::default(),
            used_in_folder: FxHashMap::default(),
            votes: Votes::none(graph),
        };
        scene.add_environment();
        if let (Some(entry), Some(item)) = (entry, item) {
            scene.add_surroundings(entry);
            scene.add_words(entry, item);
        }
        scene.add_imports();
        scene.count_in_folder();
        scene.vote();
        scene
    }

    fn add_environment(&mut self) {
        let graph = self.graph;
        let container_types = self.container.into_iter().flat_map(|container| graph.head_types(container));
        let fields = self.owner.into_iter().flat_map(|owner| graph.head_types(owner));
        self.own_types.extend(container_types.chain(fields).filter(|of| Some(**of) != self.owner));
        let direct: Vec<Def> =
            self.owner.iter().chain(&self.head_types).chain(&self.own_types).chain(&self.result).copied().collect();
        for of in direct {
            for next in graph.head_types(of) {
                self.environment.entry(*next).or_insert(0.5);
            }
            self.environment.insert(of, 1.0);
        }
    }

    fn add_surroundings(&mut self, entry: &File) {
        let graph = self.graph;
        let index = &entry.index;
        for (item, def) in index.items.iter().zip(entry.first..) {
            let is_near = item.lines.1 + NEAR >= self.line && item.lines.0 <= self.line + NEAR;
            let is_leaf = item.body_uses.0 < item.body_uses.1 || item.head_uses.0 < item.head_uses.1;
            if !is_near || !is_leaf {
                continue;
            }
            let used = graph.row(def).iter().map(|(used, _)| *used);
            let typed = graph.head_types(def).iter().copied();
            self.near.extend(used.chain(typed));
            for one in index
                .uses
                .get(item.head_uses.0 as usize..item.body_uses.1.max(item.head_uses.1) as usize)
                .unwrap_or_default()
            {
                if let Some(global) = entry.globals.get(one.name as usize) {
                    self.visible.insert(*global);
                }
            }
        }
        for import in &index.imports {
            let path = index.segments.get(span_range(import.path)).unwrap_or_default();
            self.visible.extend(path.iter().filter_map(|segment| entry.globals.get(*segment as usize)));
        }
    }

    fn add_words(&mut self, entry: &File, item: &Item) {
        let graph = self.graph;
        let stems = |name: &u32| entry.globals.get(*name as usize).and_then(|global| graph.stems.get(*global as usize));
        let docs = entry.index.words.get(span_range(item.words)).unwrap_or_default();
        self.doc_names.extend(docs.iter().filter_map(|word| entry.globals.get(*word as usize)));
        self.doc_stems.extend(docs.iter().filter_map(stems).flatten());
        let head = entry.index.uses.get(span_range(item.head_uses)).unwrap_or_default();
        self.head_stems.extend(head.iter().filter_map(|one| stems(&one.name)).flatten());
    }

    fn add_imports(&mut self) {
        let found = self.graph.imported(self.file as usize, self.target);
        self.imported.extend(found);
    }

    fn count_in_folder(&mut self) {
        for (used, _) in self.graph.files.iter().filter(|file| file.folder == self.folder).flat_map(File::used) {
            let count = self.used_in_folder.entry(used).or_insert(0);
            *count = count.saturating_add(1);
        }
    }

    fn vote(&mut self) {
        let graph = self.graph;
        let item = graph.item(self.target);
        let name = graph.name(self.target);
        let served = |def: Def| {
            let file = graph.file_of(def)?;
            let serves = graph.item(def)?.serves;
            file.globals.get(serves as usize).copied()
        };
        let serves = served(self.target);
        let language = graph.file_of(self.target).map(|file| file.language);
        let name_cosine = Cosine::new(graph, name);
        let type_cosine = TypeCosine::new(graph, &self.head_types);
        let callers: FxHashSet<Def> = graph.users.get(self.target as usize).into_iter().flatten().copied().collect();
        let (mut neighbours, mut by_sign, mut lexical, mut in_file, mut siblings, mut nearby) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, file) in (0..).zip(&graph.files) {
            if Some(file.language) != language || file.index.is_test {
                continue;
            }
            for (other, def) in file.index.items.iter().zip(file.first..) {
                let is_voter = !other.is_test && def != self.target && !graph.row(def).is_empty();
                if !is_voter {
                    continue;
                }
                let other_name = file.globals.get(other.name as usize).copied();
                let same_container =
                    other.container != NONE && self.container == Some(file.first.saturating_add(other.container));
                let same_owner = self.owner.is_some() && graph.owner(def) == self.owner;
                let same_name = other_name == name;
                let same_trait = serves.is_some() && served(def) == serves;
                let lex = name_cosine.with(graph, other_name);
                let sign = type_cosine.with(graph, def);
                let same_file = number == self.file;
                let distance = other.lines.0.abs_diff(self.line);
                let near = if same_file { proximity(distance) } else { 0.0 };
                let flag = |is: bool| f32::from(u8::from(is));
                let is_impl = same_container && item.is_some_and(|item| item.kind == SymbolKind::Method);
                let weight = flag(is_impl)
                    + 0.7 * flag(same_container || same_owner)
                    + 1.5 * flag(same_name) * (1.0 + flag(same_trait)) * (0.4 + 0.6 * flag(same_trait))
                    + 0.5 * flag(same_trait)
                    + 1.5 * lex * lex
                    + sign * sign
                    + 0.6 * near
                    + 0.3 * flag(callers.contains(&def))
                    + 0.2 * flag(file.folder == self.folder);
                let add = |voters: &mut Vec<(Def, f32)>, weight: f32| {
                    if weight > 0.0 {
                        voters.push((def, weight));
                    }
                };
                add(&mut neighbours, weight);
                add(&mut by_sign, sign);
                add(&mut lexical, lex);
                add(&mut in_file, flag(same_file));
                add(&mut nearby, near);
                add(&mut siblings, flag(same_container || same_owner));
            }
        }
        let mut callers: Vec<_> = callers.into_iter().map(|caller| (caller, 1.0)).collect();
        callers.sort_by_key(|(caller, _)| *caller);
        self.votes = Votes {
            closest: Vote::of(graph, &heaviest(neighbours.clone(), 8), 0.5),
            callers: Vote::of(graph, &callers, 1.0),
            near: Vote::of(graph, &heaviest(nearby, 12), 1.0),
            neighbours: Vote::of(graph, &heaviest(neighbours, 40), 0.5),
            signature: Vote::of(graph, &heaviest(by_sign, 200), 1.0),
            lexical: Vote::of(graph, &heaviest(lexical, 30), 1.0),
            file: Vote::of(graph, &heaviest(in_file, 400), 1.0),
            siblings: Vote::of(graph, &heaviest(siblings, 400), 1.0),
        };
    }

    /// The definitions that could be used here at all.
    pub(super) fn candidates(&self) -> Vec<Def> {
        let graph = self.graph;
        let mut found: Vec<Def> = Vec::new();
        let votes = &self.votes;
        for vote in [&votes.neighbours, &votes.signature, &votes.lexical, &votes.file, &votes.siblings] {
            found.extend(vote.voted());
        }
        found.extend(self.near.iter().chain(&self.imported).chain(self.environment.keys()));
        let language = graph.file_of(self.target).map(|file| file.language);
        for (number, file) in (0..).zip(&graph.files) {
            if Some(file.language) != language {
                continue;
            }
            let close = number == self.file || file.folder == self.folder;
            for (item, def) in file.index.items.iter().zip(file.first..) {
                let in_reach = || {
                    let owner = graph.owner(def);
                    let of_known = owner
                        .is_some_and(|owner| self.environment.contains_key(&owner) || self.imported.contains(&owner));
                    let named = file.globals.get(item.name as usize).is_some_and(|name| self.visible.contains(name));
                    of_known || named
                };
                let is_common = graph.users.get(def as usize).is_some_and(|users| users.len() > 2);
                if close || is_common || in_reach() {
                    found.push(def);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let is_elixir = language == Some(Language::Elixir);
        found.retain(|def| {
            *def != self.target
                && graph.is_tellable(*def)
                && !graph.is_test(*def)
                && (!is_elixir || graph.is_public(*def) || graph.owner(*def) == self.owner)
        });
        found
    }
}

impl Votes {
    fn none(graph: &Graph) -> Self {
        let none = || Vote::of(graph, &[], 1.0);
        Self {
            neighbours: none(),
            signature: none(),
            lexical: none(),
            file: none(),
            siblings: none(),
            closest: none(),
            callers: none(),
            near: none(),
        }
    }
}

pub(super) fn proximity(lines: u32) -> f32 {
    40.0 / (40.0 + f32::from(u16::try_from(lines).unwrap_or(u16::MAX)))
}

/// The cosine of the words of two names, rare words counting more.
pub(super) struct Cosine<'g> {
    stems: &'g [u32],
    norm: f32,
}

impl<'g> Cosine<'g> {
    pub(super) fn new(graph: &'g Graph, name: Option<Global>) -> Self {
        let stems = name.and_then(|name| graph.stems.get(name as usize)).unwrap_or_default();
        Self { stems, norm: norm(graph, stems) }
    }

    pub(super) fn with(&self, graph: &Graph, name: Option<Global>) -> f32 {
        let Some(other) = name.and_then(|name| graph.stems.get(name as usize)) else { return 0.0 };
        let shared: f32 =
            self.stems.iter().filter(|stem| other.contains(stem)).map(|stem| graph.stem_rarity(*stem).powi(2)).sum();
        if shared == 0.0 {
            return 0.0;
        }
        shared / (self.norm * norm(graph, other)).max(f32::EPSILON)
    }
}

fn norm(graph: &Graph, stems: &[u32]) -> f32 {
    stems.iter().map(|stem| graph.stem_rarity(*stem).powi(2)).sum::<f32>().sqrt()
}

/// The cosine of the types that two heads name.
struct TypeCosine<'g> {
    types: &'g FxHashSet<Def>,
    norm: f32,
}

impl<'g> TypeCosine<'g> {
    fn new(graph: &Graph, types: &'g FxHashSet<Def>) -> Self {
        let mut all: Vec<_> = types.iter().copied().collect();
        all.sort_unstable();
        let norm = all.iter().map(|of| type_rarity(graph, *of).powi(2)).sum::<f32>().sqrt();
        Self { types, norm }
    }

    fn with(&self, graph: &Graph, def: Def) -> f32 {
        if self.types.is_empty() {
            return 0.0;
        }
        let other = graph.head_types(def);
        let shared: f32 =
            other.iter().filter(|of| self.types.contains(of)).map(|of| type_rarity(graph, *of).powi(2)).sum();
        if shared == 0.0 {
            return 0.0;
        }
        let norm = other.iter().map(|of| type_rarity(graph, *of).powi(2)).sum::<f32>().sqrt();
        shared / (self.norm * norm).max(f32::EPSILON)
    }
}

fn type_rarity(graph: &Graph, of: Def) -> f32 {
    graph.type_rarity.get(of as usize).copied().unwrap_or(1.0)
}
