//! A case as its events leave it: where it stands, who owes what, which acts did not count.
//!
//! Events are folded in the order (logical counter, random id), the same on every device. An act
//! that was possible where it was done but finds the case elsewhere in that order stays on record
//! *without effect*; the fold alone says so. Start at [`Case::fold`]. What each kind of fact needs
//! and does stands in the module of its subject; here are the parts they share.

mod assessment;
mod consent;
mod coordination;
mod fold;
mod intake;
mod joined;
mod obligation;
mod transfer;
mod verification;

pub use assessment::{Assessments, Decision, Report, ReportKind, Statement, Trace, TraceKind};
pub use consent::{Consents, RequestMade, Shift};
pub use coordination::{Coordination, OuterState};
pub use fold::{Folded, Parallel, Rerouted, WithoutEffect};
pub use intake::{Agreed, Guided, Intake, Notice, OutsideContact, Photo, PhotoDoubt, SecondTrip};
pub use joined::{ManyComplaints, OneMatter};
pub(crate) use obligation::falls_to;
pub use obligation::{End, Obligation, Owed};
pub use transfer::Move;
pub use verification::{CaseResult, SpotCheck, Verification, Visit};

use crate::decide::Refusal;
use crate::event::{
    Ending, Fact, Recorded, Request, Requested, Succeeded, SuccessionReason, Urgency,
};
use crate::hash::Hash;
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// One fact with who did it and when.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    pub envelope: EnvelopeId,
    pub by: &'a PersonId,
    pub at: Moment,
    /// Nobody signed for `by`.
    pub claimed: bool,
    pub fact: &'a Fact,
}

/// A case that was recorded. Holds no words of anybody: those are read from the envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: CaseId,
    /// The record as first written.
    pub record: Recorded,
    pub recorded_by: PersonId,
    pub recorded_at: Moment,
    /// Where nobody was signed in when it was recorded: whether it is `recorded_by`'s (F6).
    pub claim: Option<Claim>,
    /// The pack under which it was opened, which it keeps (G4).
    pub pack: Hash,
    /// Who answers for the case until the customer has a result that was checked (F1, F3).
    pub responder: Responder,
    pub urgency: Urgency,
    pub stage: Stage,
    /// Every movement of the slip, returns included (T8).
    pub moves: Vec<Move>,
    /// Only while the case is replied or closed.
    pub result: Option<CaseResult>,
    pub visits: Vec<Visit>,
    pub obligations: Vec<Obligation>,
    pub ending: Option<Ending>,
    pub closed_at: Option<Moment>,
    pub intake: Intake,
    pub consents: Consents,
    pub coordination: Coordination,
    pub verification: Verification,
    pub assessments: Assessments,
}

/// What is known of a record that was made in somebody's name while nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The person named has not said anything yet.
    Open,
    /// By the person named, or by a supervisor.
    Confirmed { by: PersonId },
    /// The matter stays. Whose it is, the person named or a supervisor has denied.
    Denied { by: PersonId },
}

/// The first responder, and the department that answers beside them (F1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    pub person: PersonId,
    pub department: DepartmentId,
    /// The head of that department as found when acting; none: the first responder is the head.
    pub supervisor: Option<PersonId>,
}

/// With whom a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// With the first responder's own department.
    Own,
    /// A department holds the slip.
    Passed {
        department: DepartmentId,
        received: bool,
        handler: Option<PersonId>,
    },
    /// The coordinating department decides who leads (C1).
    Coordinating {
        department: DepartmentId,
    },
    /// Another case of the same matter is handled for it (C5).
    Joined {
        main: CaseId,
    },
    /// The result is back with the first responder.
    Replied,
    Closed,
}

impl Case {
    fn recorded(id: CaseId, pack: Hash, record: &Recorded, act: Act<'_>) -> Self {
        let mut case = Self {
            id,
            record: record.clone(),
            recorded_by: act.by.clone(),
            recorded_at: act.at,
            claim: act.claimed.then_some(Claim::Open),
            pack,
            responder: Responder {
                person: record.first_responder.clone(),
                department: record.department.clone(),
                supervisor: record.supervisor.clone(),
            },
            urgency: record.urgency,
            stage: Stage::Own,
            moves: Vec::new(),
            result: None,
            visits: Vec::new(),
            obligations: Vec::new(),
            ending: None,
            closed_at: None,
            intake: Intake::of(record),
            consents: Consents::default(),
            coordination: Coordination::of(record),
            verification: Verification::default(),
            assessments: Assessments::default(),
        };
        case.assessments.trace(act);
        case.take_down(act);
        case
    }

    /// Whether it was recorded in this person's name while nobody was signed in, and nobody has confirmed that it is
    /// theirs: nothing is said of them for it.
    pub fn is_only_claimed_of(&self, person: &PersonId) -> bool {
        self.recorded_by == *person && self.is_only_claimed()
    }

    /// Whether its record is somebody's by claim alone.
    pub const fn is_only_claimed(&self) -> bool {
        matches!(self.claim, Some(Claim::Open | Claim::Denied { .. }))
    }

    /// The department whose hands the case is in.
    pub fn holder(&self) -> &DepartmentId {
        match &self.stage {
            Stage::Passed { department, .. } | Stage::Coordinating { department } => department,
            Stage::Own | Stage::Joined { .. } | Stage::Replied | Stage::Closed => {
                &self.responder.department
            }
        }
    }

    /// What is owed and neither met nor lifted, in the order it arose.
    pub fn open_obligations(&self) -> impl Iterator<Item = &Obligation> {
        self.obligations.iter().filter(|it| it.end.is_none())
    }

    /// Whether something of this kind is owed still.
    pub fn owes(&self, deadline: DeadlineId) -> bool {
        self.open_obligations().any(|it| it.deadline == deadline)
    }

    /// What outlives the end, such as the answer to a ticket's sender, can go to a successor still (F3).
    fn may_succeed_still(&self, fact: &Fact) -> bool {
        let moves = matches!(
            fact,
            Fact::Succeeded(_)
                | Fact::Requested(Requested {
                    request: Request::Succession,
                    ..
                })
        );
        // Nothing but a succession is asked for still.
        matches!(fact, Fact::Consented(_)) || (moves && self.responder_owes_something())
    }

    fn responder_owes_something(&self) -> bool {
        self.open_obligations().any(|it| {
            it.deadline == DeadlineId::AcceptSuccession
                || self.is_of_the_answerability(&self.responder, it)
        })
    }

    /// Whether something open is a first responder's as such, in their own hands or in those of the post on duty. What
    /// they owe as the handler of a slip, or in a post, is not.
    fn is_of_the_answerability(&self, responder: &Responder, it: &Obligation) -> bool {
        let is_the_holders = matches!(self.stage, Stage::Passed { .. })
            && matches!(
                it.deadline,
                DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime
            );
        let person = it.owed_by.person.as_ref();
        let on_duty = self.on_duty_for(&responder.person);
        goes_along(it.deadline)
            && !is_the_holders
            && it.owed_by.department == responder.department
            && person.map_or_else(
                // A visit that they may not make is the department's.
                || verification::is_visit(it.deadline),
                |it| *it == responder.person || it == on_duty,
            )
    }

    /// Who is on duty for a person: whoever took over their shift, else they themselves (F7).
    pub fn on_duty_for<'a>(&'a self, person: &'a PersonId) -> &'a PersonId {
        self.consents.on_duty.get(person).unwrap_or(person)
    }

    /// Whether `fact` can follow where the case stands. Who may do it is `decide`'s to say.
    fn admit(&self, act: Act<'_>) -> Result<(), Refusal> {
        let fact = act.fact;
        if self.stage == Stage::Closed && !may_follow_the_end(fact) && !self.may_succeed_still(fact)
        {
            return Err(Refusal::Closed);
        }
        match fact {
            Fact::Recorded(_) => Err(Refusal::AlreadyRecorded),
            Fact::Adopted(_)
            | Fact::RulesConfirmed(_)
            | Fact::AccessDecided(_)
            | Fact::CaseErased(_)
            | Fact::PinReset(_)
            | Fact::Looked(_) => Err(Refusal::NotOfACase),
            Fact::AnsweredAtOnce(_) => self.admit_answered_at_once(),
            Fact::ReasonExplained(_)
            | Fact::WhomToSeeTold(_)
            | Fact::NoticeGiven(_)
            | Fact::SecondTripMade(_)
            | Fact::OutsideContacted(_)
            | Fact::RepeatMarked(_)
            | Fact::TakeawayGiven(_)
            | Fact::IllegalActFound(_)
            | Fact::PhotoAdded(_)
            | Fact::ContactLogged(_)
            | Fact::ShirkingReported(_)
            | Fact::SpotChecked(_)
            | Fact::QuarrelReported(_)
            | Fact::CriticismRecorded(_)
            | Fact::FurtherCaseReported(_)
            | Fact::Praised(_)
            | Fact::Stated(_) => Ok(()),
            Fact::AskedConfirmed(_) => self.admit_asked_confirmed(act),
            Fact::FormCompleted(_) => self.admit_form_completed(),
            Fact::Guided(it) => self.admit_guided(it),
            Fact::GuidedReceived(it) => self.admit_guided_received(it),
            Fact::TimeAgreed(_) => self.admit_first_time_agreed(),
            Fact::ResultChecked(_) => self.admit_owed(DeadlineId::CheckResult),
            Fact::UrgencySet(it) => self.admit_urgency(it),
            Fact::EmergencyStepDone(it) => self.admit_emergency_step(it),
            Fact::ReportedToAuthority(_) => self.admit_owed(DeadlineId::ReportToAuthority),
            Fact::AnswerPublished(_) => self.admit_answer_published(),
            Fact::HandedOver(it) => self.admit_handed_over(it),
            Fact::Received(it) => self.admit_received(it),
            Fact::HandlerNamed(_) => self.admit_handler_named(),
            Fact::Returned(it) => self.admit_returned(it),
            Fact::Replied(it) => self.admit_replied(it),
            Fact::ResultTold(_) => self.admit_result_told(),
            Fact::Signed(it) => self.admit_signed(it),
            Fact::ShiftPassed(it) => self.admit_shift_passed(act, it),
            Fact::ShiftTaken(it) => self.admit_shift_taken(it),
            Fact::Succeeded(it) => self.admit_succeeded(it),
            Fact::SuccessionAccepted(_) => self.admit_owed(DeadlineId::AcceptSuccession),
            Fact::Requested(it) => self.admit_requested(act, it),
            Fact::Consented(it) => self.admit_consented(it),
            Fact::Resumed(_) => self.admit_resumed(act),
            Fact::DelayTold(_) => self.admit_delay_told(),
            Fact::ReportedToCoordination(_) => self.admit_reported_to_coordination(),
            Fact::LeadNamed(_) => self.admit_lead_named(),
            Fact::PutToLeader(_) => self.admit_put_to_leader(),
            Fact::LeaderAnswered(_) => self.admit_owed(DeadlineId::LeaderAnswer),
            Fact::Escalated(_) => self.admit_escalated(),
            Fact::Instructed(_) => self.admit_owed(DeadlineId::Instruct),
            Fact::Joined(it) => self.admit_joined(it),
            Fact::ResultTakenOver(it) => self.admit_result_taken_over(it),
            Fact::OuterSigned(_) => self.admit_owed(DeadlineId::OuterSign),
            Fact::OuterReplied(_) => self.admit_owed(DeadlineId::OuterReply),
            Fact::OuterExtended(_) => self.admit_outer(),
            Fact::RejectedOutside(_) => self.admit_rejected_outside(),
            Fact::Visited(_) => self.admit_visited(),
            Fact::VisitWaived(_) => self.admit_visit_waived(),
            Fact::Closed(it) => self.may_end(it.ending),
            Fact::Reopened(_) => self.admit_reopened(),
            Fact::Assessed(it) => self.admit_assessed(it),
        }
    }

    /// What was not owed cannot be done.
    fn admit_owed(&self, deadline: DeadlineId) -> Result<(), Refusal> {
        if self.owes(deadline) {
            Ok(())
        } else {
            Err(Refusal::NotOwed { deadline })
        }
    }

    fn apply(&mut self, act: Act<'_>) {
        self.assessments.trace(act);
        match act.fact {
            Fact::Recorded(_)
            | Fact::ReasonExplained(_)
            | Fact::Adopted(_)
            | Fact::RulesConfirmed(_)
            | Fact::AccessDecided(_)
            | Fact::CaseErased(_)
            | Fact::PinReset(_)
            | Fact::Looked(_) => {}
            Fact::AnsweredAtOnce(_) => self.answered_at_once(act),
            Fact::AskedConfirmed(it) => self.asked_confirmed(act, it),
            Fact::FormCompleted(it) => self.form_completed(act, it),
            Fact::Guided(it) => self.guided(act, it),
            Fact::GuidedReceived(it) => self.guided_received(act, it),
            Fact::WhomToSeeTold(_) => self.whom_to_see_told(act),
            Fact::NoticeGiven(it) => self.notice_given(act, it),
            Fact::SecondTripMade(it) => self.second_trip_made(act, it),
            Fact::OutsideContacted(it) => self.outside_contacted(act, it),
            Fact::TimeAgreed(it) => self.time_agreed(act, it.at, it.because, it.customer_until),
            Fact::RepeatMarked(it) => self.intake.repeats = it.earlier,
            Fact::TakeawayGiven(_) => self.intake.n_takeaways += 1,
            Fact::ResultChecked(it) => self.result_checked(act, it),
            Fact::UrgencySet(it) => self.urgency_set(act, it),
            Fact::EmergencyStepDone(it) => self.emergency_step_done(act, it),
            Fact::IllegalActFound(_) => self.illegal_act_found(act),
            Fact::ReportedToAuthority(_) => self.meet(DeadlineId::ReportToAuthority, act),
            Fact::AnswerPublished(it) => self.answer_published(act, it),
            Fact::PhotoAdded(it) => self.photo_added(act, it),
            Fact::ContactLogged(_) => self.intake.n_contacts += 1,
            Fact::HandedOver(it) => self.handed_over(act, it),
            Fact::Received(it) => self.received(act, it),
            Fact::HandlerNamed(it) => self.handler_named(act, it),
            Fact::Returned(it) => self.returned(act, it),
            Fact::Replied(it) => self.replied(act, it),
            Fact::ResultTold(it) => self.result_told(act, it),
            Fact::Signed(it) => self.signed(act, it),
            Fact::ShirkingReported(it) => self.shirking_reported(act, it),
            Fact::ShiftPassed(it) => self.shift_passed(act, it),
            Fact::ShiftTaken(it) => self.shift_taken(act, it),
            Fact::Succeeded(it) => self.succeeded(act, it),
            Fact::DelayTold(_) => {
                self.meet(DeadlineId::TellDelay, act);
                self.meet(DeadlineId::TellExpected, act);
            }
            Fact::SuccessionAccepted(_) => self.meet(DeadlineId::AcceptSuccession, act),
            Fact::Requested(it) => self.requested(act, it),
            Fact::Consented(it) => self.consented(act, it),
            Fact::Resumed(_) => self.resumed(act),
            Fact::ReportedToCoordination(it) => self.reported_to_coordination(act, it),
            Fact::LeadNamed(it) => self.lead_named(act, it),
            Fact::PutToLeader(it) => self.put_to_leader(act, it),
            Fact::LeaderAnswered(_) => self.leader_answered(act),
            Fact::Escalated(it) => self.escalated(act, it),
            Fact::Instructed(it) => self.instructed(act, it),
            Fact::Joined(it) => self.joined(act, it),
            Fact::ResultTakenOver(it) => self.result_taken_over(act, it),
            Fact::OuterSigned(_) => self.meet(DeadlineId::OuterSign, act),
            Fact::OuterReplied(_) => self.meet(DeadlineId::OuterReply, act),
            Fact::OuterExtended(it) => self.outer_extended(it),
            Fact::RejectedOutside(it) => self.rejected_outside(act, it),
            Fact::Visited(it) => self.visited(act, it),
            Fact::VisitWaived(it) => self.visit_waived(act, it),
            Fact::SpotChecked(it) => self.spot_checked(act, it),
            Fact::Closed(it) => self.closed(act, it.ending),
            Fact::Reopened(_) => self.reopened(act),
            Fact::QuarrelReported(it) => self.quarrel_reported(act, it),
            Fact::CriticismRecorded(it) => self.criticism_recorded(act, it),
            Fact::FurtherCaseReported(it) => self.further_case_reported(act, it),
            Fact::Praised(it) => self.praised(act, it),
            Fact::Stated(it) => self.stated(act, it),
            Fact::Assessed(it) => self.assessed(act, it),
        }
    }

    fn owe_responder(&mut self, deadline: DeadlineId, since: Moment, act: Act<'_>) {
        let Responder {
            person, department, ..
        } = self.responder.clone();
        self.owe(deadline, &department, Some(person), since, act);
    }

    fn owe(
        &mut self,
        deadline: DeadlineId,
        department: &DepartmentId,
        person: Option<PersonId>,
        since: Moment,
        act: Act<'_>,
    ) {
        self.owe_until(deadline, department, person, since, None, act);
    }

    fn owe_until(
        &mut self,
        deadline: DeadlineId,
        department: &DepartmentId,
        person: Option<PersonId>,
        since: Moment,
        until: Option<Moment>,
        act: Act<'_>,
    ) {
        if self.intake.in_danger && waits_for_safety(deadline) {
            let owed_by = Owed {
                department: department.clone(),
                person,
            };
            self.intake.waiting.push((deadline, owed_by));
            return;
        }
        // Off shift, it stands with the post on duty (F7).
        let person = if goes_along(deadline) {
            person.map(|it| self.on_duty_for(&it).clone())
        } else {
            person
        };
        self.obligations.push(Obligation {
            deadline,
            owed_by: Owed {
                department: department.clone(),
                person,
            },
            since,
            arose: act.envelope,
            until,
            before: Vec::new(),
            end: None,
            judged_by: None,
        });
    }

    fn open_mut(&mut self, deadline: DeadlineId) -> impl Iterator<Item = &mut Obligation> {
        self.obligations
            .iter_mut()
            .filter(move |it| it.end.is_none() && it.deadline == deadline)
    }

    fn meet(&mut self, deadline: DeadlineId, act: Act<'_>) {
        self.meet_at(deadline, act.at, act.envelope);
    }

    fn meet_at(&mut self, deadline: DeadlineId, at: Moment, by: EnvelopeId) {
        self.open_mut(deadline)
            .for_each(|it| it.end = Some(End::Met { at, by }));
    }

    fn lift(&mut self, deadline: DeadlineId, at: Moment) {
        self.open_mut(deadline)
            .for_each(|it| it.end = Some(End::Lifted { at }));
    }

    /// Lifts what the handling owed; the customer's clock and what outlives the handling stay. What the
    /// handling had asked consent for lapses with it, and its pauses end.
    fn lift_handling(&mut self, at: Moment) {
        self.consents.handling_ends(at);
        self.intake
            .waiting
            .retain(|(deadline, _)| outlives_the_handling(*deadline));
        let consents = &self.consents;
        for it in self.obligations.iter_mut().filter(|it| {
            it.end.is_none() && !outlives_the_handling(it.deadline) && !consents.is_asked_still(it)
        }) {
            it.end = Some(End::Lifted { at });
        }
    }

    /// Lifts what was put to a leader or the director as well: nothing is left here that waits for it.
    fn lift_all_handling(&mut self, at: Moment) {
        self.lift_handling(at);
        for it in self
            .obligations
            .iter_mut()
            .filter(|it| it.end.is_none() && was_put_higher(it.deadline))
        {
            it.end = Some(End::Lifted { at });
        }
    }
}

/// Whether it goes along with a person's work, to a successor or the next post (F3, F7). What whoever holds a post owes
/// stays with the post, such as a signature or a consent; what one says of oneself stays with oneself.
const fn goes_along(deadline: DeadlineId) -> bool {
    !matches!(
        deadline,
        DeadlineId::SignReceipt
            | DeadlineId::SignDispatch
            | DeadlineId::SignResult
            | DeadlineId::SignPlainAnswer
            | DeadlineId::Consent
            | DeadlineId::DecideAsked
            | DeadlineId::NameLead
            | DeadlineId::LeaderAnswer
            | DeadlineId::Instruct
            | DeadlineId::TakeShift
            | DeadlineId::AcceptSuccession
            | DeadlineId::ConfirmAsked
            | DeadlineId::State
    )
}

/// Signatures wait until a danger is over (I14); that of a plain answer holds back the end, in a danger too.
const fn waits_for_safety(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::Sign
            | DeadlineId::SignReceipt
            | DeadlineId::SignDispatch
            | DeadlineId::SignResult
    )
}

/// What may still be put on record once a case is closed.
const fn may_follow_the_end(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::ContactLogged(_)
            | Fact::SpotChecked(_)
            | Fact::Reopened(_)
            | Fact::RejectedOutside(_)
            | Fact::QuarrelReported(_)
            | Fact::CriticismRecorded(_)
            | Fact::FurtherCaseReported(_)
            | Fact::Praised(_)
            | Fact::Stated(_)
            | Fact::Assessed(_)
            | Fact::RepeatMarked(_)
            | Fact::Signed(_)
            | Fact::AskedConfirmed(_)
            | Fact::FormCompleted(_)
            | Fact::AnswerPublished(_)
            | Fact::ReportedToAuthority(_)
            | Fact::EmergencyStepDone(_)
            | Fact::SuccessionAccepted(_)
            | Fact::SecondTripMade(_)
            | Fact::OuterSigned(_)
            | Fact::OuterReplied(_)
            | Fact::OuterExtended(_)
            | Fact::Succeeded(Succeeded {
                reason: SuccessionReason::WronglyNamed,
                ..
            })
            | Fact::TakeawayGiven(_)
            | Fact::PhotoAdded(_)
            | Fact::ShirkingReported(_)
    )
}

/// Signatures, confirmations and reports are owed whatever becomes of the handling.
const fn outlives_the_handling(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::Customer
            | DeadlineId::ConfirmAsked
            | DeadlineId::DecideAsked
            | DeadlineId::CompleteForm
            | DeadlineId::SignReceipt
            | DeadlineId::SignDispatch
            | DeadlineId::SignResult
            | DeadlineId::SignPlainAnswer
            | DeadlineId::AcceptSuccession
            | DeadlineId::EmergencyTellDirector
            | DeadlineId::ReportToAuthority
            | DeadlineId::OuterSign
            | DeadlineId::OuterReply
    ) || was_put_higher(deadline)
}

/// What a leader or the director was asked, and what the customer is told of it: it goes along with the case, in
/// whosever hands it is, to its end (C2, C3, T10).
const fn was_put_higher(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::LeaderAnswer
            | DeadlineId::TellExpected
            | DeadlineId::Instruct
            | DeadlineId::TellDelay
    )
}
