//! [`Symbol`]: a named item of a file; [`Call`]: a place where one is used.

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

/// What a symbol is. Names as the languages use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SymbolKind {
    /// `defmodule`; `mod`.
    Module,
    /// `def`, `defp`, `defdelegate`; `fn` outside an impl and a trait.
    Function,
    /// `fn` in an impl or a trait.
    Method,
    /// `defmacro`, `defmacrop`; `macro_rules!`.
    Macro,
    /// `defguard`, `defguardp`.
    Guard,
    /// `defstruct`, `struct`, `union`.
    Struct,
    /// `defexception`.
    Exception,
    /// `enum`.
    Enum,
    /// `trait`.
    Trait,
    /// `defprotocol`.
    Protocol,
    /// `defimpl`; `impl`.
    Impl,
    /// `@callback`, `@macrocallback`.
    Callback,
    /// `@type`, `@typep`, `@opaque`; `type`.
    Type,
    /// `const`, `static`.
    Const,
    /// `test`, or a function with a test attribute.
    Test,
    /// `describe`.
    TestGroup,
    /// A block of a library's macro that names something: `schema`, `scope`, `pipeline`, `setup`.
    Block,
}

impl SymbolKind {
    /// The word for it in prose.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Function => "function",
            Self::Method => "method",
            Self::Macro => "macro",
            Self::Guard => "guard",
            Self::Struct => "struct",
            Self::Exception => "exception",
            Self::Enum => "enum",
            Self::Trait => "trait",
            Self::Protocol => "protocol",
            Self::Impl => "implementation",
            Self::Callback => "callback",
            Self::Type => "type",
            Self::Const => "constant",
            Self::Test => "test",
            Self::TestGroup => "test group",
            Self::Block => "block",
        }
    }
}

/// Who may use a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Visibility {
    /// Everyone: `def`, `pub`; a method of a trait.
    Public,
    /// A part of the crate: `pub(crate)`, `pub(super)`, `pub(in …)`.
    Restricted,
    /// Its own module: `defp`, no `pub`.
    Private,
}

/// A named item of a file. All ranges are half-open, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// Its own name: `add`, `Cart`; of an impl its header, such as `Display for Cart`; of a test its title.
    pub name: String,
    /// Its name with that of its containers: `Shop.Cart.add/2`, `cart::Cart::add`, `<Cart as Display>::fmt`.
    /// Several default arities read `Shop.Cart.add/2..3`.
    pub qualified: String,
    /// How many arguments it takes, from the fewest with all defaults used; Elixir functions, macros, guards and
    /// callbacks only.
    pub arity: Option<RangeInclusive<usize>>,
    /// Its head as written, up to `do` or `{`, without attributes: the first clause's, where there are several.
    pub signature: String,
    /// Its documentation, free of comment marks, quotes and indentation. `@doc false` is none.
    pub doc: Option<String>,
    /// The `@spec`s that belong to it, as written.
    pub specs: Vec<String>,
    /// Who may use it.
    pub visibility: Visibility,
    /// The trait, behaviour or protocol that it serves: of `impl Display for Cart` and its methods `Display`; of an
    /// Elixir function under `@impl Shop.Payment` that module, under `@impl true` the module's only `@behaviour` if
    /// there is just one, else `true`.
    pub implements: Option<String>,
    /// Everything that belongs to it: docs, attributes and specs before it, all clauses that follow each other.
    pub range: Range<usize>,
    /// Its name where it is first defined.
    pub name_range: Range<usize>,
    /// Its clauses in order, wherever they stand; a symbol that has no clauses in its language has one.
    pub clauses: Vec<Clause>,
    /// Index in [`crate::Outline::symbols`] of what contains it.
    pub container: Option<usize>,
}

/// One clause of a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The clause, from its keyword to its end.
    pub range: Range<usize>,
    /// Its body: between `do` and `end`, after `do:`, between braces with them left out; `None` without one.
    pub body: Option<Range<usize>>,
}

impl Symbol {
    /// The body of a symbol with one clause, or of the first that has one.
    pub fn body(&self) -> Option<&Range<usize>> {
        self.clauses.iter().find_map(|clause| clause.body.as_ref())
    }

    /// Where the part of it starts that holds the byte `offset`: all of it, or a clause that may stand elsewhere. The
    /// end counts: a cursor behind the last character is still in it.
    pub fn start_around(&self, offset: usize) -> Option<usize> {
        let parts = self.clauses.iter().map(|clause| &clause.range).chain([&self.range]);
        parts.filter(|part| part.start <= offset && offset <= part.end).map(|part| part.start).max()
    }
}

/// A place in a file where something is called, captured (`&name/1`) or named as a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// As written, without arguments: `Repo.insert`, `self.total`, `Vec::new`, `format!`.
    pub callee: String,
    /// How many arguments it is given, the piped one included; `None` where the syntax does not show it.
    pub arity: Option<usize>,
    /// The callee's own name, without what qualifies it.
    pub name_range: Range<usize>,
    /// Index of the innermost symbol that holds the call.
    pub caller: Option<usize>,
    /// Index of the symbol of this file that is called, where the syntax leaves no doubt.
    pub target: Option<usize>,
}
