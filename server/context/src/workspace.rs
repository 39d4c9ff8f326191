//! [`Workspace`]: the files of a workspace by their indexes, and how they relate.

use std::{collections::BTreeMap, sync::Arc};

use aiex_syntax::Language;

use crate::{graph::Graph, index::FileIndex};

/// What is known of the files of a workspace. Paths are relative to it, with `/`.
#[derive(Default)]
pub struct Workspace {
    files: BTreeMap<Arc<str>, (Language, Arc<FileIndex>)>,
    /// Made on first need, and dropped when a file changes what it defines.
    graph: Option<Graph>,
}

impl Workspace {
    /// Adds a file, or replaces what is known of it.
    pub fn update(&mut self, path: &str, language: Language, index: impl Into<Arc<FileIndex>>) {
        let index = index.into();
        if let Some(graph) = &mut self.graph
            && !graph.replace(path, &index)
        {
            self.graph = None;
        }
        self.files.insert(path.into(), (language, index));
    }

    /// Forgets a file.
    pub fn remove(&mut self, path: &str) {
        if self.files.remove(path).is_some() {
            self.graph = None;
        }
    }

    /// The index of a file.
    pub fn file(&self, path: &str) -> Option<&Arc<FileIndex>> {
        self.files.get(path).map(|(_, index)| index)
    }

    /// The files, in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, Language, &Arc<FileIndex>)> {
        self.files.iter().map(|(path, (language, index))| (&**path, *language, index))
    }

    /// Whether another file than this one names something so, in whatever way.
    pub fn is_named_elsewhere(&self, path: &str, name: &str) -> bool {
        self.files().any(|(other, _, index)| other != path && index.names.iter().any(|known| known == name))
    }

    /// How the definitions of all files relate. Takes as long as about a hundredth of the parses when something that a
    /// file defines has changed, else nothing.
    pub(crate) fn graph(&mut self) -> &Graph {
        let files = &self.files;
        let graph = self.graph.get_or_insert_with(|| Graph::new(files));
        graph.settle();
        graph
    }
}
