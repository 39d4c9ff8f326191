//! The thread of an index: the first indexing, the wait for changes, and the writing to disk.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{Known, OnProgress, OnSettled, Phase, Progress, Shared, lock};
use crate::workspace::{
    admission::Refused,
    cache::{self, Kept},
    history::History,
    read::Stamp,
    walk::Kind,
    watch::git_head_stamp,
};

/// How long nothing must change before the index is written to disk.
const SAVE_AFTER: Duration = Duration::from_secs(10);
/// How often progress is told, at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What the thread is to do.
pub(super) struct Tasks {
    pub(super) is_marked: bool,
    pub(super) watch: bool,
    pub(super) history: bool,
    pub(super) on_progress: Option<OnProgress>,
    pub(super) on_settled: Option<OnSettled>,
}

impl Shared {
    /// The thread: indexes, then brings in what is noted until the index is closed.
    pub(super) fn work(self: &Arc<Self>, tasks: Tasks) {
        yield_to_others();
        let phase = self.index_all(tasks.is_marked, tasks.on_progress);
        if tasks.watch && phase == Phase::Ready {
            self.watch.begin(self);
        }
        self.set_phase(phase.clone());
        tasks.on_settled.into_iter().for_each(|tell| tell(&phase, &self.statistics()));
        if phase != Phase::Ready {
            return;
        }
        self.save();
        let mut history_of = None;
        loop {
            if tasks.history {
                self.read_history(&mut history_of);
            }
            if !self.wait_for_work() {
                break;
            }
            if self.bring_in(&|| self.is_open()).changed > 0 {
                self.watch.extend(self);
            }
        }
        self.save();
    }

    /// Asks git for its history if HEAD has moved since. What changes meanwhile is brought in by who refreshes.
    fn read_history(&self, of: &mut Option<Option<Stamp>>) {
        let now = git_head_stamp(&self.rules.root);
        if of.replace(now) == Some(now) {
            return;
        }
        let begin = Instant::now();
        let history = History::read(&self.rules.root, || self.is_open());
        tracing::debug!(commits = history.len(), took_ms = begin.elapsed().as_millis(), "history read");
        *lock(&self.history) = Arc::new(history);
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
        if !is_marked && (!found.is_complete || found.left_out.is_beyond_limits()) {
            return Phase::Refused(Refused::Unmarked(self.rules.root.clone()));
        }
        let walked_ms = begin.elapsed().as_millis();
        let mut fresh = Vec::new();
        {
            let (mut workspace, mut files) = (lock(&self.workspace), self.files());
            files.left_out = found.left_out;
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

    /// Writes the index to disk, if anything changed since it was.
    pub(super) fn save(&self) {
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
            Ok(()) => {
                tracing::info!(files = kept.len(), "index kept");
                file.parent().into_iter().for_each(cache::prune)
            }
            Err(error) => tracing::warn!(%error, "the index is not kept for the next start"),
        }
    }
}

struct Telling {
    on_progress: Option<OnProgress>,
    told: Instant,
}

/// Gives this thread, and those that it starts, a lower priority than the protocol's: on Linux, where that is possible
/// for a thread.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(5) {
        tracing::debug!(%error, "indexing has no lower priority");
    }
}
