//! Which attributes of a module in Elixir may come with new definitions: plain values under names that mean nothing to
//! the compiler.

use aiex_syntax::TokenClass;

/// Attributes that make the compiler or the test runner do something.
const RESERVED: [&str; 32] = [
    "after_compile",
    "after_verify",
    "before_compile",
    "behaviour",
    "callback",
    "compile",
    "deprecated",
    "derive",
    "describetag",
    "dialyzer",
    "doc",
    "enforce_keys",
    "export_after_verify",
    "external_resource",
    "fallback_to_any",
    "file",
    "for",
    "impl",
    "macrocallback",
    "moduledoc",
    "moduletag",
    "nifs",
    "on_definition",
    "on_load",
    "opaque",
    "optional_callbacks",
    "protocol",
    "spec",
    "tag",
    "type",
    "typedoc",
    "vsn",
];

type Tokens<'t> = [(TokenClass, &'t str)];

/// Whether all that is new in the tokens of a module are attributes, `@name literal`, that it did not have.
pub(super) fn only_adds_attributes(old: &Tokens, new: &Tokens) -> bool {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = old.get(head..).unwrap_or_default();
    let Some(added) = new.get(head..).unwrap_or_default().strip_suffix(rest) else { return false };
    // A row of equal tokens may be cut anywhere: `@` may be that of the next one.
    let mut added = added.to_vec();
    let is_mark = |token: Option<&(TokenClass, &str)>| token.is_some_and(|(_, text)| *text == "@");
    if is_mark(added.last()) && is_mark(head.checked_sub(1).and_then(|last| old.get(last))) {
        added.rotate_right(1);
    }
    let has = |name: &str| {
        old.windows(2).any(|pair| matches!(pair, [(_, mark), (_, known)] if *mark == "@" && *known == name))
    };
    let mut tokens = added.as_slice();
    while let [(_, "@"), (_, name), value @ ..] = tokens {
        let Some(length) = literal(value).filter(|_| !RESERVED.contains(name) && !has(name)) else { return false };
        tokens = value.get(length..).unwrap_or_default();
    }
    !added.is_empty() && tokens.is_empty()
}

/// How many tokens the literal has that tokens begin with. Nothing in it calls.
fn literal(tokens: &Tokens) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, (class, text)) in tokens.iter().enumerate() {
        let is_end = match *text {
            "[" | "{" => {
                depth += 1;
                false
            }
            "]" | "}" => {
                depth = depth.checked_sub(1)?;
                true
            }
            "%" | "-" => false,
            "," | "=>" if depth > 0 => false,
            text if depth > 0 && text.trim_end().ends_with(':') => false,
            text if is_plain(*class, text) => true,
            _ => return None,
        };
        if is_end && depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// A number, an atom, the name of a module, a string or a list of words; nothing is put into it.
fn is_plain(class: TokenClass, text: &str) -> bool {
    if class == TokenClass::Literal {
        let is_known = text.starts_with(['"', '\'', '?'])
            || ["~w", "~W", "~s", "~S", "~c", "~C", "~r", "~R", "~D", "~T", "~N", "~U"]
                .iter()
                .any(|sigil| text.starts_with(sigil));
        return is_known && !text.contains("#{");
    }
    class == TokenClass::Code
        && (matches!(text, "true" | "false" | "nil")
            || text.starts_with(|char: char| char.is_ascii_digit() || char.is_uppercase())
            || text.strip_prefix(':').is_some_and(|name| name.starts_with(|char: char| char.is_alphabetic())))
}

#[cfg(test)]
mod tests {
    use super::super::super::source::File;
    use super::*;

    fn check(added: &str, expect: bool) {
        let file = |attributes: &str| File::new("a.ex", format!("@b 1\n{attributes}\n@c 2\n").as_str().into());
        let (old, new) = (file(""), file(added));
        let tokens = |file: &'static File| file.tokens_in(&(0..file.text.len())).collect::<Vec<_>>();
        let (old, new) = (Box::leak(Box::new(old)), Box::leak(Box::new(new)));
        assert_eq!(only_adds_attributes(&tokens(old), &tokens(new)), expect, "{added}");
    }

    #[test]
    fn values_are_literals_of_which_none_calls() {
        for plain in [
            "@limit 10",
            "@limit -1.5\n@names ~w(a b)a",
            "@all %{\"a\" => [1, {2, :b}], c: Shop.Cart, d: nil}",
            "@text \"\"\"\n  words\n  \"\"\"",
        ] {
            check(plain, true);
        }
        for other in [
            "@limit System.cmd(\"sh\", [])",
            "@limit [System.halt()]",
            "@limit 10\nSystem.halt()",
            "@limit 10 |> b()",
            "@limit \"#{System.halt()}\"",
            "@limit (10)",
            "@limit fn -> 1 end",
            "@on_load :start",
            "@before_compile Shop.Evil",
            "@b 2",
            "@limit",
            "plug :c",
        ] {
            check(other, false);
        }
    }
}
