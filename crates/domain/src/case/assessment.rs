//! What was reported, said and decided about those who answered, on a case (A).

use super::{Act, Case};
use crate::decide::Refusal;
use crate::event::{
    Assessed, CriticismRecorded, Fact, FurtherCaseReported, Judgement, Outcome, Praised,
    QuarrelReported, Stated,
};
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
    /// Acts that prove something later on and that the case itself does not stand by.
    pub traces: Vec<Trace>,
}

/// An act that may prove something, with the envelope that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub kind: TraceKind,
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub at: Moment,
}

/// What was done, as far as praise, depth and sums count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceKind {
    Recorded,
    /// It was said that it repeats an earlier case, or that it does not (I9).
    RepeatMarked,
    /// What the form lacks cannot be had, and why was said (I1).
    MissingExplained,
    /// So many of the pack's phrases were sent all the same (L1).
    Phrases(usize),
    /// A slip was issued or passed on by a person, not moved by a coordinator or a guidance (T1, T4).
    HandedOver,
    HandlerNamed(PersonId),
    /// The coordinator settled whose it is (C1).
    LeadNamed,
    /// A result came back (T3).
    Result {
        department: DepartmentId,
        outcome: Outcome,
    },
    SpotChecked {
        handling_true: bool,
        visit_true: Option<bool>,
    },
}

impl Assessments {
    /// Keeps what an assessment may have to cite.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most facts are proved by what the case stands by"
    )]
    pub(super) fn trace(&mut self, act: Act<'_>) {
        let phrases = match act.fact {
            Fact::AnsweredAtOnce(it) => it.phrases.len(),
            Fact::Replied(it) => it.phrases.len(),
            Fact::ResultTold(it) => it.phrases.len(),
            Fact::DelayTold(it) => it.phrases.len(),
            Fact::AnswerPublished(it) => it.phrases.len(),
            Fact::Closed(it) => it.phrases.len(),
            _ => 0,
        };
        let kind = match act.fact {
            Fact::Recorded(_) => Some(TraceKind::Recorded),
            Fact::RepeatMarked(_) => Some(TraceKind::RepeatMarked),
            Fact::FormCompleted(it) => it.missing_because.map(|_| TraceKind::MissingExplained),
            Fact::HandedOver(_) => Some(TraceKind::HandedOver),
            Fact::HandlerNamed(it) => Some(TraceKind::HandlerNamed(it.handler.clone())),
            Fact::LeadNamed(_) => Some(TraceKind::LeadNamed),
            Fact::Replied(it) => Some(TraceKind::Result {
                department: it.department.clone(),
                outcome: it.outcome,
            }),
            Fact::SpotChecked(it) => Some(TraceKind::SpotChecked {
                handling_true: it.handling_true,
                visit_true: it.visit_true,
            }),
            _ => None,
        };
        let phrases = (phrases > 0).then_some(TraceKind::Phrases(phrases));
        for kind in kind.into_iter().chain(phrases) {
            self.traces.push(Trace {
                kind,
                envelope: act.envelope,
                by: act.by.clone(),
                at: act.at,
            });
        }
    }
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

/// What a person reported about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportKind {
    /// A department would not take the slip, or two are wrangling (T4).
    Shirking,
    /// A quarrel with bad effects (A2).
    Quarrel,
    /// Criticism by a higher authority or the press (A6).
    Criticism { said_at: Moment },
    /// What the pack names as A4's further case.
    FurtherCase,
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

    pub(super) fn further_case_reported(&mut self, act: Act<'_>, it: &FurtherCaseReported) {
        self.report(
            act,
            ReportKind::FurtherCase,
            &it.department,
            it.person.as_ref(),
        );
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

    /// A proposal is decided once, and so is what both sides of a wrangle get (A7); who was first in the order of the
    /// case decided it.
    pub(super) fn admit_assessed(&self, it: &Assessed) -> Result<(), Refusal> {
        let is_decided = |made: &Decision| {
            let is_other_side = it.rule == RuleId::A7 && made.rule == RuleId::A7;
            let is_alike = (made.judgement, made.bulletin, made.off_post)
                == (it.judgement, it.bulletin, it.off_post)
                && made.amount.unwrap_or(0) == it.amount.unwrap_or(0);
            made.proposal == it.proposal || (is_other_side && !is_alike)
        };
        if self.assessments.decisions.iter().any(is_decided) {
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
