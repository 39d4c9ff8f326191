//! [`unified`]: what changed in a file, as a diff that `git apply` and `patch -p1` take.

use std::fmt::Write as _;

use imara_diff::{Algorithm, Diff, InternedInput};

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The change of a file from `before` to `after`, as a unified diff in the form of git; empty where nothing changed.
/// Paths are relative to the top, with `/`; `None` for the side on which there is no such file.
pub fn unified(path_before: Option<&str>, path_after: Option<&str>, before: &str, after: &str) -> String {
    let Some(path) = path_after.or(path_before).filter(|_| path_before != path_after || before != after) else {
        return String::new();
    };
    let (old, new) = (path_before.unwrap_or(path), path_after.unwrap_or(path));
    let mut diff = format!("diff --git {} {}\n", quoted("a/", old), quoted("b/", new));
    match (path_before, path_after) {
        (None, _) => diff.push_str("new file mode 100644\n"),
        (_, None) => diff.push_str("deleted file mode 100644\n"),
        _ if old != new => {
            let _ = write!(diff, "rename from {}\nrename to {}\n", quoted("", old), quoted("", new));
        }
        _ => {}
    }
    if before == after {
        // The short name that git gives to nothing; without it, `patch` takes an empty file that goes for one that came.
        match (path_before, path_after) {
            (None, _) => diff.push_str("index 0000000..e69de29\n"),
            (_, None) => diff.push_str("index e69de29..0000000\n"),
            _ => {}
        }
        return diff;
    }
    let side = |prefix, path: Option<&str>| match path.map(|path| quoted(prefix, path)) {
        None => "/dev/null".to_owned(),
        // Without the tab, `patch` takes what follows a space for a date.
        Some(path) if path.contains(' ') => format!("{path}\t"),
        Some(path) => path,
    };
    let _ = write!(diff, "--- {}\n+++ {}\n", side("a/", path_before), side("b/", path_after));
    hunks(&mut diff, before, after);
    diff
}

/// A path as git quotes it.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.contains(|char: char| char.is_ascii_control() || matches!(char, '"' | '\\')) {
        return format!("{prefix}{path}");
    }
    let inside = path.chars().fold(String::new(), |mut inside, char| {
        let _ = match char {
            '"' | '\\' => write!(inside, "\\{char}"),
            _ if char.is_ascii_control() => write!(inside, "\\{:03o}", u32::from(char)),
            _ => write!(inside, "{char}"),
        };
        inside
    });
    format!("\"{prefix}{inside}\"")
}

/// Lines of the text before and after, half-open, from 0.
struct Change {
    before: std::ops::Range<usize>,
    after: std::ops::Range<usize>,
}

fn hunks(diff: &mut String, before: &str, after: &str) {
    let (old, new): (Vec<_>, Vec<_>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut found = Diff::compute(Algorithm::Histogram, &input);
    found.postprocess_lines(&input);
    let range = |range: std::ops::Range<u32>| range.start as usize..range.end as usize;
    let changes: Vec<_> =
        found.hunks().map(|hunk| Change { before: range(hunk.before), after: range(hunk.after) }).collect();
    let near = |one: &Change, next: &Change| next.before.start <= one.before.end + 2 * CONTEXT;
    for group in changes.chunk_by(near) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let lead = first.before.start.min(CONTEXT);
        let tail = (old.len() - last.before.end).min(CONTEXT);
        let (from, to) = (first.before.start - lead, last.before.end + tail);
        let from_after = first.after.start - lead;
        let _ = writeln!(diff, "@@ -{} +{} @@", span(from, to), span(from_after, last.after.end + tail));
        let mut at = from;
        for change in group {
            lines(diff, ' ', old.get(at..change.before.start));
            lines(diff, '-', old.get(change.before.clone()));
            lines(diff, '+', new.get(change.after.clone()));
            at = change.before.end;
        }
        lines(diff, ' ', old.get(at..to));
    }
}

/// The first line, from 1, and how many. Of none: the line before.
fn span(from: usize, to: usize) -> String {
    let count = to.saturating_sub(from);
    format!("{},{count}", if count == 0 { from } else { from + 1 })
}

fn lines(diff: &mut String, mark: char, lines: Option<&[&str]>) {
    for line in lines.unwrap_or_default() {
        diff.push(mark);
        diff.push_str(line);
        if !line.ends_with('\n') {
            diff.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write as _,
        path::Path,
        process::{Command, Stdio},
    };

    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(before: &str, after: &str, expect: Expect) {
        expect.assert_eq(&unified(Some("lib/a.ex"), Some("lib/a.ex"), before, after));
    }

    #[test]
    fn changes_near_each_other_are_one_hunk() {
        let lines = |changed: &[usize]| {
            (1..=20)
                .map(|n| if changed.contains(&n) { format!("{n}!\n") } else { format!("{n}\n") })
                .collect::<String>()
        };
        check(
            &lines(&[]),
            &lines(&[2, 8, 17]),
            expect![[r#"
                diff --git a/lib/a.ex b/lib/a.ex
                --- a/lib/a.ex
                +++ b/lib/a.ex
                @@ -1,11 +1,11 @@
                 1
                -2
                +2!
                 3
                 4
                 5
                 6
                 7
                -8
                +8!
                 9
                 10
                 11
                @@ -14,7 +14,7 @@
                 14
                 15
                 16
                -17
                +17!
                 18
                 19
                 20
            "#]],
        );
        check("a\n", "a\n", expect![""]);
    }

    #[test]
    fn an_end_without_a_newline_is_said() {
        check(
            "a\nb",
            "a\nb\n",
            expect![[r#"
                diff --git a/lib/a.ex b/lib/a.ex
                --- a/lib/a.ex
                +++ b/lib/a.ex
                @@ -1,2 +1,2 @@
                 a
                -b
                \ No newline at end of file
                +b
            "#]],
        );
    }

    /// Applies a diff in a folder by git and by patch, where there is one, and returns what each made of the file.
    fn applied(before: Option<(&str, &str)>, after: &str, diff: &str) -> Vec<Option<String>> {
        let tools: [&[&str]; 2] = [&["git", "apply", "--whitespace=nowarn"], &["patch", "-p1", "--binary", "--quiet"]];
        let mut made = Vec::new();
        for tool in tools {
            let folder = tempfile::tempdir().unwrap();
            if let Some((path, text)) = before {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let mut command = Command::new(tool[0]);
            command.args(&tool[1..]).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
            command.env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap());
            let Ok(mut child) = command.spawn() else { continue };
            child.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{tool:?}\n{diff}");
            made.push(fs::read_to_string(folder.path().join(after)).ok());
            let files = |folder: &Path| walk(folder);
            assert!(files(folder.path()) <= 1, "{tool:?} left something behind");
        }
        assert!(!made.is_empty(), "neither git nor patch is on PATH");
        made
    }

    fn walk(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
    }

    #[track_caller]
    fn check_applied(before: Option<(&str, &str)>, after: Option<(&str, &str)>) {
        let text = |side: Option<(&str, &str)>| side.map(|(_, text)| text.to_owned());
        let diff = unified(
            before.map(|(path, _)| path),
            after.map(|(path, _)| path),
            &text(before).unwrap_or_default(),
            &text(after).unwrap_or_default(),
        );
        let path = after.or(before).unwrap().0;
        for made in applied(before, path, &diff) {
            assert_eq!(made, text(after), "{diff}");
        }
    }

    #[test]
    fn real_tools_apply_what_is_printed() {
        let long: String = (0..40).map(|n| format!("line {n}\n")).collect();
        for (before, after) in [
            ("a\nb\n", "a\nc\n"),
            ("a\nb", "a\nb\n"),
            ("a\nb\n", "a\nb"),
            ("a\nb", "c\nb"),
            ("", "a"),
            ("a\n", ""),
            ("a\r\nb\r\n", "a\nb\r\n"),
            ("é\u{2028}\u{c}\n", "è\u{2028}\rx\n"),
            ("-- a\n", "++ b\n"),
            (&*long, &*long.replace("line 1", "Line 1")),
        ] {
            check_applied(Some(("lib/a b.ex", before)), Some(("lib/a b.ex", after)));
        }
        check_applied(None, Some(("lib/new.ex", "a\nb")));
        check_applied(None, Some(("lib/new.ex", "a\n")));
        check_applied(Some(("lib/old.ex", "a\nb")), None);
        check_applied(None, Some(("empty.ex", "")));
        check_applied(Some(("empty.ex", "")), None);
        check_applied(Some(("a.ex", "a\n")), Some(("b.ex", "a\n")));
        check_applied(Some(("lib/a.ex", "a\nb\nc\n")), Some(("lib/b.ex", "a\nx\nc\n")));
        for odd in ["größe.ex", "a\"b.ex", "a\\b.ex", "a\tb.ex", "-a.ex"] {
            check_applied(Some((odd, "a\n")), Some((odd, "b\n")));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn real_tools_apply_any_change(before in "([ab\r]?\n?){0,20}", after in "([ab\r]?\n?){0,20}") {
            if before != after {
                check_applied(Some(("a.txt", &before)), Some(("a.txt", &after)));
            }
        }
    }
}
