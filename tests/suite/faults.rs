//! A model's endpoint that fails: one error message that names the provider and what to do, and nothing else.

use aiex_tests::{
    binary::Home,
    client::Profile,
    upstream::{Exchange, Nobody, Upstream, event, last_events},
};

use crate::scene::{EDITABLE, PLANTED, Scene};

const HTML: &str = "<!DOCTYPE html><html><head><title>Gateway page</title></head><body><h1>Oh no</h1></body></html>";

/// Asserts that the explanation fails with this one message, which has all of these parts in it.
#[track_caller]
fn assert_fails(mut scene: Scene, parts: &[&str]) -> String {
    let run = scene.explain("add");
    let message = scene.client.message(&["Aiex: Explain", "work"]);
    assert_eq!(message.kind, 1, "{message:?}");
    for part in parts {
        assert!(message.text.contains(part), "{part:?} in {message:?}");
    }
    for never in [PLANTED, "sk-test-0123456789", "def add", "<html", "<h1", "<title"] {
        assert!(!message.text.contains(never), "{never} in {message:?}");
    }
    let progress = scene.client.progress(&crate::scene::token(run));
    assert_eq!(progress.iter().filter(|value| value["kind"] == "end").count(), 1);
    assert_eq!(scene.titles("add"), EDITABLE, "it is over, and there is no answer to open");
    assert_eq!(scene.outcomes(), (0, vec![message.clone()]));
    assert_eq!(scene.answers(), Vec::<std::path::PathBuf>::new());
    let log = scene.client.log();
    for never in [PLANTED, "sk-test-0123456789"] {
        assert!(!log.contains(never), "{never} in {log}");
    }
    message.text
}

/// Asserts that what came of an answer is shown, with word of why it ends there, and kept for no hover.
#[track_caller]
fn assert_partial(mut scene: Scene, parts: &[&str]) {
    let document = scene.client.shown_text();
    for part in ["It adds", "The answer broke off here", "work"].iter().chain(parts) {
        assert!(document.contains(part), "{part:?} in {document}");
    }
    assert_eq!(scene.outcomes(), (1, vec![]));
    assert!(!scene.hover("add").unwrap().contains("It adds"));
}

/// An endpoint that begins to answer every request and breaks off so.
#[track_caller]
fn assert_breaks(fault: impl Fn(Exchange) + Send + Sync + 'static, parts: &[&str]) {
    let upstream = Upstream::serving(fault);
    let mut scene = Scene::with_model(&upstream);
    scene.explain("add");
    assert_partial(scene, parts);
    assert_eq!(upstream.requests().len(), 1, "what was shown is not asked for again");
}

/// An endpoint that treats every request so.
#[track_caller]
fn assert_fault(fault: impl Fn(Exchange) + Send + Sync + 'static, parts: &[&str]) -> String {
    let upstream = Upstream::serving(fault);
    assert_fails(Scene::with_model(&upstream), parts)
}

/// An endpoint that answers with this status and a page of HTML.
#[track_caller]
fn assert_status(status: &'static str, parts: &[&str]) {
    let message = assert_fault(move |mut exchange| exchange.respond(status, "text/html", HTML), parts);
    assert!(message.contains("Gateway page"), "{message}");
}

#[test]
fn nobody_listens() {
    let nobody = Nobody::hold();
    let config = format!("model = \"work/m\"\n[providers.work]\nbase_url = \"{}\"\n", nobody.base_url());
    let scene = Scene::start(&Home::with_config(&config), Profile::vscode());
    assert_fails(scene, &["refused", "127.0.0.1", "base_url"]);
}

#[test]
fn the_connection_closes_without_an_answer() {
    assert_fault(drop, &["broke", "Check your network connection"]);
}

#[test]
fn the_connection_is_reset_before_the_answer() {
    assert_fault(Exchange::reset, &["broke", "Check your network connection"]);
}

#[test]
fn the_connection_is_reset_within_the_answer() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (_, mut exchange) = scene.ask("add", &upstream);
    exchange.begin_chunked();
    exchange.chunk(event("It adds"));
    scene
        .client
        .next("$/progress", |params| params["value"]["message"].as_str().is_some_and(|text| text.contains("bytes")));
    exchange.reset();
    assert_partial(scene, &["broke", "ask again"]);
}

#[test]
fn the_answer_ends_within_an_event() {
    let half = |mut exchange: Exchange| {
        exchange.begin();
        exchange.send(event("It adds"));
        let next = event(" an item");
        exchange.send(&next[..next.len() / 2]);
    };
    assert_breaks(half, &["without saying that it was complete", "Ask again"]);
}

#[test]
fn the_answer_ends_between_events_and_is_not_complete() {
    let cut = |mut exchange: Exchange| {
        exchange.begin_chunked();
        exchange.chunk(event("It adds"));
        exchange.send("0\r\n\r\n");
    };
    assert_breaks(cut, &["without saying that it was complete", "Ask again"]);
}

#[test]
fn the_answer_ends_without_its_last_http_chunk() {
    let cut = |mut exchange: Exchange| {
        exchange.begin_chunked();
        exchange.chunk(event("It adds"));
    };
    assert_breaks(cut, &["Ask again"]);
}

#[test]
fn an_event_is_not_json() {
    let garbled = |mut exchange: Exchange| {
        exchange.begin();
        exchange.send("data: {\"choices\": [oh no\n\n");
    };
    assert_fault(garbled, &["could not be read", "Ask again"]);
}

#[test]
fn the_answer_is_empty() {
    let empty = |mut exchange: Exchange| {
        exchange.begin();
        exchange.send(last_events());
    };
    assert_fault(empty, &["nothing", "try again"]);
}

#[test]
fn a_web_page_answers() {
    let page = |mut exchange: Exchange| exchange.respond("200 OK", "text/html", HTML);
    assert_fault(page, &["base_url"]);
}

#[test]
fn status_401_is_about_the_key() {
    assert_status("401 Unauthorized", &["API key", "401", "Check the key"]);
}

#[test]
fn status_404_is_about_the_model_or_the_address() {
    assert_status("404 Not Found", &["`m`", "base_url", "404"]);
}

#[test]
fn status_429_is_about_a_wait() {
    assert_status("429 Too Many Requests", &["limits", "Try again"]);
}

#[test]
fn status_500_is_about_the_server() {
    assert_status("500 Internal Server Error", &["500", "Try again"]);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Upstream::answering("Caught.");
    let target = format!("{}/chat/completions", elsewhere.base_url());
    let redirect = move |mut exchange: Exchange| {
        exchange.send(format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"));
    };
    assert_fault(redirect, &["redirects", "base_url"]);
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn what_an_error_repeats_of_prompt_and_key_is_shown_nowhere() {
    let echo = |mut exchange: Exchange| {
        let key = exchange.request.header("authorization").unwrap_or_default().to_owned();
        let said = serde_json::json!({"error": {"message": format!("bad input {}, {key}", exchange.request.prompt())}});
        exchange.respond("400 Bad Request", "application/json", &said.to_string());
    };
    assert_fault(echo, &["400", "bad input"]);
}

#[test]
fn a_character_split_over_packets_is_whole_in_the_answer() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    let (_, mut exchange) = scene.ask("add", &upstream);
    exchange.begin_chunked();
    for byte in event("Fügt 𝄞 und 世界 hinzu.").into_bytes() {
        exchange.chunk([byte]);
    }
    exchange.chunk(last_events());
    exchange.send("0\r\n\r\n");
    let document = scene.client.shown_text();
    assert!(document.contains("Fügt 𝄞 und 世界 hinzu."), "{document}");
}

#[test]
fn a_failure_that_passes_is_never_seen() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    scene.explain("add");
    upstream.next().respond("503 Service Unavailable", "text/html", HTML);
    upstream.next().answer("It adds.");
    assert!(scene.client.shown_text().contains("It adds."));
    assert_eq!(scene.outcomes(), (1, vec![]));
}

#[test]
fn the_server_is_well_after_a_failure() {
    let upstream = Upstream::start();
    let mut scene = Scene::with_model(&upstream);
    scene.explain("add");
    // As often as one is asked.
    for _ in 0..3 {
        upstream.next().respond("503 Service Unavailable", "text/html", HTML);
    }
    assert_eq!(scene.client.message(&["work", "503", "Try again"]).kind, 1);
    scene.explain("add");
    upstream.next().answer("It adds.");
    assert!(scene.client.shown_text().contains("It adds."));
}
