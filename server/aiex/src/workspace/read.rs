//! Reading one file of a workspace, with the [`Stamp`] by which a later change is noticed.

use std::{
    fs::{File, Metadata, OpenOptions},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Read as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Size and times of a file: equal ones mean that it has not changed, but for changes right after it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// When its contents changed, in nanoseconds since 1970.
    pub modified: i64,
    /// When anything of it changed, where the system knows: `cp -p` and archives set the other back.
    changed: i64,
}

impl Stamp {
    /// What the system says of a file.
    pub fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = 0;
        Self { size: metadata.len(), modified: metadata.modified().map_or(0, nanoseconds), changed }
    }

    /// Whether the file may have changed again after it was read without a change of its times, whose clock ticks
    /// slower than programs write. The rule is git's for "racily clean" entries of its index.
    fn is_racy(&self) -> bool {
        let now = nanoseconds(SystemTime::now());
        // A time without a fraction is from a file system that counts in seconds, or in two (FAT).
        let tick = if self.modified % 1_000_000_000 == 0 { Duration::from_secs(2) } else { Duration::from_millis(20) };
        let tick = i64::try_from(tick.as_nanos()).unwrap_or(i64::MAX);
        now.saturating_sub(self.modified).saturating_abs() < tick
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is gone.
    Vanished,
    /// The system refuses, or it is no plain file of this workspace.
    Unreadable,
    /// It has more bytes than are read.
    TooLarge,
    /// It is no text: it holds a NUL, or is not UTF-8.
    Binary,
}

/// A file's text.
#[derive(Debug)]
pub struct Read {
    /// All of it.
    pub text: String,
    /// From before it was read.
    pub stamp: Stamp,
    /// Whether [`Stamp`] cannot tell yet that it changes again.
    pub is_racy: bool,
    /// Of the text.
    pub hash: u64,
}

/// Reads a file of a workspace. `path` is relative to the root, which must be without links. At most `most` bytes are
/// read. Links are not followed, and a file outside of the root is not read.
pub fn read(root: &Path, path: &str, most: u64) -> Result<Read, Unread> {
    let path = root.join(path);
    let folder = path.parent().ok_or(Unread::Unreadable)?.canonicalize().map_err(|error| unread(&error))?;
    if !folder.starts_with(root) {
        return Err(Unread::Unreadable);
    }
    let file = open(&path).map_err(|error| unread(&error))?;
    let metadata = file.metadata().map_err(|error| unread(&error))?;
    if !metadata.is_file() {
        return Err(Unread::Unreadable);
    }
    if metadata.len() > most {
        return Err(Unread::TooLarge);
    }
    let stamp = Stamp::of(&metadata);
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    if bytes.len() as u64 > most {
        return Err(Unread::TooLarge);
    }
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        return Err(Unread::Binary);
    }
    let text = String::from_utf8(bytes).map_err(|_| Unread::Binary)?;
    let hash = hash(&text);
    Ok(Read { text, stamp, is_racy: stamp.is_racy(), hash })
}

/// Tells texts apart; the same in every run of one program.
pub fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Opens without following a link, and without waiting for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    #[cfg(not(unix))]
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    options.open(path)
}

fn unread(error: &io::Error) -> Unread {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unread::Vanished,
        _ => Unread::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_texts_of_the_workspace_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let root = top.join("shop");
        std::fs::create_dir_all(root.join("lib")).unwrap();
        std::fs::write(top.join("secret.rs"), "fn secret() {}").unwrap();
        std::fs::write(root.join("lib/a.rs"), "fn a() {}").unwrap();
        std::fs::write(root.join("lib/nul.rs"), b"fn a() {}\0").unwrap();
        std::fs::write(root.join("lib/latin.rs"), b"// gr\xfc\xdfe").unwrap();
        let check = |path: &str, expect: Result<&str, Unread>| {
            assert_eq!(read(&root, path, 12).map(|read| read.text), expect.map(str::to_owned), "{path}");
        };
        check("lib/a.rs", Ok("fn a() {}"));
        check("lib/nul.rs", Err(Unread::Binary));
        check("lib/latin.rs", Err(Unread::Binary));
        check("lib/gone.rs", Err(Unread::Vanished));
        check("lib/a.rs/b.rs", Err(Unread::Vanished));
        check("lib", Err(Unread::Unreadable));
        check("../secret.rs", Err(Unread::Unreadable));
        assert_eq!(read(&root, "lib/a.rs", 3).map(|read| read.text), Err(Unread::TooLarge));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(top.join("secret.rs"), root.join("link.rs")).unwrap();
            std::os::unix::fs::symlink(&top, root.join("up")).unwrap();
            check("link.rs", Err(Unread::Unreadable));
            check("up/secret.rs", Err(Unread::Unreadable));
        }
    }
}
