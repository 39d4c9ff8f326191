//! Laws on hostile text: whatever a file holds, nothing of it becomes markup.

use aiex_syntax::{Language, Syntax};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::*;
use crate::testing::LEDGER;

/// Only what is written here may be markup: nothing from the text may become a link, an image or HTML.
fn tame(markdown: &str) -> Result<(), TestCaseError> {
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        let wild =
            matches!(event, Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. } | Tag::Link { .. }));
        prop_assert!(!wild, "{event:?} in {markdown}");
    }
    prop_assert_eq!(crate::clean_text(markdown), markdown);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_in_the_text_becomes_markup(
        is_elixir: bool,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, prop::sample::select(vec![
            "`", "```", "![x](http://a.b/?c)", "[x](javascript:y)", "<img src=x>", "|", "\n", "\u{202e}", "\u{1b}[2J", "<!--", "\\", "\"", "do", "end", "{", "}", "*", "é", "",
        ])), 0..8),
    ) {
        let mut contents = if is_elixir { CART } else { LEDGER }.to_owned();
        for (at, length, piece) in cuts {
            let floor = |at: usize, text: &str| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let start = floor(at.index(contents.len().max(1)), &contents);
            let end = floor(start + length, &contents).max(start);
            contents.replace_range(start..end, piece);
        }
        let text = Text::new(&contents);
        let language = if is_elixir { Language::Elixir } else { Language::Rust };
        let syntax = Syntax::parse(language, &text, None, || true).unwrap();
        let outline = syntax.outline(&text);
        for index in 0..=outline.symbols.len() {
            tame(&explain_symbol(&syntax, &outline, &text, index))?;
            for level in [crate::FactsLevel::Brief, crate::FactsLevel::Full] {
                tame(&crate::hover_facts(&outline, index, &text, level).unwrap_or_default())?;
            }
        }
        tame(&explain_file(&syntax, &outline, &text, "a`b<i>.ex"))?;
        for path in ["a.md", "a.toml", "a.yml", "a"] {
            tame(&explain_plain(&text, path))?;
        }
    }
}
