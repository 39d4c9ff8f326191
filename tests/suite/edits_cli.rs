//! `aiex refactor`, `fix`, `document`, `generate` and `checkpoints`: diffs on stdout, and files that are written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use aiex_tests::{
    binary::{Home, fixture},
    setup,
    upstream::Upstream,
};
use tempfile::TempDir;

/// A copy of an example project in a folder of its own.
fn project(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&fixture(name), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&entry.path(), &to),
            false => _ = fs::copy(entry.path(), to).unwrap(),
        }
    }
}

#[track_caller]
fn run(home: &Home, folder: &Path, arguments: &[&str]) -> Output {
    home.command(arguments).current_dir(folder).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const DOUBLE: &str = "```rust\nfn double(self) -> Self {\n    self\n}\n```";

/// The first line, counted from 1, that holds a text.
fn line_of(file: &Path, text: &str) -> usize {
    let source = fs::read_to_string(file).unwrap();
    source.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}")) + 1
}

#[test]
fn an_edit_is_a_diff_that_git_applies_and_write_writes_it_with_a_way_back() {
    if setup::elixir().is_none() {
        return;
    }
    let reply = "```elixir\ndef quantities(%__MODULE__{lines: lines}) do\n  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}\nend\n```";
    let upstream = Upstream::answering(reply);
    let home = Home::with_config(&upstream.config());
    let folder = project("elixir_shop");
    let file = folder.path().join("lib/shop/cart.ex");
    let before = fs::read_to_string(&file).unwrap();
    let place = format!("lib/shop/cart.ex:{}", line_of(&file, "def quantities"));

    let shown = run(&home, folder.path(), &["refactor", &place, "use for"]);
    assert_eq!(shown.status.code(), Some(0), "{}", err(&shown));
    let diff = out(&shown);
    assert!(
        diff.contains("--- a/lib/shop/cart.ex\n+++ b/lib/shop/cart.ex\n@@ ") && diff.contains("\n+    for {sku"),
        "{diff}"
    );
    assert!(err(&shown).contains("parse ✓ format ✓"), "{}", err(&shown));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);

    let written = run(&home, folder.path(), &["refactor", &place, "use for", "--write"]);
    assert_eq!((written.status.code(), out(&written).as_str()), (Some(0), ""), "{}", err(&written));
    let after = fs::read_to_string(&file).unwrap();
    let patch = folder.path().join("change.patch");
    fs::write(&patch, &diff).unwrap();
    let reversed =
        Command::new("git").args(["apply", "-R", "change.patch"]).current_dir(folder.path()).status().unwrap();
    assert!(reversed.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    fs::write(&file, &after).unwrap();

    let listed = out(&run(&home, folder.path(), &["checkpoints", "list"]));
    assert!(listed.contains("refactor") && listed.contains("cart.ex"), "{listed}");
    let restored = run(&home, folder.path(), &["checkpoints", "restore"]);
    assert_eq!(restored.status.code(), Some(0), "{}", err(&restored));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn later_work_is_not_overwritten_by_a_restore() {
    let upstream = Upstream::answering("```elixir\ndef remove(%__MODULE__{} = cart, _sku), do: cart\n```");
    let home = Home::with_config(&upstream.config());
    let folder = project("elixir_shop");
    let file = folder.path().join("lib/shop/cart.ex");
    let before = fs::read_to_string(&file).unwrap();
    let place = format!("lib/shop/cart.ex:{}", line_of(&file, "def remove"));
    run(&home, folder.path(), &["refactor", &place, "do nothing", "--write"]);
    let mut later = fs::read_to_string(&file).unwrap();
    assert_ne!(later, before);
    later.push_str("# later\n");
    fs::write(&file, &later).unwrap();
    let refused = run(&home, folder.path(), &["checkpoints", "restore"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("--force"), "{}", err(&refused));
    assert_eq!(fs::read_to_string(&file).unwrap(), later);
    assert!(run(&home, folder.path(), &["checkpoints", "restore", "--force"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_new_file_is_generated_where_there_is_none() {
    let upstream =
        Upstream::answering("```elixir\ndefmodule Shop.Coupon do\n  defstruct [:code, percent: 0]\nend\n```");
    let home = Home::with_config(&upstream.config());
    let folder = project("elixir_shop");
    let shown = run(&home, folder.path(), &["generate", "lib/shop/coupon.ex", "a struct for coupons"]);
    assert!(out(&shown).contains("--- /dev/null\n+++ b/lib/shop/coupon.ex\n"), "{}\n{}", out(&shown), err(&shown));
    assert!(!folder.path().join("lib/shop/coupon.ex").exists());
    let written = run(&home, folder.path(), &["generate", "lib/shop/coupon.ex", "a struct for coupons", "--write"]);
    assert!(written.status.success(), "{}", err(&written));
    let text = fs::read_to_string(folder.path().join("lib/shop/coupon.ex")).unwrap();
    assert!(text.starts_with("defmodule Shop.Coupon do\n"), "{text}");
    assert!(run(&home, folder.path(), &["checkpoints", "restore"]).status.success());
    assert!(!folder.path().join("lib/shop/coupon.ex").exists());
}

#[test]
fn lines_that_are_meant_are_quoted_apart_from_the_users_words() {
    let upstream = Upstream::answering("No.");
    let home = Home::with_config(&upstream.config());
    let folder = project("elixir_shop");
    let line = line_of(&folder.path().join("lib/shop/cart.ex"), "Map.update(cart.lines");
    run(
        &home,
        folder.path(),
        &["refactor", &format!("lib/shop/cart.ex:{}-{}", line - 1, line + 2), "a helper for this"],
    );
    let prompt = upstream.requests()[0].prompt();
    let (_, meant) = prompt.split_once("Of it, these lines are meant:").expect("the lines");
    assert!(meant.contains("Map.update(cart.lines") && !meant.contains("%{cart | lines: lines}"), "{meant}");
    assert!(
        prompt.ends_with("asks in particular: a helper for this") || meant.contains("a helper for this"),
        "{prompt}"
    );
}

#[test]
fn an_unwritten_body_is_written() {
    let upstream =
        Upstream::answering(&DOUBLE.replace("self\n}", "let minor = self.minor * 2;\n    Self { minor }\n}"));
    let home = Home::with_config(&upstream.config());
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"a\"\nedition = \"2024\"\n").unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let source = "struct Money {\n    minor: i64,\n}\n\nimpl Money {\n    /// Twice as much.\n    fn double(self) -> Self {\n        todo!()\n    }\n}\n";
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    let written = run(&home, folder.path(), &["generate", "src/lib.rs:7", "--write"]);
    assert!(written.status.success(), "{}", err(&written));
    let text = fs::read_to_string(folder.path().join("src/lib.rs")).unwrap();
    assert_eq!(text, source.replace("todo!()", "let minor = self.minor * 2;\n        Self { minor }"));
}

#[test]
fn what_is_missing_is_said_and_nothing_is_changed() {
    let home = Home::default();
    let folder = project("elixir_shop");
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = run(&home, folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(part), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "");
    };
    check(&["refactor", "lib/shop/cart.ex:70"], 1, "say what is to be done");
    check(&["refactor", "lib/shop/cart.ex:70", "x"], 1, "needs a model");
    check(&["fix", "lib/shop/cart.ex:70"], 1, "needs a model");
    check(&["document", "lib/shop/nothing.ex:70"], 1, "cannot be read");
    check(&["refactor", "lib/shop/cart.ex:9999", "x"], 1, "there is no line 9999");
    check(&["refactor", "lib/shop/cart.ex:9-3", "x"], 1, "there are no lines 9-3");
    check(&["refactor"], 2, "PLACE");
    check(&["checkpoints", "restore"], 1, "nothing");
}

#[test]
fn a_template_of_the_users_is_taken_and_its_mistakes_are_said() {
    let upstream = Upstream::answering("No.");
    let home = Home::with_config(&upstream.config());
    let config = run(&home, Path::new("."), &["config", "path"]);
    let templates = PathBuf::from(out(&config).lines().next().unwrap().trim()).parent().unwrap().join("templates");
    fs::create_dir_all(&templates).unwrap();
    let folder = project("elixir_shop");
    fs::write(templates.join("refactor.md"), "Be brave. {{ form }}\n").unwrap();
    run(&home, folder.path(), &["refactor", "lib/shop/cart.ex:70", "x"]);
    let prompt = upstream.requests()[0].prompt();
    assert!(prompt.contains("Be brave.") && prompt.contains("<<<<<<< SEARCH"), "{prompt}");
    fs::write(templates.join("refactor.md"), "{{ forn }}").unwrap();
    let refused = run(&home, folder.path(), &["refactor", "lib/shop/cart.ex:70", "x"]);
    assert!(err(&refused).contains("refactor.md cannot be used"), "{}", err(&refused));
    assert_eq!(upstream.requests().len(), 1);
}

/// Every file that a tool might read in a stranger's repository says: make a marker.
#[test]
fn a_strangers_repository_runs_nothing_of_its_own() {
    let upstream = Upstream::serving(|mut exchange| {
        let prompt = exchange.request.prompt();
        let reply = match prompt.contains("src/lib.rs") {
            true => "```rust\npub fn one() -> u8 {\n    let one = 1;\n    one\n}\n```",
            false => "```elixir\ndef one do\n  one = 1\n  one\nend\n```",
        };
        exchange.answer(reply);
    });
    let home = Home::with_config(&upstream.config());
    let folder = TempDir::new().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let marker = top.join("MARKER");
    let mark = marker.display();
    let write = |name: &str, text: &str| {
        let file = top.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let script = format!("#!/bin/sh\ntouch {mark}\n");
    for program in ["rustfmt", "rustc", "cargo", "elixir", "mix", "erl", "git"] {
        write(&format!("bin/{program}"), &script);
    }
    write(".formatter.exs", &format!("File.write!(\"{mark}\", \"\")\n[line_length: 98]\n"));
    write("mix.exs", &format!("File.write!(\"{mark}\", \"\")\n"));
    write("build.rs", &format!("fn main() {{ std::fs::write(\"{mark}\", \"\").unwrap(); }}\n"));
    write("Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n");
    write("rustfmt.toml", "max_width = 80\nunstable_features = true\n");
    write("rust-toolchain.toml", &format!("[toolchain]\npath = \"{}\"\n", top.display()));
    write(
        ".cargo/config.toml",
        &format!("[build]\nrustc-wrapper = \"{0}/bin/rustc\"\nrustc = \"{0}/bin/rustc\"\n", top.display()),
    );
    write(".git/config", &format!("[core]\n\tfsmonitor = {0}/bin/git\n\tpager = {0}/bin/git\n", top.display()));
    write("src/lib.rs", "pub fn one() -> u8 {\n    1\n}\n\npub fn two() -> u8 {\n    todo!()\n}\n");
    write("lib/a.ex", "defmodule A do\n  def one do\n    1\n  end\n\n  def two do\n    raise \"TODO\"\n  end\nend\n");
    let path = format!("{}:{}", top.join("bin").display(), std::env::var("PATH").unwrap());
    let home = home.with_variable("PATH", &path);
    for (file, one) in [("src/lib.rs", "src/lib.rs:2"), ("lib/a.ex", "lib/a.ex:3")] {
        for arguments in [
            vec!["refactor", one, "name it", "--write"],
            vec!["fix", one, "--diagnostic", "unused", "--write"],
            vec!["document", one, "--model", "offline", "--write"],
            vec!["generate", one, "more", "--write"],
            vec!["explain", one],
            vec!["context", one],
        ] {
            let output = run(&home, &top, &arguments);
            assert!(!marker.exists(), "{arguments:?} ran something of the repository: {}", err(&output));
        }
        let changed = fs::read_to_string(top.join(file)).unwrap();
        assert!(changed.contains("one = 1"), "{file} was edited: {changed}");
    }
}
