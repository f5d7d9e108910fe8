//! What somebody does who does not know yet what others did has no effect, or just its own: given these facts as they
//! are on record, in this order, then that. Whether they could be ordered is `decide`'s to say, and is not asked here.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod support;

use shouwen_domain::assessment::questions;
use shouwen_domain::case::{Case, End, Folded, OneMatter, PhotoDoubt, WithoutEffect};
use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::{
    AgreedBecause, AnsweredAtOnce, AskedBefore, Channel, Contact, ContactLogged, Content,
    EmergencyStep, EmergencyStepDone, Escalated, Event, Fact, Finding, Guidance, Guided,
    GuidedReceived, HandedOver, HandlerNamed, Instructed, Joined, Kind, LeadNamed, Outcome,
    OuterExtended, OuterLimit, OuterTicket, PhotoAdded, PhotoSource, PutToLeader, Received,
    Recorded, RejectedOutside, Reopened, Replied, ReportedToCoordination, ResultTakenOver,
    ResultTold, Returned, ShiftPassed, ShiftTaken, Signed, Signing, SpotChecked, Succeeded,
    SuccessionReason, TimeAgreed, Urgency, UrgencySet, VisitWaived, Visited, WaivedBecause,
};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, EnvelopeId, ShiftId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{DeadlineId, Difficulty};
use shouwen_domain::{Refusal, Rules};
use support::{at, person, rules, seal};

/// Another case.
const MAIN: CaseId = CaseId::from_random([9; 16]);

fn minute(n: u8) -> Moment {
    at("2026-07-13 09:06") + Minutes(n.into())
}

fn id(n: u8) -> EnvelopeId {
    EnvelopeId::from_random([n; 16])
}

fn record() -> Recorded {
    Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Met,
        asked_at: minute(0),
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

/// One envelope a minute, each with one fact.
struct History {
    rules: Rules,
    envelopes: Vec<Envelope>,
}

impl History {
    fn of(by: &str, record: Recorded) -> Self {
        let begun = Self {
            rules: rules(),
            envelopes: Vec::new(),
        };
        begun.then(by, Fact::Recorded(record))
    }

    /// By the guard who was asked; the matter is engineering's.
    fn recorded() -> Self {
        Self::of("wang-jianguo", record())
    }

    fn handed_over() -> Self {
        Self::recorded().then("wang-jianguo", slip("security", "engineering"))
    }

    fn handled() -> Self {
        Self::handed_over()
            .then("chen-gong", received("engineering"))
            .then("chen-gong", named("liu-wei"))
    }

    fn told() -> Self {
        Self::handled()
            .then("liu-wei", replied("engineering"))
            .then("wang-jianguo", told())
    }

    fn then(mut self, by: &str, fact: Fact) -> Self {
        let n = u8::try_from(self.envelopes.len() + 1).unwrap();
        let events = [Event::new(fact, Content::default())];
        let previous = self.envelopes.last().map(Envelope::hash);
        let sealed = seal(&self.rules, n, by, minute(n), &events, previous);
        self.envelopes.push(sealed);
        self
    }

    fn folded(&self) -> Folded {
        Case::fold(&self.envelopes)
    }

    /// After acts that all count.
    #[track_caller]
    fn case(&self) -> Case {
        let folded = self.folded();
        assert_eq!(folded.without_effect, []);
        folded.case.unwrap()
    }

    /// One act more, which has no effect.
    #[track_caller]
    fn too_late(self, by: &str, fact: Fact, refusal: Refusal) {
        let before = self.case();
        let folded = self.then(by, fact).folded();
        let why: Vec<_> = folded.without_effect.into_iter().map(|it| it.1).collect();
        assert_eq!(why, [WithoutEffect::Parallel(refusal)]);
        assert_eq!(folded.case, Some(before));
    }

    #[track_caller]
    fn not_rerouted(&self) {
        let folded = self.folded();
        assert_eq!((folded.without_effect, folded.rerouted), (vec![], vec![]));
    }
}

/// Person or department, for each that is open.
fn owing(case: &Case, deadline: DeadlineId) -> Vec<String> {
    case.open_obligations()
        .filter(|it| it.deadline == deadline)
        .map(|it| match &it.owed_by.person {
            Some(person) => person.to_string(),
            None => it.owed_by.department.to_string(),
        })
        .collect()
}

fn slip(from: &str, to: &str) -> Fact {
    Fact::HandedOver(HandedOver::new(from.parse().unwrap(), to.parse().unwrap()))
}

fn received(department: &str) -> Fact {
    Fact::Received(Received {
        department: department.parse().unwrap(),
        head: None,
    })
}

fn named(handler: &str) -> Fact {
    Fact::HandlerNamed(HandlerNamed {
        handler: person(handler),
    })
}

fn returned(from: &str, to: &str) -> Fact {
    Fact::Returned(Returned {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        sender_head: None,
    })
}

fn replied(department: &str) -> Fact {
    Fact::Replied(Replied {
        department: department.parse().unwrap(),
        outcome: Outcome::Solved,
        phrases: Vec::new(),
        suggestion: None,
        head: None,
    })
}

fn told() -> Fact {
    Fact::ResultTold(ResultTold {
        how: Contact::Call,
        phrases: Vec::new(),
    })
}

fn visited(finding: Finding) -> Fact {
    Fact::Visited(Visited {
        how: Contact::Call,
        finding,
        enough: false,
    })
}

fn succeeded(to: &str, department: &str) -> Fact {
    Fact::Succeeded(Succeeded {
        to: person(to),
        department: department.parse().unwrap(),
        reason: SuccessionReason::Leave,
        supervisor: None,
    })
}

fn emergency(emergency: &str) -> Fact {
    Fact::UrgencySet(UrgencySet {
        urgency: Urgency::Emergency,
        emergency: Some(emergency.parse().unwrap()),
        needs_rescuer: true,
    })
}

fn step(step: EmergencyStep) -> Fact {
    Fact::EmergencyStepDone(EmergencyStepDone {
        step,
        done_at: minute(10),
    })
}

fn coordination() -> Fact {
    Fact::ReportedToCoordination(ReportedToCoordination {
        to: "office".parse().unwrap(),
        head: None,
        automatic: false,
        sender_head: None,
        supervisor_told: None,
    })
}

fn guided(to: &str) -> Fact {
    Fact::Guided(Guided {
        to: to.parse().unwrap(),
        how: Guidance::Taken,
        head: None,
    })
}

fn shift(n: u8) -> ShiftId {
    ShiftId::from_random([n; 16])
}

fn shift_passed(n: u8, to: &str) -> Fact {
    Fact::ShiftPassed(ShiftPassed {
        shift: shift(n),
        to: person(to),
    })
}

fn shift_taken(n: u8) -> Fact {
    Fact::ShiftTaken(ShiftTaken { shift: shift(n) })
}

fn passed_on(to: &str) -> Refusal {
    Refusal::PassedOn {
        to: to.parse().unwrap(),
    }
}

const fn not_owed(deadline: DeadlineId) -> Refusal {
    Refusal::NotOwed { deadline }
}

#[test]
fn t1_only_who_has_the_slip_moves_it() {
    let with = History::handed_over;
    History::recorded().too_late(
        "feng-li",
        slip("finance", "cleaning"),
        passed_on("security"),
    );
    with().too_late("li-na", received("service"), passed_on("engineering"));
    with().too_late(
        "li-na",
        returned("service", "security"),
        passed_on("engineering"),
    );
    with().too_late("li-na", replied("service"), passed_on("engineering"));
    History::recorded().too_late("feng-li", replied("finance"), passed_on("security"));
    with().too_late("chen-gong", named("liu-wei"), Refusal::NotReceived);
    History::recorded().too_late("zhao-qiang", received("security"), Refusal::NoSlip);
}

#[test]
fn t6_a_signature_is_the_departments_that_owes_it() {
    let signed = |department: &str| {
        Fact::Signed(Signed {
            department: department.parse().unwrap(),
            what: Signing::Receipt,
        })
    };
    let owed = || {
        let received = Fact::Received(Received {
            department: "engineering".parse().unwrap(),
            head: Some(person("chen-gong")),
        });
        History::handed_over().then("liu-wei", received)
    };
    let refusal = || not_owed(DeadlineId::SignReceipt);
    owed().too_late("li-na", signed("service"), refusal());
    owed().then("chen-gong", signed("engineering")).too_late(
        "chen-gong",
        signed("engineering"),
        refusal(),
    );
}

#[test]
fn t10_no_time_is_agreed_for_what_was_passed_on_or_answered() {
    let agreed = || {
        Fact::TimeAgreed(TimeAgreed {
            at: at("2026-07-15 10:00"),
            because: AgreedBecause::CustomersWish,
            customer_until: None,
        })
    };
    let coordinated = History::recorded().then("wang-jianguo", coordination());
    coordinated.too_late("wang-jianguo", agreed(), passed_on("office"));
    History::told().too_late("liu-wei", agreed(), Refusal::AlreadyReplied);
}

#[test]
fn t7_only_a_coordinator_who_was_asked_names_the_lead() {
    let lead = Fact::LeadNamed(LeadNamed {
        lead: "engineering".parse().unwrap(),
        head: None,
        contractor: false,
        upheld: Vec::new(),
        sender_head: None,
    });
    History::recorded().too_late("sun-li", lead, Refusal::NotCoordinating);
}

#[test]
fn c2_an_instruction_to_who_has_it_moves_nothing() {
    let escalated = Fact::Escalated(Escalated {
        director: person("sun-li"),
        department: "office".parse().unwrap(),
    });
    let instructed = |department: &str| {
        Fact::Instructed(Instructed {
            department: Some(department.parse().unwrap()),
            head: None,
            contractor: false,
        })
    };
    let asked = |history: History| history.then("wang-jianguo", escalated.clone());
    let n_moves = |history: History| history.case().moves.len();
    let same = asked(History::handed_over()).then("sun-li", instructed("engineering"));
    assert_eq!(n_moves(same), 1);
    let answered = asked(History::handled()).then("liu-wei", replied("engineering"));
    assert_eq!(n_moves(answered.then("sun-li", instructed("service"))), 1);
}

#[test]
fn c3_one_answer_of_a_leader_is_awaited_at_a_time() {
    let put = || {
        Fact::PutToLeader(PutToLeader {
            leader: person("sun-li"),
            leader_department: "office".parse().unwrap(),
            expected_at: at("2026-07-14 10:00"),
        })
    };
    let awaited = History::recorded().then("wang-jianguo", put());
    awaited.too_late("wang-jianguo", put(), Refusal::AwaitingLeader);
}

#[test]
fn c5_a_result_comes_from_what_it_was_joined_with_and_from_nowhere_once_passed_on() {
    let other = CaseId::from_random([8; 16]);
    let joined = || {
        let joined = Fact::Joined(Joined { main: MAIN });
        History::recorded().then("wang-jianguo", joined)
    };
    let taken_over = Fact::ResultTakenOver(ResultTakenOver {
        main: other,
        reply: id(5),
        department: "engineering".parse().unwrap(),
        outcome: Outcome::Solved,
        in_sample: true,
        by: None,
    });
    let not_joined = Refusal::NotJoined { main: other };
    joined().too_late("wang-jianguo", taken_over, not_joined);
    assert_eq!(joined().case().coordination.main, Some(MAIN));
    let passed_on = joined().then("wang-jianguo", slip("security", "engineering"));
    assert_eq!(passed_on.case().coordination.main, None);
}

#[test]
fn c5_of_many_customers_anybody_can_reckon_who_is_visited() {
    let main = History::told();
    let result = main.case().result.unwrap().envelope;
    let joined: Vec<Case> = (20..40)
        .map(|n| {
            let mut joined = History::recorded()
                .then("wang-jianguo", Fact::Joined(Joined { main: MAIN }))
                .case();
            joined.id = CaseId::from_random([n; 16]);
            joined
        })
        .collect();
    let mut drawn: Vec<CaseId> = joined.iter().map(|it| it.id).collect();
    drawn.sort_by_key(|it| Hash::of(&[*result.bytes(), *it.bytes()].concat()));
    let mut case = main.case();
    case.id = MAIN;
    let matter = OneMatter::of(&case, &joined);
    let visited: Vec<bool> = drawn
        .iter()
        .map(|it| matter.is_visited(*it, &main.rules))
        .collect();
    assert_eq!(visited, [[true; 10], [false; 10]].concat());
}

#[test]
fn c6_what_did_not_come_from_above_has_no_limits_of_a_sender() {
    let extended = Fact::OuterExtended(OuterExtended {
        limit: OuterLimit::Reply,
        until: at("2026-07-20 10:00"),
    });
    History::recorded().too_late("wang-jianguo", extended, Refusal::NotFromAbove);
    let mut from_above = record();
    from_above.outer = Some(OuterTicket {
        number: "12345-1".into(),
        sender: "12345".into(),
        sign_by: None,
        return_by: None,
        reply_by: None,
    });
    let rejected = || Fact::RejectedOutside(RejectedOutside { reply_by: None });
    let twice = History::of("wang-jianguo", from_above)
        .then("wang-jianguo", replied("security"))
        .then("wang-jianguo", rejected())
        .then("wang-jianguo", replied("security"))
        .then("wang-jianguo", rejected());
    let outer = twice.case().coordination.outer.unwrap();
    assert_eq!(outer.n_rejections, 2);
}

#[test]
fn f3_what_the_first_responder_sent_before_a_succession_comes_back_to_the_successor() {
    let before = History::handed_over().then("zhao-qiang", succeeded("li-na", "service"));
    assert_eq!(before.case().sender(), Some(&"service".parse().unwrap()));
    // The guards have it as a supporting department, and are the first responder's in between.
    let since = History::recorded()
        .then("zhao-qiang", succeeded("li-na", "service"))
        .then("li-na", slip("service", "security"))
        .then("li-na", succeeded("zhao-qiang", "security"))
        .then("zhao-qiang", succeeded("zheng-hui", "finance"))
        .then("zhao-qiang", slip("security", "engineering"));
    assert_eq!(since.case().sender(), Some(&"security".parse().unwrap()));
}

#[test]
fn f3_who_did_the_work_takes_over_all_but_the_visit() {
    let complaint = || {
        let mut complaint = record();
        complaint.kind = Kind::Complaint;
        History::of("wang-jianguo", complaint)
            .then("wang-jianguo", slip("security", "engineering"))
            .then("liu-wei", received("engineering"))
            .then("liu-wei", replied("engineering"))
    };
    let untold = complaint().then("zhao-qiang", succeeded("liu-wei", "engineering"));
    assert_eq!(owing(&untold.case(), DeadlineId::TellResult), ["liu-wei"]);
    let told = complaint()
        .then("wang-jianguo", told())
        .then("zhao-qiang", succeeded("liu-wei", "engineering"));
    assert_eq!(
        owing(&told.case(), DeadlineId::ReturnVisit),
        ["engineering"]
    );
}

#[test]
fn f5_who_was_asked_first_is_not_asked_whether_they_were_before() {
    let mut named = record();
    named.asked_before = Some(AskedBefore {
        person: person("wang-jianguo"),
        recorded_as: None,
        department: Some("security".parse().unwrap()),
    });
    let by_another = History::of("zhao-qiang", named.clone());
    assert_eq!(questions(&by_another.case()), []);
    named.asked_before.as_mut().unwrap().person = person("liu-wei");
    let of_another = History::of("zhao-qiang", named);
    assert_eq!(questions(&of_another.case())[0].to, person("liu-wei"));
}

#[test]
fn f6_with_the_answerability_goes_the_question_to_who_had_it() {
    let asked = History::of("zhao-qiang", record());
    assert_eq!(
        owing(&asked.case(), DeadlineId::ConfirmAsked),
        ["wang-jianguo"]
    );
    let succeeded = asked.then("zhao-qiang", succeeded("qian-feng", "security"));
    let none: [&str; 0] = [];
    assert_eq!(owing(&succeeded.case(), DeadlineId::ConfirmAsked), none);
}

#[test]
fn f7_each_takes_the_shift_that_was_passed_to_them() {
    History::recorded().too_late("zhao-qiang", shift_taken(1), Refusal::NoSuchShift);
    let open = |history: &History| owing(&history.case(), DeadlineId::TakeShift);
    let again = History::handed_over()
        .then("wang-jianguo", shift_passed(1, "qian-feng"))
        .then("wang-jianguo", shift_passed(2, "zhao-qiang"));
    assert_eq!(open(&again), ["zhao-qiang"], "the later one alone");
    let of = again.case();
    let owed = of
        .open_obligations()
        .find(|it| it.deadline == DeadlineId::TakeShift)
        .unwrap();
    assert_eq!(owed.owed_by.department, "security".parse().unwrap());
    let two = History::handled()
        .then("wang-jianguo", shift_passed(1, "qian-feng"))
        .then("liu-wei", shift_passed(1, "he-jun"));
    assert_eq!(open(&two), ["qian-feng", "he-jun"]);
    let taken = two.then("qian-feng", shift_taken(1));
    assert_eq!(open(&taken), ["he-jun"]);
}

#[test]
fn who_has_a_part_still_is_shown_no_other_hands() {
    let contact = || Fact::ContactLogged(ContactLogged {});
    History::recorded()
        .then("zhao-qiang", slip("security", "engineering"))
        .then("wang-jianguo", contact())
        .not_rerouted();
    History::handled()
        .then("he-jun", shift_passed(1, "liu-wei"))
        .then("chen-gong", named("chen-gong"))
        .then("liu-wei", shift_taken(1))
        .not_rerouted();
    // Answered for them, and not taken from them.
    History::handled()
        .then("chen-gong", replied("engineering"))
        .then("liu-wei", contact())
        .not_rerouted();
    // The first responder did the work: the visit is the department's, and nothing theirs is open.
    let escalated = Fact::Escalated(Escalated {
        director: person("sun-li"),
        department: "office".parse().unwrap(),
    });
    let instructed = Fact::Instructed(Instructed {
        department: None,
        head: None,
        contractor: false,
    });
    let mut complaint = record();
    complaint.kind = Kind::Complaint;
    complaint.proper = None;
    History::of("wang-jianguo", complaint)
        .then("wang-jianguo", escalated)
        .then("wang-jianguo", replied("security"))
        .then("wang-jianguo", told())
        .then("sun-li", instructed)
        .then("wang-jianguo", contact())
        .not_rerouted();
}

#[test]
fn i4_an_answer_at_once_meets_what_it_answers_and_waits_for_safety() {
    let at_once = || {
        Fact::AnsweredAtOnce(AnsweredAtOnce {
            phrases: Vec::new(),
            clear: true,
        })
    };
    let mut own = record();
    own.proper = Some("security".parse().unwrap());
    let answered = History::of("wang-jianguo", own).then("wang-jianguo", at_once());
    let met: Vec<_> = answered
        .case()
        .obligations
        .iter()
        .filter(|it| matches!(it.end, Some(End::Met { .. })))
        .map(|it| it.deadline)
        .collect();
    assert!(met.contains(&DeadlineId::Reply), "{met:?}");
    assert!(met.contains(&DeadlineId::Customer), "{met:?}");
    let in_danger = History::recorded().then("wang-jianguo", emergency("gas"));
    in_danger.too_late("wang-jianguo", at_once(), Refusal::InDanger);
}

#[test]
fn i10_nobody_is_guided_to_where_they_are_or_from_where_they_are_not() {
    History::recorded().too_late("wang-jianguo", guided("security"), Refusal::SameDepartment);
    History::handed_over().too_late("wang-jianguo", guided("service"), passed_on("engineering"));
}

#[test]
fn i14_in_danger_signatures_wait_and_the_customers_clock_does_not() {
    let none: [&str; 0] = [];
    let begun = History::handed_over().then("wang-jianguo", emergency("gas"));
    let case = begun.case();
    assert_eq!(owing(&case, DeadlineId::Customer), ["wang-jianguo"]);
    assert_eq!(owing(&case, DeadlineId::Sign), none);
    let received = begun
        .then("chen-gong", received("engineering"))
        .then("wang-jianguo", step(EmergencyStep::DangerOver));
    assert_eq!(owing(&received.case(), DeadlineId::Sign), none);

    let mut dispatched = HandedOver::new("security".parse().unwrap(), "service".parse().unwrap());
    dispatched.sender_head = Some(person("zhao-qiang"));
    let to_sign = History::recorded()
        .then("wang-jianguo", Fact::HandedOver(dispatched))
        .then("li-na", returned("service", "security"))
        .then("wang-jianguo", emergency("gas"))
        .then("wang-jianguo", guided("engineering"))
        .then(
            "chen-gong",
            Fact::GuidedReceived(GuidedReceived {
                department: "engineering".parse().unwrap(),
                supervisor_told: None,
            }),
        )
        .then("wang-jianguo", step(EmergencyStep::DangerOver));
    assert_eq!(
        owing(&to_sign.case(), DeadlineId::SignDispatch),
        ["zhao-qiang"]
    );
}

#[test]
fn i14_each_step_is_done_once_and_one_rescuer_is_owed() {
    let in_danger = || History::recorded().then("wang-jianguo", emergency("stuck-in-lift"));
    in_danger()
        .then("wang-jianguo", step(EmergencyStep::OnSite))
        .too_late(
            "wang-jianguo",
            step(EmergencyStep::OnSite),
            not_owed(DeadlineId::EmergencyOnSite),
        );
    History::recorded().too_late(
        "wang-jianguo",
        step(EmergencyStep::DangerOver),
        not_owed(DeadlineId::EmergencyPass),
    );
    let worse = in_danger().then("wang-jianguo", emergency("injury"));
    assert_eq!(
        owing(&worse.case(), DeadlineId::EmergencyRescuer),
        ["wang-jianguo"]
    );
}

#[test]
fn v1_who_was_not_reached_is_counted_since_the_result() {
    let tried = History::told()
        .then("wang-jianguo", visited(Finding::NotReached))
        .then("wang-jianguo", visited(Finding::NotReached));
    assert_eq!(tried.case().n_not_reached(), 2);
    let reached = tried.then("wang-jianguo", visited(Finding::Satisfied));
    assert_eq!(reached.case().n_not_reached(), 2);
}

#[test]
fn v2_no_visit_is_waived_that_nobody_owes() {
    let waived = Fact::VisitWaived(VisitWaived {
        because: WaivedBecause::CustomerDeclined,
    });
    History::handed_over().too_late("wang-jianguo", waived, not_owed(DeadlineId::ReturnVisit));
}

#[test]
fn v3_a_spot_check_is_kept() {
    let checked = History::told().then(
        "zhou-jie",
        Fact::SpotChecked(SpotChecked {
            seed: Hash::of(b"drawn"),
            handling_true: true,
            visit_true: None,
            customer_asked: true,
        }),
    );
    let case = checked.case();
    let [it] = &case.verification.spot_checks[..] else {
        panic!("{:?}", case.verification.spot_checks)
    };
    assert_eq!(it.by, person("zhou-jie"));
    assert!(it.handling_true && it.customer_asked);
}

#[test]
fn v5_what_is_open_is_not_opened_again() {
    let again = Fact::Reopened(Reopened {});
    History::handed_over().too_late("wang-jianguo", again, Refusal::NotClosed);
}

#[test]
fn v7_a_photo_of_the_very_moment_is_not_too_old_and_another_photo_elsewhere_is_no_doubt() {
    let photo = |name: &[u8], taken_at| {
        Fact::PhotoAdded(PhotoAdded {
            photo: Hash::of(name),
            source: PhotoSource::Camera,
            taken_at: Some(taken_at),
            placed: true,
        })
    };
    let shown = History::handed_over().then("liu-wei", photo(b"here", minute(2)));
    let elsewhere = |name: &[u8]| {
        let mut case = History::recorded()
            .then("wang-jianguo", photo(name, minute(1)))
            .case();
        case.id = MAIN;
        case
    };
    let case = shown.case();
    assert_eq!(case.moves[0].at, minute(2));
    let doubts = |other: &Case| case.photo_doubts(&case.intake.photos[0], [other]);
    assert_eq!(doubts(&elsewhere(b"there")), []);
    let used = elsewhere(b"here");
    assert_eq!(doubts(&used), [PhotoDoubt::UsedElsewhere { case: used.id }]);
}
