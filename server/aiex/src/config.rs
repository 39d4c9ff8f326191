//! Configuration: what can be set, read from every place that may set it, with problems reported beside the values.
//!
//! Later places win: defaults, the user's file, the workspace's file, the editor, the environment, flags. What a
//! repository can write to is restricted (`restrict`). A mistake never stops Aiex: the value is left out, and said.

mod check;
mod layer;
mod restrict;
pub mod trust;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::SystemTime,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::exclude::Excluded;
use layer::EVERYTHING;
pub use layer::{Layer, Source};

/// Everything that can be configured, with its defaults. Unknown keys never get here: `check` reports them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The model to ask, as `provider/model`, or `offline` for the structural engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A quick model for small questions, as `provider/model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fast_model: Option<String>,
    /// Language of prose answers, as a code such as `en`.
    pub language: Language,
    /// Providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// How providers are chosen.
    pub routing: Routing,
    /// What may be spent.
    pub limits: Limits,
    /// What is sent with a question.
    pub context: Context,
    /// What must not leave.
    pub privacy: Privacy,
    /// What a hover shows.
    pub hover: Hover,
    /// How edits are checked.
    pub edits: Edits,
    /// How chats behave.
    pub chat: Chat,
    /// Which workspaces' code may run.
    pub trust: Trust,
}

/// A language code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Language(pub String);

impl Default for Language {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

/// A provider's address and key. Well-known names need neither `kind` nor `base_url`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Provider {
    /// The protocol it speaks: openai, openai-responses, anthropic, gemini, ollama.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProviderKind>,
    /// Its address, such as `http://127.0.0.1:8000/v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its key, best as `${NAME}` from the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// A program that prints its key, with arguments; run without a shell, and again when the key is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_key_command: Vec<String>,
    /// More HTTP headers. Their values are kept as secret as the key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Allows plain HTTP to an address that is not this machine.
    pub allow_http: bool,
    /// Counts the address as local: a server of your own, in your own network.
    pub local: bool,
    /// A file with certificates (PEM) to trust beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Most requests at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// Most requests in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Seconds until an answer must begin; 60, or more for servers that load a model first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_event_seconds: Option<u32>,
    /// Seconds that an answer may stand still; 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<u32>,
    /// What its models are and cost, by their names, where the table in Aiex does not know them or is wrong.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, aiex_llm::Model>,
}

impl std::fmt::Debug for Provider {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({:?}, {:?})", self.kind, self.masked().base_url)
    }
}

impl Provider {
    /// Without what may be a key.
    fn masked(&self) -> Self {
        let mut masked = self.clone();
        masked.api_key = self.api_key.as_ref().map(|_| MASK.to_owned());
        masked.headers.values_mut().for_each(|value| *value = MASK.to_owned());
        // A key may have been put into the address, where it is refused, but stands in the file.
        if let Some(base_url) = masked.base_url.as_mut().filter(|base_url| base_url.contains(['@', '?', '#'])) {
            *base_url = MASK.to_owned();
        }
        masked
    }
}

/// The protocols of providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    Openai,
    OpenaiResponses,
    Anthropic,
    Gemini,
    Ollama,
}

/// How providers are chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// The strategy.
    pub strategy: aiex_llm::Strategy,
    /// Models to ask when the first fails, as `provider/model`.
    pub fallbacks: Vec<String>,
}

/// What may be spent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most that one day may cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_cost_usd: Option<f64>,
}

/// What is sent with a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Most tokens of one prompt.
    pub budget_tokens: u64,
}

impl Default for Context {
    fn default() -> Self {
        Self { budget_tokens: 8000 }
    }
}

/// What must not leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Privacy {
    /// Refuses every provider that is not on this machine.
    pub local_only: bool,
    /// Replaces secrets by placeholders before anything is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redact_secrets: Option<bool>,
    /// Files never sent, as globs of their path or of any end of it.
    pub exclude: Vec<String>,
}

impl Privacy {
    /// The files that are never sent. Fails, as [`Privacy::check`] does, for a pattern that is no glob.
    pub fn excluded(&self) -> Result<Excluded, String> {
        Excluded::new(&self.exclude)
            .map_err(|error| format!("privacy.exclude has a pattern that is no glob, so nothing is sent: {error}"))
    }

    /// Refuses a file that is never to be sent, wherever its workspace begins: `secrets/*.exs` holds for
    /// `/home/me/shop/secrets/prod.exs`, and for a link to it. A pattern that is no glob refuses everything, since
    /// nobody knows what it was to keep back.
    pub fn check(&self, path: &Path) -> Result<(), String> {
        let globs = self.excluded()?;
        let excluded =
            [Some(path.to_path_buf()), path.canonicalize().ok()].into_iter().flatten().any(|path| globs.matches(&path));
        match excluded {
            true => Err(format!(
                "{} is never sent, by privacy.exclude; the structural engine explains it with model = \"offline\"",
                path.display()
            )),
            false => Ok(()),
        }
    }
}

/// What a hover shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hover {
    /// brief: what other servers don't show; full: everything; off.
    pub facts: HoverFacts,
}

/// How much a hover shows of a symbol's facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoverFacts {
    #[default]
    Brief,
    Full,
    Off,
}

/// How edits are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Edits {
    /// parse, or check (also compiles a copy; trusted workspaces).
    pub verify: Verify,
    /// How often a refused edit goes back to the model.
    pub max_repairs: u64,
}

impl Default for Edits {
    fn default() -> Self {
        Self { verify: Verify::default(), max_repairs: 2 }
    }
}

/// What an edit must pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    #[default]
    Parse,
    Check,
}

/// How chats behave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// Lets the answer grow in the document, as several undo steps.
    pub stream: bool,
}

/// Which workspaces' code may run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Folders; `~` is the home folder.
    pub workspaces: Vec<String>,
}

/// Keys that are read and checked but have no effect yet, so that nobody relies on a promise that is not kept.
const NOT_YET: [&str; 2] = ["fast_model", "chat.stream"];

/// A mistake in one place of the configuration, as a sentence that says where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where: a file and line, or the name of another source.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The configuration in force, and what was wrong on the way to it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Mistakes: what they set was left out.
    pub problems: Vec<Problem>,
    /// The paths of keys that were set but left out, `*` for a whole file: what they protect is not to be relied on.
    pub left_out: BTreeSet<String>,
    /// Keys that are set but have no effect yet.
    pub not_yet: Vec<&'static str>,
    /// The files that were looked for, whether they exist or not, with their time of change when read.
    pub files: Vec<(PathBuf, Option<SystemTime>)>,
}

/// Where configuration comes from besides files.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The workspace's folders, whose `.aiex.toml` are read; the first one's wins.
    pub workspaces: Vec<PathBuf>,
    /// `initializationOptions` of the editor: trusted, since an editor that lets a repository set them also lets it
    /// name the program to start.
    pub initialization_options: Option<Value>,
    /// `workspace/configuration` or `didChangeConfiguration`: editors merge the repository's own settings into these.
    pub client_settings: Option<Value>,
    /// `--model`.
    pub model: Option<String>,
}

/// Reads every place and merges what they say. Reads files and the environment; never fails.
pub fn load(places: &Places) -> Loaded {
    let (mut layers, mut problems, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let user = crate::paths::config_file().map(|path| (Source::User(path.clone()), path));
    let workspaces = places.workspaces.iter().rev().map(|folder| folder.join(".aiex.toml"));
    let paths = user.into_iter().chain(workspaces.map(|path| (Source::Workspace(path.clone()), path)));
    for (source, path) in paths {
        // The time first: a change while reading is then seen as one.
        files.push((path.clone(), changed(&path)));
        layers.extend(Layer::file(source, &path, &mut problems));
    }
    let json = |source: Source, value: &Option<Value>| value.as_ref().and_then(|value| Layer::json(source, value));
    layers.extend(json(Source::InitializationOptions, &places.initialization_options));
    layers.extend(json(Source::ClientSettings, &places.client_settings));
    layers.push(Layer::environment(std::env::vars_os(), &mut problems));
    layers.extend(places.model.as_ref().map(|model| Layer::flag("model", model)));
    Loaded { files, ..resolve(layers, problems) }
}

/// The JSON Schema of all that can be configured.
pub fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// Checks, restricts and merges layers, the weakest first.
fn resolve(mut layers: Vec<Layer>, mut problems: Vec<Problem>) -> Loaded {
    let schema = check::Schema::of_config();
    for layer in &mut layers {
        schema.check(layer, &mut problems);
        layer.expand(&mut problems);
    }
    // What a repository may choose from is known only once every trusted place was read.
    let mut trusted = Map::new();
    layers.iter().filter(|layer| layer.source.is_trusted()).for_each(|layer| merge(&mut trusted, &layer.values));
    let trusted: Config = serde_json::from_value(Value::Object(trusted)).unwrap_or_default();
    let mut merged = Map::new();
    for layer in &mut layers {
        if !layer.source.is_trusted() {
            restrict::restrict(layer, &trusted, &mut problems);
        }
        merge(&mut merged, &layer.values);
    }
    let mut left_out: BTreeSet<String> = layers.iter().flat_map(Layer::left_out).collect();
    let not_yet = NOT_YET.into_iter().filter(|key| get(&merged, key).is_some()).collect();
    let config = serde_json::from_value(Value::Object(merged)).unwrap_or_else(|error| {
        let message =
            format!("it could not be read as a whole ({error}); the defaults are in force, and no model is asked");
        left_out.insert(EVERYTHING.to_owned());
        problems.push(Problem { place: "configuration".to_owned(), message });
        Config::default()
    });
    Loaded { config, problems, left_out, not_yet, files: Vec::new() }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}

impl Loaded {
    /// Whether something under this path was set but left out, so that its value is not what the user meant.
    pub fn is_unsure(&self, path: &str) -> bool {
        let below = |left_out: &String| {
            left_out.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.left_out.iter().any(|left_out| left_out == EVERYTHING || below(left_out))
    }

    /// What the user should know before anything is sent: promises that the configuration asks for and this version
    /// does not keep yet.
    pub fn unkept(&self) -> Option<String> {
        let unkept: Vec<_> =
            self.not_yet.iter().filter(|key| key.starts_with("privacy.") || key.starts_with("limits.")).collect();
        let keys = unkept.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        (!unkept.is_empty())
            .then(|| format!("{keys} has no effect in this version yet; what is sent and spent is not limited by it"))
    }

    /// Whether a file of the configuration appeared, changed or went since it was read.
    pub fn is_stale(&self) -> bool {
        self.files.iter().any(|(path, then)| changed(path) != *then)
    }
}

/// What is shown in place of a key.
const MASK: &str = "********";

impl Config {
    /// For people and scripts: every key, the providers' keys masked.
    pub fn masked(&self) -> Config {
        let mut masked = self.clone();
        masked.providers.values_mut().for_each(|provider| *provider = provider.masked());
        masked
    }
}

/// Later values win; tables are merged key by key, and what is excluded anywhere stays excluded.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (Some(Value::Array(into)), Value::Array(from)) if key == "exclude" => into.extend(from.iter().cloned()),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The value at a path such as `hover.facts`.
fn get<'a>(values: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        Some((head, tail)) => get(values.get(head)?.as_object()?, tail),
        None => values.get(path),
    }
}

#[cfg(test)]
mod tests;
