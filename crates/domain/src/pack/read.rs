//! From text to [`Pack`]: one function per part, each strict.

mod assessments;
mod personal;
mod phrases;
mod practice;
mod time;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::time::{Time, limit, reading};
use super::{
    Category, DeadlineId, DeadlineRule, Difficulty, Emergency, Night, OutsideBody, Pack, PackError,
    PackProblem, Paper, RequiredFields, RuleText, Text,
};
use crate::document::{Document, Item, Language, Table, Unit};
use crate::event::{Field, Kind};
use crate::hash::Hash;
use crate::hours::{Hours, HoursError, TimeOfDay};
use crate::id::{CategoryId, DepartmentId, EmergencyId, PaperId};
use crate::moment::Minutes;
use crate::reckoning::Limit;
use crate::rule::RuleId;
use crate::zone::Zones;

const ROOT_KEYS: &[&str] = &[
    "id",
    "version",
    "name",
    "time",
    "limits",
    "deadlines",
    "departments",
    "categories",
    "required_fields",
    "personal",
    "phrases",
    "promises",
    "rules",
    "emergencies",
    "slips",
    "words",
    "assessments",
    "stage",
    "escalation",
    "spot_checks",
    "joined",
    "duty",
    "quiz",
    "courtesy",
    "pledge",
    "answers",
];

const LIMIT_KEYS: &[&str] = &[
    "late_record_after",
    "return_visit_attempts",
    "return_visit_gap",
    "max_moves",
    "emergency_record_within",
    "night",
    "max_postponed",
    "max_rounds",
];

pub(super) fn pack(file: &str, source: &str) -> Result<Pack, PackError> {
    let document = Document::parse(file, source)?;
    let root = document.table(ROOT_KEYS)?;
    let departments = departments(&root.need("departments")?)?;
    let time = Time::read(&root.need("time")?, &departments)?;
    let limits = root.need("limits")?.table(LIMIT_KEYS)?;
    let rules = rules(&root.need("rules")?)?;
    texts_of_what_is_used(&root, ROOT_RULES, &rules)?;
    texts_of_what_is_used(&limits, LIMIT_RULES, &rules)?;
    let deadlines = deadlines(&root.need("deadlines")?, &time, &rules)?;
    let categories = categories(
        &root.need("categories")?,
        &time,
        &departments,
        &deadlines,
        &rules,
    )?;
    let slips = root.get("slips").map_or(Ok(true), |it| it.boolean())?;
    let id = root.need("id")?;
    Ok(Pack {
        id: word(&id)?,
        version: root.need("version")?.integer(1..u32::MAX, Unit::Times)?,
        name: text(&root.need("name")?)?,
        late_record_after: plain_minutes(&limits.need("late_record_after")?, 1..24 * 60)?,
        return_visit_attempts: limits
            .need("return_visit_attempts")?
            .integer(1..10, Unit::Times)?,
        max_moves: max_moves(&limits, slips)?,
        return_visit_gap: plain_minutes(&limits.need("return_visit_gap")?, 0..7 * 24 * 60)?,
        emergency_record_within: plain_minutes(
            &limits.need("emergency_record_within")?,
            1..24 * 60,
        )?,
        night: night(&limits.need("night")?)?,
        max_postponed: limits.need("max_postponed")?.integer(0..10, Unit::Times)?,
        max_rounds: limits.need("max_rounds")?.integer(1..10, Unit::Times)?,
        slips,
        emergencies: optional(&root, "emergencies", emergencies)?.unwrap_or_default(),
        required_fields: required_fields(&root.need("required_fields")?)?,
        personal: optional(&root, "personal", personal::personal)?,
        phrases: phrases::phrases(&root)?,
        words: words::words(&root.need("words")?)?,
        assessments: optional(&root, "assessments", |it| {
            assessments::assessments(it, &rules, &deadlines[&DeadlineId::State])
        })?
        .unwrap_or_default(),
        stages: optional(&root, "stage", |it| {
            practice::stages(it, &departments, &rules)
        })?
        .unwrap_or_default(),
        escalation: optional(&root, "escalation", |it| practice::escalation(it, &time))?,
        spot_checks: optional(&root, "spot_checks", practice::spot_checks)?,
        joined: optional(&root, "joined", practice::joined)?,
        duty: text(&root.need("duty")?)?,
        quiz: practice::quiz(&root.need("quiz")?, &rules)?,
        courtesy: words::courtesy(&root.need("courtesy")?)?,
        pledge: optional(&root, "pledge", words::pledge)?,
        answers: optional(&root, "answers", |it| {
            words::answers(it, &departments, &categories)
        })?
        .unwrap_or_default(),
        text: source.into(),
        departments,
        categories,
        deadlines,
        rules,
        zone: time.zone,
        calendar: time.calendar,
        hours: time.hours,
        off_duty_start_after: time.off_duty_start_after,
        hash: Hash::of(source.as_bytes()),
    })
}

/// Where the pack names its zone, and which there are.
pub(super) fn unknown_zone(pack: &Pack, zones: &Zones) -> PackError {
    let document = Document::parse(&pack.id, pack.text()).expect("the text was read before");
    let zone = document
        .table(ROOT_KEYS)
        .and_then(|root| root.need("time")?.table(time::KEYS)?.need("zone"))
        .expect("the text was read before");
    zone.wrong(PackProblem::UnknownWord {
        found: pack.zone.clone(),
        expected: zones.names().map(str::to_owned).collect(),
    })
}

fn optional<T>(
    table: &Table<'_>,
    key: &str,
    read: impl FnOnce(&Item<'_>) -> Result<T, PackError>,
) -> Result<Option<T>, PackError> {
    table.get(key).map(|it| read(&it)).transpose()
}

/// The rules that parts of a pack carry out: whoever sets the part says what the rule says.
const ROOT_RULES: &[(&str, RuleId)] = &[
    ("required_fields", RuleId::I1),
    ("emergencies", RuleId::I14),
    ("phrases", RuleId::L1),
    ("courtesy", RuleId::L2),
    ("pledge", RuleId::L2),
    ("answers", RuleId::L3),
    ("escalation", RuleId::C4),
    ("spot_checks", RuleId::V3),
    ("spot_checks", RuleId::V6),
    ("joined", RuleId::C5),
    ("assessments", RuleId::A10),
    ("stage", RuleId::G1),
    ("duty", RuleId::G3),
    ("quiz", RuleId::G3),
];

const LIMIT_RULES: &[(&str, RuleId)] = &[
    ("late_record_after", RuleId::I1),
    ("return_visit_attempts", RuleId::V1),
    ("return_visit_gap", RuleId::V1),
    ("max_moves", RuleId::T8),
    ("emergency_record_within", RuleId::I14),
    ("night", RuleId::F7),
    ("max_postponed", RuleId::T10),
    ("max_rounds", RuleId::V5),
];

fn texts_of_what_is_used(
    table: &Table<'_>,
    used: &[(&str, RuleId)],
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<(), PackError> {
    for (key, rule) in used {
        if let Some(item) = table.get(key) {
            cited(&item, *rule, rules)?;
        }
    }
    Ok(())
}

/// A rule that is cited has its text in the pack.
fn cited(
    item: &Item<'_>,
    rule: RuleId,
    rules: &BTreeMap<RuleId, RuleText>,
) -> Result<(), PackError> {
    if rules.contains_key(&rule) {
        Ok(())
    } else {
        Err(item.wrong(PackProblem::RuleWithoutText {
            rule: rule.to_string(),
        }))
    }
}

/// Where there are no slips, none moves.
fn max_moves(limits: &Table<'_>, slips: bool) -> Result<u32, PackError> {
    match limits.get("max_moves") {
        Some(item) if !slips => Err(item.wrong(PackProblem::OnlyWith {
            needs: "slips = true",
        })),
        None if !slips => Ok(u32::MAX),
        _ => limits.need("max_moves")?.integer(1..20, Unit::Times),
    }
}

/// "20:30-08:30": over midnight, where the windows of a day may not go.
fn night(item: &Item<'_>) -> Result<Night, PackError> {
    let found = item.text()?;
    let malformed = || {
        item.wrong(PackProblem::Malformed {
            found: found.to_owned(),
            example: "20:30-08:30",
        })
    };
    let (from, until) = found.split_once('-').ok_or_else(malformed)?;
    let night = Night {
        from: TimeOfDay::parse(from).ok_or_else(malformed)?,
        until: TimeOfDay::parse(until).ok_or_else(malformed)?,
    };
    if night.from == night.until {
        let text = found.to_owned();
        return Err(item.wrong(PackProblem::BadWindow(HoursError::Empty { text })));
    }
    Ok(night)
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
        let table = entry.value.table(&["zh", "en", "copies"])?;
        Ok(Paper {
            id,
            name: text_in(&table)?,
            copies: table
                .get("copies")
                .map_or(Ok(0), |it| it.integer(0..20, Unit::Times))?,
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
        self::cited(&cited, rule, rules)?;
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
    rules: &BTreeMap<RuleId, RuleText>,
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
            "scope",
            "handled_by",
            "complete_within",
            "basis",
            "conditions",
            "fee",
            "steps",
            "words",
        ])?;
        texts_of_what_is_used(&table, CATEGORY_RULES, rules)?;
        let kind = kind(&table.need("kind")?)?;
        if let (Some(_), Some(outside)) = (table.get("department"), table.get("handled_by")) {
            return Err(outside.wrong(PackProblem::OnlyWith {
                needs: "there is no department",
            }));
        }
        Ok(Category {
            id,
            kind,
            scope: optional(&table, "scope", text)?,
            handled_by: optional(&table, "handled_by", outside_body)?,
            complete_within: optional(&table, "complete_within", |it| {
                complete_within(it, kind, time)
            })?,
            basis: optional(&table, "basis", text)?,
            conditions: optional(&table, "conditions", text)?,
            fee: optional(&table, "fee", text)?,
            steps: optional(&table, "steps", texts)?.unwrap_or_default(),
            words: optional(&table, "words", words::search_words)?.unwrap_or_default(),
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

const CATEGORY_RULES: &[(&str, RuleId)] = &[
    ("reply", RuleId::T3),
    ("sensitive", RuleId::I15),
    ("papers", RuleId::I4),
    ("steps", RuleId::I4),
    ("complete_within", RuleId::I4),
    ("handled_by", RuleId::I8),
];

fn outside_body(item: &Item<'_>) -> Result<OutsideBody, PackError> {
    let table = item.table(&["zh", "en", "phone"])?;
    Ok(OutsideBody {
        name: text_in(&table)?,
        phone: table.get("phone").map(|it| word(&it)).transpose()?,
    })
}

fn complete_within(item: &Item<'_>, kind: Kind, time: &Time) -> Result<Limit, PackError> {
    if kind == Kind::Formality {
        limit(item, time.working_day, time.off_duty_start_after)
    } else {
        Err(item.wrong(PackProblem::OnlyWith {
            needs: "kind = \"formality\"",
        }))
    }
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
    let table = item.table(&["answered_at_once", "otherwise", "kinds"])?;
    Ok(RequiredFields {
        answered_at_once: fields(&table.need("answered_at_once")?)?,
        otherwise: fields(&table.need("otherwise")?)?,
        kinds: table
            .get("kinds")
            .map_or(Ok(BTreeMap::new()), |it| fields_of_kinds(&it))?,
    })
}

fn fields_of_kinds(item: &Item<'_>) -> Result<BTreeMap<Kind, BTreeSet<Field>>, PackError> {
    let table = item.table(&KIND_KEYS)?;
    let mut kinds = BTreeMap::new();
    for (key, kind) in KINDS {
        if let Some(item) = table.get(key) {
            kinds.insert(kind, fields(&item)?);
        }
    }
    Ok(kinds)
}

fn fields(item: &Item<'_>) -> Result<BTreeSet<Field>, PackError> {
    let mut fields = BTreeSet::new();
    for item in item.list()? {
        if !fields.insert(field(&item)?) {
            return Err(item.wrong(PackProblem::Duplicate {
                found: item.text()?.to_owned(),
            }));
        }
    }
    Ok(fields)
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
    text_in(&item.table(&["zh", "en"])?)
}

/// A list of texts that is not empty.
fn texts(item: &Item<'_>) -> Result<Vec<Text>, PackError> {
    let texts = item
        .list()?
        .iter()
        .map(text)
        .collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() {
        Err(item.wrong(PackProblem::Empty))
    } else {
        Ok(texts)
    }
}

fn text_in(table: &Table<'_>) -> Result<Text, PackError> {
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

const KINDS: [(&str, Kind); 7] = [
    ("enquiry", Kind::Enquiry),
    ("complaint", Kind::Complaint),
    ("service_request", Kind::ServiceRequest),
    ("formality", Kind::Formality),
    ("suggestion", Kind::Suggestion),
    ("report", Kind::Report),
    ("inspection", Kind::Inspection),
];

const KIND_KEYS: [&str; KINDS.len()] = {
    let mut keys = [""; KINDS.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = KINDS[i].0;
        i += 1;
    }
    keys
};

fn kind(item: &Item<'_>) -> Result<Kind, PackError> {
    item.word(&KINDS)
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

/// `30 days`, on the calendar.
fn calendar_days(item: &Item<'_>, range: Range<u32>) -> Result<u32, PackError> {
    let found = item.text()?;
    let days = found
        .strip_suffix(" days")
        .or_else(|| found.strip_suffix(" day"))
        .and_then(number)
        .ok_or_else(|| {
            item.wrong(PackProblem::WrongUnit {
                found: found.to_owned(),
                examples: &["30 days"],
            })
        })?;
    item.within(days, range, Unit::Days)
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
