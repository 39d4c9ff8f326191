//! Edits: from a model's reply to a [`Patch`] that passed every rule, or a [`Refusal`] that says which it broke.
//!
//! ```text
//! reply -> blocks (reply) -> places in files (place, hunks) -> new texts -> scope, secrets, parse (gate) -> Patch
//! ```
//!
//! Definitions are found by their names and hunks by their text, never by the numbers of lines; where there is any
//! doubt, nothing is changed. What the user types meanwhile is theirs: [`FilePatch::onto`] carries a patch over it or
//! gives it up.

pub(crate) mod blocks;
pub(crate) mod gate;
mod hunks;
pub(crate) mod indent;
mod patch;
pub(crate) mod place;
mod refusal;
pub(crate) mod reply;
mod scope;
pub(crate) mod source;

use std::{cell::Cell, fmt, ops::Range, sync::Arc};

use aiex_context::{Intent, secrets::Redactor};
use aiex_syntax::{Language, Syntax};
use aiex_text::{Edit, Text, apply};

pub use patch::{FilePatch, Moved, Patch};
pub use refusal::Refusal;
pub use source::Source;

use place::Placed;
use reply::{Block, Body};
use source::File;

/// The longest reply that is read, in bytes.
const LONGEST: usize = 2 * 1024 * 1024;
/// The longest code of one block, in bytes: about 2,000 lines. It is parsed several times over.
const LONGEST_CODE: usize = 64 * 1024;
/// The most files that one reply may change.
const MOST_FILES: usize = 50;

/// What a reply was asked for.
#[derive(Clone)]
pub struct Task<'a> {
    /// What is to be done.
    pub intent: Intent,
    /// The file that it is about, relative to the workspace; one that is not among `sources` is to be made.
    pub path: &'a str,
    /// The files of which the model was shown some or all.
    pub sources: &'a [Source],
    /// What is meant of the file: a definition, or all of it. In bytes of what was shown, half-open.
    pub target: Range<usize>,
    /// The byte at which the cursor stands, of what was shown.
    pub cursor: usize,
    /// The user's words.
    pub instruction: Option<&'a str>,
    /// The words of compilers that [`Intent::Fix`] is to mend.
    pub faults: &'a [String],
    /// Whether a path, relative to the workspace, is one of a file that exists: it is not made anew. Without it, that is
    /// for the caller to see to.
    pub exists: Option<&'a dyn Fn(&str) -> bool>,
    /// What replaced secrets in what was shown.
    pub redactor: Option<&'a Redactor>,
    /// The parse of its file, where there is one already, as of an open document: of exactly the text in `sources`.
    /// It saves about half of the time.
    pub parsed: Option<Syntax>,
    /// What an edit of its own file has renamed the target to.
    renamed: Option<scope::Renamed>,
}

impl<'a> Task<'a> {
    /// A task about a file, with what was shown of it and of others.
    pub fn new(intent: Intent, path: &'a str, sources: &'a [Source], target: Range<usize>) -> Self {
        let cursor = target.start;
        Self {
            intent,
            path,
            sources,
            target,
            cursor,
            instruction: None,
            faults: &[],
            exists: None,
            redactor: None,
            parsed: None,
            renamed: None,
        }
    }

    /// Whether the user asks to delete a definition: the instruction has its last name as a word of its own, and another
    /// word that asks for it. For a fix, a fault may ask as well, which says that the definition is never used. Words of
    /// other languages than English are not known: what they ask to delete is the target, or is not deleted.
    fn asks_to_delete(&self, qualified: &str) -> bool {
        let bare = qualified.split('/').next().unwrap_or(qualified);
        let name = bare.rsplit(['.', ':']).next().unwrap_or(bare);
        let names = |words: &str| !name.is_empty() && words_of(words).any(|word| word == name);
        let asks = |words: &str| {
            let others = words_of(words).filter(|word| *word != name).map(str::to_lowercase);
            others.into_iter().any(|word| DELETING.iter().any(|stem| word.starts_with(stem)))
        };
        // The words of a compiler may be passed on as the user's.
        let faults = self.faults.iter().map(String::as_str).chain(self.instruction);
        self.instruction.is_some_and(|words| names(words) && asks(words))
            || self.intent == Intent::Fix && faults.into_iter().any(|fault| names(fault) && says_unused(fault))
    }

    /// Whether the instruction names a path as a word of its own.
    fn names_path(&self, path: &str) -> bool {
        let ends =
            |char: char| char.is_whitespace() || matches!(char, '`' | '"' | '\'' | '(' | ')' | ',' | ';' | '<' | '>');
        let mut words = self.instruction.unwrap_or_default().split(ends);
        words.any(|word| {
            let word = word.trim_end_matches(['.', ':', '?', '!']);
            word.strip_prefix("./").unwrap_or(word) == path
        })
    }
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { intent, path, target, .. } = self;
        f.debug_struct("Task")
            .field("intent", intent)
            .field("path", path)
            .field("target", target)
            .finish_non_exhaustive()
    }
}

/// How words begin that ask for something to be gone.
const DELETING: [&str; 20] = [
    "absorb",
    "collaps",
    "combin",
    "consolidat",
    "dead",
    "delet",
    "drop",
    "eliminat",
    "fold",
    "inlin",
    "merg",
    "obsolete",
    "omit",
    "prun",
    "rid",
    "remov",
    "replac",
    "strip",
    "unify",
    "unused",
];

/// Words as code has them: `transition!` is another than `transition`.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '?' | '!')))
}

/// Whether a compiler says that a definition is not needed; one that speaks of a variable, of an import or of a result
/// does not.
fn says_unused(fault: &str) -> bool {
    let words = fault.to_lowercase();
    let says = |these: &[&str]| these.iter().any(|one| words.contains(one));
    says(&["is unused", "never used", "never read", "never constructed", "nothing uses"])
        && !says(&["variable", "import", "alias", "field", "argument", "parameter", "must be used", "value"])
}

/// A reply as it would change the files: everything is in order but, perhaps, the parse.
#[derive(Debug)]
pub struct Draft {
    patch: Patch,
    /// What is wrong with a file, by its index; each file once.
    problems: Vec<(usize, Refusal)>,
}

impl Draft {
    /// The change of one file, and what is wrong with it.
    pub(crate) fn of_file(file: FilePatch, problem: Option<Refusal>) -> Self {
        let problems = problem.into_iter().map(|problem| (0, problem)).collect();
        Self { patch: Patch { files: vec![file] }, problems }
    }

    /// The files that tree-sitter finds new fault with: path and text. The language's own parser may know better.
    pub fn doubtful(&self) -> impl Iterator<Item = &FilePatch> {
        let files = self.patch.files.iter().enumerate();
        files.filter(|(index, _)| self.problems.iter().any(|(file, _)| file == index)).map(|(_, file)| file)
    }

    /// The patch, if every file parses, or is `accepted` by its language's own parser.
    ///
    /// # Errors
    /// With the first place that does not parse.
    pub fn checked(self, mut accepted: impl FnMut(&FilePatch) -> bool) -> Result<Patch, Refusal> {
        for (index, problem) in self.problems {
            if self.patch.files.get(index).is_some_and(|file| !accepted(file)) {
                return Err(problem);
            }
        }
        Ok(self.patch)
    }
}

/// Reads a model's reply to a task, and finds what it would change.
///
/// # Errors
/// With the first rule that it breaks. What it quotes has none of the task's secrets.
pub fn draft(task: &Task, reply: &str) -> Result<Draft, Refusal> {
    let told = |refusal: Refusal| refusal.hidden(task.redactor);
    let Draft { patch, problems } = drafted(task, reply).map_err(told)?;
    let problems = problems.into_iter().map(|(file, problem)| (file, told(problem))).collect();
    Ok(Draft { patch, problems })
}

fn drafted(task: &Task, reply: &str) -> Result<Draft, Refusal> {
    let is_known = |word: &str| task.sources.iter().any(|source| source.text.contains(word));
    let (restored, secrets) = restored(reply, task.redactor, &is_known)?;
    let language = Language::from_file_name(task.path);
    let blocks = blocks_of(&restored, language)?;
    let (blocks, shown) = blocks::meant(blocks, task);
    let mut files: Vec<(&str, Vec<&Block>)> = Vec::new();
    for block in &blocks {
        let path = path_of(block, task)?;
        match files.iter_mut().find(|(known, _)| *known == path) {
            Some((_, blocks)) => blocks.push(block),
            None => files.push((path, vec![block])),
        }
    }
    if files.len() > MOST_FILES {
        return Err(Refusal::Malformed("it changes too many files"));
    }
    // The target's own file first: what it renames may be renamed elsewhere.
    files.sort_by_key(|(path, _)| *path != task.path);
    let mut task = task.clone();
    let (mut patches, mut problems) = (Vec::new(), Vec::new());
    for (path, blocks) in files {
        let Some(source) = task.sources.iter().find(|source| source.path == path) else {
            let (patch, new) = new_file(path, &blocks, &task, &secrets)?;
            problems.extend(new.map(|problem| (patches.len(), problem)));
            patches.push(patch);
            continue;
        };
        let parsed = task.parsed.clone().filter(|_| path == task.path && source.cut.is_none());
        let before = File::with_parse(path, source.shown(), parsed);
        let placed = placed(&before, &blocks, &task)?;
        let (text, edits) = applied(&before, &placed)?;
        if text == *before.text {
            continue;
        }
        if let Some(char) = placed.iter().find_map(|placed| gate::invisible(&placed.text, &before.text)) {
            return Err(Refusal::Invisible(char));
        }
        let after = before.edited(text.as_str().into(), &edits);
        let mut new = gate::new_problems(Some(&before), &after);
        // What is wrong where the text changed tells more than what that breaks elsewhere.
        let changed = gate::changed(&before.text, &after.text);
        new.sort_by_key(|problem| problem.range.end < changed.start || changed.end < problem.range.start);
        let renamed = scope::check(&before, &after, &task, &secrets).map_err(|refusal| {
            // Where the parse is broken, there is no telling what belongs to what.
            let is_parse = !matches!(refusal, Refusal::Moved { .. });
            match new.first().filter(|_| is_parse) {
                Some(problem) => gate::unparsed(&after, path, problem),
                None => refusal,
            }
        })?;
        task.renamed = renamed.or(task.renamed);
        problems.extend(new.first().map(|problem| (patches.len(), gate::unparsed(&after, path, problem))));
        let anchors = placed.iter().map(|placed| source.in_whole(&placed.anchor)).chain(source.cut.clone()).collect();
        let parsed = before.syntax.is_some() && after.syntax.is_some();
        let before = Some(source.text.clone());
        patches.push(FilePatch { path: path.to_owned(), before, after: text, anchors, parsed });
    }
    if patches.is_empty() {
        return Err(Refusal::Unchanged);
    }
    // A comment that asks is gone when it was carried out elsewhere.
    let is_left = |source: &&Source| !patches.iter().any(|patch| patch.path == source.path);
    let left: Vec<FilePatch> = task.sources.iter().filter(is_left).filter_map(Source::without_cut).collect();
    patches.extend(left);
    let beside = language.and_then(|language| shown.iter().find_map(|code| blocks::missing(language, code, &patches)));
    if let Some(name) = beside {
        return Err(Refusal::Beside(name));
    }
    Ok(Draft { patch: Patch { files: patches }, problems })
}

/// A reply with its placeholders replaced by what they stand for, and those that it has, with their secrets. `is_known`
/// tells of a placeholder whether it is a word of the files themselves.
pub(crate) fn restored(
    reply: &str,
    redactor: Option<&Redactor>,
    is_known: &dyn Fn(&str) -> bool,
) -> Result<(String, Vec<(String, String)>), Refusal> {
    if reply.len() > LONGEST {
        return Err(Refusal::TooLong(LONGEST));
    }
    if let Some(made_up) = redactor.and_then(|redactor| redactor.unknown(reply).first().map(|word| (*word).to_owned()))
    {
        return Err(Refusal::Placeholder(made_up));
    }
    // One of an earlier question stands for nothing, either.
    let mine = |word: &str| redactor.is_some_and(|redactor| !redactor.used(word).is_empty());
    if let Some(other) = placeholders(reply).find(|word| !mine(word) && !is_known(word)) {
        return Err(Refusal::Placeholder(other.to_owned()));
    }
    let secrets = redactor.map(|redactor| redactor.used(reply)).unwrap_or_default();
    let restored = redactor.map_or_else(|| reply.to_owned(), |redactor| redactor.restore(reply));
    Ok((restored, secrets))
}

/// The blocks of a reply about a file of this language.
pub(crate) fn blocks_of(reply: &str, language: Option<Language>) -> Result<Vec<Block>, Refusal> {
    // To find where blocks end must not take long, whatever is in them.
    let left = Cell::new(4 * LONGEST_CODE);
    let parses = |code: &str| {
        left.set(left.get().saturating_sub(code.len()));
        let may_parse = code.len() <= LONGEST_CODE && left.get() > 0;
        may_parse && language.is_some_and(|language| blocks::holds_code(language, code))
    };
    let blocks = reply::read(reply, &parses)?;
    within_bounds(&blocks)?;
    Ok(blocks)
}

/// Whether the function with this range is still to be written: it has no body, or one that only says so, such as
/// `todo!()`. `path` tells the language of `text`; the range is in bytes, half-open. Only the function is parsed.
pub fn is_unwritten(path: &str, text: &str, range: &Range<usize>) -> bool {
    let Some(own) = text.get(range.clone()) else { return false };
    let file = File::new(path, own.into());
    file.symbol_of(&(0..own.len())).is_some_and(|index| file.is_unwritten(index))
}

/// The words of a text that look like placeholders for secrets: `AIEX_SECRET_1_k7f3`.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    const PREFIX: &str = "AIEX_SECRET_";
    text.match_indices(PREFIX).filter_map(|(start, _)| {
        let rest = text.get(start..)?;
        let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
        let word = rest.get(..end)?;
        word.get(PREFIX.len()..)?.starts_with(|char: char| char.is_ascii_digit()).then_some(word)
    })
}

/// No edit is so large, and none makes the checks slow.
fn within_bounds(blocks: &[Block]) -> Result<(), Refusal> {
    let code = blocks.iter().map(|block| match &block.body {
        Body::Code(code) => code.len(),
        Body::Hunks(hunks) => hunks.iter().map(|hunk| hunk.search.len() + hunk.replace.len()).sum(),
    });
    if code.sum::<usize>() > LONGEST_CODE {
        return Err(Refusal::TooLong(LONGEST_CODE));
    }
    Ok(())
}

/// The file that a block is for: the one that it names, else the task's.
fn path_of<'b>(block: &'b Block, task: &'b Task<'_>) -> Result<&'b str, Refusal> {
    let Some(named) = block.path.as_deref() else { return Ok(task.path) };
    let named = named.strip_prefix("./").unwrap_or(named);
    if named == task.path || task.sources.iter().any(|source| source.path == named) {
        return Ok(named);
    }
    // Shortened: `cart.ex` for `lib/shop/cart.ex`.
    if task.path.strip_suffix(named).is_some_and(|rest| rest.ends_with('/')) {
        return Ok(task.path);
    }
    if !gate::is_inside(named) {
        return Err(Refusal::Outside(named.to_owned()));
    }
    Ok(named)
}

fn placed(file: &File, blocks: &[&Block], task: &Task) -> Result<Vec<Placed>, Refusal> {
    let target = if file.path == task.path { task.target.clone() } else { 0..0 };
    let mut all: Vec<Placed> = Vec::new();
    let mut whole: Vec<String> = Vec::new();
    for block in blocks {
        if let Some(wanted) = file.language.filter(|language| blocks::is_other(&block.language, *language)) {
            let (found, path) = (block.language.clone(), file.path.clone());
            return Err(Refusal::OtherLanguage { found, path, wanted: wanted.id() });
        }
        match &block.body {
            Body::Code(code) if code.trim().is_empty() => return Err(Refusal::Malformed("a block of code is empty")),
            Body::Code(code) => whole.push(code.trim_matches('\n').to_owned()),
            Body::Hunks(hunks) => {
                for hunk in hunks {
                    all.push(hunks::place(hunk, file, &target)?);
                }
            }
        }
    }
    // Blocks tell one thing together: what one defines, another calls.
    if !whole.is_empty() {
        let whole = match file.language {
            Some(language) => blocks::without_repeats(language, whole)?,
            None => whole,
        };
        all.extend(place::place(&whole.join("\n\n"), file, task)?);
    }
    let mut placed = Vec::new();
    for one in all {
        // A change that is told twice counts once.
        if !placed.contains(&one) {
            placed.push(one);
        }
    }
    Ok(placed)
}

/// The text with every replacement, in the line ends of the file.
fn applied(file: &File, placed: &[Placed]) -> Result<(String, Vec<Edit>), Refusal> {
    let edit = |placed: &Placed| Edit {
        range: placed.range.clone(),
        text: match file.line_ending {
            "\n" => placed.text.clone(),
            ending => placed.text.replace('\n', ending),
        },
    };
    let edits: Vec<Edit> = placed.iter().map(edit).collect();
    let text = apply(&Text::new(&file.text), &edits).map_err(|_| Refusal::Overlap(file.path.clone()))?;
    Ok((text.to_string(), edits))
}

/// A file that is to be made: the task's own, or one that the instruction names.
fn new_file(
    path: &str,
    blocks: &[&Block],
    task: &Task,
    secrets: &[(String, String)],
) -> Result<(FilePatch, Option<Refusal>), Refusal> {
    if !gate::is_inside(path) {
        return Err(Refusal::Outside(path.to_owned()));
    }
    let is_asked = path == task.path || task.names_path(path);
    if task.intent != Intent::Generate {
        return Err(Refusal::NotShown(path.to_owned()));
    }
    if !is_asked {
        return Err(Refusal::NotAsked(path.to_owned()));
    }
    if task.exists.is_some_and(|exists| exists(path)) {
        return Err(Refusal::Exists(path.to_owned()));
    }
    if let Some((placeholder, _)) = secrets.first() {
        return Err(Refusal::Moved { placeholder: placeholder.clone(), place: path.to_owned() });
    }
    let mut text = String::new();
    for block in blocks {
        let Body::Code(code) = &block.body else {
            return Err(Refusal::Malformed("a new file has nothing to search in"));
        };
        if let Some(wanted) =
            Language::from_file_name(path).filter(|language| blocks::is_other(&block.language, *language))
        {
            let found = block.language.clone();
            return Err(Refusal::OtherLanguage { found, path: path.to_owned(), wanted: wanted.id() });
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(code.trim_matches('\n'));
        text.push('\n');
    }
    if text.trim().is_empty() {
        return Err(Refusal::Malformed("a block of code is empty"));
    }
    if let Some(char) = gate::invisible(&text, "") {
        return Err(Refusal::Invisible(char));
    }
    let file = File::new(path, Arc::from(text.as_str()));
    if let Some(mark) = place::elision::marks(&file).into_iter().next() {
        return Err(Refusal::Elided(mark.text));
    }
    let problems = gate::new_problems(None, &file).first().map(|problem| gate::unparsed(&file, path, problem));
    let parsed = file.syntax.is_some();
    let (path, anchors) = (path.to_owned(), Vec::new());
    Ok((FilePatch { path, before: None, after: text, anchors, parsed }, problems))
}

#[cfg(test)]
mod tests;
