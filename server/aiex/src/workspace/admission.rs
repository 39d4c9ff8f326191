//! Which folders are indexed at all: a project, not a whole disk.

use std::path::{Path, PathBuf};

/// Files and folders that only the top of a project, or of a part of one, holds.
pub const MARKS: [&str; 17] = [
    ".aiex.toml",
    ".git",
    ".hg",
    ".jj",
    "mix.exs",
    "Cargo.toml",
    "rebar.config",
    "gleam.toml",
    "package.json",
    "pyproject.toml",
    "go.mod",
    "Gemfile",
    "pom.xml",
    "build.gradle",
    "CMakeLists.txt",
    "Makefile",
    "flake.nix",
];

/// The most sources, and the most other texts, that a folder without a project's mark may hold.
pub const MOST_UNMARKED: usize = 2_000;
/// The most files and folders of any kind that it may hold.
pub const MOST_UNMARKED_ENTRIES: usize = 20_000;

/// Why a folder is not indexed, as a sentence for its user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("{} is not indexed: it is no folder that can be read", .0.display())]
    NoFolder(PathBuf),
    /// The top of a file system.
    #[error("{} is not indexed: it is the top of the file system; open the folder of a project", .0.display())]
    Top(PathBuf),
    /// The home folder, or one that holds it.
    #[error("{} is not indexed: it is or holds the home folder; open the folder of a project", .0.display())]
    Home(PathBuf),
    /// Large, and nothing says that it is a project.
    #[error(
        "{} is not indexed: it has more than {MOST_UNMARKED} sources or {MOST_UNMARKED_ENTRIES} files, and none of the marks of a project (such as .git, mix.exs or Cargo.toml); open the folder of a project, or put an empty .aiex.toml here",
        .0.display()
    )]
    Unmarked(PathBuf),
}

/// A folder that may be indexed.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Without links.
    pub root: PathBuf,
    /// Whether it has a project's mark; else only up to [`MOST_UNMARKED`] files are.
    pub is_marked: bool,
}

/// Whether a folder may be indexed. `home` is the user's.
pub fn admit(root: &Path, home: Option<&Path>) -> Result<Admitted, Refused> {
    let root = root.canonicalize().ok().filter(|root| root.is_dir()).ok_or_else(|| Refused::NoFolder(root.into()))?;
    if root.parent().is_none() {
        return Err(Refused::Top(root));
    }
    if home.and_then(|home| home.canonicalize().ok()).is_some_and(|home| home.starts_with(&root)) {
        return Err(Refused::Home(root));
    }
    let is_marked = MARKS.iter().any(|mark| root.join(mark).symlink_metadata().is_ok());
    Ok(Admitted { root, is_marked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_and_a_home_are_no_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap().join("home/me");
        std::fs::create_dir_all(home.join("shop/.git")).unwrap();
        std::fs::create_dir_all(home.join("notes")).unwrap();
        let admit = |path: &Path| admit(path, Some(&home)).map(|admitted| admitted.is_marked);
        assert_eq!(admit(Path::new("/")), Err(Refused::Top("/".into())));
        assert_eq!(admit(&home), Err(Refused::Home(home.clone())));
        assert_eq!(admit(home.parent().unwrap()), Err(Refused::Home(home.parent().unwrap().into())));
        assert_eq!(admit(&home.join("shop")), Ok(true));
        assert_eq!(admit(&home.join("notes")), Ok(false));
        assert_eq!(admit(&home.join("gone")), Err(Refused::NoFolder(home.join("gone"))));
        let said = Refused::Home("/home/me".into()).to_string();
        assert_eq!(said, "/home/me is not indexed: it is or holds the home folder; open the folder of a project");
    }
}
