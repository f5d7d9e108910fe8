//! The one room where the database is: SQLite in WAL, every commit flushed to the disk.
//!
//! One thread writes, and commits what several requests wrote in one go; several connections read
//! beside it. Nobody is told that something is stored before the commit is durable. The log is in
//! [`log`], who may come in is in [`access`]; both are handed a connection and know no thread.

pub mod access;
pub mod log;
mod schema;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

pub use schema::OpenError;
use writer::Writer;

const FILE: &str = "shouwen.sqlite3";
const READERS: usize = 4;

/// Why the database did not do what was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full, or the database may not grow.
    Full,
    /// Anything else that SQLite reports.
    Database(String),
    /// The server is stopping.
    Closed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("The disk is full"),
            Self::Database(what) => write!(f, "The database failed: {what}"),
            Self::Closed => f.write_str("The database is closed"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Database(error.to_string()),
        }
    }
}

#[derive(Clone)]
pub struct Storage {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

struct Readers {
    path: Box<Path>,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Storage {
    /// Opens the database in `folder`, which has to exist, or makes it.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(FILE).into_boxed_path();
        let connection = schema::open(&path)?;
        Ok(Self {
            writer: Arc::new(Writer::start(connection)),
            readers: Arc::new(Readers {
                path,
                idle: Mutex::default(),
                places: Semaphore::new(READERS),
            }),
        })
    }

    /// Runs `work` inside a transaction and answers when that is durable. Where `work` fails, nothing
    /// of it is written; what other requests wrote in the same transaction is.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.writer.write(work).await
    }

    /// Runs `work` on a snapshot that writing does not disturb.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let readers = Arc::clone(&self.readers);
        let _place = self
            .readers
            .places
            .acquire()
            .await
            .map_err(|_| Fault::Closed)?;
        tokio::task::spawn_blocking(move || {
            let mut connection = readers.take()?;
            let snapshot = connection.transaction()?;
            let result = work(&snapshot);
            drop(snapshot);
            readers.give_back(connection);
            result
        })
        .await
        .map_err(|_| Fault::Closed)?
    }

    /// Whether the database answers, for reading and for writing.
    pub async fn is_well(&self) -> bool {
        !self.writer.is_closed() && self.read(|db| Ok(log::epoch(db)?)).await.is_ok()
    }

    /// The database refuses to grow beyond `n_pages` of 4 KiB: a full disk at will.
    pub async fn limit_pages(&self, n_pages: u32) -> Result<(), Fault> {
        self.writer.set_page_limit(n_pages).await
    }

    /// Finishes what is being written, moves it into the one database file, and closes it.
    pub async fn close(self) {
        self.writer.close().await;
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
