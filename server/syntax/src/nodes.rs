//! [`Nodes`]: a parse as plain values, for those who change code by its syntax.

use std::{ops::Range, sync::LazyLock};

use tree_sitter::Tree;

use crate::Language;

// They live on, as the names in them do.
static ELIXIR: LazyLock<tree_sitter::Language> = LazyLock::new(|| Language::Elixir.grammar());
static RUST: LazyLock<tree_sitter::Language> = LazyLock::new(|| Language::Rust.grammar());

/// A node of a parse. Kinds and fields are those of the language's grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its kind: `binary_expression`, or the mark or word itself, such as `<`.
    pub kind: &'static str,
    /// The field of its parent that it is.
    pub field: Option<&'static str>,
    /// Half-open, in bytes.
    pub range: Range<usize>,
    /// Index of its parent.
    pub parent: Option<usize>,
    /// One past the index of the last node below it.
    pub last: usize,
    /// Whether it is more than a mark or a word of the language.
    pub is_named: bool,
    /// Whether it is a comment, which may stand anywhere.
    pub is_comment: bool,
    /// Whether it, or something below it, did not parse.
    pub is_broken: bool,
}

/// The nodes of a parse that share bytes with a range or stand beside one that does, each after its parent, in the order
/// of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes(Vec<Node>);

impl Nodes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<&Node> {
        self.0.get(at)
    }

    /// Its kind; empty where there is none.
    pub fn kind(&self, at: usize) -> &'static str {
        self.get(at).map_or("", |node| node.kind)
    }

    /// Its field; empty where it has none.
    pub fn field(&self, at: usize) -> &'static str {
        self.get(at).and_then(|node| node.field).unwrap_or_default()
    }

    /// Its range; empty where there is none.
    pub fn range(&self, at: usize) -> Range<usize> {
        self.get(at).map(|node| node.range.clone()).unwrap_or_default()
    }

    /// Its text, of the text that was parsed.
    pub fn text<'t>(&self, at: usize, text: &'t str) -> &'t str {
        text.get(self.range(at)).unwrap_or_default()
    }

    /// Its parent.
    pub fn parent(&self, at: usize) -> Option<usize> {
        self.get(at)?.parent
    }

    /// What is around it, from the innermost out.
    pub fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent(at), |at| self.parent(*at))
    }

    /// The nodes below it, at any depth.
    pub fn below(&self, at: usize) -> Range<usize> {
        at + 1..self.get(at).map_or(0, |node| node.last).max(at + 1)
    }

    /// Its children, marks and comments among them.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> + Clone {
        let end = self.below(at).end;
        let within = move |child: usize| (child < end).then_some(child);
        std::iter::successors(within(at + 1), move |child| within(self.below(*child).end))
    }

    /// Its children that are neither marks nor comments.
    pub fn named(&self, at: usize) -> impl Iterator<Item = usize> + Clone {
        self.children(at).filter(|child| self.get(*child).is_some_and(|node| node.is_named && !node.is_comment))
    }

    /// Its first child with a field.
    pub fn child(&self, at: usize, field: &str) -> Option<usize> {
        self.children(at).find(|child| self.field(*child) == field)
    }

    /// Its first child of a kind.
    pub fn of_kind(&self, at: usize, kind: &str) -> Option<usize> {
        self.children(at).find(|child| self.kind(*child) == kind)
    }
}

/// The nodes of a tree that share bytes with a range, those around them, and the children of these.
pub(crate) fn within(language: Language, tree: &Tree, range: &Range<usize>) -> Nodes {
    let mut nodes: Vec<Node> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let grammar = match language {
        Language::Elixir => &*ELIXIR,
        Language::Rust => &*RUST,
    };
    let mut cursor = tree.walk();
    let close = |nodes: &mut Vec<Node>, at: usize| {
        let last = nodes.len();
        if let Some(node) = nodes.get_mut(at) {
            node.last = last;
        }
    };
    // No recursion: a tree can be as deep as its text is long.
    loop {
        let node = cursor.node();
        let bytes = node.byte_range();
        let is_meant = bytes.start < range.end.max(range.start + 1) && range.start <= bytes.end;
        nodes.push(Node {
            kind: grammar.node_kind_for_id(node.kind_id()).unwrap_or_default(),
            field: cursor.field_id().and_then(|id| grammar.field_name_for_id(id.get())),
            range: bytes,
            parent: open.last().copied(),
            last: nodes.len() + 1,
            is_named: node.is_named(),
            is_comment: node.is_extra(),
            is_broken: node.has_error(),
        });
        if is_meant && cursor.goto_first_child() {
            open.push(nodes.len() - 1);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Nodes(nodes);
            }
            if let Some(at) = open.pop() {
                close(&mut nodes, at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Language, testing::parse};

    fn check(language: Language, source: &str, around: &str, expect: &[(&str, &str, &str)]) {
        let start = source.find(around).unwrap();
        let nodes = parse(language, source).0.nodes(&(start..start + around.len()));
        let found: Vec<_> =
            (0..nodes.len()).map(|at| (nodes.kind(at), nodes.field(at), nodes.text(at, source))).collect();
        for one in expect {
            assert!(found.contains(one), "{one:?} is not in {found:?}");
        }
    }

    #[test]
    fn nodes_have_kinds_and_fields() {
        let source = "fn a() -> bool { 1 < b }\nfn c() {}\n";
        check(
            Language::Rust,
            source,
            "1 < b",
            &[
                ("binary_expression", "", "1 < b"),
                ("<", "operator", "<"),
                ("identifier", "right", "b"),
                ("block", "body", "{ 1 < b }"),
            ],
        );
        check(
            Language::Elixir,
            "defmodule A do\n  def a(b), do: b and 1\nend\n",
            "b and 1",
            &[("binary_operator", "value", "b and 1"), ("and", "operator", "and"), ("integer", "right", "1")],
        );
    }

    proptest! {
        #[test]
        fn parents_hold_their_children(source in "[a-z (){};<>=\n\"]{0,60}", start in 0_usize..60, length in 0_usize..60) {
            for language in [Language::Rust, Language::Elixir] {
                let nodes = parse(language, &source).0.nodes(&(start..start + length));
                for at in 0..nodes.len() {
                    for child in nodes.children(at) {
                        prop_assert_eq!(nodes.parent(child), Some(at));
                        prop_assert!(nodes.below(at).contains(&child));
                        prop_assert!(nodes.range(at).start <= nodes.range(child).start);
                        prop_assert!(nodes.range(child).end <= nodes.range(at).end);
                    }
                    prop_assert!(nodes.ancestors(at).all(|outer| outer < at));
                }
            }
        }
    }
}
