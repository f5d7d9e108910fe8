//! Lets go of cases that this device can do without.
//!
//! What it wrote in them itself stays, sealed to head office, until a verified backup has had it for long
//! enough: a head office that is restored from an older backup gets it back from here. Without a key to
//! seal to, nothing goes.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId};
use shouwen_domain::moment::Moment;
use shouwen_domain::retention::is_long_over;
use shouwen_domain::summary::Summary;
use shouwen_store::{Fault, Fence, History, Log, Row, RowMark, Section, WriteError, is_settled};
use shouwen_sync::copies::{Copy, Own, in_records};
use shouwen_sync::message::{BackedUp, Bytes};

use super::Desk;
use crate::browser;
use crate::browser::tabs::Said;

/// Rows looked through at one time.
const N_ROWS: usize = 1_000;
/// Cases let go of at one time.
const N_CASES: usize = 32;

/// What tells that a case is none of this device's business any longer.
pub type OutOfScope<'a> = &'a dyn Fn(&[Envelope]) -> bool;

/// How far rows were looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// More of them are behind this one; none: behind the beginning.
    UpTo(Option<RowMark>),
    /// All of them.
    Through,
    /// What this device wrote in them would be gone.
    NobodyToSealTo,
}

impl Desk {
    /// Looks through some rows behind `after` and lets go of what this device can do without.
    pub async fn let_go_of_some(
        self,
        fence: Fence,
        after: Option<RowMark>,
        backed_up: &[BackedUp],
        out_of_scope: Option<OutOfScope<'_>>,
    ) -> Result<Looked, WriteError> {
        let now = browser::now();
        let page = self.log().rows(after, N_ROWS).await?;
        let (mut going, mut own) = (Vec::new(), Vec::new());
        let mut looked = page
            .next
            .map_or(Looked::Through, |it| Looked::UpTo(Some(it)));
        for row in page.rows {
            if going.len() == N_CASES {
                // Those are gone the next time; the rest of the page is looked through then.
                looked = Looked::UpTo(after);
                break;
            }
            if let Some(history) = self.may_go(&row, now, out_of_scope).await? {
                going.push((row.case, history.version));
                own.extend(own_of(self, history));
            }
        }
        if !going.is_empty() {
            own.retain(|it| it.needs_copy(backed_up, now));
            let Some(copies) = self.keep_copies(own).await? else {
                return Ok(Looked::NobodyToSealTo);
            };
            self.let_go(fence, &going, &copies).await?;
        }
        Ok(looked)
    }

    /// The history of a case that may go.
    async fn may_go(
        self,
        row: &Row,
        now: Moment,
        out_of_scope: Option<OutOfScope<'_>>,
    ) -> Result<Option<History>, Fault> {
        if row.case.is_of_looks() {
            let rules = self.rules.get_untracked();
            let today = rules.map(|it| CaseId::of_looks(it.zone().local(now).date()));
            let is_over = today.is_some_and(|today| row.case < today);
            let history = self.log().history(row.case).await?;
            return Ok((is_over && self.has_settled(&history)).then_some(history));
        }
        // What has no record of a case is not one: the site's own envelopes, or acts that came before it.
        let Some(summary) = Summary::from_bytes(&row.body) else {
            return Ok(None);
        };
        let is_over = self.rules.with_untracked(|it| {
            it.as_ref()
                .is_some_and(|it| is_long_over(&summary, &it.pack, now))
        });
        if row.case == CaseId::SITE || (!is_over && out_of_scope.is_none()) {
            return Ok(None);
        }
        let history = self.log().history(row.case).await?;
        let goes = is_over || {
            let envelopes: Vec<Envelope> =
                history.counting().map(|it| it.envelope.clone()).collect();
            out_of_scope.is_some_and(|it| it(&envelopes))
        };
        Ok((goes && self.has_settled(&history)).then_some(history))
    }

    /// Whether the log will let go of it, where nothing is owed: it is asked only then, since copies are made
    /// before.
    fn has_settled(self, history: &History) -> bool {
        let mut own = history
            .entries
            .iter()
            .filter(|it| self.is_or_was(it.envelope.header().device));
        own.all(|it| {
            let hash = it.envelope.hash();
            let receipt = history.receipts.iter().find(|it| it.hash == hash);
            // What was let go of before and came again has no receipt.
            is_settled(receipt) || (receipt.is_none() && it.arrived.is_some())
        })
    }

    /// Seals these to head office and keeps them under the names that it answers. None: there is nobody to seal to.
    async fn keep_copies(self, own: Vec<Own>) -> Result<Option<Vec<String>>, Fault> {
        let mut names = Vec::new();
        let records = in_records(own);
        // What this device was before it lost its key wrote in chains of its own.
        let records = records
            .iter()
            .flat_map(|it| it.chunk_by(|a, b| device_of(a) == device_of(b)));
        for own in records {
            let withdrawals = self.taken_back_of(own).await?;
            let envelopes: Vec<Envelope> = own.iter().map(|it| it.envelope.clone()).collect();
            let Ok(sealed) = self.sealed_rescue(&envelopes, withdrawals, None).await else {
                return Ok(None);
            };
            let places = own.iter().map(Own::place);
            let copy = Copy {
                sealed,
                places: places.map(|it| (it.chain, it.sequence)).collect(),
                newest: own.iter().map(Own::newest).max().unwrap_or_default(),
            };
            let record = minicbor::to_vec(&copy).expect("writing to a vector cannot fail");
            let name = Hash::of(&record).to_string();
            self.log().put(Section::Copies, &name, &record).await?;
            names.push(name);
        }
        Ok(Some(names))
    }

    /// What is said of these that were taken back: whoever brings them has to say it again.
    async fn taken_back_of(self, own: &[Own]) -> Result<Vec<Bytes>, Fault> {
        let log = self.log();
        let said: BTreeSet<String> = log.list(Section::Withdrawals).await?.into_iter().collect();
        let mut statements = Vec::new();
        for it in own.iter().map(Own::place) {
            let name = format!("{}/{}", it.chain, it.sequence);
            if said.contains(&name)
                && let Some(bytes) = log.get(Section::Withdrawals, &name).await?
            {
                statements.push(Bytes(bytes));
            }
        }
        Ok(statements)
    }

    async fn let_go(
        self,
        fence: Fence,
        cases: &[(CaseId, u32)],
        copies: &[String],
    ) -> Result<(), WriteError> {
        let answer = self.log().let_go(fence, cases).await;
        if let Err(WriteError::Conflict(_)) = &answer {
            // They are still here: the next time they are copied anew.
            for name in copies {
                self.log().remove(Section::Copies, name).await?;
            }
        }
        answer?;
        self.catch_up().await;
        self.inner.get_value().tabs.tell(&Said::Changed);
        Ok(())
    }

    /// The first copy behind this name, as head office takes it.
    pub async fn copy_after(self, name: &str) -> Result<Option<(String, Bytes)>, Fault> {
        for it in self.log().list(Section::Copies).await? {
            if it.as_str() > name
                && let Some(copy) = self.copy(&it).await?
            {
                return Ok(Some((it, copy.sealed)));
            }
        }
        Ok(None)
    }

    async fn copy(self, name: &str) -> Result<Option<Copy>, Fault> {
        let record = self.log().get(Section::Copies, name).await?;
        let copy = record.map(|it| minicbor::decode(&it));
        copy.transpose().map_err(|error| Fault::Corrupt {
            what: format!("copy {name}: {error}"),
        })
    }

    /// Head office says how far a verified backup reaches.
    pub async fn drop_copies(self, backed_up: &[BackedUp], now: Moment) -> Result<(), Fault> {
        let log = self.log();
        for name in log.list(Section::Copies).await? {
            let copy = self.copy(&name).await?;
            if copy.is_some_and(|it| it.is_over(backed_up, now)) {
                log.remove(Section::Copies, &name).await?;
            }
        }
        Ok(())
    }
}

fn device_of(own: &Own) -> DeviceId {
    own.envelope.header().device
}

fn own_of(desk: Desk, history: History) -> impl Iterator<Item = Own> {
    let entries = history.entries.into_iter();
    entries
        .filter(move |it| desk.is_or_was(it.envelope.header().device))
        .map(|it| Own {
            envelope: it.envelope,
            arrived: it.arrived,
        })
}
