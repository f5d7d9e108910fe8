//! What is recorded here while nobody is signed in: a new matter in somebody's name, which is theirs once they confirm it.
//!
//! It is stored in the device's box, which only whoever signs in opens, and goes out as a letter like every unsent act.

use leptos::prelude::*;
use shouwen_domain::command::RecordForm;
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Command, decide};
use shouwen_store::{Append, Fault, Log, Section, Standing, WriteError};
use shouwen_store_indexeddb::ChainPlace;

use super::records::Records;
use super::{Desk, MAX_TRIES, SendError, TryError, projection, summarize};
use crate::browser;
use crate::browser::locks;
use crate::browser::tabs::Said;
use crate::sync_pump::Wake;

const BOX: &str = "box";
/// Where in the chain stands what was recorded since somebody was last signed in.
const PLACES: &str = "unsigned";

/// What waits for those in whose name it was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsigned {
    pub n: usize,
    /// Of these, what head office does not have yet.
    pub n_unsent: usize,
}

impl Desk {
    /// Whether something can be recorded while nobody is signed in: somebody was once.
    pub fn has_box(self) -> bool {
        self.inner.get_value().keys.content().has_box()
    }

    /// How much was recorded since nobody is signed in. Never what.
    pub fn unsigned(self) -> ReadSignal<Unsigned> {
        self.unsigned.read_only()
    }

    /// With the content key, makes a box where there is none.
    pub(super) async fn take_up_box(self, records: &Records) -> Result<(), Fault> {
        let inner = self.inner.get_value();
        let content = inner.keys.content();
        let log = self.log();
        if let Some(stored) = records.get(Section::Settings, BOX) {
            return content.take_up_box(stored).await;
        }
        if self.is_locked() {
            return Ok(());
        }
        let _held = locks::exclusive("shouwen-box").await;
        // Another tab may have been first.
        if log.get(Section::Settings, BOX).await?.is_none() {
            let made = content.new_box().await?;
            log.put(Section::Settings, BOX, &made).await?;
        }
        match log.get(Section::Settings, BOX).await? {
            Some(it) => content.take_up_box(&it).await,
            None => Ok(()),
        }
    }

    /// Takes a new matter down in the name of `person`, durably, or says why not.
    pub async fn record_unsigned(
        self,
        person: &PersonId,
        form: RecordForm,
    ) -> Result<CaseId, SendError> {
        if !self.is_locked() || self.revoked.get_untracked() {
            return Err(SendError::NotSignedIn);
        }
        let id = CaseId::from_random(browser::random());
        self.tick();
        for _ in 0..MAX_TRIES {
            self.load_standing().await.map_err(SendError::Fault)?;
            match self.try_record_unsigned(id, person, form.clone()).await {
                Ok(()) => return Ok(id),
                Err(TryError::Behind) => {}
                Err(TryError::Final(error)) => return Err(error),
            }
        }
        Err(SendError::Busy)
    }

    async fn try_record_unsigned(
        self,
        id: CaseId,
        person: &PersonId,
        mut form: RecordForm,
    ) -> Result<(), TryError> {
        let rules = self.rules.get_untracked().ok_or(SendError::NotSignedIn)?;
        let now = browser::now();
        form.number = self.next_number(now, &rules)?;
        let acting = Acting {
            rules: &rules,
            person,
            now,
            evidence: Evidence::default(),
        };
        let command = Command::Record(Box::new(form));
        let events = decide(None, command, acting).map_err(SendError::Refused)?;
        let signing = self.seal_and_sign(id, &rules, person, now, &events, None);
        let (envelope, letter) = self.with_letter(signing).await?;
        let summary = summarize(std::slice::from_ref(&envelope), &rules);
        let summary = summary.ok_or(SendError::Busy)?;
        let append = Append {
            envelope,
            expected_version: 0,
            projection: projection(&summary),
        };
        let records = Records::read(&self.log(), &[Section::Settings]).await?;
        self.take_up_box(&records).await?;
        let standing = self.store_unread(&append, letter).await?;
        self.standing.set(standing);
        self.wrote();
        self.note_unsigned(ChainPlace::of(&append.envelope)).await?;
        let inner = self.inner.get_value();
        inner.tabs.tell(&Said::Changed);
        (inner.wake_pump)(Wake::Sent);
        Ok(())
    }

    /// Where the connection was lost it may be stored all the same: to say it again is no second act.
    async fn store_unread(
        self,
        append: &Append,
        letter: Option<Vec<u8>>,
    ) -> Result<Standing, WriteError> {
        let log = self.log();
        match log.append_unread(append, letter.clone()).await {
            Err(WriteError::Fault(Fault::ConnectionLost)) => {
                log.append_unread(append, letter).await
            }
            answer => answer,
        }
    }

    async fn note_unsigned(self, place: ChainPlace) -> Result<(), Fault> {
        let records = Records::read(&self.log(), &[Section::Settings]).await?;
        let mut places = unsigned_places(&records);
        places.push((place.chain, place.sequence));
        let bytes = minicbor::to_vec(&places).expect("writing to a vector cannot fail");
        self.log().put(Section::Settings, PLACES, &bytes).await?;
        self.count_unsigned().await
    }

    /// Looks again at what waits, and what of it went out.
    pub async fn count_unsigned(self) -> Result<(), Fault> {
        let records = Records::read(&self.log(), &[Section::Settings]).await?;
        let places = unsigned_places(&records);
        let mut found = Unsigned {
            n: places.len(),
            n_unsent: 0,
        };
        for (chain, sequence) in places {
            let place = ChainPlace { chain, sequence };
            found.n_unsent += usize::from(self.log().has_letter(place).await?);
        }
        if self.unsigned.get_untracked() != found {
            self.unsigned.set(found);
        }
        Ok(())
    }

    /// Somebody is signed in: from here on their list says what waits.
    pub(super) async fn unsigned_is_seen(self, records: &Records) -> Result<(), Fault> {
        // A write is waited for until it is on the disk.
        if records.get(Section::Settings, PLACES).is_some() {
            self.log().remove(Section::Settings, PLACES).await?;
        }
        self.unsigned.set(Unsigned::default());
        Ok(())
    }
}

fn unsigned_places(records: &Records) -> Vec<(u32, u64)> {
    let places = records.get(Section::Settings, PLACES);
    places
        .and_then(|it| minicbor::decode(it).ok())
        .unwrap_or_default()
}
