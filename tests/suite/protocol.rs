//! The protocol itself: order, errors, malformed input, cancelling, the end. Each over the real process and its pipes.

use std::process::{Command, Stdio};

use aiex_tests::{
    binary::Home,
    client::{Client, Profile, at, frame, notification},
    upstream::Upstream,
};
use serde_json::{Value, json};

const URI: &str = "file:///work/a.rs";
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

fn hover_at_start() -> Value {
    at(URI, &json!({"line": 0, "character": 4}))
}

/// A server that is started and not initialized.
fn fresh() -> Client {
    Client::spawn(&Home::default(), &["lsp"])
}

/// A server that asks its editor nothing, so that no answer gets between the bytes of a test.
fn silent() -> Client {
    Client::start(&Home::default(), Profile::minimal())
}

/// Asserts that the server is well and answers.
#[track_caller]
fn assert_answers(client: &mut Client) {
    client.open(URI, "rust", "fn still_here() {}\n");
    let shown = client.hover(URI, &json!({"line": 0, "character": 4})).expect("a hover");
    assert!(shown.contains("still_here"), "{shown}");
}

#[test]
fn the_server_says_who_it_is_and_what_it_can() {
    let mut client = fresh();
    let answer = client.initialize(Profile::vscode());
    assert_eq!(answer["serverInfo"]["name"], "aiex");
    let can = &answer["capabilities"];
    assert_eq!(can["textDocumentSync"]["openClose"], true);
    assert_eq!(can["textDocumentSync"]["change"], 2, "incremental");
    assert_eq!(can["hoverProvider"], true);
    assert_eq!(can["codeActionProvider"]["resolveProvider"], false);
    let commands = can["executeCommandProvider"]["commands"].as_array().unwrap();
    for command in ["aiex.explain", "aiex.cancel", "aiex.openLastAnswer"] {
        assert!(commands.contains(&command.into()), "{command} in {commands:?}");
    }
}

#[test]
fn the_stdio_flag_of_vscode_is_accepted() {
    let mut client = Client::spawn(&Home::default(), &["lsp", "--stdio"]);
    client.initialize(Profile::vscode());
    assert_answers(&mut client);
}

#[test]
fn the_first_encoding_that_the_editor_offers_is_spoken() {
    let offers = [
        (json!(["utf-8", "utf-16", "utf-32"]), "utf-8"),
        (json!(["utf-32", "utf-8"]), "utf-32"),
        (json!(["utf-16"]), "utf-16"),
        (json!(["utf-7", "utf-32"]), "utf-32"),
        (json!([]), "utf-16"),
        (Value::Null, "utf-16"),
    ];
    for (offer, agreed) in offers {
        let mut client = fresh();
        let profile = Profile::vscode().capability("/general/positionEncodings", offer.clone());
        let answer = client.initialize(profile);
        assert_eq!(answer["capabilities"]["positionEncoding"], agreed, "{offer}");

        // Four bytes, two UTF-16 units and one character; then two, one and one.
        let position = client.open_marked(URI, "rust", "/* 𝄞é */ fn nä$0me() {} /* 𝄞 */\nfn other() {}\n");
        let hover = client.call("textDocument/hover", at(URI, &position));
        let shown = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(shown.contains("näme"), "{agreed}: {shown}");
        let text = "/* 𝄞é */ fn näme";
        let (start, end) = (text.find("näme").unwrap(), text.len());
        let range = json!({"start": client.position(text, start), "end": client.position(text, end)});
        assert_eq!(hover["range"], range, "{agreed}");
    }
}

#[test]
fn nothing_is_answered_before_initialize() {
    let mut client = fresh();
    for method in ["textDocument/hover", "workspace/executeCommand", "shutdown"] {
        assert_eq!(client.call_error(method, Value::Null).code, NOT_INITIALIZED, "{method}");
    }
    // Passed over, as the specification says.
    client.open(URI, "rust", "fn early() {}\n");
    client.initialize(Profile::vscode());
    assert_eq!(client.call("textDocument/hover", hover_at_start()), Value::Null);
    assert_answers(&mut client);
}

#[test]
fn before_initialize_an_unknown_request_is_as_early_as_any_other() {
    let mut client = fresh();
    assert_eq!(client.call_error("aiex/unknown", json!({})).code, NOT_INITIALIZED);
    client.initialize(Profile::vscode());
}

#[test]
fn nothing_is_answered_after_shutdown() {
    let mut client = Client::vscode();
    client.shutdown();
    for method in ["textDocument/hover", "shutdown", "initialize"] {
        assert_eq!(client.call_error(method, json!({})).code, INVALID_REQUEST, "{method}");
    }
}

#[test]
fn a_malformed_initialize_is_refused_and_a_good_one_may_follow() {
    let mut client = fresh();
    for params in [Value::Null, json!({}), json!({"capabilities": 7}), json!({"capabilities": {}, "processId": "x"})] {
        assert_eq!(client.call_error("initialize", params.clone()).code, INVALID_PARAMS, "{params}");
    }
    client.initialize(Profile::vscode());
    assert_answers(&mut client);
}

#[test]
fn shutdown_and_exit_may_have_parameters_that_say_nothing() {
    for params in [json!(null), json!({}), json!([])] {
        let mut client = Client::vscode();
        client.send(&json!({"jsonrpc": "2.0", "id": 900, "method": "shutdown", "params": params}));
        assert_eq!(client.wait(900), Value::Null, "{params}");
        client.send(&json!({"jsonrpc": "2.0", "method": "exit", "params": params}));
        assert_eq!(client.exit_code(), 0, "{params}");
    }
}

#[test]
fn a_second_initialize_is_an_error_and_changes_nothing() {
    let mut client = Client::vscode();
    let params = Profile::helix().initialize_params();
    assert_eq!(client.call_error("initialize", params).code, INVALID_REQUEST);
    assert_answers(&mut client);
}

#[test]
fn unknown_requests_are_refused_and_unknown_notifications_passed_over() {
    let mut client = Client::vscode();
    for method in ["aiex/unknown", "textDocument/rename", ""] {
        assert_eq!(client.call_error(method, json!({})).code, METHOD_NOT_FOUND, "{method:?}");
    }
    for method in ["$/unknown", "aiex/unknown", "textDocument/willSave", "$/setTrace", "$/progress"] {
        client.notify(method, json!({"value": "verbose"}));
    }
    assert_answers(&mut client);
}

#[test]
fn an_unknown_request_of_the_protocols_own_is_refused_too() {
    // LSP 3.17: a request that starts with `$/` must be answered with MethodNotFound; only notifications are ignored.
    assert_eq!(Client::vscode().call_error("$/unknown", json!({})).code, METHOD_NOT_FOUND);
}

#[test]
fn bad_parameters_are_refused_with_the_reason() {
    let mut client = Client::vscode();
    client.open(URI, "rust", "fn a() {}\n");
    let command = |name: &str, arguments: Value| json!({"command": name, "arguments": arguments});
    let bad = [
        ("textDocument/hover", Value::Null),
        ("textDocument/hover", json!({})),
        ("textDocument/hover", json!([1, 2])),
        ("textDocument/hover", at(URI, &json!({"line": -1, "character": 0}))),
        ("textDocument/hover", at(URI, &json!({"line": 0.5, "character": 0}))),
        ("textDocument/hover", at(URI, &json!({"line": 4_294_967_296_u64, "character": 0}))),
        ("textDocument/codeAction", json!({"textDocument": {"uri": URI}})),
        ("workspace/executeCommand", json!({})),
        ("workspace/executeCommand", command("aiex.unknown", json!([]))),
        ("workspace/executeCommand", command("aiex.explain", json!(["not an object"]))),
        ("workspace/executeCommand", command("aiex.explain", json!([{"uri": 1}]))),
        ("workspace/executeCommand", command("aiex.explain", json!([{"uri": URI, "range": 7}]))),
        ("workspace/executeCommand", command("aiex.explain", json!([{"uri": "file:///work/closed.rs"}]))),
        ("workspace/executeCommand", command("aiex.cancel", json!([{"run": "one"}]))),
        ("workspace/executeCommand", command("aiex.openLastAnswer", json!([]))),
    ];
    for (method, params) in bad {
        let error = client.call_error(method, params.clone());
        assert_eq!(error.code, INVALID_PARAMS, "{method} {params}: {error:?}");
        assert!(!error.message.is_empty());
    }
    assert_answers(&mut client);
}

#[test]
fn a_command_without_a_place_says_how_to_give_one() {
    let mut client = Client::helix();
    let error = client.call_error("workspace/executeCommand", json!({"command": "aiex.explain"}));
    assert_eq!(error.code, INVALID_PARAMS);
    assert!(error.message.contains("hover"), "{error:?}");
}

#[test]
fn what_is_not_json_is_answered_with_a_parse_error_and_nothing_is_lost() {
    let mut client = silent();
    for body in ["{\"jsonrpc\": \"2.0\", ", "", "\0", "{'a': 1}", "\u{feff}{}"] {
        client.write(format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(client.wait_error_without_id().code, PARSE_ERROR, "{body:?}");
    }
    client.write(b"Content-Length: 4\r\n\r\n\"\xff\xfe\"");
    assert_eq!(client.wait_error_without_id().code, PARSE_ERROR, "invalid UTF-8");
    assert_answers(&mut client);
}

#[test]
fn what_is_json_and_no_message_is_refused() {
    let mut client = silent();
    for message in [json!([]), json!(42), json!(null), json!({}), json!({"jsonrpc": "1.0", "method": "x"})] {
        client.send(&message);
        assert_eq!(client.wait_error_without_id().code, INVALID_REQUEST, "{message}");
    }
    client.send(&json!({"id": 900, "method": 7}));
    assert_eq!(client.wait_error(900).code, INVALID_REQUEST);
    // An answer to what was never asked is nobody's concern.
    client.send(&json!({"jsonrpc": "2.0", "id": 901, "result": null}));
    client.send(&json!({"jsonrpc": "2.0", "id": "of the editor", "error": {"code": 1, "message": "no"}}));
    assert_answers(&mut client);
}

#[test]
fn a_request_may_have_a_text_as_its_id() {
    let mut client = Client::vscode();
    client.send(&json!({"jsonrpc": "2.0", "id": "a text", "method": "aiex/unknown"}));
    assert_eq!(client.wait_error_of(&json!("a text")).code, METHOD_NOT_FOUND);
}

#[test]
fn headers_are_read_as_the_specification_has_them() {
    let mut client = silent();
    for (before, name, after) in [
        ("", "content-length:", ""),
        ("Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n", "Content-Length: ", ""),
        ("", "Content-Length: ", "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n"),
    ] {
        let (id, message) = client.prepare("aiex/unknown", json!({}));
        let body = message.to_string();
        client.write(format!("{before}{name}{}\r\n{after}\r\n{body}", body.len()));
        assert_eq!(client.wait_error(id).code, METHOD_NOT_FOUND);
    }
}

#[test]
fn a_frame_without_a_usable_length_is_passed_over() {
    let mut client = silent();
    for header in ["Length: 2", "Content-Length: -1", "Content-Length: two", "Content-Length:", "no header at all"] {
        client.write(format!("{header}\r\n\r\n"));
        assert_eq!(client.wait_error_without_id().code, PARSE_ERROR, "{header}");
    }
    assert_answers(&mut client);
}

#[test]
fn a_length_that_is_too_short_costs_one_message() {
    let mut client = silent();
    for missing in [1, 2, 10, 40] {
        let body = notification("aiex/unknown", json!({"some": "parameters", "of": "no interest"})).to_string();
        client.write(format!("Content-Length: {}\r\n\r\n{body}", body.len() - missing));
        let id = client.request("aiex/unknown", json!({}));
        assert_eq!(client.wait_error(id).code, METHOD_NOT_FOUND, "{missing} bytes short");
        assert_eq!(client.wait_error_without_id().code, PARSE_ERROR, "{missing} bytes short");
    }
    client.forgive_errors_without_id();
    assert_answers(&mut client);
}

#[test]
fn a_length_that_is_too_long_costs_one_message() {
    let mut client = silent();
    for more in [1, 5, 14, 15, 16, 20, 21, 40] {
        let body = notification("aiex/unknown", json!({})).to_string();
        client.write(format!("Content-Length: {}\r\n\r\n{body}", body.len() + more));
        let id = client.request("aiex/unknown", json!({}));
        assert_eq!(client.wait_error(id).code, METHOD_NOT_FOUND, "{more} bytes too many");
        assert_eq!(client.wait_error_without_id().code, PARSE_ERROR, "{more} bytes too many");
    }
    client.forgive_errors_without_id();
    assert_answers(&mut client);
}

#[test]
fn a_message_may_come_in_any_pieces() {
    let mut client = silent();
    let (id, message) = client.prepare("aiex/unknown", json!({"text": "é𝄞"}));
    for byte in frame(&message) {
        client.write([byte]);
    }
    assert_eq!(client.wait_error(id).code, METHOD_NOT_FOUND);
}

#[test]
fn half_a_frame_and_then_the_end_is_a_failure() {
    for half in ["Content-Length: 100\r\n\r\n{\"jsonrpc\"", "Content-Len", "Content-Length: 2\r\n\r\n"] {
        let mut client = silent();
        client.write(half);
        client.close_input();
        assert_eq!(client.exit_code(), 1, "{half:?}");
    }
}

#[test]
fn the_end_of_the_input_ends_the_server() {
    let mut uninitialized = fresh();
    uninitialized.close_input();
    assert_eq!(uninitialized.exit_code(), 1);

    let mut client = Client::vscode();
    client.close_input();
    assert_eq!(client.exit_code(), 1);
}

#[test]
fn exit_after_shutdown_ends_with_0_though_stdin_stays_open() {
    let mut client = Client::vscode();
    client.shutdown();
    client.notify("exit", Value::Null);
    assert_eq!(client.exit_code(), 0);
}

#[test]
fn exit_without_shutdown_ends_with_1_though_stdin_stays_open() {
    let mut client = Client::vscode();
    client.notify("exit", Value::Null);
    assert_eq!(client.exit_code(), 1);

    let mut uninitialized = fresh();
    uninitialized.notify("exit", Value::Null);
    assert_eq!(uninitialized.exit_code(), 1);
}

/// A process that lives until its input is closed.
fn an_editor() -> std::process::Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat")
}

#[test]
fn the_server_ends_when_the_editors_process_is_gone() {
    let mut editor = an_editor();
    let mut client = Client::start(&Home::default(), Profile::vscode().process_id(editor.id()));
    assert_answers(&mut client);
    drop(editor.stdin.take());
    editor.wait().unwrap();
    assert_eq!(client.exit_code(), 1);
}

#[test]
fn an_editor_without_a_process_id_is_served() {
    let mut client = Client::start(&Home::default(), Profile::vscode().process_id(Value::Null));
    assert_answers(&mut client);
}

#[test]
fn cancelling_what_is_answered_or_unknown_does_nothing() {
    let mut client = Client::vscode();
    client.open(URI, "rust", "fn a() {}\n");
    let id = client.request("textDocument/hover", hover_at_start());
    client.cancel(id);
    // Either is right, once.
    let _ = client.answer(id);
    client.cancel(id);
    client.cancel(10_000);
    client.notify("$/cancelRequest", json!({"id": "a text"}));
    client.notify("$/cancelRequest", json!({}));
    client.notify("window/workDoneProgress/cancel", json!({"token": "unknown"}));
    client.notify("window/workDoneProgress/cancel", json!({"token": 3}));
    assert_answers(&mut client);
}

/// A hundred functions, one a line, each with a text of its own.
fn a_hundred_functions() -> String {
    (0..100).map(|number| format!("fn function_{number}() -> &'static str {{ \"body {number}.\" }}\n")).collect()
}

#[test]
fn a_hundred_runs_against_a_provider_that_hangs_hold_up_nothing() {
    let upstream = Upstream::start();
    let mut client = Client::start(&Home::with_config(&upstream.config()), Profile::vscode());
    client.open(URI, "rust", &a_hundred_functions());

    let requests: Vec<_> = (0..100)
        .map(|line| {
            let argument = at(URI, &json!({"line": line, "character": 5}));
            client.request("workspace/executeCommand", json!({"command": "aiex.explain", "arguments": [argument]}))
        })
        .collect();
    let runs: Vec<_> = requests.into_iter().map(|id| client.wait(id)["run"].as_u64().expect("a run")).collect();
    let mut exchanges: Vec<_> = (0..100).map(|_| upstream.next()).collect();

    // A change and a hover after it.
    let insert = json!({"start": {"line": 0, "character": 3}, "end": {"line": 0, "character": 3}});
    client.change(URI, 2, json!([{"range": insert, "text": "renamed_"}]));
    let shown = client.hover(URI, &json!({"line": 0, "character": 5})).expect("a hover");
    assert!(shown.contains("renamed_function_0"), "{shown}");

    // One of them is stopped, and no other.
    let answer = client.execute("aiex.cancel", json!({"run": runs[17]}));
    assert_eq!(answer["stopped"], json!([runs[17]]));
    let seventeenth = exchanges.iter().position(|one| one.request.prompt().contains("body 17.")).expect("its request");
    exchanges.remove(seventeenth).wait_closed();

    // The rest by the end.
    client.shutdown();
    for exchange in &mut exchanges {
        exchange.wait_closed();
    }
    assert_eq!(client.all("window/showDocument"), Vec::<Value>::new());
}

#[test]
fn an_editor_that_does_not_answer_is_no_hindrance() {
    let mut client = fresh();
    for method in ["workspace/configuration", "client/registerCapability", "window/workDoneProgress/create"] {
        client.never_reply(method);
    }
    client.initialize(Profile::vscode());
    client.open(URI, "rust", &a_hundred_functions());
    for line in 0..20 {
        client.run("aiex.explain", at(URI, &json!({"line": line, "character": 5})));
        client.next("window/workDoneProgress/create", |_| true);
    }
    // A burst, while all those questions are open.
    for version in 2..500 {
        let insert = json!({"start": {"line": 0, "character": 3}, "end": {"line": 0, "character": 3}});
        client.change(URI, version, json!([{"range": insert, "text": "x"}]));
    }
    let hover = client.call("textDocument/hover", at(URI, &json!({"line": 0, "character": 5})));
    assert_eq!(hover["range"]["end"]["character"], "fn ".len() + 498 + "function_0".len());
}
