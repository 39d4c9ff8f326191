//! `aiex chunks`, as a person and as a program see it.

use std::{fs, path::Path};

use aiex_tests::binary::{Home, fixture};
use expect_test::expect;
use serde_json::Value;

use crate::cli::{Ended, end};

fn chunks(path: &Path, arguments: &[&str]) -> Ended {
    let path = path.display().to_string();
    end(&mut Home::default().command(["chunks", path.as_str()].iter().chain(arguments)))
}

#[test]
fn a_file_is_shown_in_whole_units() {
    let shown = chunks(&fixture("elixir_shop/lib/shop/cart.ex"), &["--max-tokens", "250"]).done();
    expect![[r#"
          1–27   ~204 tokens  module    Shop.Cart
         29–36    ~55 tokens  function  Shop.Cart.new/1
         38–61   ~219 tokens  function  Shop.Cart.add/3
         63–65    ~52 tokens  function  Shop.Cart.remove/2
         67–85   ~200 tokens  function  Shop.Cart.{apply_coupon/2, quantities/1}
         87–94    ~77 tokens  function  Shop.Cart.subtotal/1
         96–116  ~198 tokens  function  Shop.Cart.{total/1, discount/2, shipping/2}
        118–127   ~74 tokens  module    Shop.InvalidQuantityError
        8 chunks, about 1079 tokens
    "#]]
    .assert_eq(&shown);
    let shown = chunks(&fixture("rust_ledger/src/journal.rs"), &[]).done();
    expect![[r#"
          1–7     ~56 tokens  imports         “//! The ledger itself: balanced transactions, in the order i…”
          9–65   ~401 tokens  items           Posting, Transaction
         67–72    ~45 tokens  struct          Ledger
         74–96   ~235 tokens  implementation  Ledger
         98–124  ~309 tokens  method          Ledger::{accounts, transactions, postings_within, balance}
        126–139  ~165 tokens  method          Ledger::largest
        141–182  ~354 tokens  items           sum_by_currency, is_date, tests
        7 chunks, about 1565 tokens
    "#]]
    .assert_eq(&shown);
}

/// Every byte of every example that is not white space, in one chunk each, as the JSON says it.
#[test]
fn json_says_where_each_chunk_is() {
    let home = Home::default();
    let write = |name: &str, contents: &str| {
        let path = home.path().join(name);
        fs::write(&path, contents).expect("a file");
        path
    };
    let readme = write("README.md", "# Shop\r\n\r\nA shop.\r\n\r\n## Use\r\n\r\n```sh\r\n# run it\r\n```");
    let files = [
        fixture("elixir_shop/lib/shop/cart.ex"),
        fixture("rust_ledger/src/money.rs"),
        fixture("rust_ledger/Cargo.toml"),
        write("page.html.heex", "<div>\n  <p :if={@x}>\n    é\n  </p>\n</div>\n"),
        write("package.json", "{\"a\": [1, 2, {\"b\": \"}\"}], \"c\": null}"),
        readme,
    ];
    for (path, max) in files.iter().flat_map(|path| [(path, 20), (path, 500)]) {
        let source = fs::read_to_string(path).expect("a text");
        let json = chunks(path, &["--json", "--max-tokens", &max.to_string()]).done();
        let found: Vec<Value> = serde_json::from_str(&json).expect("an array");
        let mut covered = 0;
        for chunk in &found {
            let number = |key: &str| usize::try_from(chunk[key].as_u64().expect(key)).expect(key);
            let (start, end) = (number("start_byte"), number("end_byte"));
            assert!(source[covered..start].trim().is_empty() && start < end, "{chunk} of {}", path.display());
            let line = |offset: usize| source[..offset].matches('\n').count() + 1;
            assert_eq!((number("start_line"), number("end_line")), (line(start), line(end - 1)), "{chunk}");
            assert!(number("tokens") <= max && chunk["exact"] == false && chunk["kind"].is_string(), "{chunk}");
            assert!(chunk["name"].is_string() || chunk["name"].is_null(), "{chunk}");
            covered = end;
        }
        assert!(source[covered..].trim().is_empty() && !found.is_empty());
    }
}

#[test]
fn what_cannot_be_chunked_is_said() {
    let home = Home::default();
    let empty = home.path().join("empty.rs");
    fs::write(&empty, " \n\n").expect("a file");
    assert_eq!(chunks(&empty, &["--json"]).done(), "[]\n");
    assert_eq!(chunks(&empty, &[]).done(), "0 chunks, about 0 tokens\n");
    chunks(&home.path().join("none.rs"), &[]).failed(&["none.rs", "cannot be read"]);
    fs::write(&empty, b"fn \xff() {}").expect("a file");
    chunks(&empty, &[]).failed(&["empty.rs", "UTF-8"]);
    let usage = chunks(&empty, &["--max-tokens", "1"]);
    assert_eq!(usage.code, Some(2), "{}", usage.stderr);
}
