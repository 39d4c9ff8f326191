//! Replies that become tests.

use expect_test::{Expect, expect};

use super::*;
use crate::testing::source;

fn skeletons(marked: &str, expect: Expect) {
    let source = source(marked);
    let found = test_skeletons(&source.syntax, &source.outline, &source.text, source.index);
    expect.assert_eq(found.as_deref().unwrap_or("none"));
    let Some(reply) = found else { return };
    let text = source.text.to_string();
    let (path, home) = match source.syntax.language() {
        Language::Rust => ("src/a.rs", "src/a.rs"),
        Language::Elixir => ("lib/a.ex", "test/a_test.exs"),
    };
    let target = source.outline.symbols[source.index].range.clone();
    let task = TestTask { path, text: &text, target, home, home_text: None, redactor: None, parsed: None };
    let tests = GeneratedTests::read(&task, &reply).unwrap();
    let all = vec![Keep::Marked("again".to_owned()); tests.names().len()];
    let (draft, lines) = tests.patch(&all).unwrap();
    let patch = draft.checked(|_| false).unwrap();
    assert_eq!(lines.len(), all.len());
    assert!(!patch.files[0].after.contains("again"), "{}", patch.files[0].after);
}

#[test]
fn skeletons_of_rust_have_a_test_for_each_outcome() {
    skeletons(
        "struct A<'a>(&'a str);\nimpl A<'_> {\n    fn $0read(&self, text: &str, limit: [u8; 2]) -> Result<u8, Error> {\n        if text.is_empty() {\n            return Err(Error::NothingThere);\n        }\n        let first = text.parse()?;\n        Ok(first)\n    }\n}\n",
        expect![[r#"
            ```rust
            #[test]
            #[ignore = "to be written"]
            fn read_fails_with_nothing_there() {
                let _result = A::read(todo!("self"), todo!("text: &str"), todo!("limit: [u8; 2]"));
                todo!("A::read: show when it fails");
            }

            #[test]
            #[ignore = "to be written"]
            fn read_succeeds() {
                let _result = A::read(todo!("self"), todo!("text: &str"), todo!("limit: [u8; 2]"));
                todo!("A::read: show what comes of it");
            }

            #[test]
            #[ignore = "to be written"]
            fn read_passes_an_error_on() {
                let _result = A::read(todo!("self"), todo!("text: &str"), todo!("limit: [u8; 2]"));
                todo!("A::read: show what it passes on");
            }
            ```
        "#]],
    );
    skeletons(
        "fn $0a<T: Copy>(b: T) -> Option<T> { if c() { None } else { Some(b) } }\n",
        expect![[r#"
            ```rust
            #[test]
            #[ignore = "to be written"]
            fn a_returns_none() {
                todo!("a: show when there is nothing");
            }

            #[test]
            #[ignore = "to be written"]
            fn a_returns_some() {
                todo!("a: show what there is");
            }
            ```
        "#]],
    );
    skeletons(
        "async fn $0a() {}\n",
        expect![[r#"
            ```rust
            #[test]
            #[ignore = "to be written"]
            fn a_does_its_work() {
                todo!("a: show what it changes");
            }
            ```
        "#]],
    );
    skeletons("struct $0A;\n", expect!["none"]);
}

#[test]
fn skeletons_of_elixir_have_a_test_for_each_clause() {
    skeletons(
        "defmodule A do\n  def $0add(a, b \\\\ 1)\n  def add(0, _), do: \"#{1}\"\n  def add(\"x\", %{b: b}) when b > 1, do: b\nend\n",
        expect![[r#"
            ```elixir
            describe "add/2" do
              @tag :skip
              test "with 0, _" do
                flunk("to be written")
              end

              @tag :skip
              test "with \"x\", %{b: b} when b > 1" do
                flunk("to be written")
              end
            end
            ```
        "#]],
    );
    skeletons(
        "defmodule A do\n  def $0new, do: 1\nend\n",
        expect![[r#"
        ```elixir
        describe "new/0" do
          @tag :skip
          test "without arguments" do
            flunk("to be written")
          end
        end
        ```
    "#]],
    );
    skeletons("defmodule A do\n  defp $0a(b), do: b\nend\n", expect!["none"]);
}

/// Additions only, each test in its lines, nothing where nothing is kept.
fn laws(task: &TestTask, reply: &str, keep: &[Keep]) {
    let Ok(tests) = GeneratedTests::read(task, reply) else { return };
    let names = tests.names();
    assert!(!names.is_empty());
    assert_eq!(tests.patch(&vec![Keep::No; names.len()]).unwrap_err(), Refusal::Unchanged);
    let keep: Vec<Keep> = keep.iter().cycle().take(names.len()).cloned().collect();
    let kept: Vec<&String> =
        names.iter().zip(&keep).filter(|(_, keep)| **keep != Keep::No).map(|(name, _)| name).collect();
    if kept.is_empty() {
        return;
    }
    let (draft, lines) = tests.patch(&keep).unwrap();
    assert_eq!(lines.len(), kept.len());
    let is_clean = tests.home.problems().is_empty();
    let patch = draft.checked(|_| !is_clean).unwrap();
    let file = &patch.files[0];
    let mut rest = file.after.chars();
    assert!(tests.home.text.chars().all(|old| rest.any(|new| new == old)), "{:?}", file.edits());
    let text = Text::new(&file.after);
    for (name, lines) in kept.iter().zip(&lines) {
        let own = text.slice(text.line_start(lines.start)..text.line_range(lines.end - 1).end).into_owned();
        let title = name.rsplit(' ').next().unwrap();
        assert!(own.contains(title), "{name} is not in {own:?}");
    }
    for (at, one) in lines.iter().enumerate() {
        assert!(one.start < one.end, "{lines:?}");
        assert!(lines.iter().skip(at + 1).all(|other| other.end <= one.start || one.end <= other.start), "{lines:?}");
    }
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn rust() -> impl Strategy<Value = String> {
        let parts = [
            "#[cfg(test)]\nmod tests {\n",
            "mod tests { ",
            "mod inner {\n",
            "}\n",
            "}",
            "    use super::*;\n",
            "use std::fmt;\n",
            "use a::{b, c::{self, d as e}};\n",
            "    #[test]\n    fn one() {\n        assert!(a());\n    }\n",
            "#[test] fn two() { same(1); }\n",
            "#[test]\nfn one() {\n    assert_eq!(ONE, \"x\n  y\");\n}\n",
            "fn same(a: u8) { assert_eq!(a, ONE); }\n",
            "const ONE: u8 = 1;\n",
            "struct A;\nimpl A { fn a() {} }\n",
            "proptest! { #[test] fn p(a in 0..1) { prop_assert!(a < 1); } }\n",
            "// ... existing tests ...\n",
            "/// Doc.\n",
            "\n",
            "\t",
            "é",
        ];
        let odd = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..12).prop_map(|parts| parts.concat());
        let whole = [3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 5, 8, 10].map(|at| parts[at]);
        let whole = prop::collection::vec(prop::sample::select(whole.to_vec()), 0..8);
        let whole = (whole, 0..5).prop_map(|(parts, wrap)| match wrap {
            0 => format!("#[cfg(test)]\nmod tests {{\n{}}}\n", parts.concat()),
            1 => format!("fn b() {{}}\n\nmod tests {{ {}}}", parts.concat()),
            2 => format!("#[cfg(test)]\nmod a {{ mod tests {{\n{}\n    }} }}\n", parts.concat()),
            3 => format!("//! A.\n#![allow(a)]\n\n{}", parts.concat()),
            _ => parts.concat(),
        });
        prop_oneof![1 => odd, 4 => whole]
    }

    fn elixir() -> impl Strategy<Value = String> {
        let parts = [
            "defmodule ATest do\n  use ExUnit.Case\n",
            "defmodule A do\n",
            "end\n",
            "  describe \"add/2\" do\n",
            "  describe \"other\" do ",
            "  alias B.{C, D}\n",
            "import E, only: [f: 1]\n",
            "  setup do\n    %{a: 1}\n  end\n",
            "    setup :b\n",
            "  test \"one\" do\n    assert @x == a()\n  end\n",
            "test \"two\", %{a: a} do\n  same(a)\nend\n",
            "test \"one\" do assert \"x\n  y\" == 1 end\n",
            "defp same(a), do: assert a\ndefp same(b, c), do: b\n",
            "  @x 1\n",
            "  @tag :slow\n",
            "  @moduletag :m\n",
            "# ... rest of the tests ...\n",
            "defmodule B.Fake do\nend\n",
            "\n",
            "é",
        ];
        let odd = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..12).prop_map(|parts| parts.concat());
        let whole = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 9, 10, 11].map(|at| parts[at]);
        let whole = prop::collection::vec(prop::sample::select(whole.to_vec()), 0..8);
        let whole = (whole, 0..6).prop_map(|(parts, wrap)| match wrap {
            0 => format!("defmodule ATest do\n  use ExUnit.Case\n{}end\n", parts.concat()),
            1 => format!("defmodule ATest do use ExUnit.Case; {} end", parts.concat()),
            2 => format!(
                "# A.\ndefmodule X do\n  @moduledoc \"x\"\n  describe \"add/2\" do\n{}  end\nend\n",
                parts.concat()
            ),
            3 => format!(
                "defmodule X do\n  describe \"y\" do\n{}  end\n  test \"two\" do\n    assert 1\n  end\nend\n",
                parts.concat()
            ),
            _ => parts.concat(),
        });
        prop_oneof![1 => odd, 4 => whole]
    }

    fn keeps() -> impl Strategy<Value = Vec<Keep>> {
        let marked = Just(Keep::Marked("left: \"1\"\nright: #{2} \\".to_owned()));
        prop::collection::vec(prop_oneof![Just(Keep::No), Just(Keep::Yes), marked], 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn rust_homes_only_grow(code in rust(), home in rust(), own in any::<bool>(), crlf in any::<bool>(), keep in keeps()) {
            let home = if crlf { home.replace('\n', "\r\n") } else { home };
            let reply = format!("```rust\n{code}\n```\n");
            let (path, text) = if own { ("src/a.rs", home.as_str()) } else { ("src/b.rs", "fn a() {}\n") };
            let home_text = Some(home.as_str().into());
            let task = TestTask { path, text, target: 0..0, home: "src/a.rs", home_text, redactor: None, parsed: None };
            laws(&task, &reply, &keep);
        }

        #[test]
        fn elixir_homes_only_grow(code in elixir(), home in elixir(), is_new in any::<bool>(), crlf in any::<bool>(), keep in keeps()) {
            let home = if crlf { home.replace('\n', "\r\n") } else { home };
            let reply = format!("```elixir\n{code}\n```\n");
            let text = "defmodule A do\n  def add(a, b), do: a + b\nend\n";
            let home_text = (!is_new).then(|| home.as_str().into());
            let home = "test/a_test.exs";
            let task = TestTask { path: "lib/a.ex", text, target: 17..41, home, home_text, redactor: None, parsed: None };
            laws(&task, &reply, &keep);
        }

        #[test]
        fn any_reply_is_read(reply in "\\PC{0,80}", home in "\\PC{0,80}") {
            for (path, home_path) in [("src/a.rs", "src/a.rs"), ("lib/a.ex", "test/a_test.exs")] {
                let home_text = Some(home.as_str().into());
                let task = TestTask {
                    path, text: &home, target: 0..home.len(), home: home_path, home_text, redactor: None, parsed: None,
                };
                let _ = GeneratedTests::read(&task, &reply);
                let _ = test_homes(path, &home);
            }
        }
    }
}
