//! Providers as a person configures them: keys, fallbacks, money, what is found by itself, and what is asked first.

use std::{fs, os::unix::fs::PermissionsExt as _};

use aiex_tests::{
    binary::{Home, fixture},
    client::{Client, Profile},
    upstream::{Exchange, Nobody, Upstream},
};
use serde_json::{Value, json};

use crate::{
    cli::{Ended, end},
    scene::{SHOP, Scene, URI},
};

const KEY: &str = "sk-test-0123456789";

fn ask(home: &Home) -> Ended {
    end(&mut home.command(["ask", "What is a monad?"]))
}

fn json_of(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&end(&mut home.command(arguments)).stdout).expect("JSON")
}

// Questions.

#[test]
fn a_question_is_answered_with_its_files() {
    let upstream = Upstream::answering("It is a box.");
    let home = Home::with_config(&upstream.config());
    let order = fixture("elixir_shop/lib/shop/order.ex");
    let mut command = home.command(["ask".as_ref(), "What is it?".as_ref(), "--file".as_ref(), order.as_os_str()]);
    assert_eq!(end(&mut command).done(), "It is a box.\n");
    let prompt = upstream.requests()[0].prompt();
    for part in ["What is it?", "lib/shop/order.ex", "defmodule Shop.Order"] {
        assert!(prompt.contains(part), "{part} in {prompt}");
    }
    assert!(!prompt.contains(&fixture("").display().to_string()), "the folders above are nobody's business");
}

#[test]
fn a_question_that_cannot_be_asked_is_said_in_a_sentence() {
    ask(&Home::default()).failed(&["no model", "aiex doctor"]);
    let upstream = Upstream::answering("no");
    let home = Home::with_config(&format!("{}[privacy]\nexclude = [\"*.ex\"]\n", upstream.config()));
    let order = fixture("elixir_shop/lib/shop/order.ex");
    end(&mut home.command(["ask".as_ref(), "What?".as_ref(), "--file".as_ref(), order.as_os_str()]))
        .failed(&["order.ex", "privacy.exclude"]);
    end(&mut home.command(["ask", " "])).failed(&["empty"]);
    end(&mut home.command(["ask", "What?", "--file", "/nowhere"])).failed(&["/nowhere", "cannot be read"]);
    assert_eq!(upstream.requests().len(), 0);
}

// Failover.

#[test]
fn a_fallback_answers_and_the_user_is_told() {
    let (nobody, upstream) = (Nobody::hold(), Upstream::answering("From the second."));
    let config = format!(
        "model = \"first/a\"\n[routing]\nfallbacks = [\"work/m\"]\n[providers.first]\nbase_url = \"{}\"\n{}",
        nobody.base_url(),
        upstream.config().lines().skip(1).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let home = Home::with_config(&config);
    let ended = ask(&home);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "From the second.\n"));
    assert!(ended.stderr.contains("Answered by work/m") && ended.stderr.contains("first"), "{}", ended.stderr);

    let mut scene = Scene::start(&home, Profile::vscode());
    scene.explain("add");
    let document = scene.client.shown_text();
    for part in ["From the second.", "explained by", "work/m", "refused the connection"] {
        assert!(document.contains(part), "{part} in {document}");
    }
}

#[test]
fn where_nobody_can_answer_one_sentence_says_why() {
    let (first, second) = (Nobody::hold(), Nobody::hold());
    let home = Home::with_config(&format!(
        "model = \"first/a\"\n[routing]\nfallbacks = [\"second/b\"]\n[providers.first]\nbase_url = \"{}\"\n[providers.second]\nbase_url = \"{}\"\n",
        first.base_url(),
        second.base_url(),
    ));
    ask(&home).failed(&["None of 2 models", "first (http", "second (http", "base_url"]);
}

// Money.

/// A model that costs a dollar for a thousand tokens, and may cost so much a day.
fn dear(upstream: &Upstream, limit: &str) -> String {
    let price = "[providers.work.models.m]\nprice = { input = 1000, output = 1000 }\noutput = 100\n";
    format!("{}{price}[limits]\ndaily_cost_usd = {limit}\n", upstream.config())
}

fn answer_with_usage(mut exchange: Exchange) {
    exchange.begin();
    exchange.delta("Yes.");
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 300, "completion_tokens": 200}});
    exchange.send(format!("data: {usage}\n\n"));
    exchange.finish();
}

#[test]
fn the_daily_limit_holds_before_each_request_across_processes() {
    let upstream = Upstream::serving(answer_with_usage);
    let home = Home::with_config(&dear(&upstream, "0.7"));
    assert_eq!(ask(&home).done(), "Yes.\n");
    let usage = json_of(&home, &["usage", "--json"]);
    assert_eq!(usage["daily_limit_usd"], 0.7);
    assert!((usage["today_usd"].as_f64().expect("a number") - 0.5).abs() < 1e-9, "{usage}");
    let row = &usage["usage"][0];
    assert_eq!(
        (&row["provider"], &row["model"], &row["input"], &row["output"]),
        (&json!("work"), &json!("m"), &json!(300), &json!(200))
    );
    assert_eq!((&row["requests"], &row["failed"], &row["estimated"]), (&json!(1), &json!(0), &json!(false)));

    let today = json_of(&home, &["usage", "--days", "1", "--json"]);
    assert_eq!(today["usage"], usage["usage"]);

    // A second of its price would pass it, from another process and from an editor.
    ask(&home).failed(&["limits.daily_cost_usd", "$0.70", "aiex usage"]);
    let mut scene = Scene::start(&home, Profile::vscode());
    scene.explain("add");
    scene.client.message(&["limits.daily_cost_usd"]);
    assert_eq!(upstream.requests().len(), 1);
    // What costs nothing goes on.
    home.configure(&dear(&upstream, "0.7").replace("1000", "0"));
    assert_eq!(ask(&home).done(), "Yes.\n");
}

#[test]
fn what_the_limit_cannot_count_is_said() {
    let upstream = Upstream::answering("Yes.");
    let home = Home::with_config(&format!("{}[limits]\ndaily_cost_usd = 1\n", upstream.config()));
    let ended = ask(&home);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "Yes.\n"));
    assert!(ended.stderr.contains("What work/m costs is not known"), "{}", ended.stderr);
    assert!(end(&mut home.command(["usage"])).stdout.contains('?'));
}

#[test]
fn a_workspace_lowers_the_limit_and_cannot_raise_it() {
    let upstream = Upstream::serving(answer_with_usage);
    let home = Home::with_config(&dear(&upstream, "0.7"));
    let folder = home.path().join("workspace");
    fs::create_dir(&folder).expect("a folder");
    for (limit, asked) in [("0.01", 0), ("1000", 1)] {
        fs::write(folder.join(".aiex.toml"), format!("[limits]\ndaily_cost_usd = {limit}\n")).expect("a file");
        let ended = end(home.command(["ask", "What?"]).current_dir(&folder));
        assert_eq!(ended.code, Some(1 - asked), "{}", ended.stderr);
        assert_eq!(upstream.requests().len(), asked as usize);
    }
}

#[test]
fn what_is_spent_cannot_be_looked_up_so_nothing_is_sent() {
    let upstream = Upstream::answering("Yes.");
    let home = Home::with_config(&dear(&upstream, "5"));
    fs::create_dir(home.path().join("data")).expect("a folder");
    fs::write(home.path().join("data/aiex.db"), "this is no database").expect("a file");
    ask(&home).failed(&["aiex.db", "nothing is sent"]);
    assert_eq!(upstream.requests().len(), 0);
    // Without a limit, a record is no condition of an answer.
    home.configure(&upstream.config());
    assert_eq!(ask(&home).stdout, "Yes.\n");
}

#[test]
fn the_database_is_the_owners_alone() {
    let upstream = Upstream::answering("Yes.");
    let home = Home::with_config(&upstream.config());
    ask(&home).done();
    let mode = |path: &str| fs::metadata(home.path().join(path)).expect(path).permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/aiex.db")), (0o700, 0o600));
    let shown = end(&mut home.command(["usage"])).done();
    assert!(shown.contains("work/m") && shown.contains('~'), "what was not reported is guessed, and marked: {shown}");
}

// Keys.

#[test]
fn a_program_prints_the_key_and_is_asked_again_when_it_is_refused() {
    let upstream = Upstream::serving(|mut exchange| match exchange.request.header("authorization") {
        Some("Bearer second") => exchange.answer("Yes."),
        _ => exchange.respond("401 Unauthorized", "application/json", "{\"error\": {\"message\": \"no\"}}"),
    });
    let home = Home::default();
    let keys = home.path().join("keys");
    fs::write(&keys, "first\nsecond\nthird\n").expect("a file");
    // Prints the first line and takes it out of the file.
    let script = format!("head -n1 '{0}'; sed -i 1d '{0}'", keys.display());
    home.configure(&format!(
        "model = \"work/m\"\n[providers.work]\nbase_url = \"{}\"\napi_key_command = [\"sh\", \"-c\", \"{script}\"]\n",
        upstream.base_url(),
    ));
    assert_eq!(ask(&home).done(), "Yes.\n");
    assert_eq!(upstream.requests().len(), 2);
    assert_eq!(fs::read_to_string(&keys).expect("the file"), "third\n");
    fs::write(&keys, "").expect("a file");
    ask(&home).failed(&["work", "API key", "`sh` printed nothing"]);
}

#[test]
fn a_key_in_the_environment_goes_to_its_own_address_alone() {
    let upstream = Upstream::answering("Yes.");
    let config = format!("model = \"openrouter/m\"\n[providers.openrouter]\nbase_url = \"{}\"\n", upstream.base_url());
    let home = Home::with_config(&config).with_variable("OPENROUTER_API_KEY", KEY);
    assert_eq!(ask(&home).done(), "Yes.\n");
    let request = &upstream.requests()[0];
    assert_eq!(request.header("authorization"), None);
    assert!(!request.headers.iter().any(|(_, value)| value.contains(KEY)));
}

#[test]
fn no_command_shows_a_key() {
    let refusing = |mut exchange: Exchange| {
        let key = exchange.request.header("authorization").or(exchange.request.header("x-api-key"));
        let said = format!("Incorrect API key: {}", key.unwrap_or_default());
        exchange.respond("401 Unauthorized", "application/json", &json!({"error": {"message": said}}).to_string());
    };
    let upstream = Upstream::serving(refusing);
    let config = format!(
        "{}headers = {{ x-extra = \"{KEY}-extra\" }}\n[providers.anthropic]\nbase_url = \"{}\"\napi_key = \"sk-ant-0123456789\"\n",
        upstream.config(),
        upstream.base_url(),
    );
    let home = Home::with_config(&config);
    for arguments in [
        &["providers"][..],
        &["providers", "--check", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["auth", "list"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["config", "check"],
        &["usage", "--json"],
        &["ask", "What?"],
    ] {
        let Ended { stdout, stderr, .. } = end(home.command(arguments).env("AIEX_LOG", "trace"));
        for key in [KEY, "sk-ant-0123456789"] {
            assert!(!stdout.contains(key) && !stderr.contains(key), "{arguments:?}: {stdout}{stderr}");
        }
    }
    let requests = upstream.requests();
    assert!(requests.iter().any(|request| request.header("x-extra").is_some()));
    assert!(requests.iter().any(|request| request.header("x-api-key") == Some("sk-ant-0123456789")));
    // Each has its own key alone.
    assert!(
        requests.iter().all(|request| request.header("x-extra").is_some() != request.header("x-api-key").is_some())
    );
}

#[test]
fn without_a_keychain_a_key_is_not_kept_in_plain_text() {
    let home = Home::default().with_variable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all");
    end(&mut home.command(["auth", "set", "openai"])).failed(&["keychain", "environment", "api_key_command"]);
    end(&mut home.command(["auth", "login", "openai"])).failed(&["aiex auth set openai"]);
    end(&mut home.command(["auth", "remove", "openai"])).failed(&["no key of `openai`"]);
    assert!(!home.path().join("data").exists());
}

#[test]
fn a_key_in_the_keychain_belongs_to_the_origin_that_it_was_set_for() {
    let upstream = Upstream::answering("Yes.");
    let config = format!("model = \"work/m\"\n[providers.work]\nbase_url = \"{}\"\n", upstream.base_url());
    let home = Home::with_config(&config).with_variable("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all");
    fs::create_dir(home.path().join("data")).expect("a folder");
    let keep = |origin: &str| {
        let entry = format!("[[keys]]\nprovider = \"work\"\norigin = \"{origin}\"\n");
        fs::write(home.path().join("data/keys.toml"), entry).expect("the list of keys");
    };
    keep("https://elsewhere.example");
    assert_eq!(ask(&home).done(), "Yes.\n");
    assert_eq!(upstream.requests()[0].header("authorization"), None);
    // That of this very origin is asked for, here in vain.
    keep(upstream.base_url().trim_end_matches("/v1"));
    ask(&home).failed(&["API key of work", "keychain"]);
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn a_proxy_of_the_environment_is_used_and_sees_no_key() {
    let proxy = Upstream::serving(|mut exchange| exchange.respond("502 Bad Gateway", "text/plain", "no way"));
    let address = proxy.base_url().replace("/v1", "");
    let config = format!(
        "model = \"work/m\"\n[providers.work]\nbase_url = \"https://models.invalid/v1\"\napi_key = \"{KEY}\"\n"
    );
    let home = Home::with_config(&config).with_variable("HTTPS_PROXY", &address).with_variable("NO_PROXY", "");
    ask(&home).failed(&["work", "proxy"]);
    let requests = proxy.requests();
    assert_eq!(requests[0].line, "CONNECT models.invalid:443 HTTP/1.1");
    assert!(requests.iter().all(|request| !format!("{request:?}").contains(KEY)));
    // Never to this computer itself.
    let upstream = Upstream::answering("Yes.");
    home.configure(&upstream.config());
    assert_eq!(end(home.command(["ask", "What?"]).env("HTTP_PROXY", &address)).done(), "Yes.\n");
}

// What is found by itself.

#[test]
fn a_server_on_this_computer_is_found_and_asked() {
    let upstream = Upstream::serving(|mut exchange| match exchange.request.line.as_str() {
        "GET /v1/models HTTP/1.1" => {
            let list = json!({"object": "list", "data": [{"id": "tiny"}, {"id": "other"}]});
            exchange.respond("200 OK", "application/json", &list.to_string());
        }
        _ => exchange.answer("Found."),
    });
    // At its usual port it needs no configuration; here it has another.
    let home = Home::with_config(&format!("[providers.llamacpp]\nbase_url = \"{}\"\n", upstream.base_url()));
    assert_eq!(ask(&home).done(), "Found.\n");
    assert_eq!(upstream.requests().last().expect("a request").json()["model"], "tiny");
    let doctor = end(&mut home.command(["doctor"]));
    assert!(doctor.stdout.contains("llamacpp/tiny, found on this computer"), "{}", doctor.stdout);
    // Not with a model of the user's own choice.
    home.configure(&format!("model = \"offline\"\n[providers.llamacpp]\nbase_url = \"{}\"\n", upstream.base_url()));
    ask(&home).failed(&["no model"]);
}

/// Where nothing speaks for sending code but a key in the environment.
fn detected(upstream: &Upstream) -> Home {
    let config = format!("[providers.openai]\nbase_url = \"{}\"\napi_key = \"{KEY}\"\n", upstream.base_url());
    Home::with_config(&config).with_variable("OPENAI_API_KEY", KEY)
}

fn open(home: &Home, profile: Profile) -> Client {
    let mut client = Client::start(home, profile.workspace(std::path::Path::new("/work")));
    client.open(URI, "elixir", SHOP);
    client
}

#[test]
fn the_first_send_of_a_workspace_asks_once_and_the_answer_is_kept() {
    let upstream = Upstream::answering("From the cloud.");
    let home = detected(&upstream);
    for (title, sent) in [(Value::Null, 0), (json!({"title": "Allow"}), 1), (json!({"title": "Allow"}), 2)] {
        // Each in an editor of its own.
        let mut client = open(&home, Profile::vscode());
        client.set_reply("window/showMessageRequest", title.clone());
        client.run("aiex.explain", json!({"uri": URI}));
        let shown = client.shown_text();
        assert_eq!(shown.contains("From the cloud."), sent > 0, "{shown}");
        assert_eq!(upstream.requests().len(), sent);
        let asked = client.all("window/showMessageRequest");
        assert_eq!(asked.len(), if sent < 2 { 1 } else { 0 }, "{asked:?}");
        for question in asked {
            let text = question["message"].as_str().expect("a question");
            for part in ["/work", "OPENAI_API_KEY", "127.0.0.1"] {
                assert!(text.contains(part) && !text.contains(KEY), "{part} in {text}");
            }
        }
    }
}

#[test]
fn a_no_is_kept_too_and_the_parse_answers() {
    let upstream = Upstream::answering("From the cloud.");
    let home = detected(&upstream);
    for asked in [1, 0] {
        let mut client = open(&home, Profile::vscode());
        client.set_reply("window/showMessageRequest", json!({"title": "Never from this workspace"}));
        client.run("aiex.explain", json!({"uri": URI}));
        assert!(client.shown_text().contains("no model was asked"));
        assert_eq!(client.all("window/showMessageRequest").len(), asked);
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn an_editor_that_cannot_ask_offers_the_answers_as_code_actions() {
    let upstream = Upstream::answering("From the cloud.");
    let home = detected(&upstream);
    let mut client = open(&home, Profile::helix());
    client.run("aiex.explain", json!({"uri": URI}));
    client.message(&["OPENAI_API_KEY", "Aiex: Allow sending code to"]);
    assert!(client.shown_text().contains("no model was asked"));
    let position = json!({"line": 0, "character": 12});
    let actions = client.code_actions(URI, &position, None);
    let titles: Vec<_> = actions.iter().filter_map(|action| action["title"].as_str()).collect();
    assert!(titles.iter().any(|title| title.starts_with("Aiex: Never send")), "{titles:?}");
    let allow = actions.iter().find(|action| action["title"].as_str().is_some_and(|title| title.contains("Allow")));
    let command = allow.expect("the action")["command"].clone();
    client.call("workspace/executeCommand", command);
    client.run("aiex.explain", json!({"uri": URI}));
    assert!(client.shown_text().contains("From the cloud."));
    assert!(client.code_actions(URI, &position, None).iter().all(|action| !action.to_string().contains("Allow")));
}

#[test]
fn where_nobody_can_be_asked_nothing_is_sent() {
    let upstream = Upstream::answering("From the cloud.");
    let home = detected(&upstream);
    ask(&home).failed(&["OPENAI_API_KEY", "--model openai/", "offline"]);
    assert_eq!(upstream.requests().len(), 0);
    // A choice of one's own needs no question.
    let ended = end(&mut home.command(["ask", "What?", "--model", "openai/m"]));
    assert_eq!(ended.done(), "From the cloud.\n");
}

#[test]
fn an_answer_about_sending_is_forgotten_on_demand() {
    let home = Home::default();
    let ended = end(&mut home.command(["auth", "forget"]));
    assert!(ended.code == Some(0) && ended.stderr.contains("Forgot 0 answers"), "{}", ended.stderr);
}

// What people see.

#[test]
fn providers_are_listed_with_their_states() {
    let upstream = Upstream::serving(|mut exchange| {
        exchange.respond("200 OK", "application/json", &json!({"data": [{"id": "m"}]}).to_string());
    });
    let nobody = Nobody::hold();
    let config = format!(
        "{}[providers.dead]\nbase_url = \"{}\"\n[providers.openai]\n[providers.odd]\n",
        upstream.config(),
        nobody.base_url()
    );
    let home = Home::with_config(&config);
    let listed = json_of(&home, &["providers", "--check", "--json"]);
    let state = |name: &str| {
        let found = listed.as_array().expect("a list").iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {listed}")).clone()
    };
    assert_eq!(
        (&state("work")["state"], &state("work")["model"], &state("work")["kind"]),
        (&json!("ok"), &json!("m"), &json!("openai"))
    );
    assert!(state("work")["latency_ms"].is_u64());
    assert_eq!(state("dead")["state"], "unreachable");
    assert_eq!(state("openai")["state"], "no_key");
    assert!(state("openai")["detail"].as_str().is_some_and(|detail| detail.contains("OPENAI_API_KEY")));
    assert_eq!(state("odd")["state"], "error");
    // Without --check nothing is sent.
    let before = upstream.requests().len();
    let shown = end(&mut home.command(["providers"]));
    assert!(shown.stdout.contains("work") && shown.stderr.contains("--check"), "{}", shown.stdout);
    assert_eq!(upstream.requests().len(), before);
}

#[test]
fn the_doctor_says_what_would_mend_it() {
    let doctor = |config: &str| end(&mut Home::with_config(config).command(["doctor"]));
    let well = doctor("");
    assert_eq!(well.code, Some(0), "{}", well.stdout);
    for part in ["configuration", "answers from the parse", "ollama pull", "spent today"] {
        assert!(well.stdout.contains(part), "{part} in {}", well.stdout);
    }
    let nobody = Nobody::hold();
    let dead = format!("model = \"work/m\"\n[providers.work]\nbase_url = \"{}\"\n", nobody.base_url());
    for (config, parts) in [
        (dead.as_str(), &["work", "refused the connection", "[providers.work]"][..]),
        ("model = \"openai/m\"\n", &["openai has no key", "OPENAI_API_KEY", "aiex auth set openai"]),
        ("modle = \"x\"\n", &["`modle`", "aiex config check"]),
        ("model = \"nobody/m\"\n", &["`nobody` is not configured"]),
    ] {
        let ill = doctor(config);
        assert_eq!(ill.code, Some(1), "{}", ill.stdout);
        for part in parts {
            assert!(ill.stdout.contains(part), "{part} in {}", ill.stdout);
        }
    }
}
