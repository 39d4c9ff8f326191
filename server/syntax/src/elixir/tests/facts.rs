//! What the bodies of symbols show.

use expect_test::{Expect, expect};

use super::{CART, outline};
use crate::testing::render_facts;

/// The facts of every symbol whose name or qualified name ends with `name`.
fn check_facts(source: &str, name: &str, expect: Expect) {
    let (outline, syntax, text) = outline(source);
    let found = outline.symbols.iter().filter(|symbol| symbol.qualified.ends_with(name));
    expect.assert_eq(&found.map(|symbol| render_facts(&syntax.facts(&text, symbol))).collect::<String>());
}

pub(super) const FLOW: &str = r##"
defmodule Flow do
  def checkout(%{items: []} = cart, _opts), do: {:error, :empty}

  def checkout(%Cart{} = cart, opts \\ []) when is_list(opts) and opts != [] do
    with {:ok, user} <- fetch(cart),
         true <- user.active do
      if cart.total > 0 do
        Repo.insert!(cart)
        {:ok, cart}
      else
        raise ArgumentError, "empty"
      end
    else
      nil -> {:error, :not_found}
      {:error, reason} when is_atom(reason) -> {:error, reason}
    end
  end

  def kinds(x) do
    for a <- x, b <- a, a > b, into: %{} do
      Enum.map(a, fn
        1 -> throw(:one)
        n when n > 1 -> exit(:many)
      end)
    end

    receive do
      {:done, y} -> y
      :stop -> nil
    after
      5_000 -> :timeout
    end
  end

  def safe(x) do
    x |> load!() |> case do
      :a -> unless x, do: 1
      :b -> cond do
        x > 1 -> {:big, x,
           # why
           1}
        true -> (a = 1; a)
      end
      _ -> %{long: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    end
  rescue
    e in [KeyError, ArgumentError] -> {:error, e}
    RuntimeError -> reraise RuntimeError, __STACKTRACE__
  catch
    :exit, _ -> :exit
  after
    cleanup()
  end

  def tried(x) do
    try do
      raise "boom #{x}"
    rescue
      _ -> 1
    else
      2 -> 3
    end
  end

  def short(x), do: if(x, do: :yes, else: :no)
  def none(), do: nil
  def empty do
  end
  defguard is_small(n) when is_integer(n) and n < 10
  defdelegate size(x), to: Map
end
"##;

#[test]
fn facts_of_functions() {
    check_facts(
        FLOW,
        "checkout/1..2",
        expect![[r#"
        clause ["%{items: []} = cart", "_opts"] when None returns ["{:error, :empty}"]
        clause ["%Cart{} = cart", "opts \\\\ []"] when Some("is_list(opts) and opts != []") returns ["{:ok, cart}", "{:error, :not_found}", "{:error, reason}"]
        with "" ["{:ok, user} <- fetch(cart)", "true <- user.active"]
        if "cart.total > 0" []
        raises ["Repo.insert!", "raise ArgumentError"] fields [] nesting 2
    "#]],
    );
    check_facts(
        FLOW,
        "kinds/1",
        expect![[r#"
        clause ["x"] when None returns ["y", "nil", ":timeout"]
        loop "a <- x, b <- a, a > b" []
        case "" ["1", "n when n > 1"]
        receive "" ["{:done, y}", ":stop", "after 5_000"]
        raises ["throw", "exit"] fields [] nesting 2
    "#]],
    );
    check_facts(
        FLOW,
        "safe/1",
        expect![[r#"
        clause ["x"] when None returns ["1", "nil", "{:big, x, 1}", "a", "%{long: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…", "{:error, e}", ":exit"]
        try "" ["e in [KeyError, ArgumentError]", "RuntimeError", ":exit, _"]
        case "x |> load!()" [":a", ":b", "_"]
        if "x" []
        cond "" ["x > 1", "true"]
        raises ["load!", "reraise"] fields [] nesting 2
    "#]],
    );
    check_facts(
        FLOW,
        "tried/1",
        expect![[r#"
        clause ["x"] when None returns ["1", "3"]
        try "" ["_", "2"]
        raises ["raise \"boom #{x}\""] fields [] nesting 1
    "#]],
    );
    check_facts(
        FLOW,
        "short/1",
        expect![[r#"
        clause ["x"] when None returns [":yes", ":no"]
        if "x" []
        raises [] fields [] nesting 1
    "#]],
    );
    check_facts(
        FLOW,
        "empty/0",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        FLOW,
        "is_small/1",
        expect![[r#"
        clause ["n"] when Some("is_integer(n) and n < 10") returns ["is_integer(n) and n < 10"]
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        FLOW,
        "size/1",
        expect![[r#"
        clause ["x"] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        FLOW,
        "Flow",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
}

#[test]
fn facts_of_data() {
    let data = r#"
defmodule Shop.Payment do
  @callback charge(amount :: pos_integer(), opts) :: {:ok, String.t()} | {:error, term()} when opts: keyword()
  @type status :: :open | :paid | {:failed, reason :: term()}
  @type id :: pos_integer()
  @type t :: %__MODULE__{
          id: id(),
          status: status() | nil
        }
  @type m :: %{required(:a) => integer, optional(atom) => term}
  defexception [:message, code: 1]
end
"#;
    check_facts(
        data,
        "charge/2",
        expect![[r#"
        clause ["amount :: pos_integer()", "opts"] when Some("opts: keyword()") returns ["{:ok, String.t()}", "{:error, term()}"]
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        data,
        ".status",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [":open", ":paid", "{:failed, reason :: term()}"] nesting 0
    "#]],
    );
    check_facts(
        data,
        ".id",
        expect![[r#"
        clause [] when None returns []
        raises [] fields ["pos_integer()"] nesting 0
    "#]],
    );
    check_facts(
        data,
        ".t",
        expect![[r#"
        clause [] when None returns []
        raises [] fields ["id: id()", "status: status() | nil"] nesting 0
    "#]],
    );
    check_facts(
        data,
        ".m",
        expect![[r#"
        clause [] when None returns []
        raises [] fields ["required(:a) => integer", "optional(atom) => term"] nesting 0
    "#]],
    );
    check_facts(
        data,
        "Shop.Payment",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
        clause [] when None returns []
        raises [] fields ["message", "code: 1"] nesting 0
    "#]],
    );
    check_facts(
        CART,
        "Shop.Cart",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
        clause [] when None returns []
        raises [] fields ["items: []", "note: nil"] nesting 0
    "#]],
    );
    check_facts(
        CART,
        "\"carts\"",
        expect![[r#"
        clause [] when None returns []
        raises [] fields ["field :note, :string, default: \"\"", "belongs_to :user, Shop.User", "has_many(:items, Item)", "embeds_one :address, Address", "timestamps()"] nesting 0
    "#]],
    );
    check_facts(
        CART,
        "Line",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
        clause [] when None returns []
        raises [] fields ["item", "quantity: 1"] nesting 0
    "#]],
    );
    check_facts(
        "defmodule A do\n  defstruct ~w(name price)a\nend",
        "A",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
        clause [] when None returns []
        raises [] fields ["name", "price"] nesting 0
    "#]],
    );
}

#[test]
fn facts_of_broken_text() {
    let source = "defmodule A do\n  def f(y) when y > 1 do\n    case y do\n      {:ok, \n    end\n  end\n\n  def h(z), do: f!(z)\nend\n";
    check_facts(
        source,
        "f/1",
        expect![[r#"
        clause ["y"] when Some("y > 1") returns [":ok"]
        case "y" []
        raises [] fields [] nesting 1
    "#]],
    );
    check_facts(
        source,
        "h/1",
        expect![[r#"
        clause ["z"] when None returns ["f!(z)"]
        raises ["f!"] fields [] nesting 0
    "#]],
    );
}
