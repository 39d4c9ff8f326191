//! The configuration of a session: read once `initialize` is answered, and again whenever something says it changed.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::SetOnce;
use tower_lsp::gen_lsp_types::{
    ConfigurationItem, DidChangeConfigurationParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    InitializeParams, MessageType, Registration, WorkspaceFolders,
};

use super::{
    convert,
    indexes::Indexes,
    session::{Server, lock},
};
use crate::config::{self, Loaded, Places, Problem};

/// How often, at most, files are looked at for changes that no editor reported.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many mistakes one message names.
const MOST_SAID: usize = 10;

/// How long the editor may take to answer `workspace/configuration`.
const PULL_WAIT: Duration = Duration::from_secs(2);
/// How long a hover waits for the first reading.
const HOVER_WAIT: Duration = Duration::from_millis(300);

/// The configuration in force, and what it is made from.
#[derive(Default)]
pub struct Settings {
    places: Mutex<Places>,
    loaded: Mutex<Option<Arc<Loaded>>>,
    /// Set once everything, the editor's settings included, was read.
    first: SetOnce<()>,
    /// Held while reading, so that an older reading never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
    looked: Mutex<Option<Instant>>,
    said: Mutex<HashSet<String>>,
}

impl Settings {
    /// The workspace's folders.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        lock(&self.places).workspaces = folders;
    }

    /// The workspace's folders.
    pub fn folders(&self) -> Vec<PathBuf> {
        lock(&self.places).workspaces.clone()
    }

    /// From `initialize`.
    pub fn set_initialization_options(&self, options: Option<Value>) {
        lock(&self.places).initialization_options = options;
    }

    /// The workspace folder that holds a path, to show the path relative to it.
    pub fn folder_of(&self, path: &Path) -> Option<PathBuf> {
        lock(&self.places)
            .workspaces
            .iter()
            .filter(|folder| path.starts_with(folder))
            .max_by_key(|folder| folder.as_os_str().len())
            .cloned()
    }

    /// The configuration in force, for an answer that cannot wait long.
    pub async fn current(&self, server: &Server) -> Arc<Loaded> {
        self.reload_if_stale(server);
        let _ = tokio::time::timeout(HOVER_WAIT, self.first.wait()).await;
        lock(&self.loaded).clone().unwrap_or_default()
    }

    /// The configuration in force after a look at its files: for work that is long anyway, and may send code.
    pub async fn fresh(&self, server: &Server) -> Arc<Loaded> {
        self.first.wait().await;
        let loaded = lock(&self.loaded).clone().unwrap_or_default();
        let stale = loaded.clone();
        match tokio::task::spawn_blocking(move || stale.is_stale()).await {
            Ok(false) => loaded,
            _ => self.reload(server).await,
        }
    }

    /// Looks in the background whether a file changed, since most editors on Linux do not tell.
    pub fn reload_if_stale(&self, server: &Server) {
        let now = Instant::now();
        let mut looked = lock(&self.looked);
        if looked.is_some_and(|then| now - then < LOOK_EVERY) {
            return;
        }
        *looked = Some(now);
        let Some(loaded) = lock(&self.loaded).clone() else { return };
        let server = server.clone();
        tokio::spawn(async move {
            if tokio::task::spawn_blocking(move || loaded.is_stale()).await.unwrap_or(false) {
                server.settings.reload(&server).await;
            }
        });
    }

    /// Reads everything again, and says what is newly wrong.
    async fn reload(&self, server: &Server) -> Arc<Loaded> {
        let _reading = self.reading.lock().await;
        let places = lock(&self.places).clone();
        let loaded = Arc::new(tokio::task::spawn_blocking(move || config::load(&places)).await.unwrap_or_default());
        *lock(&self.loaded) = Some(loaded.clone());
        tracing::info!(problems = loaded.problems.len(), "configuration read");
        let wrong: Vec<String> = loaded.problems.iter().map(Problem::to_string).chain(loaded.unkept()).collect();
        let fresh: Vec<_> = {
            let mut said = lock(&self.said);
            // What was mended may be said again if it comes back.
            let before = std::mem::replace(&mut *said, wrong.iter().cloned().collect());
            wrong.into_iter().filter(|problem| !before.contains(problem)).collect()
        };
        if !fresh.is_empty() {
            let mut lines: Vec<_> = fresh.iter().take(MOST_SAID).cloned().collect();
            if fresh.len() > MOST_SAID {
                lines.push(format!("… and {} more; `aiex config check` lists them", fresh.len() - MOST_SAID));
            }
            lines.iter().for_each(|problem| tracing::warn!(problem, "configuration"));
            server.client.show_message(MessageType::Warning, format!("Aiex configuration: {}", lines.join("\n"))).await;
        }
        Indexes::follow(server, &loaded).await;
        loaded
    }
}

/// The folders that `initialize` names, or the root of editors that name but one.
#[expect(deprecated, reason = "older editors name their root in no other way")]
pub fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let listed = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolders::WorkspaceFolderList(folders)) => {
            folders.iter().filter_map(|folder| convert::path(folder.uri.as_ref())).collect()
        }
        _ => Vec::new(),
    };
    if listed.is_empty() {
        params.root_uri.iter().filter_map(|root| convert::path(root.as_ref())).collect()
    } else {
        listed
    }
}

/// After `initialized`: reads the configuration, and asks to be told of changes.
pub async fn begin(server: Server) {
    pull(&server).await;
    let _ = server.settings.first.set(());
    let mut wanted = Vec::new();
    if server.editor().register_configuration {
        wanted.push(("workspace/didChangeConfiguration", json!({"section": "aiex"})));
    }
    if server.editor().register_watched_files {
        wanted.push((
            "workspace/didChangeWatchedFiles",
            json!({"watchers": [{"globPattern": "**/.aiex.toml"}, {"globPattern": "**/*.{ex,exs,rs}"}]}),
        ));
    }
    let registrations: Vec<_> = wanted
        .into_iter()
        .map(|(method, options)| Registration {
            id: format!("aiex/{method}"),
            method: method.to_owned(),
            register_options: Some(options),
        })
        .collect();
    if !registrations.is_empty()
        && let Err(error) = server.client.register_capability(registrations).await
    {
        tracing::warn!(%error, "the editor will not tell of changes to the configuration");
    }
}

/// Asks the editor for its settings, where it answers, and reads everything again.
async fn pull(server: &Server) {
    if server.editor().configuration {
        let item = ConfigurationItem { section: Some("aiex".to_owned()), scope_uri: None };
        match tokio::time::timeout(PULL_WAIT, server.client.configuration(vec![item])).await {
            Ok(Ok(settings)) => lock(&server.settings.places).client_settings = settings.into_iter().next(),
            Ok(Err(error)) => tracing::warn!(%error, "the editor did not answer workspace/configuration"),
            Err(_) => tracing::warn!("the editor left workspace/configuration without an answer"),
        }
    }
    server.settings.reload(server).await;
}

/// `workspace/didChangeConfiguration`
pub async fn did_change_configuration(server: &Server, params: DidChangeConfigurationParams) {
    let server = server.clone();
    if !server.editor().configuration {
        lock(&server.settings.places).client_settings = Some(params.settings);
    }
    tokio::spawn(async move { pull(&server).await });
}

/// `workspace/didChangeWatchedFiles`
pub async fn did_change_watched_files(server: &Server, params: DidChangeWatchedFilesParams) {
    server.indexes.files_changed(params.changes.iter().map(|change| change.uri.as_ref()));
    if params.changes.iter().any(|change| change.uri.as_ref().ends_with("/.aiex.toml")) {
        let server = server.clone();
        tokio::spawn(async move { server.settings.reload(&server).await });
    }
}

/// `workspace/didChangeWorkspaceFolders`
pub async fn did_change_workspace_folders(server: &Server, params: DidChangeWorkspaceFoldersParams) {
    let mut folders = lock(&server.settings.places).workspaces.clone();
    let paths = |folders: &[tower_lsp::gen_lsp_types::WorkspaceFolder]| -> Vec<PathBuf> {
        folders.iter().filter_map(|folder| convert::path(folder.uri.as_ref())).collect()
    };
    let removed = paths(&params.event.removed);
    folders.retain(|folder| !removed.contains(folder));
    folders.extend(paths(&params.event.added));
    server.settings.set_folders(folders);
    let server = server.clone();
    tokio::spawn(async move { server.settings.reload(&server).await });
}
