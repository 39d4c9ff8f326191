//! [`Runs`]: everything that takes longer than an instant, from its command to its one outcome.
//!
//! A run has an id, a progress in the editor, a stage, and one way to be stopped: its work is dropped where it stands,
//! which closes what it had open upstream. Whatever happens to the work, the run ends once, with one outcome.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use tokio::sync::SetOnce;
use tower_lsp::gen_lsp_types::{
    MessageType, ProgressNotification, ProgressParams, ProgressToken, WorkDoneProgressBegin, WorkDoneProgressEnd,
    WorkDoneProgressReport,
};

use super::{
    present,
    session::{Server, lock},
};
use crate::{documents::DocumentId, explain::Answer};

/// How long the editor may take to say that it shows progress.
const PROGRESS_WAIT: Duration = Duration::from_secs(1);
/// What the user is told of a panic.
pub const BUG: &str = "Aiex hit a bug of its own; the log says where. Nothing was changed.";

/// A run's number, unique in a session; what a command answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// What is asked of a document. A later run that asks the same supersedes one that still works on it.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// The command that asks.
    pub command: &'static str,
    /// What in the document: a symbol's qualified name, or the whole file's.
    pub target: String,
    /// The user's words.
    pub instruction: Option<String>,
}

/// How the work of a run ended.
pub enum Outcome {
    /// A document to show.
    Show(Answer),
    /// A sentence that says what failed, and what to do.
    Failed(String),
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The user said so.
    User,
    /// A newer one does the same, its document is closed, or the server ends: nobody waits for word of it.
    Moot,
}

/// The runs of a session.
#[derive(Default)]
pub struct Runs {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    active: BTreeMap<RunId, Active>,
}

struct Active {
    /// Closing it stops the run.
    document: DocumentId,
    /// Known once the document is parsed.
    question: Option<Question>,
    stop: Arc<SetOnce<Stop>>,
}

/// The work's hold on its run: to say how far it is.
#[derive(Clone)]
pub struct Run {
    server: Server,
    id: RunId,
    shows_progress: Arc<AtomicBool>,
}

impl RunId {
    fn token(self) -> String {
        format!("aiex/run/{}", self.0)
    }
}

impl Run {
    /// Begins a run about a document and returns its id at once; its work goes on in a task of its own. `title` heads
    /// its progress.
    pub fn begin<W>(server: &Server, document: DocumentId, title: String, work: impl FnOnce(Run) -> W) -> RunId
    where
        W: Future<Output = Outcome> + Send + 'static,
    {
        let stop = Arc::new(SetOnce::new());
        let id = {
            let mut state = lock(&server.runs.state);
            state.last += 1;
            let id = RunId(state.last);
            state.active.insert(id, Active { document, question: None, stop: stop.clone() });
            id
        };
        let run = Run { server: server.clone(), id, shows_progress: Arc::default() };
        let work = work(run.clone());
        let changes = server.changes();
        tokio::spawn(async move {
            let begun = async {
                run.begin_progress(&title).await;
                work.await
            };
            // Dropping the work on a stop is what closes its sockets.
            let ended = tokio::select! {
                biased;
                reason = stop.wait() => Err(*reason),
                outcome = AssertUnwindSafe(begun).catch_unwind() => Ok(outcome.unwrap_or_else(|_| Outcome::Failed(BUG.to_owned()))),
            };
            lock(&run.server.runs.state).active.remove(&run.id);
            run.end_progress(if ended.is_ok() { "done" } else { "stopped" }).await;
            run.conclude(&title, ended, changes).await;
        });
        id
    }

    /// Says what is asked: of the runs that ask the same of one document, all but the last begun are stopped, this one
    /// perhaps among them.
    pub fn asks(&self, question: Question) {
        let mut state = lock(&self.server.runs.state);
        let Some(active) = state.active.get_mut(&self.id) else { return };
        active.question = Some(question);
        let Some(active) = state.active.get(&self.id) else { return };
        let same = |other: &&Active| other.question == active.question && other.document == active.document;
        let mut same = state.active.values().filter(same).rev();
        let _last = same.next();
        same.for_each(|superseded| _ = superseded.stop.set(Stop::Moot));
    }

    /// Says how far the work is.
    pub async fn stage(&self, message: &str) {
        tracing::debug!(run = self.id.0, stage = message);
        let message = Some(message.to_owned());
        let report = WorkDoneProgressReport { cancellable: Some(true), message, percentage: None };
        self.progress("report", serde_json::to_value(report)).await;
    }

    async fn conclude(&self, title: &str, ended: Result<Outcome, Stop>, changes: u64) {
        let client = &self.server.client;
        match ended {
            Ok(Outcome::Show(answer)) => present::show(&self.server, answer, changes).await,
            Ok(Outcome::Failed(message)) => {
                tracing::warn!(run = self.id.0, message, "failed");
                client.show_message(MessageType::Error, format!("{title}: {message}")).await;
            }
            Err(Stop::User) => client.show_message(MessageType::Info, format!("{title}: stopped.")).await,
            Err(Stop::Moot) => tracing::debug!(run = self.id.0, "moot"),
        }
    }

    /// An editor that does not answer holds up nothing but its own progress.
    async fn begin_progress(&self, title: &str) {
        if !self.server.editor().progress {
            return;
        }
        let token = ProgressToken::String(self.id.token());
        let created = tokio::time::timeout(PROGRESS_WAIT, self.server.client.create_work_done_progress(token)).await;
        if !matches!(created, Ok(Ok(()))) {
            tracing::debug!(run = self.id.0, "the editor takes no progress");
            return;
        }
        let begin = WorkDoneProgressBegin { title: title.to_owned(), cancellable: Some(true), ..Default::default() };
        self.shows_progress.store(true, Ordering::Relaxed);
        self.progress("begin", serde_json::to_value(begin)).await;
    }

    async fn end_progress(&self, message: &str) {
        let end = WorkDoneProgressEnd { message: Some(message.to_owned()) };
        self.progress("end", serde_json::to_value(end)).await;
    }

    /// Only with a token that the editor took: any other it must not be sent (LSP 3.17 `workDoneProgress/create`).
    async fn progress(&self, kind: &str, value: serde_json::Result<serde_json::Value>) {
        let Ok(mut value) = value else { return };
        if self.shows_progress.load(Ordering::Relaxed) {
            value.as_object_mut().map(|value| value.insert("kind".to_owned(), kind.into()));
            let params = ProgressParams { token: ProgressToken::String(self.id.token()), value };
            self.server.client.send_notification::<ProgressNotification>(params).await;
        }
    }
}

impl Runs {
    /// Whether anything is being worked on.
    pub fn any_active(&self) -> bool {
        !lock(&self.state).active.is_empty()
    }

    /// Stops one, at the user's word; `false` if it is over.
    pub fn stop(&self, id: RunId) -> bool {
        !self.stop_where(Stop::User, |one, _| one == id).is_empty()
    }

    /// Stops all, at the user's word, and says which.
    pub fn stop_all(&self) -> Vec<RunId> {
        self.stop_where(Stop::User, |_, _| true)
    }

    /// Stops all without a word: the session ends.
    pub fn end(&self) {
        self.stop_where(Stop::Moot, |_, _| true);
    }

    /// Stops the one whose progress has this token.
    pub fn stop_by_token(&self, token: &str) {
        self.stop_where(Stop::User, |id, _| id.token() == token);
    }

    /// Stops what is about a document that is no longer open.
    pub fn stop_for(&self, document: &str) {
        self.stop_where(Stop::Moot, |_, about| &**about == document);
    }

    fn stop_where(&self, reason: Stop, passes: impl Fn(RunId, &DocumentId) -> bool) -> Vec<RunId> {
        let state = lock(&self.state);
        let stopped = state.active.iter().filter(|(id, active)| passes(**id, &active.document));
        stopped.map(|(id, active)| (active.stop.set(reason), *id).1).collect()
    }
}
