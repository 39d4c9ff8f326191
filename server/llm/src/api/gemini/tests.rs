//! The format's tests: its paths, lists of models and counts of tokens; requests, answers, streams and laws by themselves.

mod answers;
mod laws;
mod request;
mod streams;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::Gemini;
use crate::{Message, Model, Quirks, Request, api::Api as _};

#[test]
fn paths() {
    let path = |model: &str| Gemini.path(&Request { model: model.into(), ..Request::default() });
    assert_eq!(path("gemini-2.5-flash"), "models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(path("models/gemini-2.5-flash"), "models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(path("a/b_c?d#é:%"), "models/a/b_c%3Fd%23%C3%A9%3A%25:streamGenerateContent?alt=sse");
}

#[test]
fn lists_of_models() {
    let check = |list: Value, expect: Expect| {
        let line = |(name, model): &(String, Model)| format!("{name} {:?} {:?}\n", model.context, model.output);
        expect.assert_eq(&Gemini.models(&list).iter().map(line).collect::<String>());
    };
    let list = json!({"models": [
        {"name": "models/gemini-2.5-flash", "inputTokenLimit": 1048576, "outputTokenLimit": 65536,
            "supportedGenerationMethods": ["generateContent", "countTokens"], "thinking": true},
        {"name": "models/gemini-embedding-001", "inputTokenLimit": 2048, "supportedGenerationMethods": ["embedContent"]},
        {"name": "tuned", "inputTokenLimit": null, "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/odd"}, {"supportedGenerationMethods": ["generateContent"]}, null,
    ]});
    check(
        list,
        expect![[r#"
        gemini-2.5-flash Some(1048576) Some(65536)
        tuned None None
    "#]],
    );
    check(json!({"models": 5}), expect![[""]]);
    check(json!([]), expect![[""]]);
    assert_eq!(Gemini.models_path(), "models?pageSize=1000");
}

#[test]
fn tokens_are_counted_by_the_whole_request() {
    let request = Request {
        model: "models/gemini-2.5-flash".into(),
        messages: vec![Message::system("be brief"), Message::user("hi")],
        ..Request::default()
    };
    let (path, body) = Gemini.count(&request, &Model::default(), &Quirks::default()).unwrap();
    assert_eq!(path, "models/gemini-2.5-flash:countTokens");
    let inner = &body["generateContentRequest"];
    assert_eq!(inner["model"], "models/gemini-2.5-flash");
    assert_eq!(inner["contents"], Gemini.body(&request, &Model::default(), &Quirks::default())["contents"]);
    assert_eq!(Gemini.counted(&json!({"totalTokens": 31, "promptTokensDetails": []})), Some(31));
    assert_eq!(Gemini.counted(&json!({"totalTokens": null})), None);
}
