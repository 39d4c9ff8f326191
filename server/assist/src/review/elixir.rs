//! The walk over a file of Elixir.

use std::{collections::HashSet, ops::Range};

use super::{
    Finding, FindingKind, Severity,
    scan::{File, Functions, Private, Scan},
};
use crate::markdown::code;

/// Functions of `File` whose result is worth a look: each has a variant with `!`.
const FILE: [&str; 11] = ["write", "copy", "cp", "cp_r", "rename", "mkdir", "mkdir_p", "ln_s", "read", "stat", "open"];
/// Functions of an Ecto repository, likewise.
const REPO: [&str; 4] = ["insert", "update", "delete", "insert_or_update"];
/// Modules whose `use` calls no private function of the module that uses them, but by an atom.
const PLAIN_USES: [&str; 20] = [
    "Agent",
    "Application",
    "Bitwise",
    "Broadway",
    "DynamicSupervisor",
    "Ecto.Migration",
    "Ecto.Schema",
    "Ecto.Type",
    "ExUnit.Case",
    "ExUnit.CaseTemplate",
    "GenServer",
    "GenStage",
    "Mix.Task",
    "Oban.Worker",
    "Phoenix.Channel",
    "Phoenix.Socket",
    "Plug.Builder",
    "Plug.Router",
    "Supervisor",
    "Task",
];
/// Modules whose macros call nothing of the module that they are used in.
const PLAIN_REQUIRES: [&str; 7] = ["Bitwise", "Ecto.Query", "ExUnit.Assertions", "Integer", "Logger", "Record", "Mix"];

/// What the walk over `file` finds and gathers.
pub(super) fn scan<'a>(file: &File<'a>) -> Scan<'a> {
    let scan = Scan { private: Private::of(file.outline), ..Scan::default() };
    let several = file.outline.symbols.iter().filter(|symbol| symbol.clauses.len() > 1);
    let clauses = several.flat_map(|symbol| &symbol.clauses).map(|clause| clause.range.start).collect();
    let mut walk =
        Walk { file, scan, functions: Functions::new(file), clauses, modules: Vec::new(), quotes: Vec::new() };
    let mut at = 0;
    while let Some(node) = file.nodes.get(at) {
        walk.leave(at);
        at = match node.is_comment || node.kind == "ERROR" || !walk.enter(at) {
            true => node.last,
            false => at + 1,
        };
    }
    walk.leave(usize::MAX);
    walk.scan
}

/// A module around a node.
struct Module {
    /// One past its last node.
    last: usize,
    start: usize,
    /// Whether it may have callbacks, and whether it marks them.
    behaves: bool,
    marks: bool,
}

/// What `def` and its kin define.
struct Head<'a> {
    node: usize,
    name: usize,
    text: &'a str,
    parameters: Vec<usize>,
    has_guard: bool,
}

struct Walk<'f, 'a> {
    file: &'f File<'a>,
    scan: Scan<'a>,
    functions: Functions<'f, 'a>,
    /// The starts of clauses that are not the only one.
    clauses: HashSet<usize>,
    modules: Vec<Module>,
    /// One past the last nodes of the `quote` blocks around: what they hold is code elsewhere.
    quotes: Vec<usize>,
}

impl<'a> Walk<'_, 'a> {
    /// Leaves what ends before a node.
    fn leave(&mut self, at: usize) {
        while self.quotes.pop_if(|last| *last <= at).is_some() {}
        while let Some(module) = self.modules.pop_if(|module| module.last <= at) {
            if module.behaves && !module.marks {
                self.scan.public.modules.insert(module.start);
            }
        }
        self.functions.leave(at, &mut self.scan.findings);
    }

    /// Takes a node; whether to go into it.
    fn enter(&mut self, at: usize) -> bool {
        let nodes = self.file.nodes;
        let Some(node) = nodes.get(at) else { return false };
        if node.last == at + 1 {
            self.functions.token(&node.range);
        }
        if !node.is_named {
            return true;
        }
        let start = node.range.start;
        match node.kind {
            "identifier" => {
                let text = self.file.text(at);
                match text {
                    "unquote" if !self.is_inert(node.parent) => self.doubt(start),
                    "unquote" | "unquote_splicing" => {}
                    "apply" | "embed_templates" | "embed_template" | "embed_text" => self.doubt(start),
                    _ if self.is_remote(at) => {}
                    _ => self.scan.private.mention(text, start),
                }
            }
            "alias" if self.file.text(at) == "EEx" => self.doubt(start),
            "atom" | "keyword" => {
                let text = self.file.text(at).trim();
                self.scan.private.mention(text.trim_matches(':'), start);
            }
            "quoted_content" => self.scan.private.mention_words(self.file.text(at), start),
            "unary_operator" => return self.attribute(at),
            "call" => self.call(at, node.last),
            "do_block" | "else_block" | "rescue_block" | "anonymous_function" => {
                self.arms(at);
                self.statements(at);
            }
            "source" | "after_block" | "body" | "block" => self.statements(at),
            "binary_operator" => self.matched(at),
            _ => {}
        }
        true
    }

    fn doubt(&mut self, place: usize) {
        self.scan.private.doubts.push(place);
    }

    /// Whether an identifier stands behind a dot: a field, or a function of another module.
    fn is_remote(&self, at: usize) -> bool {
        let nodes = self.file.nodes;
        nodes.field(at) == "right" && nodes.parent(at).is_some_and(|parent| nodes.kind(parent) == "dot")
    }

    /// Whether an `unquote` gives no name to what is defined or called here: it stands in a `quote`, and is not called.
    fn is_inert(&self, call: Option<usize>) -> bool {
        !self.quotes.is_empty() && call.is_some_and(|call| self.file.nodes.field(call) != "target")
    }

    /// The word that a call calls; empty for other nodes and calls.
    fn word(&self, call: usize) -> &'a str {
        let nodes = self.file.nodes;
        match nodes.child(call, "target") {
            Some(target) if nodes.kind(target) == "identifier" => self.file.text(target),
            _ => "",
        }
    }

    fn arguments(&self, call: usize) -> Vec<usize> {
        let nodes = self.file.nodes;
        nodes.of_kind(call, "arguments").map(|arguments| nodes.named(arguments).collect()).unwrap_or_default()
    }

    /// Takes a unary operator; whether to go into it. What documents or types a function does not use one.
    fn attribute(&mut self, at: usize) -> bool {
        let nodes = self.file.nodes;
        if self.file.field(at, "operator") != "@" {
            return true;
        }
        let Some(call) = nodes.child(at, "operand") else { return true };
        let module = self.modules.last_mut();
        match self.file.field(call, "target") {
            "impl" => module.into_iter().for_each(|module| module.marks = true),
            "behaviour" => module.into_iter().for_each(|module| module.behaves = true),
            "before_compile" | "on_definition" => self.doubt(nodes.range(at).start),
            "moduledoc" => {
                if let Some(module) = module
                    && self.file.text(call).trim_end_matches(')').ends_with("false")
                {
                    self.scan.public.modules.insert(module.start);
                }
                return false;
            }
            "doc" | "typedoc" | "shortdoc" | "spec" | "type" | "typep" | "opaque" | "callback" | "macrocallback" => {
                return false;
            }
            _ => {}
        }
        true
    }

    fn call(&mut self, at: usize, last: usize) {
        let nodes = self.file.nodes;
        match self.word(at) {
            "defmodule" | "defimpl" | "defprotocol" => {
                self.modules.push(Module { last, start: nodes.range(at).start, behaves: false, marks: false });
            }
            "quote" => self.quotes.push(last),
            "use" => {
                let used = self.arguments(at).first().map_or("", |used| self.file.text(*used));
                if !PLAIN_USES.contains(&used) {
                    self.doubt(nodes.range(at).start);
                }
                self.modules.last_mut().into_iter().for_each(|module| module.behaves = true);
            }
            "require" => {
                let required = self.arguments(at).first().map_or("", |required| self.file.text(*required));
                if !PLAIN_REQUIRES.contains(&required) {
                    self.doubt(nodes.range(at).start);
                }
            }
            "def" | "defp" | "defmacro" | "defmacrop" | "defguardp" | "defnp" => self.definition(at, last),
            "if" | "unless" | "case" | "cond" | "with" | "for" | "try" | "receive" => self.functions.level(last),
            _ => {}
        }
    }

    fn definition(&mut self, at: usize, last: usize) {
        let nodes = self.file.nodes;
        let Some(head) = self.head(at) else { return };
        let name = nodes.range(head.name);
        let is_quoted = !self.quotes.is_empty();
        // One of several variants, for one build or the other.
        let block = nodes.parent(at).and_then(|block| nodes.parent(block));
        let is_direct = block.is_some_and(|call| self.word(call) == "defmodule");
        if is_quoted || !is_direct {
            self.scan.public.exempt.insert(name.start);
        }
        self.scan.private.define(name.start, is_quoted || head.text.starts_with('_'));
        let is_broken = nodes.get(at).is_none_or(|node| node.is_broken);
        // What `use` puts into a module has its length from there.
        let is_silent = is_broken || is_quoted || self.file.is_test || head.text == "__using__";
        let is_clause = self.clauses.contains(&nodes.range(at).start);
        self.functions.enter(last, name, is_clause, is_silent);
    }

    fn head(&self, definition: usize) -> Option<Head<'a>> {
        let nodes = self.file.nodes;
        let first = self.arguments(definition).first().copied()?;
        let has_guard = nodes.kind(first) == "binary_operator" && self.file.field(first, "operator") == "when";
        let node = if has_guard { nodes.child(first, "left")? } else { first };
        let (name, parameters) = match nodes.kind(node) {
            "identifier" => (node, Vec::new()),
            "call" => {
                (nodes.child(node, "target").filter(|name| nodes.kind(*name) == "identifier")?, self.arguments(node))
            }
            _ => return None,
        };
        let text = self.file.text(name);
        (text != "unquote").then_some(Head { node, name, text, parameters, has_guard })
    }

    /// Whether every one of some patterns is a variable, none of them twice.
    fn takes_all(&self, patterns: &[usize]) -> bool {
        let mut seen = HashSet::new();
        patterns.iter().all(|pattern| {
            let text = self.file.text(*pattern);
            let is_variable = self.file.nodes.kind(*pattern) == "identifier" && !text.starts_with("__");
            is_variable && (text == "_" || seen.insert(text))
        })
    }

    fn is_broken(&self, at: usize) -> bool {
        self.file.nodes.get(at).is_none_or(|node| node.is_broken)
    }

    fn add(&mut self, range: Range<usize>, severity: Severity, kind: FindingKind, text: &str) {
        self.scan.findings.push(Finding::new(range, severity, kind, text));
    }

    fn unreachable(&mut self, range: Range<usize>, text: &str) {
        self.add(range, Severity::Warning, FindingKind::Unreachable, text);
    }

    /// The first arm behind one that takes everything.
    fn arms(&mut self, section: usize) {
        if !self.quotes.is_empty() || self.is_broken(section) {
            return;
        }
        let nodes = self.file.nodes;
        let mut arms = nodes.named(section).filter(|arm| nodes.kind(*arm) == "stab_clause").peekable();
        if arms.peek().is_none() {
            return;
        }
        let kind = nodes.kind(section);
        let mut call = nodes.parent(section);
        if kind == "else_block" {
            call = call.and_then(|block| nodes.parent(block));
        }
        let word = call.map_or("", |call| self.word(call));
        let is_cond = kind == "do_block" && word == "cond";
        let is_known = match kind {
            "anonymous_function" | "rescue_block" => true,
            "else_block" => matches!(word, "with" | "try"),
            _ => matches!(word, "case" | "cond" | "receive"),
        };
        if !is_known {
            return;
        }
        let takes_all = |arm: &usize| {
            let Some(left) = nodes.child(*arm, "left").filter(|left| nodes.kind(*left) == "arguments") else {
                return false;
            };
            let patterns: Vec<_> = nodes.named(left).collect();
            match is_cond {
                true => matches!(*patterns, [only] if self.file.text(only) == "true"),
                false => !patterns.is_empty() && self.takes_all(&patterns),
            }
        };
        let Some(all) = arms.by_ref().find(takes_all) else { return };
        if let Some(left) = arms.next().and_then(|arm| nodes.child(arm, "left")) {
            let before = self.file.field(all, "left");
            let text = format!("This clause is never reached: {} before it takes everything.", code(before));
            self.unreachable(nodes.range(left), &text);
        }
    }

    /// What stands in a block one after the other: clauses behind one that takes everything, code behind a `raise`, and
    /// results that are dropped.
    fn statements(&mut self, block: usize) {
        if !self.quotes.is_empty() || self.is_broken(block) {
            return;
        }
        let nodes = self.file.nodes;
        let is_statement = |at: &usize| !nodes.kind(*at).ends_with("_block") && nodes.kind(*at) != "stab_clause";
        let is_in_function = !self.file.is_test && self.functions.innermost().is_some();
        // The name, how many arguments and the word of what takes everything, and of what was told.
        let mut complete: HashSet<(&str, usize, &str)> = HashSet::new();
        let mut told: HashSet<(&str, usize, &str)> = HashSet::new();
        let mut statements = nodes.named(block).filter(is_statement).peekable();
        let mut is_over = false;
        while let Some(at) = statements.next() {
            if nodes.kind(at) == "call" {
                let word = self.word(at);
                match word {
                    "def" | "defp" | "defmacro" | "defmacrop" if self.has_body(at) => {
                        let Some(head) = self.head(at) else { continue };
                        let identity = (head.text, head.parameters.len(), word);
                        if complete.contains(&identity) {
                            if told.insert(identity) {
                                let name = code(&format!("{}/{}", head.text, head.parameters.len()));
                                let text =
                                    format!("This clause of {name} is never reached: an earlier one takes everything.");
                                let range = nodes.range(head.node);
                                self.unreachable(range, &text);
                            }
                        } else if !head.has_guard && self.takes_all(&head.parameters) {
                            complete.insert(identity);
                        }
                    }
                    "defoverridable" => complete.clear(),
                    "raise" | "reraise" | "throw" if is_in_function && !is_over => {
                        if let Some(next) = statements.peek().filter(|_| !self.arguments(at).is_empty()) {
                            is_over = true;
                            let text = format!("This is never reached: {} before it ends the function.", code(word));
                            self.unreachable(nodes.range(*next), &text);
                        }
                    }
                    _ => {}
                }
            }
            if is_in_function && statements.peek().is_some() {
                self.dropped(at);
            }
        }
    }

    fn has_body(&self, definition: usize) -> bool {
        let nodes = self.file.nodes;
        let is_do = |pair: usize| self.file.field(pair, "key").trim_end() == "do:";
        nodes.of_kind(definition, "do_block").is_some() || {
            let keywords =
                self.arguments(definition).into_iter().filter(|argument| nodes.kind(*argument) == "keywords");
            keywords.flat_map(|keywords| nodes.named(keywords)).any(is_do)
        }
    }

    /// The call of an expression that may fail by its result, with its place: `File.write`.
    fn fallible(&self, at: usize) -> Option<(Range<usize>, String)> {
        let nodes = self.file.nodes;
        let is_pipe = nodes.kind(at) == "binary_operator" && self.file.field(at, "operator") == "|>";
        let call = if is_pipe { nodes.child(at, "right")? } else { at };
        let target = nodes.child(call, "target").filter(|target| nodes.kind(*target) == "dot")?;
        let (module, name) = (self.file.field(target, "left"), self.file.field(target, "right"));
        let is_repo = module == "Repo" || module.ends_with(".Repo");
        let is_fallible = module == "File" && FILE.contains(&name) || is_repo && REPO.contains(&name);
        is_fallible.then(|| (nodes.range(target), format!("{module}.{name}")))
    }

    /// A statement whose result may be an error and goes nowhere.
    fn dropped(&mut self, at: usize) {
        if let Some((range, name)) = self.fallible(at) {
            let text = format!("The result of {} is dropped, and with it any error.", code(&name));
            self.add(range, Severity::Info, FindingKind::Unhandled, &text);
        }
    }

    /// `{:ok, value} = File.read(path)`.
    fn matched(&mut self, at: usize) {
        let nodes = self.file.nodes;
        let is_in_function = !self.file.is_test && self.functions.innermost().is_some() && self.quotes.is_empty();
        if !is_in_function || self.file.field(at, "operator") != "=" || self.is_broken(at) {
            return;
        }
        let Some((left, right)) = nodes.child(at, "left").zip(nodes.child(at, "right")) else { return };
        let is_ok =
            nodes.kind(left) == "tuple" && nodes.named(left).next().is_some_and(|first| self.file.text(first) == ":ok");
        if let Some((range, name)) = self.fallible(right).filter(|_| is_ok) {
            let (call, raising) = (code(&name), code(&format!("{name}!")));
            let text = format!("An error of {call} raises a MatchError here; {raising} would say what failed.");
            self.add(range, Severity::Info, FindingKind::Unhandled, &text);
        }
    }
}
