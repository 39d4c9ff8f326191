//! The law of documents: after any edits, in any encoding, a document equals a plain string edited the naive way, and
//! its symbols, once parsed in full, are those of a parse from scratch.
//!
//! Short by default. The long run:
//! `AIEX_EDIT_SEQUENCES=100000 cargo test --release -p aiex-syntax --test random_edits -- --nocapture`

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test may stop at the first surprise")]

use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_syntax::{Language, Syntax};
use aiex_text::{Change, Document, Encoding, Position, Text, apply, diff, rebase};
use proptest::prelude::*;

/// What texts and edits are made of: line ends of every kind, characters of every width, and code of both languages.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\n",
    "\r\n",
    " ",
    "  ",
    "a",
    "é",
    "e\u{301}",
    "😀",
    "👩\u{200d}🚀",
    "𝒳",
    "世",
    "\u{feff}",
    "\0",
    "\u{2028}",
    "\u{85}",
    "\u{b}",
    "\t",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "'",
    "#",
    "//",
    "/*",
    "*/",
    "end",
    "fn a(x: u8) -> u8 { x }\n",
    "struct S { f: u8 }\n",
    "impl S { pub fn m(&self) {} }\n",
    "mod m {\n",
    "/// doc\n",
    "#[test]\nfn t() { a(1) }\n",
    "defmodule M do\n",
    "def f(x, y \\\\ 1), do: x\n",
    "defp g(%{a: b}) when b > 1 do\n",
    "@doc \"\"\"\n",
    "test \"é\" do\n",
    "end\n",
    "f(1) |> g()\n",
    "~s(",
    "#{",
    "->",
    "fn x -> x end",
];

fn text(pieces: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), pieces).prop_map(|pieces| pieces.concat())
}

/// Mostly near the text, sometimes far outside of it.
fn position() -> impl Strategy<Value = Position> {
    let line = prop_oneof![9 => 0..12u32, 1 => any::<u32>()];
    let column = prop_oneof![9 => 0..24u32, 1 => any::<u32>()];
    (line, column).prop_map(|(line, column)| Position { line, column })
}

fn change() -> impl Strategy<Value = Change> {
    let range = prop_oneof![19 => (position(), position()).prop_map(Some), 1 => Just(None)];
    (range, text(0..4)).prop_map(|(range, text)| Change { range, text })
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(&Encoding::ALL[..])
}

/// The naive way: walks the whole string, character by character, for every position.
fn reference(text: &str, change: &Change, encoding: Encoding) -> String {
    let Some((start, end)) = change.range else { return change.text.clone() };
    let (a, b) = (reference_offset(text, start, encoding), reference_offset(text, end, encoding));
    format!("{}{}{}", &text[..a.min(b)], change.text, &text[a.max(b)..])
}

fn reference_offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let (mut line, mut column) = (0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        if line == position.line {
            // At the line's end the column is clamped; a column inside a character is its start.
            if char == '\n' || char == '\r' || column + width(char, encoding) > u64::from(position.column) {
                return at;
            }
            column += width(char, encoding);
        } else if char == '\n' || (char == '\r' && chars.peek().is_none_or(|(_, next)| *next != '\n')) {
            line += 1;
        }
    }
    text.len()
}

fn width(char: char, encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Utf8 => char.len_utf8() as u64,
        Encoding::Utf16 => char.len_utf16() as u64,
        Encoding::Utf32 => 1,
    }
}

fn config() -> ProptestConfig {
    let cases = std::env::var("AIEX_EDIT_SEQUENCES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

static SEQUENCES: AtomicUsize = AtomicUsize::new(0);
static DIFFERED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn documents_equal_a_plain_string_and_symbols_a_parse_from_scratch() {
    let sequences = (text(0..40), encoding(), prop::collection::vec(prop::collection::vec(change(), 1..4), 1..8));
    proptest!(config(), |((start, encoding, notifications) in sequences, language in prop::sample::select(vec![Language::Elixir, Language::Rust]))| {
        let mut document = Document::new(Text::new(&start), 0, language.id());
        let mut expected = start;
        let mut syntax = Syntax::parse(language, document.text(), None, || true).unwrap();
        for (version, changes) in (1..).zip(&notifications) {
            let splices = document.change(version, changes, encoding);
            expected = changes.iter().fold(expected, |text, change| reference(&text, change, encoding));
            prop_assert_eq!(document.text().to_string(), expected.as_str());
            splices.iter().for_each(|splice| syntax.edit(splice));
            syntax = Syntax::parse(language, document.text(), Some(&syntax), || true).unwrap();
        }
        let scratch = Syntax::parse(language, &Text::new(&expected), None, || true).unwrap();
        let settled = Syntax::parse(language, document.text(), None, || true).unwrap();
        let outline = scratch.outline(&Text::new(&expected));
        prop_assert_eq!(&settled.outline(document.text()), &outline);
        SEQUENCES.fetch_add(1, Ordering::Relaxed);
        if syntax.outline(document.text()) != outline {
            DIFFERED.fetch_add(1, Ordering::Relaxed);
        }
        // Nothing that is asked of any symbol may fail, wherever its ranges lie.
        for symbol in &outline.symbols {
            settled.facts(document.text(), symbol);
        }
    });
    let (sequences, differed) = (SEQUENCES.load(Ordering::Relaxed), DIFFERED.load(Ordering::Relaxed));
    println!("{sequences} sequences; the incremental parse gave other symbols in {differed} (tree-sitter #4534)");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn positions_and_offsets_are_inverse(start in text(0..20), encoding in encoding()) {
        let text = Text::new(&start);
        for (offset, char) in start.char_indices() {
            let inside_crlf = char == '\n' && start[..offset].ends_with('\r');
            let back = text.offset(text.position(offset, encoding), encoding);
            prop_assert_eq!(back, if inside_crlf { offset - 1 } else { offset });
        }
    }

    #[test]
    fn a_diff_leads_from_one_text_to_the_other(before in text(0..20), after in text(0..20)) {
        let edits = diff(&before, &after);
        prop_assert_eq!(apply(&Text::new(&before), &edits).unwrap().to_string(), after);
        for edit in &edits {
            for offset in [edit.range.start, edit.range.end] {
                prop_assert!(before.is_char_boundary(offset));
                prop_assert!(!(before[..offset].ends_with('\r') && before[offset..].starts_with('\n')));
            }
        }
    }

    /// What the user typed is never lost, and what the edit brings is there once, or the edit is refused.
    #[test]
    fn a_rebased_edit_keeps_what_was_typed(start in text(1..20), mine in (0..64usize, 0..8usize), typed in prop::collection::vec((0..64usize, 0..8usize, text(0..3)), 0..4)) {
        let text = Text::new(&start);
        let range = |(at, length): (usize, usize)| text.floor(at)..text.floor(at + length);
        let edit = aiex_text::Edit { range: range(mine), text: "<mine>".to_owned() };
        let mut now = text.clone();
        let splices: Vec<_> = typed.iter().map(|(at, length, insert)| {
            let range = now.floor(*at)..now.floor(at + length);
            now.splice(&aiex_text::Edit { range, text: insert.clone() })
        }).collect();
        if let Ok(moved) = rebase(&edit, &splices) {
            prop_assert_eq!(now.slice(moved.range.clone()), text.slice(edit.range.clone()), "it replaces what it was made for");
            let without = now.to_string();
            now.splice(&moved);
            let expected = format!("{}<mine>{}", &without[..moved.range.start], &without[moved.range.end..]);
            prop_assert_eq!(now.to_string(), expected);
        }
    }
}
