//! What travels: CBOR maps with integer keys, so that this version and the one before understand each other.

pub mod files;

use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::envelope::Receipt;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_domain::signature::PublicKey;

/// The media type of every request and answer.
pub const MEDIA_TYPE: &str = "application/cbor";

/// `POST /api/enrol`: a device joins the site of an invitation, and gets its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrol {
    /// As it was typed, or as it stands in the address behind a QR code.
    #[n(1)]
    pub code: String,
    #[n(2)]
    pub device: DeviceId,
    /// The device's public key, as a `COSE_Key`.
    #[n(3)]
    pub key: Bytes,
    /// Of a device that joins once more: with which keys people signed on it stays known.
    #[n(4)]
    pub certificate: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrolled {
    #[n(1)]
    pub site: SiteId,
    /// The device's certificate, which also says its short code ("K7"). Nobody has signed in on it yet.
    #[n(2)]
    pub certificate: Bytes,
    #[n(3)]
    pub office: OfficeKeys,
    #[n(4)]
    pub server_now: Moment,
}

/// `POST /api/sign-in`: a person on a device that is enrolled, by PIN; the person is added to its certificate, with the key
/// with which they sign there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignIn {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub pin: String,
    /// The device's: its code and its people stay.
    #[n(3)]
    pub certificate: Bytes,
    /// The person's public key on this device, as a `COSE_Key`.
    #[n(4)]
    pub key: Bytes,
    /// What the device was first, where it lost its key since: its storage is sealed under what that one was given.
    #[n(5)]
    pub first_certificate: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedIn {
    #[n(1)]
    pub certificate: Bytes,
    #[n(2)]
    pub server_now: Moment,
    /// With which the device seals what it stores, 32 bytes; the same for everybody on it, whenever they ask.
    #[n(3)]
    pub content_key: Option<Bytes>,
}

/// Whom a device believes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OfficeKeys {
    /// The root, as a `COSE_Key`: believed when the device is enrolled and never changed by an answer.
    #[n(1)]
    pub root: Bytes,
    /// Certificates by the root, for the keys in use and those before them.
    #[n(2)]
    pub certificates: Vec<Bytes>,
}

impl OfficeKeys {
    /// Head office's working keys of this kind, as far as the root vouches for them.
    pub fn certified(&self, subject: &Subject) -> Vec<PublicKey> {
        let Ok(root) = PublicKey::from_cose_key(&self.root.0) else {
            return Vec::new();
        };
        let claims = self.certificates.iter().filter_map(|it| {
            let certificate = Certificate::from_bytes(&it.0).ok()?;
            certificate.verified(&root).ok().cloned()
        });
        claims
            .filter(|it| it.subject == *subject)
            .map(|it| it.key)
            .collect()
    }
}

/// The answer to `POST /api/challenge`: what a device has to sign to open a contact.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    #[n(1)]
    pub nonce: Bytes,
}

/// `POST /api/contact`, signed by the device: the body is a `COSE_Sign1` of this.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contact {
    #[n(1)]
    pub device: DeviceId,
    /// A head office that was restored learns from it of devices that joined since.
    #[n(2)]
    pub certificate: Bytes,
    #[n(3)]
    pub nonce: Bytes,
    /// The end of the chain in which this device writes.
    #[n(4)]
    pub head: Stated,
    /// Head office holds envelopes of that chain as a fork.
    #[n(5)]
    pub forked: bool,
    /// A `COSE_Sign1` of a [`Reading`]. Without it the device brings what it holds, and reads nothing: its own key lies in
    /// its files, a person's behind their PIN.
    #[n(6)]
    pub reading: Option<Bytes>,
}

/// Who reads, signed with the key with which they sign on that device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reading {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub device: DeviceId,
    /// Of the contact.
    #[n(3)]
    pub nonce: Bytes,
}

/// The end of a chain, as its device says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stated {
    #[n(1)]
    pub chain: u32,
    /// Zero: nothing written.
    #[n(2)]
    pub sequence: u64,
    #[n(3)]
    pub hash: Option<Hash>,
}

/// The answer to a contact, signed by head office: the body is a `COSE_Sign1` of this.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contacted {
    #[n(1)]
    pub device: DeviceId,
    /// Of the contact that this answers.
    #[n(2)]
    pub nonce: Bytes,
    /// Sent as `Authorization: Bearer …` with everything else; bound to the device.
    #[n(3)]
    pub token: String,
    #[n(4)]
    pub lasts_s: u32,
    #[n(5)]
    pub epoch: u64,
    #[n(6)]
    pub server_now: Moment,
    /// Up to where a verified backup holds this device's chains.
    #[n(7)]
    pub backed_up: Vec<BackedUp>,
    /// The stated chain goes on elsewhere: this device was cloned or restored, and writes here from now on.
    #[n(8)]
    pub new_chain: Option<NewChain>,
    /// For the keys in use, and for those before them.
    #[n(9)]
    pub certificates: Vec<Bytes>,
    /// What the people of this device may read.
    #[n(10)]
    pub scope: Scope,
    /// Head office lets this device in no more: it is closed for reading at once, sends what it has not sent yet, and
    /// erases what it holds.
    #[n(11)]
    #[cbor(default)]
    pub revoked: bool,
    /// The certificate without those whom head office lets in no more, where the device's names one.
    #[n(12)]
    pub certificate: Option<Bytes>,
    /// The texts in force ([`RuleHashes::as_one`]), so that a device asks for them only where it has others.
    #[n(13)]
    pub texts: Option<Hash>,
}

/// `POST /api/erased`, signed by the device: the body is a `COSE_Sign1` of this.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erased {
    #[n(1)]
    pub device: DeviceId,
    /// By the device's clock.
    #[n(2)]
    pub at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BackedUp {
    #[n(1)]
    pub chain: u32,
    #[n(2)]
    pub sequence: u64,
}

/// Where a device that was cloned goes on; head office gives each out once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NewChain {
    #[n(1)]
    pub chain: u32,
    /// The certificate with the short code of this chain: its case numbers begin anew.
    #[n(2)]
    pub certificate: Bytes,
}

/// `POST /api/withdraw`: acts that their device takes back, each as the `COSE_Sign1` of a [`Withdrawal`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdraw {
    #[n(1)]
    pub device: DeviceId,
    #[n(2)]
    pub withdrawals: Vec<Bytes>,
}

/// One envelope that was not passed on and shall not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdrawal {
    #[n(1)]
    pub device: DeviceId,
    #[n(2)]
    pub chain: u32,
    #[n(3)]
    pub sequence: u64,
    #[n(4)]
    pub hash: Hash,
}

/// What a rescue file holds, sealed to head office: unsent work of one device.
///
/// `POST /api/rescue` takes such a file from any device of the site, in the form of
/// [`Sealed`](shouwen_domain::sealing::Sealed), and answers with [`Pushed`]: receipts for all of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rescue {
    /// Of the device that wrote it.
    #[n(1)]
    pub certificate: Bytes,
    /// In the order of chain and sequence.
    #[n(2)]
    pub envelopes: Vec<Bytes>,
    /// What it takes back, signed.
    #[n(3)]
    pub withdrawals: Vec<Bytes>,
    /// As of a [`Push`]: whoever brings it by themselves says which head office it is meant for.
    #[n(4)]
    pub epoch: Option<u64>,
}

/// `GET /api/site`, for a device that is enrolled: the texts that rules are read from.
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
    /// The epoch that the device is in contact with: where head office's is another, it was restored meanwhile,
    /// takes nothing and says so, since it may not know what was taken back. None: whatever it is.
    #[n(5)]
    pub epoch: Option<u64>,
}

/// A byte string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

/// One receipt an envelope, in the order pushed, all of them signed together; a known envelope gets the same fate again.
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

/// `POST /api/pull`: what a device reads next. The answer is a [`Page`], signed by head office.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pull {
    #[n(1)]
    pub device: DeviceId,
    /// As told at the contact: where it is another one by now, the contact has to be opened anew.
    #[n(2)]
    pub scope: Scope,
    #[n(3)]
    pub ask: Ask,
}

/// A device is given the open cases first, then what is new, and what was before when there is time for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Ask {
    /// Open cases, each with all that was passed on of it, in the order of their ids.
    #[n(0)]
    Open {
        /// What the first page of them said; none: this is the first.
        #[n(0)]
        at: Option<Cursor>,
        #[n(1)]
        after: Option<CaseId>,
    },
    /// What came behind the cursor; a case that came into the scope there, with all of it.
    #[n(1)]
    News {
        #[n(0)]
        cursor: Cursor,
        /// Not everything up to here was read: what a case that began there goes on with comes with all of it.
        #[n(1)]
        below: u64,
    },
    /// What came behind the cursor, up to the end of its block.
    #[n(2)]
    History {
        #[n(0)]
        from: Cursor,
    },
}

/// Positions in a block of history: the same for every device, so that one that is complete is made up once.
pub const BLOCK_POSITIONS: u64 = 512;

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
    /// Where the page begins: the asked cursor, unless head office is in another epoch. For open cases the end of
    /// the feed when the first of them were given out, from which news are read later.
    #[n(2)]
    pub from: Cursor,
    #[n(3)]
    pub next: Cursor,
    #[n(4)]
    pub more: bool,
    #[n(5)]
    pub server_now: Moment,
    /// The last of the open cases given out.
    #[n(6)]
    pub after: Option<CaseId>,
    /// How many open cases are left.
    #[n(7)]
    pub n_left: u64,
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
    /// The token is unknown or ended: contact anew. 401
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
    /// Head office does not know this device by its certificate. 403
    #[n(6)]
    NotEnrolled,
    /// Another key is enrolled under this device's id: it needs another id. 409
    #[n(7)]
    DeviceTaken,
    /// The request took too long, mostly to come. 408
    #[n(8)]
    TooSlow,
    /// The body is compressed, which is not understood. 415
    #[n(9)]
    Encoded,
    /// The page that asks is of another site, or the request is one that any page's form could send. 403
    #[n(10)]
    ForeignPage,
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
    /// No such invitation, or one that has ended or was used by another device. 403
    #[n(30)]
    WrongCode,
    /// Head office lets this person or this device in no more. 403
    #[n(31)]
    Revoked,
}
