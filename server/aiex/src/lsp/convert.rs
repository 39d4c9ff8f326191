//! Between the protocol's types and Aiex's own: positions, changes, URIs.

use std::path::{Path, PathBuf};

use aiex_text::{Change, Encoding, Text};
use serde_json::Value;
use tower_lsp::gen_lsp_types::{Position, PositionEncodingKind, Range, Uri};
use url::Url;

/// A place in a document as Aiex counts.
pub fn position(position: Position) -> aiex_text::Position {
    aiex_text::Position { line: position.line, column: position.character }
}

/// The byte offset of a protocol position.
pub fn offset(text: &Text, at: Position, encoding: Encoding) -> usize {
    text.offset(position(at), encoding)
}

/// The bytes of a range of the editor, half-open.
pub fn bytes(text: &Text, range: Range, encoding: Encoding) -> std::ops::Range<usize> {
    let start = offset(text, range.start, encoding);
    start..offset(text, range.end, encoding).max(start)
}

/// The byte offset that a range of the editor is about. Line selections, and cursors in the indentation, begin before
/// the symbol that is meant: the first character behind the blanks is taken, as far as the range and its line go.
pub fn start(text: &Text, range: Range, encoding: Encoding) -> usize {
    let (start, end) = (offset(text, range.start, encoding), offset(text, range.end, encoding));
    let line = text.line_range(text.line_of(start));
    if !text.slice(line.start..start).trim().is_empty() {
        return start;
    }
    let rest = text.slice(start..end.max(line.end));
    let blanks = rest.len() - rest.trim_start().len();
    if blanks == rest.len() { start } else { start + blanks }
}

/// A half-open byte range as a protocol range.
pub fn range(text: &Text, range: &std::ops::Range<usize>, encoding: Encoding) -> Range {
    let position = |offset| {
        let aiex_text::Position { line, column } = text.position(offset, encoding);
        Position { line, character: column }
    };
    Range { start: position(range.start), end: position(range.end) }
}

/// The encoding's name in the protocol.
pub fn encoding_kind(encoding: Encoding) -> PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => PositionEncodingKind::UTF8,
        Encoding::Utf16 => PositionEncodingKind::UTF16,
        Encoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

/// The entries of `contentChanges`. Read by hand: with the generated type, an entry whose range is malformed would
/// pass for one without a range, and replace the whole document by a fragment.
pub fn changes(params: &Value) -> Result<Vec<Change>, String> {
    let entries = params.get("contentChanges").and_then(Value::as_array).ok_or("`contentChanges` is not a list")?;
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| change(entry).map_err(|error| format!("change {index}: {error}")))
        .collect()
}

fn change(entry: &Value) -> Result<Change, String> {
    let text = entry.get("text").and_then(Value::as_str).ok_or("it has no text")?.to_owned();
    let range = match entry.get("range").filter(|range| !range.is_null()) {
        None => None,
        Some(range) => {
            let Range { start, end } =
                serde_json::from_value(range.clone()).map_err(|error| format!("its range is {error}"))?;
            Some((position(start), position(end)))
        }
    };
    Ok(Change { range, text })
}

/// The path of a `file:` URI, percent-decoded; `None` for other schemes.
pub fn path(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

/// What a document's URI says of where it is, for people and for patterns: its path, percent-decoded, without query
/// and fragment, whatever the scheme.
pub fn name_of_file(uri: &str) -> PathBuf {
    path(uri).unwrap_or_else(|| {
        let uri = uri.split(['?', '#']).next().unwrap_or(uri);
        let path = uri.split_once(':').map_or(uri, |(_, path)| path);
        percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned().into()
    })
}

/// The `file:` URI of an absolute path.
pub fn uri(path: &Path) -> Option<Uri> {
    Url::from_file_path(path).ok().map(|url| Uri(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_decoded_and_encoded() {
        assert_eq!(path("file:///a%20b/c%3Ad.ex"), Some(PathBuf::from("/a b/c:d.ex")));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("not a uri"), None);
        assert_eq!(uri(Path::new("/a b/c.ex")).unwrap().0, "file:///a%20b/c.ex");
        assert_eq!(uri(Path::new("relative")), None);
    }

    #[test]
    fn a_document_of_any_scheme_has_the_name_of_its_file() {
        let check = |uri: &str, expect: &str| assert_eq!(name_of_file(uri), PathBuf::from(expect), "{uri}");
        check("file:///a%20b/c.ex", "/a b/c.ex");
        check("git:/home/p/x%2Epem?%7B%22path%22%3A%22%2Fhome%22%7D", "/home/p/x.pem");
        check("untitled:Untitled-1", "Untitled-1");
        check("vscode-vfs://github/o/r/lib/a.ex#L3", "//github/o/r/lib/a.ex");
        check("not a uri", "not a uri");
    }

    #[test]
    fn a_range_that_begins_in_blanks_is_about_what_follows() {
        let check = |text: &str, from: (u32, u32), to: (u32, u32), expect: usize| {
            let position = |(line, character)| Position { line, character };
            let range = Range { start: position(from), end: position(to) };
            assert_eq!(start(&Text::new(text), range, Encoding::Utf16), expect, "{text:?}");
        };
        check("  def a\n", (0, 0), (1, 0), 2);
        check("  def a\n", (0, 1), (0, 1), 2);
        check("  def a\n", (0, 4), (0, 4), 4);
        check("\n\n  def a\n", (0, 0), (2, 4), 4);
        check("\n  def a\n", (0, 0), (0, 0), 0);
    }

    #[test]
    fn a_malformed_range_is_not_a_whole_text() {
        let bad =
            serde_json::json!({"contentChanges": [{"range": {"start": {"line": -1, "character": 0}}, "text": "x"}]});
        assert!(changes(&bad).unwrap_err().starts_with("change 0: its range is "));
        let whole = serde_json::json!({"contentChanges": [{"text": "x"}]});
        assert_eq!(changes(&whole).unwrap(), [Change { range: None, text: "x".to_owned() }]);
    }
}
