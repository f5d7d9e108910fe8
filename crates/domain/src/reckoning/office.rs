//! Calendar, hours and zone laid out as instants, and working time reckoned over them.
//!
//! Laid out once, so that a question about any day is a few look-ups and allocates nothing.

use std::ops::{Range, RangeInclusive};

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};

use super::ReckoningError;
use crate::calendar::{Calendar, Day, MissingYear};
use crate::hours::{Hours, Window};
use crate::id::DepartmentId;
use crate::moment::Moment;
use crate::zone::Zone;

/// The calendar is laid out to the end of so many years after the last published one.
pub const HORIZON_YEARS: i32 = 10;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What an office reckons with.
///
/// ```
/// use chrono::NaiveDate;
/// use shouwen_domain::calendar::Calendar;
/// use shouwen_domain::hours::Hours;
/// use shouwen_domain::reckoning::Office;
/// use shouwen_domain::zone::Zone;
///
/// let date = |day| NaiveDate::from_ymd_opt(2026, 7, day).unwrap();
/// let zone = Zone::fixed("Asia/Shanghai", 8 * 3600);
/// let at = |day, hour, minute| zone.moment(date(day).and_hms_opt(hour, minute, 0).unwrap());
/// let office = Office::covering(
///     &Calendar::ordinary_weeks(),
///     &zone,
///     &Hours::parse(&["09:00-18:00"])?,
///     date(1)..=date(31),
/// );
///
/// // Friday 17:55 and ten working minutes: five are left for Monday.
/// let due = office.add(at(10, 17, 55), 600_000)?;
/// assert_eq!(due, at(13, 9, 5));
/// assert_eq!(office.elapsed(at(10, 17, 55), due)?, 600_000);
/// assert_eq!(office.subtract(due, 600_000)?, at(10, 17, 55));
/// assert!(office.is_working(at(10, 17, 59)) && !office.is_working(at(10, 18, 0)));
/// assert_eq!(office.windows_from(at(10, 17, 0)).next(), Some((at(10, 17, 0), at(10, 18, 0))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    calendar: Calendar,
    zone: Zone,
    hours: Hours,
    department: Option<DepartmentId>,
    first: NaiveDate,
    /// Since 1970-01-01.
    first_unix_day: i64,
    /// One for each day, and one behind them.
    days: Vec<Before>,
    work: Vec<Stretch>,
    /// None: duty is working time.
    duty: Option<Vec<Stretch>>,
    working_days: Vec<WorkingDay>,
    /// Days of years without data.
    missing: Vec<Range<u32>>,
    /// The first day of the years that are not published yet.
    provisional_from: u32,
}

/// One window on one date. It is open from `opens` until just before `closes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub opens: Moment,
    pub closes: Moment,
    /// In all the stretches before it.
    before_ms: i64,
    /// The day, counted from the first one.
    pub day: u32,
}

/// Where to look for a day: how many there are of each before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    work: u32,
    duty: u32,
    working_days: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WorkingDay {
    pub day: u32,
    /// Its stretches end before this one.
    end: u32,
}

impl Office {
    /// From the first published year to [`HORIZON_YEARS`] after the last one.
    pub fn new(calendar: &Calendar, zone: &Zone, hours: &Hours) -> Self {
        let years = || calendar.years();
        let (first, last) = years().next().zip(years().last()).unwrap_or((1970, 1970));
        let new_year = |year| NaiveDate::from_yo_opt(year, 1).unwrap_or(NaiveDate::MAX);
        // A year's list may begin with days of the December before.
        let listed = calendar.listed().next().map(|(date, ..)| date);
        let first = listed.map_or(new_year(first), |it| it.min(new_year(first)));
        Self::covering(
            calendar,
            zone,
            hours,
            first..=new_year(last + HORIZON_YEARS + 1) - Days::new(1),
        )
    }

    /// Over other dates, such as those of a calendar that knows every year.
    pub fn covering(
        calendar: &Calendar,
        zone: &Zone,
        hours: &Hours,
        dates: RangeInclusive<NaiveDate>,
    ) -> Self {
        let first = *dates.start();
        let n_days = (*dates.end() - first).num_days() + 1;
        let n_days = u32::try_from(n_days).unwrap_or(0);
        let mut office = Self {
            calendar: calendar.clone(),
            zone: zone.clone(),
            hours: hours.clone(),
            department: None,
            first,
            first_unix_day: (first - NaiveDate::default()).num_days(),
            days: Vec::with_capacity(n_days as usize + 1),
            work: Vec::new(),
            duty: hours.knows_mere_duty().then(Vec::new),
            working_days: Vec::new(),
            missing: Vec::new(),
            provisional_from: u32::MAX,
        };
        for day in 0..n_days {
            office.mark();
            office.lay_out(day);
        }
        office.mark();
        office
    }

    /// The hours are a department's own, which the explanation says.
    #[must_use]
    pub fn of_department(self, department: DepartmentId) -> Self {
        Self {
            department: Some(department),
            ..self
        }
    }

    fn mark(&mut self) {
        self.days.push(Before {
            work: index(self.work.len()),
            duty: index(self.duty().len()),
            working_days: index(self.working_days.len()),
        });
    }

    fn n_days(&self) -> u32 {
        index(self.days.len() - 1)
    }

    fn lay_out(&mut self, number: u32) {
        let date = self.date(number);
        let Ok(day) = self.calendar.day(date) else {
            match self.missing.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => self.missing.push(number..number + 1),
            }
            return;
        };
        if day.provisional {
            self.provisional_from = self.provisional_from.min(number);
        }
        let n_before = self.work.len();
        for window in self.hours.working(date, &day.kind).iter() {
            push(&mut self.work, &self.zone, date, *window, number);
        }
        if let Some(duty) = &mut self.duty {
            for window in self.hours.duty(date, &day.kind).iter() {
                push(duty, &self.zone, date, *window, number);
            }
        }
        if self.work.len() > n_before {
            self.working_days.push(WorkingDay {
                day: number,
                end: index(self.work.len()),
            });
        }
    }

    /// The calendar it was laid out over.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The zone of its civil times.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Its hours as written.
    pub const fn hours(&self) -> &Hours {
        &self.hours
    }

    /// Whose hours they are; none: the site's.
    pub const fn department(&self) -> Option<&DepartmentId> {
        self.department.as_ref()
    }

    /// `span_ms` of working time after `start`. What is used up exactly at closing ends at closing; nothing at all
    /// ends when the office next works.
    ///
    /// # Errors
    ///
    /// A year without data lies between, or there is no such moment in the years laid out.
    pub fn add(&self, start: Moment, span_ms: u64) -> Result<Moment, ReckoningError> {
        self.forward(start, span_ms).map(|(at, _)| at)
    }

    /// `span_ms` of working time before `end`: the mirror of [`Self::add`]. What is used up exactly at opening
    /// ends at opening; nothing at all ends when the office last worked.
    ///
    /// # Errors
    ///
    /// As for [`Self::add`].
    pub fn subtract(&self, end: Moment, span_ms: u64) -> Result<Moment, ReckoningError> {
        let today = self.day_of(end)?;
        let span_ms = i64::try_from(span_ms).unwrap_or(i64::MAX);
        let n = if span_ms == 0 {
            self.work.partition_point(|it| it.opens <= end)
        } else {
            let worked_ms = self.worked(end, today) - span_ms;
            self.work.partition_point(|it| it.before_ms <= worked_ms)
        };
        let found = n.checked_sub(1).map(|i| self.work[i]);
        let found = found.ok_or_else(|| self.before_all())?;
        let at = if span_ms == 0 {
            end.min(found.closes)
        } else {
            found.after(self.worked(end, today) - span_ms - found.before_ms)
        };
        self.all_known_back(found.day, today)?;
        Ok(at)
    }

    /// Milliseconds of working time from `start` to `end`; none if `end` is earlier.
    ///
    /// # Errors
    ///
    /// A year without data lies between, or one of the two is outside the years laid out.
    pub fn elapsed(&self, start: Moment, end: Moment) -> Result<u64, ReckoningError> {
        if end <= start {
            return Ok(0);
        }
        let (first, last) = (self.day_of(start)?, self.day_of(end)?);
        self.all_known(first, last)?;
        Ok((self.worked(end, last) - self.worked(start, first)).unsigned_abs())
    }

    /// Whether working time runs; at closing it does not.
    pub fn is_working(&self, at: Moment) -> bool {
        self.day_of(at)
            .is_ok_and(|day| self.next_work(at, day).is_some_and(|it| it.opens <= at))
    }

    /// Whether somebody is on duty; at closing nobody is.
    pub fn is_on_duty(&self, at: Moment) -> bool {
        self.day_of(at)
            .is_ok_and(|day| self.next_on_duty(at, day).is_some_and(|it| it.opens <= at))
    }

    /// When working time runs from `start` on, by window; the first may have begun.
    pub fn windows_from(&self, start: Moment) -> impl Iterator<Item = (Moment, Moment)> {
        let n_over = self.work.partition_point(|it| it.closes <= start);
        self.work[n_over..]
            .iter()
            .map(move |it| (it.opens.max(start), it.closes))
    }

    /// # Errors
    ///
    /// The date lies in a year without data or outside the years laid out.
    pub fn is_working_day(&self, date: NaiveDate) -> Result<bool, ReckoningError> {
        let day = self.day_on(date)?;
        self.all_known(day, day)?;
        Ok(self
            .working_days
            .binary_search_by_key(&day, |it| it.day)
            .is_ok())
    }

    /// The working day of this number (from 1) after `date`.
    ///
    /// # Errors
    ///
    /// A year without data lies between, or there is no such day in the years laid out.
    pub fn working_day_after(&self, date: NaiveDate, n: u32) -> Result<NaiveDate, ReckoningError> {
        let today = self.day_on(date)?;
        let found = self.nth_working_day(self.n_working_days_to(today) + n as usize, today)?;
        self.all_known(today, found.day)?;
        Ok(self.date(found.day))
    }

    /// The working day of this number (from 1) before `date`.
    ///
    /// # Errors
    ///
    /// As for [`Self::working_day_after`].
    pub fn working_day_before(&self, date: NaiveDate, n: u32) -> Result<NaiveDate, ReckoningError> {
        let today = self.day_on(date)?;
        let found = (self.days[today as usize].working_days as usize)
            .checked_sub(n.max(1) as usize)
            .map(|i| self.working_days[i])
            .ok_or_else(|| self.before_all())?;
        self.all_known_back(found.day, today)?;
        Ok(self.date(found.day))
    }

    /// The first moment from `wished` on at which the office works or just closes.
    ///
    /// # Errors
    ///
    /// As for [`Self::add`].
    pub fn rolled_forward(&self, wished: Moment) -> Result<Moment, ReckoningError> {
        self.rolled(wished, self.day_of(wished)?).map(|(at, _)| at)
    }

    pub(super) fn rolled(
        &self,
        wished: Moment,
        day: u32,
    ) -> Result<(Moment, Stretch), ReckoningError> {
        let start = self.days[day as usize].work.saturating_sub(1) as usize;
        let found = self.work[start..].iter().find(|it| it.closes >= wished);
        let found = *found.ok_or_else(|| self.beyond(day))?;
        self.all_known(day, found.day)?;
        Ok((wished.max(found.opens), found))
    }

    pub(super) fn forward(
        &self,
        start: Moment,
        span_ms: u64,
    ) -> Result<(Moment, Stretch), ReckoningError> {
        /// Beyond so many windows, they are not tried one by one.
        const NEAR: usize = 8;
        let today = self.day_of(start)?;
        let first = self.n_over(start, today);
        let rest = &self.work[first..];
        let next = rest.first();
        let next = next.ok_or_else(|| self.beyond(today))?;
        let (at, stretch) = if span_ms == 0 {
            (next.opens.max(start), *next)
        } else {
            let span_ms = i64::try_from(span_ms).unwrap_or(i64::MAX);
            let into_ms = (start.unix_ms() - next.opens.unix_ms()).max(0);
            let worked_ms = (next.before_ms + into_ms).saturating_add(span_ms);
            let is_before = |it: &Stretch| it.before_ms < worked_ms;
            let mut n = rest
                .iter()
                .take(NEAR)
                .take_while(|it| is_before(it))
                .count();
            if n == NEAR {
                n += rest[NEAR..].partition_point(is_before);
            }
            let last = rest[n - 1];
            let at = last.after(worked_ms - last.before_ms);
            if at > last.closes {
                return Err(self.beyond(today));
            }
            (at, last)
        };
        self.all_known(today, stretch.day)?;
        Ok((at, stretch))
    }

    /// The stretch of duty in which `start` falls, or the next one.
    pub(super) fn next_duty(&self, start: Moment) -> Result<Stretch, ReckoningError> {
        let today = self.day_of(start)?;
        let found = self.next_on_duty(start, today);
        let found = found.ok_or_else(|| self.beyond(today))?;
        self.all_known(today, found.day)?;
        Ok(found)
    }

    /// The stretch of work in which `at` falls on `day`, or the next one.
    pub(super) fn next_work(&self, at: Moment, day: u32) -> Option<Stretch> {
        self.work.get(self.n_over(at, day)).copied()
    }

    fn next_on_duty(&self, at: Moment, day: u32) -> Option<Stretch> {
        let Some(duty) = &self.duty else {
            return self.next_work(at, day);
        };
        let start = self.days[day as usize].duty.saturating_sub(1) as usize;
        duty[start..].iter().find(|it| it.closes > at).copied()
    }

    /// How many stretches of work are over at `at`, which falls on `day`.
    fn n_over(&self, at: Moment, day: u32) -> usize {
        // Where the clock is put forward at midnight, the last one of the day before may still be open.
        let start = self.days[day as usize].work.saturating_sub(1) as usize;
        let later = &self.work[start..];
        start + later.iter().take_while(|it| it.closes <= at).count()
    }

    pub(super) fn duty(&self) -> &[Stretch] {
        self.duty.as_deref().unwrap_or(&self.work)
    }

    pub(super) fn work(&self) -> &[Stretch] {
        &self.work
    }

    /// Working time from the first day to `at`, which falls on `day`.
    fn worked(&self, at: Moment, day: u32) -> i64 {
        match self.next_work(at, day) {
            Some(it) => it.before_ms + (at.unix_ms() - it.opens.unix_ms()).max(0),
            None => self.work.last().map_or(0, |it| {
                it.before_ms + it.closes.unix_ms() - it.opens.unix_ms()
            }),
        }
    }

    /// How many working days there are up to this one and with it.
    pub(super) fn n_working_days_to(&self, day: u32) -> usize {
        self.days[day as usize + 1].working_days as usize
    }

    /// Of all working days, from 1.
    pub(super) fn nth_working_day(
        &self,
        n: usize,
        today: u32,
    ) -> Result<WorkingDay, ReckoningError> {
        let found = n.checked_sub(1).and_then(|i| self.working_days.get(i));
        found.copied().ok_or_else(|| self.beyond(today))
    }

    pub(super) fn closing(&self, day: WorkingDay) -> Moment {
        self.work[day.end as usize - 1].closes
    }

    /// When the office first works after this many working days.
    pub(super) fn opening_after(&self, n: usize) -> Option<Moment> {
        let end = n.checked_sub(1).map_or(0, |i| self.working_days[i].end);
        self.work.get(end as usize).map(|it| it.opens)
    }

    pub(super) fn day_of(&self, at: Moment) -> Result<u32, ReckoningError> {
        self.day_of_local(self.zone.local_ms(at))
            .ok_or_else(|| self.not_laid_out(self.zone.local(at).date()))
    }

    fn day_of_local(&self, local_ms: i64) -> Option<u32> {
        let day = local_ms.div_euclid(DAY_MS) - self.first_unix_day;
        u32::try_from(day).ok().filter(|it| *it < self.n_days())
    }

    /// The time of day of `at`, on another day.
    pub(super) fn same_time(&self, at: Moment, day: u32) -> Moment {
        let time_ms = self.zone.local_ms(at).rem_euclid(DAY_MS);
        let date_ms = (self.first_unix_day + i64::from(day)) * DAY_MS;
        self.zone.moment_of_ms(date_ms + time_ms)
    }

    pub(super) fn day_on(&self, date: NaiveDate) -> Result<u32, ReckoningError> {
        let day = u32::try_from((date - self.first).num_days()).ok();
        day.filter(|it| *it < self.n_days())
            .ok_or_else(|| self.not_laid_out(date))
    }

    fn not_laid_out(&self, date: NaiveDate) -> ReckoningError {
        match self.calendar.day(date) {
            Err(missing) => missing.into(),
            Ok(_) => ReckoningError::StartOutOfRange,
        }
    }

    pub(super) fn date(&self, day: u32) -> NaiveDate {
        self.first + Days::new(day.into())
    }

    /// What a day laid out is.
    pub(super) fn day(&self, day: u32) -> Day {
        self.calendar
            .day(self.date(day))
            .expect("only days that are known are asked for")
    }

    pub(super) const fn is_provisional(&self, day: u32) -> bool {
        day >= self.provisional_from
    }

    pub(super) fn local(&self, at: Moment) -> NaiveDateTime {
        self.zone.local(at)
    }

    /// # Errors
    ///
    /// The first year without data from one day to another.
    pub(super) fn all_known(&self, from: u32, to: u32) -> Result<(), ReckoningError> {
        match self.missing.iter().find(|it| it.end > from) {
            Some(gap) if gap.start <= to => {
                let year = self.date(gap.start.max(from)).year();
                Err(MissingYear(year).into())
            }
            _ => Ok(()),
        }
    }

    /// The same, looking back: the last year without data.
    fn all_known_back(&self, from: u32, to: u32) -> Result<(), ReckoningError> {
        match self.missing.iter().rfind(|it| it.start <= to) {
            Some(gap) if gap.end > from => {
                let year = self.date((gap.end - 1).min(to)).year();
                Err(MissingYear(year).into())
            }
            _ => Ok(()),
        }
    }

    /// Nothing was found from `today` to the last day.
    fn beyond(&self, today: u32) -> ReckoningError {
        self.all_known(today, self.n_days())
            .err()
            .unwrap_or(ReckoningError::BeyondHorizon)
    }

    fn before_all(&self) -> ReckoningError {
        let before = self.first.pred_opt().unwrap_or(NaiveDate::MIN);
        match self.calendar.day(before) {
            Err(missing) => missing.into(),
            Ok(_) => ReckoningError::StartOutOfRange,
        }
    }
}

impl Stretch {
    fn after(self, ms: i64) -> Moment {
        Moment::from_unix_ms(self.opens.unix_ms() + ms)
    }
}

/// Where the clock is put forward over a window, what is left of it may be nothing.
fn push(into: &mut Vec<Stretch>, zone: &Zone, date: NaiveDate, window: Window, day: u32) {
    let last = into.last();
    let opens = zone.moment(window.start().on(date));
    let opens = last.map_or(opens, |it| opens.max(it.closes));
    let closes = zone.moment(window.end().on(date));
    if opens < closes {
        let before_ms = last.map_or(0, |it| {
            it.before_ms + it.closes.unix_ms() - it.opens.unix_ms()
        });
        into.push(Stretch {
            opens,
            closes,
            before_ms,
            day,
        });
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).expect("a few windows on each of some thousand days")
}
