//! [`Corrections`]: what providers report as used corrects how later prompts for their models are counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aiex_context::tokens::{Correction, Counter};

use crate::{ledger::Database, paths};

/// What was learned of each model, in this process and, in the database, in those before. A clone is another handle.
#[derive(Clone, Default)]
pub struct Corrections {
    database: Database,
    /// By `provider/model`, as configured.
    known: Arc<Mutex<HashMap<String, Correction>>>,
}

impl std::fmt::Debug for Corrections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Corrections").finish_non_exhaustive()
    }
}

impl Corrections {
    /// Those that `database` keeps.
    pub fn kept_in(database: &Database) -> Self {
        Self { database: database.clone(), known: Arc::default() }
    }

    /// Counts for a model, `provider/model`, as its provider has counted so far. Blocks.
    pub fn counter(&self, model: &str) -> Counter {
        let counter = Counter::new(model);
        if counter.family().is_exact() { counter } else { counter.with_correction(self.of(model)) }
    }

    /// Learns from an answer: `counted` is the family's own count of what was sent, `reported` the provider's. Blocks.
    pub fn observe(&self, model: &str, counted: usize, reported: u64) {
        let mut correction = self.of(model);
        correction.observe(counted, usize::try_from(reported).unwrap_or(usize::MAX));
        let kept = serde_json::to_string(&correction).map_err(|error| error.to_string()).and_then(|ratios| {
            let store = self.database.open()?;
            store.set_token_ratios(model, &ratios).map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(error, "how the model counts is kept for this process only");
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), correction);
    }

    fn of(&self, model: &str) -> Correction {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(model) {
            return known.clone();
        }
        // A question that nobody has answered yet makes no database.
        if !paths::database().is_some_and(|path| path.exists()) {
            return Correction::default();
        }
        let kept = self.database.open().and_then(|store| store.token_ratios(model).map_err(|error| error.to_string()));
        let kept = kept.unwrap_or_else(|error| {
            tracing::warn!(error, "how the model counts cannot be read");
            None
        });
        // What is none of ours is as nothing.
        let correction = kept.and_then(|ratios| serde_json::from_str(&ratios).ok()).unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(model.to_owned()).or_insert(correction).clone()
    }
}
