//! Lays OpenAI's vocabularies out as tables that are looked up where they stand in the program: they take no memory of
//! the process's own, and no time to load. The vocabularies and Unicode's classes are those of the crates that are the
//! authority on counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "src/tokens/hash.rs"]
mod hash;

use std::{env, fs, path::Path};

use regex_syntax::hir::{Class, HirKind};
use tiktoken_rs::CoreBPE;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/tokens/hash.rs");
    let folder = env::var_os("OUT_DIR").expect("a folder for what is made");
    let write = |name: &str, table: Vec<u8>| fs::write(Path::new(&folder).join(name), table).expect("a table");
    write("o200k_base.table", vocabulary(&tiktoken_rs::o200k_base().expect("the vocabulary")));
    write("cl100k_base.table", vocabulary(&tiktoken_rs::cl100k_base().expect("the vocabulary")));
    write("classes.table", classes());
}

/// The number of tokens, the number of slots, the slots, where each token's bytes end, and the bytes of all, by rank.
fn vocabulary(encoder: &CoreBPE) -> Vec<u8> {
    let tokens: Vec<_> = (0..).map_while(|rank| encoder.decode_bytes(&[rank]).ok()).collect();
    assert!(tokens.len() > 100_000 && tokens.len() < (1 << hash::RANK_BITS) - 1, "ranks without a gap");
    let slots = (tokens.len() * 2).next_power_of_two();
    let mut table = vec![hash::EMPTY; slots];
    for (rank, token) in (0..).zip(&tokens) {
        let hash = hash::hash(token);
        let mut slot = hash as usize & (slots - 1);
        while table[slot] != hash::EMPTY {
            slot = (slot + 1) & (slots - 1);
        }
        table[slot] = hash::mark(hash) | rank;
    }
    let mut end = 0;
    let ends = tokens.iter().map(|token| {
        end += token.len();
        end as u32
    });
    let numbers = [tokens.len() as u32, slots as u32].into_iter().chain(table).chain(ends);
    numbers.flat_map(u32::to_le_bytes).chain(tokens.concat()).collect()
}

/// Ranges of characters, in order: the first, the last, and a number for the class.
fn classes() -> Vec<u8> {
    let classes = [r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"\s"];
    let mut ranges = Vec::new();
    for (number, class) in (0_u32..).zip(classes) {
        let hir = regex_syntax::parse(class).expect("a class");
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("a class of characters") };
        ranges.extend(class.iter().map(|range| [range.start() as u32, range.end() as u32, number]));
    }
    ranges.sort_unstable();
    assert!(ranges.is_sorted_by(|one, other| one[1] < other[0]), "no character is of two classes");
    ranges.concat().into_iter().flat_map(u32::to_le_bytes).collect()
}
