//! That somebody had a case before them goes on record, behind what is shown: nobody waits for it, and no case changes.

use gloo::timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::Look;
use shouwen_domain::id::CaseId;
use shouwen_domain::looks::Glance;
use shouwen_store::{Append, Log, Projection};

use super::{Desk, MAX_TRIES, SendError, TryError};
use crate::browser;
use crate::browser::tabs::Said;
use crate::sync_pump::Wake;

impl Desk {
    /// Puts on record that whoever is signed in looks at a case: once a day, however often.
    pub fn look(self, case: CaseId, how: Look) {
        // What was asked for is drawn first.
        let keep = move || spawn_local(self.keep_look(case, how));
        Timeout::new(0, keep).forget();
    }

    async fn keep_look(self, case: CaseId, how: Look) {
        for _ in 0..MAX_TRIES {
            match self.try_look(case, how).await {
                Err(TryError::Behind) => self.catch_up().await,
                Err(TryError::Final(SendError::Fault(fault))) => return self.report(fault),
                // Nobody is here any more, or this browser cannot sign and was given no case.
                Ok(()) | Err(TryError::Final(_)) => return,
            }
        }
    }

    async fn try_look(self, case: CaseId, how: Look) -> Result<(), TryError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        let session = self.session.get_untracked().ok_or(SendError::NotSignedIn)?;
        let now = browser::now();
        let glance = Glance {
            person: &session.person,
            case,
            how,
            day: rules.zone().local(now).date(),
        };
        let of_the_day = self.log().history(glance.place()).await?;
        let of_the_case = self.log().history(case).await?;
        let envelopes = |of: &[shouwen_store::Entry]| -> Vec<Envelope> {
            of.iter().map(|it| it.envelope.clone()).collect()
        };
        let event = glance.to_record(
            &envelopes(&of_the_day.entries),
            &envelopes(&of_the_case.entries),
            rules.zone(),
        );
        let Some(event) = event else { return Ok(()) };
        let key = self.signing_key_of(&session.person);
        let key = key.ok_or(SendError::NotSignedIn)?;
        let (place, by) = (glance.place(), &session.person);
        let events = [event];
        let signing = self.seal_and_sign(place, &rules, by, now, &events, Some(&key));
        let (envelope, letter) = self.with_letter(signing).await?;
        let append = Append {
            envelope,
            expected_version: of_the_day.version,
            // In no list.
            projection: Projection {
                due: None,
                body: Vec::new(),
            },
        };
        let standing = self.store(append, letter).await?;
        self.standing.set(standing);
        self.wrote();
        let inner = self.inner.get_value();
        inner.tabs.tell(&Said::Changed);
        (inner.wake_pump)(Wake::Sent);
        Ok(())
    }
}
