//! Workspaces: where one begins, for the command line, which no editor tells; and the index of its files.

mod admission;
mod cache;
mod dependencies;
pub mod git;
mod history;
mod index;
pub mod index_file;
mod locks;
mod read;
mod texts;
mod walk;
mod watch;

use std::path::{Path, PathBuf};

pub use index::{OnProgress, OnSettled, Options, Phase, WorkspaceIndex};

/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

/// The top folder of the workspace that holds a file or folder: the nearest above it with `.aiex.toml`, else with
/// `.git`, else with a project's file; else the folder itself.
pub fn root_of(path: &Path) -> PathBuf {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = if path.is_dir() { &*path } else { path.parent().unwrap_or(Path::new(".")) };
    let nearest =
        |marks: &[&str]| folder.ancestors().find(|folder| marks.iter().any(|mark| folder.join(mark).exists()));
    let root = nearest(&[".aiex.toml"]).or_else(|| nearest(&[".git"])).or_else(|| nearest(&["mix.exs", "Cargo.toml"]));
    root.unwrap_or(folder).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_begins_at_the_strongest_mark() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let app = top.join("apps/one");
        std::fs::create_dir_all(app.join("lib")).unwrap();
        std::fs::write(app.join("mix.exs"), "").unwrap();
        std::fs::write(app.join("lib/a.ex"), "").unwrap();
        assert_eq!(root_of(&app.join("lib/a.ex")), app);
        std::fs::write(top.join(".aiex.toml"), "").unwrap();
        assert_eq!(root_of(&app.join("lib/a.ex")), top);
    }
}
