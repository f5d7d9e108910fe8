//! Devices let go of cases, and keep copies of what they wrote in them.

use std::collections::BTreeSet;

use shouwen_domain::envelope::Envelope;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_store::{Conflict, Entry, Fault, Log, Section, WriteError, is_settled};
use shouwen_sync::copies::{Copy, Own, in_records};
use shouwen_sync::message::{Bytes, Push};

use super::{Broken, Law, World};
use crate::device::{Device, now};
use crate::people;
use crate::plant::Plant;

/// Cases that go at one time, at most.
const N_CASES: usize = 3;

impl World<'_> {
    /// The tab that pumps lets go of some cases, if nothing is under way in it.
    pub(super) fn let_go(&mut self, device: usize) -> Result<(), Broken> {
        let now_ms = self.now_ms;
        let it = &mut self.devices[device];
        let Some((&pump, tab)) = it.pumps.iter().next_back() else {
            return Ok(());
        };
        let (is_frozen, fence) = (tab.frozen_until_ms > now_ms, tab.fence);
        if is_frozen || !it.on || !tab.client.is_at_rest() {
            return Ok(());
        }
        if it.standing()?.n_owed > 0 {
            return Ok(());
        }
        let mut going = it.may_go(now_ms)?;
        while going.len() > N_CASES {
            let at = it.chance.below(going.len());
            going.remove(at);
        }
        if going.is_empty() {
            return Ok(());
        }
        let mut names = Vec::new();
        if self.plant != Some(Plant::CopiesDropped) {
            for (case, _) in &going {
                self.before_write(device);
                let Ok(more) = self.devices[device].keep_copies(*case) else {
                    return Ok(());
                };
                names.extend(more);
            }
        }
        if self.dies_here(device) {
            self.crash(device);
            return Ok(());
        }
        self.before_write(device);
        let answer = now(self.devices[device].disk.let_go(fence, &going));
        let it = &mut self.devices[device];
        match answer {
            // Where the answer is a fault, it may have happened all the same.
            Ok(_) | Err(WriteError::Fault(_)) => {}
            Err(WriteError::Conflict(Conflict::Fence { .. })) => {
                it.pumps.remove(&pump);
                for name in names {
                    // What is left over does no harm.
                    let _ = now(it.disk.remove(Section::Copies, &name));
                }
                return Ok(());
            }
            Err(WriteError::Conflict(why)) => {
                return Err(Law::Contract.broken(format_args!(
                    "device {device} cannot let go of what is settled: {why}"
                )));
            }
        }
        self.look_what_went(device, &going)
    }

    fn look_what_went(&mut self, device: usize, going: &[(CaseId, u32)]) -> Result<(), Broken> {
        if now(self.devices[device].disk.history(going[0].0))?.version > 0 {
            return Ok(());
        }
        let cases: BTreeSet<CaseId> = going.iter().map(|it| it.0).collect();
        let saved = self.saved.envelopes.iter();
        let of_them = saved.filter(|(_, it)| cases.contains(&it.case));
        let it = &mut self.devices[device];
        it.gone.envelopes.extend(of_them.map(|(&hash, _)| hash));
        it.gone.cases.extend(cases);
        self.report.n_let_go += going.len() as u64;
        self.tell(&format_args!(
            "device {device}: lets go of {} cases",
            going.len()
        ));
        Ok(())
    }
}

impl Device {
    /// Cases that hold nothing of its own that is not settled, or that was taken back; where nothing is owed.
    fn may_go(&self, now_ms: u64) -> Result<Vec<(CaseId, u32)>, Fault> {
        let mut going = Vec::new();
        let zone = people::site().rules.zone();
        let today = CaseId::of_looks(zone.local(self.wall(now_ms)).date());
        let taken_back = now(self.disk.list(Section::Withdrawals))?;
        for case in self.cases()? {
            let history = now(self.disk.history(case))?;
            let may_go = history.entries.iter().all(|it| {
                let (header, hash) = (it.envelope.header(), it.envelope.hash());
                let receipt = history.receipts.iter().find(|it| it.hash == hash);
                let came_again = receipt.is_none() && it.arrived.is_some();
                let name = format!("{}/{}", header.chain, header.sequence);
                let is_done = (is_settled(receipt) || came_again) && !taken_back.contains(&name);
                !self.who.is_or_was(header.device) || is_done
            });
            let is_of_today = case.is_of_looks() && case >= today;
            if may_go && case != CaseId::SITE && !is_of_today {
                going.push((case, history.version));
            }
        }
        Ok(going)
    }

    /// Keeps what it wrote in a case, one copy for each chain; under which names.
    fn keep_copies(&self, case: CaseId) -> Result<Vec<String>, Fault> {
        let entries = now(self.disk.history(case))?.entries.into_iter();
        let own = entries.filter(|it| self.who.is_or_was(it.envelope.header().device));
        let own = own.map(|it| Own {
            envelope: it.envelope,
            arrived: it.arrived,
        });
        let mut names = Vec::new();
        for own in in_records(own.collect()) {
            for own in own.chunk_by(|a, b| a.place().chain == b.place().chain) {
                let bytes = |it: &Own| Bytes(it.envelope.to_bytes());
                let envelopes: Vec<Bytes> = own.iter().map(bytes).collect();
                let places = own.iter().map(Own::place);
                let copy = Copy {
                    sealed: Bytes(minicbor::to_vec(&envelopes).expect("a vector takes it")),
                    places: places.map(|it| (it.chain, it.sequence)).collect(),
                    newest: own.iter().map(Own::newest).max().unwrap_or_default(),
                };
                let record = minicbor::to_vec(&copy).expect("a vector takes it");
                let name = Hash::of(&record).to_string();
                now(self.disk.put(Section::Copies, &name, &record))?;
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The first copy behind this name.
    pub(super) fn copy_after(&self, name: &str) -> Result<Option<(String, Bytes)>, Fault> {
        for it in now(self.disk.list(Section::Copies))? {
            if it.as_str() > name
                && let Some(record) = now(self.disk.get(Section::Copies, &it))?
                && let Ok(copy) = minicbor::decode::<Copy>(&record)
            {
                return Ok(Some((it, copy.sealed)));
            }
        }
        Ok(None)
    }

    /// What head office finds in a copy, whose envelopes are of one chain here. It is for a server of any epoch.
    pub(super) fn opened(&self, copy: &Bytes) -> Push {
        let envelopes: Vec<Bytes> = minicbor::decode(&copy.0).unwrap_or_default();
        let last = envelopes
            .last()
            .and_then(|it| Envelope::from_bytes(&it.0).ok());
        let (device, chain, head) = last.map_or((self.who.id, 0, 0), |it| {
            let header = it.header();
            (header.device, header.chain, header.sequence)
        });
        Push {
            device,
            chain,
            head,
            envelopes,
            epoch: None,
        }
    }

    /// What it let go of and lacks of all that `arrived` of a case.
    pub(super) fn lacks(&self, arrived: &[Envelope], entries: &[Entry]) -> Vec<Hash> {
        let here: BTreeSet<Hash> = entries.iter().map(|it| it.envelope.hash()).collect();
        let lacking = arrived.iter().map(Envelope::hash);
        lacking
            .filter(|it| !here.contains(it) && self.gone.envelopes.contains(it))
            .collect()
    }
}
