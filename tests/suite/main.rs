//! The black-box tests, one module a subject.

mod checkpoints;
mod chunks;
mod cli;
mod configuration;
mod context;
mod documents;
mod edits;
mod edits_cli;
mod explain;
mod faults;
mod helix;
mod index;
mod invariants;
mod llama;
mod neovim;
mod proof;
mod protocol;
mod providers;
mod review;
mod runs;
mod scene;
mod tokens;
mod typing;
