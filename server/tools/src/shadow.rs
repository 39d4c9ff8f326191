//! [`Shadows`]: copies of projects in which compilers and tests run, so that nothing of theirs reaches the user's files.
//!
//! The folder of one copy, which only its owner may enter: `root` names its project; `lock` is held by who works in it;
//! `tree` is the copy of the sources, with mix's `_build` and `deps`; `target` is cargo's; `home`, `cargo` and `tmp` stand
//! for the user's home, for cargo's and for the system's temporary folder; `*.manifest` say what was copied.

mod error;
mod home;
mod outside;
mod scan;
#[cfg(test)]
mod tests;
mod tree;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};

pub use self::error::{CheckError, ShadowError};
pub(crate) use self::tree::{is_inner, remove_file};
use self::{
    scan::{Bounds, Refused, Source},
    tree::{Tree, make_folder},
};
use crate::{
    build,
    program::Programs,
    project::{BuildTool, Project},
};

/// How often it is tried whether a copy is free.
const AGAIN: Duration = Duration::from_millis(100);
/// How often old copies are looked for.
const SWEEP: Duration = Duration::from_secs(24 * 60 * 60);
/// Folders of mix in a project that are not sources.
const MIX_OWN: [&str; 2] = ["_build", "deps"];

/// What copies may cost, and how long builds in them may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShadowLimits {
    /// The most bytes of a project's files; dependencies apart, which have the same limit.
    pub bytes: u64,
    /// The most files.
    pub files: usize,
    /// The most bytes by which the free space of the disk may shrink during one run.
    pub disk: u64,
    /// How long a copy is kept that is not used.
    pub age: Duration,
    /// The most bytes of all copies with what was built in them; the longest unused go first.
    pub total: u64,
    /// How long a check may take, or compiling tests.
    pub check: Duration,
    /// How long tests may run.
    pub tests: Duration,
}

impl Default for ShadowLimits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            bytes: 2 * GIB,
            files: 100_000,
            disk: 10 * GIB,
            age: Duration::from_secs(14 * 24 * 60 * 60),
            total: 20 * GIB,
            check: Duration::from_secs(10 * 60),
            tests: Duration::from_secs(2 * 60),
        }
    }
}

/// The folder that holds the copies of all projects.
#[derive(Debug, Clone)]
pub struct Shadows {
    folder: PathBuf,
    limits: ShadowLimits,
}

/// The copy of a project, which nobody else uses until this is dropped.
#[derive(Debug)]
pub struct Shadow {
    pub(crate) folder: PathBuf,
    pub(crate) project: Project,
    pub(crate) programs: Programs,
    pub(crate) limits: ShadowLimits,
    /// Chosen for the project's folder by the user, where rustup would not find that.
    toolchain: Option<String>,
    /// Whether cargo is configured to call another program than rustc.
    has_wrapper: bool,
    tree: Tree,
    /// Texts that stand in place of those on disk, by their paths.
    written: BTreeMap<String, String>,
    /// What is in it is to go: a build has filled the disk.
    spoilt: bool,
    /// Held as long as it is open.
    _lock: File,
}

impl Shadows {
    /// Those in a folder, which is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, limits: ShadowLimits::default() }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(self, limits: ShadowLimits) -> Self {
        Self { limits, ..self }
    }

    /// The copy of a project, after waiting for who uses it, and after copying what has changed.
    ///
    /// # Errors
    /// See [`ShadowError`].
    pub async fn open(&self, project: &Project, programs: &Programs) -> Result<Shadow, ShadowError> {
        self.open_when_free(project, programs, || {}).await
    }

    /// Like [`Shadows::open`]; calls `busy` once if it has to wait. Dropped, it waits and copies no longer.
    ///
    /// # Errors
    /// See [`ShadowError`].
    pub async fn open_when_free(
        &self,
        project: &Project,
        programs: &Programs,
        busy: impl FnOnce(),
    ) -> Result<Shadow, ShadowError> {
        let (tool, root) = (project.tool, &project.root);
        let project = match root.canonicalize() {
            Ok(root) if root.join(tool.manifest()).is_file() => Project { tool, root },
            _ => return Err(ShadowError::NoProject { root: root.clone(), manifest: tool.manifest() }),
        };
        let folder = self.prepare(&project).map_err(|error| failed((self.folder.clone(), error)))?;
        let mut busy = Some(busy);
        let lock = loop {
            match try_lock(&folder).map_err(|error| failed((folder.clone(), error)))? {
                Some(lock) => break lock,
                None => {
                    if let Some(busy) = busy.take() {
                        busy();
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let (programs, limits) = (programs.clone(), self.limits);
        let (stopped, at) = (stop.0.clone(), folder.clone());
        let copied = tokio::task::spawn_blocking(move || copy(lock, folder, project, programs, limits, &stopped));
        copied.await.unwrap_or_else(|error| Err(failed((at, io::Error::other(error)))))
    }

    /// Makes the folder of a project's copy.
    fn prepare(&self, project: &Project) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let top = self.folder.canonicalize()?;
        let folder = top.join(name(&project.root));
        make_folder(&folder)?;
        Ok(folder)
    }

    /// Removes the copies of all projects at or below a folder, which can take a moment. Says whether there were any.
    ///
    /// # Errors
    /// If one of them is in use or cannot be removed; the others are.
    pub fn remove(&self, root: &Path) -> io::Result<bool> {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let (mut any, mut kept) = (false, Ok(()));
        for folder in self.folders() {
            let of = fs::read_to_string(folder.join("root")).unwrap_or_default();
            if Path::new(&of).starts_with(&root) {
                any = true;
                let said = format!("a build runs in the copy of {of}; try again when it has ended");
                kept = match remove_unused(&folder) {
                    Ok(true) => kept,
                    Ok(false) => Err(io::Error::new(io::ErrorKind::ResourceBusy, said)),
                    Err(error) => Err(error),
                };
            }
        }
        kept.map(|()| any)
    }

    /// Removes copies that have not been used for long, or the longest unused where all take too much room. Looks at most
    /// once a day. What cannot be removed stays.
    pub fn sweep(&self) {
        let mark = self.folder.join("swept");
        let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        let age = |path: &Path| written(path).and_then(|time| SystemTime::now().duration_since(time).ok());
        if age(&mark).is_some_and(|age| age < SWEEP) || fs::write(&mark, "").is_err() {
            return;
        }
        let mut copies: Vec<_> = self.folders().map(|folder| (written(&folder.join("root")), folder)).collect();
        copies.sort_by(|one, other| other.cmp(one));
        let mut total: u64 = 0;
        for (_, folder) in copies {
            total = total.saturating_add(size(&folder));
            if total > self.limits.total || age(&folder.join("root")).is_none_or(|age| age > self.limits.age) {
                let _ = remove_unused(&folder);
            }
        }
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        let is_name = |name: &str| name.len() == 32 && name.chars().all(|char| char.is_ascii_hexdigit());
        entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_name)).map(|entry| entry.path())
    }
}

/// The name of a project's folder among the copies.
fn name(root: &Path) -> String {
    let hash = home::hexadecimal(&Sha256::digest(root.as_os_str().as_encoded_bytes()));
    hash.get(..32).unwrap_or_default().to_owned()
}

/// The lock of a copy, if nobody holds it.
fn try_lock(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join("lock");
    let file = match File::options().create(true).truncate(false).write(true).open(&path) {
        // It was removed just now.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(folder)?;
            return Ok(None);
        }
        file => file?,
    };
    match file.try_lock() {
        Ok(()) if is_there(&file, &path) => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a path still names a file that is open.
fn is_there(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |found: &fs::Metadata| (found.dev(), found.ino());
        matches!((file.metadata(), fs::metadata(path)), (Ok(one), Ok(other)) if id(&one) == id(&other))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Removes a copy that nobody uses; `false` if somebody does.
fn remove_unused(folder: &Path) -> io::Result<bool> {
    match try_lock(folder)? {
        Some(_lock) => {
            clear(folder)?;
            remove_file(&folder.join("root"))?;
            remove_file(&folder.join("lock"))?;
            fs::remove_dir(folder).map(|()| true)
        }
        None => Ok(false),
    }
}

/// Removes all of a copy but its name and its lock.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == "lock" || entry.file_name() == "root" {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_folder(&path)?;
        } else {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes a folder, if it is there. Cargo, git and tests make files and folders that are not to be written.
fn remove_folder(path: &Path) -> io::Result<()> {
    if !tree::is_folder(path) || fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    make_writable(path);
    fs::remove_dir_all(path)
}

/// Writes a file of our own beside a copy. What a build has put there, such as a link, goes first.
fn write_anew(path: &Path, contents: &[u8]) -> io::Result<()> {
    remove_file(path)?;
    fs::write(path, contents)
}

/// The file that says which dependencies were copied.
fn mark_name(inside: &str) -> String {
    format!("{}.copied", inside.replace('/', "-"))
}

/// Lets the owner write in all folders below one.
fn make_writable(folder: &Path) {
    #[cfg(unix)]
    {
        // Behind a link lies something else's.
        let mut folders: Vec<_> = tree::is_folder(folder).then(|| folder.to_owned()).into_iter().collect();
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700));
            let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
            folders.extend(
                entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
            );
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let (mut size, mut folders) = (0_u64, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => size = size.saturating_add(found.len()),
                Err(_) => {}
            }
        }
    }
    size
}

/// Tells a copying thread that nobody waits for it.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn failed((path, error): (PathBuf, io::Error)) -> ShadowError {
    ShadowError::Io { path, reason: error.to_string().trim_end_matches('.').to_owned() }
}

fn refused(refused: Refused, root: &Path, bounds: Bounds) -> ShadowError {
    let root = root.to_owned();
    match refused {
        Refused::TooLarge(bytes) => ShadowError::TooLarge { root, bytes, limit: bounds.bytes },
        Refused::TooManyFiles => ShadowError::TooManyFiles { root, limit: bounds.files },
        Refused::Io(path, error) => failed((path, error)),
    }
}

/// Brings the copy up to date. Nothing is written before it is known that all can be copied.
fn copy(
    lock: File,
    folder: PathBuf,
    project: Project,
    programs: Programs,
    limits: ShadowLimits,
    stop: &AtomicBool,
) -> Result<Shadow, ShadowError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| failed((path, error))
    };
    let bounds = Bounds { bytes: limits.bytes, files: limits.files };
    // A process that was killed with a build running leaves it to the next.
    build::kill_marked(&folder);
    let own: &[&str] = if project.tool == BuildTool::Mix { &MIX_OWN } else { &[] };
    let root = &project.root;
    // Where copies lie in a project, they are none of it.
    let besides: Vec<&Path> = own.iter().map(Path::new).chain(folder.parent()).collect();
    let source = Source::of_project(root, &besides, bounds).map_err(|reason| refused(reason, root, bounds))?;
    if let Some(outside) = outside::outside(project.tool, &source) {
        let outside::Outside { name, path, manifest } = outside;
        return Err(ShadowError::OutsideDependency { root: root.clone(), name, path, manifest });
    }
    let mut dependencies = Vec::new();
    let folders = dependency_folders(&project);
    for inside in folders.iter().filter_map(|folder| folder.to_str()) {
        if !source.folders.contains(inside) && root.join(inside).is_dir() {
            let all = Source::of_all(&root.join(inside), bounds).map_err(|reason| refused(reason, root, bounds))?;
            let mark = dependencies_mark(root, &all);
            let marked = folder.join(mark_name(inside));
            if fs::read_to_string(&marked).is_ok_and(|found| found == mark) && folder.join("tree").join(inside).is_dir()
            {
                continue;
            }
            dependencies.push((inside, all, marked, mark));
        }
    }

    #[cfg(unix)]
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(at(&folder))?;
    // Written at each opening: its time says when the copy was used last.
    write_anew(&folder.join("root"), root.to_string_lossy().as_bytes()).map_err(at(&folder))?;
    if !tree::is_folder(&folder.join("tree")) {
        // What was built of another copy than the one that is made now would count as newer than it.
        remove_folder(&folder.join("target")).map_err(at(&folder))?;
    }
    for name in ["target", "home", "cargo", "tmp"] {
        let path = folder.join(name);
        if name == "tmp" && path.exists() {
            make_writable(&path);
            fs::remove_dir_all(&path).map_err(at(&path))?;
        }
        make_folder(&path).map_err(at(&path))?;
    }
    let seconds = project.tool == BuildTool::Mix;
    let tree = folder.join("tree");
    let kept: Vec<&Path> = own.iter().map(Path::new).chain(folders.iter().map(PathBuf::as_path)).collect();
    let present = Source::present(&tree, &kept);
    let mut tree = Tree::open(tree, folder.join("tree.manifest"), seconds).map_err(at(&folder))?;
    tree.follow(&source, present, stop).map_err(failed)?;
    for (inside, all, marked, mark) in dependencies {
        let to = tree.root.join(inside);
        to.parent().map_or(Ok(()), home::make_folders).map_err(at(&to))?;
        let manifest = marked.with_extension("manifest");
        let mut copy = Tree::open(to.clone(), manifest, seconds).map_err(at(&to))?;
        let present = Source::present(&to, &[]);
        copy.clock = tree.clock;
        copy.follow(&all, present, stop).map_err(failed)?;
        copy.close().map_err(at(&to))?;
        write_anew(&marked, mark.as_bytes()).map_err(at(&marked))?;
        tree.clock = copy.clock;
    }
    let toolchain = match project.tool {
        BuildTool::Cargo => {
            home::follow_cargo(&folder.join("cargo"), root, &folder, &programs).map_err(failed)?;
            home::toolchain(root, &programs)
        }
        BuildTool::Mix => {
            let mix = folder.join("home/.mix");
            make_folder(&mix).map_err(at(&mix))?;
            home::follow_mix(&mix, &programs, bounds).map_err(failed)?;
            None
        }
    };
    let has_wrapper = project.tool == BuildTool::Cargo && home::has_wrapper(root, &programs);
    Ok(Shadow {
        folder,
        project,
        programs,
        limits,
        toolchain,
        has_wrapper,
        tree,
        written: BTreeMap::new(),
        spoilt: false,
        _lock: lock,
    })
}

/// The folders of dependencies that are copied though git ignores them, relative to a project's root.
fn dependency_folders(project: &Project) -> Vec<PathBuf> {
    match project.tool {
        BuildTool::Mix => vec![PathBuf::from("deps")],
        BuildTool::Cargo => outside::vendored(&project.root),
    }
}

/// Changes when dependencies do, or the lock file.
fn dependencies_mark(root: &Path, all: &Source) -> String {
    let mut hash = Sha256::new();
    for lock in ["mix.lock", "Cargo.lock"] {
        hash.update(fs::read(root.join(lock)).unwrap_or_default());
    }
    for (name, stamp) in &all.files {
        hash.update(format!("{name}\0{} {}\n", stamp.size, stamp.time));
    }
    home::hexadecimal(&hash.finalize())
}

impl Shadow {
    /// Whose copy it is.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The folder in which programs run.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree.root
    }

    /// Puts texts in place of those on disk, unsaved or proposed ones, by their paths relative to the project's root, with
    /// `/`. The next [`Shadows::open`] undoes it, or [`Shadow::reset`].
    ///
    /// # Errors
    /// See [`ShadowError`].
    pub fn write(&mut self, files: &[(String, String)]) -> Result<(), ShadowError> {
        if let Some((path, _)) = files.iter().find(|(path, _)| !is_inner(path)) {
            return Err(ShadowError::NoPath { path: path.clone() });
        }
        self.is_whole()?;
        for folder in dependency_folders(&self.project) {
            // They are looked at again, too.
            if let Some(inside) =
                folder.to_str().filter(|_| files.iter().any(|(path, _)| Path::new(path).starts_with(&folder)))
            {
                let mark = self.folder.join(mark_name(inside));
                remove_file(&mark).map_err(|error| failed((mark, error)))?;
            }
        }
        for (path, text) in files {
            // Noted first: where writing fails midway, it is undone too.
            self.written.insert(path.clone(), text.clone());
            self.tree.write(path, text).map_err(|error| failed((self.tree.root.join(path), error)))?;
        }
        Ok(())
    }

    /// Makes what was written what it is on disk again.
    ///
    /// # Errors
    /// See [`ShadowError`].
    pub fn reset(&mut self) -> Result<(), ShadowError> {
        self.is_whole()?;
        while let Some(path) = self.written.keys().next().cloned() {
            let restored = self.tree.restore(&self.project.root, &path);
            restored.map_err(|error| failed((self.tree.root.join(&path), error)))?;
            self.written.remove(&path);
        }
        Ok(())
    }

    /// Undoes what builds and tests did to the sources meanwhile.
    pub(crate) fn mend(&mut self) -> Result<(), ShadowError> {
        let written: Vec<&str> = self.written.keys().map(String::as_str).collect();
        self.tree.mend(&self.project.root, &written).map_err(failed)?;
        for (path, text) in &self.written {
            self.tree.write(path, text).map_err(|error| failed((self.tree.root.join(path), error)))?;
        }
        Ok(())
    }

    /// Builds tell a file's times apart only by what their clock shows.
    pub(crate) async fn wait_for_clock(&self) {
        if let Ok(rest) = self.tree.clock.latest.duration_since(SystemTime::now()) {
            // It is never more, unless somebody sets the clock back.
            tokio::time::sleep(rest.min(Duration::from_secs(1))).await;
        }
    }

    /// A build begins.
    pub(crate) fn builds(&mut self) {
        self.tree.clock.builds = true;
    }

    /// A build has ended, whichever way.
    pub(crate) fn has_built(&mut self) {
        self.tree.clock.builds = false;
        self.tree.clock.built = SystemTime::now();
    }

    /// A build has filled the disk: all that it may have written goes.
    pub(crate) fn spoil(&mut self) {
        self.spoilt = true;
        let _ = clear(&self.folder);
    }

    /// Whether a build can run in it.
    pub(crate) fn is_whole(&self) -> Result<(), ShadowError> {
        if self.spoilt {
            let reason = "the build before has filled the disk, and all was removed".to_owned();
            return Err(ShadowError::Io { path: self.tree.root.clone(), reason });
        }
        if !tree::is_folder(&self.tree.root) {
            let reason = "a build has put something else in its place; try again".to_owned();
            return Err(ShadowError::Io { path: self.tree.root.clone(), reason });
        }
        Ok(())
    }

    /// The variables that programs see in the copy.
    pub(crate) fn variables(&self) -> Vec<(&'static str, OsString)> {
        let inside = |name: &str| self.folder.join(name).into_os_string();
        let mut variables: Vec<(&'static str, OsString)> = Vec::new();
        for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_DATA_HOME"] {
            variables.push((name, inside("home")));
        }
        for name in ["TMPDIR", "TMP", "TEMP"] {
            variables.push((name, inside("tmp")));
        }
        // Version managers, which would look for their folders in the home.
        let managers = [("RUSTUP_HOME", ".rustup"), ("ASDF_DATA_DIR", ".asdf"), ("MISE_DATA_DIR", ".local/share/mise")];
        for (variable, usual) in managers {
            variables.extend(home::user_folder(&self.programs, variable, usual).map(|at| (variable, at.into())));
        }
        variables.push(("MISE_TRUSTED_CONFIG_PATHS", inside("tree")));
        variables.push(("GIT_CEILING_DIRECTORIES", self.folder.clone().into()));
        variables.push(("GIT_TERMINAL_PROMPT", "0".into()));
        match self.project.tool {
            BuildTool::Cargo => {
                variables.push(("CARGO_HOME", inside("cargo")));
                variables.push(("CARGO_TARGET_DIR", inside("target")));
                variables.push(("CARGO_BUILD_BUILD_DIR", inside("target")));
                variables.push(("CARGO_NET_OFFLINE", "true".into()));
                variables.push(("CARGO_TERM_COLOR", "never".into()));
                if self.has_wrapper {
                    // A compiler's cache may be a program that outlives the run. Said only where there is one: then cargo
                    // asks rustc each time who it is.
                    variables.push(("RUSTC_WRAPPER", "".into()));
                }
                variables.push(("RUSTUP_AUTO_INSTALL", "0".into()));
                variables.push(("RUST_BACKTRACE", "0".into()));
                variables.extend(self.toolchain.iter().map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain.into())));
            }
            BuildTool::Mix => {
                variables.push(("MIX_HOME", inside("home/.mix")));
                // Whatever a project says of them: other copies lie beside this one.
                variables.push(("MIX_BUILD_PATH", inside("tree/_build/test")));
                variables.push(("MIX_DEPS_PATH", inside("tree/deps")));
                variables.push(("HEX_HOME", inside("home/.hex")));
                variables.push(("HEX_OFFLINE", "1".into()));
                variables.push(("MIX_ENV", "test".into()));
                variables.push(("ERL_CRASH_DUMP_SECONDS", "0".into()));
                variables.push(("REBAR_CACHE_DIR", inside("home")));
            }
        }
        variables
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        if self.spoilt {
            let _ = clear(&self.folder);
        } else {
            if self.tree.clock.builds {
                self.has_built();
            }
            // Without it, the next opening compares contents.
            let _ = self.tree.close();
        }
    }
}
