//! [`Patch`]: an edit that passed the gate, made from one version of each file, and how it is carried to a later one.

use std::{ops::Range, sync::Arc};

use aiex_syntax::Language;
use aiex_text::{Edit, Text, apply, diff, rebase};

use super::{gate, source::File};

/// Changes of one or more files that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// In the order in which the reply has them; never empty.
    pub files: Vec<FilePatch>,
}

/// The change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// The version that it was made from, by its text; `None` for a file that is new.
    pub before: Option<Arc<str>>,
    /// The text with the change.
    pub after: String,
    /// The definitions that it was made for, in bytes of `before`, half-open: one that has changed since is not patched.
    pub anchors: Vec<Range<usize>>,
    /// Whether it was parsed, before and after: its language is known. What was found then is no part of this.
    pub parsed: bool,
}

/// Why a patch cannot be carried over to a later text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Moved {
    /// What it changes was changed meanwhile.
    #[error("{0} was changed meanwhile just where the edit belongs; run the command again")]
    Conflict(String),
    /// Both changes together do not parse.
    #[error("{0} was changed meanwhile, and would not parse with the edit; run the command again")]
    Unparsed(String),
    /// A file that was to be new exists now.
    #[error("{0} exists meanwhile; nothing was written over it")]
    Exists(String),
}

impl FilePatch {
    /// The smallest edits that make the change, of the text that it was made from.
    pub fn edits(&self) -> Vec<Edit> {
        diff(self.before.as_deref().unwrap_or_default(), &self.after)
    }

    /// The edits for the text as it is `now`: the same where it has not changed; moved where it changed elsewhere.
    ///
    /// # Errors
    /// Where a definition that the patch is for was touched, or where both changes together no longer parse.
    pub fn onto(&self, now: &str) -> Result<Vec<Edit>, Moved> {
        let Some(before) = &self.before else { return Err(Moved::Exists(self.path.clone())) };
        let edits = self.edits();
        if **before == *now {
            return Ok(edits);
        }
        let conflict = || Moved::Conflict(self.path.clone());
        let since = diff(before, now);
        let touches =
            |typed: &Edit, range: &Range<usize>| typed.range.start < range.end && range.start < typed.range.end;
        if since.iter().any(|typed| self.anchors.iter().any(|anchor| touches(typed, anchor))) {
            return Err(conflict());
        }
        // From the last to the first, so that each is counted in a text that the earlier ones have not changed yet.
        let mut text = Text::new(before);
        let splices: Vec<_> = since.iter().rev().map(|typed| text.splice(typed)).collect();
        let moved: Result<Vec<Edit>, _> = edits.iter().map(|edit| rebase(edit, &splices)).collect();
        let moved = moved.map_err(|_| conflict())?;
        let merged = apply(&Text::new(now), &moved).map_err(|_| conflict())?.to_string();
        let (now, merged) = (File::new(&self.path, now.into()), File::new(&self.path, merged.as_str().into()));
        match gate::new_problems(Some(&now), &merged).is_empty() {
            true => Ok(moved),
            false => Err(Moved::Unparsed(self.path.clone())),
        }
    }

    /// Its language, by its name.
    pub fn language(&self) -> Option<Language> {
        Language::from_file_name(&self.path)
    }
}

#[cfg(test)]
mod tests;
