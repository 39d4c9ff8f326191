//! [`Places`]: paths as compilers print them, as those of the project.

use std::{
    iter::once,
    path::{Path, PathBuf},
};

use super::{Diagnostic, LINES, Severity};
use crate::{build::clean, project::normal};

/// Where a copy lies, for reading what is said of its files.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The copy's top.
    tree: PathBuf,
    /// The folder in which the program ran.
    folder: PathBuf,
}

type Place = (String, usize, Option<usize>);

impl Places {
    pub(crate) fn new(tree: &Path, folder: &str) -> Self {
        let inside = if folder.is_empty() { tree.to_owned() } else { tree.join(folder) };
        Self { tree: tree.to_owned(), folder: inside }
    }

    /// The path of a file in the copy, relative to its top; `None` of any other.
    pub(crate) fn path(&self, printed: &str) -> Option<String> {
        let path = normal(&self.folder.join(printed));
        let inside = path.strip_prefix(&self.tree).ok()?;
        let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
        path.is_file().then_some(parts?.join("/"))
    }

    /// Lines that a program says, clean.
    pub(crate) fn clean<'a>(&self, lines: impl Iterator<Item = &'a str>, most: usize) -> String {
        clean(lines, &self.tree, most)
    }

    fn error(&self, (path, line, column): Place, message: String) -> Diagnostic {
        let line = line.max(1);
        Diagnostic { path, severity: Severity::Error, line, end_line: line, column, code: None, message }
    }

    /// What cargo says of a manifest: `error: …`, then ` --> Cargo.toml:7:8`.
    pub(crate) fn of_cargo(&self, said: &[&str]) -> Option<Diagnostic> {
        let start = said.iter().position(|line| line.starts_with("error"))?;
        let lines = said.get(start..)?;
        let place = lines.iter().find_map(|line| self.place(line.trim_start().strip_prefix("--> ")?))?;
        let first = lines.first()?;
        let first = first.strip_prefix("error: ").unwrap_or(first);
        Some(self.error(place, self.clean(once(first), 1)))
    }

    /// What Elixir says of files that it runs, as tests are and `mix.exs`: `** (CompileError) test/a_test.exs:3: …`, and
    /// since 1.15 `error: …` with `└─ test/a_test.exs:3:5: A.b/0` some lines below.
    pub(crate) fn of_elixir(&self, said: &[&str]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut message: Option<&str> = None;
        for (at, line) in said.iter().enumerate() {
            let text = line.trim_start();
            if let Some(rest) = text.strip_prefix("error: ") {
                message = Some(rest);
            } else if text.starts_with("warning: ") {
                message = None;
            } else if let Some((_, rest)) = text.strip_prefix("** (").and_then(|rest| rest.split_once(") ")) {
                message = None;
                let behind = said.get(at.saturating_add(1)..).unwrap_or_default();
                let more = behind.iter().copied().take_while(|line| is_more(line));
                let place = rest.split_once(": ").and_then(|(place, first)| Some((self.place(place)?, first)));
                if let Some((place, first)) = place {
                    // Since 1.15 it sums up what was said above.
                    if found.is_empty() || !first.contains("cannot compile module") {
                        found.push(self.error(place, self.clean(once(first).chain(more), LINES)));
                    }
                } else if let Some(place) = behind.iter().find_map(|line| self.trace(line)) {
                    // Raised while the file was read.
                    found.push(self.error(place, self.clean(once(text).chain(more), LINES)));
                }
            } else if let Some(said) = message
                && let Some(place) = self.place(text.trim_start_matches("└─ "))
            {
                found.push(self.error(place, self.clean(once(said), 1)));
                message = None;
            }
        }
        found
    }

    /// `path:line:column…` or `path:line…`, of a file in the copy.
    fn place(&self, text: &str) -> Option<Place> {
        let mut parts = text.split(':');
        let path = self.path(parts.next()?.trim())?;
        let line = parts.next()?.trim().parse().ok()?;
        Some((path, line, parts.next().and_then(|column| column.trim().parse().ok())))
    }

    /// A line of a trace: `    test/a_test.exs:3: A.b/0`, `    (shop 0.1.0) lib/a.ex:3: A.b/0`.
    fn trace(&self, line: &str) -> Option<Place> {
        let text = line.strip_prefix("    ")?;
        let text = if text.starts_with('(') { text.split_once(") ")?.1 } else { text };
        self.place(text)
    }
}

/// Whether a line belongs to the message above it: neither a trace nor the next thing.
fn is_more(line: &str) -> bool {
    let text = line.trim_start();
    let is_trace = text.starts_with('(') || text.contains(".ex:") || text.contains(".exs:");
    !text.is_empty() && !text.starts_with("** (") && !is_trace
}

#[cfg(test)]
mod tests {
    use std::fs;

    use expect_test::{Expect, expect};

    use super::*;

    /// What is read of a program's words; `TREE` stands for the copy, which has `lib/a.ex`, `test/a_test.exs` and a manifest.
    fn check(read: fn(&Places, &[&str]) -> Vec<Diagnostic>, said: &str, expect: Expect) {
        let top = tempfile::tempdir().unwrap();
        for path in ["lib/a.ex", "test/a_test.exs", "Cargo.toml"] {
            fs::create_dir_all(top.path().join(path).parent().unwrap()).unwrap();
            fs::write(top.path().join(path), "").unwrap();
        }
        let said = said.replace("TREE", top.path().to_str().unwrap());
        let found = read(&Places::new(top.path(), ""), &said.lines().collect::<Vec<_>>());
        let shown: Vec<_> = found
            .iter()
            .map(|found| format!("{}:{}:{} {}", found.path, found.line, found.column.unwrap_or(0), found.message))
            .collect();
        expect.assert_eq(&shown.join("\n"));
    }

    const ELIXIR: fn(&Places, &[&str]) -> Vec<Diagnostic> = Places::of_elixir;

    #[test]
    fn elixir_up_to_1_14_says_it_in_a_line() {
        check(
            ELIXIR,
            "warning: variable \"one\" does not exist
  test/a_test.exs:5: ATest.\"test a\"/1

== Compilation error in file test/a_test.exs ==
** (CompileError) test/a_test.exs:5: undefined function one/0 (expected
 more)
    (elixir 1.14.0) lib/kernel/parallel_compiler.ex:346: anonymous fn/5
** (TokenMissingError) TREE/lib/a.ex:8:1: missing terminator: end
** (RuntimeError) boom
    lib/a.ex:3: A.b/0
** (Mix) no project
** (CompileError) /elsewhere/b.ex:1: not of the project",
            expect![[r#"
                test/a_test.exs:5:0 undefined function one/0 (expected
                 more)
                lib/a.ex:8:1 missing terminator: end
                lib/a.ex:3:0 ** (RuntimeError) boom"#]],
        );
    }

    #[test]
    fn elixir_since_1_15_shows_the_code() {
        check(
            ELIXIR,
            "     warning: variable \"b\" is unused
     │
   2 │   def a(b), do: 1
     │         ~
     │
     └─ lib/a.ex:2:9: A.a/1

    error: undefined variable \"one\"
    │
  5 │       assert one == 3
    │              ^^^
    │
    └─ test/a_test.exs:5:14: ATest.\"test a\"/1

== Compilation error in file test/a_test.exs ==
** (CompileError) test/a_test.exs: cannot compile module ATest (errors have been logged)
    (elixir 1.18.0) lib/kernel/parallel_compiler.ex:428: anonymous fn/5
** (TokenMissingError) token missing on lib/a.ex:8:4:
     error: missing terminator: end
     │
   1 │ defmodule A do
     │            └ unclosed delimiter
     │
     └─ lib/a.ex:8:4",
            expect![[r#"
                test/a_test.exs:5:14 undefined variable "one"
                lib/a.ex:8:4 missing terminator: end"#]],
        );
    }

    proptest::proptest! {
        #[test]
        fn anything_said_is_read(said in "(\\*\\* \\(A\\) |error: |└─ |    |lib/a.ex:|1|: |\\PC|\n){0,40}") {
            let places = Places::new("/nowhere".as_ref(), "");
            let lines: Vec<_> = said.lines().collect();
            proptest::prop_assert!(places.of_elixir(&lines).is_empty() && places.of_cargo(&lines).is_none());
            let clean = places.clean(lines.into_iter(), 5);
            proptest::prop_assert!(clean.lines().count() <= 5 && !clean.contains('\x1b'));
        }
    }

    #[test]
    fn cargo_says_where_a_manifest_is_wrong() {
        let read: fn(&Places, &[&str]) -> Vec<Diagnostic> = |places, said| places.of_cargo(said).into_iter().collect();
        let said = "warning: x\n --> Cargo.toml:1:1\nerror: invalid string\n --> Cargo.toml:2:14\n  |\n";
        check(read, said, expect!["Cargo.toml:2:14 invalid string"]);
        check(read, "error: invalid string\n --> ../Cargo.toml:2:14\n", expect![""]);
        check(read, "error: no matching package", expect![""]);
    }
}
