//! Who vouches for whose key: head office's root for its working keys, and those for devices.
//!
//! A certificate is a CWT (RFC 8392) with a confirmation key (RFC 8747), signed as a `COSE_Sign1`.
//! Devices keep theirs and bring it back to a head office that was restored; so whatever a device
//! signed can be checked by anybody who knows the root.
//!
//! ```
//! use shouwen_domain::certificate::{Certificate, Claims, Subject};
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

use std::collections::BTreeSet;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::id::{DeviceId, PersonId, SiteId};
use crate::moment::Moment;
use crate::signature::{Context, PublicKey, SecretKey, SignatureError, Signed};

/// Claims of our own, from the range that CWT leaves to private use.
const SITE: i32 = -70_001;
const CODE: i32 = -70_002;
const PEOPLE: i32 = -70_003;

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
    },
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
    pub fn issue(by: &SecretKey, claims: Claims) -> Self {
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
            Subject::Device { people, .. } => 2 + u64::from(!people.is_empty()),
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
            site, code, people, ..
        } = &claims.subject
        {
            e.i32(SITE)?.encode(site)?.i32(CODE)?.str(code)?;
            if !people.is_empty() {
                e.i32(PEOPLE)?.encode(people)?;
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
    let (mut site, mut code, mut people) = (None, None, BTreeSet::new());
    for _ in 0..n_claims {
        match d.i32()? {
            2 => subject = Some(d.str()?),
            4 => expires = Some(second(&mut d)?),
            6 => issued = Some(second(&mut d)?),
            8 => key = Some(confirmation(&mut d, bytes)?),
            SITE => site = Some(d.decode()?),
            CODE => code = Some(d.str()?.to_owned()),
            PEOPLE => people = d.decode()?,
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
    use crate::signature::Algorithm;

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
        }
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
}
