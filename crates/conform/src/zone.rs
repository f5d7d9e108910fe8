//! The zone of a table: ours where our zone table has it, else as the tz database says it is.

use std::fmt::Write;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use shouwen_domain::zone::{Zone, Zones};

/// 2000-01-01 and 2061-01-01 in UTC, as far as our zone table goes.
const FROM_S: i64 = 946_684_800;
const UNTIL_S: i64 = 2_871_763_200;

/// None: nobody knows it.
pub fn named(name: &str, ours: &Zones) -> Option<Zone> {
    if name == "floating" {
        return Some(Zone::fixed(name, 0));
    }
    ours.get(name).cloned().or_else(|| of_tz_database(name))
}

/// Written as our zone table would write it, change by change.
fn of_tz_database(name: &str) -> Option<Zone> {
    const DAY_S: i64 = 86_400;
    let tz: Tz = name.parse().ok()?;
    let offset_s = |at_s| {
        let utc = DateTime::from_timestamp(at_s, 0)?.naive_utc();
        Some(tz.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    };
    let mut before_s = offset_s(FROM_S)?;
    let mut text = format!(
        "version = 1\n[[zones]]\nname = \"{name}\"\noffset = \"{}\"\nchanges = [",
        shown(before_s)
    );
    let mut day_s = FROM_S;
    while day_s < UNTIL_S {
        let after_s = offset_s(day_s + DAY_S)?;
        if after_s != before_s {
            let (mut still_s, mut changed_s) = (day_s, day_s + DAY_S);
            while changed_s - still_s > 1 {
                let middle_s = still_s + (changed_s - still_s) / 2;
                if offset_s(middle_s)? == before_s {
                    still_s = middle_s;
                } else {
                    changed_s = middle_s;
                }
            }
            let at = DateTime::from_timestamp(changed_s, 0)?.format("%Y-%m-%dT%H:%M:%SZ");
            let _ = write!(text, "{{ at = {at}, offset = \"{}\" }}, ", shown(after_s));
            before_s = after_s;
        }
        day_s += DAY_S;
    }
    text.push(']');
    Zones::parse(&text).ok()?.get(name).cloned()
}

/// Such as `+08:00`; since 2000 no place is off by seconds.
fn shown(offset_s: i32) -> String {
    let sign = if offset_s < 0 { '-' } else { '+' };
    let minutes = offset_s.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
