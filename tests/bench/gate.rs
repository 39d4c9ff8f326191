//! What the gate costs: from a model's reply to a patch that passed every rule, for files of 2,000 lines and more.
//!
//! `cargo bench -p aiex-tests --bench gate`. The files are the sources of the example projects, one after the other,
//! until there are enough lines; the reply changes one function in the middle. Of an open document there is a parse
//! already.

use std::{fs, hint::black_box, path::Path};

use aiex_assist::{Source, Task, draft};
use aiex_context::Intent;
use aiex_syntax::{Language, Syntax};
use aiex_text::Text;
use criterion::{Criterion, criterion_group, criterion_main};

const LINES: usize = 2000;

fn gate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gate");
    let rust = file(&["rust_ledger/src/money.rs", "rust_ledger/src/journal.rs", "rust_ledger/src/parse.rs"]);
    let definition = "```rust\nfn is_date_1(text: &str) -> bool {\n    text.len() == 10\n}\n```";
    let hunk = "<<<<<<< SEARCH\nfn is_date_1(text: &str) -> bool {\n=======\nfn is_date_1(text: &'_ str) -> bool {\n>>>>>>> REPLACE\n";
    for (name, reply) in [("definition", definition), ("hunk", hunk)] {
        for (is_open, state) in [(false, "on disk"), (true, "open")] {
            group.bench_function(format!("rust, {name}, {state}"), |bencher| {
                measure(bencher, "src/a.rs", &rust, "fn is_date_1", reply, is_open)
            });
        }
    }
    let elixir =
        file(&["elixir_shop/lib/shop/cart.ex", "elixir_shop/lib/shop/order.ex", "elixir_shop/lib/shop/payment.ex"]);
    let definition = "```elixir\ndef quantities_1(%__MODULE__{lines: lines}) do\n  for {sku, {_, count}} <- lines, into: %{}, do: {sku, count}\nend\n```";
    let hunk = "<<<<<<< SEARCH\n  def quantities_1(%__MODULE__{lines: lines}) do\n=======\n  def quantities_1(%__MODULE__{lines: lines} = _cart) do\n>>>>>>> REPLACE\n";
    for (name, reply) in [("definition", definition), ("hunk", hunk)] {
        for (is_open, state) in [(false, "on disk"), (true, "open")] {
            group.bench_function(format!("elixir, {name}, {state}"), |bencher| {
                measure(bencher, "lib/a.ex", &elixir, "def quantities_1", reply, is_open)
            });
        }
    }
    group.finish();
}

fn measure(bencher: &mut criterion::Bencher, path: &str, text: &str, target: &str, reply: &str, is_open: bool) {
    let language = Language::from_file_name(path).expect("a language");
    let rope = Text::new(text);
    let syntax = Syntax::parse(language, &rope, None, || true).expect("a parse");
    let outline = syntax.outline(&rope);
    let index = outline.enclosing(text.find(target).expect("the target")).expect("a definition");
    let sources = [Source { path: path.to_owned(), text: text.into(), cut: None }];
    let mut task = Task::new(Intent::Refactor, path, &sources, outline.symbols[index].range.clone());
    task.parsed = is_open.then_some(syntax);
    let patch = || draft(&task, black_box(reply)).and_then(|draft| draft.checked(|_| false));
    patch().expect("the reply is good");
    bencher.iter(|| patch().is_ok());
}

/// Definitions keep names of their own: each repetition of the sources adds its number.
fn file(paths: &[&str]) -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let sources: Vec<String> =
        paths.iter().map(|path| fs::read_to_string(fixtures.join(path)).expect("a fixture")).collect();
    let mut text = String::new();
    let mut round = 0;
    while text.lines().count() < LINES {
        for source in &sources {
            for line in source.lines() {
                text.push_str(&numbered(line, round));
                text.push('\n');
            }
        }
        round += 1;
    }
    text
}

fn numbered(line: &str, round: usize) -> String {
    let mut line = line.to_owned();
    for name in ["is_date", "quantities"] {
        line = line.replace(&format!("{name}("), &format!("{name}_{round}("));
    }
    match line.strip_suffix(" do").filter(|line| line.starts_with("defmodule ")) {
        Some(head) => format!("{head}{round} do"),
        None => line,
    }
}

criterion_group!(benches, gate);
criterion_main!(benches);
