//! The slip's way from hand to hand (T), and the answerability that stays behind (F3, F7).

use super::{
    Act, Case, CaseResult, Claim, End, Obligation, Owed, ReportKind, Responder, Shift, Stage,
    goes_along,
};
use crate::decide::Refusal;
use crate::event::{
    HandedOver, HandlerNamed, Outcome, Received, Replied, ResultTold, Returned, ShiftPassed,
    ShiftTaken, ShirkingReported, Signed, Signing, Succeeded, SuccessionReason,
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
    /// The sender of the slip where it lies; what the first responder's side sent before a succession comes back to
    /// where the first responder is now (F3).
    pub fn sender(&self) -> Option<&DepartmentId> {
        let holder = self.holder();
        let (place, sent) = self
            .moves
            .iter()
            .enumerate()
            .rev()
            .find(|(_, it)| it.to == *holder && !it.returned)?;
        let was_home =
            |(home, n_moves): &(DepartmentId, usize)| *home == sent.from && place < *n_moves;
        Some(if self.consents.former_homes.iter().any(was_home) {
            &self.responder.department
        } else {
            &sent.from
        })
    }

    /// The department as those see it who do not know yet of a succession to another one (F3).
    fn home_now<'a>(&'a self, department: &'a DepartmentId) -> &'a DepartmentId {
        let is_former = |(home, _): &(DepartmentId, usize)| home == department;
        if self.consents.former_homes.iter().any(is_former) {
            &self.responder.department
        } else {
            department
        }
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

    /// How often the slip was returned.
    pub fn n_returns(&self) -> usize {
        self.moves.iter().filter(|it| it.returned).count()
    }

    pub(super) fn admit_handed_over(&self, it: &HandedOver) -> Result<(), Refusal> {
        let from = if matches!(self.stage, Stage::Own | Stage::Joined { .. }) {
            self.home_now(&it.from)
        } else {
            &it.from
        };
        if *from == it.to {
            return Err(Refusal::SameDepartment);
        }
        if self.intake.in_danger {
            return Err(Refusal::InDanger);
        }
        match &self.stage {
            Stage::Own | Stage::Joined { .. } if *from == self.responder.department => Ok(()),
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
        self.leave_joined();
        self.gave_it_up(act);
        self.meet(DeadlineId::Transfer, act);
        self.meet(DeadlineId::ReturnSlip, act);
        let from = self.holder().clone();
        self.pass(act, &from, &it.to, it.contractor, false);
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
        self.intake
            .waiting
            .retain(|(deadline, _)| *deadline != DeadlineId::Sign);
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

    /// T9: what is not a department's goes back or on in time, counted from when it came. Who had named a handler had
    /// taken it on, and may find out later.
    fn gave_it_up(&mut self, act: Act<'_>) {
        let Stage::Passed {
            department,
            handler: None,
            ..
        } = &self.stage
        else {
            return;
        };
        let department = department.clone();
        let Some((came, at)) = self
            .moves
            .last()
            .filter(|it| it.to == department)
            .map(|it| (it.envelope, it.at))
        else {
            return;
        };
        let by_slip = Act {
            envelope: came,
            ..act
        };
        self.owe(DeadlineId::ReturnSlip, &department, None, at, by_slip);
        self.meet(DeadlineId::ReturnSlip, act);
    }

    pub(super) fn returned(&mut self, act: Act<'_>, it: &Returned) {
        self.gave_it_up(act);
        let to = self.home_now(&it.to).clone();
        self.pass(act, &it.from, &to, false, true);
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
            Stage::Own | Stage::Joined { .. }
                if *self.home_now(&it.department) == self.responder.department =>
            {
                Ok(())
            }
            Stage::Passed { department, .. } if *department == it.department => Ok(()),
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
        self.set_result(act, &it.department, act.by, it.outcome);
        self.owe_signature(signature, &it.department, it.head.as_ref(), act);
        if self.is_inspection() {
            self.owe(DeadlineId::CheckResult, &it.department, None, act.at, act);
        }
    }

    /// The result is back with the first responder, who tells and visits.
    pub(super) fn set_result(
        &mut self,
        act: Act<'_>,
        department: &DepartmentId,
        by: &PersonId,
        outcome: Outcome,
    ) {
        self.lift_handling(act.at);
        // The customer is told the result instead.
        self.lift(DeadlineId::TellDelay, act.at);
        self.lift(DeadlineId::TellExpected, act.at);
        self.stage = Stage::Replied;
        self.result = Some(CaseResult {
            department: department.clone(),
            by: by.clone(),
            at: act.at,
            envelope: act.envelope,
            outcome,
            told: None,
            published: None,
            n_visits_before: self.visits.len(),
        });
        let tell = if self.is_unnamed() {
            DeadlineId::PublishAnswer
        } else {
            DeadlineId::TellResult
        };
        self.owe_responder(tell, act.at, act);
        if self.needs_visit() {
            self.owe_visit(DeadlineId::ReturnVisit, act.at, act);
        }
    }

    /// What an inspection gets is checked first (I13), and what a leader was asked is awaited (C3).
    pub(super) fn admit_made_known(&self) -> Result<(), Refusal> {
        if self.owes(DeadlineId::CheckResult) {
            return Err(Refusal::NotChecked);
        }
        if self.owes(DeadlineId::LeaderAnswer) {
            return Err(Refusal::AwaitingLeader);
        }
        Ok(())
    }

    pub(super) fn admit_result_told(&self) -> Result<(), Refusal> {
        self.admit_made_known()?;
        match &self.result {
            Some(result) => result
                .told
                .is_none()
                .then_some(())
                .ok_or(Refusal::AlreadyTold),
            None => Err(Refusal::NoResult),
        }
    }

    pub(super) fn result_told(&mut self, act: Act<'_>, it: &ResultTold) {
        self.meet(DeadlineId::TellResult, act);
        self.meet(DeadlineId::Customer, act);
        self.lift(DeadlineId::PublishAnswer, act.at);
        self.lift(DeadlineId::TellDelay, act.at);
        self.lift(DeadlineId::TellExpected, act.at);
        if let Some(result) = &mut self.result {
            result.told = Some((act.by.clone(), act.at, it.how));
        }
        self.owe_close_without_visit(act);
    }

    /// Once the customer can know the result and nobody has to visit, closing is what is left.
    pub(super) fn owe_close_without_visit(&mut self, act: Act<'_>) {
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

    pub(crate) const fn signature(what: Signing) -> DeadlineId {
        match what {
            Signing::Receipt => DeadlineId::SignReceipt,
            Signing::Dispatch => DeadlineId::SignDispatch,
            Signing::Result => DeadlineId::SignResult,
            Signing::PlainAnswer => DeadlineId::SignPlainAnswer,
        }
    }

    pub(super) fn signed(&mut self, act: Act<'_>, it: &Signed) {
        let end = End::met(act);
        self.open_mut(Self::signature(it.what))
            .filter(|open| open.owed_by.department == it.department)
            .for_each(|open| open.end = Some(end));
    }

    pub(super) fn owe_signature(
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

    pub(super) fn admit_shift_passed(&self, act: Act<'_>, it: &ShiftPassed) -> Result<(), Refusal> {
        if self
            .consents
            .shifts
            .iter()
            .any(|open| open.shift == it.shift && open.from == *act.by)
        {
            Err(Refusal::ShiftPassedAlready)
        } else {
            Ok(())
        }
    }

    pub(super) fn shift_passed(&mut self, act: Act<'_>, it: &ShiftPassed) {
        if let Some(earlier) = self.close_shift(|open| open.from == *act.by) {
            self.open_mut(DeadlineId::TakeShift)
                .filter(|open| open.arose == earlier.envelope)
                .for_each(|open| open.end = Some(End::Lifted { at: act.at }));
        }
        self.consents.shifts.push(Shift {
            shift: it.shift,
            from: act.by.clone(),
            to: it.to.clone(),
            envelope: act.envelope,
        });
        let department = self.department_of(act.by);
        self.owe(
            DeadlineId::TakeShift,
            &department,
            Some(it.to.clone()),
            act.at,
            act,
        );
    }

    fn close_shift(&mut self, which: impl Fn(&Shift) -> bool) -> Option<Shift> {
        let place = self.consents.shifts.iter().position(which)?;
        Some(self.consents.shifts.remove(place))
    }

    /// The department under which a person owes something here, else the one that has the case.
    fn department_of(&self, person: &PersonId) -> DepartmentId {
        self.open_obligations()
            .find(|it| it.owed_by.person.as_ref() == Some(person))
            .map_or_else(|| self.holder().clone(), |it| it.owed_by.department.clone())
    }

    pub(super) fn admit_shift_taken(&self, it: &ShiftTaken) -> Result<(), Refusal> {
        if self
            .consents
            .shifts
            .iter()
            .any(|open| open.shift == it.shift)
        {
            self.admit_owed(DeadlineId::TakeShift)
        } else {
            Err(Refusal::NoSuchShift)
        }
    }

    /// What is open stands with the post on duty; the answerability stays with the first responder (F7).
    pub(super) fn shift_taken(&mut self, act: Act<'_>, it: &ShiftTaken) {
        let mine = |open: &Shift| open.shift == it.shift && open.to == *act.by;
        while let Some(taken) = self.close_shift(mine) {
            self.open_mut(DeadlineId::TakeShift)
                .filter(|open| open.arose == taken.envelope)
                .for_each(|open| open.end = Some(End::met(act)));
            self.consents.shift_taken(&taken.from, &taken.to);
            self.hand_on(&taken.to, None, act.at, |_, it| {
                it.owed_by.person.as_ref() == Some(&taken.from) && goes_along(it.deadline)
            });
        }
    }

    /// Moves what is open to somebody else; what was missed stays where it was (F3, F7).
    fn hand_on(
        &mut self,
        to: &PersonId,
        department: Option<&DepartmentId>,
        at: Moment,
        goes: impl Fn(&Self, &Obligation) -> bool,
    ) {
        let owes: Vec<Option<Owed>> = self
            .obligations
            .iter()
            .map(|it| {
                (it.end.is_none() && goes(self, it)).then(|| Owed {
                    department: department.unwrap_or(&it.owed_by.department).clone(),
                    person: self.goes_to(to, it.deadline),
                })
            })
            .collect();
        for (it, owes) in self.obligations.iter_mut().zip(owes) {
            if let Some(owes) = owes {
                it.hand_on(owes, at);
            }
        }
    }

    pub(super) fn admit_succeeded(&self, it: &Succeeded) -> Result<(), Refusal> {
        if it.to == self.responder.person {
            return Err(Refusal::SameResponder);
        }
        // That somebody was named wrongly is said in answer to an objection, or before they say it themselves; never of
        // who agreed or wrote it down of themselves (F6).
        let is_in_question = self.owes(DeadlineId::DecideAsked)
            || self
                .asked_to_confirm()
                .contains(&self.record.first_responder);
        if it.reason == SuccessionReason::WronglyNamed && !is_in_question {
            return Err(Refusal::NotOwed {
                deadline: DeadlineId::DecideAsked,
            });
        }
        Ok(())
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
        let at = act.at;
        self.open_mut(DeadlineId::ConfirmAsked)
            .filter(|open| open.owed_by.person.as_ref() == Some(&from.person))
            .for_each(|open| open.end = Some(End::Lifted { at }));
        self.consents.succeeded();
        if from.department != it.department {
            let home = (from.department.clone(), self.moves.len());
            self.consents.former_homes.push(home);
        }
        let consents = &self.consents;
        self.obligations
            .iter_mut()
            .filter(|open| {
                open.end.is_none()
                    && (open.deadline == DeadlineId::AcceptSuccession
                        || consents.is_of_a_succession(open))
            })
            .for_each(|open| open.end = Some(End::Lifted { at }));
        if it.reason == SuccessionReason::WronglyNamed {
            self.meet(DeadlineId::DecideAsked, act);
            self.was_never_owed_by(&self.record.first_responder.clone());
            if self.claim == Some(Claim::Open) && self.recorded_by == self.record.first_responder {
                self.settle_claim(act, false);
            }
        }
        self.hand_on(&it.to, Some(&it.department), at, |case, open| {
            case.is_of_the_answerability(&from, open)
        });
        self.owe_responder(DeadlineId::AcceptSuccession, act.at, act);
    }

    /// Whoever was named wrongly never owed anything; the one who was asked owed it from the asking (F6).
    fn was_never_owed_by(&mut self, person: &PersonId) {
        let truly = self.responder_owes();
        for it in self
            .obligations
            .iter_mut()
            .filter(|it| goes_along(it.deadline))
        {
            let owners = it.before.iter_mut().map(|(was, _)| was);
            for owed in owners.chain([&mut it.owed_by]) {
                if owed.person.as_ref() == Some(person) {
                    owed.clone_from(&truly);
                }
            }
        }
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
        self.intake
            .waiting
            .retain(|(deadline, _)| *deadline != DeadlineId::Sign);
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
