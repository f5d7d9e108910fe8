//! What each write comes to, reckoned from a mirror before its transaction.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::{Envelope, Receipt};
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_store::{Append, CaseIn, Conflict, Fence, TakeIn, WriteError};

use crate::blocks::Blocks;
use crate::disk::{Key, Store, Write};
use crate::known::Known;
use crate::mirror::Mirror;
use crate::record::{
    Arrival, ChainPlace, JournalRecord, Meta, Outgoing, OwnNote, Part, Remembered, StoredEntry,
    StoredRow, decode,
};

/// A page of the feed with more bytes than this goes into blocks at once.
const BULK_BYTES: usize = 32 * 1024;

pub fn check_version(mirror: &Mirror, case: CaseId, expected: u32) -> Result<(), Conflict> {
    let found = mirror.stand(case).version;
    if found == expected {
        Ok(())
    } else {
        Err(Conflict::Case {
            case,
            expected,
            found,
        })
    }
}

pub fn check_fence(mirror: &Mirror, fence: Fence) -> Result<(), Conflict> {
    let found = mirror.meta.fence;
    if found == fence {
        Ok(())
    } else {
        Err(Conflict::Fence { found })
    }
}

/// Counts a case that had `before` envelopes or was not there.
fn count(meta: &mut Meta, mirror: &Mirror, case: CaseId, is_open: bool) {
    let before = mirror.stand(case);
    meta.n_cases += u64::from(before.version == 0);
    meta.n_look_days += u64::from(before.version == 0 && case.is_of_looks());
    meta.n_open += u64::from(is_open);
    meta.n_open -= u64::from(before.is_open);
}

/// The standing and the write; none where the envelope is the head already.
pub fn append(mirror: &Mirror, append: &Append) -> Result<Option<(Meta, JournalRecord)>, Conflict> {
    let Append {
        envelope,
        expected_version,
        projection,
    } = append;
    let mut meta = mirror.meta;
    if meta.head.is(envelope) {
        return Ok(None);
    }
    let case = envelope.header().case;
    meta.head = meta.head.followed_by(envelope)?;
    check_version(mirror, case, *expected_version)?;
    count(&mut meta, mirror, case, projection.due.is_some());
    meta.n_owed += 1;
    meta.n_looks_owed += u64::from(case.is_of_looks());
    meta.position.0 += 1;

    let note = OwnNote::of(envelope);
    let entry = StoredEntry {
        envelope: envelope.to_bytes(),
        stamp: None,
        own: Some(note.place),
        back: None,
    };
    let row = StoredRow {
        case,
        version: expected_version + 1,
        due: projection.due,
        body: projection.body.clone(),
    };
    let record = JournalRecord {
        position: meta.position,
        own: vec![note],
        parts: vec![Part {
            entries: vec![entry],
            ..Part::new(case)
        }],
        rows: vec![row],
        ..JournalRecord::default()
    };
    Ok(Some((meta, record)))
}

/// The standing and the write; none where no receipt says anything new.
pub fn settle(
    mirror: &Mirror,
    fence: Fence,
    receipts: &[Receipt],
    answers: &[Vec<Vec<u8>>],
) -> Result<Option<(Meta, JournalRecord, Vec<Write>)>, WriteError> {
    check_fence(mirror, fence)?;
    let mut notes: BTreeMap<ChainPlace, OwnNote> = BTreeMap::new();
    if let Some(remembered) = answers.last().and_then(|it| it.first()) {
        let remembered: Remembered = decode("what became of own envelopes", remembered)?;
        notes.extend(remembered.notes.into_iter().map(|it| (it.place, it)));
    }
    for it in answers.iter().take(receipts.len()).flatten() {
        let outgoing: Outgoing = decode("an envelope to send", it)?;
        notes.insert(outgoing.note.place, outgoing.note);
    }
    notes.extend(mirror.own.iter().map(|(&place, it)| (place, it.note)));

    let mut meta = mirror.meta;
    let mut learned: BTreeMap<ChainPlace, OwnNote> = BTreeMap::new();
    let mut parts: BTreeMap<CaseId, Part> = BTreeMap::new();
    let mut settled = Vec::new();
    for receipt in receipts {
        let place = ChainPlace {
            chain: receipt.chain,
            sequence: receipt.sequence,
        };
        let Some(note) = notes.get_mut(&place).filter(|it| it.learns_from(receipt)) else {
            continue;
        };
        if note.fate.is_none() {
            meta.n_owed -= 1;
            meta.n_looks_owed -= u64::from(note.case.is_of_looks());
            settled.push(place.key());
        }
        note.fate = Some(receipt.fate);
        note.epoch = receipt.epoch;
        learned.insert(place, *note);
        meta.last_receipt = Some(receipt.hash());
        parts
            .entry(note.case)
            .or_insert_with(|| Part::new(note.case))
            .receipts
            .push(receipt.clone());
    }
    if learned.is_empty() {
        return Ok(None);
    }
    // One store after the other, so that what lies next to one another goes together.
    let stores = [Store::Outbox, Store::Letters];
    let delete = |store| {
        let keys = settled.iter().copied();
        keys.map(move |it| Write::Delete(store, Key::Number(it)))
    };
    let writes = stores.into_iter().flat_map(delete).collect();
    meta.position.0 += 1;
    let record = JournalRecord {
        position: meta.position,
        own: learned.into_values().collect(),
        parts: parts.into_values().collect(),
        ..JournalRecord::default()
    };
    Ok(Some((meta, record, writes)))
}

/// The standing, the write, the named records, and blocks where the page is large.
pub fn take_in(
    mirror: &Mirror,
    fence: Fence,
    page: &TakeIn,
    known: &BTreeMap<CaseId, Known>,
) -> Result<(Meta, JournalRecord, Vec<Write>), WriteError> {
    check_fence(mirror, fence)?;
    let mut meta = mirror.meta;
    if !page.follows(meta.cursor) {
        return Err(Conflict::Cursor { found: meta.cursor }.into());
    }
    page.cases
        .iter()
        .try_for_each(|it| check_version(mirror, it.case, it.expected_version))?;

    meta.cursor = page.to;
    meta.position.0 += 1;
    let mut record = JournalRecord {
        position: meta.position,
        ..JournalRecord::default()
    };
    let mut bulk = Vec::new();
    for it in &page.cases {
        let part = new_part(it, known.get(&it.case), &mirror.meta);
        let n_new = u32::try_from(part.entries.len()).unwrap_or(u32::MAX);
        let counters = it.entries.iter().map(|it| it.envelope.header().counter);
        meta.head.counter = counters.fold(meta.head.counter, u64::max);
        count(&mut meta, mirror, it.case, it.projection.due.is_some());
        let (due, body) = (it.projection.due, it.projection.body.clone());
        let row = StoredRow {
            case: it.case,
            version: it.expected_version + n_new,
            due,
            body,
        };
        if mirror
            .journal
            .get(&it.case)
            .is_some_and(|it| it.is_unplaced)
        {
            // Rows of a case get their places in the order they were written.
            record.rows.push(row);
            record.parts.extend((!part.is_empty()).then_some(part));
        } else {
            bulk.push((part, row));
        }
    }

    let named = page.named.iter().map(|it| {
        let key = Key::named(it.section, &it.name);
        Write::Put(Store::Named, key, it.record.clone())
    });
    let n_bytes = |(part, row): &(Part, StoredRow)| {
        row.body.len()
            + part
                .entries
                .iter()
                .map(|it| it.envelope.len())
                .sum::<usize>()
    };
    if bulk.iter().map(n_bytes).sum::<usize>() <= BULK_BYTES {
        for (part, row) in bulk {
            record.rows.push(row);
            record.parts.extend((!part.is_empty()).then_some(part));
        }
        return Ok((meta, record, named.collect()));
    }

    let mut blocks = Blocks::new(meta.next_block);
    bulk.sort_by_key(|(part, _)| part.case);
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for (part, row) in bulk {
        if row.due.is_some() {
            open.push(row);
        } else {
            closed.push(row);
        }
        blocks.add_part(part);
    }
    for row in closed {
        record.closed.push(row.case);
        blocks.add_closed_row(row);
    }
    blocks.note_open(open.iter().map(|it| it.case));
    record.placed = open;
    let (mut writes, next_block, has_run) = blocks.finish();
    writes.extend(named);
    meta.next_block = next_block;
    meta.n_runs += u32::from(has_run);
    Ok((meta, record, writes))
}

/// What a page brings that is not known: entries once each, and stamps for entries that had none.
fn new_part(case_in: &CaseIn, known: Option<&Known>, meta: &Meta) -> Part {
    let mut part = Part::new(case_in.case);
    let mut fresh: BTreeMap<(u64, EnvelopeId), StoredEntry> = BTreeMap::new();
    let mut stamped: BTreeSet<EnvelopeId> = BTreeSet::new();
    for it in &case_in.entries {
        let (order, id) = (it.envelope.order(), it.envelope.header().id);
        if known.is_some_and(|known| known.entries.contains_key(&order)) {
            let has_stamp = known.is_some_and(|known| known.stamps.contains_key(&id));
            if let (Some(at), false) = (it.arrived, has_stamp)
                && stamped.insert(id)
            {
                part.stamps.push(Arrival { id, at });
            }
        } else {
            let entry = || StoredEntry {
                envelope: it.envelope.to_bytes(),
                stamp: None,
                own: None,
                back: place_of_old(&it.envelope, meta),
            };
            let entry = fresh.entry(order).or_insert_with(entry);
            entry.stamp = entry.stamp.or(it.arrived);
        }
    }
    part.entries = fresh.into_values().collect();
    part
}

/// The place of an envelope that this device let go of.
fn place_of_old(envelope: &Envelope, meta: &Meta) -> Option<ChainPlace> {
    let end = ChainPlace {
        chain: meta.head.chain,
        sequence: meta.head.sequence,
    };
    let place = ChainPlace::of(envelope);
    (meta.let_go_by == Some(envelope.header().device) && place <= end).then_some(place)
}
