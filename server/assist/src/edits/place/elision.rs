//! Marks that stand for code that a reply leaves out: `// ... existing code ...`, `# unchanged`, a lone `...`.

use aiex_syntax::{Language, TokenClass};

use super::super::source::File;

/// A mark, and the byte of the text at which it begins.
pub(crate) struct Mark {
    pub(crate) at: usize,
    pub(crate) text: String,
}

/// Every mark of a text, in order.
pub(crate) fn marks(file: &File) -> Vec<Mark> {
    if file.syntax.is_none() {
        return lone_dots(file).into_iter().chain(comments_of_plain_text(file)).collect();
    }
    let mut marks = Vec::new();
    for (index, token) in file.tokens.iter().enumerate() {
        let text = file.slice(token.range.clone());
        let next = file.tokens.get(index + 1).map(|next| file.slice(next.range.clone()));
        let is_mark = match token.class {
            TokenClass::Comment => is_elision(text),
            // `[integer, ...]` and `(... -> any)` are types.
            TokenClass::Code => {
                file.language == Some(Language::Elixir) && text == "..." && !matches!(next, Some("]" | "->"))
            }
            _ => false,
        };
        if is_mark {
            marks.push(Mark { at: token.range.start, text: text.trim().to_owned() });
        }
    }
    marks.extend(lone_dots(file));
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// Lines that begin like a comment does somewhere: in TOML, HTML, SQL.
fn comments_of_plain_text(file: &File) -> Vec<Mark> {
    let begins = ["#", "//", "/*", "<!--", "<%#", "--", ";", "%"];
    let mut found = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let text = line.trim();
        let words = begins.iter().find_map(|begin| text.strip_prefix(begin));
        let words = words.map(|words| words.trim_end_matches(['-', '>', '%']));
        if words.is_some_and(|words| !words.trim().is_empty() && is_elision(words)) {
            found.push(Mark { at: start, text: text.to_owned() });
        }
        start += line.len();
    }
    found
}

/// Lines of nothing but dots, which parse as anything or nothing.
fn lone_dots(file: &File) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        let text = line.trim().trim_end_matches([',', ';']);
        if matches!(text, "..." | "…") && !is_in_text(file, at) {
            found.push(Mark { at, text: text.to_owned() });
        }
    }
    found
}

/// Whether a byte is inside of a string, a comment or documentation.
fn is_in_text(file: &File, at: usize) -> bool {
    let index = file.tokens.partition_point(|token| token.range.end <= at);
    file.tokens.get(index).is_some_and(|token| token.range.start < at && token.class != TokenClass::Code)
}

/// Whether a comment says that code is left out, in nothing but the words that are used for it.
fn is_elision(comment: &str) -> bool {
    let words = comment.trim_start_matches(['/', '#', '*', '!']).trim_end_matches(['*', '/']).to_lowercase();
    let has_dots = words.contains("...") || words.contains('…');
    let words: Vec<&str> = words.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |keys: &[&str]| words.iter().any(|word| keys.contains(word));
    if has_dots && (words.is_empty() || says(&KEYS) || says(&["rest", "other", "code", "remain", "remains", "here"])) {
        return true;
    }
    let is_rest = says(&["rest"]) && says(&["of"]);
    words.len() <= 10
        && (says(&KEYS) || is_rest)
        && words.iter().all(|word| KEYS.contains(word) || FILLERS.contains(word))
}

const KEYS: [&str; 17] = [
    "existing",
    "unchanged",
    "omitted",
    "elided",
    "previous",
    "same",
    "remaining",
    "original",
    "brevity",
    "snip",
    "snipped",
    "truncated",
    "goes",
    "your",
    "untouched",
    "unmodified",
    "placeholder",
];

const FILLERS: [&str; 64] = [
    "a",
    "above",
    "all",
    "and",
    "are",
    "arms",
    "as",
    "be",
    "before",
    "below",
    "block",
    "body",
    "cases",
    "changes",
    "class",
    "clause",
    "clauses",
    "code",
    "comes",
    "content",
    "contents",
    "definitions",
    "fields",
    "file",
    "for",
    "function",
    "functions",
    "goes",
    "here",
    "impl",
    "implementation",
    "imports",
    "in",
    "is",
    "it",
    "kept",
    "left",
    "logic",
    "method",
    "methods",
    "module",
    "needed",
    "no",
    "of",
    "other",
    "out",
    "part",
    "parts",
    "remain",
    "remains",
    "rest",
    "stay",
    "stays",
    "still",
    "struct",
    "stuff",
    "tests",
    "that",
    "the",
    "this",
    "to",
    "variants",
    "was",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_stand_for_code_are_told_from_comments() {
        for elision in [
            "// ...",
            "# …",
            "// ... existing code ...",
            "/* ... */",
            "/* unchanged */",
            "# (same as before)",
            "// rest of the function remains unchanged",
            "# [previous code here]",
            "# ... implementation goes here ...",
            "// Existing implementation",
            "# ... other clauses ...",
        ] {
            assert!(is_elision(elision), "{elision}");
        }
        for comment in [
            "// The rest goes to the first shares.",
            "# returns the cart unchanged",
            "// Other cases",
            "# the previous total, before the coupon",
            "// keeps the original order of lines",
            "/// What comes ...",
            "// wait ...",
            "//",
        ] {
            assert!(!is_elision(comment), "{comment}");
        }
    }
}
