//! [`Refusal`]: why a reply is not applied, in a sentence for the user and for the model that may mend it.

use aiex_context::secrets::Redactor;

use crate::prose::clean_text;

/// The most characters of a reply without code that are quoted.
const LONGEST_WORDS: usize = 300;
/// The most characters of a line that are quoted.
const LONGEST_LINE: usize = 80;

/// Why a reply does not become an edit.
///
/// Within this crate its texts quote code to its end, secrets and all; [`Refusal::hidden`], through which each one goes
/// that leaves the crate, replaces the secrets and only then cuts them to a line.
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
    /// It changes imports that this intent may not.
    #[error("the reply changes the imports (`{text}`), and {intent} may change only {allowed}")]
    Imports {
        /// The first line of what it imports.
        text: String,
        /// The intent.
        intent: &'static str,
        /// What may be changed.
        allowed: &'static str,
    },
    /// It documents a file of a language that is not parsed.
    #[error("{0} is in no language that is parsed, so there is no telling its documentation from its code")]
    NoSyntax(String),
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
    /// It has something that does not belong where it stands.
    #[error("the code does not parse: {path}, line {line}: `{text}` is not expected")]
    Unexpected {
        /// The file.
        path: String,
        /// Counted from 1, in the file as it would be.
        line: usize,
        /// The first line of what stands there.
        text: String,
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
    /// It holds code, and no test.
    #[error("the reply has no test; {0}")]
    NoTest(&'static str),
    /// A test would pass whatever the code does.
    #[error("the test `{0}` asserts nothing, so it would pass whatever the code does")]
    AssertsNothing(String),
    /// A name means one thing in the reply and another in the file of the tests.
    #[error("`{name}` means something else in {path}; it needs another name")]
    Clash {
        /// The name.
        name: String,
        /// The file.
        path: String,
    },
    /// It is what is there already.
    #[error("the reply changes nothing")]
    Unchanged,
}

impl Refusal {
    /// Without the secrets of `redactor`, and then with each quotation cut to a line: fit to be shown.
    pub(crate) fn hidden(mut self, redactor: Option<&Redactor>) -> Self {
        let hide = |text: &mut String| {
            if let Some(redactor) = redactor {
                *text = redactor.hide(text);
            }
        };
        let line = |text: &mut String| {
            hide(text);
            *text = first_line(text);
        };
        match &mut self {
            Self::NoCode(words) => {
                hide(words);
                let all = clean_text(words).split_whitespace().collect::<Vec<_>>().join(" ");
                let short: String = all.chars().take(LONGEST_WORDS).collect();
                let dots = if short.len() < all.len() { "…" } else { "" };
                *words = format!("{short}{dots}");
            }
            Self::Fragment(text)
            | Self::NotFound { text, .. }
            | Self::Ambiguous { text, .. }
            | Self::TwoVersions(text)
            | Self::Beside(text)
            | Self::Elided(text)
            | Self::Imports { text, .. }
            | Self::AssertsNothing(text)
            | Self::Clash { name: text, .. }
            | Self::Unexpected { text, .. } => line(text),
            Self::Lost { within, lost } => {
                hide(within);
                lost.iter_mut().for_each(line);
            }
            Self::Deletes(names) => names.iter_mut().for_each(line),
            Self::OtherLanguage { found, .. } => hide(found),
            Self::OutOfScope { what, .. } | Self::Unparsed { what, .. } => hide(what),
            Self::Moved { place, .. } => hide(place),
            Self::Overlap(_)
            | Self::Outside(_)
            | Self::NoSyntax(_)
            | Self::NotShown(_)
            | Self::Exists(_)
            | Self::NotAsked(_)
            | Self::Placeholder(_)
            | Self::Cut
            | Self::Malformed(_)
            | Self::TooLong(_)
            | Self::Invisible(_)
            | Self::NoTest(_)
            | Self::Unchanged => {}
        }
        match &mut self {
            Self::OtherLanguage { path, .. }
            | Self::NotFound { path, .. }
            | Self::Ambiguous { path, .. }
            | Self::Unparsed { path, .. }
            | Self::Unexpected { path, .. }
            | Self::Clash { path, .. }
            | Self::Overlap(path)
            | Self::Outside(path)
            | Self::NoSyntax(path)
            | Self::NotShown(path)
            | Self::Exists(path)
            | Self::NotAsked(path) => hide(path),
            _ => {}
        }
        self
    }

    /// The sentence, without the secrets of `redactor`. What [`draft`](super::draft) and
    /// [`Draft::checked`](super::Draft::checked) give has none already; what others made of the words of a compiler may.
    pub fn told(&self, redactor: Option<&Redactor>) -> String {
        self.clone().hidden(redactor).to_string()
    }

    /// Whether the model may mend it when it is told: not if it declines, or has nothing to change.
    pub fn is_mendable(&self) -> bool {
        !matches!(self, Self::NoCode(_) | Self::NoSyntax(_) | Self::Unchanged | Self::TooLong(_))
    }
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().trim().chars().take(LONGEST_LINE).collect()
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

#[cfg(test)]
mod tests;
