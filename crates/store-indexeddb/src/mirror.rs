//! What a tab remembers of the log, so that a write need not ask for it again.
//!
//! A mirror is true as of one standing. Whoever writes names that standing, and the transaction
//! happens only if the log still stands there.

use std::collections::BTreeMap;

use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;
use shouwen_store::{Fault, Position};

use crate::directory::{Directory, SealedRow};
use crate::record::{ChainPlace, JournalRecord, Meta, OwnNote, StoredRow, decode};

#[derive(Debug, Default)]
pub struct Mirror {
    /// As on the disk; none: the log is new.
    pub standing: Option<Vec<u8>>,
    pub meta: Meta,
    /// Whether anything was read yet.
    pub is_read: bool,
    /// What the journal has of each case since the last compaction.
    pub journal: BTreeMap<CaseId, Unsealed>,
    /// Own envelopes that the journal tells of: the newest word on each.
    pub own: BTreeMap<ChainPlace, Noted>,
    /// Own envelopes that were let go of and came again, and the writes that have them.
    pub back: BTreeMap<ChainPlace, u64>,
    /// As far as it was asked for.
    pub directory: Directory,
    pub generation: u32,
}

#[derive(Debug, Default)]
pub struct Unsealed {
    pub n_entries: u32,
    /// The newest row that the journal has, and which write made it.
    pub row: Option<(Position, UnsealedRow)>,
    /// Whether compaction has yet to give a row of the case its place: what comes after waits behind it.
    pub is_unplaced: bool,
    /// Writes with entries, stamps or receipts of the case.
    pub positions: Vec<u64>,
}

#[derive(Debug)]
pub enum UnsealedRow {
    Here(StoredRow),
    /// Closed; the row went straight into a block.
    InBlock,
}

impl UnsealedRow {
    pub const fn due(&self) -> Option<Moment> {
        match self {
            Self::Here(row) => row.due,
            Self::InBlock => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Noted {
    pub note: OwnNote,
    /// The write that has the envelope; none: it was put away.
    pub appended: Option<u64>,
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub version: u32,
    pub is_open: bool,
}

impl Mirror {
    /// Whether all blocks that are on the disk are known.
    pub fn has_directory(&self) -> bool {
        self.directory.next_block == self.meta.next_block && self.generation == self.meta.generation
    }

    pub fn stand(&self, case: CaseId) -> Stand {
        let sealed = self.directory.sealed(case);
        let unsealed = self.journal.get(&case);
        Stand {
            version: sealed.version + unsealed.map_or(0, |it| it.n_entries),
            is_open: match unsealed.and_then(|it| it.row.as_ref()) {
                Some((_, row)) => row.due().is_some(),
                None => sealed.row == Some(SealedRow::Hot),
            },
        }
    }

    /// Own envelopes behind `sequence` in `chain` that the journal has, and the writes that have them, by
    /// sequence.
    pub fn own_writes(&self, chain: u32, sequence: u64) -> Vec<(u64, u64)> {
        let first = ChainPlace {
            chain,
            sequence: sequence.saturating_add(1),
        };
        let own = self.own.range(first..);
        let own = own.filter_map(|(place, it)| Some((place, it.appended?)));
        let back = self.back.range(first..).map(|(place, &it)| (place, it));
        let of_chain = own.chain(back).filter(|(it, _)| it.chain == chain);
        let mut writes: Vec<(u64, u64)> = of_chain
            .map(|(place, write)| (place.sequence, write))
            .collect();
        writes.sort_unstable();
        writes
    }

    /// Takes over a standing and what the journal says behind the one before.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where a record cannot be read.
    pub fn follow(
        &mut self,
        standing: Option<Vec<u8>>,
        meta: Meta,
        journal: Vec<JournalRecord>,
    ) -> Result<(), Fault> {
        if meta.sealed_up_to != self.meta.sealed_up_to {
            self.journal.clear();
            self.own.clear();
            self.back.clear();
        }
        if meta.generation != self.generation {
            self.directory = Directory::default();
            self.generation = meta.generation;
        }
        let mut seen = if meta.sealed_up_to == self.meta.sealed_up_to {
            self.meta.position
        } else {
            meta.sealed_up_to
        };
        for it in journal {
            if it.position.0 != seen.0 + 1 {
                let what = format!("the journal has no write {}", seen.0 + 1);
                return Err(Fault::Corrupt { what });
            }
            seen = it.position;
            self.fold(it);
        }
        if seen != meta.position {
            return Err(Fault::Corrupt {
                what: format!("the journal ends at {}, not at {}", seen.0, meta.position.0),
            });
        }
        self.standing = standing;
        self.meta = meta;
        self.is_read = true;
        Ok(())
    }

    /// Goes back to the last compaction.
    pub fn forget_journal(&mut self, sealed_up_to: Position) {
        self.journal.clear();
        self.own.clear();
        self.back.clear();
        self.meta.sealed_up_to = sealed_up_to;
        self.meta.position = sealed_up_to;
        self.is_read = false;
    }

    fn fold(&mut self, record: JournalRecord) {
        let position = record.position;
        for part in &record.parts {
            let case = self.journal.entry(part.case).or_default();
            case.n_entries += u32::try_from(part.entries.len()).unwrap_or(u32::MAX);
            case.positions.push(position.0);
            let back = part.entries.iter().filter_map(|it| it.back);
            self.back.extend(back.map(|it| (it, position.0)));
        }
        for row in record.rows {
            let case = self.journal.entry(row.case).or_default();
            case.row = Some((position, UnsealedRow::Here(row)));
            case.is_unplaced = true;
        }
        for row in record.placed {
            let case = self.journal.entry(row.case).or_default();
            case.row = Some((position, UnsealedRow::Here(row)));
        }
        for case in record.closed {
            self.journal.entry(case).or_default().row = Some((position, UnsealedRow::InBlock));
        }
        for note in record.own {
            let appended = if note.fate.is_none() {
                Some(position.0)
            } else {
                None
            };
            self.own
                .entry(note.place)
                .and_modify(|it| it.note = note)
                .or_insert(Noted { note, appended });
        }
    }
}

/// The standing that a record says.
///
/// # Errors
/// [`Fault::Corrupt`] where it cannot be read.
pub fn meta(standing: Option<&[u8]>) -> Result<Meta, Fault> {
    standing.map_or(Ok(Meta::default()), |it| decode("the log's standing", it))
}
