//! Who decides what, when, and what the other side gets.

use crate::story::*;

#[test]
fn the_director_decides_after_the_statement_within_the_table_and_once() {
    let late = Story::answered_late(1);
    let key = late.only("2026-07-15 10:00", &[]).key;
    let fifty = || uphold(key, Some(50), true);
    let exactly = Refusal::OutOfRange {
        least: 50,
        most: 50,
    };
    let director = Refusal::NotYours {
        may: vec![person("lin-zhiyuan")],
    };
    late.refused("chen-gong", "2026-07-15 11:00", fifty(), &director)
        .refused("zhao-qiang", "2026-07-15 11:00", fifty(), &director)
        .refused(
            "liu-wei",
            "2026-07-15 11:00",
            fifty(),
            &Refusal::Concerned {
                person: person("liu-wei"),
            },
        )
        .refused(
            "lin-zhiyuan",
            "2026-07-15 11:00",
            fifty(),
            &Refusal::MayStillState {
                until: at("2026-07-17 18:00"),
            },
        )
        .refused(
            "chen-gong",
            "2026-07-15 11:00",
            say(key),
            &Refusal::NotYours {
                may: vec![person("liu-wei")],
            },
        )
        .order("liu-wei", "2026-07-15 11:00", say(key))
        .refused(
            "lin-zhiyuan",
            "2026-07-15 12:00",
            uphold(key, Some(51), true),
            &exactly,
        )
        .refused(
            "lin-zhiyuan",
            "2026-07-15 12:00",
            uphold(key, None, true),
            &exactly,
        )
        .order("lin-zhiyuan", "2026-07-15 12:00", fifty())
        .refused(
            "lin-zhiyuan",
            "2026-07-15 12:01",
            fifty(),
            &Refusal::AlreadyDecided,
        )
        .refused(
            "liu-wei",
            "2026-07-15 12:01",
            say(key),
            &Refusal::AlreadyDecided,
        )
        .proposed("2026-07-16 09:00", &[], &[]);
}

#[test]
fn without_a_statement_it_waits_for_the_time_to_be_over_and_lapses_in_the_end() {
    let late = || Story::answered_late(1);
    let it = late().only("2026-07-15 10:00", &[]);
    let fifty = || uphold(it.key, Some(50), true);
    late().order("lin-zhiyuan", "2026-07-17 18:01", fifty());
    late().refused(
        "lin-zhiyuan",
        "2026-08-13 18:01",
        fifty(),
        &Refusal::Lapsed {
            at: at("2026-08-13 18:00"),
        },
    );
    late().proposed("2026-08-13 18:01", &[], &[]);
    let dismissed = dismiss(it.key);
    late().order("lin-zhiyuan", "2026-07-20 09:00", dismissed);
    late().refused(
        "lin-zhiyuan",
        "2026-07-20 09:00",
        uphold(Hash::of(b"made up"), Some(50), true),
        &Refusal::NoProposal,
    );
}

#[test]
fn nobody_decides_whom_the_complaint_is_about() {
    let mut about = form("wang-jianguo", "2026-07-13 09:06");
    about.more.concerns = vec![person("lin-zhiyuan")];
    let story = Story::new(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:06",
            Command::Record(Box::new(about)),
        )
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
        .order("chen-gong", "2026-07-13 09:15", name_handler("liu-wei"))
        .order("liu-wei", "2026-07-15 10:00", reply());
    let key = story.only("2026-07-15 10:00", &[]).key;
    story.refused(
        "lin-zhiyuan",
        "2026-07-20 09:00",
        uphold(key, Some(50), true),
        &Refusal::Concerned {
            person: person("lin-zhiyuan"),
        },
    );
}

#[test]
fn a_supervisor_decides_on_their_people_the_deputy_too_and_the_director_on_the_head() {
    let by = |asked: &str| {
        let mut nameless = form(asked, "2026-07-13 09:00");
        nameless.customer = String::new();
        nameless.remark = "没有问".into();
        Story::new(1).order(
            asked,
            "2026-07-13 09:00",
            Command::Record(Box::new(nameless)),
        )
    };
    let counted = |key| uphold(key, None, false);
    let guards = by("wang-jianguo");
    let key = guards.only("2026-07-13 10:00", &[]).key;
    guards
        .refused(
            "chen-gong",
            "2026-07-20 09:00",
            counted(key),
            &Refusal::NotSupervisor {
                department: "security".parse().unwrap(),
            },
        )
        .refused(
            "gao-feng",
            "2026-07-20 09:00",
            uphold(key, Some(20), false),
            &Refusal::OutOfRange { least: 0, most: 0 },
        )
        .order("gao-feng", "2026-07-20 09:00", counted(key));
    let heads = by("zhao-qiang");
    let key = heads.only("2026-07-13 10:00", &[]).key;
    heads
        .refused(
            "gao-feng",
            "2026-07-20 09:00",
            counted(key),
            &Refusal::NotYours {
                may: vec![person("lin-zhiyuan")],
            },
        )
        .order("lin-zhiyuan", "2026-07-20 09:00", counted(key));
}

#[test]
fn both_sides_of_a_wrangle_are_decided_alike() {
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
    let [first, second] = [found[0].key, found[1].key];
    wrangle
        .order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(first, Some(50), true),
        )
        .refused(
            "lin-zhiyuan",
            "2026-07-20 09:01",
            dismiss(second),
            &Refusal::OutOfRange {
                least: 50,
                most: 50,
            },
        )
        .refused(
            "lin-zhiyuan",
            "2026-07-20 09:01",
            uphold(second, Some(50), false),
            &Refusal::OutOfRange {
                least: 50,
                most: 50,
            },
        )
        .order(
            "lin-zhiyuan",
            "2026-07-20 09:02",
            uphold(second, Some(50), true),
        );
}

#[test]
fn where_one_side_has_no_person_no_side_bears_an_amount() {
    let wrangle = Story::handed_over(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .order("li-na", "2026-07-13 09:40", shirking("cleaning", None));
    let found = wrangle.proposals("2026-07-13 10:00", &[]);
    assert!(found.iter().all(|it| it.amount.is_none() && it.bulletin));
    let wrangle = found.iter().fold(wrangle, |story, it| {
        story.order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(it.key, None, true),
        )
    });
    assert_eq!(wrangle.case().assessments.decisions.len(), 2);
}

#[test]
fn a_second_complaint_comes_with_the_order_to_decide() {
    let solved = Story::solved(1);
    let again = Story::again(2, &solved, "2026-07-16 09:00");
    let found = solved.proposals("2026-07-16 10:00", &[&again]);
    let off_post = |again: Vec<Case>| Command::Assess {
        proposal: found[2].key,
        again,
        judgement: Judgement::Upheld,
        amount: None,
        bulletin: false,
        off_post: true,
        text: "建议调离".into(),
    };
    solved
        .refused(
            "lin-zhiyuan",
            "2026-07-25 09:00",
            off_post(Vec::new()),
            &Refusal::NoProposal,
        )
        .order(
            "lin-zhiyuan",
            "2026-07-25 09:00",
            off_post(vec![again.case()]),
        );
}

#[test]
fn no_succession_while_a_proposal_is_undecided() {
    let succeed = || Command::Succeed {
        to: person("gao-feng"),
        reason: shouwen_domain::event::SuccessionReason::Leave,
        text: "休假".into(),
    };
    let reported = Story::handed_over(1).order(
        "li-na",
        "2026-07-13 09:30",
        Command::RecordCriticism {
            department: "security".parse().unwrap(),
            person: Some(person("wang-jianguo")),
            said_at: at("2026-07-13 09:20"),
            text: "街道办通报".into(),
        },
    );
    let key = reported.only("2026-07-13 09:31", &[]).key;
    reported
        .refused(
            "zhao-qiang",
            "2026-07-13 10:00",
            succeed(),
            &Refusal::BreachUndecided,
        )
        .order("wang-jianguo", "2026-07-13 10:01", say(key))
        .order("lin-zhiyuan", "2026-07-13 10:02", dismiss(key))
        .order("zhao-qiang", "2026-07-13 10:03", succeed());
}

#[test]
fn nobody_decides_for_or_against_their_own_department_as_its_head() {
    let late = Story::new(1)
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("office"))
        .order(
            "lin-zhiyuan",
            "2026-07-14 17:30",
            name_handler("lin-zhiyuan"),
        );
    let it = late.only("2026-07-15 10:00", &[]);
    assert_eq!((it.person, it.bulletin), (None, true));
    late.refused(
        "lin-zhiyuan",
        "2026-07-20 09:00",
        uphold(it.key, None, true),
        &Refusal::Concerned {
            person: person("lin-zhiyuan"),
        },
    );
}

#[test]
fn what_is_against_quality_control_is_for_the_director() {
    let mut conduct = form("xu-wenbo", "2026-07-13 09:00");
    conduct.category = "staff-conduct".parse().unwrap();
    let own_work = Story::new(1)
        .order(
            "xu-wenbo",
            "2026-07-13 09:00",
            Command::Record(Box::new(conduct)),
        )
        .order("xu-wenbo", "2026-07-13 09:30", hand_over("cleaning"))
        .order("sun-guilan", "2026-07-14 10:00", send_back())
        .order("xu-wenbo", "2026-07-16 09:00", reply())
        .order("xu-wenbo", "2026-07-16 09:00", tell());
    let found = own_work.proposals("2026-07-17 10:00", &[]);
    let it = found.iter().find(|it| it.rule == RuleId::A5).unwrap();
    own_work
        .refused(
            "xu-wenbo",
            "2026-07-23 09:00",
            uphold(it.key, Some(30), true),
            &Refusal::Concerned {
                person: person("xu-wenbo"),
            },
        )
        .order(
            "lin-zhiyuan",
            "2026-07-23 09:00",
            uphold(it.key, Some(30), true),
        );
}

#[test]
fn a_refusal_that_was_decided_is_not_decided_again_as_a_wrangle() {
    let refused = Story::handled(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .order("liu-wei", "2026-07-13 11:00", reply());
    let key = refused.only("2026-07-13 11:01", &[]).key;
    refused
        .order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(key, Some(50), true),
        )
        .order(
            "li-na",
            "2026-07-20 10:00",
            shirking("cleaning", Some("sun-guilan")),
        )
        .proposed(
            "2026-07-20 10:01",
            &[],
            &[(RuleId::A3, "cleaning", "sun-guilan")],
        );
}

#[test]
fn a_third_who_is_reported_changes_nothing_for_the_two_sides() {
    let wrangle = Story::handled(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .order(
            "li-na",
            "2026-07-13 09:40",
            shirking("cleaning", Some("sun-guilan")),
        )
        .order("liu-wei", "2026-07-13 11:00", reply());
    let sides = wrangle.proposals("2026-07-13 11:01", &[]);
    let wrangle = wrangle
        .order("lin-zhiyuan", "2026-07-20 09:00", dismiss(sides[0].key))
        .order("lin-zhiyuan", "2026-07-20 09:00", dismiss(sides[1].key))
        .order(
            "wang-jianguo",
            "2026-07-20 10:00",
            shirking("service", Some("zhang-min")),
        );
    wrangle.proposed(
        "2026-07-20 10:01",
        &[],
        &[(RuleId::A3, "service", "zhang-min")],
    );
}

#[test]
fn two_who_decide_at_the_same_time_give_both_sides_the_same() {
    let mut wrangle = Story::handed_over(1)
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
    let sides = wrangle.proposals("2026-07-13 10:00", &[]);
    let decided = |side: &Proposal, judgement, amount| {
        let fact = Fact::Assessed(shouwen_domain::event::Assessed {
            proposal: side.key,
            rule: side.rule,
            judgement,
            amount,
            bulletin: amount.is_some(),
            off_post: false,
            person: side.person.clone(),
            department: side.department.clone(),
        });
        [Event::new(
            fact,
            shouwen_domain::event::Content::text("经核实"),
        )]
    };
    let first = decided(&sides[0], Judgement::Upheld, Some(50));
    wrangle.write("lin-zhiyuan", "2026-07-20 09:00", &first);
    for (judgement, amount) in [
        (Judgement::Dismissed, None),
        (Judgement::Dismissed, Some(50)),
        (Judgement::Upheld, Some(40)),
    ] {
        let unlike = decided(&sides[1], judgement, amount);
        wrangle.write("lin-zhiyuan", "2026-07-20 09:00", &unlike);
        assert_eq!(wrangle.case().assessments.decisions.len(), 1);
    }
    let alike = decided(&sides[1], Judgement::Upheld, Some(50));
    wrangle.write("lin-zhiyuan", "2026-07-20 09:05", &alike);
    assert_eq!(wrangle.case().assessments.decisions.len(), 2);
}

#[test]
fn what_one_side_of_a_wrangle_got_binds_no_other_line_of_the_case() {
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
        )
        .order(
            "li-na",
            "2026-07-13 09:50",
            Command::RecordCriticism {
                department: "engineering".parse().unwrap(),
                person: Some(person("chen-gong")),
                said_at: at("2026-07-13 09:45"),
                text: "街道办批评".into(),
            },
        );
    let found = wrangle.proposals("2026-07-13 10:00", &[]);
    let of = |rule| found.iter().find(|it| it.rule == rule).unwrap().key;
    let decided = wrangle
        .order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(of(RuleId::A7), Some(50), true),
        )
        .order("lin-zhiyuan", "2026-07-20 09:01", dismiss(of(RuleId::A6)));
    let rules: Vec<RuleId> = decided
        .case()
        .assessments
        .decisions
        .iter()
        .map(|it| it.rule)
        .collect();
    assert_eq!(rules, [RuleId::A7, RuleId::A6]);
}

#[test]
fn a_decision_settles_its_own_line_and_no_other_of_the_same_person() {
    let late = Story::answered_late(1).order(
        "lin-zhiyuan",
        "2026-07-15 11:00",
        Command::RecordCriticism {
            department: "engineering".parse().unwrap(),
            person: Some(person("liu-wei")),
            said_at: at("2026-07-15 10:30"),
            text: "晚报曝光".into(),
        },
    );
    let key = late.proposals("2026-07-15 12:00", &[])[0].key;
    late.order(
        "lin-zhiyuan",
        "2026-07-20 09:00",
        uphold(key, Some(50), true),
    )
    .proposed(
        "2026-07-20 10:00",
        &[],
        &[(RuleId::A6, "engineering", "liu-wei")],
    );
}

#[test]
fn of_two_on_one_line_the_later_waits_until_the_first_is_dismissed_or_lapsed() {
    let reported = |second: &str| {
        Story::handled(1)
            .order(
                "wang-jianguo",
                "2026-07-13 09:30",
                shirking("engineering", Some("liu-wei")),
            )
            .order("liu-wei", "2026-07-13 11:00", reply())
            .order("li-na", second, shirking("engineering", Some("liu-wei")))
    };
    let line = [(RuleId::A3, "engineering", "liu-wei")];
    let both = reported("2026-07-13 12:00").proposed("2026-07-13 13:00", &[], &line);
    let first = both.only("2026-07-13 13:00", &[]);
    assert_eq!(first.proposed_at, at("2026-07-13 09:30"));
    let both = both.order("lin-zhiyuan", "2026-07-20 09:00", dismiss(first.key));
    let second = both.only("2026-07-20 09:01", &[]);
    assert_eq!(second.proposed_at, at("2026-07-13 12:00"));

    let later = reported("2026-08-01 09:00");
    let open_at = |now| later.only(now, &[]).proposed_at;
    assert_eq!(open_at("2026-08-12 09:30"), at("2026-07-13 09:30"));
    assert_eq!(open_at("2026-08-12 09:31"), at("2026-08-01 09:00"));
}

#[test]
fn a_wrangle_in_which_one_side_cannot_be_held_to_it_is_held_against_none() {
    let mut wrangle = Story::new(1);
    let both = "[assessments.A7]\nagainst = \"both\"\ndecided_by = \"director\"\namount = 50\nbulletin = true\n";
    let person_only =
        "[assessments.A7]\nagainst = \"person\"\ndecided_by = \"director\"\namount = 50\n";
    wrangle.rules = rules_with(|pack| {
        assert!(pack.contains(both));
        pack.replace(both, person_only)
    });
    wrangle
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
        .order(
            "wang-jianguo",
            "2026-07-13 09:30",
            shirking("engineering", Some("chen-gong")),
        )
        .order("li-na", "2026-07-13 09:40", shirking("cleaning", None))
        .order(
            "li-na",
            "2026-07-13 09:50",
            Command::RecordCriticism {
                department: "engineering".parse().unwrap(),
                person: Some(person("chen-gong")),
                said_at: at("2026-07-13 09:45"),
                text: "街道办批评".into(),
            },
        )
        .proposed(
            "2026-07-13 10:00",
            &[],
            &[(RuleId::A6, "engineering", "chen-gong")],
        );
}

#[test]
fn where_nobody_alone_had_it_and_the_pack_has_no_bulletin_nothing_is_proposed() {
    let line = "[assessments.A3]\nagainst = \"both\"\ndecided_by = \"director\"\namount = 50\n";
    let mut late = Story::new(1);
    late.rules = rules_with(|pack| {
        assert!(pack.contains(line));
        pack.replace(&format!("{line}bulletin = true\n"), line)
    });
    late.recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
        .order("chen-gong", "2026-07-14 17:30", name_handler("liu-wei"))
        .order("liu-wei", "2026-07-15 10:00", reply())
        .proposed("2026-07-15 11:00", &[], &[]);
}
