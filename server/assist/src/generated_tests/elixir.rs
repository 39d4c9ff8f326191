//! Takes Elixir code apart into imports, helpers and tests, whatever modules and `describe` blocks they stand in.

use aiex_syntax::{Language, Nodes};

use super::parts::{Helper, Import, Parts, Stands, Test};
use crate::edits::{Refusal, indent, source::File};

const LANGUAGE: Language = Language::Elixir;
/// How deep modules of tests nest.
const DEEPEST: usize = 8;

/// What a reply has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) parts: Parts,
    /// What its module uses to be a case, such as `Shop.DataCase, async: true`.
    pub(super) case: Option<String>,
    /// What its modules run before their tests, outside of any `describe`.
    pub(super) setups: Vec<String>,
}

/// The parts of some code that parses. Modules and functions outside of any are left out if `is_defined` knows them:
/// `Shop.Cart`, `add/2`.
pub(super) fn parts(file: &File, is_defined: &dyn Fn(&str) -> bool) -> Result<Found, Refusal> {
    let nodes = file.syntax.as_ref().map(|syntax| syntax.nodes(&(0..file.text.len()))).unwrap_or_default();
    let mut reading = Reading { file, nodes: &nodes, is_defined, found: Found::default() };
    reading.members(0, &Around::default(), 0)?;
    Ok(reading.found)
}

/// What a test stands in.
#[derive(Clone, Default)]
struct Around {
    group: Option<String>,
    setups: Vec<String>,
    /// Attributes that count for each test.
    tags: Vec<String>,
    in_module: bool,
}

struct Reading<'a> {
    file: &'a File,
    nodes: &'a Nodes,
    is_defined: &'a dyn Fn(&str) -> bool,
    found: Found,
}

impl Reading<'_> {
    fn members(&mut self, container: usize, around: &Around, depth: usize) -> Result<(), Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::Malformed("its modules nest too deep"));
        }
        let mut around = around.clone();
        let children: Vec<usize> = self.nodes.children(container).collect();
        for child in &children {
            match (word(self.nodes, *child, self.text()), self.attribute(*child)) {
                ("setup" | "setup_all", _) => around.setups.push(self.code(self.start(*child), *child)),
                (_, Some((name @ ("moduletag" | "describetag"), _))) => {
                    let code = self.code(self.start(*child), *child);
                    around.tags.push(code.replacen(&format!("@{name}"), "@tag", 1));
                }
                _ => {}
            }
        }
        if around.group.is_none() {
            self.found.setups.extend(around.setups.iter().cloned());
        }
        let mut lead: Option<(usize, usize)> = None;
        for child in children {
            let Some(node) = self.nodes.get(child).filter(|node| node.is_named) else { continue };
            let is_lead = node.is_comment
                || matches!(self.attribute(child), Some(("tag" | "doc" | "spec" | "impl" | "dialyzer", _)));
            let start = lead.filter(|(_, end)| self.is_near(*end, node.range.start)).map(|(start, _)| start);
            let start = start.unwrap_or(node.range.start);
            if is_lead {
                lead = Some((start, node.range.end));
                continue;
            }
            lead = None;
            self.member(child, start, &around, depth)?;
        }
        Ok(())
    }

    fn text(&self) -> &str {
        &self.file.text
    }

    fn start(&self, at: usize) -> usize {
        self.nodes.range(at).start
    }

    /// Whether nothing but a line end is between two bytes.
    fn is_near(&self, end: usize, start: usize) -> bool {
        let between = self.file.slice(end..start);
        between.trim().is_empty() && between.matches('\n').count() <= 1
    }

    /// The lines of a node from a byte on, without their indentation.
    fn code(&self, start: usize, at: usize) -> String {
        let range = self.file.whole_lines(&(start..self.nodes.range(at).end));
        indent::moved(Some(LANGUAGE), self.file.slice(range), "")
    }

    /// The name of an attribute of a module, and its node, if it is set.
    fn attribute(&self, at: usize) -> Option<(&str, usize)> {
        let operand = self.nodes.child(at, "operand").filter(|_| self.nodes.kind(at) == "unary_operator")?;
        let is_attribute = self.file.slice(self.start(at)..self.nodes.range(at).end).starts_with('@');
        let target = self.nodes.child(operand, "target").filter(|_| self.nodes.kind(operand) == "call")?;
        is_attribute.then(|| (self.nodes.text(target, self.text()), operand))
    }

    fn member(&mut self, at: usize, start: usize, around: &Around, depth: usize) -> Result<(), Refusal> {
        if let Some((name, _)) = self.attribute(at) {
            let is_about = matches!(name, "moduletag" | "describetag" | "moduledoc" | "typedoc" | "behaviour");
            if !is_about {
                let (name, text) = (name.to_owned(), self.code(start, at));
                self.found.parts.helpers.push(Helper { name, text, defines: true, stands: Stands::Early });
            }
            return Ok(());
        }
        let text = &*self.file.text;
        let first = first_argument(self.nodes, at);
        match word(self.nodes, at, text) {
            "defmodule" => {
                let name = first.map(|name| self.nodes.text(name, text).to_owned()).unwrap_or_default();
                if holds_tests(self.nodes, at, text) {
                    let inside = Around { in_module: true, ..around.clone() };
                    let block = self.nodes.of_kind(at, "do_block");
                    return block.map_or(Ok(()), |block| self.members(block, &inside, depth + 1));
                }
                if !(self.is_defined)(&name) {
                    let stands = if name.contains('.') { Stands::Outside } else { Stands::Early };
                    let last = name.rsplit('.').next().unwrap_or_default().to_owned();
                    let text = self.code(start, at);
                    self.found.parts.helpers.push(Helper { name: last, text, defines: !name.contains('.'), stands });
                }
            }
            "describe" => {
                let title = title(self.nodes, at, text)?;
                let inside = Around { group: Some(title), ..around.clone() };
                let block = self.nodes.of_kind(at, "do_block");
                return block.map_or(Ok(()), |block| self.members(block, &inside, depth + 1));
            }
            "test" | "property" => {
                let code = self.code(start, at);
                let tags = around.tags.iter().filter(|tag| !code.contains(tag.as_str()));
                let code = tags.map(|tag| format!("{tag}\n")).chain([code.clone()]).collect();
                self.found.parts.tests.push(Test {
                    title: title(self.nodes, at, text)?,
                    group: around.group.clone(),
                    setups: around.setups.clone(),
                    text: code,
                });
            }
            word @ ("alias" | "import" | "require" | "use") => {
                for import in imports(self.nodes, at, text, word) {
                    let named = import.last.split([',', ' ']).next().unwrap_or_default();
                    if word == "use" && named.ends_with("Case") {
                        self.found.case.get_or_insert(import.last);
                    } else {
                        self.found.parts.imports.push(import);
                    }
                }
            }
            "def" | "defp" | "defmacro" | "defmacrop" => {
                let Some((name, arity)) = head(self.nodes, at, text) else { return Ok(()) };
                if !around.in_module && (self.is_defined)(&format!("{name}/{arity}")) {
                    return Ok(());
                }
                let code = self.code(start, at);
                let helpers = &mut self.found.parts.helpers;
                match helpers.last_mut().filter(|last| last.name == name && last.stands == Stands::Late) {
                    // Clauses belong together.
                    Some(last) => last.text = format!("{}\n{code}", last.text),
                    None => helpers.push(Helper { name, text: code, defines: true, stands: Stands::Late }),
                }
            }
            "for" if holds_tests(self.nodes, at, text) => {
                return Err(Refusal::Malformed("tests are made by a loop; each one is written out, or loops inside"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The word that a call calls; empty for other nodes.
pub(super) fn word<'t>(nodes: &Nodes, at: usize, text: &'t str) -> &'t str {
    let target =
        nodes.child(at, "target").filter(|target| nodes.kind(at) == "call" && nodes.kind(*target) == "identifier");
    target.map(|target| nodes.text(target, text)).unwrap_or_default()
}

/// The first argument of a call.
pub(super) fn first_argument(nodes: &Nodes, at: usize) -> Option<usize> {
    nodes.of_kind(at, "arguments").and_then(|arguments| nodes.named(arguments).next())
}

/// Whether a call has tests below it.
pub(super) fn holds_tests(nodes: &Nodes, at: usize, text: &str) -> bool {
    nodes.below(at).any(|below| {
        let is_test = matches!(word(nodes, below, text), "test" | "property" | "describe");
        is_test && first_argument(nodes, below).is_some_and(|title| nodes.kind(title) == "string")
    })
}

/// The title of a test or a group, as ExUnit knows it.
fn title(nodes: &Nodes, at: usize, text: &str) -> Result<String, Refusal> {
    let computed = Refusal::Malformed("the title of a test is computed; it is to be a plain string");
    let string = first_argument(nodes, at).filter(|title| nodes.kind(*title) == "string").ok_or(computed.clone())?;
    if nodes.children(string).any(|part| nodes.kind(part) == "interpolation") {
        return Err(computed);
    }
    let written = nodes.text(string, text);
    let inside =
        written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| !written.contains("\"\"\""));
    inside.map(unescaped).ok_or(computed)
}

/// A title that is written in a home, if it is plain.
pub(super) fn plain_title(nodes: &Nodes, at: usize, text: &str) -> Option<String> {
    title(nodes, at, text).ok()
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('s') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// The name and the arity of a definition.
fn head(nodes: &Nodes, at: usize, text: &str) -> Option<(String, usize)> {
    let mut head = first_argument(nodes, at)?;
    if nodes.kind(head) == "binary_operator" {
        head = nodes.child(head, "left")?;
    }
    if nodes.kind(head) == "identifier" {
        return Some((nodes.text(head, text).to_owned(), 0));
    }
    let name = nodes.child(head, "target").map(|name| nodes.text(name, text).to_owned())?;
    let arity = nodes.of_kind(head, "arguments").map_or(0, |arguments| nodes.named(arguments).count());
    Some((name, arity))
}

/// What an `alias`, `import`, `require` or `use` brings, one by one.
pub(super) fn imports(nodes: &Nodes, at: usize, text: &str, word: &str) -> Vec<Import> {
    let Some(arguments) = nodes.of_kind(at, "arguments") else { return Vec::new() };
    let written = nodes.text(arguments, text).trim_start_matches('(').trim_end_matches(')');
    let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let import = |last: String| {
        let (module, options) = last.split_once(',').unwrap_or((&last, ""));
        let renamed = options.split_once("as:").map(|(_, name)| name.split(',').next().unwrap_or_default().trim());
        let own = module.trim().rsplit('.').next().unwrap_or_default();
        let name = match word {
            "alias" => Some(renamed.unwrap_or(own)),
            "require" => Some(renamed.unwrap_or(module.trim()).rsplit('.').next().unwrap_or_default()),
            _ => None,
        };
        Import { before: word.to_owned(), name: name.map(str::to_owned), last }
    };
    match written.split_once(".{").and_then(|(before, rest)| Some((before, rest.rsplit_once('}')?.0))) {
        Some((before, inside)) if !before.contains(',') => {
            let names = inside.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(|name| import(format!("{before}.{name}"))).collect()
        }
        _ => vec![import(written)],
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::generated_tests::parts::parsed;

    fn check(code: &str, expect: Expect) {
        let is_defined = |name: &str| matches!(name, "Shop.Cart" | "add/2");
        let mut out = String::new();
        match parts(&parsed(LANGUAGE, code), &is_defined) {
            Ok(Found { parts, case, setups }) => {
                out.push_str(&format!("case {case:?}, {} setups\n", setups.len()));
                for Import { before, last, name } in &parts.imports {
                    out.push_str(&format!("{before} {last} as {}\n", name.as_deref().unwrap_or("-")));
                }
                for Helper { name, stands, text, .. } in &parts.helpers {
                    out.push_str(&format!("helper {name}, {stands:?}:\n{text}\n"));
                }
                for Test { title, group, setups, text } in &parts.tests {
                    out.push_str(&format!("test {title:?} of {group:?} with {setups:?}:\n{text}\n"));
                }
            }
            Err(refusal) => out = refusal.to_string(),
        }
        expect.assert_eq(&out);
    }

    #[test]
    fn modules_and_groups_are_unwrapped() {
        check(
            "defmodule Shop.CartTest do\n  use Shop.DataCase, async: true\n  use Plug.Test\n  alias Shop.{Cart, Item}\n  import Other, only: [a: 1]\n\n  @moduletag :slow\n  @one 1\n\n  setup do\n    %{cart: 1}\n  end\n\n  doctest Shop.Cart\n\n  describe \"add/2\" do\n    setup :two\n\n    # It adds.\n    @tag :a\n    test \"adds \\\"one\\\"\", %{cart: cart} do\n      assert cart\n    end\n  end\n\n  test \"is flat\" do\n    refute x(1)\n  end\n\n  defp x(1), do: 2\n  defp x(_), do: 1\n  defp two(_), do: :ok\nend\n",
            expect![[r##"
                case Some("Shop.DataCase, async: true"), 1 setups
                use Plug.Test as -
                alias Shop.Cart as Cart
                alias Shop.Item as Item
                import Other, only: [a: 1] as -
                helper one, Early:
                @one 1
                helper x, Late:
                defp x(1), do: 2
                defp x(_), do: 1
                helper two, Late:
                defp two(_), do: :ok
                test "adds \"one\"" of Some("add/2") with ["setup do\n  %{cart: 1}\nend", "setup :two"]:
                @tag :slow
                # It adds.
                @tag :a
                test "adds \"one\"", %{cart: cart} do
                  assert cart
                end
                test "is flat" of None with ["setup do\n  %{cart: 1}\nend"]:
                @tag :slow
                test "is flat" do
                  refute x(1)
                end
            "##]],
        );
    }

    #[test]
    fn the_code_under_test_is_not_taken() {
        check(
            "defmodule Shop.Cart do\n  def add(a, b), do: a\nend\n\ndefmodule Fake do\n  def a, do: 1\nend\n\ndefmodule Shop.Fake do\nend\n\ndef add(a, b), do: b\ndef sum(a, b), do: b\n\ntest \"a\" do\n  assert Fake.a()\nend\n",
            expect![[r#"
                case None, 0 setups
                helper Fake, Early:
                defmodule Fake do
                  def a, do: 1
                end
                helper Fake, Outside:
                defmodule Shop.Fake do
                end
                helper sum, Late:
                def sum(a, b), do: b
                test "a" of None with []:
                test "a" do
                  assert Fake.a()
                end
            "#]],
        );
    }

    #[test]
    fn titles_are_known_before_they_run() {
        check(
            "test \"a #{b}\" do\nend",
            expect!["the reply is malformed: the title of a test is computed; it is to be a plain string"],
        );
        check(
            "for a <- [1] do\n  test \"a\" do\n  end\nend",
            expect!["the reply is malformed: tests are made by a loop; each one is written out, or loops inside"],
        );
    }
}
