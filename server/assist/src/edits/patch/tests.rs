//! Tests of rebasing: what the user typed stays, or the edit is given up.

#![expect(clippy::string_slice, reason = "the text is ASCII")]

use proptest::prelude::*;

use super::*;

fn patch(before: &str, after: &str, anchors: &[&str]) -> FilePatch {
    let anchor = |text: &&str| {
        let start = before.find(*text).unwrap();
        start..start + text.len()
    };
    FilePatch {
        path: "a.rs".to_owned(),
        before: Some(before.into()),
        after: after.to_owned(),
        anchors: anchors.iter().map(anchor).collect(),
        parsed: true,
    }
}

const BEFORE: &str = "fn a() {\n    1;\n}\n\nfn b() {\n    2;\n}\n";
const AFTER: &str = "fn a() {\n    1;\n}\n\nfn b() {\n    22;\n}\n";

/// What becomes of the text as the user has it `now`.
fn check(now: &str, expect: Result<&str, &str>) {
    let patch = patch(BEFORE, AFTER, &["fn b() {\n    2;\n}"]);
    let merged = patch.onto(now).map(|edits| apply(&Text::new(now), &edits).unwrap().to_string());
    assert_eq!(merged.as_deref().map_err(ToString::to_string), expect.map_err(ToOwned::to_owned));
}

#[test]
fn typing_elsewhere_is_kept() {
    check(BEFORE, Ok(AFTER));
    check(
        "// x\nfn a() {\n    1;\n}\n\nfn b() {\n    2;\n}\n",
        Ok("// x\nfn a() {\n    1;\n}\n\nfn b() {\n    22;\n}\n"),
    );
    check("fn b() {\n    2;\n}\n", Ok("fn b() {\n    22;\n}\n"));
    let after = "fn a() {\n    1;\n}\n\nfn b() {\n    2;\n}\n\nfn c() {}\n";
    check(after, Ok("fn a() {\n    1;\n}\n\nfn b() {\n    22;\n}\n\nfn c() {}\n"));
}

#[test]
fn typing_in_the_definition_refuses_the_patch() {
    let conflict = Err("a.rs was changed meanwhile just where the edit belongs; run the command again");
    check("fn a() {\n    1;\n}\n\nfn b() {\n    3;\n}\n", conflict);
    check("fn a() {\n    1;\n}\n\nfn b() {\n    2;\n    3;\n}\n", conflict);
    check("fn a() {\n    1;\n}\n", conflict);
    check("", conflict);
}

#[test]
fn a_new_file_is_never_written_over() {
    let patch = FilePatch { before: None, anchors: Vec::new(), ..patch("", "fn a() {}\n", &[]) };
    assert_eq!(patch.onto("x"), Err(Moved::Exists("a.rs".to_owned())));
    assert_eq!(patch.edits().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The final text is the user's with the patch, or the user's: whatever was typed while the model wrote.
    #[test]
    fn the_user_loses_nothing(typed in prop::collection::vec((0_usize..=80, 0_usize..4, "[a-z{}()\n; ]{0,6}|"), 0..6)) {
        let mut text = Text::new(BEFORE);
        for (at, length, new) in &typed {
            let start = (*at).min(text.len());
            text.splice(&Edit { range: start..(start + length).min(text.len()), text: new.clone() });
        }
        let now = text.to_string();
        let patch = patch(BEFORE, AFTER, &["fn b() {\n    2;\n}"]);
        if let Ok(edits) = patch.onto(&now) {
            let merged = apply(&Text::new(&now), &edits).unwrap().to_string();
            // The definition stood there untouched, and is all that changed.
            let at = now.find("fn b() {\n    2;\n}");
            prop_assert!(at.is_some(), "{now:?}");
            let candidates: Vec<String> = now
                .match_indices("fn b() {\n    2;\n}")
                .map(|(at, _)| format!("{}fn b() {{\n    22;\n}}{}", &now[..at], &now[at + 17..]))
                .collect();
            prop_assert!(candidates.contains(&merged), "{now:?} became {merged:?}");
        }
    }
}
