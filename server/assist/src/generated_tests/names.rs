//! Gives the parts of a reply names that are free where they go, and refuses what would mean two things.

use aiex_syntax::Language;

use super::{
    Assertions, GeneratedTests, LONGEST_TITLE, MOST_TESTS, Parts, Site, TestTask,
    elixir_site::escaped,
    parts::{Import, Stands, free, parsed, said},
    site::Names,
};
use crate::edits::{Refusal, source::File};

impl GeneratedTests {
    pub(super) fn new(language: Language, task: &TestTask, home: File, parts: Parts, site: Site) -> Self {
        let is_own = task.home == task.path && *home.text == *task.text && !task.target.is_empty();
        let anchor = is_own.then(|| task.target.clone());
        Self { language, home, is_new: false, anchor, parts, site, names: Vec::new(), again: None }
    }

    fn known(&self) -> &Names {
        match &self.site {
            Site::Rust(site) => &site.names,
            Site::Elixir(site) => &site.names,
        }
    }

    /// Names what there is.
    pub(super) fn named(&mut self, task: &TestTask) -> Result<(), Refusal> {
        if self.parts.tests.is_empty() {
            return Err(Refusal::NoTest(match self.language {
                Language::Rust => "each one is a function with `#[test]`",
                Language::Elixir => "each one is a `test \"…\" do` block",
            }));
        }
        if self.parts.tests.len() > MOST_TESTS {
            return Err(Refusal::Malformed("it has more tests than any edit"));
        }
        self.helpers(task)?;
        self.imports(task)?;
        let silent = {
            let assertions = Assertions::new(self.language, &self.parts.helpers, Some(&self.home));
            self.parts.tests.iter().find(|test| !assertions.in_code(&test.text)).map(|test| test.title.clone())
        };
        if let Some(title) = silent {
            return Err(Refusal::AssertsNothing(title));
        }
        match self.language {
            Language::Rust => self.functions(),
            Language::Elixir => self.titles(),
        }
    }

    /// Leaves out helpers that are there, and names those anew whose name means something else there.
    fn helpers(&mut self, task: &TestTask) -> Result<(), Refusal> {
        let texts: Vec<String> =
            self.parts.tests.iter().flat_map(|test| test.setups.iter().chain([&test.text])).cloned().collect();
        let needed = self.parts.needed(texts.iter().map(String::as_str));
        let mut index = 0;
        self.parts.helpers.retain(|_| {
            index += 1;
            needed.contains(&(index - 1))
        });
        let mut at = 0;
        while let Some(helper) = self.parts.helpers.get(at).cloned() {
            let says = said(self.language, &helper.text);
            let twin = self.parts.helpers.iter().take(at).find(|other| other.defines && other.name == helper.name);
            let is_single = self.language == Language::Rust || helper.stands != Stands::Late;
            if twin.is_some() && helper.defines && is_single {
                return Err(Refusal::TwoVersions(helper.name));
            }
            let known = self.known().definitions.iter().find(|(name, _)| *name == helper.name);
            if !helper.defines {
                let is_there = said(self.language, &self.home.text).contains(&says);
                if is_there {
                    self.parts.helpers.remove(at);
                } else {
                    at += 1;
                }
                continue;
            }
            match known {
                Some((_, known)) if *known == says => {
                    self.parts.helpers.remove(at);
                }
                Some(_) => {
                    let taken = |name: &str| {
                        self.known().has(name) || self.parts.helpers.iter().any(|helper| helper.name == name)
                    };
                    let name = free(&helper.name, numbered, taken);
                    if helper.name.starts_with(char::is_uppercase) && self.language == Language::Elixir {
                        let path = task.home.to_owned();
                        return Err(Refusal::Clash { name: helper.name, path });
                    }
                    self.parts.rename(self.language, &helper.name, &name);
                    at += 1;
                }
                None => at += 1,
            }
        }
        Ok(())
    }

    /// Refuses an import whose name means something else where it goes.
    fn imports(&mut self, task: &TestTask) -> Result<(), Refusal> {
        let known = self.known();
        let clashes = |import: &&Import| {
            let Some(name) = &import.name else { return false };
            let is_other = |other: &Import| {
                other.name.as_ref() == Some(name)
                    && other.before == import.before
                    && other.last != import.last
                    && (self.language == Language::Elixir && import.before == "alias")
                    || self.language == Language::Rust
                        && other.name.as_ref() == Some(name)
                        && (other.before != import.before || other.last != import.last)
            };
            known.imports.iter().chain(&self.parts.imports).any(is_other)
                || self.language == Language::Rust && known.definitions.iter().any(|(known, _)| known == name)
        };
        match self.parts.imports.iter().find(clashes).and_then(|import| import.name.clone()) {
            Some(name) => Err(Refusal::Clash { name, path: task.home.to_owned() }),
            None => Ok(()),
        }
    }

    fn functions(&mut self) -> Result<(), Refusal> {
        let mut at = 0;
        while let Some(test) = self.parts.tests.get(at).cloned() {
            let says = said(self.language, &test.text);
            let is_there = |(name, said): &(String, String)| *name == test.title && says.ends_with(said.as_str());
            if self.known().definitions.iter().any(is_there) {
                self.parts.tests.remove(at);
                continue;
            }
            let taken = |name: &str| {
                self.known().has(name)
                    || self.names.iter().any(|known| known == name)
                    || self.parts.helpers.iter().any(|helper| helper.name == name)
            };
            let name = free(&test.title, numbered, taken);
            if let Some(own) = self.parts.tests.get_mut(at).filter(|own| own.title != name) {
                own.text = renamed_function(&test.text, &test.title, &name);
                own.title.clone_from(&name);
            }
            self.names.push(name);
            at += 1;
        }
        if self.names.is_empty() { Err(Refusal::Unchanged) } else { Ok(()) }
    }

    fn titles(&mut self) -> Result<(), Refusal> {
        let Site::Elixir(site) = &self.site else { return Ok(()) };
        let mut names: Vec<String> = Vec::new();
        for (at, test) in self.parts.tests.iter_mut().enumerate() {
            let taken = |title: &str| {
                let full = site.full_title(at, title);
                names.contains(&full) || site.titles.contains(&full)
            };
            let title = free(&test.title, |title, number| format!("{title} ({number})"), taken);
            if title != test.title {
                test.text = retitled(&test.text, &title);
                test.title.clone_from(&title);
            }
            let full = site.full_title(at, &title);
            if full.len() > LONGEST_TITLE {
                return Err(Refusal::Malformed("the title of a test is longer than 240 bytes"));
            }
            names.push(full);
        }
        self.names = names;
        Ok(())
    }

    /// Everything that may be added.
    pub(super) fn taken(&self) -> String {
        let parts = &self.parts;
        let imports = parts.imports.iter().map(|import| format!("{} {}", import.before, import.last));
        let helpers = parts.helpers.iter().map(|helper| helper.text.clone());
        let tests = parts.tests.iter().flat_map(|test| test.setups.iter().chain([&test.text]).cloned());
        imports.chain(helpers).chain(tests).collect::<Vec<_>>().join("\n")
    }
}

/// `name_2`; of `valid?` `valid_2?`.
fn numbered(name: &str, number: usize) -> String {
    let bare = name.trim_end_matches(['?', '!']);
    format!("{bare}_{number}{}", name.get(bare.len()..).unwrap_or_default())
}

/// A test with another name where it is defined.
fn renamed_function(text: &str, from: &str, to: &str) -> String {
    let file = parsed(Language::Rust, text);
    let words = file.tokens.windows(2);
    let name = words.into_iter().find_map(|two| match two {
        [word, name] if file.slice(word.range.clone()) == "fn" && file.slice(name.range.clone()) == from => {
            Some(name.range.clone())
        }
        _ => None,
    });
    let mut text = text.to_owned();
    if let Some(name) = name {
        text.replace_range(name, to);
    }
    text
}

/// A test of ExUnit with another title.
fn retitled(text: &str, title: &str) -> String {
    let file = parsed(Language::Elixir, text);
    let Some(syntax) = &file.syntax else { return text.to_owned() };
    let nodes = syntax.nodes(&(0..text.len()));
    let test = nodes.named(0).find(|at| matches!(super::elixir::word(&nodes, *at, text), "test" | "property"));
    let mut out = text.to_owned();
    if let Some(string) = test.and_then(|test| super::elixir::first_argument(&nodes, test)) {
        out.replace_range(nodes.range(string), &format!("\"{}\"", escaped(title)));
    }
    out
}

/// Adds an alias of the code's module where tests use its last name and nothing says what it means.
pub(super) fn alias(parts: &mut Parts, module: Option<&str>, known: &Names, home: &File) {
    let Some((before, last)) = module.and_then(|module| module.rsplit_once('.')) else { return };
    let import = Import { before: "alias".to_owned(), last: format!("{before}.{last}"), name: Some(last.to_owned()) };
    let is_named = |import: &Import| import.name.as_deref() == Some(last);
    if known.imports.iter().chain(&parts.imports).any(is_named) || home.text.contains(&format!("as: {last}")) {
        return;
    }
    let uses = |text: &str| {
        let file = parsed(Language::Elixir, text);
        let mut names = file.tokens.iter().map(|token| file.slice(token.range.clone()));
        names.any(|name| name == last || name.strip_prefix(last).is_some_and(|rest| rest.starts_with('.')))
    };
    let tests = parts.tests.iter().flat_map(|test| test.setups.iter().chain([&test.text]));
    if tests.chain(parts.helpers.iter().map(|helper| &helper.text)).any(|text| uses(text)) {
        parts.imports.insert(0, import);
    }
}
