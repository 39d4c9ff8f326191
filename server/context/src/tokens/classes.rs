//! [`Class`]: what OpenAI's patterns ask of a character.

/// What a character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter in upper or title case.
    Upper,
    /// A letter in lower case.
    Lower,
    /// A letter without case.
    Letter,
    /// A mark that goes with a letter.
    Mark,
    /// A number.
    Number,
    /// White space.
    Space,
    /// A line feed or carriage return.
    LineEnd,
    /// Anything else.
    Other,
}

/// Ranges of characters in order, as three numbers each: the first, the last, and the class.
static RANGES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes.table"));
const ROW: usize = 12;

impl Class {
    pub(super) fn of(char: char) -> Self {
        match char {
            'a'..='z' => Self::Lower,
            'A'..='Z' => Self::Upper,
            '0'..='9' => Self::Number,
            '\n' | '\r' => Self::LineEnd,
            ' ' | '\t' | '\x0b' | '\x0c' => Self::Space,
            '\0'..='\x7f' => Self::Other,
            _ => Self::of_table(u32::from(char)),
        }
    }

    fn of_table(char: u32) -> Self {
        let (mut from, mut to) = (0, RANGES.len() / ROW);
        while from < to {
            let middle = from.midpoint(to);
            let Some((first, last, class)) = row(middle) else { break };
            if char < first {
                to = middle;
            } else if char > last {
                from = middle + 1;
            } else {
                return class;
            }
        }
        Self::Other
    }

    pub(super) fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Letter)
    }

    pub(super) fn is_space(self) -> bool {
        matches!(self, Self::Space | Self::LineEnd)
    }
}

fn row(at: usize) -> Option<(u32, u32, Class)> {
    let row: &[u8; ROW] = RANGES.get(at * ROW..)?.first_chunk()?;
    let [a, b, c, d, e, f, g, h, class, ..] = *row;
    let class = match class {
        0 => Class::Upper,
        1 => Class::Lower,
        2 => Class::Letter,
        3 => Class::Mark,
        4 => Class::Number,
        _ => Class::Space,
    };
    Some((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]), class))
}
