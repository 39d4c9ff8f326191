//! How fast and how large the server is, seen from outside. Prints the table that README quotes.
//!
//! `cargo bench -p aiex-tests --bench server` (Linux, on a quiet machine; about a minute).

use std::{
    fs,
    time::{Duration, Instant},
};

use aiex_syntax::Language;
use aiex_tests::{
    binary::{Home, aiex, fixture},
    client::{Client, did_change},
    profile::Profile,
};
use serde_json::json;

const STARTS: usize = 40;
const KEYSTROKES: usize = 100;
const LINES: usize = 10_000;

fn main() {
    // The log says when a version is parsed. Set before any thread is started.
    if std::env::var_os("AIEX_LOG").is_none() {
        let own = std::env::current_exe().expect("the benchmark's own path");
        let status =
            std::process::Command::new(own).env("AIEX_LOG", "aiex=debug").status().expect("the benchmark starts");
        std::process::exit(status.code().unwrap_or(1));
    }
    aiex();
    println!("| what | median | goal |\n|---|---|---|");
    println!(
        "| start to `initialize` answered | {:.1} ms | 5 ms |",
        millis(median((0..STARTS).map(|_| start()).collect()))
    );
    let [resident, private] = resident_memory();
    println!(
        "| resident memory, one document open | {resident:.1} MB, {private:.1} MB of it beside the program file | 10 MB |"
    );
    for (language, name) in [(Language::Rust, "Rust"), (Language::Elixir, "Elixir")] {
        let found = keystrokes(language);
        println!(
            "| keystroke in a {LINES}-line {name} file, frame to tree | {:.2} ms: {:.2} ms beyond tree-sitter's own {:.2} ms | 1 ms beyond |",
            millis(found.to_tree),
            millis(found.beyond),
            millis(found.tree_sitter),
        );
        println!("| hover there | {:.2} ms | 5 ms |", millis(found.hover));
        println!("| hover there, sent right behind a keystroke | {:.1} ms | |", millis(found.hover_behind_keystroke));
    }
}

fn start() -> Duration {
    let home = Home::default();
    let begin = Instant::now();
    let mut client = Client::spawn(&home, &["lsp"]);
    client.call("initialize", Profile::neovim().initialize_params());
    let took = begin.elapsed();
    client.notify("initialized", json!({}));
    took
}

/// All, and what is no part of a file, in MB of 1,000,000 bytes, after a hover was answered.
fn resident_memory() -> [f64; 2] {
    let source = fs::read_to_string(fixture("elixir_shop/lib/shop/cart.ex")).expect("the fixture");
    let mut client = Client::neovim();
    client.open("file:///shop/lib/cart.ex", "elixir", &source);
    client.hover("file:///shop/lib/cart.ex", &json!({"line": 30, "character": 7}));
    let status = fs::read_to_string(format!("/proc/{}/status", client.process_id())).expect("/proc");
    ["VmRSS:", "RssAnon:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
        line.and_then(|kib| kib.parse::<f64>().ok()).expect(field) * 1024.0 / 1e6
    })
}

struct Keystrokes {
    to_tree: Duration,
    /// Of it, the parse alone, by the server's own log.
    tree_sitter: Duration,
    /// Of each keystroke, what the first took longer than the second: pipes, the protocol, the edit, the log.
    beyond: Duration,
    hover: Duration,
    hover_behind_keystroke: Duration,
}

/// Types into the middle of a large file, one character at a time, as a person does: each after the server has settled.
fn keystrokes(language: Language) -> Keystrokes {
    let source = large(language);
    let uri = format!("file:///large/file.{}", if language == Language::Rust { "rs" } else { "ex" });
    let mut client = Client::neovim();
    client.open(&uri, language.id(), &source);
    client.wait_log(&format!("parsed document={uri} version=1 "));
    let line = source.lines().count() / 2;
    let (mut to_tree, mut tree_sitter, mut hover, mut behind) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let at = json!({"line": line, "character": 0});
    let comment = if language == Language::Rust { "// " } else { "# " };
    for (version, typed) in (2..)
        .zip(format!("{comment}{}", "typing a comment into the middle of a file ".repeat(9)).chars().take(KEYSTROKES))
    {
        let column = version - 2;
        let place = json!({"line": line, "character": column});
        let change =
            did_change(&uri, version, json!([{"range": {"start": place, "end": place}, "text": typed.to_string()}]));
        let begin = Instant::now();
        client.notify("textDocument/didChange", change);
        let behind_begin = Instant::now();
        let id = client.request("textDocument/hover", json!({"textDocument": {"uri": uri}, "position": at}));
        let parsed = client.wait_log(&format!("parsed document={uri} version={version} took_us="));
        to_tree.push(begin.elapsed());
        tree_sitter.push(Duration::from_micros(parsed.parse().expect("the duration of the parse")));
        client.wait(id);
        behind.push(behind_begin.elapsed());
        let begin = Instant::now();
        client.hover(&uri, &at);
        hover.push(begin.elapsed());
    }
    let beyond = to_tree.iter().zip(&tree_sitter).map(|(whole, parse)| whole.saturating_sub(*parse)).collect();
    Keystrokes {
        beyond: median(beyond),
        to_tree: median(to_tree),
        tree_sitter: median(tree_sitter),
        hover: median(hover),
        hover_behind_keystroke: median(behind),
    }
}

/// The fixture's largest file again and again, up to the number of lines.
fn large(language: Language) -> String {
    let file = if language == Language::Rust { "rust_ledger/src/journal.rs" } else { "elixir_shop/lib/shop/cart.ex" };
    let source = fs::read_to_string(fixture(file)).expect("the fixture");
    source.repeat(LINES / source.lines().count() + 1).lines().take(LINES).map(|line| format!("{line}\n")).collect()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
