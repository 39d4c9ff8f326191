//! Taking changes back: what a restore does to each file, and files that are written whole or not at all.

#[cfg(test)]
mod tests;

use std::{
    fs,
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use aiex_store::{Checkpoint, CheckpointFile, CheckpointId, NewCheckpoint, Store};

/// What is done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Absolute.
    pub path: PathBuf,
    /// What it holds now; `None` where there is no such file. Where it holds something else by then, nothing is done.
    pub expect: Option<String>,
    /// What it will hold; `None` where it is deleted.
    pub to: Option<String>,
}

/// Text of a file, or `None` where there is no such file; or, as a sentence, why it cannot be read as text.
pub fn present(path: &Path) -> Result<Option<String>, String> {
    // A pipe would keep its reader waiting.
    if fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return Err(format!("{} is no longer a file.", path.display()));
    }
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(format!("{} is no longer UTF-8 text.", path.display())),
        },
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            // A link that leads nowhere is something, too.
            match fs::symlink_metadata(path) {
                Ok(_) => Err(format!("{} is a link that leads nowhere.", path.display())),
                Err(_) => Ok(None),
            }
        }
        Err(error) => Err(format!("{} cannot be read: {error}.", path.display())),
    }
}

/// What brings the files of a checkpoint back; files that are as they were are left out. `present` tells what a file
/// holds now: on disk, or in an editor.
///
/// # Errors
/// As a sentence: files whose present content is neither that after the change nor that before it hold later work. With
/// `force` that is overwritten.
pub fn plan(
    checkpoint: &Checkpoint,
    force: bool,
    present: impl Fn(&Path) -> Result<Option<String>, String>,
) -> Result<Vec<Restore>, String> {
    let mut restores = Vec::new();
    let mut later = Vec::new();
    for file in &checkpoint.files {
        let path = PathBuf::from(&file.path);
        let now = present(&path)?;
        if now == file.before {
            continue;
        }
        if now != file.after && !force {
            later.push(shown(&checkpoint.row.workspace, &file.path));
        }
        restores.push(Restore { path, expect: now, to: file.before.clone() });
    }
    match later.split_last() {
        None => Ok(restores),
        Some((last, others)) => {
            let names = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
            let (was, it) = if others.is_empty() { ("was", "it") } else { ("were", "them") };
            let id = checkpoint.row.id.0;
            Err(format!(
                "{names} {was} changed after checkpoint {id}, and restoring {it} would lose that work: nothing was \
                 changed. With --force (of `aiex.undo`, `force`) it is overwritten, and kept as a checkpoint of its own."
            ))
        }
    }
}

/// A path below its workspace, for people; without characters that a terminal would act on.
pub fn shown(workspace: &str, path: &str) -> String {
    let below = Path::new(path).strip_prefix(workspace).unwrap_or(Path::new(path));
    below.display().to_string().replace(std::path::MAIN_SEPARATOR, "/").replace(char::is_control, "\u{fffd}")
}

/// Does all of it, or, where something is in the way, nothing. `workspace` is the folder out of which no file may be.
/// Each file is written beside its place and renamed; it keeps its permissions, and a link stays one. The time between
/// the look at a file and its replacement is short, not zero. Blocks.
///
/// # Errors
/// As a sentence.
pub fn apply(workspace: &Path, restores: &[Restore]) -> Result<(), String> {
    let top = workspace.canonicalize();
    let top = top.map_err(|error| format!("The workspace {} is not there: {error}.", workspace.display()))?;
    // Everything that can be told beforehand is, before the first file is touched.
    let places: Vec<_> = restores.iter().map(|one| place(&top, workspace, one)).collect::<Result<_, _>>()?;
    for (at, (place, restore)) in places.iter().zip(restores).enumerate() {
        if let Err(error) = write(place, restore.to.as_deref()) {
            let mut said = format!("{} could not be written: {error}.", restore.path.display());
            for (place, done) in places.iter().zip(restores).take(at).rev() {
                if let Err(error) = write(place, done.expect.as_deref()) {
                    said.push_str(&format!(" {} was changed and stays so: {error}.", done.path.display()));
                }
            }
            return Err(said);
        }
    }
    Ok(())
}

/// Where a file is written: its path, or that behind its link.
fn place(top: &Path, workspace: &Path, restore: &Restore) -> Result<PathBuf, String> {
    let path = &restore.path;
    let name = path.display();
    let outside = || format!("{name} is outside of the workspace {}: nothing was changed.", workspace.display());
    let plain = path.components().all(|part| !matches!(part, Component::ParentDir | Component::CurDir));
    if !path.is_absolute() || !plain || !(path.starts_with(workspace) || path.starts_with(top)) {
        return Err(outside());
    }
    if present(path)? != restore.expect {
        return Err(format!("{name} was changed meanwhile: nothing was changed. Try again."));
    }
    let place = match fs::symlink_metadata(path) {
        Ok(_) => path.canonicalize().map_err(|error| format!("{name} cannot be found: {error}."))?,
        // Its nearest folder that is there decides where it will be.
        Err(_) => {
            let folder = path.ancestors().skip(1).find(|folder| fs::symlink_metadata(folder).is_ok());
            let folder = folder.ok_or_else(outside)?;
            let real = folder.canonicalize().map_err(|error| format!("{name} cannot be made: {error}."))?;
            real.join(path.strip_prefix(folder).unwrap_or(path))
        }
    };
    if !place.starts_with(top) || place == *top {
        return Err(outside());
    }
    let read_only = fs::metadata(&place).is_ok_and(|file| file.permissions().readonly());
    if read_only {
        return Err(format!("{name} may only be read: nothing was changed. Make it writable and try again."));
    }
    // What is deleted is the file itself: behind a link, it would leave the link without an end.
    if restore.to.is_none() && place != *path && fs::symlink_metadata(path).is_ok_and(|file| file.is_symlink()) {
        return Err(format!("{name} has become a link: nothing was changed. Delete it yourself, if you want to."));
    }
    Ok(place)
}

/// Replaces a file, or deletes it, in one step.
fn write(place: &Path, to: Option<&str>) -> io::Result<()> {
    let Some(text) = to else {
        return match fs::remove_file(place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".aiex-");
    let old = fs::metadata(place).ok();
    // A new file is as any other, by the umask; one that was private never is readable to others.
    #[cfg(unix)]
    if old.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(place).map_err(|error| error.error)?;
    Ok(())
}

/// Changes files of a workspace on disk; what they held is kept first. Blocks.
///
/// # Errors
/// As a sentence. Then nothing was changed.
pub fn change(store: &Store, workspace: &Path, title: &str, files: &[Restore]) -> Result<CheckpointId, String> {
    let kept: Vec<_> = files.iter().map(kept).collect();
    let new = NewCheckpoint {
        workspace: &workspace.to_string_lossy(),
        title,
        at: SystemTime::now(),
        restores: None,
        files: &kept,
    };
    let id = store.add_checkpoint(&new).map_err(|error| error.to_string())?;
    applied(store, workspace, files, id)?;
    Ok(id)
}

/// Does it; the checkpoint that was made for it goes again where nothing was changed after all.
fn applied(store: &Store, workspace: &Path, files: &[Restore], checkpoint: CheckpointId) -> Result<(), String> {
    let Err(error) = apply(workspace, files) else { return Ok(()) };
    if files.iter().all(|file| present(&file.path).as_ref() == Ok(&file.expect)) {
        store.remove_checkpoint(checkpoint).map_err(|error| error.to_string())?;
        return Err(error);
    }
    Err(format!("{error} What the files held is kept as checkpoint {}.", checkpoint.0))
}

fn kept(restore: &Restore) -> CheckpointFile {
    let path = restore.path.to_string_lossy().into_owned();
    CheckpointFile { path, before: restore.expect.clone(), after: restore.to.clone() }
}

/// What a restore did.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// Which checkpoint was restored.
    pub id: CheckpointId,
    /// The checkpoint that takes the restore back; `None` where nothing had to be changed.
    pub undo: Option<CheckpointId>,
    /// The files that were changed.
    pub paths: Vec<PathBuf>,
}

/// The checkpoint of a workspace that a restore without a number means: the newest that was not restored, and that was
/// not made by a restore.
pub fn last(store: &Store, workspace: &str) -> Result<CheckpointId, String> {
    let rows = store.checkpoints(Some(workspace), usize::MAX).map_err(|error| error.to_string())?;
    let last = rows.into_iter().find(|row| row.restored_at.is_none() && row.restores.is_none());
    last.map(|row| row.id).ok_or_else(|| format!("Aiex has changed nothing in {workspace} that could be restored."))
}

/// Brings the files of a checkpoint back on disk. What they hold now is kept as a checkpoint first. Blocks.
///
/// # Errors
/// As a sentence. Then nothing was changed.
pub fn restore(store: &Store, id: CheckpointId, force: bool, now: SystemTime) -> Result<Restored, String> {
    let found = store.checkpoint(id).map_err(|error| error.to_string())?;
    let checkpoint = found.ok_or_else(|| {
        format!("There is no checkpoint {}, or no longer. `aiex checkpoints list` shows those there are.", id.0)
    })?;
    let workspace = Path::new(&checkpoint.row.workspace);
    let restores = plan(&checkpoint, force, present)?;
    let undo = match keep(store, &checkpoint, &restores, now)? {
        None => None,
        Some(undo) => {
            applied(store, workspace, &restores, undo)?;
            Some(undo)
        }
    };
    store.mark_restored(id, now).map_err(|error| error.to_string())?;
    Ok(Restored { id, undo, paths: restores.into_iter().map(|restore| restore.path).collect() })
}

/// Keeps, before a restore, what its files hold now; `None` where it changes nothing.
pub fn keep(
    store: &Store,
    checkpoint: &Checkpoint,
    restores: &[Restore],
    now: SystemTime,
) -> Result<Option<CheckpointId>, String> {
    if restores.is_empty() {
        return Ok(None);
    }
    let files: Vec<_> = restores.iter().map(kept).collect();
    let row = &checkpoint.row;
    let new = NewCheckpoint {
        workspace: &row.workspace,
        title: &format!("Restore {}: {}", row.id.0, row.title),
        at: now,
        restores: Some(row.id),
        files: &files,
    };
    store.add_checkpoint(&new).map(Some).map_err(|error| error.to_string())
}
