//! Notes of the project for whoever works on it: `AGENTS.md`. Untrusted text of the repository, which switches nothing on.

use std::path::Path;

/// The name that such notes have.
const NAME: &str = "AGENTS.md";
/// No more of a file is read than this, in bytes.
const MOST: u64 = 64 * 1024;

/// A file of notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// Its text, or as much of it as is told.
    pub text: String,
    /// Whether the rest is left out.
    pub is_cut: bool,
}

/// The notes at the top of a workspace and the nearest above a file in it. Files that cannot be read, lie outside by a
/// link, or that `is_private` says must not be sent, are passed over.
pub fn notes(root: &Path, path: &str, is_private: impl Fn(&Path) -> bool) -> Vec<Note> {
    let Ok(root) = root.canonicalize() else { return Vec::new() };
    let mut found = Vec::new();
    let folders = std::iter::successors(path.rsplit_once('/').map(|(folder, _)| folder), |folder| {
        folder.rsplit_once('/').map(|(outer, _)| outer)
    });
    let nearest = folders.map(|folder| format!("{folder}/{NAME}")).find(|name| root.join(name).is_file());
    for name in [Some(NAME.to_owned()), nearest].into_iter().flatten() {
        let Some(file) =
            root.join(&name).canonicalize().ok().filter(|file| file.starts_with(&root) && !is_private(file))
        else {
            continue;
        };
        let is_small = std::fs::metadata(&file).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST);
        let Some(text) = is_small.then(|| std::fs::read_to_string(&file).ok()).flatten() else { continue };
        if !text.trim().is_empty() {
            found.push(Note { path: name, text, is_cut: false });
        }
    }
    found
}

/// As much of the notes as fits into so many tokens, by whole lines, with the tokens of each. Each gets an equal share.
pub(super) fn fitting(notes: &[Note], most: usize, count: &dyn Fn(&str) -> usize) -> Vec<(Note, usize)> {
    // Its heading and fence.
    const AROUND: usize = 16;
    let share = most / notes.len().max(1);
    let mut fitting = Vec::new();
    for note in notes {
        let mut left = share.saturating_sub(AROUND + count(&note.path));
        let mut kept = String::new();
        let mut is_cut = false;
        for line in note.text.trim_end().split_inclusive('\n') {
            let cost = count(line) + 1;
            if cost > left {
                is_cut = true;
                break;
            }
            left -= cost;
            kept.push_str(line);
        }
        if kept.trim().is_empty() {
            continue;
        }
        if is_cut {
            kept.push_str("…\n");
        }
        let tokens = count(&kept) + AROUND + count(&note.path);
        fitting.push((Note { path: note.path.clone(), text: kept, is_cut }, tokens));
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_and_the_nearest_notes_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("apps/web/lib")).unwrap();
        std::fs::write(root.join("AGENTS.md"), "top\n").unwrap();
        std::fs::write(root.join("apps/web/AGENTS.md"), "web\n").unwrap();
        let paths = |path: &str| notes(root, path, |_| false).into_iter().map(|note| note.path).collect::<Vec<_>>();
        assert_eq!(paths("apps/web/lib/a.ex"), ["AGENTS.md", "apps/web/AGENTS.md"]);
        assert_eq!(paths("lib/a.ex"), ["AGENTS.md"]);
        assert_eq!(notes(root, "lib/a.ex", |_| true), []);
    }

    #[cfg(unix)]
    #[test]
    fn notes_do_not_lead_out_of_the_workspace() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.path().join("AGENTS.md")).unwrap();
        assert_eq!(notes(inside.path(), "a.ex", |_| false), []);
    }

    #[test]
    fn long_notes_are_cut_at_a_line() {
        let note = Note { path: "AGENTS.md".into(), text: "one line\n".repeat(50), is_cut: false };
        let words = |text: &str| text.split_whitespace().count();
        let fitting = fitting(&[note], 40, &words);
        let (note, tokens) = &fitting[0];
        assert!(note.is_cut && note.text.ends_with("one line\n…\n") && *tokens <= 40, "{note:?} {tokens}");
    }
}
