//! [`ElixirStyle`]: what `.formatter.exs` says in literals. mix would evaluate it; here it is only parsed.

use std::fmt;

use tree_sitter::{Node, Parser};

use super::LONGEST;

/// The most names of calls that are kept.
const MOST_LOCALS: usize = 2000;
/// What Elixir takes where nothing is said.
const LINE_LENGTH: u32 = 98;

/// How an Elixir file wants to be formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElixirStyle {
    /// The width that lines are fitted into, in characters.
    pub line_length: u32,
    /// Whether `do:` becomes `do … end`.
    pub force_do_end_blocks: bool,
    /// Calls that keep having no parentheses, besides those that Elixir knows.
    pub locals_without_parens: Vec<Parens>,
    /// Dependencies whose exported `locals_without_parens` hold too; see [`ElixirStyle::add_dependency`]. Each is a bare
    /// name, safe as that of a folder.
    pub import_deps: Vec<String>,
    /// What decides the layout and is not obeyed: plugins, unknown options, and values that are computed.
    pub passed_over: Vec<String>,
}

impl Default for ElixirStyle {
    fn default() -> Self {
        Self {
            line_length: LINE_LENGTH,
            force_do_end_blocks: false,
            locals_without_parens: Vec::new(),
            import_deps: Vec::new(),
            passed_over: Vec::new(),
        }
    }
}

/// A call that keeps having no parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parens {
    /// A lower-case identifier.
    pub name: String,
    /// The number of arguments; `None` for any.
    pub arity: Option<u8>,
}

impl fmt::Display for Parens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arity {
            Some(arity) => write!(f, "{}/{arity}", self.name),
            None => write!(f, "{}/*", self.name),
        }
    }
}

impl ElixirStyle {
    /// That of the files below a `.formatter.exs`, by its text. Its dependencies' are added by
    /// [`ElixirStyle::add_dependency`].
    #[must_use]
    pub fn read(formatter: &str) -> Self {
        let mut style = Self::default();
        if formatter.trim().is_empty() {
            return style;
        }
        let file = File::parse(formatter);
        let Some((file, options)) = file.as_ref().and_then(|file| Some((file, file.options()?))) else {
            style.passed_over.push(".formatter.exs".to_owned());
            return style;
        };
        for (name, value) in options {
            let is_read = match name {
                "line_length" => file.number(value).map(|length| style.line_length = length).is_some(),
                "force_do_end_blocks" => file.flag(value).map(|flag| style.force_do_end_blocks = flag).is_some(),
                "locals_without_parens" => file.locals(value, &mut style.locals_without_parens),
                "import_deps" => file.names(value, &mut style.import_deps),
                // Which files are meant, and what others may take.
                "inputs" | "subdirectories" | "export" => true,
                _ => false,
            };
            if !is_read {
                style.passed_over.push(name.to_owned());
            }
        }
        style
    }

    /// Adds what a dependency exports, by the text of its `.formatter.exs`.
    pub fn add_dependency(&mut self, formatter: &str) {
        let Some(file) = File::parse(formatter) else { return };
        let export = file.options().into_iter().flatten().find(|(name, _)| *name == "export");
        let Some(exported) = export.and_then(|(_, value)| file.keywords(file.resolved(value))) else { return };
        for (_, value) in exported.into_iter().filter(|(name, _)| *name == "locals_without_parens") {
            if !file.locals(value, &mut self.locals_without_parens) {
                self.passed_over.push("export".to_owned());
            }
        }
    }
}

/// A `.formatter.exs`: its tree, and the variables that are set to something at its top.
struct File<'a> {
    text: &'a str,
    tree: tree_sitter::Tree,
}

impl<'a> File<'a> {
    /// `None` where it is too long, or does not parse.
    fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_elixir::LANGUAGE.into()).ok()?;
        let tree = parser.parse(text, None)?;
        (!tree.root_node().has_error()).then_some(Self { text, tree })
    }

    fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The options: the keyword list at the end of the file.
    fn options(&self) -> Option<Vec<(&'a str, Node<'_>)>> {
        let last = children(self.tree.root_node()).into_iter().rfind(|node| node.kind() != "comment")?;
        self.keywords(self.resolved(last))
    }

    /// What a variable was set to at the top, where it was set once and with `=`; else the node itself.
    fn resolved<'t>(&'t self, node: Node<'t>) -> Node<'t> {
        if node.kind() != "identifier" {
            return node;
        }
        let set = children(self.tree.root_node()).into_iter().filter(|top| {
            let side = |name| top.child_by_field_name(name);
            top.kind() == "binary_operator"
                && side("operator").is_some_and(|operator| operator.kind() == "=")
                && side("left").is_some_and(|left| self.text_of(left) == self.text_of(node))
        });
        let set: Vec<_> = set.filter_map(|top| top.child_by_field_name("right")).collect();
        match *set {
            [value] => value,
            _ => node,
        }
    }

    /// The pairs of a literal keyword list; `None` where something else is in it.
    fn keywords<'t>(&self, list: Node<'t>) -> Option<Vec<(&'a str, Node<'t>)>> {
        if list.kind() != "list" {
            return None;
        }
        let mut pairs = Vec::new();
        for part in children(list) {
            match part.kind() {
                "comment" => {}
                "keywords" => {
                    for pair in children(part).into_iter().filter(|pair| pair.kind() == "pair") {
                        let key = pair.child_by_field_name("key").filter(|key| key.kind() == "keyword")?;
                        let key = self.text_of(key).trim_end().strip_suffix(':')?;
                        pairs.push((key, pair.child_by_field_name("value")?));
                    }
                }
                _ => return None,
            }
        }
        Some(pairs)
    }

    fn number(&self, node: Node<'_>) -> Option<u32> {
        let node = self.resolved(node);
        let number = self.text_of(node).replace('_', "").parse().ok();
        number.filter(|number| node.kind() == "integer" && (1..=10_000).contains(number))
    }

    fn flag(&self, node: Node<'_>) -> Option<bool> {
        match (node.kind(), self.text_of(node)) {
            ("boolean", "true") => Some(true),
            ("boolean", "false") => Some(false),
            _ => None,
        }
    }

    /// Adds calls of a literal `[name: arity, name: :*]`; `false` where not all of it is that.
    fn locals(&self, node: Node<'_>, locals: &mut Vec<Parens>) -> bool {
        let Some(pairs) = self.keywords(self.resolved(node)) else { return false };
        let mut is_whole = true;
        for (name, value) in pairs {
            let arity = match (value.kind(), self.text_of(value)) {
                ("integer", number) => number.parse().ok().map(Some),
                ("atom", ":*") => Some(None),
                _ => None,
            };
            match arity.filter(|_| is_call(name) && locals.len() < MOST_LOCALS) {
                Some(arity) => {
                    let parens = Parens { name: name.to_owned(), arity };
                    if !locals.contains(&parens) {
                        locals.push(parens);
                    }
                }
                None => is_whole = false,
            }
        }
        is_whole
    }

    /// Adds the names of a literal `[:name, …]`; `false` where not all of it is that.
    fn names(&self, node: Node<'_>, names: &mut Vec<String>) -> bool {
        let node = self.resolved(node);
        if node.kind() != "list" {
            return false;
        }
        let mut is_whole = true;
        for item in children(node).into_iter().filter(|item| item.kind() != "comment") {
            match self.text_of(item).strip_prefix(':').filter(|name| item.kind() == "atom" && is_call(name)) {
                Some(name) => names.push(name.to_owned()),
                None => is_whole = false,
            }
        }
        is_whole
    }
}

/// Named ones, in order.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// Whether a name is a plain identifier, of ASCII alone.
fn is_call(name: &str) -> bool {
    let stem = name.strip_suffix(['?', '!']).unwrap_or(name);
    let begins = stem.starts_with(|char: char| char.is_ascii_lowercase() || char == '_');
    begins && name.len() <= 100 && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn shown(style: &ElixirStyle) -> String {
        let locals: Vec<_> = style.locals_without_parens.iter().map(Parens::to_string).collect();
        format!(
            "{}{} locals: [{}] deps: {:?} passed over: {:?}",
            style.line_length,
            if style.force_do_end_blocks { " do…end" } else { "" },
            locals.join(" "),
            style.import_deps,
            style.passed_over,
        )
    }

    fn check(formatter: &str, expect: Expect) {
        expect.assert_eq(&shown(&ElixirStyle::read(formatter)));
    }

    #[test]
    fn literals_are_read() {
        check("", expect!["98 locals: [] deps: [] passed over: []"]);
        check(
            "# Used by mix format\n[\n  inputs: [\"{mix,.formatter}.exs\", \"lib/**/*.ex\"],\n  line_length: 120, # wide\n  \
             import_deps: [:ecto, :phoenix],\n  force_do_end_blocks: true,\n  locals_without_parens: [field: 2, plug: :*, assert!: 1]\n]\n",
            expect![[r#"120 do…end locals: [field/2 plug/* assert!/1] deps: ["ecto", "phoenix"] passed over: []"#]],
        );
    }

    #[test]
    fn a_variable_that_is_set_to_a_literal_is_one() {
        check(
            "locals = [\n  # Query\n  from: 2,\n  from: 1\n]\n\n[locals_without_parens: locals, export: [locals_without_parens: locals]]",
            expect!["98 locals: [from/2 from/1] deps: [] passed over: []"],
        );
        check("a = 80\na = 90\n[line_length: a]", expect![[r#"98 locals: [] deps: [] passed over: ["line_length"]"#]]);
        check("a = a\n[line_length: a]", expect![[r#"98 locals: [] deps: [] passed over: ["line_length"]"#]]);
    }

    #[test]
    fn what_is_computed_is_passed_over() {
        check(
            "File.write!(\"marker\", \"\")\n[line_length: 40 + 2, plugins: [Styler], locals_without_parens: [a: 1] ++ b()]",
            expect![[r#"98 locals: [] deps: [] passed over: ["line_length", "plugins", "locals_without_parens"]"#]],
        );
        check("System.halt()", expect![[r#"98 locals: [] deps: [] passed over: [".formatter.exs"]"#]]);
        check("[line_length: 80] ++ x", expect![[r#"98 locals: [] deps: [] passed over: [".formatter.exs"]"#]]);
        check("[line_length: ", expect![[r#"98 locals: [] deps: [] passed over: [".formatter.exs"]"#]]);
        check(
            "[line_length: 0, import_deps: [:\"../../x\", :ok], locals_without_parens: [a: 999, \"b c\": 1, ok: 1, é: 1]]",
            expect![[
                r#"98 locals: [] deps: ["ok"] passed over: ["line_length", "import_deps", "locals_without_parens"]"#
            ]],
        );
    }

    #[test]
    fn a_dependency_exports_calls() {
        let mut style = ElixirStyle::read("[import_deps: [:ecto], locals_without_parens: [from: 2]]");
        style.add_dependency("l = [from: 2, field: 3]\n[line_length: 20, locals_without_parens: [own: 1], export: [locals_without_parens: l]]");
        style.add_dependency("[export: [locals_without_parens: File.rm!(\"x\")]]");
        style.add_dependency("((((");
        expect![[r#"98 locals: [from/2 field/3] deps: ["ecto"] passed over: ["export"]"#]].assert_eq(&shown(&style));
    }

    #[test]
    fn deep_and_long_files_say_nothing() {
        for text in
            ["[".repeat(100_000), format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000)), "a+".repeat(LONGEST)]
        {
            let style = ElixirStyle::read(&text);
            assert_eq!((style.line_length, style.passed_over), (98, vec![".formatter.exs".to_owned()]));
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_safe_names(text in "(\\[|\\]|locals_without_parens: |import_deps: |line_length: |:?[a-zA-Z\"./é*]{1,4}|: | |,|[0-9]|\n|=|#\\{){0,30}") {
            let style = ElixirStyle::read(&text);
            prop_assert!((1..=10_000).contains(&style.line_length));
            let locals = style.locals_without_parens.iter().map(|parens| &parens.name);
            prop_assert!(locals.chain(&style.import_deps).all(|name| is_call(name)));
        }
    }
}
