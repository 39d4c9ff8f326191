//! What holds for the chunks of every text.

use std::{collections::HashSet, fs, ops::Range, path::Path};

use aiex_syntax::{Language, Outline, SymbolKind, Syntax};
use aiex_text::Text;
use proptest::prelude::*;

use super::{
    super::{estimate, lines::floor},
    Chunk, Format, chunked,
};

const FORMATS: [Format; 8] = [
    Format::Elixir,
    Format::Rust,
    Format::Template,
    Format::Markdown,
    Format::Toml,
    Format::Json,
    Format::Yaml,
    Format::Plain,
];

/// In order, not overlapping, every byte that is not white space in one, none too large, each as large as it says.
#[track_caller]
pub(super) fn check_partition(source: &str, chunks: &[Chunk], format: Format, max_tokens: usize) {
    let slice = |range: Range<usize>| source.get(range).expect("whole characters");
    let blank = |range: Range<usize>| slice(range).bytes().all(|byte| byte.is_ascii_whitespace());
    let mut end = 0;
    for chunk in chunks {
        assert!(end <= chunk.range.start && !blank(chunk.range.clone()), "{chunk:?} after {end}");
        assert!(blank(end..chunk.range.start), "{:?} is in no chunk", slice(end..chunk.range.start));
        let text = slice(chunk.range.clone());
        assert_eq!(chunk.tokens, estimate(text, format));
        assert!(chunk.tokens <= max_tokens.max(2), "{chunk:?} is over {max_tokens}");
        assert!(!text.ends_with(|char: char| char.is_ascii_whitespace()), "{text:?}");
        end = chunk.range.end;
    }
    assert!(blank(end..source.len()), "{:?} is in no chunk", slice(end..source.len()));
}

/// The sources of the example projects, and this repository's notes, by format.
fn fixtures() -> Vec<(Format, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![top.join("fixtures/elixir_shop"), top.join("fixtures/rust_ledger")];
    let mut files = vec![top.join("README.md"), top.join("server/llm/models.toml")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true if entry.ends_with("target") || entry.ends_with("_build") => {}
                true => folders.push(entry),
                false => files.push(entry),
            }
        }
    }
    files.sort();
    let read =
        |path: &std::path::PathBuf| (Format::from_path(path.to_str().unwrap()), fs::read_to_string(path).unwrap());
    files.iter().map(read).collect()
}

#[test]
fn the_example_projects_are_partitioned_at_every_size() {
    for (format, source) in fixtures() {
        for format in [format].into_iter().chain(FORMATS) {
            for max_tokens in [0, 1, 2, 7, 30, 100, 500, 5000] {
                check_partition(&source, &chunked(&source, format, max_tokens), format, max_tokens);
            }
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    " ",
    "    ",
    "\t",
    "\u{b}",
    "\u{a0}",
    "\u{feff}",
    "é",
    "世",
    "🦀",
    "\0",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<p>",
    "</p>",
    "<br/>",
    "<%= if x do %>",
    "<% end %>",
    "<!--",
    "-->",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "```",
    "~~~",
    "# t\n",
    "## t\n",
    "===\n",
    "---\n",
    "- ",
    "key: ",
    "key = ",
    "[table]\n",
    "[[t]]\n",
    ",",
    ";",
    "//",
    "/*",
    "*/",
    "/// d\n",
    "#",
    "@doc ",
    "fn f() ",
    "impl X ",
    "mod m ",
    "match x ",
    "=> ",
    "defmodule M do\n",
    "def f(x) do\n",
    "def f(x), do: x\n",
    "end\n",
    "|> g()\n",
    "->",
    "x",
    "let x = 1;\n",
    "use a::b;\n",
    "#[test]\n",
    "fn ",
    "do",
    "do: ",
    "%{",
    "~s(",
    "#{",
    "r#\"",
    "lorem ipsum dolor sit amet ",
    "0, ",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn any_text_is_partitioned(source in prop_oneof![text(), "\\PC{0,200}"], max_tokens in 0..60_usize) {
        for format in FORMATS {
            check_partition(&source, &chunked(&source, format, max_tokens), format, max_tokens);
        }
    }

    #[test]
    fn mutated_sources_are_partitioned(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(PIECES)), 1..12),
        max_tokens in 2..200_usize,
    ) {
        let all = fixtures();
        let (format, mut source) = which.get(&all).clone();
        for (at, length, insert) in cuts {
            let start = floor(&source, at.index(source.len() + 1));
            let end = floor(&source, start + length).max(start);
            source.replace_range(start..end, insert);
        }
        check_partition(&source, &chunked(&source, format, max_tokens), format, max_tokens);
    }
}

/// The functions of a text that have a body of several lines: everything that belongs to them, and where to insert.
fn functions(outline: &Outline, text: &Text) -> Vec<(Range<usize>, usize)> {
    let is_function = |kind| matches!(kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Test);
    let symbols = outline.symbols.iter().filter(|symbol| is_function(symbol.kind));
    let place = |symbol: &aiex_syntax::Symbol| {
        let body = symbol.body()?;
        let line = text.line_of(body.start) + 1;
        (text.line_of(body.end) > line).then(|| (symbol.range.clone(), text.line_start(line)))
    };
    symbols.filter_map(place).collect()
}

/// What an insertion of `length` bytes into `function` changed beyond the chunks that hold a part of the function: how
/// many chunks there were before and are no more, and how far from the function the farthest of them lies.
fn changed_elsewhere(before: &[Chunk], after: &[Chunk], function: &Range<usize>, length: usize) -> (usize, usize) {
    let after: HashSet<(usize, usize)> = after.iter().map(|chunk| (chunk.range.start, chunk.range.end)).collect();
    let gone = |chunk: &&Chunk| {
        let shift = if chunk.range.start >= function.end { length } else { 0 };
        !after.contains(&(chunk.range.start + shift, chunk.range.end + shift))
    };
    let distance = |chunk: &Chunk| match chunk.range.end <= function.start {
        true => function.start - chunk.range.start,
        false => chunk.range.end.saturating_sub(function.end),
    };
    let elsewhere =
        before.iter().filter(|chunk| chunk.range.end <= function.start || chunk.range.start >= function.end);
    elsewhere.filter(gone).fold((0, 0), |(count, far), chunk| (count + 1, far.max(distance(chunk))))
}

/// Both ways: an edit and its undoing.
fn check_stable(source: &str, language: Language, max_tokens: usize, insert: &str, edits: &mut [usize; 2]) {
    let format = if language == Language::Rust { Format::Rust } else { Format::Elixir };
    let text = Text::new(source);
    let outline = Syntax::parse(language, &text, None, || true).unwrap().outline(&text);
    let before = chunked(source, format, max_tokens);
    for (function, at) in functions(&outline, &text) {
        let (head, tail) = source.split_at(at);
        let edited = format!("{head}{insert}{tail}");
        let after = chunked(&edited, format, max_tokens);
        let (count, far) = changed_elsewhere(&before, &after, &function, insert.len());
        edits[0] += 1;
        edits[1] += usize::from(count > 0);
        // What can be one chunk with the function, and the scraps that lean on it, is near: nothing cascades.
        assert!(
            count <= 4 && far <= max_tokens * 4 * 3,
            "{count} chunks up to {far} bytes away, at byte {at}:\n{source}"
        );
    }
}

#[test]
fn an_edit_inside_a_function_changes_its_chunks_and_hardly_ever_a_neighbour() {
    let mut edits = [0, 0];
    for (format, source) in fixtures() {
        let Some(language) = format.language() else { continue };
        for (max_tokens, lines) in [40, 80, 120, 200, 350, 600].into_iter().flat_map(|most| [(most, 1), (most, 5)]) {
            let insert = "    inserted(compute(1, 2), three);\n".repeat(lines);
            check_stable(&source, language, max_tokens, &insert, &mut edits);
        }
    }
    let [all, elsewhere] = edits;
    assert!(all > 1000 && elsewhere * 40 < all, "{elsewhere} of {all} edits changed a neighbour");
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn generated_modules_are_stable(
        functions in prop::collection::vec((0..400_u32, 1..12_usize, any::<bool>()), 2..60),
        max_tokens in 30..300_usize,
        lines in 1..6_usize,
    ) {
        let mut source = String::from("defmodule Many do\n  @moduledoc \"Many.\"\n");
        for (name, lines, doc) in functions {
            let doc = if doc { "  @doc \"What it does, in a sentence.\"\n" } else { "" };
            let body: String = (0..lines).map(|line| format!("    value = step({line}, value)\n")).collect();
            source.push_str(&format!("\n{doc}  def f{name}(value) do\n{body}  end\n"));
        }
        source.push_str("end\n");
        check_stable(&source, Language::Elixir, max_tokens, &"    inserted = compute(1)\n".repeat(lines), &mut [0, 0]);
    }
}

#[test]
fn long_deep_and_uniform_texts_make_chunks_of_a_good_size() {
    let clauses: String = (0..10_000).map(|n| format!("  def f({n}), do: {n}\n")).collect();
    let clauses = format!("defmodule M do\n{clauses}end\n");
    let deep = "[".repeat(20_000);
    let nested = format!("fn f() {{ {}x{} }}", "(".repeat(20_000), ")".repeat(20_000));
    let chain = format!("fn f() {{ x{} }}", "\n    .g()".repeat(20_000));
    let same = "same line\n".repeat(20_000);
    let long = "word ".repeat(100_000);
    for source in [clauses, deep, nested, chain, same, long] {
        for format in FORMATS {
            let found = chunked(&source, format, 100);
            check_partition(&source, &found, format, 100);
            let tokens: usize = found.iter().map(|chunk| chunk.tokens).sum();
            assert!(tokens / found.len() >= 30, "{} chunks of {} tokens each", found.len(), tokens / found.len());
        }
    }
}
