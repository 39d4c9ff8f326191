//! Functions of the example shop, with tests that a model could write for them.

use crate::functions::Function;

pub const FUNCTIONS: &[Function] = &[
    Function {
        file: "lib/shop/order.ex",
        code: "def transition(%{status: :paid}",
        tests: r#"```elixir
describe "transition/2" do
  test "moves an order on" do
    for {status, event, next} <- [
          {:paid, :pack, :packed},
          {:packed, :ship, :shipped},
          {:shipped, :deliver, :delivered},
          {:paid, :cancel, :cancelled},
          {:packed, :cancel, :cancelled}
        ] do
      assert Shop.Order.transition(%{status: status}, event) == {:ok, %{status: next}}
    end
  end

  test "refuses what is not allowed" do
    for {status, event} <- [{:shipped, :cancel}, {:paid, :ship}, {:delivered, :pack}, {:packed, :pack}] do
      assert Shop.Order.transition(%{status: status}, event) == {:error, {:not_allowed, status, event}}
    end
  end
end
```"#,
    },
    Function {
        file: "lib/shop/order.ex",
        code: "def transition!(",
        tests: r#"```elixir
describe "transition!/2" do
  test "moves an order on, or raises" do
    assert Shop.Order.transition!(%{status: :paid}, :pack) == %{status: :packed}

    assert_raise ArgumentError, "cannot pack an order that is shipped", fn ->
      Shop.Order.transition!(%{status: :shipped}, :pack)
    end
  end
end
```"#,
    },
    Function {
        file: "lib/shop/order.ex",
        code: "def new(customer",
        tests: r#"```elixir
describe "new/3" do
  test "is paid, with a number of its own" do
    one = Shop.Order.new(%{email: "a@shop.test"}, Shop.Cart.new(), "r")
    other = Shop.Order.new(%{email: "a@shop.test"}, Shop.Cart.new(), "r")
    assert %Shop.Order{status: :paid, receipt: "r", customer: %{email: "a@shop.test"}} = one
    assert one.number > 0 and other.number > one.number
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def add(%__MODULE__{} = cart, item, quantity) when",
        tests: r#"```elixir
describe "add/3 once more" do
  test "adds up", %{cart: cart, card: card} do
    assert Cart.quantities(Cart.add(cart, card)) == %{"gift-1000" => 1}
    assert Cart.quantities(cart |> Cart.add(card, 2) |> Cart.add(card, 3)) == %{"gift-1000" => 5}
  end

  test "raises for no quantity", %{cart: cart, card: card} do
    for quantity <- [0, -1, 1.5] do
      error = assert_raise Shop.InvalidQuantityError, fn -> Cart.add(cart, card, quantity) end
      assert error.sku == "gift-1000" and error.quantity == quantity
    end
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def apply_coupon(%__MODULE__{} = cart, {:percent",
        tests: r#"```elixir
describe "apply_coupon/2" do
  test "takes percents and amounts", %{cart: cart} do
    for coupon <- [{:percent, 1}, {:percent, 100}, {:amount, 1}] do
      assert {:ok, %Cart{coupon: ^coupon}} = Cart.apply_coupon(cart, coupon)
    end
  end

  test "refuses the rest", %{cart: cart} do
    for coupon <- [nil, {:percent, 0}, {:percent, 101}, {:amount, 0}, {:amount, -1}] do
      assert Cart.apply_coupon(cart, coupon) == {:error, :invalid_coupon}
    end
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def total(%__MODULE__{} = cart)",
        tests: r#"```elixir
describe "total/1 once more" do
  test "is what is left after the coupon, with shipping", %{card: card} do
    bundle = %Bundle{name: "cards", items: [card, card], percent_off: 0}
    cart = Cart.add(Cart.new(), bundle)
    {:ok, half} = Cart.apply_coupon(cart, {:percent, 50})
    assert {Cart.total(cart), Cart.total(half)} == {2_000, 1_000}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "defp discount(subtotal, nil)",
        tests: r#"```elixir
describe "discount/2" do
  test "takes off what the coupon says", %{cart: cart, card: card} do
    total = fn coupon ->
      {:ok, cart} = cart |> Cart.add(card) |> Cart.apply_coupon(coupon)
      Cart.total(cart)
    end

    assert Cart.total(Cart.add(cart, card)) == 1_000
    assert total.({:percent, 10}) == 900
    assert total.({:percent, 33}) == 670
    assert total.({:amount, 300}) == 700
    assert total.({:amount, 9_999}) == 0
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "defp shipping(cart, discounted)",
        tests: r#"```elixir
describe "shipping/2" do
  test "is free for what is digital", %{cart: cart, card: card} do
    assert Cart.total(cart) == 0
    assert cart |> Cart.add(card) |> Cart.total() == 1_000
    assert cart |> Cart.add(card, 9) |> Cart.total() == 9_000
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def new(currency",
        tests: r#"```elixir
describe "new/1" do
  test "is empty, in a currency" do
    assert Cart.new() == %Cart{currency: :eur, lines: %{}, coupon: nil}
    assert Cart.new(:usd).currency == :usd
    assert_raise FunctionClauseError, fn -> Cart.new("usd") end
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def remove(%__MODULE__{} = cart, sku)",
        tests: r#"```elixir
describe "remove/2" do
  test "takes an item out", %{cart: cart, card: card} do
    cart = cart |> Cart.add(card, 2) |> Cart.add(%GiftCard{value: 5})
    assert Cart.quantities(Cart.remove(cart, "gift-1000")) == %{"gift-5" => 1}
    assert Cart.remove(cart, "nothing") == cart
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def quantities(",
        tests: r#"```elixir
describe "quantities/1" do
  test "counts each item", %{cart: cart, card: card} do
    assert Cart.quantities(cart) == %{}
    assert Cart.quantities(Cart.add(cart, card, 3)) == %{"gift-1000" => 3}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def message(%{sku: sku",
        tests: r#"```elixir
describe "message/1" do
  test "names item and quantity" do
    error = %Shop.InvalidQuantityError{sku: "a", quantity: 1.5}
    assert Exception.message(error) == "cannot put 1.5 of a into a cart"
  end
end
```"#,
    },
    Function {
        file: "lib/shop/inventory.ex",
        code: "defp change(stock, quantities, operation)",
        tests: r#"```elixir
describe "change/3" do
  test "changes what is named and leaves the rest" do
    server = start_supervised!({Shop.Inventory, stock: %{"a" => 3, "b" => 1}, name: nil})
    {:ok, reservation} = Shop.Inventory.reserve(server, %{"a" => 2})
    assert {Shop.Inventory.available(server, "a"), Shop.Inventory.available(server, "b")} == {1, 1}
    Shop.Inventory.release(server, reservation)
    assert {Shop.Inventory.available(server, "a"), Shop.Inventory.available(server, "b")} == {3, 1}
  end
end
```"#,
    },
    Function {
        file: "lib/shop.ex",
        code: "defp pay(payment, cart",
        tests: r#"```elixir
describe "pay/5" do
  test "gives back what was reserved where the payment fails" do
    inventory = start_supervised!({Shop.Inventory, stock: %{"gift-500" => 1}, name: nil})
    cart = Shop.add(Shop.new_cart(), %Shop.GiftCard{value: 500})
    options = [inventory: inventory, payment: Shop.Payment.Card]
    assert Shop.checkout(cart, %{card: "5"}, options) == {:error, :declined}
    assert Shop.Inventory.available(inventory, "gift-500") == 1
    assert {:ok, %Shop.Order{receipt: "card-500"}} = Shop.checkout(cart, %{card: "4"}, options)
  end
end
```"#,
    },
    Function {
        file: "lib/shop/payment.ex",
        code: "def charge(%{email: email}, cents)",
        tests: r#"```elixir
describe "charge/2 by invoice" do
  test "needs an email" do
    alias Shop.Payment.Invoice
    assert {:ok, "invoice-" <> digest} = Invoice.charge(%{email: "a@shop.test"}, 5)
    assert digest != ""
    assert Invoice.charge(%{email: nil}, 5) == {:error, {:invalid, :email}}
    assert Invoice.charge(%{}, 5) == {:error, {:invalid, :email}}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/priced.ex",
        code: "def sku(bundle)",
        tests: r#"```elixir
describe "sku/1" do
  test "is the name without blanks" do
    assert Shop.Priced.sku(%Shop.Bundle{name: "two gift cards", items: []}) == "bundle-two-gift-cards"
  end
end
```"#,
    },
    Function {
        file: "lib/shop/cart.ex",
        code: "def subtotal(%__MODULE__{lines: lines})",
        tests: r#"```elixir
describe "subtotal/1" do
  test "adds prices up", %{cart: cart, card: card} do
    assert Cart.subtotal(cart) == 0
    assert Cart.subtotal(cart |> Cart.add(card, 2) |> Cart.add(%GiftCard{value: 300}, 3)) == 2_900
  end
end
```"#,
    },
    Function {
        file: "lib/shop/payment.ex",
        code: "def charge(%{card: \"4\" <> _rest}",
        tests: r#"```elixir
describe "charge/2" do
  test "charges a card" do
    alias Shop.Payment.Card
    assert Card.charge(%{card: "4111"}, 200_000) == {:ok, "card-200000"}
    assert Card.charge(%{card: "4111"}, 200_001) == {:error, :limit_exceeded}
    assert Card.charge(%{card: "5111"}, 1) == {:error, :declined}
    assert Card.charge(%{}, 1) == {:error, {:invalid, :card}}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/payment.ex",
        code: "def fee(cents) when cents < 1_000",
        tests: r#"```elixir
describe "fee/1" do
  test "is 25 at least" do
    assert Enum.map([0, 999, 1_000, 10_000], &Shop.Payment.Card.fee/1) == [25, 25, 15, 150]
  end
end
```"#,
    },
    Function {
        file: "lib/shop/priced.ex",
        code: "def price(bundle) do",
        tests: r#"```elixir
describe "price/1" do
  test "takes the bundle's percents off" do
    card = %Shop.GiftCard{value: 1_000}
    assert Shop.Priced.price(%Shop.Bundle{name: "a", items: [card, card]}) == 1_800
    assert Shop.Priced.price(%Shop.Bundle{name: "a", items: [card], percent_off: 33}) == 670
  end
end
```"#,
    },
    Function {
        file: "lib/shop/inventory.ex",
        code: "def handle_call({:reserve",
        tests: r#"```elixir
describe "handle_call/3" do
  test "reserves all or nothing" do
    {:ok, state} = Shop.Inventory.init(%{"a" => 2, "b" => 1})
    assert {:reply, {:ok, reservation}, after_a} = Shop.Inventory.handle_call({:reserve, %{"a" => 2}}, nil, state)
    assert after_a.stock == %{"a" => 0, "b" => 1}
    assert after_a.reservations == %{reservation => %{"a" => 2}}

    assert Shop.Inventory.handle_call({:reserve, %{"a" => 3, "b" => 1}}, nil, state) ==
             {:reply, {:error, {:out_of_stock, ["a"]}}, state}

    assert Shop.Inventory.handle_call({:available, "a"}, nil, state) == {:reply, 2, state}
    assert Shop.Inventory.handle_call({:available, "c"}, nil, state) == {:reply, :unlimited, state}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/inventory.ex",
        code: "def handle_cast({:release",
        tests: r#"```elixir
describe "handle_cast/2" do
  test "gives back" do
    state = %{stock: %{"a" => 1, "b" => 0}, reservations: %{:r => %{"a" => 2}}}
    assert {:noreply, left} = Shop.Inventory.handle_cast({:release, :r}, state)
    assert left == %{stock: %{"a" => 3, "b" => 0}, reservations: %{}}
    assert Shop.Inventory.handle_cast({:release, :x}, state) == {:noreply, state}
  end
end
```"#,
    },
    Function {
        file: "lib/shop/inventory.ex",
        code: "defp missing(stock, quantities)",
        tests: r#"```elixir
describe "missing/2" do
  test "is what there is too little of" do
    server = start_supervised!({Shop.Inventory, stock: %{"a" => 2}, name: nil})
    assert Shop.Inventory.reserve(server, %{"a" => 3, "b" => 9}) == {:error, {:out_of_stock, ["a"]}}
    assert {:ok, _} = Shop.Inventory.reserve(server, %{"a" => 2, "b" => 9})
  end
end
```"#,
    },
    Function {
        file: "lib/shop.ex",
        code: "def checkout(%Cart{} = cart, customer, options)",
        tests: r#"```elixir
describe "checkout/3" do
  test "reserves, charges and gives back" do
    inventory = start_supervised!({Shop.Inventory, stock: %{"gift-500" => 1}, name: nil})
    cart = Shop.add(Shop.new_cart(), %Shop.GiftCard{value: 500})
    options = [inventory: inventory, payment: Shop.Payment.Card]
    assert Shop.checkout(Shop.new_cart(), %{card: "4"}, options) == {:error, :empty_cart}
    assert Shop.checkout(cart, %{card: "5"}, options) == {:error, :declined}
    assert Shop.Inventory.available(inventory, "gift-500") == 1
    assert {:ok, %Shop.Order{receipt: "card-500"}} = Shop.checkout(cart, %{card: "4"}, options)
    assert Shop.Inventory.available(inventory, "gift-500") == 0
    assert {:error, {:out_of_stock, _}} = Shop.checkout(cart, %{card: "4"}, options)
    assert {:ok, %Shop.Order{receipt: "invoice-" <> _}} = Shop.checkout(Shop.add(Shop.new_cart(), %Shop.GiftCard{value: 7}), %{email: "a@shop.test"}, inventory: inventory)
  end
end
```"#,
    },
];
