//! The database that all server processes share: tables, transactions under the lock of the site, and
//! backups. What is judged is judged by `shouwen_sync::server`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt, RefusedReason};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_domain::site::Site;
use shouwen_sync::feed::LogFellBack;
use shouwen_sync::message::{Ask, Bytes, Cursor, Page, Push, Stated, Withdrawal};
use shouwen_sync::server::{
    self, Arrival, ChainState, Head, Known, MixedChains, Revoked, Sender, Signatories, Verdict,
    Version,
};

use crate::law::{Broken, Law};
use crate::plant::Plant;
use feed::Followed;

mod feed;

/// What is on head office's disk.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub epoch: u64,
    chains: BTreeMap<Key, Rc<Chain>>,
    /// By position.
    feed: BTreeMap<u64, Fed>,
    fed: BTreeSet<Hash>,
    last_position: u64,
    followed: Followed,
    highest_counter: u64,
    /// The highest chain that was given to a device.
    given_out: BTreeMap<DeviceId, u32>,
    /// What devices took back, known here or not.
    withdrawn: BTreeMap<Key, BTreeSet<(u64, Hash)>>,
}

type Key = (DeviceId, u32);

/// One entry of the feed.
#[derive(Debug, Clone)]
pub struct Fed {
    pub hash: Hash,
    pub bytes: Rc<[u8]>,
    arrived: Moment,
}

#[derive(Debug, Clone, Default)]
struct Chain {
    head: Option<Head>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    known: Known,
    bytes: Rc<[u8]>,
}

/// Read and judged, not yet durable.
#[derive(Debug, Clone, Default)]
pub struct Change {
    chains: Vec<ChainChange>,
    pub receipts: Vec<Receipt>,
    pub epoch: u64,
    /// With a bug planted: positions that were given out before the lock was taken.
    reserved: VecDeque<u64>,
    again: Vec<(Key, Hash)>,
    new_chain: Option<Key>,
    withdrawn: Vec<(Key, u64, Hash)>,
    is_reconsidered: bool,
    /// Whom of its device head office let in no more when it was judged.
    revoked: Revoked,
}

#[derive(Debug, Clone)]
struct ChainChange {
    key: Key,
    stored: Vec<Row>,
    released: Vec<Known>,
    head: Option<Head>,
    passed_on: Vec<(u64, Hash)>,
}

/// What a process tells of a push: who asks, what of, when, and with which eyes.
#[derive(Clone)]
pub struct Asking<'a> {
    pub site: &'a SiteId,
    pub device: DeviceId,
    pub signatories: &'a Signatories,
    pub push: &'a Push,
    pub now: Moment,
    pub version: Version,
    pub revoked: Revoked,
    /// Cases of which no word is stored.
    pub erased: &'a BTreeSet<CaseId>,
    pub plant: Option<Plant>,
}

impl Change {
    /// With a bug planted: the positions that were given out before the lock was taken.
    pub fn keep_positions_of(&mut self, earlier: Self) {
        self.reserved = earlier.reserved;
    }
}

impl Tables {
    pub fn in_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// The fate that is durable for an envelope.
    pub fn fate(&self, device: DeviceId, hash: Hash) -> Option<Fate> {
        self.rows_of(device)
            .find(|it| it.known.hash == hash)
            .map(|it| it.known.fate)
    }

    /// Whether a device wrote nothing, or what it states is on its chain here.
    pub fn is_on_chain(&self, device: DeviceId, stated: &Stated) -> bool {
        let fate = |it| self.fate(device, it);
        stated
            .hash
            .map_or(stated.sequence == 0, |it| fate(it) == Some(Fate::Accepted))
    }

    /// What the chain of this device has at a place.
    pub fn at(&self, key: (DeviceId, u32), sequence: u64) -> Option<Hash> {
        let rows = self.chains.get(&key).into_iter().flat_map(|it| &it.rows);
        let mut on_chain = rows.filter(|it| it.known.fate == Fate::Accepted);
        let found = on_chain.find(|it| it.known.sequence == sequence);
        found.map(|it| it.known.hash)
    }

    /// Whether its device took it back, known here or not.
    pub fn is_withdrawn(&self, key: (DeviceId, u32), sequence: u64, hash: Hash) -> bool {
        let withdrawn = self.withdrawn.get(&key);
        withdrawn.is_some_and(|it| it.contains(&(sequence, hash)))
    }

    pub fn is_passed_on(&self, hash: Hash) -> bool {
        self.fed.contains(&hash)
    }

    /// By position.
    pub fn feed(&self) -> &BTreeMap<u64, Fed> {
        &self.feed
    }

    pub fn end(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            position: self.last_position,
        }
    }

    /// Envelopes that wait for a newer server.
    pub fn n_of_unknown_format(&self) -> usize {
        let rows = self.chains.values().flat_map(|it| &it.rows);
        rows.filter(|it| it.known.fate == Fate::Held(HeldReason::UnknownFormat))
            .count()
    }

    pub fn n_forked(&self) -> u64 {
        let rows = self.chains.values().flat_map(|it| &it.rows);
        rows.filter(|it| it.known.fate == Fate::Held(HeldReason::Fork))
            .count() as u64
    }

    fn rows_of(&self, device: DeviceId) -> impl Iterator<Item = &Row> {
        let chains = self.chains.range((device, 0)..=(device, u32::MAX));
        chains.flat_map(|(_, it)| &it.rows)
    }

    /// Takes the words of these cases out of all that is stored.
    fn erase(&mut self, erased: &BTreeSet<CaseId>) {
        for chain in self.chains.values_mut() {
            for row in &mut Rc::make_mut(chain).rows {
                row.bytes = kept(&row.bytes, erased).unwrap_or_else(|| Rc::clone(&row.bytes));
            }
        }
        for fed in self.feed.values_mut() {
            fed.bytes = kept(&fed.bytes, erased).unwrap_or_else(|| Rc::clone(&fed.bytes));
        }
    }

    /// Judges a push on what is in the tables now.
    pub fn judge(&self, asking: Asking<'_>) -> Result<Change, MixedChains> {
        let Asking {
            site,
            device,
            signatories,
            push,
            now,
            version,
            revoked,
            erased,
            plant,
        } = asking;
        let is_for_another = push.epoch.is_some_and(|it| it != self.epoch);
        if is_for_another && plant != Some(Plant::AnyEpoch) {
            return Ok(Change {
                epoch: self.epoch,
                ..Change::default()
            });
        }
        let sender = Sender {
            site: site.clone(),
            device,
        };
        let key = (device, push.chain);
        let arrivals = match plant {
            Some(Plant::AnybodysName) => version.read(push, &in_anybodys_name(signatories)),
            Some(Plant::NewestKeyOnly) => version.read(push, &with_newest_keys(signatories)),
            _ => version.read(push, signatories),
        };
        let none = Rc::default();
        let chain = self.chains.get(&key).unwrap_or(&none);
        let head = chain.head.map_or(0, |it| it.sequence);
        let asked: BTreeSet<u64> = arrivals.iter().filter_map(Arrival::sequence).collect();
        let wanted = |it: &&Known| it.sequence > head || asked.contains(&it.sequence);
        let known = chain.rows.iter().map(|it| &it.known).filter(wanted);
        let state = ChainState {
            head: chain.head,
            known: match plant {
                Some(Plant::StoredTwice) => Vec::new(),
                _ => known.cloned().collect(),
            },
            highest_counter: self.highest_counter,
            withdrawn: self.withdrawn.get(&key).cloned().unwrap_or_default(),
            revoked: match plant {
                Some(Plant::RevokedPassedOn) => Revoked::default(),
                _ => revoked.clone(),
            },
        };
        let mut judgement = server::judge(&sender, push.chain, &arrivals, state, now)?;
        if plant == Some(Plant::GapRefused) {
            for it in &mut judgement.verdicts {
                if let Verdict::Store(it) = it
                    && it.fate == Fate::Held(HeldReason::Gap)
                {
                    it.fate = Fate::Refused(RefusedReason::Malformed);
                }
            }
        }
        if plant == Some(Plant::ClaimsAnything) {
            for (it, Bytes(bytes)) in judgement.verdicts.iter_mut().zip(&push.envelopes) {
                if let Verdict::Store(it) = it
                    && it.fate == Fate::Refused(RefusedReason::NotByPerson)
                    && Envelope::from_bytes(bytes).is_ok_and(|it| it.header().claimed)
                {
                    it.fate = Fate::Accepted;
                }
            }
        }
        let stored = judgement.verdicts.iter().zip(&push.envelopes);
        let stored = stored.filter_map(|(verdict, Bytes(bytes))| match verdict {
            Verdict::Store(it) => Some(Row {
                known: it.clone(),
                bytes: stored_bytes(bytes, erased, plant),
            }),
            Verdict::Known(_) | Verdict::Mended(_) | Verdict::TurnAway { .. } => None,
        });
        let stored: Vec<_> = stored.collect();
        // What the judgement, knowing nothing, took for a fork is passed on once more.
        let again = match plant {
            Some(Plant::StoredTwice) => stored
                .iter()
                .map(|it| (key, it.known.hash))
                .filter(|(_, it)| self.fed.contains(it))
                .collect(),
            _ => Vec::new(),
        };
        Ok(Change {
            receipts: judgement.receipts(&sender, push.chain, now, self.epoch, None),
            epoch: self.epoch,
            chains: vec![ChainChange {
                key,
                stored,
                passed_on: judgement.passed_on(),
                released: judgement.released,
                head: judgement.head,
            }],
            reserved: VecDeque::new(),
            again,
            revoked,
            ..Change::default()
        })
    }

    /// Takes back what was not passed on, and remembers it of what is not here.
    pub fn withdraw(&self, them: &[Withdrawal], now: Moment) -> Change {
        let mut change = Change {
            epoch: self.epoch,
            ..Change::default()
        };
        for it in them {
            let key = (it.device, it.chain);
            change.withdrawn.push((key, it.sequence, it.hash));
            let chain = self.chains.get(&key);
            let known =
                chain.and_then(|chain| chain.rows.iter().find(|row| row.known.hash == it.hash));
            let after = known.map(|row| server::withdraw(&row.known));
            change.receipts.push(Receipt {
                device: it.device,
                chain: it.chain,
                sequence: it.sequence,
                hash: it.hash,
                fate: after
                    .as_ref()
                    .map_or(Fate::Refused(RefusedReason::Withdrawn), |it| it.fate),
                at: after.as_ref().map_or(now, |it| it.arrived),
                epoch: self.epoch,
                backed_up_to: None,
                signature: None,
                beside: None,
            });
            if let (Some(after), Some(chain)) = (after, chain) {
                change.chains.push(ChainChange {
                    key,
                    stored: Vec::new(),
                    released: vec![after],
                    head: chain.head,
                    passed_on: Vec::new(),
                });
            }
        }
        change
    }

    /// What a device learns that opens a contact, and what has to be written for it: that it writes in this chain,
    /// so that no clone of it is given the same one, and the chain that it is given.
    pub fn contact(
        &self,
        device: DeviceId,
        stated: &Stated,
        forked: bool,
        plant: Option<Plant>,
    ) -> (Option<u32>, Option<Change>) {
        // Whoever wrote nothing yet writes in the first one.
        let chain = self.chains.get(&(device, stated.chain.max(1)));
        let head = chain.and_then(|it| it.head);
        let mut here = chain.into_iter().flat_map(|it| &it.rows);
        let fate = here.find(|it| Some(it.known.hash) == stated.hash);
        let fate = fate.map(|it| it.known.fate);
        let written = self.chains.range((device, 0)..=(device, u32::MAX));
        let written = written.map(|((_, chain), _)| *chain).next_back();
        let given_out = self.given_out.get(&device).copied();
        let highest = written.max(given_out).unwrap_or(1);
        let elsewhere = server::goes_on_elsewhere(stated, forked, head, fate);
        let new_chain = (elsewhere && plant != Some(Plant::CloneUnnoticed))
            .then(|| highest.max(stated.chain) + 1);
        let change = (new_chain.is_some() || stated.chain > highest).then(|| Change {
            epoch: self.epoch,
            new_chain: Some((device, new_chain.unwrap_or(stated.chain))),
            ..Change::default()
        });
        (new_chain, change)
    }

    /// What a server of this version finds when it starts: envelopes that an older one held.
    pub fn reconsider(
        &self,
        version: Version,
        signatories: &BTreeMap<DeviceId, Signatories>,
        revoked: &dyn Fn(DeviceId) -> Revoked,
    ) -> Change {
        self.changed_fates(|device, chain, highest_counter| {
            let Some(by) = signatories.get(&device) else {
                return Vec::new();
            };
            let waiting = chain
                .rows
                .iter()
                .filter(|it| it.known.fate == Fate::Held(HeldReason::UnknownFormat))
                .map(|it| (it.known.clone(), version.read_one(&it.bytes, by)));
            let waiting: Vec<_> = waiting.collect();
            server::reconsider(chain.head, &waiting, highest_counter, &revoked(device))
        })
    }

    /// Somebody decides that what waited for whom head office lets in again counts.
    pub fn release(&self, revoked: &dyn Fn(DeviceId) -> Revoked) -> Change {
        self.changed_fates(|device, chain, highest_counter| {
            let revoked = revoked(device);
            let is_let_in =
                |it: &&Row| !revoked.device && !is_by_one_of(&it.bytes, &revoked.people);
            let waiting = chain
                .rows
                .iter()
                .filter(|it| it.known.fate == Fate::Held(HeldReason::Revoked))
                .filter(is_let_in)
                .map(|it| it.known.clone());
            server::release(chain.head, &waiting.collect::<Vec<_>>(), highest_counter)
        })
    }

    fn changed_fates(&self, of: impl Fn(DeviceId, &Chain, u64) -> Vec<Known>) -> Change {
        let mut change = Change {
            epoch: self.epoch,
            is_reconsidered: true,
            ..Change::default()
        };
        let mut highest_counter = self.highest_counter;
        for (&key, chain) in &self.chains {
            let released = of(key.0, chain, highest_counter);
            let accepted = released.iter().filter(|it| it.fate == Fate::Accepted);
            highest_counter = accepted.fold(highest_counter, |it, known| it.max(known.counter));
            if !released.is_empty() {
                change.chains.push(ChainChange {
                    key,
                    stored: Vec::new(),
                    passed_on: server::passed_on(&released),
                    released,
                    head: chain.head,
                });
            }
        }
        change
    }

    /// Writes a change down; what it puts into the feed has its positions from here on.
    fn apply(&mut self, change: Change) -> Result<Vec<u64>, Broken> {
        let Change {
            chains,
            mut reserved,
            again,
            new_chain,
            withdrawn,
            ..
        } = change;
        self.given_out.extend(new_chain);
        for (key, sequence, hash) in withdrawn {
            self.withdrawn
                .entry(key)
                .or_default()
                .insert((sequence, hash));
        }
        let mut positions = Vec::new();
        let mut passed_on = again;
        for it in chains {
            let chain = Rc::make_mut(self.chains.entry(it.key).or_default());
            chain.rows.extend(it.stored);
            for released in it.released {
                let row = chain
                    .rows
                    .iter_mut()
                    .find(|row| row.known.hash == released.hash);
                row.ok_or_else(|| Law::Contract.broken("what is released was never stored"))?
                    .known
                    .fate = released.fate;
            }
            chain.head = it.head;
            passed_on.extend(it.passed_on.into_iter().map(|(_, hash)| (it.key, hash)));
        }
        for (key, hash) in passed_on {
            let rows = self.chains.get(&key).into_iter().flat_map(|it| &it.rows);
            let Some(row) = rows.rev().find(|it| it.known.hash == hash) else {
                return Err(Law::Contract.broken("what is passed on was never stored"));
            };
            let position = reserved.pop_front().unwrap_or(self.last_position + 1);
            let fed = Fed {
                hash,
                bytes: Rc::clone(&row.bytes),
                arrived: row.known.arrived,
            };
            self.highest_counter = self.highest_counter.max(row.known.counter);
            self.last_position = self.last_position.max(position);
            if self.feed.insert(position, fed).is_some() {
                return Err(Law::NoneSkipped.broken(format_args!(
                    "position {position} of the feed holds two envelopes"
                )));
            }
            if !self.fed.insert(hash) {
                return Err(Law::NothingTwice
                    .broken(format_args!("head office passes {hash:.8} on once more")));
            }
            positions.push(position);
        }
        Ok(positions)
    }
}

/// The bytes as they may be stored, where they have words that may not.
fn kept(bytes: &[u8], erased: &BTreeSet<CaseId>) -> Option<Rc<[u8]>> {
    let read = || Envelope::from_bytes(bytes).ok();
    let envelope = (!erased.is_empty()).then(read).flatten()?;
    let has_to_go = envelope.has_content() && erased.contains(&envelope.header().case);
    has_to_go.then(|| Rc::from(envelope.without_content().to_bytes()))
}

/// What is stored of what arrives.
fn stored_bytes(bytes: &[u8], erased: &BTreeSet<CaseId>, plant: Option<Plant>) -> Rc<[u8]> {
    let kept = (plant != Some(Plant::LateWordsKept)).then(|| kept(bytes, erased));
    kept.flatten().unwrap_or_else(|| Rc::from(bytes))
}

/// The one database, with whoever is in a transaction.
pub struct Database {
    pub tables: Tables,
    /// What head office ordered, in a file that no restore puts back.
    pub orders: Vec<Envelope>,
    pub on: bool,
    /// The one before the first is empty.
    backups: Vec<Tables>,
    n_epochs: u64,
    /// The task that holds the site's lock, and those that wait for it.
    lock: Option<u64>,
    waiting: VecDeque<u64>,
    /// The furthest position given to a reader in this epoch.
    handed_out: u64,
    /// With a bug planted: positions given out by a sequence, which no rollback takes back.
    n_reserved: u64,
    /// All that was passed on in any epoch.
    ever_fed: BTreeSet<Hash>,
    /// Of these, what a server released when it started, perhaps from a backup that knows no better.
    released: BTreeSet<Hash>,
    /// When each envelope was last committed.
    committed: BTreeMap<Hash, Moment>,
}

impl Database {
    pub fn new() -> Self {
        let tables = Tables::default().in_epoch(1);
        Self {
            backups: vec![tables.clone()],
            tables,
            orders: Vec::new(),
            on: true,
            n_epochs: 1,
            lock: None,
            waiting: VecDeque::new(),
            handed_out: 0,
            n_reserved: 0,
            ever_fed: BTreeSet::new(),
            released: BTreeSet::new(),
            committed: BTreeMap::new(),
        }
    }

    /// Cases whose words are gone for good.
    pub fn erased(&self) -> BTreeSet<CaseId> {
        Site::fold(&self.orders).erased.into_keys().collect()
    }

    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Brings the tables to all that was ordered, in one transaction.
    pub fn obey(&mut self, now: Moment) -> Result<(), Broken> {
        for order in self.orders.clone() {
            let (header, hash) = (order.header(), order.hash());
            if self.tables.fed.contains(&hash) {
                continue;
            }
            let known = Known {
                sequence: header.sequence,
                hash,
                previous: header.previous,
                format: header.format,
                counter: header.counter,
                fate: Fate::Accepted,
                arrived: now,
            };
            let bytes = Rc::from(order.to_bytes());
            let change = Change {
                epoch: self.tables.epoch,
                chains: vec![ChainChange {
                    key: (header.device, header.chain),
                    stored: vec![Row { known, bytes }],
                    released: Vec::new(),
                    head: Some(Head {
                        sequence: header.sequence,
                        hash,
                    }),
                    passed_on: vec![(header.sequence, hash)],
                }],
                ..Change::default()
            };
            self.commit(change, now)?;
        }
        let erased = self.erased();
        self.tables.erase(&erased);
        Ok(())
    }

    /// The highest counter of all that was passed on.
    pub fn highest_counter(&self) -> u64 {
        self.tables.highest_counter
    }

    /// Takes the site's lock for a task, or lets it wait.
    pub fn lock(&mut self, task: u64) -> bool {
        if self.lock.is_none() {
            self.lock = Some(task);
        } else {
            self.waiting.push_back(task);
        }
        self.lock == Some(task)
    }

    pub fn holds_lock(&self, task: u64) -> bool {
        self.lock == Some(task)
    }

    /// The task's transaction ends or never happens; answers who has the lock next.
    pub fn leave(&mut self, task: u64) -> Option<u64> {
        self.waiting.retain(|it| *it != task);
        if self.lock != Some(task) {
            return None;
        }
        self.lock = self.waiting.pop_front();
        self.lock
    }

    /// Every transaction is gone.
    pub fn crash(&mut self) {
        self.lock = None;
        self.waiting.clear();
    }

    pub fn reserve(&mut self, change: &mut Change) {
        for _ in change.chains.iter().flat_map(|it| &it.passed_on) {
            self.n_reserved = self.n_reserved.max(self.tables.last_position) + 1;
            change.reserved.push_back(self.n_reserved);
        }
    }

    /// One durable commit, and whether it passes something on. Nobody may have gone past a position that is
    /// filled by it: no reader, nor who follows the log.
    pub fn commit(&mut self, change: Change, now: Moment) -> Result<bool, Broken> {
        let is_reconsidered = change.is_reconsidered;
        let shut_out = |it: &&Row| {
            it.known.fate == Fate::Accepted
                && (change.revoked.device || is_by_one_of(&it.bytes, &change.revoked.people))
        };
        let mut stored = change.chains.iter().flat_map(|it| &it.stored);
        if let Some(it) = stored.find(shut_out) {
            return Err(Law::NoneShutOut
                .broken(format_args!("envelope {} is passed on", it.known.sequence)));
        }
        let stored = change.chains.iter().flat_map(|it| &it.stored);
        self.committed.extend(stored.map(|it| (it.known.hash, now)));
        let read_up_to = self.handed_out.max(self.tables.followed_up_to());
        let positions = self.tables.apply(change)?;
        let fed = positions.iter().filter_map(|it| self.tables.feed.get(it));
        let fed: Vec<Hash> = fed.map(|it| it.hash).collect();
        if is_reconsidered {
            self.released.extend(&fed);
        }
        self.ever_fed.extend(fed);
        match positions.iter().find(|it| **it <= read_up_to) {
            Some(position) => Err(Law::NoneSkipped.broken(format_args!(
                "position {position} is filled after {read_up_to} was read"
            ))),
            None => Ok(!positions.is_empty()),
        }
    }

    /// When it came into the log that there is now.
    pub fn committed_at(&self, hash: Hash) -> Option<Moment> {
        self.committed.get(&hash).copied()
    }

    pub fn was_released_at_start(&self, hash: Hash) -> bool {
        self.released.contains(&hash)
    }

    pub fn was_ever_fed(&self, hash: Hash) -> bool {
        self.ever_fed.contains(&hash)
    }

    pub fn page(
        &mut self,
        scope: &Scope,
        ask: Ask,
        now: Moment,
        plant: Option<Plant>,
    ) -> Result<Page, LogFellBack> {
        let page = self.tables.page(scope, ask, now, plant)?;
        self.handed_out = self.handed_out.max(page.next.position);
        Ok(page)
    }

    pub fn back_up(&mut self) {
        self.backups.push(self.tables.clone());
    }

    /// Puts an earlier state back, in an epoch that was never before and to be followed anew.
    pub fn restore(&mut self, backups_ago: Option<usize>, plant: Option<Plant>) {
        let mut backup = match backups_ago {
            Some(ago) => self.backups[self.backups.len().saturating_sub(ago + 1)].clone(),
            None => Tables::default(),
        };
        backup.followed = Followed::default();
        if plant == Some(Plant::SameEpoch) {
            self.tables = backup.in_epoch(self.tables.epoch);
        } else {
            self.tables = backup;
            self.begin_epoch();
        }
        self.crash();
    }

    pub fn begin_epoch(&mut self) {
        self.n_epochs += 1;
        self.tables.epoch = self.n_epochs;
        self.handed_out = 0;
        self.n_reserved = 0;
    }
}

fn is_by_one_of(envelope: &[u8], people: &BTreeSet<PersonId>) -> bool {
    Envelope::from_bytes(envelope).is_ok_and(|it| people.contains(&it.header().person))
}

/// With a bug planted: of each person the key that came last.
fn with_newest_keys(by: &Signatories) -> Signatories {
    let mut newest = Signers::default();
    let people: BTreeSet<&PersonId> = by.people.iter().map(|it| it.0).collect();
    for person in people {
        if let Some(key) = by.people.of(person).last() {
            newest.add(person.clone(), *key);
        }
    }
    Signatories {
        people: newest,
        ..by.clone()
    }
}

/// With a bug planted: everybody there signs with everybody's keys.
fn in_anybodys_name(by: &Signatories) -> Signatories {
    let mut all = by.clone();
    for (person, _) in by.people.iter() {
        for (_, key) in by.people.iter() {
            all.people.add(person.clone(), *key);
        }
    }
    all
}
