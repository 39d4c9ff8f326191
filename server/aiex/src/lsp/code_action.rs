//! `textDocument/codeAction`: what can be done here, each a command that answers at once. Needs no resolve.

use serde_json::{Value, json};
use tower_lsp::{
    gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, Command},
    jsonrpc::Result,
};

use super::{
    commands, consent, convert,
    session::{Place, Server},
};

/// `textDocument/codeAction`
pub async fn code_action(server: &Server, params: CodeActionParams) -> Result<Option<Vec<CodeActionResponse>>> {
    let uri = params.text_document.uri.as_ref();
    let Some(snapshot) = server.document(uri) else { return Ok(None) };
    if !wanted(params.context.only.as_deref()) {
        return Ok(Some(Vec::new()));
    }
    let offset = convert::start(snapshot.text(), params.range, server.editor().encoding);
    server.set_last_place(Place { document: snapshot.id.clone(), offset });
    let here = json!({"uri": uri, "range": params.range});
    let mut actions = vec![command("Aiex: Explain", commands::EXPLAIN, Some(here))];
    if server.runs.any_active() {
        actions.push(command("Aiex: Stop", commands::CANCEL, None));
    }
    if server.last_answer().is_some() {
        actions.push(command("Aiex: Open last answer", commands::OPEN_LAST_ANSWER, None));
    }
    let workspace = consent::workspace_of(server, uri);
    if let Some(open) = server.open_consent().filter(|open| open.is_about(&workspace)) {
        let origin = &open.detected.origin;
        for (title, allow) in [(consent::allow_title(origin), true), (consent::never_title(origin), false)] {
            actions.push(command(&title, commands::ANSWER_CONSENT, Some(json!({"allow": allow}))));
        }
    }
    let literals = server.editor().code_action_literals;
    let answer = |command: Command| match literals {
        true => CodeActionResponse::CodeAction(CodeAction {
            title: command.title.clone(),
            kind: Some(CodeActionKind::RefactorRewrite),
            command: Some(command),
            ..Default::default()
        }),
        false => CodeActionResponse::Command(command),
    };
    Ok(Some(actions.into_iter().map(answer).collect()))
}

fn command(title: &str, name: &str, argument: Option<Value>) -> Command {
    Command {
        title: title.to_owned(),
        command: name.to_owned(),
        arguments: argument.map(|argument| vec![argument]),
        ..Default::default()
    }
}

/// Whether `only` lets `refactor.rewrite` through: kinds are hierarchical (LSP 3.17 `CodeActionKind`).
fn wanted(only: Option<&[CodeActionKind]>) -> bool {
    let lets_through = |kind: &CodeActionKind| {
        matches!(kind, CodeActionKind::Empty | CodeActionKind::Refactor | CodeActionKind::RefactorRewrite)
    };
    only.is_none_or(|only| only.iter().any(lets_through))
}
