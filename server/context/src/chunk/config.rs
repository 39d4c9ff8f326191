//! TOML, JSON and YAML: by tables and keys, deeper ones after those that hold them.

use std::iter::Peekable;

use aiex_syntax::{Bond, Item, ItemKind, Joint, Piece, Pieces, SymbolKind, identity};

use super::{
    lines::{Line, head, indented, lines},
    merge::joint,
    size::Size,
};

/// How much of a key is kept as a name, in bytes.
const LONGEST_NAME: usize = 120;

fn item(name: &str) -> Item {
    let name = head(name, LONGEST_NAME).to_owned();
    let kind = ItemKind::Symbol(SymbolKind::Block);
    Item { kind, qualified: name.clone(), name, prefix: String::new(), container: None }
}

/// Lines that gather pieces; comments belong to what follows them.
#[derive(Default)]
struct Gathered {
    found: Pieces,
    /// Where among the pieces the comments begin that belong to the next line.
    comments: Option<usize>,
}

impl Gathered {
    fn comment(&mut self, line: &Line, mut joint: Joint) {
        match self.comments {
            Some(_) if !line.after_blank => joint.bond = Bond::Doc,
            _ => self.comments = Some(self.found.pieces.len()),
        }
        self.push(line, joint);
    }

    /// Adds a line, and gives its joint to the comments before it. A line that begins an item brings it.
    fn line(&mut self, line: &Line, mut joint: Joint, begins: Option<Item>) {
        let comments = self.comments.take().filter(|_| !line.after_blank);
        let starts = begins.is_some();
        self.found.items.extend(begins);
        let current = self.found.items.len().checked_sub(1);
        if let Some(leading) = comments {
            for (index, piece) in self.found.pieces.iter_mut().enumerate().skip(leading) {
                if starts {
                    piece.item = current;
                }
                if index == leading {
                    piece.joint = joint;
                }
            }
            joint.bond = Bond::Doc;
        }
        self.push(line, joint);
    }

    fn push(&mut self, line: &Line, joint: Joint) {
        let current = self.found.items.len().checked_sub(1);
        self.found.pieces.push(line.piece(joint, current));
    }
}

/// Tables, and in them keys. What is in brackets or in a string of several lines stays together longest.
pub(super) fn toml(source: &str) -> Pieces {
    const KEY: u16 = 16;
    let mut gathered = Gathered::default();
    let mut value = Value::default();
    let mut after_header = false;
    let mut ahead = lines(source).peekable();
    while let Some(line) = ahead.next() {
        let mut held = indented(&line, None);
        held.depth = KEY + value.depth.saturating_mul(2).saturating_add(u16::from(!line.after_blank)).min(64);
        let is_inside = value.depth > 0 || value.quote.is_some();
        if is_inside {
            value.read(line.text);
            gathered.push(&line, held);
        } else if line.text.starts_with('#') {
            gathered.comment(&line, held);
        } else if let Some(header) = line.text.strip_prefix('[') {
            let name = header.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
            let depth = u16::try_from(name.matches('.').count()).unwrap_or(u16::MAX).min(KEY - 1);
            let full = element(name, header, &mut ahead);
            gathered.line(&line, joint(Bond::Blank, depth, identity(0, &full)), Some(item(&full)));
            after_header = true;
            continue;
        } else {
            if after_header {
                held.bond = Bond::Head;
            }
            value.read(line.text);
            gathered.line(&line, held, None);
        }
        after_header = false;
    }
    gathered.found
}

/// The name of a table. Elements of an array of tables have one name, and are told apart by what they call themselves.
fn element<'s>(name: &str, header: &str, ahead: &mut Peekable<impl Iterator<Item = Line<'s>>>) -> String {
    let own = ahead.peek().filter(|_| header.starts_with('[')).and_then(|line| {
        let value = line.text.strip_prefix("name")?.trim_start().strip_prefix('=')?.trim();
        Some(value.trim_matches(['"', '\'']))
    });
    own.map_or_else(|| name.to_owned(), |own| format!("{name} {own}"))
}

/// How far into a value of TOML a line's end is.
#[derive(Default)]
struct Value {
    depth: u16,
    /// The marks that end a string of several lines.
    quote: Option<&'static str>,
}

impl Value {
    fn read(&mut self, line: &str) {
        let mut rest = line;
        while !rest.is_empty() {
            if let Some(quote) = self.quote {
                match rest.find(quote).and_then(|at| rest.get(at + quote.len()..)) {
                    Some(after) => (rest, self.quote) = (after, None),
                    None => return,
                }
                continue;
            }
            let long = ["\"\"\"", "'''"].into_iter().find_map(|quote| Some((quote, rest.strip_prefix(quote)?)));
            if let Some((quote, after)) = long {
                (rest, self.quote) = (after, Some(quote));
                continue;
            }
            let mut chars = rest.chars();
            match chars.next() {
                Some('#') => return,
                Some('[' | '{') => self.depth = self.depth.saturating_add(1),
                Some(']' | '}') => self.depth = self.depth.saturating_sub(1),
                Some(quote @ ('"' | '\'')) => {
                    let mut escaped = false;
                    for char in chars.by_ref() {
                        if char == quote && !escaped {
                            break;
                        }
                        escaped = char == '\\' && quote == '"' && !escaped;
                    }
                }
                _ => {}
            }
            rest = chars.as_str();
        }
    }
}

/// Keys of the outermost mapping, then by indentation.
pub(super) fn yaml(source: &str) -> Pieces {
    let mut gathered = Gathered::default();
    let mut before = None;
    for mut line in lines(source) {
        // An element stands under its key even where it is not indented.
        let is_element = line.text == "-" || line.text.starts_with("- ");
        let is_outermost = line.indent == 0 && !is_element;
        line.indent = line.indent.saturating_mul(2) + usize::from(is_element);
        let held = indented(&line, before);
        if line.text.starts_with('#') {
            gathered.comment(&line, indented(&line, None));
            continue;
        }
        let key = line.text.split_once(':').filter(|_| is_outermost).map(|(key, _)| key.trim_matches(['"', '\'']));
        before = Some(line.indent);
        gathered.line(&line, held, key.map(item));
    }
    gathered.found
}

/// Entries of objects and arrays; one that fits is not looked into. Comments are borne.
pub(super) fn json(source: &str, size: Size) -> Pieces {
    let containers = Containers::read(source);
    let mut found = Pieces::default();
    let mut next = 0;
    let mut depth = 0_u16;
    let mut is_object = false;
    // What holds the next entry to what is before it, once it begins.
    let mut begins = Some(Bond::Blank);
    let mut at = 0;
    let bytes = source.as_bytes();
    while let Some(byte) = bytes.get(at).copied() {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let closes = matches!(byte, b'}' | b']');
        if let Some(bond) = begins.take().filter(|_| !closes || found.pieces.is_empty()) {
            let name = source.get(at..).unwrap_or_default();
            let key = if byte == b'"' { name.get(1..string(bytes, at).saturating_sub(at + 1)) } else { None };
            if let Some(key) = key.filter(|_| depth == 1 && is_object) {
                found.items.push(item(key));
            }
            let current = found.items.len().checked_sub(1).filter(|_| depth > 0);
            let joint = joint(bond, depth, identity(0, head(name, 64).lines().next().unwrap_or_default()));
            let start = line_start(bytes, at);
            found.pieces.push(Piece { range: start..start, joint, item: current, is_member: false });
        }
        match byte {
            b'"' => at = string(bytes, at),
            b'/' => at = comment(source, at),
            b'{' | b'[' => {
                let (end, after) = containers.at(next);
                if size.fits(source, at..end) && found.pieces.len() > 1 {
                    (at, next) = (end, after);
                    continue;
                }
                is_object = if depth == 0 { byte == b'{' } else { is_object };
                (at, next, depth, begins) = (at + 1, next + 1, depth.saturating_add(1), Some(Bond::Head));
            }
            b'}' | b']' => (at, depth) = (at + 1, depth.saturating_sub(1)),
            b',' => (at, begins) = (at + 1, Some(Bond::Entry)),
            _ => at += 1,
        }
    }
    let mut end = source.len();
    for piece in found.pieces.iter_mut().rev() {
        let text = source.get(piece.range.start..end).unwrap_or_default();
        piece.range.end = piece.range.start + text.trim_end_matches(|char: char| char.is_ascii_whitespace()).len();
        end = piece.range.start;
    }
    found
}

/// Where each object and array ends and which is the first after it, in the order in which they begin.
struct Containers(Vec<(usize, usize)>);

impl Containers {
    fn read(source: &str) -> Self {
        let bytes = source.as_bytes();
        let mut found = vec![];
        let mut open = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at = match byte {
                b'"' => string(bytes, at),
                b'/' => comment(source, at),
                _ => at + 1,
            };
            match byte {
                b'{' | b'[' => {
                    open.push(found.len());
                    found.push((source.len(), usize::MAX));
                }
                b'}' | b']' => {
                    let count = found.len();
                    if let Some(container) = open.pop().and_then(|open| found.get_mut(open)) {
                        *container = (at, count);
                    }
                }
                _ => {}
            }
        }
        Self(found)
    }

    fn at(&self, index: usize) -> (usize, usize) {
        self.0.get(index).copied().unwrap_or((usize::MAX, usize::MAX))
    }
}

/// One past the string that begins at a quote; strings end with their line.
fn string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii) => at += 1,
            b'"' => return at + 1,
            b'\n' => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// One past the comment that begins at a slash, or past the slash.
fn comment(source: &str, from: usize) -> usize {
    let rest = source.get(from..).unwrap_or_default();
    let end = match rest.get(..2) {
        Some("//") => rest.find('\n').unwrap_or(rest.len()),
        Some("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
        _ => 1,
    };
    from + end
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    let indent = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match before.len().checked_sub(indent + 1).and_then(|before_that| bytes.get(before_that)) {
        None | Some(b'\n' | b'\r') => at - indent,
        _ => at,
    }
}
