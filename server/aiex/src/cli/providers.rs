//! `aiex providers`: which providers there are, and how they do.

use std::{
    collections::BTreeSet,
    process::ExitCode,
    time::{Duration, Instant},
};

use aiex_llm::{Class, Error, Kind, Provider as _, well_known, well_known::ROWS};
use anyhow::Result;
use serde::Serialize;

use super::print;
use crate::{
    config::{self, Config, Loaded, Places},
    engine::provider,
    keys::Keychain,
    workspace,
};

/// How long a check waits for one provider.
const CHECK: Duration = Duration::from_secs(10);

/// A provider as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) base_url: String,
    /// The model that is configured for it, else the one that would be asked.
    pub(super) model: Option<String>,
    pub(super) state: State,
    pub(super) latency_ms: Option<u64>,
    pub(super) detail: String,
}

/// How a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It answers, or, unasked, nothing is known against it.
    Ok,
    /// Its key is missing.
    NoKey,
    /// No connection.
    Unreachable,
    /// It refuses, or its settings are wrong.
    Error,
}

pub(super) fn providers(check: bool, json: bool) -> Result<ExitCode> {
    let loaded =
        config::load(&Places { workspaces: vec![workspace::root_of(std::path::Path::new("."))], ..Places::default() });
    super::warn(&loaded.problems);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shown = runtime.block_on(all(&loaded, check));
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&shown)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    if shown.is_empty() {
        let local =
            if check { "no server on this computer answers" } else { "--check looks for servers on this computer" };
        print(&format!("No provider is configured, and no key is in the environment; {local}.\n"))?;
    }
    let lines = shown.iter().map(|one| {
        let latency = one.latency_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        let state = serde_json::to_value(one.state).ok().and_then(|state| Some(state.as_str()?.to_owned()));
        let model = one.model.clone().unwrap_or_default();
        [one.name.clone(), state.unwrap_or_default(), latency, model, one.base_url.clone(), one.detail.clone()]
    });
    print(&super::columns(&lines.collect::<Vec<_>>(), usize::MAX))?;
    let known = ROWS.iter().map(|row| row.name).filter(|name| shown.iter().all(|one| one.name != *name));
    eprintln!("Known by name too: {}.", known.collect::<Vec<_>>().join(", "));
    if !check {
        eprintln!("Nothing was sent; --check asks each of them.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Those that are configured or have a key; with `check` also the servers on this computer that answer.
pub(super) async fn all(loaded: &Loaded, check: bool) -> Vec<Shown> {
    let named: BTreeSet<String> = named(&loaded.config).collect();
    let keys = ROWS.iter().filter(|row| provider::environment_key(row).is_some()).map(|row| row.name.to_owned());
    let keychain = Keychain::list().into_iter().map(|entry| entry.provider);
    let wanted: BTreeSet<String> = named.iter().cloned().chain(keys).chain(keychain).collect();
    let local = ROWS.iter().filter(|row| check && row.is_local()).map(|row| row.name.to_owned());
    let candidates: BTreeSet<String> = wanted.iter().cloned().chain(local).collect();
    let shown = futures::future::join_all(candidates.iter().map(|name| one(name, loaded, check))).await;
    shown.into_iter().filter(|one| wanted.contains(&one.name) || one.state == State::Ok).collect()
}

/// The providers that the configuration names.
fn named(config: &Config) -> impl Iterator<Item = String> {
    let models = config.model.iter().chain(&config.fast_model).chain(&config.routing.fallbacks);
    let of_models = models.filter_map(|model| Some(model.split_once('/')?.0.to_owned()));
    config.providers.keys().cloned().chain(of_models)
}

/// One provider. With `check`, it is asked for its list of models, which costs nothing.
pub(super) async fn one(name: &str, loaded: &Loaded, check: bool) -> Shown {
    let models = loaded.config.model.iter().chain(&loaded.config.fast_model).chain(&loaded.config.routing.fallbacks);
    let own = models.filter_map(|model| model.split_once('/')).find(|(provider, _)| *provider == name);
    let row = well_known::row(name);
    let model = own.map(|(_, model)| model.to_owned()).or_else(|| row.and_then(|row| row.model).map(str::to_owned));
    let shown = |state, detail: String| Shown {
        name: name.to_owned(),
        kind: "",
        base_url: String::new(),
        model: model.clone(),
        state,
        latency_ms: None,
        detail,
    };
    let configured = match provider::configured(name, loaded) {
        Ok(configured) => configured,
        Err(error) => return shown(State::Error, format!("{error}.")),
    };
    let shown = |state, detail| Shown {
        kind: kind(configured.kind),
        base_url: configured.base_url.clone(),
        ..shown(state, detail)
    };
    if !configured.has_key {
        let variable = row.and_then(|row| row.keys.first());
        let instead = variable.map(|variable| format!("export {variable}, or ")).unwrap_or_default();
        return shown(State::NoKey, format!("{instead}`aiex auth set {name}`"));
    }
    if !check {
        return shown(State::Ok, String::new());
    }
    let asked = Instant::now();
    let Ok(listed) = tokio::time::timeout(CHECK, configured.provider.models()).await else {
        return shown(State::Unreachable, format!("no answer within {} s", CHECK.as_secs()));
    };
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).ok();
    match listed {
        Ok(models) => {
            // A tag or a date may follow, on either side.
            let is_listed = |model: &String| {
                models
                    .iter()
                    .any(|(listed, _)| listed.starts_with(model.as_str()) || model.starts_with(listed.as_str()))
            };
            let detail = match &model {
                Some(model) if !models.is_empty() && !is_listed(model) => {
                    format!("{} models; `{model}` is not in its list", models.len())
                }
                _ => format!("{} models", models.len()),
            };
            let model = model.clone().or_else(|| models.first().map(|(model, _)| model.clone()));
            Shown { latency_ms, model, ..shown(State::Ok, detail) }
        }
        Err(Error::NotFound { .. }) => Shown { latency_ms, ..shown(State::Ok, "it lists no models".to_owned()) },
        Err(error) => {
            let state = match error.class() {
                Class::Transient | Class::Truncated => State::Unreachable,
                _ => State::Error,
            };
            Shown { latency_ms, ..shown(state, error.to_string()) }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::OpenAiChat => "openai",
        Kind::OpenAiResponses => "openai-responses",
        Kind::Anthropic => "anthropic",
        Kind::Gemini => "gemini",
        Kind::Ollama => "ollama",
    }
}
