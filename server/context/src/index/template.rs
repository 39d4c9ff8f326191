//! The index of a HEEx or EEx template: the one function that its module embeds it as.

use aiex_syntax::{SymbolKind, Visibility};

use super::{
    FileIndex, Gathered, elixir_body,
    item::{Item, LineIndex},
    names::{NONE, narrow},
};

/// Whether a file is a template, by the ending of its name.
pub fn is_template(path: &str) -> bool {
    [".heex", ".eex", ".leex"].iter().any(|ending| path.ends_with(ending))
}

/// What it is embedded as: its file's name up to the first dot.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

pub(super) fn index(path: &str, source: &str) -> FileIndex {
    let lines = LineIndex::new(source);
    let mut gathered = Gathered::default();
    elixir_body::template(source, &mut gathered, 0, path.ends_with(".heex"));
    let start = source.len() - source.trim_start().len();
    let head = source.get(start..).and_then(|text| text.lines().next()).unwrap_or_default();
    let end = narrow(source.trim_end().len().max(start));
    let item = Item {
        kind: SymbolKind::Function,
        visibility: Visibility::Public,
        name: gathered.names.intern(stem(path)),
        container: NONE,
        // It is given its assigns.
        arity: (1, 1),
        range: (narrow(start), end),
        head: (narrow(start), narrow(start + head.trim_end().len())),
        body: None,
        lines: (lines.line(start), lines.line((end as usize).saturating_sub(1))),
        first_line: lines.line(start),
        clauses: 1,
        is_test: false,
        on_self: false,
        serves: NONE,
        result: NONE,
        of_trait: NONE,
        of_type: NONE,
        head_uses: (0, 0),
        body_uses: (0, gathered.next()),
        fields: (0, 0),
        words: (0, 0),
        doc_bytes: 0,
    };
    FileIndex {
        items: vec![item],
        uses: gathered.uses,
        names: gathered.names.finish(),
        lines: lines.count(),
        ..FileIndex::default()
    }
}
