//! From text to [`Pack`]: one function per part, each strict.

mod phrases;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::time::{Time, limit, reading};
use super::{
    Category, DeadlineId, DeadlineRule, Difficulty, Emergency, Night, Pack, PackError, PackProblem,
    Paper, RequiredFields, RuleText, Text,
};
use crate::document::{Document, Item, Language, Unit};
use crate::event::{Field, Kind};
use crate::hash::Hash;
use crate::hours::{Hours, TimeOfDay};
use crate::id::{CategoryId, DepartmentId, EmergencyId, PaperId};
use crate::moment::Minutes;
use crate::reckoning::Limit;
use crate::rule::RuleId;

pub(super) fn pack(file: &str, source: &str) -> Result<Pack, PackError> {
    let document = Document::parse(file, source)?;
    let root = document.table(&[
        "id",
        "version",
        "name",
        "time",
        "limits",
        "deadlines",
        "departments",
        "categories",
        "required_fields",
        "phrases",
        "promises",
        "rules",
        "emergencies",
        "slips",
    ])?;
    let departments = departments(&root.need("departments")?)?;
    let time = Time::read(&root.need("time")?, &departments)?;
    let limits = root.need("limits")?.table(&[
        "late_record_after",
        "return_visit_attempts",
        "return_visit_gap",
        "max_moves",
        "emergency_record_within",
        "night",
        "max_postponed",
        "max_rounds",
    ])?;
    let rules = rules(&root.need("rules")?)?;
    let deadlines = deadlines(&root.need("deadlines")?, &time, &rules)?;
    let categories = categories(&root.need("categories")?, &time, &departments, &deadlines)?;
    let id = root.need("id")?;
    Ok(Pack {
        id: word(&id)?,
        version: root.need("version")?.integer(1..u32::MAX, Unit::Times)?,
        name: text(&root.need("name")?)?,
        late_record_after: plain_minutes(&limits.need("late_record_after")?, 1..24 * 60)?,
        return_visit_attempts: limits
            .need("return_visit_attempts")?
            .integer(1..10, Unit::Times)?,
        max_moves: limits.need("max_moves")?.integer(1..20, Unit::Times)?,
        return_visit_gap: plain_minutes(&limits.need("return_visit_gap")?, 0..7 * 24 * 60)?,
        emergency_record_within: plain_minutes(
            &limits.need("emergency_record_within")?,
            1..24 * 60,
        )?,
        night: night(&limits.need("night")?)?,
        max_postponed: limits.need("max_postponed")?.integer(0..10, Unit::Times)?,
        max_rounds: limits.need("max_rounds")?.integer(1..10, Unit::Times)?,
        slips: root.get("slips").map_or(Ok(true), |it| it.boolean())?,
        emergencies: root
            .get("emergencies")
            .map_or(Ok(Vec::new()), |it| emergencies(&it))?,
        departments,
        categories,
        required_fields: required_fields(&root.need("required_fields")?)?,
        phrases: phrases::phrases(&root)?,
        deadlines,
        rules,
        zone: time.zone,
        calendar: time.calendar,
        hours: time.hours,
        off_duty_start_after: time.off_duty_start_after,
        hash: Hash::of(source.as_bytes()),
    })
}

/// "20:30-08:30": over midnight, unlike the windows of a day.
fn night(item: &Item<'_>) -> Result<Night, PackError> {
    let found = item.text()?;
    let malformed = || {
        item.wrong(PackProblem::Malformed {
            found: found.to_owned(),
            example: "20:30-08:30",
        })
    };
    let (from, until) = found.split_once('-').ok_or_else(malformed)?;
    Ok(Night {
        from: TimeOfDay::parse(from).ok_or_else(malformed)?,
        until: TimeOfDay::parse(until).ok_or_else(malformed)?,
    })
}

fn emergencies(item: &Item<'_>) -> Result<Vec<Emergency>, PackError> {
    let read = |entry: &crate::document::Entry<'_>| {
        let id: EmergencyId = entry.key.parse().map_err(|_| {
            entry.wrong_key(PackProblem::Malformed {
                found: entry.key.to_owned(),
                example: "stuck-in-lift",
            })
        })?;
        let table = entry.value.table(&["name", "ring", "needs_rescuer"])?;
        Ok(Emergency {
            id,
            name: text(&table.need("name")?)?,
            ring: text(&table.need("ring")?)?,
            needs_rescuer: table
                .get("needs_rescuer")
                .map_or(Ok(false), |it| it.boolean())?,
        })
    };
    item.entries()?.iter().map(read).collect()
}

fn papers(item: &Item<'_>) -> Result<Vec<Paper>, PackError> {
    let read = |entry: &crate::document::Entry<'_>| {
        let id: PaperId = entry.key.parse().map_err(|_| {
            entry.wrong_key(PackProblem::Malformed {
                found: entry.key.to_owned(),
                example: "identity-card",
            })
        })?;
        Ok(Paper {
            id,
            name: text(&entry.value)?,
        })
    };
    item.entries()?.iter().map(read).collect()
}

fn deadlines(
    item: &Item<'_>,
    time: &Time,
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<BTreeMap<DeadlineId, DeadlineRule>, PackError> {
    let table = item.table(&DeadlineId::KEYS)?;
    let read = |id: DeadlineId| {
        let table = table
            .need(id.key())?
            .table(&["rule", "limit", "working_day", "name"])?;
        let cited = table.need("rule")?;
        let rule = rule(&cited)?;
        if !rules.contains_key(&rule) {
            return Err(cited.wrong(PackProblem::RuleWithoutText {
                rule: rule.to_string(),
            }));
        }
        let working_day = table
            .get("working_day")
            .map_or(Ok(time.working_day), |it| reading(&it))?;
        let limit = match table.get("limit") {
            Some(item) if id.is_set_by_hand() => {
                return Err(item.wrong(PackProblem::SetByHand));
            }
            Some(item) => Some(limit(&item, working_day, time.off_duty_start_after)?),
            None if id.is_set_by_hand() => None,
            None => return Err(table.missing("limit", PackProblem::MissingKey)),
        };
        Ok((
            id,
            DeadlineRule {
                rule,
                limit,
                name: text(&table.need("name")?)?,
            },
        ))
    };
    DeadlineId::ALL.into_iter().map(read).collect()
}

fn departments(item: &Item<'_>) -> Result<Vec<DepartmentId>, PackError> {
    let mut departments = Vec::new();
    for item in item.list()? {
        let found = item.text()?;
        let id: DepartmentId = found.parse().map_err(|_| not_an_id(&item, found))?;
        if departments.contains(&id) {
            return Err(item.wrong(PackProblem::Duplicate {
                found: found.to_owned(),
            }));
        }
        departments.push(id);
    }
    if departments.is_empty() {
        Err(item.wrong(PackProblem::Empty))
    } else {
        Ok(departments)
    }
}

fn categories(
    item: &Item<'_>,
    time: &Time,
    departments: &[DepartmentId],
    deadlines: &BTreeMap<DeadlineId, DeadlineRule>,
) -> Result<Vec<Category>, PackError> {
    let entries = item.entries()?;
    if entries.is_empty() {
        return Err(item.wrong(PackProblem::Empty));
    }
    let read = |entry: &crate::document::Entry<'_>| {
        let id: CategoryId = entry.key.parse().map_err(|_| {
            entry.wrong_key(PackProblem::Malformed {
                found: entry.key.to_owned(),
                example: "water-leak",
            })
        })?;
        let table = entry.value.table(&[
            "name",
            "kind",
            "department",
            "public_area",
            "sensitive",
            "papers",
            "reply",
        ])?;
        Ok(Category {
            id,
            kind: kind(&table.need("kind")?)?,
            name: text(&table.need("name")?)?,
            department: table
                .get("department")
                .map(|it| known_department(&it, departments))
                .transpose()?,
            public_area: table
                .get("public_area")
                .map_or(Ok(false), |it| it.boolean())?,
            sensitive: table
                .get("sensitive")
                .map_or(Ok(false), |it| it.boolean())?,
            papers: table
                .get("papers")
                .map_or(Ok(Vec::new()), |it| papers(&it))?,
            reply: table.get("reply").map_or(Ok(BTreeMap::new()), |it| {
                reply(&it, time, deadlines[&DeadlineId::Reply].limit.as_ref())
            })?,
        })
    };
    entries.iter().map(read).collect()
}

fn known_department(
    item: &Item<'_>,
    departments: &[DepartmentId],
) -> Result<DepartmentId, PackError> {
    let found = item.text()?;
    departments
        .iter()
        .find(|it| it.as_str() == found)
        .cloned()
        .ok_or_else(|| {
            let known = departments.iter().map(ToString::to_string).collect();
            item.wrong(PackProblem::UnknownDepartment {
                found: found.to_owned(),
                known,
            })
        })
}

/// Sooner than the general limit, or as soon (T3: "at most").
fn reply(
    item: &Item<'_>,
    time: &Time,
    general: Option<&Limit>,
) -> Result<BTreeMap<Difficulty, Limit>, PackError> {
    let table = item.table(&["simple", "ordinary", "complex"])?;
    let mut limits = BTreeMap::new();
    for (key, difficulty) in [
        ("simple", Difficulty::Simple),
        ("ordinary", Difficulty::Ordinary),
        ("complex", Difficulty::Complex),
    ] {
        let Some(item) = table.get(key) else { continue };
        let limit = limit(&item, time.working_day, time.off_duty_start_after)?;
        if let Some(general) = general {
            not_longer(&item, &limit, general, &time.hours.site)?;
        }
        limits.insert(difficulty, limit);
    }
    Ok(limits)
}

/// Where the two can be compared at all.
fn not_longer(
    item: &Item<'_>,
    limit: &Limit,
    general: &Limit,
    hours: &Hours,
) -> Result<(), PackError> {
    let day = hours.working_day_minutes();
    let (found, most, unit) = match (*limit, *general) {
        (Limit::WorkingDays { days, .. }, Limit::WorkingDays { days: most, .. }) => {
            (days, most, Unit::WorkingDays)
        }
        (Limit::WorkingMinutes { minutes }, Limit::WorkingMinutes { minutes: most }) => {
            (minutes.0, most.0, Unit::WorkingMinutes)
        }
        (Limit::WorkingMinutes { minutes }, Limit::WorkingDays { days, .. }) => {
            (minutes.0, days * day, Unit::WorkingMinutes)
        }
        (Limit::WorkingDays { days, .. }, Limit::WorkingMinutes { minutes }) => {
            (days * day, minutes.0, Unit::WorkingMinutes)
        }
        (
            Limit::ClockMinutes { minutes, .. } | Limit::PlainMinutes { minutes },
            Limit::ClockMinutes { minutes: most, .. } | Limit::PlainMinutes { minutes: most },
        ) => (minutes.0, most.0, Unit::Minutes),
        (
            Limit::ClockMinutes { .. } | Limit::PlainMinutes { .. },
            Limit::WorkingDays { .. } | Limit::WorkingMinutes { .. },
        )
        | (
            Limit::WorkingDays { .. } | Limit::WorkingMinutes { .. },
            Limit::ClockMinutes { .. } | Limit::PlainMinutes { .. },
        ) => return Ok(()),
    };
    item.within(found.into(), 1..most, unit).map(|_| ())
}

fn required_fields(item: &Item<'_>) -> Result<RequiredFields, PackError> {
    let table = item.table(&["answered_at_once", "otherwise"])?;
    let fields = |key| {
        let mut fields = BTreeSet::new();
        for item in table.need(key)?.list()? {
            if !fields.insert(field(&item)?) {
                return Err(item.wrong(PackProblem::Duplicate {
                    found: item.text()?.to_owned(),
                }));
            }
        }
        Ok(fields)
    };
    Ok(RequiredFields {
        answered_at_once: fields("answered_at_once")?,
        otherwise: fields("otherwise")?,
    })
}

fn rules(item: &Item<'_>) -> Result<BTreeMap<RuleId, RuleText>, PackError> {
    let read = |entry: &crate::document::Entry<'_>| {
        let unknown = |_| {
            entry.wrong_key(PackProblem::UnknownRule {
                found: entry.key.to_owned(),
            })
        };
        let rule: RuleId = entry.key.parse().map_err(unknown)?;
        let table = entry.value.table(&["title", "sentence"])?;
        Ok((
            rule,
            RuleText {
                title: text(&table.need("title")?)?,
                sentence: text(&table.need("sentence")?)?,
            },
        ))
    };
    item.entries()?.iter().map(read).collect()
}

fn rule(item: &Item<'_>) -> Result<RuleId, PackError> {
    let found = item.text()?;
    found.parse().map_err(|_| {
        item.wrong(PackProblem::UnknownRule {
            found: found.to_owned(),
        })
    })
}

fn text(item: &Item<'_>) -> Result<Text, PackError> {
    let table = item.table(&["zh", "en"])?;
    let one = |key, language| {
        let missing = PackProblem::MissingText { language };
        let Some(item) = table.get(key) else {
            return Err(table.missing(key, missing));
        };
        let text = item.text()?.trim();
        if text.is_empty() {
            Err(item.wrong(missing))
        } else {
            Ok(text.to_owned())
        }
    };
    Ok(Text {
        zh: one("zh", Language::Chinese)?,
        en: one("en", Language::English)?,
    })
}

/// A text in one language that is not empty.
fn word(item: &Item<'_>) -> Result<String, PackError> {
    let text = item.text()?.trim();
    if text.is_empty() {
        Err(item.wrong(PackProblem::Empty))
    } else {
        Ok(text.to_owned())
    }
}

fn not_an_id(item: &Item<'_>, found: &str) -> PackError {
    item.wrong(PackProblem::Malformed {
        found: found.to_owned(),
        example: "engineering",
    })
}

fn kind(item: &Item<'_>) -> Result<Kind, PackError> {
    item.word(&[
        ("enquiry", Kind::Enquiry),
        ("complaint", Kind::Complaint),
        ("service_request", Kind::ServiceRequest),
        ("formality", Kind::Formality),
        ("suggestion", Kind::Suggestion),
        ("report", Kind::Report),
        ("inspection", Kind::Inspection),
    ])
}

fn field(item: &Item<'_>) -> Result<Field, PackError> {
    item.word(&[
        ("customer_name", Field::CustomerName),
        ("customer_phone", Field::CustomerPhone),
        ("customer_address", Field::CustomerAddress),
        ("matter", Field::Matter),
        ("category", Field::Category),
        ("channel", Field::Channel),
    ])
}

/// `15min` or `1h`.
fn plain_minutes(item: &Item<'_>, range: Range<u32>) -> Result<Minutes, PackError> {
    let found = item.text()?;
    let minutes = minutes(found).ok_or_else(|| {
        item.wrong(PackProblem::WrongUnit {
            found: found.to_owned(),
            examples: &["15min", "1h"],
        })
    })?;
    item.within(minutes, range, Unit::Minutes).map(Minutes)
}

fn minutes(text: &str) -> Option<i64> {
    let hours = || number(text.strip_suffix('h')?).map(|it| it * 60);
    text.strip_suffix("min").and_then(number).or_else(hours)
}

/// Up to nine digits, a minus before them if need be, so that it is out of range and no wrong unit.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    ((1..=9).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit()))
        .then(|| text.parse().ok())?
}
