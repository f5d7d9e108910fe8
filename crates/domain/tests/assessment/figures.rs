//! Sums, praise, how deep it goes, and what is published.

use std::collections::BTreeSet;

use shouwen_domain::assessment::{
    Bulletin, Correction, Depth, Figure, Figures, Line, Member, NextStep, Period, PraiseGround,
    Ratio, Row, Sums, bulletin, corrections, depth, praise, sums,
};
use shouwen_domain::event::Ending;

use crate::story::*;

const JULY: Period = Period {
    year: 2026,
    month: 7,
};

/// Looks at several cases, under the verdict where all clocks are right.
fn over<T>(stories: &[Story], now: &str, of: impl Fn(&[Case], Context<'_>) -> T) -> T {
    let rules = rules();
    let cases: Vec<Case> = stories.iter().map(Story::case).collect();
    let now = at(now);
    let context = Context {
        rules: &rules,
        now,
        verdict: &|case, it| exact(case, &rules, now, it),
        again: &[],
    };
    of(&cases, context)
}

fn department(id: &str) -> Member {
    Member::Department(id.parse().unwrap())
}

fn summed(stories: &[Story], period: Period) -> Sums {
    over(stories, "2026-08-01 09:00", |cases, context| {
        sums(cases, period, context)
    })
}

fn decided(n: u8, amount: Option<u32>, when: &str) -> Story {
    let late = Story::answered_late(n);
    let key = late.only("2026-07-15 10:00", &[]).key;
    let command = match amount {
        Some(_) => uphold(key, amount, true),
        None => dismiss(key),
    };
    late.order("lin-zhiyuan", when, command)
}

#[test]
fn what_was_decided_is_summed_by_person_department_and_month_of_the_decision() {
    let stories = [
        decided(1, Some(50), "2026-07-20 09:00"),
        decided(2, Some(50), "2026-07-21 09:00"),
        decided(3, None, "2026-07-22 09:00"),
        decided(4, Some(50), "2026-08-03 09:00"),
    ];
    let ids: Vec<CaseId> = stories.iter().map(|it| it.id).collect();
    let found = summed(&stories, JULY);
    let expected = Line {
        upheld: [ids[0], ids[1]].into(),
        dismissed: [ids[2]].into(),
        amounts: [(Unit::Points, 100)].into(),
        bulletins: [ids[0], ids[1]].into(),
        off_post: [].into(),
    };
    let liu_wei = Member::Person(person("liu-wei"));
    assert_eq!(found.lines[&(liu_wei, RuleId::A3)], expected);
    assert_eq!(
        found.lines[&(department("engineering"), RuleId::A3)],
        expected
    );
    assert_eq!(found.lines.len(), 2);
    let august = Period { month: 8, ..JULY };
    assert_eq!(summed(&stories, august).lines.len(), 2);
}

#[test]
fn the_departments_sums_are_the_sum_of_all_decisions_whatever_their_order() {
    let wrangle = Story::handed_over(5)
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
    let wrangle = found.iter().fold(wrangle, |story, it| {
        story.order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(it.key, Some(50), true),
        )
    });
    let mut stories = vec![
        decided(1, Some(50), "2026-07-20 09:00"),
        decided(2, None, "2026-07-20 09:00"),
        wrangle,
        decided(3, Some(50), "2026-07-20 09:00"),
    ];
    let decisions: u64 = stories
        .iter()
        .flat_map(|it| it.case().assessments.decisions)
        .filter_map(|it| it.amount.map(u64::from))
        .sum();
    assert_eq!(decisions, 200);
    for _ in 0..stories.len() {
        stories.rotate_left(1);
        let total = |of_people: bool| -> u64 {
            summed(&stories, JULY)
                .lines
                .iter()
                .filter(|((member, _), _)| matches!(member, Member::Person(_)) == of_people)
                .flat_map(|(_, line)| line.amounts.values())
                .sum()
        };
        assert_eq!((total(false), total(true)), (decisions, decisions));
    }
}

#[test]
fn of_joined_cases_one_is_assessed_and_all_are_counted() {
    let main = decided(1, Some(50), "2026-07-20 09:00");
    let mut joined = Story::new(2).recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06");
    let assessed = main.case().assessments.decisions[0].clone();
    let facts = [
        Fact::Joined(Joined { main: main.id }),
        Fact::Assessed(shouwen_domain::event::Assessed {
            proposal: Hash::of(b"the same matter"),
            rule: assessed.rule,
            judgement: assessed.judgement,
            amount: assessed.amount,
            bulletin: assessed.bulletin,
            off_post: assessed.off_post,
            person: assessed.person,
            department: assessed.department,
        }),
    ];
    let events = facts.map(|it| Event::new(it, shouwen_domain::event::Content::default()));
    joined.write("lin-zhiyuan", "2026-07-20 09:30", &events);
    let stories = [main, joined];
    let found = summed(&stories, JULY);
    let line = &found.lines[&(department("engineering"), RuleId::A3)];
    assert_eq!(line.amounts[&Unit::Points], 50);
    let published = published(&stories);
    assert_eq!(published.criticism[0].n, 1);
}

#[test]
fn praise_follows_from_what_went_well_and_never_from_a_customer_not_reached() {
    let praised = |story: &Story| -> Vec<(String, PraiseGround)> {
        story
            .look("2026-07-20 09:00", exact, &[], praise)
            .into_iter()
            .map(|it| (it.person.unwrap().to_string(), it.ground))
            .collect()
    };
    let by = |person: &str, ground| (person.to_owned(), ground);
    let solved = Story::solved(1).order(
        "li-na",
        "2026-07-14 10:00",
        Command::Praise {
            person: person("liu-wei"),
            by_customer: true,
            text: "锦旗".into(),
        },
    );
    assert_eq!(
        praised(&solved),
        [
            by("liu-wei", PraiseGround::OnTime),
            by("wang-jianguo", PraiseGround::Satisfied),
            by("liu-wei", PraiseGround::Satisfied),
            by("wang-jianguo", PraiseGround::CompleteRecord),
            by("liu-wei", PraiseGround::ByCustomer),
        ]
    );
    let unreached = unreached(2);
    assert_eq!(unreached.case().ending, Some(Ending::NotReached));
    assert_eq!(
        praised(&unreached),
        [
            by("liu-wei", PraiseGround::OnTime),
            by("wang-jianguo", PraiseGround::CompleteRecord),
        ]
    );
    let late = praised(&Story::answered_late(3));
    assert_eq!(late, [by("wang-jianguo", PraiseGround::CompleteRecord)]);
}

fn unreached(n: u8) -> Story {
    let told = Story::handled(n)
        .order("liu-wei", "2026-07-13 11:00", reply())
        .order("wang-jianguo", "2026-07-13 11:10", tell());
    ["2026-07-13 14:00", "2026-07-14 09:00", "2026-07-14 14:00"]
        .into_iter()
        .fold(told, |story, now| {
            story.order("wang-jianguo", now, visit(Finding::NotReached))
        })
        .order("wang-jianguo", "2026-07-14 14:01", Command::Close)
}

#[test]
fn depth_counts_what_was_done_and_names_what_lags_furthest_behind() {
    let mut nameless = form("wang-jianguo", "2026-07-13 09:00");
    nameless.customer = String::new();
    nameless.remark = "没有问".into();
    let incomplete = Story::new(1)
        .order(
            "wang-jianguo",
            "2026-07-13 09:00",
            Command::Record(Box::new(nameless)),
        )
        .order("wang-jianguo", "2026-07-13 11:00", hand_over("engineering"));
    let mut named = form("zhang-min", "2026-07-14 09:00");
    named.more.asked_before = Some((person("wang-jianguo"), None));
    let unrecorded = Story::new(2).order(
        "zhang-min",
        "2026-07-14 09:00",
        Command::Record(Box::new(named)),
    );
    let stories = [incomplete, unrecorded, Story::solved(3), Story::solved(4)];
    let of = |member: &Member| {
        over(&stories, "2026-07-15 09:00", |cases, context| {
            depth(member, cases, context)
        })
    };
    let guard = of(&Member::Person(person("wang-jianguo")));
    let ratio = |n, of| Ratio { n, of };
    let expected = Depth {
        recorded: ratio(3, 4),
        complete: ratio(2, 3),
        transferred: ratio(2, 3),
        replied: ratio(0, 0),
        visited: ratio(2, 2),
    };
    assert_eq!(guard, expected);
    assert_eq!(guard.next_step(), NextStep::CompleteForms);
    assert_eq!(of(&department("security")), expected);
    assert_eq!(of(&department("engineering")).replied, ratio(2, 3));
    let nobody = of(&department("quality"));
    assert_eq!(
        (nobody, nobody.next_step()),
        (Depth::default(), NextStep::Begin)
    );
    let spotless = Depth {
        replied: ratio(2, 2),
        ..Depth::default()
    };
    assert_eq!(spotless.next_step(), NextStep::KeepOn);
    let of_many = Depth {
        complete: ratio(1, 2),
        replied: ratio(5, 20),
        ..Depth::default()
    };
    assert_eq!(of_many.next_step(), NextStep::AnswerInTime);
}

#[test]
fn what_cannot_be_told_counts_for_nothing_either_way() {
    let late = [Story::answered_late(1)];
    let case = late[0].case();
    let rules = rules();
    let context = Context {
        rules: &rules,
        now: at("2026-07-20 09:00"),
        verdict: &|_, _| Judged::CannotBeTold,
        again: &[],
    };
    let cases = [case];
    let found = depth(&department("engineering"), &cases, context);
    assert_eq!(found.replied, Ratio::default());
    assert_eq!(bulletin(&cases, JULY, context).total, None);
}

fn published(stories: &[Story]) -> Bulletin {
    over(stories, "2026-08-01 09:00", |cases, context| {
        bulletin(cases, JULY, context)
    })
}

fn asked_of(n: u8, who: &str) -> Story {
    Story::new(n).recorded(who, who, "2026-07-13 09:00")
}

#[test]
fn a_bulletin_counts_no_customer_as_satisfied_who_was_not_reached() {
    let stories = [
        Story::solved(1),
        unreached(2),
        Story::answered_late(3),
        asked_of(4, "wang-jianguo"),
        asked_of(5, "wang-jianguo"),
    ];
    let expected = Figures {
        n_in: 5,
        n_answered: 2,
        n_on_time: 2,
        n_satisfied: 1,
        n_overdue: 3,
    };
    let found = published(&stories);
    assert_eq!(found.total, Some(expected));
    assert_eq!(
        found.rows,
        [(Row::Department("security".parse().unwrap()), expected)]
    );
}

#[test]
fn small_departments_are_merged_until_nobody_can_be_recognised() {
    let of = |sizes: &[(&str, u8)]| -> Vec<(Row, u32)> {
        let mut stories = Vec::new();
        for (who, n_cases) in sizes {
            for _ in 0..*n_cases {
                let n = u8::try_from(stories.len() + 1).unwrap();
                stories.push(asked_of(n, who));
            }
        }
        let found = published(&stories);
        found
            .rows
            .into_iter()
            .map(|(row, it)| (row, it.n_in))
            .collect()
    };
    let row = |it: &str| Row::Department(it.parse().unwrap());
    assert_eq!(
        of(&[("wang-jianguo", 7), ("zhang-min", 6), ("liu-wei", 5)]),
        [
            (row("security"), 7),
            (row("service"), 6),
            (row("engineering"), 5)
        ]
    );
    assert_eq!(
        of(&[("wang-jianguo", 7), ("zhang-min", 4), ("liu-wei", 3)]),
        [(row("security"), 7), (Row::Others, 7)]
    );
    assert_eq!(
        of(&[("wang-jianguo", 7), ("zhang-min", 6), ("liu-wei", 1)]),
        [(row("security"), 7), (Row::Others, 7)],
        "the one is not to be had by taking the rest from the total"
    );
    assert_eq!(
        of(&[("wang-jianguo", 7), ("zhang-min", 3), ("liu-wei", 2)]),
        [(row("security"), 7), (Row::Others, 5)],
        "as many as may be shown"
    );
    assert_eq!(of(&[("wang-jianguo", 2), ("zhang-min", 2)]), []);
}

#[test]
fn what_was_published_otherwise_is_published_as_a_correction() {
    let mut stories: Vec<Story> = (1..=5).map(|n| asked_of(n, "wang-jianguo")).collect();
    let before = published(&stories);
    stories[4] = Story::solved(5);
    let found = corrected(&before, &stories);
    let changed: Vec<_> = found
        .into_iter()
        .filter(|it| it.row == Row::Total)
        .map(|it| (it.figure, it.was, it.is))
        .collect();
    assert_eq!(
        changed,
        [
            (Figure::Answered, Some(0), Some(1)),
            (Figure::OnTime, Some(0), Some(1)),
            (Figure::Satisfied, Some(0), Some(1)),
            (Figure::Overdue, Some(5), Some(4)),
        ]
    );
    let unchanged = published(&stories);
    assert_eq!(corrected(&unchanged, &stories), []);
}

fn corrected(before: &Bulletin, stories: &[Story]) -> Vec<Correction> {
    over(stories, "2026-09-01 09:00", |cases, context| {
        corrections(before, cases, context)
    })
}

fn asked(sizes: &[(&str, u8)]) -> Vec<Story> {
    let who = sizes
        .iter()
        .flat_map(|(who, n)| std::iter::repeat_n(*who, (*n).into()));
    (1..).zip(who).map(|(n, who)| asked_of(n, who)).collect()
}

#[test]
fn a_correction_keeps_the_rows_so_that_none_is_had_from_the_old_and_the_new() {
    let before = published(&asked(&[
        ("wang-jianguo", 7),
        ("zhang-min", 4),
        ("liu-wei", 3),
    ]));
    let later = asked(&[("wang-jianguo", 7), ("zhang-min", 9), ("liu-wei", 3)]);
    let found = corrected(&before, &later);
    let n_in: Vec<_> = found
        .iter()
        .filter(|it| it.figure == Figure::In)
        .map(|it| (it.row.clone(), it.was, it.is))
        .collect();
    assert_eq!(
        n_in,
        [
            (Row::Total, Some(14), Some(19)),
            (Row::Others, Some(7), Some(12)),
        ],
        "with a row of the 9, the 3 would be the rest of what was published"
    );
}

#[test]
fn a_correction_shows_no_single_customer_who_came_later() {
    let before = published(&asked(&[("wang-jianguo", 7), ("zhang-min", 6)]));
    let one_more = asked(&[("wang-jianguo", 8), ("zhang-min", 6)]);
    assert_eq!(corrected(&before, &one_more), []);
    let elsewhere = asked(&[("wang-jianguo", 7), ("zhang-min", 6), ("liu-wei", 2)]);
    assert_eq!(corrected(&before, &elsewhere), []);
    let five_more = asked(&[("wang-jianguo", 12), ("zhang-min", 7)]);
    let rows: BTreeSet<Row> = corrected(&before, &five_more)
        .into_iter()
        .map(|it| it.row)
        .collect();
    let security = Row::Department("security".parse().unwrap());
    assert_eq!(rows, [Row::Total, security].into());
    let n_in = |stories: &[Story]| -> Vec<_> {
        corrected(&before, stories)
            .into_iter()
            .filter(|it| it.figure == Figure::In)
            .map(|it| (it.row, it.was, it.is))
            .collect()
    };
    let five_elsewhere = asked(&[("wang-jianguo", 7), ("zhang-min", 6), ("liu-wei", 5)]);
    assert_eq!(
        n_in(&five_elsewhere),
        [
            (Row::Total, Some(13), Some(18)),
            (Row::Others, None, Some(5)),
        ]
    );
    let none_left = asked(&[("wang-jianguo", 7)]);
    assert_eq!(
        n_in(&none_left),
        [
            (Row::Total, Some(13), Some(7)),
            (
                Row::Department("service".parse().unwrap()),
                Some(6),
                Some(0)
            ),
        ],
        "a row that was published says that it has none"
    );
}

#[test]
fn criticism_is_what_was_upheld_for_the_bulletin_in_the_month() {
    let without = |n: u8| {
        let late = Story::answered_late(n);
        let key = late.only("2026-07-15 10:00", &[]).key;
        late.order(
            "lin-zhiyuan",
            "2026-07-20 09:00",
            uphold(key, Some(50), false),
        )
    };
    let stories = [
        decided(1, Some(50), "2026-07-20 09:00"),
        decided(2, None, "2026-07-20 09:00"),
        decided(3, Some(50), "2026-08-03 09:00"),
        without(4),
    ];
    let found: Vec<_> = published(&stories)
        .criticism
        .into_iter()
        .map(|it| (it.department.to_string(), it.rule, it.n))
        .collect();
    assert_eq!(found, [("engineering".to_owned(), RuleId::A3, 1)]);
}

#[test]
fn a_month_that_is_not_over_has_no_figures() {
    let stories = asked(&[("wang-jianguo", 9)]);
    let on = |now| {
        over(&stories, now, |cases, context| {
            bulletin(cases, JULY, context)
        })
    };
    assert_eq!(on("2026-07-31 23:59").total, None);
    assert_eq!(on("2026-07-31 23:59").rows, []);
    assert_eq!(on("2026-08-01 00:00").total.unwrap().n_in, 9);
}

#[test]
fn whoever_was_not_asked_left_nothing_unrecorded() {
    let mut named = form("zhang-min", "2026-07-14 09:00");
    named.more.asked_before = Some((person("wang-jianguo"), None));
    let question = Story::new(1).order(
        "zhang-min",
        "2026-07-14 09:00",
        Command::Record(Box::new(named)),
    );
    let recorded = |story: Story| {
        over(&[story], "2026-07-15 09:00", |cases, context| {
            depth(&Member::Person(person("wang-jianguo")), cases, context).recorded
        })
    };
    let answered = |agrees| {
        let story = Story {
            id: question.id,
            envelopes: question.envelopes.clone(),
            ..Story::new(0)
        };
        story.order(
            "wang-jianguo",
            "2026-07-14 10:00",
            Command::ConfirmAsked {
                agrees,
                text: "记不清了".into(),
            },
        )
    };
    assert_eq!(recorded(answered(true)), Ratio { n: 0, of: 1 });
    assert_eq!(recorded(answered(false)), Ratio::default());
}

#[test]
fn what_fell_due_before_a_shift_took_it_over_is_of_whoever_owed_it_then() {
    let passed = Story::new(2)
        .recorded("zhang-min", "zhang-min", "2026-07-13 09:00")
        .order(
            "zhang-min",
            "2026-07-13 11:00",
            Command::PassShift {
                shift: shouwen_domain::id::ShiftId::from_random([9; 16]),
                to: person("li-na"),
            },
        )
        .order(
            "li-na",
            "2026-07-13 11:10",
            Command::TakeShift {
                shift: shouwen_domain::id::ShiftId::from_random([9; 16]),
            },
        );
    let transferred = |who: &str| {
        over(
            std::slice::from_ref(&passed),
            "2026-07-13 12:00",
            |cases, context| depth(&Member::Person(person(who)), cases, context).transferred,
        )
    };
    assert_eq!(transferred("zhang-min"), Ratio { n: 0, of: 1 });
    assert_eq!(transferred("li-na"), Ratio::default());
}

#[test]
fn praise_is_summed_in_the_month_it_was_earned() {
    let solved = || [Story::solved(1)];
    let month = |month| Period { year: 2026, month };
    let july = summed(&solved(), month(7)).praise;
    let who: Vec<_> = july.keys().cloned().collect();
    assert!(who.contains(&Member::Person(person("liu-wei"))), "{who:?}");
    assert!(who.contains(&department("engineering")), "{who:?}");
    assert!(summed(&solved(), month(6)).praise.is_empty());
    assert!(summed(&solved(), month(8)).praise.is_empty());
}
