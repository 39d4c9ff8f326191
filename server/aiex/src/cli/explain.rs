//! `aiex explain`: the explanation of a file or of the symbol at a place, streamed to stdout.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use aiex_text::{Encoding, Position, Text};
use anyhow::{Context as _, Result, bail};

use super::print;
use crate::{
    config::{self, Places},
    documents::Snapshot,
    explain::{Cursor, Target},
    workspace,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex explain lib/shop/cart.ex              the whole file
  aiex explain lib/shop/cart.ex:42           the function, struct or module that line 42 is in
  aiex explain src/main.rs:7:13              what the name at line 7, column 13 means
  aiex explain src/main.rs --model offline   from the parse alone";

pub(super) fn explain(place: &str, model: Option<String>) -> Result<ExitCode> {
    let Place { path, at } = Place::parse(place);
    let contents = super::read(&path)?;
    let text = Text::new(&contents);
    let cursor = cursor(&text, at).with_context(|| path.display().to_string())?;

    let workspace = workspace::root_of(&path);
    let loaded = config::load(&Places { workspaces: vec![workspace.clone()], model, ..Default::default() });
    let absolute = path.canonicalize().unwrap_or_else(|_| path.clone());
    let shown = absolute.strip_prefix(&workspace).unwrap_or(&path).display().to_string();
    let name = path.display().to_string();
    let target = Target::find(Arc::new(Snapshot::of_file(name.into(), &contents, "")), cursor, shown);
    super::model::run(loaded, &[workspace.clone()].into(), async |model, loaded| match model {
        None => {
            print(&format!("{}\n", target.structural().trim_end()))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(model) => {
            loaded.config.privacy.check(&absolute).map_err(anyhow::Error::msg)?;
            super::model::stream(&model, "explain", |most| target.prompt(&loaded.config.language.0, None, most)).await
        }
    })
}

/// `PATH[:LINE[:COL]]`, with numbers as written.
struct Place {
    path: PathBuf,
    at: Option<(usize, Option<usize>)>,
}

impl Place {
    /// A file that has this very name is meant whole, colons or not.
    fn parse(place: &str) -> Self {
        let whole = |path: &str| Self { path: PathBuf::from(path), at: None };
        if Path::new(place).exists() {
            return whole(place);
        }
        let number = |text: &str| {
            text.rsplit_once(':').and_then(|(rest, last)| Some((rest.to_owned(), last.parse::<usize>().ok()?)))
        };
        let Some((rest, last)) = number(place) else { return whole(place) };
        match number(&rest) {
            Some((path, line)) => Self { path: PathBuf::from(path), at: Some((line, Some(last))) },
            None => Self { path: PathBuf::from(rest), at: Some((last, None)) },
        }
    }
}

/// As people count: what follows the last line end is a line only if there is something.
fn lines(text: &Text) -> usize {
    let last = text.line_count() - 1;
    if last > 0 && text.line_range(last).is_empty() { last } else { last + 1 }
}

fn cursor(text: &Text, at: Option<(usize, Option<usize>)>) -> Result<Cursor> {
    let Some((line, column)) = at else { return Ok(Cursor::Whole) };
    let count = lines(text);
    let Some(row) = line.checked_sub(1).filter(|row| *row < count) else {
        bail!("there is no line {line}; it has {count} line{}", if count == 1 { "" } else { "s" });
    };
    match column {
        Some(column) => {
            let column = u32::try_from(column.saturating_sub(1)).unwrap_or(u32::MAX);
            let line = u32::try_from(row).unwrap_or(u32::MAX);
            Ok(Cursor::At(text.offset(Position { line, column }, Encoding::Utf32)))
        }
        None => {
            let range = text.line_range(row);
            let indent = text.slice(range.clone()).bytes().take_while(u8::is_ascii_whitespace).count();
            Ok(Cursor::Within(range.start + indent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, path: &str, at: Option<(usize, Option<usize>)>) {
        let found = Place::parse(place);
        assert_eq!((found.path, found.at), (PathBuf::from(path), at));
    }

    #[test]
    fn places_are_split_from_the_right() {
        check("lib/a.ex", "lib/a.ex", None);
        check("lib/a.ex:3", "lib/a.ex", Some((3, None)));
        check("lib/a.ex:3:7", "lib/a.ex", Some((3, Some(7))));
        check("C:\\a.ex:3", "C:\\a.ex", Some((3, None)));
        check("a:b.ex", "a:b.ex", None);
    }
}
