//! The user's own templates of system prompts: `templates/INTENT.md` beside their configuration file.

use std::{fs, io};

use aiex_assist::{render_template, template_name};
use aiex_context::Intent;

use crate::paths;

/// The user's template of an intent, if there is one.
///
/// # Errors
/// A sentence that says what is wrong with it: what the user wrote is not passed over in silence.
pub fn of(intent: Intent) -> Result<Option<String>, String> {
    let Some(folder) = paths::config_file().and_then(|file| Some(file.parent()?.join("templates"))) else {
        return Ok(None);
    };
    let file = folder.join(format!("{}.md", template_name(intent)));
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the template {} cannot be read: {error}", file.display())),
    };
    match render_template(intent, Some(&text), "en") {
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(format!("the template {} cannot be used: {error}", file.display())),
    }
}
