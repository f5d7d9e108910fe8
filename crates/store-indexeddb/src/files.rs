//! Files beside the log: a record each, named by how it stands and its hash, and its chunks.
//!
//! What is owed is found without looking at what is kept. Every write counts up one record and goes
//! through only if nobody else did meanwhile, so what one tab throws away is never what another just
//! found out to be owed.

use shouwen_domain::at_rest;
use shouwen_domain::hash::Hash;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_store::files::{FileRecord, FileStanding};
use shouwen_store::{
    ChunkHere, Fault, FileChunk, FileNote, FileState, FileTotals, Files, Hold, Taken,
};

use crate::Engine;
use crate::disk::{Committed, Disk, Guard, Key, Lying, Read, Store, Write};
use crate::record::{FileWrites, decode, encode};

/// The record of [`Store::Meta`] that counts the writes to files.
const WRITES: u64 = 2;

const STANDINGS: [FileStanding; 4] = [
    FileStanding::Draft,
    FileStanding::Owed,
    FileStanding::Kept,
    FileStanding::Arriving,
];

const fn folder(standing: FileStanding) -> &'static str {
    match standing {
        FileStanding::Draft => "draft/",
        FileStanding::Owed => "owed/",
        FileStanding::Kept => "kept/",
        FileStanding::Arriving => "arriving/",
    }
}

fn record_key(standing: FileStanding, hash: Hash) -> Key {
    Key::Name(format!("{}{hash}", folder(standing)))
}

fn all_of(standing: FileStanding) -> Read {
    Read::Named {
        store: Store::Files,
        prefix: folder(standing).to_owned(),
    }
}

fn chunk_prefix(hash: Hash) -> String {
    format!("{hash}/")
}

fn chunk_key(hash: Hash, n: u32) -> Key {
    Key::Name(at_rest::chunk_name(hash, n))
}

fn put_record(record: &FileRecord) -> Write {
    let key = record_key(record.standing, record.hash);
    Write::Put(Store::Files, key, encode(record))
}

fn put_chunk(hash: Hash, n: u32, bytes: &[u8]) -> Write {
    let bytes = bytes.to_vec();
    Write::Put(
        Store::Chunks,
        chunk_key(hash, n),
        encode(&at_rest::Chunk { bytes }),
    )
}

fn remove_record(it: &FileRecord) -> Write {
    Write::Delete(Store::Files, record_key(it.standing, it.hash))
}

fn remove_file(it: &FileRecord) -> impl Iterator<Item = Write> {
    let hash = it.hash;
    let chunks = (0..it.n_chunks()).map(move |n| Write::Delete(Store::Chunks, chunk_key(hash, n)));
    chunks.chain([remove_record(it)])
}

fn records(answers: Vec<Vec<Vec<u8>>>) -> Result<Vec<FileRecord>, Fault> {
    let all = answers.into_iter().flatten();
    all.map(|it| decode("what is known of a file", &it))
        .collect()
}

fn chunk_bytes(record: &[u8]) -> Result<Vec<u8>, Fault> {
    let chunk: at_rest::Chunk = decode("a chunk of a file", record)?;
    Ok(chunk.bytes)
}

/// What was read, and the count of writes that it was true at.
struct Seen<T> {
    what: T,
    counted: Option<Vec<u8>>,
}

impl<D: Disk> Engine<D> {
    async fn see(&self, reads: &[Read]) -> Result<Seen<Vec<Vec<Vec<u8>>>>, Fault> {
        let mut asked = vec![Read::One(Store::Meta, Key::Number(WRITES))];
        asked.extend_from_slice(reads);
        let mut answers = self.disk.read(&asked).await?;
        let counted = answers.remove(0).into_iter().next();
        Ok(Seen {
            what: answers,
            counted,
        })
    }

    async fn see_file(&self, hash: Hash) -> Result<Seen<Option<FileRecord>>, Fault> {
        let reads = STANDINGS.map(|it| Read::One(Store::Files, record_key(it, hash)));
        let seen = self.see(&reads).await?;
        Ok(Seen {
            what: records(seen.what)?.into_iter().next(),
            counted: seen.counted,
        })
    }

    /// Whether it was stored; if not, somebody else wrote since `counted`.
    async fn write_files(
        &self,
        counted: Option<&[u8]>,
        mut writes: Vec<Write>,
    ) -> Result<bool, Fault> {
        let so_far: FileWrites = match counted {
            Some(it) => decode("the count of writes to files", it)?,
            None => FileWrites::default(),
        };
        let next = FileWrites {
            n_writes: so_far.n_writes + 1,
        };
        writes.push(Write::Put(Store::Meta, Key::Number(WRITES), encode(&next)));
        let guard = Guard {
            key: WRITES,
            expected: counted,
        };
        Ok(self.disk.commit(guard, &writes).await? == Committed::Stored)
    }

    async fn missing(&self, record: &FileRecord) -> Result<Vec<u32>, Fault> {
        let prefix = chunk_prefix(record.hash);
        let here = self.disk.names(Store::Chunks, &prefix).await?;
        let is_here = |n: u32| {
            here.iter()
                .any(|it| Key::Name(it.clone()) == chunk_key(record.hash, n))
        };
        Ok((0..record.n_chunks()).filter(|it| !is_here(*it)).collect())
    }

    async fn chunks(&self, hash: Hash) -> Result<Vec<u8>, Fault> {
        let read = Read::Named {
            store: Store::Chunks,
            prefix: chunk_prefix(hash),
        };
        let mut whole = Vec::new();
        for it in self.disk.read(&[read]).await?.concat() {
            whole.extend(chunk_bytes(&it)?);
        }
        Ok(whole)
    }

    async fn oldest(
        &self,
        standing: FileStanding,
        limit: usize,
        fits: impl Fn(&FileRecord) -> bool,
    ) -> Result<Vec<FileNote>, Fault> {
        let mut found = records(self.disk.read(&[all_of(standing)]).await?)?;
        found.retain(fits);
        found.sort_by_key(|it| (it.at, it.hash));
        Ok(found.iter().take(limit).map(FileRecord::note).collect())
    }
}

impl<D: Disk> Files for Engine<D> {
    async fn put_file(&self, bytes: &[u8], hold: Hold, at: Moment) -> Result<Hash, Fault> {
        let hash = Hash::of(bytes);
        loop {
            let seen = self.see_file(hash).await?;
            let Some(record) = FileRecord::put(seen.what, bytes, hold, at)? else {
                return Ok(hash);
            };
            let mut writes = Vec::new();
            if let Some(draft) = seen.what.filter(FileRecord::is_whole) {
                // What only changes its standing takes no room.
                writes.push(remove_record(&draft));
            } else {
                writes.extend(seen.what.iter().flat_map(remove_file));
                let chunks = (0..).zip(bytes.chunks(limits::CHUNK_BYTES));
                writes.extend(chunks.map(|(n, it)| put_chunk(hash, n, it)));
            }
            writes.push(put_record(&record));
            if self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(hash);
            }
        }
    }

    async fn file(&self, hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let seen = self.see_file(hash).await?;
            if seen.what.is_none_or(|it| !it.is_whole()) {
                return Ok(None);
            }
            let whole = self.chunks(hash).await?;
            if Hash::of(&whole) == hash {
                return Ok(Some(whole));
            }
            // Thrown away while it was read, perhaps.
            if self.see_file(hash).await?.counted == seen.counted {
                return Err(Fault::Corrupt {
                    what: format!("file {hash}"),
                });
            }
        }
    }

    async fn chunk(&self, hash: Hash, n: u32) -> Result<Option<ChunkHere>, Fault> {
        let whole = self.see_file(hash).await?.what.filter(FileRecord::is_whole);
        if whole.is_none_or(|it| n >= it.n_chunks()) {
            return Ok(None);
        }
        let found = self
            .disk
            .as_it_lies(Store::Chunks, chunk_key(hash, n))
            .await?;
        let here = |it: Lying| match it {
            Lying::Plain(record) => Ok(ChunkHere {
                bytes: chunk_bytes(&record)?,
                is_sealed: false,
            }),
            Lying::Sealed(bytes) => Ok(ChunkHere {
                bytes,
                is_sealed: true,
            }),
        };
        found.map(here).transpose()
    }

    async fn file_state(&self, hash: Hash) -> Result<FileState, Fault> {
        let Some(record) = self.see_file(hash).await?.what else {
            return Ok(FileState::Absent);
        };
        let missing = if record.is_whole() {
            Vec::new()
        } else {
            self.missing(&record).await?
        };
        Ok(record.state(|| missing))
    }

    async fn owed_files(&self, limit: usize) -> Result<Vec<FileNote>, Fault> {
        self.oldest(FileStanding::Owed, limit, |_| true).await
    }

    async fn kept_elsewhere(&self, epoch: u64, limit: usize) -> Result<Vec<FileNote>, Fault> {
        let elsewhere = |it: &FileRecord| it.is_kept_elsewhere(epoch);
        self.oldest(FileStanding::Kept, limit, elsewhere).await
    }

    async fn settle_files(&self, epoch: u64, has: &[Hash], lacks: &[Hash]) -> Result<(), Fault> {
        let said: Vec<(Hash, bool)> = has
            .iter()
            .map(|it| (*it, true))
            .chain(lacks.iter().map(|it| (*it, false)))
            .collect();
        let reads: Vec<Read> = said
            .iter()
            .flat_map(|(hash, _)| {
                STANDINGS.map(|it| Read::One(Store::Files, record_key(it, *hash)))
            })
            .collect();
        loop {
            let seen = self.see(&reads).await?;
            let mut known = records(seen.what)?;
            let mut writes = Vec::new();
            for (hash, has) in &said {
                for it in known.iter_mut().filter(|it| it.hash == *hash) {
                    if let Some(next) = it.settled(epoch, *has) {
                        writes.extend([remove_record(it), put_record(&next)]);
                        *it = next;
                    }
                }
            }
            if writes.is_empty() || self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(());
            }
        }
    }

    async fn take_chunk(&self, chunk: FileChunk) -> Result<Taken, Fault> {
        chunk.check()?;
        loop {
            let seen = self.see_file(chunk.hash).await?;
            if seen.what.is_some_and(|it| it.is_whole()) {
                return Ok(Taken::Whole);
            }
            let known = seen.what.filter(|it| it.n_bytes == chunk.n_bytes);
            let mut writes = Vec::new();
            if known.is_none() {
                writes.extend(seen.what.iter().flat_map(remove_file));
            }
            let record = known.unwrap_or_else(|| FileRecord::arriving(&chunk));
            let mut missing = match known {
                Some(it) => self.missing(&it).await?,
                None => (0..record.n_chunks()).collect(),
            };
            missing.retain(|it| *it != chunk.n);
            let taken = if missing.is_empty() {
                self.whole_with(&chunk).await?
            } else {
                Taken::More { missing }
            };
            match &taken {
                Taken::Wrong => writes.extend(remove_file(&record)),
                Taken::Whole => {
                    writes.extend(known.iter().map(remove_record));
                    writes.push(put_record(&record.arrived(chunk.epoch)));
                    writes.push(put_chunk(chunk.hash, chunk.n, &chunk.bytes));
                }
                Taken::More { .. } => {
                    writes.push(put_record(&record));
                    writes.push(put_chunk(chunk.hash, chunk.n, &chunk.bytes));
                }
            }
            if self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(taken);
            }
        }
    }

    async fn evict_files(&self, n_bytes: u64) -> Result<u64, Fault> {
        let reads = [all_of(FileStanding::Kept), all_of(FileStanding::Arriving)];
        loop {
            let seen = self.see(&reads).await?;
            let (going, n_freed) = FileRecord::to_evict(records(seen.what)?, n_bytes);
            let writes: Vec<Write> = going.iter().flat_map(remove_file).collect();
            if writes.is_empty() || self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(n_freed);
            }
        }
    }

    async fn discard_file(&self, hash: Hash) -> Result<(), Fault> {
        self.remove_if(hash, |it| it.standing != FileStanding::Owed)
            .await
    }

    async fn erase_file(&self, hash: Hash) -> Result<(), Fault> {
        self.remove_if(hash, |_| true).await
    }

    async fn file_totals(&self) -> Result<FileTotals, Fault> {
        let all = records(self.disk.read(&STANDINGS.map(all_of)).await?)?;
        Ok(FileTotals::of(&all))
    }
}

impl<D: Disk> Engine<D> {
    async fn remove_if(
        &self,
        hash: Hash,
        may_go: impl Fn(&FileRecord) -> bool,
    ) -> Result<(), Fault> {
        loop {
            let seen = self.see_file(hash).await?;
            let going = seen.what.filter(&may_go);
            let writes: Vec<Write> = going.iter().flat_map(remove_file).collect();
            if writes.is_empty() || self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(());
            }
        }
    }

    /// Before an act names it: a draft is owed from here on. Needs no key; whether the file is here as a whole.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored.
    pub async fn owe_file(&self, hash: Hash) -> Result<bool, Fault> {
        loop {
            let seen = self.see_file(hash).await?;
            let Some(known) = seen.what.filter(FileRecord::is_whole) else {
                return Ok(false);
            };
            if known.standing != FileStanding::Draft {
                return Ok(true);
            }
            let owed = FileRecord {
                standing: FileStanding::Owed,
                ..known
            };
            let writes = vec![remove_record(&known), put_record(&owed)];
            if self.write_files(seen.counted.as_deref(), writes).await? {
                return Ok(true);
            }
        }
    }

    /// What an arriving file comes to with its last chunk.
    async fn whole_with(&self, last: &FileChunk) -> Result<Taken, Fault> {
        let others =
            (0..).take_while(|n| shouwen_domain::chunk::chunk_bytes(last.n_bytes, *n).is_some());
        let reads: Vec<Read> = others
            .filter(|n| *n != last.n)
            .map(|n| Read::One(Store::Chunks, chunk_key(last.hash, n)))
            .collect();
        let mut found = self.disk.read(&reads).await?.concat().into_iter();
        let mut whole = Vec::new();
        for n in 0..=u32::try_from(reads.len()).unwrap_or(u32::MAX) {
            if n == last.n {
                whole.extend_from_slice(&last.bytes);
            } else if let Some(it) = found.next() {
                whole.extend(chunk_bytes(&it)?);
            }
        }
        Ok(if Hash::of(&whole) == last.hash {
            Taken::Whole
        } else {
            Taken::Wrong
        })
    }
}
