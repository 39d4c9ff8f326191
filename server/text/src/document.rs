//! [`Document`]: a text with the version, the language and the line ending that its editor gave it.

use std::sync::Arc;

use crate::{
    edit::{Edit, Splice},
    position::{Encoding, Position},
    text::Text,
};

/// How a text ends its lines: what new lines should be written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

impl LineEnding {
    /// The ending of the first line that has one; LF for a text of one line.
    pub fn of(text: &Text) -> Self {
        let end = text.line_range(0).end;
        match &*text.slice(end..end.saturating_add(2)) {
            "\r\n" => LineEnding::CrLf,
            ending if ending.starts_with('\r') => LineEnding::Cr,
            _ => LineEnding::Lf,
        }
    }

    /// The characters themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnding::Lf => "\n",
            LineEnding::CrLf => "\r\n",
            LineEnding::Cr => "\r",
        }
    }
}

/// A document as it stands at one version. Cheap to clone: a clone is a snapshot.
#[derive(Clone, Debug)]
pub struct Document {
    text: Text,
    version: i32,
    language: Arc<str>,
    line_ending: LineEnding,
}

/// One entry of `textDocument/didChange`: a range to replace, or with none the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Start and end, half-open; `None` replaces everything.
    pub range: Option<(Position, Position)>,
    /// The new text.
    pub text: String,
}

impl Document {
    /// A document as it was opened. `language` is the editor's language id, such as `elixir`.
    pub fn new(text: Text, version: i32, language: &str) -> Self {
        let line_ending = LineEnding::of(&text);
        Self { text, version, language: language.into(), line_ending }
    }

    /// The text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The version that the editor gave with the last change.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// The editor's language id.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// How lines ended when the document was opened or last replaced whole.
    pub fn line_ending(&self) -> LineEnding {
        self.line_ending
    }

    /// Applies changes in order, each to the text that the one before it left (LSP 3.17
    /// `DidChangeTextDocumentParams`), and returns what each moved. Positions past an end are clamped. A reversed range
    /// is taken with its ends swapped: the editor has that text replaced, so dropping the change would lose it.
    pub fn change(&mut self, version: i32, changes: &[Change], encoding: Encoding) -> Vec<Splice> {
        self.version = version;
        changes.iter().map(|change| self.change_one(change, encoding)).collect()
    }

    fn change_one(&mut self, change: &Change, encoding: Encoding) -> Splice {
        let range = match change.range {
            Some((start, end)) => {
                let (a, b) = (self.text.offset(start, encoding), self.text.offset(end, encoding));
                a.min(b)..a.max(b)
            }
            None => 0..self.text.len(),
        };
        let splice = self.text.splice(&Edit { range, text: change.text.clone() });
        if change.range.is_none() {
            self.line_ending = LineEnding::of(&self.text);
        }
        splice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    fn check(before: &str, changes: &[(Option<(Position, Position)>, &str)], after: &str) {
        let mut document = Document::new(Text::new(before), 1, "elixir");
        let changes: Vec<_> =
            changes.iter().map(|(range, text)| Change { range: *range, text: (*text).to_owned() }).collect();
        document.change(2, &changes, Encoding::Utf16);
        assert_eq!(document.text().to_string(), after);
        assert_eq!(document.version(), 2);
    }

    #[test]
    fn several_changes_apply_in_order() {
        check(
            "one\ntwo\n",
            &[(Some((at(0, 0), at(0, 3))), "1\n1.5"), (Some((at(2, 0), at(2, 3))), "2")],
            "1\n1.5\n2\n",
        );
    }

    #[test]
    fn a_change_without_a_range_replaces_everything() {
        check("one", &[(None, "two\r\n"), (Some((at(1, 0), at(1, 0))), "three")], "two\r\nthree");
    }

    #[test]
    fn crlf_is_kept_and_a_reversed_range_is_swapped() {
        check("a\r\nb\r\n", &[(Some((at(1, 1), at(1, 0))), "c")], "a\r\nc\r\n");
    }

    #[test]
    fn line_endings_are_seen() {
        for (text, ending) in [
            ("a\r\nb", LineEnding::CrLf),
            ("a\rb", LineEnding::Cr),
            ("a\nb\r\n", LineEnding::Lf),
            ("a", LineEnding::Lf),
        ] {
            assert_eq!(LineEnding::of(&Text::new(text)), ending, "{text:?}");
        }
    }
}
