//! Makes what a server said fit to be shown: short, readable, without key, prompt or hidden characters. Pure.

use crate::{Request, Secret};

/// The most characters of an excerpt.
const LIMIT: usize = 200;
/// The most characters that are looked at.
const LOOKED_AT: usize = 64 * 1024;
/// Servers that check a request's shape repeat its lines in their complaint. A line shorter than this, in bytes,
/// says nothing of its own and is not looked for.
const PROMPT_LINE: usize = 16;

/// An excerpt of at most 200 characters of `text`, with the texts in `hidden` masked.
pub(crate) fn excerpt(text: &str, hidden: &[String]) -> String {
    let text: String = text.chars().take(LOOKED_AT).collect();
    let mut text = if is_html(&text) { visible(&html_text(&text)) } else { visible(&text) };
    // After the invisible characters are gone: they could stand within a key.
    for hidden in hidden {
        text = text.replace(hidden, "***");
    }
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// What no message about `request` may show, the longest first so that a part does not spoil the whole.
pub(crate) fn hidden(secrets: &[Secret], request: &Request) -> Vec<String> {
    let mut hidden: Vec<String> = secrets.iter().map(|secret| secret.expose().to_owned()).collect();
    for line in request.texts().flat_map(str::lines) {
        let line = visible(line);
        if line.len() >= PROMPT_LINE {
            // As it stands within JSON.
            hidden.push(serde_json::Value::from(line.as_str()).to_string().trim_matches('"').to_owned());
            hidden.push(line);
        }
    }
    hidden.retain(|text| !text.is_empty());
    hidden.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    hidden
}

/// One line without terminal escapes and without characters that can't be seen or that reorder others.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' | '\u{9b}' => {
                if c == '\u{9b}' || chars.next_if_eq(&'[').is_some() {
                    // ECMA-48 5.4: parameters and intermediates, then one final byte.
                    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                    chars.next_if(|c| matches!(c, '@'..='~'));
                } else if chars.next_if(|c| matches!(c, ']' | 'P' | '^' | '_' | 'X')).is_some() {
                    // A string for the terminal, up to BEL or ESC.
                    while chars.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n')).is_some() {}
                }
            }
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether nothing in a name is hidden, or does something to a terminal.
pub(crate) fn is_visible(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_control() || is_invisible(c))
}

/// Unicode's Default_Ignorable_Code_Point, the bidirectional controls (UAX #9), and interlinear annotations.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().skip_while(|c| !c.is_ascii_graphic()).take(14).collect();
    let start = start.to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<center", "<title", "<h1"].iter().any(|tag| start.starts_with(tag))
}

/// The page's title where it has one, else its text.
fn html_text(html: &str) -> String {
    // ASCII lower case keeps every byte where it is.
    let lower = html.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower.get(start..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find('<')?;
        html.get(start..end)
    });
    let text = match title.filter(|title| !title.trim().is_empty()) {
        Some(title) => title.to_owned(),
        None => without_tags(html, &lower),
    };
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c))
}

fn without_tags(html: &str, lower: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(rest) = html.get(at..) {
        let Some(open) = rest.find('<') else {
            out.push_str(rest);
            break;
        };
        out.push_str(rest.get(..open).unwrap_or_default());
        out.push(' ');
        let tag = lower.get(at + open..).unwrap_or_default();
        let unseen = [("<script", "</script"), ("<style", "</style"), ("<!--", "--")];
        let close = unseen.iter().find(|(start, _)| tag.starts_with(start)).map_or(Some(0), |(_, end)| tag.find(end));
        let end = close.and_then(|close| Some(close + tag.get(close..)?.find('>')?));
        let Some(end) = end else { break };
        at += open + end + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::Message;

    fn check(text: &str, expect: Expect) {
        let request = Request {
            messages: vec![Message::user("short\n    let prompt = \"the user's line\";\n")],
            ..Request::default()
        };
        expect.assert_eq(&excerpt(text, &hidden(&[Secret::new("sk-planted")], &request)));
    }

    #[test]
    fn plain_text_becomes_one_line() {
        check("  no\r\n\tsuch   model\0 ", expect!["no such model"]);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(excerpt(&"é".repeat(300), &[]).chars().count(), LIMIT + 1);
    }

    #[test]
    fn html_becomes_its_title_or_its_text() {
        check(
            "<!DOCTYPE html>\n<html><head><TITLE>502 Bad &amp; Gateway</TITLE></head><body>nginx</body>",
            expect!["502 Bad & Gateway"],
        );
        check(
            "<html><style>p {x: 1}</style><body><h1>Not Found</h1><!-- > --><script>if (a<b) {}</script><p>Sorry",
            expect!["Not Found --> Sorry"],
        );
        check("<html><body>half a <scr", expect!["half a"]);
    }

    #[test]
    fn what_can_not_be_seen_goes() {
        check(
            "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{9b}1mbold a\u{202e}b\u{200b}c\u{e0041}d\u{2066}e",
            expect!["red bold abcde"],
        );
    }

    #[test]
    fn key_and_prompt_are_masked() {
        check("bad key sk-planted, sk-pla\u{200b}nted", expect!["bad key ***, ***"]);
        check("input: let prompt = \"the user's line\"; short", expect!["input: *** short"]);
        check(r#"input: let prompt = \"the user's line\";\n"#, expect![[r#"input: ***\n"#]]);
    }

    proptest! {
        #[test]
        fn any_text_is_one_short_line(text in any::<String>()) {
            for text in [text.clone(), format!("<html>{text}")] {
                let shown = excerpt(&text, &[]);
                prop_assert!(shown.chars().count() <= LIMIT + 1);
                prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
            }
        }
    }
}
