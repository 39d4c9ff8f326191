//! Tasks of an Elixir repository: functions by tree-sitter, what their bodies use by the compiler's tracers.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use tree_sitter::{Node, Parser};

use crate::{
    sources::{Definition, Source, is_test_path},
    task::{BODY_LINES, LEAST_GOLD, Span, Task, gold},
};

/// What replaces a body, between `do` and `end` or after `do:`.
pub const STUB: &str = " raise(\"todo\") ";
/// The script that compiles and traces, run by `elixir`.
pub const TRACER: &str = include_str!("tracer.exs");

/// All clauses of a function in one module.
#[derive(Clone, Debug)]
struct Function {
    /// Of the first clause.
    definition: Definition,
    arities: std::ops::RangeInclusive<usize>,
    /// 1-based lines of the clauses.
    lines: Vec<usize>,
    /// As written: of a module inside of another the full name, of an `alias` what it says.
    module: String,
    bodies: Vec<Span>,
    macros: bool,
}

/// Line, column, and the module, name and arity of what is used there.
type Event<'a> = (usize, usize, [&'a str; 3]);

#[derive(Default)]
struct File {
    functions: Vec<Function>,
    /// By the 1-based line of its module.
    structs: HashMap<usize, (String, Definition)>,
}

/// Every function that can be a task, with the definitions that its bodies used by this trace of `root`.
pub fn tasks(root: &Path, sources: &[Source], trace: &str) -> Vec<Task> {
    let files: BTreeMap<&str, (&Source, File)> =
        sources.iter().map(|source| (source.path.as_str(), (source, file(source)))).collect();
    let relative = |path: &str| Some(Path::new(path).strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/"));
    let mut functions: HashMap<(&str, &str, usize), &Function> = HashMap::new();
    let mut structs: HashMap<&str, &Definition> = HashMap::new();
    // What a file that did not compile defines is known by its text.
    for (_, file) in files.values() {
        structs.extend(file.structs.values().map(|(module, definition)| (module.as_str(), definition)));
        for function in &file.functions {
            let name = function.definition.name.rsplit_once('/').map_or("", |(name, _)| name);
            functions.extend(function.arities.clone().map(|arity| ((function.module.as_str(), name, arity), function)));
        }
    }
    let mut events: HashMap<String, Vec<Event>> = HashMap::new();
    for line in trace.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, path, line, ref rest @ ..] = fields[..] else { continue };
        let (Some(path), Ok(line)) = (relative(path), line.parse::<usize>()) else { continue };
        match (kind, rest) {
            ("def", &[module, name, arity, _]) => {
                let Ok(arity) = arity.parse() else { continue };
                let found = files.get(path.as_str()).and_then(|(_, file)| {
                    file.functions.iter().find(|function| {
                        function.definition.name.rsplit_once('/').is_some_and(|(own, _)| own == name)
                            && function.arities.contains(&arity)
                            && function.lines.contains(&line)
                    })
                });
                if let Some(found) = found {
                    functions.insert((module, name, arity), found);
                }
            }
            ("module", &[module]) => {
                let found = files.get(path.as_str()).and_then(|(_, file)| file.structs.get(&line));
                if let Some((_, found)) = found {
                    structs.insert(module, found);
                }
            }
            ("use", &[column, module, name, arity]) => {
                let place = (line, column.parse().unwrap_or(0), [module, name, arity]);
                events.entry(path).or_default().push(place);
            }
            ("struct", &[column, module]) => {
                let place = (line, column.parse().unwrap_or(0), [module, "%", ""]);
                events.entry(path).or_default().push(place);
            }
            _ => {}
        }
    }
    let mut tasks = Vec::new();
    for (path, (source, file)) in &files {
        let Some(events) = events.get(*path).filter(|_| !is_test_path(path)) else { continue };
        for function in file.functions.iter().filter(|function| !function.macros && !function.bodies.is_empty()) {
            let lines = function.bodies.iter().map(|body| source.text[body.start..body.end].trim().lines().count());
            if !BODY_LINES.contains(&lines.sum()) {
                continue;
            }
            let used = events.iter().filter_map(|(line, column, [module, name, arity])| {
                if !function.bodies.iter().any(|body| inside(source, *body, *line, *column, name)) {
                    return None;
                }
                if *name == "%" {
                    return Some((*structs.get(module)?, None));
                }
                let found = *functions.get(&(*module, *name, arity.parse().ok()?))?;
                let own = found.definition.path == *path && found.definition.line == function.definition.line;
                (!own && !found.macros).then_some((&found.definition, None))
            });
            let gold = gold(used);
            if gold.len() >= LEAST_GOLD {
                tasks.push(Task {
                    path: (*path).to_owned(),
                    name: function.definition.name.clone(),
                    line: function.definition.line,
                    mask: function.bodies.clone(),
                    stub: STUB.to_owned(),
                    gold,
                });
            }
        }
    }
    tasks
}

/// Whether an event's place lies in a body and the body's text names it, so that what a macro of that line expands to
/// does not count.
fn inside(source: &Source, body: Span, line: usize, column: usize, name: &str) -> bool {
    let Some(start) = line.checked_sub(1).and_then(|index| source.lines.get(index)) else { return false };
    let text = source.line(line);
    let here = if column > 0 {
        let at = start + text.char_indices().nth(column - 1).map_or(text.len(), |(at, _)| at);
        body.start <= at && at < body.end
    } else {
        let first = source.line_of(body.start) + 1;
        let last = source.line_of(body.end.saturating_sub(1)) + 1;
        (first..=last).contains(&line)
    };
    here && names(&source.text[body.start..body.end], name)
}

fn names(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !name.starts_with(word)
            || (!text[..at].ends_with(word)
                && !text[at + name.len()..].starts_with(|c: char| word(c) || c == '?' || c == '!'))
    })
}

fn file(source: &Source) -> File {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_elixir::LANGUAGE.into()).expect("the grammar loads");
    let tree = parser.parse(&source.text, None).expect("nothing stops the parse");
    let mut file = File::default();
    // A node, and the 1-based line and the name of the module that it is in.
    let mut nodes = vec![(tree.root_node(), 0, String::new())];
    let mut clauses = Vec::new();
    while let Some((node, module, path)) = nodes.pop() {
        let mut inner = (module, path.clone());
        if node.kind() == "call" {
            let target = node.child_by_field_name("target").filter(|target| target.kind() == "identifier");
            match target.map_or("", |target| &source.text[target.byte_range()]) {
                "defmodule" | "defimpl" | "defprotocol" => {
                    let mut cursor = node.walk();
                    let arguments = node.named_children(&mut cursor).find(|child| child.kind() == "arguments");
                    let name = arguments.and_then(|arguments| arguments.named_child(0));
                    let name = name.map_or("", |name| &source.text[name.byte_range()]);
                    let name = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    inner = (node.start_position().row + 1, name);
                }
                "defstruct" | "defexception" => {
                    let own = definition(source, node, path.clone(), "struct");
                    file.structs.entry(module).or_insert((path.clone(), own));
                }
                keyword @ ("def" | "defp" | "defmacro" | "defmacrop" | "defguard" | "defguardp" | "defdelegate") => {
                    clauses.extend(clause(source, node).map(|clause| (module, path.clone(), keyword, clause)));
                    continue;
                }
                _ => {}
            }
        }
        let mut cursor = node.walk();
        let children: Vec<Node> = node.named_children(&mut cursor).collect();
        nodes.extend(children.into_iter().rev().map(|child| (child, inner.0, inner.1.clone())));
    }
    let mut known: Vec<(usize, Function)> = Vec::new();
    for (module, path, keyword, (node, name, arities, body)) in clauses {
        let line = node.start_position().row + 1;
        let same = known.iter_mut().find(|(at, function)| {
            *at == module
                && function.definition.name.rsplit_once('/').is_some_and(|(own, _)| own == name)
                && (function.arities.contains(arities.end()) || arities.contains(function.arities.end()))
        });
        match same {
            Some((_, function)) => {
                function.lines.push(line);
                function.bodies.extend(body);
            }
            None => {
                let macros = keyword.starts_with("defmacro") || keyword.starts_with("defguard");
                let kind = if macros { "macro" } else { "function" };
                let definition = definition(source, node, format!("{name}/{}", arities.end()), kind);
                let bodies = body.into_iter().collect();
                let lines = vec![line];
                known.push((module, Function { definition, arities, lines, module: path, bodies, macros }));
            }
        }
    }
    file.functions = known.into_iter().map(|(_, function)| function).collect();
    file
}

fn definition(source: &Source, node: Node, name: String, kind: &'static str) -> Definition {
    let span = Span { start: node.start_byte(), end: node.end_byte() };
    let mut end = node.end_byte();
    if kind == "struct" {
        end = source.text[span.start..end].find('\n').map_or(end, |at| span.start + at);
    } else {
        let mut cursor = node.walk();
        let arguments = node.named_children(&mut cursor).find(|child| child.kind() == "arguments");
        if let Some(head) = arguments.and_then(|arguments| arguments.named_child(0)) {
            end = head.end_byte();
        }
    }
    let signature = Span { start: span.start, end };
    Definition { path: source.path.clone(), line: node.start_position().row + 1, name, kind, span, signature }
}

/// All that a file defines, in its order, a function once.
pub fn definitions(source: &Source) -> Vec<Definition> {
    let file = file(source);
    let functions = file.functions.into_iter().map(|function| function.definition);
    let mut all: Vec<Definition> =
        functions.chain(file.structs.into_values().map(|(_, definition)| definition)).collect();
    all.sort_by_key(|definition| definition.span.start);
    all
}

type Clause<'t> = (Node<'t>, String, std::ops::RangeInclusive<usize>, Option<Span>);

fn clause<'t>(source: &Source, node: Node<'t>) -> Option<Clause<'t>> {
    let text = |node: Node| source.text[node.byte_range()].to_owned();
    let mut cursor = node.walk();
    let arguments = node.named_children(&mut cursor).find(|child| child.kind() == "arguments")?;
    let mut head = arguments.named_child(0)?;
    while head.kind() == "binary_operator" && operator(source, head) == "when" {
        head = head.child_by_field_name("left")?;
    }
    let (name, arities) = match head.kind() {
        "identifier" => (text(head), 0..=0),
        "call" => {
            let name = text(head.child_by_field_name("target")?);
            let mut cursor = head.walk();
            let list = head.named_children(&mut cursor).find(|child| child.kind() == "arguments");
            let mut most = 0;
            let mut defaults = 0;
            if let Some(list) = list {
                let mut cursor = list.walk();
                for argument in list.named_children(&mut cursor).filter(|argument| argument.kind() != "comment") {
                    most += 1;
                    defaults +=
                        usize::from(argument.kind() == "binary_operator" && operator(source, argument) == "\\\\");
                }
            }
            (name, most - defaults..=most)
        }
        "binary_operator" => (operator(source, head), 2..=2),
        "unary_operator" => (operator(source, head), 1..=1),
        _ => return None,
    };
    Some((node, name, arities, body(source, node, arguments)))
}

fn operator(source: &Source, node: Node) -> String {
    node.child_by_field_name("operator")
        .map(|operator| source.text[operator.byte_range()].to_owned())
        .unwrap_or_default()
}

fn body(source: &Source, node: Node, arguments: Node) -> Option<Span> {
    let mut cursor = node.walk();
    if let Some(block) = node.named_children(&mut cursor).find(|child| child.kind() == "do_block") {
        return Some(Span { start: block.start_byte() + "do".len(), end: block.end_byte() - "end".len() });
    }
    let mut cursor = arguments.walk();
    let keywords = arguments.named_children(&mut cursor).find(|child| child.kind() == "keywords")?;
    let mut cursor = keywords.walk();
    let pair = keywords.named_children(&mut cursor).find(|pair| {
        pair.child_by_field_name("key").is_some_and(|key| source.text[key.byte_range()].trim() == "do:")
    })?;
    let value = pair.child_by_field_name("value")?;
    Some(Span { start: value.start_byte(), end: value.end_byte() })
}
