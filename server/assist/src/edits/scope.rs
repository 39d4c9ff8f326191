//! What an intent may change: compares a file before and after an edit, definition by definition, token by token.

mod attributes;
mod renames;

use std::collections::{BTreeMap, BTreeSet};

use aiex_context::Intent;
use aiex_syntax::{Language, TokenClass};

pub(super) use renames::Renamed;

use super::{
    Refusal, Task,
    source::{File, is_container},
};

/// What an intent may change, for the sentence that says so.
pub(super) fn allowed(intent: Intent) -> &'static str {
    match intent {
        Intent::Refactor => "the target, new definitions beside it, and the calls of what it renames",
        Intent::Fix => "the target and its imports",
        Intent::Document => "comments, documentation and specs of the target",
        Intent::Generate => "the empty body, or add new definitions",
        Intent::GenerateTests => "or add tests",
        Intent::Explain | Intent::Review | Intent::Ask => "nothing",
    }
}

/// The tokens of each definition that are not of one inside it, by its name. What is of none goes by the empty name.
struct Own<'f> {
    tokens: BTreeMap<Key, Vec<(TokenClass, &'f str)>>,
    of_symbol: Vec<Key>,
}

/// A qualified name, and how many of that name came before.
type Key = (String, usize);

impl<'f> Own<'f> {
    fn of(file: &'f File) -> Self {
        let mut count = BTreeMap::<&str, usize>::new();
        let of_symbol: Vec<Key> = file
            .symbols
            .iter()
            .map(|symbol| {
                let number = count.entry(&symbol.qualified).or_default();
                *number += 1;
                (symbol.qualified.clone(), *number)
            })
            .collect();
        // By the index of the symbol; what is of none comes last.
        let mut of_index: Vec<Vec<(TokenClass, &str)>> = vec![Vec::new(); of_symbol.len() + 1];
        // Symbols and tokens are both in order, but clauses of Elixir may stand apart.
        let mut parts: Vec<_> = Vec::new();
        for (index, symbol) in file.symbols.iter().enumerate() {
            let line = file.whole_lines(&symbol.range).start;
            parts.push((file.with_comments(line).min(symbol.range.start)..symbol.range.end, index));
            let apart = symbol.clauses.iter().filter(|clause| clause.range.start >= symbol.range.end);
            parts.extend(apart.map(|clause| (clause.range.clone(), index)));
        }
        parts.sort_by_key(|(range, index)| (range.start, std::cmp::Reverse(range.end), *index));
        let (mut open, mut next) = (Vec::<(std::ops::Range<usize>, usize)>::new(), parts.into_iter().peekable());
        for token in &file.tokens {
            while let Some(part) = next.next_if(|(range, _)| range.start <= token.range.start) {
                open.push(part);
            }
            while open.last().is_some_and(|(range, _)| range.end <= token.range.start) {
                open.pop();
            }
            let inner = open.iter().rev().find(|(range, _)| range.contains(&token.range.start));
            let index = inner.map_or(of_symbol.len(), |(_, index)| *index);
            if let Some(tokens) = of_index.get_mut(index) {
                tokens.push((token.class, file.slice(token.range.clone())));
            }
        }
        let keys = of_symbol.iter().cloned().chain([Key::default()]);
        let tokens = keys.zip(of_index).filter(|(key, tokens)| !key.0.is_empty() || !tokens.is_empty()).collect();
        Self { tokens, of_symbol }
    }

    /// The keys of a symbol and of what it holds.
    fn within(&self, file: &File, target: Option<usize>) -> BTreeSet<Key> {
        let is_inside =
            |index: usize| Some(index) == target || file.containers(index).any(|outer| Some(outer) == target);
        self.of_symbol.iter().enumerate().filter(|(index, _)| is_inside(*index)).map(|(_, key)| key.clone()).collect()
    }
}

/// Whether what `after` changes of `before` is what the intent may change. `before` is the file as the model was shown
/// it. `secrets` are the values that its placeholders stand for: none may stand where it was not. Gives what the target
/// is renamed to, where this is its file and renames it.
pub(super) fn check(
    before: &File,
    after: &File,
    task: &Task,
    secrets: &[(String, String)],
) -> Result<Option<Renamed>, Refusal> {
    if before.language.is_none() || before.syntax.is_none() {
        spread(before, after, secrets)?;
        return outside_of_target(before, after, task).map(|()| None);
    }
    let (old, new) = (Own::of(before), Own::of(after));
    let is_target_file = before.path == task.path;
    // What is no definition of its own, such as one inside of a function, is a part of the one around it.
    let around = || before.symbol_at(task.target.start).filter(|_| task.target != (0..before.text.len()));
    let target = is_target_file.then(|| before.symbol_of(&task.target).or_else(around)).flatten();
    let is_whole_file = is_target_file && target.is_none();
    let mut inside = old.within(before, target);
    if is_whole_file {
        inside = old.tokens.keys().cloned().chain([Key::default()]).collect();
    }
    let scope = Scope { task, before, after, target, inside, is_whole_file, old: &old, new: &new };
    scope.secrets(secrets)?;
    let removed: Vec<&Key> =
        old.tokens.keys().filter(|key| !new.tokens.contains_key(*key) && !key.0.is_empty()).collect();
    let added: Vec<&Key> =
        new.tokens.keys().filter(|key| !old.tokens.contains_key(*key) && !key.0.is_empty()).collect();
    let changed = old.tokens.iter().filter(|(key, tokens)| new.tokens.get(*key).is_some_and(|now| now != *tokens));
    let changed: Vec<&Key> = changed.map(|(key, _)| key).collect();
    match task.intent {
        Intent::Document => scope.documents_only(&changed, &added, &removed),
        Intent::Refactor => scope.refactors_only(&changed, &added, &removed),
        Intent::Fix => scope.fixes_only(&changed, &added, &removed),
        Intent::Generate | Intent::GenerateTests => scope.generates_only(&changed, &added, &removed),
        Intent::Explain | Intent::Review | Intent::Ask => Err(scope.refused("the file".to_owned())),
    }?;
    Ok(scope.renamed().filter(|_| is_target_file))
}

/// Of text without a parse there is no telling where a secret belongs: none may come in, or stand there more often.
fn spread(before: &File, after: &File, secrets: &[(String, String)]) -> Result<(), Refusal> {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let (old, new) = (squeezed(&before.text), squeezed(&after.text));
    for (placeholder, value) in secrets {
        let value = squeezed(value);
        if !value.is_empty() && old.matches(&value).count() < new.matches(&value).count() {
            return Err(Refusal::Moved { placeholder: placeholder.clone(), place: before.path.clone() });
        }
    }
    Ok(())
}

/// Of text without a parse, all that is known is where it changed.
fn outside_of_target(before: &File, after: &File, task: &Task) -> Result<(), Refusal> {
    if task.intent == Intent::Document {
        return Err(Refusal::NoSyntax(before.path.clone()));
    }
    let inside = |edit: &aiex_text::Edit| task.target.start <= edit.range.start && edit.range.end <= task.target.end;
    match before.path == task.path && aiex_text::diff(&before.text, &after.text).iter().all(inside) {
        true => Ok(()),
        false => Err(Refusal::OutOfScope {
            what: format!("changes other lines of {}", before.path),
            intent: task.intent.as_str(),
            allowed: allowed(task.intent),
        }),
    }
}

struct Scope<'a> {
    task: &'a Task<'a>,
    before: &'a File,
    after: &'a File,
    target: Option<usize>,
    /// The target and what it holds.
    inside: BTreeSet<Key>,
    is_whole_file: bool,
    old: &'a Own<'a>,
    new: &'a Own<'a>,
}

impl Scope<'_> {
    fn refused(&self, what: String) -> Refusal {
        let what = format!("changes {what}");
        Refusal::OutOfScope { what, intent: self.task.intent.as_str(), allowed: allowed(self.task.intent) }
    }

    fn adds(&self, key: &Key) -> Refusal {
        let what = format!("adds {}", self.name(key));
        Refusal::OutOfScope { what, intent: self.task.intent.as_str(), allowed: allowed(self.task.intent) }
    }

    fn name(&self, key: &Key) -> String {
        if key.0.is_empty() {
            format!("{} outside of any definition", self.before.path)
        } else {
            format!("`{}`", key.0)
        }
    }

    fn refuse_outside<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), Refusal> {
        match keys.into_iter().find(|key| !self.inside.contains(*key)) {
            Some(key) => Err(self.refused(self.name(key))),
            None => Ok(()),
        }
    }

    /// Deletion only of the target, or of what the instruction asks to delete by its name.
    fn deletions(&self, removed: &[&Key]) -> Result<(), Refusal> {
        let is_asked = |key: &Key| self.inside.contains(key) && !self.is_whole_file || self.task.asks_to_delete(&key.0);
        let not_asked: Vec<String> = removed.iter().filter(|key| !is_asked(key)).map(|key| key.0.clone()).collect();
        if not_asked.is_empty() { Ok(()) } else { Err(Refusal::Deletes(not_asked)) }
    }

    fn documents_only(&self, changed: &[&Key], added: &[&Key], removed: &[&Key]) -> Result<(), Refusal> {
        let is_code = |class: TokenClass| !matches!(class, TokenClass::Comment | TokenClass::Doc | TokenClass::Spec);
        let code = |file: &File| {
            let tokens = file.tokens.iter().filter(|token| is_code(token.class));
            tokens.map(|token| file.slice(token.range.clone()).to_owned()).collect::<Vec<_>>()
        };
        if code(self.before) != code(self.after) {
            let own = |tokens: Option<&Vec<(TokenClass, &str)>>| {
                let tokens = tokens.into_iter().flatten().filter(|(class, _)| is_code(*class));
                tokens.map(|(_, text)| (*text).to_owned()).collect::<Vec<_>>()
            };
            let differs = |key: &&&Key| own(self.old.tokens.get(**key)) != own(self.new.tokens.get(**key));
            return Err(match (changed.iter().find(differs), added.first(), removed) {
                (Some(key), _, _) => self.refused(format!("the code of {}", self.name(key))),
                (None, Some(key), _) => self.adds(key),
                (None, None, removed) => Refusal::Deletes(removed.iter().map(|key| key.0.clone()).collect()),
            });
        }
        self.refuse_outside(changed.iter().copied())
    }

    fn refactors_only(&self, changed: &[&Key], added: &[&Key], removed: &[&Key]) -> Result<(), Refusal> {
        if self.before.path != self.task.path || !self.is_whole_file {
            let renamed = self.renamed();
            for key in changed.iter().filter(|key| !self.inside.contains(**key)) {
                let (Some(old), Some(new)) = (self.old.tokens.get(*key), self.new.tokens.get(*key)) else { continue };
                let is_own = self.before.path == self.task.path;
                let is_call =
                    renamed.as_ref().is_some_and(|renamed| renamed.explains(self.before, is_own, &key.0, old, new));
                let is_attribute = is_own && self.only_adds_attributes(key);
                if !is_call && !is_attribute {
                    return Err(self.refused(self.name(key)));
                }
            }
        }
        if self.before.path != self.task.path && !(added.is_empty() && removed.is_empty()) {
            let key = added.iter().chain(removed).next().map(|key| self.name(key));
            return Err(self.refused(key.unwrap_or_default()));
        }
        self.additions(added)?;
        self.deletions(removed)
    }

    fn fixes_only(&self, changed: &[&Key], added: &[&Key], removed: &[&Key]) -> Result<(), Refusal> {
        let without_imports = |tokens: Option<&Vec<(TokenClass, &str)>>| -> Vec<String> {
            let tokens = tokens.into_iter().flatten();
            tokens.filter(|(class, _)| *class != TokenClass::Import).map(|(_, text)| (*text).to_owned()).collect()
        };
        let around: BTreeSet<Key> = match self.target {
            Some(target) => self
                .before
                .containers(target)
                .filter_map(|index| self.old.of_symbol.get(index).cloned())
                .chain([Key::default()])
                .collect(),
            None => BTreeSet::new(),
        };
        for key in changed.iter().filter(|key| !self.inside.contains(**key)) {
            let is_import = around.contains(*key)
                && without_imports(self.old.tokens.get(*key)) == without_imports(self.new.tokens.get(*key));
            if !is_import {
                return Err(self.refused(self.name(key)));
            }
        }
        // A mended head may have another arity, and so another name.
        let mended = added.iter().filter(|key| self.is_target_renamed(key, removed));
        let mended: Vec<&Key> = mended.copied().collect();
        if let Some(key) = added.iter().find(|key| !mended.contains(key) && !self.is_whole_file) {
            return Err(self.adds(key));
        }
        self.deletions(removed)
    }

    fn is_target_renamed(&self, key: &Key, removed: &[&Key]) -> bool {
        let target = self.target.and_then(|target| self.old.of_symbol.get(target));
        let bare = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
        target.is_some_and(|target| removed.contains(&target) && bare(&target.0) == bare(&key.0))
    }

    /// Whether all that is new in a module of Elixir, its definitions aside, are attributes.
    fn only_adds_attributes(&self, key: &Key) -> bool {
        let symbol = self.old.of_symbol.iter().position(|known| known == key);
        let symbol = symbol.and_then(|index| self.before.symbols.get(index));
        let (old, new) = (self.old.tokens.get(key), self.new.tokens.get(key));
        self.before.language == Some(Language::Elixir)
            && symbol.is_some_and(|symbol| is_container(symbol.kind))
            && old.zip(new).is_some_and(|(old, new)| attributes::only_adds_attributes(old, new))
    }

    fn generates_only(&self, changed: &[&Key], added: &[&Key], removed: &[&Key]) -> Result<(), Refusal> {
        if self.before.path != self.task.path
            && let Some(key) = changed.iter().chain(added).chain(removed).next()
        {
            return Err(self.refused(format!("{} in {}", self.name(key), self.before.path)));
        }
        let is_unwritten = self.target.is_some_and(|target| self.before.is_unwritten(target));
        for key in changed {
            let is_empty_body = is_unwritten && self.inside.contains(*key);
            if !is_empty_body && !self.only_adds_attributes(key) {
                return Err(self.refused(self.name(key)));
            }
        }
        self.additions(added)?;
        let removed: Vec<String> = removed.iter().map(|key| key.0.clone()).collect();
        if removed.is_empty() { Ok(()) } else { Err(Refusal::Deletes(removed)) }
    }

    /// New definitions stand in the target, or in one of its containers.
    fn additions(&self, added: &[&Key]) -> Result<(), Refusal> {
        let around: BTreeSet<Option<Key>> = {
            let containers = self.target.into_iter().flat_map(|target| self.before.containers(target));
            let keys = containers.filter_map(|index| self.old.of_symbol.get(index).cloned());
            keys.chain(self.inside.iter().cloned()).map(Some).chain([None]).collect()
        };
        for (index, key) in self.new.of_symbol.iter().enumerate().filter(|(_, key)| added.contains(key)) {
            let container = self.after.symbols.get(index).and_then(|symbol| symbol.container);
            let container = container.and_then(|index| self.new.of_symbol.get(index).cloned());
            let is_beside =
                around.contains(&container) || container.as_ref().is_some_and(|outer| added.contains(&outer));
            let is_place = self.target.is_none() || is_beside || self.task.intent == Intent::GenerateTests;
            if !is_place {
                return Err(self.adds(key));
            }
        }
        Ok(())
    }

    /// The old and the new name of a target that is there no more under the old one.
    fn renamed(&self) -> Option<Renamed> {
        if self.before.path != self.task.path {
            return self.task.renamed.clone();
        }
        let target = self.before.symbols.get(self.target?)?;
        let key = self.old.of_symbol.get(self.target?)?;
        if self.new.tokens.contains_key(key) {
            return None;
        }
        let is_new = |(index, key): &(usize, &Key)| {
            let symbol = self.after.symbols.get(*index);
            !self.old.tokens.contains_key(*key)
                && symbol.is_some_and(|symbol| super::source::are_alike(symbol.kind, target.kind))
        };
        let (index, _) = self.new.of_symbol.iter().enumerate().find(is_new)?;
        Renamed::new(self.before, self.target?, &self.after.symbols.get(index)?.name)
    }

    /// No definition may hold a secret that it did not hold before.
    fn secrets(&self, secrets: &[(String, String)]) -> Result<(), Refusal> {
        let holds = |tokens: Option<&Vec<(TokenClass, &str)>>, value: &str| {
            let tokens: String = tokens.into_iter().flatten().map(|(_, text)| *text).collect();
            let value: String = value.split_whitespace().collect();
            tokens.split_whitespace().collect::<String>().contains(&value)
        };
        let target = self.target.and_then(|target| self.old.of_symbol.get(target));
        for (placeholder, value) in secrets {
            for (key, tokens) in &self.new.tokens {
                if !holds(Some(tokens), value) || holds(self.old.tokens.get(key), value) {
                    continue;
                }
                // The target may go by a new name.
                let is_renamed_target = !self.old.tokens.contains_key(key)
                    && target.is_some_and(|target| {
                        !self.new.tokens.contains_key(target) && holds(self.old.tokens.get(target), value)
                    });
                if !is_renamed_target {
                    return Err(Refusal::Moved { placeholder: placeholder.clone(), place: self.name(key) });
                }
            }
        }
        Ok(())
    }
}
