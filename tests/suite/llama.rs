//! Against a real model server: llama.cpp, with a tiny model whose answer is always the same text.

use std::{path::PathBuf, process::Stdio};

use aiex_tests::{
    binary::{Home, fixture},
    client::{Client, Profile, mark},
    setup::TinyModel,
};
use serde_json::json;

/// A fixture's text and URI, and the position of a piece of it.
fn order() -> (String, String, usize) {
    let path = fixture("elixir_shop/lib/shop/order.ex");
    let text = std::fs::read_to_string(&path).expect("the fixture");
    let (_, offset) = mark(&text.replacen("def transition(", "def $0transition(", 1));
    (text, format!("file://{}", path.display()), offset)
}

fn fixture_place(place: &str) -> PathBuf {
    fixture(&format!("elixir_shop/lib/shop/{place}"))
}

#[test]
fn the_command_line_streams_exactly_what_the_model_says() {
    let Some(model) = TinyModel::start() else { return };
    let home = Home::with_config(&model.config());
    for place in ["order.ex", "order.ex:36", "order.ex:36:7"] {
        let output =
            home.command(["explain".into(), fixture_place(place)]).stdin(Stdio::null()).output().expect("runs");
        assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), format!("{}\n", TinyModel::text()), "{place}");
        assert_eq!(String::from_utf8(output.stderr).expect("UTF-8"), "");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_flag_names_the_model_over_the_configuration() {
    let Some(model) = TinyModel::start() else { return };
    let config = model.config().replacen(&format!("model = \"tiny/{}\"", TinyModel::NAME), "model = \"offline\"", 1);
    let home = Home::with_config(&config);
    let place = fixture_place("order.ex:36");
    let explain = |flags: &[&str]| {
        let mut command = home.command(["explain".as_ref(), place.as_os_str()]);
        let output = command.args(flags).stdin(Stdio::null()).output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(!explain(&[]).contains("tiny model"));
    assert_eq!(explain(&["--model", "tiny/tiny-model"]), format!("{}\n", TinyModel::text()));
}

#[test]
fn an_editor_shows_the_models_text_and_hovers_it_afterwards() {
    let Some(model) = TinyModel::start() else { return };
    let home = Home::with_config(&model.config());
    let (text, uri, offset) = order();
    let mut editor = Client::start(&home, Profile::vscode());
    editor.open(&uri, "elixir", &text);
    let position = editor.position(&text, offset);
    let before = editor.hover(&uri, &position).expect("a hover");
    assert!(!before.contains("tiny model"), "{before}");

    let run = editor.run("aiex.explain", json!({"uri": uri, "range": {"start": position, "end": position}}));
    let document = editor.shown_text();
    assert!(document.contains(&TinyModel::text()), "{document}");
    assert!(document.contains("Shop.Order.transition/2"), "{document}");
    assert!(document.contains("tiny/tiny-model"), "{document}");

    let token = json!(format!("aiex/run/{run}"));
    let stages = editor.progress(&token);
    assert_eq!(stages.first().map(|stage| &stage["kind"]), Some(&json!("begin")), "{stages:?}");
    let asking = |stage: &serde_json::Value| {
        stage["kind"] == "report"
            && stage["message"].as_str().is_some_and(|message| message.contains("tiny/tiny-model"))
    };
    assert!(stages.iter().any(asking), "{stages:?}");

    let after = editor.hover(&uri, &position).expect("a hover");
    assert!(after.starts_with(&before), "{after}");
    assert!(after.contains(&TinyModel::text()), "{after}");
}

#[test]
fn a_wrong_address_of_a_real_server_is_told_from_a_wrong_model() {
    let Some(model) = TinyModel::start() else { return };
    // The interface is below /v1; without it, llama.cpp answers 404.
    let config = model.config().replace("/v1\"", "/v2\"");
    let home = Home::with_config(&config);
    let mut command = home.command(["explain".into(), fixture_place("order.ex:36")]);
    let output = command.stdin(Stdio::null()).output().expect("runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8").trim(), "");
    assert!(said.contains("404") && said.contains("base_url"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn a_prompt_that_a_real_server_finds_too_long_is_shortened_and_that_is_said() {
    let Some(model) = TinyModel::start() else { return };
    let home = Home::with_config(&format!("{}[context]\nbudget_tokens = 60000\n", model.config()));
    // More than the model's context length: a token a byte.
    let long = home.path().join("long.txt");
    std::fs::write(&long, "x é ".repeat(40_000)).expect("a file");
    let output = home.command(["explain".into(), long]).stdin(Stdio::null()).output().expect("runs");
    let (said, shown) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    // The server refuses the first prompt, with numbers, and answers the second.
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(shown, format!("{}\n", TinyModel::text()));
    assert!(said.contains("shortened to fit into the model's context"), "{said}");
}
