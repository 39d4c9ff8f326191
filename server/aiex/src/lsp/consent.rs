//! Asks the user whether code may be sent to a cloud that was only detected, as this editor can ask.

use std::path::{Path, PathBuf};

use tower_lsp::gen_lsp_types::{MessageActionItem, MessageType};

use super::{convert, session::Server};
use crate::{consent::Consent, engine::Detected};

const ALLOW: &str = "Allow";
const NEVER: &str = "Never from this workspace";

/// The workspace of a document: its folder in the editor, else the one that it lies in.
pub fn workspace_of(server: &Server, uri: &str) -> PathBuf {
    let file = convert::name_of_file(uri);
    let workspace = server.settings.folder_of(&file).or_else(|| file.parent().map(Path::to_path_buf));
    workspace.unwrap_or(file)
}

/// Whether code of the workspace may be sent. Waits for the user where the editor can ask; elsewhere says that the code
/// actions do, and for now it may not.
pub async fn allowed(server: &Server, workspace: &Path, detected: Detected) -> bool {
    let consent = Consent::new(workspace, detected);
    // One question at a time, and the answer to one is that to the next.
    let _asking = server.asking.lock().await;
    let (database, known) = (server.engines.database.clone(), consent.clone());
    let known = tokio::task::spawn_blocking(move || known.known(&database)).await.ok().flatten();
    if let Some(known) = known {
        return known;
    }
    if !server.editor().message_request {
        let host = consent.detected.origin.clone();
        server.set_open_consent(Some(consent.clone()));
        let message = format!(
            "{} The code actions `{}` and `{}` answer; until then Aiex answers from the parse.",
            consent.question(),
            allow_title(&host),
            never_title(&host),
        );
        server.client.show_message(MessageType::Info, message).await;
        return false;
    }
    let item = |title: &str| MessageActionItem { title: title.to_owned(), ..Default::default() };
    let actions = vec![item(ALLOW), item(NEVER)];
    let answered = server.client.show_message_request(MessageType::Info, consent.question(), Some(actions)).await;
    match answered.ok().flatten().map(|item| item.title).as_deref() {
        Some(ALLOW) => keep(server, consent, true).await,
        Some(NEVER) => keep(server, consent, false).await,
        // Dismissed: asked again next time.
        _ => false,
    }
}

/// Keeps the user's answer, and returns it.
pub async fn keep(server: &Server, consent: Consent, allowed: bool) -> bool {
    let database = server.engines.database.clone();
    let _ = tokio::task::spawn_blocking(move || consent.keep(&database, allowed)).await;
    server.set_open_consent(None);
    allowed
}

/// The title of the action that allows it.
pub fn allow_title(origin: &str) -> String {
    format!("Aiex: Allow sending code to {origin}")
}

/// The title of the action that does not.
pub fn never_title(origin: &str) -> String {
    format!("Aiex: Never send this workspace's code to {origin}")
}
