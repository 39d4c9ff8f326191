//! The document that the tests of explanations are about, open in an editor.

use aiex_tests::{
    binary::Home,
    client::{Client, Message, Profile, at},
    upstream::{Exchange, Upstream},
};
use serde_json::{Value, json};

pub const URI: &str = "file:///work/lib/shop.ex";

/// A planted word in the code: nothing but the prompt may repeat it.
pub const PLANTED: &str = "planted_7f3a9c_in_the_code";

/// The titles of the code actions at a definition, while nothing runs.
pub const EDITABLE: [&str; 4] = ["Aiex: Explain", "Aiex: Refactor…", "Aiex: Document", "Aiex: Generate tests"];

pub const SHOP: &str = "\
defmodule Shop do
  @doc \"Adds an item.\"
  def add(cart, item) do
    checked = check(item, :planted_7f3a9c_in_the_code)
    [checked | cart]
  end

  defp check(item, _mark), do: item

  def clear(_cart), do: []
end
";

/// An editor with the document open, and perhaps a model.
pub struct Scene {
    pub client: Client,
    version: i64,
}

impl Scene {
    /// With nothing configured.
    pub fn offline(profile: Profile) -> Self {
        Self::start(&Home::default(), profile)
    }

    /// With the model `work/m` there, in VS Code.
    pub fn with_model(upstream: &Upstream) -> Self {
        Self::start(&Home::with_config(&upstream.config()), Profile::vscode())
    }

    pub fn start(home: &Home, profile: Profile) -> Self {
        let mut client = Client::start(home, profile);
        client.open(URI, "elixir", SHOP);
        // From here on its symbols are known.
        let mut scene = Self { client, version: 1 };
        scene.hover("add").expect("a hover");
        scene
    }

    /// Replaces a piece of the text, found in the text as it was opened. Only one change can be made so.
    pub fn edit(&mut self, old: &str, new: &str) {
        let start = SHOP.find(old).expect("the piece");
        let range = json!({
            "start": self.client.position(SHOP, start),
            "end": self.client.position(SHOP, start + old.len()),
        });
        self.replace(json!([{"range": range, "text": new}]));
    }

    /// Puts the text back as it was opened.
    pub fn undo(&mut self) {
        self.replace(json!([{"text": SHOP}]));
    }

    fn replace(&mut self, changes: Value) {
        self.version += 1;
        self.client.change(URI, self.version, changes);
        // What comes from elsewhere, as a model's answer does, comes after it.
        self.client.sync();
    }

    /// Where a function is defined, in the text as it was opened.
    pub fn place(&self, function: &str) -> Value {
        let definition = [format!("def {function}("), format!("defp {function}(")];
        let start = definition.iter().find_map(|text| Some(SHOP.find(text)? + text.len() - 2)).expect("the function");
        self.client.position(SHOP, start)
    }

    /// What a hover over a function shows, as long as the text above it is as it was.
    #[track_caller]
    pub fn hover(&mut self, function: &str) -> Option<String> {
        let place = self.place(function);
        self.client.hover(URI, &place)
    }

    /// Begins to explain a function, and returns the run.
    #[track_caller]
    pub fn explain(&mut self, function: &str) -> u64 {
        let place = self.place(function);
        self.client.run("aiex.explain", at(URI, &place))
    }

    /// Begins to explain a function, and waits until the progress is shown and the model is asked.
    #[track_caller]
    pub fn ask(&mut self, function: &str, upstream: &Upstream) -> (u64, Exchange) {
        let run = self.explain(function);
        self.wait_begin(run);
        (run, upstream.next())
    }

    /// Waits until the progress of a run is shown.
    #[track_caller]
    pub fn wait_begin(&mut self, run: u64) {
        let begins = |params: &Value| params["token"] == token(run) && params["value"]["kind"] == "begin";
        self.client.next("$/progress", begins);
    }

    /// The titles of the code actions at a function.
    pub fn titles(&mut self, function: &str) -> Vec<String> {
        let place = self.place(function);
        let actions = self.client.code_actions(URI, &place, None);
        actions.iter().map(|action| action["title"].as_str().expect("a title").to_owned()).collect()
    }

    /// Waits until the progress of a run has ended: its outcome follows.
    #[track_caller]
    pub fn wait_end(&mut self, run: u64) {
        self.client.progress(&token(run));
    }

    /// Waits for the word that a run was stopped.
    #[track_caller]
    pub fn wait_stopped(&mut self, run: u64) {
        self.wait_end(run);
        assert_eq!(self.client.message(&["stopped"]).kind, 3);
    }

    /// The outcomes that every run so far had: documents shown, and messages.
    pub fn outcomes(&mut self) -> (usize, Vec<Message>) {
        self.client.sync();
        (self.client.all("window/showDocument").len(), self.client.messages())
    }

    /// The files of all answers.
    pub fn answers(&self) -> Vec<std::path::PathBuf> {
        let folder = std::fs::read_dir(self.client.home.path().join("state/answers"));
        folder.into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect()
    }
}

/// The token of a run's progress.
pub fn token(run: u64) -> Value {
    json!(format!("aiex/run/{run}"))
}
