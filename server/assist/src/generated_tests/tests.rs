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
                todo!("show when it fails");
            }

            #[test]
            #[ignore = "to be written"]
            fn read_succeeds() {
                let _result = A::read(todo!("self"), todo!("text: &str"), todo!("limit: [u8; 2]"));
                todo!("show what comes of it");
            }

            #[test]
            #[ignore = "to be written"]
            fn read_passes_an_error_on() {
                let _result = A::read(todo!("self"), todo!("text: &str"), todo!("limit: [u8; 2]"));
                todo!("show what it passes on");
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
            todo!("show when there is nothing");
        }

        #[test]
        #[ignore = "to be written"]
        fn a_returns_some() {
            todo!("show what there is");
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
            todo!("show what it changes");
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
