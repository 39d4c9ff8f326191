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
