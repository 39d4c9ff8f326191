//! [`Use`]: a mention of a name in a body or a signature, with what the syntax shows of what it hangs on.

use serde::{Deserialize, Serialize};

use super::names::{Interner, NONE, Name, narrow};

/// What a [`Use`] is. A use stands for the value, type or module that the expression up to it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// The first name of a path, or a name alone: `Foo`, `foo(…)`.
    Path,
    /// A name in lower case that stands alone as a value, and may be a function passed on.
    Value,
    /// A further name of a path: `new` of `Foo::new`; its base is what stands before.
    Segment,
    /// `.name`.
    Field,
    /// `.name(…)`.
    Method,
    /// `name!`.
    Macro,
    /// `self`.
    Myself,
    /// A type as written: the first `name` (a number here) uses from `base` on.
    Types,
    /// The same as its base.
    Same,
    /// What a call wraps: its base is the argument, `name` the use of what is called.
    Wrapped,
    /// What a variant or a tuple struct, its base, holds.
    Payload,
    /// Elixir: a module as written, `Foo.Bar`.
    Module,
    /// Elixir: a call or capture of a function of the module that is its base, or of no module that is named.
    Call,
    /// Elixir: `%Foo{}`; its base is the module.
    Struct,
}

/// A mention of a name. Bases come before what hangs on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    pub(crate) name: Name,
    /// Index of the use that it hangs on, or [`NONE`].
    pub(crate) base: u32,
    pub(crate) what: What,
    /// How many arguments a call has, 255 where that is not known.
    pub(crate) arity: u8,
}

pub(crate) const UNKNOWN_ARITY: u8 = u8::MAX;

/// What a scan of a file gathers.
#[derive(Default)]
pub(crate) struct Gathered<'s> {
    pub(crate) names: Interner<'s>,
    pub(crate) uses: Vec<Use>,
}

impl<'s> Gathered<'s> {
    pub(crate) fn push(&mut self, what: What, name: &'s str, base: u32) -> u32 {
        let name = self.names.intern(name);
        self.add(Use { name, base, what, arity: UNKNOWN_ARITY })
    }

    pub(crate) fn add(&mut self, one: Use) -> u32 {
        self.uses.push(one);
        narrow(self.uses.len() - 1)
    }

    pub(crate) fn get(&self, at: u32) -> Option<Use> {
        self.uses.get(at as usize).copied()
    }

    pub(crate) fn next(&self) -> u32 {
        narrow(self.uses.len())
    }

    /// A type made of all uses since `first`; `NONE` if there are none.
    pub(crate) fn types_since(&mut self, first: u32) -> u32 {
        let count = self.next() - first;
        match count {
            0 => NONE,
            _ => self.add(Use { name: count, base: first, what: What::Types, arity: UNKNOWN_ARITY }),
        }
    }
}
