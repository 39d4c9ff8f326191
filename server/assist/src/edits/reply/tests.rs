//! Tests of what replies hold.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// Code is what has a brace at its end.
fn check(reply: &str, expect: Expect) {
    let parses = |code: &str| code.trim_end().ends_with('}') && code.matches('{').count() == code.matches('}').count();
    let mut out = String::new();
    match read(reply, &parses) {
        Err(refusal) => out.push_str(&format!("{refusal}\n")),
        Ok(blocks) => {
            for block in blocks {
                out.push_str(&format!("{} [{}]\n", block.path.as_deref().unwrap_or("-"), block.language));
                match block.body {
                    Body::Code(code) => out.push_str(&format!("{code:?}\n")),
                    Body::Hunks(hunks) => {
                        for hunk in hunks {
                            out.push_str(&format!("{:?} => {:?}\n", hunk.search, hunk.replace));
                        }
                    }
                }
            }
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn fenced_code_and_talk() {
    check(
        "Sure:\n\n```rust\nfn a() {}\n```\n\nDone.",
        expect![[r#"
            - [rust]
            "fn a() {}"
        "#]],
    );
    check(
        "~~~\nfn a() {}\n~~~",
        expect![[r#"
            - []
            "fn a() {}"
        "#]],
    );
    check("I would leave it.", expect!["the reply holds no code; it says: I would leave it.\n"]);
}

#[test]
fn files_are_named_in_many_ways() {
    for reply in [
        "src/a.rs\n```rust\nfn a() {}\n```",
        "**src/a.rs**\n\n```rust\nfn a() {}\n```",
        "### `src/a.rs`:\n```rust\nfn a() {}\n```",
        "File: src/a.rs\n```rust\nfn a() {}\n```",
        "```rust:src/a.rs\nfn a() {}\n```",
        "```rust title=\"src/a.rs\"\nfn a() {}\n```",
        "```rust\n// src/a.rs\nfn a() {}\n```",
    ] {
        check(
            reply,
            expect![[r#"
                src/a.rs [rust]
                "fn a() {}"
            "#]],
        );
    }
}

#[test]
fn a_block_ends_where_what_is_in_it_parses() {
    check(
        "```rust\n/// ```\n/// a();\n/// ```\nfn a() {}\n```\n",
        expect![[r#"
            - [rust]
            "/// ```\n/// a();\n/// ```\nfn a() {}"
        "#]],
    );
    check(
        "```ex\n@doc \"\"\"\n```\nx\n```\n{}\n```\nbye",
        expect![[r#"
            - [ex]
            "@doc \"\"\"\n```\nx\n```\n{}"
        "#]],
    );
}

#[test]
fn hunks_in_and_out_of_fences() {
    check(
        "src/a.rs\n```\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\nand\n<<<<<<< ORIGINAL\nc\n=======\n>>>>>>> UPDATED\n",
        expect![[r#"
            src/a.rs []
            "a" => "b"
            "c" => ""
        "#]],
    );
    check("<<<<<<< SEARCH\na\n=======\nb", expect!["the reply ends in the middle of its code\n"]);
    check(
        "<<<<<<< SEARCH\na\n>>>>>>> REPLACE",
        expect!["the reply is malformed: a hunk has no `=======` between its two parts\n"],
    );
}

#[test]
fn code_beside_hunks_is_kept_apart() {
    check(
        "```rust\nfn b() {}\n```\n```rust\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\n",
        expect![[r#"
            - [rust]
            "fn b() {}"
            - []
            "a" => "b"
        "#]],
    );
}

#[test]
fn diffs_lose_their_numbers() {
    check(
        "```diff\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n@@ -9 +9 @@\n-d\n```",
        expect![[r#"
            src/a.rs []
            "a\nb" => "a\nc"
            "d" => ""
        "#]],
    );
}

#[test]
fn numbers_before_lines_go() {
    check(
        "```rust\n 9 | fn a() {\n10 |     b()\n11 | }\n```",
        expect![[r#"
            - [rust]
            "fn a() {\n    b()\n}"
        "#]],
    );
}

proptest! {
    #[test]
    fn any_reply_can_be_read(reply in "(```|~~~|<<<<<<< SEARCH|=======|>>>>>>> REPLACE|@@ |[+-]|src/a\\.rs|fn a\\(\\) \\{\\}|\r|\n|\n|\\PC){0,60}") {
        let _ = read(&reply, &|code| code.len() % 2 == 0);
    }
}
