//! One action in its lasting form: the events of one case under one sequence number and one hash.
//!
//! An envelope is a CBOR array `[header, facts, facts salt, content, content salt, signatures]`. The
//! first two and the content are byte strings that hold deterministic CBOR (RFC 8949, 4.2.1) exactly
//! as first written; nobody writes them again. The envelope's hash is the SHA-256 of the header's
//! bytes, and the header carries the salted hashes of facts and content: so content can be erased
//! with its salt and the chain still verifies. The header's bytes are the payload that the
//! `COSE_Signature`s (RFC 9052) in `signatures` cover. `docs/envelope.md` describes it byte by byte.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use crate::deterministic::is_deterministic;
use crate::event::{Content, Event, Fact, VOCABULARY, is_false, records_a_new_matter};
use crate::hash::{Hash, Salt};
use crate::id::{CaseId, DeviceId, EnvelopeId, PersonId, SiteId};
use crate::limits;
use crate::moment::Moment;
use crate::signature::{
    Claimed, Context, CoseSignature, PublicKey, SecretKey, Sign, SignatureError,
};

/// The format of headers and envelopes that this build writes.
pub const FORMAT: u32 = 1;

/// The vocabulary in which a person may be claimed.
const CLAIMS: u32 = 6;

/// Where an envelope stands and under what its rules were read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    /// How header and envelope are laid out.
    #[n(1)]
    pub format: u32,
    /// The vocabulary a reader needs to act on this case; a reader with less shows it and does not act.
    #[n(2)]
    pub must_understand: u32,
    #[n(4)]
    pub id: EnvelopeId,
    #[n(5)]
    pub site: SiteId,
    #[n(6)]
    pub case: CaseId,
    /// Whose act it is.
    #[n(7)]
    pub person: PersonId,
    #[n(8)]
    pub device: DeviceId,
    /// A device starts a new chain when its own was cloned or restored.
    #[n(9)]
    pub chain: u32,
    /// Counts from 1 within device and chain, without gaps.
    #[n(10)]
    pub sequence: u64,
    /// The hash of the envelope before it in its chain; none for the first.
    #[n(11)]
    pub previous: Option<Hash>,
    /// The highest logical counter seen, plus one: with `id` it orders a case the same on every device.
    #[n(12)]
    pub counter: u64,
    /// The device's wall clock.
    #[n(13)]
    pub at: Moment,
    #[n(14)]
    pub clock: Option<ClockEvidence>,
    /// The hash of the last receipt seen.
    #[n(15)]
    pub last_receipt: Option<Hash>,
    #[n(16)]
    pub rules: RuleHashes,
    /// Salted hash of the facts' bytes.
    #[n(17)]
    pub facts: Hash,
    /// Salted hash of the content's bytes; none where the action has no words.
    #[n(18)]
    pub content: Option<Hash>,
    /// Nobody was signed in: that it is this person's is claimed, and the device alone signed it.
    #[n(19)]
    #[cbor(default, skip_if = "is_false")]
    pub claimed: bool,
}

/// What the device last knew about the difference between its clock and the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClockEvidence {
    /// Server minus device.
    #[n(1)]
    pub offset_ms: i64,
    /// How long ago that was measured.
    #[n(2)]
    pub age_s: u32,
}

/// Which texts the rules were read from when acting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
pub struct RuleHashes {
    #[n(1)]
    pub pack: Hash,
    #[n(2)]
    pub calendar: Hash,
    #[n(3)]
    pub zones: Hash,
    #[n(4)]
    pub directory: Hash,
}

impl RuleHashes {
    /// All of them in one hash.
    pub fn as_one(&self) -> Hash {
        let Self {
            pack,
            calendar,
            zones,
            directory,
        } = self;
        Hash::of(&[pack.0, calendar.0, zones.0, directory.0].concat())
    }

    /// No rule was read: all zeros, as no text hashes.
    pub const NONE: Self = Self {
        pack: Hash([0; 32]),
        calendar: Hash([0; 32]),
        zones: Hash([0; 32]),
        directory: Hash([0; 32]),
    };
}

/// What the caller knows about an action before its facts and content are hashed.
#[derive(Debug, Clone)]
pub struct Stamp {
    pub id: EnvelopeId,
    pub site: SiteId,
    pub case: CaseId,
    pub person: PersonId,
    pub device: DeviceId,
    pub chain: u32,
    pub sequence: u64,
    pub previous: Option<Hash>,
    pub counter: u64,
    pub at: Moment,
    pub clock: Option<ClockEvidence>,
    pub last_receipt: Option<Hash>,
    pub rules: RuleHashes,
    pub facts_salt: Salt,
    pub content_salt: Salt,
}

/// One action, sealed: its header is read, its exact bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    header: Header,
    header_bytes: Vec<u8>,
    facts: Vec<u8>,
    facts_salt: Salt,
    content: Option<SealedContent>,
    signatures: Vec<CoseSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SealedContent {
    bytes: Vec<u8>,
    salt: Salt,
}

/// Why bytes are not an envelope, or an envelope cannot be made or acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Larger than one envelope may be.
    TooLarge { bytes: usize },
    /// Not the CBOR that this format prescribes.
    Malformed {
        at_byte: Option<usize>,
        what: String,
    },
    /// The facts are not those that the header names.
    WrongFacts,
    /// The content is not that which the header names.
    WrongContent,
    /// Written by a newer version of the app: shown, not acted on.
    NotUnderstood { needs: u32, knows: u32 },
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                write!(
                    f,
                    "The envelope has {bytes} bytes, the limit is {}",
                    limits::ENVELOPE_BYTES
                )
            }
            Self::Malformed {
                at_byte: Some(at),
                what,
            } => write!(f, "The envelope is malformed at byte {at}: {what}"),
            Self::Malformed {
                at_byte: None,
                what,
            } => write!(f, "The envelope is malformed: {what}"),
            Self::WrongFacts => f.write_str("The facts do not match their hash in the header"),
            Self::WrongContent => f.write_str("The content does not match its hash in the header"),
            Self::NotUnderstood { needs, knows } => {
                write!(
                    f,
                    "The envelope needs vocabulary {needs}, this version knows {knows}"
                )
            }
        }
    }
}

impl std::error::Error for EnvelopeError {}

impl Envelope {
    /// Hashes and seals what [`crate::decide()`] answered. Refuses what is too large before it is saved.
    pub fn seal(stamp: Stamp, events: &[Event]) -> Result<Self, EnvelopeError> {
        Self::seal_as(stamp, events, false)
    }

    /// As [`Envelope::seal`], of a new matter, in the name of somebody who is not there to sign.
    pub fn seal_claimed(stamp: Stamp, events: &[Event]) -> Result<Self, EnvelopeError> {
        Self::seal_as(stamp, events, true)
    }

    fn seal_as(stamp: Stamp, events: &[Event], claimed: bool) -> Result<Self, EnvelopeError> {
        let facts = encode_all(events.iter().map(|it| &it.fact));
        let content = events
            .iter()
            .any(|it| !it.content.is_empty())
            .then(|| SealedContent {
                bytes: encode_all(events.iter().map(|it| &it.content)),
                salt: stamp.content_salt,
            });
        let header = Header {
            format: FORMAT,
            must_understand: events
                .iter()
                .map(|it| it.fact.vocabulary())
                .chain(claimed.then_some(CLAIMS))
                .max()
                .unwrap_or(1),
            id: stamp.id,
            site: stamp.site,
            case: stamp.case,
            person: stamp.person,
            device: stamp.device,
            chain: stamp.chain,
            sequence: stamp.sequence,
            previous: stamp.previous,
            counter: stamp.counter,
            at: stamp.at,
            clock: stamp.clock,
            last_receipt: stamp.last_receipt,
            rules: stamp.rules,
            facts: Hash::salted(stamp.facts_salt, &facts),
            content: content.as_ref().map(|it| Hash::salted(it.salt, &it.bytes)),
            claimed,
        };
        let sealed = Self {
            header_bytes: encode(&header),
            header,
            facts,
            facts_salt: stamp.facts_salt,
            content,
            signatures: Vec::new(),
        };
        let bytes = sealed.to_bytes().len() + limits::SIGNATURES_BYTES;
        if bytes > limits::ENVELOPE_BYTES {
            Err(EnvelopeError::TooLarge { bytes })
        } else {
            Ok(sealed)
        }
    }

    /// Reads an envelope and checks facts and content against the header's hashes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > limits::ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge { bytes: bytes.len() });
        }
        let read = Self::read(bytes).map_err(malformed)?;
        if Hash::salted(read.facts_salt, &read.facts) != read.header.facts {
            return Err(EnvelopeError::WrongFacts);
        }
        let is_whole = match (&read.content, read.header.content) {
            (Some(content), Some(hash)) => Hash::salted(content.salt, &content.bytes) == hash,
            // Content without a body was erased; its hash stays.
            (None, _) => true,
            (Some(_), None) => false,
        };
        if !is_whole {
            return Err(EnvelopeError::WrongContent);
        }
        let parts = [bytes, &read.header_bytes, &read.facts];
        let content = read.content.as_ref().map(|it| it.bytes.as_slice());
        if !parts.into_iter().chain(content).all(is_deterministic) {
            return Err(EnvelopeError::Malformed {
                at_byte: None,
                what: "it is not in the deterministic form".to_owned(),
            });
        }
        Ok(read)
    }

    fn read(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let mut d = Decoder::new(bytes);
        if d.array()? != Some(6) {
            return Err(minicbor::decode::Error::message("expected an array of 6"));
        }
        let header_bytes = d.bytes()?.to_vec();
        let facts = d.bytes()?.to_vec();
        let facts_salt = d.decode()?;
        let content = if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            None
        } else {
            Some(d.bytes()?.to_vec())
        };
        let salt: Option<Salt> = d.decode()?;
        let n_signatures = d
            .array()?
            .ok_or_else(|| minicbor::decode::Error::message("expected a definite length"))?;
        let mut signatures = Vec::new();
        for _ in 0..n_signatures {
            signatures.push(d.decode()?);
        }
        if d.position() != bytes.len() {
            return Err(minicbor::decode::Error::message("bytes are left over").at(d.position()));
        }
        let content = match (content, salt) {
            (Some(bytes), Some(salt)) => Some(SealedContent { bytes, salt }),
            (None, None) => None,
            _ => {
                return Err(minicbor::decode::Error::message(
                    "content and its salt go together",
                ));
            }
        };
        Ok(Self {
            header: decode_whole(&header_bytes)?,
            header_bytes,
            facts,
            facts_salt,
            content,
            signatures,
        })
    }

    /// The exact bytes that are stored and sent: header, facts and content as first written.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        let written: Result<_, minicbor::encode::Error<std::convert::Infallible>> = (|| {
            e.array(6)?
                .bytes(&self.header_bytes)?
                .bytes(&self.facts)?
                .encode(self.facts_salt)?;
            match &self.content {
                Some(it) => e.bytes(&it.bytes)?.encode(it.salt)?,
                None => e.null()?.null()?,
            };
            e.array(self.signatures.len() as u64)?;
            self.signatures.iter().try_for_each(|it| e.encode(it)?.ok())
        })();
        written.expect("writing to a vector cannot fail");
        e.into_writer()
    }

    /// What the key signs: a `Sig_structure` (RFC 9052, 4.4) over the header's bytes.
    pub fn to_be_signed(&self, key: &PublicKey) -> Vec<u8> {
        Context::Envelope.to_be_signed_beside(&key.protected(), &self.header_bytes)
    }

    /// With a signature that was made over [`Envelope::to_be_signed`].
    #[must_use]
    pub fn with_signature(mut self, key: &PublicKey, signature: [u8; 64]) -> Self {
        self.signatures
            .push(CoseSignature::new(key.protected(), signature));
        self
    }

    /// Signed by a key that is at hand.
    #[must_use]
    pub fn signed(self, key: &SecretKey) -> Self {
        let public = key.public();
        let signature = key.sign(&self.to_be_signed(&public));
        self.with_signature(&public, signature)
    }

    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let mut by_key = self.signatures.iter().filter(|it| it.is_by(key));
        let signature = by_key.next().ok_or(SignatureError::OtherKey)?;
        signature.verify(Context::Envelope, key, &self.header_bytes)
    }

    /// What claims to be `key`'s signature, to be verified with others.
    pub fn claimed_by(&self, key: &PublicKey) -> Option<Claimed> {
        Some(Claimed {
            key: *key,
            message: self.to_be_signed(key),
            signature: self.signature_by(key)?,
        })
    }

    /// The signature that claims to be `key`'s, for a verifier elsewhere.
    pub fn signature_by(&self, key: &PublicKey) -> Option<[u8; 64]> {
        let mut by_key = self.signatures.iter().filter(|it| it.is_by(key));
        by_key.next().map(|it| *it.bytes())
    }

    /// Where it stands, and under which texts it was made.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The envelope's hash: what the next one in the chain and every receipt name.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.header_bytes)
    }

    /// Its place in the order of its case.
    pub const fn order(&self) -> (u64, EnvelopeId) {
        (self.header.counter, self.header.id)
    }

    /// Whether its words were taken away; the chain verifies all the same.
    pub const fn is_erased(&self) -> bool {
        self.header.content.is_some() && self.content.is_none()
    }

    /// The same without its words: header, hash and signatures stay.
    #[must_use]
    pub fn without_content(self) -> Self {
        Self {
            content: None,
            ..self
        }
    }

    /// Whether words are in it.
    pub const fn has_content(&self) -> bool {
        self.content.is_some()
    }

    /// What rules read; an error where a newer version wrote it.
    pub fn facts(&self) -> Result<Vec<Fact>, EnvelopeError> {
        if self.header.format > FORMAT || self.header.must_understand > VOCABULARY {
            return Err(EnvelopeError::NotUnderstood {
                needs: self.header.must_understand,
                knows: VOCABULARY,
            });
        }
        decode_whole(&self.facts).map_err(malformed)
    }

    /// Whether it holds what may be claimed, where its person is: a new matter, and nothing else.
    pub fn may_be_claimed(&self) -> bool {
        self.facts().is_ok_and(|it| records_a_new_matter(&it))
    }

    /// Facts with their words; erased or absent words are empty.
    pub fn events(&self) -> Result<Vec<Event>, EnvelopeError> {
        let facts = self.facts()?;
        let contents: Vec<Content> = match &self.content {
            Some(it) => decode_whole(&it.bytes).map_err(malformed)?,
            None => vec![Content::default(); facts.len()],
        };
        if contents.len() != facts.len() {
            return Err(EnvelopeError::Malformed {
                at_byte: None,
                what: format!("{} facts with {} contents", facts.len(), contents.len()),
            });
        }
        Ok(facts
            .into_iter()
            .zip(contents)
            .map(|(fact, content)| Event { fact, content })
            .collect())
    }
}

/// Decodes a value that is all of `bytes`: what no reader sees cannot hide behind it.
fn decode_whole<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, minicbor::decode::Error> {
    let mut d = Decoder::new(bytes);
    let value = d.decode()?;
    if d.position() == bytes.len() {
        Ok(value)
    } else {
        Err(minicbor::decode::Error::message("bytes are left over inside").at(d.position()))
    }
}

fn malformed(error: minicbor::decode::Error) -> EnvelopeError {
    EnvelopeError::Malformed {
        at_byte: error.position(),
        what: error.to_string(),
    }
}

fn encode(value: &impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to a vector cannot fail")
}

fn encode_all<'a, T: Encode<()> + 'a>(values: impl Iterator<Item = &'a T>) -> Vec<u8> {
    let values: Vec<&T> = values.collect();
    encode(&values)
}

/// What became of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Fate {
    /// Stored for good and passed on.
    #[n(0)]
    Accepted,
    /// Stored; not passed on until a person decides or what is missing arrives.
    #[n(1)]
    Held(#[n(0)] HeldReason),
    /// Not taken, for a reason that is true in whatever order things come.
    #[n(2)]
    Refused(#[n(0)] RefusedReason),
}

/// Why an envelope waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum HeldReason {
    /// Envelopes of the same chain before it have not arrived.
    #[n(0)]
    Gap,
    /// Another envelope has the same chain and sequence, or a different one stands before it.
    #[n(1)]
    Fork,
    /// A format that this server does not know.
    #[n(2)]
    UnknownFormat,
    /// The logical counter leaps further ahead than devices count.
    #[n(3)]
    CounterLeap,
    /// Head office lets its device or its person in no more: somebody there has to decide.
    #[n(4)]
    Revoked,
}

/// Why an envelope is not taken, whatever else arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RefusedReason {
    #[n(0)]
    Malformed,
    #[n(1)]
    TooLarge,
    /// The envelope names another site or device than the one that pushed it.
    #[n(2)]
    NotYours,
    /// Its device's key did not sign it.
    #[n(3)]
    Unsigned,
    /// Its device took it back before it was passed on.
    #[n(4)]
    Withdrawn,
    /// No key of its person on that device signed it.
    #[n(5)]
    NotByPerson,
}

/// The server's word on one envelope, given only after a durable commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    #[n(1)]
    pub device: DeviceId,
    #[n(2)]
    pub chain: u32,
    #[n(3)]
    pub sequence: u64,
    #[n(4)]
    pub hash: Hash,
    #[n(5)]
    pub fate: Fate,
    /// When the server had it (the arrival stamp).
    #[n(6)]
    pub at: Moment,
    /// Changes when the server's log was lost or restored.
    #[n(7)]
    pub epoch: u64,
    /// The highest sequence of this chain that a verified backup holds.
    #[n(8)]
    pub backed_up_to: Option<u64>,
    /// By head office's key, over everything else here; none where the next one that has one vouches for it.
    #[n(9)]
    pub signature: Option<CoseSignature>,
    /// SHA-256 of what would be signed of those without a signature that stand before it in one answer, one after the
    /// other: one signature for all of them.
    #[n(10)]
    pub beside: Option<Hash>,
}

impl Receipt {
    /// Deterministic CBOR (RFC 8949, 4.2.1).
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// What the next envelope names as the last receipt seen: the hash of what it says, whatever it was signed beside.
    pub fn hash(&self) -> Hash {
        let alone = Self {
            beside: None,
            ..self.clone()
        };
        Hash::of(&alone.payload())
    }

    /// The receipt without its signature, which covers it.
    fn payload(&self) -> Vec<u8> {
        encode(&Self {
            signature: None,
            ..self.clone()
        })
    }

    /// Signed by head office by itself.
    #[must_use]
    pub fn signed(self, signer: &dyn Sign) -> Self {
        let public = signer.public();
        let protected = public.protected();
        let message = Context::Receipt.to_be_signed_beside(&protected, &self.payload());
        let signature = signer.sign(&message);
        Self {
            signature: Some(CoseSignature::new(protected, signature)),
            ..self
        }
    }

    /// All of one answer, signed by head office together: the last one vouches for those before it.
    pub fn signed_together(mut receipts: Vec<Self>, signer: &dyn Sign) -> Vec<Self> {
        if let Some(last) = receipts.pop() {
            let beside = beside(&receipts);
            receipts.push(Self { beside, ..last }.signed(signer));
        }
        receipts
    }

    /// Each that is signed, with those before it that it vouches for; none where one of them is vouched for by nobody, or
    /// was changed. Whose signatures they are is not looked at.
    pub fn vouched(receipts: &[Self]) -> Option<Vec<&[Self]>> {
        let runs: Vec<_> = receipts
            .split_inclusive(|it| it.signature.is_some())
            .collect();
        let holds = |run: &&[Self]| {
            let ends = run.split_last();
            ends.is_some_and(|(last, before)| {
                last.signature.is_some() && last.beside == beside(before)
            })
        };
        runs.iter().all(holds).then_some(runs)
    }

    /// Whether head office's `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let signature = self.signature.as_ref().ok_or(SignatureError::OtherKey)?;
        signature.verify(Context::Receipt, key, &self.payload())
    }

    /// For a verifier elsewhere: what was signed, and the signature that claims to be `key`'s.
    pub fn to_verify(&self, key: &PublicKey) -> Option<(Vec<u8>, [u8; 64])> {
        let signature = self.signature.as_ref().filter(|it| it.is_by(key))?;
        let message = Context::Receipt.to_be_signed_beside(&key.protected(), &self.payload());
        Some((message, *signature.bytes()))
    }
}

fn beside(before: &[Receipt]) -> Option<Hash> {
    let payloads = before.iter().flat_map(Receipt::payload);
    (!before.is_empty()).then(|| Hash::of(&payloads.collect::<Vec<_>>()))
}
