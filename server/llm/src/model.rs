//! What is known of a model: its sizes, its senses, its prices. From a table in the program, the provider's own list,
//! and the user's configuration, the later over the earlier. Of an unknown model nothing is assumed and nothing refused.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Usage;

/// The table in the program.
static TABLE: LazyLock<BTreeMap<String, BTreeMap<String, Model>>> =
    LazyLock::new(|| toml::from_str(include_str!("../models.toml")).unwrap_or_default());

/// What is known of a model. `None` is: not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// The most tokens of a request and its answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// The most tokens of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// It sees pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// It calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// How it is told to reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    /// It takes a sampling temperature; assumed where not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<bool>,
    /// Cache points are honoured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// It fills in the middle of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fim: Option<bool>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// How a model is told to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reasoning {
    /// Anthropic's extended thinking, with a budget of tokens.
    Budget,
    /// Anthropic's adaptive thinking, with an effort.
    Adaptive,
    /// OpenAI's `reasoning_effort`.
    Effort,
    /// Gemini's `thinkingBudget`.
    GeminiBudget,
    /// Gemini's `thinkingLevel`.
    GeminiLevel,
    /// On or off: Qwen's `enable_thinking`, Ollama's `think`.
    Toggle,
    /// It always does, and takes no setting.
    Always,
}

/// In US dollars per million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
    /// Tokens read from the provider's cache; as `input` where not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Tokens put into it, for five minutes; as `input` where not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<f64>,
}

impl Price {
    /// Nothing, as a model on this computer costs.
    pub const FREE: Self = Self { input: 0.0, output: 0.0, cached: None, written: None };

    /// What these tokens cost, in US dollars.
    pub fn of(&self, usage: &Usage) -> f64 {
        let fresh = usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_written);
        let parts = [
            (fresh, self.input),
            (usage.cached_input, self.cached.unwrap_or(self.input)),
            (usage.cache_written, self.written.unwrap_or(self.input)),
            (usage.output, self.output),
        ];
        parts.iter().map(|(tokens, price)| *tokens as f64 * price / 1e6).sum()
    }
}

impl Model {
    /// What the table says of a model of a provider's: under its own heading, or under that of the open models, which
    /// many serve. Vendors before a slash, tags behind a colon, and dates at the end do not count.
    pub fn known(heading: &str, name: &str) -> Self {
        let own = find(heading, name).cloned();
        let open = || find("open", name).map(|model| Self { price: None, ..model.clone() });
        own.or_else(open).unwrap_or_default()
    }

    /// This where it says something, else the other.
    pub fn or(self, other: &Self) -> Self {
        Self {
            context: self.context.or(other.context),
            output: self.output.or(other.output),
            vision: self.vision.or(other.vision),
            tools: self.tools.or(other.tools),
            reasoning: self.reasoning.or(other.reasoning),
            temperature: self.temperature.or(other.temperature),
            cache: self.cache.or(other.cache),
            fim: self.fim.or(other.fim),
            price: self.price.or(other.price),
        }
    }
}

/// Whether it is one of the models that anybody can run.
pub(crate) fn is_open(name: &str) -> bool {
    find("open", name).is_some()
}

/// The longest name in the table that the model's begins with, if the rest is but a version.
fn find(heading: &str, name: &str) -> Option<&'static Model> {
    let models = TABLE.get(heading)?;
    let name = name.to_ascii_lowercase();
    // `vendor/model`, as OpenRouter and Groq have it, may itself be in the table.
    let names = std::iter::successors(Some(name.as_str()), |name| name.split_once('/').map(|(_, rest)| rest));
    names.into_iter().find_map(|name| {
        let begins = |(known, _): &(&String, &Model)| name.strip_prefix(known.as_str()).is_some_and(is_version);
        models.iter().filter(begins).max_by_key(|(known, _)| known.len()).map(|(_, model)| model)
    })
}

/// `-20250929`, `-2024-08-06`, `-latest`, `-preview-05-20`, `:7b`, `@001`; or nothing.
fn is_version(rest: &str) -> bool {
    let Some(words) = rest.strip_prefix(['-', ':', '@']) else { return rest.is_empty() };
    rest.starts_with(':')
        || words.split('-').all(|word| {
            matches!(word, "latest" | "preview" | "exp" | "it" | "instruct" | "chat" | "beta")
                // A date, a version, or a size such as 7b, a3b, e4b, 16e, 8x7b.
                || (word.contains(|c: char| c.is_ascii_digit())
                    && word.chars().all(|c| c.is_ascii_digit() || ".abekmvx".contains(c)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(heading: &str, name: &str) -> Option<u64> {
        Model::known(heading, name).context
    }

    #[test]
    fn the_table_is_read() {
        assert!(TABLE.len() > 5 && TABLE.values().all(|models| !models.is_empty()));
        for (heading, models) in TABLE.iter() {
            for (name, model) in models {
                let price = model.price.unwrap_or_default();
                assert!(price.input >= 0.0 && price.input < 200.0 && price.output < 1000.0, "{heading}/{name}");
                assert_eq!(name, &name.to_ascii_lowercase(), "names are compared in lower case");
            }
        }
    }

    #[test]
    fn names_are_found_with_their_versions_and_vendors() {
        let sonnet = context("anthropic", "claude-sonnet-4-5");
        assert!(sonnet.is_some());
        assert_eq!(context("anthropic", "claude-sonnet-4-5-20250929"), sonnet);
        assert_eq!(context("anthropic", "claude-sonnet-4-5-latest"), sonnet);
        let coder = context("open", "qwen2.5-coder");
        assert!(coder.is_some());
        for name in [
            "qwen2.5-coder:7b",
            "qwen/qwen2.5-coder",
            "Qwen2.5-Coder:1.5b-instruct-q4_K_M",
            "qwen2.5-coder-32b-instruct",
            "qwen2.5-coder-30b-a3b",
        ] {
            assert_eq!(context("nobody", name), coder, "{name}");
        }
        // Another model, not a version of one.
        assert_eq!(context("openai", "gpt-5-nova"), None);
        assert_eq!(context("openai", "my-own"), None);
        assert_eq!(Model::known("nobody", "qwen2.5-coder").price, None);
    }

    #[test]
    fn costs_are_by_the_sort_of_token() {
        let price = Price { input: 3.0, output: 15.0, cached: Some(0.3), written: Some(3.75) };
        let usage = Usage {
            input: 3_000_000,
            output: 1_000_000,
            cached_input: 1_000_000,
            cache_written: 1_000_000,
            reasoning: 5,
        };
        assert!((price.of(&usage) - (3.0 + 0.3 + 3.75 + 15.0)).abs() < 1e-9);
        // A server that counts cached tokens apart.
        let odd = Usage { input: 1, cached_input: 5, ..Usage::default() };
        assert!(price.of(&odd) >= 0.0);
    }
}
