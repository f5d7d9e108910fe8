//! Any start, limit and pauses over the shipped calendar: the quick answer and the explained one agree, the last step
//! is the due moment, and nothing is due before it began.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::hours::Hours;
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::reckoning::{DayReading, Limit, Office, Pause, Reckoning, Step, reckon, standing};
use shouwen_domain::zone::Zones;

static OFFICES: LazyLock<Vec<Office>> = LazyLock::new(|| {
    let calendar = Calendar::parse(&[
        ("2025.json", include_str!("../../../../packs/calendars/cn/2025.json")),
        ("2026.json", include_str!("../../../../packs/calendars/cn/2026.json")),
    ])
    .expect("the shipped years");
    let zones = Zones::parse(include_str!("../../../../packs/zones.toml")).expect("the shipped zones");
    let lunch = Hours::parse(&["08:30-12:00", "13:30-18:00"]).expect("windows");
    ["Asia/Shanghai", "Europe/Berlin", "Australia/Sydney"]
        .iter()
        .filter_map(|it| zones.get(it))
        .flat_map(|zone| {
            [lunch.clone(), Hours::around_the_clock()].map(|it| Office::new(&calendar, zone, &it))
        })
        .collect()
});

fuzz_target!(|input: (u8, i64, u8, u16, Vec<(i64, Option<i64>)>)| {
    let (office, start, kind, amount, pauses) = input;
    let office = &OFFICES[usize::from(office) % OFFICES.len()];
    // Mostly within the years laid out, now and then far outside.
    let near = |ms: i64| if ms % 7 == 0 { ms } else { 1_735_660_800_000 + ms.rem_euclid(70_000_000_000) };
    let start = Moment::from_unix_ms(near(start));
    let minutes = Minutes(amount.into());
    let limit = match kind % 5 {
        0 => Limit::ClockMinutes { minutes, off_duty_start_after: Minutes(15) },
        1 => Limit::WorkingMinutes { minutes },
        2 => Limit::PlainMinutes { minutes },
        3 => Limit::WorkingDays { days: u32::from(amount % 60), reading: DayReading::NextDayClosing },
        _ => Limit::WorkingDays { days: u32::from(amount % 60), reading: DayReading::SameTime },
    };
    let pauses: Vec<Pause> = pauses
        .into_iter()
        .take(8)
        .map(|(from, until)| Pause {
            from: Moment::from_unix_ms(near(from)),
            until: until.map(|it| Moment::from_unix_ms(near(it))),
        })
        .collect();
    let explained = reckon(start, &limit, &pauses, office);
    let quick = standing(start, &limit, &pauses, office);
    assert_eq!(explained.as_ref().map(Reckoning::standing), quick.as_ref().copied());
    if let Ok(Reckoning::Due(due)) = explained {
        assert!(due.at >= start);
        assert!(matches!(due.steps.last(), Some(Step::DueAt { at, .. }) if *at == due.at));
    }
});
