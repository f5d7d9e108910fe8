//! Who is at the device. A PIN that head office accepted once is checked on the device from then on.

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use shouwen_domain::id::PersonId;
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::message::{Bytes, FailureCode, SignIn, SignedIn};

use super::{ContactError, Desk};
use crate::browser;
use crate::browser::http::{self, HttpError};
use crate::browser::keys::{SigningKey, Whose};
use crate::browser::pin;
use crate::sync_pump::Wake;

const CURRENT: &str = "current";
/// Wrong PINs in a row before only head office can let somebody in again.
const MAX_MISSES: u32 = 10;

/// A person signed in on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub person: PersonId,
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
struct Known {
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    salt: Vec<u8>,
    #[n(2)]
    rounds: u32,
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    derived: Vec<u8>,
    #[n(4)]
    n_misses: u32,
    /// With which this person signs here, as a `COSE_Key`.
    #[n(5)]
    key: Bytes,
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
    pub(super) async fn load_session(self) -> Result<(), Fault> {
        let current = self.log().get(Section::Session, CURRENT).await?;
        let person = current
            .and_then(|it| String::from_utf8(it).ok())
            .and_then(|it| it.parse::<PersonId>().ok());
        let session = match person {
            Some(person) if self.known(&person).await?.is_some() => Some(Session { person }),
            Some(_) | None => None,
        };
        if self.session.with_untracked(|it| *it != session) {
            self.session.set(session);
        }
        Ok(())
    }

    /// Signs a person in: by what the device knows, else by asking head office.
    pub async fn sign_in(self, person: PersonId, pin: String) -> Result<(), SignInError> {
        match self.known(&person).await? {
            Some(known) if known.n_misses < MAX_MISSES => {
                match self.check(&person, &known, &pin).await {
                    // The PIN may have been changed at head office, which then knows better.
                    Err(SignInError::WrongPin { .. }) if browser::is_online() => {
                        match self.ask_head_office(&person, &pin).await {
                            Err(SignInError::NeedsNetwork) => Err(SignInError::WrongPin {
                                n_left: Some(MAX_MISSES - known.n_misses - 1),
                            }),
                            other => other,
                        }
                    }
                    other => other,
                }
            }
            Some(_) => match self.ask_head_office(&person, &pin).await {
                Err(SignInError::NeedsNetwork) => Err(SignInError::Locked),
                other => other,
            },
            None => self.ask_head_office(&person, &pin).await,
        }
    }

    /// Nobody is signed in any more; drafts and what is unsent stay.
    pub async fn sign_out(self) -> Result<(), Fault> {
        self.log().remove(Section::Session, CURRENT).await?;
        self.session.set(None);
        self.tell_tabs();
        Ok(())
    }

    async fn check(self, person: &PersonId, known: &Known, pin: &str) -> Result<(), SignInError> {
        // Counted before it is tried, so that a reload is no free try.
        let counted = Known {
            n_misses: known.n_misses + 1,
            ..known.clone()
        };
        self.keep(person, &counted).await?;
        let derived = pin::derive(pin, &known.salt, known.rounds)
            .await
            .map_err(|_| SignInError::NoCrypto)?;
        if derived != known.derived {
            return Err(SignInError::WrongPin {
                n_left: Some(MAX_MISSES.saturating_sub(counted.n_misses)),
            });
        }
        let cleared = Known {
            n_misses: 0,
            ..known.clone()
        };
        self.keep(person, &cleared).await?;
        self.enter(person.clone()).await
    }

    async fn ask_head_office(self, person: &PersonId, pin: &str) -> Result<(), SignInError> {
        let key = SigningKey::open(Whose::Person(person)).await;
        let key = key.map_err(|_| SignInError::NoCrypto)?;
        let key = Bytes(key.public().to_cose_key());
        let request = SignIn {
            person: person.clone(),
            pin: pin.to_owned(),
            certificate: self.certificate().ok_or(SignInError::NotEnrolled)?,
            key: key.clone(),
            first_certificate: None,
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
        self.adopt_certificate(answer.certificate).await?;
        self.heard(answer.server_now);
        let salt = browser::random::<16>().to_vec();
        let derived = pin::derive(pin, &salt, pin::ROUNDS)
            .await
            .map_err(|_| SignInError::NoCrypto)?;
        let known = Known {
            salt,
            rounds: pin::ROUNDS,
            derived,
            n_misses: 0,
            key,
        };
        self.keep(person, &known).await?;
        self.enter(person.clone()).await
    }

    async fn enter(self, person: PersonId) -> Result<(), SignInError> {
        self.log()
            .put(Section::Session, CURRENT, person.as_str().as_bytes())
            .await?;
        self.session.set(Some(Session { person }));
        self.tell_tabs();
        self.wake_signed_in();
        Ok(())
    }

    /// The pump goes on with what head office lets this device do now.
    pub(super) fn wake_signed_in(self) {
        (self.inner.get_value().wake_pump)(Wake::SignedIn);
    }

    /// Whoever that is has to ask head office to get in again, and signs with another key from then on.
    pub(super) async fn forget_person(self, person: &PersonId) -> Result<(), Fault> {
        self.inner.get_value().persons_key.take();
        // A key that stays opens nothing: it signs for whoever is signed in.
        let _ = SigningKey::forget(Whose::Person(person)).await;
        self.log().remove(Section::Session, &name(person)).await
    }

    async fn known(self, person: &PersonId) -> Result<Option<Known>, Fault> {
        let bytes = self.log().get(Section::Session, &name(person)).await?;
        // What another version wrote is asked for anew.
        Ok(bytes.and_then(|it| minicbor::decode(&it).ok()))
    }

    async fn keep(self, person: &PersonId, known: &Known) -> Result<(), Fault> {
        let bytes = minicbor::to_vec(known).expect("writing to a vector cannot fail");
        self.log()
            .put(Section::Session, &name(person), &bytes)
            .await
    }
}

fn name(person: &PersonId) -> String {
    format!("person/{person}")
}
