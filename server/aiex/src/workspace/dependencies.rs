//! [`Dependency`]: a package that a workspace depends on, indexed on demand where its source is on disk.
//!
//! Only what it offers is indexed, without its tests, at the version that the lock file names.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use aiex_context::Workspace;

use super::{
    index::lock,
    index_file,
    locks::{self, Locked, Manager},
    read::{self, Stamp},
    walk::{Kind, Limits, Rules},
};
use crate::exclude::Excluded;

/// How much of one dependency is indexed.
const LIMITS: Limits =
    Limits { files: 2_000, texts: 0, bytes: 8 * 1024 * 1024, file_bytes: 1024 * 1024, entries: 20_000 };
/// The largest lock file that is read, in bytes.
const MOST_BYTES_OF_LOCK: u64 = 8 * 1024 * 1024;
/// How many dependencies are kept.
const MOST_KEPT: usize = 24;

/// A package that a workspace depends on.
pub struct Dependency {
    /// Which.
    pub package: Locked,
    workspace: Mutex<Workspace>,
    /// Of the texts that are indexed.
    hashes: BTreeMap<Arc<str>, u64>,
    rules: Arc<Rules>,
}

impl Dependency {
    /// Asks its index something. Others wait meanwhile.
    pub fn query<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        work(&mut lock(&self.workspace))
    }

    /// The text of one of its files, as it was indexed; `None` if it is another by now.
    pub fn read(&self, name: &str) -> Option<Arc<str>> {
        let hash = self.hashes.get(name)?;
        let read = read::read(&self.rules.root, name, LIMITS.file_bytes).ok()?;
        (read.hash == *hash).then(|| read.text.into())
    }

    fn index(package: Locked, root: PathBuf, excluded: Excluded) -> Self {
        let rules = Arc::new(Rules::new(root, excluded, LIMITS));
        let (mut workspace, mut hashes) = (Workspace::default(), BTreeMap::new());
        for file in rules.walk(None, &|| true).files {
            let Kind::Source(language) = file.kind else { continue };
            if !is_offered(package.manager, &file.path) {
                continue;
            }
            let Ok(read) = read::read(&rules.root, &file.path, LIMITS.file_bytes) else { continue };
            if let Some(index) = index_file::of_text(&file.path, language, &read.text, || true) {
                workspace.update(&file.path, language, index);
                hashes.insert(file.path, read.hash);
            }
        }
        Self { package, workspace: Mutex::new(workspace), hashes, rules }
    }
}

/// Whether a file is of what a package offers, not of its tests and builds.
fn is_offered(manager: Manager, name: &str) -> bool {
    let folder = name.split_once('/').map(|(folder, _)| folder);
    match manager {
        Manager::Mix => matches!(folder, Some("lib" | "src" | "web")),
        // The manifest may put the library anywhere.
        Manager::Cargo => folder.is_some_and(|folder| !matches!(folder, "tests" | "benches" | "examples" | "fuzz")),
    }
}

type Slot = Arc<OnceLock<Option<Arc<Dependency>>>>;

/// The dependencies of a workspace, each indexed when first asked for.
#[derive(Default)]
pub struct Dependencies {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Of the lock files when they were read; `None` before.
    stamps: Option<[Option<Stamp>; 2]>,
    packages: BTreeMap<String, Locked>,
    indexed: HashMap<String, Slot>,
}

impl Dependencies {
    /// The names of what the lock files name, as code writes them: with `_`. Reads them if they changed.
    pub fn names(&self, root: &Path) -> BTreeSet<String> {
        self.current(root, |held| held.packages.keys().cloned().collect())
    }

    /// A dependency by its name, with `-` or `_`. Blocks while it is indexed for the first time.
    pub fn get(&self, name: &str, rules: &Rules, cargo_home: Option<&Path>) -> Option<Arc<Dependency>> {
        let name = key(name);
        let (package, slot) = self.current(&rules.root, |held| {
            let package = held.packages.get(&name)?.clone();
            if held.indexed.len() >= MOST_KEPT && !held.indexed.contains_key(&name) {
                held.indexed.clear();
            }
            Some((package, held.indexed.entry(name).or_default().clone()))
        })?;
        slot.get_or_init(|| {
            let folder = folder_of(&package, &rules.root, cargo_home)?;
            Some(Arc::new(Dependency::index(package, folder, rules.excluded.clone())))
        })
        .clone()
    }

    fn current<T>(&self, root: &Path, ask: impl FnOnce(&mut Held) -> T) -> T {
        let files = ["mix.lock", "Cargo.lock"];
        let stamp = |name| root.join(name).symlink_metadata().ok().map(|metadata| Stamp::of(&metadata));
        let stamps = files.map(stamp);
        let mut held = lock(&self.held);
        if held.stamps != Some(stamps) {
            let [mix, cargo] = files.map(|name| read::read(root, name, MOST_BYTES_OF_LOCK).ok());
            let packages = mix
                .map(|lock| locks::mix(&lock.text))
                .into_iter()
                .chain(cargo.map(|lock| locks::cargo(&lock.text)))
                .flatten();
            let packages = packages.map(|(name, package)| (key(&name), package)).collect();
            *held = Held { stamps: Some(stamps), packages, indexed: HashMap::new() };
        }
        ask(&mut held)
    }
}

fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// Where a package's source is, if it is there in the locked version.
fn folder_of(package: &Locked, root: &Path, cargo_home: Option<&Path>) -> Option<PathBuf> {
    match (package.manager, &package.version) {
        (Manager::Mix, version) => {
            let folder = within(root, &root.join("deps").join(&package.name))?;
            // What Hex unpacks says its version; a folder of another one is not what the workspace is built with.
            let metadata = read::read(&folder, "hex_metadata.config", MOST_BYTES_OF_LOCK).ok();
            let says = |version: &str| {
                metadata.as_ref().is_none_or(|read| read.text.contains(&format!("<<\"version\">>,<<\"{version}\">>")))
            };
            version.as_deref().is_none_or(says).then_some(folder)
        }
        (Manager::Cargo, Some(version)) => {
            let sources = cargo_home?.join("registry/src");
            let name = format!("{}-{version}", package.name);
            let mut registries: Vec<_> =
                std::fs::read_dir(&sources).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
            registries.sort();
            registries.into_iter().find_map(|registry| within(&sources, &registry.join(&name)))
        }
        (Manager::Cargo, None) => None,
    }
}

/// A folder without links, if that is where it seems to be.
fn within(top: &Path, folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir())?;
    folder.starts_with(top.canonicalize().ok()?).then_some(folder)
}

/// Cargo's home folder: `CARGO_HOME`, else `~/.cargo`.
pub fn cargo_home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(super::home()?.join(".cargo")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(root: &Path, name: &str, contents: &str) {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), contents).unwrap();
    }

    #[test]
    fn dependencies_are_indexed_where_their_locked_version_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let (root, cargo) = (top.join("shop"), top.join("cargo"));
        write(&root, ".gitignore", "/deps\n");
        write(
            &root,
            "mix.lock",
            "%{\n\"jason\": {:hex, :jason, \"1.4.4\", \"x\"},\n\"stale\": {:hex, :stale, \"2.0.0\", \"x\"},\n\"out\": {:git, \"x\", \"y\"},\n}",
        );
        write(&root, "deps/jason/lib/jason.ex", "defmodule Jason do\n  def decode(x), do: x\nend\n");
        write(&root, "deps/jason/test/jason_test.exs", "defmodule JasonTest do\nend\n");
        write(&root, "deps/jason/hex_metadata.config", "{<<\"version\">>,<<\"1.4.4\">>}.");
        write(&root, "deps/stale/lib/stale.ex", "");
        write(&root, "deps/stale/hex_metadata.config", "{<<\"version\">>,<<\"1.0.0\">>}.");
        write(&root, "Cargo.lock", "[[package]]\nname = \"serde-x\"\nversion = \"1.0.1\"\nsource = \"registry+x\"\n");
        write(&cargo, "registry/src/index-1/serde-x-1.0.1/src/lib.rs", "pub fn one() {}\npub fn two() {}\n");
        write(&cargo, "registry/src/index-1/serde-x-1.0.0/src/lib.rs", "");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&cargo, root.join("deps/out")).unwrap();
        let rules = Rules::new(root.clone(), Excluded::default(), Limits::default());
        let dependencies = Dependencies::default();
        let check = |name: &str, expect: &[(&str, usize)]| {
            let found = dependencies.get(name, &rules, Some(&cargo));
            let files = found.iter().flat_map(|one| {
                one.query(|workspace| {
                    workspace.files().map(|(path, _, file)| (path.to_owned(), file.len())).collect::<Vec<_>>()
                })
            });
            let expect: Vec<_> = expect.iter().map(|(path, items)| ((*path).to_owned(), *items)).collect();
            assert_eq!(files.collect::<Vec<_>>(), expect, "{name}");
        };
        check("jason", &[("lib/jason.ex", 2)]);
        check("serde_x", &[("src/lib.rs", 2)]);
        check("stale", &[]);
        check("out", &[]);
        check("unknown", &[]);
        let names: Vec<_> = dependencies.names(&root).into_iter().collect();
        assert_eq!(names, ["jason", "out", "serde_x", "stale"]);
        let jason = dependencies.get("jason", &rules, None).unwrap();
        assert!(Arc::ptr_eq(&jason, &dependencies.get("jason", &rules, None).unwrap()));
        assert!(jason.read("lib/jason.ex").unwrap().starts_with("defmodule Jason"));
        write(&root, "deps/jason/lib/jason.ex", "");
        assert_eq!(jason.read("lib/jason.ex"), None);
        write(&root, "mix.lock", "%{\n}");
        check("jason", &[]);
    }
}
