//! The working days of the years whose holidays were published, make-up days (调休) among them.
//!
//! A year after the last published one is guessed and marked; any other year without data is an error
//! that names it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::document::place;
use crate::hash::Hash;

/// The published years: which days are off, which are made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    years: BTreeSet<i32>,
    listed: BTreeMap<NaiveDate, Listed>,
    /// No list is waited for, so every year is known.
    every_year: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    name: String,
    is_off: bool,
}

/// One date and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub date: NaiveDate,
    pub kind: DayKind,
    /// The year is not published yet: Monday to Friday is a guess.
    pub provisional: bool,
}

/// What a day is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayKind {
    Workday,
    /// A day of the weekend that is worked for the sake of a holiday.
    MakeUpDay {
        name: String,
    },
    Weekend,
    Holiday {
        name: String,
    },
}

impl Calendar {
    /// Reads files of the `holiday-cn` form, `{year, papers, days: [{name, date, isOffDay}]}`, one a year.
    ///
    /// ```
    /// use shouwen_domain::calendar::{Calendar, DayKind, MissingYear};
    ///
    /// let year = r#"{"year": 2026, "papers": [], "days": [
    ///     {"name": "春节", "date": "2026-02-14", "isOffDay": false},
    ///     {"name": "春节", "date": "2026-02-16", "isOffDay": true}
    /// ]}"#;
    /// let calendar = Calendar::parse(&[("2026.json", year)])?;
    /// let day = |date: &str| calendar.day(date.parse().unwrap());
    /// assert_eq!(day("2026-02-14").unwrap().kind, DayKind::MakeUpDay { name: "春节".to_owned() });
    /// assert!(day("2027-01-04").unwrap().provisional);
    /// assert_eq!(day("2025-12-31"), Err(MissingYear(2025)));
    ///
    /// let error = Calendar::parse(&[("2026.json", &year.replace("02-16", "02-30"))]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "2026.json, line 3, column 28: Expected a date such as 2026-02-14, found \"2026-02-30\""
    /// );
    /// # Ok::<(), shouwen_domain::calendar::CalendarError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its file and, where known, its place.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CalendarError> {
        let mut years = files
            .iter()
            .map(|(file, text)| YearFile::parse(file, text))
            .collect::<Result<Vec<_>, _>>()?;
        // A year's own file goes before the next year's, whatever order they came in.
        years.sort_by_key(|it| it.year);
        let mut calendar = Self {
            years: BTreeSet::new(),
            listed: BTreeMap::new(),
            every_year: false,
        };
        for year in years {
            calendar.add(year)?;
        }
        Ok(calendar)
    }

    /// Monday to Friday in every year, where no list of holidays is published; an office may still close on dates.
    ///
    /// ```
    /// use shouwen_domain::calendar::{Calendar, DayKind};
    ///
    /// let day = Calendar::ordinary_weeks().day("1999-12-31".parse().unwrap()).unwrap();
    /// assert_eq!((day.kind, day.provisional), (DayKind::Workday, false));
    /// ```
    pub const fn ordinary_weeks() -> Self {
        Self {
            years: BTreeSet::new(),
            listed: BTreeMap::new(),
            every_year: true,
        }
    }

    fn add(&mut self, file: YearFile<'_>) -> Result<(), CalendarError> {
        if !self.years.insert(file.year) {
            return Err(file.error(None, CalendarProblem::YearTwice { year: file.year }));
        }
        let mut own = BTreeSet::new();
        for (date, listed, offset) in &file.days {
            match self.listed.get(date) {
                Some(other) if other.is_off != listed.is_off => {
                    return Err(
                        file.error(*offset, CalendarProblem::BothOffAndWorked { date: *date })
                    );
                }
                _ if !own.insert(*date) => {
                    return Err(file.error(*offset, CalendarProblem::DayTwice { date: *date }));
                }
                Some(_) => {}
                None => {
                    self.listed.insert(*date, listed.clone());
                }
            }
        }
        Ok(())
    }

    /// What a date is.
    ///
    /// # Errors
    ///
    /// The date lies in a year without data that is not after the last published one.
    pub fn day(&self, date: NaiveDate) -> Result<Day, MissingYear> {
        if let Some(Listed { name, is_off }) = self.listed.get(&date) {
            let name = name.clone();
            let kind = if *is_off {
                DayKind::Holiday { name }
            } else {
                DayKind::MakeUpDay { name }
            };
            return Ok(Day {
                date,
                kind,
                provisional: false,
            });
        }
        let year = date.year();
        let published = self.every_year || self.years.contains(&year);
        let after_the_last = self.years.last().is_some_and(|last| year > *last);
        if !published && !after_the_last {
            return Err(MissingYear(year));
        }
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let kind = if weekend {
            DayKind::Weekend
        } else {
            DayKind::Workday
        };
        Ok(Day {
            date,
            kind,
            provisional: !published,
        })
    }

    /// The published years.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// The days that were published, in order: the holiday's name, and whether the day is off or worked.
    pub fn listed(&self) -> impl Iterator<Item = (NaiveDate, &str, bool)> {
        self.listed
            .iter()
            .map(|(date, it)| (*date, it.name.as_str(), it.is_off))
    }

    /// SHA-256 of the years and their listed days in order: the same for the same days, however the files were laid out.
    pub fn hash(&self) -> Hash {
        let mut canonical = String::new();
        if self.every_year {
            canonical.push_str("every year\n");
        }
        for year in &self.years {
            let _ = writeln!(canonical, "{year}");
        }
        for (date, Listed { name, is_off }) in &self.listed {
            let _ = writeln!(
                canonical,
                "{date} {} {name}",
                if *is_off { "off" } else { "worked" }
            );
        }
        Hash::of(canonical.as_bytes())
    }
}

/// A past year for which there is no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingYear(pub i32);

impl fmt::Display for MissingYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "There is no calendar for the year {}", self.0)
    }
}

impl std::error::Error for MissingYear {}

/// What is wrong with a published year, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarError {
    pub file: String,
    /// Line and column, both from 1, where known.
    pub place: Option<(u32, u32)>,
    pub problem: CalendarProblem,
}

/// What can be wrong with a published year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarProblem {
    /// Not JSON, a key too many or too few, a wrong type; the message is the parser's, in English.
    Form {
        message: String,
    },
    /// The file's name is one year, its content another.
    WrongYear {
        named: i32,
        found: i32,
    },
    /// Years from 1949 to 2999 are accepted.
    ImpossibleYear {
        found: i64,
    },
    YearTwice {
        year: i32,
    },
    /// A year whose holidays are not published yet.
    NoDays {
        year: i32,
    },
    NotADate {
        found: String,
    },
    /// A year's file holds days of that year and of the December before.
    OutsideYear {
        date: NaiveDate,
        year: i32,
    },
    DayTwice {
        date: NaiveDate,
    },
    BothOffAndWorked {
        date: NaiveDate,
    },
    NoName {
        date: NaiveDate,
    },
}

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ", line {line}, column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl fmt::Display for CalendarProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { message } => write!(
                f,
                "Expected {{\"year\", \"papers\", \"days\": [{{\"name\", \"date\", \"isOffDay\"}}]}}; {message}"
            ),
            Self::WrongYear { named, found } => {
                write!(f, "Expected the year {named}, found {found}")
            }
            Self::ImpossibleYear { found } => {
                write!(f, "Expected a year from 1949 to 2999, found {found}")
            }
            Self::YearTwice { year } => write!(f, "Another file holds the year {year} too"),
            Self::NoDays { year } => {
                write!(f, "Year {year} holds no days; expected a published list")
            }
            Self::NotADate { found } => {
                write!(f, "Expected a date such as 2026-02-14, found \"{found}\"")
            }
            Self::OutsideYear { date, year } => {
                write!(
                    f,
                    "Expected a day of {year} or of the December before, found {date}"
                )
            }
            Self::DayTwice { date } => write!(f, "{date} is listed twice"),
            Self::BothOffAndWorked { date } => {
                write!(f, "{date} is listed as a day off and as a working day")
            }
            Self::NoName { date } => write!(
                f,
                "Expected the name of the holiday to which {date} belongs, found none"
            ),
        }
    }
}

impl std::error::Error for CalendarError {}

/// One file, each day checked by itself.
struct YearFile<'a> {
    file: &'a str,
    text: &'a str,
    year: i32,
    days: Vec<(NaiveDate, Listed, Option<usize>)>,
}

impl<'a> YearFile<'a> {
    fn parse(file: &'a str, text: &'a str) -> Result<Self, CalendarError> {
        let raw: RawYear<'a> = serde_json::from_str(text).map_err(|error| CalendarError {
            file: file.to_owned(),
            place: Some(place_of(text, &error)),
            problem: CalendarProblem::Form {
                message: without_place(&error),
            },
        })?;
        let mut this = Self {
            file,
            text,
            year: 0,
            days: Vec::new(),
        };
        let year_at = text.find("\"year\"");
        this.year = i32::try_from(raw.year)
            .ok()
            .filter(|it| (1949..=2999).contains(it))
            .ok_or_else(|| {
                this.error(year_at, CalendarProblem::ImpossibleYear { found: raw.year })
            })?;
        if let Some(named) = year_in_name(file).filter(|it| *it != this.year) {
            return Err(this.error(
                year_at,
                CalendarProblem::WrongYear {
                    named,
                    found: this.year,
                },
            ));
        }
        if raw.days.is_empty() {
            return Err(this.error(
                text.find("\"days\""),
                CalendarProblem::NoDays { year: this.year },
            ));
        }
        this.days = raw
            .days
            .into_iter()
            .map(|it| this.day(it))
            .collect::<Result<_, _>>()?;
        Ok(this)
    }

    fn day(&self, raw: RawDay<'a>) -> Result<(NaiveDate, Listed, Option<usize>), CalendarError> {
        let offset = self.offset(&raw.date);
        let date = NaiveDate::parse_from_str(&raw.date, "%Y-%m-%d")
            .ok()
            .filter(|_| raw.date.len() == 10)
            .ok_or_else(|| {
                self.error(
                    offset,
                    CalendarProblem::NotADate {
                        found: raw.date.to_string(),
                    },
                )
            })?;
        let in_year =
            date.year() == self.year || (date.year() == self.year - 1 && date.month() == 12);
        if !in_year {
            return Err(self.error(
                offset,
                CalendarProblem::OutsideYear {
                    date,
                    year: self.year,
                },
            ));
        }
        if raw.name.trim().is_empty() {
            return Err(self.error(offset, CalendarProblem::NoName { date }));
        }
        Ok((
            date,
            Listed {
                name: raw.name.into_owned(),
                is_off: raw.is_off_day,
            },
            offset,
        ))
    }

    /// Where the quote before a text stands that was borrowed from the file; one with escapes was not.
    fn offset(&self, part: &str) -> Option<usize> {
        let start = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (start < self.text.len()).then(|| start.checked_sub('"'.len_utf8()))?
    }

    fn error(&self, offset: Option<usize>, problem: CalendarProblem) -> CalendarError {
        CalendarError {
            file: self.file.to_owned(),
            place: offset.map(|it| place(self.text, it)),
            problem,
        }
    }
}

fn year_in_name(file: &str) -> Option<i32> {
    let name = file.rsplit('/').next()?;
    let stem = name.split('.').next()?;
    (stem.len() == 4).then(|| stem.parse().ok())?
}

/// The parser counts columns in bytes.
fn place_of(text: &str, error: &serde_json::Error) -> (u32, u32) {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    place(text, line_start + error.column().saturating_sub(1))
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear<'a> {
    #[serde(rename = "$schema")]
    _schema: Option<serde::de::IgnoredAny>,
    #[serde(rename = "$id")]
    _id: Option<serde::de::IgnoredAny>,
    year: i64,
    #[serde(rename = "papers")]
    _papers: Vec<serde::de::IgnoredAny>,
    #[serde(borrow)]
    days: Vec<RawDay<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawDay<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    date: Cow<'a, str>,
    is_off_day: bool,
}

/// The years that come with the product, for the tests of this crate.
#[cfg(test)]
pub(crate) fn shipped() -> Calendar {
    Calendar::parse(&[
        (
            "2026.json",
            include_str!("../../../packs/calendars/cn/2026.json"),
        ),
        (
            "2019.json",
            include_str!("../../../packs/calendars/cn/2019.json"),
        ),
        (
            "2020.json",
            include_str!("../../../packs/calendars/cn/2020.json"),
        ),
        (
            "2023.json",
            include_str!("../../../packs/calendars/cn/2023.json"),
        ),
        (
            "2024.json",
            include_str!("../../../packs/calendars/cn/2024.json"),
        ),
        (
            "2025.json",
            include_str!("../../../packs/calendars/cn/2025.json"),
        ),
    ])
    .unwrap()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(date: &str, expected: Expect) {
        let shown = match shipped().day(date.parse().unwrap()) {
            Ok(Day {
                kind, provisional, ..
            }) => format!("{kind:?}{}", if provisional { " provisional" } else { "" }),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_day_is_what_was_published() {
        check("2026-02-13", expect!["Workday"]);
        check("2026-02-14", expect![[r#"MakeUpDay { name: "春节" }"#]]);
        check("2026-02-18", expect![[r#"Holiday { name: "春节" }"#]]);
        check("2026-07-11", expect!["Weekend"]);
    }

    #[test]
    fn a_year_s_file_may_hold_days_of_the_december_before() {
        let file = |year: i32, days: &str| {
            format!(r#"{{"year": {year}, "papers": [], "days": [{days}]}}"#)
        };
        let day = |date: &str, off: bool| {
            format!(r#"{{"name": "元旦", "date": "{date}", "isOffDay": {off}}}"#)
        };
        let calendar = Calendar::parse(&[
            ("2019.json", &file(2019, &day("2018-12-29", false))),
            ("2018.json", &file(2018, &day("2018-01-01", true))),
        ])
        .unwrap();
        let kind = calendar.day("2018-12-29".parse().unwrap()).unwrap().kind;
        assert_eq!(
            kind,
            DayKind::MakeUpDay {
                name: "元旦".to_owned()
            }
        );
    }

    #[test]
    fn what_was_published_is_listed_by_its_date() {
        let text = r#"{"year": 2026, "papers": [], "days": [
            {"name": "国庆节", "date": "2026-10-01", "isOffDay": true},
            {"name": "春节", "date": "2026-02-14", "isOffDay": false}
        ]}"#;
        let calendar = Calendar::parse(&[("2026.json", text)]).unwrap();
        let listed: Vec<String> = calendar
            .listed()
            .map(|(date, name, is_off)| format!("{date} {name} {is_off}"))
            .collect();
        assert_eq!(listed, ["2026-02-14 春节 false", "2026-10-01 国庆节 true"]);
    }

    #[test]
    fn a_year_after_the_last_published_one_is_a_guess_and_any_other_is_named() {
        check("2027-01-01", expect!["Workday provisional"]);
        check("2028-01-01", expect!["Weekend provisional"]);
        check(
            "2021-05-05",
            expect!["There is no calendar for the year 2021"],
        );
        check(
            "2018-05-05",
            expect!["There is no calendar for the year 2018"],
        );
        let nothing = Calendar::parse(&[]).unwrap();
        assert_eq!(
            nothing.day("2026-01-01".parse().unwrap()),
            Err(MissingYear(2026))
        );
    }

    #[test]
    fn the_hash_depends_on_the_days_alone() {
        let text = include_str!("../../../packs/calendars/cn/2026.json");
        let hash = |text: &str| Calendar::parse(&[("2026.json", text)]).unwrap().hash();
        assert_eq!(hash(text), hash(&text.replace('\n', " ")));
        assert_ne!(hash(text), hash(&text.replace("2026-02-28", "2026-03-01")));
        assert_ne!(
            Calendar::parse(&[]).unwrap().hash(),
            Calendar::ordinary_weeks().hash()
        );
        let off = r#""date": "2026-01-01", "isOffDay": true"#;
        assert_ne!(
            hash(text),
            hash(&text.replace(off, &off.replace("true", "false")))
        );
    }

    fn check_error(files: &[(&str, &str)], expected: Expect) {
        expected.assert_eq(&Calendar::parse(files).unwrap_err().to_string());
    }

    fn year(days: &str) -> String {
        format!("{{\n  \"year\": 2026,\n  \"papers\": [],\n  \"days\": [\n{days}\n  ]\n}}")
    }

    const NEW_YEAR: &str = r#"    {"name": "元旦", "date": "2026-01-01", "isOffDay": true}"#;

    #[test]
    fn an_unpublished_year_is_named() {
        check_error(
            &[("2027.json", r#"{"year": 2027, "papers": [], "days": []}"#)],
            expect![
                "2027.json, line 1, column 30: Year 2027 holds no days; expected a published list"
            ],
        );
    }

    #[test]
    fn a_wrong_year_is_named() {
        check_error(
            &[("cn/2025.json", &year(NEW_YEAR))],
            expect!["cn/2025.json, line 2, column 3: Expected the year 2025, found 2026"],
        );
        check_error(
            &[("a.json", &year(NEW_YEAR)), ("b.json", &year(NEW_YEAR))],
            expect!["b.json: Another file holds the year 2026 too"],
        );
        check_error(
            &[("a.json", &year(NEW_YEAR).replace("2026,", "20260,"))],
            expect!["a.json, line 2, column 3: Expected a year from 1949 to 2999, found 20260"],
        );
    }

    #[test]
    fn a_day_that_cannot_be_is_named_with_its_place() {
        let with = |date: &str| {
            year(&format!(
                "{NEW_YEAR},\n{}",
                NEW_YEAR.replace("2026-01-01", date)
            ))
        };
        check_error(
            &[("2026.json", &with("2026-02-30"))],
            expect![[
                r#"2026.json, line 6, column 28: Expected a date such as 2026-02-14, found "2026-02-30""#
            ]],
        );
        check_error(
            &[("2026.json", &with("2026-2-3"))],
            expect![[
                r#"2026.json, line 6, column 28: Expected a date such as 2026-02-14, found "2026-2-3""#
            ]],
        );
        check_error(
            &[("2026.json", &with("2027-01-01"))],
            expect![
                "2026.json, line 6, column 28: Expected a day of 2026 or of the December before, found 2027-01-01"
            ],
        );
        check_error(
            &[("2026.json", &with("2025-11-30"))],
            expect![
                "2026.json, line 6, column 28: Expected a day of 2026 or of the December before, found 2025-11-30"
            ],
        );
        check_error(
            &[("2026.json", &with("2026-01-01"))],
            expect!["2026.json, line 6, column 28: 2026-01-01 is listed twice"],
        );
        check_error(
            &[(
                "2026.json",
                &year(&format!(
                    "{NEW_YEAR},\n{}",
                    NEW_YEAR.replace("true", "false")
                )),
            )],
            expect![
                "2026.json, line 6, column 28: 2026-01-01 is listed as a day off and as a working day"
            ],
        );
        check_error(
            &[("2026.json", &year(&NEW_YEAR.replace("元旦", " ")))],
            expect![
                "2026.json, line 5, column 27: Expected the name of the holiday to which 2026-01-01 belongs, found none"
            ],
        );
    }

    #[test]
    fn another_form_is_said_with_its_place() {
        check_error(
            &[("2026.json", &year(&NEW_YEAR.replace("isOffDay", "off")))],
            expect![[
                r#"2026.json, line 5, column 46: Expected {"year", "papers", "days": [{"name", "date", "isOffDay"}]}; unknown field `off`, expected one of `name`, `date`, `isOffDay`"#
            ]],
        );
        check_error(
            &[("2026.json", &year(&NEW_YEAR.replace("true", "1")))],
            expect![[
                r#"2026.json, line 5, column 54: Expected {"year", "papers", "days": [{"name", "date", "isOffDay"}]}; invalid type: integer `1`, expected a boolean"#
            ]],
        );
        check_error(
            &[("2026.json", "holidays")],
            expect![[
                r#"2026.json, line 1, column 1: Expected {"year", "papers", "days": [{"name", "date", "isOffDay"}]}; expected value"#
            ]],
        );
    }
}
