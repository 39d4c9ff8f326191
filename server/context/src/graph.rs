//! [`Graph`]: the definitions of a workspace, and which body uses which of them.
//!
//! Made anew from the files' indexes when what is defined changes; a change within a body replaces only the rows of its
//! file. What it says depends on the files alone, never on the order in which they came.

mod elixir;
mod interner;
mod lists;
mod modules;
mod rust;
mod rust_paths;
mod rust_types;

use std::{collections::BTreeMap, sync::Arc};

use aiex_syntax::{Language, SymbolKind, Visibility};
use rustc_hash::FxHashMap;

use interner::Interner;
pub(crate) use lists::Lists;

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
    pub(crate) globals: Box<[Global]>,
    /// What its folder is, as a number that files of the same folder share.
    pub(crate) folder: u32,
    /// What the bodies of its items use.
    rows: Lists<Used>,
    /// The definitions of types that the heads of its items name, in order.
    head_types: Lists<Def>,
}

/// A definition that a body uses, and how surely.
pub(crate) type Used = (Def, f32);

/// The definitions of a workspace.
pub(crate) struct Graph {
    pub(crate) files: Vec<File>,
    by_path: FxHashMap<Arc<str>, u32>,
    /// Of each definition its file.
    pub(crate) file_of: Vec<u32>,
    names: Interner,
    /// Of each definition, the type, trait or module that it is a member of.
    pub(crate) owners: Vec<Def>,
    /// Of each definition, the type that its value, result or self is.
    pub(crate) results: Vec<Def>,
    /// Who uses a definition: bodies, in order.
    pub(crate) users: Lists<Def>,
    /// Of each type or module, how often its members are used.
    pub(crate) member_users: Vec<u32>,
    /// In how many other files each definition is used.
    pub(crate) user_files: Vec<u16>,
    /// The words of names, by name.
    pub(crate) stems: Lists<u32>,
    /// How much a word of a name tells: the fewer definitions have it in their names, the more.
    stem_rarity: Vec<f32>,
    /// The definitions with a name.
    pub(crate) by_name: Lists<Def>,
    /// How much it tells that two heads share a type: the fewer name it, the more.
    pub(crate) type_rarity: Vec<f32>,
    stem_ids: Interner,
    /// Whether `users` holds for all rows.
    is_settled: bool,
    rust: rust::Rust,
    elixir: elixir::Elixir,
}

impl File {
    /// The names of its items, with the items.
    fn named(&self) -> impl Iterator<Item = (Global, Def)> + Clone {
        let items = self.index.items.iter().zip(self.first..);
        items.filter_map(|(item, def)| Some((*self.globals.get(item.name as usize)?, def)))
    }

    /// What its bodies use, with the bodies.
    pub(crate) fn used(&self) -> impl Iterator<Item = (Def, Def)> + Clone {
        let rows = (self.first..).take(self.index.len()).enumerate();
        rows.flat_map(|(at, user)| self.rows.get(at).unwrap_or_default().iter().map(move |(used, _)| (*used, user)))
    }
}

impl Graph {
    /// Relates the definitions of files, given by path.
    pub(crate) fn new(files: &BTreeMap<Arc<str>, (Language, Arc<FileIndex>)>) -> Self {
        let mut graph = Self {
            files: Vec::with_capacity(files.len()),
            by_path: FxHashMap::default(),
            file_of: Vec::new(),
            names: Interner::default(),
            owners: Vec::new(),
            results: Vec::new(),
            users: Lists::default(),
            member_users: Vec::new(),
            user_files: Vec::new(),
            stems: Lists::default(),
            stem_rarity: Vec::new(),
            by_name: Lists::default(),
            type_rarity: Vec::new(),
            stem_ids: Interner::default(),
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
        graph.by_name = Lists::grouped(graph.names.len(), graph.files.iter().flat_map(File::named));
        graph.weigh_stems();
        rust::relate(&mut graph);
        elixir::relate(&mut graph);
        for file in 0..graph.files.len() {
            graph.set_rows(file);
        }
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
        let globals = index.names.iter().map(|name| self.intern(name)).collect();
        if let Some(file) = self.files.get_mut(number) {
            file.index = index.clone();
            file.globals = globals;
        }
        self.set_rows(number);
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
        let globals = index.names.iter().map(|name| self.intern(name)).collect();
        let first = u32::try_from(self.file_of.len()).unwrap_or(NONE);
        let number = u32::try_from(self.files.len()).unwrap_or(NONE);
        self.file_of.extend(index.items.iter().map(|_| number));
        self.by_path.insert(path.clone(), number);
        self.files.push(File {
            path: path.clone(),
            language,
            index: index.clone(),
            first,
            globals,
            folder,
            rows: Lists::default(),
            head_types: Lists::default(),
        });
    }

    fn intern(&mut self, name: &str) -> Global {
        let (id, is_new) = self.names.intern(name);
        if is_new {
            let mut stems = Vec::new();
            words(name, |word| stems.push(self.stem_ids.intern(word).0));
            self.stems.push(stems);
        }
        id
    }

    fn weigh_stems(&mut self) {
        let mut counts = vec![0_u32; self.stem_ids.len()];
        for (stems, named) in self.stems.iter().zip(self.by_name.iter()) {
            for stem in stems {
                if let Some(count) = counts.get_mut(*stem as usize) {
                    *count += u32::try_from(named.len()).unwrap_or(0);
                }
            }
        }
        self.stem_rarity = counts.into_iter().map(|count| self.rarity(count)).collect();
    }

    /// How much it tells that something is one of so many of the definitions: the fewer, the more.
    fn rarity(&self, count: u32) -> f32 {
        let all = f64::from(u32::try_from(self.len().max(1)).unwrap_or(u32::MAX));
        #[expect(clippy::cast_possible_truncation)]
        let rarity = (all / (1.0 + f64::from(count))).max(1.0).ln() as f32;
        rarity
    }

    /// How much a word of a name tells.
    pub(crate) fn stem_rarity(&self, stem: u32) -> f32 {
        self.stem_rarity.get(stem as usize).copied().unwrap_or_else(|| self.rarity(0))
    }

    /// The workspace's number of a name, if anything there has it.
    pub(crate) fn global(&self, name: &str) -> Option<Global> {
        self.names.get(name)
    }

    pub(crate) fn text(&self, name: Global) -> &str {
        self.names.text(name)
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

    /// What the body of a definition uses, in order.
    pub(crate) fn row(&self, def: Def) -> &[Used] {
        let row = self.file_of(def).and_then(|file| file.rows.get((def - file.first) as usize));
        row.unwrap_or_default()
    }

    /// The definitions of types that the head of a definition names, in order.
    pub(crate) fn head_types(&self, def: Def) -> &[Def] {
        let types = self.file_of(def).and_then(|file| file.head_types.get((def - file.first) as usize));
        types.unwrap_or_default()
    }

    fn set_head_types(&mut self, types: Vec<(usize, Lists<Def>)>) {
        for (number, types) in types {
            if let Some(file) = self.files.get_mut(number) {
                file.head_types = types;
            }
        }
    }

    fn set_rows(&mut self, file: usize) {
        let Some(entry) = self.files.get(file) else { return };
        let rows = match entry.language {
            Language::Rust => self.rust.rows(self, file),
            Language::Elixir => self.elixir.rows(self, file),
        };
        if let Some(entry) = self.files.get_mut(file) {
            entry.rows = rows.shrunk();
        }
    }

    fn count_users(&mut self) {
        let users = Lists::grouped(self.len(), self.files.iter().flat_map(File::used));
        let mut member_users = vec![0_u32; self.len()];
        for (users, owner) in users.iter().zip(&self.owners) {
            if let Some(count) = member_users.get_mut(*owner as usize) {
                *count += u32::try_from(users.len()).unwrap_or(0);
            }
        }
        self.user_files = users.iter().zip(&self.file_of).map(|(users, own)| self.files_of(users, *own)).collect();
        self.users = users;
        self.member_users = member_users;
    }

    /// In how many files but `own` these definitions are, which are in order.
    fn files_of(&self, defs: &[Def], own: u32) -> u16 {
        let (mut count, mut last) = (0_u16, own);
        for def in defs {
            let file = self.file_of.get(*def as usize).copied().unwrap_or(NONE);
            count = count.saturating_add(u16::from(file != last && file != own));
            last = file;
        }
        count
    }

    fn weigh_types(&mut self) {
        let mut counts = vec![0_u32; self.len()];
        for of in self.files.iter().flat_map(|file| file.head_types.values()) {
            if let Some(count) = counts.get_mut(*of as usize) {
                *count += 1;
            }
        }
        self.type_rarity = counts.into_iter().map(|count| self.rarity(count)).collect();
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

    /// In order, without the body itself.
    pub(crate) fn row(self, but: Def) -> Vec<Used> {
        let mut used: Vec<_> = self.0.into_iter().filter(|(def, _)| *def != but).collect();
        used.sort_by_key(|(def, _)| *def);
        used
    }
}
