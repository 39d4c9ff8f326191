//! What a target uses of elsewhere: names that no file of the workspace defines, and their signatures in the packages
//! that do.

use std::{ops::Range, sync::Arc};

use aiex_syntax::Language;

use super::{Piece, gather};
use crate::{
    Level, Workspace,
    graph::{Def, Graph},
    index::{
        names::NONE,
        span_range,
        uses::{Use, What},
    },
    render::Told,
};

/// Of the names of one target, so many are looked for.
const MOST: usize = 24;

/// A name that the workspace does not define.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign {
    /// Its language: it can only be of a package in that.
    pub language: Language,
    /// Its path: of Rust from the crate on (`serde_json`, `Value`), of Elixir the module and the function.
    pub path: Vec<String>,
}

impl Workspace {
    /// What a range of a file uses of elsewhere, in the order in which it stands there, each once.
    pub fn foreign(&mut self, path: &str, range: &Range<usize>) -> Vec<Foreign> {
        let graph = self.graph();
        let Some(number) = graph.file(path) else { return Vec::new() };
        let Some(file) = graph.files.get(number as usize) else { return Vec::new() };
        let mut found = Vec::new();
        for (item, def) in file.index.items.iter().zip(file.first..) {
            let overlaps =
                (item.range.0 as usize) < range.end.max(range.start + 1) && range.start < item.range.1 as usize;
            if !overlaps {
                continue;
            }
            for span in [item.head_uses, item.body_uses] {
                let uses = file.index.uses.get(span_range(span)).unwrap_or_default();
                for path in paths(graph, number as usize, def, uses, span.0) {
                    let foreign = Foreign { language: file.language, path };
                    if !found.contains(&foreign) && found.len() < MOST {
                        found.push(foreign);
                    }
                }
            }
        }
        found
    }

    /// The signature of what a name of elsewhere means here, in the package that defines it. `prefix` is put before the
    /// file's path.
    pub fn signature_of(
        &mut self,
        foreign: &Foreign,
        prefix: &str,
        read: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Option<Piece> {
        let graph = self.graph();
        let def = graph.offered(foreign)?;
        let (item, file) = (graph.item(def)?, graph.file_of(def)?);
        let source = read(&file.path)?;
        let container = gather::container_head(graph, def, &source);
        let name = graph.name(def).map_or("", |name| graph.text(name));
        let told = Told { item, name, source: &source, language: file.language, is_member: container.is_some() };
        let (first, last) = told.lines(Level::SignatureDoc);
        Some(Piece {
            path: format!("{prefix}/{}", file.path).into(),
            lines: (first as usize + 1, last as usize + 1),
            level: Level::SignatureDoc,
            tokens: 0,
            reason: "the target uses it, of a dependency".to_owned(),
            text: told.at(Level::SignatureDoc),
            container,
        })
    }
}

/// The paths among uses that mean nothing in the workspace.
fn paths(graph: &Graph, file: usize, def: Def, uses: &[Use], begin: u32) -> Vec<Vec<String>> {
    let Some(entry) = graph.files.get(file) else { return Vec::new() };
    let text = |name: u32| entry.index.names.get(name).to_owned();
    let mut found = Vec::new();
    for (at, one) in uses.iter().enumerate() {
        let here = begin.saturating_add(u32::try_from(at).unwrap_or(NONE));
        let next = uses.get(at + 1).filter(|next| next.base == here);
        match one.what {
            What::Path | What::Macro => {
                let Some(mut path) = graph.path_of_elsewhere(file, def, one.name) else { continue };
                let mut base = here;
                for next in uses.iter().skip(at + 1) {
                    if next.what != What::Segment || next.base != base {
                        break;
                    }
                    path.push(text(next.name));
                    base = base.saturating_add(1);
                }
                if path.len() > 1 {
                    found.push(path);
                }
            }
            What::Module => {
                let call = next.filter(|next| next.what == What::Call).map(|next| text(next.name));
                if let (Some(module), Some(call)) = (graph.module_of_elsewhere(file, def, one.name), call) {
                    found.push(vec![module, call]);
                }
            }
            _ => {}
        }
    }
    found
}
