//! Tasks of a Rust repository: functions by tree-sitter, what their bodies use by `rust-analyzer scip`.

use std::collections::HashMap;

use protobuf::Message;
use scip::types::{Index, Occurrence, SymbolRole};
use tree_sitter::{Node, Parser, Range};

use crate::{
    sources::{Definition, Source, is_test_path},
    task::{BODY_LINES, LEAST_GOLD, Span, Task, gold},
};

/// What replaces a body.
pub const STUB: &str = "{ todo!() }";

/// A definition and what else a task needs to know of it.
#[derive(Clone, Debug)]
struct Item {
    definition: Definition,
    /// Byte of its name.
    name: usize,
    /// A function's body, braces included.
    body: Option<Span>,
    test: bool,
    via: Option<&'static str>,
}

/// Every function that can be a task, with the definitions that its body used by this index.
pub fn tasks(sources: &[Source], index: &[u8]) -> Result<Vec<Task>, String> {
    let index = Index::parse_from_bytes(index).map_err(|error| format!("the index cannot be read: {error}"))?;
    let files: HashMap<&str, (&Source, Vec<Item>)> =
        sources.iter().map(|source| (source.path.as_str(), (source, items(source)))).collect();
    let mut definitions: HashMap<&str, Vec<&Item>> = HashMap::new();
    for document in &index.documents {
        let Some((source, items)) = files.get(document.relative_path.as_str()) else { continue };
        let by_name: HashMap<usize, &Item> = items.iter().map(|item| (item.name, item)).collect();
        for occurrence in document.occurrences.iter().filter(|occurrence| is_definition(occurrence)) {
            let item = span(source, occurrence).and_then(|span| by_name.get(&span.start));
            if let Some(item) = item {
                definitions.entry(&occurrence.symbol).or_default().push(item);
            }
        }
    }
    let mut tasks = Vec::new();
    for document in &index.documents {
        let Some((source, items)) = files.get(document.relative_path.as_str()) else { continue };
        let mut uses: Vec<(Span, &str)> = document
            .occurrences
            .iter()
            .filter(|occurrence| !is_definition(occurrence) && !occurrence.symbol.starts_with("local "))
            .filter_map(|occurrence| Some((span(source, occurrence)?, occurrence.symbol.as_str())))
            .collect();
        uses.sort_by_key(|(span, _)| span.start);
        for item in items.iter().filter(|item| !item.test) {
            let Some(body) = item.body else { continue };
            let lines = source.line_of(body.end - 1) - source.line_of(body.start);
            if !BODY_LINES.contains(&lines.saturating_sub(1)) {
                continue;
            }
            let from = uses.partition_point(|(span, _)| span.start < body.start);
            let used = uses[from..].iter().take_while(|(span, _)| span.end <= body.end).filter_map(|(_, symbol)| {
                let candidates = definitions.get(symbol)?;
                let found = nearest(candidates, &source.path);
                let definition = &found.definition;
                let own = definition.path == source.path
                    && (definition.line == item.definition.line
                        || (body.start <= definition.span.start && definition.span.end <= body.end));
                (!own).then_some((definition, found.via))
            });
            let gold = gold(used);
            if gold.len() >= LEAST_GOLD {
                tasks.push(Task {
                    path: source.path.clone(),
                    name: item.definition.name.clone(),
                    line: item.definition.line,
                    mask: vec![body],
                    stub: STUB.to_owned(),
                    gold,
                });
            }
        }
    }
    Ok(tasks)
}

/// rust-analyzer gives one symbol to what several `impl` blocks or crates define under one name.
fn nearest<'a>(candidates: &[&'a Item], path: &str) -> &'a Item {
    let key = |item: &Item| (item.definition.path != path, item.test, item.definition.path.clone(), item.name);
    candidates.iter().min_by_key(|item| key(item)).expect("a symbol has a definition")
}

fn is_definition(occurrence: &Occurrence) -> bool {
    occurrence.symbol_roles & SymbolRole::Definition as i32 != 0
}

fn span(source: &Source, occurrence: &Occurrence) -> Option<Span> {
    let at =
        |line: i32, column: i32| Some(source.lines.get(usize::try_from(line).ok()?)? + usize::try_from(column).ok()?);
    match occurrence.range[..] {
        [line, from, to] => Some(Span { start: at(line, from)?, end: at(line, to)? }),
        [first, from, last, to] => Some(Span { start: at(first, from)?, end: at(last, to)? }),
        _ => None,
    }
}

/// What a file defines outside of bodies, inside of macros that wrap items too. A field or a variant stands for its type.
fn items(source: &Source) -> Vec<Item> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_rust::LANGUAGE.into()).expect("the grammar loads");
    let mut items = Vec::new();
    let mut texts = vec![(None::<Range>, is_test_path(&source.path))];
    while let Some((range, test)) = texts.pop() {
        parser.set_included_ranges(range.as_slice()).expect("one range is in order");
        let tree = parser.parse(&source.text, None).expect("nothing stops the parse");
        if range.is_some() && tree.root_node().has_error() {
            continue;
        }
        let mut nodes = vec![(tree.root_node(), test)];
        while let Some((node, test)) = nodes.pop() {
            let mut attributes = false;
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                let text = &source.text[child.byte_range()];
                match child.kind() {
                    "attribute_item" => {
                        let text = text.replace(char::is_whitespace, "");
                        attributes |= text == "#[test]"
                            || text.starts_with("#[bench")
                            || text.ends_with("::test]")
                            || text.contains("::test(")
                            || (text.starts_with("#[cfg(") && !text.contains("not(test") && has_word(&text, "test"));
                    }
                    "line_comment" | "block_comment" => {}
                    kind => {
                        let test = test || std::mem::take(&mut attributes);
                        visit(source, child, kind, test, &mut items, &mut nodes, &mut texts);
                    }
                }
            }
        }
    }
    items
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

fn visit<'t>(
    source: &Source,
    node: Node<'t>,
    kind: &str,
    test: bool,
    items: &mut Vec<Item>,
    nodes: &mut Vec<(Node<'t>, bool)>,
    texts: &mut Vec<(Option<Range>, bool)>,
) {
    let kind = match kind {
        "function_item" | "function_signature_item" => "function",
        "struct_item" | "union_item" => "struct",
        "enum_item" => "enum",
        "trait_item" => "trait",
        "const_item" => "const",
        "static_item" => "static",
        "type_item" | "associated_type" => "type",
        "macro_definition" => "macro",
        "mod_item" | "impl_item" | "foreign_mod_item" => {
            nodes.extend(node.child_by_field_name("body").map(|body| (body, test)));
            return;
        }
        "macro_invocation" | "expression_statement" => {
            let call = if kind == "macro_invocation" { Some(node) } else { node.named_child(0) };
            let tree = call.filter(|call| call.kind() == "macro_invocation").and_then(|call| {
                (0..call.child_count())
                    .rev()
                    .find_map(|at| call.child(at as _).filter(|child| child.kind() == "token_tree"))
            });
            if let Some(tree) = tree.filter(|tree| source.text[tree.byte_range()].starts_with('{')) {
                let mut range = tree.range();
                range.start_byte += 1;
                range.start_point.column += 1;
                range.end_byte -= 1;
                range.end_point.column = range.end_point.column.saturating_sub(1);
                texts.push((Some(range), test));
            }
            return;
        }
        _ => return,
    };
    let Some(name) = node.child_by_field_name("name") else { return };
    let definition = Definition {
        path: source.path.clone(),
        line: node.start_position().row + 1,
        name: source.text[name.byte_range()].to_owned(),
        kind,
        span: Span { start: node.start_byte(), end: node.end_byte() },
        signature: Span { start: node.start_byte(), end: signature_end(source, node) },
    };
    let body = node.child_by_field_name("body");
    let mut part = |name: Node, via| {
        let item = Item { definition: definition.clone(), name: name.start_byte(), body: None, test, via: Some(via) };
        items.push(item);
    };
    if let Some(body) = body {
        let mut lists = vec![body];
        while let Some(list) = lists.pop().filter(|_| kind == "struct" || kind == "enum") {
            let mut cursor = list.walk();
            for child in list.named_children(&mut cursor) {
                match (child.kind(), child.child_by_field_name("name")) {
                    ("field_declaration", Some(name)) => part(name, "field"),
                    ("enum_variant", Some(name)) => {
                        part(name, "variant");
                        lists.extend(child.child_by_field_name("body"));
                    }
                    _ => {}
                }
            }
        }
        if kind == "trait" {
            nodes.push((body, test));
        }
    }
    let body = body.filter(|_| kind == "function").map(|body| Span { start: body.start_byte(), end: body.end_byte() });
    items.push(Item { definition, name: name.start_byte(), body, test, via: None });
}

fn signature_end(source: &Source, node: Node) -> usize {
    let line_end = source.text[node.start_byte()..].find('\n').map_or(source.text.len(), |at| node.start_byte() + at);
    let end = match node.kind() {
        "macro_definition" => line_end.min(node.end_byte()),
        "const_item" | "static_item" => {
            node.child_by_field_name("value").map_or(node.end_byte(), |value| value.start_byte())
        }
        _ => node.child_by_field_name("body").map_or(node.end_byte(), |body| body.start_byte()),
    };
    let text = &source.text[node.start_byte()..end];
    node.start_byte() + text.trim_end().trim_end_matches([';', '=']).trim_end().len()
}

/// All that a file defines, in its order.
pub fn definitions(source: &Source) -> Vec<Definition> {
    let own = items(source).into_iter().filter(|item| item.via.is_none()).map(|item| item.definition);
    let mut all: Vec<Definition> = own.collect();
    all.sort_by_key(|definition| definition.span.start);
    all
}
