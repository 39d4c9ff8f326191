//! The repositories, and how their sources are fetched: crates through cargo, Elixir applications as Debian's source
//! packages. Sources are kept under `target/recall`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a repository's sources come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A crate of this name and version.
    Crate(&'static str, &'static str),
    /// A folder of a Debian source package.
    Debian(&'static str, &'static str),
    /// A checkout on this machine.
    Folder(PathBuf),
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is called on the command line.
    pub name: String,
    /// Its sources.
    pub origin: Origin,
    /// Weights were fitted on it, so that it proves nothing; it runs only when it is named.
    pub tuned_on: bool,
}

const LIST: [(&str, Origin, bool); 14] = [
    ("regex-automata", Origin::Crate("regex-automata", "0.4.18"), false),
    ("h2", Origin::Crate("h2", "0.4.20"), false),
    ("hyper", Origin::Crate("hyper", "1.12.0"), false),
    ("toml_edit", Origin::Crate("toml_edit", "0.25.18"), false),
    ("jiff", Origin::Crate("jiff", "0.2.43"), false),
    ("bevy_ecs", Origin::Crate("bevy_ecs", "0.20.1"), false),
    ("naga", Origin::Crate("naga", "30.0.1"), false),
    ("ex_unit", Origin::Debian("elixir", "lib/ex_unit"), false),
    ("rabbitmq_cli", Origin::Debian("rabbitmq-server", "deps/rabbitmq_cli"), false),
    ("tokio", Origin::Crate("tokio", "1.54.1"), true),
    ("clap_builder", Origin::Crate("clap_builder", "4.6.7"), true),
    ("rustls", Origin::Crate("rustls", "0.23.46"), true),
    ("syn", Origin::Crate("syn", "3.0.9"), true),
    ("mix", Origin::Debian("elixir", "lib/mix"), true),
];

/// Those with these names, or all that nothing was tuned on. A name with a `/` is a folder with a `Cargo.toml` or a
/// `mix.exs`.
///
/// # Errors
/// A name that is neither.
pub fn chosen(names: &[String]) -> Result<Vec<Listed>, String> {
    let all: Vec<Listed> =
        LIST.into_iter().map(|(name, origin, tuned_on)| Listed { name: name.to_owned(), origin, tuned_on }).collect();
    if names.is_empty() {
        return Ok(all.into_iter().filter(|one| !one.tuned_on).collect());
    }
    let find = |name: &String| {
        if name.contains('/') {
            let path = fs::canonicalize(name).map_err(|error| format!("{name}: {error}"))?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(Listed { name, origin: Origin::Folder(path), tuned_on: false });
        }
        all.iter().find(|one| one.name == *name).cloned().ok_or_else(|| {
            let known: Vec<&str> = LIST.iter().map(|(name, ..)| *name).collect();
            format!("no repository `{name}`; there are {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// A repository's sources on this machine, fetched into `cache` if they are not there.
///
/// # Errors
/// What cargo or apt said.
pub fn fetch(cache: &Path, origin: &Origin) -> Result<PathBuf, String> {
    match origin {
        Origin::Folder(path) => Ok(path.clone()),
        Origin::Crate(name, version) => crate_sources(cache, name, version),
        Origin::Debian(package, folder) => {
            let folder = debian(&cache.join("debian").join(package), package)?.join(folder);
            folder.is_dir().then_some(folder.clone()).ok_or_else(|| format!("{package} has no {}", folder.display()))
        }
    }
}

/// Runs to the end; what it wrote to stderr is the error, or the result.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(8).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    output
        .status
        .success()
        .then(|| said.to_string())
        .ok_or_else(|| format!("{command:?}: {}\n{}", output.status, last.join("\n")))
}

/// `cargo`, as it runs this benchmark.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
}

fn crate_sources(cache: &Path, name: &str, version: &str) -> Result<PathBuf, String> {
    let found = cache.join(format!("crates/{name}-{version}/vendor"));
    let one = |folder: &Path| {
        let entries = fs::read_dir(folder).ok()?.flatten();
        entries.map(|entry| entry.path()).find(|path| {
            let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            own.strip_prefix(&format!("{name}-{version}")).is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
        })
    };
    if let Some(path) = one(&found) {
        return Ok(path);
    }
    let project = cache.join(format!("crates/{name}-{version}"));
    let manifest = format!(
        "[package]\nname = \"recall\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies.{name}]\nversion = \"={version}\"\n"
    );
    fs::create_dir_all(project.join("src")).map_err(|error| error.to_string())?;
    fs::write(project.join("Cargo.toml"), manifest).map_err(|error| error.to_string())?;
    fs::write(project.join("src/lib.rs"), "").map_err(|error| error.to_string())?;
    run(cargo().args(["vendor", "--versioned-dirs", "--quiet", "vendor"]).current_dir(&project))?;
    one(&found).ok_or_else(|| format!("cargo vendor brought no {name} {version}"))
}

/// The unpacked source package. Where apt knows no sources, it is asked with lists of our own, made from the system's.
fn debian(folder: &Path, package: &str) -> Result<PathBuf, String> {
    let unpacked = || {
        let entries = fs::read_dir(folder).ok()?.flatten();
        entries.map(|entry| entry.path()).find(|path| path.is_dir() && path.join("debian").is_dir())
    };
    if let Some(path) = unpacked() {
        return Ok(path);
    }
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    if run(Command::new("apt-get").args(["source", package]).current_dir(folder)).is_err() {
        let apt = folder.join("apt");
        let state = own_lists(&apt).map_err(|error| error.to_string())?;
        run(Command::new("apt-get").args(&state).arg("update").current_dir(folder))?;
        run(Command::new("apt-get").args(&state).args(["source", package]).current_dir(folder))?;
    }
    unpacked().ok_or_else(|| format!("apt-get source brought no {package}"))
}

fn own_lists(apt: &Path) -> std::io::Result<Vec<String>> {
    for folder in ["parts", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder))?;
    }
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path()));
    for file in files {
        let (Some(name), Ok(text)) = (file.file_name(), fs::read_to_string(&file)) else { continue };
        let lines = text.lines().map(|line| match line.strip_prefix("Types:") {
            Some(_) => "Types: deb-src".to_owned(),
            None => line.strip_prefix("deb ").map_or(line.to_owned(), |rest| format!("deb-src {rest}")),
        });
        let lines: Vec<String> = lines.collect();
        fs::write(apt.join("parts").join(name), lines.join("\n") + "\n")?;
    }
    let set = |name: &str, value: String| format!("-o{name}={value}");
    Ok(vec![
        set("Dir::Etc::sourcelist", "/dev/null".to_owned()),
        set("Dir::Etc::sourceparts", apt.join("parts").display().to_string()),
        set("Dir::State::lists", apt.join("lists").display().to_string()),
        set("Dir::Cache", apt.join("cache").display().to_string()),
    ])
}
