//! The corruption suite: replies of models, good and broken, over the example projects. Each file of `fixtures/replies`
//! is a case; `fixtures/replies/README.md` says how to add one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aiex_assist::{GeneratedTests, Keep, Refusal, Source, Task, TestTask, draft, test_homes};
use aiex_context::{Intent, secrets::Redactor};
use aiex_syntax::{Language, Syntax};
use aiex_text::Text;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A case as its file has it.
struct Case {
    name: String,
    path: PathBuf,
    fields: BTreeMap<String, String>,
    /// What compilers say, for a fix.
    faults: Vec<String>,
    /// What the file is changed by before, in order.
    replaced: Vec<(String, String)>,
    reply: String,
    /// What follows the reply: the change as `-` and `+` lines.
    change: String,
    head: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(top().join("fixtures/replies")).unwrap().display().to_string();
        let (head, rest) = text.split_once("=== reply\n").unwrap_or_else(|| panic!("{name} has no `=== reply`"));
        let (reply, change) = rest.split_once("=== change\n").unwrap_or((rest, ""));
        let lines = head.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(|line| {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{name}: `{line}` is no `key: value`"));
            (key.trim().to_owned(), value.trim().to_owned())
        });
        let lines: Vec<(String, String)> = lines.collect();
        let replaced = lines.iter().filter(|(key, _)| key == "replace").map(|(_, value)| {
            let parts = value.split_once(" ==>");
            let (from, to) = parts.unwrap_or_else(|| panic!("{name}: `{value}` is no `from ==> to`"));
            (unescaped(from), unescaped(to.strip_prefix(' ').unwrap_or(to)))
        });
        let replaced = replaced.collect();
        let faults = lines.iter().filter(|(key, _)| key == "fault").map(|(_, value)| value.clone()).collect();
        let fields: BTreeMap<_, _> = lines.into_iter().collect();
        let known = [
            "intent",
            "file",
            "at",
            "shown",
            "instruction",
            "fault",
            "expect",
            "replace",
            "crlf",
            "redact",
            "unescape",
            "times",
            "home",
            "marked",
        ];
        for key in fields.keys() {
            assert!(known.contains(&key.as_str()), "{name}: there is no field `{key}`; there are {known:?}");
        }
        let mut reply = reply.to_owned();
        if fields.contains_key("unescape") {
            reply = unescaped(&reply);
        }
        if let Some(times) = fields.get("times") {
            let times = times.parse().unwrap_or_else(|_| panic!("{name}: `times: {times}` is no number"));
            reply = repeated(&reply, times);
        }
        Self {
            name,
            path: path.to_owned(),
            fields,
            faults,
            replaced,
            reply,
            change: change.to_owned(),
            head: head.to_owned(),
        }
    }

    fn field(&self, key: &str) -> &str {
        self.fields.get(key).map_or_else(|| panic!("{} has no `{key}:`", self.name), String::as_str)
    }

    fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// A file of the example projects, as the case wants it.
    fn source(&self, file: &str) -> Option<Source> {
        let mut text = fs::read_to_string(top().join("fixtures").join(file)).ok()?;
        for (from, to) in &self.replaced {
            let is_meant = file == self.field("file") && self.field("intent") != "generate-tests";
            assert!(text.contains(from) || !is_meant, "{}: `{from}` is not in {file}", self.name);
            text = text.replacen(from, to, 1);
        }
        if self.has("crlf") {
            text = text.replace('\n', "\r\n");
        }
        let path = file.split_once('/').map_or(file, |(_, path)| path).to_owned();
        Some(Source { path, text: text.into(), cut: None })
    }

    /// What the reply does: the changes, file by file, or the refusal.
    fn run(&self) -> Result<String, Refusal> {
        let file = self.field("file");
        let shown = self.fields.get("shown").map(String::as_str).unwrap_or_default();
        let files = std::iter::once(file).chain(shown.split_whitespace());
        let sources: Vec<Source> = files.filter_map(|file| self.source(file)).collect();
        let path = file.split_once('/').map_or(file, |(_, path)| path);
        let text = sources.iter().find(|source| source.path == path).map(|source| source.text.clone());
        let (target, cursor) = self.target(path, text.as_deref().unwrap_or_default());
        let mut redactor = Redactor::new("k7f3");
        if self.has("redact") {
            for source in &sources {
                redactor.redact(&source.path, 1, &source.text);
            }
        }
        let intent: Intent = self.field("intent").parse().unwrap();
        if intent == Intent::GenerateTests {
            return self.tests(path, text.as_deref().unwrap_or_default(), target, &redactor);
        }
        let mut task = Task::new(intent, path, &sources, target);
        task.cursor = cursor;
        task.instruction = self.fields.get("instruction").map(String::as_str);
        task.faults = &self.faults;
        task.redactor = self.has("redact").then_some(&redactor);
        let patch = draft(&task, &self.reply)?.checked(|_| false)?;
        let mut out = String::new();
        for file in &patch.files {
            let before = file.before.as_deref().unwrap_or_default();
            // Whatever the gate says: nothing of the file may be lost by the edits themselves.
            let edited = aiex_text::apply(&Text::new(before), &file.edits()).unwrap().to_string();
            assert_eq!(edited, file.after, "{}", self.name);
            out.push_str(&format!("{}\n{}", file.path, changed_lines(before, &file.after)));
        }
        Ok(out)
    }

    /// The tests of the reply in the file that `home:` names, or the first that exists of those where they belong; then
    /// the lines of each, counted from 1.
    fn tests(
        &self,
        path: &str,
        text: &str,
        target: std::ops::Range<usize>,
        redactor: &Redactor,
    ) -> Result<String, Refusal> {
        let project = self.field("file").split('/').next().unwrap();
        let homes = test_homes(path, text);
        let in_project = |home: &str| self.source(&format!("{project}/{home}"));
        let home = match self.fields.get("home") {
            Some(home) => home.clone(),
            None => homes.iter().find(|home| in_project(home).is_some()).unwrap_or(&homes[0]).clone(),
        };
        let home_text = in_project(&home).map(|source| source.text);
        let raw = |path: &str| fs::read_to_string(top().join("fixtures").join(project).join(path)).unwrap_or_default();
        for (from, _) in &self.replaced {
            assert!(raw(path).contains(from) || raw(&home).contains(from), "{}: `{from}` is nowhere", self.name);
        }
        let redactor = self.has("redact").then_some(redactor);
        let before = home_text.clone().unwrap_or_default();
        let task = TestTask { path, text, target, home: &home, home_text, redactor, parsed: None };
        let mut tests = GeneratedTests::read(&task, &self.reply)?;
        if let Some(shown) = self.fields.get("shown") {
            tests = tests.knowing(shown);
        }
        let names = tests.names();
        let none = vec![Keep::No; names.len()];
        assert_eq!(tests.patch(&none).unwrap_err(), Refusal::Unchanged, "{}", self.name);
        let marked = |name: &String| match self.fields.get("marked").and_then(|marked| marked.split_once(": ")) {
            Some((own, reason)) if own == name => Keep::Marked(reason.to_owned()),
            _ => Keep::Yes,
        };
        // Each alone, and all.
        let alone = (0..names.len()).map(|at| {
            let mut keep = none.clone();
            keep[at] = marked(&names[at]);
            keep
        });
        let mut out = String::new();
        for keep in alone.chain([names.iter().map(marked).collect()]) {
            let (draft, lines) = tests.patch(&keep)?;
            let patch = draft.checked(|_| false)?;
            let [file] = patch.files.as_slice() else { panic!("{}: several files", self.name) };
            assert!(file.edits().iter().all(|edit| edit.range.is_empty()), "{}: {:?}", self.name, file.edits());
            let edited = aiex_text::apply(&Text::new(&before), &file.edits()).unwrap().to_string();
            assert_eq!(edited, file.after, "{}", self.name);
            out = format!("{}\n{}", file.path, changed_lines(&before, &file.after));
            let all: Vec<&str> = file.after.lines().collect();
            let kept: Vec<&String> =
                names.iter().zip(&keep).filter(|(_, keep)| **keep != Keep::No).map(|(name, _)| name).collect();
            assert_eq!(kept.len(), lines.len(), "{}", self.name);
            for (name, range) in kept.into_iter().zip(lines) {
                let own = all[range.clone()].join("\n");
                let title = |line: &&str| {
                    line.contains(&format!("fn {name}(")) || {
                        let title = line.split('"').nth(1).unwrap_or_default();
                        line.trim_start().starts_with(['t', 'p']) && !title.is_empty() && name.ends_with(title)
                    }
                };
                let written = own.replace("\\\"", "'");
                let has_title = own.lines().any(|line| title(&line)) || name.contains('"') && written.contains("test");
                assert!(has_title, "{}: `{name}` is not in\n{own}", self.name);
                out.push_str(&format!("{}-{}: {name}\n", range.start + 1, range.end));
            }
        }
        Ok(out)
    }

    /// The definition that `at:` is in, by a piece of its text; the whole file without it.
    fn target(&self, path: &str, text: &str) -> (std::ops::Range<usize>, usize) {
        let whole = (0..text.len(), 0);
        let Some(at) = self.fields.get("at") else { return whole };
        let offset = text.find(at.as_str()).unwrap_or_else(|| panic!("{}: `{at}` is not in {path}", self.name));
        let rope = Text::new(text);
        let Some(language) = Language::from_file_name(path) else { return (0..text.len(), offset) };
        let outline = Syntax::parse(language, &rope, None, || true).unwrap().outline(&rope);
        match outline.enclosing(offset) {
            Some(index) => (outline.symbols[index].range.clone(), offset),
            None => (0..text.len(), offset),
        }
    }
}

/// The lines that go and the lines that come, as `diff` with one line of context before has them.
fn changed_lines(before: &str, after: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let line_of = |text: &str, at: usize| text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    // By whole lines: each edit is widened to the lines that it touches, in both texts.
    let mut out = String::new();
    let mut shift = 0_isize;
    let mut hunks: Vec<(usize, usize, usize, usize)> = Vec::new();
    for edit in aiex_text::diff(before, after) {
        let start = edit.range.start.checked_add_signed(shift).unwrap();
        let end = start + edit.text.len();
        shift += edit.text.len() as isize - edit.range.len() as isize;
        let first = line_of(before, edit.range.start);
        let whole = |text: &str, at: usize, begin: usize| at > begin && text.as_bytes()[at - 1] == b'\n';
        let at_line_start = edit.range.start == 0 || before.as_bytes()[edit.range.start - 1] == b'\n';
        let last_old = line_of(before, edit.range.end);
        let last_new = line_of(after, end);
        let is_lines = at_line_start
            && (edit.range.is_empty() || whole(before, edit.range.end, edit.range.start))
            && (edit.text.is_empty() || edit.text.ends_with('\n'));
        let (last_old, last_new) = if is_lines { (last_old, last_new) } else { (last_old + 1, last_new + 1) };
        let first_new = line_of(after, start);
        match hunks.last_mut() {
            Some(last) if last.1 > first => {
                last.1 = last.1.max(last_old);
                last.3 = last.3.max(last_new);
            }
            _ => hunks.push((first, last_old, first_new, last_new)),
        }
    }
    for (mut first, mut last, mut from, mut to) in hunks {
        (last, to) = (last.min(old.len()), to.min(new.len()));
        while first < last && from < to && old[first] == new[from] {
            (first, from) = (first + 1, from + 1);
        }
        while first < last && from < to && old[last - 1] == new[to - 1] {
            (last, to) = (last - 1, to - 1);
        }
        // The line before shows the place.
        if first > 0 {
            out.push_str(&shown(' ', old[first - 1]));
        }
        for line in old.iter().take(last).skip(first) {
            out.push_str(&shown('-', line));
        }
        for line in new.iter().take(to).skip(from) {
            out.push_str(&shown('+', line));
        }
    }
    out
}

fn shown(sign: char, line: &str) -> String {
    let text = line.trim_end_matches('\n').replace('\r', "\\r");
    let end = if line.ends_with('\n') { "" } else { " (no line end)" };
    format!("{sign}{text}{end}\n")
}

/// The lines that begin with `×` that often, without it.
fn repeated(reply: &str, times: usize) -> String {
    let line = |line: &str| match line.strip_prefix('×') {
        Some(line) => line.repeat(times),
        None => line.to_owned(),
    };
    reply.split_inclusive('\n').map(line).collect()
}

/// `\n`, `\r`, `\t`, `\0`, `\e` and `\u{…}`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (char, length) = match after.chars().next() {
            Some('n') => ('\n', 1),
            Some('r') => ('\r', 1),
            Some('t') => ('\t', 1),
            Some('0') => ('\0', 1),
            Some('e') => ('\u{1b}', 1),
            Some('u') if after.starts_with("u{") => {
                let end = after.find('}').unwrap();
                (char::from_u32(u32::from_str_radix(&after[2..end], 16).unwrap()).unwrap(), end + 1)
            }
            _ => ('\\', 0),
        };
        out.push(char);
        rest = &after[length..];
    }
    out + rest
}

fn cases() -> Vec<Case> {
    let mut folders = vec![top().join("fixtures/replies")];
    let mut cases = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "case" => cases.push(Case::read(&path)),
                _ => {}
            }
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// Every good reply makes the change that its case shows, every broken one is refused with the words that it shows.
/// `UPDATE_EXPECT=1` writes the changes and the words into the cases: read them.
#[test]
fn good_replies_apply_and_broken_ones_do_not() {
    let cases = cases();
    let (mut good, mut broken, mut failed) = (0, 0, Vec::new());
    for case in &cases {
        let expected = case.field("expect");
        let is_good = expected == "applied";
        assert!(is_good || expected.starts_with("refused"), "{}: expect is `applied` or `refused: words`", case.name);
        *(if is_good { &mut good } else { &mut broken }) += 1;
        let found = case.run();
        let is_met = match &found {
            Ok(change) => is_good && *change == case.change,
            Err(refusal) => !is_good && expected == format!("refused: {refusal}"),
        };
        if is_met {
            continue;
        }
        let update = std::env::var_os("UPDATE_EXPECT").is_some();
        match &found {
            Ok(change) if is_good && update => {
                let text = format!("{}=== reply\n{}=== change\n{change}", case.head, escaped_back(case));
                fs::write(&case.path, text).unwrap();
            }
            Err(refusal) if !is_good && update => {
                let head =
                    case.head.replacen(&format!("expect: {expected}"), &format!("expect: refused: {refusal}"), 1);
                fs::write(&case.path, format!("{head}=== reply\n{}", escaped_back(case))).unwrap();
            }
            Ok(change) => {
                failed.push(format!("{}: expected {expected}\n{}\nbut got\n{change}", case.name, case.change))
            }
            Err(refusal) => failed.push(format!("{}: expected {expected}, but refused: {refusal}", case.name)),
        }
    }
    println!("{good} good and {broken} broken replies");
    assert!(failed.is_empty(), "{} of {} cases:\n\n{}", failed.len(), cases.len(), failed.join("\n\n"));
    assert!(good >= 222 && broken >= 216, "{good} good and {broken} broken replies are fewer than there were");
}

/// The reply as it stands in the file.
fn escaped_back(case: &Case) -> String {
    let text = fs::read_to_string(&case.path).unwrap();
    let (_, rest) = text.split_once("=== reply\n").unwrap();
    rest.split_once("=== change\n").map_or(rest, |(reply, _)| reply).to_owned()
}
