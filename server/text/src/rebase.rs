//! [`rebase`]: an edit made for an older text, carried over what was typed since, or refused.

use crate::edit::{Edit, Splice};

/// The edit cannot be carried over: what it would replace, or the place where it would insert, has itself changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text at bytes {}..{} was changed meanwhile; run the command again on the new text", .0.range.start, .0.range.end)]
pub struct Conflict(pub Edit);

/// Moves an edit of an older text over the changes that came after it, oldest first. A change that lies wholly before
/// or after it only moves it. One that overlaps what it replaces is a [`Conflict`]; so is one that touches the place
/// where it only inserts, since nobody can know which of the two should come first.
pub fn rebase(edit: &Edit, since: &[Splice]) -> Result<Edit, Conflict> {
    let mut range = edit.range.clone();
    for change in since {
        let touches = range.is_empty() && (change.old_end == range.start || change.start == range.end);
        if change.old_end <= range.start && !touches {
            let shift = |offset: usize| offset - change.old_end + change.new_end;
            range = shift(range.start)..shift(range.end);
        } else if change.start < range.end || touches {
            return Err(Conflict(edit.clone()));
        }
    }
    Ok(Edit { range, text: edit.text.clone() })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::text::Text;

    /// Applies `typed` to `before`, then the edit, rebased; `None` if it is refused.
    fn check(before: &str, edit: (Range<usize>, &str), typed: &[(Range<usize>, &str)], expect: Option<&str>) {
        let mut text = Text::new(before);
        let new = |(range, text): &(Range<usize>, &str)| Edit { range: range.clone(), text: (*text).to_owned() };
        let since: Vec<_> = typed.iter().map(|typed| text.splice(&new(typed))).collect();
        let rebased = rebase(&new(&edit), &since).ok().map(|edit| {
            text.splice(&edit);
            text.to_string()
        });
        assert_eq!(rebased.as_deref(), expect);
    }

    #[test]
    fn changes_elsewhere_only_move_it() {
        check("aa bb cc", (3..5, "BB"), &[(0..2, "xxxx"), (8..10, "")], Some("xxxx BB "));
        check("aa bb cc", (3..5, "BB"), &[(3..3, "<"), (6..6, ">")], Some("aa <BB> cc"));
        check("aa bb cc", (5..5, "!"), &[(0..1, "")], Some("a bb! cc"));
    }

    #[test]
    fn changes_to_what_it_replaces_refuse_it() {
        check("aa bb cc", (3..5, "BB"), &[(4..4, "x")], None);
        check("aa bb cc", (3..5, "BB"), &[(0..8, "all new")], None);
        check("aa bb cc", (3..5, "BB"), &[(2..4, "")], None);
        check("aa bb cc", (5..5, "!"), &[(5..5, "?")], None);
        check("aa bb cc", (5..5, "!"), &[(3..5, "")], None);
    }
}
