//! The file of keys: what lies in it, and how it is made, read and replaced.

use std::io;
use std::path::Path;

use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Claims, Subject};
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{Algorithm, PublicKey, SecretKey};
use shouwen_sync::message::Bytes;

use crate::{disk, pin};

use super::signer::Signer;
use super::{Keys, KeysError, certified_by, derived, seal};

/// Beyond it a file is of a later version.
const FORMAT: u32 = 2;
/// From before working keys were ever renewed.
const NEVER_RENEWED: u32 = 1;

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Stored {
    #[n(1)]
    format: u32,
    /// May be taken away, to be kept where no network reaches it.
    #[cbor(n(2), with = "minicbor::bytes")]
    root: Option<Vec<u8>>,
    #[n(3)]
    root_public: Bytes,
    #[n(4)]
    office: Bytes,
    #[n(5)]
    intake: Bytes,
    /// Those for the keys of before stay, and those for the keys in use are the last.
    #[n(6)]
    certificates: Vec<Bytes>,
    /// None in files from before there was one: it follows from the office's key then.
    #[n(7)]
    pub content: Option<Bytes>,
    /// None as long as it is the office's.
    #[n(8)]
    orders: Option<Bytes>,
    /// The last first.
    #[n(9)]
    #[cbor(default)]
    former_intakes: Vec<Bytes>,
}

impl Stored {
    pub fn make(now: Moment) -> Self {
        let (root_bytes, root) = random_key();
        let (office, office_key) = random_key();
        let (intake, intake_key) = random_key();
        Self {
            format: NEVER_RENEWED,
            root: Some(root_bytes.to_vec()),
            root_public: Bytes(root.public().to_cose_key()),
            office: Bytes(office.to_vec()),
            intake: Bytes(intake.to_vec()),
            certificates: certified(&root, &office_key, &intake_key, now),
            content: Some(Bytes(pin::random::<32>().to_vec())),
            orders: None,
            former_intakes: Vec::new(),
        }
    }

    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let bytes = disk::read_secret(path).map_err(|error| {
            let path = path.to_owned();
            if error.kind() == io::ErrorKind::NotFound {
                KeysError::Missing { path }
            } else {
                KeysError::File { path, error }
            }
        })?;
        let not_keys = |what| KeysError::NotKeys {
            path: path.to_owned(),
            what,
        };
        let stored: Self = minicbor::decode(&bytes).map_err(|it| not_keys(it.to_string()))?;
        if stored.format > FORMAT {
            let what = format!(
                "they have form {}, this version knows up to {FORMAT}",
                stored.format
            );
            return Err(not_keys(what));
        }
        Ok(stored)
    }

    /// # Panics
    ///
    /// Never: writing to memory cannot fail.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory cannot fail")
    }

    pub fn into_keys(self) -> Result<Keys, String> {
        let office_bytes = secret(&self.office)?;
        let office = signing(&office_bytes)?;
        self.since()?;
        let content = self.content_secret()?;
        let orders = match &self.orders {
            Some(it) => signing(&secret(it)?)?,
            None => office.clone(),
        };
        let intakes = std::iter::once(&self.intake).chain(&self.former_intakes);
        let root = self.root_public()?;
        let intakes = intakes.map(secret).collect::<Result<_, _>>()?;
        let certificates: Vec<_> = self.certificates.into_iter().map(|it| it.0).collect();
        Ok(Keys {
            root,
            seal: seal(&office_bytes),
            content,
            office: Signer::new(&office_bytes, &office)?,
            offices: certified_by(&root, &certificates),
            orders,
            intakes,
            certificates,
        })
    }

    /// Since when the working keys are in use.
    pub fn since(&self) -> Result<Moment, String> {
        let root = self.root_public()?;
        let office = signing(&secret(&self.office)?)?.public();
        let certificates = self.certificates.iter();
        let mut claims = certificates.filter_map(|it| {
            let certificate = Certificate::from_bytes(&it.0).ok()?;
            certificate.verified(&root).ok().cloned()
        });
        let of_office = claims.find(|it| it.subject == Subject::Office && it.key == office);
        let of_office =
            of_office.ok_or_else(|| "the root does not vouch for the office's key".to_owned())?;
        Ok(of_office.issued)
    }

    /// New working keys, certified by the root.
    pub fn rotate(&mut self, now: Moment) -> Result<(), String> {
        let root = self.root.as_ref().ok_or_else(|| {
            "the root, which has to vouch for new ones, was taken out of it".to_owned()
        })?;
        let root = signing(&secret(&Bytes(root.clone()))?)?;
        let (office, office_key) = random_key();
        let (intake, intake_key) = random_key();
        // What follows from the office's key must not change with it.
        let content = self.content_secret()?;
        self.content = Some(Bytes(content.to_vec()));
        let office_before = std::mem::replace(&mut self.office, Bytes(office.to_vec()));
        self.orders.get_or_insert(office_before);
        let intake_before = std::mem::replace(&mut self.intake, Bytes(intake.to_vec()));
        self.former_intakes.insert(0, intake_before);
        let certificates = certified(&root, &office_key, &intake_key, now);
        self.certificates.extend(certificates);
        self.format = FORMAT;
        Ok(())
    }

    fn content_secret(&self) -> Result<[u8; 32], String> {
        match &self.content {
            Some(it) => secret(it),
            None => Ok(derived(&secret(&self.office)?, b"shouwen/content/1")),
        }
    }

    fn root_public(&self) -> Result<PublicKey, String> {
        PublicKey::from_cose_key(&self.root_public.0).map_err(|it| it.to_string())
    }
}

fn certified(
    root: &SecretKey,
    office: &SecretKey,
    intake: &SecretKey,
    issued: Moment,
) -> Vec<Bytes> {
    let certify = |(subject, key): (Subject, &SecretKey)| {
        let claims = Claims {
            subject,
            key: key.public(),
            issued,
            // What they signed is read for years, on devices whose clocks may be anywhere.
            expires: None,
        };
        Bytes(Certificate::issue(root, claims).to_bytes())
    };
    [(Subject::Office, office), (Subject::Intake, intake)]
        .map(certify)
        .into()
}

fn secret(bytes: &Bytes) -> Result<[u8; 32], String> {
    let bytes = bytes.0.as_slice().try_into();
    bytes.map_err(|_| "a key has 32 bytes".to_owned())
}

fn signing(bytes: &[u8; 32]) -> Result<SecretKey, String> {
    SecretKey::from_bytes(Algorithm::Esp256, bytes).map_err(|it| it.to_string())
}

fn random_key() -> ([u8; 32], SecretKey) {
    loop {
        let bytes = pin::random();
        if let Ok(key) = signing(&bytes) {
            return (bytes, key);
        }
    }
}
