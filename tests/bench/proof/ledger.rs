//! Functions of the example ledger, with tests that a model could write for them.

use crate::functions::Function;

pub const FUNCTIONS: &[Function] = &[
    Function {
        file: "src/money.rs",
        code: "pub const fn code(self)",
        tests: r#"```rust
#[test]
fn has_a_code() {
    assert_eq!(Currency::ALL.map(Currency::code), ["EUR", "USD", "JPY"]);
}
```"#,
    },
    Function {
        file: "src/money.rs",
        code: "pub const fn decimals",
        tests: r#"```rust
#[test]
fn has_decimals() {
    assert_eq!(Currency::ALL.map(Currency::decimals), [2, 2, 0]);
}
```"#,
    },
    Function {
        file: "src/money.rs",
        code: "pub fn checked_add",
        tests: r#"```rust
#[test]
fn adds() {
    let two = Money::new(2, Currency::Eur);
    assert_eq!(Money::new(1, Currency::Eur).checked_add(two), Some(Money::new(3, Currency::Eur)));
    assert_eq!(Money::new(1, Currency::Usd).checked_add(two), None);
    assert_eq!(Money::new(i64::MAX, Currency::Eur).checked_add(two), None);
}
```"#,
    },
    Function {
        file: "src/money.rs",
        code: "pub fn split",
        tests: r#"```rust
fn shares(amount: i64, weights: &[u32]) -> Vec<i64> {
    Money::new(amount, Currency::Eur).split(weights).into_iter().map(Money::minor).collect()
}

#[test]
fn splits_what_is_left_to_the_first() {
    assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(shares(101, &[1, 1, 1]), [34, 34, 33]);
    assert_eq!(shares(-100, &[1, 1, 1]), [-34, -33, -33]);
}

#[test]
fn splits_by_weight() {
    assert_eq!(shares(100, &[3, 1]), [75, 25]);
    assert_eq!(shares(100, &[0, 1]), [0, 100]);
    assert!(shares(100, &[]).is_empty());
    assert!(shares(100, &[0, 0]).is_empty());
}
```"#,
    },
    Function {
        file: "src/money.rs",
        code: "let unit = self.currency.unit().unsigned_abs();",
        tests: r#"```rust
#[test]
fn is_shown_with_its_decimals() {
    let shown = |minor, currency| Money::new(minor, currency).to_string();
    assert_eq!(shown(5, Currency::Eur), "0.05 EUR");
    assert_eq!(shown(-1_250, Currency::Usd), "-12.50 USD");
    assert_eq!(shown(300, Currency::Jpy), "300 JPY");
    assert_eq!(shown(0, Currency::Eur), "0.00 EUR");
    assert_eq!(shown(-3, Currency::Jpy), "-3 JPY");
}
```"#,
    },
    Function {
        file: "src/money.rs",
        code: "let (number, code) = text.trim()",
        tests: r#"```rust
#[test]
fn reads_amounts() {
    let read = |text: &str| text.parse::<Money>().ok();
    assert_eq!(read("1.5 EUR"), Some(Money::new(150, Currency::Eur)));
    assert_eq!(read(" -12.05 USD "), Some(Money::new(-1_205, Currency::Usd)));
    assert_eq!(read("300 JPY"), Some(Money::new(300, Currency::Jpy)));
    assert_eq!(read("7 EUR"), Some(Money::new(700, Currency::Eur)));
}

#[test]
fn refuses_other_texts() {
    for text in ["", "EUR", ".5 EUR", "1.234 EUR", "1.5 JPY", "1 XYZ", "--1 EUR", "1.x EUR", "x EUR"] {
        assert!(text.parse::<Money>().is_err(), "{text}");
    }
}
```"#,
    },
    Function {
        file: "src/parse.rs",
        code: "fn read(line: &'a str)",
        tests: r#"```rust
#[test]
fn reads_each_kind_of_line() {
    assert_eq!(Line::read("2026-03-01 Rent ; late"), Line::Header { date: "2026-03-01", text: "Rent" });
    assert_eq!(Line::read("2026-03-01"), Line::Header { date: "2026-03-01", text: "" });
    assert_eq!(Line::read("  assets:bank"), Line::Posting { account: "assets:bank", amount: None });
    assert_eq!(Line::read("  assets:bank   5 EUR"), Line::Posting { account: "assets:bank", amount: Some("5 EUR") });
    assert_eq!(Line::read("  ; nothing"), Line::Blank);
    assert_eq!(Line::read(""), Line::Blank);
}
```"#,
    },
    Function {
        file: "src/parse.rs",
        code: "fn finish(self)",
        tests: r#"```rust
#[test]
fn balances_the_open_account() {
    let ledger = parse_journal("2026-03-01 Rent\n  expenses:rent  8.00 EUR\n  expenses:food  1.00 EUR\n  assets:bank\n").unwrap();
    let amounts: Vec<_> = ledger.transactions()[0].postings().iter().map(|posting| posting.amount.minor()).collect();
    assert_eq!(amounts, [800, 100, -900]);
}

#[test]
fn needs_something_to_balance() {
    let problem = parse_journal("2026-03-01 Rent\n  assets:bank\n").unwrap_err();
    assert_eq!(problem.to_string(), "line 1: not an amount: nothing to balance");
}
```"#,
    },
    Function {
        file: "src/parse.rs",
        code: "pub fn parse_journal",
        tests: r#"```rust
#[test]
fn reads_a_journal() {
    let ledger = parse_journal("; mine\n2026-03-01 Rent\n  expenses:rent  8 EUR\n  assets:bank\n\n2026-03-02 Food\n  expenses:food  1 EUR\n  assets:bank  -1 EUR\n").unwrap();
    let texts: Vec<_> = ledger.transactions().iter().map(|one| one.text().to_owned()).collect();
    assert_eq!(texts, ["Rent", "Food"]);
}

#[test]
fn says_where_the_problem_is() {
    let problem = |source: &str| parse_journal(source).unwrap_err().to_string();
    assert!(problem("  assets:bank 1 EUR\n").starts_with("line 1: "));
    assert!(problem("2026-03-01 Rent\n  assets:bank\n  assets:cash\n").starts_with("line 3: "));
    assert!(problem("2026-03-01 Rent\n  assets:bank  x EUR\n").starts_with("line 2: "));
    assert!(problem("yesterday Rent\n").starts_with("line 1: "));
    assert!(problem("\n2026-03-01 Rent\n  assets:bank  1 EUR\n").starts_with("line 2: "));
    assert!(problem("2026-03-01 Rent\n  assets:bank  1 EUR\n2026-03-02 Food\n").starts_with("line 1: "));
}
```"#,
    },
    Function {
        file: "src/account.rs",
        code: "pub fn new(name: impl",
        tests: r#"```rust
#[test]
fn checks_names() {
    assert_eq!(Account::new("assets:bank").map(|account| account.kind()), Ok(AccountKind::Asset));
    assert_eq!(Account::new("income").map(|account| account.kind()), Ok(AccountKind::Income));
    for name in ["", "savings", "assets:", "assets::bank", ":assets"] {
        assert_eq!(Account::new(name), Err(LedgerError::UnknownAccount(name.to_owned())));
    }
}
```"#,
    },
    Function {
        file: "src/account.rs",
        code: "pub fn is_within",
        tests: r#"```rust
#[test]
fn is_within_itself_and_what_is_above() {
    let account = Account::new("expenses:food:coffee").unwrap();
    assert!(account.is_within("expenses:food:coffee") && account.is_within("expenses"));
    assert!(!account.is_within("expenses:foo") && !account.is_within("assets"));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "fn is_date",
        tests: r#"```rust
#[test]
fn knows_dates() {
    for text in ["2026-12-31", "2026-01-01", "2026-06-15"] {
        assert!(is_date(text), "{text}");
    }
    for text in ["2026-13-01", "2026-00-01", "2026-01-32", "2026-01-00", "2026-1-1", "yesterday", "2026-01-01-"] {
        assert!(!is_date(text), "{text}");
    }
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn largest",
        tests: r#"```rust
#[test]
fn finds_the_largest() {
    let mut ledger = Ledger::new();
    for (text, minor, currency) in [("a", 5, Currency::Eur), ("b", 9, Currency::Eur), ("c", 99, Currency::Usd)] {
        let amount = Money::new(minor, currency);
        let transaction = Transaction::new("2026-01-01", text).unwrap();
        ledger.record(transaction.posting("assets:a", amount).posting("assets:b", -amount)).unwrap();
    }
    assert_eq!(ledger.largest(Currency::Eur).map(Transaction::text), Some("b"));
    assert_eq!(ledger.largest(Currency::Usd).map(Transaction::text), Some("c"));
    assert!(ledger.largest(Currency::Jpy).is_none());
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn record",
        tests: r#"```rust
#[test]
fn records_what_is_balanced() {
    let mut ledger = Ledger::new();
    let amount = Money::new(5, Currency::Eur);
    let begun = || Transaction::new("2026-01-01", "a").unwrap().posting("assets:a", amount);
    assert!(ledger.record(begun()).is_err());
    assert!(ledger.record(begun().posting("nowhere", -amount)).is_err());
    assert_eq!((ledger.transactions().len(), ledger.accounts().count()), (0, 0));
    ledger.record(begun().posting("assets:b", -amount)).unwrap();
    assert_eq!((ledger.transactions().len(), ledger.accounts().count()), (1, 2));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn new(date: impl",
        tests: r#"```rust
#[test]
fn begins_with_a_date() {
    let begun = Transaction::new("2026-01-02", "a").unwrap();
    assert_eq!((begun.date(), begun.text(), begun.postings().len()), ("2026-01-02", "a", 0));
    assert_eq!(Transaction::new("now", "a"), Err(LedgerError::InvalidDate("now".to_owned())));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn is_balanced",
        tests: r#"```rust
#[test]
fn is_balanced_by_currency() {
    let begun = |minor, currency| Transaction::new("2026-01-02", "a").unwrap().posting("assets:a", Money::new(minor, currency));
    assert!(begun(5, Currency::Eur).posting("assets:b", Money::new(-5, Currency::Eur)).is_balanced());
    assert!(!begun(5, Currency::Eur).posting("assets:b", Money::new(-5, Currency::Usd)).is_balanced());
    assert!(begun(0, Currency::Eur).is_balanced());
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "fn difference(&self)",
        tests: r#"```rust
#[test]
fn differs_by_what_is_missing() {
    let begun = Transaction::new("2026-01-02", "a").unwrap();
    assert_eq!(begun.difference(), Ok(None));
    let five = Money::new(5, Currency::Eur);
    assert_eq!(begun.posting("assets:a", five).posting("assets:b", Money::zero(Currency::Usd)).difference(), Ok(Some(five)));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn balance(&self",
        tests: r#"```rust
#[test]
fn balances_below_an_account() {
    let mut ledger = Ledger::new();
    for (minor, currency) in [(5, Currency::Eur), (7, Currency::Eur), (9, Currency::Usd)] {
        let amount = Money::new(minor, currency);
        let begun = Transaction::new("2026-01-02", "a").unwrap();
        ledger.record(begun.posting("assets:a", amount).posting("expenses:b", -amount)).unwrap();
    }
    assert_eq!(ledger.balance("assets", Currency::Eur), Money::new(12, Currency::Eur));
    assert_eq!(ledger.balance("expenses:b", Currency::Usd), Money::new(-9, Currency::Usd));
    assert_eq!(ledger.balance("income", Currency::Usd), Money::zero(Currency::Usd));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "pub fn postings_within",
        tests: r#"```rust
#[test]
fn finds_postings_below_an_account() {
    let mut ledger = Ledger::new();
    let amount = Money::new(5, Currency::Eur);
    let begun = Transaction::new("2026-01-02", "a").unwrap();
    ledger.record(begun.posting("assets:a", amount).posting("assets:b", -amount)).unwrap();
    let found = |account| ledger.postings_within(account).map(|(_, posting)| posting.amount.minor()).collect::<Vec<_>>();
    assert_eq!((found("assets"), found("assets:b"), found("income")), (vec![5, -5], vec![-5], vec![]));
}
```"#,
    },
    Function {
        file: "src/journal.rs",
        code: "fn sum_by_currency",
        tests: r#"```rust
#[test]
fn sums_by_currency() {
    let amounts = [(1, Currency::Eur), (2, Currency::Usd), (3, Currency::Eur)].map(|(minor, currency)| Money::new(minor, currency));
    let sums = sum_by_currency(amounts.into_iter()).unwrap();
    assert_eq!(sums.into_values().map(Money::minor).collect::<Vec<_>>(), [4, 2]);
    let most = Money::new(i64::MAX, Currency::Eur);
    assert_eq!(sum_by_currency([most, most].into_iter()), Err(LedgerError::Overflow));
}
```"#,
    },
    Function {
        file: "src/report/balance.rs",
        code: "fn lines(&self)",
        tests: r#"```rust
#[test]
fn lists_accounts_once_at_their_depth() {
    let ledger = crate::parse_journal("2026-01-02 a\n  assets:a:b  5 EUR\n  assets:a:c  2 EUR\n  income:d\n").unwrap();
    let lines = |depth| {
        let sheet = BalanceSheet::new(&ledger, Currency::Eur).max_depth(depth);
        sheet.lines().map(|(name, money)| format!("{name} {}", money.minor())).collect::<Vec<_>>()
    };
    assert_eq!(lines(1), ["assets 700", "income -700"]);
    assert_eq!(lines(2), ["assets:a 700", "income:d -700"]);
    assert_eq!(lines(9), ["assets:a:b 500", "assets:a:c 200", "income:d -700"]);
}
```"#,
    },
    Function {
        file: "src/report/balance.rs",
        code: "fn rows(&self)",
        tests: r#"```rust
#[test]
fn has_rows_of_what_is_not_zero() {
    let ledger = crate::parse_journal("2026-01-02 a\n  assets:a  5 EUR\n  assets:b  -5 EUR\n").unwrap();
    let sheet = |depth| BalanceSheet::new(&ledger, Currency::Eur).max_depth(depth).rows();
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(sheet(2), [row("assets:a", "5.00 EUR"), row("assets:b", "-5.00 EUR")]);
    assert!(sheet(1).is_empty());
}
```"#,
    },
    Function {
        file: "src/report/register.rs",
        code: "fn rows(&self)",
        tests: r#"```rust
#[test]
fn runs_a_balance() {
    let ledger = crate::parse_journal("2026-01-02 a\n  assets:a  5 EUR\n  income:b\n2026-01-03 c\n  assets:a  2 EUR\n  income:b\n2026-01-04 d\n  assets:a  1 USD\n  income:b\n").unwrap();
    let rows = Register { ledger: &ledger, account: "assets", currency: Currency::Eur }.rows();
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(rows, [row("2026-01-02 a", "5.00 EUR"), row("2026-01-03 c", "7.00 EUR")]);
}
```"#,
    },
    Function {
        file: "src/report/mod.rs",
        code: "fn render(&self)",
        tests: r#"```rust
struct Two;

impl Report for Two {
    fn title(&self) -> String {
        "Two".to_owned()
    }

    fn rows(&self) -> Vec<(String, String)> {
        vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]
    }
}

#[test]
fn renders_columns() {
    let line = |name: &str, value: &str| format!("{name:<28}{value:>16}\n");
    assert_eq!(Two.render(), format!("Two\n{}{}", line("a", "1"), line("b", "2")));
}
```"#,
    },
    Function {
        file: "src/error.rs",
        code: "fn fmt(&self",
        tests: r#"```rust
#[test]
fn says_what_is_wrong() {
    let unbalanced = LedgerError::Unbalanced { text: "a".to_owned(), difference: Money::new(5, crate::Currency::Eur) };
    assert_eq!(unbalanced.to_string(), "\"a\" is off by 0.05 EUR");
    assert_eq!(LedgerError::UnknownAccount("a".to_owned()).to_string(), "unknown kind of account: a");
    assert_eq!(LedgerError::InvalidDate("a".to_owned()).to_string(), "not a date: a");
    assert_eq!(LedgerError::InvalidAmount("a".to_owned()).to_string(), "not an amount: a");
    assert_eq!(LedgerError::Overflow.to_string(), "the sum is too large");
    assert_eq!(LedgerError::Syntax { line: 3, reason: "a".to_owned() }.to_string(), "line 3: a");
}
```"#,
    },
];
