//! Who is at the device. A PIN that head office accepted once opens the person's ring on the device from then on.

use futures::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;
use minicbor::{Decode, Encode};
use shouwen_domain::id::PersonId;
use shouwen_domain::moment::Moment;
use shouwen_store::{Fault, Log, NamedRecord, Section};
use shouwen_sync::client::Elapsed;
use shouwen_sync::message::{Bytes, FailureCode, SignIn, SignedIn};

use super::records::Records;
use super::{ContactError, Desk};
use crate::browser;
use crate::browser::http::{self, HttpError};
use crate::browser::keys::Packed;
use crate::browser::locks;
use crate::browser::ring::{Lock, ROUNDS, Ring, Unlocked};
use crate::sync_pump::Wake;

const CURRENT: &str = "current";
/// Wrong PINs in a row after which the ring is gone: only head office can let somebody in again.
const MAX_MISSES: u32 = 10;
/// So many are tried without waiting; then there are these waits.
const FREE_MISSES: u32 = 4;
const WAITS_MIN: [u64; 5] = [1, 5, 15, 60, 60];

/// A person signed in on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub person: PersonId,
    /// Whether head office has certified a key of theirs here: without one, what they record is theirs by claim.
    pub signs: bool,
    /// Who gave them another PIN here, until they have seen it.
    pub reset: Option<Reset>,
}

/// That a supervisor gave somebody another PIN on this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reset {
    #[n(1)]
    pub by: PersonId,
    #[n(2)]
    pub at: Moment,
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// None: head office said so and does not say how many tries are left.
    WrongPin {
        n_left: Option<u32>,
    },
    /// This person never signed in here, and there is no network.
    NeedsNetwork,
    /// Too many wrong PINs on this device: a network is needed.
    Locked,
    /// Several wrong PINs on this device: the next one may be tried after that.
    Wait {
        minutes: u32,
    },
    /// This device heard nothing of head office for too long.
    LeaseOver,
    /// Head office lets nobody try that fast.
    TooManyTries,
    Server(HttpError),
    /// The browser has no WebCrypto here, or keeps no key.
    NoCrypto,
    /// Whoever answered is not the head office at which this device is enrolled.
    OtherOffice,
    /// Head office does not know this device (any more): it has to join.
    NotEnrolled,
    /// Head office lets this person in no more.
    Revoked,
    Fault(Fault),
}

/// What the device keeps of a person who signed in on it.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct Known {
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    salt: Vec<u8>,
    #[n(2)]
    rounds: u32,
    #[n(4)]
    n_misses: u32,
    /// Sealed with the PIN; gone after the last miss.
    #[n(5)]
    ring: Option<Bytes>,
    #[n(6)]
    reset: Option<Reset>,
}

impl Known {
    fn record(&self, person: &PersonId) -> NamedRecord {
        let record = minicbor::to_vec(self).expect("writing to a vector cannot fail");
        NamedRecord::new(Section::Session, &name(person), &record)
    }

    fn of(records: &Records, person: &PersonId) -> Option<Self> {
        Self::read(records.get(Section::Session, &name(person)))
    }

    /// What another version wrote is asked for anew.
    fn read(record: Option<&[u8]>) -> Option<Self> {
        minicbor::decode(record?).ok()
    }

    pub(super) async fn new(
        person: &PersonId,
        pin: &str,
        ring: &Ring,
        reset: Option<Reset>,
    ) -> Result<Self, SignInError> {
        let salt = browser::random::<16>().to_vec();
        let sealed = ring.seal(lock(person, pin, &salt, ROUNDS)).await;
        Ok(Self {
            salt,
            rounds: ROUNDS,
            n_misses: 0,
            ring: Some(Bytes(sealed.map_err(|_| SignInError::NoCrypto)?)),
            reset,
        })
    }
}

/// What came of a PIN on the device itself.
pub(super) enum Here {
    /// With what is to be kept of the person from then on: no misses are left.
    Opened(Ring, Known),
    Wrong {
        n_left: u32,
    },
    /// Nothing was tried.
    Unknown,
    TooManyMisses,
    Wait {
        minutes: u32,
    },
    /// Head office has to be met first; nothing was tried.
    LeaseOver,
}

impl From<Fault> for SignInError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ContactError> for SignInError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::NotEnrolled
            | ContactError::Http(HttpError::Status {
                code: Some(FailureCode::NotEnrolled),
                ..
            }) => Self::NotEnrolled,
            ContactError::NoKey => Self::NoCrypto,
            ContactError::Http(HttpError::Network) => Self::NeedsNetwork,
            ContactError::Http(error) => Self::Server(error),
            ContactError::NotHeadOffice => Self::OtherOffice,
            ContactError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Desk {
    /// Who is at the device, as it lies on the disk; with the keys where another tab or the worker has them.
    pub(super) async fn know_session(self, records: &Records) -> Result<(), Fault> {
        let current = records.get(Section::Session, CURRENT);
        let person = current
            .and_then(|it| std::str::from_utf8(it).ok())
            .and_then(|it| it.parse::<PersonId>().ok());
        let known = person.as_ref().and_then(|it| Known::of(records, it));
        let known = known.filter(|it| it.ring.is_some());
        let person = person.filter(|_| known.is_some());
        if self.last_here.with_untracked(|it| *it != person) {
            self.last_here.set(person.clone());
        }
        let Some(person) = person.filter(|_| !self.revoked.get_untracked()) else {
            self.shut();
            return Ok(());
        };
        if !self.is_unlocked_by(&person) {
            self.shut();
            let keys = self.keys_kept_elsewhere(&person).await;
            let Some(keys) = keys else { return Ok(()) };
            if self.lease_is_over(records) {
                return Ok(());
            }
            self.unlock(keys).await?;
            self.wake_signed_in();
        }
        let session = Some(self.session_of(person, known));
        if self.session.with_untracked(|it| *it != session) {
            self.session.set(session);
        }
        Ok(())
    }

    /// Signs a person in: by what the device knows, else by asking head office.
    pub async fn sign_in(self, person: PersonId, pin: String) -> Result<(), SignInError> {
        let mut here = self.try_here(&person, &pin).await?;
        if matches!(here, Here::LeaseOver) {
            self.renew_lease().await?;
            here = self.try_here(&person, &pin).await?;
        }
        let without_network = match here {
            Here::Opened(ring, known) => return self.enter(person, &ring, known).await,
            Here::Wrong { n_left } => SignInError::WrongPin {
                n_left: Some(n_left),
            },
            Here::Unknown => SignInError::NeedsNetwork,
            Here::TooManyMisses => SignInError::Locked,
            Here::Wait { minutes } => SignInError::Wait { minutes },
            Here::LeaseOver => SignInError::LeaseOver,
        };
        // The PIN may have been changed at head office, which then knows better.
        if !browser::is_online() && !matches!(without_network, SignInError::NeedsNetwork) {
            return Err(without_network);
        }
        match self.ask_head_office(&person, &pin).await {
            Err(SignInError::NeedsNetwork) => Err(without_network),
            other => other,
        }
    }

    /// Head office was not heard for too long.
    async fn renew_lease(self) -> Result<(), SignInError> {
        match self.contact(false).await {
            Ok(answer) => {
                self.heard(answer.server_now);
                Ok(self.obey(&answer).await?)
            }
            Err(ContactError::Http(_)) => Err(SignInError::LeaseOver),
            Err(error) => Err(error.into()),
        }
    }

    /// Nobody is signed in any more; drafts and what is unsent stay.
    pub async fn sign_out(self) -> Result<(), Fault> {
        self.log().remove(Section::Session, CURRENT).await?;
        self.last_here.set(None);
        self.lock();
        self.tell_tabs();
        Ok(())
    }

    /// Tries the PIN on the person's ring, one tab at a time. Counted before anything comes of it, so that a reload is no
    /// free try.
    pub(super) async fn try_here(self, person: &PersonId, pin: &str) -> Result<Here, SignInError> {
        let _held = locks::exclusive("shouwen-pin").await;
        let records = Records::read(&self.log(), &Records::OF_ACCESS).await?;
        if self.is_enrolled() && self.lease_is_over(&records) {
            return Ok(Here::LeaseOver);
        }
        let Some(known) = Known::of(&records, person) else {
            return Ok(Here::Unknown);
        };
        let Some(sealed) = &known.ring else {
            // Without a miss: another version of the app knew this person.
            return Ok(if known.n_misses < MAX_MISSES {
                Here::Unknown
            } else {
                Here::TooManyMisses
            });
        };
        if let Some(minutes) = self.has_to_wait(person, known.n_misses) {
            return Ok(Here::Wait { minutes });
        }
        let n_misses = known.n_misses + 1;
        let is_last = n_misses >= MAX_MISSES;
        let counted = Known {
            n_misses,
            ring: known.ring.clone().filter(|_| !is_last),
            ..known.clone()
        };
        let (counted, opened) = join(
            self.keep(person, &counted),
            Ring::open(&sealed.0, lock(person, pin, &known.salt, known.rounds)),
        )
        .await;
        counted?;
        let Some(ring) = opened.map_err(|_| SignInError::NoCrypto)? else {
            self.note_miss(person, n_misses);
            return Ok(if is_last {
                Here::TooManyMisses
            } else {
                Here::Wrong {
                    n_left: MAX_MISSES - n_misses,
                }
            });
        };
        let cleared = Known {
            n_misses: 0,
            ..known
        };
        self.note_miss(person, 0);
        Ok(Here::Opened(ring, cleared))
    }

    /// How many minutes are left before this person's PIN may be tried again. Reckoned by the clock that only goes
    /// forward: from when this page noticed the miss, at the latest from when it was opened.
    fn has_to_wait(self, person: &PersonId, n_misses: u32) -> Option<u32> {
        let inner = self.inner.get_value();
        let mut waits = inner.waits.borrow_mut();
        let noticed = waits
            .entry(person.clone())
            .or_insert((n_misses, Elapsed(0)));
        let now = browser::elapsed();
        if noticed.0 != n_misses {
            *noticed = (n_misses, now);
        }
        let wait = n_misses.checked_sub(FREE_MISSES + 1)?;
        let minutes = *WAITS_MIN.get(usize::try_from(wait).ok()?)?;
        let until = noticed.1.0 + minutes * 60_000;
        let left_ms = until.checked_sub(now.0).filter(|it| *it > 0)?;
        u32::try_from(left_ms.div_ceil(60_000)).ok()
    }

    fn note_miss(self, person: &PersonId, n_misses: u32) {
        let inner = self.inner.get_value();
        let noticed = (n_misses, browser::elapsed());
        inner.waits.borrow_mut().insert(person.clone(), noticed);
    }

    async fn ask_head_office(self, person: &PersonId, pin: &str) -> Result<(), SignInError> {
        // Whatever PIN the one before may be sealed with.
        let signing = Packed::new().await.map_err(|_| SignInError::NoCrypto)?;
        let request = SignIn {
            person: person.clone(),
            pin: pin.to_owned(),
            certificate: self.certificate().ok_or(SignInError::NotEnrolled)?,
            key: Bytes(signing.public.clone()),
            first_certificate: self.first_certificate(),
        };
        let mut token = self.token_or_contact().await?;
        let mut asked = http::post("/api/sign-in", Some(&token), &request).await;
        if let Err(HttpError::Status {
            code: Some(FailureCode::NotSignedIn),
            ..
        }) = asked
        {
            token = self.new_token().await?;
            asked = http::post("/api/sign-in", Some(&token), &request).await;
        }
        let answer: SignedIn = match asked {
            Ok(it) => it,
            Err(HttpError::Network) => return Err(SignInError::NeedsNetwork),
            Err(HttpError::Status {
                code: Some(FailureCode::WrongPin),
                ..
            }) => {
                return Err(SignInError::WrongPin { n_left: None });
            }
            Err(HttpError::Status {
                code: Some(FailureCode::TooManyTries),
                ..
            }) => {
                return Err(SignInError::TooManyTries);
            }
            Err(HttpError::Status {
                code: Some(FailureCode::Revoked),
                ..
            }) => return Err(SignInError::Revoked),
            Err(error) => return Err(SignInError::Server(error)),
        };
        // Without a key, head office does not let in what this device was before it lost its key.
        let content = answer.content_key.ok_or(SignInError::Revoked)?;
        self.adopt_certificate(answer.certificate).await?;
        self.heard(answer.server_now);
        let ring = Ring {
            content: content.0,
            signing: Some(signing),
        };
        // Whoever was given another PIN meanwhile is told of it.
        let reset = self.known(person).await?.and_then(|it| it.reset);
        let known = Known::new(person, pin, &ring, reset).await?;
        self.enter(person.clone(), &ring, known).await
    }

    async fn enter(self, person: PersonId, ring: &Ring, known: Known) -> Result<(), SignInError> {
        let current = NamedRecord::new(Section::Session, CURRENT, person.as_str().as_bytes());
        let session = [known.record(&person), current];
        let unlocked = Unlocked::of(person.as_str(), ring).await;
        let opening = async {
            let unlocked = unlocked.map_err(|_| SignInError::NoCrypto)?;
            self.unlock(unlocked).await.map_err(SignInError::from)
        };
        // Whatever opening comes to: the last try took the ring away, and the PIN was right. What is read first would wait
        // for what is written first.
        let (opened, kept) = join(opening, self.log().put_all(&session)).await;
        if kept.is_err() {
            self.lock_here();
        }
        opened?;
        kept?;
        self.last_here.set(Some(person.clone()));
        self.session.set(Some(self.session_of(person, Some(known))));
        self.share_keys();
        self.tell_tabs();
        self.wake_signed_in();
        Ok(())
    }

    fn session_of(self, person: PersonId, known: Option<Known>) -> Session {
        Session {
            signs: self.signing_key_of(&person).is_some(),
            reset: known.and_then(|it| it.reset),
            person,
        }
    }

    /// Whoever is signed in has seen that they were given another PIN.
    pub async fn reset_is_seen(self) -> Result<(), Fault> {
        let Some(session) = self.session.get_untracked() else {
            return Ok(());
        };
        if let Some(known) = self.known(&session.person).await? {
            let seen = Known {
                reset: None,
                ..known
            };
            self.keep(&session.person, &seen).await?;
        }
        self.session.set(Some(Session {
            reset: None,
            ..session
        }));
        Ok(())
    }

    /// The pump goes on with what head office lets this device do now, once the list is drawn.
    pub(super) fn wake_signed_in(self) {
        spawn_local(async move {
            browser::drawn().await;
            (self.inner.get_value().wake_pump)(Wake::SignedIn);
        });
    }

    /// Whoever that is has to ask head office to get in again.
    pub(super) async fn forget_person(self, person: &PersonId) -> Result<(), Fault> {
        self.log().remove(Section::Session, &name(person)).await
    }

    /// Nobody opens anything here any more.
    pub(super) async fn destroy_rings(self) -> Result<(), Fault> {
        let log = self.log();
        for name in log.list(Section::Session).await? {
            log.remove(Section::Session, &name).await?;
        }
        self.last_here.set(None);
        self.lock();
        Ok(())
    }

    async fn known(self, person: &PersonId) -> Result<Option<Known>, Fault> {
        let bytes = self.log().get(Section::Session, &name(person)).await?;
        Ok(Known::read(bytes.as_deref()))
    }

    pub(super) async fn keep(self, person: &PersonId, known: &Known) -> Result<(), Fault> {
        self.log().put_all(&[known.record(person)]).await
    }
}

fn lock<'a>(person: &'a PersonId, pin: &'a str, salt: &'a [u8], rounds: u32) -> Lock<'a> {
    Lock {
        person: person.as_str(),
        pin,
        salt,
        rounds,
    }
}

fn name(person: &PersonId) -> String {
    format!("person/{person}")
}
