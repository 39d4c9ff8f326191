//! What stands before a definition and belongs to it: documentation, specs, attributes, comments. A reply that says
//! nothing of one of them does not mean to delete it.

use std::ops::Range;

use aiex_syntax::TokenClass;

use super::{
    super::{
        Refusal, indent,
        source::{File, is_container},
    },
    Place, Placed, takes_lead,
};

/// A kind of lead: each is replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Doc,
    Spec,
    Comment,
    Attribute,
}

/// Whole lines of one kind.
struct Group {
    part: Part,
    text: String,
}

impl Place<'_> {
    /// The text of a new definition with whatever of the old one's lead it has nothing of. Without indentation.
    pub(super) fn with_lead(&self, new: usize, old: usize, text: &str) -> String {
        let (Some(symbol), Some(known)) = (self.reply.symbols.get(new), self.file.symbols.get(old)) else {
            return text.to_owned();
        };
        if !takes_lead(known.kind) {
            return text.to_owned();
        }
        let fresh = File::new(&self.reply.path, indent::moved(Some(self.language), text, "").as_str().into());
        let Some(own) = fresh.symbols.iter().find(|one| one.container.is_none() && one.name == symbol.name) else {
            return fresh.text.to_string();
        };
        let head =
            start_of_head(&fresh, own.clauses.iter().map(|clause| clause.range.start).min().unwrap_or(own.range.start));
        let lead = merged(groups(&fresh, 0..head), self.old_lead(old));
        format!("{lead}{}", fresh.slice(head..fresh.text.len()))
    }

    /// The groups before a definition of the file, without indentation.
    fn old_lead(&self, old: usize) -> Vec<Group> {
        let range = self.lead_range(old);
        let text = indent::moved(Some(self.language), self.file.slice(range).trim_end_matches([' ', '\t']), "")
            .replace('\r', "");
        let lead = File::new(&self.reply.path, text.as_str().into());
        let end = lead.text.len();
        groups(&lead, 0..end)
    }

    /// From the first line of a definition of the file to the line of its head.
    fn lead_range(&self, old: usize) -> Range<usize> {
        let Some(known) = self.file.symbols.get(old) else { return 0..0 };
        let head = known.clauses.iter().map(|clause| clause.range.start).min().unwrap_or(known.range.start);
        let start = self.file.whole_lines(&known.range).start;
        start..start_of_head(self.file, head).max(start)
    }

    /// A reply without any definition: documentation for the target, or the body that it lacks.
    pub(super) fn without_symbols(&self) -> Result<Vec<Placed>, Refusal> {
        let whole = 0..self.reply.text.len();
        let parts = groups(self.reply, whole);
        let is_docs = !parts.is_empty()
            && self
                .reply
                .tokens
                .iter()
                .all(|token| matches!(token.class, TokenClass::Doc | TokenClass::Spec | TokenClass::Comment))
            && parts.iter().any(|group| matches!(group.part, Part::Doc | Part::Spec));
        if is_docs {
            return self.documentation(parts);
        }
        let only_imports =
            !self.reply.tokens.is_empty() && self.reply.tokens.iter().all(|token| token.class == TokenClass::Import);
        if only_imports {
            let mut placed = Vec::new();
            let own: Vec<_> = self.reply.tokens.iter().collect();
            self.imports(&own, None, &mut placed)?;
            return Ok(placed);
        }
        self.body()
    }

    fn documentation(&self, parts: Vec<Group>) -> Result<Vec<Placed>, Refusal> {
        let is_inner =
            self.reply.text.trim_start().starts_with("//!") || self.reply.text.trim_start().starts_with("@moduledoc");
        let Some(target) = self.target else {
            return match is_inner && self.task.target == (0..self.file.text.len()) {
                true => Ok(self.inner_documentation(None, &self.reply.text)),
                false => Err(Refusal::Fragment(self.reply.text.to_string())),
            };
        };
        let Some(known) = self.file.symbols.get(target) else { return Ok(Vec::new()) };
        if is_inner && is_container(known.kind) {
            return Ok(self.inner_documentation(Some(target), &self.reply.text));
        }
        if is_inner {
            return Err(Refusal::Fragment(self.reply.text.to_string()));
        }
        let range = self.lead_range(target);
        let indentation = self.file.indentation(known.range.start);
        let lead = merged(parts, self.old_lead(target));
        let text = indent::moved(Some(self.language), &lead, indentation);
        Ok(vec![Placed { range, text, anchor: known.range.clone() }])
    }

    /// `//!` and `@moduledoc`: in place of what is there, else first in the container or the file.
    pub(super) fn inner_documentation(&self, container: Option<usize>, text: &str) -> Vec<Placed> {
        let symbol = container.and_then(|index| self.file.symbols.get(index));
        let body = symbol.map_or(0..self.file.text.len(), |symbol| {
            symbol.body().cloned().unwrap_or(symbol.range.end..symbol.range.end)
        });
        let anchor = symbol.map_or(0..0, |symbol| symbol.range.start..body.start);
        let first_member = self
            .file
            .members(container)
            .filter_map(|index| self.file.symbols.get(index))
            .map(|symbol| symbol.range.start)
            .min();
        let end = first_member.unwrap_or(body.end).max(body.start);
        let old: Vec<_> = self
            .file
            .tokens
            .iter()
            .filter(|token| token.class == TokenClass::Doc && body.start <= token.range.start && token.range.end <= end)
            .filter(|token| {
                let text = self.file.slice(token.group..token.range.end);
                text.starts_with("//!")
                    || text.starts_with("/*!")
                    || text.starts_with("@moduledoc")
                    || text.starts_with("@ moduledoc")
            })
            .collect();
        if let (Some(first), Some(last)) = (old.first(), old.last()) {
            let range = self.file.whole_lines(&(first.group..last.range.end));
            let indentation = self.file.indentation(first.group);
            let text = indent::moved(Some(self.language), text.trim_matches('\n'), indentation);
            return vec![Placed { range, text, anchor }];
        }
        let at = match symbol {
            None => 0,
            Some(_) => {
                let rest = self.file.slice(body.start..self.file.text.len());
                body.start + rest.find('\n').map_or(0, |end| end + 1)
            }
        };
        let indentation = match (symbol, first_member) {
            (None, _) => String::new(),
            (Some(_), Some(member)) => self.file.indentation(member).to_owned(),
            (Some(symbol), None) => format!("{}{}", self.file.indentation(symbol.range.start), self.unit()),
        };
        let text = indent::moved(Some(self.language), text.trim_matches('\n'), &indentation);
        let gap = if self.file.slice(at..self.file.text.len()).starts_with(['\n', '\r']) { "\n" } else { "\n\n" };
        vec![Placed { range: at..at, text: format!("{text}{gap}"), anchor }]
    }
}

/// Where the line of a head begins.
fn start_of_head(file: &File, head: usize) -> usize {
    file.whole_lines(&(head..head)).start
}

/// The lines of a lead by what they are. Blank lines between go with what follows.
fn groups(file: &File, range: Range<usize>) -> Vec<Group> {
    let mut groups: Vec<(Part, usize, usize)> = Vec::new();
    for token in file.tokens.iter().filter(|token| range.start <= token.range.start && token.range.end <= range.end) {
        let part = match token.class {
            TokenClass::Doc => Part::Doc,
            TokenClass::Spec => Part::Spec,
            TokenClass::Comment => Part::Comment,
            _ => Part::Attribute,
        };
        let start = file.whole_lines(&(token.group..token.range.end)).start;
        match groups.last_mut() {
            Some((last, _, end))
                if *last == part
                    && (token.group < *end || part != Part::Spec && part != Part::Attribute || start < *end) =>
            {
                *end = (*end).max(token.range.end);
            }
            Some((last, _, end)) if *last == part && !file.slice(*end..token.range.start).contains('\n') => {
                *end = token.range.end
            }
            _ => groups.push((part, start, token.range.end)),
        }
    }
    let text = |start, end| format!("{}\n", file.slice(start..end).trim_end());
    groups.into_iter().map(|(part, start, end)| Group { part, text: text(start, end) }).collect()
}

/// The new lead, with the old one's parts that it has nothing of, in the old one's order.
fn merged(new: Vec<Group>, old: Vec<Group>) -> String {
    let has = |groups: &[Group], part: Part| groups.iter().any(|group| group.part == part);
    let all_of = |part: Part| {
        new.iter().filter(move |group| group.part == part).map(|group| group.text.as_str()).collect::<String>()
    };
    let mut out = String::new();
    let mut done = Vec::new();
    // Documentation comes first, and an attribute or spec that is new after what was there.
    for part in [Part::Comment, Part::Doc] {
        if has(&new, part) && !has(&old, part) {
            out.push_str(&all_of(part));
            done.push(part);
        }
    }
    for group in &old {
        if done.contains(&group.part) {
            continue;
        }
        if has(&new, group.part) {
            out.push_str(&all_of(group.part));
            done.push(group.part);
        } else {
            out.push_str(&group.text);
        }
    }
    for part in [Part::Attribute, Part::Spec] {
        if has(&new, part) && !done.contains(&part) {
            out.push_str(&all_of(part));
        }
    }
    out
}
