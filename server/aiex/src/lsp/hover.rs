//! `textDocument/hover`: the facts of the symbol, at once from the parse, and an explanation made earlier for this text.
//! Never asks a model.

use std::{sync::Arc, time::Duration};

use aiex_assist::FactsLevel;
use aiex_syntax::Outline;
use tower_lsp::{
    gen_lsp_types::{self, Contents, Hover, HoverParams, MarkupContent, MarkupKind},
    jsonrpc::Result,
};

use super::{
    convert,
    session::{Place, Server},
};
use crate::{config::HoverFacts, documents::Snapshot, explain};

/// How long a hover waits for the parse of its version if the one before, moved over the changes, would do.
const WAIT: Duration = Duration::from_millis(40);
/// The largest document, in bytes, whose whole text is looked up at every hover outside of its symbols.
const LARGEST_EXPLAINED: usize = 256 * 1024;

/// `textDocument/hover`
pub async fn hover(server: &Server, params: HoverParams) -> Result<Option<Hover>> {
    let at = params.text_document_position_params;
    let Some(snapshot) = server.document(at.text_document.uri.as_ref()) else { return Ok(None) };
    let encoding = server.editor().encoding;
    let offset = convert::offset(snapshot.text(), at.position, encoding);
    let range = gen_lsp_types::Range { start: at.position, end: at.position };
    server.set_last_place(Place { offset, ..Place::new(&snapshot, range, encoding) });

    // Everything above saw the document as it was when this request came. From here on it may await.
    let config = server.settings.current(server).await;
    let outline = outline(&snapshot).await.unwrap_or_default();
    let Some((index, symbol)) = outline.at(offset).and_then(|index| Some((index, outline.symbols.get(index)?))) else {
        return Ok(explanation_of_document(server, &snapshot));
    };
    let level = match config.config.hover.facts {
        HoverFacts::Brief => FactsLevel::Brief,
        HoverFacts::Full => FactsLevel::Full,
        HoverFacts::Off => FactsLevel::Off,
    };
    let facts = aiex_assist::hover_facts(&outline, index, snapshot.text(), level);
    let explanation = server.explanations.get(&explain::key(&snapshot, Some(symbol)));
    let parts: Vec<_> = facts.into_iter().chain(explanation.map(|one| one.to_string())).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let contents = contents(server, parts.join("\n\n---\n\n"));
    // What is shown is about the name under the cursor, where there is one.
    let name = outline
        .call_at(offset)
        .filter(|call| call.target == Some(index))
        .map_or(&symbol.name_range, |call| &call.name_range);
    let range = (name.start <= offset && offset <= name.end).then(|| convert::range(snapshot.text(), name, encoding));
    Ok(Some(Hover { contents, range }))
}

/// Outside of any symbol: the explanation of the whole document, if one was made of this text.
fn explanation_of_document(server: &Server, snapshot: &Snapshot) -> Option<Hover> {
    if snapshot.text().len() > LARGEST_EXPLAINED {
        return None;
    }
    let explanation = server.explanations.get(&explain::key(snapshot, None))?;
    Some(Hover { contents: contents(server, explanation.to_string()), range: None })
}

fn contents(server: &Server, value: String) -> Contents {
    let kind = if server.editor().markdown_hover { MarkupKind::Markdown } else { MarkupKind::PlainText };
    Contents::MarkupContent(MarkupContent { kind, value })
}

/// The outline of this very version if it is there or soon will be, else the last one, moved over the changes; where a
/// name was changed, only this version knows.
async fn outline(snapshot: &Arc<Snapshot>) -> Option<Arc<Outline>> {
    if snapshot.is_settled() {
        return snapshot.ready().map(|ready| ready.outline.clone());
    }
    let own = snapshot.clone();
    let mut analyse = tokio::task::spawn_blocking(move || own.analyse().map(|analysis| analysis.outline.clone()));
    if let Ok(analysed) = tokio::time::timeout(WAIT, &mut analyse).await {
        return analysed.ok().flatten();
    }
    match snapshot.stale_outline() {
        Some(outline) => Some(Arc::new(outline)),
        None => analyse.await.ok().flatten(),
    }
}
