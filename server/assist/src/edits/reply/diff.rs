//! Replies in the form of a unified diff: their numbers are not believed, their lines are.

use super::{Hunk, path_in};

/// What a diff changes.
pub(super) struct Diff {
    /// The file that it says to change.
    pub(super) path: Option<String>,
    pub(super) hunks: Vec<Hunk>,
}

/// Whether a text is a unified diff.
pub(super) fn is_diff(text: &str) -> bool {
    let has = |prefix: &str| text.lines().any(|line| line.starts_with(prefix));
    has("@@ ") && (has("+") || has("-"))
}

/// The hunks of a diff: of each, the lines before and the lines after.
pub(super) fn read(text: &str) -> Diff {
    let mut diff = Diff { path: None, hunks: Vec::new() };
    let (mut search, mut replace) = (Vec::new(), Vec::new());
    let finish = |search: &mut Vec<&str>, replace: &mut Vec<&str>, hunks: &mut Vec<Hunk>| {
        let (before, after) = (std::mem::take(search), std::mem::take(replace));
        if before != after {
            hunks.push(Hunk { search: before.join("\n"), replace: after.join("\n") });
        }
    };
    let mut in_hunk = !text.lines().any(|line| line.starts_with("@@"));
    for line in text.lines() {
        if line.starts_with("@@") {
            finish(&mut search, &mut replace, &mut diff.hunks);
            in_hunk = true;
        } else if line.starts_with("--- ") || line.starts_with("+++ ") || line.starts_with("diff ") {
            let named = line.strip_prefix("+++ ").map(|path| path.strip_prefix("b/").unwrap_or(path));
            diff.path = named.and_then(path_in).or(diff.path);
        } else if line.starts_with("\\ ") || !in_hunk {
        } else if let Some(line) = line.strip_prefix('+') {
            replace.push(line);
        } else if let Some(line) = line.strip_prefix('-') {
            search.push(line);
        } else {
            let line = line.strip_prefix(' ').unwrap_or(line);
            search.push(line);
            replace.push(line);
        }
    }
    finish(&mut search, &mut replace, &mut diff.hunks);
    diff
}
