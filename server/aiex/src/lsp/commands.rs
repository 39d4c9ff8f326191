//! `workspace/executeCommand`: one module a command. A command that takes longer than an instant begins a run and
//! answers with its id.

mod answer_consent;
pub mod cancel;
mod dismiss_finding;
mod document;
mod edit;
mod explain;
mod fix;
mod generate;
mod generate_tests;
mod open_last_answer;
mod refactor;
mod review;
mod show_context;
mod trust_workspace;
mod undo;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tower_lsp::{
    gen_lsp_types::{ExecuteCommandParams, Range},
    jsonrpc::{Error, ErrorCode, Result},
};

pub(super) use explain::shown_path;

use super::session::{Place, Server};

pub const EXPLAIN: &str = "aiex.explain";
pub const REFACTOR: &str = "aiex.refactor";
pub const FIX: &str = "aiex.fix";
pub const DOCUMENT: &str = "aiex.document";
pub const GENERATE: &str = "aiex.generate";
pub const GENERATE_TESTS: &str = "aiex.generateTests";
pub const REVIEW: &str = "aiex.review";
pub const TRUST_WORKSPACE: &str = "aiex.trustWorkspace";
pub const UNDO: &str = "aiex.undo";
pub const SHOW_CONTEXT: &str = "aiex.showContext";
pub const CANCEL: &str = "aiex.cancel";
pub const OPEN_LAST_ANSWER: &str = "aiex.openLastAnswer";

pub const DISMISS_FINDING: &str = "aiex.dismissFinding";
pub const ANSWER_CONSENT: &str = "aiex.answerConsent";

/// Every command, as announced in `initialize`.
pub const NAMES: [&str; 14] = [
    EXPLAIN,
    REFACTOR,
    FIX,
    DOCUMENT,
    GENERATE,
    GENERATE_TESTS,
    REVIEW,
    TRUST_WORKSPACE,
    UNDO,
    SHOW_CONTEXT,
    CANCEL,
    OPEN_LAST_ANSWER,
    ANSWER_CONSENT,
    DISMISS_FINDING,
];

/// `workspace/executeCommand`
pub async fn execute_command(server: &Server, params: ExecuteCommandParams) -> Result<Option<Value>> {
    let argument = params.arguments.unwrap_or_default().into_iter().next().unwrap_or(Value::Null);
    match params.command.as_str() {
        EXPLAIN => explain::explain(server, Argument::parse(argument)?),
        REFACTOR => refactor::refactor(server, Argument::parse(argument)?),
        FIX => fix::fix(server, Argument::parse(argument)?),
        DOCUMENT => document::document(server, Argument::parse(argument)?),
        GENERATE => generate::generate(server, Argument::parse(argument)?),
        GENERATE_TESTS => generate_tests::generate_tests(server, Argument::parse(argument)?),
        REVIEW => review::review(server, Argument::parse(argument)?),
        TRUST_WORKSPACE => trust_workspace::trust_workspace(server, Argument::parse(argument)?).await,
        UNDO => undo::undo(server, &argument),
        SHOW_CONTEXT => show_context::show_context(server, Argument::parse(argument)?),
        CANCEL => cancel::cancel(server, &argument),
        OPEN_LAST_ANSWER => open_last_answer::open_last_answer(server).await,
        ANSWER_CONSENT => answer_consent::answer_consent(server, &argument).await,
        DISMISS_FINDING => dismiss_finding::dismiss_finding(server, &argument).await,
        other => Err(invalid(format!("there is no command `{other}`; there are {}", NAMES.join(", ")))),
    }
}

/// The one argument of commands about a place. Every field is optional; unknown ones are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Argument {
    uri: Option<String>,
    range: Option<Range>,
    instruction: Option<String>,
    intent: Option<String>,
    diagnostics: Option<Vec<Value>>,
    /// Of a review: the revision of git since which changes count.
    diff: Option<String>,
    /// Of tests: those that fail are added, too, marked as such.
    keep_failing: bool,
    /// Of tests: with so many changes of the code it is found out what they notice.
    mutations: usize,
}

impl Argument {
    fn parse(value: Value) -> Result<Self> {
        if value.is_null() {
            return Ok(Self::default());
        }
        serde_json::from_value(value).map_err(|error| invalid(format!("the command's argument is malformed: {error}")))
    }

    /// The place that the argument names, or else that of the last hover or code-action request. With a URI alone,
    /// the start of the document.
    fn place(&self, server: &Server) -> Result<Place> {
        let Some(uri) = &self.uri else {
            let missing =
                "no place is given, and none was asked about yet: hover a symbol, or use the code-action menu";
            return server.last_place().ok_or_else(|| invalid(missing.to_owned()));
        };
        let Some(snapshot) = server.document(uri) else {
            return Err(invalid(format!("{uri} is not open in the editor; open it first")));
        };
        Ok(Place::new(&snapshot, self.range.unwrap_or_default(), server.editor().encoding))
    }

    /// The same for a command that edits: the place of a request is taken only while it is fresh, since nobody can see
    /// what a command without a place would change.
    fn place_of_edit(&self, server: &Server) -> Result<Place> {
        let place = self.place(server)?;
        let is_given = self.uri.is_some();
        let version = server.documents.get(&place.document).map(|snapshot| snapshot.document.version());
        if is_given || (place.at.elapsed() <= FRESH && version == Some(place.version)) {
            return Ok(place);
        }
        let stale =
            "it is not plain which code is meant: put the cursor on it and choose the action from the code-action menu";
        Err(invalid(stale.to_owned()))
    }
}

/// How old the place of a request may be for a command that edits there.
const FRESH: Duration = Duration::from_secs(10);

fn invalid(message: String) -> Error {
    Error { code: ErrorCode::InvalidParams, message: message.into(), data: None }
}
