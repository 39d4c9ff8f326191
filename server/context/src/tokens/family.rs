//! [`Family`]: which tokenizer a model has, told from its name.

use super::Vocabulary;

/// Models that share a tokenizer, or are believed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI's from GPT-4o on, `gpt-oss` included: `o200k_base`, exact.
    O200k,
    /// OpenAI's before, and its embeddings: `cl100k_base`, exact.
    Cl100k,
    /// A model that OpenAI or Azure serves under a name that is not known here.
    OpenAi,
    /// Anthropic's.
    Claude,
    /// Meta's from Llama 3 on.
    Llama,
    /// Alibaba's.
    Qwen,
    /// DeepSeek's.
    DeepSeek,
    /// Mistral's.
    Mistral,
    /// Google's Gemini and Gemma.
    Gemini,
    /// xAI's.
    Grok,
    /// Any other.
    Unknown,
}

impl Family {
    /// The family of a model, named `provider/model`, `gateway/provider/model` or by the model alone. Case, an
    /// organisation's prefix (`anthropic.claude-…`), a fine-tune's (`ft:gpt-4o:…`) and tags (`:7b`) do not matter. Any
    /// name has an answer.
    pub fn of(model: &str) -> Self {
        let name = model.to_ascii_lowercase();
        let provider = name.split_once('/').map(|(provider, _)| provider);
        let last = name.rsplit('/').next().unwrap_or(&name);
        let last = last.strip_prefix("ft:").unwrap_or(last);
        let last = last.strip_prefix("openai.").unwrap_or(last);
        if let Some(vocabulary) = openai(last) {
            return vocabulary;
        }
        // Llama and Qwen before DeepSeek: a distilled model keeps the tokenizer of the one that it was made from.
        const PARTS: [(&str, Family); 16] = [
            ("claude", Family::Claude),
            ("codellama", Family::Unknown),
            ("llama-2", Family::Unknown),
            ("llama2", Family::Unknown),
            ("llama", Family::Llama),
            ("qwen", Family::Qwen),
            ("qwq", Family::Qwen),
            ("deepseek", Family::DeepSeek),
            ("stral", Family::Mistral),
            ("mixtral", Family::Mistral),
            ("gemini", Family::Gemini),
            ("gemma", Family::Gemini),
            ("grok", Family::Grok),
            ("hermes", Family::Llama),
            ("gpt-oss", Family::O200k),
            ("gpt_oss", Family::O200k),
        ];
        let part = PARTS.iter().find(|(part, _)| last.contains(part)).map(|(_, family)| *family);
        part.unwrap_or(match provider {
            Some("openai" | "azure") => Self::OpenAi,
            _ => Self::Unknown,
        })
    }

    /// The vocabulary that its texts are counted with.
    pub fn vocabulary(self) -> Vocabulary {
        match self {
            Self::Cl100k => Vocabulary::Cl100k,
            _ => Vocabulary::O200k,
        }
    }

    /// Whether that vocabulary is the models' own.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::O200k | Self::Cl100k)
    }

    /// Its tokens for one of `o200k_base`, on code, before anything was learned of the model.
    ///
    /// | family | factor | source |
    /// |---|---|---|
    /// | o200k | 1 | its own vocabulary |
    /// | cl100k | 1 | measured: 0.998 on Rust, 0.999 on Elixir, 1.004 on Markdown, TOML and the like (for [`super::estimate`]; counts are exact) |
    /// | OpenAI under an unknown name | 1 | assumed: as its newest known models |
    /// | Claude | 1.35 | what Aiex starts from: no vocabulary is public, so what its provider reports must do the rest |
    /// | Llama, Qwen, DeepSeek, Mistral | 1.04 | the middle of −0.5 … +8 %, measured on Rust and Elixir over the four |
    /// | Gemini, Grok | 1.1 | assumed, a little on the careful side; not measured |
    /// | unknown | 1.2 | assumed, on the careful side: older vocabularies of 32,000 tokens need more |
    pub fn factor(self) -> f32 {
        match self {
            Self::O200k | Self::Cl100k | Self::OpenAi => 1.0,
            Self::Claude => 1.35,
            Self::Llama | Self::Qwen | Self::DeepSeek | Self::Mistral => 1.04,
            Self::Gemini | Self::Grok => 1.1,
            Self::Unknown => 1.2,
        }
    }
}

/// The rows of openai/tiktoken's `model.py`, with the sizes and dates that follow the names.
fn openai(name: &str) -> Option<Family> {
    // The name itself, or with more behind it: `o1` and `o1-mini`, not `o1x`.
    let is = |known: &str| {
        name.strip_prefix(known).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    let begins = |known: &[&str]| known.iter().any(|known| name.starts_with(known));
    if begins(&["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "chatgpt", "codex"])
        || is("o1")
        || is("o3")
        || is("o4")
    {
        return Some(Family::O200k);
    }
    let older =
        begins(&["gpt-3.5", "gpt-35", "text-embedding-3", "text-embedding-ada-002", "davinci-002", "babbage-002"]);
    (older || is("gpt-4")).then_some(Family::Cl100k)
}
