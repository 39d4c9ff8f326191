//! `aiex tokens`: how many tokens files have for a model.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use aiex_context::tokens::{Count, Counter};
use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::print;
use crate::{
    config::{self, Places},
    context::ASSUMED_MODEL,
    corrections::Corrections,
    engine, workspace,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex tokens lib/shop/cart.ex               for the model of the configuration
  aiex tokens src/*.rs --model openai/gpt-5  exact: the vocabulary is public
  aiex tokens a.rs --model anthropic/claude-sonnet-5
                                             an estimate, marked with ~";

pub(super) fn tokens(paths: &[PathBuf], model: Option<String>, json: bool) -> Result<()> {
    let texts = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let roots: Vec<PathBuf> = paths.iter().map(|path| workspace::root_of(path)).collect();
    let mut workspaces = roots.clone();
    workspaces.dedup();
    let loaded = config::load(&Places { workspaces, model, ..Places::default() });
    super::warn(&loaded.problems);
    let model = loaded.config.model.clone().or_else(|| engine::detected_by_key(&loaded).map(|detected| detected.model));
    let counter = match model.as_deref() {
        Some(model) if model != engine::OFFLINE => Corrections::default().counter(model),
        _ => {
            eprintln!("aiex: no model is set; counted as OpenAI's newest count (o200k_base)");
            Counter::new(ASSUMED_MODEL)
        }
    };
    let counts: Vec<Count> = texts.iter().map(|text| counter.count(text)).collect();
    if json {
        let rows = paths.iter().zip(&roots).zip(&counts).map(|((path, root), count)| {
            json!({"path": in_workspace(path, root), "tokens": count.tokens, "exact": count.exact})
        });
        let rows: Vec<_> = rows.collect();
        return Ok(print(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?);
    }
    Ok(print(&table(paths, &counts))?)
}

fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    if path.is_dir() {
        bail!("{shown} is a folder; name the files in it that count, for example {}", path.join("*").display());
    }
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(_)) => bail!("{shown} is not UTF-8 text, so it has no tokens"),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("there is no file {shown}"),
        Err(error) => Err(error).with_context(|| format!("{shown} cannot be read")),
    }
}

/// The path from the workspace's top folder, with `/`; as given, for a file that is in none.
fn in_workspace(path: &Path, root: &Path) -> String {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let shown = absolute.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = shown.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    if shown.is_absolute() { shown.display().to_string() } else { parts.join("/") }
}

/// One line a file, and a total for several; `~` before an estimate.
fn table(paths: &[PathBuf], counts: &[Count]) -> String {
    let line = |count: Count, name: String| {
        let estimated = if count.exact { "" } else { "~" };
        (format!("{estimated}{}", count.tokens), name)
    };
    let files = paths.iter().zip(counts).map(|(path, count)| line(*count, path.display().to_string()));
    let total =
        Count { tokens: counts.iter().map(|count| count.tokens).sum(), exact: counts.iter().all(|count| count.exact) };
    let total = (counts.len() > 1).then(|| line(total, "total".into()));
    let rows: Vec<_> = files.chain(total).collect();
    let width = rows.iter().map(|(count, _)| count.len()).max().unwrap_or(0);
    rows.iter().map(|(count, name)| format!("{count:>width$}  {name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn estimates_are_marked_and_several_files_have_a_total() {
        let count = |tokens, exact| Count { tokens, exact };
        let paths = [PathBuf::from("lib/a.ex"), PathBuf::from("b.rs")];
        expect![[r#"
             120  lib/a.ex
              ~7  b.rs
            ~127  total
        "#]]
        .assert_eq(&table(&paths, &[count(120, true), count(7, false)]));
        expect![[r#"
            120  lib/a.ex
        "#]]
        .assert_eq(&table(&paths[..1], &[count(120, true)]));
    }
}
