//! What programs find in place of the user's home: an own cargo home and an own mix home, with copies of what a project
//! needs of the user's. Credentials are not copied.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use super::{
    scan::{Bounds, Refused, Source, Stamp},
    tree::{Tree, make_folder, remove_file},
};
use crate::program::Programs;

/// A failure and where it was.
type Failure = (PathBuf, io::Error);

/// The user's home, as programs see it.
pub(super) fn user_home(programs: &Programs) -> Option<PathBuf> {
    programs.folder("HOME").or_else(|| programs.folder("USERPROFILE"))
}

/// A folder of the user's by its variable, else by its usual place in the home, where there is one.
pub(super) fn user_folder(programs: &Programs, variable: &str, usual: &str) -> Option<PathBuf> {
    programs.folder(variable).or_else(|| user_home(programs).map(|home| home.join(usual))).filter(|path| path.is_dir())
}

/// Brings a cargo home up to date: the user's configuration, and what the project's `Cargo.lock` names of the registries
/// and repositories that the user's cargo has fetched.
pub(super) fn follow_cargo(home: &Path, root: &Path, shadow: &Path, programs: &Programs) -> Result<(), Failure> {
    let Some(user) = user_folder(programs, "CARGO_HOME", ".cargo") else { return Ok(()) };
    for name in ["config.toml", "config"] {
        // Where the copy lies below the folder of the user's `.cargo`, cargo finds that by itself.
        let is_found = user.ends_with(".cargo") && user.parent().is_some_and(|above| shadow.starts_with(above));
        let text = if is_found { None } else { without_secrets(&user.join(name)) };
        follow_text(text.as_deref().map(str::as_bytes), &home.join(name))?;
    }
    follow_config_above(root, shadow, &user)?;

    let lock = fs::read(root.join("Cargo.lock")).unwrap_or_default();
    let mark = format!("{}\n{}", user.display(), hexadecimal(&Sha256::digest(&lock)));
    let marked = home.join("copied");
    if fs::read_to_string(&marked).is_ok_and(|found| found == mark) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&lock);
    let (names, versions, repositories) = locked(&text.parse().unwrap_or_default());
    let mut is_whole = true;
    for registry in folders(&user.join("registry/cache")) {
        let to = home.join("registry/cache").join(registry.file_name().unwrap_or_default());
        for version in &versions {
            let name = format!("{version}.crate");
            is_whole &= copy_once(&registry.join(&name), &to.join(&name))?;
        }
    }
    for index in folders(&user.join("registry/index")) {
        let to = home.join("registry/index").join(index.file_name().unwrap_or_default());
        copy_once(&index.join("config.json"), &to.join("config.json"))?;
        for name in &names {
            let path = Path::new(".cache").join(index_path(name));
            // It grows with each release.
            follow_file(&index.join(&path), &to.join(&path))?;
        }
    }
    for kind in ["git/db", "git/checkouts"] {
        for repository in folders(&user.join(kind)) {
            let name = repository.file_name().unwrap_or_default();
            let is_named = name
                .to_str()
                .and_then(|name| name.rsplit_once('-'))
                .is_some_and(|(name, _)| repositories.contains(&name.to_lowercase()));
            if is_named {
                copy_all(&repository, &home.join(kind).join(name))?;
            }
        }
    }
    // Where something is missing, it is looked for again: the user may fetch it.
    if is_whole { super::write_anew(&marked, mark.as_bytes()).map_err(|error| (marked, error)) } else { Ok(()) }
}

/// Names, `name-version` and the last names of git addresses, of the packages that are not the project's own.
fn locked(lock: &Table) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let (mut names, mut versions, mut repositories) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let (Some(name), Some(version), Some(source)) = (text("name"), text("version"), text("source")) else {
            continue;
        };
        // They become names of files.
        let is_plain = |text: &str| text.chars().all(|char| char.is_ascii_alphanumeric() || "-_.+".contains(char));
        if let Some(address) = source.strip_prefix("git+") {
            let address = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
            let last = address.rsplit(['/', ':']).next().unwrap_or_default();
            repositories.insert(last.strip_suffix(".git").unwrap_or(last).to_lowercase());
        } else if is_plain(name) && is_plain(version) && !name.starts_with('.') {
            names.insert(name.to_lowercase());
            versions.insert(format!("{name}-{version}"));
        }
    }
    (names, versions, repositories)
}

/// <https://doc.rust-lang.org/cargo/reference/registry-index.html#index-files>
fn index_path(name: &str) -> PathBuf {
    let part = |range: std::ops::Range<usize>| name.get(range).unwrap_or_default().to_owned();
    match name.len() {
        1 => ["1", name].iter().collect(),
        2 => ["2", name].iter().collect(),
        3 => ["3".to_owned(), part(0..1), name.to_owned()].iter().collect(),
        _ => [part(0..2), part(2..4), name.to_owned()].iter().collect(),
    }
}

/// The nearest configuration of cargo above the project, beside the copy, where cargo finds it in the same order.
fn follow_config_above(root: &Path, shadow: &Path, user: &Path) -> Result<(), Failure> {
    let above = root.ancestors().skip(1).map(|folder| folder.join(".cargo")).find(|folder| {
        folder != user && !shadow.starts_with(folder.parent().unwrap_or(folder)) && folder.join("config.toml").is_file()
    });
    let text = above.and_then(|folder| without_secrets(&folder.join("config.toml")));
    follow_text(text.as_deref().map(str::as_bytes), &shadow.join(".cargo/config.toml"))
}

/// Whether a configuration that cargo reads names a program to call in place of rustc.
pub(super) fn has_wrapper(root: &Path, programs: &Programs) -> bool {
    let above = root.ancestors().map(|folder| folder.join(".cargo"));
    let folders = above.chain(user_folder(programs, "CARGO_HOME", ".cargo"));
    let mut files = folders.flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)));
    files.any(|file| {
        let table: Table = fs::read_to_string(file).unwrap_or_default().parse().unwrap_or_default();
        table.get("build").is_some_and(|build| build.get("rustc-wrapper").is_some())
    })
}

/// A configuration of cargo without what it reaches registries with, which a build does not need: nothing is fetched.
fn without_secrets(file: &Path) -> Option<String> {
    let mut table: Table = fs::read_to_string(file).ok()?.parse().ok()?;
    for key in ["registry", "http", "net", "credential-alias", "cargo-new", "install"] {
        table.remove(key);
    }
    for (_, registry) in table.get_mut("registries").and_then(Value::as_table_mut).into_iter().flatten() {
        if let Some(registry) = registry.as_table_mut() {
            registry.retain(|key, _| key == "index" || key == "protocol");
        }
    }
    Some(table.to_string())
}

/// The toolchain that the user has chosen for a folder above the copy's source (`rustup override`, `rust-toolchain.toml`),
/// which rustup does not see from the copy.
pub(super) fn toolchain(root: &Path, programs: &Programs) -> Option<String> {
    let rustup = user_folder(programs, "RUSTUP_HOME", ".rustup")?;
    let settings: Table = fs::read_to_string(rustup.join("settings.toml")).ok()?.parse().ok()?;
    let overrides = settings.get("overrides").and_then(Value::as_table);
    for folder in root.ancestors() {
        let chosen = overrides.and_then(|overrides| overrides.get(folder.to_str()?)).and_then(Value::as_str);
        if let Some(chosen) = chosen {
            return Some(chosen.to_owned());
        }
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let Ok(text) = fs::read_to_string(folder.join(name)) else { continue };
            // The root's own is in the copy.
            if folder == root {
                return None;
            }
            let table = text.parse::<Table>().unwrap_or_default();
            let channel = table.get("toolchain").and_then(|toolchain| toolchain.get("channel")).and_then(Value::as_str);
            return match channel {
                Some(channel) => Some(channel.to_owned()),
                None => {
                    Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains(char::is_whitespace))
                }
            };
        }
    }
    None
}

/// Brings a mix home up to date: archives (Hex is one) and rebar. Not what `~/.hex` holds: a key, and packages that are
/// in the project's `deps` already.
pub(super) fn follow_mix(home: &Path, programs: &Programs, bounds: Bounds) -> Result<(), Failure> {
    let Some(user) = user_folder(programs, "MIX_HOME", ".mix") else { return Ok(()) };
    for name in ["archives", "elixir"] {
        let (from, to) = (user.join(name), home.join(name));
        if from.is_dir() {
            let source = Source::of_all(&from, bounds).map_err(|refused| failure(refused, &from))?;
            let present = Source::present(&to, &[]);
            let mut tree = Tree::open(to.clone(), home.join(format!("{name}.manifest")), false)
                .map_err(|error| (to.clone(), error))?;
            tree.follow(&source, present, &std::sync::atomic::AtomicBool::new(false))?;
            tree.close().map_err(|error| (to, error))?;
        }
    }
    for name in ["rebar", "rebar3"] {
        copy_once(&user.join(name), &home.join(name))?;
    }
    Ok(())
}

fn failure(refused: Refused, at: &Path) -> Failure {
    match refused {
        Refused::Io(path, error) => (path, error),
        Refused::TooLarge(bytes) => {
            (at.to_owned(), io::Error::new(io::ErrorKind::FileTooLarge, format!("it holds {bytes} bytes")))
        }
        Refused::TooManyFiles => {
            (at.to_owned(), io::Error::new(io::ErrorKind::FileTooLarge, "it holds too many files"))
        }
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

/// Makes a folder and those above it, up to one that is there; what a build has put in their place goes.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent()
        && !super::tree::is_folder(above)
    {
        make_folders(above)?;
    }
    make_folder(folder)
}

/// Copies a file whose name tells its contents. Says whether it is there.
fn copy_once(from: &Path, to: &Path) -> Result<bool, Failure> {
    let Ok(source) = fs::metadata(from) else { return Ok(false) };
    if fs::symlink_metadata(to).is_ok_and(|found| found.is_file() && found.len() == source.len()) {
        return Ok(true);
    }
    replace(from, to).map(|()| true).map_err(|error| (from.to_owned(), error))
}

/// Makes a file what another is, or removes it where there is none.
fn follow_file(from: &Path, to: &Path) -> Result<(), Failure> {
    follow_text(fs::read(from).ok().as_deref(), to)
}

/// Gives a file these contents, or removes it.
fn follow_text(contents: Option<&[u8]>, to: &Path) -> Result<(), Failure> {
    let write = |contents: &[u8]| {
        to.parent().map_or(Ok(()), make_folders)?;
        remove_file(to)?;
        fs::write(to, contents)
    };
    let done = match contents {
        Some(contents) if fs::read(to).is_ok_and(|found| found == contents) => Ok(()),
        Some(contents) => write(contents),
        None => remove_file(to).map(drop),
    };
    done.map_err(|error| (to.to_owned(), error))
}

fn replace(from: &Path, to: &Path) -> io::Result<()> {
    to.parent().map_or(Ok(()), make_folders)?;
    remove_file(to)?;
    fs::copy(from, to)?;
    Ok(())
}

/// Copies what a folder lacks of another, or has with another size.
fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    make_folders(to).map_err(|error| (to.to_owned(), error))?;
    let mut left = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = left.pop() {
        let entries = fs::read_dir(&from).map_err(|error| (from.clone(), error))?;
        for entry in entries.filter_map(Result::ok) {
            let (path, copy) = (entry.path(), to.join(entry.file_name()));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    make_folder(&copy).map_err(|error| (copy.clone(), error))?;
                    left.push((path, copy));
                }
                Ok(kind)
                    if kind.is_file() && Stamp::read(&path).map(|s| s.size) != Stamp::read(&copy).map(|s| s.size) =>
                {
                    replace(&path, &copy).map_err(|error| (path, error))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_configuration_goes_without_what_reaches_registries() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let text = r#"
            [build]
            rustflags = ["-Clink-arg=x"]
            [registry]
            token = "secret"
            [registries.own]
            index = "sparse+https://example.org/"
            token = "secret"
            [http]
            proxy = "me:secret@example.org"
            [source.crates-io]
            replace-with = "own"
        "#;
        fs::write(&file, text).unwrap();
        expect![[r#"
            [build]
            rustflags = ["-Clink-arg=x"]

            [registries.own]
            index = "sparse+https://example.org/"

            [source.crates-io]
            replace-with = "own"
        "#]]
        .assert_eq(&without_secrets(&file).unwrap());
        assert_eq!(without_secrets(folder.path()), None);
    }

    #[test]
    fn a_lock_file_names_what_is_copied() {
        let lock = r#"
            version = 4
            [[package]]
            name = "shop"
            version = "0.1.0"
            [[package]]
            name = "Inflector"
            version = "0.11.4"
            source = "registry+https://github.com/rust-lang/crates.io-index"
            [[package]]
            name = "../evil"
            version = "1.0.0"
            source = "registry+https://github.com/rust-lang/crates.io-index"
            [[package]]
            name = "cart"
            version = "1.0.0+build.1"
            source = "git+https://example.org/Team/Cart.git?branch=main#0123456789abcdef"
        "#;
        let (names, versions, repositories) = locked(&lock.parse().unwrap());
        expect![[r#"({"inflector"}, {"Inflector-0.11.4"}, {"cart"})"#]]
            .assert_eq(&format!("{:?}", (names, versions, repositories)));
        let paths = ["a", "ab", "abc", "abcd", "serde_json"].map(|name| index_path(name).display().to_string());
        expect!["1/a 2/ab 3/a/abc ab/cd/abcd se/rd/serde_json"].assert_eq(&paths.join(" "));
    }
}
