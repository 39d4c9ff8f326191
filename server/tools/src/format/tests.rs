//! Formatting by the real rustfmt and the real Elixir; hostile repositories; programs that fail.
#![cfg(unix)]

use std::{env, ffi::OsString, fs, os::unix::fs::symlink, path::Path};

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::{
    style::{Edition, ElixirStyle},
    testing::with,
};

fn rust(options: &str) -> Style {
    Style::Rust(RustStyle::read(Some(options), None, None))
}

fn elixir_style(options: &str) -> Style {
    Style::Elixir(ElixirStyle::read(options))
}

async fn check(text: &str, style: &Style, expect: Expect) {
    let program = match style.language() {
        Language::Rust => "rustfmt",
        Language::Elixir => "elixir",
    };
    let Some(programs) = with(program) else { return };
    let formatted = format(&programs, text, style).await;
    let accepted = accepts(&programs, text, style).await;
    match &formatted {
        Ok(formatted) => {
            assert_eq!(accepted, Ok(()));
            assert_eq!(format(&programs, formatted, style).await.as_ref(), Ok(formatted));
            expect.assert_eq(formatted);
        }
        Err(error) => {
            assert_eq!(accepted, formatted.clone().map(drop));
            expect.assert_eq(&error.to_string());
        }
    }
}

#[tokio::test]
async fn rust_is_formatted() {
    let text = "fn  main( ) { let s = Shop{ a:1, b : \"é\" }; }\nmod missing;\n#[path=\"/etc/passwd\"]\nmod other;\n";
    check(
        text,
        &rust(""),
        expect![[r#"
            fn main() {
                let s = Shop { a: 1, b: "é" };
            }
            mod missing;
            #[path = "/etc/passwd"]
            mod other;
        "#]],
    )
    .await;
    check(
        text,
        &rust("tab_spaces = 2\nstruct_lit_width = 0"),
        expect![[r#"
            fn main() {
              let s = Shop {
                a: 1,
                b: "é",
              };
            }
            mod missing;
            #[path = "/etc/passwd"]
            mod other;
        "#]],
    )
    .await;
}

#[tokio::test]
async fn line_ends_stay_and_nothing_stays_nothing() {
    let Some(programs) = with("rustfmt") else { return };
    for (text, expected) in [("fn a( ) {}\r\nfn b( ) {}\r\n", "fn a() {}\r\nfn b() {}\r\n"), ("", ""), ("\n\n", "")] {
        assert_eq!(format(&programs, text, &rust("")).await.as_deref(), Ok(expected));
    }
}

#[tokio::test]
async fn rust_that_does_not_parse_is_told_by_line() {
    check(
        "fn a() {}\nfn b() { let x = 1 }\n",
        &rust(""),
        expect![
            "Rust does not accept the text in line 2: expected one of `.`, `;`, `?`, `else`, or an operator, found `}`"
        ],
    )
    .await;
    check(
        "fn a() {",
        &rust(""),
        expect!["Rust does not accept the text in line 1: this file contains an unclosed delimiter"],
    )
    .await;
    check(
        "defmodule A do\nend\n",
        &rust(""),
        expect!["Rust does not accept the text in line 1: expected one of `!` or `::`, found `A`"],
    )
    .await;
}

#[tokio::test]
async fn the_edition_decides_what_parses() {
    let Some(programs) = with("rustfmt") else { return };
    let style = |edition| {
        let mut style = RustStyle::read(None, None, None);
        style.edition = edition;
        Style::Rust(style)
    };
    let text = "fn a() {\n    let async = 1;\n}\n";
    assert_eq!(format(&programs, text, &style(Edition::E2015)).await.as_deref(), Ok(text));
    assert!(matches!(
        format(&programs, text, &style(Edition::E2018)).await,
        Err(FormatError::Syntax { line: Some(2), .. })
    ));
}

#[tokio::test]
async fn rust_that_is_not_to_be_formatted_is_as_it_was() {
    check("fn  a( ) {}\n", &rust("disable_all_formatting = true"), expect!["fn a() {}\n"]).await;
}

#[tokio::test]
async fn elixir_is_formatted() {
    let text = "defmodule A do\n  def x( a,b ), do: \"é\"\n  field :a, :b\n  assert a == [1000000, 2000000]\nend\n";
    check(
        text,
        &elixir_style(""),
        expect![[r#"
            defmodule A do
              def x(a, b), do: "é"
              field(:a, :b)
              assert a == [1_000_000, 2_000_000]
            end
        "#]],
    )
    .await;
    check(
        text,
        &elixir_style("[line_length: 30, locals_without_parens: [field: :*, other: 3]]"),
        expect![[r#"
            defmodule A do
              def x(a, b), do: "é"
              field :a, :b

              assert a == [
                       1_000_000,
                       2_000_000
                     ]
            end
        "#]],
    )
    .await;
    check("", &elixir_style(""), expect![""]).await;
    check("# only\n", &elixir_style(""), expect!["# only\n"]).await;
    check(
        "if a, do: b",
        &elixir_style("[force_do_end_blocks: true]"),
        expect![[r#"
        if a do
          b
        end
    "#]],
    )
    .await;
}

#[tokio::test]
async fn elixir_that_does_not_parse_is_told_by_line() {
    for text in ["defmodule A do\n  def x, do: (\nend\n", "x = \"é\n", "fn a() {\n}\n"] {
        let Some(programs) = with("elixir") else { return };
        let error = format(&programs, text, &elixir_style("")).await.unwrap_err();
        // Their words differ from release to release.
        assert!(
            matches!(&error, FormatError::Syntax { language: Language::Elixir, line: Some(1..=3), message } if message.len() > 10),
            "{error:?}"
        );
        assert_eq!(accepts(&programs, text, &elixir_style("")).await, Err(error));
    }
}

#[tokio::test]
async fn a_text_that_looks_like_options_or_code_is_only_a_text() {
    let Some(programs) = with("elixir") else { return };
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("marker");
    let text = format!("File.write!({:?}, \"\")\n", marker.to_str().unwrap());
    let text = format!("{text}defmodule A do\n  @on_load :x\n  {text}end\n");
    assert!(format(&programs, &text, &elixir_style("")).await.is_ok());
    assert!(accepts(&programs, &text, &elixir_style("")).await.is_ok());
    assert!(!marker.exists());
}

/// A repository in which everything that could run something would leave a file called `marker`.
struct Hostile {
    folder: tempfile::TempDir,
}

impl Hostile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hostile = Self { folder };
        let (top, marker) = (hostile.folder.path(), hostile.marker());
        let toolchain = top.join("toolchain/bin");
        fs::create_dir_all(&toolchain).unwrap();
        fs::create_dir_all(top.join("bin")).unwrap();
        fs::create_dir_all(top.join(".cargo")).unwrap();
        let program = format!("#!/bin/sh\n: >'{}'\n", marker.display());
        for name in ["rustfmt", "elixir", "erl", "rustup", "cargo", "rustc", "sh", "readlink", "dirname"] {
            for folder in [&toolchain, &top.join("bin")] {
                let path = folder.join(name);
                fs::write(&path, &program).unwrap();
                fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            }
        }
        let write = |name: &str, text: String| fs::write(top.join(name), text).unwrap();
        let quoted = |path: &Path| format!("{:?}", path.to_str().unwrap());
        write("rust-toolchain.toml", format!("[toolchain]\npath = {}\n", quoted(&top.join("toolchain"))));
        write(".cargo/config.toml", format!("[build]\nrustc-wrapper = {}\n", quoted(&toolchain.join("rustc"))));
        write("rustfmt.toml", "max_width = 20\n".to_owned());
        let elixir = format!("File.write!({}, \"\")\n[line_length: 20]\n", quoted(&marker));
        for name in [".formatter.exs", ".iex.exs", "mix.exs"] {
            write(name, elixir.clone());
        }
        write(".erlang", format!("file:write_file({}, <<>>).\n", quoted(&marker)));
        hostile
    }

    fn marker(&self) -> std::path::PathBuf {
        self.folder.path().join("marker")
    }

    /// This process's environment, with what such a repository may bring into it.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let top = self.folder.path();
        let own: Vec<_> = env::vars_os().filter(|(name, _)| name != "PATH" && name != "RUSTUP_HOME").collect();
        let path = env::var_os("PATH").unwrap();
        let folders = [top.join("bin"), "bin".into(), "".into(), ".".into()].into_iter().chain(env::split_paths(&path));
        let evaluate = format!("-eval 'file:write_file(\"{}\", <<>>)'", self.marker().display());
        let more = [
            ("PATH", env::join_paths(folders).unwrap()),
            ("RUSTUP_TOOLCHAIN", top.join("toolchain").into()),
            // Where rustup is not in the home, its folder is the user's to say.
            ("RUSTUP_HOME", env::var_os("RUSTUP_HOME").unwrap_or_else(|| top.into())),
            ("ERL_FLAGS", evaluate.clone().into()),
            ("ERL_AFLAGS", evaluate.into()),
            ("ELIXIR_ERL_OPTIONS", "-pa x".into()),
            ("XDG_CONFIG_HOME", top.into()),
        ];
        own.into_iter().chain(more.map(|(name, value)| (name.into(), value))).collect()
    }
}

#[tokio::test]
async fn nothing_of_a_hostile_repository_runs() {
    let hostile = Hostile::new();
    let top = hostile.folder.path();
    // Were it no workspace, its programs would come first.
    assert_eq!(Programs::of(&[], hostile.environment()).find("rustfmt"), Some(top.join("bin/rustfmt")));
    let programs = Programs::of(&[top.to_owned()], hostile.environment());
    let styles = [("rustfmt", rust("")), ("elixir", elixir_style(""))];
    for (program, style) in styles {
        if with(program).is_none() {
            continue;
        }
        let text = match style.language() {
            Language::Rust => "fn a() {\n    f(\"long enough to be broken\")\n}\n",
            Language::Elixir => "f(\"long enough to be broken\", 1, 2)\n",
        };
        assert_eq!(format(&programs, text, &style).await.as_deref(), Ok(text));
        assert_eq!(accepts(&programs, text, &style).await, Ok(()));
    }
    assert!(!hostile.marker().exists());
}

/// Programs in which both formatters are another program of the system.
fn replaced(by: &str) -> (tempfile::TempDir, Programs) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rustfmt", "elixir"] {
        symlink(by, folder.path().join(name)).unwrap();
    }
    let path = folder.path().as_os_str().to_owned();
    (folder, Programs::of(&[], [(OsString::from("PATH"), path)]))
}

#[tokio::test]
async fn what_fails_is_said() {
    let said = async |programs: &Programs| {
        let rust = format(programs, "", &rust("")).await.unwrap_err();
        let elixir = format(programs, "", &elixir_style("")).await.unwrap_err();
        format!("{rust}\n{elixir}")
    };
    expect![[r#"
        `rustfmt` is not on PATH. Install it with `rustup component add rustfmt`, outside of the workspace.
        `elixir` is not on PATH. Install Elixir (https://elixir-lang.org/install.html), outside of the workspace."#]]
    .assert_eq(&said(&Programs::of(&[], [])).await);
    let (_folder, programs) = replaced("/bin/false");
    expect![[r#"
        `rustfmt` could not format the text: it said nothing.
        `elixir` could not format the text: it said nothing."#]]
    .assert_eq(&said(&programs).await);
    let hostile = Hostile::new();
    let path = hostile.folder.path().join("bin");
    let programs = Programs::of(&[hostile.folder.path().to_owned()], [(OsString::from("PATH"), path.into())]);
    expect![[r#"
        `rustfmt` is only found in TOP/bin, and programs of the workspace are not run. Install it with `rustup component add rustfmt`, outside of the workspace.
        `elixir` is only found in TOP/bin, and programs of the workspace are not run. Install Elixir (https://elixir-lang.org/install.html), outside of the workspace."#]]
    .assert_eq(&said(&programs).await.replace(hostile.folder.path().to_str().unwrap(), "TOP"));
    assert!(!hostile.marker().exists());
}

#[test]
fn what_rustfmt_says_of_itself_is_no_fault_of_the_text() {
    let error =
        |said: &str| rust_error(&Output { code: Some(1), printed: Vec::new(), complaint: said.into() }).to_string();
    expect!["`rustfmt` could not format the text: warning: rustfmt has failed to format. See previous 1 errors."].assert_eq(&error("error[internal]: left behind trailing whitespace\n --> <stdin>:1:1:1\n\nwarning: rustfmt has failed to format. See previous 1 errors.\n"));
    expect!["`rustfmt` could not format the text: error: toolchain 'x' is not installed."]
        .assert_eq(&error("error: toolchain 'x' is not installed"));
    expect!["Rust does not accept the text in line 7: bad [31m"]
        .assert_eq(&error("warning: x\nerror: bad \u{1b}[31m\n  --> <stdin>:7:2\n"));
}

proptest! {
    #[test]
    fn anything_said_makes_a_short_sentence(said in ".{0,400}") {
        let error = rust_error(&Output { code: Some(1), printed: Vec::new(), complaint: said.into_bytes() }).to_string();
        prop_assert!(error.chars().count() < 400 && !error.chars().any(char::is_control));
    }
}
