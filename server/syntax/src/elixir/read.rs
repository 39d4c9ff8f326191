//! [`all`] and [`within`]: read a tree into [`Nodes`], and put together what syntax errors took apart.

use std::ops::Range;

use tree_sitter::{Node as TreeNode, Tree};

use super::{
    kinds::{GRAMMAR, Kind},
    nodes::{NONE, Node, Nodes},
};

/// The nodes of the whole tree of `source`.
pub(super) fn all<'s>(tree: &Tree, source: &'s str) -> Nodes<'s> {
    within(tree, source, std::slice::from_ref(&(0..source.len().max(1))))
}

/// The nodes of the whole tree, but for those below the blocks of functions, macros and tests.
pub(super) fn outside_of_bodies<'s>(tree: &Tree, source: &'s str) -> Nodes<'s> {
    read(tree, source, std::slice::from_ref(&(0..source.len().max(1))), false)
}

/// The nodes that overlap `ranges`, which must be in order, with everything that contains them.
pub(super) fn within<'s>(tree: &Tree, source: &'s str, ranges: &[Range<usize>]) -> Nodes<'s> {
    read(tree, source, ranges, true)
}

fn read<'s>(tree: &Tree, source: &'s str, ranges: &[Range<usize>], bodies: bool) -> Nodes<'s> {
    let nodes = Nodes { source, nodes: Vec::new(), comments: Vec::new() };
    let mut reader = Reader { nodes, path: Vec::new(), opens: Vec::new(), definition: None, bodies };
    let mut ranges = ranges.iter().peekable();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        while ranges.next_if(|range| range.end <= node.start_byte()).is_some() {}
        let Some(range) = ranges.peek() else { break };
        let inside = range.start < node.end_byte().max(node.start_byte() + 1);
        if inside && reader.enter(node) {
            let starts_before = node.start_byte() < range.start;
            if starts_before && cursor.goto_first_child_for_byte(range.start).is_some() || cursor.goto_first_child() {
                continue;
            }
            reader.leave();
        }
        let mut more = true;
        while more && !cursor.goto_next_sibling() {
            more = cursor.goto_parent();
            if more {
                reader.leave();
            }
        }
        if !more {
            break;
        }
    }
    while !reader.path.is_empty() {
        reader.leave();
    }
    reader.nodes
}

/// A walk over a tree. Where the text has errors, the parser leaves a definition's keyword, arguments and `do`
/// as loose children of an error; the reader puts them back together as a call with a block up to its `end`, the next
/// definition, or the end of the error.
///
/// An expression half typed takes the definition after it as its argument, and the definition's block with it: of
/// `x def f(y) do … end`, the block is that of `x`. The reader gives it back.
struct Reader<'s> {
    nodes: Nodes<'s>,
    path: Vec<Frame>,
    opens: Vec<Open>,
    /// The last call that was a definition's.
    definition: Option<usize>,
    /// Whether the bodies of functions are read.
    bodies: bool,
}

/// A node whose children are being read.
struct Frame {
    node: usize,
    kind: Kind,
    /// Of a block, the definition that it was given back to, and the call that had it.
    given_back: Option<(usize, usize)>,
    /// The call around an identifier that has just been read among the children of an error.
    word: Option<usize>,
    previous: Option<usize>,
    previous_end: u32,
}

/// A block that was put back together; without a call, one that only has to be paired with its `end`.
struct Open {
    depth: usize,
    call: Option<(usize, usize)>,
}

impl<'s> Reader<'s> {
    /// Takes a node; whether its children are wanted.
    fn enter(&mut self, node: TreeNode) -> bool {
        let id = node.kind_id();
        let kind = match id {
            u16::MAX => Some(Kind::Error),
            _ => GRAMMAR.kinds.get(usize::from(id)).copied().flatten(),
        };
        let (start, end) = (narrow(node.start_byte()), narrow(node.end_byte()));
        let within = self.path.last().map(|frame| (frame.kind, frame.node));
        let Some(kind) = kind else {
            match within {
                _ if id == GRAMMAR.comment => self.nodes.comments.push(node.byte_range()),
                Some((Kind::Error, _)) => self.loose_token(id, start, end),
                Some((Kind::Binary | Kind::Unary, parent)) => {
                    if let Some(parent) = self.nodes.nodes.get_mut(parent).filter(|parent| parent.operator == 0) {
                        parent.operator = id;
                    }
                }
                Some((Kind::DoBlock, parent)) if self.nodes.slice(start as usize..end as usize) == "end" => {
                    if let Some(parent) = self.nodes.nodes.get_mut(parent) {
                        parent.ended = true;
                    }
                }
                _ => {}
            }
            return false;
        };
        if let Some((Kind::Error, _)) = within {
            if self.nodes.slice(start as usize..end as usize) == "end" {
                self.close_one(end, true);
                return false;
            }
            self.loose_node(kind, start, end);
        }
        if kind == Kind::Error && first_word(self.rest(start)) == "do" {
            self.open(start);
        }
        let given_back = (kind == Kind::DoBlock).then(|| self.robbed(within?.1)).flatten();
        let at = self.push(kind, start, end);
        if let Some((definition, _)) = given_back {
            self.set_parent(at, definition);
        }
        if kind == Kind::Identifier && self.nodes.is_first(at) && starts_definition(self.nodes.text(at)) {
            self.definition = self.nodes.parent(at);
        }
        if let Some(frame) = self.path.last_mut() {
            frame.previous = Some(at);
            frame.previous_end = end;
        }
        if matches!(kind, Kind::Identifier | Kind::Alias) || !self.bodies && kind == Kind::String {
            return false;
        }
        if kind == Kind::DoBlock && !self.bodies && self.is_function(at) {
            let ended = self.nodes.text(at).ends_with("end");
            if let Some(block) = self.nodes.nodes.get_mut(at) {
                block.ended = ended;
            }
            return false;
        }
        self.path.push(Frame { node: at, kind, given_back, word: None, previous: None, previous_end: end });
        true
    }

    /// Whether a block is the body of a function, a macro or a test.
    fn is_function(&self, block: usize) -> bool {
        let word = self.nodes.parent(block).map_or("", |call| self.nodes.word(call));
        matches!(word, "def" | "defp" | "defmacro" | "defmacrop" | "test")
    }

    /// The definition to which the coming block of `call` belongs, if that is another one.
    fn robbed(&self, call: usize) -> Option<(usize, usize)> {
        let definition = self.definition.filter(|definition| *definition > call)?;
        let ends_here = self.nodes.last(definition) == self.nodes.len();
        let has_body =
            self.nodes.child(definition, Kind::DoBlock).is_some() || self.nodes.pair(definition, "do").is_some();
        (ends_here && !has_body).then_some((definition, call))
    }

    fn leave(&mut self) {
        self.end_word();
        let end = self.path.last().map_or(0, |frame| frame.previous_end);
        while self.opens.last().is_some_and(|open| open.depth == self.path.len()) {
            self.close_one(end, false);
        }
        let Some(frame) = self.path.pop() else { return };
        self.set_end(frame.node, None);
        if let Some((definition, robber)) = frame.given_back {
            let end = narrow(self.nodes.range(frame.node).end);
            let mut within = Some(definition);
            while let Some(at) = within.filter(|at| *at > robber) {
                self.set_end(at, Some(end));
                within = self.nodes.parent(at);
            }
        }
    }

    fn push(&mut self, kind: Kind, start: u32, end: u32) -> usize {
        let at = self.nodes.len();
        let block = self.opens.last().filter(|open| open.depth == self.path.len()).and_then(|open| open.call);
        let frame = self.path.last();
        let word = frame.and_then(|frame| frame.word);
        let parent = word.or(block.map(|(_, block)| block)).or(frame.map(|frame| frame.node));
        let parent = parent.map_or(NONE, narrow);
        self.nodes.nodes.push(Node { kind, ended: false, operator: 0, start, end, parent, last: narrow(at + 1) });
        at
    }

    fn set_end(&mut self, at: usize, end: Option<u32>) {
        let last = narrow(self.nodes.len());
        if let Some(node) = self.nodes.nodes.get_mut(at) {
            node.last = last;
            node.end = end.unwrap_or(node.end);
        }
    }

    fn set_parent(&mut self, at: usize, parent: usize) {
        if let Some(node) = self.nodes.nodes.get_mut(at) {
            node.parent = narrow(parent);
        }
    }

    /// A token among the children of an error.
    fn loose_token(&mut self, id: u16, start: u32, end: u32) {
        match GRAMMAR.names.get(usize::from(id)).copied() {
            Some("do") => self.open(start),
            Some("fn") => self.opens.push(Open { depth: self.path.len(), call: None }),
            Some("end") => self.close_one(end, true),
            _ => self.end_word(),
        }
        if let Some(frame) = self.path.last_mut() {
            frame.previous_end = end;
        }
    }

    /// A node among the children of an error, before it is pushed.
    fn loose_node(&mut self, kind: Kind, start: u32, end: u32) {
        if kind == Kind::Arguments {
            let word = self.path.last().and_then(|frame| frame.word);
            if let Some(call) = word.and_then(|word| self.nodes.nodes.get_mut(word)) {
                call.kind = Kind::Call;
                call.end = end;
            }
            return;
        }
        self.end_word();
        let depth = self.path.len();
        if starts_definition(self.rest(start)) {
            let end = self.path.last().map_or(start, |frame| frame.previous_end);
            let holds = |open: &Open| open.call.is_some_and(|(call, _)| is_container(self.nodes.word(call)));
            let kept = self.opens.iter().rposition(|open| open.depth != depth || holds(open)).map_or(0, |at| at + 1);
            while self.opens.len() > kept {
                self.close_one(end, false);
            }
        }
        if kind == Kind::Identifier {
            let call = self.push(Kind::Other, start, end);
            if let Some(frame) = self.path.last_mut() {
                frame.word = Some(call);
            }
        }
    }

    /// At a loose `do`: opens the block of the call before it.
    fn open(&mut self, start: u32) {
        let word = self.path.last().and_then(|frame| frame.word);
        self.end_word();
        let calls = |at: &usize| self.nodes.kind(*at) == Kind::Call && self.nodes.child(*at, Kind::DoBlock).is_none();
        let before = self.path.last().and_then(|frame| frame.previous).filter(calls);
        let call = word.or(before).map(|call| {
            let block = self.push(Kind::DoBlock, start, start);
            self.set_parent(block, call);
            if let Some(node) = self.nodes.nodes.get_mut(call) {
                node.kind = Kind::Call;
            }
            (call, block)
        });
        self.opens.push(Open { depth: self.path.len(), call });
    }

    fn close_one(&mut self, end: u32, ended: bool) {
        self.end_word();
        let depth = self.path.len();
        let Some(open) = self.opens.pop_if(|open| open.depth == depth) else { return };
        if let Some((call, block)) = open.call {
            self.set_end(block, Some(end));
            self.set_end(call, Some(end));
            if let Some(block) = self.nodes.nodes.get_mut(block) {
                block.ended = ended;
            }
            if let Some(frame) = self.path.last_mut() {
                frame.previous = Some(call);
                frame.previous_end = frame.previous_end.max(end);
            }
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.path.last_mut().and_then(|frame| frame.word.take()) else { return };
        self.set_end(word, None);
        if let Some(frame) = self.path.last_mut() {
            frame.previous = Some(word);
        }
    }

    fn rest(&self, start: u32) -> &'s str {
        self.nodes.source.get(start as usize..).unwrap_or_default()
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

fn first_word(text: &str) -> &str {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}

pub(super) fn starts_definition(text: &str) -> bool {
    match text.strip_prefix('@') {
        Some(attribute) => matches!(first_word(attribute), "doc" | "spec" | "impl"),
        None => {
            let word = first_word(text);
            matches!(word, "def" | "defp" | "defmacro" | "defmacrop" | "test" | "describe") || is_container(word)
        }
    }
}

fn is_container(word: &str) -> bool {
    matches!(word, "defmodule" | "defimpl" | "defprotocol" | "describe")
}
