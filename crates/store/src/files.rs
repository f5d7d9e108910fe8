//! The contract of the files on the device: photos, named in envelopes by the hash of their bytes.
//!
//! Files lie beside the log and are no part of it: they may go when room is short, once head office has
//! them, and come again when somebody looks.

use minicbor::{Decode, Encode};
use shouwen_domain::chunk;
use shouwen_domain::hash::Hash;
use shouwen_domain::moment::Moment;

use crate::fault::Fault;

/// The files of one installation, shared by its tabs.
///
/// Every write is one durable, all-or-nothing transaction. A file is a *draft* until an act is about to
/// name it, then *owed* until head office has it, then *kept*. One that comes from head office is
/// *arriving* until its last chunk is here, then kept.
#[expect(
    async_fn_in_trait,
    reason = "a store lives in one thread; nothing here needs to be Send"
)]
pub trait Files {
    /// Stores a whole file, or says again what is known: a draft becomes owed, and what head office has
    /// stays as it is. `at` is when it came to be, for the order of everything that goes by age.
    ///
    /// # Errors
    /// [`Fault::QuotaExceeded`] where there is no room, [`Fault::Other`] where it is empty or longer than a
    /// file may be, another [`Fault`] where it cannot be stored; nothing of it is.
    async fn put_file(&self, bytes: &[u8], hold: Hold, at: Moment) -> Result<Hash, Fault>;

    /// The bytes, where all of them are here.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where they are not what was stored, another [`Fault`] where they cannot be read.
    async fn file(&self, hash: Hash) -> Result<Option<Vec<u8>>, Fault>;

    /// One chunk of a whole file, as it lies: to be brought to head office, whoever is signed in.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    async fn chunk(&self, hash: Hash, n: u32) -> Result<Option<ChunkHere>, Fault>;

    /// How a file stands here.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn file_state(&self, hash: Hash) -> Result<FileState, Fault>;

    /// The oldest files that head office is not known to have.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn owed_files(&self, limit: usize) -> Result<Vec<FileNote>, Fault>;

    /// The oldest kept files that a head office of this epoch is not known to have: what may fill up one
    /// that was restored.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn kept_elsewhere(&self, epoch: u64, limit: usize) -> Result<Vec<FileNote>, Fault>;

    /// Stores what a head office of this epoch said: the files that it has are kept, those that it lacks
    /// are owed. What is no whole file here is passed over, and so is a draft.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored.
    async fn settle_files(&self, epoch: u64, has: &[Hash], lacks: &[Hash]) -> Result<(), Fault>;

    /// Stores a chunk from head office. With the last one the whole is checked; if it is not what its hash
    /// says, all of it is thrown away. Where chunks of another length were here, they go first. What is here
    /// as a whole stays as it is.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where such a chunk cannot be, [`Fault::QuotaExceeded`] where there is no room,
    /// another [`Fault`] where it cannot be stored.
    async fn take_chunk(&self, chunk: FileChunk) -> Result<Taken, Fault>;

    /// Makes room: throws away what head office has, at least so many bytes if there are, and says how
    /// many. What came from there goes first, oldest first, then what this device made.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be thrown away.
    async fn evict_files(&self, n_bytes: u64) -> Result<u64, Fault>;

    /// Throws away a file that nobody misses: a draft, or what head office has. What is owed stays.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be thrown away.
    async fn discard_file(&self, hash: Hash) -> Result<(), Fault>;

    /// Throws away a file, owed or not: what it shows was erased.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be thrown away.
    async fn erase_file(&self, hash: Hash) -> Result<(), Fault>;

    /// How much lies here, by why it does.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn file_totals(&self) -> Result<FileTotals, Fault>;
}

/// Why a new file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Somebody may yet change their mind.
    Draft,
    /// An act is about to name it.
    Owed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    Absent,
    Draft,
    Owed,
    Kept,
    Arriving { n_bytes: u32, missing: Vec<u32> },
}

/// A whole file, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNote {
    pub hash: Hash,
    pub n_bytes: u32,
}

/// A piece of a file as it lies here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkHere {
    pub bytes: Vec<u8>,
    /// The bytes are those of [`at_rest`](shouwen_domain::at_rest).
    pub is_sealed: bool,
}

/// A piece of a file as head office sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChunk {
    pub hash: Hash,
    pub n: u32,
    /// Of the whole file.
    pub n_bytes: u32,
    pub bytes: Vec<u8>,
    pub at: Moment,
    /// Of the head office that sent it.
    pub epoch: u64,
}

impl FileChunk {
    /// Checks what does not depend on what is stored.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where no file of this length has such a chunk.
    pub fn check(&self) -> Result<(), Fault> {
        if chunk::chunk_bytes(self.n_bytes, self.n) == Some(self.bytes.len()) {
            return Ok(());
        }
        Err(Fault::Corrupt {
            what: format!("chunk {} of file {}", self.n, self.hash),
        })
    }
}

/// What became of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    More {
        missing: Vec<u32>,
    },
    Whole,
    /// The bytes were not those of the hash, and are gone.
    Wrong,
}

/// Bytes, by why they lie here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileTotals {
    pub n_owed: u64,
    pub draft_bytes: u64,
    pub owed_bytes: u64,
    /// Made here, and head office has it.
    pub delivered_bytes: u64,
    /// From head office, whole or arriving.
    pub fetched_bytes: u64,
}

/// What a store knows of one file; every store of files keeps this beside the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FileRecord {
    #[n(1)]
    pub hash: Hash,
    #[n(2)]
    pub n_bytes: u32,
    #[n(3)]
    pub at: Moment,
    #[n(4)]
    pub standing: FileStanding,
    /// Made on this device.
    #[n(5)]
    pub is_own: bool,
    /// Of the head office that is known to have it; none: none is.
    #[n(6)]
    pub epoch: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum FileStanding {
    #[n(0)]
    Draft,
    #[n(1)]
    Owed,
    #[n(2)]
    Kept,
    #[n(3)]
    Arriving,
}

impl FileRecord {
    /// What is known of a whole file that is put to those that are known; none where nothing changes.
    ///
    /// # Errors
    /// [`Fault::Other`] where it is empty or longer than a file may be.
    pub fn put(
        known: Option<Self>,
        bytes: &[u8],
        hold: Hold,
        at: Moment,
    ) -> Result<Option<Self>, Fault> {
        let n_bytes = u32::try_from(bytes.len()).ok();
        let n_bytes = n_bytes.filter(|it| chunk::n_chunks(*it).is_some());
        let n_bytes = n_bytes.ok_or_else(|| {
            Fault::Other(format!("a file of {} bytes is not stored", bytes.len()))
        })?;
        let standing = match (hold, known.map(|it| it.standing)) {
            (_, Some(FileStanding::Owed | FileStanding::Kept))
            | (Hold::Draft, Some(FileStanding::Draft)) => return Ok(None),
            (Hold::Draft, None | Some(FileStanding::Arriving)) => FileStanding::Draft,
            (Hold::Owed, None | Some(FileStanding::Arriving | FileStanding::Draft)) => {
                FileStanding::Owed
            }
        };
        Ok(Some(Self {
            hash: Hash::of(bytes),
            n_bytes,
            at: known.filter(|it| it.is_own).map_or(at, |it| it.at),
            standing,
            is_own: true,
            epoch: None,
        }))
    }

    /// A file of which the first chunk comes from head office.
    pub const fn arriving(chunk: &FileChunk) -> Self {
        Self {
            hash: chunk.hash,
            n_bytes: chunk.n_bytes,
            at: chunk.at,
            standing: FileStanding::Arriving,
            is_own: false,
            epoch: None,
        }
    }

    /// The same file once all of it is here.
    #[must_use]
    pub const fn arrived(self, epoch: u64) -> Self {
        Self {
            standing: FileStanding::Kept,
            epoch: Some(epoch),
            ..self
        }
    }

    pub const fn n_chunks(&self) -> u32 {
        match chunk::n_chunks(self.n_bytes) {
            Some(it) => it,
            None => 0,
        }
    }

    pub const fn note(&self) -> FileNote {
        FileNote {
            hash: self.hash,
            n_bytes: self.n_bytes,
        }
    }

    pub const fn is_whole(&self) -> bool {
        !matches!(self.standing, FileStanding::Arriving)
    }

    pub fn is_kept_elsewhere(&self, epoch: u64) -> bool {
        self.standing == FileStanding::Kept && self.epoch != Some(epoch)
    }

    pub fn state(&self, missing: impl FnOnce() -> Vec<u32>) -> FileState {
        match self.standing {
            FileStanding::Draft => FileState::Draft,
            FileStanding::Owed => FileState::Owed,
            FileStanding::Kept => FileState::Kept,
            FileStanding::Arriving => FileState::Arriving {
                n_bytes: self.n_bytes,
                missing: missing(),
            },
        }
    }

    /// What goes so that so many bytes are free, and how many that makes: of what head office has, what came
    /// from there before what was made here, old before new.
    pub fn to_evict(mut records: Vec<Self>, n_bytes: u64) -> (Vec<Self>, u64) {
        records.retain(|it| matches!(it.standing, FileStanding::Kept | FileStanding::Arriving));
        records.sort_by_key(|it| (it.is_own, it.at, it.hash));
        let mut n_freed = 0;
        records.retain(|it| {
            let goes = n_freed < n_bytes;
            n_freed += if goes { u64::from(it.n_bytes) } else { 0 };
            goes
        });
        (records, n_freed)
    }

    /// This file once a head office of this epoch said whether it has it; none where nothing changes.
    #[must_use]
    pub fn settled(self, epoch: u64, has: bool) -> Option<Self> {
        let standing = match self.standing {
            FileStanding::Owed | FileStanding::Kept if has => FileStanding::Kept,
            FileStanding::Owed | FileStanding::Kept => FileStanding::Owed,
            FileStanding::Draft | FileStanding::Arriving => return None,
        };
        let next = Self {
            standing,
            epoch: has.then_some(epoch),
            ..self
        };
        (next != self).then_some(next)
    }
}

impl FileTotals {
    pub fn of<'a>(records: impl IntoIterator<Item = &'a FileRecord>) -> Self {
        let mut totals = Self::default();
        for it in records {
            let n_bytes = u64::from(it.n_bytes);
            match it.standing {
                FileStanding::Draft => totals.draft_bytes += n_bytes,
                FileStanding::Owed => {
                    totals.n_owed += 1;
                    totals.owed_bytes += n_bytes;
                }
                FileStanding::Kept if it.is_own => totals.delivered_bytes += n_bytes,
                FileStanding::Kept | FileStanding::Arriving => totals.fetched_bytes += n_bytes,
            }
        }
        totals
    }
}
