//! When each message is asked anew: in the order of the originals, at its own time of day, in the weeks that end now.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};
use shouwen_domain::Rules;
use shouwen_domain::calendar::DayKind;
use shouwen_domain::moment::{Minutes, Moment};

/// One moment for each time of day. Within a day they are in the order of their times of day.
pub fn spread(times: &[NaiveTime], weeks: u32, now: Moment, rules: &Rules) -> Vec<Moment> {
    let days = days(weeks, now, rules);
    let total: u64 = days.iter().map(|it| it.1).sum();
    let n = times.len() as u64;
    (0..)
        .zip(times)
        .map(|(i, time)| {
            // The middle of its share of the whole.
            let mut left = (2 * i + 1) * total / (2 * n);
            let day = days
                .iter()
                .find(|(_, weight)| match left.checked_sub(*weight) {
                    Some(rest) => {
                        left = rest;
                        false
                    }
                    None => true,
                });
            let date = day.or(days.last()).expect("there is at least one day").0;
            at(date, *time, now, rules)
        })
        .collect()
}

/// On `date`, or at the same time on the day before, if that lies ahead.
pub fn at(date: NaiveDate, time: NaiveTime, now: Moment, rules: &Rules) -> Moment {
    let moment = |date: NaiveDate| rules.zone().moment(date.and_time(time));
    let asked = moment(date);
    if asked <= now - Minutes(1) {
        asked
    } else {
        moment(date - Days::new(1))
    }
}

/// Each date with how much is asked on it.
fn days(weeks: u32, now: Moment, rules: &Rules) -> Vec<(NaiveDate, u64)> {
    let local = rules.zone().local(now);
    let mut days: Vec<_> = (0..u64::from(weeks.max(1)) * 7)
        .rev()
        .map(|ago| local.date() - Days::new(ago))
        .map(|date| (date, weight(date, rules)))
        .collect();
    // Of today, as much as has passed between eight and eighteen o'clock.
    if let Some((_, weight)) = days.last_mut() {
        let since_eight = (local.time() - NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default())
            .num_minutes()
            .clamp(0, 600);
        *weight = *weight * u64::try_from(since_eight).unwrap_or(0) / 600;
    }
    days
}

/// What the weekend left lies there on Monday.
fn weight(date: NaiveDate, rules: &Rules) -> u64 {
    let is_rest = match rules.calendar.day(date).map(|it| it.kind) {
        Ok(DayKind::Workday | DayKind::MakeUpDay { .. }) | Err(_) => false,
        Ok(DayKind::Weekend | DayKind::Holiday { .. }) => true,
    };
    match date.weekday() {
        Weekday::Sat if is_rest => 320,
        _ if is_rest => 240,
        Weekday::Mon => 1_300,
        Weekday::Tue | Weekday::Thu => 1_050,
        Weekday::Wed | Weekday::Fri | Weekday::Sat | Weekday::Sun => 900,
    }
}
