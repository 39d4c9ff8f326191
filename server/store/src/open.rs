//! Opens the database file, which is its owner's alone, and holds the connection.

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{
    StoreError,
    schema::{self, Refused},
};

/// How long another process may keep the database to itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database, open. Threads may share one.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database at `path`, and makes it where there is none: a new file is readable for its owner only
    /// (0600), and so are new folders above it (0700). A database of an older Aiex is brought to today's format.
    ///
    /// # Errors
    /// See [`StoreError`]. A file that is refused is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives names such as `:memory:` and `file:…` a meaning; an absolute path has none but its own.
        let path = std::path::absolute(path).map_err(|error| StoreError::open(path, &error))?;
        make_private(&path)?;
        match connect(&path) {
            Ok(connection) => Ok(Self { path, connection: Mutex::new(connection) }),
            Err(Refused::Sqlite(error)) => Err(StoreError::sqlite(&path, &error)),
            Err(Refused::Newer { found, known }) => Err(StoreError::Newer { path, found, known }),
            Err(Refused::Foreign(reason)) => Err(StoreError::NotADatabase { path, reason: reason.into() }),
            Err(Refused::ReadOnly) => Err(StoreError::Open { path, reason: "it may only be read".into() }),
        }
    }

    /// The connection, for as long as one call needs it.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A call that panicked has rolled back what it began, so the connection is good.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What SQLite reported, as an error about this database.
    pub(crate) fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, &error)
    }
}

/// Makes the folder and an empty file, unless there are some. SQLite gives the files that it puts beside a database the
/// database's own mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    // A POSIX lock ends when its process closes any handle of the file, and SQLite relies on those locks. So a file
    // that another thread may have open is never opened here, and a new one is closed before the next thread sees it.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| StoreError::folder(folder, &error))?;
    }
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| StoreError::open(path, &error))
}

fn connect(path: &Path) -> Result<Connection, Refused> {
    // Without SQLITE_OPEN_CREATE, with which SQLite makes files that others may read. The mutex of `Store` replaces its
    // own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite takes one byte for an empty file, and would write over it.
    if fs::metadata(path).is_ok_and(|file| file.len() == 1) {
        return Err(Refused::Foreign("it has only one byte"));
    }
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // Before anything is changed: what is no database of Aiex stays as it is.
    schema::format(&connection)?;
    if connection.is_readonly("main")? {
        return Err(Refused::ReadOnly);
    }
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Switches to a write-ahead log, so that readers and a writer don't wait for each other. SQLite does not apply its
/// busy timeout to this step, and several processes take it at once where the file is new.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}
