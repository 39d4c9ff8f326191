//! [`Style`]: how a file wants to be formatted, read from configuration files as data. Nothing is run, nothing is read
//! from disk.

mod elixir;
mod rust;

use std::fmt;

pub use elixir::{ElixirStyle, Parens};
pub use rust::{Edition, RustStyle};

/// A language that has a formatter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// `elixir`, with `Code.format_string!`.
    Elixir,
    /// `rustfmt`.
    Rust,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elixir => "Elixir",
            Self::Rust => "Rust",
        })
    }
}

/// How a file wants to be formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// An Elixir file.
    Elixir(ElixirStyle),
    /// A Rust file.
    Rust(RustStyle),
}

impl Style {
    /// Of which language it is.
    #[must_use]
    pub fn language(&self) -> Language {
        match self {
            Self::Elixir(_) => Language::Elixir,
            Self::Rust(_) => Language::Rust,
        }
    }

    /// Whether everything in the configuration that decides the layout is in it. Where not, a file may still be as this
    /// style would have it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Elixir(style) => style.passed_over.is_empty(),
            Self::Rust(style) => style.passed_over.is_empty(),
        }
    }
}

/// The longest configuration file that is read, in bytes.
const LONGEST: usize = 256 * 1024;
