//! What commands that ask a model share: the engine, the user's consent, and the answer as it comes.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use aiex_assist::{Prompt, TextFilter};
use anyhow::{Context as _, Result, bail};

use super::print;
use crate::{
    config::Loaded,
    consent::Consent,
    engine::{Detected, Engine, Engines, Model},
    ledger::Database,
};

/// Finds what answers and hands it to `work`: a model that may be asked, or none. Ctrl-C drops the work, which closes
/// its connection.
pub(super) fn run(
    loaded: Loaded,
    workspaces: &BTreeSet<PathBuf>,
    work: impl AsyncFnOnce(Option<Model>, &Loaded) -> Result<ExitCode>,
) -> Result<ExitCode> {
    super::warn(&loaded.problems);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let loaded = Arc::new(loaded);
    let engines = Engines::default();
    let model = match runtime.block_on(engines.of(&loaded))? {
        Engine::Offline => None,
        Engine::Model(model) => Some(model),
        // Here nothing but the user is waited for, and Ctrl-C ends the program as it always does.
        Engine::Detected(model, detected) => {
            for workspace in workspaces {
                consent(&engines.database, workspace, detected.clone())?;
            }
            Some(model)
        }
    };
    if model.is_some() {
        loaded.unkept().iter().for_each(|unkept| eprintln!("aiex: {unkept}"));
    }
    runtime.block_on(super::stop::stoppable(work(model, &loaded)))
}

/// Asks once on a terminal whether code may go to a cloud that was only detected. Without one nobody can be asked, so
/// nothing is sent.
fn consent(database: &Database, workspace: &Path, detected: Detected) -> Result<()> {
    let model = detected.model.clone();
    let consent = Consent::new(workspace, detected);
    let instead = format!("choose one yourself: --model {model}, `model` in the configuration, or --model offline");
    match consent.known(database) {
        Some(true) => return Ok(()),
        Some(false) => bail!(
            "code of {} is not sent to {}, as you said; `aiex auth forget` asks again; {instead}",
            consent.workspace,
            consent.detected.origin
        ),
        None => {}
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("{} Nobody can be asked here; {instead}", consent.question());
    }
    eprint!("{} [y/N] ", consent.question());
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    // Only a plain answer is kept.
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => consent.keep(database, true),
        "n" | "no" => {
            consent.keep(database, false);
            bail!("nothing was sent; {instead}");
        }
        _ => bail!("nothing was sent; {instead}"),
    }
    Ok(())
}

/// Writes the answer as it comes.
pub(super) async fn stream(model: &Model, task: &'static str, prompt: impl Fn(usize) -> Prompt) -> Result<ExitCode> {
    let (mut written, mut filter) = (Ok(()), TextFilter::default());
    let asked = model.ask(task, prompt, |piece| {
        written = print(&filter.push(piece));
        // Nobody reads on: nothing more is to be paid for.
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let asked = asked.await;
    written?;
    let answer = asked.with_context(|| format!("{} did not answer", model.name))?;
    print("\n")?;
    let notes = answer.notes.join(" ");
    if answer.is_partial {
        bail!("{} did not answer to the end. {notes}", answer.by);
    }
    if !notes.is_empty() {
        eprintln!("aiex: {notes}");
    }
    Ok(ExitCode::SUCCESS)
}
