//! The tables of the database, and how a file of an older format becomes one of today's.

use rusqlite::{Connection, TransactionBehavior};

/// Each migration leads from the format of its index to the next one. One that was released never changes.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/1_usage.sql"),
    include_str!("migrations/2_consents.sql"),
    include_str!("migrations/3_token_ratios.sql"),
    include_str!("migrations/4_checkpoints.sql"),
    include_str!("migrations/5_dismissed.sql"),
];

/// `PRAGMA application_id` of every database of Aiex: the letters AIEX.
const APPLICATION: i64 = 0x4149_4558;

/// Why a database was left as it is.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is none of Aiex, for this reason.
    Foreign(&'static str),
    /// Its format is newer than the newest that is known here; both count migrations.
    Newer { found: usize, known: usize },
    /// The file, or the disk, may not be written.
    ReadOnly,
    /// SQLite could not read or change it.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The format of the database, in migrations made: 0 for an empty one. Changes nothing.
pub(crate) fn format(connection: &Connection) -> Result<usize, Refused> {
    // In one statement, and so of one moment: another process may be making the tables right now.
    let (application, version, tables): (i64, i64, i64) = connection.query_row(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if (application, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    match usize::try_from(version) {
        Ok(found) if application == APPLICATION && found > MIGRATIONS.len() => {
            Err(Refused::Newer { found, known: MIGRATIONS.len() })
        }
        Ok(version) if application == APPLICATION => Ok(version),
        _ => Err(Refused::Foreign("it belongs to another program")),
    }
}

/// Brings the database to today's format, all at once or not at all.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Refused> {
    if format(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again: another process may have made them while this one waited.
    for migration in MIGRATIONS.iter().skip(format(&transaction)?) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    Ok(transaction.commit()?)
}
