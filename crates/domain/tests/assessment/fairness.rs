//! What is not held against people.

use shouwen_domain::assessment::{Member, depth, praise};
use shouwen_domain::event::{PauseReason, Request};

use crate::story::*;

#[test]
fn a_guard_who_only_recorded_is_charged_with_nothing() {
    let late = Story::answered_late(1).order("wang-jianguo", "2026-07-15 10:30", tell());
    let found = late.look("2026-07-15 11:00", exact, &[], breaches);
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|it| it.account.person() != Some(&person("wang-jianguo"))),
        "{found:?}"
    );
}

#[test]
fn somebody_named_as_asked_is_charged_only_once_it_stands() {
    let named = || Story::new(1).recorded("wang-jianguo", "zhang-min", "2026-07-13 09:00");
    let confirm = |agrees| Command::ConfirmAsked {
        agrees,
        text: "当时不在岗".into(),
    };
    let again = Story::again(2, &named(), "2026-07-14 11:00");
    let charged = [(RuleId::A1, "service", "zhang-min")];
    named().proposed("2026-07-14 12:00", &[&again], &[]);
    named().proposed("2026-07-14 18:30", &[&again], &charged);
    named()
        .order("zhang-min", "2026-07-14 10:00", confirm(true))
        .proposed("2026-07-14 12:00", &[&again], &charged);
    named()
        .order("zhang-min", "2026-07-14 10:00", confirm(false))
        .proposed("2026-07-16 12:00", &[&again], &[]);
}

#[test]
fn somebody_in_whose_name_it_was_recorded_unsigned_is_charged_and_praised_once_they_confirm() {
    let claimed = || Story::new(1).claimed("zhang-min", "zhang-min", "2026-07-13 09:00");
    let confirm = |agrees| Command::ConfirmAsked {
        agrees,
        text: "当时不在岗".into(),
    };
    let again = Story::again(2, &claimed(), "2026-07-14 11:00");
    let praised = |story: &Story| {
        story
            .look("2026-07-17 09:00", exact, &[], praise)
            .iter()
            .any(|it| it.person == Some(person("zhang-min")))
    };
    let counted = |story: &Story| {
        let member = Member::Person(person("zhang-min"));
        let case = story.case();
        story.look("2026-07-17 09:00", exact, &[], |_, context| {
            depth(&member, std::slice::from_ref(&case), context)
                .recorded
                .of
        })
    };
    // Silence says nothing: anybody could have written the name.
    claimed().proposed("2026-07-17 09:00", &[&again], &[]);
    let by_nobody = Story::new(1).claimed("wang-jianguo", "zhang-min", "2026-07-13 09:00");
    by_nobody.proposed("2026-07-17 09:00", &[&again], &[]);
    assert!(!praised(&claimed()));
    assert_eq!(counted(&claimed()), 0);
    let mine = claimed().order("zhang-min", "2026-07-14 10:00", confirm(true));
    assert!(praised(&mine));
    assert_eq!(counted(&mine), 1);
    mine.proposed(
        "2026-07-14 12:00",
        &[&again],
        &[(RuleId::A1, "service", "zhang-min")],
    );
    let not_mine = claimed().order("zhang-min", "2026-07-14 10:00", confirm(false));
    assert!(!praised(&not_mine));
    not_mine.proposed("2026-07-17 09:00", &[&again], &[]);
}

#[test]
fn a_question_to_somebody_else_holds_nothing_up() {
    let mut own = form("zhang-min", "2026-07-13 09:00");
    own.more.asked_before = Some((person("liu-wei"), None));
    let story = Story::new(1).order(
        "zhang-min",
        "2026-07-13 09:00",
        Command::Record(Box::new(own)),
    );
    let again = Story::again(2, &story, "2026-07-13 11:00");
    let charged = [(RuleId::A1, "service", "zhang-min")];
    story.proposed("2026-07-13 12:00", &[&again], &charged);
}

#[test]
fn nothing_follows_from_what_cannot_be_told() {
    let hour_late = Story::handled(1).order("liu-wei", "2026-07-14 19:00", reply());
    assert_eq!(hour_late.proposals("2026-07-15 09:00", &[]).len(), 1);
    let unsure = hour_late.look("2026-07-15 09:00", two_hours_unsure, &[], proposals);
    assert_eq!(unsure, []);
    let unknown = |_: &Case, _: &Rules, _: Moment, _: &Obligation| Judged::CannotBeTold;
    let nothing = Story::answered_late(1).look("2026-07-20 09:00", unknown, &[], breaches);
    assert_eq!(nothing, []);
}

#[test]
fn what_is_not_proved_here_is_not_decided_here() {
    let mut late = Story::answered_late(1);
    let proposal = late.only("2026-07-15 11:00", &[]);
    late.all_known = false;
    late.refused(
        "liu-wei",
        "2026-07-15 11:00",
        say(proposal.key),
        &Refusal::NoProposal,
    );
}

#[test]
fn a_due_moment_in_an_unpublished_year_proves_nothing() {
    let story = Story::new(1)
        .recorded("wang-jianguo", "wang-jianguo", "2026-12-31 16:00")
        .order("wang-jianguo", "2026-12-31 16:05", hand_over("engineering"))
        .order("chen-gong", "2026-12-31 16:10", name_handler("liu-wei"));
    let found = story.look(
        "2027-01-20 09:00",
        |case, rules, now, it| {
            let acts: Vec<Witness<'_>> = story
                .envelopes
                .iter()
                .map(|it| Witness::of(it, None, Some(it.header().at)))
                .collect();
            let evidence = Evidence {
                acts: &acts,
                heard_until: Some(now),
            };
            judge(case, it, rules, now, &evidence)
        },
        &[],
        proposals,
    );
    assert_eq!(found, []);
}

#[test]
fn a_handler_named_too_late_does_not_answer_for_the_time_before() {
    Story::handed_over(1)
        .order("chen-gong", "2026-07-14 17:30", name_handler("liu-wei"))
        .order("liu-wei", "2026-07-15 10:00", reply())
        .proposed("2026-07-15 11:00", &[], &[(RuleId::A3, "engineering", "")]);
}

#[test]
fn a_head_with_a_deputy_is_not_the_one_who_had_to_sign() {
    let to = |department| {
        Story::new(1)
            .recorded("liu-wei", "liu-wei", "2026-07-13 09:06")
            .order("liu-wei", "2026-07-13 09:08", hand_over(department))
    };
    let signing = |story: Story| -> Vec<_> {
        let found = story.look("2026-07-14 18:30", exact, &[], breaches);
        found
            .into_iter()
            .filter(|it| it.ground == Ground::Missed(DeadlineId::Sign) && it.rule == RuleId::A3)
            .map(|it| it.account)
            .collect()
    };
    let account = |department: &str, head: Option<&str>| Account::Staff {
        department: department.parse().unwrap(),
        person: head.map(person),
    };
    assert_eq!(signing(to("security")), [account("security", None)]);
    assert_eq!(
        signing(to("cleaning")),
        [account("cleaning", Some("sun-guilan"))]
    );
}

#[test]
fn a_return_that_the_coordinator_upheld_is_no_refusal() {
    let returned = || {
        Story::handed_over(1)
            .order("chen-gong", "2026-07-13 09:20", send_back())
            .order(
                "wang-jianguo",
                "2026-07-13 09:25",
                shirking("engineering", Some("chen-gong")),
            )
            .order(
                "wang-jianguo",
                "2026-07-13 09:30",
                Command::ReportToCoordination {
                    text: "退回".into(),
                },
            )
    };
    returned()
        .order(
            "lin-zhiyuan",
            "2026-07-13 10:00",
            name_lead("cleaning", &["engineering"]),
        )
        .proposed("2026-07-13 10:01", &[], &[]);
    returned()
        .order(
            "lin-zhiyuan",
            "2026-07-13 10:00",
            name_lead("cleaning", &[]),
        )
        .proposed(
            "2026-07-13 10:01",
            &[],
            &[(RuleId::A3, "engineering", "chen-gong")],
        );
}

#[test]
fn an_honest_not_satisfied_costs_nothing() {
    let honest = Story::handled(1)
        .order("liu-wei", "2026-07-13 11:00", reply())
        .order("wang-jianguo", "2026-07-13 11:10", tell())
        .order(
            "wang-jianguo",
            "2026-07-14 09:00",
            visit(Finding::NotSatisfied),
        )
        .order("liu-wei", "2026-07-14 11:00", reply());
    assert_eq!(honest.grounds("2026-07-14 11:30"), []);
    let again = Story::again(2, &honest, "2026-07-14 10:00");
    assert_eq!(
        honest.proposals("2026-07-14 11:30", &[&again]).len(),
        3,
        "only the customer's own second complaint makes it A4"
    );
}

#[test]
fn a_plain_answer_or_a_case_ended_for_good_is_no_poor_handling() {
    let plain = Story::handled(1).order(
        "liu-wei",
        "2026-07-13 11:00",
        Command::Reply {
            outcome: Outcome::PlainAnswer,
            text: "不属物业范围，可向开发商提出".into(),
            told: None,
            suggestion: None,
        },
    );
    let plain = plain.order("wang-jianguo", "2026-07-13 11:10", tell());
    let again = Story::again(2, &plain, "2026-07-14 10:00");
    plain.proposed("2026-07-14 11:00", &[&again], &[]);
}

#[test]
fn what_a_contractor_mended_and_comes_again_is_no_poor_handling() {
    let mended = Story::new(1)
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order(
            "wang-jianguo",
            "2026-07-13 09:08",
            hand_over("lift-company"),
        )
        .order("tang-wei", "2026-07-13 09:15", name_handler("tang-wei"))
        .order("tang-wei", "2026-07-13 11:00", reply())
        .order("wang-jianguo", "2026-07-13 11:10", tell());
    let again = Story::again(2, &mended, "2026-07-20 10:00");
    mended.proposed("2026-07-20 11:00", &[&again], &[]);
}

#[test]
fn a_contractors_lateness_is_its_contracts_where_the_counterpart_rang() {
    let lift = |rang: Option<&str>, signed: &str| {
        let mut story = Story::handed_over(1);
        story = Story {
            envelopes: Vec::new(),
            ..story
        }
        .recorded("liu-wei", "liu-wei", "2026-07-13 09:06")
        .order("liu-wei", "2026-07-13 09:08", hand_over("lift-company"));
        if let Some(rang) = rang {
            story = story.order(
                "tang-wei",
                "2026-07-13 09:10",
                Command::ContactOutside {
                    contractor: Some(rang.parse().unwrap()),
                    reached: true,
                    text: "已通知维保".into(),
                },
            );
        }
        story
            .order("tang-wei", signed, name_handler("tang-wei"))
            .order("tang-wei", "2026-07-16 10:00", reply())
    };
    let contract = Account::Contract("lift-company".parse().unwrap());
    let accounts = |story: &Story| -> Vec<_> {
        story
            .look("2026-07-16 11:00", exact, &[], breaches)
            .into_iter()
            .map(|it| it.account)
            .collect()
    };
    let rang = lift(Some("lift-company"), "2026-07-13 09:15");
    assert_eq!(accounts(&rang), std::slice::from_ref(&contract));
    rang.proposed("2026-07-16 11:00", &[], &[]);
    for rang in [None, Some("cleaning")] {
        lift(rang, "2026-07-13 09:15").proposed(
            "2026-07-16 11:00",
            &[],
            &[(RuleId::A3, "lift-company", "tang-wei")],
        );
    }
    let signed_late = lift(Some("lift-company"), "2026-07-13 09:40");
    let of_counterpart = accounts(&signed_late)
        .into_iter()
        .filter(|it| *it != contract)
        .count();
    assert_eq!(
        of_counterpart, 1,
        "naming the handler was the counterpart's"
    );
}

#[test]
fn a_contact_without_a_record_is_a_question() {
    let mut named = form("zhang-min", "2026-07-13 09:00");
    named.more.asked_before = Some((person("liu-wei"), None));
    let story = Story::new(1).order(
        "zhang-min",
        "2026-07-13 09:00",
        Command::Record(Box::new(named)),
    );
    assert_eq!(questions(&story.case())[0].to, person("liu-wei"));
    assert_eq!(story.grounds("2026-07-13 09:01"), []);
    let answered = |agrees| {
        let story = Story {
            id: story.id,
            envelopes: story.envelopes.clone(),
            ..Story::new(0)
        };
        story.order(
            "liu-wei",
            "2026-07-13 09:30",
            Command::ConfirmAsked {
                agrees,
                text: "当时在楼上抢修".into(),
            },
        )
    };
    assert_eq!(questions(&answered(false).case()), [], "it is answered");
    assert_eq!(answered(false).grounds("2026-07-13 09:31"), []);
    let admitted = answered(true);
    assert_eq!(questions(&admitted.case()), []);
    assert_eq!(
        admitted.grounds("2026-07-13 09:31"),
        [(RuleId::F5, Ground::Unrecorded)]
    );
    let found = admitted.look("2026-07-13 09:31", exact, &[], breaches);
    let ids: Vec<_> = admitted.envelopes.iter().map(|it| it.header().id).collect();
    assert_eq!(found[0].evidence, ids, "who said so, and who agreed");
    admitted.proposed("2026-07-13 09:31", &[], &[]);
}

#[test]
fn nothing_is_proposed_before_the_stage_assess_and_nothing_is_decided() {
    let key = Story::answered_late(1).only("2026-07-15 10:00", &[]).key;
    for stage in ["observe", "remind"] {
        let late = Story::answered_late_under(1, rules_at(stage, str::to_owned));
        let late = late.proposed("2026-07-15 10:00", &[], &[]).refused(
            "lin-zhiyuan",
            "2026-07-18 09:00",
            uphold(key, Some(50), true),
            &Refusal::NotAssessed,
        );
        assert!(!late.grounds("2026-07-15 10:00").is_empty(), "counted");
    }
}

#[test]
fn a_change_of_the_stage_does_not_act_backwards() {
    let observed = rules_at("observe", str::to_owned);
    let mut opened_before = Story::answered_late_under(1, observed.clone());
    opened_before.rules = rules().with_earlier([observed.pack]);
    let mut other_pack_lost = opened_before.proposed("2026-07-15 10:00", &[], &[]);
    other_pack_lost.rules = rules();
    other_pack_lost.proposed("2026-07-15 10:00", &[], &[]);
    let mut opened_after = Story::answered_late(1);
    opened_after.rules = rules_at("observe", str::to_owned).with_earlier([rules().pack]);
    let kept = [(RuleId::A3, "engineering", "liu-wei")];
    opened_after.proposed("2026-07-15 10:00", &[], &kept);
}

fn with_stage(line: &str) -> Rules {
    let stages = format!("default = \"observe\"\n{line}");
    rules_with(|pack| pack.replace("default = \"observe\"", &stages))
}

#[test]
fn a_line_reaches_no_further_than_the_rule_that_was_broken() {
    for (line, n_proposed) in [
        ("rules.T3 = \"observe\"", 0),
        ("rules.T3 = \"remind\"", 0),
        ("rules.T1 = \"observe\"", 1),
        ("departments.engineering = \"remind\"", 0),
    ] {
        let late = Story::answered_late_under(1, with_stage(line));
        assert_eq!(
            late.proposals("2026-07-15 10:00", &[]).len(),
            n_proposed,
            "{line}"
        );
        assert!(!late.grounds("2026-07-15 10:00").is_empty(), "counted");
    }
}

#[test]
fn where_one_side_of_a_wrangle_is_spared_the_other_is_too() {
    let wrangle = |rules| {
        let story = Story {
            rules,
            ..Story::new(1)
        };
        story
            .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
            .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
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
    };
    assert_eq!(wrangle(rules()).proposals("2026-07-13 10:00", &[]).len(), 2);
    wrangle(with_stage("departments.cleaning = \"observe\"")).proposed(
        "2026-07-13 10:00",
        &[],
        &[],
    );
}

#[test]
fn what_is_asked_of_somebody_else_spares_nobody() {
    let mut named = form("zhang-min", "2026-07-13 09:00");
    named.more.asked_before = Some((person("liu-wei"), None));
    let late = Story::new(1)
        .order(
            "zhang-min",
            "2026-07-13 09:00",
            Command::Record(Box::new(named)),
        )
        .order("zhang-min", "2026-07-13 14:00", hand_over("engineering"));
    let again = Story::again(2, &late, "2026-07-14 09:00");
    late.proposed(
        "2026-07-14 10:00",
        &[&again],
        &[(RuleId::A1, "service", "zhang-min")],
    );
}

#[test]
fn a_joined_case_is_not_assessed_a_second_time() {
    let mut joined = Story::answered_late(1);
    joined = Story {
        envelopes: Vec::new(),
        ..joined
    }
    .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
    .order("wang-jianguo", "2026-07-13 14:00", hand_over("engineering"))
    .order(
        "wang-jianguo",
        "2026-07-13 14:10",
        shirking("engineering", None),
    );
    assert_eq!(joined.proposals("2026-07-13 14:21", &[]).len(), 1);
    let main = CaseId::from_random([9; 16]);
    joined.write(
        "wang-jianguo",
        "2026-07-13 14:20",
        &[Event::new(
            Fact::Joined(Joined { main }),
            shouwen_domain::event::Content::default(),
        )],
    );
    joined.proposed("2026-07-13 14:21", &[], &[]);
}

#[test]
fn by_a_calendar_that_is_not_at_hand_nothing_is_judged_and_what_stands_still_is_open() {
    let judged = |story: &Story, calendar: Option<Hash>| {
        let acts: Vec<Witness<'_>> = story
            .envelopes
            .iter()
            .map(|it| Witness::of(it, None, Some(it.header().at)))
            .collect();
        let now = at("2026-07-20 09:00");
        let evidence = Evidence {
            acts: &acts,
            heard_until: Some(now),
        };
        let case = story.case();
        let mut reply = case
            .obligations
            .iter()
            .find(|it| it.deadline == DeadlineId::Reply)
            .unwrap()
            .clone();
        reply.judged_by = calendar;
        judge(&case, &reply, &story.rules, now, &evidence)
    };
    let late = Story::answered_late(1);
    assert_eq!(judged(&late, None), Judged::Missed);
    let lost = Some(Hash::of(b"another calendar"));
    assert_eq!(judged(&late, lost), Judged::CannotBeTold);
    let asked = Story::handled(2).order(
        "liu-wei",
        "2026-07-13 09:30",
        Command::Ask {
            request: Request::Pause(PauseReason::CustomersAppointment, None),
            text: "客户出差".into(),
        },
    );
    let request = asked.envelopes[3].header().id;
    let paused = asked.order(
        "chen-gong",
        "2026-07-13 09:40",
        Command::Consent {
            request,
            granted: true,
            text: String::new(),
        },
    );
    assert_eq!(judged(&paused, None), Judged::Open);
}
