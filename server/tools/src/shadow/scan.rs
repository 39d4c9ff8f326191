//! [`Source`]: which files and folders of a folder are copied.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs::{self, Metadata},
    io,
    path::{Component, Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ignore::{DirEntry, WalkBuilder};

/// Ignored files up to this size are copied where their folder is (`config/dev.secret.exs`), in bytes.
const IGNORED: u64 = 1024 * 1024;
/// Folders that hold nothing of which a build is made.
const LEFT_OUT: [&str; 6] = [".git", ".hg", ".svn", ".jj", ".aiex", ".elixir_ls"];

/// How much is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub bytes: u64,
    pub files: usize,
}

/// Why nothing is copied.
#[derive(Debug)]
pub(super) enum Refused {
    /// The sum of all files, in bytes.
    TooLarge(u64),
    TooManyFiles,
    Io(PathBuf, io::Error),
}

/// The files, links and folders of a folder that are copied, by their paths relative to it, with `/`. Names that are not
/// UTF-8 are left out.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub root: PathBuf,
    pub files: BTreeMap<String, Stamp>,
    /// With what they point to.
    pub links: BTreeMap<String, PathBuf>,
    pub folders: BTreeSet<String>,
    pub bytes: u64,
}

/// What tells a file's contents from other ones without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// In bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub time: i128,
}

impl Stamp {
    pub(super) fn of(file: &Metadata) -> Self {
        Self { size: file.len(), time: file.modified().map_or(0, nanoseconds) }
    }

    pub(super) fn written(self) -> SystemTime {
        let since = u64::try_from(self.time).unwrap_or(0);
        UNIX_EPOCH + Duration::from_nanos(since)
    }

    /// Of a plain file that is no link.
    pub(super) fn read(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().filter(Metadata::is_file).map(|file| Self::of(&file))
    }
}

pub(super) fn nanoseconds(time: SystemTime) -> i128 {
    let wide = |nanoseconds: u128| i128::try_from(nanoseconds).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => wide(since.as_nanos()),
        Err(before) => -wide(before.duration().as_nanos()),
    }
}

impl Source {
    /// What git would keep of a project's folder, its hidden files, and small ignored files in folders that are kept.
    /// Folders that are ignored, or named in `besides` (paths from there, or absolute ones), are left out.
    pub(super) fn of_project(root: &Path, besides: &[&Path], bounds: Bounds) -> Result<Self, Refused> {
        let mut source = Self { root: root.to_owned(), ..Self::default() };
        // Rules above the root count within a repository, and only there.
        let in_repository = root.ancestors().any(|folder| folder.join(".git").exists());
        let mut entries = walk(root, besides, in_repository).peekable();
        // A home folder may be a repository that ignores all that is in it, and this project with it.
        let is_ignored = in_repository && entries.peek().is_none();
        let entries = entries.chain(is_ignored.then(|| walk(root, besides, false)).into_iter().flatten());
        let mut kept = vec![root.to_owned()];
        for entry in entries {
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                kept.push(entry.path().to_owned());
            }
            source.add(entry.path(), u64::MAX, bounds)?;
        }
        for folder in kept {
            for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    source.add(&entry.path(), IGNORED, bounds)?;
                }
            }
        }
        source.within(bounds)
    }

    /// The paths of all that lies in a copy and is not ignored there, whatever it is.
    pub(super) fn present(root: &Path, besides: &[&Path]) -> Vec<String> {
        let copy = Self { root: root.to_owned(), ..Self::default() };
        let left_out: Vec<PathBuf> = besides.iter().map(|path| root.join(path)).collect();
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false).ignore(false).parents(false).require_git(false).git_global(false).follow_links(false);
        walk.filter_entry(move |entry| !left_out.iter().any(|path| path == entry.path()));
        walk.build().filter_map(|entry| copy.name(entry.ok()?.path())).collect()
    }

    /// All of a folder, without what git keeps of its history.
    pub(super) fn of_all(root: &Path, bounds: Bounds) -> Result<Self, Refused> {
        let mut source = Self { root: root.to_owned(), ..Self::default() };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| Refused::Io(folder.clone(), error))?;
            for entry in entries.filter_map(Result::ok) {
                let path = entry.path();
                // `git rev-parse HEAD`, which mix asks, needs the folder of objects, but none of them.
                let in_objects = folder.ends_with(".git/objects");
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !in_objects {
                    folders.push(path.clone());
                }
                if !in_objects {
                    source.add(&path, u64::MAX, bounds)?;
                }
            }
        }
        source.within(bounds)
    }

    /// Takes in what lies at a path, unless it is a file of more than `most` bytes.
    fn add(&mut self, path: &Path, most: u64, bounds: Bounds) -> Result<(), Refused> {
        let Some(name) = self.name(path) else { return Ok(()) };
        if self.files.contains_key(&name) {
            return Ok(());
        }
        let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
        if found.is_dir() {
            self.folders.insert(name);
        } else if path.ends_with(".git") {
            // Of a worktree: it names the user's repository, in which a build could write.
        } else if found.is_symlink() {
            if let Some(target) = self.inner_link(path) {
                self.links.insert(name, target);
            }
        } else if found.is_file() && found.len() <= most {
            self.files.insert(name, Stamp::of(&found));
            self.bytes = self.bytes.saturating_add(found.len());
            if self.files.len() > bounds.files {
                return Err(Refused::TooManyFiles);
            }
        }
        Ok(())
    }

    fn within(self, bounds: Bounds) -> Result<Self, Refused> {
        if self.bytes > bounds.bytes { Err(Refused::TooLarge(self.bytes)) } else { Ok(self) }
    }

    fn name(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.root).ok()?;
        let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"))
    }

    /// What a link points to, where that is a relative path to what lies in the folder, by its names and in truth.
    fn inner_link(&self, link: &Path) -> Option<PathBuf> {
        let target = fs::read_link(link).ok()?;
        let mut depth = link.strip_prefix(&self.root).ok()?.components().count().checked_sub(1)?;
        for part in target.components() {
            match part {
                Component::Normal(_) => depth = depth.checked_add(1)?,
                Component::ParentDir => depth = depth.checked_sub(1)?,
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        link.canonicalize().ok()?.starts_with(&self.root).then_some(target)
    }
}

/// What git keeps below a folder.
fn walk(root: &Path, besides: &[&Path], in_repository: bool) -> impl Iterator<Item = DirEntry> {
    let left_out: Vec<PathBuf> = besides.iter().map(|path| root.join(path)).collect();
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false).ignore(false).parents(in_repository).require_git(in_repository).follow_links(false);
    walk.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let goes = || is_left_out(entry.path()) || left_out.iter().any(|path| path == entry.path());
        entry.depth() == 0 || !is_folder || !goes()
    });
    // A folder that may not be read is one that no build of the user reads.
    walk.build().filter_map(Result::ok).filter(|entry| entry.depth() > 0)
}

/// By its name, or since a program says that it can be made again (<https://bford.info/cachedir/>).
fn is_left_out(folder: &Path) -> bool {
    let name = folder.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| LEFT_OUT.contains(&name)) || folder.join("CACHEDIR.TAG").is_file()
}
