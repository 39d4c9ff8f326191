//! `aiex`: an AI coding assistant that is a language server.
#![allow(unreachable_pub, reason = "in a binary, `pub` marks what a module offers to the others")]

mod checkpoints;
mod cli;
mod config;
mod consent;
mod context;
mod corrections;
mod documents;
mod edit;
mod engine;
mod exclude;
mod explain;
mod files;
mod generate_tests;
mod keys;
mod ledger;
mod login;
mod lsp;
mod paths;
mod review;
mod templates;
mod unified_diff;
mod verify;
mod wish;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
