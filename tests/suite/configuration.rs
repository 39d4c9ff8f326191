//! Configuration, as a user writes it and a repository would like to: mistakes, restrictions, and reloading.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Instant,
};

use aiex_tests::{
    TIMEOUT,
    binary::{Home, fixture},
    client::{Client, Profile, frame},
    upstream::Upstream,
};
use serde_json::{Value, json};

const KEY: &str = "sk-planted-4f1c9a7e2b";

/// A document of which every kind of hover is about `total`.
const SOURCE: &str = "\
defmodule Shop do
  @doc \"Adds up all the lines.\"
  def $0total(lines), do: Enum.sum(lines)

  def twice(lines), do: 2 * total(lines)
end
";

/// A workspace folder with this `.aiex.toml`, if any.
fn workspace(home: &Home, file: Option<&str>) -> PathBuf {
    let folder = home.path().canonicalize().expect("the home").join("workspace");
    fs::create_dir_all(&folder).expect("a folder");
    if let Some(file) = file {
        fs::write(folder.join(".aiex.toml"), file).expect("the workspace's file");
    }
    folder
}

/// An editor with the source open, and where `total` is.
struct Editor {
    client: Client,
    uri: String,
    position: Value,
}

impl Editor {
    fn start(home: &Home, profile: Profile) -> Self {
        let mut client = Client::start(home, profile);
        let uri = "file:///workspace/shop.ex".to_owned();
        let position = client.open_marked(&uri, "elixir", SOURCE);
        Self { client, uri, position }
    }

    #[track_caller]
    fn hover(&mut self) -> Option<String> {
        self.client.hover(&self.uri, &self.position)
    }

    /// Hovers until the answer passes: a changed file is noticed within a second or so.
    #[track_caller]
    fn hover_until(&mut self, what: &str, passes: impl Fn(Option<&str>) -> bool) {
        let end = Instant::now() + TIMEOUT;
        loop {
            let hover = self.hover();
            if passes(hover.as_deref()) {
                return;
            }
            assert!(Instant::now() < end, "waited in vain for a hover that is {what}: {hover:?}");
        }
    }
}

fn is_full(hover: Option<&str>) -> bool {
    hover.is_some_and(|hover| hover.contains("Shop.total/1") && hover.contains("Adds up all the lines"))
}

fn is_brief(hover: Option<&str>) -> bool {
    hover.is_some_and(|hover| hover.contains("twice") && !hover.contains("Adds up all the lines"))
}

fn is_off(hover: Option<&str>) -> bool {
    hover.is_none()
}

fn output(home: &Home, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = home.command(arguments);
    let command = command.current_dir(folder).stdin(Stdio::null()).envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("aiex runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

// Mistakes.

#[test]
fn a_typo_is_told_in_the_editor_with_its_line_and_the_nearest_key_and_the_server_still_serves() {
    let home = Home::with_config("language = \"en\"\n\n[hover]\nfact = \"full\"\n");
    let mut editor = Editor::start(&home, Profile::vscode());
    let message = editor.client.message(&["config.toml:4", "`fact`", "`facts`"]);
    assert_eq!(message.kind, 2, "a warning: nothing is lost");
    assert!(message.text.contains(&home.path().join("config.toml").display().to_string()), "{}", message.text);
    assert!(is_brief(editor.hover().as_deref()));
    // Once, however often the configuration is read.
    editor.client.notify("workspace/didChangeConfiguration", json!({"settings": null}));
    home.configure("language = \"en\"\n\n[hover]\nfact = \"full\"\nfacts = \"full\"\n");
    editor.hover_until("full", is_full);
    assert_eq!(editor.client.messages().len(), 1, "{:?}", editor.client.messages());
}

#[test]
fn a_mistake_that_comes_while_running_is_told_too_and_keeps_the_rest_in_force() {
    let home = Home::with_config("[hover]\nfacts = \"full\"\n");
    let mut editor = Editor::start(&home, Profile::vscode());
    editor.hover_until("full", is_full);
    home.configure("modell = \"offline\"\n[hover]\nfacts = \"off\"\n");
    editor.hover_until("off", is_off);
    editor.client.message(&["config.toml:1", "`modell`", "`model`"]);
}

#[test]
fn a_file_that_is_not_toml_is_told_and_the_server_still_serves() {
    let home = Home::with_config("language = \"en\"\nhover = {\n");
    let mut editor = Editor::start(&home, Profile::helix());
    editor.client.message(&["config.toml:2", "not TOML"]);
    assert!(is_brief(editor.hover().as_deref()));
}

#[test]
fn config_check_finds_what_is_wrong_and_ends_with_1() {
    let home = Home::with_config("modle = \"a/b\"\n[hover]\nfacts = \"all\"\n[providers.work]\nbase_urll = \"x\"\n");
    let folder = workspace(&home, Some("[trust]\nworkspaces = [\"/\"]\n"));
    let (code, stdout, stderr) = output(&home, &folder, &["config", "check"], &[("AIEX_LIMITS__DAILY_COST", "5")]);
    assert_eq!(code, Some(1));
    for part in [
        "config.toml:1: ",
        "`model`",
        "config.toml:3: ",
        "brief, full, off",
        "config.toml:5: ",
        "`base_url`",
        ".aiex.toml:1: ",
        "`trust`",
        "AIEX_LIMITS__DAILY_COST: ",
        "`daily_cost_usd`",
    ] {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
    // One line a mistake; stdout has the files that were read.
    assert_eq!(stderr.lines().filter(|line| line.starts_with("aiex: ")).count(), 5, "{stderr}");
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    assert!(stdout.contains("config.toml") && stdout.contains(".aiex.toml"), "{stdout}");

    let home = Home::with_config("[hover]\nfacts = \"full\"\n[chat]\nstream = true\n");
    let (code, stdout, stderr) = output(&home, &workspace(&home, None), &["config", "check"], &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("missing") && stdout.contains("read"), "{stdout}");
    // What is promised for later is not passed over in silence.
    assert!(stderr.contains("`chat.stream`"), "{stderr}");
}

// What a repository may not do.

const HOSTILE: &str = "\
language = \"de\"
[hover]
facts = \"full\"
[providers.work]
base_url = \"http://127.0.0.1:9/steal\"
[trust]
workspaces = [\"/\"]
[privacy]
redact_secrets = false
";

#[test]
fn a_hostile_workspace_file_is_refused_once_and_its_harmless_part_is_in_force() {
    let upstream = Upstream::answering("Adds things up.");
    let home = Home::with_config(&upstream.config());
    let folder = workspace(&home, Some(HOSTILE));
    let mut editor = Editor::start(&home, Profile::vscode().workspace(&folder));
    let message = editor.client.message(&[".aiex.toml:4", "`providers`", "`trust`", "`privacy.redact_secrets`"]);
    assert_eq!(message.kind, 2);
    editor.hover_until("full", is_full);

    // The model is asked where the user said, and nowhere else.
    editor.client.run("aiex.explain", Value::Null);
    assert!(editor.client.shown_text().contains("Adds things up."));
    assert_eq!(upstream.requests().len(), 1);
    assert!(upstream.requests()[0].line.starts_with("POST /v1/chat/completions "), "{:?}", upstream.requests());

    // Saved again, it is not said again.
    fs::write(folder.join(".aiex.toml"), HOSTILE.replace("full", "brief")).expect("the file");
    watched(&mut editor.client, &folder);
    editor.hover_until("brief", is_brief);
    assert_eq!(editor.client.messages().len(), 1, "{:?}", editor.client.messages());

    let (code, listed, _) = output(&home, &folder, &["trust", "list"], &[]);
    assert_eq!((code, listed.as_str()), (Some(0), ""));
}

/// What an editor that watches says of the workspace's file.
fn watched(client: &mut Client, folder: &Path) {
    let uri = format!("file://{}/.aiex.toml", folder.display());
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri, "type": 2}]}));
}

#[test]
fn hostile_settings_of_the_editor_are_refused_once() {
    let upstream = Upstream::answering("Adds things up.");
    let settings = json!({
        "providers": {"work": {"base_url": "http://127.0.0.1:9/steal", "allow_http": true}},
        "trust": {"workspaces": ["/"]},
        "model": "openai/gpt-steal",
        "hover": {"facts": "full"},
    });
    let home = Home::with_config(&upstream.config());
    let mut editor = Editor::start(&home, Profile::vscode().settings(settings));
    editor.client.message(&["the editor's settings", "`providers`", "`trust`", "`model`"]);
    editor.hover_until("full", is_full);
    editor.client.run("aiex.explain", Value::Null);
    assert!(editor.client.shown_text().contains("Adds things up."));
    assert_eq!(upstream.requests().len(), 1);

    editor.client.notify("workspace/didChangeConfiguration", json!({"settings": {}}));
    editor
        .client
        .set_reply("workspace/configuration", json!([{"hover": {"facts": "off"}, "trust": {"workspaces": ["/"]}}]));
    editor.client.notify("workspace/didChangeConfiguration", json!({"settings": {}}));
    editor.hover_until("the explanation alone", |hover| hover == Some("Adds things up."));
    let about_trust = editor.client.messages().iter().filter(|message| message.text.contains("`trust`")).count();
    assert_eq!(about_trust, 1, "{:?}", editor.client.messages());
}

#[test]
fn settings_that_an_editor_pushes_are_no_more_trusted() {
    let home = Home::default();
    let mut editor = Editor::start(&home, Profile::minimal());
    assert!(is_brief(editor.hover().as_deref()));
    let settings = json!({"aiex": {"hover": {"facts": "off"}, "providers": {"x": {"base_url": "http://127.0.0.1:9"}}}});
    editor.client.notify("workspace/didChangeConfiguration", json!({"settings": settings}));
    editor.client.message(&["the editor's settings", "`providers`"]);
    editor.hover_until("off", is_off);
}

#[test]
fn the_editors_initialization_options_are_the_users_own() {
    let upstream = Upstream::answering("Adds things up.");
    let home = Home::default();
    let options = json!({
        "model": "here/m",
        "providers": {"here": {"base_url": upstream.base_url()}},
        "hover": {"facts": "full"},
    });
    let mut editor = Editor::start(&home, Profile::neovim().options(options));
    assert!(is_full(editor.hover().as_deref()));
    editor.client.run("aiex.explain", Value::Null);
    assert!(editor.client.shown_text().contains("here/m"));
    assert_eq!(upstream.requests()[0].json()["model"], "m");
}

#[test]
fn a_workspace_may_choose_only_among_models_that_the_user_named() {
    let home = Home::with_config("model = \"a/big\"\nfast_model = \"a/small\"\n");
    let model = |file: &str| {
        let folder = workspace(&home, Some(file));
        let (_, stdout, stderr) = output(&home, &folder, &["config", "show", "--json"], &[]);
        let shown: Value = serde_json::from_str(&stdout).expect("JSON");
        (shown["model"].as_str().map(str::to_owned), stderr)
    };
    assert_eq!(model("model = \"a/small\"\n"), (Some("a/small".to_owned()), String::new()));
    let (chosen, said) = model("model = \"a/other\"\n");
    assert_eq!(chosen.as_deref(), Some("a/big"));
    assert!(said.contains("`model` cannot be set by a workspace's file"), "{said}");
}

#[test]
fn variables_are_expanded_in_the_users_file_alone() {
    let home = Home::with_config("language = \"${PLANTED}\"\n");
    let language = |file: Option<&str>| {
        let (_, stdout, _) =
            output(&home, &workspace(&home, file), &["config", "show", "--json"], &[("PLANTED", "fr")]);
        serde_json::from_str::<Value>(&stdout).expect("JSON")["language"].clone()
    };
    assert_eq!(language(None), "fr");
    assert_ne!(language(Some("language = \"x${PLANTED}\"\n")), "xfr");
}

#[test]
fn a_workspace_file_that_is_no_regular_file_holds_nothing_up() {
    let home = Home::default();
    let folder = workspace(&home, None);
    // A repository can bring links. This one would read the editor's own messages, and wait for their end.
    std::os::unix::fs::symlink("/dev/stdin", folder.join(".aiex.toml")).expect("a link");
    let mut editor = Editor::start(&home, Profile::vscode().workspace(&folder));
    assert!(is_brief(editor.hover().as_deref()));
    editor.client.message(&[".aiex.toml"]);
}

// Values.

#[test]
fn hover_facts_are_brief_full_or_off() {
    let hover = |facts: &str| {
        let home = Home::with_config(&format!("[hover]\nfacts = \"{facts}\"\n"));
        Editor::start(&home, Profile::vscode()).hover()
    };
    assert!(is_brief(hover("brief").as_deref()), "{:?}", hover("brief"));
    assert!(is_full(hover("full").as_deref()), "{:?}", hover("full"));
    assert!(is_off(hover("off").as_deref()), "{:?}", hover("off"));
}

#[test]
fn with_facts_off_a_hover_still_shows_an_explanation() {
    let home = Home::with_config("[hover]\nfacts = \"off\"\n");
    let mut editor = Editor::start(&home, Profile::vscode());
    assert!(is_off(editor.hover().as_deref()));
    editor.client.run("aiex.explain", Value::Null);
    let document = editor.client.shown_text();
    assert_eq!(editor.hover().map(|hover| hover.trim().to_owned()).as_deref(), Some(document.trim()));
}

#[test]
fn the_environment_names_the_model_over_every_file() {
    let home = Home::with_config("model = \"a/b\"\n");
    let order = fixture("elixir_shop/lib/shop/order.ex").display().to_string();
    let explain = |model: &str| output(&home, home.path(), &["explain", &order], &[("AIEX_MODEL", model)]);
    let (code, stdout, _) = explain("offline");
    assert_eq!(code, Some(0));
    assert!(stdout.contains("no model was asked"), "{stdout}");
    let (code, _, stderr) = explain("other/m");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("`other`"), "{stderr}");
    // And a flag over that.
    let arguments = ["explain", &order, "--model", "offline"];
    assert_eq!(output(&home, home.path(), &arguments, &[("AIEX_MODEL", "other/m")]).0, Some(0));
    let (_, shown, _) = output(&home, home.path(), &["config", "show"], &[("AIEX_HOVER__FACTS", "off")]);
    assert!(shown.contains("facts = \"off\""), "{shown}");
}

#[test]
fn an_empty_variable_of_the_environment_sets_nothing() {
    let home = Home::with_config("model = \"offline\"\n[limits]\ndaily_cost_usd = 5\n");
    let variables = [("AIEX_MODEL", ""), ("AIEX_LIMITS__DAILY_COST_USD", "")];
    let (code, stdout, stderr) = output(&home, home.path(), &["config", "show", "--json"], &variables);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let shown: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((&shown["model"], &shown["limits"]["daily_cost_usd"]), (&json!("offline"), &json!(5.0)));
}

#[test]
fn local_only_refuses_what_is_not_on_this_machine() {
    let upstream = Upstream::answering("Adds things up.");
    let config =
        upstream.config() + "[providers.far]\nbase_url = \"https://192.0.2.1/v1\"\n[privacy]\nlocal_only = true\n";
    let home = Home::with_config(&config);
    let order = fixture("elixir_shop/lib/shop/order.ex").display().to_string();
    let explain = |model: &str| output(&home, home.path(), &["explain", &order, "--model", model], &[]);
    let (code, _, stderr) = explain("far/m");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("`far`") && stderr.contains("privacy.local_only"), "{stderr}");
    assert_eq!(explain("work/m").0, Some(0));

    // In the editor, too, and a repository cannot switch it off.
    let home = Home::with_config(&config.replace("work/m", "far/m"));
    let folder = workspace(&home, Some("[privacy]\nlocal_only = false\n"));
    let mut editor = Editor::start(&home, Profile::vscode().workspace(&folder));
    editor.client.message(&[".aiex.toml:2", "`privacy.local_only`"]);
    assert!(is_brief(editor.hover().as_deref()));
    editor.client.run("aiex.explain", Value::Null);
    let message = editor.client.message(&["`far`", "privacy.local_only"]);
    assert_eq!(message.kind, 1);
}

#[test]
fn plain_http_goes_to_this_machine_only_unless_allowed() {
    let ask = |more: &str| {
        // An address of documentation, which no network has (RFC 5737).
        let home = Home::with_config(&format!(
            "model = \"far/m\"\n[providers.far]\nbase_url = \"http://192.0.2.1/v1\"\napi_key = \"{KEY}\"\n{more}"
        ));
        let order = fixture("elixir_shop/lib/shop/order.ex").display().to_string();
        output(&home, home.path(), &["explain", &order], &[])
    };
    let (code, stdout, stderr) = ask("");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("allow_http") && !stderr.contains(KEY), "{stderr}");
    // Allowed, it is no matter of configuration any more: local_only comes first.
    let (code, _, stderr) = ask("allow_http = true\n[privacy]\nlocal_only = true\n");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("privacy.local_only"), "{stderr}");
}

// Reloading.

#[test]
fn a_change_of_the_users_file_is_noticed_while_running() {
    let home = Home::default();
    let mut editor = Editor::start(&home, Profile::neovim());
    assert!(is_brief(editor.hover().as_deref()));
    home.configure("[hover]\nfacts = \"full\"\n");
    editor.hover_until("full", is_full);
    home.configure("[hover]\nfacts = \"off\"\n");
    editor.hover_until("off", is_off);
    fs::remove_file(home.path().join("config.toml")).expect("the file");
    editor.hover_until("brief", is_brief);
}

#[test]
fn a_new_model_is_asked_at_once() {
    let (first, second) = (Upstream::answering("First."), Upstream::answering("Second."));
    let home = Home::with_config(&first.config());
    let mut editor = Editor::start(&home, Profile::vscode());
    let place = json!({"uri": editor.uri, "range": {"start": editor.position, "end": editor.position}});
    editor.client.run("aiex.explain", place.clone());
    assert!(editor.client.shown_text().contains("First."));
    // Work that takes long looks at the files itself, without waiting for a second to pass.
    home.configure(&second.config());
    editor.client.run("aiex.explain", place);
    assert!(editor.client.shown_text().contains("Second."));
}

#[test]
fn a_change_of_the_workspaces_file_is_noticed_when_the_editor_tells() {
    let home = Home::default();
    let folder = workspace(&home, None);
    let mut editor = Editor::start(&home, Profile::vscode().workspace(&folder));
    let registered = editor.client.next("client/registerCapability", |_| true);
    assert!(registered.to_string().contains(".aiex.toml"), "{registered}");
    assert!(is_brief(editor.hover().as_deref()));
    fs::write(folder.join(".aiex.toml"), "[hover]\nfacts = \"full\"\n").expect("the file");
    watched(&mut editor.client, &folder);
    editor.hover_until("full", is_full);
}

#[test]
fn a_change_of_the_editors_settings_is_asked_for() {
    let home = Home::default();
    let mut editor = Editor::start(&home, Profile::vscode().settings(json!({"hover": {"facts": "full"}})));
    editor.hover_until("full", is_full);
    editor.client.set_reply("workspace/configuration", json!([{"hover": {"facts": null}}]));
    editor.client.notify("workspace/didChangeConfiguration", json!({"settings": null}));
    editor.hover_until("brief", is_brief);
    let asked = editor.client.all("workspace/configuration");
    assert!(asked.iter().all(|params| params["items"][0]["section"] == "aiex"), "{asked:?}");
}

// Commands.

#[test]
fn config_path_says_where_the_file_belongs() {
    let home = Home::default();
    let path = |variables: &[(&str, &str)]| output(&home, home.path(), &["config", "path"], variables);
    assert_eq!(path(&[]), (Some(0), format!("{}\n", home.path().join("config.toml").display()), String::new()));
    assert_eq!(path(&[("AIEX_CONFIG", "/x/mine.toml")]).1, "/x/mine.toml\n");
    assert_eq!(path(&[("AIEX_HOME", ""), ("XDG_CONFIG_HOME", "/xdg")]).1, "/xdg/aiex/config.toml\n");
    assert_eq!(
        path(&[("AIEX_HOME", ""), ("XDG_CONFIG_HOME", ""), ("HOME", "/me")]).1,
        "/me/.config/aiex/config.toml\n"
    );
}

#[test]
fn config_show_has_every_key_in_both_forms_and_reads_back() {
    let home = Home::with_config("[limits]\ndaily_cost_usd = 2.5\n[hover]\nfacts = \"full\"\n");
    let show = |more: &[&str]| {
        let (code, stdout, stderr) = output(&home, home.path(), &[&["config", "show"], more].concat(), &[]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout
    };
    let (toml, json) = (show(&[]), show(&["--json"]));
    let from_toml: toml::Table = toml.parse().expect("TOML");
    let from_json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(serde_json::to_value(&from_toml).expect("values"), from_json);
    assert_eq!(from_json["hover"]["facts"], "full");
    assert_eq!(from_json["privacy"]["local_only"], false);
    assert_eq!(from_json["context"]["budget_tokens"], 8000);

    let again = Home::with_config(&toml);
    let (code, stdout, stderr) = output(&again, again.path(), &["config", "show"], &[]);
    assert_eq!((code, stderr.as_str(), stdout), (Some(0), "", toml));
}

// Keys.

#[test]
fn no_command_prints_a_key() {
    let literal = format!("[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\napi_key = \"{KEY}\"\n");
    let mistakes = [
        literal.clone(),
        "[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\napi_key = \"${PLANTED}\"\n".to_owned(),
        format!("api_key = \"{KEY}\"\n"),
        format!("[providers]\nwork = \"{KEY}\"\n"),
        format!("[providers.work]\napi_key = \"{KEY}\n"),
        format!("[providers.work]\napi_key = {KEY}\n"),
        format!("[providers.work]\nbase_url = \"http://me:{KEY}@127.0.0.1:9/v1\"\n"),
        format!("[providers.work]\nkind = \"{KEY}\"\n"),
        format!("[providers.work]\nallow_http = \"{KEY}\"\n"),
        format!("[trust]\nworkspaces = \"{KEY}\"\n"),
    ];
    let order = fixture("elixir_shop/lib/shop/order.ex").display().to_string();
    let mut leaks = Vec::new();
    for config in mistakes {
        let home = Home::with_config(&config);
        for arguments in [
            &["config", "show"][..],
            &["config", "show", "--json"],
            &["config", "check"],
            &["trust", "list"],
            &["trust", "add", "."],
            &["explain", &order, "--model", "work/m"],
        ] {
            let (_, stdout, stderr) = output(&home, home.path(), arguments, &[("PLANTED", KEY)]);
            if (stdout + &stderr).contains(KEY) {
                leaks.push(format!("{:?} prints the key of {config:?}", &arguments[..2]));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    let home = Home::with_config(&literal);
    let (_, stdout, _) = output(&home, home.path(), &["config", "show"], &[]);
    assert!(stdout.contains("api_key = \"*"), "that there is a key is shown: {stdout}");
}

/// Every file below a folder, as text.
fn all_text_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => text.push_str(&all_text_below(&path)),
            false => text.push_str(&String::from_utf8_lossy(&fs::read(&path).expect("a file"))),
        }
    }
    text
}

#[test]
fn neither_the_log_nor_the_editor_ever_sees_a_key() {
    // Some servers quote the key that they refuse.
    let refusal = format!("{{\"error\": {{\"message\": \"Incorrect API key provided: {KEY}.\"}}}}");
    let upstream =
        Upstream::serving(move |mut exchange| exchange.respond("401 Unauthorized", "application/json", &refusal));
    for level in ["", "warn,aiex=debug", "trace"] {
        let home = Home::with_config(&upstream.config().replace("sk-test-0123456789", KEY));
        let mut command = home.command(["lsp"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !level.is_empty() {
            command.env("AIEX_LOG", level);
        }
        let mut server = command.spawn().expect("the server starts");
        let mut input = server.stdin.take().expect("stdin");
        let uri = "file:///workspace/shop.ex";
        let source = SOURCE.replace("$0", "");
        for message in [
            json!({"id": 1, "method": "initialize", "params": {"capabilities": {}}}),
            json!({"method": "initialized", "params": {}}),
            json!({"method": "textDocument/didOpen", "params": {
                "textDocument": {"uri": uri, "languageId": "elixir", "version": 1, "text": source},
            }}),
            json!({"id": 2, "method": "workspace/executeCommand", "params": {
                "command": "aiex.explain", "arguments": [{"uri": uri}],
            }}),
        ] {
            let mut message = message;
            message["jsonrpc"] = "2.0".into();
            input.write_all(&frame(&message)).expect("the server reads");
        }
        let errors = server.stderr.take().expect("stderr");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            BufReader::new(errors).read_to_string(&mut log).expect("text");
            log
        });
        let mut output = BufReader::new(server.stdout.take().expect("stdout"));
        let mut said = Vec::new();
        // Frames have no line ends of their own: what follows one is read with the next header.
        while !String::from_utf8_lossy(&said).contains("window/showMessage") {
            assert_ne!(output.read_until(b'}', &mut said).expect("output"), 0, "{}", String::from_utf8_lossy(&said));
        }
        drop(input);
        output.read_to_end(&mut said).expect("output");
        server.wait().expect("the server ends");
        let said = String::from_utf8(said).expect("UTF-8");
        assert!(said.contains("401"), "{said}");
        assert!(!said.contains(KEY), "{said}");
        let log = log.join().expect("the log") + &all_text_below(&home.path().join("state"));
        assert!(log.contains("initialize"), "{log}");
        assert!(!log.contains(KEY), "the log at level {level:?} has the key");
        // Nor, but at the level of everything, what was asked.
        assert!(level == "trace" || !log.contains("Adds up all the lines"), "{log}");
    }
    assert_eq!(upstream.requests().len(), 3);
    assert_eq!(upstream.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
}
