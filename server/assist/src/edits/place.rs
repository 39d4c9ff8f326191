//! Finds where whole definitions of a reply go: each takes the place of the definition with its name, or stands beside
//! the target as a new one. Nothing is found by the number of a line.

mod lead;
mod lost;
mod new;

use std::ops::Range;

use aiex_context::Intent;
use aiex_syntax::{Language, SymbolKind, TokenClass};

use super::{
    Refusal, Task, indent,
    source::{File, are_alike, is_callable, is_container},
};

/// A replacement in a file, as it is written there but for line ends, which are LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// What it replaces; empty where it inserts. Half-open, in bytes of the file.
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// What must be as it was when the edit is applied: the definition that it was made for.
    pub(super) anchor: Range<usize>,
}

/// How deep containers of a reply may nest.
const DEEPEST: usize = 16;

/// Where the definitions in `code` go.
pub(super) fn place(code: &str, file: &File, task: &Task) -> Result<Vec<Placed>, Refusal> {
    let Some(language) = file.language.filter(|_| file.syntax.is_some()) else { return whole(code, file, task) };
    let code = indent::moved(Some(language), code.trim_matches('\n'), "");
    let reply = File::new(&format!("reply.{}", ending(language)), code.as_str().into());
    let target = (file.path == task.path).then(|| file.symbol_of(&task.target)).flatten();
    let place = Place { file, reply: &reply, task, target, language };
    if reply.symbols.is_empty() {
        return place.without_symbols();
    }
    place.outside_of_definitions()?;
    let mut placed = Vec::new();
    place.members(None, None, 0, &mut placed)?;
    place.imports(&mut placed)?;
    Ok(placed)
}

fn ending(language: Language) -> &'static str {
    match language {
        Language::Elixir => "ex",
        Language::Rust => "rs",
    }
}

/// Text of no known language can only be replaced as a whole: the part that was meant.
fn whole(code: &str, file: &File, task: &Task) -> Result<Vec<Placed>, Refusal> {
    if file.path != task.path {
        return Err(Refusal::Fragment(first_line(code)));
    }
    let old = file.slice(task.target.clone());
    let end = if old.ends_with('\n') { "\n" } else { "" };
    let text = format!("{}{end}", code.trim_end_matches('\n'));
    Ok(vec![Placed { range: task.target.clone(), text, anchor: task.target.clone() }])
}

pub(super) struct Place<'a> {
    file: &'a File,
    reply: &'a File,
    task: &'a Task<'a>,
    /// The symbol of the file that is meant.
    target: Option<usize>,
    language: Language,
}

enum Found {
    One(usize),
    None,
}

impl Place<'_> {
    /// Places the members of a container of the reply. `within` is the container of the file that it stands for.
    fn members(
        &self,
        container: Option<usize>,
        within: Option<usize>,
        depth: usize,
        placed: &mut Vec<Placed>,
    ) -> Result<(), Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::Malformed("its modules nest too deep"));
        }
        let members: Vec<usize> = self.reply.members(container).collect();
        self.twice(&members)?;
        let mut matched = Vec::new();
        for member in &members {
            matched.push((*member, self.find(*member, within)?));
        }
        let lost = self.lost(within, &matched)?;
        // A definition under a new name, where the old one is gone, is the target renamed.
        self.rename(&mut matched);
        if let Some(lost) = lost {
            return Err(lost);
        }
        let mut last: Option<usize> = None;
        for (member, found) in &matched {
            match found {
                Found::One(old) => {
                    last = Some(*old);
                    self.replace(*member, *old, depth, placed)?;
                }
                Found::None => {
                    let text = self.text_of(*member);
                    self.elided(&text, "")?;
                    placed.push(self.insert(*member, &text, within, last)?);
                }
            }
        }
        Ok(())
    }

    /// One definition in place of another; of a container that is not all there, its members.
    fn replace(&self, new: usize, old: usize, depth: usize, placed: &mut Vec<Placed>) -> Result<(), Refusal> {
        let (Some(symbol), Some(known)) = (self.reply.symbols.get(new), self.file.symbols.get(old)) else {
            return Ok(());
        };
        if is_container(symbol.kind) && is_container(known.kind) && !self.is_whole(new, old)? {
            return self.members(Some(new), Some(old), depth + 1, placed);
        }
        if self.same(new, old) {
            return Ok(());
        }
        let range = self.file.whole_lines(&known.range);
        let old_text = self.file.slice(range.clone());
        let text = self.text_of(new);
        self.elided(&text, old_text)?;
        let indentation = self.file.indentation(known.range.start);
        let text = self.with_lead(new, old, &text);
        let text = indent::moved(Some(self.language), &text, indentation);
        let text =
            if range.start == known.range.start { text.trim_start_matches([' ', '\t']).to_owned() } else { text };
        placed.push(Placed { range: range.clone(), text, anchor: known.range.clone() });
        // Clauses that stand elsewhere are replaced with the rest.
        for clause in known.clauses.iter().filter(|clause| clause.range.start >= known.range.end) {
            let mut range = self.file.whole_lines(&clause.range);
            if self.file.slice(range.end..self.file.text.len()).starts_with('\n') {
                range.end += 1;
            }
            placed.push(Placed { range, text: String::new(), anchor: clause.range.clone() });
        }
        Ok(())
    }

    /// The symbol of the file that one of the reply stands for.
    fn find(&self, member: usize, within: Option<usize>) -> Result<Found, Refusal> {
        let Some(symbol) = self.reply.symbols.get(member) else { return Ok(Found::None) };
        let alike: Vec<usize> = self
            .file
            .symbols
            .iter()
            .enumerate()
            .filter(|(_, other)| {
                let arities = match (&symbol.arity, &other.arity) {
                    (Some(one), Some(other)) => one.start() <= other.end() && other.start() <= one.end(),
                    _ => true,
                };
                are_alike(symbol.kind, other.kind) && symbol.name == other.name && arities
            })
            .map(|(index, _)| index)
            .collect();
        let here = |container: Option<usize>| {
            alike
                .iter()
                .copied()
                .filter(|index| self.file.symbols.get(*index).is_some_and(|other| other.container == container))
                .collect::<Vec<_>>()
        };
        let beside = self.target.and_then(|target| self.file.symbols.get(target)).map(|target| target.container);
        if within.is_none()
            && let Some(target) = self.target.filter(|target| alike.contains(target))
        {
            return Ok(Found::One(target));
        }
        let near = match within {
            Some(within) => here(Some(within)),
            None => beside.map(here).filter(|near| !near.is_empty()).unwrap_or_else(|| alike.clone()),
        };
        match near.as_slice() {
            [] => Ok(Found::None),
            [one] => Ok(Found::One(*one)),
            // Of the same name and container, such as two impls of one header: the one that holds the target.
            many => match many.iter().find(|index| Some(**index) == self.target || self.holds_target(**index)) {
                Some(one) => Ok(Found::One(*one)),
                None => Err(Refusal::Ambiguous {
                    path: self.file.path.clone(),
                    text: symbol.name.clone(),
                    count: many.len(),
                }),
            },
        }
    }

    fn holds_target(&self, index: usize) -> bool {
        self.target.is_some_and(|target| self.file.containers(target).any(|outer| outer == index))
    }

    /// Takes the first new callable for the target where the target is missing: its name or its arity has changed.
    fn rename(&self, matched: &mut [(usize, Found)]) {
        let Some(target) = self.target.filter(|_| self.task.intent == Intent::Refactor) else { return };
        if matched
            .iter()
            .any(|(_, found)| matches!(found, Found::One(one) if *one == target || self.holds_target(*one)))
        {
            return;
        }
        let Some(kind) = self.file.symbols.get(target).map(|target| target.kind) else { return };
        let renamed = matched.iter_mut().find(|(member, found)| {
            let alike = self.reply.symbols.get(*member).is_some_and(|symbol| are_alike(symbol.kind, kind));
            alike && matches!(found, Found::None)
        });
        if let Some((_, found)) = renamed {
            *found = Found::One(target);
        }
    }

    /// The text of a definition of the reply, comments before it included where the file does not have them.
    fn text_of(&self, member: usize) -> String {
        let Some(symbol) = self.reply.symbols.get(member) else { return String::new() };
        let own = self.reply.whole_lines(&symbol.range);
        let before = self.comments_before(own.start);
        format!("{before}{}", self.reply.slice(own))
    }

    /// Whole lines of comments, and attributes of a module, right before a byte of the reply.
    fn comments_before(&self, end: usize) -> String {
        let mut kept = Vec::new();
        for line in self.reply.slice(0..end).lines().rev() {
            let text = line.trim();
            let is_comment = text.starts_with('#') && self.language == Language::Elixir && !text.starts_with("#{")
                || text.starts_with("//") && !text.starts_with("//!") && self.language == Language::Rust
                || self.is_attribute(text);
            if !is_comment {
                break;
            }
            if !self.file.text.contains(text) {
                kept.push(format!("{line}\n"));
            }
        }
        kept.reverse();
        kept.concat()
    }

    /// `@limit 10` on one line, in Elixir.
    fn is_attribute(&self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix('@').filter(|_| self.language == Language::Elixir) else { return false };
        let name: String = rest.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
        !name.is_empty() && rest.get(name.len()..).is_some_and(|rest| rest.starts_with(' '))
    }

    /// Whether both say the same, blanks aside.
    fn same(&self, new: usize, old: usize) -> bool {
        let (Some(new), Some(old)) = (self.reply.symbols.get(new), self.file.symbols.get(old)) else { return false };
        self.reply.tokens_in(&new.range).eq(self.file.tokens_in(&old.range))
    }

    fn twice(&self, members: &[usize]) -> Result<(), Refusal> {
        let key = |index: &usize| {
            let symbol = self.reply.symbols.get(*index)?;
            is_callable(symbol.kind).then(|| (symbol.name.clone(), symbol.arity.clone()))
        };
        for (at, member) in members.iter().enumerate() {
            let Some(own) = key(member) else { continue };
            if members.iter().take(at).any(|other| key(other).as_ref() == Some(&own)) {
                return Err(Refusal::TwoVersions(own.0));
            }
        }
        Ok(())
    }

    /// A comment that stands for code left out, which the file does not have.
    fn elided(&self, text: &str, old: &str) -> Result<(), Refusal> {
        let mark = self.elision(text).filter(|mark| !old.contains(mark));
        mark.map_or(Ok(()), |mark| Err(Refusal::Elided(mark.to_owned())))
    }

    fn elision<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.lines().map(str::trim).find(|line| {
            let words = match self.language {
                Language::Rust => line.strip_prefix("//").or_else(|| line.strip_prefix("/*")),
                Language::Elixir => line.strip_prefix('#'),
            };
            let bare = line.trim_end_matches([',', ';']);
            bare == "..." && self.language == Language::Rust || bare == "…" || words.is_some_and(is_elision)
        })
    }

    /// Nothing but blanks, comments, attributes and imports may stand between the definitions of a reply.
    fn outside_of_definitions(&self) -> Result<(), Refusal> {
        let is_inside = |at: usize| {
            self.reply.symbols.iter().any(|symbol| {
                symbol.range.contains(&at) || symbol.clauses.iter().any(|clause| clause.range.contains(&at))
            })
        };
        for token in &self.reply.tokens {
            let is_code = matches!(token.class, TokenClass::Code | TokenClass::Literal);
            if !is_code || is_inside(token.range.start) {
                continue;
            }
            let line = line_at(&self.reply.text, token.range.start);
            if !self.is_attribute(line.trim()) {
                return Err(Refusal::Fragment(line.trim().chars().take(80).collect()));
            }
        }
        Ok(())
    }
}

/// The words of a comment that say that code is left out.
fn is_elision(words: &str) -> bool {
    let words = words.trim_start_matches(['/', '#', '!']).trim().trim_end_matches("*/").trim().to_lowercase();
    let has_dots = words.contains("...") || words.contains('…');
    let says = [
        "rest of",
        "existing",
        "unchanged",
        "remain",
        "omitted",
        "same as",
        "previous",
        "other ",
        "elided",
        "left out",
        "as before",
    ];
    has_dots && (words.trim_matches(['.', '…', ' ']).is_empty() || says.iter().any(|word| words.contains(word)))
}

pub(super) fn first_line(code: &str) -> String {
    code.trim().lines().next().unwrap_or_default().trim().chars().take(80).collect()
}

fn line_at(text: &str, offset: usize) -> &str {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = after.find('\n').map_or(text.len(), |end| offset + end);
    text.get(start..end).unwrap_or_default()
}

/// What takes documentation, specs and attributes before it.
fn takes_lead(kind: SymbolKind) -> bool {
    !matches!(kind, SymbolKind::Block | SymbolKind::TestGroup)
}

#[cfg(test)]
mod tests;
