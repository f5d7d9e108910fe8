//! Puts the journal away: entries into blocks, open rows into hot pages, what is owed into the outbox.
//!
//! Each step is one transaction, so that a crash leaves the log before it or behind it.

use std::collections::BTreeMap;

use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_store::{Compacted, Fault, Fence, Position, WriteError};

use crate::blocks::Blocks;
use crate::directory;
use crate::disk::{Disk, Key, Read, Store, Write};
use crate::engine::{Engine, REMEMBERED};
use crate::mirror::Mirror;
use crate::prepare::check_fence;
use crate::record::{
    Block, ChainPlace, JournalRecord, Meta, Outgoing, OwnNote, Part, Remembered, Run, StoredRow,
    decode, encode,
};

/// Writes that one step puts away, at most. Few in tests: what matters happens where a step ends.
const STEP_WRITES: u32 = match (cfg!(test), cfg!(target_arch = "wasm32")) {
    (true, false) => 7,
    (true, true) => 40,
    (false, _) => 256,
};
/// Own envelopes whose fate is remembered after they were put away, besides those that need a person.
const REMEMBERED_FATES: usize = 128;
/// As many runs may come to the directory before they are merged.
const LOOSE_RUNS: u32 = if cfg!(test) { 5 } else { 16 };

pub(crate) const HOT: Read = Read::From {
    store: Store::Hot,
    first: 0,
    limit: None,
};
const OLDEST: Read = Read::From {
    store: Store::Journal,
    first: 0,
    limit: Some(STEP_WRITES),
};
pub(crate) const RUNS: Read = Read::From {
    store: Store::Directory,
    first: 0,
    limit: None,
};

impl<D: Disk> Engine<D> {
    pub(crate) async fn compact_step(&self, fence: Fence) -> Result<Compacted, WriteError> {
        loop {
            let answers = self.sync(false, &[OLDEST, HOT, REMEMBERED]).await?.answers;
            check_fence(&self.mirror.borrow(), fence)?;
            let mut answers = answers.into_iter();
            let oldest: Vec<JournalRecord> =
                decode_all("a write", &answers.next().unwrap_or_default())?;
            let Some(last) = oldest.last().map(|it| it.position) else {
                return self.merge_step(fence).await;
            };
            let n_sealed = oldest.len() as u64;
            let hot = answers.next().unwrap_or_default();
            let remembered = answers.flatten().next();
            let (meta, writes) =
                put_away(&self.mirror.borrow(), oldest, &hot, remembered.as_deref())?;
            if self.commit(meta, None, writes).await?.is_some() {
                return Ok(Compacted {
                    n_sealed,
                    more: last < meta.position || has_loose_runs(&meta),
                });
            }
        }
    }

    /// Merges what came to the directory into few records, so that it is read at once.
    async fn merge_step(&self, fence: Fence) -> Result<Compacted, WriteError> {
        loop {
            if !has_loose_runs(&self.mirror.borrow().meta) {
                return Ok(Compacted::default());
            }
            let runs = self.sync(false, &[RUNS]).await?.answers.concat();
            check_fence(&self.mirror.borrow(), fence)?;
            let (meta, writes) = merge_runs(
                self.mirror.borrow().meta,
                decode_all("the directory", &runs)?,
            );
            if self.commit(meta, None, writes).await?.is_some() {
                return Ok(Compacted::default());
            }
        }
    }
}

const fn has_loose_runs(meta: &Meta) -> bool {
    meta.n_runs > meta.n_merged_runs + LOOSE_RUNS
}

pub(crate) fn decode_all<T: for<'b> minicbor::Decode<'b, ()>>(
    what: &str,
    records: &[Vec<u8>],
) -> Result<Vec<T>, Fault> {
    records.iter().map(|it| decode(what, it)).collect()
}

/// What a run of writes comes to.
#[derive(Default)]
struct Gathered {
    parts: BTreeMap<CaseId, Part>,
    rows: BTreeMap<CaseId, Final>,
    own: Vec<OwnNote>,
}

/// A row as these writes leave it.
enum Final {
    Here(StoredRow),
    /// Open, and the directory says so already.
    Placed(StoredRow),
    InBlock,
}

impl Gathered {
    fn add(&mut self, record: JournalRecord) {
        for part in record.parts {
            let new = || Part::new(part.case);
            let whole = self.parts.entry(part.case).or_insert_with(new);
            whole.entries.extend(part.entries);
            whole.stamps.extend(part.stamps);
            whole.receipts.extend(part.receipts);
        }
        let here = record.rows.into_iter().map(|it| (it.case, Final::Here(it)));
        self.rows.extend(here);
        let placed = record.placed.into_iter();
        self.rows
            .extend(placed.map(|it| (it.case, Final::Placed(it))));
        let in_block = record.closed.into_iter().map(|it| (it, Final::InBlock));
        self.rows.extend(in_block);
        self.own.extend(record.own);
    }
}

fn put_away(
    mirror: &Mirror,
    oldest: Vec<JournalRecord>,
    hot: &[Vec<u8>],
    remembered: Option<&[u8]>,
) -> Result<(Meta, Vec<Write>), Fault> {
    let mut meta = mirror.meta;
    let mut writes = Vec::new();
    if let (Some(first), Some(last)) = (oldest.first(), oldest.last()) {
        let (first, last) = (first.position.0, last.position.0);
        meta.sealed_up_to = Position(last);
        writes.push(Write::DeleteRange {
            store: Store::Journal,
            first,
            last,
        });
    }
    let mut gathered = Gathered::default();
    for record in oldest {
        gathered.add(record);
    }
    writes.extend(outgoing(mirror, &gathered)?);
    writes.extend(remember(remembered, &gathered.own)?);

    let mut open: Vec<StoredRow> = Vec::new();
    for page in hot {
        let page: Block = decode("a page of open rows", page)?;
        let untouched = |it: &StoredRow| !gathered.rows.contains_key(&it.case);
        open.extend(page.rows.into_iter().filter(untouched));
    }
    let mut blocks = Blocks::new(meta.next_block);
    for part in gathered.parts.into_values() {
        blocks.add_part(part);
    }
    let mut opened = Vec::new();
    for row in gathered.rows.into_values() {
        match row {
            Final::Here(row) if row.due.is_some() => {
                opened.push(row.case);
                open.push(row);
            }
            Final::Here(row) => blocks.add_closed_row(row),
            Final::Placed(row) => open.push(row),
            Final::InBlock => {}
        }
    }
    blocks.note_open(opened);
    let (new_blocks, next_block, has_run) = blocks.finish();
    writes.extend(new_blocks);
    meta.next_block = next_block;
    meta.n_runs += u32::from(has_run);

    open.sort_unstable_by_key(|it| (it.due, it.case));
    let pages = pages_of(open);
    meta.n_hot_pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    writes.extend(hot_writes(hot, pages));
    Ok((meta, writes))
}

/// Own envelopes among these that wait for their receipt.
fn outgoing(mirror: &Mirror, gathered: &Gathered) -> Result<Vec<Write>, Fault> {
    let is_owed = |it: &OwnNote| {
        let newest = mirror.own.get(&it.place);
        newest.is_some_and(|it| it.note.fate.is_none())
    };
    let mut writes = Vec::new();
    for &note in gathered.own.iter().filter(|it| is_owed(it)) {
        let part = gathered.parts.get(&note.case);
        let mut entries = part.into_iter().flat_map(|it| &it.entries);
        let entry = entries.find(|it| it.own == Some(note.place));
        let entry = entry.ok_or_else(|| Fault::Corrupt {
            what: format!("envelope {} is missing", note.id),
        })?;
        let envelope = entry.envelope.clone();
        let record = encode(&Outgoing { note, envelope });
        let key = Key::Number(note.place.key());
        writes.push(Write::Put(Store::Outbox, key, record));
    }
    Ok(writes)
}

/// What became of own envelopes, with what these writes tell; forgets what is long done.
fn remember(remembered: Option<&[u8]>, own: &[OwnNote]) -> Result<Option<Write>, Fault> {
    if own.iter().all(|it| it.fate.is_none()) {
        return Ok(None);
    }
    let known = remembered.map(|it| decode("what became of own envelopes", it));
    let known: Remembered = known.transpose()?.unwrap_or_default();
    let mut notes: BTreeMap<ChainPlace, OwnNote> = BTreeMap::new();
    let told = own.iter().copied().filter(|it| it.fate.is_some());
    notes.extend(known.notes.into_iter().chain(told).map(|it| (it.place, it)));
    let is_done = |it: &OwnNote| !it.own_fate().needs_a_person();
    let n_done = notes.values().filter(|it| is_done(it)).count();
    let mut n_forgotten = n_done.saturating_sub(REMEMBERED_FATES);
    notes.retain(|_, it| {
        let forget = n_forgotten > 0 && is_done(it);
        n_forgotten -= usize::from(forget);
        !forget
    });
    let notes = notes.into_values().collect();
    let record = encode(&Remembered { notes });
    Ok(Some(Write::Put(Store::Meta, Key::Number(1), record)))
}

/// The pages that differ from what lies there.
pub(crate) fn hot_writes(before: &[Vec<u8>], pages: Vec<Vec<u8>>) -> Vec<Write> {
    let n_pages = pages.len();
    let numbered = (0_u64..).zip(pages).enumerate();
    let mut writes: Vec<Write> = numbered
        .filter(|(i, (_, page))| before.get(*i) != Some(page))
        .map(|(_, (n, page))| Write::Put(Store::Hot, Key::Number(n), page))
        .collect();
    if before.len() > n_pages {
        writes.push(Write::DeleteRange {
            store: Store::Hot,
            first: n_pages as u64,
            last: before.len() as u64 - 1,
        });
    }
    writes
}

/// Rows in pages that stay below the limit of a record.
pub(crate) fn pages_of(rows: Vec<StoredRow>) -> Vec<Vec<u8>> {
    let mut pages = Vec::new();
    let mut page = Block::default();
    let mut n_bytes = 0;
    for row in rows {
        let row_bytes = row.body.len() + 64;
        if n_bytes + row_bytes > limits::RECORD_BYTES && !page.rows.is_empty() {
            pages.push(encode(&std::mem::take(&mut page)));
            n_bytes = 0;
        }
        n_bytes += row_bytes;
        page.rows.push(row);
    }
    if !page.rows.is_empty() {
        pages.push(encode(&page));
    }
    pages
}

/// Joins neighbours while they fit into a record.
fn merge_runs(mut meta: Meta, runs: Vec<Run>) -> (Meta, Vec<Write>) {
    let mut merged: Vec<Run> = Vec::new();
    let mut writes = Vec::new();
    for run in runs {
        let room = limits::RECORD_BYTES - 64;
        match merged.last_mut() {
            Some(it)
                if it.places.len() + run.places.len() + 16 * (it.own.len() + run.own.len())
                    <= room =>
            {
                writes.push(Write::Delete(
                    Store::Directory,
                    Key::Number(run.first_block.into()),
                ));
                it.places = directory::merge(&it.places, &run.places);
                it.own.extend(run.own);
                it.next_block = run.next_block;
            }
            Some(_) | None => merged.push(run),
        }
    }
    let put = |it: &Run| {
        Write::Put(
            Store::Directory,
            Key::Number(it.first_block.into()),
            encode(it),
        )
    };
    writes.extend(merged.iter().map(put));
    meta.n_runs = u32::try_from(merged.len()).unwrap_or(u32::MAX);
    meta.n_merged_runs = meta.n_runs;
    meta.generation += 1;
    (meta, writes)
}
