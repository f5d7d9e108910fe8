//! Puts parts and rows into blocks, which are only written again where cases are let go of.

use shouwen_domain::id::CaseId;
use shouwen_domain::limits;

use crate::directory::{self, Place, PlaceKind};
use crate::disk::{Key, Store, Write};
use crate::record::{Block, OwnRange, Part, Run, StoredEntry, StoredRow, encode};

/// Bytes of CBOR around an entry, a row or a part, at most.
const AROUND: usize = 64;

/// Blocks in the making.
#[derive(Debug)]
pub struct Blocks {
    first_block: u32,
    next_block: u32,
    block: Block,
    n_bytes: usize,
    places: Vec<(CaseId, Place)>,
    own: Vec<OwnRange>,
    writes: Vec<Write>,
}

impl Blocks {
    pub const fn new(next_block: u32) -> Self {
        Self {
            first_block: next_block,
            next_block,
            block: Block {
                parts: Vec::new(),
                rows: Vec::new(),
            },
            n_bytes: 0,
            places: Vec::new(),
            own: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// Adds what happened to a case, over as many blocks as it needs.
    pub fn add_part(&mut self, part: Part) {
        let mut here = Part::new(part.case);
        let case_bytes = part.receipts.len() * 400 + part.stamps.len() * 32;
        self.make_room(case_bytes.min(limits::RECORD_BYTES));
        self.n_bytes += case_bytes + AROUND;
        here.stamps = part.stamps;
        here.receipts = part.receipts;
        for entry in part.entries {
            let entry_bytes = entry.envelope.len() + AROUND;
            if self.n_bytes + entry_bytes > limits::RECORD_BYTES && self.n_bytes > AROUND {
                let full = std::mem::replace(&mut here, Part::new(part.case));
                self.put_part(full);
                self.finish_block();
                self.n_bytes = AROUND;
            }
            self.n_bytes += entry_bytes;
            self.note_own(&entry);
            here.entries.push(entry);
        }
        self.put_part(here);
    }

    /// Adds the row of a closed case.
    pub fn add_closed_row(&mut self, row: StoredRow) {
        let row_bytes = row.body.len() + AROUND;
        self.make_room(row_bytes);
        if !self.block.parts.is_empty() {
            self.finish_block();
        }
        self.n_bytes += row_bytes;
        self.places.push((
            row.case,
            Place {
                block: self.next_block,
                n_entries: 0,
                kind: PlaceKind::Closed,
            },
        ));
        self.block.rows.push(row);
    }

    /// Notes cases whose row is hot from here on. The last thing to do.
    pub fn note_open(&mut self, cases: impl IntoIterator<Item = CaseId>) {
        self.finish_block();
        let place = Place {
            block: self.next_block,
            n_entries: 0,
            kind: PlaceKind::Open,
        };
        let before = self.places.len();
        self.places.extend(cases.into_iter().map(|it| (it, place)));
        if self.places.len() > before {
            // A number without a block, to say when it was.
            self.next_block += 1;
        }
    }

    /// The writes, the next free number, and whether there is a new run in the directory.
    pub fn finish(mut self) -> (Vec<Write>, u32, bool) {
        self.finish_block();
        let has_run = !self.places.is_empty();
        if has_run {
            let run = Run {
                first_block: self.first_block,
                next_block: self.next_block,
                places: directory::sorted(&mut self.places),
                own: self.own,
            };
            self.writes.push(Write::Put(
                Store::Directory,
                Key::Number(self.first_block.into()),
                encode(&run),
            ));
        }
        (self.writes, self.next_block, has_run)
    }

    fn make_room(&mut self, n_bytes: usize) {
        if self.n_bytes > 0 && self.n_bytes + n_bytes > limits::RECORD_BYTES {
            self.finish_block();
        }
    }

    fn put_part(&mut self, part: Part) {
        if !part.is_empty() {
            let n_entries =
                u16::try_from(part.entries.len()).expect("a block has room for some hundreds");
            self.places.push((
                part.case,
                Place {
                    block: self.next_block,
                    n_entries,
                    kind: PlaceKind::Part,
                },
            ));
            self.block.parts.push(part);
        }
    }

    fn note_own(&mut self, entry: &StoredEntry) {
        note_own(&mut self.own, self.next_block, entry);
    }

    fn finish_block(&mut self) {
        self.n_bytes = 0;
        let block = std::mem::take(&mut self.block);
        if !block.parts.is_empty() || !block.rows.is_empty() {
            self.writes.push(Write::Put(
                Store::Blocks,
                Key::Number(self.next_block.into()),
                encode(&block),
            ));
            self.next_block += 1;
        }
    }
}

/// Notes that a block has an entry, if it is this device's own.
pub fn note_own(own: &mut Vec<OwnRange>, block: u32, entry: &StoredEntry) {
    let Some(place) = entry.place() else { return };
    let same = |it: &&mut OwnRange| it.block == block && it.chain == place.chain;
    if let Some(it) = own.iter_mut().find(same) {
        it.first = it.first.min(place.sequence);
        it.last = it.last.max(place.sequence);
    } else {
        own.push(OwnRange {
            chain: place.chain,
            first: place.sequence,
            last: place.sequence,
            block,
        });
    }
}
