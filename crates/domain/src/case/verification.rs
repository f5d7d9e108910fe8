//! Whether a result is real, on a case (V): result, visits, checks, the end and what opens it again.

use super::{Act, Case, Stage};
use crate::decide::Refusal;
use crate::event::{
    Contact, Ending, Finding, Kind, Outcome, SpotChecked, VisitWaived, Visited, WaivedBecause,
};
use crate::hash::Hash;
use crate::id::{DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// The result that a department sent back, and whether the customer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    pub department: DepartmentId,
    pub by: PersonId,
    pub at: Moment,
    pub envelope: EnvelopeId,
    pub outcome: Outcome,
    pub told: Option<(PersonId, Moment, Contact)>,
    /// To an unnamed customer: whether the answer was published, or why not is on record (I1).
    pub published: Option<bool>,
    /// Visits of earlier results. Counted, because devices' clocks differ.
    pub n_visits_before: usize,
}

impl CaseResult {
    /// The customer was told, or, where nobody knows who it is, the answer was published or why not was said.
    pub const fn is_made_known(&self) -> bool {
        self.told.is_some() || self.published.is_some()
    }
}

/// A return visit, made or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub by: PersonId,
    pub at: Moment,
    pub how: Contact,
    pub finding: Finding,
}

/// What checks and rounds left on a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Results with which the customer was not satisfied (V2).
    pub n_unsatisfied: u32,
    /// Those since new facts opened the case again, or since the asking (V5).
    pub n_rounds: u32,
    /// No return visit is made of the result as it stands (V4).
    pub waived: Option<WaivedBecause>,
    pub spot_checks: Vec<SpotCheck>,
    pub n_reopened: u32,
}

/// One check by sample (V3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotCheck {
    pub by: PersonId,
    pub at: Moment,
    pub seed: Hash,
    pub handling_true: bool,
    pub visit_true: Option<bool>,
    pub customer_asked: bool,
}

impl Case {
    /// A case that was passed on or is a complaint needs a return visit before it is closed (V4);
    /// of joined complaints only those drawn (C5).
    pub fn needs_visit(&self) -> bool {
        if self.verification.waived.is_some() || self.coordination.is_outside_sample {
            return false;
        }
        !self.moves.is_empty()
            || self.record.kind == Kind::Complaint
            || self.coordination.main.is_some()
    }

    /// Tries in a row that did not reach the customer since the last result (V1).
    pub fn n_not_reached(&self) -> usize {
        self.visits_since_result()
            .filter(|it| it.finding == Finding::NotReached)
            .count()
    }

    /// What the last return visit since the result found.
    pub fn last_finding(&self) -> Option<Finding> {
        self.visits_since_result().last().map(|it| it.finding)
    }

    pub(crate) fn visits_since_result(&self) -> impl Iterator<Item = &Visit> {
        let before = self
            .result
            .as_ref()
            .map_or(self.visits.len(), |it| it.n_visits_before);
        self.visits.iter().skip(before)
    }

    pub(super) fn admit_visited(&self) -> Result<(), Refusal> {
        match &self.result {
            Some(result) => result.is_made_known().then_some(()).ok_or(Refusal::NotTold),
            None => Err(Refusal::NoResult),
        }
    }

    pub(super) fn visited(&mut self, act: Act<'_>, it: &Visited) {
        let at = act.at;
        self.visits.push(Visit {
            by: act.by.clone(),
            at,
            how: it.how,
            finding: it.finding,
        });
        self.meet(DeadlineId::ReturnVisit, act);
        self.meet(DeadlineId::RetryVisit, act);
        self.lift(DeadlineId::Close, at);
        match it.finding {
            Finding::Satisfied => self.owe_responder(DeadlineId::Close, at, act),
            Finding::NotReached if it.enough => self.owe_responder(DeadlineId::Close, at, act),
            Finding::NotReached => self.owe_visit(DeadlineId::RetryVisit, at, act),
            Finding::NotSatisfied => {
                self.verification.n_unsatisfied += 1;
                self.verification.n_rounds += 1;
                self.rework(act);
            }
        }
    }

    pub(super) fn admit_visit_waived(&self) -> Result<(), Refusal> {
        if self.owes(DeadlineId::ReturnVisit) || self.owes(DeadlineId::RetryVisit) {
            Ok(())
        } else {
            Err(Refusal::NotOwed {
                deadline: DeadlineId::ReturnVisit,
            })
        }
    }

    pub(super) fn visit_waived(&mut self, act: Act<'_>, it: &VisitWaived) {
        self.verification.waived = Some(it.because);
        self.lift(DeadlineId::ReturnVisit, act.at);
        self.lift(DeadlineId::RetryVisit, act.at);
        if self.result.as_ref().is_some_and(CaseResult::is_made_known) {
            self.owe_responder(DeadlineId::Close, act.at, act);
        }
    }

    /// A first responder, or whoever is on duty for them, who did the work (V6), or whom the matter concerns (I11), has
    /// a colleague visit: then it is the department's.
    pub(super) fn owe_visit(&mut self, deadline: DeadlineId, since: Moment, act: Act<'_>) {
        let visitor = self.on_duty_for(&self.responder.person).clone();
        let person = self.may_visit(&visitor).then_some(visitor);
        let department = self.responder.department.clone();
        self.owe(deadline, &department, person, since, act);
    }

    fn may_visit(&self, person: &PersonId) -> bool {
        let did_the_work = self.result.as_ref().is_some_and(|it| it.by == *person);
        !did_the_work && !self.record.concerns.contains(person)
    }

    /// To whom it goes with a shift or a succession: a visit to the department, where the person may not visit.
    pub(super) fn goes_to(&self, person: &PersonId, deadline: DeadlineId) -> Option<PersonId> {
        (!is_visit(deadline) || self.may_visit(person)).then(|| person.clone())
    }

    /// V2: the department that answered works on it again; the history stays.
    pub(super) fn rework(&mut self, act: Act<'_>) {
        let at = act.at;
        self.lift_handling(at);
        self.verification.waived = None;
        let Some(result) = self.result.take() else {
            return;
        };
        if result.department == self.responder.department {
            self.stage = Stage::Own;
            self.owe_responder(DeadlineId::Reply, at, act);
        } else {
            self.owe(
                DeadlineId::Reply,
                &result.department,
                Some(result.by.clone()),
                at,
                act,
            );
            self.stage = Stage::Passed {
                department: result.department,
                received: true,
                handler: Some(result.by),
            };
        }
    }

    pub(super) fn spot_checked(&mut self, act: Act<'_>, it: &SpotChecked) {
        self.verification.spot_checks.push(SpotCheck {
            by: act.by.clone(),
            at: act.at,
            seed: it.seed,
            handling_true: it.handling_true,
            visit_true: it.visit_true,
            customer_asked: it.customer_asked,
        });
    }

    /// V4: a result, told, and visited where a visit is needed.
    pub(super) fn may_end(&self, ending: Ending) -> Result<(), Refusal> {
        match ending {
            Ending::AnsweredAtOnce | Ending::ReferredOutside => {
                return self.admit_answer_at_once();
            }
            Ending::Terminated if self.last_finding() == Some(Finding::Satisfied) => {
                return Err(Refusal::CustomerSatisfied);
            }
            Ending::Terminated => return Ok(()),
            Ending::Told | Ending::Satisfied | Ending::NotReached | Ending::Waived => {}
        }
        let Some(result) = self
            .result
            .as_ref()
            .filter(|_| self.stage == Stage::Replied)
        else {
            return Err(Refusal::NoResult);
        };
        if !result.is_made_known() {
            return Err(Refusal::NotTold);
        }
        let is_unsigned = self
            .open_obligations()
            .any(|it| it.deadline == DeadlineId::SignPlainAnswer && it.arose == result.envelope);
        if is_unsigned {
            return Err(Refusal::PlainAnswerUnsigned);
        }
        if self.owes(DeadlineId::CheckResult) {
            return Err(Refusal::NotChecked);
        }
        let fits = match ending {
            Ending::Satisfied => self.last_finding() == Some(Finding::Satisfied),
            Ending::NotReached => self.last_finding() == Some(Finding::NotReached),
            Ending::Waived => self.verification.waived.is_some(),
            Ending::Told => !self.needs_visit(),
            Ending::AnsweredAtOnce | Ending::ReferredOutside | Ending::Terminated => false,
        };
        fits.then_some(()).ok_or(Refusal::NotVisited)
    }

    pub(super) fn closed(&mut self, act: Act<'_>, ending: Ending) {
        self.meet(DeadlineId::Close, act);
        self.lift_all_handling(act.at);
        match ending {
            // Nobody is told by an end alone; the customer's clock ends with what was told before.
            Ending::ReferredOutside => {
                self.meet(DeadlineId::Customer, act);
                // A ticket that goes back to its sender is neither signed for nor answered.
                self.lift(DeadlineId::OuterSign, act.at);
                self.lift(DeadlineId::OuterReply, act.at);
            }
            Ending::AnsweredAtOnce
            | Ending::Told
            | Ending::Satisfied
            | Ending::NotReached
            | Ending::Waived
            | Ending::Terminated => self.lift(DeadlineId::Customer, act.at),
        }
        if !self.responder_owes_something() {
            self.consents.case_ends();
            self.lift(DeadlineId::Consent, act.at);
        }
        self.stage = Stage::Closed;
        self.ending = Some(ending);
        self.closed_at = Some(act.at);
    }

    pub(super) fn admit_reopened(&self) -> Result<(), Refusal> {
        if self.stage == Stage::Closed {
            Ok(())
        } else {
            Err(Refusal::NotClosed)
        }
    }

    pub(super) fn reopened(&mut self, act: Act<'_>) {
        self.verification.n_reopened += 1;
        self.verification.n_rounds = 0;
        self.open_again(act);
    }

    /// With the first responder again, who answers or passes on as at the first time (T1); the customer's clock, once
    /// met, never starts again (T10).
    pub(super) fn open_again(&mut self, act: Act<'_>) {
        self.lift_handling(act.at);
        self.stage = Stage::Own;
        self.ending = None;
        self.closed_at = None;
        self.result = None;
        self.verification.waived = None;
        self.coordination.leader_answered_at = None;
        self.owe_handling(act.at, act);
    }
}

pub(super) const fn is_visit(deadline: DeadlineId) -> bool {
    matches!(deadline, DeadlineId::ReturnVisit | DeadlineId::RetryVisit)
}
