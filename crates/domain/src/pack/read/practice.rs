//! Stages (G1), the ladder (C4), samples (V3, C5) and questions (G3).

use std::collections::BTreeMap;

use super::{Time, cited, limit, not_longer, plain_minutes, rule, text};
use crate::document::{Entry, Item, Table, Unit};
use crate::id::DepartmentId;
use crate::pack::{
    Escalation, JoinedMatters, PackError, PackProblem, Question, RuleText, SpotChecks, Stage,
    Stages,
};
use crate::reckoning::Limit;
use crate::rule::RuleId;

pub(super) fn stages(
    item: &Item<'_>,
    departments: &[DepartmentId],
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<Stages, PackError> {
    let table = item.table(&["default", "rules", "departments", "department_rules"])?;
    let mut stages = Stages {
        default: stage(&table.need("default")?)?,
        ..Stages::default()
    };
    if let Some(item) = table.get("rules") {
        stages.rules = stages_of_rules(&item, rules)?;
    }
    if let Some(item) = table.get("departments") {
        for entry in item.entries()? {
            let department = department(&entry, departments)?;
            stages.departments.insert(department, stage(&entry.value)?);
        }
    }
    if let Some(item) = table.get("department_rules") {
        for entry in item.entries()? {
            let department = department(&entry, departments)?;
            for (rule, stage) in stages_of_rules(&entry.value, rules)? {
                stages
                    .department_rules
                    .insert((department.clone(), rule), stage);
            }
        }
    }
    Ok(stages)
}

fn stages_of_rules(
    item: &Item<'_>,
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<BTreeMap<RuleId, Stage>, PackError> {
    let read = |entry: &Entry<'_>| {
        let rule: RuleId = entry.key.parse().map_err(|_| {
            entry.wrong_key(PackProblem::UnknownRule {
                found: entry.key.to_owned(),
            })
        })?;
        cited(&entry.value, rule, rules)?;
        Ok((rule, stage(&entry.value)?))
    };
    item.entries()?.iter().map(read).collect()
}

fn department(entry: &Entry<'_>, departments: &[DepartmentId]) -> Result<DepartmentId, PackError> {
    departments
        .iter()
        .find(|it| it.as_str() == entry.key)
        .cloned()
        .ok_or_else(|| {
            entry.wrong_key(PackProblem::UnknownDepartment {
                found: entry.key.to_owned(),
                known: departments.iter().map(ToString::to_string).collect(),
            })
        })
}

fn stage(item: &Item<'_>) -> Result<Stage, PackError> {
    item.word(&[
        ("observe", Stage::Observe),
        ("remind", Stage::Remind),
        ("assess", Stage::Assess),
    ])
}

/// The director never before the supervisor, where the two can be compared.
pub(super) fn escalation(item: &Item<'_>, time: &Time) -> Result<Escalation, PackError> {
    let table = item.table(&["supervisor", "director"])?;
    let supervisor = step(&table, "supervisor", time)?;
    let director = step(&table, "director", time)?;
    if let Some(first) = &supervisor {
        let item = table.need("supervisor")?;
        match &director {
            None => {
                return Err(table.need("director")?.wrong(PackProblem::NotInOrder));
            }
            Some(last) => not_longer(&item, first, last, &time.hours.site)?,
        }
    }
    Ok(Escalation {
        supervisor,
        director,
    })
}

/// `at once`, or a limit with its clock.
fn step(table: &Table<'_>, key: &str, time: &Time) -> Result<Option<Limit>, PackError> {
    let item = table.need(key)?;
    if item.text()? == "at once" {
        return Ok(None);
    }
    limit(&item, time.working_day, time.off_duty_start_after).map(Some)
}

pub(super) fn spot_checks(item: &Item<'_>) -> Result<SpotChecks, PackError> {
    let table = item.table(&[
        "share",
        "waived",
        "not_reached",
        "always_satisfied",
        "always_satisfied_from",
    ])?;
    let times = |key, range| table.need(key)?.integer(range, Unit::Times);
    Ok(SpotChecks {
        share_percent: table.need("share")?.integer(1..100, Unit::Percent)?,
        waived: times("waived", 1..20)?,
        not_reached: times("not_reached", 1..20)?,
        always_satisfied: times("always_satisfied", 1..20)?,
        always_satisfied_from: times("always_satisfied_from", 2..1000)?,
    })
}

pub(super) fn joined(item: &Item<'_>) -> Result<JoinedMatters, PackError> {
    let table = item.table(&[
        "visit_all_up_to",
        "tell_director_from",
        "tell_director_within",
    ])?;
    Ok(JoinedMatters {
        visit_all_up_to: table
            .need("visit_all_up_to")?
            .integer(1..1000, Unit::Times)?,
        tell_director_from: table
            .need("tell_director_from")?
            .integer(2..1000, Unit::Times)?,
        tell_director_within: plain_minutes(&table.need("tell_director_within")?, 60..7 * 24 * 60)?,
    })
}

pub(super) fn quiz(
    item: &Item<'_>,
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<Vec<Question>, PackError> {
    let questions = item.list()?;
    if questions.is_empty() {
        return Err(item.wrong(PackProblem::Empty));
    }
    questions.iter().map(|it| question(it, rules)).collect()
}

fn question(item: &Item<'_>, rules: &BTreeMap<RuleId, RuleText>) -> Result<Question, PackError> {
    let table = item.table(&["rule", "question", "choices", "right"])?;
    let asked = table.need("rule")?;
    let rule = rule(&asked)?;
    cited(&asked, rule, rules)?;
    let list = table.need("choices")?;
    let choices = list
        .list()?
        .iter()
        .map(text)
        .collect::<Result<Vec<_>, _>>()?;
    for (i, item) in list.list()?.iter().enumerate() {
        if choices[..i].contains(&choices[i]) {
            let found = choices[i].zh.clone();
            return Err(item.wrong(PackProblem::Duplicate { found }));
        }
    }
    let n_choices = i64::try_from(choices.len()).unwrap_or(i64::MAX);
    let n_choices = list.within(n_choices, 2..6, Unit::Times)?;
    let right = table.need("right")?.integer(1..n_choices, Unit::Times)?;
    Ok(Question {
        rule,
        question: text(&table.need("question")?)?,
        choices,
        right: right as usize - 1,
    })
}
