//! [`find`]: the symbols of a file, in one pass over its nodes.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use super::{
    docs,
    heads::{self, Head},
    names::Names,
    nodes::{Kind, Nodes},
};
use crate::{Clause, Symbol, SymbolKind, Visibility};

/// Containers nested deeper than this are no symbols: the names of their contents would grow with the square of the
/// depth, and nobody writes them.
const MAX_DEPTH: usize = 64;

/// What the pass over the symbols learns for those who come after it.
pub(super) struct Found {
    pub(super) symbols: Vec<Symbol>,
    pub(super) names: Names,
    /// The innermost symbol of every node.
    pub(super) owners: Vec<Option<u32>>,
    /// The nodes that are clauses, in order.
    pub(super) clauses: Vec<usize>,
}

/// The symbols of a file.
pub(super) fn find(nodes: &Nodes) -> Found {
    let mut search = Search {
        nodes,
        found: Found {
            symbols: Vec::new(),
            names: Names::default(),
            owners: Vec::with_capacity(nodes.len()),
            clauses: Vec::new(),
        },
        run: Run::default(),
        functions: HashMap::new(),
        specs: HashMap::new(),
    };
    let mut quoted = 0;
    for at in 0..nodes.len() {
        let parent = nodes.parent(at);
        let owner = parent.and_then(|parent| search.found.owners.get(parent).copied().flatten());
        search.found.owners.push(owner);
        // What a macro quotes is defined where the macro is used.
        if at < quoted {
            continue;
        }
        let follows = match nodes.kind(at) {
            Kind::Call if nodes.word(at) == "quote" => {
                quoted = nodes.last(at);
                false
            }
            Kind::Call => search.call(at),
            Kind::Unary if nodes.operator(at) == "@" => search.attribute(at),
            _ => false,
        };
        if !follows && parent == search.run.parent {
            search.run = Run::default();
        }
    }
    search.finish()
}

struct Search<'n, 's> {
    nodes: &'n Nodes<'s>,
    found: Found,
    run: Run<'s>,
    functions: HashMap<Identity<'s>, usize>,
    /// By module and name.
    specs: HashMap<(Option<usize>, &'s str), Vec<Spec<'s>>>,
}

/// What clauses of one function share: container, name, arity without defaults, and whether it is a callback.
type Identity<'s> = (Option<usize>, &'s str, usize, bool);

/// The arity and the text of a `@spec`.
type Spec<'s> = (usize, &'s str);

/// What has gathered for the next definition among the children of one node.
#[derive(Default)]
struct Run<'s> {
    parent: Option<usize>,
    /// Attributes that belong to the next definition.
    attributes: Vec<usize>,
    doc: Option<String>,
    implements: Option<&'s str>,
    /// The symbol that was just defined.
    symbol: Option<usize>,
}

/// What differs between the definitions of symbols.
struct Definition {
    kind: SymbolKind,
    name: String,
    qualified: String,
    name_range: Range<usize>,
    arity: Option<RangeInclusive<usize>>,
    visibility: Visibility,
    container: Option<usize>,
}

impl<'s> Search<'_, 's> {
    fn owner(&self, at: usize) -> Option<usize> {
        self.found.owners.get(at).copied().flatten().map(|owner| owner as usize)
    }

    fn kind(&self, symbol: Option<usize>) -> Option<SymbolKind> {
        self.found.symbols.get(symbol?).map(|symbol| symbol.kind)
    }

    /// The innermost symbol around a node that may contain definitions. A function around a definition is one that
    /// lacks its `end`.
    fn container(&self, at: usize) -> Option<usize> {
        use SymbolKind::{Block, Impl, Module, Protocol, TestGroup};
        let mut owner = self.owner(at);
        while let Some(index) = owner {
            if matches!(self.kind(owner), Some(Module | Protocol | Impl | TestGroup | Block)) {
                break;
            }
            owner = self.found.symbols.get(index).and_then(|symbol| symbol.container);
        }
        owner
    }

    /// The run of definitions that a node stands in.
    fn run(&mut self, at: usize) -> &mut Run<'s> {
        let parent = self.nodes.parent(at);
        if self.run.parent != parent {
            self.run = Run { parent, ..Run::default() };
        }
        &mut self.run
    }

    /// Whether a call leaves the run of definitions whole.
    fn call(&mut self, at: usize) -> bool {
        match self.nodes.word(at) {
            "" => false,
            word @ ("defmodule" | "defprotocol") => self.module(at, word),
            "defimpl" => self.implementation(at),
            "defstruct" => self.structure(at, SymbolKind::Struct),
            "defexception" => self.structure(at, SymbolKind::Exception),
            word @ ("alias" | "require") => {
                let owner = self.owner(at);
                self.found.names.alias(self.nodes, at, word, owner);
                false
            }
            "attr" | "slot" if self.declares(at) => {
                self.run(at).attributes.push(at);
                true
            }
            word @ ("test" | "property" | "describe") => self.test(at, word),
            word => match function_kind(word) {
                Some(kind) => self.function(at, word, kind),
                None => self.block(at, word),
            },
        }
    }

    /// Whether `attr :name, …` or `slot :name` is about the component that follows, and not of a slot.
    fn declares(&self, at: usize) -> bool {
        let is_named = self.nodes.arguments(at).next().is_some_and(|name| self.nodes.kind(name) == Kind::Atom);
        let outer = self.nodes.parent(at).and_then(|block| self.nodes.parent(block));
        let of_slot = outer.is_some_and(|outer| self.nodes.word(outer) == "slot");
        is_named && !of_slot && self.kind(self.owner(at)) == Some(SymbolKind::Module)
    }

    fn module(&mut self, at: usize, word: &str) -> bool {
        let Some(name) = self.nodes.arguments(at).next() else { return false };
        let owner = self.owner(at);
        let Some(path) = self.found.names.nested(self.nodes.text(name), owner) else { return false };
        let kind = if word == "defmodule" { SymbolKind::Module } else { SymbolKind::Protocol };
        let definition = Definition {
            kind,
            name: self.nodes.text(name).to_owned(),
            qualified: path.clone(),
            name_range: self.nodes.range(name),
            arity: None,
            visibility: Visibility::Public,
            container: owner,
        };
        let Some(index) = self.define(at, definition) else { return false };
        self.found.names.enter(index, path, None);
        self.found.names.alias_nested(self.nodes.text(name), owner);
        true
    }

    fn implementation(&mut self, at: usize) -> bool {
        let Some(protocol) = self.nodes.arguments(at).next() else { return false };
        let owner = self.owner(at);
        let target = self.nodes.keyword(at, "for");
        let written = |node: Option<usize>| {
            let text = node.map_or_else(String::new, |node| self.nodes.excerpt(self.nodes.range(node), 200));
            text.trim_matches(['[', ']']).to_owned()
        };
        let for_what = if target.is_some() { written(target) } else { "__MODULE__".to_owned() };
        let resolve = |text: &str| self.found.names.resolve(text, owner);
        let for_resolved = for_what.split(", ").map(resolve).collect::<Vec<_>>().join(", ");
        let protocol_resolved = resolve(self.nodes.text(protocol));
        let start = self.nodes.range(protocol).start;
        let definition = Definition {
            kind: SymbolKind::Impl,
            name: format!("{} for {for_what}", written(Some(protocol))),
            qualified: format!("{protocol_resolved} for {for_resolved}"),
            name_range: start..self.nodes.range(target.unwrap_or(protocol)).end,
            arity: None,
            visibility: Visibility::Public,
            container: owner,
        };
        let path = format!("{protocol_resolved}.{for_resolved}");
        let Some(index) = self.define(at, definition) else { return false };
        if let Some(symbol) = self.found.symbols.get_mut(index) {
            symbol.implements = Some(protocol_resolved.clone());
        }
        self.found.names.enter(index, path, Some(protocol_resolved));
        true
    }

    fn structure(&mut self, at: usize, kind: SymbolKind) -> bool {
        let container = self.container(at);
        let Some(module) = container.and_then(|index| self.found.symbols.get(index)) else { return false };
        let definition = Definition {
            kind,
            name: module.name.clone(),
            qualified: module.qualified.clone(),
            name_range: self.nodes.range(at + 1),
            arity: None,
            visibility: Visibility::Public,
            container,
        };
        self.define(at, definition).is_some()
    }

    fn function(&mut self, at: usize, word: &str, kind: SymbolKind) -> bool {
        let Some(head) = Head::of_definition(self.nodes, at) else { return false };
        let default = |parameter: &&usize| self.nodes.sides(**parameter, &["\\\\"]).is_some();
        let defaults = head.parameters.iter().filter(default).count();
        let visibility = if word.ends_with('p') { Visibility::Private } else { Visibility::Public };
        self.clause(at, &head, defaults, kind, visibility)
    }

    /// A clause of a function or a callback: joins the symbol that it belongs to, or defines it.
    fn clause(&mut self, at: usize, head: &Head, defaults: usize, kind: SymbolKind, visibility: Visibility) -> bool {
        let container = self.container(at);
        let name = self.nodes.slice(head.name.clone());
        let most = head.parameters.len();
        let least = most - defaults.min(most);
        let identity = (container, name, most, kind == SymbolKind::Callback);
        if let Some(index) = self.functions.get(&identity).copied() {
            self.join(at, index, least);
            return true;
        }
        let path = self.found.names.path(container);
        let definition = Definition {
            kind,
            name: name.to_owned(),
            qualified: if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") },
            name_range: head.name.clone(),
            arity: Some(least..=most),
            visibility,
            container,
        };
        let Some(index) = self.define(at, definition) else { return false };
        self.functions.insert(identity, index);
        true
    }

    fn join(&mut self, at: usize, index: usize, least: usize) {
        let run = std::mem::take(self.run(at));
        let clause = self.clause_at(at);
        if let Some(symbol) = self.found.symbols.get_mut(index) {
            // A clause that stands apart has ended what the range covers, whatever follows it.
            let unbroken = symbol.clauses.last().is_some_and(|last| last.range.end == symbol.range.end);
            if run.symbol == Some(index) && unbroken {
                symbol.range.end = symbol.range.end.max(clause.range.end);
            }
            symbol.clauses.push(clause);
            symbol.arity = symbol.arity.take().map(|arity| least.min(*arity.start())..=*arity.end());
            symbol.doc = symbol.doc.take().or(run.doc);
            symbol.implements = symbol.implements.take().or(run.implements.map(str::to_owned));
        }
        self.own(at, index, &run.attributes);
    }

    /// `describe` and `test`: by their literal titles, since functions of these names exist elsewhere.
    fn test(&mut self, at: usize, word: &str) -> bool {
        let title = self.nodes.arguments(at).next().filter(|title| self.nodes.kind(*title) == Kind::String);
        let Some(title) = title.and_then(|title| docs::contents(self.nodes, title)) else { return false };
        let kind = if word == "describe" { SymbolKind::TestGroup } else { SymbolKind::Test };
        let container = self.container(at);
        // Without a body it is still to be written.
        if heads::body(self.nodes, at).is_none() && (container.is_none() || container != self.owner(at)) {
            return false;
        }
        let name = self.nodes.slice(title.clone());
        let definition = Definition {
            kind,
            name: name.to_owned(),
            qualified: self.labelled(container, &format!("\"{name}\"")),
            name_range: title,
            arity: None,
            visibility: Visibility::Public,
            container,
        };
        self.define(at, definition).is_some()
    }

    /// A macro of a library with a block, standing where definitions stand.
    fn block(&mut self, at: usize, word: &str) -> bool {
        let container = self.container(at);
        let holds_code = |symbol: &Symbol| symbol.kind == SymbolKind::Block && symbol.name.starts_with("setup");
        let stands_free =
            self.nodes.parent(at).is_some_and(|parent| matches!(self.nodes.kind(parent), Kind::DoBlock | Kind::Error));
        if is_special_form(word)
            || self.nodes.child(at, Kind::DoBlock).is_none()
            || !stands_free
            || container != self.owner(at)
            || container.and_then(|index| self.found.symbols.get(index)).is_none_or(holds_code)
        {
            return false;
        }
        let range = self.nodes.range(at + 1);
        let names = |node: &usize| {
            let named = [Kind::String, Kind::Atom, Kind::Alias, Kind::Call, Kind::Identifier];
            named.contains(&self.nodes.kind(*node))
        };
        let named = self.nodes.arguments(at).next().filter(names).map(|node| self.nodes.range(node));
        let name_range = range.start..named.as_ref().map_or(range.end, |named| named.end);
        let name = match named {
            Some(named) => format!("{word} {}", self.nodes.excerpt(named, 80)),
            None => word.to_owned(),
        };
        let definition = Definition {
            kind: SymbolKind::Block,
            qualified: self.labelled(container, &name),
            name,
            name_range,
            arity: None,
            visibility: Visibility::Public,
            container,
        };
        self.define(at, definition).is_some()
    }

    /// Tests and blocks have labels rather than names, so these follow their container's name after a space.
    fn labelled(&self, container: Option<usize>, label: &str) -> String {
        match container.and_then(|index| self.found.symbols.get(index)) {
            Some(container) => format!("{} {label}", container.qualified),
            None => label.to_owned(),
        }
    }

    /// Whether an attribute leaves the run of definitions whole: every one that is set does.
    fn attribute(&mut self, at: usize) -> bool {
        let Some(call) = self.nodes.child(at, Kind::Call) else { return false };
        let Some(value) = self.nodes.arguments(call).next() else { return false };
        let text = self.nodes.text(value);
        let owner = self.owner(at);
        match self.nodes.word(call) {
            "" => return false,
            "moduledoc" => {
                let doc = docs::documentation(self.nodes, value);
                if let Some(module) = owner.and_then(|owner| self.found.symbols.get_mut(owner)) {
                    module.doc = doc;
                }
            }
            "doc" | "typedoc" => {
                // `@doc since: "1.2"` adds to a documentation and takes none away.
                let doc = docs::documentation(self.nodes, value);
                let adds = self.nodes.kind(value) == Kind::Keywords;
                let run = self.run(at);
                if !adds {
                    run.doc = doc;
                }
                run.attributes.push(at);
            }
            "impl" => {
                let run = self.run(at);
                run.implements = (text != "false").then_some(text);
                run.attributes.push(at);
            }
            "spec" => {
                if let Some(head) = Head::of_attribute(self.nodes, call) {
                    let module = self.found.names.module_of(self.container(at));
                    let name = self.nodes.slice(head.name);
                    let spec = (head.parameters.len(), heads::upto_definition(self.nodes.text(at)));
                    self.specs.entry((module, name)).or_default().push(spec);
                }
                self.run(at).attributes.push(at);
            }
            "deprecated" | "since" | "dialyzer" | "tag" | "describetag" | "derive" | "enforce_keys" => {
                self.run(at).attributes.push(at);
            }
            "behaviour" => self.found.names.behave(owner, text),
            "callback" | "macrocallback" => {
                let Some(head) = Head::of_attribute(self.nodes, call) else { return false };
                return self.clause(at, &head, 0, SymbolKind::Callback, Visibility::Public);
            }
            word @ ("type" | "typep" | "opaque") => {
                let Some(head) = Head::of_attribute(self.nodes, call) else { return false };
                let private = word == "typep";
                let name = self.nodes.slice(head.name.clone());
                let container = self.container(at);
                let definition = Definition {
                    kind: SymbolKind::Type,
                    name: name.to_owned(),
                    qualified: format!("{}.{name}", self.found.names.path(container))
                        .trim_start_matches('.')
                        .to_owned(),
                    name_range: head.name,
                    arity: None,
                    visibility: if private { Visibility::Private } else { Visibility::Public },
                    container,
                };
                return self.define(at, definition).is_some();
            }
            _ => {}
        }
        true
    }

    fn clause_at(&self, at: usize) -> Clause {
        Clause { range: self.nodes.range(at), body: heads::body(self.nodes, at) }
    }

    /// Adds the symbol that a node defines, with what has gathered for it.
    fn define(&mut self, at: usize, definition: Definition) -> Option<usize> {
        let Definition { kind, name, qualified, name_range, arity, visibility, container } = definition;
        let index = self.found.symbols.len();
        if !self.found.names.contain(container, MAX_DEPTH) {
            return None;
        }
        let run = std::mem::take(self.run(at));
        let clause = self.clause_at(at);
        let start = run.attributes.first().map_or(clause.range.start, |first| self.nodes.range(*first).start);
        self.found.symbols.push(Symbol {
            kind,
            name,
            qualified,
            arity,
            signature: heads::signature(self.nodes, at),
            doc: run.doc,
            specs: Vec::new(),
            visibility,
            implements: run.implements.map(str::to_owned),
            range: start..clause.range.end,
            name_range,
            clauses: vec![clause],
            container,
        });
        self.own(at, index, &run.attributes);
        Some(index)
    }

    /// Gives a clause and the attributes before it to their symbol.
    fn own(&mut self, at: usize, index: usize, attributes: &[usize]) {
        let owner = u32::try_from(index).ok();
        for node in attributes.iter().flat_map(|attribute| *attribute..self.nodes.last(*attribute)).chain([at]) {
            if let Some(of) = self.found.owners.get_mut(node) {
                *of = owner;
            }
        }
        self.found.clauses.push(at);
        self.run(at).symbol = Some(index);
    }

    /// Fills in what only the whole file tells: arities, specs, and what is implemented.
    fn finish(mut self) -> Found {
        let Found { symbols, names, .. } = &mut self.found;
        for symbol in symbols {
            let Some(arity) = &symbol.arity else { continue };
            let module = names.module_of(symbol.container);
            if symbol.kind != SymbolKind::Callback
                && let Some(specs) = self.specs.get(&(module, symbol.name.as_str()))
            {
                let own = specs.iter().filter(|(count, _)| arity.contains(count));
                symbol.specs = own.map(|(_, spec)| (*spec).to_owned()).collect();
            }
            symbol.qualified += &match (arity.start(), arity.end()) {
                (least, most) if least == most => format!("/{most}"),
                (least, most) => format!("/{least}..{most}"),
            };
            let written = symbol.implements.take();
            let public = symbol.visibility == Visibility::Public && symbol.kind != SymbolKind::Callback;
            symbol.implements = match (written.as_deref(), names.implemented(module)) {
                (Some("true") | None, (Some(protocol), _)) if public => Some(protocol.to_owned()),
                (Some("true"), (_, [behaviour])) => Some(behaviour.clone()),
                (Some("true"), _) => written,
                (Some(behaviour), _) => Some(names.resolve(behaviour, symbol.container)),
                (None, _) => None,
            };
        }
        self.found
    }
}

/// What a keyword such as `def` defines.
pub(super) fn function_kind(word: &str) -> Option<SymbolKind> {
    match word {
        "def" | "defp" | "defdelegate" | "defn" | "defnp" => Some(SymbolKind::Function),
        "defmacro" | "defmacrop" => Some(SymbolKind::Macro),
        "defguard" | "defguardp" => Some(SymbolKind::Guard),
        _ => None,
    }
}

/// Words that look like calls and are not: definitions, directives and control flow.
pub(super) fn is_special_form(word: &str) -> bool {
    function_kind(word).is_some()
        || matches!(word, "defmodule" | "defprotocol" | "defimpl" | "defstruct" | "defexception" | "defoverridable")
        || matches!(word, "alias" | "import" | "require" | "use")
        || matches!(word, "if" | "unless" | "case" | "cond" | "with" | "for" | "try" | "receive")
        || matches!(word, "quote" | "unquote" | "unquote_splicing" | "super")
        // Names of variables and calls only where the text has errors.
        || matches!(word, "do" | "end")
}
