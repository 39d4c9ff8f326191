//! [`Text`]: the rope behind every document, addressed by byte offsets and cheap to clone.

use std::{borrow::Cow, fmt, ops::Range};

use ropey::Rope;

use crate::edit::{Edit, Point, Splice};

/// A text of any size. A clone shares its storage, so a snapshot costs an atomic increment.
///
/// Lines end at LF, CRLF or a lone CR, as LSP 3.17 §Text Documents defines, and at nothing else. Offsets are bytes of
/// UTF-8. An offset past the end means the end; an offset inside a character means the start of that character.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub(crate) rope: Rope,
}

impl Text {
    /// A text with these contents, byte for byte: line endings, BOM and NULs are kept.
    pub fn new(contents: &str) -> Self {
        Self { rope: Rope::from_str(contents) }
    }

    /// Length in bytes of UTF-8.
    pub fn len(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of lines: one more than there are line ends.
    pub fn line_count(&self) -> usize {
        self.rope.len_lines()
    }

    /// The 0-based line that holds the byte `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.rope.byte_to_line(self.floor(offset))
    }

    /// The byte at which the 0-based `line` starts; the end of the text for a line past the last.
    pub fn line_start(&self, line: usize) -> usize {
        if line >= self.line_count() { self.len() } else { self.rope.line_to_byte(line) }
    }

    /// The half-open byte range of the 0-based `line`, without its line end.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_start(line);
        let mut end = self.line_start(line.saturating_add(1));
        if line.saturating_add(1) < self.line_count() {
            let byte_before = |end: usize| (end > start).then(|| self.rope.byte(end - 1));
            match byte_before(end) {
                Some(b'\n') => {
                    end -= 1;
                    if byte_before(end) == Some(b'\r') {
                        end -= 1;
                    }
                }
                Some(b'\r') => end -= 1,
                _ => {}
            }
        }
        start..end
    }

    /// The start of the character that holds the byte `offset`, or the end of the text.
    pub fn floor(&self, offset: usize) -> usize {
        if offset >= self.len() {
            return self.len();
        }
        self.rope.char_to_byte(self.rope.byte_to_char(offset))
    }

    /// The text of a half-open byte range, both ends taken through [`Text::floor`]; empty if reversed.
    /// Borrowed where the rope holds it in one piece.
    pub fn slice(&self, range: Range<usize>) -> Cow<'_, str> {
        let (start, end) = (self.floor(range.start), self.floor(range.end));
        match self.rope.get_byte_slice(start..end.max(start)) {
            Some(slice) => Cow::from(slice),
            None => Cow::Borrowed(""),
        }
    }

    /// The piece of the rope from byte `offset` to the end of its chunk, for readers that walk without copying.
    /// Empty at the end of the text. Bytes, since a reader may ask from inside a character.
    pub fn chunk_from(&self, offset: usize) -> &[u8] {
        match self.rope.get_chunk_at_byte(offset) {
            Some((chunk, start, _, _)) => chunk.as_bytes().get(offset.saturating_sub(start)..).unwrap_or_default(),
            None => &[],
        }
    }

    /// The rope's pieces in order. Their borders mean nothing, but lie between characters.
    pub fn chunks(&self) -> impl Iterator<Item = &str> {
        self.rope.chunks()
    }

    /// Replaces one range and says what moved. The edit's range is taken as [`Text::slice`] takes it, so any edit is
    /// safe; one that is reversed inserts at its start.
    pub fn splice(&mut self, edit: &Edit) -> Splice {
        let start = self.floor(edit.range.start);
        let old_end = self.floor(edit.range.end).max(start);
        let new_end = start + edit.text.len();
        let (start_point, old_end_point) = (self.point(start), self.point(old_end));
        let (from, to) = (self.rope.byte_to_char(start), self.rope.byte_to_char(old_end));
        self.rope.remove(from..to);
        self.rope.insert(from, &edit.text);
        Splice { start, old_end, new_end, start_point, old_end_point, new_end_point: self.point(new_end) }
    }

    fn point(&self, offset: usize) -> Point {
        let row = self.rope.byte_to_line(offset);
        Point { row, column: offset - self.rope.line_to_byte(row) }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chunks().try_for_each(|chunk| f.write_str(chunk))
    }
}

impl fmt::Debug for Text {
    /// Its size only: user code must not reach a log by way of a debug print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_lf_crlf_and_cr_only() {
        let text = Text::new("a\r\nb\rc\nd\u{2028}e\u{b}f\u{85}g");
        let lines: Vec<_> = (0..text.line_count()).map(|line| text.slice(text.line_range(line)).into_owned()).collect();
        assert_eq!(lines, ["a", "b", "c", "d\u{2028}e\u{b}f\u{85}g"]);
    }

    #[test]
    fn offsets_past_the_end_or_inside_a_character_are_clamped() {
        let text = Text::new("é世");
        assert_eq!(text.floor(1), 0);
        assert_eq!(text.floor(4), 2);
        assert_eq!(text.floor(usize::MAX), 5);
        assert_eq!(text.slice(3..usize::MAX), "世");
        #[expect(clippy::reversed_empty_ranges)]
        let reversed = text.slice(5..0);
        assert_eq!(reversed, "");
        assert_eq!(text.line_range(7), 5..5);
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Text::new("secret")), "Text(6 bytes)");
    }
}
