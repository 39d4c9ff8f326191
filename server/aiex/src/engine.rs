//! [`Engine`]: what answers, as configured: a model behind a provider, or the structural engine, which asks nobody.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

use aiex_assist::Prompt;
use aiex_llm::{
    Endpoint, EndpointOptions, Event, Message, OpenAiChat, Provider, Request, Secret, StopReason, Timeouts,
};
use futures::StreamExt as _;

use crate::config::{self, Loaded, ProviderKind};

/// The name of the structural engine where a model is expected.
pub const OFFLINE: &str = "offline";

/// The longest answer that is taken, in bytes: a model that repeats itself would go on for ever.
const LONGEST: usize = 1024 * 1024;

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
        "this version does not speak the protocol of the provider `{0}` yet; any OpenAI-compatible address works, with kind = \"openai\" and a base_url"
    )]
    Kind(String),
    /// A part of its settings was left out, so that a default would take its place.
    #[error(
        "the settings of the provider `{0}` have a mistake, so nothing is sent to it; `aiex config check` says which"
    )]
    Mistake(String),
    /// What may be sent where is not known.
    #[error("the privacy settings could not be understood, so no model is asked; `aiex config check` says why")]
    Unsure,
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
    pub fn of(loaded: &Loaded) -> Result<Self, EngineError> {
        let config = &loaded.config;
        let Some(name) = config.model.as_deref().filter(|name| *name != OFFLINE) else { return Ok(Self::Offline) };
        let (provider, model) = name.split_once('/').ok_or_else(|| EngineError::NoProvider(name.to_owned()))?;
        let endpoint = endpoint(provider, loaded)?;
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
pub struct CurrentEngine(Mutex<Option<(Arc<Loaded>, Engine)>>);

impl CurrentEngine {
    /// The engine of a configuration: that of the last call, if it was of the same.
    pub fn of(&self, loaded: &Arc<Loaded>) -> Result<Engine, EngineError> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &Loaded| last.config == loaded.config && last.left_out == loaded.left_out;
        if let Some((_, engine)) = current.as_ref().filter(|(last, _)| same(last)) {
            return Ok(engine.clone());
        }
        let engine = Engine::of(loaded)?;
        *current = Some((loaded.clone(), engine.clone()));
        Ok(engine)
    }
}

/// Providers of the contract whose own protocols are not spoken yet.
const NOT_SPOKEN: [&str; 2] = ["anthropic", "gemini"];

/// Providers that need no `base_url`, with the variable that holds the key of that address.
const WELL_KNOWN: [(&str, &str, Option<&str>); 5] = [
    ("openai", "https://api.openai.com/v1", Some("OPENAI_API_KEY")),
    ("openrouter", "https://openrouter.ai/api/v1", Some("OPENROUTER_API_KEY")),
    ("ollama", "http://127.0.0.1:11434/v1", None),
    ("lmstudio", "http://127.0.0.1:1234/v1", None),
    ("llamacpp", "http://127.0.0.1:8080/v1", None),
];

/// The address and key of a provider. Fails rather than fall back on anything that the user did not mean.
fn endpoint(name: &str, loaded: &Loaded) -> Result<Endpoint, EngineError> {
    let Loaded { config, .. } = loaded;
    if loaded.is_unsure("privacy") {
        return Err(EngineError::Unsure);
    }
    if loaded.is_unsure(&format!("providers.{name}")) {
        return Err(EngineError::Mistake(name.to_owned()));
    }
    let well_known = WELL_KNOWN.iter().find(|(known, ..)| *known == name);
    let default = config::Provider::default();
    let provider = match config.providers.get(name) {
        Some(provider) => provider,
        None if well_known.is_some() => &default,
        None if NOT_SPOKEN.contains(&name) => return Err(EngineError::Kind(name.to_owned())),
        None => return Err(EngineError::Unknown(name.to_owned())),
    };
    match provider.kind {
        None if NOT_SPOKEN.contains(&name) => return Err(EngineError::Kind(name.to_owned())),
        None | Some(ProviderKind::Openai) => {}
        Some(_) => return Err(EngineError::Kind(name.to_owned())),
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
    match config.privacy.local_only && !endpoint.is_loopback() {
        true => Err(EngineError::NotLocal(name.to_owned())),
        false => Ok(endpoint),
    }
}

impl Model {
    /// Asks, and returns the whole answer. `on_text` is given each piece as it comes, and may end the answer there.
    /// Dropping the future closes the connection. An answer that was cut ends with a line that says so.
    pub async fn ask(
        &self,
        prompt: Prompt,
        mut on_text: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<String, AskError> {
        let messages = vec![Message::system(prompt.system), Message::user(prompt.user)];
        let mut events = self.provider.stream(Request { model: self.model.clone(), messages, ..Request::default() });
        let mut answer = String::new();
        let mut stop = StopReason::End;
        while let Some(event) = events.next().await {
            match event? {
                Event::Text(text) => {
                    answer.push_str(&text);
                    if on_text(&text).is_break() {
                        break;
                    }
                    if answer.len() > LONGEST {
                        stop = StopReason::Length;
                        break;
                    }
                }
                Event::Stop(reason) => stop = reason,
                Event::Reasoning(_) | Event::ToolCall { .. } | Event::Usage(_) => {}
            }
        }
        drop(events);
        if stop == StopReason::ContentFilter {
            return Err(AskError::Filtered(self.name.clone()));
        }
        if answer.trim().is_empty() {
            return Err(AskError::Empty(self.name.clone()));
        }
        if stop == StopReason::Length {
            const CUT: &str = "\n\n*(The answer was cut here: it met a limit on its length.)*";
            let _ = on_text(CUT);
            answer.push_str(CUT);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn check(config: &str, expect: &str) {
        check_left_out(config, &[], expect);
    }

    fn check_left_out(config: &str, left_out: &[&str], expect: &str) {
        let config: Config = toml::from_str(config).unwrap();
        let left_out = left_out.iter().map(|path| (*path).to_owned()).collect();
        let found = match Engine::of(&Loaded { config, left_out, ..Loaded::default() }) {
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

    #[test]
    fn nothing_is_sent_on_the_strength_of_a_mistake() {
        let mistake = |name| {
            format!(
                "the settings of the provider `{name}` have a mistake, so nothing is sent to it; `aiex config check` says which"
            )
        };
        check_left_out("model = \"openai/x\"", &["providers.openai.base_url"], &mistake("openai"));
        check_left_out("model = \"openai/x\"", &["providers.openai.api_key"], &mistake("openai"));
        let unsure = "the privacy settings could not be understood, so no model is asked; `aiex config check` says why";
        check_left_out("model = \"ollama/x\"", &["*"], unsure);
        check_left_out("model = \"openai/x\"", &["privacy.local_only"], unsure);
        check_left_out("model = \"ollama/x\"", &["privacy.exclude"], unsure);
    }

    #[test]
    fn providers_to_come_are_named_as_such() {
        let not_yet = "this version does not speak the protocol of the provider `anthropic` yet; any OpenAI-compatible address works, with kind = \"openai\" and a base_url";
        check("model = \"anthropic/x\"", not_yet);
        check("model = \"anthropic/x\"\n[providers.anthropic]\napi_key = \"k\"", not_yet);
    }
}
