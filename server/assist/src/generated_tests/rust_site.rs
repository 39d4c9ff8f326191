//! Where in a Rust file its new tests go: into its test module, to its end, or into a module that is made.

use std::ops::Range;

use aiex_syntax::{Language, Nodes};

use super::{
    homes::{is_integration, test_modules},
    parts::{Import, said},
    rust::{Defined, imports, is_test},
    site::{Addition, Chunk, Names, Wanted, gap, plain},
};
use crate::edits::source::File;

const LANGUAGE: Language = Language::Rust;

/// The place of new tests in a Rust file.
#[derive(Clone, Debug)]
pub(super) struct RustSite {
    kind: Kind,
    pub(super) names: Names,
    /// Whether `super` names the code under test.
    has_super: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    /// In a module: where its imports and its tests go, both in bytes; before the `}` of a module on one line goes a
    /// line end and its indentation.
    Module { imports: usize, tests: usize, indentation: String, is_empty: bool, closing: Option<String> },
    /// At the end of a file of tests, its imports at a place of their own.
    End { imports: Option<usize>, is_after_import: bool },
    /// In a module at the end of the file.
    NewModule { indentation: &'static str },
}

/// The ranges of a file's test modules, and of the tests outside of any.
pub(super) fn tests_of(file: &File) -> Vec<Range<usize>> {
    let Some(syntax) = &file.syntax else { return Vec::new() };
    let nodes = syntax.nodes(&(0..file.text.len()));
    test_modules(&nodes, &file.text).map(|module| nodes.range(module)).collect()
}

impl RustSite {
    /// The place in `home` of tests for the code at `target` of the file `path`.
    pub(super) fn of(home: &File, path: &str, target: &Range<usize>, defined: &Defined) -> Self {
        let text = &*home.text;
        let nodes = home.syntax.as_ref().map(|syntax| syntax.nodes(&(0..text.len()))).unwrap_or_default();
        let is_own = home.path == path;
        let modules: Vec<usize> =
            test_modules(&nodes, text).filter(|module| nodes.child(*module, "body").is_some()).collect();
        let is_flat = is_integration(&home.path)
            || !is_own
            || nodes.children(0).any(|item| super::homes::attributes(&nodes, item, text).any(is_test));
        // Beside the code, its names are known as they are.
        let has_super = !(is_integration(&home.path) || is_flat && is_own && modules.is_empty());
        let module = if is_flat && !is_own { None } else { nearest(&nodes, text, &modules, target) };
        let (kind, container) = match module {
            Some(module) => (in_module(&nodes, home, module), nodes.child(module, "body")),
            None if is_flat => (at_end(&nodes, home), Some(0)),
            None => (Kind::NewModule { indentation: unit(text) }, None),
        };
        let mut names = Names::default();
        for item in container.into_iter().flat_map(|container| nodes.named(container)) {
            if nodes.kind(item) == "use_declaration" {
                names.imports.extend(imports(home, &nodes.range(item)));
            } else if let Some(name) = nodes.child(item, "name") {
                names.definitions.push((nodes.text(name, text).to_owned(), said(LANGUAGE, nodes.text(item, text))));
            }
        }
        if has_super && is_own {
            // A test of its name would hide what it is to call.
            names.reserved.extend(defined.names().map(str::to_owned));
        }
        Self { kind, names, has_super }
    }

    /// Whether an import can be of use here, and is not here already.
    pub(super) fn lacks(&self, import: &Import) -> bool {
        let is_super = import.before == "super" || import.before.starts_with("super::");
        let is_covered = import.before == "super" && import.name.as_deref() == Some(&import.last) && self.has_super;
        let is_here = self.names.imports.iter().any(|known| known == import || is_same_item(known, import));
        !(is_here || is_covered || is_super && !self.has_super || import.before.is_empty() && import.last == "super")
    }

    /// What is added.
    pub(super) fn additions(&self, home: &File, wanted: &Wanted) -> Vec<Addition> {
        let glob = Import { before: "super".to_owned(), last: "*".to_owned(), name: None };
        let mut imports: Vec<&Import> = wanted.imports.clone();
        let is_from_crate =
            |import: &&Import| import.before.starts_with("super") || import.before.split("::").next() == Some("crate");
        // What names all that it needs needs no more.
        let is_told = imports.iter().any(|import| **import == glob) || !imports.iter().any(is_from_crate);
        let is_new = matches!(self.kind, Kind::NewModule { .. });
        imports.retain(|import| **import != glob);
        if self.has_super && (is_told || is_new) && !self.names.imports.contains(&glob) {
            imports.insert(0, &glob);
        }
        let imports = declarations(&imports);
        let pieces = |indentation: &str| -> Vec<Chunk> {
            let helpers = [wanted.early.as_slice(), wanted.helpers.as_slice()].concat();
            let mut pieces = plain(LANGUAGE, &helpers, indentation);
            pieces.extend(wanted.pieces(LANGUAGE, indentation, |_| true));
            pieces
        };
        let text = &*home.text;
        match &self.kind {
            Kind::Module { imports: at, tests, indentation, is_empty, closing } => {
                let lines: String = imports.iter().map(|import| format!("\n{indentation}{import}")).collect();
                let mut top = Addition::new(*at);
                if !lines.is_empty() {
                    top.push(lines);
                }
                let mut end = Addition::new(*tests);
                let has_blank = text.get(..*tests).unwrap_or_default().replace('\r', "").ends_with("\n\n");
                match closing {
                    Some(_) if *is_empty && imports.is_empty() => end.push("\n"),
                    Some(_) => end.push("\n\n"),
                    None if !(has_blank || *is_empty && imports.is_empty()) => end.push("\n"),
                    None => {}
                }
                end.push_all(pieces(indentation));
                end.push(format!("\n{}", closing.as_deref().unwrap_or_default()));
                vec![top, end]
            }
            Kind::End { imports: at, is_after_import } => {
                let mut additions = Vec::new();
                let mut end = Addition::new(text.len());
                end.push(gap(text));
                match at.filter(|_| !imports.is_empty()) {
                    Some(at) => {
                        let mut top = Addition::new(at);
                        match is_after_import {
                            true => top.push(imports.iter().map(|import| format!("\n{import}")).collect::<String>()),
                            false => top.push(format!("{}\n\n", imports.join("\n"))),
                        }
                        additions.push(top);
                    }
                    None if !imports.is_empty() => end.push(format!("{}\n\n", imports.join("\n"))),
                    None => {}
                }
                end.push_all(pieces(""));
                end.push("\n");
                additions.push(end);
                additions
            }
            Kind::NewModule { indentation } => {
                let mut end = Addition::new(text.len());
                end.push(gap(text));
                end.push("#[cfg(test)]\nmod tests {\n");
                end.push(imports.iter().map(|import| format!("{indentation}{import}\n")).collect::<String>());
                end.push("\n");
                end.push_all(pieces(indentation));
                end.push("\n}\n");
                vec![end]
            }
        }
    }
}

/// Whether two imports bring what is most likely one thing, re-exported: of one crate, under one name.
pub(super) fn is_same_item(one: &Import, other: &Import) -> bool {
    let root = |import: &Import| match import.before.split("::").next().unwrap_or_default() {
        "super" | "self" => "crate".to_owned(),
        root => root.to_owned(),
    };
    let is_named = one.name.is_some() && one.name == other.name && one.last == other.last;
    is_named && root(one) == root(other) && !matches!(root(one).as_str(), "" | "std" | "core" | "alloc")
}

/// Imports as they are written, those of one path in one declaration.
fn declarations(imports: &[&Import]) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for import in imports {
        match groups.iter_mut().find(|(before, _)| *before == import.before && !before.is_empty()) {
            Some((_, last)) if import.last != "*" && !last.contains(&"*") => last.push(&import.last),
            _ => groups.push((&import.before, vec![&import.last])),
        }
    }
    let written = |(before, last): (&str, Vec<&str>)| match (before, last.as_slice()) {
        ("", [one]) => format!("use {one};"),
        (before, [one]) => format!("use {before}::{one};"),
        (before, many) => format!("use {before}::{{{}}};", many.join(", ")),
    };
    groups.into_iter().map(written).collect()
}

/// The test module that is meant: of those whose parent holds the target the innermost, among these one that is named
/// for it; else the last.
fn nearest(nodes: &Nodes, text: &str, modules: &[usize], target: &Range<usize>) -> Option<usize> {
    let name = |module: usize| nodes.child(module, "name").map(|name| nodes.text(name, text)).unwrap_or_default();
    let around = |module: usize| {
        let mut outer = nodes.ancestors(module).filter(|at| matches!(nodes.kind(*at), "mod_item" | "source_file"));
        let outer = nodes.range(outer.next().unwrap_or(0));
        (outer.start <= target.start && target.end <= outer.end).then_some(outer.start)
    };
    // A target that is itself in a module of tests is at home there.
    let holding = modules.iter().rev().find(|module| {
        let range = nodes.range(**module);
        range.start <= target.start && target.end <= range.end && !target.is_empty()
    });
    let is_named = |module: usize| matches!(name(module), "tests" | "test");
    let best = modules.iter().filter_map(|module| Some((around(*module)?, is_named(*module), *module)));
    holding.copied().or_else(|| best.max().map(|(_, _, module)| module)).or_else(|| modules.last().copied())
}

fn in_module(nodes: &Nodes, home: &File, module: usize) -> Kind {
    let text = &*home.text;
    let body = nodes.child(module, "body").unwrap_or(module);
    let range = nodes.range(body);
    let members: Vec<usize> = nodes.named(body).collect();
    let first = members.iter().find(|member| nodes.kind(**member) != "inner_attribute_item");
    let imports = nodes
        .named(body)
        .filter(|member| matches!(nodes.kind(*member), "use_declaration" | "inner_attribute_item"))
        .last()
        .map(|member| end_of_line(text, nodes.range(member).end))
        .unwrap_or(range.start + 1);
    let imports = imports.max(inner_docs(nodes, body, text).unwrap_or(0));
    let outer = home.indentation(nodes.range(module).start);
    let own = first.map(|first| nodes.range(*first).start).filter(|start| home.line_start(*start) > range.start);
    let indentation = match own {
        Some(start) => home.indentation(start).to_owned(),
        None => format!("{outer}{}", unit(text)),
    };
    let end = nodes.children(body).filter(|child| nodes.kind(*child) == "}").last();
    let end = end.map_or(range.end, |end| nodes.range(end).start);
    let line = home.line_start(end);
    let is_alone = line > range.start && text.get(line..end).is_some_and(|text| text.trim().is_empty());
    let (tests, closing) = if is_alone { (line, None) } else { (end, Some(outer.to_owned())) };
    // Comments count: they are not written into.
    let is_empty = nodes.children(body).all(|child| matches!(nodes.kind(child), "{" | "}"));
    Kind::Module { imports: imports.min(tests), tests, indentation, is_empty, closing }
}

/// The end of the `//!` lines that a body begins with.
fn inner_docs(nodes: &Nodes, body: usize, text: &str) -> Option<usize> {
    let lead = nodes.children(body).filter(|child| nodes.kind(*child) != "{");
    let docs = lead.take_while(|child| nodes.text(*child, text).starts_with("//!"));
    let last = docs.last()?;
    let end = nodes.range(last).end;
    Some(nodes.range(last).start + nodes.text(last, text).trim_end().len()).filter(|own| *own <= end)
}

fn at_end(nodes: &Nodes, home: &File) -> Kind {
    let text = &*home.text;
    let last = nodes.named(0).filter(|item| nodes.kind(*item) == "use_declaration").last();
    if let Some(last) = last {
        return Kind::End { imports: Some(end_of_line(text, nodes.range(last).end)), is_after_import: true };
    }
    let is_head = |item: &usize| nodes.kind(*item) == "inner_attribute_item";
    let first = nodes.named(0).find(|item| !is_head(item));
    let imports = first.map(|first| home.with_comments(home.line_start(nodes.range(first).start)));
    Kind::End { imports, is_after_import: false }
}

/// The end of a line behind code, if nothing but a comment follows there.
fn end_of_line(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let is_free = line.trim().is_empty() || line.trim_start().starts_with("//");
    if is_free { offset + line.len() } else { offset }
}

/// What a file is indented by.
fn unit(text: &str) -> &'static str {
    if text.lines().any(|line| line.starts_with('\t')) { "\t" } else { "    " }
}
