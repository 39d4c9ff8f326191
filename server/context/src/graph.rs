//! [`Graph`]: the definitions of a workspace, and which body uses which of them.
//!
//! Made anew from the files' indexes when what is defined changes; a change within a body replaces only the rows of its
//! file. What it says depends on the files alone, never on the order in which they came.

mod elixir;
mod modules;
mod rust;
mod rust_paths;
mod rust_types;

use std::{collections::BTreeMap, sync::Arc};

use aiex_syntax::{Language, SymbolKind, Visibility};
use rustc_hash::FxHashMap;

use crate::Foreign;
use crate::index::{
    FileIndex, Item,
    names::{NONE, Name, words},
    span_range,
};

/// A definition of the workspace, by its place in [`Graph`].
pub(crate) type Def = u32;

/// A name of the workspace, by its place in [`Graph`].
pub(crate) type Global = u32;

/// A file of the workspace.
pub(crate) struct File {
    /// Relative to the workspace, with `/`.
    pub(crate) path: Arc<str>,
    pub(crate) language: Language,
    pub(crate) index: Arc<FileIndex>,
    /// Its items are the definitions from this on.
    pub(crate) first: Def,
    /// The workspace's names for its own, in their order.
    pub(crate) globals: Vec<Global>,
    /// What its folder is, as a number that files of the same folder share.
    pub(crate) folder: u32,
}

/// What a body uses: definitions with weights, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) used: Vec<(Def, f32)>,
}

/// The definitions of a workspace.
pub(crate) struct Graph {
    pub(crate) files: Vec<File>,
    by_path: FxHashMap<Arc<str>, u32>,
    /// Of each definition its file.
    pub(crate) file_of: Vec<u32>,
    names: FxHashMap<Arc<str>, Global>,
    texts: Vec<Arc<str>>,
    /// Of each definition, the type, trait or module that it is a member of.
    pub(crate) owners: Vec<Def>,
    /// Of each definition, the type that its value, result or self is.
    pub(crate) results: Vec<Def>,
    /// Of each definition, the definitions of types that its head names, in order.
    pub(crate) head_types: Vec<Vec<Def>>,
    /// Of each definition, what its body uses.
    pub(crate) rows: Vec<Row>,
    /// Who uses a definition: bodies, in order.
    pub(crate) users: Vec<Vec<Def>>,
    /// Of each type or module, how often its members are used.
    pub(crate) member_users: Vec<u32>,
    /// The words of names, by name.
    pub(crate) stems: Vec<Vec<u32>>,
    /// How many definitions have a word in their names.
    pub(crate) stem_counts: Vec<u32>,
    /// The definitions with a name.
    pub(crate) by_name: Vec<Vec<Def>>,
    /// How much it tells that two heads share a type: the fewer name it, the more.
    pub(crate) type_rarity: Vec<f32>,
    stem_ids: FxHashMap<String, u32>,
    /// Whether `users` holds for all rows.
    is_settled: bool,
    rust: rust::Rust,
    elixir: elixir::Elixir,
}

impl Graph {
    /// Relates the definitions of files, given by path.
    pub(crate) fn new(files: &BTreeMap<Arc<str>, (Language, Arc<FileIndex>)>) -> Self {
        let mut graph = Self {
            files: Vec::with_capacity(files.len()),
            by_path: FxHashMap::default(),
            file_of: Vec::new(),
            names: FxHashMap::default(),
            texts: Vec::new(),
            owners: Vec::new(),
            results: Vec::new(),
            head_types: Vec::new(),
            rows: Vec::new(),
            users: Vec::new(),
            member_users: Vec::new(),
            stems: Vec::new(),
            stem_counts: Vec::new(),
            by_name: Vec::new(),
            type_rarity: Vec::new(),
            stem_ids: FxHashMap::default(),
            is_settled: true,
            rust: rust::Rust::default(),
            elixir: elixir::Elixir::default(),
        };
        let mut folders = FxHashMap::default();
        for (path, (language, index)) in files {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let next = u32::try_from(folders.len()).unwrap_or(NONE);
            let folder = *folders.entry(folder).or_insert(next);
            graph.add(path, *language, index, folder);
        }
        graph.count_stems();
        rust::relate(&mut graph);
        elixir::relate(&mut graph);
        graph.rows = (0..graph.files.len()).flat_map(|file| graph.rows_of(file)).collect();
        graph.count_users();
        graph.weigh_types();
        graph
    }

    /// Takes in a file that defines what it defined before and differs in bodies only; `false` if it differs in more.
    pub(crate) fn replace(&mut self, path: &str, index: &Arc<FileIndex>) -> bool {
        let Some(number) = self.file(path).map(|number| number as usize) else { return false };
        let Some(file) = self.files.get(number) else { return false };
        if !file.index.defines_as(index) {
            return false;
        }
        let first = file.first;
        let globals: Vec<_> = index.names.iter().map(|name| self.intern(name)).collect();
        if let Some(file) = self.files.get_mut(number) {
            file.index = index.clone();
            file.globals = globals;
        }
        for (row, def) in self.rows_of(number).into_iter().zip(first..) {
            if let Some(old) = self.rows.get_mut(def as usize) {
                *old = row;
            }
        }
        self.is_settled = false;
        true
    }

    /// Counts anew who uses what, if a body has changed since.
    pub(crate) fn settle(&mut self) {
        if !std::mem::replace(&mut self.is_settled, true) {
            self.count_users();
        }
    }

    fn add(&mut self, path: &Arc<str>, language: Language, index: &Arc<FileIndex>, folder: u32) {
        let globals: Vec<_> = index.names.iter().map(|name| self.intern(name)).collect();
        let first = u32::try_from(self.file_of.len()).unwrap_or(NONE);
        let number = u32::try_from(self.files.len()).unwrap_or(NONE);
        for (item, def) in index.items.iter().zip(first..) {
            self.file_of.push(number);
            if let Some(global) = globals.get(item.name as usize)
                && let Some(named) = self.by_name.get_mut(*global as usize)
            {
                named.push(def);
            }
        }
        self.by_path.insert(path.clone(), number);
        self.files.push(File { path: path.clone(), language, index: index.clone(), first, globals, folder });
    }

    fn intern(&mut self, name: &str) -> Global {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let id = u32::try_from(self.texts.len()).unwrap_or(NONE);
        let text: Arc<str> = name.into();
        self.names.insert(text.clone(), id);
        self.texts.push(text);
        self.by_name.push(Vec::new());
        let mut stems = Vec::new();
        words(name, |word| {
            let next = u32::try_from(self.stem_ids.len()).unwrap_or(NONE);
            stems.push(match self.stem_ids.get(word) {
                Some(known) => *known,
                None => *self.stem_ids.entry(word.to_owned()).or_insert(next),
            });
        });
        self.stems.push(stems);
        id
    }

    fn count_stems(&mut self) {
        self.stem_counts = vec![0; self.stem_ids.len()];
        for (stems, named) in self.stems.iter().zip(&self.by_name) {
            for stem in stems {
                if let Some(count) = self.stem_counts.get_mut(*stem as usize) {
                    *count += u32::try_from(named.len()).unwrap_or(0);
                }
            }
        }
    }

    /// The workspace's number of a name, if anything there has it.
    pub(crate) fn global(&self, name: &str) -> Option<Global> {
        self.names.get(name).copied()
    }

    pub(crate) fn text(&self, name: Global) -> &str {
        self.texts.get(name as usize).map_or("", |text| text)
    }

    pub(crate) fn file(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.file_of.len()
    }

    pub(crate) fn item(&self, def: Def) -> Option<&Item> {
        let file = self.file_of(def)?;
        file.index.items.get((def - file.first) as usize)
    }

    pub(crate) fn file_of(&self, def: Def) -> Option<&File> {
        self.files.get(*self.file_of.get(def as usize)? as usize)
    }

    pub(crate) fn kind(&self, def: Def) -> Option<SymbolKind> {
        self.item(def).map(|item| item.kind)
    }

    pub(crate) fn name(&self, def: Def) -> Option<Global> {
        let file = self.file_of(def)?;
        let item = file.index.items.get((def - file.first) as usize)?;
        file.globals.get(item.name as usize).copied()
    }

    /// What contains a definition in its file.
    pub(crate) fn container(&self, def: Def) -> Option<Def> {
        let file = self.file_of(def)?;
        let item = file.index.items.get((def - file.first) as usize)?;
        (item.container != NONE).then(|| file.first + item.container)
    }

    pub(crate) fn owner(&self, def: Def) -> Option<Def> {
        self.owners.get(def as usize).copied().filter(|owner| *owner != NONE)
    }

    pub(crate) fn result(&self, def: Def) -> Option<Def> {
        self.results.get(def as usize).copied().filter(|result| *result != NONE)
    }

    fn rows_of(&self, file: usize) -> Vec<Row> {
        let Some(entry) = self.files.get(file) else { return Vec::new() };
        match entry.language {
            Language::Rust => self.rust.rows(self, file),
            Language::Elixir => self.elixir.rows(self, file),
        }
    }

    fn count_users(&mut self) {
        let mut users = vec![Vec::new(); self.len()];
        for (row, user) in self.rows.iter().zip(0..) {
            for (used, _) in &row.used {
                if let Some(users) = users.get_mut(*used as usize) {
                    users.push(user);
                }
            }
        }
        let mut member_users = vec![0_u32; self.len()];
        for (users, owner) in users.iter().zip(&self.owners) {
            if let Some(count) = member_users.get_mut(*owner as usize) {
                *count += u32::try_from(users.len()).unwrap_or(0);
            }
        }
        self.users = users;
        self.member_users = member_users;
    }

    fn weigh_types(&mut self) {
        let mut counts = vec![0_u32; self.len()];
        for of in self.head_types.iter().flatten() {
            if let Some(count) = counts.get_mut(*of as usize) {
                *count += 1;
            }
        }
        let all = f64::from(u32::try_from(self.len()).unwrap_or(u32::MAX));
        #[expect(clippy::cast_possible_truncation)]
        let rarity = |count: u32| (all / (1.0 + f64::from(count))).max(1.0).ln() as f32;
        self.type_rarity = counts.into_iter().map(rarity).collect();
    }

    /// How much of what is used of a type or module one of its members is, given how often that is used.
    pub(crate) fn share(&self, owner: Def, users: usize) -> f32 {
        let all = self.member_users.get(owner as usize).copied().unwrap_or(0);
        f32::from(u16::try_from(users).unwrap_or(u16::MAX)) / (1.0 + f32::from(u16::try_from(all).unwrap_or(u16::MAX)))
    }

    /// What a file imports by name, as seen from one of its items.
    pub(crate) fn imported(&self, file: usize, def: Def) -> Vec<Def> {
        match self.files.get(file).map(|file| file.language) {
            Some(Language::Rust) => self.rust.imported(self, file),
            Some(Language::Elixir) => self.elixir.imported(self, file, def),
            None => Vec::new(),
        }
    }

    /// The whole path of a name in a Rust file, from the crate on, if it is of another crate than the workspace's.
    pub(crate) fn path_of_elsewhere(&self, file: usize, def: Def, name: Name) -> Option<Vec<String>> {
        let global = *self.files.get(file)?.globals.get(name as usize)?;
        self.rust.path_of_elsewhere(self, file, def, global)
    }

    /// The full name of a module in an Elixir file, if no file of the workspace defines it.
    pub(crate) fn module_of_elsewhere(&self, file: usize, def: Def, name: Name) -> Option<String> {
        self.elixir.module_of_elsewhere(self, file, def, self.files.get(file)?.index.names.get(name))
    }

    /// What a package offers under a name: the public definition whose place fits the path best.
    pub(crate) fn offered(&self, foreign: &Foreign) -> Option<Def> {
        let (name, before) = foreign.path.split_last()?;
        let named = self.by_name.get(self.global(name)? as usize)?;
        let is_offered = |def: &&Def| self.is_tellable(**def) && self.is_public(**def) && !self.is_test(**def);
        let fit = |def: Def| {
            let owner = self.owner(def).and_then(|owner| self.name(owner)).map(|owner| self.text(owner));
            let owned = owner.is_some_and(|owner| before.last().is_some_and(|before| before == owner));
            let path = self.file_of(def).map_or("", |file| &file.path);
            let along = before.iter().filter(|module| path.contains(module.as_str())).count();
            (owned || owner.is_none(), along, std::cmp::Reverse((path.len(), def)))
        };
        let best = named.iter().filter(is_offered).copied().max_by_key(|def| fit(*def))?;
        fit(best).0.then_some(best)
    }

    /// The name by which the module of a free definition is known: of Rust the last of its path, of Elixir the module.
    pub(crate) fn module_name(&self, def: Def) -> Option<Global> {
        let file = *self.file_of.get(def as usize)? as usize;
        match self.files.get(file)?.language {
            Language::Rust => self.rust.places.get(file)?.last().copied(),
            Language::Elixir => self.owner(def).and_then(|owner| self.name(owner)),
        }
    }

    /// Whether a definition can be told as one of its own: not a block of other definitions.
    pub(crate) fn is_tellable(&self, def: Def) -> bool {
        use SymbolKind::{Block, Impl, Module, Protocol, Test, TestGroup};
        self.item(def).is_some_and(|item| !matches!(item.kind, Block | Impl | Module | Protocol | Test | TestGroup))
    }

    pub(crate) fn is_test(&self, def: Def) -> bool {
        self.file_of(def).is_some_and(|file| file.index.is_test) || self.item(def).is_some_and(|item| item.is_test)
    }

    pub(crate) fn is_public(&self, def: Def) -> bool {
        self.item(def).is_some_and(|item| item.visibility == Visibility::Public)
    }

    /// The names of fields and variants of a definition with the uses that are their types.
    pub(crate) fn fields(&self, def: Def) -> &[(Name, u32)] {
        let Some(file) = self.file_of(def) else { return &[] };
        let Some(item) = file.index.items.get((def - file.first) as usize) else { return &[] };
        file.index.fields.get(span_range(item.fields)).unwrap_or_default()
    }
}

/// Weights of a body's uses, gathered: the strongest counts, each once.
#[derive(Default)]
pub(crate) struct Weights(FxHashMap<Def, f32>);

impl Weights {
    pub(crate) fn add(&mut self, def: Def, weight: f32) {
        let known = self.0.entry(def).or_insert(0.0);
        *known = known.max(weight);
    }

    pub(crate) fn row(self, but: Def) -> Row {
        let mut used: Vec<_> = self.0.into_iter().filter(|(def, _)| *def != but).collect();
        used.sort_by_key(|(def, _)| *def);
        Row { used }
    }
}
