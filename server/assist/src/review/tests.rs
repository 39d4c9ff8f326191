//! What reviews find, by the line and the code of each finding.

mod laws;
mod replies;
mod speed;

use std::fmt::Write;

use aiex_syntax::{Language, Outline, Syntax};
use aiex_text::{Edit, Text};
use expect_test::{Expect, expect};

use super::*;

fn parsed(path: &str, source: &str) -> (Syntax, Outline, Text) {
    let text = Text::new(source);
    let syntax = Syntax::parse(Language::from_file_name(path).unwrap(), &text, None, || true).unwrap();
    let outline = syntax.outline(&text);
    (syntax, outline, text)
}

fn review(path: &str, source: &str, used: &[&str]) -> Vec<Finding> {
    let (syntax, outline, text) = parsed(path, source);
    structural_findings(path, &syntax, &outline, &text, &|name| used.contains(&name))
}

fn render(findings: &[Finding], source: &str) -> String {
    let mut out = String::new();
    for finding in findings {
        let line = source.get(..finding.range.start).unwrap().matches('\n').count() + 1;
        let code = source.get(finding.range.clone()).unwrap().lines().next().unwrap();
        writeln!(out, "{line} {} {code}: {}", finding.severity.as_str(), finding.text).unwrap();
    }
    out
}

fn check(path: &str, source: &str, expect: Expect) {
    expect.assert_eq(&render(&review(path, source, &[]), source));
}

fn elixir(body: &str, expect: Expect) {
    check("lib/a.ex", &format!("defmodule A do\n{body}\nend\n"), expect);
}

fn rust(source: &str, expect: Expect) {
    check("src/a.rs", source, expect);
}

#[test]
fn the_fixtures() {
    check(
        "lib/shop/cart.ex",
        crate::testing::CART,
        expect![[r#"
        64 warning unused: Nothing uses the function `unused/1`.
    "#]],
    );
    check(
        "src/ledger.rs",
        crate::testing::LEDGER,
        expect![[r#"
            43 info unwrap: `transfer` panics if this `unwrap` finds an error or nothing.
        "#]],
    );
}

#[test]
fn private_functions_that_nothing_uses() {
    elixir(
        "  def a(x), do: b(x) + Enum.map(x, &c/1)\n  defp b(x), do: x\n  defp c(x), do: x\n  defp d(0), do: 0\n  defp d(n), do: d(n - 1)\n  @spec e(term) :: term\n  defp e(x), do: x\n  defmacrop f(x), do: x\n  defguardp is_g(x) when x > 1\n  defp _h(x), do: x",
        expect![[r#"
            5 warning d: Nothing uses the function `d/1`.
            8 warning e: Nothing uses the function `e/1`.
            9 warning f: Nothing uses the macro `f/1`.
            10 warning is_g: Nothing uses the guard `is_g/1`.
        "#]],
    );
    rust(
        "fn a() { x() }\nfn b() { b() }\nfn c() { x() }\npub fn d() { c(); let _ = e; }\nfn e() { x() }\nstruct S;\nimpl S {\n    fn f(&self) { x() }\n    fn g(&self) { self.g2() }\n    fn g2(&self) { x() }\n    pub(crate) fn h() { x() }\n    fn r#loop() { x() }\n    fn r#use() { S::r#use2(r#use) }\n}\nfn main() { fn local() { x() } }\nfn _i() { fn local2() { x() } }\n",
        expect![[r#"
            1 warning a: Nothing uses the function `a`.
            2 warning b: Nothing uses the function `b`.
            8 warning f: Nothing uses the method `f`.
            9 warning g: Nothing uses the method `g`.
            11 warning h: Nothing uses the method `h`.
            12 warning r#loop: Nothing uses the method `r#loop`.
            13 warning r#use: Nothing uses the method `r#use`.
            15 warning local: Nothing uses the function `local`.
        "#]],
    );
}

#[test]
fn functions_that_something_may_use_in_another_way() {
    // By an atom, a string, a macro, a computed name, or code that is generated.
    elixir("  plug :a\n  defp a(conn, _), do: conn\n  defp b(x), do: x\n  def c, do: \"b\"", expect![[r#""#]]);
    elixir("  use MyApp, :controller\n  defp a(x), do: x", expect![[r#""#]]);
    elixir(
        "  use GenServer\n  defp a(x), do: x",
        expect![[r#"
        3 warning a: Nothing uses the function `a/1`.
    "#]],
    );
    elixir("  def a(f), do: apply(__MODULE__, f, [])\n  defp b(x), do: x", expect![[r#""#]]);
    elixir("  for n <- [:x] do\n    defp unquote(n)(), do: 1\n  end\n  defp b(x), do: x", expect![[r#""#]]);
    elixir("  def a(assigns), do: ~H\"<.b x={1} />\"\n  defp b(x), do: x", expect![[r#""#]]);
    elixir("  defmacro __using__(_) do\n    quote do\n      defp helper(x), do: x\n    end\n  end", expect![[r#""#]]);
    rust(
        "#[no_mangle]\nfn a() { x() }\n#[allow(dead_code)]\nfn b() { x() }\n#[get(\"/\")]\nfn c() { x() }\nimpl T for S {\n    fn d(&self) { x() }\n}\ntrait U {\n    fn e(&self) { x() }\n}\n#[test]\nfn f() { x() }\nmacro_rules! m { () => { g() } }\nfn g() { x() }\n#[serde(default = \"h\")]\nstruct X;\nfn h() { x() }\nextern \"C\" fn i() { x() }\n#[pymethods]\nimpl S {\n    fn j(&self) { x() }\n}\nextern \"C\" {\n    fn k();\n}\nfn l<T: Send>() {}\n",
        expect![[r#""#]],
    );
    rust("#![allow(dead_code)]\nfn a() { x() }\n", expect![[r#""#]]);
    rust("include!(\"b.rs\");\nfn a() { x() }\n", expect![[r#""#]]);
    rust("impl S {\n    methods!();\n    fn a() { x() }\n}\n", expect![[r#""#]]);
    rust("fn a() { x() }\nfn b( {}\n", expect![[r#""#]]);
    assert_eq!(review("src/a.rs", "fn a() { x() }\npub(crate) fn b() { x() }\n", &["a", "b"]), []);
}

#[test]
fn clauses_that_nothing_reaches() {
    elixir(
        "  def a(x, _y), do: x\n  def a(0, 1), do: 0\n  def a(1, 1), do: 0\n  def b(x) when x > 0, do: x\n  def b(x), do: -x\n  def c(x, x), do: true\n  def c(_, _), do: false\n  def d(x \\\\ 1)\n  def d(x), do: x\n  def e(__MODULE__), do: 1\n  def e(x), do: x",
        expect![[r#"
            3 warning a(0, 1): This clause of `a/2` is never reached: an earlier one takes everything.
        "#]],
    );
    elixir(
        "  if X do\n    def a(x), do: x\n  else\n    def a(x), do: -x\n  end\n  def b(x), do: x\n  defoverridable b: 1\n  def b(x), do: super(x)",
        expect![[r#""#]],
    );
    elixir(
        "  def a(x) do\n    case x do\n      1 -> 1\n      _ -> 2\n      3 -> 3\n    end\n    cond do\n      true -> 1\n      x -> 2\n    end\n    f = fn\n      y -> y\n      0 -> 0\n    end\n    with {:ok, z} <- f.(x) do\n      z\n    else\n      e -> e\n      :error -> 1\n    end\n    receive do\n      m when m > 1 -> m\n      {:a, _} -> 2\n    end\n  rescue\n    e -> e\n    ArgumentError -> 1\n  end",
        expect![[r#"
            6 warning 3: This clause is never reached: `_` before it takes everything.
            10 warning x: This clause is never reached: `true` before it takes everything.
            14 warning 0: This clause is never reached: `y` before it takes everything.
            20 warning :error: This clause is never reached: `e` before it takes everything.
            28 warning ArgumentError: This clause is never reached: `e` before it takes everything.
        "#]],
    );
    elixir(
        "  def a(x) do\n    raise \"no\"\n    x\n  end\n  def b(x) do\n    if x do\n      raise \"no\"\n    end\n    x\n  end",
        expect![[r#"
            4 warning x: This is never reached: `raise` before it ends the function.
        "#]],
    );
    rust(
        "pub fn a(x: u8) -> u8 {\n    match x {\n        1 => 1,\n        _ if x > 2 => 2,\n        other => other,\n        _ => 0,\n    }\n}\npub fn b(x: Option<u8>) -> u8 {\n    match x {\n        None => 0,\n        #[cfg(x)]\n        _ => 1,\n        NONE => 2,\n        errNone => 3,\n        Some(x) => x,\n    }\n}\n",
        expect![[r#"
            6 warning _: This arm is never reached: `other` before it takes everything.
        "#]],
    );
    rust(
        "pub fn a(x: u8) -> u8 {\n    if x > 1 {\n        return 1;\n        fn item() {}\n        item();\n    }\n    for _ in 0..x {\n        continue;\n        // nothing\n    }\n    loop {\n        break;\n        drop(x);\n    }\n    panic!(\"no\");\n    x\n}\npub fn b() -> u8 {\n    #[cfg(unix)]\n    return 1;\n    2\n}\npub fn c() {\n    return;\n    unreachable!()\n}\n",
        expect![[r#"
            5 warning item();: This is never reached: `return` before it leaves the block.
            13 warning drop(x);: This is never reached: `break` before it leaves the block.
            16 warning x: This is never reached: `panic!` before it leaves the block.
        "#]],
    );
    rust("pub fn a() -> u8 {\n    return 1;\n    #[allow(unreachable_code)]\n    2\n}\n", expect![[r#""#]]);
}

#[test]
fn functions_that_are_long_or_deep() {
    let lines = |number: usize| "    b();\n    // nothing\n\n".repeat(number);
    rust(&format!("pub fn a() {{\n{}}}\n", lines(78)), expect![[r#""#]]);
    rust(
        &format!("pub fn a() {{\n{}}}\n", lines(79)),
        expect![[r#"
        1 info a: `a` has 81 lines of code; parts of it could be functions.
    "#]],
    );
    rust(&format!("#[test]\nfn a() {{\n{}}}\n", lines(100)), expect![[r#""#]]);
    let lines = |number: usize| "    b()\n    # nothing\n\n".repeat(number);
    elixir(
        &format!("  def a(1), do: 1\n  def a(x) do\n{}  end", lines(79)),
        expect![[r#"
        3 info a: This clause of `a` has 81 lines of code; parts of it could be functions.
    "#]],
    );
    elixir(
        &format!("  @doc \"\"\"\n{}\"\"\"\n  def a(x) do\n    \"\"\"\n{}\"\"\"\n  end", lines(79), lines(79)),
        expect![[r#""#]],
    );
    let nested = |levels: usize| format!("{}x{}", "if x { ".repeat(levels), " }".repeat(levels));
    rust(
        &format!("pub fn a() {{ {} }}\npub fn b() {{ {} }}\n", nested(5), nested(6)),
        expect![[r#"
        2 info b: `b` nests control flow 6 levels deep; early returns or functions of its parts flatten it.
    "#]],
    );
    rust(&format!("pub fn a() {{ {}{{}} }}\n", "if x {} else ".repeat(9)), expect![[r#""#]]);
    let nested = |levels: usize| format!("{}x{}", "if x do ".repeat(levels), " end".repeat(levels));
    elixir(
        &format!("  def a(x) do {} end\n  def b(x) do {} end", nested(5), nested(6)),
        expect![[r#"
        3 info b: `b` nests control flow 6 levels deep; early returns or functions of its parts flatten it.
    "#]],
    );
}

#[test]
fn public_items_without_documentation() {
    elixir(
        "  @doc \"a\"\n  def a, do: 1\n  @doc \"b\"\n  def b, do: 1\n  def c, do: 1\n  @doc false\n  def d, do: 1\n  @impl true\n  def e, do: 1\n  def __f__, do: 1",
        expect![[r#"
            6 info c: The public function `c/0` has no documentation.
        "#]],
    );
    elixir("  @doc \"a\"\n  def a, do: 1\n  def b, do: 1\n  def c, do: 1", expect![[r#""#]]);
    elixir(
        "  @spec a :: 1\n  def a, do: 1\n  @spec b :: 1\n  def b, do: 1\n  def c, do: 1\n  defdelegate d(x), to: B",
        expect![[r#"
            6 info c: The public function `c/0` has no `@spec`.
        "#]],
    );
    let documented =
        |number: usize| (0..number).map(|n| format!("  @doc \"a\"\n  def a{n}, do: 1\n")).collect::<String>();
    elixir(
        &format!("{}  def b, do: 1\n  def c, do: 1\n  def d, do: 1\n  def e, do: 1", documented(8)),
        expect![[r#"
        1 info A: 4 public items of `A` have no documentation: `b/0`, `c/0`, `d/0`, `e/0`.
    "#]],
    );
    elixir(&format!("  @moduledoc false\n{}  def b, do: 1", documented(4)), expect![[r#""#]]);
    elixir(&format!("  use GenServer\n{}  def init(x), do: x", documented(4)), expect![[r#""#]]);
    let documented =
        "/// A.\npub fn a() {}\n/// B.\npub struct B;\n/// C.\npub fn a2() {}\n/// D.\npub const D2: u8 = 1;\n";
    rust(
        &format!(
            "{documented}pub fn c() {{}}\npub(crate) struct D;\nimpl D {{\n    pub fn e() {{}}\n}}\nimpl B {{\n    pub fn f() {{ D::e(); }}\n}}\nimpl T for B {{\n    fn g() {{}}\n}}\nmod h {{\n    pub fn i() {{}}\n}}\n#[cfg(test)]\npub mod j {{\n    pub fn k() {{}}\n}}\n"
        ),
        expect![[r#"
            9 info c: The public function `c` has no documentation.
            15 info f: The public method `f` has no documentation.
        "#]],
    );
    check("src/main.rs", &format!("{documented}pub fn c() {{}}\n"), expect![[r#""#]]);
}

#[test]
fn failures_that_are_not_handled() {
    elixir(
        "  def a(x) do\n    File.write(x, \"\")\n    {:ok, y} = File.read(x)\n    x |> Repo.insert()\n    _ = File.cp(x, y)\n    File.rm(x)\n    MyApp.Repo.update!(x)\n    MyApp.Repo.update(x)\n  end\n  Repo.insert(%{})\n  :ok",
        expect![[r#"
            3 info File.write: The result of `File.write` is dropped, and with it any error.
            4 info File.read: An error of `File.read` raises a MatchError here; `File.read!` would say what failed.
            5 info Repo.insert: The result of `Repo.insert` is dropped, and with it any error.
        "#]],
    );
    rust(
        "pub fn a(x: Option<u8>) {\n    x.unwrap();\n    x.expect(\"it\");\n    x.unwrap();\n    lock.lock().unwrap();\n    parser.expect(Token::A);\n    Regex::new(\"a\").unwrap();\n    writeln!(out).unwrap();\n    x.unwrap_or(1);\n}\n/// Panics if there is none.\npub fn c() { x.unwrap(); }\n#[cfg(test)]\nmod tests {\n    fn b() { x.unwrap(); }\n}\n",
        expect![[r#"
            2 info unwrap: `a` panics if one of its 2 `unwrap` finds an error or nothing.
            15 warning b: Nothing uses the function `b`.
        "#]],
    );
    check("tests/a.rs", "fn main() { x.unwrap(); }\n", expect![[r#""#]]);
}

#[test]
fn comments_that_say_what_is_to_be_done() {
    elixir(
        "  # TODO: one\n  # TODOS are not\n  # fixme neither\n  def a, do: \"# TODO: x\" # FIXME(me): two",
        expect![[r#"
            2 info TODO: one: TODO: one
            5 info FIXME(me): two: FIXME: two
        "#]],
    );
    rust(
        "// XXX three\n/* HACK */\n/*\n * TODO - four\n */\n/// TODO: five\npub fn a() {} // not TODO here\n",
        expect![[r#"
            1 info XXX three: XXX: three
            2 info HACK: HACK, without a word on what.
            4 info TODO - four: TODO: four
            6 info TODO: five: TODO: five
        "#]],
    );
}

#[test]
fn a_diff_keeps_what_its_lines_touch() {
    let source = "// TODO: a\n// TODO: b\n// TODO: c\n";
    let findings = review("src/a.rs", source, &[]);
    let kept = findings_in_lines(findings, &Text::new(source), &[2..3, 0..1]);
    assert_eq!(render(&kept, source), "1 info TODO: a: TODO: a\n3 info TODO: c: TODO: c\n");
}

#[test]
fn an_identity_outlives_edits() {
    let of = |source: &str| {
        let (_, outline, _) = parsed("src/a.rs", source);
        let ids = review("src/a.rs", source, &[]).into_iter().map(|finding| identity("src/a.rs", &finding, &outline));
        ids.collect::<Vec<_>>()
    };
    let long = |lines: usize| format!("pub fn a() {{\n{}}}\n", "    b();\n".repeat(lines));
    assert_eq!(of(&long(90)), of(&format!("\n\n{}", long(91))));
    let two = of("fn a() {\n    // TODO: x\n}\nfn b() {\n    // TODO: x\n}\n");
    assert_eq!(two.iter().collect::<std::collections::HashSet<_>>().len(), 2, "{two:?}");
}

#[test]
fn findings_follow_edits() {
    let mut text = Text::new("fn a() { x() }\nfn b() { x() }\nfn c() { x() }\n");
    let found = review("src/a.rs", &text.to_string(), &[]);
    let mut findings = Findings::new(found, &text);
    let left = |findings: &Findings, text: &Text| {
        findings.iter().map(|(_, finding)| text.slice(finding.range.clone()).into_owned()).collect::<Vec<_>>()
    };
    assert!(!findings.edited(&text.splice(&Edit { range: 0..0, text: "// é\n".to_owned() })));
    assert_eq!(left(&findings, &text), ["a", "b", "c"]);
    let b = text.to_string().find('b').unwrap();
    assert!(!findings.edited(&text.splice(&Edit { range: b + 1..b + 1, text: "2".to_owned() })));
    assert!(findings.edited(&text.splice(&Edit { range: b..b + 1, text: "d".to_owned() })));
    assert_eq!(left(&findings, &text), ["a", "c"]);
    let after = Text::new(&text.to_string().replace("fn a() { x() }\n", "").replace("// é", "// e\n"));
    assert!(findings.replaced(&text, &after));
    assert_eq!(left(&findings, &after), ["c"]);
    let (id, c) = findings.iter().map(|(id, finding)| (id, finding.clone())).next().unwrap();
    assert_eq!(findings.at(&(c.range.end..c.range.end)).count(), 1);
    assert_eq!(findings.at(&(c.range.end + 1..c.range.end + 2)).count(), 0);
    assert_eq!(findings.dismiss(id), Some(c));
    assert_eq!((findings.dismiss(id), findings.is_empty()), (None, true));
}

#[test]
fn what_others_say_is_left_out() {
    let source = "fn a() { 1 }\nfn b() { 1 }\n// TODO: c\n";
    let text = Text::new(source);
    let left = |others: &[(Range<usize>, &str)]| {
        let others: Vec<_> = others.iter().map(|(range, message)| (range.clone(), (*message).to_owned())).collect();
        let findings = Findings::new(review("src/a.rs", source, &[]), &text).without_said(&others, &text);
        findings.iter().map(|(_, finding)| text.line_of(finding.range.start)).collect::<Vec<_>>()
    };
    assert_eq!(left(&[]), [0, 1, 2]);
    assert_eq!(left(&[(3..4, "function `a` is never used")]), [1, 2]);
    assert_eq!(left(&[(3..4, "expected `;`"), (13..22, "unused"), (29..35, "Found a TODO tag")]), [0]);
    let model = |said: &str| Finding::new(0..9, Severity::Error, FindingKind::Model, said);
    let findings = Findings::new(vec![model("The lock is held while the file is read.")], &text);
    let others = [(0..1, "lock held while file read".to_owned())];
    assert!(findings.clone().without_said(&others, &text).is_empty());
    assert_eq!(findings.without_said(&[(15..16, "lock held while file read".to_owned())], &text).len(), 1);
}
