//! Opening the database and bringing it to this version's form, step by numbered step.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::Transaction;
use crate::storage::{OpenError, log};

/// Step `n` leads from version `n` to `n + 1`. What was released is never edited.
const STEPS: [&str; 8] = [
    include_str!("0001-log.sql"),
    include_str!("0002-sites.sql"),
    include_str!("0003-keys.sql"),
    include_str!("0004-files.sql"),
    include_str!("0005-scope.sql"),
    include_str!("0006-access.sql"),
    include_str!("0007-signers.sql"),
    include_str!("0008-photos.sql"),
];

/// Statements kept prepared on a connection; there are some dozens.
const STATEMENTS: usize = 128;

/// Another process on the same file (setting a PIN, a backup) is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two tries of what SQLite does not wait for by itself.
const PAUSE: Duration = Duration::from_millis(10);

pub fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    configure(&connection)?;
    keep_a_log_of_changes(&connection)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// SQLite does not wait for two who change the mode of a new database at once: it refuses one of them.
fn keep_a_log_of_changes(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let changed = connection.pragma_update(None, "journal_mode", "wal");
        let is_busy = changed
            .as_ref()
            .is_err_and(|it| it.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        if !is_busy || Instant::now() > deadline {
            return changed;
        }
        std::thread::sleep(PAUSE);
    }
}

/// What every connection needs.
pub fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // With WAL: a commit returns after its bytes are on the disk.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    loop {
        // The version is read under the lock: another process may be at the same step.
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match STEPS.get(found as usize) {
            Some(sql) => {
                step.execute_batch(sql)?;
                step.pragma_update(None, "user_version", found + 1)?;
                step.commit()?;
            }
            None if found as usize == STEPS.len() => {
                log::ensure_epoch(&Transaction(&step))?;
                return Ok(step.commit()?);
            }
            None => {
                return Err(OpenError::Newer {
                    found: found.into(),
                    known: STEPS.len(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_database_is_made_once_and_keeps_its_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.sqlite3");
        let epoch = |connection: Connection| -> i64 {
            connection
                .query_row("SELECT epoch FROM server", [], |row| row.get(0))
                .unwrap()
        };
        let first = epoch(open(&path).unwrap());
        assert_ne!(first, 0);
        assert_eq!(epoch(open(&path).unwrap()), first);
        assert_ne!(
            epoch(open(&folder.path().join("other.sqlite3")).unwrap()),
            first
        );
    }

    #[test]
    fn who_makes_it_at_the_same_moment_waits() {
        // SQLite refuses about one in three hundred.
        for _ in 0..150 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("it.sqlite3");
            let start = Barrier::new(6);
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let connection = Connection::open(&path).unwrap();
                        configure(&connection).unwrap();
                        start.wait();
                        keep_a_log_of_changes(&connection).unwrap();
                    });
                }
            });
        }
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
    fn a_filled_database_of_the_first_form_is_taken_over_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.sqlite3");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(STEPS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO server VALUES (1, 77);
             INSERT INTO site VALUES ('cuihu', 1, 5), ('lanting', 2, 9);
             INSERT INTO pin VALUES ('lanting', 'li-na', 'hashed');
             INSERT INTO device VALUES ('lanting', x'01', 'K7');
             INSERT INTO token VALUES (x'02', 'lanting', 'li-na', x'01', 5);
             INSERT INTO chain VALUES ('lanting', x'01', 1, 2, x'0b', 4);
             INSERT INTO envelope VALUES
                 (3, 'lanting', x'01', 1, 1, x'0a', NULL, 1, 8, x'81', 100, 1, x'aa'),
                 (4, 'cuihu',   x'03', 1, 1, x'0c', NULL, 1, 5, x'81', 101, 1, x'cc'),
                 (7, 'lanting', x'01', 1, 2, x'0b', x'0a', 1, 9, x'82', 102, 2, x'bb'),
                 (9, 'lanting', x'01', 1, 4, x'0d', x'0e', 1, 9, x'83', 103, NULL, NULL);
             PRAGMA user_version = 1",
        )
        .unwrap();
        drop(old);
        let db = open(&path).unwrap();
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = db.prepare(sql).unwrap();
            let n = statement.column_count();
            let read = |row: &rusqlite::Row<'_>| {
                let cells = (0..n).map(|it| row.get::<_, rusqlite::types::Value>(it));
                Ok(format!("{:?}", cells.collect::<Result<Vec<_>, _>>()?))
            };
            let found = statement.query_map([], read).unwrap();
            found.map(Result::unwrap).collect()
        };
        let count = |sql: &str| rows(sql).len();
        assert_eq!(
            rows(
                "SELECT site, last_position, highest_counter, last_arrival, epoch FROM site ORDER BY site"
            ),
            [
                "[Text(\"cuihu\"), Integer(1), Integer(5), Integer(1), Integer(77)]",
                "[Text(\"lanting\"), Integer(2), Integer(9), Integer(3), Integer(77)]",
            ]
        );
        assert_eq!(
            rows("SELECT * FROM envelope WHERE site = 'lanting' ORDER BY arrival"),
            [
                "[Text(\"lanting\"), Integer(1), Blob([1]), Integer(1), Integer(1), Blob([10]), Null, \
                 Integer(1), Integer(8), Blob([129]), Integer(100), Integer(1), Blob([170])]",
                "[Text(\"lanting\"), Integer(2), Blob([1]), Integer(1), Integer(2), Blob([11]), Blob([10]), \
                 Integer(1), Integer(9), Blob([130]), Integer(102), Integer(2), Blob([187])]",
                "[Text(\"lanting\"), Integer(3), Blob([1]), Integer(1), Integer(4), Blob([13]), Blob([14]), \
                 Integer(1), Integer(9), Blob([131]), Integer(103), Null, Null]",
            ]
        );
        assert_eq!(
            rows("SELECT * FROM chain"),
            [
                "[Text(\"lanting\"), Blob([1]), Integer(1), Integer(2), Blob([11]), Integer(4), Null]"
            ]
        );
        assert_eq!(
            (count("SELECT * FROM pin"), count("SELECT * FROM device")),
            (1, 1)
        );
        assert_eq!(rows("SELECT epoch FROM server"), ["[Integer(77)]"]);
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
            "It has form 99, this version of the server knows up to 8"
        );
    }
}
