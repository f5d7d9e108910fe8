//! Records as they lie on the disk: CBOR maps with a format number and integer keys.

use minicbor::{Decode, Decoder, Encode};
use shouwen_domain::at_rest::FORMAT;
pub use shouwen_domain::at_rest::record as encode;
use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;
use shouwen_store::{Cursor, Fault, Fence, Head, OwnFate, Position, Row, Standing};

/// Where the log stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Meta {
    #[n(1)]
    pub position: Position,
    /// Writes up to here were put away.
    #[n(2)]
    pub sealed_up_to: Position,
    #[n(3)]
    pub head: Head,
    #[n(4)]
    pub cursor: Cursor,
    #[n(5)]
    pub fence: Fence,
    #[n(6)]
    pub last_receipt: Option<Hash>,
    #[n(7)]
    pub n_cases: u64,
    #[n(8)]
    pub n_open: u64,
    #[n(9)]
    pub n_owed: u64,
    /// The number of the next block.
    #[n(10)]
    pub next_block: u32,
    /// Changes when runs of the directory are merged.
    #[n(11)]
    pub generation: u32,
    #[n(12)]
    pub n_runs: u32,
    /// How many of them there were after the last merge.
    #[n(13)]
    pub n_merged_runs: u32,
    #[n(14)]
    pub n_hot_pages: u32,
    /// Whose own envelopes were let go of: what comes again of theirs is own.
    #[n(15)]
    pub let_go_by: Option<DeviceId>,
    #[n(16)]
    #[cbor(default)]
    pub n_looks_owed: u64,
    /// How many of the cases are days' records of reading.
    #[n(17)]
    #[cbor(default)]
    pub n_look_days: u64,
}

impl Meta {
    pub const fn standing(&self) -> Standing {
        Standing {
            position: self.position,
            head: self.head,
            cursor: self.cursor,
            last_receipt: self.last_receipt,
            n_cases: self.n_cases - self.n_look_days,
            n_open: self.n_open,
            n_owed: self.n_owed,
            n_looks_owed: self.n_looks_owed,
            n_journal: self.position.0 - self.sealed_up_to.0,
        }
    }
}

/// One write to the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JournalRecord {
    #[n(1)]
    pub position: Position,
    /// Own envelopes that were appended, or whose fate was learned.
    #[n(2)]
    pub own: Vec<OwnNote>,
    #[n(3)]
    pub parts: Vec<Part>,
    /// Rows whose place in the order of blocks is given when they are put away.
    #[n(4)]
    pub rows: Vec<StoredRow>,
    /// Rows of open cases that the directory tells of already.
    #[n(6)]
    pub placed: Vec<StoredRow>,
    /// Closed cases whose row this write put into a block.
    #[n(5)]
    pub closed: Vec<CaseId>,
}

/// What happened to one case.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Part {
    #[n(1)]
    pub case: CaseId,
    #[n(2)]
    pub entries: Vec<StoredEntry>,
    /// Arrival stamps of entries that lie elsewhere.
    #[n(3)]
    pub stamps: Vec<Arrival>,
    #[n(4)]
    pub receipts: Vec<Receipt>,
}

impl Part {
    pub const fn new(case: CaseId) -> Self {
        Self {
            case,
            entries: Vec::new(),
            stamps: Vec::new(),
            receipts: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.stamps.is_empty() && self.receipts.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredEntry {
    /// Byte for byte as first written.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub envelope: Vec<u8>,
    /// The feed's arrival stamp.
    #[n(2)]
    pub stamp: Option<Moment>,
    /// Chain and sequence, where this device appended it.
    #[n(3)]
    pub own: Option<ChainPlace>,
    /// Chain and sequence, where this device let go of it and it came again.
    #[n(4)]
    pub back: Option<ChainPlace>,
}

impl StoredEntry {
    /// Its place in a chain of this device.
    pub fn place(&self) -> Option<ChainPlace> {
        self.own.or(self.back)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct ChainPlace {
    #[n(0)]
    pub chain: u32,
    #[n(1)]
    pub sequence: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Arrival {
    #[n(0)]
    pub id: EnvelopeId,
    #[n(1)]
    pub at: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredRow {
    #[n(1)]
    pub case: CaseId,
    #[n(2)]
    pub version: u32,
    #[n(3)]
    pub due: Option<Moment>,
    #[cbor(n(4), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

impl From<StoredRow> for Row {
    fn from(it: StoredRow) -> Self {
        Self {
            case: it.case,
            version: it.version,
            due: it.due,
            body: it.body,
        }
    }
}

/// What the log knows of an own envelope without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OwnNote {
    #[n(1)]
    pub place: ChainPlace,
    #[n(2)]
    pub device: DeviceId,
    #[n(3)]
    pub id: EnvelopeId,
    #[n(4)]
    pub case: CaseId,
    #[n(5)]
    pub hash: Hash,
    #[n(6)]
    pub at: Moment,
    #[n(7)]
    pub fate: Option<Fate>,
    /// Of the receipt that told the fate.
    #[n(8)]
    pub epoch: u64,
}

impl OwnNote {
    pub fn of(envelope: &Envelope) -> Self {
        let header = envelope.header();
        Self {
            place: ChainPlace::of(envelope),
            device: header.device,
            id: header.id,
            case: header.case,
            hash: envelope.hash(),
            at: header.at,
            fate: None,
            epoch: 0,
        }
    }

    /// Whether a receipt is about this envelope and says something that is not known yet.
    pub fn learns_from(&self, receipt: &Receipt) -> bool {
        self.device == receipt.device
            && self.hash == receipt.hash
            && (self.fate, self.epoch) != (Some(receipt.fate), receipt.epoch)
    }

    pub const fn own_fate(&self) -> OwnFate {
        OwnFate {
            chain: self.place.chain,
            sequence: self.place.sequence,
            id: self.id,
            case: self.case,
            at: self.at,
            fate: self.fate,
        }
    }
}

impl ChainPlace {
    pub const fn of(envelope: &Envelope) -> Self {
        let header = envelope.header();
        Self {
            chain: header.chain,
            sequence: header.sequence,
        }
    }

    /// Its key among what waits for a receipt: in the order it is sent.
    pub const fn key(self) -> u64 {
        ((self.chain as u64) << 32) | self.sequence
    }

    /// Of such a key.
    pub const fn at(key: u64) -> Self {
        let low = key & 0xffff_ffff;
        Self {
            chain: (key >> 32) as u32,
            sequence: low,
        }
    }
}

/// An own envelope that waits for its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Outgoing {
    #[n(1)]
    pub note: OwnNote,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub envelope: Vec<u8>,
}

/// What became of own envelopes that were put away: the last ones, and those that need a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Remembered {
    #[n(1)]
    pub notes: Vec<OwnNote>,
}

/// How often files were written to: tells whether somebody else did meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FileWrites {
    #[n(1)]
    pub n_writes: u64,
}

/// A block or a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Block {
    #[n(1)]
    pub parts: Vec<Part>,
    #[n(2)]
    pub rows: Vec<StoredRow>,
}

/// Which blocks have what, for the blocks of one write.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Run {
    #[n(1)]
    pub first_block: u32,
    /// Behind the last block that this run tells of.
    #[n(2)]
    pub next_block: u32,
    /// Sorted, of fixed width: see [`crate::directory`].
    #[cbor(n(3), with = "minicbor::bytes")]
    pub places: Vec<u8>,
    #[n(4)]
    pub own: Vec<OwnRange>,
}

/// Own envelopes in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OwnRange {
    #[n(0)]
    pub chain: u32,
    #[n(1)]
    pub first: u64,
    #[n(2)]
    pub last: u64,
    #[n(3)]
    pub block: u32,
}

/// # Errors
/// [`Fault::Corrupt`] where the bytes are not such a record.
pub fn decode<T: for<'b> Decode<'b, ()>>(what: &str, bytes: &[u8]) -> Result<T, Fault> {
    let mut d = Decoder::new(bytes);
    match d.u32() {
        Ok(FORMAT) => d.decode().map_err(|error| Fault::Corrupt {
            what: format!("{what}: {error}"),
        }),
        Ok(other) => Err(Fault::Corrupt {
            what: format!("{what} has form {other}, this version knows {FORMAT}"),
        }),
        Err(error) => Err(Fault::Corrupt {
            what: format!("{what}: {error}"),
        }),
    }
}

/// # Errors
/// [`Fault::Corrupt`] where the bytes are no envelope.
pub fn envelope(bytes: &[u8]) -> Result<Envelope, Fault> {
    Envelope::from_bytes(bytes).map_err(|error| Fault::Corrupt {
        what: error.to_string(),
    })
}
