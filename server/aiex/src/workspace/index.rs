//! [`WorkspaceIndex`]: the files of one workspace, indexed in the background and kept up with what happens to them.
//!
//! What is open in the editor wins over what is on disk. A thread of its own does the work; what the protocol task calls
//! only notes what to do. Locks are taken in the order of [`Shared`]'s fields, none of them while parsing.

mod background;
mod changes;
mod pending;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aiex_context::Workspace;
use background::Tasks;
use pending::Pending;

use super::{
    admission::{self, Refused},
    cache,
    dependencies::{self, Dependencies, Dependency},
    history::History,
    read::{Stamp, Unread},
    texts::Texts,
    walk::{Kind, LeftOut, Limits, Listed, Rules},
    watch::Watch,
};
use crate::{documents::Snapshot, exclude::Excluded};

/// How long git may take where somebody waits.
const HISTORY_LIMIT: Duration = Duration::from_secs(2);
/// How often a question is asked again because a file that it read had changed.
const MOST_RETRIES: usize = 3;

/// How far the first indexing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that are indexed.
    pub files_done: usize,
    /// Files that there are.
    pub files_all: usize,
}

/// What is told of the first indexing, on the thread that does it: at most four times a second.
pub type OnProgress = Box<dyn Fn(Progress) + Send>;

/// What is told, on the same thread, once the first indexing has come to its end.
pub type OnSettled = Box<dyn FnOnce(&Phase, &Statistics) + Send>;

/// Where an index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is being made.
    Indexing(Progress),
    /// It holds every file.
    Ready,
    /// There will be none.
    Refused(Refused),
    /// It was closed before it was ready.
    Closed,
}

/// What an index is made with.
#[derive(Default)]
pub struct Options {
    /// Files that are left out.
    pub excluded: Excluded,
    /// How much is taken in.
    pub limits: Limits,
    /// The folder where indexes are kept between runs; without one, nothing is.
    pub cache: Option<PathBuf>,
    /// The user's home folder, which is not indexed.
    pub home: Option<PathBuf>,
    /// Whether to be told of changes by the system, for as long as the index lives.
    pub watch: bool,
    /// Whether to ask git, once the files are indexed and after each move of its HEAD, what changes together.
    pub history: bool,
    /// Told of the first indexing.
    pub on_progress: Option<OnProgress>,
    /// Told of its end.
    pub on_settled: Option<OnSettled>,
}

/// What an index has done and holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Files that are indexed.
    pub sources: usize,
    /// Other texts that are listed.
    pub texts: usize,
    /// Bytes of the sources.
    pub bytes: u64,
    /// Parses so far, of files; those of open documents are the documents' own.
    pub parses: usize,
    /// Indexes taken from the last run.
    pub reused: usize,
    /// What was left out.
    pub left_out: LeftOut,
}

/// What [`WorkspaceIndex::refresh`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Files whose index was made anew or dropped.
    pub changed: usize,
    /// Whether everything was looked at within the time.
    pub is_complete: bool,
}

/// A text that is listed and not indexed.
#[cfg(test)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedText {
    /// Relative to the workspace, with `/`.
    pub path: Arc<str>,
    /// Size and times.
    pub stamp: Stamp,
}

/// The index of a workspace. Dropping it ends its thread and its watches.
pub struct WorkspaceIndex {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    /// Held while changes are brought in, so that an older reading of a file never replaces a newer one.
    bringing_in: Mutex<()>,
    workspace: Mutex<Workspace>,
    files: Mutex<Files>,
    pending: Mutex<Pending>,
    phase: Mutex<Phase>,
    /// Held while writing, so that who saves and finds nothing to save knows that it is saved.
    saving: Mutex<()>,
    /// Goes with `pending`.
    woken: Condvar,
    /// Goes with `phase`.
    phase_changed: Condvar,
    pub(super) rules: Arc<Rules>,
    /// As it was given, for paths that come with links in them.
    given_root: PathBuf,
    cache: Option<PathBuf>,
    closed: AtomicBool,
    history: Mutex<Arc<History>>,
    dependencies: Dependencies,
    parses: AtomicUsize,
    reused: AtomicUsize,
    watch: Watch,
}

#[derive(Default)]
pub(super) struct Files {
    pub(super) known: BTreeMap<Arc<str>, Known>,
    pub(super) folders: BTreeSet<Arc<str>>,
    left_out: LeftOut,
    /// Whether something changed since it was written to disk, and when last.
    unsaved: Option<Instant>,
}

/// What is known of a file.
pub(super) struct Known {
    kind: Kind,
    stamp: Stamp,
    /// Whether equal stamps do not mean that it is the same.
    is_racy: bool,
    /// Of the text that is indexed; `None` while none is.
    pub(super) hash: Option<u64>,
    /// Why it is not indexed. It is not tried again until it changes.
    not_indexed: Option<NotIndexed>,
    /// The document whose text is indexed in place of the file's.
    pub(super) document: Option<Arc<Snapshot>>,
}

#[derive(Clone, Copy)]
enum NotIndexed {
    Unread(Unread),
    Slow,
}

impl WorkspaceIndex {
    /// Begins to index a folder in the background, or says why not. Looks at the folder itself alone.
    pub fn open(root: &Path, options: Options) -> Result<Self, Refused> {
        let admitted = admission::admit(root, options.home.as_deref())?;
        let mut limits = options.limits;
        if !admitted.is_marked {
            limits.files = limits.files.min(admission::MOST_UNMARKED);
            limits.texts = limits.texts.min(admission::MOST_UNMARKED);
            limits.entries = limits.entries.min(admission::MOST_UNMARKED_ENTRIES);
        }
        let cache = options.cache.map(|folder| cache::file_of(&folder, &admitted.root));
        let shared = Arc::new(Shared {
            bringing_in: Mutex::default(),
            workspace: Mutex::default(),
            files: Mutex::default(),
            pending: Mutex::default(),
            phase: Mutex::new(Phase::Indexing(Progress::default())),
            saving: Mutex::default(),
            woken: Condvar::new(),
            phase_changed: Condvar::new(),
            rules: Arc::new(Rules::new(admitted.root, options.excluded, limits)),
            given_root: root.to_path_buf(),
            cache,
            closed: AtomicBool::new(false),
            history: Mutex::default(),
            dependencies: Dependencies::default(),
            parses: AtomicUsize::new(0),
            reused: AtomicUsize::new(0),
            watch: Watch::default(),
        });
        let worker = shared.clone();
        let tasks = Tasks {
            is_marked: admitted.is_marked,
            watch: options.watch,
            history: options.history,
            on_progress: options.on_progress,
            on_settled: options.on_settled,
        };
        let work = move || worker.work(tasks);
        if let Err(error) = std::thread::Builder::new().name("index".to_owned()).spawn(work) {
            tracing::error!(%error, "no thread to index on");
            shared.set_phase(Phase::Closed);
        }
        Ok(Self { shared })
    }

    /// The workspace's top folder, without links.
    pub fn root(&self) -> &Path {
        &self.shared.rules.root
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        lock(&self.shared.phase).clone()
    }

    /// Waits until it holds every file, or will never, or the time is over. Blocks its thread.
    pub fn wait_until_settled(&self, limit: Duration) -> Phase {
        let is_indexing = |phase: &mut Phase| matches!(phase, Phase::Indexing(_));
        let waited = self.shared.phase_changed.wait_timeout_while(lock(&self.shared.phase), limit, is_indexing);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    #[cfg(test)]
    /// What it has done and holds.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }

    #[cfg(test)]
    /// The texts that are listed and not indexed, in order of their paths.
    pub fn texts(&self) -> Vec<ListedText> {
        let files = lock(&self.shared.files);
        let texts = files.known.iter().filter(|(_, known)| known.kind == Kind::Text);
        texts.map(|(path, known)| ListedText { path: path.clone(), stamp: known.stamp }).collect()
    }

    /// A path's name in the workspace: relative, with `/`. Reads nothing.
    pub fn name(&self, path: &Path) -> Option<String> {
        self.shared.name(path)
    }

    /// Whether a file is of those that are taken in: neither ignored nor excluded.
    pub fn admits(&self, path: &Path) -> bool {
        self.name(path).is_some_and(|name| self.shared.rules.admits(&name))
    }

    /// Notes that a document was opened or changed. Cheap, and never waits.
    pub fn document_changed(&self, path: &Path, snapshot: Arc<Snapshot>) {
        let Some(name) = self.name(path) else { return };
        let mut pending = lock(&self.shared.pending);
        pending.documents.insert(name, Some(snapshot));
        pending.note();
        self.shared.woken.notify_one();
    }

    /// Notes that a document was closed: its file counts again. Cheap, and never waits.
    pub fn document_closed(&self, path: &Path) {
        let Some(name) = self.name(path) else { return };
        let mut pending = lock(&self.shared.pending);
        pending.documents.insert(name, None);
        pending.note();
        self.shared.woken.notify_one();
    }

    /// Notes that files or folders may have changed, come or gone. Cheap, and never waits.
    pub fn files_changed<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) {
        self.shared.note_paths(paths.into_iter());
    }

    /// Brings in everything noted, now; and where nobody tells of changes on disk, or git has moved, what is found by
    /// looking at every file's size and times. Looking ends after `limit`; the parsing of what did change does not.
    /// Blocks its thread, so never the protocol task.
    pub fn refresh(&self, limit: Duration) -> Freshness {
        let begin = Instant::now();
        let is_ready = self.phase() == Phase::Ready;
        if is_ready && !self.shared.watch.covers(&self.shared.rules.root) {
            lock(&self.shared.pending).everything = true;
        }
        let mut freshness = self.shared.bring_in(&|| begin.elapsed() < limit);
        freshness.is_complete &= is_ready;
        freshness
    }

    #[cfg(test)]
    /// Looks at the sizes and times of files, and indexes anew those that have changed. Whether any had. Blocks.
    pub fn check<'p>(&self, names: impl IntoIterator<Item = &'p str>) -> bool {
        self.shared.check(names.into_iter().map(str::to_owned).collect()) > 0
    }

    #[cfg(test)]
    /// The text of a file as it is indexed: the open document's, else the disk's, indexed anew at once if it changed.
    /// `None` for a file that is not in the index. Blocks; must not be called within [`WorkspaceIndex::query`].
    pub fn read(&self, name: &str) -> Option<Arc<str>> {
        self.query(|_, texts| texts.read(name))
    }

    /// Asks the index something that also needs texts. If a file turns out to have changed since it was indexed, it is
    /// indexed anew, and `work` runs again: what it returns rests on texts that are those indexed. Others wait
    /// meanwhile. Blocks, so never on the protocol task.
    pub fn query<T>(&self, mut work: impl FnMut(&mut Workspace, &Texts<'_>) -> T) -> T {
        let mut retries = 0;
        loop {
            let texts = Texts::new(&self.shared);
            let result = work(&mut lock(&self.shared.workspace), &texts);
            let changed = texts.changed();
            if changed.is_empty() || retries == MOST_RETRIES {
                return result;
            }
            retries += 1;
            self.shared.check(changed);
        }
    }

    /// What git's last commits say, as last asked; empty until then.
    pub fn history(&self) -> Arc<History> {
        lock(&self.shared.history).clone()
    }

    /// Asks git now, for who does not wait for the background. Blocks.
    pub fn read_history(&self) {
        let begin = Instant::now();
        let history = History::read(&self.shared.rules.root, || begin.elapsed() < HISTORY_LIMIT);
        *lock(&self.shared.history) = Arc::new(history);
    }

    /// The names of the packages that the lock files name, with `_`.
    pub fn dependencies(&self) -> BTreeSet<String> {
        self.shared.dependencies.names(self.root())
    }

    /// A package that the lock files name, by its name, with `-` or `_`: indexed the first time, which takes as long as
    /// its parse. `None` where its source in that version is not on disk. Blocks.
    pub fn dependency(&self, name: &str) -> Option<Arc<Dependency>> {
        self.shared.dependencies.get(name, &self.shared.rules, dependencies::cargo_home().as_deref())
    }

    /// Writes the index to disk now, if anything changed since it was.
    pub fn save(&self) {
        self.shared.save();
    }
}

impl Drop for WorkspaceIndex {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.watch.end();
        drop(lock(&self.shared.pending));
        self.shared.woken.notify_all();
    }
}

impl Shared {
    fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    fn name(&self, path: &Path) -> Option<String> {
        let relative = || path.strip_prefix(&self.given_root).ok().map(|relative| self.rules.root.join(relative));
        let name = self.rules.name(path).or_else(|| self.rules.name(&relative()?));
        name.filter(|name| !name.is_empty())
    }

    pub(super) fn files(&self) -> MutexGuard<'_, Files> {
        lock(&self.files)
    }

    fn statistics(&self) -> Statistics {
        let files = self.files();
        let mut statistics = Statistics {
            parses: self.parses.load(Ordering::Relaxed),
            reused: self.reused.load(Ordering::Relaxed),
            left_out: files.left_out.clone(),
            ..Statistics::default()
        };
        for known in files.known.values() {
            match known.hash {
                Some(_) => {
                    statistics.sources += 1;
                    statistics.bytes += known.stamp.size;
                }
                None => statistics.texts += usize::from(known.kind == Kind::Text),
            }
            known.not_indexed.iter().for_each(|reason| statistics.left_out.count(*reason));
        }
        statistics
    }

    fn set_phase(&self, phase: Phase) {
        *lock(&self.phase) = phase;
        self.phase_changed.notify_all();
    }

    pub(super) fn note_paths<'p>(&self, paths: impl Iterator<Item = &'p Path>) {
        let names: Vec<_> = paths.filter_map(|path| self.name(path)).collect();
        if names.is_empty() {
            return;
        }
        let mut pending = lock(&self.pending);
        pending.paths.extend(names);
        pending.note();
        self.woken.notify_one();
    }

    pub(super) fn note_everything(&self) {
        let mut pending = lock(&self.pending);
        pending.everything = true;
        pending.note();
        self.woken.notify_one();
    }
}

impl Known {
    fn of(file: &Listed) -> Self {
        Self { kind: file.kind, stamp: file.stamp, is_racy: false, hash: None, not_indexed: None, document: None }
    }

    /// What it counts for the limit on the sources of a workspace.
    fn source_bytes(&self) -> u64 {
        if self.hash.is_some() { self.stamp.size } else { 0 }
    }

    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        self.document.as_ref().is_some_and(|document| Arc::ptr_eq(document, snapshot))
    }
}

impl LeftOut {
    fn count(&mut self, reason: NotIndexed) {
        *match reason {
            NotIndexed::Unread(Unread::Vanished) => &mut self.vanished,
            NotIndexed::Unread(Unread::Unreadable) => &mut self.unreadable,
            NotIndexed::Unread(Unread::TooLarge) => &mut self.too_large,
            NotIndexed::Unread(Unread::Binary) => &mut self.binary,
            NotIndexed::Slow => &mut self.slow,
        } += 1;
    }
}

/// What a mutex holds, also after a panic while it was held: every value here is whole between statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
