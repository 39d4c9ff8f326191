//! The list of workspaces whose code may run, kept in the user's configuration file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use toml_edit::{Array, DocumentMut, Item, Value};

use super::Config;

/// Adds a folder to `[trust] workspaces` of the user's file, which keeps its comments and order. `false` if it was there.
pub fn add(folder: &Path) -> Result<bool> {
    let folder =
        folder.canonicalize().with_context(|| format!("{} is not a folder that can be trusted", folder.display()))?;
    if !folder.is_dir() {
        bail!("{} is not a folder; name the workspace's top folder", folder.display());
    }
    edit(|list| {
        let there = list.iter().any(|item| item.as_str().is_some_and(|item| expand(item) == folder));
        if !there {
            list.push(folder.display().to_string());
        }
        !there
    })
}

/// Takes a folder off the list. `false` if it was not there.
pub fn remove(folder: &Path) -> Result<bool> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    edit(|list| {
        let before = list.len();
        list.retain(|item| item.as_str().is_none_or(|item| expand(item) != folder));
        list.len() != before
    })
}

/// The folders on the list, with `~` expanded.
pub fn list(config: &Config) -> Vec<PathBuf> {
    config.trust.workspaces.iter().map(|folder| expand(folder)).collect()
}

fn expand(folder: &str) -> PathBuf {
    let home = etcetera::home_dir().ok();
    match (folder.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(folder),
    }
}

fn edit(change: impl FnOnce(&mut Array) -> bool) -> Result<bool> {
    let path =
        crate::paths::config_file().context("there is no home folder to keep the configuration in; set AIEX_CONFIG")?;
    let contents = match std::fs::read_to_string(&path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let mut document: DocumentMut = contents
        .parse()
        .with_context(|| format!("{} is not TOML; mend it first (`aiex config check`)", path.display()))?;
    let wrong = || format!("`trust.workspaces` in {} is not a list; mend it first", path.display());
    let trust = document.entry("trust").or_insert_with(toml_edit::table).as_table_like_mut().with_context(wrong)?;
    let list = trust.entry("workspaces").or_insert(Item::Value(Value::Array(Array::new())));
    let changed = change(list.as_array_mut().with_context(wrong)?);
    if changed {
        crate::files::write_private(&path, document.to_string().as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(changed)
}
