//! The one room where the database is: SQLite in a folder, or PostgreSQL, which several server
//! processes share.
//!
//! Nobody is told that something is stored before the commit is durable. The log is in [`log`], photos
//! are in [`files`], who may come in is in [`access`]; all are written once, against [`db::Db`], and know no engine and no
//! thread.

pub mod access;
pub mod backup;
pub mod chains;
pub mod contact;
pub mod db;
pub mod erasure;
pub mod export;
pub mod feed;
pub mod files;
mod job;
pub mod log;
pub mod looks;
pub mod orders;
mod postgres;
mod sqlite;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use shouwen_domain::id::SiteId;
use tokio::sync::Semaphore;

use db::Db;
pub use postgres::Address;

const READERS: usize = 4;

/// Why the database did not do what was asked. Nothing was written, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full, or the database may not grow.
    Full,
    /// Another transaction was in the way; again, and it may go.
    Conflict(String),
    /// The connection to the database broke.
    Lost(String),
    /// The connection broke during the commit: whether it was stored will show when it is sent again.
    Unknown(String),
    /// Anything else that the database reports.
    Database(String),
    /// The server is stopping.
    Closed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("The disk is full"),
            Self::Conflict(what) => write!(f, "Another transaction was in the way: {what}"),
            Self::Lost(what) => write!(f, "The connection to the database broke: {what}"),
            Self::Unknown(what) => write!(
                f,
                "The connection to the database broke during a commit: {what}"
            ),
            Self::Database(what) => write!(f, "The database failed: {what}"),
            Self::Closed => f.write_str("The database is closed"),
        }
    }
}

impl std::error::Error for Fault {}

/// Why a database cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    Fault(Fault),
    /// It was to be there, and is not.
    Missing,
    /// A newer version of the server wrote it.
    Newer {
        found: u64,
        known: usize,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Missing => {
                f.write_str("There is none; a server makes it when it starts for the first time")
            }
            Self::Newer { found, known } => {
                write!(
                    f,
                    "It has form {found}, this version of the server knows up to {known}"
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// SQLite in this folder.
    Folder(PathBuf),
    PostgreSql(Address),
}

/// What a transaction sees. PostgreSQL keeps everything else from it, whatever its SQL says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Site(SiteId),
    /// What is no single site's business: a backup, a restore, the form of the tables, whose code this is.
    Everywhere,
}

#[derive(Clone)]
pub struct Storage(Arc<Inner>);

struct Inner {
    engine: Engine,
    readers: Semaphore,
}

enum Engine {
    Sqlite(sqlite::Engine),
    Postgres(postgres::Engine),
}

impl Storage {
    /// Opens the database, or makes it; a folder has to exist.
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        Self::open_if(place, |_| Ok(())).await
    }

    /// Opens the database that is there.
    pub async fn open_existing(place: &Place) -> Result<Self, OpenError> {
        let is_there = |place: &Place| {
            let is_there = match place {
                Place::Folder(folder) => sqlite::Engine::is_in(folder),
                Place::PostgreSql(it) => postgres::Engine::is_at(it)?,
            };
            is_there.then_some(()).ok_or(OpenError::Missing)
        };
        Self::open_if(place, is_there).await
    }

    async fn open_if(
        place: &Place,
        may_open: fn(&Place) -> Result<(), OpenError>,
    ) -> Result<Self, OpenError> {
        let place = place.clone();
        let opening = tokio::task::spawn_blocking(move || {
            may_open(&place)?;
            match place {
                Place::Folder(folder) => sqlite::Engine::open(&folder).map(Engine::Sqlite),
                Place::PostgreSql(it) => postgres::Engine::open(&it).map(Engine::Postgres),
            }
        });
        let engine = opening
            .await
            .map_err(|_| OpenError::Fault(Fault::Closed))??;
        Ok(Self(Arc::new(Inner {
            engine,
            readers: Semaphore::new(READERS),
        })))
    }

    /// Runs `work`, which writes to `site` and to no other, inside a transaction and answers when that is
    /// durable. Where `work` fails, nothing of it is written; what other requests wrote in the same
    /// transaction is. Where the transaction has to be done again, so is `work`.
    pub async fn write<T: Send + 'static>(
        &self,
        site: &SiteId,
        work: impl FnMut(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (job, answer) = job::job(site, work);
        match &self.0.engine {
            Engine::Sqlite(it) => it.write(job).await?,
            Engine::Postgres(it) => it.write(job).await?,
        }
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Runs `work` on all sites at once, in a transaction of its own that may take long. Whoever writes
    /// meanwhile waits for it.
    pub async fn write_everywhere<T: Send + 'static>(
        &self,
        work: impl FnMut(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        if let Engine::Sqlite(it) = &self.0.engine {
            let nowhere = "everywhere".parse().expect("it is a name as a site's");
            let (job, answer) = job::job(&nowhere, work);
            it.write(job).await?;
            return answer.await.map_err(|_| Fault::Closed)?;
        }
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || match &inner.engine {
            Engine::Postgres(it) => it.write_everywhere(work),
            Engine::Sqlite(_) => Err(Fault::Closed),
        })
        .await
        .map_err(|_| Fault::Closed)?
    }

    /// Runs `work`, which reads of `site` and of no other, on a snapshot that writing does not disturb.
    pub async fn read<T: Send + 'static>(
        &self,
        site: &SiteId,
        work: impl Fn(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.read_within(Reach::Site(site.clone()), work).await
    }

    /// The same on all sites at once.
    pub async fn read_everywhere<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.read_within(Reach::Everywhere, work).await
    }

    async fn read_within<T: Send + 'static>(
        &self,
        reach: Reach,
        work: impl Fn(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let inner = Arc::clone(&self.0);
        let _place = self.0.readers.acquire().await.map_err(|_| Fault::Closed)?;
        tokio::task::spawn_blocking(move || match &inner.engine {
            Engine::Sqlite(it) => it.read(work),
            Engine::Postgres(it) => it.read(&reach, work),
        })
        .await
        .map_err(|_| Fault::Closed)?
    }

    /// Whether the database answers, for reading and for writing.
    pub async fn is_well(&self) -> bool {
        let is_closed = match &self.0.engine {
            Engine::Sqlite(it) => it.is_closed(),
            Engine::Postgres(it) => it.is_closed(),
        };
        let answers = self.read_everywhere(|db| db.query("SELECT epoch FROM server", &[]));
        !is_closed && answers.await.is_ok()
    }

    /// Leaves nothing of what was deleted in the database's files, where that is ours to do: PostgreSQL's are its own.
    pub async fn sweep(&self) -> Result<(), Fault> {
        match &self.0.engine {
            Engine::Sqlite(it) => it.sweep().await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// SQLite refuses to grow beyond `n_pages` of 4 KiB: a full disk at will.
    pub async fn limit_pages(&self, n_pages: u32) -> Result<(), Fault> {
        match &self.0.engine {
            Engine::Sqlite(it) => it.limit_pages(n_pages).await,
            Engine::Postgres(_) => Err(Fault::Database(
                "PostgreSQL has no limit of pages".to_owned(),
            )),
        }
    }

    /// Finishes what is being written and closes the database; SQLite's is one file then.
    pub async fn close(self) {
        match &self.0.engine {
            Engine::Sqlite(it) => it.close().await,
            Engine::Postgres(it) => it.close().await,
        }
    }
}
