//! [`Interner`]: the names of a workspace, each once, by number.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Names by number and numbers by name, with all texts in one.
#[derive(Default)]
pub(super) struct Interner {
    text: String,
    /// Where each name ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
}

impl Interner {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.numbers.find(hash(name), |number| self.text(*number) == name).copied()
    }

    pub(super) fn text(&self, number: u32) -> &str {
        text(&self.text, &self.ends, number)
    }

    /// The number of a name, and whether it is new.
    pub(super) fn intern(&mut self, name: &str) -> (u32, bool) {
        if let Some(known) = self.get(name) {
            return (known, false);
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.text.push_str(name);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        let (all, ends) = (&self.text, &self.ends);
        self.numbers.insert_unique(hash(name), number, |number| hash(text(all, ends, *number)));
        (number, true)
    }
}

fn text<'t>(all: &'t str, ends: &[u32], number: u32) -> &'t str {
    let at = number as usize;
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(at).and_then(|end| all.get(start as usize..*end as usize)).unwrap_or_default()
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
