//! [`Engine`]: what answers, as configured: a model behind a provider, or the structural engine, which asks nobody.

use std::sync::{Arc, Mutex, PoisonError};

use aiex_assist::Prompt;
use aiex_llm::{
    Endpoint, EndpointOptions, Event, Message, OpenAiChat, Provider, Request, Secret, StopReason, Timeouts,
};
use futures::StreamExt as _;

use crate::config::{self, Config, ProviderKind};

/// The name of the structural engine where a model is expected.
pub const OFFLINE: &str = "offline";

/// What answers.
#[derive(Clone)]
pub enum Engine {
    /// The structural engine.
    Offline,
    /// A model.
    Model(Model),
}

/// A model at a provider.
#[derive(Clone)]
pub struct Model {
    provider: Arc<dyn Provider>,
    model: String,
    /// `provider/model`, for people.
    pub name: String,
}

/// Why what is configured cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model's name has no provider.
    #[error(
        "the model `{0}` names no provider: write it as provider/model, such as ollama/qwen2.5-coder:7b, or `offline`"
    )]
    NoProvider(String),
    /// The provider is neither configured nor well known.
    #[error(
        "the provider `{0}` is not configured: add [providers.{0}] with a base_url to your configuration (`aiex config path` shows where)"
    )]
    Unknown(String),
    /// It speaks a protocol that Aiex does not.
    #[error(
        "the provider `{0}` has a kind that this version does not speak yet; kind = \"openai\" works with every OpenAI-compatible address"
    )]
    Kind(String),
    /// It is not on this machine, and only such are allowed.
    #[error("the provider `{0}` is not on this machine, and privacy.local_only is set")]
    NotLocal(String),
    /// Its address or key is unusable.
    #[error(transparent)]
    Endpoint(#[from] aiex_llm::EndpointError),
}

/// Why a model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The provider failed.
    #[error(transparent)]
    Provider(#[from] aiex_llm::Error),
    /// It ended without a word.
    #[error("{0} answered with nothing; try again, or another model")]
    Empty(String),
    /// Its filter refused.
    #[error("the provider of {0} filtered the answer; another model may not")]
    Filtered(String),
}

impl Engine {
    /// What the configuration names: `model`, or the structural engine where none is set.
    pub fn of(config: &Config) -> Result<Self, EngineError> {
        let Some(name) = config.model.as_deref().filter(|name| *name != OFFLINE) else { return Ok(Self::Offline) };
        let (provider, model) = name.split_once('/').ok_or_else(|| EngineError::NoProvider(name.to_owned()))?;
        let endpoint = endpoint(provider, config)?;
        let mut timeouts = Timeouts::default();
        if endpoint.is_loopback() {
            // A local server may load the model first.
            timeouts.first_event *= 5;
        }
        let provider = Arc::new(OpenAiChat::new(endpoint, timeouts));
        Ok(Self::Model(Model { provider, model: model.to_owned(), name: name.to_owned() }))
    }
}

/// The engine of the configuration last seen, kept so that its connections are.
#[derive(Default)]
pub struct CurrentEngine(Mutex<Option<(Config, Engine)>>);

impl CurrentEngine {
    /// The engine of `config`: that of the last call, if it was of the same.
    pub fn of(&self, config: &Config) -> Result<Engine, EngineError> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, engine)) = current.as_ref().filter(|(last, _)| last == config) {
            return Ok(engine.clone());
        }
        let engine = Engine::of(config)?;
        *current = Some((config.clone(), engine.clone()));
        Ok(engine)
    }
}

/// Providers that need no `base_url`, with the variable that holds the key of that address.
const WELL_KNOWN: [(&str, &str, Option<&str>); 5] = [
    ("openai", "https://api.openai.com/v1", Some("OPENAI_API_KEY")),
    ("openrouter", "https://openrouter.ai/api/v1", Some("OPENROUTER_API_KEY")),
    ("ollama", "http://127.0.0.1:11434/v1", None),
    ("lmstudio", "http://127.0.0.1:1234/v1", None),
    ("llamacpp", "http://127.0.0.1:8080/v1", None),
];

fn endpoint(name: &str, config: &Config) -> Result<Endpoint, EngineError> {
    let well_known = WELL_KNOWN.iter().find(|(known, ..)| *known == name);
    let default = config::Provider::default();
    let provider = match config.providers.get(name) {
        Some(provider) => provider,
        None if well_known.is_some() => &default,
        None => return Err(EngineError::Unknown(name.to_owned())),
    };
    if !matches!(provider.kind, None | Some(ProviderKind::Openai)) {
        return Err(EngineError::Kind(name.to_owned()));
    }
    let (base_url, variable) = match (&provider.base_url, well_known) {
        // A key from the environment belongs to the address it is known for, and is sent to no other.
        (Some(base_url), _) => (base_url.as_str(), None),
        (None, Some((_, base_url, variable))) => (*base_url, *variable),
        (None, None) => return Err(EngineError::Unknown(name.to_owned())),
    };
    let key = provider.api_key.clone().or_else(|| std::env::var(variable?).ok());
    let endpoint = Endpoint::new(EndpointOptions {
        provider: name.to_owned(),
        base_url: base_url.to_owned(),
        api_key: key.map(Secret::new),
        allow_http: provider.allow_http,
        ..EndpointOptions::default()
    })?;
    if config.privacy.local_only && !endpoint.is_loopback() {
        return Err(EngineError::NotLocal(name.to_owned()));
    }
    Ok(endpoint)
}

impl Model {
    /// Asks, and returns the whole answer; `on_text` is given each piece as it comes. Dropping the future closes the
    /// connection. An answer that the token limit cut ends with a line that says so.
    pub async fn ask(&self, prompt: Prompt, mut on_text: impl FnMut(&str)) -> Result<String, AskError> {
        let messages = vec![Message::system(prompt.system), Message::user(prompt.user)];
        let mut events = self.provider.stream(Request { model: self.model.clone(), messages, ..Request::default() });
        let mut answer = String::new();
        let mut stop = StopReason::End;
        while let Some(event) = events.next().await {
            match event? {
                Event::Text(text) => {
                    on_text(&text);
                    answer.push_str(&text);
                }
                Event::Stop(reason) => stop = reason,
                Event::Reasoning(_) | Event::ToolCall { .. } | Event::Usage(_) => {}
            }
        }
        if stop == StopReason::ContentFilter {
            return Err(AskError::Filtered(self.name.clone()));
        }
        if answer.trim().is_empty() {
            return Err(AskError::Empty(self.name.clone()));
        }
        if stop == StopReason::Length {
            const CUT: &str = "\n\n*(The model's token limit cut the answer here.)*";
            on_text(CUT);
            answer.push_str(CUT);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expect: &str) {
        let config: Config = toml::from_str(config).unwrap();
        let found = match Engine::of(&config) {
            Ok(Engine::Offline) => "offline".to_owned(),
            Ok(Engine::Model(model)) => format!("{} asks for {}", model.name, model.model),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn a_model_is_split_at_its_first_slash() {
        check("model = \"openrouter/qwen/qwen3-coder\"", "openrouter/qwen/qwen3-coder asks for qwen/qwen3-coder");
        check("", "offline");
        check("model = \"offline\"", "offline");
    }

    #[test]
    fn what_cannot_answer_says_what_to_do() {
        check(
            "model = \"gpt\"",
            "the model `gpt` names no provider: write it as provider/model, such as ollama/qwen2.5-coder:7b, or `offline`",
        );
        check(
            "model = \"work/x\"",
            "the provider `work` is not configured: add [providers.work] with a base_url to your configuration (`aiex config path` shows where)",
        );
        check(
            "model = \"openai/x\"\n[privacy]\nlocal_only = true",
            "the provider `openai` is not on this machine, and privacy.local_only is set",
        );
        check("model = \"ollama/x\"\n[privacy]\nlocal_only = true", "ollama/x asks for x");
    }
}
