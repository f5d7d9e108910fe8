//! What a site has adopted, who has confirmed the rules (G3, G4), whom head office lets in no more, whose words it has
//! erased, and whose PIN a supervisor gave anew, folded from the events under [`CaseId::SITE`].
//!
//! A case asks nothing here: it keeps the pack under which it was opened.
//!
//! [`CaseId::SITE`]: crate::id::CaseId::SITE

use std::collections::{BTreeMap, BTreeSet};

use crate::decide::{Acting, Post, Refusal, acts_for, supervises_responder};
use crate::directory::{Directory, Person};
use crate::envelope::Envelope;
use crate::event::{self, Adopted, Content, Event, Fact, Field, Holder, RulesConfirmed};
use crate::hash::Hash;
use crate::id::{CaseId, DeviceId, EnvelopeId, PersonId};
use crate::limits;
use crate::moment::Moment;
use crate::rule::RuleId;

/// The site's own history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// In the order of the log.
    pub adoptions: Vec<Adoption>,
    pub confirmations: Vec<Confirmation>,
    /// Whom head office lets in no more.
    pub revoked: BTreeSet<Holder>,
    /// Cases whose words are gone for good.
    pub erased: BTreeMap<CaseId, Erasure>,
    /// PINs that supervisors gave on a device, in the order of the log.
    pub pin_resets: Vec<PinReset>,
    /// Envelopes of a newer version, or with events of a case: kept, and without effect here.
    pub not_read: Vec<EnvelopeId>,
}

/// Texts that hold from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    pub by: PersonId,
    pub at: Moment,
    pub adopted: Adopted,
}

/// One try at the questions, or an objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub envelope: EnvelopeId,
    pub at: Moment,
    pub confirmed: RulesConfirmed,
}

/// Who had the words of a case erased, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub at: Moment,
    pub by: PersonId,
    pub agreed: PersonId,
}

/// Another PIN on one device, by a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinReset {
    pub by: PersonId,
    pub at: Moment,
    pub device: DeviceId,
    pub person: PersonId,
}

/// Where a person stands with one version of the rules (G3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    NotYet,
    /// Not every question was answered right.
    NotUnderstood {
        n_right: u32,
        n_questions: u32,
    },
    Confirmed {
        at: Moment,
    },
    /// The objection's words are in the envelope's content.
    Objects {
        at: Moment,
        envelope: EnvelopeId,
    },
}

impl Site {
    /// Folds the site's envelopes, which may come in any order and more than once.
    pub fn fold<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Self {
        // Head office's own records of reading stand among its orders.
        let is_sites = |it: &&Envelope| !it.header().case.is_of_looks();
        let mut envelopes: Vec<&Envelope> = envelopes.into_iter().filter(is_sites).collect();
        envelopes.sort_by_key(|it| it.order());
        envelopes.dedup_by_key(|it| it.order());
        let mut site = Self::default();
        for envelope in envelopes {
            if !site.take(envelope) {
                site.not_read.push(envelope.header().id);
            }
        }
        site
    }

    /// Whether all of the envelope could be read as the site's.
    fn take(&mut self, envelope: &Envelope) -> bool {
        let header = envelope.header();
        let Ok(facts) = envelope.facts() else {
            return false;
        };
        let is_sites = |it: &Fact| {
            // Whatever a device writes, it lets nobody out or in, and erases nothing.
            let is_order = matches!(it, Fact::AccessDecided(_) | Fact::CaseErased(_));
            (is_order && header.device == DeviceId::HEAD_OFFICE)
                || matches!(
                    it,
                    Fact::Adopted(_) | Fact::RulesConfirmed(_) | Fact::PinReset(_)
                )
        };
        if header.claimed || !facts.iter().all(is_sites) {
            return false;
        }
        for fact in facts {
            if let Fact::Adopted(adopted) = fact {
                self.adoptions.push(Adoption {
                    by: header.person.clone(),
                    at: header.at,
                    adopted,
                });
            } else if let Fact::RulesConfirmed(confirmed) = fact {
                self.confirmations.push(Confirmation {
                    envelope: header.id,
                    at: header.at,
                    confirmed,
                });
            } else if let Fact::PinReset(it) = fact {
                self.pin_resets.push(PinReset {
                    by: header.person.clone(),
                    at: header.at,
                    device: header.device,
                    person: it.person,
                });
            } else if let Fact::AccessDecided(it) = fact {
                if it.may_enter {
                    self.revoked.remove(&it.whom);
                } else {
                    self.revoked.insert(it.whom);
                }
            } else if let Fact::CaseErased(it) = fact {
                // What lies under the site's own case is nobody's request.
                if it.case != CaseId::SITE {
                    self.erased.entry(it.case).or_insert_with(|| Erasure {
                        at: header.at,
                        by: header.person.clone(),
                        agreed: it.agreed,
                    });
                }
            }
        }
        true
    }

    /// Whether head office lets this person in, on whatever device.
    pub fn lets_in(&self, person: &PersonId) -> bool {
        !self.revoked.contains(&Holder::Person(person.clone()))
    }

    /// The same of a device, whoever holds it.
    pub fn lets_in_device(&self, device: DeviceId) -> bool {
        !self.revoked.contains(&Holder::Device(device))
    }

    /// The envelope as it may be kept: of an erased case without its words.
    pub fn kept(&self, envelope: Envelope) -> Envelope {
        if self.erased.contains_key(&envelope.header().case) {
            envelope.without_content()
        } else {
            envelope
        }
    }

    /// The pack in force: that of the latest date reached; of several for one date, the one adopted last.
    pub fn pack_at(&self, moment: Moment) -> Option<Hash> {
        self.in_force(moment, |it| it.pack)
    }

    /// The calendar in force, as for the pack.
    pub fn calendar_at(&self, moment: Moment) -> Option<Hash> {
        self.in_force(moment, |it| it.calendar)
    }

    /// From when calendars hold, each moment once, in the order of time.
    pub fn calendars_adopted(&self) -> impl Iterator<Item = Moment> {
        let from: BTreeSet<Moment> = self
            .adoptions
            .iter()
            .filter(|it| it.adopted.calendar.is_some())
            .map(|it| it.adopted.from)
            .collect();
        from.into_iter()
    }

    /// The directory in force, as for the pack.
    pub fn directory_at(&self, moment: Moment) -> Option<Hash> {
        self.in_force(moment, |it| it.directory)
    }

    fn in_force(&self, moment: Moment, text: impl Fn(&Adopted) -> Option<Hash>) -> Option<Hash> {
        self.adoptions
            .iter()
            .filter(|it| it.adopted.from <= moment)
            .filter_map(|it| text(&it.adopted).map(|hash| (it.adopted.from, hash)))
            .max_by_key(|(from, _)| *from)
            .map(|(_, hash)| hash)
    }

    /// The pack in force and those that are still to come, each to be confirmed as soon as it is adopted.
    pub fn packs_to_know(&self, now: Moment) -> Vec<Hash> {
        let mut packs: Vec<Hash> = self.pack_at(now).into_iter().collect();
        let mut coming: Vec<&Adopted> = self
            .adoptions
            .iter()
            .map(|it| &it.adopted)
            .filter(|it| it.from > now)
            .collect();
        coming.sort_by_key(|it| it.from);
        for pack in coming.into_iter().filter_map(|it| it.pack) {
            if !packs.contains(&pack) {
                packs.push(pack);
            }
        }
        packs
    }

    /// The last word counts, but nobody who once confirmed a version is asked again.
    pub fn standing(&self, person: &PersonId, pack: Hash) -> Standing {
        let mut standing = Standing::NotYet;
        for it in &self.confirmations {
            let said = &it.confirmed;
            if said.person != *person || said.pack != pack {
                continue;
            }
            if said.objects {
                standing = Standing::Objects {
                    at: it.at,
                    envelope: it.envelope,
                };
            } else if said.n_right >= said.n_questions {
                standing = Standing::Confirmed { at: it.at };
            } else if !matches!(
                standing,
                Standing::Confirmed { .. } | Standing::Objects { .. }
            ) {
                standing = Standing::NotUnderstood {
                    n_right: said.n_right,
                    n_questions: said.n_questions,
                };
            }
        }
        standing
    }

    /// Which packs a person still has to confirm or object to (G3); a change of the pack asks again.
    pub fn outstanding(&self, person: &PersonId, now: Moment) -> Vec<Hash> {
        let mut packs = self.packs_to_know(now);
        packs.retain(|it| {
            matches!(
                self.standing(person, *it),
                Standing::NotYet | Standing::NotUnderstood { .. }
            )
        });
        packs
    }

    /// Of all who work here, who has confirmed a pack.
    pub fn confirmed<'a>(&self, pack: Hash, directory: &'a Directory) -> BTreeSet<&'a PersonId> {
        directory
            .people
            .keys()
            .filter(|it| matches!(self.standing(it, pack), Standing::Confirmed { .. }))
            .collect()
    }
}

/// What a person can order for the site as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteCommand {
    /// Adopt texts from a moment on (G4).
    Adopt {
        pack: Option<Hash>,
        calendar: Option<Hash>,
        directory: Option<Hash>,
        from: Moment,
    },
    /// Answer the pack's questions, each by the place of the choice, from 0 (G3).
    ConfirmRules { pack: Hash, answers: Vec<usize> },
    /// Object to a pack, with why (G3).
    Object { pack: Hash, text: String },
    /// Give somebody whom one supervises another PIN on this device.
    ResetPin { person: PersonId },
}

/// The events that obey `command`, or the refusal. No events: the command changes nothing.
pub fn decide_site(
    site: &Site,
    command: SiteCommand,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let directory = &acting.rules.directory;
    let actor = directory
        .person(acting.person)
        .ok_or_else(|| Refusal::UnknownPerson {
            person: acting.person.clone(),
        })?;
    match command {
        SiteCommand::Adopt {
            pack,
            calendar,
            directory,
            from,
        } => adopt(
            site,
            actor,
            Adopted {
                pack,
                calendar,
                directory,
                from,
            },
            acting,
        ),
        SiteCommand::ConfirmRules { pack, answers } => confirm(site, actor, pack, &answers, acting),
        SiteCommand::Object { pack, text } => object(site, actor, pack, text, acting),
        SiteCommand::ResetPin { person } => reset_pin(site, actor, person, directory),
    }
}

/// Whose PIN it may be, is whom one supervises: nobody's own, and a head's by the director alone.
fn reset_pin(
    site: &Site,
    actor: &Person,
    person: PersonId,
    directory: &Directory,
) -> Result<Vec<Event>, Refusal> {
    let Some(known) = directory.person(&person).filter(|it| site.lets_in(&it.id)) else {
        return Err(Refusal::UnknownPerson { person });
    };
    supervises_responder(actor, &person, &known.department, directory)?;
    if actor.id == person {
        return Err(Refusal::NotSupervisor {
            department: known.department.clone(),
        });
    }
    let reset = event::PinReset { person };
    Ok(vec![Event::new(Fact::PinReset(reset), Content::default())])
}

/// From now on or later, never back: what was done was done under the rules of its day.
fn adopt(
    site: &Site,
    actor: &Person,
    adopted: Adopted,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    may_adopt(actor, &acting.rules.directory)?;
    if adopted.from < acting.now {
        return Err(Refusal::ImpossibleTime { at: adopted.from });
    }
    if let Some(pack) = adopted
        .pack
        .filter(|it| acting.rules.pack_by(*it).is_none())
    {
        return Err(Refusal::UnknownPack { pack });
    }
    let says_nothing =
        adopted.pack.is_none() && adopted.calendar.is_none() && adopted.directory.is_none();
    let is_adopted = site.adoptions.last().map(|it| &it.adopted) == Some(&adopted);
    if says_nothing || is_adopted {
        return Ok(Vec::new());
    }
    Ok(vec![Event::new(Fact::Adopted(adopted), Content::default())])
}

/// The director, or the head of quality control; each by a deputy too.
fn may_adopt(actor: &Person, directory: &Directory) -> Result<(), Refusal> {
    let quality = directory
        .quality
        .as_ref()
        .and_then(|it| directory.department(it))
        .map(|it| it.head.clone());
    let may: Vec<PersonId> = directory
        .director
        .clone()
        .into_iter()
        .chain(quality)
        .collect();
    if may.is_empty() {
        return Err(Refusal::NoPost {
            post: Post::Director,
        });
    }
    if may.iter().any(|it| acts_for(actor, it, directory)) {
        Ok(())
    } else {
        Err(Refusal::NotAdopter { may })
    }
}

/// Every try is on record; it counts when all answers are right.
fn confirm(
    site: &Site,
    actor: &Person,
    pack: Hash,
    answers: &[usize],
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    to_know(site, pack, acting)?;
    let quiz = &acting
        .rules
        .pack_by(pack)
        .ok_or(Refusal::UnknownPack { pack })?
        .quiz;
    if answers.len() != quiz.len() {
        return Err(Refusal::AnswersMissing {
            given: answers.len(),
            needed: quiz.len(),
        });
    }
    if matches!(site.standing(&actor.id, pack), Standing::Confirmed { .. }) {
        return Ok(Vec::new());
    }
    let right = quiz.iter().zip(answers).filter(|(it, at)| it.right == **at);
    let fact = RulesConfirmed {
        person: actor.id.clone(),
        pack,
        n_right: count(right.count()),
        n_questions: count(quiz.len()),
        objects: false,
    };
    Ok(vec![Event::new(
        Fact::RulesConfirmed(fact),
        Content::default(),
    )])
}

fn object(
    site: &Site,
    actor: &Person,
    pack: Hash,
    text: String,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    to_know(site, pack, acting)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::ReasonMissing { rule: RuleId::G3 });
    }
    let chars = text.chars().count();
    if chars > limits::TEXT_CHARS {
        return Err(Refusal::TooLong {
            field: Field::Text,
            chars,
            limit: limits::TEXT_CHARS,
        });
    }
    let fact = RulesConfirmed {
        person: actor.id.clone(),
        pack,
        n_right: 0,
        n_questions: 0,
        objects: true,
    };
    Ok(vec![Event::new(
        Fact::RulesConfirmed(fact),
        Content::text(text),
    )])
}

/// Adopted here, and in force or still to come.
fn to_know(site: &Site, pack: Hash, acting: Acting<'_>) -> Result<(), Refusal> {
    if site.packs_to_know(acting.now).contains(&pack) {
        Ok(())
    } else {
        Err(Refusal::UnknownPack { pack })
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
