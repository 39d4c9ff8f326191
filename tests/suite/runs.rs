//! Runs: each has one outcome, and every way to stop one closes its connection to the model.

use aiex_tests::{
    client::{at, command_params, did_change, frame, notification},
    upstream::{Exchange, Upstream},
};
use serde_json::{Value, json};

use crate::scene::{EDITABLE, Scene, URI, token};

/// A run that has asked the model, which has not answered.
fn begun(function: &str) -> (Upstream, Scene, u64, Exchange) {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (run, exchange) = scene.ask(function, &upstream);
    (upstream, scene, run, exchange)
}

#[test]
fn cancelling_a_run_by_its_id_closes_its_connection() {
    let (_upstream, mut scene, run, mut exchange) = begun("add");
    let answer = scene.client.execute("aiex.cancel", json!({"run": run}));
    assert_eq!(answer, json!({"stopped": [run]}));
    exchange.wait_closed();
    scene.wait_stopped(run);
    assert_eq!(scene.client.execute("aiex.cancel", json!({"run": run})), json!({"stopped": []}));
    let (shown, messages) = scene.outcomes();
    assert_eq!((shown, messages.len()), (0, 1), "{messages:?}");
}

#[test]
fn cancelling_in_the_middle_of_an_answer_closes_its_connection() {
    let (_upstream, mut scene, run, mut exchange) = begun("add");
    exchange.begin();
    exchange.delta("It ");
    scene
        .client
        .next("$/progress", |params| params["value"]["message"].as_str().is_some_and(|text| text.contains("bytes")));
    scene.client.execute("aiex.cancel", json!({"run": run}));
    exchange.wait_closed();
    scene.wait_stopped(run);
    assert_eq!(scene.answers(), Vec::<std::path::PathBuf>::new());
    assert!(!scene.hover("add").unwrap().contains("It "));
}

#[test]
fn cancelling_without_an_id_stops_all() {
    let (upstream, mut scene, first, mut exchange) = begun("add");
    let (second, mut other) = scene.ask("clear", &upstream);
    assert_eq!(scene.client.execute("aiex.cancel", Value::Null), json!({"stopped": [first, second]}));
    exchange.wait_closed();
    other.wait_closed();
    scene.wait_stopped(first);
    scene.wait_stopped(second);
    assert_eq!(scene.client.execute("aiex.cancel", json!({})), json!({"stopped": []}));
}

#[test]
fn cancelling_one_leaves_the_others() {
    let (upstream, mut scene, first, mut exchange) = begun("add");
    let (_, mut other) = scene.ask("clear", &upstream);
    scene.client.execute("aiex.cancel", json!({"run": first}));
    exchange.wait_closed();
    other.answer("It clears.");
    assert!(scene.client.shown_text().contains("It clears."));
}

#[test]
fn the_editors_cancel_button_closes_the_connection() {
    let (_upstream, mut scene, run, mut exchange) = begun("add");
    scene.client.notify("window/workDoneProgress/cancel", json!({"token": token(run)}));
    exchange.wait_closed();
    scene.wait_stopped(run);
}

#[test]
fn the_stop_action_is_there_while_something_runs_and_closes_the_connection() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    assert_eq!(scene.titles("add"), EDITABLE);
    let (run, mut exchange) = scene.ask("add", &upstream);
    assert_eq!(
        scene.titles("clear"),
        ["Aiex: Explain", "Aiex: Refactor…", "Aiex: Document", "Aiex: Generate tests", "Aiex: Stop"]
    );
    let place = scene.place("add");
    let actions = scene.client.code_actions(URI, &place, None);
    let stop = actions.iter().find(|action| action["title"] == "Aiex: Stop").unwrap();
    scene.client.call("workspace/executeCommand", stop["command"].clone());
    exchange.wait_closed();
    scene.wait_stopped(run);
    assert_eq!(scene.titles("add"), EDITABLE);
}

#[test]
fn closing_the_document_closes_the_connection_and_says_nothing() {
    let (_upstream, mut scene, run, mut exchange) = begun("add");
    scene.client.close(URI);
    exchange.wait_closed();
    scene.wait_end(run);
    assert_eq!(scene.outcomes(), (0, vec![]));
}

#[test]
fn closing_another_document_stops_nothing() {
    let (_upstream, mut scene, _, mut exchange) = begun("add");
    scene.client.open("file:///work/lib/other.ex", "elixir", "defmodule Other do\nend\n");
    scene.client.close("file:///work/lib/other.ex");
    exchange.answer("It adds.");
    assert!(scene.client.shown_text().contains("It adds."));
}

#[test]
fn a_change_that_cannot_be_understood_closes_the_connection() {
    let (_upstream, mut scene, run, mut exchange) = begun("add");
    scene.client.change(URI, 2, json!([{"range": "none", "text": ""}]));
    exchange.wait_closed();
    scene.wait_end(run);
    scene.client.message(&["shop.ex"]);
}

#[test]
fn shutdown_closes_the_connection_and_says_nothing() {
    let (_upstream, mut scene, _, mut exchange) = begun("add");
    scene.client.shutdown();
    exchange.wait_closed();
    scene.client.notify("exit", Value::Null);
    assert_eq!(scene.client.exit_code(), 0);
    assert_eq!(scene.client.messages(), vec![]);
}

#[test]
fn exit_alone_closes_the_connection() {
    let (_upstream, mut scene, _, mut exchange) = begun("add");
    scene.client.notify("exit", Value::Null);
    exchange.wait_closed();
    assert_eq!(scene.client.exit_code(), 1);
}

#[test]
fn the_same_question_again_supersedes_the_one_before() {
    let (upstream, mut scene, first, mut exchange) = begun("add");
    let (second, mut again) = scene.ask("add", &upstream);
    assert_ne!(first, second);
    exchange.wait_closed();
    again.answer("It adds.");
    assert!(scene.client.shown_text().contains("It adds."));
    scene.wait_end(first);
    scene.wait_end(second);
    assert_eq!(scene.outcomes(), (1, vec![]), "the first one's end is no news");
}

#[test]
fn the_same_question_right_after_a_change_supersedes_the_one_before() {
    let (upstream, mut scene, _, mut exchange) = begun("add");
    // In one write, so that the command finds a text that was not parsed yet.
    let range = json!({"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 4}});
    let change = notification("textDocument/didChange", did_change(URI, 2, json!([{"range": range, "text": " "}])));
    let place = scene.place("add");
    let params = command_params("aiex.explain", at(URI, &place));
    let (id, command) = scene.client.prepare("workspace/executeCommand", params);
    scene.client.write([frame(&change), frame(&command)].concat());
    scene.client.wait(id);
    let mut again = upstream.next();
    exchange.wait_closed();
    again.answer("It adds.");
    scene.client.shown();
}

#[test]
fn two_symbols_of_a_document_that_is_not_parsed_yet_are_two_questions() {
    const BIG: &str = "file:///work/big.rs";
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let text: String = (0..5000).map(|number| format!("fn f{number}() {{ g(a.b({number})) }}\n")).collect();
    // In one write, so that no parse gets in between.
    let document = json!({"uri": BIG, "languageId": "rust", "version": 1, "text": text});
    let mut burst = frame(&notification("textDocument/didOpen", json!({"textDocument": document})));
    let ids = [0, 1].map(|line| {
        let params = command_params("aiex.explain", at(BIG, &json!({"line": line, "character": 4})));
        let (id, command) = scene.client.prepare("workspace/executeCommand", params);
        burst.extend(frame(&command));
        id
    });
    scene.client.write(burst);
    ids.into_iter().for_each(|id| _ = scene.client.wait(id));
    for mut exchange in [upstream.next(), upstream.next()] {
        exchange.answer("It calls.");
        scene.client.shown();
    }
}

#[test]
fn a_struct_and_its_impl_are_two_questions() {
    const RUST: &str = "file:///work/a.rs";
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    scene.client.open(RUST, "rust", "struct Cart;\n\nimpl Cart {\n    fn add(&self) {}\n}\n");
    let exchanges = [(0, 8), (2, 6)].map(|(line, character)| {
        scene.client.run("aiex.explain", at(RUST, &json!({"line": line, "character": character})));
        upstream.next()
    });
    for (mut exchange, answer) in exchanges.into_iter().zip(["It holds.", "It does."]) {
        exchange.answer(answer);
        assert!(scene.client.shown_text().contains(answer));
    }
}

#[test]
fn another_place_in_the_same_symbol_is_the_same_question() {
    let (upstream, mut scene, _, mut exchange) = begun("add");
    let place = json!({"line": 4, "character": 8});
    scene.client.run("aiex.explain", at(URI, &place));
    let mut again = upstream.next();
    exchange.wait_closed();
    again.answer("It adds.");
    scene.client.shown();
}

#[test]
fn another_symbol_and_another_instruction_are_other_questions() {
    let (upstream, mut scene, first, exchange) = begun("add");
    let (second, other) = scene.ask("clear", &upstream);
    let mut argument = at(URI, &scene.place("add"));
    argument["instruction"] = "for a child".into();
    let third = scene.client.run("aiex.explain", argument);
    let instructed = upstream.next();
    for (number, mut exchange) in [exchange, other, instructed].into_iter().enumerate() {
        exchange.answer(&format!("Answer {number}."));
        assert!(scene.client.shown_text().contains(&format!("Answer {number}.")));
    }
    [first, second, third].into_iter().for_each(|run| scene.wait_end(run));
    assert_eq!(scene.outcomes(), (3, vec![]));
}

#[test]
fn an_instruction_is_sent_to_the_model() {
    let upstream = Upstream::answering("Once upon a time.");
    let mut scene = Scene::with_model(&upstream);
    let mut argument = at(URI, &scene.place("add"));
    argument["instruction"] = "as if for a child of six".into();
    scene.client.run("aiex.explain", argument);
    scene.client.shown();
    let prompt = upstream.requests()[0].prompt();
    assert!(prompt.contains("as if for a child of six"), "{prompt}");
}

#[test]
fn many_runs_have_one_outcome_each() {
    let upstream = Upstream::serving(|mut exchange| {
        if exchange.request.prompt().contains("Shop.clear/1") {
            exchange.respond("400 Bad Request", "text/plain", "no");
        } else {
            exchange.answer("It adds.");
        }
    });
    let mut scene = Scene::with_model(&upstream);
    for _ in 0..10 {
        let answered = scene.explain("add");
        let failed = scene.explain("clear");
        scene.client.shown();
        scene.client.message(&["work"]);
        scene.wait_end(answered);
        scene.wait_end(failed);
    }
    let (shown, messages) = scene.outcomes();
    assert_eq!((shown, messages.len()), (10, 10), "{messages:?}");
}

#[test]
fn a_run_can_be_stopped_though_the_editor_never_answered_for_its_progress() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    scene.client.never_reply("window/workDoneProgress/create");
    let run = scene.explain("add");
    assert_eq!(scene.client.execute("aiex.cancel", json!({"run": run})), json!({"stopped": [run]}));
    scene.client.message(&["stopped"]);
    assert_eq!(scene.titles("add"), EDITABLE);
}

#[test]
fn a_run_does_its_work_though_the_editor_never_answered_for_its_progress() {
    let upstream = Upstream::answering("It adds.");
    let mut scene = Scene::with_model(&upstream);
    scene.client.never_reply("window/workDoneProgress/create");
    scene.explain("add");
    scene.client.shown();
}
