//! What always holds of due moments, whatever the start, the limit, the hours and the pauses.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helper may fail as the test may"
)]

use std::sync::LazyLock;

use proptest::prelude::*;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::hours::{Hours, RestDays, Week, Window};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::reckoning::{
    DayReading, Limit, Office, Pause, Reckoning, Standing, Step, elapsed, reckon,
    reckon_working_time, standing, warning,
};
use shouwen_domain::zone::Zones;

const DAY_MS: i64 = 86_400_000;
/// 2023-06-01, from where on no year is missing.
const FIRST_START_MS: i64 = 1_685_577_600_000;
const LAST_START_MS: i64 = FIRST_START_MS + 5 * 365 * DAY_MS;

macro_rules! year {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../packs/calendars/cn/", $name)),
        )
    };
}

/// Offices unlike one another: lunch breaks, weekends, single dates, zones with summer time.
static OFFICES: LazyLock<Vec<Office>> = LazyLock::new(|| {
    let windows =
        |texts: &[&str]| -> Vec<Window> { texts.iter().map(|it| it.parse().unwrap()).collect() };
    let week = |texts: &[&str]| Week::every_day(windows(texts)).unwrap();
    let date = |text: &str| text.parse().unwrap();
    let calendar = Calendar::parse(&[
        year!("2023.json"),
        year!("2024.json"),
        year!("2025.json"),
        year!("2026.json"),
    ])
    .unwrap();
    let zones = Zones::parse(include_str!("../../../packs/zones.toml")).unwrap();
    let odd_week = Week::try_new([
        windows(&["00:00-06:00", "18:00-24:00"]),
        windows(&["01:30-03:30"]),
        vec![],
        windows(&["08:00-08:01", "23:59-24:00"]),
        windows(&["09:00-18:00"]),
        windows(&["02:30-02:45", "10:00-14:00"]),
        windows(&["02:15-02:45", "03:00-24:00"]),
    ])
    .unwrap();
    let office =
        |zone: &str, hours: &Hours| Office::new(&calendar, zones.get(zone).unwrap(), hours);
    let with_lunch = Hours::parse(&["08:30-12:00", "13:30-18:00"]).unwrap();
    let on_duty = Hours::new(
        week(&["09:00-18:00"]),
        RestDays::OnDuty(week(&["10:00-16:00"])),
    );
    let with_dates = with_lunch
        .clone()
        .with_date(date("2026-07-11"), windows(&["09:00-12:00"]))
        .unwrap()
        .with_break(date("2026-07-14"), "10:00-15:00".parse().unwrap())
        .with_break(date("2026-07-15"), Window::ALL_DAY)
        .with_closed(date("2026-07-16"));
    let odd = Hours::new(odd_week.clone(), RestDays::Working(odd_week));
    vec![
        office("Asia/Shanghai", &with_lunch),
        office("Asia/Shanghai", &on_duty),
        office("Asia/Shanghai", &with_dates),
        office("Europe/Berlin", &Hours::around_the_clock()),
        office("America/New_York", &odd),
        office("Australia/Lord_Howe", &odd),
    ]
});

fn an_office() -> impl Strategy<Value = &'static Office> {
    (0..OFFICES.len()).prop_map(|i| &OFFICES[i])
}

/// Also on the minute, and around openings and closings.
fn a_start() -> impl Strategy<Value = Moment> {
    prop_oneof![
        (FIRST_START_MS..LAST_START_MS).prop_map(Moment::from_unix_ms),
        (
            FIRST_START_MS / 900_000..LAST_START_MS / 900_000,
            -1..=1_i64
        )
            .prop_map(|(quarter, ms)| Moment::from_unix_ms(quarter * 900_000 + ms)),
    ]
}

fn a_reading() -> impl Strategy<Value = DayReading> {
    prop_oneof![
        Just(DayReading::NextDayClosing),
        Just(DayReading::ReceiptDayCounts),
        Just(DayReading::SameTime),
    ]
}

/// Of so many minutes or days.
fn a_limit() -> impl Strategy<Value = Limit> {
    let minutes = prop_oneof![0..3_000_u32, 0..60_000_u32].prop_map(Minutes);
    prop_oneof![
        (minutes.clone(), 0..120_u32).prop_map(|(minutes, after)| Limit::ClockMinutes {
            minutes,
            off_duty_start_after: Minutes(after)
        }),
        minutes
            .clone()
            .prop_map(|minutes| Limit::WorkingMinutes { minutes }),
        minutes.prop_map(|minutes| Limit::PlainMinutes { minutes }),
        (1..40_u32, a_reading()).prop_map(|(days, reading)| Limit::WorkingDays { days, reading }),
    ]
}

/// Relative to the start: from, and how long.
fn some_pauses() -> impl Strategy<Value = Vec<(i64, Option<i64>)>> {
    let length = prop_oneof![
        9 => (-60_i64..4_000).prop_map(Some),
        1 => Just(None),
    ];
    prop::collection::vec((-2_000_i64..30_000, length), 0..5)
}

fn laid_at(start: Moment, pauses: &[(i64, Option<i64>)]) -> Vec<Pause> {
    let later = |minutes: i64| Moment::from_unix_ms(start.unix_ms() + minutes * 60_000);
    pauses
        .iter()
        .map(|(from, length)| Pause {
            from: later(*from),
            until: length.map(|it| later(from + it)),
        })
        .collect()
}

fn longer(limit: Limit, by: u32) -> Limit {
    match limit {
        Limit::ClockMinutes {
            minutes,
            off_duty_start_after,
        } => Limit::ClockMinutes {
            minutes: Minutes(minutes.0 + by),
            off_duty_start_after,
        },
        Limit::WorkingMinutes { minutes } => Limit::WorkingMinutes {
            minutes: Minutes(minutes.0 + by),
        },
        Limit::PlainMinutes { minutes } => Limit::PlainMinutes {
            minutes: Minutes(minutes.0 + by),
        },
        Limit::WorkingDays { days, reading } => Limit::WorkingDays {
            days: days + by % 10,
            reading,
        },
    }
}

/// What stands still is later than anything.
fn order(standing: Standing) -> Moment {
    match standing {
        Standing::Due { at, .. } => at,
        Standing::Paused { .. } => Moment::from_unix_ms(i64::MAX),
    }
}

fn at(start: Moment, limit: &Limit, office: &Office) -> Moment {
    order(standing(start, limit, &[], office).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_explanation_says_the_same_as_the_answer_and_ends_in_it(
        office in an_office(), start in a_start(), limit in a_limit(), pauses in some_pauses(),
    ) {
        let pauses = laid_at(start, &pauses);
        let quick = standing(start, &limit, &pauses, office);
        let told = reckon(start, &limit, &pauses, office);
        prop_assert_eq!(told.as_ref().map(Reckoning::standing), quick.as_ref().copied());
        let told = told.unwrap();
        match (told.standing(), told.steps().last()) {
            (Standing::Due { at, .. }, Some(Step::DueAt { at: last, shown })) => {
                prop_assert_eq!(at, *last);
                prop_assert_eq!(office.zone().local(at), *shown);
            }
            (Standing::Paused { left_ms, .. }, Some(Step::StandsStill { left_ms: told, .. })) => {
                prop_assert_eq!(left_ms, *told);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_steps_of_working_time_add_up(
        office in an_office(), start in a_start(), ms in 0..100_000_000_u64,
        pauses in some_pauses(),
    ) {
        let pauses = laid_at(start, &pauses);
        let told = reckon_working_time(start, ms, &pauses, office).unwrap();
        let (mut used, mut lost) = (0, 0);
        for step in told.steps() {
            if let Step::Worked { used_ms, .. } = step {
                used += used_ms;
            } else if let Step::Paused { lost_ms, .. } = step {
                lost += lost_ms;
            }
        }
        let left = match told.standing() {
            Standing::Due { .. } => 0,
            Standing::Paused { left_ms, .. } => left_ms,
        };
        prop_assert_eq!(used + left, ms + lost);
    }

    #[test]
    fn a_later_start_is_never_due_sooner(
        office in an_office(), start in a_start(), later in 0..400_000_000_i64, limit in a_limit(),
    ) {
        let second = Moment::from_unix_ms(start.unix_ms() + later);
        // Off duty the clock starts so much after the next duty start, on duty at once.
        let mut back = Minutes(0);
        if let Limit::ClockMinutes { off_duty_start_after, .. } = limit {
            back = off_duty_start_after;
        }
        // From a rest day, and outside hours, the time of day is what counts.
        if let Limit::WorkingDays { reading: DayReading::SameTime, .. } = limit {
            prop_assume!(office.is_working(start) && office.is_working(second));
        }
        prop_assert!(at(start, &limit, office) <= at(second, &limit, office) + back);
    }

    #[test]
    fn a_later_start_is_never_due_sooner_with_the_same_pauses(
        office in an_office(), start in a_start(), later in 0..400_000_000_i64,
        minutes in 0..3_000_u32, is_plain in any::<bool>(), pauses in some_pauses(),
    ) {
        let minutes = Minutes(minutes);
        let limit = if is_plain {
            Limit::PlainMinutes { minutes }
        } else {
            Limit::WorkingMinutes { minutes }
        };
        let pauses = laid_at(start, &pauses);
        let second = Moment::from_unix_ms(start.unix_ms() + later);
        let due = |start| order(standing(start, &limit, &pauses, office).unwrap());
        prop_assert!(due(start) <= due(second));
    }

    #[test]
    fn a_longer_limit_is_never_due_sooner(
        office in an_office(), start in a_start(), limit in a_limit(), by in 0..5_000_u32,
        pauses in some_pauses(),
    ) {
        let pauses = laid_at(start, &pauses);
        let due = |limit| order(standing(start, &limit, &pauses, office).unwrap());
        prop_assert!(due(limit) <= due(longer(limit, by)));
    }

    #[test]
    fn working_time_is_due_while_the_office_works_or_closes(
        office in an_office(), start in a_start(), limit in a_limit(), ms in 0..1_000_000_000_u64,
        pauses in some_pauses(),
    ) {
        let mut dues = vec![office.add(start, ms).unwrap()];
        if let Limit::WorkingMinutes { .. } | Limit::WorkingDays { .. } = limit
            && let Standing::Due { at, .. } = standing(start, &limit, &laid_at(start, &pauses), office).unwrap()
        {
            dues.push(at);
        }
        for due in dues {
            let just_before = Moment::from_unix_ms(due.unix_ms() - 1);
            prop_assert!(office.is_working(due) || office.is_working(just_before));
            prop_assert!(due >= start);
        }
    }

    #[test]
    fn what_was_added_has_elapsed_and_can_be_taken_back(
        office in an_office(), start in a_start(), ms in 1..1_000_000_000_u64,
    ) {
        let due = office.add(start, ms).unwrap();
        prop_assert_eq!(office.elapsed(start, due), Ok(ms));
        let back = office.subtract(due, ms).unwrap();
        prop_assert_eq!(office.elapsed(back, due), Ok(ms));
        prop_assert_eq!(office.elapsed(start.min(back), start.max(back)), Ok(0));
        if office.is_working(start) {
            prop_assert_eq!(back, start);
        }
    }

    #[test]
    fn windows_add_up_to_what_elapsed(
        office in an_office(), start in a_start(), ms in 1..3_000_000_000_i64,
    ) {
        let end = Moment::from_unix_ms(start.unix_ms() + ms);
        let open = office.windows_from(start).take_while(|it| it.0 < end);
        let sum: u64 = open.map(|(opens, closes)| closes.min(end).ms_since(opens)).sum();
        prop_assert_eq!(office.elapsed(start, end), Ok(sum));
    }

    #[test]
    fn a_pause_only_makes_due_later_and_as_much_as_it_took(
        office in an_office(), start in a_start(), limit in a_limit(), pauses in some_pauses(),
    ) {
        let pauses = laid_at(start, &pauses);
        let mut last = at(start, &limit, office);
        for n in 1..=pauses.len() {
            let paused = order(standing(start, &limit, &pauses[..n], office).unwrap());
            prop_assert!(last <= paused);
            last = paused;
        }
        if let Limit::WorkingMinutes { minutes } = limit
            && let Standing::Due { at, .. } = standing(start, &limit, &pauses, office).unwrap()
        {
            prop_assert_eq!(elapsed(start, at, &pauses, office), Ok(minutes.ms()));
        }
    }

    #[test]
    fn a_pause_told_twice_or_in_parts_counts_once(
        office in an_office(), start in a_start(), limit in a_limit(), pauses in some_pauses(),
        order in any::<prop::sample::Index>(),
    ) {
        let pauses = laid_at(start, &pauses);
        let mut again = pauses.clone();
        if !again.is_empty() {
            let pause = again[order.index(again.len())];
            let length_ms = pause.until.map_or(60_000, |it| it.ms_since(pause.from) / 2);
            let middle = pause.from.after_ms(length_ms);
            again.push(Pause { from: pause.from, until: Some(middle) });
            again.push(Pause { from: middle, ..pause });
            let turn = order.index(again.len());
            again.rotate_left(turn);
        }
        prop_assert_eq!(
            standing(start, &limit, &again, office),
            standing(start, &limit, &pauses, office)
        );
    }

    #[test]
    fn a_warning_comes_before_and_after_the_start(
        office in an_office(), start in a_start(), limit in a_limit(), before in 0..2_000_u32,
        pauses in some_pauses(),
    ) {
        let pauses = laid_at(start, &pauses);
        let warned = order(warning(start, &limit, &pauses, Minutes(before), office).unwrap());
        let due = order(standing(start, &limit, &pauses, office).unwrap());
        prop_assert!(start <= warned && warned <= due);
    }
}
