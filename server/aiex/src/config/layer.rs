//! [`Layer`]: what one place sets, as plain values with the lines they stand on.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsString,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use super::Problem;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024;
/// Stands in [`Layer::left_out`] for a file of which nothing was understood.
pub const EVERYTHING: &str = "*";

/// A place that sets configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user's own file.
    User(PathBuf),
    /// The workspace's `.aiex.toml`, which the repository may bring.
    Workspace(PathBuf),
    /// The editor's `initializationOptions`.
    InitializationOptions,
    /// The editor's settings, into which it may merge the repository's.
    ClientSettings,
    /// Environment variables.
    Environment,
    /// Flags of the command line.
    Flags,
}

impl Source {
    /// Whether only the user can have written it.
    pub fn is_trusted(&self) -> bool {
        !matches!(self, Source::Workspace(_) | Source::ClientSettings)
    }
}

/// What one place sets.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The place.
    pub source: Source,
    /// The values, nested as in the file.
    pub values: Map<String, Value>,
    /// The paths of keys that were set, but not understood or not usable.
    pub(super) left_out: BTreeSet<String>,
    /// The 1-based line of each key, by its path.
    lines: HashMap<String, usize>,
}

impl Layer {
    fn new(source: Source) -> Self {
        Self { source, values: Map::new(), left_out: BTreeSet::new(), lines: HashMap::new() }
    }

    /// A TOML file; `None` if there is none. One that cannot be read or parsed is a problem, and sets nothing.
    pub fn file(source: Source, path: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut layer = Self::new(source);
        let contents = match read(path) {
            Ok(contents) => contents,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                let message = format!("it cannot be read ({error}); nothing in it is in force");
                problems.push(Problem { place: path.display().to_string(), message });
                layer.left_out.insert(EVERYTHING.to_owned());
                return Some(layer);
            }
        };
        let line_starts: Vec<usize> =
            std::iter::once(0).chain(contents.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let line_of = |offset: usize| line_starts.partition_point(|start| *start <= offset);
        match DeTable::parse(&contents) {
            Ok(table) => layer.values = layer.table(table.get_ref(), "", &line_of),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start));
                let message = format!("this is not TOML ({}); nothing in this file is in force", error.message());
                problems.push(Problem { place: format!("{}:{line}", path.display()), message });
                layer.left_out.insert(EVERYTHING.to_owned());
            }
        }
        Some(layer)
    }

    /// An object that an editor sent; also one that wraps the settings in the section `aiex`.
    pub fn json(source: Source, value: &Value) -> Option<Self> {
        let values = value.get("aiex").unwrap_or(value).as_object()?;
        Some(Self { values: without_nulls(values), ..Self::new(source) })
    }

    /// `AIEX_MODEL`, and nested keys with two underscores: `AIEX_HOVER__FACTS`.
    pub fn environment(vars: impl Iterator<Item = (OsString, OsString)>, problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::new(Source::Environment);
        for (name, value) in vars {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix("AIEX_")) else { continue };
            // An empty variable is the shell's way to unset one.
            if RESERVED.contains(&key) || value.is_empty() {
                continue;
            }
            let Some(value) = value.to_str() else {
                let message = "its value is not UTF-8".to_owned();
                problems.push(Problem { place: format!("AIEX_{key}"), message });
                continue;
            };
            layer.set(&key.to_ascii_lowercase().split("__").collect::<Vec<_>>(), scalar(value));
        }
        layer
    }

    /// One flag.
    pub fn flag(key: &str, value: &str) -> Self {
        let mut layer = Self::new(Source::Flags);
        layer.values.insert(key.to_owned(), Value::from(value));
        layer
    }

    /// The paths of keys that were meant to be set and are not. Of a place that could not have set anything but privacy
    /// to any harm, only those of privacy.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        let trusted = self.source.is_trusted();
        self.left_out.iter().filter_map(move |path| match path.as_str() {
            path if trusted || path.starts_with("privacy") => Some(path.to_owned()),
            EVERYTHING => Some("privacy".to_owned()),
            _ => None,
        })
    }

    /// The 1-based line of the key at `path`, in a file.
    pub fn line(&self, path: &str) -> Option<usize> {
        self.lines.get(path).copied()
    }

    /// Where the key at `path` was set, for a message.
    pub fn place(&self, path: &str) -> String {
        match &self.source {
            Source::User(file) | Source::Workspace(file) => match self.line(path) {
                Some(line) => format!("{}:{line}", file.display()),
                None => file.display().to_string(),
            },
            Source::InitializationOptions => "initializationOptions".to_owned(),
            Source::ClientSettings => "the editor's settings".to_owned(),
            Source::Environment => format!("AIEX_{}", path.replace('.', "__").to_ascii_uppercase()),
            Source::Flags => format!("--{path}"),
        }
    }

    /// Replaces `${NAME}` by the environment's value, in the user's file only. A value that names a variable that is
    /// not set is left out.
    pub fn expand(&mut self, problems: &mut Vec<Problem>) {
        if let Source::User(_) = self.source {
            let mut missing = Vec::new();
            expand_table(&mut self.values, "", &mut missing);
            for (path, name) in missing {
                let message = format!("`{path}` needs the environment variable {name}, which is not set; export it");
                problems.push(Problem { place: self.place(&path), message });
                self.left_out.insert(path);
            }
        }
    }

    fn set(&mut self, path: &[&str], value: Value) {
        let Some((last, tables)) = path.split_last() else { return };
        let mut at = &mut self.values;
        for name in tables {
            let table = at.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            match table {
                Value::Object(table) => at = table,
                _ => return,
            }
        }
        at.insert((*last).to_owned(), value);
    }

    fn table(&mut self, table: &DeTable<'_>, prefix: &str, line_of: &dyn Fn(usize) -> usize) -> Map<String, Value> {
        let mut values = Map::new();
        for (key, value) in table {
            let path = join(prefix, key.get_ref());
            self.lines.insert(path.clone(), line_of(key.span().start));
            let value = self.value(value.get_ref(), &path, line_of);
            values.insert(key.get_ref().to_string(), value);
        }
        values
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str, line_of: &dyn Fn(usize) -> usize) -> Value {
        match value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
            }
            DeValue::Float(number) => {
                number.as_str().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
            }
            DeValue::Boolean(boolean) => Value::from(*boolean),
            DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item.get_ref(), path, line_of)).collect())
            }
            DeValue::Table(table) => Value::Object(self.table(table, path, line_of)),
        }
    }
}

/// Names that are not keys: they say where Aiex keeps its files, and what it logs.
const RESERVED: [&str; 3] = ["HOME", "CONFIG", "LOG"];

/// An environment variable's value: a number, boolean or list as TOML writes it, else the text itself.
fn scalar(value: &str) -> Value {
    match value.parse::<toml::Value>() {
        Ok(toml::Value::Integer(number)) => Value::from(number),
        Ok(toml::Value::Float(number)) => Value::from(number),
        Ok(toml::Value::Boolean(boolean)) => Value::from(boolean),
        Ok(list @ toml::Value::Array(_)) => serde_json::to_value(list).unwrap_or_else(|_| Value::from(value)),
        _ => Value::from(value),
    }
}

fn expand_table(table: &mut Map<String, Value>, prefix: &str, missing: &mut Vec<(String, String)>) {
    table.retain(|key, value| {
        let path = join(prefix, key);
        match value {
            Value::String(text) => match expand_text(text) {
                Ok(expanded) => {
                    *text = expanded;
                    true
                }
                Err(name) => {
                    missing.push((path, name));
                    false
                }
            },
            Value::Object(table) => {
                expand_table(table, &path, missing);
                true
            }
            _ => true,
        }
    });
}

/// `Err` with the first name that is not set.
fn expand_text(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        out.push_str(&std::env::var(name).map_err(|_| name.to_owned())?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// Editors send `null` for what is not set.
fn without_nulls(values: &Map<String, Value>) -> Map<String, Value> {
    let kept = values.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(key, value)| match value {
        Value::Object(table) => (key.clone(), Value::Object(without_nulls(table))),
        _ => (key.clone(), value.clone()),
    })
    .collect()
}

pub(super) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// A regular file of a sensible size: a repository can name a device or a pipe `.aiex.toml`.
fn read(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut contents = String::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut contents)?;
    if contents.len() as u64 > LARGEST { Err(io::Error::other("it is over 256 KiB")) } else { Ok(contents) }
}
