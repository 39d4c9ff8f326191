//! Mutations of Rust.

use aiex_syntax::Nodes;

use super::{Search, other_operators};

/// Macros whose arguments nobody tests.
const SILENT: [&str; 21] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "error",
    "info",
    "panic",
    "print",
    "println",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "warn",
    "log",
];

pub(super) fn find(search: &mut Search) {
    let nodes = search.nodes;
    let mut off = Vec::with_capacity(nodes.len());
    let mut in_macro = Vec::with_capacity(nodes.len());
    for at in 0..nodes.len() {
        let parent = nodes.parent(at);
        let is_off = |flags: &Vec<bool>| parent.and_then(|parent| flags.get(parent)).copied().unwrap_or(false);
        let own = is_off(&off) || leaves_out(search, at);
        let of_macro = is_off(&in_macro) || nodes.kind(at) == "token_tree";
        off.push(own);
        in_macro.push(of_macro);
        if own {
            continue;
        }
        if of_macro {
            token(search, at);
        } else {
            expression(search, at);
        }
    }
}

/// Types, attributes, tests, and what is not run.
fn leaves_out(search: &Search, at: usize) -> bool {
    let nodes = search.nodes;
    match nodes.kind(at) {
        "attribute_item"
        | "inner_attribute_item"
        | "array_type"
        | "type_arguments"
        | "type_parameters"
        | "where_clause"
        | "trait_bounds"
        | "macro_definition"
        | "use_declaration"
        | "extern_modifier"
        | "visibility_modifier"
        | "line_comment"
        | "block_comment"
        | "ERROR"
        | "enum_variant"
        | "extern_crate_declaration" => true,
        "mod_item" | "function_item" => attributes(search, at).any(|attribute| {
            let squeezed: String = attribute.split_whitespace().collect();
            let path = squeezed.trim_start_matches(['#', '[']).split(['(', '=', ']']).next().unwrap_or_default();
            path.ends_with("test")
                || squeezed.starts_with("#[cfg(") && squeezed.contains("test") && !squeezed.contains("not(test")
        }),
        "macro_invocation" => {
            let name = nodes.child(at, "macro").map(|name| search.text(name)).unwrap_or_default();
            SILENT.contains(&name.rsplit("::").next().unwrap_or_default())
        }
        _ => false,
    }
}

fn attributes<'s>(search: &'s Search, item: usize) -> impl Iterator<Item = &'s str> {
    let nodes = search.nodes;
    let siblings: Vec<usize> = nodes.parent(item).map(|parent| nodes.children(parent).collect()).unwrap_or_default();
    let place = siblings.iter().position(|sibling| *sibling == item).unwrap_or(0);
    let lead = siblings
        .into_iter()
        .take(place)
        .rev()
        .take_while(|at| nodes.kind(*at) == "attribute_item" || nodes.get(*at).is_some_and(|node| node.is_comment));
    lead.map(|at| search.text(at)).filter(|text| text.starts_with("#["))
}

/// What a macro is given is not parsed: only what means the same everywhere is changed.
fn token(search: &mut Search, at: usize) {
    let text = search.text(at);
    match search.nodes.kind(at) {
        "boolean_literal" => search.becomes(at, if text == "true" { "false" } else { "true" }),
        "==" | "!=" | "<=" | ">=" | "&&" | "||" | "+=" | "-=" => {
            for other in other_operators(text) {
                search.becomes(at, other);
            }
        }
        "integer_literal" => {
            // `self.0`.
            let before = search.nodes.range(at).start.checked_sub(1).and_then(|at| search.text.as_bytes().get(at));
            if before != Some(&b'.') {
                search.integer(at);
            }
        }
        _ => {}
    }
}

fn expression(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    match nodes.kind(at) {
        "binary_expression" | "compound_assignment_expr" => operator(search, at),
        "unary_expression" => {
            let Some(mark) = nodes.children(at).next().filter(|mark| matches!(nodes.kind(*mark), "!" | "-")) else {
                return;
            };
            let operand = nodes.named(at).next().map_or(0, |operand| nodes.range(operand).start);
            let what = format!(
                "the `{}` before {} is gone",
                search.text(mark),
                search.quoted(&(operand..nodes.range(at).end))
            );
            search.add(nodes.range(mark).start..operand, "", what);
        }
        "boolean_literal" if !is_pattern(nodes, at) => {
            let other = if search.text(at) == "true" { "false" } else { "true" };
            search.becomes(at, other);
        }
        "integer_literal" if nodes.field(at) != "length" && nodes.field(at) != "field" => search.integer(at),
        "string_literal" | "raw_string_literal" => {
            let text = search.text(at);
            let other = match text.split('"').next().unwrap_or_default() {
                "" | "r" | "r#" | "r##" if matches!(text, "\"\"" | "r\"\"") => "\"x\"",
                "" | "r" | "r#" | "r##" => "\"\"",
                "b" if text != "b\"\"" => "b\"\"",
                _ => return,
            };
            search.becomes(at, other);
        }
        "match_arm" => arm(search, at),
        "expression_statement" => statement(search, at),
        "if_expression" => {
            if let Some(condition) = nodes.child(at, "condition") {
                negate(search, condition);
            }
        }
        "match_pattern" => {
            if let Some(condition) = nodes.child(at, "condition") {
                negate(search, condition);
            }
        }
        "call_expression" => {
            let called = nodes.child(at, "function").map(|called| search.text(called));
            if called == Some("Some") && has_known_type(nodes, at) {
                search.becomes(at, "None");
            }
        }
        _ => {}
    }
}

/// Whether the type of an expression is told by more than itself: it is not what a call or a closure is given or gives.
fn has_known_type(nodes: &Nodes, at: usize) -> bool {
    let around = nodes.ancestors(at).take_while(|outer| nodes.kind(*outer) != "function_item");
    !around.into_iter().any(|outer| matches!(nodes.kind(outer), "closure_expression" | "arguments"))
}

fn operator(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let Some(operator) = nodes.child(at, "operator") else { return };
    let others = other_operators(search.text(operator));
    let is_text = |field: &str| {
        let side = nodes.child(at, field);
        side.is_some_and(|side| {
            let kind = nodes.kind(side);
            matches!(kind, "string_literal" | "reference_expression") || search.text(side).starts_with("format!")
        })
    };
    // Texts are joined with a plus, and nothing else.
    let joins = matches!(search.text(operator), "+" | "+=") && (is_text("left") || is_text("right"));
    for other in others.iter().filter(|_| !joins) {
        search.becomes(operator, other);
    }
}

fn is_pattern(nodes: &Nodes, at: usize) -> bool {
    nodes
        .ancestors(at)
        .take_while(|outer| !matches!(nodes.kind(*outer), "match_arm" | "block"))
        .any(|outer| nodes.kind(outer).ends_with("_pattern") || nodes.field(outer) == "pattern")
}

/// An arm goes where another takes what it took: where one takes everything.
fn arm(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let takes_all = |arm: usize| {
        let Some(pattern) = nodes.child(arm, "pattern") else { return false };
        let text = search.text(pattern);
        let is_name = text.starts_with(|char: char| char.is_lowercase() || char == '_');
        is_name && text.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    let arms = nodes.parent(at).into_iter().flat_map(|block| nodes.named(block));
    let others = arms.filter(|arm| *arm != at && nodes.kind(*arm) == "match_arm").any(takes_all);
    if others && !takes_all(at) {
        search.drop(nodes.range(at), "the arm");
    }
}

fn statement(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let Some(block) = nodes.parent(at).filter(|block| nodes.kind(*block) == "block") else { return };
    let Some(expression) = nodes.named(at).next() else { return };
    let ends = nodes.children(at).last().is_some_and(|end| nodes.kind(end) == ";");
    let may_go = match nodes.kind(expression) {
        "call_expression"
        | "assignment_expression"
        | "compound_assignment_expr"
        | "try_expression"
        | "await_expression"
        | "continue_expression" => ends,
        "macro_invocation" => {
            let name = nodes.child(expression, "macro").map(|name| search.text(name)).unwrap_or_default();
            ends && !SILENT.contains(&name.rsplit("::").next().unwrap_or_default())
        }
        "return_expression" => ends && goes_on_without(nodes, block),
        "if_expression" => nodes.child(expression, "alternative").is_none(),
        "for_expression" => true,
        _ => false,
    };
    if may_go {
        search.drop(nodes.range(at), "the statement");
    }
}

/// Whether a block may end where its `return` was: it is that of an `if` that gives no value.
fn goes_on_without(nodes: &Nodes, block: usize) -> bool {
    let Some(branch) = nodes.parent(block).filter(|branch| nodes.kind(*branch) == "if_expression") else {
        return false;
    };
    let is_statement = nodes.parent(branch).is_some_and(|outer| nodes.kind(outer) == "expression_statement");
    is_statement && nodes.child(branch, "alternative").is_none()
}

fn negate(search: &mut Search, condition: usize) {
    let nodes = search.nodes;
    let operator = nodes.child(condition, "operator").map(|operator| search.text(operator));
    let is_plain = match nodes.kind(condition) {
        "let_condition" | "let_chain" | "unary_expression" | "boolean_literal" => false,
        // Turned around by its operator already.
        "binary_expression" => !matches!(operator, Some("==" | "!=")),
        _ => true,
    };
    if is_plain && !search.text(condition).contains("let ") {
        search.negate(condition, "!");
    }
}
