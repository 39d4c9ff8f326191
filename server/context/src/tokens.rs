//! Tokens: how many a text has for a model, counted exactly where its vocabulary is public, else estimated and labelled.
//!
//! Two ways, for two uses:
//!
//! - [`Counter::count`] encodes the text. Exact for OpenAI's vocabularies; for others the count of `o200k_base` times a
//!   factor ([`Family::factor`]), corrected by what providers report ([`Correction`]). For the final prompt and for
//!   people.
//! - [`estimate`] looks at each byte once and needs no vocabulary. For indexing, chunking and packing.

mod classes;
mod correction;
mod estimate;
mod family;
mod hash;
mod merge;
mod pieces;
mod segments;
mod vocabulary;
mod weights;

pub use correction::Correction;
pub use estimate::estimate;
pub use family::Family;
pub use vocabulary::Vocabulary;

use aiex_syntax::Language;

/// How many tokens a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Tokens; an estimate is rounded up.
    pub tokens: usize,
    /// Whether the model itself would count so many. What a provider adds around the text (roles, tools) is not in it.
    pub exact: bool,
}

/// Counts for one model. A plain value: the vocabularies are shared by all of a process.
#[derive(Clone, Debug)]
pub struct Counter {
    family: Family,
    correction: Correction,
}

impl Counter {
    /// For a model by its name, `provider/model` or the model alone.
    pub fn new(model: &str) -> Self {
        Self::of(Family::of(model))
    }

    /// For a family.
    pub fn of(family: Family) -> Self {
        Self { family, correction: Correction::default() }
    }

    /// With what was learned of this model from its provider's reports. An exact family takes no correction.
    pub fn with_correction(self, correction: Correction) -> Self {
        Self { correction, ..self }
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Encodes `text` and counts. Text that reads like a special token (`<|endoftext|>`) counts as the plain text that
    /// it is. Time is linear in the text: it is encoded in segments of at most 16 KiB, cut where the vocabulary's own
    /// rule always ends a piece, so that the sum is the count of the whole. Where a longer run has no such place (16 KiB
    /// of one letter, of punctuation, of blanks) it is cut anyhow, and the count is labelled an estimate; such a cut
    /// costs at most a few tokens.
    pub fn count(&self, text: &str) -> Count {
        let counted = self.family.vocabulary().count(text);
        if self.family.is_exact() {
            return counted;
        }
        Count { tokens: times(counted.tokens, self.factor()), exact: false }
    }

    /// The estimate of [`estimate`] for this model, in tokens. Never loads anything. Sums of the estimates of lines are
    /// close to the estimate of the whole.
    pub fn estimate(&self, text: &str, language: Option<Language>) -> f32 {
        estimate(text, language) * self.factor()
    }

    /// What a count of `o200k_base` is multiplied by for this model.
    pub fn factor(&self) -> f32 {
        match self.family.is_exact() {
            true => self.family.factor(),
            false => self.family.factor() * self.correction.factor(),
        }
    }
}

/// Rounded up; a text that is not empty has a token.
fn times(tokens: usize, factor: f32) -> usize {
    // Texts have far fewer tokens than f64 has exact whole numbers.
    (tokens as f64 * f64::from(factor)).ceil() as usize
}

#[cfg(test)]
mod tests;
