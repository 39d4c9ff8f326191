//! [`WorkspaceIndex`]: the files of one workspace, indexed in the background and kept up with what happens to them.
//!
//! What is open in the editor wins over what is on disk. A thread of its own does the work; what the protocol task calls
//! only notes what to do. Locks are taken in the order of [`Shared`]'s fields, none of them while parsing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aiex_context::Workspace;

use super::{
    admission::{self, Refused},
    cache::{self, Kept},
    index_file,
    read::{self, Stamp, Unread},
    texts::Texts,
    walk::{Found, Kind, LeftOut, Limits, Listed, Rules},
    watch::Watch,
};
use crate::{documents::Snapshot, exclude::Excluded};

/// How long nothing must happen to files before the thread looks at them; whoever asks for [`WorkspaceIndex::refresh`]
/// does not wait for it.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// How long what comes without a pause is put off.
const LONGEST_DEBOUNCE: Duration = Duration::from_secs(3);
/// How long nothing must change before the index is written to disk.
const SAVE_AFTER: Duration = Duration::from_secs(10);
/// How often progress is told, at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// How many single paths are noted before the whole workspace is looked through instead.
const MOST_NOTED: usize = 2_000;
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
    /// Told of the first indexing.
    pub on_progress: Option<OnProgress>,
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

/// What there is to do.
#[derive(Default)]
struct Pending {
    /// Documents that changed, or that were closed.
    documents: HashMap<String, Option<Arc<Snapshot>>>,
    /// Files and folders to look at.
    paths: BTreeSet<String>,
    /// Whether to look at everything.
    everything: bool,
    first: Option<Instant>,
    last: Option<Instant>,
    /// The documents that are open.
    open: HashMap<String, Arc<Snapshot>>,
}

impl Pending {
    fn note(&mut self) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        if self.paths.len() > MOST_NOTED {
            self.paths.clear();
            self.everything = true;
        }
    }

    fn due(&self) -> Option<Instant> {
        Some((self.last? + DEBOUNCE).min(self.first? + LONGEST_DEBOUNCE))
    }

    fn take(&mut self) -> Pending {
        let open = std::mem::take(&mut self.open);
        let taken = std::mem::take(self);
        self.open = open;
        taken
    }
}

impl WorkspaceIndex {
    /// Begins to index a folder in the background, or says why not. Looks at the folder itself alone.
    pub fn open(root: &Path, options: Options) -> Result<Self, Refused> {
        let admitted = admission::admit(root, options.home.as_deref())?;
        let mut limits = options.limits;
        if !admitted.is_marked {
            limits.files = limits.files.min(admission::MOST_UNMARKED);
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
            parses: AtomicUsize::new(0),
            reused: AtomicUsize::new(0),
            watch: Watch::default(),
        });
        let (worker, on_progress) = (shared.clone(), options.on_progress);
        let work = move || worker.work(admitted.is_marked, options.watch, on_progress);
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

    /// What it has done and holds.
    pub fn statistics(&self) -> Statistics {
        let files = lock(&self.shared.files);
        let mut statistics = Statistics {
            parses: self.shared.parses.load(Ordering::Relaxed),
            reused: self.shared.reused.load(Ordering::Relaxed),
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

    /// Notes that a document was opened or changed. Cheap, and never waits.
    pub fn document_changed(&self, path: &Path, snapshot: Arc<Snapshot>) {
        let Some(name) = self.name(path) else { return };
        let mut pending = lock(&self.shared.pending);
        pending.open.insert(name.clone(), snapshot.clone());
        pending.documents.insert(name, Some(snapshot));
        pending.note();
        self.shared.woken.notify_one();
    }

    /// Notes that a document was closed: its file counts again. Cheap, and never waits.
    pub fn document_closed(&self, path: &Path) {
        let Some(name) = self.name(path) else { return };
        let mut pending = lock(&self.shared.pending);
        pending.open.remove(&name);
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

    /// Looks at the sizes and times of files, and indexes anew those that have changed. Whether any had. Blocks.
    pub fn check<'p>(&self, names: impl IntoIterator<Item = &'p str>) -> bool {
        self.shared.check(names.into_iter().map(str::to_owned).collect()) > 0
    }

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

    /// The thread: indexes, then brings in what is noted until the index is closed.
    fn work(self: &Arc<Self>, is_marked: bool, watch: bool, on_progress: Option<OnProgress>) {
        yield_to_others();
        let phase = self.index_all(is_marked, on_progress);
        if phase != Phase::Ready {
            return self.set_phase(phase);
        }
        if watch {
            self.watch.begin(self);
        }
        self.set_phase(phase);
        self.save();
        while self.wait_for_work() {
            if self.bring_in(&|| self.is_open()).changed > 0 {
                self.watch.extend(self);
            }
        }
        self.save();
    }

    /// Waits until something is to be done; `false` once the index is closed. Saves meanwhile.
    fn wait_for_work(&self) -> bool {
        loop {
            let save_at = lock(&self.files).unsaved.map(|since| since + SAVE_AFTER);
            let pending = lock(&self.pending);
            if !self.is_open() {
                return false;
            }
            let now = Instant::now();
            let due = pending.due();
            if due.is_some_and(|due| due <= now) {
                return true;
            }
            if due.is_none() && save_at.is_some_and(|at| at <= now) {
                drop(pending);
                self.save();
                continue;
            }
            let wake_at = [due, save_at].into_iter().flatten().min();
            match wake_at {
                None => drop(self.woken.wait(pending).unwrap_or_else(PoisonError::into_inner)),
                // A save that is due waits for what is noted.
                Some(at) => {
                    let wait = at.saturating_duration_since(now).max(Duration::from_millis(10));
                    drop(self.woken.wait_timeout(pending, wait).unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    /// The first indexing, from what the last run kept and from the files that changed since.
    fn index_all(&self, is_marked: bool, on_progress: Option<OnProgress>) -> Phase {
        let begin = Instant::now();
        let mut kept = match &self.cache {
            Some(file) => cache::load(file, &self.rules.root),
            None => BTreeMap::new(),
        };
        let loaded_ms = begin.elapsed().as_millis();
        let found = self.rules.walk(None, &|| self.is_open());
        if !self.is_open() {
            return Phase::Closed;
        }
        if !is_marked && (!found.is_complete || found.left_out.beyond_limits > 0) {
            return Phase::Refused(Refused::Unmarked(self.rules.root.clone()));
        }
        let walked_ms = begin.elapsed().as_millis();
        let mut fresh = Vec::new();
        {
            let (mut workspace, mut files) = (lock(&self.workspace), self.files());
            files.left_out = found.left_out;
            if !found.is_complete {
                files.left_out.beyond_limits = files.left_out.beyond_limits.max(1);
            }
            files.folders = found.folders;
            for file in found.files {
                if files.known.contains_key(&file.path) {
                    continue;
                }
                let known = match (file.kind, kept.remove(&*file.path)) {
                    (Kind::Source(language), Some(kept)) if kept.stamp == file.stamp && kept.language == language => {
                        workspace.update(&file.path, language, kept.index);
                        self.reused.fetch_add(1, Ordering::Relaxed);
                        Known { hash: Some(kept.hash), ..Known::of(&file) }
                    }
                    (Kind::Source(_), _) => {
                        fresh.push(file);
                        continue;
                    }
                    (Kind::Text, _) => Known::of(&file),
                };
                files.known.insert(file.path, known);
            }
            if !fresh.is_empty() || !kept.is_empty() {
                files.unsaved = Some(begin);
            }
        }
        drop(kept);
        let done = self.reused.load(Ordering::Relaxed);
        let all = done + fresh.len();
        let tell = Mutex::new(Telling { on_progress, told: begin });
        self.index_files(fresh, |now_done| self.tell(&tell, Progress { files_done: done + now_done, files_all: all }));
        let took_ms = begin.elapsed().as_millis();
        let root = self.rules.root.display();
        tracing::info!(%root, files = all, reused = done, loaded_ms, walked_ms, took_ms, "workspace indexed");
        if self.is_open() { Phase::Ready } else { Phase::Closed }
    }

    fn tell(&self, telling: &Mutex<Telling>, progress: Progress) {
        let Ok(mut telling) = telling.try_lock() else { return };
        let is_last = progress.files_done == progress.files_all;
        if is_last || telling.told.elapsed() >= PROGRESS_EVERY {
            telling.told = Instant::now();
            *lock(&self.phase) = Phase::Indexing(progress);
            telling.on_progress.iter().for_each(|tell| tell(progress));
        }
    }

    /// Indexes files on all cores, the largest first, so that none is left at the end for one core alone.
    fn index_files(&self, mut files: Vec<Listed>, done: impl Fn(usize) + Sync) {
        files.sort_by(|one, other| other.stamp.size.cmp(&one.stamp.size).then(one.path.cmp(&other.path)));
        let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| self.is_open()) {
                self.index_file(file);
                done(finished.fetch_add(1, Ordering::Relaxed) + 1);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| _ = scope.spawn(work));
            work();
        });
    }

    /// Indexes a file from disk, unless its document is open. Whether what is known of it changed.
    fn index_file(&self, file: &Listed) -> bool {
        let Kind::Source(language) = file.kind else {
            let before = self.files().known.insert(file.path.clone(), Known::of(file));
            return before.is_none_or(|before| before.stamp != file.stamp);
        };
        let read = match read::read(&self.rules.root, &file.path, self.rules.limits.file_bytes) {
            Ok(read) => read,
            Err(Unread::Vanished) => {
                self.files().left_out.vanished += 1;
                return self.forget(&file.path);
            }
            Err(reason) => return self.leave_out(file, NotIndexed::Unread(reason)),
        };
        let known = Known { stamp: read.stamp, is_racy: read.is_racy, hash: Some(read.hash), ..Known::of(file) };
        let mut files = self.files();
        if let Some(before) = files.known.get_mut(&file.path)
            && (before.hash == known.hash || before.document.is_some())
        {
            if before.document.is_none() {
                *before = known;
            }
            return false;
        }
        drop(files);
        self.parses.fetch_add(1, Ordering::Relaxed);
        let Some(index) = index_file::of_text(&file.path, language, &read.text, || self.is_open()) else {
            return self.is_open() && self.leave_out(file, NotIndexed::Slow);
        };
        let mut workspace = lock(&self.workspace);
        let mut files = self.files();
        if files.known.get(&file.path).is_some_and(|before| before.document.is_some()) {
            return false;
        }
        workspace.update(&file.path, language, index);
        files.known.insert(file.path.clone(), known);
        files.unsaved = Some(Instant::now());
        true
    }

    /// Drops a file from the index, and keeps in mind why. Whether it was there.
    fn leave_out(&self, file: &Listed, reason: NotIndexed) -> bool {
        let was_known = self.forget(&file.path);
        self.files().known.insert(file.path.clone(), Known { not_indexed: Some(reason), ..Known::of(file) });
        was_known
    }

    /// Drops a file from the index. Whether it was there.
    fn forget(&self, path: &str) -> bool {
        let mut workspace = lock(&self.workspace);
        let mut files = self.files();
        workspace.remove(path);
        let was_known = files.known.remove(path).is_some();
        if was_known {
            files.unsaved = Some(Instant::now());
        }
        was_known
    }

    /// Brings in what is noted. `go_on` bounds the looking, not the parsing.
    fn bring_in(&self, go_on: &(dyn Fn() -> bool + Sync)) -> Freshness {
        let _one_at_a_time = lock(&self.bringing_in);
        let mut taken = lock(&self.pending).take();
        let mut freshness = Freshness { changed: 0, is_complete: true };
        for (name, snapshot) in std::mem::take(&mut taken.documents) {
            match snapshot {
                Some(snapshot) => freshness.changed += usize::from(self.index_document(&name, snapshot)),
                None => {
                    if let Some(known) = self.files().known.get_mut(&*name) {
                        known.document = None;
                        known.is_racy = true;
                    }
                    taken.paths.insert(name);
                }
            }
        }
        if taken.everything {
            let found = self.rules.walk(None, &|| go_on() && self.is_open());
            freshness.is_complete = found.is_complete;
            freshness.changed += self.bring_in_found(found, None);
        } else if !taken.paths.is_empty() {
            let found = self.rules.walk(Some(&taken.paths), &|| self.is_open());
            freshness.changed += self.bring_in_found(found, Some(&taken.paths));
        }
        freshness
    }

    /// Brings in what a walk found, at and below `only` if that is given.
    fn bring_in_found(&self, found: Found, only: Option<&BTreeSet<String>>) -> usize {
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        {
            let mut files = self.files();
            let missing = |path: &str| found.files.binary_search_by(|file| (*file.path).cmp(path)).is_err();
            if found.is_complete {
                let is_gone = |path: &str, known: &Known| known.document.is_none() && missing(path);
                let known = files.known.iter().filter(|(path, _)| only.is_none_or(|only| is_at_or_below(path, only)));
                gone.extend(known.filter(|(path, known)| is_gone(path, known)).map(|(path, _)| path.clone()));
            }
            match only {
                Some(_) => files.folders.extend(found.folders),
                None if found.is_complete => {
                    files.folders = found.folders;
                    files.left_out = found.left_out;
                }
                None => {}
            }
            let room = self.rules.limits.files.saturating_sub(files.known.len());
            let mut new = 0;
            for file in found.files {
                match files.known.get(&file.path) {
                    Some(known) if known.stamp == file.stamp && !known.is_racy && known.kind == file.kind => {}
                    Some(known) if known.document.is_some() => {}
                    Some(_) => changed.push(file),
                    None if new < room => {
                        new += 1;
                        changed.push(file);
                    }
                    None => {}
                }
            }
        }
        let gone = gone.into_iter().filter(|path| self.forget(path)).count();
        let count = AtomicUsize::new(0);
        // A checkout of another branch is worth all cores; one saved file is not worth a thread.
        if changed.len() > 8 {
            let before = self.parses.load(Ordering::Relaxed);
            self.index_files(changed, |_| {});
            count.store(self.parses.load(Ordering::Relaxed).saturating_sub(before), Ordering::Relaxed);
        } else {
            changed.iter().filter(|file| self.index_file(file)).for_each(|_| _ = count.fetch_add(1, Ordering::Relaxed));
        }
        gone + count.into_inner()
    }

    /// Indexes an open document in place of its file, if the workspace takes its file in.
    fn index_document(&self, name: &str, snapshot: Arc<Snapshot>) -> bool {
        let is_known = self.files().known.contains_key(name);
        if !is_known && !self.takes_in(name) || snapshot.text().len() as u64 > self.rules.limits.file_bytes {
            return false;
        }
        if self.files().known.get(name).is_some_and(|known| known.is_of(&snapshot)) {
            return false;
        }
        let Some((language, index)) = index_file::of_document(name, &snapshot) else { return false };
        let hash = Some(read::hash(&snapshot.text().to_string()));
        let mut workspace = lock(&self.workspace);
        let mut files = self.files();
        let known = files.known.entry(name.into()).or_insert_with(|| Known {
            kind: Kind::Source(language),
            stamp: Stamp::default(),
            is_racy: true,
            hash: None,
            not_indexed: None,
            document: None,
        });
        known.document = Some(snapshot);
        if known.hash == hash {
            return false;
        }
        known.hash = hash;
        known.not_indexed = None;
        // What is on disk is another text: looked at again when the document is closed.
        known.is_racy = true;
        workspace.update(name, language, index);
        true
    }

    /// Whether a file that is not known would be taken in.
    fn takes_in(&self, name: &str) -> bool {
        if self.rules.root.join(name).symlink_metadata().is_err() {
            return Kind::of(name).is_some() && self.rules.admits(name);
        }
        let found = self.rules.walk(Some(&BTreeSet::from([name.to_owned()])), &|| self.is_open());
        found.files.iter().any(|file| &*file.path == name)
    }

    /// Looks at the sizes and times of known files, and brings in what changed. How many had.
    fn check(&self, names: BTreeSet<String>) -> usize {
        let _one_at_a_time = lock(&self.bringing_in);
        let is_changed = |name: &String| match self.files().known.get(&**name) {
            None => true,
            Some(known) if known.document.is_some() => false,
            Some(known) if known.is_racy => true,
            Some(known) => {
                let metadata = self.rules.root.join(name).symlink_metadata();
                metadata.map_or(true, |metadata| Stamp::of(&metadata) != known.stamp)
            }
        };
        let changed: BTreeSet<_> = names.into_iter().filter(is_changed).collect();
        if changed.is_empty() {
            return 0;
        }
        let found = self.rules.walk(Some(&changed), &|| self.is_open());
        self.bring_in_found(found, Some(&changed))
    }

    fn save(&self) {
        let Some(file) = &self.cache else { return };
        let _one_at_a_time = lock(&self.saving);
        let kept: BTreeMap<_, _> = {
            let workspace = lock(&self.workspace);
            let mut files = self.files();
            if files.unsaved.take().is_none() {
                return;
            }
            let lasting = files.known.iter().filter(|(_, known)| known.document.is_none() && !known.is_racy);
            let kept = lasting.filter_map(|(path, known)| {
                let (Kind::Source(language), Some(hash)) = (known.kind, known.hash) else { return None };
                let index = workspace.file(path)?.clone();
                Some((path.clone(), Kept { stamp: known.stamp, hash, language, index }))
            });
            kept.collect()
        };
        match cache::save(file, &self.rules.root, &kept) {
            Ok(()) => file.parent().into_iter().for_each(cache::prune),
            Err(error) => tracing::warn!(%error, "the index is not kept for the next start"),
        }
    }
}

struct Telling {
    on_progress: Option<OnProgress>,
    told: Instant,
}

impl Known {
    fn of(file: &Listed) -> Self {
        Self { kind: file.kind, stamp: file.stamp, is_racy: false, hash: None, not_indexed: None, document: None }
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

fn is_at_or_below(path: &str, tops: &BTreeSet<String>) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| path.get(..end).is_some_and(|top| tops.contains(top)))
}

/// Gives this thread, and those that it starts, a lower priority than the protocol's: on Linux, where that is possible
/// for a thread.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(5) {
        tracing::debug!(%error, "indexing has no lower priority");
    }
}

/// What a mutex holds, also after a panic while it was held: every value here is whole between statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
