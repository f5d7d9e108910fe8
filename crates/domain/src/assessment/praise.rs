//! What went well (A12): results in time, satisfied customers, complete records, and what somebody praised.

use super::link::of_person;
use super::{Account, Context, Judged};
use crate::case::{Case, ReportKind};
use crate::event::Ending;
use crate::id::{CaseId, DepartmentId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// Something that went well, and whose it is (A12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Praise {
    pub case: CaseId,
    pub person: Option<PersonId>,
    pub department: DepartmentId,
    pub ground: PraiseGround,
    pub at: Moment,
}

/// What went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PraiseGround {
    /// The answer was there in time.
    OnTime,
    /// The customer said so when visited by somebody else than whoever did the work (V6).
    Satisfied,
    /// Nothing was missing and it was written down in time.
    CompleteRecord,
    ByCustomer,
    ByColleague,
}

/// Praise on a case. A customer who was not reached, or whose case was ended for good, satisfied nobody.
pub fn praise(case: &Case, context: Context<'_>) -> Vec<Praise> {
    let give = |account: Account, ground, at| Praise {
        case: case.id,
        person: account.person().cloned(),
        department: account.department().clone(),
        ground,
        at,
    };
    let mut given: Vec<Praise> = case
        .obligations
        .iter()
        .filter(|it| {
            matches!(
                it.deadline,
                DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime
            ) && it.before.is_empty()
                && (context.verdict)(case, it) == Judged::Met
        })
        .filter_map(|it| {
            let account = Account::Staff {
                department: it.owed_by.department.clone(),
                person: it.owed_by.person.clone(),
            };
            Some(give(account, PraiseGround::OnTime, it.end?.at()))
        })
        .collect();
    if let (Some(Ending::Satisfied), Some(at)) = (case.ending, case.closed_at) {
        let home = &case.responder.department;
        let asked = of_person(&case.responder.person, home, context);
        let worked = case
            .result
            .as_ref()
            .map(|it| of_person(&it.by, &it.department, context))
            .filter(|it| *it != asked);
        given.extend(
            [asked]
                .into_iter()
                .chain(worked)
                .map(|it| give(it, PraiseGround::Satisfied, at)),
        );
    }
    let record = &case.record;
    let answered_only = matches!(
        case.ending,
        Some(Ending::AnsweredAtOnce | Ending::ReferredOutside)
    );
    if record.missing.is_empty() && !record.late && !answered_only {
        let by = of_person(&case.recorded_by, &record.department, context);
        given.push(give(by, PraiseGround::CompleteRecord, case.recorded_at));
    }
    given.retain(|it| {
        !it.person
            .as_ref()
            .is_some_and(|it| case.is_only_claimed_of(it))
    });
    given.extend(case.assessments.reports.iter().filter_map(|it| {
        let ReportKind::Praise { by_customer } = it.kind else {
            return None;
        };
        let ground = if by_customer {
            PraiseGround::ByCustomer
        } else {
            PraiseGround::ByColleague
        };
        let account = Account::Staff {
            department: it.department.clone(),
            person: it.person.clone(),
        };
        Some(give(account, ground, it.at))
    }));
    given
}
