defmodule Shop.Cart do
  @moduledoc """
  A shopping cart, kept as a list of *items*.

  More about carts.
  """

  @behaviour Shop.Store

  alias Shop.Repo

  defstruct items: [], owner: nil, total: 0

  @type t :: %__MODULE__{items: [map()], owner: String.t() | nil, total: non_neg_integer()}

  @doc """
  Adds an `item` to the cart, at most `limit` of them.
  Returns the new cart.
  """
  @spec add(t(), map(), pos_integer()) :: {:ok, t()} | {:error, atom()}
  def add(cart, item, limit \\ 10)

  def add(%__MODULE__{items: []} = cart, item, _limit) do
    {:ok, put(cart, item)}
  end

  def add(%__MODULE__{items: items}, _item, limit) when length(items) >= limit do
    {:error, :full}
  end

  def add(cart, item, _limit) do
    case validate(item) do
      {:ok, item} -> {:ok, put(cart, item)}
      {:error, reason} -> {:error, reason}
    end
  end

  @impl true
  def save(%__MODULE__{} = cart) do
    with {:ok, cart} <- check(cart),
         {:ok, row} <- Repo.insert(cart) do
      Logger.info("saved")
      {:ok, row}
    else
      {:error, reason} -> raise ArgumentError, "not saved: #{inspect(reason)}"
    end
  end

  @doc "How many items there are."
  def count([]), do: 0
  def count([_ | rest]), do: 1 + count(rest)

  defp check(%__MODULE__{items: []}), do: {:error, :empty}
  defp check(cart), do: {:ok, cart}

  defp validate(%{price: price} = item) when price > 0, do: {:ok, item}
  defp validate(_), do: {:error, :price}

  defp put(cart, item) do
    items = [item | cart.items]
    %{cart | items: items, total: Enum.sum(Enum.map(items, & &1.price))}
  end

  defp unused(x), do: x
end
