//! What our reckoning says to a case, in the form in which the table expects it.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde_json::Value;
use shouwen_domain::calendar::DayKind;
use shouwen_domain::moment::Moment;
use shouwen_domain::reckoning::{
    Office, ReckoningError, Standing, Step, elapsed, reckon_working_time,
};

use crate::case::{Case, Malformed, World, ms};

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Agrees,
    Differs {
        expected: String,
        found: String,
        /// How it was reckoned, line by line.
        reckoning: Vec<String>,
    },
    Malformed(Malformed),
}

/// # Errors
///
/// A field that is missing or cannot be read.
pub fn outcome(op: &str, case: &Case<'_>, world: &World) -> Result<Outcome, Malformed> {
    let asked = Asked {
        case,
        office: case.office(world)?,
    };
    match op {
        "add" | "add_paused" => match case.span_ms()? {
            back @ ..0 => asked.subtract(back.unsigned_abs()),
            span_ms => asked.add(span_ms.unsigned_abs()),
        },
        "sub" => match case.span_ms()? {
            forward @ ..0 => asked.add(forward.unsigned_abs()),
            span_ms => asked.subtract(span_ms.unsigned_abs()),
        },
        "warn_before" => {
            let span_ms = case.span_ms()?.saturating_sub(case.warning_ms()?);
            asked.add(span_ms.max(0).unsigned_abs())
        }
        "elapsed" | "elapsed_paused" => asked.elapsed(),
        "active" => {
            let at = case.moment("start")?;
            asked.truth(Ok(asked.office.is_working(at)))
        }
        "windows" => asked.windows(),
        "next_workdays" => asked.next_workdays(),
        "workday_offset" => {
            let date = asked.workday_offset(case.date("start")?, case.days()?)?;
            asked.dates(date.map(|it| vec![it]), false)
        }
        "is_workday" => {
            let date = case.date("start")?;
            asked.truth(asked.office.is_working_day(date))
        }
        "add_days" => asked.add_days(case.days()?, false),
        "sub_days" => asked.add_days(case.days()?, true),
        other => Err(Malformed {
            field: "op".to_owned(),
            expected: format!("one of {OPS}"),
            found: Some(format!("{other:?}")),
        }),
    }
}

const OPS: &str = "add, sub, elapsed, add_paused, elapsed_paused, active, windows, next_workdays, workday_offset, is_workday, add_days, sub_days, warn_before";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    SameTimeThenRoll,
    RollFirst,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Roll {
    Forward,
    Backward,
}

struct Asked<'a> {
    case: &'a Case<'a>,
    office: Office,
}

type Answer<T> = Result<T, ReckoningError>;

impl Asked<'_> {
    fn add(&self, span_ms: u64) -> Result<Outcome, Malformed> {
        let (start, pauses) = (self.case.moment("start")?, self.case.pauses()?);
        let reckoning = reckon_working_time(start, span_ms, &pauses, &self.office);
        let expected = self
            .case
            .need("expected", "a moment, or null for none while paused")?;
        let at = reckoning.as_ref().map(|it| match it.standing() {
            Standing::Due { at, .. } => Some(at),
            Standing::Paused { .. } => None,
        });
        let wanted = if expected.is_null() {
            None
        } else {
            Some(self.case.moment_of("expected", expected)?)
        };
        if at == Ok(wanted) {
            return Ok(Outcome::Agrees);
        }
        Ok(self.differs(
            match at {
                Ok(Some(at)) => self.case.shown(at),
                Ok(None) => "not due while paused".to_owned(),
                Err(error) => error.to_string(),
            },
            match &reckoning {
                Ok(it) => it.steps().iter().map(told).collect(),
                Err(_) => Vec::new(),
            },
        ))
    }

    fn subtract(&self, span_ms: u64) -> Result<Outcome, Malformed> {
        let end = self.case.moment("start")?;
        if !self.case.pauses()?.is_empty() {
            return Err(Malformed {
                field: "pauses".to_owned(),
                expected: "none, where time is taken back".to_owned(),
                found: self.case.get("pauses").map(ToString::to_string),
            });
        }
        self.moment(self.office.subtract(end, span_ms), |at| {
            self.windows_told(at, end)
        })
    }

    fn elapsed(&self) -> Result<Outcome, Malformed> {
        let (start, end) = (self.case.moment("start")?, self.case.moment("end")?);
        let unit_ms = self.case.word(
            "unit",
            &[
                ("seconds", 1_000),
                ("minutes", 60_000),
                ("hours", 3_600_000),
            ],
        )?;
        let wanted = self.case.need("expected", "a number")?;
        let worked = elapsed(start, end, &self.case.pauses()?, &self.office);
        let agrees = worked.as_ref().is_ok_and(|found_ms| {
            // Whole units are what was completed.
            let found_ms = if wanted.is_f64() {
                *found_ms
            } else {
                found_ms - found_ms % u64::from(unit_ms)
            };
            ms(wanted, unit_ms).is_some_and(|it| u64::try_from(it) == Ok(found_ms))
        });
        if !wanted.is_number() {
            return Err(Malformed {
                field: "expected".to_owned(),
                expected: "a number".to_owned(),
                found: Some(wanted.to_string()),
            });
        }
        if agrees {
            return Ok(Outcome::Agrees);
        }
        Ok(self.differs(
            match worked {
                Ok(ms) => format!("{} ({ms} ms)", ms / u64::from(unit_ms)),
                Err(error) => error.to_string(),
            },
            self.windows_told(start, end),
        ))
    }

    fn windows(&self) -> Result<Outcome, Malformed> {
        let (start, n) = (self.case.moment("start")?, self.case.count("take")?);
        let expected = "a list of pairs of moments";
        let value = self.case.need("expected", expected)?;
        let bad = || Malformed {
            field: "expected".to_owned(),
            expected: expected.to_owned(),
            found: Some(value.to_string()),
        };
        let pair = |(i, value): (usize, &Value)| {
            let Some([opens, closes]) = value.as_array().map(Vec::as_slice) else {
                return Err(bad());
            };
            let field = format!("expected[{}]", i + 1);
            Ok((
                self.case.moment_of(&field, opens)?,
                self.case.moment_of(&field, closes)?,
            ))
        };
        let wanted = value.as_array().ok_or_else(bad)?;
        let wanted: Vec<_> = wanted
            .iter()
            .enumerate()
            .map(pair)
            .collect::<Result<_, _>>()?;
        let found: Vec<_> = self.office.windows_from(start).take(n).collect();
        if wanted == found {
            return Ok(Outcome::Agrees);
        }
        let shown: Vec<_> = found.iter().map(|it| self.window_told(*it)).collect();
        Ok(self.differs(shown.join(", "), Vec::new()))
    }

    fn next_workdays(&self) -> Result<Outcome, Malformed> {
        let (start, n) = (self.case.date("start")?, self.case.count("take")?);
        let found = self.first_workdays(start, n);
        self.dates(found, true)
    }

    fn first_workdays(&self, start: NaiveDate, n: usize) -> Answer<Vec<NaiveDate>> {
        let mut dates = Vec::new();
        if n > 0 && self.office.is_working_day(start)? {
            dates.push(start);
        }
        let mut date = start;
        while dates.len() < n {
            date = self.office.working_day_after(date, 1)?;
            dates.push(date);
        }
        Ok(dates)
    }

    /// From a rest day, moving to the first working day in the direction asked for is the first of the days.
    fn workday_offset(&self, start: NaiveDate, days: i32) -> Result<Answer<NaiveDate>, Malformed> {
        let n = days.unsigned_abs();
        Ok(match days.cmp(&0) {
            Ordering::Greater => self.office.working_day_after(start, n),
            Ordering::Less => self.office.working_day_before(start, n),
            Ordering::Equal => match self.office.is_working_day(start) {
                Ok(false) => match self.roll()? {
                    Roll::Forward => self.office.working_day_after(start, 1),
                    Roll::Backward => self.office.working_day_before(start, 1),
                },
                Ok(true) => Ok(start),
                Err(error) => Err(error),
            },
        })
    }

    fn roll(&self) -> Result<Roll, Malformed> {
        self.case.word(
            "roll",
            &[("forward", Roll::Forward), ("backward", Roll::Backward)],
        )
    }

    fn add_days(&self, days: i32, back: bool) -> Result<Outcome, Malformed> {
        let start = self.case.moment("start")?;
        let policy = self.case.word(
            "policy",
            &[
                ("same_time_then_roll", Policy::SameTimeThenRoll),
                ("roll_first_then_days", Policy::RollFirst),
            ],
        )?;
        let back = back != (days < 0);
        let found = self.moved(start, days.unsigned_abs(), policy, back);
        self.moment(found, |at| self.windows_told(start.min(at), start.max(at)))
    }

    fn moved(&self, start: Moment, n: u32, policy: Policy, back: bool) -> Answer<Moment> {
        let (office, zone) = (&self.office, self.case.zone());
        let from = match (policy, back) {
            (Policy::SameTimeThenRoll, _) => start,
            (Policy::RollFirst, false) => office.add(start, 0)?,
            (Policy::RollFirst, true) if office.is_working(start) => start,
            // Backward into hours means the opening of the last day that has begun.
            (Policy::RollFirst, true) => {
                let last = office.subtract(start, 1)?;
                let midnight = zone.local(last).date().and_time(chrono::NaiveTime::MIN);
                office.add(zone.moment(midnight), 0)?
            }
        };
        let local = zone.local(from);
        let wished = match (n, back) {
            (0, _) => from,
            (_, false) => zone.moment(
                office
                    .working_day_after(local.date(), n)?
                    .and_time(local.time()),
            ),
            (_, true) => zone.moment(
                office
                    .working_day_before(local.date(), n)?
                    .and_time(local.time()),
            ),
        };
        if back {
            office.subtract(wished, 0)
        } else {
            office.rolled_forward(wished)
        }
    }

    fn moment(
        &self,
        found: Answer<Moment>,
        reckoning: impl FnOnce(Moment) -> Vec<String>,
    ) -> Result<Outcome, Malformed> {
        let wanted = self.case.moment("expected")?;
        Ok(match found {
            Ok(at) if at == wanted => Outcome::Agrees,
            Ok(at) => self.differs(self.case.shown(at), reckoning(at)),
            Err(error) => self.differs(error.to_string(), Vec::new()),
        })
    }

    fn truth(&self, found: Answer<bool>) -> Result<Outcome, Malformed> {
        let expected = "true or false";
        let value = self.case.need("expected", expected)?;
        let wanted = value.as_bool().ok_or_else(|| Malformed {
            field: "expected".to_owned(),
            expected: expected.to_owned(),
            found: Some(value.to_string()),
        })?;
        let found = match found {
            Ok(it) if it == wanted => return Ok(Outcome::Agrees),
            Ok(it) => it.to_string(),
            Err(error) => error.to_string(),
        };
        let date = self.case.date("start")?;
        Ok(self.differs(found, self.day_told(date)))
    }

    fn dates(&self, found: Answer<Vec<NaiveDate>>, as_list: bool) -> Result<Outcome, Malformed> {
        let expected = if as_list { "a list of dates" } else { "a date" };
        let value = self.case.need("expected", expected)?;
        let bad = || Malformed {
            field: "expected".to_owned(),
            expected: expected.to_owned(),
            found: Some(value.to_string()),
        };
        let one = |it: &Value| it.as_str()?.get(..10)?.parse::<NaiveDate>().ok();
        let wanted: Option<Vec<_>> = if as_list {
            value.as_array().ok_or_else(bad)?.iter().map(one).collect()
        } else {
            one(value).map(|it| vec![it])
        };
        let wanted = wanted.ok_or_else(bad)?;
        Ok(match found {
            Ok(dates) if dates == wanted => Outcome::Agrees,
            Ok(dates) => {
                let shown: Vec<_> = dates.iter().map(ToString::to_string).collect();
                let start = self.case.date("start")?;
                self.differs(shown.join(", "), self.day_told(start))
            }
            Err(error) => self.differs(error.to_string(), Vec::new()),
        })
    }

    fn differs(&self, found: String, reckoning: Vec<String>) -> Outcome {
        let expected = match self.case.need("expected", "") {
            Ok(Value::String(text)) => text.clone(),
            Ok(other) => other.to_string(),
            Err(_) => String::new(),
        };
        Outcome::Differs {
            expected,
            found,
            reckoning,
        }
    }

    fn window_told(&self, (opens, closes): (Moment, Moment)) -> String {
        format!("{} to {}", self.case.shown(opens), self.case.shown(closes))
    }

    fn windows_told(&self, start: Moment, end: Moment) -> Vec<String> {
        self.office
            .windows_from(start)
            .take_while(|it| it.0 < end)
            .take(50)
            .map(|(opens, closes)| format!("open {}", self.window_told((opens, closes.min(end)))))
            .collect()
    }

    fn day_told(&self, date: NaiveDate) -> Vec<String> {
        match self.office.calendar().day(date) {
            Err(error) => vec![error.to_string()],
            Ok(day) => {
                let windows = self.office.hours().working(date, &day.kind);
                let windows: Vec<_> = windows.iter().map(ToString::to_string).collect();
                vec![format!(
                    "{date} is {}, open {}",
                    kind(&day.kind),
                    windows.join(" ")
                )]
            }
        }
    }
}

fn kind(kind: &DayKind) -> String {
    match kind {
        DayKind::Workday => "a workday".to_owned(),
        DayKind::MakeUpDay { name } => format!("a make-up day of {name}"),
        DayKind::Weekend => "a weekend".to_owned(),
        DayKind::Holiday { name } => format!("a holiday, {name}"),
    }
}

fn minutes(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60)
}

fn told(step: &Step) -> String {
    match step {
        Step::Started { at } => format!("started {at}"),
        Step::DepartmentHours { department } => format!("hours of {department}"),
        Step::OnDuty { day, window } => {
            format!("open {window} on {}, {}", day.date, kind(&day.kind))
        }
        Step::OffDuty { next_duty_start } => format!("closed until {next_duty_start}"),
        Step::ClockStarts { at, .. } => format!("the clock starts {at}"),
        Step::DutyHoursIgnored => "hours are ignored".to_owned(),
        Step::SetByHand { at } => format!("set to {at}"),
        Step::ReceiptDayNotCounted { day } => format!("{} does not count", day.date),
        Step::Skipped { day } => format!("{} is {}", day.date, kind(&day.kind)),
        Step::Closed { day } => format!("{} is closed", day.date),
        Step::OwnHours { date, windows } => {
            let windows: Vec<_> = windows.iter().map(ToString::to_string).collect();
            format!("{date} has hours of its own, {}", windows.join(" "))
        }
        Step::Break { date, window } => format!("{date} is closed {window}"),
        Step::Counted { day, number } => format!("{} is day {number}", day.date),
        Step::Worked {
            from,
            until,
            used_ms,
            left_ms,
        } => format!(
            "{from} to {until}: {} used, {} left",
            minutes(*used_ms),
            minutes(*left_ms)
        ),
        Step::EndsAtClosing { at } => format!("ends at closing {at}"),
        Step::RolledIntoHours { from, to } => format!("moved from {from} to {to}"),
        Step::RunsOnThroughClosing { closing } => format!("runs on through closing {closing}"),
        Step::Paused {
            from,
            until,
            lost_ms,
        } => {
            let until = until.map_or_else(|| "further notice".to_owned(), |it| it.to_string());
            format!(
                "paused from {from} until {until}, {} lost",
                minutes(*lost_ms)
            )
        }
        Step::GivenBack { from, until, ms } => {
            format!("{} given back from {from} to {until}", minutes(*ms))
        }
        Step::ProvisionalYear { year } => format!("{year} is not published yet"),
        Step::DueAt { shown, .. } => format!("due {shown}"),
        Step::StandsStill { since, left_ms } => {
            format!("stands still since {since}, {} left", minutes(*left_ms))
        }
    }
}
