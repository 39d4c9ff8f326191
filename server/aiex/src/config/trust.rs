//! The list of workspaces whose code may run, kept in the user's configuration file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use toml_edit::{Array, DocumentMut, Item, RawString, Value};

use super::Config;

/// Adds a folder to `[trust] workspaces` of the user's file, which keeps its comments and order. Returns the folder
/// in full, and `false` if it was there.
pub fn add(folder: &Path) -> Result<(PathBuf, bool)> {
    let folder =
        folder.canonicalize().with_context(|| format!("{} is not a folder that can be trusted", folder.display()))?;
    if !folder.is_dir() {
        bail!("{} is not a folder; name the workspace's top folder", folder.display());
    }
    let name = folder.to_str().with_context(|| {
        format!("the name of {} is not UTF-8, which the configuration cannot hold", folder.display())
    })?;
    let changed = edit(|list| {
        let there = list.iter().any(|item| item.as_str().is_some_and(|item| resolved(&expand(item)) == folder));
        if !there {
            push(list, name.to_owned());
        }
        !there
    })?;
    Ok((folder, changed))
}

/// Takes a folder off the list. Returns it in full, and `false` if it was not there.
pub fn remove(folder: &Path) -> Result<(PathBuf, bool)> {
    let folder = resolved(folder);
    let changed = edit(|list| {
        let before = list.len();
        take_out(list, |entry| resolved(&expand(entry)) == folder);
        list.len() != before
    })?;
    Ok((folder, changed))
}

/// The folders on the list, with `~` expanded.
pub fn list(config: &Config) -> Vec<PathBuf> {
    config.trust.workspaces.iter().map(|folder| expand(folder)).collect()
}

/// Whether code in a folder may run: it is on the list, or below a folder that is.
pub fn covers(config: &Config, folder: &Path) -> bool {
    covering(config, folder).is_some()
}

/// The folder on the list that is this one or above it.
pub fn covering(config: &Config, folder: &Path) -> Option<PathBuf> {
    let folder = resolved(folder);
    list(config).into_iter().find(|trusted| folder.starts_with(resolved(trusted)))
}

fn expand(folder: &str) -> PathBuf {
    let home = etcetera::home_dir().ok();
    match (folder.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(folder),
    }
}

/// Adds an entry at the end. In a list of several lines it has its own, and the comment behind the last stays there.
fn push(list: &mut Array, entry: String) {
    let last = list.len().checked_sub(1).and_then(|last| list.get_mut(last));
    let (indent, behind_last) = last.map_or_else(Default::default, |last| {
        let indent = raw(last.decor().prefix()).rsplit_once('\n').map(|(_, indent)| indent.to_owned());
        let behind_last = raw(last.decor().suffix());
        last.decor_mut().set_suffix("");
        (indent, behind_last)
    });
    let behind = behind_last + &raw(Some(list.trailing()));
    if indent.is_none() && !behind.contains('\n') {
        return list.push(entry);
    }
    let mut entry = Value::from(entry);
    entry.decor_mut().set_prefix(format!("{}\n{}", behind.trim_end(), indent.as_deref().unwrap_or("  ")));
    list.push_formatted(entry);
    list.set_trailing("\n");
    list.set_trailing_comma(true);
}

/// Takes entries out, with their own comments: those on the lines before, and behind on the same line.
fn take_out(list: &mut Array, is_one: impl Fn(&str) -> bool) {
    for index in (0..list.len()).rev() {
        if !list.get(index).and_then(Value::as_str).is_some_and(&is_one) {
            continue;
        }
        let entry = list.remove(index);
        let before = raw(entry.decor().prefix());
        // A comment on the line of the entry before.
        let others = before.lines().next().unwrap_or_default().trim_end();
        let join = |behind: String| match behind.find('\n').and_then(|line_end| behind.get(line_end..)) {
            Some(lines) => format!("{others}{lines}"),
            None if index == 0 => before.clone(),
            None => behind,
        };
        match list.get_mut(index).map(Value::decor_mut) {
            Some(next) => next.set_prefix(join(raw(next.prefix()))),
            None => list.set_trailing(join(raw(entry.decor().suffix()) + &raw(Some(list.trailing())))),
        }
    }
}

/// The blanks and comments on one side of a value.
fn raw(decor: Option<&RawString>) -> String {
    decor.and_then(RawString::as_str).unwrap_or_default().to_owned()
}

/// One name for one folder: in full, links followed; as far as that can be known of one that is gone.
fn resolved(folder: &Path) -> PathBuf {
    folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_path_buf())
}

fn edit(change: impl FnOnce(&mut Array) -> bool) -> Result<bool> {
    let path =
        crate::paths::config_file().context("there is no home folder to keep the configuration in; set AIEX_CONFIG")?;
    let contents = match std::fs::read_to_string(&path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    // Its message alone: the rest of the error quotes the line, and with it perhaps a key.
    let not_toml = |error: toml_edit::TomlError| {
        anyhow!("{} is not TOML ({}); mend it first (`aiex config check` says where)", path.display(), error.message())
    };
    let mut document: DocumentMut = contents.parse().map_err(not_toml)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, with_c: &str, without_b: &str) {
        let parsed = || format!("list = {list}").parse::<DocumentMut>().unwrap();
        let after = |mut document: DocumentMut, change: &dyn Fn(&mut Array)| {
            change(document["list"].as_array_mut().unwrap());
            let written = document.to_string();
            written.parse::<DocumentMut>().unwrap_or_else(|error| panic!("{written:?}: {error}"));
            written.trim_start_matches("list = ").trim_end().to_owned()
        };
        assert_eq!(after(parsed(), &|list| push(list, "c".to_owned())), with_c);
        assert_eq!(after(parsed(), &|list| take_out(list, |entry| entry == "b")), without_b);
    }

    #[test]
    fn an_entry_comes_and_goes_and_comments_stay_where_they_are() {
        check(r#"["b"]"#, r#"["b", "c"]"#, "[]");
        check(r#"["a", "b"]"#, r#"["a", "b", "c"]"#, r#"["a"]"#);
        check("[\n  \"a\",\n  \"b\",\n]", "[\n  \"a\",\n  \"b\",\n  \"c\",\n]", "[\n  \"a\",\n]");
        check("[\n  \"a\", # A\n  \"b\" # B\n]", "[\n  \"a\", # A\n  \"b\", # B\n  \"c\",\n]", "[\n  \"a\" # A\n]");
        check(
            "[ # Mine.\n  # B is\n  \"b\", # B\n  # A is\n  \"a\", # A\n]",
            "[ # Mine.\n  # B is\n  \"b\", # B\n  # A is\n  \"a\", # A\n  \"c\",\n]",
            "[ # Mine.\n  # A is\n  \"a\", # A\n]",
        );
    }
}
