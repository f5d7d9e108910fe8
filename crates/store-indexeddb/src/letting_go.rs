//! Takes cases off the disk: every record that has something of them is written anew without it.
//!
//! The journal is put away first, so that what is left to change are blocks, hot pages, the directory and
//! what became of own envelopes; that is one transaction.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::id::{CaseId, DeviceId};
use shouwen_store::{Conflict, Fault, Fence, Standing, WriteError, is_settled};

use crate::blocks::note_own;
use crate::compaction::{HOT, RUNS, decode_all, hot_writes, pages_of};
use crate::directory::{self, PlaceKind};
use crate::disk::{Disk, Key, Store, Write};
use crate::engine::{Engine, REMEMBERED};
use crate::known::{Known, block_read};
use crate::mirror::Mirror;
use crate::prepare::{check_fence, check_version};
use crate::record::{Block, Meta, OwnRange, Remembered, Run, decode, encode};

impl<D: Disk> Engine<D> {
    pub(crate) async fn let_go_of(
        &self,
        fence: Fence,
        cases: &[(CaseId, u32)],
    ) -> Result<Standing, WriteError> {
        let going: BTreeSet<CaseId> = cases.iter().map(|it| it.0).collect();
        loop {
            let reads = |mirror: &Mirror| {
                let blocks = blocks_with(mirror, &going).into_iter().map(block_read);
                [REMEMBERED, HOT, RUNS].into_iter().chain(blocks).collect()
            };
            let answers = self.read_planned(true, reads).await?;
            let prepared = {
                let mirror = self.mirror.borrow();
                check_fence(&mirror, fence)?;
                cases
                    .iter()
                    .try_for_each(|&(case, expected)| check_version(&mirror, case, expected))?;
                if cases.iter().all(|it| it.1 == 0) {
                    return Ok(mirror.meta.standing());
                }
                let is_put_away = mirror.meta.sealed_up_to == mirror.meta.position;
                is_put_away
                    .then(|| let_go(&mirror, &going, &answers))
                    .transpose()?
            };
            let Some((meta, writes)) = prepared else {
                self.compact_step(fence).await?;
                continue;
            };
            if let Some(standing) = self.commit(meta, None, writes).await? {
                return Ok(standing);
            }
        }
    }
}

/// Blocks that have something of these cases.
pub(crate) fn blocks_with(mirror: &Mirror, cases: &BTreeSet<CaseId>) -> BTreeSet<u32> {
    let places = cases.iter().flat_map(|&it| mirror.directory.places(it));
    let in_blocks = places.filter(|it| it.kind != PlaceKind::Open);
    in_blocks.map(|it| it.block).collect()
}

/// What it comes to where nothing is in the journal.
fn let_go(
    mirror: &Mirror,
    going: &BTreeSet<CaseId>,
    answers: &[Vec<Vec<u8>>],
) -> Result<(Meta, Vec<Write>), WriteError> {
    let [remembered, hot, runs, blocks @ ..] = answers else {
        unreachable!("each read has its answer");
    };
    let mut meta = mirror.meta;
    let mut writes = Vec::new();

    let mut known: BTreeMap<CaseId, Known> = BTreeMap::new();
    let mut own: Vec<OwnRange> = Vec::new();
    let numbers = blocks_with(mirror, going);
    for (&number, block) in numbers.iter().zip(blocks) {
        let block = block.first().ok_or_else(|| Fault::Corrupt {
            what: format!("block {number} is missing"),
        })?;
        let block: Block = decode("a block", block)?;
        let is_going = |it: &CaseId| going.contains(it);
        let mut left = Block::default();
        for part in block.parts {
            if is_going(&part.case) {
                known.entry(part.case).or_default().add(part)?;
            } else {
                left.parts.push(part);
            }
        }
        let rows = block.rows.into_iter();
        left.rows.extend(rows.filter(|it| !is_going(&it.case)));
        let entries = left.parts.iter().flat_map(|it| &it.entries);
        entries.for_each(|it| note_own(&mut own, number, it));
        let key = Key::Number(number.into());
        writes.push(if left.parts.is_empty() && left.rows.is_empty() {
            Write::Delete(Store::Blocks, key)
        } else {
            Write::Put(Store::Blocks, key, encode(&left))
        });
    }
    meta.let_go_by = all_settled(&known)?.or(meta.let_go_by);

    for case in going {
        let before = mirror.stand(*case);
        meta.n_cases -= u64::from(before.version > 0);
        meta.n_look_days -= u64::from(before.version > 0 && case.is_of_looks());
        meta.n_open -= u64::from(before.is_open);
    }
    writes.extend(forget(remembered.first().map(Vec::as_slice), going)?);
    let mut open = Vec::new();
    for page in hot {
        let page: Block = decode("a page of open rows", page)?;
        open.extend(page.rows.into_iter().filter(|it| !going.contains(&it.case)));
    }
    let pages = pages_of(open);
    meta.n_hot_pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    writes.extend(hot_writes(hot, pages));

    for before in decode_all::<Run>("the directory", runs)? {
        let is_written_anew = |it: &OwnRange| numbers.contains(&it.block);
        let is_of_run = |it: &OwnRange| (before.first_block..before.next_block).contains(&it.block);
        let untouched = before.own.iter().filter(|it| !is_written_anew(it));
        let anew = own.iter().filter(|it| is_of_run(it));
        let run = Run {
            places: directory::without(&before.places, going),
            own: untouched.chain(anew).copied().collect(),
            ..before
        };
        let key = Key::Number(before.first_block.into());
        if run.places.is_empty() {
            meta.n_runs -= 1;
            writes.push(Write::Delete(Store::Directory, key));
        } else if run != before {
            writes.push(Write::Put(Store::Directory, key, encode(&run)));
        }
    }
    meta.generation += 1;
    // Whoever knows the log as it was reads it anew.
    meta.position.0 += 1;
    meta.sealed_up_to = meta.position;
    Ok((meta, writes))
}

/// The device whose envelopes go, if any of its own do.
fn all_settled(known: &BTreeMap<CaseId, Known>) -> Result<Option<DeviceId>, Conflict> {
    let mut device = None;
    for (&case, known) in known {
        for entry in known.entries.values() {
            let Some(place) = entry.own else { continue };
            if !is_settled(known.receipts.get(&place)) {
                return Err(Conflict::Unsettled { case });
            }
            device = Some(entry.envelope.header().device);
        }
    }
    Ok(device)
}

/// What became of own envelopes, without those of these cases.
fn forget(remembered: Option<&[u8]>, going: &BTreeSet<CaseId>) -> Result<Option<Write>, Fault> {
    let Some(remembered) = remembered else {
        return Ok(None);
    };
    let mut remembered: Remembered = decode("what became of own envelopes", remembered)?;
    remembered.notes.retain(|it| !going.contains(&it.case));
    let record = encode(&remembered);
    Ok(Some(Write::Put(Store::Meta, Key::Number(1), record)))
}
