//! How long a review of a large file takes.

use std::time::Instant;

use aiex_syntax::Language;

use super::{super::*, parsed};

fn measure(path: &str, modules: impl Fn(usize) -> String) {
    let mut source = String::new();
    let mut number = 0;
    while source.lines().count() < 10_000 {
        source.push_str(&modules(number));
        number += 1;
    }
    let mut best = [f64::MAX; 2];
    let mut found = 0;
    for _ in 0..10 {
        let start = Instant::now();
        let (syntax, outline, text) = parsed(path, &source);
        best[0] = best[0].min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        found = structural_findings(path, &syntax, &outline, &text, &|_| false).len();
        best[1] = best[1].min(start.elapsed().as_secs_f64() * 1e3);
    }
    let lines = source.lines().count();
    println!(
        "{:?}, {lines} lines: parse and outline {:.1} ms, findings {:.1} ms ({found})",
        Language::from_file_name(path),
        best[0],
        best[1]
    );
    assert!(best[1] < 200.0 || cfg!(debug_assertions), "{} ms", best[1]);
}

#[test]
#[ignore = "a measurement, for release builds"]
fn ten_thousand_lines_take_less_than_200_ms() {
    let cart = crate::testing::CART;
    measure("lib/a.ex", |number| cart.replace("Shop.Cart", &format!("Shop.Cart{number}")));
    let ledger = crate::testing::LEDGER.replace("//!", "//");
    measure("src/a.rs", |number| format!("pub mod m{number} {{\n{ledger}\n}}\n"));
}

#[test]
#[ignore = "a measurement, for release builds"]
fn replies_are_read_quickly() {
    let source = crate::testing::CART.repeat(150);
    let (syntax, _, text) = parsed("lib/a.ex", &source);
    for reply in [
        "error: `e`: x\n".repeat(100),
        "12: error: `item` and `cart` and `limit` and `a` and `b`\n".repeat(100),
        format!("error: {}", "`item` ".repeat(100_000)),
        "(".repeat(100_000),
        "`a".repeat(100_000),
        "error: ".repeat(100_000),
        "error: `add(cart, item, _limit)`: add\n".repeat(1000),
    ] {
        let start = Instant::now();
        let read = ReviewReply::read(&reply, &text, Some(&syntax), &(0..source.len()));
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:.3} s, {:?}", read.map(|read| read.findings.len()).map_err(|sentence| sentence.len()));
        assert!(seconds < 1.0 || cfg!(debug_assertions), "{:?}", reply.get(..30));
    }
}
