//! [`Reviews`]: the findings of open documents, which follow their edits and are shown as diagnostics.

use std::{collections::HashMap, ops::Range, sync::Mutex};

use aiex_assist::{Finding, Findings, Severity};
use aiex_text::{Splice, Text};
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types::{Diagnostic, DiagnosticSeverity, Uri};

use super::{
    convert,
    session::{Server, lock},
};
use crate::documents::{DocumentId, Snapshot};

/// What marks a diagnostic as one of a review.
pub const SOURCE: &str = "aiex";

/// The findings of open documents.
#[derive(Default)]
pub struct Reviews {
    state: Mutex<State>,
    /// Held while diagnostics are sent, so that the last ones sent are the newest.
    sending: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    of: HashMap<DocumentId, Review>,
    /// Counts reviews, so that a finding of an older one is not taken for one of a newer.
    last: u64,
}

struct Review {
    number: u64,
    findings: Findings,
    /// What they are about: the document as of `version`.
    text: Text,
    version: i32,
    /// The editor has not been told of them as they are.
    is_news: bool,
}

impl Reviews {
    /// Keeps what was found in a document as it was in `then`, in place of what was found before in the bytes `asked`.
    /// Not for one that is closed. What was typed meanwhile has moved everything.
    pub fn put(server: &Server, then: &Snapshot, asked: &Range<usize>, findings: Vec<Finding>) {
        let (mut state, now, mut found, asked) = loop {
            let Some(now) = server.documents.get(&then.id) else { return };
            // Not under the lock, for which the protocol waits.
            let (found, asked) = moved(then.text(), now.text(), asked, &findings);
            let state = lock(&server.reviews.state);
            let version = server.documents.get(&then.id).map(|newest| newest.document.version());
            if version == Some(now.document.version()) {
                break (state, now, found, asked);
            }
        };
        let version = now.document.version();
        if let Some(mut earlier) = state.of.remove(&then.id) {
            if earlier.version != version {
                earlier.findings.replaced(&earlier.text, now.text());
            }
            let is_kept = |finding: &Finding| finding.range.end <= asked.start || asked.end <= finding.range.start;
            found.extend(earlier.findings.iter().map(|(_, finding)| finding.clone()).filter(is_kept));
        }
        state.last += 1;
        let findings = Findings::new(found, now.text());
        let review = Review { number: state.last, findings, text: now.text().clone(), version, is_news: true };
        state.of.insert(then.id.clone(), review);
    }

    /// Moves the findings of a document over its changes to `now`; those whose code changed are gone, and the editor is
    /// told.
    pub fn edited(server: &Server, now: &Snapshot, splices: &[Splice]) {
        let mut state = lock(&server.reviews.state);
        let Some(review) = state.of.get_mut(&now.id) else { return };
        // A review that ended in this very moment has seen them.
        if review.version != now.document.version() {
            // Each of them, also where one has vanished already.
            let vanished = splices.iter().filter(|splice| review.findings.edited(splice)).count();
            review.is_news |= vanished > 0;
            (review.version, review.text) = (now.document.version(), now.text().clone());
        }
        let is_news = review.is_news;
        drop(state);
        if is_news {
            Self::publish_soon(server, &now.id);
        }
    }

    /// Forgets a document that is closed.
    pub fn closed(server: &Server, document: &str) {
        if lock(&server.reviews.state).of.remove(document).is_some() {
            Self::publish_soon(server, document);
        }
    }

    /// Takes out a finding, by what [`Reviews::at`] calls it.
    pub fn dismiss(&self, document: &str, name: &str) -> Option<Finding> {
        let mut state = lock(&self.state);
        let review = state.of.get_mut(document)?;
        let (number, id) = name.split_once('-')?;
        let (number, id): (u64, u64) = (number.parse().ok()?, id.parse().ok()?);
        let id = review.findings.iter().map(|(id, _)| id).find(|known| known.number() == id)?;
        (review.number == number).then_some(())?;
        review.is_news = true;
        review.findings.dismiss(id)
    }

    /// Those at a place of a document (half-open, in bytes), each with what it is called.
    pub fn at(&self, document: &str, range: &Range<usize>) -> Vec<(String, Finding)> {
        let state = lock(&self.state);
        let Some(review) = state.of.get(document) else { return Vec::new() };
        let at = review.findings.at(range);
        at.map(|(id, finding)| (format!("{}-{}", review.number, id.number()), finding.clone())).collect()
    }

    fn publish_soon(server: &Server, document: &str) {
        let (server, document) = (server.clone(), DocumentId::from(document));
        tokio::spawn(async move { Self::publish(&server, &document).await });
    }

    /// Sends the diagnostics of a document as they are now. Where it is being changed right now, the change does that.
    pub async fn publish(server: &Server, document: &DocumentId) {
        let _sending = server.reviews.sending.lock().await;
        let Some((diagnostics, version)) = server.reviews.news(server, document) else { return };
        server.client.publish_diagnostics(Uri(document.to_string()), diagnostics, version).await;
    }

    fn news(&self, server: &Server, document: &DocumentId) -> Option<(Vec<Diagnostic>, Option<i32>)> {
        let mut state = lock(&self.state);
        let Some(review) = state.of.get_mut(document) else { return Some((Vec::new(), None)) };
        let open = server.documents.get(document)?;
        if open.document.version() != review.version {
            return None;
        }
        review.is_news = false;
        let findings = review.findings.iter();
        Some((findings.map(|(_, finding)| diagnostic(finding, &open, server)).collect(), Some(review.version)))
    }
}

/// Findings of a text, and a range of it, as they are in a later one.
fn moved(then: &Text, now: &Text, asked: &Range<usize>, findings: &[Finding]) -> (Vec<Finding>, Range<usize>) {
    let (mut moved, mut asked, mut text) = (Findings::new(findings.to_vec(), then), asked.clone(), then.clone());
    // The last first, so that the places of the others hold.
    for edit in aiex_text::diff(&then.to_string(), &now.to_string()).iter().rev() {
        let splice = text.splice(edit);
        moved.edited(&splice);
        asked = splice.map_range(&asked);
    }
    (moved.iter().map(|(_, finding)| finding.clone()).collect(), asked)
}

fn diagnostic(finding: &Finding, open: &Snapshot, server: &Server) -> Diagnostic {
    Diagnostic {
        range: convert::range(open.text(), &finding.range, server.editor().encoding),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
            Severity::Info => DiagnosticSeverity::Information,
        }),
        source: Some(SOURCE.to_owned()),
        message: finding.text.clone().into(),
        ..Default::default()
    }
}

/// A finding as a diagnostic, for a command's argument.
pub fn as_argument(finding: &Finding, open: &Snapshot, server: &Server) -> Value {
    serde_json::to_value(diagnostic(finding, open, server)).unwrap_or_else(|_| json!({}))
}
