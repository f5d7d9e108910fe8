//! A table of our own that covers every operation, what is said of a case that differs or cannot be read, and
//! calendars brought in.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "the form in which expect-test writes them"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test's helper may fail as the test may"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::{fs, path::Path};

use expect_test::{Expect, expect};
use serde_json::Value;
use shouwen_conform::case::World;
use shouwen_conform::{import, table, workdays};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::zone::Zones;

const OURS: &str = include_str!("cases.json");
const YEAR_2026: &str = include_str!("../../../packs/calendars/cn/2026.json");

fn world() -> World {
    World {
        zones: Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        cn: Calendar::parse(&[("2026.json", YEAR_2026)]).unwrap(),
    }
}

#[test]
fn our_own_table_agrees_and_covers_every_operation() {
    let report = table::check("cases.json", OURS, &world()).unwrap();
    assert_eq!(report.n_agree, report.n_cases, "{report}");
    let root: Value = serde_json::from_str(OURS).unwrap();
    let cases = root["cases"].as_array().unwrap();
    let ops: BTreeSet<_> = cases.iter().filter_map(|it| it["op"].as_str()).collect();
    assert_eq!(ops.len(), 13);
}

fn check(cases: &str, expected: Expect) {
    let report = table::check("t.json", cases, &world()).unwrap();
    expected.assert_eq(&format!("{report}\n"));
}

/// One case on Mondays from nine to five, with other fields put in.
fn monday(fields: &str) -> String {
    let case = r#"{"id": "a", "op": "add", "tz": "UTC", "week": {"mon": [["09:00", "17:00"]]}, "start": "2026-07-13T16:00:00", "minutes": 90, "expected": "2026-07-20T09:30:00"}"#;
    let mut case: Value = serde_json::from_str(case).unwrap();
    let fields: Value = serde_json::from_str(fields).unwrap();
    for (field, value) in fields.as_object().unwrap() {
        case[field] = value.clone();
    }
    format!("[{case}]")
}

#[test]
fn a_difference_is_told_with_both_values_and_the_reckoning() {
    check(
        &monday("{}"),
        expect![[r#"
        t.json: agree 1 of 1
    "#]],
    );
    check(
        &monday(r#"{"expected": "2026-07-20T09:31:00"}"#),
        expect![[r#"
            t.json: a (add) differs
              expected 2026-07-20T09:31:00
              found    2026-07-20T09:30:00
                started 2026-07-13 16:00:00
                open 09:00-17:00 on 2026-07-13, a workday
                2026-07-13 16:00:00 to 2026-07-13 17:00:00: 60:00 used, 30:00 left
                2026-07-14 is closed
                2026-07-15 is closed
                2026-07-16 is closed
                2026-07-17 is closed
                2026-07-18 is a weekend
                2026-07-19 is a weekend
                2026-07-20 09:00:00 to 2026-07-20 09:30:00: 30:00 used, 0:00 left
                due 2026-07-20 09:30:00
            t.json: agree 0 of 1
        "#]],
    );
    check(
        &monday(r#"{"expected": null}"#),
        expect![[r#"
        t.json: a (add) differs
          expected null
          found    2026-07-20T09:30:00
            started 2026-07-13 16:00:00
            open 09:00-17:00 on 2026-07-13, a workday
            2026-07-13 16:00:00 to 2026-07-13 17:00:00: 60:00 used, 30:00 left
            2026-07-14 is closed
            2026-07-15 is closed
            2026-07-16 is closed
            2026-07-17 is closed
            2026-07-18 is a weekend
            2026-07-19 is a weekend
            2026-07-20 09:00:00 to 2026-07-20 09:30:00: 30:00 used, 0:00 left
            due 2026-07-20 09:30:00
        t.json: agree 0 of 1
    "#]],
    );
    check(
        &monday(r#"{"pauses": [["2026-07-13T16:30:00", null]]}"#),
        expect![[r#"
            t.json: a (add) differs
              expected 2026-07-20T09:30:00
              found    not due while paused
                started 2026-07-13 16:00:00
                open 09:00-17:00 on 2026-07-13, a workday
                2026-07-13 16:00:00 to 2026-07-13 17:00:00: 60:00 used, 30:00 left
                2026-07-14 is closed
                2026-07-15 is closed
                2026-07-16 is closed
                2026-07-17 is closed
                2026-07-18 is a weekend
                2026-07-19 is a weekend
                2026-07-20 09:00:00 to 2026-07-20 09:30:00: 30:00 used, 0:00 left
                paused from 2026-07-13 16:30:00 until further notice, 60:00 lost
                stands still since 2026-07-13 16:30:00, 60:00 left
            t.json: agree 0 of 1
        "#]],
    );
}

#[test]
fn a_difference_without_a_deadline_is_told_with_what_it_rests_on() {
    check(
        &monday(r#"{"op": "active", "expected": false}"#),
        expect![[r#"
            t.json: a (active) differs
              expected false
              found    true
                2026-07-13 is a workday, open 09:00-17:00
            t.json: agree 0 of 1
        "#]],
    );
    check(
        &monday(
            r#"{"op": "elapsed", "end": "2026-07-20T10:00:00", "unit": "hours", "expected": 3}"#,
        ),
        expect![[r#"
            t.json: a (elapsed) differs
              expected 3
              found    2 (7200000 ms)
                open 2026-07-13T16:00:00 to 2026-07-13T17:00:00
                open 2026-07-20T09:00:00 to 2026-07-20T10:00:00
            t.json: agree 0 of 1
        "#]],
    );
    check(
        &monday(
            r#"{"op": "is_workday", "calendar": "CN", "start": "2021-02-13", "expected": true}"#,
        ),
        expect![[r#"
            t.json: a (is_workday) differs
              expected true
              found    There is no calendar for the year 2021
                There is no calendar for the year 2021
            t.json: agree 0 of 1
        "#]],
    );
}

#[test]
fn a_case_that_cannot_be_read_is_named_with_its_field_and_stops_no_other() {
    let unreadable = [
        r#"{"tz": "Mars/Base"}"#,
        r#"{"io": "local"}"#,
        r#"{"op": "multiply"}"#,
        r#"{"week": {"mon": [["09:00", "25:00"]]}}"#,
        r#"{"week": {"monday": []}}"#,
        r#"{"week": {"mon": [["22:00", "06:00"]]}}"#,
        r#"{"week": null}"#,
        r#"{"calendar": "DE"}"#,
        r#"{"start": "13.7.2026"}"#,
        r#"{"start": "1999-07-13", "tz": "Europe/Berlin"}"#,
        r#"{"minutes": "ten"}"#,
        r#"{"minutes": -1, "pauses": [["2026-07-13", null]]}"#,
        r#"{"op": "warn_before", "warn_minutes": -1}"#,
        r#"{"minutes": null}"#,
        r#"{"pauses": ["2026-07-13"]}"#,
        r#"{"holidays": ["soon"]}"#,
        r#"{"breaks": {"today": []}}"#,
        r#"{"expected": 9}"#,
        r#"{"op": "windows"}"#,
        r#"{"op": "windows", "take": 1}"#,
        r#"{"op": "add_days", "days": 1}"#,
        r#"{"op": "workday_offset", "days": 0, "start": "2026-07-14"}"#,
        r#"{"op": "elapsed"}"#,
    ];
    let told = |fields: &str| {
        let report = table::check("t.json", &monday(fields), &world()).unwrap();
        assert_eq!((report.n_agree, report.n_cases), (0, 1));
        report.to_string().lines().next().unwrap().to_owned()
    };
    let lines: Vec<_> = unreadable.iter().map(|it| told(it)).collect();
    expect![[r#"
        t.json: a (add) cannot be read: tz: expected a zone of the tz database, or "floating", found "Mars/Base"
        t.json: a (add) cannot be read: io: expected "UTC", or nothing, found "local"
        t.json: a (multiply) cannot be read: op: expected one of add, sub, elapsed, add_paused, elapsed_paused, active, windows, next_workdays, workday_offset, is_workday, add_days, sub_days, warn_before, found "multiply"
        t.json: a (add) cannot be read: week.mon[1]: expected a window such as ["09:00", "18:00"], found "09:00-25:00" is not of the form "08:30-12:00", from 00:00 to 24:00
        t.json: a (add) cannot be read: week: expected weekdays of mon, tue, wed, thu, fri, sat, sun, found "monday"
        t.json: a (add) cannot be read: week.mon[1]: expected a window such as ["09:00", "18:00"], found "22:00-06:00" ends before it starts; over midnight, write "22:00-24:00" and "00:00-06:00"
        t.json: a (add) cannot be read: week: expected opening windows by weekday, or the calendar "CN", found nothing
        t.json: a (add) cannot be read: calendar: expected "CN", or nothing, found "DE"
        t.json: a (add) cannot be read: start: expected a date or time such as "2026-02-14T17:40:00", found "13.7.2026"
        t.json: a (add) cannot be read: start: expected a year from 2000 to 2060 in this zone, found 1999
        t.json: a (add) cannot be read: minutes: expected a number, found "ten"
        t.json: a (add) cannot be read: pauses: expected none, where time is taken back, found [["2026-07-13",null]]
        t.json: a (warn_before) cannot be read: warn_minutes: expected a number of minutes, not below 0, found -1
        t.json: a (add) cannot be read: minutes: expected a number of minutes, or of seconds under `seconds`, found nothing
        t.json: a (add) cannot be read: pauses[1]: expected a pause such as ["2026-02-14T17:40:00", null], found "2026-07-13"
        t.json: a (add) cannot be read: holidays[1]: expected a date such as "2026-02-14", found "soon"
        t.json: a (add) cannot be read: breaks.today: expected a date such as "2026-02-14", found "today"
        t.json: a (add) cannot be read: expected: expected a date or time such as "2026-02-14T17:40:00", found 9
        t.json: a (windows) cannot be read: take: expected a whole number up to 10000, found nothing
        t.json: a (windows) cannot be read: expected: expected a list of pairs of moments, found "2026-07-20T09:30:00"
        t.json: a (add_days) cannot be read: policy: expected "same_time_then_roll" or "roll_first_then_days", found nothing
        t.json: a (workday_offset) cannot be read: roll: expected "forward" or "backward", found nothing
        t.json: a (elapsed) cannot be read: end: expected a date or time such as "2026-02-14T17:40:00", found nothing
    "#]].assert_eq(&(lines.join("\n") + "\n"));
    let both = format!(
        "[{}, 42, {}]",
        &monday("{}")[1..].trim_end_matches(']'),
        &monday("{}")[1..].trim_end_matches(']')
    );
    check(
        &both,
        expect![[r#"
        t.json: cases[2] (?) cannot be read: cases[2]: expected an object, found 42
        t.json: agree 2 of 3
    "#]],
    );
}

#[test]
fn what_is_no_table_is_said() {
    let error = |text| {
        table::check("t.json", text, &world())
            .unwrap_err()
            .to_string()
    };
    expect![[
        r#"t.json: expected {"cases": [...]} or a list of cases; expected value at line 1 column 1"#
    ]]
    .assert_eq(&error("cases"));
    expect![[r#"t.json: expected {"cases": [...]} or a list of cases; there is none"#]]
        .assert_eq(&error("{}"));
}

fn shipped() -> BTreeMap<String, String> {
    [("2026.json".to_owned(), YEAR_2026.to_owned())].into()
}

#[test]
fn a_year_brought_in_again_changes_nothing() {
    let year = import::year("somewhere/2026.json", YEAR_2026, &shipped()).unwrap();
    assert_eq!((year.text.as_str(), year.changes.len()), (YEAR_2026, 0));
    let one_line = YEAR_2026.replace('\n', " ");
    assert_eq!(import::year("x.json", &one_line, &shipped()), Ok(year));
}

#[test]
fn what_a_year_changes_is_told_day_by_day() {
    let changed = YEAR_2026
        .replace(
            "\"2026-02-23\", \"isOffDay\": true",
            "\"2026-02-23\", \"isOffDay\": false",
        )
        .replace("2026-05-09", "2026-05-10")
        .replace(
            "{\"name\": \"元旦\", \"date\": \"2026-01-01\"",
            "{\"name\": \"新年\", \"date\": \"2026-01-01\"",
        );
    let year = import::year("2026.json", &changed, &shipped()).unwrap();
    let lines: Vec<_> = year.changes.iter().map(ToString::to_string).collect();
    expect![[r#"
        renamed 2026-01-01 from 元旦 to 新年
        turned  2026-02-23 to worked (春节)
        removed 2026-05-09 worked (劳动节)
        added   2026-05-10 worked (劳动节)
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_year_that_cannot_be_is_refused_with_its_place() {
    let error = |text: &str| {
        import::year("2026.json", text, &shipped())
            .unwrap_err()
            .to_string()
    };
    expect!["2026.json, line 1, column 30: Year 2026 holds no days; expected a published list"]
        .assert_eq(&error(r#"{"year": 2026, "papers": [], "days": []}"#));
    expect![[
        r#"2026.json, line 18, column 28: Expected a date such as 2026-02-14, found "2026-02-30""#
    ]]
    .assert_eq(&error(&YEAR_2026.replace("2026-02-23", "2026-02-30")));
    // Beside the other years: a day that is worked in one file and off in the other.
    let next = r#"{"year": 2027, "papers": [], "days": [{"name": "元旦", "date": "2026-12-31", "isOffDay": false}]}"#;
    let with_december = YEAR_2026.replace("2026-10-10", "2026-12-31").replace(
        "\"2026-12-31\", \"isOffDay\": false",
        "\"2026-12-31\", \"isOffDay\": true",
    );
    let shipped = [("2026.json".to_owned(), with_december)].into();
    expect!["2027.json, line 1, column 62: 2026-12-31 is listed as a day off and as a working day"]
        .assert_eq(
            &import::year("2027.json", next, &shipped)
                .unwrap_err()
                .to_string(),
        );
}

#[test]
fn years_are_compared_with_another_list() {
    let ours = world().cn;
    let (off, worked): (Vec<_>, Vec<_>) = ours.listed().partition(|it| it.2);
    let list = |days: &[(chrono::NaiveDate, &str, bool)]| {
        let days: Vec<_> = days
            .iter()
            .map(|it| format!("{{\"date\": \"{}\"}}", it.0))
            .collect();
        days.join(", ")
    };
    let text = |off: &str, days: u32| {
        format!(
            "{{\"years\": {{\"2026\": {{\"off_days\": [{off}], \"makeup_workdays\": [{}], \"working_days_in_year\": {days}}}, \"2025\": {{\"off_days\": [{{\"date\": \"2025-01-01\"}}]}}, \"2027\": {{\"off_days\": []}}}}}}",
            list(&worked)
        )
    };
    let lines = |text: &str| {
        let compared = workdays::compare(text, &ours).unwrap();
        let lines: Vec<_> = compared.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    };
    expect![[r#"
        2025: not in our calendar
        2026: 33 days off, 6 make-up days, 248 working days: agree
        2027: no days in the list, nor in ours
    "#]]
    .assert_eq(&lines(&text(&list(&off), 248)));
    expect![[r#"
        2025: not in our calendar
        2026: 32 days off, 6 make-up days, 248 working days: 2 differences
          2026-01-01: the list says not listed, ours off
          working days: the list says 249, ours 248
        2027: no days in the list, nor in ours
    "#]]
    .assert_eq(&lines(&text(&list(&off[1..]), 249)));
    let error = workdays::compare(r#"{"years": {"2026": {"off_days": [{"day": 1}]}}}"#, &ours);
    expect![[
        r#"years.2026.off_days[1].date: expected a date such as "2026-02-14", found {"day":1}"#
    ]]
    .assert_eq(&error.unwrap_err().to_string());
}

fn run(packs: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shouwen-conform"))
        .arg("--packs")
        .arg(packs)
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn the_command_line_answers_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let years = folder.path().join("calendars/cn");
    fs::create_dir_all(&years).unwrap();
    fs::write(
        folder.path().join("zones.toml"),
        include_str!("../../../packs/zones.toml"),
    )
    .unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (year, ours) = (file("2026.json", YEAR_2026), file("ours.json", OURS));
    let other = file("other.json", &monday(r#"{"minutes": 91}"#));

    let imported = run(folder.path(), &["import", &year]);
    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(
        fs::read_to_string(years.join("2026.json")).unwrap(),
        YEAR_2026
    );

    let agree = run(folder.path(), &["tables", &ours]);
    assert!(agree.status.success(), "{agree:?}");
    let differ = run(folder.path(), &["tables", &other, "nowhere.json", &ours]);
    assert!(!differ.status.success());
    let told = String::from_utf8(differ.stdout).unwrap();
    assert!(told.contains("other.json: agree 0 of 1"), "{told}");
    assert!(told.contains("nowhere.json: "), "{told}");
    assert!(told.contains("in total: agree 37 of 38"), "{told}");
    assert!(!run(folder.path(), &["tables"]).status.success());
}
