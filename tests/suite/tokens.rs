//! `aiex tokens`: what it counts, for whom, and what it refuses.

use std::{fs, path::PathBuf};

use aiex_tests::binary::Home;
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::cli::{Ended, end};

const TEXT: &str = "def total(items) do\n  Enum.sum_by(items, & &1.price)\nend\n";

/// A workspace with a file `lib/a.ex` and what else is in `files`.
fn workspace(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, contents) in [("mix.exs", &b""[..]), ("lib/a.ex", TEXT.as_bytes())].iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, contents).expect("a file");
    }
    folder
}

fn run(home: &Home, folder: &tempfile::TempDir, arguments: &[&str]) -> Ended {
    end(home.command(["tokens"].iter().chain(arguments)).current_dir(folder.path()))
}

fn json(home: &Home, folder: &tempfile::TempDir, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&run(home, folder, &arguments).done()).expect("JSON")
}

#[track_caller]
fn check(arguments: &[&str], files: &[(&str, &[u8])], expected: Expect) {
    expected.assert_eq(&run(&Home::default(), &workspace(files), arguments).done());
}

#[test]
fn files_are_counted_for_a_model() {
    check(
        &["lib/a.ex", "--model", "openai/gpt-5"],
        &[],
        expect![[r#"
            19  lib/a.ex
        "#]],
    );
    check(
        &["lib/a.ex", "mix.exs", "lib/b.ex", "--model", "openai/gpt-4"],
        &[("lib/b.ex", b"x")],
        expect![[r#"
            19  lib/a.ex
             0  mix.exs
             1  lib/b.ex
            20  total
        "#]],
    );
    check(
        &["lib/a.ex", "mix.exs", "--model", "anthropic/claude-sonnet-5"],
        &[],
        expect![[r#"
            ~26  lib/a.ex
             ~0  mix.exs
            ~26  total
        "#]],
    );
}

#[test]
fn json_names_paths_from_the_workspace_s_top() {
    let folder = workspace(&[]);
    let path = folder.path().join("lib/a.ex");
    let absolute = path.to_str().expect("UTF-8");
    let exact = json(&Home::default(), &folder, &[absolute, "--model", "openai/gpt-4o"]);
    assert_eq!(exact, json!([{"path": "lib/a.ex", "tokens": exact[0]["tokens"], "exact": true}]));
    let estimated = json(&Home::default(), &folder, &["./lib/a.ex", "mix.exs", "--model", "ollama/qwen2.5-coder:7b"]);
    let tokens = &estimated[0]["tokens"];
    assert!(tokens.as_u64() > exact[0]["tokens"].as_u64(), "{tokens}");
    assert_eq!(
        estimated,
        json!([
            {"path": "lib/a.ex", "tokens": tokens, "exact": false},
            {"path": "mix.exs", "tokens": 0, "exact": false},
        ])
    );
}

#[test]
fn without_a_model_it_says_what_it_assumes() {
    let folder = workspace(&[]);
    let ended = run(&Home::default(), &folder, &["lib/a.ex"]);
    expect![[r#"
        aiex: no model is set; counted as OpenAI's newest count (o200k_base)
    "#]]
    .assert_eq(&ended.stderr);
    let newest = run(&Home::default(), &folder, &["lib/a.ex", "--model", "openai/gpt-5"]).done();
    assert_eq!((ended.code, ended.stdout), (Some(0), newest));
    let configured = Home::with_config("model = \"anthropic/claude-sonnet-5\"\n");
    assert_eq!(json(&configured, &folder, &["lib/a.ex"])[0]["exact"], false);
    let key_in_the_environment = Home::default().with_variable("OPENAI_API_KEY", "a-key");
    assert_eq!(json(&key_in_the_environment, &folder, &["lib/a.ex"])[0]["exact"], true);
}

#[test]
fn what_has_no_text_is_refused_in_a_sentence() {
    let folder = workspace(&[("logo.png", b"\x89PNG\xff\xfe")]);
    let refused = |path: &str, parts: &[&str]| run(&Home::default(), &folder, &["lib/a.ex", path]).failed(parts);
    refused("lib", &["lib is a folder", "name the files"]);
    refused("logo.png", &["logo.png is not UTF-8 text"]);
    refused("lib/gone.ex", &["there is no file lib/gone.ex"]);
    assert_eq!(run(&Home::default(), &folder, &[]).code, Some(2));
}

#[test]
fn five_megabytes_without_a_blank_are_counted_and_labelled() {
    let long = vec![b'a'; 5_000_000];
    let folder = workspace(&[("long.txt", &long)]);
    let counted = json(&Home::default(), &folder, &["long.txt", "--model", "openai/gpt-5"]);
    assert_eq!(counted[0]["exact"], false);
    let path = PathBuf::from(counted[0]["path"].as_str().expect("a path"));
    assert_eq!(path, PathBuf::from("long.txt"));
    assert!((100_000..5_000_000).contains(&counted[0]["tokens"].as_u64().expect("tokens")));
}
