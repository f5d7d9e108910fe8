//! What travels: CBOR maps with integer keys, so that this version and the one before understand each other.

pub mod files;

use minicbor::{Decode, Encode};
use shouwen_domain::envelope::Receipt;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;

/// The media type of every request and answer.
pub const MEDIA_TYPE: &str = "application/cbor";

/// `POST /api/sign-in`: a person on a device, by PIN.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignIn {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub pin: String,
    #[n(3)]
    pub device: DeviceId,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedIn {
    #[n(1)]
    pub site: SiteId,
    /// Sent as `Authorization: Bearer …` with every push and pull; bound to the device.
    #[n(2)]
    pub token: String,
    /// The device's short code, a part of case numbers, unique on its site ("K7").
    #[n(3)]
    pub device_code: String,
    #[n(4)]
    pub server_now: Moment,
}

/// `GET /api/site`: the texts that rules are read from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SiteTexts {
    #[n(1)]
    pub site: SiteId,
    #[n(2)]
    pub pack: NamedText,
    /// One file a year.
    #[n(3)]
    pub calendar: Vec<NamedText>,
    #[n(4)]
    pub zones: NamedText,
    #[n(5)]
    pub directory: NamedText,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NamedText {
    #[n(1)]
    pub name: String,
    #[n(2)]
    pub text: String,
}

/// `POST /api/push`: envelopes of one chain, in sequence order, byte for byte as first written.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Push {
    #[n(1)]
    pub device: DeviceId,
    #[n(2)]
    pub chain: u32,
    /// The highest sequence the device has written: what it owes is this minus what arrived.
    #[n(3)]
    pub head: u64,
    #[n(4)]
    pub envelopes: Vec<Bytes>,
}

/// A byte string.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// One receipt an envelope, in the order pushed; a known envelope gets the same fate again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pushed {
    #[n(1)]
    pub receipts: Vec<Receipt>,
    #[n(2)]
    pub epoch: u64,
    #[n(3)]
    pub server_now: Moment,
}

/// `POST /api/pull`: the next page of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pull {
    #[n(1)]
    pub device: DeviceId,
    #[n(2)]
    pub cursor: Cursor,
}

/// How far a device has read.
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

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Page {
    #[n(1)]
    pub entries: Vec<PageEntry>,
    /// Where the page begins: equals the asked cursor, unless the epoch changed and reading starts anew.
    #[n(2)]
    pub from: Cursor,
    #[n(3)]
    pub next: Cursor,
    #[n(4)]
    pub more: bool,
    #[n(5)]
    pub server_now: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PageEntry {
    /// When head office had it (the arrival stamp).
    #[n(1)]
    pub arrived: Moment,
    #[n(2)]
    pub envelope: Bytes,
}

/// The body of every answer that is not a success, in plain words for the log and a code for the app.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Failure {
    #[n(1)]
    pub code: FailureCode,
    #[n(2)]
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FailureCode {
    /// The body is not what this path takes. 400
    #[n(0)]
    Malformed,
    /// No such person, or not this PIN. 401
    #[n(1)]
    WrongPin,
    /// The token is unknown or ended. 401
    #[n(2)]
    NotSignedIn,
    /// Too many tries. 429
    #[n(3)]
    TooManyTries,
    /// More than one batch may hold. 413
    #[n(4)]
    TooLarge,
    /// The server cannot store now (a full disk, say); nothing was taken. 503
    #[n(5)]
    Storage,
    /// The chunks do not make up the file that was named; all of them are thrown away. 422
    #[n(20)]
    WrongBytes,
    /// Neither JPEG nor PNG nor WebP. 415
    #[n(21)]
    NotAPicture,
    /// More bytes of files than this site may send in a day. 429
    #[n(22)]
    FilesOfTheDay,
    /// No such file is there as a whole. 404
    #[n(23)]
    NotHere,
}
