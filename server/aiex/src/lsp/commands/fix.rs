//! `aiex.fix`: mends the symbol at a place: by the diagnostics given, else by those that the editor last named there, else
//! by what the compiler says of it.

use aiex_context::Intent;
use aiex_text::Text;
use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{self, Kind},
};
use crate::lsp::session::Server;

/// The most diagnostics that one run mends, and the most characters of each.
const MOST: usize = 10;
const LONGEST: usize = 1000;

/// `aiex.fix {uri?, range?, diagnostics?, instruction?}`: begins a run and answers `{"run": id}`.
pub fn fix(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let place = argument.place_of_edit(server)?;
    let given = argument.diagnostics.clone().filter(|given| !given.is_empty());
    let known = || server.diagnostics_at(&place);
    let snapshot = server.documents.get(&place.document);
    let faults = snapshot.map(|snapshot| faults(snapshot.text(), &given.unwrap_or_else(known))).unwrap_or_default();
    let is_unsaid = faults.is_empty() && argument.instruction.is_none();
    let kind = Kind { command: super::FIX, title: "Aiex: Fix", intent: Intent::Fix, needs_words: false };
    edit::begin(server, kind, argument, (!is_unsaid).then_some(faults))
}

/// One line a diagnostic: where, what it says, of the code that it is about.
fn faults(text: &Text, diagnostics: &[Value]) -> Vec<String> {
    let line = |diagnostic: &Value| {
        let message = diagnostic.get("message")?;
        let message = message.as_str().or_else(|| message.get("value")?.as_str())?;
        let message: String = message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
        let row = usize::try_from(diagnostic.pointer("/range/start/line")?.as_u64()?).ok()?;
        let code = text.slice(text.line_range(row)).trim().chars().take(200).collect::<String>();
        let word = |pointer: &str| diagnostic.pointer(pointer).and_then(|value| value.as_str().map(str::to_owned));
        let by: Vec<_> = [word("/source"), word("/code")].into_iter().flatten().collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(" ")) };
        Some(format!("line {}, `{code}`: {message}{by}", row + 1))
    };
    diagnostics.iter().filter_map(line).take(MOST).collect()
}
