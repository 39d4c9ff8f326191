//! Programs that are not to run, that never end, and what they see.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use expect_test::expect;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::*;

const LIMITS: Limits = Limits { time: Duration::from_secs(60), bytes: 1000 };

fn programs(workspace: &Path, variables: &[(&str, &str)]) -> Programs {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Programs::of(&[workspace.to_owned()], variables)
}

/// What `sh` leaves behind, with the shell and its tools on PATH.
async fn sh(script: &str, input: &str, limits: Limits) -> Result<Output, ProgramError> {
    let programs = programs(Path::new("/nowhere"), &[("PATH", "/usr/bin:/bin")]);
    let arguments = ["-c", script];
    let task = Task { program: "sh", arguments: &arguments, variables: &[], files: &[], input, limits };
    programs.run(&task).await
}

fn text(output: &Output) -> (&str, &str) {
    (std::str::from_utf8(&output.printed).unwrap(), std::str::from_utf8(&output.complaint).unwrap())
}

#[tokio::test]
async fn a_program_reads_prints_and_ends() {
    let output = sh("cat; echo no >&2; exit 3", "ä\n", LIMITS).await.unwrap();
    assert_eq!((output.code, text(&output)), (Some(3), ("ä\n", "no\n")));
    // More than a pipe holds.
    let long = "x".repeat(1_000_000);
    let output = sh("cat", &long, Limits { bytes: 1_000_000, ..LIMITS }).await.unwrap();
    assert!(text(&output).0 == long);
}

#[tokio::test]
async fn a_program_that_ignores_its_input_is_judged_by_how_it_ends() {
    let output = sh("exec <&-; echo done", &"x".repeat(1_000_000), LIMITS).await.unwrap();
    assert_eq!((output.code, text(&output).0), (Some(0), "done\n"));
}

#[tokio::test]
async fn a_program_that_never_ends_is_stopped() {
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    let error = sh("while :; do :; done", "", limits).await.unwrap_err();
    expect!["`sh` did not end within 50 ms and was stopped."].assert_eq(&error.to_string());
}

#[tokio::test]
async fn a_program_that_prints_for_ever_is_stopped() {
    for pipe in ["", ">&2"] {
        let error = sh(&format!("yes {pipe}"), "", LIMITS).await.unwrap_err();
        expect!["`sh` printed more than 1000 bytes and was stopped."].assert_eq(&error.to_string());
    }
}

/// A fifo, of which the reading end sees the end of file once every process that writes to it is gone.
async fn fifo(folder: &TempDir) -> (PathBuf, BufReader<tokio::net::unix::pipe::Receiver>) {
    let path = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let reader = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&path).unwrap();
    (path, BufReader::new(reader))
}

#[tokio::test]
async fn what_a_program_started_ends_with_it() {
    // Each leaves a grandchild that holds the fifo open: where it is stopped, and where it ends by itself.
    for (rest, ends) in [("exec yes", false), ("exit 0", true)] {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut reader) = fifo(&folder).await;
        let script = format!("exec 3>'{}'; echo up >&3; sleep 1000 & {rest}", path.display());
        assert_eq!(sh(&script, "", LIMITS).await.is_ok(), ends);
        let mut said = String::new();
        // Ends only when no writer is left.
        timeout(Duration::from_secs(30), reader.read_to_string(&mut said)).await.unwrap().unwrap();
        assert_eq!(said, "up\n");
    }
}

#[tokio::test]
async fn a_program_ends_with_the_future_that_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut reader) = fifo(&folder).await;
    let script = format!("{{ echo up; exec sleep 1000; }} >'{}' & wait", path.display());
    let mut line = String::new();
    tokio::select! {
        ended = sh(&script, "", LIMITS) => panic!("{ended:?}"),
        read = reader.read_line(&mut line) => assert_eq!((read.unwrap(), &*line), (3, "up\n")),
    }
    assert_eq!(reader.read_line(&mut line).await.unwrap(), 0);
}

#[tokio::test]
async fn a_program_sees_an_empty_folder_and_few_variables() {
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/home/person"),
        ("CARGO_HOME", "below"),
        ("RUSTUP_TOOLCHAIN", "x"),
        ("RUSTFLAGS", "x"),
        ("ERL_FLAGS", "x"),
        ("ELIXIR_ERL_OPTIONS", "x"),
        ("LD_PRELOAD", "/x.so"),
        ("OPENAI_API_KEY", "sk-1"),
    ];
    let programs = programs(Path::new("/work/shop"), &variables);
    let arguments = ["-c", "env; ls -la; pwd; stat -c %a ."];
    let files = [("a.toml", "x = 1\n")];
    let task = Task {
        program: "sh",
        arguments: &arguments,
        variables: &[("B", "2")],
        files: &files,
        input: "",
        limits: LIMITS,
    };
    let output = programs.run(&task).await.unwrap();
    let said = text(&output).0;
    let folder = said.lines().rev().nth(1).unwrap();
    let mut names: Vec<_> =
        said.lines().filter(|line| line.contains('=')).map(|line| line.replace(folder, "FOLDER")).collect();
    names.retain(|line| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own)));
    names.sort();
    expect![[r#"
        B=2
        HOME=/home/person
        LANG=C.UTF-8
        LC_ALL=C.UTF-8
        PATH=/usr/bin:/bin
        TEMP=FOLDER
        TMP=FOLDER
        TMPDIR=FOLDER"#]]
    .assert_eq(&names.join("\n"));
    assert!(said.ends_with("\n700\n") && said.contains(" a.toml\n"), "{said}");
    // `.`, `..`, the file and the total.
    assert_eq!(said.lines().filter(|line| line.starts_with(['d', '-', 't', 'l'])).count(), 4, "{said}");
    assert!(!Path::new(folder).exists());
}

#[tokio::test]
async fn a_folder_is_gone_where_the_program_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut reader) = fifo(&folder).await;
    let script = format!("exec 3>'{}'; pwd >&3; exec yes", path.display());
    sh(&script, "", LIMITS).await.unwrap_err();
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    assert!(line.starts_with('/') && !Path::new(line.trim_end()).exists(), "{line}");
}

#[test]
fn programs_of_the_workspace_are_not_found() {
    let top = tempfile::tempdir().unwrap();
    let (shop, tools) = (top.path().join("shop"), top.path().join("tools"));
    for folder in [shop.join("bin"), tools.clone()] {
        std::fs::create_dir_all(&folder).unwrap();
    }
    symlink("/bin/true", shop.join("bin/rustfmt")).unwrap();
    symlink(shop.join("bin"), top.path().join("link")).unwrap();
    symlink("/usr/bin", shop.join("usr")).unwrap();
    let names = ["shop/bin", "link", "shop/../shop/bin", "shop/usr"].map(|name| top.path().join(name));
    for folder in names.iter().map(|name| name.to_str().unwrap()).chain(["bin", ".", ""]) {
        let found = programs(&shop, &[("PATH", folder)]);
        assert_eq!((found.find("rustfmt"), found.find("env")), (None, None), "{folder}");
    }
    let path = format!("{}:{}", names[0].display(), tools.display());
    let found = programs(&shop, &[("PATH", &path)]);
    expect!["`rustfmt` is only found in TOP/shop/bin, and programs of the workspace are not run."]
        .assert_eq(&found.missing("rustfmt").to_string().replace(top.path().to_str().unwrap(), "TOP"));
    expect!["`cargo` is not on PATH."].assert_eq(&found.missing("cargo").to_string());
    // A link beside the workspace to what lies in it.
    let fake = shop.join("fake");
    std::fs::copy("/bin/true", &fake).unwrap();
    symlink(&fake, tools.join("rustfmt")).unwrap();
    assert_eq!(found.find("rustfmt"), None);
    std::fs::remove_file(tools.join("rustfmt")).unwrap();
    symlink("/bin/true", tools.join("rustfmt")).unwrap();
    assert_eq!(found.find("rustfmt"), Some(tools.join("rustfmt")));
    assert_eq!(found.find("../shop/fake"), None);
    // No program, and not one that may run.
    std::fs::create_dir(tools.join("folder")).unwrap();
    std::fs::write(tools.join("text"), "").unwrap();
    assert_eq!((found.find("folder"), found.find("text")), (None, None));
}

#[tokio::test]
async fn what_cannot_be_started_is_said() {
    let top = tempfile::tempdir().unwrap();
    symlink("/bin/true", top.path().join("true")).unwrap();
    let programs = programs(Path::new("/nowhere"), &[("PATH", top.path().to_str().unwrap())]);
    let task = Task { program: "true", arguments: &["a\0b"], variables: &[], files: &[], input: "", limits: LIMITS };
    let error = programs.run(&task).await.unwrap_err().to_string();
    assert!(error.starts_with("`true` could not be run: "), "{error}");
}
