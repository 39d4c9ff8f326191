//! The invariants of the architecture, and a few habits, checked over the sources and what cargo knows of them.

mod readme;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use aiex_tests::binary::top;
use serde_json::Value;

use source::{Part, Source, blank, has_word, product, sources};

/// Each crate of `server/`, and which others it may use. A new crate gets a line here once its place is decided.
const LAYERS: [(&str, &[&str]); 8] = [
    // The core: no I/O, no async, no clock.
    ("aiex-text", &[]),
    ("aiex-syntax", &["aiex-text"]),
    ("aiex-context", &["aiex-text", "aiex-syntax"]),
    ("aiex-assist", &["aiex-text", "aiex-syntax", "aiex-context"]),
    // The boundary: it does I/O, and knows neither the core nor the protocol.
    ("aiex-llm", &[]),
    ("aiex-store", &[]),
    ("aiex-tools", &[]),
    // The interface.
    ("aiex", &["aiex-text", "aiex-syntax", "aiex-context", "aiex-assist", "aiex-llm", "aiex-store", "aiex-tools"]),
];

const CORE: [&str; 4] = ["text", "syntax", "context", "assist"];

fn core() -> Vec<Source> {
    let is_core = |source: &Source| CORE.iter().any(|name| source.path.starts_with(&format!("server/{name}/")));
    product().into_iter().filter(is_core).collect()
}

/// Fails with a list of the places where one of the words stands in shipped code.
fn forbid(sources: &[Source], words: &[&str], why: &str) {
    let mut found = String::new();
    for source in sources {
        for (line, code) in source.shipped() {
            for word in words.iter().filter(|word| has_word(&code, word)) {
                found.push_str(&format!("\n{}:{line}: `{word}`", source.path));
            }
        }
    }
    assert!(found.is_empty(), "{why}:{found}");
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).arg("--offline").current_dir(top()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes text")
}

/// The workspace's packages by name, as cargo sees them.
fn packages() -> BTreeMap<String, Value> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (package["name"].as_str().expect("a name").to_owned(), package.clone())).collect()
}

/// What a package uses to run, dependencies for its tests and its build left out.
fn used_by(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter().filter(|one| one["kind"].is_null()).map(|one| one["name"].as_str().expect("a name"))
}

#[test]
fn each_crate_uses_only_the_layers_below_it() {
    for (name, package) in packages() {
        let manifest = package["manifest_path"].as_str().expect("a path");
        if !Path::new(manifest).starts_with(top().join("server")) {
            assert!(
                ["aiex-tests", "aiex-recall"].contains(&name.as_str()),
                "a product crate belongs in server/: {name}"
            );
            let product = used_by(&package).filter(|used| used.starts_with("aiex") && *used != "aiex-tests");
            let product: Vec<_> = product.collect();
            assert!(product.is_empty(), "the black-box tests see the product only as a binary, not as {product:?}");
            continue;
        }
        let layer = LAYERS.iter().find(|(layer, _)| *layer == name);
        let (_, allowed) = layer.unwrap_or_else(|| panic!("{name} has no place in the layers yet: add it to LAYERS"));
        for used in used_by(&package).filter(|used| used.starts_with("aiex")) {
            assert!(allowed.contains(&used), "{name} may not use {used}");
        }
    }
}

#[test]
fn what_asks_and_what_answers_do_not_know_each_other() {
    let packages = packages();
    let all = |name: &str| -> BTreeSet<String> {
        cargo(&["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"])
            .lines()
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect()
    };
    assert!(packages.contains_key("aiex-assist") && packages.contains_key("aiex-llm"));
    assert!(!all("aiex-assist").contains("aiex-llm"));
    assert!(!all("aiex-llm").contains("aiex-assist"));
}

#[test]
fn the_core_is_built_from_nothing_that_does_io() {
    const BOUNDARY: [&str; 10] = [
        "tokio",
        "mio",
        "reqwest",
        "hyper",
        "socket2",
        "async-std",
        "smol",
        "futures-executor",
        "rusqlite",
        "tower-lsp-server",
    ];
    for name in CORE.iter().map(|name| format!("aiex-{name}")).filter(|name| packages().contains_key(name)) {
        let tree = cargo(&["tree", "--package", &name, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
        let used: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(used.contains(&&*name), "cargo tree says nothing of {name}:\n{tree}");
        let io: Vec<_> = BOUNDARY.iter().filter(|one| used.contains(one)).collect();
        assert!(io.is_empty(), "{name} is core, and is built with {io:?}");
    }
}

#[test]
fn the_core_does_no_io_has_no_async_and_reads_no_clock() {
    const WORDS: [&str; 15] = [
        "async",
        ".await",
        "Future",
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "Instant",
        "SystemTime",
        "UNIX_EPOCH",
        "File::open",
        "tracing",
        "eprintln!",
    ];
    forbid(&core(), &WORDS, "core crates get what they need as values");
}

#[test]
fn only_the_interface_names_types_of_the_protocol() {
    let inside =
        |source: &Source| source.path == "server/aiex/src/lsp.rs" || source.path.starts_with("server/aiex/src/lsp/");
    let outside: Vec<_> = product().into_iter().filter(|source| !inside(source)).collect();
    forbid(
        &outside,
        &["tower_lsp", "gen_lsp_types", "lsp_types"],
        "inside, places are byte offsets and documents are ids",
    );
    let users: Vec<_> =
        packages().into_iter().filter(|(_, package)| used_by(package).any(|used| used.contains("lsp"))).collect();
    assert_eq!(users.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["aiex"]);
}

#[test]
fn stdout_belongs_to_the_protocol_and_to_results() {
    let server = product();
    forbid(&server, &["println!", "print!", "dbg!"], "results are written in one place, and everything else to stderr");
    // The last six have to do with the stdout of programs that they run.
    let may = [
        "server/aiex/src/cli.rs",
        "server/aiex/src/cli/",
        "server/aiex/src/lsp.rs",
        "server/aiex/src/keys.rs",
        "server/aiex/src/login.rs",
        "server/aiex/src/workspace/git.rs",
        "server/aiex/src/workspace/history.rs",
        "server/tools/src/build.rs",
        "server/tools/src/program.rs",
    ];
    let others: Vec<_> =
        server.into_iter().filter(|source| !may.iter().any(|path| source.path.starts_with(path))).collect();
    forbid(&others, &["stdout"], "stdout is opened by the command line and by the server's main");
}

#[test]
fn no_value_is_behind_a_lock_that_is_made_to_be_held_across_an_await() {
    // `await-holding-lock` sees std's guards, not tokio's. A turnstile that guards no value, `Mutex<()>`, is another thing.
    let mut product = product();
    product.iter_mut().for_each(|source| source.text = source.text.replace("tokio::sync::Mutex<()>", "Turnstile"));
    forbid(&product, &["tokio::sync::Mutex", "tokio::sync::RwLock"], "use std's, for as long as a value is copied");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources(&["server", "tests"])
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "these begin without a `//!` sentence: {silent:#?}");
}

#[test]
fn every_file_fits_in_the_head() {
    let long: Vec<_> = sources(&["server", "tests"])
        .iter()
        .map(|source| (source.text.lines().count(), source.path.clone()))
        .filter(|(lines, _)| *lines > 700)
        .collect();
    assert!(long.is_empty(), "over 700 lines: {long:#?}");
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let mut found = Vec::new();
    for source in sources(&["server", "tests"]) {
        let (comments, code) = (blank(&source.text, &[Part::Code, Part::Literal]), source.code());
        let marks = ["TODO", "FIXME", "XXX"].map(|mark| (&comments, mark));
        for (text, mark) in marks.into_iter().chain([(&code, "todo!"), (&code, "unimplemented!")]) {
            let lines = text.lines().enumerate().filter(|(_, line)| has_word(line, mark));
            found.extend(lines.map(|(index, _)| format!("{}:{}: {mark}", source.path, index + 1)));
        }
    }
    assert!(found.is_empty(), "an issue is the place for these: {found:#?}");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for name in fs::read_dir(top().join("server")).expect("server/").map(|entry| entry.expect("an entry").path()) {
        let manifest: toml::Table =
            fs::read_to_string(name.join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{} does not take the workspace's lints", name.display());
    }
}
