//! `aiex chunks`: the semantic chunks of a file.

use std::path::Path;

use aiex_context::chunk::{self, Chunk, Format};
use aiex_syntax::Syntax;
use aiex_text::Text;
use anyhow::Result;
use serde_json::{Value, json};

use super::print;

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex chunks lib/shop/cart.ex                     whole functions, modules, tests
  aiex chunks src/main.rs --max-tokens 120         smaller ones: large functions part between statements
  aiex chunks README.md --json                     for programs";

pub(super) fn chunks(path: &Path, max_tokens: u32, json: bool) -> Result<()> {
    let text = Text::new(&super::read(path)?);
    let format = Format::from_path(&path.to_string_lossy());
    // Too large a text has no parse, and is chunked by its lines.
    let syntax = format.language().and_then(|language| Syntax::parse(language, &text, None, || true).ok());
    let max_tokens = usize::try_from(max_tokens).unwrap_or(usize::MAX);
    let chunks = chunk::chunks(&text, syntax.as_ref(), format, max_tokens);
    if json {
        let chunks: Vec<_> = chunks.iter().map(|chunk| chunk_json(chunk, &text)).collect();
        return Ok(print(&format!("{}\n", serde_json::to_string_pretty(&chunks)?))?);
    }
    Ok(print(&table(&chunks, &text))?)
}

/// 1-based, both inclusive.
fn lines(chunk: &Chunk, text: &Text) -> (usize, usize) {
    (text.line_of(chunk.range.start) + 1, text.line_of(chunk.range.end.saturating_sub(1)) + 1)
}

fn chunk_json(chunk: &Chunk, text: &Text) -> Value {
    let (start_line, end_line) = lines(chunk, text);
    json!({
        "kind": chunk.kind.as_str(), "name": chunk.name,
        "start_line": start_line, "end_line": end_line,
        "start_byte": chunk.range.start, "end_byte": chunk.range.end,
        "tokens": chunk.tokens, "exact": false,
    })
}

/// One line a chunk: what has no name shows how it begins.
fn table(chunks: &[Chunk], text: &Text) -> String {
    const LONGEST: usize = 60;
    let row = |chunk: &Chunk| {
        let (start, end) = lines(chunk, text);
        let name = chunk.name.clone().unwrap_or_else(|| {
            let line = text.slice(chunk.range.start..text.line_range(start - 1).end.min(chunk.range.end));
            let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let kept: String = words.chars().filter(|char| !char.is_control()).take(LONGEST).collect();
            if kept.len() < words.len() { format!("“{kept}…”") } else { format!("“{kept}”") }
        });
        [start.to_string(), end.to_string(), format!("~{}", chunk.tokens), chunk.kind.as_str().to_owned(), name]
    };
    let rows: Vec<_> = chunks.iter().map(row).collect();
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let [from, to, tokens, kind] = [width(0), width(1), width(2), width(3)];
    let line = |[start, end, size, what, name]: &[String; 5]| {
        format!("{start:>from$}–{end:<to$}  {size:>tokens$} tokens  {what:<kind$}  {name}\n")
    };
    let total: usize = chunks.iter().map(|chunk| chunk.tokens).sum();
    let count = chunks.len();
    let plural = if count == 1 { "" } else { "s" };
    rows.iter().map(line).chain([format!("{count} chunk{plural}, about {total} tokens\n")]).collect()
}
