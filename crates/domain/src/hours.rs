//! When an office is on duty on a day of a given kind. Half-open windows: at closing it is closed.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};

use crate::calendar::DayKind;

/// The duty hours of one office or department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    work_days: Vec<Window>,
    rest_days: RestDays,
}

/// What happens on weekends and holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RestDays {
    #[default]
    Closed,
    /// Somebody is on duty, so clocks start; it is still no working day, and working time does not run.
    OnDuty(Vec<Window>),
    /// Rest days are working days here (an office open seven days).
    Working(Vec<Window>),
}

impl Hours {
    /// # Errors
    ///
    /// Windows that overlap, or a list without any.
    pub fn try_new(work_days: Vec<Window>, rest_days: RestDays) -> Result<Self, HoursError> {
        Ok(Self {
            work_days: joined(work_days)?,
            rest_days: match rest_days {
                RestDays::Closed => RestDays::Closed,
                RestDays::OnDuty(windows) => RestDays::OnDuty(joined(windows)?),
                RestDays::Working(windows) => RestDays::Working(joined(windows)?),
            },
        })
    }

    /// Working days only, from texts such as `08:30-12:00`.
    ///
    /// # Errors
    ///
    /// A text that is no window, windows that overlap, or none at all.
    pub fn parse(work_days: &[&str]) -> Result<Self, HoursError> {
        let windows = work_days
            .iter()
            .map(|it| it.parse())
            .collect::<Result<_, _>>()?;
        Self::try_new(windows, RestDays::Closed)
    }

    /// Every minute of every day.
    pub fn around_the_clock() -> Self {
        Self {
            work_days: vec![Window::ALL_DAY],
            rest_days: RestDays::Working(vec![Window::ALL_DAY]),
        }
    }

    /// When somebody is on duty on such a day, in order; windows that touch are one.
    pub fn duty(&self, kind: &DayKind) -> &[Window] {
        match (kind, &self.rest_days) {
            (DayKind::Workday | DayKind::MakeUpDay { .. }, _) => &self.work_days,
            (DayKind::Weekend | DayKind::Holiday { .. }, RestDays::Closed) => &[],
            (
                DayKind::Weekend | DayKind::Holiday { .. },
                RestDays::OnDuty(it) | RestDays::Working(it),
            ) => it,
        }
    }

    /// When working time runs on such a day, in order; none: it is no working day here.
    pub fn working(&self, kind: &DayKind) -> &[Window] {
        match (kind, &self.rest_days) {
            (DayKind::Workday | DayKind::MakeUpDay { .. }, _) => &self.work_days,
            (
                DayKind::Weekend | DayKind::Holiday { .. },
                RestDays::Closed | RestDays::OnDuty(_),
            ) => &[],
            (DayKind::Weekend | DayKind::Holiday { .. }, RestDays::Working(it)) => it,
        }
    }

    /// The length of an ordinary working day.
    pub fn working_day_minutes(&self) -> u32 {
        self.work_days
            .iter()
            .map(|it| u32::from(it.end.0 - it.start.0))
            .sum()
    }
}

fn joined(mut windows: Vec<Window>) -> Result<Vec<Window>, HoursError> {
    windows.sort_unstable();
    let mut result: Vec<Window> = Vec::new();
    for window in windows {
        match result.last_mut() {
            Some(last) if window.start < last.end => {
                return Err(HoursError::Overlap {
                    first: *last,
                    second: window,
                });
            }
            Some(last) if window.start == last.end => last.end = window.end,
            _ => result.push(window),
        }
    }
    if result.is_empty() {
        Err(HoursError::NoWindow)
    } else {
        Ok(result)
    }
}

/// A stretch of one day: its start belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    start: TimeOfDay,
    end: TimeOfDay,
}

impl Window {
    pub const ALL_DAY: Self = Self {
        start: TimeOfDay(0),
        end: TimeOfDay::MIDNIGHT_AT_END,
    };

    pub const fn start(self) -> TimeOfDay {
        self.start
    }

    pub const fn end(self) -> TimeOfDay {
        self.end
    }
}

impl FromStr for Window {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let form = || HoursError::Form {
            text: text.to_owned(),
        };
        let (start, end) = text.split_once('-').ok_or_else(form)?;
        let start = TimeOfDay::parse(start).ok_or_else(form)?;
        let end = TimeOfDay::parse(end).ok_or_else(form)?;
        if start == TimeOfDay::MIDNIGHT_AT_END {
            return Err(form());
        }
        if start == end {
            return Err(HoursError::Empty {
                text: text.to_owned(),
            });
        }
        if start > end {
            return Err(HoursError::OverMidnight { start, end });
        }
        Ok(Self { start, end })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// 00:00 to 24:00, in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    const MIDNIGHT_AT_END: Self = Self(24 * 60);

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let two_digits = |it: &str| {
            (it.len() == 2 && it.bytes().all(|b| b.is_ascii_digit())).then(|| it.parse().ok())?
        };
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (u16, u16) = (two_digits(hour)?, two_digits(minute)?);
        let time = Self(hour * 60 + minute);
        (minute < 60 && time <= Self::MIDNIGHT_AT_END).then_some(time)
    }

    /// The civil time on a date; 24:00 is 00:00 of the day after.
    ///
    /// # Panics
    ///
    /// At the end of time, the year 262142.
    pub fn on(self, date: NaiveDate) -> NaiveDateTime {
        let date = if self == Self::MIDNIGHT_AT_END {
            date + Days::new(1)
        } else {
            date
        };
        let time =
            NaiveTime::from_num_seconds_from_midnight_opt(u32::from(self.0) % (24 * 60) * 60, 0);
        date.and_time(time.expect("less than a day, by the remainder"))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoursError {
    Form { text: String },
    Empty { text: String },
    OverMidnight { start: TimeOfDay, end: TimeOfDay },
    Overlap { first: Window, second: Window },
    NoWindow,
}

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { text } => write!(
                f,
                "\"{text}\" is not of the form \"08:30-12:00\", from 00:00 to 24:00"
            ),
            Self::Empty { text } => write!(f, "\"{text}\" starts and ends at the same minute"),
            Self::OverMidnight { start, end } => {
                write!(
                    f,
                    "\"{start}-{end}\" ends before it starts; over midnight, write \"{start}-24:00\" and \"00:00-{end}\""
                )
            }
            Self::Overlap { first, second } => write!(f, "\"{first}\" and \"{second}\" overlap"),
            Self::NoWindow => f.write_str("There is no window at all"),
        }
    }
}

impl std::error::Error for HoursError {}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(windows: &[&str], expected: Expect) {
        let shown = match Hours::parse(windows) {
            Ok(hours) => hours
                .work_days
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn windows_are_sorted_and_joined_where_they_touch() {
        check(
            &["08:30-12:00", "13:30-18:00"],
            expect!["08:30-12:00 13:30-18:00"],
        );
        check(
            &["13:30-18:00", "08:30-12:00"],
            expect!["08:30-12:00 13:30-18:00"],
        );
        check(&["08:30-12:00", "12:00-24:00"], expect!["08:30-24:00"]);
    }

    #[test]
    fn what_is_no_window_is_said() {
        check(
            &["8:30-12:00"],
            expect![[r#""8:30-12:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
        );
        check(
            &["08:30-24:01"],
            expect![[r#""08:30-24:01" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
        );
        check(
            &["08:60-12:00"],
            expect![[r#""08:60-12:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
        );
        check(
            &["24:00-24:00"],
            expect![[r#""24:00-24:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
        );
        check(
            &["+8:30-12:00"],
            expect![[r#""+8:30-12:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
        );
        check(
            &["08:30-08:30"],
            expect![[r#""08:30-08:30" starts and ends at the same minute"#]],
        );
        check(
            &["22:00-06:00"],
            expect![[
                r#""22:00-06:00" ends before it starts; over midnight, write "22:00-24:00" and "00:00-06:00""#
            ]],
        );
        check(
            &["08:30-12:00", "11:00-13:00"],
            expect![[r#""08:30-12:00" and "11:00-13:00" overlap"#]],
        );
        check(&[], expect!["There is no window at all"]);
    }

    #[test]
    fn duty_on_a_rest_day_makes_no_working_day() {
        let window: Window = "10:00-16:00".parse().unwrap();
        let hours = |rest| Hours::try_new(vec![Window::ALL_DAY], rest).unwrap();
        assert_eq!(
            hours(RestDays::OnDuty(vec![window])).duty(&DayKind::Weekend),
            [window]
        );
        assert_eq!(
            hours(RestDays::OnDuty(vec![window])).working(&DayKind::Weekend),
            []
        );
        assert_eq!(
            hours(RestDays::Working(vec![window])).working(&DayKind::Weekend),
            [window]
        );
        assert_eq!(hours(RestDays::Closed).duty(&DayKind::Weekend), []);
    }
}
