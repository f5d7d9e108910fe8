//! How long a due moment takes to reckon, over starts of every kind: on duty and off, before holidays and in them.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::hours::Hours;
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::reckoning::{DayReading, Limit, Office, Pause, reckon, standing};
use shouwen_domain::zone::Zones;

macro_rules! year {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../packs/calendars/cn/", $name)),
        )
    };
}

fn calendar() -> Calendar {
    let years = [
        year!("2019.json"),
        year!("2020.json"),
        year!("2023.json"),
        year!("2024.json"),
        year!("2025.json"),
        year!("2026.json"),
    ];
    Calendar::parse(&years).expect("the shipped years can be read")
}

/// Some three thousand, 2 h 53 min apart, through 2026: every hour of the day on every day of the week.
fn starts() -> Vec<Moment> {
    let new_year = Moment::from_unix_ms(1_767_196_800_000);
    (0..3_000).map(|i| new_year + Minutes(i * 173)).collect()
}

fn reckoning(criterion: &mut Criterion) {
    let zones = Zones::parse(include_str!("../../../packs/zones.toml"))
        .expect("the shipped zones can be read");
    let zone = zones.get("Asia/Shanghai").expect("it is there");
    let hours = Hours::parse(&["08:30-12:00", "13:30-18:00"]).expect("these are windows");
    let calendar = calendar();
    let office = Office::new(&calendar, zone, &hours);
    let starts = starts();
    let limits = [
        (
            "1h clock",
            Limit::ClockMinutes {
                minutes: Minutes(60),
                off_duty_start_after: Minutes(15),
            },
        ),
        (
            "1 working day",
            Limit::WorkingDays {
                days: 1,
                reading: DayReading::NextDayClosing,
            },
        ),
        (
            "same time",
            Limit::WorkingDays {
                days: 1,
                reading: DayReading::SameTime,
            },
        ),
        (
            "4 working hours",
            Limit::WorkingMinutes {
                minutes: Minutes(240),
            },
        ),
        (
            "400 working hours",
            Limit::WorkingMinutes {
                minutes: Minutes(24_000),
            },
        ),
    ];
    let mut next = starts.iter().copied().cycle();
    let mut start = move || next.next().expect("there is no end");
    for (name, limit) in &limits {
        criterion.bench_function(name, |it| {
            it.iter_batched(
                &mut start,
                |start| standing(black_box(start), limit, &[], &office),
                BatchSize::NumIterations(1_000),
            );
        });
    }
    let (_, working_hours) = &limits[3];
    criterion.bench_function("4 working hours, two pauses", |it| {
        it.iter_batched(
            &mut start,
            |start| {
                let pause = |from, minutes| Pause {
                    from: start + Minutes(from),
                    until: Some(start + Minutes(from + minutes)),
                };
                let pauses = [pause(30, 45), pause(200, 1_500)];
                standing(black_box(start), working_hours, &pauses, &office)
            },
            BatchSize::NumIterations(1_000),
        );
    });
    let (_, one_day) = &limits[1];
    criterion.bench_function("1 working day, explained", |it| {
        it.iter_batched(
            &mut start,
            |start| reckon(black_box(start), one_day, &[], &office),
            BatchSize::NumIterations(1_000),
        );
    });
    criterion.bench_function("an office laid out", |it| {
        it.iter(|| Office::new(&calendar, zone, &hours));
    });
}

criterion_group!(benches, reckoning);
criterion_main!(benches);
