//! [`Token`]: the leaves of a parse with what they are part of: to compare two texts by what they say.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::Language;

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenClass {
    /// What runs, and what declares it.
    Code,
    /// A literal that may span lines: a string, a sigil, a character.
    Literal,
    /// A comment that is no documentation.
    Comment,
    /// Documentation: `///`, `//!`, `#[doc]`; `@doc`, `@moduledoc`, `@typedoc`. One that is computed is code.
    Doc,
    /// `@spec`.
    Spec,
    /// `use`, `extern crate`; `alias`, `import`, `require`, `use`.
    Import,
}

/// A leaf of the tree, or a literal or comment as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Half-open, in bytes. Without the line end that a grammar may count in.
    pub range: Range<usize>,
    /// What it is part of.
    pub class: TokenClass,
    /// The start of the outermost thing that gave it its class; of code, its own.
    pub group: usize,
    /// A literal whose lines move with its indentation: the heredoc of Elixir.
    pub is_heredoc: bool,
    /// A reserved word that the grammar takes for a name: an `end` too many in Elixir.
    pub is_stray: bool,
}

/// Every token of a tree, in order.
pub(crate) fn all(language: Language, tree: &Tree, text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut cursor = tree.walk();
    // The class of what is walked, the depth at which it began, and where.
    let mut inherited: Option<(TokenClass, u32, usize)> = None;
    loop {
        let node = cursor.node();
        if inherited.is_some_and(|(_, depth, _)| cursor.depth() <= depth) {
            inherited = None;
        }
        // Only marks and words of the language have no name, and these are code.
        let own = if node.is_named() { class(language, node, text) } else { TokenClass::Code };
        if inherited.is_none() && matches!(own, TokenClass::Doc | TokenClass::Spec | TokenClass::Import) {
            inherited = Some((own, cursor.depth(), node.start_byte()));
        }
        let is_whole = match own {
            TokenClass::Literal | TokenClass::Comment => true,
            TokenClass::Doc => is_comment(node),
            _ => false,
        };
        if !is_whole && cursor.goto_first_child() {
            continue;
        }
        let bytes = node.byte_range();
        let trimmed = text.get(bytes.clone()).unwrap_or_default().trim_end_matches(['\n', '\r']).len();
        if trimmed > 0 {
            let (class, group) = inherited.map_or((own, bytes.start), |(class, _, group)| (class, group));
            let is_heredoc = language == Language::Elixir && own == TokenClass::Literal && {
                let text = text.get(bytes.clone()).unwrap_or_default();
                let quoted = text.trim_start_matches(|char| char != '"' && char != '\'');
                quoted.starts_with("\"\"\"") || quoted.starts_with("'''")
            };
            let is_stray = language == Language::Elixir && node.is_named() && is_reserved_name(node, text);
            tokens.push(Token { range: bytes.start..bytes.start + trimmed, class, group, is_heredoc, is_stray });
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return tokens;
            }
        }
    }
}

/// The reserved words of Elixir (its reference, "Syntax reference"). Behind a dot they are names.
fn is_reserved_name(node: Node, text: &str) -> bool {
    node.kind() == "identifier"
        && matches!(
            text.get(node.byte_range()),
            Some("end" | "do" | "else" | "rescue" | "catch" | "after" | "fn" | "when" | "and" | "or" | "not" | "in")
        )
        && node.parent().is_none_or(|parent| parent.kind() != "dot")
}

fn is_comment(node: Node) -> bool {
    matches!(node.kind(), "comment" | "line_comment" | "block_comment")
}

fn class(language: Language, node: Node, text: &str) -> TokenClass {
    let source = || text.get(node.byte_range()).unwrap_or_default();
    match (language, node.kind()) {
        (Language::Rust, "line_comment" | "block_comment") => match is_rust_doc(source()) {
            true => TokenClass::Doc,
            false => TokenClass::Comment,
        },
        (Language::Rust, "attribute_item" | "inner_attribute_item") => {
            let inside = source().trim_start_matches(['#', '!', '[', ' ']);
            let rest = inside.strip_prefix("doc").map(str::trim_start);
            let is_text = rest.and_then(|rest| rest.strip_prefix('=')).map(str::trim_start);
            // A macro in it, such as `include_str!`, runs when it is compiled.
            let is_text = is_text.is_some_and(|rest| rest.starts_with(['"', 'r']));
            if is_text { TokenClass::Doc } else { TokenClass::Code }
        }
        (Language::Rust, "use_declaration" | "extern_crate_declaration") => TokenClass::Import,
        (Language::Rust, "string_literal" | "raw_string_literal" | "char_literal") => TokenClass::Literal,
        (Language::Elixir, "comment") => TokenClass::Comment,
        (Language::Elixir, "unary_operator") => attribute(node, text),
        (Language::Elixir, "call") => match word(node, text) {
            Some("alias" | "import" | "require" | "use") => TokenClass::Import,
            _ => TokenClass::Code,
        },
        (Language::Elixir, "string" | "sigil" | "charlist" | "char") => TokenClass::Literal,
        _ => TokenClass::Code,
    }
}

/// Rows of slashes or stars are decoration (Rust Reference, "Comments").
fn is_rust_doc(comment: &str) -> bool {
    let begins = |mark: &str, but: &str| comment.starts_with(mark) && !comment.starts_with(but);
    begins("///", "////") || comment.starts_with("//!") || comment.starts_with("/*!") || {
        begins("/**", "/***") && comment != "/**/"
    }
}

/// `@doc …` and its kin, by the call below the `@`.
fn attribute(node: Node, text: &str) -> TokenClass {
    let is_at = node.child(0).is_some_and(|operator| operator.kind() == "@");
    match node.child(1).filter(|_| is_at).and_then(|call| word(call, text)) {
        Some("doc" | "moduledoc" | "typedoc")
            if !runs(node, |node| matches!(node.kind(), "interpolation" | "call")) =>
        {
            TokenClass::Doc
        }
        Some("spec") if !runs(node, |node| word(node, text) == Some("unquote")) => TokenClass::Spec,
        _ => TokenClass::Code,
    }
}

/// Whether an attribute holds, below its own call, what runs when it is compiled.
fn runs(attribute: Node, is_code: impl Fn(Node) -> bool) -> bool {
    let Some(own) = attribute.child(1) else { return false };
    let mut cursor = own.walk();
    if !cursor.goto_first_child() {
        return false;
    }
    loop {
        if is_code(cursor.node()) {
            return true;
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() || cursor.node() == own {
                return false;
            }
        }
    }
}

fn word<'t>(call: Node, text: &'t str) -> Option<&'t str> {
    let target = call.child(0).filter(|target| call.kind() == "call" && target.kind() == "identifier")?;
    text.get(target.byte_range())
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "ranges of nodes")]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::parse;

    fn check(language: Language, source: &str, expect: Expect) {
        let (syntax, _) = parse(language, source);
        let mut out = String::new();
        let mut last = None;
        for token in syntax.tokens(source) {
            let group = (token.class, if token.class == TokenClass::Code { 0 } else { token.group });
            let text = &source[token.range];
            let heredoc = if token.is_heredoc { " heredoc" } else { "" };
            match last == Some(group) {
                true => out.push_str(&format!(" {text}")),
                false => out.push_str(&format!("\n{:?}{heredoc}: {text}", token.class)),
            }
            last = Some(group);
        }
        expect.assert_eq(out.trim_start());
    }

    #[test]
    fn rust() {
        check(
            Language::Rust,
            "//! m\nuse a::b;\n// c\n/// d\n#[doc = \"e\"]\n#[inline]\nfn f() -> &'static str { \"x\\n y\" }\n",
            expect![[r#"
                Doc: //! m
                Import: use a :: b ;
                Comment: // c
                Doc: /// d
                Doc: # [ doc = "e" ]
                Code: # [ inline ] fn f ( ) -> & ' static str {
                Literal: "x\n y"
                Code: }"#]],
        );
    }

    #[test]
    fn an_end_too_many_is_told() {
        let strays = |source: &str| {
            let tokens = parse(Language::Elixir, source).0.tokens(source);
            tokens.iter().filter(|token| token.is_stray).map(|token| token.range.start).collect::<Vec<_>>()
        };
        assert_eq!(strays("def a do\n  1\nend\nend\n"), [17]);
        assert_eq!(strays("def a(b) do\n  b.end\nrescue\n  _ -> [do: 1, end: 2]\nend\n"), [] as [usize; 0]);
    }

    #[test]
    fn documentation_that_is_computed_is_code() {
        check(
            Language::Elixir,
            "@doc \"a #{b()}\"\n@doc c()\n@doc since: \"1\"\n@spec f(unquote(x)) :: t",
            expect![[r#"
                Code: @ doc
                Literal: "a #{b()}"
                Code: @ doc c ( )
                Doc: @ doc since:  "1"
                Code: @ spec f ( unquote ( x ) ) :: t"#]],
        );
        check(
            Language::Rust,
            "#[doc = include_str!(\"a\")]\nfn f() {}",
            expect![[r#"
                Code: # [ doc = include_str ! (
                Literal: "a"
                Code: ) ] fn f ( ) { }"#]],
        );
    }

    #[test]
    fn elixir() {
        check(
            Language::Elixir,
            "defmodule A do\n  @moduledoc \"\"\"\n  m\n  \"\"\"\n  alias B.C\n  @doc \"d\"\n  @spec f(t) :: t\n  @x 1\n  # c\n  def f(_), do: ~s(a)\nend\n",
            expect![[r#"
                Code: defmodule A do
                Doc: @ moduledoc """
                  m
                  """
                Import: alias B.C
                Doc: @ doc "d"
                Spec: @ spec f ( t ) :: t
                Code: @ x 1
                Comment: # c
                Code: def f ( _ ) , do: 
                Literal: ~s(a)
                Code: end"#]],
        );
    }
}
