//! The log over a [`Disk`]: a journal of writes, blocks they are put away in, and pages of open rows.
//!
//! One write is one record in the journal and the standing; only a large page of the feed goes
//! into blocks at once. Opening reads the standing, the first hot page and the journal.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::{Envelope, Receipt};
use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;
use shouwen_store::{
    Append, Changes, Compacted, Entry, Erase, Fault, Fence, History, Log, NamedRecord, Opening,
    OwnFate, Position, Row, RowMark, RowPage, Section, Standing, TakeIn, WriteError,
};

use crate::directory::SealedRow;
use crate::disk::{Committed, Disk, Guard, Key, Read, Store, Write};
use crate::known::{
    Known, OwnInChain, block_read, case_reads, journal_read, known_entries, own_entries,
};
use crate::mirror::{self, Mirror, UnsealedRow};
use crate::prepare;
use crate::record::{
    Block, ChainPlace, JournalRecord, Meta, Outgoing, OwnNote, Remembered, Run, StoredRow, decode,
    encode, envelope,
};

/// So many of this device's own envelopes are read at a time as fit where each has so many bytes.
const OWN_BYTES: usize = 1_024;

/// The log, as one tab sees it.
#[derive(Debug)]
pub struct Engine<D> {
    pub(crate) disk: D,
    pub(crate) mirror: RefCell<Mirror>,
}

/// What a read brought besides the standing.
pub(crate) struct Synced {
    /// For each read its records.
    pub(crate) answers: Vec<Vec<Vec<u8>>>,
    /// Whether the log had moved since the mirror was last read.
    moved: bool,
}

pub(crate) const STANDING: Read = Read::One(Store::Meta, Key::Number(0));
pub(crate) const REMEMBERED: Read = Read::One(Store::Meta, Key::Number(1));

impl<D: Disk> Engine<D> {
    pub fn new(disk: D) -> Self {
        Self {
            disk,
            mirror: RefCell::default(),
        }
    }

    pub const fn disk(&self) -> &D {
        &self.disk
    }

    /// Reads where the log stands, and what else is asked, in one transaction, until the mirror is true.
    pub(crate) async fn sync(&self, with_directory: bool, asked: &[Read]) -> Result<Synced, Fault> {
        let mut moved = false;
        loop {
            let (known, journal_from, blocks_from) = {
                let mirror = self.mirror.borrow();
                let next_block = mirror.directory.next_block;
                (mirror.meta, mirror.meta.position.0 + 1, next_block)
            };
            let mut reads = vec![
                STANDING,
                Read::From {
                    store: Store::Journal,
                    first: journal_from,
                    limit: None,
                },
            ];
            if with_directory {
                reads.push(Read::From {
                    store: Store::Directory,
                    first: blocks_from.into(),
                    limit: None,
                });
            }
            reads.extend_from_slice(asked);
            let mut answers = self.disk.read(&reads).await?.into_iter();

            let standing = answers.next().and_then(|it| it.into_iter().next());
            let meta = mirror::meta(standing.as_deref())?;
            let journal = answers.next().unwrap_or_default();
            let runs = if with_directory {
                answers.next().unwrap_or_default()
            } else {
                Vec::new()
            };

            let mut mirror = self.mirror.borrow_mut();
            if mirror.meta != known {
                // Somebody else in this tab read on meanwhile: what was read is from behind where it stands.
                moved = true;
                continue;
            }
            if meta.position < mirror.meta.position {
                return Err(Fault::Cleared);
            }
            moved |= mirror.meta != meta || !mirror.is_read;
            if meta.sealed_up_to != mirror.meta.sealed_up_to
                && journal_from > meta.sealed_up_to.0 + 1
            {
                // The front of what the mirror knew was put away: read the journal again from there.
                mirror.forget_journal(meta.sealed_up_to);
                continue;
            }
            let reload = mirror.generation != meta.generation && blocks_from > 0;
            let journal = journal
                .iter()
                .map(|it| decode("a write", it))
                .collect::<Result<Vec<JournalRecord>, Fault>>()?;
            mirror.follow(standing, meta, journal)?;
            if with_directory && !reload {
                for run in &runs {
                    let run: Run = decode("the directory", run)?;
                    if run.first_block >= mirror.directory.next_block {
                        mirror.directory.extend(run);
                    }
                }
                // A block number may have been given out without a place.
                mirror.directory.next_block = meta.next_block;
            }
            if !with_directory || !reload {
                return Ok(Synced {
                    answers: answers.collect(),
                    moved,
                });
            }
        }
    }

    /// Reads what `plan` asks for, knowing where the log stands.
    pub(crate) async fn read_planned(
        &self,
        with_directory: bool,
        plan: impl Fn(&Mirror) -> Vec<Read>,
    ) -> Result<Vec<Vec<Vec<u8>>>, Fault> {
        let mut is_known = self.mirror.borrow().is_read
            && (!with_directory || self.mirror.borrow().has_directory());
        loop {
            let asked = if is_known {
                plan(&self.mirror.borrow())
            } else {
                Vec::new()
            };
            let synced = self.sync(with_directory, &asked).await?;
            if is_known && !synced.moved {
                return Ok(synced.answers);
            }
            is_known = true;
        }
    }

    /// Commits what was prepared from the mirror. `None`: the log has moved on, prepare again.
    pub(crate) async fn commit(
        &self,
        meta: Meta,
        record: Option<JournalRecord>,
        mut writes: Vec<Write>,
    ) -> Result<Option<Standing>, Fault> {
        let (before, base) = {
            let mirror = self.mirror.borrow();
            (mirror.standing.clone(), mirror.meta)
        };
        let standing = encode(&meta);
        if let Some(record) = &record {
            writes.push(Write::Put(
                Store::Journal,
                Key::Number(record.position.0),
                encode(record),
            ));
        }
        writes.push(Write::Put(Store::Meta, Key::Number(0), standing.clone()));
        let guard = Guard {
            key: 0,
            expected: before.as_deref(),
        };
        match self.disk.commit(guard, &writes).await? {
            Committed::Moved => Ok(None),
            Committed::Stored => {
                let mut mirror = self.mirror.borrow_mut();
                let follows = mirror.meta == base && meta.sealed_up_to == base.sealed_up_to;
                if follows && meta.generation == base.generation {
                    mirror.follow(Some(standing), meta, record.into_iter().collect())?;
                }
                Ok(Some(meta.standing()))
            }
        }
    }
}

impl<D: Disk> Log for Engine<D> {
    async fn opening(&self, n_rows: usize) -> Result<Opening, Fault> {
        let mut n_pages = 1;
        loop {
            let pages: Vec<Read> = (0..n_pages)
                .map(|it| Read::One(Store::Hot, Key::Number(it)))
                .collect();
            let pages = self.sync(false, &pages).await?.answers.concat();
            let mirror = self.mirror.borrow();
            let mut rows = open_rows(&mirror, &pages)?;
            let is_all = n_pages >= u64::from(mirror.meta.n_hot_pages);
            if !is_all {
                // Pages not read yet may have rows that go before what lies behind the last row read.
                let last = last_of(&pages)?;
                rows.retain(|it| (it.due, it.case) <= last);
            }
            if is_all || rows.len() >= n_rows {
                rows.truncate(n_rows);
                return Ok(Opening {
                    standing: mirror.meta.standing(),
                    rows,
                });
            }
            n_pages *= 2;
        }
    }

    async fn changes(&self, since: Position) -> Result<Option<Changes>, Fault> {
        let is_new = |it: &Position| *it > since;
        self.sync(false, &[]).await?;
        let in_blocks = self
            .mirror
            .borrow()
            .journal
            .values()
            .any(|it| matches!(&it.row, Some((at, UnsealedRow::InBlock)) if is_new(at)));
        let mut from_blocks = BTreeMap::new();
        if in_blocks {
            let plan = |mirror: &Mirror| {
                let changed = mirror
                    .journal
                    .iter()
                    .filter(|(_, it)| it.row.as_ref().is_some_and(|it| is_new(&it.0)));
                let blocks: BTreeSet<u32> = changed
                    .filter_map(|(&case, _)| match mirror.directory.sealed(case).row {
                        Some(SealedRow::InBlock(block)) => Some(block),
                        Some(SealedRow::Hot) | None => None,
                    })
                    .collect();
                blocks.into_iter().map(block_read).collect()
            };
            for block in self.read_planned(true, plan).await?.concat() {
                let block: Block = decode("a block", &block)?;
                // By number: the newest row of a case comes last.
                from_blocks.extend(block.rows.into_iter().map(|it| (it.case, it)));
            }
        }
        let mirror = self.mirror.borrow();
        if since < mirror.meta.sealed_up_to {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for (case, it) in &mirror.journal {
            match &it.row {
                Some((at, UnsealedRow::Here(row))) if is_new(at) => rows.push(row.clone().into()),
                Some((at, UnsealedRow::InBlock)) if is_new(at) => {
                    let row = from_blocks.remove(case);
                    rows.push(
                        row.ok_or_else(|| Fault::Corrupt {
                            what: format!("case {case} has no row"),
                        })?
                        .into(),
                    );
                }
                Some(_) | None => {}
            }
        }
        Ok(Some(Changes {
            standing: mirror.meta.standing(),
            rows,
        }))
    }

    async fn rows(&self, after: Option<RowMark>, max_rows: usize) -> Result<RowPage, Fault> {
        let max_rows = max_rows.max(1);
        let after = match after {
            None => None,
            Some(RowMark::Open { due, case }) => Some((Some(due), case)),
            Some(RowMark::Closed { before }) => return self.closed_rows(before, max_rows).await,
        };
        let pages = self
            .sync(
                false,
                &[Read::From {
                    store: Store::Hot,
                    first: 0,
                    limit: None,
                }],
            )
            .await?
            .answers
            .concat();
        let meta = self.mirror.borrow().meta;
        let mut rows = open_rows(&self.mirror.borrow(), &pages)?;
        rows.retain(|it| after.is_none_or(|after| (it.due, it.case) > after));
        if rows.is_empty() {
            return self.closed_rows(u64::MAX, max_rows).await;
        }
        let next = if rows.len() > max_rows {
            rows.truncate(max_rows);
            rows.last()
                .and_then(|it| it.due.map(|due| RowMark::Open { due, case: it.case }))
        } else {
            (meta.n_cases > meta.n_open).then_some(RowMark::Closed { before: u64::MAX })
        };
        Ok(RowPage { rows, next })
    }

    async fn histories(
        &self,
        cases: &BTreeSet<CaseId>,
    ) -> Result<BTreeMap<CaseId, History>, Fault> {
        let records = self
            .read_planned(true, |mirror| case_reads(mirror, cases.iter().copied()))
            .await?;
        let known = known_entries(&self.mirror.borrow(), &records, cases)?;
        let history = |known: Known| History {
            version: u32::try_from(known.entries.len()).unwrap_or(u32::MAX),
            entries: (known.entries.values())
                .map(|it| Entry {
                    envelope: it.envelope.clone(),
                    arrived: known.arrived(it),
                })
                .collect(),
            receipts: known.receipts.into_values().collect(),
        };
        let histories = known.into_iter().map(|(case, it)| (case, history(it)));
        Ok(histories.collect())
    }

    async fn append(&self, append: Append) -> Result<Standing, WriteError> {
        self.append_with(append, None).await
    }

    async fn owed(&self, max_bytes: usize) -> Result<Vec<Envelope>, Fault> {
        let limit = (max_bytes / 256).clamp(1, 4_096);
        let plan = |mirror: &Mirror| {
            let mut reads = vec![Read::From {
                store: Store::Outbox,
                first: 0,
                limit: u32::try_from(limit).ok(),
            }];
            let unsealed = mirror
                .own
                .values()
                .filter(|it| it.note.fate.is_none())
                .filter_map(|it| it.appended);
            reads.extend(unsealed.take(limit).map(journal_read));
            reads
        };
        let mut answers = self.read_planned(false, plan).await?.into_iter();
        let mirror = self.mirror.borrow();
        let mut owed = Vec::new();
        for it in answers.next().unwrap_or_default() {
            let outgoing: Outgoing = decode("an envelope to send", &it)?;
            // Its receipt may still be in the journal.
            if mirror
                .own
                .get(&outgoing.note.place)
                .is_none_or(|it| it.note.fate.is_none())
            {
                owed.push(envelope(&outgoing.envelope)?);
            }
        }
        for it in answers.flatten() {
            owed.extend(own_entries(&it)?);
        }
        let chain = owed.first().map(|it| it.header().chain);
        owed.retain(|it| Some(it.header().chain) == chain);
        Ok(up_to(max_bytes, owed))
    }

    async fn own_after(
        &self,
        chain: u32,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<Envelope>, Fault> {
        let limit = (max_bytes / OWN_BYTES).clamp(1, 4_096);
        let mut n_blocks = 16;
        loop {
            // Blocks and writes to read. Behind the first that is not read, nothing is sure.
            let plan = |mirror: &Mirror| {
                let mut blocks = mirror.directory.own_blocks(chain, sequence);
                let mut writes = mirror.own_writes(chain, sequence);
                let unread = [
                    blocks.get(n_blocks).map(|it| it.first),
                    writes.get(limit).map(|it| it.0),
                ];
                let sure_below = unread.into_iter().flatten().min().unwrap_or(u64::MAX);
                blocks.truncate(n_blocks);
                writes.retain(|it| it.0 < sure_below);
                (blocks, writes, sure_below)
            };
            let reads = |mirror: &Mirror| {
                let (blocks, writes, _) = plan(mirror);
                let blocks = blocks.iter().map(|it| block_read(it.block));
                let writes: BTreeSet<u64> = writes.iter().map(|it| it.1).collect();
                blocks.chain(writes.into_iter().map(journal_read)).collect()
            };
            let answers = self.read_planned(true, reads).await?;
            let (blocks, _, sure_below) = plan(&self.mirror.borrow());
            let (blocks, writes) = answers.split_at(blocks.len());
            let is_wanted = |it: u64| it > sequence && it < sure_below;
            let mut own = OwnInChain::default();
            for it in blocks.iter().flatten() {
                let block: Block = decode("a block", it)?;
                own.add(block.parts, chain, is_wanted);
            }
            for it in writes.iter().flatten() {
                let write: JournalRecord = decode("a write", it)?;
                own.add(write.parts, chain, is_wanted);
            }
            if !own.is_empty() || sure_below == u64::MAX {
                return Ok(up_to(max_bytes, own.envelopes()?));
            }
            n_blocks *= 2;
        }
    }

    async fn settle(&self, fence: Fence, receipts: &[Receipt]) -> Result<Standing, WriteError> {
        let outbox = |it: &Receipt| {
            Key::Number(
                ChainPlace {
                    chain: it.chain,
                    sequence: it.sequence,
                }
                .key(),
            )
        };
        let mut asked: Vec<Read> = receipts
            .iter()
            .map(|it| Read::One(Store::Outbox, outbox(it)))
            .collect();
        asked.push(REMEMBERED);
        loop {
            let answers = self.sync(false, &asked).await?.answers;
            let prepared = prepare::settle(&self.mirror.borrow(), fence, receipts, &answers)?;
            let Some((meta, record, writes)) = prepared else {
                return Ok(self.mirror.borrow().meta.standing());
            };
            if let Some(standing) = self.commit(meta, Some(record), writes).await? {
                return Ok(standing);
            }
        }
    }

    async fn fates(&self, limit: usize) -> Result<Vec<OwnFate>, Fault> {
        if !self.mirror.borrow().is_read {
            self.sync(false, &[]).await?;
        }
        let head = self.mirror.borrow().meta.head;
        // The last ones of this chain; where it has fewer, those of chains before may count.
        let first = head.sequence.checked_sub(limit as u64);
        let first = first.map_or_else(ChainPlace::default, |sequence| ChainPlace {
            chain: head.chain,
            sequence,
        });
        let notes = self.own_notes(first).await?;
        let has_all = first == ChainPlace::default() || notes.range(first..).count() >= limit;
        // Some of the last ones were let go of: older ones are the last.
        let notes = if has_all {
            notes
        } else {
            self.own_notes(ChainPlace::default()).await?
        };
        let newest_first = notes
            .into_values()
            .rev()
            .map(|it| it.own_fate())
            .enumerate();
        Ok(newest_first
            .filter(|(i, it)| *i < limit || it.needs_a_person())
            .map(|(_, it)| it)
            .collect())
    }

    async fn take_in(&self, fence: Fence, page: &TakeIn) -> Result<Standing, WriteError> {
        page.check()?;
        let cases: BTreeSet<CaseId> = page.cases.iter().map(|it| it.case).collect();
        let plan = |mirror: &Mirror| case_reads(mirror, cases.iter().copied());
        // Where nothing is to be read, whether the log has moved on is seen soon enough: when this is written.
        let mut is_all_new = {
            let mirror = self.mirror.borrow();
            mirror.is_read && mirror.has_directory() && plan(&mirror).is_empty()
        };
        loop {
            let records = if std::mem::take(&mut is_all_new) {
                Vec::new()
            } else {
                self.read_planned(true, plan).await?
            };
            let known = known_entries(&self.mirror.borrow(), &records, &cases)?;
            let (meta, record, writes) =
                prepare::take_in(&self.mirror.borrow(), fence, page, &known)?;
            if let Some(standing) = self.commit(meta, Some(record), writes).await? {
                return Ok(standing);
            }
        }
    }

    async fn let_go(&self, fence: Fence, cases: &[(CaseId, u32)]) -> Result<Standing, WriteError> {
        self.let_go_of(fence, cases).await
    }

    async fn erase(&self, fence: Fence, cases: &[Erase]) -> Result<Standing, WriteError> {
        self.erase_from(fence, cases).await
    }

    async fn take_over(&self) -> Result<Fence, Fault> {
        loop {
            self.sync(false, &[]).await?;
            let mut meta = self.mirror.borrow().meta;
            meta.fence.0 += 1;
            if self.commit(meta, None, Vec::new()).await?.is_some() {
                return Ok(meta.fence);
            }
        }
    }

    async fn start_chain(&self, fence: Fence, chain: u32) -> Result<Standing, WriteError> {
        loop {
            self.sync(false, &[]).await?;
            prepare::check_fence(&self.mirror.borrow(), fence)?;
            let mut meta = self.mirror.borrow().meta;
            if chain <= meta.head.chain {
                return Ok(meta.standing());
            }
            meta.head = meta.head.in_chain(chain);
            if let Some(standing) = self.commit(meta, None, Vec::new()).await? {
                return Ok(standing);
            }
        }
    }

    async fn compact(&self, fence: Fence) -> Result<Compacted, WriteError> {
        self.compact_step(fence).await
    }

    async fn get(&self, section: Section, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let answers = self
            .disk
            .read(&[Read::One(Store::Named, Key::named(section, name))])
            .await?;
        Ok(answers.into_iter().flatten().next())
    }

    async fn records(&self, sections: &[Section]) -> Result<Vec<NamedRecord>, Fault> {
        let prefixes: Vec<String> = sections.iter().map(|it| Key::named_prefix(*it)).collect();
        let mut reads = Vec::new();
        for prefix in &prefixes {
            let records = Read::Named {
                store: Store::Named,
                prefix: prefix.clone(),
            };
            reads.extend([Read::Keys(Box::new(records.clone())), records]);
        }
        let answers = self.disk.read(&reads).await?;
        let mut records = Vec::new();
        for ((section, prefix), answer) in sections.iter().zip(&prefixes).zip(answers.chunks(2)) {
            let [names, of_section] = answer else {
                continue;
            };
            records.extend(
                names
                    .iter()
                    .zip(of_section)
                    .map(|(name, record)| NamedRecord {
                        section: *section,
                        name: String::from_utf8_lossy(&name[prefix.len()..]).into_owned(),
                        record: record.clone(),
                    }),
            );
        }
        Ok(records)
    }

    async fn put_all(&self, records: &[NamedRecord]) -> Result<(), Fault> {
        let writes: Vec<Write> = records
            .iter()
            .map(|it| {
                let key = Key::named(it.section, &it.name);
                Write::Put(Store::Named, key, it.record.clone())
            })
            .collect();
        self.disk.write(&writes).await
    }

    async fn remove(&self, section: Section, name: &str) -> Result<(), Fault> {
        self.disk
            .write(&[Write::Delete(Store::Named, Key::named(section, name))])
            .await
    }

    async fn list(&self, section: Section) -> Result<Vec<String>, Fault> {
        let prefix = Key::named_prefix(section);
        let mut names: Vec<String> = self.disk.names(Store::Named, &prefix).await?;
        for it in &mut names {
            it.drain(..prefix.len());
        }
        names.sort_unstable();
        Ok(names)
    }
}

impl<D: Disk> Engine<D> {
    /// As [`Log::append`], and beside the act, in the same transaction, its letter to head office.
    ///
    /// # Errors
    /// As there.
    pub async fn append_with(
        &self,
        append: Append,
        letter: Option<Vec<u8>>,
    ) -> Result<Standing, WriteError> {
        let place = ChainPlace::of(&append.envelope);
        let letter = letter.map(|it| Write::Put(Store::Letters, Key::Number(place.key()), it));
        let mut is_fresh = false;
        loop {
            if is_fresh || !self.mirror.borrow().is_read || !self.mirror.borrow().has_directory() {
                self.sync(true, &[]).await?;
                is_fresh = true;
            }
            let prepared = prepare::append(&self.mirror.borrow(), &append);
            match prepared {
                Ok(Some((meta, record))) => {
                    let writes = letter.iter().cloned().collect();
                    if let Some(standing) = self.commit(meta, Some(record), writes).await? {
                        return Ok(standing);
                    }
                }
                Ok(None) if is_fresh => return Ok(self.mirror.borrow().meta.standing()),
                Err(conflict) if is_fresh => return Err(conflict.into()),
                Ok(None) | Err(_) => {}
            }
            // Whoever was first, the log says: ask it before answering.
            is_fresh = true;
        }
    }

    /// The first act of a new case while nothing that is sealed can be read: as [`Engine::append_with`], and needs no key.
    /// Whoever opens the log with the key finds it.
    ///
    /// # Errors
    /// [`Conflict::Head`](shouwen_store::Conflict::Head) where the envelope does not follow the head; a [`Fault`] where it
    /// cannot be stored.
    pub async fn append_unread(
        &self,
        append: &Append,
        letter: Option<Vec<u8>>,
    ) -> Result<Standing, WriteError> {
        let place = ChainPlace::of(&append.envelope);
        let letter = letter.map(|it| Write::Put(Store::Letters, Key::Number(place.key()), it));
        loop {
            let answers = self.disk.read(&[STANDING]).await?;
            let standing = answers.into_iter().flatten().next();
            // That there is nothing else is all that has to be known of a case that is new.
            let unread = Mirror {
                meta: mirror::meta(standing.as_deref())?,
                ..Mirror::default()
            };
            let Some((meta, record)) = prepare::append(&unread, append)? else {
                return Ok(unread.meta.standing());
            };
            let mut writes: Vec<Write> = letter.iter().cloned().collect();
            let position = Key::Number(record.position.0);
            writes.push(Write::Put(Store::Journal, position, encode(&record)));
            writes.push(Write::Put(Store::Meta, Key::Number(0), encode(&meta)));
            let guard = Guard {
                key: 0,
                expected: standing.as_deref(),
            };
            match self.disk.commit(guard, &writes).await? {
                Committed::Stored => return Ok(meta.standing()),
                Committed::Moved => {}
            }
        }
    }

    /// Where the log stands: needs no key.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        let answers = self.disk.read(&[STANDING]).await?;
        let standing = answers.into_iter().flatten().next();
        Ok(mirror::meta(standing.as_deref())?.standing())
    }

    /// Drops what was read from the memory of this tab.
    pub fn forget(&self) {
        self.mirror.take();
    }

    /// The first letter behind this place; needs no key.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    pub async fn letter_after(
        &self,
        place: Option<ChainPlace>,
    ) -> Result<Option<(ChainPlace, Vec<u8>)>, Fault> {
        let letters = Read::From {
            store: Store::Letters,
            first: place.map_or(0, |it| it.key() + 1),
            limit: Some(1),
        };
        let keys = Read::Keys(Box::new(letters.clone()));
        let answers = self.disk.read(&[keys, letters.clone()]).await?.concat();
        let [key, letter] = answers.as_slice() else {
            return Ok(None);
        };
        let Key::Number(key) = letters.key_of(key) else {
            return Ok(None);
        };
        Ok(Some((ChainPlace::at(key), letter.clone())))
    }

    /// Whether the act at this place has one still.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be read.
    pub async fn has_letter(&self, place: ChainPlace) -> Result<bool, Fault> {
        let letter = Read::One(Store::Letters, Key::Number(place.key()));
        Ok(!self.disk.read(&[letter]).await?.concat().is_empty())
    }

    /// Head office has what they say.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored.
    pub async fn drop_letter(&self, place: ChainPlace) -> Result<(), Fault> {
        let write = Write::Delete(Store::Letters, Key::Number(place.key()));
        self.disk.write(&[write]).await
    }

    /// What is known of own envelopes; of those that were put away and are owed, only from `first` on.
    async fn own_notes(&self, first: ChainPlace) -> Result<BTreeMap<ChainPlace, OwnNote>, Fault> {
        let outbox = Read::From {
            store: Store::Outbox,
            first: first.key(),
            limit: None,
        };
        let answers = self.sync(false, &[REMEMBERED, outbox]).await?.answers;
        let mut answers = answers.into_iter();
        let mut notes = BTreeMap::new();
        for it in answers.next().unwrap_or_default() {
            let remembered: Remembered = decode("what became of own envelopes", &it)?;
            notes.extend(remembered.notes.into_iter().map(|it| (it.place, it)));
        }
        for it in answers.flatten() {
            let outgoing: Outgoing = decode("an envelope to send", &it)?;
            notes.insert(outgoing.note.place, outgoing.note);
        }
        let mirror = self.mirror.borrow();
        notes.extend(mirror.own.iter().map(|(&place, it)| (place, it.note)));
        Ok(notes)
    }

    /// Rows of closed cases from blocks below `before`; from the journal as well if it is the highest number.
    async fn closed_rows(&self, mut before: u64, max_rows: usize) -> Result<RowPage, Fault> {
        let mut rows = Vec::new();
        loop {
            // Most blocks hold some hundreds of rows.
            let n_blocks = (max_rows / 128).clamp(1, 16);
            let plan = |mirror: &Mirror| {
                mirror
                    .directory
                    .row_blocks(before)
                    .take(n_blocks)
                    .map(block_read)
                    .collect()
            };
            let blocks = self.read_planned(true, plan).await?;
            let mirror = self.mirror.borrow();
            if before == u64::MAX {
                let journal = mirror.journal.values().filter_map(|it| match &it.row {
                    Some((_, UnsealedRow::Here(row))) if row.due.is_none() => {
                        Some(Row::from(row.clone()))
                    }
                    Some(_) | None => None,
                });
                rows.extend(journal);
            }
            let numbers: Vec<u32> = mirror.directory.row_blocks(before).take(n_blocks).collect();
            for (&number, block) in numbers.iter().zip(blocks) {
                let block = block.into_iter().next();
                let block = block.ok_or_else(|| Fault::Corrupt {
                    what: format!("block {number} is missing"),
                })?;
                let block: Block = decode("a block", &block)?;
                let is_newest = |it: &StoredRow| {
                    let in_journal = matches!(
                        mirror.journal.get(&it.case).and_then(|it| it.row.as_ref()),
                        Some((_, UnsealedRow::Here(_)))
                    );
                    !in_journal
                        && mirror.directory.sealed(it.case).row == Some(SealedRow::InBlock(number))
                };
                rows.extend(block.rows.into_iter().filter(is_newest).map(Row::from));
            }
            before = numbers
                .last()
                .map_or(before.min(mirror.meta.next_block.into()), |&it| it.into());
            if mirror.directory.row_blocks(before).next().is_none() {
                return Ok(RowPage { rows, next: None });
            }
            if rows.len() >= max_rows {
                return Ok(RowPage {
                    rows,
                    next: Some(RowMark::Closed { before }),
                });
            }
        }
    }
}

/// Rows of open cases in these pages and in the journal, by due time and case.
fn open_rows(mirror: &Mirror, pages: &[Vec<u8>]) -> Result<Vec<Row>, Fault> {
    let mut rows: Vec<Row> = Vec::new();
    for page in pages {
        let page: Block = decode("a page of open rows", page)?;
        let untouched = |it: &StoredRow| {
            mirror
                .journal
                .get(&it.case)
                .is_none_or(|it| it.row.is_none())
        };
        rows.extend(page.rows.into_iter().filter(untouched).map(Row::from));
    }
    for it in mirror.journal.values() {
        if let Some((_, UnsealedRow::Here(row))) = &it.row
            && row.due.is_some()
        {
            rows.push(row.clone().into());
        }
    }
    rows.sort_unstable_by_key(|it| (it.due, it.case));
    Ok(rows)
}

fn last_of(pages: &[Vec<u8>]) -> Result<(Option<Moment>, CaseId), Fault> {
    let last: Option<Block> = pages
        .last()
        .map(|it| decode("a page of open rows", it))
        .transpose()?;
    let last = last.as_ref().and_then(|it| it.rows.last());
    last.map(|it| (it.due, it.case))
        .ok_or_else(|| Fault::Corrupt {
            what: "a page of open rows is missing".to_owned(),
        })
}

/// As many from the front as fit, and at least one.
fn up_to(max_bytes: usize, envelopes: impl IntoIterator<Item = Envelope>) -> Vec<Envelope> {
    let mut n_bytes = 0;
    let mut taken = Vec::new();
    for it in envelopes {
        n_bytes += it.to_bytes().len();
        if !taken.is_empty() && n_bytes > max_bytes {
            break;
        }
        taken.push(it);
    }
    taken
}
