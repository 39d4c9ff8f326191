//! Laws of drafts: nothing panics, nothing outside of its place changes, nothing invisible comes through.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

const RUST: &str = include_str!("../../../../fixtures/rust_ledger/src/money.rs");
const ELIXIR: &str = include_str!("../../../../fixtures/elixir_shop/lib/shop/cart.ex");

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.into(), cut: None }
}

/// The definition around a piece of text.
fn target(path: &str, text: &str, piece: &str) -> Range<usize> {
    let file = File::new(path, text.into());
    let index = file.symbol_at(text.find(piece).unwrap()).unwrap();
    file.symbols[index].range.clone()
}

/// Lines of both fixtures, marks and talk, in any order.
fn reply() -> impl Strategy<Value = String> {
    let lines: Vec<String> = RUST
        .lines()
        .chain(ELIXIR.lines())
        .map(str::to_owned)
        .chain(
            [
                "```rust",
                "```elixir",
                "```",
                "<<<<<<< SEARCH",
                "=======",
                ">>>>>>> REPLACE",
                "@@ -1 +1 @@",
                "...",
                "}",
                "end",
                "a\u{202e}b",
                "\u{1b}[0m",
                "src/money.rs",
                "lib/shop/cart.ex",
            ]
            .map(str::to_owned),
        )
        .collect();
    let whole = prop::sample::select(vec![
        "```rust\nfn neg(self) -> Self {\n    Self::new(-self.minor, self.currency)\n}\n```".to_owned(),
        "```elixir\ndef remove(cart, sku), do: %{cart | lines: Map.drop(cart.lines, [sku])}\n```".to_owned(),
        "<<<<<<< SEARCH\n        Self { minor: -self.minor, ..self }\n=======\n        self\n>>>>>>> REPLACE"
            .to_owned(),
    ]);
    let line = prop::sample::select(lines);
    prop::collection::vec(prop_oneof![12 => line, 1 => whole, 1 => "\\PC{0,20}"], 1..24)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the reply: nothing outside of the anchors changes, what parsed still does, and nothing hides.
    #[test]
    fn laws_of_any_reply(reply in reply(), rust in any::<bool>(), intent in prop::sample::select(vec![
        Intent::Refactor, Intent::Fix, Intent::Document, Intent::Generate,
    ])) {
        let (path, text, piece) = match rust {
            true => ("src/money.rs", RUST, "fn neg(self)"),
            false => ("lib/shop/cart.ex", ELIXIR, "def remove"),
        };
        let sources = [source(path, text)];
        let task = Task::new(intent, path, &sources, target(path, text, piece));
        let Ok(patch) = draft(&task, &reply).and_then(|draft| draft.checked(|_| false)) else { return Ok(()) };
        for file in &patch.files {
            let before = file.before.as_deref().unwrap();
            prop_assert_eq!(before, text);
            let edits = file.edits();
            prop_assert_eq!(apply(&Text::new(before), &edits).unwrap().to_string(), &*file.after);
            for edit in &edits {
                // A line may take its neighbour's line end, and an insertion the blank line after its anchor.
                let near = |anchor: &Range<usize>| {
                    anchor.start <= edit.range.start + 64 && edit.range.end <= anchor.end + 64
                };
                prop_assert!(file.anchors.iter().any(near), "{edit:?} is of none of {:?}", file.anchors);
            }
            let (old, new) = (File::new(path, before.into()), File::new(path, file.after.as_str().into()));
            prop_assert!(gate::new_problems(Some(&old), &new).is_empty());
            prop_assert_eq!(gate::invisible(&file.after, before), None);
        }
    }

    #[test]
    fn any_text_can_be_edited(text in "(fn a\\(\\) \\{\\}|impl A \\{|\\}|def a do|end|\"|@doc|\r?\n|\\PC){0,30}", reply in reply()) {
        for path in ["a.rs", "a.ex", "a.toml"] {
            let sources = [source(path, &text)];
            for intent in [Intent::Refactor, Intent::Generate, Intent::Document] {
                let task = Task::new(intent, path, &sources, 0..text.len());
                let _ = draft(&task, &reply);
            }
        }
    }
}

#[test]
fn a_definition_that_is_to_go_is_named_by_a_word_of_its_own() {
    let sources = [];
    let mut task = Task::new(Intent::Refactor, "a.rs", &sources, 0..0);
    task.instruction = Some("delete transition! and Cart::total, not subtotals");
    assert!(task.asks_to_delete("Shop.Order.transition!/2"));
    assert!(task.asks_to_delete("Cart::total"));
    assert!(!task.asks_to_delete("Shop.Cart.subtotal/1"));
    assert!(!task.asks_to_delete("Shop.Order.transition/2"));
    for (words, name) in [
        ("Extract these lines into one new function", "Money::new"),
        ("rename remove to take", "Shop.Cart.remove/2"),
        ("call total twice", "Cart::total"),
    ] {
        task.instruction = Some(words);
        assert!(!task.asks_to_delete(name), "{words}");
    }
    task.instruction = Some("Inline total");
    assert!(task.asks_to_delete("Cart::total"));
}

#[test]
fn a_fault_asks_to_delete_what_is_never_used() {
    let says = |intent, fault: &str| {
        let faults = [fault.to_owned()];
        let mut task = Task::new(intent, "a.rs", &[], 0..0);
        task.faults = &faults;
        task.asks_to_delete("Cart::total")
    };
    assert!(says(Intent::Fix, "method `total` is never used"));
    assert!(says(Intent::Fix, "function total/1 is unused"));
    assert!(!says(Intent::Refactor, "method `total` is never used"));
    assert!(!says(Intent::Fix, "undefined function total/1"));
    assert!(!says(Intent::Fix, "variable \"total\" is unused"));
    assert!(!says(Intent::Fix, "unused return value of `total` that must be used"));
    assert!(!says(Intent::Fix, "method `subtotal` is never used"));
    let mut task = Task::new(Intent::Fix, "a.rs", &[], 0..0);
    task.instruction = Some("method `total` is never used");
    assert!(task.asks_to_delete("Cart::total"));
}

#[test]
fn a_path_is_named_as_a_whole_word() {
    let mut task = Task::new(Intent::Generate, "a.rs", &[], 0..0);
    task.instruction = Some("put it into `src/money.rs`, or ./src/b.rs.");
    assert!(task.names_path("src/money.rs"));
    assert!(task.names_path("src/b.rs"));
    assert!(!task.names_path("money.rs"));
    assert!(!task.names_path("src/money"));
}

#[test]
fn a_file_that_exists_is_not_made_anew() {
    let exists = |path: &str| path == "src/b.rs";
    let mut task = Task::new(Intent::Generate, "src/b.rs", &[], 0..0);
    let reply = "```rust\nfn b() {}\n```";
    assert!(draft(&task, reply).unwrap().checked(|_| false).unwrap().files[0].parsed);
    task.exists = Some(&exists);
    assert_eq!(draft(&task, reply).unwrap_err(), Refusal::Exists("src/b.rs".to_owned()));
}

#[test]
fn a_comment_that_asks_goes_when_another_file_changes() {
    let comment = "// AI: make src/b.rs with b\n";
    let text = format!("{comment}fn a() {{}}\n");
    let mut sources = [source("src/a.rs", &text)];
    sources[0].cut = Some(0..comment.len());
    let mut task = Task::new(Intent::Generate, "src/a.rs", &sources, 0..9);
    task.instruction = Some("make src/b.rs with b");
    let patch = draft(&task, "src/b.rs\n```rust\nfn b() {}\n```").unwrap().checked(|_| false).unwrap();
    let after: Vec<_> = patch.files.iter().map(|file| (file.path.as_str(), file.after.as_str())).collect();
    assert_eq!(after, [("src/b.rs", "fn b() {}\n"), ("src/a.rs", "fn a() {}\n")]);
    assert_eq!(patch.files[1].anchors.first(), Some(&(0..comment.len())));
    assert!(patch.files[1].parsed);
}

#[test]
fn what_is_not_parsed_is_not_documented_and_keeps_its_secrets() {
    let text = "name = \"a\"\napi_key = \"hq8Zt3LmX9vB2nK7wR4p\"\n";
    let sources = [source("a.toml", text)];
    let mut redactor = Redactor::new("k7f3");
    redactor.redact("a.toml", 1, text);
    let said = |intent, reply: &str| {
        let mut task = Task::new(intent, "a.toml", &sources, 0..text.len());
        task.redactor = Some(&redactor);
        draft(&task, reply).map(|draft| draft.patch.files[0].parsed).map_err(|refusal| refusal.to_string())
    };
    let kept = "```toml\nname = \"b\"\napi_key = \"AIEX_SECRET_1_k7f3\"\n```";
    assert_eq!(said(Intent::Refactor, kept), Ok(false));
    let document = "a.toml is in no language that is parsed, so there is no telling its documentation from its code";
    assert_eq!(said(Intent::Document, kept), Err(document.to_owned()));
    let spread = kept.replace("\"b\"", "\"AIEX_SECRET_1_k7f3\"");
    let moved = "the placeholder AIEX_SECRET_1_k7f3 stands for a secret that is not of a.toml; it is left where it was";
    assert_eq!(said(Intent::Refactor, &spread), Err(moved.to_owned()));
}

#[test]
fn a_file_that_may_parse_is_doubtful_until_it_is_accepted() {
    let sources = [source("a.rs", "fn a() {}\n")];
    let task = Task::new(Intent::Refactor, "a.rs", &sources, 0..9);
    let reply = "```rust\nfn a() { 1 + }\n```";
    let made = draft(&task, reply).unwrap();
    assert_eq!(made.doubtful().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.rs"]);
    assert_eq!(made.checked(|_| true).unwrap().files[0].after, "fn a() { 1 + }\n");
    let refusal = draft(&task, reply).unwrap().checked(|_| false).unwrap_err();
    assert!(matches!(refusal, Refusal::Unparsed { .. }), "{refusal}");
}

/// No reply of the longest that are read takes long: a bound with much to spare, for an unoptimised build.
#[test]
fn no_reply_makes_it_slow() {
    let line = |line: &str| line.repeat((LONGEST - 100) / line.len());
    // As much as is parsed.
    let code = |line: &str| line.repeat((LONGEST_CODE - 100) / line.len());
    let named: String = (0..4500).map(|number| format!("fn a{number}() {{}}\n")).collect();
    let piece = "fn neg(self)";
    let sources = [source("src/money.rs", RUST)];
    let task = Task::new(Intent::Refactor, "src/money.rs", &sources, target("src/money.rs", RUST, piece));
    for reply in [
        line("```\n"),
        line("```rust\n"),
        line("````\n```\n"),
        format!("```rust\n{}", line("1 | fn a() {\n")),
        format!("<<<<<<< SEARCH\n{}=======\n>>>>>>> REPLACE\n", line("\n}\n")),
        line("<<<<<<< SEARCH\n}\n=======\n>>>>>>> REPLACE\n"),
        format!("{}<<<<<<< SEARCH\n}}\n=======\n>>>>>>> REPLACE\n", line("```rust\n```\n")),
        format!("```diff\n@@ -1 +1 @@\n{}```\n", line("+a\n-b\n")),
        format!("```rust\n{}```\n", line("fn a() {}\n")),
        format!("```rust\n{}```\n", line("fn a() {")),
        format!("```rust\n{}```\n", line("// ...\n")),
        line("a.rs\n"),
        format!("```rust\n{}```\n", code("1 | fn a() {\n")),
        format!("```rust\n{}```\n", code("fn a() {}\n")),
        format!("```rust\n{}```\n", code("fn a() {")),
        format!("```rust\n{}```\n", code("((((")),
        format!("```rust\n{}```\n", code("\"\n")),
        format!("```rust\n{}```\n", code("// ...\n")),
        format!("```rust\n{}```\n", code("/// a\n")),
        format!("```rust\n{}```\n", code("use a;\n")),
        format!("```rust\nfn neg(self) -> Self {{\n{}}}```\n", code("    let a = 1;\n")),
        format!("```rust\nimpl Money {{\n{}}}\n```\n", code("#[a]\n")),
        format!("```rust\n{named}```\n"),
        format!("```rust\n{}```\n", code("a\n```\n")),
        format!("<<<<<<< SEARCH\n{}=======\n>>>>>>> REPLACE\n", code("}\n")),
        format!("```diff\n@@ -1 +1 @@\n{}```\n", code("+a\n-b\n")),
    ] {
        let start = Instant::now();
        let _ = draft(&task, &reply);
        let taken = start.elapsed();
        let begin: String = reply.chars().take(30).collect();
        println!("{begin:?} took {taken:?}");
        assert!(taken.as_secs() < 30, "{begin:?} took {taken:?}");
    }
}
