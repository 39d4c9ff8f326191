//! The sources of the repository, read just well enough to tell code from comments and literals.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use aiex_tests::binary::top;

/// A source file.
pub struct Source {
    /// Its path from the top folder, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// The text with everything blanked that is not code: comments, and what literals hold.
    pub fn code(&self) -> String {
        blank(&self.text, &[Part::Comment, Part::Literal])
    }

    /// The numbered lines of the code that is shipped: without tests, which stand at the end of a file.
    pub fn shipped(&self) -> Vec<(usize, String)> {
        let code = self.code();
        let end = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
        code[..end].lines().enumerate().map(|(index, line)| (index + 1, line.to_owned())).collect()
    }
}

/// What a piece of a source is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Code,
    Comment,
    Literal,
}

/// The text with these parts replaced by spaces, line by line the same.
pub fn blank(text: &str, parts: &[Part]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, length) = next_part(rest, out.ends_with(|char: char| char.is_alphanumeric() || char == '_'));
        let taken = &rest[..length];
        match parts.contains(&part) {
            true => out.extend(taken.chars().map(|char| if char == '\n' { '\n' } else { ' ' })),
            false => out.push_str(taken),
        }
        rest = &rest[length..];
    }
    out
}

/// What a Rust text begins with, and its length in bytes.
fn next_part(text: &str, in_word: bool) -> (Part, usize) {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("//") {
        return (Part::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Part::Comment, until("*/", 2));
    }
    let raw = text.strip_prefix('b').unwrap_or(text).strip_prefix('r').filter(|_| !in_word);
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let start = text.len() - raw.len() + hashes + 1;
            return (Part::Literal, until(&format!("\"{}", "#".repeat(hashes)), start));
        }
    }
    let escaped_until = |quote: char| {
        let mut chars = text.char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => _ = chars.next(),
                _ if char == quote => return at + 1,
                _ => {}
            }
        }
        text.len()
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('"'), ..) => (Part::Literal, escaped_until('"')),
        // A character, not a lifetime.
        (Some('\''), Some('\\'), _) | (Some('\''), _, Some('\'')) => (Part::Literal, escaped_until('\'')),
        (first, ..) => (Part::Code, first.map_or(0, char::len_utf8)),
    }
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder's entry").path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => files_below(&path, into),
            false => into.push(path),
        }
    }
}

/// The Rust sources below these folders of the repository.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    folders.iter().for_each(|folder| files_below(&top().join(folder), &mut files));
    files.sort();
    let rust = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let found: Vec<_> = rust
        .map(|file| Source {
            path: file.strip_prefix(top()).expect("below the top").to_string_lossy().replace('\\', "/"),
            text: fs::read_to_string(file).expect("a source is text"),
        })
        .collect();
    assert!(!found.is_empty(), "no sources below {folders:?}");
    found
}

/// The sources of the product, without those that only tests are made of.
pub fn product() -> Vec<Source> {
    let all = sources(&["server"]);
    let mut tests = BTreeSet::new();
    for source in &all {
        // `#[cfg(test)] mod x;` of `a/b.rs` is `a/b/x.rs` and all of `a/b/x/`; of `a/lib.rs` it is `a/x.rs`.
        let stem = source.path.trim_end_matches(".rs");
        let folder = ["/lib", "/main", "/mod"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
        let code = source.code();
        for rest in code.split("#[cfg(test)]").skip(1) {
            if let Some(name) = rest.trim_start().strip_prefix("mod ").and_then(|rest| rest.split(';').next()) {
                tests.insert(format!("{folder}/{name}.rs"));
                tests.insert(format!("{folder}/{name}/"));
            }
        }
    }
    let shipped = |source: &Source| {
        let (crate_name, below) = source.path.trim_start_matches("server/").split_once('/').expect("in a crate");
        let is_test = tests
            .iter()
            .any(|test| source.path == *test || (test.ends_with('/') && source.path.starts_with(test.as_str())));
        !crate_name.is_empty() && below.starts_with("src/") && !is_test
    };
    all.into_iter().filter(shipped).collect()
}

/// Where `word` stands as a whole: `async` is not in `asynchronous`, nor `print!` in `eprint!`.
pub fn has_word(code: &str, word: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    code.match_indices(word).any(|(at, _)| {
        let free_before = !code[..at].ends_with(is_part) || !word.starts_with(is_part);
        let free_after = !code[at + word.len()..].starts_with(is_part) || !word.ends_with(is_part);
        free_before && free_after
    })
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text =
        "let a = \"// b\"; // c \"\nlet d = 'e'; /* f */ fn g<'h>(i: &'h str) { r#\"j\"k\"#; b\"l\\\"m\"; '\\''; n }";
    let words = |parts: &[Part]| blank(text, parts).split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&[Part::Comment, Part::Literal]), "let a = ; let d = ; fn g<'h>(i: &'h str) { ; b ; ; n }");
    assert_eq!(words(&[Part::Code, Part::Literal]), "// c \" /* f */");
    assert_eq!(blank(text, &[Part::Comment]).lines().count(), text.lines().count());
    assert!(has_word("async fn", "async") && !has_word("asynchronous", "async") && !has_word("eprint!()", "print!"));
}
