//! How a file of a workspace wants to be formatted: reads the configuration files around it, as data.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aiex_syntax::Language;
use aiex_tools::{ElixirStyle, RustStyle, Style};

/// The longest configuration file that is read, in bytes.
const LONGEST: u64 = 256 * 1024;

/// The style of a file of a workspace, by its path there; `None` for a language without a formatter.
pub(super) fn of(root: &Path, path: &str) -> Option<Style> {
    let file = root.join(path);
    match Language::from_file_name(path)? {
        Language::Rust => {
            let options = nearest(root, &file, &["rustfmt.toml", ".rustfmt.toml"]);
            let package = nearest(root, &file, &["Cargo.toml"]);
            let workspace = read(&root.join("Cargo.toml"));
            Some(Style::Rust(RustStyle::read(options.as_deref(), package.as_deref(), workspace.as_deref())))
        }
        Language::Elixir => {
            let mut style = nearest(root, &file, &[".formatter.exs"])
                .map_or_else(ElixirStyle::default, |text| ElixirStyle::read(&text));
            for dependency in style.import_deps.clone() {
                if let Some(text) = read(&root.join("deps").join(dependency).join(".formatter.exs")) {
                    style.add_dependency(&text);
                }
            }
            Some(Style::Elixir(style))
        }
    }
}

/// The text of the nearest of these files in the folders from a file's up to the workspace's.
fn nearest(root: &Path, file: &Path, names: &[&str]) -> Option<String> {
    let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    folders.flat_map(|folder| names.iter().map(move |name| folder.join(name))).find_map(|path: PathBuf| read(&path))
}

fn read(path: &Path) -> Option<String> {
    let is_small = fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LONGEST);
    is_small.then(|| fs::read_to_string(path).ok()).flatten()
}
