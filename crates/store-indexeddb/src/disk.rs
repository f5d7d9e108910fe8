//! What the log asks of a disk: numbered records in a few stores, read and written in transactions.

use std::fmt;

use shouwen_store::{Fault, Section};

/// Where records of one kind lie. The key is a number, but a name in [`Store::Named`] and the stores of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// 0: where the log stands. 1: what became of this device's envelopes lately. 2: a count of writes to files.
    Meta,
    /// Writes that were not put away yet, by position.
    Journal,
    /// Blocks: entries by case, or rows of closed cases. Only written again where cases are let go of.
    Blocks,
    /// Pages of open rows by due time; page 0 has the most urgent.
    Hot,
    /// Which blocks have what of a case; only read when somebody asks for a case.
    Directory,
    /// Own envelopes without a receipt that were put away already, by chain and sequence.
    Outbox,
    /// Small named records.
    Named,
    /// What is known of each file, by how it stands and its hash.
    Files,
    /// The bytes of files, by hash and number.
    Chunks,
    /// Own envelopes without a receipt, each sealed to head office, by chain and sequence: what a device sends while
    /// nobody is signed in.
    Letters,
}

impl Store {
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::Journal,
        Self::Blocks,
        Self::Hot,
        Self::Directory,
        Self::Outbox,
        Self::Named,
        Self::Files,
        Self::Chunks,
        Self::Letters,
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
            Self::Files => "files",
            Self::Chunks => shouwen_domain::at_rest::CHUNKS,
            Self::Letters => "letters",
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
        Self::Name(format!("{}{name}", Self::named_prefix(section)))
    }

    /// With which the names of a section's records begin.
    pub fn named_prefix(section: Section) -> String {
        format!("{}/", section.slug())
    }

    /// As [`Read::Keys`] answers it.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Number(it) => it.to_be_bytes().to_vec(),
            Self::Name(it) => it.as_bytes().to_vec(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(it) => it.fmt(f),
            Self::Name(it) => it.fmt(f),
        }
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
    /// All whose name begins with this, by name.
    Named {
        store: Store,
        prefix: String,
    },
    /// Not the records of this range but their keys, each as bytes.
    Keys(Box<Read>),
}

/// A record as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lying {
    Plain(Vec<u8>),
    /// A nonce, and what the record came to.
    Sealed(Vec<u8>),
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
    pub fn store(&self) -> Store {
        match self {
            Self::One(store, _) | Self::From { store, .. } | Self::Named { store, .. } => *store,
            Self::Keys(of) => of.store(),
        }
    }

    /// A key in this range, from its bytes.
    pub fn key_of(&self, bytes: &[u8]) -> Key {
        match (self, bytes.try_into()) {
            (Self::From { .. }, Ok(number)) => Key::Number(u64::from_be_bytes(number)),
            _ => Key::Name(String::from_utf8_lossy(bytes).into_owned()),
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
    /// The guard is not what the writer thought; nothing was written.
    Moved,
}

/// What a record of [`Store::Meta`] has to be, byte for byte, for a commit to happen.
#[derive(Debug, Clone, Copy)]
pub struct Guard<'a> {
    pub key: u64,
    /// None: there must be no record.
    pub expected: Option<&'a [u8]>,
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

    /// A record without opening it, for whoever has the key elsewhere.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    async fn as_it_lies(&self, store: Store, key: Key) -> Result<Option<Lying>, Fault> {
        let found = self.read(&[Read::One(store, key)]).await?.concat();
        Ok(found.into_iter().next().map(Lying::Plain))
    }

    /// The names in a store that begin with `prefix`, sorted.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    async fn names(&self, store: Store, prefix: &str) -> Result<Vec<String>, Fault>;

    /// One durable transaction: all writes, if the guard holds.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored; nothing was, except perhaps after [`Fault::ConnectionLost`].
    async fn commit(&self, guard: Guard<'_>, writes: &[Write]) -> Result<Committed, Fault>;

    /// One durable transaction, whatever others wrote.
    ///
    /// # Errors
    /// As [`Disk::commit`].
    async fn write(&self, writes: &[Write]) -> Result<(), Fault>;
}
