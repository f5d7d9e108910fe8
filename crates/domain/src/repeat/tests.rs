//! What is found, what is offered and why; and that the answer hangs on the cases alone.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::packed::Packed;
use super::{Candidate, Known, Matter, Query, Repeats, Room, Signal, phone_digits};
use crate::moment::Moment;

const DAY_MS: i64 = 86_400_000;

fn on_day(day: i64) -> Matter<'static> {
    Matter::at(Moment::from_unix_ms(day * DAY_MS))
}

fn known(matters: &[Matter<'_>]) -> Repeats<usize> {
    let mut repeats = Repeats::default();
    for (case, &matter) in matters.iter().enumerate() {
        repeats.insert(Known { case, matter });
    }
    repeats
}

fn ask(repeats: &Repeats<usize>, matter: Matter<'_>) -> Vec<Candidate<usize>> {
    repeats.candidates(&Query { case: None, matter }, 5)
}

struct Line {
    matter: &'static str,
    person: &'static str,
    phone: &'static str,
    subject: &'static str,
    text: &'static str,
}

fn messages() -> Vec<Line> {
    include_str!("messages.txt")
        .lines()
        .filter(|it| !it.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('|').collect();
            let [matter, person, phone, subject, text] = fields[..] else {
                panic!("five fields: {line}");
            };
            Line {
                matter,
                person,
                phone,
                subject,
                text,
            }
        })
        .collect()
}

#[test]
fn repeats_among_invented_messages_are_found_and_the_others_left_alone() {
    let messages = messages();
    let mut repeats = Repeats::default();
    let (mut n_repeats, mut n_first, mut n_found, mut n_others, mut n_alarms) = (0, 0, 0, 0, 0);
    for (case, it) in messages.iter().enumerate() {
        let matter = Matter {
            person: it.person,
            phone: it.phone,
            subject: it.subject,
            text: it.text,
            ..on_day(i64::try_from(case).unwrap())
        };
        let found = ask(&repeats, matter);
        let first = found
            .first()
            .filter(|first| messages[first.case].matter == it.matter);
        let offered = found.first().is_some_and(|first| first.confident);
        if it.matter != "-"
            && messages[..case]
                .iter()
                .any(|earlier| earlier.matter == it.matter)
        {
            n_repeats += 1;
            n_first += usize::from(first.is_some());
            n_found += usize::from(first.is_some() && offered);
        } else {
            n_others += 1;
            n_alarms += usize::from(offered);
        }
        repeats.insert(Known { case, matter });
    }
    let figures = format!(
        "of {n_repeats} repeats {n_first} first, {n_found} offered; of {n_others} others {n_alarms} offered"
    );
    expect!["of 12 repeats 12 first, 8 offered; of 29 others 0 offered"].assert_eq(&figures);
}

#[test]
fn a_phone_is_the_same_however_it_is_written() {
    fn check(written: &str, expected: Option<&str>) {
        assert_eq!(phone_digits(written).as_deref(), expected, "{written}");
    }
    check("13805712345", Some("13805712345"));
    check("+86 138-0571-2345", Some("13805712345"));
    check("0086 138 0571 2345", Some("13805712345"));
    check("８６１３８０５７１２３４５", Some("13805712345"));
    check("0571-88881234", Some("057188881234"));
    check("8612345", Some("8612345"));
    check("8001", None);
    check("0000-00000000", None);
    check("不详", None);
    check("", None);
}

#[test]
fn a_room_is_the_same_however_it_is_written() {
    fn check(one: &str, other: &str, expected: bool) {
        let same = match (Room::parse(one), Room::parse(other)) {
            (Some(one), Some(other)) => one.is_same(&other),
            _ => false,
        };
        assert_eq!(same, expected, "{one} and {other}");
    }
    check("3-2-1502", "3栋2单元1502", true);
    check("3-2-1502", "3幢2单元1502室", true);
    check("3-2-1502", "３号楼０２单元１５０２", true);
    check("A座1502", "a座1502室", true);
    check("阳光花园3-2-1502", "3栋2单元1502", true);
    check("阳光花园3-2-1502", "月亮花园3-2-1502", false);
    check("3-2-1502", "3-2-1503", false);
    check("3-2-1502", "3-21-502", false);
    check("1502", "1502", false);
}

const LIFT: &str = "3栋2单元电梯半夜异响，咣当咣当";

fn check(asked: Matter<'_>, expected: Expect) {
    let before = known(&[
        Matter {
            room: "3-2-1502",
            phone: "13805712345",
            person: "王秀兰",
            category: "lift",
            text: LIFT,
            ..on_day(0)
        },
        Matter {
            text: "地下车库道闸识别不了车牌",
            ..on_day(0)
        },
        Matter {
            text: "请问装修押金多久退",
            ..on_day(0)
        },
    ]);
    let found: Vec<String> = ask(&before, asked)
        .iter()
        .map(|it| format!("{} confident: {} {:?}", it.case, it.confident, it.because))
        .collect();
    expected.assert_eq(&found.join("\n"));
}

#[test]
fn each_signal_is_given_where_it_holds() {
    check(
        Matter {
            person: "王秀兰",
            ..on_day(90)
        },
        expect!["0 confident: false [SamePerson]"],
    );
    check(
        Matter {
            phone: "+86 138 0571 2345",
            ..on_day(90)
        },
        expect!["0 confident: false [SamePhone]"],
    );
    check(
        Matter {
            room: "3栋2单元1502室",
            ..on_day(90)
        },
        expect!["0 confident: false [SameRoom]"],
    );
    check(
        Matter {
            text: LIFT,
            ..on_day(90)
        },
        expect![[
            r#"0 confident: true [SimilarText { shared: ["3栋2单元电梯半夜异响", "咣当咣当"] }]"#
        ]],
    );
    check(
        Matter {
            text: LIFT,
            category: "lift",
            ..on_day(30)
        },
        expect![[
            r#"0 confident: true [SameCategory, SimilarText { shared: ["3栋2单元电梯半夜异响", "咣当咣当"] }, Recent { days: 30 }]"#
        ]],
    );
    check(
        Matter {
            category: "lift",
            ..on_day(1)
        },
        expect![""],
    );
}

#[test]
fn a_customer_who_speaks_of_something_else_is_listed_and_not_offered() {
    check(
        Matter {
            phone: "13805712345",
            text: "物业费发票抬头写错",
            ..on_day(2)
        },
        expect!["0 confident: false [SamePhone, Recent { days: 2 }]"],
    );
}

/// The invented messages that are nobody else's matter, so that common pairs are known as common, and then `matters`.
fn among_others(matters: &[Matter<'_>]) -> Repeats<usize> {
    let mut repeats = known(matters);
    for (case, it) in (1_000..).zip(messages()).filter(|(_, it)| it.matter == "-") {
        let matter = Matter {
            subject: it.subject,
            text: it.text,
            ..on_day(0)
        };
        repeats.insert(Known { case, matter });
    }
    repeats
}

#[test]
fn the_same_customer_needs_fewer_words_than_a_stranger() {
    let before = among_others(&[Matter {
        person: "王秀兰",
        subject: "3栋2单元电梯半夜异响",
        text: "运行时咣当咣当响",
        ..on_day(0)
    }]);
    let asked = Matter {
        subject: "2单元电梯还没有修好",
        text: "异响吵得邻居们都睡不着",
        ..on_day(2)
    };
    let stranger = ask(&before, asked);
    assert_eq!((stranger[0].case, stranger[0].confident), (0, false));
    let customer = ask(
        &before,
        Matter {
            person: "王秀兰",
            ..asked
        },
    );
    assert_eq!((customer[0].case, customer[0].confident), (0, true));
    assert_eq!(customer[0].because.first(), Some(&Signal::SamePerson));
}

#[test]
fn several_earlier_cases_of_one_matter_support_each_other() {
    let complaints = [
        "凌晨打桩",
        "打桩到三点",
        "打桩没有许可",
        "打桩震裂墙",
        "打桩扬尘",
        "打桩太吵",
    ]
    .map(|it| format!("云杉路工地夜间{it}"));
    let matters = complaints
        .each_ref()
        .map(|text| Matter { text, ..on_day(1) });
    let asked = Matter {
        text: "云杉路工地夜间打桩，孩子马上要高考",
        ..on_day(2)
    };
    let alone = ask(&among_others(&matters[..1]), asked);
    assert_eq!((alone[0].case, alone[0].confident), (0, false), "{alone:?}");
    let several = ask(&among_others(&matters), asked);
    assert!(several[0].confident, "{several:?}");
    let joined = several[0]
        .because
        .iter()
        .any(|it| matches!(it, Signal::Joined { n_cases: 5 }));
    assert!(joined, "{several:?}");
}

#[test]
fn two_who_wrote_one_common_word_each_are_not_taken_for_one_matter() {
    let found = ask(
        &known(&[Matter {
            text: "噪音",
            ..on_day(0)
        }]),
        Matter {
            text: "噪音",
            ..on_day(1)
        },
    );
    assert!(found.iter().all(|it| !it.confident), "{found:?}");
}

#[test]
fn a_case_is_not_answered_by_what_was_asked_later() {
    let repeats = known(&[Matter {
        text: LIFT,
        ..on_day(5)
    }]);
    assert_eq!(
        ask(
            &repeats,
            Matter {
                text: LIFT,
                ..on_day(4)
            }
        ),
        []
    );
    assert_eq!(
        ask(
            &repeats,
            Matter {
                text: LIFT,
                ..on_day(5)
            }
        )
        .len(),
        1
    );
}

#[test]
fn of_equal_candidates_the_later_asked_comes_first_then_the_lesser_case() {
    let letter = |day| Matter {
        text: LIFT,
        ..on_day(day)
    };
    let found = ask(&known(&[letter(0), letter(1), letter(1)]), letter(2));
    let order: Vec<usize> = found.iter().map(|it| it.case).collect();
    assert_eq!(order, [1, 2, 0]);
}

#[test]
fn a_case_taken_in_twice_counts_as_it_first_was() {
    let mut repeats = known(&[Matter {
        text: LIFT,
        ..on_day(0)
    }]);
    let matter = Matter {
        text: "地下车库道闸识别不了车牌",
        ..on_day(0)
    };
    repeats.insert(Known { case: 0, matter });
    assert_eq!(repeats.n_cases(), 1);
    assert_eq!(
        ask(
            &repeats,
            Matter {
                text: matter.text,
                ..on_day(1)
            }
        ),
        []
    );
}

/// Texts of few characters, so that much is alike.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[电梯异响水黄噪音3栋a，。 ]{0,30}",
        "\\PC{0,12}",
        Just("咨询相关问题".to_owned()),
    ]
}

type Written = (String, String, String, String, i64);

fn written() -> impl Strategy<Value = Written> {
    (
        "[0-9-]{0,8}",
        "[0-9 +-]{0,14}",
        "[甲乙]{0,1}",
        text(),
        0_i64..4,
    )
}

fn matter((room, phone, person, text, day): &Written) -> Matter<'_> {
    Matter {
        room,
        phone,
        person,
        text,
        ..on_day(*day)
    }
}

proptest! {
    #[test]
    fn the_answer_is_sorted_whole_and_never_the_case_itself(
        cases in proptest::collection::vec(written(), 0..24), limit in 0_usize..8,
    ) {
        let matters: Vec<Matter<'_>> = cases.iter().map(matter).collect();
        let repeats = known(&matters);
        for (case, &matter) in matters.iter().enumerate() {
            let query = Query { case: Some(case), matter };
            let found = repeats.candidates(&query, limit);
            prop_assert!(found.len() <= limit);
            prop_assert!(found.iter().all(|it| it.case != case));
            prop_assert!(found.iter().all(|it| matters[it.case].asked_at <= matter.asked_at));
            prop_assert!(found.is_sorted_by_key(|it| std::cmp::Reverse(it.score)));
            prop_assert!(found.iter().skip(1).all(|it| !it.confident));
            prop_assert_eq!(found.iter().map(|it| it.case).collect::<BTreeSet<_>>().len(), found.len());
            prop_assert_eq!(&found, &repeats.candidates(&query, limit));
        }
    }

    #[test]
    fn the_order_in_which_cases_came_in_changes_nothing(
        (straight, shuffled) in proptest::collection::vec(written(), 0..24)
            .prop_map(|cases| cases.into_iter().enumerate().collect::<Vec<_>>())
            .prop_flat_map(|cases| (Just(cases.clone()), Just(cases).prop_shuffle())),
        asked in written(),
    ) {
        let known = |cases: &[(usize, Written)]| {
            let mut repeats = Repeats::default();
            for (case, written) in cases {
                repeats.insert(Known { case: *case, matter: matter(written) });
            }
            repeats
        };
        let asked = matter(&asked);
        prop_assert_eq!(ask(&known(&straight), asked), ask(&known(&shuffled), asked));
    }

    #[test]
    fn a_packed_list_reads_as_it_was_written(numbers in proptest::collection::btree_set(0_u32..2_000_000, 0..40)) {
        let mut packed = Packed::default();
        for &number in &numbers {
            packed.push(number);
        }
        prop_assert_eq!(packed.iter().collect::<BTreeSet<_>>(), numbers);
    }
}
