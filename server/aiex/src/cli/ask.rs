//! `aiex ask`: one question, one streamed answer.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use aiex_assist::AskFile;
use anyhow::{Context as _, Error, Result, bail};

use crate::{
    config::{self, Places},
    workspace,
};

pub(super) fn ask(question: &str, files: &[PathBuf], model: Option<String>) -> Result<ExitCode> {
    if question.trim().is_empty() {
        bail!("the question is empty");
    }
    // Every file brings the rules of its own workspace.
    let here = [PathBuf::from(".")];
    let roots: BTreeSet<PathBuf> =
        if files.is_empty() { &here } else { files }.iter().map(|path| workspace::root_of(path)).collect();
    let loaded = config::load(&Places { workspaces: roots.iter().cloned().collect(), model, ..Default::default() });
    let mut contents = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read as UTF-8 text", path.display()))?;
        let absolute = path.canonicalize().unwrap_or_else(|_| path.clone());
        loaded.config.privacy.check(&absolute).map_err(Error::msg)?;
        let shown =
            roots.iter().find_map(|root| absolute.strip_prefix(root).ok()).unwrap_or(path).display().to_string();
        contents.push((shown, text));
    }
    super::model::run(loaded, &roots, async |model, loaded| {
        let Some(model) = model else {
            bail!("no model answers here, and the parse alone has no words; `aiex doctor` says how to get one");
        };
        let files = || contents.iter().map(|(path, text)| AskFile { path, text });
        let prompt = |most| aiex_assist::ask_prompt(question, files(), &loaded.config.language.0, most);
        super::model::stream(&model, "ask", prompt).await
    })
}
