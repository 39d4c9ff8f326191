//! The harness over the fixtures, by gold that was written by hand.

use std::collections::BTreeSet;

use aiex_tests::binary::{Home, aiex, fixture};
use serde_json::json;

use crate::{
    baselines::Baselines,
    budgets, elixir, index, pack, rust,
    score::{Pack, Score, Shown, Sources, estimate, is_hit, masked_line, score},
    show,
    sources::{self, Definition, Source},
    task::{Gold, Repository, Span, Task, masked, still_parses},
};

struct Fixture {
    language: &'static str,
    sources: Vec<Source>,
    task: Task,
}

/// A task whose body and gold are found by their text: `(path, first line, name)`.
fn fixture_task(
    language: &'static str,
    [path, line]: [&str; 2],
    [from, to]: [&str; 2],
    gold: &[(&str, &str, &str)],
) -> Fixture {
    let (folder, ending, stub) = match language {
        "rust" => ("rust_ledger", ".rs", rust::STUB),
        _ => ("elixir_shop", ".ex", elixir::STUB),
    };
    let sources = sources::read(&fixture(folder), ending);
    let source = |path: &str| sources.iter().find(|source| source.path == path).expect("a file of the fixture");
    let definitions = |path: &str| match language {
        "rust" => rust::definitions(source(path)),
        _ => elixir::definitions(source(path)),
    };
    let find = |path: &str, line: &str, name: &str| -> Definition {
        let all = definitions(path);
        let found = all.iter().find(|one| one.name == name && source(path).line(one.line).trim() == line);
        found.unwrap_or_else(|| panic!("no {name} in {path}: {all:#?}")).clone()
    };
    let gold = gold.iter().map(|(path, line, name)| {
        let one = find(path, line, name);
        Gold {
            path: one.path,
            line: one.line,
            name: one.name,
            kind: one.kind.to_owned(),
            via: None,
            signature: one.signature,
        }
    });
    let mut gold: Vec<Gold> = gold.collect();
    gold.sort();
    let text = &source(path).text;
    let head = text.find(line).expect("the target's head");
    let start = head + text[head..].find(from).expect("the body's start");
    let end = start + text[start..].find(to).expect("the body's end") + to.len();
    let span = if language == "rust" {
        Span { start, end }
    } else {
        Span { start: start + "do".len(), end: end - "end".len() }
    };
    let task = Task {
        path: path.to_owned(),
        name: "target".to_owned(),
        line: source(path).line_of(head) + 1,
        mask: vec![span],
        stub: stub.to_owned(),
        gold,
    };
    Fixture { language, sources, task }
}

impl Fixture {
    /// Below `fixtures/`.
    fn folder(&self) -> &'static str {
        if self.language == "rust" { "rust_ledger" } else { "elixir_shop" }
    }
}

fn ledger() -> Fixture {
    fixture_task(
        "rust",
        ["src/account.rs", "    pub fn new(name: impl Into<String>)"],
        ["{\n", "\n    }"],
        &[
            ("src/account.rs", "pub(crate) const SEPARATOR: char = ':';", "SEPARATOR"),
            ("src/account.rs", "static KINDS: [(&str, AccountKind); 4] = [", "KINDS"),
            ("src/error.rs", "pub enum LedgerError {", "LedgerError"),
        ],
    )
}

fn shop() -> Fixture {
    fixture_task(
        "elixir",
        ["lib/shop/cart.ex", "  def total("],
        ["do\n", "\n  end"],
        &[
            ("lib/shop/cart.ex", "def subtotal(%__MODULE__{lines: lines}) do", "subtotal/1"),
            ("lib/shop/cart.ex", "defp discount(subtotal, nil), do: subtotal", "discount/2"),
            ("lib/shop/cart.ex", "defp shipping(cart, discounted) do", "shipping/2"),
        ],
    )
}

fn by_path(sources: &[Source]) -> Sources<'_> {
    sources.iter().map(|source| (source.path.as_str(), source)).collect()
}

fn shown(path: &str, text: &str) -> Pack {
    let shown = vec![Shown { path: path.to_owned(), lines: None, text: text.to_owned() }];
    Pack { shown, tokens: 100, ..Pack::default() }
}

#[test]
fn everything_shown_is_all_recalled_and_nothing_shown_is_not() {
    for fixture in [ledger(), shop()] {
        let sources = by_path(&fixture.sources);
        let whole = |source: &Source| {
            let text = if source.path == fixture.task.path {
                masked(&source.text, &fixture.task)
            } else {
                source.text.clone()
            };
            Shown { path: source.path.clone(), lines: None, text }
        };
        let all = Pack { shown: fixture.sources.iter().map(whole).collect(), tokens: 1000, ..Pack::default() };
        assert_eq!(score(&sources, &fixture.task, &all).recall, 1.0);
        assert_eq!(
            score(&sources, &fixture.task, &Pack::default()),
            Score { cross_file: (fixture.language == "rust").then_some(0.0), direct: Some(0.0), ..Score::default() }
        );
    }
}

#[test]
fn the_built_binary_shows_what_a_masked_body_used() {
    for fixture in [ledger(), shop()] {
        let (home, workspace) = (Home::default(), tempfile::tempdir().expect("a folder"));
        index::copy_tree(&aiex_tests::binary::fixture(fixture.folder()), workspace.path()).expect("a copy");
        let source = by_path(&fixture.sources)[fixture.task.path.as_str()];
        std::fs::write(workspace.path().join(&source.path), masked(&source.text, &fixture.task)).expect("a file");
        let ask = |budget| pack::ask(aiex(), &home, workspace.path(), &fixture.task, budget);
        let pack = ask(4000).expect("a pack");
        let found = score(&by_path(&fixture.sources), &fixture.task, &pack);
        assert_eq!((found.recall, found.considered), (1.0, Some(1.0)), "{}: {pack:#?}", fixture.language);
        assert!(pack.tokens <= 4000 && found.density > 0.0 && pack.considered.len() >= pack.shown.len());
        assert!(ask(700).is_ok_and(|pack| pack.tokens <= 700));
        assert!(ask(50).is_err_and(|error| error.contains("a budget of 50 tokens is too small")));
    }
}

#[test]
fn packs_are_shown_with_their_reasons() {
    let fixture = shop();
    let root = aiex_tests::binary::fixture(fixture.folder());
    let repository = Repository {
        name: "shop".to_owned(),
        root: root.display().to_string(),
        language: "elixir".to_owned(),
        tasks: vec![fixture.task],
    };
    let workspace = tempfile::tempdir().expect("a folder");
    index::copy_tree(&root, workspace.path()).expect("a copy");
    let shown = show::show(aiex(), workspace.path(), &repository, "explain", 3);
    assert!(shown.contains("## shop · explain · lib/shop/cart.ex:") && shown.contains("- full, "), "{shown}");
    assert!(shown.contains(": the target uses it ("), "{shown}");
    let home = Home::default();
    let found = budgets::budgets(&home, workspace.path(), &fixture.sources, 20);
    assert_eq!((found.asked, found.over), (20, 0), "{found:?}");
}

#[test]
fn a_third_of_the_gold_is_a_third_of_recall() {
    let fixture = ledger();
    let sources = by_path(&fixture.sources);
    let found = score(&sources, &fixture.task, &shown("src/error.rs", "pub enum LedgerError { Overflow, … }"));
    assert_eq!((found.recall, found.cross_file), (1.0 / 3.0, Some(1.0)));
    assert_eq!(found.density, 0.04, "`pub enum LedgerError` has four tokens of a hundred");
}

#[test]
fn a_name_another_file_or_half_a_signature_is_no_hit() {
    let fixture = shop();
    let sources = by_path(&fixture.sources);
    let subtotal = fixture.task.gold.iter().find(|gold| gold.name == "subtotal/1").expect("gold");
    let hit = |pack: &Pack| is_hit(&sources, &fixture.task, subtotal, pack);
    assert!(hit(&shown("lib/shop/cart.ex", "  def subtotal(%__MODULE__{lines: lines})")));
    assert!(hit(&shown("lib/shop/cart.ex", "def subtotal(%__MODULE__{lines: lines}), do: …")));
    assert!(!hit(&shown("lib/shop/cart.ex", "subtotal/1")));
    assert!(!hit(&shown("lib/shop/order.ex", "  def subtotal(%__MODULE__{lines: lines})")));
    assert!(!hit(&shown("lib/shop/cart.ex", "  def subtotal(%__MODULE__{")));
}

#[test]
fn a_first_line_that_a_file_has_twice_counts_where_its_lines_are_shown() {
    let source =
        Source::new("a.rs".to_owned(), "impl A {\n    fn new() {}\n}\nimpl B {\n    fn new() {}\n}\n".to_owned());
    let second = rust::definitions(&source).pop().expect("two functions");
    let gold = Gold {
        path: second.path,
        line: second.line,
        name: second.name,
        kind: "function".to_owned(),
        via: None,
        signature: second.signature,
    };
    let task = Task {
        path: "b.rs".to_owned(),
        name: "f".to_owned(),
        line: 1,
        mask: Vec::new(),
        stub: String::new(),
        gold: vec![gold],
    };
    let sources = [source];
    let at = |lines| {
        let shown = vec![Shown { path: "a.rs".to_owned(), lines: Some(lines), text: "    fn new() {}".to_owned() }];
        score(&by_path(&sources), &task, &Pack { shown, tokens: 9, ..Pack::default() }).recall
    };
    assert_eq!([at((2, 2)), at((5, 5))], [0.0, 1.0]);
}

#[test]
fn a_masked_file_parses_and_its_lines_are_found_again() {
    for fixture in [ledger(), shop()] {
        let grammar =
            if fixture.language == "rust" { tree_sitter_rust::LANGUAGE } else { tree_sitter_elixir::LANGUAGE };
        assert_eq!(still_parses(&grammar.into(), &fixture.sources, vec![fixture.task.clone()]).len(), 1);
        let source = *by_path(&fixture.sources).get(fixture.task.path.as_str()).expect("the target's file");
        let after = Source::new(source.path.clone(), masked(&source.text, &fixture.task));
        let end = source.line_of(fixture.task.mask[0].end);
        for number in (1..fixture.task.line).chain(end + 2..=source.text.lines().count()) {
            assert_eq!(after.line(masked_line(source, &fixture.task, number)), source.line(number));
        }
    }
}

#[test]
fn no_baseline_exceeds_its_budget_and_more_budget_recalls_no_less() {
    for fixture in [ledger(), shop()] {
        let sources = by_path(&fixture.sources);
        let baselines = Baselines::new(fixture.language, &fixture.sources);
        let source = sources[fixture.task.path.as_str()];
        let own = Source::new(source.path.clone(), masked(&source.text, &fixture.task));
        let recall = |budget| {
            let packs = baselines.packs(&fixture.task, &own, budget);
            assert!(packs.iter().all(|pack| pack.tokens <= budget));
            packs.map(|pack| score(&sources, &fixture.task, &pack).recall)
        };
        assert_eq!(recall(20_000), [if fixture.language == "rust" { 2.0 / 3.0 } else { 1.0 }, 1.0, 1.0, 1.0]);
        assert_eq!(recall(10), [0.0; 4]);
    }
}

#[test]
fn an_answer_must_show_its_pieces_in_its_prompt() {
    let answer = |prompt: &str| {
        let piece = |level: &str, text: &str| json!({"path": "src/error.rs", "start_line": 14, "end_line": 27, "level": level, "text": text});
        let pieces = [piece("signature", "pub enum LedgerError {"), piece("name", "Overflow")];
        let dropped = [json!({"path": "src/money.rs", "start_line": 3, "end_line": 4})];
        json!({"pieces": pieces, "dropped": dropped, "prompt": [{"role": "user", "content": prompt}]})
    };
    let pack = pack::read(&answer("src/error.rs\npub enum LedgerError {")).expect("an answer");
    assert_eq!((pack.shown.len(), pack.considered.len(), pack.tokens), (1, 3, 9));
    assert!(pack::read(&answer("nothing")).is_err_and(|error| error.contains("the prompt lacks")));
}

#[test]
fn an_interval_holds_the_mean_and_closes_on_equal_values() {
    let found = estimate(&[0.0, 1.0, 1.0, 1.0]).expect("values");
    assert!(found.mean == 0.75 && found.low < 0.75 && found.high > 0.75 && found.high <= 1.0);
    let equal = estimate(&[0.5; 9]).expect("values");
    assert_eq!([equal.low, equal.mean, equal.high], [0.5; 3]);
    assert_eq!(estimate(&[]), None);
}

#[test]
fn definitions_are_found_inside_of_macros_and_not_inside_of_bodies() {
    let text = "cfg_rt! {\n    pub fn spawn() {\n        fn inner() {}\n    }\n}\nmacro_rules! m { () => { fn made() {} } }\n#[cfg(test)]\nmod tests {\n    fn helper() {}\n}\n";
    let found = rust::definitions(&Source::new("src/a.rs".to_owned(), text.to_owned()));
    let names: BTreeSet<&str> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["spawn", "m", "helper"]));
    assert_eq!(found[0].line, 2);
}

#[test]
fn clauses_of_a_function_are_one_definition() {
    let text = "defmodule A do\n  def f(x, y \\\\ 1)\n  def f(x, y) when x > 0, do: y\n  def f(x, y) do\n    x\n  end\n  defp f(x), do: x\nend\n";
    let found = elixir::definitions(&Source::new("lib/a.ex".to_owned(), text.to_owned()));
    let names: Vec<(&str, usize)> = found.iter().map(|one| (one.name.as_str(), one.line)).collect();
    assert_eq!(names, [("f/2", 2)]);
}
