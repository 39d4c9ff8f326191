//! [`rank`]: how likely each definition of a workspace is needed to write or understand one of its functions.
//!
//! What carries it is votes: the functions most like the target show what such functions use. The features and how they
//! are weighed follow measurements on definition recall; the benchmark `recall` judges them.

mod features;
mod scene;
mod votes;

use std::{collections::BTreeMap, ops::Range};

use crate::{
    graph::{Def, Graph},
    index::Item,
};

use features::{Features, WEIGHTS};
use scene::Scene;

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
    let candidates = scene.candidates().into_iter().filter_map(|def| {
        let features = features.of(def);
        let z: f32 = features.iter().zip(WEIGHTS).map(|(feature, weight)| feature * weight).sum();
        let value = 1.0 / (1.0 + (-z).exp());
        (value >= least).then(|| Candidate { def, value, why: features::strongest(&features) })
    });
    candidates.collect()
}
