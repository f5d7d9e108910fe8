//! A clock in numbers: when it began, when it is up, and what pauses took from it.

use super::office::{Office, Stretch};
use super::{DayReading, Limit, Pause, ReckoningError, Standing};
use crate::moment::{Minutes, Moment};

/// A limit on its way, without its pauses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Pauses before this take nothing away.
    pub begin: Moment,
    /// When it is due without pauses.
    pub up: Moment,
    pub time: Time,
    /// The farthest day that was looked at.
    pub day: Option<u32>,
    /// For working days: the day of receipt, and how many working days there were up to it and with it.
    pub receipt: Option<Receipt>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Receipt {
    pub day: u32,
    pub counts: bool,
    pub same_time: bool,
    pub n_before: usize,
    /// The last of the days.
    pub last_day: u32,
}

/// The clock's own time, in which it loses and is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Clock,
    Working,
}

impl Run {
    pub(super) fn of(
        start: Moment,
        limit: &Limit,
        office: &Office,
    ) -> Result<Self, ReckoningError> {
        const YEAR_10000_MS: i64 = 253_402_300_800_000;
        if !(0..YEAR_10000_MS).contains(&start.unix_ms()) {
            return Err(ReckoningError::StartOutOfRange);
        }
        match *limit {
            Limit::PlainMinutes { minutes } => Ok(Self {
                begin: start,
                up: start + minutes,
                time: Time::Clock,
                day: None,
                receipt: None,
            }),
            Limit::ClockMinutes {
                minutes,
                off_duty_start_after,
            } => {
                let duty = office.next_duty(start)?;
                let begin = clock_start(start, duty, off_duty_start_after);
                Ok(Self {
                    begin,
                    up: begin + minutes,
                    time: Time::Clock,
                    day: Some(duty.day),
                    receipt: None,
                })
            }
            Limit::WorkingMinutes { minutes } => Self::working(start, minutes.ms(), office),
            Limit::WorkingDays { days: 0, .. } => Err(ReckoningError::NoDays),
            Limit::WorkingDays { days, reading } => Self::days(start, days, reading, office),
        }
    }

    pub(super) fn working(start: Moment, ms: u64, office: &Office) -> Result<Self, ReckoningError> {
        let (up, stretch) = office.forward(start, ms)?;
        Ok(Self {
            begin: start,
            up,
            time: Time::Working,
            day: Some(stretch.day),
            receipt: None,
        })
    }

    pub(super) const fn between(begin: Moment, up: Moment) -> Self {
        Self {
            begin,
            up,
            time: Time::Working,
            day: None,
            receipt: None,
        }
    }

    fn days(
        start: Moment,
        days: u32,
        reading: DayReading,
        office: &Office,
    ) -> Result<Self, ReckoningError> {
        let day = office.day_of(start)?;
        let n_before = office.n_working_days_to(day);
        let counts = reading == DayReading::ReceiptDayCounts
            && office
                .nth_working_day(n_before, day)
                .is_ok_and(|it| start < office.closing(it));
        let nth = n_before + days as usize - usize::from(counts);
        let last = office.nth_working_day(nth, day)?;
        office.all_known(day, last.day)?;
        let receipt = Some(Receipt {
            day,
            counts,
            same_time: reading == DayReading::SameTime,
            n_before,
            last_day: last.day,
        });
        if reading == DayReading::SameTime {
            let (up, stretch) = office.rolled(office.same_time(start, last.day), last.day)?;
            return Ok(Self {
                begin: start,
                up,
                time: Time::Working,
                day: Some(stretch.day),
                receipt,
            });
        }
        let begin = if counts {
            start
        } else {
            office.opening_after(n_before).unwrap_or(start)
        };
        Ok(Self {
            begin,
            up: office.closing(last),
            time: Time::Working,
            day: Some(last.day),
            receipt,
        })
    }

    /// What the clock loses to pauses before it would be up.
    pub(super) fn lost_ms(&self, pauses: &[Pause], office: &Office) -> Result<u64, ReckoningError> {
        let mut lost_ms = 0;
        let mut at = self.begin;
        while let Some(pause) = next_pause(pauses, at) {
            if pause.from >= self.up {
                break;
            }
            let end = pause.until.map_or(self.up, |it| it.min(self.up));
            lost_ms += self.own_ms(pause.from.max(at), end, office)?;
            at = end;
            if at == self.up {
                break;
            }
        }
        Ok(lost_ms)
    }

    /// Gives back what pauses took. `piece` is told of each stretch of the clock's own time that is given back,
    /// between the pauses, and how much is left after it.
    pub(super) fn standing(
        &self,
        pauses: &[Pause],
        office: &Office,
        mut piece: impl FnMut(Piece),
    ) -> Result<Standing, ReckoningError> {
        let mut left_ms = self.lost_ms(pauses, office)?;
        let (mut at, mut day) = (self.up, self.day);
        while left_ms > 0 {
            let whole = self.later(at, left_ms, day, office);
            let pause = match next_pause(pauses, at) {
                Some(pause) if whole.as_ref().map_or(true, |it| it.0 > pause.from) => pause,
                _ => {
                    let from = at;
                    (at, day) = whole?;
                    piece(Piece::GivenBack {
                        from,
                        until: at,
                        ms: left_ms,
                        left_ms: 0,
                    });
                    break;
                }
            };
            let free_ms = self.own_ms(at, pause.from, office)?;
            if free_ms > 0 {
                left_ms -= free_ms;
                piece(Piece::GivenBack {
                    from: at,
                    until: pause.from,
                    ms: free_ms,
                    left_ms,
                });
            }
            // One that began before the clock was up has been told of.
            if pause.from >= self.up {
                piece(Piece::Paused(pause));
            }
            let Some(until) = pause.until else {
                let since = pause.from.max(self.begin);
                return Ok(Standing::Paused { since, left_ms });
            };
            at = until;
        }
        Ok(Standing::Due {
            at,
            provisional: day.is_some_and(|it| office.is_provisional(it)),
        })
    }

    /// So much of the clock's own time before it is up, pauses apart, and not before it begins.
    pub(super) fn warning(
        &self,
        pauses: &[Pause],
        before_ms: u64,
        office: &Office,
    ) -> Result<Standing, ReckoningError> {
        let whole_ms = self.own_ms(self.begin, self.up, office)?;
        let up = match whole_ms.checked_sub(before_ms) {
            None | Some(0) => self.begin,
            Some(_) => office.subtract(self.up, before_ms)?,
        };
        Self { up, ..*self }.standing(pauses, office, |_| {})
    }

    pub(super) fn own_ms(
        &self,
        from: Moment,
        until: Moment,
        office: &Office,
    ) -> Result<u64, ReckoningError> {
        match self.time {
            Time::Clock => Ok(until.ms_since(from)),
            Time::Working => office.elapsed(from, until),
        }
    }

    fn later(
        &self,
        at: Moment,
        ms: u64,
        day: Option<u32>,
        office: &Office,
    ) -> Result<(Moment, Option<u32>), ReckoningError> {
        match self.time {
            Time::Clock => Ok((at.after_ms(ms), day)),
            Time::Working => {
                let (at, stretch) = office.forward(at, ms)?;
                Ok((at, Some(stretch.day)))
            }
        }
    }
}

/// What [`Run::standing`] tells of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    GivenBack {
        from: Moment,
        until: Moment,
        ms: u64,
        left_ms: u64,
    },
    Paused(Pause),
}

pub(super) fn clock_start(start: Moment, duty: Stretch, off_duty_start_after: Minutes) -> Moment {
    if start < duty.opens {
        duty.opens + off_duty_start_after
    } else {
        start
    }
}

/// The pause in force at `at`, or the next one, together with those that overlap it or follow on it at once.
pub(super) fn next_pause(pauses: &[Pause], at: Moment) -> Option<Pause> {
    let is_over = |it: &Pause, at: Moment| it.until.is_some_and(|until| until <= at.max(it.from));
    let mut found = *pauses
        .iter()
        .filter(|it| !is_over(it, at))
        .min_by_key(|it| it.from)?;
    while let Some(until) = found.until {
        let longer = pauses
            .iter()
            .filter(|it| it.from <= until && it.until.is_none_or(|it| it > until))
            .max_by_key(|it| it.until.map_or(i64::MAX, Moment::unix_ms));
        match longer {
            Some(it) => found.until = it.until,
            None => break,
        }
    }
    Some(found)
}
