//! [`Correction`]: what a provider's reports teach about an estimate.

use serde::{Deserialize, Serialize};

/// How many reports are remembered: enough for a steady median, few enough to follow a model that changes its tokenizer.
const REMEMBERED: usize = 15;
/// Estimates below this say little: what a provider adds around a prompt outweighs them.
const LEAST_TOKENS: usize = 200;
/// A report outside these multiples of the estimate is not about the same text.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = 0.2..=8.0;
/// What a correction may be.
const BOUNDS: (f32, f32) = (0.5, 3.0);

/// A factor on a model's estimates, learned from the tokens that its provider reports as used. One value a model, or a
/// model and language; where it is kept is the caller's business. As JSON it is the list of the remembered ratios.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<f32>", into = "Vec<f32>")]
pub struct Correction {
    /// Reported ÷ estimated, the newest last.
    ratios: Vec<f32>,
}

impl Correction {
    /// Learns from one request: `estimated` is the family's own count of everything that was sent, without any
    /// correction; `reported` is what the provider counted as its input, cached tokens included. A pair that is too
    /// small to say much (under 200 tokens), or that can not be about the same text, teaches nothing.
    pub fn observe(&mut self, estimated: usize, reported: usize) {
        let ratio = reported as f32 / estimated as f32;
        if estimated < LEAST_TOKENS || !PLAUSIBLE.contains(&ratio) {
            return;
        }
        self.ratios.push(ratio);
        if self.ratios.len() > REMEMBERED {
            self.ratios.remove(0);
        }
    }

    /// What an estimate is to be multiplied by: the median of the last 15 ratios and of one 1.0 for the time when
    /// little is known, from 0.5 to 3. One odd report among three moves it no further than the others allow.
    pub fn factor(&self) -> f32 {
        let mut sorted: Vec<f32> = self.ratios.iter().copied().chain([1.0]).collect();
        sorted.sort_by(f32::total_cmp);
        let middle = |at: usize| sorted.get(at).copied().unwrap_or(1.0);
        let median = (middle((sorted.len() - 1) / 2) + middle(sorted.len() / 2)) / 2.0;
        median.clamp(BOUNDS.0, BOUNDS.1)
    }
}

impl From<Vec<f32>> for Correction {
    /// What is not plausible is left out, so that no stored value can spoil a count.
    fn from(mut ratios: Vec<f32>) -> Self {
        ratios.retain(|ratio| PLAUSIBLE.contains(ratio));
        ratios.drain(..ratios.len().saturating_sub(REMEMBERED));
        Self { ratios }
    }
}

impl From<Correction> for Vec<f32> {
    fn from(correction: Correction) -> Self {
        correction.ratios
    }
}
