//! The text of a definition at each level of telling it.

use std::ops::Range;

use aiex_syntax::{Language, SymbolKind};

use crate::index::{Item, item::first_paragraph, span_range};

/// How fully a definition is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Its name alone, in a comment.
    Name,
    /// Its head on one line.
    Signature,
    /// Its head, with the first paragraph of its docs, its specs, and its fields or variants as far as they fit.
    SignatureDoc,
    /// As written, but for its body.
    Elided,
    /// As written.
    Full,
}

impl Level {
    /// All, from the least.
    pub const ALL: [Self; 5] = [Self::Name, Self::Signature, Self::SignatureDoc, Self::Elided, Self::Full];

    /// Its word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Signature => "signature",
            Self::SignatureDoc => "signature_doc",
            Self::Elided => "elided",
            Self::Full => "full",
        }
    }
}

/// Of docs, and of fields or variants, so many characters are told with a signature.
pub(crate) const SUMMARY: usize = 160;

/// The longest definition, in bytes, that is short enough for its line to be its signature.
pub(crate) const LINE: usize = 100;

/// A definition in its source.
#[derive(Clone, Copy)]
pub(crate) struct Told<'s> {
    pub(crate) item: &'s Item,
    pub(crate) name: &'s str,
    pub(crate) source: &'s str,
    pub(crate) language: Language,
    /// Whether it stands in the block of its container, and is indented.
    pub(crate) is_member: bool,
}

impl<'s> Told<'s> {
    /// Its text at a level, ending without a line break.
    pub(crate) fn at(&self, level: Level) -> String {
        let indent = match self.language {
            _ if !self.is_member => "",
            Language::Rust => "    ",
            Language::Elixir => "  ",
        };
        match level {
            Level::Name => format!("{indent}{}", self.mention()),
            Level::Signature => indented(&self.signature(false), indent),
            Level::SignatureDoc => {
                let mut lines = self.summary();
                lines.push(self.signature(true));
                indented(&lines.join("\n"), indent)
            }
            Level::Elided => reindent(&self.elided(), indent),
            Level::Full => reindent(self.whole(), indent),
        }
    }

    /// The lines of the source that a level covers, 0-based, the last included.
    pub(crate) fn lines(&self, level: Level) -> (u32, u32) {
        let item = self.item;
        match level {
            Level::Full | Level::Elided => (item.first_line, item.lines.1),
            _ => {
                let head = self.slice(span_range(item.head));
                let more = u32::try_from(head.matches('\n').count()).unwrap_or(0);
                (item.lines.0, item.lines.0 + more)
            }
        }
    }

    /// As a comment, so that nobody takes it for code.
    fn mention(&self) -> String {
        use SymbolKind::{Callback, Function, Guard, Macro};
        match (self.language, self.item.kind) {
            (Language::Rust, _) => format!("// also: {}", self.name),
            (Language::Elixir, Function | Macro | Guard | Callback) => {
                format!("# also: {}/{}", self.name, self.item.arity.1)
            }
            (Language::Elixir, _) => format!("# also: {}", self.name),
        }
    }

    fn slice(&self, range: Range<usize>) -> &'s str {
        self.source.get(range).unwrap_or_default()
    }

    /// From the start of its first line, so that its indentation is known.
    fn whole(&self) -> &'s str {
        let range = span_range(self.item.range);
        let start = self.source.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let is_blank = self.slice(start..range.start).trim().is_empty();
        self.slice(if is_blank { start } else { range.start }..range.end)
    }

    fn signature(&self, with_fields: bool) -> String {
        if let Some(line) = self.single_line() {
            return line.to_owned();
        }
        let head = self.head();
        match self.language {
            Language::Elixir => head,
            Language::Rust => match self.item.kind {
                SymbolKind::Struct | SymbolKind::Enum if self.item.body.is_some() => {
                    match self.fields().filter(|_| with_fields) {
                        Some(fields) => format!("{head} {{ {fields} }}"),
                        None => format!("{head} {{ /* … */ }}"),
                    }
                }
                SymbolKind::Trait | SymbolKind::Impl | SymbolKind::Module => format!("{head} {{ /* … */ }}"),
                SymbolKind::Macro if self.first_line().ends_with('(') => format!("{head}( /* … */ );"),
                SymbolKind::Macro => format!("{head} {{ /* … */ }}"),
                SymbolKind::Const => self.opening().unwrap_or_else(|| format!("{head};")),
                // What ends a list of bounds, or a comment, can be followed by nothing.
                _ if head.ends_with(',') || head.lines().last().is_some_and(|line| line.contains("//")) => head,
                _ => format!("{head};"),
            },
        }
    }

    /// The line on which its head begins, without what stands around it.
    fn first_line(&self) -> &'s str {
        let start = self.item.head.0 as usize;
        self.source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default().trim_end()
    }

    /// Its head with its first line as written, the others joined to it if that has no comment.
    fn head(&self) -> String {
        let written = self.slice(span_range(self.item.head)).trim_end();
        let first = self.first_line();
        let has_comment = comment(first, self.language).is_some();
        let mut head = match written.split_once('\n') {
            Some((_, rest)) if has_comment => format!("{first}\n{}", one_line(rest, self.language)),
            None if has_comment && self.language == Language::Rust && written.len() >= first.len() => first.to_owned(),
            _ => one_line(written, self.language),
        };
        match self.language {
            Language::Rust if written.ends_with(',') => head.push(','),
            // What follows on the same line: a comma before `do:` on the next, or the beginning of the body.
            Language::Elixir if !written.contains('\n') => match first.strip_prefix(written).map(str::trim_start) {
                Some(",") => head.push(','),
                Some(rest) if rest.starts_with(", do:") && first.len() <= LINE => head = format!("{first} …"),
                _ => {}
            },
            _ => {}
        }
        head
    }

    /// The first line of what takes more of them.
    fn opening(&self) -> Option<String> {
        let first = self.first_line();
        let is_short = first.len() <= LINE && self.item.head.1 as usize <= self.item.head.0 as usize + first.len();
        is_short.then(|| {
            if comment(first, self.language).is_some() { first.to_owned() } else { format!("{first} /* … */") }
        })
    }

    /// A definition that stands on one short line is told with all of that line.
    fn single_line(&self) -> Option<&'s str> {
        let (start, end) = (self.item.head.0 as usize, self.item.body?.1 as usize);
        if end.saturating_sub(start) > LINE {
            return None;
        }
        let line = self.first_line();
        (start + line.len() >= end && line.len() <= LINE + SUMMARY / 2).then_some(line)
    }

    /// Fields or variants on one line, as many as fit.
    fn fields(&self) -> Option<String> {
        let body = self.slice(span_range(self.item.body?));
        let text = one_line(body, self.language);
        if text.is_empty() {
            return None;
        }
        if text.len() <= SUMMARY {
            return Some(text);
        }
        let cut = text.char_indices().take_while(|(at, _)| *at < SUMMARY).filter(|(_, char)| *char == ',').last();
        let kept = cut.and_then(|(at, _)| text.get(..at)).unwrap_or_default();
        let more = text.matches(',').count() - kept.matches(',').count();
        Some(if kept.is_empty() { format!("/* … {more} */") } else { format!("{kept}, /* … {more} more */") })
    }

    /// The first sentences of its docs as comments, and its specs.
    fn summary(&self) -> Vec<String> {
        let range = span_range(self.item.range);
        let before = self.slice(range.start..span_range(self.item.head).start);
        let mut lines = Vec::new();
        let (doc, mark) = match self.language {
            Language::Rust => (rust_doc(before), "///"),
            Language::Elixir => (elixir_doc(before), "#"),
        };
        if let Some(doc) = doc {
            lines.push(format!("{mark} {doc}"));
        }
        if self.language == Language::Elixir
            && let Some(at) = before.find("@spec")
        {
            lines.push(one_line(before.get(at..).unwrap_or_default(), self.language));
        }
        lines
    }

    fn elided(&self) -> String {
        let whole = self.whole();
        let begin = span_range(self.item.range).end - whole.len();
        let Some(body) = self.item.body.map(span_range).filter(|_| self.item.clauses <= 1) else {
            return whole.to_owned();
        };
        let head = self.slice(begin..body.start);
        let tail = self.slice(body.end..span_range(self.item.range).end);
        let text = self.slice(body);
        let count = text.trim().lines().count();
        match self.language {
            _ if count <= 1 => whole.to_owned(),
            Language::Rust => format!("{head} /* … {count} lines */ {}", tail.trim_start()),
            Language::Elixir => {
                let indent: String = tail_indent(self.source, span_range(self.item.range).end);
                format!("{}\n{indent}  # … {count} lines\n{indent}{}", head.trim_end(), tail.trim_start())
            }
        }
    }
}

fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

/// The indentation of the line that ends at a byte.
fn tail_indent(source: &str, end: usize) -> String {
    let before = source.get(..end).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.chars().take_while(|char| char.is_whitespace()).collect()
}

/// A text with its common indentation replaced.
pub(crate) fn reindent(text: &str, indent: &str) -> String {
    let width = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = text.lines().filter(|line| !line.trim().is_empty()).map(width).min().unwrap_or(0);
    let lines = text.trim_end().lines().map(|line| match line.trim().is_empty() {
        true => String::new(),
        false => format!("{indent}{}", line.get(common..).unwrap_or(line.trim_start())),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A head or a list of fields on one line, without comments, attributes of fields, and what only wraps it.
pub(crate) fn one_line(text: &str, language: Language) -> String {
    let comment = match language {
        Language::Rust => "//",
        Language::Elixir => "# ",
    };
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim();
        let is_dropped =
            line.starts_with(comment) || language == Language::Rust && line.starts_with("#[") && line.ends_with(']');
        if is_dropped || line.is_empty() {
            continue;
        }
        let line = self::comment(line, language).and_then(|at| line.get(..at)).unwrap_or(line).trim_end();
        if out.ends_with(['(', '[', '<']) || out.is_empty() {
            out.push_str(line);
        } else if line.starts_with([')', ']', '>', '.']) {
            if out.ends_with(',') {
                out.pop();
            }
            out.push_str(line);
        } else {
            out.push(' ');
            out.push_str(line);
        }
    }
    out.trim_end_matches(',').to_owned()
}

/// Where a comment begins on a line, with the space before it.
fn comment(line: &str, language: Language) -> Option<usize> {
    let mark = match language {
        Language::Rust => " //",
        Language::Elixir => " # ",
    };
    // Within quotes it is none.
    let is_comment = |at: &usize| line.get(..*at).is_some_and(|before| before.matches('"').count() % 2 == 0);
    line.match_indices(mark).map(|(at, _)| at).find(is_comment)
}

fn rust_doc(before: &str) -> Option<String> {
    let mut words = String::new();
    for line in before.lines().map(str::trim) {
        let Some(text) = line.strip_prefix("///") else {
            if words.is_empty() {
                continue;
            }
            break;
        };
        if text.trim().is_empty() {
            break;
        }
        words.push_str(text);
    }
    shortened(&words)
}

fn elixir_doc(before: &str) -> Option<String> {
    let at = before.find("@doc ")?;
    let text = before.get(at + "@doc ".len()..)?.trim_start_matches(['~', 'S', 's']);
    let text = text.trim_start_matches('"');
    if text.starts_with("false") {
        return None;
    }
    let end = text.find('"').unwrap_or(text.len());
    shortened(first_paragraph(text.get(..end)?.trim_start()))
}

/// The first sentences of a text on one line, up to the limit of a summary.
fn shortened(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    if text.chars().count() <= SUMMARY {
        return Some(text);
    }
    let limit = text.char_indices().nth(SUMMARY).map_or(text.len(), |(at, _)| at);
    let kept = text.get(..limit)?;
    let sentence = kept.rfind(". ").filter(|at| *at > SUMMARY / 3);
    Some(match sentence {
        Some(at) => kept.get(..=at)?.to_owned(),
        None => format!("{} …", kept.rsplit_once(' ').map_or(kept, |(kept, _)| kept)),
    })
}

#[cfg(test)]
mod tests {
    use aiex_syntax::Syntax;
    use aiex_text::Text;
    use expect_test::{Expect, expect};

    use super::*;
    use crate::FileIndex;

    /// The signatures of all that a file defines.
    fn check(path: &str, source: &str, expect: Expect) {
        let language = Language::from_file_name(path).unwrap();
        let syntax = Syntax::parse(language, &Text::new(source), None, || true).unwrap();
        let index = FileIndex::new(path, source, &syntax);
        let told = |item| Told { item, name: index.names.get(item.name), source, language, is_member: false };
        let lines: Vec<_> = index.items.iter().map(|item| told(item).at(Level::Signature) + "\n").collect();
        expect.assert_eq(&lines.concat());
    }

    #[test]
    fn first_lines_are_verbatim() {
        check(
            "src/lib.rs",
            "\
const LIMITS: Limits = Limits {
    least: 1,
    most: 2,
};
const SIZE: usize = 4; // in bytes
fn conflicts(of: &Arg) -> Vec<&Arg> // may be an iterator
{
    of.conflicts.iter().map(|id| find(id)).collect()
}
fn visit<F>( // in order
    each: F,
)
where
    F: FnMut(u32),
{
    (0..3).for_each(each);
}
fn wrapped(
    one: u32, // the first
    other: u32,
) -> u32 {
    one + other
}
macro_rules! ready (
    ($e:expr) => { $e };
    ($e:expr, $f:expr) => { $e.or($f) };
    ($e:expr, $f:expr, $g:expr) => { $e.or($f).or($g) }
);
",
            expect![[r#"
                const LIMITS: Limits = Limits { /* … */
                const SIZE: usize = 4; // in bytes
                fn conflicts(of: &Arg) -> Vec<&Arg> // may be an iterator
                fn visit<F>( // in order
                each: F) where F: FnMut(u32),
                fn wrapped(one: u32, other: u32) -> u32;
                macro_rules! ready( /* … */ );
            "#]],
        );
        check(
            "lib/a.ex",
            "\
defmodule A do
  defp relation(_op, type, {type, relation}),
    do: relation

  def sum(list), do: Enum.reduce(list, 0, fn one, sum ->
    one + sum
  end)

  def size(list) do # how many
    length(list)
  end
end
",
            expect![[r#"
                defmodule A
                defp relation(_op, type, {type, relation}),
                def sum(list), do: Enum.reduce(list, 0, fn one, sum -> …
                def size(list)
            "#]],
        );
    }
}
