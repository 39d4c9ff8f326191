//! What proof costs, and what it is worth: how fast a review without a model is, and which changes of the example
//! projects' functions their tests notice. What a compile check costs is a benchmark of `aiex-tools`.
//!
//! `cargo bench -p aiex-tests --bench proof` (Linux, with Elixir; some ten minutes). A scripted model answers.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use aiex_tests::{
    binary::{Home, aiex, fixture},
    project,
    upstream::Upstream,
};
use tempfile::TempDir;

#[path = "proof/functions.rs"]
mod functions;
#[path = "proof/ledger.rs"]
mod ledger;
#[path = "proof/shop.rs"]
mod shop;

fn main() {
    aiex();
    println!("| proof | measured | goal |\n|---|---|---|");
    review();
    for (project, functions) in [("rust_ledger", ledger::FUNCTIONS), ("elixir_shop", shop::FUNCTIONS)] {
        mutations(project, functions);
    }
}

/// A home whose model gives one answer, and that trusts a folder.
fn home(upstream: &Upstream, root: &Path, verify: &str) -> Home {
    let edits = format!("[edits]\nverify = \"{verify}\"\nmax_repairs = 0\n[trust]\nworkspaces = [{root:?}]\n");
    Home::with_config(&format!("{}{edits}", upstream.config()))
}

fn took(command: &mut Command) -> Duration {
    let begin = Instant::now();
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    begin.elapsed()
}

/// The median of several.
fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn review() {
    for (name, file, unit) in [("Rust", "src/money.rs", "mod part"), ("Elixir", "lib/shop/cart.ex", "")] {
        let folder = TempDir::new().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let source = match name {
            "Rust" => fs::read_to_string(fixture("rust_ledger").join(file)),
            _ => fs::read_to_string(fixture("elixir_shop").join(file)),
        };
        let source = source.expect("the file");
        let mut text = String::new();
        let mut nth = 0;
        while text.lines().count() < 10_000 {
            nth += 1;
            match unit {
                "" => text.push_str(&source.replace("Shop.Cart", &format!("Shop.Cart{nth}"))),
                unit => text.push_str(&format!("{unit}{nth} {{\n{}}}\n", source.replace("//!", "//"))),
            }
        }
        let path = root.join(if name == "Rust" { "lib.rs" } else { "cart.ex" });
        fs::write(&path, text).expect("the file");
        let home = Home::with_config("model = \"offline\"\n");
        let path = path.to_string_lossy().into_owned();
        let run = || took(home.command(["review", &path]).current_dir(&root));
        run();
        let took = median((0..9).map(|_| run()).collect());
        println!(
            "| review of 10,000 lines of {name} by the syntax, start included | {:.0} ms | 200 ms |",
            took.as_secs_f64() * 1000.0
        );
    }
}

fn mutations(name: &str, functions: &[functions::Function]) {
    let (mut noticed, mut unnoticed, mut uncompiled, mut tests) = (0, Vec::new(), 0, 0);
    let begin = Instant::now();
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    project::copy(&fixture(name), &root);
    let mut shared: Option<Home> = None;
    for function in functions {
        let upstream = Upstream::answering(function.tests);
        let config = home(&upstream, &root, "parse");
        // All in one home: the copy stays warm.
        let home = match &shared {
            Some(shared) => {
                let config = fs::read_to_string(config.path().join("config.toml")).expect("the configuration");
                shared.configure(&config);
                shared.clone()
            }
            None => shared.insert(config).clone(),
        };
        let text = fs::read_to_string(root.join(function.file)).expect("the file");
        let line = text.lines().position(|line| line.contains(function.code)).expect(function.code) + 1;
        let place = format!("{}:{line}", function.file);
        let mut command = home.command(["generate-tests", &place, "--mutations", "1000"]);
        let output = command.current_dir(&root).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let passes = output.status.success() && !said.contains(" fails: ") && !said.contains("not run");
        if !passes {
            eprintln!("{place}: not every test passes on the original: {said}");
            continue;
        }
        tests += said.lines().filter(|line| line.ends_with("` passes")).count();
        for line in said.lines() {
            match line.rsplit_once(": ").map(|(_, end)| end) {
                Some("noticed") => noticed += 1,
                Some("does not compile") => uncompiled += 1,
                Some("NOT noticed") => unnoticed.push(format!("{place}: {}", line.trim_start_matches("aiex: "))),
                _ => {}
            }
        }
    }
    let all = noticed + unnoticed.len();
    println!(
        "| {name}: changes of {} functions that {tests} tests notice ({uncompiled} more do not compile) | {noticed} of {all}, in {:.0} s | 100 changes |",
        functions.len(),
        begin.elapsed().as_secs_f64()
    );
    unnoticed.iter().for_each(|one| eprintln!("not noticed: {one}"));
}
