//! The steps that lead to a moment, told after the numbers are known.

use chrono::{Datelike, NaiveDate};

use super::office::{Office, Stretch};
use super::run::{Piece, Run, Time, next_pause};
use super::{Due, Limit, Pause, Reckoning, ReckoningError, Standing, Step};
use crate::calendar::DayKind;
use crate::hours::Window;
use crate::moment::Moment;

/// Without a limit, working time from the start.
pub(super) fn reckoning(
    start: Moment,
    limit: Option<&Limit>,
    run: Run,
    pauses: &[Pause],
    office: &Office,
) -> Result<Reckoning, ReckoningError> {
    let has_lost = run.lost_ms(pauses, office)? > 0;
    let mut pieces = Vec::new();
    let standing = run.standing(pauses, office, |it| pieces.push(it))?;
    let mut telling = Telling {
        office,
        run,
        start,
        steps: Vec::new(),
        provisional_year: None,
        told: 0,
    };
    telling.start();
    match limit {
        Some(Limit::PlainMinutes { .. }) => telling.steps.push(Step::DutyHoursIgnored),
        Some(Limit::ClockMinutes {
            off_duty_start_after,
            ..
        }) => {
            let duty = office.next_duty(start)?;
            telling.opening(duty, false);
            if start < duty.opens {
                telling.steps.push(Step::ClockStarts {
                    at: office.local(run.begin),
                    after: *off_duty_start_after,
                });
            }
        }
        Some(Limit::WorkingMinutes { .. }) | None => telling.working_time()?,
        Some(Limit::WorkingDays { .. }) => telling.working_days(has_lost),
    }
    if has_lost {
        telling.pauses_before(pauses)?;
    }
    for piece in pieces {
        telling.piece(piece)?;
    }
    match standing {
        Standing::Due { at, provisional } => {
            match limit {
                Some(Limit::ClockMinutes { .. }) => telling.runs_on(at),
                Some(Limit::PlainMinutes { .. }) => {}
                Some(Limit::WorkingMinutes { .. } | Limit::WorkingDays { .. }) | None => {
                    telling.closing(at);
                }
            }
            let shown = office.local(at);
            telling.steps.push(Step::DueAt { at, shown });
            Ok(Reckoning::Due(Due {
                at,
                provisional,
                steps: telling.steps,
            }))
        }
        Standing::Paused { since, left_ms } => {
            telling.steps.push(Step::StandsStill {
                since: office.local(since),
                left_ms,
            });
            Ok(Reckoning::Paused {
                since,
                left_ms,
                steps: telling.steps,
            })
        }
    }
}

struct Telling<'a> {
    office: &'a Office,
    run: Run,
    start: Moment,
    steps: Vec<Step>,
    provisional_year: Option<i32>,
    /// The last day told of.
    told: u32,
}

impl Telling<'_> {
    fn start(&mut self) {
        let at = self.office.local(self.start);
        self.steps.push(Step::Started { at });
        if let Some(department) = self.office.department().cloned() {
            self.steps.push(Step::DepartmentHours { department });
        }
    }

    /// On duty in `first`, or off duty until then, with the days between.
    fn opening(&mut self, first: Stretch, works: bool) {
        let today = self.office.local(self.start).date();
        let today = self.office.day_on(today).unwrap_or(first.day);
        if self.start < first.opens {
            self.steps.push(Step::OffDuty {
                next_duty_start: self.office.local(first.opens),
            });
            for day in today..first.day {
                self.idle(day, works);
            }
            self.looked_at(first.day);
        } else {
            self.looked_at(first.day);
            if let Some(window) = self.window(first, works) {
                let day = self.office.day(first.day);
                self.steps.push(Step::OnDuty { day, window });
            }
        }
    }

    fn window(&self, stretch: Stretch, works: bool) -> Option<Window> {
        let (date, zone) = (self.office.date(stretch.day), self.office.zone());
        let kind = self.office.day(stretch.day).kind;
        let windows = if works {
            self.office.hours().working(date, &kind)
        } else {
            self.office.hours().duty(date, &kind)
        };
        windows
            .iter()
            .find(|it| zone.moment(it.end().on(date)) == stretch.closes)
            .copied()
    }

    fn working_time(&mut self) -> Result<(), ReckoningError> {
        let span_ms = self.office.elapsed(self.start, self.run.up)?;
        let today = self.office.day_of(self.start)?;
        let Some(first) = self.office.next_work(self.start, today) else {
            return Ok(());
        };
        self.opening(first, true);
        if span_ms == 0 {
            if self.start < first.opens {
                self.steps.push(Step::RolledIntoHours {
                    from: self.office.local(self.start),
                    to: self.office.local(first.opens),
                });
            }
            return Ok(());
        }
        self.worked(self.start, span_ms, 0)
    }

    /// Window by window, `span_ms` of working time from `from` on.
    fn worked(
        &mut self,
        from: Moment,
        span_ms: u64,
        left_after_ms: u64,
    ) -> Result<(), ReckoningError> {
        let office = self.office;
        let mut left_ms = span_ms;
        let n_over = office.work().partition_point(|it| it.closes <= from);
        for stretch in &office.work()[n_over..] {
            self.idle_until(stretch.day);
            if stretch.day > self.told {
                self.looked_at(stretch.day);
            }
            let opens = stretch.opens.max(from);
            let used_ms = left_ms.min(stretch.closes.ms_since(opens));
            left_ms -= used_ms;
            self.steps.push(Step::Worked {
                from: office.local(opens),
                until: office.local(opens.after_ms(used_ms)),
                used_ms,
                left_ms: left_ms + left_after_ms,
            });
            if left_ms == 0 {
                return Ok(());
            }
        }
        Err(ReckoningError::BeyondHorizon)
    }

    fn working_days(&mut self, has_lost: bool) {
        let Some(receipt) = self.run.receipt else {
            return;
        };
        let office = self.office;
        self.looked_at(receipt.day);
        let day = office.day(receipt.day);
        self.steps.push(if receipt.counts {
            Step::Counted { day, number: 1 }
        } else {
            Step::ReceiptDayNotCounted { day }
        });
        for (number, n) in (u32::from(receipt.counts) + 1..).zip(receipt.n_before + 1..) {
            let Ok(counted) = office.nth_working_day(n, receipt.day) else {
                return;
            };
            if counted.day > receipt.last_day {
                break;
            }
            self.idle_until(counted.day);
            self.looked_at(counted.day);
            let day = office.day(counted.day);
            self.steps.push(Step::Counted { day, number });
        }
        if receipt.same_time {
            let found = self.run.day.unwrap_or(receipt.last_day);
            self.idle_until(found);
            if found > self.told {
                self.looked_at(found);
            }
            let time = office.local(self.start).time();
            let wished = office.date(receipt.last_day).and_time(time);
            if office.zone().moment(wished) < self.run.up {
                self.steps.push(Step::RolledIntoHours {
                    from: wished,
                    to: office.local(self.run.up),
                });
            }
        } else if has_lost {
            let at = office.local(self.run.up);
            self.steps.push(Step::EndsAtClosing { at });
        }
    }

    /// Each pause by which the clock lost something before it would have been up.
    fn pauses_before(&mut self, pauses: &[Pause]) -> Result<(), ReckoningError> {
        let mut at = self.run.begin;
        while let Some(pause) = next_pause(pauses, at).filter(|it| it.from < self.run.up) {
            self.pause(pause)?;
            match pause.until {
                Some(until) => at = until,
                None => break,
            }
        }
        Ok(())
    }

    fn pause(&mut self, pause: Pause) -> Result<(), ReckoningError> {
        let from = pause.from.max(self.run.begin);
        let end = pause.until.map_or(self.run.up, |it| it.min(self.run.up));
        let lost_ms = self.run.own_ms(from, end, self.office)?;
        self.steps.push(Step::Paused {
            from: self.office.local(from),
            until: pause.until.map(|it| self.office.local(it)),
            lost_ms,
        });
        Ok(())
    }

    fn piece(&mut self, piece: Piece) -> Result<(), ReckoningError> {
        match piece {
            Piece::Paused(pause) => self.pause(pause),
            Piece::GivenBack {
                from,
                until,
                ms,
                left_ms,
            } => match self.run.time {
                Time::Clock => {
                    self.steps.push(Step::GivenBack {
                        from: self.office.local(from),
                        until: self.office.local(until),
                        ms,
                    });
                    Ok(())
                }
                Time::Working => {
                    // Days that went by while the clock stood still are not told one by one.
                    self.told = self.told.max(self.office.day_of(from)?.saturating_sub(1));
                    self.worked(from, ms, left_ms)
                }
            },
        }
    }

    fn closing(&mut self, at: Moment) {
        let work = self.office.work();
        let n = work.partition_point(|it| it.closes < at);
        if work.get(n).is_some_and(|it| it.closes == at) {
            let at = self.office.local(at);
            self.steps.push(Step::EndsAtClosing { at });
        }
    }

    /// Where the next window opens as one closes, there is no closing to speak of.
    fn runs_on(&mut self, due: Moment) {
        let duty = self.office.duty();
        let n_over = duty.partition_point(|it| it.closes <= self.start);
        let Some((first, later)) = duty[n_over..].split_first() else {
            return;
        };
        let mut closes = first.closes;
        for stretch in later {
            if closes >= due || stretch.opens > closes {
                break;
            }
            closes = stretch.closes;
        }
        if closes < due {
            let closing = self.office.local(closes);
            self.steps.push(Step::RunsOnThroughClosing { closing });
        }
    }

    /// The days without working time since the last one told of.
    fn idle_until(&mut self, day: u32) {
        for passed in self.told + 1..day {
            self.idle(passed, true);
        }
    }

    /// A day without working time (or, where `works` is false, without duty), or the rest of the day of the start.
    fn idle(&mut self, number: u32, works: bool) {
        self.provisional(number);
        let day = self.office.day(number);
        let hours = self.office.hours();
        let windows = if works {
            hours.working(day.date, &day.kind)
        } else {
            hours.duty(day.date, &day.kind)
        };
        if windows.is_empty() {
            self.breaks(day.date);
            self.steps.push(match day.kind {
                DayKind::Workday | DayKind::MakeUpDay { .. } => Step::Closed { day },
                DayKind::Weekend | DayKind::Holiday { .. } => Step::Skipped { day },
            });
        }
    }

    /// A day that matters, with what is special about it.
    fn looked_at(&mut self, number: u32) {
        self.provisional(number);
        let date = self.office.date(number);
        let hours = self.office.hours();
        if let Some(windows) = hours.own(date) {
            let windows = windows.to_vec();
            self.steps.push(Step::OwnHours { date, windows });
        }
        self.breaks(date);
    }

    fn breaks(&mut self, date: NaiveDate) {
        for window in self.office.hours().breaks(date) {
            self.steps.push(Step::Break {
                date,
                window: *window,
            });
        }
    }

    fn provisional(&mut self, number: u32) {
        self.told = number;
        let year = self.office.date(number).year();
        if self.office.is_provisional(number) && self.provisional_year != Some(year) {
            self.provisional_year = Some(year);
            self.steps.push(Step::ProvisionalYear { year });
        }
    }
}
