//! Tests of [`hover_facts`]: a source with a cursor, and what a hover there begins with.

use expect_test::{Expect, expect};

use super::*;
use crate::testing::{CART, LEDGER, marked, source};

fn check(with_cursor: &str, level: FactsLevel, expect: Expect) {
    let it = source(with_cursor);
    expect.assert_eq(&hover_facts(&it.outline, it.index, &it.text, level).unwrap());
}

fn brief(with_cursor: &str, expect: Expect) {
    check(with_cursor, FactsLevel::Brief, expect);
}

#[test]
fn a_function_says_its_clauses_and_calls() {
    brief(
        &marked(CART, "def add(cart, item, _limit)"),
        expect![[r#"
        `add/2..3` · 3 clauses · 13 lines · 1 default argument  
        calls `put/2`, `validate/1`, `length`"#]],
    );
    brief(&marked(CART, "def count([])"), expect!["`count/1` · 2 clauses · 2 lines · recursive"]);
    brief(
        &marked(CART, "def save"),
        expect![[r#"
        `save/1` · 9 lines  
        implements `Shop.Store`  
        calls `check/1`, `Repo.insert`, `Logger.info`, `inspect`"#]],
    );
}

#[test]
fn a_call_is_about_what_it_calls() {
    brief(
        &marked(CART, "put(cart, item)}"),
        expect![[r#"
        `put/2` · 4 lines  
        calls `Enum.sum`, `Enum.map`  
        called by `add/2..3` (2 places in this file)"#]],
    );
}

#[test]
fn a_container_counts_its_members() {
    brief(
        &marked(CART, "defmodule"),
        expect!["`Shop.Cart` · 65 lines · 3 public and 4 private functions · 1 struct · 1 type"],
    );
    brief(
        &marked(LEDGER, "Ledger {\n    accounts"),
        expect![[r#"
        `Ledger` · 5 lines · 2 public and 2 private methods  
        implements `fmt::Display`"#]],
    );
    brief(
        &marked(LEDGER, "impl Ledger"),
        expect!["implementation `Ledger` · 36 lines · 2 public and 2 private methods"],
    );
    brief(&marked(LEDGER, "mod tests"), expect!["`tests` · 11 lines · 1 test"]);
}

#[test]
fn a_method_names_its_neighbours() {
    brief(
        &marked(LEDGER, "transfer(&mut self"),
        expect![[r#"
        `transfer` · 17 lines  
        calls `balance`, `credit`, `log`, `self.accounts.get_mut`, `self.entries.push`  
        called by test `money_moves` (1 place in this file)"#]],
    );
    brief(
        &marked(LEDGER, "fmt(&self"),
        expect![[r#"
        `fmt` · 3 lines  
        implements `fmt::Display`  
        calls `write!`, `self.accounts.len`"#]],
    );
}

#[test]
fn namesakes_are_qualified() {
    brief("struct A;\nstruct B;\nimpl A { fn new() {} }\nimpl B { fn $0new() {} }\n", expect!["`B::new` · 1 line"]);
}

#[test]
fn full_adds_what_other_servers_show() {
    check(
        &marked(CART, "def add(cart, item, _limit)"),
        FactsLevel::Full,
        expect![[r#"
        public function `Shop.Cart.add/2..3` · 3 clauses · 13 lines · 1 default argument  
        calls `put/2`, `validate/1`, `length`

        ```elixir
        @spec add(t(), map(), pos_integer()) :: {:ok, t()} | {:error, atom()}
        def add(cart, item, limit \\ 10)
        ```

        Adds an `item` to the cart, at most `limit` of them. Returns the new cart."#]],
    );
    check(
        &marked(LEDGER, "transfer(&mut self"),
        FactsLevel::Full,
        expect![[r#"
        public method `Ledger::transfer` · 17 lines  
        calls `balance`, `credit`, `log`, `self.accounts.get_mut`, `self.entries.push`  
        called by test `money_moves` (1 place in this file)

        ```rust
        pub fn transfer(&mut self, from: &str, to: &str, amount: u64) -> Result<(), LedgerError>
        ```

        Moves `amount` from one account to another."#]],
    );
}

#[test]
fn documentation_cannot_be_markup() {
    check(
        "/// See <img src=x> ![i](https://evil.example/?q) [a](command:b) `c\n/// ``` **d**\nfn $0f() {}\n",
        FactsLevel::Full,
        expect![[r#"
            private function `f` · 1 line

            ```rust
            fn f()
            ```

            See \<img src=x\> i a \`c"#]],
    );
}

#[test]
fn off_says_nothing() {
    let it = source(CART);
    assert_eq!(hover_facts(&it.outline, it.index, &it.text, FactsLevel::Off), None);
    assert_eq!(hover_facts(&it.outline, usize::MAX, &it.text, FactsLevel::Full), None);
}
