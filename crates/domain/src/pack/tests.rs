//! The shipped pack, and every way a pack can be wrong.

use expect_test::{Expect, expect};

use super::*;
use crate::hours::RestDays;
use crate::reckoning::DayReading;

const SHIPPED: &str = include_str!("../../../../packs/property-service.toml");

fn shipped() -> Pack {
    Pack::parse("property-service.toml", SHIPPED).unwrap_or_else(|error| panic!("{error}"))
}

/// The shipped pack with one thing changed.
fn changed(from: &str, to: &str) -> Pack {
    assert!(SHIPPED.contains(from), "{from}");
    Pack::parse("pack.toml", &SHIPPED.replacen(from, to, 1))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_shipped_pack_says_what_the_regulation_says() {
    let pack = shipped();
    let off_duty_start_after = Minutes(15);
    let clock = |minutes| Limit::ClockMinutes {
        minutes: Minutes(minutes),
        off_duty_start_after,
    };
    let day = Limit::WorkingDays {
        days: 1,
        reading: DayReading::NextDayClosing,
    };
    for (id, rule, limit) in [
        (DeadlineId::Transfer, RuleId::T1, clock(60)),
        (DeadlineId::AssignHandler, RuleId::T2, clock(15)),
        (DeadlineId::Reply, RuleId::T3, day),
        (DeadlineId::ReturnSlip, RuleId::T9, clock(30)),
        (DeadlineId::TellResult, RuleId::F4, clock(60)),
        (DeadlineId::ReturnVisit, RuleId::V1, day),
        (DeadlineId::RetryVisit, RuleId::V1, day),
        (DeadlineId::Sign, RuleId::T6, day),
        (DeadlineId::Close, RuleId::V4, day),
    ] {
        assert_eq!(
            (pack.deadline(id).rule, pack.deadline(id).limit),
            (rule, Some(limit)),
            "{id:?}"
        );
    }
    assert_eq!((pack.id.as_str(), pack.version), ("property-service", 1));
    assert_eq!(
        (
            pack.late_record_after,
            pack.return_visit_attempts,
            pack.max_moves
        ),
        (Minutes(15), 3, 3)
    );
    assert_eq!(pack.hours, Hours::parse(&["08:30-18:00"]).unwrap());
    assert_eq!(pack.hash(), Hash::of(SHIPPED.as_bytes()));
    assert!(crate::zone::shipped().get(&pack.zone).is_some());
}

#[test]
fn the_shipped_pack_covers_its_categories_fields_and_rules() {
    use RuleId::{F1, F2, F3, F4, I1, I2, I3, T1, T2, T3, T4, T6, T8, T9, V1, V2, V4};

    let pack = shipped();
    assert_eq!(pack.categories.len(), 26);
    assert_eq!(pack.categories[0].name.zh, "给排水、漏水");
    assert_eq!(
        pack.required_fields.answered_at_once,
        [Field::Matter, Field::Category, Field::Channel].into()
    );
    assert_eq!(pack.required_fields.otherwise.len(), 6);
    let used: BTreeSet<_> = pack
        .categories
        .iter()
        .filter_map(|it| it.department.clone())
        .collect();
    assert_eq!(used, pack.departments.iter().cloned().collect());
    for rule in [
        F1, F2, F3, F4, I1, I2, I3, T1, T2, T3, T4, T6, T8, T9, V1, V2, V4,
    ] {
        assert!(pack.rule(rule).is_some(), "{rule}");
    }
}

#[test]
fn an_answer_is_due_sooner_where_category_and_difficulty_say_so() {
    let pack = changed("limit = \"1 working day\"", "limit = \"2 working days\"");
    let lift = "lift".parse().unwrap();
    assert_eq!(
        pack.reply_limit(&lift, Difficulty::Simple),
        Some(&Limit::WorkingMinutes {
            minutes: Minutes(120)
        })
    );
    let general = Some(&Limit::WorkingDays {
        days: 2,
        reading: DayReading::NextDayClosing,
    });
    assert_eq!(pack.reply_limit(&lift, Difficulty::Complex), general);
    assert_eq!(
        pack.reply_limit(&"parking".parse().unwrap(), Difficulty::Simple),
        general
    );
    assert_eq!(
        pack.reply_limit(&"unheard-of".parse().unwrap(), Difficulty::Simple),
        general
    );
}

#[test]
fn a_dismissing_phrase_is_found_inside_a_text() {
    let pack = shipped();
    let found = |text| {
        pack.phrases_in(text)
            .map(|it| it.forbidden.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("这个我不清楚，也不归我管。"), ["不清楚", "不归我管"]);
    assert_eq!(found("已请工程部今天下午上门。"), Vec::<&str>::new());
}

/// The shipped pack with one thing changed.
fn check_error(from: &str, to: &str, expected: Expect) {
    assert!(SHIPPED.contains(from), "{from}");
    let error = Pack::parse("pack.toml", &SHIPPED.replacen(from, to, 1))
        .map(|_| ())
        .unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_pack_may_differ_from_the_shipped_one() {
    let work_days = ["08:30-12:00", "13:30-18:00"].map(|it| it.parse().unwrap());
    let rest_days = vec!["09:00-17:00".parse().unwrap()];
    for (word, rest_days) in [
        ("on_duty", RestDays::OnDuty(rest_days.clone())),
        ("working", RestDays::Working(rest_days)),
    ] {
        let hours = changed(
            "[\"08:30-18:00\"]",
            &format!("[\"08:30-12:00\", \"13:30-18:00\"]\nrest_days = [\"09:00-17:00\"]\nrest_days_are = \"{word}\""),
        )
        .hours;
        assert_eq!(
            hours,
            Hours::try_new(work_days.to_vec(), rest_days).unwrap()
        );
    }

    let limit = |text: &str| {
        changed("limit = \"1 working day\"", &format!("limit = {text}"))
            .deadline(DeadlineId::Reply)
            .limit
            .unwrap()
    };
    let days = |days, reading| Limit::WorkingDays { days, reading };
    assert_eq!(
        limit("\"2 working days\""),
        days(2, DayReading::NextDayClosing)
    );
    assert_eq!(
        limit("\"1 working day\"\nworking_day = \"same_time\""),
        days(1, DayReading::SameTime)
    );
    assert_eq!(
        limit("\"9 working hours\""),
        Limit::WorkingMinutes {
            minutes: Minutes(540)
        }
    );
    assert_eq!(
        limit("\"10min plain\""),
        Limit::PlainMinutes {
            minutes: Minutes(10)
        }
    );
}

#[test]
fn an_unknown_key_is_named_with_what_was_expected() {
    check_error(
        "max_moves",
        "max_move",
        expect![
            "pack.toml, line 45, column 1, limits.max_move: This key is not known here; expected late_record_after, return_visit_attempts, return_visit_gap, max_moves, emergency_record_within, night, max_postponed, max_rounds"
        ],
    );
    check_error(
        "[limits]",
        "[limit]",
        expect![
            "pack.toml, line 37, column 2, limit: This key is not known here; expected id, version, name, time, limits, deadlines, departments, categories, required_fields, phrases, rules, emergencies, slips"
        ],
    );
    check_error(
        "[deadlines.sign]",
        "[deadlines.signature]",
        expect![
            "pack.toml, line 98, column 12, deadlines.signature: This key is not known here; expected transfer, assign_handler, reply, return_slip, tell_result, return_visit, retry_visit, sign, close, customer, completion, agreed_time, confirm_asked, receive_guided, complete_form, consent, sign_receipt, sign_dispatch, sign_result, sign_plain_answer, take_shift, accept_succession, report_to_coordination, name_lead, leader_answer, instruct, emergency_pass, emergency_on_site, emergency_rescuer, emergency_tell_director, report_to_authority, check_result, publish_answer, outer_sign, outer_reply, state, decide_asked, tell_delay"
        ],
    );
    check_error(
        "department = \"engineering\"",
        "departement = \"engineering\"",
        expect![
            "pack.toml, line 303, column 1, categories.water-leak.departement: This key is not known here; expected name, kind, department, public_area, sensitive, papers, reply"
        ],
    );
}

#[test]
fn a_missing_key_is_named() {
    check_error(
        "version = 1\n",
        "",
        expect!["pack.toml, line 1, column 1, version: This key is missing"],
    );
    check_error(
        "limit = \"15min clock\"\n",
        "",
        expect![
            "pack.toml, line 64, column 1, deadlines.assign_handler.limit: This key is missing"
        ],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-18:00\"]\nrest_days = [\"09:00-17:00\"]",
        expect!["pack.toml, line 21, column 1, time.rest_days_are: This key is missing"],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-18:00\"]\nrest_days_are = \"on_duty\"",
        expect!["pack.toml, line 21, column 1, time.rest_days: This key is missing"],
    );
}

#[test]
fn a_wrong_unit_is_named_with_what_would_fit() {
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1h\"",
        expect![[
            r#"pack.toml, line 60, column 9, deadlines.transfer.limit: "1h" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1 week\"",
        expect![[
            r#"pack.toml, line 60, column 9, deadlines.transfer.limit: "1 week" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1.5h clock\"",
        expect![[
            r#"pack.toml, line 60, column 9, deadlines.transfer.limit: "1.5h clock" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "off_duty_start_after = \"15min\"",
        "off_duty_start_after = \"15\"",
        expect![[
            r#"pack.toml, line 30, column 24, time.off_duty_start_after: "15" is not a duration that fits here; expected such as "15min", "1h""#
        ]],
    );
    check_error(
        "off_duty_start_after = \"15min\"",
        "off_duty_start_after = \"1 working day\"",
        expect![[
            r#"pack.toml, line 30, column 24, time.off_duty_start_after: "1 working day" is not a duration that fits here; expected such as "15min", "1h""#
        ]],
    );
}

#[test]
fn an_impossible_range_is_named() {
    check_error(
        "max_moves = 3",
        "max_moves = 0",
        expect!["pack.toml, line 45, column 13, limits.max_moves: 0 is outside 1 to 20"],
    );
    check_error(
        "max_moves = 3",
        "max_moves = -99999999999999999999",
        expect![
            "pack.toml, line 45, column 13, limits.max_moves: -9223372036854775808 is outside 1 to 20"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"0h clock\"",
        expect![
            "pack.toml, line 60, column 9, deadlines.transfer.limit: 0 minutes is outside 1 to 43200 minutes"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"-1h clock\"",
        expect![
            "pack.toml, line 60, column 9, deadlines.transfer.limit: -60 minutes is outside 1 to 43200 minutes"
        ],
    );
    check_error(
        "limit = \"1 working day\"",
        "limit = \"61 working days\"",
        expect![
            "pack.toml, line 72, column 9, deadlines.reply.limit: 61 working days is outside 1 to 60 working days"
        ],
    );
    check_error(
        "late_record_after = \"15min\"",
        "late_record_after = \"25h\"",
        expect![
            "pack.toml, line 39, column 21, limits.late_record_after: 1500 minutes is outside 1 to 1440 minutes"
        ],
    );
    check_error(
        "simple = \"4 working hours\"",
        "simple = \"10 working hours\"",
        expect![
            "pack.toml, line 305, column 20, categories.water-leak.reply.simple: 600 working minutes is outside 1 to 570 working minutes"
        ],
    );
    check_error(
        "simple = \"4 working hours\"",
        "simple = \"2 working days\"",
        expect![
            "pack.toml, line 305, column 20, categories.water-leak.reply.simple: 2 working days is outside 1 to 1 working days"
        ],
    );
}

#[test]
fn a_text_missing_in_a_language_is_named() {
    check_error(
        "{ zh = \"转交\", en = \"Pass on\" }",
        "{ zh = \"转交\" }",
        expect![
            "pack.toml, line 61, column 8, deadlines.transfer.name.en: The English text is missing"
        ],
    );
    check_error(
        "zh = \"停车\"",
        "zh = \" \"",
        expect![
            "pack.toml, line 374, column 15, categories.parking.name.zh: The Chinese text is missing"
        ],
    );
    check_error(
        "zh = \"停车\", ",
        "zn = \"停车\", ",
        expect![
            "pack.toml, line 374, column 10, categories.parking.name.zn: This key is not known here; expected zh, en"
        ],
    );
}

#[test]
fn a_wrong_type_is_named() {
    check_error(
        "version = 1",
        "version = \"1\"",
        expect![
            "pack.toml, line 14, column 11, version: Expected a whole number, found a text in quotes"
        ],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "\"08:30-18:00\"",
        expect![
            "pack.toml, line 25, column 13, time.work_days: Expected a list, found a text in quotes"
        ],
    );
    check_error(
        "public_area = true",
        "public_area = 1",
        expect![
            "pack.toml, line 304, column 15, categories.water-leak.public_area: Expected true or false, found a whole number"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = 1h",
        expect![
            "pack.toml, line 60, column 9: This is not TOML: string values must be quoted, expected literal string"
        ],
    );
}

#[test]
fn a_bad_window_is_named() {
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-25:00\"]",
        expect![[
            r#"pack.toml, line 25, column 14, time.work_days[1]: "08:30-25:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-12:00\", \"11:30-18:00\"]",
        expect![[
            r#"pack.toml, line 25, column 29, time.work_days[2]: "08:30-12:00" and "11:30-18:00" overlap"#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"20:00-08:00\"]",
        expect![[
            r#"pack.toml, line 25, column 14, time.work_days[1]: "20:00-08:00" ends before it starts; over midnight, write "20:00-24:00" and "00:00-08:00""#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[]",
        expect!["pack.toml, line 25, column 13, time.work_days: There is no window at all"],
    );
}

#[test]
fn a_reference_to_nothing_is_named() {
    check_error(
        "department = \"finance\"",
        "department = \"accounts\"",
        expect![[
            r#"pack.toml, line 437, column 14, categories.fees.department: There is no department "accounts"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check_error(
        "rule = \"T2\"",
        "rule = \"T12\"",
        expect![[
            r#"pack.toml, line 65, column 8, deadlines.assign_handler.rule: There is no rule "T12""#
        ]],
    );
    check_error(
        "rule = \"T2\"",
        "rule = \"C4\"",
        expect![
            "pack.toml, line 65, column 8, deadlines.assign_handler.rule: Rule C4 is cited, and its text is not given under rules"
        ],
    );
    check_error(
        "[rules.V4]",
        "[rules.V8]",
        expect![[r#"pack.toml, line 600, column 8, rules.V8: There is no rule "V8""#]],
    );
    check_error(
        "kind = \"formality\"",
        "kind = \"form\"",
        expect![[
            r#"pack.toml, line 413, column 8, categories.renovation-permit.kind: "form" is not known here; expected enquiry, complaint, service_request, formality, suggestion, report, inspection"#
        ]],
    );
    check_error(
        "\"next_day_closing\"\n\n",
        "\"tomorrow\"\n\n",
        expect![[
            r#"pack.toml, line 35, column 15, time.working_day: "tomorrow" is not known here; expected next_day_closing, receipt_day_counts, same_time"#
        ]],
    );
    check_error(
        "[\"channel\"",
        "[\"channnel\"",
        expect![[
            r#"pack.toml, line 258, column 21, required_fields.answered_at_once[1]: "channnel" is not known here; expected customer_name, customer_phone, customer_address, matter, category, channel"#
        ]],
    );
}

#[test]
fn what_stands_twice_or_is_no_id_is_named() {
    check_error(
        "[\"channel\"",
        "[\"matter\", \"channel\"",
        expect![[
            r#"pack.toml, line 258, column 54, required_fields.answered_at_once[4]: "matter" stands here twice"#
        ]],
    );
    check_error(
        "\"finance\", ",
        "\"finance\", \"finance\", ",
        expect![[r#"pack.toml, line 19, column 77, departments[6]: "finance" stands here twice"#]],
    );
    check_error(
        "\"finance\", ",
        "\"Finance\", ",
        expect![[
            r#"pack.toml, line 19, column 66, departments[5]: "Finance" is not of the form "engineering""#
        ]],
    );
    check_error(
        "[categories.parking]",
        "[categories.Parking]",
        expect![[
            r#"pack.toml, line 373, column 13, categories.Parking: "Parking" is not of the form "water-leak""#
        ]],
    );
    check_error(
        "[categories.parking]",
        "[categories.lift]",
        expect!["pack.toml, line 373, column 13: This is not TOML: duplicate key"],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = \"不知道\"",
        expect![[
            r#"pack.toml, line 479, column 13, phrases[2].forbidden: "不知道" stands here twice"#
        ]],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = \"\"",
        expect!["pack.toml, line 479, column 13, phrases[2].forbidden: This must not be empty"],
    );
}
