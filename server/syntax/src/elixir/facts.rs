//! [`find`]: the facts of one symbol, from the nodes of its clauses.

use std::collections::HashSet;

use super::{
    heads::Head,
    nodes::{Kind, Nodes},
    symbols,
};
use crate::{Branch, BranchKind, ClauseFacts, Facts, Symbol, SymbolKind};

/// Longest text of a returned expression, in characters.
const RETURN: usize = 80;
/// Longest text of anything else.
const EXCERPT: usize = 200;

/// Whether a symbol can have facts: what only contains other symbols has none of its own.
pub(super) fn has_any(kind: SymbolKind) -> bool {
    !matches!(kind, SymbolKind::Module | SymbolKind::Protocol | SymbolKind::Impl | SymbolKind::TestGroup)
}

/// The facts of `symbol`, whose clauses `nodes` holds.
pub(super) fn find(nodes: &Nodes, symbol: &Symbol) -> Facts {
    let mut search = Search { nodes, symbol, facts: Facts::default() };
    let facts = &mut search.facts;
    facts.clauses.resize_with(symbol.clauses.len(), ClauseFacts::default);
    let mut clauses = symbol.clauses.iter().map(|clause| &clause.range).enumerate().peekable();
    for at in 0..nodes.len() {
        let range = nodes.range(at);
        while clauses.next_if(|(_, clause)| clause.start < range.start).is_some() {}
        if matches!(nodes.kind(at), Kind::Call | Kind::Unary)
            && let Some((number, _)) = clauses.next_if(|(_, clause)| **clause == range)
        {
            let clause = search.clause(at);
            if let Some(slot) = search.facts.clauses.get_mut(number) {
                *slot = clause;
            }
        }
    }
    search.facts.raises = distinct(search.facts.raises);
    search.facts
}

fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

struct Search<'n, 's> {
    nodes: &'n Nodes<'s>,
    symbol: &'n Symbol,
    facts: Facts,
}

impl Search<'_, '_> {
    fn excerpt(&self, at: usize) -> String {
        self.nodes.excerpt(self.nodes.range(at), EXCERPT)
    }

    fn clause(&mut self, at: usize) -> ClauseFacts {
        match self.symbol.kind {
            SymbolKind::Struct | SymbolKind::Exception => {
                self.facts.fields = self.nodes.arguments(at).flat_map(|keys| self.keys(keys)).collect();
                ClauseFacts::default()
            }
            SymbolKind::Type | SymbolKind::Callback => self.typed(at),
            SymbolKind::Test => {
                self.walk(at, None);
                let context = self.nodes.arguments(at).skip(1).filter(|node| self.nodes.kind(*node) != Kind::Keywords);
                ClauseFacts { parameters: context.map(|node| self.excerpt(node)).collect(), ..ClauseFacts::default() }
            }
            SymbolKind::Block => {
                self.walk(at, None);
                self.facts.fields = self.schema_fields(at);
                let is_setup = self.symbol.name.starts_with("setup");
                ClauseFacts { returns: if is_setup { self.returns(at) } else { Vec::new() }, ..ClauseFacts::default() }
            }
            _ => {
                let head = Head::of_definition(self.nodes, at);
                self.walk(at, head.as_ref().map(|head| head.node));
                let guard = head.as_ref().and_then(|head| head.guard);
                let parameters = head.map_or_else(Vec::new, |head| head.parameters);
                ClauseFacts {
                    parameters: parameters.into_iter().map(|node| self.excerpt(node)).collect(),
                    guard: guard.map(|guard| self.excerpt(guard)),
                    returns: match (self.symbol.kind, guard) {
                        (SymbolKind::Guard, Some(guard)) => vec![self.nodes.excerpt(self.nodes.range(guard), RETURN)],
                        _ => self.returns(at),
                    },
                }
            }
        }
    }

    /// A type or callback: what stands left and right of its `::`.
    fn typed(&mut self, at: usize) -> ClauseFacts {
        let Some(call) = self.nodes.child(at, Kind::Call) else { return ClauseFacts::default() };
        let mut typed = self.nodes.arguments(call).next();
        let mut guard = None;
        if let Some((left, right)) = typed.and_then(|typed| self.nodes.sides(typed, &["when"])) {
            (typed, guard) = (Some(left), Some(self.excerpt(right)));
        }
        let mut variants = Vec::new();
        let mut rest = typed.and_then(|typed| self.nodes.sides(typed, &["::"])).map(|(_, right)| right);
        while let Some(variant) = rest {
            let union = self.nodes.sides(variant, &["|"]);
            variants.push(union.map_or(variant, |(left, _)| left));
            rest = union.map(|(_, right)| right);
        }
        if self.symbol.kind == SymbolKind::Type {
            self.facts.fields = match *variants {
                [only] if self.nodes.kind(only) == Kind::Map => self.map_fields(only),
                _ => variants.iter().map(|variant| self.excerpt(*variant)).collect(),
            };
            return ClauseFacts::default();
        }
        let parameters = Head::of_attribute(self.nodes, call).map_or_else(Vec::new, |head| head.parameters);
        ClauseFacts {
            parameters: parameters.into_iter().map(|node| self.excerpt(node)).collect(),
            guard,
            returns: variants.iter().map(|variant| self.nodes.excerpt(self.nodes.range(*variant), RETURN)).collect(),
        }
    }

    /// The entries of a map or struct, one text each.
    fn map_fields(&self, map: usize) -> Vec<String> {
        let contents = self.nodes.child(map, Kind::Entries).into_iter();
        let entries = contents.flat_map(|content| self.nodes.children(content)).flat_map(|entry| self.pairs(entry));
        entries.map(|entry| self.excerpt(entry)).collect()
    }

    /// The pairs of keywords, or the node itself.
    fn pairs(&self, at: usize) -> Vec<usize> {
        match self.nodes.kind(at) {
            Kind::Keywords => self.nodes.children(at).collect(),
            _ => vec![at],
        }
    }

    /// The keys of `defstruct` and `defexception`, with their defaults.
    fn keys(&self, at: usize) -> Vec<String> {
        let key = |node: usize| self.excerpt(node).trim_start_matches(':').to_owned();
        match self.nodes.kind(at) {
            Kind::List => self.nodes.children(at).flat_map(|item| self.pairs(item)).map(key).collect(),
            Kind::Sigil => {
                let words = super::docs::contents(self.nodes, at).map_or("", |range| self.nodes.slice(range));
                words.split_whitespace().map(str::to_owned).collect()
            }
            _ => self.pairs(at).into_iter().map(key).collect(),
        }
    }

    /// What an Ecto schema declares.
    fn schema_fields(&self, at: usize) -> Vec<String> {
        let Some(block) = self.nodes.child(at, Kind::DoBlock) else { return Vec::new() };
        let declares = |node: &usize| {
            matches!(
                self.nodes.word(*node),
                "field"
                    | "belongs_to"
                    | "has_one"
                    | "has_many"
                    | "many_to_many"
                    | "embeds_one"
                    | "embeds_many"
                    | "timestamps"
            )
        };
        let declarations = self.nodes.children(block).filter(declares);
        let upto_block = |node: usize| {
            let range = self.nodes.range(node);
            let end = self.nodes.child(node, Kind::DoBlock).map_or(range.end, |block| self.nodes.range(block).start);
            self.nodes.excerpt(range.start..end, EXCERPT)
        };
        declarations.map(upto_block).collect()
    }

    /// Branches, raises and nesting of a clause; of definitions inside it nothing.
    fn walk(&mut self, clause: usize, head: Option<usize>) {
        if let Some(block) = self.nodes.child(clause, Kind::DoBlock)
            && self.nodes.children(block).any(|child| is_rescue(self.nodes.kind(child)))
        {
            let arms = self.handlers(clause);
            self.facts.branches.push(Branch {
                kind: BranchKind::Try,
                subject: String::new(),
                arms,
                range: self.nodes.range(block),
            });
        }
        let first = clause + 1;
        let mut depths = vec![0_usize; self.nodes.last(clause).saturating_sub(first)];
        let mut at = first;
        while at < self.nodes.last(clause) {
            let word = self.nodes.word(at);
            if symbols::function_kind(word).is_some() || word == "defmodule" {
                at = self.nodes.last(at);
                continue;
            }
            let parent = self.nodes.parent(at).and_then(|parent| parent.checked_sub(first));
            let outer = parent.and_then(|parent| depths.get(parent).copied()).unwrap_or_default();
            let nests = self.branch(at) || self.nodes.kind(at) == Kind::Fn;
            if let Some(depth) = depths.get_mut(at - first) {
                *depth = outer + usize::from(nests);
                self.facts.nesting = self.facts.nesting.max(*depth);
            }
            if head != Some(at) {
                self.raise(at);
            }
            at += 1;
        }
    }

    /// Whether a node branches; if so, adds it.
    fn branch(&mut self, at: usize) -> bool {
        let kind = match self.nodes.kind(at) {
            Kind::Fn if self.arms(at).count() > 1 => BranchKind::Case,
            Kind::Call => match branch_kind(self.nodes.word(at)) {
                Some(kind) => kind,
                None => return false,
            },
            _ => return false,
        };
        let given = || self.nodes.arguments(at).filter(|node| self.nodes.kind(*node) != Kind::Keywords);
        let subject = match kind {
            BranchKind::If | BranchKind::Case => {
                let piped = self.nodes.is_right_of(at, "|>").then(|| self.nodes.parent(at).map(|pipe| pipe + 1));
                let subject = piped.flatten().or_else(|| given().next());
                subject.map_or_else(String::new, |subject| self.excerpt(subject))
            }
            BranchKind::Loop => given().map(|node| self.excerpt(node)).collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        let arms = match kind {
            BranchKind::With => given().map(|node| self.excerpt(node)).collect(),
            BranchKind::Case | BranchKind::Cond => match self.section(at, "do") {
                Some(section) => self.patterns(section),
                None => self.patterns(at),
            },
            BranchKind::Receive => {
                let mut arms = self.section(at, "do").map_or_else(Vec::new, |section| self.patterns(section));
                let after = self.section(at, "after").map_or_else(Vec::new, |section| self.patterns(section));
                arms.extend(after.into_iter().map(|time| format!("after {time}")));
                arms
            }
            BranchKind::Try => self.handlers(at),
            _ => Vec::new(),
        };
        self.facts.branches.push(Branch { kind, subject, arms, range: self.nodes.range(at) });
        true
    }

    /// The patterns by which a `try`, or a definition with a `rescue` of its own, handles what happens in its body.
    fn handlers(&self, call: usize) -> Vec<String> {
        let sections = ["rescue", "catch", "else"].into_iter().filter_map(|key| self.section(call, key));
        sections.flat_map(|section| self.patterns(section)).collect()
    }

    /// The block of a call after `do` or `else`, or the value of `do:` or `else:`.
    fn section(&self, call: usize, key: &str) -> Option<usize> {
        let Some(block) = self.nodes.child(call, Kind::DoBlock) else { return self.nodes.keyword(call, key) };
        match key {
            "do" => Some(block),
            "else" => self.nodes.child(block, Kind::Else),
            "rescue" => self.nodes.child(block, Kind::Rescue),
            "catch" => self.nodes.child(block, Kind::Catch),
            _ => self.nodes.child(block, Kind::After),
        }
    }

    fn arms(&self, section: usize) -> impl Iterator<Item = usize> + '_ {
        self.nodes.children(section).filter(|child| self.nodes.kind(*child) == Kind::Stab)
    }

    fn patterns(&self, section: usize) -> Vec<String> {
        let left = |arm: usize| {
            let left = self.nodes.children(arm).next().filter(|left| self.nodes.kind(*left) != Kind::Body);
            left.map_or_else(String::new, |left| self.excerpt(left))
        };
        self.arms(section).map(left).collect()
    }

    fn raise(&mut self, at: usize) {
        let Some(target) = self.nodes.target(at) else { return };
        let word = self.nodes.word(at);
        let text = match word {
            "throw" | "exit" | "reraise" => word.to_owned(),
            "raise" => {
                let what = self.nodes.arguments(at).next();
                what.map_or_else(|| word.to_owned(), |what| format!("raise {}", self.excerpt(what)))
            }
            _ if self.nodes.kind(target) != Kind::Call && self.nodes.text(target).ends_with('!') => {
                self.excerpt(target)
            }
            _ => return,
        };
        self.facts.raises.push(text);
    }

    /// The expressions whose value a clause can have.
    fn returns(&self, clause: usize) -> Vec<String> {
        let mut returns = Vec::new();
        // What is still to be followed, the first on top; `None` is the `nil` of an `if` without `else`.
        let mut open: Vec<Option<usize>> = self.values(clause);
        while let Some(next) = open.pop() {
            let Some(at) = next else {
                returns.push("nil".to_owned());
                continue;
            };
            match self.nodes.kind(at) {
                Kind::DoBlock | Kind::Else | Kind::Rescue | Kind::Catch | Kind::After | Kind::Block | Kind::Body => {
                    let arms: Vec<_> = self.arms(at).filter_map(|arm| self.nodes.child(arm, Kind::Body)).collect();
                    let last = || self.nodes.children(at).filter(|child| !is_section(self.nodes.kind(*child))).last();
                    open.extend(
                        if arms.is_empty() { Vec::from_iter(last()) } else { arms }.into_iter().rev().map(Some),
                    );
                }
                _ if self.nodes.sides(at, &["|>"]).is_some_and(|(_, right)| self.branches(right)) => {
                    open.extend(self.nodes.sides(at, &["|>"]).map(|(_, right)| Some(right)));
                }
                _ if self.branches(at) => open.extend(self.values(at)),
                _ if matches!(self.nodes.word(at), "raise" | "reraise" | "throw" | "exit") => {}
                _ => returns.push(self.nodes.excerpt(self.nodes.range(at), RETURN)),
            }
        }
        distinct(returns)
    }

    fn branches(&self, at: usize) -> bool {
        branch_kind(self.nodes.word(at)).is_some_and(|kind| kind != BranchKind::Loop)
    }

    /// The blocks and expressions that give a definition or a branching call its value, the last first.
    fn values(&self, call: usize) -> Vec<Option<usize>> {
        let section = |key: &str| self.section(call, key);
        let word = self.nodes.word(call);
        let keys: &[&str] = match branch_kind(word) {
            Some(BranchKind::If) if section("else").is_none() => {
                return [None].into_iter().chain(section("do").map(Some)).collect();
            }
            Some(BranchKind::If | BranchKind::With) => &["else", "do"],
            Some(BranchKind::Receive) => &["after", "do"],
            // The `else` of a `try` decides on the value of its body.
            _ if section("else").is_some() => &["else", "catch", "rescue"],
            _ => &["catch", "rescue", "do"],
        };
        keys.iter().filter_map(|key| section(key)).map(Some).collect()
    }
}

fn branch_kind(word: &str) -> Option<BranchKind> {
    match word {
        "if" | "unless" => Some(BranchKind::If),
        "case" => Some(BranchKind::Case),
        "cond" => Some(BranchKind::Cond),
        "with" => Some(BranchKind::With),
        "for" => Some(BranchKind::Loop),
        "try" => Some(BranchKind::Try),
        "receive" => Some(BranchKind::Receive),
        _ => None,
    }
}

fn is_rescue(kind: Kind) -> bool {
    matches!(kind, Kind::Rescue | Kind::Catch | Kind::After)
}

fn is_section(kind: Kind) -> bool {
    is_rescue(kind) || kind == Kind::Else
}
