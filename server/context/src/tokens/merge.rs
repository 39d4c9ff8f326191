//! [`Merge`]: byte-pair encoding of one piece, as far as its number of tokens.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Counts the tokens of pieces; keeps its memory from one to the next.
#[derive(Default)]
pub(super) struct Merge {
    /// Of each byte that begins a part, where the part ends; 0 for the others.
    ends: Vec<u32>,
    /// Of each byte that begins a part, where the part before begins.
    before: Vec<u32>,
    /// Pairs that may be merged: the rank of what they become, their first byte, and where they end.
    pairs: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

impl Merge {
    /// How many tokens a piece has: the pair of the lowest rank is merged, the leftmost of several, until no pair is a
    /// token. Takes a time linear in the piece, but for a logarithm.
    pub(super) fn count(&mut self, piece: &[u8], rank: impl Fn(&[u8]) -> Option<u32>) -> usize {
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        self.ends.clear();
        self.ends.extend(1..=length);
        self.before.clear();
        self.before.extend((0..length).map(|at| at.saturating_sub(1)));
        self.pairs.clear();
        let pair = |from: u32, to: u32| {
            let rank = rank(piece.get(from as usize..to as usize)?)?;
            Some(Reverse((rank, from, to)))
        };
        self.pairs.extend((1..length).filter_map(|at| pair(at - 1, at + 1)));
        let mut count = piece.len();
        while let Some(Reverse((_, from, to))) = self.pairs.pop() {
            let middle = self.end(from);
            // Either part may have been merged with another since.
            if middle == 0 || middle >= to || self.end(middle) != to {
                continue;
            }
            count -= 1;
            self.set(from, middle, to);
            if to < length {
                if let Some(before) = self.before.get_mut(to as usize) {
                    *before = from;
                }
                self.pairs.extend(pair(from, self.end(to)));
            }
            if from > 0 {
                let before = self.before.get(from as usize).copied().unwrap_or(0);
                self.pairs.extend(pair(before, to));
            }
        }
        count
    }

    fn end(&self, from: u32) -> u32 {
        self.ends.get(from as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, from: u32, middle: u32, to: u32) {
        for (at, end) in [(from, to), (middle, 0)] {
            if let Some(entry) = self.ends.get_mut(at as usize) {
                *entry = end;
            }
        }
    }
}
