//! [`Watch`]: being told by the system of changes to a workspace's files, where that is cheap and can be relied on.
//!
//! On Linux a watch is a folder's, and their number is bounded: only the folders that the index walks are watched.
//! Elsewhere one watch covers the tree, and what it tells of ignored folders is passed over. Where there is no watch,
//! where one was lost, and when git has moved, the index looks at every file's size and times instead.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher, WatcherKind};

use super::{
    index::{Shared, lock},
    read::Stamp,
    walk::Kind,
};

/// The most folders that are watched one by one: a small part of what Linux allows a user (8,192 and more).
const MOST_FOLDERS: usize = 4_096;

/// A workspace's watch, from [`Watch::begin`] to [`Watch::end`].
#[derive(Default)]
pub struct Watch {
    active: Mutex<Option<Active>>,
    /// Of git's HEAD and index, when last looked at.
    git: Mutex<Option<[Option<Stamp>; 2]>>,
}

struct Active {
    watcher: RecommendedWatcher,
    /// Those watched one by one; `None` where one watch covers all.
    folders: Option<BTreeSet<Arc<str>>>,
    is_lost: Arc<AtomicBool>,
}

impl Watch {
    /// Begins to watch, where that is possible.
    pub(super) fn begin(&self, shared: &Arc<Shared>) {
        let root = &shared.rules.root;
        if is_remote(root) {
            return tracing::info!(root = %root.display(), "not watched: the file system is another machine's");
        }
        *lock(&self.git) = Some(git_stamps(root));
        let is_lost = Arc::new(AtomicBool::new(false));
        let (weak, lost) = (Arc::downgrade(shared), is_lost.clone());
        let watcher = notify::recommended_watcher(move |event| told(&weak, &lost, event));
        let started = watcher.and_then(|mut watcher| {
            let folders = match RecommendedWatcher::kind() {
                WatcherKind::Inotify => Some(BTreeSet::new()),
                WatcherKind::Fsevent | WatcherKind::ReadDirectoryChangesWatcher => {
                    watcher.watch(root, RecursiveMode::Recursive)?;
                    None
                }
                _ => return Err(notify::Error::generic("the system has no watches of folders")),
            };
            Ok(Active { watcher, folders, is_lost })
        });
        match started {
            Ok(active) => *lock(&self.active) = Some(active),
            Err(error) => return tracing::info!(%error, "not watched"),
        }
        self.extend(shared);
        // What changed between the walk and the watch.
        shared.note_everything();
    }

    /// Watches folders that are new.
    pub(super) fn extend(&self, shared: &Shared) {
        let mut held = lock(&self.active);
        let Some(Active { watcher, folders: Some(watched), .. }) = held.as_mut() else { return };
        let folders = shared.files().folders.clone();
        watched.retain(|folder| folders.contains(folder));
        let new: Vec<_> = folders.difference(watched).cloned().collect();
        if watched.len() + new.len() > MOST_FOLDERS {
            tracing::info!(folders = folders.len(), limit = MOST_FOLDERS, "not watched: too many folders");
            *held = None;
            return;
        }
        let root = &shared.rules.root;
        let mut failed = None;
        for folder in &new {
            match watcher.watch(&root.join(&**folder), RecursiveMode::NonRecursive) {
                Ok(()) => _ = watched.insert(folder.clone()),
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            tracing::info!(%error, "no longer watched");
            *held = None;
        }
        let is_first = watched_nothing_before(&new, held.as_ref());
        drop(held);
        if !is_first {
            // What came into a new folder before it was watched.
            let paths: Vec<PathBuf> = new.iter().map(|folder| root.join(&**folder)).collect();
            shared.note_paths(paths.iter().map(PathBuf::as_path));
        }
    }

    /// Whether every change since the last question was told of. A move of git (a checkout, a merge) is answered with
    /// `false` once, since it may be more than a watch can tell.
    pub(super) fn covers(&self, root: &Path) -> bool {
        let is_watching =
            lock(&self.active).as_ref().is_some_and(|active| !active.is_lost.swap(false, Ordering::Relaxed));
        if !is_watching {
            return false;
        }
        let now = git_stamps(root);
        let before = lock(&self.git).replace(now);
        before == Some(now)
    }

    #[cfg(test)]
    /// Whether the system tells of changes.
    pub(super) fn is_active(&self) -> bool {
        lock(&self.active).is_some()
    }

    /// Ends it.
    pub(super) fn end(&self) {
        let active = lock(&self.active).take();
        drop(active);
    }
}

/// Whether all that is watched is what was just added.
fn watched_nothing_before(new: &[Arc<str>], active: Option<&Active>) -> bool {
    active.and_then(|active| active.folders.as_ref()).is_some_and(|watched| watched.len() <= new.len())
}

/// On the watcher's thread: notes what may concern the index.
fn told(shared: &Weak<Shared>, is_lost: &AtomicBool, event: notify::Result<notify::Event>) {
    let Some(shared) = shared.upgrade() else { return };
    match event {
        Ok(event) if event.need_rescan() => {
            is_lost.store(true, Ordering::Relaxed);
            shared.note_everything();
        }
        Ok(event) if !matches!(event.kind, EventKind::Access(_)) => {
            let root = &shared.rules.root;
            if event.paths.iter().any(|path| changes_rules(root, path)) {
                return shared.note_everything();
            }
            shared.note_paths(event.paths.iter().map(PathBuf::as_path).filter(|path| concerns(root, path)));
        }
        Ok(_) => {}
        Err(error) => {
            tracing::info!(%error, "the system lost track of changes");
            is_lost.store(true, Ordering::Relaxed);
            shared.note_everything();
        }
    }
}

/// Whether an ignore file has changed.
fn changes_rules(root: &Path, path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name, ".gitignore" | ".ignore" | ".aiexignore") || path == root.join(".git/HEAD")
}

/// Whether a path may be a file or folder of the index. Folders' names seldom have a dot.
fn concerns(root: &Path, path: &Path) -> bool {
    let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) else { return false };
    let is_hidden_or_built = |part: &str| part.starts_with('.') || matches!(part, "node_modules" | "_build" | "target");
    if relative.split(['/', '\\']).any(is_hidden_or_built) {
        return false;
    }
    Kind::of(relative).is_some()
        || !relative.rsplit(['/', '\\']).next().unwrap_or_default().contains('.')
        || path.is_dir()
}

/// Of the repository's HEAD and index; a worktree's `.git` is a file that says where they are.
fn git_stamps(root: &Path) -> [Option<Stamp>; 2] {
    let Some(folder) = repository_of(root).map(git_folder) else { return [None; 2] };
    ["HEAD", "index"].map(|name| stamp(&folder.join(name)))
}

/// Of the log of HEAD, which every commit, checkout and rebase adds to.
pub(super) fn git_head_stamp(root: &Path) -> Option<Stamp> {
    stamp(&git_folder(repository_of(root)?).join("logs/HEAD"))
}

pub(super) fn repository_of(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

fn stamp(path: &Path) -> Option<Stamp> {
    path.symlink_metadata().ok().map(|metadata| Stamp::of(&metadata))
}

fn git_folder(root: &Path) -> PathBuf {
    let git = root.join(".git");
    match git.symlink_metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() < 4096 => fs::read_to_string(&git)
            .ok()
            .and_then(|text| Some(root.join(text.strip_prefix("gitdir:")?.trim())))
            .unwrap_or(git),
        _ => git,
    }
}

/// Whether changes may be made where this system does not see them.
#[cfg(target_os = "linux")]
fn is_remote(root: &Path) -> bool {
    // NFS, SMB, CIFS, SMB2, 9P, FUSE, AFS, Ceph, Coda (statfs(2)).
    const REMOTE: [u64; 9] =
        [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x6573_5546, 0x5346_414f, 0x00c3_6400, 0x7375_7245];
    rustix::fs::statfs(root).is_ok_and(|system| REMOTE.contains(&u64::try_from(system.f_type).unwrap_or_default()))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_: &Path) -> bool {
    false
}
