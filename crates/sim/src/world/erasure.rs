//! Customers have cases erased: head office orders it, devices obey before they store the order.

use std::collections::BTreeSet;

use shouwen_domain::envelope::{Envelope, Stamp};
use shouwen_domain::event::{CaseErased, Content, Event as Happened, Fact};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::site::Site;
use shouwen_store::{CaseIn, Erase, Fault, Fence, Log, TakeIn, WriteError};
use shouwen_sync::message::Page;

use super::{Broken, Event, Law, World};
use crate::device::{Device, now, row, true_time};
use crate::people;
use crate::plant::Plant;

/// Somebody else is in a transaction: the order waits.
const WAITS_MS: u64 = 50;

impl World<'_> {
    /// A customer asks for it whose case this device has.
    pub(super) fn erase_one_of(&mut self, device: usize) -> Result<(), Broken> {
        let it = &mut self.devices[device];
        let mut cases = it.cases()?;
        cases.retain(|it| *it != CaseId::SITE && !it.is_of_looks());
        if cases.is_empty() {
            return Ok(());
        }
        let case = it.chance.pick(&cases);
        self.order(case)
    }

    /// Head office takes the site's lock for it.
    pub(super) fn order(&mut self, case: CaseId) -> Result<(), Broken> {
        if self.office.db.is_locked() || !self.office.db.on {
            self.at(self.now_ms + WAITS_MS, Event::Order { case });
            return Ok(());
        }
        let now = true_time(self.now_ms);
        let last = self.office.db.orders.last();
        let sequence = last.map_or(0, |it| it.header().sequence) + 1;
        let mut id = [0x0f; 16];
        id[8..].copy_from_slice(&sequence.to_be_bytes());
        let director = people::site().director();
        let stamp = Stamp {
            id: EnvelopeId::from_random(id),
            site: self.site.clone(),
            case: CaseId::SITE,
            person: director.clone(),
            device: DeviceId::HEAD_OFFICE,
            chain: 1,
            sequence,
            previous: last.map(Envelope::hash),
            counter: self.office.db.highest_counter() + 1,
            at: now,
            clock: None,
            last_receipt: None,
            rules: people::site().rules.hashes(),
            facts_salt: Salt([1; 16]),
            content_salt: Salt([2; 16]),
        };
        let agreed = director;
        let fact = Fact::CaseErased(CaseErased { case, agreed });
        let order = Envelope::seal(stamp, &[Happened::new(fact, Content::default())]);
        self.office.db.orders.push(order.expect("it is small"));
        let name = case.to_string();
        self.tell(&format_args!("office: case {} is erased", &name[..4]));
        self.report.n_erased += 1;
        self.office.db.obey(now)?;
        self.tell_news();
        Ok(())
    }

    /// Before a page is stored that orders it; and what the page is to store of those cases besides.
    pub(super) fn erase_before(
        &mut self,
        device: usize,
        fence: Fence,
        page: &Page,
        take: &mut TakeIn,
    ) -> Result<(), WriteError> {
        let it = &self.devices[device];
        let known = it.erased()?;
        let ordered: BTreeSet<CaseId> = it.erased_with(page)?.difference(&known).copied().collect();
        it.erase_words(fence, &ordered, self.plant)?;
        for case in ordered {
            let is_in = take.cases.iter().any(|it| it.case == case);
            let expected_version = now(it.disk.history(case))?.version;
            if !is_in && expected_version > 0 {
                take.cases.push(CaseIn {
                    case,
                    expected_version,
                    entries: Vec::new(),
                    projection: row(),
                });
            }
        }
        Ok(())
    }

    /// What was sealed before its device read of the order.
    pub(super) fn erase_after(
        &mut self,
        device: usize,
        written: &Envelope,
    ) -> Result<(), WriteError> {
        let it = &mut self.devices[device];
        let erased = it.erased()?;
        if written.has_content() && erased.contains(&written.header().case) {
            let fence = now(it.disk.take_over())?;
            // The tab that pumps takes over again for its next write.
            if let Some(pump) = it.pumps.values_mut().next_back() {
                pump.fence = fence;
            }
            it.erase_words(fence, &erased, self.plant)?;
        }
        Ok(())
    }

    /// Nobody who knows of the order has a word, nor has head office.
    pub(super) fn check_erased(&self, device: usize) -> Result<(), Broken> {
        let it = &self.devices[device];
        for case in it.erased()? {
            let entries = now(it.disk.history(case))?.entries;
            if entries.iter().any(|it| it.envelope.has_content()) {
                return Err(Law::StaysErased.broken(format_args!(
                    "device {device} has words of a case that it knows to be erased"
                )));
            }
        }
        Ok(())
    }

    /// What is to be left of an envelope that somebody saved.
    pub(super) fn left_of(&self, hash: Hash) -> Option<Vec<u8>> {
        let word = self.saved.envelopes.get(&hash)?;
        if !self.office.db.erased().contains(&word.case) {
            return Some(word.bytes.clone());
        }
        let whole = Envelope::from_bytes(&word.bytes).ok()?;
        Some(whole.without_content().to_bytes())
    }
}

impl Device {
    /// Of which cases it knows that they are erased.
    pub fn erased(&self) -> Result<BTreeSet<CaseId>, Fault> {
        let entries = now(self.disk.history(CaseId::SITE))?.entries;
        Ok(self.read_orders(entries.iter().map(|it| &it.envelope)))
    }

    /// The same once it has stored this page.
    pub fn erased_with(&self, page: &Page) -> Result<BTreeSet<CaseId>, Fault> {
        let entries = page.entries.iter();
        let arrived = entries.filter_map(|it| Envelope::from_bytes(&it.envelope.0).ok());
        let of_site: Vec<Envelope> = arrived
            .filter(|it| it.header().case == CaseId::SITE)
            .collect();
        let mut erased = self.erased()?;
        erased.extend(self.read_orders(&of_site));
        Ok(erased)
    }

    /// An older version stores what it cannot read.
    fn read_orders<'a>(&self, of_site: impl IntoIterator<Item = &'a Envelope>) -> BTreeSet<CaseId> {
        let understood = of_site
            .into_iter()
            .filter(|it| it.header().must_understand <= self.vocabulary);
        Site::fold(understood).erased.into_keys().collect()
    }

    /// What is done in an erased case counts, and no word of it is kept.
    pub fn without_words_of_erased(
        &self,
        case: CaseId,
        mut events: Vec<Happened>,
    ) -> Result<Vec<Happened>, Fault> {
        if self.erased()?.contains(&case) {
            for it in &mut events {
                it.content = Content::default();
            }
        }
        Ok(events)
    }

    pub fn erase_words(
        &self,
        fence: Fence,
        cases: &BTreeSet<CaseId>,
        plant: Option<Plant>,
    ) -> Result<(), WriteError> {
        for &case in cases {
            let history = now(self.disk.history(case))?;
            let mut entries = history.entries.iter().map(|it| &it.envelope);
            let is_own = |it: &Envelope| it.header().device == self.who.id;
            if plant == Some(Plant::OwnWordsKept) && entries.clone().any(is_own) {
                continue;
            }
            if entries.any(Envelope::has_content) {
                let erase = Erase {
                    case,
                    expected_version: history.version,
                    body: Vec::new(),
                };
                now(self.disk.erase(fence, &[erase]))?;
            }
        }
        Ok(())
    }
}
