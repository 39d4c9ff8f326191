//! The heads of definitions: name, parameters and guard of what `def` and its kin, `@spec` and `@callback` define.

use std::ops::Range;

use super::{
    nodes::{Kind, Nodes},
    read::starts_definition,
};

/// The head of a definition.
pub(super) struct Head {
    /// The node without its guard: `add(cart, item)`.
    pub(super) node: usize,
    pub(super) name: Range<usize>,
    /// The expression after `when`.
    pub(super) guard: Option<usize>,
    pub(super) parameters: Vec<usize>,
}

impl Head {
    /// The head of a call such as `def …`.
    pub(super) fn of_definition(nodes: &Nodes, call: usize) -> Option<Self> {
        let first = nodes.arguments(call).next()?;
        match nodes.sides(first, &["when"]) {
            Some((head, guard)) => Self::new(nodes, head, Some(guard)),
            None => Self::new(nodes, first, None),
        }
    }

    /// The head that an attribute such as `@spec f(a) :: b when a: term` is about.
    pub(super) fn of_attribute(nodes: &Nodes, call: usize) -> Option<Self> {
        let mut head = nodes.arguments(call).next()?;
        while let Some((left, _)) = nodes.sides(head, &["when", "::"]) {
            head = left;
        }
        Self::new(nodes, head, None)
    }

    fn new(nodes: &Nodes, node: usize, guard: Option<usize>) -> Option<Self> {
        let range = nodes.range(node);
        let operands = || nodes.children(node).collect();
        let (name, parameters) = match nodes.kind(node) {
            Kind::Identifier => (range, Vec::new()),
            Kind::Call => (nodes.range(nodes.target(node)?), nodes.arguments(node).collect()),
            Kind::Unary => (range.start..range.start + nodes.operator(node).len(), operands()),
            Kind::Binary => {
                let after = nodes.range(nodes.children(node).next()?).end;
                let start = after + nodes.slice(after..range.end).find(nodes.operator(node))?;
                (start..start + nodes.operator(node).len(), operands())
            }
            _ => return None,
        };
        (!name.is_empty()).then_some(Self { node, name, guard, parameters })
    }
}

/// Between `do` and `end`, or after `do:`.
pub(super) fn body(nodes: &Nodes, call: usize) -> Option<Range<usize>> {
    match nodes.child(call, Kind::DoBlock) {
        Some(block) => Some(nodes.block(block)),
        None => nodes.keyword(call, "do").map(|value| nodes.range(value)),
    }
}

/// A call as written, up to its `do`.
pub(super) fn signature(nodes: &Nodes, call: usize) -> String {
    let range = nodes.range(call);
    let block = nodes.child(call, Kind::DoBlock).or_else(|| nodes.pair(call, "do"));
    let end = block.map_or(range.end, |block| nodes.range(block).start);
    upto_definition(nodes.slice(range.start..end)).trim_end_matches([',', '(']).trim_end().to_owned()
}

/// A text up to the first line that starts a definition, which it holds only where it is half typed.
pub(super) fn upto_definition(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end > 0 && starts_definition(line.trim_start()) {
            break;
        }
        end += line.len();
    }
    text.get(..end).unwrap_or_default().trim_end()
}
