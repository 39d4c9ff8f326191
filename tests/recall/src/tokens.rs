//! Tokens, counted exactly in one vocabulary (o200k) for everything that is compared.

/// How many tokens a text has.
pub fn count(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().count_ordinary(text)
}
