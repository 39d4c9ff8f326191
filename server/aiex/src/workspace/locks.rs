//! What `mix.lock` and `Cargo.lock` say: which versions of others' packages a workspace is built with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A package that a workspace depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// In the words of its package manager.
    pub name: String,
    /// `None` for one that comes from a git repository.
    pub version: Option<String>,
    /// Who manages it.
    pub manager: Manager,
}

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Elixir's, whose packages are in the workspace's `deps/`.
    Mix,
    /// Rust's, whose packages are in its own home folder.
    Cargo,
}

/// The packages of a `mix.lock`, by name. What is not understood is passed over.
pub fn mix(lock: &str) -> BTreeMap<String, Locked> {
    lock.lines().filter_map(mix_package).map(|package| (package.name.clone(), package)).collect()
}

/// `"jason": {:hex, :jason, "1.4.4", "…", [:mix], [], "hexpm", "…"},`
fn mix_package(line: &str) -> Option<Locked> {
    let (name, rest) = line.trim().strip_prefix('"')?.split_once("\":")?;
    let rest = rest.trim_start().strip_prefix('{')?;
    let version = match rest.strip_prefix(":hex,") {
        Some(hex) => Some(hex.split('"').nth(1)?.to_owned()),
        None => rest.starts_with(":git,").then_some(None)?,
    };
    let is_plain = version.as_deref().is_none_or(is_plain);
    (is_plain && self::is_plain(name)).then(|| Locked { name: name.to_owned(), version, manager: Manager::Mix })
}

#[derive(Deserialize)]
struct CargoLock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The packages of a `Cargo.lock` that come from a registry, by name. Of several versions of one name it is the one that
/// the workspace's own packages name, else the newest.
pub fn cargo(lock: &str) -> BTreeMap<String, Locked> {
    let Ok(lock) = toml::from_str::<CargoLock>(lock) else { return BTreeMap::new() };
    let own = lock.package.iter().filter(|package| package.source.is_none());
    // `syn` where there is one version, `syn 2.0.1` where there are more.
    let named: BTreeMap<&str, &str> = own
        .flat_map(|package| &package.dependencies)
        .filter_map(|dependency| {
            let mut words = dependency.split(' ');
            Some((words.next()?, words.next()?))
        })
        .collect();
    let mut packages = BTreeMap::<String, Locked>::new();
    for package in &lock.package {
        let is_registry = package
            .source
            .as_deref()
            .is_some_and(|source| source.starts_with("registry+") || source.starts_with("sparse+"));
        if !is_registry || !is_plain(&package.name) || !is_plain(&package.version) {
            continue;
        }
        let rank = |version: &str| (named.get(&*package.name) == Some(&version), parts(version));
        let is_better =
            |held: &Locked| held.version.as_deref().is_none_or(|version| rank(&package.version) > rank(version));
        if packages.get(&package.name).is_none_or(is_better) {
            let version = Some(package.version.clone());
            let locked = Locked { name: package.name.clone(), version, manager: Manager::Cargo };
            packages.insert(package.name.clone(), locked);
        }
    }
    packages
}

/// The numbers of a version; a pre-release comes before its release.
fn parts(version: &str) -> (Vec<u64>, bool) {
    let version = version.split('+').next().unwrap_or_default();
    let (numbers, is_release) = match version.split_once('-') {
        Some((numbers, _)) => (numbers, false),
        None => (version, true),
    };
    (numbers.split('.').map(|part| part.parse().unwrap_or_default()).collect(), is_release)
}

/// Whether it may be part of a path: a lock file is anybody's.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('.')
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+'))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(packages: &BTreeMap<String, Locked>, expect: Expect) {
        let lines = packages.values().map(|one| format!("{} {}\n", one.name, one.version.as_deref().unwrap_or("git")));
        expect.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn packages_of_mix() {
        check(
            &mix(r#"%{
  "jason": {:hex, :jason, "1.4.4", "b922", [:mix], [{:decimal, "~> 1.0", [hex: :decimal]}], "hexpm", "c5eb"},
  "heroicons": {:git, "https://github.com/x/heroicons.git", "88ab3a", [tag: "v2.1.1"]},
  "../../etc": {:hex, :etc, "1.0.0", "b922"},
  "odd": {:hex, :odd, "../1"},
  "path": {:path, "x"},
  broken
}"#),
            expect![[r#"
                heroicons git
                jason 1.4.4
            "#]],
        );
        check(&mix(""), expect![[""]]);
    }

    #[test]
    fn packages_of_cargo() {
        check(
            &cargo(
                r#"
version = 4
[[package]]
name = "shop"
version = "0.1.0"
dependencies = ["syn 1.0.109", "rand"]
[[package]]
name = "syn"
version = "2.0.1"
source = "registry+https://example.org/index"
[[package]]
name = "syn"
version = "1.0.109"
source = "registry+https://example.org/index"
[[package]]
name = "rand"
version = "0.9.1"
source = "sparse+https://example.org/"
[[package]]
name = "rand"
version = "0.10.0-rc.1"
source = "sparse+https://example.org/"
[[package]]
name = "rand"
version = "0.10.0"
source = "sparse+https://example.org/"
[[package]]
name = "forked"
version = "1.0.0"
source = "git+https://example.org/x#88"
[[package]]
name = "../x"
version = "1.0.0"
source = "registry+https://example.org/index"
"#,
            ),
            expect![[r#"
                rand 0.10.0
                syn 1.0.109
            "#]],
        );
        check(&cargo("[[package"), expect![[""]]);
    }
}
