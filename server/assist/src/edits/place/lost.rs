//! Whether a reply that repeats a file or a module repeats all of it.

use std::collections::HashSet;

use aiex_syntax::{Symbol, TokenClass};

use super::{
    super::{Refusal, source::File},
    Found, Place,
    between::{own_tokens, squeezed},
};

impl Place<'_> {
    /// What a container of the file would lose by a reply that looks like all of it; `None` where it does not look so,
    /// since what it leaves out then simply stays.
    pub(super) fn lost(&self, within: Option<usize>, matched: &[(usize, Found)]) -> Result<Option<Refusal>, Refusal> {
        let members: Vec<usize> = self.file.members(within).collect();
        let is_matched =
            |index: usize| matched.iter().any(|(_, found)| matches!(found, Found::One(one) if *one == index));
        let repeated =
            matched.iter().filter(|(new, found)| matches!(found, Found::One(old) if self.repeats(*new, *old))).count();
        let lost: Vec<usize> =
            members.iter().copied().filter(|index| !is_matched(*index) && !self.is_target(*index)).collect();
        let looks_whole = repeated >= 2 && repeated * 2 >= members.len().saturating_sub(1);
        let lost: Vec<String> = lost
            .into_iter()
            .filter_map(|index| self.file.symbols.get(index))
            .map(|symbol| symbol.qualified.clone())
            .collect();
        if !looks_whole || lost.is_empty() {
            return Ok(None);
        }
        let named = |name: &String| self.task.asks_to_delete(name);
        if lost.iter().all(named) {
            // Deletions that were asked for cannot be told in whole definitions that are merely not there.
            return Err(Refusal::Malformed("a deletion needs a hunk whose REPLACE part is empty"));
        }
        let container = within.and_then(|index| self.file.symbols.get(index));
        let within = container.map_or_else(|| self.file.path.clone(), |symbol| format!("`{}`", symbol.qualified));
        Ok(Some(Refusal::Lost { within, lost }))
    }

    /// Whether the reply merely repeats what is no target.
    fn repeats(&self, new: usize, old: usize) -> bool {
        !self.is_target(old) && self.same(new, old)
    }

    pub(super) fn is_target(&self, index: usize) -> bool {
        self.target == Some(index)
    }

    /// Whether a container of the reply has every member of the file's, so that it can take its place. One with marks
    /// for what is left out has not.
    pub(super) fn is_whole(&self, new: usize, old: usize) -> Result<bool, Refusal> {
        let members: Vec<usize> = self.reply.members(Some(new)).collect();
        let mut found = Vec::new();
        for member in members {
            if let Found::One(one) = self.find(member, Some(old))? {
                if self.loses_lead(member, one) {
                    return Ok(false);
                }
                found.push(one);
            }
        }
        let is_all = self.file.members(Some(old)).all(|member| found.contains(&member));
        let range = self.reply.symbols.get(new).map(|symbol| symbol.range.clone()).unwrap_or_default();
        Ok(is_all
            && (self.is_target(old) || self.has_lines_of(new, old))
            && !self.marks.iter().any(|mark| range.contains(&mark.at)))
    }

    /// Whether the reply has no documentation or no spec of a definition that has them in the file.
    fn loses_lead(&self, new: usize, old: usize) -> bool {
        let (Some(new), Some(old)) = (self.reply.symbols.get(new), self.file.symbols.get(old)) else { return false };
        let has = |file: &File, symbol: &Symbol, class: TokenClass| {
            let head = symbol.clauses.iter().map(|clause| clause.range.start).min().unwrap_or(symbol.range.end);
            file.tokens_in(&(symbol.range.start..head)).any(|(other, _)| other == class)
        };
        let loses = |class| has(self.file, old, class) && !has(self.reply, new, class);
        loses(TokenClass::Doc) || loses(TokenClass::Spec)
    }

    /// Whether a container of the reply has every line of the file's that is of no definition in it.
    fn has_lines_of(&self, new: usize, old: usize) -> bool {
        let text = self.reply.symbols.get(new).map(|symbol| self.reply.slice(symbol.range.clone())).unwrap_or_default();
        let known: HashSet<String> = text.lines().map(squeezed).collect();
        let own = own_tokens(self.file, Some(old));
        let code = own.iter().filter(|token| token.class != TokenClass::Comment);
        let mut lines: Vec<usize> = code.map(|token| self.file.line_start(token.range.start)).collect();
        lines.dedup();
        lines.into_iter().all(|line| known.contains(&squeezed(self.file.line_at(line))))
    }
}
