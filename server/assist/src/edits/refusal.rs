//! [`Refusal`]: why a reply is not applied, in a sentence for the user and for the model that may mend it.

use crate::prose::clean_text;

/// Why a reply does not become an edit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It holds no code. With what it says, shortened.
    #[error("the reply holds no code{}", said(.0))]
    NoCode(String),
    /// It ends in the middle.
    #[error("the reply ends in the middle of its code")]
    Cut,
    /// Its hunks cannot be read.
    #[error("the reply is malformed: {0}")]
    Malformed(&'static str),
    /// It is longer than any edit.
    #[error("the reply is longer than {0} bytes, which no edit is")]
    TooLong(usize),
    /// It is in another language than the file.
    #[error("the code is {found}, and {path} is {wanted}")]
    OtherLanguage {
        /// What its fence says.
        found: String,
        /// The file.
        path: String,
        /// The file's language.
        wanted: &'static str,
    },
    /// It has no definition, or something beside definitions.
    #[error("`{0}` is no whole definition, so there is no telling where it goes")]
    Fragment(String),
    /// What it would change cannot be found.
    #[error("the text to be replaced is not in {path}: `{text}`")]
    NotFound {
        /// The file.
        path: String,
        /// The first line of what is looked for.
        text: String,
    },
    /// What it would change is there several times.
    #[error("`{text}` is in {path} {count} times, so there is no telling which is meant")]
    Ambiguous {
        /// The file.
        path: String,
        /// The name, or the first line.
        text: String,
        /// How often.
        count: usize,
    },
    /// It defines the same thing twice.
    #[error("the reply has two versions of `{0}`")]
    TwoVersions(String),
    /// It shows a definition beside hunks that do not bring it.
    #[error("the reply shows `{0}` beside its hunks, and they do not bring it into the file")]
    Beside(String),
    /// It changes the same place twice.
    #[error("the reply changes the same lines of {0} twice")]
    Overlap(String),
    /// It leaves out code behind a mark such as `...`.
    #[error("the reply leaves code out where it says `{0}`; all of the definition is needed")]
    Elided(String),
    /// It repeats a file or a module, but not all of it.
    #[error("the reply repeats {within} without {}; it would be lost", names(.lost))]
    Lost {
        /// What it repeats.
        within: String,
        /// What is missing.
        lost: Vec<String>,
    },
    /// It deletes what nobody asked to delete.
    #[error("the reply deletes {}, which was not asked for", names(.0))]
    Deletes(Vec<String>),
    /// It changes what this intent may not.
    #[error("the reply {what}, and {intent} may change only {allowed}")]
    OutOfScope {
        /// What it does: `changes …`, `adds …`.
        what: String,
        /// The intent.
        intent: &'static str,
        /// What may be changed.
        allowed: &'static str,
    },
    /// It does not parse.
    #[error("the code does not parse: {path}, line {line}: {what}")]
    Unparsed {
        /// The file.
        path: String,
        /// Counted from 1, in the file as it would be.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// It names a file that is not in the workspace, or none that may be written.
    #[error("the reply names the file {0}, which is not one that may be written")]
    Outside(String),
    /// It changes a file that the model has not seen.
    #[error("the reply changes {0}, which was not shown to the model")]
    NotShown(String),
    /// It would make a file that exists.
    #[error("the reply would make the file {0}, which exists already")]
    Exists(String),
    /// It would make a file that nobody asked for.
    #[error("the reply would make the file {0}, which was not asked for")]
    NotAsked(String),
    /// It holds a placeholder that stands for nothing.
    #[error("the placeholder {0} stands for nothing; a placeholder is kept as it is, or left out")]
    Placeholder(String),
    /// It would put a secret where it was not.
    #[error("the placeholder {placeholder} stands for a secret that is not of {place}; it is left where it was")]
    Moved {
        /// Which.
        placeholder: String,
        /// Where it would have gone.
        place: String,
    },
    /// It holds a character that does not show.
    #[error("the code holds the character U+{:04X}, which does not show", u32::from(*.0))]
    Invisible(char),
    /// It is what is there already.
    #[error("the reply changes nothing")]
    Unchanged,
}

impl Refusal {
    /// For a reply without code.
    pub(super) fn no_code(reply: &str) -> Self {
        let words = clean_text(reply);
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = words.chars().take(300).collect();
        let dots = if short.len() < words.len() { "…" } else { "" };
        Self::NoCode(format!("{short}{dots}"))
    }

    /// Whether the model may mend it when it is told: not if it declines, or has nothing to change.
    pub fn is_mendable(&self) -> bool {
        !matches!(self, Self::NoCode(_) | Self::Unchanged | Self::TooLong(_))
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("; it says: {words}") }
}

fn names(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
