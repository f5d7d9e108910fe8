//! Line by line of the assessment table: what is proposed, against whom, on which evidence.

use crate::story::*;

#[test]
fn a1_fobbing_off_counts_only_once_the_customer_came_again() {
    let late = Story::new(1)
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("wang-jianguo", "2026-07-13 14:00", hand_over("engineering"));
    let again = Story::again(2, &late, "2026-07-14 09:00");
    let before = Story::again(3, &late, "2026-07-13 09:30");
    let just_then = Story::again(4, &late, "2026-07-13 10:06");
    let other_matter = Story::new(5).recorded("zhang-min", "zhang-min", "2026-07-14 09:00");
    late.proposed("2026-07-14 10:00", &[], &[])
        .proposed("2026-07-14 10:00", &[&before], &[])
        .proposed("2026-07-14 10:00", &[&just_then], &[])
        .proposed("2026-07-14 10:00", &[&other_matter], &[])
        .proposed(
            "2026-07-14 10:00",
            &[&before, &again],
            &[(RuleId::A1, "security", "wang-jianguo")],
        );
}

#[test]
fn a1_takes_a_phrase_that_dismisses() {
    let mut quick = form("zhang-min", "2026-07-13 09:00");
    quick.next = Next::AnswerAtOnce {
        text: "这个不归我管".into(),
    };
    let dismissed = Story::new(1).order(
        "zhang-min",
        "2026-07-13 09:00",
        Command::Record(Box::new(quick)),
    );
    assert_eq!(
        dismissed.grounds("2026-07-13 10:00"),
        [(RuleId::L1, Ground::Phrases(1))]
    );
    let again = Story::again(2, &dismissed, "2026-07-14 09:00");
    let found = dismissed.only("2026-07-14 10:00", &[&again]);
    assert_eq!(found.rule, RuleId::A1);
    assert_eq!(found.amount, Some((20, 20)));
    let [phrase, came] = found.evidence[..] else {
        panic!("{found:?}");
    };
    assert_eq!(phrase, dismissed.envelopes[0].header().id);
    assert_eq!(came, again.envelopes[0].header().id, "both ends prove it");
}

#[test]
fn a2_is_recorded_and_not_proposed_until_the_pack_carries_it() {
    let quarrel = Story::handed_over(1).order(
        "zhao-qiang",
        "2026-07-13 09:10",
        Command::ReportQuarrel {
            person: person("wang-jianguo"),
            text: "与业主争吵".into(),
        },
    );
    assert_eq!(
        quarrel.grounds("2026-07-13 09:11"),
        [(RuleId::A2, Ground::Quarrel)]
    );
    quarrel.proposed("2026-07-13 09:11", &[], &[]);
}

#[test]
fn a3_a_late_answer_is_its_handlers_with_a_bulletin_for_the_department() {
    let late = Story::answered_late(1);
    let found = late.only("2026-07-15 10:00", &[]);
    assert_eq!(
        named(std::slice::from_ref(&found)),
        owned(&[(RuleId::A3, "engineering", "liu-wei")])
    );
    assert_eq!(found.amount, Some((50, 50)));
    assert!(found.bulletin);
    assert_eq!(
        found.proposed_at,
        at("2026-07-14 18:00"),
        "from the due moment"
    );
    assert_eq!(
        found.state_by,
        Some(at("2026-07-17 18:00")),
        "3 working days"
    );
    assert_eq!(found.lapses_at, at("2026-08-13 18:00"), "30 days");
    let ids: Vec<_> = late.envelopes.iter().map(|it| it.header().id).collect();
    assert_eq!(
        found.evidence,
        [ids[1], ids[3]],
        "the handover and the late answer"
    );
}

#[test]
fn a3_a_refusal_is_proposed_on_the_report() {
    Story::handed_over(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .proposed(
            "2026-07-13 09:31",
            &[],
            &[(RuleId::A3, "engineering", "chen-gong")],
        );
}

#[test]
fn a4_a_solved_matter_that_comes_again_is_by_degree() {
    let solved = Story::solved(1);
    let again = Story::again(2, &solved, "2026-07-16 09:00");
    let found = solved.proposals("2026-07-16 10:00", &[&again]);
    let by_degree: Vec<_> = named(&found)
        .into_iter()
        .zip(found)
        .map(|((rule, _, person), it)| (rule, person, it.bulletin, it.amount, it.off_post))
        .collect();
    assert_eq!(
        by_degree,
        [
            (RuleId::A4, String::new(), true, None, false),
            (RuleId::A4, "chen-gong".into(), false, Some((50, 50)), false),
            (RuleId::A4, "liu-wei".into(), false, None, true),
        ]
    );
}

#[test]
fn a4_takes_the_case_that_the_regulation_leaves_blank_once_the_pack_names_it() {
    let petition = || Command::ReportFurtherCase {
        department: "engineering".parse().unwrap(),
        person: Some(person("liu-wei")),
        text: "业主到街道上访".into(),
    };
    Story::solved(1).refused(
        "li-na",
        "2026-07-20 09:00",
        petition(),
        &Refusal::NoFurtherCase,
    );
    let named = rules_with(|pack| {
        let with = "off_post = true\nfurther_case = { zh = \"越级上访\", en = \"A petition\" }\n";
        pack.replacen("off_post = true\n", with, 1)
    });
    let solved = Story {
        rules: named,
        ..Story::new(1)
    };
    let solved = solved
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:15", name_handler("liu-wei"))
        .order("liu-wei", "2026-07-13 11:00", reply())
        .order("li-na", "2026-07-20 09:00", petition());
    let found: Vec<_> = solved
        .proposals("2026-07-20 09:01", &[])
        .into_iter()
        .filter(|it| it.ground == Ground::FurtherCase)
        .collect();
    assert_eq!(
        crate::story::named(&found),
        owned(&[
            (RuleId::A4, "engineering", ""),
            (RuleId::A4, "engineering", "chen-gong"),
            (RuleId::A4, "engineering", "liu-wei"),
        ])
    );
    assert_eq!(found[1].amount, Some((50, 50)));
    assert_eq!(found[0].evidence, [solved.envelopes[4].header().id]);
    let others = solved
        .order(
            "li-na",
            "2026-07-20 09:10",
            Command::ReportQuarrel {
                person: person("liu-wei"),
                text: "与业主争吵".into(),
            },
        )
        .order(
            "li-na",
            "2026-07-20 09:20",
            Command::ReportFurtherCase {
                department: "lift-company".parse().unwrap(),
                person: None,
                text: "业主到街道上访".into(),
            },
        );
    let further = |it: &(RuleId, Ground)| it.1 == Ground::FurtherCase;
    let n_further = others
        .grounds("2026-07-20 09:21")
        .into_iter()
        .filter(further)
        .count();
    assert_eq!(n_further, 3, "neither a quarrel nor a contractor is one");
}

#[test]
fn a3_an_answer_for_which_nobody_was_named_is_the_heads_unless_a_deputy_could_have() {
    let unnamed = |to: &str, head: &str| {
        Story::new(1)
            .recorded("liu-wei", "liu-wei", "2026-07-13 09:06")
            .order("liu-wei", "2026-07-13 09:08", hand_over(to))
            .order(head, "2026-07-13 09:15", Command::Receive)
    };
    unnamed("cleaning", "sun-guilan").proposed(
        "2026-07-15 10:00",
        &[],
        &[(RuleId::A3, "cleaning", "sun-guilan")],
    );
    unnamed("security", "zhao-qiang").proposed(
        "2026-07-15 10:00",
        &[],
        &[(RuleId::A3, "security", "")],
    );
    let unsure_of_naming = |case: &Case, rules: &Rules, now, it: &Obligation| {
        if it.deadline == DeadlineId::AssignHandler {
            Judged::CannotBeTold
        } else {
            exact(case, rules, now, it)
        }
    };
    let found = unnamed("cleaning", "sun-guilan").look(
        "2026-07-15 10:00",
        unsure_of_naming,
        &[],
        proposals,
    );
    assert_eq!(named(&found), owned(&[(RuleId::A3, "cleaning", "")]));
}

#[test]
fn a5_own_work_passed_on_counts_where_it_cost_the_time() {
    let own = |back: &str, done: &str| {
        let mut story = Story::new(1)
            .recorded("liu-wei", "liu-wei", "2026-07-13 09:00")
            .order("liu-wei", "2026-07-13 09:30", hand_over("cleaning"));
        story = story
            .order("sun-guilan", back, send_back())
            .order("liu-wei", done, reply());
        story.order("chen-gong", done, tell())
    };
    own("2026-07-13 10:00", "2026-07-13 11:00").proposed("2026-07-17 10:00", &[], &[]);
    own("2026-07-13 10:00", "2026-07-16 09:00").proposed("2026-07-17 10:00", &[], &[]);
    let found = own("2026-07-14 10:00", "2026-07-16 09:00").proposals("2026-07-17 10:00", &[]);
    assert!(
        named(&found).contains(&owned(&[(RuleId::A5, "engineering", "liu-wei")])[0]),
        "{found:?}"
    );
    let found = found.iter().find(|it| it.rule == RuleId::A5).unwrap();
    assert_eq!(found.amount, Some((30, 50)));
}

#[test]
fn a5_does_not_count_where_the_receiver_was_late_itself() {
    let late_receiver = Story::new(1)
        .recorded("liu-wei", "liu-wei", "2026-07-13 09:00")
        .order("liu-wei", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:40", name_handler("sun-guilan"))
        .order("sun-guilan", "2026-07-16 09:00", reply());
    late_receiver.proposed(
        "2026-07-17 10:00",
        &[],
        &[(RuleId::A3, "cleaning", "sun-guilan")],
    );
}

#[test]
fn a6_criticism_is_held_against_the_person_named_or_nobody() {
    let criticised = |who: Option<&str>| {
        Story::solved(1).order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            Command::RecordCriticism {
                department: "engineering".parse().unwrap(),
                person: who.map(person),
                said_at: at("2026-07-19 20:00"),
                text: "晚报曝光".into(),
            },
        )
    };
    let found = criticised(Some("liu-wei")).only("2026-07-20 09:01", &[]);
    assert_eq!((found.rule, found.amount), (RuleId::A6, Some((50, 200))));
    criticised(None).proposed("2026-07-20 09:01", &[], &[]);
}

#[test]
fn a7_wrangling_is_held_against_both_sides_alike() {
    let wrangle = Story::handed_over(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .order(
            "li-na",
            "2026-07-13 09:40",
            shirking("cleaning", Some("sun-guilan")),
        );
    let found = wrangle.proposals("2026-07-13 10:00", &[]);
    assert_eq!(
        named(&found),
        owned(&[
            (RuleId::A7, "cleaning", "sun-guilan"),
            (RuleId::A7, "engineering", "chen-gong"),
        ]),
        "and no refusal beside it"
    );
    assert_eq!(found[0].sides, [found[1].key]);
    assert_eq!(found[1].sides, [found[0].key]);
    assert_eq!(found[0].evidence, found[1].evidence);
}

/// The pack lets slips move often enough for it to go to and fro.
fn to_and_fro(lead: Option<(&str, &[&str])>) -> Story {
    let mut story = Story::new(1);
    story.rules = rules_with(|pack| pack.replace("max_moves = 3", "max_moves = 9"));
    story = story
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:20", send_back())
        .order("zhang-min", "2026-07-13 09:30", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:40", send_back());
    match lead {
        None => story,
        Some((lead, upheld)) => story
            .order(
                "zhang-min",
                "2026-07-13 09:50",
                Command::ReportToCoordination {
                    text: "两次退回".into(),
                },
            )
            .order("lin-zhiyuan", "2026-07-13 10:00", name_lead(lead, upheld)),
    }
}

#[test]
fn a7_a_slip_that_went_to_and_fro_depends_on_what_the_coordinator_found() {
    let both = [
        (RuleId::A7, "engineering", "chen-gong"),
        (RuleId::A7, "service", "zhang-min"),
    ];
    to_and_fro(None).proposed("2026-07-13 10:30", &[], &both);
    to_and_fro(Some(("cleaning", &[]))).proposed("2026-07-13 10:30", &[], &both);
    to_and_fro(Some(("cleaning", &["engineering"]))).proposed("2026-07-13 10:30", &[], &[]);
    to_and_fro(Some(("engineering", &[]))).proposed(
        "2026-07-13 10:30",
        &[],
        &[(RuleId::A3, "engineering", "chen-gong")],
    );
}

#[test]
fn a8_insisting_on_a_department_whose_return_was_upheld() {
    insisted(
        "2026-07-14 16:00",
        "2026-07-14 16:30",
        "2026-07-15 17:00",
        "2026-07-16 09:00",
    )
    .proposed(
        "2026-07-16 10:00",
        &[],
        &[(RuleId::A8, "service", "zhang-min")],
    );
}

#[test]
fn a9_an_incomplete_form_is_counted_and_held_against_nobody_who_said_why() {
    let incomplete = |because| {
        let mut nameless = form("wang-jianguo", "2026-07-13 09:00");
        nameless.customer = String::new();
        nameless.remark = "没有问".into();
        nameless.more.missing_because = because;
        Story::new(1).order(
            "wang-jianguo",
            "2026-07-13 09:00",
            Command::Record(Box::new(nameless)),
        )
    };
    let bare = incomplete(None);
    let found = bare.only("2026-07-13 09:01", &[]);
    assert_eq!(
        (found.rule, found.amount),
        (RuleId::A9, None),
        "counted only"
    );
    let explained = incomplete(Some(MissingBecause::Declined));
    assert_eq!(explained.grounds("2026-07-13 09:01").len(), 1);
    explained.proposed("2026-07-13 09:01", &[], &[]);
    let later = |customer: &str, missing_because| {
        incomplete(None).order(
            "wang-jianguo",
            "2026-07-13 09:20",
            Command::CompleteForm {
                customer: customer.into(),
                phone: String::new(),
                address: String::new(),
                missing_because,
            },
        )
    };
    let explained_later = later("", Some(MissingBecause::NotKnown));
    assert_eq!(explained_later.grounds("2026-07-13 09:21").len(), 1);
    explained_later.proposed("2026-07-13 09:21", &[], &[]);
    later("李女士", None).proposed("2026-07-13 09:21", &[], &[]);
}

#[test]
fn i4_a_second_trip_and_a_wasted_visit_are_breaches_without_an_amount() {
    let trip = |papers: &[&str], in_vain| Command::RecordSecondTrip {
        papers: papers.iter().map(|it| it.parse().unwrap()).collect(),
        in_vain,
        text: String::new(),
    };
    let mut permit = form("zhang-min", "2026-07-13 09:00");
    permit.category = "renovation-permit".parse().unwrap();
    let noticed = || {
        Story::new(1)
            .order(
                "zhang-min",
                "2026-07-13 09:00",
                Command::Record(Box::new(permit.clone())),
            )
            .order(
                "zhang-min",
                "2026-07-13 09:05",
                Command::GiveNotice {
                    papers: vec!["drawings".parse().unwrap()],
                    text: String::new(),
                    clear: true,
                },
            )
            .order(
                "zhang-min",
                "2026-07-13 09:06",
                Command::AgreeTime {
                    at: at("2026-07-14 10:00"),
                    because: AgreedBecause::PapersMissing,
                    text: String::new(),
                },
            )
    };
    let untold = noticed().order("zhang-min", "2026-07-14 09:30", trip(&["deposit"], false));
    assert_eq!(
        untold.grounds("2026-07-14 09:31"),
        [(RuleId::I4, Ground::SecondTrip)]
    );
    let untold = untold.proposed("2026-07-14 09:31", &[], &[]);
    let told = noticed().order("zhang-min", "2026-07-14 09:30", trip(&["drawings"], false));
    assert_eq!(told.grounds("2026-07-14 09:31"), []);
    let wasted = noticed().order("zhang-min", "2026-07-14 09:30", trip(&["drawings"], true));
    assert_eq!(
        wasted.grounds("2026-07-14 09:31"),
        [(RuleId::I4, Ground::WastedVisit)]
    );
    let other_day = noticed().order("zhang-min", "2026-07-15 09:30", trip(&["drawings"], true));
    let grounds = other_day.grounds("2026-07-15 09:31");
    assert!(
        !grounds.contains(&(RuleId::I4, Ground::WastedVisit)),
        "it was agreed for another day: {grounds:?}"
    );
    let proven_by = |story: &Story, earlier: usize| {
        let found = story.look("2026-07-14 09:31", exact, &[], breaches);
        let id = |i: usize| story.envelopes[i].header().id;
        assert_eq!(found[0].evidence, [id(earlier), id(3)]);
        assert_eq!(found[0].account.person(), Some(&person("zhang-min")));
    };
    proven_by(&untold, 1);
    proven_by(&wasted, 2);
}

#[test]
fn whoever_wrangled_is_not_charged_with_the_way_round_as_well() {
    let mut story = Story::new(1);
    story.rules = rules_with(|pack| pack.replace("max_moves = 3", "max_moves = 9"));
    story
        .recorded("liu-wei", "liu-wei", "2026-07-13 09:00")
        .order("liu-wei", "2026-07-13 09:10", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:20", send_back())
        .order("liu-wei", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-14 17:00", send_back())
        .order("liu-wei", "2026-07-16 09:00", reply())
        .order("chen-gong", "2026-07-16 09:05", tell())
        .proposed(
            "2026-07-17 10:00",
            &[],
            &[
                (RuleId::A7, "cleaning", "sun-guilan"),
                (RuleId::A7, "engineering", "liu-wei"),
            ],
        );
}

/// Sent again to a department whose return holds, until somebody reports it; then another department has it.
fn insisted(reported: &str, ruled: &str, done: &str, told: &str) -> Story {
    Story::new(1)
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:20", send_back())
        .order("zhang-min", "2026-07-13 09:30", hand_over("engineering"))
        .order(
            "chen-gong",
            reported,
            Command::ReportToCoordination {
                text: "仍不属本部门".into(),
            },
        )
        .order(
            "lin-zhiyuan",
            ruled,
            name_lead("security", &["engineering"]),
        )
        .order("gao-feng", ruled, name_handler("gao-feng"))
        .order("gao-feng", done, reply())
        .order("zhang-min", told, tell())
}

#[test]
fn a8_leaves_out_the_time_of_whoever_had_it_afterwards() {
    insisted(
        "2026-07-13 09:40",
        "2026-07-13 10:00",
        "2026-07-20 09:00",
        "2026-07-20 09:00",
    )
    .proposed(
        "2026-07-21 10:00",
        &[],
        &[(RuleId::A3, "security", "gao-feng")],
    );
}

#[test]
fn a_proposal_begins_when_all_that_it_takes_has_happened() {
    let it = insisted(
        "2026-07-14 16:00",
        "2026-07-14 16:30",
        "2026-07-15 17:00",
        "2026-07-16 09:00",
    )
    .only("2026-07-16 10:00", &[]);
    assert_eq!(
        (it.rule, it.proposed_at),
        (RuleId::A8, at("2026-07-16 09:00")),
        "only then it is plain that it would have been in time without the way round"
    );
    assert_eq!(it.state_by, Some(at("2026-07-21 18:00")));

    let solved = Story::solved(1);
    let unmarked = Story::new(2).recorded("zhang-min", "zhang-min", "2026-07-16 09:00");
    let marked = unmarked.order(
        "zhang-min",
        "2026-09-01 09:00",
        Command::MarkRepeat {
            earlier: Some(solved.id),
        },
    );
    let found = solved.proposals("2026-09-01 10:00", &[&marked]);
    assert_eq!(found.len(), 3, "not lapsed before anybody could know of it");
    assert!(
        found
            .iter()
            .all(|it| it.proposed_at == at("2026-09-01 09:00"))
    );

    let said_at_once = |how: &dyn Fn(&mut RecordForm)| {
        let mut form = form("zhang-min", "2026-07-16 09:00");
        how(&mut form);
        let record = Command::Record(Box::new(form));
        let mark = |earlier| Command::MarkRepeat { earlier };
        let again = Story::new(2)
            .order("zhang-min", "2026-07-16 09:00", record)
            .order("zhang-min", "2026-07-17 09:00", mark(None))
            .order("zhang-min", "2026-07-18 09:00", mark(Some(solved.id)));
        let found = solved.proposals("2026-07-20 10:00", &[&again]);
        assert_eq!(found.len(), 3);
        assert!(
            found
                .iter()
                .all(|it| it.proposed_at == at("2026-07-16 09:00")),
            "known from the record on, whatever was thought of it in between"
        );
    };
    said_at_once(&|form| form.more.repeats = Some(solved.id));
    said_at_once(&|form| form.more.asked_before = Some((person("wang-jianguo"), Some(solved.id))));
}

fn lines_of(story: &Story, now: &str) -> Vec<(RuleId, String, String)> {
    named(&story.proposals(now, &[]))
}

#[test]
fn what_the_coordinator_settles_begins_when_they_did() {
    let begun = |story: Story| -> Vec<_> {
        let found = story.proposals("2026-07-13 10:30", &[]);
        found.iter().map(|it| (it.rule, it.proposed_at)).collect()
    };
    let ruled = at("2026-07-13 10:00");
    assert_eq!(
        begun(to_and_fro(Some(("engineering", &[])))),
        [(RuleId::A3, ruled)]
    );
    let once_more = to_and_fro(None)
        .order("zhang-min", "2026-07-13 09:45", hand_over("engineering"))
        .order(
            "chen-gong",
            "2026-07-13 09:50",
            Command::ReportToCoordination {
                text: "第三次转来".into(),
            },
        );
    assert_eq!(begun(once_more), [], "the coordinator has yet to say");
    let settled = to_and_fro(None)
        .order("zhang-min", "2026-07-13 09:45", hand_over("engineering"))
        .order(
            "chen-gong",
            "2026-07-13 09:50",
            Command::ReportToCoordination {
                text: "第三次转来".into(),
            },
        )
        .order(
            "lin-zhiyuan",
            "2026-07-13 10:00",
            name_lead("cleaning", &[]),
        );
    assert_eq!(
        begun(settled),
        [(RuleId::A7, ruled), (RuleId::A7, ruled)],
        "whatever moved in between"
    );
}

#[test]
fn two_departments_that_each_return_a_slip_once_do_not_wrangle() {
    let mut story = Story::new(1);
    story.rules = rules_with(|pack| pack.replace("max_moves = 3", "max_moves = 9"));
    story
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:20", send_back())
        .order("zhang-min", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:40", send_back())
        .proposed("2026-07-13 10:00", &[], &[]);
}

#[test]
fn a7_is_proved_by_the_second_sending_and_the_second_return_whoever_else_had_the_slip() {
    let mut story = Story::new(1);
    story.rules = rules_with(|pack| pack.replace("max_moves = 3", "max_moves = 9"));
    let story = story
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:15", send_back())
        .order("zhang-min", "2026-07-13 09:20", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:25", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:30", send_back())
        .order("sun-guilan", "2026-07-13 09:35", send_back())
        .order("zhang-min", "2026-07-13 09:40", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:45", send_back());
    let found = story.proposals("2026-07-13 10:00", &[]);
    assert_eq!(
        named(&found),
        owned(&[
            (RuleId::A7, "engineering", "chen-gong"),
            (RuleId::A7, "service", "zhang-min"),
        ])
    );
    let id = |i: usize| story.envelopes[i].header().id;
    assert_eq!(found[0].evidence, [id(7), id(8)]);
}

#[test]
fn whoever_was_named_as_asked_is_charged_from_when_that_stands() {
    let late = Story::new(1)
        .recorded("wang-jianguo", "zhang-min", "2026-07-13 09:00")
        .order(
            "zhang-min",
            "2026-07-13 14:00",
            Command::ConfirmAsked {
                agrees: true,
                text: String::new(),
            },
        );
    let since: Vec<_> = late
        .look("2026-07-13 15:00", exact, &[], breaches)
        .into_iter()
        .map(|it| (it.ground, it.at))
        .collect();
    assert!(
        since.contains(&(Ground::Missed(DeadlineId::Transfer), at("2026-07-13 14:00"))),
        "{since:?}"
    );
}

#[test]
fn a5_a_return_is_not_own_work_passed_on() {
    let returned = Story::new(1)
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:20", send_back())
        .order("zhang-min", "2026-07-16 17:00", hand_over("engineering"))
        .order("chen-gong", "2026-07-17 09:00", reply())
        .order("zhang-min", "2026-07-17 09:10", tell());
    assert_eq!(lines_of(&returned, "2026-07-17 10:00"), []);
}

#[test]
fn a5_counts_the_time_that_the_slip_was_away_and_not_what_came_after() {
    Story::new(1)
        .recorded("liu-wei", "liu-wei", "2026-07-13 09:00")
        .order("liu-wei", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-13 09:50", reply())
        .order("liu-wei", "2026-07-16 09:00", tell())
        .proposed("2026-07-17 10:00", &[], &[]);
}

#[test]
fn a5_holds_for_the_lead_that_passed_it_on_and_not_for_whom_it_was_taken_from() {
    let passed_on = |lead: &str, by: &str| {
        let story = Story::new(1)
            .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
            .order("zhang-min", "2026-07-13 09:10", hand_over("engineering"))
            .order("chen-gong", "2026-07-13 09:30", hand_over("cleaning"))
            .order(
                "sun-guilan",
                "2026-07-14 16:00",
                Command::ReportToCoordination {
                    text: "不属本部门".into(),
                },
            )
            .order("lin-zhiyuan", "2026-07-14 16:30", name_lead(lead, &[]))
            .order(by, "2026-07-15 17:00", reply())
            .order("zhang-min", "2026-07-16 09:00", tell());
        let found = lines_of(&story, "2026-07-16 10:00");
        found
            .into_iter()
            .filter(|(rule, ..)| *rule == RuleId::A5)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        passed_on("engineering", "chen-gong"),
        owned(&[(RuleId::A5, "engineering", "chen-gong")])
    );
    assert_eq!(passed_on("cleaning", "sun-guilan"), []);
}

#[test]
fn a8_takes_a_return_that_was_upheld_and_by_that_department() {
    let sent_again = |to: &str, by: &str| {
        let story = Story::new(1)
            .recorded("liu-wei", "liu-wei", "2026-07-13 09:00")
            .order("liu-wei", "2026-07-13 09:10", hand_over("cleaning"))
            .order("sun-guilan", "2026-07-13 09:20", send_back())
            .order("liu-wei", "2026-07-13 09:30", hand_over(to))
            .order(
                by,
                "2026-07-14 16:00",
                Command::ReportToCoordination {
                    text: "不属本部门".into(),
                },
            )
            .order(
                "lin-zhiyuan",
                "2026-07-14 16:30",
                name_lead("engineering", &[]),
            )
            .order("chen-gong", "2026-07-15 17:00", reply())
            .order("liu-wei", "2026-07-16 09:00", tell());
        lines_of(&story, "2026-07-16 10:00")
    };
    let own = owned(&[(RuleId::A5, "engineering", "liu-wei")]);
    assert_eq!(sent_again("cleaning", "sun-guilan"), own);
    assert_eq!(sent_again("security", "gao-feng"), own);
}

#[test]
fn that_two_others_wrangled_spares_nobody_the_way_round() {
    let both = insisted(
        "2026-07-14 16:00",
        "2026-07-14 16:30",
        "2026-07-15 17:00",
        "2026-07-16 09:00",
    )
    .order(
        "zhang-min",
        "2026-07-16 09:10",
        shirking("cleaning", Some("sun-guilan")),
    )
    .order(
        "zhang-min",
        "2026-07-16 09:20",
        shirking("security", Some("gao-feng")),
    );
    assert_eq!(
        lines_of(&both, "2026-07-16 10:00"),
        owned(&[
            (RuleId::A8, "service", "zhang-min"),
            (RuleId::A7, "cleaning", "sun-guilan"),
            (RuleId::A7, "security", "gao-feng"),
        ])
    );
}

#[test]
fn v3_a_check_says_of_the_work_and_of_the_visit_each_for_itself() {
    let checked = |handling_true, visit_true| {
        let story = Story::solved(1).order(
            "xu-wenbo",
            "2026-07-20 09:00",
            Command::SpotCheck {
                seed: Hash([7; 32]),
                handling_true,
                visit_true: Some(visit_true),
                customer_asked: true,
                text: "问过邻居".into(),
            },
        );
        let found = story.look("2026-07-20 09:01", exact, &[], breaches);
        found
            .into_iter()
            .filter(|it| it.ground == Ground::FoundOtherwise)
            .map(|it| it.account.person().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert!(checked(true, true).is_empty());
    assert_eq!(checked(false, true), ["liu-wei"]);
    assert_eq!(checked(true, false), ["wang-jianguo"]);
    assert_eq!(checked(false, false), ["liu-wei", "wang-jianguo"]);
}
