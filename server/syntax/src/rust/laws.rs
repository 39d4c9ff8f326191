//! What holds of the outline and the facts of any Rust text.

use std::{fs, ops::Range, path::Path};

use crate::{Language, Symbol, testing::parse};

/// Everything that an outline promises, and the facts of every symbol.
fn check(source: &str) {
    let (syntax, text) = parse(Language::Rust, source);
    let outline = syntax.outline(&text);
    let within = |range: &Range<usize>| source.get(range.clone()).is_some();
    let mut start = 0;
    for (index, symbol) in outline.symbols.iter().enumerate() {
        assert!(within(&symbol.range) && within(&symbol.name_range), "{symbol:?}");
        assert!(start <= symbol.range.start, "{symbol:?}");
        start = symbol.range.start;
        assert!(symbol.container.is_none_or(|container| container < index), "{symbol:?}");
        let around = symbol.container.map(|container| &outline.symbols[container]);
        assert!(around.is_none_or(|around| holds(around, symbol)), "{symbol:?}");
        assert_eq!(symbol.clauses.len(), 1, "{symbol:?}");
        let clause = &symbol.clauses[0];
        assert!(within(&clause.range) && clause.body.as_ref().is_none_or(within), "{symbol:?}");
        let item = syntax.facts(&text, symbol);
        assert!(item.branches.iter().all(|branch| within(&branch.range)), "{symbol:?}");
    }
    assert!(outline.calls.is_sorted_by_key(|call| call.name_range.start));
    for call in &outline.calls {
        assert!(within(&call.name_range), "{call:?}");
        assert!(call.callee.trim_end_matches('!').ends_with(&*text.slice(call.name_range.clone())), "{call:?}");
        let caller = call.caller.map(|caller| &outline.symbols[caller]);
        assert!(caller.is_none_or(|caller| caller.range.contains(&call.name_range.start)), "{call:?}");
        assert!(call.target.is_none_or(|target| target < outline.symbols.len()), "{call:?}");
    }
}

fn holds(outer: &Symbol, inner: &Symbol) -> bool {
    outer.range.start <= inner.range.start && inner.range.end <= outer.range.end
}

fn sources(directory: &Path, visit: &mut impl FnMut(String)) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn this_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    sources(&root.join("server"), &mut |source| check(&source));
    sources(&root.join("tests"), &mut |source| check(&source));
}

#[test]
fn every_beginning_and_end_of_a_file() {
    let source = include_str!("docs.rs");
    let cuts = source.char_indices().map(|(at, _)| at).step_by(37);
    cuts.for_each(|at| {
        let (before, after) = source.split_at(at);
        check(before);
        check(after);
    });
}

#[test]
fn depth_does_not_matter() {
    const DEPTH: usize = 10_000;
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH));
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("f(", ")"),
        ("if a { ", " }"),
        ("match a { b => ", " }"),
        ("|x| ", ""),
        ("-", ""),
        ("", " + 1"),
        ("", ".m()"),
        ("", ".m"),
        ("", "[0]"),
        ("", "?"),
        ("", "(1)"),
        ("a::", ""),
        ("mod a { ", " }"),
        ("fn a() -> u32 { a(); ", " }"),
        ("impl A { fn a() { ", "} }"),
        ("(", ""),
        ("", "}"),
    ] {
        let nest = nested(open, close);
        check(&format!("fn before() -> u32 {{ {nest} }}\nfn after() {{ before() }}\n"));
        check(&format!("fn in_macro() -> u32 {{ vec![{nest}] }}\n"));
    }
}
