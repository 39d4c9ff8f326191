//! Whether a workspace's code may be sent to a cloud that nothing but a key in the environment speaks for: the user is
//! asked once, and the answer kept.

use std::{path::Path, time::SystemTime};

use crate::{engine::Detected, ledger::Database};

/// One question to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The workspace's folder.
    pub workspace: String,
    /// Where its code would go.
    pub detected: Detected,
}

impl Consent {
    /// About a workspace.
    pub fn new(workspace: &Path, detected: Detected) -> Self {
        Self { workspace: workspace.display().to_string(), detected }
    }

    /// Whether it is about this workspace.
    pub fn is_about(&self, workspace: &Path) -> bool {
        Path::new(&self.workspace) == workspace
    }

    /// The question.
    pub fn question(&self) -> String {
        let Detected { model, title, variable, origin } = &self.detected;
        format!(
            "May Aiex send code of {} to {title} ({origin})? It found a key in {variable}, and no `model` is configured; \
             it would ask {model}.",
            self.workspace
        )
    }

    /// What was answered before. Blocks.
    pub fn known(&self, database: &Database) -> Option<bool> {
        let store = database.open().inspect_err(|error| tracing::warn!(error, "consents cannot be read")).ok()?;
        store.consents(&self.workspace, &self.detected.origin).unwrap_or_else(|error| {
            tracing::warn!(%error, "consents cannot be read");
            None
        })
    }

    /// Keeps an answer. Blocks.
    pub fn keep(&self, database: &Database, allowed: bool) {
        let kept = database.open().and_then(|store| {
            let kept = store.set_consent(&self.workspace, &self.detected.origin, allowed, SystemTime::now());
            kept.map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(error, "the answer is not kept");
        }
    }
}
