//! [`rank`]: how likely each definition of a workspace is needed to write or understand one of its functions.
//!
//! What carries it is votes: the functions most like the target show what such functions use. A weighted sum of features
//! picks who is worth a closer look, and boosted trees over the same features take it. Both were fitted to what bodies
//! really use (`tests/recall/fit.py` says how); the benchmark `recall` judges them.

mod features;
mod scene;
mod trees;
mod votes;

use std::{collections::BTreeMap, ops::Range};

use crate::{
    graph::{Def, Graph},
    index::Item,
};

pub(crate) use features::NAMES;
use features::{COUNT, Features, WEIGHTS};
use scene::Scene;
use trees::Trees;

/// So many candidates, the likeliest by the quick look, get the closer one.
pub(crate) const JUDGED: usize = 512;

/// A definition that may be worth telling.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) def: Def,
    /// How likely it is needed, between 0 and 1.
    pub(crate) value: f32,
    pub(crate) features: [f32; COUNT],
    /// What is known for sure of why it is needed.
    pub(crate) reason: Option<&'static str>,
}

impl Candidate {
    /// One of which no features are known.
    pub(crate) fn new(def: Def, value: f32) -> Self {
        Self { def, value, features: [0.0; COUNT], reason: None }
    }

    /// Why it may be needed, for people.
    pub(crate) fn reason(&self) -> String {
        let why = self.reason.unwrap_or_else(|| features::strongest(&self.features));
        format!("{why} ({:.0} %)", self.value * 100.0)
    }
}

/// What the items in a range of a file use most: for a place that is no single definition.
pub(crate) fn rank_range(graph: &Graph, path: &str, range: Range<usize>) -> Vec<Candidate> {
    let Some(file) = graph.file(path) else { return Vec::new() };
    let Some(entry) = graph.files.get(file as usize) else { return Vec::new() };
    let mut counts = BTreeMap::new();
    let inside = |item: &Item| range.start <= item.range.0 as usize && item.range.1 as usize <= range.end;
    let meant = |def: Def| graph.file_of.get(def as usize) == Some(&file) && graph.item(def).is_some_and(inside);
    for def in (entry.first..).take(entry.index.len()).filter(|def| meant(*def)) {
        for (used, weight) in graph.rows.get(def as usize).into_iter().flat_map(|row| &row.used) {
            *counts.entry(*used).or_insert(0.0) += weight;
        }
    }
    let outside = counts.into_iter().filter(|(def, _)| !meant(*def) && graph.is_tellable(*def));
    let candidate = |(def, count): (Def, f32)| Candidate {
        reason: Some("the code here uses it"),
        ..Candidate::new(def, count / (count + 1.0))
    };
    outside.map(candidate).collect()
}

/// The definitions worth a thought for a target, the likeliest first.
pub(crate) fn rank(graph: &Graph, target: Def) -> Vec<Candidate> {
    let scene = Scene::new(graph, target);
    let mut features = Features::new(&scene);
    let mut candidates: Vec<_> = scene
        .candidates()
        .into_iter()
        .map(|def| {
            let features = features.of(def);
            let z: f32 = features.iter().zip(WEIGHTS).map(|(feature, weight)| feature * weight).sum();
            Candidate { def, value: likelihood(z), features, reason: None }
        })
        .collect();
    let order = |one: &Candidate, other: &Candidate| other.value.total_cmp(&one.value).then(one.def.cmp(&other.def));
    candidates.sort_by(order);
    let most = JUDGED.min(candidates.len());
    let (judged, others) = candidates.split_at_mut(most);
    let trees = Trees::fitted();
    let mut least = 1.0_f32;
    for candidate in judged.iter_mut() {
        candidate.value = likelihood(trees.score(&candidate.features));
        least = least.min(candidate.value);
    }
    judged.sort_by(order);
    others.iter_mut().for_each(|candidate| candidate.value = candidate.value.min(least));
    candidates
}

fn likelihood(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}
