//! Tests of refusals: what they say, and that no quotation shows a secret.

use super::super::{Source, Task, draft};
use super::*;
use aiex_context::Intent;

const TARGET: &str = "fn a() {\n    b();\n}\n";

/// A made-up token of 150 characters.
fn token() -> String {
    (0..50).map(|number| format!("q{:02}", number * 7 % 100)).collect()
}

/// A made-up private key.
fn key() -> String {
    let lines: String = (0..6).map(|line| format!("{}\n", "QmFzZTY0TGluZQ".repeat(5).split_at(60 + line).0)).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----")
}

/// The refusal of a reply, in which `SECRET` stands for a placeholder, and its `Debug`: neither has 8 characters of the
/// secret.
#[track_caller]
fn check(value: &str, reply: &str, expect: &str) {
    let text = format!("const API_KEY: &str = \"{value}\";\n{TARGET}");
    let mut redactor = Redactor::new("k7f3");
    redactor.redact("a.rs", 1, &text);
    let placeholder = redactor.redactions().first().unwrap().placeholder.clone();
    let sources = [Source { path: "a.rs".to_owned(), text: text.as_str().into(), cut: None }];
    let start = text.find("fn a").unwrap();
    let mut task = Task::new(Intent::Refactor, "a.rs", &sources, start..text.len() - 1);
    task.redactor = Some(&redactor);
    let reply = reply.replace("SECRET", &placeholder);
    let refusal = draft(&task, &reply).and_then(|draft| draft.checked(|_| false)).unwrap_err();
    assert_eq!(refusal.to_string(), expect);
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    for said in [refusal.to_string(), format!("{refusal:?}"), refusal.told(Some(&redactor))] {
        let said = squeezed(&said);
        let value: Vec<char> = squeezed(value).chars().collect();
        let leaked = value.windows(8).map(|piece| piece.iter().collect::<String>()).find(|piece| said.contains(piece));
        assert_eq!(leaked, None, "{said}");
    }
}

#[test]
fn no_quotation_shows_a_secret_or_a_piece_of_one() {
    let missing = "<<<<<<< SEARCH\n    c(\"SECRET\");\n=======\n    d();\n>>>>>>> REPLACE\n";
    let words = "I would rather not log SECRET in here.";
    let long = format!("{}SECRET", "so it goes. ".repeat(24));
    let statement = "```rust\nlet key = \"SECRET\";\nlet a = b;\n```\n";
    let import = "```rust\nuse crate::SECRET;\n\nfn a() {\n    c();\n}\n```\n";
    let broken = "```rust\nfn a() {\n    b();\n}\nSECRET SECRET\n\n```\n";
    let token = token();
    check(&token, missing, "the text to be replaced is not in a.rs: `c(\"AIEX_SECRET_1_k7f3\");`");
    check(&token, words, "the reply holds no code; it says: I would rather not log AIEX_SECRET_1_k7f3 in here.");
    check(&token, &long, &format!("the reply holds no code; it says: {}AIEX_SECRET_…", "so it goes. ".repeat(24)));
    check(
        &token,
        statement,
        "`let key = \"AIEX_SECRET_1_k7f3\";` is no whole definition, so there is no telling where it goes",
    );
    check(
        &token,
        import,
        "the reply changes the imports (`use crate::AIEX_SECRET_1_k7f3;`), and refactor may change only the target, new \
         definitions beside it, and the calls of what it renames",
    );
    check(
        &token,
        broken,
        "the code does not parse: the reply, line 4: `AIEX_SECRET_1_k7f3 AIEX_SECRET_1_k7f3` is not expected",
    );
    let key = key();
    check(&key, missing, "the text to be replaced is not in a.rs: `c(\"AIEX_SECRET_1_k7f3\");`");
    check(&key, words, "the reply holds no code; it says: I would rather not log AIEX_SECRET_1_k7f3 in here.");
    check(
        &key,
        statement,
        "`let key = \"AIEX_SECRET_1_k7f3\";` is no whole definition, so there is no telling where it goes",
    );
    let end = "stands for a secret that is not of `a`; it is left where it was";
    check(&key, "```rust\nfn a() {\n    SECRET\n}\n```\n", &format!("the placeholder AIEX_SECRET_1_k7f3 {end}"));
    check(
        &key,
        broken,
        "the code does not parse: the reply, line 4: `AIEX_SECRET_1_k7f3 AIEX_SECRET_1_k7f3` is not expected",
    );
    check(&token, "```SECRET\nfn a() {\n    c();\n}\n```\n", "the code is AIEX_SECRET_1_k7f3, and a.rs is rust");
}
