//! Random questions to one server: a place, an intent, a budget, a model. No prompt may have one token more than its
//! budget.

use std::path::Path;

use aiex_tests::{
    binary::Home,
    client::{Client, Profile, at, position},
};
use serde_json::json;

use crate::{random::Random, sources::Source, tokens};

const INTENTS: [&str; 8] = ["explain", "refactor", "fix", "document", "generate", "generate-tests", "review", "ask"];
/// One of each family of tokenizers. Those of the first row are counted here, too.
const COUNTED: [&str; 2] = ["gpt-4o", "gpt-5-mini"];
const MODELS: [&str; 9] = [
    "gpt-4o",
    "gpt-5-mini",
    "gpt-4",
    "claude-sonnet-4-5",
    "qwen3-coder",
    "llama-3.3-70b",
    "deepseek-chat",
    "gemini-2.5-pro",
    "nobody-knows-it",
];
/// Budgets lie between these, small ones as often as large ones.
const LEAST: usize = 1000;
const MOST: usize = 16_000;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Questions that had a prompt.
    pub asked: usize,
    /// Prompts whose tokens were counted here, by the model's own vocabulary.
    pub counted: usize,
    /// Prompts that had more tokens than their budgets.
    pub over: usize,
    /// The most tokens that one had too many.
    pub worst: usize,
    /// Prompts that filled at least 90 hundredths of their budgets.
    pub full: usize,
}

/// Asks so many questions about the sources that `workspace` holds. `home` says which binary.
pub fn budgets(home: &Home, workspace: &Path, sources: &[Source], count: usize) -> Budgets {
    let mut random = Random::default();
    let mut found = Budgets::default();
    home.configure(&config(MODELS[0], LEAST));
    let mut client = Client::start(home, Profile::vscode().workspace(workspace));
    client.wait_log("indexed");
    let sources: Vec<_> = sources.iter().filter(|source| !source.text.is_empty()).collect();
    for _ in 0..count {
        let source = *random.of(&sources);
        let mut offset = random.below(source.text.len());
        while !source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (intent, model) = (*random.of(&INTENTS), *random.of(&MODELS));
        let factor = (MOST / LEAST) as f64;
        let budget = (LEAST as f64 * factor.powf(random.below(10_000) as f64 / 10_000.0)) as usize;
        home.configure(&config(model, budget));
        let language = if source.path.ends_with(".rs") { "rust" } else { "elixir" };
        let uri = url::Url::from_file_path(workspace.join(&source.path)).expect("a path").to_string();
        client.open(&uri, language, &source.text);
        let mut argument = at(&uri, &position(&source.text, offset, "utf-16"));
        argument["intent"] = json!(intent);
        client.run("aiex.showContext", argument);
        let shown = client.shown_text();
        client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
        let (said, prompt) = read(&shown, model, budget);
        let tokens = match COUNTED.contains(&model) {
            true => {
                found.counted += 1;
                prompt.iter().map(|message| tokens::count(message)).sum()
            }
            false => said,
        };
        found.asked += 1;
        found.full += usize::from(tokens * 10 >= budget * 9);
        if tokens.max(said) > budget {
            let over = tokens.max(said) - budget;
            eprintln!("{over} over {budget}: {}:{offset}, {intent}, {model}", source.path);
            found.over += 1;
            found.worst = found.worst.max(over);
        }
    }
    found
}

fn config(model: &str, budget: usize) -> String {
    format!(
        "model = \"work/{model}\"\n[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\n[context]\nbudget_tokens = {budget}\n"
    )
}

/// The tokens that the document says, and the two messages of the prompt that it shows.
fn read<'t>(shown: &'t str, model: &str, budget: usize) -> (usize, [&'t str; 2]) {
    let head = format!(" of at most {budget} tokens, counted for `work/{model}`.");
    let line = shown.lines().find(|line| line.ends_with(&head)).unwrap_or_else(|| panic!("no `{head}` in {shown}"));
    let said = line.trim_start_matches("about ").split(' ').next().and_then(|tokens| tokens.parse().ok());
    let (_, rest) = shown.split_once("\n## The prompt\n\n").expect("the prompt");
    let (_, rest) = rest.split_once('\n').expect("a fence");
    let (body, _) = rest.trim_end().rsplit_once('\n').expect("its end");
    let (system, user) = body.split_once("\n\n---\n\n").expect("two messages");
    (said.expect("a number of tokens"), [system, user])
}
