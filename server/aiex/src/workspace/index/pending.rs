//! [`Pending`]: what was noted and is not brought in yet.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::documents::Snapshot;

/// How long nothing must happen to files before the thread looks at them; a refresh does not wait for it.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// How long what comes without a pause is put off.
const LONGEST_DEBOUNCE: Duration = Duration::from_secs(3);
/// How many single paths are noted before the whole workspace is looked through instead.
const MOST_NOTED: usize = 2_000;

/// What there is to do.
#[derive(Default)]
pub(super) struct Pending {
    /// Documents that changed, or that were closed.
    pub(super) documents: HashMap<String, Option<Arc<Snapshot>>>,
    /// Files and folders to look at.
    pub(super) paths: BTreeSet<String>,
    /// Whether to look at everything.
    pub(super) everything: bool,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Pending {
    /// Called after each addition.
    pub(super) fn note(&mut self) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        if self.paths.len() > MOST_NOTED {
            self.paths.clear();
            self.everything = true;
        }
    }

    /// When to see to it, if there is anything.
    pub(super) fn due(&self) -> Option<Instant> {
        Some((self.last? + DEBOUNCE).min(self.first? + LONGEST_DEBOUNCE))
    }
}
