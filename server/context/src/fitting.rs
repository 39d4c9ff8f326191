//! What ranking weighs, to fit its weights: each definition worth a closer look for a place, with its features.

use std::sync::Arc;

use crate::{Workspace, rank};

/// A definition that is worth a closer look for a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// Relative to the workspace, with `/`.
    pub path: Arc<str>,
    /// The line of its head, 1-based.
    pub line: usize,
    /// How likely it is needed, between 0 and 1.
    pub value: f32,
    /// What speaks for and against it, in the order of [`names`].
    pub features: Vec<f32>,
}

/// What the features are called.
pub fn names() -> &'static [&'static str] {
    &rank::NAMES
}

impl Workspace {
    /// The definitions worth a closer look for the one whose head is on a line, 1-based, the likeliest first. None if
    /// no such definition is known.
    pub fn weighed(&mut self, path: &str, line: usize) -> Option<Vec<Weighed>> {
        let graph = self.graph();
        let file = graph.files.get(graph.file(path)? as usize)?;
        let on_line = |item: &crate::index::Item| item.lines.0 as usize + 1 == line;
        let (_, target) = file
            .index
            .items
            .iter()
            .zip(file.first..)
            .filter(|(item, def)| on_line(item) && graph.is_tellable(*def))
            .last()?;
        let weighed = rank::judged(graph, target).into_iter().filter_map(|candidate| {
            let item = graph.item(candidate.def)?;
            Some(Weighed {
                path: graph.file_of(candidate.def)?.path.clone(),
                line: item.lines.0 as usize + 1,
                value: candidate.value,
                features: candidate.features.to_vec(),
            })
        });
        Some(weighed.collect())
    }
}
