//! The sections of an explanation that are lists: branches, calls, callers, failures, fields, members, assertions.

use aiex_syntax::{BranchKind, Facts, Outline, Symbol, SymbolKind};
use aiex_text::Text;

use super::{page::Page, title};
use crate::{
    english::{capped, count},
    markdown::{cell, code, first_paragraph, one_line},
    relations::{self, Callee, callees, callers, label, lines, visibility},
};

/// Characters shown of one excerpt.
const MAX_EXCERPT: usize = 100;
const MAX_BRANCHES: usize = 15;
const MAX_ARMS: usize = 8;
const MAX_CALLS: usize = 15;
const MAX_FIELDS: usize = 40;
const MAX_ROWS: usize = 60;

fn excerpt(text: &str) -> String {
    code(&one_line(text, MAX_EXCERPT))
}

fn line(text: &Text, offset: usize) -> usize {
    text.line_of(offset) + 1
}

/// `line 3`, `lines 3 and 9`, `lines 3, 9, 12, … and 4 more`.
fn at_lines(text: &Text, places: &[usize]) -> String {
    let mut numbers: Vec<_> = places.iter().map(|place| line(text, *place)).collect();
    numbers.dedup();
    let shown: Vec<_> = numbers.iter().map(usize::to_string).collect();
    match shown.as_slice() {
        [one] => format!("line {one}"),
        [one, two] => format!("lines {one} and {two}"),
        _ => format!("lines {}", capped(&shown, 8)),
    }
}

pub(super) fn branches(page: &mut Page, text: &Text, facts: &Facts) {
    let item = |branch: &aiex_syntax::Branch| {
        let subject = match branch.subject.is_empty() {
            true => String::new(),
            false if matches!(branch.kind, BranchKind::Case | BranchKind::Match | BranchKind::Try) => {
                format!(" on {}", excerpt(&branch.subject))
            }
            false => format!(" {}", excerpt(&branch.subject)),
        };
        let arms: Vec<_> = branch.arms.iter().map(|arm| excerpt(arm)).collect();
        let arms = if arms.is_empty() { String::new() } else { format!(": {}", capped(&arms, MAX_ARMS)) };
        let kind = branch.kind.as_str();
        format!("line {}: **{kind}**{subject}{arms}", line(text, branch.range.start))
    };
    let items: Vec<_> = facts.branches.iter().map(item).collect();
    page.list("Decides on", "", &items, MAX_BRANCHES);
}

pub(super) fn calls(page: &mut Page, outline: &Outline, text: &Text, index: usize) {
    let all = callees(outline, index);
    let shown = |callee: &Callee| {
        let defined = callee.target.and_then(|target| outline.symbols.get(target));
        let defined = defined.map(|symbol| format!("line {}", line(text, symbol.name_range.start)));
        let times = (callee.times > 1).then(|| format!("{} times", callee.times));
        let notes: Vec<_> = [defined, times].into_iter().flatten().collect();
        if notes.is_empty() { callee.name.clone() } else { format!("{} ({})", callee.name, notes.join(", ")) }
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = all.iter().partition(|callee| callee.target.is_some());
    let mut items = Vec::new();
    for (words, callees) in [("in this file", here), ("elsewhere", elsewhere)] {
        let names: Vec<_> = callees.into_iter().map(shown).collect();
        if !names.is_empty() {
            items.push(format!("{words}: {}", capped(&names, MAX_CALLS)));
        }
    }
    page.list("Calls", "", &items, 2);
}

pub(super) fn called_by(page: &mut Page, outline: &Outline, text: &Text, index: usize) {
    let item = |caller: &relations::Caller| format!("{} at {}", caller.name, at_lines(text, &caller.places));
    let items: Vec<_> = callers(outline, index).iter().map(item).collect();
    page.list("Called by", "in this file:", &items, MAX_CALLS);
}

pub(super) fn raises(page: &mut Page, facts: &Facts) {
    let items: Vec<_> = facts.raises.iter().map(|raise| excerpt(raise)).collect();
    if !items.is_empty() {
        page.paragraph(&format!("**Can fail** at {}", capped(&items, MAX_CALLS)));
    }
}

pub(super) fn fields(page: &mut Page, symbol: &Symbol, facts: &Facts) {
    let title = match symbol.kind {
        SymbolKind::Enum => "Variants",
        // What a trait holds are members, too, and stand in their table.
        SymbolKind::Trait => return,
        _ => "Fields",
    };
    let items: Vec<_> = facts.fields.iter().map(|field| excerpt(field)).collect();
    page.list(title, "", &items, MAX_FIELDS);
}

/// A table of what a container directly holds.
pub(super) fn members(page: &mut Page, outline: &Outline, text: &Text, index: usize) {
    let members: Vec<_> = outline.members(index).collect();
    table(page, "Members", outline, text, &members, Some(index));
}

/// A table of symbols, their names as seen from `from`.
pub(super) fn table(
    page: &mut Page,
    title: &str,
    outline: &Outline,
    text: &Text,
    symbols: &[usize],
    from: Option<usize>,
) {
    let row = |index: &usize| {
        let symbol = outline.symbols.get(*index)?;
        let at = lines(text, &symbol.range);
        let at = if at.start() == at.end() { at.start().to_string() } else { format!("{}–{}", at.start(), at.end()) };
        let doc = symbol.doc.as_deref().and_then(|doc| first_paragraph(doc, 80)).unwrap_or_default();
        let name = match symbol.kind {
            SymbolKind::Test | SymbolKind::TestGroup | SymbolKind::Block | SymbolKind::Impl => {
                code(&one_line(self::title(symbol), 80))
            }
            _ => label(outline, *index, from),
        };
        let visibility = visibility(symbol).unwrap_or_default().to_owned();
        Some([cell(&name), symbol.kind.as_str().to_owned(), visibility, at, cell(&doc)])
    };
    let rows: Vec<_> = symbols.iter().filter_map(row).collect();
    page.table(title, ["Name", "Kind", "Visibility", "Lines", "Documentation"], &rows, MAX_ROWS);
}

pub(super) fn implementations(page: &mut Page, outline: &Outline, text: &Text, index: usize) {
    let item = |found: relations::Implementation<'_>| {
        let symbol = outline.symbols.get(found.index)?;
        let is_subject = !matches!(outline.symbols.get(index)?.kind, SymbolKind::Trait | SymbolKind::Protocol);
        let name = match found.of {
            Some(of) if is_subject => excerpt(of),
            Some(_) => format!("for {}", excerpt(found.subject)),
            None => "its own functions".to_owned(),
        };
        let held = relations::members(outline, found.index);
        let held = if held.is_empty() { String::new() } else { format!(": {}", capped(&held, 6)) };
        Some(format!("{name}, line {}{held}", line(text, symbol.name_range.start)))
    };
    let items: Vec<_> = relations::implementations(outline, index).into_iter().filter_map(item).collect();
    page.list("Implementations", "in this file:", &items, MAX_CALLS);
}

/// What a test asserts: the first line of each assertion.
pub(super) fn asserts(page: &mut Page, outline: &Outline, text: &Text, index: usize) {
    if outline.symbols.get(index).is_none_or(|symbol| symbol.kind != SymbolKind::Test) {
        return;
    }
    let is_assertion = |callee: &str| {
        callee.starts_with("assert") || callee.starts_with("refute") || callee.starts_with("debug_assert")
    };
    let item = |call: &aiex_syntax::Call| {
        let at = text.line_of(call.name_range.start);
        format!("line {}: {}", at + 1, excerpt(&text.slice(call.name_range.start..text.line_range(at).end)))
    };
    let items: Vec<_> = outline.calls_from(index).filter(|call| is_assertion(&call.callee)).map(item).collect();
    let intro = if items.is_empty() { String::new() } else { format!("{}:", count(items.len(), "thing")) };
    page.list("Asserts", &intro, &items, MAX_CALLS);
}
