//! How deep the rules go with a person or a department, and what to do next (G2).

use super::breach::unrecorded;
use super::{Context, Judged};
use crate::case::{Case, Obligation};
use crate::event::Ending;
use crate::id::{DepartmentId, PersonId};
use crate::pack::DeadlineId;

/// Whose figures they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    Person(PersonId),
    Department(DepartmentId),
}

/// So many of so many; nothing of nothing where there was no occasion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    pub n: u32,
    pub of: u32,
}

impl Ratio {
    /// In percent, rounded down; none where there was no occasion.
    ///
    /// ```
    /// use shouwen_domain::assessment::Ratio;
    ///
    /// assert_eq!(Ratio { n: 2, of: 3 }.percent(), Some(66));
    /// assert_eq!(Ratio::default().percent(), None);
    /// ```
    pub fn percent(self) -> Option<u32> {
        (u64::from(self.n) * 100)
            .checked_div(u64::from(self.of))
            .and_then(|it| u32::try_from(it).ok())
    }

    const fn count(&mut self, is_so: bool) {
        self.of += 1;
        if is_so {
            self.n += 1;
        }
    }

    /// Both parts of a thousand, so that shares of different sizes compare.
    fn lags_behind(self, other: Self) -> bool {
        u64::from(self.n) * u64::from(other.of) < u64::from(other.n) * u64::from(self.of)
    }
}

/// Shares of what was done as the rules ask. What cannot be told counts for nothing either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Contacts with a record, those answered at once included, of all that are known of (F5, I1).
    pub recorded: Ratio,
    /// Forms with nothing missing, of those not answered at once (I1).
    pub complete: Ratio,
    /// Slips handed on in time (T1).
    pub transferred: Ratio,
    /// Answers in time (T3).
    pub replied: Ratio,
    /// Return visits in time (V1).
    pub visited: Ratio,
}

/// What to do next: what lags furthest behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextStep {
    /// There is nothing yet to measure: record the first contact.
    Begin,
    RecordEveryContact,
    CompleteForms,
    PassOnInTime,
    AnswerInTime,
    VisitAgain,
    /// Everything is as the rules ask.
    KeepOn,
}

impl Depth {
    /// The earliest step of a case's way where shares are equal.
    pub fn next_step(&self) -> NextStep {
        let steps = [
            (NextStep::RecordEveryContact, self.recorded),
            (NextStep::CompleteForms, self.complete),
            (NextStep::PassOnInTime, self.transferred),
            (NextStep::AnswerInTime, self.replied),
            (NextStep::VisitAgain, self.visited),
        ];
        let measured = || steps.iter().filter(|(_, it)| it.of > 0);
        if measured().next().is_none() {
            return NextStep::Begin;
        }
        measured()
            .filter(|(_, it)| it.n < it.of)
            .fold(None, |worst: Option<&(NextStep, Ratio)>, it| match worst {
                Some(worst) if !it.1.lags_behind(worst.1) => Some(worst),
                _ => Some(it),
            })
            .map_or(NextStep::KeepOn, |(step, _)| *step)
    }
}

impl Depth {
    const fn share_of(&mut self, deadline: DeadlineId) -> Option<&mut Ratio> {
        if matches!(deadline, DeadlineId::Transfer) {
            Some(&mut self.transferred)
        } else if matches!(
            deadline,
            DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime
        ) {
            Some(&mut self.replied)
        } else if matches!(deadline, DeadlineId::ReturnVisit | DeadlineId::RetryVisit) {
            Some(&mut self.visited)
        } else {
            None
        }
    }
}

/// The depth of one person or department over `cases`.
pub fn depth(member: &Member, cases: &[Case], context: Context<'_>) -> Depth {
    let mut depth = Depth::default();
    for case in cases {
        // Nothing is counted for somebody of what they may have had no part in.
        if matches!(member, Member::Person(it) if case.is_only_claimed_of(it)) {
            continue;
        }
        let is_member = |person: &PersonId, department: &DepartmentId| match member {
            Member::Person(it) => it == person,
            Member::Department(it) => it == department,
        };
        if is_member(&case.record.first_responder, &case.record.department) {
            depth.recorded.count(true);
            let quick = matches!(
                case.ending,
                Some(Ending::AnsweredAtOnce | Ending::ReferredOutside)
            );
            if !quick {
                depth.complete.count(case.intake.missing.is_empty());
            }
        }
        // Whoever says that they were not asked left nothing unrecorded (F5).
        if let Some(contact) = unrecorded(case).filter(|_| case.intake.asked_before != Some(false))
        {
            let department = context
                .rules
                .directory
                .person(contact)
                .map(|it| &it.department);
            if department.is_some_and(|it| is_member(contact, it)) {
                depth.recorded.count(false);
            }
        }
        for it in &case.obligations {
            let Some(share) = depth.share_of(it.deadline) else {
                continue;
            };
            let owed_by = context
                .rules
                .due(case, it)
                .map_or(&it.owed_by, |due| it.owed_at(due.at));
            let is_theirs = match member {
                Member::Person(person) => owed_by.person.as_ref() == Some(person),
                Member::Department(department) => owed_by.department == *department,
            };
            if let Some(in_time) = in_time(case, it, context).filter(|_| is_theirs) {
                share.count(in_time);
            }
        }
    }
    depth
}

fn in_time(case: &Case, it: &Obligation, context: Context<'_>) -> Option<bool> {
    match (context.verdict)(case, it) {
        Judged::Met => Some(true),
        Judged::Missed => Some(false),
        Judged::CannotBeTold | Judged::Open => None,
    }
}
