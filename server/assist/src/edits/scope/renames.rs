//! What a new name of the target may change elsewhere: its calls and the paths to it, and nothing that merely has its
//! name, such as a variable or a key. Where there is doubt, it may not.

use aiex_syntax::{Language, SymbolKind, TokenClass};

use super::super::source::File;

/// The target under a new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Renamed {
    pub(super) from: String,
    pub(super) to: String,
    /// The module, the type or the header of the impl that it stands in.
    pub(super) of: Option<String>,
    /// Whether that is an impl or a trait of Rust.
    pub(super) is_associated: bool,
}

impl Renamed {
    pub(super) fn new(file: &File, index: usize, to: &str) -> Option<Self> {
        let symbol = file.symbols.get(index)?;
        let container = symbol.container.and_then(|outer| file.symbols.get(outer));
        Some(Self {
            from: symbol.name.clone(),
            to: to.to_owned(),
            of: container.map(|outer| outer.qualified.clone()),
            is_associated: container.is_some_and(|outer| matches!(outer.kind, SymbolKind::Impl | SymbolKind::Trait)),
        })
    }

    /// Whether two sequences of tokens of a definition, which goes by the qualified name `key` in `file`, differ in
    /// nothing but calls of the target. `is_own` says that the file is the target's.
    pub(super) fn explains(
        &self,
        file: &File,
        is_own: bool,
        key: &str,
        old: &[(TokenClass, &str)],
        new: &[(TokenClass, &str)],
    ) -> bool {
        let Some(language) = file.language else { return false };
        let bare = match language {
            // What is imported or of the same module needs no path.
            Language::Elixir => {
                let module = self.of.as_deref().unwrap_or_default();
                is_own && key.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'))
                    || self.imported(file).is_some()
            }
            Language::Rust => !self.is_associated && (is_own || self.imported(file).is_some()),
        };
        let is_renamed = |at: usize, old_text: &str, new_text: &str| {
            let is_name = old_text == self.from && new_text == self.to;
            match language {
                Language::Elixir => self.is_call_of_elixir(old, at, bare) && is_name,
                Language::Rust => self.is_path_of_rust(old, at, bare, is_own) && is_name,
            }
        };
        let is_import = |old: &str, new: &str| {
            old.trim_end().trim_end_matches(':') == self.from && new.trim_end().trim_end_matches(':') == self.to
        };
        old.len() == new.len()
            && old.iter().zip(new).enumerate().all(|(at, (one, other))| {
                one == other
                    || one.0 == other.0
                        && match one.0 {
                            TokenClass::Import => self.imported(file).is_some() && is_import(one.1, other.1),
                            TokenClass::Code => is_renamed(at, one.1, other.1),
                            _ => false,
                        }
            })
    }

    /// The import of a file that names the target, or, in Elixir, that is of its whole module.
    fn imported(&self, file: &File) -> Option<()> {
        let imports: Vec<&str> = file
            .tokens
            .iter()
            .filter(|token| token.class == TokenClass::Import)
            .map(|token| file.slice(token.range.clone()))
            .collect();
        let is_import = match file.language? {
            Language::Elixir => imports
                .windows(2)
                .any(|pair| matches!(pair, [word, module] if *word == "import" && Some(*module) == self.of.as_deref())),
            Language::Rust => !self.is_associated && imports.iter().any(|name| *name == self.from),
        };
        is_import.then_some(())
    }

    fn is_call_of_elixir(&self, tokens: &[(TokenClass, &str)], at: usize, bare: bool) -> bool {
        let text = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map(|(_, text)| *text);
        let next = tokens.get(at + 1).map(|(_, text)| *text);
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        match (text(1), next) {
            (Some("."), _) => match text(2) {
                Some("__MODULE__") => bare,
                Some(module) => self.of.as_deref().is_some_and(|of| last(of) == last(module)),
                None => false,
            },
            (Some("def" | "defp" | "defmacro" | "defmacrop" | "defguard" | "defguardp" | "defdelegate" | "@"), _) => {
                false
            }
            (Some("|>"), _) | (_, Some("(")) | (Some("&"), Some("/")) => bare,
            _ => self.is_type() && bare,
        }
    }

    fn is_path_of_rust(&self, tokens: &[(TokenClass, &str)], at: usize, bare: bool, is_own: bool) -> bool {
        let text = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map(|(_, text)| *text);
        let next = |on: usize| tokens.get(at + on).map(|(_, text)| *text);
        let is_called = matches!(next(1), Some("(" | "!")) || next(1) == Some("::") && next(2) == Some("<");
        match text(1) {
            Some("fn" | "let" | "mut" | "ref" | "macro_rules") => false,
            Some(".") => is_called && self.is_associated,
            Some("::") if self.is_associated => {
                // Of `Display for Money` and `Money` alike.
                let own = self.of.as_deref().unwrap_or_default();
                let own = own.split(" for ").last().unwrap_or_default().trim_matches(['<', '>']);
                let own = own.split(['<', ' ']).next().unwrap_or_default().rsplit(':').next().unwrap_or_default();
                text(2) == Some(own) || text(2) == Some("Self") && is_own
            }
            Some("::") => text(2).is_some_and(|outer| outer.starts_with(|char: char| char.is_lowercase())),
            _ => bare && (is_called || self.is_type()),
        }
    }

    /// A type or a constant: no variable has such a name.
    fn is_type(&self) -> bool {
        self.from.starts_with(char::is_uppercase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `total`, the last definition of `home`, may become `sum` all over `text`, which is of the same file or of
    /// another.
    #[track_caller]
    fn check(path: &str, home: &str, is_own: bool, text: &str, expect: bool) {
        let home = File::new(path, home.into());
        let renamed = Renamed::new(&home, home.symbols.len() - 1, "sum").unwrap();
        assert_eq!(renamed.from, "total");
        let (old, new) = (File::new(path, text.into()), File::new(path, text.replace("total", "sum").as_str().into()));
        let tokens = |file: &File| -> Vec<(TokenClass, String)> {
            file.tokens_in(&(0..file.text.len())).map(|(class, text)| (class, text.to_owned())).collect()
        };
        let (one, other) = (tokens(&old), tokens(&new));
        let borrowed = |tokens: &[(TokenClass, String)]| -> Vec<(TokenClass, &'static str)> {
            tokens.iter().map(|(class, text)| (*class, &*text.clone().leak())).collect()
        };
        let key = if is_own { "Shop.Cart.f/1" } else { "Shop.Other.f/1" };
        assert_eq!(renamed.explains(&old, is_own, key, &borrowed(&one), &borrowed(&other)), expect, "{text}");
    }

    #[test]
    fn calls_of_a_free_function_of_rust() {
        let home = "fn total(a: u8) {}";
        check("a.rs", home, true, "fn f() { total(1); super::total::<u8>(2) }", true);
        for other in ["let total = 1;", "total + 1", "S { total: 1 }", "a.total()", "a.total", "Cart::total(1)"] {
            check("a.rs", home, true, &format!("fn f() {{ {other} }}"), false);
        }
        check("a.rs", home, false, "fn f() { total(1) }", false);
        check("a.rs", home, false, "use crate::money::total;\nfn f() { total(1); money::total(1) }", true);
        check("a.rs", home, false, "fn f() { money::total(1) }", true);
    }

    #[test]
    fn calls_of_a_method_of_rust() {
        let home = "impl Show for Cart<u8> { fn total(&self) {} }";
        check("a.rs", home, true, "fn f() { a.total(); Self::total(a); b.map(Cart::total) }", true);
        check("a.rs", home, false, "fn f() { a.total(); Cart::total(a) }", true);
        for other in ["total(1)", "a.total", "Other::total(a)", "cart::total(a)", "let total = 1;"] {
            check("a.rs", home, true, &format!("fn f() {{ {other} }}"), false);
        }
        check("a.rs", home, false, "use crate::total;", false);
    }

    #[test]
    fn calls_of_a_function_of_elixir() {
        let home = "defmodule Shop.Cart do\n  def total(a), do: a\nend";
        check("a.ex", home, true, "def f(a), do: total(a) + (a |> total) + __MODULE__.total(a) + g(&total/1)", true);
        check("a.ex", home, false, "def f(a), do: Shop.Cart.total(a) + Cart.total(a)", true);
        check("a.ex", home, false, "import Shop.Cart, only: [total: 1]\ndef f(a), do: total(a)", true);
        for other in ["total = 1", "g(total: 1)", "a.total", "Order.total(a)", "%{total: a}", "&1.total"] {
            check("a.ex", home, true, &format!("def f(a), do: {other}"), false);
        }
        check("a.ex", home, false, "def f(a), do: total(a)", false);
        check("a.ex", home, false, "import Shop.Order, only: [total: 1]", false);
    }
}
