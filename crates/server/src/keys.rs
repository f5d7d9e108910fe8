//! Head office's keys, in a file of their own outside the database: a copy of the database signs nothing.
//!
//! The root certifies the others. What a device has to show to be let in, challenge and token, is no
//! record anywhere: it carries its own proof, so that every process that has this file can check it.

mod signer;
mod stored;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, OpModeR};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use shouwen_domain::certificate::{Certificate, Claims, Signers, Subject};
use shouwen_domain::envelope::{Envelope, Receipt};
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::sealing::Sealed;
use shouwen_domain::signature::{Context, PublicKey, SecretKey, Signed};
use shouwen_sync::message::{Bytes, OfficeKeys};
use shouwen_sync::server::Signatories;

use crate::disk;
use crate::pin;

use signer::Signer;
use stored::Stored;

/// How long a device may take to sign a challenge.
const CHALLENGE_LASTS: Minutes = Minutes(2);
/// How long a contact lasts.
pub const TOKEN_LASTS: Minutes = Minutes(10);
/// A device's certificate holds a hundred bytes for each key of a person; tablets have some dozens of people.
pub const CERTIFICATE_BYTES: usize = 12 * 1024;

/// The keys in use.
pub struct Keys {
    root: PublicKey,
    office: Signer,
    /// In use, and before.
    offices: Vec<PublicKey>,
    /// With which head office signs its own chain. As any device's key it never changes.
    orders: SecretKey,
    /// The one in use first, then those before it.
    intakes: Vec<[u8; 32]>,
    /// By the root, for office and intake.
    certificates: Vec<Vec<u8>>,
    seal: Hmac<Sha256>,
    /// Of which devices get what they seal their storage with. It never changes, or they could read nothing any more.
    content: [u8; 32],
}

/// Who may speak for a device, for some minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub site: SiteId,
    pub device: DeviceId,
    /// The key under which the device is enrolled.
    pub key: PublicKey,
    /// Who signed in on it.
    pub people: BTreeSet<PersonId>,
    /// With which keys people sign on it.
    pub signers: Signers,
    /// One of them signed for the contact, so that it may read.
    pub reads: bool,
}

impl Bearer {
    /// Whose signatures its envelopes have to bear.
    pub fn signatories(&self) -> Signatories {
        Signatories {
            device: self.key,
            people: self.signers.clone(),
        }
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Token {
    #[n(1)]
    site: SiteId,
    #[n(2)]
    device: DeviceId,
    #[n(3)]
    key: Bytes,
    #[n(4)]
    ends: Moment,
    #[n(5)]
    people: BTreeSet<PersonId>,
    #[n(6)]
    signers: Signers,
    #[n(7)]
    reads: bool,
}

/// What became of an order to renew the working keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Those of before had been in use since then.
    Done { since: Moment },
    /// They were made then, and are left alone.
    Young { since: Moment },
}

/// Why there are no keys.
#[derive(Debug)]
pub enum KeysError {
    /// They were to be there, and are not.
    Missing {
        path: PathBuf,
    },
    File {
        path: PathBuf,
        error: io::Error,
    },
    NotKeys {
        path: PathBuf,
        what: String,
    },
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(
                f,
                "There are no keys in {}: name head office's file with --keys; a server makes it when it starts for the first time",
                path.display()
            ),
            Self::File { path, error } => {
                write!(
                    f,
                    "The keys in {} cannot be read or made: {error}",
                    path.display()
                )
            }
            Self::NotKeys { path, what } => {
                write!(
                    f,
                    "{} does not hold head office's keys: {what}",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for KeysError {}

impl Keys {
    /// Reads the keys, or makes them where there is no such file.
    pub fn open(path: &Path, now: Moment) -> Result<Self, KeysError> {
        match Self::open_existing(path) {
            Err(KeysError::Missing { .. }) => {}
            opened => return opened,
        }
        let made = Stored::make(now);
        match disk::write_new(path, &made.to_bytes()) {
            Ok(()) => made.into_keys().map_err(|what| KeysError::NotKeys {
                path: path.to_owned(),
                what,
            }),
            // Another process made them at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open_existing(path),
            Err(error) => Err(KeysError::File {
                path: path.to_owned(),
                error,
            }),
        }
    }

    /// Reads the keys, which have to be there.
    pub fn open_existing(path: &Path) -> Result<Self, KeysError> {
        let not_keys = |what| KeysError::NotKeys {
            path: path.to_owned(),
            what,
        };
        Stored::read(path)?.into_keys().map_err(not_keys)
    }

    /// Puts new working keys in the place of those in the file, unless these are not older than so long. Those of before go on
    /// being believed, and open what was sealed to them.
    pub fn rotate(path: &Path, older_than: Minutes, now: Moment) -> Result<Rotation, KeysError> {
        let mut stored = Stored::read(path)?;
        let not_keys = |what| KeysError::NotKeys {
            path: path.to_owned(),
            what,
        };
        let since = stored.since().map_err(not_keys)?;
        if now < since + older_than {
            return Ok(Rotation::Young { since });
        }
        stored.rotate(now).map_err(not_keys)?;
        let written = disk::replace(path, &stored.to_bytes(), disk::OWNERS);
        written.map_err(|error| KeysError::File {
            path: path.to_owned(),
            error,
        })?;
        Ok(Rotation::Done { since })
    }

    /// What a device has to believe.
    pub fn public(&self) -> OfficeKeys {
        OfficeKeys {
            root: Bytes(self.root.to_cose_key()),
            certificates: self.certificates.iter().cloned().map(Bytes).collect(),
        }
    }

    /// By which a database knows the keys it belongs to.
    pub fn root_print(&self) -> shouwen_domain::hash::Hash {
        self.root.thumbprint()
    }

    /// What a device sealed to head office for this purpose; none where it is not sealed to this key, or was
    /// changed.
    pub fn unseal(&self, sealed: &Sealed, purpose: Context) -> Option<Vec<u8>> {
        type Kem = DhP256HkdfSha256;
        let encapsulated =
            <Kem as hpke::Kem>::EncappedKey::from_bytes(&sealed.encapsulated).ok()?;
        self.intakes.iter().find_map(|intake| {
            let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(intake).ok()?;
            hpke::single_shot_open::<AesGcm128, HkdfSha256, Kem>(
                &OpModeR::Base,
                &secret,
                &encapsulated,
                purpose.text().as_bytes(),
                &sealed.ciphertext,
                &[],
            )
            .ok()
        })
    }

    /// What a device seals its storage with: HKDF-SHA-256 (RFC 5869), one block, over the secret kept for that.
    pub fn content_key(&self, site: &SiteId, device: DeviceId) -> [u8; 32] {
        let extracted = derived(&[0; 32], &self.content);
        let (site, device) = (site.as_str().as_bytes(), device.bytes());
        let purpose = b"shouwen/content-key/1\0".as_slice();
        let info = [purpose, site, b"\0", device, &[1]].concat();
        derived(&extracted, &info)
    }

    /// That a device has this key, this code in its case numbers, and these people.
    pub fn certify(&self, who: &Bearer, code: &str, now: Moment) -> Vec<u8> {
        let claims = Claims {
            subject: Subject::Device {
                site: who.site.clone(),
                device: who.device,
                code: code.to_owned(),
                people: who.people.clone(),
                signers: who.signers.clone(),
            },
            key: who.key,
            issued: now,
            expires: None,
        };
        Certificate::issue(&self.office, claims).to_bytes()
    }

    /// The device of a certificate that was given out here, and the short code in its case numbers.
    pub fn device(&self, certificate: &[u8]) -> Option<(Bearer, String)> {
        let certificate = Certificate::from_bytes(certificate).ok()?;
        let mut keys = self.offices.iter();
        let claims = keys.find_map(|key| certificate.verified(key).ok())?;
        match claims.subject.clone() {
            Subject::Device {
                site,
                device,
                code,
                people,
                signers,
            } => {
                let bearer = Bearer {
                    site,
                    device,
                    key: claims.key,
                    people,
                    signers,
                    reads: false,
                };
                Some((bearer, code))
            }
            Subject::Office | Subject::Intake => None,
        }
    }

    /// By which envelopes of head office itself are verified: it signs for whoever gives an order.
    pub fn signatories(&self, operators: impl IntoIterator<Item = PersonId>) -> Signatories {
        let device = self.orders.public();
        let mut people = Signers::default();
        for person in operators {
            people.add(person, device);
        }
        Signatories { device, people }
    }

    pub fn sign_envelope(&self, envelope: Envelope) -> Envelope {
        envelope.signed(&self.orders)
    }

    pub fn sign(&self, context: Context, payload: Vec<u8>) -> Vec<u8> {
        Signed::by(&self.office, context, payload).to_bytes()
    }

    /// The receipts of one answer, as they are given out.
    pub fn sign_together(&self, receipts: Vec<Receipt>) -> Vec<Receipt> {
        Receipt::signed_together(receipts, &self.office)
    }

    /// Receipts of which each is to prove by itself.
    pub fn sign_each(&self, receipts: Vec<Receipt>) -> Vec<Receipt> {
        receipts
            .into_iter()
            .map(|it| it.signed(&self.office))
            .collect()
    }

    /// Something new to sign.
    pub fn challenge(&self, now: Moment) -> Vec<u8> {
        let body = [now.unix_ms().to_be_bytes().as_slice(), &pin::random::<16>()].concat();
        self.sealed(b"challenge", body)
    }

    /// Whether this was asked of a device a moment ago.
    pub fn is_recent_challenge(&self, nonce: &[u8], now: Moment) -> bool {
        let Some((at, _)) = self
            .unsealed(b"challenge", nonce)
            .and_then(|it| it.split_first_chunk())
        else {
            return false;
        };
        let at = Moment::from_unix_ms(i64::from_be_bytes(*at));
        at <= now && now < at + CHALLENGE_LASTS
    }

    /// Lets a device speak for some minutes.
    pub fn token(&self, bearer: &Bearer, now: Moment) -> String {
        let token = Token {
            site: bearer.site.clone(),
            device: bearer.device,
            key: Bytes(bearer.key.to_cose_key()),
            ends: now + TOKEN_LASTS,
            people: bearer.people.clone(),
            signers: bearer.signers.clone(),
            reads: bearer.reads,
        };
        let body = minicbor::to_vec(token).expect("writing to memory cannot fail");
        hex(&self.sealed(b"token", body))
    }

    /// None where the token was not given out here, or has ended.
    pub fn bearer(&self, token: &str, now: Moment) -> Option<Bearer> {
        let sealed = from_hex(token)?;
        let token: Token = minicbor::decode(self.unsealed(b"token", &sealed)?).ok()?;
        (now < token.ends).then_some(Bearer {
            site: token.site,
            device: token.device,
            key: PublicKey::from_cose_key(&token.key.0).ok()?,
            people: token.people,
            signers: token.signers,
            reads: token.reads,
        })
    }

    fn sealed(&self, purpose: &[u8], mut body: Vec<u8>) -> Vec<u8> {
        let mac = self.mac(purpose, &body).finalize().into_bytes();
        body.extend_from_slice(&mac);
        body
    }

    fn unsealed<'a>(&self, purpose: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (body, mac) = sealed.split_last_chunk::<32>()?;
        self.mac(purpose, body).verify_slice(mac).ok()?;
        Some(body)
    }

    fn mac(&self, purpose: &[u8], body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.seal.clone();
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(body);
        mac
    }
}

/// The keys that the root certified for head office.
fn certified_by(root: &PublicKey, certificates: &[Vec<u8>]) -> Vec<PublicKey> {
    let certified = certificates.iter().filter_map(|it| {
        let certificate = Certificate::from_bytes(it).ok()?;
        let claims = certificate.verified(root).ok()?;
        (claims.subject == Subject::Office).then_some(claims.key)
    });
    certified.collect()
}

/// A key of its own for what carries its proof, so that no signature and no such proof help each other.
fn seal(office: &[u8; 32]) -> Hmac<Sha256> {
    keyed(&derived(office, b"shouwen/seal/1"))
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length will do")
}

fn derived(key: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut derived = keyed(key);
    derived.update(purpose);
    derived.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, it| {
        write!(text, "{it:02x}").expect("writing to a text cannot fail");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |it: u8| {
        char::from(it)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use shouwen_domain::signature::Algorithm;

    use super::*;

    const NOW: Moment = Moment::from_unix_ms(1_784_280_000_000);

    fn opened(folder: &Path) -> Keys {
        Keys::open(&folder.join("keys"), NOW).unwrap()
    }

    fn bearer() -> Bearer {
        Bearer {
            site: "north".parse().unwrap(),
            device: DeviceId::from_random([1; 16]),
            key: SecretKey::from_bytes(Algorithm::Ed25519, &[1; 32])
                .unwrap()
                .public(),
            people: ["li-na".parse().unwrap()].into(),
            signers: Signers::default(),
            reads: false,
        }
    }

    #[test]
    fn keys_are_made_once_for_the_servers_eyes_only() {
        let folder = tempfile::tempdir().unwrap();
        let (made, read) = (opened(folder.path()), opened(folder.path()));
        assert_eq!(made.public(), read.public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = folder.path().join("keys");
            assert_eq!(
                std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let other = tempfile::tempdir().unwrap();
        assert_ne!(opened(other.path()).public(), made.public());
    }

    #[test]
    fn a_file_that_holds_no_keys_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        disk::write_new(&path, b"something").unwrap();
        let refused = Keys::open(&path, NOW).map(|_| ()).unwrap_err().to_string();
        assert!(
            refused.contains("does not hold head office's keys"),
            "{refused}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"something");
    }

    #[test]
    fn a_token_is_good_for_its_minutes_and_only_where_it_was_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let keys = opened(folder.path());
        let token = keys.token(&bearer(), NOW);
        let last = NOW + TOKEN_LASTS;
        let just_before = Moment::from_unix_ms(last.unix_ms() - 1);
        assert_eq!(keys.bearer(&token, just_before), Some(bearer()));
        assert_eq!(keys.bearer(&token, last), None);
        assert_eq!(opened(folder.path()).bearer(&token, NOW), Some(bearer()));
        let other = tempfile::tempdir().unwrap();
        assert_eq!(opened(other.path()).bearer(&token, NOW), None);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(keys.bearer(&changed, NOW), None, "digit {at}");
        }
        for odd in ["", "0", "zz", "ßß"] {
            assert_eq!(keys.bearer(odd, NOW), None);
        }
    }

    #[test]
    fn a_challenge_is_no_token_and_ends_soon() {
        let folder = tempfile::tempdir().unwrap();
        let keys = opened(folder.path());
        let nonce = keys.challenge(NOW);
        assert_ne!(nonce, keys.challenge(NOW));
        assert!(keys.is_recent_challenge(&nonce, NOW));
        assert!(!keys.is_recent_challenge(&nonce, NOW + CHALLENGE_LASTS));
        assert!(!keys.is_recent_challenge(&nonce[1..], NOW));
        let token = from_hex(&keys.token(&bearer(), NOW)).unwrap();
        assert!(!keys.is_recent_challenge(&token, NOW));
        assert_eq!(keys.bearer(&hex(&nonce), NOW), None);
    }

    #[test]
    fn a_device_is_given_the_same_content_key_by_every_process_and_another_one_than_others() {
        let folder = tempfile::tempdir().unwrap();
        let (site, device) = (bearer().site, bearer().device);
        let key = opened(folder.path()).content_key(&site, device);
        let keys = opened(folder.path());
        assert_eq!(keys.content_key(&site, device), key);
        let another = DeviceId::from_random([2; 16]);
        assert_ne!(keys.content_key(&site, another), key);
        assert_ne!(keys.content_key(&"south".parse().unwrap(), device), key);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(opened(other.path()).content_key(&site, device), key);
    }

    #[test]
    fn a_file_from_before_there_was_a_secret_for_content_gives_one_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (site, device) = (bearer().site, bearer().device);
        let made = opened(folder.path()).content_key(&site, device);
        let mut stored: Stored = minicbor::decode(&std::fs::read(&path).unwrap()).unwrap();
        stored.content = None;
        std::fs::write(&path, minicbor::to_vec(&stored).unwrap()).unwrap();
        let key = opened(folder.path()).content_key(&site, device);
        assert_eq!(opened(folder.path()).content_key(&site, device), key);
        assert_ne!(key, made);
    }

    #[test]
    fn only_certificates_given_out_here_make_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let keys = opened(folder.path());
        let who = bearer();
        let certificate = keys.certify(&who, "K7", NOW);
        assert_eq!(keys.device(&certificate), Some((who, "K7".to_owned())));
        let other = tempfile::tempdir().unwrap();
        let other = opened(other.path());
        assert_eq!(other.device(&certificate), None);
    }
}
