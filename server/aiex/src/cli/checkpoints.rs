//! `aiex checkpoints`: the changes that Aiex made, as diffs, and the way back.

use std::{path::Path, time::SystemTime};

use aiex_store::{Checkpoint, CheckpointId, CheckpointRow};
use anyhow::{Context as _, Error, Result};
use clap::Subcommand;

use super::print;
use crate::{checkpoints, ledger::Database, unified_diff::unified, workspace};

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex checkpoints list              the changes in this workspace, the last one first
  aiex checkpoints show 12           what the change did, as a diff
  aiex checkpoints restore           takes the last change back
  aiex checkpoints restore 12        takes this one back, and no other";

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the changes that Aiex made to files, the last one first
    List {
        /// Those of all workspaces, not only of the one here
        #[arg(long)]
        all: bool,
    },
    /// Show what a change did, as a unified diff
    Show {
        /// Its number, as `list` shows it
        id: i64,
    },
    /// Bring back what files held before a change; later work in them is not overwritten
    Restore {
        /// Its number, as `list` shows it; else the last change in the workspace here that was not restored
        id: Option<i64>,
        /// Overwrite later work, too
        #[arg(long)]
        force: bool,
    },
}

/// How many are listed.
const MOST: usize = 200;

pub(super) fn checkpoints(command: &Command) -> Result<()> {
    let store = Database::default().open().map_err(Error::msg)?;
    let here = workspace::root_of(Path::new(".")).display().to_string();
    match command {
        Command::List { all } => {
            let rows = store.checkpoints((!all).then_some(&*here), MOST)?;
            if rows.is_empty() {
                eprintln!("Aiex has changed no files{}.", if *all { "" } else { " of this workspace" });
                return Ok(());
            }
            Ok(print(&table(&rows, *all))?)
        }
        Command::Show { id } => {
            let found = store.checkpoint(CheckpointId(*id))?;
            let none =
                || format!("there is no checkpoint {id}, or no longer; `aiex checkpoints list` shows those there are");
            Ok(print(&diff(&found.with_context(none)?))?)
        }
        Command::Restore { id, force } => {
            let id = match id {
                Some(id) => CheckpointId(*id),
                None => checkpoints::last(&store, &here).map_err(Error::msg)?,
            };
            let restored = checkpoints::restore(&store, id, *force, SystemTime::now()).map_err(Error::msg)?;
            for path in &restored.paths {
                eprintln!("Restored {}", checkpoints::shown(&here, &path.to_string_lossy()));
            }
            match restored.undo {
                Some(undo) => eprintln!("To undo this: aiex checkpoints restore {}", undo.0),
                None => eprintln!("The files are as they were before checkpoint {} already.", id.0),
            }
            Ok(())
        }
    }
}

/// What the change of a checkpoint did.
fn diff(checkpoint: &Checkpoint) -> String {
    let diff = |file: &aiex_store::CheckpointFile| {
        let below = Path::new(&file.path).strip_prefix(&checkpoint.row.workspace).unwrap_or(Path::new(&file.path));
        let path = below.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
        let side = |text: &Option<String>| text.as_ref().map(|_| path.clone());
        unified(
            side(&file.before).as_deref(),
            side(&file.after).as_deref(),
            file.before.as_deref().unwrap_or_default(),
            file.after.as_deref().unwrap_or_default(),
        )
    };
    checkpoint.files.iter().map(diff).collect()
}

fn table(rows: &[CheckpointRow], all: bool) -> String {
    let lines = rows.iter().map(|row| {
        let files = match &*row.paths {
            [path] => checkpoints::shown(&row.workspace, path),
            paths => format!("{} files", paths.len()),
        };
        let title = match row.restored_at {
            Some(_) => format!("{} (restored)", row.title),
            None => row.title.clone(),
        };
        let title = title.replace(char::is_control, " ");
        let workspace = if all { row.workspace.replace(char::is_control, "\u{fffd}") } else { String::new() };
        [row.id.0.to_string(), row.local_time.clone(), title, files, workspace]
    });
    super::columns(&lines.collect::<Vec<_>>(), 5)
}
