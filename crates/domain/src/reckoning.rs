//! By when: a start, a limit and an office give the moment it is due, and the steps that led there.
//!
//! Start at [`reckon`]. The steps are data; whoever shows them finds the words.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, Day, MissingYear};
use crate::hours::{Hours, Window};
use crate::moment::{Minutes, Moment};
use crate::zone::Zone;

/// What an office reckons with.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    pub calendar: &'a Calendar,
    pub zone: &'a Zone,
    pub hours: &'a Hours,
}

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Clock time, on through closing. Off duty at the start: from so long after the next duty start.
    ClockMinutes {
        minutes: Minutes,
        off_duty_start_after: Minutes,
    },
    WorkingDays {
        days: u32,
        reading: DayReading,
    },
    /// Only while the office works.
    WorkingMinutes {
        minutes: Minutes,
    },
    /// Clock time that knows no duty hours (I14).
    PlainMinutes {
        minutes: Minutes,
    },
}

/// How a number of working days is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DayReading {
    /// The day of receipt does not count; the last day ends at closing (Civil Code, articles 201 and 203).
    #[default]
    NextDayClosing,
    /// The day of receipt counts if the office still works on it; the last day ends at closing.
    ReceiptDayCounts,
    /// The day of receipt does not count; due at the same time of day, or when the office next works.
    SameTime,
}

/// When it is due, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub at: Moment,
    /// It rests on a year that is not published yet.
    pub provisional: bool,
    pub steps: Vec<Step>,
}

impl Due {
    /// A moment that was agreed, consented to or set by a sender.
    pub fn set_by_hand(since: Moment, at: Moment, zone: &Zone) -> Self {
        Self {
            at,
            provisional: false,
            steps: vec![
                Step::Started {
                    at: zone.local(since),
                },
                Step::SetByHand { at: zone.local(at) },
            ],
        }
    }
}

/// One line of the explanation, in the order of reckoning. Times are civil times of the office's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Started {
        at: NaiveDateTime,
    },
    /// The start fell into this window.
    OnDuty {
        day: Day,
        window: Window,
    },
    OffDuty {
        next_duty_start: NaiveDateTime,
    },
    /// The clock starts `after` the next duty start.
    ClockStarts {
        at: NaiveDateTime,
        after: Minutes,
    },
    DutyHoursIgnored,
    ReceiptDayNotCounted {
        day: Day,
    },
    /// No working day, or nobody on duty.
    Skipped {
        day: Day,
    },
    /// The working day of this number, from 1.
    Counted {
        day: Day,
        number: u32,
    },
    /// Working time used up in one window; `until` may be the 00:00 that ends the day.
    Worked {
        from: NaiveDateTime,
        until: NaiveDateTime,
        used_ms: u64,
        left_ms: u64,
    },
    EndsAtClosing {
        at: NaiveDateTime,
    },
    RolledIntoHours {
        from: NaiveDateTime,
        to: NaiveDateTime,
    },
    RunsOnThroughClosing {
        closing: NaiveDateTime,
    },
    ProvisionalYear {
        year: i32,
    },
    /// The moment itself was agreed, consented to or set by a sender.
    SetByHand {
        at: NaiveDateTime,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReckoningError {
    MissingYear(MissingYear),
    /// Before 1970 or after 9999.
    StartOutOfRange,
    /// A limit of zero working days has no last day.
    NoDays,
    /// Not due within [`HORIZON_DAYS`].
    BeyondHorizon,
    /// Its moment has to be set by hand, and was not.
    NoLimit,
}

/// No deadline is looked for further ahead.
pub const HORIZON_DAYS: u32 = 3_660;

impl std::fmt::Display for ReckoningError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingYear(error) => error.fmt(f),
            Self::StartOutOfRange => {
                f.write_str("The start is not between the years 1970 and 9999")
            }
            Self::NoDays => f.write_str("A limit of working days needs at least one day"),
            Self::NoLimit => f.write_str("The moment has to be agreed or set, and was not"),
            Self::BeyondHorizon => write!(f, "The deadline is more than {HORIZON_DAYS} days away"),
        }
    }
}

impl std::error::Error for ReckoningError {}

impl From<MissingYear> for ReckoningError {
    fn from(error: MissingYear) -> Self {
        Self::MissingYear(error)
    }
}

/// When `limit` is up that starts at `start`.
///
/// # Errors
///
/// A past year without data, a start outside the years 1970 to 9999, no days at all, or a deadline
/// more than [`HORIZON_DAYS`] away.
pub fn reckon(start: Moment, limit: &Limit, office: &Office<'_>) -> Result<Due, ReckoningError> {
    if !(0..253_402_300_800_000).contains(&start.unix_ms()) {
        return Err(ReckoningError::StartOutOfRange);
    }
    let local = office.zone.local(start);
    let mut walk = Walk {
        office,
        start,
        local,
        last_date: local.date() + chrono::Days::new(HORIZON_DAYS.into()),
        provisional_year: None,
        steps: vec![Step::Started { at: local }],
    };
    let at = match *limit {
        Limit::ClockMinutes {
            minutes,
            off_duty_start_after,
        } => walk.clock(minutes, off_duty_start_after)?,
        Limit::WorkingDays { days: 0, .. } => return Err(ReckoningError::NoDays),
        Limit::WorkingDays { days, reading } => walk.days(days, reading)?,
        Limit::WorkingMinutes { minutes } => walk.working(minutes)?,
        Limit::PlainMinutes { minutes } => {
            walk.steps.push(Step::DutyHoursIgnored);
            start + minutes
        }
    };
    Ok(Due {
        at,
        provisional: walk.provisional_year.is_some(),
        steps: walk.steps,
    })
}

/// A walk through the days from the start, noting its steps.
struct Walk<'a> {
    office: &'a Office<'a>,
    start: Moment,
    local: NaiveDateTime,
    last_date: NaiveDate,
    /// The last one noted.
    provisional_year: Option<i32>,
    steps: Vec<Step>,
}

impl<'a> Walk<'a> {
    fn clock(
        &mut self,
        minutes: Minutes,
        off_duty_start_after: Minutes,
    ) -> Result<Moment, ReckoningError> {
        let hours = self.office.hours;
        let opening = self.opening(Hours::duty)?;
        let mut from = self.start;
        if opening.is_later {
            from = opening.at + off_duty_start_after;
            self.steps.push(Step::ClockStarts {
                at: self.office.zone.local(from),
                after: off_duty_start_after,
            });
        }
        let due = from + minutes;
        let mut date = opening.date;
        let mut closing = opening.window.end().on(date);
        // Where the next day opens as this one closes, there is no closing to speak of.
        while self.office.zone.moment(closing) < due
            && closing.date() > date
            && closing.date() < self.last_date
        {
            let Ok(day) = self.office.calendar.day(closing.date()) else {
                break;
            };
            let Some(next) = hours
                .duty(&day.kind)
                .first()
                .filter(|it| it.start().on(day.date) == closing)
            else {
                break;
            };
            date = day.date;
            closing = next.end().on(date);
        }
        if self.office.zone.moment(closing) < due {
            self.steps.push(Step::RunsOnThroughClosing { closing });
        }
        Ok(due)
    }

    fn working(&mut self, minutes: Minutes) -> Result<Moment, ReckoningError> {
        let opening = self.opening(Hours::working)?;
        let mut left_ms = i64::from(minutes.0) * 60_000;
        let mut from = if opening.is_later {
            opening.at
        } else {
            self.start
        };
        if left_ms == 0 && opening.is_later {
            self.steps.push(Step::RolledIntoHours {
                from: self.local,
                to: self.office.zone.local(from),
            });
        }
        let mut date = opening.date;
        loop {
            let day = self.office.calendar.day(date)?;
            for window in self.office.hours.working(&day.kind) {
                let (opens, closes) = self.bounds(*window, date);
                if closes <= from {
                    continue;
                }
                from = from.max(opens);
                let used_ms = left_ms.min(closes.unix_ms() - from.unix_ms());
                let until = Moment::from_unix_ms(from.unix_ms() + used_ms);
                left_ms -= used_ms;
                if used_ms > 0 {
                    self.steps.push(Step::Worked {
                        from: self.office.zone.local(from),
                        until: self.office.zone.local(until),
                        used_ms: used_ms.unsigned_abs(),
                        left_ms: left_ms.unsigned_abs(),
                    });
                }
                if left_ms == 0 {
                    if until == closes {
                        self.steps.push(Step::EndsAtClosing {
                            at: self.office.zone.local(until),
                        });
                    }
                    return Ok(until);
                }
                from = closes;
            }
            date = self.next_working_day(date)?.date;
        }
    }

    fn days(&mut self, days: u32, reading: DayReading) -> Result<Moment, ReckoningError> {
        let receipt = self.day(self.local.date())?;
        let mut number = 0;
        let mut date = receipt.date;
        let still_works = self
            .closing(&receipt)
            .is_some_and(|closing| self.start < self.office.zone.moment(closing));
        if reading == DayReading::ReceiptDayCounts && still_works {
            number = 1;
            self.steps.push(Step::Counted {
                day: receipt,
                number,
            });
        } else {
            self.steps.push(Step::ReceiptDayNotCounted { day: receipt });
        }
        while number < days {
            let day = self.next_working_day(date)?;
            number += 1;
            date = day.date;
            self.steps.push(Step::Counted { day, number });
        }
        if reading == DayReading::SameTime {
            return self.rolled(date.and_time(self.local.time()));
        }
        let day = self.office.calendar.day(date)?;
        let closing = self.closing(&day).expect("a counted day has a window");
        self.steps.push(Step::EndsAtClosing { at: closing });
        Ok(self.office.zone.moment(closing))
    }

    /// The same time if the office works then or closes just then, else when it next works.
    fn rolled(&mut self, wished: NaiveDateTime) -> Result<Moment, ReckoningError> {
        let at = self.office.zone.moment(wished);
        let mut date = wished.date();
        loop {
            let day = self.office.calendar.day(date)?;
            for window in self.office.hours.working(&day.kind) {
                let (opens, closes) = self.bounds(*window, date);
                if at < opens {
                    self.steps.push(Step::RolledIntoHours {
                        from: wished,
                        to: self.office.zone.local(opens),
                    });
                    return Ok(opens);
                }
                if at == closes {
                    self.steps.push(Step::EndsAtClosing { at: wished });
                }
                if at <= closes {
                    return Ok(at);
                }
            }
            date = self.next_working_day(date)?.date;
        }
    }

    /// The window in which the start falls, or the next one, with the steps that say so.
    fn opening(
        &mut self,
        windows: impl Fn(&'a Hours, &crate::calendar::DayKind) -> &'a [Window],
    ) -> Result<Opening, ReckoningError> {
        let off_duty_step = self.steps.len();
        let mut day = self.day(self.local.date())?;
        loop {
            let today = windows(self.office.hours, &day.kind);
            let next = today
                .iter()
                .find(|it| self.start < self.bounds(**it, day.date).1);
            if let Some(&window) = next {
                let date = day.date;
                let at = self.bounds(window, date).0;
                let is_later = self.start < at;
                if is_later {
                    let next_duty_start = self.office.zone.local(at);
                    self.steps
                        .insert(off_duty_step, Step::OffDuty { next_duty_start });
                } else {
                    self.steps.push(Step::OnDuty { day, window });
                }
                return Ok(Opening {
                    date,
                    window,
                    at,
                    is_later,
                });
            }
            let date = day.date;
            if today.is_empty() {
                self.steps.push(Step::Skipped { day });
            }
            day = self.day_after(date)?;
        }
    }

    fn next_working_day(&mut self, date: NaiveDate) -> Result<Day, ReckoningError> {
        let mut day = self.day_after(date)?;
        while self.office.hours.working(&day.kind).is_empty() {
            let date = day.date;
            self.steps.push(Step::Skipped { day });
            day = self.day_after(date)?;
        }
        Ok(day)
    }

    fn day_after(&mut self, date: NaiveDate) -> Result<Day, ReckoningError> {
        let next = date
            .succ_opt()
            .filter(|it| *it <= self.last_date)
            .ok_or(ReckoningError::BeyondHorizon)?;
        self.day(next)
    }

    fn day(&mut self, date: NaiveDate) -> Result<Day, ReckoningError> {
        let day = self.office.calendar.day(date)?;
        let year = chrono::Datelike::year(&date);
        if day.provisional && self.provisional_year != Some(year) {
            self.provisional_year = Some(year);
            self.steps.push(Step::ProvisionalYear { year });
        }
        Ok(day)
    }

    /// When the office stops working on a day.
    fn closing(&self, day: &Day) -> Option<NaiveDateTime> {
        self.office
            .hours
            .working(&day.kind)
            .last()
            .map(|it| it.end().on(day.date))
    }

    fn bounds(&self, window: Window, date: NaiveDate) -> (Moment, Moment) {
        let zone = self.office.zone;
        (
            zone.moment(window.start().on(date)),
            zone.moment(window.end().on(date)),
        )
    }
}

/// A window on a date.
struct Opening {
    date: NaiveDate,
    window: Window,
    at: Moment,
    /// The start is before it.
    is_later: bool,
}

#[cfg(test)]
mod tests;
