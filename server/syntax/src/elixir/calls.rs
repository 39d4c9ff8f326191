//! [`find`]: the calls of a file and the symbols of the file that they call.

use std::collections::{HashMap, HashSet};

use super::{
    heads::Head,
    nodes::{Kind, Nodes},
    symbols::{self, Found},
};
use crate::{Call, SymbolKind, Visibility};

/// What holds for a node and, but for `HEAD`, for everything below it.
mod flag {
    /// The head of a definition, which looks like a call.
    pub(super) const HEAD: u8 = 1;
    /// A pattern: its identifiers are bound there.
    pub(super) const PATTERN: u8 = 2;
    /// A type: what looks like calls there are types.
    pub(super) const TYPE: u8 = 4;
    /// Code of a macro for elsewhere: its local calls mean what they mean there.
    pub(super) const QUOTED: u8 = 8;
}

/// The calls of a file, in the order of their names.
pub(super) fn find(nodes: &Nodes, found: &Found) -> Vec<Call> {
    let mut functions: HashMap<(Option<usize>, &str), Vec<usize>> = HashMap::new();
    for (index, symbol) in found.symbols.iter().enumerate() {
        if symbol.arity.is_some() && symbol.kind != SymbolKind::Callback {
            let module = found.names.module_of(symbol.container);
            functions.entry((module, &symbol.name)).or_default().push(index);
        }
    }
    let mut search = Search {
        nodes,
        found,
        functions,
        modules: found.names.modules().collect(),
        flags: vec![0; nodes.len()],
        calls: Vec::new(),
        bare: Vec::new(),
        bound: HashSet::new(),
    };
    let mut clauses = found.clauses.iter().peekable();
    let mut scopes: Vec<usize> = Vec::with_capacity(nodes.len());
    for at in 0..nodes.len() {
        let parent = nodes.parent(at);
        let opens = clauses.next_if(|clause| **clause == at).is_some();
        let scope = parent.and_then(|parent| scopes.get(parent).copied()).filter(|_| !opens).unwrap_or(at);
        scopes.push(scope);
        let inherited = parent.and_then(|parent| search.flags.get(parent)).copied().unwrap_or_default() & !flag::HEAD;
        // A definition inside a pattern or a type is there only because those are half typed.
        search.set(at, if opens { inherited & flag::QUOTED } else { inherited });
        search.visit(at, scope, opens);
    }
    let Search { mut calls, bare, bound, .. } = search;
    let unbound = |(scope, name, call)| (!bound.contains(&(scope, name))).then_some(call);
    calls.extend(bare.into_iter().filter_map(unbound));
    calls.sort_by_key(|call| call.name_range.start);
    calls
}

struct Search<'n, 's> {
    nodes: &'n Nodes<'s>,
    found: &'n Found,
    /// By module and name.
    functions: HashMap<(Option<usize>, &'n str), Vec<usize>>,
    modules: HashMap<&'n str, usize>,
    flags: Vec<u8>,
    calls: Vec<Call>,
    /// Identifiers that are calls unless a variable of their clause has the name.
    bare: Vec<(usize, &'s str, Call)>,
    bound: HashSet<(usize, &'s str)>,
}

impl<'s> Search<'_, 's> {
    fn set(&mut self, at: usize, flag: u8) {
        if let Some(flags) = self.flags.get_mut(at) {
            *flags |= flag;
        }
    }

    fn is(&self, at: usize, flag: u8) -> bool {
        self.flags.get(at).is_some_and(|flags| flags & flag != 0)
    }

    fn owner(&self, at: usize) -> Option<usize> {
        self.found.owners.get(at).copied().flatten().map(|owner| owner as usize)
    }

    fn visit(&mut self, at: usize, scope: usize, opens: bool) {
        match self.nodes.kind(at) {
            Kind::Call => self.call(at, opens),
            Kind::Identifier => self.identifier(at, scope),
            Kind::Binary => {
                if let Some((left, _)) = self.nodes.sides(at, &["=", "<-"]) {
                    self.set(left, flag::PATTERN);
                } else if let Some((_, right)) = self.nodes.sides(at, &["::"]) {
                    self.set(right, flag::TYPE);
                } else if let Some((_, right)) = self.nodes.sides(at, &["\\\\"])
                    && let Some(flags) = self.flags.get_mut(at)
                {
                    // The default of a parameter is an expression. The flag stays with the left side.
                    let pattern = *flags & flag::PATTERN;
                    *flags &= !flag::PATTERN;
                    let left = self.nodes.children(at).next().filter(|left| *left != right);
                    left.into_iter().for_each(|left| self.set(left, pattern));
                }
            }
            Kind::Stab if !self.is_arm_of_cond(at) => {
                let left = self.nodes.children(at).next().filter(|left| self.nodes.kind(*left) != Kind::Body);
                left.into_iter().for_each(|left| self.set(left, flag::PATTERN));
            }
            _ => {}
        }
    }

    fn is_arm_of_cond(&self, at: usize) -> bool {
        let call = self.nodes.parent(at).and_then(|block| self.nodes.parent(block));
        call.is_some_and(|call| self.nodes.word(call) == "cond")
    }

    fn call(&mut self, at: usize, opens: bool) {
        let word = self.nodes.word(at);
        if symbols::function_kind(word).is_some()
            && let Some(head) = Head::of_definition(self.nodes, at)
        {
            self.set(head.node, flag::HEAD | flag::PATTERN);
        } else if opens && let Some(arguments) = self.nodes.child(at, Kind::Arguments) {
            // The context of a test or a setup is a pattern.
            self.set(arguments, flag::PATTERN);
        } else if word == "quote" {
            self.set(at, flag::QUOTED);
        }
        if self.nodes.parent(at).is_some_and(|parent| self.is_set_attribute(parent)) {
            if matches!(word, "spec" | "type" | "typep" | "opaque" | "callback" | "macrocallback") {
                self.set(at, flag::TYPE);
            }
            return;
        }
        if opens || self.is(at, flag::HEAD | flag::TYPE) || symbols::is_special_form(word) {
            return;
        }
        let Some(target) = self.nodes.target(at) else { return };
        match self.nodes.kind(target) {
            Kind::Identifier => {
                let arity = self.arity(at);
                let function = (!self.is(at, flag::QUOTED)).then(|| self.local(at, word, arity)).flatten();
                self.push(at, target, word.to_owned(), arity, function);
            }
            Kind::Dot => self.remote(at, target),
            // Of `f(a)(b)`, the inner call is met on its own, and the outer one has no name.
            _ => {}
        }
    }

    fn is_set_attribute(&self, at: usize) -> bool {
        self.nodes.kind(at) == Kind::Unary && self.nodes.operator(at) == "@"
    }

    /// A call or access with a dot.
    fn remote(&mut self, at: usize, dot: usize) {
        let mut parts = self.nodes.children(dot).filter(|part| self.nodes.kind(*part) != Kind::Error);
        let Some(left) = parts.next() else { return };
        let arity = self.arity(at);
        let Some(right) = parts.next() else {
            let callee = format!("{}.", self.nodes.excerpt(self.nodes.range(left), 80));
            return self.push(at, left, callee, arity, None);
        };
        let text = self.nodes.text(left);
        let is_module = match self.nodes.kind(left) {
            Kind::Alias | Kind::Atom => true,
            Kind::Identifier => text == "__MODULE__",
            Kind::Dot => text.starts_with("__MODULE__"),
            _ => false,
        };
        // Without arguments, `cart.items` reads a field unless its left side is a module.
        let has_arguments = self.nodes.last(at) > self.nodes.last(dot);
        if !is_module && !has_arguments && !self.nodes.is_right_of(at, "|>") && self.captured(at).is_none() {
            return;
        }
        let name = self.nodes.text(right);
        let function = is_module.then(|| {
            let module = self.found.names.resolve(text, self.owner(at));
            let module = self.modules.get(module.as_str()).copied()?;
            let function = self.function(Some(module), name, arity)?;
            let symbol = self.found.symbols.get(function)?;
            (symbol.visibility == Visibility::Public).then_some(function)
        });
        let callee = self.nodes.excerpt(self.nodes.range(dot), 80);
        self.push(at, right, callee, arity, function.flatten());
    }

    fn identifier(&mut self, at: usize, scope: usize) {
        let Some(parent) = self.nodes.parent(at) else { return };
        let name = self.nodes.text(at);
        let in_call = match self.nodes.kind(parent) {
            Kind::Call => self.nodes.is_first(at),
            Kind::Dot => !self.nodes.is_first(at),
            Kind::Unary => self.nodes.operator(parent) == "@",
            _ => false,
        };
        if in_call || self.is(at, flag::TYPE | flag::HEAD) || symbols::is_special_form(name) || name.is_empty() {
            return;
        }
        if let Some(arity) = self.captured(at) {
            let function = self.local(at, name, Some(arity));
            return self.push(at, at, name.to_owned(), Some(arity), function);
        }
        if self.nodes.is_right_of(at, "|>") {
            let function = self.local(at, name, Some(1));
            return self.push(at, at, name.to_owned(), Some(1), function);
        }
        if self.is(at, flag::PATTERN) {
            self.bound.insert((scope, name));
            return;
        }
        if !self.is(at, flag::QUOTED)
            && let Some(function) = self.local(at, name, Some(0))
        {
            let call = self.call_of(at, at, name.to_owned(), Some(0), Some(function));
            self.bare.push((scope, name, call));
        }
    }

    /// The arity of `&name/arity`, for what names the function.
    fn captured(&self, at: usize) -> Option<usize> {
        let operator = self.nodes.parent(at)?;
        let (left, right) = self.nodes.sides(operator, &["/"])?;
        let capture = self.nodes.parent(operator)?;
        let is_capture = self.nodes.kind(capture) == Kind::Unary && self.nodes.operator(capture) == "&";
        (is_capture && left == at).then(|| self.nodes.text(right).parse().ok()).flatten()
    }

    fn arity(&self, at: usize) -> Option<usize> {
        if let Some(arity) = self.captured(at) {
            return Some(arity);
        }
        let given = self.nodes.arguments(at).filter(|argument| self.nodes.kind(*argument) != Kind::Error).count();
        let block = self.nodes.child(at, Kind::DoBlock).is_some();
        Some(given + usize::from(block) + usize::from(self.nodes.is_right_of(at, "|>")))
    }

    fn local(&self, at: usize, name: &str, arity: Option<usize>) -> Option<usize> {
        self.function(self.found.names.module_of(self.owner(at)), name, arity)
    }

    fn function(&self, module: Option<usize>, name: &str, arity: Option<usize>) -> Option<usize> {
        let takes = |index: &&usize| {
            let symbol = self.found.symbols.get(**index);
            symbol
                .and_then(|symbol| symbol.arity.as_ref())
                .zip(arity)
                .is_some_and(|(range, arity)| range.contains(&arity))
        };
        self.functions.get(&(module, name))?.iter().find(takes).copied()
    }

    fn push(&mut self, at: usize, name: usize, callee: String, arity: Option<usize>, target: Option<usize>) {
        let call = self.call_of(at, name, callee, arity, target);
        self.calls.push(call);
    }

    fn call_of(&self, at: usize, name: usize, callee: String, arity: Option<usize>, target: Option<usize>) -> Call {
        Call { callee, arity, name_range: self.nodes.range(name), caller: self.owner(at), target }
    }
}
