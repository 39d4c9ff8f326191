//! Takes Rust code apart into imports, helpers and tests, whatever modules they stand in.

use std::{collections::HashSet, ops::Range};

use aiex_syntax::{Language, Nodes, SymbolKind};

use super::{
    homes::attributes,
    parts::{Helper, Import, Parts, Stands, Test},
};
use crate::edits::{indent, source::File};

/// The most lists of a `use` within each other.
const DEEPEST_USE: usize = 8;

/// What the code under test defines, so that a reply that repeats it is known.
pub(super) struct Defined {
    names: HashSet<String>,
    /// `Money::new`.
    methods: HashSet<String>,
    impls: HashSet<String>,
}

impl Defined {
    /// What a file defines outside of its tests.
    pub(super) fn of(file: &File, tests: &[Range<usize>]) -> Self {
        let mut found = Self { names: HashSet::new(), methods: HashSet::new(), impls: HashSet::new() };
        for symbol in &file.symbols {
            if tests.iter().any(|tests| tests.contains(&symbol.range.start)) {
                continue;
            }
            match symbol.kind {
                SymbolKind::Impl => found.impls.insert(symbol.name.clone()),
                SymbolKind::Method => {
                    let names: Vec<&str> = symbol.qualified.rsplitn(3, "::").collect();
                    let of = names.get(1).copied().unwrap_or_default();
                    found.methods.insert(format!("{of}::{}", symbol.name))
                }
                SymbolKind::Module | SymbolKind::Test => false,
                _ => found.names.insert(symbol.name.clone()),
            };
        }
        found
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// The parts of some code that parses. What repeats `defined` is left out.
pub(super) fn parts(file: &File, defined: &Defined) -> Parts {
    let mut found = Parts::default();
    let Some(syntax) = &file.syntax else { return found };
    let text = &*file.text;
    let nodes = syntax.nodes(&(0..text.len()));
    let mut lead = Lead::default();
    let mut at = 1;
    while let Some(node) = nodes.get(at) {
        let kind = node.kind;
        let is_item = node.parent.is_some_and(|parent| match nodes.kind(parent) {
            "source_file" => true,
            "declaration_list" => nodes.parent(parent).is_some_and(|outer| nodes.kind(outer) == "mod_item"),
            _ => false,
        });
        if !is_item {
            lead = Lead::default();
            at += 1;
            continue;
        }
        let next = nodes.below(at).end;
        if node.is_comment || kind == "attribute_item" {
            lead.take(node.range.clone(), kind, text);
            at = next;
            continue;
        }
        let own = std::mem::take(&mut lead);
        let start = own.start_before(node.range.start, text).unwrap_or(node.range.start);
        let item = Item { nodes: &nodes, file, at, start };
        at = match kind {
            "mod_item" => at + 1,
            _ => {
                item.read(defined, &mut found);
                next
            }
        };
    }
    found
}

/// The comments and attributes right before an item.
#[derive(Default)]
struct Lead {
    range: Option<Range<usize>>,
}

impl Lead {
    fn take(&mut self, range: Range<usize>, kind: &str, text: &str) {
        let is_inner = kind != "attribute_item" && text.get(range.clone()).is_some_and(|text| text.starts_with("//!"));
        if is_inner {
            self.range = None;
            return;
        }
        let start = self.start_before(range.start, text).unwrap_or(range.start);
        self.range = Some(start..range.end);
    }

    /// Where it begins, if nothing but a line end and blanks is between it and what follows.
    fn start_before(&self, offset: usize, text: &str) -> Option<usize> {
        let range = self.range.clone()?;
        // The grammar counts the line end into some comments.
        let end = text.get(range.clone())?.trim_end().len() + range.start;
        let between = text.get(end..offset)?;
        let is_near = between.trim().is_empty() && between.matches('\n').count() <= 1;
        is_near.then_some(range.start)
    }
}

struct Item<'a> {
    nodes: &'a Nodes,
    file: &'a File,
    at: usize,
    start: usize,
}

impl Item<'_> {
    fn read(&self, defined: &Defined, found: &mut Parts) {
        let text = &*self.file.text;
        let name = self.nodes.child(self.at, "name").map(|name| self.nodes.text(name, text)).unwrap_or_default();
        match self.nodes.kind(self.at) {
            "use_declaration" => {
                let modules =
                    self.nodes.ancestors(self.at).filter(|outer| self.nodes.kind(*outer) == "mod_item").count();
                let all = imports(self.file, &self.nodes.range(self.at));
                found.imports.extend(all.into_iter().filter_map(|import| raised(import, modules.saturating_sub(1))));
            }
            "function_item" if attributes(self.nodes, self.at, text).any(is_test) => {
                found.tests.push(self.test(name, self.text()));
            }
            "macro_invocation" => self.macro_tests(self.at, found),
            "expression_statement" => {
                for inner in self.nodes.named(self.at).filter(|at| self.nodes.kind(*at) == "macro_invocation") {
                    self.macro_tests(inner, found);
                }
            }
            "function_item" | "struct_item" | "enum_item" | "union_item" | "trait_item" | "type_item"
            | "const_item" | "static_item" | "macro_definition"
                if !defined.has(name) =>
            {
                found.helpers.push(self.helper(name, true));
            }
            "impl_item" if !self.is_repeated(defined) => {
                let of = self.nodes.child(self.at, "type").map(|of| self.nodes.text(of, text)).unwrap_or_default();
                let name = of.split(['<', ' ']).next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
                found.helpers.push(self.helper(name, false));
            }
            _ => {}
        }
    }

    fn text(&self) -> String {
        let range = self.file.whole_lines(&(self.start..self.nodes.range(self.at).end));
        indent::moved(Some(Language::Rust), self.file.slice(range), "")
    }

    fn test(&self, name: &str, text: String) -> Test {
        Test { title: name.to_owned(), group: None, setups: Vec::new(), text }
    }

    fn helper(&self, name: &str, defines: bool) -> Helper {
        Helper { name: name.to_owned(), text: self.text(), defines, stands: Stands::Late }
    }

    /// Whether an implementation is one of the code under test, or repeats methods of it.
    fn is_repeated(&self, defined: &Defined) -> bool {
        let symbol = self.file.symbols.iter().position(|symbol| {
            symbol.kind == SymbolKind::Impl
                && symbol.clauses.iter().any(|clause| clause.range == self.nodes.range(self.at))
        });
        let Some(symbol) = symbol else { return false };
        let own = self.file.symbols.get(symbol);
        let is_of_trait = own.is_some_and(|own| own.implements.is_some());
        let is_known = own.is_some_and(|own| defined.impls.contains(&own.name));
        if is_of_trait {
            return is_known;
        }
        self.file.members(Some(symbol)).filter_map(|member| self.file.symbols.get(member)).any(|method| {
            let names: Vec<&str> = method.qualified.rsplitn(3, "::").collect();
            let of = names.get(1).copied().unwrap_or_default();
            defined.methods.contains(&format!("{of}::{}", method.name))
        })
    }

    /// The tests in `proptest! { … }` and its like, each as an invocation of its own.
    fn macro_tests(&self, at: usize, found: &mut Parts) {
        let text = &*self.file.text;
        let Some(tree) = self.nodes.of_kind(at, "token_tree") else { return };
        let named = self.nodes.child(at, "macro").map(|name| self.nodes.text(name, text)).unwrap_or_default();
        let children: Vec<usize> = self.nodes.children(tree).collect();
        let inner = children.get(1..children.len().saturating_sub(1)).unwrap_or_default();
        let (mut header, mut items) = (String::new(), Vec::new());
        let (mut start, mut name, mut is_named) = (None::<usize>, None, false);
        let mut marks = "";
        for child in inner {
            let range = self.nodes.range(*child);
            let word = self.nodes.text(*child, text);
            let begin = *start.get_or_insert(range.start);
            match word {
                "fn" => is_named = true,
                _ if is_named && name.is_none() => name = Some(word),
                _ if word.starts_with('[') && marks.ends_with("#!") => {
                    header.push_str(&format!("{}\n", self.file.slice(begin..range.end)));
                    start = None;
                }
                _ if word.starts_with('{') && name.is_some() => {
                    items.push((name.take().unwrap_or_default(), begin..range.end));
                    (start, is_named) = (None, false);
                }
                _ => {}
            }
            marks = match (marks, word) {
                (_, "#") => "#",
                ("#", "!") => "#!",
                _ => "",
            };
        }
        let is_one = |range: &Range<usize>| self.file.slice(range.clone()).contains("test]");
        items.retain(|(_, range)| is_one(range));
        match items.as_slice() {
            [] => {}
            [(name, _)] => found.tests.push(self.test(name, self.text())),
            many => {
                for (name, range) in many {
                    let whole = self.file.whole_lines(range);
                    let item = format!("{header}{}", indent::moved(Some(Language::Rust), self.file.slice(whole), ""));
                    let item = indent::moved(Some(Language::Rust), &item, "    ");
                    found.tests.push(self.test(name, format!("{named}! {{\n{item}\n}}")));
                }
            }
        }
    }
}

/// `#[test]`, `#[tokio::test(…)]`, `#[rstest]`, `#[test_case(1)]`.
pub(super) fn is_test(attribute: &str) -> bool {
    let path = attribute.trim_start_matches(['#', '[', ' ']).split(['(', '=', '[', ']']).next().unwrap_or_default();
    let last = path.trim().rsplit("::").next().unwrap_or_default();
    last.ends_with("test") || matches!(last, "test_case" | "quickcheck" | "test_log" | "test_matrix")
}

/// An import of a module as it reads so many modules further out; none of what it then would have anyway.
fn raised(mut import: Import, depth: usize) -> Option<Import> {
    let parts: Vec<&str> = import.before.split("::").collect();
    let own = parts.iter().take_while(|part| **part == "super").count();
    if own == 0 || depth == 0 {
        return Some(import);
    }
    if own <= depth {
        return None;
    }
    import.before = parts.get(depth..).unwrap_or_default().join("::");
    Some(import)
}

/// What a `use` brings, one by one.
pub(super) fn imports(file: &File, declaration: &Range<usize>) -> Vec<Import> {
    let mut written = String::new();
    let joins = |text: &str| text.starts_with(|char: char| char.is_alphanumeric() || char == '_');
    for (_, text) in file.tokens_in(declaration).skip_while(|(_, text)| *text != "use").skip(1) {
        if text.starts_with("//") || text.starts_with("/*") {
            continue;
        }
        if joins(text) && written.ends_with(|char: char| char.is_alphanumeric() || char == '_') {
            written.push(' ');
        }
        written.push_str(text);
    }
    let mut found = Vec::new();
    expand("", written.trim_end_matches(';'), 0, &mut found);
    found
}

fn expand(before: &str, tree: &str, depth: usize, found: &mut Vec<Import>) {
    let joined = |path: &str| match (before, path) {
        ("", path) => path.to_owned(),
        (before, "") => before.to_owned(),
        (before, path) => format!("{before}::{path}"),
    };
    if let Some((path, list)) = tree.split_once('{') {
        let Some((list, _)) = list.rsplit_once('}').filter(|_| depth < DEEPEST_USE) else { return };
        let before = joined(path.trim_end_matches("::"));
        let (mut open, mut start) = (0_usize, 0);
        for (at, char) in list.char_indices().chain([(list.len(), ',')]) {
            match char {
                '{' => open += 1,
                '}' => open = open.saturating_sub(1),
                ',' if open == 0 => {
                    let one = list.get(start..at).unwrap_or_default();
                    if !one.is_empty() {
                        expand(&before, one, depth + 1, found);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let path = match tree.strip_prefix("self").filter(|rest| !before.is_empty() && !rest.starts_with("::")) {
        // `fmt::{self}` is `fmt`.
        Some(rest) => format!("{before}{rest}"),
        None => joined(tree),
    };
    let (before, last) = path.rsplit_once("::").unwrap_or(("", &path));
    let (own, alias) = last.split_once(" as ").map_or((last, None), |(own, alias)| (own, Some(alias)));
    let name = alias.unwrap_or(own);
    found.push(Import {
        before: before.to_owned(),
        last: last.to_owned(),
        name: (!matches!(name, "*" | "_")).then(|| name.to_owned()),
    });
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::generated_tests::parts::parsed;

    fn check(code: &str, expect: Expect) {
        let under_test = parsed(Language::Rust, "fn add() {}\nstruct Money;\nimpl Money { fn new() {} }\n");
        let found = parts(&parsed(Language::Rust, code), &Defined::of(&under_test, &[]));
        let mut out = String::new();
        for Import { before, last, name } in &found.imports {
            out.push_str(&format!("import {before} | {last} as {}\n", name.as_deref().unwrap_or("-")));
        }
        for helper in &found.helpers {
            out.push_str(&format!("helper {}:\n{}\n", helper.name, helper.text));
        }
        for test in &found.tests {
            out.push_str(&format!("test {}:\n{}\n", test.title, test.text));
        }
        expect.assert_eq(&out);
    }

    #[test]
    fn modules_are_unwrapped() {
        check(
            "use std::fmt;\n\n/// Adds.\nfn add() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    // One.\n\n    fn one() -> u8 {\n        1\n    }\n\n    /// Adds up.\n    #[test]\n    #[should_panic]\n    fn adds() {\n        add();\n    }\n\n    mod more {\n        #[tokio::test]\n        async fn waits() {\n            one().await;\n        }\n    }\n}\n",
            expect![[r#"
                import std | fmt as fmt
                import super | * as -
                helper one:
                fn one() -> u8 {
                    1
                }
                test adds:
                /// Adds up.
                #[test]
                #[should_panic]
                fn adds() {
                    add();
                }
                test waits:
                #[tokio::test]
                async fn waits() {
                    one().await;
                }
            "#]],
        );
    }

    #[test]
    fn lists_of_imports_come_one_by_one() {
        check(
            "use std::{fmt::{self, Write as _}, io::*};\npub(crate) use super::{Money as M, // why\n add,};\nuse a;\n",
            expect![[r#"
                import std | fmt as fmt
                import std::fmt | Write as _ as -
                import std::io | * as -
                import super | Money as M as M
                import super | add as add
                import  | a as a
            "#]],
        );
    }

    #[test]
    fn what_is_under_test_is_not_taken_and_helpers_are() {
        check(
            "struct Money;\nimpl Money { fn new() {} }\nimpl Money { fn other() {} }\nstruct Fake;\nimpl Drop for Fake { fn drop(&mut self) {} }\nconst ONE: u8 = 1;\n",
            expect![[r#"
                helper Money:
                impl Money { fn other() {} }
                helper Fake:
                struct Fake;
                helper Fake:
                impl Drop for Fake { fn drop(&mut self) {} }
                helper ONE:
                const ONE: u8 = 1;
            "#]],
        );
    }

    #[test]
    fn properties_come_one_by_one() {
        check(
            "proptest! {\n    #![proptest_config(c())]\n    #[test]\n    fn one(a in 0..9) {\n        prop_assert!(a < 9);\n    }\n\n    /// Two.\n    #[test]\n    fn two(b in 0..9) { prop_assert!(b < 9); }\n}\n",
            expect![[r#"
                test one:
                proptest! {
                    #![proptest_config(c())]
                    #[test]
                    fn one(a in 0..9) {
                        prop_assert!(a < 9);
                    }
                }
                test two:
                proptest! {
                    #![proptest_config(c())]
                    /// Two.
                    #[test]
                    fn two(b in 0..9) { prop_assert!(b < 9); }
                }
            "#]],
        );
    }
}
