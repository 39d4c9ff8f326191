//! [`Trees`]: boosted trees over the features of a candidate, read from the table that `tests/recall/fit.py` writes.

use std::{str::SplitWhitespace, sync::LazyLock};

use super::features::{COUNT, NAMES};

/// The sum of all lines is the log-odds that a candidate is needed. A line is a tree in preorder: `feature<=threshold`
/// before what is below it, yes before no; `=value` for a leaf.
const TABLE: &str = include_str!("trees.txt");

/// One after the other in preorder.
#[derive(Debug, Default)]
pub(super) struct Trees {
    nodes: Vec<Node>,
    /// Where each tree begins.
    roots: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(f32),
    /// Yes is the next node, no is at `no`.
    Split {
        feature: u16,
        threshold: f32,
        no: u32,
    },
}

impl Trees {
    /// Those of the table.
    pub(super) fn fitted() -> &'static Self {
        static FITTED: LazyLock<Trees> = LazyLock::new(|| Trees::read(TABLE).unwrap_or_default());
        &FITTED
    }

    /// None if the table is none, or speaks of features that there are not.
    fn read(table: &str) -> Option<Self> {
        let mut trees = Self::default();
        for line in table.lines() {
            trees.roots.push(u32::try_from(trees.nodes.len()).ok()?);
            let mut words = line.split_whitespace();
            trees.read_tree(&mut words)?;
            if words.next().is_some() {
                return None;
            }
        }
        Some(trees)
    }

    fn read_tree(&mut self, words: &mut SplitWhitespace) -> Option<()> {
        // Splits whose second half is still to come.
        let mut open: Vec<usize> = Vec::new();
        loop {
            let word = words.next()?;
            if let Some(value) = word.strip_prefix('=') {
                self.nodes.push(Node::Leaf(value.parse().ok()?));
                let next = u32::try_from(self.nodes.len()).ok()?;
                let Some(split) = open.pop() else { return Some(()) };
                if let Some(Node::Split { no, .. }) = self.nodes.get_mut(split) {
                    *no = next;
                }
            } else {
                let (name, threshold) = word.split_once("<=")?;
                let feature = u16::try_from(NAMES.iter().position(|known| *known == name)?).ok()?;
                open.push(self.nodes.len());
                self.nodes.push(Node::Split { feature, threshold: threshold.parse().ok()?, no: 0 });
            }
        }
    }

    /// The log-odds of each candidate: the same on every machine, as only comparisons and sums in a fixed order go into
    /// it. Tree by tree, so that one stays at hand for all of them.
    pub(super) fn scores<'f>(&self, all: impl ExactSizeIterator<Item = &'f [f32; COUNT]> + Clone) -> Vec<f32> {
        let mut sums = vec![0.0; all.len()];
        for root in &self.roots {
            for (sum, features) in sums.iter_mut().zip(all.clone()) {
                *sum += self.leaf(*root, features);
            }
        }
        sums
    }

    fn leaf(&self, root: u32, features: &[f32; COUNT]) -> f32 {
        let mut at = root as usize;
        loop {
            match self.nodes.get(at) {
                Some(Node::Split { feature, threshold, no }) => {
                    let is_yes = features.get(usize::from(*feature)).is_some_and(|value| value <= threshold);
                    at = if is_yes { at + 1 } else { *no as usize };
                }
                Some(Node::Leaf(value)) => return *value,
                None => return 0.0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let trees = Trees::read(TABLE).unwrap();
        assert!(trees.roots.len() > 10);
        let no = |node: &Node| match node {
            Node::Split { no, .. } => Some(*no as usize),
            Node::Leaf(_) => None,
        };
        assert!(trees.nodes.iter().enumerate().all(|(at, node)| no(node).is_none_or(|no| no > at + 1)));
    }

    #[test]
    fn a_tree_is_in_preorder() {
        let trees = Trees::read("=1\nnear<=0.5 imported<=0.5 =2 =4 =8").unwrap();
        let score = |near: f32, imported: f32| {
            let value = |name: &&str| match *name {
                "near" => near,
                "imported" => imported,
                _ => 0.0,
            };
            trees.scores([NAMES.each_ref().map(value)].iter())[0]
        };
        assert_eq!([score(0.0, 0.0), score(0.0, 1.0), score(1.0, 0.0)], [3.0, 5.0, 9.0]);
        for wrong in ["near<=0.5 =1", "=1 =2", "nowhere<=0.5 =1 =2", "=one", "near =1 =2"] {
            assert!(Trees::read(wrong).is_none(), "{wrong}");
        }
    }
}
