//! [`Correction`]: what a provider's reports teach about an estimate.

use serde::{Deserialize, Serialize};

/// How many reports are remembered: enough for a steady median, few enough to follow a model that changes its tokenizer.
const REMEMBERED: usize = 15;
/// Estimates below this say little: what a provider adds around a prompt outweighs them.
const LEAST_TOKENS: usize = 200;
/// A report outside these multiples of the estimate is not about the same text.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = 0.2..=8.0;
/// What a correction may be, whatever is reported.
const BOUNDS: (f32, f32) = (0.5, 3.0);
/// Until so many reports are known, none makes an estimate smaller.
const STEADY: usize = 3;
/// How far above the middle of the others a single report counts.
const ODD: f32 = 1.25;
/// The next prompt is not quite the same mix of texts as those before it.
const MARGIN: f32 = 1.03;

/// A factor on a model's estimates, learned from the tokens that its provider reports as used. One value a model; where
/// it is kept is the caller's business. As JSON it is the list of the remembered ratios.
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

    /// What an estimate is to be multiplied by so that a prompt that fits by it fits by the provider's count too: the
    /// highest of the last 15 ratios and 3 % more, from 0.5 to 3; 1 where nothing is known. One odd report among three
    /// counts as at most 1.25 of their median.
    pub fn factor(&self) -> f32 {
        let mut sorted = self.ratios.clone();
        sorted.sort_by(f32::total_cmp);
        let (Some(highest), Some(median)) = (sorted.last(), sorted.get(sorted.len() / 2)) else { return 1.0 };
        let factor = highest.min(median * ODD) * MARGIN;
        let least = if sorted.len() < STEADY { 1.0 } else { BOUNDS.0 };
        factor.clamp(least, BOUNDS.1)
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
