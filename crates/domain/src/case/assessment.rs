//! What was reported, said and decided about those who answered, on a case (A).

use super::{Act, Case};
use crate::decide::Refusal;
use crate::event::{Assessed, CriticismRecorded, Judgement, Praised, QuarrelReported, Stated};
use crate::hash::Hash;
use crate::id::{DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::rule::RuleId;

/// What assessment reads beside the obligations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessments {
    pub reports: Vec<Report>,
    pub statements: Vec<Statement>,
    pub decisions: Vec<Decision>,
}

/// Something a person reported about others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub kind: ReportKind,
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub at: Moment,
    pub department: DepartmentId,
    pub person: Option<PersonId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportKind {
    /// A department would not take the slip, or two are wrangling (T4).
    Shirking,
    /// A quarrel with bad effects (A2).
    Quarrel,
    /// Criticism by a higher authority or the press (A6).
    Criticism { said_at: Moment },
    /// Praise, the customer's own or not (A12).
    Praise { by_customer: bool },
}

/// 情况说明 (A10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub proposal: Hash,
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub at: Moment,
}

/// What an entitled person decided on a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub proposal: Hash,
    pub envelope: EnvelopeId,
    pub rule: RuleId,
    pub by: PersonId,
    pub at: Moment,
    pub judgement: Judgement,
    /// In the pack's unit.
    pub amount: Option<u32>,
    pub bulletin: bool,
    pub off_post: bool,
    pub person: Option<PersonId>,
    pub department: DepartmentId,
}

impl Case {
    pub(super) fn quarrel_reported(&mut self, act: Act<'_>, it: &QuarrelReported) {
        self.report(act, ReportKind::Quarrel, &it.department, Some(&it.person));
    }

    pub(super) fn criticism_recorded(&mut self, act: Act<'_>, it: &CriticismRecorded) {
        let kind = ReportKind::Criticism {
            said_at: it.said_at,
        };
        self.report(act, kind, &it.department, it.person.as_ref());
    }

    pub(super) fn praised(&mut self, act: Act<'_>, it: &Praised) {
        let kind = ReportKind::Praise {
            by_customer: it.by_customer,
        };
        self.report(act, kind, &it.department, Some(&it.person));
    }

    pub(super) fn report(
        &mut self,
        act: Act<'_>,
        kind: ReportKind,
        department: &DepartmentId,
        person: Option<&PersonId>,
    ) {
        self.assessments.reports.push(Report {
            kind,
            envelope: act.envelope,
            by: act.by.clone(),
            at: act.at,
            department: department.clone(),
            person: person.cloned(),
        });
    }

    pub(super) fn stated(&mut self, act: Act<'_>, it: &Stated) {
        self.assessments.statements.push(Statement {
            proposal: it.proposal,
            envelope: act.envelope,
            by: act.by.clone(),
            at: act.at,
        });
    }

    /// A proposal is decided once; who was first in the order of the case decided it.
    pub(super) fn admit_assessed(&self, it: &Assessed) -> Result<(), Refusal> {
        if self
            .assessments
            .decisions
            .iter()
            .any(|made| made.proposal == it.proposal)
        {
            Err(Refusal::AlreadyDecided)
        } else {
            Ok(())
        }
    }

    pub(super) fn assessed(&mut self, act: Act<'_>, it: &Assessed) {
        self.assessments.decisions.push(Decision {
            proposal: it.proposal,
            envelope: act.envelope,
            rule: it.rule,
            by: act.by.clone(),
            at: act.at,
            judgement: it.judgement,
            amount: it.amount,
            bulletin: it.bulletin,
            off_post: it.off_post,
            person: it.person.clone(),
            department: it.department.clone(),
        });
    }
}
