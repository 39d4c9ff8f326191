//! Markdown, by headings.

use aiex_syntax::{Bond, Item, ItemKind, Pieces, SymbolKind};

use super::lines::{Line, head, indented, lines};

/// Depths of joints: headings by their level, 1 to 6, then what stands in a section, then what stands in a fence.
const IN_SECTION: u16 = 8;
const IN_FENCE: u16 = 48;

/// Sections as items. A heading holds to what follows it; a fence is one block.
pub(super) fn pieces(source: &str) -> Pieces {
    let mut found = Pieces::default();
    // The section of each level that is open.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut fence: Option<Fence> = None;
    let mut front_matter = false;
    let mut before: Option<usize> = None;
    let mut after_heading = false;
    let mut ahead = lines(source).peekable();
    while let Some(line) = ahead.next() {
        let is_first = before.is_none();
        let next = ahead.peek();
        let mut joint = indented(&line, before);
        joint.depth = joint.depth.saturating_add(IN_SECTION);
        if let Some(open) = &fence {
            joint.depth = joint.depth.saturating_add(IN_FENCE);
            if open.closes(&line) {
                (fence, joint.bond) = (None, Bond::Wrap);
            }
        } else if front_matter {
            joint.depth = joint.depth.saturating_add(IN_FENCE);
            front_matter = line.text != "---";
        } else if is_first && line.range.start == 0 && line.text == "---" {
            front_matter = true;
        } else if let Some(opened) = Fence::opens(&line) {
            fence = Some(opened);
            joint.bond = joint.bond.max(Bond::Entry);
        } else if let Some((level, title)) = heading(&line, next) {
            open.retain(|(outer, _)| *outer < level);
            let container = open.last().map(|(_, section)| *section);
            let outer = container.and_then(|outer| found.items.get(outer)).map_or("", |outer| outer.prefix.as_str());
            let qualified = format!("{outer}{title}");
            let prefix = format!("{qualified} > ");
            open.push((level, found.items.len()));
            joint = super::merge::joint(Bond::Blank, u16::try_from(level).unwrap_or(IN_SECTION), line.identity());
            let kind = ItemKind::Symbol(SymbolKind::Block);
            found.items.push(Item { kind, name: title.to_owned(), qualified, prefix, container });
            after_heading = true;
            before = Some(0);
            found.pieces.push(line.piece(joint, open.last().map(|(_, section)| *section)));
            continue;
        }
        if std::mem::take(&mut after_heading) {
            joint.bond = Bond::Head;
        }
        before = Some(line.indent);
        found.pieces.push(line.piece(joint, open.last().map(|(_, section)| *section)));
    }
    found
}

struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// CommonMark, "Fenced code blocks".
    fn opens(line: &Line) -> Option<Self> {
        let mark = line.text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = line.text.trim_start_matches(mark);
        let length = line.text.len() - info.len();
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self { mark, length })
    }

    fn closes(&self, line: &Line) -> bool {
        line.text.chars().all(|char| char == self.mark) && line.text.len() >= self.length
    }
}

/// The level and the title of a heading, `#` or underlined.
fn heading<'s>(line: &Line<'s>, next: Option<&Line>) -> Option<(usize, &'s str)> {
    if line.indent > 3 {
        return None;
    }
    let title = line.text.trim_start_matches('#');
    let level = line.text.len() - title.len();
    if (1..=6).contains(&level) && (title.is_empty() || title.starts_with([' ', '\t'])) {
        return Some((level, cut(title.trim().trim_end_matches('#').trim_end())));
    }
    let next = next.filter(|next| !next.after_blank && next.indent <= 3)?;
    let underlined = |mark: char| next.text.len() >= 2 && next.text.chars().all(|char| char == mark);
    match line.text.starts_with(['-', '*', '>', '|', '+']) {
        false if underlined('=') => Some((1, cut(line.text))),
        false if underlined('-') => Some((2, cut(line.text))),
        _ => None,
    }
}

fn cut(title: &str) -> &str {
    const LONGEST: usize = 120;
    head(title, LONGEST)
}
