//! What the tests of the languages share: a parse of a source, and outlines and facts as short readable text.

use std::fmt::Write;

use aiex_text::Text;

use crate::{Facts, Language, Outline, Syntax};

pub(crate) fn parse(language: Language, source: &str) -> (Syntax, Text) {
    let text = Text::new(source);
    let syntax = Syntax::parse(language, &text, None, || true).unwrap();
    (syntax, text)
}

/// One line a symbol, indented by depth, then its doc, specs and clauses, then the calls with their targets.
pub(crate) fn render(outline: &Outline, text: &Text) -> String {
    let mut out = String::new();
    let line = |offset: usize| text.line_of(offset) + 1;
    for (index, symbol) in outline.symbols.iter().enumerate() {
        let indent = "  ".repeat(outline.containers(index).count());
        let lines = format!("{}-{}", line(symbol.range.start), line(symbol.range.end.saturating_sub(1)));
        write!(
            out,
            "{indent}{} {} {:?} {lines} `{}`",
            symbol.kind.as_str(),
            symbol.qualified,
            symbol.visibility,
            symbol.signature
        )
        .unwrap();
        assert_eq!(
            text.slice(symbol.name_range.clone()).is_empty(),
            symbol.name.is_empty(),
            "name range of {symbol:?}"
        );
        symbol.implements.iter().for_each(|implements| write!(out, " implements {implements}").unwrap());
        symbol.doc.iter().for_each(|doc| write!(out, " doc {doc:?}").unwrap());
        symbol.specs.iter().for_each(|spec| write!(out, " spec {spec:?}").unwrap());
        if symbol.clauses.len() != 1 {
            write!(out, " clauses {}", symbol.clauses.len()).unwrap();
        }
        writeln!(out).unwrap();
    }
    for call in &outline.calls {
        let name = |index: Option<usize>| index.map_or("?", |index| &outline.symbols[index].qualified);
        let arity = call.arity.map_or(String::new(), |arity| format!("/{arity}"));
        writeln!(out, "{} -> {}{arity} = {}", name(call.caller), call.callee, name(call.target)).unwrap();
    }
    out
}

pub(crate) fn render_facts(facts: &Facts) -> String {
    let mut out = String::new();
    for clause in &facts.clauses {
        writeln!(out, "clause {:?} when {:?} returns {:?}", clause.parameters, clause.guard, clause.returns).unwrap();
    }
    for branch in &facts.branches {
        writeln!(out, "{} {:?} {:?}", branch.kind.as_str(), branch.subject, branch.arms).unwrap();
    }
    writeln!(out, "raises {:?} fields {:?} nesting {}", facts.raises, facts.fields, facts.nesting).unwrap();
    out
}
