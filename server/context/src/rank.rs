//! [`rank`]: how likely each definition of a workspace is needed to write or understand one of its functions.
//!
//! What carries it is votes: the functions most like the target show what such functions use. The features and how they
//! are weighed follow measurements on definition recall; the benchmark `recall` judges them.

mod features;
mod scene;
mod votes;

use crate::graph::{Def, Graph};

pub(crate) use features::{COUNT, NAMES};
use features::{Features, WEIGHTS};
use scene::Scene;

/// A definition that may be worth telling.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) def: Def,
    /// How likely it is needed, between 0 and 1.
    pub(crate) value: f32,
    pub(crate) features: [f32; COUNT],
}

/// The definitions worth a thought for a target, the likeliest first.
pub(crate) fn rank(graph: &Graph, target: Def) -> Vec<Candidate> {
    rank_with(graph, target, &WEIGHTS)
}

pub(crate) fn rank_with(graph: &Graph, target: Def, weights: &[f32; COUNT]) -> Vec<Candidate> {
    let scene = Scene::new(graph, target);
    let mut features = Features::new(&scene);
    let mut candidates: Vec<_> = scene
        .candidates()
        .into_iter()
        .map(|def| {
            let features = features.of(def);
            let z: f32 = features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum();
            Candidate { def, value: 1.0 / (1.0 + (-z).exp()), features }
        })
        .collect();
    candidates.sort_by(|one, other| other.value.total_cmp(&one.value).then(one.def.cmp(&other.def)));
    candidates
}
