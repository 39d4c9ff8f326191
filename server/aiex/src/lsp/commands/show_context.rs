//! `aiex.showContext`: what a model would be sent for a place, as a document: the pieces, why, and the prompt.

use std::sync::Arc;

use aiex_context::Intent;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    explain::{blocking, file_name, shown_path},
};
use crate::{
    context::{ASSUMED_MODEL, Order},
    documents::Snapshot,
    engine::Engine,
    explain::{Answer, Cursor, Target},
    lsp::{
        context::Question,
        convert,
        run::{Outcome, Run},
        session::{Place, Server},
    },
};

/// `aiex.showContext {uri?, range?, intent?, instruction?}`: begins a run and answers `{"run": id}`. Sends nothing.
pub fn show_context(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let Place { document, offset, .. } = argument.place(server)?;
    let Some(snapshot) = server.documents.get(&document) else {
        return Err(super::invalid(format!("{document} is no longer open in the editor")));
    };
    let intent = argument.intent.as_deref().unwrap_or(Intent::Explain.as_str()).parse().map_err(super::invalid)?;
    let instruction = argument.instruction;
    let id = Run::begin(server, document, "Aiex: Show context".to_owned(), {
        let server = server.clone();
        move |run| async move {
            let worked = work(&server, &run, snapshot, offset, intent, instruction).await;
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
    intent: Intent,
    instruction: Option<String>,
) -> std::result::Result<Outcome, String> {
    run.stage("reading".to_owned());
    let (document, path) = (snapshot.id.clone(), shown_path(server, &snapshot.id));
    let target = Arc::new(blocking(move || Target::find(snapshot, Cursor::At(offset), path)).await?);
    let loaded = server.settings.fresh(server).await;
    loaded.config.privacy.check(&convert::name_of_file(&document))?;
    let model = match server.engines.of(&loaded).await {
        Ok(Engine::Model(model) | Engine::Detected(model, _)) => model.name,
        Ok(Engine::Offline) | Err(_) => ASSUMED_MODEL.to_owned(),
    };
    let question = Question::new(server, &target, Order { instruction, ..Order::of(intent)? }, &loaded, &model);
    let built = blocking(move || question.build()).await?.map_err(|error| error.to_string())?;
    let title = format!("Context of {}", target.name());
    Ok(Outcome::Show(Answer { title, name: file_name("context", &target), markdown: built.markdown() }))
}
