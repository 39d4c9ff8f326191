//! Tests of [`Workspace::context`]: what is told for a place, and that it holds for any text.

use std::collections::BTreeMap;

use aiex_syntax::{Language, Syntax};
use aiex_text::Text;
use expect_test::{Expect, expect};
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::FileIndex;

struct Files(BTreeMap<String, Arc<str>>);

impl Sources for Files {
    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.0.get(path).cloned()
    }

    fn count(&self, text: &str) -> usize {
        text.len().div_ceil(4)
    }
}

fn index(path: &str, source: &str) -> (Language, FileIndex) {
    let language = Language::from_file_name(path).unwrap();
    let syntax = Syntax::parse(language, &Text::new(source), None, || true).unwrap();
    (language, FileIndex::new(path, source, &syntax))
}

fn workspace(files: &[(&str, &str)]) -> (Workspace, Files) {
    let mut workspace = Workspace::default();
    for (path, source) in files {
        let (language, index) = index(path, source);
        workspace.update(path, language, index);
    }
    (workspace, Files(files.iter().map(|(path, source)| ((*path).to_owned(), (*source).into())).collect()))
}

fn ask(workspace: &mut Workspace, sources: &Files, path: &str, at: usize, intent: Intent, budget: usize) -> Context {
    let request =
        Request { path, range: at..at, cursor: at, intent, budget, strategies: &Strategy::ALL, co_changed: &[] };
    workspace.context(&request, sources)
}

/// Files are parted by lines `//- path`; the cursor stands at `$0`.
fn check(intent: Intent, budget: usize, marked: &str, expect: Expect) {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in marked.split_inclusive('\n') {
        match line.strip_prefix("//- ") {
            Some(path) => files.push((path.trim().to_owned(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    let at = files.iter().position(|(_, source)| source.contains("$0")).unwrap();
    let cursor = files[at].1.find("$0").unwrap();
    files[at].1 = files[at].1.replace("$0", "");
    let all: Vec<_> = files.iter().map(|(path, source)| (path.as_str(), source.as_str())).collect();
    let (mut workspace, sources) = workspace(&all);
    let context = ask(&mut workspace, &sources, &files[at].0, cursor, intent, budget);
    assert!(sources.count(&context.text()) <= budget);
    expect.assert_eq(&context.text());
}

const LEDGER: &str = "\
//- src/ledger.rs
use crate::money::{Currency, Money};

/// Accounts and what is on them.
pub struct Ledger {
    accounts: Vec<Account>,
    currency: Currency,
}

pub struct Account {
    name: String,
    balance: Money,
}

impl Ledger {
    /// Puts money onto an account.
    pub fn credit(&mut self, name: &str, amount: Money) -> Result<Money, Error> {
        let account = self.account_mut(name).ok_or(Error::Unknown)?;
        let balance = account.balance.plus(amount)?;
        account.balance = balance;
        Ok(balance)
    }

    /// Takes money from an account.
    pub fn debit(&mut self, name: &str, amount: Money) -> Result<Money, Error> {
        $0todo!()
    }

    fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.name == name)
    }
}

pub enum Error {
    Unknown,
    TooMuch,
}
//- src/money.rs
pub enum Currency { Eur, Usd }

/// An amount in the smallest unit.
pub struct Money(i64);

impl Money {
    pub fn plus(self, other: Money) -> Result<Money, crate::ledger::Error> {
        Ok(Money(self.0 + other.0))
    }

    pub fn minus(self, other: Money) -> Result<Money, crate::ledger::Error> {
        Ok(Money(self.0 - other.0))
    }
}
//- src/report.rs
use crate::ledger::Ledger;

pub fn unrelated(lines: &[String]) -> usize {
    lines.len()
}
";

#[test]
fn code_to_be_written_gets_what_its_like_use() {
    check(
        Intent::Generate,
        220,
        LEDGER,
        expect![[r#"
            ## src/money.rs
            pub enum Currency { Eur, Usd }
            /// An amount in the smallest unit.
            pub struct Money(i64);
            impl Money {
                pub fn plus(self, other: Money) -> Result<Money, crate::ledger::Error> {
                    Ok(Money(self.0 + other.0))
                }
            }
            ## src/ledger.rs
            /// Accounts and what is on them.
            pub struct Ledger { accounts: Vec<Account>, currency: Currency }
            pub struct Account { name: String, balance: Money }
            pub enum Error { Unknown, TooMuch }
            impl Ledger {
                /// Puts money onto an account.
                pub fn credit(&mut self, name: &str, amount: Money) -> Result<Money, Error>;
                fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
                    self.accounts.iter_mut().find(|account| account.name == name)
                }
                /// Takes money from an account.
                pub fn debit(&mut self, name: &str, amount: Money) -> Result<Money, Error> {
                    todo!()
                }
            }
        "#]],
    );
}

#[test]
fn an_explanation_gets_what_is_used_in_full() {
    let asked = LEDGER.replace("$0", "").replace("let account = self", "let account$0 = self");
    check(
        Intent::Explain,
        600,
        &asked,
        expect![[r#"
            ## src/money.rs
            /// An amount in the smallest unit.
            pub struct Money(i64);
            impl Money {
                pub fn plus(self, other: Money) -> Result<Money, crate::ledger::Error> {
                    Ok(Money(self.0 + other.0))
                }
            }
            ## src/ledger.rs
            pub struct Account { name: String, balance: Money }
            pub enum Error { Unknown, TooMuch }
            impl Ledger {
                fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
                    self.accounts.iter_mut().find(|account| account.name == name)
                }
                /// Puts money onto an account.
                pub fn credit(&mut self, name: &str, amount: Money) -> Result<Money, Error> {
                    let account = self.account_mut(name).ok_or(Error::Unknown)?;
                    let balance = account.balance.plus(amount)?;
                    account.balance = balance;
                    Ok(balance)
                }
            }
        "#]],
    );
}

#[test]
fn a_place_in_no_definition_gets_what_the_file_uses() {
    let asked = LEDGER.replace("$0", "").replace("use crate::ledger::Ledger;", "use$0 crate::ledger::Ledger;");
    check(
        Intent::Explain,
        600,
        &asked,
        expect![[r#"
        ## src/report.rs
        use crate::ledger::Ledger;
    "#]],
    );
}

#[test]
fn elixir_is_told_by_module() {
    check(
        Intent::Explain,
        400,
        "\
//- lib/shop/cart.ex
defmodule Shop.Cart do
  alias Shop.{Item, Price}
  import Shop.Text, only: [shout: 1]

  defstruct items: []

  def add(cart, %Item{} = item) do
    $0checked = item |> Price.check!() |> tag(:new)
    %__MODULE__{cart | items: [checked | cart.items]}
  end

  defp tag(item, mark), do: {mark, shout(item.name)}
end
//- lib/shop/item.ex
defmodule Shop.Item do
  @moduledoc false
  defstruct [:name, :price]
end
//- lib/shop/price.ex
defmodule Shop.Price do
  @doc \"Refuses what costs nothing.\"
  @spec check!(Shop.Item.t()) :: Shop.Item.t()
  def check!(%Shop.Item{price: price} = item) when price > 0, do: item
  def check!(_item), do: raise(ArgumentError)
  def check!(_item, _other), do: :never
end
//- lib/shop/text.ex
defmodule Shop.Text do
  def shout(text), do: String.upcase(text)
  def whisper(text), do: String.downcase(text)
end
",
        expect![[r###"
            ## lib/shop/item.ex
            defmodule Shop.Item do
              defstruct [:name, :price]
            end
            ## lib/shop/price.ex
            defmodule Shop.Price do
              @doc "Refuses what costs nothing."
              @spec check!(Shop.Item.t()) :: Shop.Item.t()
              def check!(%Shop.Item{price: price} = item) when price > 0, do: item
              def check!(_item), do: raise(ArgumentError)
            end
            ## lib/shop/cart.ex
            defmodule Shop.Cart do
              defstruct items: []
              defp tag(item, mark), do: {mark, shout(item.name)}
              def add(cart, %Item{} = item) do
                checked = item |> Price.check!() |> tag(:new)
                %__MODULE__{cart | items: [checked | cart.items]}
              end
            end
        "###]],
    );
}

const FIXTURES: [(&str, &str); 4] = [
    ("src/journal.rs", include_str!("../../../../fixtures/rust_ledger/src/journal.rs")),
    ("src/money.rs", include_str!("../../../../fixtures/rust_ledger/src/money.rs")),
    ("lib/shop/cart.ex", include_str!("../../../../fixtures/elixir_shop/lib/shop/cart.ex")),
    ("lib/shop/order.ex", include_str!("../../../../fixtures/elixir_shop/lib/shop/order.ex")),
];

#[test]
fn texts_made_to_be_slow_or_deep_are_no_danger() {
    let many = |piece: &dyn Fn(usize) -> String, count: usize| (0..count).map(piece).collect::<String>();
    let generics = many(&|n| format!("A{n}, "), 3000);
    for (path, source) in [
        ("lib/deep.ex", format!("defmodule B do\n def g do\n{}", "~H({".repeat(5000))),
        (
            "lib/self.ex",
            format!(
                "defmodule A do\n defmacro __using__(_) do\n quote do\n{} end\n end\nend\ndefmodule B do\n use A\n def f, do: A.Zed.x()\nend\n",
                "use A\n".repeat(1000)
            ),
        ),
        ("src/generics.rs", format!("impl<{generics}> X {{\n{}}}\n", many(&|n| format!("fn f{n}() {{}}\n"), 3000))),
        ("src/names.rs", many(&|n| format!("mod a{n} {{ fn x() {{ x() }} }}\n"), 3000)),
        ("src/brackets.rs", format!("fn f() {{ {}", "(".repeat(20_000))),
        ("src/macros.rs", format!("{}{}", "m! { fn f() {} ".repeat(2000), "}".repeat(2000))),
    ] {
        let (mut workspace, sources) = workspace(&[(path, &source)]);
        let context = ask(&mut workspace, &sources, path, source.len() / 2, Intent::Generate, 1000);
        assert!(sources.count(&context.text()) <= 1000, "{path}");
    }
}

/// The fixtures with a piece of one of them replaced.
fn mutated(which: usize, at: f64, length: usize, piece: &str) -> Vec<(&'static str, String)> {
    let mut files: Vec<_> = FIXTURES.iter().map(|(path, source)| (*path, (*source).to_owned())).collect();
    let source = &mut files[which].1;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let start = boundary(source, (source.len() as f64 * at) as usize, -1);
    let end = boundary(source, (start + length).min(source.len()), 1);
    source.replace_range(start..end, piece);
    files
}

fn boundary(text: &str, at: usize, step: isize) -> usize {
    let mut at = at;
    while !text.is_char_boundary(at) {
        at = at.saturating_add_signed(step);
    }
    at
}

const PIECES: [&str; 16] = [
    "~H({",
    "fn f(a: Money) -> Currency {",
    "",
    "{",
    "}",
    "end",
    "fn f(",
    "|x| x.",
    "\"",
    "impl X for ",
    "def f(",
    "use a::{b",
    "%{",
    "é",
    "\n",
    "Self::",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_has_a_context_within_its_budget(
        which in 0..4_usize,
        place in (0.0..1.0_f64, 0.0..1.0_f64),
        length in 0..60_usize,
        piece in prop::sample::select(&PIECES[..]),
        budget in 0..2000_usize,
        intent in prop::sample::select(&Intent::ALL[..]),
    ) {
        let files = mutated(which, place.0, length, piece);
        let all: Vec<_> = files.iter().map(|(path, source)| (*path, source.as_str())).collect();
        let (mut workspace, sources) = workspace(&all);
        let (path, source) = all[which];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let at = (source.len() as f64 * place.1) as usize;
        let context = ask(&mut workspace, &sources, path, at, intent, budget);
        prop_assert!(sources.count(&context.text()) <= budget);
        let again = ask(&mut workspace, &sources, path, at, intent, budget);
        prop_assert_eq!(context, again);
    }

    #[test]
    fn a_workspace_that_was_changed_is_as_one_that_was_made_so(
        which in 0..4_usize,
        place in (0.0..1.0_f64, 0.0..1.0_f64),
        length in 0..40_usize,
        piece in prop::sample::select(&PIECES[..]),
    ) {
        let files = mutated(which, place.0, length, piece);
        let all: Vec<_> = files.iter().map(|(path, source)| (*path, source.as_str())).collect();
        let (mut fresh, sources) = workspace(&all);
        let (mut changed, before) = workspace(&FIXTURES);
        let (path, source) = all[which];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let at = (source.len() as f64 * place.1) as usize;
        ask(&mut changed, &before, path, at, Intent::Generate, 800);
        let (language, index) = index(path, source);
        changed.update(path, language, index);
        let told = |workspace: &mut Workspace| ask(workspace, &sources, path, at, Intent::Generate, 800);
        prop_assert_eq!(told(&mut changed), told(&mut fresh));
    }
}

#[test]
fn what_finds_no_room_is_named_where_a_name_fits() {
    let text = LEDGER.replace("$0", "");
    let (ledger, rest) = text.split_once("//- src/money.rs\n").unwrap();
    let (money, _) = rest.split_once("//- src/report.rs\n").unwrap();
    let ledger = ledger.strip_prefix("//- src/ledger.rs\n").unwrap();
    let (mut workspace, sources) = workspace(&[("src/ledger.rs", ledger), ("src/money.rs", money)]);
    let at = ledger.find("todo!").unwrap();
    let mut named = std::collections::BTreeSet::new();
    for budget in 60..300 {
        let context = ask(&mut workspace, &sources, "src/ledger.rs", at, Intent::Generate, budget);
        assert!(sources.count(&context.text()) <= budget);
        assert!(context.pieces.last().is_none_or(|piece| piece.level > Level::Name), "the target comes last");
        for piece in context.pieces.iter().filter(|piece| piece.level == Level::Name) {
            assert!(
                !context.dropped.iter().any(|dropped| dropped.path == piece.path && dropped.lines.0 == piece.lines.0)
            );
            named.insert(piece.text.clone());
        }
    }
    expect![[r#"
            // also: credit
            // also: minus
        // also: Account
        // also: Currency
        // also: Ledger"#]]
    .assert_eq(&named.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_target_is_told_once_however_unsure_its_neighbours_are() {
    check(
        Intent::Explain,
        300,
        "\
//- a.rs
#[cfg(unix)]
fn g() -> u8 {
    1
}

#[cfg(not(unix))]
fn g() -> u8 {
    2
}

fn f() -> u8 {
    $0g()
}
",
        expect![[r#"
            ## a.rs
            #[cfg(unix)]
            fn g() -> u8 {
                1
            }
            #[cfg(not(unix))]
            fn g() -> u8 {
                2
            }
            fn f() -> u8 {
                g()
            }
        "#]],
    );
}

#[test]
fn a_long_body_is_told_whole_only_if_it_is_surely_needed() {
    let lines = "    count += 1;\n".repeat(300);
    let source = format!(
        "fn f() -> u8 {{\n    sure()\n}}\n\nfn sure() -> u8 {{\n{}    1\n}}\n\nfn caller() -> u8 {{\n    f();\n{lines}}}\n",
        "    count += 1;\n".repeat(100)
    );
    let (mut workspace, sources) = workspace(&[("a.rs", &source)]);
    let context = ask(&mut workspace, &sources, "a.rs", 5, Intent::Explain, 8000);
    let level = |head: &str| context.pieces.iter().find(|piece| piece.text.starts_with(head)).map(|piece| piece.level);
    assert_eq!(level("fn sure()"), Some(Level::Full));
    assert_eq!(level("fn caller()"), Some(Level::Elided));
}
