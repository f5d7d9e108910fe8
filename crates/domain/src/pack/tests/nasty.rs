//! Everything that can be wrong with a pack at all, one kind after the other: each is refused with line, column, field
//! and a sentence that says what was expected.

use std::ops::Range;

use expect_test::expect;

use super::{SHIPPED, changed, check_error};
use crate::pack::Pack;
use crate::rules::Rules;

#[test]
fn what_contradicts_itself_is_named() {
    check_error(
        "against = \"person\"\ndecided_by = \"supervisor\"\namount = 20\n",
        "against = \"person\"\ndecided_by = \"supervisor\"\namount = 20\nbulletin = true\n",
        expect![
            "pack.toml, line 1156, column 12, assessments.A1.bulletin: This belongs only where against is department or both"
        ],
    );
    check_error(
        "against = \"person\"\ndecided_by = \"supervisor\"\namount = 20\n",
        "against = \"department\"\ndecided_by = \"supervisor\"\namount = 20\n",
        expect![
            "pack.toml, line 1155, column 10, assessments.A1.amount: This belongs only where against is person or both"
        ],
    );
    check_error(
        "against = \"both\"\ndecided_by = \"director\"\nhead_amount = 50\n",
        "against = \"department\"\ndecided_by = \"director\"\nhead_amount = 50\n",
        expect![
            "pack.toml, line 1174, column 15, assessments.A4.head_amount: This belongs only where against is person or both"
        ],
    );
    check_error(
        "handled_by = { zh = \"供电公司\"",
        "department = \"engineering\"\nhandled_by = { zh = \"供电公司\"",
        expect![
            "pack.toml, line 533, column 14, categories.grid-power.handled_by: This belongs only where there is no department"
        ],
    );
    check_error(
        "lapse_after = \"30 days\"",
        "lapse_after = \"3 days\"",
        expect![
            "pack.toml, line 1149, column 15, assessments.lapse_after: 3 days is outside 4 to 365 days"
        ],
    );
}

#[test]
fn what_is_there_twice_is_named() {
    check_error(
        "    { zh = \"接单的部门\", en = \"The department that took it\" },\n",
        "    { zh = \"首问责任人\", en = \"The first responder\" },\n",
        expect![[
            r#"pack.toml, line 1218, column 5, quiz[1].choices[2]: "首问责任人" stands here twice"#
        ]],
    );
    check_error(
        "max_moves = 3\n",
        "max_moves = 3\nmax_moves = 4\n",
        expect!["pack.toml, line 62, column 1, limits.max_moves: This is not TOML: duplicate key"],
    );
}

#[test]
fn a_night_is_over_midnight_or_not_and_never_empty() {
    check_error(
        "20:30-08:30",
        "20:30-20:30",
        expect![[
            r#"pack.toml, line 65, column 9, limits.night: "20:30-20:30" starts and ends at the same time"#
        ]],
    );
    check_error(
        "20:30-08:30",
        "20:30-25:00",
        expect![[
            r#"pack.toml, line 65, column 9, limits.night: "20:30-25:00" is not of the form "20:30-08:30""#
        ]],
    );
    check_error(
        "20:30-08:30",
        "20:30",
        expect![[
            r#"pack.toml, line 65, column 9, limits.night: "20:30" is not of the form "20:30-08:30""#
        ]],
    );
    let night = changed("20:30-08:30", "00:00-06:00").night;
    assert!(night.from < night.until);
}

#[test]
fn where_a_text_is_no_toml_the_field_around_the_place_is_named() {
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1h clock",
        expect![[
            r#"pack.toml, line 76, column 18, deadlines.transfer.limit: This is not TOML: invalid basic string, expected `"`"#
        ]],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit \"1h clock\"",
        expect![
            "pack.toml, line 76, column 7, deadlines.transfer.limit: This is not TOML: key with no value, expected `=`"
        ],
    );
    check_error(
        "[limits]",
        "[limits",
        expect![
            "pack.toml, line 53, column 8, limits: This is not TOML: unclosed table, expected `]`"
        ],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = 不清楚",
        expect![
            "pack.toml, line 572, column 13, phrases[2].forbidden: This is not TOML: string values must be quoted, expected literal string"
        ],
    );
    check_error(
        "    { zh = \"提交材料\", en = \"Hand in the papers\" },\n",
        "    { zh = \"提交材料\", en = \"Hand in the papers\" \n",
        expect![
            "pack.toml, line 481, column 5, categories.access-cards.steps: This is not TOML: missing key for inline table element, expected `,`"
        ],
    );
    check_error(
        "id = \"property-service\"",
        "id : \"property-service\"",
        expect![
            "pack.toml, line 13, column 4, id: This is not TOML: key with no value, expected `=`"
        ],
    );
}

#[test]
fn a_zone_that_the_table_does_not_have_is_named_with_its_place() {
    let pack = changed("\"Asia/Shanghai\"", "\"Asia/Beijing\"");
    let site = include_str!("../../../tests/support/small-site.toml");
    let directory = crate::directory::Directory::parse("site.toml", site).unwrap();
    let calendar = crate::calendar::Calendar::parse(&[(
        "2026.json",
        include_str!("../../../../../packs/calendars/cn/2026.json"),
    )])
    .unwrap();
    let error = Rules::try_new(pack, calendar, &crate::zone::shipped(), directory).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("property-service, line 25, column 8, time.zone: \"Asia/Beijing\""),
        "{error}"
    );
    assert!(error.contains("Asia/Shanghai"), "{error}");
}

/// A value, and what the sentence has to hold where it stands in place of another.
const WRONG: [&str; 9] = [
    "\"\"",
    "\"zzz\"",
    "-1",
    "99999",
    "1.5",
    "false",
    "[]",
    "{}",
    "2026-07-13",
];

/// Each value of the shipped pack in turn is replaced by each wrong one.
#[test]
fn no_wrong_value_gets_in_without_a_sentence_and_its_place() {
    let mut n_refused = 0;
    let spans = super::shipped::values(SHIPPED);
    let is_header = |it: &&Range<usize>| {
        let text = SHIPPED[it.start..].trim_start_matches('[');
        SHIPPED[it.start..].starts_with('[') && text.starts_with(|c: char| c.is_ascii_lowercase())
    };
    // Of what stands there a hundred times over, such as phrases, some are enough.
    for span in spans.iter().filter(|it| !is_header(it)).step_by(29) {
        for wrong in WRONG {
            let text = format!("{}{wrong}{}", &SHIPPED[..span.start], &SHIPPED[span.end..]);
            let Err(error) = Pack::parse("pack.toml", &text) else {
                continue;
            };
            n_refused += 1;
            let sentence = error.to_string();
            assert!(!error.field.is_empty(), "{sentence}");
            let n_lines = text.lines().count();
            assert!((1..=n_lines).contains(&(error.line as usize)), "{sentence}");
            let what = sentence.split(": ").last().unwrap();
            assert!(what.split(' ').count() >= 3, "{sentence}");
        }
    }
    assert!(n_refused > 200, "{n_refused}");
}

#[test]
fn every_kind_of_error_says_what_was_expected() {
    check_error(
        "max_moves = 3",
        "max_mvoes = 3",
        expect![
            "pack.toml, line 61, column 1, limits.max_mvoes: This key is not known here; expected late_record_after, return_visit_attempts, return_visit_gap, max_moves, emergency_record_within, night, max_postponed, max_rounds"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1 fortnight\"",
        expect![[
            r#"pack.toml, line 76, column 9, deadlines.transfer.limit: "1 fortnight" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "least = 30, most = 50",
        "least = 50, most = 30",
        expect![
            "pack.toml, line 1182, column 31, assessments.A5.amount.most: 30 is outside 50 to 10000"
        ],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"18:00-08:30\"]",
        expect![[
            r#"pack.toml, line 28, column 14, time.work_days[1]: "18:00-08:30" ends before it starts; over midnight, write "18:00-24:00" and "00:00-08:30""#
        ]],
    );
    check_error(
        "share = 10",
        "share = 101",
        expect![
            "pack.toml, line 1129, column 9, spot_checks.share: 101 percent is outside 1 to 100 percent"
        ],
    );
    check_error(
        "share = 10",
        "share = -1",
        expect![
            "pack.toml, line 1129, column 9, spot_checks.share: -1 percent is outside 1 to 100 percent"
        ],
    );
    check_error(
        "{ zh = \"转交\", en = \"Pass on\" }",
        "{ zh = \"转交\", en = \" \" }",
        expect![
            "pack.toml, line 77, column 26, deadlines.transfer.name.en: The English text is missing"
        ],
    );
    check_error(
        "[categories.lift]",
        "[categories.water-leak]",
        expect![
            "pack.toml, line 337, column 13, categories.water-leak: This is not TOML: duplicate key"
        ],
    );
    check_error(
        "\"engineering\", \"security\"",
        "\"engineering\", \"engineering\"",
        expect![[
            r#"pack.toml, line 19, column 42, departments[3]: "engineering" stands here twice"#
        ]],
    );
    check_error(
        "department = \"finance\"",
        "department = \"treasury\"",
        expect![[
            r#"pack.toml, line 494, column 14, categories.fees.department: There is no department "treasury"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check_error(
        "rule = \"T2\"",
        "rule = \"T99\"",
        expect![[
            r#"pack.toml, line 81, column 8, deadlines.assign_handler.rule: There is no rule "T99"; the rules are F1 to F7, I1 to I15, T1 to T11, C1 to C6, V1 to V7, L1 to L4, A1 to A12, P1 to P2, G1 to G4"#
        ]],
    );
    check_error(
        "share = 10",
        "share = \"10%\"",
        expect![
            "pack.toml, line 1129, column 9, spot_checks.share: Expected a whole number, found a text in quotes"
        ],
    );
    check_error(
        "version = 1\n",
        "version = \n",
        expect![
            "pack.toml, line 14, column 11, version: This is not TOML: string values must be quoted, expected literal string"
        ],
    );
}
