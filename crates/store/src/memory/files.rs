//! The files of the log in memory.

use std::collections::BTreeMap;
use std::rc::Rc;

use shouwen_domain::hash::Hash;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;

use super::{Memory, Written};
use crate::fault::Fault;
use crate::files::{
    ChunkHere, FileChunk, FileNote, FileRecord, FileStanding, FileState, FileTotals, Files, Hold,
    Taken,
};

/// A file and what is here of it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    record: FileRecord,
    chunks: BTreeMap<u32, Rc<[u8]>>,
}

impl Stored {
    fn missing(&self) -> Vec<u32> {
        (0..self.record.n_chunks())
            .filter(|it| !self.chunks.contains_key(it))
            .collect()
    }

    fn bytes(&self) -> Vec<u8> {
        self.chunks.values().flat_map(|it| it.to_vec()).collect()
    }
}

impl Memory {
    /// The oldest whole files that fit.
    fn oldest(&self, limit: usize, fits: impl Fn(&FileRecord) -> bool) -> Vec<FileNote> {
        let disk = self.disk();
        let mut found: Vec<&FileRecord> = disk.files.values().map(|it| &it.record).collect();
        found.retain(|it| fits(it));
        found.sort_by_key(|it| (it.at, it.hash));
        found
            .into_iter()
            .take(limit)
            .map(FileRecord::note)
            .collect()
    }
}

impl Files for Memory {
    async fn put_file(&self, bytes: &[u8], hold: Hold, at: Moment) -> Result<Hash, Fault> {
        let hash = Hash::of(bytes);
        self.write(|disk| {
            let known = disk.files.get(&hash).map(|it| it.record);
            let Some(record) = FileRecord::put(known, bytes, hold, at)? else {
                return Ok(Written::Nothing(hash));
            };
            let chunks = (0..).zip(bytes.chunks(limits::CHUNK_BYTES).map(Rc::from));
            let chunks = chunks.collect();
            disk.files.insert(hash, Stored { record, chunks });
            Ok(Written::Changed(hash))
        })
    }

    async fn file(&self, hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
        let disk = self.disk();
        let whole = disk.files.get(&hash).filter(|it| it.record.is_whole());
        Ok(whole.map(Stored::bytes))
    }

    async fn chunk(&self, hash: Hash, n: u32) -> Result<Option<ChunkHere>, Fault> {
        let disk = self.disk();
        let whole = disk.files.get(&hash).filter(|it| it.record.is_whole());
        let chunk = whole.and_then(|it| it.chunks.get(&n));
        Ok(chunk.map(|it| ChunkHere {
            bytes: it.to_vec(),
            is_sealed: false,
        }))
    }

    async fn file_state(&self, hash: Hash) -> Result<FileState, Fault> {
        Ok(match self.disk().files.get(&hash) {
            None => FileState::Absent,
            Some(it) => it.record.state(|| it.missing()),
        })
    }

    async fn owed_files(&self, limit: usize) -> Result<Vec<FileNote>, Fault> {
        Ok(self.oldest(limit, |it| it.standing == FileStanding::Owed))
    }

    async fn kept_elsewhere(&self, epoch: u64, limit: usize) -> Result<Vec<FileNote>, Fault> {
        Ok(self.oldest(limit, |it| it.is_kept_elsewhere(epoch)))
    }

    async fn settle_files(&self, epoch: u64, has: &[Hash], lacks: &[Hash]) -> Result<(), Fault> {
        self.write(|disk| {
            let said = has.iter().map(|it| (it, true));
            let said = said.chain(lacks.iter().map(|it| (it, false)));
            let mut has_changed = false;
            for (hash, has) in said {
                let known = disk.files.get_mut(hash);
                if let Some(it) = known
                    && let Some(next) = it.record.settled(epoch, has)
                {
                    it.record = next;
                    has_changed = true;
                }
            }
            Ok(if has_changed {
                Written::Changed(())
            } else {
                Written::Nothing(())
            })
        })
    }

    async fn take_chunk(&self, chunk: FileChunk) -> Result<Taken, Fault> {
        chunk.check()?;
        self.write(|disk| {
            let known = disk.files.get(&chunk.hash);
            if known.is_some_and(|it| it.record.is_whole()) {
                return Ok(Written::Nothing(Taken::Whole));
            }
            let mut stored = known
                .filter(|it| it.record.n_bytes == chunk.n_bytes)
                .cloned()
                .unwrap_or_else(|| Stored {
                    record: FileRecord::arriving(&chunk),
                    chunks: BTreeMap::new(),
                });
            stored.chunks.insert(chunk.n, chunk.bytes.into());
            let missing = stored.missing();
            let taken = if !missing.is_empty() {
                Taken::More { missing }
            } else if Hash::of(&stored.bytes()) == chunk.hash {
                stored.record = stored.record.arrived(chunk.epoch);
                Taken::Whole
            } else {
                Taken::Wrong
            };
            if taken == Taken::Wrong {
                disk.files.remove(&chunk.hash);
            } else {
                disk.files.insert(chunk.hash, stored);
            }
            Ok(Written::Changed(taken))
        })
    }

    async fn evict_files(&self, n_bytes: u64) -> Result<u64, Fault> {
        self.write(|disk| {
            let records = disk.files.values().map(|it| it.record);
            let (going, n_freed) = FileRecord::to_evict(records.collect(), n_bytes);
            for it in &going {
                disk.files.remove(&it.hash);
            }
            Ok(if going.is_empty() {
                Written::Nothing(0)
            } else {
                Written::Changed(n_freed)
            })
        })
    }

    async fn discard_file(&self, hash: Hash) -> Result<(), Fault> {
        self.write(|disk| {
            let is_missed = |it: &Stored| it.record.standing == FileStanding::Owed;
            if disk.files.get(&hash).is_none_or(is_missed) {
                return Ok(Written::Nothing(()));
            }
            disk.files.remove(&hash);
            Ok(Written::Changed(()))
        })
    }

    async fn erase_file(&self, hash: Hash) -> Result<(), Fault> {
        self.write(|disk| {
            let removed = disk.files.remove(&hash);
            Ok(if removed.is_some() {
                Written::Changed(())
            } else {
                Written::Nothing(())
            })
        })
    }

    async fn file_totals(&self) -> Result<FileTotals, Fault> {
        Ok(FileTotals::of(
            self.disk().files.values().map(|it| &it.record),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::InMemory;

    crate::file_suite!(InMemory::default());
}
