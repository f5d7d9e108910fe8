//! The one thread that writes. It takes all that waits, up to a limit, into one transaction: with many
//! devices at once a flush of the disk is shared, with one there is nothing to wait for.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::Transaction;
use crate::storage::Fault;
use crate::storage::job::Job;

/// Requests that may wait before further ones have to wait for a place.
const WAITING: usize = 256;
/// Requests in one transaction.
const GROUP: usize = 128;

pub struct Writer {
    orders: mpsc::Sender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Write(Box<dyn Job>),
    LimitPages {
        n_pages: u32,
        done: oneshot::Sender<Result<(), Fault>>,
    },
    Sweep {
        done: oneshot::Sender<Result<(), Fault>>,
    },
    Close,
}

impl Writer {
    pub fn start(connection: Connection) -> Self {
        let (orders, inbox) = mpsc::channel(WAITING);
        let thread = std::thread::spawn(move || write_until_closed(connection, inbox));
        Self {
            orders,
            thread: Mutex::new(Some(thread)),
        }
    }

    pub async fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        self.orders
            .send(Order::Write(job))
            .await
            .map_err(|_| Fault::Closed)
    }

    pub async fn set_page_limit(&self, n_pages: u32) -> Result<(), Fault> {
        let (done, answer) = oneshot::channel();
        self.orders
            .send(Order::LimitPages { n_pages, done })
            .await
            .map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    pub async fn sweep(&self) -> Result<(), Fault> {
        let (done, answer) = oneshot::channel();
        self.orders
            .send(Order::Sweep { done })
            .await
            .map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    pub fn is_closed(&self) -> bool {
        self.orders.is_closed()
    }

    pub async fn close(&self) {
        let _ = self.orders.send(Order::Close).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn write_until_closed(mut connection: Connection, mut inbox: mpsc::Receiver<Order>) {
    while let Some(first) = inbox.blocking_recv() {
        let mut jobs = Vec::new();
        let mut after = Some(first);
        while let Some(Order::Write(job)) = after {
            jobs.push(job);
            after = if jobs.len() < GROUP {
                inbox.try_recv().ok()
            } else {
                None
            };
        }
        commit_together(&mut connection, jobs);
        match after {
            Some(Order::LimitPages { n_pages, done }) => {
                let _ = done.send(limit_pages(&connection, n_pages));
            }
            Some(Order::Sweep { done }) => {
                let _ = done.send(sweep(&connection));
            }
            Some(Order::Close) => break,
            Some(Order::Write(_)) | None => {}
        }
    }
    // Refuses what still comes in, and lets those who wait know.
    inbox.close();
    drop(inbox);
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "truncate") {
        tracing::warn!(%error, "the log of changes was not moved into the database; the next start does it");
    }
}

fn limit_pages(connection: &Connection, n_pages: u32) -> Result<(), Fault> {
    Ok(connection.query_row(
        &format!("PRAGMA max_page_count = {n_pages}"),
        [],
        |_| Ok(()),
    )?)
}

/// Writes the whole database anew, without what lies in free pages and gaps, and empties the log of changes.
fn sweep(connection: &Connection) -> Result<(), Fault> {
    connection.execute_batch("VACUUM")?;
    // Whoever reads holds it up, and is waited for.
    let is_held_up: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_held_up {
        let what = "somebody is reading; what was erased still lies in its log of changes";
        return Err(Fault::Conflict(what.to_owned()));
    }
    Ok(())
}

fn commit_together(connection: &mut Connection, jobs: Vec<Box<dyn Job>>) {
    if jobs.is_empty() {
        return;
    }
    let mut jobs = jobs.into_iter();
    let mut performed = Vec::new();
    let committed = perform_all(connection, &mut jobs, &mut performed);
    if let Err(fault) = &committed {
        tracing::error!(%fault, requests = performed.len() + jobs.len(), "nothing of these requests was stored");
    }
    for job in performed.into_iter().chain(jobs) {
        job.report(committed.clone());
    }
}

/// An error means that the transaction as a whole is undone.
fn perform_all(
    connection: &mut Connection,
    jobs: &mut impl Iterator<Item = Box<dyn Job>>,
    performed: &mut Vec<Box<dyn Job>>,
) -> Result<(), Fault> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for mut job in jobs {
        let part = transaction.savepoint()?;
        let result = job
            .perform(&Transaction(&part))
            .and_then(|()| Ok(part.commit()?));
        match result {
            Ok(()) => performed.push(job),
            Err(fault) if transaction.is_autocommit() => {
                // SQLite undid everything by itself, as it does when the disk is full.
                job.report(Err(fault.clone()));
                return Err(fault);
            }
            Err(fault) => {
                tracing::error!(%fault, "a request was not stored");
                job.report(Err(fault));
            }
        }
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::Db;
    use crate::storage::job::job;
    use crate::storage::sqlite::schema;

    struct Bench {
        connection: Connection,
        _folder: tempfile::TempDir,
    }

    impl Bench {
        fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let connection = schema::open(&folder.path().join("it.sqlite3")).unwrap();
            connection
                .execute_batch("CREATE TABLE note (text TEXT, weight BLOB)")
                .unwrap();
            Self {
                connection,
                _folder: folder,
            }
        }

        /// What each of the group was told, and what is stored.
        fn run<const N: usize>(
            &mut self,
            group: [&'static str; N],
        ) -> ([Result<(), Fault>; N], Vec<String>) {
            let mut answers = Vec::new();
            let jobs = group.map(|text| {
                let site = "lanting".parse().unwrap();
                let (job, answer) = job(&site, move |db: &dyn Db| write_note(db, text));
                answers.push(answer);
                job
            });
            commit_together(&mut self.connection, jobs.into());
            let mut answers = answers.into_iter();
            (
                group.map(|_| answers.next().unwrap().try_recv().unwrap()),
                self.notes(),
            )
        }

        fn notes(&self) -> Vec<String> {
            let mut notes = self.connection.prepare("SELECT text FROM note").unwrap();
            notes
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        }
    }

    fn write_note(db: &dyn Db, text: &str) -> Result<(), Fault> {
        let n_bytes = if text == "large" { 10_000_000 } else { 1 };
        db.execute(
            "INSERT INTO note VALUES ($1, zeroblob($2))",
            &[text.into(), i64::from(n_bytes).into()],
        )?;
        if text == "wrong" {
            Err(Fault::Database("as ordered".to_owned()))
        } else {
            Ok(())
        }
    }

    #[test]
    fn one_that_fails_is_undone_and_the_others_of_its_group_are_stored() {
        let (told, stored) = Bench::open().run(["one", "wrong", "two"]);
        assert_eq!(
            told,
            [
                Ok(()),
                Err(Fault::Database("as ordered".to_owned())),
                Ok(())
            ]
        );
        assert_eq!(stored, ["one", "two"]);
    }

    #[test]
    fn what_was_written_before_the_disk_was_full_is_acknowledged_only_if_it_is_stored() {
        let mut bench = Bench::open();
        limit_pages(&bench.connection, 100).unwrap();
        let group = ["one", "large", "two"];
        let (told, stored) = bench.run(group);
        assert_eq!(told[1], Err(Fault::Full));
        let acknowledged: Vec<_> = group
            .into_iter()
            .zip(&told)
            .filter(|it| it.1.is_ok())
            .map(|it| it.0)
            .collect();
        assert_eq!(stored, acknowledged);
        assert_eq!(bench.run(["three"]).0, [Ok(())]);
    }
}
