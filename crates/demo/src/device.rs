//! One person's device: a log in memory, and the client that brings it and head office level.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use shouwen_domain::case::Case;
use shouwen_domain::certificate::{Certificate, Subject};
use shouwen_domain::envelope::{ClockEvidence, Envelope, EnvelopeError, Fate, Stamp};
use shouwen_domain::event::Event;
use shouwen_domain::hash::Salt;
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_domain::signature::{Algorithm, SecretKey};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Command, Refusal, Rules, decide};
use shouwen_store::{
    Append, CaseIn, Entry, Fault, Fence, Head, Log, Memory, Projection, Section, TakeIn, WriteError,
};
use shouwen_sync::client::{
    Client, Elapsed, Failure, Input, Load, Place, Start, Status, Todo, Trigger,
};
use shouwen_sync::message::{
    Bytes, Cursor, Enrolled, FailureCode, Page, Pull, Push, Stated, Withdraw,
};

use crate::chance::Chance;
use crate::office::{Office, OfficeError};

/// So many failures while getting level, and the replay ends.
const FAILURES: u32 = 4;
/// With which every device joins the demonstration.
const CODE: &str = "DEMO-DEMO-DEMO";
/// The setting that holds the epoch known to be filled.
const FILLED: &str = "filled";

pub struct Device {
    id: DeviceId,
    person: PersonId,
    site: SiteId,
    /// A part of case numbers.
    code: String,
    key: SecretKey,
    /// The person's, on this device.
    persons_key: SecretKey,
    enrolled: Enrolled,
    token: String,
    /// What may be read here, as head office said.
    scope: Scope,
    log: Memory,
    fence: Fence,
    client: Client,
    started: Instant,
    chance: Chance,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceError {
    Office(OfficeError),
    Refused {
        person: PersonId,
        refusal: Refusal,
    },
    Sealing(EnvelopeError),
    Log(String),
    /// Head office did not accept every act.
    NotAccepted {
        person: PersonId,
        fate: Option<Fate>,
    },
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Office(error) => error.fmt(f),
            Self::Refused { person, refusal } => write!(f, "An act of {person}: {refusal}"),
            Self::Sealing(error) => error.fmt(f),
            Self::Log(what) => write!(f, "The log in memory failed: {what}"),
            Self::NotAccepted {
                person,
                fate: Some(fate),
            } => {
                write!(f, "The server did not accept an act of {person}: {fate:?}")
            }
            Self::NotAccepted { person, fate: None } => {
                write!(f, "The server gave no receipt for an act of {person}")
            }
        }
    }
}

impl std::error::Error for DeviceError {}

impl From<OfficeError> for DeviceError {
    fn from(error: OfficeError) -> Self {
        Self::Office(error)
    }
}

impl From<Fault> for DeviceError {
    fn from(fault: Fault) -> Self {
        Self::Log(format!("{fault:?}"))
    }
}

impl From<WriteError> for DeviceError {
    fn from(error: WriteError) -> Self {
        Self::Log(format!("{error:?}"))
    }
}

impl Device {
    /// A new device on which `person` signs in; also tells head office's time.
    pub fn sign_in(
        office: &Office,
        person: &PersonId,
        pin: &str,
        mut chance: Chance,
    ) -> Result<(Self, Moment), OfficeError> {
        let id = DeviceId::from_random(chance.id());
        let mut new_key = || {
            SecretKey::from_bytes(Algorithm::Ed25519, &chance.secret())
                .expect("any 32 bytes are a key")
        };
        let (key, persons_key) = (new_key(), new_key());
        let mut enrolled = office.enrol(CODE, id, &key)?;
        let joined = office.contact(&enrolled, id, &key, None, Stated::default(), false)?;
        office.sign_in(person, pin, &persons_key, &mut enrolled, &joined.token)?;
        let reader = Some((person, &persons_key));
        let contacted = office.contact(&enrolled, id, &key, reader, Stated::default(), false)?;
        let log = Memory::new();
        let fence = ready(log.take_over()).expect("a new log in memory has no faults");
        let client = Client::new(Start {
            device: id,
            cursor: Cursor::default(),
            load: Load::default(),
            filled: 0,
            held: None,
        });
        let server_now = contacted.server_now;
        let device = Self {
            id,
            person: person.clone(),
            site: enrolled.site.clone(),
            code: code(&enrolled.certificate),
            key,
            persons_key,
            enrolled,
            token: contacted.token,
            scope: contacted.scope,
            log,
            fence,
            client,
            started: Instant::now(),
            chance,
        };
        Ok((device, server_now))
    }

    pub fn person(&self) -> &PersonId {
        &self.person
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// How many envelopes of a case are here.
    pub fn version(&self, case: CaseId) -> Result<u32, DeviceError> {
        Ok(ready(self.log.history(case))?.version)
    }

    /// Every case that is here, with its envelopes.
    pub fn cases(&self) -> Result<BTreeMap<CaseId, Vec<Envelope>>, DeviceError> {
        let mut cases = BTreeMap::new();
        for row in ready(self.log.rows(None, usize::MAX))?.rows {
            let history = ready(self.log.history(row.case))?;
            cases.insert(
                row.case,
                history.entries.into_iter().map(|it| it.envelope).collect(),
            );
        }
        Ok(cases)
    }

    /// One act at its own moment: decided on what is here, sealed behind what was sealed, saved.
    pub fn act(
        &mut self,
        case: CaseId,
        mut command: Command,
        at: Moment,
        rules: &Rules,
    ) -> Result<(), DeviceError> {
        let history = ready(self.log.history(case))?;
        let head = ready(self.log.opening(0))?.standing.head;
        let folded = Case::fold(history.entries.iter().map(|it| &it.envelope));
        let sequence = head.sequence + 1;
        if let Command::Record(form) = &mut command {
            let date = rules.zone().local(at).date().format("%m%d");
            form.number = format!("{date}-{}-{sequence:03}", self.code);
        }
        // A plan knows no envelopes: what is consented to is the request that is open.
        if let Command::Consent { request, .. } = &mut command
            && let Some(case) = &folded.case
            && let Some(open) = case.consents.requests.iter().find(|it| it.answer.is_none())
        {
            *request = open.envelope;
        }
        let acting = Acting {
            rules,
            person: &self.person,
            now: at,
            evidence: Evidence::default(),
        };
        let events = decide(folded.case.as_ref(), command, acting).map_err(|refusal| {
            DeviceError::Refused {
                person: self.person.clone(),
                refusal,
            }
        })?;
        if events.is_empty() {
            return Ok(());
        }
        let append = Append {
            envelope: self.sealed(case, &events, at, rules, head)?,
            expected_version: history.version,
            projection: row(),
        };
        ready(self.log.append(append))?;
        self.client
            .handle(Input::Trigger(Trigger::Sent), self.now(), 0);
        Ok(())
    }

    /// An act behind `head`, signed by device and person.
    pub fn sealed(
        &mut self,
        case: CaseId,
        events: &[Event],
        at: Moment,
        rules: &Rules,
        head: Head,
    ) -> Result<Envelope, DeviceError> {
        let stamp = Stamp {
            id: EnvelopeId::from_random(self.chance.id()),
            site: self.site.clone(),
            case,
            person: self.person.clone(),
            device: self.id,
            chain: head.chain.max(1),
            sequence: head.sequence + 1,
            previous: head.hash,
            counter: head.counter + 1,
            at,
            clock: Some(ClockEvidence {
                offset_ms: 0,
                age_s: self.chance.between(0, 900),
            }),
            // The receipts are of today and the acts of then: a receipt would be younger than what names it.
            last_receipt: None,
            rules: rules.hashes(),
            facts_salt: Salt(self.chance.id()),
            content_salt: Salt(self.chance.id()),
        };
        let sealed = Envelope::seal(stamp, events).map_err(DeviceError::Sealing)?;
        Ok(sealed.signed(&self.key).signed(&self.persons_key))
    }

    /// Brings acts to head office that are in no log, and sees them accepted.
    pub fn hand_in(&self, office: &Office, envelopes: &[Envelope]) -> Result<(), DeviceError> {
        let Some(last) = envelopes.last() else {
            return Ok(());
        };
        let push = Push {
            device: self.id,
            chain: last.header().chain,
            head: last.header().sequence,
            envelopes: envelopes.iter().map(|it| Bytes(it.to_bytes())).collect(),
            epoch: None,
        };
        let receipts = office.push(&self.token, &push)?.receipts;
        let not_accepted = receipts.iter().find(|it| it.fate != Fate::Accepted);
        match not_accepted {
            None if receipts.len() == envelopes.len() => Ok(()),
            it => Err(DeviceError::NotAccepted {
                person: self.person.clone(),
                fate: it.map(|it| it.fate),
            }),
        }
    }

    /// A part of the numbers of the cases that are recorded here.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Sends what is owed and reads what is new, until the client has nothing to do.
    pub fn get_level(&mut self, office: &Office) -> Result<(), DeviceError> {
        let mut n_failures = 0;
        self.tell(Input::Trigger(Trigger::Visible));
        loop {
            while let Some(todo) = self.client.poll() {
                let input = match self.perform(office, todo) {
                    Ok(input) => input,
                    Err(DeviceError::Office(error))
                        if n_failures < FAILURES && !is_final(&error) =>
                    {
                        n_failures += 1;
                        Input::Failed(failure(&error))
                    }
                    Err(error) => return Err(error),
                };
                self.tell(input);
            }
            let wake = match self.client.status() {
                // What comes next is only the look for news in half a minute.
                Status::Idle { .. } => return Ok(()),
                Status::Waiting { retry_at, .. } => retry_at,
                Status::Sending
                | Status::Receiving
                | Status::Loading(_)
                | Status::Offline
                | Status::SignedOut => {
                    return Err(DeviceError::Log(
                        "the client waits for what never comes".to_owned(),
                    ));
                }
            };
            thread::sleep(Duration::from_millis(wake.0.saturating_sub(self.now().0)));
            self.tell(Input::Trigger(Trigger::Timer));
        }
    }

    /// An error unless head office has every act of this device and accepted it.
    pub fn check_fates(&self) -> Result<(), DeviceError> {
        let not_accepted = |fate| DeviceError::NotAccepted {
            person: self.person.clone(),
            fate,
        };
        if ready(self.log.opening(0))?.standing.n_owed > 0 {
            return Err(not_accepted(None));
        }
        let fates = ready(self.log.fates(0))?;
        match fates.iter().find(|it| it.needs_a_person()) {
            Some(it) => Err(not_accepted(it.fate)),
            None => Ok(()),
        }
    }

    fn now(&self) -> Elapsed {
        Elapsed(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn tell(&mut self, input: Input) {
        let (now, chance) = (self.now(), self.chance.bits());
        self.client.handle(input, now, chance);
    }

    fn perform(&mut self, office: &Office, todo: Todo) -> Result<Input, DeviceError> {
        Ok(match todo {
            Todo::Contact { forked } => {
                let head = ready(self.log.opening(0))?.standing.head;
                let stated = Stated {
                    chain: head.chain,
                    sequence: head.sequence,
                    hash: head.hash,
                };
                let reader = Some((&self.person, &self.persons_key));
                let (of, key) = (&self.enrolled, &self.key);
                let answer = office.contact(of, self.id, key, reader, stated, forked)?;
                self.token.clone_from(&answer.token);
                self.scope = answer.scope.clone();
                Input::Contacted(answer)
            }
            Todo::StartChain(new) => {
                self.code = code(&new.certificate);
                ready(self.log.start_chain(self.fence, new.chain))?;
                Input::ChainStarted
            }
            // Nobody takes anything back here.
            Todo::LoadWithdrawals => Input::Withdrawals(Vec::new()),
            Todo::Withdraw(withdrawals) => {
                let withdraw = Withdraw {
                    device: self.id,
                    withdrawals,
                };
                Input::WithdrawAnswered(office.withdraw(&self.token, &withdraw)?)
            }
            // Nothing is let go of here.
            Todo::LoadCopy { .. } | Todo::HandIn(_) => Input::Copy(None),
            Todo::LoadOwed { max_bytes } => self.owed(ready(self.log.owed(max_bytes))?)?,
            Todo::LoadOwn { after, max_bytes } => self.owed(ready(self.log.own_after(
                after.chain,
                after.sequence,
                max_bytes,
            ))?)?,
            Todo::Push(push) => Input::PushAnswered(office.push(&self.token, &push)?),
            Todo::Settle(receipts) => {
                ready(self.log.settle(self.fence, &receipts))?;
                Input::Settled
            }
            Todo::KeepEpoch(epoch) => {
                ready(
                    self.log
                        .put(Section::Settings, FILLED, &epoch.to_be_bytes()),
                )?;
                Input::EpochKept
            }
            Todo::Pull(ask) => {
                let pull = Pull {
                    device: self.id,
                    scope: self.scope.clone(),
                    ask,
                };
                Input::PullAnswered(office.pull(&self.enrolled, &self.token, &pull)?)
            }
            // Nobody starts this device again.
            // Nobody else reads here, and nothing is read on after its end: what was read need not be kept.
            Todo::TakeIn { page, loads: _ } => self.take_in(&page)?,
            Todo::SignInAgain => Input::Failed(Failure::NotEnrolled),
        })
    }

    fn owed(&self, envelopes: Vec<Envelope>) -> Result<Input, DeviceError> {
        let head = ready(self.log.opening(0))?.standing.head;
        let head = Place {
            chain: head.chain,
            sequence: head.sequence,
        };
        Ok(Input::Owed { envelopes, head })
    }

    fn take_in(&self, page: &Page) -> Result<Input, DeviceError> {
        let mut cases: BTreeMap<CaseId, Vec<Entry>> = BTreeMap::new();
        for it in &page.entries {
            let envelope = Envelope::from_bytes(&it.envelope.0).map_err(DeviceError::Sealing)?;
            let entry = Entry {
                envelope,
                arrived: Some(it.arrived),
            };
            cases
                .entry(entry.envelope.header().case)
                .or_default()
                .push(entry);
        }
        let mut taken = Vec::new();
        for (case, entries) in cases {
            let expected_version = self.version(case)?;
            taken.push(CaseIn {
                case,
                expected_version,
                entries,
                projection: row(),
            });
        }
        let page_in = TakeIn {
            from: stored(page.from),
            to: stored(page.next),
            cases: taken,
            named: Vec::new(),
        };
        let standing = ready(self.log.take_in(self.fence, &page_in))?;
        Ok(Input::TakenIn {
            cursor: heard(standing.cursor),
        })
    }
}

/// The short code that a certificate gives its device.
fn code(certificate: &Bytes) -> String {
    let certificate = Certificate::from_bytes(&certificate.0).ok();
    match certificate.map(|it| it.claims().subject.clone()) {
        Some(Subject::Device { code, .. }) => code,
        Some(Subject::Office | Subject::Intake) | None => String::new(),
    }
}

/// What another try does not mend.
fn is_final(error: &OfficeError) -> bool {
    match error {
        OfficeError::NotPlainHttp { .. } => true,
        OfficeError::NoAnswer { .. } | OfficeError::NotHeadOffice { .. } => false,
        OfficeError::Declined { failure, .. } => match failure.code {
            FailureCode::WrongPin
            | FailureCode::NotEnrolled
            | FailureCode::WrongCode
            | FailureCode::Revoked
            | FailureCode::DeviceTaken => true,
            FailureCode::NotSignedIn
            | FailureCode::Malformed
            | FailureCode::TooManyTries
            | FailureCode::TooLarge
            | FailureCode::Storage
            | FailureCode::WrongBytes
            | FailureCode::NotAPicture
            | FailureCode::FilesOfTheDay
            | FailureCode::NotHere
            | FailureCode::TooSlow
            | FailureCode::Encoded
            | FailureCode::ForeignPage => false,
        },
    }
}

fn failure(error: &OfficeError) -> Failure {
    match error.code() {
        None => Failure::Network,
        Some(FailureCode::NotSignedIn) => Failure::SignedOut,
        Some(
            FailureCode::WrongPin
            | FailureCode::NotEnrolled
            | FailureCode::WrongCode
            | FailureCode::Revoked
            | FailureCode::DeviceTaken,
        ) => Failure::NotEnrolled,
        Some(FailureCode::TooLarge) => Failure::TooLarge,
        Some(
            FailureCode::Malformed
            | FailureCode::TooManyTries
            | FailureCode::Storage
            | FailureCode::WrongBytes
            | FailureCode::NotAPicture
            | FailureCode::FilesOfTheDay
            | FailureCode::NotHere
            | FailureCode::TooSlow
            | FailureCode::Encoded
            | FailureCode::ForeignPage,
        ) => Failure::Server,
    }
}

/// Nobody looks at a list here.
fn row() -> Projection {
    Projection {
        due: Some(Moment::from_unix_ms(0)),
        body: Vec::new(),
    }
}

fn heard(it: shouwen_store::Cursor) -> Cursor {
    Cursor {
        epoch: it.epoch,
        position: it.position,
    }
}

fn stored(it: Cursor) -> shouwen_store::Cursor {
    shouwen_store::Cursor {
        epoch: it.epoch,
        position: it.position,
    }
}

/// The log in memory never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => it,
        Poll::Pending => unreachable!("the log in memory never waits"),
    }
}
