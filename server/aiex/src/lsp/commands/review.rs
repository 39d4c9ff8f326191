//! `aiex.review`: finds what is wrong with a document or a definition, by its syntax and by a model, and shows it as
//! diagnostics.

use std::{collections::HashSet, ops::Range, sync::Arc};

use aiex_context::Intent;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;

use super::{
    Argument,
    edit::{on_stage, sentence},
    explain::{blocking, shown_path},
};
use crate::{
    context::Order,
    documents::Snapshot,
    explain::{Cursor, Target},
    lsp::{
        consent, context, convert, model,
        reviews::{Reviews, SOURCE},
        run::{Outcome, Question, Run},
        session::Server,
    },
    review::{self, Job, Reviewer},
    workspace::{Phase, WorkspaceIndex, git},
};

/// `aiex.review {uri?, range?, diff?, instruction?, diagnostics?}`: begins a run and answers `{"run": id}`. Without a range
/// the whole document; with `diff`, a revision of git, what has changed since. What `diagnostics` say already is left out.
pub fn review(server: &Server, argument: Argument) -> Result<Option<Value>> {
    let place = argument.place(server)?;
    let Some(snapshot) = server.documents.get(&place.document) else {
        return Err(super::invalid(format!("{} is no longer open in the editor", place.document)));
    };
    let is_part = argument.range.is_some_and(|range| range.start != range.end);
    let said = argument.diagnostics.clone().unwrap_or_else(|| server.diagnostics_at(&place));
    let wanted = Wanted {
        cursor: if is_part { place.cursor() } else { Cursor::Whole },
        diff: argument.diff,
        words: argument.instruction.filter(|words| !words.trim().is_empty()),
        said: said_by_others(&said, &snapshot, server),
    };
    let id = Run::begin(server, place.document.clone(), "Aiex: Review".to_owned(), {
        let server = server.clone();
        move |run| async move {
            let worked = work(&server, &run, snapshot, wanted).await;
            worked.unwrap_or_else(Outcome::Failed)
        }
    });
    Ok(Some(json!({"run": id.0})))
}

struct Wanted {
    cursor: Cursor,
    diff: Option<String>,
    words: Option<String>,
    said: Vec<(Range<usize>, String)>,
}

/// What other servers say of a document: where, in bytes, and what.
fn said_by_others(diagnostics: &[Value], snapshot: &Snapshot, server: &Server) -> Vec<(Range<usize>, String)> {
    let one = |diagnostic: &Value| {
        let range = serde_json::from_value(diagnostic.get("range")?.clone()).ok()?;
        let tower_lsp::gen_lsp_types::Range { start, end } = range;
        let offset = |at| convert::offset(snapshot.text(), at, server.editor().encoding);
        let message = diagnostic.get("message")?.as_str()?.to_owned();
        let is_ours = diagnostic.get("source").and_then(Value::as_str) == Some(SOURCE);
        (!is_ours).then(|| (offset(start)..offset(end).max(offset(start)), message))
    };
    diagnostics.iter().filter_map(one).collect()
}

async fn work(
    server: &Server,
    run: &Run,
    snapshot: Arc<Snapshot>,
    wanted: Wanted,
) -> std::result::Result<Outcome, String> {
    run.stage("reading".to_owned());
    let (document, path) = (snapshot.id.clone(), shown_path(server, &snapshot.id));
    let Wanted { cursor, diff, words, said } = wanted;
    let target = blocking(move || {
        snapshot.analyse();
        match cursor {
            Cursor::Whole => Target::find(snapshot, cursor, path),
            _ => Target::find(snapshot, cursor, path).widened(),
        }
    });
    let target = Arc::new(target.await?);
    run.asks(Question { command: super::REVIEW, target: target.identity(), instruction: words.clone() });
    let root = consent::workspace_of(server, &document);
    let root = root.canonicalize().unwrap_or(root);
    let changed = match diff {
        None => None,
        Some(revision) => {
            let (root, target) = (root.clone(), target.clone());
            Some(blocking(move || changed(&root, &revision, &target)).await??)
        }
    };
    if changed.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Outcome::Done(format!("{} has not changed since.", target.name())));
    }
    let (model, loaded) = model::of_run(server, run, &document).await?;
    let file = convert::name_of_file(&document);
    if model.is_some() {
        loaded.config.privacy.check(&file)?;
    }
    let selection = changed.as_ref().map(|changed| review::changed_code(target.snapshot.text(), changed));
    let order = Order { instruction: words, selection, ..Order::of(Intent::Review)? };
    let name = model.as_ref().map(|model| model.name.clone()).unwrap_or_default();
    let question = context::Question::new(server, &target, order, &loaded, &name);
    let built = |part: &Arc<Target>, most| match most {
        usize::MAX => question.about(part).build(),
        most => question.about(part).within(most).build(),
    };
    let index = server.indexes.of(&file);
    let is_used_elsewhere = |name: &str| {
        // Where not every file is known, nobody can tell.
        let named = |index: &Arc<WorkspaceIndex>| {
            index.phase() != Phase::Ready || index.query(|all, _| all.is_named_elsewhere(&target.path, name))
        };
        index.as_ref().is_none_or(named)
    };
    let dismissed = dismissed(server, &root).await;
    let reviewed = review::review(
        model.as_ref().map(|model| Reviewer { model, question: &built, room: question.room() }),
        &Job {
            target: &target,
            changed: changed.as_deref(),
            is_used_elsewhere: &is_used_elsewhere,
            said: &said,
            dismissed: &dismissed,
        },
        &on_stage(run),
    )
    .await;
    run.settle().await;
    let count = reviewed.findings.len();
    // Of a diff, nothing is said of the rest.
    let asked = if changed.is_some() { 0..0 } else { target.range() };
    Reviews::put(server, &target.snapshot, &asked, reviewed.findings);
    Reviews::publish(server, &document).await;
    if let Some(failed) = reviewed.failed {
        return Err(format!("{} The syntax alone was looked at.", sentence(&failed)));
    }
    let found = match count {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let by = reviewed.by.unwrap_or_else(|| "the syntax alone, since no model is set".to_owned());
    let notes: String = reviewed.notes.iter().map(|note| format!(" {note}")).collect();
    Ok(Outcome::Done(format!("{}: {found}, by {by}.{notes}", target.name())))
}

/// The lines of a target's file that are not as they were at a revision. Blocks.
fn changed(root: &std::path::Path, revision: &str, target: &Target) -> std::result::Result<Vec<Range<usize>>, String> {
    let before = git::texts_at(root, revision, &[&target.path])?;
    let before = before.get(&target.path).map(String::as_str).unwrap_or_default();
    Ok(review::changed_lines(before, &target.snapshot.text().to_string()))
}

async fn dismissed(server: &Server, root: &std::path::Path) -> HashSet<String> {
    let (database, root) = (server.engines.database.clone(), root.display().to_string());
    let read = move || database.open().ok().and_then(|store| store.dismissed(&root).ok());
    tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_default()
}
