//! Markdown made of text that must not be able to be markup itself: escaped words, code spans, fences.

use std::borrow::Cow;

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag, TagEnd};

use crate::prose::{address_end, clean_text, starts_address};

/// `text` on one line, cut after `limit` characters with an ellipsis.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let text = clean_text(text);
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// `text` as plain words: nothing in it is markup, and a bare address is in code font, so that no editor links it.
pub(crate) fn escape(text: &str) -> String {
    let text = clean_text(text);
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(char) = rest.chars().next() {
        let mut end = char.len_utf8();
        let address = if starts_address(rest) { address_end(rest) } else { 0 };
        if address > 0 {
            end = address;
            escaped.push_str(&code(rest.get(..end).unwrap_or_default()));
        } else {
            let begins = escaped.is_empty() || escaped.ends_with('\n');
            let ordered = begins && rest.trim_start_matches(|char: char| char.is_ascii_digit()).starts_with(['.', ')']);
            if matches!(char, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$')
                || (begins && matches!(char, '#' | '-' | '+' | '='))
            {
                escaped.push('\\');
            }
            if ordered && char.is_ascii_digit() {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                escaped.push_str(rest.get(..digits).unwrap_or_default());
                escaped.push('\\');
                end = digits + 1;
                escaped.push_str(rest.get(digits..end).unwrap_or_default());
            } else {
                escaped.push(char);
            }
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    escaped
}

/// `text` as a code span, on one line; nothing for nothing.
pub fn code(text: &str) -> String {
    let text = one_line(text, usize::MAX);
    if text.is_empty() {
        return text;
    }
    let marks = "`".repeat(longest_run(&text) + 1);
    // A space keeps the marks apart from backticks at the borders, and is stripped by every renderer.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{space}{text}{space}{marks}")
}

/// `text` as a fenced block that it cannot close, ended by a line end.
pub fn fenced(text: &str) -> String {
    fence("", text)
}

/// `text` as a fenced block that it cannot close, ended by a line end. `language` is the info string.
pub(crate) fn fence(language: &str, text: &str) -> String {
    let text = clean_text(text);
    let marks = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{marks}{language}\n{}\n{marks}\n", text.trim_end_matches('\n'))
}

/// `markdown`, already inline, for a cell of a table: GitHub's tables split at a bar even in code.
pub(crate) fn cell(markdown: &str) -> String {
    let mut cell = String::with_capacity(markdown.len());
    let mut escaped = false;
    for char in markdown.chars() {
        if char == '|' && !escaped {
            cell.push('\\');
        }
        escaped = char == '\\' && !escaped;
        cell.push(if char == '\n' { ' ' } else { char });
    }
    cell
}

/// The first paragraph of documentation, on one line of at most about `limit` characters: its words escaped, its code
/// in code font, and no other markup.
pub(crate) fn first_paragraph(doc: &str, limit: usize) -> Option<String> {
    let doc = clean_text(doc);
    // Rust's documentation links names without saying where: `[Cart]`.
    let name = |link: BrokenLink<'_>| Some((CowStr::from(link.reference.into_string()), CowStr::from("")));
    let mut paragraph = String::new();
    let (mut inside, mut room) = (false, limit);
    for event in Parser::new_with_broken_link_callback(&doc, Options::empty(), Some(name)) {
        let (text, is_code): (Cow<'_, str>, bool) = match &event {
            Event::Start(Tag::Paragraph) => {
                inside = true;
                continue;
            }
            Event::End(TagEnd::Paragraph) => break,
            Event::Text(text) | Event::InlineHtml(text) => (Cow::Borrowed(text.as_ref()), false),
            Event::Code(text) => (Cow::Borrowed(text.as_ref()), true),
            Event::SoftBreak | Event::HardBreak => (Cow::Borrowed(" "), false),
            _ => continue,
        };
        if !inside {
            continue;
        }
        let length = text.chars().count();
        if length > room {
            if !is_code {
                let cut: String = text.chars().take(room).collect();
                let whole_words = cut.rfind(' ').and_then(|end| cut.get(..end)).unwrap_or(&cut);
                paragraph.push_str(&escape_within(&paragraph, whole_words));
            }
            paragraph.truncate(paragraph.trim_end().len());
            paragraph.push('…');
            break;
        }
        room -= length;
        paragraph.push_str(&if is_code { code(&text) } else { escape_within(&paragraph, &text) });
    }
    let paragraph = paragraph.trim();
    (!paragraph.is_empty()).then(|| paragraph.to_owned())
}

/// Escapes what follows on the same line, where nothing can begin a block.
fn escape_within(before: &str, text: &str) -> String {
    if before.is_empty() {
        return escape(text);
    }
    escape(&format!("a{text}")).split_off(1)
}

fn longest_run(text: &str) -> usize {
    text.split(|char| char != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_escaped_and_stay_readable() {
        assert_eq!(escape("adds 1 + 2 (at least), x_y"), "adds 1 + 2 (at least), x\\_y");
        assert_eq!(escape("1. # not a list"), "1\\. # not a list");
        assert_eq!(escape("see https://a.b/?c."), "see `https://a.b/?c`.");
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a\n\u{202e}b"), "`a b`");
        assert_eq!(fence("elixir", "a\n````\n"), "`````elixir\na\n````\n`````\n");
        assert_eq!(cell("`a|b\\|c`"), "`a\\|b\\|c`");
    }

    #[test]
    fn a_paragraph_of_documentation_is_one_line_without_markup() {
        let check = |doc: &str, expect: &str| assert_eq!(first_paragraph(doc, 60).as_deref(), Some(expect), "{doc}");
        check("Adds *one*\nitem, see [`Cart`] and [b](http://x).\n\nMore.", "Adds one item, see `Cart` and b.");
        check("# Title\n\nText <b>with</b> ![i](j).", "Text \\<b\\>with\\</b\\> i.");
        check("word ".repeat(20).as_str(), &format!("{}…", ["word"; 12].join(" ")));
        assert_eq!(first_paragraph("", 60), None);
        assert_eq!(first_paragraph("```\ncode\n```", 60), None);
    }

    proptest! {
        #[test]
        fn escaped_text_is_only_text(text in "[-!-/:-@\\[-`{-~0-9a c\n]{0,24}") {
            let text = one_line(&text, usize::MAX);
            let events: Vec<_> = Parser::new_ext(&escape(&text), Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
                .filter(|event| !matches!(event, Event::Text(_) | Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)))
                .map(|event| format!("{event:?}")).collect();
            prop_assert!(events.is_empty(), "{:?} {:?}", events, escape(&text));
        }

        #[test]
        fn code_spans_hold_exactly_their_text(text in "[`a\\\\|<&]{1,12}") {
            let source = code(&text);
            let events: Vec<_> = Parser::new(&source).collect();
            prop_assert_eq!(&events[1], &Event::Code(text.into()));
            prop_assert_eq!(events.len(), 3);
        }
    }
}
