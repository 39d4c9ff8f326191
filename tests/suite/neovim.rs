//! A real Neovim, headless, drives the built binary as a person would. What it did is in `tests/editors/neovim`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use aiex_tests::{
    TIMEOUT,
    binary::{Home, aiex, fixture, top},
    setup::{self, TinyModel},
    upstream::Upstream,
};
use serde_json::{Value, json};

/// Copies a fixture project, so that no editor's traces end up in the repository.
pub(super) fn copy_project(name: &str, to: &Path) -> PathBuf {
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
pub(super) fn path_with_aiex() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = aiex().parent().expect("a folder").to_path_buf();
    std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).expect("a PATH")
}

/// Runs a scenario in Neovim, and returns what was seen; `None` where there is no Neovim. Nothing may be complained of.
fn drive(home: &Home, scenario: &str, options: Value) -> Option<Value> {
    let seen = run(home, scenario, options)?;
    assert_eq!(seen["neovim_messages"], "", "{seen:#}");
    let messages = seen["server_messages"].as_array().into_iter().flatten();
    let complaints: Vec<_> = messages.filter(|message| message["level"].as_i64() < Some(3)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    Some(seen)
}

fn run(home: &Home, scenario: &str, mut options: Value) -> Option<Value> {
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
    assert_eq!(seen["exit"], json!({"code": 0, "signal": 0}), "{seen:#}");
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

#[test]
fn neovim_shows_findings_that_follow_edits_and_can_be_dismissed() {
    let home = Home::default();
    let file = copy_project("elixir_shop", home.path()).join(CART);
    let text = fs::read_to_string(&file).expect("the cart");
    let text = text.replace(
        "  defp discount(subtotal, nil)",
        "  # TODO: rebates\n  defp forgotten(x), do: x\n\n  defp discount(subtotal, nil)",
    );
    fs::write(&file, &text).expect("the cart");
    let Some(seen) = drive(&home, "review.lua", json!({"file": file, "on": "forgotten"})) else { return };
    let line = |words: &str| text.lines().position(|line| line.contains(words)).expect("the line");
    let (todo, unused) = (line("TODO: rebates"), line("defp forgotten"));
    let lines = |name: &str| {
        seen[name].as_array().expect("diagnostics").iter().map(|one| one["line"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(lines("found"), [Some(todo as u64), Some(unused as u64)], "{seen:#}");
    assert_eq!(seen["found"][1]["severity"], 2, "a warning");
    assert_eq!(seen["found"][0]["source"], "aiex");
    assert_eq!(lines("left"), [Some(todo as u64 + 2)]);
    assert!(lines("gone").is_empty());
}

pub(super) const CART: &str = "lib/shop/cart.ex";
pub(super) const QUANTITIES: &str = "```elixir
def quantities(%__MODULE__{lines: lines}) do
  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}
end
```";

/// The cart with a comment that asks for what the model answers, and with that carried out.
pub(super) fn cart() -> (String, String) {
    let text = fs::read_to_string(fixture("elixir_shop").join(CART)).expect("the fixture");
    let head = "  def quantities(";
    let asking = text.replace(head, &format!("  # AI: use a for comprehension\n{head}"));
    let old = "    Map.new(lines, fn {sku, {_item, quantity}} -> {sku, quantity} end)\n";
    let done = text.replace(old, "    for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}\n");
    assert!(asking != text && done != text);
    (asking, done)
}

/// What was seen of an edit of the cart, and what its file holds in the end.
struct Carried {
    seen: Value,
    file: String,
}

/// Has the comment carried out by a model that waits for the file `ready`, if something is typed while it is asked.
fn carry_out(typing: Option<Value>, back: &str) -> Option<Carried> {
    let ready = tempfile::tempdir().expect("a folder");
    let ready = ready.path().join("ready");
    let awaited = typing.as_ref().is_some_and(|typing| typing["when"] == "asked").then(|| ready.clone());
    let upstream = Upstream::serving(move |mut exchange| {
        let begin = Instant::now();
        while awaited.as_ref().is_some_and(|file| !file.exists()) && begin.elapsed() < TIMEOUT {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        exchange.answer(QUANTITIES);
    });
    let home = Home::with_config(&upstream.config());
    let project = copy_project("elixir_shop", home.path());
    let file = project.join(CART);
    fs::write(&file, cart().0).expect("the cart");
    let mut options = json!({
        "file": file, "on": "quantities(%__MODULE__", "choose": "Aiex: Carry out AI: comment", "ready": ready, "back": back,
    });
    if let Some(typing) = typing {
        options["typing"] = typing;
    }
    let seen = run(&home, "edit.lua", options)?;
    let prompt = upstream.requests().first().unwrap_or_else(|| panic!("no request: {seen:#}")).prompt();
    assert!(prompt.contains("use a for comprehension") && !prompt.contains("AI: use"), "{prompt}");
    assert!(
        seen["actions"]
            .as_array()
            .expect("actions")
            .iter()
            .any(|title| { title.as_str().is_some_and(|title| title.starts_with("Aiex: Carry out AI: comment")) })
    );
    Some(Carried { seen, file: fs::read_to_string(file).expect("the cart") })
}

impl Carried {
    /// The text of the buffer at some moment, as its file holds it.
    fn text(&self, name: &str) -> String {
        format!("{}\n", text(&self.seen, name))
    }

    #[track_caller]
    fn check_message(&self, level: i64, parts: &[&str]) {
        let messages = self.seen["server_messages"].as_array().expect("messages");
        let is_it = |message: &Value| {
            let text = message["text"].as_str().unwrap_or_default();
            message["level"] == level && parts.iter().all(|part| text.contains(part))
        };
        assert!(messages.iter().any(is_it), "{parts:?} is not in {:#}", self.seen);
    }
}

#[test]
fn neovim_carries_a_comment_out_and_one_undo_returns() {
    let Some(carried) = carry_out(None, "undo") else { return };
    let (asking, done) = cart();
    assert_eq!(carried.text("before"), asking);
    assert_eq!(carried.text("after"), done, "{:#}", carried.seen);
    assert_eq!((carried.text("back"), &carried.file), (asking.clone(), &asking));
    carried.check_message(3, &["Shop.Cart.quantities/1", "applied", "parse ✓"]);
    assert_eq!(carried.seen["server_messages"].as_array().map(Vec::len), Some(1), "{:#}", carried.seen);
    assert_eq!(carried.seen["asked_to_apply"], 1);
    assert_eq!(carried.seen["unsaved"], true);
    let progress = carried.seen["progress"].as_array().expect("progress");
    let stages: Vec<_> = progress.iter().filter_map(|one| one["message"].as_str()).collect();
    for stage in ["context", "asking work/m", "checking", "applying"] {
        assert!(stages.contains(&stage), "{stage} is not in {stages:?}");
    }
    let kinds: Vec<_> = progress.iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds.first().zip(kinds.last()), Some((&"begin", &"end")), "{progress:?}");
}

#[test]
fn aiex_undo_takes_an_edit_back_in_neovim() {
    let Some(carried) = carry_out(None, "aiex.undo") else { return };
    let (asking, done) = cart();
    assert_eq!(carried.text("after"), done, "{:#}", carried.seen);
    assert_eq!((carried.text("back"), &carried.file), (asking.clone(), &asking));
    carried.check_message(3, &["took back"]);
}

const OLD: &str = "What a customer is about to buy.";
const NEW: &str = "What somebody 🦀 wants to buy. é";

#[test]
fn what_is_typed_elsewhere_in_neovim_stays_and_the_edit_is_applied() {
    let typing = json!({"when": "asked", "old": OLD, "new": NEW});
    let Some(carried) = carry_out(Some(typing), "undo") else { return };
    let (asking, done) = cart();
    assert_eq!(carried.text("after"), done.replace(OLD, NEW));
    assert_eq!((carried.text("back"), &carried.file), (asking.replace(OLD, NEW), &asking.replace(OLD, NEW)));
}

#[test]
fn what_is_typed_in_the_same_function_in_neovim_refuses_the_edit() {
    let typing = json!({"when": "asked", "old": "{_item, quantity}} -> {sku", "new": "{_item, many}} -> {sku"});
    let Some(carried) = carry_out(Some(typing), "") else { return };
    let typed = cart().0.replace("{_item, quantity}} -> {sku", "{_item, many}} -> {sku");
    assert_eq!((carried.text("after"), &carried.file), (typed.clone(), &typed));
    assert_eq!(carried.seen["asked_to_apply"], 0);
    carried.check_message(1, &["changed meanwhile", "run the command again"]);
}

/// Neovim then says that it applied the edit, and has not.
#[test]
fn what_is_typed_when_neovim_is_about_to_apply_stays_and_the_edit_is_applied_to_that() {
    let typing = json!({"when": "applying", "old": OLD, "new": NEW});
    let Some(carried) = carry_out(Some(typing), "undo") else { return };
    let (asking, done) = cart();
    assert_eq!(carried.text("after"), done.replace(OLD, NEW), "{:#}", carried.seen);
    assert_eq!(carried.text("back"), asking.replace(OLD, NEW));
    assert_eq!(carried.seen["asked_to_apply"], 2);
    carried.check_message(3, &["applied"]);
}

#[test]
fn what_is_typed_in_the_same_function_when_neovim_is_about_to_apply_refuses_the_edit() {
    let typing = json!({"when": "applying", "old": "{_item, quantity}} -> {sku", "new": "{_item, many}} -> {sku"});
    let Some(carried) = carry_out(Some(typing), "") else { return };
    let typed = cart().0.replace("{_item, quantity}} -> {sku", "{_item, many}} -> {sku");
    assert_eq!((carried.text("after"), &carried.file), (typed.clone(), &typed));
    carried.check_message(1, &["changed meanwhile"]);
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
