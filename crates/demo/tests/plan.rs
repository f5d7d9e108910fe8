//! What a plan lets people do: by the rules, in the weeks that end now, and some of it still open.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, Timelike};
use shouwen_demo::message;
use shouwen_demo::plan::{Group, Plan, Setting, plan};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Act, Case, Stage};
use shouwen_domain::command::{Command, Next};
use shouwen_domain::directory::Directory;
use shouwen_domain::event::Fact;
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::Pack;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;
use shouwen_domain::{Acting, Rules, decide};

const OURS: &str = include_str!("../messages.jsonl");

fn rules() -> Rules {
    let pack = include_str!("../../../packs/property-service.toml");
    let directory = include_str!("../../../packs/demo-site.toml");
    let year = include_str!("../../../packs/calendars/cn/2026.json");
    Rules::try_new(
        Pack::parse("pack", pack).unwrap(),
        Calendar::parse(&[("2026.json", year)]).unwrap(),
        &Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        Directory::parse("site", directory).unwrap(),
    )
    .unwrap()
}

/// Our own messages some times over, each time from other people.
fn messages(n_times: usize) -> Vec<message::Message> {
    let lines: String = (0..n_times)
        .map(|n| {
            OURS.replace("\"id\": \"d", &format!("\"id\": \"d{n}-"))
                .replace("\"user\": \"h", &format!("\"user\": \"h{n}-"))
        })
        .collect();
    message::read("messages.jsonl", lines.as_bytes(), usize::MAX)
        .unwrap()
        .messages
}

/// A Wednesday of 2026 in Shanghai.
fn on_wednesday(rules: &Rules, hour: u32, minute: u32) -> Moment {
    let date = NaiveDate::from_ymd_opt(2026, 7, 15).unwrap();
    rules
        .zone()
        .moment(date.and_hms_opt(hour, minute, 0).unwrap())
}

fn planned(n_times: usize, seed: u64, now: Moment, rules: &Rules) -> Plan {
    let setting = Setting {
        seed,
        weeks: 3,
        now,
    };
    plan(&messages(n_times), setting, rules).unwrap()
}

fn open(plan: &Plan) -> Vec<&Case> {
    let cases = plan.lives.iter().map(|it| &it.case);
    cases.filter(|it| it.stage != Stage::Closed).collect()
}

#[test]
fn every_act_is_accepted_by_the_rules_at_its_own_moment() {
    let rules = rules();
    for (seed, (hour, minute)) in [(1, (14, 30)), (2, (4, 0)), (3, (8, 31)), (4, (23, 59))] {
        let now = on_wednesday(&rules, hour, minute);
        let plan = planned(3, seed, now, &rules);
        let mut cases: BTreeMap<usize, Case> = BTreeMap::new();
        let mut before = Moment::from_unix_ms(0);
        for (n, act) in plan.acts() {
            assert!(before <= act.at && act.at <= now);
            before = act.at;
            let acting = Acting {
                rules: &rules,
                person: &act.person,
                now: act.at,
                evidence: Evidence::default(),
            };
            let events = decide(cases.get(&n), act.command.clone(), acting).unwrap();
            assert!(!events.is_empty(), "{:?} changes nothing", act.command);
            let facts: Vec<Fact> = events.into_iter().map(|it| it.fact).collect();
            let id = CaseId::from_random([0; 16]);
            let case = Case::after(cases.get(&n), id, rules.hashes(), &facts, |fact| Act {
                envelope: EnvelopeId::from_random([0; 16]),
                by: &act.person,
                at: act.at,
                claimed: false,
                fact,
            });
            cases.insert(n, case.unwrap());
        }
        let planned: Vec<&Case> = plan.lives.iter().map(|it| &it.case).collect();
        assert_eq!(cases.values().collect::<Vec<_>>(), planned);
    }
}

#[test]
fn what_is_asked_lies_in_the_last_weeks_mostly_on_duty_and_in_the_order_of_days() {
    let rules = rules();
    let now = on_wednesday(&rules, 14, 30);
    let plan = planned(10, 1, now, &rules);
    let asked: Vec<_> = plan
        .lives
        .iter()
        .map(|it| it.case.record.asked_at)
        .collect();
    let local: Vec<_> = asked.iter().map(|it| rules.zone().local(*it)).collect();
    assert!(
        asked
            .iter()
            .all(|it| *it <= now && *it >= now - Minutes(22 * 24 * 60))
    );
    let n_on_duty = local
        .iter()
        .filter(|it| (8..18).contains(&it.hour()))
        .count();
    assert!(
        n_on_duty * 10 > local.len() * 6,
        "{n_on_duty} of {}",
        local.len()
    );
    assert!(n_on_duty < local.len());
    let n_ended = asked.len() - open(&plan).len();
    let days: Vec<_> = local[..n_ended * 9 / 10]
        .iter()
        .map(chrono::NaiveDateTime::date)
        .collect();
    assert!(days.is_sorted());
    assert!(days.iter().collect::<BTreeSet<_>>().len() >= 18);
}

#[test]
fn a_few_are_open_at_several_stages_and_in_every_group_of_the_work_list() {
    let rules = rules();
    for n_times in [1, 10] {
        let now = on_wednesday(&rules, 14, 30);
        let plan = planned(n_times, 1, now, &rules);
        let open = open(&plan);
        let percent = open.len() * 100 / plan.lives.len();
        assert!((2..=15).contains(&percent), "{percent} per cent are open");
        let groups: BTreeSet<_> = open
            .iter()
            .filter_map(|it| Group::of(it, &rules, now))
            .collect();
        assert_eq!(groups, BTreeSet::from(Group::ALL));
        let stages: BTreeSet<String> = open.iter().map(|it| format!("{:?}", it.stage)).collect();
        assert!(stages.len() >= 3, "{stages:?}");
    }
}

#[test]
fn one_is_joined_with_another_of_the_same_matter_that_is_being_handled() {
    let rules = rules();
    for (seed, n_times) in [(1, 1), (2, 1), (1, 10)] {
        let plan = planned(n_times, seed, on_wednesday(&rules, 14, 30), &rules);
        let pairs: Vec<_> = plan
            .lives
            .iter()
            .filter_map(|it| Some((it, &plan.lives[it.joins?])))
            .collect();
        let [(joined, main)] = pairs[..] else {
            panic!("{} pairs", pairs.len());
        };
        assert!(matches!(joined.case.stage, Stage::Joined { .. }));
        assert!(matches!(main.case.stage, Stage::Passed { .. }));
        assert_eq!(joined.case.record.category, main.case.record.category);
        assert!(main.acts[0].at < joined.acts[0].at);
    }
}

#[test]
fn about_a_fifth_is_answered_at_once_and_everything_happens_to_somebody() {
    let rules = rules();
    let plan = planned(10, 1, on_wednesday(&rules, 14, 30), &rules);
    let acts = plan.acts();
    let n = |is: fn(&Command) -> bool| acts.iter().filter(|it| is(&it.1.command)).count();
    let n_at_once = n(|it| matches!(it, Command::AnswerAtOnce { .. }))
        + n(
            |it| matches!(it, Command::Record(form) if matches!(form.next, Next::AnswerAtOnce { .. })),
        );
    let percent = n_at_once * 100 / plan.lives.len();
    assert!((12..=32).contains(&percent), "{percent} per cent");
    assert!(n(|it| matches!(it, Command::Return { .. })) > 0);
    assert!(n(|it| matches!(it, Command::Sign { .. })) > 0);
    assert!(n(|it| matches!(it, Command::ConfirmAsked { .. })) > 0);
    assert!(n(|it| matches!(it, Command::Consent { .. })) > 0);
    assert!(n(|it| matches!(it, Command::Resume)) > 0);
    assert!(n(|it| matches!(it, Command::AgreeTime { .. })) > 0);
    assert!(n(|it| matches!(it, Command::NameLead { .. })) > 0);
    assert!(n(|it| matches!(it, Command::EmergencyStep { .. })) > 0);
    let cases: Vec<&Case> = plan.lives.iter().map(|it| &it.case).collect();
    let is_late = |it: &&&Case| {
        it.obligations.iter().any(|owed| match owed.end {
            Some(shouwen_domain::case::End::Met { at, .. }) => {
                rules.due(it, owed).is_ok_and(|due| due.at < at)
            }
            _ => false,
        })
    };
    let n_late = cases.iter().filter(is_late).count();
    assert!(
        n_late * 20 > cases.len() && n_late * 2 < cases.len(),
        "{n_late} late"
    );
    assert!(cases.iter().any(|it| it.moves.len() > 1));
    assert!(cases.iter().any(|it| it.visits.len() > 1));
    assert!(
        cases
            .iter()
            .any(|it| it.ending == Some(shouwen_domain::event::Ending::NotReached))
    );
}

#[test]
fn a_seed_gives_the_same_run_and_another_one_another() {
    let rules = rules();
    let now = on_wednesday(&rules, 14, 30);
    assert_eq!(planned(1, 7, now, &rules), planned(1, 7, now, &rules));
    assert_ne!(planned(1, 7, now, &rules), planned(1, 8, now, &rules));
}

#[test]
fn one_message_alone_can_be_played() {
    let rules = rules();
    let now = on_wednesday(&rules, 14, 30);
    let setting = Setting {
        seed: 1,
        weeks: 1,
        now,
    };
    let plan = plan(&messages(1)[..1], setting, &rules).unwrap();
    assert_eq!(plan.lives.len(), 1);
}
