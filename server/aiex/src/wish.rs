//! [`meant`]: which definition an edit is for, and what is to be done with it: by the user's words, or by an `AI:` comment
//! in the code, which is then cut out of what is edited.

use std::{ops::Range, sync::Arc};

use aiex_assist::{AskingComment, asking_comments};
use aiex_context::Intent;

use crate::{
    documents::Snapshot,
    explain::{Cursor, Target},
};

/// What is to be edited.
pub struct Meant {
    /// In a text without the comment.
    pub target: Target,
    /// The user's words.
    pub words: Option<String>,
    /// What is selected, where that is a part of the target.
    pub selection: Option<String>,
    /// The whole text, and where in it the comment is.
    pub cut: Option<(Arc<str>, Range<usize>)>,
    /// To write what a comment asks for where nothing is written yet is to generate.
    pub intent: Intent,
}

/// Finds what is meant at a cursor. Without `words`, an `AI:` comment there says what is to be done, if the intent takes
/// such words. Parses if need be, so never on the protocol task.
pub fn meant(snapshot: Arc<Snapshot>, cursor: Cursor, path: String, intent: Intent, words: Option<String>) -> Meant {
    let takes_words = matches!(intent, Intent::Refactor | Intent::Generate);
    let comment = (takes_words && words.is_none()).then(|| comment_at(&snapshot, cursor)).flatten();
    let Some(comment) = comment else {
        let target = Target::find(snapshot, cursor, path).widened();
        let selection = selection(&target, cursor);
        return Meant { target, words, selection, cut: None, intent };
    };
    let whole: Arc<str> = snapshot.text().to_string().into();
    let Range { start, end } = comment.range.clone();
    let shown = format!("{}{}", whole.get(..start).unwrap_or_default(), whole.get(end..).unwrap_or_default());
    let shown = snapshot.with_text(&shown);
    // What stands where the comment stood is what it is about.
    let rest = shown.text().slice(start..shown.text().len()).into_owned();
    let blanks = rest.len() - rest.trim_start().len();
    let is_trailing = start > 0 && !whole.get(..start).is_some_and(|before| before.ends_with('\n'));
    let at = if is_trailing { start } else { start + blanks };
    let mut target = Target::find(Arc::new(shown), Cursor::Within(at), path.clone()).widened();
    if target.is_whole() {
        target = Target::find(target.snapshot.clone(), Cursor::Within(start), path).widened();
    }
    let intent = if target.is_unwritten() { Intent::Generate } else { Intent::Refactor };
    Meant { target, words: Some(comment.instruction), selection: None, cut: Some((whole, start..end)), intent }
}

/// The comment that asks for something at the cursor: under it, in the symbol there, or right above that.
pub fn comment_at(snapshot: &Snapshot, cursor: Cursor) -> Option<AskingComment> {
    let analysis = snapshot.analyse()?;
    let text = snapshot.text().to_string();
    let comments = asking_comments(analysis.syntax, &text);
    let (from, to) = match cursor {
        Cursor::Whole => (0, text.len()),
        Cursor::Within(offset) | Cursor::At(offset) => (offset, offset),
        Cursor::Selected(start, end) => (start, end),
    };
    let under = comments.iter().find(|comment| comment.range.start <= to && from <= comment.range.end);
    let symbol = || {
        let symbol = analysis.outline.symbols.get(analysis.outline.enclosing(from)?)?;
        // Of a module that holds it, a comment is not at the cursor.
        let is_near = |comment: &&AskingComment| {
            let inside = symbol.range.start <= comment.range.start && comment.range.end <= symbol.range.end;
            let innermost = analysis.outline.enclosing(comment.range.start + 1) == analysis.outline.enclosing(from);
            let between = text.get(comment.range.end..symbol.range.start);
            inside && innermost || between.is_some_and(|between| between.trim().is_empty())
        };
        comments.iter().find(is_near)
    };
    under.or_else(symbol).cloned()
}

/// What is selected, where that is a part of the target.
fn selection(target: &Target, cursor: Cursor) -> Option<String> {
    let Cursor::Selected(start, end) = cursor else { return None };
    let range = target.range();
    let selected = target.snapshot.text().slice(start..end).into_owned();
    let is_part = range.start < start || end < range.end;
    (is_part && !selected.trim().is_empty() && selected.len() <= LONGEST_SELECTION).then_some(selected)
}

/// What is quoted of a selection, in bytes.
const LONGEST_SELECTION: usize = 8 * 1024;
