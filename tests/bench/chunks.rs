//! What chunking costs beside the parse, and beside text-splitter. Prints the table that README quotes.
//!
//! `cargo bench -p aiex-tests --bench chunks [-- PATH…]` (on a quiet machine; a minute). The sources are those of some
//! crates that this workspace depends on, where cargo keeps them, and every `.rs`, `.ex` and `.exs` file in the folders
//! given. Everything runs on one thread, whose processor time is measured; the best of three runs counts. Cold is a parse from nothing with the chunks
//! made from it; kept is the chunks alone, from a parse that is there already, as it is of an open document.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use aiex_context::chunk::{Format, chunks};
use aiex_syntax::{Language, Syntax};
use aiex_text::Text;
use serde_json::Value;
use text_splitter::{ChunkConfig, ChunkSizer, CodeSplitter};

/// Large, and written by people.
const CRATES: [&str; 5] = ["tokio", "syn", "clap_builder", "rustls", "regex-automata"];
const RUNS: usize = 3;
const MAX_TOKENS: usize = 500;
/// What text-splitter is given where it counts characters: as many as that many tokens have in Rust.
const MAX_CHARS: usize = MAX_TOKENS * 409 / 100;

fn main() {
    let mut files = Vec::new();
    // Cargo adds an option of its own.
    let given = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from);
    for folder in crates().into_iter().chain(given) {
        collect(&folder, &mut files);
    }
    files.sort();
    println!("| sources | MB/s | of the parse | × text-splitter by characters | × by tokens |\n|---|---|---|---|---|");
    for language in [Language::Rust, Language::Elixir] {
        let of_language = |path: &&PathBuf| Language::from_file_name(&path.to_string_lossy()) == Some(language);
        let sources: Vec<String> =
            files.iter().filter(of_language).filter_map(|path| fs::read_to_string(path).ok()).collect();
        if !sources.is_empty() {
            measure(language, &sources);
        }
    }
}

fn measure(language: Language, sources: &[String]) {
    let megabytes = sources.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    let (format, grammar) = match language {
        Language::Rust => (Format::Rust, tree_sitter_rust::LANGUAGE),
        Language::Elixir => (Format::Elixir, tree_sitter_elixir::LANGUAGE),
    };
    let texts: Vec<Text> = sources.iter().map(|source| Text::new(source)).collect();
    let parse = |text: &Text| Syntax::parse(language, text, None, || true).expect("a parse");
    let (mut parsing, mut chunking, mut cold) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        let (took, parses) = timed(|| texts.iter().map(parse).collect::<Vec<_>>());
        parsing = parsing.min(took);
        let chunk =
            || texts.iter().zip(&parses).map(|(text, syntax)| chunks(text, Some(syntax), format, MAX_TOKENS).len());
        chunking = chunking.min(timed(|| chunk().sum::<usize>()).0);
        let all = || texts.iter().map(|text| chunks(text, Some(&parse(text)), format, MAX_TOKENS).len());
        cold = cold.min(timed(|| all().sum::<usize>()).0);
    }
    let by_characters = split(sources, || CodeSplitter::new(grammar, MAX_CHARS).expect("a splitter"), RUNS);
    let counter = tiktoken_rs::o200k_base().expect("a vocabulary");
    let by_tokens = split(
        sources,
        || CodeSplitter::new(grammar, ChunkConfig::new(MAX_TOKENS).with_sizer(&counter)).expect("a splitter"),
        1,
    );
    let row = |what: &str, took: Duration| {
        let of = |other: Duration| other.as_secs_f64() / took.as_secs_f64();
        println!(
            "| {language:?}, {megabytes:.1} MB: {what} | {:.1} | {:.2} | {:.1} | {:.1} |",
            megabytes / took.as_secs_f64(),
            of(parsing),
            of(by_characters),
            of(by_tokens)
        );
    };
    row("tree-sitter's parse", parsing);
    row("chunks, cold", cold);
    row("chunks, of a kept parse", chunking);
    row("text-splitter by characters", by_characters);
    row("text-splitter by tokens", by_tokens);
}

/// The best of some runs of text-splitter, which parses as well.
fn split<S: ChunkSizer>(sources: &[String], splitter: impl Fn() -> CodeSplitter<S>, runs: usize) -> Duration {
    let splitter = splitter();
    let run = || sources.iter().map(|source| splitter.chunks(source).count()).sum::<usize>();
    (0..runs).map(|_| timed(run).0).min().unwrap_or(Duration::MAX)
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let begin = (processor_time(), Instant::now());
    let value = run();
    let took = processor_time().zip(begin.0).map(|(now, begin)| now - begin);
    (took.unwrap_or(begin.1.elapsed()), value)
}

/// What this thread has had of a processor, where the system says it (Linux): other programs then disturb less.
fn processor_time() -> Option<Duration> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(schedule.split(' ').next()?.parse().ok()?))
}

/// The folders of the sources of [`CRATES`].
fn crates() -> Vec<PathBuf> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let ours = packages.filter(|package| CRATES.iter().any(|name| package["name"] == *name));
    let folder = |package: &Value| Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_owned());
    ours.filter_map(folder).collect()
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    // Neither links nor what was built.
    let entries = fs::read_dir(path).map(|entries| entries.flatten().collect::<Vec<_>>());
    for entry in entries.unwrap_or_default() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != "target" => collect(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}
