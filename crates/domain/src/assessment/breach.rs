//! 待核实: obligations surely missed and forbidden acts, each with its evidence and its link in the chain.
//!
//! What the rules of the assessment table mean in facts:
//!
//! - **A1** the first responder sent a phrase that dismisses, was reported for shirking, or surely missed passing
//!   on, answering or telling; and after that the customer asked again (a case that repeats this one, I9).
//! - **A2** a quarrel was reported.
//! - **A3** a supporting department surely missed the answer or the receipt, was reported for refusing, or returned
//!   a slip again and again that the coordinator then gave it to lead.
//! - **A4** a result said to solve it had come back, the customer complained again of their own accord, and nobody
//!   had ended the case for good. An honest "not satisfied" is no part of it (V2). Or what the pack names as its
//!   further case was reported.
//! - **A5** the department whose matter it is passed it on, and without that way round it had been in time.
//! - **A6** an authority or the press criticised it.
//! - **A7** two departments were reported over one slip, or the slip went to and fro between two, none of the
//!   returns upheld, and neither of them was given the lead. Whoever wrangled is not charged with the way round too.
//! - **A8** a slip went again to a department whose return the coordinator upheld, and without that way round it had
//!   been in time.
//! - **A9** required fields are empty, and nobody said why.

use std::collections::BTreeSet;

use super::link::{asked_since, is_contractor, of_missed, of_person};
use super::proposal::key;
use super::{Context, Judged};
use crate::case::{Case, End, Move, Obligation, Report, ReportKind, TraceKind};
use crate::event::{Ending, Field, Kind, Outcome};
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rule::RuleId;

/// Something that a rule forbids or that was surely missed. No penalty, and not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The line of the assessment table it falls under, else the rule that was broken.
    pub rule: RuleId,
    pub ground: Ground,
    pub account: Account,
    pub part: Part,
    /// Since when it is one: all that it takes had happened.
    pub at: Moment,
    /// The envelopes that show it, never empty; of this case, and for A1 and A4 of the one that repeats it.
    pub evidence: Vec<EnvelopeId>,
    /// Those of the evidence that no later act changes: by them it is recognised again.
    pub(super) proof: BTreeSet<EnvelopeId>,
    /// The rule that was broken, where that is not the line it falls under: no line reaches further than it (G1).
    pub(super) broken: Option<RuleId>,
}

/// Which part of a line it is, where a line is by degree (A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Whole,
    Department,
    Head,
    Person,
}

/// On whose account it goes (A11, T11).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// No person where it was nobody's alone.
    Staff {
        department: DepartmentId,
        person: Option<PersonId>,
    },
    /// A contractor whom its counterpart contacted in time (T11).
    Contract(DepartmentId),
}

impl Account {
    /// The department on whose account it goes.
    pub const fn department(&self) -> &DepartmentId {
        match self {
            Self::Staff { department, .. } | Self::Contract(department) => department,
        }
    }

    /// The person, where it was theirs alone.
    pub const fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Staff { person, .. } => person.as_ref(),
            Self::Contract(_) => None,
        }
    }
}

/// What happened, in the terms of the facts that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    Missed(DeadlineId),
    /// So many phrases that dismiss a customer (L1).
    Phrases(usize),
    /// The slip was not taken (T4).
    Refused,
    /// Two sides wrangled over the slip (A7).
    Wrangled,
    Quarrel,
    Criticised,
    /// What the pack names beside the repeated complaint (A4).
    FurtherCase,
    /// The customer came again with the same matter, in this case (I9).
    ComplainedAgain(CaseId),
    OwnWorkPassedOn,
    InsistedOnWrongDepartment,
    /// Asked before, as the person says themselves, and not recorded (F5, I1).
    Unrecorded,
    /// Empty on the record form, whether or not somebody said why (A9).
    Incomplete {
        missing: Vec<Field>,
        explained: bool,
    },
    /// The customer came again for what no notice had named (I4).
    SecondTrip,
    /// The customer came in vain on the day agreed (I4).
    WastedVisit,
    /// A check by sample found otherwise than recorded (V3).
    FoundOtherwise,
}

/// F5: the customer named somebody they had asked, and there is no record of it. Not a breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub to: PersonId,
    /// The record in which the customer said so.
    pub said_in: EnvelopeId,
}

/// What has to be asked of people before anything can be said (F5), until they have answered.
pub fn questions(case: &Case) -> Vec<Question> {
    unrecorded(case)
        .filter(|_| case.intake.asked_before.is_none())
        .zip(recorded_in(case))
        .map(|(to, said_in)| Question {
            to: to.clone(),
            said_in,
        })
        .into_iter()
        .collect()
}

/// Whom the customer had asked before by what they say, where nobody recorded it.
pub(super) fn unrecorded(case: &Case) -> Option<&PersonId> {
    case.asked_before_without_record()
        .filter(|_| case.intake.repeats.is_none())
}

/// Everything on a case that waits to be verified, by when it came about.
pub fn breaches(case: &Case, context: Context<'_>) -> Vec<Breach> {
    let look = Look { case, context };
    let mut found = look.missed();
    found.extend(look.phrases());
    found.extend(look.second_trips());
    found.extend(look.found_otherwise());
    found.extend(look.incomplete());
    found.extend(look.quarrels_and_criticism());
    found.extend(look.wrangles());
    found.extend(look.refusals(&found));
    found.extend(look.late_support(&found));
    found.extend(look.detours(&found));
    found.extend(look.unrecorded());
    found.extend(look.further_cases());
    let again = look.again();
    found.extend(again.iter().find_map(|again| look.shirked(&found, again)));
    found.extend(
        again
            .iter()
            .find_map(|again| look.poorly_handled(again))
            .into_iter()
            .flatten(),
    );
    // Of whoever was named as asked it is said once that stands (F6).
    if let Some(stands_since) = asked_since(case, context) {
        let named = Some(&case.record.first_responder);
        for it in found.iter_mut().filter(|it| it.account.person() == named) {
            it.at = it.at.max(stands_since);
        }
    }
    found.sort_by(|a, b| {
        (a.at, a.rule, &a.account, a.part, &a.proof)
            .cmp(&(b.at, b.rule, &b.account, b.part, &b.proof))
    });
    found.dedup();
    found
}

fn recorded_in(case: &Case) -> Option<EnvelopeId> {
    case.assessments
        .traces
        .iter()
        .find(|it| it.kind == TraceKind::Recorded)
        .map(|it| it.envelope)
}

#[derive(Clone, Copy)]
struct Look<'a> {
    case: &'a Case,
    context: Context<'a>,
}

impl<'a> Look<'a> {
    fn missed(self) -> Vec<Breach> {
        let pack = self.context.rules.pack_of(self.case);
        self.case
            .obligations
            .iter()
            .filter(|it| is_ones_own(it.deadline))
            .filter_map(|it| {
                let due = self.due_of_missed(it)?;
                let account = of_missed(self.case, it, due, self.context);
                let breach = Breach {
                    rule: pack.deadline(it.deadline).rule,
                    ground: Ground::Missed(it.deadline),
                    account,
                    part: Part::Whole,
                    at: due,
                    evidence: evidence_of(it),
                    proof: [it.arose].into(),
                    broken: None,
                };
                self.may_be_said_of(&breach.account).then_some(breach)
            })
            .collect()
    }

    fn due_of_missed(self, it: &Obligation) -> Option<Moment> {
        if (self.context.verdict)(self.case, it) != Judged::Missed {
            return None;
        }
        self.context.rules.due(self.case, it).ok().map(|due| due.at)
    }

    /// Nothing is said of a person who was named as asked, or as having recorded it, before it stands that they were (F6).
    fn may_be_said_of(self, account: &Account) -> bool {
        let Some(person) = account.person() else {
            return true;
        };
        !self.case.is_only_claimed_of(person)
            && (*person != self.case.record.first_responder
                || asked_since(self.case, self.context).is_some())
    }

    /// When the coordinator named a lead, the first time from a moment on.
    fn lead_named_since(self, from: Moment) -> Option<Moment> {
        self.case
            .assessments
            .traces
            .iter()
            .find(|it| it.kind == TraceKind::LeadNamed && it.at >= from)
            .map(|it| it.at)
    }

    /// F5: no longer a question once the person has said that they were asked.
    fn unrecorded(self) -> Option<Breach> {
        let person = unrecorded(self.case)?;
        let admitted = self.case.intake.asked_before == Some(true);
        let said = self.case.obligations.iter().filter_map(|it| match it.end {
            Some(End::Met { at, by }) if it.deadline == DeadlineId::ConfirmAsked => {
                Some((it, at, by))
            }
            Some(_) | None => None,
        });
        let (_, at, by) = said
            .filter(|_| admitted)
            .find(|(it, ..)| it.owed_by.person.as_ref() == Some(person))?;
        let recorded = recorded_in(self.case)?;
        Some(Breach {
            evidence: vec![recorded, by],
            ..one_act(
                RuleId::F5,
                Ground::Unrecorded,
                of_person(person, &self.case.record.department, self.context),
                at,
                by,
            )
        })
    }

    fn phrases(self) -> Vec<Breach> {
        self.case
            .assessments
            .traces
            .iter()
            .filter_map(|it| {
                let TraceKind::Phrases(n) = it.kind else {
                    return None;
                };
                Some(one_act(
                    RuleId::L1,
                    Ground::Phrases(n),
                    of_person(&it.by, self.case.holder(), self.context),
                    it.at,
                    it.envelope,
                ))
            })
            .collect()
    }

    /// I4: the link is whoever gave the last notice, or agreed the time; without a notice the first responder.
    fn second_trips(self) -> Vec<Breach> {
        let mut found = Vec::new();
        let home = &self.case.record.department;
        for trip in &self.case.intake.second_trips {
            if !trip.untold.is_empty() || trip.untold_else {
                let notice = self
                    .case
                    .intake
                    .notices
                    .iter()
                    .rev()
                    .find(|it| it.at <= trip.at);
                let by = notice.map_or(&self.case.record.first_responder, |it| &it.by);
                let evidence = notice
                    .map(|it| it.envelope)
                    .into_iter()
                    .chain([trip.envelope])
                    .collect();
                found.push(Breach {
                    evidence,
                    ..one_act(
                        RuleId::I4,
                        Ground::SecondTrip,
                        of_person(by, home, self.context),
                        trip.at,
                        trip.envelope,
                    )
                });
            }
            let day = |at| self.context.rules.zone().local(at).date();
            let agreed = self
                .case
                .intake
                .agreed
                .iter()
                .rev()
                .find(|it| it.made_at <= trip.at && day(it.at) == day(trip.at));
            if let Some(agreed) = agreed.filter(|_| trip.in_vain) {
                found.push(Breach {
                    evidence: vec![agreed.envelope, trip.envelope],
                    ..one_act(
                        RuleId::I4,
                        Ground::WastedVisit,
                        of_person(&agreed.by, home, self.context),
                        trip.at,
                        trip.envelope,
                    )
                });
            }
        }
        found.retain(|it| self.may_be_said_of(&it.account));
        found
    }

    fn found_otherwise(self) -> Vec<Breach> {
        let mut found = Vec::new();
        for it in &self.case.assessments.traces {
            let TraceKind::SpotChecked {
                handling_true,
                visit_true,
            } = it.kind
            else {
                continue;
            };
            let handled = self.result_before(it.at).filter(|_| !handling_true);
            let visited = self
                .case
                .visits
                .iter()
                .rev()
                .find(|visit| visit.at <= it.at && visit_true == Some(false));
            let home = &self.case.responder.department;
            let links = handled
                .map(|(department, by, ..)| of_person(by, department, self.context))
                .into_iter()
                .chain(visited.map(|visit| of_person(&visit.by, home, self.context)));
            found.extend(links.map(|account| {
                one_act(
                    RuleId::V3,
                    Ground::FoundOtherwise,
                    account,
                    it.at,
                    it.envelope,
                )
            }));
        }
        found
    }

    /// The last result before a moment: department, person, outcome, envelope.
    fn result_before(
        self,
        at: Moment,
    ) -> Option<(&'a DepartmentId, &'a PersonId, Outcome, EnvelopeId)> {
        self.case
            .assessments
            .traces
            .iter()
            .rev()
            .filter(|it| it.at <= at)
            .find_map(|it| match &it.kind {
                TraceKind::Result {
                    department,
                    outcome,
                } => Some((department, &it.by, *outcome, it.envelope)),
                TraceKind::Recorded
                | TraceKind::RepeatMarked
                | TraceKind::MissingExplained
                | TraceKind::Phrases(_)
                | TraceKind::HandedOver
                | TraceKind::HandlerNamed(_)
                | TraceKind::LeadNamed
                | TraceKind::SpotChecked { .. } => None,
            })
    }

    /// A9: against the first responder only where they wrote it themselves (F6).
    fn incomplete(self) -> Option<Breach> {
        let case = self.case;
        if case.intake.missing.is_empty() || case.intake.in_danger {
            return None;
        }
        let due = case
            .obligations
            .iter()
            .filter(|it| it.deadline == DeadlineId::CompleteForm && it.end.is_none())
            .try_fold(case.recorded_at, |at, it| {
                self.due_of_missed(it).map(|due| at.max(due))
            })?;
        let explained = case.record.missing_because.is_some()
            || case
                .assessments
                .traces
                .iter()
                .any(|it| it.kind == TraceKind::MissingExplained);
        let own_hand = case.recorded_by == case.record.first_responder && !case.is_only_claimed();
        let account = Account::Staff {
            department: case.record.department.clone(),
            person: own_hand.then(|| case.recorded_by.clone()),
        };
        let ground = Ground::Incomplete {
            missing: case.intake.missing.clone(),
            explained,
        };
        let envelope = recorded_in(case)?;
        Some(one_act(RuleId::A9, ground, account, due, envelope))
    }

    fn quarrels_and_criticism(self) -> Vec<Breach> {
        self.case
            .assessments
            .reports
            .iter()
            .filter_map(|it| {
                let (rule, ground) = match it.kind {
                    ReportKind::Quarrel => (RuleId::A2, Ground::Quarrel),
                    ReportKind::Criticism { .. } => (RuleId::A6, Ground::Criticised),
                    ReportKind::Shirking | ReportKind::FurtherCase | ReportKind::Praise { .. } => {
                        return None;
                    }
                };
                Some(one_act(rule, ground, reported(it), it.at, it.envelope))
            })
            .collect()
    }

    /// Reports of shirking that the coordinator's word has not undone (A7); none by the person themselves.
    fn standing_reports(self) -> Vec<&'a Report> {
        let upheld = |department: &DepartmentId| {
            self.case
                .moves
                .iter()
                .any(|it| it.returned && it.upheld && it.from == *department)
        };
        self.case
            .assessments
            .reports
            .iter()
            .filter(|it| {
                it.kind == ReportKind::Shirking
                    && it.person.as_ref() != Some(&it.by)
                    && !upheld(&it.department)
            })
            .collect()
    }

    /// A report on which the director has decided as the refusal of one (A3): it is no wrangle of two any more.
    fn is_decided_alone(self, it: &Report) -> bool {
        let line = self.line_for_support(&it.department, RuleId::T4);
        let proof = [it.envelope].into();
        [it.person.as_ref(), None].into_iter().any(|person| {
            let key = key(self.case.id, line, person, &it.department, &proof);
            let decisions = &self.case.assessments.decisions;
            decisions.iter().any(|made| made.proposal == key)
        })
    }

    /// A7: each side under the same proof, so that both are decided alike. The two first reported are the sides: who
    /// is reported after them does not change what is held against them.
    fn wrangles(self) -> Vec<Breach> {
        let mut sides: Vec<(Account, EnvelopeId, Moment)> = Vec::new();
        for it in self.standing_reports() {
            if sides.len() < 2
                && !self.is_decided_alone(it)
                && !sides
                    .iter()
                    .any(|(account, ..)| *account.department() == it.department)
            {
                sides.push((reported(it), it.envelope, it.at));
            }
        }
        if sides.len() < 2 {
            sides = self.to_and_fro();
        }
        let proof: BTreeSet<EnvelopeId> = sides.iter().map(|(_, envelope, _)| *envelope).collect();
        let Some(at) = sides.iter().map(|(.., at)| *at).max() else {
            return Vec::new();
        };
        sides
            .into_iter()
            .map(|(account, ..)| Breach {
                rule: RuleId::A7,
                ground: Ground::Wrangled,
                account,
                part: Part::Whole,
                at,
                evidence: proof.iter().copied().collect(),
                proof: proof.clone(),
                broken: None,
            })
            .collect()
    }

    /// Two sides between whom the slip went to, back, to and back, no return upheld, and neither was given the lead.
    fn to_and_fro(self) -> Vec<(Account, EnvelopeId, Moment)> {
        let Some((sent, returned)) = self.sent_again_and_returned_again() else {
            return Vec::new();
        };
        let is_with_coordinator = self.case.coordination.n_reported > 0;
        let lead = self.case.coordination.lead.as_ref();
        let is_settled = match lead {
            Some(lead) => *lead != sent.from && *lead != returned.from,
            None => !is_with_coordinator,
        };
        if !is_settled {
            return Vec::new();
        }
        let settled_at = self
            .lead_named_since(returned.at)
            .filter(|_| lead.is_some());
        [sent, returned]
            .into_iter()
            .map(|it| {
                let at = settled_at.map_or(it.at, |settled| it.at.max(settled));
                (self.mover(it), it.envelope, at)
            })
            .collect()
    }

    /// The second sending to one department, and that department's second return.
    fn sent_again_and_returned_again(self) -> Option<(&'a Move, &'a Move)> {
        let moves = &self.case.moves;
        moves.iter().enumerate().find_map(|(last, second)| {
            let is_return = |it: &&Move| {
                it.returned && !it.upheld && it.from == second.from && it.to == second.to
            };
            if !is_return(&second) {
                return None;
            }
            let first = moves.iter().position(|it| is_return(&it))?;
            let sent = moves
                .get(first + 1..last)?
                .iter()
                .find(|it| self.is_handover(it) && it.from == second.to && it.to == second.from)?;
            Some((sent, second))
        })
    }

    fn is_handover(self, it: &Move) -> bool {
        self.case
            .assessments
            .traces
            .iter()
            .any(|trace| trace.kind == TraceKind::HandedOver && trace.envelope == it.envelope)
    }

    /// The department that moved a slip, and the person if one of its own did.
    fn mover(self, it: &Move) -> Account {
        let is_own = self
            .context
            .rules
            .directory
            .person(&it.by)
            .is_none_or(|person| person.department == it.from);
        Account::Staff {
            department: it.from.clone(),
            person: is_own.then(|| it.by.clone()),
        }
    }

    /// T4, A3: refused, where it is not wrangling of both.
    fn refusals(self, found: &[Breach]) -> Vec<Breach> {
        let wrangled = |department: &DepartmentId| {
            found
                .iter()
                .any(|it| it.rule == RuleId::A7 && it.account.department() == department)
        };
        let mut refused: Vec<Breach> = self
            .standing_reports()
            .into_iter()
            .filter(|it| !wrangled(&it.department))
            .map(|it| {
                let rule = self.line_for_support(&it.department, RuleId::T4);
                one_act(rule, Ground::Refused, reported(it), it.at, it.envelope)
            })
            .collect();
        let lead = self.case.coordination.lead.as_ref();
        if let Some((_, again)) = self
            .sent_again_and_returned_again()
            .filter(|(_, again)| lead == Some(&again.from))
        {
            refused.push(one_act(
                RuleId::A3,
                Ground::Refused,
                self.mover(again),
                self.lead_named_since(again.at).unwrap_or(again.at),
                again.envelope,
            ));
        }
        refused.retain(|it| self.may_be_said_of(&it.account));
        refused
    }

    /// A3 is about supporting departments, not the one that was asked, and not about a contract.
    fn line_for_support(self, department: &DepartmentId, otherwise: RuleId) -> RuleId {
        if *department == self.case.record.department {
            otherwise
        } else {
            RuleId::A3
        }
    }

    /// A3 beside the rule that was missed.
    fn late_support(self, found: &[Breach]) -> Vec<Breach> {
        found
            .iter()
            .filter(|it| {
                matches!(it.account, Account::Staff { .. })
                    && *it.account.department() != self.case.record.department
                    && matches!(
                        it.ground,
                        Ground::Missed(
                            DeadlineId::Reply
                                | DeadlineId::Completion
                                | DeadlineId::AgreedTime
                                | DeadlineId::Sign
                        )
                    )
            })
            .map(|it| Breach {
                rule: RuleId::A3,
                broken: Some(it.rule),
                ..it.clone()
            })
            .collect()
    }

    /// A5 and A8: a way round that cost the customer the time; not of whom the same movements make a wrangler (A7).
    fn detours(self, found_before: &[Breach]) -> Vec<Breach> {
        let wrangled = |department: &DepartmentId| {
            found_before
                .iter()
                .any(|it| it.rule == RuleId::A7 && it.account.department() == department)
        };
        let moves = &self.case.moves;
        let mut found = Vec::new();
        for (i, it) in moves.iter().enumerate() {
            if !self.is_handover(it) || is_contractor(&it.to, self.context) || wrangled(&it.from) {
                continue;
            }
            let was_told = moves
                .iter()
                .take(i)
                .find(|before| before.returned && before.upheld && before.from == it.to);
            let lead = self.case.coordination.lead.as_ref();
            let is_own = self.case.record.proper.as_ref() == Some(&it.from)
                && lead.is_none_or(|lead| *lead == it.from);
            let (rule, ground) = match was_told {
                Some(_) => (RuleId::A8, Ground::InsistedOnWrongDepartment),
                None if is_own => (RuleId::A5, Ground::OwnWorkPassedOn),
                None => continue,
            };
            let Some((known_at, late)) = self.delayed_by(i, it) else {
                continue;
            };
            let told_at = was_told
                .and_then(|before| self.lead_named_since(before.at))
                .unwrap_or(it.at);
            let evidence = was_told
                .map(|before| before.envelope)
                .into_iter()
                .chain([it.envelope])
                .chain(late.end.and_then(met_by))
                .collect();
            found.push(Breach {
                evidence,
                ..one_act(
                    rule,
                    ground,
                    self.mover(it),
                    known_at.max(it.at).max(told_at),
                    it.envelope,
                )
            });
        }
        found.retain(|it| self.may_be_said_of(&it.account));
        found
    }

    /// What was missed, and would not have been without the way round, with since when that is plain; unless the
    /// receiver was late itself.
    fn delayed_by(self, index: usize, it: &Move) -> Option<(Moment, &'a Obligation)> {
        let reported_at = self
            .case
            .obligations
            .iter()
            .filter(|ruling| ruling.deadline == DeadlineId::NameLead && ruling.since >= it.at)
            .map(|ruling| ruling.since);
        let moved_at = self.case.moves.get(index + 1).map(|next| next.at);
        let left = reported_at.chain(moved_at).min();
        let answered = self
            .case
            .result
            .as_ref()
            .filter(|result| result.department == it.to)
            .map(|result| result.at);
        let until = left.or(answered).unwrap_or(self.context.now);
        let missed: Vec<(Moment, &Obligation)> = self
            .case
            .obligations
            .iter()
            .filter_map(|obligation| Some((self.due_of_missed(obligation)?, obligation)))
            .collect();
        let receiver_was_late = missed.iter().any(|(_, obligation)| {
            obligation.owed_by.department == it.to
                && tells_of_delay(obligation.deadline)
                && it.at <= obligation.since
                && obligation.since < until
        });
        if receiver_was_late {
            return None;
        }
        let lost = until.unix_ms() - it.at.unix_ms();
        missed
            .into_iter()
            .filter(|(due, obligation)| tells_of_delay(obligation.deadline) && *due >= it.at)
            .filter_map(|(due, obligation)| {
                if due <= until {
                    return Some((due, due, obligation));
                }
                let done = obligation.end?.at();
                let in_time_without = done.unix_ms() - lost <= due.unix_ms();
                in_time_without.then_some((due, done, obligation))
            })
            .min_by_key(|(due, _, obligation)| (*due, obligation.deadline))
            .map(|(_, known_at, obligation)| (known_at, obligation))
    }

    /// Cases in which the customer came again with this matter (I9), the first first.
    fn again(self) -> Vec<&'a Case> {
        let id = self.case.id;
        let mut again: Vec<&Case> = self
            .context
            .again
            .iter()
            .filter(|it| {
                let before = it.record.asked_before.as_ref();
                it.id != id
                    && (it.intake.repeats == Some(id)
                        || before.and_then(|it| it.recorded_as) == Some(id))
                    && !matches!(it.record.kind, Kind::Suggestion | Kind::Inspection)
            })
            .collect();
        again.sort_by_key(|it| (it.record.asked_at, it.id));
        again
    }

    /// A1.
    fn shirked(self, found: &[Breach], again: &Case) -> Option<Breach> {
        let responder = &self.case.record.first_responder;
        let fobbed_off = found
            .iter()
            .filter(|it| {
                it.account.person() == Some(responder)
                    && it.at < again.record.asked_at
                    && matches!(
                        it.ground,
                        Ground::Phrases(_)
                            | Ground::Refused
                            | Ground::Missed(
                                DeadlineId::Transfer
                                    | DeadlineId::ReturnSlip
                                    | DeadlineId::Reply
                                    | DeadlineId::Completion
                                    | DeadlineId::AgreedTime
                                    | DeadlineId::TellResult
                            )
                    )
            })
            .min_by(|a, b| (a.at, &a.proof).cmp(&(b.at, &b.proof)))?;
        let (came, came_at) = came_again(self.case.id, again)?;
        if !self.may_be_said_of(&fobbed_off.account) {
            return None;
        }
        Some(Breach {
            rule: RuleId::A1,
            ground: Ground::ComplainedAgain(again.id),
            account: fobbed_off.account.clone(),
            part: Part::Whole,
            at: came_at.max(fobbed_off.at),
            evidence: chained(&fobbed_off.evidence, &came),
            proof: fobbed_off
                .proof
                .iter()
                .copied()
                .chain(came.first().copied())
                .collect(),
            broken: Some(fobbed_off.rule),
        })
    }

    /// A4: the department, its head and the person, each to be decided by degree.
    fn poorly_handled(self, again: &Case) -> Option<Vec<Breach>> {
        let (department, by, outcome, envelope) = self.result_before(again.record.asked_at)?;
        let (came, came_at) = came_again(self.case.id, again)?;
        let is_none = outcome != Outcome::Solved
            || self.case.ending == Some(Ending::Terminated)
            || is_contractor(department, self.context);
        if is_none {
            return None;
        }
        let proof = [envelope].into_iter().chain(came.first().copied());
        let whole = Breach {
            rule: RuleId::A4,
            ground: Ground::ComplainedAgain(again.id),
            account: Account::Staff {
                department: department.clone(),
                person: Some(by.clone()),
            },
            part: Part::Whole,
            at: came_at,
            evidence: chained(&[envelope], &came),
            proof: proof.collect(),
            broken: None,
        };
        Some(self.by_degree(&whole))
    }

    /// A4, where the pack names the case that the regulation leaves blank.
    fn further_cases(self) -> Vec<Breach> {
        if self
            .context
            .rules
            .pack_of(self.case)
            .further_case()
            .is_none()
        {
            return Vec::new();
        }
        self.case
            .assessments
            .reports
            .iter()
            .filter(|it| {
                it.kind == ReportKind::FurtherCase && !is_contractor(&it.department, self.context)
            })
            .flat_map(|it| {
                let whole = one_act(
                    RuleId::A4,
                    Ground::FurtherCase,
                    reported(it),
                    it.at,
                    it.envelope,
                );
                self.by_degree(&whole)
            })
            .collect()
    }

    /// The department, its head, and the person if that is somebody else.
    fn by_degree(self, whole: &Breach) -> Vec<Breach> {
        let department = whole.account.department();
        let head = self
            .context
            .rules
            .directory
            .department(department)
            .map(|it| &it.head);
        let parts = [
            (Part::Department, None),
            (Part::Head, head),
            (
                Part::Person,
                whole.account.person().filter(|by| head != Some(*by)),
            ),
        ];
        parts
            .into_iter()
            .filter(|(part, person)| *part == Part::Department || person.is_some())
            .map(|(part, person)| Breach {
                account: Account::Staff {
                    department: department.clone(),
                    person: person.cloned(),
                },
                part,
                ..whole.clone()
            })
            .collect()
    }
}

/// The record of a second complaint, where it was marked as one only later, and since when it is known as one.
fn came_again(of: CaseId, again: &Case) -> Option<(Vec<EnvelopeId>, Moment)> {
    let marked = again
        .assessments
        .traces
        .iter()
        .rev()
        .find(|it| it.kind == TraceKind::RepeatMarked);
    let recorded = recorded_in(again)?;
    let record = &again.record;
    let said_at_once = record.repeats == Some(of)
        || record
            .asked_before
            .as_ref()
            .and_then(|it| it.recorded_as)
            .is_some_and(|it| it == of);
    let known_at = marked
        .filter(|_| !said_at_once)
        .map_or(again.recorded_at, |it| it.at);
    let evidence = [recorded]
        .into_iter()
        .chain(marked.map(|it| it.envelope))
        .collect();
    Some((evidence, known_at))
}

fn chained(first: &[EnvelopeId], then: &[EnvelopeId]) -> Vec<EnvelopeId> {
    first.iter().chain(then).copied().collect()
}

fn one_act(
    rule: RuleId,
    ground: Ground,
    account: Account,
    at: Moment,
    envelope: EnvelopeId,
) -> Breach {
    Breach {
        rule,
        ground,
        account,
        part: Part::Whole,
        at,
        evidence: vec![envelope],
        proof: [envelope].into(),
        broken: None,
    }
}

fn reported(it: &Report) -> Account {
    Account::Staff {
        department: it.department.clone(),
        person: it.person.clone(),
    }
}

fn evidence_of(it: &Obligation) -> Vec<EnvelopeId> {
    [it.arose]
        .into_iter()
        .chain(it.end.and_then(met_by).filter(|by| *by != it.arose))
        .collect()
}

const fn met_by(end: End) -> Option<EnvelopeId> {
    match end {
        End::Met { by, .. } => Some(by),
        End::Lifted { .. } => None,
    }
}

/// The customer's and a sender's clock run over all links of the chain, so nobody answers for them alone (A11).
const fn is_ones_own(deadline: DeadlineId) -> bool {
    !matches!(
        deadline,
        DeadlineId::Customer | DeadlineId::OuterReply | DeadlineId::State
    )
}

const fn tells_of_delay(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::Customer
            | DeadlineId::OuterReply
            | DeadlineId::Reply
            | DeadlineId::Completion
            | DeadlineId::AgreedTime
    )
}
