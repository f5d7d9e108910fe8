//! An act with more events than a person has at once, for the benchmarks.

use leptos::prelude::*;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::Event;
use shouwen_domain::id::CaseId;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Case, Command, decide};
use shouwen_store::{History, Log};

use super::{Acted, Desk, MAX_TRIES, SendError, TryError};
use crate::browser;

impl Desk {
    /// As [`Desk::send`], with what else there is to say of the case in the same act.
    pub async fn send_with(
        self,
        case: CaseId,
        command: Command,
        besides: Vec<Event>,
    ) -> Result<(), SendError> {
        for _ in 0..MAX_TRIES {
            match self.try_send_with(case, command.clone(), &besides).await {
                Ok(()) => return Ok(()),
                Err(TryError::Behind) => self.catch_up().await,
                Err(TryError::Final(error)) => return Err(error),
            }
        }
        Err(SendError::Busy)
    }

    async fn try_send_with(
        self,
        case: CaseId,
        mut command: Command,
        besides: &[Event],
    ) -> Result<(), TryError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        let session = self.session.get_untracked().ok_or(SendError::NotSignedIn)?;
        let now = browser::now();
        // As where a person records: nothing is known of it yet.
        let history = if matches!(command, Command::Record(_)) {
            History::default()
        } else {
            self.log().history(case).await?
        };
        let envelopes: Vec<Envelope> = history.counting().map(|it| it.envelope.clone()).collect();
        let folded = Case::fold(&envelopes);
        if let Command::Record(form) = &mut command {
            form.number = self.next_number(now, &rules)?;
        }
        let acting = Acting {
            rules: &rules,
            person: &session.person,
            now,
            evidence: Evidence::default(),
        };
        let decided = decide(folded.case.as_ref(), command, acting).map_err(SendError::Refused)?;
        let acted = Acted {
            case,
            events: &[&decided[..], besides].concat(),
            version: history.version,
            envelopes,
            at: now,
        };
        self.append(acted, &rules, &session, |_| true).await?;
        Ok(())
    }
}
