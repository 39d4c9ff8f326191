//! Tests of where definitions go.

use aiex_context::Intent;
use aiex_text::{Edit, Text, apply};
use expect_test::{Expect, expect};

use super::*;
use crate::edits::Source;

/// What becomes of `source`, whose definition that holds `$0` is meant, with the code of a reply.
fn check(path: &str, intent: Intent, source: &str, code: &str, expect: Expect) {
    let cursor = source.find("$0").unwrap();
    let file = File::new(path, source.replacen("$0", "", 1).as_str().into());
    let target = file.symbol_at(cursor).map_or(0..file.text.len(), |index| file.symbols[index].range.clone());
    let sources = [Source { path: path.to_owned(), text: file.text.clone(), cut: None }];
    let mut task = Task::new(intent, path, &sources, target);
    task.cursor = cursor;
    let out = match place(code, &file, &task) {
        Err(refusal) => format!("{}\n", refusal.told(None)),
        Ok(placed) => {
            let edits = placed.into_iter().map(|placed| Edit { range: placed.range, text: placed.text });
            apply(&Text::new(&file.text), &edits.collect::<Vec<_>>()).unwrap().to_string()
        }
    };
    expect.assert_eq(&out);
}

fn refactor(path: &str, source: &str, code: &str, expect: Expect) {
    check(path, Intent::Refactor, source, code, expect);
}

#[test]
fn a_definition_takes_the_place_of_its_namesake() {
    refactor(
        "a.rs",
        "impl A {\n    /// d\n    fn a() {$0}\n}\nimpl B {\n    fn a() {}\n}\n",
        "fn a() { 1 }",
        expect![[r#"
            impl A {
                /// d
                fn a() { 1 }
            }
            impl B {
                fn a() {}
            }
        "#]],
    );
}

#[test]
fn what_is_new_goes_after_the_target() {
    refactor(
        "a.ex",
        "defmodule A do\n  def a,$0 do: 1\n\n  def z, do: 2\nend\n",
        "def a, do: b()\n\ndefp b, do: 1",
        expect![[r#"
            defmodule A do
              def a, do: b()

              defp b, do: 1

              def z, do: 2
            end
        "#]],
    );
}

#[test]
fn a_function_that_is_called_by_its_bare_name_leaves_the_impl() {
    refactor(
        "a.rs",
        "impl A {\n    fn a(&self) {$0}\n\n    fn z() {}\n}\n",
        "fn a(&self) { b() }\n\nfn b() {}",
        expect![[r#"
            impl A {
                fn a(&self) { b() }

                fn z() {}
            }

            fn b() {}
        "#]],
    );
    refactor(
        "a.rs",
        "impl A {\n    fn a(&self) {$0}\n}\n",
        "fn a(&self) { Self::b() }\n\nfn b() {}",
        expect![[r#"
            impl A {
                fn a(&self) { Self::b() }

                fn b() {}
            }
        "#]],
    );
}

#[test]
fn a_wrapper_brings_its_attributes_along_or_is_refused() {
    let source = "defmodule A do\n  @b 1\n\n  @doc \"d\"\n  def a,$0 do: @b\nend\n";
    refactor(
        "a.ex",
        source,
        "defmodule A do\n  @b 1\n  @c [\n    2\n  ]\n\n  def a, do: @c\nend",
        expect![[r#"
            defmodule A do
              @b 1

              @c [
                2
              ]

              @doc "d"
              def a, do: @c
            end
        "#]],
    );
    refactor(
        "a.ex",
        source,
        "defmodule A do\n  @b 2\n\n  def a, do: @b\n  # …\nend",
        expect![[r#"
            the reply changes `@b`, and refactor may change only the target, new definitions beside it, and the calls of what it renames
        "#]],
    );
    refactor(
        "a.ex",
        source,
        "defmodule A do\n  plug :c\n\n  def a, do: @b\n  # …\nend",
        expect![[r#"
            `plug :c` is no whole definition, so there is no telling where it goes
        "#]],
    );
}

#[test]
fn documentation_alone_goes_before_the_target() {
    check(
        "a.ex",
        Intent::Document,
        "defmodule A do\n  @impl true\n  def a,$0 do: 1\nend\n",
        "@doc \"d\"\n@spec a() :: 1",
        expect![[r#"
            defmodule A do
              @doc "d"
              @impl true
              @spec a() :: 1
              def a, do: 1
            end
        "#]],
    );
}

#[test]
fn statements_fill_an_empty_body_alone() {
    check(
        "a.rs",
        Intent::Generate,
        "fn a() -> u8 {\n    todo!()$0\n}\n",
        "let b = 1;\nb",
        expect![[r#"
            fn a() -> u8 {
                let b = 1;
                b
            }
        "#]],
    );
    check(
        "a.rs",
        Intent::Generate,
        "fn a() -> u8 {\n    1$0\n}\n",
        "let b = 1;\nb",
        expect![[r#"
        the code does not parse: the reply, line 2: `;` is missing
    "#]],
    );
}

#[test]
fn a_second_version_is_refused() {
    refactor(
        "a.ex",
        "def a,$0 do: 1\n",
        "def a, do: 2\n\ndef a, do: 3",
        expect![[r#"
        the reply has two versions of `a`
    "#]],
    );
    refactor(
        "a.rs",
        "fn a() {$0}\n",
        "fn a() { 1 }\nfn a() { 2 }",
        expect![[r#"
        the reply has two versions of `a`
    "#]],
    );
}

#[test]
fn modules_with_a_full_name_stay_outermost() {
    check(
        "a.ex",
        Intent::Generate,
        "defmodule A do\n  def a,$0 do: 1\nend\n",
        "defmodule A.B do\nend",
        expect![[r#"
            defmodule A do
              def a, do: 1
            end

            defmodule A.B do
            end
        "#]],
    );
}
