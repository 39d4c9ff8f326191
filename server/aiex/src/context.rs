//! What a model is sent for a place in the workspace: chosen, cleared of secrets, and within a budget by an exact count.

mod notes;
mod show;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    ops::Range,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use aiex_assist::{Prompt, PromptInput};
use aiex_context::{
    Context, Foreign, Intent, Level, Piece, Request, Sources, Strategy, Workspace,
    secrets::{Redaction, Redactor, Scan},
    tokens::{Count, Counter},
};
use aiex_syntax::Language;
use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    corrections::Corrections,
    explain::Target,
    templates,
    workspace::{WorkspaceIndex, index_file},
};

pub use notes::{Note, notes};

/// What is asked, and of whom.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// What is to be done.
    pub intent: Intent,
    /// The file, relative to the workspace, with `/`.
    pub path: &'a str,
    /// Its text as it stands.
    pub text: Arc<str>,
    /// What is meant: bytes, half-open.
    pub range: Range<usize>,
    /// The byte at which the cursor stands.
    pub cursor: usize,
    /// Kind and qualified name of the target; `None` for the whole file.
    pub name: Option<&'a str>,
    /// What the user wants in particular.
    pub instruction: Option<&'a str>,
    /// What compilers and linters find fault with, a line each.
    pub faults: &'a [String],
    /// What is selected of the target, where that is a part of it.
    pub selection: Option<&'a str>,
    /// The user's own template, in place of the built-in one.
    pub template: Option<&'a str>,
    /// The language of the answer.
    pub prose: &'a str,
    /// Notes of the project.
    pub notes: &'a [Note],
    /// The most tokens that the prompt may have, instructions included.
    pub budget: usize,
    /// `provider/model` whose tokens are counted.
    pub model: &'a str,
    /// How they are counted.
    pub counter: &'a Counter,
    /// Whether secrets are replaced.
    pub redact: bool,
    /// How a target that is too long is made shorter.
    pub strategies: &'a [Strategy],
    /// Files that change together with this one, with weights between 0 and about 1.
    pub co_changed: &'a [(Arc<str>, f32)],
    /// Signatures of what the target uses of dependencies.
    pub foreign: &'a [Piece],
}

/// What is sent, and how it came about.
#[derive(Clone, Debug)]
pub struct Built {
    /// What was done.
    pub intent: Intent,
    /// Whose tokens were counted.
    pub model: String,
    /// The most tokens that it may have.
    pub budget: usize,
    /// How many it has.
    pub tokens: Count,
    /// The notes of the project that go with it, as far as there is room, with their tokens.
    pub notes: Vec<(Note, usize)>,
    /// The pieces of code, as sent.
    pub context: Context,
    /// What was replaced.
    pub redactions: Vec<Redaction>,
    /// What puts it back.
    pub redactor: Arc<Redactor>,
    /// The files of the workspace that pieces are of, as they were.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// The messages.
    pub prompt: Prompt,
}

/// The budget is smaller than the instructions and a few lines of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a budget of {budget} tokens is too small: the instructions and a few lines of code need {least}; raise --budget or context.budget_tokens to at least {least}"
)]
pub struct TooSmall {
    budget: usize,
    least: usize,
}

/// Whose tokens are counted where no model is known.
pub const ASSUMED_MODEL: &str = "openai/gpt-5";
/// The fewest tokens of code that are worth a question.
const LEAST_CODE: usize = 96;
/// Notes of the project get at most so many hundredths of the budget.
const NOTES: usize = 10;
/// Dependencies get at most so many.
const FOREIGN: usize = 12;
/// No model takes more.
pub const MOST_TOKENS: usize = 10_000_000;
/// Packing goes by estimates, so it may take a few attempts to fill the budget and not exceed it; more only if none of
/// these is within it.
const ATTEMPTS: usize = 4;

/// Builds the prompt. `read` gives the texts of other files as they are in `workspace`. Blocks for some milliseconds.
pub fn build(
    workspace: &mut Workspace,
    read: &dyn Fn(&str) -> Option<Arc<str>>,
    asked: &Asked,
) -> Result<Built, TooSmall> {
    let counter = asked.counter;
    let language = Language::from_file_name(asked.path);
    let (texts, scans) = Default::default();
    let sources = Files { asked, read, counter, language, texts, scans };
    let frame = tokens(counter, &prompt(asked, &[], ""));
    let least = frame + 2 * counter.count(asked.path).tokens + LEAST_CODE;
    if asked.budget < least {
        return Err(TooSmall { budget: asked.budget, least });
    }
    let notes = notes::fitting(asked.notes, asked.budget * NOTES / 100, &|text| counter.count(text).tokens);
    let foreign = fitting(asked.foreign, (asked.budget - least) * FOREIGN / 100, counter);
    let around = notes.iter().map(|(_, tokens)| tokens).chain(foreign.iter().map(|piece| &piece.tokens)).sum::<usize>();
    let code = (asked.budget - frame).saturating_sub(around);
    let mut room = code;
    let mut best: Option<Built> = None;
    let ranked = workspace.ranked(&asked.request(code));
    for attempt in 1.. {
        if attempt > ATTEMPTS && best.is_some() {
            break;
        }
        let mut context = ranked.context(&asked.request(room), &sources);
        if context.pieces.is_empty() {
            if best.is_some() || room < LEAST_CODE {
                break;
            }
            // What is shown of the target came out longer than it was taken for; of less, less is shown.
            room = room * 3 / 4;
            continue;
        }
        context.pieces.splice(0..0, foreign.iter().cloned());
        let mut built = finish(&sources, &notes, context.clone());
        if built.tokens.tokens > asked.budget && names(&context) > 0 {
            context.pieces.retain(|piece| piece.level != Level::Name);
            built = finish(&sources, &notes, context);
        }
        // Names only fill what nothing else would.
        let used = built.tokens.tokens.saturating_sub(names(&built.context));
        let spent = used.saturating_sub(asked.budget - code).max(1);
        if built.tokens.tokens <= asked.budget {
            let told = |best: &Built| best.tokens.tokens.saturating_sub(names(&best.context));
            let is_better = best.as_ref().is_none_or(|best| told(best) < used);
            let is_full = used * 100 >= asked.budget * 98 || built.context.dropped.is_empty() || !is_better;
            if is_better {
                best = Some(built);
            }
            if is_full {
                break;
            }
            room = room * code / spent * 99 / 100;
        } else if best.is_some() {
            break;
        } else {
            room = (room * code / spent).saturating_sub(room / 100 + 4);
            if attempt >= ATTEMPTS {
                // What there is to tell comes in steps too large for that.
                room /= 2;
            }
        }
    }
    best.ok_or(TooSmall { budget: asked.budget, least: (least + LEAST_CODE).max(asked.budget + 1) })
}

/// The tokens of what is told by its name alone.
fn names(context: &Context) -> usize {
    context.pieces.iter().filter(|piece| piece.level == Level::Name).map(|piece| piece.tokens).sum()
}

/// Clears everything of secrets and puts it together.
fn finish(sources: &Files, notes: &[(Note, usize)], mut context: Context) -> Built {
    let Files { asked, counter, .. } = sources;
    let mut redactor = Redactor::new(&nonce(asked, &context));
    let mut notes = notes.to_vec();
    let own = |words: Option<&str>| words.map(str::to_owned);
    let (mut instruction, mut name, mut selection) = (own(asked.instruction), own(asked.name), own(asked.selection));
    let paths: BTreeSet<_> = context.pieces.iter().map(|piece| piece.path.clone()).collect();
    let read = |path: Arc<str>| sources.read(&path).map(|text| (path, text));
    let files: Vec<_> = paths.into_iter().filter_map(read).collect();
    let mut whole = 0;
    if asked.redact {
        // Each file as a whole first: what is cut out of one may not show that it is secret, nor what an earlier piece
        // repeats.
        for (path, text) in &files {
            redactor.redact_scanned(path, 1, text, &sources.scan(path, text));
        }
        whole = redactor.redactions().len();
        for (note, _) in &mut notes {
            note.text = redactor.redact(&note.path, 1, &note.text);
        }
        for piece in &mut context.pieces {
            piece.text = redactor.redact(&piece.path, piece.lines.0, &piece.text);
        }
        for words in [&mut instruction, &mut name, &mut selection].into_iter().flatten() {
            *words = redactor.redact(asked.path, 1, words);
        }
    }
    let faults = asked.faults.iter();
    let faults: Vec<_> =
        faults.map(|fault| if asked.redact { redactor.redact(asked.path, 1, fault) } else { fault.clone() }).collect();
    let clean = Asked {
        instruction: instruction.as_deref(),
        name: name.as_deref(),
        selection: selection.as_deref(),
        faults: &faults,
        ..(*asked).clone()
    };
    let texts: Vec<_> = notes.iter().map(|(note, _)| (note.path.clone(), note.text.clone())).collect();
    let prompt = prompt(&clean, &texts, &context.text());
    for piece in &mut context.pieces {
        piece.tokens = counter.count(&piece.text).tokens;
    }
    let tokens = Count { tokens: tokens(counter, &prompt), exact: counter.count("").exact };
    // The places are those in the files, as far as what is sent has something of them.
    let told = |redaction: &&Redaction| prompt.user.contains(&redaction.placeholder);
    let (in_files, in_pieces) = redactor.redactions().split_at(whole);
    let mut redactions: Vec<_> = in_files.iter().filter(told).cloned().collect();
    for redaction in in_pieces.iter().filter(told) {
        if !redactions.iter().any(|known| known.placeholder == redaction.placeholder) {
            redactions.push(redaction.clone());
        }
    }
    let (model, budget) = (asked.model.to_owned(), asked.budget);
    let redactor = Arc::new(redactor);
    Built { intent: asked.intent, model, budget, tokens, notes, context, redactions, redactor, files, prompt }
}

impl Asked<'_> {
    fn request(&self, budget: usize) -> Request<'_> {
        Request {
            path: self.path,
            range: self.range.clone(),
            cursor: self.cursor,
            intent: self.intent,
            budget,
            strategies: self.strategies,
            co_changed: self.co_changed,
        }
    }
}

/// The first pieces that fit into so many tokens, their headings included.
fn fitting(pieces: &[Piece], most: usize, counter: &Counter) -> Vec<Piece> {
    let mut left = most;
    let mut kept = Vec::new();
    for piece in pieces {
        // A heading and the lines of a container.
        let tokens = counter.count(&piece.text).tokens + counter.count(&piece.path).tokens + 16;
        if tokens > left {
            break;
        }
        left -= tokens;
        let mut piece = piece.clone();
        piece.tokens = tokens;
        kept.push(piece);
    }
    kept
}

fn prompt(asked: &Asked, notes: &[(String, String)], context: &str) -> Prompt {
    aiex_assist::prompt(&PromptInput {
        intent: asked.intent,
        path: asked.path,
        name: asked.name,
        prose: asked.prose,
        template: asked.template,
        instruction: asked.instruction,
        faults: asked.faults,
        selection: asked.selection,
        notes,
        context,
    })
}

/// Of both messages. What a provider adds around each of them is not known to anyone but the provider.
fn tokens(counter: &Counter, prompt: &Prompt) -> usize {
    counter.count(&prompt.system).tokens + counter.count(&prompt.user).tokens
}

/// A word that no text could foresee before it was written, and that is the same for the same question.
fn nonce(asked: &Asked, context: &Context) -> String {
    let mut hash = Sha256::new();
    hash.update(asked.path);
    context.pieces.iter().for_each(|piece| hash.update(&piece.text));
    let digest = hash.finalize();
    digest
        .iter()
        .take(4)
        .map(|byte| {
            char::from(b"abcdefghijklmnopqrstuvwxyz234567".get(usize::from(byte % 32)).copied().unwrap_or(b'a'))
        })
        .collect()
}

struct Files<'a> {
    asked: &'a Asked<'a>,
    read: &'a dyn Fn(&str) -> Option<Arc<str>>,
    counter: &'a Counter,
    language: Option<Language>,
    /// What was read: each file once for all attempts.
    texts: RefCell<HashMap<String, Option<Arc<str>>>>,
    /// What of each of them is secret.
    scans: RefCell<HashMap<Arc<str>, Rc<Scan>>>,
}

impl Files<'_> {
    /// What of a whole file is secret.
    fn scan(&self, path: &Arc<str>, text: &str) -> Rc<Scan> {
        let mut scans = self.scans.borrow_mut();
        scans.entry(path.clone()).or_insert_with(|| Rc::new(Scan::new(path, 1, text))).clone()
    }
}

impl Sources for Files<'_> {
    fn read(&self, path: &str) -> Option<Arc<str>> {
        if path == self.asked.path {
            return Some(self.asked.text.clone());
        }
        let mut texts = self.texts.borrow_mut();
        texts.entry(path.to_owned()).or_insert_with(|| (self.read)(path)).clone()
    }

    fn count(&self, text: &str) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let tokens = self.counter.estimate(text, self.language).ceil() as usize;
        tokens
    }
}

/// What the configuration says of what is sent.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The language of the answer.
    pub prose: String,
    /// The most tokens of a prompt.
    pub budget: usize,
    /// Whether secrets are replaced.
    pub redact: bool,
    /// `provider/model` whose tokens are counted.
    pub model: String,
    /// How its provider counts.
    pub corrections: Corrections,
    /// How a target that is too long is made shorter.
    pub strategies: Vec<Strategy>,
}

impl Terms {
    /// Those of a configuration, for a model.
    pub fn new(config: &Config, model: &str, corrections: &Corrections) -> Self {
        Self {
            prose: config.language.0.clone(),
            budget: usize::try_from(config.context.budget_tokens).unwrap_or(usize::MAX).min(MOST_TOKENS),
            redact: config.privacy.redact_secrets != Some(false),
            model: model.to_owned(),
            corrections: corrections.clone(),
            strategies: Strategy::ALL.to_vec(),
        }
    }

    /// About how many bytes of code it has room for, beside what else a prompt holds.
    pub fn room(&self) -> usize {
        // By what a token has at least of most code, and a third for the rest.
        self.budget * 2
    }

    /// The same with at most so many characters of code: a budget that holds for a model whose context is small.
    pub fn within(&self, most_chars: usize) -> Self {
        // By what a token has at least of most code.
        let budget = if most_chars == usize::MAX { self.budget } else { self.budget.min(most_chars / 4) };
        Self { budget, ..self.clone() }
    }
}

/// What is to be done with a target.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is to be done.
    pub intent: Intent,
    /// What the user wants in particular.
    pub instruction: Option<String>,
    /// What compilers and linters find fault with, a line each.
    pub faults: Vec<String>,
    /// What is selected of the target, where that is a part of it.
    pub selection: Option<String>,
    /// The user's own template, in place of the built-in one.
    pub template: Option<String>,
}

impl Order {
    /// An intent and nothing more, with the user's own template if there is one. Reads a file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with that.
    pub fn of(intent: Intent) -> Result<Self, String> {
        Ok(Self { intent, instruction: None, faults: Vec::new(), selection: None, template: templates::of(intent)? })
    }
}

/// Builds the prompt for a target of a workspace that is indexed, or of one file alone. Blocks.
pub fn of_target(
    index: Option<&WorkspaceIndex>,
    target: &Target,
    order: &Order,
    notes: &[Note],
    terms: &Terms,
) -> Result<Built, TooSmall> {
    let begin = Instant::now();
    let name = target.title();
    let co_changed = index.map(|index| index.history().related(&target.path)).unwrap_or_default();
    let foreign = index.map(|index| of_dependencies(index, target)).unwrap_or_default();
    let counter = terms.corrections.counter(&terms.model);
    let asked = Asked {
        intent: order.intent,
        foreign: &foreign,
        path: &target.path,
        text: target.snapshot.text().to_string().into(),
        range: target.range(),
        cursor: target.cursor,
        name: name.as_deref(),
        instruction: order.instruction.as_deref(),
        faults: &order.faults,
        selection: order.selection.as_deref(),
        template: order.template.as_deref(),
        prose: &terms.prose,
        notes,
        budget: terms.budget,
        model: &terms.model,
        counter: &counter,
        redact: terms.redact,
        strategies: &terms.strategies,
        co_changed: &co_changed,
    };
    let own = index_file::of_document(&target.path, &target.snapshot);
    let own = own.map(|(language, own)| (language, Arc::new(own)));
    let built = match index {
        Some(index) => {
            index.refresh(REFRESH);
            index.query(|workspace, texts| {
                // The document may have been changed since the question was asked, which is about what it was then.
                let is_same = texts.read(&target.path).is_none_or(|text| *text == *asked.text);
                let known = workspace.file(&target.path).cloned().filter(|_| !is_same);
                if let (Some(_), Some((language, own))) = (&known, &own) {
                    workspace.update(&target.path, *language, own.clone());
                }
                let built = build(workspace, &|path| texts.read(path), &asked);
                if let (Some(known), Some((language, _))) = (known, &own) {
                    workspace.update(&target.path, *language, known);
                }
                built
            })
        }
        None => {
            let mut workspace = Workspace::default();
            if let Some((language, own)) = own {
                workspace.update(&target.path, language, own);
            }
            build(&mut workspace, &|_| None, &asked)
        }
    };
    tracing::debug!(path = target.path, took_us = begin.elapsed().as_micros(), "context built");
    built
}

/// How long may be spent on looking for files that have changed.
const REFRESH: Duration = Duration::from_millis(50);

/// What the target uses of packages whose sources are on disk, in the versions of the lock file. A package that is new
/// here is indexed first, as long as there is time.
fn of_dependencies(index: &WorkspaceIndex, target: &Target) -> Vec<Piece> {
    let begin = Instant::now();
    let foreign = index.query(|workspace, _| workspace.foreign(&target.path, &target.range()));
    if foreign.is_empty() {
        return Vec::new();
    }
    let packages = index.dependencies();
    let mut pieces = Vec::new();
    for foreign in &foreign {
        let Some(package) = package_of(foreign, &packages).filter(|_| begin.elapsed() < DEPENDENCIES) else { continue };
        let Some(dependency) = index.dependency(package) else { continue };
        let version = dependency.package.version.as_deref().unwrap_or("git");
        let prefix = format!("{}-{version}", dependency.package.name);
        let piece =
            dependency.query(|workspace| workspace.signature_of(foreign, &prefix, &|path| dependency.read(path)));
        pieces.extend(piece);
    }
    pieces.sort_by(|one, other| (&one.path, one.lines).cmp(&(&other.path, other.lines)));
    pieces.dedup();
    pieces
}

/// How long may be spent on dependencies that were not indexed yet.
const DEPENDENCIES: Duration = Duration::from_millis(1500);

/// The package that a name is of: of Rust its first part, of Elixir the one whose name the module's begins with.
fn package_of<'p>(foreign: &Foreign, packages: &'p BTreeSet<String>) -> Option<&'p str> {
    let first = foreign.path.first()?;
    let found = match foreign.language {
        Language::Rust => packages.get(first),
        Language::Elixir => {
            let module = first.replace('.', "").to_lowercase();
            let begins = |package: &&String| module.starts_with(&package.replace('_', ""));
            packages.iter().filter(begins).max_by_key(|package| package.len())
        }
    };
    found.map(String::as_str)
}
