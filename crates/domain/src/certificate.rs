//! Who vouches for whose key: head office's root for its working keys, and those for devices.
//!
//! A certificate is a CWT (RFC 8392) with a confirmation key (RFC 8747), signed as a `COSE_Sign1`.
//! Devices keep theirs and bring it back to a head office that was restored; so whatever a device
//! signed can be checked by anybody who knows the root.
//!
//! ```
//! use shouwen_domain::certificate::{Certificate, Claims, Signers, Subject};
//! use shouwen_domain::id::DeviceId;
//! use shouwen_domain::moment::Moment;
//! use shouwen_domain::signature::{Algorithm, SecretKey};
//!
//! let office = SecretKey::from_bytes(Algorithm::Esp256, &[1; 32])?;
//! let device = SecretKey::from_bytes(Algorithm::Ed25519, &[2; 32])?;
//! let claims = Claims {
//!     subject: Subject::Device {
//!         site: "jinhua-garden".parse()?,
//!         device: DeviceId::from_random([3; 16]),
//!         code: "K7".to_owned(),
//!         people: ["wang-jianguo".parse()?].into(),
//!         signers: Signers::default(),
//!     },
//!     key: device.public(),
//!     issued: Moment::from_unix_ms(1_784_280_000_000),
//!     expires: None,
//! };
//! let bytes = Certificate::issue(&office, claims.clone()).to_bytes();
//! let read = Certificate::from_bytes(&bytes)?;
//! assert_eq!(read.verified(&office.public())?, &claims);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::id::{DeviceId, PersonId, SiteId};
use crate::moment::Moment;
use crate::signature::{Context, PublicKey, Sign, SignatureError, Signed};

/// Claims of our own, from the range that CWT leaves to private use.
const SITE: i32 = -70_001;
const CODE: i32 = -70_002;
const PEOPLE: i32 = -70_003;
const SIGNERS: i32 = -70_004;

/// A person's keys on one device that a certificate names: what the one before signed may still be on its way.
const KEYS_OF_ONE: usize = 2;

/// What is certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub subject: Subject,
    pub key: PublicKey,
    /// To the second.
    pub issued: Moment,
    /// To the second; none: until somebody says otherwise.
    pub expires: Option<Moment>,
}

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Head office's key for receipts, pages and devices.
    Office,
    /// The key to which devices seal what only head office may open.
    Intake,
    Device {
        site: SiteId,
        device: DeviceId,
        /// The short code in its case numbers ("K7").
        code: String,
        /// Who signed in on it: what they may read together, it may.
        people: BTreeSet<PersonId>,
        signers: Signers,
    },
}

/// The keys with which people sign on one device, as head office certified them. Whoever is let in no more stays among
/// them: what they signed before is theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signers(BTreeMap<PersonId, Vec<PublicKey>>);

impl Signers {
    pub fn add(&mut self, person: PersonId, key: PublicKey) {
        let keys = self.0.entry(person).or_default();
        keys.retain(|it| *it != key);
        keys.push(key);
    }

    /// All of these as well.
    pub fn extend(&mut self, other: &Self) {
        for (person, key) in other.iter() {
            self.add(person.clone(), *key);
        }
    }

    /// By person, each one's keys from the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = (&PersonId, &PublicKey)> {
        self.0
            .iter()
            .flat_map(|(person, keys)| keys.iter().map(move |key| (person, key)))
    }

    /// This person's, from the first to the last.
    pub fn of(&self, person: &PersonId) -> &[PublicKey] {
        self.0.get(person).map_or(&[], Vec::as_slice)
    }

    /// Of each person those that a device may still have signed with.
    #[must_use]
    pub fn latest(mut self) -> Self {
        for keys in self.0.values_mut() {
            keys.drain(..keys.len().saturating_sub(KEYS_OF_ONE));
        }
        self
    }
}

/// An array of `[person, COSE_Key]`, the key as a byte string.
impl<C> Encode<C> for Signers {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(self.iter().count() as u64)?;
        for (person, key) in self.iter() {
            e.array(2)?.encode(person)?.bytes(&key.to_cose_key())?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Signers {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let wrong = minicbor::decode::Error::message;
        let n = d.array()?.ok_or_else(|| wrong("a definite length"))?;
        let mut signers = Self::default();
        for _ in 0..n {
            let at = d.position();
            if d.array()? != Some(2) {
                return Err(wrong("a person and a key were expected").at(at));
            }
            let (person, key) = (d.decode()?, d.bytes()?);
            let key =
                PublicKey::from_cose_key(key).map_err(|_| wrong("a key was expected").at(at))?;
            signers.add(person, key);
        }
        Ok(signers)
    }
}

impl Subject {
    fn text(&self) -> String {
        match self {
            Self::Office => "office".to_owned(),
            Self::Intake => "intake".to_owned(),
            Self::Device { device, .. } => format!("device:{device}"),
        }
    }
}

/// Claims with the signature of whoever makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    claims: Claims,
    signed: Signed,
}

impl Certificate {
    pub fn issue(by: &dyn Sign, claims: Claims) -> Self {
        // As it will be read: to the second.
        let claims = Claims {
            issued: to_second(claims.issued),
            expires: claims.expires.map(to_second),
            ..claims
        };
        let signed = Signed::by(by, Context::Certificate, write(&claims));
        Self { claims, signed }
    }

    /// Reads what it claims, and proves nothing: see [`Certificate::verified`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        let signed = Signed::from_bytes(bytes)?;
        let claims = read(signed.unverified()).map_err(|it| SignatureError::Malformed {
            at_byte: it.position(),
            what: it.to_string(),
        })?;
        Ok(Self { claims, signed })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.signed.to_bytes()
    }

    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What it claims, if `by` says so.
    pub fn verified(&self, by: &PublicKey) -> Result<&Claims, SignatureError> {
        self.signed.verified(Context::Certificate, by)?;
        Ok(&self.claims)
    }

    /// For a verifier elsewhere: what was signed, and the signature.
    pub fn to_verify(&self, by: &PublicKey) -> Result<(Vec<u8>, [u8; 64]), SignatureError> {
        self.signed.to_verify(Context::Certificate, by)
    }
}

fn to_second(moment: Moment) -> Moment {
    Moment::from_unix_ms(moment.unix_ms().div_euclid(1_000) * 1_000)
}

fn write(claims: &Claims) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    let written: Result<(), minicbor::encode::Error<std::convert::Infallible>> = (|| {
        let n_of_device = match &claims.subject {
            Subject::Device {
                people, signers, ..
            } => 2 + u64::from(!people.is_empty()) + u64::from(!signers.0.is_empty()),
            Subject::Office | Subject::Intake => 0,
        };
        let n_claims = 3 + u64::from(claims.expires.is_some()) + n_of_device;
        e.map(n_claims)?.i8(2)?.str(&claims.subject.text())?;
        if let Some(expires) = claims.expires {
            e.i8(4)?.i64(expires.unix_ms() / 1_000)?;
        }
        e.i8(6)?.i64(claims.issued.unix_ms() / 1_000)?;
        e.i8(8)?.map(1)?.i8(1)?;
        e.writer_mut().extend(claims.key.to_cose_key());
        if let Subject::Device {
            site,
            device: _,
            code,
            people,
            signers,
        } = &claims.subject
        {
            e.i32(SITE)?.encode(site)?.i32(CODE)?.str(code)?;
            if !people.is_empty() {
                e.i32(PEOPLE)?.encode(people)?;
            }
            if !signers.0.is_empty() {
                e.i32(SIGNERS)?.encode(signers)?;
            }
        }
        Ok(())
    })();
    written.expect("writing to a vector cannot fail");
    e.into_writer()
}

fn read(bytes: &[u8]) -> Result<Claims, minicbor::decode::Error> {
    let missing = minicbor::decode::Error::message;
    let mut d = Decoder::new(bytes);
    let n_claims = d.map()?.ok_or_else(|| missing("a definite length"))?;
    let (mut subject, mut expires, mut issued, mut key) = (None, None, None, None);
    let (mut site, mut code) = (None, None);
    let (mut people, mut signers) = (BTreeSet::new(), Signers::default());
    for _ in 0..n_claims {
        match d.i32()? {
            2 => subject = Some(d.str()?),
            4 => expires = Some(second(&mut d)?),
            6 => issued = Some(second(&mut d)?),
            8 => key = Some(confirmation(&mut d, bytes)?),
            SITE => site = Some(d.decode()?),
            CODE => code = Some(d.str()?.to_owned()),
            PEOPLE => people = d.decode()?,
            SIGNERS => signers = d.decode()?,
            _ => d.skip()?,
        }
    }
    if d.position() != bytes.len() {
        return Err(missing("bytes are left over").at(d.position()));
    }
    let subject = match (subject, site, code) {
        (Some("office"), None, None) => Subject::Office,
        (Some("intake"), None, None) => Subject::Intake,
        (Some(text), Some(site), Some(code)) => Subject::Device {
            site,
            device: text
                .strip_prefix("device:")
                .and_then(|it| it.parse().ok())
                .ok_or_else(|| missing("the subject is not a device"))?,
            code,
            people,
            signers,
        },
        _ => return Err(missing("the subject is not one that is known here")),
    };
    Ok(Claims {
        subject,
        key: key.ok_or_else(|| missing("there is no key"))?,
        issued: issued.ok_or_else(|| missing("there is no time of issue"))?,
        expires,
    })
}

fn second(d: &mut Decoder<'_>) -> Result<Moment, minicbor::decode::Error> {
    let at = d.position();
    let out_of_range = || minicbor::decode::Error::message("a time is out of range").at(at);
    let ms = d.i64()?.checked_mul(1_000).ok_or_else(out_of_range)?;
    Ok(Moment::from_unix_ms(ms))
}

fn confirmation(d: &mut Decoder<'_>, bytes: &[u8]) -> Result<PublicKey, minicbor::decode::Error> {
    let at = d.position();
    let wrong = || minicbor::decode::Error::message("a confirmation key was expected").at(at);
    if d.map()? != Some(1) || d.i8()? != 1 || d.datatype()? != Type::Map {
        return Err(wrong());
    }
    let from = d.position();
    d.skip()?;
    let key = bytes.get(from..d.position()).ok_or_else(wrong)?;
    PublicKey::from_cose_key(key).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{Algorithm, SecretKey};

    fn claims(subject: Subject, expires: Option<i64>) -> Claims {
        let key = SecretKey::from_bytes(Algorithm::Esp256, &[9; 32]).unwrap();
        Claims {
            subject,
            key: key.public(),
            issued: Moment::from_unix_ms(1_784_280_000_999),
            expires: expires.map(Moment::from_unix_ms),
        }
    }

    fn device() -> Subject {
        Subject::Device {
            site: "jinhua-garden".parse().unwrap(),
            device: DeviceId::from_random([3; 16]),
            code: "K7".to_owned(),
            people: ["li-na", "wang-jianguo"]
                .map(|it| it.parse().unwrap())
                .into(),
            signers: signers(3),
        }
    }

    /// So many keys of one person, and one of another.
    fn signers(n: u8) -> Signers {
        let mut signers = Signers::default();
        for n in 0..n {
            let key = SecretKey::from_bytes(Algorithm::Ed25519, &[n; 32]).unwrap();
            signers.add("li-na".parse().unwrap(), key.public());
        }
        signers.add("wang-jianguo".parse().unwrap(), root().public());
        signers
    }

    fn root() -> SecretKey {
        SecretKey::from_bytes(Algorithm::Esp256, &[1; 32]).unwrap()
    }

    #[test]
    fn what_is_issued_reads_back_to_the_second_and_is_the_issuers() {
        for subject in [Subject::Office, Subject::Intake, device()] {
            for expires in [None, Some(1_900_000_000_000)] {
                let issued = Certificate::issue(&root(), claims(subject.clone(), expires));
                let read = Certificate::from_bytes(&issued.to_bytes()).unwrap();
                assert_eq!(read, issued);
                assert_eq!(read.claims().issued.unix_ms(), 1_784_280_000_000);
                assert_eq!(read.verified(&root().public()), Ok(issued.claims()));
                let other = SecretKey::from_bytes(Algorithm::Esp256, &[4; 32]).unwrap();
                assert_eq!(
                    read.verified(&other.public()),
                    Err(SignatureError::OtherKey)
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_cut_or_changed_are_no_certificate() {
        let issued = Certificate::issue(&root(), claims(device(), None)).to_bytes();
        for length in 0..issued.len() {
            assert!(Certificate::from_bytes(&issued[..length]).is_err());
        }
        for bit in 0..issued.len() * 8 {
            let mut changed = issued.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let passes = Certificate::from_bytes(&changed)
                .is_ok_and(|it| it.verified(&root().public()).is_ok());
            assert!(!passes, "bit {bit}");
        }
    }

    #[test]
    fn of_each_persons_keys_the_latest_are_certified() {
        let all = signers(7);
        let li_na: PersonId = "li-na".parse().unwrap();
        let key = all.of(&li_na)[0];
        let mut again = all.clone();
        again.add(li_na.clone(), key);
        assert_eq!(
            again.of(&li_na).last(),
            Some(&key),
            "the same key once more is the latest"
        );
        assert_eq!(again.of(&li_na).len(), 7);
        let latest = all.clone().latest();
        assert_eq!(latest.of(&li_na), &all.of(&li_na)[7 - KEYS_OF_ONE..]);
        assert_eq!(latest.of(&"wang-jianguo".parse().unwrap()).len(), 1);
        assert!(latest.of(&"nobody".parse().unwrap()).is_empty());
    }
}
