//! [`Edit`]: one replacement in a text; [`Splice`]: what it moved.

use std::ops::Range;

use crate::text::Text;

/// Replaces the half-open byte `range` with `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in bytes of the text before the edit.
    pub range: Range<usize>,
    /// What takes its place.
    pub text: String,
}

/// A place as tree-sitter counts it: 0-based row, and column in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// 0-based line.
    pub row: usize,
    /// Bytes since the start of the line.
    pub column: usize,
}

/// What one applied edit moved: bytes `start..old_end` became `start..new_end`. Holds what a tree-sitter `InputEdit` wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// First byte that changed.
    pub start: usize,
    /// End of what was replaced, in the text before.
    pub old_end: usize,
    /// End of what replaced it, in the text after.
    pub new_end: usize,
    /// `start` as a point.
    pub start_point: Point,
    /// `old_end` as a point of the text before.
    pub old_end_point: Point,
    /// `new_end` as a point of the text after.
    pub new_end_point: Point,
}

impl Splice {
    /// Where a byte offset of the text before lies in the text after. One inside the replaced part goes to its end.
    pub fn map(&self, offset: usize) -> usize {
        if offset < self.start || (offset == self.start && self.old_end > self.start) {
            offset
        } else if offset >= self.old_end {
            offset - self.old_end + self.new_end
        } else {
            self.new_end
        }
    }

    /// Where a half-open range of the text before lies in the text after: what is typed at its end stays outside.
    pub fn map_range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.map(range.start);
        let end = if range.end <= self.start { range.end } else { self.map(range.end) };
        start..end.max(start)
    }
}

/// Why a set of edits is not one change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A range ends before it starts.
    #[error("the edit of bytes {}..{} is reversed: its end lies before its start", .0.start, .0.end)]
    Reversed(Range<usize>),
    /// Two ranges share bytes.
    #[error("the edits of bytes {}..{} and {}..{} overlap: each byte may be edited once", .0.start, .0.end, .1.start, .1.end)]
    Overlap(Range<usize>, Range<usize>),
}

/// Applies edits that were all made against the same text, in any order, and returns the new text. Insertions at one
/// place keep their order. Refused whole when an edit is reversed or two overlap.
pub fn apply(text: &Text, edits: &[Edit]) -> Result<Text, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut last: Option<&Edit> = None;
    for edit in &sorted {
        if edit.range.end < edit.range.start {
            return Err(EditError::Reversed(edit.range.clone()));
        }
        if let Some(before) = last.filter(|before| before.range.end > edit.range.start) {
            return Err(EditError::Overlap(before.range.clone(), edit.range.clone()));
        }
        last = Some(edit);
    }
    let mut result = text.clone();
    for edit in sorted.iter().rev() {
        result.splice(edit);
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, text: &str) -> Edit {
        Edit { range, text: text.to_owned() }
    }

    #[test]
    fn edits_of_one_text_apply_together() {
        let text = Text::new("one two three");
        let edits = [edit(8..13, "3"), edit(0..3, "1"), edit(4..4, "a"), edit(4..4, "b")];
        assert_eq!(apply(&text, &edits).unwrap().to_string(), "1 abtwo 3");
    }

    #[test]
    fn overlapping_and_reversed_edits_are_refused() {
        let text = Text::new("one two three");
        let overlap = apply(&text, &[edit(0..5, ""), edit(4..6, "")]).unwrap_err();
        assert_eq!(overlap.to_string(), "the edits of bytes 0..5 and 4..6 overlap: each byte may be edited once");
        #[expect(clippy::reversed_empty_ranges)]
        let reversed = apply(&text, &[edit(5..2, "")]).unwrap_err();
        assert!(matches!(reversed, EditError::Reversed(_)));
    }

    #[test]
    fn a_splice_maps_what_lies_around_it() {
        let mut text = Text::new("fn a() {}\nfn b() {}\n");
        let splice = text.splice(&edit(3..4, "long"));
        assert_eq!(splice.map_range(&(0..9)), 0..12);
        assert_eq!(splice.map_range(&(10..19)), 13..22);
        assert_eq!(splice.map(3), 3);
        let insert = text.splice(&edit(0..0, "// x\n"));
        assert_eq!(insert.map_range(&(0..12)), 5..17);
        let append = text.splice(&edit(17..17, "!"));
        assert_eq!(append.map_range(&(5..17)), 5..17, "what is typed at the end stays outside");
    }
}
