//! One case as it stands in a table, read strictly: what is wrong is said with its field.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::{Map, Value};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::hours::{Hours, HoursError, RestDays, Week, Window};
use shouwen_domain::moment::Moment;
use shouwen_domain::reckoning::{Office, Pause};
use shouwen_domain::zone::{Zone, Zones};

use crate::zone;

/// What a table is held against.
#[derive(Debug, Clone)]
pub struct World {
    pub zones: Zones,
    /// The calendar `CN`.
    pub cn: Calendar,
}

/// Something about a case that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Such as `week.mon[1]`.
    pub field: String,
    pub expected: String,
    /// None: the field is missing.
    pub found: Option<String>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found.as_deref().unwrap_or("nothing");
        write!(
            f,
            "{}: expected {}, found {found}",
            self.field, self.expected
        )
    }
}

impl std::error::Error for Malformed {}

fn wrong(field: &str, expected: &str, found: &Value) -> Malformed {
    Malformed {
        field: field.to_owned(),
        expected: expected.to_owned(),
        found: Some(found.to_string()),
    }
}

const MOMENT: &str = "a date or time such as \"2026-02-14T17:40:00\"";
const DATE: &str = "a date such as \"2026-02-14\"";
const WINDOWS: &str = "a list of windows such as [[\"09:00\", \"18:00\"]]";
const WINDOW: &str = "a window such as [\"09:00\", \"18:00\"]";
const PAUSE: &str = "a pause such as [\"2026-02-14T17:40:00\", null]";
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A case whose zone is known; the rest is read when asked for.
pub struct Case<'a> {
    fields: &'a Map<String, Value>,
    zone: Zone,
    is_utc: bool,
}

impl<'a> Case<'a> {
    /// # Errors
    ///
    /// A zone that nobody knows, or an `io` that is not `UTC`.
    pub fn new(fields: &'a Map<String, Value>, zones: &Zones) -> Result<Self, Malformed> {
        let this = |zone| Self {
            fields,
            zone,
            is_utc: false,
        };
        let name = this(Zone::fixed("floating", 0)).text("tz", "the name of a zone")?;
        let zone = zone::named(name, zones).ok_or_else(|| {
            let expected = "a zone of the tz database, or \"floating\"";
            wrong("tz", expected, &Value::from(name))
        })?;
        let is_utc = match fields.get("io") {
            None | Some(Value::Null) => false,
            Some(Value::String(it)) if it == "UTC" => true,
            Some(other) => return Err(wrong("io", "\"UTC\", or nothing", other)),
        };
        Ok(Self {
            is_utc,
            ..this(zone)
        })
    }

    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// None: it is not there, or null.
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|it| !it.is_null())
    }

    /// # Errors
    ///
    /// It is missing; null is a value.
    pub fn need(&self, field: &str, expected: &str) -> Result<&'a Value, Malformed> {
        self.fields.get(field).ok_or_else(|| Malformed {
            field: field.to_owned(),
            expected: expected.to_owned(),
            found: None,
        })
    }

    pub fn text(&self, field: &str, expected: &str) -> Result<&'a str, Malformed> {
        let value = self.need(field, expected)?;
        value.as_str().ok_or_else(|| wrong(field, expected, value))
    }

    /// One of several words.
    pub fn word<T: Copy>(&self, field: &str, words: &[(&str, T)]) -> Result<T, Malformed> {
        let names: Vec<_> = words.iter().map(|it| format!("{:?}", it.0)).collect();
        let expected = names.join(" or ");
        let found = self.text(field, &expected)?;
        let word = words.iter().find(|it| it.0 == found);
        word.map(|it| it.1)
            .ok_or_else(|| wrong(field, &expected, &Value::from(found)))
    }

    pub fn count(&self, field: &str) -> Result<usize, Malformed> {
        let expected = "a whole number up to 10000";
        let value = self.need(field, expected)?;
        let count = value.as_u64().and_then(|it| usize::try_from(it).ok());
        count
            .filter(|it| *it <= 10_000)
            .ok_or_else(|| wrong(field, expected, value))
    }

    /// Days forward or, below zero, back.
    pub fn days(&self) -> Result<i32, Malformed> {
        let expected = "a whole number of days";
        let value = self.need("days", expected)?;
        let days = value.as_i64().and_then(|it| i32::try_from(it).ok());
        days.ok_or_else(|| wrong("days", expected, value))
    }

    /// `minutes`, `seconds` or both, in milliseconds; below zero it goes the other way.
    pub fn span_ms(&self) -> Result<i64, Malformed> {
        let of = |field, unit_ms| {
            self.get(field).map_or(Ok(0), |value| {
                ms(value, unit_ms).ok_or_else(|| wrong(field, "a number", value))
            })
        };
        if self.get("minutes").or(self.get("seconds")).is_none() {
            return Err(Malformed {
                field: "minutes".to_owned(),
                expected: "a number of minutes, or of seconds under `seconds`".to_owned(),
                found: None,
            });
        }
        Ok(of("minutes", 60_000)?.saturating_add(of("seconds", 1_000)?))
    }

    /// How long before the deadline, in milliseconds.
    pub fn warning_ms(&self) -> Result<i64, Malformed> {
        let expected = "a number of minutes, not below 0";
        let value = self.need("warn_minutes", expected)?;
        let found = ms(value, 60_000).filter(|it| *it >= 0);
        found.ok_or_else(|| wrong("warn_minutes", expected, value))
    }

    pub fn moment(&self, field: &str) -> Result<Moment, Malformed> {
        self.moment_of(field, self.need(field, MOMENT)?)
    }

    /// # Errors
    ///
    /// It is neither a date with a time nor a date, which means its first minute.
    pub fn moment_of(&self, field: &str, value: &Value) -> Result<Moment, Malformed> {
        let moment = value.as_str().and_then(|text| self.read_moment(text));
        moment.ok_or_else(|| wrong(field, MOMENT, value))
    }

    fn read_moment(&self, text: &str) -> Option<Moment> {
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Some(Moment::from_unix_ms(instant.timestamp_millis()));
        }
        let local = read_local(text)?;
        Some(if self.is_utc {
            Moment::from_unix_ms(local.and_utc().timestamp_millis())
        } else {
            self.zone.moment(local)
        })
    }

    /// As the table would write it.
    pub fn shown(&self, at: Moment) -> String {
        let local = if self.is_utc {
            Zone::fixed("UTC", 0).local(at)
        } else {
            self.zone.local(at)
        };
        local.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
    }

    /// The civil date in the case's zone.
    pub fn date(&self, field: &str) -> Result<NaiveDate, Malformed> {
        let value = self.need(field, DATE)?;
        let date = value.as_str().and_then(|text| {
            read_date(text).or_else(|| self.read_moment(text).map(|it| self.zone.local(it).date()))
        });
        date.ok_or_else(|| wrong(field, DATE, value))
    }

    pub fn pauses(&self) -> Result<Vec<Pause>, Malformed> {
        let Some(value) = self.get("pauses") else {
            return Ok(Vec::new());
        };
        let list = value
            .as_array()
            .ok_or_else(|| wrong("pauses", &format!("a list, each {PAUSE}"), value))?;
        let pause = |(i, value): (usize, &Value)| {
            let field = format!("pauses[{}]", i + 1);
            let Some([from, until]) = value.as_array().map(Vec::as_slice) else {
                return Err(wrong(&field, PAUSE, value));
            };
            let until = if until.is_null() {
                None
            } else {
                Some(self.moment_of(&field, until)?)
            };
            Ok(Pause {
                from: self.moment_of(&field, from)?,
                until,
            })
        };
        list.iter().enumerate().map(pause).collect()
    }

    /// The office of the case, laid out well around the years that it names.
    pub fn office(&self, world: &World) -> Result<Office, Malformed> {
        let is_cn = match self.get("calendar") {
            None => false,
            Some(Value::String(it)) if it == "CN" => true,
            Some(other) => return Err(wrong("calendar", "\"CN\", or nothing", other)),
        };
        let week = match self.get("week") {
            Some(it) => Some(week(it)?),
            None if is_cn => None,
            None => {
                return Err(Malformed {
                    field: "week".to_owned(),
                    expected: "opening windows by weekday, or the calendar \"CN\"".to_owned(),
                    found: None,
                });
            }
        };
        let hours = self.hours(week, is_cn)?;
        if is_cn {
            return Ok(Office::new(&world.cn, &self.zone, &hours));
        }
        let (first, last) = self.years()?;
        let new_year = |year| NaiveDate::from_yo_opt(year, 1).unwrap_or_default();
        Ok(Office::covering(
            &Calendar::ordinary_weeks(),
            &self.zone,
            &hours,
            new_year(first)..=new_year(last + 1) - Days::new(1),
        ))
    }

    /// The first and the last one to lay out: room for long durations, as far as summer times are known.
    fn years(&self) -> Result<(i32, i32), Malformed> {
        const ROOM: i32 = 30;
        let year = |field| Ok(self.zone.local(self.moment(field)?).year());
        let mut years = vec![year("start")?];
        if self.get("end").is_some() {
            years.push(year("end")?);
        }
        years.sort_unstable();
        // Outside these, summer times are not in the zone table.
        let (first, last) = match self.zone.name() {
            "floating" | "UTC" | "Etc/UTC" => (1900, 2900),
            _ => (2000, 2060),
        };
        match years.iter().find(|it| !(first..=last).contains(*it)) {
            Some(year) => {
                let expected = format!("a year from {first} to {last} in this zone");
                Err(wrong("start", &expected, &Value::from(*year)))
            }
            None => Ok((
                (years[0] - ROOM).max(first - 1),
                (years[years.len() - 1] + ROOM).min(last),
            )),
        }
    }

    /// Saturday and Sunday are rest days in our calendars; where a week opens on them, they are worked.
    fn hours(&self, week: Option<[Vec<Window>; 7]>, is_cn: bool) -> Result<Hours, Malformed> {
        // Without windows, only whole days are asked about.
        let week = week.unwrap_or_else(|| {
            let closed = Vec::new;
            let open = || vec![Window::ALL_DAY];
            [open(), open(), open(), open(), open(), closed(), closed()]
        });
        let bad = |field: &str, error: &dyn fmt::Display| Malformed {
            field: field.to_owned(),
            expected: "windows that do not overlap".to_owned(),
            found: Some(error.to_string()),
        };
        let week = match Week::try_new(week) {
            // Open on dates of its own, or never.
            Err(HoursError::NoWindow) => Week::default(),
            week => week.map_err(|error| bad("week", &error))?,
        };
        let rest_days = RestDays::Working(week.clone());
        let mut hours = Hours::new(week, rest_days);
        if is_cn {
            hours = hours.with_holidays(RestDays::Closed);
        }
        for (field, date, windows) in self.by_date("extra_days")? {
            hours = hours
                .with_date(date, windows)
                .map_err(|error| bad(&field, &error))?;
        }
        for (_, date, windows) in self.by_date("breaks")? {
            for window in windows {
                hours = hours.with_break(date, window);
            }
        }
        if let Some(value) = self.get("holidays") {
            let list = value.as_array();
            let list = list.ok_or_else(|| wrong("holidays", "a list of dates", value))?;
            for (i, value) in list.iter().enumerate() {
                let date = value.as_str().and_then(read_date);
                let date =
                    date.ok_or_else(|| wrong(&format!("holidays[{}]", i + 1), DATE, value))?;
                hours = hours.with_closed(date);
            }
        }
        Ok(hours)
    }

    fn by_date(&self, field: &str) -> Result<Vec<(String, NaiveDate, Vec<Window>)>, Malformed> {
        let Some(value) = self.get(field) else {
            return Ok(Vec::new());
        };
        let expected = "windows by date, such as {\"2026-02-14\": [[\"09:00\", \"18:00\"]]}";
        let dates = value.as_object();
        let dates = dates.ok_or_else(|| wrong(field, expected, value))?;
        dates
            .iter()
            .map(|(key, value)| {
                let field = format!("{field}.{key}");
                let date = read_date(key);
                let date = date.ok_or_else(|| wrong(&field, DATE, &Value::from(key.as_str())))?;
                let windows = windows(&field, value)?;
                Ok((field, date, windows))
            })
            .collect()
    }
}

/// So many units in milliseconds; fractions are exact to one.
pub(crate) fn ms(units: &Value, unit_ms: u32) -> Option<i64> {
    match units.as_i64() {
        Some(whole) => whole.checked_mul(unit_ms.into()),
        None => format!("{:.0}", units.as_f64()? * f64::from(unit_ms))
            .parse()
            .ok(),
    }
}

fn week(value: &Value) -> Result<[Vec<Window>; 7], Malformed> {
    let expected = "windows by weekday, such as {\"mon\": [[\"09:00\", \"18:00\"]]}";
    let days = value.as_object();
    let days = days.ok_or_else(|| wrong("week", expected, value))?;
    if let Some(key) = days.keys().find(|it| !WEEKDAYS.contains(&it.as_str())) {
        let expected = format!("weekdays of {}", WEEKDAYS.join(", "));
        return Err(wrong("week", &expected, &Value::from(key.as_str())));
    }
    let mut week: [Vec<Window>; 7] = Default::default();
    for (windows_of_day, key) in week.iter_mut().zip(WEEKDAYS) {
        if let Some(value) = days.get(key) {
            *windows_of_day = windows(&format!("week.{key}"), value)?;
        }
    }
    Ok(week)
}

fn windows(field: &str, value: &Value) -> Result<Vec<Window>, Malformed> {
    let list = value.as_array();
    let list = list.ok_or_else(|| wrong(field, WINDOWS, value))?;
    let window = |(i, value): (usize, &Value)| {
        let field = format!("{field}[{}]", i + 1);
        let Some([start, end]) = value.as_array().map(Vec::as_slice) else {
            return Err(wrong(&field, WINDOW, value));
        };
        let (Some(start), Some(end)) = (start.as_str(), end.as_str()) else {
            return Err(wrong(&field, WINDOW, value));
        };
        // The midnight at which a window ends is that of the day's end.
        let end = match end {
            "00:00" | "00:00:00" if start != end => "24:00",
            end => end,
        };
        format!("{start}-{end}")
            .parse()
            .map_err(|error: HoursError| Malformed {
                field,
                expected: WINDOW.to_owned(),
                found: Some(error.to_string()),
            })
    };
    let windows: Result<Vec<Window>, _> = list.iter().enumerate().map(window).collect();
    windows.map(united)
}

/// A moment is open that any of the windows holds.
fn united(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_unstable();
    let mut apart: Vec<Window> = Vec::new();
    for window in windows {
        match apart.last_mut() {
            Some(last) if window.start() <= last.end() => {
                let end = last.end().max(window.end());
                *last = format!("{}-{end}", last.start())
                    .parse()
                    .expect("two windows that meet are one");
            }
            _ => apart.push(window),
        }
    }
    apart
}

fn read_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| text.len() == 10)
}

/// A date alone is its first minute, and 24:00 the first one of the day after.
fn read_local(text: &str) -> Option<NaiveDateTime> {
    if let Some(date) = read_date(text) {
        return Some(date.and_time(NaiveTime::MIN));
    }
    let (date, time) = text.split_once(['T', ' '])?;
    let date = read_date(date)?;
    if time == "24:00" || time == "24:00:00" {
        return Some((date + Days::new(1)).and_time(NaiveTime::MIN));
    }
    ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time, form).ok())
        .map(|time| date.and_time(time))
}
