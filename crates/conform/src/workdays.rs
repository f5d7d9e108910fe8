//! Compares our years with somebody else's list of days off and make-up days.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use chrono::{Datelike, NaiveDate};
use serde_json::Value;
use shouwen_domain::calendar::{Calendar, DayKind};

use crate::case::Malformed;

/// One year of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The list holds no days for the year.
    NotPublished { year: i32, is_ours: bool },
    /// We do not have the year.
    NotOurs { year: i32 },
    Both {
        year: i32,
        n_off: usize,
        n_make_up: usize,
        n_working: usize,
        /// Each date or number that is not the same.
        differences: Vec<String>,
    },
}

impl Compared {
    pub fn agrees(&self) -> bool {
        match self {
            Self::NotPublished { is_ours, .. } => !is_ours,
            Self::NotOurs { .. } => false,
            Self::Both { differences, .. } => differences.is_empty(),
        }
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublished { year, is_ours } => {
                let ours = if *is_ours {
                    "ours holds days"
                } else {
                    "nor in ours"
                };
                write!(f, "{year}: no days in the list, {ours}")
            }
            Self::NotOurs { year } => write!(f, "{year}: not in our calendar"),
            Self::Both {
                year,
                n_off,
                n_make_up,
                n_working,
                differences,
            } => {
                let mut text = format!(
                    "{year}: {n_off} days off, {n_make_up} make-up days, {n_working} working days: "
                );
                if differences.is_empty() {
                    text.push_str("agree");
                } else {
                    let _ = write!(text, "{} differences", differences.len());
                    for line in differences {
                        let _ = write!(text, "\n  {line}");
                    }
                }
                f.write_str(&text)
            }
        }
    }
}

/// Holds `ours` against a text of the form `{years: {"2026": {off_days: [{date}], makeup_workdays: [{date}],
/// working_days_in_year}}}`.
///
/// # Errors
///
/// The first thing that cannot be read, with its field.
pub fn compare(text: &str, ours: &Calendar) -> Result<Vec<Compared>, Malformed> {
    let root: Value = serde_json::from_str(text).map_err(|error| Malformed {
        field: "the file".to_owned(),
        expected: "JSON".to_owned(),
        found: Some(error.to_string()),
    })?;
    let years = root["years"].as_object().ok_or_else(|| Malformed {
        field: "years".to_owned(),
        expected: "an object of years".to_owned(),
        found: root.get("years").map(ToString::to_string),
    })?;
    years
        .iter()
        .map(|(key, value)| year(key, value, ours))
        .collect()
}

fn year(key: &str, value: &Value, ours: &Calendar) -> Result<Compared, Malformed> {
    let year: i32 = key.parse().map_err(|_| Malformed {
        field: format!("years.{key}"),
        expected: "a year such as \"2026\"".to_owned(),
        found: Some(key.to_owned()),
    })?;
    let mut theirs = BTreeMap::new();
    for (field, is_off) in [("off_days", true), ("makeup_workdays", false)] {
        for date in dates(key, field, value)? {
            theirs.insert(date, is_off);
        }
    }
    let is_ours = ours.years().any(|it| it == year);
    if theirs.is_empty() {
        return Ok(Compared::NotPublished { year, is_ours });
    }
    if !is_ours {
        return Ok(Compared::NotOurs { year });
    }
    let n_off = theirs.values().filter(|it| **it).count();
    let mut differences = Vec::new();
    let mut n_working = 0;
    let new_year = NaiveDate::from_yo_opt(year, 1).unwrap_or_default();
    // Days of the December before are in the list too.
    let before = theirs.keys().copied().filter(|it| it.year() < year);
    let in_year = new_year.iter_days().take_while(|it| it.year() == year);
    for date in before.collect::<Vec<_>>().into_iter().chain(in_year) {
        let listed = ours.listed().find(|it| it.0 == date).map(|it| it.2);
        let works = ours.day(date).is_ok_and(|it| match it.kind {
            DayKind::Workday | DayKind::MakeUpDay { .. } => true,
            DayKind::Weekend | DayKind::Holiday { .. } => false,
        });
        if works && date.year() == year {
            n_working += 1;
        }
        if listed != theirs.get(&date).copied() {
            let side = |it: Option<bool>| match it {
                None => "not listed",
                Some(true) => "off",
                Some(false) => "worked",
            };
            differences.push(format!(
                "{date}: the list says {}, ours {}",
                side(theirs.get(&date).copied()),
                side(listed)
            ));
        }
    }
    if let Some(theirs) = value["working_days_in_year"]
        .as_u64()
        .filter(|it| *it != n_working)
    {
        differences.push(format!(
            "working days: the list says {theirs}, ours {n_working}"
        ));
    }
    Ok(Compared::Both {
        year,
        n_off,
        n_make_up: theirs.len() - n_off,
        n_working: usize::try_from(n_working).unwrap_or(usize::MAX),
        differences,
    })
}

fn dates(year: &str, field: &str, value: &Value) -> Result<Vec<NaiveDate>, Malformed> {
    let Some(list) = value.get(field) else {
        return Ok(Vec::new());
    };
    let path = format!("years.{year}.{field}");
    let list = list.as_array().ok_or_else(|| Malformed {
        field: path.clone(),
        expected: "a list of {\"date\"}".to_owned(),
        found: Some(list.to_string()),
    })?;
    list.iter()
        .zip(1..)
        .map(|(it, number): (&Value, usize)| {
            let date = it["date"].as_str().and_then(|it| it.parse().ok());
            date.ok_or_else(|| Malformed {
                field: format!("{path}[{number}].date"),
                expected: "a date such as \"2026-02-14\"".to_owned(),
                found: Some(it.to_string()),
            })
        })
        .collect()
}
