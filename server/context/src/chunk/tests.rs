//! The chunks of each format, as they read.

use aiex_syntax::Syntax;
use aiex_text::Text;
use expect_test::{Expect, expect};

use super::{Chunk, Format, chunks};

mod formats;
mod laws;

/// The chunks of a text, parsed if its format has a grammar.
fn chunked(source: &str, format: Format, max_tokens: usize) -> Vec<Chunk> {
    let text = Text::new(source);
    let syntax = format.language().map(|language| Syntax::parse(language, &text, None, || true).unwrap());
    chunks(&text, syntax.as_ref(), format, max_tokens)
}

/// Each chunk under a line that says what it is.
fn check(source: &str, format: Format, max_tokens: usize, expect: Expect) {
    let source = source.trim_start_matches('\n');
    let found = chunked(source, format, max_tokens);
    laws::check_partition(source, &found, format, max_tokens);
    let shown = found.iter().map(|chunk| {
        let name = chunk.name.as_deref().unwrap_or("-");
        let text = source.get(chunk.range.clone()).expect("whole characters");
        format!("▸ {} {name}, {} tokens\n{text}\n", chunk.kind.as_str(), chunk.tokens)
    });
    expect.assert_eq(&shown.collect::<String>());
}

#[test]
fn rust_in_items_with_their_documentation() {
    check(
        r#"
//! Carts.

use std::fmt;
use std::collections::HashMap;

/// What is bought.
#[derive(Debug)]
pub struct Cart {
    lines: Vec<Line>, // in order
}

// ---- building ----

impl Cart {
    /// An empty one.
    pub fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Puts a line in.
    #[inline]
    pub fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.price * line.count).sum()
    }
}

impl fmt::Display for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_costs_nothing() {
        assert_eq!(Cart::new().total(), 0);
    }
}
"#,
        Format::Rust,
        60,
        expect![[r#"
            ▸ struct Cart, 42 tokens
            //! Carts.

            use std::fmt;
            use std::collections::HashMap;

            /// What is bought.
            #[derive(Debug)]
            pub struct Cart {
                lines: Vec<Line>, // in order
            }

            // ---- building ----
            ▸ implementation Cart, 25 tokens
            impl Cart {
                /// An empty one.
                pub fn new() -> Self {
                    Self { lines: Vec::new() }
                }
            ▸ method Cart::{add, total}, 55 tokens
                /// Puts a line in.
                #[inline]
                pub fn add(&mut self, line: Line) {
                    self.lines.push(line);
                }

                pub fn total(&self) -> u64 {
                    self.lines.iter().map(|line| line.price * line.count).sum()
                }
            }
            ▸ implementation <Cart as fmt::Display>, 34 tokens
            impl fmt::Display for Cart {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}", self.total())
                }
            }
            ▸ module tests, 34 tokens
            #[cfg(test)]
            mod tests {
                use super::*;

                #[test]
                fn empty_costs_nothing() {
                    assert_eq!(Cart::new().total(), 0);
                }
            }
        "#]],
    );
}

#[test]
fn a_rust_function_over_the_maximum_parts_between_statements_and_arms() {
    check(
        r#"
/// Runs it.
fn run(mode: Mode, input: &str) -> Result<u32, Error> {
    let parsed = parse(input)?;
    let checked = check(&parsed, mode)?;

    match mode {
        Mode::Fast => fast(checked),
        Mode::Slow { retries, delay } => {
            for _ in 0..retries {
                sleep(delay);
            }
            slow(checked)
        }
        Mode::Dry => Ok(0),
    }
}
"#,
        Format::Rust,
        30,
        expect![[r#"
            ▸ function run, 25 tokens
            /// Runs it.
            fn run(mode: Mode, input: &str) -> Result<u32, Error> {
                let parsed = parse(input)?;
            ▸ function run, 10 tokens
                let checked = check(&parsed, mode)?;
            ▸ function run, 13 tokens
                match mode {
                    Mode::Fast => fast(checked),
            ▸ function run, 30 tokens
                    Mode::Slow { retries, delay } => {
                        for _ in 0..retries {
                            sleep(delay);
                        }
            ▸ function run, 9 tokens
                        slow(checked)
                    }
            ▸ function run, 9 tokens
                    Mode::Dry => Ok(0),
                }
            }
        "#]],
    );
}

#[test]
fn elixir_in_functions_with_all_their_clauses() {
    check(
        r#"
defmodule Shop.Cart do
  @moduledoc "Carts."
  use Ecto.Schema
  alias Shop.Item

  @limit 10

  @doc "Adds an item."
  @spec add(t(), Item.t()) :: t()
  def add(cart, nil), do: cart
  def add(%{items: []} = cart, item), do: %{cart | items: [item]}

  # The rest.
  def add(cart, item) do
    %{cart | items: [item | cart.items]}
  end

  def size(cart), do: length(cart.items)

  @impl true
  def render(assigns) do
    ~H"""
    <p><%= @size %></p>
    """
  end
end

defimpl Enumerable, for: Shop.Cart do
  def count(cart), do: {:ok, Shop.Cart.size(cart)}
end
"#,
        Format::Elixir,
        75,
        expect![[r#"
            ▸ module Shop.Cart, 23 tokens
            defmodule Shop.Cart do
              @moduledoc "Carts."
              use Ecto.Schema
              alias Shop.Item
            ▸ function Shop.Cart.add/2, 71 tokens
              @limit 10

              @doc "Adds an item."
              @spec add(t(), Item.t()) :: t()
              def add(cart, nil), do: cart
              def add(%{items: []} = cart, item), do: %{cart | items: [item]}

              # The rest.
              def add(cart, item) do
                %{cart | items: [item | cart.items]}
              end
            ▸ function Shop.Cart.{size/1, render/1}, 37 tokens
              def size(cart), do: length(cart.items)

              @impl true
              def render(assigns) do
                ~H"""
                <p><%= @size %></p>
                """
              end
            end
            ▸ implementation Enumerable for Shop.Cart, 26 tokens
            defimpl Enumerable, for: Shop.Cart do
              def count(cart), do: {:ok, Shop.Cart.size(cart)}
            end
        "#]],
    );
}

#[test]
fn elixir_clauses_and_tests_part_before_their_bodies() {
    check(
        r#"
defmodule Shop.CartTest do
  use ExUnit.Case, async: true

  describe "add/2" do
    setup [:cart]

    test "adds an item", %{cart: cart} do
      assert [_] = Cart.add(cart, :pen).items
    end

    test "ignores nothing", %{cart: cart} do
      assert Cart.add(cart, nil) == cart
    end
  end

  defp price(:pen), do: 100
  defp price(:book), do: 2_000
  defp price({:gift, value}) when is_integer(value), do: value
  defp price(other), do: raise(ArgumentError, "no price of #{inspect(other)}")
end
"#,
        Format::Elixir,
        40,
        expect![[r#"
            ▸ module Shop.CartTest, 16 tokens
            defmodule Shop.CartTest do
              use ExUnit.Case, async: true
            ▸ test group add/2, 38 tokens
              describe "add/2" do
                setup [:cart]

                test "adds an item", %{cart: cart} do
                  assert [_] = Cart.add(cart, :pen).items
                end
            ▸ test ignores nothing, 28 tokens
                test "ignores nothing", %{cart: cart} do
                  assert Cart.add(cart, nil) == cart
                end
              end
            ▸ function Shop.CartTest.price/1, 17 tokens
              defp price(:pen), do: 100
              defp price(:book), do: 2_000
            ▸ function Shop.CartTest.price/1, 18 tokens
              defp price({:gift, value}) when is_integer(value), do: value
            ▸ function Shop.CartTest.price/1, 23 tokens
              defp price(other), do: raise(ArgumentError, "no price of #{inspect(other)}")
            end
        "#]],
    );
}

#[test]
fn long_chains_lists_and_strings_part_within() {
    check(
        r#"
def report(orders) do
  orders
  |> Enum.filter(&(&1.state == :paid))
  |> Enum.group_by(& &1.customer)
  |> Enum.map(fn {customer, orders} -> {customer, Enum.sum(orders)} end)
  |> Enum.sort_by(&elem(&1, 1), :desc)

  [
    one: "the first of the entries",
    two: "the second of the entries",
    three: "the third of the entries"
  ]
end

@text """
A heredoc that is far too long to be kept in one piece,
and so is cut where its lines end.

averyverylongwordwithoutanyspacewithinitthatiscutbetweencharactersé世
"""
"#,
        Format::Elixir,
        20,
        expect![[r#"
            ▸ function report/1, 20 tokens
            def report(orders) do
              orders
              |> Enum.filter(&(&1.state == :paid))
            ▸ function report/1, 10 tokens
              |> Enum.group_by(& &1.customer)
            ▸ function report/1, 20 tokens
              |> Enum.map(fn {customer, orders} -> {customer, Enum.sum(orders)} end)
            ▸ function report/1, 11 tokens
              |> Enum.sort_by(&elem(&1, 1), :desc)
            ▸ function report/1, 12 tokens
              [
                one: "the first of the entries",
            ▸ function report/1, 11 tokens
                two: "the second of the entries",
            ▸ function report/1, 13 tokens
                three: "the third of the entries"
              ]
            end
            ▸ code -, 19 tokens
            @text """
            A heredoc that is far too long to be kept in one piece,
            ▸ code -, 10 tokens
            and so is cut where its lines end.
            ▸ code -, 20 tokens
            averyverylongwordwithoutanyspacewithinitthatiscutbetweencharactersé世
            ▸ code -, 1 tokens
            """
        "#]],
    );
}

#[test]
fn broken_code_is_chunked_all_the_same() {
    check(
        "fn a() {\n    one();\n\nfn b( {\n    two(;\n}\n\nimpl X {\n    fn c(&self) -> }\n\n)]}\nstruct Y;\n",
        Format::Rust,
        12,
        expect![[r#"
            ▸ code -, 5 tokens
            fn a() {
                one();
            ▸ code -, 2 tokens
            fn b(
            ▸ code -, 12 tokens
            {
                two(;
            }

            impl X {
                fn c(&self) -> }

            )]}
            ▸ code -, 2 tokens
            struct
            ▸ code -, 1 tokens
            Y;
        "#]],
    );
}

#[test]
fn markdown_by_headings() {
    check(
        r#"
---
title: Shop
---
# Shop

A shop.

## Install

```sh
# not a heading
mix deps.get

## neither
```

Then run it.

Usage
-----

### As a library

Call it.

### As a server

Start it.
"#,
        Format::Markdown,
        16,
        expect![[r#"
            ▸ text -, 5 tokens
            ---
            title: Shop
            ---
            ▸ section Shop, 4 tokens
            # Shop

            A shop.
            ▸ section Shop > Install, 16 tokens
            ## Install

            ```sh
            # not a heading
            mix deps.get

            ## neither
            ```
            ▸ section Shop > Install, 3 tokens
            Then run it.
            ▸ section Shop > Usage, 10 tokens
            Usage
            -----

            ### As a library

            Call it.
            ▸ section Shop > Usage > As a server, 7 tokens
            ### As a server

            Start it.
        "#]],
    );
}

#[test]
fn plain_text_by_paragraphs_and_indentation() {
    check(
        "def first():\n    one()\n    two()\n\n    three()\n\n\ndef second():\n    if four():\n        five()\n    six()\n\nprint(first())\r\n",
        Format::Plain,
        13,
        expect![[r#"
            ▸ text -, 12 tokens
            def first():
                one()
                two()

                three()
            ▸ text -, 11 tokens
            def second():
                if four():
                    five()
            ▸ text -, 3 tokens
                six()
            ▸ text -, 4 tokens
            print(first())
        "#]],
    );
}
