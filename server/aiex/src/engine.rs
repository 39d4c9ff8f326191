//! [`Engine`]: what answers, as configured: models behind a router, or the structural engine, which asks nobody.

mod detect;
pub mod provider;

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aiex_assist::Prompt;
use aiex_context::tokens::Counter;
use aiex_llm::{
    Author, Error, Event, Health, HttpProvider, Message, Provider as _, Request, Router, StopReason, Target,
    well_known::is_remote,
};
use futures::StreamExt as _;

pub use detect::{Detected, key as detected_by_key};
use provider::Configured;

use crate::{
    config::{self, Loaded},
    corrections::Corrections,
    ledger::{Book, Database},
};

/// The name of the structural engine where a model is expected.
pub const OFFLINE: &str = "offline";

/// The longest answer that is taken, in bytes: a model that repeats itself would go on for ever.
const LONGEST: usize = 1024 * 1024;

/// How long a question waits for lists of models.
const LISTS_WAIT: Duration = Duration::from_secs(5);

/// What answers.
#[derive(Clone, Debug)]
pub enum Engine {
    /// The structural engine.
    Offline,
    /// A model.
    Model(Model),
    /// A model in the cloud that only a key in the environment speaks for: to be asked only if the user allows it.
    Detected(Model, Detected),
}

/// A model at a provider, and those that stand in for it.
#[derive(Clone, Debug)]
pub struct Model {
    router: Router,
    /// Providers that say more of their models than is known of them, until they are asked.
    unread: Arc<Mutex<Vec<HttpProvider>>>,
    /// Fallbacks that cannot be asked, in sentences.
    left_out: Arc<[String]>,
    /// What it costs matters.
    is_limited: bool,
    corrections: Corrections,
    /// `provider/model` of the preferred one, for people.
    pub name: String,
}

/// What a model answered.
#[derive(Debug)]
pub struct Answer {
    /// Its words.
    pub text: String,
    /// `provider/model` of who answered.
    pub by: String,
    /// What is to be known about it, in sentences: that it was cut, that code was shortened, that another model was
    /// asked first.
    pub notes: Vec<String>,
    /// It is not whole, and not to be shown again as if it were.
    pub is_partial: bool,
    /// It was cut at a limit on its length: there is more to say.
    pub is_cut: bool,
}

/// An answer, and what was said to it: what a conversation goes on from.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The model's.
    pub answer: String,
    /// What it is told or asked then.
    pub reply: String,
}

impl Answer {
    /// The answer with its notes below it, as Markdown.
    pub fn markdown(&self) -> String {
        let notes = self.notes.iter().map(|note| format!("\n\n*({note})*"));
        std::iter::once(self.text.clone()).chain(notes).collect()
    }
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
    /// Its address has a part that only the user knows.
    #[error(
        "the address of the provider `{provider}` is not configured: set base_url under [providers.{provider}], like {like}"
    )]
    Address {
        /// The provider.
        provider: String,
        /// What it looks like.
        like: &'static str,
    },
    /// Its certificates can't be read.
    #[error("the ca_file of the provider `{provider}`, {file}, cannot be read: {reason}")]
    Certificates {
        /// The provider.
        provider: String,
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A part of its settings was left out, so that a default would take its place.
    #[error(
        "the settings of the provider `{0}` have a mistake, so nothing is sent to it; `aiex config check` says which"
    )]
    Mistake(String),
    /// What may be spent is not known.
    #[error("limits.daily_cost_usd could not be understood, so no model is asked; `aiex config check` says why")]
    Limits,
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
    Provider(#[from] Error),
    /// It ended without a word.
    #[error("{0} answered with nothing; try again, or another model")]
    Empty(String),
    /// Its filter refused.
    #[error("the provider of {0} filtered the answer; another model may not")]
    Filtered(String),
}

/// The engine of the configuration last seen, and what outlives it: the health of providers, and the database.
pub struct Engines {
    /// Usage and consents.
    pub database: Database,
    /// How the models that were asked count.
    pub corrections: Corrections,
    health: Arc<Health>,
    current: Mutex<Option<(Arc<Loaded>, Engine)>>,
    local: detect::LocalServers,
    /// With their connections and keys, by their names and settings.
    providers: Mutex<HashMap<String, (config::Provider, Configured)>>,
}

impl Default for Engines {
    fn default() -> Self {
        let database = Database::default();
        Self {
            corrections: Corrections::kept_in(&database),
            database,
            health: Arc::default(),
            current: Mutex::default(),
            local: detect::LocalServers::default(),
            providers: Mutex::default(),
        }
    }
}

impl Engines {
    /// What answers under a configuration: its `model`; else, of what is found, a key in the environment or a server on
    /// this computer; else the structural engine.
    pub async fn of(&self, loaded: &Arc<Loaded>) -> Result<Engine, EngineError> {
        if let Some(engine) = self.known(loaded) {
            return Ok(engine);
        }
        let engine = match &loaded.config.model {
            Some(name) if name == OFFLINE => Engine::Offline,
            Some(name) => Engine::Model(self.model(name, loaded)?),
            None => match detect::key(loaded) {
                Some(detected) => Engine::Detected(self.model(&detected.model, loaded)?, detected),
                // Not kept: it may be started or ended at any time.
                None => {
                    return Ok(match self.local.find(loaded).await {
                        Some(name) => Engine::Model(self.model(&name, loaded)?),
                        None => Engine::Offline,
                    });
                }
            },
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((loaded.clone(), engine.clone()));
        Ok(engine)
    }

    /// That of the last call, if it was of the same configuration: its connections are kept with it.
    fn known(&self, loaded: &Loaded) -> Option<Engine> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |last: &Loaded| last.config == loaded.config && last.left_out == loaded.left_out;
        current.as_ref().filter(|(last, _)| same(last)).map(|(_, engine)| engine.clone())
    }

    /// A model by its full name. Where little is known of it, and its provider lists more, that is left in `unread`.
    fn target(&self, name: &str, loaded: &Loaded, unread: &Mutex<Vec<HttpProvider>>) -> Result<Target, EngineError> {
        let (provider, model) = name.split_once('/').ok_or_else(|| EngineError::NoProvider(name.to_owned()))?;
        let configured = self.provider(provider, loaded)?;
        if loaded.config.privacy.local_only && configured.is_local && is_remote(model) {
            return Err(EngineError::NotLocal(name.to_owned()));
        }
        let known = configured.provider.model(model);
        if configured.is_well_known && (known.context.is_none() || known.price.is_none()) {
            unread.lock().unwrap_or_else(PoisonError::into_inner).push(configured.provider.clone());
        }
        Ok(Target { provider: Arc::new(configured.provider), model: model.to_owned(), limits: configured.limits })
    }

    /// A provider, the same as before where its settings are: its connections and its key are kept.
    fn provider(&self, name: &str, loaded: &Loaded) -> Result<Configured, EngineError> {
        let configured = provider::configured(name, loaded)?;
        let settings = loaded.config.providers.get(name).cloned().unwrap_or_default();
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        match providers.get(name) {
            Some((last, kept)) if *last == settings && kept.has_key == configured.has_key => Ok(kept.clone()),
            _ => {
                providers.insert(name.to_owned(), (settings, configured.clone()));
                Ok(configured)
            }
        }
    }

    /// The router over a model and its fallbacks. A fallback that can't be is left out, and that is said.
    fn model(&self, name: &str, loaded: &Loaded) -> Result<Model, EngineError> {
        let (unread, mut left_out) = (Arc::default(), Vec::new());
        let mut targets = vec![self.target(name, loaded, &unread)?];
        if loaded.is_unsure("limits") {
            return Err(EngineError::Limits);
        }
        for fallback in loaded.config.routing.fallbacks.iter().filter(|fallback| *fallback != name) {
            match self.target(fallback, loaded, &unread) {
                Ok(target) => targets.push(target),
                Err(error) => left_out.push(format!("The fallback {fallback} is left out: {error}.")),
            }
        }
        let book = Book { database: self.database.clone(), daily_limit_usd: loaded.config.limits.daily_cost_usd };
        let strategy = loaded.config.routing.strategy;
        let router = Router::new(targets, strategy, Router::PATIENCE, self.health.clone(), Some(Arc::new(book)));
        Ok(Model {
            router,
            unread,
            left_out: left_out.into(),
            is_limited: loaded.config.limits.daily_cost_usd.is_some(),
            corrections: self.corrections.clone(),
            name: name.to_owned(),
        })
    }
}

impl Model {
    /// How the models that were asked count.
    pub fn corrections(&self) -> &Corrections {
        &self.corrections
    }

    /// Asks, and returns the answer. `prompt` makes the question with at most so many characters of code, `usize::MAX`
    /// at first: once again with fewer, where the model's context turns out to be too small. `on_text` is given each piece as it comes, and
    /// may end the answer there. Dropping the future closes the connection.
    pub async fn ask(
        &self,
        task: &'static str,
        prompt: impl Fn(usize) -> Prompt,
        mut on_text: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Answer, AskError> {
        let whole = prompt(usize::MAX);
        let sent = whole.user.chars().count();
        match self.ask_once(task, whole, &[], None, &mut on_text).await {
            Err(AskError::Provider(Error::ContextOverflow { used, limit, .. })) => {
                let share = match (used, limit) {
                    (Some(used), Some(limit)) if used > 0 => limit as f64 / used as f64,
                    _ => 0.5,
                };
                // Some room for the answer, and for what is not code.
                let most = (sent as f64 * share.min(1.0) * 0.6) as usize;
                const SHORTENED: &str = "The code was shortened to fit into the model's context.";
                self.ask_once(task, prompt(most), &[], Some(SHORTENED), &mut on_text).await
            }
            answered => answered,
        }
    }

    /// Goes on with a conversation that began with `prompt`, and returns the next answer.
    pub async fn go_on(
        &self,
        task: &'static str,
        prompt: Prompt,
        turns: &[Turn],
        on_text: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Answer, AskError> {
        self.ask_once(task, prompt, turns, None, on_text).await
    }

    /// Has the providers list their models: beside the first question, or, where what it costs must be known, before.
    async fn read_lists(&self) {
        let unread = std::mem::take(&mut *self.unread.lock().unwrap_or_else(PoisonError::into_inner));
        let reading = unread.into_iter().map(|provider| async move {
            if let Err(error) = provider.models().await {
                tracing::debug!(%error, "the models are not listed");
            }
        });
        let reading = tokio::spawn(futures::future::join_all(reading.collect::<Vec<_>>()));
        if self.is_limited {
            let _ = tokio::time::timeout(LISTS_WAIT, reading).await;
        }
    }

    /// Whom the limit on costs does not hold for, since nobody knows what they cost.
    fn unpriced(&self) -> Option<String> {
        let unpriced = self.router.targets().filter(|target| target.provider.model(&target.model).price.is_none());
        let names: Vec<_> = unpriced.map(|target| format!("{}/{}", target.provider.name(), target.model)).collect();
        (self.is_limited && !names.is_empty()).then(|| {
            format!(
                "What {} costs is not known, so limits.daily_cost_usd does not count it; a price under \
                 [providers.NAME.models] makes it known.",
                names.join(" and ")
            )
        })
    }

    /// What a provider says of what was sent corrects how the next prompt is counted.
    async fn learn(&self, model: String, sent: Arc<[String]>, reported: u64) {
        let counter = Counter::new(&model);
        if counter.family().is_exact() || reported == 0 {
            return;
        }
        let corrections = self.corrections.clone();
        let learning = tokio::task::spawn_blocking(move || {
            let counted = sent.iter().map(|text| counter.count(text).tokens).sum();
            corrections.observe(&model, counted, reported);
        });
        let _ = learning.await;
    }

    async fn ask_once(
        &self,
        task: &'static str,
        prompt: Prompt,
        turns: &[Turn],
        note: Option<&str>,
        mut on_text: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Answer, AskError> {
        self.read_lists().await;
        let mut messages = vec![Message::system(prompt.system), Message::user(prompt.user)];
        for turn in turns {
            messages.extend([Message::assistant(turn.answer.clone()), Message::user(turn.reply.clone())]);
        }
        let sent: Arc<[String]> = messages.iter().map(Message::text).collect();
        let mut events = self.router.stream(Request { messages, ..Request::default() }, task);
        let notes = note.map(str::to_owned).into_iter().chain(self.left_out.iter().cloned()).chain(self.unpriced());
        let notes = notes.collect();
        let mut answer = Answer { text: String::new(), by: self.name.clone(), notes, is_partial: false, is_cut: false };
        let (mut stop, mut thought) = (StopReason::End, 0);
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Answering { author: Author { provider, model }, failed }) => {
                    answer.by = format!("{provider}/{model}");
                    answer.notes.extend(failed.iter().map(|error| format!("Answered by {}. {error}", answer.by)));
                }
                Ok(Event::Text(text)) => {
                    answer.text.push_str(&text);
                    if on_text(&text).is_break() {
                        break;
                    }
                    if answer.text.len() > LONGEST {
                        stop = StopReason::Length;
                        break;
                    }
                }
                Ok(Event::Stop(reason)) => stop = reason,
                Ok(Event::Reasoning(text)) => {
                    thought += text.len();
                    if thought > LONGEST {
                        stop = StopReason::Length;
                        break;
                    }
                }
                Ok(Event::Spent(spent)) if !spent.estimated => {
                    let model = format!("{}/{}", spent.author.provider, spent.author.model);
                    self.learn(model, sent.clone(), spent.usage.input).await;
                }
                Ok(Event::ToolCall(_) | Event::Replay(_) | Event::Usage(_) | Event::Charged(_) | Event::Spent(_)) => {}
                // What was shown stays, with word of why it ends there.
                Err(error) if !answer.text.trim().is_empty() => {
                    answer.notes.push(format!("The answer broke off here. {error}"));
                    answer.is_partial = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        drop(events);
        if stop == StopReason::ContentFilter {
            return Err(AskError::Filtered(answer.by));
        }
        if answer.text.trim().is_empty() {
            return Err(AskError::Empty(answer.by));
        }
        if let StopReason::Other(reason) = &stop {
            answer.notes.push(format!("The answer ended for a reason of the provider's own: {reason}."));
            answer.is_partial = true;
        }
        if stop == StopReason::Length {
            answer.is_cut = true;
            answer.notes.push("The answer was cut here: it met a limit on its length.".to_owned());
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
        let loaded = Loaded { config, left_out, ..Loaded::default() };
        let found = match Engines::default().model(loaded.config.model.as_deref().unwrap_or_default(), &loaded) {
            Ok(model) => {
                let targets =
                    model.router.targets().map(|target| format!("{} {}", target.provider.name(), target.model));
                targets.collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn a_model_is_split_at_its_first_slash() {
        check("model = \"openrouter/qwen/qwen3-coder\"", "openrouter qwen/qwen3-coder");
    }

    #[test]
    fn fallbacks_follow_and_those_that_cannot_be_are_left_out() {
        check(
            "model = \"ollama/a\"\n[routing]\nfallbacks = [\"ollama/a\", \"nobody/b\", \"lmstudio/c\"]",
            "ollama a, lmstudio c",
        );
        check("model = \"ollama/a\"\n[privacy]\nlocal_only = true\n[routing]\nfallbacks = [\"openai/b\"]", "ollama a");
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
        check("model = \"ollama/x\"\n[privacy]\nlocal_only = true", "ollama x");
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
    fn what_only_the_user_knows_must_be_said() {
        check(
            "model = \"azure/gpt\"",
            "the address of the provider `azure` is not configured: set base_url under [providers.azure], like https://{resource}.openai.azure.com/openai/v1",
        );
        check(
            "model = \"azure/gpt\"\n[providers.azure]\nbase_url = \"https://a.openai.azure.com/openai/v1\"",
            "azure gpt",
        );
        check(
            "model = \"work/m\"\n[providers.work]\nbase_url = \"https://a.example\"\nca_file = \"/nowhere.pem\"",
            "the ca_file of the provider `work`, /nowhere.pem, cannot be read: No such file or directory (os error 2)",
        );
    }

    #[test]
    fn a_limit_that_is_not_understood_is_none_that_holds() {
        let limits =
            "limits.daily_cost_usd could not be understood, so no model is asked; `aiex config check` says why";
        check_left_out("model = \"ollama/x\"", &["limits.daily_cost_usd"], limits);
    }
}
