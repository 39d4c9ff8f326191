//! [`Expectations`]: whether an editor that says that it applied an edit has done so. Neovim says it also of one that it
//! passed over since something was typed that it had not sent yet.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aiex_text::{Change, Encoding};
use tokio::sync::SetOnce;

use super::session::lock;
use crate::documents::{DocumentId, Snapshot};

/// How long an editor may keep to itself what it did: Neovim 150 ms, unless it is told otherwise.
const WAIT: Duration = Duration::from_millis(500);

/// The texts that documents are to have next.
#[derive(Default)]
pub struct Expectations {
    open: Mutex<Vec<Arc<Expectation>>>,
}

struct Expectation {
    document: DocumentId,
    text: String,
    /// Whether the next change made it so.
    met: SetOnce<bool>,
}

/// A text that a document is to have after its next change. Dropping it ends the watch.
pub struct Expected<'a> {
    all: &'a Expectations,
    one: Arc<Expectation>,
}

impl Expectations {
    /// Watches the next change of a document. To be called before the editor is asked for it.
    pub fn expect(&self, document: DocumentId, text: String) -> Expected<'_> {
        let one = Arc::new(Expectation { document, text, met: SetOnce::new() });
        lock(&self.open).push(one.clone());
        Expected { all: self, one }
    }

    /// Takes note of the changes of one notification, which were made to a document that was `before`. What is typed right
    /// behind the edit comes with it.
    pub fn note(&self, before: &Snapshot, changes: &[Change], encoding: Encoding) {
        let waiting: Vec<_> = lock(&self.open)
            .iter()
            .filter(|one| one.document == before.id && one.met.get().is_none())
            .cloned()
            .collect();
        if waiting.is_empty() {
            return;
        }
        let mut document = before.document.clone();
        let version = document.version();
        for change in changes {
            document.change(version, std::slice::from_ref(change), encoding);
            let text = document.text().to_string();
            waiting.iter().filter(|one| is_same(&one.text, &text)).for_each(|one| _ = one.met.set(true));
        }
        waiting.iter().for_each(|one| _ = one.met.set(false));
    }
}

/// Whether texts are equal but for how lines end, which an editor decides for itself.
fn is_same(one: &str, other: &str) -> bool {
    one.bytes().filter(|byte| *byte != b'\r').eq(other.bytes().filter(|byte| *byte != b'\r'))
}

impl Expected<'_> {
    /// Whether the document changed to something else. An editor that says nothing in time is believed.
    pub async fn is_missed(&self) -> bool {
        tokio::time::timeout(WAIT, self.one.met.wait()).await.is_ok_and(|met| !*met)
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        lock(&self.all.open).retain(|one| !Arc::ptr_eq(one, &self.one));
    }
}

#[cfg(test)]
mod tests {
    use aiex_text::Position;

    use super::*;

    fn insert(column: u32, text: &str) -> Change {
        let at = Position { line: 0, column };
        Change { range: Some((at, at)), text: text.to_owned() }
    }

    fn check(changes: &[Change], missed: bool) {
        let expectations = Expectations::default();
        let before = Snapshot::of_file("file:///a.rs".into(), "ab\r\n", "rust");
        let expected = expectations.expect(before.id.clone(), "axb\n".to_owned());
        expectations.note(&before, changes, Encoding::Utf8);
        // What comes later was typed.
        expectations.note(&before, &[insert(0, "y")], Encoding::Utf8);
        assert_eq!(expected.one.met.get(), Some(&!missed), "{changes:?}");
        drop(expected);
        assert!(lock(&expectations.open).is_empty());
    }

    #[test]
    fn the_edit_is_met_by_the_next_change_alone_or_with_what_is_typed_behind_it() {
        check(&[insert(1, "x")], false);
        check(&[insert(1, "x"), insert(0, "y")], false);
        check(&[insert(0, "y")], true);
        check(&[insert(0, "y"), insert(2, "x")], true);
    }
}
