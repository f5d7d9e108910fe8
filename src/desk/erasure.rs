//! Cases whose words head office had erased: what this device still has of them goes before the order is stored, so that
//! whoever knows of the order has none of the words.
//!
//! Acts that are owed stay owed, without their words. What was sealed to head office before (copies) nobody here can open.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{Fact, PhotoAdded, VOCABULARY};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;
use shouwen_domain::site::Site;
use shouwen_domain::summary::Summary;
use shouwen_store::{
    Conflict, Erase, Fault, Fence, Files, History, Log, NamedRecord, Section, WriteError,
};

use super::records::Records;
use super::{Desk, summarize};

const NAME: &str = "erased";

/// Whose words are gone, and since when. Stored with the page that says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erasures {
    /// Under which the site's orders were read: with a later one they are read again.
    #[n(1)]
    vocabulary: u32,
    #[n(2)]
    cases: BTreeMap<CaseId, Moment>,
}

impl Erasures {
    pub(super) fn of(records: &Records) -> Self {
        Self::read(records.get(Section::Settings, NAME))
    }

    fn read(record: Option<&[u8]>) -> Self {
        let stored = record.and_then(|it| minicbor::decode(it).ok());
        stored.unwrap_or_default()
    }

    pub fn at(&self, case: CaseId) -> Option<Moment> {
        self.cases.get(&case).copied()
    }

    /// The envelope as it may be kept.
    pub fn kept(&self, envelope: Envelope) -> Envelope {
        if self.cases.contains_key(&envelope.header().case) {
            envelope.without_content()
        } else {
            envelope
        }
    }

    /// With those that these envelopes of the site order.
    fn with<'a>(&self, envelopes: impl IntoIterator<Item = &'a Envelope>) -> Self {
        let ordered = Site::fold(envelopes).erased;
        let mut cases = self.cases.clone();
        for (case, erasure) in ordered {
            cases.entry(case).or_insert(erasure.at);
        }
        Self {
            vocabulary: VOCABULARY,
            cases,
        }
    }

    /// With what envelopes of any cases order.
    pub fn with_orders<'a>(&self, envelopes: impl Iterator<Item = &'a Envelope>) -> Self {
        self.with(envelopes.filter(|it| it.header().case == CaseId::SITE))
    }

    /// Those that these ones do not have.
    pub fn beyond(&self, known: &Self) -> BTreeSet<CaseId> {
        let cases = self.cases.keys().copied();
        cases.filter(|it| known.at(*it).is_none()).collect()
    }

    pub fn record(&self) -> NamedRecord {
        NamedRecord {
            section: Section::Settings,
            name: NAME.to_owned(),
            record: minicbor::to_vec(self).expect("writing to a vector cannot fail"),
        }
    }
}

impl Desk {
    /// Cases whose words are gone, as far as this device has read.
    pub fn erasures(self) -> ReadSignal<Erasures> {
        self.erasures.read_only()
    }

    /// As they are stored: another tab may have read further.
    pub async fn load_erasures(self) -> Result<Erasures, Fault> {
        let record = self.log().get(Section::Settings, NAME).await?;
        let stored = Erasures::read(record.as_deref());
        self.know_erasures(stored.clone());
        Ok(stored)
    }

    pub fn know_erasures(self, erasures: Erasures) {
        if self.erasures.with_untracked(|it| *it != erasures) {
            self.erasures.set(erasures);
        }
    }

    /// Obeys, before anything is shown, what an older version of the app stored and could not read; and once more where a
    /// page died between a late act and the look whether its case was erased meanwhile.
    pub(super) async fn obey_older_orders(self, records: &Records) -> Result<(), Fault> {
        let stored = Erasures::of(records);
        self.know_erasures(stored.clone());
        let mut erasures = stored.clone();
        if stored.vocabulary != VOCABULARY {
            let site = self.log().history(CaseId::SITE).await?;
            let envelopes: Vec<Envelope> = site.entries.into_iter().map(|it| it.envelope).collect();
            erasures = stored.with(&envelopes);
        }
        let ordered = erasures.cases.keys().copied().collect();
        let histories = self.log().histories(&ordered).await?;
        for case in ordered {
            let mut entries = histories.get(&case).into_iter().flat_map(|it| &it.entries);
            let has_words = entries.any(|it| it.envelope.has_content());
            if has_words || stored.at(case).is_none() {
                self.erase_now(case).await?;
            }
        }
        if erasures != stored {
            let it = erasures.record();
            self.log().put(it.section, &it.name, &it.record).await?;
            self.know_erasures(erasures);
        }
        Ok(())
    }

    /// For what was done in a case while the order to erase it came.
    pub(super) async fn erase_if_ordered(self, case: CaseId) -> Result<(), Fault> {
        if self.load_erasures().await?.at(case).is_some() {
            self.erase_now(case).await?;
        }
        Ok(())
    }

    /// Whoever pumps takes over again afterwards.
    pub(super) async fn erase_now(self, case: CaseId) -> Result<(), Fault> {
        loop {
            let fence = self.log().take_over().await?;
            match self.erase_words(fence, case).await {
                Ok(()) => return Ok(()),
                Err(WriteError::Conflict(_)) => {}
                Err(WriteError::Fault(fault)) => return Err(fault),
            }
        }
    }

    /// Takes everything that somebody wrote, drew or photographed in a case off this device.
    pub async fn erase_words(self, fence: Fence, case: CaseId) -> Result<(), WriteError> {
        let log = self.log();
        loop {
            let history = log.history(case).await?;
            for photo in pictures(&history) {
                log.erase_file(photo).await?;
            }
            self.erase_drafts(case).await?;
            if !history.entries.iter().any(|it| it.envelope.has_content()) {
                return Ok(());
            }
            let counting = history.counting().map(|it| it.envelope.clone());
            let envelopes: Vec<Envelope> = counting.map(Envelope::without_content).collect();
            let rules = self.rules.get_untracked();
            let summary = rules.and_then(|it| summarize(&envelopes, &it));
            let erase = Erase {
                case,
                expected_version: history.version,
                body: summary.as_ref().map_or_else(Vec::new, Summary::to_bytes),
            };
            match log.erase(fence, &[erase]).await {
                Ok(standing) => {
                    self.forget_rows();
                    self.stored(standing, summary.into_iter().collect());
                    return Ok(());
                }
                // Somebody acted meanwhile.
                Err(WriteError::Conflict(Conflict::Case { .. })) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What anybody began to write or photograph in it.
    async fn erase_drafts(self, case: CaseId) -> Result<(), Fault> {
        let (log, case) = (self.log(), case.to_string());
        for name in log.list(Section::Drafts).await? {
            if !name.contains(&case) {
                continue;
            }
            if let Some(draft) = log.get(Section::Drafts, &name).await? {
                let photos = minicbor::decode::<Vec<PhotoAdded>>(&draft);
                for it in photos.unwrap_or_default() {
                    log.erase_file(it.photo).await?;
                }
            }
            log.remove(Section::Drafts, &name).await?;
        }
        Ok(())
    }
}

fn pictures(history: &History) -> BTreeSet<Hash> {
    let facts = history
        .entries
        .iter()
        .flat_map(|it| it.envelope.facts().unwrap_or_default());
    facts
        .filter_map(|it| {
            let Fact::PhotoAdded(it) = it else {
                return None;
            };
            Some(it.photo)
        })
        .collect()
}
