//! [`Runs`]: everything that takes longer than an instant, from its command to its one outcome.
//!
//! A run has an id, a progress in the editor, a stage, and one way to be stopped: its work is dropped where it stands,
//! which closes what it had open upstream. Whatever happens to the work, the run ends once, with one outcome.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures::FutureExt as _;
use tokio::sync::SetOnce;
use tower_lsp::gen_lsp_types::MessageType;

use super::{
    present,
    progress::Progress,
    session::{Server, lock},
};
use crate::{documents::DocumentId, explain::Answer};

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
    /// What in the document, in a word that no other thing in it has.
    pub target: String,
    /// The user's words.
    pub instruction: Option<String>,
}

/// How the work of a run ended.
pub enum Outcome {
    /// A document to show.
    Show(Answer),
    /// A sentence that says what was changed.
    Done(String),
    /// The same, and a document that says more.
    Reported(String, Answer),
    /// A sentence that says what was refused, and a document to look at.
    Rejected(String, Answer),
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
    /// Its outcome is on its way to the editor: it can be stopped no more.
    is_settling: bool,
}

/// The work's hold on its run: to say what it asks, and how far it is.
#[derive(Clone)]
pub struct Run {
    server: Server,
    id: RunId,
    progress: Progress,
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
            state.active.insert(id, Active { document, question: None, stop: stop.clone(), is_settling: false });
            id
        };
        let progress = Progress::begin(server, id.token(), title.clone());
        let run = Run { server: server.clone(), id, progress };
        let work = work(run.clone());
        let changes = server.changes();
        tokio::spawn(async move {
            // Dropping the work on a stop is what closes its sockets.
            let worked = tokio::select! {
                biased;
                _ = stop.wait() => None,
                outcome = AssertUnwindSafe(work).catch_unwind() => Some(outcome.unwrap_or_else(|_| Outcome::Failed(BUG.to_owned()))),
            };
            let stopped = {
                let mut state = lock(&run.server.runs.state);
                state.active.remove(&run.id);
                stop.get().copied()
            };
            run.conclude(&title, stopped.map_or(worked.ok_or(Stop::Moot), Err), changes).await;
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
        let same = |other: &&Active| {
            other.question == active.question && other.document == active.document && !other.is_settling
        };
        state.active.values().rev().filter(same).skip(1).for_each(|older| _ = older.stop.set(Stop::Moot));
    }

    /// From here on the run cannot be stopped: what was sent to the editor is the editor's, and its word must be heard.
    /// Waits for ever where it was stopped just before.
    pub async fn settle(&self) {
        let is_stopped = {
            let mut state = lock(&self.server.runs.state);
            let active = state.active.get_mut(&self.id);
            active.is_none_or(|active| {
                active.is_settling = active.stop.get().is_none();
                !active.is_settling
            })
        };
        if is_stopped {
            std::future::pending::<()>().await;
        }
    }

    /// Says how far the work is.
    pub fn stage(&self, message: String) {
        tracing::debug!(run = self.id.0, stage = message);
        self.progress.stage(message);
    }

    /// The progress ends before the outcome is told.
    async fn conclude(self, title: &str, ended: Result<Outcome, Stop>, changes: u64) {
        let Self { server, id, progress } = self;
        progress.end().await;
        match ended {
            Ok(Outcome::Show(answer)) => present::show(&server, answer, changes).await,
            Ok(Outcome::Done(message)) => {
                tracing::info!(run = id.0, "done");
                server.client.show_message(MessageType::Info, format!("{title}: {message}")).await;
            }
            Ok(Outcome::Reported(message, answer)) => {
                tracing::info!(run = id.0, "done");
                let kept = present::keep_for_later(&server, answer).await;
                let look = if kept { " The action `Aiex: Open last answer` says more." } else { "" };
                server.client.show_message(MessageType::Info, format!("{title}: {message}{look}")).await;
            }
            Ok(Outcome::Rejected(message, answer)) => {
                // Without its words: they quote the code.
                tracing::warn!(run = id.0, "refused");
                let kept = present::keep_for_later(&server, answer).await;
                let look = if kept { " The action `Aiex: Open last answer` shows it." } else { "" };
                server.client.show_message(MessageType::Error, format!("{title}: {message}{look}")).await;
            }
            Ok(Outcome::Failed(message)) => {
                // Its words can quote the code, or what a build printed.
                tracing::warn!(run = id.0, "failed");
                tracing::debug!(run = id.0, message);
                server.client.show_message(MessageType::Error, format!("{title}: {message}")).await;
            }
            Err(Stop::User) => server.client.show_message(MessageType::Info, format!("{title}: stopped.")).await,
            Err(Stop::Moot) => tracing::debug!(run = id.0, "moot"),
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
        let stoppable = state.active.iter().filter(|(_, active)| !active.is_settling);
        let passing = stoppable.filter(|(id, active)| passes(**id, &active.document));
        passing.filter(|(_, active)| active.stop.set(reason).is_ok()).map(|(id, _)| *id).collect()
    }
}
