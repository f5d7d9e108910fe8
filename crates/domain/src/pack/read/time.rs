//! The `[time]` section: zone, calendar, hours of the site and its departments, and durations with their clock.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use super::{minutes, number, plain_minutes, word};
use crate::document::{Item, Problem, Table, Unit};
use crate::hours::{DutyHours, Hours, HoursError, RestDays, Week, Window};
use crate::id::DepartmentId;
use crate::moment::Minutes;
use crate::pack::PackError;
use crate::reckoning::{DayReading, Limit};

pub(super) const KEYS: &[&str] = &[
    "zone",
    "calendar",
    "work_days",
    "rest_days",
    "rest_days_are",
    "holidays",
    "holidays_are",
    "dates",
    "breaks",
    "closed",
    "departments",
    "off_duty_start_after",
    "working_day",
];

/// What every clock needs.
pub(super) struct Time {
    pub(super) zone: String,
    pub(super) calendar: String,
    pub(super) hours: DutyHours,
    pub(super) off_duty_start_after: Minutes,
    pub(super) working_day: DayReading,
}

impl Time {
    pub(super) fn read(item: &Item<'_>, known: &[DepartmentId]) -> Result<Self, PackError> {
        let table = item.table(KEYS)?;
        let work_days = week(&table.need("work_days")?)?;
        let departments = table.get("departments").map_or(Ok(BTreeMap::new()), |it| {
            departments(&it, known, &work_days)
        })?;
        Ok(Self {
            zone: word(&table.need("zone")?)?,
            calendar: word(&table.need("calendar")?)?,
            hours: DutyHours {
                site: custom(&table, work_days)?,
                departments,
            },
            off_duty_start_after: plain_minutes(&table.need("off_duty_start_after")?, 0..4 * 60)?,
            working_day: reading(&table.need("working_day")?)?,
        })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    WorkingDays,
    SevenDays,
    AroundTheClock,
}

/// Each stands for itself: of the site's hours it takes over `work_days` alone, where it names none.
fn departments(
    item: &Item<'_>,
    known: &[DepartmentId],
    site_work_days: &Week,
) -> Result<BTreeMap<DepartmentId, Hours>, PackError> {
    let mut departments = BTreeMap::new();
    for entry in item.entries()? {
        let Some(id) = known.iter().find(|it| it.as_str() == entry.key) else {
            return Err(entry.wrong_key(Problem::UnknownDepartment {
                found: entry.key.to_owned(),
                known: known.iter().map(ToString::to_string).collect(),
            }));
        };
        let hours = department(&entry.value, site_work_days)?;
        departments.insert(id.clone(), hours);
    }
    Ok(departments)
}

fn department(item: &Item<'_>, site_work_days: &Week) -> Result<Hours, PackError> {
    let table = item.table(&[
        "hours",
        "work_days",
        "rest_days",
        "rest_days_are",
        "holidays",
        "holidays_are",
        "dates",
        "breaks",
        "closed",
    ])?;
    let kind = table
        .get("hours")
        .map(|it| {
            it.word(&[
                ("working_days", Kind::WorkingDays),
                ("seven_days", Kind::SevenDays),
                ("around_the_clock", Kind::AroundTheClock),
            ])
        })
        .transpose()?;
    let work_days = match (table.get("work_days"), kind) {
        (Some(it), _) => week(&it)?,
        (None, Some(_)) => site_work_days.clone(),
        (None, None) => return Err(table.missing("work_days", Problem::MissingKey)),
    };
    let refuse = |keys: &[&str], expected: &[&str]| {
        let found = keys.iter().find_map(|it| table.get(it));
        found.map_or(Ok(()), |it| {
            let expected = expected.iter().map(|it| (*it).to_owned()).collect();
            Err(it.wrong(Problem::UnknownKey { expected }))
        })
    };
    let rest = ["rest_days", "rest_days_are", "holidays", "holidays_are"];
    let with_dates = ["hours", "work_days", "dates", "breaks", "closed"];
    match kind {
        None => custom(&table, work_days),
        Some(Kind::WorkingDays) => {
            refuse(&rest, &with_dates)?;
            on_dates(&table, Hours::new(work_days, RestDays::Closed))
        }
        Some(Kind::SevenDays) => {
            refuse(&rest, &with_dates)?;
            let rest_days = RestDays::Working(work_days.clone());
            on_dates(&table, Hours::new(work_days, rest_days))
        }
        Some(Kind::AroundTheClock) => {
            refuse(&rest, &["hours"])?;
            refuse(&with_dates[1..], &["hours"])?;
            Ok(Hours::around_the_clock())
        }
    }
}

fn custom(table: &Table<'_>, work_days: Week) -> Result<Hours, PackError> {
    let rest = rest_days(table, "rest_days", "rest_days_are")?.unwrap_or_default();
    let hours = Hours::new(work_days, rest);
    let hours = match rest_days(table, "holidays", "holidays_are")? {
        Some(holidays) => hours.with_holidays(holidays),
        None => hours,
    };
    on_dates(table, hours)
}

fn rest_days(
    table: &Table<'_>,
    windows_key: &str,
    kind_key: &str,
) -> Result<Option<RestDays>, PackError> {
    let Some(windows) = table.get(windows_key) else {
        return match table.get(kind_key) {
            None => Ok(None),
            Some(kind)
                if kind.word(&[("closed", true), ("on_duty", false), ("working", false)])? =>
            {
                Ok(Some(RestDays::Closed))
            }
            Some(_) => Err(table.missing(windows_key, Problem::MissingKey)),
        };
    };
    let windows = week(&windows)?;
    let works = table
        .need(kind_key)?
        .word(&[("on_duty", false), ("working", true)])?;
    Ok(Some(if works {
        RestDays::Working(windows)
    } else {
        RestDays::OnDuty(windows)
    }))
}

/// What stands for single dates.
fn on_dates(table: &Table<'_>, mut hours: Hours) -> Result<Hours, PackError> {
    for (date, item) in dates(table, "dates")? {
        hours = hours
            .with_date(date, windows(&item)?)
            .map_err(|error| item.wrong(Problem::BadWindow(error)))?;
    }
    for (date, item) in dates(table, "breaks")? {
        for window in windows(&item)? {
            hours = hours.with_break(date, window);
        }
    }
    for item in table.get("closed").map_or(Ok(Vec::new()), |it| it.list())? {
        let found = item.text()?;
        let date = date(found).ok_or_else(|| item.wrong(not_a_date(found)))?;
        hours = hours.with_closed(date);
    }
    Ok(hours)
}

fn dates<'a>(table: &Table<'a>, key: &str) -> Result<Vec<(NaiveDate, Item<'a>)>, PackError> {
    let Some(item) = table.get(key) else {
        return Ok(Vec::new());
    };
    item.entries()?
        .into_iter()
        .map(|entry| match date(entry.key) {
            Some(date) => Ok((date, entry.value)),
            None => Err(entry.wrong_key(not_a_date(entry.key))),
        })
        .collect()
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| text.len() == 10)
}

fn not_a_date(found: &str) -> Problem {
    Problem::Malformed {
        found: found.to_owned(),
        example: "2026-02-14",
    }
}

/// One list for all days, or a table of weekdays in which those that are closed are left out.
fn week(item: &Item<'_>) -> Result<Week, PackError> {
    let bad = |error| item.wrong(Problem::BadWindow(error));
    if item.entries().is_err() {
        return Week::every_day(windows(item)?).map_err(bad);
    }
    let table = item.table(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"])?;
    let mut days: [Vec<Window>; 7] = Default::default();
    for (day, key) in days
        .iter_mut()
        .zip(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
    {
        if let Some(item) = table.get(key) {
            *day = windows(&item)?;
        }
    }
    Week::try_new(days).map_err(bad)
}

fn windows(item: &Item<'_>) -> Result<Vec<Window>, PackError> {
    let mut windows: Vec<Window> = Vec::new();
    for item in item.list()? {
        let window: Window = item
            .text()?
            .parse()
            .map_err(|error| item.wrong(Problem::BadWindow(error)))?;
        windows.push(window);
        if let Err(error @ HoursError::Overlap { .. }) = Week::every_day(windows.clone()) {
            return Err(item.wrong(Problem::BadWindow(error)));
        }
    }
    if windows.is_empty() {
        Err(item.wrong(Problem::BadWindow(HoursError::NoWindow)))
    } else {
        Ok(windows)
    }
}

pub(super) fn reading(item: &Item<'_>) -> Result<DayReading, PackError> {
    item.word(&[
        ("next_day_closing", DayReading::NextDayClosing),
        ("receipt_day_counts", DayReading::ReceiptDayCounts),
        ("same_time", DayReading::SameTime),
    ])
}

/// A duration that names its clock.
pub(super) fn limit(
    item: &Item<'_>,
    reading: DayReading,
    off_duty_start_after: Minutes,
) -> Result<Limit, PackError> {
    const DAYS: Range<u32> = 1..60;
    const MINUTES: Range<u32> = 1..30 * 24 * 60;
    let found = item.text()?;
    let wrong_unit = || {
        let examples = &[
            "1h clock",
            "30min clock",
            "1 working day",
            "9 working hours",
            "10min plain",
        ];
        item.wrong(Problem::WrongUnit {
            found: found.to_owned(),
            examples,
        })
    };
    let words: Vec<&str> = found.split(' ').collect();
    match words[..] {
        [amount, "clock"] => {
            let minutes = item.within(
                minutes(amount).ok_or_else(wrong_unit)?,
                MINUTES,
                Unit::Minutes,
            )?;
            Ok(Limit::ClockMinutes {
                minutes: Minutes(minutes),
                off_duty_start_after,
            })
        }
        [amount, "plain"] => {
            let minutes = item.within(
                minutes(amount).ok_or_else(wrong_unit)?,
                MINUTES,
                Unit::Minutes,
            )?;
            Ok(Limit::PlainMinutes {
                minutes: Minutes(minutes),
            })
        }
        [amount, "working", "day" | "days"] => {
            let days = item.within(
                number(amount).ok_or_else(wrong_unit)?,
                DAYS,
                Unit::WorkingDays,
            )?;
            Ok(Limit::WorkingDays { days, reading })
        }
        [
            amount,
            "working",
            unit @ ("hour" | "hours" | "minute" | "minutes"),
        ] => {
            let factor = if unit.starts_with("hour") { 60 } else { 1 };
            let minutes = number(amount).ok_or_else(wrong_unit)? * factor;
            let minutes = item.within(minutes, MINUTES, Unit::WorkingMinutes)?;
            Ok(Limit::WorkingMinutes {
                minutes: Minutes(minutes),
            })
        }
        _ => Err(wrong_unit()),
    }
}
