//! What files held before Aiex changed them, so that a change can be taken back, also after a restart.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior};

use crate::{Store, StoreError, time::millis_since_1970};

/// The most checkpoints that are kept.
const MOST: i64 = 200;
/// The most bytes of contents that are kept, before and after together.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// A change that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCheckpoint<'a> {
    /// The workspace's folder, absolute.
    pub workspace: &'a str,
    /// What the change does, for people.
    pub title: &'a str,
    /// Now.
    pub at: SystemTime,
    /// The checkpoint that this change brings back, where it does that.
    pub restores: Option<CheckpointId>,
    /// The files that it changes.
    pub files: &'a [CheckpointFile],
}

/// A file of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointFile {
    /// Absolute.
    pub path: String,
    /// What it held before the change; `None` where there was no such file.
    pub before: Option<String>,
    /// What it holds after the change; `None` where there is no such file.
    pub after: Option<String>,
}

/// Names a checkpoint. Later ones have greater numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointId(pub i64);

/// A checkpoint without the contents of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Its name.
    pub id: CheckpointId,
    /// The workspace's folder.
    pub workspace: String,
    /// What the change did.
    pub title: String,
    /// When it was made, to the millisecond.
    pub at: SystemTime,
    /// The same in local time, such as `2026-11-21 14:05`.
    pub local_time: String,
    /// When its files were brought back; `None`: never, or that was undone.
    pub restored_at: Option<SystemTime>,
    /// The checkpoint that it brought back, where it did that.
    pub restores: Option<CheckpointId>,
    /// The paths of its files, in the order in which they were given.
    pub paths: Vec<String>,
}

/// A checkpoint with the contents of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// All but the contents.
    pub row: CheckpointRow,
    /// In the order in which they were given.
    pub files: Vec<CheckpointFile>,
}

const ROWS: &str = "SELECT id, workspace, title, at, strftime('%Y-%m-%d %H:%M', at / 1000, 'unixepoch', 'localtime'),
                           restored_at, restores
                    FROM checkpoints";

impl Store {
    /// Keeps the old contents of files before they are changed. At most 200 checkpoints and 64 MiB of contents are
    /// kept: the oldest go.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] where this one alone is larger than that; else see [`StoreError`].
    pub fn add_checkpoint(&self, new: &NewCheckpoint<'_>) -> Result<CheckpointId, StoreError> {
        let bytes: usize =
            new.files.iter().flat_map(|file| [&file.before, &file.after]).flatten().map(String::len).sum();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if bytes > MOST_BYTES {
            return Err(StoreError::TooLarge { path: self.path().into(), most: MOST_BYTES / 1024 / 1024 });
        }
        add(&mut self.connection(), new, bytes).map_err(|error| self.failed(error))
    }

    /// The newest checkpoints of a workspace, or of all, at most so many; the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn checkpoints(&self, workspace: Option<&str>, most: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        let connection = self.connection();
        let rows = || {
            let sql = format!("{ROWS} WHERE ?1 IS NULL OR workspace = ?1 ORDER BY id DESC LIMIT ?2");
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut query = connection.prepare(&sql)?;
            let rows: rusqlite::Result<Vec<_>> = query.query_map((workspace, most), row)?.collect();
            let mut rows = rows?;
            let mut query =
                connection.prepare("SELECT path FROM checkpoint_files WHERE checkpoint = ?1 ORDER BY place")?;
            for row in &mut rows {
                row.paths = query.query_map([row.id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
            }
            Ok(rows)
        };
        rows().map_err(|error| self.failed(error))
    }

    /// A checkpoint with its contents; `None` where there is no such one, or no longer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn checkpoint(&self, id: CheckpointId) -> Result<Option<Checkpoint>, StoreError> {
        let connection = self.connection();
        let whole = || {
            let found = connection.query_row(&format!("{ROWS} WHERE id = ?1"), [id.0], row).optional()?;
            let Some(mut row) = found else { return Ok(None) };
            let sql = "SELECT path, before, after FROM checkpoint_files WHERE checkpoint = ?1 ORDER BY place";
            let mut query = connection.prepare(sql)?;
            let file =
                |row: &Row<'_>| Ok(CheckpointFile { path: row.get(0)?, before: row.get(1)?, after: row.get(2)? });
            let files: Vec<_> = query.query_map([id.0], file)?.collect::<Result<_, _>>()?;
            row.paths = files.iter().map(|file: &CheckpointFile| file.path.clone()).collect();
            Ok(Some(Checkpoint { row, files }))
        };
        whole().map_err(|error| self.failed(error))
    }

    /// Forgets a checkpoint: the change that it was made for was not made. Nothing happens where there is no such one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remove_checkpoint(&self, id: CheckpointId) -> Result<(), StoreError> {
        let done = self.connection().execute("DELETE FROM checkpoints WHERE id = ?1", [id.0]);
        done.map(drop).map_err(|error| self.failed(error))
    }

    /// Keeps that the files of a checkpoint were brought back at the time `at`. Where the checkpoint was itself made for
    /// bringing back another, that one counts as not brought back again. Returns whether there is such a checkpoint.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn mark_restored(&self, id: CheckpointId, at: SystemTime) -> Result<bool, StoreError> {
        // One statement, and so one step.
        let sql = "UPDATE checkpoints SET restored_at = CASE id WHEN ?1 THEN ?2 END
                   WHERE id = ?1 OR id = (SELECT restores FROM checkpoints WHERE id = ?1)";
        let changed = self.connection().execute(sql, (id.0, millis_since_1970(at)));
        changed.map(|rows| rows > 0).map_err(|error| self.failed(error))
    }
}

fn add(connection: &mut Connection, new: &NewCheckpoint<'_>, bytes: i64) -> rusqlite::Result<CheckpointId> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let restores = new.restores.map(|id| id.0);
    transaction.execute(
        "INSERT INTO checkpoints (workspace, title, at, restores, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
        (new.workspace, new.title, millis_since_1970(new.at), restores, bytes),
    )?;
    let id = transaction.last_insert_rowid();
    {
        let sql = "INSERT INTO checkpoint_files (checkpoint, place, path, before, after) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = transaction.prepare(sql)?;
        for (place, file) in (0_i64..).zip(new.files) {
            insert.execute((id, place, &file.path, &file.before, &file.after))?;
        }
    }
    // The new one is the first of them, and fits.
    transaction.execute(
        "DELETE FROM checkpoints WHERE id IN (
           SELECT id FROM (SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest AS total
                           FROM checkpoints WINDOW newest AS (ORDER BY id DESC))
           WHERE place > ?1 OR total > ?2)",
        (MOST, MOST_BYTES),
    )?;
    transaction.commit()?;
    Ok(CheckpointId(id))
}

/// One of [`ROWS`], without its paths.
fn row(row: &Row<'_>) -> rusqlite::Result<CheckpointRow> {
    Ok(CheckpointRow {
        id: CheckpointId(row.get(0)?),
        workspace: row.get(1)?,
        title: row.get(2)?,
        at: time(row.get(3)?),
        local_time: row.get(4)?,
        restored_at: row.get::<_, Option<i64>>(5)?.map(time),
        restores: row.get::<_, Option<i64>>(6)?.map(CheckpointId),
        paths: Vec::new(),
    })
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
