//! `[assessments]`: what a breach may lead to (A).

use std::collections::BTreeMap;

use super::{calendar_days, cited, text};
use crate::document::{Item, Table, Unit};
use crate::pack::{
    Against, Amount, AmountUnit, Assessment, Assessments, Consequence, DeadlineRule, Decider,
    PackError, PackProblem, Penalty, RuleText,
};
use crate::reckoning::Limit;
use crate::rule::RuleId;

/// What a proposal can rest on; A10 to A12 say how it is decided and counted.
const PROPOSED: [(&str, RuleId); 9] = [
    ("A1", RuleId::A1),
    ("A2", RuleId::A2),
    ("A3", RuleId::A3),
    ("A4", RuleId::A4),
    ("A5", RuleId::A5),
    ("A6", RuleId::A6),
    ("A7", RuleId::A7),
    ("A8", RuleId::A8),
    ("A9", RuleId::A9),
];

pub(super) fn assessments(
    item: &Item<'_>,
    rules: &BTreeMap<RuleId, RuleText>,
    statement: &DeadlineRule,
) -> Result<Assessments, PackError> {
    let root = item.table(&[
        "unit",
        "own_rule",
        "lapse_after",
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
        "A6",
        "A7",
        "A8",
        "A9",
    ])?;
    let unit = unit(&root)?;
    let mut table = BTreeMap::new();
    for (key, rule) in PROPOSED {
        if let Some(item) = root.get(key) {
            cited(&item, rule, rules)?;
            table.insert(rule, assessment(&item, rule)?);
        }
    }
    Ok(Assessments {
        unit,
        lapse_after_days: calendar_days(
            &root.need("lapse_after")?,
            longer_than(statement.limit.as_ref())..365,
        )?,
        table,
    })
}

/// In days: before the person concerned has spoken or let the time pass, nothing is decided, so nothing may lapse (A10).
fn longer_than(statement: Option<&Limit>) -> u32 {
    let days = match statement {
        None => 0,
        Some(Limit::WorkingDays { days, .. }) => *days,
        Some(
            Limit::WorkingMinutes { minutes }
            | Limit::ClockMinutes { minutes, .. }
            | Limit::PlainMinutes { minutes },
        ) => minutes.0 / (24 * 60),
    };
    days + 1
}

/// Points, unless the company's own adopted rule is named (A10).
fn unit(root: &Table<'_>) -> Result<AmountUnit, PackError> {
    let yuan = root.get("unit").map_or(Ok(false), |it| {
        it.word(&[("points", false), ("yuan", true)])
    })?;
    match root.get("own_rule") {
        Some(item) if !yuan => Err(item.wrong(PackProblem::OnlyWith {
            needs: "unit = \"yuan\"",
        })),
        _ if yuan => Ok(AmountUnit::Yuan {
            own_rule: text(&root.need("own_rule")?)?,
        }),
        _ => Ok(AmountUnit::Points),
    }
}

fn assessment(item: &Item<'_>, rule: RuleId) -> Result<Assessment, PackError> {
    let table = item.table(&[
        "against",
        "decided_by",
        "consequence",
        "amount",
        "head_amount",
        "bulletin",
        "off_post",
        "under",
        "further_case",
    ])?;
    for (key, only, needs) in [
        ("head_amount", RuleId::A4, "the rule is A4"),
        ("further_case", RuleId::A4, "the rule is A4"),
        ("under", RuleId::A2, "the rule is A2"),
    ] {
        if let Some(item) = table.get(key).filter(|_| rule != only) {
            return Err(item.wrong(PackProblem::OnlyWith { needs }));
        }
    }
    let against = table.need("against")?.word(&[
        ("person", Against::Person),
        ("department", Against::Department),
        ("both", Against::Both),
    ])?;
    for (key, spared, needs) in [
        ("bulletin", Against::Person, "against is department or both"),
        ("amount", Against::Department, "against is person or both"),
        (
            "head_amount",
            Against::Department,
            "against is person or both",
        ),
        ("off_post", Against::Department, "against is person or both"),
    ] {
        if let Some(item) = table.get(key).filter(|_| against == spared) {
            return Err(item.wrong(PackProblem::OnlyWith { needs }));
        }
    }
    Ok(Assessment {
        against,
        decided_by: table.need("decided_by")?.word(&[
            ("supervisor", Decider::Supervisor),
            ("quality", Decider::Quality),
            ("director", Decider::Director),
        ])?,
        consequence: consequence(&table, rule)?,
        further_case: table.get("further_case").map(|it| text(&it)).transpose()?,
    })
}

fn consequence(table: &Table<'_>, rule: RuleId) -> Result<Consequence, PackError> {
    let penalty = penalty(table)?;
    let is_empty = penalty.amount.is_none()
        && penalty.head_amount.is_none()
        && !penalty.bulletin
        && !penalty.off_post;
    match table.get("consequence") {
        None if is_empty => Err(table.missing("consequence", PackProblem::MissingKey)),
        None if rule == RuleId::A2 && penalty.under.is_none() => {
            Err(table.missing("under", PackProblem::MissingKey))
        }
        None => Ok(Consequence::Penalty(penalty)),
        Some(item) if is_empty && penalty.under.is_none() => item
            .word(&[("counted", false), ("recorded", true)])
            .map(|recorded| {
                if recorded {
                    Consequence::Recorded
                } else {
                    Consequence::Counted
                }
            }),
        Some(item) => Err(item.wrong(PackProblem::OnlyWith {
            needs: "there is no amount, bulletin, off_post or under",
        })),
    }
}

fn penalty(table: &Table<'_>) -> Result<Penalty, PackError> {
    let flag = |key| table.get(key).map_or(Ok(false), |it| it.boolean());
    let optional = |key| table.get(key).map(|it| amount(&it)).transpose();
    Ok(Penalty {
        amount: optional("amount")?,
        head_amount: optional("head_amount")?,
        bulletin: flag("bulletin")?,
        off_post: flag("off_post")?,
        under: table.get("under").map(|it| text(&it)).transpose()?,
    })
}

/// `20`, or `{ least = 30, most = 50 }`.
fn amount(item: &Item<'_>) -> Result<Amount, PackError> {
    const MOST: u32 = 10_000;
    if item.entries().is_err() {
        let fixed = item.integer(1..MOST, Unit::Times)?;
        return Ok(Amount {
            least: fixed,
            most: fixed,
        });
    }
    let table = item.table(&["least", "most"])?;
    let least = table.need("least")?.integer(1..MOST, Unit::Times)?;
    let most = table.need("most")?.integer(least..MOST, Unit::Times)?;
    Ok(Amount { least, most })
}
