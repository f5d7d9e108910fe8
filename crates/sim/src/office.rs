//! Head office: a durable log in memory, judged by `shouwen_sync::server`.

use std::collections::BTreeMap;
use std::rc::Rc;

use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_sync::message::{Bytes, Cursor, Page, PageEntry, Push, Pushed};
use shouwen_sync::server::{
    self, Arrival, ChainState, Head, Known, LogFellBack, MixedChains, Sender, Verdict,
};

use crate::plant::Plant;

/// What is on head office's disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub epoch: u64,
    chains: BTreeMap<(DeviceId, u32), Chain>,
    pub feed: Vec<Fed>,
    highest_counter: u64,
}

/// One entry of the feed; its position is its index plus one.
#[derive(Debug, Clone)]
pub struct Fed {
    pub hash: Hash,
    pub bytes: Rc<[u8]>,
    arrived: Moment,
}

#[derive(Debug, Clone, Default)]
struct Chain {
    head: Option<Head>,
    rows: Vec<(Known, Rc<[u8]>)>,
}

/// Read and judged, not yet durable.
#[derive(Debug, Clone)]
pub struct Transaction {
    disk: Disk,
    pub answer: Pushed,
}

impl Disk {
    pub fn in_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    pub fn holds(&self, device: DeviceId, hash: Hash) -> bool {
        let mut chains = self.chains.range((device, 0)..=(device, u32::MAX));
        chains.any(|(_, it)| it.rows.iter().any(|(row, _)| row.hash == hash))
    }

    /// Judges a push; nothing is durable before [`Transaction::commit`].
    pub fn judge(
        &self,
        site: &SiteId,
        device: DeviceId,
        push: &Push,
        now: Moment,
        plant: Option<Plant>,
    ) -> Result<Transaction, MixedChains> {
        let sender = Sender {
            site: site.clone(),
            device,
        };
        let arrivals = server::read(push);
        let mut disk = self.clone();
        let chain = disk.chains.entry((device, push.chain)).or_default();
        let head = chain.head.map_or(0, |it| it.sequence);
        let asked: Vec<u64> = arrivals.iter().filter_map(Arrival::sequence).collect();
        let wanted = |it: &Known| it.sequence > head || asked.contains(&it.sequence);
        let known = match plant {
            Some(Plant::StoredTwice) => Vec::new(),
            _ => chain
                .rows
                .iter()
                .map(|(it, _)| it)
                .filter(|it| wanted(it))
                .cloned()
                .collect(),
        };
        let state = ChainState {
            head: chain.head,
            known,
            highest_counter: disk.highest_counter,
        };
        let judgement = server::judge(&sender, push.chain, &arrivals, state, now)?;
        for (verdict, Bytes(bytes)) in judgement.verdicts.iter().zip(&push.envelopes) {
            if let Verdict::Store(it) = verdict {
                chain.rows.push((it.clone(), Rc::from(bytes.as_slice())));
            }
        }
        for it in &judgement.released {
            let row = chain.rows.iter_mut().find(|(row, _)| row.hash == it.hash);
            row.expect("what is released was stored").0.fate = it.fate;
        }
        chain.head = judgement.head;
        for (_, hash) in judgement.passed_on() {
            let (row, bytes) = chain
                .rows
                .iter()
                .find(|(row, _)| row.hash == hash)
                .expect("what is passed on was stored");
            disk.highest_counter = disk.highest_counter.max(row.counter);
            disk.feed.push(Fed {
                hash,
                bytes: Rc::clone(bytes),
                arrived: now,
            });
        }
        if plant == Some(Plant::StoredTwice) {
            // What the judgement, knowing nothing, took for a fork is passed on once more.
            for verdict in &judgement.verdicts {
                if let Verdict::Store(it) = verdict
                    && let Some(again) = disk.feed.iter().find(|fed| fed.hash == it.hash).cloned()
                    && it.fate != shouwen_domain::envelope::Fate::Accepted
                {
                    disk.feed.push(again);
                }
            }
        }
        let receipts = judgement.receipts(&sender, push.chain, now, disk.epoch, None);
        let answer = Pushed {
            receipts,
            epoch: disk.epoch,
            server_now: now,
        };
        Ok(Transaction { disk, answer })
    }

    pub fn page(&self, asked: Cursor, now: Moment) -> Result<Page, LogFellBack> {
        let from = server::read_from(asked, self.epoch, self.feed.len() as u64)?;
        let entries = (1..)
            .zip(&self.feed)
            .skip_while(|(position, _)| *position <= from.position);
        let entries = entries.map(|(position, it)| {
            (
                position,
                PageEntry {
                    arrived: it.arrived,
                    envelope: Bytes(it.bytes.to_vec()),
                },
            )
        });
        Ok(server::page(from, entries, now))
    }
}

impl Transaction {
    pub fn commit(self) -> Disk {
        self.disk
    }
}
