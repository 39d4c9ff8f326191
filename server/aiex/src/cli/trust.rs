//! `aiex trust`: the list of workspaces whose code may run.

use std::path::Path;

use anyhow::Result;

use super::print;
use crate::{
    config::{self, Places, trust},
    verify,
};

pub(super) fn add(path: &Path) -> Result<()> {
    match trust::add(path)? {
        (folder, true) => eprintln!("Trusted: {}. Its builds and tests may run.", folder.display()),
        (folder, false) => eprintln!("{} was trusted already.", folder.display()),
    }
    Ok(())
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match trust::remove(path)? {
        (folder, true) => {
            if !still_covered(&folder) {
                eprintln!("No longer trusted: {}.", folder.display());
            }
            // What was built of it goes, too.
            if let Ok(shadows) = verify::shadows()
                && let Err(error) = shadows.remove(&folder)
            {
                eprintln!("aiex: the copy that was built of it stays for now: {error}");
            }
        }
        (folder, false) => {
            if !still_covered(&folder) {
                eprintln!("{} was not trusted.", folder.display());
            }
        }
    }
    Ok(())
}

/// Whether a folder above is still trusted, and with it this one; says so.
fn still_covered(folder: &Path) -> bool {
    let above = trust::covering(&config::load(&Places::default()).config, folder);
    if let Some(above) = &above {
        let (folder, above) = (folder.display(), above.display());
        eprintln!("aiex: {folder} stays trusted, since {above} is; `aiex trust remove {above}` changes that");
    }
    above.is_some()
}

pub(super) fn list() -> Result<()> {
    let loaded = config::load(&Places::default());
    super::warn(&loaded.problems);
    let lines: String = trust::list(&loaded.config).iter().map(|folder| format!("{}\n", folder.display())).collect();
    Ok(print(&lines)?)
}
