//! Outlines and facts of realistic sources, of broken ones, and of the example project.

use expect_test::{Expect, expect};

use crate::{
    Language, Outline, Syntax,
    testing::{parse, render},
};

mod facts;

fn outline(source: &str) -> (Outline, Syntax, aiex_text::Text) {
    let (syntax, text) = parse(Language::Elixir, source);
    let outline = syntax.outline(&text);
    check_ranges(&outline, source);
    for symbol in &outline.symbols {
        let facts = syntax.facts(&text, symbol);
        assert_eq!(facts.clauses.len(), symbol.clauses.len());
    }
    (outline, syntax, text)
}

fn check(source: &str, expect: Expect) {
    let (outline, _, text) = outline(source);
    expect.assert_eq(&render(&outline, &text));
}

/// What holds for every outline of every text.
fn check_ranges(outline: &Outline, source: &str) {
    let sound = |range: &std::ops::Range<usize>| assert!(source.get(range.clone()).is_some(), "{range:?}");
    for (index, symbol) in outline.symbols.iter().enumerate() {
        sound(&symbol.range);
        sound(&symbol.name_range);
        assert!(!symbol.clauses.is_empty(), "{symbol:?}");
        for clause in &symbol.clauses {
            sound(&clause.range);
            clause.body.iter().for_each(sound);
        }
        assert!(symbol.container.is_none_or(|container| container < index), "{symbol:?}");
    }
    assert!(outline.symbols.is_sorted_by_key(|symbol| symbol.range.start));
    outline.calls.iter().for_each(|call| sound(&call.name_range));
    assert!(outline.calls.is_sorted_by_key(|call| call.name_range.start));
}

const CART: &str = r##"
defmodule Shop.Cart do
  @moduledoc """
  A cart of items.

      iex> Shop.Cart.new()
  """
  use Ecto.Schema
  import Ecto.Changeset
  alias Shop.{Item, Repo}
  alias Shop.Pricing, as: P

  @behaviour Shop.Totals

  @timeout compute(5)

  @typedoc "A cart."
  @type t :: %__MODULE__{items: [Item.t()], note: String.t() | nil}
  @typep key :: atom()
  @opaque handle(a) :: {a, reference()}

  @enforce_keys [:items]
  defstruct items: [], note: nil

  schema "carts" do
    field :note, :string, default: ""
    belongs_to :user, Shop.User
    has_many(:items, Item)
    embeds_one :address, Address do
      field :street, :string
    end
    timestamps()
  end

  @doc """
  Adds an item 🛒.

    * indented
  """
  @doc since: "1.2.0"
  @spec add(t(), Item.t()) :: t()
  @spec add(t(), Item.t(), pos_integer()) :: {:ok, t()}
  def add(cart, item, quantity \\ 1)

  def add(%__MODULE__{} = cart, item, 0), do: cart

  def add(cart, %Item{} = item, quantity) when quantity > 0 and is_integer(quantity) do
    entry = line(item, quantity)
    %{cart | items: [entry | cart.items]}
  end

  @impl true
  def total(cart) do
    cart.items |> Enum.map(&price/1) |> Enum.reduce(0, fn x, acc -> x + acc end) |> round_up |> P.round()
  end

  @impl Totals.Other
  def other(_), do: @timeout

  @doc false
  def changeset(cart, attrs) do
    cart |> cast(attrs, [:note]) |> validate_required([:note])
  end

  defp line(item, quantity), do: {item, quantity, "#{label(item)} 🎉", default_note()}
  defp label(item), do: Item.name(item)
  defp price({_, _, _, _}), do: limit
  defp round_up(x), do: x
  defp limit, do: 10
  defp default_note, do: limit()

  # A clause far from its first.
  def add(:none, _, _), do: __MODULE__.limit_of(:none)
  defp shadow(limit), do: limit

  defdelegate limit_of(x), to: Shop.Limits, as: :of
  defguard is_small(n) when is_integer(n) and n < 10
  defguardp is_big(n) when not is_small(n)

  defmacro debug(expr) do
    quote do
      def injected(x), do: x
      IO.inspect(unquote(expr), label: label(1))
    end
  end

  defmacro __using__(_opts) do
    quote do
      @behaviour Shop.Cart
      def hidden(x), do: line(x, 1)
      defoverridable hidden: 1
    end
  end

  def a <~> b, do: merge(a, b)
  def unquote(name)(x), do: x

  defmodule Line do
    defstruct [:item, quantity: 1]
    def new(item), do: %Line{item: item}
    def outer(cart), do: Shop.Cart.add(cart, 1) && label(1)
  end

  def lines(cart), do: Enum.map(cart.items, &Line.new/1) ++ [Line.new(1), fun.(2), :erlang.now(), cart.size()]
end
"##;

#[test]
fn a_module_with_everything() {
    check(
        CART,
        expect![[r#"
        module Shop.Cart Public 2-105 `defmodule Shop.Cart` doc "A cart of items.\n\n    iex> Shop.Cart.new()"
          type Shop.Cart.t Public 17-18 `@type t :: %__MODULE__{items: [Item.t()], note: String.t() | nil}` doc "A cart."
          type Shop.Cart.key Private 19-19 `@typep key :: atom()`
          type Shop.Cart.handle Public 20-20 `@opaque handle(a) :: {a, reference()}`
          struct Shop.Cart Public 22-23 `defstruct items: [], note: nil`
          block Shop.Cart schema "carts" Public 25-33 `schema "carts"`
            block Shop.Cart schema "carts" embeds_one :address Public 29-31 `embeds_one :address, Address`
          function Shop.Cart.add/2..3 Public 35-50 `def add(cart, item, quantity \\ 1)` doc "Adds an item 🛒.\n\n  * indented" spec "@spec add(t(), Item.t()) :: t()" spec "@spec add(t(), Item.t(), pos_integer()) :: {:ok, t()}" clauses 4
          function Shop.Cart.total/1 Public 52-55 `def total(cart)` implements Shop.Totals
          function Shop.Cart.other/1 Public 57-58 `def other(_)` implements Totals.Other
          function Shop.Cart.changeset/2 Public 60-63 `def changeset(cart, attrs)`
          function Shop.Cart.line/2 Private 65-65 `defp line(item, quantity)`
          function Shop.Cart.label/1 Private 66-66 `defp label(item)`
          function Shop.Cart.price/1 Private 67-67 `defp price({_, _, _, _})`
          function Shop.Cart.round_up/1 Private 68-68 `defp round_up(x)`
          function Shop.Cart.limit/0 Private 69-69 `defp limit`
          function Shop.Cart.default_note/0 Private 70-70 `defp default_note`
          function Shop.Cart.shadow/1 Private 74-74 `defp shadow(limit)`
          function Shop.Cart.limit_of/1 Public 76-76 `defdelegate limit_of(x), to: Shop.Limits, as: :of`
          guard Shop.Cart.is_small/1 Public 77-77 `defguard is_small(n) when is_integer(n) and n < 10`
          guard Shop.Cart.is_big/1 Private 78-78 `defguardp is_big(n) when not is_small(n)`
          macro Shop.Cart.debug/1 Public 80-85 `defmacro debug(expr)`
          macro Shop.Cart.__using__/1 Public 87-93 `defmacro __using__(_opts)`
          function Shop.Cart.<~>/2 Public 95-95 `def a <~> b`
          function Shop.Cart.unquote(name)/1 Public 96-96 `def unquote(name)(x)`
          module Shop.Cart.Line Public 98-102 `defmodule Line`
            struct Shop.Cart.Line Public 99-99 `defstruct [:item, quantity: 1]`
            function Shop.Cart.Line.new/1 Public 100-100 `def new(item)`
            function Shop.Cart.Line.outer/1 Public 101-101 `def outer(cart)`
          function Shop.Cart.lines/1 Public 104-104 `def lines(cart)`
        Shop.Cart -> compute/1 = ?
        Shop.Cart schema "carts" -> field/3 = ?
        Shop.Cart schema "carts" -> belongs_to/2 = ?
        Shop.Cart schema "carts" -> has_many/2 = ?
        Shop.Cart schema "carts" embeds_one :address -> field/2 = ?
        Shop.Cart schema "carts" -> timestamps/0 = ?
        Shop.Cart.add/2..3 -> is_integer/1 = ?
        Shop.Cart.add/2..3 -> line/2 = Shop.Cart.line/2
        Shop.Cart.total/1 -> Enum.map/2 = ?
        Shop.Cart.total/1 -> price/1 = Shop.Cart.price/1
        Shop.Cart.total/1 -> Enum.reduce/3 = ?
        Shop.Cart.total/1 -> round_up/1 = Shop.Cart.round_up/1
        Shop.Cart.total/1 -> P.round/1 = ?
        Shop.Cart.changeset/2 -> cast/3 = ?
        Shop.Cart.changeset/2 -> validate_required/2 = ?
        Shop.Cart.line/2 -> label/1 = Shop.Cart.label/1
        Shop.Cart.line/2 -> default_note/0 = Shop.Cart.default_note/0
        Shop.Cart.label/1 -> Item.name/1 = ?
        Shop.Cart.price/1 -> limit/0 = Shop.Cart.limit/0
        Shop.Cart.default_note/0 -> limit/0 = Shop.Cart.limit/0
        Shop.Cart.add/2..3 -> __MODULE__.limit_of/1 = Shop.Cart.limit_of/1
        Shop.Cart.is_small/1 -> is_integer/1 = ?
        Shop.Cart.is_big/1 -> is_small/1 = Shop.Cart.is_small/1
        Shop.Cart.debug/1 -> IO.inspect/2 = ?
        Shop.Cart.debug/1 -> label/1 = ?
        Shop.Cart.__using__/1 -> line/2 = ?
        Shop.Cart.<~>/2 -> merge/2 = ?
        Shop.Cart.Line.outer/1 -> Shop.Cart.add/2 = Shop.Cart.add/2..3
        Shop.Cart.Line.outer/1 -> label/1 = ?
        Shop.Cart.lines/1 -> Enum.map/2 = ?
        Shop.Cart.lines/1 -> Line.new/1 = Shop.Cart.Line.new/1
        Shop.Cart.lines/1 -> Line.new/1 = Shop.Cart.Line.new/1
        Shop.Cart.lines/1 -> fun./1 = ?
        Shop.Cart.lines/1 -> :erlang.now/0 = ?
        Shop.Cart.lines/1 -> cart.size/0 = ?
    "#]],
    );
}

#[test]
fn protocols_behaviours_and_exceptions() {
    check(
        r#"
defprotocol Shop.Priced do
  @doc "What it costs."
  @spec price(t) :: integer
  def price(item)
end

defmodule Shop.Payment do
  @doc ~S"""
  Charges \d.
  """
  @callback charge(amount :: pos_integer(), opts) :: {:ok, String.t()} | {:error, term()} when opts: keyword()
  @macrocallback build(term) :: Macro.t()
  @optional_callbacks build: 1
end

defmodule Shop.Item do
  defstruct ~w(name price)a

  defimpl Shop.Priced do
    def price(%{price: price}), do: round(price)
    defp hidden, do: 1
  end
end

alias Shop.{Item, Priced}

defimpl Priced, for: Item do
  @impl true
  def price(item), do: Item.value(item)
end

defimpl String.Chars, for: [Integer, Float] do
  def to_string(n), do: n
end

defmodule Shop.Error do
  defexception [:message, code: 1]

  @impl true
  def exception(code), do: %__MODULE__{code: code}

  defmodule NotFound do
    alias __MODULE__
    @behaviour Shop.Payment
    @impl true
    def charge(_, _), do: NotFound.other()
    def other, do: Shop.Error.exception(1)
  end
end
"#,
        expect![[r#"
            protocol Shop.Priced Public 2-6 `defprotocol Shop.Priced`
              function Shop.Priced.price/1 Public 3-5 `def price(item)` doc "What it costs." spec "@spec price(t) :: integer"
            module Shop.Payment Public 8-15 `defmodule Shop.Payment`
              callback Shop.Payment.charge/2 Public 9-12 `@callback charge(amount :: pos_integer(), opts) :: {:ok, String.t()} | {:error, term()} when opts: keyword()` doc "Charges \\d."
              callback Shop.Payment.build/1 Public 13-13 `@macrocallback build(term) :: Macro.t()`
            module Shop.Item Public 17-24 `defmodule Shop.Item`
              struct Shop.Item Public 18-18 `defstruct ~w(name price)a`
              implementation Shop.Priced for Shop.Item Public 20-23 `defimpl Shop.Priced` implements Shop.Priced
                function Shop.Priced.Shop.Item.price/1 Public 21-21 `def price(%{price: price})` implements Shop.Priced
                function Shop.Priced.Shop.Item.hidden/0 Private 22-22 `defp hidden`
            implementation Shop.Priced for Shop.Item Public 28-31 `defimpl Priced, for: Item` implements Shop.Priced
              function Shop.Priced.Shop.Item.price/1 Public 29-30 `def price(item)` implements Shop.Priced
            implementation String.Chars for Integer, Float Public 33-35 `defimpl String.Chars, for: [Integer, Float]` implements String.Chars
              function String.Chars.Integer, Float.to_string/1 Public 34-34 `def to_string(n)` implements String.Chars
            module Shop.Error Public 37-50 `defmodule Shop.Error`
              exception Shop.Error Public 38-38 `defexception [:message, code: 1]`
              function Shop.Error.exception/1 Public 40-41 `def exception(code)` implements true
              module Shop.Error.NotFound Public 43-49 `defmodule NotFound`
                function Shop.Error.NotFound.charge/2 Public 46-47 `def charge(_, _)` implements Shop.Payment
                function Shop.Error.NotFound.other/0 Public 48-48 `def other`
            Shop.Priced.Shop.Item.price/1 -> round/1 = ?
            Shop.Priced.Shop.Item.price/1 -> Item.value/1 = ?
            Shop.Error.NotFound.charge/2 -> NotFound.other/0 = Shop.Error.NotFound.other/0
            Shop.Error.NotFound.other/0 -> Shop.Error.exception/1 = Shop.Error.exception/1
        "#]],
    );
}

#[test]
fn tests_and_blocks_of_libraries() {
    check(
        r#"
defmodule Shop.CartTest do
  use ExUnit.Case, async: true

  setup_all do
    {:ok, cart: build()}
  end

  setup %{cart: cart} do
    on_exit(fn -> clean(cart) end)
    :ok
  end

  setup :verify

  describe "add/2" do
    @tag :slow
    test "adds an item 🎉", %{cart: cart} do
      assert Cart.add(cart, item()) == cart
    end

    test "later"
  end

  property "any cart", do: check(all(x <- int(), do: x))

  defp build, do: %{}
  defp item, do: build
  defp clean(cart), do: cart
end

defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :accepts, ["html"]
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index

    live_session :default do
      live "/carts", CartLive
    end

    resources "/items", ItemController do
      get "/reviews", ReviewController, :index
    end
  end

  if Mix.env() == :dev do
    scope "/dev" do
      forward "/mail", Plug.Mail
    end

    def dev?, do: true
  end
end
"#,
        expect![[r#"
            module Shop.CartTest Public 2-30 `defmodule Shop.CartTest`
              block Shop.CartTest setup_all Public 5-7 `setup_all`
              block Shop.CartTest setup Public 9-12 `setup %{cart: cart}`
              test group Shop.CartTest "add/2" Public 16-23 `describe "add/2"`
                test Shop.CartTest "add/2" "adds an item 🎉" Public 17-20 `test "adds an item 🎉", %{cart: cart}`
                test Shop.CartTest "add/2" "later" Public 22-22 `test "later"`
              test Shop.CartTest "any cart" Public 25-25 `property "any cart"`
              function Shop.CartTest.build/0 Private 27-27 `defp build`
              function Shop.CartTest.item/0 Private 28-28 `defp item`
              function Shop.CartTest.clean/1 Private 29-29 `defp clean(cart)`
            module ShopWeb.Router Public 32-59 `defmodule ShopWeb.Router`
              block ShopWeb.Router pipeline :browser Public 35-37 `pipeline :browser`
              block ShopWeb.Router scope "/" Public 39-50 `scope "/", ShopWeb`
                block ShopWeb.Router scope "/" live_session :default Public 43-45 `live_session :default`
                block ShopWeb.Router scope "/" resources "/items" Public 47-49 `resources "/items", ItemController`
              block ShopWeb.Router scope "/dev" Public 53-55 `scope "/dev"`
              function ShopWeb.Router.dev?/0 Public 57-57 `def dev?`
            Shop.CartTest setup_all -> build/0 = Shop.CartTest.build/0
            Shop.CartTest setup -> on_exit/1 = ?
            Shop.CartTest setup -> clean/1 = Shop.CartTest.clean/1
            Shop.CartTest -> setup/1 = ?
            Shop.CartTest "add/2" "adds an item 🎉" -> assert/1 = ?
            Shop.CartTest "add/2" "adds an item 🎉" -> Cart.add/2 = ?
            Shop.CartTest "add/2" "adds an item 🎉" -> item/0 = Shop.CartTest.item/0
            Shop.CartTest "any cart" -> check/1 = ?
            Shop.CartTest "any cart" -> all/2 = ?
            Shop.CartTest "any cart" -> int/0 = ?
            Shop.CartTest.item/0 -> build/0 = Shop.CartTest.build/0
            ShopWeb.Router pipeline :browser -> plug/2 = ?
            ShopWeb.Router scope "/" -> pipe_through/1 = ?
            ShopWeb.Router scope "/" -> get/3 = ?
            ShopWeb.Router scope "/" live_session :default -> live/2 = ?
            ShopWeb.Router scope "/" resources "/items" -> get/3 = ?
            ShopWeb.Router -> Mix.env/0 = ?
            ShopWeb.Router scope "/dev" -> forward/2 = ?
        "#]],
    );
}

#[test]
fn calls_without_parentheses_are_told_from_variables() {
    check(
        r#"
defmodule A do
  def limit, do: 1
  def bound(limit), do: limit + 1
  def matched do
    {:ok, limit} = fetch()
    limit
  end
  def called, do: limit + with(x <- limit, do: x)
  def generated, do: for(limit <- 1..3, do: limit)
  def armed(x) do
    case x do
      limit -> limit
    end
  end
  def decided(x) do
    cond do
      x > limit -> 1
    end
  end
  def defaulted(x \\ limit), do: x |> limit |> bound()
  def binaries(<<limit::binary-size(4), _::size(limit)>>), do: &limit/0
end
"#,
        expect![[r#"
            module A Public 2-23 `defmodule A`
              function A.limit/0 Public 3-3 `def limit`
              function A.bound/1 Public 4-4 `def bound(limit)`
              function A.matched/0 Public 5-8 `def matched`
              function A.called/0 Public 9-9 `def called`
              function A.generated/0 Public 10-10 `def generated`
              function A.armed/1 Public 11-15 `def armed(x)`
              function A.decided/1 Public 16-20 `def decided(x)`
              function A.defaulted/0..1 Public 21-21 `def defaulted(x \\ limit)`
              function A.binaries/1 Public 22-22 `def binaries(<<limit::binary-size(4), _::size(limit)>>)`
            A.matched/0 -> fetch/0 = ?
            A.called/0 -> limit/0 = A.limit/0
            A.called/0 -> limit/0 = A.limit/0
            A.decided/1 -> limit/0 = A.limit/0
            A.defaulted/0..1 -> limit/0 = A.limit/0
            A.defaulted/0..1 -> limit/1 = ?
            A.defaulted/0..1 -> bound/1 = A.bound/1
            A.binaries/1 -> limit/0 = A.limit/0
        "#]],
    );
}

#[test]
fn crlf_is_no_part_of_docs() {
    check(
        "defmodule A do\r\n  @moduledoc \"\"\"\r\n  One.\r\n\r\n  Two 😀.\r\n  \"\"\"\r\n  @doc 'x'\r\n  @doc \"a \\\"b\\\"\"\r\n  def f(x) do\r\n    g(x)\r\n  end\r\nend\r\n",
        expect![[r#"
            module A Public 1-12 `defmodule A` doc "One.\n\nTwo 😀."
              function A.f/1 Public 7-11 `def f(x)` doc "a \"b\""
            A.f/1 -> g/1 = ?
        "#]],
    );
}

#[test]
fn text_with_errors_keeps_its_symbols() {
    // A missing `end`.
    check(
        "defmodule A do\n  @doc \"d\"\n  def f(x) do\n    g(x)\n\n  @doc \"e\"\n  def g(y), do: y\nend\n",
        expect![[r#"
        module A Public 1-8 `defmodule A`
          function A.f/1 Public 2-8 `def f(x)` doc "d"
          function A.g/1 Public 6-7 `def g(y)` doc "e"
        A.f/1 -> g/1 = A.g/1
    "#]],
    );
    // A call half typed.
    check(
        "defmodule A do\n  def f(x\n\n  def g(y) do\n    f(y)\n  end\nend\n",
        expect![[r#"
        module A Public 1-7 `defmodule A`
          function A.f/1 Public 2-6 `def f(x`
          function A.g/1 Public 4-6 `def g(y)`
        A.f/1 -> x/1 = ?
        A.g/1 -> f/1 = A.f/1
    "#]],
    );
    // A keyword alone, and no end at all.
    check(
        "defmodule A do\n  def \n\n  def g(y) do\n    y\n  end\n",
        expect![[r#"
        module A Public 1-6 `defmodule A`
          function A.g/1 Public 4-6 `def g(y)`
    "#]],
    );
    // An open bracket in an arm.
    check(
        "defmodule A do\n  def f(y) do\n    case y do\n      {:ok, \n    end\n  end\n\n  def h(z), do: f(z)\nend\n",
        expect![[r#"
            module A Public 1-9 `defmodule A`
              function A.f/1 Public 2-6 `def f(y)`
              function A.h/1 Public 8-8 `def h(z)`
            A.h/1 -> f/1 = A.f/1
        "#]],
    );
    // Operators without operands.
    check(
        "defmodule A do\n  def h(z), do: z\n  def i(z) do\n    z |> \n  end\n  def j(z) do\n    [1, 2\n  end\n  def k(z) do\n    h(z).\n  end\nend\n",
        expect![[r#"
            module A Public 1-12 `defmodule A`
              function A.h/1 Public 2-2 `def h(z)`
              function A.i/1 Public 3-5 `def i(z)`
              function A.j/1 Public 6-8 `def j(z)`
              function A.k/1 Public 9-12 `def k(z)`
            A.k/1 -> h/1 = A.h/1
        "#]],
    );
    // A string that swallows the rest.
    check(
        "defmodule A do\n  def h(z), do: z\n  @doc \"\"\"\n  open\n  def i(z), do: z\nend\n",
        expect![[r#"
        module A Public 1-6 `defmodule A`
          function A.h/1 Public 2-2 `def h(z)`
    "#]],
    );
    // A test being written.
    check(
        "defmodule ATest do\n  describe \"a\" do\n    test \"one\", %{x: x} do\n      assert f(x, [\n    end\n\n    test \"two\" do\n      assert g()\n    end\n  end\nend\n",
        expect![[r#"
            module ATest Public 1-11 `defmodule ATest`
              test group ATest "a" Public 2-11 `describe "a"`
                test ATest "a" "one" Public 3-10 `test "one", %{x: x}`
                test ATest "a" "two" Public 7-9 `test "two"`
            ATest "a" "one" -> assert/1 = ?
            ATest "a" "two" -> assert/1 = ?
            ATest "a" "two" -> g/0 = ?
        "#]],
    );
    // What is half typed swallows the definition after it.
    for half in ["def f(x), do: g(x", "def f(x) do\n    Enum.map(x, fn y ->\n  end", "def f(x) when", "@spec f("] {
        let (outline, ..) =
            outline(&format!("defmodule A do\n  {half}\n\n  def h(y), do: y\n\n  def i(y) do\n    h(y)\n  end\nend\n"));
        let names: Vec<_> = outline.symbols.iter().map(|symbol| symbol.qualified.as_str()).collect();
        assert!(names.ends_with(&["A.h/1", "A.i/1"]), "{half}: {names:?}");
        let call = outline.calls.iter().find(|call| call.callee == "h").unwrap();
        assert_eq!(call.caller, Some(names.len() - 1), "{half}");
        assert!(outline.symbols.iter().all(|symbol| !symbol.signature.contains("\n\n")), "{half}");
    }
    check("def", expect![[""]]);
    check("", expect![[""]]);
    check(
        "end end ) do def f(x) do fn",
        expect![[r#"
        function f/1 Public 1-1 `def f(x)`
    "#]],
    );
}

#[test]
fn depth_is_no_danger() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("f(", ")"),
        ("if x do ", " end "),
        ("fn -> ", " end "),
        ("defmodule A do ", " end "),
        ("#{\"", "\"}"),
    ] {
        let whole = format!("def f(x) do\n{}{}\nend", open.repeat(10_000), close.repeat(10_000));
        let broken = format!("def f(x) do\n{}\nend", open.repeat(10_000));
        for source in [whole, broken] {
            let (syntax, text) = parse(Language::Elixir, &source);
            let outline = syntax.outline(&text);
            check_ranges(&outline, &source);
            outline.symbols.iter().take(3).for_each(|symbol| drop(syntax.facts(&text, symbol)));
        }
    }
}

#[test]
fn every_prefix_has_an_outline() {
    for source in [CART, facts::FLOW] {
        for end in (0..source.len()).filter(|end| source.is_char_boundary(*end)).step_by(7) {
            outline(source.get(..end).unwrap());
        }
    }
}

#[test]
fn the_example_project_is_read_whole() {
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/elixir_shop")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "ex" || ending == "exs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let (outline, syntax, _) = outline(&source);
                assert!(!syntax.has_errors(), "{path:?}");
                let calls_of_keywords = outline.calls.iter().find(|call| call.callee == "def" || call.callee == "end");
                assert_eq!(calls_of_keywords, None);
            }
        }
    }
}

#[test]
fn what_a_component_takes_is_part_of_it() {
    let source = "defmodule A do\n  attr :kind, :string\n  slot :inner do\n    attr :class, :string\n  end\n  def button(assigns), do: assigns\n\n  attr(x, 1)\n  def other(x), do: x\nend\n";
    let (outline, ..) = outline(source);
    let text = |name: &str| {
        let symbol = outline.symbols.iter().find(|symbol| symbol.name == name).unwrap();
        source.get(symbol.range.clone()).unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!([text("button"), text("other")], ["attr :kind, :string", "def other(x), do: x"]);
}
