//! The providers that need no address in the configuration: one row each. A new provider is a new row.

use crate::{Auth, Kind};

/// A provider that is known by its name.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The wire format.
    pub kind: Kind,
    /// Its address. `{…}` is a part that only the user knows, so that `base_url` must be set.
    pub base_url: &'static str,
    /// The environment variables that hold its key, the first that is set.
    pub keys: &'static [&'static str],
    /// How the key is sent.
    pub auth: Auth,
    /// Headers that it wants.
    pub headers: &'static [(&'static str, &'static str)],
    /// The heading of its models in the table `models.toml`.
    pub models: &'static str,
    /// What is asked where the user has only given a key; none for a server that says itself what it has loaded.
    pub model: Option<&'static str>,
    /// It may be slow to begin: in seconds, where the usual 60 are too few.
    pub first_event: Option<u64>,
    /// What it does otherwise than others of its kind.
    pub quirks: Quirks,
}

/// What a server does otherwise than others of its kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It calls the token limit `max_completion_tokens`, as OpenAI's reasoning models do.
    pub max_completion_tokens: bool,
    /// It switches reasoning with `enable_thinking`.
    pub enable_thinking: bool,
    /// It has no promise of a JSON schema, only of JSON.
    pub json_object_only: bool,
}

impl Row {
    const fn new(name: &'static str, title: &'static str, kind: Kind, base_url: &'static str) -> Self {
        Self {
            name,
            title,
            kind,
            base_url,
            keys: &[],
            auth: Auth::Bearer,
            headers: &[],
            models: name,
            model: None,
            first_event: None,
            quirks: Quirks { max_completion_tokens: false, enable_thinking: false, json_object_only: false },
        }
    }

    /// Whether its address is on this computer.
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://127.0.0.1")
    }
}

/// In the order in which keys and servers are looked for.
pub const ROWS: &[Row] = &[
    Row {
        keys: &["ANTHROPIC_API_KEY"],
        auth: Auth::Header("x-api-key"),
        headers: &[("anthropic-version", "2023-06-01")],
        model: Some("claude-sonnet-5"),
        ..Row::new("anthropic", "Anthropic", Kind::Anthropic, "https://api.anthropic.com/v1")
    },
    Row {
        keys: &["OPENAI_API_KEY"],
        model: Some("gpt-5-mini"),
        quirks: Quirks { max_completion_tokens: true, ..Row::new("", "", Kind::OpenAiChat, "").quirks },
        ..Row::new("openai", "OpenAI", Kind::OpenAiResponses, "https://api.openai.com/v1")
    },
    Row {
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        auth: Auth::Header("x-goog-api-key"),
        model: Some("gemini-flash-latest"),
        first_event: Some(180),
        ..Row::new("gemini", "Google Gemini", Kind::Gemini, "https://generativelanguage.googleapis.com/v1beta")
    },
    Row {
        keys: &["OPENROUTER_API_KEY"],
        model: Some("openrouter/auto"),
        ..Row::new("openrouter", "OpenRouter", Kind::OpenAiChat, "https://openrouter.ai/api/v1")
    },
    Row {
        keys: &["XAI_API_KEY"],
        model: Some("grok-4.5"),
        ..Row::new("xai", "xAI", Kind::OpenAiResponses, "https://api.x.ai/v1")
    },
    Row {
        keys: &["MISTRAL_API_KEY"],
        model: Some("codestral-latest"),
        ..Row::new("mistral", "Mistral", Kind::OpenAiChat, "https://api.mistral.ai/v1")
    },
    Row {
        keys: &["DEEPSEEK_API_KEY"],
        model: Some("deepseek-v4-flash"),
        quirks: Quirks { json_object_only: true, ..Row::new("", "", Kind::OpenAiChat, "").quirks },
        ..Row::new("deepseek", "DeepSeek", Kind::OpenAiChat, "https://api.deepseek.com/v1")
    },
    Row {
        keys: &["GROQ_API_KEY"],
        model: Some("openai/gpt-oss-120b"),
        ..Row::new("groq", "Groq", Kind::OpenAiChat, "https://api.groq.com/openai/v1")
    },
    Row {
        keys: &["DASHSCOPE_API_KEY"],
        model: Some("qwen3-coder-plus"),
        quirks: Quirks { enable_thinking: true, ..Row::new("", "", Kind::OpenAiChat, "").quirks },
        ..Row::new(
            "qwen",
            "Qwen (DashScope)",
            Kind::OpenAiChat,
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        )
    },
    Row {
        keys: &["AZURE_OPENAI_API_KEY"],
        auth: Auth::Header("api-key"),
        models: "openai",
        quirks: Quirks { max_completion_tokens: true, ..Row::new("", "", Kind::OpenAiChat, "").quirks },
        ..Row::new("azure", "Azure OpenAI", Kind::OpenAiChat, "https://{resource}.openai.azure.com/openai/v1")
    },
    Row {
        keys: &["AWS_BEARER_TOKEN_BEDROCK"],
        models: "openai",
        ..Row::new(
            "bedrock",
            "AWS Bedrock",
            Kind::OpenAiChat,
            "https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
        )
    },
    Row {
        models: "open",
        first_event: Some(300),
        ..Row::new("ollama", "Ollama", Kind::Ollama, "http://127.0.0.1:11434")
    },
    Row {
        models: "open",
        first_event: Some(300),
        ..Row::new("lmstudio", "LM Studio", Kind::OpenAiChat, "http://127.0.0.1:1234/v1")
    },
    Row {
        models: "open",
        first_event: Some(300),
        ..Row::new("llamacpp", "llama.cpp", Kind::OpenAiChat, "http://127.0.0.1:8080/v1")
    },
];

/// Whether a model that a server on this computer lists runs elsewhere, as Ollama's cloud models do.
pub fn is_remote(model: &str) -> bool {
    model.ends_with("-cloud") || model.ends_with(":cloud")
}

/// The row of this name.
pub fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, EndpointOptions};

    #[test]
    fn rows_are_sound() {
        for row in ROWS {
            let base_url = row.base_url.replace(['{', '}'], "");
            let options = EndpointOptions { provider: row.name.into(), base_url, ..EndpointOptions::default() };
            let endpoint = Endpoint::new(options).unwrap();
            assert_eq!(endpoint.is_loopback(), row.is_local(), "{}", row.name);
            assert_eq!(ROWS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
            assert!(row.is_local() || !row.keys.is_empty(), "{} needs a key", row.name);
        }
    }
}
