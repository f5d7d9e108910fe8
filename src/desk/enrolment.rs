//! Who this device is to head office, and whom it believes: its key, its certificate, head office's keys.

use std::cell::RefCell;
use std::collections::BTreeSet;

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::envelope::Receipt;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::signature::{Context, PublicKey, Signed};
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::message::{
    Bytes, Challenge, Contact, Contacted, Enrol, Enrolled, FailureCode, NewChain, OfficeKeys,
    Reading, Stated,
};

use super::records::Records;
use super::{Desk, another_device, this_device};
use crate::browser::http::{self, HttpError};
use crate::browser::tabs::Said;
use crate::browser::{keys, locks, preferences};

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
    /// What it was before it lost a key, once or more: unsent work of then comes in under these.
    #[n(4)]
    #[cbor(default)]
    former: Vec<Bytes>,
}

/// Why no contact came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactError {
    /// This device has not joined a site yet.
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

impl From<keys::NoKey> for ContactError {
    fn from(_: keys::NoKey) -> Self {
        Self::NoKey
    }
}

impl From<Fault> for ContactError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Why this device did not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinError {
    WrongCode,
    TooManyTries,
    NeedsNetwork,
    /// The browser has no WebCrypto here, or keeps no key.
    NoKey,
    /// Whoever answered is not the head office at which this device was enrolled before.
    OtherOffice,
    Server(HttpError),
    Fault(Fault),
}

impl From<Fault> for JoinError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

thread_local! {
    /// Root and certificate where that root signed it: once seen, it is so for ever.
    static VOUCHED: RefCell<BTreeSet<(Bytes, Bytes)>> = RefCell::default();
}

impl Enrolment {
    /// Of this device, or of what it was before.
    pub fn certificate_of(&self, device: DeviceId) -> Option<&Bytes> {
        let mut certificates = [&self.certificate].into_iter().chain(&self.former);
        certificates.find(|it| {
            let certificate = Certificate::from_bytes(&it.0);
            certificate.is_ok_and(|it| {
                matches!(it.claims().subject, Subject::Device { device: of, .. } if of == device)
            })
        })
    }

    /// The key of this device that head office certified last; none where it knows of none yet.
    fn key_of(&self, device: DeviceId) -> Option<PublicKey> {
        let certificate = Certificate::from_bytes(&self.certificate.0).ok()?;
        let claims = certificate.claims();
        let is_it = matches!(claims.subject, Subject::Device { device: of, .. } if of == device);
        is_it.then_some(claims.key)
    }

    /// The short code in this device's case numbers.
    pub fn code(&self) -> String {
        self.device().map(|(code, _)| code).unwrap_or_default()
    }

    /// Who signed in here.
    pub fn people(&self) -> BTreeSet<PersonId> {
        self.device().map(|(_, people)| people).unwrap_or_default()
    }

    fn device(&self) -> Option<(String, BTreeSet<PersonId>)> {
        let certificate = Certificate::from_bytes(&self.certificate.0).ok()?;
        match certificate.claims().subject.clone() {
            Subject::Device { code, people, .. } => Some((code, people)),
            Subject::Office | Subject::Intake => None,
        }
    }

    /// Head office's keys of this kind that the root vouches for.
    pub async fn keys(&self, subject: &Subject) -> Vec<PublicKey> {
        let mut keys = Vec::new();
        for it in &self.office.certificates {
            if let Some(certificate) = self.vouched(it).await
                && certificate.claims().subject == *subject
            {
                keys.push(certificate.claims().key);
            }
        }
        keys
    }

    /// If it is by the root.
    async fn vouched(&self, certificate: &Bytes) -> Option<Certificate> {
        let by_whom = (self.office.root.clone(), certificate.clone());
        let root = PublicKey::from_cose_key(&by_whom.0.0).ok()?;
        let certificate = Certificate::from_bytes(&certificate.0).ok()?;
        if VOUCHED.with_borrow(|it| it.contains(&by_whom)) {
            return Some(certificate);
        }
        let (message, signature) = certificate.to_verify(&root).ok()?;
        if !keys::verify(&root, &message, &signature).await {
            return None;
        }
        VOUCHED.with_borrow_mut(|it| it.insert(by_whom));
        Some(certificate)
    }
}

impl Desk {
    pub(super) fn know_enrolment(self, records: &Records) {
        let bytes = records.get(Section::Settings, NAME);
        // What another version wrote is asked for anew.
        self.enrolment
            .set(bytes.and_then(|it| minicbor::decode(it).ok()));
    }

    /// Whether this device has joined a site.
    pub fn has_joined(self) -> bool {
        self.enrolment.read().is_some()
    }

    /// The same for whoever does not watch.
    pub fn is_enrolled(self) -> bool {
        self.enrolment.with_untracked(Option::is_some)
    }

    /// The code with which the app was opened, once.
    pub fn take_invitation(self) -> Option<String> {
        self.invitation.try_update(Option::take).flatten()
    }

    /// Joins the site of an invitation. Who signed in here before has to do so once more: head office says anew who
    /// works on this device.
    pub async fn join(self, code: String) -> Result<(), JoinError> {
        let key = self.key().ok_or(JoinError::NoKey)?;
        let request = |device| Enrol {
            code: code.clone(),
            device,
            key: Bytes(key.public().to_cose_key()),
            certificate: self.certificate(),
        };
        let mut asked = http::post("/api/enrol", None, &request(self.device())).await;
        if let Err(HttpError::Status {
            code: Some(FailureCode::DeviceTaken),
            ..
        }) = asked
        {
            // This device lost its key: to head office it is another one.
            let device = self.become_another_device().await?;
            asked = http::post("/api/enrol", None, &request(device)).await;
        }
        let answer: Enrolled = asked.map_err(|error| match error {
            HttpError::Network => JoinError::NeedsNetwork,
            HttpError::Status {
                code: Some(FailureCode::WrongCode),
                ..
            } => JoinError::WrongCode,
            HttpError::Status {
                code: Some(FailureCode::TooManyTries),
                ..
            } => JoinError::TooManyTries,
            HttpError::Malformed | HttpError::Status { .. } => JoinError::Server(error),
        })?;
        let known = self.enrolment();
        // The root is believed the first time and from then on.
        if known
            .as_ref()
            .is_some_and(|it| it.office.root != answer.office.root)
        {
            return Err(JoinError::OtherOffice);
        }
        let mut former = Vec::new();
        if let Some(known) = known {
            for person in known.people() {
                self.forget_person(&person).await?;
            }
            former.clone_from(&known.former);
            if known.key_of(self.device()).is_none() {
                former.push(known.certificate);
            }
        }
        self.sign_out().await?;
        preferences::note_erasure(false);
        self.heard(answer.server_now);
        self.keep_enrolment(Enrolment {
            site: answer.site,
            certificate: answer.certificate,
            office: answer.office,
            former,
        })
        .await?;
        self.wake_signed_in();
        Ok(())
    }

    /// After somebody signed in: the certificate that names them as well.
    pub(super) async fn adopt_certificate(self, certificate: Bytes) -> Result<(), Fault> {
        let Some(enrolment) = self.enrolment() else {
            return Ok(());
        };
        self.keep_enrolment(Enrolment {
            certificate,
            ..enrolment
        })
        .await
    }

    /// What this device is let in with: of the contact that is open, or of a new one.
    pub(super) async fn token_or_contact(self) -> Result<String, ContactError> {
        match self.token.get_untracked() {
            Some(token) => Ok(token),
            None => self.new_token().await,
        }
    }

    pub(super) async fn new_token(self) -> Result<String, ContactError> {
        let answer = self.contact(false).await?;
        self.set_token(answer.token.clone());
        Ok(answer.token)
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

    /// Where another key is here than head office certified, this device is another one from now on: what it writes is
    /// to be signed by what it says that it is.
    pub(super) async fn notice_lost_key(self) -> Result<(), Fault> {
        let certified = self.enrolment().and_then(|it| it.key_of(self.device()));
        if let (Some(key), Some(certified)) = (self.key(), certified)
            && *key.public() != certified
        {
            self.become_another_device().await?;
        }
        Ok(())
    }

    /// Whether this device joined once, and has to do so again: it is another one since it lost its key.
    pub fn is_uncertified(self) -> bool {
        self.enrolment
            .read()
            .as_ref()
            .is_some_and(|it| it.key_of(self.device()).is_none())
    }

    /// Whether head office certified this device as what it is now: else nobody signs on it.
    pub(super) fn is_certified(self) -> bool {
        let enrolment = self.enrolment();
        enrolment.is_some_and(|it| it.key_of(self.device()).is_some())
    }

    /// A new id, under which this device begins a chain; what it wrote before stays whose it is.
    async fn become_another_device(self) -> Result<DeviceId, Fault> {
        let inner = self.inner.get_value();
        let _held = locks::exclusive("shouwen-device").await;
        let records = Records::read(&inner.log, &Records::OF_ACCESS).await?;
        let mut device = this_device(&inner.log, &records).await?;
        // Another tab may have been first.
        if device.id == self.device() {
            let written = inner.log.standing().await?.head;
            device = another_device(&inner.log, written.chain).await?;
        }
        inner.device.set(device);
        // Whoever still has the key of before writes no more.
        inner.tabs.tell(&Said::Erased);
        Ok(device.id)
    }

    /// Proves this device to head office, and head office to this device.
    pub async fn contact(self, forked: bool) -> Result<Contacted, ContactError> {
        let enrolment = self.enrolment().ok_or(ContactError::NotEnrolled)?;
        let key = self.key().ok_or(ContactError::NoKey)?;
        let challenge: Challenge = http::post("/api/challenge", None, &()).await?;
        let head = self.head();
        let reading = self.reading(&challenge.nonce).await?;
        let said = Contact {
            device: self.device(),
            certificate: enrolment.certificate.clone(),
            nonce: challenge.nonce,
            reading,
            head: Stated {
                chain: head.chain,
                sequence: head.sequence,
                hash: head.hash,
            },
            forked,
        };
        let body = key.say(Context::Contact, &said).await?;
        let answer = http::post_bytes("/api/contact", None, &body).await?;
        self.learn_keys(&answer).await?;
        let answer: Option<Contacted> = self.signed_by_office(Context::Contacted, &answer).await;
        let answer = answer.ok_or(ContactError::NotHeadOffice)?;
        if answer.nonce != said.nonce || answer.device != said.device {
            return Err(ContactError::NotHeadOffice);
        }
        self.inner
            .with_value(|it| it.texts_in_force.set(answer.texts));
        self.keep_lease().await?;
        Ok(answer)
    }

    /// That whoever is signed in reads; head office gives a device on which nobody is nothing.
    async fn reading(self, nonce: &Bytes) -> Result<Option<Bytes>, ContactError> {
        let Some((person, key)) = self.reader() else {
            return Ok(None);
        };
        let reading = Reading {
            person,
            device: self.device(),
            nonce: nonce.clone(),
        };
        Ok(Some(Bytes(key.say(Context::Reading, &reading).await?)))
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

    /// Who signed in on this device.
    pub(super) fn people(self) -> BTreeSet<PersonId> {
        self.enrolment().map(|it| it.people()).unwrap_or_default()
    }

    /// Whether it is this device, or was it before it lost its key.
    pub(super) fn is_or_was(self, device: DeviceId) -> bool {
        let was = || {
            let enrolment = self.enrolment();
            enrolment.is_some_and(|it| it.certificate_of(device).is_some())
        };
        self.device() == device || was()
    }

    /// Of what this device was first, where it lost its key since.
    pub fn first_certificate(self) -> Option<Bytes> {
        self.enrolment()?.former.into_iter().next()
    }

    /// The certificate that it has.
    pub(super) fn certificate(self) -> Option<Bytes> {
        Some(self.enrolment()?.certificate)
    }

    /// Renewed keys out of the answer to a contact. They may be those that it is signed with, and the root vouches for them,
    /// whoever brings them.
    async fn learn_keys(self, answer: &[u8]) -> Result<(), Fault> {
        let unverified = |signed: Signed| minicbor::decode::<Contacted>(signed.unverified()).ok();
        let answer = Signed::from_bytes(answer).ok().and_then(unverified);
        let (Some(known), Some(answer)) = (self.enrolment(), answer) else {
            return Ok(());
        };
        let mut learned = Vec::new();
        for it in answer.certificates {
            if !known.office.certificates.contains(&it) && known.vouched(&it).await.is_some() {
                learned.push(it);
            }
        }
        match self.enrolment().filter(|_| !learned.is_empty()) {
            Some(mut enrolment) => {
                enrolment.office.certificates.extend(learned);
                self.keep_enrolment(enrolment).await
            }
            None => Ok(()),
        }
    }

    /// From now on this device's case numbers carry the code of this chain.
    pub async fn adopt_chain(self, chain: &NewChain) -> Result<(), Fault> {
        self.adopt_certificate(chain.certificate.clone()).await
    }

    /// Whether head office gave these in one answer: one signature vouches for those before it too.
    pub async fn are_believed(self, receipts: &[Receipt]) -> bool {
        let (Some(enrolment), Some(runs)) = (self.enrolment(), Receipt::vouched(receipts)) else {
            return false;
        };
        let office = enrolment.keys(&Subject::Office).await;
        for signed in runs.iter().filter_map(|it| it.last()) {
            let mut claimed = office
                .iter()
                .filter_map(|key| Some((key, signed.to_verify(key)?)));
            let Some((key, (message, signature))) = claimed.next() else {
                return false;
            };
            if !keys::verify(key, &message, &signature).await {
                return false;
            }
        }
        true
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
