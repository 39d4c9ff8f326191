//! Tests of the structural engine: whole explanations, read as a user would read them.

use expect_test::{Expect, expect};

use super::*;
use crate::testing::{CART, LEDGER, marked, source};

mod laws;

fn check(with_cursor: &str, expect: Expect) {
    let it = source(with_cursor);
    expect.assert_eq(&explain_symbol(&it.syntax, &it.outline, &it.text, it.index));
}

#[test]
fn a_function_with_clauses() {
    check(
        &marked(CART, "def add(cart, item, _limit)"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Function `Shop.Cart.add/2..3`

            Adds an `item` to the cart, at most `limit` of them. Returns the new cart.

            ```elixir
            @spec add(t(), map(), pos_integer()) :: {:ok, t()} | {:error, atom()}
            ```

            A public function in the module `Shop.Cart` that takes 2 or 3 arguments, one of which has a default. Its 3 clauses together are 13 lines long (lines 21 to 36).

            **Clauses** are tried from the top, told apart by the first argument and by guards:

            1. line 23: `%__MODULE__{items: []} = cart` → `{:ok, put(cart, item)}`
            2. line 27: `%__MODULE__{items: items}` when `length(items) >= limit` → `{:error, :full}`
            3. line 31: anything else → `{:ok, put(cart, item)}` or `{:error, reason}`

            **Decides on**

            - line 32: **case** on `validate(item)`: `{:ok, item}`, `{:error, reason}`

            **Calls**

            - in this file: `put/2` (line 59, 2 times), `validate/1` (line 56)
            - elsewhere: `length`
        "#]],
    );
}

#[test]
fn clauses_that_differ_in_several_arguments() {
    check(
        "defmodule M do\n  def $0f(:a, [], x), do: x\n  def f(:a, _list, x) when x > 1, do: throw(:no)\n  def f(other, list, _), do: {other, list}\nend\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Function `M.f/3`

            A public function in the module `M` that takes 3 arguments. Its 3 clauses together are 3 lines long (lines 2 to 4).

            **Clauses** are tried from the top, told apart by the first and second arguments and by guards:

            1. line 2: `:a`, `[]` → `x`
            2. line 3: `:a`, any `list` when `x > 1`
            3. line 4: any `other`, any `list` → `{other, list}`

            **Can fail** at `throw`
        "#]],
    );
    check(
        "defmodule M do\n  def $0f(x) when x > 0, do: :up\n  def f(x) when x < 0, do: :down\n  def f(_), do: :flat\nend\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Function `M.f/1`

            A public function in the module `M` that takes 1 argument. Its 3 clauses together are 3 lines long (lines 2 to 4).

            **Clauses** are tried from the top, told apart by their guards:

            1. line 2: when `x > 0` → `:up`
            2. line 3: when `x < 0` → `:down`
            3. line 4: in every other case → `:flat`
        "#]],
    );
}

#[test]
fn a_recursive_function() {
    check(
        &marked(CART, "def count([])"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Function `Shop.Cart.count/1`

            How many items there are.

            A public function in the module `Shop.Cart` that takes 1 argument. Its 2 clauses together are 2 lines long (lines 50 to 51). It calls itself.

            **Clauses** are tried from the top, told apart by the first argument:

            1. line 50: `[]` → `0`
            2. line 51: `[_ | rest]` → `1 + count(rest)`
        "#]],
    );
}

#[test]
fn a_function_that_serves_a_behaviour() {
    check(
        &marked(CART, "def save"),
        expect![[r#"
        > Structural explanation: made from the parse alone; no model was asked.

        ### Function `Shop.Cart.save/1`

        ```elixir
        def save(%__MODULE__{} = cart)
        ```

        A public function in the module `Shop.Cart` that takes 1 argument. It is 9 lines long (lines 39 to 47). It implements `Shop.Store`.

        **Shape:** its first argument must match `%__MODULE__{} = cart`; it returns `{:ok, row}`.

        **Decides on**

        - line 40: **with**: `{:ok, cart} <- check(cart)`, `{:ok, row} <- Repo.insert(cart)`

        **Calls**

        - in this file: `check/1` (line 53)
        - elsewhere: `Repo.insert`, `Logger.info`, `inspect`

        **Can fail** at `raise ArgumentError`
    "#]],
    );
}

#[test]
fn a_private_function_that_nothing_calls() {
    check(
        &marked(CART, "defp unused"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Function `Shop.Cart.unused/1`

            ```elixir
            defp unused(x)
            ```

            A private function in the module `Shop.Cart` that takes 1 argument. It is on line 64. Nothing in this file is seen to call it, although it is private.

            **Shape:** it returns `x`.
        "#]],
    );
}

#[test]
fn an_elixir_module() {
    check(
        &marked(CART, "defmodule"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Module `Shop.Cart`

            A shopping cart, kept as a list of items.

            A module, 65 lines long (lines 1 to 65). It holds 3 public and 4 private functions, 1 struct and 1 type.

            **Members**

            | Name | Kind | Visibility | Lines | Documentation |
            | --- | --- | --- | --- | --- |
            | `%Shop.Cart{}` | struct |  | 12 |  |
            | `t` | type | public | 14 |  |
            | `add/2..3` | function | public | 16–36 | Adds an `item` to the cart, at most `limit` of them. Returns the new cart. |
            | `save/1` | function | public | 38–47 |  |
            | `count/1` | function | public | 49–51 | How many items there are. |
            | `check/1` | function | private | 53–54 |  |
            | `validate/1` | function | private | 56–57 |  |
            | `put/2` | function | private | 59–62 |  |
            | `unused/1` | function | private | 64 |  |
        "#]],
    );
}

#[test]
fn an_elixir_struct() {
    check(
        &marked(CART, "defstruct"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Struct `Shop.Cart`

            ```elixir
            defstruct items: [], owner: nil, total: 0
            ```

            A struct in the module `Shop.Cart`, on line 12.

            **Fields**

            - `items: []`
            - `owner: nil`
            - `total: 0`
        "#]],
    );
}

#[test]
fn an_elixir_test() {
    check(
        r#"
defmodule Shop.CartTest do
  use ExUnit.Case

  describe "add/3" do
    test "puts the item first", %{cart: cart} do$0
      assert {:ok, cart} = Shop.Cart.add(cart, item(1))
      assert [%{price: 1}] = cart.items
      refute cart.total == 0
    end
  end

  defp item(price), do: %{price: price}
end
"#,
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Test `puts the item first`

            A test in the test group `add/3`, 5 lines long (lines 6 to 10).

            **Asserts** 3 things:

            - line 7: `assert {:ok, cart} = Shop.Cart.add(cart, item(1))`
            - line 8: `assert [%{price: 1}] = cart.items`
            - line 9: `refute cart.total == 0`

            **Calls**

            - in this file: `item/1` (line 13)
            - elsewhere: `Shop.Cart.add`
        "#]],
    );
}

#[test]
fn a_rust_method() {
    check(
        &marked(LEDGER, "transfer(&mut self"),
        expect![[r#"
        > Structural explanation: made from the parse alone; no model was asked.

        ### Method `Ledger::transfer`

        Moves `amount` from one account to another.

        ```rust
        pub fn transfer(&mut self, from: &str, to: &str, amount: u64) -> Result<(), LedgerError>
        ```

        A public method of `Ledger` that takes `&mut self` and 3 arguments. It is 17 lines long (lines 38 to 54). Its branches, loops and closures nest 2 deep.

        **Shape:** it returns `Err(LedgerError::Short)` or `Ok(())`.

        **Decides on**

        - line 40: **if** `balance < amount`
        - line 45: **loop** `entry in &self.entries`
        - line 46: **match** on `entry`: `Entry::Closed`, `Entry::Deposit { amount, .. } if *amount > 0`, `_`

        **Calls**

        - in this file: `balance` (line 56), `credit` (line 60), `log` (line 71, 2 times)
        - elsewhere: `self.accounts.get_mut`, `self.entries.push`

        **Called by** in this file:

        - test `money_moves` at line 83

        **Can fail** at `self.balance(…)?`, `.unwrap()`
    "#]],
    );
}

#[test]
fn a_rust_struct() {
    check(
        &marked(LEDGER, "Ledger {\n    accounts"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Struct `Ledger`

            Accounts by name, see `Entry`.

            ```rust
            pub struct Ledger
            ```

            A public struct, 5 lines long (lines 8 to 12).

            **Fields**

            - `accounts: HashMap<String, u64>`
            - `pub entries: Vec<Entry>`

            **Implementations** in this file:

            - its own functions, line 28: 2 public and 2 private methods
            - `fmt::Display`, line 65: 1 public method
        "#]],
    );
}

#[test]
fn a_rust_enum() {
    check(
        &marked(LEDGER, "Entry {"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Enum `Entry`

            One thing that was done.

            ```rust
            pub enum Entry
            ```

            A public enum, 5 lines long (lines 15 to 19).

            **Variants**

            - `Deposit { account: String, amount: u64 }`
            - `Transfer(String, String, u64)`
            - `Closed`
        "#]],
    );
}

#[test]
fn a_rust_implementation() {
    check(
        &marked(LEDGER, "impl fmt"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Implementation `fmt::Display for Ledger`

            An implementation of `fmt::Display` for `Ledger`, 5 lines long (lines 65 to 69). It holds 1 public method.

            **Members**

            | Name | Kind | Visibility | Lines |
            | --- | --- | --- | --- |
            | `fmt` | method | public | 66–68 |
        "#]],
    );
    check(
        &marked(LEDGER, "fmt(&self"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Method `<Ledger as fmt::Display>::fmt`

            ```rust
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result
            ```

            A public method of `Ledger` for `fmt::Display` that takes `&self` and 1 argument. It is 3 lines long (lines 66 to 68).

            **Shape:** it returns `write!(f, "{} accounts", self.accounts.len())`.

            **Calls**

            - elsewhere: `write!`, `self.accounts.len`
        "#]],
    );
}

#[test]
fn a_rust_trait() {
    check(
        "/// Stores things.\npub trait Store {\n    type Key;\n    /// Saves one.\n    fn save(&mut self, key: Self::Key) -> bool;\n    fn twice(&self) -> u32 { 2 }\n}$0\nimpl Store for u8 { type Key = u8; fn save(&mut self, _: u8) -> bool { true } }\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Trait `Store`

            Stores things.

            ```rust
            pub trait Store
            ```

            A public trait, 6 lines long (lines 2 to 7). It holds 2 public methods and 1 type.

            **Members**

            | Name | Kind | Visibility | Lines | Documentation |
            | --- | --- | --- | --- | --- |
            | `Key` | type | public | 3 |  |
            | `save` | method | public | 4–5 | Saves one. |
            | `twice` | method | public | 6 |  |

            **Implementations** in this file:

            - for `u8`, line 8: 1 public method, 1 type
        "#]],
    );
    check(
        "pub trait Store {\n    fn save$0(&mut self);\n}\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Method `Store::save`

            ```rust
            fn save(&mut self)
            ```

            A public method in the trait `Store` that takes only `&mut self`. It is on line 2. It has no body: implementations must provide it.
        "#]],
    );
}

#[test]
fn a_rust_test() {
    check(
        &marked(LEDGER, "fn money_moves"),
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### Test `money_moves`

            A test in the module `tests`, 6 lines long (lines 80 to 85).

            **Asserts** 2 things:

            - line 83: `assert!(ledger.transfer("a", "b", 3).is_ok());`
            - line 84: `assert_eq!(ledger.balance("b").unwrap(), 3);`

            **Calls**

            - in this file: `Ledger::new` (line 30), `Ledger::credit` (line 60), `Ledger::transfer` (line 38), `Ledger::balance` (line 56)
            - elsewhere: `.is_ok`
        "#]],
    );
}

#[test]
fn an_elixir_file() {
    let it = source(CART);
    expect![[r#"
        > Structural explanation: made from the parse alone; no model was asked.

        ### File `lib/shop/cart.ex`

        A shopping cart, kept as a list of items.

        An Elixir file of 65 lines with 1 module, 7 functions, 1 struct and 1 type.

        **In the module `Shop.Cart`**

        | Name | Kind | Visibility | Lines | Documentation |
        | --- | --- | --- | --- | --- |
        | `%Shop.Cart{}` | struct |  | 12 |  |
        | `t` | type | public | 14 |  |
        | `add/2..3` | function | public | 16–36 | Adds an `item` to the cart, at most `limit` of them. Returns the new cart. |
        | `save/1` | function | public | 38–47 |  |
        | `count/1` | function | public | 49–51 | How many items there are. |
        | `check/1` | function | private | 53–54 |  |
        | `validate/1` | function | private | 56–57 |  |
        | `put/2` | function | private | 59–62 |  |
        | `unused/1` | function | private | 64 |  |

        **Used most** in this file:

        - `put/2`, called at 2 places

        **Leans on**

        - `Enum` (2 calls)
        - `Repo` (1 call)
        - `Logger` (1 call)
    "#]].assert_eq(&explain_file(&it.syntax, &it.outline, &it.text, "lib/shop/cart.ex"));
}

#[test]
fn a_rust_file() {
    let it = source(LEDGER);
    expect![[r#"
        > Structural explanation: made from the parse alone; no model was asked.

        ### File `src/ledger.rs`

        A ledger of accounts.

        A Rust file of 86 lines with 1 module, 1 function, 5 methods, 1 struct, 2 enums, 2 implementations and 1 test.

        **At the top level**

        | Name | Kind | Visibility | Lines | Documentation |
        | --- | --- | --- | --- | --- |
        | `Ledger` | struct | public | 6–12 | Accounts by name, see `Entry`. |
        | `Entry` | enum | public | 14–19 | One thing that was done. |
        | `LedgerError` | enum | crate-visible | 21–26 | What can go wrong. |
        | `Ledger` | implementation |  | 28–63 |  |
        | `fmt::Display for Ledger` | implementation |  | 65–69 |  |
        | `log` | function | private | 71–73 |  |
        | `tests` | module | private | 75–86 |  |

        **In the implementation `Ledger`**

        | Name | Kind | Visibility | Lines | Documentation |
        | --- | --- | --- | --- | --- |
        | `new` | method | public | 29–32 | An empty ledger. |
        | `transfer` | method | public | 34–54 | Moves `amount` from one account to another. |
        | `balance` | method | private | 56–58 |  |
        | `credit` | method | private | 60–62 |  |

        **In the implementation `fmt::Display for Ledger`**

        | Name | Kind | Visibility | Lines |
        | --- | --- | --- | --- |
        | `fmt` | method | public | 66–68 |

        **In the module `tests`**

        | Name | Kind | Lines |
        | --- | --- | --- |
        | `money_moves` | test | 79–85 |

        **Used most** in this file:

        - `Ledger::balance`, called at 2 places
        - `Ledger::credit`, called at 2 places
        - `log`, called at 2 places

        **Largest**

        - `Ledger::transfer` with 17 lines
    "#]]
    .assert_eq(&explain_file(&it.syntax, &it.outline, &it.text, "src/ledger.rs"));
}

#[test]
fn a_markdown_file() {
    let text = Text::new(
        "# Shop\n\nA small shop.\n\n## Install `mix`\n\n```sh\n# not a heading\nmix setup\n```\n\nTODO: say how to deploy.\n\n## Use\n\n#### Carts\n\nSee lib/.\n",
    );
    expect![[r#"
        > Structural explanation: made from the parse alone; no model was asked.

        ### File `README.md`

        A Markdown file of 18 lines, 7 blank. The longest, line 12, has 24 characters. It has 1 code block.

        **Headings**

        - line 1: `Shop`
          - line 5: `` Install `mix` ``
          - line 14: `Use`
            - line 16: `Carts`

        **Left to do**

        - line 12: `TODO: say how to deploy.`
    "#]]
    .assert_eq(&explain_plain(&text, "README.md"));
}

#[test]
fn other_files() {
    let check = |path: &str, text: &str, expect: Expect| expect.assert_eq(&explain_plain(&Text::new(text), path));
    check(
        "Cargo.toml",
        "[package]\nname = \"shop\"\n\n[dependencies]\nserde = \"1\" # FIXME: pin\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### File `Cargo.toml`

            A configuration file of 5 lines, 1 blank. The longest, line 5, has 24 characters.

            **Sections**

            - line 1: `[package]`
            - line 4: `[dependencies]`

            **Left to do**

            - line 5: `serde = "1" # FIXME: pin`
        "#]],
    );
    check(
        "ci.yml",
        "on: push\njobs:\n  test:\n    steps:\n      - run: mix test\n",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### File `ci.yml`

            A YAML file of 5 lines. The longest, line 5, has 21 characters. It indents by 2 spaces, 3 levels deep.

            **Outermost keys**

            - line 1: `on`
            - line 2: `jobs`
        "#]],
    );
    check(
        "a.py",
        "import os\r\n\r\nclass Cart:\r\n    def add(self):\r\n        pass",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### File `a.py`

            A text file of 5 lines, 1 blank. The longest, line 4, has 18 characters. It indents by 4 spaces, 2 levels deep. Its lines end in CRLF. The last line has no line end.

            **Outermost lines**

            - line 1: `import os`
            - line 3: `class Cart:`
        "#]],
    );
    check(
        "notes",
        "one line",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### File `notes`

            A text file of 1 line. The longest, line 1, has 8 characters. The last line has no line end.
        "#]],
    );
    check(
        "empty",
        "",
        expect![[r#"
            > Structural explanation: made from the parse alone; no model was asked.

            ### File `empty`

            The file is empty.
        "#]],
    );
}

#[test]
fn a_large_symbol_stays_bounded() {
    let clauses: String = (0..5000).map(|n| format!("  def f({n}), do: g{n}({n})\n")).collect();
    let module = format!("defmodule M do\n$0{clauses}end\n");
    let it = source(&module);
    for index in 0..it.outline.symbols.len() {
        assert!(explain_symbol(&it.syntax, &it.outline, &it.text, index).len() < 20_000);
    }
    let fields: String = (0..5000).map(|n| format!("  f{n}: u8,\n")).collect();
    let it = source(&format!("struct S {{\n{fields}}}\n"));
    assert!(explain_symbol(&it.syntax, &it.outline, &it.text, 0).len() < 20_000);
    let lines = Text::new(&"# TODO a\n".repeat(5000));
    assert!(explain_plain(&lines, "a.md").len() < 20_000);
}
