//! By when: a start, a limit, its pauses and an office give the moment it is due, and the steps that led there.
//!
//! [`standing`] is the answer alone, [`reckon`] the same with its steps: they are data, and whoever shows them finds
//! the words. Sums of working time without a limit are [`Office`]'s.

mod explain;
mod office;
mod run;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

pub use self::office::{HORIZON_YEARS, Office};
use self::run::Run;
use crate::calendar::{Day, MissingYear};
use crate::hours::Window;
use crate::id::DepartmentId;
use crate::moment::{Minutes, Moment};
use crate::zone::Zone;

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

/// A stretch in which a clock stands still; without an end, it still does.
///
/// Pauses may overlap; what several cover counts once. One that ends before it begins is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub from: Moment,
    pub until: Option<Moment>,
}

/// When it is due; or that it is not, as long as its clock stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Due {
        at: Moment,
        /// It rests on a year that is not published yet.
        provisional: bool,
    },
    /// A pause without an end came before it was due.
    Paused {
        since: Moment,
        /// Milliseconds of the clock's own time that are left when it goes on.
        left_ms: u64,
    },
}

/// When it is due, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub at: Moment,
    /// It rests on a year that is not published yet.
    pub provisional: bool,
    /// The last one is [`Step::DueAt`].
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
                Step::DueAt {
                    at,
                    shown: zone.local(at),
                },
            ],
        }
    }
}

/// A [`Standing`], and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reckoning {
    Due(Due),
    /// The last step is [`Step::StandsStill`].
    Paused {
        since: Moment,
        /// Milliseconds of the clock's own time that are left when it goes on.
        left_ms: u64,
        steps: Vec<Step>,
    },
}

impl Reckoning {
    /// None while the clock stands still, which it never does without pauses.
    pub fn due(self) -> Option<Due> {
        match self {
            Self::Due(due) => Some(due),
            Self::Paused { .. } => None,
        }
    }

    /// The same without its steps.
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Due(due) => Standing::Due {
                at: due.at,
                provisional: due.provisional,
            },
            Self::Paused { since, left_ms, .. } => Standing::Paused {
                since: *since,
                left_ms: *left_ms,
            },
        }
    }

    /// How it came about, the last the due moment or the pause.
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Due(Due { steps, .. }) | Self::Paused { steps, .. } => steps,
        }
    }
}

/// One line of the explanation, in the order of reckoning. Times are civil times of the office's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Started {
        at: NaiveDateTime,
    },
    /// The hours are not the site's but this department's own.
    DepartmentHours {
        department: DepartmentId,
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
    /// A working day of the calendar on which this office is closed.
    Closed {
        day: Day,
    },
    /// The date has windows of its own.
    OwnHours {
        date: NaiveDate,
        windows: Vec<Window>,
    },
    /// Closed for a while on that date.
    Break {
        date: NaiveDate,
        window: Window,
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
    /// The clock stood still, and lost so much of its own time up to when it would have been up, which is given
    /// back. Without an end, it still does.
    Paused {
        from: NaiveDateTime,
        until: Option<NaiveDateTime>,
        lost_ms: u64,
    },
    /// Clock time that pauses took.
    GivenBack {
        from: NaiveDateTime,
        until: NaiveDateTime,
        ms: u64,
    },
    ProvisionalYear {
        year: i32,
    },
    /// The moment itself was agreed, consented to or set by a sender.
    SetByHand {
        at: NaiveDateTime,
    },
    /// The last step of what is due.
    DueAt {
        at: Moment,
        shown: NaiveDateTime,
    },
    /// The last step of what is not due while it stands still.
    StandsStill {
        since: NaiveDateTime,
        left_ms: u64,
    },
}

/// Why there is no due moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReckoningError {
    /// A year without data that is not after the last published one.
    MissingYear(MissingYear),
    /// Outside the years laid out; for [`Limit::PlainMinutes`], before 1970 or after 9999.
    StartOutOfRange,
    /// A limit of zero working days has no last day.
    NoDays,
    /// Not due within the years laid out, see [`HORIZON_YEARS`].
    BeyondHorizon,
    /// Its moment has to be set by hand, and was not.
    NoLimit,
    /// A pause lasts still, so there is no due moment yet.
    StandsStill {
        since: Moment,
        /// Milliseconds of the clock's own time that are left when it goes on.
        left_ms: u64,
    },
}

impl std::fmt::Display for ReckoningError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingYear(error) => error.fmt(f),
            Self::StartOutOfRange => f.write_str("The start is outside the years of the calendar"),
            Self::NoDays => f.write_str("A limit of working days needs at least one day"),
            Self::NoLimit => f.write_str("The moment has to be agreed or set, and was not"),
            Self::StandsStill { .. } => f.write_str("It is not due while its clock stands still"),
            Self::BeyondHorizon => f.write_str("The deadline is after the years of the calendar"),
        }
    }
}

impl std::error::Error for ReckoningError {}

impl From<MissingYear> for ReckoningError {
    fn from(error: MissingYear) -> Self {
        Self::MissingYear(error)
    }
}

/// When `limit` is up that starts at `start`: what [`reckon`] says, without the steps and without allocating.
///
/// # Errors
///
/// As for [`reckon`].
pub fn standing(
    start: Moment,
    limit: &Limit,
    pauses: &[Pause],
    office: &Office,
) -> Result<Standing, ReckoningError> {
    Run::of(start, limit, office)?.standing(pauses, office, |_| {})
}

/// When `limit` is up that starts at `start`, with every step.
///
/// What a pause takes is given back in the clock's own time, from when the clock would have been up: clock time for
/// [`Limit::ClockMinutes`] and [`Limit::PlainMinutes`], working time for the others. For working days that means:
/// the days are counted as if there were no pause, the working time that fell into pauses on counted days is added
/// up (on the day of receipt too where it counts, or where the same time is due), and the due moment moves on by
/// just that much working time. A pause over one whole day moves it by a day, one of half an hour by half an hour,
/// one over a night or a holiday not at all. Nobody gains by a pause or loses by it, and a longer pause never makes
/// anything due sooner.
///
/// ```
/// use shouwen_domain::calendar::Calendar;
/// use shouwen_domain::hours::Hours;
/// use shouwen_domain::reckoning::{
///     DayReading, Limit, Office, Pause, Reckoning, Standing, Step, reckon, standing,
/// };
/// use shouwen_domain::zone::Zone;
///
/// let zone = Zone::fixed("Asia/Shanghai", 8 * 3600);
/// let at = |text: &str| zone.moment(text.parse().unwrap());
/// let (from, to) = ("2026-07-01".parse()?, "2026-07-31".parse()?);
/// let hours = Hours::parse(&["09:00-18:00"])?;
/// let office = Office::covering(&Calendar::ordinary_weeks(), &zone, &hours, from..=to);
/// let one_day = Limit::WorkingDays { days: 1, reading: DayReading::NextDayClosing };
///
/// let due = reckon(at("2026-07-10T16:30:00"), &one_day, &[], &office)?.due().unwrap();
/// assert_eq!(due.at, at("2026-07-13T18:00:00"));
/// assert!(matches!(due.steps.last(), Some(Step::DueAt { at, .. }) if *at == due.at));
///
/// let mut pause = Pause { from: at("2026-07-13T17:00:00"), until: Some(at("2026-07-14T09:30:00")) };
/// let paused = standing(at("2026-07-10T16:30:00"), &one_day, &[pause], &office)?;
/// assert_eq!(paused, Standing::Due { at: at("2026-07-14T10:30:00"), provisional: false });
///
/// pause.until = None;
/// let paused = standing(at("2026-07-10T16:30:00"), &one_day, &[pause], &office)?;
/// assert_eq!(paused, Standing::Paused { since: pause.from, left_ms: 3_600_000 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A past year without data, a start or a due moment outside the years laid out, or no days at all.
pub fn reckon(
    start: Moment,
    limit: &Limit,
    pauses: &[Pause],
    office: &Office,
) -> Result<Reckoning, ReckoningError> {
    let run = Run::of(start, limit, office)?;
    explain::reckoning(start, Some(limit), run, pauses, office)
}

/// [`Office::add`] with pauses and with every step: `span_ms` of working time from `start`.
///
/// # Errors
///
/// As for [`reckon`].
pub fn reckon_working_time(
    start: Moment,
    span_ms: u64,
    pauses: &[Pause],
    office: &Office,
) -> Result<Reckoning, ReckoningError> {
    let run = Run::working(start, span_ms, office)?;
    explain::reckoning(start, None, run, pauses, office)
}

/// [`Office::elapsed`] without what fell into pauses: milliseconds of working time from `start` to `end`.
///
/// # Errors
///
/// As for [`Office::elapsed`].
pub fn elapsed(
    start: Moment,
    end: Moment,
    pauses: &[Pause],
    office: &Office,
) -> Result<u64, ReckoningError> {
    if end <= start {
        return Ok(0);
    }
    let lost_ms = Run::between(start, end).lost_ms(pauses, office)?;
    Ok(office.elapsed(start, end)? - lost_ms)
}

/// When to warn that so many minutes are left, in the clock's own time: a clock of minutes is reckoned with as many
/// minutes less, and from the due moment of working days that much working time is taken back, without what fell
/// into pauses. Never before the clock runs.
///
/// # Errors
///
/// As for [`reckon`].
pub fn warning(
    start: Moment,
    limit: &Limit,
    pauses: &[Pause],
    before: Minutes,
    office: &Office,
) -> Result<Standing, ReckoningError> {
    let shorter = |minutes: Minutes| Minutes(minutes.0.saturating_sub(before.0));
    let limit = match *limit {
        Limit::ClockMinutes {
            minutes,
            off_duty_start_after,
        } => Limit::ClockMinutes {
            minutes: shorter(minutes),
            off_duty_start_after,
        },
        Limit::WorkingMinutes { minutes } => Limit::WorkingMinutes {
            minutes: shorter(minutes),
        },
        Limit::PlainMinutes { minutes } => Limit::PlainMinutes {
            minutes: shorter(minutes),
        },
        Limit::WorkingDays { .. } => {
            return Run::of(start, limit, office)?.warning(pauses, before.ms(), office);
        }
    };
    standing(start, &limit, pauses, office)
}

/// What became of a deadline when the calendar, the hours or the zone were changed after the fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub before: Standing,
    pub after: Standing,
    /// The days that differ, from the start to the later of the two due moments.
    pub because: Vec<DayDifference>,
}

/// A day as it was and as it is. It has no side where its year has no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDifference {
    pub date: NaiveDate,
    pub before: Option<DayHours>,
    pub after: Option<DayHours>,
}

/// What a day is, and when it is worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayHours {
    pub day: Day,
    pub working: Vec<Window>,
    pub duty: Vec<Window>,
}

/// Reckons an open deadline anew; none where it stays as it was.
///
/// # Errors
///
/// As for [`reckon`], in either of the two offices.
pub fn re_reckoned(
    start: Moment,
    limit: &Limit,
    pauses: &[Pause],
    old: &Office,
    new: &Office,
) -> Result<Option<Changed>, ReckoningError> {
    let before = standing(start, limit, pauses, old)?;
    let after = standing(start, limit, pauses, new)?;
    if before == after {
        return Ok(None);
    }
    let end = |standing, office: &Office| match standing {
        Standing::Due { at, .. } => office.zone().local(at).date(),
        Standing::Paused { since, .. } => office.zone().local(since).date(),
    };
    let last = end(before, old).max(end(after, new));
    let first = old.zone().local(start).date();
    let because = first
        .iter_days()
        .take_while(|it| *it <= last)
        .filter_map(|date| {
            let (before, after) = (DayHours::of(date, old), DayHours::of(date, new));
            (before != after).then_some(DayDifference {
                date,
                before,
                after,
            })
        })
        .collect();
    Ok(Some(Changed {
        before,
        after,
        because,
    }))
}

impl DayHours {
    fn of(date: NaiveDate, office: &Office) -> Option<Self> {
        let day = office.calendar().day(date).ok()?;
        let hours = office.hours();
        Some(Self {
            working: hours.working(date, &day.kind).into_owned(),
            duty: hours.duty(date, &day.kind).into_owned(),
            day,
        })
    }
}

#[cfg(test)]
mod tests;
