//! [`split`]: takes a tree apart, outermost nodes first.

use std::ops::Range;

use tree_sitter::{Node, Tree, TreeCursor};

use super::{Bond, Head, Item, ItemKind, Joint, Piece, Pieces, Role, Unit, identity};
use crate::{Language, SymbolKind};

/// Members of containers nested deeper than this are named without them: names would grow with the square of the depth.
const MAX_NAMED_DEPTH: u16 = 64;
/// How much of a place's first line names it, in bytes.
const IDENTIFYING: usize = 64;

/// Takes `source` apart until `fits` holds for every piece that is not a single token. `fits` is asked about half-open
/// byte ranges.
pub(crate) fn split(
    language: Language,
    tree: &Tree,
    source: &str,
    fits: &mut dyn FnMut(Range<usize>) -> bool,
) -> Pieces {
    let root = tree.root_node();
    let joint = Joint { bond: Bond::Blank, depth: 0, within: false, identity: 0 };
    let first = Task {
        node: root,
        start: 0,
        joint,
        depth: 0,
        item: None,
        scope: Scope::Items,
        named_depth: 0,
        is_member: false,
        forced: false,
    };
    let mut splitter =
        Splitter { language, source, fits, cursor: root.walk(), stack: vec![first], found: Pieces::default() };
    while let Some(task) = splitter.stack.pop() {
        splitter.take(task);
    }
    finish(splitter.found, source)
}

/// A node that is to be kept or taken apart.
#[derive(Clone, Copy)]
struct Task<'tree> {
    node: Node<'tree>,
    /// Where its text starts: its indentation, or the documentation that is kept with it.
    start: usize,
    joint: Joint,
    /// The depth of the joints between its children.
    depth: u16,
    item: Option<usize>,
    scope: Scope,
    named_depth: u16,
    is_member: bool,
    /// Whether it is taken apart even if it fits.
    forced: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Children are items.
    Items,
    /// Children are parts of one item.
    Body,
}

struct Splitter<'a, 'tree> {
    language: Language,
    source: &'a str,
    fits: &'a mut dyn FnMut(Range<usize>) -> bool,
    cursor: TreeCursor<'tree>,
    stack: Vec<Task<'tree>>,
    found: Pieces,
}

/// White space before a node.
struct Gap {
    /// Where the node's own line begins, if nothing else stands on it before the node; else the node.
    line: usize,
    lines: usize,
}

impl<'tree> Splitter<'_, 'tree> {
    fn take(&mut self, task: Task<'tree>) {
        let node = task.node;
        let role = self.language.role(node);
        let is_leaf = matches!(role, Role::Leaf | Role::Comment) || node.child_count() == 0;
        let range = task.start..node.end_byte();
        if is_leaf || (!task.forced && (self.fits)(range.clone())) {
            let Task { joint, item, is_member, .. } = task;
            self.found.pieces.push(Piece { range, joint, item, is_member });
            return;
        }
        let from = self.stack.len();
        self.children(&task, role);
        self.stack.get_mut(from..).unwrap_or_default().reverse();
    }

    /// Pushes the children of a node, in order.
    fn children(&mut self, task: &Task<'tree>, role: Role) {
        let from = self.stack.len();
        let mut run = Run { from, previous: None, lead: None, test: false, clause: None, opened: false, identity: 0 };
        self.cursor.reset(task.node);
        let mut more = self.cursor.goto_first_child();
        let (mut parts, mut links) = (false, false);
        while more {
            let node = self.cursor.node();
            if node.start_byte() < node.end_byte() {
                let is_first = self.stack.len() == from;
                let bond = self.child(task, role, node, &mut run).bond;
                parts |= !is_first && bond > Bond::Link;
                links |= !is_first && bond == Bond::Link;
            }
            more = self.cursor.goto_next_sibling();
        }
        if !parts && !links {
            self.force(from);
        }
        if parts {
            for child in self.stack.get_mut(from..).unwrap_or_default() {
                child.depth = child.depth.saturating_add(2);
            }
        }
    }

    /// Has the largest child taken apart, if nothing parts the children and each of them fits: a head and its block
    /// part between the statements, not before the block.
    fn force(&mut self, from: usize) {
        let Self { stack, fits, .. } = self;
        let children = stack.get_mut(from..).unwrap_or_default();
        if children.iter().all(|child| fits(child.start..child.node.end_byte())) {
            let inner = children.iter_mut().filter(|child| child.node.child_count() > 0);
            if let Some(largest) = inner.max_by_key(|child| child.node.end_byte() - child.node.start_byte()) {
                largest.forced = true;
            }
        }
    }

    fn child(&mut self, task: &Task<'tree>, parent: Role, node: Node<'tree>, run: &mut Run<'tree>) -> Joint {
        let role = self.language.role(node);
        let is_first = self.stack.len() == run.from;
        let gap = self.gap(node.start_byte());
        let bond = if is_first { Bond::Token } else { self.bond(parent, node, role, &gap, run) };
        let mut child = Task { node, start: gap.line, scope: Scope::Body, forced: false, ..*task };
        let trails = !is_first && role == Role::Comment && gap.lines == 0;
        // Names are asked for last, since most joints never need one.
        let mut joint = Joint { bond, depth: task.depth, within: task.scope == Scope::Body, identity: 0 };
        if is_first {
            joint = task.joint;
            child.start = task.start;
        } else {
            joint.identity = self.line_identity(node);
            if task.scope == Scope::Body {
                // Lines that are alike, such as closing ones, differ by what stands before and around them.
                let before = std::mem::replace(&mut run.identity, joint.identity);
                joint.identity ^= before.rotate_left(17) ^ task.joint.identity.rotate_left(31);
            }
        }
        child.joint = joint;
        if !bond.is_glue() {
            run.lead = None;
        }
        let unit = match (parent, role) {
            _ if trails => Unit::Plain,
            (Role::List, Role::Comment) => Unit::Prefix { test: false },
            (Role::List, Role::Token | Role::Separator | Role::Closer) => Unit::Plain,
            (Role::List, _) if task.scope == Scope::Items => {
                let prefix =
                    task.item.and_then(|item| self.found.items.get(item)).map_or("", |item| item.prefix.as_str());
                let prefix = if task.named_depth > MAX_NAMED_DEPTH { "" } else { prefix };
                self.language.unit(node, self.source, prefix)
            }
            _ => Unit::Plain,
        };
        match unit {
            _ if task.scope == Scope::Body || parent != Role::List => {
                if task.scope == Scope::Items && (role == Role::List || parent != Role::List) {
                    child.scope = Scope::Items;
                }
                self.stack.push(child);
            }
            Unit::Prefix { test } => {
                if run.lead.is_none() {
                    run.lead = Some(self.stack.len());
                    run.test = false;
                }
                run.test |= test;
                child.is_member = true;
                self.stack.push(child);
            }
            Unit::Item(head) => joint = self.item(child, head, run),
            Unit::Plain => {
                if trails {
                    child.item = self.stack.last().map_or(task.item, |before| before.item);
                } else {
                    (run.lead, run.clause) = (None, None);
                    child.is_member = !matches!(role, Role::Token | Role::Closer | Role::Separator);
                }
                if role == Role::List {
                    child.scope = Scope::Items;
                }
                self.stack.push(child);
            }
        }
        if !trails {
            run.previous = Some(Previous { node, role, is_prefix: run.lead.is_some() });
            run.opened |= !matches!(role, Role::Comment | Role::Token);
        }
        joint
    }

    /// Pushes an item, with the documentation before it if both fit. Returns the joint before them.
    fn item(&mut self, mut child: Task<'tree>, head: Head, run: &mut Run<'tree>) -> Joint {
        let lead = run.lead.take().unwrap_or(self.stack.len());
        let mut first = self.stack.get(lead).map_or(child, |first| *first);
        let outer = child.item.and_then(|outer| self.found.items.get(outer)).map(|outer| outer.kind);
        let is_rust = self.language == Language::Rust;
        let kind = match (head.kind, std::mem::take(&mut run.test), outer) {
            (ItemKind::Symbol(SymbolKind::Function), true, _) => ItemKind::Symbol(SymbolKind::Test),
            (
                ItemKind::Symbol(SymbolKind::Function),
                _,
                Some(ItemKind::Symbol(SymbolKind::Impl | SymbolKind::Trait)),
            ) if is_rust => ItemKind::Symbol(SymbolKind::Method),
            (kind, ..) => kind,
        };
        let clause = head.has_clauses.then(|| identity(kind_number(kind), &head.name));
        let item = match run.clause {
            Some((before, item)) if Some(before) == clause => {
                if !first.joint.bond.is_glue() {
                    first.joint.depth = first.joint.depth.saturating_add(1);
                    first.joint.within = true;
                }
                item
            }
            _ => {
                if !head.name.is_empty() && lead > run.from {
                    first.joint.identity = identity(kind_number(kind), &head.qualified);
                }
                let Head { name, qualified, prefix, .. } = head;
                self.found.items.push(Item { kind, name, qualified, prefix, container: child.item });
                self.found.items.len() - 1
            }
        };
        run.clause = clause.map(|clause| (clause, item));
        child.item = Some(item);
        child.is_member = false;
        if head.contains {
            child.scope = Scope::Items;
            child.named_depth = child.named_depth.saturating_add(1);
        }
        if (self.fits)(first.start..child.node.end_byte()) {
            self.stack.truncate(lead);
            child.start = first.start;
            child.joint = first.joint;
        } else {
            child.joint.within = true;
            for before in self.stack.get_mut(lead..).unwrap_or_default() {
                (before.item, before.is_member, before.joint.within) = (Some(item), false, true);
            }
            // The first of them is what stands before the item.
            let leading = self.stack.get_mut(lead).unwrap_or(&mut child);
            leading.joint = first.joint;
        }
        self.stack.push(child);
        first.joint
    }

    /// What holds a child that is not the first to the one before it.
    fn bond(&self, parent: Role, node: Node, role: Role, gap: &Gap, run: &Run<'tree>) -> Bond {
        let previous = run.previous;
        let before = previous.map(|previous| previous.role);
        let wrap = if gap.lines > 0 { Bond::Wrap } else { Bond::Token };
        let entry = if gap.lines > 1 { Bond::Blank } else { Bond::Entry };
        match (before, role) {
            (_, Role::Comment) if gap.lines == 0 => Bond::Token,
            (_, Role::Separator | Role::Closer) => Bond::Token,
            (_, Role::Branch) => entry,
            (Some(Role::Separator), _) => entry,
            (Some(Role::Comment), _) if parent == Role::List && gap.lines > 1 && !self.documents(run) => entry,
            (Some(Role::Comment), _) => Bond::Doc,
            _ if previous.is_some_and(|previous| previous.is_prefix) => Bond::Doc,
            _ => match parent {
                Role::List if before == Some(Role::Token) && !run.opened && node.is_named() => Bond::Head,
                Role::List if node.is_named() || gap.lines > 0 => entry,
                Role::Link if gap.lines > 0 && links(node, role, previous) => Bond::Link,
                Role::Tokens if gap.lines > 0 && before == Some(Role::Tokens) => entry,
                _ => wrap,
            },
        }
    }

    /// Whether the comment before is documentation.
    fn documents(&self, run: &Run<'tree>) -> bool {
        let text = run.previous.and_then(|previous| self.source.get(previous.node.byte_range())).unwrap_or_default();
        text.starts_with("///") || text.starts_with("/**")
    }

    fn gap(&self, at: usize) -> Gap {
        let bytes = self.source.as_bytes().get(..at).unwrap_or_default();
        let blank = bytes.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = at.saturating_sub(blank);
        let space = bytes.get(start..).unwrap_or_default();
        let is_end =
            |(index, byte): &(usize, &u8)| **byte == b'\n' || (**byte == b'\r' && space.get(index + 1) != Some(&b'\n'));
        let lines = space.iter().enumerate().filter(is_end).count();
        let line = match space.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(last) => start + last + 1,
            None => at,
        };
        Gap { line, lines }
    }

    fn line_identity(&self, node: Node) -> u64 {
        let bytes = self.source.as_bytes().get(node.byte_range()).unwrap_or_default();
        let line = bytes.iter().take(IDENTIFYING).take_while(|byte| !matches!(byte, b'\n' | b'\r'));
        line.fold(0, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

/// What has gathered among the children of one node.
struct Run<'tree> {
    /// The length of the stack before the first child.
    from: usize,
    previous: Option<Previous<'tree>>,
    /// Where on the stack the documentation and the attributes of the next item begin.
    lead: Option<usize>,
    /// Whether they make it a test.
    test: bool,
    /// The item before, if what follows may be its next clause.
    clause: Option<(u64, usize)>,
    /// Whether anything but comments and tokens was met.
    opened: bool,
    /// The first line of the child before, in the body of an item.
    identity: u64,
}

/// The child before, comments at its line's end left out.
#[derive(Clone, Copy)]
struct Previous<'tree> {
    node: Node<'tree>,
    role: Role,
    is_prefix: bool,
}

/// Whether a joint next to an operator, or before the dot of a method, is one of a chain.
fn links(node: Node, role: Role, previous: Option<Previous>) -> bool {
    let before = previous.filter(|previous| previous.role == Role::Token).map(|previous| previous.node);
    let operator = if role == Role::Token { Some(node) } else { before };
    operator.is_some_and(|operator| !matches!(operator.kind(), "=" | "::" | "<-" | "->" | "=>" | "when" | "\\\\"))
}

fn kind_number(kind: ItemKind) -> u64 {
    match kind {
        ItemKind::Symbol(kind) => 1 + kind as u64,
        ItemKind::Import => 0,
    }
}

/// Lets each piece reach as far as text does before the next: what the parser skipped belongs to what stands before it.
fn finish(mut found: Pieces, source: &str) -> Pieces {
    let bytes = source.as_bytes();
    let end_of = |range: Range<usize>| {
        let text = bytes.get(range.clone()).unwrap_or_default();
        range.start + text.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1)
    };
    let mut next = source.len();
    for piece in found.pieces.iter_mut().rev() {
        piece.range.end = end_of(piece.range.start..next);
        next = piece.range.start;
    }
    found.pieces.retain(|piece| !piece.range.is_empty());
    if let Some(first) = found.pieces.first_mut() {
        let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let space = bytes.get(..blank).unwrap_or_default();
        first.range.start = space.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    }
    found
}
