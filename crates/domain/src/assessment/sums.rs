//! What was decided, summed per person and department, by rule, for a civil month (A11).

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;

use super::{Context, Member, Praise, Unit, praise};
use crate::case::{Case, Decision};
use crate::event::Judgement;
use crate::id::CaseId;
use crate::moment::Moment;
use crate::rule::RuleId;
use crate::zone::Zone;

/// A civil month of a site's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    pub year: i32,
    /// From 1.
    pub month: u32,
}

impl Period {
    /// The month a moment falls into at the site, whatever the device says.
    ///
    /// ```
    /// use shouwen_domain::assessment::Period;
    /// use shouwen_domain::moment::Moment;
    /// use shouwen_domain::zone::Zones;
    ///
    /// let zones = Zones::parse(include_str!("../../../../packs/zones.toml")).unwrap();
    /// let shanghai = zones.get("Asia/Shanghai").unwrap();
    /// let last_evening_in_utc = Moment::from_unix_ms(1_785_515_400_000); // 2026-07-31 16:30Z
    /// assert_eq!(Period::of(last_evening_in_utc, shanghai), Period { year: 2026, month: 8 });
    /// ```
    pub fn of(moment: Moment, zone: &Zone) -> Self {
        let local = zone.local(moment);
        Self {
            year: local.year(),
            month: local.month(),
        }
    }
}

/// The sums of a month; every figure names its cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// A department's lines hold its people's too.
    pub lines: BTreeMap<(Member, RuleId), Line>,
    pub praise: BTreeMap<Member, Vec<Praise>>,
}

/// What was decided under one rule on one member, each figure with its cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub upheld: BTreeSet<CaseId>,
    pub dismissed: BTreeSet<CaseId>,
    /// By unit: a pack may have changed it within the month (G4).
    pub amounts: BTreeMap<Unit, u64>,
    pub bulletins: BTreeSet<CaseId>,
    pub off_post: BTreeSet<CaseId>,
}

/// Sums the decisions made in `period`. Of joined cases one counts (C5): the one with the smallest id.
pub fn sums(cases: &[Case], period: Period, context: Context<'_>) -> Sums {
    let rules = context.rules;
    let zone = rules.zone();
    let mut sums = Sums::default();
    let mut counted = BTreeSet::new();
    let mut by_id: Vec<&Case> = cases.iter().collect();
    by_id.sort_by_key(|it| it.id);
    by_id.dedup_by_key(|it| it.id);
    for case in by_id {
        let matter = case.coordination.main.unwrap_or(case.id);
        let unit = rules.assessments(case).unit;
        for made in &case.assessments.decisions {
            let is_first = made.judgement == Judgement::Dismissed
                || counted.insert((
                    matter,
                    made.rule,
                    made.person.clone(),
                    made.department.clone(),
                ));
            if is_first && Period::of(made.at, zone) == period {
                sums.add(case.id, made, unit);
            }
        }
        for it in praise(case, context) {
            if Period::of(it.at, zone) == period {
                for member in members(it.person.as_ref(), &it.department) {
                    sums.praise.entry(member).or_default().push(it.clone());
                }
            }
        }
    }
    sums
}

impl Sums {
    fn add(&mut self, case: CaseId, made: &Decision, unit: Unit) {
        for member in members(made.person.as_ref(), &made.department) {
            let line = self.lines.entry((member, made.rule)).or_default();
            if made.judgement == Judgement::Dismissed {
                line.dismissed.insert(case);
                continue;
            }
            line.upheld.insert(case);
            if let Some(amount) = made.amount {
                *line.amounts.entry(unit).or_default() += u64::from(amount);
            }
            if made.bulletin {
                line.bulletins.insert(case);
            }
            if made.off_post {
                line.off_post.insert(case);
            }
        }
    }
}

fn members(
    person: Option<&crate::id::PersonId>,
    department: &crate::id::DepartmentId,
) -> impl Iterator<Item = Member> {
    person
        .cloned()
        .map(Member::Person)
        .into_iter()
        .chain([Member::Department(department.clone())])
}
