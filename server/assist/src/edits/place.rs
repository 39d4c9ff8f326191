//! Finds where whole definitions of a reply go: each takes the place of the definition with its name, or stands beside
//! the target as a new one. Nothing is found by the number of a line.

mod between;
pub(crate) mod elision;
mod lead;
mod lost;
mod new;

use std::{collections::HashMap, ops::Range};

use aiex_context::Intent;
use aiex_syntax::{Language, Symbol, SymbolKind};

use super::{
    Refusal, Task, gate, indent,
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

/// The most definitions of a reply.
const MOST_DEFINITIONS: usize = 1000;
/// How deep containers of a reply may nest.
const DEEPEST: usize = 16;

/// Where the definitions in `code` go.
pub(super) fn place(code: &str, file: &File, task: &Task) -> Result<Vec<Placed>, Refusal> {
    let Some(language) = file.language.filter(|_| file.syntax.is_some()) else { return whole(code, file, task) };
    let code = indent::moved(Some(language), code.trim_matches('\n'), "");
    let reply = File::new(&format!("reply.{}", ending(language)), code.as_str().into());
    let target = (file.path == task.path).then(|| file.symbol_of(&task.target)).flatten();
    let place = Place { file, reply: &reply, task, target, language, marks: elision::marks(&reply) };
    let placed = place.all();
    // What is wrong with code that does not parse is that it does not parse.
    match (&placed, reply.problems().first()) {
        (Err(Refusal::Fragment(_)), Some(problem)) => Err(gate::unparsed(&reply, "the reply", problem)),
        _ => placed,
    }
}

pub(crate) fn ending(language: Language) -> &'static str {
    match language {
        Language::Elixir => "ex",
        Language::Rust => "rs",
    }
}

/// Text of no known language can only be replaced as a whole: the part that was meant.
fn whole(code: &str, file: &File, task: &Task) -> Result<Vec<Placed>, Refusal> {
    if file.path != task.path {
        return Err(Refusal::Fragment(code.to_owned()));
    }
    let old = file.slice(task.target.clone());
    let reply = File::new(&file.path, code.into());
    if let Some(mark) = elision::marks(&reply).into_iter().find(|mark| !old.contains(&mark.text)) {
        return Err(Refusal::Elided(mark.text));
    }
    let end = if old.ends_with('\n') { "\n" } else { "" };
    let text = format!("{}{end}", code.trim_end_matches('\n'));
    // Lines that go where fewer come: there is no telling whether they were meant to.
    let lines = |text: &str| text.matches('\n').count();
    let old_lf = old.replace("\r\n", "\n");
    if let Some(cut) = aiex_text::diff(&old_lf, &text)
        .iter()
        .map(|edit| (old_lf.get(edit.range.clone()).unwrap_or_default(), lines(&edit.text)))
        .find(|(gone, come)| lines(gone) > *come && !gone.trim().is_empty())
    {
        let lost = cut.0.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        return Err(Refusal::Lost { within: file.path.clone(), lost });
    }
    Ok(vec![Placed { range: task.target.clone(), text, anchor: task.target.clone() }])
}

pub(super) struct Place<'a> {
    file: &'a File,
    reply: &'a File,
    task: &'a Task<'a>,
    /// The symbol of the file that is meant.
    target: Option<usize>,
    language: Language,
    /// What the reply leaves out.
    marks: Vec<elision::Mark>,
}

enum Found {
    One(usize),
    None,
}

impl Place<'_> {
    fn all(&self) -> Result<Vec<Placed>, Refusal> {
        if self.reply.symbols.is_empty() {
            return self.without_symbols();
        }
        if self.reply.symbols.len() > MOST_DEFINITIONS {
            return Err(Refusal::Malformed("it has more definitions than any edit"));
        }
        let mut placed = Vec::new();
        self.members(None, None, 0, &mut placed)?;
        Ok(placed)
    }

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
        let members = self.once(self.reply.members(container).collect())?;
        let attributes = self.between(container, within, placed)?;
        let mut matched = Vec::new();
        for member in &members {
            matched.push((*member, self.find(*member, within)?));
        }
        let lost = self.lost(within, &matched)?;
        // A definition under a new name, where the old one is gone, is the target renamed.
        self.rename(within, &mut matched);
        if let Some(lost) = lost {
            return Err(lost);
        }
        let mut last: Option<usize> = None;
        for (member, found) in &matched {
            match found {
                Found::One(old) => {
                    last = Some(*old);
                    let attributes = self.attributes_before(*member, &attributes);
                    if !attributes.is_empty() {
                        placed.push(self.attributes(&attributes, *old));
                    }
                    self.replace(*member, *old, depth, placed)?;
                }
                Found::None => {
                    let mut text = self.text_of(*member);
                    let attributes = self.attributes_before(*member, &attributes);
                    if !attributes.is_empty() {
                        text = format!("{attributes}\n{text}");
                    }
                    self.elided(*member, "")?;
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
        if self.same(new, old) && self.comments_before(self.reply.whole_lines(&symbol.range).start).is_empty() {
            return Ok(());
        }
        let range = self.file.whole_lines(&known.range);
        let old_text = self.file.slice(range.clone());
        let text = self.text_of(new);
        self.elided(new, old_text)?;
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
            .filter(|(_, other)| self.stands_for(symbol, other))
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
    fn rename(&self, within: Option<usize>, matched: &mut [(usize, Found)]) {
        let Some(target) = self.target else { return };
        let Some(own) = self.file.symbols.get(target) else { return };
        let is_here = within.is_none() || within == own.container;
        let is_kept = self.reply.symbols.iter().any(|symbol| self.stands_for(symbol, own));
        if !is_here || is_kept || !matches!(self.task.intent, Intent::Refactor | Intent::Fix) {
            return;
        }
        let renamed = matched.iter_mut().find(|(member, found)| {
            let alike = self.reply.symbols.get(*member).is_some_and(|symbol| {
                // To mend a definition is not to name it anew.
                are_alike(symbol.kind, own.kind) && (self.task.intent == Intent::Refactor || symbol.name == own.name)
            });
            alike && matches!(found, Found::None)
        });
        if let Some((_, found)) = renamed {
            *found = Found::One(target);
        }
    }

    /// Whether two definitions have one name, and arities in common.
    fn stands_for(&self, one: &Symbol, other: &Symbol) -> bool {
        let arities = match (&one.arity, &other.arity) {
            (Some(one), Some(other)) => one.start() <= other.end() && other.start() <= one.end(),
            _ => true,
        };
        are_alike(one.kind, other.kind) && one.name == other.name && arities
    }

    /// New attributes of a module, before a definition of the file.
    fn attributes(&self, attributes: &str, old: usize) -> Placed {
        let range = self.file.symbols.get(old).map_or(0..0, |known| known.range.clone());
        let at = self.file.with_comments(self.file.whole_lines(&range).start);
        let text = indent::moved(Some(self.language), attributes, self.file.indentation(range.start));
        Placed { range: at..at, text: format!("{text}\n"), anchor: range }
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
            if !is_comment(self.language, text) {
                break;
            }
            let is_mark = self.marks.iter().any(|mark| mark.text == text);
            if !self.file.text.contains(text) && !is_mark {
                kept.push(format!("{line}\n"));
            }
        }
        kept.reverse();
        kept.concat()
    }

    /// Whether both say the same, blanks aside.
    fn same(&self, new: usize, old: usize) -> bool {
        let (Some(new), Some(old)) = (self.reply.symbols.get(new), self.file.symbols.get(old)) else { return false };
        self.reply.tokens_in(&new.range).eq(self.file.tokens_in(&old.range))
    }

    /// The members without those that are told twice in the same words.
    fn once(&self, members: Vec<usize>) -> Result<Vec<usize>, Refusal> {
        let said = |index: usize| {
            let range = self.reply.symbols.get(index).map(|symbol| symbol.range.clone()).unwrap_or_default();
            self.reply.tokens_in(&range).collect::<Vec<_>>()
        };
        let mut first = HashMap::new();
        let mut kept = Vec::new();
        for member in members {
            let Some(symbol) = self.reply.symbols.get(member) else { continue };
            if is_callable(symbol.kind) && self.repeats_a_head(symbol) {
                return Err(Refusal::TwoVersions(symbol.name.clone()));
            }
            if !is_container(symbol.kind) && symbol.kind != SymbolKind::Block {
                let key = (is_callable(symbol.kind), symbol.name.clone(), symbol.arity.clone());
                match first.get(&key).copied() {
                    Some(other) if said(other) == said(member) => continue,
                    Some(other)
                        if self.reply.symbols.get(other).is_some_and(|other| are_alike(other.kind, symbol.kind)) =>
                    {
                        return Err(Refusal::TwoVersions(symbol.name.clone()));
                    }
                    _ => {
                        first.insert(key, member);
                    }
                }
            }
            kept.push(member);
        }
        Ok(kept)
    }

    /// Whether two clauses have one head, so that the second is a second version and never runs.
    fn repeats_a_head(&self, symbol: &Symbol) -> bool {
        let head = |clause: &aiex_syntax::Clause| {
            let body = clause.body.as_ref()?;
            Some(between::squeezed(self.reply.slice(clause.range.start..body.start)))
        };
        let mut heads: Vec<String> = symbol.clauses.iter().filter_map(head).collect();
        let count = heads.len();
        heads.sort_unstable();
        heads.dedup();
        heads.len() < count
    }

    /// A mark in a definition of the reply that stands for code left out, which the file does not have.
    fn elided(&self, member: usize, old: &str) -> Result<(), Refusal> {
        let Some(symbol) = self.reply.symbols.get(member) else { return Ok(()) };
        let inside =
            |at: usize| symbol.range.contains(&at) || symbol.clauses.iter().any(|clause| clause.range.contains(&at));
        let mark = self.marks.iter().find(|mark| inside(mark.at) && !old.contains(&mark.text));
        mark.map_or(Ok(()), |mark| Err(Refusal::Elided(mark.text.clone())))
    }
}

/// Whether a line is a comment that is no documentation of what is around it.
pub(super) fn is_comment(language: Language, line: &str) -> bool {
    match language {
        Language::Elixir => line.starts_with('#') && !line.starts_with("#{"),
        Language::Rust => line.starts_with("//") && !line.starts_with("//!"),
    }
}

/// What takes documentation, specs and attributes before it.
fn takes_lead(kind: SymbolKind) -> bool {
    !matches!(kind, SymbolKind::Block | SymbolKind::TestGroup)
}

#[cfg(test)]
mod tests;
