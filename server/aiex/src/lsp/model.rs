//! The model that answers a run: configured or found, and allowed to see the code.

use std::sync::Arc;

use super::{consent, run::Run, session::Server};
use crate::{
    config::Loaded,
    engine::{Engine, Model},
};

/// The model, if there is one that may be asked, with the configuration that is then in force. Waits for the user where
/// they must allow it first.
pub async fn of_run(server: &Server, run: &Run, document: &str) -> Result<(Option<Model>, Arc<Loaded>), String> {
    let loaded = server.settings.fresh(server).await;
    let detected = match server.engines.of(&loaded).await.map_err(|error| error.to_string())? {
        Engine::Offline => return Ok((None, loaded)),
        Engine::Model(model) => return Ok((Some(model), loaded)),
        Engine::Detected(_, detected) => detected,
    };
    run.stage("waiting for your permission".to_owned());
    let workspace = consent::workspace_of(server, document);
    let allowed = consent::allowed(server, &workspace, detected.clone()).await;
    // The user may have taken the time to change the configuration.
    let loaded = server.settings.fresh(server).await;
    let model = match server.engines.of(&loaded).await.map_err(|error| error.to_string())? {
        Engine::Detected(model, now) if now == detected => allowed.then_some(model),
        Engine::Model(model) => Some(model),
        Engine::Offline | Engine::Detected(..) => None,
    };
    Ok((model, loaded))
}
