//! Which blocks of a reply are meant to become code, and which are talk.

use aiex_syntax::{Language, Symbol, Syntax, TokenClass};
use aiex_text::Text;

use super::{
    FilePatch, Refusal, Task, place,
    reply::{Block, Body},
    source::{File, is_callable, is_container},
};

/// Whether a text is code: it parses, and is more than a word of it.
pub(crate) fn holds_code(language: Language, code: &str) -> bool {
    parsed(language, code).is_some_and(|syntax| {
        !syntax.symbols(code).is_empty() || syntax.tokens(code).iter().any(|token| token.class != TokenClass::Code)
    })
}

fn parsed(language: Language, code: &str) -> Option<Syntax> {
    Syntax::parse(language, &Text::new(code), None, || true).ok().filter(|syntax| !syntax.has_errors())
}

/// The blocks that are meant to become code, of several those that define something: one that shows how to call what was
/// written is talk. Of hunks and code the hunks; the code that then should be in the file comes second.
pub(crate) fn meant(blocks: Vec<Block>, task: &Task) -> (Vec<Block>, Vec<String>) {
    let Some(language) = Language::from_file_name(task.path).filter(|_| blocks.len() > 1) else {
        return (blocks, Vec::new());
    };
    let has_hunks = blocks.iter().any(|block| matches!(block.body, Body::Hunks(_)));
    let is_meant = |block: &Block| match &block.body {
        Body::Hunks(_) => true,
        Body::Code(_) if has_hunks || is_talk(&block.language) && block.path.is_none() => false,
        Body::Code(code) => block.path.is_some() || adds(language, code),
    };
    let (meant, rest): (Vec<_>, Vec<_>) = blocks.into_iter().partition(is_meant);
    if meant.is_empty() {
        return (rest, Vec::new());
    }
    let shown = rest.into_iter().filter(|_| has_hunks).filter_map(|block| match block.body {
        Body::Code(code) if !is_talk(&block.language) && adds(language, &code) => Some(code),
        _ => None,
    });
    (meant, shown.collect())
}

/// The first definition of some code that none of the files has in these words.
pub(crate) fn missing(language: Language, code: &str, files: &[FilePatch]) -> Option<String> {
    let said = |text: &str| text.split_whitespace().collect::<String>();
    let files: Vec<String> = files.iter().map(|file| said(&file.after)).collect();
    let shown = File::new(&format!("block.{}", place::ending(language)), code.into());
    if shown.symbols.is_empty() {
        let code = said(code);
        return (!files.iter().any(|file| file.contains(&code))).then(|| shown.text.to_string());
    }
    let leaves = shown.symbols.iter().filter(|symbol| !is_container(symbol.kind));
    let is_missing = |symbol: &&Symbol| {
        let clauses = symbol.clauses.iter().map(|clause| said(shown.slice(clause.range.clone())));
        clauses.into_iter().any(|clause| !files.iter().any(|file| file.contains(&clause)))
    };
    leaves.filter(|symbol| !symbol.clauses.is_empty()).find(is_missing).map(|symbol| symbol.name.clone())
}

/// Whether code brings something to a file: definitions, imports, documentation, attributes, or what does not parse and
/// so may be any of these.
fn adds(language: Language, code: &str) -> bool {
    let is_session = code.lines().any(|line| line.trim_start().starts_with("iex>") || line.starts_with("$ "));
    if is_session {
        return false;
    }
    let statements = match language {
        Language::Elixir => code.to_owned(),
        // Statements stand in a function.
        Language::Rust => format!("fn body() {{\n{code}\n}}"),
    };
    let Ok(syntax) = Syntax::parse(language, &Text::new(code), None, || true) else { return true };
    let tokens = syntax.tokens(code);
    let is_lead = |class| !matches!(class, TokenClass::Code | TokenClass::Literal);
    let is_attribute = language == Language::Elixir && code.trim_start().starts_with('@');
    !syntax.symbols(code).is_empty()
        || is_attribute
        || tokens.iter().all(|token| is_lead(token.class))
        || syntax.has_errors() && parsed(language, &statements).is_none()
}

/// The blocks without definitions that an earlier one has in the same words.
pub(crate) fn without_repeats(language: Language, blocks: Vec<String>) -> Result<Vec<String>, Refusal> {
    if blocks.len() < 2 {
        return Ok(blocks);
    }
    // Name, whether it stands in a container, and what it says.
    let mut known: Vec<(String, Option<String>, String)> = Vec::new();
    let mut kept = Vec::new();
    for block in blocks {
        let file = File::new(&format!("block.{}", place::ending(language)), block.as_str().into());
        let (mut repeated, mut own) = (Vec::new(), Vec::new());
        for symbol in file.symbols.iter().filter(|symbol| is_callable(symbol.kind)) {
            let said: String = file.slice(symbol.range.clone()).split_whitespace().collect();
            let name = format!("{} {:?}", symbol.name, symbol.arity);
            let outer = symbol.container.map(|_| symbol.qualified.clone());
            let other = known.iter().find(|(other, container, _)| {
                *other == name && (container.is_none() || outer.is_none() || *container == outer)
            });
            match other {
                Some((_, _, other)) if *other == said => repeated.push(file.whole_lines(&symbol.range)),
                Some(_) => return Err(Refusal::TwoVersions(symbol.name.clone())),
                None => own.push((name, outer, said)),
            }
        }
        known.extend(own);
        let mut text = block.clone();
        for range in repeated.into_iter().rev() {
            text.replace_range(range, "");
        }
        kept.push(text);
    }
    Ok(kept)
}

/// Languages of blocks that are never an edit.
pub(crate) fn is_talk(language: &str) -> bool {
    matches!(
        language,
        "sh" | "bash" | "shell" | "console" | "text" | "txt" | "output" | "iex" | "markdown" | "md" | "json" | "toml"
    )
}

/// Whether a fence names a language that the file is not in.
pub(crate) fn is_other(named: &str, language: Language) -> bool {
    let own: &[&str] = match language {
        Language::Elixir => &["elixir", "ex", "exs", "eelixir"],
        Language::Rust => &["rust", "rs"],
    };
    !named.is_empty() && !own.contains(&named) && !matches!(named, "text" | "txt" | "code" | "plaintext" | "suggestion")
}
