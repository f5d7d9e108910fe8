//! Who answered for a case at a past moment, what was due by when, under which rule and texts, and with
//! which verdict: values, no words. Start at [`explain`].

use crate::case::{Case, End, Folded, Obligation, Owed, Parallel, Rerouted, Responder, Stage};
use crate::envelope::{Envelope, RuleHashes};
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::{Due, ReckoningError};
use crate::rule::RuleId;
use crate::rules::Rules;
use crate::verdict::{Evidence, Verdict, answerable};

/// Whose past it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What had been done by then, wherever it was known.
    Done,
    /// What had arrived at head office by then.
    KnownAtHeadOffice,
}

/// How a case stood at a moment, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub case: CaseId,
    pub at: Moment,
    /// Who answers for the case (F1, F3).
    pub first_responder: Responder,
    /// In whose hands it is; a slip counts as handed over from its issue, signed for or not.
    pub hands: Owed,
    /// Where it stands, with whether the slip was signed for.
    pub stage: Stage,
    pub handler: Option<PersonId>,
    /// The lead that coordination named (C1).
    pub lead: Option<DepartmentId>,
    /// The post on duty that has what the first responder owed (F7).
    pub on_duty: Option<PersonId>,
    /// A shift handover that is not signed for yet: from whom, to whom (F7).
    pub shift: Option<(PersonId, PersonId)>,
    pub owed: Vec<Owing>,
    pub parallels: Vec<Parallel>,
    pub rerouted: Vec<Rerouted>,
}

/// One obligation as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    pub deadline: DeadlineId,
    pub since: Moment,
    /// The act by which it arose.
    pub arose: EnvelopeId,
    pub end: Option<End>,
    pub owed_by: Owed,
    /// The texts that it is reckoned by: the pack under which the case was opened (G4); the calendar of
    /// the act that ended it, or the one in force while it is open.
    pub texts: RuleHashes,
    pub reckoned: Reckoned,
}

/// By when it was due, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reckoned {
    By {
        rule: RuleId,
        due: Due,
        verdict: Verdict,
        /// Who owed it when it fell due.
        answerable: Owed,
    },
    Not {
        rule: RuleId,
        error: ReckoningError,
    },
    /// The texts are named, and not among those at hand.
    TextsNotAtHand,
}

impl Case {
    /// The case as it stood at a moment: folded from what had been done by then, by the devices' clocks.
    pub fn at(envelopes: &[Envelope], moment: Moment) -> Folded {
        Self::fold(envelopes.iter().filter(|it| it.header().at <= moment))
    }

    /// The case as head office knew it at a moment: folded from what had arrived by then.
    pub fn known_at(envelopes: &[Envelope], moment: Moment, evidence: &Evidence<'_>) -> Folded {
        Self::fold(
            envelopes
                .iter()
                .filter(|it| had_arrived(it, moment, evidence)),
        )
    }
}

fn had_arrived(envelope: &Envelope, moment: Moment, evidence: &Evidence<'_>) -> bool {
    evidence
        .of(envelope.header().id)
        .and_then(|it| it.arrived)
        .is_some_and(|it| it <= moment)
}

/// The texts that were in force at some time; each envelope names its own by hash.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// In force at the moment in question.
    pub in_force: &'a Rules,
    pub earlier: &'a [&'a Rules],
}

impl<'a> Library<'a> {
    fn find(&self, case: &Case, texts: RuleHashes) -> Option<&'a Rules> {
        std::iter::once(self.in_force)
            .chain(self.earlier.iter().copied())
            .find(|it| {
                let has = it.hashes();
                has.calendar == texts.calendar && has.zones == texts.zones && it.knows_pack_of(case)
            })
    }
}

/// None: the case was not recorded by then.
pub fn explain(
    envelopes: &[Envelope],
    at: Moment,
    view: View,
    evidence: &Evidence<'_>,
    library: &Library<'_>,
) -> Option<Explanation> {
    let by_then: Vec<Envelope> = envelopes
        .iter()
        .filter(|it| match view {
            View::Done => it.header().at <= at,
            View::KnownAtHeadOffice => had_arrived(it, at, evidence),
        })
        .cloned()
        .collect();
    let folded = Case::fold(&by_then);
    let case = folded.case?;
    let owed = case
        .obligations
        .iter()
        .map(|it| owing(&case, it, at, &by_then, evidence, library))
        .collect();
    Some(Explanation {
        case: case.id,
        at,
        hands: case.hands(),
        handler: case.handler().cloned(),
        lead: case.coordination.lead.clone(),
        on_duty: on_duty(&case).cloned(),
        shift: case
            .consents
            .shifts
            .last()
            .map(|it| (it.from.clone(), it.to.clone())),
        owed,
        parallels: Case::parallels(&by_then),
        rerouted: folded.rerouted,
        stage: case.stage,
        first_responder: case.responder,
    })
}

/// Whoever has by a shift what the first responder owed and owes no more.
fn on_duty(case: &Case) -> Option<&PersonId> {
    let responder = &case.responder.person;
    case.open_obligations()
        .find(|it| {
            it.owed_by.person.as_ref() != Some(responder)
                && it
                    .before
                    .iter()
                    .any(|(was, _)| was.person.as_ref() == Some(responder))
        })
        .and_then(|it| it.owed_by.person.as_ref())
}

fn owing(
    case: &Case,
    obligation: &Obligation,
    at: Moment,
    envelopes: &[Envelope],
    evidence: &Evidence<'_>,
    library: &Library<'_>,
) -> Owing {
    let texts = texts_of(case, obligation, envelopes, library);
    Owing {
        deadline: obligation.deadline,
        since: obligation.since,
        arose: obligation.arose,
        end: obligation.end,
        owed_by: obligation.owed_by.clone(),
        texts,
        reckoned: match library.find(case, texts) {
            Some(rules) => reckoned(case, obligation, at, evidence, rules),
            None => Reckoned::TextsNotAtHand,
        },
    }
}

/// A deadline keeps the calendar it was judged by; an open one is reckoned by the one in force.
fn texts_of(
    case: &Case,
    obligation: &Obligation,
    envelopes: &[Envelope],
    library: &Library<'_>,
) -> RuleHashes {
    let header = |fits: &dyn Fn(&Envelope) -> bool| {
        envelopes
            .iter()
            .find(|it| fits(it))
            .map(|it| it.header().rules)
    };
    let ended = match obligation.end {
        None => None,
        Some(End::Met { by, .. }) => header(&|it| it.header().id == by),
        Some(End::Lifted { at }) => header(&|it| it.header().at == at),
    };
    RuleHashes {
        pack: case.pack,
        ..ended.unwrap_or_else(|| library.in_force.hashes())
    }
}

fn reckoned(
    case: &Case,
    obligation: &Obligation,
    at: Moment,
    evidence: &Evidence<'_>,
    rules: &Rules,
) -> Reckoned {
    let rule = rules.pack_of(case).deadline(obligation.deadline).rule;
    let both = rules.due(case, obligation).and_then(|due| {
        let verdict = rules.verdict(case, obligation, at, evidence)?;
        Ok((due, verdict))
    });
    match both {
        Ok((due, verdict)) => Reckoned::By {
            rule,
            answerable: answerable(obligation, due.at).clone(),
            due,
            verdict,
        },
        Err(error) => Reckoned::Not { rule, error },
    }
}

/// Something that happened to an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    pub at: Moment,
    /// Its place among [`Case::obligations`].
    pub obligation: usize,
    pub what: Change,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Arose,
    /// To somebody else, by a succession or a shift (F3, F7).
    Moved,
    Met,
    Lifted,
    /// And it was open still.
    FellDue,
}

/// What happened to the obligations of a case and what will, if nobody does anything: in the order of time.
///
/// What cannot be reckoned has no moment at which it falls due.
pub fn timeline(case: &Case, rules: &Rules) -> Vec<Transition> {
    let mut transitions: Vec<Transition> = case
        .obligations
        .iter()
        .enumerate()
        .flat_map(|(obligation, it)| {
            changes(case, it, rules)
                .map(move |(at, what)| Transition {
                    at,
                    obligation,
                    what,
                })
                .collect::<Vec<_>>()
        })
        .collect();
    transitions.sort_by_key(|it| (it.at, it.what, it.obligation));
    transitions
}

fn changes<'a>(
    case: &Case,
    obligation: &'a Obligation,
    rules: &Rules,
) -> impl Iterator<Item = (Moment, Change)> + use<'a> {
    let end = obligation.end.map(|it| match it {
        End::Met { at, .. } => (at, Change::Met),
        End::Lifted { at } => (at, Change::Lifted),
    });
    let due = rules
        .due_at(case, obligation, obligation.since)
        .ok()
        .filter(|due| end.is_none_or(|(ended_at, _)| *due < ended_at))
        .map(|due| (due, Change::FellDue));
    let moved = obligation.before.iter().map(|(_, at)| (*at, Change::Moved));
    std::iter::once((obligation.since, Change::Arose))
        .chain(moved)
        .chain(end)
        .chain(due)
}
