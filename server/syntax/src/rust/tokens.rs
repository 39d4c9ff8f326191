//! Calls among the raw tokens that the arguments of a macro are.

use std::ops::Range;

use super::{
    Source,
    calls::{Form, names_function},
};

/// A token, or a nested tree of them.
#[derive(Clone, Copy)]
pub(super) struct Token<'tree> {
    pub(super) kind: &'tree str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What tokens call.
pub(super) struct Callee<'a> {
    pub(super) text: String,
    pub(super) name: Range<usize>,
    pub(super) form: Form<'a>,
    pub(super) is_macro: bool,
}

/// Words that the grammar takes for names among raw tokens.
const KEYWORDS: &[&str] = &["dyn", "else", "in", "move", "ref", "try", "where", "yield"];

/// What the tokens `before` a nested tree call, if that tree can be arguments.
pub(super) fn callee<'a>(source: Source<'a>, before: &[Token], tree: Token) -> Option<Callee<'a>> {
    let text = |token: &Token| source.between(token.start, token.end);
    let (tokens, is_macro) = match before {
        [before @ .., bang] if bang.kind == "!" => (before, true),
        _ => (without_turbofish(before), false),
    };
    let (last, mut before) = tokens.split_last().filter(|(last, _)| last.kind == "identifier")?;
    let name = text(last);
    let is_callable = is_macro || (names_function(name) && text(&tree).starts_with('('));
    if !is_callable || KEYWORDS.contains(&name) {
        return None;
    }
    let mut chain = Vec::new();
    // Whether what stands before the name shows in full.
    let mut is_whole = true;
    let joint = before.last().map(|token| token.kind).filter(|kind| is_joint(kind));
    while let [rest @ .., token] = before
        && is_joint(token.kind)
    {
        let part = rest.split_last().filter(|(part, _)| is_segment(part.kind));
        is_whole &= part.is_some();
        let Some((part, rest)) = part else { break };
        chain.push((text(part), token.kind));
        before = rest;
    }
    if before.last().is_some_and(|token| token.kind == "fn") {
        return None;
    }
    chain.reverse();
    let form = match (joint, chain.as_slice()) {
        (None, _) | (Some("::"), [("crate" | "$crate", _)]) if is_macro => Form::Macro,
        _ if is_macro => Form::Unknown,
        (None, _) => Form::Plain,
        (Some("."), [("self", _)]) if is_whole => Form::OnSelf,
        (Some("."), _) => Form::OnValue,
        (_, chain) if is_whole => Form::Path(chain.iter().map(|(part, _)| *part).collect()),
        _ => Form::Unknown,
    };
    let chain = match is_whole {
        true => chain.iter().flat_map(|(part, joint)| [*part, *joint]).collect(),
        false => joint.filter(|joint| *joint == ".").unwrap_or_default().to_owned(),
    };
    let text = format!("{chain}{name}{}", if is_macro { "!" } else { "" });
    Some(Callee { text, name: last.start..last.end, form, is_macro })
}

fn is_joint(kind: &str) -> bool {
    matches!(kind, "." | "::")
}

/// Whether a token can stand before a `.` or `::` as a name.
fn is_segment(kind: &str) -> bool {
    matches!(kind, "identifier" | "self" | "super" | "crate" | "primitive_type" | "metavariable" | "integer_literal")
}

/// Tokens without generic arguments at their end: `collect::<Vec<u8>>` is `collect`.
fn without_turbofish<'a, 'tree>(tokens: &'a [Token<'tree>]) -> &'a [Token<'tree>] {
    // Generic arguments are short; what is longer is a comparison.
    const LONGEST: usize = 64;
    let mut open = 0_i32;
    for (at, token) in tokens.iter().enumerate().rev().take(LONGEST) {
        open += match token.kind {
            ">" => 1,
            ">>" => 2,
            "<" => -1,
            "<<" => -2,
            _ => 0,
        };
        if open <= 0 {
            let before = tokens.get(..at).unwrap_or_default();
            return match before {
                [before @ .., colons] if colons.kind == "::" && token.kind == "<" => before,
                _ => tokens,
            };
        }
    }
    tokens
}

/// How many arguments the tokens between parentheses are, where commas can only part arguments.
pub(super) fn arity(tokens: &[Token]) -> Option<usize> {
    if tokens.iter().any(|token| matches!(token.kind, "|" | "||" | "<" | "token_repetition")) {
        return None;
    }
    let commas = tokens.iter().filter(|token| token.kind == ",").count();
    let open = tokens.last().is_some_and(|token| token.kind != ",");
    Some(commas + usize::from(open))
}
