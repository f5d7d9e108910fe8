//! Signatures in the field's standard form: COSE (RFC 9052) over deterministic CBOR.
//!
//! What is signed always carries a context (the `external_aad` of COSE), so that a signature of one
//! kind never passes for one of another. Two algorithms, fully specified (RFC 9864): Ed25519, and
//! ECDSA over P-256 with SHA-256, which every browser has. Pure: a [`SecretKey`] signs deterministically (RFC 8032,
//! RFC 6979) and keys come in as bytes; a browser signs with its own `WebCrypto` key what
//! [`Context::to_be_signed`] answers.
//!
//! ```
//! use shouwen_domain::signature::{Algorithm, Context, SecretKey, Signed};
//!
//! let key = SecretKey::from_bytes(Algorithm::Ed25519, &[7; 32])?;
//! let signed = Signed::by(&key, Context::Receipt, b"kept".to_vec());
//! let read = Signed::from_bytes(&signed.to_bytes())?;
//! assert_eq!(read.verified(Context::Receipt, &key.public())?, b"kept");
//! assert!(read.verified(Context::Certificate, &key.public()).is_err());
//! # Ok::<(), shouwen_domain::signature::SignatureError>(())
//! ```

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{VerificationKey, VerificationKeyBytes, batch};
use minicbor::{Decoder, Encoder};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use rand_core::utils::next_word_via_fill;
use rand_core::{TryCryptoRng, TryRng};

use crate::hash::Hash;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature as 32 bytes of r and 32 of s.
    Esp256,
}

impl Algorithm {
    /// Its number in the registry of COSE algorithms (RFC 9864).
    pub const fn cose(self) -> i64 {
        match self {
            Self::Ed25519 => -19,
            Self::Esp256 => -9,
        }
    }
}

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A device's signature of an envelope's header.
    Envelope,
    /// Who vouches for whose key.
    Certificate,
    /// Head office's word on one envelope.
    Receipt,
    /// A device that opens a contact.
    Contact,
    /// A person on that device who reads.
    Reading,
    /// Head office's answer to that.
    Contacted,
    /// What head office passes on.
    Page,
    /// A device that takes an act back.
    Withdrawal,
    /// Unsent work that leaves a device, sealed to head office.
    Rescue,
    /// A device that was let in no more, and holds nothing any longer.
    Erased,
}

impl Context {
    pub const ALL: [Self; 10] = [
        Self::Envelope,
        Self::Certificate,
        Self::Receipt,
        Self::Contact,
        Self::Reading,
        Self::Contacted,
        Self::Page,
        Self::Withdrawal,
        Self::Rescue,
        Self::Erased,
    ];

    /// The `external_aad`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Envelope => "shouwen/envelope/1",
            Self::Certificate => "shouwen/certificate/1",
            Self::Receipt => "shouwen/receipt/1",
            Self::Contact => "shouwen/contact/1",
            Self::Reading => "shouwen/reading/1",
            Self::Contacted => "shouwen/contacted/1",
            Self::Page => "shouwen/page/1",
            Self::Withdrawal => "shouwen/withdrawal/1",
            Self::Rescue => "shouwen/rescue/1",
            Self::Erased => "shouwen/erased/1",
        }
    }

    /// The `Sig_structure` (RFC 9052, 4.4) of a `COSE_Sign1` with this payload: what a key signs.
    pub fn to_be_signed(self, key: &PublicKey, payload: &[u8]) -> Vec<u8> {
        self.structure("Signature1", &[&key.protected()], payload)
    }

    /// The same of a `COSE_Sign` with an empty protected header of the body.
    pub(crate) fn to_be_signed_beside(self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        self.structure("Signature", &[&[], protected], payload)
    }

    fn structure(self, kind: &str, protected: &[&[u8]], payload: &[u8]) -> Vec<u8> {
        write(|e| {
            e.array(3 + protected.len() as u64)?.str(kind)?;
            for it in protected {
                e.bytes(it)?;
            }
            e.bytes(self.text().as_bytes())?.bytes(payload)?.ok()
        })
    }
}

/// The half of a key that everybody may know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicKey {
    Ed25519([u8; 32]),
    /// The coordinates of the point.
    P256 {
        x: [u8; 32],
        y: [u8; 32],
    },
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {:.8}",
            self.algorithm(),
            self.thumbprint().to_string()
        )
    }
}

impl PublicKey {
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256 { .. } => Algorithm::Esp256,
        }
    }

    /// From what `WebCrypto` exports as `raw`: 32 bytes of Ed25519, or an uncompressed point (65 bytes).
    pub fn from_raw(algorithm: Algorithm, raw: &[u8]) -> Result<Self, SignatureError> {
        let key = match algorithm {
            Algorithm::Ed25519 => Self::Ed25519(raw.try_into().map_err(|_| SignatureError::Key)?),
            Algorithm::Esp256 => match raw {
                [4, point @ ..] if point.len() == 64 => {
                    let (x, y) = point.split_at(32);
                    Self::P256 {
                        x: x.try_into().map_err(|_| SignatureError::Key)?,
                        y: y.try_into().map_err(|_| SignatureError::Key)?,
                    }
                }
                _ => return Err(SignatureError::Key),
            },
        };
        Ok(key)
    }

    /// The same back.
    pub fn to_raw(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.to_vec(),
            Self::P256 { x, y } => [&[4], x.as_slice(), y.as_slice()].concat(),
        }
    }

    /// As a `COSE_Key` (RFC 9052, 7) in deterministic CBOR, of the required parts alone: one form for one key.
    pub fn to_cose_key(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(x) => [&ED25519_X, x.as_slice()].concat(),
            Self::P256 { x, y } => [&P256_X, x.as_slice(), &P256_Y, y.as_slice()].concat(),
        }
    }

    pub fn from_cose_key(bytes: &[u8]) -> Result<Self, SignatureError> {
        let coordinate = |it: &[u8]| it.try_into().map_err(|_| SignatureError::Key);
        if let Some(x) = bytes.strip_prefix(&ED25519_X) {
            return Ok(Self::Ed25519(coordinate(x)?));
        }
        let point = bytes.strip_prefix(&P256_X).ok_or(SignatureError::Key)?;
        let (x, rest) = point.split_at_checked(32).ok_or(SignatureError::Key)?;
        let y = rest.strip_prefix(&P256_Y).ok_or(SignatureError::Key)?;
        Ok(Self::P256 {
            x: coordinate(x)?,
            y: coordinate(y)?,
        })
    }

    /// The key's thumbprint (RFC 9679).
    pub fn thumbprint(&self) -> Hash {
        Hash::of(&self.to_cose_key())
    }

    /// The `kid` by which signatures name it: a hint of eight bytes, never proof.
    pub fn kid(&self) -> [u8; 8] {
        let Hash(print) = self.thumbprint();
        let mut kid = [0; 8];
        kid.copy_from_slice(&print[..8]);
        kid
    }

    /// The protected header of its signatures: algorithm and `kid`.
    pub fn protected(&self) -> Vec<u8> {
        write(|e| {
            e.map(2)?.i8(1)?.i64(self.algorithm().cose())?;
            e.i8(4)?.bytes(&self.kid())?.ok()
        })
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        let is_good = match self {
            Self::Ed25519(key) => {
                let verifying = VerificationKey::try_from(*key).map_err(|_| SignatureError::Key)?;
                let is_sound = may_sign(key) && is_canonical(commitment(signature));
                is_sound && verifying.verify(&(*signature).into(), message).is_ok()
            }
            Self::P256 { .. } => {
                let signature = p256::ecdsa::Signature::from_slice(signature)
                    .map_err(|_| SignatureError::Wrong)?;
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.to_raw())
                    .map_err(|_| SignatureError::Key)?
                    .verify(message, &signature)
                    .is_ok()
            }
        };
        if is_good {
            Ok(())
        } else {
            Err(SignatureError::Wrong)
        }
    }
}

/// Whether it is a point, and none of small order, for which somebody else can make a signature of anything.
fn may_sign(key: &[u8; 32]) -> bool {
    let point = CompressedEdwardsY(*key).decompress();
    is_canonical(key) && point.is_some_and(|it| !it.is_small_order())
}

/// The first half of an Ed25519 signature, a point.
fn commitment(signature: &[u8; 64]) -> &[u8; 32] {
    let half = signature.first_chunk();
    half.expect("it is shorter than the whole")
}

/// Whether these bytes are the one form of a point (RFC 8032, 5.1.3): a coordinate below the prime, and no negative zero.
/// Whoever wrote the batch's library takes the others too.
fn is_canonical(point: &[u8; 32]) -> bool {
    const PRIME_LESS_ONE: [u8; 32] = {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xec, 0x7f);
        bytes
    };
    const ONE: [u8; 32] = {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    };
    let mut y = *point;
    y[31] &= 0x7f;
    let is_below = y.iter().rev().le(PRIME_LESS_ONE.iter().rev());
    let is_negative = y != *point;
    is_below && !(is_negative && (y == ONE || y == PRIME_LESS_ONE))
}

/// A signature that is said to be a key's, over a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub key: PublicKey,
    pub message: Vec<u8>,
    pub signature: [u8; 64],
}

/// Whether all of them are what they claim. Those of Ed25519 are verified together, in a quarter of the time where few keys
/// made many, and by the same rule as one alone: the equation of RFC 8032 with its cofactor.
pub fn all_hold(claims: &[Claimed]) -> bool {
    let mut together = batch::Verifier::new();
    let mut keys = BTreeSet::new();
    for claim in claims {
        match &claim.key {
            PublicKey::Ed25519(key) => {
                if !is_canonical(commitment(&claim.signature)) {
                    return false;
                }
                keys.insert(*key);
                let key = VerificationKeyBytes::from(*key);
                together.queue((key, claim.signature.into(), &claim.message));
            }
            PublicKey::P256 { .. } => {
                if claim.key.verify(&claim.message, &claim.signature).is_err() {
                    return false;
                }
            }
        }
    }
    keys.iter().all(may_sign) && together.verify(Coefficients::of(claims)).is_ok()
}

/// The factors by which the equations of a batch are added up. They follow from all that is verified, so whoever made that
/// could not know them before; no chance is needed.
struct Coefficients {
    seed: Hash,
    n_blocks: u64,
}

impl Coefficients {
    fn of(claims: &[Claimed]) -> Self {
        let parts = claims.iter().flat_map(|it| {
            let message = Hash::of(&it.message);
            [it.signature.as_slice(), &it.key.to_raw(), &message.0].concat()
        });
        Self {
            seed: Hash::of(&parts.collect::<Vec<_>>()),
            n_blocks: 0,
        }
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            let Hash(block) = Hash::of(&[&self.seed.0[..], &self.n_blocks.to_be_bytes()].concat());
            part.copy_from_slice(&block[..part.len()]);
            self.n_blocks += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}

/// `{1: 1, -1: 6, -2: h'…` and `{1: 2, -1: 1, -2: h'…`, `-3: h'…`.
const ED25519_X: [u8; 8] = [0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20];
const P256_X: [u8; 8] = [0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20];
const P256_Y: [u8; 3] = [0x22, 0x58, 0x20];

/// Whatever holds a private key and signs at once.
pub trait Sign {
    fn public(&self) -> PublicKey;

    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// A key that signs by itself: head office's, and those of devices that are not browsers.
#[derive(Clone)]
pub struct SecretKey(Secret);

#[derive(Clone)]
enum Secret {
    Ed25519(ed25519_zebra::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {:?})", self.public())
    }
}

impl SecretKey {
    /// From 32 random bytes. Of P-256 almost all are a key; the few that are none are refused.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        Ok(Self(match algorithm {
            Algorithm::Ed25519 => Secret::Ed25519((*bytes).into()),
            Algorithm::Esp256 => Secret::P256(
                p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| SignatureError::Key)?,
            ),
        }))
    }

    pub fn public(&self) -> PublicKey {
        match &self.0 {
            Secret::Ed25519(key) => PublicKey::Ed25519(VerificationKeyBytes::from(key).into()),
            Secret::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                PublicKey::from_raw(Algorithm::Esp256, point.as_bytes())
                    .expect("an uncompressed point has 65 bytes")
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        match &self.0 {
            Secret::Ed25519(key) => key.sign(message).to_bytes(),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
        }
    }
}

impl Sign for SecretKey {
    fn public(&self) -> PublicKey {
        self.public()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.sign(message)
    }
}

/// A payload with one signature: a `COSE_Sign1` (RFC 9052, 4.2), untagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: [u8; 64],
}

impl Signed {
    pub fn by(key: &dyn Sign, context: Context, payload: Vec<u8>) -> Self {
        let public = key.public();
        let signature = key.sign(&context.to_be_signed(&public, &payload));
        Self::with(&public, payload, signature)
    }

    /// Where the signature was made elsewhere, over [`Context::to_be_signed`].
    pub fn with(key: &PublicKey, payload: Vec<u8>, signature: [u8; 64]) -> Self {
        Self {
            protected: key.protected(),
            payload,
            signature,
        }
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        let read = |bytes| {
            let mut d = Decoder::new(bytes);
            expect_array(&mut d, 4)?;
            let protected = d.bytes()?.to_vec();
            expect_empty_map(&mut d)?;
            let payload = d.bytes()?.to_vec();
            let signature = d.bytes()?.try_into().map_err(wrong_length)?;
            if d.position() == bytes.len() {
                Ok(Self {
                    protected,
                    payload,
                    signature,
                })
            } else {
                Err(minicbor::decode::Error::message("bytes are left over").at(d.position()))
            }
        };
        read(bytes).map_err(|it| SignatureError::Malformed {
            at_byte: it.position(),
            what: it.to_string(),
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        write(|e| {
            e.array(4)?.bytes(&self.protected)?.map(0)?;
            e.bytes(&self.payload)?.bytes(&self.signature)?.ok()
        })
    }

    /// What is signed, for whoever only wants to know who it is about; nothing is proved by it.
    pub fn unverified(&self) -> &[u8] {
        &self.payload
    }

    /// What was signed by `key` for this purpose.
    pub fn verified(&self, context: Context, key: &PublicKey) -> Result<&[u8], SignatureError> {
        if self.protected != key.protected() {
            return Err(SignatureError::OtherKey);
        }
        key.verify(&context.to_be_signed(key, &self.payload), &self.signature)?;
        Ok(&self.payload)
    }

    /// For a verifier elsewhere (`WebCrypto`): what was signed, and the signature.
    pub fn to_verify(
        &self,
        context: Context,
        key: &PublicKey,
    ) -> Result<(Vec<u8>, [u8; 64]), SignatureError> {
        if self.protected != key.protected() {
            return Err(SignatureError::OtherKey);
        }
        Ok((context.to_be_signed(key, &self.payload), self.signature))
    }
}

/// One of the signatures beside a payload: a `COSE_Signature` (RFC 9052, 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoseSignature {
    protected: Vec<u8>,
    signature: [u8; 64],
}

impl CoseSignature {
    pub const fn new(protected: Vec<u8>, signature: [u8; 64]) -> Self {
        Self {
            protected,
            signature,
        }
    }

    /// Whether it claims to be this key's.
    pub fn is_by(&self, key: &PublicKey) -> bool {
        self.protected == key.protected()
    }

    pub fn verify(
        &self,
        context: Context,
        key: &PublicKey,
        payload: &[u8],
    ) -> Result<(), SignatureError> {
        if !self.is_by(key) {
            return Err(SignatureError::OtherKey);
        }
        key.verify(
            &context.to_be_signed_beside(&self.protected, payload),
            &self.signature,
        )
    }

    /// For a verifier elsewhere.
    pub const fn bytes(&self) -> &[u8; 64] {
        &self.signature
    }
}

impl<C> minicbor::Encode<C> for CoseSignature {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(3)?
            .bytes(&self.protected)?
            .map(0)?
            .bytes(&self.signature)?
            .ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for CoseSignature {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        expect_array(d, 3)?;
        let protected = d.bytes()?.to_vec();
        expect_empty_map(d)?;
        Ok(Self {
            protected,
            signature: d.bytes()?.try_into().map_err(wrong_length)?,
        })
    }
}

/// Why something is not signed as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// Not a key of an algorithm that is known here.
    Key,
    /// Not the CBOR that COSE prescribes.
    Malformed {
        at_byte: Option<usize>,
        what: String,
    },
    /// Made by another key, or in another way.
    OtherKey,
    /// The signature does not fit what it is said to sign.
    Wrong,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("The key is not one of Ed25519 or P-256"),
            Self::Malformed {
                at_byte: Some(at),
                what,
            } => write!(f, "What is signed is malformed at byte {at}: {what}"),
            Self::Malformed {
                at_byte: None,
                what,
            } => write!(f, "What is signed is malformed: {what}"),
            Self::OtherKey => f.write_str("The signature is by another key"),
            Self::Wrong => f.write_str("The signature does not fit what it signs"),
        }
    }
}

impl std::error::Error for SignatureError {}

fn expect_array(d: &mut Decoder<'_>, length: u64) -> Result<(), minicbor::decode::Error> {
    let at = d.position();
    if d.array()? == Some(length) {
        Ok(())
    } else {
        let what = format!("an array of {length} was expected");
        Err(minicbor::decode::Error::message(what).at(at))
    }
}

/// Headers that are not signed carry nothing here.
fn expect_empty_map(d: &mut Decoder<'_>) -> Result<(), minicbor::decode::Error> {
    let at = d.position();
    if d.map()? == Some(0) {
        Ok(())
    } else {
        Err(minicbor::decode::Error::message("an empty map was expected").at(at))
    }
}

fn wrong_length(_: std::array::TryFromSliceError) -> minicbor::decode::Error {
    minicbor::decode::Error::message("a signature has 64 bytes")
}

fn write(
    what: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<Infallible>>,
) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    what(&mut e).expect("writing to a vector cannot fail");
    e.into_writer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: Algorithm) -> SecretKey {
        SecretKey::from_bytes(algorithm, &[0x2a; 32]).unwrap()
    }

    const BOTH: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::Esp256];

    #[test]
    fn what_one_key_signed_only_that_key_verifies() {
        for algorithm in BOTH {
            let (one, other) = (
                key(algorithm),
                SecretKey::from_bytes(algorithm, &[0x2b; 32]).unwrap(),
            );
            let signature = one.sign(b"kept");
            assert_eq!(one.public().verify(b"kept", &signature), Ok(()));
            assert_eq!(
                one.public().verify(b"lost", &signature),
                Err(SignatureError::Wrong)
            );
            assert_eq!(
                other.public().verify(b"kept", &signature),
                Err(SignatureError::Wrong)
            );
        }
    }

    #[test]
    fn a_key_survives_both_of_its_forms_and_no_other_form_is_one() {
        for algorithm in BOTH {
            let public = key(algorithm).public();
            let (raw, cose) = (public.to_raw(), public.to_cose_key());
            assert_eq!(PublicKey::from_raw(algorithm, &raw), Ok(public));
            assert_eq!(PublicKey::from_cose_key(&cose), Ok(public));
            for length in 0..cose.len() {
                assert_eq!(
                    PublicKey::from_cose_key(&cose[..length]),
                    Err(SignatureError::Key)
                );
            }
            assert_eq!(
                PublicKey::from_cose_key(&[cose.as_slice(), &[0]].concat()),
                Err(SignatureError::Key)
            );
        }
    }

    /// RFC 8032, 7.1, test 2, and RFC 6979, A.2.5, "sample" with SHA-256.
    #[test]
    fn published_vectors_are_met() {
        let check = |algorithm, secret: &str, message: &[u8], signature: &str| {
            let secret = SecretKey::from_bytes(algorithm, &bytes(secret)).unwrap();
            assert_eq!(secret.sign(message), bytes::<64>(signature));
        };
        check(
            Algorithm::Ed25519,
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            &[0x72],
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        check(
            Algorithm::Esp256,
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            b"sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
    }

    fn claimed(algorithm: Algorithm, n: u8) -> Claimed {
        let key = SecretKey::from_bytes(algorithm, &[1 + n % 3; 32]).unwrap();
        let message = vec![n; usize::from(n)];
        Claimed {
            key: key.public(),
            signature: key.sign(&message),
            message,
        }
    }

    #[test]
    fn many_signatures_hold_together_unless_one_of_them_does_not() {
        let mut claims: Vec<_> = (0..20).map(|n| claimed(Algorithm::Ed25519, n)).collect();
        claims.extend((20..24).map(|n| claimed(Algorithm::Esp256, n)));
        assert!(all_hold(&claims));
        assert!(all_hold(&[]));
        for n in 0..claims.len() {
            let mut changed = claims.clone();
            changed[n].message.push(0);
            assert!(!all_hold(&changed), "another message at {n}");
            let mut changed = claims.clone();
            changed[n].signature[40] ^= 1;
            assert!(!all_hold(&changed), "another signature at {n}");
            let mut changed = claims.clone();
            changed[n].key = claims[(n + 1) % 3].key;
            assert!(
                !all_hold(&changed) || changed == claims,
                "another key at {n}"
            );
        }
        let mut exchanged = claims;
        let (one, other) = (exchanged[0].signature, exchanged[3].signature);
        (exchanged[0].signature, exchanged[3].signature) = (other, one);
        assert!(
            !all_hold(&exchanged),
            "two signatures of one key, exchanged"
        );
    }

    /// Head office and whoever checks a chain without us take the same: `tests/verify_chains.py` has this one too.
    #[test]
    fn a_commitment_with_a_point_of_small_order_is_good_alone_and_with_others() {
        let claim = Claimed {
            key: PublicKey::Ed25519(bytes(
                "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
            )),
            message: b"kept".to_vec(),
            signature: bytes(
                "5b61c2e3b93e6c06450f327ea72cdfeb8cde6aa020d2dd827ab3f86e708c8393\
                 2149687274a27d73dac6d6db51397a6e7357a2d2e8953ae2ab352a11e6633007",
            ),
        };
        assert_eq!(claim.key.verify(b"kept", &claim.signature), Ok(()));
        let mut claims: Vec<_> = (0..20).map(|n| claimed(Algorithm::Ed25519, n)).collect();
        claims.push(claim);
        // The factors are others each time.
        for n in 0..claims.len() {
            assert!(all_hold(&claims[n..]), "{n}");
        }
    }

    #[test]
    fn a_point_has_one_form() {
        let prime = |more| {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed_u8.wrapping_add(more), 0x7f);
            bytes
        };
        let negative = |mut it: [u8; 32]| {
            it[31] |= 0x80;
            it
        };
        let small = |it: u8| {
            let mut bytes = [0; 32];
            bytes[0] = it;
            bytes
        };
        let less_one = prime(0xff);
        for good in [small(0), small(1), small(2), less_one, negative(small(2))] {
            assert!(is_canonical(&good), "{good:?}");
        }
        for wrong in [
            prime(0),
            prime(1),
            prime(18),
            negative(small(1)),
            negative(less_one),
        ] {
            assert!(!is_canonical(&wrong), "{wrong:?}");
        }
        assert!(!is_canonical(&[0xff; 32]));
        // The neutral point in another form as commitment: the equation holds, and it is none all the same.
        let claim = Claimed {
            key: PublicKey::Ed25519(bytes(
                "88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488",
            )),
            message: b"kept".to_vec(),
            signature: [
                prime(1),
                bytes("8cefcb816d973e9126bade7eb508d6ea07e67584a7dbe87d5a96d9b2c2232409"),
            ]
            .concat()
            .try_into()
            .unwrap(),
        };
        assert!(claim.key.verify(b"kept", &claim.signature).is_err());
        assert!(!all_hold(&[claim]));
    }

    #[test]
    fn a_key_that_signs_for_everything_is_none() {
        // The neutral element as key and as R, and s = 0: by the equation alone a signature of any message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        let claim = Claimed {
            key: PublicKey::Ed25519(neutral),
            message: b"kept".to_vec(),
            signature,
        };
        assert!(claim.key.verify(b"kept", &signature).is_err());
        assert!(!all_hold(&[claim]));
    }

    #[test]
    fn every_changed_bit_is_found() {
        for algorithm in BOTH {
            let key = key(algorithm);
            let signed = Signed::by(&key, Context::Receipt, b"kept".to_vec()).to_bytes();
            for bit in 0..signed.len() * 8 {
                let mut changed = signed.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let read = Signed::from_bytes(&changed);
                let verified = read
                    .as_ref()
                    .map(|it| it.verified(Context::Receipt, &key.public()).is_ok());
                assert_ne!(verified, Ok(true), "bit {bit} of {algorithm:?}");
            }
        }
    }

    #[test]
    fn a_signature_of_one_kind_is_none_of_another() {
        let key = key(Algorithm::Ed25519);
        for made in Context::ALL {
            let signed = Signed::by(&key, made, b"kept".to_vec());
            for asked in Context::ALL {
                let verified = signed.verified(asked, &key.public()).is_ok();
                assert_eq!(verified, made == asked);
            }
            let beside = CoseSignature::new(
                key.public().protected(),
                key.sign(&made.to_be_signed(&key.public(), b"kept")),
            );
            assert_eq!(
                beside.verify(made, &key.public(), b"kept"),
                Err(SignatureError::Wrong)
            );
        }
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }
}
