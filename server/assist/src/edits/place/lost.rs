//! Whether a reply that repeats a file or a module repeats all of it.

use super::{super::Refusal, Found, Place};

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
        let named = |name: &String| self.task.names(name);
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
                found.push(one);
            }
        }
        let is_all = self.file.members(Some(old)).all(|member| found.contains(&member));
        let range = self.reply.symbols.get(new).map(|symbol| symbol.range.clone()).unwrap_or_default();
        Ok(is_all && !self.marks.iter().any(|mark| range.contains(&mark.at)))
    }
}
