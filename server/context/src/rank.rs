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
const JUDGED: usize = 512;

/// A definition that may be worth telling.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) def: Def,
    /// How likely it is needed, between 0 and 1.
    pub(crate) value: f32,
    /// What speaks most for it, or what is known for sure of why it is needed.
    pub(crate) why: &'static str,
}

impl Candidate {
    /// Why it may be needed, for people.
    pub(crate) fn reason(&self) -> String {
        format!("{} ({:.0} %)", self.why, self.value * 100.0)
    }
}

/// A definition that got the closer look.
pub(crate) struct Judged {
    pub(crate) def: Def,
    /// How likely it is needed, between 0 and 1.
    pub(crate) value: f32,
    pub(crate) features: [f32; COUNT],
}

/// What the items in a range of a file use most: for a place that is no single definition.
pub(crate) fn rank_range(graph: &Graph, path: &str, range: Range<usize>) -> Vec<Candidate> {
    let Some(file) = graph.file(path) else { return Vec::new() };
    let Some(entry) = graph.files.get(file as usize) else { return Vec::new() };
    let mut counts = BTreeMap::new();
    let inside = |item: &Item| range.start <= item.range.0 as usize && item.range.1 as usize <= range.end;
    let meant = |def: Def| graph.file_of.get(def as usize) == Some(&file) && graph.item(def).is_some_and(inside);
    for def in (entry.first..).take(entry.index.len()).filter(|def| meant(*def)) {
        for (used, weight) in graph.row(def) {
            *counts.entry(*used).or_insert(0.0) += weight;
        }
    }
    let outside = counts.into_iter().filter(|(def, _)| !meant(*def) && graph.is_tellable(*def));
    let candidate =
        |(def, count): (Def, f32)| Candidate { def, value: count / (count + 1.0), why: "the code here uses it" };
    outside.map(candidate).collect()
}

/// The definitions of which it is at least so likely that a target needs them, in no particular order.
pub(crate) fn rank(graph: &Graph, target: Def, least: f32) -> Vec<Candidate> {
    let scene = Scene::new(graph, target);
    let mut features = Features::new(&scene);
    let (judged, others) = look(&scene, &mut features);
    let lowest = judged.iter().map(|judged| judged.value).fold(1.0, f32::min);
    let mut candidates = Vec::new();
    for Judged { def, value, features } in judged.into_iter().filter(|judged| judged.value >= least) {
        candidates.push(Candidate { def, value, why: features::strongest(&features) });
    }
    // None of the others passes one that was judged.
    for (z, def) in others {
        let value = likelihood(z).min(lowest);
        if value >= least {
            candidates.push(Candidate { def, value, why: features::strongest(&features.of(def)) });
        }
    }
    candidates
}

/// The definitions worth a closer look for a target, the likeliest first.
pub(crate) fn judged(graph: &Graph, target: Def) -> Vec<Judged> {
    let scene = Scene::new(graph, target);
    let (mut judged, _) = look(&scene, &mut Features::new(&scene));
    judged.sort_by(|one, other| other.value.total_cmp(&one.value).then(one.def.cmp(&other.def)));
    judged
}

/// Judges the likeliest by the quick look; the log-odds of the others are those of that look.
fn look(scene: &Scene, features: &mut Features) -> (Vec<Judged>, Vec<(f32, Def)>) {
    let quick = |def: Def| (features.of(def).iter().zip(WEIGHTS).map(|(feature, weight)| feature * weight).sum(), def);
    let mut likeliest: Vec<(f32, Def)> = scene.candidates().into_iter().map(quick).collect();
    let mut others = Vec::new();
    if likeliest.len() > JUDGED {
        likeliest.select_nth_unstable_by(JUDGED, |one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        others = likeliest.split_off(JUDGED);
    }
    // What was gathered for all of them would be much to keep, and is little to gather again for some.
    let judged: Vec<_> = likeliest.into_iter().map(|(_, def)| (def, features.of(def))).collect();
    let scores = Trees::fitted().scores(judged.iter().map(|(_, features)| features));
    let judge = |((def, features), score)| Judged { def, value: likelihood(score), features };
    (judged.into_iter().zip(scores).map(judge).collect(), others)
}

fn likelihood(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}
