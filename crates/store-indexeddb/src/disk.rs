//! What the log asks of a disk: numbered records in a few stores, read and written in transactions.

use shouwen_store::{Fault, Section};

/// Where records of one kind lie. The key is a number, but in [`Store::Named`] a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// 0: where the log stands. 1: what became of this device's envelopes lately.
    Meta,
    /// Writes that were not put away yet, by position.
    Journal,
    /// Blocks that are never written again: entries by case, or rows of closed cases.
    Blocks,
    /// Pages of open rows by due time; page 0 has the most urgent.
    Hot,
    /// Which blocks have what of a case; only read when somebody asks for a case.
    Directory,
    /// Own envelopes without a receipt that were put away already, by chain and sequence.
    Outbox,
    /// Small named records.
    Named,
}

impl Store {
    pub const ALL: [Self; 7] = [
        Self::Meta,
        Self::Journal,
        Self::Blocks,
        Self::Hot,
        Self::Directory,
        Self::Outbox,
        Self::Named,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Journal => "journal",
            Self::Blocks => "segments",
            Self::Hot => "hot",
            Self::Directory => "directory",
            Self::Outbox => "outbox",
            Self::Named => "named",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Number(u64),
    Name(String),
}

impl Key {
    /// The key of a named record.
    pub fn named(section: Section, name: &str) -> Self {
        Self::Name(format!("{}/{name}", section.slug()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    One(Store, Key),
    /// From this number on, by number, at most `limit`.
    From {
        store: Store,
        first: u64,
        limit: Option<u32>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    Put(Store, Key, Vec<u8>),
    Delete(Store, Key),
    /// All numbers from `first` to `last`.
    DeleteRange {
        store: Store,
        first: u64,
        last: u64,
    },
}

impl Read {
    pub const fn store(&self) -> Store {
        match self {
            Self::One(store, _) | Self::From { store, .. } => *store,
        }
    }
}

impl Write {
    pub const fn store(&self) -> Store {
        match self {
            Self::Put(store, ..) | Self::Delete(store, _) | Self::DeleteRange { store, .. } => {
                *store
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    Stored,
    /// The log does not stand where the writer thought; nothing was written.
    Moved,
}

/// Stores, in transactions that are durable or did not happen.
#[expect(
    async_fn_in_trait,
    reason = "a log lives in one thread; nothing here needs to be Send"
)]
pub trait Disk {
    /// One transaction; for each read its records, none where there are none.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    async fn read(&self, reads: &[Read]) -> Result<Vec<Vec<Vec<u8>>>, Fault>;

    /// The keys in [`Store::Named`] that begin with `prefix`, sorted.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    async fn names(&self, prefix: &str) -> Result<Vec<String>, Fault>;

    /// One durable transaction: all writes, if record 0 of [`Store::Meta`] is byte for byte `standing`.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored; nothing was, except perhaps after [`Fault::ConnectionLost`].
    async fn commit(&self, standing: Option<&[u8]>, writes: &[Write]) -> Result<Committed, Fault>;

    /// One durable transaction that does not touch the log.
    ///
    /// # Errors
    /// As [`Disk::commit`].
    async fn write(&self, writes: &[Write]) -> Result<(), Fault>;
}
