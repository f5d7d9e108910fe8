//! The slip's way from hand to hand (T), and the answerability that stays behind (F3, F7).

use super::{Act, Case, CaseResult, Owed, ReportKind, Responder, Stage};
use crate::decide::Refusal;
use crate::event::{
    HandedOver, HandlerNamed, Outcome, Received, Replied, ResultTold, Returned, ShiftPassed,
    ShiftTaken, ShirkingReported, Signed, Signing, Succeeded,
};
use crate::id::{DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// One movement of a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What proves it.
    pub envelope: EnvelopeId,
    pub from: DepartmentId,
    pub to: DepartmentId,
    pub by: PersonId,
    pub at: Moment,
    pub returned: bool,
    /// The coordinator found the ground of this return to hold (A7).
    pub upheld: bool,
    /// The receiver is a contractor with a counterpart of our own (T11).
    pub contractor: bool,
    /// Who took it at the other end, and when (T6).
    pub received: Option<(PersonId, Moment)>,
}

impl Case {
    /// The sender of the slip where it lies.
    pub fn sender(&self) -> Option<&DepartmentId> {
        let holder = self.holder();
        self.moves
            .iter()
            .rev()
            .find(|it| it.to == *holder && !it.returned)
            .map(|it| &it.from)
    }

    /// Whoever handles it where it lies.
    pub const fn handler(&self) -> Option<&PersonId> {
        match &self.stage {
            Stage::Passed { handler, .. } => handler.as_ref(),
            Stage::Own
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => None,
        }
    }

    pub fn n_returns(&self) -> usize {
        self.moves.iter().filter(|it| it.returned).count()
    }

    pub(super) fn admit_handed_over(&self, it: &HandedOver) -> Result<(), Refusal> {
        if it.from == it.to {
            return Err(Refusal::SameDepartment);
        }
        if self.intake.in_danger {
            return Err(Refusal::InDanger);
        }
        match &self.stage {
            Stage::Own if it.from == self.responder.department => Ok(()),
            Stage::Passed { department, .. } if it.from == *department => Ok(()),
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. } => Err(Refusal::PassedOn {
                to: self.holder().clone(),
            }),
            Stage::Replied | Stage::Closed => Err(Refusal::AlreadyReplied),
        }
    }

    pub(super) fn handed_over(&mut self, act: Act<'_>, it: &HandedOver) {
        self.meet(DeadlineId::Transfer, act);
        self.meet(DeadlineId::ReturnSlip, act);
        self.pass(act, &it.from, &it.to, it.contractor, false);
        self.owe_signature(
            DeadlineId::SignDispatch,
            &it.from,
            it.sender_head.as_ref(),
            act,
        );
    }

    pub(super) fn admit_received(&self, it: &Received) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Passed {
                department,
                received,
                ..
            } if *department == it.department => {
                if *received {
                    Err(Refusal::AlreadyReceived)
                } else {
                    Ok(())
                }
            }
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(self.not_held_by(&it.department)),
        }
    }

    pub(super) fn received(&mut self, act: Act<'_>, it: &Received) {
        self.meet(DeadlineId::Sign, act);
        if let Stage::Passed { received, .. } = &mut self.stage {
            *received = true;
        }
        if let Some(last) = self.moves.last_mut() {
            last.received = Some((act.by.clone(), act.at));
        }
        self.owe_signature(
            DeadlineId::SignReceipt,
            &it.department,
            it.head.as_ref(),
            act,
        );
    }

    pub(super) fn admit_handler_named(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Passed { received: true, .. } => Ok(()),
            Stage::Passed {
                received: false, ..
            } => Err(Refusal::NotReceived),
            Stage::Own
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(Refusal::NoSlip),
        }
    }

    pub(super) fn handler_named(&mut self, act: Act<'_>, it: &HandlerNamed) {
        self.meet(DeadlineId::AssignHandler, act);
        self.set_handler(&it.handler);
    }

    fn set_handler(&mut self, person: &PersonId) {
        if let Stage::Passed { handler, .. } = &mut self.stage {
            *handler = Some(person.clone());
        }
        for it in self.obligations.iter_mut().filter(|it| {
            it.end.is_none()
                && matches!(
                    it.deadline,
                    DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime
                )
        }) {
            it.owed_by.person = Some(person.clone());
        }
    }

    pub(super) fn admit_returned(&self, it: &Returned) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Passed { department, .. } if *department == it.from => Ok(()),
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(self.not_held_by(&it.from)),
        }
    }

    pub(super) fn returned(&mut self, act: Act<'_>, it: &Returned) {
        self.pass(act, &it.from, &it.to, false, true);
        self.owe_signature(
            DeadlineId::SignDispatch,
            &it.from,
            it.sender_head.as_ref(),
            act,
        );
    }

    pub(super) fn admit_replied(&self, it: &Replied) -> Result<(), Refusal> {
        if self.owes(DeadlineId::LeaderAnswer) {
            return Err(Refusal::AwaitingLeader);
        }
        match &self.stage {
            Stage::Replied | Stage::Closed => Err(Refusal::AlreadyReplied),
            Stage::Own | Stage::Passed { .. } if *self.holder() == it.department => Ok(()),
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. } => Err(self.not_held_by(&it.department)),
        }
    }

    pub(super) fn replied(&mut self, act: Act<'_>, it: &Replied) {
        for deadline in [
            DeadlineId::Reply,
            DeadlineId::Completion,
            DeadlineId::AgreedTime,
            // A department that answers has taken the slip, whoever it named.
            DeadlineId::AssignHandler,
            DeadlineId::Sign,
        ] {
            self.meet(deadline, act);
        }
        let signature = match it.outcome {
            Outcome::PlainAnswer => DeadlineId::SignPlainAnswer,
            Outcome::Solved => DeadlineId::SignResult,
        };
        self.set_result(act, &it.department, it.outcome);
        self.owe_signature(signature, &it.department, it.head.as_ref(), act);
        if self.is_inspection() {
            self.owe(DeadlineId::CheckResult, &it.department, None, act.at, act);
        }
    }

    /// The result is back with the first responder, who tells and visits.
    pub(super) fn set_result(&mut self, act: Act<'_>, department: &DepartmentId, outcome: Outcome) {
        self.lift_handling(act.at);
        self.stage = Stage::Replied;
        self.result = Some(CaseResult {
            department: department.clone(),
            by: act.by.clone(),
            at: act.at,
            envelope: act.envelope,
            outcome,
            told: None,
        });
        self.owe_responder(DeadlineId::TellResult, act.at, act);
        if self.needs_visit() {
            self.owe_visit(DeadlineId::ReturnVisit, act.at, act);
        }
        if self.is_unnamed() {
            self.owe_responder(DeadlineId::PublishAnswer, act.at, act);
        }
    }

    pub(super) fn admit_result_told(&self) -> Result<(), Refusal> {
        match &self.result {
            Some(result) if self.stage == Stage::Replied => result
                .told
                .is_none()
                .then_some(())
                .ok_or(Refusal::AlreadyTold),
            _ => Err(Refusal::NoResult),
        }
    }

    pub(super) fn result_told(&mut self, act: Act<'_>, it: &ResultTold) {
        self.meet(DeadlineId::TellResult, act);
        self.meet(DeadlineId::Customer, act);
        if let Some(result) = &mut self.result {
            result.told = Some((act.by.clone(), act.at, it.how));
        }
        if !self.needs_visit() {
            self.owe_responder(DeadlineId::Close, act.at, act);
        }
    }

    pub(super) fn admit_signed(&self, it: &Signed) -> Result<(), Refusal> {
        let deadline = Self::signature(it.what);
        self.open_obligations()
            .any(|open| open.deadline == deadline && open.owed_by.department == it.department)
            .then_some(())
            .ok_or(Refusal::NotOwed { deadline })
    }

    const fn signature(what: Signing) -> DeadlineId {
        match what {
            Signing::Receipt => DeadlineId::SignReceipt,
            Signing::Dispatch => DeadlineId::SignDispatch,
            Signing::Result => DeadlineId::SignResult,
            Signing::PlainAnswer => DeadlineId::SignPlainAnswer,
        }
    }

    pub(super) fn signed(&mut self, act: Act<'_>, it: &Signed) {
        let end = super::End::Met {
            at: act.at,
            by: act.envelope,
        };
        self.open_mut(Self::signature(it.what))
            .filter(|open| open.owed_by.department == it.department)
            .for_each(|open| open.end = Some(end));
    }

    fn owe_signature(
        &mut self,
        deadline: DeadlineId,
        department: &DepartmentId,
        head: Option<&PersonId>,
        act: Act<'_>,
    ) {
        if let Some(head) = head {
            self.owe(deadline, department, Some(head.clone()), act.at, act);
        }
    }

    pub(super) fn shirking_reported(&mut self, act: Act<'_>, it: &ShirkingReported) {
        self.report(
            act,
            ReportKind::Shirking,
            &it.department,
            it.person.as_ref(),
        );
    }

    pub(super) fn admit_shift_passed(&self, it: &ShiftPassed) -> Result<(), Refusal> {
        if self
            .consents
            .shift
            .as_ref()
            .is_some_and(|(shift, ..)| *shift == it.shift)
        {
            Err(Refusal::ShiftPassedAlready)
        } else {
            Ok(())
        }
    }

    pub(super) fn shift_passed(&mut self, act: Act<'_>, it: &ShiftPassed) {
        self.lift(DeadlineId::TakeShift, act.at);
        self.consents.shift = Some((it.shift, act.by.clone(), it.to.clone()));
        let department = self.department_of(act.by);
        self.owe(
            DeadlineId::TakeShift,
            &department,
            Some(it.to.clone()),
            act.at,
            act,
        );
    }

    /// The department under which a person owes something here, else the one that has the case.
    fn department_of(&self, person: &PersonId) -> DepartmentId {
        self.open_obligations()
            .find(|it| it.owed_by.person.as_ref() == Some(person))
            .map_or_else(|| self.holder().clone(), |it| it.owed_by.department.clone())
    }

    pub(super) fn admit_shift_taken(&self, it: &ShiftTaken) -> Result<(), Refusal> {
        match &self.consents.shift {
            Some((shift, ..)) if *shift == it.shift => self.admit_owed(DeadlineId::TakeShift),
            _ => Err(Refusal::NoSuchShift),
        }
    }

    /// What is open stands with the post on duty; the answerability stays with the first responder (F7).
    pub(super) fn shift_taken(&mut self, act: Act<'_>) {
        self.meet(DeadlineId::TakeShift, act);
        if let Some((_, from, to)) = self.consents.shift.take() {
            let department = self.department_of(&from);
            let to = Owed {
                department,
                person: Some(to),
            };
            self.move_open(&from, &to, act.at);
        }
    }

    pub(super) fn admit_succeeded(&self, it: &Succeeded) -> Result<(), Refusal> {
        if it.to == self.responder.person {
            Err(Refusal::SameResponder)
        } else {
            Ok(())
        }
    }

    pub(super) fn succeeded(&mut self, act: Act<'_>, it: &Succeeded) {
        let from = std::mem::replace(
            &mut self.responder,
            Responder {
                person: it.to.clone(),
                department: it.department.clone(),
                supervisor: it.supervisor.clone(),
            },
        );
        self.lift(DeadlineId::ConfirmAsked, act.at);
        let to = self.responder_owes();
        self.move_open(&from.person, &to, act.at);
        self.owe_responder(DeadlineId::AcceptSuccession, act.at, act);
    }

    /// One movement, with what the receiver owes from the handover on, signed for or not.
    pub(super) fn pass(
        &mut self,
        act: Act<'_>,
        from: &DepartmentId,
        to: &DepartmentId,
        contractor: bool,
        returned: bool,
    ) {
        self.lift_handling(act.at);
        self.moves.push(Move {
            envelope: act.envelope,
            from: from.clone(),
            to: to.clone(),
            by: act.by.clone(),
            at: act.at,
            returned,
            upheld: false,
            contractor,
            received: None,
        });
        if *to == self.responder.department {
            self.stage = Stage::Own;
            let next = if !returned {
                DeadlineId::Reply
            } else if self.n_returns() > 1 {
                DeadlineId::ReportToCoordination
            } else {
                DeadlineId::ReturnSlip
            };
            self.owe_responder(next, act.at, act);
            return;
        }
        // What comes back to a department that had signed for it needs no second signature.
        self.stage = Stage::Passed {
            department: to.clone(),
            received: returned,
            handler: None,
        };
        if !returned {
            self.owe(DeadlineId::Sign, to, None, act.at, act);
        }
        self.owe(DeadlineId::AssignHandler, to, None, act.at, act);
        self.owe(DeadlineId::Reply, to, None, act.at, act);
    }

    /// Whoever received a guided customer handles the matter; no slip moved (I10).
    pub(super) fn take_guided(&mut self, act: Act<'_>, department: &DepartmentId) {
        let from = self.responder.department.clone();
        self.pass(act, &from, department, false, false);
        self.meet(DeadlineId::Sign, act);
        self.meet(DeadlineId::AssignHandler, act);
        if let Stage::Passed { received, .. } = &mut self.stage {
            *received = true;
        }
        if let Some(last) = self.moves.last_mut() {
            last.received = Some((act.by.clone(), act.at));
        }
        self.set_handler(act.by);
    }

    fn not_held_by(&self, department: &DepartmentId) -> Refusal {
        match self.stage {
            Stage::Passed { .. }
            | Stage::Own
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
                if self.holder() != department =>
            {
                Refusal::PassedOn {
                    to: self.holder().clone(),
                }
            }
            Stage::Replied => Refusal::AlreadyReplied,
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Closed => Refusal::NoSlip,
        }
    }
}
