//! Definition recall at a token budget: of what a function's body really used, by its compiler, how much is shown to a
//! model that is asked to write that body anew.
//!
//! `cargo bench -p aiex-recall [-- NAME…]` prints the table; [`repositories`] lists the names. What a body used comes
//! from `rust-analyzer scip` ([`rust`]) and from the Elixir compiler's tracers ([`elixir`]); the body is masked on disk
//! before anything reads the workspace ([`task`]); [`pack`] asks the built binary, [`baselines`] and [`aider`] stand
//! beside it, [`score`] judges them all alike.

pub mod aider;
pub mod baselines;
pub mod budgets;
pub mod elixir;
pub mod index;
pub mod pack;
pub mod random;
pub mod repositories;
pub mod rust;
pub mod score;
pub mod show;
pub mod sources;
pub mod table;
pub mod task;
pub mod tokens;

#[cfg(test)]
mod check;
