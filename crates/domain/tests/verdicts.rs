//! Verdicts, ladders, holds and explanations of small histories: given these acts and clocks, then that.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod support;

use shouwen_domain::agenda::Agenda;
use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Case, End, Obligation, Owed, Stage, WithoutEffect};
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{ClockEvidence, Envelope, Stamp};
use shouwen_domain::event::{
    Channel, Closed, Contact, Content, Ending, Event, Fact, Finding, HandedOver, HandlerNamed,
    Kind, Outcome, Received, Recorded, Replied, ResultTold, Returned, ShiftPassed, ShiftTaken,
    Succeeded, SuccessionReason, Urgency, Visited,
};
use shouwen_domain::explain::{Change, Library, Owing, Reckoned, View, explain, timeline};
use shouwen_domain::hash::Salt;
use shouwen_domain::holds::holds;
use shouwen_domain::id::{DeviceId, EnvelopeId, ShiftId};
use shouwen_domain::ladder::{Rung, Step, rungs};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::{DeadlineId, Difficulty, Pack};
use shouwen_domain::rules::Rules;
use shouwen_domain::site::Site;
use shouwen_domain::verdict::{Doubt, Evidence, Verdict, When, Witness};
use shouwen_domain::zone::Zones;
use support::{CASE, at, person, rules, rules_with};

/// Envelopes with what head office and receipts say of their time.
struct History {
    rules: Rules,
    envelopes: Vec<Envelope>,
    /// Last receipt and arrival of each.
    stamps: Vec<(Option<Moment>, Option<Moment>)>,
}

fn day(time: &str) -> Moment {
    at(&format!("2026-07-13 {time}"))
}

fn id(n: u8) -> EnvelopeId {
    EnvelopeId::from_random([n; 16])
}

const EXACT: ClockEvidence = ClockEvidence {
    offset_ms: 0,
    age_s: 0,
};

impl History {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            envelopes: Vec::new(),
            stamps: Vec::new(),
        }
    }

    /// Recorded at 09:06 by who was asked then; the matter is engineering's.
    fn recorded() -> Self {
        Self::new(rules()).act("wang-jianguo", "09:06", Fact::Recorded(record()))
    }

    fn handed_over(arrived: &str) -> Self {
        Self::recorded()
            .act("wang-jianguo", "09:08", slip("security", "engineering"))
            .arrived(arrived)
    }

    fn act(self, by: &str, time: &str, fact: Fact) -> Self {
        self.act_knowing(None, by, time, fact, Some(EXACT))
    }

    fn act_with(self, by: &str, time: &str, fact: Fact, clock: Option<ClockEvidence>) -> Self {
        self.act_knowing(None, by, time, fact, clock)
    }

    /// By a device that has seen only so many envelopes.
    fn act_knowing(
        mut self,
        knows: Option<usize>,
        by: &str,
        time: &str,
        fact: Fact,
        clock: Option<ClockEvidence>,
    ) -> Self {
        let n = u8::try_from(self.envelopes.len() + 1).unwrap();
        let knows = knows.unwrap_or(self.envelopes.len());
        let stamp = Stamp {
            id: id(n),
            site: self.rules.directory.site.clone(),
            case: CASE,
            person: person(by),
            device: DeviceId::from_random([n; 16]),
            chain: 1,
            sequence: 1,
            previous: None,
            counter: knows as u64 + 1,
            at: day(time),
            clock,
            last_receipt: None,
            rules: self.rules.hashes(),
            facts_salt: Salt([n; 16]),
            content_salt: Salt([n; 16]),
        };
        let event = Event::new(fact, Content::default());
        self.envelopes
            .push(Envelope::seal(stamp, &[event]).unwrap());
        self.stamps.push((None, Some(day(time))));
        self
    }

    /// When head office had the last one.
    fn arrived(mut self, time: &str) -> Self {
        self.stamps.last_mut().unwrap().1 = Some(day(time));
        self
    }

    fn not_arrived(mut self) -> Self {
        self.stamps.last_mut().unwrap().1 = None;
        self
    }

    fn last_receipt(mut self, time: &str) -> Self {
        self.stamps.last_mut().unwrap().0 = Some(day(time));
        self
    }

    fn case(&self) -> Case {
        Case::fold(&self.envelopes).case.unwrap()
    }

    fn witnesses(&self) -> Vec<Witness<'_>> {
        self.envelopes
            .iter()
            .zip(&self.stamps)
            .map(|(it, (receipt, arrived))| Witness::of(it, *receipt, *arrived))
            .collect()
    }

    fn verdict_at(&self, deadline: DeadlineId, now: &str, heard_until: Option<&str>) -> Verdict {
        let case = self.case();
        let acts = self.witnesses();
        let evidence = Evidence {
            acts: &acts,
            heard_until: heard_until.map(at),
        };
        self.rules
            .verdict(&case, last(&case, deadline), at(now), &evidence)
            .unwrap()
    }

    fn check(&self, deadline: DeadlineId, expected: Verdict) {
        assert_eq!(
            self.verdict_at(deadline, "2026-07-20 09:00", None),
            expected
        );
    }
}

fn last(case: &Case, deadline: DeadlineId) -> &Obligation {
    case.obligations
        .iter()
        .rfind(|it| it.deadline == deadline)
        .unwrap()
}

fn record() -> Recorded {
    Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Met,
        asked_at: day("09:06"),
        asked: Vec::new(),
        first_responder: person("wang-jianguo"),
        department: "security".parse().unwrap(),
        category: "water-leak".parse().unwrap(),
        kind: Kind::ServiceRequest,
        proper: Some("engineering".parse().unwrap()),
        missing: Vec::new(),
        supervisor: Some(person("zhao-qiang")),
        urgency: Urgency::Ordinary,
        late: false,
        missing_because: None,
        public_area: false,
        under_14: false,
        concerns: Vec::new(),
        asked_before: None,
        repeats: None,
        outer: None,
        due_by: None,
        difficulty: Difficulty::Ordinary,
        emergency: None,
        sensitive: false,
        needs_rescuer: false,
        unnamed: false,
    }
}

fn slip(from: &str, to: &str) -> Fact {
    Fact::HandedOver(HandedOver::new(from.parse().unwrap(), to.parse().unwrap()))
}

fn named(handler: &str) -> Fact {
    let handler = person(handler);
    Fact::HandlerNamed(HandlerNamed { handler })
}

fn received(department: &str) -> Fact {
    Fact::Received(Received {
        department: department.parse().unwrap(),
        head: None,
    })
}

fn replied() -> Fact {
    Fact::Replied(Replied {
        department: "engineering".parse().unwrap(),
        outcome: Outcome::Solved,
        phrases: Vec::new(),
        suggestion: None,
        head: None,
    })
}

fn clock(offset_s: i64, age_s: u32) -> ClockEvidence {
    ClockEvidence {
        offset_ms: offset_s * 1_000,
        age_s,
    }
}

/// The slip has to be passed on by 10:06.
fn passed_on(time: &str, clock: Option<ClockEvidence>) -> History {
    History::recorded().act_with("wang-jianguo", time, slip("security", "engineering"), clock)
}

const TRANSFER: DeadlineId = DeadlineId::Transfer;

#[test]
fn what_was_done_offline_in_time_is_met_whenever_it_arrives() {
    passed_on("10:00", Some(clock(0, 60)))
        .arrived("17:00")
        .check(TRANSFER, Verdict::Met);
    passed_on("10:30", Some(clock(0, 60)))
        .arrived("17:00")
        .check(TRANSFER, Verdict::Missed);
}

#[test]
fn a_record_that_lies_in_a_phone_starts_no_later_clock_for_whoever_made_it() {
    History::recorded()
        .arrived("13:00")
        .act_with(
            "wang-jianguo",
            "10:30",
            slip("security", "engineering"),
            Some(clock(0, 60)),
        )
        .arrived("17:00")
        .check(TRANSFER, Verdict::Missed);
}

#[test]
fn a_wrong_clock_is_set_right_by_its_offset() {
    passed_on("09:50", Some(clock(20 * 60, 60)))
        .arrived("17:00")
        .check(TRANSFER, Verdict::Missed);
    passed_on("10:30", Some(clock(-30 * 60, 60)))
        .arrived("17:00")
        .check(TRANSFER, Verdict::Met);
}

#[test]
fn uncertainty_grows_with_the_age_of_the_offset_and_nobody_is_blamed_in_it() {
    let spans = |history: &History| {
        matches!(
            history.verdict_at(TRANSFER, "2026-07-20 09:00", None),
            Verdict::CannotBeTold {
                why: Doubt::Spans { .. }
            }
        )
    };
    assert!(!spans(
        &passed_on("10:07", Some(clock(0, 3_600))).arrived("17:00")
    ));
    // 36 days at 500 parts of a million are 26 minutes.
    assert!(spans(
        &passed_on("10:07", Some(clock(0, 36 * 86_400))).arrived("17:00")
    ));
    assert!(
        spans(&passed_on("10:30", None).arrived("17:00")),
        "no offset at all"
    );
}

#[test]
fn what_is_written_down_later_is_the_less_certain_the_longer_ago_it_was() {
    let by = person("wang-jianguo");
    let written_at = day("20:00");
    let witness = Witness {
        envelope: id(1),
        by: &by,
        at: written_at,
        clock: Some(clock(0, 3_600)),
        not_before: None,
        arrived: None,
    };
    let half_width_ms = |at: Moment| {
        let when = witness.when(at).unwrap();
        let (earliest, latest) = (when.earliest.unwrap(), when.latest.unwrap());
        assert_eq!(latest.ms_since(at), at.ms_since(earliest));
        latest.ms_since(at)
    };
    // Ten seconds, and 1.8 s for each hour since the offset was measured or from then to the act.
    assert_eq!(half_width_ms(written_at), 11_800);
    assert_eq!(half_width_ms(day("10:00")), 29_800);
    assert_eq!(half_width_ms(day("22:00")), 15_400);
}

#[test]
fn without_an_offset_receipt_and_arrival_say_what_they_can() {
    passed_on("11:00", None)
        .arrived("10:06")
        .check(TRANSFER, Verdict::Met);
    passed_on("10:07", None)
        .last_receipt("10:07")
        .arrived("17:00")
        .check(TRANSFER, Verdict::Missed);
}

#[test]
fn an_arrival_before_the_offset_allows_it_disproves_the_offset() {
    passed_on("10:30", Some(clock(0, 60)))
        .arrived("10:05")
        .check(TRANSFER, Verdict::Met);
}

#[test]
fn a_disproved_offset_proves_nothing_against_anybody() {
    // It says 10:30, and was at head office at 10:15: it may as well have been done before 10:06.
    let verdict = passed_on("10:30", Some(clock(0, 60)))
        .arrived("10:15")
        .verdict_at(TRANSFER, "2026-07-20 09:00", None);
    let when = When {
        earliest: None,
        latest: Some(day("10:15")),
    };
    let why = Doubt::Spans { when };
    assert_eq!(verdict, Verdict::CannotBeTold { why });
}

#[test]
fn a_claim_from_before_the_last_receipt_cannot_be_told() {
    let why = Doubt::BeforeLastReceipt {
        receipt: day("10:20"),
    };
    let verdict = Verdict::CannotBeTold { why };
    passed_on("10:00", Some(clock(0, 60)))
        .last_receipt("10:20")
        .arrived("17:00")
        .check(TRANSFER, verdict);
    passed_on("10:00", None)
        .last_receipt("10:20")
        .arrived("17:00")
        .check(TRANSFER, verdict);
    assert_ne!(verdict, Verdict::Missed);
}

#[test]
fn ones_own_act_waits_for_its_arrival_only_where_that_matters() {
    let waits = Verdict::NotYetJudged { waits_for: id(2) };
    passed_on("10:00", Some(clock(0, 60)))
        .not_arrived()
        .check(TRANSFER, Verdict::Met);
    passed_on("10:06", Some(clock(0, 60)))
        .not_arrived()
        .check(TRANSFER, waits);
    passed_on("10:30", Some(clock(0, 60)))
        .not_arrived()
        .check(TRANSFER, waits);
    passed_on("10:30", None)
        .not_arrived()
        .last_receipt("10:10")
        .check(TRANSFER, Verdict::Missed);
    // A receipt from the due moment itself leaves room for an act in time.
    passed_on("10:30", None)
        .not_arrived()
        .last_receipt("10:06")
        .check(TRANSFER, waits);
    let when = When {
        earliest: Some(day("10:06")),
        latest: Some(day("17:00")),
    };
    let why = Doubt::Spans { when };
    passed_on("10:30", None)
        .arrived("17:00")
        .last_receipt("10:06")
        .check(TRANSFER, Verdict::CannotBeTold { why });
}

#[test]
fn what_is_open_is_missed_only_once_every_device_was_heard() {
    let history = History::recorded();
    let verdict = |now: &str, heard: Option<&str>| history.verdict_at(TRANSFER, now, heard);
    assert_eq!(verdict("2026-07-13 10:06", None), Verdict::Running);
    assert_eq!(verdict("2026-07-13 10:07", None), Verdict::Late);
    assert_eq!(
        verdict("2026-07-13 11:00", Some("2026-07-13 10:00")),
        Verdict::Late
    );
    assert_eq!(
        verdict("2026-07-13 11:00", Some("2026-07-13 10:06")),
        Verdict::Late
    );
    assert_eq!(
        verdict("2026-07-13 11:00", Some("2026-07-13 10:30")),
        Verdict::Missed
    );
}

#[test]
fn a_dead_zone_excuses_the_receiver_and_stops_no_customers_clock() {
    let assign = DeadlineId::AssignHandler;
    let excused = Verdict::Excused {
        arrived: day("14:00"),
        until: day("14:15"),
    };
    // Handed over at 09:08 in a basement; head office had it at 14:00.
    let open = History::handed_over("14:00");
    assert_eq!(
        open.verdict_at(assign, "2026-07-13 09:23", None),
        Verdict::Running
    );
    assert_eq!(open.verdict_at(assign, "2026-07-13 14:10", None), excused);
    assert_eq!(
        open.verdict_at(assign, "2026-07-13 14:16", None),
        Verdict::Late
    );
    let customer = open.verdict_at(
        DeadlineId::Customer,
        "2026-07-15 18:01",
        Some("2026-07-16 09:00"),
    );
    assert_eq!(customer, Verdict::Missed, "T10: it ran from the asking");
    let unknown = History::handed_over("14:00").not_arrived();
    let waits = Verdict::NotYetJudged { waits_for: id(2) };
    assert_eq!(unknown.verdict_at(assign, "2026-07-13 12:00", None), waits);
}

#[test]
fn a_receiver_is_judged_from_the_handover_where_the_slip_was_there_at_once() {
    let assign = DeadlineId::AssignHandler;
    let met = |time| {
        History::handed_over("09:08")
            .act("chen-gong", "09:10", received("engineering"))
            .act("chen-gong", time, named("liu-wei"))
    };
    met("09:20").check(assign, Verdict::Met);
    met("09:40").check(assign, Verdict::Missed);
    let late_slip = |time| {
        History::handed_over("14:00")
            .act("chen-gong", "14:01", received("engineering"))
            .act("chen-gong", time, named("liu-wei"))
    };
    let excused = Verdict::Excused {
        arrived: day("14:00"),
        until: day("14:15"),
    };
    late_slip("14:10").check(assign, excused);
    late_slip("14:40").check(assign, Verdict::Missed);
}

#[test]
fn what_was_overdue_when_it_was_lifted_was_missed() {
    let returned = |time| {
        History::handed_over("09:08").act(
            "chen-gong",
            time,
            Fact::Returned(Returned {
                from: "engineering".parse().unwrap(),
                to: "security".parse().unwrap(),
                sender_head: None,
            }),
        )
    };
    returned("09:20").check(DeadlineId::AssignHandler, Verdict::Lifted);
    returned("09:50").check(DeadlineId::AssignHandler, Verdict::Missed);
    // Without the act that lifted it, only the moment is known.
    let unproven = |time| {
        let history = returned(time);
        let case = history.case();
        let lifted = last(&case, DeadlineId::AssignHandler);
        let nothing = Evidence::default();
        history.rules.verdict(&case, lifted, day("12:00"), &nothing)
    };
    let why = Doubt::NoEvidence;
    assert_eq!(unproven("09:20"), Ok(Verdict::Lifted));
    assert_eq!(unproven("09:50"), Ok(Verdict::CannotBeTold { why }));
}

#[test]
fn a_moment_set_by_hand_and_the_customers_clock_wait_for_no_slip() {
    let history = History::handed_over("09:08").not_arrived();
    let (case, acts) = (history.case(), history.witnesses());
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let verdict = |obligation: &Obligation| {
        let now = at("2026-07-20 12:00");
        history.rules.verdict(&case, obligation, now, &evidence)
    };
    let reply = last(&case, DeadlineId::Reply);
    let waits_for = id(2);
    assert_eq!(verdict(reply), Ok(Verdict::NotYetJudged { waits_for }));
    let extended = Obligation {
        until: Some(day("17:00")),
        ..reply.clone()
    };
    assert_eq!(verdict(&extended), Ok(Verdict::Late));
    let customers = Obligation {
        deadline: DeadlineId::Customer,
        ..reply.clone()
    };
    assert_eq!(verdict(&customers), Ok(Verdict::Late));
}

#[test]
fn a_result_told_late_because_the_reply_lay_in_a_phone_is_excused() {
    let told = History::handed_over("09:08")
        .act("liu-wei", "10:00", replied())
        .arrived("13:00")
        .act(
            "wang-jianguo",
            "13:30",
            Fact::ResultTold(ResultTold {
                how: Contact::InPerson,
                phrases: Vec::new(),
            }),
        );
    let excused = Verdict::Excused {
        arrived: day("13:00"),
        until: day("14:00"),
    };
    told.check(DeadlineId::TellResult, excused);
    told.check(DeadlineId::Customer, Verdict::Met);
}

#[test]
fn ones_own_reply_that_lay_in_ones_own_phone_excuses_nothing() {
    History::handed_over("09:08")
        .act("wang-jianguo", "10:00", replied())
        .arrived("13:00")
        .act(
            "wang-jianguo",
            "13:30",
            Fact::ResultTold(ResultTold {
                how: Contact::InPerson,
                phrases: Vec::new(),
            }),
        )
        .check(DeadlineId::TellResult, Verdict::Missed);
}

#[test]
fn what_was_missed_before_a_succession_stays_with_who_owed_it() {
    let succeeded = |time| {
        History::recorded().act(
            "zhao-qiang",
            time,
            Fact::Succeeded(Succeeded {
                to: person("li-na"),
                department: "service".parse().unwrap(),
                reason: SuccessionReason::Leave,
                supervisor: None,
            }),
        )
    };
    let who = |history: History| {
        let case = history.case();
        let transfer = last(&case, TRANSFER);
        let due = history.rules.due(&case, transfer).unwrap().at;
        transfer.owed_at(due).person.clone().unwrap()
    };
    assert_eq!(who(succeeded("09:30")), person("li-na"));
    assert_eq!(
        who(succeeded("10:06")),
        person("li-na"),
        "due then, missed after it"
    );
    assert_eq!(who(succeeded("11:00")), person("wang-jianguo"));
}

fn climbs(absent: &[&str], now: &str, expected: [(Step, &str, bool, Option<&str>); 3]) {
    let directed = include_str!("support/small-site.toml")
        .replace("director = \"sun-li\"", "director = \"li-na\"")
        .replace("deputy = \"wu-yue\"\n", "")
        .replace("deputy = \"he-jun\"", "deputy = \"liu-wei\"");
    let rules = with_directory(&directed);
    let history = History::handed_over("09:08");
    let case = history.case();
    let assign = last(&case, DeadlineId::AssignHandler);
    let due = rules.due(&case, assign).unwrap().at;
    let is_absent = |it: &shouwen_domain::id::PersonId| absent.contains(&it.as_str());
    let found = rungs((&case, assign), due, at(now), &rules, is_absent).unwrap();
    let expected = expected.map(|(step, time, is_reached, who)| Rung {
        step,
        at: day(time),
        is_reached,
        who: who.map(person),
    });
    assert_eq!(found, expected);
}

fn with_directory(text: &str) -> Rules {
    let pack = include_str!("../../../packs/property-service.toml").replacen(
        "supervisor = \"at once\"",
        "supervisor = \"1 working hour\"",
        1,
    );
    let year = (
        "2026.json",
        include_str!("../../../packs/calendars/cn/2026.json"),
    );
    Rules::try_new(
        Pack::parse("pack.toml", &pack).unwrap(),
        Calendar::parse(&[year]).unwrap(),
        &Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        Directory::parse("site.toml", text).unwrap(),
    )
    .unwrap()
}

#[test]
fn what_is_overdue_climbs_to_whoever_is_there() {
    let chen = Some("chen-gong");
    climbs(
        &[],
        "2026-07-13 10:30",
        [
            (Step::Handler, "09:23", true, chen),
            (Step::Supervisor, "10:23", true, chen),
            (Step::Director, "13:23", false, Some("li-na")),
        ],
    );
    let liu = Some("liu-wei");
    climbs(
        &["chen-gong"],
        "2026-07-13 09:23",
        [
            (Step::Handler, "09:23", false, liu),
            (Step::Supervisor, "10:23", false, liu),
            (Step::Director, "13:23", false, Some("li-na")),
        ],
    );
    climbs(
        &["chen-gong", "liu-wei", "li-na"],
        "2026-07-13 14:00",
        [
            (Step::Handler, "09:23", true, None),
            (Step::Supervisor, "10:23", true, None),
            (Step::Director, "13:23", true, None),
        ],
    );
}

#[test]
fn under_a_pack_without_a_ladder_it_stays_with_whoever_owes_it() {
    let rules = rules_with(|it| {
        it.replacen(
            "[escalation]\nsupervisor = \"at once\"\ndirector = \"4 working hours\"\n",
            "",
            1,
        )
    });
    assert_eq!(rules.pack.escalation, None);
    let case = History::new(rules.clone())
        .act("wang-jianguo", "09:06", Fact::Recorded(record()))
        .case();
    let transfer = last(&case, TRANSFER);
    let found = rungs(
        (&case, transfer),
        day("10:06"),
        day("18:00"),
        &rules,
        |_| false,
    );
    let steps: Vec<Step> = found.unwrap().iter().map(|it| it.step).collect();
    assert_eq!(steps, [Step::Handler]);
}

#[test]
fn a_department_answers_for_the_time_that_a_slip_could_have_been_in_its_hands() {
    let history = History::handed_over("14:00").act("liu-wei", "16:00", replied());
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let found = holds(
        &history.envelopes,
        &history.rules,
        &evidence,
        at("2026-07-14 09:30"),
    )
    .unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|it| {
            (
                it.department.as_str(),
                it.in_hands_from,
                it.until,
                it.working_ms / 60_000,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("security", Some(day("09:06")), Some(day("09:08")), 2),
            ("engineering", Some(day("14:00")), Some(day("16:00")), 120),
            // To closing at 18:00, and from 8:30 on.
            ("security", Some(day("16:00")), None, 180),
        ]
    );
}

#[test]
fn nobody_holds_a_case_that_is_closed() {
    let history = History::handed_over("09:10")
        .act("liu-wei", "10:00", replied())
        .act(
            "wang-jianguo",
            "10:10",
            Fact::ResultTold(ResultTold {
                how: Contact::Call,
                phrases: Vec::new(),
            }),
        )
        .act(
            "wang-jianguo",
            "10:20",
            Fact::Visited(Visited {
                how: Contact::Call,
                finding: Finding::Satisfied,
                enough: false,
            }),
        )
        .act(
            "wang-jianguo",
            "10:30",
            Fact::Closed(Closed {
                ending: Ending::Satisfied,
                phrases: Vec::new(),
            }),
        );
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let found = holds(&history.envelopes, &history.rules, &evidence, day("12:00")).unwrap();
    let until: Vec<_> = found.iter().map(|it| it.until).collect();
    assert_eq!(
        until,
        [Some(day("09:08")), Some(day("10:00")), Some(day("10:30"))]
    );
}

#[test]
fn an_agenda_says_when_the_next_verdict_changes() {
    let history = History::handed_over("14:00");
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let case = history.case();
    let agenda = Agenda::of(&case, &history.rules, &evidence);
    let open: Vec<_> = case.open_obligations().map(|it| it.deadline).collect();
    let lines: Vec<_> = agenda.lines().iter().map(|it| it.deadline).collect();
    assert_eq!(lines, open);
    assert_eq!(agenda.next_due(), Some(day("09:23")));
    let after = |time: &str| Some(Moment::from_unix_ms(day(time).unix_ms() + 1));
    assert_eq!(agenda.next_transition(day("09:00")), after("09:23"));
    assert_eq!(agenda.next_transition(day("09:24")), after("14:15"));
    let changed = after("09:23").unwrap();
    assert_eq!(agenda.next_transition(changed), after("14:15"));
    let mut verdicts = Vec::new();
    agenda.verdicts_into(day("15:00"), None, &mut verdicts);
    let one_by_one: Vec<_> = (0..)
        .zip(&case.obligations)
        .filter(|(_, it)| it.end.is_none())
        .map(|(i, it)| {
            let verdict = history
                .rules
                .verdict(&case, it, day("15:00"), &evidence)
                .unwrap();
            (i, verdict)
        })
        .collect();
    assert_eq!(verdicts, one_by_one);
    let last = agenda.next_transition(at("2026-07-14 18:01"));
    assert!(
        last.is_some_and(|it| it > at("2026-07-15 18:00")),
        "the customer's: {last:?}"
    );
}

#[test]
fn whoever_lost_sees_to_which_act() {
    let both = History::recorded()
        .act_knowing(
            Some(1),
            "wang-jianguo",
            "09:08",
            slip("security", "engineering"),
            None,
        )
        .act_knowing(Some(1), "chen-gong", "09:30", received("engineering"), None)
        .act_knowing(
            Some(1),
            "zhao-qiang",
            "09:07",
            slip("security", "service"),
            None,
        )
        .act("chen-gong", "09:40", named("liu-wei"));
    let parallels = Case::parallels(&both.envelopes);
    let [parallel] = &parallels[..] else {
        panic!("{parallels:?}")
    };
    assert_eq!(
        (parallel.envelope, &parallel.by),
        (id(4), &person("zhao-qiang"))
    );
    assert_eq!(
        parallel.lost_to,
        Some(id(2)),
        "and not to the receipt that followed"
    );
    let engineering = Owed {
        department: "engineering".parse().unwrap(),
        person: None,
    };
    assert_eq!(parallel.to, Some(engineering));
    let folded = Case::fold(&both.envelopes);
    assert!(
        matches!(&folded.without_effect[..], [(lost, WithoutEffect::Parallel(_))] if *lost == id(4))
    );
}

#[test]
fn an_act_where_responsibility_had_moved_counts_and_is_shown_to_whom() {
    let moved = History::handed_over("09:08")
        .act("chen-gong", "09:10", received("engineering"))
        .act("chen-gong", "09:11", named("liu-wei"))
        .act("chen-gong", "09:30", named("chen-gong"))
        .act_with("liu-wei", "09:40", replied(), None);
    let folded = Case::fold(&moved.envelopes);
    assert_eq!(folded.without_effect, []);
    assert_eq!(
        folded.case.unwrap().stage,
        Stage::Replied,
        "nobody is refused for it"
    );
    let [rerouted] = &folded.rerouted[..] else {
        panic!("{:?}", folded.rerouted)
    };
    assert_eq!((rerouted.envelope, rerouted.moved_by), (id(6), id(5)));
    assert_eq!(rerouted.by, person("liu-wei"));
    let own = History::handed_over("09:08")
        .act("chen-gong", "09:10", received("engineering"))
        .act("chen-gong", "09:11", named("liu-wei"))
        .act("liu-wei", "09:30", named("chen-gong"))
        .act("liu-wei", "09:40", replied());
    assert_eq!(Case::fold(&own.envelopes).rerouted, [], "who moved it knew");
}

fn with_calendar(edit: impl Fn(&str) -> String, earlier: &Rules) -> Rules {
    let year = edit(include_str!("../../../packs/calendars/cn/2026.json"));
    let pack = include_str!("../../../packs/property-service.toml")
        .replacen("version = 1", "version = 2", 1)
        .replacen("limit = \"1 working day\"", "limit = \"2 working days\"", 1);
    Rules::try_new(
        Pack::parse("pack.toml", &pack).unwrap(),
        Calendar::parse(&[("2026.json", &year)]).unwrap(),
        &Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        earlier.directory.clone(),
    )
    .unwrap()
    .with_earlier([earlier.pack.clone()])
}

fn owing(owed: &[Owing], deadline: DeadlineId) -> (Moment, Verdict) {
    let it = owed.iter().rfind(|it| it.deadline == deadline).unwrap();
    let Reckoned::By { due, verdict, .. } = &it.reckoned else {
        panic!("{:?}", it.reckoned)
    };
    (due.at, *verdict)
}

#[test]
fn a_case_open_across_a_change_of_pack_and_calendar_keeps_the_pack_and_what_was_judged() {
    let old = rules();
    // A holiday is declared after the fact: 14 July.
    let holiday = r#""days": [{"name": "补休", "date": "2026-07-14", "isOffDay": true},"#;
    let new = with_calendar(|it| it.replacen("\"days\": [", holiday, 1), &old);
    assert_ne!(old.hashes().calendar, new.hashes().calendar);
    let mut history =
        History::handed_over("09:08").act("chen-gong", "09:10", received("engineering"));
    history.rules = new;
    let history = history.act("chen-gong", "09:40", named("liu-wei"));
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let library = Library {
        site: &Site::default(),
        texts: &[&old, &history.rules],
    };
    let now = day("12:00");
    let then = explain(&history.envelopes, now, View::Done, &evidence, &library).unwrap();
    // Still one working day, as the pack says under which it was opened; 14 July is none of them any more.
    assert_eq!(
        owing(&then.owed, DeadlineId::Reply),
        (at("2026-07-15 18:00"), Verdict::Running)
    );
    // Signed for under the old calendar: that judgement stays.
    assert_eq!(
        owing(&then.owed, DeadlineId::Sign),
        (at("2026-07-14 18:00"), Verdict::Met)
    );
    let sign = then
        .owed
        .iter()
        .find(|it| it.deadline == DeadlineId::Sign)
        .unwrap();
    let reply = then
        .owed
        .iter()
        .find(|it| it.deadline == DeadlineId::Reply)
        .unwrap();
    assert_eq!(sign.texts.calendar, old.hashes().calendar);
    assert_eq!(reply.texts.calendar, history.rules.hashes().calendar);
    assert_eq!(
        (sign.texts.pack, reply.texts.pack),
        (old.pack.hash(), old.pack.hash())
    );
    let poor = Library {
        site: &Site::default(),
        texts: &[&history.rules],
    };
    let then = explain(&history.envelopes, now, View::Done, &evidence, &poor).unwrap();
    let sign = then
        .owed
        .iter()
        .find(|it| it.deadline == DeadlineId::Sign)
        .unwrap();
    assert_eq!(sign.reckoned, Reckoned::TextsNotAtHand);
}

#[test]
fn in_the_middle_of_a_handover_the_answerability_stays_and_the_hands_have_changed() {
    let history = History::recorded()
        .act("wang-jianguo", "14:00", slip("security", "engineering"))
        .arrived("14:10")
        .act("chen-gong", "14:20", received("engineering"));
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let library = Library {
        site: &Site::default(),
        texts: &[&history.rules],
    };
    let then = |view| explain(&history.envelopes, day("14:05"), view, &evidence, &library).unwrap();
    let done = then(View::Done);
    assert_eq!(done.first_responder.person, person("wang-jianguo"));
    assert_eq!(
        done.hands,
        Owed {
            department: "engineering".parse().unwrap(),
            person: None
        }
    );
    assert!(matches!(
        done.stage,
        Stage::Passed {
            received: false,
            ..
        }
    ));
    assert_eq!(owing(&done.owed, TRANSFER), (day("10:06"), Verdict::Missed));
    let known = then(View::KnownAtHeadOffice);
    assert_eq!(known.stage, Stage::Own, "the slip was still in the phone");
    assert_eq!(owing(&known.owed, TRANSFER), (day("10:06"), Verdict::Late));
    let before = explain(
        &history.envelopes,
        day("09:00"),
        View::Done,
        &evidence,
        &library,
    );
    assert_eq!(before, None);
}

#[test]
fn an_explanation_names_the_post_on_duty() {
    let shift = ShiftId::from_random([5; 16]);
    let to = person("zhao-qiang");
    let history = History::recorded()
        .act(
            "wang-jianguo",
            "09:20",
            Fact::ShiftPassed(ShiftPassed { shift, to }),
        )
        .act(
            "zhao-qiang",
            "09:30",
            Fact::ShiftTaken(ShiftTaken { shift }),
        );
    let library = Library {
        site: &Site::default(),
        texts: &[&history.rules],
    };
    let then = |time| {
        explain(
            &history.envelopes,
            day(time),
            View::Done,
            &Evidence::default(),
            &library,
        )
        .unwrap()
    };
    let under_way = then("09:25");
    assert_eq!(
        under_way.shift,
        Some((person("wang-jianguo"), person("zhao-qiang")))
    );
    assert_eq!(under_way.on_duty, None);
    let taken = then("09:31");
    assert_eq!(
        (taken.shift, taken.on_duty),
        (None, Some(person("zhao-qiang")))
    );
    assert_eq!(taken.first_responder.person, person("wang-jianguo"), "F3");
}

#[test]
fn a_timeline_has_what_happened_and_what_will() {
    let history = passed_on("10:30", None);
    let case = history.case();
    let of = |deadline| {
        let all = timeline(&case, &history.rules);
        assert!(all.is_sorted_by_key(|it| it.at));
        all.into_iter()
            .filter(|it| case.obligations[it.obligation].deadline == deadline)
            .map(|it| (it.what, it.at))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(TRANSFER),
        [
            (Change::Arose, day("09:06")),
            (Change::FellDue, day("10:06")),
            (Change::Met, day("10:30")),
        ]
    );
    assert_eq!(
        of(DeadlineId::Sign),
        [
            (Change::Arose, day("10:30")),
            (Change::FellDue, at("2026-07-14 18:00")),
        ]
    );
}

#[test]
fn what_was_done_in_time_never_fell_due() {
    let history = passed_on("10:00", None);
    let case = history.case();
    let fell_due = timeline(&case, &history.rules).into_iter().any(|it| {
        case.obligations[it.obligation].deadline == TRANSFER && it.what == Change::FellDue
    });
    assert!(!fell_due);
}

#[test]
fn an_envelope_that_stops_halfway_leaves_nothing() {
    let history = History::recorded();
    let before = history.case();
    let facts = [received("security"), slip("security", "engineering")]
        .map(|it| Event::new(it, Content::default()));
    let halfway = [slip("security", "engineering"), slip("security", "service")]
        .map(|it| Event::new(it, Content::default()));
    for (n, events) in [(2, facts), (3, halfway)] {
        let bad = support::seal(
            &history.rules,
            n,
            "wang-jianguo",
            day("09:10"),
            &events,
            None,
        );
        let folded = Case::fold([&history.envelopes[0], &bad]);
        assert_eq!(folded.case.as_ref(), Some(&before));
        assert_eq!(folded.without_effect.len(), 1);
        let met = before
            .obligations
            .iter()
            .any(|it| matches!(it.end, Some(End::Met { .. })));
        assert!(!met);
    }
}

#[test]
fn a_pack_may_be_shorter_than_the_calendar_day() {
    let hasty = rules_with(|it| it.replacen("limit = \"1h clock\"", "limit = \"5min clock\"", 1));
    let history = History::new(hasty)
        .act("wang-jianguo", "09:06", Fact::Recorded(record()))
        .act("wang-jianguo", "09:12", slip("security", "engineering"));
    history.check(TRANSFER, Verdict::Missed);
}

#[test]
fn what_names_a_person_is_theirs_alone_and_else_it_is_the_departments() {
    let owed = |who: Option<&str>| Owed {
        department: "engineering".parse().unwrap(),
        person: who.map(person),
    };
    let is_for = |who, me: &str, mine: &str| owed(who).is_for(&person(me), &mine.parse().unwrap());
    assert!(is_for(Some("liu-wei"), "liu-wei", "security"));
    assert!(!is_for(Some("liu-wei"), "chen-gong", "engineering"));
    assert!(is_for(None, "chen-gong", "engineering"));
    assert!(!is_for(None, "wang-jianguo", "security"));
}

#[test]
fn other_texts_have_another_fingerprint() {
    let later = rules_with(|pack| format!("{pack}\n# A remark.\n"));
    assert_eq!(rules().fingerprint(), rules().fingerprint());
    assert_ne!(rules().fingerprint(), later.fingerprint());
}

#[test]
fn the_night_ends_with_its_last_minute() {
    let until = |time| rules().night_until(day(time));
    assert_eq!(until("08:29"), Some(day("08:30")));
    assert_eq!(until("08:30"), None);
    assert_eq!(until("20:29"), None);
    assert_eq!(until("20:30"), Some(at("2026-07-14 08:30")));
}

#[test]
fn a_case_is_seen_as_it_was_done_and_as_head_office_knew_it() {
    let history = History::recorded()
        .arrived("09:10")
        .act("wang-jianguo", "09:08", slip("security", "engineering"))
        .arrived("14:00");
    let acts = history.witnesses();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let n_moves = |folded: shouwen_domain::case::Folded| folded.case.map(|it| it.moves.len());
    let done = |time| n_moves(Case::at(&history.envelopes, day(time)));
    assert_eq!(done("09:05"), None);
    assert_eq!(done("09:07"), Some(0));
    assert_eq!(done("09:08"), Some(1));
    let known = |time| n_moves(Case::known_at(&history.envelopes, day(time), &evidence));
    assert_eq!(known("09:09"), None);
    assert_eq!(known("13:59"), Some(0), "the slip was under way");
    assert_eq!(known("14:00"), Some(1));
}
