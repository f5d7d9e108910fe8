//! PostgreSQL, and those that speak its protocol: a few threads write, each for its sites, and a few
//! connections read beside them.
//!
//! The connections are not encrypted: the database stands on the same machine or in a network of its own.

mod connection;
mod schema;
mod writer;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use ::postgres::Config;
use ::postgres::config::{Host, SslMode};

use super::db::Db;
use super::job::Job;
use super::{Fault, OpenError, Reach};
use connection::Connection;
use writer::Writers;

/// Where a PostgreSQL is and who we are there; its password is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Box<str>);

impl Address {
    fn config(&self) -> Config {
        self.0
            .parse()
            .expect("an address was tried when it was read")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.config();
        let hosts = config.get_hosts().iter().map(|it| match it {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<_> = hosts.collect();
        let name = config.get_dbname().unwrap_or_default();
        write!(f, "PostgreSQL \"{name}\" at {}", hosts.join(", "))
    }
}

impl FromStr for Address {
    type Err = String;

    /// As `postgres://user:password@host:port/database`, or in words: `host=… dbname=…`.
    fn from_str(text: &str) -> Result<Self, String> {
        let config: Config = text.parse().map_err(|it: ::postgres::Error| {
            std::error::Error::source(&it).map_or_else(|| it.to_string(), ToString::to_string)
        })?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(
                "this server cannot encrypt its connection to PostgreSQL; leave sslmode=require out \
                 and keep the two in a network of their own"
                    .to_owned(),
            );
        }
        Ok(Self(text.into()))
    }
}

pub struct Engine {
    writers: Writers,
    readers: Arc<Readers>,
}

struct Readers {
    address: Address,
    idle: Mutex<Vec<Connection>>,
}

impl Engine {
    pub fn open(address: &Address) -> Result<Self, OpenError> {
        let mut connection = Connection::open(address)?;
        schema::migrate(&mut connection)?;
        if connection.sees_past_policies()? {
            tracing::warn!(
                "this account of PostgreSQL is a superuser or has BYPASSRLS: nothing but the program keeps sites apart"
            );
        }
        Ok(Self {
            writers: Writers::start(address),
            readers: Arc::new(Readers {
                address: address.clone(),
                idle: Mutex::new(vec![connection]),
            }),
        })
    }

    /// Whether our database was made there.
    pub fn is_at(address: &Address) -> Result<bool, Fault> {
        schema::is_made(&mut Connection::open(address)?)
    }

    pub async fn write(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        self.writers.write(job).await
    }

    /// On a connection of its own, and with all the time that it takes; on this thread.
    pub fn write_everywhere<T>(
        &self,
        mut work: impl FnMut(&dyn Db) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut connection = Connection::open(&self.readers.address)?;
        connection.order("SET statement_timeout = 0; SET lock_timeout = 0")?;
        let mut tries = 0;
        loop {
            tries += 1;
            match connection.write_everywhere(&mut work) {
                Err(Fault::Conflict(_)) if tries < 3 => {}
                result => return result,
            }
        }
    }

    pub fn is_closed(&self) -> bool {
        self.writers.are_closed()
    }

    pub async fn close(&self) {
        self.writers.close().await;
        let readers = Arc::clone(&self.readers);
        let _ = tokio::task::spawn_blocking(move || drop(readers.take_all())).await;
    }

    /// Runs `work` on a snapshot, on this thread; once more where the connection had broken meanwhile.
    pub fn read<T>(
        &self,
        reach: &Reach,
        work: impl Fn(&dyn Db) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            // A database that was started anew leaves broken connections behind: they go all at once.
            let mut connection = match self.readers.take().filter(|_| tries == 1) {
                Some(it) => it,
                None => Connection::open(&self.readers.address)?,
            };
            let result = connection.read(reach, &work);
            if connection.is_usable() {
                self.readers.give_back(connection);
            } else {
                drop(self.readers.take_all());
            }
            match result {
                Err(Fault::Lost(_) | Fault::Conflict(_)) if tries < 3 => {}
                result => return result,
            }
        }
    }
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Connection> {
        self.idle().pop()
    }

    fn give_back(&self, connection: Connection) {
        self.idle().push(connection);
    }

    fn take_all(&self) -> Vec<Connection> {
        std::mem::take(&mut *self.idle())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        // A connection says good-bye and waits for that, which the threads of the runtime may not.
        let idle = self.take_all();
        if !idle.is_empty() {
            std::thread::spawn(move || drop(idle));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_shows_its_password() {
        let address: Address = "postgres://me:secret@db.example:5433/shouwen"
            .parse()
            .unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "PostgreSQL \"shouwen\" at db.example PostgreSQL \"shouwen\" at db.example"
        );
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused() {
        let refused = |text: &str| text.parse::<Address>().unwrap_err();
        assert_eq!(refused("dbname=shouwen"), "it names no host");
        assert!(refused("postgres://h/d?sslmode=require").contains("cannot encrypt"));
        assert!(!refused("postgres://me:secret@h:port/d").contains("secret"));
    }
}
