//! [`Project`]: the root of cargo's or mix's workspace that a file belongs to, read from files; nothing is run.

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use toml::{Table, Value};

/// What builds a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildTool {
    /// Rust's.
    Cargo,
    /// Elixir's.
    Mix,
}

impl BuildTool {
    /// The file by which it knows a project.
    pub(crate) fn manifest(self) -> &'static str {
        match self {
            Self::Cargo => "Cargo.toml",
            Self::Mix => "mix.exs",
        }
    }
}

/// The root of cargo's or mix's workspace that a file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Project {
    /// What builds it.
    pub tool: BuildTool,
    /// Its top folder, canonical.
    pub root: PathBuf,
}

impl Project {
    /// The project of a file, which need not exist yet; `None` where no folder above it has a `Cargo.toml` or `mix.exs`.
    ///
    /// Cargo: the nearest `Cargo.toml`, what its `package.workspace` names, else the first above with `[workspace]` that
    /// does not exclude it (<https://doc.rust-lang.org/cargo/reference/workspaces.html>). Mix: the nearest `mix.exs`, or
    /// that of the umbrella whose `apps_path` it lies in.
    #[must_use]
    pub fn of(file: &Path) -> Option<Self> {
        let folder = existing_folder(file)?;
        let of = |tool: BuildTool| {
            let nearest = folder.ancestors().find(|folder| folder.join(tool.manifest()).is_file())?;
            Some((tool, nearest.to_owned()))
        };
        let tool =
            match (file.extension().and_then(|end| end.to_str()), file.file_name().and_then(|name| name.to_str())) {
                (Some("rs"), _) | (_, Some("Cargo.toml" | "Cargo.lock")) => Some(BuildTool::Cargo),
                (Some("ex" | "exs" | "eex" | "heex" | "leex"), _) | (_, Some("mix.lock")) => Some(BuildTool::Mix),
                _ => None,
            };
        let (tool, nearest) = match tool {
            Some(tool) => of(tool)?,
            None => {
                let depth = |found: &Option<(_, PathBuf)>| found.as_ref().map(|(_, path)| path.components().count());
                let (cargo, mix) = (of(BuildTool::Cargo), of(BuildTool::Mix));
                if depth(&mix) > depth(&cargo) { mix? } else { cargo? }
            }
        };
        let root = match tool {
            BuildTool::Cargo => cargo_root(&nearest),
            BuildTool::Mix => mix_root(&nearest),
        };
        Some(Self { tool, root: root.canonicalize().ok()? })
    }

    /// The commands that a check and a test run start, for the question to the user. What stands in capitals is known
    /// only then.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        match self.tool {
            BuildTool::Cargo => vec![
                "cargo check --workspace --all-targets --keep-going --offline --message-format=json --color=never"
                    .to_owned(),
                "cargo test --package PACKAGE --offline --no-fail-fast -- TESTS".to_owned(),
            ],
            BuildTool::Mix => vec![
                "MIX_ENV=test mix compile --return-errors --all-warnings".to_owned(),
                "MIX_ENV=test mix test FILE --only test:TESTS".to_owned(),
            ],
        }
    }
}

/// The folder of a file, or the nearest above that exists, canonical.
fn existing_folder(file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let start = if file.is_dir() { Some(file.as_path()) } else { file.parent() };
    start?.ancestors().find_map(|folder| folder.canonicalize().ok())
}

/// The root of cargo's workspace, from the folder of a package or of the root itself.
fn cargo_root(nearest: &Path) -> PathBuf {
    let own = Manifest::read(nearest);
    if own.is_root {
        return nearest.to_owned();
    }
    if let Some(named) = own.named_root {
        let root = normal(&nearest.join(named));
        return if root.join("Cargo.toml").is_file() { root } else { nearest.to_owned() };
    }
    for above in nearest.ancestors().skip(1).filter(|folder| folder.join("Cargo.toml").is_file()) {
        let manifest = Manifest::read(above);
        let within = |folders: &[String]| folders.iter().any(|folder| nearest.starts_with(normal(&above.join(folder))));
        if manifest.is_root && (!within(&manifest.exclude) || within(&manifest.members)) {
            return above.to_owned();
        }
    }
    nearest.to_owned()
}

/// What of a `Cargo.toml` says which workspace it belongs to.
#[derive(Debug, Default)]
struct Manifest {
    is_root: bool,
    members: Vec<String>,
    exclude: Vec<String>,
    named_root: Option<String>,
}

impl Manifest {
    fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let Ok(table) = text.parse::<Table>() else {
            // Someone is writing in it.
            return Self { is_root: text.lines().any(|line| line.trim() == "[workspace]"), ..Self::default() };
        };
        let workspace = table.get("workspace");
        let list = |name: &str| {
            let list = workspace.and_then(|workspace| workspace.get(name)).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let named_root = table.get("package").and_then(|package| package.get("workspace")).and_then(Value::as_str);
        Self {
            is_root: workspace.is_some(),
            members: list("members"),
            exclude: list("exclude"),
            named_root: named_root.map(str::to_owned),
        }
    }
}

/// The umbrella's folder where this is one of its applications.
fn mix_root(nearest: &Path) -> PathBuf {
    let umbrella = nearest.ancestors().skip(1).find(|above| {
        let text = fs::read_to_string(above.join("mix.exs")).unwrap_or_default();
        apps_path(&text).is_some_and(|apps| nearest.starts_with(normal(&above.join(apps))))
    });
    umbrella.unwrap_or(nearest).to_owned()
}

/// The value of `apps_path: "…"`.
fn apps_path(text: &str) -> Option<&str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).find_map(|line| {
        let (_, rest) = line.split_once("apps_path:")?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    })
}

/// A path without `.` and `..`, by its names alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
