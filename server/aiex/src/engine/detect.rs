//! What answers where no `model` is configured: a key in the environment, else a server on this computer.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aiex_llm::{
    Provider as _,
    well_known::{ROWS, is_remote},
};

use super::provider;
use crate::config::{self, Loaded};

/// A server on this computer that does not say within this time what it has is not there.
const PROBE: Duration = Duration::from_millis(500);
/// For how long what was found is believed.
const KEEP: Duration = Duration::from_secs(30);

/// A model in the cloud, found by a key in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// `provider/model`.
    pub model: String,
    /// The provider's name for people.
    pub title: &'static str,
    /// The variable that holds the key.
    pub variable: &'static str,
    /// Where code would be sent: scheme, host and port.
    pub origin: String,
}

/// The first provider whose key is in the environment. None under `privacy.local_only`.
pub fn key(loaded: &Loaded) -> Option<Detected> {
    if loaded.config.privacy.local_only {
        return None;
    }
    ROWS.iter().find_map(|row| {
        let (variable, _) = provider::environment_key(row)?;
        let model = format!("{}/{}", row.name, row.model?);
        // At another address the key is not sent; what is configured there is the user's own business.
        let configured = provider::configured(row.name, loaded).ok().filter(|configured| configured.has_key)?;
        Some(Detected { model, title: row.title, variable, origin: configured.origin })
    })
}

/// The servers that run on this computer.
#[derive(Default)]
pub struct LocalServers(Mutex<Option<(Instant, config::Config, String)>>);

impl LocalServers {
    /// `provider/model` of the first server at its usual port that has a model.
    pub async fn find(&self, loaded: &Loaded) -> Option<String> {
        if let Some((then, config, found)) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && then.elapsed() < KEEP
            && *config == loaded.config
        {
            return Some(found.clone());
        }
        let local = ROWS.iter().filter(|row| row.is_local());
        let probes = local.map(|row| probe(row.name, loaded));
        let found = futures::future::join_all(probes).await.into_iter().flatten().next();
        // A server that is started now is found at once.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            found.clone().map(|found| (Instant::now(), loaded.config.clone(), found));
        found
    }
}

/// The first model that a local provider lists.
async fn probe(name: &str, loaded: &Loaded) -> Option<String> {
    let configured = provider::configured(name, loaded).ok().filter(|configured| configured.is_local)?;
    let models = tokio::time::timeout(PROBE, configured.provider.models()).await.ok()?.ok()?;
    // Neither what runs elsewhere nor what has no words.
    let answers = |model: &&String| !is_remote(model) && !model.to_lowercase().contains("embed");
    models.iter().map(|(model, _)| model).find(answers).map(|model| format!("{name}/{model}"))
}
