//! Shows an answer: a Markdown file in the state folder, opened in the editor unless the user has gone on typing.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use tower_lsp::gen_lsp_types::{MessageType, ShowDocumentParams};

use super::{convert, session::Server};
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
        Err(_) => return,
    };
    server.set_last_answer(file.clone());
    if server.changes() != changes {
        let message = format!("{title}: ready. The action `Aiex: Open last answer` opens it.");
        server.client.show_message(MessageType::Info, message).await;
    } else {
        open(server, &file).await;
    }
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
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    // The names begin with their time and number, so that the oldest sort first and no two of a session are the same.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed) % 1000;
    let file = folder.join(format!("{now}-{number:03}-{name}.md"));
    files::write_private(&file, markdown.as_bytes())?;
    let mut all: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.sort();
    let surplus = all.len().saturating_sub(KEEP);
    all.iter().take(surplus).for_each(|old| _ = std::fs::remove_file(old));
    Ok(file)
}
