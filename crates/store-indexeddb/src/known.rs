//! Finds what is stored of a case, in blocks and in the journal, and puts it together.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_store::Fault;

use crate::directory::PlaceKind;
use crate::disk::{Key, Read, Store};
use crate::mirror::Mirror;
use crate::record::{Block, ChainPlace, JournalRecord, Part, StoredEntry, decode, envelope};

/// All that is stored of some cases, oldest first: blocks, then the journal.
pub fn case_reads(mirror: &Mirror, cases: impl IntoIterator<Item = CaseId>) -> Vec<Read> {
    let (mut blocks, mut positions) = (BTreeSet::new(), BTreeSet::new());
    for case in cases {
        let parts = mirror
            .directory
            .places(case)
            .into_iter()
            .filter(|it| it.kind == PlaceKind::Part);
        blocks.extend(parts.map(|it| it.block));
        positions.extend(
            mirror
                .journal
                .get(&case)
                .into_iter()
                .flat_map(|it| it.positions.iter().copied()),
        );
    }
    blocks
        .into_iter()
        .map(block_read)
        .chain(positions.into_iter().map(journal_read))
        .collect()
}

/// What is stored of one case.
#[derive(Default)]
pub struct Known {
    pub entries: BTreeMap<(u64, EnvelopeId), KnownEntry>,
    pub stamps: BTreeMap<EnvelopeId, Moment>,
    pub receipts: BTreeMap<ChainPlace, Receipt>,
}

pub struct KnownEntry {
    pub envelope: Envelope,
    pub own: Option<ChainPlace>,
}

impl Known {
    pub fn add(&mut self, part: Part) -> Result<(), Fault> {
        for it in part.entries {
            let envelope = envelope(&it.envelope)?;
            if let Some(at) = it.stamp {
                self.stamps.insert(envelope.header().id, at);
            }
            self.entries.insert(
                envelope.order(),
                KnownEntry {
                    envelope,
                    own: it.own,
                },
            );
        }
        self.stamps
            .extend(part.stamps.into_iter().map(|it| (it.id, it.at)));
        let place = |it: &Receipt| ChainPlace {
            chain: it.chain,
            sequence: it.sequence,
        };
        self.receipts
            .extend(part.receipts.into_iter().map(|it| (place(&it), it)));
        Ok(())
    }

    pub fn arrived(&self, entry: &KnownEntry) -> Option<Moment> {
        let receipt = entry.own.and_then(|it| self.receipts.get(&it));
        let receipt = receipt.filter(|it| !matches!(it.fate, Fate::Refused(_)));
        self.stamps
            .get(&entry.envelope.header().id)
            .copied()
            .or(receipt.map(|it| it.at))
    }
}

/// Sorts out what [`case_reads`] brought.
pub fn known_entries(
    mirror: &Mirror,
    records: &[Vec<Vec<u8>>],
    cases: &BTreeSet<CaseId>,
) -> Result<BTreeMap<CaseId, Known>, Fault> {
    let n_blocks = {
        let reads = case_reads(mirror, cases.iter().copied());
        reads
            .iter()
            .filter(|it| matches!(it, Read::One(Store::Blocks, _)))
            .count()
    };
    let mut known: BTreeMap<CaseId, Known> = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        let record = record.first().ok_or_else(|| Fault::Corrupt {
            what: "a block or a write is missing".to_owned(),
        })?;
        let parts = if i < n_blocks {
            decode::<Block>("a block", record)?.parts
        } else {
            decode::<JournalRecord>("a write", record)?.parts
        };
        for part in parts.into_iter().filter(|it| cases.contains(&it.case)) {
            known.entry(part.case).or_default().add(part)?;
        }
    }
    for (case, it) in &known {
        let version = mirror.stand(*case).version;
        if it.entries.len() != version as usize {
            let what = format!(
                "case {case} has {} envelopes, not {version}",
                it.entries.len()
            );
            return Err(Fault::Corrupt { what });
        }
    }
    Ok(known)
}

/// The own envelopes that a write appended.
pub fn own_entries(record: &[u8]) -> Result<Vec<Envelope>, Fault> {
    let record: JournalRecord = decode("a write", record)?;
    let own = record
        .parts
        .iter()
        .flat_map(|it| &it.entries)
        .filter(|it| it.own.is_some());
    own.map(|it| envelope(&it.envelope)).collect()
}

/// The own envelopes of one chain.
#[derive(Debug, Default)]
pub struct OwnInChain(BTreeMap<u64, StoredEntry>);

impl OwnInChain {
    /// Adds those of `chain` whose sequence `is_wanted`.
    pub fn add(&mut self, parts: Vec<Part>, chain: u32, is_wanted: impl Fn(u64) -> bool) {
        for entry in parts.into_iter().flat_map(|it| it.entries) {
            let place = entry.place();
            let Some(place) = place.filter(|it| it.chain == chain && is_wanted(it.sequence)) else {
                continue;
            };
            // What was never away goes before what a twin wrote in its place.
            if entry.own.is_some() || !self.0.contains_key(&place.sequence) {
                self.0.insert(place.sequence, entry);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By sequence.
    pub fn envelopes(self) -> Result<Vec<Envelope>, Fault> {
        let entries = self.0.into_values();
        entries.map(|it| envelope(&it.envelope)).collect()
    }
}

pub fn block_read(block: u32) -> Read {
    Read::One(Store::Blocks, Key::Number(block.into()))
}

pub fn journal_read(position: u64) -> Read {
    Read::One(Store::Journal, Key::Number(position))
}
