//! Brings a published year into `packs/calendars/cn`, in our layout.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use chrono::NaiveDate;
use serde_json::Value;
use shouwen_domain::calendar::{Calendar, CalendarError};

/// A year to be written, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Year {
    pub year: i32,
    /// The file's new text.
    pub text: String,
    pub changes: Vec<Change>,
}

/// A day that is not what the file there says; `is_off` is false on a day that is worked for a holiday's sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Added {
        date: NaiveDate,
        name: String,
        is_off: bool,
    },
    Removed {
        date: NaiveDate,
        name: String,
        is_off: bool,
    },
    Turned {
        date: NaiveDate,
        name: String,
        is_off: bool,
    },
    Renamed {
        date: NaiveDate,
        before: String,
        name: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |is_off: &bool| if *is_off { "off" } else { "worked" };
        match self {
            Self::Added { date, name, is_off } => {
                write!(f, "added   {date} {} ({name})", kind(is_off))
            }
            Self::Removed { date, name, is_off } => {
                write!(f, "removed {date} {} ({name})", kind(is_off))
            }
            Self::Turned { date, name, is_off } => {
                write!(f, "turned  {date} to {} ({name})", kind(is_off))
            }
            Self::Renamed { date, before, name } => {
                write!(f, "renamed {date} from {before} to {name}")
            }
        }
    }
}

/// Checks a file strictly, by itself and beside the other years.
///
/// `shipped` are the files there, by name.
///
/// # Errors
///
/// Whatever the calendar of the rules refuses, with its place.
pub fn year(
    file: &str,
    text: &str,
    shipped: &BTreeMap<String, String>,
) -> Result<Year, CalendarError> {
    let new = Calendar::parse(&[(file, text)])?;
    let year = new
        .years()
        .next()
        .expect("a file that was read has its year");
    let name = file_name(year);
    let others = shipped.iter().filter(|it| *it.0 != name);
    let mut together: Vec<_> = others.map(|it| (it.0.as_str(), it.1.as_str())).collect();
    together.push((file, text));
    Calendar::parse(&together)?;
    let old = match shipped.get(&name) {
        Some(old) => listed(&Calendar::parse(&[(&name, old)])?),
        None => BTreeMap::new(),
    };
    let new = listed(&new);
    Ok(Year {
        year,
        changes: changes(&old, &new),
        text: laid_out(year, &papers(text), &new),
    })
}

pub fn file_name(year: i32) -> String {
    format!("{year}.json")
}

type Listed = BTreeMap<NaiveDate, (String, bool)>;

fn listed(calendar: &Calendar) -> Listed {
    calendar
        .listed()
        .map(|(date, name, is_off)| (date, (name.to_owned(), is_off)))
        .collect()
}

fn changes(old: &Listed, new: &Listed) -> Vec<Change> {
    let dates: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let change = |date: NaiveDate| match (old.get(&date), new.get(&date)) {
        (None, Some((name, is_off))) => Some(Change::Added {
            date,
            name: name.clone(),
            is_off: *is_off,
        }),
        (Some((name, is_off)), None) => Some(Change::Removed {
            date,
            name: name.clone(),
            is_off: *is_off,
        }),
        (Some((_, before)), Some((name, is_off))) if before != is_off => Some(Change::Turned {
            date,
            name: name.clone(),
            is_off: *is_off,
        }),
        (Some((before, _)), Some((name, _))) if before != name => Some(Change::Renamed {
            date,
            before: before.clone(),
            name: name.clone(),
        }),
        (Some(_), Some(_)) | (None, None) => None,
    };
    dates.into_iter().filter_map(change).collect()
}

/// Where the list was published.
fn papers(text: &str) -> Vec<Value> {
    let root: Value = serde_json::from_str(text).unwrap_or_default();
    root["papers"].as_array().cloned().unwrap_or_default()
}

fn laid_out(year: i32, papers: &[Value], days: &Listed) -> String {
    let papers: Vec<_> = papers.iter().map(ToString::to_string).collect();
    let days: Vec<_> = days
        .iter()
        .map(|(date, (name, is_off))| {
            let name = Value::from(name.as_str());
            format!("    {{\"name\": {name}, \"date\": \"{date}\", \"isOffDay\": {is_off}}}")
        })
        .collect();
    let mut text = String::new();
    let _ = writeln!(text, "{{\n  \"year\": {year},");
    let _ = writeln!(text, "  \"papers\": [{}],", papers.join(", "));
    let _ = writeln!(text, "  \"days\": [\n{}\n  ]\n}}", days.join(",\n"));
    text
}
