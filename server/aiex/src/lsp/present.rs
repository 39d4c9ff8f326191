//! Shows an answer: a Markdown file in the state folder, opened in the editor unless the user has gone on typing.

use std::path::{Path, PathBuf};

use tower_lsp::gen_lsp_types::{MessageType, ShowDocumentParams};

use super::{convert, run::BUG, session::Server};
use crate::{explain::Answer, files, paths};

/// How many answers are kept.
const KEEP: usize = 50;

/// Keeps the answer and opens it, if the count of changes is still that of when it was asked for; else says how to.
pub async fn show(server: &Server, answer: Answer, changes: u64) {
    let Answer { title, name, markdown } = answer;
    let kept = tokio::task::spawn_blocking(move || keep(&name, &markdown)).await;
    let file = match kept {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => {
            let message = format!(
                "{title}: the answer could not be kept: {error}. Set AIEX_HOME to a folder that can be written."
            );
            return server.client.show_message(MessageType::Error, message).await;
        }
        Err(_) => return server.client.show_message(MessageType::Error, format!("{title}: {BUG}")).await,
    };
    server.set_last_answer(file.clone());
    if server.changes() != changes {
        let message = format!("{title}: ready. The action `Aiex: Open last answer` opens it.");
        server.client.show_message(MessageType::Info, message).await;
    } else {
        open(server, &file).await;
    }
}

/// Keeps a document for whoever wants to open it; whether it could be kept.
pub async fn keep_for_later(server: &Server, answer: Answer) -> bool {
    let Answer { name, markdown, .. } = answer;
    let kept = tokio::task::spawn_blocking(move || keep(&name, &markdown)).await;
    let file = kept.ok().and_then(Result::ok);
    file.is_some_and(|file| {
        server.set_last_answer(file);
        true
    })
}

/// Opens an answer's file, or says where it is.
pub async fn open(server: &Server, file: &Path) {
    if server.editor().show_document
        && let Some(uri) = convert::uri(file)
    {
        // Helix opens nothing without `takeFocus`.
        let params = ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
        if server.client.show_document(params).await.unwrap_or(false) {
            return;
        }
    }
    server.client.show_message(MessageType::Info, format!("The answer is in {}", file.display())).await;
}

fn keep(name: &str, markdown: &str) -> std::io::Result<PathBuf> {
    let no_folder = || std::io::Error::other("there is no home folder");
    let folder = paths::state_folder().ok_or_else(no_folder)?.join("answers");
    let mut time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let file = loop {
        let file = folder.join(format!("{time}-{name}.md"));
        match files::create_private(&file, markdown.as_bytes()) {
            Ok(()) => break file,
            // Another one of this very millisecond.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => time += 1,
            Err(error) => return Err(error),
        }
    };
    // The names begin with their time, so that the oldest sort first.
    let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut all: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    all.sort();
    let surplus = all.len().saturating_sub(KEEP);
    all.iter().take(surplus).for_each(|old| _ = std::fs::remove_file(old));
    Ok(file)
}
