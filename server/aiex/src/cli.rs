//! The command line: results on stdout, everything else on stderr; 0 done, 1 failed, 2 wrong usage.

mod ask;
mod auth;
mod checkpoints;
mod chunks;
mod config;
mod context;
mod demo;
mod doctor;
mod edit;
mod explain;
mod generate_tests;
mod model;
mod place;
mod providers;
mod review;
mod stop;
mod tokens;
mod trust;
mod usage;
mod verifier;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use aiex_context::{Intent, Strategy};
use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// An AI coding assistant that is a language server
///
/// Your editor starts `aiex lsp` and gets hovers, explanations and code actions from whatever model you have: a cloud
/// key, a local server, or none at all. Without a model, Aiex answers from the parse of your code.
#[derive(Parser)]
#[command(name = "aiex", version, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  aiex demo                                  see what it does, with nothing set up
  aiex explain lib/shop/cart.ex:42           explain the function at line 42
  AIEX_MODEL=ollama/qwen2.5-coder:7b aiex explain src/main.rs
  aiex doctor                                what works, and what would mend the rest
  aiex config path                           where your configuration belongs

A model is set as provider/model in the configuration file:
  model = \"work/qwen3-coder\"
  [providers.work]
  base_url = \"http://127.0.0.1:8000/v1\"      any OpenAI-compatible address
  api_key = \"${WORK_API_KEY}\"";

#[derive(Subcommand)]
enum Command {
    /// Be the language server on stdin and stdout; editors start this
    Lsp {
        /// Accepted, since some editors add it; stdin and stdout are used in any case
        #[arg(long)]
        stdio: bool,
    },
    /// Show what an editor shows, on a sample project: a hover, the actions, an explanation, an edit
    Demo,
    /// Explain a file, or the symbol at a place in it, as Markdown
    #[command(after_help = explain::EXAMPLES)]
    Explain {
        /// PATH, PATH:LINE or PATH:LINE:COL; lines and columns count from 1, columns in characters
        place: String,
        /// The model to ask, as provider/model, or `offline`; else that of the configuration
        #[arg(long, value_name = "PROVIDER/MODEL")]
        model: Option<String>,
    },
    /// Change code as you say, as a diff; --write applies it
    #[command(after_help = edit::REFACTOR_EXAMPLES)]
    Refactor {
        /// PATH:LINE or PATH:LINE-LINE; lines count from 1
        place: String,
        /// What is to be done; else a comment `AI: …` at the place says it
        instruction: Option<String>,
        #[command(flatten)]
        options: EditOptions,
    },
    /// Mend what a compiler or a linter finds fault with, as a diff; --write applies it
    #[command(after_help = edit::FIX_EXAMPLES)]
    Fix {
        /// PATH:LINE or PATH:LINE-LINE; lines count from 1
        place: String,
        /// What is said of it; can be given several times
        #[arg(long = "diagnostic", value_name = "TEXT")]
        diagnostics: Vec<String>,
        #[command(flatten)]
        options: EditOptions,
    },
    /// Write the documentation of a definition, as a diff; --write applies it
    #[command(after_help = edit::DOCUMENT_EXAMPLES)]
    Document {
        /// PATH:LINE; lines count from 1
        place: String,
        #[command(flatten)]
        options: EditOptions,
    },
    /// Write the body of a function, a new definition or a new file, as a diff; --write applies it
    #[command(after_help = edit::GENERATE_EXAMPLES)]
    Generate {
        /// PATH or PATH:LINE; lines count from 1. A PATH that does not exist is a new file
        place: String,
        /// What is to be written; else a comment `AI: …` at the place says it, or the function that has no body yet
        instruction: Option<String>,
        #[command(flatten)]
        options: EditOptions,
    },
    /// Write tests of a function, run them in a copy, and show those that pass as a diff; --write adds them
    #[command(after_help = generate_tests::EXAMPLES)]
    GenerateTests {
        /// PATH:LINE; lines count from 1
        place: String,
        /// What the tests are to show in particular
        instruction: Option<String>,
        /// Also add tests that fail, marked as such
        #[arg(long)]
        keep_failing: bool,
        /// Find out with so many small changes of the function, each alone, which of them the tests notice
        #[arg(long, value_name = "N", default_value_t = 0)]
        mutations: usize,
        #[command(flatten)]
        options: EditOptions,
    },
    /// Find what is wrong with code: by its syntax, and by a model where one is set
    #[command(after_help = review::EXAMPLES)]
    Review {
        /// Files, folders, or places: PATH, PATH:LINE
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
        /// Only what has changed since a revision of git, such as HEAD or main
        #[arg(long, value_name = "REV")]
        diff: Option<String>,
        /// The model to ask, as provider/model, or `offline`; else that of the configuration
        #[arg(long, value_name = "PROVIDER/MODEL")]
        model: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the pieces that a file is told in: whole functions, modules, sections
    #[command(after_help = chunks::EXAMPLES)]
    Chunks {
        /// The file
        path: PathBuf,
        /// The most that a chunk may have, in tokens, by an estimate
        #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..))]
        max_tokens: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask a model a question, with files or without
    Ask {
        /// The question
        question: String,
        /// A file that goes with it; can be given several times
        #[arg(long = "file", value_name = "PATH")]
        files: Vec<PathBuf>,
        /// The model to ask, as provider/model; else that of the configuration
        #[arg(long, value_name = "PROVIDER/MODEL")]
        model: Option<String>,
    },
    /// Show what a model would be sent for a place: each piece of code, its tokens, why it is in, and the prompt
    #[command(after_help = context::EXAMPLES)]
    Context {
        /// PATH, PATH:LINE or PATH:LINE:COL; lines and columns count from 1, columns in characters
        place: String,
        /// What the model would be asked to do: explain, refactor, fix, document, generate, generate-tests, review, ask
        #[arg(long, default_value = "explain")]
        intent: Intent,
        /// The most tokens of the whole prompt; else context.budget_tokens of the configuration
        #[arg(long, value_name = "TOKENS")]
        budget: Option<usize>,
        /// How a target that is too long is made shorter, in this order: fold, sample, semantic, truncate; else all
        #[arg(long, value_name = "STRATEGY", value_delimiter = ',')]
        compress: Vec<Strategy>,
        /// The model whose tokens are counted, as provider/model; else that of the configuration
        #[arg(long, value_name = "PROVIDER/MODEL")]
        model: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Count the tokens of files, exactly where the model's vocabulary is public
    #[command(after_help = tokens::EXAMPLES)]
    Tokens {
        /// The files; several have a total
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The model to count for, as provider/model; else that of the configuration
        #[arg(long, value_name = "PROVIDER/MODEL")]
        model: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the providers that are configured or found
    Providers {
        /// Ask each of them for its models, and look for servers on this computer
        #[arg(long)]
        check: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at everything that an answer needs, and say what would mend what is wrong
    Doctor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep keys in the system's keychain
    Auth {
        #[command(subcommand)]
        command: auth::Command,
    },
    /// Show what models were asked, and what it cost
    Usage {
        /// How many days, today included
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the changes that Aiex made to files, and take them back
    #[command(after_help = checkpoints::EXAMPLES)]
    Checkpoints {
        #[command(subcommand)]
        command: checkpoints::Command,
    },
    /// Show, find or check the configuration
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Say in which workspaces the repository's own code may run (builds, tests, formatters)
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
}

#[derive(clap::Args)]
struct EditOptions {
    /// Write the change to the file; `aiex checkpoints restore` takes it back
    #[arg(long)]
    write: bool,
    /// The model to ask, as provider/model, or `offline`; else that of the configuration
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: Option<String>,
}

impl EditOptions {
    fn wanted(self, intent: Intent, place: String, instruction: Option<String>) -> edit::Wanted {
        let Self { write, model } = self;
        edit::Wanted { intent, place, instruction, diagnostics: Vec::new(), model, write }
    }
}

#[derive(Subcommand)]
enum TrustCommand {
    /// Trust a workspace: its build scripts and tests may run
    Add {
        /// Its top folder
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Trust it no longer
    Remove {
        /// Its top folder
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// List the trusted workspaces
    List,
}

/// Runs the command line and returns its exit code. Wrong usage ends the process with 2, as clap does.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Lsp { stdio: _ } => crate::lsp::main(),
        Command::Demo => demo::demo().map(|()| ExitCode::SUCCESS),
        Command::Explain { place, model } => explain::explain(&place, model),
        Command::Refactor { place, instruction, options } => {
            edit::edit(options.wanted(Intent::Refactor, place, instruction))
        }
        Command::Fix { place, diagnostics, options } => {
            edit::edit(edit::Wanted { diagnostics, ..options.wanted(Intent::Fix, place, None) })
        }
        Command::Document { place, options } => edit::edit(options.wanted(Intent::Document, place, None)),
        Command::Generate { place, instruction, options } => {
            edit::edit(options.wanted(Intent::Generate, place, instruction))
        }
        Command::GenerateTests { place, instruction, keep_failing, mutations, options } => {
            let EditOptions { write, model } = options;
            let wanted = generate_tests::Wanted { place, instruction, model, write, keep_failing, mutations };
            generate_tests::generate_tests(wanted)
        }
        Command::Review { paths, diff, model, json } => review::review(paths, diff, model, json),
        Command::Chunks { path, max_tokens, json } => {
            chunks::chunks(&path, max_tokens, json).map(|()| ExitCode::SUCCESS)
        }
        Command::Ask { question, files, model } => ask::ask(&question, &files, model),
        Command::Context { place, intent, budget, compress, model, json } => {
            context::context(&place, intent, budget, compress, model, json)
        }
        Command::Tokens { paths, model, json } => tokens::tokens(&paths, model, json).map(|()| ExitCode::SUCCESS),
        Command::Providers { check, json } => providers::providers(check, json),
        Command::Doctor { json } => doctor::doctor(json),
        Command::Auth { command } => auth::auth(&command).map(|()| ExitCode::SUCCESS),
        Command::Usage { days, json } => usage::usage(days, json).map(|()| ExitCode::SUCCESS),
        Command::Checkpoints { command } => checkpoints::checkpoints(&command).map(|()| ExitCode::SUCCESS),
        Command::Config { command } => config::config(&command),
        Command::Trust { command } => match command {
            TrustCommand::Add { path } => trust::add(&path),
            TrustCommand::Remove { path } => trust::remove(&path),
            TrustCommand::List => trust::list(),
        }
        .map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        // A reader that has seen enough, such as `head`, is no failure.
        let pipe = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
        if pipe.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("aiex: {error:#}");
        ExitCode::FAILURE
    })
}

/// The text of a file, whole.
fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("{} is not UTF-8 text; convert it first, for example with iconv", path.display()))
}

/// Writes to stdout, at once.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Says on stderr what is wrong with the configuration.
fn warn(problems: &[crate::config::Problem]) {
    problems.iter().for_each(|problem| eprintln!("aiex: {problem}"));
}

/// Cells under each other, two spaces between; from column `right` on, they stand at the right.
fn columns<const N: usize>(rows: &[[String; N]], right: usize) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at >= right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
