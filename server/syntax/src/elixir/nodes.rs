//! [`Nodes`]: the named nodes of a tree in one array, so that parents and siblings are a step away and no walk recurses.

use std::ops::Range;

use super::kinds::GRAMMAR;
pub(super) use super::kinds::Kind;

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Of a block, whether it has its `end`.
    pub(super) ended: bool,
    /// The kind id of its operator; 0 without one.
    pub(super) operator: u16,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) parent: u32,
    /// One past the last node below it.
    pub(super) last: u32,
}

pub(super) const NONE: u32 = u32::MAX;

/// Nodes in preorder, by index. An index that is none of theirs has no text, no parent and no children.
pub(super) struct Nodes<'s> {
    pub(super) source: &'s str,
    pub(super) nodes: Vec<Node>,
    /// In order.
    pub(super) comments: Vec<Range<usize>>,
}

impl<'s> Nodes<'s> {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, at: usize) -> Node {
        let none = Node { kind: Kind::Other, ended: false, operator: 0, start: 0, end: 0, parent: NONE, last: 0 };
        self.nodes.get(at).copied().unwrap_or(none)
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        self.node(at).kind
    }

    /// The operator of a unary or binary operator; empty for other nodes.
    pub(super) fn operator(&self, at: usize) -> &'static str {
        match self.node(at).operator {
            0 => "",
            id => GRAMMAR.names.get(usize::from(id)).copied().unwrap_or_default(),
        }
    }

    /// Between the `do` and the `end` of a block; up to where the parser closed it, if it has none.
    pub(super) fn block(&self, at: usize) -> Range<usize> {
        let range = self.range(at);
        let start = (range.start + "do".len()).min(range.end);
        let end = if self.node(at).ended { range.end.saturating_sub("end".len()) } else { range.end };
        start..end.max(start)
    }

    pub(super) fn range(&self, at: usize) -> Range<usize> {
        let node = self.node(at);
        node.start as usize..node.end as usize
    }

    pub(super) fn text(&self, at: usize) -> &'s str {
        self.slice(self.range(at))
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'s str {
        self.source.get(range).unwrap_or_default()
    }

    pub(super) fn parent(&self, at: usize) -> Option<usize> {
        Some(self.node(at).parent as usize).filter(|parent| *parent < self.len())
    }

    /// One past the last node below this one.
    pub(super) fn last(&self, at: usize) -> usize {
        self.node(at).last as usize
    }

    pub(super) fn children(&self, at: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        let end = self.last(at);
        let within = move |child: usize| (child < end).then_some(child);
        std::iter::successors(within(at + 1), move |child| within(self.last(*child).max(child + 1)))
    }

    pub(super) fn child(&self, at: usize, kind: Kind) -> Option<usize> {
        self.children(at).find(|child| self.kind(*child) == kind)
    }

    pub(super) fn is_first(&self, at: usize) -> bool {
        self.parent(at).is_some_and(|parent| parent + 1 == at)
    }

    /// Whether this is the right side of the operator above it.
    pub(super) fn is_right_of(&self, at: usize, operator: &str) -> bool {
        self.parent(at).is_some_and(|parent| {
            self.kind(parent) == Kind::Binary
                && parent + 1 != at
                && self.last(parent) == self.last(at)
                && self.operator(parent) == operator
        })
    }

    /// Both sides of a binary operator, if this is one and its operator is one of these.
    pub(super) fn sides(&self, at: usize, operators: &[&str]) -> Option<(usize, usize)> {
        if self.kind(at) != Kind::Binary || !operators.contains(&self.operator(at)) {
            return None;
        }
        let mut operands = self.children(at).filter(|child| self.kind(*child) != Kind::Error);
        Some((operands.next()?, operands.next()?))
    }

    /// What a call calls.
    pub(super) fn target(&self, at: usize) -> Option<usize> {
        (self.kind(at) == Kind::Call && self.last(at) > at + 1).then_some(at + 1)
    }

    /// The identifier that a call calls, such as `def` or `if`; empty for other nodes.
    pub(super) fn word(&self, at: usize) -> &'s str {
        match self.target(at) {
            Some(target) if self.kind(target) == Kind::Identifier => self.text(target),
            _ => "",
        }
    }

    /// The arguments of a call, keywords as one.
    pub(super) fn arguments(&self, at: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.child(at, Kind::Arguments).into_iter().flat_map(|arguments| self.children(arguments))
    }

    /// The value of a keyword among the arguments of a call.
    pub(super) fn keyword(&self, at: usize, key: &str) -> Option<usize> {
        self.pair(at, key).and_then(|pair| self.children(pair).nth(1))
    }

    pub(super) fn pair(&self, at: usize, key: &str) -> Option<usize> {
        let keywords = self.arguments(at).find(|argument| self.kind(*argument) == Kind::Keywords)?;
        self.children(keywords).find(|pair| self.key(*pair) == key)
    }

    /// The key of a pair, without its colon.
    pub(super) fn key(&self, pair: usize) -> &'s str {
        self.children(pair).next().map_or("", |key| self.text(key).trim_end().trim_end_matches(':'))
    }

    /// The text of a range on one line, comments left out and every run of white space one space, cut with `…` after
    /// `limit` characters.
    pub(super) fn excerpt(&self, range: Range<usize>, limit: usize) -> String {
        let first = self.comments.partition_point(|comment| comment.end <= range.start);
        let comments = self.comments.iter().skip(first).take_while(|comment| comment.start < range.end);
        let gaps = comments.clone().map(|comment| comment.end);
        let starts = std::iter::once(range.start).chain(gaps);
        let ends = comments.map(|comment| comment.start).chain([range.end]);
        let mut out = String::new();
        let mut count = 0;
        let mut space = false;
        for char in starts.zip(ends).flat_map(|(start, end)| self.slice(start..end).chars().chain([' '])) {
            if char.is_whitespace() {
                space = !out.is_empty();
                continue;
            }
            count += 1 + usize::from(space);
            if count > limit {
                out.push('…');
                return out;
            }
            if std::mem::take(&mut space) {
                out.push(' ');
            }
            out.push(char);
        }
        out
    }
}
