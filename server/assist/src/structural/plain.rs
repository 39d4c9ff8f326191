//! [`explain_plain`]: what lines alone show of a text that has no parse.

use aiex_text::{LineEnding, Text};

use super::{STRUCTURAL_NOTE, file::line_count, page::Page};
use crate::{
    english::{article, count},
    markdown::{code, one_line},
};

const MAX_PARTS: usize = 60;
const MAX_MARKS: usize = 20;
/// Characters read of a line: enough for a heading, a key or a mark.
const MAX_READ: usize = 400;
/// Lines are long, for a reader, from this many characters.
const LONG: usize = 120;

/// Explains a text without a parse in Markdown: its size, its headings, sections or outermost keys, what is left to do.
pub fn explain_plain(text: &Text, path: &str) -> String {
    let mut page = Page::new(STRUCTURAL_NOTE);
    page.paragraph(&format!("### File {}", code(&one_line(path, 200))));
    let format = Format::of(path);
    let lines = line_count(text);
    if lines == 0 {
        page.paragraph("The file is empty.");
        return page.finish();
    }
    let scan = Scan::of(text, lines, format);
    page.paragraph(&scan.sentence(text, lines, format));
    page.list(format.parts(), "", &scan.parts, MAX_PARTS);
    page.list("Left to do", "", &scan.marks, MAX_MARKS);
    page.finish()
}

/// How a text shows its structure, by the ending of its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Markdown,
    Toml,
    Yaml,
    Other,
}

impl Format {
    fn of(path: &str) -> Self {
        match path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdx" | "livemd" => Self::Markdown,
            "toml" | "ini" | "cfg" | "conf" | "editorconfig" | "gitconfig" => Self::Toml,
            "yml" | "yaml" => Self::Yaml,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown file",
            Self::Toml => "configuration file",
            Self::Yaml => "YAML file",
            Self::Other => "text file",
        }
    }

    fn parts(self) -> &'static str {
        match self {
            Self::Markdown => "Headings",
            Self::Toml => "Sections",
            Self::Yaml => "Outermost keys",
            Self::Other => "Outermost lines",
        }
    }
}

/// What one pass over the lines finds.
#[derive(Default)]
struct Scan {
    parts: Vec<String>,
    marks: Vec<String>,
    blank: usize,
    code_blocks: usize,
    longest: (usize, usize),
    tabs: usize,
    spaces: usize,
    deepest: usize,
    step: usize,
}

impl Scan {
    fn of(text: &Text, lines: usize, format: Format) -> Self {
        let mut scan = Scan::default();
        let (mut fence, mut depth) = (None::<String>, 0);
        for at in 0..lines {
            let line = text.slice(text.line_range(at));
            let length = line.chars().count();
            if length > scan.longest.1 {
                scan.longest = (at + 1, length);
            }
            let read: String = line.chars().take(MAX_READ).collect();
            let trimmed = read.trim();
            if trimmed.is_empty() {
                scan.blank += 1;
                continue;
            }
            scan.indentation(&read);
            let mark = fence_mark(trimmed);
            let in_block = fence.is_some();
            match (&fence, mark) {
                (None, Some(mark)) if format == Format::Markdown => {
                    scan.code_blocks += 1;
                    fence = Some(mark.to_owned());
                }
                (Some(open), Some(mark)) if mark.starts_with(open.as_str()) && trimmed == mark => fence = None,
                _ => {}
            }
            if let Some(part) = part(format, &read).filter(|_| !in_block && fence.is_none()) {
                // A list item may stand only one level below the one before it, or it would read as code.
                depth = if scan.parts.is_empty() { 0 } else { part.1.min(depth + 1) };
                scan.parts.push(format!("{}line {}: {}", "  ".repeat(depth), at + 1, code(&one_line(part.0, 80))));
            }
            if has_mark(trimmed) {
                scan.marks.push(format!("line {}: {}", at + 1, code(&one_line(trimmed, 120))));
            }
        }
        // Without a known format, outermost lines say something only where others stand below them.
        if format == Format::Other && (scan.deepest == 0 || scan.parts.len() + scan.blank >= lines) {
            scan.parts.clear();
        }
        scan
    }

    fn indentation(&mut self, line: &str) {
        let indent: Vec<_> = line.chars().take_while(|char| matches!(char, ' ' | '\t')).collect();
        if indent.contains(&'\t') {
            self.tabs += 1;
        } else if indent.len() > 1 {
            self.spaces += 1;
            self.step = if self.step == 0 { indent.len() } else { self.step.min(indent.len()) };
        }
        self.deepest = self.deepest.max(indent.len());
    }

    fn sentence(&self, text: &Text, lines: usize, format: Format) -> String {
        let name = format.name();
        let blank = if self.blank > 0 { format!(", {} blank", self.blank) } else { String::new() };
        let article = super::capitalised(article(name));
        let mut said = vec![format!("{article} {name} of {}{blank}.", count(lines, "line"))];
        let length = if self.longest.1 > LONG { "is long, at" } else { "has" };
        said.push(format!("The longest, line {}, {length} {}.", self.longest.0, count(self.longest.1, "character")));
        if self.code_blocks > 0 {
            said.push(format!("It has {}.", count(self.code_blocks, "code block")));
        }
        match (self.tabs, self.spaces) {
            (0, 0) => {}
            (tabs, 0) => said.push(format!("It indents {} with tabs.", count(tabs, "line"))),
            (0, _) if self.step > 0 && format != Format::Markdown => {
                said.push(format!(
                    "It indents by {}, {} deep.",
                    count(self.step, "space"),
                    count(self.deepest / self.step, "level")
                ));
            }
            (0, _) => {}
            (tabs, spaces) => {
                said.push(format!("It mixes indentation: {} with tabs, {spaces} with spaces.", count(tabs, "line")))
            }
        }
        if LineEnding::of(text) == LineEnding::CrLf {
            said.push("Its lines end in CRLF.".to_owned());
        }
        if text.line_count() == lines {
            said.push("The last line has no line end.".to_owned());
        }
        said.join(" ")
    }
}

/// The backticks or tildes that a line of Markdown opens or closes a code block with.
fn fence_mark(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|char| matches!(char, '`' | '~'))?;
    let end = line.find(|char| char != mark).unwrap_or(line.len());
    line.get(..end).filter(|marks| marks.len() >= 3)
}

/// What a line shows of the structure, and how deep it stands.
fn part(format: Format, line: &str) -> Option<(&str, usize)> {
    match format {
        Format::Markdown => {
            let level = line.bytes().take_while(|byte| *byte == b'#').count();
            let title = line.get(level..)?.strip_prefix([' ', '\t'])?;
            (1..=6).contains(&level).then(|| (title.trim().trim_end_matches('#').trim_end(), level - 1))
        }
        Format::Toml => {
            let section = line.trim_start().strip_prefix('[')?.trim_end();
            section.contains(']').then(|| (line.trim(), 0))
        }
        Format::Yaml => {
            let outermost = !line.starts_with([' ', '\t', '-', '#']);
            let (key, _) = line.split_once(':').filter(|_| outermost)?;
            Some((key, 0))
        }
        Format::Other => {
            let outermost = line
                .starts_with(|char: char| char.is_alphanumeric() || matches!(char, '_' | '"' | '@' | '.' | '<' | '['));
            outermost.then(|| (line.trim_end(), 0))
        }
    }
}

fn has_mark(line: &str) -> bool {
    ["TODO", "FIXME", "HACK", "XXX"].iter().any(|mark| {
        line.match_indices(mark).any(|(at, _)| {
            let alone = |char: Option<char>| char.is_none_or(|char| !char.is_alphanumeric() && char != '_');
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + mark.len()..).and_then(|after| after.chars().next());
            alone(before) && alone(after)
        })
    })
}
