//! Texts without a grammar, by lines: paragraphs, indentation, closing brackets; and what is cut within a token.

use std::ops::Range;

use aiex_syntax::{Bond, Joint, Piece, Pieces, identity};

use super::{merge::joint, size::Size};

/// A line that is not blank.
#[derive(Clone, Debug)]
pub(super) struct Line<'s> {
    /// Half-open, in bytes: with its indentation, without white space at its end.
    pub(super) range: Range<usize>,
    /// Without indentation.
    pub(super) text: &'s str,
    /// In columns, a tab counting as four.
    pub(super) indent: usize,
    /// Whether a blank line stands before it.
    pub(super) after_blank: bool,
}

impl Line<'_> {
    pub(super) fn identity(&self) -> u64 {
        const LONGEST: usize = 64;
        identity(0, head(self.text, LONGEST))
    }

    pub(super) fn piece(&self, joint: Joint, item: Option<usize>) -> Piece {
        Piece { range: self.range.clone(), joint, item, is_member: false }
    }
}

/// The lines that are not blank. They end at LF, CRLF or a lone CR.
pub(super) fn lines(source: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    let mut after_blank = false;
    source.split_inclusive(['\n', '\r']).filter_map(move |whole| {
        let range = start..start + whole.len();
        start = range.end;
        let unended = whole.strip_suffix(['\n', '\r']).unwrap_or(whole);
        let ended = unended.trim_end_matches(|char: char| char.is_ascii_whitespace());
        if ended.is_empty() {
            // The LF of a CRLF is no line of its own.
            after_blank |= !(whole == "\n" && source.get(..range.start).is_some_and(|before| before.ends_with('\r')));
            return None;
        }
        let text = ended.trim_start_matches(|char: char| char.is_ascii_whitespace());
        let space = ended.len() - text.len();
        let indent = ended.bytes().take(space).map(|byte| if byte == b'\t' { 4 } else { 1 }).sum();
        let line = Line { range: range.start..range.start + ended.len(), text, indent, after_blank };
        after_blank = false;
        Some(line)
    })
}

/// Plain text: it parts at blank lines before others, and where it is indented less.
pub(super) fn pieces(source: &str) -> Pieces {
    let mut pieces = Vec::new();
    let mut before: Option<usize> = None;
    for line in lines(source) {
        pieces.push(line.piece(indented(&line, before), None));
        before = Some(line.indent);
    }
    Pieces { pieces, items: Vec::new() }
}

/// What holds a line to the one before it, which is indented by `before` columns.
pub(super) fn indented(line: &Line, before: Option<usize>) -> Joint {
    let bond = match before {
        _ if closes(line.text) => Bond::Wrap,
        Some(before) if line.indent > before && !line.after_blank => Bond::Head,
        _ if line.after_blank => Bond::Blank,
        _ => Bond::Entry,
    };
    // Paragraphs of one depth part before lines of it do, and lines of it before deeper paragraphs.
    let depth = line.indent.saturating_mul(2) + usize::from(!line.after_blank);
    joint(bond, u16::try_from(depth).unwrap_or(u16::MAX), line.identity())
}

/// The start of a text, at most `longest` bytes of it.
pub(super) fn head(text: &str, longest: usize) -> &str {
    text.get(..floor(text, longest)).unwrap_or_default()
}

/// The last place between characters that is at most `at`, and the first that is at least that.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

fn closes(text: &str) -> bool {
    let rest = text.trim_start_matches(['}', ')', ']', '>', ';', ',']);
    rest.len() < text.len()
        || matches!(text, "end" | "fi" | "done" | "esac" | "else" | "else:")
        || text.starts_with("</")
}

/// Cuts pieces that do not fit: at line ends, then at white space, then between characters.
pub(super) fn cut(source: &str, pieces: Vec<Piece>, size: Size) -> Vec<Piece> {
    if pieces.iter().all(|piece| size.fits(source, piece.range.clone())) {
        return pieces;
    }
    let mut cut = Vec::with_capacity(pieces.len() + 16);
    for piece in pieces {
        if size.fits(source, piece.range.clone()) {
            cut.push(piece);
            continue;
        }
        let text = source.get(piece.range.clone()).unwrap_or_default();
        let mut joint = piece.joint;
        for line in lines(text) {
            let inner = indented(&line, None);
            let line_joint = Joint {
                bond: inner.bond.max(Bond::Entry),
                depth: piece.joint.depth.saturating_add(2).saturating_add(u16::from(!line.after_blank)),
                within: true,
                identity: inner.identity,
            };
            if cut.last().is_some_and(|before: &Piece| before.range.start >= piece.range.start) {
                joint = line_joint;
            }
            let mut start = piece.range.start + line.range.start;
            let end = piece.range.start + line.range.end;
            while start < end {
                let to = longest(source, start..end, size);
                cut.push(Piece { range: start..trimmed(source, start..to), joint, ..piece });
                joint = Joint { bond: Bond::Token, identity: identity(start as u64, ""), ..line_joint };
                start = to;
            }
        }
    }
    cut.retain(|piece| !piece.range.is_empty());
    cut
}

fn trimmed(source: &str, range: Range<usize>) -> usize {
    let text = source.get(range.clone()).unwrap_or_default();
    range.start + text.trim_end_matches(|char: char| char.is_ascii_whitespace()).len()
}

/// How far from the start of a range as much reaches as fits; at least one character.
fn longest(source: &str, range: Range<usize>, size: Size) -> usize {
    if size.fits(source, range.clone()) {
        return range.end;
    }
    let (mut fits, mut over) = (range.start, range.end);
    // The estimate grows with the text, so that the place can be searched for; first near by, since lines can be long.
    let mut step = 64;
    while fits + step < over {
        let at = floor(source, fits + step);
        match size.fits(source, range.start..at) {
            true => (fits, step) = (at, step * 2),
            false => over = at,
        }
    }
    while fits < over {
        let middle = ceil(source, fits + (over - fits).div_ceil(2));
        match middle <= range.end && middle < over && size.fits(source, range.start..middle) {
            true => fits = middle,
            false if middle >= over => break,
            false => over = middle,
        }
    }
    let first = ceil(source, range.start + 1);
    let most = fits.max(first).min(range.end);
    let text = source.get(range.start..most).unwrap_or_default();
    match text.rfind(|char: char| char.is_ascii_whitespace()) {
        Some(space) if space > text.len() / 2 => range.start + space + 1,
        _ => most,
    }
}
