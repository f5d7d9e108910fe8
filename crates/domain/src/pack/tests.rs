//! The shipped pack, and every way a pack can be wrong.

use expect_test::{Expect, expect};

use super::*;
use crate::hours::{DutyHours, Hours, RestDays, Week};
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
    assert_eq!(
        pack.hours,
        DutyHours {
            site: Hours::parse(&["08:30-18:00"]).unwrap(),
            departments: BTreeMap::new()
        }
    );
    assert_eq!(pack.hash(), Hash::of(SHIPPED.as_bytes()));
    assert!(crate::zone::shipped().get(&pack.zone).is_some());
}

#[test]
fn the_shipped_pack_covers_its_categories_fields_and_rules() {
    let pack = shipped();
    assert_eq!(pack.categories.len(), 30);
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
    for &rule in RuleId::ALL {
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
    let work_days = Week::every_day(work_days.to_vec()).unwrap();
    let rest_days = Week::every_day(vec!["09:00-17:00".parse().unwrap()]).unwrap();
    for (word, rest_days) in [
        ("on_duty", RestDays::OnDuty(rest_days.clone())),
        ("working", RestDays::Working(rest_days)),
    ] {
        let hours = changed(
            "[\"08:30-18:00\"]",
            &format!("[\"08:30-12:00\", \"13:30-18:00\"]\nrest_days = [\"09:00-17:00\"]\nrest_days_are = \"{word}\""),
        )
        .hours
        .site;
        assert_eq!(hours, Hours::new(work_days.clone(), rest_days));
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
            "pack.toml, line 61, column 1, limits.max_move: This key is not known here; expected late_record_after, return_visit_attempts, return_visit_gap, max_moves, emergency_record_within, night, max_postponed, max_rounds"
        ],
    );
    check_error(
        "[limits]",
        "[limit]",
        expect![
            "pack.toml, line 53, column 2, limit: This key is not known here; expected id, version, name, time, limits, deadlines, departments, categories, required_fields, personal, phrases, promises, rules, emergencies, slips, words, assessments, stage, escalation, spot_checks, joined, duty, quiz, courtesy, pledge, answers"
        ],
    );
    check_error(
        "[deadlines.sign]",
        "[deadlines.signature]",
        expect![
            "pack.toml, line 114, column 12, deadlines.signature: This key is not known here; expected transfer, assign_handler, reply, return_slip, tell_result, return_visit, retry_visit, sign, close, customer, completion, agreed_time, confirm_asked, receive_guided, complete_form, consent, sign_receipt, sign_dispatch, sign_result, sign_plain_answer, take_shift, accept_succession, report_to_coordination, name_lead, leader_answer, instruct, emergency_pass, emergency_on_site, emergency_rescuer, emergency_tell_director, report_to_authority, check_result, publish_answer, outer_sign, outer_reply, state, decide_asked, tell_delay, tell_expected"
        ],
    );
    check_error(
        "department = \"engineering\"",
        "departement = \"engineering\"",
        expect![
            "pack.toml, line 331, column 1, categories.water-leak.departement: This key is not known here; expected name, kind, department, public_area, sensitive, papers, reply, scope, handled_by, complete_within, basis, conditions, fee, steps, words"
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
            "pack.toml, line 80, column 1, deadlines.assign_handler.limit: This key is missing"
        ],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-18:00\"]\nrest_days = [\"09:00-17:00\"]",
        expect!["pack.toml, line 24, column 1, time.rest_days_are: This key is missing"],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-18:00\"]\nrest_days_are = \"on_duty\"",
        expect!["pack.toml, line 24, column 1, time.rest_days: This key is missing"],
    );
}

#[test]
fn a_wrong_unit_is_named_with_what_would_fit() {
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1h\"",
        expect![[
            r#"pack.toml, line 76, column 9, deadlines.transfer.limit: "1h" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1 week\"",
        expect![[
            r#"pack.toml, line 76, column 9, deadlines.transfer.limit: "1 week" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"1.5h clock\"",
        expect![[
            r#"pack.toml, line 76, column 9, deadlines.transfer.limit: "1.5h clock" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "off_duty_start_after = \"15min\"",
        "off_duty_start_after = \"15\"",
        expect![[
            r#"pack.toml, line 46, column 24, time.off_duty_start_after: "15" is not a duration that fits here; expected such as "15min", "1h""#
        ]],
    );
    check_error(
        "off_duty_start_after = \"15min\"",
        "off_duty_start_after = \"1 working day\"",
        expect![[
            r#"pack.toml, line 46, column 24, time.off_duty_start_after: "1 working day" is not a duration that fits here; expected such as "15min", "1h""#
        ]],
    );
}

#[test]
fn an_impossible_range_is_named() {
    check_error(
        "max_moves = 3",
        "max_moves = 0",
        expect!["pack.toml, line 61, column 13, limits.max_moves: 0 is outside 1 to 20"],
    );
    check_error(
        "max_moves = 3",
        "max_moves = -99999999999999999999",
        expect![
            "pack.toml, line 61, column 13, limits.max_moves: -9223372036854775808 is outside 1 to 20"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"0h clock\"",
        expect![
            "pack.toml, line 76, column 9, deadlines.transfer.limit: 0 minutes is outside 1 to 43200 minutes"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = \"-1h clock\"",
        expect![
            "pack.toml, line 76, column 9, deadlines.transfer.limit: -60 minutes is outside 1 to 43200 minutes"
        ],
    );
    check_error(
        "limit = \"1 working day\"",
        "limit = \"61 working days\"",
        expect![
            "pack.toml, line 88, column 9, deadlines.reply.limit: 61 working days is outside 1 to 60 working days"
        ],
    );
    check_error(
        "late_record_after = \"15min\"",
        "late_record_after = \"25h\"",
        expect![
            "pack.toml, line 55, column 21, limits.late_record_after: 1500 minutes is outside 1 to 1440 minutes"
        ],
    );
    check_error(
        "simple = \"4 working hours\"",
        "simple = \"10 working hours\"",
        expect![
            "pack.toml, line 333, column 20, categories.water-leak.reply.simple: 600 working minutes is outside 1 to 570 working minutes"
        ],
    );
    check_error(
        "simple = \"4 working hours\"",
        "simple = \"2 working days\"",
        expect![
            "pack.toml, line 333, column 20, categories.water-leak.reply.simple: 2 working days is outside 1 to 1 working days"
        ],
    );
}

#[test]
fn a_text_missing_in_a_language_is_named() {
    check_error(
        "{ zh = \"转交\", en = \"Pass on\" }",
        "{ zh = \"转交\" }",
        expect![
            "pack.toml, line 77, column 8, deadlines.transfer.name.en: The English text is missing"
        ],
    );
    check_error(
        "zh = \"停车\"",
        "zh = \" \"",
        expect![
            "pack.toml, line 411, column 15, categories.parking.name.zh: The Chinese text is missing"
        ],
    );
    check_error(
        "zh = \"停车\", ",
        "zn = \"停车\", ",
        expect![
            "pack.toml, line 411, column 10, categories.parking.name.zn: This key is not known here; expected zh, en"
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
            "pack.toml, line 28, column 13, time.work_days: Expected a list, found a text in quotes"
        ],
    );
    check_error(
        "public_area = true",
        "public_area = 1",
        expect![
            "pack.toml, line 332, column 15, categories.water-leak.public_area: Expected true or false, found a whole number"
        ],
    );
    check_error(
        "limit = \"1h clock\"",
        "limit = 1h",
        expect![
            "pack.toml, line 76, column 9, deadlines.transfer.limit: This is not TOML: string values must be quoted, expected literal string"
        ],
    );
}

#[test]
fn a_bad_window_is_named() {
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-25:00\"]",
        expect![[
            r#"pack.toml, line 28, column 14, time.work_days[1]: "08:30-25:00" is not of the form "08:30-12:00", from 00:00 to 24:00"#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"08:30-12:00\", \"11:30-18:00\"]",
        expect![[
            r#"pack.toml, line 28, column 29, time.work_days[2]: "08:30-12:00" and "11:30-18:00" overlap"#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[\"20:00-08:00\"]",
        expect![[
            r#"pack.toml, line 28, column 14, time.work_days[1]: "20:00-08:00" ends before it starts; over midnight, write "20:00-24:00" and "00:00-08:00""#
        ]],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "[]",
        expect!["pack.toml, line 28, column 13, time.work_days: There is no window at all"],
    );
}

#[test]
fn a_reference_to_nothing_is_named() {
    check_error(
        "department = \"finance\"",
        "department = \"accounts\"",
        expect![[
            r#"pack.toml, line 494, column 14, categories.fees.department: There is no department "accounts"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check_error(
        "rule = \"T2\"",
        "rule = \"T12\"",
        expect![[
            r#"pack.toml, line 81, column 8, deadlines.assign_handler.rule: There is no rule "T12"; the rules are F1 to F7, I1 to I15, T1 to T11, C1 to C6, V1 to V7, L1 to L4, A1 to A12, P1 to P2, G1 to G4"#
        ]],
    );
    check_error(
        "[rules.T2]\ntitle = { zh = \"立即指定承办人\", en = \"A handler at once\" }\nsentence = { zh = \"接到处理单的部门要立即指定承办人。\", en = \"The department that receives a slip names a handler at once.\" }",
        "",
        expect![
            "pack.toml, line 81, column 8, deadlines.assign_handler.rule: Rule T2 is cited, and its text is not given under rules"
        ],
    );
    check_error(
        "[rules.V4]",
        "[rules.V8]",
        expect![[
            r#"pack.toml, line 1508, column 8, rules.V8: There is no rule "V8"; the rules are F1 to F7, I1 to I15, T1 to T11, C1 to C6, V1 to V7, L1 to L4, A1 to A12, P1 to P2, G1 to G4"#
        ]],
    );
    check_error(
        "kind = \"formality\"",
        "kind = \"form\"",
        expect![[
            r#"pack.toml, line 451, column 8, categories.renovation-permit.kind: "form" is not known here; expected enquiry, complaint, service_request, formality, suggestion, report, inspection"#
        ]],
    );
    check_error(
        "\"next_day_closing\"\n\n",
        "\"tomorrow\"\n\n",
        expect![[
            r#"pack.toml, line 51, column 15, time.working_day: "tomorrow" is not known here; expected next_day_closing, receipt_day_counts, same_time"#
        ]],
    );
    check_error(
        "[\"channel\"",
        "[\"channnel\"",
        expect![[
            r#"pack.toml, line 280, column 21, required_fields.answered_at_once[1]: "channnel" is not known here; expected customer_name, customer_phone, customer_address, matter, category, channel"#
        ]],
    );
}

#[test]
fn what_stands_twice_or_is_no_id_is_named() {
    check_error(
        "[\"channel\"",
        "[\"matter\", \"channel\"",
        expect![[
            r#"pack.toml, line 280, column 54, required_fields.answered_at_once[4]: "matter" stands here twice"#
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
            r#"pack.toml, line 410, column 13, categories.Parking: "Parking" is not of the form "water-leak""#
        ]],
    );
    check_error(
        "[categories.parking]",
        "[categories.lift]",
        expect!["pack.toml, line 410, column 13, categories.lift: This is not TOML: duplicate key"],
    );
}

#[test]
fn a_phrase_that_cannot_be_found_or_stands_twice_is_named() {
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = \"\"",
        expect!["pack.toml, line 572, column 13, phrases[2].forbidden: This must not be empty"],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = \"……\"",
        expect![[
            r#"pack.toml, line 572, column 13, phrases[2].forbidden: "……" is not of the form "不知道""#
        ]],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbidden = \"不，知 道\"",
        expect![[
            r#"pack.toml, line 572, column 13, phrases[2].forbidden: "不，知 道" stands here twice"#
        ]],
    );
    check_error(
        "forbidden = \"保证赔\"",
        "forbidden = \"沒辦法\"",
        expect![[
            r#"pack.toml, line 949, column 13, promises[2].forbidden: "沒辦法" stands here twice"#
        ]],
    );
    check_error(
        "forbidden = \"不清楚\"",
        "forbiden = \"不清楚\"",
        expect![
            "pack.toml, line 572, column 1, phrases[2].forbiden: This key is not known here; expected forbidden, unless, instead"
        ],
    );
    check_error(
        "forbidden = \"不清楚\"\n",
        "",
        expect!["pack.toml, line 571, column 1, phrases[2].forbidden: This key is missing"],
    );
    check_error(
        "[[promises]]",
        "[[promise]]",
        expect![
            "pack.toml, line 943, column 3, promise: This key is not known here; expected id, version, name, time, limits, deadlines, departments, categories, required_fields, personal, phrases, promises, rules, emergencies, slips, words, assessments, stage, escalation, spot_checks, joined, duty, quiz, courtesy, pledge, answers"
        ],
    );
    let promises = SHIPPED.replace("[[promises]]", "[[phrases]]");
    let error = Pack::parse("pack.toml", &promises).unwrap_err();
    expect!["pack.toml, line 1, column 1, promises: This key is missing"]
        .assert_eq(&error.to_string());
}

#[test]
fn an_exception_that_could_never_hold_is_named() {
    let from = "unless = [\"您不了解情况\", ";
    check_error(
        from,
        "unless = [\"您不清楚\", ",
        expect![[
            r#"pack.toml, line 583, column 11, phrases[3].unless[1]: "您不清楚" does not hold "不了解情况" and more"#
        ]],
    );
    check_error(
        from,
        "unless = [\"不了解情况\", ",
        expect![[
            r#"pack.toml, line 583, column 11, phrases[3].unless[1]: "不了解情况" does not hold "不了解情况" and more"#
        ]],
    );
    check_error(
        from,
        "unless = [\"业主不了解情況\", ",
        expect![[
            r#"pack.toml, line 583, column 22, phrases[3].unless[2]: "业主不了解情况" stands here twice"#
        ]],
    );
    check_error(
        from,
        "unless = [\"\", ",
        expect!["pack.toml, line 583, column 11, phrases[3].unless[1]: This must not be empty"],
    );
    check_error(
        from,
        "unless = [1, ",
        expect![
            "pack.toml, line 583, column 11, phrases[3].unless[1]: Expected a text in quotes, found a whole number"
        ],
    );
    check_error(
        "unless = [\"您没法办\"]",
        "unless = []",
        expect!["pack.toml, line 710, column 10, phrases[32].unless: This must not be empty"],
    );
    check_error(
        "unless = [\"您没法办\"]",
        "unless = \"您没法办\"",
        expect![
            "pack.toml, line 710, column 10, phrases[32].unless: Expected a list, found a text in quotes"
        ],
    );
}

#[test]
fn a_better_sentence_that_is_none_is_named() {
    let from = "{ zh = \"您请说，我听着，也会记下来。\", en = \"Please go on; ";
    check_error(
        from,
        "{ zh = \"这个我不清楚。\", en = \"Please go on; ",
        expect![[
            r#"pack.toml, line 867, column 18, phrases[66].instead.zh: This holds "不清楚", which is not to be said"#
        ]],
    );
    check_error(
        from,
        "{ zh = \"您请说。\", en = \"No idea; ",
        expect![[
            r#"pack.toml, line 867, column 31, phrases[66].instead.en: This holds "no idea", which is not to be said"#
        ]],
    );
    check_error(
        from,
        "{ zh = \"您请说。\", en = \"\" } # ",
        expect![
            "pack.toml, line 867, column 31, phrases[66].instead.en: The English text is missing"
        ],
    );
    check_error(
        "instead = { zh = \"您请说，我听着，也会记下来。\", ",
        "instead = { ",
        expect![
            "pack.toml, line 867, column 11, phrases[66].instead.zh: The Chinese text is missing"
        ],
    );
}

/// The shipped pack with lines more in its `[time]` section, `TABLES` behind it.
fn with_time(lines: &str, tables: &str) -> Result<Pack, PackError> {
    let text = SHIPPED
        .replacen("[limits]", &format!("{tables}\n[limits]"), 1)
        .replacen(
            "[\"08:30-18:00\"]",
            &format!("[\"08:30-18:00\"]\n{lines}"),
            1,
        );
    Pack::parse("pack.toml", &text)
}

fn hours(lines: &str, tables: &str) -> DutyHours {
    with_time(lines, tables)
        .unwrap_or_else(|error| panic!("{error}"))
        .hours
}

fn week(windows: &[&str]) -> Week {
    Week::every_day(windows.iter().map(|it| it.parse().unwrap()).collect()).unwrap()
}

fn date(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

#[test]
fn each_weekday_may_have_windows_of_its_own() {
    let pack = changed(
        "work_days = [\"08:30-18:00\"]",
        "work_days = { mon = [\"08:30-12:00\", \"13:30-18:00\"], fri = [\"08:30-12:00\"] }",
    );
    let mut days: [Vec<_>; 7] = Default::default();
    days[0] = ["08:30-12:00", "13:30-18:00"]
        .map(|it| it.parse().unwrap())
        .to_vec();
    days[4] = vec!["08:30-12:00".parse().unwrap()];
    assert_eq!(
        pack.hours.site,
        Hours::new(Week::try_new(days).unwrap(), RestDays::Closed)
    );
}

#[test]
fn single_dates_have_hours_breaks_and_closures() {
    let site = hours(
        "closed = [\"2026-05-04\"]",
        "[time.dates]\n2026-02-28 = [\"09:00-12:00\"]\n[time.breaks]\n2026-07-14 = [\"10:00-11:00\", \"15:00-24:00\"]",
    )
    .site;
    let expected = Hours::parse(&["08:30-18:00"])
        .unwrap()
        .with_closed(date("2026-05-04"))
        .with_date(date("2026-02-28"), vec!["09:00-12:00".parse().unwrap()])
        .unwrap()
        .with_break(date("2026-07-14"), "10:00-11:00".parse().unwrap())
        .with_break(date("2026-07-14"), "15:00-24:00".parse().unwrap());
    assert_eq!(site, expected);
}

#[test]
fn holidays_may_be_unlike_weekends() {
    let rest = "rest_days = [\"09:00-17:00\"]\nrest_days_are = \"working\"\n";
    let open = || {
        Hours::new(
            week(&["08:30-18:00"]),
            RestDays::Working(week(&["09:00-17:00"])),
        )
    };
    assert_eq!(hours(rest, "").site, open());
    assert_eq!(
        hours(&format!("{rest}holidays_are = \"closed\""), "").site,
        open().with_holidays(RestDays::Closed)
    );
    assert_eq!(
        hours(
            &format!("{rest}holidays_are = \"on_duty\"\nholidays = [\"10:00-12:00\"]"),
            ""
        )
        .site,
        open().with_holidays(RestDays::OnDuty(week(&["10:00-12:00"])))
    );
}

#[test]
fn a_department_may_have_hours_of_its_own() {
    let hours = hours(
        "closed = [\"2026-05-04\"]",
        r#"
[time.departments.security]
hours = "around_the_clock"
[time.departments.service]
hours = "seven_days"
[time.departments.engineering]
hours = "seven_days"
work_days = ["08:00-20:00"]
[time.departments.finance]
hours = "working_days"
work_days = ["09:00-17:00"]
[time.departments.cleaning]
work_days = ["06:00-14:00"]
rest_days = ["06:00-10:00"]
rest_days_are = "on_duty"
closed = ["2026-02-17"]
"#,
    );
    let of = |id: &str| hours.of(&id.parse().unwrap()).clone();
    assert_eq!(hours.departments.len(), 5);
    assert_eq!(of("security"), Hours::around_the_clock());
    let seven_days = |windows: &[&str]| Hours::new(week(windows), RestDays::Working(week(windows)));
    assert_eq!(of("service"), seven_days(&["08:30-18:00"]));
    assert_eq!(of("engineering"), seven_days(&["08:00-20:00"]));
    assert_eq!(of("finance"), Hours::parse(&["09:00-17:00"]).unwrap());
    let cleaning = Hours::new(
        week(&["06:00-14:00"]),
        RestDays::OnDuty(week(&["06:00-10:00"])),
    );
    assert_eq!(of("cleaning"), cleaning.with_closed(date("2026-02-17")));
    assert_eq!(of("quality"), hours.site);
}

fn check_time_error(lines: &str, tables: &str, expected: Expect) {
    let error = with_time(lines, tables).map(|_| ()).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn what_is_wrong_with_hours_is_named_with_its_place() {
    check_error(
        "[\"08:30-18:00\"]",
        "{ mon = [\"08:30-18:00\"], monday = [] }",
        expect![
            "pack.toml, line 28, column 38, time.work_days.monday: This key is not known here; expected mon, tue, wed, thu, fri, sat, sun"
        ],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "{ mon = [] }",
        expect!["pack.toml, line 28, column 21, time.work_days.mon: There is no window at all"],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "{}",
        expect!["pack.toml, line 28, column 13, time.work_days: There is no window at all"],
    );
    check_error(
        "[\"08:30-18:00\"]",
        "{ tue = [\"08:30-12:00\", \"11:00-12:00\"] }",
        expect![[
            r#"pack.toml, line 28, column 37, time.work_days.tue[2]: "08:30-12:00" and "11:00-12:00" overlap"#
        ]],
    );
    check_time_error(
        "closed = [\"2026-5-4\"]",
        "",
        expect![[
            r#"pack.toml, line 29, column 11, time.closed[1]: "2026-5-4" is not of the form "2026-02-14""#
        ]],
    );
    check_time_error(
        "closed = [2026-05-04]",
        "",
        expect![
            "pack.toml, line 29, column 11, time.closed[1]: Expected a text in quotes, found a date with time"
        ],
    );
    check_time_error(
        "dates = { 2026-02-30 = [\"09:00-12:00\"] }",
        "",
        expect![[
            r#"pack.toml, line 29, column 11, time.dates.2026-02-30: "2026-02-30" is not of the form "2026-02-14""#
        ]],
    );
    check_time_error(
        "dates = { 2026-02-28 = [] }",
        "",
        expect!["pack.toml, line 29, column 24, time.dates.2026-02-28: There is no window at all"],
    );
    check_time_error(
        "breaks = { 2026-02-28 = \"noon\" }",
        "",
        expect![
            "pack.toml, line 29, column 25, time.breaks.2026-02-28: Expected a list, found a text in quotes"
        ],
    );
    check_time_error(
        "holidays = [\"09:00-12:00\"]",
        "",
        expect!["pack.toml, line 24, column 1, time.holidays_are: This key is missing"],
    );
    check_time_error(
        "holidays_are = \"working\"",
        "",
        expect!["pack.toml, line 24, column 1, time.holidays: This key is missing"],
    );
    check_time_error(
        "rest_days = [\"09:00-12:00\"]\nrest_days_are = \"closed\"",
        "",
        expect![[
            r#"pack.toml, line 30, column 17, time.rest_days_are: "closed" is not known here; expected on_duty, working"#
        ]],
    );
}

#[test]
fn what_is_wrong_with_a_department_s_hours_is_named_with_its_place() {
    let check = |lines: &str, expected: Expect| {
        check_time_error(
            "",
            &format!("[time.departments.security]\n{lines}"),
            expected,
        );
    };
    check_time_error(
        "",
        "[time.departments.kitchen]\nhours = \"seven_days\"",
        expect![[
            r#"pack.toml, line 54, column 19, time.departments.kitchen: There is no department "kitchen"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check(
        "",
        expect![
            "pack.toml, line 54, column 1, time.departments.security.work_days: This key is missing"
        ],
    );
    check(
        "hours = \"always\"",
        expect![[
            r#"pack.toml, line 55, column 9, time.departments.security.hours: "always" is not known here; expected working_days, seven_days, around_the_clock"#
        ]],
    );
    check(
        "hours = \"around_the_clock\"\nclosed = [\"2026-02-17\"]",
        expect![
            "pack.toml, line 56, column 10, time.departments.security.closed: This key is not known here; expected hours"
        ],
    );
    check(
        "hours = \"seven_days\"\nrest_days = [\"09:00-12:00\"]",
        expect![
            "pack.toml, line 56, column 13, time.departments.security.rest_days: This key is not known here; expected hours, work_days, dates, breaks, closed"
        ],
    );
    check(
        "work_days = [\"09:00-08:00\"]",
        expect![[
            r#"pack.toml, line 55, column 14, time.departments.security.work_days[1]: "09:00-08:00" ends before it starts; over midnight, write "09:00-24:00" and "00:00-08:00""#
        ]],
    );
    check(
        "shift = \"night\"",
        expect![
            "pack.toml, line 55, column 1, time.departments.security.shift: This key is not known here; expected hours, work_days, rest_days, rest_days_are, holidays, holidays_are, dates, breaks, closed"
        ],
    );
}

mod nasty;
mod parts;
mod schema;
mod shipped;
