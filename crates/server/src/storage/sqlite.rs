//! SQLite in WAL, every commit flushed to the disk: one thread writes, several connections read beside it.

mod schema;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::db::{Cell, Db, Row, Value};
use super::job::Job;
use super::{Fault, OpenError};
use writer::Writer;

const FILE: &str = "shouwen.sqlite3";

pub struct Engine {
    writer: Writer,
    readers: Arc<Readers>,
}

struct Readers {
    path: Box<Path>,
    idle: Mutex<Vec<Connection>>,
}

impl Engine {
    /// Opens the database in `folder`, which has to exist, or makes it.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(FILE).into_boxed_path();
        let connection = schema::open(&path)?;
        Ok(Self {
            writer: Writer::start(connection),
            readers: Arc::new(Readers {
                path,
                idle: Mutex::default(),
            }),
        })
    }

    /// Whether there is a database in `folder`.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    pub async fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        self.writer.write(job).await
    }

    pub fn is_closed(&self) -> bool {
        self.writer.is_closed()
    }

    pub async fn limit_pages(&self, n_pages: u32) -> Result<(), Fault> {
        self.writer.set_page_limit(n_pages).await
    }

    pub async fn sweep(&self) -> Result<(), Fault> {
        self.writer.sweep().await
    }

    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Runs `work` on a snapshot, on this thread.
    pub fn read<T>(&self, work: impl FnOnce(&dyn Db) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut connection = self.readers.take()?;
        let snapshot = connection.transaction()?;
        let result = work(&Transaction(&snapshot));
        drop(snapshot);
        self.readers.give_back(connection);
        result
    }
}

impl Readers {
    fn take(&self) -> Result<Connection, Fault> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        schema::configure(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

/// A connection on which a transaction was begun.
struct Transaction<'a>(&'a Connection);

impl Db for Transaction<'_> {
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Fault> {
        let n_rows = self
            .0
            .prepare_cached(sql)?
            .execute(params_from_iter(values))?;
        Ok(n_rows as u64)
    }

    fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        let mut statement = self.0.prepare_cached(sql)?;
        let n_columns = statement.column_count();
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = (0..n_columns).map(|it| read_cell(row.get_ref(it)?));
            rows.push(Row(cells.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }
}

fn read_cell(value: ValueRef<'_>) -> Result<Cell, Fault> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(it) => Cell::Whole(it),
        ValueRef::Text(it) => Cell::Text(
            String::from_utf8(it.to_vec()).map_err(|it| Fault::Database(it.to_string()))?,
        ),
        ValueRef::Blob(it) => Cell::Bytes(it.to_vec()),
        ValueRef::Real(_) => {
            return Err(Fault::Database("a fraction is not expected".to_owned()));
        }
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Whole(it) => ValueRef::Integer(*it),
            Self::Text(it) => ValueRef::Text(it.as_bytes()),
            Self::Bytes(it) => ValueRef::Blob(it),
        }))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}
