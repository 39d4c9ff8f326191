//! `aiex trust`: the list of workspaces whose code may run.

use std::path::Path;

use anyhow::Result;

use super::print;
use crate::config::{self, Places, trust};

pub(super) fn add(path: &Path) -> Result<()> {
    match trust::add(path)? {
        (folder, true) => eprintln!("Trusted: {}. Its builds and tests may run.", folder.display()),
        (folder, false) => eprintln!("{} was trusted already.", folder.display()),
    }
    Ok(())
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match trust::remove(path)? {
        (folder, true) => eprintln!("No longer trusted: {}.", folder.display()),
        (folder, false) => eprintln!("{} was not trusted.", folder.display()),
    }
    Ok(())
}

pub(super) fn list() -> Result<()> {
    let loaded = config::load(&Places::default());
    super::warn(&loaded.problems);
    let lines: String = trust::list(&loaded.config).iter().map(|folder| format!("{}\n", folder.display())).collect();
    Ok(print(&lines)?)
}
