//! [`Indexes`]: the indexes of a session's workspace folders. They are begun once the configuration says what is to be
//! left out, and told of everything that the editor tells of files and documents.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tower_lsp::gen_lsp_types::MessageType;

use super::{
    convert,
    progress::Progress,
    session::{Server, lock},
};
use crate::{
    config::Loaded,
    exclude::Excluded,
    paths,
    workspace::{self, OnProgress, OnSettled, Options, Phase, WorkspaceIndex},
};

/// The indexes of the open folders.
#[derive(Default)]
pub struct Indexes {
    held: Mutex<Vec<Held>>,
    /// Held while folders are opened, which reads from disk; never with `held`.
    opening: tokio::sync::Mutex<()>,
    last: AtomicU64,
}

#[derive(Clone)]
struct Held {
    folder: PathBuf,
    excluded: Vec<String>,
    token: String,
    /// `None` if there is none, and nothing more will come of trying.
    index: Option<Arc<WorkspaceIndex>>,
}

impl Indexes {
    /// The index of the folder that holds a path: of several, the innermost.
    pub fn of(&self, path: &Path) -> Option<Arc<WorkspaceIndex>> {
        let held = lock(&self.held);
        let holding = held.iter().filter(|one| path.starts_with(&one.folder));
        holding.max_by_key(|one| one.folder.as_os_str().len())?.index.clone()
    }

    /// Begins the indexes of folders that are new or whose exclusions changed, and ends those of folders that are gone.
    pub async fn follow(server: &Server, loaded: &Loaded) {
        let _opening = server.indexes.opening.lock().await;
        let folders = if server.was_shut_down() { Vec::new() } else { server.settings.folders() };
        let excluded = &loaded.config.privacy.exclude;
        let is_same = |held: &Held, folder: &Path| held.folder == folder && held.excluded == *excluded;
        let mut held = lock(&server.indexes.held).clone();
        held.retain(|held| folders.iter().any(|folder| is_same(held, folder)));
        for folder in folders {
            if held.iter().any(|held| is_same(held, &folder)) {
                continue;
            }
            let token = format!("aiex/index/{}", server.indexes.last.fetch_add(1, Ordering::Relaxed));
            // What cannot be understood might be what was to be left out.
            let globs = if loaded.is_unsure("privacy") { None } else { Excluded::new(excluded).ok() };
            let index = match globs {
                Some(globs) => open(server, &folder, globs, token.clone()).await,
                None => {
                    tracing::warn!(folder = %folder.display(), "not indexed: privacy.exclude cannot be understood");
                    None
                }
            };
            held.push(Held { folder, excluded: excluded.clone(), token, index });
        }
        let before = {
            let mut current = lock(&server.indexes.held);
            let before = std::mem::replace(&mut *current, held);
            // While it is locked, no change comes between these and what is told of later ones.
            let new = current.iter().filter(|held| before.iter().all(|before| before.token != held.token));
            for index in new.filter_map(|held| held.index.as_deref()) {
                for snapshot in server.documents.all() {
                    convert::path(&snapshot.id)
                        .into_iter()
                        .for_each(|path| index.document_changed(&path, snapshot.clone()));
                }
            }
            before
        };
        drop(before);
    }

    /// After a document was opened or changed.
    pub fn document_changed(&self, server: &Server, uri: &str) {
        let (Some(path), Some(snapshot)) = (convert::path(uri), server.documents.get(uri)) else { return };
        self.each(|index| index.document_changed(&path, snapshot.clone()));
    }

    /// After a document was closed.
    pub fn document_closed(&self, uri: &str) {
        convert::path(uri).into_iter().for_each(|path| self.each(|index| index.document_closed(&path)));
    }

    /// After files were written, made or removed.
    pub fn files_changed<'u>(&self, uris: impl IntoIterator<Item = &'u str>) {
        let paths: Vec<_> = uris.into_iter().filter_map(convert::path).collect();
        self.each(|index| index.files_changed(paths.iter().map(PathBuf::as_path)));
    }

    /// Gives up the index whose progress has this token, at the user's word.
    pub fn stop_by_token(&self, token: &str) {
        let stopped: Vec<_> = lock(&self.held)
            .iter_mut()
            .filter(|held| held.token == token)
            .filter_map(|held| held.index.take())
            .collect();
        drop(stopped);
    }

    /// Ends all.
    pub fn end(&self) {
        let ended = std::mem::take(&mut *lock(&self.held));
        drop(ended);
    }

    fn each(&self, tell: impl Fn(&WorkspaceIndex)) {
        lock(&self.held).iter().filter_map(|held| held.index.as_deref()).for_each(tell);
    }
}

async fn open(server: &Server, folder: &Path, excluded: Excluded, token: String) -> Option<Arc<WorkspaceIndex>> {
    let options = Options {
        excluded,
        cache: paths::indexes_folder(),
        home: workspace::home(),
        watch: true,
        history: true,
        on_progress: Some(on_progress(server, folder, token)),
        on_settled: Some(on_settled(server)),
        ..Options::default()
    };
    let root = folder.to_path_buf();
    let opened = tokio::task::spawn_blocking(move || WorkspaceIndex::open(&root, options)).await.ok()?;
    match opened {
        Ok(index) => Some(Arc::new(index)),
        Err(refused) => {
            tracing::info!(%refused, "no index");
            server.say(MessageType::Info, format!("Aiex: {refused}."));
            None
        }
    }
}

/// Shows a progress if the first indexing lasts long enough that one is told of.
fn on_progress(server: &Server, folder: &Path, token: String) -> OnProgress {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (server, shown) = (server.clone(), Mutex::new(None::<Progress>));
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |progress| {
        let mut shown = lock(&shown);
        if progress.files_done == progress.files_all {
            return *shown = None;
        }
        let _runtime = runtime.enter();
        let begin = || Progress::begin(&server, token.clone(), format!("Aiex: indexing {name}"));
        shown.get_or_insert_with(begin).stage(format!("{} of {} files", progress.files_done, progress.files_all));
    })
}

/// Says why there is no index, or what it lacks.
fn on_settled(server: &Server) -> OnSettled {
    let server = server.clone();
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |phase, statistics| {
        let _runtime = runtime.enter();
        let left_out = statistics.left_out.sentence();
        left_out.iter().for_each(|sentence| tracing::info!(sentence, "workspace index"));
        match phase {
            Phase::Refused(refused) => server.say(MessageType::Info, format!("Aiex: {refused}.")),
            Phase::Ready if statistics.left_out.is_beyond_limits() => {
                left_out.into_iter().for_each(|sentence| server.say(MessageType::Warning, format!("Aiex: {sentence}.")))
            }
            _ => {}
        }
    })
}
