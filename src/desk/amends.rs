//! Acts that head office holds or refused: taken back, or done again.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shouwen_domain::Case;
use shouwen_domain::envelope::{Envelope, Fate, Receipt, RefusedReason};
use shouwen_domain::id::DeviceId;
use shouwen_domain::signature::{Context, Signed};
use shouwen_store::{Fault, Log, OwnFate, Section};
use shouwen_sync::message::{Bytes, Withdrawal};

use super::{Acted, Desk, MAX_TRIES, SendError, TryError};
use crate::browser;
use crate::sync_pump::Wake;

impl Desk {
    /// Says, signed, that an act that was not passed on shall not be. Where it was, it stays. What was done before this
    /// device lost its key nobody can take back; what head office refused of it needs no statement.
    pub async fn take_back(self, fate: OwnFate) -> Result<(), SendError> {
        let envelope = self.own(fate).await?;
        let header = envelope.header();
        let statement = if header.device == self.device() {
            self.withdrawal(&envelope).await?
        } else if matches!(fate.fate, Some(Fate::Refused(_))) {
            Vec::new()
        } else {
            return Err(SendError::NoKey);
        };
        self.log()
            .put(Section::Withdrawals, &name(fate), &statement)
            .await
            .map_err(SendError::Fault)?;
        (self.inner.get_value().wake_pump)(Wake::Sent);
        Ok(())
    }

    async fn withdrawal(self, envelope: &Envelope) -> Result<Vec<u8>, SendError> {
        let key = self.key().ok_or(SendError::NoKey)?;
        let header = envelope.header();
        let what = Withdrawal {
            device: header.device,
            chain: header.chain,
            sequence: header.sequence,
            hash: envelope.hash(),
        };
        let statement = key.say(Context::Withdrawal, &what).await;
        statement.map_err(|_| SendError::NoKey)
    }

    /// Does what was refused or taken back once more, behind what stands there by now; then nobody has to
    /// look at the old one any longer.
    pub async fn do_again(self, fate: OwnFate) -> Result<(), SendError> {
        let is_over = matches!(fate.fate, Some(Fate::Refused(_)));
        if !is_over {
            return Err(SendError::Busy);
        }
        let envelope = self.own(fate).await?;
        for _ in 0..MAX_TRIES {
            match self.try_again(&envelope).await {
                Ok(()) => return self.take_back(fate).await,
                Err(TryError::Behind) => self.catch_up().await,
                Err(TryError::Final(error)) => return Err(error),
            }
        }
        Err(SendError::Busy)
    }

    async fn try_again(self, old: &Envelope) -> Result<(), TryError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        let session = self.session.get_untracked().ok_or(SendError::NotSignedIn)?;
        let case = old.header().case;
        let events = old.events().map_err(|_| SendError::NeedsNewerVersion)?;
        let history = self.log().history(case).await?;
        let envelopes = history
            .counting()
            .map(|it| it.envelope.clone())
            .collect::<Vec<_>>();
        let before = Case::fold(&envelopes).without_effect.len();
        let acted = Acted {
            case,
            events: &events,
            version: history.version,
            envelopes,
            at: browser::now(),
        };
        let stored = self
            .append(acted, &rules, &session, |folded| {
                folded.without_effect.len() == before
            })
            .await?;
        if stored {
            Ok(())
        } else {
            Err(SendError::DoesNotFit.into())
        }
    }

    /// What this device says that it takes back: those that head office may not know of yet.
    pub async fn taken_back(self) -> Result<Vec<Bytes>, Fault> {
        let said = self.log().records(&[Section::Withdrawals]).await?;
        let mut statements: Vec<Bytes> = said.into_iter().map(|it| Bytes(it.record)).collect();
        statements.retain(|it| author(it).is_some());
        Ok(statements)
    }

    /// What was passed on before it was taken back stays so: told to a server that is restored later, the
    /// statement would have it refuse what others have by then.
    pub async fn forget_what_came_to_nothing(self, receipts: &[Receipt]) -> Result<(), Fault> {
        let log = self.log();
        let accepted = receipts.iter().filter(|it| it.fate == Fate::Accepted);
        let accepted: BTreeSet<String> = accepted.map(|it| place(it.chain, it.sequence)).collect();
        for name in log.list(Section::Withdrawals).await? {
            if accepted.contains(&name) {
                log.remove(Section::Withdrawals, &name).await?;
            }
        }
        Ok(())
    }

    /// Whether somebody has already said what is to become of it.
    pub async fn is_settled(self, fate: OwnFate) -> Result<bool, Fault> {
        let said = self.log().get(Section::Withdrawals, &name(fate)).await?;
        Ok(said.is_some() || fate.fate == Some(Fate::Refused(RefusedReason::Withdrawn)))
    }

    async fn own(self, fate: OwnFate) -> Result<Envelope, SendError> {
        let before = fate.sequence.saturating_sub(1);
        let own = self.log().own_after(fate.chain, before, 1).await;
        let own = own.map_err(SendError::Fault)?.into_iter().next();
        own.filter(|it| it.header().id == fate.id).ok_or_else(|| {
            SendError::Fault(Fault::Corrupt {
                what: format!("envelope {} is missing", fate.id),
            })
        })
    }
}

/// By whom a statement is: this device, or what it was before it lost its key.
pub fn author(statement: &Bytes) -> Option<DeviceId> {
    let signed = Signed::from_bytes(&statement.0).ok()?;
    let said: Withdrawal = minicbor::decode(signed.unverified()).ok()?;
    Some(said.device)
}

fn name(fate: OwnFate) -> String {
    place(fate.chain, fate.sequence)
}

fn place(chain: u32, sequence: u64) -> String {
    format!("{chain}/{sequence}")
}
