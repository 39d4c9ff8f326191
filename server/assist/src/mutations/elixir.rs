//! Mutations of Elixir.

use aiex_syntax::{Nodes, SymbolKind};

use super::{Search, other_operators};

pub(super) fn find(search: &mut Search) {
    let nodes = search.nodes;
    let mut off: Vec<bool> = Vec::with_capacity(nodes.len());
    for at in 0..nodes.len() {
        let outer = nodes.parent(at).and_then(|parent| off.get(parent)).copied().unwrap_or(false);
        let own = outer || leaves_out(search, at);
        off.push(own);
        if !own {
            node(search, at);
        }
    }
    clauses(search, &off);
}

fn word<'t>(search: &Search<'t>, at: usize) -> &'t str {
    let nodes = search.nodes;
    let target = nodes.child(at, "target").filter(|_| nodes.kind(at) == "call");
    target.map(|target| search.text(target)).unwrap_or_default()
}

fn operator<'t>(search: &Search<'t>, at: usize) -> &'t str {
    search.nodes.child(at, "operator").map(|operator| search.text(operator)).unwrap_or_default()
}

/// Attributes, types, tests, and what is no code.
fn leaves_out(search: &Search, at: usize) -> bool {
    let nodes = search.nodes;
    match nodes.kind(at) {
        "ERROR" | "comment" | "sigil" | "charlist" | "char" | "quoted_atom" | "quoted_keyword" => true,
        // `@limit 5`, `&1`.
        "unary_operator" => {
            operator(search, at) == "@" || {
                let operand = nodes.child(at, "operand").map(|operand| nodes.kind(operand));
                operator(search, at) == "&" && operand == Some("integer")
            }
        }
        // `&add/2`.
        "binary_operator" => {
            let outer = nodes.parent(at).filter(|outer| nodes.kind(*outer) == "unary_operator");
            outer.is_some_and(|outer| operator(search, outer) == "&") && operator(search, at) == "/"
        }
        // Inside of a string nothing changes; the string as a whole may.
        "quoted_content" | "interpolation" | "escape_sequence" => true,
        "call" => {
            let word = word(search, at);
            matches!(
                word,
                "alias"
                    | "import"
                    | "require"
                    | "use"
                    | "test"
                    | "property"
                    | "describe"
                    | "setup"
                    | "setup_all"
                    | "doctest"
                    | "quote"
                    | "defstruct"
                    | "defexception"
                    | "schema"
            ) || word.starts_with("Logger.")
                || matches!(word, "IO.puts" | "IO.inspect" | "dbg" | "IO.warn")
        }
        _ => {
            // The size and type of a part of a binary.
            let typed = nodes.parent(at).filter(|outer| nodes.kind(*outer) == "binary_operator");
            typed.is_some_and(|outer| operator(search, outer) == "::") && nodes.field(at) == "right"
        }
    }
}

fn node(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    match nodes.kind(at) {
        "binary_operator" => binary(search, at),
        "unary_operator" if matches!(operator(search, at), "not" | "!" | "-") => {
            let Some(operand) = nodes.child(at, "operand").map(|operand| nodes.range(operand)) else { return };
            let what = format!("the `{}` before {} is gone", operator(search, at), search.quoted(&operand));
            search.add(nodes.range(at).start..operand.start, "", what);
        }
        "boolean" => {
            let other = if search.text(at) == "true" { "false" } else { "true" };
            search.becomes(at, other);
        }
        "integer" => search.integer(at),
        "string" => {
            let text = search.text(at);
            let is_plain = !text.starts_with("\"\"\"") && !is_key(nodes, at);
            if is_plain {
                search.becomes(at, if text == "\"\"" { "\"x\"" } else { "\"\"" });
            }
        }
        "atom" => outcome(search, at),
        "call" if matches!(word(search, at), "if" | "unless") => {
            let condition = nodes.of_kind(at, "arguments").and_then(|arguments| nodes.named(arguments).next());
            if let Some(condition) = condition.filter(|condition| nodes.kind(*condition) != "keywords") {
                negate(search, condition, "!");
            }
        }
        "stab_clause" => arm(search, at),
        _ => {}
    }
    statement(search, at);
}

fn binary(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let Some(mark) = nodes.child(at, "operator") else { return };
    match search.text(mark) {
        "when" => {
            if let Some(guard) = nodes.child(at, "right") {
                negate(search, guard, "not ");
            }
        }
        // A loop over a range, a generator.
        "in" if nodes.parent(at).is_some_and(|outer| operator(search, outer) == "<-") => {}
        text => {
            for other in other_operators(text) {
                search.becomes(mark, other);
            }
        }
    }
}

/// `"a" => 1` is a key by which something is found again.
fn is_key(nodes: &Nodes, at: usize) -> bool {
    nodes.field(at) == "key"
}

/// `{:ok, x}` and `{:error, x}` where they are made, and `:ok` where it is all that comes back.
fn outcome(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let other = match search.text(at) {
        ":ok" => ":error",
        ":error" => ":ok",
        _ => return,
    };
    let Some(parent) = nodes.parent(at) else { return };
    let is_first = nodes.kind(parent) == "tuple" && nodes.named(parent).next() == Some(at);
    let is_last = matches!(nodes.kind(parent), "body" | "do_block") && nodes.named(parent).last() == Some(at);
    let is_value = nodes.kind(parent) == "pair" && nodes.field(at) == "value" && {
        let key = nodes.child(parent, "key").map(|key| search.text(key).trim_end().trim_end_matches(':'));
        matches!(key, Some("do" | "else"))
    };
    if (is_first || is_last || is_value) && !is_pattern(search, at) {
        search.becomes(at, other);
    }
}

fn is_pattern(search: &Search, at: usize) -> bool {
    let nodes = search.nodes;
    let mut inner = at;
    for outer in nodes.ancestors(at) {
        let is_left = nodes.field(inner) == "left";
        match nodes.kind(outer) {
            "binary_operator" if is_left && matches!(operator(search, outer), "=" | "<-") => return true,
            "stab_clause" if is_left => return true,
            "stab_clause" | "do_block" => return false,
            // The head of a definition.
            "arguments" if is_definition(search, nodes.parent(outer)) => {
                return nodes.named(outer).next() == Some(inner);
            }
            _ => {}
        }
        inner = outer;
    }
    false
}

fn is_definition(search: &Search, at: Option<usize>) -> bool {
    at.is_some_and(|at| {
        matches!(word(search, at), "def" | "defp" | "defmacro" | "defmacrop" | "defguard" | "defguardp")
    })
}

/// An arm of a `case`, `cond`, `fn`, … that has others; the condition of a `cond`.
fn arm(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let Some(block) = nodes.parent(at) else { return };
    let arms = nodes.named(block).filter(|arm| nodes.kind(*arm) == "stab_clause").count();
    if arms > 1 {
        search.drop(nodes.range(at), "the arm");
    }
    let is_cond = nodes.parent(block).is_some_and(|call| word(search, call) == "cond");
    let condition = nodes.child(at, "left").and_then(|left| nodes.named(left).next());
    if let Some(condition) = condition.filter(|_| is_cond) {
        negate(search, condition, "!");
    }
}

fn negate(search: &mut Search, condition: usize, before: &str) {
    let nodes = search.nodes;
    let is_plain = match nodes.kind(condition) {
        "boolean" | "unary_operator" => false,
        // Turned around by its operator already.
        "binary_operator" => !matches!(operator(search, condition), "==" | "!=" | "===" | "!==" | "in" | "="),
        _ => true,
    };
    if is_plain {
        search.negate(condition, before);
    }
}

/// A call whose result nobody uses.
fn statement(search: &mut Search, at: usize) {
    let nodes = search.nodes;
    let is_call = nodes.kind(at) == "call" || nodes.kind(at) == "binary_operator" && operator(search, at) == "|>";
    let Some(block) = nodes.parent(at).filter(|_| is_call) else { return };
    let holds_code = match nodes.kind(block) {
        "body" | "else_block" | "rescue_block" | "after_block" | "catch_block" => true,
        "do_block" => nodes.parent(block).is_some_and(|call| {
            is_definition(search, Some(call)) || matches!(word(search, call), "if" | "unless" | "for" | "with" | "try")
        }),
        _ => false,
    };
    let is_section = |at: usize| nodes.kind(at).ends_with("_block");
    let last = nodes.named(block).filter(|child| !is_section(*child)).last();
    if holds_code && last.is_some_and(|last| last != at) && !is_section(at) && !word(search, at).starts_with("def") {
        search.drop(nodes.range(at), "the statement");
    }
}

/// A clause of a function that has others.
fn clauses(search: &mut Search, off: &[bool]) {
    use SymbolKind::{Function, Guard, Macro};
    let symbols = search.symbols;
    for symbol in symbols.iter().filter(|symbol| matches!(symbol.kind, Function | Guard | Macro)) {
        let written = symbol.clauses.iter().filter(|clause| clause.body.is_some()).count();
        if written < 2 {
            continue;
        }
        let arity = symbol.arity.as_ref().map_or(0, |arity| *arity.end());
        let with_body = symbol.clauses.iter().filter(|clause| clause.body.is_some());
        for (number, clause) in with_body.enumerate() {
            let is_within = search.within.start <= clause.range.start && clause.range.end <= search.within.end;
            if !is_within {
                continue;
            }
            let node = (0..search.nodes.len()).find(|at| search.nodes.range(*at) == clause.range);
            if node.and_then(|node| off.get(node)).is_none_or(|off| *off) {
                continue;
            }
            let what = format!("clause {} of {}/{arity} is gone", number + 1, symbol.name);
            search.add(clause.range.clone(), "", what);
        }
    }
}
