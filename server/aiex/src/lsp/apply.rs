//! Has the editor apply a patch: as one edit with versions, carried over what was typed meanwhile, with the old contents
//! kept first.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use aiex_assist::{FilePatch, Patch};
use aiex_store::{CheckpointFile, CheckpointId, NewCheckpoint, Store};
use aiex_text::{Edit, Text};
use tower_lsp::gen_lsp_types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ApplyWorkspaceEditRequest, ChangeAnnotation, CreateFile,
    CreateFileOptions, DeleteFile, DeleteFileOptions, DocumentChange, Edit as LspEdit,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextDocumentIdentifier, TextEdit, Uri, WorkspaceEdit,
};

use super::{consent, convert, session::Server};
use crate::{
    checkpoints::{self, Restore},
    documents::{DocumentId, Snapshot},
};

/// How often a patch is carried over what is typed while the editor is about to apply it.
const ATTEMPTS: usize = 4;
/// The name of the one annotation of an edit.
const ANNOTATION: &str = "aiex";

/// A file as it is and as it will be.
struct Change {
    path: PathBuf,
    uri: Uri,
    /// The document, where it is open.
    open: Option<Arc<Snapshot>>,
    /// Its text now; `None` where there is no such file.
    now: Option<String>,
    edits: Vec<Edit>,
    /// Its text then; `None` where there will be no such file.
    then: Option<String>,
}

/// Has the editor apply a patch to the workspace at `root`. `document` is the one that the patch was asked for.
///
/// # Errors
/// With a sentence that says why nothing was changed.
pub async fn apply(
    server: &Server,
    label: &str,
    root: &Path,
    document: &DocumentId,
    patch: &Patch,
) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let changes =
            || patch.files.iter().map(|file| change(server, root, document, file)).collect::<Result<Vec<_>, _>>();
        let changes = tokio::task::block_in_place(changes)?;
        let checkpoint = keep(server, root, label, None, &changes).await?;
        match send(server, label, &changes).await {
            Ok(()) => return Ok(()),
            // Of several files, some may have been changed all the same.
            Err(reason) if is_wide(&changes) => {
                return Err(format!(
                    "the editor did not apply the edit: {reason}. If a part of it was made, `aiex.undo` takes that back"
                ));
            }
            Err(reason) => {
                forget(server, checkpoint).await;
                last = reason;
            }
        }
        // Refused since the user typed in that very moment: once more, on what is there now.
        let typed = changes.iter().any(|change| change.open.as_ref().is_some_and(|before| is_stale(server, before)));
        if !typed {
            break;
        }
    }
    Err(format!("the editor did not apply the edit: {last}. Nothing was changed; run the command again"))
}

fn is_stale(server: &Server, before: &Snapshot) -> bool {
    server.documents.get(&before.id).is_none_or(|now| now.document.version() != before.document.version())
}

/// A file of a patch, carried over to what it holds now.
fn change(server: &Server, root: &Path, document: &DocumentId, file: &FilePatch) -> Result<Change, String> {
    let path = path_of(server, root, document, &file.path);
    let open = open(server, document, &path);
    let (uri, now) = present(&path, open.as_deref(), document)?;
    if file.before.is_none() {
        if now.as_ref().is_some_and(|text| !text.is_empty()) {
            return Err(format!("{} exists meanwhile; nothing was written over it", file.path));
        }
        stays_inside(root, &path)?;
        let edits = vec![Edit { range: 0..0, text: file.after.clone() }];
        return Ok(Change { path, uri, open, now, edits, then: Some(file.after.clone()) });
    }
    let text = now.ok_or_else(|| format!("{} is gone; nothing was changed", file.path))?;
    let edits = file.onto(&text).map_err(|moved| moved.to_string())?;
    let then = aiex_text::apply(&Text::new(&text), &edits).map_err(|error| error.to_string())?.to_string();
    Ok(Change { path, uri, open, now: Some(text), edits, then: Some(then) })
}

/// A path without links, as the command line names workspaces; as it is where it cannot be followed.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// Where a file of a patch is; a document outside of any workspace is its own.
fn path_of(server: &Server, root: &Path, document: &DocumentId, path: &str) -> PathBuf {
    let own = convert::name_of_file(document);
    let is_own = super::commands::shown_path(server, document) == path;
    if is_own { own } else { root.join(path) }
}

fn open(server: &Server, document: &DocumentId, path: &Path) -> Option<Arc<Snapshot>> {
    let own = server.documents.get(document).filter(|_| convert::name_of_file(document) == *path);
    own.or_else(|| server.documents.find(|id| convert::path(id).as_deref() == Some(path)))
}

/// The URI of a file as the editor spells it, and its text: that of the editor, else that on disk.
fn present(path: &Path, open: Option<&Snapshot>, document: &DocumentId) -> Result<(Uri, Option<String>), String> {
    let shown = path.display();
    let data = fs::metadata(path);
    if data.as_ref().is_ok_and(|data| data.permissions().readonly()) {
        return Err(format!("{shown} is read-only; nothing was changed"));
    }
    if let Some(open) = open {
        return Ok((Uri(open.id.to_string()), Some(open.text().to_string())));
    }
    if convert::name_of_file(document) == *path {
        return Err(format!("{shown} was closed; nothing was changed"));
    }
    let uri = convert::uri(path).ok_or_else(|| format!("{shown} has no URI; nothing was changed"))?;
    Ok((uri, checkpoints::present(path)?))
}

/// A new file's folder must be of the workspace, links followed.
fn stays_inside(root: &Path, path: &Path) -> Result<(), String> {
    let folder = path.ancestors().skip(1).find(|folder| folder.exists());
    let real = folder.and_then(|folder| folder.canonicalize().ok());
    match real.is_some_and(|folder| folder.starts_with(canonical(root))) {
        true => Ok(()),
        false => Err(format!("{} would not be in the workspace; nothing was changed", path.display())),
    }
}

/// Keeps what files held.
async fn keep(
    server: &Server,
    root: &Path,
    title: &str,
    restores: Option<CheckpointId>,
    changes: &[Change],
) -> Result<CheckpointId, String> {
    let files: Vec<_> = changes
        .iter()
        .map(|change| {
            let path = change.path.to_string_lossy().into_owned();
            CheckpointFile { path, before: change.now.clone(), after: change.then.clone() }
        })
        .collect();
    let (workspace, title) = (canonical(root).to_string_lossy().into_owned(), title.to_owned());
    let kept = with_store(server, move |store| {
        let new =
            NewCheckpoint { workspace: &workspace, title: &title, at: SystemTime::now(), restores, files: &files };
        store.add_checkpoint(&new).map_err(|error| error.to_string())
    });
    kept.await.map_err(|error| format!("the old text could not be kept, so nothing was changed: {error}"))
}

async fn forget(server: &Server, checkpoint: CheckpointId) {
    let forgotten =
        with_store(server, move |store| store.remove_checkpoint(checkpoint).map_err(|error| error.to_string()));
    if let Err(error) = forgotten.await {
        tracing::warn!(error, "a checkpoint of a change that was not made is left");
    }
}

async fn with_store<T: Send + 'static>(
    server: &Server,
    work: impl FnOnce(&Store) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let database = server.engines.database.clone();
    let done = tokio::task::spawn_blocking(move || work(&*database.open()?));
    done.await.map_err(|_| super::run::BUG.to_owned())?
}

/// Whether the change is of more than one file, or of one that comes or goes.
fn is_wide(changes: &[Change]) -> bool {
    changes.len() > 1 || changes.iter().any(|change| change.now.is_none() || change.then.is_none())
}

/// Sends the changes as one edit. Of several files, or with a new one, the editor asks the user if it can.
async fn send(server: &Server, label: &str, changes: &[Change]) -> Result<(), String> {
    let annotate = is_wide(changes) && server.editor().change_annotations;
    let comes_or_goes = changes.iter().any(|change| change.now.is_none() || change.then.is_none());
    let edit = if server.editor().only_plain_edits && !comes_or_goes {
        plain(server, changes)
    } else {
        let operations = changes.iter().flat_map(|change| operations(server, change, annotate)).collect();
        let annotation =
            ChangeAnnotation { label: label.to_owned(), needs_confirmation: Some(true), ..Default::default() };
        WorkspaceEdit {
            document_changes: Some(operations),
            change_annotations: annotate.then(|| HashMap::from([(ANNOTATION.to_owned(), annotation)])),
            ..Default::default()
        }
    };
    let params = ApplyWorkspaceEditParams { edit, label: Some(label.to_owned()), metadata: None };
    // Of several files, one that was changed may not be changed again.
    let expected = match changes {
        [Change { open: Some(open), then: Some(then), now: Some(now), .. }] if then != now => {
            Some(server.expected.expect(open.id.clone(), then.clone()))
        }
        _ => None,
    };
    let answer = server.client.send_request::<ApplyWorkspaceEditRequest>(params).await;
    match answer {
        Ok(result) if result.applied => match expected {
            Some(expected) if expected.is_missed().await => Err("something was typed in that moment".to_owned()),
            _ => Ok(()),
        },
        Ok(result) => Err(result.failure_reason.unwrap_or_else(|| "it gave no reason".to_owned())),
        Err(error) => Err(error.message.to_string()),
    }
}

/// Edits by file, for an editor that says that it takes no versions.
fn plain(server: &Server, changes: &[Change]) -> WorkspaceEdit {
    let changes = changes.iter().map(|change| (change.uri.clone(), text_edits(server, change))).collect();
    WorkspaceEdit { changes: Some(changes), ..Default::default() }
}

fn text_edits(server: &Server, change: &Change) -> Vec<TextEdit> {
    let text = Text::new(change.now.as_deref().unwrap_or_default());
    let encoding = server.editor().encoding;
    let edit =
        |edit: &Edit| TextEdit { range: convert::range(&text, &edit.range, encoding), new_text: edit.text.clone() };
    change.edits.iter().map(edit).collect()
}

fn operations(server: &Server, change: &Change, annotate: bool) -> Vec<DocumentChange> {
    let annotation_id = annotate.then(|| ANNOTATION.to_owned());
    let Some(then) = &change.then else {
        let options = DeleteFileOptions { ignore_if_not_exists: Some(true), ..Default::default() };
        let delete = DeleteFile { uri: change.uri.clone(), options: Some(options), annotation_id };
        return vec![DocumentChange::DeleteFile(delete)];
    };
    let mut operations = Vec::new();
    if change.now.is_none() {
        // Helix empties a file that exists, unless it is told not to.
        let options = CreateFileOptions { ignore_if_exists: Some(true), overwrite: Some(false) };
        let create =
            CreateFile { uri: change.uri.clone(), options: Some(options), annotation_id: annotation_id.clone() };
        operations.push(DocumentChange::CreateFile(create));
    }
    let edits = text_edits(server, change).into_iter().map(|text_edit| match &annotation_id {
        Some(id) => LspEdit::AnnotatedTextEdit(AnnotatedTextEdit { annotation_id: id.clone(), text_edit }),
        None => LspEdit::TextEdit(text_edit),
    });
    if !then.is_empty() || change.now.is_some() {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version: change.open.as_ref().map(|open| match open.document.version() {
                0 if server.editor().unchecked_zero => 1,
                version => version,
            }),
            text_document_identifier: TextDocumentIdentifier { uri: change.uri.clone() },
        };
        let edit = TextDocumentEdit { text_document, edits: edits.collect() };
        operations.push(DocumentChange::TextDocumentEdit(edit));
    }
    operations
}

/// Takes back the last change in the workspace of a document that is not taken back yet.
///
/// # Errors
/// With a sentence that says why not; where there is later work, unless `force` is given.
pub async fn undo(server: &Server, document: &DocumentId, force: bool) -> Result<String, String> {
    let root = canonical(&consent::workspace_of(server, document));
    let workspace = root.to_string_lossy().into_owned();
    // One snapshot of each document, for its text, its version and its name alike.
    let documents: HashMap<PathBuf, Arc<Snapshot>> =
        server.documents.all().into_iter().map(|one| (canonical(&convert::name_of_file(&one.id)), one)).collect();
    let known = documents.clone();
    let found = with_store(server, move |store| {
        let rows = store.checkpoints(Some(&workspace), 200).map_err(|error| error.to_string())?;
        for row in rows.into_iter().filter(|row| row.restored_at.is_none() && row.restores.is_none()) {
            let Some(checkpoint) = store.checkpoint(row.id).map_err(|error| error.to_string())? else { continue };
            let present = |path: &Path| match known.get(&canonical(path)) {
                Some(open) => Ok(Some(open.text().to_string())),
                None => checkpoints::present(path),
            };
            let restores = checkpoints::plan(&checkpoint, force, present)?;
            // Nothing of it is left: the user has taken it back already.
            if !restores.is_empty() {
                return Ok(Some((checkpoint, restores)));
            }
        }
        Ok(None)
    });
    let Some((checkpoint, restores)) = found.await? else {
        return Err("there is no change of Aiex in this workspace to take back".to_owned());
    };
    let changes: Result<Vec<_>, String> = restores
        .into_iter()
        .map(|Restore { path, expect, to }| {
            let open = documents.get(&canonical(&path)).cloned();
            let uri = match &open {
                Some(open) => Uri(open.id.to_string()),
                None => convert::uri(&path).ok_or_else(|| format!("{} has no URI", path.display()))?,
            };
            let edits = aiex_text::diff(expect.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default());
            Ok(Change { path, uri, open, now: expect, edits, then: to })
        })
        .collect();
    let changes = changes?;
    let title = format!("Undo: {}", checkpoint.row.title);
    let kept = keep(server, &root, &title, Some(checkpoint.row.id), &changes).await?;
    if let Err(reason) = send(server, &title, &changes).await {
        if !is_wide(&changes) {
            forget(server, kept).await;
        }
        return Err(format!("the editor did not apply it: {reason}"));
    }
    let id = checkpoint.row.id;
    with_store(server, move |store| store.mark_restored(id, SystemTime::now()).map_err(|error| error.to_string()))
        .await?;
    Ok(format!("took back “{}”.", checkpoint.row.title))
}
