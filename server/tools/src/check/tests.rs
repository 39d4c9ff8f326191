//! Real cargo and real mix on copies of the fixtures.
#![cfg(unix)]

use expect_test::expect;

use super::*;
use crate::testing::{World, with};

pub(super) fn shown(found: &[Diagnostic]) -> String {
    let line = |found: &Diagnostic| {
        let Diagnostic { path, severity, line, end_line, column, code, message } = found;
        let column = column.map(|column| format!(":{column}")).unwrap_or_default();
        let code = code.as_deref().map(|code| format!("[{code}]")).unwrap_or_default();
        format!(
            "{path}:{line}-{end_line}{column}: {}{code}: {}\n",
            format!("{severity:?}").to_lowercase(),
            message.replace('\n', "\n    ")
        )
    };
    found.iter().map(line).collect()
}

/// Where errors are: what Elixir says of them differs between its versions.
pub(super) fn errors_at(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|found| found.severity == Severity::Error && !found.message.is_empty());
    let mut places: Vec<_> = errors.map(|found| format!("{}:{}\n", found.path, found.line)).collect();
    places.dedup();
    places.concat()
}

pub(super) fn outcomes(run: &TestRun) -> String {
    let line = |test: &TestResult| format!("{}: {:?}\n", test.name, test.outcome);
    shown(&run.errors) + &run.tests.iter().map(line).collect::<String>()
}

pub(super) fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_rust_fixture_is_checked_with_texts_in_place_of_its_own() {
    if with("cargo").is_none() {
        return;
    }
    let world = World::of("rust_ledger");
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
    let text = world.read("src/money.rs");
    let broken = text.replace("Self::new(sign * minor, currency)", "Self::new(\n            sign * minor, \"\")");
    assert_ne!(broken, text);
    shadow.write(&[file("src/money.rs", broken)]).unwrap();
    let found = shadow.check().await.unwrap();
    expect![[r#"
        src/money.rs:166-166:27: error[E0308]: mismatched types
            expected `Currency`, found `&str`
            arguments to this function are incorrect (line 165)
            note: associated function defined here (line 64)
    "#]]
    .assert_eq(&shown(&found));
    // The old text, in a file that is older than what was built.
    shadow.reset().unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
    drop(shadow);
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn errors_in_macros_are_where_the_user_calls_them() {
    if with("cargo").is_none() {
        return;
    }
    let world = World::new();
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    world.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n");
    world.write("crates/one/Cargo.toml", &package("one"));
    world.write(
        "crates/one/src/lib.rs",
        "#[macro_export]\nmacro_rules! plus {\n    ($a:expr) => {\n        $a + \"x\"\n    };\n}\n",
    );
    world.write("crates/two/Cargo.toml", &(package("two") + "[dependencies]\none = { path = \"../one\" }\n"));
    let code = "pub fn a() -> i32 {
    one::plus!(1)
}
pub fn b() {
    assert_eq!(
        1,
        \"ä\",
    );
    let ä = \"\"; unknown(ä);
}
include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));
#[cfg(test)]
mod tests {
    #[test]
    fn c() {
        missing!();
    }
}
";
    world.write("crates/two/src/lib.rs", code);
    let made = "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"fn d() -> u8 { 300 }\").unwrap(); }\n";
    world.write("crates/two/build.rs", made);
    let mut shadow = world.open().await.unwrap();
    let found = shadow.check().await.unwrap();
    let places: Vec<_> = found
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .map(|found| format!("{}:{}:{}", found.path, found.line, found.column.unwrap_or(0)))
        .collect();
    expect![[r#"
        crates/two/src/lib.rs:2:5
        crates/two/src/lib.rs:5:5
        crates/two/src/lib.rs:9:17
        crates/two/src/lib.rs:16:9"#]]
    .assert_eq(&places.join("\n"));
    let code = shadow.check_without_tests().await.unwrap();
    assert!(errors_at(&code).ends_with("crates/two/src/lib.rs:9\n"), "{}", errors_at(&code));
}

#[tokio::test]
async fn a_rust_test_passes_fails_or_does_not_compile() {
    if with("cargo").is_none() {
        return;
    }
    let world = World::of("rust_ledger");
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    let run = shadow.test("src/money.rs", &names(&["adds_only_the_same_currency", "tests::nothing"])).await.unwrap();
    expect![[r#"
        adds_only_the_same_currency: Passed
        tests::nothing: NotFound
    "#]]
    .assert_eq(&outcomes(&run));
    let text = world.read("tests/journal.rs") + "\n#[test]\nfn fails() {\n    assert_eq!(1 + 1, 3);\n}\n";
    shadow.write(&[file("tests/journal.rs", text.clone())]).unwrap();
    let run = shadow.test("tests/journal.rs", &names(&["fails", "reports_balances"])).await.unwrap();
    expect![[r#"
        fails: Failed("panicked at tests/journal.rs:55:5:\nassertion `left == right` failed\n  left: 2\n right: 3")
        reports_balances: Passed
    "#]]
    .assert_eq(&outcomes(&run));
    shadow.write(&[file("tests/journal.rs", text.replace("1 + 1", "one"))]).unwrap();
    let run = shadow.test("tests/journal.rs", &names(&["fails"])).await.unwrap();
    expect![[r#"
        tests/journal.rs:55-55:16: error[E0425]: cannot find value `one` in this scope
            similarly named unit variant `None` defined here
            help: a unit variant with a similar name exists (line 55)
    "#]]
    .assert_eq(&outcomes(&run));
    drop(shadow);
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn an_elixir_fixture_is_checked_with_texts_in_place_of_its_own() {
    if with("elixir").is_none() {
        return;
    }
    let world = World::shop();
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
    let text = world.read("lib/shop/cart.ex");
    shadow.write(&[file("lib/shop/cart.ex", text.replacen("do\n", "do\n  def broken(x), do: y\n", 1))]).unwrap();
    expect![[r#"
        lib/shop/cart.ex:2
    "#]]
    .assert_eq(&errors_at(&shadow.check().await.unwrap()));
    shadow.write(&[file("lib/shop/cart.ex", text.replacen("do\n", "do\n  def broken(x), do: 1\n", 1))]).unwrap();
    expect![""].assert_eq(&errors_at(&shadow.check().await.unwrap()));
    shadow.write(&[file("lib/shop/cart.ex", text.replacen("do\n", "\n", 1))]).unwrap();
    expect![[r#"
        lib/shop/cart.ex:116
    "#]]
    .assert_eq(&errors_at(&shadow.check().await.unwrap()));
    shadow.reset().unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
    shadow.write(&[file("mix.exs", "defmodule A do\n  use Mix.Project\n  def project, do: [app: :a\nend\n")]).unwrap();
    expect![[r#"
        mix.exs:4
    "#]]
    .assert_eq(&errors_at(&shadow.check().await.unwrap()));
    drop(shadow);
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn an_elixir_test_passes_fails_or_does_not_compile() {
    if with("elixir").is_none() {
        return;
    }
    let world = World::shop();
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    let run =
        shadow.test("test/shop/checkout_test.exs", &names(&["refuses an empty cart", "is not there"])).await.unwrap();
    expect![[r#"
        refuses an empty cart: Passed
        is not there: NotFound
    "#]]
    .assert_eq(&outcomes(&run));
    let text = |more: &str| {
        format!("defmodule Shop.NewTest do\n  use ExUnit.Case\n\n  describe \"total/1\" do\n{more}  end\nend\n")
    };
    let more = "    test \"is 3\" do\n      assert Shop.total(Shop.new_cart()) == 3\n    end\n
    @tag :skip\n    test \"later\" do\n    end\n
    test \"raises\" do\n      raise \"no\"\n    end\n";
    shadow.write(&[file("test/shop/new_test.exs", text(more))]).unwrap();
    let run = names(&["total/1 is 3", "test total/1 later", "total/1 raises"]);
    expect![[r#"
        total/1 is 3: Failed("Assertion with == failed\ncode:  assert Shop.total(Shop.new_cart()) == 3\nleft:  0\nright: 3\nstacktrace:\n  test/shop/new_test.exs:6: (test)")
        test total/1 later: Ignored
        total/1 raises: Failed("** (RuntimeError) no\ncode: raise \"no\"\nstacktrace:\n  test/shop/new_test.exs:14: (test)")
    "#]].assert_eq(&outcomes(&shadow.test("test/shop/new_test.exs", &run).await.unwrap()));
    // Of two with one title, the worse counts.
    let two = ["One", "Two"].map(|name| {
        let assert = if name == "One" { "assert false" } else { "assert true" };
        format!("defmodule Shop.{name}Test do\n  use ExUnit.Case\n  test \"same\" do\n    {assert}\n  end\nend\n")
    });
    shadow.write(&[file("test/shop/new_test.exs", two.concat())]).unwrap();
    let same = shadow.test("test/shop/new_test.exs", &names(&["same"])).await.unwrap();
    assert!(matches!(same.tests[0].outcome, TestOutcome::Failed(_)), "{same:?}");
    shadow
        .write(&[file("test/shop/new_test.exs", text("    test \"is 3\" do\n      assert one == 3\n    end\n"))])
        .unwrap();
    expect![[r#"
        test/shop/new_test.exs:6
    "#]]
    .assert_eq(&errors_at(&shadow.test("test/shop/new_test.exs", &run).await.unwrap().errors));
    shadow.write(&[file("test/shop/new_test.exs", text("    test \"is 3\" do\n"))]).unwrap();
    expect![[r#"
        test/shop/new_test.exs:8
    "#]]
    .assert_eq(&errors_at(&shadow.test("test/shop/new_test.exs", &run).await.unwrap().errors));
    drop(shadow);
    assert_eq!(world.state(), before);
}
