//! Takes the words of cases off the disk: every record that has some of them is written anew without.
//!
//! As in letting go, the journal is put away first, and what is left to change is one transaction: blocks, hot pages, and
//! what is owed. Places stay, so the directory does too.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::id::CaseId;
use shouwen_store::{Erase, Fault, Fence, Standing, WriteError};

use crate::compaction::{HOT, decode_all, hot_writes, pages_of};
use crate::disk::{Disk, Key, Read, Store, Write};
use crate::engine::Engine;
use crate::known::block_read;
use crate::letting_go::blocks_with;
use crate::mirror::Mirror;
use crate::prepare::{check_fence, check_version};
use crate::record::{Block, Meta, Outgoing, StoredRow, decode, encode, envelope};

const OUTBOX: Read = Read::From {
    store: Store::Outbox,
    first: 0,
    limit: None,
};

/// The new body of the row of each case.
type Bodies<'a> = BTreeMap<CaseId, &'a [u8]>;

impl<D: Disk> Engine<D> {
    pub(crate) async fn erase_from(
        &self,
        fence: Fence,
        cases: &[Erase],
    ) -> Result<Standing, WriteError> {
        let bodies: Bodies<'_> = cases.iter().map(|it| (it.case, &it.body[..])).collect();
        let going: BTreeSet<CaseId> = bodies.keys().copied().collect();
        loop {
            let reads = |mirror: &Mirror| {
                let blocks = blocks_with(mirror, &going).into_iter().map(block_read);
                [HOT, OUTBOX].into_iter().chain(blocks).collect()
            };
            let answers = self.read_planned(true, reads).await?;
            let prepared = {
                let mirror = self.mirror.borrow();
                check_fence(&mirror, fence)?;
                cases
                    .iter()
                    .try_for_each(|it| check_version(&mirror, it.case, it.expected_version))?;
                if cases.iter().all(|it| it.expected_version == 0) {
                    return Ok(mirror.meta.standing());
                }
                let is_put_away = mirror.meta.sealed_up_to == mirror.meta.position;
                is_put_away
                    .then(|| erase(&mirror, &bodies, &going, &answers))
                    .transpose()?
            };
            let Some((meta, writes)) = prepared else {
                self.compact_step(fence).await?;
                continue;
            };
            if writes.is_empty() {
                return Ok(self.mirror.borrow().meta.standing());
            }
            if let Some(standing) = self.commit(meta, None, writes).await? {
                return Ok(standing);
            }
        }
    }
}

/// What it comes to where nothing is in the journal.
fn erase(
    mirror: &Mirror,
    bodies: &Bodies<'_>,
    going: &BTreeSet<CaseId>,
    answers: &[Vec<Vec<u8>>],
) -> Result<(Meta, Vec<Write>), Fault> {
    let [hot, outbox, blocks @ ..] = answers else {
        unreachable!("each read has its answer");
    };
    let mut writes = Vec::new();
    for (number, stored) in blocks_with(mirror, going).into_iter().zip(blocks) {
        let stored = stored.first().ok_or_else(|| Fault::Corrupt {
            what: format!("block {number} is missing"),
        })?;
        let mut block: Block = decode("a block", stored)?;
        for part in block.parts.iter_mut().filter(|it| going.contains(&it.case)) {
            for entry in &mut part.entries {
                let had_words = strip(&mut entry.envelope)?;
                if let Some(place) = entry.own.filter(|_| had_words) {
                    // The letter is sealed to head office with the words; without it, the act waits for who signs in.
                    writes.push(Write::Delete(Store::Letters, Key::Number(place.key())));
                }
            }
        }
        for row in &mut block.rows {
            put_body(row, bodies);
        }
        put_changed(
            &mut writes,
            Store::Blocks,
            number.into(),
            stored,
            encode(&block),
        );
    }
    for stored in outbox {
        let mut outgoing: Outgoing = decode("an envelope to send", stored)?;
        if going.contains(&outgoing.note.case) {
            strip(&mut outgoing.envelope)?;
            let key = outgoing.note.place.key();
            put_changed(&mut writes, Store::Outbox, key, stored, encode(&outgoing));
        }
    }
    let mut open: Vec<StoredRow> = Vec::new();
    for page in decode_all::<Block>("a page of open rows", hot)? {
        open.extend(page.rows);
    }
    for row in &mut open {
        put_body(row, bodies);
    }
    let pages = pages_of(open);
    let mut meta = mirror.meta;
    meta.n_hot_pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    writes.extend(hot_writes(hot, pages));
    // Whoever knows the log as it was reads it anew.
    meta.position.0 += 1;
    meta.sealed_up_to = meta.position;
    Ok((meta, writes))
}

/// Whether there were words.
fn strip(stored: &mut Vec<u8>) -> Result<bool, Fault> {
    let read = envelope(stored)?;
    let has_content = read.has_content();
    if has_content {
        *stored = read.without_content().to_bytes();
    }
    Ok(has_content)
}

/// Also in rows that a later one replaced: they hold the words as well.
fn put_body(row: &mut StoredRow, bodies: &Bodies<'_>) {
    if let Some(body) = bodies.get(&row.case) {
        row.body = body.to_vec();
    }
}

fn put_changed(writes: &mut Vec<Write>, store: Store, key: u64, before: &[u8], record: Vec<u8>) {
    if record != before {
        writes.push(Write::Put(store, Key::Number(key), record));
    }
}
