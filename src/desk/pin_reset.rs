//! Another PIN for a colleague, on this device and without a network. It opens what lies here, and signs nothing.

use leptos::prelude::*;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::site::{PinReset, Site, SiteCommand, decide_site};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Rules};
use shouwen_store::{Fault, Log};

use super::session::{Here, Known};
use super::{Acted, Desk, MAX_TRIES, Reset, SendError, Session, SignInError, TryError};
use crate::browser;
use crate::browser::ring::Ring;

/// Why nobody got another PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetError {
    /// The supervisor's own PIN, which alone opens what is to be handed on.
    OwnPin(SignInError),
    Send(SendError),
}

impl From<SendError> for ResetError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<Fault> for ResetError {
    fn from(fault: Fault) -> Self {
        Self::Send(SendError::Fault(fault))
    }
}

impl Desk {
    /// Whom whoever is signed in may give another PIN.
    pub fn may_reset(self) -> Vec<PersonId> {
        let (Some(rules), Some(session)) = (self.rules.get(), self.session.get()) else {
            return Vec::new();
        };
        let acting = acting(&rules, &session);
        let may = |person: &PersonId| {
            let person = person.clone();
            decide_site(&Site::default(), SiteCommand::ResetPin { person }, acting).is_ok()
        };
        let people = rules.directory.people.keys();
        people
            .filter(|it| session.signs && may(it))
            .cloned()
            .collect()
    }

    /// Whose PINs were given anew on this site, as far as whoever is signed in has to do with it.
    pub async fn pins_given(self) -> Vec<PinReset> {
        let Ok(history) = self.log().history(CaseId::SITE).await else {
            return Vec::new();
        };
        let site = Site::fold(history.counting().map(|it| &it.envelope));
        let me = self.session.get_untracked().map(|it| it.person);
        let mut given = site.pin_resets;
        given.retain(|it| [&it.person, &it.by].map(Some).contains(&me.as_ref()));
        given
    }

    /// On record first, then done. `own_pin`: the supervisor's, whose ring holds what the new one is to hold.
    pub async fn reset_pin(
        self,
        person: PersonId,
        pin: String,
        own_pin: String,
    ) -> Result<(), ResetError> {
        let session = self.session.get_untracked();
        let session = session
            .filter(|it| it.signs)
            .ok_or(SendError::NotSignedIn)?;
        let here = self.try_here(&session.person, &own_pin).await;
        let ring = match here.map_err(ResetError::OwnPin)? {
            Here::Opened(ring, known) => {
                self.keep(&session.person, &known).await?;
                ring
            }
            Here::Wrong { n_left } => {
                let wrong = SignInError::WrongPin {
                    n_left: Some(n_left),
                };
                return Err(ResetError::OwnPin(wrong));
            }
            Here::Wait { minutes } => {
                return Err(ResetError::OwnPin(SignInError::Wait { minutes }));
            }
            Here::Unknown | Here::TooManyMisses => {
                return Err(ResetError::OwnPin(SignInError::Locked));
            }
            Here::LeaseOver => return Err(ResetError::OwnPin(SignInError::LeaseOver)),
        };
        self.order_for_site(
            &session,
            SiteCommand::ResetPin {
                person: person.clone(),
            },
        )
        .await?;
        let theirs = Ring {
            content: ring.content,
            signing: None,
        };
        let reset = Reset {
            by: session.person,
            at: browser::now(),
        };
        let known = Known::new(&person, &pin, &theirs, Some(reset)).await;
        self.keep(&person, &known.map_err(ResetError::OwnPin)?)
            .await?;
        Ok(())
    }

    async fn order_for_site(
        self,
        session: &Session,
        command: SiteCommand,
    ) -> Result<(), SendError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        for _ in 0..MAX_TRIES {
            match self.try_for_site(session, &rules, command.clone()).await {
                Ok(()) => return Ok(()),
                Err(TryError::Behind) => self.catch_up().await,
                Err(TryError::Final(error)) => return Err(error),
            }
        }
        Err(SendError::Busy)
    }

    async fn try_for_site(
        self,
        session: &Session,
        rules: &Rules,
        command: SiteCommand,
    ) -> Result<(), TryError> {
        let history = self.log().history(CaseId::SITE).await?;
        let envelopes: Vec<Envelope> = history.counting().map(|it| it.envelope.clone()).collect();
        let acting = acting(rules, session);
        let site = Site::fold(&envelopes);
        let events = decide_site(&site, command, acting).map_err(SendError::Refused)?;
        let acted = Acted {
            case: CaseId::SITE,
            events: &events,
            version: history.version,
            envelopes,
            at: acting.now,
        };
        self.append(acted, rules, session, |_| true).await?;
        Ok(())
    }
}

fn acting<'a>(rules: &'a Rules, session: &'a Session) -> Acting<'a> {
    Acting {
        rules,
        person: &session.person,
        now: browser::now(),
        evidence: Evidence::default(),
    }
}
