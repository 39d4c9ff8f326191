//! Why the database could not be used, in words that a user can act on.

use std::{io, path::Path, path::PathBuf};

use rusqlite::ErrorCode;

/// Why the database could not be used.
///
/// In every variant `path` is the database file or folder that it is about, and `reason` what the system or SQLite
/// said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields that recur are described once, above")]
pub enum StoreError {
    /// The folder for the database could not be made.
    #[error(
        "Could not make the folder {path}: {reason}. Check the permissions there, or set AIEX_HOME to a folder that \
         you may write to."
    )]
    Folder { path: PathBuf, reason: String },

    /// The file could not be made or opened.
    #[error(
        "Could not open the database {path}: {reason}. Check that you may write to it and to its folder, or set \
         AIEX_HOME to a folder that you may write to."
    )]
    Open { path: PathBuf, reason: String },

    /// The file is no database, is damaged, or belongs to another program. It was left as it is.
    #[error("{path} is not a database of Aiex, or is damaged: {reason}. Move it away; Aiex then makes a new one.")]
    NotADatabase { path: PathBuf, reason: String },

    /// The database has a format that only a newer Aiex knows. It was left as it is.
    #[error(
        "The database {path} was made by a newer Aiex: its format is {found}, and this Aiex knows those up to {known}. \
         Update Aiex, or move the file away; Aiex then makes a new one."
    )]
    Newer {
        path: PathBuf,
        /// The file's format, counted in migrations.
        found: usize,
        /// The newest format that this program knows.
        known: usize,
    },

    /// Another process kept the database to itself for 5 seconds.
    #[error(
        "The database {path} was kept locked by another program for too long. Try again; if it happens again, close \
         the program that has it open."
    )]
    Busy { path: PathBuf },

    /// No room on the disk.
    #[error("There is no room left on the disk for the database {path}. Free some and try again.")]
    Full { path: PathBuf },

    /// A request was settled that the database does not have.
    #[error(
        "The database {path} does not know this request, so what it used was not counted. If the file was replaced \
         while Aiex ran, restart Aiex."
    )]
    UnknownRequest { path: PathBuf },

    /// A checkpoint has more contents than are kept of all of them. Nothing was kept.
    #[error(
        "The files to be changed are too large to keep what they held: together, before and after, they have more than \
         {most} MiB. Change fewer of them at a time."
    )]
    TooLarge {
        path: PathBuf,
        /// In MiB.
        most: i64,
    },

    /// Anything else that SQLite reports.
    #[error(
        "Could not use the database {path}: {reason}. Try again; if it happens again, move the file away, and Aiex \
         makes a new one."
    )]
    Failed { path: PathBuf, reason: String },
}

impl StoreError {
    pub(crate) fn folder(path: &Path, error: &io::Error) -> Self {
        Self::Folder { path: path.into(), reason: error.to_string() }
    }

    pub(crate) fn open(path: &Path, error: &io::Error) -> Self {
        Self::Open { path: path.into(), reason: error.to_string() }
    }

    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_path_buf(), reason(error));
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::NotADatabase { path, reason },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Open { path, reason }
            }
            _ => Self::Failed { path, reason },
        }
    }
}

/// What SQLite said. Its own text repeats the path where a file could not be opened, and calls a file
/// read-only where its folder is.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::CannotOpen => {
            "it could not be opened or made".to_owned()
        }
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::ReadOnly => {
            "it may only be read".to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(said)) => said.clone(),
        other => other.to_string(),
    }
}
