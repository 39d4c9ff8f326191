//! [`Tree`]: a copy of a folder that is kept up to date; what has changed is copied again.
//!
//! Cargo and mix judge by the time of a file. The first copy keeps the times; a file that is replaced or added later gets
//! one that is later than the last build, whatever the time of its source: an old text that came back is another one.

use std::{
    collections::BTreeMap,
    fs::{self, File, FileTimes, Metadata},
    io::{self, Read},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::scan::{Source, Stamp};

/// A copy of a folder.
#[derive(Debug)]
pub(super) struct Tree {
    pub root: PathBuf,
    /// What was copied last, while nothing else is known to have changed it: the source's stamp and the copy's.
    rows: BTreeMap<String, (Stamp, Stamp)>,
    manifest: PathBuf,
    /// Given to files that are written.
    pub clock: Clock,
}

/// Which time a file gets that is replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Whether builds tell times apart by whole seconds only, as mix does.
    pub whole_seconds: bool,
    /// When the last build ended.
    pub built: SystemTime,
    /// Whether one was begun and not waited for.
    pub builds: bool,
    /// The latest time given to a file: builds must not begin before it.
    pub latest: SystemTime,
}

impl Clock {
    pub(super) fn new(whole_seconds: bool) -> Self {
        Self { whole_seconds, built: SystemTime::now(), builds: false, latest: UNIX_EPOCH }
    }

    fn next(&mut self) -> SystemTime {
        let now = SystemTime::now();
        if self.builds {
            self.built = now;
        }
        let next = match self.built.duration_since(UNIX_EPOCH) {
            Ok(built) if self.whole_seconds => {
                now.max(UNIX_EPOCH + Duration::from_secs(built.as_secs().saturating_add(1)))
            }
            _ => now,
        };
        self.latest = self.latest.max(next);
        next
    }
}

impl Tree {
    /// The copy in a folder, which need not be there yet, with what the manifest says of it. The manifest is removed
    /// until [`Tree::close`]: after a crash, contents are compared.
    pub(super) fn open(root: PathBuf, manifest: PathBuf, whole_seconds: bool) -> io::Result<Self> {
        let text = fs::read(&manifest).ok().and_then(|text| String::from_utf8(text).ok());
        let (built, rows) = text.and_then(|text| parse(&text)).unwrap_or_else(|| (SystemTime::now(), BTreeMap::new()));
        remove_file(&manifest)?;
        let built = built.min(SystemTime::now());
        Ok(Self { root, rows, manifest, clock: Clock { built, ..Clock::new(whole_seconds) } })
    }

    pub(super) fn close(&self) -> io::Result<()> {
        let built = super::scan::nanoseconds(self.clock.built);
        let rows = self.rows.iter().map(|(name, (source, copy))| {
            format!("{} {} {} {} {name}\0", source.size, source.time, copy.size, copy.time)
        });
        super::write_anew(&self.manifest, format!("1 {built}\0{}", rows.collect::<String>()).as_bytes())
    }

    /// Makes the copy what the source is. Of what the source lacks, it removes what was copied once and what is `present`.
    /// Says whether it changed anything.
    pub(super) fn follow(
        &mut self,
        source: &Source,
        present: Vec<String>,
        stop: &AtomicBool,
    ) -> Result<bool, (PathBuf, io::Error)> {
        let is_new = !self.root.exists();
        let mut changed = false;
        make_folder(&self.root).map_err(|error| (self.root.clone(), error))?;
        for name in present.into_iter().chain(self.rows.keys().cloned()).collect::<Vec<_>>() {
            if !source.files.contains_key(&name) && !source.links.contains_key(&name) && !source.folders.contains(&name)
            {
                let path = self.root.join(&name);
                changed |= self.remove(&path).map_err(|error| (path, error))?;
            }
        }
        self.rows.retain(|name, _| source.files.contains_key(name));
        for name in &source.folders {
            let path = self.root.join(name);
            make_folder(&path).map_err(|error| (path, error))?;
        }
        for (name, target) in &source.links {
            let path = self.root.join(name);
            changed |= self.link(&path, target).map_err(|error| (path, error))?;
        }
        for (name, stamp) in &source.files {
            if stop.load(Ordering::Relaxed) {
                return Err((self.root.clone(), io::ErrorKind::Interrupted.into()));
            }
            let copy = Stamp::read(&self.root.join(name));
            let is_same = self.rows.get(name).is_some_and(|(from, to)| from == stamp && Some(*to) == copy);
            if !is_same {
                let path = source.root.join(name);
                changed |= self.copy(name, &path, *stamp, is_new).map_err(|error| (path, error))?;
            }
        }
        Ok(changed)
    }

    /// Copies one file where its contents differ. The stamp was taken before: what is written meanwhile is seen next time.
    fn copy(&mut self, name: &str, from: &Path, stamp: Stamp, keeps_time: bool) -> io::Result<bool> {
        let to = self.root.join(name);
        let changed = match fs::symlink_metadata(&to) {
            Ok(found) if found.is_file() && found.len() == stamp.size && same_contents(from, &to)? => false,
            found => {
                if found.is_ok_and(|found| found.is_dir()) {
                    super::remove_folder(&to)?;
                }
                let fresh = beside(&to);
                remove_file(&fresh)?;
                // By reference where the file system can: so does `copy` on Linux, macOS and Windows.
                match fs::copy(from, &fresh) {
                    // It has just gone, or the user may not read it, nor could the build.
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
                            && fs::File::open(from).is_err() =>
                    {
                        remove_file(&fresh)?;
                        self.rows.remove(name);
                        return remove_file(&to);
                    }
                    copied => copied?,
                };
                let time = if keeps_time { stamp.written() } else { self.clock.next() };
                finish(&fresh, time)?;
                fs::rename(&fresh, &to)?;
                true
            }
        };
        if let Some(copy) = Stamp::read(&to) {
            self.rows.insert(name.to_owned(), (stamp, copy));
        }
        Ok(changed)
    }

    /// Puts a text in place of a file, unless it is that already. The next [`Tree::follow`] undoes it.
    pub(super) fn write(&mut self, name: &str, text: &str) -> io::Result<bool> {
        let to = self.root.join(name);
        let mut folder = self.root.clone();
        for part in Path::new(name).parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            make_folder(&folder)?;
        }
        // Not what the source is, whatever that is: the next look at it sees a difference.
        let none = Stamp { size: u64::MAX, time: 0 };
        self.rows.insert(name.to_owned(), (none, none));
        let found = fs::symlink_metadata(&to);
        if found.as_ref().is_ok_and(Metadata::is_file) && fs::read(&to)? == text.as_bytes() {
            return Ok(false);
        }
        if found.is_ok_and(|found| found.is_dir()) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a folder has this name"));
        }
        let fresh = beside(&to);
        remove_file(&fresh)?;
        fs::write(&fresh, text)?;
        finish(&fresh, self.clock.next())?;
        fs::rename(&fresh, &to)?;
        Ok(true)
    }

    /// Makes a file what it is in the source again.
    pub(super) fn restore(&mut self, source: &Path, name: &str) -> io::Result<()> {
        let from = source.join(name);
        match Stamp::read(&from) {
            Some(stamp) => self.copy(name, &from, stamp, false).map(drop),
            None => {
                self.rows.remove(name);
                self.remove(&self.root.join(name)).map(drop)
            }
        }
    }

    /// Makes the files that were copied what they are in the source again, where something has changed them, except for
    /// those in `besides`.
    pub(super) fn mend(&mut self, source: &Path, besides: &[&str]) -> Result<(), (PathBuf, io::Error)> {
        let is_changed = |name: &String, copy: Stamp| Stamp::read(&self.root.join(name)) != Some(copy);
        let rows = self.rows.iter().filter(|(name, _)| !besides.contains(&name.as_str()));
        let changed: Vec<String> =
            rows.filter(|(name, (_, copy))| is_changed(name, *copy)).map(|(name, _)| name.clone()).collect();
        for name in changed {
            let path = self.root.join(&name);
            let mut folder = self.root.clone();
            for part in Path::new(&name).parent().into_iter().flat_map(Path::components) {
                folder.push(part);
                make_folder(&folder).map_err(|error| (folder.clone(), error))?;
            }
            self.restore(source, &name).map_err(|error| (path, error))?;
        }
        Ok(())
    }

    fn link(&self, path: &Path, target: &Path) -> io::Result<bool> {
        if fs::read_link(path).is_ok_and(|found| found == target) {
            return Ok(false);
        }
        self.remove(path)?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, path)?;
        #[cfg(not(unix))]
        let _ = target;
        Ok(true)
    }

    /// Removes what lies at a path below real folders of the copy; behind a link lies something else's.
    fn remove(&self, path: &Path) -> io::Result<bool> {
        let is_inside = path.ancestors().skip(1).take_while(|above| *above != self.root).all(is_folder);
        match fs::symlink_metadata(path) {
            Ok(found) if is_inside && found.is_dir() => super::remove_folder(path).map(|()| true),
            Ok(_) if is_inside => fs::remove_file(path).map(|()| true),
            _ => Ok(false),
        }
    }
}

/// Whether a path names something below a folder: relative, without `..`.
pub(crate) fn is_inner(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_))) && !name.contains('\\')
}

pub(super) fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Makes a folder in a real one, in place of a file or link. A build may have put one there.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {
            // A test may have taken the right to write away.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = found.permissions().mode();
                if mode & 0o700 != 0o700 {
                    fs::set_permissions(path, fs::Permissions::from_mode((mode & 0o777) | 0o700))?;
                }
            }
            return Ok(());
        }
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    fs::create_dir(path)
}

/// Says whether it was there.
pub(crate) fn remove_file(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A name for what is to take a file's place at once.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".aiex-new");
    path.with_file_name(name)
}

/// Gives a file its time, and its owner the right to write.
fn finish(path: &Path, time: SystemTime) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path)?.permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode((mode & 0o777) | 0o600))?;
    }
    File::options().write(true).open(path)?.set_times(FileTimes::new().set_modified(time))
}

fn same_contents(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = match (File::open(one), File::open(other)) {
        (Ok(one), Ok(other)) => (one, other),
        _ => return Ok(false),
    };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(64 * 1024).read_to_end(&mut left)?;
        other.by_ref().take(64 * 1024).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

type Rows = BTreeMap<String, (Stamp, Stamp)>;

fn parse(text: &str) -> Option<(SystemTime, Rows)> {
    let mut records = text.strip_suffix('\0')?.split('\0');
    let built: u64 = records.next()?.strip_prefix("1 ")?.parse().ok()?;
    let row = |record: &str| {
        let mut parts = record.splitn(5, ' ');
        let mut stamp = || Some(Stamp { size: parts.next()?.parse().ok()?, time: parts.next()?.parse().ok()? });
        let stamps = (stamp()?, stamp()?);
        Some((parts.next()?.to_owned(), stamps))
    };
    let rows: Option<Rows> = records.map(row).collect();
    Some((UNIX_EPOCH + Duration::from_nanos(built), rows?))
}
