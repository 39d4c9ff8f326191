//! Programs run for us: formatters, which see nothing of a repository but the text that they are given; compilers and
//! tests, which run in a copy of a project that the user trusts.
//!
//! A repository is a stranger's: a program in it, a toolchain file, a configuration of cargo, rustfmt or mix could each
//! run what it likes. So a program is found outside of the workspace ([`Programs`]), a formatter runs in an empty folder
//! with a short list of variables, and the file's own style is read from configuration files as data ([`Style`]). This
//! crate knows neither documents nor editors: it takes text and gives text.
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
//!
//! What compiles and tests a project runs the project's own code, so only where the user has said that it may. It runs in
//! a copy ([`Shadows`]) with a home of its own: nothing outside of the copy changes.
//!
//! ```no_run
//! use aiex_tools::{Programs, Project, Shadows};
//!
//! # async fn example(proposed: String) -> Result<(), aiex_tools::CheckError> {
//! let shadows = Shadows::new("/home/me/.cache/aiex/shadows".into());
//! let programs = Programs::new(&["/src/shop".into()]);
//! if let Some(project) = Project::of("/src/shop/src/lib.rs".as_ref()) {
//!     let mut shadow = shadows.open(&project, &programs).await?;
//!     shadow.write(&[("src/lib.rs".to_owned(), proposed)])?;
//!     for found in shadow.check().await? {
//!         assert!(found.line >= 1, "{}", found.message);
//!     }
//! }
//! # Ok(()) }
//! ```

mod build;
mod check;
mod format;
mod program;
mod project;
mod shadow;
mod style;
#[cfg(test)]
mod testing;

pub use check::{Diagnostic, Severity, TestOutcome, TestResult, TestRun};
pub use format::{FormatError, accepts, format};
pub use program::{Limits, Output, ProgramError, Programs, Task};
pub use project::{BuildTool, Project};
pub use shadow::{CheckError, Shadow, ShadowError, ShadowLimits, Shadows};
pub use style::{Edition, ElixirStyle, Language, Parens, RustStyle, Style};
