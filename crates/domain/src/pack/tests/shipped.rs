//! The three packs that come with the product: complete, agreeing with the regulations, searchable, comparable.
#![expect(
    clippy::needless_raw_string_hashes,
    reason = "expect-test writes several lines so"
)]

use std::ops::Range;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::directory::Directory;
use crate::event::{Content, PhotoSource};
use crate::id::DepartmentId;
use crate::pack::*;
use crate::reckoning::Limit;

const PROPERTY: (&str, &str) = ("property-service.toml", super::SHIPPED);
const TREASURY: (&str, &str) = (
    "treasury-centre.toml",
    include_str!("../../../../../packs/treasury-centre.toml"),
);
const OFFICE: (&str, &str) = (
    "general-office.toml",
    include_str!("../../../../../packs/general-office.toml"),
);
const ALL: [(&str, &str); 3] = [PROPERTY, TREASURY, OFFICE];

fn read((file, text): (&str, &str)) -> Pack {
    Pack::parse(file, text).unwrap_or_else(|error| panic!("{error}"))
}

fn directory() -> Directory {
    let text = include_str!("../../../../../packs/demo-site.toml");
    Directory::parse("demo-site.toml", text).unwrap()
}

#[test]
fn all_three_are_read_and_named_after_their_files() {
    for (file, text) in ALL {
        let pack = read((file, text));
        assert_eq!(format!("{}.toml", pack.id), file);
        assert!(crate::zone::shipped().get(&pack.zone).is_some());
        assert_eq!(pack.text(), text);
    }
}

#[test]
fn each_has_categories_for_all_its_departments_questions_and_answers() {
    for pack in ALL.map(read) {
        for kind in [
            Kind::Enquiry,
            Kind::Complaint,
            Kind::Formality,
            Kind::Suggestion,
            Kind::Report,
            Kind::Inspection,
        ] {
            let of_kind = pack.categories.iter().any(|it| it.kind == kind);
            assert!(of_kind, "{}: {kind:?}", pack.id);
        }
        let formalities = pack
            .categories
            .iter()
            .filter(|it| it.kind == Kind::Formality);
        for it in formalities {
            let told = it.complete_within.is_some()
                && !it.papers.is_empty()
                && !it.steps.is_empty()
                && it.conditions.is_some()
                && it.fee.is_some();
            assert!(told, "{}: {} has no complete notice", pack.id, it.id);
        }
        assert_eq!(pack.quiz.len(), 3, "{}", pack.id);
        assert!(pack.answers.len() >= 8, "{}", pack.id);
        assert!(pack.courtesy.len() >= 5, "{}", pack.id);
        assert!(
            pack.categories.iter().any(|it| it.handled_by.is_some()),
            "{}",
            pack.id
        );
        assert_eq!(
            pack.stage(RuleId::T1, &pack.departments[0]),
            Stage::Observe,
            "{}",
            pack.id
        );
    }
}

/// A phrase of one's own in an answer or a courtesy would be pointed out to whoever copies it.
#[test]
fn what_each_proposes_to_say_holds_no_phrase_that_it_forbids() {
    for pack in ALL.map(read) {
        let said = pack
            .courtesy
            .iter()
            .map(|it| &it.say)
            .chain(pack.answers.iter().map(|it| &it.answer))
            .chain(pack.phrases.iter().map(|it| &it.instead));
        for text in said {
            let found = pack
                .phrases
                .iter()
                .find(|it| text.zh.contains(&it.forbidden));
            assert_eq!(found, None, "{}: {}", pack.id, text.zh);
        }
    }
}

#[test]
fn the_figures_of_property_service_are_the_regulations() {
    let pack = read(PROPERTY);
    assert_eq!(
        pack.deadline(DeadlineId::Transfer).limit,
        Some(Limit::ClockMinutes {
            minutes: Minutes(60),
            off_duty_start_after: Minutes(15)
        })
    );
    let reply = pack.deadline(DeadlineId::Reply).limit;
    assert!(matches!(reply, Some(Limit::WorkingDays { days: 1, .. })));
    let check = |rule, decided_by, against, expected: Penalty| {
        let it = pack.assessment(rule).unwrap();
        assert_eq!((it.decided_by, it.against), (decided_by, against), "{rule}");
        assert_eq!(it.consequence, Consequence::Penalty(expected), "{rule}");
    };
    let amount = |least, most| Penalty {
        amount: Some(Amount { least, most }),
        head_amount: None,
        bulletin: false,
        off_post: false,
        under: None,
    };
    let with_bulletin = |penalty| Penalty {
        bulletin: true,
        ..penalty
    };
    check(
        RuleId::A1,
        Decider::Supervisor,
        Against::Person,
        amount(20, 20),
    );
    check(
        RuleId::A3,
        Decider::Director,
        Against::Both,
        with_bulletin(amount(50, 50)),
    );
    let by_degree = Penalty {
        amount: None,
        head_amount: Some(Amount {
            least: 50,
            most: 50,
        }),
        bulletin: true,
        off_post: true,
        under: None,
    };
    check(RuleId::A4, Decider::Director, Against::Both, by_degree);
    check(
        RuleId::A5,
        Decider::Quality,
        Against::Both,
        with_bulletin(amount(30, 50)),
    );
    check(
        RuleId::A6,
        Decider::Director,
        Against::Person,
        amount(50, 200),
    );
    assert_eq!(
        pack.assessment(RuleId::A7)
            .map(|it| (&it.consequence, it.against)),
        pack.assessment(RuleId::A3)
            .map(|it| (&it.consequence, it.against)),
        "A7: as A3"
    );
    let of = |rule| &pack.assessment(rule).unwrap().consequence;
    assert_eq!(of(RuleId::A2), &Consequence::Recorded);
    assert_eq!(of(RuleId::A9), &Consequence::Counted);
    assert_eq!(pack.assessments.unit, AmountUnit::Points);
    assert_eq!(pack.assessments.lapse_after_days, 30);
    assert_eq!(pack.spot_checks.unwrap().share_percent, 10);
    let joined = pack.joined.unwrap();
    assert_eq!(
        (
            joined.visit_all_up_to,
            joined.tell_director_from,
            joined.tell_director_within
        ),
        (10, 5, Minutes(24 * 60))
    );
}

#[test]
fn the_treasury_knows_no_slips_and_neither_it_nor_the_office_knows_fines() {
    let (treasury, office) = (read(TREASURY), read(OFFICE));
    assert!(!treasury.slips);
    assert_eq!(treasury.max_moves, u32::MAX, "none is ever too many");
    assert!(office.slips);
    for pack in [&treasury, &office] {
        for &rule in RuleId::ALL {
            assert_eq!(pack.assessment(rule), None, "{}", pack.id);
            assert_eq!(
                pack.proposable(rule, &pack.departments[0]),
                None,
                "{}",
                pack.id
            );
        }
        let mentions = ["罚", "扣", "元", "绩效分"]
            .into_iter()
            .find(|word| pack.rules().any(|(_, it)| it.sentence.zh.contains(word)));
        assert_eq!(mentions, None, "{}", pack.id);
    }
    let voucher = treasury
        .category(&"voucher-review".parse().unwrap())
        .unwrap();
    assert_eq!(
        voucher.department, None,
        "whose accounts they keep differs by unit"
    );
    assert_eq!(treasury.deadline(DeadlineId::Transfer).rule, RuleId::I10);
    assert_eq!(office.escalation, None);
}

#[test]
fn slips_that_are_not_there_do_not_move() {
    let with = TREASURY
        .1
        .replacen("[limits]", "[limits]\nmax_moves = 3", 1);
    let error = Pack::parse("pack.toml", &with).unwrap_err().to_string();
    expect!["pack.toml, line 37, column 13, limits.max_moves: Rule T8 is cited, and its text is not given under rules"]
        .assert_eq(&error);
}

fn found(pack: &Pack, query: &str) -> String {
    let name = |hit: &Hit| match &hit.found {
        Found::Answer(i) => format!("answer {}", pack.answers[*i].question.zh),
        Found::Category(id) => format!("category {id}"),
        Found::Paper(category, paper) => format!("paper {category} {paper}"),
        Found::Department(id) => format!("department {id}"),
        Found::Rule(id) => format!("rule {id}"),
    };
    let hits = pack.search(&directory(), query);
    hits.iter().take(4).map(name).collect::<Vec<_>>().join("\n")
}

fn check_search(query: &str, expected: Expect) {
    expected.assert_eq(&found(&read(PROPERTY), query));
}

#[test]
fn what_people_ask_for_is_found_first() {
    check_search(
        "装修要带什么材料",
        expect![[r#"
            answer 装修要准备什么材料？
            answer 什么时间可以装修施工？
            category renovation-permit
            rule I6"#]],
    );
    check_search(
        "门卡丢了",
        expect![[r#"
        answer 门禁卡丢了怎么补？
        category access-cards"#]],
    );
    check_search(
        "停电",
        expect![[r#"
            answer 停水停电怎么办？
            category grid-power
            category power-lighting
            department engineering"#]],
    );
    check_search(
        "工程部",
        expect![[r#"
        department engineering
        answer 停水停电怎么办？
        category renovation-permit"#]],
    );
    check_search(
        "身份证",
        expect![[r#"
            paper renovation-permit identity-card
            paper access-cards identity-card
            answer 装修要准备什么材料？
            answer 门禁卡丢了怎么补？"#]],
    );
    check_search(
        "T1",
        expect![[r#"
        rule T1
        rule T10
        rule T11"#]],
    );
    check_search(
        "access card",
        expect![[r#"
        answer 门禁卡丢了怎么补？
        category access-cards
        category door-access
        paper renovation-permit identity-card"#]],
    );
    check_search(
        "快递",
        expect![[r#"
            answer 快递放在哪里取？
            category parcels-conveniences
            department service"#]],
    );
    check_search("居委会", expect!["category community"]);
    check_search("交钱", expect!["answer 物业费怎么交？"]);
    check_search("升降梯", expect!["category lift"]);
}

#[test]
fn nothing_is_found_for_nothing() {
    let pack = read(PROPERTY);
    for query in ["", "  ，。", "zzzz", "鹦鹉螺"] {
        assert_eq!(pack.search(&directory(), query), [], "{query}");
    }
}

#[test]
fn what_shares_a_common_word_with_a_question_is_not_shown() {
    let hits = read(PROPERTY).search(&directory(), "装修要带什么材料");
    assert_eq!(hits.len(), 4, "{hits:?}");
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "{hits:?}");
}

#[test]
fn a_word_counts_where_it_begins() {
    let pack = read(PROPERTY);
    let hits = pack.search(&directory(), "lea");
    assert_eq!(
        hits[0].found,
        Found::Category("water-leak".parse().unwrap())
    );
    assert_eq!(pack.search(&directory(), "eaks"), []);
}

fn check_diff(from: &str, to: &str, expected: Expect) {
    assert!(PROPERTY.1.contains(from), "{from}");
    let new = PROPERTY.1.replacen(from, to, 1);
    let changes = Pack::diff(&read(PROPERTY), &read(("new.toml", &new)));
    let line = |it: &Change| {
        let side = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
        format!("{}: {} -> {}", it.field, side(&it.old), side(&it.new))
    };
    expected.assert_eq(&changes.iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_preview_names_the_fields_that_change() {
    check_diff("version = 1", "version = 2", expect!["version: 1 -> 2"]);
    check_diff(
        "limit = \"1h clock\"",
        "limit = \"30min clock\"",
        expect!["deadlines.transfer.limit: 1h clock -> 30min clock"],
    );
    check_diff(
        "amount = 20",
        "amount = { least = 10, most = 20 }",
        expect![[r#"
        assessments.A1.amount: 20 -> -
        assessments.A1.amount.least: - -> 10
        assessments.A1.amount.most: - -> 20"#]],
    );
    check_diff(
        "[\"08:30-18:00\"]",
        "[\"08:30-12:00\", \"13:30-18:00\"]",
        expect!["time.work_days: 08:30-18:00 -> 08:30-12:00, 13:30-18:00"],
    );
    check_diff(
        "[[phrases]]\nforbidden = \"不清楚\"",
        "[[phrases]]\nforbidden = \"忙不过来啦\"\ninstead = { zh = \"我来安排。\", en = \"I will arrange it.\" }\n\n[[phrases]]\nforbidden = \"不清楚\"",
        expect![[r#"
            phrases[忙不过来啦].forbidden: - -> 忙不过来啦
            phrases[忙不过来啦].instead.en: - -> I will arrange it.
            phrases[忙不过来啦].instead.zh: - -> 我来安排。"#]],
    );
    check_diff(
        "    { zh = \"提交材料\", en = \"Hand in the papers\" },\n",
        "",
        expect![[r#"
            categories.access-cards.steps[提交材料].en: Hand in the papers -> -
            categories.access-cards.steps[提交材料].zh: 提交材料 -> -"#]],
    );
}

#[test]
fn entries_of_a_list_that_are_named_alike_are_told_apart() {
    let step = "    { zh = \"提交材料\", en = \"Hand in the papers\" },\n";
    let again = step.replace("Hand in the papers", "Hand in the rest");
    check_diff(
        step,
        &format!("{step}{again}"),
        expect![[r#"
            categories.access-cards.steps[提交材料, 2].en: - -> Hand in the rest
            categories.access-cards.steps[提交材料, 2].zh: - -> 提交材料"#]],
    );
}

#[test]
fn comments_and_layout_are_no_change() {
    let new = format!(
        "# 2026\n\n{}",
        PROPERTY.1.replace("amount = 20", "amount  =  20")
    );
    assert_eq!(Pack::diff(&read(PROPERTY), &read(("new.toml", &new))), []);
}

/// Where each value of a text stands, tables and lists among them.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    fn collect(value: &Spanned<DeValue<'_>>, spans: &mut Vec<Range<usize>>) {
        spans.push(value.span());
        if let Some(table) = value.get_ref().as_table() {
            table.iter().for_each(|(_, it)| collect(it, spans));
        }
        if let Some(items) = value.get_ref().as_array() {
            items.iter().for_each(|it| collect(it, spans));
        }
    }
    let root = DeTable::parse(text).unwrap();
    let mut spans = Vec::new();
    root.get_ref()
        .iter()
        .for_each(|(_, it)| collect(it, &mut spans));
    spans
}

/// Whatever stands in a pack, it is read, or refused with a place that is in it.
fn check_mutated(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = Pack::parse("pack.toml", text) {
        let n_lines = u32::try_from(text.matches('\n').count()).unwrap() + 1;
        prop_assert!((1..=n_lines).contains(&error.line), "{error}");
        prop_assert!(error.column >= 1);
    }
    Ok(())
}

const TYPED: [&str; 14] = [
    "0",
    "-99999999999999999999",
    "1.5",
    "nan",
    "true",
    "1979-05-27T07:32:00Z",
    "\"\"",
    "\"没\"",
    "\"999999999h clock\"",
    "\"-1 working days\"",
    "\"24:00-00:00\"",
    "[]",
    "[[], {}]",
    "{}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pack_with_another_value_is_read_or_refused(
        (which, value) in (0..ALL.len(), any::<prop::sample::Index>()),
        typed in prop::sample::select(TYPED.as_slice()),
    ) {
        let (_, text) = ALL[which];
        let spans = values(text);
        let span = value.get(&spans);
        check_mutated(&format!("{}{typed}{}", &text[..span.start], &text[span.end..]))?;
    }

    #[test]
    fn a_pack_with_other_characters_is_read_or_refused(
        (which, place) in (0..ALL.len(), any::<prop::sample::Index>()),
        n_chars in 0..40_usize,
        typed in "\\PC{0,12}",
    ) {
        let chars: Vec<char> = ALL[which].1.chars().collect();
        let start = place.index(chars.len());
        let end = (start + n_chars).min(chars.len());
        let mutated: String = chars[..start]
            .iter()
            .copied()
            .chain(typed.chars())
            .chain(chars[end..].iter().copied())
            .collect();
        check_mutated(&mutated)?;
    }
}

#[test]
fn departments_of_the_demonstration_site_are_those_of_the_pack() {
    let pack = read(PROPERTY);
    let theirs: Vec<DepartmentId> = directory()
        .departments
        .into_iter()
        .filter(|it| !it.contractor)
        .map(|it| it.id)
        .collect();
    assert_eq!(theirs, pack.departments, "contractors are the site's own");
}

const PRIVACY: [&str; 2] = [
    include_str!("../../../../../PRIVACY.md"),
    include_str!("../../../../../PRIVACY.zh-CN.md"),
];

#[test]
fn what_is_kept_of_a_customer_stands_in_privacy_md_as_the_pack_says_it() {
    let pack = read(PROPERTY);
    let personal = pack.personal.expect("it says so");
    for kept in &personal.fields {
        let key = kept.field.key();
        // By these words whoever reads it knows which data is meant.
        let what = match kept.field {
            PersonalField::Name => ["name or organisation", "客户姓名或单位"],
            PersonalField::Phone => ["phone number", "客户电话"],
            PersonalField::Address => ["room or address", "房号或地址"],
            PersonalField::Matter => ["what the customer said", "客户所说的话"],
            PersonalField::Words => ["what staff wrote", "员工所写"],
            PersonalField::Photos => ["photos", "照片"],
            PersonalField::Signature => ["the customer's signature", "客户在屏幕上的签名"],
        };
        let said = [&kept.purpose.en, &kept.purpose.zh];
        let lasts = [format!("{} days", kept.days), format!("{} 天", kept.days)];
        let said = said.into_iter().zip(what).zip(lasts);
        for (file, ((purpose, what), days)) in PRIVACY.into_iter().zip(said) {
            let begins = format!("| `{key}` | {what}");
            let row = file.lines().find(|it| it.starts_with(&begins));
            let row = row.unwrap_or_else(|| panic!("{key} has no row of {what}"));
            let ends = format!("| {purpose} | {days} |");
            assert!(row.ends_with(&ends), "{row}\nwhere the pack says {ends}");
        }
    }
    for file in PRIVACY {
        let n_rows = file.lines().filter(|it| it.starts_with("| `")).count();
        assert_eq!(n_rows, PersonalField::ALL.len());
    }
    for pack in ALL.map(read) {
        assert!(pack.personal.is_some(), "{}", pack.id);
    }
}

#[test]
fn all_that_can_be_written_of_a_customer_has_its_purpose() {
    // What is added there does not compile here.
    let Content {
        matter: _,
        customer: _,
        phone: _,
        address: _,
        text: _,
    } = Content::default();
    let in_content = [
        PersonalField::Matter,
        PersonalField::Name,
        PersonalField::Phone,
        PersonalField::Address,
        PersonalField::Words,
    ];
    let in_files = |it: PhotoSource| match it {
        PhotoSource::Camera | PhotoSource::Album => PersonalField::Photos,
        PhotoSource::Signature => PersonalField::Signature,
    };
    let in_files = [PhotoSource::Camera, PhotoSource::Signature].map(in_files);
    let mut all: Vec<_> = in_content.into_iter().chain(in_files).collect();
    all.sort();
    assert_eq!(all, PersonalField::ALL);
}
