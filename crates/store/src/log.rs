//! The contract of the log on the device.
//!
//! A log knows envelopes by case and by chain, and nothing of what they mean: rows are made by the
//! app and come back as they went in.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use shouwen_domain::envelope::{Envelope, Fate, Receipt, RefusedReason};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_domain::moment::Moment;

use crate::fault::{Conflict, Fault, WriteError};

/// An append-only log of envelopes with one row a case, shared by every tab of one installation.
///
/// Every write is one durable, all-or-nothing transaction: it is stored when the future is ready
/// with `Ok`, and not before. A handle is one tab's; several may be open on the same store.
#[expect(
    async_fn_in_trait,
    reason = "a log lives in one thread; nothing here needs to be Send"
)]
pub trait Log {
    /// All that the first screen needs: where the log stands and the most urgent open rows, by due
    /// time and then case. Costs the same however much is stored.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn opening(&self, n_rows: usize) -> Result<Opening, Fault>;

    /// The newest rows of all cases that any tab changed after `since`.
    ///
    /// `None` where compaction has passed `since`, or cases were let go of: open anew, and look whether those
    /// that are shown are still there.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn changes(&self, since: Position) -> Result<Option<Changes>, Fault>;

    /// All rows, page by page: open ones by due time and case, then closed ones, lately changed first.
    ///
    /// A page has about `max_rows` rows and at least one before the end. A row that is written while
    /// somebody pages may come twice or not at all: take the position before, and [`Log::changes`] after.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn rows(&self, after: Option<RowMark>, max_rows: usize) -> Result<RowPage, Fault>;

    /// Each of these cases from its first envelope; none where there is no such case. To read many together takes
    /// hardly longer than to read one.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn histories(&self, cases: &BTreeSet<CaseId>)
    -> Result<BTreeMap<CaseId, History>, Fault>;

    /// A case from its first envelope; version 0 where there is no such case.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn history(&self, case: CaseId) -> Result<History, Fault> {
        let mut histories = self.histories(&BTreeSet::from([case])).await?;
        Ok(histories.remove(&case).unwrap_or_default())
    }

    /// Stores one action of this device: the envelope, its row, and the chain's new head.
    ///
    /// Sealing happens before. To append again what is already the head is no error and writes
    /// nothing, so that whoever lost the answer may ask again.
    ///
    /// # Errors
    /// [`Conflict::Case`] where the case has another version, [`Conflict::Head`] where the envelope does
    /// not follow the head: same chain, next sequence, the head's hash as `previous`; or a higher chain,
    /// sequence 1, no `previous`. A [`Fault`] where it cannot be stored.
    async fn append(&self, append: Append) -> Result<Standing, WriteError>;

    /// The oldest envelopes of this device without a receipt: of one chain (the lowest that owes), by
    /// sequence, up to `max_bytes` together but at least one. A log may give some thousand at most.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn owed(&self, max_bytes: usize) -> Result<Vec<Envelope>, Fault>;

    /// Envelopes of this device behind `sequence` in `chain`, with a receipt or without, by sequence, up
    /// to `max_bytes` together: what fills up a server restored from an old backup. There may be fewer,
    /// but not none before the last: ask again behind the last one given.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn own_after(
        &self,
        chain: u32,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<Envelope>, Fault>;

    /// Stores what the server said about envelopes of this device. Whoever has a receipt is no longer owed,
    /// whatever its fate.
    ///
    /// A receipt that repeats the known fate in the same epoch is ignored; another fate or epoch replaces
    /// it. A receipt for what this device did not append, or let go of, or whose hash differs, is ignored.
    ///
    /// # Errors
    /// [`Conflict::Fence`] where another tab has taken over; a [`Fault`] where it cannot be stored.
    async fn settle(&self, fence: Fence, receipts: &[Receipt]) -> Result<Standing, WriteError>;

    /// What became of this device's envelopes, newest first: the last `limit`, and besides them every one
    /// that is held or refused. Of those that were accepted, a log remembers the last hundred.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn fates(&self, limit: usize) -> Result<Vec<OwnFate>, Fault>;

    /// Stores one page of the server's feed with the named records that belong to it, whole or not at all, and moves
    /// the cursor with it.
    ///
    /// What is known by its envelope's id is not stored again; it only gets its arrival stamp, if it had
    /// none from a feed. So own envelopes may come back, and a feed may be read again from its beginning.
    /// Own ones that were let go of are stored as any others; from then on [`Log::own_after`] gives them, but
    /// they are not owed, and [`Log::fates`] does not tell of them: head office passed them on. Which ones those
    /// were is not remembered: whoever let go of some takes all for such that this device did not append and
    /// that is not beyond its head, so what a twin wrote in a chain that it left as well.
    ///
    /// # Errors
    /// [`Conflict::Cursor`] unless the page begins where the log has read to, or at position 0 of another
    /// epoch (the server's log began anew). [`Conflict::Case`] where a case has another version,
    /// [`Conflict::Fence`] where another tab has taken over. [`Fault::Corrupt`] where the page names a case
    /// twice, a new one without an envelope, or puts an envelope under a case that is not its own;
    /// another [`Fault`] where it cannot be stored.
    async fn take_in(&self, fence: Fence, page: &TakeIn) -> Result<Standing, WriteError>;

    /// Takes cases off the device, each at the version that the caller knows: row, envelopes, arrival stamps
    /// and receipts, those of own envelopes too. All of them or none. What there is no such case of, at
    /// version 0, needs nothing.
    ///
    /// Afterwards it is as if the cases had never been there, but that head and counter stay where they are.
    /// No stored record has anything of them any longer. The journal is put away before, so that
    /// [`Log::changes`] reaches back to no moment before: other tabs open anew. Every record that has some of
    /// a case is written anew, so let go of a few at a time.
    ///
    /// # Errors
    /// [`Conflict::Case`] where a case has another version, [`Conflict::Unsettled`] where an own envelope of it
    /// has no receipt, is held, or was refused and not taken back: nobody else may have it, or a person has
    /// yet to look at it. [`Conflict::Fence`] where another tab has taken over; a [`Fault`] where it cannot be
    /// stored.
    async fn let_go(&self, fence: Fence, cases: &[(CaseId, u32)]) -> Result<Standing, WriteError>;

    /// Takes the words out of cases, each at the version that the caller knows: all of its envelopes are kept
    /// without their content, those that are owed, held or refused too, and its row has the given body. All of them
    /// or none. What there is no such case of, at version 0, needs nothing.
    ///
    /// Nothing else that can be read changes: order, versions, receipts, what is owed and when a case is due. No
    /// stored record has anything of the words any longer; as after letting go, other tabs open anew. Where no
    /// word was left and the body is the same, nothing is written.
    ///
    /// # Errors
    /// [`Conflict::Case`] where a case has another version, [`Conflict::Fence`] where another tab has taken over;
    /// a [`Fault`] where it cannot be stored.
    async fn erase(&self, fence: Fence, cases: &[Erase]) -> Result<Standing, WriteError>;

    /// Makes the caller the one owner of pump and compaction, until somebody else takes over.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be stored.
    async fn take_over(&self) -> Result<Fence, Fault>;

    /// Lets this device write in another chain, from its first sequence on: its own goes on elsewhere.
    /// A chain that is not higher than the head's changes nothing.
    ///
    /// # Errors
    /// [`Conflict::Fence`] where another tab has taken over; a [`Fault`] where it cannot be stored.
    async fn start_chain(&self, fence: Fence, chain: u32) -> Result<Standing, WriteError>;

    /// One bounded step of putting the journal away; changes nothing that can be read here, except that
    /// [`Log::changes`] no longer reaches back. A crash at any moment loses nothing.
    ///
    /// # Errors
    /// [`Conflict::Fence`] where another tab has taken over; a [`Fault`] where it cannot be stored.
    async fn compact(&self, fence: Fence) -> Result<Compacted, WriteError>;

    /// A small named record, if there is one.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn get(&self, section: Section, name: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// All small named records of these sections, as they were at one moment; by name in each.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn records(&self, sections: &[Section]) -> Result<Vec<NamedRecord>, Fault>;

    /// Stores small named records, each in place of the one before, all of them or none; as durable as an envelope.
    ///
    /// # Errors
    /// A [`Fault`] where they cannot be stored; the records before are kept.
    async fn put_all(&self, records: &[NamedRecord]) -> Result<(), Fault>;

    /// Stores a small named record.
    ///
    /// # Errors
    /// As [`Log::put_all`].
    async fn put(&self, section: Section, name: &str, record: &[u8]) -> Result<(), Fault> {
        self.put_all(&[NamedRecord::new(section, name, record)])
            .await
    }

    /// Removes a named record; no error where there is none.
    ///
    /// # Errors
    /// A [`Fault`] where it cannot be removed.
    async fn remove(&self, section: Section, name: &str) -> Result<(), Fault>;

    /// The names in a section, sorted.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    async fn list(&self, section: Section) -> Result<Vec<String>, Fault>;
}

/// Counts the writes to one device's log; means nothing elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Position(#[n(0)] pub u64);

/// The number of the tab that owns pump and compaction; each new owner has a higher one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Fence(#[n(0)] pub u64);

/// How far this device has read the server's feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cursor {
    /// Zero: never read.
    #[n(1)]
    pub epoch: u64,
    /// The last position taken in; positions count from 1.
    #[n(2)]
    pub position: u64,
}

/// The end of this device's chain: what the next envelope must follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    #[n(1)]
    pub chain: u32,
    /// Zero: nothing appended yet.
    #[n(2)]
    pub sequence: u64,
    #[n(3)]
    pub hash: Option<Hash>,
    /// The highest logical counter seen anywhere, in own envelopes or others'.
    #[n(4)]
    pub counter: u64,
}

impl Head {
    /// The head once `envelope` is appended.
    ///
    /// # Errors
    /// [`Conflict::Head`] where the envelope does not follow: see [`Log::append`].
    pub fn followed_by(self, envelope: &Envelope) -> Result<Self, Conflict> {
        let next = envelope.header();
        let continues = next.chain == self.chain
            && next.sequence == self.sequence + 1
            && next.previous == self.hash;
        let starts = next.chain > self.chain && next.sequence == 1 && next.previous.is_none();
        if continues || starts {
            Ok(Self {
                chain: next.chain,
                sequence: next.sequence,
                hash: Some(envelope.hash()),
                counter: self.counter.max(next.counter),
            })
        } else {
            Err(Conflict::Head { found: self })
        }
    }

    /// The head of a chain that begins, with nothing in it.
    #[must_use]
    pub const fn in_chain(self, chain: u32) -> Self {
        Self {
            chain,
            sequence: 0,
            hash: None,
            counter: self.counter,
        }
    }

    /// The head for whoever writes in no chain up to `chain`: those are of what the device was before it lost its key.
    #[must_use]
    pub const fn beyond(self, chain: u32) -> Self {
        if self.chain > chain {
            self
        } else {
            self.in_chain(chain + 1)
        }
    }

    /// Whether `envelope` is what this head was made by.
    pub fn is(self, envelope: &Envelope) -> bool {
        let header = envelope.header();
        header.chain == self.chain
            && header.sequence == self.sequence
            && self.hash == Some(envelope.hash())
    }
}

/// Where a log stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    pub position: Position,
    pub head: Head,
    pub cursor: Cursor,
    /// The hash of the receipt stored last, which the next envelope names.
    pub last_receipt: Option<Hash>,
    /// Without the days under which records of reading lie.
    pub n_cases: u64,
    pub n_open: u64,
    /// Envelopes of this device without a receipt.
    pub n_owed: u64,
    /// How many of those are records of reading, which nobody counts among their acts.
    pub n_looks_owed: u64,
    /// Writes since the last compaction; from some hundreds on, opening is quicker after one.
    pub n_journal: u64,
}

/// What the app makes of a case for its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// When the next obligation is due; none: the case is closed.
    pub due: Option<Moment>,
    /// Opaque to the log; some hundreds of bytes serve best.
    pub body: Vec<u8>,
}

/// The row of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub case: CaseId,
    /// How many envelopes of the case the log holds.
    pub version: u32,
    /// None: the case is closed.
    pub due: Option<Moment>,
    pub body: Vec<u8>,
}

/// An envelope with its arrival stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub envelope: Envelope,
    /// When head office had it: from the feed, else from the receipt; none while it is on its way.
    pub arrived: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub standing: Standing,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    pub standing: Standing,
    /// One a case, by case.
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPage {
    pub rows: Vec<Row>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<RowMark>,
}

/// Where a page of rows ended; stays good while others write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMark {
    /// Among the open rows, behind this one.
    Open { due: Moment, case: CaseId },
    /// Among the closed rows, those put down before this; the number is the log's own.
    Closed { before: u64 },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// How many envelopes the log holds of this case.
    pub version: u32,
    /// By logical counter and then id: the same on every device, whatever order they arrived in.
    pub entries: Vec<Entry>,
    /// The newest for each own envelope that has one, by chain and sequence.
    pub receipts: Vec<Receipt>,
}

impl History {
    /// What counts in the case: everything but own envelopes that head office refused, or that were taken
    /// back. Those stay here, to be shown and mended.
    pub fn counting(&self) -> impl Iterator<Item = &Entry> {
        let refused: BTreeSet<Hash> = self
            .receipts
            .iter()
            .filter(|it| matches!(it.fate, Fate::Refused(_)))
            .map(|it| it.hash)
            .collect();
        self.entries
            .iter()
            .filter(move |it| refused.is_empty() || !refused.contains(&it.envelope.hash()))
    }
}

/// A case whose words are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erase {
    pub case: CaseId,
    pub expected_version: u32,
    /// Of its row, in place of the one that was made with the words.
    pub body: Vec<u8>,
}

/// One action of this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub envelope: Envelope,
    /// The version that the action was decided on; 0 for a new case.
    pub expected_version: u32,
    /// The case after the action.
    pub projection: Projection,
}

/// One page of the server's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeIn {
    pub from: Cursor,
    pub to: Cursor,
    /// Each case once.
    pub cases: Vec<CaseIn>,
    /// Stored with it, in place of the ones before.
    pub named: Vec<NamedRecord>,
}

/// A small named record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRecord {
    pub section: Section,
    pub name: String,
    pub record: Vec<u8>,
}

impl NamedRecord {
    pub fn new(section: Section, name: &str, record: &[u8]) -> Self {
        Self {
            section,
            name: name.to_owned(),
            record: record.to_vec(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseIn {
    pub case: CaseId,
    pub expected_version: u32,
    /// In any order; known ones may be among them.
    pub entries: Vec<Entry>,
    /// The case after these entries.
    pub projection: Projection,
}

impl TakeIn {
    /// Checks what does not depend on what is stored.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where a case comes twice, a new one has no envelope, or an envelope stands under
    /// another case.
    pub fn check(&self) -> Result<(), Fault> {
        let mut seen = BTreeSet::new();
        for it in &self.cases {
            if !seen.insert(it.case) {
                return Err(Fault::Corrupt {
                    what: format!("a page names case {} twice", it.case),
                });
            }
            if it.expected_version == 0 && it.entries.is_empty() {
                let what = format!("a page names case {} without an envelope", it.case);
                return Err(Fault::Corrupt { what });
            }
            if let Some(stray) = it
                .entries
                .iter()
                .find(|entry| entry.envelope.header().case != it.case)
            {
                let id = stray.envelope.header().id;
                return Err(Fault::Corrupt {
                    what: format!("a page puts envelope {id} under case {}", it.case),
                });
            }
        }
        Ok(())
    }

    /// Whether a log that has read to `cursor` may take this page.
    pub fn follows(&self, cursor: Cursor) -> bool {
        let begins_anew =
            self.from.position == 0 && self.from.epoch != 0 && self.from.epoch != cursor.epoch;
        self.from == cursor || begins_anew
    }
}

/// What became of an envelope of this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OwnFate {
    #[n(1)]
    pub chain: u32,
    #[n(2)]
    pub sequence: u64,
    #[n(3)]
    pub id: EnvelopeId,
    #[n(4)]
    pub case: CaseId,
    /// The device's wall clock when acting.
    #[n(5)]
    pub at: Moment,
    /// None: recorded, and owed.
    #[n(6)]
    pub fate: Option<Fate>,
}

impl OwnFate {
    /// Whether a person must look at it, however long ago it was.
    pub const fn needs_a_person(&self) -> bool {
        match self.fate {
            None => false,
            Some(fate) => needs_a_person(fate),
        }
    }
}

const fn needs_a_person(fate: Fate) -> bool {
    match fate {
        Fate::Accepted | Fate::Refused(RefusedReason::Withdrawn) => false,
        Fate::Held(_) | Fate::Refused(_) => true,
    }
}

/// Whether an own envelope with this receipt, if any, may be let go of.
pub const fn is_settled(receipt: Option<&Receipt>) -> bool {
    match receipt {
        None => false,
        Some(receipt) => !needs_a_person(receipt.fate),
    }
}

/// What one step of compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Writes put away.
    pub n_sealed: u64,
    /// Whether another step would find something to do.
    pub more: bool,
}

/// What a named record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// This device's own settings.
    Settings,
    /// Who is signed in, and with what.
    Session,
    /// What people began to write, so that a reload loses no word.
    Drafts,
    /// Packs, calendars, the zone table, directories.
    Texts,
    /// What this device takes back, each signed, by chain and sequence.
    Withdrawals,
    /// What this device wrote in cases that it let go of, sealed to head office, by number.
    Copies,
}

impl Section {
    pub const ALL: [Self; 6] = [
        Self::Settings,
        Self::Session,
        Self::Drafts,
        Self::Texts,
        Self::Withdrawals,
        Self::Copies,
    ];

    /// Its name where it is stored.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Session => "session",
            Self::Drafts => "drafts",
            Self::Texts => "texts",
            Self::Withdrawals => "withdrawals",
            Self::Copies => "copies",
        }
    }
}
