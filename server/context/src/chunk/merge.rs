//! [`merge`]: puts pieces together until they are as large as they may be.
//!
//! The joints between the pieces form a Cartesian tree: each part of the text is parted at its strongest joint, and so
//! on until a part fits. How strong a joint is depends on where it stands and on the name of what follows it, not on any
//! size, so an edit changes the sizes of the parts that hold it and nothing else: other chunks stay as they are, except
//! where the edit lets a part grow over the maximum, or shrink under it, which are parted or joined as a whole.

use std::{collections::HashMap, ops::Range};

use aiex_syntax::{Bond, Item, Joint, Piece, Pieces, identity};

use super::{Chunk, Format, label::Labels, lines, size::Size};

pub(super) fn merge(source: &str, pieces: Pieces, format: Format, size: Size) -> Vec<Chunk> {
    let Pieces { pieces, items } = pieces;
    let pieces = lines::cut(source, pieces, size);
    let text = Parts { source, pieces: &pieces, strengths: strengths(&pieces, &items), size };
    let parts = text.with_scraps(text.fitting());
    let labels = Labels::new(&items, format);
    let chunk = |part: Range<usize>| {
        let range = text.range(&part);
        let (kind, name) = labels.label(pieces.get(part).unwrap_or_default());
        Chunk { kind, name, tokens: size.of(source, range.clone()), range }
    };
    parts.into_iter().map(chunk).collect()
}

/// Where texts part: of two joints, the one with the higher number parts first.
type Strength = u64;

/// Pieces, with the strength of the joint before each.
struct Parts<'a> {
    source: &'a str,
    pieces: &'a [Piece],
    strengths: Vec<Strength>,
    size: Size,
}

fn strengths(pieces: &[Piece], items: &[Item]) -> Vec<Strength> {
    // Entries that are alike would part like a list, from one end; numbered, they part like any others. Numbered in
    // each item on its own, so that an edit of one renumbers no other.
    let mut alike: HashMap<(u64, Option<usize>), u64> = HashMap::new();
    let mut strength = |joint: &Joint, item: Option<usize>| {
        let count = alike.entry((joint.identity, item)).or_default();
        *count += 1;
        let hash = identity(joint.identity ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15), "") >> 16;
        rank(joint) << 48 | hash
    };
    let scope = |piece: &Piece| match piece.joint {
        joint if joint.within || piece.is_member => piece.item,
        // The heads of containers: of many in each other, each would be the only one of its item.
        joint if joint.bond.is_glue() => None,
        _ => piece.item.and_then(|item| items.get(item)).and_then(|item| item.container),
    };
    pieces.iter().map(|piece| strength(&piece.joint, scope(piece))).collect()
}

/// The part of a joint's strength that is decided by structure.
fn rank(joint: &Joint) -> u64 {
    // Deeper than this, texts part wherever they are about even.
    const DEEPEST: u16 = 127;
    let bond = joint.bond as u64;
    match joint.bond.is_glue() {
        true => bond,
        false => 1 << 15 | u64::from(DEEPEST - joint.depth.min(DEEPEST)) << 8 | bond,
    }
}

impl Parts<'_> {
    fn range(&self, part: &Range<usize>) -> Range<usize> {
        let first = self.pieces.get(part.start).map_or(0, |piece| piece.range.start);
        let last = part.end.checked_sub(1).and_then(|last| self.pieces.get(last)).map_or(0, |piece| piece.range.end);
        first..last.max(first)
    }

    fn fits(&self, part: &Range<usize>) -> bool {
        self.size.fits(self.source, self.range(part))
    }

    fn joint(&self, at: usize) -> Option<&Joint> {
        self.pieces.get(at).map(|piece| &piece.joint)
    }

    fn strength(&self, at: usize) -> Strength {
        self.strengths.get(at).copied().unwrap_or(Strength::MAX)
    }

    /// The largest parts of the Cartesian tree that fit, as ranges of pieces.
    fn fitting(&self) -> Vec<Range<usize>> {
        let tree = Tree::new(&self.strengths);
        let mut fitting = Vec::new();
        let mut open = vec![(0..self.pieces.len(), tree.root)];
        while let Some((part, joint)) = open.pop() {
            if part.is_empty() {
                continue;
            }
            match joint.filter(|_| !self.fits(&part)) {
                None => fitting.push(part),
                Some(joint) => {
                    let (before, after) = tree.below(joint);
                    open.push((joint..part.end, after));
                    open.push((part.start..joint, before));
                }
            }
        }
        fitting
    }

    /// Joins what is too small to stand alone with the neighbour that it belongs to, the one at its weaker joint. Those
    /// that come together so and do not fit part again, at their strongest joint first.
    fn with_scraps(&self, parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let start = |index: usize| parts.get(index).map_or(self.pieces.len(), |part| part.start);
        // Parts of one item join more readily: other items do not change with that.
        let is_scrap = |index: usize, here: usize| {
            let is_inner = self.pieces.get(here).is_some_and(|piece| piece.joint.within || piece.item.is_none());
            let part = if is_inner { 4 } else { 8 };
            parts.get(index).is_some_and(|scrap| self.size.is_scrap(self.source, self.range(scrap), part))
        };
        // Whether the joint between the parts `index - 1` and `index` may vanish.
        let joins = |index: usize| {
            let (left, here, right) = (start(index - 1), start(index), start(index + 1));
            let leans_back = is_scrap(index, here) && self.strength(here) < self.strength(right);
            let leans_on = is_scrap(index - 1, here) && self.strength(here) < self.strength(left);
            (leans_back || leans_on) && self.keeps_whole(left, here, right)
        };
        let mut joined: Vec<Range<usize>> = Vec::new();
        let mut run: Vec<Range<usize>> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 && !joins(index) {
                self.part_again(&run, &mut joined);
                run.clear();
            }
            run.push(part.clone());
        }
        self.part_again(&run, &mut joined);
        joined
    }

    /// Whether what lies between two joints, with another between them, is whole siblings or parts of one item.
    fn keeps_whole(&self, left: usize, here: usize, right: usize) -> bool {
        let Some(joint) = self.joint(here) else { return false };
        let outside = |at: usize| {
            at == 0
                || self
                    .joint(at)
                    .is_none_or(|outer| !outer.within && (outer.depth <= joint.depth || outer.bond.is_glue()))
        };
        joint.within || (outside(left) && outside(right))
    }

    fn part_again(&self, run: &[Range<usize>], joined: &mut Vec<Range<usize>>) {
        let strengths: Vec<Strength> = run.iter().map(|part| self.strength(part.start)).collect();
        let tree = Tree::new(&strengths);
        let mut open = vec![(0..run.len(), tree.root)];
        while let Some((parts, joint)) = open.pop() {
            let ends = parts.end.checked_sub(1).and_then(|last| run.get(last));
            let (Some(first), Some(last)) = (run.get(parts.start), ends) else { continue };
            let whole = first.start..last.end;
            match joint.filter(|_| !self.fits(&whole)) {
                None => joined.push(whole),
                Some(joint) => {
                    let (before, after) = tree.below(joint);
                    open.push((joint..parts.end, after));
                    open.push((parts.start..joint, before));
                }
            }
        }
    }
}

/// A Cartesian tree over joints, each named by the piece after it: the strongest is the root, and so on at both sides.
struct Tree {
    root: Option<usize>,
    below: Vec<(Option<usize>, Option<usize>)>,
}

impl Tree {
    /// The joint before the first piece is none.
    fn new(strengths: &[Strength]) -> Self {
        let mut below = vec![(None, None); strengths.len()];
        let mut path: Vec<(usize, Strength)> = Vec::new();
        for (at, strength) in strengths.iter().copied().enumerate().skip(1) {
            let mut weaker = None;
            while let Some((before, _)) = path.pop_if(|(_, before)| *before < strength) {
                weaker = Some(before);
            }
            if let Some(node) = below.get_mut(at) {
                node.0 = weaker;
            }
            if let Some(node) = path.last().and_then(|(above, _)| below.get_mut(*above)) {
                node.1 = Some(at);
            }
            path.push((at, strength));
        }
        Self { root: path.first().map(|(root, _)| *root), below }
    }

    fn below(&self, joint: usize) -> (Option<usize>, Option<usize>) {
        self.below.get(joint).copied().unwrap_or_default()
    }
}

/// A joint that any part of the text would part at before those of its parts.
pub(super) fn joint(bond: Bond, depth: u16, identity: u64) -> Joint {
    Joint { bond, depth, within: false, identity }
}
