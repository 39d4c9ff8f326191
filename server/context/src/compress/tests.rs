//! Tests of [`compress`]: what each strategy leaves, and that what is left still parses.

use expect_test::{Expect, expect};
use proptest::prelude::{ProptestConfig, prop, prop_assert, proptest};

use super::{Strategy, *};

fn check(language: Language, strategies: &[Strategy], source: &str, expect: Expect) {
    let cursor = source.find("$0").unwrap_or(0);
    let source = source.replace("$0", "");
    let whole = source.len();
    let compressed = compress(&source, Some(language), cursor, strategies, &|text| text.len() < whole.min(120));
    expect.assert_eq(&format!("{}-- {}\n", compressed.text, compressed.dropped.join("; ")));
}

#[test]
fn comments_and_blank_lines_are_folded() {
    check(
        Language::Rust,
        &[Strategy::Fold],
        "/// Documentation stays.\nfn f() {\n    // Noise.\n    // More.\n\n\n    let text = \"\n    // a string\";\n    g(text)\n}\n// The last of all the comments in this file.\n",
        expect![[r#"
            /// Documentation stays.
            fn f() {

                let text = "
                // a string";
                g(text)
            }
            -- 3 lines of comments
        "#]],
    );
}

#[test]
fn long_runs_are_sampled() {
    let variants: String = (0..30).map(|n| format!("    Variant{n},\n")).collect();
    check(
        Language::Rust,
        &[Strategy::Sample],
        &format!("enum Kind {{\n{variants}}}\n"),
        expect![[r#"
        enum Kind {
            Variant0,
            Variant1,
            Variant2,
            Variant3,
            // … 6 lines left out
            Variant10,
            // … 6 lines left out
            Variant17,
            // … 6 lines left out
            Variant24,
            // … 4 lines left out
            Variant29,
        }
        -- 22 of many similar entries
    "#]],
    );
    let clauses: String = (0..20).map(|n| format!("  def name({n}), do: \"{n}\"\n")).collect();
    check(
        Language::Elixir,
        &[Strategy::Sample],
        &format!("defmodule Names do\n{clauses}end\n"),
        expect![[r#"
        defmodule Names do
          def name(0), do: "0"
          def name(1), do: "1"
          def name(2), do: "2"
          def name(3), do: "3"
          # … 3 lines left out
          def name(7), do: "7"
          # … 3 lines left out
          def name(11), do: "11"
          # … 3 lines left out
          def name(15), do: "15"
          # … 3 lines left out
          def name(19), do: "19"
        end
        -- 12 of many similar entries
    "#]],
    );
    let entries: String = (0..16).map(|n| format!("  {{{n}, :entry}},\n")).collect();
    check(
        Language::Elixir,
        &[Strategy::Sample],
        &format!("fixture = [\n{entries}]\n"),
        expect![[r#"
        fixture = [
          {0, :entry},
          {1, :entry},
          {2, :entry},
          {3, :entry},
          # … 2 lines left out
          {6, :entry},
          # … 2 lines left out
          {9, :entry},
          # … 2 lines left out
          {12, :entry},
          # … 2 lines left out
          {15, :entry},
        ]
        -- 8 of many similar entries
    "#]],
    );
}

#[test]
fn bodies_go_but_for_that_with_the_cursor() {
    let function = |name: &str, cursor: &str| {
        format!("    fn {name}(&self) -> u32 {{\n        let one = 1;{cursor}\n        one + 1\n    }}\n")
    };
    let source =
        format!("impl Counter {{\n{}{}{}}}\n", function("first", ""), function("second", "$0"), function("third", ""));
    check(
        Language::Rust,
        &[Strategy::Semantic],
        &source,
        expect![[r#"
        impl Counter {
            fn first(&self) -> u32 {
                // … 2 lines left out
            }
            fn second(&self) -> u32 {
                let one = 1;
                one + 1
            }
            fn third(&self) -> u32 {
                // … 2 lines left out
            }
        }
        -- the bodies of 2 functions
    "#]],
    );
    let function = |name: &str| format!("  def {name}(x) do\n    y = x + 1\n    y * 2\n  end\n");
    check(
        Language::Elixir,
        &[Strategy::Semantic],
        &format!("defmodule A do\n{}{}end\n", function("one"), function("two")),
        expect![[r#"
        defmodule A do
          def one(x) do
            # … 2 lines left out
          end
          def two(x) do
            # … 2 lines left out
          end
        end
        -- the bodies of 2 functions
    "#]],
    );
}

#[test]
fn the_rest_is_truncated_around_the_cursor() {
    let lines: String = (0..40).map(|n| format!("let line{n} = {n};{}\n", if n == 20 { "$0" } else { "" })).collect();
    check(
        Language::Rust,
        &[Strategy::Truncate],
        &lines,
        expect![[r#"
            let line0 = 0;
            // … 18 lines left out
            let line19 = 19;
            let line20 = 20;
            let line21 = 21;
            // … 18 lines left out
            -- 36 lines far from the cursor
        "#]],
    );
}

#[test]
fn strategies_are_taken_only_as_far_as_needed() {
    let source = "// one\nfn f() {\n    1;\n    2;\n}\n";
    let fold = compress(source, Some(Language::Rust), 0, &Strategy::ALL, &|text| text.len() < 30);
    assert_eq!((fold.text.as_str(), fold.dropped.len()), ("fn f() {\n    1;\n    2;\n}\n", 1));
    let none = compress(source, Some(Language::Rust), 0, &Strategy::ALL, &|_| true);
    assert_eq!((none.text.as_str(), none.dropped.len()), (source, 0));
}

fn fixture(language: Language) -> &'static str {
    match language {
        Language::Rust => include_str!("../../../../fixtures/rust_ledger/src/journal.rs"),
        Language::Elixir => include_str!("../../../../fixtures/elixir_shop/lib/shop/cart.ex"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_left_parses(is_rust: bool, cursor in 0.0..1.0_f64, share in 0.1..1.0_f64, which in prop::sample::subsequence(&Strategy::ALL[..3], 1..=3)) {
        let language = if is_rust { Language::Rust } else { Language::Elixir };
        let source = fixture(language);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let part = |share: f64| (source.len() as f64 * share) as usize;
        let compressed = compress(source, Some(language), part(cursor), &which, &|text| text.len() <= part(share));
        let text = Text::new(&compressed.text);
        let syntax = Syntax::parse(language, &text, None, || true).unwrap();
        prop_assert!(!syntax.has_errors(), "{}", compressed.text);
        prop_assert!(compressed.text.len() <= source.len());
    }

    #[test]
    fn any_text_can_be_shortened(source in r##"(?s)([a-z"'{}()\[\],\n /#%@é]|fn f\(\) \{\n|def f do\n|end\n|enum A \{\n){0,80}"##, cursor in 0..200_usize, most in 0..100_usize, is_rust: bool) {
        let language = if is_rust { Language::Rust } else { Language::Elixir };
        let compressed = compress(&source, Some(language), cursor, &Strategy::ALL, &|text| text.len() <= most);
        prop_assert!(compressed.dropped.len() <= Strategy::ALL.len());
        // Whatever is left out is marked, and nothing is made up.
        for line in compressed.text.lines().filter(|line| !line.contains('…')) {
            prop_assert!(source.contains(line));
        }
    }
}
