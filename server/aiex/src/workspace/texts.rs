//! [`Texts`]: the texts behind an index, only ever as they were indexed.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use super::{index::Shared, read};

/// Reads texts for one question, and notes which of them no longer are what was indexed.
pub struct Texts<'a> {
    shared: &'a Shared,
    changed: RefCell<BTreeSet<String>>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared, changed: RefCell::default() }
    }

    /// The text of a file of the index, or of one that is listed: the open document's, else the disk's. `None` if there
    /// is none, or if it is not what was indexed: the question is then asked again.
    pub fn read(&self, name: &str) -> Option<Arc<str>> {
        let hash = {
            let files = self.shared.files();
            let known = files.known.get(name)?;
            if let Some(document) = &known.document {
                return Some(document.text().to_string().into());
            }
            known.hash
        };
        let rules = &self.shared.rules;
        match read::read(&rules.root, name, rules.limits.file_bytes) {
            Ok(read) if hash.is_none_or(|hash| hash == read.hash) => Some(read.text.into()),
            _ => {
                self.changed.borrow_mut().insert(name.to_owned());
                None
            }
        }
    }

    pub(super) fn changed(self) -> BTreeSet<String> {
        self.changed.into_inner()
    }
}
