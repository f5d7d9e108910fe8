//! Which blocks have what of a case.
//!
//! A place is 23 bytes: case, block, how many envelopes, what else. Places lie sorted in runs, so that
//! a hundred thousand cases are found without being unpacked.

use std::collections::BTreeSet;

use shouwen_domain::id::CaseId;

use crate::record::{OwnRange, Run};

const CASE: usize = 16;
const SORTED: usize = CASE + 4;
/// Bytes a place.
pub const WIDTH: usize = SORTED + 2 + 1;

/// What a block has of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub block: u32,
    pub n_entries: u16,
    pub kind: PlaceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// Entries, stamps or receipts.
    Part,
    /// Nothing; from this block on the case is open and its row is hot.
    Open,
    /// The row; from this block on the case is closed.
    Closed,
}

impl PlaceKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Part => 0,
            Self::Open => 1,
            Self::Closed => 2,
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Open,
            2 => Self::Closed,
            _ => Self::Part,
        }
    }
}

/// What the blocks have of one case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    pub version: u32,
    /// The newest row; none: no row was put away yet.
    pub row: Option<SealedRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedRow {
    Hot,
    InBlock(u32),
}

/// What was read of the directory so far.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Each sorted; the sizes fall, so that there are few.
    runs: Vec<Vec<u8>>,
    own: Vec<OwnRange>,
    row_blocks: BTreeSet<u32>,
    /// All blocks below this are known.
    pub next_block: u32,
}

impl Directory {
    pub fn extend(&mut self, run: Run) {
        let closed = |place: &&[u8]| PlaceKind::from_byte(place[WIDTH - 1]) == PlaceKind::Closed;
        self.row_blocks.extend(
            run.places
                .chunks_exact(WIDTH)
                .filter(closed)
                .map(|it| read(it).block),
        );
        self.own.extend(run.own);
        self.next_block = self.next_block.max(run.next_block);
        self.runs.push(run.places);
        while let [.., older, newer] = self.runs.as_slice()
            && older.len() <= 2 * newer.len()
        {
            let merged = merge(older, newer);
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
    }

    /// Every place of a case, by block.
    pub fn places(&self, case: CaseId) -> Vec<Place> {
        let mut found = Vec::new();
        for run in &self.runs {
            let n = run.len() / WIDTH;
            let at = |i: usize| &run[i * WIDTH..(i + 1) * WIDTH];
            let (mut low, mut high) = (0, n);
            while low < high {
                let middle = low.midpoint(high);
                if at(middle)[..CASE] < case.bytes()[..] {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            found.extend(
                (low..n)
                    .map(at)
                    .take_while(|it| it[..CASE] == case.bytes()[..])
                    .map(read),
            );
        }
        found.sort_unstable();
        found
    }

    pub fn sealed(&self, case: CaseId) -> Sealed {
        self.places(case)
            .into_iter()
            .fold(Sealed::default(), |it, place| match place.kind {
                PlaceKind::Part => Sealed {
                    version: it.version + u32::from(place.n_entries),
                    ..it
                },
                PlaceKind::Open => Sealed {
                    row: Some(SealedRow::Hot),
                    ..it
                },
                PlaceKind::Closed => Sealed {
                    row: Some(SealedRow::InBlock(place.block)),
                    ..it
                },
            })
    }

    /// Blocks below `before` that have rows of closed cases, the newest first.
    pub fn row_blocks(&self, before: u64) -> impl Iterator<Item = u32> {
        self.row_blocks
            .iter()
            .rev()
            .copied()
            .filter(move |&it| u64::from(it) < before)
    }

    /// Blocks that have own envelopes behind `sequence` in `chain`, by the first of them.
    pub fn own_blocks(&self, chain: u32, sequence: u64) -> Vec<OwnRange> {
        let mut found: Vec<_> = self
            .own
            .iter()
            .filter(|it| it.chain == chain && it.last > sequence)
            .copied()
            .collect();
        found.sort_by_key(|it| (it.first, it.block));
        found
    }
}

/// The places of one write, in the form of a run.
pub fn sorted(places: &mut [(CaseId, Place)]) -> Vec<u8> {
    places.sort_unstable_by_key(|(case, place)| (*case, place.block));
    let mut bytes = Vec::with_capacity(places.len() * WIDTH);
    for (case, place) in places {
        bytes.extend_from_slice(case.bytes());
        bytes.extend_from_slice(&place.block.to_be_bytes());
        bytes.extend_from_slice(&place.n_entries.to_be_bytes());
        bytes.push(place.kind.to_byte());
    }
    bytes
}

/// A run's places without those of some cases.
pub fn without(places: &[u8], cases: &BTreeSet<CaseId>) -> Vec<u8> {
    let stays = |it: &&[u8]| cases.iter().all(|case| it[..CASE] != case.bytes()[..]);
    places
        .chunks_exact(WIDTH)
        .filter(stays)
        .flatten()
        .copied()
        .collect()
}

/// Two runs as one.
pub fn merge(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (
        a.chunks_exact(WIDTH).peekable(),
        b.chunks_exact(WIDTH).peekable(),
    );
    loop {
        let first = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if y[..SORTED] < x[..SORTED] => b.next(),
            (Some(_), _) => a.next(),
            (None, _) => b.next(),
        };
        match first {
            Some(place) => merged.extend_from_slice(place),
            None => return merged,
        }
    }
}

fn read(place: &[u8]) -> Place {
    let mut block = [0; 4];
    block.copy_from_slice(&place[CASE..SORTED]);
    let n_entries = u16::from_be_bytes([place[SORTED], place[SORTED + 1]]);
    Place {
        block: u32::from_be_bytes(block),
        n_entries,
        kind: PlaceKind::from_byte(place[WIDTH - 1]),
    }
}
