//! From the configuration to a provider: its address, key, format and limits. Fails rather than fall back on anything
//! that the user did not mean.

use std::{sync::Arc, time::Duration};

use aiex_llm::{
    Auth, Dialect, Endpoint, EndpointOptions, HttpProvider, Key, Kind, Limits, Quirks, Secret, Timeouts, well_known,
    well_known::Row,
};

use super::EngineError;
use crate::{
    config::{self, Loaded, ProviderKind},
    keys,
};

/// A provider as it is configured.
#[derive(Debug, Clone)]
pub struct Configured {
    /// What speaks to it.
    pub provider: HttpProvider,
    /// What it is allowed.
    pub limits: Limits,
    /// Scheme, host and port.
    pub origin: String,
    /// On this computer, or called local by the user.
    pub is_local: bool,
    /// A key is known, or none is needed.
    pub has_key: bool,
    /// It is known by its name, and at the address that goes with it.
    pub is_well_known: bool,
    /// The wire format.
    pub kind: Kind,
    /// The address.
    pub base_url: String,
}

/// The provider of this name.
pub fn configured(name: &str, loaded: &Loaded) -> Result<Configured, EngineError> {
    if loaded.is_unsure("privacy") {
        return Err(EngineError::Unsure);
    }
    if loaded.is_unsure(&format!("providers.{name}")) {
        return Err(EngineError::Mistake(name.to_owned()));
    }
    let row = well_known::row(name);
    let default = config::Provider::default();
    let provider = match loaded.config.providers.get(name) {
        Some(provider) => provider,
        None if row.is_some() => &default,
        None => return Err(EngineError::Unknown(name.to_owned())),
    };
    let base_url = match (&provider.base_url, row) {
        (Some(base_url), _) => base_url.clone(),
        (None, Some(row)) if row.base_url.contains('{') => {
            return Err(EngineError::Address { provider: name.to_owned(), like: row.base_url });
        }
        (None, Some(row)) => row.base_url.to_owned(),
        (None, None) => return Err(EngineError::Unknown(name.to_owned())),
    };
    // What is known of a name is known of its own address; another one under this name speaks what most do.
    let is_own = row.is_some_and(|row| belongs(row, &base_url));
    let usual = row.map(|row| row.kind).filter(|kind| is_own || *kind != Kind::OpenAiResponses);
    let kind = provider.kind.map(kind_of).or(usual).unwrap_or(Kind::OpenAiChat);
    let base_url = match kind {
        // The address of its OpenAI-compatible interface is the better known one.
        Kind::Ollama => base_url.trim_end_matches('/').trim_end_matches("/v1").to_owned(),
        _ => base_url,
    };
    let (key, has_key) = key(name, provider, row, &base_url);
    let endpoint = Endpoint::new(EndpointOptions {
        provider: name.to_owned(),
        base_url: base_url.clone(),
        key,
        auth: row.filter(|row| row.kind == kind).map_or_else(|| auth(kind), |row| row.auth),
        allow_http: provider.allow_http,
        local: provider.local,
        headers: headers(provider, kind),
        certificates: certificates(name, provider)?,
    })?;
    if loaded.config.privacy.local_only && !endpoint.is_local() {
        return Err(EngineError::NotLocal(name.to_owned()));
    }
    let dialect = Dialect {
        kind,
        quirks: row.map_or_else(Quirks::default, |row| row.quirks),
        heading: row.map_or("open", |row| row.models).to_owned(),
        models: provider.models.clone(),
        is_local: row.is_some_and(Row::is_local),
        timeouts: timeouts(provider, row, endpoint.is_local()),
    };
    let limits = Limits {
        concurrent: provider.max_concurrent.and_then(|most| usize::try_from(most).ok()),
        per_minute: provider.requests_per_minute,
    };
    let is_well_known = is_own;
    let (origin, is_local) = (endpoint.origin(), endpoint.is_local());
    let has_key = has_key || is_local;
    let provider = HttpProvider::new(endpoint, dialect);
    Ok(Configured { provider, limits, origin, is_local, has_key, is_well_known, kind, base_url })
}

fn kind_of(kind: ProviderKind) -> Kind {
    match kind {
        ProviderKind::Openai => Kind::OpenAiChat,
        ProviderKind::OpenaiResponses => Kind::OpenAiResponses,
        ProviderKind::Anthropic => Kind::Anthropic,
        ProviderKind::Gemini => Kind::Gemini,
        ProviderKind::Ollama => Kind::Ollama,
    }
}

/// How servers of a format take their key, where nothing more is known of them.
fn auth(kind: Kind) -> Auth {
    match kind {
        Kind::Anthropic => Auth::Header("x-api-key"),
        Kind::Gemini => Auth::Header("x-goog-api-key"),
        Kind::OpenAiChat | Kind::OpenAiResponses | Kind::Ollama => Auth::Bearer,
    }
}

/// The key, from the first place that has one, and whether there is one. A key from the environment belongs to the
/// address that it is known for, and one in the keychain to that for which it was set; neither is sent to another.
fn key(name: &str, provider: &config::Provider, row: Option<&'static Row>, base_url: &str) -> (Key, bool) {
    if let Some(key) = provider.api_key.as_ref().filter(|key| !key.is_empty()) {
        return (Key::Given(Secret::new(key)), true);
    }
    if !provider.api_key_command.is_empty() {
        return (Key::From(Arc::new(keys::Command(provider.api_key_command.clone()))), true);
    }
    let own = row.filter(|row| belongs(row, base_url));
    if let Some((_, key)) = own.and_then(environment_key) {
        return (Key::Given(key), true);
    }
    match keys::Keychain::of(name, base_url) {
        Some(keychain) => (Key::From(Arc::new(keychain)), true),
        None => (Key::None, own.is_none()),
    }
}

/// Whether an address is the row's own: the very one, or one that fills in what only the user knows.
fn belongs(row: &Row, base_url: &str) -> bool {
    match (row.base_url.split_once('{'), row.base_url.split_once('}')) {
        (Some((before, _)), Some((_, after))) => {
            let middle = base_url.strip_prefix(before).and_then(|rest| rest.trim_end_matches('/').strip_suffix(after));
            middle.is_some_and(|part| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        }
        _ => base_url.trim_end_matches('/').trim_end_matches("/v1") == row.base_url.trim_end_matches("/v1"),
    }
}

/// The key of a row in the environment, and the variable that holds it.
pub fn environment_key(row: &Row) -> Option<(&'static str, Secret)> {
    row.keys.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((*name, Secret::new(value)))
    })
}

fn headers(provider: &config::Provider, kind: Kind) -> Vec<(String, Secret)> {
    // Every server that speaks a format wants what goes with it.
    let rows = well_known::ROWS.iter().filter(|row| row.kind == kind);
    let known = rows.flat_map(|row| row.headers).map(|(name, value)| ((*name).to_owned(), Secret::new(value)));
    known.chain(provider.headers.iter().map(|(name, value)| (name.clone(), Secret::new(value)))).collect()
}

fn certificates(name: &str, provider: &config::Provider) -> Result<Vec<Vec<u8>>, EngineError> {
    let Some(file) = &provider.ca_file else { return Ok(Vec::new()) };
    std::fs::read(file).map(|pem| vec![pem]).map_err(|error| EngineError::Certificates {
        provider: name.to_owned(),
        file: file.clone(),
        reason: error.to_string(),
    })
}

fn timeouts(provider: &config::Provider, row: Option<&Row>, is_local: bool) -> Timeouts {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds.max(1)));
    let usual = Timeouts::default();
    // A local server may load the model first.
    let first_event = match (row.and_then(|row| row.first_event), is_local) {
        (Some(first_event), _) => Duration::from_secs(first_event),
        (None, true) => usual.first_event * 5,
        (None, false) => usual.first_event,
    };
    Timeouts {
        first_event: provider.first_event_seconds.map_or(first_event, seconds),
        idle: provider.idle_seconds.map_or(usual.idle, seconds),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_environment_belongs_to_its_address() {
        let openai = well_known::row("openai").unwrap();
        assert!(belongs(openai, "https://api.openai.com/v1") && belongs(openai, "https://api.openai.com/v1/"));
        assert!(!belongs(openai, "https://api.openai.com.example/v1") && !belongs(openai, "http://api.openai.com/v1"));
        let azure = well_known::row("azure").unwrap();
        assert!(belongs(azure, "https://my-team.openai.azure.com/openai/v1/"));
        for other in [
            "https://evil.example/x.openai.azure.com/openai/v1",
            "https://evil.example#.openai.azure.com/openai/v1",
            "https://my-team.openai.azure.com.example/openai/v1",
            "http://my-team.openai.azure.com/openai/v1",
        ] {
            assert!(!belongs(azure, other), "{other}");
        }
    }
}
