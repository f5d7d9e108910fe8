//! Deadlines in tables: start, limit, due, and what the steps say.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "the form in which expect-test writes them"
)]

use std::sync::LazyLock;

use expect_test::{Expect, expect};

use super::*;
use crate::calendar::{self, Calendar, DayKind};
use crate::hours::{Hours, RestDays, Week};
use crate::zone::{self, Zones};

const DEFAULT: Limit = days(1, DayReading::NextDayClosing);
const RECEIPT_DAY: Limit = days(1, DayReading::ReceiptDayCounts);
const SAME_TIME: Limit = days(1, DayReading::SameTime);
const ONE_HOUR: Limit = Limit::ClockMinutes {
    minutes: Minutes(60),
    off_duty_start_after: Minutes(15),
};

const fn days(days: u32, reading: DayReading) -> Limit {
    Limit::WorkingDays { days, reading }
}

const fn working(minutes: u32) -> Limit {
    Limit::WorkingMinutes {
        minutes: Minutes(minutes),
    }
}

fn hours(windows: &[&str]) -> Hours {
    Hours::parse(windows).unwrap()
}

fn week(windows: &[&str]) -> Week {
    Week::every_day(windows.iter().map(|it| it.parse().unwrap()).collect()).unwrap()
}

fn rest_days(work: &[&str], rest: fn(Week) -> RestDays, windows: &[&str]) -> Hours {
    Hours::new(week(work), rest(week(windows)))
}

static CALENDAR: LazyLock<Calendar> = LazyLock::new(calendar::shipped);
static ZONES: LazyLock<Zones> = LazyLock::new(zone::shipped);

fn office(zone: &str, hours: &Hours) -> Office {
    Office::new(&CALENDAR, ZONES.get(zone).unwrap(), hours)
}

fn due(zone: &str, hours: &Hours, start: &str, limit: Limit) -> Result<Due, ReckoningError> {
    let office = office(zone, hours);
    let start = office.zone().moment(start.parse().unwrap());
    let reckoning = reckon(start, &limit, &[], &office)?;
    assert_eq!(
        standing(start, &limit, &[], &office),
        Ok(reckoning.standing())
    );
    let due = reckoning.due().unwrap();
    assert!(matches!(due.steps.last(), Some(Step::DueAt { at, .. }) if *at == due.at));
    Ok(due)
}

/// The due time in the office's zone, `?` behind a provisional one.
fn shown(zone: &str, due: &Due) -> String {
    let local = ZONES.get(zone).unwrap().local(due.at);
    format!(
        "{}{}",
        local.format("%m-%d %H:%M"),
        if due.provisional { "?" } else { "" }
    )
}

fn check_in(zone: &str, hours: &Hours, start: &str, limit: Limit, expected: &str) {
    let shown = match due(zone, hours, start, limit) {
        Ok(due) => shown(zone, &due),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expected, "{limit:?} from {start}");
}

fn check(windows: &[&str], start: &str, limit: Limit, expected: &str) {
    check_in("Asia/Shanghai", &hours(windows), start, limit, expected);
}

const NINE_TO_SIX: &[&str] = &["09:00-18:00"];

#[test]
fn one_working_day_around_the_spring_festival_in_each_reading() {
    for (start, by_default, same_time, nine_hours) in [
        (
            "2026-02-13T16:30:00",
            "02-14 18:00",
            "02-14 16:30",
            "02-14 16:30",
        ),
        (
            "2026-02-14T20:00:00",
            "02-24 18:00",
            "02-25 09:00",
            "02-24 18:00",
        ),
        (
            "2026-02-18T10:00:00",
            "02-24 18:00",
            "02-24 10:00",
            "02-24 18:00",
        ),
        (
            "2026-07-11T11:00:00",
            "07-13 18:00",
            "07-13 11:00",
            "07-13 18:00",
        ),
    ] {
        check(NINE_TO_SIX, start, DEFAULT, by_default);
        check(NINE_TO_SIX, start, SAME_TIME, same_time);
        check(NINE_TO_SIX, start, working(9 * 60), nine_hours);
    }
}

#[test]
fn the_receipt_day_counts_while_the_office_still_works_on_it() {
    check(
        NINE_TO_SIX,
        "2026-02-13T16:30:00",
        RECEIPT_DAY,
        "02-13 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-13T08:00:00",
        RECEIPT_DAY,
        "02-13 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-13T18:00:00",
        RECEIPT_DAY,
        "02-14 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-14T20:00:00",
        RECEIPT_DAY,
        "02-24 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-18T10:00:00",
        RECEIPT_DAY,
        "02-24 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-13T16:30:00",
        days(3, DayReading::ReceiptDayCounts),
        "02-24 18:00",
    );
}

#[test]
fn several_working_days_skip_the_holiday_and_count_the_make_up_day() {
    check(
        NINE_TO_SIX,
        "2026-02-12T10:00:00",
        days(3, DayReading::NextDayClosing),
        "02-24 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-12T10:00:00",
        days(3, DayReading::SameTime),
        "02-24 10:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-12T10:00:00",
        days(0, DayReading::NextDayClosing),
        "A limit of working days needs at least one day",
    );
}

#[test]
fn a_slip_shortly_before_closing_on_a_make_up_saturday() {
    check(NINE_TO_SIX, "2026-02-14T17:40:00", ONE_HOUR, "02-14 18:40");
    check(NINE_TO_SIX, "2026-02-14T17:40:00", DEFAULT, "02-24 18:00");
}

#[test]
fn an_hour_off_duty_starts_some_minutes_after_the_next_duty_start() {
    check(NINE_TO_SIX, "2026-02-14T18:00:00", ONE_HOUR, "02-24 10:15");
    check(NINE_TO_SIX, "2026-02-13T08:59:59", ONE_HOUR, "02-13 10:15");
    check(NINE_TO_SIX, "2026-02-13T09:00:00", ONE_HOUR, "02-13 10:00");
    check(NINE_TO_SIX, "2026-07-11T11:00:00", ONE_HOUR, "07-13 10:15");
    check(
        &["08:30-12:00", "13:30-18:00"],
        "2026-02-13T12:30:00",
        ONE_HOUR,
        "02-13 14:45",
    );
}

#[test]
fn an_emergency_knows_no_duty_hours() {
    let limit = Limit::PlainMinutes {
        minutes: Minutes(10),
    };
    check(NINE_TO_SIX, "2026-02-18T03:00:00", limit, "02-18 03:10");
    check(NINE_TO_SIX, "2021-02-18T03:00:00", limit, "02-18 03:10");
}

#[test]
fn lunch_is_no_working_time() {
    let windows = &["08:30-12:00", "13:30-18:00"];
    check(windows, "2026-07-14T11:30:00", working(60), "07-14 14:00");
    check(windows, "2026-07-14T11:30:00", working(30), "07-14 12:00");
    check(windows, "2026-07-14T12:00:00", working(30), "07-14 14:00");
    check(windows, "2026-07-14T12:15:00", working(30), "07-14 14:00");
    check(windows, "2026-07-14T12:15:00", SAME_TIME, "07-15 13:30");
    check(windows, "2026-07-14T12:00:00", SAME_TIME, "07-15 12:00");
    check(windows, "2026-07-14T11:30:00", ONE_HOUR, "07-14 12:30");
    check(
        windows,
        "2026-07-14T08:30:00",
        working(8 * 60),
        "07-14 18:00",
    );
    check(
        windows,
        "2026-07-14T08:30:00",
        working(8 * 60 + 1),
        "07-15 08:31",
    );
}

#[test]
fn what_is_used_up_exactly_at_closing_ends_at_closing() {
    check(
        NINE_TO_SIX,
        "2026-07-14T17:00:00",
        working(60),
        "07-14 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-07-14T17:00:00",
        working(61),
        "07-15 09:01",
    );
    check(NINE_TO_SIX, "2026-07-14T18:00:00", SAME_TIME, "07-15 18:00");
    check(NINE_TO_SIX, "2026-07-14T18:00:01", SAME_TIME, "07-16 09:00");
    check(
        NINE_TO_SIX,
        "2026-07-14T18:00:00",
        working(9 * 60),
        "07-15 18:00",
    );
    check(
        NINE_TO_SIX,
        "2026-07-14T20:00:00",
        working(0),
        "07-15 09:00",
    );
    check(
        NINE_TO_SIX,
        "2026-07-14T10:00:00",
        working(0),
        "07-14 10:00",
    );
}

#[test]
fn no_minute_is_lost_at_midnight() {
    let all_day = &["00:00-24:00"];
    check(all_day, "2026-07-14T23:30:00", working(60), "07-15 00:30");
    check(all_day, "2026-07-14T23:30:00", working(30), "07-15 00:00");
    check(
        all_day,
        "2026-07-14T00:00:00",
        working(4 * 24 * 60),
        "07-18 00:00",
    );
    check(
        all_day,
        "2026-07-17T00:00:00",
        working(24 * 60 + 1),
        "07-20 00:01",
    );
    check(all_day, "2026-07-14T10:00:00", DEFAULT, "07-16 00:00");
    check_in(
        "Asia/Shanghai",
        &Hours::around_the_clock(),
        "2026-02-18T23:30:00",
        working(60),
        "02-19 00:30",
    );
    check_in(
        "Asia/Shanghai",
        &Hours::around_the_clock(),
        "2026-02-18T23:30:00",
        ONE_HOUR,
        "02-19 00:30",
    );
}

#[test]
fn an_office_on_duty_on_rest_days_starts_its_clocks_and_counts_no_day() {
    let on_duty = rest_days(NINE_TO_SIX, RestDays::OnDuty, &["10:00-16:00"]);
    check_in(
        "Asia/Shanghai",
        &on_duty,
        "2026-02-18T11:00:00",
        ONE_HOUR,
        "02-18 12:00",
    );
    check_in(
        "Asia/Shanghai",
        &on_duty,
        "2026-02-18T11:00:00",
        DEFAULT,
        "02-24 18:00",
    );
    check_in(
        "Asia/Shanghai",
        &on_duty,
        "2026-02-18T11:00:00",
        working(60),
        "02-24 10:00",
    );
    let working_all_week = rest_days(NINE_TO_SIX, RestDays::Working, &["10:00-16:00"]);
    check_in(
        "Asia/Shanghai",
        &working_all_week,
        "2026-02-18T11:00:00",
        DEFAULT,
        "02-19 16:00",
    );
    check_in(
        "Asia/Shanghai",
        &working_all_week,
        "2026-02-18T15:30:00",
        working(60),
        "02-19 10:30",
    );
}

#[test]
fn a_deadline_in_an_unpublished_year_is_provisional() {
    check(NINE_TO_SIX, "2026-12-31T10:00:00", DEFAULT, "01-01 18:00?");
    check(NINE_TO_SIX, "2026-12-30T10:00:00", DEFAULT, "12-31 18:00");
    check(NINE_TO_SIX, "2026-12-31T20:00:00", ONE_HOUR, "01-01 10:15?");
    check(NINE_TO_SIX, "2026-12-31T17:30:00", ONE_HOUR, "12-31 18:30");
    check(
        NINE_TO_SIX,
        "2026-12-31T17:30:00",
        working(60),
        "01-01 09:30?",
    );
    check(
        NINE_TO_SIX,
        "2026-12-31T17:30:00",
        working(30),
        "12-31 18:00",
    );
}

#[test]
fn a_past_year_without_data_is_named() {
    let missing = "There is no calendar for the year 2021";
    check(NINE_TO_SIX, "2021-03-01T10:00:00", ONE_HOUR, missing);
    check(NINE_TO_SIX, "2020-12-31T10:00:00", DEFAULT, missing);
    check(NINE_TO_SIX, "2020-12-31T17:30:00", working(60), missing);
    check(NINE_TO_SIX, "2020-12-31T17:30:00", ONE_HOUR, "12-31 18:30");
    check_in(
        "Asia/Shanghai",
        &Hours::around_the_clock(),
        "2020-12-31T23:30:00",
        ONE_HOUR,
        "01-01 00:30",
    );
}

#[test]
fn after_the_last_closing_no_more_time_is_worked() {
    let office = office("Asia/Shanghai", &hours(NINE_TO_SIX));
    let at = |text| moment(&office, text);
    let night = at("2036-12-31T23:00:00");
    let elapsed = |from| office.elapsed(from, night);
    assert_eq!(elapsed(at("2036-12-31T17:00:00")), Ok(3_600_000));
    assert_eq!(elapsed(at("2036-12-30T17:00:00")), Ok(10 * 3_600_000));
    assert_eq!(elapsed(at("2036-12-31T19:00:00")), Ok(0));
    assert_eq!(
        office.subtract(night, 3_600_000),
        Ok(at("2036-12-31T17:00:00"))
    );
    assert_eq!(office.subtract(night, 0), Ok(at("2036-12-31T18:00:00")));
}

#[test]
fn each_gap_between_published_years_is_named() {
    fn missing<T>(year: i32) -> Result<T, ReckoningError> {
        Err(MissingYear(year).into())
    }
    let file = |name, year: i32| {
        let text = format!(
            r#"{{"year": {year}, "papers": [], "days": [{{"name": "劳动节", "date": "{year}-05-01", "isOffDay": true}}]}}"#
        );
        (name, text)
    };
    let files = [file("a", 2019), file("b", 2021), file("c", 2024)];
    let files: Vec<_> = files.iter().map(|it| (it.0, it.1.as_str())).collect();
    let calendar = Calendar::parse(&files).unwrap();
    let office = Office::new(
        &calendar,
        ZONES.get("Asia/Shanghai").unwrap(),
        &hours(NINE_TO_SIX),
    );
    let works = |date: &str| office.is_working_day(date.parse().unwrap());
    assert_eq!(works("2019-12-31"), Ok(true));
    assert_eq!(works("2020-01-01"), missing(2020));
    assert_eq!(works("2020-12-31"), missing(2020));
    assert_eq!(works("2021-01-01"), Ok(true));
    assert_eq!(works("2021-12-31"), Ok(true));
    assert_eq!(works("2022-01-01"), missing(2022));
    assert_eq!(works("2023-12-31"), missing(2023));
    assert_eq!(works("2024-01-02"), Ok(true));
    let next = |date: &str| office.working_day_after(date.parse().unwrap(), 1);
    assert_eq!(next("2019-12-31"), missing(2020));
    assert_eq!(next("2021-12-31"), missing(2022));
    assert_eq!(next("2021-12-30"), Ok("2021-12-31".parse().unwrap()));
    let last = |date: &str| office.working_day_before(date.parse().unwrap(), 1);
    assert_eq!(last("2024-01-01"), missing(2023));
    assert_eq!(last("2021-01-01"), missing(2020));
    assert_eq!(last("2024-01-02"), Ok("2024-01-01".parse().unwrap()));
}

#[test]
fn nothing_is_looked_for_without_end() {
    check(
        NINE_TO_SIX,
        "2026-07-14T10:00:00",
        days(u32::MAX, DayReading::default()),
        "The deadline is after the years of the calendar",
    );
    check(
        NINE_TO_SIX,
        "2026-07-14T10:00:00",
        working(u32::MAX),
        "The deadline is after the years of the calendar",
    );
    let office = office("Asia/Shanghai", &hours(NINE_TO_SIX));
    let plain = Limit::PlainMinutes {
        minutes: Minutes(u32::MAX),
    };
    for ms in [i64::MIN, -1, 253_402_300_800_000, i64::MAX] {
        for limit in [ONE_HOUR, DEFAULT, working(1), plain] {
            let result = standing(Moment::from_unix_ms(ms), &limit, &[], &office);
            assert_eq!(result, Err(ReckoningError::StartOutOfRange));
        }
    }
    let last = Moment::from_unix_ms(253_402_300_799_999);
    assert!(standing(last, &plain, &[], &office).is_ok());
    assert_eq!(
        standing(last, &ONE_HOUR, &[], &office),
        Err(ReckoningError::StartOutOfRange)
    );
    let longest = Limit::ClockMinutes {
        minutes: Minutes(u32::MAX),
        off_duty_start_after: Minutes(u32::MAX),
    };
    check(NINE_TO_SIX, "2036-12-31T17:00:00", ONE_HOUR, "12-31 18:00?");
    check(
        NINE_TO_SIX,
        "2036-12-31T18:00:00",
        ONE_HOUR,
        "The deadline is after the years of the calendar",
    );
    check(
        NINE_TO_SIX,
        "2037-01-01T18:00:00",
        DEFAULT,
        "The start is outside the years of the calendar",
    );
    let start = office.zone().moment("2026-07-14T10:00:00".parse().unwrap());
    assert!(standing(start, &longest, &[], &office).is_ok());
}

#[test]
fn daylight_saving_time_moves_the_instant_and_not_the_wall_clock() {
    let night = hours(&["00:00-06:00"]);
    let all_day = Hours::around_the_clock();
    let check = |hours: &Hours, start: &str, limit, expected: &str| {
        check_in("Europe/Berlin", hours, start, limit, expected);
    };
    // Forward on 2026-03-29: the night has five hours. Back on 2026-10-25: it has seven.
    check(&all_day, "2026-03-29T01:30:00", working(60), "03-29 03:30");
    check(&all_day, "2026-10-25T01:30:00", working(60), "10-25 02:30");
    check(&all_day, "2026-10-25T01:30:00", working(120), "10-25 02:30");
    check(&all_day, "2026-10-25T01:30:00", working(180), "10-25 03:30");
    check(&all_day, "2026-03-28T02:30:00", SAME_TIME, "03-29 03:30");
    check(&all_day, "2026-03-29T01:30:00", ONE_HOUR, "03-29 03:30");
    check(&night, "2026-03-27T05:00:00", working(120), "03-30 01:00");
    let all_week = rest_days(&["00:00-06:00"], RestDays::Working, &["00:00-06:00"]);
    check(
        &all_week,
        "2026-03-29T00:00:00",
        working(6 * 60),
        "03-30 01:00",
    );
    check(
        &all_week,
        "2026-10-25T00:00:00",
        working(7 * 60),
        "10-25 06:00",
    );
    check(
        &hours(NINE_TO_SIX),
        "2026-03-27T10:00:00",
        SAME_TIME,
        "03-30 10:00",
    );
}

fn told(step: &Step) -> String {
    let day = |day: &Day| match &day.kind {
        DayKind::Workday => format!("{} workday", day.date),
        DayKind::MakeUpDay { name } => format!("{} make-up day of {name}", day.date),
        DayKind::Weekend => format!("{} weekend", day.date),
        DayKind::Holiday { name } => format!("{} {name}", day.date),
    };
    let minutes = |ms: &u64| format!("{}:{:02}", ms / 60_000, ms / 1000 % 60);
    match step {
        Step::Started { at } => format!("started {at}"),
        Step::OnDuty { day: date, window } => format!("on duty {window}, {}", day(date)),
        Step::OffDuty { next_duty_start } => format!("off duty until {next_duty_start}"),
        Step::ClockStarts { at, after } => format!("clock starts {at}, {} minutes after", after.0),
        Step::SetByHand { at } => format!("set by hand: {at}"),
        Step::DutyHoursIgnored => "duty hours ignored".to_owned(),
        Step::ReceiptDayNotCounted { day: date } => {
            format!("receipt day not counted: {}", day(date))
        }
        Step::Skipped { day: date } => format!("skipped: {}", day(date)),
        Step::Counted { day: date, number } => format!("day {number}: {}", day(date)),
        Step::Worked {
            from,
            until,
            used_ms,
            left_ms,
        } => {
            format!(
                "{} minutes used from {from} until {until}, {} left",
                minutes(used_ms),
                minutes(left_ms)
            )
        }
        Step::EndsAtClosing { at } => format!("ends at closing {at}"),
        Step::RolledIntoHours { from, to } => format!("rolled into hours from {from} to {to}"),
        Step::RunsOnThroughClosing { closing } => format!("runs on through closing {closing}"),
        Step::ProvisionalYear { year } => format!("provisional: {year}"),
        Step::DepartmentHours { department } => format!("hours of {department}"),
        Step::Closed { day: date } => format!("closed: {}", day(date)),
        Step::OwnHours { date, windows } => {
            let windows: Vec<_> = windows.iter().map(ToString::to_string).collect();
            format!("on {date} {}", windows.join(" "))
        }
        Step::Break { date, window } => format!("on {date} without {window}"),
        Step::Paused {
            from,
            until,
            lost_ms,
        } => {
            let until = until.map_or_else(|| "now".to_owned(), |it| it.to_string());
            format!(
                "paused from {from} until {until}, {} minutes lost",
                minutes(lost_ms)
            )
        }
        Step::GivenBack { from, until, ms } => {
            format!(
                "{} minutes given back from {from} until {until}",
                minutes(ms)
            )
        }
        Step::DueAt { shown, .. } => format!("due {shown}"),
        Step::StandsStill { since, left_ms } => {
            format!(
                "stands still since {since}, {} minutes left",
                minutes(left_ms)
            )
        }
    }
}

fn check_steps(hours: &Hours, start: &str, limit: Limit, expected: Expect) {
    let due = due("Asia/Shanghai", hours, start, limit).unwrap();
    let lines: Vec<_> = due.steps.iter().map(told).collect();
    expected.assert_eq(
        &(lines.join(
            "
",
        ) + "
"),
    );
}

#[test]
fn each_skipped_day_is_a_step() {
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-02-14T17:40:00",
        DEFAULT,
        expect![[r#"
            started 2026-02-14 17:40:00
            receipt day not counted: 2026-02-14 make-up day of 春节
            skipped: 2026-02-15 春节
            skipped: 2026-02-16 春节
            skipped: 2026-02-17 春节
            skipped: 2026-02-18 春节
            skipped: 2026-02-19 春节
            skipped: 2026-02-20 春节
            skipped: 2026-02-21 春节
            skipped: 2026-02-22 春节
            skipped: 2026-02-23 春节
            day 1: 2026-02-24 workday
            ends at closing 2026-02-24 18:00:00
            due 2026-02-24 18:00:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-02-14T20:00:00",
        SAME_TIME,
        expect![[r#"
            started 2026-02-14 20:00:00
            receipt day not counted: 2026-02-14 make-up day of 春节
            skipped: 2026-02-15 春节
            skipped: 2026-02-16 春节
            skipped: 2026-02-17 春节
            skipped: 2026-02-18 春节
            skipped: 2026-02-19 春节
            skipped: 2026-02-20 春节
            skipped: 2026-02-21 春节
            skipped: 2026-02-22 春节
            skipped: 2026-02-23 春节
            day 1: 2026-02-24 workday
            rolled into hours from 2026-02-24 20:00:00 to 2026-02-25 09:00:00
            due 2026-02-25 09:00:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-02-13T16:30:00",
        days(2, DayReading::ReceiptDayCounts),
        expect![[r#"
            started 2026-02-13 16:30:00
            day 1: 2026-02-13 workday
            day 2: 2026-02-14 make-up day of 春节
            ends at closing 2026-02-14 18:00:00
            due 2026-02-14 18:00:00
        "#]],
    );
}

#[test]
fn an_hour_says_how_it_starts_and_whether_it_runs_on() {
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-02-14T17:40:00",
        ONE_HOUR,
        expect![[r#"
            started 2026-02-14 17:40:00
            on duty 09:00-18:00, 2026-02-14 make-up day of 春节
            runs on through closing 2026-02-14 18:00:00
            due 2026-02-14 18:40:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-02-14T17:00:00",
        ONE_HOUR,
        expect![[r#"
            started 2026-02-14 17:00:00
            on duty 09:00-18:00, 2026-02-14 make-up day of 春节
            due 2026-02-14 18:00:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-10T20:00:00",
        ONE_HOUR,
        expect![[r#"
            started 2026-07-10 20:00:00
            off duty until 2026-07-13 09:00:00
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            clock starts 2026-07-13 09:15:00, 15 minutes after
            due 2026-07-13 10:15:00
        "#]],
    );
    check_steps(
        &Hours::around_the_clock(),
        "2026-07-10T23:30:00",
        ONE_HOUR,
        expect![[r#"
            started 2026-07-10 23:30:00
            on duty 00:00-24:00, 2026-07-10 workday
            due 2026-07-11 00:30:00
        "#]],
    );
}

#[test]
fn working_time_says_how_much_went_where() {
    check_steps(
        &hours(&["08:30-12:00", "13:30-18:00"]),
        "2026-07-10T11:00:30",
        working(9 * 60),
        expect![[r#"
            started 2026-07-10 11:00:30
            on duty 08:30-12:00, 2026-07-10 workday
            59:30 minutes used from 2026-07-10 11:00:30 until 2026-07-10 12:00:00, 480:30 left
            270:00 minutes used from 2026-07-10 13:30:00 until 2026-07-10 18:00:00, 210:30 left
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            210:00 minutes used from 2026-07-13 08:30:00 until 2026-07-13 12:00:00, 0:30 left
            0:30 minutes used from 2026-07-13 13:30:00 until 2026-07-13 13:30:30, 0:00 left
            due 2026-07-13 13:30:30
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-11T11:00:00",
        working(9 * 60),
        expect![[r#"
            started 2026-07-11 11:00:00
            off duty until 2026-07-13 09:00:00
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            540:00 minutes used from 2026-07-13 09:00:00 until 2026-07-13 18:00:00, 0:00 left
            ends at closing 2026-07-13 18:00:00
            due 2026-07-13 18:00:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-11T11:00:00",
        working(0),
        expect![[r#"
            started 2026-07-11 11:00:00
            off duty until 2026-07-13 09:00:00
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            rolled into hours from 2026-07-11 11:00:00 to 2026-07-13 09:00:00
            due 2026-07-13 09:00:00
        "#]],
    );
}

#[test]
fn at_opening_the_office_is_on_duty() {
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-10T09:00:00",
        ONE_HOUR,
        expect![[r#"
            started 2026-07-10 09:00:00
            on duty 09:00-18:00, 2026-07-10 workday
            due 2026-07-10 10:00:00
        "#]],
    );
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-10T09:00:00",
        working(0),
        expect![[r#"
            started 2026-07-10 09:00:00
            on duty 09:00-18:00, 2026-07-10 workday
            due 2026-07-10 09:00:00
        "#]],
    );
}

#[test]
fn a_rest_day_of_receipt_is_told_once() {
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-07-11T11:00:00",
        DEFAULT,
        expect![[r#"
            started 2026-07-11 11:00:00
            receipt day not counted: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            day 1: 2026-07-13 workday
            ends at closing 2026-07-13 18:00:00
            due 2026-07-13 18:00:00
        "#]],
    );
}

#[test]
fn the_same_time_tells_the_day_that_it_rolls_into_and_no_day_twice() {
    let hours = hours(NINE_TO_SIX)
        .with_date(
            "2026-07-13".parse().unwrap(),
            vec!["10:00-17:00".parse().unwrap()],
        )
        .unwrap()
        .with_date(
            "2026-07-14".parse().unwrap(),
            vec!["10:00-12:00".parse().unwrap()],
        )
        .unwrap();
    check_steps(
        &hours,
        "2026-07-10T11:00:00",
        SAME_TIME,
        expect![[r#"
            started 2026-07-10 11:00:00
            receipt day not counted: 2026-07-10 workday
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            on 2026-07-13 10:00-17:00
            day 1: 2026-07-13 workday
            due 2026-07-13 11:00:00
        "#]],
    );
    check_steps(
        &hours,
        "2026-07-10T20:00:00",
        SAME_TIME,
        expect![[r#"
            started 2026-07-10 20:00:00
            receipt day not counted: 2026-07-10 workday
            skipped: 2026-07-11 weekend
            skipped: 2026-07-12 weekend
            on 2026-07-13 10:00-17:00
            day 1: 2026-07-13 workday
            on 2026-07-14 10:00-12:00
            rolled into hours from 2026-07-13 20:00:00 to 2026-07-14 10:00:00
            due 2026-07-14 10:00:00
        "#]],
    );
}

#[test]
fn from_opening_until_just_before_closing_somebody_is_there() {
    let hours = rest_days(NINE_TO_SIX, RestDays::OnDuty, &["10:00-16:00"]);
    let office = office("Asia/Shanghai", &hours);
    let at = |text| {
        let at = moment(&office, text);
        (office.is_working(at), office.is_on_duty(at))
    };
    assert_eq!(at("2026-07-10T08:59:59"), (false, false));
    assert_eq!(at("2026-07-10T09:00:00"), (true, true));
    assert_eq!(at("2026-07-10T17:59:59"), (true, true));
    assert_eq!(at("2026-07-10T18:00:00"), (false, false));
    assert_eq!(at("2026-07-11T09:59:59"), (false, false));
    assert_eq!(at("2026-07-11T10:00:00"), (false, true));
    assert_eq!(at("2026-07-11T15:59:59"), (false, true));
    assert_eq!(at("2026-07-11T16:00:00"), (false, false));
    assert_eq!(at("2036-12-31T09:00:00"), (true, true));
    assert_eq!(at("2037-01-02T09:00:00"), (false, false));
}

#[test]
fn working_days_are_counted_forward_and_back() {
    let office = office("Asia/Shanghai", &hours(NINE_TO_SIX));
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    let works = |text| office.is_working_day(date(text)).unwrap();
    assert!(works("2026-02-14") && !works("2026-02-15") && works("2026-02-24"));
    let after = |text, n| office.working_day_after(date(text), n).unwrap();
    let before = |text, n| office.working_day_before(date(text), n).unwrap();
    assert_eq!(after("2026-02-13", 1), date("2026-02-14"));
    assert_eq!(after("2026-02-14", 1), date("2026-02-24"));
    assert_eq!(after("2026-02-18", 2), date("2026-02-25"));
    assert_eq!(before("2026-02-24", 1), date("2026-02-14"));
    assert_eq!(before("2026-02-18", 1), date("2026-02-14"));
    assert_eq!(before("2026-02-25", 3), date("2026-02-13"));
    let first = date("2019-01-02");
    assert_eq!(
        office.working_day_before(first, 1),
        Err(MissingYear(2018).into())
    );
    assert_eq!(
        office.working_day_after(date("2036-12-31"), 1),
        Err(ReckoningError::BeyondHorizon)
    );
    assert_eq!(
        office.is_working_day(date("2037-01-01")),
        Err(ReckoningError::StartOutOfRange)
    );
    let rolled = |text| office.rolled_forward(moment(&office, text)).unwrap();
    assert_eq!(
        rolled("2026-02-14T08:00:00"),
        moment(&office, "2026-02-14T09:00:00")
    );
    let closing = moment(&office, "2026-02-14T18:00:00");
    assert_eq!(rolled("2026-02-14T18:00:00"), closing);
    assert_eq!(
        rolled("2026-02-14T18:00:01"),
        moment(&office, "2026-02-24T09:00:00")
    );
}

#[test]
fn a_provisional_year_is_said_once() {
    check_steps(
        &hours(NINE_TO_SIX),
        "2026-12-31T17:00:00",
        working(11 * 60),
        expect![[r#"
            started 2026-12-31 17:00:00
            on duty 09:00-18:00, 2026-12-31 workday
            60:00 minutes used from 2026-12-31 17:00:00 until 2026-12-31 18:00:00, 600:00 left
            provisional: 2027
            540:00 minutes used from 2027-01-01 09:00:00 until 2027-01-01 18:00:00, 60:00 left
            skipped: 2027-01-02 weekend
            skipped: 2027-01-03 weekend
            60:00 minutes used from 2027-01-04 09:00:00 until 2027-01-04 10:00:00, 0:00 left
            due 2027-01-04 10:00:00
        "#]],
    );
}

fn moment(office: &Office, text: &str) -> Moment {
    office.zone().moment(text.parse().unwrap())
}

/// From and until, in the office's zone; without an until, it goes on.
fn read_pauses(office: &Office, texts: &[(&str, &str)]) -> Vec<Pause> {
    let pause = |(from, until): &(&str, &str)| Pause {
        from: moment(office, from),
        until: (!until.is_empty()).then(|| moment(office, until)),
    };
    texts.iter().map(pause).collect()
}

fn check_paused(start: &str, limit: Limit, stops: &[(&str, &str)], expected: &str) {
    let office = office("Asia/Shanghai", &hours(&["08:30-12:00", "13:30-18:00"]));
    let pauses = read_pauses(&office, stops);
    let start = moment(&office, start);
    let reckoning = reckon(start, &limit, &pauses, &office).unwrap();
    assert_eq!(
        standing(start, &limit, &pauses, &office),
        Ok(reckoning.standing())
    );
    let shown = match reckoning {
        Reckoning::Due(due) => shown("Asia/Shanghai", &due),
        Reckoning::Paused { since, left_ms, .. } => format!(
            "still since {}, {} min left",
            office.zone().local(since).format("%m-%d %H:%M"),
            left_ms / 60_000
        ),
    };
    assert_eq!(shown, expected, "{limit:?} from {start:?} with {stops:?}");
}

#[test]
fn what_a_pause_took_of_working_time_is_given_back_in_working_time() {
    let start = "2026-07-14T10:00:00";
    let hour = working(60);
    check_paused(start, hour, &[], "07-14 11:00");
    check_paused(
        start,
        hour,
        &[("2026-07-14T10:30:00", "2026-07-14T10:45:00")],
        "07-14 11:15",
    );
    // The next one begins just when all is given back.
    check_paused(
        start,
        hour,
        &[
            ("2026-07-14T10:30:00", "2026-07-14T10:45:00"),
            ("2026-07-14T11:15:00", "2026-07-14T11:30:00"),
        ],
        "07-14 11:15",
    );
    // Over lunch and over night nothing is lost.
    check_paused(
        start,
        working(150),
        &[("2026-07-14T11:30:00", "2026-07-14T14:00:00")],
        "07-14 15:00",
    );
    check_paused(
        start,
        hour,
        &[("2026-07-14T18:00:00", "2026-07-15T08:30:00")],
        "07-14 11:00",
    );
    // Overlapping pauses count once, whatever their order.
    let overlapping = [
        ("2026-07-14T10:20:00", "2026-07-14T10:40:00"),
        ("2026-07-14T10:10:00", "2026-07-14T10:30:00"),
        ("2026-07-14T10:15:00", "2026-07-14T10:16:00"),
    ];
    check_paused(start, hour, &overlapping, "07-14 11:30");
    // What is given back may be interrupted in its turn.
    let twice = [
        ("2026-07-14T10:30:00", "2026-07-14T10:45:00"),
        ("2026-07-14T11:05:00", "2026-07-14T17:55:00"),
    ];
    check_paused(start, hour, &twice, "07-15 08:35");
    check_paused(
        start,
        hour,
        &[("2026-07-14T11:00:00", "2026-07-14T11:30:00")],
        "07-14 11:00",
    );
    check_paused(
        start,
        hour,
        &[("2026-07-14T10:30:00", "2026-07-14T10:30:00")],
        "07-14 11:00",
    );
    check_paused(
        start,
        hour,
        &[("2026-07-14T10:30:00", "2026-07-14T09:00:00")],
        "07-14 11:00",
    );
}

#[test]
fn what_stands_still_is_not_due() {
    let start = "2026-07-14T10:00:00";
    let hour = working(60);
    check_paused(
        start,
        hour,
        &[("2026-07-14T10:40:00", "")],
        "still since 07-14 10:40, 20 min left",
    );
    check_paused(
        start,
        hour,
        &[("2026-07-14T09:00:00", "")],
        "still since 07-14 10:00, 60 min left",
    );
    check_paused(start, hour, &[("2026-07-14T11:00:00", "")], "07-14 11:00");
    let twice = [
        ("2026-07-14T10:20:00", "2026-07-14T10:30:00"),
        ("2026-07-14T11:05:00", ""),
    ];
    check_paused(start, hour, &twice, "still since 07-14 11:05, 5 min left");
    check_paused(
        start,
        DEFAULT,
        &[("2026-07-15T17:00:00", "")],
        "still since 07-15 17:00, 60 min left",
    );
    // One far ahead, beyond all calendars, does no harm.
    check_paused(start, hour, &[("2090-01-01T00:00:00", "")], "07-14 11:00");
}

#[test]
fn a_pause_of_clock_time_is_given_back_by_the_clock() {
    let start = "2026-07-14T11:30:00";
    check_paused(start, ONE_HOUR, &[], "07-14 12:30");
    check_paused(
        start,
        ONE_HOUR,
        &[("2026-07-14T12:00:00", "2026-07-14T13:00:00")],
        "07-14 13:30",
    );
    // Off duty at the start: a pause before the clock runs takes nothing.
    check_paused(
        "2026-07-14T12:30:00",
        ONE_HOUR,
        &[("2026-07-14T12:30:00", "2026-07-14T13:40:00")],
        "07-14 14:45",
    );
    let plain = Limit::PlainMinutes {
        minutes: Minutes(10),
    };
    check_paused(
        "2026-07-18T03:00:00",
        plain,
        &[("2026-07-18T03:05:00", "2026-07-18T03:06:00")],
        "07-18 03:11",
    );
}

#[test]
fn a_pause_moves_working_days_by_the_working_time_it_took_on_them() {
    let start = "2026-07-14T10:00:00";
    // The day of receipt does not count, so nothing is lost on it.
    check_paused(
        start,
        DEFAULT,
        &[("2026-07-14T10:30:00", "2026-07-15T08:30:00")],
        "07-15 18:00",
    );
    check_paused(
        start,
        RECEIPT_DAY,
        &[("2026-07-14T17:00:00", "2026-07-15T08:30:00")],
        "07-15 09:30",
    );
    check_paused(
        start,
        DEFAULT,
        &[("2026-07-15T17:00:00", "2026-07-15T17:30:00")],
        "07-16 09:00",
    );
    check_paused(
        start,
        DEFAULT,
        &[("2026-07-15T00:00:00", "2026-07-16T00:00:00")],
        "07-16 18:00",
    );
    check_paused(
        start,
        DEFAULT,
        &[("2026-07-15T17:00:00", "2026-07-18T12:00:00")],
        "07-20 09:30",
    );
    check_paused(start, SAME_TIME, &[], "07-15 10:00");
    check_paused(
        start,
        SAME_TIME,
        &[("2026-07-14T17:00:00", "2026-07-15T09:00:00")],
        "07-15 11:30",
    );
    check_paused(
        start,
        SAME_TIME,
        &[("2026-07-15T11:00:00", "2026-07-15T12:00:00")],
        "07-15 10:00",
    );
}

fn check_pause_steps(limit: Limit, paused: &[(&str, &str)], expected: Expect) {
    let office = office("Asia/Shanghai", &hours(&["08:30-12:00", "13:30-18:00"]));
    let start = moment(&office, "2026-07-10T16:00:00");
    let reckoning = reckon(start, &limit, &read_pauses(&office, paused), &office).unwrap();
    let lines: Vec<_> = reckoning.steps().iter().map(told).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn pauses_are_told_with_what_they_took() {
    let over_the_weekend = [
        ("2026-07-10T17:30:00", "2026-07-10T17:45:00"),
        ("2026-07-13T08:40:00", "2026-07-13T09:40:00"),
    ];
    check_pause_steps(
        working(120),
        &over_the_weekend,
        expect![[r#"
        started 2026-07-10 16:00:00
        on duty 13:30-18:00, 2026-07-10 workday
        120:00 minutes used from 2026-07-10 16:00:00 until 2026-07-10 18:00:00, 0:00 left
        paused from 2026-07-10 17:30:00 until 2026-07-10 17:45:00, 15:00 minutes lost
        skipped: 2026-07-11 weekend
        skipped: 2026-07-12 weekend
        10:00 minutes used from 2026-07-13 08:30:00 until 2026-07-13 08:40:00, 5:00 left
        paused from 2026-07-13 08:40:00 until 2026-07-13 09:40:00, 0:00 minutes lost
        5:00 minutes used from 2026-07-13 09:40:00 until 2026-07-13 09:45:00, 0:00 left
        due 2026-07-13 09:45:00
    "#]],
    );
    check_pause_steps(
        DEFAULT,
        &over_the_weekend,
        expect![[r#"
        started 2026-07-10 16:00:00
        receipt day not counted: 2026-07-10 workday
        skipped: 2026-07-11 weekend
        skipped: 2026-07-12 weekend
        day 1: 2026-07-13 workday
        ends at closing 2026-07-13 18:00:00
        paused from 2026-07-13 08:40:00 until 2026-07-13 09:40:00, 60:00 minutes lost
        60:00 minutes used from 2026-07-14 08:30:00 until 2026-07-14 09:30:00, 0:00 left
        due 2026-07-14 09:30:00
    "#]],
    );
    check_pause_steps(
        ONE_HOUR,
        &[("2026-07-10T16:30:00", "2026-07-10T18:00:00")],
        expect![[r#"
            started 2026-07-10 16:00:00
            on duty 13:30-18:00, 2026-07-10 workday
            paused from 2026-07-10 16:30:00 until 2026-07-10 18:00:00, 30:00 minutes lost
            30:00 minutes given back from 2026-07-10 18:00:00 until 2026-07-10 18:30:00
            runs on through closing 2026-07-10 18:00:00
            due 2026-07-10 18:30:00
        "#]],
    );
    check_pause_steps(
        working(60),
        &[("2026-07-10T16:30:00", "")],
        expect![[r#"
        started 2026-07-10 16:00:00
        on duty 13:30-18:00, 2026-07-10 workday
        60:00 minutes used from 2026-07-10 16:00:00 until 2026-07-10 17:00:00, 0:00 left
        paused from 2026-07-10 16:30:00 until now, 30:00 minutes lost
        stands still since 2026-07-10 16:30:00, 30:00 minutes left
    "#]],
    );
    check_pause_steps(
        DEFAULT,
        &[("2026-07-13T16:30:00", "")],
        expect![[r#"
        started 2026-07-10 16:00:00
        receipt day not counted: 2026-07-10 workday
        skipped: 2026-07-11 weekend
        skipped: 2026-07-12 weekend
        day 1: 2026-07-13 workday
        ends at closing 2026-07-13 18:00:00
        paused from 2026-07-13 16:30:00 until now, 90:00 minutes lost
        stands still since 2026-07-13 16:30:00, 90:00 minutes left
    "#]],
    );
}

#[test]
fn what_went_by_in_a_pause_is_not_told_and_no_pause_is_told_twice() {
    // The Saturday went by in the pause, the Sunday did not.
    check_pause_steps(
        working(120),
        &[("2026-07-10T17:30:00", "2026-07-12T10:00:00")],
        expect![[r#"
            started 2026-07-10 16:00:00
            on duty 13:30-18:00, 2026-07-10 workday
            120:00 minutes used from 2026-07-10 16:00:00 until 2026-07-10 18:00:00, 0:00 left
            paused from 2026-07-10 17:30:00 until 2026-07-12 10:00:00, 30:00 minutes lost
            skipped: 2026-07-12 weekend
            30:00 minutes used from 2026-07-13 08:30:00 until 2026-07-13 09:00:00, 0:00 left
            due 2026-07-13 09:00:00
        "#]],
    );
    // The second one begins just when it would have been due.
    check_pause_steps(
        working(60),
        &[
            ("2026-07-10T16:30:00", "2026-07-10T16:45:00"),
            ("2026-07-10T17:00:00", "2026-07-10T17:10:00"),
        ],
        expect![[r#"
            started 2026-07-10 16:00:00
            on duty 13:30-18:00, 2026-07-10 workday
            60:00 minutes used from 2026-07-10 16:00:00 until 2026-07-10 17:00:00, 0:00 left
            paused from 2026-07-10 16:30:00 until 2026-07-10 16:45:00, 15:00 minutes lost
            paused from 2026-07-10 17:00:00 until 2026-07-10 17:10:00, 0:00 minutes lost
            15:00 minutes used from 2026-07-10 17:10:00 until 2026-07-10 17:25:00, 0:00 left
            due 2026-07-10 17:25:00
        "#]],
    );
}

#[test]
fn own_hours_breaks_and_closed_dates_are_told() {
    let date = |text: &str| text.parse().unwrap();
    let hours = hours(NINE_TO_SIX)
        .with_date(date("2026-07-11"), vec!["09:00-12:00".parse().unwrap()])
        .unwrap()
        .with_break(date("2026-07-13"), "10:00-17:00".parse().unwrap())
        .with_break(date("2026-07-14"), "00:00-24:00".parse().unwrap())
        .with_closed(date("2026-07-15"));
    check_steps(
        &hours,
        "2026-07-10T17:30:00",
        working(8 * 60),
        expect![[r#"
        started 2026-07-10 17:30:00
        on duty 09:00-18:00, 2026-07-10 workday
        30:00 minutes used from 2026-07-10 17:30:00 until 2026-07-10 18:00:00, 450:00 left
        on 2026-07-11 09:00-12:00
        180:00 minutes used from 2026-07-11 09:00:00 until 2026-07-11 12:00:00, 270:00 left
        skipped: 2026-07-12 weekend
        on 2026-07-13 without 10:00-17:00
        60:00 minutes used from 2026-07-13 09:00:00 until 2026-07-13 10:00:00, 210:00 left
        60:00 minutes used from 2026-07-13 17:00:00 until 2026-07-13 18:00:00, 150:00 left
        on 2026-07-14 without 00:00-24:00
        closed: 2026-07-14 workday
        closed: 2026-07-15 workday
        150:00 minutes used from 2026-07-16 09:00:00 until 2026-07-16 11:30:00, 0:00 left
        due 2026-07-16 11:30:00
    "#]],
    );
    let office = office("Asia/Shanghai", &hours).of_department("security".parse().unwrap());
    let start = moment(&office, "2026-07-13T17:30:00");
    let steps = reckon(start, &DEFAULT, &[], &office).unwrap();
    let lines: Vec<_> = steps.steps().iter().map(told).collect();
    expect![[r#"
        started 2026-07-13 17:30:00
        hours of security
        on 2026-07-13 without 10:00-17:00
        receipt day not counted: 2026-07-13 workday
        on 2026-07-14 without 00:00-24:00
        closed: 2026-07-14 workday
        closed: 2026-07-15 workday
        day 1: 2026-07-16 workday
        ends at closing 2026-07-16 18:00:00
        due 2026-07-16 18:00:00
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn the_ugly_moments() {
    check(NINE_TO_SIX, "2026-07-10T17:55:00", ONE_HOUR, "07-10 18:55");
    check(
        NINE_TO_SIX,
        "2026-07-10T17:55:00",
        working(60),
        "07-13 09:55",
    );
    check(NINE_TO_SIX, "2026-07-10T17:55:00", SAME_TIME, "07-13 17:55");
    check(
        NINE_TO_SIX,
        "2026-02-14T08:00:00",
        working(60),
        "02-14 10:00",
    );
    check(
        NINE_TO_SIX,
        "2026-02-14T08:00:00",
        RECEIPT_DAY,
        "02-14 18:00",
    );
    check(
        NINE_TO_SIX,
        "2024-02-28T17:30:00",
        working(60),
        "02-29 09:30",
    );
    check(NINE_TO_SIX, "2024-02-29T17:30:00", DEFAULT, "03-01 18:00");
    check(
        NINE_TO_SIX,
        "2024-02-29T17:30:00",
        days(1, DayReading::SameTime),
        "03-01 17:30",
    );
    check(NINE_TO_SIX, "2026-12-31T17:59:59", DEFAULT, "01-01 18:00?");
    check(
        &["18:00-24:00"],
        "2026-12-31T23:00:00",
        working(60),
        "01-01 00:00",
    );
    check(
        &["18:00-24:00"],
        "2026-12-31T23:00:00",
        working(61),
        "01-01 18:01?",
    );
}

#[test]
fn sydney_has_its_short_night_in_october() {
    let all_week = rest_days(&["00:00-06:00"], RestDays::Working, &["00:00-06:00"]);
    let check = |start: &str, limit, expected: &str| {
        check_in("Australia/Sydney", &all_week, start, limit, expected);
    };
    check("2026-10-04T00:00:00", working(6 * 60), "10-05 01:00");
    check("2026-04-05T00:00:00", working(7 * 60), "04-05 06:00");
    check("2026-10-03T02:30:00", SAME_TIME, "10-04 03:30");
    check("2026-04-04T02:30:00", SAME_TIME, "04-05 02:30");
}

/// The first windows from a moment on in Los Angeles, where 2026-03-08 has no hour from two to three.
fn check_windows(weekend: &[&str], start: &str, expected: &[&str]) {
    let office = Office::covering(
        &Calendar::ordinary_weeks(),
        ZONES.get("America/Los_Angeles").unwrap(),
        &rest_days(&["09:00-17:00"], RestDays::Working, weekend),
        "2026-01-01".parse().unwrap()..="2026-12-31".parse().unwrap(),
    );
    let windows = office.windows_from(moment(&office, start));
    let shown = |at| office.zone().local(at).format("%m-%d %H:%M").to_string();
    let shown: Vec<_> = windows
        .take(expected.len())
        .map(|(opens, closes)| format!("{} to {}", shown(opens), shown(closes)))
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_window_that_the_clock_skips_is_not_there() {
    let weekend = &["02:30-03:15"];
    check_windows(
        weekend,
        "2026-03-07T00:00:00",
        &["03-07 02:30 to 03-07 03:15"],
    );
    check_windows(
        weekend,
        "2026-03-08T00:00:00",
        &["03-09 09:00 to 03-09 17:00"],
    );
    // Just the hour that is skipped.
    check_windows(
        &["02:00-03:00"],
        "2026-03-08T00:00:00",
        &["03-09 09:00 to 03-09 17:00"],
    );
}

#[test]
fn windows_that_the_clock_pushes_together_do_not_overlap() {
    check_windows(
        &["02:15-02:45", "03:00-04:00"],
        "2026-03-08T00:00:00",
        &["03-08 03:15 to 03-08 03:45", "03-08 03:45 to 03-08 04:00"],
    );
}

#[test]
fn working_time_is_taken_back_as_it_was_added() {
    let office = office("Asia/Shanghai", &hours(&["09:00-12:00", "13:00-18:00"]));
    let check = |end: &str, minutes: u64, expected: &str| {
        let found = office.subtract(moment(&office, end), minutes * 60_000);
        let shown = match found {
            Ok(at) => office.zone().local(at).format("%Y-%m-%d %H:%M").to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    };
    check("2026-07-13T09:30:00", 60, "2026-07-10 17:30");
    check("2026-07-13T09:00:00", 40 * 60, "2026-07-06 09:00");
    check("2026-07-13T08:00:00", 0, "2026-07-10 18:00");
    check("2026-07-13T09:00:00", 0, "2026-07-13 09:00");
    check("2026-07-13T18:00:00", 0, "2026-07-13 18:00");
    check("2026-02-24T10:00:00", 120, "2026-02-14 17:00");
    check(
        "2023-01-03T10:00:00",
        120,
        "There is no calendar for the year 2022",
    );
    check(
        "2019-01-02T10:00:00",
        120,
        "There is no calendar for the year 2018",
    );
}

#[test]
fn a_warning_is_given_in_the_clock_s_own_time() {
    let office = office("Asia/Shanghai", &hours(&["08:30-12:00", "13:30-18:00"]));
    let check =
        |start: &str, limit: Limit, before: u32, paused: &[(&str, &str)], expected: &str| {
            let (start, pauses) = (moment(&office, start), read_pauses(&office, paused));
            let warned = warning(start, &limit, &pauses, Minutes(before), &office).unwrap();
            let shown = match warned {
                Standing::Due { at, .. } => {
                    office.zone().local(at).format("%m-%d %H:%M").to_string()
                }
                Standing::Paused { .. } => "paused".to_owned(),
            };
            assert_eq!(shown, expected);
        };
    let start = "2026-07-14T17:00:00";
    check(start, working(240), 60, &[], "07-15 10:30");
    check(start, working(240), 300, &[], "07-14 17:00");
    check(start, ONE_HOUR, 15, &[], "07-14 17:45");
    check(start, DEFAULT, 60, &[], "07-15 17:00");
    check(start, DEFAULT, 24 * 60, &[], "07-15 08:30");
    let pause = [("2026-07-15T09:00:00", "2026-07-15T10:00:00")];
    check(start, DEFAULT, 60, &pause, "07-15 18:00");
    check(start, working(240), 60, &pause, "07-15 11:30");
    check(start, DEFAULT, 60, &[("2026-07-15T09:00:00", "")], "paused");
}

#[test]
fn a_holiday_moved_after_the_fact_shows_what_it_changed() {
    let changed = include_str!("../../../../packs/calendars/cn/2026.json").replace(
        "\"2026-02-23\", \"isOffDay\": true",
        "\"2026-02-23\", \"isOffDay\": false",
    );
    let changed = Calendar::parse(&[("2026.json", &changed)]).unwrap();
    let hours = hours(NINE_TO_SIX);
    let zone = ZONES.get("Asia/Shanghai").unwrap();
    let (old, new) = (
        Office::new(&CALENDAR, zone, &hours),
        Office::new(&changed, zone, &hours),
    );
    let start = moment(&old, "2026-02-14T17:40:00");
    let found = re_reckoned(start, &DEFAULT, &[], &old, &new)
        .unwrap()
        .unwrap();
    let due = |text: &str| Standing::Due {
        at: moment(&old, text),
        provisional: false,
    };
    assert_eq!(found.before, due("2026-02-24T18:00:00"));
    assert_eq!(found.after, due("2026-02-23T18:00:00"));
    let [day] = &found.because[..] else {
        panic!("{:?}", found.because);
    };
    assert_eq!(day.date.to_string(), "2026-02-23");
    let name = "春节".to_owned();
    let kind = |it: &Option<DayHours>| it.as_ref().unwrap().day.kind.clone();
    assert_eq!(kind(&day.before), DayKind::Holiday { name: name.clone() });
    assert_eq!(kind(&day.after), DayKind::MakeUpDay { name });
    assert_eq!(day.after.as_ref().unwrap().working.len(), 1);

    let start = moment(&old, "2026-07-14T10:00:00");
    assert_eq!(re_reckoned(start, &DEFAULT, &[], &old, &new), Ok(None));
}

#[test]
fn a_year_published_makes_a_provisional_deadline_certain() {
    let hours = hours(NINE_TO_SIX);
    let published =
        include_str!("../../../../packs/calendars/cn/2026.json").replace("2026-", "2027-");
    let published = published.replace("\"year\": 2026", "\"year\": 2027");
    let calendar_2026 = (
        "2026.json",
        include_str!("../../../../packs/calendars/cn/2026.json"),
    );
    let zone = ZONES.get("Asia/Shanghai").unwrap();
    let office =
        |files: &[(&str, &str)]| Office::new(&Calendar::parse(files).unwrap(), zone, &hours);
    let (old, new) = (
        office(&[calendar_2026]),
        office(&[calendar_2026, ("2027.json", &published)]),
    );
    // New year's day is off then.
    let start = moment(&old, "2026-12-31T10:00:00");
    let found = re_reckoned(start, &DEFAULT, &[], &old, &new)
        .unwrap()
        .unwrap();
    let due = |text: &str, provisional| Standing::Due {
        at: moment(&old, text),
        provisional,
    };
    assert_eq!(found.before, due("2027-01-01T18:00:00", true));
    assert_eq!(found.after, due("2027-01-04T18:00:00", false));
    // The same moment, now certain.
    let start = moment(&old, "2027-03-01T10:00:00");
    let found = re_reckoned(start, &DEFAULT, &[], &old, &new)
        .unwrap()
        .unwrap();
    assert_eq!(found.before, due("2027-03-02T18:00:00", true));
    assert_eq!(found.after, due("2027-03-02T18:00:00", false));
}
