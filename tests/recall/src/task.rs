//! Tasks: a function whose body is masked, and the definitions that the body used.

use serde::{Deserialize, Serialize};

use crate::sources::{Definition, Source};

/// The tasks of one repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Its name in the table.
    pub name: String,
    /// Where its unmasked sources are, absolute.
    pub root: String,
    /// `rust` or `elixir`.
    pub language: String,
    /// In order of path and line.
    pub tasks: Vec<Task>,
}

/// One function to write anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Of the function.
    pub name: String,
    /// 1-based, of the `fn` or of the first `def`, after attributes and docs.
    pub line: usize,
    /// The bodies in the unmasked file, half-open byte ranges, in order.
    pub mask: Vec<Span>,
    /// What stands in place of each.
    pub stub: String,
    /// What the bodies used, in order of path and line, each once.
    pub gold: Vec<Gold>,
}

/// A half-open range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// A definition of the repository that a body used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gold {
    /// Relative to the root, with `/`.
    pub path: String,
    /// 1-based line where the definition's head begins, after attributes and docs.
    pub line: usize,
    /// Its name; in Elixir with the arity.
    pub name: String,
    /// `function`, `struct`, `enum`, `trait`, `const`, `static`, `type`, `macro`.
    pub kind: String,
    /// `variant` or `field` if the body named only such parts of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// In the unmasked file: its head, up to a body, a value or the list of its members.
    pub signature: Span,
}

/// Lines a body may have, without those of its delimiters.
pub const BODY_LINES: std::ops::RangeInclusive<usize> = 8..=80;
/// Least number of the repository's definitions that a task's body uses.
pub const LEAST_GOLD: usize = 3;
/// Most tasks of one repository.
pub const MOST_TASKS: usize = 100;
const SEED: u64 = 0x6169_6578;

/// A fixed choice of at most [`MOST_TASKS`], in order of path and line.
pub fn sample(mut tasks: Vec<Task>) -> Vec<Task> {
    tasks.sort_by_cached_key(|task| {
        let place = format!("{}:{}:{}", task.path, task.line, task.name);
        (hash(&place), place)
    });
    tasks.truncate(MOST_TASKS);
    tasks.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    tasks
}

/// FNV-1a with a seed: the same on every machine, release and run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ SEED, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Gold from the uses of a body: each definition once, `via` only where every use was one.
pub fn gold<'a>(uses: impl IntoIterator<Item = (&'a Definition, Option<&'static str>)>) -> Vec<Gold> {
    let mut gold: Vec<Gold> = Vec::new();
    for (definition, via) in uses {
        let same = gold
            .iter_mut()
            .find(|gold| gold.path == definition.path && gold.line == definition.line && gold.name == definition.name);
        match same {
            Some(gold) => {
                if via.is_none() {
                    gold.via = None;
                }
            }
            None => gold.push(Gold {
                path: definition.path.clone(),
                line: definition.line,
                name: definition.name.clone(),
                kind: definition.kind.to_owned(),
                via: via.map(str::to_owned),
                signature: definition.signature,
            }),
        }
    }
    gold.sort();
    gold
}

/// The file's text with each masked range replaced by the stub.
pub fn masked(source: &str, task: &Task) -> String {
    let mut text = source.to_owned();
    for span in task.mask.iter().rev() {
        text.replace_range(span.start..span.end, &task.stub);
    }
    text
}

/// Those whose masked file has no syntax error that the file did not have.
pub fn still_parses(language: &tree_sitter::Language, sources: &[Source], tasks: Vec<Task>) -> Vec<Task> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(language).expect("the grammar loads");
    let mut broken = |text: &str| parser.parse(text, None).is_none_or(|tree| tree.root_node().has_error());
    tasks
        .into_iter()
        .filter(|task| {
            let source = sources.iter().find(|source| source.path == task.path);
            source.is_some_and(|source| !broken(&masked(&source.text, task)) || broken(&source.text))
        })
        .collect()
}
