//! What a run asks a model about a place in a document, with the code of its workspace.

use std::{path::Path, sync::Arc};

use super::{convert, session::Server};
use crate::{
    config::Loaded,
    context::{self, Built, Note, Order, Terms, TooSmall},
    explain::Target,
    workspace::WorkspaceIndex,
};

/// A question about a place, ready to be built on a thread that may block.
#[derive(Clone)]
pub struct Question {
    target: Arc<Target>,
    index: Option<Arc<WorkspaceIndex>>,
    order: Arc<Order>,
    notes: Arc<[Note]>,
    terms: Terms,
}

impl Question {
    /// With the index of the document's workspace, if there is one. Reads the project's notes, for which this task's
    /// thread may block.
    pub fn new(server: &Server, target: &Arc<Target>, order: Order, loaded: &Loaded, model: &str) -> Self {
        let path = convert::name_of_file(&target.snapshot.id);
        let index = server.indexes.of(&path);
        let is_private = |path: &Path| loaded.config.privacy.check(path).is_err();
        let notes =
            index.as_ref().map(|index| context::notes(index.root(), &target.path, is_private)).unwrap_or_default();
        let terms = Terms::new(&loaded.config, model, &server.engines.corrections);
        Self { target: target.clone(), index, order: order.into(), notes: notes.into(), terms }
    }

    /// What would be sent. Blocks.
    pub fn build(&self) -> Result<Built, TooSmall> {
        context::of_target(self.index.as_deref(), &self.target, &self.order, &self.notes, &self.terms)
    }

    /// The same about another part of the document.
    pub fn about(&self, target: &Arc<Target>) -> Self {
        Self { target: target.clone(), ..self.clone() }
    }

    /// About how many bytes of code it has room for.
    pub fn room(&self) -> usize {
        self.terms.room()
    }

    /// The same with at most so many characters of code.
    pub fn within(&self, most_chars: usize) -> Self {
        Self { terms: self.terms.within(most_chars), ..self.clone() }
    }
}
