//! Tests of [`clean_markdown`]: what it changes, what it leaves, and the laws it keeps on any text.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(markdown: &str, expect: Expect) {
    let clean = clean_markdown(markdown);
    expect.assert_eq(&clean);
    laws(markdown).unwrap();
}

fn unchanged(markdown: &str) {
    assert_eq!(clean_markdown(markdown), markdown);
}

fn laws(markdown: &str) -> Result<(), TestCaseError> {
    let clean = clean_markdown(markdown);
    prop_assert_eq!(&clean_markdown(&clean), &clean);
    for options in dialects() {
        for event in Parser::new_ext(&clean, options) {
            match event {
                Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) => {
                    prop_assert!(false, "{event:?} in {clean:?}");
                }
                Event::Start(Tag::Link { dest_url, .. }) => prop_assert!(is_harmless(&dest_url), "{dest_url}"),
                _ => {}
            }
        }
    }
    Ok(())
}

#[test]
fn ordinary_markdown_is_left_as_it_is() {
    unchanged(
        "### Title\n\nSome *text* with `code <b>` and a [link](https://hexdocs.pm/ecto \"Ecto\").\n\n- a < b && c > d\n",
    );
    unchanged("```rust\nlet x: Vec<u8> = y; // ![x](z) <b> https://a.b/?c\n```\n\n    <b>indented</b>\n");
    unchanged("| a | b |\n|---|---|\n| 1 | `x\\|y` |\n\n> quoted\n\n1. one\n2. two\n");
    unchanged(
        "See https://hexdocs.pm/ecto and <https://doc.rust-lang.org/std/>, or [docs][d].\n\n[d]: https://hexdocs.pm/\n",
    );
    unchanged("Unmatched [brackets], a \\<tag>, 5 * 3 * 2, snake_case_name, a! b?");
}

#[test]
fn images_become_their_text() {
    check("Look: ![a **cat**](https://evil.example/x.png?d=1)!", expect!["Look: a **cat**!"]);
    check("![](https://evil.example/secret)", expect![""]);
    check("![cat][ref]\n\n[ref]: https://evil.example/?d", expect!["cat\n\n"]);
    check("[![logo](http://a.b/c)](https://hexdocs.pm/)", expect!["[logo](https://hexdocs.pm/)"]);
    check("![\\![x](y)](z)", expect!["\\!x"]);
    check("!![](u)[x](https://a.b/)", expect!["x"]);
}

#[test]
fn html_is_shown_not_obeyed() {
    check(
        "<img src=x onerror=alert(1)>\n\na <b title='<i>'>c</b>",
        expect!["\\<img src=x onerror=alert(1)>\n\na \\<b title='\\<i>'>c\\</b>"],
    );
    check("<!-- hidden\n![x](y)\n-->", expect!["\\<!-- hidden\nx\n-->"]);
    check(
        "<div>\n\\<b>\n</div>",
        expect![[r"
        \<div>
        \\\<b>
        \</div>"]],
    );
}

#[test]
fn links_that_could_carry_data_become_text() {
    check(
        "[docs](https://evil.example/?q=secret) and [x](command:run) and [y](javascript:alert)",
        expect!["docs (`evil.example`) and x and y"],
    );
    check("[bank](https://bank.example@evil.example/)", expect!["bank (`evil.example`)"]);
    check(
        "[a][r], [r], [r][]\n\n[r]: https://evil.example/?q 'title'\n",
        expect!["a (`evil.example`), r (`evil.example`), r (`evil.example`)\n\n\n"],
    );
    check("<https://evil.example/?q> <me@b.example>", expect!["`https://evil.example/?q` `me@b.example`"]);
    check(
        "see https://evil.example/?q=1, or www.evil.example/?x.",
        expect!["see `https://evil.example/?q=1`, or `www.evil.example/?x`."],
    );
    check(&format!("[a](https://evil.example/{})", "x".repeat(300)), expect!["a (`evil.example`)"]);
    check("[x](//evil.example/a)", expect!["x (`evil.example`)"]);
}

#[test]
fn a_cell_of_a_table_hides_nothing() {
    check("| ` | ![x](y) ` |\n|---|---|\n", expect!["| ` | x ` |\n|---|---|\n"]);
}

#[test]
fn entities_bring_no_controls_back() {
    check("a&#x202e;b&#27;[31m &amp; &lt;b&gt;", expect!["ab[31m &amp; &lt;b&gt;"]);
}

#[test]
fn text_that_resists_becomes_code() {
    let nested = format!("{}x{}", "![".repeat(40), "](y)".repeat(40));
    laws(&nested).unwrap();
    laws(&"<a ".repeat(3000)).unwrap();
    laws(&"`<b>".repeat(500)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn laws_hold_for_markup(pieces in prop::collection::vec(prop::sample::select(vec![
        "![", "[", "]", "](", ")", "(", "!", "<", ">", "</", "<b>", "<!--", "-->", "<div>", "`", "``", "```", "~~~", "\n", "\n\n",
        "    ", "> ", "- ", "|", "|--|", "\\", "&", "&lt;", "&#x202e;", "&#60;", "*", "_", "# ", "[a]", ": ", "[a]: ", "[^1]", "[^1]: ",
        "https://a.b", "http://a.b/?x", "www.a.b", "javascript:", "mailto:", "a", "b c", "é", "\"", "'", "?", "@", "\t", "\r", "\u{200d}", "🔥",
    ]), 0..24)) {
        laws(&pieces.concat())?;
    }

    #[test]
    fn laws_hold_for_any_text(text in any::<String>()) {
        laws(&text)?;
    }

    #[test]
    fn words_are_kept(words in prop::collection::vec("[a-z0-9,;.]{1,8}", 0..30)) {
        let text = words.join(" ");
        prop_assert_eq!(clean_markdown(&text), text);
    }
}
