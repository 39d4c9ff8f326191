//! The index of a workspace on disk, so that a restart parses only what changed meanwhile.
//!
//! One file a workspace: a line that names format and program, a checksum, a table of files, and their indexes one
//! after the other. Anything in it that is not as it was written makes it as if it were not there.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    hash::{DefaultHasher, Hasher as _},
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use aiex_context::FileIndex;
use aiex_syntax::Language;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::read::Stamp;

/// Changes with every change of the format, of [`FileIndex`] or of what it says of a text.
const FORMAT: u32 = 2;
/// The largest file that is read or written, in bytes.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// How many workspaces are kept, and for how long after their last use.
const MOST_WORKSPACES: usize = 20;
const LONGEST: Duration = Duration::from_secs(60 * 24 * 60 * 60);
const ENDING: &str = "index";

/// A file's index, and of which contents it is.
#[derive(Clone, Debug)]
pub struct Kept<Index> {
    /// Of the file when it was read.
    pub stamp: Stamp,
    /// Of its text.
    pub hash: u64,
    /// What it was parsed as.
    pub language: Language,
    /// The index.
    pub index: Index,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    path: &'a str,
    stamp: Stamp,
    hash: u64,
    /// [`Language::id`]
    language: &'a str,
    /// Of its index, in bytes.
    length: u64,
}

/// The file that holds the index of a workspace.
pub fn file_of(folder: &Path, root: &Path) -> PathBuf {
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    folder.join(name).with_extension(ENDING)
}

fn heading() -> String {
    format!("aiex index {FORMAT} {}\n", env!("CARGO_PKG_VERSION"))
}

/// Writes the index of a workspace in one step.
pub fn save(file: &Path, root: &Path, files: &BTreeMap<Arc<str>, Kept<Arc<FileIndex>>>) -> std::io::Result<()> {
    let mut indexes = Vec::new();
    let mut rows = Vec::with_capacity(files.len());
    for (path, kept) in files {
        let before = indexes.len();
        indexes = postcard::to_extend(&*kept.index, indexes).map_err(std::io::Error::other)?;
        let length = (indexes.len() - before) as u64;
        rows.push(Row { path, stamp: kept.stamp, hash: kept.hash, language: kept.language.id(), length });
    }
    let mut body = postcard::to_extend(&(root.to_str(), rows), Vec::new()).map_err(std::io::Error::other)?;
    let table = body.len() as u64;
    body.extend_from_slice(&indexes);
    drop(indexes);
    let mut contents = heading().into_bytes();
    contents.extend_from_slice(&checksum(&body).to_le_bytes());
    contents.extend_from_slice(&table.to_le_bytes());
    contents.extend_from_slice(&body);
    if contents.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other("the index is too large to be kept"));
    }
    crate::files::write_private(file, &contents)
}

/// The index of a workspace as it was written, or nothing.
pub fn load(file: &Path, root: &Path) -> BTreeMap<String, Kept<FileIndex>> {
    let contents = contents(file);
    let kept = contents.as_deref().and_then(|contents| decode(contents, root));
    if kept.is_none() && contents.is_some() {
        tracing::info!("the kept index of this workspace is of another version, or damaged; it is made anew");
    }
    kept.unwrap_or_default()
}

fn contents(file: &Path) -> Option<Vec<u8>> {
    let open = File::open(file).ok()?;
    let metadata = open.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES || !is_ours(&metadata) {
        return None;
    }
    // The time of its last use, by which old ones go.
    let _ = open.set_modified(SystemTime::now());
    let mut contents = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1));
    open.take(MOST_BYTES).read_to_end(&mut contents).ok()?;
    Some(contents)
}

/// Whether nobody else could have written it.
#[cfg(unix)]
fn is_ours(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_ours(_: &fs::Metadata) -> bool {
    true
}

fn decode(contents: &[u8], root: &Path) -> Option<BTreeMap<String, Kept<FileIndex>>> {
    let rest = contents.strip_prefix(heading().as_bytes())?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let (table, body) = rest.split_first_chunk::<8>()?;
    if checksum(body) != u64::from_le_bytes(*sum) {
        return None;
    }
    let (table, mut indexes) = body.split_at_checked(usize::try_from(u64::from_le_bytes(*table)).ok()?)?;
    let (of, rows): (Option<&str>, Vec<Row<'_>>) = postcard::from_bytes(table).ok()?;
    if of != root.to_str() {
        return None;
    }
    let mut parts = Vec::with_capacity(rows.len());
    for row in rows {
        let (index, rest) = indexes.split_at_checked(usize::try_from(row.length).ok()?)?;
        indexes = rest;
        parts.push((row, index));
    }
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let decode_some = || {
        let mut decoded = Vec::new();
        while let Some((row, index)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let language = [Language::Elixir, Language::Rust].into_iter().find(|one| one.id() == row.language)?;
            let index = postcard::from_bytes(index).ok()?;
            decoded.push((row.path.to_owned(), Kept { stamp: row.stamp, hash: row.hash, language, index }));
        }
        Some(decoded)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(decode_some)).collect();
        let mut all: BTreeMap<_, _> = decode_some()?.into_iter().collect();
        for worker in workers {
            all.extend(worker.join().ok()??);
        }
        Some(all)
    })
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// How the names of files begin that are being written.
const HALF_WRITTEN: &[u8] = b".tmp";
/// Nobody writes one for so long.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Removes the indexes of workspaces that were not opened for long, and the oldest beyond a number.
///
/// What a process that was ended at the wrong moment left half written goes after an hour.
pub fn prune(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    let now = SystemTime::now();
    let age = |path: &Path| now.duration_since(path.symlink_metadata().ok()?.modified().ok()?).ok();
    for path in &paths {
        let is_half = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(HALF_WRITTEN));
        if is_half && age(path).is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(path);
        }
    }
    let mut files: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
        .filter_map(|path| Some((path.symlink_metadata().ok()?.modified().ok()?, path)))
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    let is_old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > LONGEST);
    for (_, path) in
        files.iter().enumerate().filter(|(at, (time, _))| *at >= MOST_WORKSPACES || is_old(*time)).map(|(_, file)| file)
    {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workspace::index_file;

    fn written() -> (tempfile::TempDir, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let text = "/// Doc.\npub fn one(a: u8) -> Two { two(a) }\nstruct Two { field: Vec<u8> }\nuse std::fmt;\n";
        let index = index_file::of_text("a.rs", Language::Rust, text, || true).unwrap();
        let kept = Kept { stamp: Stamp::default(), hash: 7, language: Language::Rust, index: Arc::new(index) };
        let files = ["a.rs", "b.rs"].map(|name| (Arc::from(name), kept.clone())).into();
        let file = folder.path().join("x.index");
        save(&file, Path::new("/shop"), &files).unwrap();
        let contents = fs::read(file).unwrap();
        (folder, contents)
    }

    #[test]
    fn what_was_written_is_read() {
        let (folder, _) = written();
        let read = load(&folder.path().join("x.index"), Path::new("/shop"));
        assert_eq!(read.keys().collect::<Vec<_>>(), ["a.rs", "b.rs"]);
        assert!(read.values().all(|kept| kept.hash == 7 && kept.index.len() == 2));
    }

    #[test]
    fn only_the_last_used_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for age in 0..30_u32 {
            let file = File::create(folder.path().join(format!("{age:02}.index"))).unwrap();
            let days = if age == 3 { 100 } else { 1 };
            file.set_modified(now - Duration::from_secs(60) * age - Duration::from_secs(86_400) * days).unwrap();
        }
        fs::write(folder.path().join("other.txt"), "").unwrap();
        fs::write(folder.path().join(".tmpNew"), "").unwrap();
        let half = File::create(folder.path().join(".tmpOld")).unwrap();
        half.set_modified(now - Duration::from_secs(7200)).unwrap();
        prune(folder.path());
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let expect: Vec<_> = (0..21).filter(|age| *age != 3).map(|age| format!("{age:02}.index")).collect();
        assert_eq!(names, [vec![".tmpNew".to_owned()], expect, vec!["other.txt".to_owned()]].concat());
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_danger(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let (_folder, mut contents) = written();
            let body = heading().len() + 8;
            for (at, byte) in changes {
                let at = body + at.index(contents.len() - body);
                contents[at] = byte;
            }
            // The table's length is not summed.
            let sum = checksum(&contents[body + 8..]).to_le_bytes();
            contents[body - 8..body].copy_from_slice(&sum);
            let read = decode(&contents, Path::new("/shop"));
            prop_assert!(read.is_none_or(|files| files.len() <= 2));
        }
    }
}
