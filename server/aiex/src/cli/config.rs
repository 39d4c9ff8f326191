//! `aiex config`: shows what is in force, says where it belongs, checks it.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Subcommand;

use super::print;
use crate::{config, paths, workspace};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show the configuration in force here, as TOML, keys masked
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say where your configuration file belongs
    Path,
    /// Print the configuration's JSON Schema, for editors that complete and check TOML with one
    Schema,
    /// Check your file, this folder's `.aiex.toml` and the environment; exits with 1 if something is wrong
    Check,
}

pub(super) fn config(command: &Command) -> Result<ExitCode> {
    if let Command::Path = command {
        let path = paths::config_file().context("there is no home folder; set AIEX_CONFIG to a file")?;
        print(&format!("{}\n", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Schema = command {
        let schema = serde_json::to_string_pretty(&config::schema())?;
        print(&format!("{schema}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let places = config::Places { workspaces: vec![workspace::root_of(Path::new("."))], ..Default::default() };
    let loaded = config::load(&places);
    super::warn(&loaded.problems);
    match command {
        Command::Show { json } => {
            let masked = loaded.config.masked();
            print(&match json {
                true => serde_json::to_string_pretty(&masked)? + "\n",
                false => toml::to_string(&masked)?,
            })?;
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            for key in &loaded.not_yet {
                eprintln!("aiex: note: `{key}` is understood, but has no effect in this version yet");
            }
            let files = loaded.files.iter().map(|(path, found)| {
                format!("{} {}\n", if found.is_some() { "read   " } else { "missing" }, path.display())
            });
            print(&files.collect::<String>())?;
            Ok(if loaded.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
