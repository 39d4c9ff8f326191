//! [`Facts`]: what the syntax of one symbol's body shows, for the structural engine.

use std::ops::Range;

/// What the body of a symbol shows without running or asking anything. Texts are excerpts of the source on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// One entry a clause, in the order of [`crate::Symbol::clauses`].
    pub clauses: Vec<ClauseFacts>,
    /// Branching expressions of all clauses, in the order of the text, nested ones after what holds them.
    pub branches: Vec<Branch>,
    /// What may end it early in failure, each once: `raise ArgumentError`, `throw`, `panic!`, `.unwrap()`, `?`,
    /// `Repo.get!`.
    pub raises: Vec<String>,
    /// Of a struct, enum, schema, exception or trait: its fields, variants or the types it holds, each on one line.
    pub fields: Vec<String>,
    /// The deepest nesting of branches, loops and closures: 0 for straight code.
    pub nesting: usize,
}

/// What one clause shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClauseFacts {
    /// Its parameters as written, one entry each: `%Cart{items: []}`, `amount: u64`.
    pub parameters: Vec<String>,
    /// Its guard, without `when`.
    pub guard: Option<String>,
    /// The expressions whose value it can return, each once: the last of the body, followed into the arms of a
    /// branching last expression, and every `return`.
    pub returns: Vec<String>,
}

/// One branching expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its kind.
    pub kind: BranchKind,
    /// What is decided on: the subject of a `case` or `match`, the condition of an `if`; empty for `cond` and `receive`.
    pub subject: String,
    /// The patterns or conditions of its arms, guards included, in order: `{:ok, cart}`, `Some(x) if x > 0`; of a
    /// `with`, its clauses; of an `if` none.
    pub arms: Vec<String>,
    /// Where it stands, in bytes, half-open.
    pub range: Range<usize>,
}

/// Kinds of branching expressions, by what they are called in the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BranchKind {
    /// `if`, `unless`, `if let`.
    If,
    /// `case`.
    Case,
    /// `match`.
    Match,
    /// `cond`.
    Cond,
    /// `with`.
    With,
    /// `for`, `while`, `loop`.
    Loop,
    /// `try`.
    Try,
    /// `receive`.
    Receive,
}

impl BranchKind {
    /// The keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Case => "case",
            Self::Match => "match",
            Self::Cond => "cond",
            Self::With => "with",
            Self::Loop => "loop",
            Self::Try => "try",
            Self::Receive => "receive",
        }
    }
}
