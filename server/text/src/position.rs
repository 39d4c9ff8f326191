//! Line and column positions in UTF-8, UTF-16 and UTF-32 units, to and from byte offsets.

use crate::text::Text;

/// The unit in which columns are counted (LSP 3.17 `PositionEncodingKind`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every client understands, and the default of the specification.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

impl Encoding {
    /// All of them, for tests and tables.
    pub const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    /// Units that one character takes.
    pub fn width(self, char: char) -> usize {
        match self {
            Encoding::Utf8 => char.len_utf8(),
            Encoding::Utf16 => char.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

/// A 0-based line, and a 0-based column in the units of some [`Encoding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 0-based line.
    pub line: u32,
    /// 0-based column, in units of the encoding that goes with the position.
    pub column: u32,
}

impl Text {
    /// The byte offset of a position. A column past the end of its line means the end of that line (LSP 3.17
    /// §Position), before its line end; a line past the last means the end of the text; a column inside a character
    /// means the start of that character.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if line >= self.line_count() {
            return self.len();
        }
        let column = position.column as usize;
        let range = self.line_range(line);
        let end = self.rope.byte_to_char(range.end);
        let first = self.rope.line_to_char(line);
        let char = match encoding {
            Encoding::Utf8 => return self.floor(range.start.saturating_add(column).min(range.end)),
            Encoding::Utf32 => first.saturating_add(column),
            Encoding::Utf16 => {
                let units = self.rope.char_to_utf16_cu(first).saturating_add(column);
                self.rope.utf16_cu_to_char(units.min(self.rope.len_utf16_cu()))
            }
        };
        self.rope.char_to_byte(char.min(end))
    }

    /// The position of a byte offset, which is taken through [`Text::floor`]. An offset between the CR and the LF of
    /// one line end has the position of the CR, since no position lies between them.
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = self.floor(offset);
        let line = self.rope.byte_to_line(offset);
        let range = self.line_range(line);
        let offset = offset.min(range.end);
        let column = match encoding {
            Encoding::Utf8 => offset - range.start,
            Encoding::Utf32 => self.rope.byte_to_char(offset) - self.rope.line_to_char(line),
            Encoding::Utf16 => {
                let units = |byte: usize| self.rope.char_to_utf16_cu(self.rope.byte_to_char(byte));
                units(offset) - units(range.start)
            }
        };
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: narrow(line), column: narrow(column) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, line: u32, column: u32, expect: [usize; 3]) {
        let text = Text::new(text);
        let position = Position { line, column };
        assert_eq!(Encoding::ALL.map(|encoding| text.offset(position, encoding)), expect);
    }

    #[test]
    fn columns_count_units_of_the_encoding() {
        check("a😀é\nb", 0, 1, [1, 1, 1]);
        check("a😀é\nb", 0, 3, [1, 5, 7]);
        check("a😀é\nb", 0, 2, [1, 1, 5]); // UTF-8 and UTF-16 land inside the emoji: its start
    }

    #[test]
    fn positions_past_an_end_are_clamped() {
        check("ab\r\ncd", 0, 99, [2, 2, 2]);
        check("ab\rcd", 0, 99, [2, 2, 2]);
        check("ab\ncd", 9, 0, [5, 5, 5]);
        check("ab\ncd", u32::MAX, u32::MAX, [5, 5, 5]);
        check("ab\ncd", 1, u32::MAX, [5, 5, 5]);
        check("", 0, 1, [0, 0, 0]);
        check("a\n", 1, 5, [2, 2, 2]);
    }

    #[test]
    fn an_offset_inside_crlf_is_the_end_of_its_line() {
        let text = Text::new("ab\r\ncd");
        assert_eq!(text.position(3, Encoding::Utf16), Position { line: 0, column: 2 });
    }
}
