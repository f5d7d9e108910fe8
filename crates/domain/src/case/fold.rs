//! From envelopes to the case: the order, all or none of an envelope, and what did not count.

use super::{Act, Case, Owed, Stage};
use crate::decide::Refusal;
use crate::envelope::{Envelope, EnvelopeError, Header, RuleHashes};
use crate::event::{Fact, records_a_new_matter};
use crate::hash::Hash;
use crate::id::{CaseId, EnvelopeId, PersonId};

/// What a fold gives: the case, and which envelopes did not count or were done where others answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    pub case: Option<Case>,
    pub without_effect: Vec<(EnvelopeId, WithoutEffect)>,
    pub rerouted: Vec<Rerouted>,
}

impl Folded {
    /// Some envelope was written by a newer version: the case is shown, not acted on.
    pub fn is_understood(&self) -> bool {
        !self
            .without_effect
            .iter()
            .any(|(_, why)| matches!(why, WithoutEffect::Unreadable(_)))
    }
}

/// Why an act is on record and does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithoutEffect {
    /// The case had moved on in the meantime: somebody else acted at the same time.
    Parallel(Refusal),
    Unreadable(EnvelopeError),
}

/// An act that counts, by a person from whom somebody else had moved the case meanwhile: nobody is
/// refused for that, and those who answer now see it. Whether the person could know is not to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerouted {
    pub envelope: EnvelopeId,
    pub by: PersonId,
    /// The act by which the case had moved.
    pub moved_by: EnvelopeId,
    /// In whose hands it was when the act counted.
    pub to: Owed,
}

/// An act on record without effect, because another one came first in the order of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parallel {
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub refusal: Refusal,
    /// The last act before it without which it would have counted; none: it could never count.
    pub lost_to: Option<EnvelopeId>,
    /// In whose hands the case was instead; none: it was not recorded yet.
    pub to: Option<Owed>,
}

impl Case {
    /// Folds the envelopes of one case, which may come in any order and more than once.
    pub fn fold<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Folded {
        Self::replay(envelopes, |_, _| {})
    }

    /// The same fold, with the case shown after each envelope that counts.
    pub fn replay<'a>(
        envelopes: impl IntoIterator<Item = &'a Envelope>,
        mut after: impl FnMut(&Self, &'a Envelope),
    ) -> Folded {
        let mut folding = Folding::default();
        for envelope in in_order(envelopes) {
            if let Some(case) = folding.take(envelope) {
                after(case, envelope);
            }
        }
        folding.folded
    }

    /// The acts without effect, each with the one it lost to.
    ///
    /// Replays the case, so it is for whoever looks at one, not for lists.
    pub fn parallels(envelopes: &[Envelope]) -> Vec<Parallel> {
        let folded = Self::fold(envelopes);
        let mut parallels: Vec<_> = in_order(envelopes)
            .into_iter()
            .filter_map(|it| Losing::of(it, &folded))
            .collect();
        if parallels.is_empty() {
            return Vec::new();
        }
        Self::replay(envelopes, |case, envelope| {
            for it in parallels
                .iter_mut()
                .filter(|it| it.envelope.order() > envelope.order())
            {
                it.meet(case, envelope);
            }
        });
        parallels.into_iter().map(|it| it.parallel).collect()
    }

    /// The case after all of `facts`, or after none of them.
    pub fn after<'a>(
        before: Option<&Self>,
        id: CaseId,
        texts: RuleHashes,
        facts: &'a [Fact],
        act: impl Fn(&'a Fact) -> Act<'a>,
    ) -> Result<Self, Refusal> {
        let mut case = before.cloned();
        Self::advance(&mut case, id, texts, facts, act).map_err(|it| it.refusal)?;
        case.ok_or(Refusal::NotRecorded)
    }

    /// Takes `facts` one by one. Where it stops, those before may have left their marks: it says so.
    fn advance<'a>(
        case: &mut Option<Self>,
        id: CaseId,
        texts: RuleHashes,
        facts: &'a [Fact],
        act: impl Fn(&'a Fact) -> Act<'a>,
    ) -> Result<(), Stopped> {
        let mut is_marked = false;
        for fact in facts {
            match (&mut *case, fact) {
                (None, Fact::Recorded(record)) => {
                    *case = Some(Self::recorded(id, texts.pack, record, act(fact)));
                }
                (None, _) => return Err(Stopped::unmarked(Refusal::NotRecorded)),
                (Some(case), _) => match case.admit(act(fact)) {
                    Ok(()) => case.apply(act(fact)),
                    // Somebody signed for the slip meanwhile: what was done with it counts all the same (T6).
                    Err(Refusal::AlreadyReceived) if facts.len() > 1 => continue,
                    Err(refusal) => return Err(Stopped { refusal, is_marked }),
                },
            }
            is_marked |= !matches!(fact, Fact::ReasonExplained(_));
        }
        let case = case
            .as_mut()
            .ok_or(Stopped::unmarked(Refusal::NotRecorded))?;
        case.keep_calendar(texts.calendar);
        Ok(())
    }

    /// What has just ended is judged by the calendar of whoever ended it.
    fn keep_calendar(&mut self, calendar: Hash) {
        for it in self.obligations.iter_mut().filter(|it| it.end.is_some()) {
            it.judged_by.get_or_insert(calendar);
        }
    }

    /// In whose hands the case is: the department that has it, and the person, once it is one's.
    pub fn hands(&self) -> Owed {
        match &self.stage {
            Stage::Passed {
                department,
                handler,
                ..
            } => Owed {
                department: department.clone(),
                person: handler.clone(),
            },
            Stage::Coordinating { department } => Owed {
                department: department.clone(),
                person: None,
            },
            Stage::Own | Stage::Joined { .. } | Stage::Replied | Stage::Closed => {
                self.responder_owes()
            }
        }
    }

    /// Whether a person has a part in the case: answers for it, handles it or owes something.
    pub fn is_with(&self, person: &PersonId) -> bool {
        self.responder.person == *person
            || self.handler() == Some(person)
            || self
                .open_obligations()
                .any(|it| it.owed_by.person.as_ref() == Some(person))
    }
}

fn in_order<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Vec<&'a Envelope> {
    let mut envelopes: Vec<&Envelope> = envelopes.into_iter().collect();
    envelopes.sort_by_key(|it| it.order());
    envelopes.dedup_by_key(|it| it.order());
    envelopes
}

/// Why facts could not follow.
struct Stopped {
    refusal: Refusal,
    /// Facts before the refused one changed the case.
    is_marked: bool,
}

impl Stopped {
    const fn unmarked(refusal: Refusal) -> Self {
        Self {
            refusal,
            is_marked: false,
        }
    }
}

/// A fold under way.
#[derive(Default)]
struct Folding<'a> {
    folded: Folded,
    /// What counted so far: the case is made anew from it where an envelope stops halfway, so that it
    /// need not be copied for each one.
    counted: Vec<&'a Envelope>,
    left: Vec<Left>,
}

/// Somebody from whom another person moved the case.
struct Left {
    person: PersonId,
    moved_by: EnvelopeId,
}

impl<'a> Folding<'a> {
    /// The case after an envelope that counts.
    fn take(&mut self, envelope: &'a Envelope) -> Option<&Case> {
        let header = envelope.header();
        let facts = match envelope.facts() {
            Ok(facts) => facts,
            Err(error) => return self.leave_out(header.id, WithoutEffect::Unreadable(error)),
        };
        if !may_count(header, &facts) {
            let refusal = Refusal::NeedsSignature;
            return self.leave_out(header.id, WithoutEffect::Parallel(refusal));
        }
        let moved_before = self.moved_from(&header.person);
        let had = facts.iter().any(moves_the_case).then(|| self.who_has_it());
        if let Err(stopped) = advance_by(&mut self.folded.case, envelope, &facts) {
            if stopped.is_marked {
                self.folded.case = again(&self.counted);
            }
            return self.leave_out(header.id, WithoutEffect::Parallel(stopped.refusal));
        }
        self.counted.push(envelope);
        let case = self.folded.case.as_ref()?;
        if let Some(moved_by) = moved_before {
            self.folded.rerouted.push(Rerouted {
                envelope: header.id,
                by: header.person.clone(),
                moved_by,
                to: case.hands(),
            });
        }
        let left = had
            .into_iter()
            .flatten()
            .filter(|it| *it != header.person && !case.is_with(it));
        self.left.extend(left.map(|person| Left {
            person,
            moved_by: header.id,
        }));
        Some(case)
    }

    fn leave_out(&mut self, id: EnvelopeId, why: WithoutEffect) -> Option<&Case> {
        self.folded.without_effect.push((id, why));
        None
    }

    /// The act by which somebody else moved the case from this person, who has no part in it again.
    fn moved_from(&self, person: &PersonId) -> Option<EnvelopeId> {
        let left = self.left.iter().rev().find(|it| it.person == *person)?;
        let case = self.folded.case.as_ref()?;
        (!case.is_with(person)).then_some(left.moved_by)
    }

    fn who_has_it(&self) -> Vec<PersonId> {
        self.folded.case.as_ref().map_or_else(Vec::new, |case| {
            [Some(&case.responder.person), case.handler()]
                .into_iter()
                .flatten()
                .cloned()
                .collect()
        })
    }
}

/// What may take a case from the person who has it.
const fn moves_the_case(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Succeeded(_)
            | Fact::HandlerNamed(_)
            | Fact::HandedOver(_)
            | Fact::Returned(_)
            | Fact::ReportedToCoordination(_)
            | Fact::LeadNamed(_)
            | Fact::Instructed(_)
            | Fact::GuidedReceived(_)
            | Fact::Joined(_)
    )
}

/// What nobody signed for is a new matter, and nothing else.
fn may_count(header: &Header, facts: &[Fact]) -> bool {
    !header.claimed || records_a_new_matter(facts)
}

fn advance_by(case: &mut Option<Case>, envelope: &Envelope, facts: &[Fact]) -> Result<(), Stopped> {
    let header = envelope.header();
    Case::advance(case, header.case, header.rules, facts, |fact| Act {
        envelope: header.id,
        by: &header.person,
        at: header.at,
        claimed: header.claimed,
        fact,
    })
}

fn again(counted: &[&Envelope]) -> Option<Case> {
    let mut case = None;
    for envelope in counted {
        let facts = envelope.facts().ok()?;
        advance_by(&mut case, envelope, &facts).ok()?;
    }
    case
}

/// An act without effect, held against the case after each act before it.
struct Losing<'a> {
    envelope: &'a Envelope,
    facts: Vec<Fact>,
    could_count: bool,
    parallel: Parallel,
}

impl<'a> Losing<'a> {
    fn of(envelope: &'a Envelope, folded: &Folded) -> Option<Self> {
        let header = envelope.header();
        let (_, why) = folded
            .without_effect
            .iter()
            .find(|(id, _)| *id == header.id)?;
        let WithoutEffect::Parallel(refusal) = why else {
            return None;
        };
        let facts = envelope.facts().ok()?;
        Some(Self {
            envelope,
            // A second record of a case could have been its first.
            could_count: matches!(facts.first(), Some(Fact::Recorded(_)))
                && may_count(header, &facts),
            facts,
            parallel: Parallel {
                envelope: header.id,
                by: header.person.clone(),
                refusal: refusal.clone(),
                lost_to: None,
                to: None,
            },
        })
    }

    fn meet(&mut self, case: &Case, winner: &Envelope) {
        let header = self.envelope.header();
        let counts = may_count(header, &self.facts)
            && Case::after(Some(case), case.id, header.rules, &self.facts, |fact| Act {
                envelope: header.id,
                by: &header.person,
                at: header.at,
                claimed: header.claimed,
                fact,
            })
            .is_ok();
        if self.could_count && !counts {
            self.parallel.lost_to = Some(winner.header().id);
        }
        self.could_count = counts;
        self.parallel.to = Some(case.hands());
    }
}
