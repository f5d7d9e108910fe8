//! What one department cannot settle, on a case (C).

use super::{Act, Case, End, Stage};
use crate::decide::Refusal;
use crate::event::{
    Escalated, Instructed, Joined, LeadNamed, OuterExtended, OuterLimit, PutToLeader, Recorded,
    RejectedOutside, ReportedToCoordination, ResultTakenOver,
};
use crate::id::{CaseId, DepartmentId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// What coordination, leaders and authorities had to do with a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coordination {
    pub n_reported: u32,
    /// The one lead that was named (C1).
    pub lead: Option<DepartmentId>,
    /// Movements before the lead was named; the count for the next coordination starts there (T8).
    pub n_moves_at_lead: usize,
    /// When the customer is to expect what was put to a leader (C3).
    pub expected_at: Option<Moment>,
    /// A leader answered since the asking, or since new facts opened the case again (C3).
    pub leader_answered_at: Option<Moment>,
    /// 矛盾升级: since when (C2).
    pub escalated_at: Option<Moment>,
    /// The main case that is handled for it, once joined (C5).
    pub main: Option<CaseId>,
    /// Not among those of a joined matter who are visited (C5).
    pub is_outside_sample: bool,
    pub outer: Option<OuterState>,
}

/// A ticket from above, with its limits as last set by the sender (C6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterState {
    pub sign_by: Option<Moment>,
    pub return_by: Option<Moment>,
    pub reply_by: Option<Moment>,
    pub n_rejections: u32,
}

impl Coordination {
    pub(super) fn of(record: &Recorded) -> Self {
        Self {
            outer: record.outer.as_ref().map(|it| OuterState {
                sign_by: it.sign_by,
                return_by: it.return_by,
                reply_by: it.reply_by,
                n_rejections: 0,
            }),
            ..Self::default()
        }
    }
}

impl Case {
    /// The sender's limits are owed beside our own; the earliest binds (C6).
    pub(super) fn owe_outer(&mut self, act: Act<'_>) {
        let Some(outer) = self.coordination.outer.clone() else {
            return;
        };
        let limits = [
            (DeadlineId::OuterSign, outer.sign_by),
            (DeadlineId::OuterReply, outer.reply_by),
        ];
        for (deadline, until) in limits {
            if until.is_some() {
                let owed = self.responder_owes();
                self.owe_until(deadline, &owed.department, owed.person, act.at, until, act);
            }
        }
    }

    pub(super) fn admit_reported_to_coordination(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Own | Stage::Passed { .. } | Stage::Joined { .. } => Ok(()),
            Stage::Coordinating { department } => Err(Refusal::PassedOn {
                to: department.clone(),
            }),
            Stage::Replied => Err(Refusal::AlreadyReplied),
            Stage::Closed => Err(Refusal::Closed),
        }
    }

    pub(super) fn reported_to_coordination(&mut self, act: Act<'_>, it: &ReportedToCoordination) {
        for deadline in [
            DeadlineId::ReportToCoordination,
            DeadlineId::ReturnSlip,
            DeadlineId::Transfer,
        ] {
            self.meet(deadline, act);
        }
        let from = self.holder().clone();
        self.leave_joined();
        self.lift_handling(act.at);
        self.coordination.n_reported += 1;
        self.stage = Stage::Coordinating {
            department: it.to.clone(),
        };
        self.owe(DeadlineId::NameLead, &it.to, it.head.clone(), act.at, act);
        self.owe_signature(
            DeadlineId::SignDispatch,
            &from,
            it.sender_head.as_ref(),
            act,
        );
    }

    pub(super) fn admit_lead_named(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Coordinating { .. } => Ok(()),
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(Refusal::NotCoordinating),
        }
    }

    pub(super) fn lead_named(&mut self, act: Act<'_>, it: &LeadNamed) {
        self.meet(DeadlineId::NameLead, act);
        for slip in self
            .moves
            .iter_mut()
            .filter(|slip| slip.returned && it.upheld.contains(&slip.from))
        {
            slip.upheld = true;
        }
        self.coordination.lead = Some(it.lead.clone());
        self.coordination.n_moves_at_lead = self.moves.len();
        let from = self.holder().clone();
        if it.lead == from {
            // The coordinating department leads itself.
            self.stage = Stage::Passed {
                department: from.clone(),
                received: true,
                handler: None,
            };
            self.owe(DeadlineId::AssignHandler, &from, None, act.at, act);
            self.owe(DeadlineId::Reply, &from, None, act.at, act);
        } else {
            self.pass(act, &from, &it.lead, it.contractor, false);
            self.owe_signature(
                DeadlineId::SignDispatch,
                &from,
                it.sender_head.as_ref(),
                act,
            );
        }
    }

    /// Movements since the matter was last settled by coordination, or since the asking (T8).
    pub fn n_moves_unsettled(&self) -> usize {
        self.moves.len() - self.coordination.n_moves_at_lead
    }

    pub(super) fn admit_put_to_leader(&self) -> Result<(), Refusal> {
        if self.owes(DeadlineId::LeaderAnswer) {
            Err(Refusal::AwaitingLeader)
        } else {
            Ok(())
        }
    }

    pub(super) fn put_to_leader(&mut self, act: Act<'_>, it: &PutToLeader) {
        self.coordination.expected_at = Some(it.expected_at);
        self.owe(
            DeadlineId::LeaderAnswer,
            &it.leader_department,
            Some(it.leader.clone()),
            act.at,
            act,
        );
        self.lift(DeadlineId::TellExpected, act.at);
        self.owe_responder(DeadlineId::TellExpected, act.at, act);
    }

    /// Once there is an answer, nobody is told any more when to expect it.
    pub(super) fn leader_answered(&mut self, act: Act<'_>) {
        self.meet(DeadlineId::LeaderAnswer, act);
        self.lift(DeadlineId::TellExpected, act.at);
        self.coordination.leader_answered_at = Some(act.at);
    }

    /// Whether a promise of money or a result is nobody's to make here: a leader's word comes first (I15, C3).
    pub const fn may_not_promise(&self) -> bool {
        self.record.sensitive && self.coordination.leader_answered_at.is_none()
    }

    pub(super) fn admit_escalated(&self) -> Result<(), Refusal> {
        if self.owes(DeadlineId::Instruct) {
            Err(Refusal::AlreadyEscalated)
        } else {
            Ok(())
        }
    }

    pub(super) fn escalated(&mut self, act: Act<'_>, it: &Escalated) {
        self.coordination.escalated_at.get_or_insert(act.at);
        self.owe(
            DeadlineId::Instruct,
            &it.department,
            Some(it.director.clone()),
            act.at,
            act,
        );
    }

    /// The director's word may move the slip; it counts as a movement like any other (T8).
    pub(super) fn instructed(&mut self, act: Act<'_>, it: &Instructed) {
        self.meet(DeadlineId::Instruct, act);
        let from = self.holder().clone();
        let is_open = matches!(
            self.stage,
            Stage::Own | Stage::Passed { .. } | Stage::Coordinating { .. }
        );
        if let Some(to) = it.department.as_ref().filter(|to| is_open && **to != from) {
            self.pass(act, &from, to, it.contractor, false);
        }
    }

    pub(super) fn admit_joined(&self, it: &Joined) -> Result<(), Refusal> {
        if it.main == self.id {
            return Err(Refusal::JoinedToItself);
        }
        match &self.stage {
            Stage::Own | Stage::Passed { .. } | Stage::Coordinating { .. } => Ok(()),
            Stage::Joined { main } => Err(Refusal::IsJoined { main: *main }),
            Stage::Replied => Err(Refusal::AlreadyReplied),
            Stage::Closed => Err(Refusal::Closed),
        }
    }

    /// One handling for all: what is left here is the customer's clock (C5).
    pub(super) fn joined(&mut self, act: Act<'_>, it: &Joined) {
        self.lift_all_handling(act.at);
        self.coordination.main = Some(it.main);
        self.stage = Stage::Joined { main: it.main };
    }

    /// Passed on by itself, it is handled by itself again: what it was joined with may end without a result, or wait
    /// for this one.
    pub(super) fn leave_joined(&mut self) {
        if matches!(self.stage, Stage::Joined { .. }) {
            self.coordination.main = None;
        }
    }

    pub(super) fn admit_result_taken_over(&self, it: &ResultTakenOver) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Joined { main } if *main == it.main => Ok(()),
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(Refusal::NotJoined { main: it.main }),
        }
    }

    pub(super) fn result_taken_over(&mut self, act: Act<'_>, it: &ResultTakenOver) {
        self.coordination.is_outside_sample = !it.in_sample;
        let by = it.by.as_ref().unwrap_or(act.by);
        self.set_result(act, &it.department, by, it.outcome);
    }

    pub(super) fn admit_outer(&self) -> Result<(), Refusal> {
        match self.coordination.outer {
            Some(_) => Ok(()),
            None => Err(Refusal::NotFromAbove),
        }
    }

    pub(super) fn outer_extended(&mut self, it: &OuterExtended) {
        let Some(outer) = &mut self.coordination.outer else {
            return;
        };
        let (field, deadline) = match it.limit {
            OuterLimit::Sign => (&mut outer.sign_by, Some(DeadlineId::OuterSign)),
            OuterLimit::Return => (&mut outer.return_by, None),
            OuterLimit::Reply => (&mut outer.reply_by, Some(DeadlineId::OuterReply)),
        };
        *field = Some(it.until);
        if let Some(deadline) = deadline {
            self.open_mut(deadline)
                .for_each(|open| open.until = Some(it.until));
        }
    }

    pub(super) fn admit_rejected_outside(&self) -> Result<(), Refusal> {
        self.admit_outer()?;
        let was_answered = || {
            self.obligations.iter().any(|it| {
                it.deadline == DeadlineId::OuterReply && matches!(it.end, Some(End::Met { .. }))
            })
        };
        match &self.stage {
            Stage::Replied | Stage::Closed => Ok(()),
            // It is worked on again already: what the sender was answered can be rejected all the same.
            Stage::Own
            | Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. } => was_answered().then_some(()).ok_or(Refusal::NoResult),
        }
    }

    /// A rejection outside opens the case again here, unless it is open (C6).
    pub(super) fn rejected_outside(&mut self, act: Act<'_>, it: &RejectedOutside) {
        self.lift(DeadlineId::OuterReply, act.at);
        if let Some(outer) = &mut self.coordination.outer {
            outer.n_rejections += 1;
            outer.reply_by = it.reply_by;
        }
        if matches!(self.stage, Stage::Replied | Stage::Closed) {
            self.open_again(act);
        }
        if it.reply_by.is_some() {
            let owed = self.responder_owes();
            self.owe_until(
                DeadlineId::OuterReply,
                &owed.department,
                owed.person,
                act.at,
                it.reply_by,
                act,
            );
        }
    }
}
