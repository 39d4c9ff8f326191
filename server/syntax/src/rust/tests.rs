//! Outlines and facts of Rust files.

use expect_test::{Expect, expect};

use crate::{
    Language,
    testing::{parse, render, render_facts},
};

fn check(input: &str, expected: Expect) {
    let (syntax, text) = parse(Language::Rust, input);
    expected.assert_eq(&render(&syntax.outline(&text), &text));
}

/// The facts of the last symbol with this name.
fn check_facts(name: &str, input: &str, expected: Expect) {
    let (syntax, text) = parse(Language::Rust, input);
    let outline = syntax.outline(&text);
    let symbol = outline.symbols.iter().rfind(|symbol| symbol.name == name).unwrap();
    expected.assert_eq(&render_facts(&syntax.facts(&text, symbol)));
}

#[test]
fn items_of_every_kind_with_their_docs() {
    check(
        r##"
//! The file itself.
#![allow(dead_code)]

/// A line of an order.
///
///     indented(code);
/// Ends.
#[derive(Debug)]
pub struct Line<'a, T> where T: Clone {
    /// Not an item.
    pub name: &'a str,
    price: T,
}
// A plain comment is no doc.
pub(crate) struct Id(pub u64);
struct Unit;
/** A union.
 *
 * With stars. */
union Bits { a: u32, b: f32 }
#[doc = "An enum."]
#[doc = r#"With a "raw" line."#]
enum Shape { Circle(f64), Square { side: f64 } }
/*! inner for nobody */
//// Four slashes
const LIMIT: usize = 8 * 1024;
static TABLE: &[u32] = &[
    1,
];
pub type Result<T, E = Error> = std::result::Result<T, E>;
const _: () = ();
/// Adds.
#[macro_export]
macro_rules! sum {
    ($a:expr, $b:expr) => { add($a, $b) };
}
mod external;
pub mod inner {
    //! About the module.
    //! Two lines.
    pub(super) fn helper() { fn nested() {} nested() }
    mod deep { pub(self) async unsafe fn x() {} }
}
extern "C" { pub fn strlen(s: *const u8) -> usize; }
#[cfg(test)]
mod tests {
    use super::*;
    /// Tests it.
    #[test]
    #[should_panic]
    fn works() { inner::helper(); sum!(1, 2); }
    #[tokio::test(flavor = "x")]
    async fn waits() {}
    #[cfg(test)]
    fn not_a_test() {}
}
"##,
        expect![[r#"
            struct Line Public 5-14 `pub struct Line<'a, T> where T: Clone` doc "A line of an order.\n\n    indented(code);\nEnds."
            struct Id Restricted 16-16 `pub(crate) struct Id(pub u64)`
            struct Unit Private 17-17 `struct Unit`
            struct Bits Private 18-21 `union Bits` doc "A union.\n\nWith stars."
            enum Shape Private 22-24 `enum Shape` doc "An enum.\nWith a \"raw\" line."
            constant LIMIT Private 27-27 `const LIMIT: usize = 8 * 1024`
            constant TABLE Private 28-30 `static TABLE: &[u32]`
            type Result Public 31-31 `pub type Result<T, E = Error> = std::result::Result<T, E>`
            macro sum Public 33-37 `macro_rules! sum` doc "Adds."
            module external Private 38-38 `mod external`
            module inner Public 39-44 `pub mod inner` doc "About the module.\nTwo lines."
              function inner::helper Restricted 42-42 `pub(super) fn helper()`
                function inner::helper::nested Private 42-42 `fn nested()`
              module inner::deep Private 43-43 `mod deep`
                function inner::deep::x Private 43-43 `pub(self) async unsafe fn x()`
            function strlen Public 45-45 `pub fn strlen(s: *const u8) -> usize`
            module tests Private 46-57 `mod tests`
              test tests::works Private 49-52 `fn works()` doc "Tests it."
              test tests::waits Private 53-54 `async fn waits()`
              function tests::not_a_test Private 55-56 `fn not_a_test()`
            sum -> add/2 = ?
            inner::helper -> nested/0 = inner::helper::nested
            tests::works -> inner::helper/0 = inner::helper
            tests::works -> sum! = sum
        "#]],
    );
}

#[test]
fn impls_and_traits() {
    check(
        r##"
use std::fmt::{self, Display};
/// A shape.
pub trait Shape: Sized {
    const SIDES: usize;
    /// What it holds.
    type Item: Clone;
    /// Its area.
    fn area(&self) -> f64;
    fn double(&self) -> f64 { self.area() * 2.0 }
}
mod shop {
    pub struct Cart<T> { items: Vec<T> }
    impl<T> Cart<T>
    where
        T: Clone,
    {
        pub const EMPTY: usize = 0;
        /// Makes one.
        pub fn new() -> Self { Self { items: vec![] } }
        fn add(&mut self, item: T) -> &mut Self { self.items.push(item); self.check(1); self }
        pub(crate) fn check(&self, n: u32) { Self::verify(n); }
        fn verify(_: u32) {}
    }
    impl<T> Display for Cart<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.check(2); write!(f, "{}", self.verify_all(1, 2)) }
    }
    impl<'a, T: 'a> From<&'a [T]> for Cart<T> where T: Clone { fn from(items: &'a [T]) -> Self { Cart::new() } }
    impl<T> fmt::Debug for Cart<T> { type X = u32; }
}
impl Shape for [u8; 4] { fn area(&self) -> f64 { 1.0 } }
unsafe impl<T> Send for shop::Cart<T> {}
impl !Sync for Unit {}
fn main() {
    let cart = shop::Cart::<u8>::new();
    cart.check(3);
    cart.add(1).add(2);
}
"##,
        expect![[r#"
            trait Shape Public 3-11 `pub trait Shape: Sized` doc "A shape."
              constant Shape::SIDES Public 5-5 `const SIDES: usize`
              type Shape::Item Public 6-7 `type Item: Clone` doc "What it holds."
              method Shape::area Public 8-9 `fn area(&self) -> f64` doc "Its area."
              method Shape::double Public 10-10 `fn double(&self) -> f64`
            module shop Private 12-30 `mod shop`
              struct shop::Cart Public 13-13 `pub struct Cart<T>`
              implementation shop::Cart Public 14-24 `impl<T> Cart<T>
                where
                    T: Clone,`
                constant shop::Cart::EMPTY Public 18-18 `pub const EMPTY: usize = 0`
                method shop::Cart::new Public 19-20 `pub fn new() -> Self` doc "Makes one."
                method shop::Cart::add Private 21-21 `fn add(&mut self, item: T) -> &mut Self`
                method shop::Cart::check Restricted 22-22 `pub(crate) fn check(&self, n: u32)`
                method shop::Cart::verify Private 23-23 `fn verify(_: u32)`
              implementation <shop::Cart as Display> Public 25-27 `impl<T> Display for Cart<T>` implements Display
                method <shop::Cart as Display>::fmt Public 26-26 `fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result` implements Display
              implementation <shop::Cart as From> Public 28-28 `impl<'a, T: 'a> From<&'a [T]> for Cart<T> where T: Clone` implements From<&'a [T]>
                method <shop::Cart as From>::from Public 28-28 `fn from(items: &'a [T]) -> Self` implements From<&'a [T]>
              implementation <shop::Cart as fmt::Debug> Public 29-29 `impl<T> fmt::Debug for Cart<T>` implements fmt::Debug
                type <shop::Cart as fmt::Debug>::X Public 29-29 `type X = u32` implements fmt::Debug
            implementation <[u8; 4] as Shape> Public 31-31 `impl Shape for [u8; 4]` implements Shape
              method <[u8; 4] as Shape>::area Public 31-31 `fn area(&self) -> f64` implements Shape
            implementation <shop::Cart as Send> Public 32-32 `unsafe impl<T> Send for shop::Cart<T>` implements Send
            implementation <Unit as !Sync> Public 33-33 `impl !Sync for Unit` implements !Sync
            function main Private 34-38 `fn main()`
            Shape::double -> self.area/0 = Shape::area
            shop::Cart::new -> vec! = ?
            shop::Cart::add -> self.items.push/1 = ?
            shop::Cart::add -> self.check/1 = shop::Cart::check
            shop::Cart::check -> Self::verify/1 = shop::Cart::verify
            <shop::Cart as Display>::fmt -> self.check/1 = shop::Cart::check
            <shop::Cart as Display>::fmt -> write! = ?
            <shop::Cart as Display>::fmt -> self.verify_all/2 = ?
            <shop::Cart as From>::from -> Cart::new/0 = shop::Cart::new
            main -> shop::Cart::new/0 = shop::Cart::new
            main -> cart.check/1 = shop::Cart::check
            main -> cart.add/1 = ?
            main -> .add/1 = ?
        "#]],
    );
}

#[test]
fn calls_and_their_targets() {
    check(
        r##"
mod parser {
    pub fn parse(x: &str) -> u32 { helper::<u32>(x).trim().count_all(1) }
    fn helper<T>(x: &str) -> T { todo!() }
    pub mod deep { pub fn go() { super::helper::<u8>(""); self::again(); crate::parser::parse(""); } fn again() {} }
}
use other::foreign;
fn add(a: u32, b: u32) -> u32 { a + b }
fn total(xs: &[u32]) -> u32 { xs.iter().map(double).fold(0, add) }
fn double(x: &u32) -> u32 { x * 2 }
fn shadow(double: fn(&u32) -> u32) { double(&1); apply(total); let total = 3; apply(total, /* c */ Self::x, ); }
fn outer() {
    fn add(x: u32) {}
    add(1);
    let c = |add2| add2(1);
    foreign();
    Some(1); Shape::Circle(2); Shape::unit(3);
    ::std::mem::drop(1);
    <u32 as Default>::default();
    (self.f)(1);
    parser::deep::go();
    deep::go();
    std::thread::spawn(parser::parse);
    self.items.iter().max();
}
macro_rules! local { ($f:ident, $x:expr) => { fn made(x: u32) {} $f(add($x, 1)); $crate::total(&[]) }; }
fn macros() {
    assert_eq!(add(1, 2), double(&total(&[1, 2])), "x {}", parser::parse("a"));
    let v = vec![outer(), self.area(1), cart.items.push(Some(x)), x.iter().map(|a, b| a).collect::<Vec<u8>>()];
    println!("{}", format!("{:?}", shadow(|x| x)));
    local!(a, b);
    log::info!("x");
    tokio::select! { x = outer() => { if (a) { match (b) {} } }, #[cfg(test)] _ = parser::helper::<u8>(a,) => {} }
}
"##,
        expect![[r#"
            module parser Private 2-6 `mod parser`
              function parser::parse Public 3-3 `pub fn parse(x: &str) -> u32`
              function parser::helper Private 4-4 `fn helper<T>(x: &str) -> T`
              module parser::deep Public 5-5 `pub mod deep`
                function parser::deep::go Public 5-5 `pub fn go()`
                function parser::deep::again Private 5-5 `fn again()`
            function add Private 8-8 `fn add(a: u32, b: u32) -> u32`
            function total Private 9-9 `fn total(xs: &[u32]) -> u32`
            function double Private 10-10 `fn double(x: &u32) -> u32`
            function shadow Private 11-11 `fn shadow(double: fn(&u32) -> u32)`
            function outer Private 12-25 `fn outer()`
              function outer::add Private 13-13 `fn add(x: u32)`
            macro local Private 26-26 `macro_rules! local`
            function macros Private 27-34 `fn macros()`
            parser::parse -> helper/1 = parser::helper
            parser::parse -> .trim/0 = ?
            parser::parse -> .count_all/1 = ?
            parser::helper -> todo! = ?
            parser::deep::go -> super::helper/1 = parser::helper
            parser::deep::go -> self::again/0 = parser::deep::again
            parser::deep::go -> crate::parser::parse/1 = ?
            total -> xs.iter/0 = ?
            total -> .map/1 = ?
            total -> double = double
            total -> .fold/2 = ?
            total -> add = add
            shadow -> double/1 = ?
            shadow -> apply/1 = ?
            shadow -> apply/2 = ?
            outer -> add/1 = outer::add
            outer -> add2/1 = ?
            outer -> foreign/0 = ?
            outer -> Shape::unit/1 = ?
            outer -> ::std::mem::drop/1 = ?
            outer -> <u32 as Default>::default/0 = ?
            outer -> parser::deep::go/0 = parser::deep::go
            outer -> deep::go/0 = ?
            outer -> std::thread::spawn/1 = ?
            outer -> parser::parse = parser::parse
            outer -> self.items.iter/0 = ?
            outer -> .max/0 = ?
            local -> add/2 = add
            local -> $crate::total/1 = ?
            macros -> assert_eq! = ?
            macros -> add/2 = add
            macros -> double/1 = double
            macros -> total/1 = total
            macros -> parser::parse/1 = parser::parse
            macros -> vec! = ?
            macros -> outer/0 = outer
            macros -> self.area/1 = ?
            macros -> cart.items.push/1 = ?
            macros -> x.iter/0 = ?
            macros -> .map = ?
            macros -> .collect/0 = ?
            macros -> println! = ?
            macros -> format! = ?
            macros -> shadow = shadow
            macros -> local! = local
            macros -> log::info! = ?
            macros -> tokio::select! = ?
            macros -> outer/0 = outer
            macros -> parser::helper/1 = parser::helper
        "#]],
    );
}

#[test]
fn code_with_errors_keeps_what_is_whole() {
    check(
        "/// Kept.\nfn before() {}\nfn half(x: u32\nstruct After { a: u32 }\nimpl After { fn m(&self) { self.n() } fn n(&self) {}\n#[test]\nfn last() { before(); }\n",
        expect![[r#"
            function before Private 1-2 `fn before()` doc "Kept."
            function m Private 5-5 `fn m(&self)`
            function n Private 5-5 `fn n(&self)`
            test last Private 6-7 `fn last()`
            m -> self.n/0 = ?
            last -> before/0 = before
        "#]],
    );
    check(
        "mod a {\n    fn one() { if x {\n    /// Two.\n    fn two() { one() }\n}\nfn three() { two( }\n",
        expect![[r#"
            function two Private 3-4 `fn two()` doc "Two."
            two -> one/0 = ?
        "#]],
    );
    check(
        "fn () { x() }\nstruct ;\nimpl {}\nlet y = z(",
        expect![[r#"
        ? -> x/0 = ?
    "#]],
    );
}

#[test]
fn crlf_and_emoji() {
    check(
        "/// Füttert die 🐈.\r\n///\r\n/// Täglich.\r\npub fn füttern(katze: Katze) -> Napf {\r\n    f(\"🐈\", g('é'));\r\n}\r\n/**\r\n * Stars\r\n *   deep\r\n */\r\nstruct K;\r\n",
        expect![[r#"
            function füttern Public 1-6 `pub fn füttern(katze: Katze) -> Napf` doc "Füttert die 🐈.\n\nTäglich."
            struct K Private 7-11 `struct K` doc "Stars\n  deep"
            füttern -> f/2 = ?
            füttern -> g/1 = ?
        "#]],
    );
}

#[test]
fn facts_of_functions() {
    check_facts(
        "load",
        r##"
#[must_use]
pub async fn load<T>(&mut self, path: &Path, (a, b): (u32, /* why */ u32), #[x] items: &[T]) -> Result<T, Error> {
    // note
    let Some(first) = items.first() else { return Err(Error::Empty) };
    let config = read_config(path).await?;
    let value: u32 = config.get("x").parse::<u32>()?;
    assert_eq!(a, b, "same {}", c.unwrap());
    for (i, item) in items.iter().enumerate() {
        while let Some(x) = next() && x > 1 {
            if items[i] > 3 { continue }
        }
    }
    let all = items.iter().map(|x| { let y = check(x)?; return Ok(y); }).collect();
    fn nested() -> u32 { panic!() }
    let port = env("PORT").expect("port, is set").unwrap();
    if value == 0 {
        return Ok(Default::default());
    } else if value
        .is_big() {
        loop { break }
        unsafe { go(value) }
    } else {
        match value {
            1 | 2 => Ok(one()),
            n if n > 3 => {
                log();
                Err(Error::TooBig { n })
            }
            4 => return Err(Error::Empty),
            5 => unreachable!("five"),
            _ => self
                .items
                .iter()
                .fold(
                    0, // start
                    "// no comment",
                ),
        }
    }
}
"##,
        expect![[r#"
            clause ["&mut self", "path: &Path", "(a, b): (u32, u32)", "items: &[T]"] when None returns ["Err(Error::Empty)", "Ok(Default::default())", "go(value)", "Ok(one())", "Err(Error::TooBig { n })", "self.items.iter().fold(0, \"// no comment\")"]
            if "let Some(first) = items.first()" []
            loop "(i, item) in items.iter().enumerate()" []
            loop "let Some(x) = next() && x > 1" []
            if "items[i] > 3" []
            if "value == 0" []
            if "value.is_big()" []
            loop "" []
            match "value" ["1 | 2", "n if n > 3", "4", "5", "_"]
            raises ["read_config(…).await?", ".parse()?", "assert!", ".unwrap()", "items[i]", ".expect(\"port, is set\")", "unreachable!"] fields [] nesting 3
        "#]],
    );
    check_facts(
        "straight",
        "fn straight(self) { self.items.push(1); x() }",
        expect![[r#"
        clause ["self"] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        "tail",
        "fn tail() -> u32 { 'a: { { helper(1) } } /* end */ }",
        expect![[r#"
        clause [] when None returns ["helper(1)"]
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        "long",
        &format!("fn long() -> u32 {{ {}1 }}", "1 + ".repeat(100)),
        expect![[r#"
        clause [] when None returns ["1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 +…"]
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        "decl",
        "trait T { fn decl(&self, x: u32) -> u32; }",
        expect![[r#"
        clause ["&self", "x: u32"] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        "C",
        "const C: u32 = match x { 1 => 2, _ => panic!() };",
        expect![[r#"
        clause [] when None returns []
        match "x" ["1", "_"]
        raises ["panic!"] fields [] nesting 1
    "#]],
    );
}

#[test]
fn facts_of_types() {
    check_facts(
        "Cart",
        "struct Cart<T> {\n    /// Docs.\n    #[serde(default)]\n    pub items: Vec<T>, // note\n    total:\n        u64,\n}",
        expect![[r#"
            clause [] when None returns []
            raises [] fields ["pub items: Vec<T>", "total: u64"] nesting 0
        "#]],
    );
    check_facts(
        "Id",
        "struct Id(pub u64, #[x] String);",
        expect![[r#"
        clause [] when None returns []
        raises [] fields ["pub u64", "String"] nesting 0
    "#]],
    );
    check_facts(
        "Unit",
        "struct Unit;",
        expect![[r#"
        clause [] when None returns []
        raises [] fields [] nesting 0
    "#]],
    );
    check_facts(
        "Shape",
        "enum Shape {\n    /// Round.\n    Circle(f64),\n    Square {\n        /// Its side.\n        side: f64,\n    },\n    #[default]\n    None = 3,\n}",
        expect![[r#"
            clause [] when None returns []
            raises [] fields ["Circle(f64)", "Square { side: f64 }", "None = 3"] nesting 0
        "#]],
    );
    check_facts(
        "Area",
        "trait Area { const N: usize; type Item: Clone; /// Docs.\n fn area(&self) -> f64; fn twice(&self) -> f64 { 2.0 } }",
        expect![[r#"
            clause [] when None returns []
            raises [] fields ["const N: usize", "type Item: Clone", "fn area(&self) -> f64", "fn twice(&self) -> f64"] nesting 0
        "#]],
    );
}

#[test]
fn docs_of_every_form() {
    check(
        r###"
/**
    Block
      without stars.
*/
#[doc = r#"Raw "text"."#]
struct A;
/// From a line
/// and
// not this
#[doc = " an attribute\nwith \"escapes\"."]
struct B;
///
struct C;
/** One line. */ struct D;
#[doc(hidden)]
#[doc = include_str!("x.md")]
struct E;
/*** Decoration. ***/
/**/
struct F;
impl A {
    /*! Inner
        block. */
    //! And line.
    fn a() { //! Inside.
    }
}
/// For nobody
"###,
        expect![[r#"
            struct A Private 2-7 `struct A` doc "Block\n  without stars.\nRaw \"text\"."
            struct B Private 8-12 `struct B` doc "From a line\nand\nan attribute\nwith \"escapes\"."
            struct C Private 13-14 `struct C`
            struct D Private 15-15 `struct D` doc "One line."
            struct E Private 16-18 `struct E`
            struct F Private 21-21 `struct F`
            implementation A Public 22-28 `impl A` doc "Inner\nblock.\nAnd line."
              method A::a Private 26-27 `fn a()` doc "Inside."
        "#]],
    );
}

#[test]
fn doubt_leaves_a_call_without_a_target() {
    check(
        r##"
use elsewhere::{parse, render as draw};
mod tests {
    use super::*;
    fn parse() {}
    fn uses() { parse(); draw(); helper(); log::info!("x"); }
    fn imports() { use elsewhere::helper; helper(); }
}
mod log { fn info() {} }
fn helper() {}
fn draw() {}
fn main() { parse(); let helper = 1; run(helper); match x { draw => draw() } }
#[cfg(unix)]
fn twice() {}
#[cfg(windows)]
fn twice() {}
fn calls() { twice(); elsewhere::helper(); Other::new(); elsewhere::Cart::new(); Cart::new(); self::Cart::from(1); }
impl Cart { fn new() {} }
impl From<u8> for Cart { fn from(x: u8) -> Self { Self::new(); Cart } }
impl From<u16> for Cart { fn from(x: u16) -> Self { Cart } }
"##,
        expect![[r#"
            module tests Private 3-8 `mod tests`
              function tests::parse Private 5-5 `fn parse()`
              function tests::uses Private 6-6 `fn uses()`
              function tests::imports Private 7-7 `fn imports()`
            module log Private 9-9 `mod log`
              function log::info Private 9-9 `fn info()`
            function helper Private 10-10 `fn helper()`
            function draw Private 11-11 `fn draw()`
            function main Private 12-12 `fn main()`
            function twice Private 13-14 `fn twice()`
            function twice Private 15-16 `fn twice()`
            function calls Private 17-17 `fn calls()`
            implementation Cart Public 18-18 `impl Cart`
              method Cart::new Private 18-18 `fn new()`
            implementation <Cart as From> Public 19-19 `impl From<u8> for Cart` implements From<u8>
              method <Cart as From>::from Public 19-19 `fn from(x: u8) -> Self` implements From<u8>
            implementation <Cart as From> Public 20-20 `impl From<u16> for Cart` implements From<u16>
              method <Cart as From>::from Public 20-20 `fn from(x: u16) -> Self` implements From<u16>
            tests::uses -> parse/0 = tests::parse
            tests::uses -> draw/0 = draw
            tests::uses -> helper/0 = helper
            tests::uses -> log::info! = ?
            tests::imports -> helper/0 = ?
            main -> parse/0 = ?
            main -> run/1 = ?
            main -> draw/0 = ?
            calls -> twice/0 = ?
            calls -> elsewhere::helper/0 = ?
            calls -> Other::new/0 = ?
            calls -> elsewhere::Cart::new/0 = ?
            calls -> Cart::new/0 = Cart::new
            calls -> self::Cart::from/1 = ?
            <Cart as From>::from -> Self::new/0 = Cart::new
        "#]],
    );
}

#[test]
fn failures_in_macro_arguments() {
    check_facts(
        "f",
        r#"fn f() { println!("{}", x.unwrap(), y.expect("set"), panic!("no"), vec![z.unwrap()]); unwrap(1); debug_assert!(a) }"#,
        expect![[r#"
            clause [] when None returns []
            raises [".unwrap()", ".expect(\"set\")", "panic!", "assert!"] fields [] nesting 0
        "#]],
    );
}
