//! `textDocument/codeAction`: what can be done here, each a command that answers at once. Needs no resolve.

use std::{sync::Arc, time::Duration};

use aiex_assist::{ReadyRefactor, ready_refactors};
use aiex_syntax::SymbolKind;
use serde_json::{Value, json};
use tower_lsp::{
    gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, Command},
    jsonrpc::Result,
};

use super::{
    commands, consent, convert, reviews,
    session::{Place, Server, lock},
    trust,
};
use crate::{documents::Snapshot, explain::Cursor, wish};

/// How long the menu waits for the parse of its version; then it has only what needs none.
const WAIT: Duration = Duration::from_millis(40);

/// An action: what it is called, what kind it is, and the command that it carries.
struct Action {
    kind: CodeActionKind,
    command: Command,
}

/// `textDocument/codeAction`
pub async fn code_action(server: &Server, params: CodeActionParams) -> Result<Option<Vec<CodeActionResponse>>> {
    let uri = params.text_document.uri.as_ref();
    let Some(snapshot) = server.document(uri) else { return Ok(None) };
    let only = params.context.only.as_deref();
    let place = Place::new(&snapshot, params.range, server.editor().encoding);
    let diagnostics: Vec<Value> =
        params.context.diagnostics.iter().filter_map(|one| serde_json::to_value(one).ok()).collect();
    server.set_last_place(place.clone());
    server.set_diagnostics(&place, diagnostics.clone());
    // Everything above saw the document as it was when this request came. From here on it may await.
    let found = looked_at(&snapshot, &place).await;
    let here = json!({"uri": uri, "range": params.range});
    let with = |more: Value| {
        let mut argument = here.clone();
        if let (Some(argument), Value::Object(more)) = (argument.as_object_mut(), more) {
            argument.extend(more);
        }
        argument
    };
    let rewrite = |title: &str, name: &str, argument: Option<Value>| Action {
        kind: CodeActionKind::RefactorRewrite,
        command: command(title, name, argument),
    };
    let quick = |title: &str, name: &str, argument: Value| Action {
        kind: CodeActionKind::QuickFix,
        command: command(title, name, Some(argument)),
    };
    let mut actions = vec![rewrite("Aiex: Explain", commands::EXPLAIN, Some(here.clone()))];
    let findings =
        server.reviews.at(&snapshot.id, &convert::bytes(snapshot.text(), params.range, server.editor().encoding));
    // Some editors pass no diagnostics.
    let own = findings.iter().map(|(_, finding)| reviews::as_argument(finding, &snapshot, server));
    let faults: Vec<Value> = if diagnostics.is_empty() { own.collect() } else { diagnostics };
    if !faults.is_empty() {
        actions.push(quick("Aiex: Fix", commands::FIX, with(json!({"diagnostics": faults}))));
    }
    for (finding, said) in findings.iter().take(2) {
        let begin: String = said.text.chars().take(40).collect();
        let dots = if said.text.chars().nth(40).is_some() { "…" } else { "" };
        let argument = json!({"uri": uri, "finding": finding});
        actions.push(quick(&format!("Aiex: Dismiss: {begin}{dots}"), commands::DISMISS_FINDING, argument));
    }
    if found.asks {
        actions.push(rewrite("Aiex: Carry out AI: comment", commands::REFACTOR, Some(here.clone())));
    }
    match found.is_unwritten {
        true if !found.asks => actions.push(rewrite("Aiex: Write the body", commands::GENERATE, Some(here.clone()))),
        true => {}
        false => actions.push(rewrite("Aiex: Refactor…", commands::REFACTOR, Some(here.clone()))),
    }
    for ready in &found.refactors {
        let argument = with(json!({"instruction": ready.instruction}));
        actions.push(rewrite(&format!("Aiex: {}", ready.title), commands::REFACTOR, Some(argument)));
    }
    if found.is_definition && found.refactors.is_empty() {
        actions.push(rewrite("Aiex: Document", commands::DOCUMENT, Some(here.clone())));
        // At most six.
        if found.is_testable && actions.len() < 6 {
            actions.push(rewrite("Aiex: Generate tests", commands::GENERATE_TESTS, Some(here.clone())));
        }
    }
    if server.runs.any_active() {
        actions.push(rewrite("Aiex: Stop", commands::CANCEL, None));
    }
    if server.last_answer().is_some() {
        actions.push(rewrite("Aiex: Open last answer", commands::OPEN_LAST_ANSWER, None));
    }
    let workspace = consent::workspace_of(server, uri);
    let file = convert::name_of_file(uri);
    let open_trust = lock(&server.open_trust).clone();
    if open_trust.is_some_and(|folder| file.canonicalize().unwrap_or(file).starts_with(folder)) {
        actions.push(rewrite(trust::TITLE, commands::TRUST_WORKSPACE, Some(json!({"uri": uri}))));
    }
    if let Some(open) = server.open_consent().filter(|open| open.is_about(&workspace)) {
        let origin = &open.detected.origin;
        for (title, allow) in [(consent::allow_title(origin), true), (consent::never_title(origin), false)] {
            actions.push(rewrite(&title, commands::ANSWER_CONSENT, Some(json!({"allow": allow}))));
        }
    }
    let literals = server.editor().code_action_literals;
    let wanted = actions.into_iter().filter(|action| is_wanted(only, &action.kind));
    let answer = |Action { kind, command }: Action| match literals {
        true => CodeActionResponse::CodeAction(CodeAction {
            title: command.title.clone(),
            kind: Some(kind),
            command: Some(command),
            ..Default::default()
        }),
        false => CodeActionResponse::Command(command),
    };
    Ok(Some(wanted.map(answer).collect()))
}

/// What the parse says of a place.
#[derive(Default)]
struct Found {
    /// There is an `AI:` comment.
    asks: bool,
    /// The function there is still to be written.
    is_unwritten: bool,
    /// The place is in a definition.
    is_definition: bool,
    /// It is in a function that is no test.
    is_testable: bool,
    refactors: Vec<ReadyRefactor>,
}

async fn looked_at(snapshot: &Arc<Snapshot>, place: &Place) -> Found {
    let (own, place) = (snapshot.clone(), place.clone());
    let look = tokio::task::spawn_blocking(move || {
        let Some(analysis) = own.analyse() else { return Found::default() };
        let text = own.text().to_string();
        let cursor = place.cursor();
        let symbol = analysis.outline.enclosing(place.offset).and_then(|index| analysis.outline.symbols.get(index));
        let path = own.id.to_string();
        Found {
            asks: wish::comment_at(&own, cursor).is_some(),
            is_unwritten: symbol.is_some_and(|symbol| aiex_assist::is_unwritten(&path, &text, &symbol.range)),
            is_definition: symbol.is_some(),
            is_testable: symbol.is_some_and(|symbol| {
                matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro)
            }),
            refactors: match cursor {
                Cursor::Selected(..) => ready_refactors(analysis.syntax, &text, &place.selected),
                _ => Vec::new(),
            },
        }
    });
    tokio::time::timeout(WAIT, look).await.ok().and_then(std::result::Result::ok).unwrap_or_default()
}

fn command(title: &str, name: &str, argument: Option<Value>) -> Command {
    Command {
        title: title.to_owned(),
        command: name.to_owned(),
        arguments: argument.map(|argument| vec![argument]),
        ..Default::default()
    }
}

/// Whether `only` lets a kind through: kinds are hierarchical (LSP 3.17 `CodeActionKind`).
fn is_wanted(only: Option<&[CodeActionKind]>, kind: &CodeActionKind) -> bool {
    let name =
        |kind: &CodeActionKind| serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let own = name(kind).unwrap_or_default();
    let lets_through = |kind: &CodeActionKind| {
        let outer = name(kind).unwrap_or_default();
        outer.is_empty() || own == outer || own.strip_prefix(&outer).is_some_and(|rest| rest.starts_with('.'))
    };
    only.is_none_or(|only| only.iter().any(lets_through))
}
