//! Documents: what the server holds is what the editor has, whatever the editor sends.

use aiex_tests::{
    binary::Home,
    client::{Client, Profile, at, did_change, frame, notification, position},
    upstream::Upstream,
};
use serde_json::{Value, json};

const RUST: &str = "file:///work/a.rs";
const ELIXIR: &str = "file:///work/a.ex";

fn range(start: (u64, u64), end: (u64, u64)) -> Value {
    let position = |(line, character)| json!({"line": line, "character": character});
    json!({"start": position(start), "end": position(end)})
}

fn edit(start: (u64, u64), end: (u64, u64), text: &str) -> Value {
    json!({"range": range(start, end), "text": text})
}

fn place(line: u64, character: u64) -> Value {
    json!({"line": line, "character": character})
}

/// Asserts that a hover there is about the symbol of this name.
#[track_caller]
fn assert_named(client: &mut Client, uri: &str, position: &Value, name: &str) {
    let shown = client.hover(uri, position).unwrap_or_else(|| panic!("no hover, and not {name}"));
    assert!(shown.contains(&format!("`{name}")), "not {name}: {shown}");
}

/// One change and one hover for each of 500 versions, all in one write.
fn every_request_sees_its_version(uri: &str, language: &str, before: &str, after: &str) {
    let mut client = Client::vscode();
    client.open(uri, language, &format!("{before}v_1{after}"));
    let line = before.matches('\n').count() as u64;
    let start = before.rsplit('\n').next().map_or(0, str::len) as u64;

    let (mut burst, mut hovers) = (Vec::new(), Vec::new());
    for version in 2..=501 {
        let end = start + format!("v_{}", version - 1).len() as u64;
        let changes = json!([edit((line, start), (line, end), &format!("v_{version}"))]);
        let change = did_change(uri, version, changes);
        burst.extend(frame(&notification("textDocument/didChange", change)));
        let (id, hover) = client.prepare("textDocument/hover", at(uri, &place(line, start + 1)));
        burst.extend(frame(&hover));
        hovers.push((version, id));
    }
    client.write(burst);
    for (version, id) in hovers {
        let hover = client.wait(id);
        let shown = hover["contents"]["value"].as_str().unwrap_or_else(|| panic!("no hover at version {version}"));
        let names: Vec<_> = shown.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
        let named: Vec<_> = names.into_iter().filter(|name| name.starts_with("v_")).collect();
        assert!(!named.is_empty() && named.iter().all(|name| *name == format!("v_{version}")), "{version}: {shown}");
        let end = start + format!("v_{version}").len() as u64;
        assert_eq!(hover["range"], range((line, start), (line, end)), "version {version}");
    }
}

#[test]
fn of_500_interleaved_changes_and_hovers_each_hover_sees_the_change_before_it_in_rust() {
    every_request_sees_its_version(RUST, "rust", "//! A file.\n\nfn ", "() {\n    other();\n}\n\nfn other() {}\n");
}

#[test]
fn of_500_interleaved_changes_and_hovers_each_hover_sees_the_change_before_it_in_elixir() {
    let after = "(a) do\n    other(a)\n  end\n\n  defp other(a), do: a\nend\n";
    every_request_sees_its_version(ELIXIR, "elixir", "defmodule A do\n  def ", after);
}

#[test]
fn a_hover_right_behind_the_change_of_a_name_gives_the_new_one() {
    let mut client = Client::vscode();
    let rest: String = (0..10_000).map(|number| format!("fn f{number}() {{ g(a.b({number})) }}\n")).collect();
    client.open(RUST, "rust", &format!("fn v_1() {{}}\n{rest}"));
    // Explaining waits for the parse.
    client.run("aiex.explain", at(RUST, &place(0, 4)));
    client.shown();
    let (mut burst, mut hovers) = (Vec::new(), Vec::new());
    for version in 2..=9 {
        let changes = json!([edit((0, 3), (0, 6), &format!("v_{version}"))]);
        let change = did_change(RUST, version, changes);
        burst.extend(frame(&notification("textDocument/didChange", change)));
        let (id, hover) = client.prepare("textDocument/hover", at(RUST, &place(0, 4)));
        burst.extend(frame(&hover));
        hovers.push((version, id));
    }
    client.write(burst);
    for (version, id) in hovers {
        let hover = client.wait(id);
        let shown = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(shown.contains(&format!("`v_{version}`")), "version {version}: {shown}");
    }
}

#[test]
fn several_changes_of_one_notification_apply_in_order() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\nfn two() {}\n");
    let changes = json!([
        edit((0, 3), (0, 6), "first"),
        // From here on the places are those of the text that the change before left.
        edit((0, 0), (0, 0), "// a comment\n"),
        edit((1, 3), (1, 8), "uno"),
        edit((2, 3), (2, 6), "due"),
    ]);
    client.change(RUST, 2, changes);
    assert_named(&mut client, RUST, &place(1, 4), "uno");
    assert_named(&mut client, RUST, &place(2, 4), "due");
}

#[test]
fn a_change_without_a_range_replaces_everything() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\n");
    client.change(RUST, 2, json!([{"text": "\n\nfn two() {}\n"}, edit((2, 3), (2, 6), "three")]));
    assert_named(&mut client, RUST, &place(2, 4), "three");
    client.change(RUST, 3, json!([{"range": null, "text": "fn four() {}"}]));
    assert_named(&mut client, RUST, &place(0, 4), "four");
    client.change(RUST, 4, json!([{"text": ""}]));
    assert_eq!(client.hover(RUST, &place(0, 0)), None);
}

#[test]
fn an_empty_list_of_changes_changes_nothing() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\n");
    client.change(RUST, 2, json!([]));
    assert_named(&mut client, RUST, &place(0, 4), "one");
}

#[test]
fn lines_that_end_with_crlf_are_counted_once() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\r\n\r\nfn two() {\r\n}\r\n");
    assert_named(&mut client, RUST, &place(2, 4), "two");
    // Past the end of a line is its end, before the CR.
    client.change(RUST, 2, json!([edit((0, 3), (0, 99), "uno() {}"), edit((1, 0), (1, 99), "fn mid() {}")]));
    assert_named(&mut client, RUST, &place(0, 4), "uno");
    assert_named(&mut client, RUST, &place(1, 4), "mid");
    assert_named(&mut client, RUST, &place(2, 4), "two");
}

#[test]
fn positions_far_outside_mean_the_nearest_end() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\nfn two() {}");
    let far = u64::from(u32::MAX);
    assert_named(&mut client, RUST, &place(0, far), "one");
    assert_named(&mut client, RUST, &place(far, far), "two");
    client.change(RUST, 2, json!([edit((far, far), (far, far), "\nfn three() {}\n")]));
    assert_named(&mut client, RUST, &place(2, 4), "three");
    client.change(RUST, 3, json!([edit((0, 0), (far, 0), "fn all() {}")]));
    assert_named(&mut client, RUST, &place(0, 4), "all");
    assert_eq!(client.code_actions(RUST, &place(far, far), None).len(), 4);
}

#[test]
fn reversed_and_overlapping_ranges_are_applied_one_after_the_other() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\nfn two() {}\n");
    client.change(RUST, 2, json!([edit((0, 6), (0, 3), "uno")]));
    assert_named(&mut client, RUST, &place(0, 4), "uno");
    // The second takes in what the first put there.
    client.change(RUST, 3, json!([edit((0, 3), (0, 6), "abcdef"), edit((0, 5), (1, 6), "yz")]));
    assert_named(&mut client, RUST, &place(0, 4), "abyz");
}

#[test]
fn a_change_of_what_was_never_opened_is_passed_over() {
    let mut client = Client::vscode();
    client.change(RUST, 2, json!([{"text": "fn ghost() {}"}]));
    client.wait_log("not open");
    client.close(RUST);
    assert_eq!(client.hover(RUST, &place(0, 4)), None);
    let error = client.call_error("workspace/executeCommand", explain(RUST));
    assert!(error.message.contains("not open"), "{error:?}");
    client.open(RUST, "rust", "fn one() {}\n");
    assert_named(&mut client, RUST, &place(0, 4), "one");
}

fn explain(uri: &str) -> Value {
    json!({"command": "aiex.explain", "arguments": [{"uri": uri}]})
}

#[test]
fn a_closed_document_is_gone_and_one_opened_again_is_new() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", "fn one() {}\n");
    client.open(RUST, "rust", "fn again() {}\n");
    assert_named(&mut client, RUST, &place(0, 4), "again");
    client.close(RUST);
    assert_eq!(client.hover(RUST, &place(0, 4)), None);
    client.change(RUST, 2, json!([edit((0, 3), (0, 6), "two")]));
    client.open(RUST, "rust", "fn three() {}\n");
    assert_named(&mut client, RUST, &place(0, 4), "three");
}

#[test]
fn unusual_characters_move_no_place() {
    let mut client = Client::start(&Home::default(), Profile::neovim());
    for (name, before) in [
        ("NUL", "// a\0b\0\n/* \0 */ "),
        ("Latin-1", "// caf\u{e9} \u{a0} \u{85} \u{ad} \u{ff}\n/* \u{85}\u{e9} */ "),
        ("byte order mark", "\u{feff}// a\n"),
        ("byte order mark alone", "\u{feff}"),
        ("lone CR", "/* a */\r/* b */\r\r/* c */ "),
        ("all line ends", "// a\r\n/* b */\r// c\n\r/* d */\r\r\n"),
        ("no line ends to the protocol", "// a\u{b}b\u{c}c\u{2028}d\u{2029}e\n/* \u{2028} */ "),
        ("astral and combining", "/* 𝄞 👩‍👩‍👧 e\u{301} */ "),
        ("the replacement character", "/* \u{fffd}\u{fffd} */ "),
        ("noncharacters", "/* \u{fffe}\u{10ffff} */ "),
    ] {
        let text = format!("{before}fn somewhere() {{}}\nfn other() {{}}\n");
        client.open(RUST, "rust", &text);
        let start = text.find("somewhere").unwrap();
        let (from, to) = (position(&text, start, "utf-8"), position(&text, start + "somewhere".len(), "utf-8"));
        let hover = client.call("textDocument/hover", at(RUST, &from));
        let shown = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(shown.contains("somewhere"), "{name}: {shown:?}");
        assert_eq!(hover["range"], json!({"start": from, "end": to}), "{name}");
        client.change(RUST, 2, json!([{"range": {"start": from, "end": to}, "text": "elsewhere"}]));
        assert_named(&mut client, RUST, &from, "elsewhere");
    }
}

#[test]
fn twenty_megabytes_on_one_line_are_plain_text_and_hold_up_nothing() {
    let mut client = Client::vscode();
    client.open(RUST, "rust", &"x".repeat(20_000_000));
    client.open(ELIXIR, "elixir", "defmodule A do\nend\n");
    assert_named(&mut client, ELIXIR, &place(0, 11), "A");
    assert_eq!(client.hover(RUST, &place(0, 10_000_000)), None);
    // It is still followed: emptied, it is code like any other.
    client.change(RUST, 2, json!([edit((0, 9), (0, 20_000_000), "\n"), edit((0, 0), (0, 9), "fn here() {}")]));
    assert_named(&mut client, RUST, &place(0, 4), "here");
}

#[test]
fn a_file_over_eight_mebibytes_is_plain_text_and_the_log_says_so() {
    let mut client = Client::vscode();
    let line = format!("fn function() {{ let x = \"{}\"; }}\n", "x".repeat(4000));
    client.open(RUST, "rust", &line.repeat(9 * 1024 * 1024 / line.len()));
    assert_eq!(client.hover(RUST, &place(5, 4)), None);
    client.wait_log("too large to parse");
    let log = client.log();
    let said: Vec<_> = log.lines().filter(|line| line.contains("too large")).collect();
    assert!(said.len() == 1 && said[0].contains("WARN") && said[0].contains(RUST), "{said:?}");
    // What lines alone show is still explained.
    client.run("aiex.explain", json!({"uri": RUST}));
    let explanation = client.shown_text();
    assert!(explanation.contains("lines"), "{explanation}");
}

/// Ten thousand brackets, a function after them, and a change amid them.
fn nested_brackets(uri: &str, language: &str, before: &str, after: &str) {
    let mut client = Client::vscode();
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("(", ""), ("", "]")] {
        let (opened, closed) = (open.repeat(10_000), close.repeat(10_000));
        client.open(uri, language, &format!("{before}{opened}1{closed}{after}"));
        let line = before.matches('\n').count() as u64;
        client.hover(uri, &place(line, 5_000));
        client.change(uri, 2, json!([edit((line, 5_000), (line, 5_000), "(")]));
        client.hover(uri, &place(line, 5_000));
        client.run("aiex.explain", json!({"uri": uri, "range": range((line, 5_000), (line, 5_001))}));
        let explanation = client.shown_text();
        assert!(!explanation.is_empty());
        // And back to code.
        client.change(uri, 3, json!([{"text": format!("{before}1{after}")}]));
        assert_named(&mut client, uri, &place(0, before.find('f').unwrap() as u64 + 4), "around");
    }
}

#[test]
fn ten_thousand_nested_brackets_in_rust() {
    nested_brackets(RUST, "rust", "fn around() -> u8 {\n", "\n}\n\nfn behind() {}\n");
}

#[test]
fn ten_thousand_nested_brackets_in_elixir() {
    nested_brackets(ELIXIR, "elixir", "def around do\n", "\nend\n\ndef behind, do: 1\n");
}

#[test]
fn any_uri_names_a_document() {
    let mut client = Client::vscode();
    for uri in [
        "file:///with%20spaces/a%20b.rs",
        "file:///not encoded/a b.rs",
        "file:///c%3A/a.rs",
        "file:///c:/b.rs",
        "file:///%E4%B8%96/%F0%9D%84%9E.rs",
        "file:///percent%25.rs",
        "file:///a.rs?query#fragment",
        "untitled:Untitled-1",
        "vscode-notebook-cell:/work/a.ipynb#W0sZmlsZQ%3D%3D",
        "inmemory://model/1",
        "not a uri at all",
        "",
    ] {
        client.open(uri, "rust", "fn one() {}\n");
        client.change(uri, 2, json!([edit((0, 3), (0, 6), "two")]));
        assert_named(&mut client, uri, &place(0, 4), "two");
        let actions = client.code_actions(uri, &place(0, 4), None);
        assert_eq!(actions[0]["command"]["arguments"][0]["uri"], uri);
        client.run("aiex.explain", json!({"uri": uri}));
        let explanation = client.shown_text();
        assert!(explanation.contains("two"), "{uri}: {explanation}");
        client.close(uri);
        assert_eq!(client.hover(uri, &place(0, 4)), None, "{uri}");
    }
}

#[test]
fn one_file_may_be_spelled_in_two_ways() {
    let mut client = Client::vscode();
    client.open("file:///c%3A/a%20b.rs", "rust", "fn one() {}\n");
    assert_named(&mut client, "file:///c:/a%20b.rs", &place(0, 4), "one");
}

#[test]
fn a_change_that_cannot_be_understood_closes_the_document_and_says_so() {
    for bad in [
        json!([edit((0, 3), (0, 6), "x"), {"range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "x"}]),
        json!([{"range": {"start": {"line": 0}}, "text": "x"}]),
        json!([{"range": [0, 3], "text": "x"}]),
        json!([{"range": range((0, 0), (0, 1))}]),
        json!([{"text": 5}]),
        json!(["x"]),
        json!({"text": "x"}),
        Value::Null,
    ] {
        let mut client = Client::vscode();
        client.open(RUST, "rust", "fn one() {}\n");
        client.change(RUST, 2, bad.clone());
        let message = client.message(&["a.rs", "open it again"]);
        assert_eq!(message.kind, 1, "{bad}");
        // No answer is better than one about another text.
        assert_eq!(client.hover(RUST, &place(0, 4)), None, "{bad}");
        client.change(RUST, 3, json!([edit((0, 3), (0, 6), "two")]));
        assert_eq!(client.hover(RUST, &place(0, 4)), None, "{bad}");
        assert_eq!(client.messages().len(), 1, "said once");
        client.close(RUST);
        client.open(RUST, "rust", "fn three() {}\n");
        assert_named(&mut client, RUST, &place(0, 4), "three");
    }
}

#[test]
fn notifications_that_name_no_document_are_passed_over() {
    let mut client = Client::vscode();
    for method in ["textDocument/didOpen", "textDocument/didChange", "textDocument/didSave", "textDocument/didClose"] {
        for params in [Value::Null, json!({}), json!({"textDocument": {}}), json!({"textDocument": {"uri": 7}})] {
            client.notify(method, params);
        }
    }
    client.open(RUST, "rust", "fn one() {}\n");
    assert_named(&mut client, RUST, &place(0, 4), "one");
}

#[test]
fn an_offline_explanation_is_of_the_text_as_it_stands() {
    let mut client = Client::vscode();
    client.open(ELIXIR, "elixir", "defmodule Shop do\n  def total(cart), do: Enum.sum(cart)\nend\n");
    client.change(ELIXIR, 2, json!([edit((1, 6), (1, 11), "sum_of"), edit((1, 24), (1, 33), "Tax.apply")]));
    client.run("aiex.explain", json!({"uri": ELIXIR, "range": range((1, 7), (1, 7))}));
    let explanation = client.shown_text();
    assert!(explanation.contains("sum_of") && explanation.contains("Tax.apply"), "{explanation}");
    assert!(!explanation.contains("total") && !explanation.contains("Enum.sum"), "{explanation}");
}

/// Small, and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn boundary(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// What a model is sent is the text that the editor has, after 300 changes in this encoding.
fn a_model_is_sent_the_editors_text(encoding: &str) {
    const URI: &str = "file:///work/notes.txt";
    let upstream = Upstream::answering("Noted.");
    let profile = Profile::vscode().capability("/general/positionEncodings", json!([encoding]));
    let mut client = Client::start(&Home::with_config(&upstream.config()), profile);
    let mut random = Random(encoding.len() as u64);
    let pieces = ["a", "word ", "\n", "\n\n", "é", "世界", "𝄞", "𝄞𝄞\n", "", "(", "line\nline\n"];
    let mut text = "first\nsecond 𝄞 third\n".to_owned();
    client.open(URI, "plaintext", &text);
    for version in 2..302 {
        let mut changes = Vec::new();
        for _ in 0..=random.below(3) {
            let (a, b) = (random.boundary(&text), random.boundary(&text));
            let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 12));
            let end = (start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
            let piece = pieces[random.below(pieces.len())];
            let range = json!({"start": client.position(&text, start), "end": client.position(&text, end)});
            changes.push(json!({"range": range, "text": piece}));
            text.replace_range(start..end, piece);
        }
        client.change(URI, version, json!(changes));
    }
    // What is sent ends with one line end, and is not empty.
    client.change(URI, 302, json!([{"range": range((0, 0), (0, 0)), "text": "start "}]));
    text.insert_str(0, "start ");
    client.run("aiex.explain", json!({"uri": URI}));
    client.shown();
    let prompt = upstream.requests()[0].json()["messages"][1]["content"].as_str().unwrap().to_owned();
    let (_, fenced) =
        prompt.split_once("```\n## ").and_then(|(_, file)| file.split_once('\n')).expect("a fenced block");
    let sent = fenced.rsplit_once("\n```").expect("its end").0;
    assert_eq!(sent, text.trim_end_matches('\n'), "{encoding}");
}

#[test]
fn a_model_is_sent_the_editors_text_in_utf_8() {
    a_model_is_sent_the_editors_text("utf-8");
}

#[test]
fn a_model_is_sent_the_editors_text_in_utf_16() {
    a_model_is_sent_the_editors_text("utf-16");
}

#[test]
fn a_model_is_sent_the_editors_text_in_utf_32() {
    a_model_is_sent_the_editors_text("utf-32");
}
