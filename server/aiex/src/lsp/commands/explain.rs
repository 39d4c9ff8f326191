//! `aiex.explain`: explains the symbol at a place, or the whole document, and keeps the explanation for the next hover.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use aiex_context::Intent;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower_lsp::jsonrpc::Result;

use super::Argument;
use crate::{
    context::Order,
    documents::Snapshot,
    explain::{Answer, Cursor, Target},
    lsp::{
        context, convert, model,
        progress::REPORT_EVERY,
        run::{BUG, Outcome, Question, Run},
        session::{Place, Server},
    },
};

/// `aiex.explain {uri?, range?, instruction?}`: begins a run and answers `{"run": id}`. An instruction goes to the model.
pub fn explain(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let Place { document, offset, .. } = argument.place(server)?;
    let Some(snapshot) = server.documents.get(&document) else {
        return Err(super::invalid(format!("{document} is no longer open in the editor")));
    };
    let instruction = argument.instruction;
    let id = Run::begin(server, document, "Aiex: Explain".to_owned(), {
        let server = server.clone();
        move |run| async move {
            let worked = work(&server, &run, snapshot, offset, instruction).await;
            worked.unwrap_or_else(Outcome::Failed)
        }
    });
    Ok(Some(json!({"run": id.0})))
}

async fn work(
    server: &Server,
    run: &Run,
    snapshot: Arc<Snapshot>,
    offset: usize,
    instruction: Option<String>,
) -> std::result::Result<Outcome, String> {
    run.stage("reading".to_owned());
    let (document, path) = (snapshot.id.clone(), shown_path(server, &snapshot.id));
    let target = Arc::new(blocking(move || Target::find(snapshot, Cursor::At(offset), path)).await?);
    run.asks(Question { command: super::EXPLAIN, target: target.identity(), instruction: instruction.clone() });
    let (model, loaded) = model::of_run(server, run, &document).await?;
    let config = &loaded.config;
    let is_partial;
    let (explanation, markdown) = match model {
        None => {
            is_partial = false;
            let target = target.clone();
            let explanation = blocking(move || target.structural()).await?;
            (explanation.clone(), explanation)
        }
        Some(model) => {
            config.privacy.check(&convert::name_of_file(&document))?;
            run.stage(format!("asking {}", model.name));
            let (send, pieces) = mpsc::unbounded_channel();
            let order = Order { instruction: instruction.clone(), ..Order::of(Intent::Explain)? };
            let question = context::Question::new(server, &target, order, &loaded, &model.name);
            let whole = question.clone();
            let whole = blocking(move || whole.build()).await?.map_err(|error| error.to_string())?.prompt;
            let prompt = |most: usize| match most == usize::MAX {
                true => whole.clone(),
                // The model's context is smaller than the budget: once more, with less.
                false => {
                    let built = tokio::task::block_in_place(|| question.within(most).build());
                    built.map_or_else(|_| whole.clone(), |built| built.prompt)
                }
            };
            let asked = model.ask("explain", prompt, move |piece| {
                let _ = send.send(piece.len());
                ControlFlow::Continue(())
            });
            let (answer, ()) = tokio::join!(asked, report(run, &model.name, pieces));
            let answer = answer.map_err(|error| error.to_string())?;
            is_partial = answer.is_partial;
            let explanation = aiex_assist::clean_markdown(&answer.markdown());
            let document = target.document(&explanation, &answer.by);
            (explanation, document)
        }
    };
    // The next hover is for everybody who reads the code; an answer to the user's own words is for this once, and so is
    // a part of one.
    if instruction.is_none() && !is_partial {
        server.explanations.put(&target.key(), &explanation);
    }
    Ok(Outcome::Show(Answer {
        title: format!("Explanation of {}", target.name()),
        name: file_name("explain", &target),
        markdown,
    }))
}

/// Says how far the answer is, until its last piece.
async fn report(run: &Run, model: &str, mut pieces: mpsc::UnboundedReceiver<usize>) {
    let (mut bytes, mut last) = (0, None::<Instant>);
    while let Some(more) = pieces.recv().await {
        bytes += more;
        if last.is_none_or(|last| last.elapsed() >= REPORT_EVERY) {
            last = Some(Instant::now());
            run.stage(format!("{model}: {bytes} bytes"));
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> std::result::Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|_| BUG.to_owned())
}

/// A symbol's name as part of a file's: file systems take 255 bytes.
pub(super) fn file_name(command: &str, target: &Target) -> String {
    let safe = |char: char| if char.is_alphanumeric() || matches!(char, '.' | '-' | '_') { char } else { '-' };
    let mut name = format!("{command}-");
    for char in target.name().trim_matches(|char| safe(char) == '-').chars().map(safe) {
        if name.len() + char.len_utf8() > 120 {
            break;
        }
        name.push(char);
    }
    name
}

/// The document's path below its workspace folder; outside of any its name alone, since the folders above are nobody's
/// business.
pub(in crate::lsp) fn shown_path(server: &Server, uri: &str) -> String {
    let path = convert::name_of_file(uri);
    let folder = server.settings.folder_of(&path);
    let below = folder.and_then(|folder| path.strip_prefix(folder).ok().map(Path::to_path_buf));
    let shown = below.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or(path);
    let parts: Vec<_> = shown.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    if shown.is_absolute() { shown.display().to_string() } else { parts.join("/") }
}
