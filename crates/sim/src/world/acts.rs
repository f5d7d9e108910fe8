//! What people do, and how it gets into the log.

use shouwen_domain::Case;
use shouwen_domain::envelope::{Envelope, Fate, RefusedReason, Stamp};
use shouwen_domain::event::{Event as Happened, Fact, VOCABULARY, records_a_new_matter};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, EnvelopeId, PersonId, SiteId};
use shouwen_domain::signature::SecretKey;
use shouwen_store::{Append, Entry, History, Log, OwnFate, Section, WriteError};
use shouwen_sync::client::{Input, Place, Trigger};
use shouwen_sync::message::Withdrawal;

use super::{Broken, Doing, Event, Law, Word, World};
use crate::chance::{Chance, Whose};
use crate::device::{Device, now, row};
use crate::people;
use crate::plant::Plant;

/// Cases that a person looks at before giving up.
const N_LOOKS: u32 = 3;
/// How often a person tries again when others were first.
const N_TRIES: u32 = 4;

/// How often somebody looks and does nothing, per thousand.
const LOOKS: u64 = 150;

/// What somebody decided to do, and on what.
pub(super) struct Decided {
    pub case: CaseId,
    pub known: History,
    pub events: Vec<Happened>,
    pub by_rules: bool,
}

impl World<'_> {
    /// On the device of the plan, or on one of its clones.
    pub(super) fn planned_act(&mut self, act: usize) -> Result<(), Broken> {
        let planned = &self.plan.acts[act];
        let is_it = |it: &&Device| it.n == planned.device || it.twin_of == Some(planned.device);
        let n_twins = self.devices.iter().filter(is_it).count();
        let mut chance = self.plan.chance(Whose::Act, planned.n * 8 + 7);
        let chosen = chance.below(n_twins.max(1));
        let mut twins = self.devices.iter().enumerate().filter(|(_, it)| is_it(it));
        match twins.nth(chosen).map(|(device, _)| device) {
            Some(device) => self.act(device, planned.n, 0),
            None => Ok(()),
        }
    }

    pub(super) fn act(&mut self, device: usize, act: u64, n_tries: u32) -> Result<(), Broken> {
        if !self.devices[device].on {
            return Ok(());
        }
        let mut chance = self.plan.chance(Whose::Act, act * 8 + u64::from(n_tries));
        let may_take_back = act < super::LAST_ACTS;
        if may_take_back
            && chance.happens(self.plan.weather.takes_back)
            && self.take_back(device, &mut chance)?
        {
            return Ok(());
        }
        let actor = chance.below(self.devices[device].who.staff.len());
        let decided = if act < super::LAST_ACTS && chance.happens(LOOKS) {
            self.glance(device, actor, &mut chance)?
        } else {
            self.decide(device, actor, &mut chance)?
        };
        let Some(decided) = decided else {
            self.note(&format_args!("device {device}: nothing to do"));
            return Ok(());
        };
        let it = &mut self.devices[device];
        if !it.understands(&decided.known.entries) {
            return Err(Law::OnlyUnderstood.broken(format_args!(
                "device {device} acts on a case that its version does not understand"
            )));
        }
        it.n_cases += u64::from(decided.known.version == 0);
        let seen = decided.known.entries.iter();
        let seen = seen.map(|it| it.envelope.header().counter).max();
        // A device that was set up for the wrong site: what it writes is refused.
        let stray = act < super::LAST_ACTS && chance.happens(30);
        let Some(unsigned) = is_unsigned(it, actor, &decided.events, act, &mut chance) else {
            self.note(&format_args!(
                "device {device}: nothing to do without a key"
            ));
            return Ok(());
        };
        let it = &self.devices[device];
        let staff = &it.who.staff;
        let (person, own_key) = (&staff[actor].person, &staff[actor].key);
        // Whoever writes in a colleague's name has no key of theirs.
        let forged = act < super::LAST_ACTS && chance.happens(30);
        let key = if forged {
            &staff[(actor + 1) % staff.len()].key
        } else {
            own_key
        };
        let site = if stray {
            "elsewhere".parse().expect("a slug")
        } else {
            self.site.clone()
        };
        let stamp = self.stamp(it, site, decided.case, person.clone(), &mut chance)?;
        if seen.is_some_and(|it| it >= stamp.counter) {
            return Err(Law::SeenComesBefore.broken(format_args!(
                "device {device} puts an act at {} that was decided on one at {seen:?}",
                stamp.counter
            )));
        }
        let events = it.without_words_of_erased(decided.case, decided.events)?;
        let signer = (!unsigned).then_some(key);
        // What is too large is refused on the screen.
        let Some(envelope) = sealed(stamp, &events, &it.who.key, signer) else {
            return Ok(());
        };
        let boot = it.boot;
        let doing = Box::new(Doing {
            act,
            append: Append {
                envelope,
                expected_version: decided.known.version,
                projection: row(),
            },
            by_rules: decided.by_rules,
        });
        self.soon(
            device,
            20,
            Event::Write {
                device,
                boot,
                doing,
                n_tries,
            },
        );
        Ok(())
    }

    /// Behind the end of the chain in which the device writes.
    fn stamp(
        &self,
        device: &Device,
        site: SiteId,
        case: CaseId,
        person: PersonId,
        chance: &mut Chance,
    ) -> Result<Stamp, Broken> {
        let standing = device.standing()?;
        let end = if self.plant == Some(Plant::WrittenOn) {
            standing.head
        } else {
            device.end()?
        };
        let seen = if self.plant == Some(Plant::OwnCounter) {
            end.sequence
        } else {
            end.counter
        };
        Ok(Stamp {
            id: EnvelopeId::from_random(chance.id()),
            site,
            case,
            person,
            device: device.who.id,
            chain: end.chain.max(1),
            sequence: end.sequence + 1,
            previous: end.hash,
            counter: seen + 1,
            at: device.wall(self.now_ms),
            clock: None,
            last_receipt: standing.last_receipt,
            rules: people::site().rules.hashes(),
            facts_salt: Salt(chance.id()),
            content_salt: Salt(chance.id()),
        })
    }

    /// Somebody looks at what is held or refused, and takes one of them back.
    fn take_back(&mut self, device: usize, chance: &mut Chance) -> Result<bool, Broken> {
        let withdrawn = Some(Fate::Refused(RefusedReason::Withdrawn));
        let mut open = now(self.devices[device].disk.fates(0))?;
        let said = now(self.devices[device].disk.list(Section::Withdrawals))?;
        let name = |it: &OwnFate| format!("{}/{}", it.chain, it.sequence);
        open.retain(|it| it.needs_a_person() && it.fate != withdrawn && !said.contains(&name(it)));
        let is_held = |it: &OwnFate| matches!(it.fate, Some(Fate::Held(_)));
        if open.iter().any(is_held) {
            open.retain(is_held);
        }
        if open.is_empty() {
            return Ok(false);
        }
        let it = chance.pick(&open);
        let before = it.sequence - 1;
        let own = now(self.devices[device].disk.own_after(it.chain, before, 1))?;
        let Some(envelope) = own.into_iter().next() else {
            return Ok(false);
        };
        let hash = envelope.hash();
        // With the key of then nobody signs any more.
        if envelope.header().device != self.devices[device].who.id {
            return Ok(false);
        }
        // What a restored server holds for a while was accepted before: others have it.
        if self.told.ever_accepted.contains(&hash) {
            return Ok(false);
        }
        let what = Withdrawal {
            device: self.devices[device].who.id,
            chain: it.chain,
            sequence: it.sequence,
            hash,
        };
        let statement = minicbor::to_vec(what).expect("writing to a vector cannot fail");
        self.before_write(device);
        let name = name(&it);
        let put = self.devices[device]
            .disk
            .put(Section::Withdrawals, &name, &statement);
        let is_stored = now(put).is_ok();
        // Where the answer was lost, it may be stored all the same.
        if let Some(word) = self.saved.envelopes.get_mut(&hash) {
            word.taken_back = true;
        }
        if is_stored {
            self.report.n_taken_back += 1;
            self.tell(&format_args!(
                "device {device}: takes envelope {} back, which is {:?}",
                it.sequence, it.fate
            ));
        }
        let pumps: Vec<_> = self.devices[device].pumps.keys().copied().collect();
        for pump in pumps {
            self.poke(device, pump, Input::Trigger(Trigger::Sent))?;
        }
        Ok(true)
    }

    fn decide(
        &self,
        device: usize,
        actor: usize,
        chance: &mut Chance,
    ) -> Result<Option<Decided>, Broken> {
        let (it, site) = (&self.devices[device], people::site());
        let person = &it.who.staff[actor].person;
        let at = it.wall(self.now_ms);
        let mut cases = it.cases()?;
        // Of those that it let go of it may have but the latest acts.
        cases.retain(|case| {
            *case != CaseId::SITE && !case.is_of_looks() && !it.gone.cases.contains(case)
        });
        if cases.is_empty() || chance.happens(300) {
            let number = format!("0923-{}-{:03}", it.n, it.n_cases + 1);
            let case = CaseId::from_random(chance.id());
            let events = site.record(person, &number, at, chance);
            return Ok(events.map(|events| Decided {
                case,
                known: History::default(),
                events,
                by_rules: true,
            }));
        }
        for _ in 0..N_LOOKS {
            let case = chance.pick(&cases);
            let known = now(it.disk.history(case))?;
            if !self.may_act(device, &known.entries) {
                continue;
            }
            if chance.happens(self.plan.weather.unfitting) {
                let events = vec![site.unfitting(chance)];
                return Ok(self.readable(device, events).map(|events| Decided {
                    case,
                    known,
                    events,
                    by_rules: false,
                }));
            }
            let folded = Case::fold(known.entries.iter().map(|it| &it.envelope)).case;
            let events = folded.and_then(|it| site.go_on(&it, person, at, chance));
            if let Some(events) = events.and_then(|it| self.readable(device, it)) {
                return Ok(Some(Decided {
                    case,
                    known,
                    events,
                    by_rules: true,
                }));
            }
        }
        Ok(None)
    }

    /// An older version shows what it does not understand, and does not act on it.
    fn may_act(&self, device: usize, entries: &[Entry]) -> bool {
        self.plant == Some(Plant::OlderActs) || self.devices[device].understands(entries)
    }

    /// An older version has no button for what it cannot write.
    pub(super) fn readable(&self, device: usize, events: Vec<Happened>) -> Option<Vec<Happened>> {
        let newest = events.iter().map(|it| it.fact.vocabulary()).max()?;
        (newest <= self.devices[device].vocabulary).then_some(events)
    }

    pub(super) fn write(
        &mut self,
        device: usize,
        boot: u64,
        doing: Doing,
        n_tries: u32,
    ) -> Result<(), Broken> {
        if !self.devices[device].on || self.devices[device].boot != boot {
            return Ok(());
        }
        self.before_write(device);
        let hash = doing.append.envelope.hash();
        match now(self.devices[device].disk.append(doing.append.clone())) {
            Ok(standing) => {
                if self.dies_here(device) {
                    self.maybe_saved(device, &doing);
                    self.crash(device);
                    return Ok(());
                }
                let place = Place {
                    chain: standing.head.chain,
                    sequence: standing.head.sequence,
                };
                self.saw_head(device, place)?;
                self.told_saved(device, &doing, hash);
                if self.dies_here(device) {
                    self.crash(device);
                    return Ok(());
                }
                if self.erase_after(device, &doing.append.envelope).is_err() {
                    // Nothing of it is shown: the app is opened anew, and tries again.
                    self.crash(device);
                    return Ok(());
                }
                let pumps: Vec<_> = self.devices[device].pumps.keys().copied().collect();
                for pump in pumps {
                    self.poke(device, pump, Input::Trigger(Trigger::Sent))?;
                }
            }
            Err(WriteError::Fault(fault)) => {
                if self.plant == Some(Plant::FaultIgnored) {
                    self.told_saved(device, &doing, hash);
                    return Ok(());
                }
                self.maybe_saved(device, &doing);
                self.tell(&format_args!(
                    "device {device}: {} is not stored ({fault})",
                    Act(&doing)
                ));
                let event = Event::Write {
                    device,
                    boot,
                    doing: Box::new(doing),
                    n_tries,
                };
                let is_full = self.devices[device].disk.is_full();
                self.soon(device, if is_full { 40_000 } else { 2_000 }, event);
            }
            // Whoever lost the answer finds that the head or the case moved on by this very act, or another's.
            Err(WriteError::Conflict(_)) => {
                let header = doing.append.envelope.header();
                let known = now(self.devices[device].disk.history(header.case))?;
                let is_there = known
                    .entries
                    .iter()
                    .any(|it| it.envelope.header().id == header.id);
                if is_there && self.plant != Some(Plant::ActedAgain) {
                    self.told_saved(device, &doing, hash);
                } else if n_tries < N_TRIES {
                    self.act(device, doing.act, n_tries + 1)?;
                }
            }
        }
        Ok(())
    }

    fn told_saved(&mut self, device: usize, doing: &Doing, hash: Hash) {
        self.tell(&format_args!("device {device}: saved {}", Act(doing)));
        let mut word = self.word(device, doing, true);
        let known = self.saved.envelopes.get(&hash);
        word.taken_back = known.is_some_and(|it| it.taken_back);
        word.at_end = known.map_or(word.at_end, |it| it.at_end);
        let known = self.saved.envelopes.insert(hash, word);
        if known.is_none_or(|it| !it.for_sure) {
            self.report.n_saved += 1;
            let envelope = &doing.append.envelope;
            let is_stray = envelope.header().site != self.site;
            self.report.n_forged +=
                u64::from(!is_stray && !envelope.header().claimed && self.is_refused(envelope));
            self.report.n_decided += u64::from(doing.by_rules);
            self.report.n_unsigned += u64::from(envelope.header().claimed);
            self.report.n_looks += u64::from(envelope.header().case.is_of_looks());
            let facts = envelope.facts().unwrap_or_default();
            let confirms = facts.iter().any(|it| matches!(it, Fact::AskedConfirmed(_)));
            self.report.n_confirmed += u64::from(confirms);
        }
        if self.office.chokes_on.is_none() && self.devices[device].chance.happens(100) {
            self.office.chokes_on = Some(hash);
        }
    }

    fn maybe_saved(&mut self, device: usize, doing: &Doing) {
        let word = self.word(device, doing, false);
        let hash = doing.append.envelope.hash();
        self.saved.envelopes.entry(hash).or_insert(word);
    }

    fn word(&self, device: usize, doing: &Doing, for_sure: bool) -> Word {
        let header = doing.append.envelope.header();
        Word {
            bytes: doing.append.envelope.to_bytes(),
            case: header.case,
            device,
            author: header.device,
            act: doing.act,
            sequence: header.sequence,
            for_sure,
            refused: self.is_refused(&doing.append.envelope),
            taken_back: false,
            at_end: self.devices[device].at_end,
        }
    }

    pub(super) fn saw_head(&mut self, device: usize, head: Place) -> Result<(), Broken> {
        let known = self.saved.heads.entry(device).or_default();
        if head < *known {
            return Err(Law::HeadsGoForward.broken(format_args!(
                "the head of device {device} moved back from {known:?} to {head:?}"
            )));
        }
        *known = head;
        Ok(())
    }
}

/// Whether nobody is signed in; or somebody with the device's key alone says so of what takes a signature. None where
/// a key is lacking, and it cannot be done without.
fn is_unsigned(
    device: &Device,
    actor: usize,
    events: &[Happened],
    act: u64,
    chance: &mut Chance,
) -> Option<bool> {
    let facts: Vec<Fact> = events.iter().map(|it| it.fact.clone()).collect();
    let (knows, is_new) = (
        device.vocabulary >= VOCABULARY,
        records_a_new_matter(&facts),
    );
    let says_so = knows
        && if is_new {
            chance.happens(300)
        } else {
            act < super::LAST_ACTS && chance.happens(20)
        };
    let signs = device.who.has_joined() && device.who.staff[actor].signs;
    (signs || (knows && is_new)).then_some(says_so || !signs)
}

/// An act in a few words.
struct Act<'a>(&'a Doing);

impl std::fmt::Display for Act<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let envelope = &self.0.append.envelope;
        let header = envelope.header();
        write!(f, "envelope {} (", header.sequence)?;
        for it in envelope.facts().unwrap_or_default() {
            write!(f, "{} ", people::kind(&it))?;
        }
        let case = header.case.to_string();
        write!(f, "by {}, case {})", header.person, &case[..4])
    }
}

/// By the device and by whoever acts; by claim where nobody is signed in. None where it is too large.
fn sealed(
    stamp: Stamp,
    events: &[Happened],
    device: &SecretKey,
    signer: Option<&SecretKey>,
) -> Option<Envelope> {
    let sealed = match signer {
        Some(_) => Envelope::seal(stamp, events),
        None => Envelope::seal_claimed(stamp, events),
    };
    let envelope = sealed.ok()?.signed(device);
    Some(match signer {
        Some(key) => envelope.signed(key),
        None => envelope,
    })
}
