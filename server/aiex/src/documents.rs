//! The open documents, each at every version an unchanging snapshot that parses itself on first need.
//!
//! A change costs the protocol task one edit of a rope and one of a tree. Parsing happens on the analysis thread, which
//! always takes the newest version, or in the first request that needs it sooner. Knows nothing of the protocol.

use std::{
    collections::HashMap,
    ops::Range,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc},
    time::{Duration, Instant},
};

use aiex_syntax::{Language, Outline, Stopped, Syntax};
use aiex_text::{Change, Document, Encoding, Splice, Text};

/// How long one parse may take. Beyond it the document stays plain until it changes.
const PARSE_LIMIT: Duration = Duration::from_secs(4);
/// How long nothing must be typed before documents are parsed in full, which an incremental parse may differ from
/// (tree-sitter #4534).
const IDLE: Duration = Duration::from_millis(400);

/// A document's name: the URI that its editor gave it, as it wrote it.
pub type DocumentId = Arc<str>;

/// A document at one version.
pub struct Snapshot {
    /// Its name.
    pub id: DocumentId,
    /// Its text, version and language.
    pub document: Document,
    seed: Seed,
    parsed: OnceLock<Option<Syntax>>,
    outline: OnceLock<Option<Arc<Outline>>>,
    /// A parse in full that turned out to differ from the first, and is right.
    corrected: OnceLock<(Syntax, Arc<Outline>)>,
}

/// What the syntax of one version says.
#[derive(Clone, Copy)]
pub struct Analysis<'a> {
    /// The parse.
    pub syntax: &'a Syntax,
    /// Its symbols and calls.
    pub outline: &'a Arc<Outline>,
}

/// What earlier versions left to begin with.
#[derive(Clone, Default)]
struct Seed {
    /// The last parse, told of the changes since.
    syntax: Option<Syntax>,
    /// The last outline, and the changes since.
    outline: Option<(Arc<Outline>, Vec<Splice>)>,
}

impl Snapshot {
    fn new(id: DocumentId, document: Document, seed: Seed) -> Self {
        let (parsed, outline, corrected) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { id, document, seed, parsed, outline, corrected }
    }

    /// One that no editor holds, such as a file on disk.
    pub fn of_file(id: DocumentId, contents: &str, language: &str) -> Self {
        Self::new(id, Document::new(Text::new(contents), 0, language), Seed::default())
    }

    /// The same document at the same version, with another text.
    pub fn with_text(&self, text: &str) -> Self {
        let document = Document::new(Text::new(text), self.document.version(), self.document.language());
        Self::new(self.id.clone(), document, Seed::default())
    }

    /// Its text.
    pub fn text(&self) -> &Text {
        self.document.text()
    }

    /// The language it is parsed as; of a document that its editor calls something else, by the ending of its name.
    pub fn language(&self) -> Option<Language> {
        Language::from_id(self.document.language()).or_else(|| Language::from_file_name(&self.id))
    }

    /// The analysis, if it is there already.
    pub fn ready(&self) -> Option<Analysis<'_>> {
        if let Some((syntax, outline)) = self.corrected.get() {
            return Some(Analysis { syntax, outline });
        }
        Some(Analysis { syntax: self.parsed.get()?.as_ref()?, outline: self.outline.get()?.as_ref()? })
    }

    /// Whether nothing more will come of asking for the analysis.
    pub fn is_settled(&self) -> bool {
        self.outline.get().is_some() || self.language().is_none()
    }

    /// The analysis, made now if need be: this may take as long as a parse, so never on the protocol task.
    /// `None` for plain text and for what could not be parsed.
    pub fn analyse(&self) -> Option<Analysis<'_>> {
        let syntax = self.parsed.get_or_init(|| self.parse(self.seed.syntax.as_ref()));
        self.outline.get_or_init(|| syntax.as_ref().map(|syntax| Arc::new(syntax.outline(self.text()))));
        self.ready()
    }

    /// The outline of the last version that has one, moved over the changes since: for an answer that cannot wait.
    /// `None` if a name was touched, of which nobody knows yet what it is now.
    pub fn stale_outline(&self) -> Option<Outline> {
        let (outline, since) = self.seed.outline.as_ref()?;
        let mut outline = Outline::clone(outline);
        for splice in since {
            let touched = |name: &Range<usize>| splice.start <= name.end && name.start <= splice.old_end;
            let calls = outline.calls.iter().map(|call| &call.name_range);
            if outline.symbols.iter().map(|symbol| &symbol.name_range).chain(calls).any(touched) {
                return None;
            }
            outline.shift(splice);
        }
        Some(outline)
    }

    fn parse(&self, old: Option<&Syntax>) -> Option<Syntax> {
        let language = self.language()?;
        let begin = Instant::now();
        let parsed = Syntax::parse(language, self.text(), old, || begin.elapsed() < PARSE_LIMIT);
        let took_us = begin.elapsed().as_micros();
        let (document, version) = (&self.id, self.document.version());
        match parsed {
            Ok(_) => tracing::debug!(%document, version, took_us, "parsed"),
            Err(Stopped::TooLarge) => {
                tracing::warn!(%document, version, bytes = self.text().len(), limit = aiex_syntax::MAX_BYTES,
                "this document is too large to parse; it is treated as plain text")
            }
            Err(Stopped::OutOfTime) => tracing::warn!(%document, version, limit_ms = PARSE_LIMIT.as_millis(),
                "parsing took too long; this document is treated as plain text until it changes"),
        }
        parsed.ok()
    }

    /// Parses in full what was parsed from an older tree, and keeps the result if it says something else.
    fn settle(&self) {
        let (Some(first), true, None) = (self.ready(), self.seed.syntax.is_some(), self.corrected.get()) else {
            return;
        };
        let Some(syntax) = self.parse(None) else { return };
        let outline = Arc::new(syntax.outline(self.text()));
        if outline != *first.outline {
            tracing::info!(document = %self.id, version = self.document.version(), "the incremental parse differed; parsed in full");
            let _ = self.corrected.set((syntax, outline));
        }
    }

    /// What the next version begins with.
    fn seed(&self, splices: &[Splice]) -> Seed {
        let corrected = self.corrected.get();
        let newest = corrected.map(|(syntax, _)| syntax).or_else(|| self.parsed.get()?.as_ref());
        // Not parsed yet: from what this one would have begun with.
        let mut syntax = newest.or(self.seed.syntax.as_ref()).cloned();
        syntax.iter_mut().for_each(|syntax| splices.iter().for_each(|splice| syntax.edit(splice)));
        let outline = match self.ready() {
            Some(ready) => Some((ready.outline.clone(), splices.to_vec())),
            None => self.seed.outline.clone().map(|(outline, mut since)| {
                since.extend_from_slice(splices);
                (outline, since)
            }),
        };
        // Far behind, an outline that is only moved tells little, and the list of changes would grow for ever.
        let outline = outline.filter(|(_, since)| since.len() <= 1024);
        Seed { syntax, outline }
    }
}

/// All open documents.
#[derive(Clone)]
pub struct Documents {
    open: Arc<Mutex<HashMap<DocumentId, Arc<Snapshot>>>>,
    analyse: mpsc::Sender<DocumentId>,
}

impl Default for Documents {
    fn default() -> Self {
        let open = Arc::<Mutex<HashMap<DocumentId, Arc<Snapshot>>>>::default();
        let (analyse, changed) = mpsc::channel();
        let documents = open.clone();
        let thread = std::thread::Builder::new().name("analysis".to_owned());
        if let Err(error) = thread.spawn(move || analyse_changes(&documents, &changed)) {
            tracing::error!(%error, "no thread to parse on; every request will parse for itself");
        }
        Self { open, analyse }
    }
}

impl Documents {
    /// Opens a document, or replaces it if it was open already.
    pub fn open(&self, id: &str, document: Document) {
        self.put(Snapshot::new(id.into(), document, Seed::default()));
    }

    /// Changes a document, and returns what moved; `None` if it is not open.
    pub fn change(&self, id: &str, version: i32, changes: &[Change], encoding: Encoding) -> Option<Vec<Splice>> {
        let before = self.get(id)?;
        let mut document = before.document.clone();
        let splices = document.change(version, changes, encoding);
        self.put(Snapshot::new(before.id.clone(), document, before.seed(&splices)));
        Some(splices)
    }

    /// Closes a document; `false` if it was not open.
    pub fn close(&self, id: &str) -> bool {
        self.lock().remove(id).is_some()
    }

    /// The document as it stands.
    pub fn get(&self, id: &str) -> Option<Arc<Snapshot>> {
        self.lock().get(id).cloned()
    }

    /// All of them as they stand.
    pub fn all(&self) -> Vec<Arc<Snapshot>> {
        self.lock().values().cloned().collect()
    }

    /// The first open document whose name passes.
    pub fn find(&self, passes: impl Fn(&str) -> bool) -> Option<Arc<Snapshot>> {
        self.lock().values().find(|snapshot| passes(&snapshot.id)).cloned()
    }

    fn put(&self, snapshot: Snapshot) {
        let id = snapshot.id.clone();
        self.lock().insert(id.clone(), Arc::new(snapshot));
        let _ = self.analyse.send(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DocumentId, Arc<Snapshot>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The analysis thread: parses the newest version of what changed, and in full once nothing more comes. Ends with the
/// last `Documents`.
fn analyse_changes(documents: &Mutex<HashMap<DocumentId, Arc<Snapshot>>>, changed: &mpsc::Receiver<DocumentId>) {
    let newest = |id: &DocumentId| documents.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    let mut unsettled = Vec::<DocumentId>::new();
    loop {
        let next = if unsettled.is_empty() {
            changed.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        } else {
            changed.recv_timeout(IDLE)
        };
        match next {
            Ok(first) => {
                let mut ids: Vec<_> = std::iter::once(first).chain(changed.try_iter()).collect();
                ids.sort();
                ids.dedup();
                for id in ids {
                    attempt(&id, || newest(&id).map(|snapshot| _ = snapshot.analyse()));
                    if !unsettled.contains(&id) {
                        unsettled.push(id);
                    }
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                for id in unsettled.drain(..) {
                    attempt(&id, || newest(&id).map(|snapshot| snapshot.settle()));
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A text that trips a bug must not take the thread, and with it every other document's analysis, along.
fn attempt(id: &DocumentId, analyse: impl FnOnce() -> Option<()>) {
    if std::panic::catch_unwind(AssertUnwindSafe(analyse)).is_err() {
        tracing::error!(document = %id, "a bug: the analysis of this document panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(Text::new(text), 1, "rust")
    }

    fn insert(line: u32, column: u32, text: &str) -> Change {
        let at = aiex_text::Position { line, column };
        Change { range: Some((at, at)), text: text.to_owned() }
    }

    #[test]
    fn a_snapshot_keeps_its_text_whatever_comes_later() {
        let documents = Documents::default();
        documents.open("file:///a.rs", document("fn a() {}\n"));
        let before = documents.get("file:///a.rs").unwrap();
        documents.change("file:///a.rs", 2, &[insert(0, 4, "b")], Encoding::Utf16).unwrap();
        let after = documents.get("file:///a.rs").unwrap();
        assert_eq!(before.text().to_string(), "fn a() {}\n");
        assert_eq!(after.text().to_string(), "fn ab() {}\n");
        assert_eq!(after.analyse().unwrap().outline.symbols[0].name, "ab");
        assert_eq!(before.analyse().unwrap().outline.symbols[0].name, "a");
    }

    #[test]
    fn what_is_not_open_cannot_change() {
        let documents = Documents::default();
        assert_eq!(documents.change("file:///a.rs", 2, &[insert(0, 0, "x")], Encoding::Utf16), None);
        assert!(!documents.close("file:///a.rs"));
    }

    #[test]
    fn the_last_outline_moves_with_the_text() {
        let documents = Documents::default();
        documents.open("file:///a.rs", document("fn a() {}\n"));
        documents.get("file:///a.rs").unwrap().analyse();
        documents.change("file:///a.rs", 2, &[insert(0, 0, "// comment\n")], Encoding::Utf16);
        let outline = documents.get("file:///a.rs").unwrap().stale_outline().unwrap();
        assert_eq!(outline.symbols[0].range.start, 11);
    }

    #[test]
    fn an_outline_moves_no_further_than_to_the_change_of_a_name() {
        let check = |changes: &[Change], moves: bool| {
            let documents = Documents::default();
            documents.open("file:///a.rs", document("fn a() {}\nfn b() { a(); }\n"));
            documents.get("file:///a.rs").unwrap().analyse();
            documents.change("file:///a.rs", 2, changes, Encoding::Utf16).unwrap();
            assert_eq!(documents.get("file:///a.rs").unwrap().stale_outline().is_some(), moves, "{changes:?}");
        };
        check(&[insert(1, 8, " let c = 1;"), insert(0, 0, "// c\n")], true);
        check(&[insert(0, 4, "x")], false);
        check(&[insert(0, 0, "// c\n"), insert(2, 10, "x")], false);
    }

    #[test]
    fn a_text_over_the_limit_stays_plain() {
        let text = "// ".to_owned() + &"x".repeat(aiex_syntax::MAX_BYTES);
        let snapshot = Snapshot::of_file("file:///big.rs".into(), &text, "rust");
        assert!(snapshot.analyse().is_none());
        assert!(snapshot.is_settled());
    }
}
