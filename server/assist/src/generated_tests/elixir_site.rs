//! Where in an Elixir file its new tests go: into the `describe` of what they test, or beside their like.

use aiex_syntax::{Language, Nodes};

use super::{
    elixir::{Found, first_argument, holds_tests, imports, plain_title, word},
    parts::{Import, Test, free, said},
    site::{Addition, Chunk, Names, Wanted, gap, plain},
};
use crate::edits::source::File;

const LANGUAGE: Language = Language::Elixir;

/// The place of new tests in an Elixir file.
#[derive(Clone, Debug)]
pub(super) struct ElixirSite {
    kind: Kind,
    pub(super) names: Names,
    /// Where each test goes, by its index.
    places: Vec<Place>,
    groups: Vec<Group>,
    /// The titles of the tests that are there, with their groups'.
    pub(super) titles: Vec<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// In a module: the start of its line, the byte behind its imports, whether these end with `use`, whether anything
    /// follows, and the block itself.
    Module { start: usize, imports: usize, spaced: bool, is_followed: bool, block: Block },
    /// In a module that is made, with what runs before all its tests.
    NewModule { name: String, case: String, setups: Vec<String> },
}

/// A block of the home that takes tests: the byte before its `end`, and what stands around.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    at: usize,
    indentation: String,
    /// The indentation of an `end` that is not alone on its line.
    closing: Option<String>,
    is_empty: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Flat,
    In(Block, String),
    New(usize),
}

/// A `describe` that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    /// What it was to be called, before it was numbered.
    asked: String,
    title: String,
    setups: Vec<String>,
}

/// What the tests are for.
pub(super) struct Aim<'a> {
    /// `add/2`, the fullest arity last; none of what is no function.
    pub(super) labels: Vec<String>,
    /// Its own name.
    pub(super) name: Option<&'a str>,
    /// The module that it is in.
    pub(super) module: Option<&'a str>,
}

impl ElixirSite {
    /// The place in `home` of what was found in a reply. `case` is what a module that is made uses.
    pub(super) fn of(home: &File, aim: &Aim, found: &Found, case: &str) -> Self {
        let text = &*home.text;
        let nodes = home.syntax.as_ref().map(|syntax| syntax.nodes(&(0..text.len()))).unwrap_or_default();
        let name = format!("{}Test", aim.module.unwrap_or("Generated"));
        let Some(module) = test_module(&nodes, text, &name) else {
            let taken = |name: &str| text.contains(&format!("defmodule {name} "));
            let name = free(&name, |name, number| format!("{name}{number}"), taken);
            let kind = Kind::NewModule { name, case: case.to_owned(), setups: found.setups.clone() };
            let mut site =
                Self { kind, names: Names::default(), places: Vec::new(), groups: Vec::new(), titles: Vec::new() };
            site.assign(aim, found, &found.setups, &[], true);
            return site;
        };
        let block = nodes.of_kind(module, "do_block").unwrap_or(module);
        let mut names = Names::default();
        let (mut setups, mut groups, mut titles) = (Vec::new(), Vec::new(), Vec::new());
        for child in nodes.named(block) {
            match word(&nodes, child, text) {
                "setup" | "setup_all" => setups.push(said(LANGUAGE, nodes.text(child, text))),
                "describe" => {
                    let Some(title) = plain_title(&nodes, child, text) else { continue };
                    let inner = nodes.of_kind(child, "do_block").unwrap_or(child);
                    let mut own = Vec::new();
                    for member in nodes.named(inner) {
                        match word(&nodes, member, text) {
                            "setup" => own.push(said(LANGUAGE, nodes.text(member, text))),
                            "test" | "property" => {
                                titles.extend(plain_title(&nodes, member, text).map(|own| format!("{title} {own}")))
                            }
                            _ => {}
                        }
                    }
                    groups.push((title, own, block_of(&nodes, home, inner)));
                }
                "test" | "property" => titles.extend(plain_title(&nodes, child, text)),
                word @ ("alias" | "import" | "require" | "use") => {
                    names.imports.extend(imports(&nodes, child, text, word));
                }
                _ => names.definitions.extend(definition(&nodes, child, text)),
            }
        }
        let kind = in_module(&nodes, home, module, block);
        let mut site = Self { kind, names: joined(names), places: Vec::new(), groups: Vec::new(), titles };
        site.assign(aim, found, &setups, &groups, false);
        site
    }

    /// Decides where each test goes. `setups` is what runs before all of them anyway, `groups` what there is: title,
    /// setups and block.
    fn assign(
        &mut self,
        aim: &Aim,
        found: &Found,
        setups: &[String],
        groups: &[(String, Vec<String>, Block)],
        is_new: bool,
    ) {
        let known: Vec<String> = match is_new {
            true => setups.iter().map(|setup| said(LANGUAGE, setup)).collect(),
            false => setups.to_vec(),
        };
        let is_meant = |title: &str| aim.labels.iter().any(|label| label == title) || aim.name == Some(title);
        let existing = groups.iter().find(|(title, _, _)| {
            let own = title.trim_start_matches(['&', '#']);
            let is_qualified = |(outer, name): (&str, &str)| {
                let is_of = |module: &str| module == outer || module.ends_with(&format!(".{outer}"));
                is_meant(name) && aim.module.is_some_and(is_of)
            };
            is_meant(own) || own.rsplit_once('.').is_some_and(is_qualified)
        });
        for test in &found.parts.tests {
            let own: Vec<String> =
                test.setups.iter().filter(|setup| !known.contains(&said(LANGUAGE, setup))).cloned().collect();
            let has_all = |group: &&(String, Vec<String>, Block)| {
                own.iter().all(|setup| group.1.contains(&said(LANGUAGE, setup)))
            };
            let label = aim.labels.last().or(test.group.as_ref());
            let named = match own.is_empty() {
                true => label,
                false => test.group.as_ref().or(label),
            };
            let place = match (existing.filter(has_all), named) {
                (Some((title, _, block)), _) => Place::In(block.clone(), title.clone()),
                (None, Some(title)) if !own.is_empty() || is_new || !groups.is_empty() => {
                    Place::New(self.group(title, own, groups))
                }
                (None, None) if !own.is_empty() => Place::New(self.group("with its own setup", own, groups)),
                _ => Place::Flat,
            };
            self.places.push(place);
        }
    }

    /// The index of a new group with these setups.
    fn group(&mut self, title: &str, setups: Vec<String>, groups: &[(String, Vec<String>, Block)]) -> usize {
        let is_same = |group: &Group| group.asked == title && group.setups == setups;
        if let Some(index) = self.groups.iter().position(is_same) {
            return index;
        }
        let is_taken = |title: &str| {
            groups.iter().any(|(known, _, _)| known == title) || self.groups.iter().any(|group| group.title == title)
        };
        let asked = title.to_owned();
        let title = free(title, |title, number| format!("{title} ({number})"), is_taken);
        self.groups.push(Group { asked, title, setups });
        self.groups.len() - 1
    }

    /// The title of a test with that of the group in which it comes to stand.
    pub(super) fn full_title(&self, test: usize, title: &str) -> String {
        match self.places.get(test) {
            Some(Place::In(_, group)) => format!("{group} {title}"),
            Some(Place::New(group)) => {
                let group = self.groups.get(*group).map(|group| group.title.as_str()).unwrap_or_default();
                format!("{group} {title}")
            }
            _ => title.to_owned(),
        }
    }

    /// The tests that are here already, in the same words and under the same title.
    pub(super) fn repeated(&self, home: &File, found: &Found) -> Vec<usize> {
        let there = said(LANGUAGE, &home.text);
        let is_here = |(index, test): &(usize, &Test)| {
            let own = test.group.iter().map(|group| format!("{group} {}", test.title));
            let mut titles = own.chain([self.full_title(*index, &test.title)]);
            titles.any(|title| self.titles.contains(&title)) && there.contains(&said(LANGUAGE, &test.text))
        };
        found.parts.tests.iter().enumerate().filter(is_here).map(|(index, _)| index).collect()
    }

    /// Whether an import is not here already.
    pub(super) fn lacks(&self, import: &Import) -> bool {
        let module = |import: &Import| import.last.split(',').next().unwrap_or_default().trim().to_owned();
        !self.names.imports.iter().any(|known| {
            known.before == import.before
                && (known.last == import.last
                    || known.last == module(import) && import.before != "alias"
                    || import.before == "use" && module(known) == module(import))
        })
    }

    /// What is added.
    pub(super) fn additions(&self, home: &File, wanted: &Wanted) -> Vec<Addition> {
        let text = &*home.text;
        let (mut additions, indentation, mut end) = match &self.kind {
            Kind::Module { start, imports, spaced, is_followed, block } => {
                let indentation = block.indentation.as_str();
                let mut outside = Addition::new(*start);
                for helper in &wanted.outside {
                    outside.push(format!("{helper}\n\n"));
                }
                let mut top = Addition::new(*imports);
                let mut is_spaced = *spaced;
                for import in &wanted.imports {
                    let blank = if is_spaced && import.before != "use" { "\n" } else { "" };
                    is_spaced &= import.before == "use";
                    top.push(format!("\n{blank}{indentation}{}", written(import)));
                }
                for helper in plain(LANGUAGE, &wanted.early, indentation) {
                    top.push(format!("\n\n{}", helper.text));
                }
                if *is_followed && !top.chunks.is_empty() {
                    top.push("\n");
                }
                (vec![outside, top], indentation.to_owned(), Addition::new(block.at))
            }
            Kind::NewModule { name, case, setups } => {
                let mut end = Addition::new(text.len());
                end.push(gap(text));
                for helper in &wanted.outside {
                    end.push(format!("{helper}\n\n"));
                }
                let mut lines = format!("defmodule {name} do\n  use {case}\n");
                let (uses, others): (Vec<_>, Vec<_>) = wanted.imports.iter().partition(|import| import.before == "use");
                for import in uses {
                    lines.push_str(&format!("  {}\n", written(import)));
                }
                if !others.is_empty() {
                    lines.push('\n');
                }
                for import in others {
                    lines.push_str(&format!("  {}\n", written(import)));
                }
                end.push(lines);
                let used = |setup: &&String| {
                    let kept = wanted.kept.iter().map(|kept| kept.test);
                    kept.into_iter().any(|test| wanted.setups.get(test).is_some_and(|all| all.contains(setup)))
                };
                let setups: Vec<&str> = setups.iter().filter(used).map(String::as_str).collect();
                for piece in plain(LANGUAGE, &[wanted.early.as_slice(), &setups].concat(), "  ") {
                    end.push(format!("\n{}\n", piece.text));
                }
                (Vec::new(), "  ".to_owned(), end)
            }
        };
        // Into groups that are there.
        let mut blocks: Vec<&Block> = Vec::new();
        for kept in &wanted.kept {
            if let Some(Place::In(block, _)) = self.places.get(kept.test).filter(|place| matches!(place, Place::In(..)))
                && !blocks.contains(&block)
            {
                blocks.push(block);
            }
        }
        for block in blocks {
            let is_here = |test: usize| matches!(self.places.get(test), Some(Place::In(own, _)) if own == block);
            let mut addition = Addition::new(block.at);
            addition.fill(text, block, wanted.pieces(LANGUAGE, &block.indentation, is_here));
            additions.push(addition);
        }
        // At the end of the module.
        let is_flat = |test: usize| matches!(self.places.get(test), Some(Place::Flat) | None);
        let mut pieces: Vec<Vec<Chunk>> =
            wanted.pieces(LANGUAGE, &indentation, is_flat).into_iter().map(|piece| vec![piece]).collect();
        for (index, group) in self.groups.iter().enumerate() {
            let is_here = |test: usize| matches!(self.places.get(test), Some(Place::New(own)) if *own == index);
            let inner = format!("{indentation}  ");
            let tests = wanted.pieces(LANGUAGE, &inner, is_here);
            if tests.is_empty() {
                continue;
            }
            // What runs once for a module runs before each test of a group.
            let setups: Vec<String> =
                group.setups.iter().map(|setup| setup.replacen("setup_all", "setup", 1)).collect();
            let setups: Vec<&str> = setups.iter().map(String::as_str).collect();
            let mut chunks = vec![Chunk::plain(format!("{indentation}describe \"{}\" do\n", escaped(&group.title)))];
            for (at, piece) in plain(LANGUAGE, &setups, &inner).into_iter().chain(tests).enumerate() {
                if at > 0 {
                    chunks.push(Chunk::plain("\n\n".to_owned()));
                }
                chunks.push(piece);
            }
            chunks.push(Chunk::plain(format!("\n{indentation}end")));
            pieces.push(chunks);
        }
        pieces.extend(plain(LANGUAGE, &wanted.helpers, &indentation).into_iter().map(|piece| vec![piece]));
        let mut chunks = Vec::new();
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                chunks.push(Chunk::plain("\n\n".to_owned()));
            }
            chunks.extend(piece);
        }
        match &self.kind {
            Kind::Module { block, .. } if !chunks.is_empty() => end.fill_with(text, block, chunks),
            Kind::Module { .. } => {}
            Kind::NewModule { .. } => {
                end.push("\n");
                end.chunks.extend(chunks);
                end.push("\nend\n");
            }
        }
        additions.push(end);
        additions
    }
}

impl Addition {
    /// Tests before the end of a block.
    fn fill(&mut self, text: &str, block: &Block, pieces: Vec<Chunk>) {
        let mut chunks = Vec::new();
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                chunks.push(Chunk::plain("\n\n".to_owned()));
            }
            chunks.push(piece);
        }
        self.fill_with(text, block, chunks);
    }

    fn fill_with(&mut self, text: &str, block: &Block, chunks: Vec<Chunk>) {
        let has_blank = text.get(..block.at).unwrap_or_default().replace('\r', "").ends_with("\n\n");
        match (&block.closing, block.is_empty || has_blank) {
            (Some(_), true) => self.push("\n"),
            (Some(_), false) => self.push("\n\n"),
            (None, false) => self.push("\n"),
            (None, true) => {}
        }
        self.chunks.extend(chunks);
        self.push(format!("\n{}", block.closing.as_deref().unwrap_or_default()));
    }
}

fn written(import: &Import) -> String {
    format!("{} {}", import.before, import.last)
}

/// Text as it stands in a string.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("#{", "\\#{").replace('\n', "\\n")
}

/// The module of a file that its tests are in: the one of this name, else the last that has tests or is a case.
fn test_module(nodes: &Nodes, text: &str, name: &str) -> Option<usize> {
    let modules = (0..nodes.len()).filter(|at| word(nodes, *at, text) == "defmodule");
    let is_case = |module: usize| {
        let block = nodes.of_kind(module, "do_block");
        block.into_iter().flat_map(|block| nodes.named(block)).any(|child| {
            word(nodes, child, text) == "use"
                && imports(nodes, child, text, "use")
                    .iter()
                    .any(|import| import.last.split(',').next().unwrap_or_default().trim().ends_with("Case"))
        })
    };
    let own = |module: usize| first_argument(nodes, module).map(|name| nodes.text(name, text)) == Some(name);
    let found: Vec<usize> = modules
        .filter(|module| nodes.of_kind(*module, "do_block").is_some())
        .filter(|module| is_case(*module) || holds_tests(nodes, *module, text))
        .collect();
    found.iter().copied().find(|module| own(*module)).or_else(|| found.last().copied())
}

fn block_of(nodes: &Nodes, home: &File, block: usize) -> Block {
    let range = nodes.range(block);
    let end = nodes.children(block).filter(|child| nodes.kind(*child) == "end").last();
    let end = end.map_or(range.end, |end| nodes.range(end).start);
    let outer = home.indentation(range.start).to_owned();
    let first = nodes.named(block).next().map(|first| nodes.range(first).start);
    let indentation = match first.filter(|first| home.line_start(*first) > range.start) {
        Some(first) => home.indentation(first).to_owned(),
        None => format!("{outer}  "),
    };
    let line = home.line_start(end);
    let is_alone = line > range.start && home.slice(line..end).trim().is_empty();
    let (at, closing) = if is_alone { (line, None) } else { (end, Some(outer)) };
    let is_empty = nodes.children(block).all(|child| matches!(nodes.kind(child), "do" | "end"));
    Block { at, indentation, closing, is_empty }
}

fn in_module(nodes: &Nodes, home: &File, module: usize, block: usize) -> Kind {
    let text = &*home.text;
    let start = home.with_comments(home.line_start(nodes.range(module).start));
    let own = block_of(nodes, home, block);
    let is_import = |child: &usize| matches!(word(nodes, *child, text), "alias" | "import" | "require" | "use");
    let last = nodes.named(block).filter(is_import).last();
    let docs = || nodes.named(block).next().filter(|child| nodes.text(*child, text).starts_with("@moduledoc"));
    let head = || nodes.range(block).start + "do".len();
    let after = last.or_else(docs).map_or_else(head, |child| nodes.range(child).end);
    let rest = home.slice(after..home.text.len());
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let is_free = line.trim().is_empty() || line.trim_start().starts_with('#');
    let imports = if is_free { after + line.len() } else { after }.min(own.at);
    let spaced = last.is_none_or(|last| word(nodes, last, text) == "use") && (last.is_some() || docs().is_some());
    // Behind a head a blank line parts what follows.
    let is_followed = last.is_none() && docs().is_none() && !own.is_empty;
    Kind::Module { start, imports, spaced, is_followed, block: own }
}

/// The name of what a member of a module defines, and what it says.
fn definition(nodes: &Nodes, at: usize, text: &str) -> Option<(String, String)> {
    let said = || said(LANGUAGE, nodes.text(at, text));
    if nodes.kind(at) == "unary_operator" {
        let operand = nodes.child(at, "operand")?;
        let name = nodes.child(operand, "target").map(|name| nodes.text(name, text))?;
        let is_tag = matches!(name, "tag" | "moduletag" | "describetag" | "doc" | "spec" | "impl" | "moduledoc");
        return (!is_tag).then(|| (name.to_owned(), said()));
    }
    if !matches!(word(nodes, at, text), "def" | "defp" | "defmacro" | "defmacrop" | "defmodule") {
        return None;
    }
    let mut head = first_argument(nodes, at)?;
    if nodes.kind(head) == "binary_operator" {
        head = nodes.child(head, "left")?;
    }
    let name = nodes.child(head, "target").unwrap_or(head);
    Some((nodes.text(name, text).to_owned(), said()))
}

/// Clauses of one name as one definition.
fn joined(mut names: Names) -> Names {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, said) in names.definitions {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.push_str(&said),
            None => all.push((name, said)),
        }
    }
    names.definitions = all;
    names
}
