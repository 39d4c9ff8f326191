//! Gold by compilers: a repository is indexed by `rust-analyzer scip` or traced by Elixir's compiler, once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    elixir,
    repositories::{Listed, Origin, cargo, fetch, run},
    rust, sources,
    task::{Repository, sample, still_parses},
};

/// A repository's tasks, from `cache` if they were made before.
///
/// # Errors
/// What fetching, the compilers or the file system said.
pub fn repository(cache: &Path, listed: &Listed) -> Result<Repository, String> {
    let kept = cache.join("gold").join(format!("{}.json", listed.name));
    if let Ok(text) = fs::read(&kept)
        && !matches!(listed.origin, Origin::Folder(_))
        && let Ok(repository) = serde_json::from_slice(&text)
    {
        return Ok(repository);
    }
    let root = fetch(cache, &listed.origin)?;
    let work = cache.join("index").join(&listed.name);
    fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let (language, tasks) = if root.join("Cargo.toml").is_file() {
        let sources = sources::read(&root, ".rs");
        let index = scip(cache, &root, &work, matches!(listed.origin, Origin::Crate(..)))?;
        let tasks = rust::tasks(&sources, &index)?;
        ("rust", still_parses(&tree_sitter_rust::LANGUAGE.into(), &sources, tasks))
    } else {
        let sources = sources::read(&root, ".ex");
        let trace = trace(&root, &work)?;
        let tasks = elixir::tasks(&root, &sources, &trace);
        ("elixir", still_parses(&tree_sitter_elixir::LANGUAGE.into(), &sources, tasks))
    };
    let repository = Repository {
        name: listed.name.clone(),
        root: root.display().to_string(),
        language: language.to_owned(),
        tasks: sample(tasks),
    };
    let text = serde_json::to_string_pretty(&repository).map_err(|error| error.to_string())?;
    fs::create_dir_all(cache.join("gold")).and_then(|()| fs::write(kept, text)).map_err(|error| error.to_string())?;
    Ok(repository)
}

/// The index of a copy without tests, so that nothing of them is needed or taken for a definition.
fn scip(cache: &Path, root: &Path, work: &Path, published: bool) -> Result<Vec<u8>, String> {
    let copy = work.join("sources");
    copy_tree(root, &copy).map_err(|error| error.to_string())?;
    if published {
        strip_manifest(&copy.join("Cargo.toml"))?;
        let _ = fs::remove_file(copy.join("Cargo.lock"));
    }
    let settings = r#"{"cargo":{"features":"all"},"cfg":{"setTest":false}}"#;
    fs::write(work.join("settings.json"), settings).map_err(|error| error.to_string())?;
    let output = work.join("index.scip");
    let mut command = Command::new(rust_analyzer(cache)?);
    command.args(["scip", ".", "--config-path"]).arg(work.join("settings.json")).arg("--output").arg(&output);
    command.current_dir(&copy).env("CARGO_TARGET_DIR", work.join("target"));
    if run(&mut command)?.contains("`cargo metadata` failed") {
        eprintln!("{}: indexed without its dependencies; rust-analyzer does not suit this cargo", root.display());
    }
    fs::read(output).map_err(|error| error.to_string())
}

/// A published manifest without dependencies, targets and lints of tests.
fn strip_manifest(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut gone = manifest.remove("dev-dependencies").into_iter().collect::<Vec<_>>();
    for name in ["test", "bench", "example", "lints"] {
        manifest.remove(name);
    }
    if let Some(targets) = manifest.get_mut("target").and_then(toml::Value::as_table_mut) {
        for target in targets.iter_mut().filter_map(|(_, target)| target.as_table_mut()) {
            gone.extend(target.remove("dev-dependencies"));
        }
    }
    // A feature may turn on what only tests depend on.
    let is_gone = |name: &str| {
        let among = |table: Option<&toml::Value>| table.is_some_and(|table| table.get(name).is_some());
        gone.iter().any(|table| among(Some(table))) && !among(manifest.get("dependencies"))
    };
    let mut features = manifest.get("features").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    for (_, parts) in &mut features {
        if let Some(parts) = parts.as_array_mut() {
            parts.retain(|part| {
                part.as_str()
                    .and_then(|part| part.split_once('/'))
                    .is_none_or(|(name, _)| !is_gone(name.trim_end_matches('?')))
            });
        }
    }
    manifest.insert("features".to_owned(), features.into());
    manifest.insert("workspace".to_owned(), toml::Table::new().into());
    let text = toml::to_string(&manifest).map_err(|error| error.to_string())?;
    fs::write(path, text).map_err(|error| error.to_string())
}

/// By `AIEX_RECALL_RUST_ANALYZER`, on the PATH, rustup's, or built from the registry.
fn rust_analyzer(cache: &Path) -> Result<PathBuf, String> {
    let works = |path: &Path| Command::new(path).arg("--version").output().is_ok_and(|output| output.status.success());
    let built = cache.join("rust-analyzer");
    let binary = built.join("bin/rust-analyzer");
    let rustup = Command::new("rustup").args(["which", "rust-analyzer"]).output().ok();
    let rustup = rustup.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let named = std::env::var_os("AIEX_RECALL_RUST_ANALYZER").map(PathBuf::from);
    let places = [named, Some("rust-analyzer".into()), rustup, Some(binary.clone())];
    if let Some(found) = places.into_iter().flatten().find(|path| works(path)) {
        return Ok(found);
    }
    eprintln!("building rust-analyzer, once");
    const NAME: &str = "ra_ap_rust-analyzer";
    let install = |name: &str| run(cargo().args(["install", name, "--quiet", "--root"]).arg(&built));
    // The newest may need a newer rustc; cargo then names the one to take instead.
    if let Err(error) = install(NAME) {
        let suits = error.split(&format!("`{NAME} ")).filter_map(|rest| rest.split_once("` supports rustc")).next();
        install(&format!("{NAME}@{}", suits.ok_or(&error)?.0))?;
    }
    Ok(binary)
}

/// The compiler's trace. Files that do not compile here, for want of a dependency, are left out one round after the other.
fn trace(root: &Path, work: &Path) -> Result<String, String> {
    let (script, output) = (work.join("tracer.exs"), work.join("trace.tsv"));
    fs::write(&script, elixir::TRACER).map_err(|error| error.to_string())?;
    let mut files: Vec<String> = sources::read(root, ".ex").into_iter().map(|source| source.path).collect();
    files.retain(|path| path.split('/').any(|part| part == "lib") && !sources::is_test_path(path));
    // Applications beside it are found by their `ebin`, which a source package does not have.
    let beside = root.parent().unwrap_or(root);
    if beside.ends_with("deps") {
        for folder in fs::read_dir(beside).into_iter().flatten().flatten() {
            let _ = fs::create_dir(folder.path().join("ebin"));
        }
    }
    let others = std::env::var_os("ERL_LIBS").unwrap_or_default();
    let libraries = std::env::join_paths([beside.to_path_buf()].into_iter().chain(std::env::split_paths(&others)));
    let libraries = libraries.map_err(|error| error.to_string())?;
    while !files.is_empty() {
        let mut command = Command::new("elixir");
        command.arg(&script).arg(&output).args(&files).current_dir(root).env("ERL_LIBS", &libraries);
        let said = command.output().map_err(|error| format!("elixir: {error}"))?;
        if said.status.success() {
            return fs::read_to_string(output).map_err(|error| error.to_string());
        }
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let failed: Vec<&Path> = text.lines().filter_map(|line| line.strip_prefix("failed\t")).map(Path::new).collect();
        let before = files.len();
        files.retain(|path| !failed.contains(&root.join(path).as_path()));
        if files.len() == before {
            return Err(format!("elixir: {}", String::from_utf8_lossy(&said.stderr)));
        }
        eprintln!("{}: left out, as it does not compile here: {failed:?}", root.display());
    }
    Err(format!("nothing of {} compiles here", root.display()))
}

/// Files and folders, without what is built or hidden; what is there already is overwritten.
pub fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder))?;
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir()
                && !name.starts_with('.')
                && !["target", "_build", "deps", "node_modules"].contains(&&*name)
            {
                folders.push(path);
            } else if kind.is_file() {
                fs::copy(entry.path(), to.join(path))?;
            }
        }
    }
    Ok(())
}
