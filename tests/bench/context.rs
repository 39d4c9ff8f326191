//! How fast a large workspace is indexed, and how fast what a model is told is chosen from it, seen from outside.
//!
//! `cargo bench -p aiex-tests --bench context [-- PATH…]` (Linux, on a quiet machine; a minute). The workspace is made of
//! crates that this one depends on, where cargo keeps them, and of the `.rs`, `.ex` and `.exs` files in the folders
//! given, up to 10 MB.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use aiex_syntax::{Language, Syntax};
use aiex_tests::{
    binary::{Home, aiex},
    client::{Client, at},
    profile::Profile,
};
use aiex_text::Text;
use serde_json::{Value, json};

const CRATES: [&str; 12] = [
    "tokio",
    "syn",
    "clap_builder",
    "rustls",
    "regex-automata",
    "reqwest",
    "h2",
    "hyper",
    "toml_edit",
    "rusqlite",
    "jiff",
    "url",
];
const MOST_BYTES: usize = 10_000_000;
const PACKS: usize = 100;

fn main() {
    // The log says how long each step took. Set before any thread is started.
    if std::env::var_os("AIEX_LOG").is_none() {
        let own = std::env::current_exe().expect("the benchmark's own path");
        let status =
            Command::new(own).args(std::env::args().skip(1)).env("AIEX_LOG", "aiex=debug").status().expect("it starts");
        std::process::exit(status.code().unwrap_or(1));
    }
    aiex();
    let home = Home::default();
    let root = home.path().join("workspace");
    let sources = workspace(&root);
    let megabytes = sources.iter().map(|(_, text)| text.len()).sum::<usize>() as f64 / 1e6;
    let parse = (0..3).map(|_| raw_parse(&sources)).min().expect("three runs");
    let cold = index(&home, &root);
    let (again, mut packs, memory) = packs(&home, &root, &sources);
    packs.sort();
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    println!("| a workspace of {megabytes:.1} MB in {} files | measured | goal |\n|---|---|---|", sources.len());
    println!(
        "| indexed for the first time | {:.2} s: {:.2} × tree-sitter's own parse on the same cores | 1.5 × |",
        cold.as_secs_f64(),
        cold.as_secs_f64() / parse.as_secs_f64()
    );
    println!("| unchanged, at the next start | {:.0} ms | |", millis(again));
    println!(
        "| what an explanation sends, chosen and counted: median, 95 % | {:.1} ms, {:.1} ms | 5 ms, 20 ms |",
        millis(packs[packs.len() / 2]),
        millis(packs[packs.len() * 95 / 100]),
    );
    println!(
        "| memory beside the program file, all that included | {memory:.1} MB: {:.1} × the sources | 3 × |",
        memory / megabytes
    );
}

/// Copies sources into a folder, and returns them.
fn workspace(root: &Path) -> Vec<(PathBuf, String)> {
    let given = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let mut files = Vec::new();
    for folder in given.chain(crates()) {
        let name = folder.file_name().expect("a folder's name").to_owned();
        collect(&folder, &folder, Path::new(&name), &mut files);
    }
    let mut bytes = 0;
    files.retain(|(_, text)| {
        bytes += text.len();
        bytes <= MOST_BYTES
    });
    for (path, text) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    fs::write(root.join("Cargo.toml"), "[workspace]\n").expect("the manifest");
    files
}

fn crates() -> Vec<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--format-version", "1", "--offline"]).output().expect("cargo");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let folder = |name: &&str| {
        let package = packages.iter().find(|package| package["name"] == **name)?;
        Path::new(package["manifest_path"].as_str()?).parent().map(Path::to_path_buf)
    };
    CRATES.iter().filter_map(folder).collect()
}

fn collect(top: &Path, folder: &Path, name: &Path, files: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(top, &path, name, files);
        } else if Language::from_file_name(&path.to_string_lossy()).is_some()
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.push((name.join(path.strip_prefix(top).expect("below it")), text));
        }
    }
}

/// What tree-sitter takes for all of them on every core.
fn raw_parse(sources: &[(PathBuf, String)]) -> Duration {
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((path, text)) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let language = Language::from_file_name(&path.to_string_lossy()).expect("a language");
                    drop(Syntax::parse(language, &Text::new(text), None, || true));
                }
            });
        }
    });
    begin.elapsed()
}

/// Starts a server there, and returns how long it took to index.
fn indexed(client: &mut Client) -> Duration {
    let line = client.wait_log("workspace indexed");
    let took = line.split("took_ms=").nth(1).and_then(|took| took.split_whitespace().next()).expect("a duration");
    Duration::from_millis(took.parse().expect("a number"))
}

fn index(home: &Home, root: &Path) -> Duration {
    let mut client = Client::start(home, Profile::vscode().workspace(root));
    let took = indexed(&mut client);
    client.wait_log("index kept");
    took
}

/// How long the second start took, how long the choice for each of many functions took, and the memory after all of it.
fn packs(home: &Home, root: &Path, sources: &[(PathBuf, String)]) -> (Duration, Vec<Duration>, f64) {
    let mut client = Client::start(home, Profile::vscode().workspace(root));
    let again = indexed(&mut client);
    let places: Vec<_> =
        sources.iter().filter_map(|(path, text)| Some((path, text, text.find("\n    pub fn ")? + 12))).collect();
    let mut packs = Vec::new();
    // The first choice makes the graph and loads a vocabulary.
    for (path, text, offset) in places.iter().step_by((places.len() / (PACKS + 1)).max(1)).take(PACKS + 1) {
        let uri = url::Url::from_file_path(root.join(path)).expect("a path").to_string();
        client.open(&uri, "rust", text);
        let place = client.position(text, *offset);
        client.run("aiex.showContext", at(&uri, &place));
        let line = client.wait_log(&format!("context built path={:?} took_us=", path.to_string_lossy()));
        let took = line.split_whitespace().next().expect("a number");
        packs.push(Duration::from_micros(took.parse().expect("a number")));
        client.shown();
        client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }
    packs.remove(0);
    let status = fs::read_to_string(format!("/proc/{}/status", client.process_id())).expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
    let memory = line.and_then(|kib| kib.parse::<f64>().ok()).expect("a number") * 1024.0 / 1e6;
    (again, packs, memory)
}
