//! What stands between the definitions of a reply: imports, attributes and documentation of its modules, and lines
//! that the file has as well. Nothing of it is dropped in silence: what has no place is refused.

use std::{collections::HashSet, ops::Range};

use aiex_context::Intent;
use aiex_syntax::{Language, Token, TokenClass};

use super::{
    super::{Refusal, scope, source::File},
    Place, Placed,
};

/// An attribute of a module that the file does not have.
pub(super) struct Attribute {
    /// In bytes of the reply.
    pub(super) range: Range<usize>,
}

impl Place<'_> {
    /// Places what is no definition in a container of the reply. `within` is the one of the file that it stands for.
    /// The attributes that it adds go with the definitions after them.
    pub(super) fn between(
        &self,
        container: Option<usize>,
        within: Option<usize>,
        placed: &mut Vec<Placed>,
    ) -> Result<Vec<Attribute>, Refusal> {
        let own = own_tokens(self.reply, container);
        let fragment = |at: usize| {
            Refusal::Fragment(self.reply.slice(self.reply.line_start(at)..self.reply.text.len()).to_owned())
        };
        // A line that is there already is forgiven; not so what is left over by code that does not parse.
        let known = if self.parses() { self.known_lines(within) } else { HashSet::new() };
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut docs: Option<Range<usize>> = None;
        let mut last_line: Option<(usize, bool)> = None;
        for (index, token) in own.iter().enumerate() {
            let line = self.reply.line_start(token.range.start);
            if last_line.is_none_or(|(last, _)| last != line) {
                last_line = Some((line, known.contains(&squeezed(self.reply.line_at(line)))));
            }
            let is_known = || last_line.is_some_and(|(_, is_known)| is_known);
            match token.class {
                TokenClass::Comment | TokenClass::Import => {}
                TokenClass::Doc => {
                    let text = self.reply.slice(token.group..self.reply.text.len());
                    if !text.starts_with("//!") && !text.starts_with("/*!") && !is_moduledoc(text) {
                        if is_known() {
                            continue;
                        }
                        return Err(fragment(token.range.start));
                    }
                    let end = token.range.end;
                    docs = Some(docs.map_or(token.group..end, |docs| docs.start..end));
                }
                _ if attributes.last().is_some_and(|last| last.range.contains(&token.range.start)) || is_known() => {}
                _ => match self.attribute(own.get(index..).unwrap_or_default()) {
                    Some((name, range)) => {
                        if self.has_attribute(&name) {
                            return Err(Refusal::OutOfScope {
                                what: format!("changes `@{name}`"),
                                intent: self.task.intent.as_str(),
                                allowed: scope::allowed(self.task.intent),
                            });
                        }
                        attributes.push(Attribute { range });
                    }
                    None => return Err(fragment(token.range.start)),
                },
            }
        }
        let members: Vec<usize> = self.reply.members(container).collect();
        let last = members.iter().filter_map(|member| self.reply.symbols.get(*member)).map(|one| one.range.start).max();
        if let Some(lost) = attributes.iter().find(|one| last.is_none_or(|last| last < one.range.start)) {
            return Err(fragment(lost.range.start));
        }
        if let Some(docs) = docs {
            let text = self.reply.slice(self.reply.whole_lines(&docs));
            if !squeezed(&self.file.text).contains(&squeezed(text)) {
                placed.extend(self.inner_documentation(within, text));
            }
        }
        self.imports(&own, within, placed)?;
        Ok(attributes)
    }

    fn parses(&self) -> bool {
        self.reply.problems().is_empty()
    }

    /// The new attributes between the definition before a member of the reply and the member.
    pub(super) fn attributes_before(&self, member: usize, attributes: &[Attribute]) -> String {
        let Some(symbol) = self.reply.symbols.get(member) else { return String::new() };
        let siblings = self.reply.symbols.iter().filter(|other| other.container == symbol.container);
        let end = symbol.range.start;
        let start = siblings.map(|other| other.range.end).filter(|other| *other <= end).max().unwrap_or(0);
        let between = attributes.iter().filter(|one| start <= one.range.start && one.range.end <= end);
        between.map(|one| format!("{}\n", self.reply.slice(self.reply.whole_lines(&one.range)))).collect()
    }

    /// `@name value`, however many lines it has, and its name.
    fn attribute(&self, tokens: &[&Token]) -> Option<(String, Range<usize>)> {
        let first = tokens.first().filter(|_| self.language == Language::Elixir)?;
        let text = |token: &Token| self.reply.slice(token.range.clone());
        let name = tokens.get(1).map(|name| text(name)).filter(|_| text(first) == "@")?;
        let line = self.reply.line_at(first.range.start);
        let rest = line.trim().strip_prefix('@')?.strip_prefix(name)?;
        if !rest.starts_with(' ') {
            return None;
        }
        let (mut depth, mut end) = (0_usize, first.range.end);
        for token in tokens {
            let is_next_line = self.reply.slice(end..token.range.start).contains('\n');
            if depth == 0 && is_next_line {
                break;
            }
            match text(token) {
                "(" | "[" | "{" | "<<" => depth += 1,
                ")" | "]" | "}" | ">>" => depth = depth.saturating_sub(1),
                _ => {}
            }
            end = token.range.end;
        }
        Some((name.to_owned(), first.range.start..end))
    }

    fn has_attribute(&self, name: &str) -> bool {
        let is_it = |line: &str| {
            line.trim()
                .strip_prefix('@')
                .and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.starts_with(' '))
        };
        self.file.text.lines().any(is_it)
    }

    /// The lines of a container of the file, or of all of it, without blanks.
    fn known_lines(&self, within: Option<usize>) -> HashSet<String> {
        let range = within.and_then(|index| self.file.symbols.get(index)).map(|symbol| symbol.range.clone());
        let text = range.map_or(&*self.file.text, |range| self.file.slice(range));
        text.lines().map(squeezed).collect()
    }
}

/// The tokens of a container that are of none of its members, its head and end left out.
pub(super) fn own_tokens(file: &File, container: Option<usize>) -> Vec<&Token> {
    let body = match container.and_then(|index| file.symbols.get(index)) {
        Some(symbol) => symbol.body().cloned().unwrap_or(symbol.range.end..symbol.range.end),
        None => 0..file.text.len(),
    };
    let members = file.members(container).filter_map(|index| file.symbols.get(index));
    let mut taken: Vec<Range<usize>> = members
        .flat_map(|symbol| symbol.clauses.iter().map(|clause| clause.range.clone()).chain([symbol.range.clone()]))
        .collect();
    taken.sort_by_key(|range| (range.start, range.end));
    let mut taken = taken.into_iter().peekable();
    let mut until = 0;
    let own = file.tokens.iter().filter(|token| {
        while let Some(range) = taken.next_if(|range| range.start <= token.range.start) {
            until = until.max(range.end);
        }
        until <= token.range.start && body.start <= token.range.start && token.range.end <= body.end
    });
    own.collect()
}

pub(super) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn is_moduledoc(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| rest.trim_start().starts_with("moduledoc"))
}

/// Whether an intent may bring imports along.
pub(super) fn takes_imports(intent: Intent) -> bool {
    intent == Intent::Fix
}
