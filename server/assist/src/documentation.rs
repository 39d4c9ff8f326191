//! [`documentation`]: what the parse alone can say in a definition's documentation, for a person to complete.

use aiex_syntax::{Facts, Language, Outline, Symbol, SymbolKind, Syntax, Visibility};
use aiex_text::Text;

use crate::english::and;

/// Documentation of a symbol, as it stands before it in its language, without indentation: what is there already is left
/// out. `None` where nothing is missing, and for what takes none.
pub fn documentation(syntax: &Syntax, outline: &Outline, text: &Text, index: usize) -> Option<String> {
    let symbol = outline.symbols.get(index)?;
    let facts = syntax.facts(text, symbol);
    match syntax.language() {
        Language::Elixir => elixir(symbol, &facts),
        Language::Rust => rust(symbol, &facts),
    }
}

/// What is left to a person.
const TODO: &str = "TODO: say what it does.";

fn elixir(symbol: &Symbol, facts: &Facts) -> Option<String> {
    use SymbolKind::{Exception, Function, Guard, Macro, Module, Protocol, Type};
    match symbol.kind {
        Module | Protocol | Exception if symbol.doc.is_none() => {
            Some("@moduledoc \"\"\"\nTODO: say what it is for.\n\"\"\"".to_owned())
        }
        Type if symbol.doc.is_none() => Some("@typedoc \"TODO: say what it is.\"".to_owned()),
        Function | Macro | Guard => {
            let mut parts = Vec::new();
            let is_public = symbol.visibility == Visibility::Public && symbol.implements.is_none();
            if symbol.doc.is_none() && is_public {
                parts.push(format!("@doc \"\"\"\n{}\n\"\"\"", words(facts).join("\n\n")));
            }
            if symbol.specs.is_empty() && symbol.kind == Function {
                parts.extend(spec(symbol, facts));
            }
            (!parts.is_empty()).then(|| parts.join("\n"))
        }
        _ => None,
    }
}

/// What it does, left open, and how it fails, as its body shows.
fn words(facts: &Facts) -> Vec<String> {
    let mut words = vec![TODO.to_owned()];
    let raised = facts.raises.iter().filter_map(|raise| raise.strip_prefix("raise ")).map(|name| format!("`{name}`"));
    let raised: Vec<_> = raised.collect();
    if !raised.is_empty() {
        words.push(format!("Raises {}.", and(&raised)));
    }
    words
}

/// `@spec add(t(), term(), pos_integer()) :: term()`, with the types that patterns and guards show.
fn spec(symbol: &Symbol, facts: &Facts) -> Option<String> {
    let clause = facts.clauses.iter().max_by_key(|clause| clause.guard.is_some())?;
    let types: Vec<String> = clause
        .parameters
        .iter()
        .enumerate()
        .map(|(at, _)| {
            let shown = facts.clauses.iter().filter_map(|clause| {
                let parameter = clause.parameters.get(at)?;
                type_of(parameter, clause.guard.as_deref().unwrap_or_default())
            });
            let mut types: Vec<_> = shown.collect();
            types.dedup();
            // Every clause must agree, and a clause that shows nothing may take anything.
            match types.as_slice() {
                [one]
                    if facts.clauses.iter().all(|clause| {
                        clause.parameters.get(at).is_some_and(|parameter| {
                            type_of(parameter, clause.guard.as_deref().unwrap_or_default()).is_some()
                        })
                    }) =>
                {
                    one.clone()
                }
                _ => "term()".to_owned(),
            }
        })
        .collect();
    Some(format!("@spec {}({}) :: term()", symbol.name, types.join(", ")))
}

/// The type of a parameter by its pattern and by the guard on its name.
fn type_of(parameter: &str, guard: &str) -> Option<String> {
    let pattern = parameter.split("\\\\").next().unwrap_or(parameter).trim();
    let name = pattern.rsplit(" = ").next().unwrap_or(pattern).trim();
    if pattern.contains("%__MODULE__{") {
        return Some("%__MODULE__{}".to_owned());
    }
    if let Some((module, _)) = pattern.strip_prefix('%').and_then(|rest| rest.split_once('{')) {
        return Some(if module.is_empty() { "map()".to_owned() } else { format!("%{module}{{}}") });
    }
    if pattern.starts_with(':') && pattern.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some(pattern.to_owned());
    }
    let guards = [
        ("is_integer", "integer()"),
        ("is_binary", "String.t()"),
        ("is_atom", "atom()"),
        ("is_list", "list()"),
        ("is_map", "map()"),
        ("is_float", "float()"),
        ("is_number", "number()"),
        ("is_boolean", "boolean()"),
        ("is_pid", "pid()"),
        ("is_tuple", "tuple()"),
        ("is_function", "fun()"),
    ];
    let found = guards.iter().find(|(guard_name, _)| guard.contains(&format!("{guard_name}({name})")));
    found
        .map(|(_, kind)| (*kind).to_owned())
        .or_else(|| pattern.starts_with('[').then(|| "list()".to_owned()))
        .or_else(|| (pattern.starts_with('"') && pattern.ends_with('"')).then(|| "String.t()".to_owned()))
}

fn rust(symbol: &Symbol, facts: &Facts) -> Option<String> {
    use SymbolKind::{Block, Impl, Test, TestGroup};
    if symbol.doc.is_some() || matches!(symbol.kind, Impl | Test | Block | TestGroup) {
        return None;
    }
    let is_callable = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro);
    let mut lines = vec![if is_callable { TODO } else { "TODO: say what it is." }.to_owned()];
    let returned = symbol.signature.rsplit_once("->").map(|(_, returned)| returned.trim()).unwrap_or_default();
    let last = returned.split('<').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    if is_callable && last.trim() == "Result" {
        lines.extend(["", "# Errors", "", "TODO: say when it fails."].map(str::to_owned));
    }
    let panics: Vec<_> = facts.raises.iter().filter(|raise| panics(raise)).map(|raise| format!("`{raise}`")).collect();
    if is_callable && !panics.is_empty() {
        lines.extend(["".to_owned(), "# Panics".to_owned(), "".to_owned()]);
        lines.push(format!("TODO: say when {} does.", and(&panics)));
    }
    let lines: Vec<_> = lines.iter().map(|line| format!("/// {line}").trim_end().to_owned()).collect();
    Some(lines.join("\n"))
}

fn panics(raise: &str) -> bool {
    raise.ends_with('!') || raise.contains("unwrap") || raise.contains("expect")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::source;

    fn check(code: &str, expect: Expect) {
        let source = source(code);
        let found = documentation(&source.syntax, &source.outline, &source.text, source.index);
        expect.assert_eq(found.as_deref().unwrap_or("none"));
    }

    #[test]
    fn what_elixir_shows() {
        check(
            "defmodule A do\n  def a$0dd(%__MODULE__{} = cart, count, :now) when is_integer(count) do\n    raise ArgumentError\n  end\nend\n",
            expect![[r#"
                @doc """
                TODO: say what it does.

                Raises `ArgumentError`.
                """
                @spec add(%__MODULE__{}, integer(), :now) :: term()"#]],
        );
        check(
            "defmodule A do\n  @doc \"x\"\n  def a$0dd(a, b \\\\ 1), do: a + b\nend\n",
            expect!["@spec add(term(), term()) :: term()"],
        );
        check(
            "defmodule A do\n  defp a$0dd(\"x\"), do: 1\n  defp add(_), do: 2\nend\n",
            expect!["@spec add(term()) :: term()"],
        );
        check("defmodule A do\n  @doc \"x\"\n  @spec a() :: 1\n  def $0a, do: 1\nend\n", expect!["none"]);
        check(
            "defmodule $0A do\nend\n",
            expect![[r#"
            @moduledoc """
            TODO: say what it is for.
            """"#]],
        );
    }

    #[test]
    fn what_rust_shows() {
        check(
            "impl A {\n    fn r$0ead(&self) -> io::Result<u8> {\n        self.b.unwrap();\n        todo!()\n    }\n}\n",
            expect![[r#"
                /// TODO: say what it does.
                ///
                /// # Errors
                ///
                /// TODO: say when it fails.
                ///
                /// # Panics
                ///
                /// TODO: say when `.unwrap()` and `todo!` does."#]],
        );
        check("/// Done.\nfn $0a() {}\n", expect!["none"]);
        check("struct $0A;\n", expect!["/// TODO: say what it is."]);
    }
}
