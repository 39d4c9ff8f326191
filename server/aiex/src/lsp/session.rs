//! [`Session`]: what the server knows of its editor: documents, runs, settings, and the last place asked about.

use std::{
    collections::HashSet,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use aiex_text::{Encoding, Splice};
use serde_json::Value;
use tower_lsp::{
    Client,
    gen_lsp_types::{self, MessageType},
};

use super::{
    capabilities::Editor, configuration::Settings, convert, expected::Expectations, indexes::Indexes, reviews::Reviews,
    run::Runs,
};
use crate::{
    consent::Consent,
    documents::{DocumentId, Documents, Snapshot},
    engine::Engines,
    explain::{Cursor, Explanations},
};

/// The handlers' view of the session; a clone is another handle.
#[derive(Clone)]
pub struct Server(pub Arc<Session>);

impl std::ops::Deref for Server {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

/// One editor's session, from start to exit.
pub struct Session {
    /// To send to the editor.
    pub client: Client,
    /// The open documents.
    pub documents: Documents,
    /// What is being worked on.
    pub runs: Runs,
    /// What is known of the workspace folders.
    pub indexes: Indexes,
    pub reviews: Reviews,
    /// The configuration in force.
    pub settings: Settings,
    /// What answers.
    pub engines: Engines,
    /// Explanations made so far.
    pub explanations: Explanations,
    /// The editor's process, once `initialize` named it.
    pub client_process: tokio::sync::SetOnce<i32>,
    editor: OnceLock<Editor>,
    last_place: Mutex<Option<Place>>,
    /// What the editor named with its last code-action request.
    diagnostics: Mutex<Option<(Place, Vec<Value>)>>,
    last_answer: Mutex<Option<PathBuf>>,
    /// Held while the user is asked something.
    pub asking: tokio::sync::Mutex<()>,
    open_consent: Mutex<Option<Consent>>,
    /// Workspaces of which the user was asked in this session whether their code may run.
    pub asked_trust: Mutex<HashSet<PathBuf>>,
    /// The one that a code action offers to trust, in an editor that cannot ask.
    pub open_trust: Mutex<Option<PathBuf>>,
    /// Edits that the editor is about to apply.
    pub expected: Expectations,
    changes: AtomicU64,
    shut_down: AtomicBool,
}

/// Where the editor last asked for a hover or code actions, for commands that come without a place.
#[derive(Clone, Debug)]
pub struct Place {
    /// The document.
    pub document: DocumentId,
    /// Byte offset of the start of the place.
    pub offset: usize,
    /// All of it, in bytes, half-open; empty for a cursor.
    pub selected: Range<usize>,
    /// The version of the document that was asked about.
    pub version: i32,
    /// When it was asked about.
    pub at: Instant,
}

impl Place {
    /// A range of a document, of now.
    pub fn new(snapshot: &Snapshot, range: gen_lsp_types::Range, encoding: Encoding) -> Self {
        let text = snapshot.text();
        let offset = convert::start(text, range, encoding);
        let end = convert::offset(text, range.end, encoding).max(offset);
        // Of whole lines, the end is that of the last one.
        let blanks = text.slice(offset..end);
        let selected = offset..offset + blanks.trim_end().len();
        Self {
            document: snapshot.id.clone(),
            offset,
            selected,
            version: snapshot.document.version(),
            at: Instant::now(),
        }
    }
}

impl Place {
    /// What is pointed at. Helix sends the character under its cursor for a selection.
    pub fn cursor(&self) -> Cursor {
        match self.selected.len() {
            0 | 1 => Cursor::Within(self.offset),
            _ => Cursor::Selected(self.selected.start, self.selected.end),
        }
    }
}

impl Session {
    /// Before `initialize`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            documents: Documents::default(),
            runs: Runs::default(),
            indexes: Indexes::default(),
            reviews: Reviews::default(),
            settings: Settings::default(),
            engines: Engines::default(),
            explanations: Explanations::default(),
            client_process: tokio::sync::SetOnce::new(),
            editor: OnceLock::new(),
            last_place: Mutex::default(),
            diagnostics: Mutex::default(),
            last_answer: Mutex::default(),
            asking: Default::default(),
            open_consent: Mutex::default(),
            asked_trust: Mutex::default(),
            open_trust: Mutex::default(),
            expected: Expectations::default(),
            changes: AtomicU64::new(0),
            shut_down: AtomicBool::new(false),
        }
    }

    /// What the editor can do; the least of everything before `initialize`.
    pub fn editor(&self) -> &Editor {
        static BEFORE: OnceLock<Editor> = OnceLock::new();
        self.editor.get().unwrap_or_else(|| BEFORE.get_or_init(Editor::default))
    }

    /// Kept from `initialize`.
    pub fn set_editor(&self, editor: Editor) {
        let _ = self.editor.set(editor);
    }

    /// The open document with this URI, also if the editor now spells the same file another way.
    pub fn document(&self, uri: &str) -> Option<Arc<Snapshot>> {
        self.documents.get(uri).or_else(|| {
            let path = convert::path(uri)?;
            self.documents.find(|id| convert::path(id).as_ref() == Some(&path))
        })
    }

    /// Remembers the place of a hover or code-action request.
    pub fn set_last_place(&self, place: Place) {
        *lock(&self.last_place) = Some(place);
    }

    /// The place of the last hover or code-action request.
    pub fn last_place(&self) -> Option<Place> {
        lock(&self.last_place).clone()
    }

    /// Remembers the diagnostics of a code-action request.
    pub fn set_diagnostics(&self, place: &Place, diagnostics: Vec<Value>) {
        *lock(&self.diagnostics) = Some((place.clone(), diagnostics));
    }

    /// The diagnostics that the editor last named, if that was at this place and of this version of the document.
    pub fn diagnostics_at(&self, place: &Place) -> Vec<Value> {
        let known = lock(&self.diagnostics);
        let is_here = |known: &Place| {
            known.document == place.document && known.version == place.version && known.offset == place.offset
        };
        known.as_ref().filter(|(known, _)| is_here(known)).map(|(_, known)| known.clone()).unwrap_or_default()
    }

    /// Moves the remembered place along with a change of its document.
    pub fn move_last_place(&self, document: &str, splices: &[Splice]) {
        if let Some(place) = lock(&self.last_place).as_mut().filter(|place| &*place.document == document) {
            place.offset = splices.iter().fold(place.offset, |offset, splice| splice.map(offset));
            place.selected = splices.iter().fold(place.selected.clone(), |range, splice| splice.map_range(&range));
        }
    }

    /// Remembers the question that the code actions answer.
    pub fn set_open_consent(&self, consent: Option<Consent>) {
        *lock(&self.open_consent) = consent;
    }

    /// The question that the code actions answer.
    pub fn open_consent(&self) -> Option<Consent> {
        lock(&self.open_consent).clone()
    }

    /// Remembers the file of an answer.
    pub fn set_last_answer(&self, file: PathBuf) {
        *lock(&self.last_answer) = Some(file);
    }

    /// The file of the last answer.
    pub fn last_answer(&self) -> Option<PathBuf> {
        lock(&self.last_answer).clone()
    }

    /// Counts a change that the user made to any document.
    pub fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many changes there were: equal counts mean that the user has not typed between.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Kept from `shutdown`.
    pub fn set_shut_down(&self) {
        self.shut_down.store(true, Ordering::Relaxed);
    }

    /// Whether the editor asked for `shutdown`.
    pub fn was_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Shows a message from a place that may not await.
    pub fn say(&self, kind: MessageType, message: String) {
        let client = self.client.clone();
        tokio::spawn(async move { client.show_message(kind, message).await });
    }
}

/// What a mutex holds, also after a panic while it was held: every value here is whole between statements.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
