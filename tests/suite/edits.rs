//! Commands that edit: what an editor's user sees from the request to the applied edit, and what is never applied.

use std::{fs, path::PathBuf};

use aiex_tests::{
    binary::{Home, fixture},
    client::{Client, Message, Profile, position},
    upstream::{Exchange, Upstream},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const CART: &str = "lib/shop/cart.ex";

/// An editor with a copy of the Elixir project open in it, and a model.
struct Editing {
    client: Client,
    folder: TempDir,
    uri: String,
    text: String,
    version: i64,
    edits: usize,
}

impl Editing {
    fn start(home: &Home, profile: Profile, file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        for name in
            ["mix.exs", ".formatter.exs", "lib/shop.ex", "lib/shop/cart.ex", "lib/shop/priced.ex", "lib/shop/order.ex"]
        {
            let to = folder.path().join(name);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(fixture("elixir_shop").join(name), to).unwrap();
        }
        Self::of_folder(home, profile, folder, file)
    }

    fn of_folder(home: &Home, profile: Profile, folder: TempDir, file: &str) -> Self {
        let top = folder.path().canonicalize().unwrap();
        let mut client = Client::start(home, profile.workspace(&top));
        client.set_reply("workspace/applyEdit", json!({"applied": true}));
        let path = top.join(file);
        let uri = format!("file://{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        client.open(&uri, if file.ends_with(".rs") { "rust" } else { "elixir" }, &text);
        Self { client, folder, uri, text, version: 1, edits: 0 }
    }

    fn with_model(upstream: &Upstream) -> Self {
        Self::start(&Home::with_config(&upstream.config()), Profile::vscode(), CART)
    }

    fn range(&self, from: &str, to: &str) -> Value {
        let start = self.text.find(from).unwrap_or_else(|| panic!("{from}"));
        let end = start + self.text[start..].find(to).unwrap() + if from == to { 0 } else { to.len() };
        json!({"start": self.client.position(&self.text, start), "end": self.client.position(&self.text, end)})
    }

    /// Runs a command at the first place of a piece of text.
    #[track_caller]
    fn run(&mut self, command: &str, at: &str, more: Value) -> u64 {
        let mut argument = json!({"uri": self.uri, "range": self.range(at, at)});
        argument.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.client.run(command, argument)
    }

    /// Types: replaces a piece of the text.
    fn types(&mut self, old: &str, new: &str) {
        let start = self.text.find(old).unwrap();
        let range = json!({
            "start": self.client.position(&self.text, start),
            "end": self.client.position(&self.text, start + old.len()),
        });
        self.version += 1;
        self.client.change(&self.uri, self.version, json!([{"range": range, "text": new}]));
        self.text.replace_range(start..start + old.len(), new);
        self.client.sync();
    }

    /// The edit that the server has the editor apply, applied to the document as an editor does: only to this version.
    #[track_caller]
    fn applied(&mut self) -> Value {
        let params = self.client.next("workspace/applyEdit", |_| true);
        self.edits += 1;
        let changes = params["edit"]["documentChanges"].as_array().expect("edits with versions").clone();
        for change in changes.iter().filter(|change| change["textDocument"]["uri"] == *self.uri) {
            assert_eq!(change["textDocument"]["version"], self.version, "{params}");
            self.text = edited(&self.text, change["edits"].as_array().unwrap());
        }
        params
    }

    /// The one message that a run ends with.
    #[track_caller]
    fn message(&mut self, parts: &[&str]) -> Message {
        self.client.message(parts)
    }

    /// Nothing more was sent to be applied so far.
    #[track_caller]
    fn nothing_applied(&mut self) {
        self.client.sync();
        let sent = self.client.all("workspace/applyEdit");
        assert_eq!(sent.len(), self.edits, "{sent:?}");
    }
}

/// A text with edits in the positions of UTF-16 (VS Code) applied.
pub fn edited(text: &str, edits: &[Value]) -> String {
    let offset = |at: &Value| {
        (0..=text.len())
            .filter(|offset| text.is_char_boundary(*offset))
            .find(|offset| position(text, *offset, "utf-16") == *at)
            .unwrap_or_else(|| panic!("no place {at}"))
    };
    let mut edits: Vec<_> = edits
        .iter()
        .map(|edit| {
            (
                offset(&edit["range"]["start"]),
                offset(&edit["range"]["end"]),
                edit["newText"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, &new);
    }
    text
}

const QUANTITIES: &str = "```elixir
def quantities(%__MODULE__{lines: lines}) do
  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}
end
```";

fn original() -> String {
    fs::read_to_string(fixture("elixir_shop").join(CART)).unwrap()
}

fn with_for() -> String {
    let old = "    Map.new(lines, fn {sku, {_item, quantity}} -> {sku, quantity} end)\n";
    let text = original();
    assert!(text.contains(old));
    text.replace(old, "    for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}\n")
}

#[test]
fn a_refactor_is_applied_as_the_smallest_edit_and_says_what_was_checked() {
    let upstream = Upstream::answering(QUANTITIES);
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let params = editing.applied();
    assert_eq!(editing.text, with_for());
    let edits = params["edit"]["documentChanges"][0]["edits"].as_array().unwrap();
    assert_eq!(edits.len(), 1, "{params}");
    assert!(edits[0]["newText"].as_str().unwrap().len() < 80, "{params}");
    let message = editing.message(&["Shop.Cart.quantities/1", "applied", "parse ✓", "format"]);
    assert_eq!(message.kind, 3);
    let prompt = upstream.requests()[0].prompt();
    assert!(prompt.contains("use for") && prompt.contains("def quantities"), "{prompt}");
}

#[test]
fn a_comment_that_asks_is_carried_out_and_goes() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    editing.types("  def quantities(", "  # AI: use a for comprehension\n  def quantities(");
    let here = editing.range("def quantities", "def quantities");
    let actions = editing.client.code_actions(&editing.uri.clone(), &here["start"], None);
    let carry_out = actions.iter().find(|action| action["title"] == "Aiex: Carry out AI: comment").expect("the action");
    let command = carry_out["command"].clone();
    editing.client.execute(command["command"].as_str().unwrap(), command["arguments"][0].clone());
    let mut exchange = upstream.next();
    let prompt = exchange.request.prompt();
    assert!(prompt.contains("use a for comprehension") && !prompt.contains("AI: use"), "{prompt}");
    exchange.answer(QUANTITIES);
    editing.applied();
    assert_eq!(editing.text, with_for());
}

#[test]
fn what_is_typed_elsewhere_meanwhile_stays() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let mut exchange = upstream.next();
    editing.types("What a customer is about to buy.", "What somebody wants to buy. ✓");
    exchange.answer(QUANTITIES);
    editing.applied();
    let expected = with_for().replace("What a customer is about to buy.", "What somebody wants to buy. ✓");
    assert_eq!(editing.text, expected);
}

#[test]
fn what_is_typed_in_the_same_function_meanwhile_refuses_the_edit() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let mut exchange = upstream.next();
    editing.types("{_item, quantity}} -> {sku", "{_item, many}} -> {sku");
    exchange.answer(QUANTITIES);
    editing.message(&["changed meanwhile", "run the command again"]);
    editing.nothing_applied();
}

#[test]
fn a_refused_reply_goes_back_with_the_complaint() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    upstream.next().answer("```elixir\ndef quantities(cart) do\n  for {a, b <- cart.lines, do: a\nend\n```");
    let mut second = upstream.next();
    let messages = second.request.json()["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert!(messages[3]["content"].as_str().unwrap().contains("does not parse"), "{messages:?}");
    second.answer(QUANTITIES);
    editing.applied();
    assert_eq!(editing.text, with_for());
}

#[test]
fn what_stays_broken_is_never_applied_and_can_be_looked_at() {
    let upstream = Upstream::answering("```elixir\ndef quantities(cart) do\n  cart.lines |>\n```");
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let message = editing.message(&["refused after 2 repairs", "Nothing was changed", "Open last answer"]);
    assert_eq!(message.kind, 1);
    editing.nothing_applied();
    assert_eq!(upstream.requests().len(), 3);
    editing.client.execute("aiex.openLastAnswer", Value::Null);
    let shown = editing.client.shown_text();
    assert!(shown.contains("cart.lines |>"), "{shown}");
}

#[test]
fn a_model_that_declines_is_not_asked_again() {
    let upstream = Upstream::answering("It cannot be done, since `lines` is a map.");
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    editing.message(&["It cannot be done"]);
    editing.nothing_applied();
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn a_reply_that_is_cut_is_continued_once() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let (head, tail) = QUANTITIES.split_at(60);
    cut(upstream.next(), head);
    upstream.next().answer(tail);
    editing.applied();
    assert_eq!(editing.text, with_for());

    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    (0..2).for_each(|_| cut(upstream.next(), head));
    editing.message(&["ends in the middle"]);
    editing.nothing_applied();
}

/// Answers as a provider does whose limit on the answer's length was met.
fn cut(mut exchange: Exchange, text: &str) {
    exchange.begin();
    exchange.delta(text);
    exchange.send("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n");
}

#[test]
fn an_editor_that_does_not_apply_it_is_reported() {
    let upstream = Upstream::answering(QUANTITIES);
    let mut editing = Editing::with_model(&upstream);
    editing.client.set_reply("workspace/applyEdit", json!({"applied": false, "failureReason": "it is locked"}));
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    editing.message(&["did not apply", "it is locked"]);
}

#[test]
fn stopping_leaves_no_edit_and_no_connection() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    let run = editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let mut exchange = upstream.next();
    exchange.begin();
    exchange.delta("```elixir\ndef quantities(");
    editing.client.execute("aiex.cancel", json!({"run": run}));
    exchange.wait_closed();
    editing.message(&["stopped"]);
    editing.nothing_applied();
}

#[test]
fn without_a_model_documentation_comes_from_the_parse_and_nothing_else_does() {
    let mut editing = Editing::start(&Home::default(), Profile::vscode(), CART);
    editing.types("  @doc \"Takes an item out of the cart, whatever its quantity.\"\n", "");
    editing.run("aiex.document", "def remove(", json!({}));
    editing.applied();
    let expected =
        "  @doc \"\"\"\n  TODO: say what it does.\n  \"\"\"\n  @spec remove(t(), sku()) :: t()\n  def remove(";
    assert!(editing.text.contains(expected), "{}", editing.text);
    for command in ["aiex.refactor", "aiex.generate"] {
        editing.run(command, "def remove(", json!({"instruction": "x"}));
        editing.message(&["needs a model"]);
    }
    editing.run("aiex.fix", "def remove(", json!({"instruction": "x"}));
    editing.message(&["Fix needs a model"]);
}

#[test]
fn fix_passes_the_diagnostics_on_or_says_how_to() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    let here = editing.range("def quantities", "def quantities");
    let diagnostic = json!({"range": here, "message": "undefined variable lines", "source": "elixir", "severity": 1});
    let params = json!({"textDocument": {"uri": editing.uri}, "range": here, "context": {"diagnostics": [diagnostic]}});
    let actions = editing.client.call("textDocument/codeAction", params);
    let fix =
        actions.as_array().unwrap().iter().find(|action| action["title"] == "Aiex: Fix").expect("the action").clone();
    assert_eq!(fix["kind"], "quickfix");
    editing.client.execute("aiex.fix", fix["command"]["arguments"][0].clone());
    let mut exchange = upstream.next();
    assert!(exchange.request.prompt().contains("undefined variable lines (elixir)"), "{}", exchange.request.prompt());
    exchange.answer(QUANTITIES);
    editing.applied();

    let elsewhere = json!({"uri": editing.uri, "range": editing.range("def subtotal", "def subtotal")});
    editing.client.set_reply("window/showMessageRequest", json!({"title": "Not now"}));
    editing.client.run("aiex.fix", elsewhere);
    let said = ["the compiler cannot be asked what is wrong here: the workspace is not trusted", "`diagnostics`"];
    editing.message(&said);
}

#[test]
fn a_command_without_a_place_edits_only_where_the_user_just_looked() {
    let upstream = Upstream::answering(QUANTITIES);
    let mut editing = Editing::with_model(&upstream);
    let at = editing.range("def quantities", "def quantities")["start"].clone();
    editing.client.hover(&editing.uri.clone(), &at);
    editing.client.run("aiex.refactor", json!({"instruction": "use for"}));
    editing.applied();

    editing.client.hover(&editing.uri.clone(), &at);
    editing.types("What a customer", "What one");
    let params = json!({"command": "aiex.refactor", "arguments": [{"instruction": "use for"}]});
    let error = editing.client.call_error("workspace/executeCommand", params);
    assert!(error.message.contains("code-action menu"), "{}", error.message);
}

#[test]
fn a_secret_beside_the_edit_never_leaves_and_stays_as_it_was() {
    const SECRET: &str = "sk-proj-9fK2mQ7xW4vT1pL8zR5nB3cD6hJ0gYsAeUqXoI2tM4kV7wZ9";
    let upstream = Upstream::serving(|mut exchange| {
        let prompt = exchange.request.prompt();
        let start = prompt.find("AIEX_SECRET_1").expect("a placeholder");
        let is_part = |char: &char| char.is_ascii_alphanumeric() || *char == '_';
        let placeholder: String = prompt[start..].chars().take_while(is_part).collect();
        let kept = QUANTITIES.replace("  for {sku", &format!("  _key = \"{placeholder}\"\n  for {{sku"));
        let plain = QUANTITIES.trim_end_matches("```");
        let moved = format!("{plain}\ndefp key, do: \"{placeholder}\"\n```");
        exchange.answer(if prompt.contains("use the key") { &moved } else { &kept });
    });
    let mut editing = Editing::with_model(&upstream);
    let old = "    Map.new(lines, fn {sku, {_item, quantity}} -> {sku, quantity} end)\n";
    editing.types(old, &format!("    _key = \"{SECRET}\"\n{old}"));
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    editing.applied();
    assert!(editing.text.contains(SECRET) && editing.text.contains("for {sku"), "{}", editing.text);
    tell(&mut editing);

    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use the key"}));
    let message = editing.message(&["was refused", "secret"]);
    assert!(!message.text.contains(SECRET), "{}", message.text);
    editing.nothing_applied();
    for request in upstream.requests() {
        let body = String::from_utf8(request.body).unwrap();
        assert!(!body.contains(&SECRET[10..30]), "{body}");
    }
}

#[test]
fn undo_takes_back_the_last_change_and_later_work_is_safe() {
    let upstream = Upstream::answering(QUANTITIES);
    let mut editing = Editing::with_model(&upstream);
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    editing.applied();
    editing.message(&["applied"]);
    tell(&mut editing);
    editing.types("What a customer", "What one");
    editing.client.run("aiex.undo", json!({"uri": editing.uri}));
    editing.message(&["changed after", "force"]);
    editing.nothing_applied();
    editing.types("What one", "What a customer");
    editing.client.run("aiex.undo", json!({"uri": editing.uri}));
    editing.applied();
    assert_eq!(editing.text, original());
    editing.message(&["took back"]);
    tell(&mut editing);
    editing.client.run("aiex.undo", json!({"uri": editing.uri}));
    editing.message(&["no change of Aiex"]);
}

/// Tells the server the text as an editor does that applied an edit.
fn tell(editing: &mut Editing) {
    editing.version += 1;
    let text = editing.text.clone();
    editing.client.change(&editing.uri.clone(), editing.version, json!([{"text": text}]));
    editing.client.sync();
}

#[test]
fn a_read_only_file_and_a_closed_one_are_left_alone() {
    let upstream = Upstream::start();
    let mut editing = Editing::with_model(&upstream);
    let path: PathBuf = editing.folder.path().join(CART);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    upstream.next().answer(QUANTITIES);
    editing.message(&["read-only"]);
    editing.nothing_applied();
    editing.run("aiex.refactor", "def quantities", json!({"instruction": "use for"}));
    let mut exchange = upstream.next();
    editing.client.close(&editing.uri.clone());
    exchange.wait_closed();
    editing.nothing_applied();
}

#[test]
fn the_menu_has_at_most_six_entries_and_obeys_only() {
    let mut editing = Editing::start(&Home::default(), Profile::vscode(), CART);
    editing.client.hover(&editing.uri.clone(), &editing.range("def add", "def add")["start"].clone());
    let at = editing.range("def quantities", "def quantities")["start"].clone();
    let uri = editing.uri.clone();
    let titles =
        |actions: &[Value]| actions.iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let actions = editing.client.code_actions(&uri, &at, None);
    assert_eq!(titles(&actions), ["Aiex: Explain", "Aiex: Refactor…", "Aiex: Document", "Aiex: Generate tests"]);
    assert!(editing.client.code_actions(&uri, &at, Some(&["source"])).is_empty());
    assert!(editing.client.code_actions(&uri, &at, Some(&["quickfix"])).is_empty());
    assert_eq!(editing.client.code_actions(&uri, &at, Some(&["refactor"])).len(), 4);
    let range = editing.range("    lines =\n      Map.update", "%{cart | lines: lines}");
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    let selected = editing.client.call("textDocument/codeAction", params);
    let selected = titles(selected.as_array().unwrap());
    assert!(selected.contains(&"Aiex: Extract function".to_owned()) && selected.len() <= 6, "{selected:?}");
}
