//! `AI:` comments: what a developer asks of Aiex in the code itself, `# AI: …` or `// AI: …`.

use std::ops::Range;

use aiex_syntax::{Syntax, TokenClass};

/// A comment that asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskingComment {
    /// What it asks.
    pub instruction: String,
    /// What goes when it is carried out: its lines with their ends where it is alone on them; else the comment with the
    /// blanks before it, or with those behind it where it begins its line. In bytes, half-open.
    pub range: Range<usize>,
}

const MARK: &str = "AI:";

/// Every comment of `text`, which was parsed as `syntax`, that begins with `AI:`, with the lines of comment that follow it.
pub fn asking_comments(syntax: &Syntax, text: &str) -> Vec<AskingComment> {
    let mut comments: Vec<AskingComment> = Vec::new();
    // Most files have none, and their tokens need not be looked at.
    if !text.as_bytes().windows(MARK.len()).any(|word| word.eq_ignore_ascii_case(MARK.as_bytes())) {
        return comments;
    }
    let mut goes_on = None;
    for token in syntax.tokens(text).into_iter().filter(|token| token.class == TokenClass::Comment) {
        let written = text.get(token.range.clone()).unwrap_or_default();
        let words = written.trim_start_matches(['#', '/', '*', '!']).trim_end_matches("*/").trim();
        let line = text.get(..token.range.start).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1);
        let before = text.get(line..token.range.start).unwrap_or_default();
        let rest = text.get(token.range.end..).unwrap_or_default();
        let next_line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let behind = rest.get(..next_line).unwrap_or_default();
        let is_alone = before.trim().is_empty() && behind.trim().is_empty();
        let end = token.range.end + next_line;
        let mark = words.get(..MARK.len()).filter(|mark| mark.eq_ignore_ascii_case(MARK));
        let asked = mark.and_then(|_| words.get(MARK.len()..));
        if let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) {
            let range = match (is_alone, before.trim().is_empty()) {
                (true, _) => line..end,
                (false, true) => token.range.start..token.range.end + (behind.len() - behind.trim_start().len()),
                (false, false) => token.range.start - (before.len() - before.trim_end().len())..token.range.end,
            };
            goes_on = is_alone.then_some(end);
            comments.push(AskingComment { instruction: asked.to_owned(), range });
        } else if let (Some(last), true) = (comments.last_mut(), goes_on == Some(line) && is_alone && asked.is_none()) {
            last.instruction.push('\n');
            last.instruction.push_str(words);
            last.range.end = end;
            goes_on = Some(end);
        }
    }
    comments
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the texts are ASCII")]
mod tests {
    use aiex_syntax::Language;
    use aiex_text::Text;

    use super::*;

    fn check(language: Language, text: &str, expect: &[(&str, &str)]) {
        let syntax = Syntax::parse(language, &Text::new(text), None, || true).unwrap();
        let found = asking_comments(&syntax, text);
        let found: Vec<_> = found.iter().map(|one| (one.instruction.as_str(), &text[one.range.clone()])).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn comments_that_ask_are_found_with_all_their_lines() {
        check(
            Language::Elixir,
            "def a do\n  # AI: use a pipeline\n  # and no case\n  b()\n  # other\nend\n",
            &[("use a pipeline\nand no case", "  # AI: use a pipeline\n  # and no case\n")],
        );
        check(
            Language::Rust,
            "fn a() {\n    b(); // ai: no b\n    /* AI: c */\n}\n",
            &[("no b", " // ai: no b"), ("c", "    /* AI: c */\n")],
        );
    }

    #[test]
    fn code_behind_a_comment_stays() {
        check(
            Language::Rust,
            "fn a() {\n    /* AI: inline this */ charge(card);\n}\n",
            &[("inline this", "/* AI: inline this */ ")],
        );
        check(
            Language::Rust,
            "fn a() {\n    b(/* AI: c */ d); e() /* ai: f */;\n}\n",
            &[("c", "/* AI: c */"), ("f", " /* ai: f */")],
        );
        check(Language::Rust, "// AI: c\n/* d */ e!();\n", &[("c", "// AI: c\n")]);
        check(Language::Rust, "/* AI: c\n d */ e!();\n", &[("c\n d", "/* AI: c\n d */ ")]);
    }

    #[test]
    fn others_are_not() {
        check(Language::Rust, "// AIM: x\n// say AI: x\n// AI:\nfn a() { \"// AI: x\"; }\n", &[]);
        check(Language::Elixir, "# AI:x\n", &[("x", "# AI:x\n")]);
    }
}
