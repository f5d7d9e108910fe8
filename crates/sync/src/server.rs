//! Head office's judgement of what a device pushes.
//!
//! It decides and stores nothing: [`judge`] is told what is known of the chain and says what to
//! write; who calls it writes all of that in one durable transaction and only then gives out the
//! receipts. Whether an act *counts* is the fold's answer, never this module's.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Decoder};
use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{
    Envelope, EnvelopeError, FORMAT, Fate, HeldReason, Receipt, RefusedReason,
};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, PersonId, SiteId};
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_domain::signature::{self, Claimed, PublicKey};

use crate::message::{Push, Stated};

/// Who pushes, as the token says; what an envelope claims is only compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub site: SiteId,
    pub device: DeviceId,
}

/// Whose signatures an envelope of a device has to bear: the device's own, and its person's, unless that is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatories {
    /// The key under which the device is enrolled.
    pub device: PublicKey,
    pub people: Signers,
}

/// Whom of a device head office lets in no more: what they still bring waits for somebody to decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    pub device: bool,
    pub people: BTreeSet<PersonId>,
}

/// What one version of the server can read. Several versions may judge for one database while it is
/// being upgraded: what an older one holds, a newer one releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The newest format of envelopes that it reads.
    pub format: u32,
}

/// An envelope as it came in, read once and outside of any transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// None where not even the place in a chain can be read.
    outline: Option<Outline>,
    /// The envelope's hash; of all its bytes where there is no header to hash.
    hash: Hash,
    flaw: Option<RefusedReason>,
    /// Whether the version that read it knows its format, so that the flaw is all that can be wrong.
    is_known: bool,
}

/// What every format's header says under the same keys: the place in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Decode)]
#[cbor(map)]
struct Outline {
    #[n(1)]
    format: u32,
    #[n(5)]
    site: SiteId,
    /// A later format may say it in another way.
    #[n(7)]
    person: Option<PersonId>,
    #[n(8)]
    device: DeviceId,
    #[n(9)]
    chain: u32,
    #[n(10)]
    sequence: u64,
    #[n(11)]
    previous: Option<Hash>,
    #[n(12)]
    counter: u64,
}

/// An envelope of a chain in head office's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub sequence: u64,
    pub hash: Hash,
    pub previous: Option<Hash>,
    pub format: u32,
    pub counter: u64,
    pub fate: Fate,
    pub arrived: Moment,
}

/// What is known of one chain when a push is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainState {
    /// The last envelope of the unbroken chain, whatever its fate; none: nothing yet.
    pub head: Option<Head>,
    /// Everything stored beyond the head and everything at the sequences that arrived, forks too, in
    /// the order of arrival. More does no harm.
    pub known: Vec<Known>,
    /// The highest logical counter accepted from anybody on the site.
    pub highest_counter: u64,
    /// What the device took back of this chain, known or not.
    pub withdrawn: BTreeSet<(u64, Hash)>,
    pub revoked: Revoked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub hash: Hash,
}

/// What to do with one envelope of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// New: write it down with its fate. Of a refused one the bytes need not be kept, but its place:
    /// those behind it follow on it.
    Store(Known),
    /// Known already: nothing to write, and the receipt says what holds.
    Known(Known),
    /// Known by its header and refused for what stood behind that, which this time is sound: write its bytes and its fate
    /// down in place of those before.
    Mended(Known),
    /// Not of this chain, or of none: nothing to write.
    TurnAway {
        device: DeviceId,
        chain: u32,
        sequence: u64,
        hash: Hash,
        reason: RefusedReason,
    },
}

/// The answer to a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// One for each envelope, in the order pushed.
    pub verdicts: Vec<Verdict>,
    /// Held until now for a gap that this push filled: each with its new fate, in chain order.
    pub released: Vec<Known>,
    /// The chain's head after this push.
    pub head: Option<Head>,
}

/// A push is of one chain; this one was not, and nothing of it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixedChains;

impl Revoked {
    fn holds(&self, person: Option<&PersonId>) -> bool {
        self.device || person.is_some_and(|it| self.people.contains(it))
    }
}

impl Arrival {
    pub fn read(bytes: &[u8], by: &Signatories) -> Self {
        Version::OURS.read_one(bytes, by)
    }

    fn is_held_for(&self, revoked: &Revoked) -> bool {
        let outline = self.outline.as_ref();
        revoked.holds(outline.and_then(|it| it.person.as_ref()))
    }

    /// Whether nothing is wrong with it but that nobody is known to have signed it as that person.
    pub fn is_by_no_key_of_its_person(&self) -> bool {
        self.flaw == Some(RefusedReason::NotByPerson)
    }

    /// Where to look in the chain for what is known; none where no place could be read.
    pub fn sequence(&self) -> Option<u64> {
        self.outline.as_ref().map(|it| it.sequence)
    }
}

impl Version {
    pub const OURS: Self = Self { format: FORMAT };

    fn knows(self, format: u32) -> bool {
        (1..=self.format).contains(&format)
    }

    /// Reads what a push carries, before the chain is looked up. All signatures are verified together, and each by itself
    /// only where one of them is wrong.
    pub fn read(self, push: &Push, by: &Signatories) -> Vec<Arrival> {
        let mut claims = Vec::new();
        let unverified = push.envelopes.iter().map(|it| {
            self.arrival(&it.0, || {
                claims.extend(claims_of(&it.0, by)?);
                Ok(())
            })
        });
        let arrivals: Vec<_> = unverified.collect();
        let holds = signature::all_hold(&claims);
        let read = arrivals.into_iter().zip(&push.envelopes);
        read.map(|(arrival, it)| {
            // Which signature is wrong, each has to say for itself.
            if holds && !arrival.flaw.is_some_and(is_of_signatures) {
                arrival
            } else {
                self.read_one(&it.0, by)
            }
        })
        .collect()
    }

    /// Reads one envelope.
    pub fn read_one(self, bytes: &[u8], by: &Signatories) -> Arrival {
        self.arrival(bytes, || flaw(bytes, by).map_or(Ok(()), Err))
    }

    /// `look`: at what stands behind the header, where this version knows its format.
    fn arrival(self, bytes: &[u8], look: impl FnOnce() -> Result<(), RefusedReason>) -> Arrival {
        let header = header_bytes(bytes);
        let outline = header.and_then(|it| minicbor::decode::<Outline>(it).ok());
        let flaw = match &outline {
            Some(it) if it.sequence == 0 || (it.sequence == 1) != it.previous.is_none() => {
                Some(RefusedReason::Malformed)
            }
            _ if bytes.len() > limits::ENVELOPE_BYTES => Some(RefusedReason::TooLarge),
            // What stands behind the header of an unknown format is for a later version to judge.
            Some(it) if !self.knows(it.format) => None,
            _ => look().err(),
        };
        Arrival {
            is_known: outline.as_ref().is_none_or(|it| self.knows(it.format)),
            outline,
            hash: Hash::of(header.unwrap_or(bytes)),
            flaw,
        }
    }
}

pub fn header_bytes(bytes: &[u8]) -> Option<&[u8]> {
    let mut d = Decoder::new(bytes);
    d.array().ok()?;
    d.bytes().ok()
}

/// Why an envelope is nobody's whose keys these are; none where it is well formed and bears their signatures.
pub fn flaw(bytes: &[u8], by: &Signatories) -> Option<RefusedReason> {
    let envelope = match well_formed(bytes) {
        Ok(it) => it,
        Err(why) => return Some(why),
    };
    if envelope.verify(&by.device).is_err() {
        return Some(RefusedReason::Unsigned);
    }
    let mut keys = match persons_keys(&envelope, by) {
        Ok(it) => it.iter(),
        Err(why) => return Some(why),
    };
    let is_signed = envelope.header().claimed || keys.any(|it| envelope.verify(it).is_ok());
    (!is_signed).then_some(RefusedReason::NotByPerson)
}

/// The signatures that an envelope has to bear, to be verified with others.
fn claims_of(bytes: &[u8], by: &Signatories) -> Result<Vec<Claimed>, RefusedReason> {
    let envelope = well_formed(bytes)?;
    let device = envelope.claimed_by(&by.device);
    let device = device.ok_or(RefusedReason::Unsigned)?;
    let keys = persons_keys(&envelope, by)?;
    if envelope.header().claimed {
        return Ok(vec![device]);
    }
    let mut person = keys.iter().filter_map(|it| envelope.claimed_by(it));
    let person = person.next().ok_or(RefusedReason::NotByPerson)?;
    Ok(vec![device, person])
}

fn well_formed(bytes: &[u8]) -> Result<Envelope, RefusedReason> {
    let read = match Envelope::from_bytes(bytes) {
        Ok(it) => it,
        Err(EnvelopeError::TooLarge { .. }) => return Err(RefusedReason::TooLarge),
        Err(_) => return Err(RefusedReason::Malformed),
    };
    match read.events() {
        Ok(_) | Err(EnvelopeError::NotUnderstood { .. }) => Ok(read),
        Err(_) => Err(RefusedReason::Malformed),
    }
}

/// The keys of which one has to have signed for the person; none for one who is claimed: nobody is there to sign, and a new
/// matter is taken down all the same, but nothing else.
fn persons_keys<'a>(
    envelope: &Envelope,
    by: &'a Signatories,
) -> Result<&'a [PublicKey], RefusedReason> {
    if envelope.header().claimed && !envelope.may_be_claimed() {
        return Err(RefusedReason::NotByPerson);
    }
    Ok(by.people.of(&envelope.header().person))
}

/// Reads what a push carries, before the chain is looked up.
pub fn read(push: &Push, by: &Signatories) -> Vec<Arrival> {
    Version::OURS.read(push, by)
}

/// Judges what arrived, in any order and however often: the same envelopes end with the same fates.
pub fn judge(
    sender: &Sender,
    chain: u32,
    arrivals: &[Arrival],
    state: ChainState,
    now: Moment,
) -> Result<Judgement, MixedChains> {
    let mixed = |it: &Outline| it.device == sender.device && it.chain != chain;
    if arrivals
        .iter()
        .filter_map(|it| it.outline.as_ref())
        .any(mixed)
    {
        return Err(MixedChains);
    }
    let (withdrawn, revoked) = (state.withdrawn.clone(), state.revoked.clone());
    let mut ledger = Ledger::open(state);
    let n_before = ledger.known.len();
    let mut released = Vec::new();
    let mut seats = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let Some(outline) = arrival
            .outline
            .as_ref()
            .filter(|it| it.device == sender.device)
        else {
            seats.push(Seat::Away(turn_away(sender, chain, arrival)));
            continue;
        };
        let known = ledger
            .at(outline.sequence)
            .find(|&at| ledger.known[at].hash == arrival.hash);
        let wrong_site = (outline.site != sender.site).then_some(RefusedReason::NotYours);
        let taken_back = withdrawn
            .contains(&(outline.sequence, arrival.hash))
            .then_some(RefusedReason::Withdrawn);
        let refused = taken_back.or(arrival.flaw).or(wrong_site);
        if let Some(at) = known {
            // What came with the same push is looked at when it comes again.
            if refused.is_none() && at < n_before && ledger.mend(at, arrival, &revoked) {
                seats.push(Seat::Mended(at));
                continue;
            }
            if ledger.reconsider(at, arrival, &revoked) {
                released.push(at);
            }
            seats.push(Seat::Known(at));
            continue;
        }
        let fate = match refused {
            Some(reason) => Fate::Refused(reason),
            None if outline.sequence <= ledger.head.map_or(0, |it| it.sequence) => {
                Fate::Held(HeldReason::Fork)
            }
            None if !arrival.is_known => Fate::Held(HeldReason::UnknownFormat),
            None if arrival.is_held_for(&revoked) => Fate::Held(HeldReason::Revoked),
            None => Fate::Held(HeldReason::Gap),
        };
        seats.push(Seat::New(ledger.known.len()));
        ledger.add(Known {
            sequence: outline.sequence,
            hash: arrival.hash,
            previous: outline.previous,
            format: outline.format,
            counter: outline.counter,
            fate,
            arrived: now,
        });
        ledger.follow(|at| {
            if at < n_before {
                released.push(at);
            }
        });
    }
    ledger.leave_branches(|at| {
        if at < n_before {
            released.push(at);
        }
    });
    let Ledger { head, known, .. } = ledger;
    let verdict = |seat| match seat {
        Seat::Away(verdict) => verdict,
        Seat::New(at) => Verdict::Store(known[at].clone()),
        Seat::Known(at) => Verdict::Known(known[at].clone()),
        Seat::Mended(at) => Verdict::Mended(known[at].clone()),
    };
    released.sort_unstable_by_key(|&at| (known[at].sequence, at));
    released.dedup();
    Ok(Judgement {
        verdicts: seats.into_iter().map(verdict).collect(),
        released: released.into_iter().map(|at| known[at].clone()).collect(),
        head,
    })
}

/// What becomes of envelopes of one chain that an older version held for their format, each read by
/// this one: those whose fate is another one by now, in chain order. To be called whenever a server
/// starts or its log was restored: a device that never comes back cannot ask. Write each down, and [pass on](passed_on) what is
/// accepted, in one transaction.
pub fn reconsider(
    head: Option<Head>,
    waiting: &[(Known, Arrival)],
    highest_counter: u64,
    revoked: &Revoked,
) -> Vec<Known> {
    let mut ledger = Ledger::open(ChainState {
        head,
        known: waiting.iter().map(|(it, _)| it.clone()).collect(),
        highest_counter,
        ..ChainState::default()
    });
    let mut changed = Vec::new();
    for (at, (_, arrival)) in waiting.iter().enumerate() {
        if ledger.reconsider(at, arrival, revoked) {
            changed.push(ledger.known[at].clone());
        }
    }
    changed.sort_unstable_by_key(|it| it.sequence);
    changed
}

/// What becomes of envelopes of one chain that were held since their device or person was let in no more, once somebody
/// at head office has decided that they count: those whose fate is another one by now, in chain order. To be written down
/// as after [`reconsider`].
pub fn release(head: Option<Head>, waiting: &[Known], highest_counter: u64) -> Vec<Known> {
    let mut ledger = Ledger::open(ChainState {
        head,
        known: waiting.to_vec(),
        highest_counter,
        ..ChainState::default()
    });
    let mut changed = Vec::new();
    for at in 0..waiting.len() {
        if ledger.release(at) {
            changed.push(ledger.known[at].clone());
        }
    }
    changed.sort_unstable_by_key(|it| it.sequence);
    changed
}

/// What goes into the feed of those whose fate is new, in chain order, by sequence and hash.
pub fn passed_on<'a>(new: impl IntoIterator<Item = &'a Known>) -> Vec<(u64, Hash)> {
    let mut passed: Vec<_> = new
        .into_iter()
        .filter(|it| it.fate == Fate::Accepted)
        .map(|it| (it.sequence, it.hash))
        .collect();
    passed.sort_unstable();
    passed.dedup();
    passed
}

/// Where the verdict on an arrival is found once the whole push is judged.
enum Seat {
    New(usize),
    Known(usize),
    Mended(usize),
    Away(Verdict),
}

/// A chain while a push is judged.
struct Ledger {
    head: Option<Head>,
    known: Vec<Known>,
    by_sequence: BTreeMap<u64, Vec<usize>>,
    highest_counter: u64,
}

impl Ledger {
    fn open(
        ChainState {
            head,
            known,
            highest_counter,
            withdrawn: _,
            revoked: _,
        }: ChainState,
    ) -> Self {
        let mut ledger = Self {
            head,
            known: Vec::new(),
            by_sequence: BTreeMap::new(),
            highest_counter,
        };
        for it in known {
            ledger.add(it);
        }
        ledger
    }

    fn add(&mut self, it: Known) {
        self.by_sequence
            .entry(it.sequence)
            .or_default()
            .push(self.known.len());
        self.known.push(it);
    }

    fn at(&self, sequence: u64) -> impl Iterator<Item = usize> {
        self.by_sequence
            .get(&sequence)
            .into_iter()
            .flatten()
            .copied()
    }

    /// Follows the chain from its head as far as it goes and decides those that waited for it.
    fn follow(&mut self, mut changed: impl FnMut(usize)) {
        loop {
            let next = self.head.map_or(1, |it| it.sequence + 1);
            let before = self.head.map(|it| it.hash);
            let found = self.at(next).find(|&at| self.known[at].previous == before);
            for at in self.at(next).collect::<Vec<_>>() {
                let fate = match self.known[at].fate {
                    Fate::Held(HeldReason::Gap) if found == Some(at) => self.link(at),
                    Fate::Held(
                        HeldReason::Gap | HeldReason::UnknownFormat | HeldReason::Revoked,
                    ) if found != Some(at) => Fate::Held(HeldReason::Fork),
                    Fate::Accepted | Fate::Held(_) | Fate::Refused(_) => continue,
                };
                self.known[at].fate = fate;
                changed(at);
            }
            let Some(found) = found else { return };
            self.head = Some(Head {
                sequence: next,
                hash: self.known[found].hash,
            });
        }
    }

    /// Beyond the head, what hangs on a branch waits for no gap: no envelope of the chain will ever fill it.
    fn leave_branches(&mut self, mut changed: impl FnMut(usize)) {
        let next = self.head.map_or(1, |it| it.sequence + 1);
        let before = self.head.map(|it| it.hash);
        let beyond: Vec<usize> = self
            .by_sequence
            .range(next..)
            .flat_map(|(_, at)| at)
            .copied()
            .collect();
        let mut branches = BTreeSet::new();
        for at in beyond {
            let it = &self.known[at];
            let is_on_branch = if it.sequence == next {
                it.previous != before
            } else {
                it.previous.is_some_and(|it| branches.contains(&it))
            };
            if !is_on_branch {
                continue;
            }
            branches.insert(it.hash);
            if matches!(
                it.fate,
                Fate::Held(HeldReason::Gap | HeldReason::UnknownFormat | HeldReason::Revoked)
            ) {
                self.known[at].fate = Fate::Held(HeldReason::Fork);
                changed(at);
            }
        }
    }

    /// Judges anew what was held for its format, if this version knows that; whether it has another fate.
    fn reconsider(&mut self, at: usize, arrival: &Arrival, revoked: &Revoked) -> bool {
        let it = &self.known[at];
        if it.fate != Fate::Held(HeldReason::UnknownFormat) || !arrival.is_known {
            return false;
        }
        self.known[at].fate = match arrival.flaw {
            Some(reason) => Fate::Refused(reason),
            None if arrival.is_held_for(revoked) => Fate::Held(HeldReason::Revoked),
            None => self.sound(at),
        };
        true
    }

    /// Judges anew what was refused for what stood behind its header, which no hash in the chain is of; whether it was.
    fn mend(&mut self, at: usize, arrival: &Arrival, revoked: &Revoked) -> bool {
        let was_spoilt = match self.known[at].fate {
            Fate::Refused(why) => is_behind_the_header(why),
            Fate::Accepted | Fate::Held(_) => false,
        };
        if !was_spoilt || !arrival.is_known {
            return false;
        }
        self.known[at].fate = if arrival.is_held_for(revoked) {
            Fate::Held(HeldReason::Revoked)
        } else {
            self.sound(at)
        };
        true
    }

    /// Lets pass what was held for whom it is by; whether it has another fate.
    fn release(&mut self, at: usize) -> bool {
        if self.known[at].fate != Fate::Held(HeldReason::Revoked) {
            return false;
        }
        self.known[at].fate = self.sound(at);
        true
    }

    /// The fate of what is known to be sound, wherever it stands.
    fn sound(&mut self, at: usize) -> Fate {
        let it = &self.known[at];
        let is_ahead = self.head.is_none_or(|head| it.sequence > head.sequence);
        if is_ahead {
            Fate::Held(HeldReason::Gap)
        } else {
            self.link(at)
        }
    }

    /// The fate of what is known to be sound and has its place in the chain.
    fn link(&mut self, at: usize) -> Fate {
        let counter = self.known[at].counter;
        if counter > self.highest_counter.saturating_add(limits::COUNTER_LEAP) {
            Fate::Held(HeldReason::CounterLeap)
        } else {
            self.highest_counter = self.highest_counter.max(counter);
            Fate::Accepted
        }
    }
}

/// Whether the same header may come again with something else behind it.
const fn is_behind_the_header(why: RefusedReason) -> bool {
    match why {
        RefusedReason::Malformed
        | RefusedReason::TooLarge
        | RefusedReason::Unsigned
        | RefusedReason::NotByPerson => true,
        RefusedReason::NotYours | RefusedReason::Withdrawn => false,
    }
}

const fn is_of_signatures(why: RefusedReason) -> bool {
    matches!(why, RefusedReason::Unsigned | RefusedReason::NotByPerson)
}

fn turn_away(sender: &Sender, chain: u32, arrival: &Arrival) -> Verdict {
    match &arrival.outline {
        Some(it) => Verdict::TurnAway {
            device: it.device,
            chain: it.chain,
            sequence: it.sequence,
            hash: arrival.hash,
            reason: RefusedReason::NotYours,
        },
        None => Verdict::TurnAway {
            device: sender.device,
            chain,
            sequence: 0,
            hash: arrival.hash,
            reason: arrival.flaw.unwrap_or(RefusedReason::Malformed),
        },
    }
}

impl Judgement {
    /// What goes into the feed, in chain order, by sequence and hash.
    pub fn passed_on(&self) -> Vec<(u64, Hash)> {
        let stored = self.verdicts.iter().filter_map(|it| match it {
            Verdict::Store(it) | Verdict::Mended(it) => Some(it),
            Verdict::Known(_) | Verdict::TurnAway { .. } => None,
        });
        passed_on(stored.chain(&self.released))
    }

    /// The receipts, unsigned: to be signed, and given out only after everything else here is durable.
    pub fn receipts(
        &self,
        sender: &Sender,
        chain: u32,
        now: Moment,
        epoch: u64,
        backed_up_to: Option<u64>,
    ) -> Vec<Receipt> {
        let receipt = |verdict: &Verdict| {
            let (device, chain, sequence, hash, fate, at) = match *verdict {
                Verdict::Store(ref it) | Verdict::Known(ref it) | Verdict::Mended(ref it) => (
                    sender.device,
                    chain,
                    it.sequence,
                    it.hash,
                    it.fate,
                    it.arrived,
                ),
                Verdict::TurnAway {
                    device,
                    chain,
                    sequence,
                    hash,
                    reason,
                } => (device, chain, sequence, hash, Fate::Refused(reason), now),
            };
            Receipt {
                device,
                chain,
                sequence,
                hash,
                fate,
                at,
                epoch,
                backed_up_to,
                signature: None,
                beside: None,
            }
        };
        self.verdicts.iter().map(receipt).collect()
    }
}

/// Takes back what was not passed on yet; what was stays as it is. `known`: what is known of the envelope.
/// To be written down where it differs, beside the withdrawal itself, which also holds for an envelope that
/// comes later.
pub fn withdraw(known: &Known) -> Known {
    let fate = match known.fate {
        Fate::Held(_) => Fate::Refused(RefusedReason::Withdrawn),
        fate @ (Fate::Accepted | Fate::Refused(_)) => fate,
    };
    Known {
        fate,
        ..known.clone()
    }
}

/// Whether a device has to write in a new chain: what it states is not the end of what head office knows,
/// so it was cloned or restored from an older state. `head`: the unbroken chain's head here, and `fate` that of
/// the stated envelope, where it is here: whatever is written behind a fork is one as well.
pub fn goes_on_elsewhere(
    stated: &Stated,
    forked: bool,
    head: Option<Head>,
    fate: Option<Fate>,
) -> bool {
    let differs = head.is_some_and(|it| {
        it.sequence > stated.sequence
            || (it.sequence == stated.sequence && Some(it.hash) != stated.hash)
    });
    forked || differs || fate == Some(Fate::Held(HeldReason::Fork))
}

#[cfg(test)]
mod tests;
