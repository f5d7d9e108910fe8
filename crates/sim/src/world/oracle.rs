//! What must hold, whatever went wrong.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::Case;
use shouwen_domain::case::Act;
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt, RefusedReason};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId};
use shouwen_store::{Entry, Log};
use shouwen_sync::client::Place;

use super::{Broken, Law, World};
use crate::device::{Device, heard, now};
use crate::plant::Plant;

const FORK: Fate = Fate::Held(HeldReason::Fork);

impl World<'_> {
    /// A receipt is given only for what is durable, and none takes back what another one said.
    pub(super) fn check_durable(
        &mut self,
        device: usize,
        receipts: &[Receipt],
    ) -> Result<(), Broken> {
        let tables = &self.office.db.tables;
        for it in receipts {
            let durable = tables.fate(it.device, it.hash).is_some()
                || tables.is_withdrawn((it.device, it.chain), it.sequence, it.hash);
            if it.epoch == tables.epoch && !durable {
                return Err(Law::ReceiptsAgree.broken(format_args!(
                    "device {device} has a receipt for its envelope {}, which head office does not have",
                    it.sequence
                )));
            }
            // A clone knows nothing of what its twin takes back, and fills a restored server up all the same.
            if self.is_cloned(it.device) || self.office.db.was_released_at_start(it.hash) {
                self.told.ever_taken_back.remove(&it.hash);
            }
            self.told.hears(it, self.office.db.was_ever_fed(it.hash))?;
        }
        Ok(())
    }

    /// What still has to happen until everything is everywhere.
    pub(super) fn unsettled(&self) -> Result<Option<Broken>, Broken> {
        let tables = &self.office.db.tables;
        let end = tables.end();
        let late = |what: std::fmt::Arguments<'_>| Ok(Some(Law::EveryActHasAFate.broken(what)));
        for (n, device) in self.living() {
            let standing = device.standing()?;
            if standing.n_owed > 0 {
                return late(format_args!("device {n} still owes {}", standing.n_owed));
            }
            let cursor = heard(standing.cursor);
            if cursor != end {
                return late(format_args!(
                    "device {n} has read to {} of epoch {}, head office is at {} of {}",
                    cursor.position, cursor.epoch, end.position, end.epoch
                ));
            }
        }
        for (hash, it) in &self.saved.envelopes {
            let fate = || tables.fate(it.author, *hash);
            let lenient = it.refused || it.taken_back || self.is_cloned(it.author);
            let there = if lenient {
                fate().is_some()
            } else {
                tables.is_passed_on(*hash)
            };
            if it.for_sure && !there && !self.devices[it.device].lost {
                return Ok(Some(Law::NothingLost.broken(format_args!(
                    "head office does not have envelope {} of device {}",
                    it.sequence, it.device
                ))));
            }
        }
        for (n, device) in self.living() {
            for it in device.own()? {
                // Also what nobody was told of, where the log has it.
                let author = it.header().device;
                let is_fork =
                    self.is_cloned(author) && tables.fate(author, it.hash()) == Some(FORK);
                let is_not_owed = is_fork || self.is_refused(&it) || self.is_taken_back(&it);
                if !is_not_owed && !tables.is_passed_on(it.hash()) {
                    return late(format_args!(
                        "head office does not have envelope {} of device {n}",
                        it.header().sequence
                    ));
                }
            }
        }
        let n_waiting = tables.n_of_unknown_format();
        if n_waiting > 0 {
            return late(format_args!(
                "{n_waiting} envelopes wait for a server that knows their format"
            ));
        }
        for (n, device) in self.living() {
            for it in now(device.disk.fates(usize::MAX))? {
                let is_fork = it.fate == Some(FORK) && self.was_cloned(device);
                if !is_fork && !matches!(it.fate, Some(Fate::Accepted | Fate::Refused(_))) {
                    return late(format_args!(
                        "the fate of envelope {} of device {n} is {:?}",
                        it.sequence, it.fate
                    ));
                }
            }
        }
        for (n, _) in self.living() {
            let n_lacking = self.lacks(n)?;
            if n_lacking > 0 {
                return Ok(Some(Law::NoneSkipped.broken(format_args!(
                    "device {n} lacks {n_lacking} envelopes that its people may read"
                ))));
            }
        }
        Ok(None)
    }

    fn living(&self) -> impl Iterator<Item = (usize, &Device)> {
        self.devices.iter().enumerate().filter(|(_, it)| !it.lost)
    }

    pub(super) fn check_everything(&mut self) -> Result<(), Broken> {
        let feed = self.check_feed()?;
        let hashes: BTreeSet<Hash> = feed.values().flatten().map(Envelope::hash).collect();
        let cases: BTreeSet<CaseId> = self.saved.envelopes.values().map(|it| it.case).collect();
        let mut folds: BTreeMap<CaseId, (Vec<Hash>, shouwen_domain::case::Folded)> =
            BTreeMap::new();
        let (mut n_without_effect, mut n_out_of_scope) = (0, 0);
        for (n, device) in self.living() {
            let mut here = BTreeSet::new();
            for &case in &cases {
                let mut entries = now(device.disk.history(case))?.entries;
                // What is refused stays on its own device, to be mended or withdrawn; what a restored
                // server lost together with the device that wrote it stays with whoever had read it.
                entries.retain(|it| {
                    let header = it.envelope.header();
                    let hash = it.envelope.hash();
                    let is_orphan = || {
                        self.devices
                            .iter()
                            .any(|d| d.lost && d.who.is_or_was(header.device))
                    };
                    // A fork stays with whoever wrote it, and after a restore with whoever had read it.
                    let is_fork = || self.office.db.tables.fate(header.device, hash) == Some(FORK);
                    // What its person took back without knowing that it was accepted stays with whoever had read it
                    // before the server forgot it.
                    hashes.contains(&hash)
                        || !is_orphan()
                            && !is_fork()
                            && !self.is_taken_back(&it.envelope)
                            && (!device.who.is_or_was(header.device)
                                || !self.is_refused(&it.envelope))
                });
                self.check_bytes(n, &entries)?;
                let arrived = feed.get(&case).map(Vec::as_slice).unwrap_or_default();
                let gone = device.lacks(arrived, &entries);
                if !gone.is_empty() {
                    // Of the rest it makes no case.
                    here.extend(gone);
                    here.extend(entries.iter().map(|it| it.envelope.hash()));
                    continue;
                }
                if let Some(it) = entries
                    .iter()
                    .find(|it| !hashes.contains(&it.envelope.hash()))
                {
                    let header = it.envelope.header();
                    let writer = self
                        .devices
                        .iter()
                        .position(|it| it.who.is_or_was(header.device));
                    return Err(Law::SameEverywhere.broken(format_args!(
                        "device {n} has envelope {} of device {writer:?}, which head office does not have",
                        header.sequence
                    )));
                }
                let order: Vec<Hash> = entries.iter().map(|it| it.envelope.hash()).collect();
                here.extend(order.iter().copied());
                if order.len() < arrived.len() {
                    // Its own acts stay where its people may read the case no more.
                    continue;
                }
                match folds.get(&case) {
                    Some((known, _))
                        if *known == order && self.plant != Some(Plant::OrderOfArrival) => {}
                    Some((_, known)) => {
                        if *known != self.fold(device, &entries) {
                            return Err(Law::SameEverywhere.broken(format_args!(
                                "device {n} makes another case of the same envelopes"
                            )));
                        }
                    }
                    None => {
                        let folded = self.fold(device, &entries);
                        n_without_effect += folded.without_effect.len() as u64;
                        if folded != Case::fold(arrived) {
                            return Err(Law::SameEverywhere
                                .broken("the order of arrival at head office makes another case"));
                        }
                        folds.insert(case, (order, folded));
                    }
                }
            }
            n_out_of_scope += hashes.difference(&here).count() as u64;
            self.check_own(n, device)?;
            device.check_looks(n)?;
        }
        self.report.n_without_effect = n_without_effect;
        self.report.n_out_of_scope = n_out_of_scope;
        self.report.n_forked = self.office.db.tables.n_forked();
        Ok(())
    }

    /// Everything in the feed was saved by somebody, byte for byte; by case, in the order of arrival.
    fn check_feed(&self) -> Result<BTreeMap<CaseId, Vec<Envelope>>, Broken> {
        let mut feed: BTreeMap<CaseId, Vec<Envelope>> = BTreeMap::new();
        for it in self.office.db.tables.feed().values() {
            if self
                .office
                .db
                .orders
                .iter()
                .any(|order| order.hash() == it.hash)
            {
                continue;
            }
            let word = self.saved.envelopes.get(&it.hash);
            let word =
                word.ok_or_else(|| Law::Contract.broken("head office has what nobody saved"))?;
            let left = self.left_of(it.hash).unwrap_or_default();
            if *left != *it.bytes {
                let is_erased = left != word.bytes;
                let law = if is_erased {
                    Law::StaysErased
                } else {
                    Law::NothingLost
                };
                return Err(law.broken(format_args!(
                    "head office has other bytes of envelope {} of device {}",
                    word.sequence, word.device
                )));
            }
            let envelope = Envelope::from_bytes(&it.bytes).map_err(|it| {
                Law::Contract.broken(format_args!("the feed holds no envelope: {it}"))
            })?;
            feed.entry(word.case).or_default().push(envelope);
        }
        Ok(feed)
    }

    fn check_bytes(&self, n: usize, entries: &[Entry]) -> Result<(), Broken> {
        for Entry { envelope, .. } in entries {
            let left = self.left_of(envelope.hash());
            if left.is_none_or(|it| it != envelope.to_bytes()) {
                let erased = self.office.db.erased();
                let is_erased = erased.contains(&envelope.header().case);
                let law = if is_erased {
                    Law::StaysErased
                } else {
                    Law::NothingLost
                };
                return Err(law.broken(format_args!(
                    "device {n} has other bytes of an envelope than were saved"
                )));
            }
        }
        Ok(())
    }

    /// The case as a device makes it of what it has.
    fn fold(&self, device: &Device, entries: &[Entry]) -> shouwen_domain::case::Folded {
        if self.plant != Some(Plant::OrderOfArrival) {
            return Case::fold(entries.iter().map(|it| &it.envelope));
        }
        let mut arrived: Vec<&Entry> = entries.iter().collect();
        arrived.sort_by_key(|it| (it.envelope.header().device != device.who.id, it.arrived));
        let mut case: Option<Case> = None;
        for it in arrived {
            let (header, facts) = (
                it.envelope.header(),
                it.envelope.facts().unwrap_or_default(),
            );
            let after = Case::after(case.as_ref(), header.case, header.rules, &facts, |fact| {
                Act {
                    envelope: header.id,
                    by: &header.person,
                    at: header.at,
                    claimed: header.claimed,
                    fact,
                }
            });
            case = after.ok().or(case);
        }
        let by_rules = Case::fold(entries.iter().map(|it| &it.envelope));
        shouwen_domain::case::Folded { case, ..by_rules }
    }

    /// Own envelopes have the fate they must have, all that were saved are still there, and each act once.
    fn check_own(&self, n: usize, device: &Device) -> Result<(), Broken> {
        let own = device.own()?;
        let fates = now(device.disk.fates(usize::MAX))?;
        for it in &own {
            let fate = fates
                .iter()
                .find(|fate| fate.id == it.header().id)
                .and_then(|it| it.fate);
            let right = match fate {
                Some(Fate::Accepted) => !self.is_refused(it),
                Some(Fate::Refused(RefusedReason::Withdrawn)) => self.is_taken_back(it),
                Some(Fate::Refused(_)) => self.is_refused(it),
                Some(FORK) => self.is_cloned(it.header().device) && self.may_be_a_fork(it, &own),
                Some(Fate::Held(_)) => false,
                // What was let go of and came again has none, and a log that let go takes what a twin wrote for
                // that.
                None => {
                    let word = self.saved.envelopes.get(&it.hash());
                    let is_a_twins = word.is_some_and(|it| it.device != n);
                    device.gone.envelopes.contains(&it.hash())
                        || is_a_twins && !device.gone.cases.is_empty()
                }
            };
            if !right {
                return Err(Law::EveryActHasAFate.broken(format_args!(
                    "the fate of envelope {} of device {n} is {fate:?}",
                    it.header().sequence
                )));
            }
        }
        let here: BTreeSet<Hash> = own.iter().map(Envelope::hash).collect();
        let mut saved = self
            .saved
            .envelopes
            .iter()
            .filter(|(_, it)| it.device == n && it.for_sure);
        if let Some((_, it)) =
            saved.find(|(hash, _)| !here.contains(hash) && !device.gone.envelopes.contains(hash))
        {
            return Err(Law::NothingLost.broken(format_args!(
                "device {n} lost its own envelope {}",
                it.sequence
            )));
        }
        let mut acts = BTreeSet::new();
        for it in here.iter().filter_map(|it| self.saved.envelopes.get(it)) {
            if !acts.insert(it.act) {
                return Err(Law::NothingTwice.broken(format_args!(
                    "device {n} saved one act of its person twice, the second time as envelope {}",
                    it.sequence
                )));
            }
        }
        Ok(())
    }

    fn is_taken_back(&self, it: &Envelope) -> bool {
        let word = self.saved.envelopes.get(&it.hash());
        word.is_some_and(|it| it.taken_back)
    }

    fn is_cloned(&self, device: DeviceId) -> bool {
        let twins = self.devices.iter().filter(|it| it.who.is_or_was(device));
        twins.count() > 1
    }

    /// As what it is, or what it was before it lost its key.
    fn was_cloned(&self, device: &Device) -> bool {
        let mut all = device.who.all().map(|it| it.device);
        all.any(|it| self.is_cloned(it)) || self.is_cloned(device.who.id)
    }

    /// Whether its device could not know that another one writes in the chain: what that one wrote came to head
    /// office after this device had last heard that it stands at the end.
    fn may_be_a_fork(&self, it: &Envelope, own: &[Envelope]) -> bool {
        let (tables, header) = (&self.office.db.tables, it.header());
        let of_chain = own.iter().filter(|it| it.header().chain == header.chain);
        let forks = of_chain.filter(|it| tables.fate(header.device, it.hash()) == Some(FORK));
        let first = forks.map(|it| it.header().sequence).min();
        let other = first.and_then(|it| tables.at((header.device, header.chain), it));
        // It is stamped under the lock, and seen by others after the commit.
        let other = other.and_then(|it| self.office.db.committed_at(it));
        let word = self.saved.envelopes.get(&it.hash());
        // An older server may have held it for its format, and a restored one have it from long before.
        let some_older = self.plan.processes.iter().any(|it| it.older);
        match (word.and_then(|it| it.at_end), other) {
            (Some((epoch, at_end)), Some(other)) => {
                some_older || epoch != tables.epoch || at_end <= other
            }
            _ => true,
        }
    }

    pub(super) fn is_refused(&self, it: &Envelope) -> bool {
        let header = it.header();
        if header.claimed {
            return header.site != self.site || !it.may_be_claimed();
        }
        let signatories = self.signatories.get(&header.device);
        let keys = signatories.map_or(&[][..], |it| it.people.of(&header.person));
        let is_theirs = keys.iter().any(|key| it.signature_by(key).is_some());
        header.site != self.site || !is_theirs
    }
}

impl super::Told {
    /// `passed_on`: in some epoch, which whoever took it back may not have heard.
    fn hears(&mut self, it: &Receipt, passed_on: bool) -> Result<(), Broken> {
        let contradicts = |what: &str| {
            Law::ReceiptsAgree.broken(format_args!(
                "a receipt for envelope {} {what}: {:?} in epoch {}",
                it.sequence, it.fate, it.epoch
            ))
        };
        let stamp = it.at.unix_ms();
        let known = self.fates.insert((it.epoch, it.hash), (it.fate, stamp));
        if let Some((fate, at)) = known {
            // What was taken back before it came has no moment of arrival.
            let withdrawn = Fate::Refused(RefusedReason::Withdrawn);
            if at != stamp && fate != withdrawn && it.fate != withdrawn {
                return Err(contradicts("says that it arrived at another moment"));
            }
            if matches!(fate, Fate::Accepted | Fate::Refused(_)) && fate != it.fate {
                // An older receipt may come late; what it said was true before.
                self.fates.insert((it.epoch, it.hash), (fate, at));
                if !matches!(it.fate, Fate::Held(_)) {
                    return Err(contradicts("says another fate than before"));
                }
            }
        }
        match it.fate {
            // Nobody takes back what they know to be accepted.
            Fate::Refused(why)
                if why != RefusedReason::Withdrawn && self.ever_accepted.contains(&it.hash) =>
            {
                return Err(contradicts("refuses what was accepted"));
            }
            Fate::Accepted if self.ever_taken_back.contains(&it.hash) => {
                return Err(contradicts("passes on what was taken back"));
            }
            Fate::Refused(RefusedReason::Withdrawn) if !passed_on => {
                self.ever_taken_back.insert(it.hash);
            }
            Fate::Accepted => {
                self.ever_accepted.insert(it.hash);
                let place = Place {
                    chain: it.chain,
                    sequence: it.sequence,
                };
                let seat = (it.epoch, it.device, place);
                if *self.accepted.entry(seat).or_insert(it.hash) != it.hash {
                    return Err(contradicts("accepts another one at its place"));
                }
            }
            Fate::Refused(_) | Fate::Held(_) => {}
        }
        Ok(())
    }
}
