//! When an office is on duty on a day of a given kind. Half-open windows: at closing it is closed.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use crate::calendar::DayKind;
use crate::id::DepartmentId;

/// The duty hours of one office or department.
///
/// What stands for a date beats what stands for its weekday: a closed date is closed whatever else says, else a
/// date with windows of its own has those, and breaks are cut out of what there is.
///
/// ```
/// use shouwen_domain::calendar::DayKind;
/// use shouwen_domain::hours::{Hours, RestDays, Week};
///
/// let working_days = Week::every_day(vec!["08:30-12:00".parse()?, "13:30-18:00".parse()?])?;
/// let hours = Hours::new(working_days, RestDays::Closed)
///     .with_break("2026-07-14".parse().unwrap(), "11:00-15:00".parse()?);
/// let on = |date: &str, kind| {
///     let windows = hours.working(date.parse().unwrap(), &kind);
///     windows.iter().map(ToString::to_string).collect::<Vec<_>>()
/// };
/// assert_eq!(on("2026-07-13", DayKind::Workday), ["08:30-12:00", "13:30-18:00"]);
/// assert_eq!(on("2026-07-14", DayKind::Workday), ["08:30-11:00", "15:00-18:00"]);
/// assert!(on("2026-07-18", DayKind::Weekend).is_empty());
/// # Ok::<(), shouwen_domain::hours::HoursError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    working_days: Week,
    weekends: RestDays,
    holidays: RestDays,
    dates: BTreeMap<NaiveDate, Vec<Window>>,
    breaks: BTreeMap<NaiveDate, Vec<Window>>,
    closed: BTreeSet<NaiveDate>,
}

/// What happens on weekends or holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RestDays {
    #[default]
    Closed,
    /// Somebody is on duty, so clocks start; it is still no working day, and working time does not run.
    OnDuty(Week),
    /// Rest days are working days here (an office open seven days).
    Working(Week),
}

/// Windows by weekday, in order; windows that touch are one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Week {
    /// From Monday.
    days: [Vec<Window>; 7],
}

impl Week {
    /// The same windows on each weekday.
    ///
    /// # Errors
    ///
    /// Windows that overlap, or none at all.
    pub fn every_day(windows: Vec<Window>) -> Result<Self, HoursError> {
        let windows = joined(windows)?;
        Self::try_new(std::array::from_fn(|_| windows.clone()))
    }

    /// From Monday on; a weekday may have none.
    ///
    /// # Errors
    ///
    /// Windows of one day that overlap, or none in the whole week.
    pub fn try_new(days: [Vec<Window>; 7]) -> Result<Self, HoursError> {
        let mut week = Self::default();
        for (into, windows) in week.days.iter_mut().zip(days) {
            *into = joined(windows)?;
        }
        if week.days.iter().all(Vec::is_empty) {
            Err(HoursError::NoWindow)
        } else {
            Ok(week)
        }
    }

    /// The windows of a weekday.
    pub fn on(&self, weekday: Weekday) -> &[Window] {
        &self.days[weekday.num_days_from_monday() as usize]
    }
}

impl Hours {
    /// The same for weekends and holidays; see [`Self::with_holidays`].
    pub fn new(working_days: Week, rest_days: RestDays) -> Self {
        Self {
            working_days,
            weekends: rest_days.clone(),
            holidays: rest_days,
            dates: BTreeMap::new(),
            breaks: BTreeMap::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Working days only, from texts such as `08:30-12:00`.
    ///
    /// # Errors
    ///
    /// A text that is no window, windows that overlap, or none at all.
    pub fn parse(working_days: &[&str]) -> Result<Self, HoursError> {
        let windows = working_days
            .iter()
            .map(|it| it.parse())
            .collect::<Result<_, _>>()?;
        Ok(Self::new(Week::every_day(windows)?, RestDays::Closed))
    }

    /// Every minute of every day.
    pub fn around_the_clock() -> Self {
        let week = || Week {
            days: std::array::from_fn(|_| vec![Window::ALL_DAY]),
        };
        Self::new(week(), RestDays::Working(week()))
    }

    /// Holidays that are not like weekends.
    #[must_use]
    pub fn with_holidays(mut self, holidays: RestDays) -> Self {
        self.holidays = holidays;
        self
    }

    /// Windows of one date instead of its weekday's; the date is a working day here, whatever the calendar says.
    ///
    /// # Errors
    ///
    /// Windows that overlap.
    pub fn with_date(mut self, date: NaiveDate, windows: Vec<Window>) -> Result<Self, HoursError> {
        self.dates.insert(date, joined(windows)?);
        Ok(self)
    }

    /// A window in which the office is closed on one date.
    #[must_use]
    pub fn with_break(mut self, date: NaiveDate, window: Window) -> Self {
        let breaks = self.breaks.entry(date).or_default();
        breaks.push(window);
        breaks.sort_unstable();
        self
    }

    /// A date on which the office is closed, whatever else says.
    #[must_use]
    pub fn with_closed(mut self, date: NaiveDate) -> Self {
        self.closed.insert(date);
        self
    }

    /// When somebody is on duty on a day, in order.
    pub fn duty(&self, date: NaiveDate, kind: &DayKind) -> Cow<'_, [Window]> {
        self.on(date, self.usual(date.weekday(), kind, true))
    }

    /// When working time runs on a day, in order; none: it is no working day here.
    pub fn working(&self, date: NaiveDate, kind: &DayKind) -> Cow<'_, [Window]> {
        self.on(date, self.usual(date.weekday(), kind, false))
    }

    /// Somebody is on duty at times that are no working time.
    pub(crate) fn knows_mere_duty(&self) -> bool {
        [&self.weekends, &self.holidays]
            .iter()
            .any(|it| matches!(it, RestDays::OnDuty(_)))
    }

    /// The windows that a date has of its own.
    pub(crate) fn own(&self, date: NaiveDate) -> Option<&[Window]> {
        self.dates.get(&date).map(Vec::as_slice)
    }

    pub(crate) fn breaks(&self, date: NaiveDate) -> &[Window] {
        self.breaks.get(&date).map_or(&[], Vec::as_slice)
    }

    fn on<'a>(&'a self, date: NaiveDate, usual: &'a [Window]) -> Cow<'a, [Window]> {
        if self.closed.contains(&date) {
            return Cow::Borrowed(&[]);
        }
        let windows = self.own(date).unwrap_or(usual);
        match self.breaks(date) {
            [] => Cow::Borrowed(windows),
            breaks => Cow::Owned(cut(windows, breaks)),
        }
    }

    fn usual(&self, weekday: Weekday, kind: &DayKind, duty: bool) -> &[Window] {
        let rest_days = match kind {
            DayKind::Workday => return self.working_days.on(weekday),
            DayKind::MakeUpDay { .. } => return self.make_up_day(weekday),
            DayKind::Weekend => &self.weekends,
            DayKind::Holiday { .. } => &self.holidays,
        };
        match rest_days {
            RestDays::OnDuty(week) if duty => week.on(weekday),
            RestDays::Working(week) => week.on(weekday),
            RestDays::Closed | RestDays::OnDuty(_) => &[],
        }
    }

    /// A make-up day stands in for a day of the week: where its own weekday has no hours, it has the first one's
    /// that does.
    fn make_up_day(&self, weekday: Weekday) -> &[Window] {
        match self.working_days.on(weekday) {
            [] => self
                .working_days
                .days
                .iter()
                .find(|it| !it.is_empty())
                .map_or(&[], Vec::as_slice),
            own => own,
        }
    }

    /// The length of the longest ordinary working day.
    pub fn working_day_minutes(&self) -> u32 {
        let length = |windows: &Vec<Window>| windows.iter().map(|it| it.end.0 - it.start.0).sum();
        let longest: u32 = self.working_days.days.iter().map(length).max().unwrap_or(0);
        longest / 60
    }
}

/// A site's hours, and those of the departments that have their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyHours {
    pub site: Hours,
    pub departments: BTreeMap<DepartmentId, Hours>,
}

impl DutyHours {
    /// The hours of a department: its own, or the site's.
    pub fn of(&self, department: &DepartmentId) -> &Hours {
        self.departments.get(department).unwrap_or(&self.site)
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
    Ok(result)
}

/// What is left of windows without the breaks; both in order.
fn cut(windows: &[Window], breaks: &[Window]) -> Vec<Window> {
    let mut left = Vec::new();
    for window in windows {
        let mut start = window.start;
        for pause in breaks {
            if start < pause.start.min(window.end) {
                left.push(Window {
                    start,
                    end: pause.start.min(window.end),
                });
            }
            start = start.max(pause.end);
        }
        if start < window.end {
            left.push(Window {
                start,
                end: window.end,
            });
        }
    }
    left
}

/// A stretch of one day: its start belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    start: TimeOfDay,
    end: TimeOfDay,
}

impl Window {
    /// From 00:00 to 24:00.
    pub const ALL_DAY: Self = Self {
        start: TimeOfDay(0),
        end: TimeOfDay::MIDNIGHT_AT_END,
    };

    /// Inside.
    pub const fn start(self) -> TimeOfDay {
        self.start
    }

    /// Outside: the interval is half-open.
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
        match start.cmp(&end) {
            Ordering::Less => Ok(Self { start, end }),
            Ordering::Equal => Err(HoursError::Empty {
                text: text.to_owned(),
            }),
            Ordering::Greater => Err(HoursError::OverMidnight { start, end }),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// 00:00 to 24:00; seconds may be given and rarely are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    const MIDNIGHT_AT_END: Self = Self(24 * 60 * 60);

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let two_digits = |it: &str| {
            (it.len() == 2 && it.bytes().all(|b| b.is_ascii_digit())).then(|| it.parse().ok())?
        };
        let (hour, rest) = text.split_once(':')?;
        let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
        let (hour, minute, second): (u32, u32, u32) =
            (two_digits(hour)?, two_digits(minute)?, two_digits(second)?);
        let time = Self((hour * 60 + minute) * 60 + second);
        (minute < 60 && second < 60 && time <= Self::MIDNIGHT_AT_END).then_some(time)
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
            NaiveTime::from_num_seconds_from_midnight_opt(self.0 % Self::MIDNIGHT_AT_END.0, 0);
        date.and_time(time.expect("less than a day, by the remainder"))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, seconds) = (self.0 / 60, self.0 % 60);
        write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)?;
        if seconds > 0 {
            write!(f, ":{seconds:02}")?;
        }
        Ok(())
    }
}

/// What is wrong with hours as written.
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
            Self::Empty { text } => write!(f, "\"{text}\" starts and ends at the same time"),
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
                .working_days
                .on(Weekday::Mon)
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
            &["08:30:60-12:00"],
            expect![[r#""08:30:60-12:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#]],
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
            expect![[r#""08:30-08:30" starts and ends at the same time"#]],
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

    fn windows(texts: &[&str]) -> Vec<Window> {
        texts.iter().map(|it| it.parse().unwrap()).collect()
    }

    fn week(texts: &[&str]) -> Week {
        Week::every_day(windows(texts)).unwrap()
    }

    fn holiday() -> DayKind {
        DayKind::Holiday {
            name: "春节".to_owned(),
        }
    }

    fn check_day(hours: &Hours, date: &str, kind: &DayKind, duty: &[&str], working: &[&str]) {
        let date = date.parse().unwrap();
        assert_eq!(hours.duty(date, kind).as_ref(), windows(duty), "{date}");
        assert_eq!(
            hours.working(date, kind).as_ref(),
            windows(working),
            "{date}"
        );
    }

    const NINE_TO_SIX: &[&str] = &["09:00-18:00"];
    const TEN_TO_FOUR: &[&str] = &["10:00-16:00"];

    #[test]
    fn seconds_are_shown_where_there_are_any() {
        check(&["08:30:15-12:00:00"], expect!["08:30:15-12:00"]);
        check(&["08:30-23:59:59"], expect!["08:30-23:59:59"]);
    }

    #[test]
    fn duty_on_a_rest_day_makes_no_working_day() {
        let hours = |rest| Hours::new(week(NINE_TO_SIX), rest);
        let rest = week(TEN_TO_FOUR);
        for kind in [DayKind::Weekend, holiday()] {
            check_day(&hours(RestDays::Closed), "2026-07-11", &kind, &[], &[]);
            check_day(
                &hours(RestDays::OnDuty(rest.clone())),
                "2026-07-11",
                &kind,
                TEN_TO_FOUR,
                &[],
            );
            check_day(
                &hours(RestDays::Working(rest.clone())),
                "2026-07-11",
                &kind,
                TEN_TO_FOUR,
                TEN_TO_FOUR,
            );
        }
    }

    #[test]
    fn holidays_may_be_unlike_weekends() {
        let hours = Hours::new(week(NINE_TO_SIX), RestDays::Working(week(TEN_TO_FOUR)))
            .with_holidays(RestDays::Closed);
        check_day(
            &hours,
            "2026-07-11",
            &DayKind::Weekend,
            TEN_TO_FOUR,
            TEN_TO_FOUR,
        );
        check_day(&hours, "2026-02-18", &holiday(), &[], &[]);
    }

    #[test]
    fn a_weekday_may_have_hours_of_its_own_and_a_make_up_day_borrows_some() {
        let mut days: [Vec<Window>; 7] = std::array::from_fn(|_| windows(NINE_TO_SIX));
        days[0] = vec![];
        days[4] = windows(TEN_TO_FOUR);
        days[5] = vec![];
        days[6] = windows(&["10:00-12:00"]);
        let hours = Hours::new(Week::try_new(days).unwrap(), RestDays::Closed);
        let make_up_day = DayKind::MakeUpDay {
            name: "春节".to_owned(),
        };
        check_day(&hours, "2026-07-13", &DayKind::Workday, &[], &[]);
        check_day(
            &hours,
            "2026-07-14",
            &DayKind::Workday,
            NINE_TO_SIX,
            NINE_TO_SIX,
        );
        check_day(
            &hours,
            "2026-07-17",
            &DayKind::Workday,
            TEN_TO_FOUR,
            TEN_TO_FOUR,
        );
        check_day(&hours, "2026-02-14", &make_up_day, NINE_TO_SIX, NINE_TO_SIX);
        check_day(
            &hours,
            "2026-01-04",
            &make_up_day,
            &["10:00-12:00"],
            &["10:00-12:00"],
        );
        assert_eq!(hours.working_day_minutes(), 540);
        let none = std::array::from_fn(|_| vec![]);
        assert_eq!(Week::try_new(none), Err(HoursError::NoWindow));
    }

    #[test]
    fn a_closed_date_beats_its_own_hours_and_those_beat_the_weekday_s() {
        let date = |text: &str| text.parse().unwrap();
        let hours = Hours::parse(NINE_TO_SIX)
            .unwrap()
            .with_date(date("2026-07-11"), windows(TEN_TO_FOUR))
            .unwrap()
            .with_date(date("2026-07-14"), windows(TEN_TO_FOUR))
            .unwrap()
            .with_closed(date("2026-07-14"))
            .with_closed(date("2026-07-15"));
        check_day(
            &hours,
            "2026-07-11",
            &DayKind::Weekend,
            TEN_TO_FOUR,
            TEN_TO_FOUR,
        );
        check_day(&hours, "2026-07-14", &DayKind::Workday, &[], &[]);
        check_day(&hours, "2026-07-15", &DayKind::Workday, &[], &[]);
    }

    #[test]
    fn breaks_are_cut_out_also_where_they_overlap() {
        let on_a_day = |breaks: &[&str]| {
            let day = "2026-07-14".parse().unwrap();
            breaks.iter().fold(
                Hours::parse(&["08:30-12:00", "13:30-18:00"]).unwrap(),
                |hours, it| hours.with_break(day, it.parse().unwrap()),
            )
        };
        let check = |breaks: &[&str], left: &[&str]| {
            check_day(
                &on_a_day(breaks),
                "2026-07-14",
                &DayKind::Workday,
                left,
                left,
            );
        };
        check(
            &["09:00-09:15"],
            &["08:30-09:00", "09:15-12:00", "13:30-18:00"],
        );
        check(&["11:00-14:00"], &["08:30-11:00", "14:00-18:00"]);
        check(
            &["17:00-24:00", "00:00-09:00"],
            &["09:00-12:00", "13:30-17:00"],
        );
        check(
            &["09:00-11:00", "10:00-10:30", "10:45-11:30"],
            &["08:30-09:00", "11:30-12:00", "13:30-18:00"],
        );
        check(&["08:00-18:00"], &[]);
        check(&["12:00-13:30"], &["08:30-12:00", "13:30-18:00"]);
        check(&["08:30-09:00"], &["09:00-12:00", "13:30-18:00"]);
    }
}
