//! The main path of a case, rule by rule: given these acts, when this is ordered, then that follows.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod support;

use shouwen_domain::case::{End, Stage, WithoutEffect};
use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
use shouwen_domain::decide::is_answerable;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{
    Channel, Contact, Ending, Field, Finding, MissingBecause, Outcome, PhotoAdded, PhotoSource,
    Signing,
};
use shouwen_domain::hash::Hash;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::summary::Summary;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Case, Command, Refusal, Rules, decide};
use support::{at, person, rules, seal};

/// One device that obeys commands and keeps its envelopes.
struct Desk {
    rules: Rules,
    envelopes: Vec<Envelope>,
}

impl Desk {
    fn new() -> Self {
        Self {
            rules: rules(),
            envelopes: Vec::new(),
        }
    }

    fn case(&self) -> Option<Case> {
        Case::fold(&self.envelopes).case
    }

    fn try_order(&mut self, by: &str, now: &str, command: Command) -> Result<(), Refusal> {
        let who = person(by);
        let acting = Acting {
            rules: &self.rules,
            person: &who,
            now: at(now),
            evidence: Evidence::default(),
        };
        let events = decide(self.case().as_ref(), command, acting)?;
        if !events.is_empty() {
            let n = u8::try_from(self.envelopes.len() + 1).unwrap();
            let previous = self.envelopes.last().map(Envelope::hash);
            self.envelopes
                .push(seal(&self.rules, n, by, at(now), &events, previous));
        }
        Ok(())
    }

    fn order(mut self, by: &str, now: &str, command: Command) -> Self {
        self.try_order(by, now, command)
            .expect("the command is in order here");
        self
    }

    fn refused(mut self, by: &str, now: &str, command: Command, refusal: &Refusal) -> Self {
        assert_eq!(self.try_order(by, now, command).as_ref(), Err(refusal));
        self
    }

    /// What the handling owes: deadline, person or department, due. The customer's clock and the heads'
    /// signatures stand beside it and have scenarios of their own.
    fn owes(self, expected: &[(DeadlineId, &str, &str)]) -> Self {
        let case = self.case().unwrap();
        let open: Vec<(DeadlineId, String, Moment)> = case
            .open_obligations()
            .filter(|it| {
                !matches!(
                    it.deadline,
                    DeadlineId::Customer
                        | DeadlineId::SignReceipt
                        | DeadlineId::SignDispatch
                        | DeadlineId::SignResult
                )
            })
            .map(|it| {
                let who = it
                    .owed_by
                    .person
                    .as_ref()
                    .map_or(it.owed_by.department.as_str(), |it| it.as_str());
                (
                    it.deadline,
                    who.to_owned(),
                    self.rules.due(&case, it).unwrap().at,
                )
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, who, due)| (*id, (*who).to_owned(), at(due)))
            .collect();
        assert_eq!(open, expected);
        self
    }
}

fn form(next: Next, asked_at: &str) -> RecordForm {
    RecordForm {
        number: "0713-K7-001".into(),
        channel: Channel::Met,
        asked_at: at(asked_at),
        asked: vec![person("wang-jianguo")],
        category: "water-leak".parse().unwrap(),
        matter: "厨房天花板滴水".into(),
        customer: "李女士".into(),
        phone: "13800005678".into(),
        address: "3-2-1502".into(),
        remark: String::new(),
        next,
        more: Circumstances::default(),
    }
}

fn record(next: Next, asked_at: &str) -> Command {
    Command::Record(Box::new(form(next, asked_at)))
}

fn hand_over(to: &str) -> Command {
    Command::HandOver {
        to: to.parse().unwrap(),
        explained: Explained::Accepted,
        text: String::new(),
    }
}

fn reply() -> Command {
    Command::Reply {
        outcome: Outcome::Solved,
        text: "已更换角阀".into(),
        told: None,
        suggestion: None,
    }
}

fn tell() -> Command {
    Command::TellResult {
        how: Contact::Call,
        text: String::new(),
    }
}

fn visit(finding: Finding) -> Command {
    Command::Visit {
        how: Contact::Call,
        finding,
        phone: "13800005678".to_owned(),
        words: "知道了".to_owned(),
    }
}

fn handed_over() -> Desk {
    Desk::new()
        .order(
            "wang-jianguo",
            "2026-07-13 09:06",
            record(Next::Keep, "2026-07-13 09:06"),
        )
        .order("wang-jianguo", "2026-07-13 09:08", hand_over("engineering"))
}

fn replied() -> Desk {
    handed_over()
        .order(
            "chen-gong",
            "2026-07-13 09:15",
            Command::NameHandler {
                handler: person("liu-wei"),
            },
        )
        .order("liu-wei", "2026-07-13 11:00", reply())
}

#[test]
fn a_matter_of_another_department_is_to_be_handed_over_within_an_hour() {
    Desk::new()
        .order(
            "wang-jianguo",
            "2026-07-13 09:06",
            record(Next::Keep, "2026-07-13 09:06"),
        )
        .owes(&[(DeadlineId::Transfer, "wang-jianguo", "2026-07-13 10:06")]);
}

#[test]
fn a_slip_before_the_spring_festival_is_answered_after_it() {
    Desk::new()
        .order(
            "wang-jianguo",
            "2026-02-14 17:40",
            record(Next::Keep, "2026-02-14 17:40"),
        )
        .owes(&[(DeadlineId::Transfer, "wang-jianguo", "2026-02-14 18:40")])
        .order("wang-jianguo", "2026-02-14 17:40", hand_over("engineering"));
    let desk = Desk::new()
        .order(
            "wang-jianguo",
            "2026-02-14 17:40",
            record(Next::Keep, "2026-02-14 17:40"),
        )
        .order("wang-jianguo", "2026-02-14 17:40", hand_over("engineering"));
    let case = desk.case().unwrap();
    let reply = case
        .open_obligations()
        .find(|it| it.deadline == DeadlineId::Reply)
        .unwrap();
    assert_eq!(
        desk.rules.due(&case, reply).unwrap().at,
        at("2026-02-24 18:00")
    );
}

#[test]
fn a_handed_over_slip_has_its_clocks_from_the_handover() {
    handed_over().owes(&[
        (DeadlineId::Sign, "engineering", "2026-07-14 18:00"),
        (DeadlineId::AssignHandler, "engineering", "2026-07-13 09:23"),
        (DeadlineId::Reply, "engineering", "2026-07-14 18:00"),
    ]);
}

#[test]
fn the_whole_main_path_ends_closed_and_satisfied() {
    let desk = replied()
        .refused(
            "wang-jianguo",
            "2026-07-13 11:05",
            Command::Close,
            &Refusal::NotTold,
        )
        .order("wang-jianguo", "2026-07-13 11:10", tell())
        .refused(
            "wang-jianguo",
            "2026-07-13 11:11",
            Command::Close,
            &Refusal::NotVisited,
        )
        .order(
            "wang-jianguo",
            "2026-07-14 09:00",
            visit(Finding::Satisfied),
        )
        .order("wang-jianguo", "2026-07-14 09:01", Command::Close)
        .owes(&[]);
    let case = desk.case().unwrap();
    assert_eq!(
        (&case.stage, case.ending),
        (&Stage::Closed, Some(Ending::Satisfied))
    );
    assert_eq!(
        case.record.first_responder,
        person("wang-jianguo"),
        "F3: a transfer never changes it"
    );
    let open: Vec<_> = case.open_obligations().map(|it| it.deadline).collect();
    assert_eq!(
        open,
        [DeadlineId::SignResult],
        "T6: a late signature holds nothing back"
    );
    let met = case
        .obligations
        .iter()
        .filter(|it| it.end.is_some())
        .all(|it| matches!(it.end, Some(End::Met { .. })));
    assert!(met, "{:?}", case.obligations);
}

#[test]
fn the_highest_position_asked_is_the_first_responder() {
    let mut both = form(Next::Keep, "2026-07-13 09:00");
    both.asked = vec![person("wang-jianguo"), person("zhao-qiang")];
    let desk = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(both)),
    );
    assert_eq!(
        desk.case().unwrap().record.first_responder,
        person("zhao-qiang")
    );
}

#[test]
fn of_equal_positions_the_one_who_records_is_the_first_responder() {
    let mut both = form(Next::Keep, "2026-07-13 09:00");
    both.asked = vec![person("liu-wei"), person("wang-jianguo")];
    let desk = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(both)),
    );
    let record = desk.case().unwrap().record;
    assert_eq!(record.first_responder, person("wang-jianguo"));
    assert_eq!(record.asked.len(), 2, "the record names all who were asked");
}

#[test]
fn answered_at_once_closes_with_the_answer() {
    let next = Next::AnswerAtOnce {
        text: "快递柜在北门".into(),
    };
    let mut quick = form(next, "2026-07-13 09:00");
    (quick.customer, quick.phone, quick.address) = (String::new(), String::new(), String::new());
    let desk = Desk::new()
        .order(
            "wang-jianguo",
            "2026-07-13 09:00",
            Command::Record(Box::new(quick)),
        )
        .owes(&[]);
    let case = desk.case().unwrap();
    assert_eq!(case.ending, Some(Ending::AnsweredAtOnce));
    assert!(case.record.missing.is_empty(), "I2 asks for no name");
}

#[test]
fn a_form_without_name_is_filed_as_incomplete_and_one_without_matter_not_at_all() {
    let mut nameless = form(Next::Keep, "2026-07-13 09:00");
    nameless.customer = "  ".into();
    Desk::new().refused(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(nameless.clone())),
        &Refusal::Incomplete {
            missing: vec![Field::CustomerName],
        },
    );
    nameless.more.missing_because = Some(MissingBecause::Declined);
    let desk = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(nameless)),
    );
    assert_eq!(desk.case().unwrap().record.missing, [Field::CustomerName]);
    let mut empty = form(Next::Keep, "2026-07-13 09:00");
    empty.matter = " \n".into();
    Desk::new().refused(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(empty)),
        &Refusal::Missing {
            field: Field::Matter,
        },
    );
}

fn photo(name: &str) -> PhotoAdded {
    PhotoAdded {
        photo: Hash::of(name.as_bytes()),
        source: PhotoSource::Camera,
        taken_at: None,
        placed: false,
    }
}

#[test]
fn photos_taken_while_recording_are_one_action_with_the_record() {
    let mut form = form(Next::Keep, "2026-07-13 09:00");
    form.more.photos = vec![photo("leak"), photo("ceiling"), photo("leak")];
    let desk = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:05",
        Command::Record(Box::new(form)),
    );
    let names = |desk: &Desk| -> Vec<Hash> {
        let photos = desk.case().unwrap().intake.photos;
        photos.iter().map(|it| it.photo).collect()
    };
    assert_eq!(desk.envelopes.len(), 1);
    let [leak, ceiling, valve] = ["leak", "ceiling", "valve"].map(|it| photo(it).photo);
    assert_eq!(names(&desk), [leak, ceiling]);
    let photos = vec![photo("valve"), photo("ceiling"), photo("valve")];
    let more = Command::AddPhotos { photos };
    let desk = desk.order("wang-jianguo", "2026-07-13 09:10", more.clone());
    assert_eq!(names(&desk), [leak, ceiling, valve]);
    let desk = desk.order("wang-jianguo", "2026-07-13 09:11", more);
    assert_eq!(
        desk.envelopes.len(),
        2,
        "what is there already is no action"
    );
}

#[test]
fn more_photos_at_once_than_an_act_takes_are_refused() {
    let photos: Vec<_> = (0..=limits::PHOTOS)
        .map(|it| photo(&it.to_string()))
        .collect();
    let refusal = Refusal::TooManyPhotos {
        limit: limits::PHOTOS,
    };
    let mut form = form(Next::Keep, "2026-07-13 09:00");
    form.more.photos.clone_from(&photos);
    let record = Command::Record(Box::new(form));
    Desk::new().refused("wang-jianguo", "2026-07-13 09:05", record, &refusal);
    let more = Command::AddPhotos { photos };
    handed_over().refused("wang-jianguo", "2026-07-13 10:00", more, &refusal);
}

#[test]
fn a_late_record_needs_its_reason() {
    let late = Refusal::LateWithoutReason {
        allowed: shouwen_domain::moment::Minutes(15),
    };
    let mut reasoned = form(Next::Keep, "2026-07-13 09:00");
    reasoned.remark = "当时在处理电梯困人".into();
    Desk::new()
        .refused(
            "wang-jianguo",
            "2026-07-13 09:16",
            record(Next::Keep, "2026-07-13 09:00"),
            &late,
        )
        .order(
            "wang-jianguo",
            "2026-07-13 09:16",
            Command::Record(Box::new(reasoned)),
        );
}

#[test]
fn a_slip_is_returned_only_with_an_opinion_and_goes_on_within_half_an_hour() {
    handed_over()
        .refused(
            "chen-gong",
            "2026-07-13 09:20",
            Command::Return {
                opinion: " ".into(),
            },
            &Refusal::OpinionMissing,
        )
        .order(
            "chen-gong",
            "2026-07-13 09:20",
            Command::Return {
                opinion: "属外墙，归开发商".into(),
            },
        )
        .owes(&[(DeadlineId::ReturnSlip, "wang-jianguo", "2026-07-13 09:50")])
        .order("wang-jianguo", "2026-07-13 09:30", hand_over("service"));
}

#[test]
fn a_slip_passed_on_runs_from_its_own_handover() {
    let pass_on = Command::HandOver {
        to: "service".parse().unwrap(),
        explained: Explained::Accepted,
        text: "属投诉".into(),
    };
    let desk = handed_over()
        .order("chen-gong", "2026-07-13 14:00", pass_on)
        .owes(&[
            (DeadlineId::Sign, "service", "2026-07-14 18:00"),
            (DeadlineId::AssignHandler, "service", "2026-07-13 14:15"),
            (DeadlineId::Reply, "service", "2026-07-14 18:00"),
        ]);
    assert_eq!(desk.case().unwrap().moves.len(), 2);
}

#[test]
fn what_is_not_satisfied_is_worked_on_again() {
    let desk = replied()
        .order("wang-jianguo", "2026-07-13 11:10", tell())
        .order(
            "wang-jianguo",
            "2026-07-14 09:00",
            visit(Finding::NotSatisfied),
        )
        .owes(&[(DeadlineId::Reply, "liu-wei", "2026-07-15 18:00")])
        .order("liu-wei", "2026-07-14 10:00", reply());
    assert!(
        desk.case().unwrap().result.unwrap().told.is_none(),
        "the new result has to be told again"
    );
}

#[test]
fn a_customer_not_reached_is_tried_again_until_it_is_enough() {
    let desk = replied()
        .order("wang-jianguo", "2026-07-13 11:10", tell())
        .order(
            "wang-jianguo",
            "2026-07-13 12:00",
            visit(Finding::NotReached),
        )
        .refused(
            "wang-jianguo",
            "2026-07-13 12:01",
            Command::Close,
            &Refusal::TryAgain {
                tried: 1,
                needed: 3,
            },
        )
        .order(
            "wang-jianguo",
            "2026-07-14 12:00",
            visit(Finding::NotReached),
        )
        .order(
            "wang-jianguo",
            "2026-07-15 12:00",
            visit(Finding::NotReached),
        )
        .order("wang-jianguo", "2026-07-15 12:01", Command::Close);
    assert_eq!(desk.case().unwrap().ending, Some(Ending::NotReached));
}

#[test]
fn whoever_did_the_work_does_not_visit() {
    let mut own = form(Next::Keep, "2026-07-13 09:00");
    own.asked = vec![person("liu-wei")];
    let told = Command::Reply {
        outcome: Outcome::Solved,
        text: "修好了".into(),
        told: Some(Contact::InPerson),
        suggestion: None,
    };
    Desk::new()
        .order(
            "liu-wei",
            "2026-07-13 09:00",
            Command::Record(Box::new(own)),
        )
        .owes(&[(DeadlineId::Reply, "liu-wei", "2026-07-14 18:00")])
        .order("liu-wei", "2026-07-13 10:00", told)
        .refused(
            "liu-wei",
            "2026-07-13 10:05",
            visit(Finding::Satisfied),
            &Refusal::VisitorDidTheWork,
        )
        .order("liu-wei", "2026-07-13 10:06", Command::Close);
    let mut complaint = form(Next::Keep, "2026-07-13 09:00");
    complaint.asked = vec![person("liu-wei")];
    complaint.category = "order-noise".parse().unwrap();
    Desk::new()
        .order(
            "liu-wei",
            "2026-07-13 09:00",
            Command::Record(Box::new(complaint)),
        )
        .order("liu-wei", "2026-07-13 10:00", reply())
        .owes(&[
            (DeadlineId::TellResult, "liu-wei", "2026-07-13 11:00"),
            (DeadlineId::ReturnVisit, "engineering", "2026-07-14 18:00"),
        ]);
}

#[test]
fn other_departments_cannot_act_on_a_slip() {
    let theirs = Refusal::NotYourDepartment {
        department: "engineering".parse().unwrap(),
    };
    handed_over()
        .refused("zhang-min", "2026-07-13 09:20", reply(), &theirs)
        .refused("zhang-min", "2026-07-13 09:20", Command::Receive, &theirs);
}

#[test]
fn naming_the_same_handler_twice_changes_nothing() {
    let name = || Command::NameHandler {
        handler: person("liu-wei"),
    };
    let once = handed_over().order("chen-gong", "2026-07-13 09:15", name());
    let n = once.envelopes.len();
    assert_eq!(
        once.order("chen-gong", "2026-07-13 09:16", name())
            .envelopes
            .len(),
        n
    );
}

#[test]
fn two_handovers_at_once_stay_on_record_and_the_earlier_holds() {
    let before = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:06",
        record(Next::Keep, "2026-07-13 09:06"),
    );
    let rules = rules();
    let other = |n, to: &str| {
        let who = person("zhao-qiang");
        let acting = Acting {
            rules: &rules,
            person: &who,
            now: at("2026-07-13 09:09"),
            evidence: Evidence::default(),
        };
        let events = decide(before.case().as_ref(), hand_over(to), acting).unwrap();
        seal(
            &rules,
            n,
            "zhao-qiang",
            at("2026-07-13 09:09"),
            &events,
            None,
        )
    };
    let (first, second) = (other(2, "engineering"), other(3, "service"));
    let orders = [
        [before.envelopes[0].clone(), first.clone(), second.clone()],
        [second.clone(), before.envelopes[0].clone(), first.clone()],
    ];
    for envelopes in orders {
        let folded = Case::fold(&envelopes);
        assert_eq!(
            folded.case.as_ref().unwrap().holder().as_str(),
            "engineering"
        );
        assert!(
            matches!(&folded.without_effect[..], [(id, WithoutEffect::Parallel(Refusal::PassedOn { .. }))]
            if *id == second.header().id)
        );
        let summary = Summary::of(&folded, &envelopes, &rules).unwrap();
        assert_eq!(summary.n_without_effect, 1);
    }
}

#[test]
fn a_text_beyond_the_limit_is_refused_with_its_length() {
    let mut long = form(Next::Keep, "2026-07-13 09:00");
    long.matter = "水".repeat(4_001);
    Desk::new().refused(
        "wang-jianguo",
        "2026-07-13 09:00",
        Command::Record(Box::new(long)),
        &Refusal::TooLong {
            field: Field::Matter,
            chars: 4_001,
            limit: 4_000,
        },
    );
}

#[test]
fn a_summary_survives_its_bytes_and_shows_the_most_urgent_first() {
    let desk = handed_over();
    let summary = Summary::of(&Case::fold(&desk.envelopes), &desk.envelopes, &desk.rules).unwrap();
    assert_eq!(summary.tasks[0].deadline, DeadlineId::AssignHandler);
    assert_eq!(summary.due(), Some(at("2026-07-13 09:23")));
    assert_eq!(Summary::from_bytes(&summary.to_bytes()), Some(summary));
}

impl Desk {
    fn summary(&self) -> Summary {
        Summary::of(&Case::fold(&self.envelopes), &self.envelopes, &self.rules).unwrap()
    }
}

#[test]
fn a_closed_case_stays_due_until_its_last_signature() {
    let closed = replied()
        .order("wang-jianguo", "2026-07-13 11:20", tell())
        .order(
            "wang-jianguo",
            "2026-07-13 15:00",
            visit(Finding::Satisfied),
        )
        .order("wang-jianguo", "2026-07-13 15:10", Command::Close);
    let (head, department) = (person("chen-gong"), "engineering".parse().unwrap());
    let summary = closed.summary();
    assert_eq!(summary.ending, Some(Ending::Satisfied));
    assert_eq!(summary.due(), Some(at("2026-07-14 18:00")));
    assert_eq!(
        summary.first_for(&head, &department).map(|it| it.deadline),
        Some(DeadlineId::SignResult)
    );
    assert_eq!(
        summary.first_for(&person("wang-jianguo"), &"security".parse().unwrap()),
        None
    );
    let signed = closed.order(
        "chen-gong",
        "2026-07-13 16:00",
        Command::Sign {
            what: Signing::Result,
        },
    );
    assert_eq!(signed.summary().due(), None);
}

#[test]
fn a_list_shows_the_place_and_neither_name_nor_number() {
    let mut form = form(Next::Keep, "2026-07-13 09:06");
    form.customer = "李女士".to_owned();
    form.phone = "13800005678".to_owned();
    form.address = "3-2-1502".to_owned();
    form.matter = "李女士 13800005678 说 3-2-1502 滴水".to_owned();
    let desk = Desk::new().order(
        "wang-jianguo",
        "2026-07-13 09:06",
        Command::Record(Box::new(form)),
    );
    let summary = desk.summary();
    assert_eq!(summary.matter, "李** 138****5678 说 3-2-1502 滴水");
    assert_eq!(summary.address, "3-2-1502");
}

#[test]
fn whoever_is_answerable_reaches_the_customer_without_asking() {
    let sees = |desk: &Desk, who: &str| {
        let directory = &desk.rules.directory;
        let person = directory.person(&person(who)).unwrap();
        is_answerable(&desk.case().unwrap(), person, directory)
    };
    let slip = handed_over();
    assert!(sees(&slip, "wang-jianguo"), "the first responder");
    assert!(sees(&slip, "chen-gong"), "who has to name a handler");
    assert!(!sees(&slip, "zhang-min"));
    let named = slip.order(
        "chen-gong",
        "2026-07-13 09:15",
        Command::NameHandler {
            handler: person("liu-wei"),
        },
    );
    assert!(sees(&named, "liu-wei"), "the handler");
    assert!(!sees(&named, "li-na"));
    let closed = replied()
        .order("wang-jianguo", "2026-07-13 11:20", tell())
        .order(
            "wang-jianguo",
            "2026-07-13 15:00",
            visit(Finding::Satisfied),
        )
        .order("wang-jianguo", "2026-07-13 15:10", Command::Close);
    assert!(!sees(&closed, "wang-jianguo"), "over for them");
    assert!(sees(&closed, "chen-gong"), "who has to sign still");
}

#[test]
fn the_customers_clock_is_no_task_of_its_own() {
    let desk = handed_over();
    let summary = desk.summary();
    assert!(
        summary
            .tasks
            .iter()
            .any(|it| it.deadline == DeadlineId::Customer)
    );
    let home = "security".parse().unwrap();
    assert_eq!(summary.first_for(&person("wang-jianguo"), &home), None);
    assert_eq!(
        summary.first().map(|it| it.deadline),
        Some(DeadlineId::AssignHandler)
    );
}
