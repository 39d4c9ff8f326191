//! A user who types while the model writes: the text is then theirs with the edit, or theirs.

use aiex_tests::{
    binary::{Home, fixture},
    client::{Client, Profile},
    upstream::Upstream,
};
use serde_json::json;
use tempfile::TempDir;

const OLD: &str = "    Map.new(lines, fn {sku, {_item, quantity}} -> {sku, quantity} end)\n";
const NEW: &str = "    for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}\n";
const REPLY: &str = "```elixir
def quantities(%__MODULE__{lines: lines}) do
  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}
end
```";

/// Numbers that look random and are the same every time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// What people type: a character, a word, a line, a paste, or a deletion.
fn typed(random: &mut Random, text: &str) -> (usize, usize, &'static str) {
    let floor = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    // Half of it near the function that is edited, where it is most likely to be in the way.
    let near = text.find("def quantities").unwrap_or(0);
    let start = match random.below(2) {
        0 => floor(random.below(text.len())),
        _ => floor((near + random.below(500)).saturating_sub(250).min(text.len())),
    };
    let length = [0, 0, 0, 1, 7, 60][random.below(6)];
    let end = floor((start + length).min(text.len()));
    let pieces = ["x", "é👍", "\n", "  # a note\n", "  def other(a), do: a\n", "", "end\n", "\""];
    (start, end.max(start), pieces[random.below(pieces.len())])
}

#[test]
fn runs_with_typing_meanwhile_corrupt_nothing() {
    // The long run takes minutes: AIEX_TYPING_RUNS=1000.
    let runs = std::env::var("AIEX_TYPING_RUNS").map_or(60, |runs| runs.parse().expect("a number"));
    let upstream = Upstream::start();
    let empty = TempDir::new().unwrap();
    // Without formatters: they are not what this is about, and each takes a while to start.
    let home = Home::with_config(&format!("{}\n[edits]\nmax_repairs = 0\n", upstream.config()))
        .with_variable("PATH", empty.path().to_str().unwrap());
    let folder = TempDir::new().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let original = std::fs::read_to_string(fixture("elixir_shop/lib/shop/cart.ex")).unwrap();
    assert!(original.contains(OLD));
    std::fs::write(top.join("mix.exs"), "").unwrap();
    std::fs::write(top.join("cart.ex"), &original).unwrap();
    let mut client = Client::start(&home, Profile::vscode().workspace(&top));
    client.set_reply("workspace/applyEdit", json!({"applied": true}));
    let uri = format!("file://{}/cart.ex", top.display());
    client.open(&uri, "elixir", &original);
    let mut random = Random(0x5eed);
    let (mut version, mut applied, mut refused) = (1, 0, 0);
    for round in 0..runs {
        let place = client.position(&original, original.find("def quantities").unwrap());
        let range = json!({"start": place, "end": place});
        client.run("aiex.refactor", json!({"uri": uri, "range": range, "instruction": "use for"}));
        let mut exchange = upstream.next();
        let mut text = original.clone();
        for _ in 0..=random.below(3) {
            let (start, end, new) = typed(&mut random, &text);
            let range = json!({"start": client.position(&text, start), "end": client.position(&text, end)});
            version += 1;
            client.change(&uri, version, json!([{"range": range, "text": new}]));
            text.replace_range(start..end, new);
        }
        client.sync();
        exchange.answer(REPLY);
        let message = client.message(&["Aiex: Refactor: "]);
        if message.text.contains(": applied.") {
            applied += 1;
            let params = client.next("workspace/applyEdit", |_| true);
            let change = &params["edit"]["documentChanges"][0];
            assert_eq!(change["textDocument"]["version"], version, "round {round}");
            let edited = super::edits::edited(&text, change["edits"].as_array().unwrap());
            // The edited line was as it had been, so what comes out is known without any merging.
            assert_eq!(text.matches(OLD).count(), 1, "round {round}: {text}");
            assert_eq!(edited, text.replacen(OLD, NEW, 1), "round {round}");
        } else {
            refused += 1;
            assert!(message.text.contains("meanwhile"), "round {round}: {}", message.text);
        }
        version += 1;
        client.change(&uri, version, json!([{"text": original}]));
    }
    client.sync();
    assert_eq!(client.all("workspace/applyEdit").len(), applied);
    assert!(applied > 0 && refused > 0, "{applied} applied, {refused} refused");
}
