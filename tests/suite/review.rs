//! Reviews: findings on the command line and as diagnostics, by the syntax alone and by a model.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use aiex_tests::{
    binary::Home,
    client::{Client, Profile},
    upstream::Upstream,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIB: &str = "src/lib.rs";
const CODE: &str = "//! Prices.\n\n/// The price of some.\npub fn price(count: u32, each: u32) -> u32 {\n    count * each\n}\n\nfn forgotten() -> u32 {\n    7\n}\n\n// TODO: rebates\n";

struct Scene {
    folder: TempDir,
    home: Home,
}

impl Scene {
    fn new(config: &str) -> Self {
        let scene = Self { folder: TempDir::new().unwrap(), home: Home::with_config(config) };
        fs::create_dir(scene.root().join("src")).unwrap();
        fs::write(scene.root().join("Cargo.toml"), "[package]\nname = \"prices\"\nedition = \"2021\"\n").unwrap();
        fs::write(scene.root().join(LIB), CODE).unwrap();
        scene
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> (String, String) {
        let output = self.home.command(arguments).current_dir(self.root()).output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (said(&output.stdout), said(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
        (out, err)
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        let person = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"];
        git.arg("-C").arg(self.root()).args(person).args(arguments);
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    }

    fn editor(&self) -> (Client, String) {
        let mut client = Client::start(&self.home, Profile::vscode().workspace(&self.root()));
        client.wait_log("workspace indexed");
        let uri = uri(&self.root().join(LIB));
        client.open(&uri, "rust", CODE);
        (client, uri)
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

const UNUSED: &str = "src/lib.rs:8:4: warning: Nothing uses the function `forgotten`.\n";
const TODO: &str = "src/lib.rs:12:4: info: TODO: rebates\n";

#[test]
fn the_command_line_says_a_finding_a_line() {
    let scene = Scene::new("");
    let (out, _) = scene.done(&["review", LIB, "--model", "offline"]);
    assert_eq!(out, format!("{UNUSED}{TODO}"));
    let (json, _) = scene.done(&["review", "src", "--model", "offline", "--json"]);
    let findings: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(findings[0]["path"], LIB);
    assert_eq!(findings[0]["line"], 8);
    assert_eq!(findings[0]["severity"], "warning");
    assert_eq!(findings.as_array().unwrap().len(), 2);
}

#[test]
fn of_a_diff_only_what_has_changed_counts() {
    let scene = Scene::new("");
    scene.git(&["init", "-q"]);
    scene.git(&["add", "."]);
    scene.git(&["commit", "-qm", "prices"]);
    let (out, _) = scene.done(&["review", "--diff", "HEAD", "--model", "offline"]);
    assert_eq!(out, "");
    fs::write(scene.root().join(LIB), CODE.replace("rebates", "rebates in percent")).unwrap();
    let (out, _) = scene.done(&["review", "--diff", "HEAD", "--model", "offline"]);
    assert_eq!(out, "src/lib.rs:12:4: info: TODO: rebates in percent\n");
    let output = scene.home.command(["review", "--diff=--output=x", LIB]).current_dir(scene.root()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("git knows no commit `--output=x`"), "{said}");
}

#[test]
fn a_repository_cannot_have_a_review_run_its_programs() {
    let scene = Scene::new("");
    scene.git(&["init", "-q"]);
    fs::write(scene.root().join(".gitattributes"), "*.rs filter=own diff=own\n").unwrap();
    scene.git(&["add", "."]);
    scene.git(&["commit", "-qm", "prices"]);
    let ran = scene.root().join("ran");
    for setting in ["filter.own.clean", "filter.own.smudge", "diff.own.command", "diff.own.textconv", "core.fsmonitor"]
    {
        scene.git(&["config", setting, &format!("touch {}; cat", ran.display())]);
    }
    fs::write(scene.root().join(LIB), CODE.replace("rebates", "more")).unwrap();
    let (out, _) = scene.done(&["review", "--diff", "HEAD", "--model", "offline"]);
    assert_eq!(out, "src/lib.rs:12:4: info: TODO: more\n");
    assert!(!ran.exists());
}

fn published(client: &mut Client) -> Vec<(u64, String)> {
    let params = client.next("textDocument/publishDiagnostics", |_| true);
    let diagnostics = params["diagnostics"].as_array().unwrap();
    let one = |one: &Value| {
        assert_eq!(one["source"], "aiex");
        (one["range"]["start"]["line"].as_u64().unwrap(), one["message"].as_str().unwrap().to_owned())
    };
    diagnostics.iter().map(one).collect()
}

fn insert(client: &mut Client, uri: &str, version: i64, line: u64, character: u64, text: &str) {
    let at = json!({"line": line, "character": character});
    client.change(uri, version, json!([{"range": {"start": at, "end": at}, "text": text}]));
}

#[test]
fn findings_follow_edits_and_vanish_with_their_code() {
    let scene = Scene::new("model = \"offline\"\n");
    let (mut client, uri) = scene.editor();
    client.run("aiex.review", json!({"uri": uri}));
    client.message(&["src/lib.rs: 2 findings, by the syntax alone"]);
    let all = published(&mut client);
    assert_eq!(all.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [7, 11]);
    // Three lines above, then a letter in the name of the unused function.
    insert(&mut client, &uri, 2, 0, 0, "// a\n// b\n// c\n");
    insert(&mut client, &uri, 3, 10, 5, "x");
    let left = published(&mut client);
    assert_eq!(left, [(14, "TODO: rebates".to_owned())]);
    client.close(&uri);
    assert!(published(&mut client).is_empty());
}

#[test]
fn a_finding_can_be_mended_or_dismissed_for_good() {
    let scene = Scene::new("model = \"offline\"\n");
    let (mut client, uri) = scene.editor();
    client.run("aiex.review", json!({"uri": uri}));
    client.message(&["2 findings"]);
    published(&mut client);
    let actions = client.code_actions(&uri, &json!({"line": 7, "character": 4}), Some(&["quickfix"]));
    let titles: Vec<_> = actions.iter().map(|action| action["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Aiex: Fix", "Aiex: Dismiss: Nothing uses the function `forgotten`."]);
    let faults = &actions[0]["command"]["arguments"][0]["diagnostics"];
    assert_eq!(faults[0]["message"], "Nothing uses the function `forgotten`.");
    client.execute("aiex.dismissFinding", actions[1]["command"]["arguments"][0].clone());
    assert_eq!(published(&mut client).len(), 1);
    let (out, _) = scene.done(&["review", LIB]);
    assert_eq!(out, TODO);
    client.run("aiex.review", json!({"uri": uri}));
    client.message(&["1 finding,"]);
    assert_eq!(published(&mut client).len(), 1);
}

#[test]
fn what_another_server_says_already_is_left_out() {
    let scene = Scene::new("model = \"offline\"\n");
    let (mut client, uri) = scene.editor();
    let range = json!({"start": {"line": 7, "character": 3}, "end": {"line": 7, "character": 12}});
    let said = json!([{"range": range, "message": "function `forgotten` is never used", "source": "rustc"}]);
    client.run("aiex.review", json!({"uri": uri, "diagnostics": said}));
    client.message(&["1 finding,"]);
    assert_eq!(published(&mut client), [(11, "TODO: rebates".to_owned())]);
}

#[test]
fn a_model_quotes_the_code_and_is_asked_once_more_where_it_cannot_be_read() {
    let first = "This code looks great, well done!";
    let second = "error: `count * each`: Overflows for large orders.\nwarning: `nowhere()`: Is not there.";
    let replies = std::sync::Mutex::new(vec![second, first]);
    let upstream = Upstream::serving(move |mut exchange| {
        let reply = replies.lock().unwrap().pop().unwrap_or(second);
        exchange.answer(reply);
    });
    let scene = Scene::new(&upstream.config());
    let (out, said) = scene.done(&["review", LIB]);
    assert_eq!(out, format!("src/lib.rs:5:5: error: Overflows for large orders.\n{UNUSED}{TODO}"));
    assert!(said.contains("1 finding of the model left out: the code quoted is not there."), "{said}");
    assert_eq!(upstream.requests().len(), 2);
    let prompt = upstream.requests()[0].prompt();
    assert!(prompt.contains("count * each") && prompt.contains("You review code"), "{prompt}");
}
