//! From a file's text to its [`FileIndex`].

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use aiex_context::{FileIndex, index::is_template};
use aiex_syntax::{Language, Syntax};
use aiex_text::Text;

use crate::documents::Snapshot;

/// How long the parse of one file may take.
const PARSE_LIMIT: Duration = Duration::from_secs(2);

/// The index of a text; `None` if its parse takes too long, or is stopped by `go_on`.
pub fn of_text(path: &str, language: Language, text: &str, go_on: impl Fn() -> bool) -> Option<FileIndex> {
    attempt(path, || {
        if is_template(path) {
            return Some(FileIndex::of_template(path, text));
        }
        let begin = Instant::now();
        let syntax = Syntax::parse(language, &Text::new(text), None, || begin.elapsed() < PARSE_LIMIT && go_on());
        Some(FileIndex::new(path, text, &syntax.ok()?))
    })
}

/// The index of an open document, from its own parse; with its text's language, and `None` for plain text. A
/// template needs no parse.
pub fn of_document(path: &str, snapshot: &Snapshot) -> Option<(Language, FileIndex)> {
    attempt(path, || {
        if is_template(path) {
            return Some((Language::Elixir, FileIndex::of_template(path, &snapshot.text().to_string())));
        }
        let analysis = snapshot.analyse()?;
        let language = analysis.syntax.language();
        Some((language, FileIndex::new(path, &snapshot.text().to_string(), analysis.syntax)))
    })
}

/// A text that trips a bug must not take the rest of the workspace along.
fn attempt<T>(path: &str, work: impl FnOnce() -> Option<T>) -> Option<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!(path, "a bug: the indexing of this file panicked");
        None
    })
}
