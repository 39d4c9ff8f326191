//! [`test_skeletons`]: tests that are to be written, from a signature and its clauses alone.

use aiex_syntax::{Facts, Language, Nodes, Outline, Symbol, SymbolKind, Syntax, Visibility};
use aiex_text::Text;

use super::{elixir_site::escaped, parts::free};
use crate::markdown::{fence, one_line};

/// The most tests of one definition.
const MOST: usize = 12;
/// The most characters of a pattern in a title.
const LONGEST: usize = 100;

/// Tests of a definition that are to be written, without a model: a reply that [`GeneratedTests::read`] accepts. None of
/// what is no function, nor of a private function of Elixir, which no test can call.
///
/// Each one is ignored (`#[ignore = "to be written"]`, `@tag :skip`) and stands for one behaviour that the syntax shows:
/// of Rust an outcome, with the call written out where a `todo!` can stand for every parameter; of Elixir a clause.
///
/// [`GeneratedTests::read`]: super::GeneratedTests::read
pub fn test_skeletons(syntax: &Syntax, outline: &Outline, text: &Text, symbol: usize) -> Option<String> {
    let own = outline.symbols.get(symbol)?;
    let facts = syntax.facts(text, own);
    let code = match syntax.language() {
        Language::Rust => rust(syntax, outline, text, symbol, &facts)?,
        Language::Elixir => elixir(outline, symbol, &facts)?,
    };
    Some(fence(syntax.language().id(), &code))
}

fn elixir(outline: &Outline, symbol: usize, facts: &Facts) -> Option<String> {
    let own = outline.symbols.get(symbol)?;
    let is_called = matches!(own.kind, SymbolKind::Function | SymbolKind::Macro | SymbolKind::Guard);
    if !is_called || own.visibility != Visibility::Public {
        return None;
    }
    let name = format!("{}/{}", own.name, own.arity.as_ref().map_or(0, |arity| *arity.end()));
    let clauses = own.clauses.iter().zip(&facts.clauses);
    // A head that only declares defaults does nothing.
    let does =
        |clause: &&(&aiex_syntax::Clause, &aiex_syntax::ClauseFacts)| own.clauses.len() == 1 || clause.0.body.is_some();
    let mut titles: Vec<String> = Vec::new();
    for (_, clause) in clauses.filter(|clause| does(&clause)).take(MOST) {
        let guard = clause.guard.as_ref().map(|guard| format!(" when {guard}")).unwrap_or_default();
        let patterns = one_line(&format!("{}{guard}", clause.parameters.join(", ")), LONGEST);
        let title = if patterns.is_empty() { "without arguments".to_owned() } else { format!("with {patterns}") };
        let taken = |title: &str| titles.iter().any(|known| known == title);
        titles.push(free(&title, |title, number| format!("{title} ({number})"), taken));
    }
    let tests = titles
        .iter()
        .map(|title| format!("  @tag :skip\n  test \"{}\" do\n    flunk(\"to be written\")\n  end", escaped(title)));
    let tests = tests.collect::<Vec<_>>().join("\n\n");
    (!titles.is_empty()).then(|| format!("describe \"{}\" do\n{tests}\nend\n", escaped(&name)))
}

fn rust(syntax: &Syntax, outline: &Outline, text: &Text, symbol: usize, facts: &Facts) -> Option<String> {
    let own = outline.symbols.get(symbol)?;
    if !matches!(own.kind, SymbolKind::Function | SymbolKind::Method) {
        return None;
    }
    let source = text.to_string();
    let nodes = syntax.nodes(&(0..source.len()));
    let call = call(&nodes, &source, outline, symbol);
    let stem = identifier(&own.name);
    let whole = quoted(&one_line(&own.qualified, LONGEST));
    let mut names: Vec<(String, &str)> = Vec::new();
    for (ending, what) in outcomes(facts, &own.signature) {
        let taken = |name: &str| names.iter().any(|(known, _)| known == name);
        if !taken(&format!("{stem}_{ending}")) {
            names.push((format!("{stem}_{ending}"), what));
        }
    }
    let tests = names.iter().take(MOST).map(|(name, what)| {
        let mut body = String::new();
        if let Some(call) = &call {
            body.push_str(&format!("    let _result = {call};\n"));
        }
        format!("#[test]\n#[ignore = \"to be written\"]\nfn {name}() {{\n{body}    todo!(\"{whole}: {what}\");\n}}")
    });
    Some(format!("{}\n", tests.collect::<Vec<_>>().join("\n\n")))
}

/// How a function can end, as the end of a test's name and as what is to be shown.
fn outcomes(facts: &Facts, signature: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let returns = facts.clauses.iter().flat_map(|clause| &clause.returns);
    for value in returns {
        let inside = |name: &str| value.strip_prefix(name).and_then(|rest| rest.strip_prefix('('));
        found.push(match () {
            () if value == "None" => ("returns_none".to_owned(), "show when there is nothing"),
            () if value == "true" => ("is_true".to_owned(), "show when it holds"),
            () if value == "false" => ("is_false".to_owned(), "show when it does not hold"),
            () if inside("Some").is_some() => ("returns_some".to_owned(), "show what there is"),
            () if inside("Ok").is_some() => ("succeeds".to_owned(), "show what comes of it"),
            () => match inside("Err") {
                Some(error) => {
                    let error = error_name(error);
                    let ending = if error.is_empty() { "fails".to_owned() } else { format!("fails_with_{error}") };
                    (ending, "show when it fails")
                }
                None => ("returns_a_value".to_owned(), "show what comes back"),
            },
        });
    }
    if facts.raises.iter().any(|raised| raised.ends_with('?')) {
        let ending = if signature.contains("Option<") { "passes_none_on" } else { "passes_an_error_on" };
        found.push((ending.to_owned(), "show what it passes on"));
    }
    let panics = |raised: &String| {
        ["panic!", "assert!", ".unwrap", ".expect"].iter().any(|begin| raised.starts_with(begin))
            && !raised.ends_with('?')
    };
    if facts.raises.iter().any(panics) {
        found.push(("panics".to_owned(), "show when it panics"));
    }
    if found.is_empty() {
        found.push(("does_its_work".to_owned(), "show what it changes"));
    }
    found
}

/// `LedgerError::Unbalanced { … }` is `unbalanced`.
fn error_name(value: &str) -> String {
    let path = value.split(['(', '{', ')', ' ', '.', ',']).next().unwrap_or_default();
    let last = path.rsplit("::").next().unwrap_or_default();
    let is_name = last.starts_with(char::is_uppercase) && last.chars().all(|char| char.is_ascii_alphanumeric());
    if !is_name {
        return String::new();
    }
    let mut name = String::new();
    for char in last.chars() {
        if char.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(char.to_ascii_lowercase());
    }
    name
}

/// A name as it can begin that of a test.
fn identifier(name: &str) -> String {
    let plain = name.trim_start_matches("r#");
    plain.chars().map(|char| if char.is_alphanumeric() || char == '_' { char } else { '_' }).collect()
}

/// The call of a function from a module of tests beside it, each argument a `todo!`; `None` where there is no telling that
/// this compiles.
fn call(nodes: &Nodes, text: &str, outline: &Outline, symbol: usize) -> Option<String> {
    let own = outline.symbols.get(symbol)?;
    let clause = own.clauses.first()?;
    let item = (0..nodes.len()).find(|at| nodes.range(*at) == clause.range && nodes.kind(*at) == "function_item")?;
    let of_kind = |kind: &str| nodes.of_kind(item, kind);
    let modifiers = of_kind("function_modifiers").map(|at| nodes.text(at, text)).unwrap_or_default();
    let is_plain = modifiers.split_whitespace().all(|word| word == "const");
    let has_generics = nodes.child(item, "type_parameters").is_some_and(|at| has_types(nodes, at));
    let has_attributes = super::homes::attributes(nodes, item, text).any(|attribute| {
        let attribute: String = attribute.split_whitespace().collect();
        ["#[cfg", "#[proc_macro", "#[target_feature", "#[deprecated"].iter().any(|begin| attribute.starts_with(begin))
    });
    let is_never = nodes.child(item, "return_type").is_some_and(|of| nodes.text(of, text).trim() == "!");
    if !is_plain || has_generics || has_attributes || is_never || of_kind("where_clause").is_some() {
        return None;
    }
    let path = path(nodes, text, outline, own, item)?;
    let list = nodes.child(item, "parameters")?;
    let mut arguments = Vec::new();
    for parameter in nodes.named(list) {
        let what = match nodes.kind(parameter) {
            "self_parameter" => "self".to_owned(),
            "parameter" => {
                let of = nodes.child(parameter, "type").map(|of| nodes.text(of, text)).unwrap_or_default();
                let mut words = of.split(|char: char| !(char.is_alphanumeric() || char == '_'));
                // Of these the type is not known.
                if of.is_empty() || of.contains('!') || words.any(|word| word == "impl") {
                    return None;
                }
                let name = nodes.child(parameter, "pattern").map(|name| nodes.text(name, text)).unwrap_or_default();
                one_line(&format!("{name}: {of}"), LONGEST)
            }
            // An attribute may take a parameter away.
            _ => return None,
        };
        arguments.push(format!("todo!(\"{}\")", quoted(&what)));
    }
    Some(format!("{path}({})", arguments.join(", ")))
}

/// Text as it stands in the message of a macro.
fn quoted(text: &str) -> String {
    text.replace('\\', "").replace('"', "'").replace('{', "{{").replace('}', "}}")
}

/// How a test beside a function names it.
fn path(nodes: &Nodes, text: &str, outline: &Outline, own: &Symbol, item: usize) -> Option<String> {
    let Some(container) = own.container else { return Some(own.name.clone()) };
    let outer = outline.symbols.get(container)?;
    // Of a module within the file, or a function, the tests know nothing.
    if outer.kind != SymbolKind::Impl || outer.container.is_some() {
        return None;
    }
    let at = nodes.ancestors(item).find(|at| nodes.kind(*at) == "impl_item")?;
    let is_open = nodes.child(at, "type_parameters").is_some_and(|at| has_types(nodes, at))
        || nodes.of_kind(at, "where_clause").is_some()
        || super::homes::attributes(nodes, at, text).any(|attribute| attribute.contains("cfg"));
    let of = nodes.child(at, "type").filter(|_| !is_open)?;
    let plain = |at: usize| match nodes.kind(at) {
        "type_identifier" | "scoped_type_identifier" => Some(nodes.text(at, text).to_owned()),
        "generic_type" => {
            let lifetimes = nodes.child(at, "type_arguments")?;
            let is_free = nodes.named(lifetimes).all(|argument| nodes.kind(argument) == "lifetime");
            let name = nodes.child(at, "type").filter(|_| is_free)?;
            Some(nodes.text(name, text).to_owned())
        }
        _ => None,
    };
    let of = plain(of)?;
    match nodes.child(at, "trait") {
        None => Some(format!("{of}::{}", own.name)),
        // Nobody calls it but the compiler.
        Some(served) if nodes.text(served, text).ends_with("Drop") => None,
        Some(served) => Some(format!("<{of} as {}>::{}", plain(served)?, own.name)),
    }
}

/// Whether parameters are more than lifetimes.
fn has_types(nodes: &Nodes, parameters: usize) -> bool {
    nodes.named(parameters).any(|parameter| !nodes.kind(parameter).contains("lifetime"))
}
