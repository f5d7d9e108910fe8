//! Times and spans in plain words, and the reckoning of a deadline line by line.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};
use shouwen_domain::calendar::{Day, DayKind};
use shouwen_domain::hours::Window;
use shouwen_domain::moment::Moment;
use shouwen_domain::reckoning::{Limit, Step};
use shouwen_domain::zone::Zone;

use super::Language;
use crate::say;

/// How pressing a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Late,
    /// Within two hours.
    Soon,
    Today,
    Later,
}

impl Urgency {
    pub fn of(due: Moment, now: Moment, zone: &Zone) -> Self {
        if due < now {
            Self::Late
        } else if due.minutes_since(now) <= 120 {
            Self::Soon
        } else if zone.local(due).date() == zone.local(now).date() {
            Self::Today
        } else {
            Self::Later
        }
    }

    /// For `data-urgency`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Soon => "soon",
            Self::Today | Self::Later => "calm",
        }
    }
}

/// 25 分钟 · 2 小时 5 分 · 3 天
pub fn span(language: Language, minutes: i64) -> String {
    let (h, m) = (minutes / 60, minutes % 60);
    match (h, m) {
        (0, m) => say!(language, "unit.minutes", n = m),
        (48.., _) => say!(language, "unit.days", d = h / 24),
        (h, 0) => say!(language, "unit.hours", h = h),
        (h, m) => say!(language, "unit.hours_minutes", h = h, m = m),
    }
}

/// 超时 12 分钟 · 还剩 25 分钟 · 今天 17:30 前 · 7月20日 周一 18:00 前
pub fn left(language: Language, due: Moment, now: Moment, zone: &Zone) -> String {
    match Urgency::of(due, now, zone) {
        Urgency::Late => say!(
            language,
            "left.late",
            span = span(language, now.minutes_since(due).max(1))
        ),
        Urgency::Soon => say!(
            language,
            "left.left",
            span = span(language, due.minutes_since(now))
        ),
        Urgency::Today | Urgency::Later => say!(
            language,
            "left.by",
            time = day_and_time(language, due, now, zone)
        ),
    }
}

/// 今天 17:30 · 明天 09:00 · 7月20日 周一 18:00
pub fn day_and_time(language: Language, at: Moment, now: Moment, zone: &Zone) -> String {
    let (at, today) = (zone.local(at), zone.local(now).date());
    let time = clock(at);
    if at.date() == today {
        say!(language, "left.today", time = time)
    } else if Some(at.date()) == today.succ_opt() {
        say!(language, "left.tomorrow", time = time)
    } else {
        date_and_time(language, at)
    }
}

/// 7月20日 周一 18:00
pub fn date_and_time(language: Language, at: NaiveDateTime) -> String {
    let (month, day) = month_and_day(at.date());
    let weekday = weekday(language, at.weekday());
    say!(
        language,
        "date.with_time",
        month = month,
        day = day,
        weekday = weekday,
        time = clock(at)
    )
}

/// 7月20日 周一
pub fn date(language: Language, date: NaiveDate) -> String {
    let (month, day) = month_and_day(date);
    say!(
        language,
        "date.long",
        month = month,
        day = day,
        weekday = weekday(language, date.weekday())
    )
}

fn short_date(language: Language, date: NaiveDate) -> String {
    let (month, day) = month_and_day(date);
    say!(language, "date.short", month = month, day = day)
}

fn month_and_day(date: NaiveDate) -> (String, String) {
    (format!("{:02}", date.month()), format!("{:02}", date.day()))
}

/// 09:06
pub fn clock(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn weekday(language: Language, weekday: Weekday) -> String {
    match weekday {
        Weekday::Mon => say!(language, "weekday.mon"),
        Weekday::Tue => say!(language, "weekday.tue"),
        Weekday::Wed => say!(language, "weekday.wed"),
        Weekday::Thu => say!(language, "weekday.thu"),
        Weekday::Fri => say!(language, "weekday.fri"),
        Weekday::Sat => say!(language, "weekday.sat"),
        Weekday::Sun => say!(language, "weekday.sun"),
    }
}

/// One line of the reckoning: when, and what happened to the clock there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWords {
    pub at: String,
    pub what: String,
    pub skipped: bool,
}

pub fn step(language: Language, step: &Step) -> StepWords {
    StepWords {
        at: step_at(language, step),
        what: step_what(language, step),
        skipped: matches!(
            step,
            Step::ReceiptDayNotCounted { .. } | Step::Skipped { .. } | Step::Closed { .. }
        ),
    }
}

fn step_at(language: Language, step: &Step) -> String {
    match step {
        Step::Started { at: moment }
        | Step::DueAt { shown: moment, .. }
        | Step::Paused { from: moment, .. }
        | Step::StandsStill { since: moment, .. } => date_and_time(language, *moment),
        Step::ReceiptDayNotCounted { day }
        | Step::Skipped { day }
        | Step::Closed { day }
        | Step::Counted { day, .. } => date(language, day.date),
        Step::OnDuty { day, .. } => short_date(language, day.date),
        Step::OwnHours { date, .. } | Step::Break { date, .. } => short_date(language, *date),
        Step::ClockStarts { at, .. }
        | Step::EndsAtClosing { at }
        | Step::SetByHand { at }
        | Step::Worked { from: at, .. }
        | Step::GivenBack { from: at, .. } => short_date(language, at.date()),
        Step::ProvisionalYear { year } => year.to_string(),
        Step::DepartmentHours { .. }
        | Step::OffDuty { .. }
        | Step::DutyHoursIgnored
        | Step::RunsOnThroughClosing { .. }
        | Step::RolledIntoHours { .. } => String::new(),
    }
}

fn step_what(language: Language, step: &Step) -> String {
    match step {
        Step::Started { .. } => say!(language, "step.started"),
        Step::DepartmentHours { .. } => say!(language, "step.department"),
        Step::OnDuty { day, window } => {
            let (day, window) = (day_kind(language, day), from_to(*window));
            say!(language, "step.on_duty", day = day, window = window)
        }
        Step::OffDuty { next_duty_start } => {
            let time = date_and_time(language, *next_duty_start);
            say!(language, "step.off_duty", time = time)
        }
        Step::ClockStarts { at, after } => {
            let time = clock(*at);
            say!(language, "step.clock_starts", time = time, after = after.0)
        }
        Step::DutyHoursIgnored | Step::RunsOnThroughClosing { .. } => {
            say!(language, "step.past_closing")
        }
        Step::ReceiptDayNotCounted { .. } => say!(language, "step.receipt_day"),
        Step::Skipped { day } => say!(language, "step.skipped", day = day_kind(language, day)),
        Step::Closed { day } => say!(language, "step.closed", day = day_kind(language, day)),
        Step::OwnHours { windows, .. } => {
            let windows: Vec<_> = windows.iter().map(|it| from_to(*it)).collect();
            let windows = windows.join(language.separator());
            say!(language, "step.own_hours", windows = windows)
        }
        Step::Break { window, .. } => say!(language, "step.break", window = from_to(*window)),
        Step::Counted { day, number } => {
            let day = day_kind(language, day);
            say!(language, "step.counted", day = day, n = number)
        }
        Step::Worked {
            from,
            until,
            used_ms,
            left_ms,
        } => say!(
            language,
            "step.used",
            from = clock(*from),
            until = clock(*until),
            n = used_ms / 60_000,
            left = left_ms / 60_000
        ),
        Step::EndsAtClosing { at } => say!(language, "step.closing", time = clock(*at)),
        Step::RolledIntoHours { to, .. } => {
            say!(language, "step.rolled", time = date_and_time(language, *to))
        }
        Step::Paused { until: None, .. } => say!(language, "step.paused_still"),
        Step::Paused {
            until: Some(until),
            lost_ms,
            ..
        } => {
            let (until, lost) = (date_and_time(language, *until), span_ms(language, *lost_ms));
            say!(language, "step.paused", until = until, lost = lost)
        }
        Step::GivenBack { until, ms, .. } => {
            let (span, until) = (span_ms(language, *ms), date_and_time(language, *until));
            say!(language, "step.given_back", span = span, until = until)
        }
        Step::ProvisionalYear { year } => say!(language, "step.provisional", year = year),
        Step::DueAt { .. } => say!(language, "step.due"),
        Step::StandsStill { left_ms, .. } => {
            let left = span_ms(language, *left_ms);
            say!(language, "step.stands_still", left = left)
        }
        Step::SetByHand { .. } => say!(language, "step.set_by_hand"),
    }
}

pub fn span_ms(language: Language, ms: u64) -> String {
    span(language, i64::try_from(ms / 60_000).unwrap_or(i64::MAX))
}

/// 08:30–18:00
fn from_to(window: Window) -> String {
    format!("{}–{}", window.start(), window.end())
}

/// The rung that says how much clock time is given; none where days or working time are counted, which say so themselves.
pub fn clock_span(language: Language, limit: Limit) -> Option<String> {
    match limit {
        Limit::ClockMinutes { minutes, .. } | Limit::PlainMinutes { minutes } => Some(say!(
            language,
            "step.clock_minutes",
            span = span(language, i64::from(minutes.0))
        )),
        Limit::WorkingDays { .. } | Limit::WorkingMinutes { .. } => None,
    }
}

fn day_kind(language: Language, day: &Day) -> String {
    match &day.kind {
        DayKind::Workday => say!(language, "day.workday"),
        DayKind::MakeUpDay { name } => say!(language, "day.make_up", name = name),
        DayKind::Weekend => say!(language, "day.weekend"),
        DayKind::Holiday { name } => say!(language, "day.holiday", name = name),
    }
}
