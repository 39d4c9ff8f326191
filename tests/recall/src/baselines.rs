//! What else could be shown for a task within the same budget, rendered with the path of each piece.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use text_splitter::{ChunkConfig, CodeSplitter};

use crate::{
    score::{Pack, Shown},
    sources::{Definition, Source},
    task::Task,
    tokens,
};

/// Lines of a plain chunk.
const CHUNK_LINES: usize = 40;
/// Characters of a syntactic chunk: about as many as [`CHUNK_LINES`] have.
const CHUNK_CHARACTERS: usize = 1500;
/// Visible lines before the target that a search is made with.
const QUERY_LINES: usize = 20;
/// Part of the budget that the target's surroundings get before what a search finds.
const WINDOW_SHARE: usize = 4;

/// The methods' names, in the order of the table.
pub const NAMES: [&str; 4] =
    ["file window", "BM25 over 40-line chunks", "text-splitter + BM25", "blind dump of first lines"];

/// A text with a budget that it never exceeds.
struct Prompt {
    budget: usize,
    pack: Pack,
}

impl Prompt {
    fn new(budget: usize) -> Self {
        Self { budget, pack: Pack { first_lines_suffice: true, ..Pack::default() } }
    }

    /// Adds lines of a file if they fit.
    fn push(&mut self, path: &str, lines: (usize, usize), text: &str) -> bool {
        let cost = tokens::count(&format!("// {path}\n{text}\n\n"));
        let fits = self.pack.tokens + cost <= self.budget;
        if fits {
            self.pack.tokens += cost;
            self.pack.shown.push(Shown { path: path.to_owned(), lines: Some(lines), text: text.to_owned() });
        }
        fits
    }
}

/// A piece of a file, with its words.
struct Chunk {
    path: String,
    lines: (usize, usize),
    text: String,
    words: HashMap<String, f64>,
    length: f64,
}

impl Chunk {
    fn new(path: &str, lines: (usize, usize), text: &str) -> Self {
        let words = words(text);
        let length = words.values().sum();
        Self { path: path.to_owned(), lines, text: text.to_owned(), words, length }
    }
}

/// A repository's chunks of both kinds and its definitions, by file.
pub struct Baselines {
    language: tree_sitter::Language,
    plain: HashMap<String, Vec<Chunk>>,
    syntactic: HashMap<String, Vec<Chunk>>,
    definitions: fn(&Source) -> Vec<Definition>,
    sources: Vec<Source>,
}

impl Baselines {
    /// Of unmasked sources; a task's own file is looked at anew.
    pub fn new(language: &str, sources: &[Source]) -> Self {
        let (grammar, definitions): (tree_sitter::Language, fn(&Source) -> Vec<Definition>) = match language {
            "rust" => (tree_sitter_rust::LANGUAGE.into(), crate::rust::definitions),
            _ => (tree_sitter_elixir::LANGUAGE.into(), crate::elixir::definitions),
        };
        let mut all = Self {
            language: grammar,
            plain: HashMap::new(),
            syntactic: HashMap::new(),
            definitions,
            sources: sources.to_vec(),
        };
        for source in sources {
            all.plain.insert(source.path.clone(), plain(source));
            let chunks = all.split(source);
            all.syntactic.insert(source.path.clone(), chunks);
        }
        all
    }

    /// What each of [`NAMES`] shows, given the target's masked file.
    pub fn packs(&self, task: &Task, own: &Source, budget: usize) -> [Pack; 4] {
        let mut window = Prompt::new(budget);
        around(&mut window, own, task.line);
        let query = query(task, own);
        let searched = |all: &HashMap<String, Vec<Chunk>>, own_chunks: Vec<Chunk>| {
            let mut prompt = Prompt::new(budget / WINDOW_SHARE);
            around(&mut prompt, own, task.line);
            prompt.budget = budget;
            let others = all.iter().filter(|(path, _)| **path != task.path).flat_map(|(_, chunks)| chunks);
            search(&mut prompt, &query, others.chain(&own_chunks).collect());
            prompt.pack
        };
        [
            window.pack,
            searched(&self.plain, plain(own)),
            searched(&self.syntactic, self.split(own)),
            self.blind(task, own, budget),
        ]
    }

    fn split(&self, source: &Source) -> Vec<Chunk> {
        let splitter = CodeSplitter::new(self.language.clone(), ChunkConfig::new(CHUNK_CHARACTERS).with_trim(false))
            .expect("the grammar loads");
        let chunks = splitter.chunk_indices(&source.text).map(|(start, text)| {
            let last = source.line_of(start + text.trim_end().len().saturating_sub(1));
            Chunk::new(&source.path, (source.line_of(start) + 1, last + 1), text)
        });
        chunks.collect()
    }

    /// First lines of all definitions: those of the own file, then those of the nearest folders.
    fn blind(&self, task: &Task, own: &Source, budget: usize) -> Pack {
        let folder = |path: &str| Path::new(path).parent().map(Path::to_path_buf).unwrap_or_default();
        let here = folder(&task.path);
        let mut files: Vec<&Source> = self.sources.iter().collect();
        files.sort_by_key(|source| {
            let there = folder(&source.path);
            let shared = here.components().zip(there.components()).take_while(|(a, b)| a == b).count();
            let steps = here.components().count() + there.components().count() - 2 * shared;
            (source.path != task.path, steps, source.path.clone())
        });
        let mut prompt = Prompt::new(budget);
        for source in files {
            let source = if source.path == task.path { own } else { source };
            let mut room = true;
            for definition in (self.definitions)(source) {
                let text = source.line(definition.line).to_owned();
                let header = match prompt.pack.shown.last() {
                    Some(last) if last.path == source.path => String::new(),
                    _ => format!("// {}\n", source.path),
                };
                let cost = tokens::count(&format!("{header}{text}\n"));
                if prompt.pack.tokens + cost > budget {
                    room = false;
                    break;
                }
                prompt.pack.tokens += cost;
                let lines = Some((definition.line, definition.line));
                prompt.pack.shown.push(Shown { path: source.path.clone(), lines, text });
            }
            if !room {
                break;
            }
        }
        prompt.pack
    }
}

fn plain(source: &Source) -> Vec<Chunk> {
    let lines: Vec<&str> = source.text.lines().collect();
    let chunks = lines.chunks(CHUNK_LINES).enumerate().map(|(index, lines)| {
        let first = index * CHUNK_LINES + 1;
        Chunk::new(&source.path, (first, first + lines.len() - 1), &lines.join("\n"))
    });
    chunks.collect()
}

/// As many whole lines around a line as the budget has room for, half before and half after.
fn around(prompt: &mut Prompt, own: &Source, line: usize) {
    let lines: Vec<&str> = own.text.lines().collect();
    let target = line.saturating_sub(1);
    let text = |reach: usize| {
        let (from, to) = (target.saturating_sub(reach), (target + reach + 1).min(lines.len()));
        ((from + 1, to), lines[from..to].join("\n"))
    };
    let fits = |reach: usize| tokens::count(&format!("// {}\n{}\n\n", own.path, text(reach).1)) <= prompt.budget;
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    let (range, text) = text(low);
    prompt.push(&own.path, range, &text);
}

/// The target's head and what stands before it.
fn query(task: &Task, own: &Source) -> HashMap<String, f64> {
    let first = task.line.saturating_sub(QUERY_LINES + 1);
    let end = task.mask.first().map_or(task.line, |span| own.line_of(span.start.min(own.text.len())) + 1);
    let text: Vec<&str> = own.text.lines().skip(first).take(end.max(task.line) - first).collect();
    words(&text.join("\n"))
}

/// Okapi BM25, k1 = 1.2, b = 0.75; what does not fit is passed over.
fn search(prompt: &mut Prompt, query: &HashMap<String, f64>, chunks: Vec<&Chunk>) {
    let total = chunks.len() as f64;
    let mean = chunks.iter().map(|chunk| chunk.length).sum::<f64>() / total.max(1.0);
    let mut documents: HashMap<&str, f64> = HashMap::new();
    for chunk in &chunks {
        for word in query.keys().filter(|word| chunk.words.contains_key(*word)) {
            *documents.entry(word).or_default() += 1.0;
        }
    }
    let mut ranked: Vec<(f64, &Chunk)> = chunks
        .into_iter()
        .map(|chunk| {
            let terms = query.keys().filter_map(|word| {
                let count = chunk.words.get(word)?;
                let found = documents.get(word.as_str())?;
                let rarity = ((total - found + 0.5) / (found + 0.5) + 1.0).ln();
                Some(rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * chunk.length / mean)))
            });
            let mut terms: Vec<f64> = terms.collect();
            terms.sort_by(f64::total_cmp);
            (terms.iter().sum(), chunk)
        })
        .collect();
    ranked.sort_by(|(a, one), (b, other)| {
        b.total_cmp(a).then_with(|| (&one.path, one.lines).cmp(&(&other.path, other.lines)))
    });
    let window = prompt.pack.shown.first().and_then(|shown| Some((shown.path.clone(), shown.lines?)));
    let least = tokens::count("// a\na\n\n");
    for (_, chunk) in ranked.into_iter().filter(|(score, _)| *score > 0.0) {
        let inside = window
            .as_ref()
            .is_some_and(|(path, (from, to))| *path == chunk.path && *from <= chunk.lines.0 && chunk.lines.1 <= *to);
        if !inside {
            prompt.push(&chunk.path, chunk.lines, &chunk.text);
        }
        if prompt.pack.tokens + least > prompt.budget {
            break;
        }
    }
}

/// Identifiers and their parts (`snake_case`, `CamelCase`), in lower case, with their counts.
fn words(text: &str) -> HashMap<String, f64> {
    let mut words: HashMap<String, f64> = HashMap::new();
    for whole in text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 1) {
        let mut parts = HashSet::from([whole.to_lowercase()]);
        for part in whole.split('_').filter(|part| !part.is_empty()) {
            let mut start = 0;
            let mut before = ' ';
            for (at, c) in part.char_indices() {
                if c.is_uppercase() && before.is_lowercase() {
                    parts.insert(part[start..at].to_lowercase());
                    start = at;
                }
                before = c;
            }
            parts.insert(part[start..].to_lowercase());
        }
        for part in parts {
            *words.entry(part).or_default() += 1.0;
        }
    }
    words
}
