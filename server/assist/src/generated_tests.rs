//! Tests from a model's reply: taken out of whatever they are wrapped in, and added to the file in which a project keeps
//! the tests of the code that they are for.
//!
//! ```text
//! reply -> blocks -> imports, helpers, tests (rust, elixir) -> names that are free -> places (rust_site, elixir_site)
//! ```
//!
//! Nothing that is in the file changes: everything is an insertion. What of a reply is no test, nor needed by one, is
//! not taken.

mod elixir;
mod elixir_site;
mod homes;
mod names;
mod parts;
mod rust;
mod rust_site;
mod site;
mod skeletons;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range, sync::Arc};

use aiex_context::secrets::Redactor;
use aiex_syntax::{Language, Symbol, SymbolKind, Syntax, TokenClass};
use aiex_text::{Edit, Text, apply};

pub use homes::test_homes;
pub use skeletons::test_skeletons;

use crate::edits::{
    Draft, FilePatch, Refusal, blocks, blocks_of, gate, indent, place,
    reply::{Body, Hunk},
    restored,
    source::{File, is_callable},
};
use elixir_site::{Aim, ElixirSite, escaped};
use parts::{Assertions, Parts, Test, parsed};
use rust::Defined;
use rust_site::RustSite;
use site::{Addition, Kept, Wanted};

/// The most tests of a reply.
const MOST_TESTS: usize = 200;
/// The most places that are tried for where the lines begin that a hunk adds.
const MOST_PLACES: usize = 20;
/// The most characters of the reason for which a test is marked.
const LONGEST_REASON: usize = 120;
/// The most bytes of a title: ExUnit makes an atom of it, with a word before it.
const LONGEST_TITLE: usize = 240;
/// What a module of tests uses, where nothing else is known.
const PLAIN_CASE: &str = "ExUnit.Case, async: true";

/// What tests are to be written for, and where they belong.
#[derive(Clone)]
pub struct TestTask<'a> {
    /// The file of the code under test, relative to the workspace.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The definition, in bytes of `text`, half-open.
    pub target: Range<usize>,
    /// The file that the tests go to: one of [`test_homes`]. It may be `path`.
    pub home: &'a str,
    /// Its text; `None` for a file that is to be made.
    pub home_text: Option<Arc<str>>,
    /// What replaced secrets in what was shown.
    pub redactor: Option<&'a Redactor>,
    /// The parse of `text`, where there is one already.
    pub parsed: Option<Syntax>,
}

/// Whether a test is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is not.
    No,
    /// As it is.
    Yes,
    /// Marked as one that fails, with the reason, so that it does not run: `#[ignore = "fails: …"]`,
    /// `@tag skip: "fails: …"`.
    Marked(String),
}

/// The tests of a reply, each under a name that is free where it goes.
pub struct GeneratedTests {
    language: Language,
    /// The file that they go to; empty where it is to be made.
    home: File,
    is_new: bool,
    /// The code under test, if it is in that file.
    anchor: Option<Range<usize>>,
    parts: Parts,
    site: Site,
    /// By the index of the test.
    names: Vec<String>,
    /// What is needed to find the place again when more is known of the project.
    again: Option<Again>,
}

enum Site {
    Rust(RustSite),
    Elixir(ElixirSite),
}

/// What decides where Elixir's tests go.
struct Again {
    found: elixir::Found,
    labels: Vec<String>,
    name: Option<String>,
    module: Option<String>,
}

impl GeneratedTests {
    /// Takes the tests out of a reply.
    ///
    /// # Errors
    /// If there are none, or one asserts nothing; if code is left out or does not parse; if a secret would be written
    /// down; if a name would mean two things. What is quoted has none of the task's secrets.
    pub fn read(task: &TestTask, reply: &str) -> Result<Self, Refusal> {
        read(task, reply).map_err(|refusal| refusal.hidden(task.redactor))
    }

    /// Takes into account what else the model was shown: a case of the project's own, such as `use Shop.DataCase`, is
    /// used by a new file if it is named there. Without that it is `ExUnit.Case`.
    #[must_use]
    pub fn knowing(mut self, shown: &str) -> Self {
        let Some(again) = &self.again else { return self };
        let case = again.found.case.as_deref().filter(|case| {
            let module = case.split(',').next().unwrap_or_default().trim();
            shown.contains(&format!("use {module}")) || shown.contains(&format!("defmodule {module} "))
        });
        if let Some(case) = case {
            let aim =
                Aim { labels: again.labels.clone(), name: again.name.as_deref(), module: again.module.as_deref() };
            self.site = Site::Elixir(ElixirSite::of(&self.home, &aim, &again.found, case));
        }
        self
    }

    /// The names of the tests as their runner knows them, in order: of Rust a function's, of ExUnit a title, behind that
    /// of its `describe` and a blank where it has one.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// The edit that adds the tests that `keep` tells to, by their order in [`GeneratedTests::names`], and where each of
    /// these then is: lines counted from 0, half-open, of the new text.
    ///
    /// The version that the patch names is 0: the caller knows the home's.
    ///
    /// # Errors
    /// If none is kept.
    pub fn patch(&self, keep: &[Keep]) -> Result<(Draft, Vec<Range<usize>>), Refusal> {
        let kept = self.parts.tests.iter().enumerate().zip(keep).filter_map(|((test, parts), keep)| {
            let text = match keep {
                Keep::No => return None,
                Keep::Yes => parts.text.clone(),
                Keep::Marked(reason) => marked(self.language, parts, reason),
            };
            Some(Kept { test, text })
        });
        let kept: Vec<Kept> = kept.collect();
        if kept.is_empty() {
            return Err(Refusal::Unchanged);
        }
        let order: Vec<usize> = kept.iter().map(|kept| kept.test).collect();
        let wanted = Wanted::new(&self.parts, kept);
        let additions = match &self.site {
            Site::Rust(site) => site.additions(&self.home, &wanted),
            Site::Elixir(site) => site.additions(&self.home, &wanted),
        };
        self.added(additions, &order)
    }

    fn added(&self, mut additions: Vec<Addition>, order: &[usize]) -> Result<(Draft, Vec<Range<usize>>), Refusal> {
        let ending = self.home.line_ending;
        additions.retain(|addition| !addition.chunks.is_empty());
        additions.sort_by_key(|addition| addition.at);
        let (mut edits, mut places): (Vec<Edit>, Vec<(usize, Range<usize>)>) = (Vec::new(), Vec::new());
        let mut length = 0;
        for mut addition in additions {
            let around = |at: usize| self.home.text.as_bytes().get(at);
            // A line end of two characters stays one.
            if around(addition.at) == Some(&b'\n') && addition.at.checked_sub(1).and_then(around) == Some(&b'\r') {
                addition.at += 1;
            }
            let mut text = String::new();
            for chunk in addition.chunks {
                let start = addition.at + length + text.len();
                text.push_str(&if ending == "\n" { chunk.text } else { chunk.text.replace('\n', ending) });
                let end = addition.at + length + text.len();
                places.extend(chunk.test.map(|test| (test, start..end)));
            }
            length += text.len();
            edits.push(Edit { range: addition.at..addition.at, text });
        }
        let path = self.home.path.clone();
        let after = apply(&Text::new(&self.home.text), &edits).map_err(|_| Refusal::Overlap(path.clone()))?;
        let lines = order.iter().filter_map(|test| {
            let (_, range) = places.iter().find(|(own, _)| own == test)?;
            Some(after.line_of(range.start)..after.line_of(range.end.saturating_sub(1).max(range.start)) + 1)
        });
        let lines = lines.collect();
        let text = after.to_string();
        let file = self.home.edited(text.as_str().into(), &edits);
        let is_added = |at: usize| places.iter().any(|(_, range)| range.contains(&at));
        let problem = gate::new_problems(Some(&self.home), &file).first().map(|problem| {
            match gate::unparsed(&file, &path, problem) {
                // What is around them is quoted to nobody.
                Refusal::Unexpected { path, line, .. } if !is_added(problem.range.start) => {
                    Refusal::Unparsed { path, line, what: "the tests do not fit in here".to_owned() }
                }
                told => told,
            }
        });
        let patch = FilePatch {
            path,
            before: (!self.is_new).then(|| self.home.text.clone()),
            after: text,
            anchors: self.anchor.clone().into_iter().collect(),
            parsed: file.syntax.is_some(),
        };
        Ok((Draft::of_file(patch, problem), lines))
    }
}

impl fmt::Debug for GeneratedTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedTests").field("names", &self.names).finish_non_exhaustive()
    }
}

fn read(task: &TestTask, reply: &str) -> Result<GeneratedTests, Refusal> {
    let Some(language) = Language::from_file_name(task.home) else {
        return Err(Refusal::NoSyntax(task.home.to_owned()));
    };
    let is_new = task.home_text.is_none() && task.home != task.path;
    if is_new && !gate::is_inside(task.home) {
        return Err(Refusal::Outside(task.home.to_owned()));
    }
    let home_text: Arc<str> = match &task.home_text {
        Some(text) => text.clone(),
        None if is_new => "".into(),
        None => task.text.into(),
    };
    let is_known = |word: &str| task.text.contains(word) || home_text.contains(word);
    let (reply, secrets) = restored(reply, task.redactor, &is_known)?;
    let code = File::with_parse(task.path, task.text.into(), task.parsed.clone());
    let home = match task.home == task.path && *home_text == *code.text {
        true => File::with_parse(task.home, home_text, code.syntax.clone()),
        false => File::new(task.home, home_text),
    };
    let sources = codes(&reply, language, task.home)?;
    let mut read = match language {
        Language::Rust => rust_tests(task, &code, home, &sources)?,
        Language::Elixir => elixir_tests(task, &code, home, &sources)?,
    };
    read.is_new = is_new;
    let taken = read.taken();
    if let Some((placeholder, _)) = secrets.iter().find(|(_, secret)| taken.contains(secret.as_str())) {
        return Err(Refusal::Moved { placeholder: placeholder.clone(), place: "a test".to_owned() });
    }
    if let Some(char) = gate::invisible(&taken, &read.home.text) {
        return Err(Refusal::Invisible(char));
    }
    Ok(read)
}

/// The blocks of a reply that parse, and may hold tests.
fn codes(reply: &str, language: Language, home: &str) -> Result<Vec<File>, Refusal> {
    let blocks = blocks_of(reply, Some(language))?;
    let count = blocks.len();
    let (mut found, mut other) = (Vec::new(), None);
    for block in blocks {
        let is_elsewhere = block.path.as_deref().is_some_and(|path| Language::from_file_name(path) != Some(language));
        if is_elsewhere || blocks::is_talk(&block.language) && !matches!(block.language.as_str(), "text" | "txt") {
            continue;
        }
        if blocks::is_other(&block.language, language) {
            other = Some(block.language);
            continue;
        }
        let code = match block.body {
            Body::Code(code) => code,
            // Hunks add tests where they have them: only what comes with them counts.
            Body::Hunks(hunks) => hunks.iter().map(|hunk| added_by(hunk, language)).collect::<Vec<_>>().join("\n"),
        };
        let code = indent::moved(Some(language), code.trim_matches('\n'), "");
        let file = parsed(language, &code);
        let is_plain = has_test(language, &code);
        match file.problems().first() {
            Some(_) if !is_plain && count > 1 => {}
            Some(problem) => {
                let mark = place::elision::marks(&file).into_iter().next();
                return Err(
                    mark.map_or_else(|| gate::unparsed(&file, "the reply", problem), |mark| Refusal::Elided(mark.text))
                );
            }
            None => found.push(file),
        }
    }
    match other.filter(|_| found.is_empty()) {
        Some(found) => Err(Refusal::OtherLanguage { found, path: home.to_owned(), wanted: language.id() }),
        None => Ok(found),
    }
}

/// The lines that a hunk adds. Where they begin and end like what is around them, it is those that parse; what is there
/// already is known again later.
fn added_by(hunk: &Hunk, language: Language) -> String {
    let is_code = |code: &str| {
        let last = code.trim_end().lines().last().unwrap_or_default().trim_start();
        // An attribute is of what follows it.
        let is_whole = !["#[", "//", "@", "#"].iter().any(|begin| last.starts_with(begin));
        is_whole && has_test(language, code) && parsed(language, code).problems().is_empty()
    };
    if is_code(&hunk.replace) {
        return hunk.replace.clone();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (hunk.search.lines().collect(), hunk.replace.lines().collect());
    let same = |(old, new): &(&&str, &&str)| old == new;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let count = new.len().saturating_sub(old.len());
    let starts = (old.len().saturating_sub(tail)..=head).rev().take(MOST_PLACES);
    let pieces = starts.filter_map(|start| Some(new.get(start..start + count)?.join("\n")));
    pieces.into_iter().find(|code| is_code(code)).unwrap_or_else(|| {
        let edits = aiex_text::diff(&hunk.search, &hunk.replace);
        edits.into_iter().map(|edit| edit.text).collect::<Vec<_>>().join("\n")
    })
}

fn has_test(language: Language, code: &str) -> bool {
    match language {
        Language::Rust => code.contains("#[") && code.contains("test"),
        Language::Elixir => code.contains("test \"") || code.contains("property \""),
    }
}

fn rust_tests(task: &TestTask, code: &File, home: File, sources: &[File]) -> Result<GeneratedTests, Refusal> {
    let defined = Defined::of(code, &rust_site::tests_of(code));
    let mut all = Parts::default();
    for source in sources {
        let mut found = rust::parts(source, &defined);
        without_marks(source, &mut found)?;
        all.add(found);
    }
    let site = RustSite::of(&home, task.path, &task.target, &defined);
    let mut kept: Vec<parts::Import> = Vec::new();
    for import in std::mem::take(&mut all.imports) {
        if !kept.iter().any(|known| rust_site::is_same_item(known, &import)) {
            kept.push(import);
        }
    }
    all.imports = kept;
    all.imports.retain(|import| site.lacks(import) || import.before == "super" && import.last == "*");
    let mut read = GeneratedTests::new(Language::Rust, task, home, all, Site::Rust(site));
    read.named(task)?;
    Ok(read)
}

fn elixir_tests(task: &TestTask, code: &File, home: File, sources: &[File]) -> Result<GeneratedTests, Refusal> {
    let target = code.symbol_of(&task.target).or_else(|| code.symbol_at(task.target.start));
    let symbol = target.and_then(|target| code.symbols.get(target));
    let is_module = |symbol: &&Symbol| matches!(symbol.kind, SymbolKind::Module | SymbolKind::Protocol);
    let around = target.into_iter().flat_map(|target| std::iter::once(target).chain(code.containers(target)));
    let module = around.filter_map(|index| code.symbols.get(index)).find(is_module);
    let module = module.or_else(|| code.symbols.iter().find(is_module)).map(|module| module.qualified.clone());
    let function = symbol.filter(|symbol| is_callable(symbol.kind) && symbol.kind != SymbolKind::Test);
    let arities = function.and_then(|function| function.arity.clone());
    let labels = function
        .into_iter()
        .flat_map(|function| arities.clone().into_iter().flatten().map(|arity| format!("{}/{arity}", function.name)));
    let is_defined = |name: &str| {
        code.symbols.iter().any(|symbol| match name.split_once('/') {
            Some((own, arity)) => {
                let arity = arity.parse().unwrap_or(usize::MAX);
                symbol.name == own && symbol.arity.as_ref().is_some_and(|arities| arities.contains(&arity))
            }
            None => is_module(&symbol) && symbol.qualified == name,
        })
    };
    let mut found = elixir::Found::default();
    for source in sources {
        let mut one = elixir::parts(source, &is_defined)?;
        without_marks(source, &mut one.parts)?;
        found.parts.add(one.parts);
        found.case = found.case.or(one.case);
        found.setups.extend(one.setups);
    }
    let labels: Vec<String> = labels.collect();
    let name = function.map(|function| function.name.clone());
    let aim = Aim { labels: labels.clone(), name: name.as_deref(), module: module.as_deref() };
    let mut site = ElixirSite::of(&home, &aim, &found, PLAIN_CASE);
    let repeated = site.repeated(&home, &found);
    if !repeated.is_empty() {
        let mut index = 0..;
        found.parts.tests.retain(|_| index.next().is_none_or(|index| !repeated.contains(&index)));
        if found.parts.tests.is_empty() {
            return Err(Refusal::Unchanged);
        }
        site = ElixirSite::of(&home, &aim, &found, PLAIN_CASE);
    }
    found.parts.imports.retain(|import| site.lacks(import));
    let mut all = found.parts.clone();
    names::alias(&mut all, module.as_deref(), &site.names, &home);
    let mut read = GeneratedTests::new(Language::Elixir, task, home, all, Site::Elixir(site));
    read.again = Some(Again { found, labels, name, module });
    read.named(task)?;
    Ok(read)
}

/// Refuses a mark for code that is left out, in what is taken; before it, it says nothing.
fn without_marks(source: &File, parts: &mut Parts) -> Result<(), Refusal> {
    let marks = place::elision::marks(source);
    if marks.is_empty() {
        return Ok(());
    }
    let tests: Vec<&str> = parts.tests.iter().map(|test| test.text.as_str()).collect();
    let needed = parts.needed(tests.into_iter());
    let helpers = parts.helpers.iter_mut().enumerate().filter(|(index, _)| needed.contains(index));
    let tests = parts.tests.iter_mut().flat_map(|test| test.setups.iter_mut().chain([&mut test.text]));
    for text in helpers.map(|(_, helper)| &mut helper.text).chain(tests) {
        for mark in &marks {
            let is_lead = |line: &str| line.starts_with("//") || line.starts_with('#') || line.starts_with('@');
            let lead = text.lines().take_while(|line| is_lead(line)).count();
            let lines = text.lines().enumerate().filter(|(at, line)| *at >= lead || line.trim() != mark.text);
            let kept = lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n");
            if kept.contains(&mark.text) {
                return Err(Refusal::Elided(mark.text.clone()));
            }
            *text = kept;
        }
    }
    Ok(())
}

/// A test that says why it does not run.
fn marked(language: Language, test: &Test, reason: &str) -> String {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = crate::prose::clean_text(&reason);
    let short: String = reason.chars().take(LONGEST_REASON).collect();
    let dots = if short.len() < reason.len() { "…" } else { "" };
    let reason = escaped(&format!("fails: {short}{dots}"));
    let file = parsed(language, &test.text);
    let code: Vec<_> = file.tokens.iter().filter(|token| token.class == TokenClass::Code).collect();
    let texts: Vec<&str> = code.iter().map(|token| file.slice(token.range.clone())).collect();
    let (is_marked, place, mark) = match language {
        Language::Rust => {
            let is_marked = texts.windows(3).any(|three| matches!(three, ["#", "[", "ignore"]));
            let place = texts.windows(2).position(|two| two == ["fn", test.title.as_str()]);
            // In a Rust string `#{` is nothing special.
            (is_marked, place, format!("#[ignore = \"{}\"]", reason.replace("\\#{", "#{")))
        }
        Language::Elixir => {
            let is_marked = texts.windows(4).any(|four| matches!(four, ["@", "tag", ":", "skip"]))
                || test.text.lines().any(|line| line.starts_with("@tag :skip") || line.starts_with("@tag skip:"));
            let place = texts.iter().position(|text| matches!(*text, "test" | "property"));
            (is_marked, place, format!("@tag skip: \"{reason}\""))
        }
    };
    let Some(token) = place.and_then(|place| code.get(place)).filter(|_| !is_marked) else { return test.text.clone() };
    let line = file.line_start(token.range.start);
    let indentation = file.indentation(token.range.start).to_owned();
    let mut text = test.text.clone();
    text.insert_str(line, &format!("{indentation}{mark}\n"));
    text
}
