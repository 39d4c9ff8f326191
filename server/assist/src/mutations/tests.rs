//! Mutations of small definitions, of the example projects, and the laws that hold for all.

use std::{fs, path::Path};

use aiex_syntax::{Language, Syntax};
use aiex_text::Text;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn parsed(language: Language, text: &str) -> Syntax {
    Syntax::parse(language, &Text::new(text), None, || true).unwrap()
}

fn mutated(text: &str, mutation: &Mutation) -> String {
    let mut text = text.to_owned();
    text.replace_range(mutation.range.clone(), &mutation.replacement);
    text
}

/// The laws; and what becomes of the text, a line for each.
fn all(language: Language, text: &str, within: &Range<usize>) -> Vec<Mutation> {
    let syntax = parsed(language, text);
    let found = mutations(&syntax, text, within);
    assert_eq!(found, mutations(&syntax, text, within));
    let mut last = 0;
    for one in &found {
        let new = mutated(text, one);
        assert_ne!(new, text, "{one:?}");
        assert!(within.start <= one.range.start && one.range.end <= within.end, "{one:?}");
        assert!(last <= one.range.start, "{one:?}");
        last = one.range.start;
        assert_eq!(text.get(..one.range.start).unwrap().matches('\n').count() + 1, one.line, "{one:?}");
        let problems = parsed(language, &new).problems().len();
        assert!(problems <= syntax.problems().len(), "{one:?}:\n{new}");
    }
    found
}

fn check(language: Language, text: &str, expect: Expect) {
    let found = all(language, text, &(0..text.len()));
    let lines: String = found.iter().map(|one| format!("{}: {}\n", one.line, one.what)).collect();
    expect.assert_eq(&lines);
}

#[test]
fn rust() {
    check(
        Language::Rust,
        r#"
#[derive(Clone)]
const LIMIT: [u8; 2] = [1, 2];
/// 1 < 2
fn a(b: u8, c: Option<[u8; 3]>) -> Option<u8> {
    // 1 < 2
    if b < 10 && !d() {
        return None;
    }
    if let Some(e) = c && b == 1 { f(e); }
    log::debug!("{}", b == 1);
    ensure!(b >= 2, "x");
    let mut g = "a" .to_owned() + "b";
    g += "c";
    let Some(h) = i(255) else { return None };
    match h.0 {
        0 if b > 1 => j(true),
        1 | 2 => Some(-b),
        true => k(),
        _ => None,
    }
}
#[test]
fn l() { assert!(1 < 2); m(1); }
#[cfg(test)]
mod tests { fn n() { o(1) } }
"#,
        expect![[r#"
            3: `1` becomes `2`
            3: `2` becomes `3`
            3: `2` becomes `1`
            7: the statement `if b < 10 && !d() { return None; }` is gone
            7: the condition `b < 10 && !d()` is negated
            7: `<` becomes `<=`
            7: `<` becomes `>=`
            7: `10` becomes `11`
            7: `10` becomes `9`
            7: `&&` becomes `||`
            7: the `!` before `d()` is gone
            8: the statement `return None;` is gone
            10: the statement `if let Some(e) = c && b == 1 { f(e); }` is gone
            10: `==` becomes `!=`
            10: `1` becomes `2`
            10: the statement `f(e);` is gone
            12: the statement `ensure!(b >= 2, "x");` is gone
            12: `>=` becomes `>`
            12: `>=` becomes `<`
            12: `2` becomes `3`
            12: `2` becomes `1`
            13: `"a"` becomes `""`
            13: `"b"` becomes `""`
            14: the statement `g += "c";` is gone
            14: `"c"` becomes `""`
            15: `255` becomes `254`
            17: `0` becomes `1`
            17: the arm `0 if b > 1 => j(true),` is gone
            17: the condition `b > 1` is negated
            17: `>` becomes `>=`
            17: `>` becomes `<=`
            17: `1` becomes `2`
            17: `true` becomes `false`
            18: `1` becomes `2`
            18: the arm `1 | 2 => Some(-b),` is gone
            18: `2` becomes `3`
            18: `2` becomes `1`
            18: `Some(-b)` becomes `None`
            18: the `-` before `b` is gone
        "#]],
    );
}

#[test]
fn elixir() {
    check(
        Language::Elixir,
        r#"
defmodule A do
  @limit 5
  @spec b(1..5) :: 2
  def b(c, d \\ 1)
  def b(0, {:ok, d}) when d > 1, do: {:ok, "a #{d + 1}"}
  def b(c, d) do
    send(self(), :b)
    {:ok, e} = f(c)
    if c == 1 and not d, do: g(), else: :ok
    Enum.map(d, &h/1) |> Enum.map(&(&1 + 1))
    x = <<c::8>>
    case c do
      {:error, _} -> "x"
      c when c in [1] -> :error
    end
    cond do
      c -> 1
      true -> ""
    end
    :ok
  end

  describe "x" do
    test "y" do
      assert 1 == 2
    end
  end
end
"#,
        expect![[r#"
            5: `1` becomes `2`
            6: clause 1 of b/2 is gone
            6: `0` becomes `1`
            6: the condition `d > 1` is negated
            6: `>` becomes `>=`
            6: `>` becomes `<=`
            6: `1` becomes `2`
            6: `:ok` becomes `:error`
            6: `"a #{d + 1}"` becomes `""`
            7: clause 2 of b/2 is gone
            8: the statement `send(self(), :b)` is gone
            10: the statement `if c == 1 and not d, do: g(), else: :ok` is gone
            10: the condition `c == 1 and not d` is negated
            10: `==` becomes `!=`
            10: `1` becomes `2`
            10: `and` becomes `or`
            10: the `not` before `d` is gone
            10: `:ok` becomes `:error`
            11: the statement `Enum.map(d, &h/1) |> Enum.map(&(&1 + 1))` is gone
            11: `+` becomes `-`
            11: `1` becomes `2`
            13: the statement `case c do {:error, _} -> "x" c when c in…` is gone
            14: the arm `{:error, _} -> "x"` is gone
            14: `"x"` becomes `""`
            15: the arm `c when c in [1] -> :error` is gone
            15: `in` becomes `not in`
            15: `1` becomes `2`
            15: `:error` becomes `:ok`
            17: the statement `cond do c -> 1 true -> "" end` is gone
            18: the condition `c` is negated
            18: the arm `c -> 1` is gone
            18: `1` becomes `2`
            19: `true` becomes `false`
            19: the arm `true -> ""` is gone
            19: `""` becomes `"x"`
            21: `:ok` becomes `:error`
        "#]],
    );
}

#[test]
fn the_example_projects_have_enough_of_them() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    for (project, language) in [("rust_ledger/src", Language::Rust), ("elixir_shop/lib", Language::Elixir)] {
        let (mut count, mut folders) = (0, vec![fixtures.join(project)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let found = all(language, &text, &(0..text.len()));
                count += found.len();
                if std::env::var_os("SHOW").is_some() {
                    found.iter().for_each(|one| println!("{}:{}: {}", path.display(), one.line, one.what));
                }
            }
        }
        println!("{project}: {count} mutations");
        assert!(count >= 100, "{project}: {count}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_is_too_odd(parts in prop::collection::vec(prop::sample::select(vec![
        "fn a() {", "}", "if b < 1 {", "match c {", "_ => true,", "1 => 2,", "\"x\"", "def a(1), do: 2\n", "def b do\n",
        "end\n", "case c do\n", "1 -> 2\n", "{:ok, 1}", "not d", "!e", "#[test]", "Some(1)", "; ", "\n", "(", ")", "é",
    ]), 0..20), start in 0_usize..80, length in 0_usize..200) {
        let text = parts.concat();
        for language in [Language::Rust, Language::Elixir] {
            all(language, &text, &(start..start + length));
        }
    }
}
