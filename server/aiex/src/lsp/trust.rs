//! Asks the user whether the code of a workspace may run, as this editor can ask, and remembers the answer.

use std::{path::PathBuf, sync::Arc};

use aiex_tools::Project;
use tower_lsp::gen_lsp_types::{MessageActionItem, MessageType};

use super::{
    consent, convert,
    run::Run,
    session::{Server, lock},
};
use crate::{
    config::{Loaded, trust},
    verify::{self, Verifier},
};

const TRUST: &str = "Trust";
const NOT_NOW: &str = "Not now";
/// The title of the action that trusts.
pub const TITLE: &str = "Aiex: Trust this workspace";

/// What builds and tests the project of a document, if its code may run. Waits for the user where they must be asked.
///
/// # Errors
/// Why nothing can be run, as a sentence.
pub async fn verifier(server: &Server, run: &Run, loaded: &Loaded, document: &str) -> Result<Verifier, String> {
    let file = convert::name_of_file(document);
    let project = tokio::task::spawn_blocking(move || Project::of(&file)).await.ok().flatten();
    let project = project.ok_or("the file belongs to no cargo package and no mix project.")?;
    if !trust::covers(&loaded.config, &project.root) && !asked(server, run, &project).await {
        let folder = &project.root;
        return Err(format!(
            "the workspace is not trusted; the command `aiex.trustWorkspace`, or `aiex trust add {}`, lets its builds and tests run.",
            folder.display()
        ));
    }
    let unsaved = {
        let server = server.clone();
        move || {
            let open = server.documents.all();
            open.iter().filter_map(|open| Some((convert::path(&open.id)?, open.text().to_string()))).collect()
        }
    };
    let root = consent::workspace_of(server, document);
    let root = root.canonicalize().unwrap_or(root);
    Verifier::new(project, &root, Arc::new(unsaved))
}

/// Trusts the project of a document; a workspace without one as it is.
pub async fn add(server: &Server, document: &str) -> Result<PathBuf, String> {
    let root = consent::workspace_of(server, document);
    let file = convert::name_of_file(document);
    let project = tokio::task::spawn_blocking(move || Project::of(&file)).await.ok().flatten();
    keep(server, project.map_or(root, |project| project.root)).await
}

async fn keep(server: &Server, folder: PathBuf) -> Result<PathBuf, String> {
    let added = tokio::task::spawn_blocking(move || trust::add(&folder)).await.map_err(|error| error.to_string())?;
    let (folder, _) = added.map_err(|error| format!("{error:#}"))?;
    lock(&server.open_trust).take();
    Ok(folder)
}

/// Whether the user trusts the project now; asks once a session.
async fn asked(server: &Server, run: &Run, project: &Project) -> bool {
    run.stage("waiting for your permission".to_owned());
    let (server, project) = (server.clone(), project.clone());
    // In a task of its own: the answer counts, whatever becomes of the run.
    tokio::spawn(async move { ask(&server, &project).await }).await.unwrap_or(false)
}

async fn ask(server: &Server, project: &Project) -> bool {
    // One question at a time, and the answer to one is that to the next.
    let _asking = server.asking.lock().await;
    let folder = project.root.clone();
    if trust::covers(&server.settings.fresh(server).await.config, &folder) {
        return true;
    }
    if !lock(&server.asked_trust).insert(folder.clone()) {
        return false;
    }
    let question = verify::question(&folder, project);
    if !server.editor().message_request {
        *lock(&server.open_trust) = Some(folder.clone());
        let message =
            format!("{question} The code action `{TITLE}`, or `aiex trust add {}`, allows it.", folder.display());
        server.client.show_message(MessageType::Info, message).await;
        return false;
    }
    let item = |title: &str| MessageActionItem { title: title.to_owned(), ..Default::default() };
    let actions = vec![item(TRUST), item(NOT_NOW)];
    let answered = server.client.show_message_request(MessageType::Info, question, Some(actions)).await;
    if answered.ok().flatten().map(|item| item.title).as_deref() != Some(TRUST) {
        return false;
    }
    match keep(server, folder).await {
        Ok(_) => true,
        Err(error) => {
            server.client.show_message(MessageType::Error, format!("Aiex: {error}")).await;
            false
        }
    }
}
