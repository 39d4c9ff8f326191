//! Votes: what the bodies that resemble a target use.

use rustc_hash::FxHashMap;

use crate::graph::{Def, Graph};

/// What a set of weighted bodies uses.
#[derive(Default)]
pub(super) struct Vote {
    of: FxHashMap<Def, f32>,
    total: f32,
    doubt: f32,
}

impl Vote {
    /// The vote of bodies with weights. `doubt` is what keeps a few voices from being sure.
    pub(super) fn of(graph: &Graph, voters: &[(Def, f32)], doubt: f32) -> Self {
        let mut of = FxHashMap::default();
        let mut total = 0.0;
        for (voter, weight) in voters {
            total += weight;
            for (used, share) in graph.row(*voter) {
                *of.entry(*used).or_insert(0.0) += weight * share;
            }
        }
        Self { of, total, doubt }
    }

    /// The share of the votes for a definition, as a root, so that a few votes count more than their number.
    pub(super) fn get(&self, def: Def) -> f32 {
        self.of.get(&def).map_or(0.0, |votes| (votes / (self.total + self.doubt)).sqrt())
    }

    pub(super) fn voted(&self) -> impl Iterator<Item = Def> + '_ {
        self.of.keys().copied()
    }

    /// The same votes, each given to everything that shares a key with what it was for.
    pub(super) fn by<K: std::hash::Hash + Eq>(&self, key: impl Fn(Def) -> Option<K>) -> FxHashMap<K, f32> {
        let mut sums: FxHashMap<K, f32> = FxHashMap::default();
        // In order, so that sums of floats come out the same every time.
        let mut all: Vec<_> = self.of.iter().collect();
        all.sort_by_key(|(def, _)| **def);
        for (def, votes) in all {
            if let Some(key) = key(*def) {
                *sums.entry(key).or_insert(0.0) += votes;
            }
        }
        sums.values_mut().for_each(|votes| *votes = (*votes / (self.total + self.doubt)).sqrt());
        sums
    }
}

/// The `most` heaviest, in a fixed order.
pub(super) fn heaviest(mut voters: Vec<(Def, f32)>, most: usize) -> Vec<(Def, f32)> {
    voters.retain(|(_, weight)| *weight > 0.0);
    let order = |one: &(Def, f32), other: &(Def, f32)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
    if voters.len() > most {
        voters.select_nth_unstable_by(most, order);
        voters.truncate(most);
    }
    voters.sort_by(order);
    voters
}
