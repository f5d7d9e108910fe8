//! Opening the database and bringing it to this version's form, step by numbered step.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// Step `n` leads from version `n` to `n + 1`. What was released is never edited.
const STEPS: [&str; 1] = [include_str!("0001-log.sql")];

/// Another process on the same file (setting a PIN, a backup) is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub enum OpenError {
    Sqlite(rusqlite::Error),
    /// A newer version of the server wrote it.
    Newer {
        found: u32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "{error}"),
            Self::Newer { found } => {
                write!(
                    f,
                    "It has form {found}, this version of the server knows up to {}",
                    STEPS.len()
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

pub fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    configure(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// What every connection needs.
pub fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // With WAL: a commit returns after its bytes are on the disk.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    loop {
        // The version is read under the lock: another process may be at the same step.
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match STEPS.get(found as usize) {
            Some(sql) => {
                step.execute_batch(sql)?;
                if found == 0 {
                    super::log::begin_epoch(&step)?;
                }
                step.pragma_update(None, "user_version", found + 1)?;
                step.commit()?;
            }
            None if found as usize == STEPS.len() => return Ok(()),
            None => return Err(OpenError::Newer { found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_made_once_and_keeps_its_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.sqlite3");
        let epoch = |connection: Connection| super::super::log::epoch(&connection).unwrap();
        let first = epoch(open(&path).unwrap());
        assert_ne!(first, 0);
        assert_eq!(epoch(open(&path).unwrap()), first);
        assert_ne!(
            epoch(open(&folder.path().join("other.sqlite3")).unwrap()),
            first
        );
    }

    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("it.sqlite3")).unwrap();
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |it| it.get(0))
            .unwrap();
        let synchronous: u32 = connection
            .pragma_query_value(None, "synchronous", |it| it.get(0))
            .unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
    }

    #[test]
    fn what_a_newer_version_wrote_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.sqlite3");
        open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert_eq!(
            error,
            "It has form 99, this version of the server knows up to 1"
        );
    }
}
