//! [`Labels`]: what a chunk is and what it is called, by the items that its pieces are parts of.

use aiex_syntax::{Item, ItemKind, Piece, SymbolKind};

use super::{ChunkKind, Format};

/// How many names of several items are shown.
const NAMES: usize = 4;

pub(super) struct Labels<'a> {
    items: &'a [Item],
    format: Format,
}

impl<'a> Labels<'a> {
    pub(super) fn new(items: &'a [Item], format: Format) -> Self {
        Self { items, format }
    }

    pub(super) fn label(&self, pieces: &[Piece]) -> (ChunkKind, Option<String>) {
        let first = pieces.first().filter(|piece| !piece.is_member).and_then(|piece| piece.item);
        if let Some(item) = first
            && pieces.iter().all(|piece| self.is_within(piece.item, item))
        {
            return self.one(item);
        }
        let mut items: Vec<usize> = Vec::new();
        // The outermost item that ended so far: a row of ends goes outward, and is walked once.
        let mut ended = None;
        for item in pieces.iter().filter(|piece| !piece.is_member).filter_map(|piece| piece.item) {
            // What only ends here is not named, and a member of what is named neither.
            let from = ended.filter(|ended| item <= *ended).or(items.first().copied());
            let ends = from.is_some_and(|from| self.is_within(Some(from), item));
            if ends {
                ended = Some(item);
            }
            if !ends && items.last().is_none_or(|last| !self.is_within(Some(item), *last)) {
                items.push(item);
            }
        }
        if items.iter().any(|item| !self.is_import(*item)) {
            items.retain(|item| !self.is_import(*item));
        }
        match items.as_slice() {
            [] => (self.unnamed(), self.common(pieces).and_then(|item| self.one(item).1)),
            [item] => self.one(*item),
            items => self.several(items),
        }
    }

    fn is_import(&self, item: usize) -> bool {
        self.item(item).is_some_and(|item| item.kind == ItemKind::Import)
    }

    /// The item of which all pieces are members.
    fn common(&self, pieces: &[Piece]) -> Option<usize> {
        let first = pieces.first().and_then(|piece| piece.item);
        first.filter(|_| pieces.iter().all(|piece| piece.item == first))
    }

    fn item(&self, item: usize) -> Option<&'a Item> {
        self.items.get(item)
    }

    /// Whether `item` is `outer` or a member of it, at any depth.
    fn is_within(&self, item: Option<usize>, outer: usize) -> bool {
        let mut within = item;
        // A container comes before its members.
        while let Some(item) = within.filter(|item| *item > outer) {
            within = self.item(item).and_then(|item| item.container).filter(|container| *container < item);
        }
        within == Some(outer)
    }

    fn one(&self, item: usize) -> (ChunkKind, Option<String>) {
        match self.item(item) {
            Some(item) => (self.kind(item.kind), Some(item.qualified.clone()).filter(|name| !name.is_empty())),
            None => (self.unnamed(), None),
        }
    }

    fn several(&self, items: &[usize]) -> (ChunkKind, Option<String>) {
        let items: Vec<&Item> = items.iter().filter_map(|item| self.item(*item)).collect();
        let mut kinds: Vec<ItemKind> = items.iter().map(|item| item.kind).collect();
        kinds.dedup();
        let kind = match kinds.as_slice() {
            [kind] => self.kind(*kind),
            _ => ChunkKind::Items,
        };
        let container = |item: &&Item| item.container;
        let outer = items.first().and_then(container);
        let siblings = items.iter().all(|item| item.container == outer);
        let prefix = outer.filter(|_| siblings).and_then(|outer| self.item(outer)).map_or("", |outer| &outer.prefix);
        let name = |item: &&Item| match siblings {
            true => item.name.clone(),
            false => item.qualified.clone(),
        };
        let mut names: Vec<String> = items.iter().map(name).filter(|name| !name.is_empty()).collect();
        names.dedup();
        if names.len() > NAMES {
            names.truncate(NAMES);
            names.push("…".to_owned());
        }
        match (names.as_slice(), prefix) {
            ([], _) => (kind, None),
            ([name], prefix) => (kind, Some(format!("{prefix}{name}"))),
            (names, "") => (kind, Some(names.join(", "))),
            (names, prefix) => (kind, Some(format!("{prefix}{{{}}}", names.join(", ")))),
        }
    }

    fn kind(&self, kind: ItemKind) -> ChunkKind {
        match (kind, self.format) {
            (ItemKind::Import, _) => ChunkKind::Imports,
            (ItemKind::Symbol(_), Format::Markdown) => ChunkKind::Section,
            (ItemKind::Symbol(_), Format::Toml) => ChunkKind::Table,
            (ItemKind::Symbol(SymbolKind::Block), Format::Json | Format::Yaml) => ChunkKind::Entry,
            (ItemKind::Symbol(kind), _) => ChunkKind::Symbol(kind),
        }
    }

    fn unnamed(&self) -> ChunkKind {
        match self.format {
            Format::Elixir | Format::Rust => ChunkKind::Code,
            Format::Template => ChunkKind::Template,
            _ => ChunkKind::Text,
        }
    }
}
