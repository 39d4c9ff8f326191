//! Bringing changes into an index, one file at a time: from disk and from open documents.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use super::{Freshness, Known, NotIndexed, Shared, lock};
use crate::{
    documents::Snapshot,
    workspace::{
        index_file,
        read::{self, Stamp, Unread},
        walk::{Found, Kind, Listed},
    },
};

impl Shared {
    /// Indexes files on all cores, the largest first, so that none is left at the end for one core alone.
    pub(super) fn index_files(&self, mut files: Vec<Listed>, done: impl Fn(usize) + Sync) {
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
    pub(super) fn index_file(&self, file: &Listed) -> bool {
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
    pub(super) fn leave_out(&self, file: &Listed, reason: NotIndexed) -> bool {
        let was_known = self.forget(&file.path);
        self.files().known.insert(file.path.clone(), Known { not_indexed: Some(reason), ..Known::of(file) });
        was_known
    }

    /// Drops a file from the index. Whether it was there.
    pub(super) fn forget(&self, path: &str) -> bool {
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
    pub(super) fn bring_in(&self, go_on: &(dyn Fn() -> bool + Sync)) -> Freshness {
        let _one_at_a_time = lock(&self.bringing_in);
        let mut taken = std::mem::take(&mut *lock(&self.pending));
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
    pub(super) fn bring_in_found(&self, found: Found, only: Option<&BTreeSet<String>>) -> usize {
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
            let most = self.rules.limits.files.saturating_add(self.rules.limits.texts);
            let room = most.saturating_sub(files.known.len());
            let mut new = 0;
            let mut bytes = files.known.values().map(Known::source_bytes).sum::<u64>();
            let leaving = gone.iter().filter_map(|path| files.known.get(path)).map(Known::source_bytes).sum();
            bytes = bytes.saturating_sub(leaving);
            let mut beyond = 0;
            for file in found.files {
                let size = if file.kind == Kind::Text { 0 } else { file.stamp.size };
                let known = files.known.get(&file.path);
                match known {
                    Some(known) if known.stamp == file.stamp && !known.is_racy && known.kind == file.kind => continue,
                    Some(known) if known.document.is_some() => continue,
                    None if new == room => {
                        beyond += 1;
                        continue;
                    }
                    _ => {}
                }
                let others = bytes.saturating_sub(known.map_or(0, Known::source_bytes));
                if others.saturating_add(size) <= self.rules.limits.bytes {
                    bytes = others + size;
                    new += usize::from(known.is_none());
                    changed.push(file);
                } else {
                    // What outgrows the limit is told no more, rather than as it was.
                    beyond += 1;
                    if known.is_some() {
                        bytes = others;
                        gone.push(file.path);
                    }
                }
            }
            files.left_out.beyond_limits += beyond;
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
    pub(super) fn index_document(&self, name: &str, snapshot: Arc<Snapshot>) -> bool {
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
    pub(super) fn takes_in(&self, name: &str) -> bool {
        if self.rules.root.join(name).symlink_metadata().is_err() {
            return Kind::of(name).is_some() && self.rules.admits(name);
        }
        let found = self.rules.walk(Some(&BTreeSet::from([name.to_owned()])), &|| self.is_open());
        found.files.iter().any(|file| &*file.path == name)
    }

    /// Looks at the sizes and times of known files, and brings in what changed. How many had.
    pub(super) fn check(&self, names: BTreeSet<String>) -> usize {
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
}

fn is_at_or_below(path: &str, tops: &BTreeSet<String>) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| path.get(..end).is_some_and(|top| tops.contains(top)))
}
