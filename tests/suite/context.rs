//! `aiex context`, `aiex.showContext`, and what an explanation sends: the right code, within the budget, without secrets.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aiex_tests::{
    binary::Home,
    client::{Client, Profile, at, position},
    upstream::Upstream,
};
use serde_json::{Value, json};

use crate::cli::{Ended, end};

const CART: &str = "\
defmodule Shop.Cart do
  alias Shop.Price

  defstruct items: []

  @doc \"Adds an item.\"
  def add(cart, item) do
    %{cart | items: [Price.checked(item) | cart.items]}
  end

  def total(cart), do: Price.sum(cart.items)
end
";

const PRICE: &str = "\
defmodule Shop.Price do
  @doc \"Refuses what costs less than nothing.\"
  def checked(%{price: price} = item) when price >= 0 do
    item
  end

  def sum(items), do: Enum.sum(Enum.map(items, & &1.price))
end
";

const CHECKOUT: &str = "\
defmodule Shop.Checkout do
  def put(cart, item) do
    cart = Shop.Cart.add(cart, item)
    {:ok, cart}
  end
end
";

const TEST: &str = "\
defmodule Shop.CartTest do
  use ExUnit.Case

  test \"adds\" do
    assert Shop.Cart.add(%Shop.Cart{}, %{price: 1}).items == [%{price: 1}]
  end
end
";

/// A small shop in a folder of its own, below the home.
struct Workspace {
    home: Home,
}

impl Workspace {
    fn new(config: &str) -> Self {
        let workspace = Self { home: Home::with_config(config) };
        workspace.write("mix.exs", "defmodule Shop.MixProject do\nend\n");
        workspace.write("lib/shop/cart.ex", CART);
        workspace.write("lib/shop/price.ex", PRICE);
        workspace.write("lib/shop/checkout.ex", CHECKOUT);
        workspace.write("test/shop/cart_test.exs", TEST);
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("shop").join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, contents).expect("the file");
    }

    fn run(&self, place: &str, arguments: &[&str]) -> Ended {
        let place = self.path("").join(place).display().to_string();
        end(&mut self.home.command(["context", place.as_str()].iter().chain(arguments)))
    }

    fn json(&self, place: &str, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = arguments.iter().chain(&["--json"]).copied().collect();
        serde_json::from_str(&self.run(place, &arguments).done()).expect("JSON")
    }
}

/// The piece about a line of a file, and how fully it is told.
fn level<'a>(context: &'a Value, path: &str, text: &str) -> Option<&'a str> {
    let pieces = context["pieces"].as_array().expect("pieces");
    let piece = pieces
        .iter()
        .find(|piece| piece["path"] == path && piece["text"].as_str().is_some_and(|code| code.contains(text)));
    piece.and_then(|piece| piece["level"].as_str())
}

const ADD: &str = "lib/shop/cart.ex:7";

#[test]
fn an_explanation_gets_the_target_in_full_and_what_it_uses_of_other_files() {
    let context = Workspace::new("").json(ADD, &[]);
    assert_eq!(level(&context, "lib/shop/cart.ex", "items: [Price.checked(item) | cart.items]"), Some("full"));
    assert_eq!(
        level(&context, "lib/shop/price.ex", "def checked(%{price: price} = item) when price >= 0"),
        Some("full")
    );
    assert_eq!(level(&context, "lib/shop/price.ex", "def sum"), None, "what it does not use");
    assert_eq!(context["intent"], "explain");
    let prompt = context["prompt"].as_array().expect("messages");
    let roles: Vec<_> = prompt.iter().map(|message| message["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["system", "user"]);
    let user = prompt[1]["content"].as_str().expect("a prompt");
    for piece in context["pieces"].as_array().expect("pieces") {
        assert!(user.contains(piece["text"].as_str().expect("a text")), "what is shown is what is sent: {piece}");
        assert!(piece["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    }
    assert!(user.trim_end().ends_with("Explain `function Shop.Cart.add/2` in `lib/shop/cart.ex`."), "{user}");
}

#[test]
fn intents_differ_in_what_they_tell() {
    let workspace = Workspace::new("");
    let refactor = workspace.json(ADD, &["--intent", "refactor"]);
    assert!(
        level(&refactor, "lib/shop/checkout.ex", "cart = Shop.Cart.add(cart, item)").is_some(),
        "a caller: {refactor}"
    );
    let tests = workspace.json(ADD, &["--intent", "generate-tests"]);
    assert_eq!(level(&tests, "test/shop/cart_test.exs", "test \"adds\" do"), Some("full"), "a test of it: {tests}");
    let unknown = workspace.run(ADD, &["--intent", "dance"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("generate-tests"), "{}", unknown.stderr);
}

#[test]
fn the_whole_prompt_stays_within_the_budget() {
    let workspace = Workspace::new("");
    let long: String = (0..400).map(|n| format!("    step_{n} = Price.checked(item)\n")).collect();
    workspace.write(
        "lib/shop/long.ex",
        format!("defmodule Shop.Long do\n  alias Shop.Price\n\n  def run(item) do\n{long}  end\nend\n"),
    );
    for budget in [500, 700, 1000, 2000, 8000] {
        let budget_text = budget.to_string();
        for place in [ADD, "lib/shop/cart.ex", "lib/shop/long.ex:200", "lib/shop/long.ex"] {
            let context = workspace.json(place, &["--budget", &budget_text]);
            let prompt: String = context["prompt"]
                .as_array()
                .expect("messages")
                .iter()
                .filter_map(|message| message["content"].as_str())
                .collect();
            let exact = tiktoken_rs::o200k_base().expect("a vocabulary").encode_ordinary(&prompt).len();
            assert!(exact <= budget, "{place} at {budget}: {exact}");
            assert!(
                context["tokens"].as_u64().is_some_and(|tokens| tokens <= budget as u64 && tokens + 8 >= exact as u64),
                "{place} at {budget}"
            );
            assert!(!context["pieces"].as_array().expect("pieces").is_empty(), "{place} at {budget}");
        }
    }
    let context = workspace.json("lib/shop/long.ex:200", &["--budget", "1000"]);
    let target = context["pieces"].as_array().and_then(|pieces| pieces.last()).expect("the target");
    let text = target["text"].as_str().expect("a text");
    assert!(
        text.contains("def run(item) do") && text.contains("step_195 =") && text.contains("lines left out"),
        "{text}"
    );
    assert_eq!(target["level"], "elided");
}

#[test]
fn numbers_that_no_estimate_foresees_are_told_within_every_budget() {
    let workspace = Workspace::new("");
    let row = |row: usize| (0..12).map(|n| format!("0x{:02x}, ", (row * 37 + n * 91) % 256)).collect::<String>();
    let table = |name: &str| {
        let rows: String = (0..24).map(|n| format!("        {}\n", row(n))).collect();
        format!("    let {name} = [\n{rows}    ];\n")
    };
    let code = format!("fn tables() {{\n{}{}{}}}\n", table("one"), table("two"), table("three"));
    workspace.write("src/tables.rs", code);
    for budget in (400..2000).step_by(100) {
        let arguments = ["--intent", "fix", "--model", "work/nobody-knows-it", "--budget", &budget.to_string()];
        let context = workspace.json("src/tables.rs:40", &arguments);
        assert!(context["tokens"].as_u64().is_some_and(|tokens| tokens <= budget), "{context}");
        assert!(!context["pieces"].as_array().expect("pieces").is_empty(), "{context}");
    }
}

#[test]
fn a_budget_below_the_instructions_is_refused_with_the_least() {
    let workspace = Workspace::new("");
    let refused = workspace.run(ADD, &["--budget", "100"]);
    let words: Vec<_> = refused.stderr.split_whitespace().map(str::to_owned).collect();
    refused.failed(&["a budget of 100 tokens is too small", "at least"]);
    let least = words.last().expect("a number").clone();
    let context = workspace.json(ADD, &["--budget", &least]);
    assert!(level(&context, "lib/shop/cart.ex", "def add(cart, item) do").is_some(), "{context}");
    workspace.run(ADD, &["--budget", "18446744073709551615"]).done();
    assert!(context["tokens"].as_u64().is_some_and(|tokens| tokens <= least.parse().expect("a number")), "{context}");
}

#[test]
fn the_same_question_gets_the_same_bytes() {
    let workspace = Workspace::new("");
    let first = workspace.run(ADD, &["--json"]).done();
    assert_eq!(workspace.run(ADD, &["--json"]).done(), first, "from the index that was kept");
    fs::remove_dir_all(workspace.home.path().join("cache")).expect("the kept index");
    assert_eq!(workspace.run(ADD, &["--json"]).done(), first, "from a new index");
}

#[test]
fn a_change_on_disk_is_seen_by_the_next_question() {
    let workspace = Workspace::new("");
    workspace.json(ADD, &[]);
    workspace.write("lib/shop/price.ex", PRICE.replace("price >= 0", "price > 0"));
    let context = workspace.json(ADD, &[]);
    assert!(level(&context, "lib/shop/price.ex", "when price > 0 do").is_some(), "{context}");
}

#[test]
fn secrets_are_replaced_and_counted_and_never_shown() {
    let workspace = Workspace::new("");
    let secret = ["hunter2", "Q9xV", "7zLm"].concat();
    workspace.write(
        "lib/shop/price.ex",
        PRICE.replace("    item\n", &format!("    password = \"{secret}\"\n    {{item, password}}\n")),
    );
    let shown = workspace.run(ADD, &["--json"]).done();
    assert!(!shown.contains(&secret), "{shown}");
    let context: Value = serde_json::from_str(&shown).expect("JSON");
    let redaction = &context["redactions"][0];
    assert_eq!((&redaction["path"], &redaction["line"]), (&"lib/shop/price.ex".into(), &4.into()), "{context}");
    let placeholder = redaction["placeholder"].as_str().expect("a placeholder");
    assert!(level(&context, "lib/shop/price.ex", placeholder).is_some(), "{context}");
    let markdown = workspace.run(ADD, &[]).done();
    assert!(markdown.contains("## Secrets that were replaced") && !markdown.contains(&secret), "{markdown}");
    let open = Workspace { home: workspace.home.clone() };
    open.home.configure("[privacy]\nredact_secrets = false\n");
    assert!(open.run(ADD, &["--json"]).done().contains(&secret), "the user may switch it off");
    open.write(".aiex.toml", "[privacy]\nredact_secrets = false\n");
    open.home.configure("");
    let refused = open.run(ADD, &["--json"]);
    assert!(!refused.stdout.contains(&secret), "a repository may not");
}

#[test]
fn a_secret_is_found_wherever_it_is_repeated() {
    let workspace = Workspace::new("");
    let secret = ["Zk83hQpL", "29xxWq7T"].concat();
    workspace.write("lib/shop/price.ex", PRICE.replace("    item\n", &format!("    log(\"{secret}\")\n    item\n")));
    workspace
        .write("lib/shop/cart.ex", CART.replace("    %{cart", &format!("    password = \"{secret}\"\n    %{{cart")));
    let shown = workspace.run(ADD, &["--json"]).done();
    assert!(
        shown.contains("AIEX_SECRET_1_") && !shown.contains(&secret),
        "what only the target says is secret: {shown}"
    );
    let url = format!("postgres://admin:{secret}@db.example.org/shop");
    workspace.write(
        "test/shop/url_test.exs",
        format!("defmodule UrlTest do\n  use ExUnit.Case\n  test \"connects to {url}\" do\n    :ok\n  end\nend\n"),
    );
    let shown = workspace.run("test/shop/url_test.exs:3", &["--json"]).done();
    assert!(!shown.contains(&secret), "in a name: {shown}");
    let key = ["sk-proj-", &"aB3".repeat(40)].concat();
    workspace.write(
        "big.json",
        format!("{{\"a\": \"{}\", \"api_key\": \"{key}\", \"b\": \"{}\"}}", "x ".repeat(40_000), "y ".repeat(40_000)),
    );
    for budget in ["700", "1000", "2000", "4000"] {
        for column in [80_000, 80_030, 80_060, 80_140] {
            let shown = workspace.run(&format!("big.json:1:{column}"), &["--json", "--budget", budget]).done();
            assert!(!shown.contains("aB3aB3"), "{column} at {budget}");
        }
    }
}

#[test]
fn notes_of_the_project_go_along_as_data_within_their_share() {
    let workspace = Workspace::new("");
    workspace.write(
        "AGENTS.md",
        format!("Prices are integers.\n{}", "Another note that is long enough to fill a line.\n".repeat(500)),
    );
    let context = workspace.json(ADD, &["--budget", "2000"]);
    let notes = &context["pieces"][0];
    assert_eq!((&notes["path"], &notes["level"]), (&"AGENTS.md".into(), &"elided".into()));
    assert!(notes["tokens"].as_u64().is_some_and(|tokens| tokens <= 200), "{notes}");
    let user = context["prompt"][1]["content"].as_str().expect("a prompt");
    assert!(user.starts_with("Notes of the project, `AGENTS.md`:\n\n```\nPrices are integers.\n"), "{user}");
    assert_eq!(level(&context, "lib/shop/cart.ex", "Price.checked(item)"), Some("full"));
}

#[test]
fn a_long_target_is_shortened_as_asked() {
    let workspace = Workspace::new("");
    let body: String = (0..40)
        .map(|n| format!("  # About {n}.\n  def f{n}(x) do\n    y = Price.checked(x)\n    {{y, {n}}}\n  end\n\n"))
        .collect();
    workspace.write("lib/shop/many.ex", format!("defmodule Shop.Many do\n  alias Shop.Price\n\n{body}end\n"));
    let text = |strategies: &str| {
        let context = workspace.json("lib/shop/many.ex", &["--budget", "1600", "--compress", strategies]);
        let last = context["pieces"].as_array().and_then(|pieces| pieces.last()).expect("the target").clone();
        (last["text"].as_str().expect("a text").to_owned(), last["reason"].as_str().expect("a reason").to_owned())
    };
    let (semantic, reason) = text("fold,semantic,truncate");
    assert!(semantic.contains("# … 2 lines left out") && !semantic.contains("# About"), "{semantic}");
    assert!(reason.contains("40 lines of comments") && reason.contains("the bodies of 40 functions"), "{reason}");
    let (truncated, _) = text("truncate");
    assert!(truncated.contains("# About 0.") && !truncated.contains("def f39"), "{truncated}");
}

#[test]
fn odd_files_and_workspaces_have_a_context_too() {
    let workspace = Workspace::new("");
    for (name, contents) in [
        ("lib/broken.ex", "defmodule Broken do\n  def half(x\n"),
        ("lib/minified.ex", &format!("x = [{}]\n", "1, ".repeat(50_000))),
        ("notes.md", "# Notes\n\nSome.\n"),
        ("empty.rs", ""),
        ("lib/page.html.heex", "<.button>{@label}</.button>\n"),
    ] {
        workspace.write(name, contents);
        let context = workspace.json(name, &["--budget", "1000"]);
        assert!(context["tokens"].as_u64().is_some_and(|tokens| tokens <= 1000), "{name}: {context}");
        let first: String = contents.chars().take(5).collect();
        assert!(
            context["prompt"][1]["content"].as_str().is_some_and(|user| user.contains(&first)),
            "{name}: {context}"
        );
    }
    let many: String = (0..10_000).map(|n| format!("  def name({n}), do: \"{n}\"\n")).collect();
    workspace.write("lib/many.ex", format!("defmodule Many do\n{many}end\n"));
    let context = workspace.json("lib/many.ex:5000", &[]);
    let text = context["pieces"]
        .as_array()
        .and_then(|pieces| pieces.last())
        .and_then(|piece| piece["text"].as_str())
        .expect("a text");
    assert!(text.contains("def name(0)") && text.contains("def name(4998)") && text.contains("left out"), "{text}");
    workspace.write("lib/binary.ex", [0xff, 0xfe, 0]);
    workspace.run("lib/binary.ex", &[]).failed(&["binary.ex", "not UTF-8"]);
    workspace.run("lib/none.ex", &[]).failed(&["none.ex"]);
}

#[test]
fn what_a_target_uses_of_a_dependency_is_told_from_its_locked_version() {
    let workspace = Workspace::new("");
    workspace.write("mix.lock", "%{\n  \"money_box\": {:hex, :money_box, \"1.2.0\", \"x\"},\n}\n");
    workspace.write("deps/money_box/hex_metadata.config", "{<<\"version\">>,<<\"1.2.0\">>}.\n");
    workspace.write(
        "deps/money_box/lib/money_box/parser.ex",
        "defmodule MoneyBox.Parser do\n  @doc \"Reads an amount.\"\n  @spec parse(binary()) :: integer()\n  def parse(text) do\n    String.to_integer(text)\n  end\n\n  def other(x), do: x\nend\n",
    );
    workspace.write(
        "lib/shop/input.ex",
        "defmodule Shop.Input do\n  alias MoneyBox.Parser\n\n  def read(text) do\n    Parser.parse(text)\n  end\nend\n",
    );
    let context = workspace.json("lib/shop/input.ex:4", &[]);
    let path = "money_box-1.2.0/lib/money_box/parser.ex";
    assert_eq!(
        level(&context, path, "@spec parse(binary()) :: integer()\n  def parse(text)"),
        Some("signature_doc"),
        "{context}"
    );
    assert_eq!(level(&context, path, "to_integer"), None, "no bodies");
    assert_eq!(level(&context, path, "def other"), None, "nothing else");
}

fn open(workspace: &Workspace) -> (Client, String) {
    let mut client = Client::start(&workspace.home, Profile::vscode().workspace(&workspace.path("")));
    let uri = url::Url::from_file_path(workspace.path("lib/shop/cart.ex")).expect("a path").to_string();
    client.open(&uri, "elixir", CART);
    client.wait_log("indexed");
    (client, uri)
}

fn place_of(text: &str) -> Value {
    position(CART, CART.find(text).expect("the text"), "utf-16")
}

#[test]
fn an_explanation_sends_what_show_context_shows() {
    let upstream = Upstream::answering("It adds.");
    let workspace = Workspace::new(&upstream.config());
    let (mut client, uri) = open(&workspace);
    let add = at(&uri, &place_of("add(cart"));
    client.run("aiex.showContext", add.clone());
    let shown = client.shown_text();
    assert!(shown.starts_with("# What `explain` would send") && shown.contains("lib/shop/price.ex:"), "{shown}");
    assert!(upstream.requests().is_empty(), "showing sends nothing");
    client.run("aiex.explain", add);
    client.shown();
    let prompt = upstream.requests()[0].prompt();
    assert!(prompt.contains("## lib/shop/price.ex\ndefmodule Shop.Price do\n"), "{prompt}");
    let sent = prompt.split("## lib").last().expect("the target's file");
    assert!(shown.contains(sent.lines().nth(3).expect("a line")), "{sent}\n{shown}");
}

#[test]
fn what_is_typed_and_what_changes_on_disk_is_in_the_next_context() {
    let workspace = Workspace::new("");
    let (mut client, uri) = open(&workspace);
    let price = url::Url::from_file_path(workspace.path("lib/shop/price.ex")).expect("a path").to_string();
    client.open(&price, "elixir", &PRICE.replace("price >= 0", "price >= 1"));
    client.run("aiex.showContext", at(&uri, &place_of("add(cart")));
    assert!(client.shown_text().contains("when price >= 1 do"), "an open document wins over the disk");
    client.close(&price);
    // As `git checkout` in a terminal would.
    workspace.write("lib/shop/price.ex", PRICE.replace("price >= 0", "price >= 22"));
    client.run("aiex.showContext", at(&uri, &place_of("add(cart")));
    assert!(client.shown_text().contains("when price >= 22 do"), "the disk counts again");
}

#[test]
fn a_private_file_has_no_context_and_is_in_none() {
    let workspace = Workspace::new("[privacy]\nexclude = [\"lib/shop/price.ex\"]\n");
    let context = workspace.json(ADD, &[]);
    assert!(!context.to_string().contains("Refuses what costs"), "{context}");
    workspace.run("lib/shop/price.ex:3", &[]).failed(&["price.ex", "privacy.exclude"]);
}

#[test]
fn a_folder_that_is_no_project_is_told_and_its_file_explained_alone() {
    let home = Home::default();
    let file = home.path().join("alone.ex");
    fs::write(&file, CART).expect("the file");
    let shown = end(home
        .command(["context".as_ref(), Path::new(&file).as_os_str(), "--json".as_ref()])
        .env("HOME", home.path()));
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stderr.contains("is not indexed"), "{}", shown.stderr);
    assert!(shown.stdout.contains("defmodule Shop.Cart do"), "{}", shown.stdout);
}

#[test]
fn what_a_provider_counts_keeps_the_next_prompts_within_the_budget() {
    // A vocabulary of its own, poorer than any that is known.
    let count = |text: &str| text.len() * 10 / 22;
    let upstream = Upstream::serving(move |mut exchange| {
        let contents = exchange.request.json()["messages"].as_array().expect("messages").clone();
        let tokens: usize = contents.iter().filter_map(|message| message["content"].as_str()).map(count).sum();
        exchange.begin();
        exchange.delta("It adds.");
        let usage = json!({"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 3}});
        exchange.send(format!("data: {usage}\n\n"));
        exchange.finish();
    });
    let workspace = Workspace::new(&format!("{}[context]\nbudget_tokens = 1200\n", upstream.config()));
    for n in 0..40 {
        workspace.write(&format!("lib/shop/more_{n}.ex"), PRICE.replace("Shop.Price", &format!("Shop.More{n}")));
    }
    let calls: String = (0..40).map(|n| format!("    Shop.More{n}.checked(item)\n")).collect();
    workspace.write("lib/shop/all.ex", format!("defmodule Shop.All do\n  def all(item) do\n{calls}  end\nend\n"));
    let sent = |request: &aiex_tests::upstream::Request| -> usize {
        let messages = request.json()["messages"].as_array().expect("messages").clone();
        messages.iter().filter_map(|message| message["content"].as_str()).map(count).sum()
    };
    let place = workspace.path("lib/shop/all.ex:2").display().to_string();
    let ask = || end(&mut workspace.home.command(["explain", &place])).done();
    ask();
    let first = sent(&upstream.requests()[0]);
    assert!(first > 1200, "nothing is known of the model yet: {first}");
    let before = workspace.json("lib/shop/all.ex:2", &["--model", "other/m"])["tokens"].clone();
    assert!(before.as_u64().is_some_and(|tokens| tokens > 1100), "another model counts as before: {before}");
    ask();
    let other = workspace.path("lib/shop/more_7.ex").display().to_string();
    end(&mut workspace.home.command(["explain", &other])).done();
    let mut client = Client::start(&workspace.home, Profile::vscode().workspace(&workspace.path("")));
    let uri = url::Url::from_file_path(workspace.path("lib/shop/cart.ex")).expect("a path").to_string();
    client.open(&uri, "elixir", CART);
    client.wait_log("indexed");
    client.run("aiex.explain", at(&uri, &place_of("add(cart")));
    client.shown();
    let later: Vec<usize> = upstream.requests()[1..].iter().map(sent).collect();
    assert!(later.len() == 3 && later.iter().all(|tokens| *tokens <= 1200), "{later:?}");
    assert!(later[0] > 1000, "not smaller than need be: {later:?}");
}

#[test]
fn a_provider_that_lies_makes_no_prompt_smaller_than_a_third() {
    let upstream = Upstream::serving(move |mut exchange| {
        exchange.begin();
        exchange.delta("It adds.");
        let prompt: usize = exchange.request.prompt().len();
        let usage = json!({"choices": [], "usage": {"prompt_tokens": prompt * 2, "completion_tokens": 3}});
        exchange.send(format!("data: {usage}\n\n"));
        exchange.finish();
    });
    let workspace = Workspace::new(&format!("{}[context]\nbudget_tokens = 2000\n", upstream.config()));
    let place = workspace.path(ADD).display().to_string();
    for _ in 0..3 {
        end(&mut workspace.home.command(["explain", &place])).done();
    }
    let length = |at: usize| upstream.requests()[at].prompt().len();
    assert!(length(2) * 4 > length(0), "{} {}", length(0), length(2));
    let shown = workspace.run("lib/shop/price.ex:3", &["--json"]).done();
    assert!(shown.contains("def checked"), "{shown}");
}

const COMPONENTS: &str = "\
defmodule ShopWeb.CoreComponents do
  use Phoenix.Component

  @doc \"A button.\"
  attr :kind, :string, default: \"plain\"
  slot :inner_block do
    attr :class, :string
  end
  def button(assigns) do
    ~H\"<button class=\\\"big\\\">{render_slot(@inner_block)}</button>\"
  end

  def table(assigns), do: ~H\"<table></table>\"
end
";

const WEB: &str = "\
defmodule ShopWeb do
  def html do
    quote do
      import ShopWeb.CoreComponents
    end
  end

  defmacro __using__(which), do: apply(__MODULE__, which, [])
end
";

const PAGE_HTML: &str = "\
defmodule ShopWeb.PageHTML do
  use ShopWeb, :html

  embed_templates \"page_html/*\"

  def price(item), do: \"#{item.price} EUR\"
end
";

const HOME: &str = "\
<section>
  <h1>Cart</h1>
  <ul>
    <li :for={item <- @items}>{price(item)} <%= Shop.Price.checked(item).name %></li>
  </ul>
  <.button phx-click=\"buy\">Buy</.button>
</section>
";

#[test]
fn a_template_is_told_with_its_components_and_a_component_with_its_templates() {
    let workspace = Workspace::new("");
    workspace.write("lib/shop_web.ex", WEB);
    workspace.write("lib/shop_web/components/core_components.ex", COMPONENTS);
    workspace.write("lib/shop_web/controllers/page_html.ex", PAGE_HTML);
    let home = "lib/shop_web/controllers/page_html/home.html.heex";
    workspace.write(home, HOME);
    workspace.write(
        "lib/shop_web/live/cart_live.ex",
        "defmodule ShopWeb.CartLive do\n  use ShopWeb, :html\n\n  def mount(_params, _session, socket) do\n    {:ok, assign(socket, :items, [])}\n  end\n\n  def unused(x), do: x\nend\n",
    );
    workspace.write(
        "lib/shop_web/live/cart_live.html.heex",
        "<ShopWeb.CoreComponents.table rows={@items} />\n<p>\n  {@items}\n</p>\n",
    );
    let page = workspace.json(&format!("{home}:4"), &[]);
    let components = "lib/shop_web/components/core_components.ex";
    assert_eq!(level(&page, home, HOME.trim_end()), Some("full"), "{page}");
    assert_eq!(level(&page, components, "def button(assigns) do"), Some("full"), "through its module's import: {page}");
    assert_eq!(level(&page, components, "attr :kind, :string"), Some("full"), "what it takes: {page}");
    assert_eq!(level(&page, components, "def table"), None, "{page}");
    assert!(level(&page, "lib/shop_web/controllers/page_html.ex", "def price(item)").is_some(), "{page}");
    assert!(level(&page, "lib/shop/price.ex", "def checked").is_some(), "{page}");
    let live = workspace.json("lib/shop_web/live/cart_live.html.heex:2", &[]);
    assert!(level(&live, components, "def table(assigns)").is_some(), "{live}");
    assert!(level(&live, "lib/shop_web/live/cart_live.ex", "assign(socket, :items, [])").is_some(), "{live}");
    assert!(level(&live, "lib/shop_web/live/cart_live.ex", "def unused").is_none(), "{live}");
    let button = workspace.json(&format!("{components}:9"), &["--intent", "refactor"]);
    assert!(level(&button, home, "<.button phx-click=\"buy\">").is_some(), "its callers: {button}");
    workspace.write(home, HOME.replace("<.button phx-click=\"buy\">Buy</.button>", "<.table />"));
    let page = workspace.json(&format!("{home}:4"), &[]);
    assert!(level(&page, components, "def button(assigns)").is_none(), "after a change: {page}");
    assert!(level(&page, components, "def table(assigns)").is_some(), "after a change: {page}");
}
