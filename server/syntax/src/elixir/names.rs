//! [`Names`]: the modules of a file, and which of them an alias means where.

use std::collections::HashMap;

use super::nodes::{Kind, Nodes};

/// Modules, protocols and implementations, with the aliases in force. Scopes are symbols, by index; `None` is the file.
#[derive(Default)]
pub(super) struct Names {
    modules: Vec<Module>,
    /// By symbol: its container, its depth, and the module that it is or that it stands in.
    scopes: Vec<Scope>,
    /// Full names, by scope and then by alias.
    aliases: HashMap<Option<usize>, HashMap<String, String>>,
}

struct Module {
    /// As `inspect(__MODULE__)` shows it.
    path: String,
    protocol: Option<String>,
    behaviours: Vec<String>,
}

struct Scope {
    container: Option<usize>,
    depth: usize,
    module: Option<usize>,
}

impl Names {
    /// Adds the next symbol; refuses if it is nested deeper than `most`.
    pub(super) fn contain(&mut self, container: Option<usize>, most: usize) -> bool {
        let outer = container.and_then(|container| self.scopes.get(container));
        let depth = outer.map_or(0, |outer| outer.depth + 1);
        if depth <= most {
            self.scopes.push(Scope { container, depth, module: outer.and_then(|outer| outer.module) });
        }
        depth <= most
    }

    /// Makes a symbol a module.
    pub(super) fn enter(&mut self, symbol: usize, path: String, protocol: Option<String>) {
        if let Some(scope) = self.scopes.get_mut(symbol) {
            scope.module = Some(self.modules.len());
            self.modules.push(Module { path, protocol, behaviours: Vec::new() });
        }
    }

    /// The module that a symbol is or stands in, as a number of its own.
    pub(super) fn module_of(&self, symbol: Option<usize>) -> Option<usize> {
        self.scopes.get(symbol?).and_then(|scope| scope.module)
    }

    /// The full name of the module that a symbol is or stands in; empty outside all.
    pub(super) fn path(&self, symbol: Option<usize>) -> &str {
        let module = self.module_of(symbol).and_then(|module| self.modules.get(module));
        module.map_or("", |module| &module.path)
    }

    /// The modules by their full names.
    pub(super) fn modules(&self) -> impl Iterator<Item = (&str, usize)> {
        // The first of two with one name comes last, so that it stays when these are collected into a map.
        self.modules.iter().enumerate().rev().map(|(number, module)| (module.path.as_str(), number))
    }

    /// The protocol that a module implements, and its behaviours.
    pub(super) fn implemented(&self, module: Option<usize>) -> (Option<&str>, &[String]) {
        let module = module.and_then(|module| self.modules.get(module));
        module.map_or((None, &[]), |module| (module.protocol.as_deref(), &module.behaviours))
    }

    pub(super) fn behave(&mut self, symbol: Option<usize>, behaviour: &str) {
        let full = self.resolve(behaviour, symbol);
        let module = self.module_of(symbol).and_then(|module| self.modules.get_mut(module));
        if let Some(module) = module {
            module.behaviours.push(full);
        }
    }

    /// The full name of a module that is defined as `name`; none without a name.
    pub(super) fn nested(&self, name: &str, scope: Option<usize>) -> Option<String> {
        let outer = self.path(scope);
        match name {
            "" => None,
            _ if outer.is_empty() || name.starts_with("__MODULE__") => Some(self.resolve(name, scope)),
            _ => Some(format!("{outer}.{}", compact(name))),
        }
    }

    /// A module nested in another is known there by its own name.
    pub(super) fn alias_nested(&mut self, name: &str, scope: Option<usize>) {
        let first = name.split('.').next().unwrap_or_default().trim_end();
        let outer = self.path(scope);
        if !outer.is_empty() && first != "__MODULE__" {
            let full = format!("{outer}.{first}");
            self.insert(scope, first, full);
        }
    }

    /// Takes in `alias …`, or `require …, as: …`.
    pub(super) fn alias(&mut self, nodes: &Nodes, call: usize, word: &str, scope: Option<usize>) {
        let Some(module) = nodes.arguments(call).next() else { return };
        let mut parts = nodes.children(module);
        if nodes.kind(module) == Kind::Dot
            && let (Some(left), Some(right)) = (parts.next(), parts.next())
            && nodes.kind(right) == Kind::Tuple
        {
            let prefix = self.resolve(nodes.text(left), scope);
            for child in nodes.children(right).filter(|child| nodes.kind(*child) == Kind::Alias) {
                let name = nodes.text(child);
                self.insert(scope, last_segment(name), format!("{prefix}.{}", compact(name)));
            }
            return;
        }
        let full = self.resolve(nodes.text(module), scope);
        match nodes.keyword(call, "as") {
            Some(name) => self.insert(scope, nodes.text(name), full),
            None if word == "alias" => {
                let last = last_segment(&full).to_owned();
                self.insert(scope, &last, full);
            }
            None => {}
        }
    }

    fn insert(&mut self, scope: Option<usize>, alias: &str, full: String) {
        self.aliases.entry(scope).or_default().insert(alias.to_owned(), full);
    }

    /// The full name of a module as written in a scope.
    pub(super) fn resolve(&self, name: &str, scope: Option<usize>) -> String {
        let name = compact(name);
        let (first, rest) = match name.find('.') {
            Some(dot) => name.split_at(dot),
            None => (name.as_str(), ""),
        };
        if first == "__MODULE__" {
            let path = self.path(scope);
            return if path.is_empty() { name } else { format!("{path}{rest}") };
        }
        let mut at = scope;
        loop {
            if let Some(full) = self.aliases.get(&at).and_then(|aliases| aliases.get(first)) {
                return format!("{full}{rest}");
            }
            let Some(symbol) = at else { return name };
            at = self.scopes.get(symbol).and_then(|scope| scope.container);
        }
    }
}

fn last_segment(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default().trim_start()
}

/// The grammar allows white space around the dots of a name.
fn compact(name: &str) -> String {
    name.split_whitespace().collect()
}
