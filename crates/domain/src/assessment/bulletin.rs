//! 通报: what is published on the site (P1), in which no customer can be recognised.
//!
//! Figures are per department that was asked. A department with fewer than [`SMALL`] cases is merged into *others*;
//! where *others* would then be small itself, the smallest department that is not joins it, so that no row can be
//! had by taking the rest from the total. A site with fewer than [`SMALL`] cases publishes no figures. Nothing is
//! broken down by building, category or day, and a month is published once it is over, not day by day, so that no
//! two bulletins differ by one customer; what changes later is published as a correction.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Judged, Period};
use crate::case::Case;
use crate::event::{Ending, Judgement};
use crate::id::DepartmentId;
use crate::pack::DeadlineId;
use crate::rule::RuleId;
use crate::rules::Rules;

/// Fewer customers than this could be recognised.
pub const SMALL: u32 = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    pub period: Period,
    /// None: too few cases to publish figures.
    pub total: Option<Figures>,
    pub rows: Vec<(Row, Figures)>,
    /// Verified, and decided for the bulletin.
    pub criticism: Vec<Criticism>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    Total,
    Department(DepartmentId),
    Others,
}

/// Every complainant counts, of joined cases too (C5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub n_in: u32,
    /// The customer knows the result.
    pub n_answered: u32,
    /// Before the customer's clock ran out (T10).
    pub n_on_time: u32,
    /// By a return visit; never one that was not reached, waived or ended for good (V4, V5).
    pub n_satisfied: u32,
    pub n_overdue: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    In,
    Answered,
    OnTime,
    Satisfied,
    Overdue,
}

impl Figures {
    pub const fn all(self) -> [(Figure, u32); 5] {
        [
            (Figure::In, self.n_in),
            (Figure::Answered, self.n_answered),
            (Figure::OnTime, self.n_on_time),
            (Figure::Satisfied, self.n_satisfied),
            (Figure::Overdue, self.n_overdue),
        ]
    }

    const fn add(&mut self, other: Self) {
        self.n_in += other.n_in;
        self.n_answered += other.n_answered;
        self.n_on_time += other.n_on_time;
        self.n_satisfied += other.n_satisfied;
        self.n_overdue += other.n_overdue;
    }

    fn of(case: &Case, context: Context<'_>) -> Self {
        let is_told = case.result.as_ref().is_some_and(|it| it.told.is_some())
            || matches!(
                case.ending,
                Some(Ending::AnsweredAtOnce | Ending::ReferredOutside)
            );
        let customer = case
            .obligations
            .iter()
            .filter(|it| it.deadline == DeadlineId::Customer)
            .map(|it| (context.verdict)(case, it))
            .max_by_key(|it| *it == Judged::Missed);
        Self {
            n_in: 1,
            n_answered: is_told.into(),
            n_on_time: (customer == Some(Judged::Met)).into(),
            n_satisfied: (case.ending == Some(Ending::Satisfied)).into(),
            n_overdue: (customer == Some(Judged::Missed)).into(),
        }
    }
}

/// A department was criticised under a rule, for so many matters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Criticism {
    pub department: DepartmentId,
    pub rule: RuleId,
    pub n: u32,
}

/// A figure that was published otherwise; none: it was not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub row: Row,
    pub figure: Figure,
    pub was: Option<u32>,
    pub is: Option<u32>,
}

/// The bulletin of the cases asked, and the criticism decided, in a month.
pub fn bulletin(cases: &[Case], period: Period, context: Context<'_>) -> Bulletin {
    let rules = context.rules;
    let mut departments: BTreeMap<DepartmentId, Figures> = BTreeMap::new();
    let mut total = Figures::default();
    for case in cases {
        if Period::of(case.record.asked_at, rules.zone()) == period {
            let figures = Figures::of(case, context);
            departments
                .entry(case.record.department.clone())
                .or_default()
                .add(figures);
            total.add(figures);
        }
    }
    Bulletin {
        period,
        total: (total.n_in >= SMALL).then_some(total),
        rows: unrecognisable(departments),
        criticism: criticism(cases, period, rules),
    }
}

fn unrecognisable(departments: BTreeMap<DepartmentId, Figures>) -> Vec<(Row, Figures)> {
    let mut rows: Vec<(DepartmentId, Figures)> = departments.into_iter().collect();
    rows.sort_by(|(a, x), (b, y)| (y.n_in, a).cmp(&(x.n_in, b)));
    let mut others = Figures::default();
    while let Some((_, figures)) = rows
        .last()
        .filter(|(_, it)| it.n_in < SMALL || (others.n_in > 0 && others.n_in < SMALL))
    {
        others.add(*figures);
        rows.pop();
    }
    let others = (others.n_in >= SMALL).then_some((Row::Others, others));
    rows.into_iter()
        .map(|(it, figures)| (Row::Department(it), figures))
        .chain(others)
        .collect()
}

fn criticism(cases: &[Case], period: Period, rules: &Rules) -> Vec<Criticism> {
    let mut matters = BTreeSet::new();
    for case in cases {
        let matter = case.coordination.main.unwrap_or(case.id);
        for made in &case.assessments.decisions {
            if made.bulletin
                && made.judgement == Judgement::Upheld
                && Period::of(made.at, rules.zone()) == period
            {
                matters.insert((made.department.clone(), made.rule, matter));
            }
        }
    }
    let mut counted: BTreeMap<(DepartmentId, RuleId), u32> = BTreeMap::new();
    for (department, rule, _) in matters {
        *counted.entry((department, rule)).or_default() += 1;
    }
    counted
        .into_iter()
        .map(|((department, rule), n)| Criticism {
            department,
            rule,
            n,
        })
        .collect()
}

/// What has to be published beside the next bulletin, because it was published otherwise.
pub fn corrections(published: &Bulletin, now: &Bulletin) -> Vec<Correction> {
    let figures = |of: &Bulletin| -> BTreeMap<(Row, Figure), u32> {
        let total = of.total.map(|it| (Row::Total, it));
        total
            .into_iter()
            .chain(of.rows.iter().cloned())
            .flat_map(|(row, it)| it.all().map(|(figure, n)| ((row.clone(), figure), n)))
            .collect()
    };
    let (before, after) = (figures(published), figures(now));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    keys.into_iter()
        .filter_map(|key| {
            let (was, is) = (before.get(&key).copied(), after.get(&key).copied());
            let (row, figure) = key;
            (was != is).then_some(Correction {
                row,
                figure,
                was,
                is,
            })
        })
        .collect()
}
