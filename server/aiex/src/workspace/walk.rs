//! Finding the files of a workspace: what `.gitignore` and its like leave, within limits that are said.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
};

use aiex_context::index::is_template;
use aiex_syntax::Language;
use ignore::{
    DirEntry, WalkBuilder, WalkState,
    gitignore::{Gitignore, GitignoreBuilder},
};

use super::read::Stamp;
use crate::exclude::Excluded;

/// Names of files like `.gitignore` that say what Aiex is not to read.
const IGNORE_FILE: &str = ".aiexignore";
/// Every file that says what not to read.
const IGNORE_FILES: [&str; 3] = [".gitignore", ".ignore", IGNORE_FILE];
/// The largest of them that is read, in bytes.
const MOST_BYTES_OF_IGNORE_FILE: u64 = 1024 * 1024;
/// The largest source that is indexed, in bytes: beyond it are generated ones, which a model is not told.
pub const MOST_BYTES_OF_FILE: u64 = 2 * 1024 * 1024;
/// How many folders left out for their names are named.
const MOST_NAMED: usize = 20;

/// How much of a workspace is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most sources.
    pub files: usize,
    /// Most other texts.
    pub texts: usize,
    /// Most bytes of sources in all.
    pub bytes: u64,
    /// Most bytes of one source.
    pub file_bytes: u64,
    /// Most files and folders looked at.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 50_000,
            texts: 10_000,
            bytes: 128 * 1024 * 1024,
            file_bytes: MOST_BYTES_OF_FILE,
            entries: 500_000,
        }
    }
}

/// What a file is to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A source in a language with a grammar.
    Source(Language),
    /// Another text, such as a template or a manifest: listed, not indexed.
    Text,
}

impl Kind {
    /// By the ending of its name; `None` for what is neither.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(language) = Language::from_file_name(name) {
            return Some(Self::Source(language));
        }
        if is_template(name) {
            return Some(Self::Source(Language::Elixir));
        }
        let ending = name.rsplit_once('.')?.1;
        matches!(ending, "sface" | "md" | "livemd" | "toml" | "json" | "yaml" | "yml" | "sql" | "proto" | "graphql")
            .then_some(Self::Text)
    }
}

/// A file of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the workspace, with `/`.
    pub path: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// When it was listed.
    pub stamp: Stamp,
}

/// What was left out, in numbers of files where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// By `privacy.exclude`.
    pub excluded: usize,
    /// Over the size limit of one file.
    pub too_large: usize,
    /// Beyond the limits of the whole.
    pub beyond_limits: usize,
    /// Whether the walk ended at those limits, so that there are more files than anybody has counted.
    pub is_cut: bool,
    /// Files and folders that the system does not let read, or whose names are not Unicode.
    pub unreadable: usize,
    /// Links, which are not followed: what they point to in the workspace is found where it is.
    pub links: usize,
    /// Gone between the walk and the reading.
    pub vanished: usize,
    /// Neither UTF-8 nor free of NULs.
    pub binary: usize,
    /// Whose parse took too long.
    pub slow: usize,
    /// Folders of others' code and of builds that no ignore file names, the first of them.
    pub folders: BTreeSet<String>,
}

impl LeftOut {
    /// A sentence for the user, if anything that may be missed was left out.
    pub fn sentence(&self) -> Option<String> {
        let counts = [
            (self.beyond_limits, "beyond the limits of a workspace"),
            (self.too_large, "too large"),
            (self.unreadable, "not readable"),
            (self.binary, "not UTF-8 text"),
            (self.slow, "too slow to parse"),
        ];
        let mut parts: Vec<_> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        parts.extend(self.is_cut.then(|| "everything beyond the most files that are looked at".to_owned()));
        parts.extend((!self.folders.is_empty()).then(|| {
            format!(
                "the folders {}",
                self.folders.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )
        }));
        (!parts.is_empty()).then(|| format!("left out of the index: {}", parts.join("; ")))
    }

    /// Whether the workspace is larger than what is taken in.
    pub fn is_beyond_limits(&self) -> bool {
        self.is_cut || self.beyond_limits > 0
    }

    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Excluded => self.excluded += 1,
            Entry::TooLarge => self.too_large += 1,
            Entry::Unreadable => self.unreadable += 1,
            Entry::Link => self.links += 1,
            Entry::Vanished => self.vanished += 1,
            Entry::Vendored(path) if self.folders.len() < MOST_NAMED => _ = self.folders.insert(path),
            Entry::Vendored(_) | Entry::File(_) | Entry::Folder(_) => {}
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Found {
    /// In order of their paths.
    pub files: Vec<Listed>,
    /// The folders that may hold some, relative, with `/`; the root is the empty one.
    pub folders: BTreeSet<Arc<str>>,
    /// What is not among them.
    pub left_out: LeftOut,
    /// Whether the walk came to its end; else files may be there that it has not seen.
    pub is_complete: bool,
}

/// What of a workspace is taken in.
#[derive(Debug)]
pub struct Rules {
    /// Its top folder, without links.
    pub root: PathBuf,
    /// Never.
    pub excluded: Excluded,
    /// At most.
    pub limits: Limits,
    /// The ignore files of the repository above the root.
    above: Vec<Gitignore>,
}

enum Entry {
    File(Listed),
    Folder(Arc<str>),
    Excluded,
    TooLarge,
    Unreadable,
    Link,
    Vanished,
    Vendored(String),
}

impl Rules {
    /// For a root without links. Reads the ignore files of the repository above it.
    pub fn new(root: PathBuf, excluded: Excluded, limits: Limits) -> Self {
        let above = ignore_files_above(&root);
        Self { root, excluded, limits, above }
    }

    /// A path's name in the workspace, relative and with `/`; `None` outside of it and for names that are not Unicode.
    pub fn name(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(&self.root).ok()?;
        let parts: Option<Vec<_>> = relative
            .components()
            .map(|part| match part {
                std::path::Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        Some(parts?.join("/"))
    }

    /// Whether a file that is not on disk yet would be taken in. `name` is relative, with `/`.
    pub fn admits(&self, name: &str) -> bool {
        let path = self.root.join(name);
        if self.excluded.matches(&path) || name.split('/').any(|part| part.starts_with('.')) {
            return false;
        }
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        folders.into_iter().all(|folder| {
            let is_ours = folder == self.root || !is_vendored(folder);
            is_ours
                && !ignore_files(folder)
                    .is_some_and(|files| files.matched_path_or_any_parents(&path, false).is_ignore())
        })
    }

    /// Lists the files, those at and below `only` if that is given. `go_on` is asked for every entry and ends the walk
    /// by answering `false`.
    pub fn walk(self: &Arc<Self>, only: Option<&BTreeSet<String>>, go_on: &(dyn Fn() -> bool + Sync)) -> Found {
        if !self.has_plain_ignore_files(&self.root) {
            let left_out = LeftOut { unreadable: 1, ..LeftOut::default() };
            return Found { left_out, is_complete: true, ..Found::default() };
        }
        let mut walk = WalkBuilder::new(&self.root);
        // Without a git repository, too; but what lies above a repository says nothing of it.
        walk.hidden(true).parents(false).require_git(false).add_custom_ignore_filename(IGNORE_FILE);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        walk.threads(if only.is_some() { 1 } else { threads });
        let (folders, folders_left_out) = mpsc::channel();
        let (rules, wanted) = (self.clone(), only.map(|only| Wanted::new(&self.root, only)));
        let folders = std::sync::Mutex::new(folders);
        walk.filter_entry(move |entry| {
            if entry.depth() == 0 {
                return true;
            }
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            if wanted.as_ref().is_some_and(|wanted| !wanted.includes(entry.path()))
                || rules.above.iter().any(|files| files.matched(entry.path(), is_folder).is_ignore())
            {
                return false;
            }
            if !is_folder {
                return true;
            }
            let left_out = match entry.path() {
                folder if is_vendored(folder) => rules.name(folder).map(Entry::Vendored),
                folder if !rules.has_plain_ignore_files(folder) => Some(Entry::Unreadable),
                _ => return true,
            };
            if let (Some(left_out), Ok(folders)) = (left_out, folders.lock()) {
                let _ = folders.send(left_out);
            }
            false
        });
        let (found, entries) = mpsc::channel();
        let (seen, files) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (is_cut, is_stopped) = (AtomicBool::new(false), AtomicBool::new(false));
        walk.build_parallel().run(|| {
            let found = found.clone();
            let (seen, files, is_cut, is_stopped) = (&seen, &files, &is_cut, &is_stopped);
            Box::new(move |entry| {
                let is_beyond = seen.fetch_add(1, Ordering::Relaxed) >= self.limits.entries
                    || files.load(Ordering::Relaxed) > self.limits.files;
                if is_beyond || !go_on() {
                    is_cut.fetch_or(is_beyond, Ordering::Relaxed);
                    is_stopped.store(true, Ordering::Relaxed);
                    return WalkState::Quit;
                }
                if let Some(entry) = self.entry(entry) {
                    if matches!(&entry, Entry::File(file) if file.kind != Kind::Text) {
                        files.fetch_add(1, Ordering::Relaxed);
                    }
                    let _ = found.send(entry);
                }
                WalkState::Continue
            })
        });
        drop((found, walk));
        let mut result = Found { is_complete: !is_stopped.into_inner(), ..Found::default() };
        result.left_out.is_cut = is_cut.into_inner();
        for entry in entries.into_iter().chain(folders_left_out) {
            match entry {
                Entry::File(file) => result.files.push(file),
                Entry::Folder(path) => _ = result.folders.insert(path),
                other => result.left_out.add(other),
            }
        }
        result.files.sort_by(|one, other| one.path.cmp(&other.path));
        self.cut(&mut result);
        result
    }

    /// Whether a folder's ignore files can be read whole: a link to a device never ends, and a pipe waits for ever.
    fn has_plain_ignore_files(&self, folder: &Path) -> bool {
        IGNORE_FILES.iter().chain(&[".git", ".git/info/exclude"]).map(|name| folder.join(name)).all(|path| {
            let Ok(metadata) = path.symlink_metadata() else { return true };
            let target = if metadata.is_symlink() { path.canonicalize() } else { Ok(path) };
            let Ok(target) = target else { return true };
            let is_plain = |metadata: fs::Metadata| {
                metadata.is_dir() || metadata.is_file() && metadata.len() <= MOST_BYTES_OF_IGNORE_FILE
            };
            target.starts_with(&self.root) && target.symlink_metadata().is_ok_and(is_plain)
        })
    }

    /// Keeps to the limits of the whole: always the same files for the same workspace, unless the walk was cut.
    fn cut(&self, found: &mut Found) {
        let (mut files, mut texts, mut bytes) = (0, 0, 0_u64);
        let before = found.files.len();
        found.files.retain(|file| {
            if file.kind == Kind::Text {
                texts += 1;
                return texts <= self.limits.texts;
            }
            let fits = files < self.limits.files && bytes.saturating_add(file.stamp.size) <= self.limits.bytes;
            if fits {
                files += 1;
                bytes += file.stamp.size;
            }
            fits
        });
        found.left_out.beyond_limits += before - found.files.len();
    }

    fn entry(&self, entry: Result<DirEntry, ignore::Error>) -> Option<Entry> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(gone_or_unreadable(error.io_error())),
        };
        let kind = entry.file_type()?;
        let Some(name) = self.name(entry.path()) else { return Some(Entry::Unreadable) };
        if kind.is_dir() {
            return Some(Entry::Folder(name.into()));
        }
        let is_known = Kind::of(&name);
        if kind.is_symlink() {
            return Some(Entry::Link);
        }
        let (true, Some(is)) = (kind.is_file(), is_known) else { return None };
        if self.excluded.matches(entry.path()) {
            return Some(Entry::Excluded);
        }
        Some(match entry.metadata() {
            Ok(metadata) if metadata.len() > self.limits.file_bytes => Entry::TooLarge,
            Ok(metadata) => Entry::File(Listed { path: name.into(), kind: is, stamp: Stamp::of(&metadata) }),
            Err(error) => gone_or_unreadable(error.io_error()),
        })
    }
}

fn gone_or_unreadable(error: Option<&std::io::Error>) -> Entry {
    match error.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::NotFound) => Entry::Vanished,
        _ => Entry::Unreadable,
    }
}

/// What a walk is bound to.
struct Wanted {
    paths: BTreeSet<PathBuf>,
    ways: BTreeSet<PathBuf>,
}

impl Wanted {
    fn new(root: &Path, names: &BTreeSet<String>) -> Self {
        let paths: BTreeSet<_> = names.iter().map(|name| root.join(name)).collect();
        let ways = paths.iter().flat_map(|path| path.ancestors().skip(1)).map(Path::to_path_buf).collect();
        Self { paths, ways }
    }

    fn includes(&self, path: &Path) -> bool {
        self.ways.contains(path) || path.ancestors().any(|above| self.paths.contains(above))
    }
}

/// Folders of others' code and of what builds make, even where no ignore file names them.
fn is_vendored(folder: &Path) -> bool {
    let beside = |names: &[&str]| {
        folder.parent().is_some_and(|above| names.iter().any(|name| above.join(name).symlink_metadata().is_ok()))
    };
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name {
        "node_modules" | "bower_components" | "_build" | "__pycache__" => true,
        "deps" | "cover" => beside(&["mix.exs", "rebar.config"]),
        "target" => beside(&["Cargo.toml"]) || folder.join("CACHEDIR.TAG").symlink_metadata().is_ok(),
        "venv" => folder.join("pyvenv.cfg").symlink_metadata().is_ok(),
        _ => false,
    }
}

/// The ignore files between the top of the repository and a root below it, but none that ignores the root itself: who
/// opens an ignored folder means it.
fn ignore_files_above(root: &Path) -> Vec<Gitignore> {
    let is_repository = |folder: &Path| folder.join(".git").symlink_metadata().is_ok();
    if is_repository(root) {
        return Vec::new();
    }
    let Some(top) = root.ancestors().skip(1).find(|folder| is_repository(folder)) else { return Vec::new() };
    let between = root.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
    let files = between.filter_map(ignore_files);
    files.filter(|files| !files.matched_path_or_any_parents(root, true).is_ignore()).collect()
}

/// What the ignore files of one folder say.
fn ignore_files(folder: &Path) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(folder);
    let mut any = false;
    for name in IGNORE_FILES {
        let path = folder.join(name);
        let is_plain = |metadata: fs::Metadata| metadata.is_file() && metadata.len() <= MOST_BYTES_OF_IGNORE_FILE;
        if fs::symlink_metadata(&path).is_ok_and(is_plain) {
            any |= builder.add(&path).is_none();
        }
    }
    any.then(|| builder.build().ok()).flatten()
}

#[cfg(test)]
mod tests;
