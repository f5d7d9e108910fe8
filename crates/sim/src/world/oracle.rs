//! What must hold, whatever went wrong.

use std::collections::BTreeSet;

use shouwen_domain::Case;
use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_store::Log;
use shouwen_sync::message::Cursor;

use super::{Broken, World, fault};
use crate::device::{Device, heard, now};

impl World<'_> {
    /// A receipt is given only for what is durable.
    pub(super) fn check_receipts(&self, device: usize, receipts: &[Receipt]) -> Result<(), Broken> {
        let office = &self.office;
        for it in receipts.iter().filter(|it| it.epoch == office.disk.epoch) {
            if !office.disk.holds(self.devices[device].id, it.hash) {
                return Err(format!(
                    "Device {device} has a receipt for {:?}, which head office does not have",
                    it.hash
                ));
            }
        }
        Ok(())
    }

    /// What still has to happen until everything is everywhere.
    pub(super) fn unsettled(&self) -> Result<Option<String>, Broken> {
        let feed: BTreeSet<Hash> = self.office.disk.feed.iter().map(|it| it.hash).collect();
        if feed.len() != self.office.disk.feed.len() {
            return Err("Head office has an envelope twice".to_owned());
        }
        for (hash, it) in &self.saved.envelopes {
            let there = if it.refused {
                self.office.disk.holds(it.device, *hash)
            } else {
                feed.contains(hash)
            };
            if it.for_sure && !there {
                return Ok(Some(format!("head office does not have {hash:?}")));
            }
        }
        for (n, device) in self.devices.iter().enumerate() {
            let standing = device.standing().map_err(fault)?;
            if standing.n_owed > 0 {
                return Ok(Some(format!("device {n} owes {}", standing.n_owed)));
            }
            let end = Cursor {
                epoch: self.office.disk.epoch,
                position: feed.len() as u64,
            };
            if heard(standing.cursor) != end {
                return Ok(Some(format!(
                    "device {n} has read to {:?} of {end:?}",
                    standing.cursor
                )));
            }
            for fate in now(device.disk.fates(usize::MAX)).map_err(fault)? {
                if !matches!(fate.fate, Some(Fate::Accepted | Fate::Refused(_))) {
                    return Ok(Some(format!(
                        "envelope {} of device {n}: {:?}",
                        fate.sequence, fate.fate
                    )));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn check_everything(&self) -> Result<(), Broken> {
        let office = &self.office.disk;
        for it in &office.feed {
            let told = self
                .saved
                .envelopes
                .get(&it.hash)
                .ok_or("Head office has what nobody saved")?;
            if *told.bytes != *it.bytes {
                return Err(format!("Head office has other bytes of {:?}", it.hash));
            }
        }
        let feed: BTreeSet<Hash> = office.feed.iter().map(|it| it.hash).collect();
        let cases: BTreeSet<CaseId> = self.saved.envelopes.values().map(|it| it.case).collect();
        let mut folds = Vec::new();
        for (n, device) in self.devices.iter().enumerate() {
            let mut here = BTreeSet::new();
            let mut folded = Vec::new();
            for &case in &cases {
                let mut envelopes: Vec<_> = now(device.disk.history(case))
                    .map_err(fault)?
                    .entries
                    .into_iter()
                    .map(|it| it.envelope)
                    .collect();
                // What is refused stays on its own device, to be mended or withdrawn.
                envelopes.retain(|it| {
                    feed.contains(&it.hash())
                        || it.header().device != device.id
                        || !self.is_refused(it)
                });
                here.extend(envelopes.iter().map(Envelope::hash));
                for it in &envelopes {
                    if self
                        .saved
                        .envelopes
                        .get(&it.hash())
                        .is_none_or(|told| told.bytes != it.to_bytes())
                    {
                        return Err(format!("Device {n} has other bytes of {:?}", it.hash()));
                    }
                }
                folded.push(Case::fold(&envelopes));
            }
            if here != feed {
                let missing = feed.difference(&here).count();
                return Err(format!(
                    "Device {n} lacks {missing} envelopes of {} and has {}",
                    feed.len(),
                    here.len()
                ));
            }
            self.check_own(n, device)?;
            folds.push(folded);
        }
        if folds.windows(2).any(|it| it[0] != it[1]) {
            return Err("Two devices fold the same envelopes into different cases".to_owned());
        }
        Ok(())
    }

    /// Own envelopes have the fate they must have, and all that were saved are still there.
    fn check_own(&self, n: usize, device: &Device) -> Result<(), Broken> {
        let own = now(device.disk.own_after(0, 0, usize::MAX)).map_err(fault)?;
        let fates = now(device.disk.fates(usize::MAX)).map_err(fault)?;
        for it in &own {
            let fate = fates
                .iter()
                .find(|fate| fate.id == it.header().id)
                .and_then(|it| it.fate);
            let right = match fate {
                Some(Fate::Accepted) => !self.is_refused(it),
                Some(Fate::Refused(_)) => self.is_refused(it),
                Some(Fate::Held(_)) | None => false,
            };
            if !right {
                return Err(format!(
                    "Envelope {} of device {n} has the fate {fate:?}",
                    it.header().sequence
                ));
            }
        }
        let here: BTreeSet<Hash> = own.iter().map(Envelope::hash).collect();
        let mut saved = self
            .saved
            .envelopes
            .iter()
            .filter(|(_, it)| it.device == device.id && it.for_sure);
        match saved.find(|(hash, _)| !here.contains(hash)) {
            Some((hash, _)) => Err(format!("Device {n} lost its own {hash:?}")),
            None => Ok(()),
        }
    }

    pub(super) fn is_refused(&self, it: &Envelope) -> bool {
        it.header().site != self.site
    }
}
