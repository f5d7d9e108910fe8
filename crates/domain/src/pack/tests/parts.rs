//! Every way in which a part of a pack can be wrong: assessments, stages, ladder, samples, questions, words.

use expect_test::expect;

use super::{changed, check_error, shipped};
use crate::id::DepartmentId;
use crate::pack::*;
use crate::reckoning::Limit;

fn department(id: &str) -> DepartmentId {
    id.parse().unwrap()
}

#[test]
fn yuan_need_the_companys_own_rule() {
    check_error(
        "unit = \"points\"",
        "unit = \"yuan\"",
        expect!["pack.toml, line 1147, column 1, assessments.own_rule: This key is missing"],
    );
    check_error(
        "unit = \"points\"",
        "unit = \"points\"\nown_rule = { zh = \"奖惩办法\", en = \"Rule\" }",
        expect![[
            r#"pack.toml, line 1149, column 12, assessments.own_rule: This belongs only where unit = "yuan""#
        ]],
    );
    check_error(
        "unit = \"points\"",
        "unit = \"dollar\"",
        expect![[
            r#"pack.toml, line 1148, column 8, assessments.unit: "dollar" is not known here; expected points, yuan"#
        ]],
    );
    let pack = changed(
        "unit = \"points\"",
        "unit = \"yuan\"\nown_rule = { zh = \"员工奖惩办法（2026）\", en = \"Staff rules 2026\" }",
    );
    assert!(
        matches!(pack.assessments.unit, AmountUnit::Yuan { own_rule } if own_rule.zh == "员工奖惩办法（2026）")
    );
    let unset = changed("unit = \"points\"\n", "");
    assert_eq!(unset.assessments.unit, AmountUnit::Points);
}

#[test]
fn a_lapse_is_in_days() {
    check_error(
        "lapse_after = \"30 days\"",
        "lapse_after = \"30\"",
        expect![[
            r#"pack.toml, line 1149, column 15, assessments.lapse_after: "30" is not a duration that fits here; expected such as "30 days""#
        ]],
    );
    check_error(
        "lapse_after = \"30 days\"",
        "lapse_after = \"400 days\"",
        expect![
            "pack.toml, line 1149, column 15, assessments.lapse_after: 400 days is outside 4 to 365 days"
        ],
    );
    check_error(
        "lapse_after = \"30 days\"\n",
        "",
        expect!["pack.toml, line 1147, column 1, assessments.lapse_after: This key is missing"],
    );
}

#[test]
fn an_assessment_says_against_whom_who_decides_and_what_follows() {
    check_error(
        "against = \"person\"\n",
        "",
        expect!["pack.toml, line 1152, column 1, assessments.A1.against: This key is missing"],
    );
    check_error(
        "against = \"person\"\n",
        "against = \"team\"\n",
        expect![[
            r#"pack.toml, line 1153, column 11, assessments.A1.against: "team" is not known here; expected person, department, both"#
        ]],
    );
    check_error(
        "decided_by = \"quality\"\n",
        "decided_by = \"anybody\"\n",
        expect![[
            r#"pack.toml, line 1181, column 14, assessments.A5.decided_by: "anybody" is not known here; expected supervisor, quality, director"#
        ]],
    );
    check_error(
        "amount = 20\n",
        "",
        expect!["pack.toml, line 1152, column 1, assessments.A1.consequence: This key is missing"],
    );
    check_error(
        "amount = 20\n",
        "amount = 0\n",
        expect!["pack.toml, line 1155, column 10, assessments.A1.amount: 0 is outside 1 to 10000"],
    );
    check_error(
        "amount = 20\n",
        "amount = \"20\"\n",
        expect![
            "pack.toml, line 1155, column 10, assessments.A1.amount: Expected a whole number, found a text in quotes"
        ],
    );
    check_error(
        "{ least = 30, most = 50 }",
        "{ least = 50, most = 30 }",
        expect![
            "pack.toml, line 1182, column 31, assessments.A5.amount.most: 30 is outside 50 to 10000"
        ],
    );
    check_error(
        "{ least = 30, most = 50 }",
        "{ least = 30 }",
        expect!["pack.toml, line 1182, column 10, assessments.A5.amount.most: This key is missing"],
    );
    check_error(
        "amount = 20\n",
        "amount = 20\nhead_amount = 50\n",
        expect![
            "pack.toml, line 1156, column 15, assessments.A1.head_amount: This belongs only where the rule is A4"
        ],
    );
    check_error(
        "amount = 20\n",
        "amount = 20\nfurther_case = { zh = \"上访\", en = \"Petition\" }\n",
        expect![
            "pack.toml, line 1156, column 16, assessments.A1.further_case: This belongs only where the rule is A4"
        ],
    );
    check_error(
        "amount = 20\n",
        "amount = 20\nunder = { zh = \"办法\", en = \"Rules\" }\n",
        expect![
            "pack.toml, line 1156, column 9, assessments.A1.under: This belongs only where the rule is A2"
        ],
    );
    check_error(
        "amount = 20\n",
        "amount = 20\nconsequence = \"counted\"\n",
        expect![
            "pack.toml, line 1156, column 15, assessments.A1.consequence: This belongs only where there is no amount, bulletin, off_post or under"
        ],
    );
    check_error(
        "consequence = \"counted\"",
        "consequence = \"forgotten\"",
        expect![[
            r#"pack.toml, line 1209, column 15, assessments.A9.consequence: "forgotten" is not known here; expected counted, recorded"#
        ]],
    );
    check_error(
        "bulletin = true",
        "bulletin = 1",
        expect![
            "pack.toml, line 1168, column 12, assessments.A3.bulletin: Expected true or false, found a whole number"
        ],
    );
    check_error(
        "[assessments.A9]",
        "[assessments.A10]",
        expect![
            "pack.toml, line 1206, column 14, assessments.A10: This key is not known here; expected unit, own_rule, lapse_after, A1, A2, A3, A4, A5, A6, A7, A8, A9"
        ],
    );
}

#[test]
fn a_quarrel_is_decided_only_under_the_rules_for_serious_incidents() {
    let recorded = shipped()
        .assessment(RuleId::A2)
        .unwrap()
        .consequence
        .clone();
    assert_eq!(recorded, Consequence::Recorded);
    check_error(
        "consequence = \"recorded\"",
        "amount = 100",
        expect!["pack.toml, line 1158, column 1, assessments.A2.under: This key is missing"],
    );
    let pack = changed(
        "consequence = \"recorded\"",
        "amount = 100\nunder = { zh = \"重大服务质量事故处罚办法\", en = \"Rules for serious incidents\" }",
    );
    let decided = &pack.assessment(RuleId::A2).unwrap().consequence;
    assert!(matches!(
        decided,
        Consequence::Penalty(Penalty {
            under: Some(_),
            amount: Some(Amount {
                least: 100,
                most: 100
            }),
            ..
        })
    ));
}

#[test]
fn one_that_is_left_out_is_off() {
    let pack = changed(
        "[assessments.A1]\nagainst = \"person\"\ndecided_by = \"supervisor\"\namount = 20\n",
        "",
    );
    assert_eq!(pack.assessment(RuleId::A1), None);
    let with = changed(
        "off_post = true\n",
        "off_post = true\nfurther_case = { zh = \"越级上访\", en = \"A petition to those above\" }\n",
    );
    assert!(
        shipped()
            .assessment(RuleId::A4)
            .unwrap()
            .further_case
            .is_none()
    );
    assert!(with.assessment(RuleId::A4).unwrap().further_case.is_some());
}

#[test]
fn a_stage_names_what_the_pack_knows() {
    check_error(
        "default = \"observe\"",
        "default = \"watch\"",
        expect![[
            r#"pack.toml, line 1118, column 11, stage.default: "watch" is not known here; expected observe, remind, assess"#
        ]],
    );
    check_error(
        "default = \"observe\"",
        "rules.T1 = \"remind\"",
        expect!["pack.toml, line 1117, column 1, stage.default: This key is missing"],
    );
    check_error(
        "default = \"observe\"",
        "default = \"observe\"\nrules.T12 = \"remind\"",
        expect![[
            r#"pack.toml, line 1119, column 7, stage.rules.T12: There is no rule "T12"; the rules are F1 to F7, I1 to I15, T1 to T11, C1 to C6, V1 to V7, L1 to L4, A1 to A12, P1 to P2, G1 to G4"#
        ]],
    );
    check_error(
        "default = \"observe\"",
        "default = \"observe\"\ndepartments.kitchen = \"remind\"",
        expect![[
            r#"pack.toml, line 1119, column 13, stage.departments.kitchen: There is no department "kitchen"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check_error(
        "default = \"observe\"",
        "default = \"observe\"\ndepartment_rules.kitchen.T1 = \"remind\"",
        expect![[
            r#"pack.toml, line 1119, column 18, stage.department_rules.kitchen: There is no department "kitchen"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
}

#[test]
fn the_very_rule_in_the_very_department_holds_else_the_milder_else_the_default() {
    let pack = changed(
        "default = \"observe\"",
        "default = \"remind\"\nrules.A9 = \"observe\"\nrules.A1 = \"assess\"\nrules.A5 = \"assess\"\n\
         departments.engineering = \"assess\"\ndepartments.cleaning = \"observe\"\n\
         department_rules.cleaning.A5 = \"assess\"\ndepartment_rules.engineering.A1 = \"observe\"",
    );
    let stage = |rule, id| pack.stage(rule, &department(id));
    assert_eq!(stage(RuleId::A3, "service"), Stage::Remind, "the default");
    assert_eq!(stage(RuleId::A1, "service"), Stage::Assess, "the rule");
    assert_eq!(
        stage(RuleId::A3, "engineering"),
        Stage::Assess,
        "the department"
    );
    assert_eq!(
        stage(RuleId::A9, "engineering"),
        Stage::Observe,
        "a rule tried out everywhere"
    );
    assert_eq!(
        stage(RuleId::A1, "cleaning"),
        Stage::Observe,
        "a department that is spared"
    );
    assert_eq!(
        stage(RuleId::A5, "cleaning"),
        Stage::Assess,
        "said of both together"
    );
    assert_eq!(
        stage(RuleId::A1, "engineering"),
        Stage::Observe,
        "said of both together"
    );
}

#[test]
fn nothing_is_proposed_before_the_stage_assess() {
    let engineering = department("engineering");
    assert_eq!(shipped().proposable(RuleId::A1, &engineering), None);
    let reminds = changed("default = \"observe\"", "default = \"remind\"");
    assert_eq!(reminds.proposable(RuleId::A1, &engineering), None);
    let assesses = changed("default = \"observe\"", "default = \"assess\"");
    assert_eq!(
        assesses.proposable(RuleId::A1, &engineering),
        assesses.assessment(RuleId::A1)
    );
    assert!(assesses.proposable(RuleId::A1, &engineering).is_some());
}

#[test]
fn a_pack_without_a_stage_observes() {
    let pack = changed("[stage]\ndefault = \"observe\"\n", "");
    assert_eq!(
        pack.stage(RuleId::T1, &department("service")),
        Stage::Observe
    );
}

#[test]
fn the_ladder_climbs_and_never_down() {
    check_error(
        "supervisor = \"at once\"",
        "supervisor = \"soon\"",
        expect![[
            r#"pack.toml, line 1123, column 14, escalation.supervisor: "soon" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "supervisor = \"at once\"",
        "supervisor = \"8 working hours\"",
        expect![
            "pack.toml, line 1123, column 14, escalation.supervisor: 480 working minutes is outside 1 to 240 working minutes"
        ],
    );
    check_error(
        "supervisor = \"at once\"\ndirector = \"4 working hours\"",
        "supervisor = \"1h clock\"\ndirector = \"at once\"",
        expect![
            "pack.toml, line 1124, column 12, escalation.director: This must come after the one before it"
        ],
    );
    check_error(
        "director = \"4 working hours\"\n",
        "",
        expect!["pack.toml, line 1122, column 1, escalation.director: This key is missing"],
    );
    let ladder = shipped().escalation.unwrap();
    assert_eq!(ladder.supervisor, None);
    assert_eq!(
        ladder.director,
        Some(Limit::WorkingMinutes {
            minutes: Minutes(240)
        })
    );
}

#[test]
fn samples_have_possible_shares() {
    check_error(
        "share = 10",
        "share = 0",
        expect![
            "pack.toml, line 1129, column 9, spot_checks.share: 0 percent is outside 1 to 100 percent"
        ],
    );
    check_error(
        "share = 10",
        "share = 101",
        expect![
            "pack.toml, line 1129, column 9, spot_checks.share: 101 percent is outside 1 to 100 percent"
        ],
    );
    check_error(
        "waived = 3",
        "waived = 21",
        expect!["pack.toml, line 1130, column 10, spot_checks.waived: 21 is outside 1 to 20"],
    );
    check_error(
        "always_satisfied_from = 20\n",
        "",
        expect![
            "pack.toml, line 1128, column 1, spot_checks.always_satisfied_from: This key is missing"
        ],
    );
    check_error(
        "tell_director_from = 5",
        "tell_director_from = 1",
        expect![
            "pack.toml, line 1139, column 22, joined.tell_director_from: 1 is outside 2 to 1000"
        ],
    );
    check_error(
        "tell_director_within = \"24h\"",
        "tell_director_within = \"24\"",
        expect![[
            r#"pack.toml, line 1140, column 24, joined.tell_director_within: "24" is not a duration that fits here; expected such as "15min", "1h""#
        ]],
    );
    check_error(
        "visit_all_up_to = 10\n",
        "",
        expect!["pack.toml, line 1137, column 1, joined.visit_all_up_to: This key is missing"],
    );
}

#[test]
fn a_question_has_choices_and_one_of_them_is_right() {
    check_error(
        "right = 2",
        "right = 4",
        expect!["pack.toml, line 1221, column 9, quiz[1].right: 4 is outside 1 to 3"],
    );
    check_error(
        "right = 2",
        "right = 0",
        expect!["pack.toml, line 1221, column 9, quiz[1].right: 0 is outside 1 to 3"],
    );
    check_error(
        "rule = \"F3\"\nquestion",
        "rule = \"F9\"\nquestion",
        expect![[
            r#"pack.toml, line 1214, column 8, quiz[1].rule: There is no rule "F9"; the rules are F1 to F7, I1 to I15, T1 to T11, C1 to C6, V1 to V7, L1 to L4, A1 to A12, P1 to P2, G1 to G4"#
        ]],
    );
    check_error(
        "    { zh = \"接单的部门\", en = \"The department that took it\" },\n    { zh = \"首问责任人\", en = \"The first responder\" },\n",
        "",
        expect!["pack.toml, line 1216, column 11, quiz[1].choices: 1 is outside 2 to 6"],
    );
    check_error(
        "right = 2\n",
        "",
        expect!["pack.toml, line 1213, column 1, quiz[1].right: This key is missing"],
    );
    let quiz = shipped().quiz;
    assert_eq!(quiz.len(), 3);
    assert_eq!(quiz[0].choices[quiz[0].right].zh, "首问责任人");
}

#[test]
fn words_are_complete() {
    check_error(
        "director = { zh = \"管理处主任\", en = \"Site director\" }\n",
        "",
        expect!["pack.toml, line 1096, column 1, words.director: This key is missing"],
    );
    check_error(
        "owner = { zh = \"业主\"",
        "Owner = { zh = \"业主\"",
        expect![[
            r#"pack.toml, line 1102, column 1, words.capacities.Owner: "Owner" is not of the form "owner""#
        ]],
    );
    check_error(
        "owner = { zh = \"业主\", en = \"Owner\" }",
        "owner = \"业主\"",
        expect![
            "pack.toml, line 1102, column 9, words.capacities.owner: Expected a table, found a text in quotes"
        ],
    );
    check_error(
        "duty = { zh",
        "duties = { zh",
        expect![
            "pack.toml, line 22, column 1, duties: This key is not known here; expected id, version, name, time, limits, deadlines, departments, categories, required_fields, personal, phrases, promises, rules, emergencies, slips, words, assessments, stage, escalation, spot_checks, joined, duty, quiz, courtesy, pledge, answers"
        ],
    );
    check_error(
        "when = { zh = \"接听电话\", en = \"Answering the phone\" }\n",
        "",
        expect!["pack.toml, line 1249, column 1, courtesy[2].when: This key is missing"],
    );
    check_error(
        "title = { zh = \"服务公约\", en = \"Service pledge\" }\n",
        "",
        expect!["pack.toml, line 1269, column 1, pledge.title: This key is missing"],
    );
    let words = shipped().words;
    assert_eq!(
        (
            words.building.unwrap().zh.as_str(),
            words.director.zh.as_str()
        ),
        ("栋", "管理处主任")
    );
    let capacities: Vec<_> = words
        .capacities
        .iter()
        .map(|it| it.name.zh.as_str())
        .collect();
    assert_eq!(capacities, ["业主", "租户", "访客"]);
}

#[test]
fn an_answer_leads_to_what_the_pack_has() {
    check_error(
        "category = \"fees\"\nwords",
        "category = \"fee\"\nwords",
        expect![[
            r#"pack.toml, line 1286, column 12, answers[1].category: "fee" is not known here; expected water-leak, lift, power-lighting, heating-cooling, door-access, fire-safety, public-facilities, outer-wall, cleaning, greenery, order-noise, parking, garage, falling-objects, pets, neighbours, renovation-nuisance, renovation-permit, access-cards, fees, utility-bills, parcels-conveniences, staff-conduct, inspection-data, praise-suggestions, grid-power, town-water, community, police, other"#
        ]],
    );
    check_error(
        "department = \"finance\"\ncategory",
        "department = \"cash\"\ncategory",
        expect![[
            r#"pack.toml, line 1285, column 14, answers[1].department: There is no department "cash"; the pack names service, engineering, security, cleaning, finance, quality, office"#
        ]],
    );
    check_error(
        "words = [\"缴费\", \"交钱\", \"发票\"]",
        "words = []",
        expect!["pack.toml, line 1287, column 9, answers[1].words: This must not be empty"],
    );
    check_error(
        "words = [\"缴费\", \"交钱\", \"发票\"]",
        "words = [\"缴费\", \"缴费\"]",
        expect![[
            r#"pack.toml, line 1287, column 16, answers[1].words[2]: "缴费" stands here twice"#
        ]],
    );
}

#[test]
fn a_category_carries_what_the_notice_tells() {
    check_error(
        "complete_within = \"2 working days\"",
        "complete_within = \"2 days\"",
        expect![[
            r#"pack.toml, line 453, column 19, categories.renovation-permit.complete_within: "2 days" is not a duration that fits here; expected such as "1h clock", "30min clock", "1 working day", "9 working hours", "10min plain""#
        ]],
    );
    check_error(
        "words = [\"门禁\", ",
        "complete_within = \"2 working days\"\nwords = [\"门禁\", ",
        expect![[
            r#"pack.toml, line 367, column 19, categories.door-access.complete_within: This belongs only where kind = "formality""#
        ]],
    );
    check_error(
        "copies = 2",
        "copies = 21",
        expect![
            "pack.toml, line 468, column 65, categories.renovation-permit.papers.drawings.copies: 21 is outside 0 to 20"
        ],
    );
    check_error(
        "phone = \"110\"",
        "phone = \" \"",
        expect![
            "pack.toml, line 550, column 63, categories.police.handled_by.phone: This must not be empty"
        ],
    );
    check_error(
        "handled_by = { zh = \"供电公司\", ",
        "handled_by = { ",
        expect![
            "pack.toml, line 532, column 14, categories.grid-power.handled_by.zh: The Chinese text is missing"
        ],
    );
    check_error(
        "    { zh = \"提交材料\", en = \"Hand in the papers\" },",
        "    { zh = \"提交材料\" },",
        expect![
            "pack.toml, line 480, column 5, categories.access-cards.steps[1].en: The English text is missing"
        ],
    );
    check_error(
        "kinds.report",
        "kinds.reports",
        expect![
            "pack.toml, line 283, column 7, required_fields.kinds.reports: This key is not known here; expected enquiry, complaint, service_request, formality, suggestion, report, inspection"
        ],
    );
    let pack = shipped();
    let permit = pack
        .category(&"renovation-permit".parse().unwrap())
        .unwrap();
    assert_eq!(permit.steps.len(), 4);
    assert_eq!(
        permit.papers.iter().map(|it| it.copies).collect::<Vec<_>>(),
        [1, 1, 2, 1, 0]
    );
    let days = pack.reply_limit(&permit.id, Difficulty::Ordinary);
    assert_eq!(
        days,
        permit.complete_within.as_ref(),
        "I4: the category's time"
    );
}

#[test]
fn what_carries_out_a_rule_needs_its_text() {
    let without = |rule: &str| {
        let text = super::SHIPPED;
        let start = text.find(&format!("[rules.{rule}]")).unwrap();
        let end = text[start..]
            .find("\n\n")
            .map_or(text.len(), |it| start + it);
        format!("{}{}", &text[..start], &text[end..])
    };
    for (rule, field) in [
        ("I1", "required_fields"),
        ("L1", "phrases"),
        ("L2", "courtesy"),
        ("L3", "answers"),
        ("C4", "escalation"),
        ("V3", "spot_checks"),
        ("V6", "spot_checks"),
        ("C5", "joined"),
        ("A10", "assessments"),
        ("G1", "stage"),
        ("G3", "duty"),
        ("T8", "limits.max_moves"),
        ("F7", "limits.night"),
        ("V5", "limits.max_rounds"),
        ("A5", "assessments.A5"),
        ("I8", "categories.grid-power.handled_by"),
        ("I15", "deadlines.report_to_authority.rule"),
        ("I4", "categories.renovation-permit.papers"),
        ("T4", "quiz[3].rule"),
    ] {
        let error = Pack::parse("pack.toml", &without(rule)).unwrap_err();
        let expected = PackProblem::RuleWithoutText {
            rule: rule.to_owned(),
        };
        assert_eq!((error.problem, error.field.as_str()), (expected, field));
    }
}

#[test]
fn what_is_kept_of_a_customer_is_said_of_every_field_or_of_none() {
    check_error(
        "[personal.photos]\n",
        "[personal.photographs]\n",
        expect![
            "pack.toml, line 1636, column 11, personal.photographs: This key is not known here; expected on_devices, customer_name, customer_phone, customer_address, matter, words, photos, signature"
        ],
    );
    check_error(
        "[personal.customer_phone]\n",
        "[personal.customer_phone]\nmasked = true\n",
        expect![
            "pack.toml, line 1621, column 1, personal.customer_phone.masked: This key is not known here; expected purpose, kept"
        ],
    );
    check_error(
        "purpose = { zh = \"证明客户本人确认\", en = \"To prove that the customer agreed\" }",
        "purpose = { zh = \"证明客户本人确认\" }",
        expect![
            "pack.toml, line 1641, column 11, personal.signature.purpose.en: The English text is missing"
        ],
    );
    check_error(
        "kept = \"730 days\"",
        "kept = \"399 days\"",
        expect![
            "pack.toml, line 1638, column 8, personal.photos.kept: 399 days is outside 400 to 3650 days"
        ],
    );
    check_error(
        "kept = \"730 days\"",
        "kept = \"3651 days\"",
        expect![
            "pack.toml, line 1638, column 8, personal.photos.kept: 3651 days is outside 400 to 3650 days"
        ],
    );
    check_error(
        "kept = \"730 days\"",
        "kept = \"2 years\"",
        expect![[
            r#"pack.toml, line 1638, column 8, personal.photos.kept: "2 years" is not a duration that fits here; expected such as "30 days""#
        ]],
    );
    check_error(
        "on_devices = \"400 days\"",
        "on_devices = \"29 days\"",
        expect![
            "pack.toml, line 1614, column 14, personal.on_devices: 29 days is outside 30 to 400 days"
        ],
    );
}
