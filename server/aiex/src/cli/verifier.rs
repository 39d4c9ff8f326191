//! What builds and tests a project for the command line, if its code may run.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
};

use aiex_tools::Project;

use super::place::Found;
use crate::{
    config::trust,
    verify::{self, Verifier},
};

/// That of the project of a place. Asks on a terminal, where the workspace is not trusted yet.
///
/// # Errors
/// Why nothing can be run, as a sentence.
pub(super) fn of(found: &Found) -> Result<Verifier, String> {
    let project = Project::of(&found.absolute).ok_or("the file belongs to no cargo package and no mix project.")?;
    if !trust::covers(&found.loaded.config, &project.root) && !allowed(&project)? {
        let folder = project.root.display();
        return Err(format!(
            "the workspace is not trusted; `aiex trust add {folder}` lets its builds and tests run, in copies."
        ));
    }
    let workspace = found.workspace.canonicalize().unwrap_or_else(|_| found.workspace.clone());
    Verifier::new(project, &workspace, Arc::new(Vec::new))
}

fn allowed(project: &Project) -> Result<bool, String> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    eprint!("{} [y/N] ", verify::question(&project.root, project));
    let mut answer = String::new();
    io::stderr().flush().and_then(|()| io::stdin().read_line(&mut answer)).map_err(|error| error.to_string())?;
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(false);
    }
    trust::add(&project.root).map(|_| true).map_err(|error| format!("{error:#}"))
}
