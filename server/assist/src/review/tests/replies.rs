//! Replies of models, from well formed to hardly.

use aiex_text::Text;
use expect_test::{Expect, expect};

use super::{super::*, parsed, render};

const SOURCE: &str = "defmodule A do
  def total(cart) do
    # add up
    sum = Enum.sum(cart.items)
    {:ok, sum / cart.count}
  end

  def save(cart) do
    {:ok, row} = Repo.insert(cart)
    IO.puts(\"`saved`\")
    {:ok, sum / cart.count}
  end
end
";

fn check(reply: &str, expect: Expect) {
    let (syntax, _, text) = parsed("lib/a.ex", SOURCE);
    let out = match ReviewReply::read(reply, &text, Some(&syntax), &(0..SOURCE.len())) {
        Ok(read) => format!("{}dropped {}", render(&read.findings, SOURCE), read.dropped),
        Err(sentence) => format!("not read: {}", sentence.split_inclusive('.').next().unwrap()),
    };
    expect.assert_eq(&out);
}

#[test]
fn as_asked() {
    check(
        "error: `{:ok, sum / cart.count}`: divides by zero for an empty cart\nwarning: `{:ok, row} = Repo.insert(cart)`: raises where the insert fails\n",
        expect![[r#"
            5 error {:ok, sum / cart.count}: divides by zero for an empty cart
            9 warning {:ok, row} = Repo.insert(cart): raises where the insert fails
            dropped 0"#]],
    );
    check("none", expect!["dropped 0"]);
    check("`none`.", expect!["dropped 0"]);
    check("No issues found.", expect!["dropped 0"]);
}

#[test]
fn in_other_forms() {
    check(
        "Here is my review:\n\n```\n- **Warning**: `sum = Enum.sum(cart.items)` — fails for nil\n  and for maps.\n2. [error] `IO.puts(\"`saved`\")`: prints\n```\n\nOverall it is fine.",
        expect![[r#"
            4 warning sum = Enum.sum(cart.items): fails for nil and for maps.
            10 error IO.puts("`saved`"): prints
            dropped 0"#]],
    );
    check(
        "- `Enum.sum(cart.items)`: WARN: items may be nil",
        expect![[r#"
        4 warning Enum.sum(cart.items): items may be nil
        dropped 0"#]],
    );
    check(
        "| 4 | info | `sum = ...` | name it total |",
        expect![[r#"
        4 info sum =: name it total
        dropped 0"#]],
    );
    check(
        "lib/a.ex:9: error: `Repo.insert` may fail",
        expect![[r#"
        9 error {:ok, row} = Repo.insert(cart): `Repo.insert` may fail
        dropped 0"#]],
    );
    check(
        "<think>\nerror: `end`: x\n</think>\nL8-L9: info: `def save(cart)`: says nothing",
        expect![[r#"
        8 info def save(cart): says nothing
        dropped 0"#]],
    );
    check(
        "* Line 5: error: the count may be zero",
        expect![[r#"
        5 error {:ok, sum / cart.count}: the count may be zero
        dropped 0"#]],
    );
    check(
        "note: `def save(cart) do … end`: has no spec\u{1b}[31m",
        expect![[r#"
        8 info def save(cart) do: has no spec[31m
        dropped 0"#]],
    );
    check(
        "**error** (line 11): `{:ok, sum / cart.count}`: sum is not bound",
        expect![[r#"
        11 error {:ok, sum / cart.count}: sum is not bound
        dropped 0"#]],
    );
}

#[test]
fn without_backticks() {
    check(
        "error: {:ok, sum / cart.count}: divides by zero",
        expect![[r#"
            5 error {:ok, sum / cart.count}: divides by zero
            dropped 0"#]],
    );
    check(
        "warning: the insert may fail\n```elixir\n{:ok, row} = Repo.insert(cart)\n```",
        expect![[r#"
        9 warning {:ok, row} = Repo.insert(cart): the insert may fail
        dropped 0"#]],
    );
    check(
        "warning: `Enum.sum(cart.items)` fails for nil",
        expect![[r#"
        4 warning Enum.sum(cart.items): `Enum.sum(cart.items)` fails for nil
        dropped 0"#]],
    );
}

#[test]
fn names_in_the_text_confirm_a_line() {
    check(
        "9: error: `row` and `cart` are not checked, says `save`",
        expect![[r#"
        9 error {:ok, row} = Repo.insert(cart): `row` and `cart` are not checked, says `save`
        dropped 0"#]],
    );
    check(
        "9: error: this and that is not checked for the user",
        expect!["not read: No finding of the reply quotes code that was shown."],
    );
}

#[test]
fn the_same_code_at_two_places() {
    check(
        "error: `{:ok, sum / cart.count}`: in save, sum is not bound",
        expect![[r#"
        11 error {:ok, sum / cart.count}: in save, sum is not bound
        dropped 0"#]],
    );
    check(
        "info: `def save(cart) do`: no doc\nerror: `{:ok, sum / cart.count}`: not bound",
        expect![[r#"
        8 info def save(cart) do: no doc
        11 error {:ok, sum / cart.count}: not bound
        dropped 0"#]],
    );
}

#[test]
fn what_cannot_be_placed() {
    check(
        "error: `foo(bar)`: is not there\ninfo: `def total(cart) do`: is there",
        expect![[r#"
        2 info def total(cart) do: is there
        dropped 1"#]],
    );
    check("error: `foo(bar)`: is not there", expect!["not read: No finding of the reply quotes code that was shown."]);
    check("5: error: this is bad", expect!["not read: No finding of the reply quotes code that was shown."]);
    check(
        "500: error: the count may be zero",
        expect!["not read: No finding of the reply quotes code that was shown."],
    );
    check("error: `end`: what", expect!["not read: No finding of the reply quotes code that was shown."]);
    check(
        "The code looks good, but the error: handling is poor.",
        expect!["not read: No line of the reply is a finding."],
    );
    check("", expect!["not read: No line of the reply is a finding."]);
    let shown = SOURCE.find("  def save").unwrap()..SOURCE.len();
    let reply = "error: `sum = Enum.sum(cart.items)`: x\nerror: `{:ok, sum / cart.count}`: y";
    let read = ReviewReply::read(reply, &Text::new(SOURCE), None, &shown).unwrap();
    assert_eq!((render(&read.findings, SOURCE).as_str(), read.dropped), ("11 error {:ok, sum / cart.count}: y\n", 1));
}
