//! 通报: what is published on the site (P1), in which no customer can be recognised.
//!
//! Figures are per department that was asked. A department with fewer than [`SMALL`] cases is merged into *others*;
//! where *others* would then be small itself, the smallest department that is not joins it, so that no row can be
//! had by taking the rest from the total. A site with fewer than [`SMALL`] cases publishes no figures. Nothing is
//! broken down by building, category or day, and a month's figures are published once it is over, not day by day, so
//! that no two bulletins differ by one customer. What changes later is published as a correction of the same rows:
//! others would be had by taking the new from the old. Cases that came later are told once they are [`SMALL`] in a row.

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

/// 通报: what a site reads of a month (P1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    pub period: Period,
    /// None: too few cases to publish figures, or the month is not over.
    pub total: Option<Figures>,
    pub rows: Vec<(Row, Figures)>,
    /// Verified, and decided for the bulletin.
    pub criticism: Vec<Criticism>,
}

/// Whose figures a row holds.
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

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    In,
    Answered,
    OnTime,
    Satisfied,
    Overdue,
}

impl Figure {
    /// All figures, in the order in which a bulletin prints them.
    pub const ALL: [Self; 5] = [
        Self::In,
        Self::Answered,
        Self::OnTime,
        Self::Satisfied,
        Self::Overdue,
    ];
}

impl Figures {
    /// One of the figures.
    pub const fn figure(self, figure: Figure) -> u32 {
        match figure {
            Figure::In => self.n_in,
            Figure::Answered => self.n_answered,
            Figure::OnTime => self.n_on_time,
            Figure::Satisfied => self.n_satisfied,
            Figure::Overdue => self.n_overdue,
        }
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
    let is_over = Period::of(context.now, rules.zone()) > period;
    let departments = if is_over {
        by_department(cases, period, context)
    } else {
        BTreeMap::new()
    };
    let total = summed(departments.values());
    Bulletin {
        period,
        total: (total.n_in >= SMALL).then_some(total),
        rows: unrecognisable(departments),
        criticism: criticism(cases, period, rules),
    }
}

fn by_department(
    cases: &[Case],
    period: Period,
    context: Context<'_>,
) -> BTreeMap<DepartmentId, Figures> {
    let mut departments: BTreeMap<DepartmentId, Figures> = BTreeMap::new();
    for case in cases {
        if Period::of(case.record.asked_at, context.rules.zone()) == period {
            departments
                .entry(case.record.department.clone())
                .or_default()
                .add(Figures::of(case, context));
        }
    }
    departments
}

fn summed<'a>(figures: impl IntoIterator<Item = &'a Figures>) -> Figures {
    figures.into_iter().fold(Figures::default(), |mut sum, it| {
        sum.add(*it);
        sum
    })
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
pub fn corrections(published: &Bulletin, cases: &[Case], context: Context<'_>) -> Vec<Correction> {
    let before = figures(published);
    let after = if published.total.is_some() {
        in_the_rows_of(published, cases, context)
    } else {
        figures(&bulletin(cases, published.period, context))
    };
    let rows: BTreeSet<&Row> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for row in rows {
        for figure in Figure::ALL {
            let of = |all: &BTreeMap<Row, Figures>| all.get(row).map(|it| it.figure(figure));
            let (was, is) = (of(&before), of(&after));
            if was != is {
                found.push(Correction {
                    row: row.clone(),
                    figure,
                    was,
                    is,
                });
            }
        }
    }
    found
}

fn figures(of: &Bulletin) -> BTreeMap<Row, Figures> {
    let total = of.total.map(|it| (Row::Total, it));
    total.into_iter().chain(of.rows.iter().cloned()).collect()
}

/// The figures as they are now, of the rows that were published; what would show fewer than [`SMALL`] customers stays as
/// it was, in its row and in the total.
fn in_the_rows_of(
    published: &Bulletin,
    cases: &[Case],
    context: Context<'_>,
) -> BTreeMap<Row, Figures> {
    let was: BTreeMap<Row, Figures> = published.rows.iter().cloned().collect();
    let mut is: BTreeMap<Row, Figures> = was
        .keys()
        .map(|row| (row.clone(), Figures::default()))
        .collect();
    for (department, figures) in by_department(cases, published.period, context) {
        let own = Row::Department(department);
        let row = if was.contains_key(&own) {
            own
        } else {
            Row::Others
        };
        is.entry(row).or_default().add(figures);
    }
    for (row, figures) in &mut is {
        let before = was.get(row).copied().unwrap_or_default();
        let n_others = before.n_in.abs_diff(figures.n_in);
        if n_others > 0 && n_others < SMALL {
            *figures = before;
        }
    }
    is.retain(|row, it| was.contains_key(row) || it.n_in > 0);
    let total = summed(is.values());
    is.insert(Row::Total, total);
    is
}
