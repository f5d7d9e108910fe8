//! The threads that write. A site's requests go to one thread, which takes those that wait into one
//! transaction: so one transaction stays within one site, and a flush of the disk is shared.
//!
//! A transaction that was surely undone, by a conflict or a broken connection, is done again; one
//! whose commit broke off is reported as a fault, and whoever asked asks again.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Address;
use super::connection::{Connection, Outcome};
use crate::storage::db::Db;
use crate::storage::job::Job;
use crate::storage::{Fault, Reach};

/// Connections that write; those of several processes add up at the database.
const THREADS: usize = 4;
/// Requests that may wait for a thread before further ones have to wait for a place.
const WAITING: usize = 256;
/// Requests in one transaction.
const GROUP: usize = 128;
/// How often a transaction is begun before its requests are told that it failed.
const TRIES: u32 = 8;
/// The first wait before it is begun again; each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(20);

pub struct Writers {
    threads: Vec<Writer>,
}

struct Writer {
    orders: mpsc::Sender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Write(Box<dyn Job>),
    Close,
}

impl Writers {
    pub fn start(address: &Address) -> Self {
        let start = |_| {
            let (orders, inbox) = mpsc::channel(WAITING);
            let line = Line {
                address: address.clone(),
                connection: None,
            };
            let thread = std::thread::spawn(move || write_until_closed(line, inbox));
            Writer {
                orders,
                thread: Mutex::new(Some(thread)),
            }
        };
        Self {
            threads: (0..THREADS).map(start).collect(),
        }
    }

    pub async fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        let mut hasher = DefaultHasher::new();
        job.site().hash(&mut hasher);
        let at = hasher.finish() % self.threads.len() as u64;
        let at = usize::try_from(at).expect("there are few threads");
        self.threads[at]
            .orders
            .send(Order::Write(job))
            .await
            .map_err(|_| Fault::Closed)
    }

    pub fn are_closed(&self) -> bool {
        self.threads.iter().any(|it| it.orders.is_closed())
    }

    pub async fn close(&self) {
        for writer in &self.threads {
            let _ = writer.orders.send(Order::Close).await;
        }
        for writer in &self.threads {
            let thread = writer
                .thread
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(thread) = thread {
                let _ = tokio::task::spawn_blocking(move || thread.join()).await;
            }
        }
    }
}

fn write_until_closed(mut line: Line, mut inbox: mpsc::Receiver<Order>) {
    let mut is_open = true;
    while is_open && let Some(first) = inbox.blocking_recv() {
        let mut waiting = VecDeque::new();
        let mut next = Some(first);
        while let Some(Order::Write(job)) = next {
            waiting.push_back(job);
            next = (waiting.len() < GROUP)
                .then(|| inbox.try_recv().ok())
                .flatten();
        }
        is_open = next.is_none();
        while let Some(first) = waiting.pop_front() {
            let site = first.site().clone();
            let (same, others): (VecDeque<_>, _) =
                waiting.into_iter().partition(|it| *it.site() == site);
            waiting = others;
            line.write(std::iter::once(first).chain(same).collect());
        }
    }
}

/// A thread's connection, made when it is needed.
struct Line {
    address: Address,
    connection: Option<Connection>,
}

impl Line {
    /// Stores all of a group, or each that can be stored, and reports.
    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.commit(&mut jobs) {
            // One of them failed by itself: the others are stored without it.
            Err(Fault::Full | Fault::Database(_) | Fault::Closed) if jobs.len() > 1 => {
                for job in jobs {
                    self.write(vec![job]);
                }
            }
            committed => {
                if let Err(fault) = &committed {
                    tracing::error!(%fault, requests = jobs.len(), "nothing of these requests is known to be stored");
                }
                for job in jobs {
                    job.report(committed.clone());
                }
            }
        }
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        let Some(site) = jobs.first().map(|it| it.site().clone()) else {
            return Ok(());
        };
        let (reach, mut wait) = (Reach::Site(site), FIRST_WAIT);
        for n_try in 1.. {
            let outcome = match self.connection() {
                Ok(connection) => {
                    let jobs = jobs.iter_mut().map(|job| |db: &dyn Db| job.perform(db));
                    connection.commit(&reach, jobs)
                }
                Err(fault) => Outcome::Undone(fault),
            };
            let fault = match outcome {
                Outcome::Committed => return Ok(()),
                Outcome::Unknown(fault) => {
                    self.connection = None;
                    return Err(fault);
                }
                Outcome::Undone(fault) => fault,
            };
            let may_go = match fault {
                Fault::Lost(_) => {
                    self.connection = None;
                    true
                }
                Fault::Conflict(_) => true,
                Fault::Full | Fault::Unknown(_) | Fault::Database(_) | Fault::Closed => false,
            };
            if !may_go || n_try == TRIES {
                return Err(fault);
            }
            tracing::warn!(%fault, n_try, "a transaction is done again");
            std::thread::sleep(wait);
            wait *= 2;
        }
        Err(Fault::Closed)
    }

    fn connection(&mut self) -> Result<&mut Connection, Fault> {
        let usable = self.connection.take().filter(Connection::is_usable);
        let connection = usable.map_or_else(|| Connection::open(&self.address), Ok)?;
        Ok(self.connection.insert(connection))
    }
}
