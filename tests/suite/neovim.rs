//! A real Neovim, headless, drives the built binary as a person would. What it did is in `tests/editors/neovim`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aiex_tests::{
    binary::{Home, aiex, fixture, top},
    setup::{self, TinyModel},
};
use serde_json::{Value, json};

/// Copies a fixture project, so that no editor's traces end up in the repository.
fn copy_project(name: &str, to: &Path) -> PathBuf {
    let folder = to.join(name);
    let mut pending = vec![PathBuf::new()];
    while let Some(below) = pending.pop() {
        fs::create_dir_all(folder.join(&below)).expect("a folder");
        for entry in fs::read_dir(fixture(name).join(&below)).expect("the fixture") {
            let entry = entry.expect("an entry");
            let path = below.join(entry.file_name());
            match entry.file_type().expect("a kind").is_dir() {
                true if path.ends_with("target") => {}
                true => pending.push(path),
                false => _ = fs::copy(entry.path(), folder.join(&path)).expect("a copy"),
            }
        }
    }
    folder
}

/// `PATH` with the built `aiex` in front.
fn path_with_aiex() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = aiex().parent().expect("a folder").to_path_buf();
    std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).expect("a PATH")
}

/// Runs a scenario in Neovim, and returns what was seen; `None` where there is no Neovim.
fn drive(home: &Home, scenario: &str, mut options: Value) -> Option<Value> {
    let neovim = setup::neovim()?;
    options["server"] = json!([aiex(), "lsp"]);
    let folder = |name: &str| home.path().join("neovim").join(name);
    let output = Command::new(neovim)
        .args(["--clean", "--headless", "-l"])
        .arg(top().join("tests/editors/neovim").join(scenario))
        .arg(options.to_string())
        .env_clear()
        .env("PATH", path_with_aiex())
        .env("LANG", "C.UTF-8")
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", folder("state"))
        .env("XDG_DATA_HOME", folder("data"))
        .env("XDG_CACHE_HOME", folder("cache"))
        .env("AIEX_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .expect("Neovim runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{scenario}: {said}");
    let seen: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{said}", String::from_utf8_lossy(&output.stdout)));
    // A clean end, with nothing to complain of on the way.
    assert_eq!(seen["exit"], json!({"code": 0, "signal": 0}), "{seen:#}");
    assert_eq!(seen["neovim_messages"], "", "{seen:#}");
    let messages = seen["server_messages"].as_array().into_iter().flatten();
    let complaints: Vec<_> = messages.filter(|message| message["level"].as_i64() < Some(3)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    Some(seen)
}

fn text<'a>(seen: &'a Value, name: &str) -> &'a str {
    seen[name].as_str().unwrap_or_else(|| panic!("{name} is not in {seen:#}"))
}

/// What every explanation in Neovim has in common.
fn check_explained(home: &Home, project: &Path, seen: &Value) {
    assert_eq!(Path::new(text(seen, "root")), project.canonicalize().expect("the project"));
    assert_eq!(seen["actions"][0].as_str().map(|title| title.starts_with("Aiex: Explain")), Some(true), "{seen:#}");
    // The window shows the hover's Markdown, its marks concealed, its text the same.
    assert!(!text(seen, "window").trim().is_empty());

    let folder = home.path().canonicalize().expect("the home").join("state").join("answers");
    let name = Path::new(text(seen, "document_name"));
    assert_eq!(name.parent(), Some(&*folder));
    assert_eq!(text(seen, "document_filetype"), "markdown");

    let after = text(seen, "hover_after");
    assert!(after.starts_with(text(seen, "hover")), "{after}");
    assert!(after.len() > text(seen, "hover").len(), "{after}");
    assert!(text(seen, "window_after").len() > text(seen, "window").len());
    let again = seen["actions_after"].as_array().expect("actions");
    assert!(again.iter().any(|title| title.as_str().is_some_and(|title| title.contains("Aiex: Open last answer"))));

    let progress = seen["progress"].as_array().expect("progress");
    let kinds: Vec<_> = progress.iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds.first().zip(kinds.last()), Some((&"begin", &"end")), "{progress:?}");
    assert_eq!(progress[0]["title"], "Aiex: Explain");
}

#[test]
fn neovim_hovers_and_explains_with_nothing_configured() {
    let home = Home::default();
    let project = copy_project("elixir_shop", home.path());
    let file = project.join("lib/shop/order.ex");
    let Some(seen) = drive(&home, "explain.lua", json!({"file": file, "on": "transition(%{status: :paid}"})) else {
        return;
    };
    check_explained(&home, &project, &seen);
    let document = text(&seen, "document");
    assert!(document.contains("transition"), "{document}");
    // What it matches on, which the parse shows.
    for status in [":paid", ":packed", ":shipped"] {
        assert!(document.contains(status), "{status} is not in {document}");
    }
    assert!(text(&seen, "hover_after").contains(document.trim()), "{seen:#}");
}

#[test]
fn the_configuration_that_the_readme_shows_for_neovim_works() {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let blocks = readme.split("```lua\n").skip(1).filter_map(|rest| rest.split("```").next());
    let setup = blocks.into_iter().find(|block| block.contains("vim.lsp.enable")).expect("Lua for Neovim in README.md");
    for (project, file, on) in
        [("elixir_shop", "lib/shop/order.ex", "transition("), ("rust_ledger", "src/money.rs", "checked_add(self")]
    {
        let home = Home::default();
        let project = copy_project(project, home.path());
        let options = json!({"file": project.join(file), "on": on, "setup": setup});
        let Some(seen) = drive(&home, "explain.lua", options) else { return };
        check_explained(&home, &project, &seen);
    }
}

#[test]
fn neovim_shows_what_a_real_model_says() {
    let Some(model) = TinyModel::start() else { return };
    let home = Home::with_config(&model.config());
    let project = copy_project("rust_ledger", home.path());
    let file = project.join("src/money.rs");
    let Some(seen) = drive(&home, "explain.lua", json!({"file": file, "on": "checked_add(self"})) else { return };
    check_explained(&home, &project, &seen);
    assert!(text(&seen, "document").contains(&TinyModel::text()), "{seen:#}");
    assert!(text(&seen, "document").contains("checked_add"), "{seen:#}");
    assert!(text(&seen, "hover_after").contains(&TinyModel::text()), "{seen:#}");
    // Emphasis and marks are rendered; what is wide or needs four bytes is as the model wrote it.
    for word in ["café", "世界", "🦀"] {
        assert!(text(&seen, "window_after").contains(word), "{word} is not in {seen:#}");
    }
}

/// Random edits to this text, saved under this name, in one encoding; the server must not get out of step.
fn check_in_step(name: &str, contents: &str, encoding: &str) {
    let home = Home::default();
    let file = home.path().join(name);
    fs::write(&file, contents).expect("a file");
    let options = json!({"file": file, "encoding": encoding, "rounds": 40, "settings": {"hover": {"facts": "full"}}});
    let Some(seen) = drive(&home, "edits.lua", options) else { return };
    assert_eq!(seen["encoding"], encoding);
    assert_eq!(seen["fileformat"], if contents.contains("\r\n") { "dos" } else { "unix" });
    assert!(seen["edits"].as_i64() > Some(100) && seen["checked"].as_i64() > Some(200), "{seen:#}");
}

fn elixir() -> String {
    fs::read_to_string(fixture("elixir_shop/lib/shop/order.ex")).expect("the fixture")
}

fn rust() -> String {
    fs::read_to_string(fixture("rust_ledger/src/money.rs")).expect("the fixture")
}

#[test]
fn random_edits_of_elixir_keep_neovim_and_the_server_in_step_in_utf_8() {
    check_in_step("order.ex", &elixir(), "utf-8");
}

#[test]
fn random_edits_of_rust_keep_neovim_and_the_server_in_step_in_utf_16() {
    check_in_step("money.rs", &rust(), "utf-16");
}

#[test]
fn random_edits_of_a_file_with_crlf_keep_neovim_and_the_server_in_step_in_utf_32() {
    check_in_step("order.ex", &elixir().replace('\n', "\r\n"), "utf-32");
}

#[test]
fn random_edits_of_rust_with_crlf_keep_neovim_and_the_server_in_step_in_utf_16() {
    check_in_step("money.rs", &rust().replace('\n', "\r\n"), "utf-16");
}
