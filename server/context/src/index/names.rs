//! [`Names`]: the names of one file, each once; and the words that names are made of.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A name of one file, by its place in [`Names`].
pub(crate) type Name = u32;

/// No name, no use, no item.
pub(crate) const NONE: u32 = u32::MAX;

/// Every name of a file once, in one string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn get(&self, name: Name) -> &str {
        let at = name as usize;
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.text.get(start..end(at)).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|at| self.get(u32::try_from(at).unwrap_or(NONE)))
    }
}

/// Gathers the names of a text.
#[derive(Default)]
pub(crate) struct Interner<'s> {
    by_name: FxHashMap<&'s str, Name>,
    names: Names,
}

impl<'s> Interner<'s> {
    pub(crate) fn intern(&mut self, name: &'s str) -> Name {
        let names = &mut self.names;
        *self.by_name.entry(name).or_insert_with(|| {
            names.text.push_str(name);
            names.ends.push(narrow(names.text.len()));
            narrow(names.ends.len() - 1)
        })
    }

    pub(crate) fn is(&self, id: Name, name: &str) -> bool {
        self.names.get(id) == name
    }

    pub(crate) fn finish(mut self) -> Names {
        self.names.text.shrink_to_fit();
        self.names.ends.shrink_to_fit();
        self.names
    }
}

/// Offsets of a file fit: none over 8 MiB is indexed.
pub(crate) fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

/// The words of a name or a sentence, in lower case and without their commonest endings: `parse_header`, `ParseHeaders`
/// and "parsing headers" share theirs.
pub(crate) fn words(text: &str, mut word: impl FnMut(&str)) {
    let mut current = String::new();
    let mut previous_is_upper = false;
    let mut flush = |current: &mut String| {
        if current.len() > 1 {
            word(stem(current));
        }
        current.clear();
    };
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if !char.is_alphanumeric() {
            flush(&mut current);
            previous_is_upper = false;
            continue;
        }
        let is_upper = char.is_uppercase();
        let begins = is_upper && (!previous_is_upper || chars.peek().is_some_and(|next| next.is_lowercase()));
        if begins {
            flush(&mut current);
        }
        // A word longer than this is data.
        if current.len() < 40 {
            current.extend(char.to_lowercase());
        }
        previous_is_upper = is_upper;
    }
    flush(&mut current);
}

/// A word without its ending: a rough cut that treats both sides of a comparison alike.
fn stem(word: &str) -> &str {
    let endings = ["ings", "ing", "ies", "ers", "ed", "er", "es", "s", "e", "y"];
    let cut = endings.iter().find_map(|ending| word.strip_suffix(ending).filter(|rest| rest.len() >= 3));
    cut.unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once() {
        let mut interner = Interner::default();
        let ids: Vec<_> = ["a", "größe", "a", ""].into_iter().map(|name| interner.intern(name)).collect();
        let names = interner.finish();
        assert_eq!(ids, [0, 1, 0, 2]);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "größe", ""]);
        assert_eq!(names.get(NONE), "");
    }

    #[test]
    fn names_and_sentences_share_words() {
        let check = |text: &str, expect: &[&str]| {
            let mut found = Vec::new();
            words(text, |word| found.push(word.to_owned()));
            assert_eq!(found, expect, "{text}");
        };
        check("parse_header", &["pars", "head"]);
        check("ParseHeaders", &["pars", "head"]);
        check("Parsing of headers.", &["pars", "of", "head"]);
        check("HTTPServer2", &["http", "server2"]);
        check("x", &[]);
    }
}
