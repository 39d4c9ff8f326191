//! [`clean_markdown`]: an answer's Markdown without images, raw HTML and links that could carry data away.

use std::ops::Range;

use aiex_text::{Edit, Text, apply};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{
    characters::clean_text,
    links::{address_end, host, is_harmless, named, starts_address},
};
use crate::markdown::{escape, fence};

/// Rounds until the text is given up on. Answers settle in two; only text made to resist needs more.
const MAX_ROUNDS: usize = 8;

/// Markdown that is safe to hand to an editor. Its characters are cleaned by [`clean_text`]. Then images become their
/// alternative text, raw HTML is escaped, and a link stays only if it is plain `http` or `https` with no user, no query
/// and a moderate length; of another one the text stays, with its host named in code font. Code blocks stay as they are.
///
/// Idempotent: what it returns, it returns unchanged. Text in which each repair makes new markup ends up as one code block.
pub fn clean_markdown(markdown: &str) -> String {
    let mut clean = clean_text(markdown);
    for _ in 0..MAX_ROUNDS {
        let before = clean.len();
        // Editors differ in the extensions they know, and the same text has other images with tables than without.
        let mut settled = true;
        for options in dialects() {
            let edits = repairs(&clean, options);
            if !edits.is_empty() {
                settled = false;
                clean = apply(&Text::new(&clean), &edits).map_or_else(|_| fence("", &clean), |text| text.to_string());
            }
        }
        if settled {
            return clean;
        }
        if clean.len() > before.saturating_mul(4).saturating_add(1000) {
            break;
        }
    }
    fence("", &clean)
}

/// The parses that must all be harmless: CommonMark, and GitHub's with footnotes.
fn dialects() -> [Options; 2] {
    let github =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    [Options::empty(), github]
}

/// A link or image that is open, and how far its contents reach so far.
struct Open {
    range: Range<usize>,
    contents: Range<usize>,
    replacement: Option<String>,
}

/// The edits of one round, not overlapping.
fn repairs(markdown: &str, options: Options) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut parser = Parser::new_ext(markdown, options).into_offset_iter();
    let (mut open, mut in_code, mut texts) = (Vec::<Open>::new(), false, Vec::<Range<usize>>::new());
    for (event, range) in parser.by_ref() {
        let ends_link = matches!(event, Event::End(TagEnd::Link | TagEnd::Image));
        if let (false, Some(around)) = (ends_link, open.last_mut()) {
            around.contents.end = around.contents.end.max(range.end);
        }
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Image { .. }) => open.push(opened(range, 2, Some(String::new()))),
            Event::Start(Tag::Link { link_type, dest_url, title, .. }) => {
                let harmless = is_harmless(&dest_url) && clean_text(&title) == *title;
                let auto = matches!(link_type, LinkType::Autolink | LinkType::Email);
                let replacement = match (harmless, auto) {
                    (true, _) => None,
                    (false, true) => Some(named(&dest_url)),
                    (false, false) => Some(host(&dest_url).map_or_else(String::new, |host| format!(" ({host})"))),
                };
                let mut link = opened(range, 1, replacement);
                // The parser leaves the empty brackets of `[text][]` outside its range.
                if matches!(link_type, LinkType::Collapsed)
                    && markdown.get(link.range.end..).is_some_and(|rest| rest.starts_with("[]"))
                {
                    link.range.end += 2;
                }
                if auto && !harmless {
                    // Its text is its address, which the replacement names.
                    link.contents = link.range.start..link.range.start;
                    edits.push(Edit { range: link.range, text: link.replacement.take().unwrap_or_default() });
                    link.range = link.contents.clone();
                }
                open.push(link);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let Some(Open { range, contents, replacement }) = open.pop() else { continue };
                if let Some(around) = open.last_mut() {
                    around.contents.end = around.contents.end.max(range.end);
                }
                if let Some(replacement) = replacement {
                    edits.push(Edit { range: range.start..contents.start, text: String::new() });
                    edits.push(Edit { range: contents.end..range.end, text: replacement });
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                let html = markdown.get(range.clone()).unwrap_or_default();
                let escape = |at: usize| Edit { range: range.start + at..range.start + at, text: "\\".to_owned() };
                edits.extend(html.match_indices('<').map(|(at, _)| escape(at)));
            }
            Event::Text(text) if !in_code => {
                let source = markdown.get(range.clone()).unwrap_or_default();
                if source.contains('&') && clean_text(&text) != *text {
                    edits.push(Edit { range, text: escape(&clean_text(&text)) });
                } else if open.is_empty() {
                    match texts.last_mut() {
                        Some(last) if last.end == range.start => last.end = range.end,
                        _ => texts.push(range),
                    }
                }
            }
            _ => {}
        }
    }
    edits.extend(texts.into_iter().flat_map(|range| bare_addresses(markdown, range)));
    let harmful = |dest: &str, title: &str| !is_harmless(dest) || clean_text(title) != title;
    for (_, definition) in parser.reference_definitions().iter() {
        if harmful(&definition.dest, definition.title.as_deref().unwrap_or_default()) {
            edits.push(Edit { range: definition.span.clone(), text: String::new() });
        }
    }
    disjoint(edits)
}

fn opened(range: Range<usize>, mark: usize, replacement: Option<String>) -> Open {
    let start = range.start + mark;
    Open { range, contents: start..start, replacement }
}

/// Addresses in running text that an editor would make links of.
fn bare_addresses(markdown: &str, range: Range<usize>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut at = range.start;
    while let Some(rest) = markdown.get(at..range.end).filter(|rest| !rest.is_empty()) {
        let end = if starts_address(rest) { address_end(rest) } else { 0 };
        match rest.get(..end).filter(|address| !address.is_empty()) {
            Some(address) => {
                if !is_harmless(address) && (!is_www(address) || address.contains('?')) {
                    edits.push(Edit { range: at..at + end, text: named(address) });
                }
                at += end;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    edits
}

fn is_www(address: &str) -> bool {
    is_harmless(&format!("https://{address}"))
}

/// Drops the edits that meet another one: they are found again in the next round.
fn disjoint(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.retain(|edit| !(edit.range.is_empty() && edit.text.is_empty()));
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut end = 0;
    edits.retain(|edit| {
        let keep = edit.range.start >= end;
        if keep {
            end = edit.range.end;
        }
        keep
    });
    edits
}

#[cfg(test)]
mod tests;
