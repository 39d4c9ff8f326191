//! [`Lines`]: a text by lines, some of which are left out.

use std::ops::Range;

use aiex_syntax::Language;

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Kept,
    /// Left out, with a mark where it stood.
    Elided,
    /// Left out without one: it was no code.
    Folded,
}

/// The lines of a text. Only whole lines are left out, so that what is left is as it was written.
pub(super) struct Lines<'s> {
    source: &'s str,
    /// The bytes at which lines start, and the end.
    starts: Vec<usize>,
    fates: Vec<Fate>,
}

impl<'s> Lines<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let mut starts = vec![0];
        starts.extend(source.match_indices('\n').map(|(at, _)| at + 1));
        if starts.last() != Some(&source.len()) {
            starts.push(source.len());
        }
        let fates = vec![Fate::Kept; starts.len() - 1];
        Self { source, starts, fates }
    }

    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    pub(super) fn len(&self) -> usize {
        self.fates.len()
    }

    /// A line with its end.
    pub(super) fn text(&self, at: usize) -> &'s str {
        let start = self.starts.get(at).copied().unwrap_or(self.source.len());
        let end = self.starts.get(at + 1).copied().unwrap_or(self.source.len());
        self.source.get(start..end).unwrap_or_default()
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1).min(self.len().saturating_sub(1))
    }

    fn set(&mut self, at: usize, fate: Fate) {
        if let Some(entry) = self.fates.get_mut(at) {
            *entry = fate;
        }
    }

    pub(super) fn drop_silently(&mut self, at: usize) {
        self.set(at, Fate::Folded);
    }

    pub(super) fn has_dropped(&self) -> bool {
        self.fates.iter().any(|fate| *fate != Fate::Kept)
    }

    /// Leaves out the lines of a range, if it has them for itself.
    pub(super) fn drop_range(&mut self, range: &Range<usize>) -> bool {
        let (first, last) = (self.line_of(range.start), self.line_of(range.end.saturating_sub(1).max(range.start)));
        let start = self.starts.get(first).copied().unwrap_or(0);
        let end = self.starts.get(last + 1).copied().unwrap_or(self.source.len());
        let before = self.source.get(start..range.start).unwrap_or_default();
        let after = self.source.get(range.end..end).unwrap_or_default().trim();
        if !before.trim().is_empty() || !matches!(after, "" | ",") || self.has_kept_mark(first..last + 1) {
            return false;
        }
        (first..=last).for_each(|at| self.set(at, Fate::Elided));
        true
    }

    /// Leaves out the lines that a range covers from end to end, if there are several.
    pub(super) fn drop_inside(&mut self, range: &Range<usize>) -> bool {
        let covered: Vec<_> = (self.line_of(range.start)..=self.line_of(range.end))
            .filter(|at| {
                let start = self.starts.get(*at).copied().unwrap_or(0);
                let end = self.starts.get(at + 1).copied().unwrap_or(0);
                // A line of blanks and the bracket that closes is not the body's.
                let inside = self.source.get(start..end.min(range.end)).unwrap_or_default();
                range.start <= start
                    && end <= range.end + inside.len()
                    && end <= range.end.max(start)
                    && !inside.trim().is_empty()
                    || range.start <= start && end <= range.end
            })
            .collect();
        if covered.len() < 2 {
            return false;
        }
        covered.into_iter().for_each(|at| self.set(at, Fate::Elided));
        true
    }

    /// Lines that already stand for others stay.
    fn has_kept_mark(&self, lines: Range<usize>) -> bool {
        lines.into_iter().any(|at| self.text(at).contains("… "))
    }

    /// Leaves out what is farthest from the cursor, until the rest fits.
    pub(super) fn truncate(&mut self, cursor: usize, mark: &str, fits: &dyn Fn(&str) -> bool) -> Option<String> {
        let line = self.line_of(cursor);
        let kept: Vec<_> = (0..self.len()).filter(|at| self.fates.get(*at) == Some(&Fate::Kept)).collect();
        let (mut fewest, mut most) = (0, kept.len());
        let nearest = |count: usize| {
            let mut by_distance = kept.clone();
            // The first line says what it all is.
            by_distance.sort_by_key(|at| (*at > 0, at.abs_diff(line), *at));
            by_distance.truncate(count);
            by_distance
        };
        let with = |lines: &Self, count: usize| {
            let near = nearest(count);
            let mut fates = vec![Fate::Elided; lines.len()];
            for at in near {
                if let Some(fate) = fates.get_mut(at) {
                    *fate = Fate::Kept;
                }
            }
            Lines { source: lines.source, starts: lines.starts.clone(), fates }
        };
        while fewest < most {
            let middle = (fewest + most).div_ceil(2);
            match fits(&with(self, middle).render(mark, cursor).0) {
                true => fewest = middle,
                false => most = middle - 1,
            }
        }
        let gone = kept.len() - fewest;
        self.fates = with(self, fewest).fates;
        (gone > 0).then(|| format!("{gone} lines far from the cursor"))
    }

    /// The text that is left, with marks, and where the cursor stands in it.
    pub(super) fn render(&self, mark: &str, cursor: usize) -> (String, usize) {
        let mut out = String::with_capacity(self.source.len());
        let mut gone = 0;
        let mut moved = 0;
        for (at, fate) in self.fates.iter().enumerate() {
            let text = self.text(at);
            match fate {
                Fate::Elided => gone += 1,
                Fate::Folded => {}
                Fate::Kept => {
                    self.elision(&mut out, &mut gone, at, mark);
                    out.push_str(text);
                }
            }
            let start = self.starts.get(at).copied().unwrap_or(0);
            if start <= cursor {
                let within = (cursor - start).min(text.len());
                moved = if *fate == Fate::Kept { out.len() - text.len() + within } else { out.len() };
            }
        }
        self.elision(&mut out, &mut gone, self.len(), mark);
        (out, moved)
    }

    /// The mark for lines left out before the line `at`, as deep as the first of them stood.
    fn elision(&self, out: &mut String, gone: &mut usize, at: usize, mark: &str) {
        if *gone == 0 {
            return;
        }
        let first = self.text(at.saturating_sub(*gone));
        let indent: String = first.chars().take_while(|char| matches!(char, ' ' | '\t')).collect();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&format!("{indent}{mark} … {gone} lines left out\n"));
        *gone = 0;
    }

    /// Of each line, whether it begins outside of a string that goes over several lines.
    pub(super) fn outside_of_strings(&self, language: Language) -> Vec<bool> {
        let mut inside = false;
        let mut outside = Vec::with_capacity(self.len());
        for at in 0..self.len() {
            outside.push(!inside);
            let text = self.text(at);
            match language {
                Language::Elixir => {
                    inside ^= text.matches("\"\"\"").count() % 2 == 1 || text.matches("'''").count() % 2 == 1
                }
                Language::Rust => {
                    let quotes = text.replace("\\\"", "").replace("'\"'", "").matches('"').count();
                    let is_comment = !inside && text.trim_start().starts_with("//");
                    inside ^= quotes % 2 == 1 && !is_comment;
                }
            }
        }
        outside
    }
}

/// The entries of a body that have their lines for themselves: each begins on a line at the body's own indentation.
pub(super) fn entries(source: &str, body: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let text = source.get(body.clone()).unwrap_or_default();
    let mut depth = None;
    let mut at = body.start;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let content = line.trim();
        // What shares the line of the opening bracket is no entry of its own.
        if content.is_empty() || number == 0 {
            continue;
        }
        let width = line.len() - line.trim_start().len();
        let depth = *depth.get_or_insert(width);
        let begins = width == depth && !content.starts_with([')', ']', '}']);
        let end = start + line.trim_end().trim_end_matches(',').len();
        match found.last_mut() {
            // Attributes and docs belong to what follows.
            Some(last) if !begins || is_prefix(source.get(last.clone()).unwrap_or_default()) => last.end = end,
            _ if begins => found.push(start + width..end),
            _ => {}
        }
    }
    found.retain(|entry| entry.end <= body.end);
    found
}

fn is_prefix(text: &str) -> bool {
    let last = text.lines().next_back().unwrap_or_default().trim();
    last.starts_with("#[") || last.starts_with("//") || last.starts_with('@')
}

/// What stands between brackets that open at the end of a line and hold many lines.
pub(super) fn brackets(source: &str) -> Vec<Range<usize>> {
    const LEAST: usize = super::LEAST_RUN;
    let mut open: Vec<(usize, usize, char)> = Vec::new();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        let trimmed = line.trim_end();
        let first = trimmed.trim_start().chars().next();
        if let Some((start, from, bracket)) = open.last().copied()
            && first == Some(bracket)
        {
            open.pop();
            let inner = found.last().is_some_and(|last| start <= last.start);
            if number - from > LEAST && !inner {
                found.push(start..at);
            }
        }
        let closes = match trimmed.chars().next_back() {
            Some('[') => Some(']'),
            Some('(') => Some(')'),
            Some('{') if trimmed.ends_with("%{") || trimmed.ends_with("![{") => Some('}'),
            _ => None,
        };
        if let Some(closes) = closes {
            open.push((at + trimmed.len(), number, closes));
        }
        at += line.len();
    }
    found
}
