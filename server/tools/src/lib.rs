//! Programs run for us: formatters, which see nothing of a repository but the text that they are given.
//!
//! A repository is a stranger's: a program in it, a toolchain file, a configuration of cargo, rustfmt or mix could each
//! run what it likes. So a program is found outside of the workspace ([`Programs`]), runs in an empty folder with a
//! short list of variables, and the file's own style is read from configuration files as data ([`Style`]). This crate
//! knows neither documents nor editors: it takes text and gives text.
//!
//! A file is formatted after an edit only where its text before the edit equals its own formatting.
//!
//! ```no_run
//! use aiex_tools::{Programs, RustStyle, Style, format};
//!
//! # async fn example(before: &str, after: &str) -> Result<(), aiex_tools::FormatError> {
//! let programs = Programs::new(&["/src/shop".into()]);
//! let style = Style::Rust(RustStyle::read(None, Some("[package]\nedition = \"2024\""), None));
//! if format(&programs, before, &style).await? == before {
//!     let after = format(&programs, after, &style).await?;
//! }
//! # Ok(()) }
//! ```

mod format;
mod program;
mod style;

pub use format::{FormatError, accepts, format};
pub use program::{Limits, Output, ProgramError, Programs, Task};
pub use style::{Edition, ElixirStyle, Language, Parens, RustStyle, Style};
