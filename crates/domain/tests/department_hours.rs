//! A department with hours of its own is held to those, and the reckoning says so.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

use shouwen_domain::calendar::Calendar;
use shouwen_domain::directory::Directory;
use shouwen_domain::pack::{DeadlineId, Pack};
use shouwen_domain::reckoning::{Step, reckon};
use shouwen_domain::rules::Rules;
use shouwen_domain::zone::Zones;

/// The shipped texts, with a security department that is there day and night.
fn rules() -> Rules {
    let hours = "[time.departments.security]\nhours = \"around_the_clock\"\n\n[limits]";
    let pack = include_str!("../../../packs/property-service.toml").replacen("[limits]", hours, 1);
    let year = include_str!("../../../packs/calendars/cn/2026.json");
    let directory = include_str!("../../../packs/demo-site.toml");
    Rules::try_new(
        Pack::parse("property-service.toml", &pack).unwrap(),
        Calendar::parse(&[("2026.json", year)]).unwrap(),
        &Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        Directory::parse("demo-site.toml", directory).unwrap(),
    )
    .unwrap()
}

/// When a case asked on the first evening of the Spring Festival has to be passed on.
fn check(department: &str, expected: &str, is_own: bool) {
    let rules = rules();
    let at = |local: &str| rules.zone().moment(local.parse().unwrap());
    let limit = rules.pack.deadline(DeadlineId::Transfer).limit;
    let office = rules.office(&department.parse().unwrap());
    let due = reckon(at("2026-02-15T20:00:00"), &limit.unwrap(), &[], office).unwrap();
    let due = due.due().unwrap();
    assert_eq!(due.at, at(expected), "{department}");
    let says_so = |it: &Step| matches!(it, Step::DepartmentHours { .. });
    assert_eq!(due.steps.iter().any(says_so), is_own, "{department}");
}

#[test]
fn a_clock_runs_by_the_hours_of_the_department_that_owes() {
    check("security", "2026-02-15T21:00:00", true);
    check("engineering", "2026-02-24T09:45:00", false);
}
