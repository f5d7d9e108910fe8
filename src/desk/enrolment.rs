//! Who this device is to head office, and whom it believes: its key, its certificate, head office's keys.

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::envelope::Receipt;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::signature::{Context, PublicKey, Signed};
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::message::{
    Bytes, Challenge, Contact, Contacted, NewChain, OfficeKeys, SignedIn, Stated,
};

use super::{Desk, another_device};
use crate::browser::http::{self, HttpError};
use crate::browser::keys;

const NAME: &str = "enrolment";

/// What head office gave this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrolment {
    #[n(1)]
    pub site: SiteId,
    #[n(2)]
    certificate: Bytes,
    #[n(3)]
    office: OfficeKeys,
}

/// Why no contact came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactError {
    /// Nobody has signed in on this device yet.
    NotEnrolled,
    NoKey,
    Http(HttpError),
    /// Somebody answered, but not head office.
    NotHeadOffice,
    Fault(Fault),
}

impl From<HttpError> for ContactError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Fault> for ContactError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Enrolment {
    pub const fn certificate(&self) -> &Bytes {
        &self.certificate
    }

    /// The short code in this device's case numbers.
    pub fn code(&self) -> String {
        let certificate = Certificate::from_bytes(&self.certificate.0).ok();
        match certificate.map(|it| it.claims().subject.clone()) {
            Some(Subject::Device { code, .. }) => code,
            Some(Subject::Office | Subject::Intake) | None => String::new(),
        }
    }

    /// Head office's keys of this kind that the root vouches for.
    pub async fn keys(&self, subject: &Subject) -> Vec<PublicKey> {
        let Ok(root) = PublicKey::from_cose_key(&self.office.root.0) else {
            return Vec::new();
        };
        let mut keys = Vec::new();
        for it in &self.office.certificates {
            if let Ok(certificate) = Certificate::from_bytes(&it.0)
                && certificate.claims().subject == *subject
                && let Ok((message, signature)) = certificate.to_verify(&root)
                && keys::verify(&root, &message, &signature).await
            {
                keys.push(certificate.claims().key);
            }
        }
        keys
    }
}

impl Desk {
    pub(super) async fn load_enrolment(self) -> Result<(), Fault> {
        let bytes = self.log().get(Section::Settings, NAME).await?;
        // What another version wrote is asked for anew.
        self.enrolment
            .set(bytes.and_then(|it| minicbor::decode(&it).ok()));
        Ok(())
    }

    /// Keeps what a sign-in brought. The root is believed the first time and from then on.
    pub(super) async fn enrolled(self, answer: &SignedIn) -> Result<bool, Fault> {
        let known = self.enrolment.get_untracked();
        if known.is_some_and(|it| it.office.root != answer.office.root) {
            return Ok(false);
        }
        self.keep_enrolment(Enrolment {
            site: answer.site.clone(),
            certificate: answer.certificate.clone(),
            office: answer.office.clone(),
        })
        .await?;
        Ok(true)
    }

    async fn keep_enrolment(self, enrolment: Enrolment) -> Result<(), Fault> {
        let bytes = minicbor::to_vec(&enrolment).expect("writing to a vector cannot fail");
        self.log().put(Section::Settings, NAME, &bytes).await?;
        self.enrolment.set(Some(enrolment));
        Ok(())
    }

    fn enrolment(self) -> Option<Enrolment> {
        self.enrolment.get_untracked()
    }

    /// The short code in this device's case numbers.
    pub fn code(self) -> String {
        self.enrolment
            .with(|it| it.as_ref().map(Enrolment::code))
            .unwrap_or_default()
    }

    /// A new id, under which this device begins a chain; what it wrote before stays whose it is.
    pub(super) async fn become_another_device(self) -> Result<DeviceId, Fault> {
        let inner = self.inner.get_value();
        let device = another_device(&inner.log).await?;
        inner.device.set(device);
        Ok(device)
    }

    /// Proves this device to head office, and head office to this device.
    pub async fn contact(self, forked: bool) -> Result<Contacted, ContactError> {
        let enrolment = self.enrolment().ok_or(ContactError::NotEnrolled)?;
        let key = self.key().ok_or(ContactError::NoKey)?;
        let challenge: Challenge = http::post("/api/challenge", None, &()).await?;
        let head = self.standing.get_untracked().head;
        let said = Contact {
            device: self.device(),
            certificate: enrolment.certificate.clone(),
            nonce: challenge.nonce,
            head: Stated {
                chain: head.chain,
                sequence: head.sequence,
                hash: head.hash,
            },
            forked,
        };
        let payload = minicbor::to_vec(&said).expect("writing to a vector cannot fail");
        let message = Context::Contact.to_be_signed(key.public(), &payload);
        let signature = key
            .sign(&message)
            .await
            .map_err(|keys::NoKey| ContactError::NoKey)?;
        let body = Signed::with(key.public(), payload, signature).to_bytes();
        let answer = http::post_bytes("/api/contact", None, &body).await?;
        let answer: Option<Contacted> = self.signed_by_office(Context::Contacted, &answer).await;
        let answer = answer.ok_or(ContactError::NotHeadOffice)?;
        if answer.nonce != said.nonce || answer.device != said.device {
            return Err(ContactError::NotHeadOffice);
        }
        self.learn_keys(&answer.certificates).await?;
        Ok(answer)
    }

    /// What head office said, if it was head office.
    pub async fn signed_by_office<T: for<'b> Decode<'b, ()>>(
        self,
        context: Context,
        answer: &[u8],
    ) -> Option<T> {
        let enrolment = self.enrolment()?;
        let signed = Signed::from_bytes(answer).ok()?;
        if is_signed(&enrolment, context, &signed).await {
            minicbor::decode(signed.unverified()).ok()
        } else {
            None
        }
    }

    /// The certificate that it has, where somebody signed in before.
    pub(super) fn certificate(self) -> Option<Bytes> {
        Some(self.enrolment()?.certificate)
    }

    /// Another year's keys; the root stays.
    async fn learn_keys(self, certificates: &[Bytes]) -> Result<(), Fault> {
        let Some(mut enrolment) = self.enrolment() else {
            return Ok(());
        };
        let known = enrolment.office.certificates.len();
        for it in certificates {
            if !enrolment.office.certificates.contains(it) {
                enrolment.office.certificates.push(it.clone());
            }
        }
        if enrolment.office.certificates.len() > known {
            self.keep_enrolment(enrolment).await?;
        }
        Ok(())
    }

    /// From now on this device's case numbers carry the code of this chain.
    pub async fn adopt_chain(self, chain: &NewChain) -> Result<(), Fault> {
        let Some(enrolment) = self.enrolment() else {
            return Ok(());
        };
        self.keep_enrolment(Enrolment {
            certificate: chain.certificate.clone(),
            ..enrolment
        })
        .await
    }

    /// Those that head office signed.
    pub async fn believed(self, receipts: Vec<Receipt>) -> Vec<Receipt> {
        let Some(enrolment) = self.enrolment() else {
            return Vec::new();
        };
        let office = enrolment.keys(&Subject::Office).await;
        let mut believed = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            let mut signed = office
                .iter()
                .filter_map(|key| Some((key, receipt.to_verify(key)?)));
            if let Some((key, (message, signature))) = signed.next()
                && keys::verify(key, &message, &signature).await
            {
                believed.push(receipt);
            }
        }
        believed
    }
}

async fn is_signed(enrolment: &Enrolment, context: Context, signed: &Signed) -> bool {
    for key in enrolment.keys(&Subject::Office).await {
        if let Ok((message, signature)) = signed.to_verify(context, &key)
            && keys::verify(&key, &message, &signature).await
        {
            return true;
        }
    }
    false
}
