//! Places on the command line, `PATH[:LINE[:COL]]`, and what they mean in their workspace.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aiex_assist::Prompt;
use aiex_context::Intent;
use aiex_text::{Encoding, Position, Text};
use anyhow::{Context as _, Result, bail};

use crate::{
    config::{self, Loaded, Places},
    context::{self, Built, Note, Order, Terms, TooSmall},
    corrections::Corrections,
    documents::Snapshot,
    engine,
    explain::{Cursor, Target},
    paths, wish,
    workspace::{self, Options, Phase, WorkspaceIndex},
};

/// A place that was found, with the configuration that holds there.
pub(super) struct Found {
    pub(super) target: Target,
    /// Without links.
    pub(super) absolute: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) loaded: Loaded,
}

/// A place to be edited.
pub(super) struct FoundForEdit {
    found: Found,
    /// What is to be done there, also where a comment says it.
    pub(super) words: Option<String>,
    /// The lines that are meant, where they are a part of the target.
    pub(super) selection: Option<String>,
    /// The whole text, and the comment in it that is carried out.
    pub(super) cut: Option<(Arc<str>, Range<usize>)>,
    /// To write what a comment asks for where nothing is written yet is to generate.
    pub(super) intent: Intent,
    /// The file is to be made.
    pub(super) is_new: bool,
}

impl std::ops::Deref for FoundForEdit {
    type Target = Found;

    fn deref(&self) -> &Found {
        &self.found
    }
}

impl Found {
    /// Reads the file and finds what is meant in it. `model` is that of the command line.
    pub(super) fn at(place: &str, model: Option<String>) -> Result<Self> {
        let Place { path, at, last } = Place::parse(place);
        let contents = super::read(&path)?;
        let text = Text::new(&contents);
        let cursor = selected_or_at(&text, at, last).with_context(|| path.display().to_string())?;
        Self::of(&path, &contents, cursor, model)
    }

    fn of(path: &Path, contents: &str, cursor: Cursor, model: Option<String>) -> Result<Self> {
        let absolute = absolute(path)?;
        let workspace = workspace::root_of(absolute.ancestors().find(|above| above.exists()).unwrap_or(&absolute));
        let loaded = config::load(&Places { workspaces: vec![workspace.clone()], model, ..Default::default() });
        let below: Vec<_> = absolute.strip_prefix(&workspace).unwrap_or(path).components().collect();
        let below: Vec<_> = below.iter().map(|part| part.as_os_str().to_string_lossy()).collect();
        let name = path.display().to_string();
        let target = Target::find(Arc::new(Snapshot::of_file(name.into(), contents, "")), cursor, below.join("/"));
        Ok(Self { target, absolute, workspace, loaded })
    }

    /// The same for an edit: a definition as a whole, the lines of `PATH:LINE-LINE`, or, to generate, a file that is not
    /// there yet.
    pub(super) fn for_edit(
        place: &str,
        model: Option<String>,
        intent: Intent,
        words: Option<String>,
    ) -> Result<FoundForEdit> {
        let Place { path, at, last } = Place::parse(place);
        let is_new = intent == Intent::Generate && at.is_none() && !path.exists();
        let contents = if is_new { String::new() } else { super::read(&path)? };
        let text = Text::new(&contents);
        let cursor = selected_or_at(&text, at, last).with_context(|| path.display().to_string())?;
        let cursor = match cursor {
            // What is called there is not what is edited.
            Cursor::At(offset) => Cursor::Within(offset),
            other => other,
        };
        let mut found = Self::of(&path, &contents, Cursor::Whole, model)?;
        let snapshot = found.target.snapshot.clone();
        let meant = wish::meant(snapshot, cursor, found.target.path.clone(), intent, words);
        found.target = meant.target;
        Ok(FoundForEdit {
            found,
            words: meant.words,
            selection: meant.selection,
            cut: meant.cut,
            intent: meant.intent,
            is_new,
        })
    }

    /// What a model is asked about it, with the workspace's code. Blocks while that is indexed.
    pub(super) fn question(
        &self,
        order: Order,
        model: &str,
        corrections: &Corrections,
        budget: Option<usize>,
    ) -> Question {
        self.question_with(self.index().map(Arc::new), order, model, corrections, budget)
    }

    /// The same with an index that is there already.
    pub(super) fn question_with(
        &self,
        index: Option<Arc<WorkspaceIndex>>,
        order: Order,
        model: &str,
        corrections: &Corrections,
        budget: Option<usize>,
    ) -> Question {
        let mut terms = Terms::new(&self.loaded.config, model, corrections);
        terms.budget = budget.unwrap_or(terms.budget).min(context::MOST_TOKENS);
        let is_ignored = |path: &Path| index.as_ref().is_some_and(|index| !index.admits(path));
        let is_private = |path: &Path| self.loaded.config.privacy.check(path).is_err() || is_ignored(path);
        let notes = context::notes(&self.workspace, &self.target.path, is_private);
        Question { target: self.target.clone(), index, order, terms, notes }
    }

    /// The index of the workspace, ready; without one the file alone is known, and that is said.
    pub(super) fn index(&self) -> Option<WorkspaceIndex> {
        let options = Options {
            excluded: self.loaded.config.privacy.excluded().ok()?,
            cache: paths::indexes_folder(),
            home: workspace::home(),
            ..Options::default()
        };
        let index = match WorkspaceIndex::open(&self.workspace, options) {
            Ok(index) => index,
            Err(refused) => {
                eprintln!("aiex: {refused}");
                return None;
            }
        };
        match index.wait_until_settled(INDEXING) {
            Phase::Ready => {
                index.save();
                index.read_history();
                Some(index)
            }
            Phase::Refused(refused) => {
                eprintln!("aiex: {refused}");
                None
            }
            Phase::Indexing(progress) => {
                eprintln!(
                    "aiex: {} of {} files are indexed after {} s; the others are left out",
                    progress.files_done,
                    progress.files_all,
                    INDEXING.as_secs()
                );
                Some(index)
            }
            Phase::Closed => None,
        }
    }

    /// Whose tokens are counted: those of the model that would be asked, as far as that is known without asking anybody.
    pub(super) fn counted_for(&self) -> String {
        let configured = self.loaded.config.model.clone();
        let detected = || engine::detected_by_key(&self.loaded).map(|detected| detected.model);
        let model = configured.or_else(detected).filter(|model| model != engine::OFFLINE);
        model.unwrap_or_else(|| context::ASSUMED_MODEL.to_owned())
    }
}

/// How long a command waits for the index.
const INDEXING: Duration = Duration::from_secs(60);

/// What a model is asked about a place.
#[derive(Clone)]
pub(super) struct Question {
    target: Target,
    index: Option<Arc<WorkspaceIndex>>,
    order: Order,
    pub(super) terms: Terms,
    notes: Vec<Note>,
}

impl Question {
    /// The same about another part of the file.
    pub(super) fn about(&self, target: &Target) -> Self {
        Self { target: target.clone(), ..self.clone() }
    }

    /// What would be sent.
    pub(super) fn build(&self) -> Result<Built, TooSmall> {
        context::of_target(self.index.as_deref(), &self.target, &self.order, &self.notes, &self.terms)
    }

    /// What would be sent, with at most so many characters of code.
    pub(super) fn built(&self, most_chars: usize) -> Result<Built, TooSmall> {
        let terms = self.terms.within(most_chars);
        context::of_target(self.index.as_deref(), &self.target, &self.order, &self.notes, &terms)
    }

    /// The prompt, with at most so many characters of code.
    pub(super) fn prompt(&self, most_chars: usize) -> Result<Prompt, TooSmall> {
        self.built(most_chars).map(|built| built.prompt)
    }
}

/// The path without links and without `..`, as far as it is there.
fn absolute(path: &Path) -> Result<PathBuf> {
    if let Ok(absolute) = path.canonicalize() {
        return Ok(absolute);
    }
    let whole = std::path::absolute(path).with_context(|| path.display().to_string())?;
    if whole.components().any(|part| part == std::path::Component::ParentDir) {
        bail!("{}: write the path of a new file without `..`", path.display());
    }
    let folder = whole.ancestors().skip(1).find_map(|above| Some((above, above.canonicalize().ok()?)));
    Ok(folder.and_then(|(above, real)| Some(real.join(whole.strip_prefix(above).ok()?))).unwrap_or(whole))
}

fn selected_or_at(text: &Text, at: Option<(usize, Option<usize>)>, last: Option<usize>) -> Result<Cursor> {
    match (at, last) {
        (Some((first, None)), Some(last)) => selection(text, first, last),
        _ => cursor(text, at),
    }
}

/// Whole lines, from the first to the last, both counted from 1.
fn selection(text: &Text, first: usize, last: usize) -> Result<Cursor> {
    let count = lines(text);
    if first == 0 || last < first || last > count {
        bail!("there are no lines {first}-{last}; it has {count} line{}", if count == 1 { "" } else { "s" });
    }
    let (start, end) = (text.line_range(first - 1), text.line_range(last - 1));
    let selected = text.slice(start.start..end.end);
    let blanks = selected.len() - selected.trim_start().len();
    let tail = selected.len() - selected.trim_end().len();
    Ok(match selected.trim().is_empty() {
        true => Cursor::Within(start.start),
        false => Cursor::Selected(start.start + blanks, end.end - tail),
    })
}

/// `PATH[:LINE[:COL]]` or `PATH:LINE-LINE`, with numbers as written.
pub(super) struct Place {
    pub(super) path: PathBuf,
    at: Option<(usize, Option<usize>)>,
    /// The last line of several.
    last: Option<usize>,
}

impl Place {
    /// A file that has this very name is meant whole, colons or not.
    pub(super) fn parse(place: &str) -> Self {
        let whole = |path: &str| Self { path: PathBuf::from(path), at: None, last: None };
        if Path::new(place).exists() {
            return whole(place);
        }
        let number = |text: &str| {
            text.rsplit_once(':').and_then(|(rest, last)| Some((rest.to_owned(), last.parse::<usize>().ok()?)))
        };
        let range = place.rsplit_once(':').and_then(|(path, lines)| {
            let (first, last) = lines.split_once('-')?;
            Some((path, first.parse().ok()?, last.parse().ok()?))
        });
        if let Some((path, first, last)) = range {
            return Self { path: PathBuf::from(path), at: Some((first, None)), last: Some(last) };
        }
        let Some((rest, last)) = number(place) else { return whole(place) };
        match number(&rest) {
            Some((path, line)) => Self { path: PathBuf::from(path), at: Some((line, Some(last))), last: None },
            None => Self { path: PathBuf::from(rest), at: Some((last, None)), last: None },
        }
    }
}

/// As people count: what follows the last line end is a line only if there is something.
fn lines(text: &Text) -> usize {
    let last = text.line_count() - 1;
    if last > 0 && text.line_range(last).is_empty() { last } else { last + 1 }
}

fn cursor(text: &Text, at: Option<(usize, Option<usize>)>) -> Result<Cursor> {
    let Some((line, column)) = at else { return Ok(Cursor::Whole) };
    let count = lines(text);
    let Some(row) = line.checked_sub(1).filter(|row| *row < count) else {
        bail!("there is no line {line}; it has {count} line{}", if count == 1 { "" } else { "s" });
    };
    match column {
        Some(column) => {
            let column = u32::try_from(column.saturating_sub(1)).unwrap_or(u32::MAX);
            let line = u32::try_from(row).unwrap_or(u32::MAX);
            Ok(Cursor::At(text.offset(Position { line, column }, Encoding::Utf32)))
        }
        None => {
            let range = text.line_range(row);
            let indent = text.slice(range.clone()).bytes().take_while(u8::is_ascii_whitespace).count();
            Ok(Cursor::Within(range.start + indent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, path: &str, at: Option<(usize, Option<usize>)>) {
        let found = Place::parse(place);
        assert_eq!((found.path, found.at), (PathBuf::from(path), at));
    }

    #[test]
    fn places_are_split_from_the_right() {
        check("lib/a.ex", "lib/a.ex", None);
        check("lib/a.ex:3", "lib/a.ex", Some((3, None)));
        check("lib/a.ex:3:7", "lib/a.ex", Some((3, Some(7))));
        check("C:\\a.ex:3", "C:\\a.ex", Some((3, None)));
        check("a:b.ex", "a:b.ex", None);
    }
}
