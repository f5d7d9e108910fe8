//! The stored form of everything that lasts, one file each in `golden/`.
//!
//! Each value is written and compared with its file; then the file is read and gives the value. A
//! file that changes is data on devices that reads differently: a new form gets a new key, a new
//! kind of fact and a file of its own. `UPDATE_EXPECT=1` writes what is missing.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};

use expect_test::{expect, expect_file};
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode, Encoder};
use shouwen_domain::certificate::{Certificate, Claims, Signers, Subject};
use shouwen_domain::envelope::{
    ClockEvidence, Envelope, Fate, Header, HeldReason, Receipt, RefusedReason, RuleHashes, Stamp,
};
use shouwen_domain::event::*;
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, ShiftId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{DeadlineId, Difficulty};
use shouwen_domain::rule::RuleId;
use shouwen_domain::signature::{Algorithm, PublicKey, SecretKey};
use shouwen_domain::summary::{SUMMARY_FORMAT, Summary, Task};

/// 2026-07-13 09:06 in Shanghai.
const ASKED_AT: Moment = Moment::from_unix_ms(1_783_904_760_000);

/// One value for each kind of fact; a kind left out does not compile.
macro_rules! one_fact_of_each_kind {
    ($($kind:ident: $value:expr,)+) => {
        fn facts() -> Vec<Fact> {
            vec![$(Fact::$kind($value)),+]
        }

        fn kind(fact: &Fact) -> &'static str {
            match fact {
                $(Fact::$kind(_) => stringify!($kind)),+
            }
        }
    };
}

one_fact_of_each_kind! {
    Recorded: recorded(),
    AnsweredAtOnce: AnsweredAtOnce::default(),
    ReasonExplained: ReasonExplained { understood: false, supervisor_told: Some(slug("chen-my")) },
    HandedOver: handed_over(),
    Received: Received { department: slug("engineering"), head: None },
    HandlerNamed: HandlerNamed { handler: slug("liu-q") },
    Returned: Returned { from: slug("engineering"), to: slug("service"), sender_head: None },
    Replied: replied(),
    ResultTold: ResultTold { how: Contact::Message, phrases: Vec::new() },
    Visited: Visited { how: Contact::InPerson, finding: Finding::NotSatisfied, enough: false },
    Closed: Closed { ending: Ending::NotReached, phrases: Vec::new() },
    AskedConfirmed: AskedConfirmed { agrees: false },
    FormCompleted: FormCompleted { missing: vec![Field::CustomerPhone], missing_because: Some(MissingBecause::Declined), named: false },
    Guided: Guided { to: slug("finance"), how: Guidance::Connected, head: Some(slug("sun-l")) },
    GuidedReceived: GuidedReceived { department: slug("finance"), supervisor_told: None },
    WhomToSeeTold: WhomToSeeTold { department: slug("finance") },
    NoticeGiven: NoticeGiven { papers: vec!["identity-card".parse().unwrap()], clear: true, more: true },
    SecondTripMade: SecondTripMade { papers: vec!["photo".parse().unwrap()], in_vain: true, untold: true },
    OutsideContacted: OutsideContacted { contractor: Some(slug("lift-company")), reached: true },
    TimeAgreed: TimeAgreed { at: ASKED_AT, because: AgreedBecause::AwaitingOutside, customer_until: None },
    RepeatMarked: RepeatMarked { earlier: Some(CaseId::from_random([0x08; 16])) },
    TakeawayGiven: TakeawayGiven { form: Takeaway::Qr },
    ResultChecked: ResultChecked { right: true },
    UrgencySet: UrgencySet { urgency: Urgency::Emergency, emergency: Some("stuck-in-lift".parse().unwrap()), needs_rescuer: true },
    EmergencyStepDone: EmergencyStepDone { step: EmergencyStep::OnSite, done_at: ASKED_AT },
    IllegalActFound: IllegalActFound {},
    ReportedToAuthority: ReportedToAuthority {},
    AnswerPublished: AnswerPublished { published: true, phrases: Vec::new() },
    PhotoAdded: PhotoAdded { photo: Hash([0x55; 32]), source: PhotoSource::Album, taken_at: Some(ASKED_AT), placed: true },
    ContactLogged: ContactLogged {},
    Signed: Signed { department: slug("engineering"), what: Signing::Result },
    ShirkingReported: ShirkingReported { department: slug("engineering"), person: Some(slug("liu-q")) },
    ShiftPassed: ShiftPassed { shift: ShiftId::from_random([0x09; 16]), to: slug("li-night") },
    ShiftTaken: ShiftTaken { shift: ShiftId::from_random([0x09; 16]) },
    Succeeded: Succeeded {
        to: slug("li-na"),
        department: slug("service"),
        reason: SuccessionReason::Resignation,
        supervisor: Some(slug("chen-my")),
    },
    SuccessionAccepted: SuccessionAccepted {},
    Requested: Requested {
        request: Request::Pause(PauseReason::PartsOrContractor, Some(ASKED_AT)),
        of: slug("chen-gong"),
        of_department: slug("engineering"),
    },
    Consented: Consented { request: EnvelopeId::from_random([0x0a; 16]), granted: true, customer_until: None, postponed_before: None },
    Resumed: Resumed {},
    ReportedToCoordination: ReportedToCoordination { to: slug("office"), head: Some(slug("zhou-h")), automatic: true, sender_head: None, supervisor_told: None },
    LeadNamed: LeadNamed {
        lead: slug("engineering"),
        head: Some(slug("chen-gong")),
        contractor: true,
        upheld: vec![slug("security")],
        sender_head: None,
    },
    PutToLeader: PutToLeader { leader: slug("zhou-h"), leader_department: slug("office"), expected_at: ASKED_AT },
    LeaderAnswered: LeaderAnswered {},
    Escalated: Escalated { director: slug("zhou-h"), department: slug("office") },
    Instructed: Instructed { department: Some(slug("engineering")), head: Some(slug("chen-gong")), contractor: false },
    Joined: Joined { main: CaseId::from_random([0x0b; 16]) },
    ResultTakenOver: ResultTakenOver {
        main: CaseId::from_random([0x0b; 16]),
        reply: EnvelopeId::from_random([0x0c; 16]),
        department: slug("engineering"),
        outcome: Outcome::Solved,
        in_sample: true,
        by: None,
    },
    OuterSigned: OuterSigned {},
    OuterExtended: OuterExtended { limit: OuterLimit::Reply, until: ASKED_AT },
    RejectedOutside: RejectedOutside { reply_by: Some(ASKED_AT) },
    VisitWaived: VisitWaived { because: WaivedBecause::CustomerDeclined },
    SpotChecked: SpotChecked { seed: Hash([0x66; 32]), handling_true: true, visit_true: Some(false), customer_asked: true },
    Reopened: Reopened {},
    QuarrelReported: QuarrelReported { person: slug("liu-q"), department: slug("engineering") },
    CriticismRecorded: CriticismRecorded { department: slug("engineering"), person: Some(slug("liu-q")), said_at: ASKED_AT },
    Praised: Praised { person: slug("liu-q"), department: slug("engineering"), by_customer: true },
    Stated: Stated { proposal: Hash([0x77; 32]) },
    Assessed: Assessed {
        proposal: Hash([0x77; 32]),
        rule: RuleId::A5,
        judgement: Judgement::Upheld,
        amount: Some(30),
        bulletin: true,
        off_post: true,
        person: Some(slug("liu-q")),
        department: slug("engineering"),
    },
    Adopted: Adopted {
        pack: Some(Hash([0x88; 32])),
        calendar: Some(Hash([0x99; 32])),
        directory: Some(Hash([0xaa; 32])),
        from: ASKED_AT,
    },
    RulesConfirmed: RulesConfirmed { person: slug("wang-jg"), pack: Hash([0x88; 32]), n_right: 3, n_questions: 3, objects: true },
    DelayTold: DelayTold { how: Contact::Call, phrases: Vec::new() },
    OuterReplied: OuterReplied {},
    FurtherCaseReported: FurtherCaseReported { department: slug("engineering"), person: Some(slug("liu-q")) },
    AccessDecided: AccessDecided { whom: Holder::Person(slug("liu-q")), may_enter: false },
    CaseErased: CaseErased { case: CaseId::from_random([0x55; 16]), agreed: slug("lin-zy") },
    PinReset: PinReset { person: slug("liu-q") },
    Looked: Looked { case: Some(CaseId::from_random([0x0b; 16])), how: Look::Unmasked },
}

/// Every choice of an enum without fields with the number it is stored as; a choice left out does
/// not compile.
macro_rules! numbers {
    ($name:ident: $($choice:ident),+) => {{
        let mut lines = String::new();
        for choice in [$($name::$choice),+] {
            match choice {
                $($name::$choice)|+ => (),
            }
            let bytes = minicbor::to_vec(choice).unwrap();
            assert_eq!(minicbor::decode::<$name>(&bytes).unwrap(), choice);
            writeln!(lines, "{} {}::{choice:?}", hex(&bytes), stringify!($name)).unwrap();
        }
        lines
    }};
}

#[test]
fn every_kind_of_fact() {
    for fact in facts() {
        kept_as_cbor(&format!("Fact-{}", kind(&fact)), &fact);
    }
}

/// The kinds of the first vocabulary with all that they hold today.
#[test]
fn a_fact_with_all_its_fields() {
    let head = Some(slug("chen-gong"));
    let full = [
        Fact::Recorded(Recorded {
            urgency: Urgency::Emergency,
            late: true,
            missing_because: Some(MissingBecause::NotKnown),
            public_area: true,
            under_14: true,
            concerns: vec![slug("liu-q")],
            asked_before: Some(AskedBefore {
                person: slug("liu-q"),
                recorded_as: Some(CaseId::from_random([0x08; 16])),
                department: None,
            }),
            repeats: Some(CaseId::from_random([0x08; 16])),
            outer: Some(OuterTicket {
                number: "12345-0001".into(),
                sender: "12345".into(),
                sign_by: Some(ASKED_AT),
                return_by: Some(ASKED_AT),
                reply_by: Some(ASKED_AT),
            }),
            due_by: Some(ASKED_AT),
            difficulty: Difficulty::Complex,
            emergency: Some("stuck-in-lift".parse().unwrap()),
            sensitive: true,
            needs_rescuer: true,
            ..recorded()
        }),
        Fact::AnsweredAtOnce(AnsweredAtOnce {
            phrases: vec!["不清楚".into()],
            clear: true,
        }),
        Fact::HandedOver(HandedOver {
            head: head.clone(),
            contractor: true,
            sender_head: head.clone(),
            ..handed_over()
        }),
        Fact::Received(Received {
            department: slug("engineering"),
            head: head.clone(),
        }),
        Fact::Returned(Returned {
            from: slug("engineering"),
            to: slug("service"),
            sender_head: head.clone(),
        }),
        Fact::Replied(Replied {
            phrases: vec!["没办法".into()],
            suggestion: Some(SuggestionFate::NothingChanged),
            head,
            ..replied()
        }),
        Fact::ResultTold(ResultTold {
            how: Contact::Message,
            phrases: vec!["不知道".into()],
        }),
    ];
    for fact in full {
        kept_as_cbor(&format!("Fact-{}-full", kind(&fact)), &fact);
    }
}

/// Keys that were added to a form already in use.
#[test]
fn a_fact_with_keys_of_later_times() {
    let later = [
        Fact::Recorded(Recorded {
            unnamed: true,
            asked_before: Some(AskedBefore {
                person: slug("liu-q"),
                recorded_as: None,
                department: Some(slug("engineering")),
            }),
            ..recorded()
        }),
        Fact::FormCompleted(FormCompleted {
            missing: Vec::new(),
            missing_because: None,
            named: true,
        }),
        Fact::Consented(Consented {
            request: EnvelopeId::from_random([0x0a; 16]),
            granted: true,
            customer_until: Some(ASKED_AT),
            postponed_before: None,
        }),
        Fact::Instructed(Instructed {
            department: Some(slug("lift-company")),
            head: Some(slug("chen-gong")),
            contractor: true,
        }),
        Fact::Closed(Closed {
            ending: Ending::ReferredOutside,
            phrases: vec!["不归我管".into()],
        }),
        Fact::DelayTold(DelayTold {
            how: Contact::Call,
            phrases: vec!["不知道".into()],
        }),
        Fact::AnswerPublished(AnswerPublished {
            published: true,
            phrases: vec!["不知道".into()],
        }),
        Fact::TimeAgreed(TimeAgreed {
            at: ASKED_AT,
            because: AgreedBecause::PapersMissing,
            customer_until: Some(ASKED_AT),
        }),
        Fact::ResultTakenOver(ResultTakenOver {
            main: CaseId::from_random([0x0b; 16]),
            reply: EnvelopeId::from_random([0x0c; 16]),
            department: slug("engineering"),
            outcome: Outcome::PlainAnswer,
            in_sample: false,
            by: Some(slug("liu-q")),
        }),
        Fact::GuidedReceived(GuidedReceived {
            department: slug("finance"),
            supervisor_told: Some(slug("chen-my")),
        }),
        Fact::Visited(Visited {
            how: Contact::Call,
            finding: Finding::NotReached,
            enough: true,
        }),
        Fact::ReportedToCoordination(ReportedToCoordination {
            to: slug("office"),
            head: Some(slug("zhou-h")),
            automatic: false,
            sender_head: Some(slug("chen-gong")),
            supervisor_told: Some(slug("chen-my")),
        }),
        Fact::LeadNamed(LeadNamed {
            lead: slug("engineering"),
            head: Some(slug("chen-gong")),
            contractor: false,
            upheld: Vec::new(),
            sender_head: Some(slug("zhou-h")),
        }),
    ];
    for fact in later {
        kept_as_cbor(&format!("Fact-{}-later", kind(&fact)), &fact);
    }
    let still_later = Fact::Consented(Consented {
        request: EnvelopeId::from_random([0x0a; 16]),
        granted: true,
        customer_until: None,
        postponed_before: Some(1),
    });
    kept_as_cbor("Fact-Consented-still-later", &still_later);
    let signature = Fact::PhotoAdded(PhotoAdded {
        photo: Hash([0x55; 32]),
        source: PhotoSource::Signature,
        taken_at: Some(ASKED_AT),
        placed: false,
    });
    kept_as_cbor("Fact-PhotoAdded-signature", &signature);
}

#[test]
fn a_fact_without_its_optional_fields() {
    let record = Recorded {
        proper: None,
        missing: Vec::new(),
        supervisor: None,
        ..recorded()
    };
    kept_as_cbor("Fact-Recorded-least", &Fact::Recorded(record));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line a choice")]
fn every_choice_keeps_its_number() {
    let numbers = [
        numbers!(Channel: Counter, Phone, Letter, Message, Met, FromAbove),
        numbers!(Kind: Enquiry, Complaint, ServiceRequest, Formality, Suggestion, Report, Inspection),
        numbers!(Field: Matter, CustomerName, CustomerPhone, CustomerAddress, Category, Channel, Text),
        numbers!(Outcome: Solved, PlainAnswer),
        numbers!(Contact: Call, InPerson, Message, ByCustomer),
        numbers!(Finding: Satisfied, NotSatisfied, NotReached),
        numbers!(Ending: AnsweredAtOnce, Told, Satisfied, NotReached, Waived, ReferredOutside, Terminated),
        numbers!(DeadlineId: Transfer, AssignHandler, Reply, ReturnSlip, TellResult, ReturnVisit, RetryVisit, Sign, Close, Customer, Completion, AgreedTime, ConfirmAsked, ReceiveGuided, CompleteForm, Consent, SignReceipt, SignDispatch, SignResult, SignPlainAnswer, TakeShift, AcceptSuccession, ReportToCoordination, NameLead, LeaderAnswer, Instruct, EmergencyPass, EmergencyOnSite, EmergencyRescuer, EmergencyTellDirector, ReportToAuthority, CheckResult, PublishAnswer, OuterSign, OuterReply, State, DecideAsked, TellDelay, TellExpected),
        numbers!(Urgency: Ordinary, Urgent, Emergency),
        numbers!(EmergencyStep: PassedOn, OnSite, RescuerOnSite, DirectorTold, DangerOver),
        numbers!(MissingBecause: Declined, NotKnown),
        numbers!(SuccessionReason: Leave, Resignation, WronglyNamed),
        numbers!(PauseReason: CustomersAppointment, PartsOrContractor, ForceMajeure),
        numbers!(AgreedBecause: AwaitingOutside, PapersMissing, CustomersWish),
        numbers!(Signing: Receipt, Dispatch, Result, PlainAnswer),
        numbers!(Guidance: Taken, Connected),
        numbers!(Takeaway: Paper, Qr, Text),
        numbers!(PhotoSource: Camera, Album, Signature),
        numbers!(WaivedBecause: CustomerDeclined, NotInSample, Unnamed),
        numbers!(SuggestionFate: Changed, NothingChanged, PassedOn),
        numbers!(Judgement: Upheld, Dismissed),
        numbers!(OuterLimit: Sign, Return, Reply),
        numbers!(Difficulty: Simple, Ordinary, Complex),
        numbers!(Look: Opened, Unmasked, Printed, Exported),
    ];
    expect![[r"
        00 Channel::Counter
        01 Channel::Phone
        02 Channel::Letter
        03 Channel::Message
        04 Channel::Met
        05 Channel::FromAbove
        00 Kind::Enquiry
        01 Kind::Complaint
        02 Kind::ServiceRequest
        03 Kind::Formality
        04 Kind::Suggestion
        05 Kind::Report
        06 Kind::Inspection
        00 Field::Matter
        01 Field::CustomerName
        02 Field::CustomerPhone
        03 Field::CustomerAddress
        04 Field::Category
        05 Field::Channel
        06 Field::Text
        00 Outcome::Solved
        01 Outcome::PlainAnswer
        00 Contact::Call
        01 Contact::InPerson
        02 Contact::Message
        03 Contact::ByCustomer
        00 Finding::Satisfied
        01 Finding::NotSatisfied
        02 Finding::NotReached
        00 Ending::AnsweredAtOnce
        01 Ending::Told
        02 Ending::Satisfied
        03 Ending::NotReached
        04 Ending::Waived
        05 Ending::ReferredOutside
        06 Ending::Terminated
        00 DeadlineId::Transfer
        01 DeadlineId::AssignHandler
        02 DeadlineId::Reply
        03 DeadlineId::ReturnSlip
        04 DeadlineId::TellResult
        05 DeadlineId::ReturnVisit
        06 DeadlineId::RetryVisit
        07 DeadlineId::Sign
        08 DeadlineId::Close
        09 DeadlineId::Customer
        0a DeadlineId::Completion
        0b DeadlineId::AgreedTime
        0c DeadlineId::ConfirmAsked
        0d DeadlineId::ReceiveGuided
        0e DeadlineId::CompleteForm
        0f DeadlineId::Consent
        10 DeadlineId::SignReceipt
        11 DeadlineId::SignDispatch
        12 DeadlineId::SignResult
        13 DeadlineId::SignPlainAnswer
        14 DeadlineId::TakeShift
        15 DeadlineId::AcceptSuccession
        16 DeadlineId::ReportToCoordination
        17 DeadlineId::NameLead
        1818 DeadlineId::LeaderAnswer
        1819 DeadlineId::Instruct
        181a DeadlineId::EmergencyPass
        181b DeadlineId::EmergencyOnSite
        181c DeadlineId::EmergencyRescuer
        181d DeadlineId::EmergencyTellDirector
        181e DeadlineId::ReportToAuthority
        181f DeadlineId::CheckResult
        1820 DeadlineId::PublishAnswer
        1821 DeadlineId::OuterSign
        1822 DeadlineId::OuterReply
        1823 DeadlineId::State
        1828 DeadlineId::DecideAsked
        1829 DeadlineId::TellDelay
        182a DeadlineId::TellExpected
        00 Urgency::Ordinary
        01 Urgency::Urgent
        02 Urgency::Emergency
        00 EmergencyStep::PassedOn
        01 EmergencyStep::OnSite
        02 EmergencyStep::RescuerOnSite
        03 EmergencyStep::DirectorTold
        04 EmergencyStep::DangerOver
        00 MissingBecause::Declined
        01 MissingBecause::NotKnown
        00 SuccessionReason::Leave
        01 SuccessionReason::Resignation
        02 SuccessionReason::WronglyNamed
        00 PauseReason::CustomersAppointment
        01 PauseReason::PartsOrContractor
        02 PauseReason::ForceMajeure
        00 AgreedBecause::AwaitingOutside
        01 AgreedBecause::PapersMissing
        02 AgreedBecause::CustomersWish
        00 Signing::Receipt
        01 Signing::Dispatch
        02 Signing::Result
        03 Signing::PlainAnswer
        00 Guidance::Taken
        01 Guidance::Connected
        00 Takeaway::Paper
        01 Takeaway::Qr
        02 Takeaway::Text
        00 PhotoSource::Camera
        01 PhotoSource::Album
        02 PhotoSource::Signature
        00 WaivedBecause::CustomerDeclined
        01 WaivedBecause::NotInSample
        02 WaivedBecause::Unnamed
        00 SuggestionFate::Changed
        01 SuggestionFate::NothingChanged
        02 SuggestionFate::PassedOn
        00 Judgement::Upheld
        01 Judgement::Dismissed
        00 OuterLimit::Sign
        01 OuterLimit::Return
        02 OuterLimit::Reply
        00 Difficulty::Simple
        01 Difficulty::Ordinary
        02 Difficulty::Complex
        00 Look::Opened
        01 Look::Unmasked
        02 Look::Printed
        03 Look::Exported
    "]]
    .assert_eq(&numbers.concat());
}

#[test]
fn every_request() {
    for request in [
        Request::Pause(PauseReason::ForceMajeure, None),
        Request::Extension(DeadlineId::Reply, ASKED_AT),
        Request::Completion(ASKED_AT),
        Request::AgreedTime(ASKED_AT, AgreedBecause::PapersMissing),
        Request::Succession,
    ] {
        let file = match request {
            Request::Pause(..) => "Pause",
            Request::Extension(..) => "Extension",
            Request::Completion(_) => "Completion",
            Request::AgreedTime(..) => "AgreedTime",
            Request::Succession => "Succession",
        };
        kept_as_cbor(&format!("Request-{file}"), &request);
    }
}

#[test]
fn content() {
    kept_as_cbor("Content", &words());
    kept_as_cbor("Content-empty", &Content::default());
}

#[test]
fn a_header_with_all_its_fields() {
    let header: Header = with_words().header().clone();
    kept_as_cbor("Header", &header);
}

#[test]
fn an_envelope_with_content() {
    kept_as_envelope("Envelope", &with_words());
}

#[test]
fn an_envelope_without_content() {
    let stamp = Stamp {
        sequence: 1,
        previous: None,
        clock: None,
        last_receipt: None,
        ..stamp()
    };
    let told = Fact::ResultTold(ResultTold {
        how: Contact::Call,
        phrases: Vec::new(),
    });
    let envelope = Envelope::seal(stamp, &[Event::new(told, Content::default())]).unwrap();
    kept_as_envelope("Envelope-without-content", &envelope);
}

#[test]
fn an_envelope_whose_content_was_erased() {
    let whole = with_words();
    let (whole_bytes, header_and_facts) = (whole.to_bytes(), length_of_header_and_facts(&whole));
    let mut bytes = whole_bytes[..header_and_facts].to_vec();
    bytes.extend([0xf6, 0xf6, 0x80]); // null, null, []
    let erased = Envelope::from_bytes(&bytes).unwrap();
    assert!(erased.is_erased());
    assert_eq!(erased.hash(), whole.hash());
    assert!(whole.has_content() && !erased.has_content());
    assert_eq!(whole.without_content().to_bytes(), bytes);
    kept_as_envelope("Envelope-erased", &erased);
}

#[test]
fn an_envelope_with_a_signature() {
    for (file, key) in [
        ("Envelope-signed", device_key()),
        ("Envelope-signed-by-p256", office_key()),
    ] {
        let signed = with_words().signed(&key);
        assert_eq!(signed.verify(&key.public()), Ok(()));
        kept_as_envelope(file, &signed);
    }
}

#[test]
fn an_envelope_of_a_person_on_a_device() {
    let signed = with_words().signed(&device_key()).signed(&office_key());
    for key in [device_key(), office_key()] {
        assert_eq!(signed.verify(&key.public()), Ok(()));
    }
    kept_as_envelope("Envelope-signed-by-two", &signed);
}

#[test]
fn an_envelope_in_the_name_of_somebody_who_was_not_signed_in() {
    let events = [
        Event::new(Fact::Recorded(recorded()), words()),
        Event::new(
            Fact::PhotoAdded(PhotoAdded {
                photo: Hash([0x55; 32]),
                source: PhotoSource::Camera,
                taken_at: Some(ASKED_AT),
                placed: false,
            }),
            Content::default(),
        ),
    ];
    let claimed = Envelope::seal_claimed(stamp(), &events).unwrap();
    assert!(claimed.header().claimed && claimed.may_be_claimed());
    assert_eq!(claimed.header().must_understand, 6);
    kept_as_envelope("Envelope-claimed", &claimed.signed(&device_key()));
}

#[test]
fn keys_and_their_certificates() {
    let issued = at_second(ASKED_AT);
    let device = Subject::Device {
        site: slug("jinhua-garden"),
        device: DeviceId::from_random([0x0d; 16]),
        code: "K7".to_owned(),
        people: BTreeSet::new(),
        signers: Signers::default(),
    };
    let signed_in_on = Subject::Device {
        site: slug("jinhua-garden"),
        device: DeviceId::from_random([0x0d; 16]),
        code: "K7".to_owned(),
        people: [slug("li-na"), slug("wang-jianguo")].into(),
        signers: Signers::default(),
    };
    let mut signers = Signers::default();
    signers.add(slug("wang-jianguo"), device_key().public());
    signers.add(slug("li-na"), office_key().public());
    signers.add(slug("li-na"), device_key().public());
    let signed_on = Subject::Device {
        site: slug("jinhua-garden"),
        device: DeviceId::from_random([0x0d; 16]),
        code: "K7".to_owned(),
        people: [slug("wang-jianguo")].into(),
        signers,
    };
    let one_year = issued + Minutes(365 * 24 * 60);
    for (file, subject, key, expires) in [
        ("Certificate-device", device, device_key(), None),
        ("Certificate-people", signed_in_on, device_key(), None),
        ("Certificate-signers", signed_on, device_key(), None),
        (
            "Certificate-office",
            Subject::Office,
            office_key(),
            Some(one_year),
        ),
        (
            "Certificate-intake",
            Subject::Intake,
            office_key(),
            Some(one_year),
        ),
    ] {
        let claims = Claims {
            subject,
            key: key.public(),
            issued,
            expires,
        };
        let certificate = Certificate::issue(&office_key(), claims);
        kept(file, &certificate, Certificate::to_bytes, |bytes| {
            Certificate::from_bytes(bytes).unwrap()
        });
    }
    for (file, key) in [("Key-device", device_key()), ("Key-office", office_key())] {
        kept(file, &key.public(), PublicKey::to_cose_key, |bytes| {
            PublicKey::from_cose_key(bytes).unwrap()
        });
    }
}

/// A fate or reason left out does not compile.
#[test]
fn a_receipt_of_every_fate() {
    use HeldReason::{CounterLeap, Fork, Gap, Revoked, UnknownFormat};
    use RefusedReason::{Malformed, NotByPerson, NotYours, TooLarge, Unsigned, Withdrawn};
    let held = [Gap, Fork, UnknownFormat, CounterLeap, Revoked].map(Fate::Held);
    let refused = [
        Malformed,
        TooLarge,
        NotYours,
        Unsigned,
        Withdrawn,
        NotByPerson,
    ]
    .map(Fate::Refused);
    for fate in [&[Fate::Accepted], &held[..], &refused].concat() {
        let file = match fate {
            Fate::Accepted => "Receipt-Accepted".to_owned(),
            Fate::Held(reason @ (Gap | Fork | UnknownFormat | CounterLeap | Revoked)) => {
                format!("Receipt-Held-{reason:?}")
            }
            Fate::Refused(
                reason @ (Malformed | TooLarge | NotYours | Unsigned | Withdrawn | NotByPerson),
            ) => {
                format!("Receipt-Refused-{reason:?}")
            }
        };
        kept_as_cbor(&file, &receipt(fate));
    }
}

#[test]
fn a_receipt_without_its_optional_fields() {
    let receipt = Receipt {
        backed_up_to: None,
        signature: None,
        beside: None,
        ..receipt(Fate::Accepted)
    };
    kept_as_cbor("Receipt-least", &receipt);
}

#[test]
fn receipts_of_one_answer() {
    let of_one = |sequence| Receipt {
        sequence,
        signature: None,
        ..receipt(Fate::Accepted)
    };
    let together = Receipt::signed_together(vec![of_one(999), of_one(1_000)], &office_key());
    kept_as_cbor("Receipt-first-of-two", &together[0]);
    kept_as_cbor("Receipt-last-of-two", &together[1]);
}

#[test]
fn a_summary() {
    let task = Task {
        deadline: DeadlineId::Transfer,
        department: slug("service"),
        person: Some(slug("wang-jg")),
        due: Some(Moment::from_unix_ms(ASKED_AT.unix_ms() + 3_600_000)),
        provisional: false,
    };
    let unreckoned = Task {
        deadline: DeadlineId::Reply,
        person: None,
        due: None,
        provisional: true,
        ..task.clone()
    };
    let summary = Summary {
        format: SUMMARY_FORMAT,
        case: CaseId::from_random([0x07; 16]),
        version: 3,
        number: recorded().number,
        category: recorded().category,
        kind: recorded().kind,
        asked_at: ASKED_AT,
        first_responder: slug("wang-jg"),
        department: slug("service"),
        holder: slug("engineering"),
        handler: Some(slug("liu-q")),
        tasks: vec![task, unreckoned],
        ending: Some(Ending::Satisfied),
        address: "3-2-1502".to_owned(),
        matter: "厨房天花板滴水".to_owned(),
        n_without_effect: 1,
        needs_newer_version: true,
        changed_at: ASKED_AT,
        rules: 0x0123_4567_89ab_cdef,
        only_claimed_of: Some(slug("wang-jg")),
        is_erased: false,
    };
    let erased = Summary {
        is_erased: true,
        ..summary.clone()
    };
    kept("Summary-erased", &erased, Summary::to_bytes, |bytes| {
        Summary::from_bytes(bytes).unwrap()
    });
    kept("Summary", &summary, Summary::to_bytes, |bytes| {
        Summary::from_bytes(bytes).unwrap()
    });
}

fn kept_as_cbor<T>(file: &str, value: &T)
where
    T: Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>,
{
    kept(
        file,
        value,
        |it| minicbor::to_vec(it).unwrap(),
        |bytes| minicbor::decode(bytes).unwrap(),
    );
}

fn kept_as_envelope(file: &str, value: &Envelope) {
    kept(file, value, Envelope::to_bytes, |bytes| {
        Envelope::from_bytes(bytes).unwrap()
    });
}

fn kept<T: Debug + PartialEq>(
    file: &str,
    value: &T,
    write: impl Fn(&T) -> Vec<u8>,
    read: impl Fn(&[u8]) -> T,
) {
    let golden = expect_file![format!("golden/{file}.txt")];
    let bytes = write(value);
    golden.assert_eq(&format!("{}\n\n{}\n", hex(&bytes), diagnostic(&bytes)));
    assert_eq!(read(&from_hex(&golden.data())), *value, "{file}");
}

/// 32 bytes a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (n, byte) in bytes.iter().enumerate() {
        let separator = if n > 0 && n % 32 == 0 { "\n" } else { "" };
        write!(text, "{separator}{byte:02x}").unwrap();
    }
    text
}

/// What stands before the empty line.
fn from_hex(page: &str) -> Vec<u8> {
    let digits: String = page.lines().take_while(|it| !it.is_empty()).collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// CBOR for a reader (RFC 8949, 8), and a check that it is deterministic (4.2.1): written once more
/// with the shortest heads and definite lengths it is the same, and keys ascend.
fn diagnostic(bytes: &[u8]) -> String {
    let mut input = Decoder::new(bytes);
    let mut again = Encoder::new(Vec::new());
    let text = item(&mut input, &mut again);
    assert_eq!(
        hex(&again.into_writer()),
        hex(bytes),
        "not the shortest form"
    );
    text
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the format has a few of CBOR's types, the others fail the test"
)]
fn item(input: &mut Decoder<'_>, again: &mut Encoder<Vec<u8>>) -> String {
    match input.datatype().unwrap() {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            let n = input.u64().unwrap();
            again.u64(n).unwrap();
            n.to_string()
        }
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            let n = input.i64().unwrap();
            again.i64(n).unwrap();
            n.to_string()
        }
        Type::Bool => {
            let it = input.bool().unwrap();
            again.bool(it).unwrap();
            it.to_string()
        }
        Type::Null => {
            input.null().unwrap();
            again.null().unwrap();
            "null".to_owned()
        }
        Type::String => {
            let text = input.str().unwrap();
            again.str(text).unwrap();
            format!("{text:?}")
        }
        Type::Bytes => {
            let bytes = input.bytes().unwrap();
            again.bytes(bytes).unwrap();
            if holds_cbor(bytes) {
                format!("<<{}>>", diagnostic(bytes))
            } else {
                format!("h'{}'", hex(bytes))
            }
        }
        Type::Array => {
            let n = input.array().unwrap().unwrap();
            again.array(n).unwrap();
            let items: Vec<_> = (0..n).map(|_| item(input, again)).collect();
            block('[', &items, ']')
        }
        Type::Map => {
            let n = input.map().unwrap().unwrap();
            again.map(n).unwrap();
            let mut last = None;
            let mut entries = Vec::new();
            for _ in 0..n {
                let key = input.i64().unwrap();
                // By their bytes: those below zero, which only COSE gives out, come last.
                let rank = Some((key < 0, key.abs()));
                assert!(last < rank, "key {key} after {last:?}");
                last = rank;
                again.i64(key).unwrap();
                entries.push(format!("{key}: {}", item(input, again)));
            }
            block('{', &entries, '}')
        }
        other => panic!("{other} has no place in the stored form"),
    }
}

/// A byte string that is an array or a map from its first byte to its last.
fn holds_cbor(bytes: &[u8]) -> bool {
    let mut input = Decoder::new(bytes);
    matches!(input.datatype(), Ok(Type::Array | Type::Map))
        && input.skip().is_ok()
        && input.position() == bytes.len()
}

/// On one line where it fits.
fn block(open: char, items: &[String], close: char) -> String {
    let line = items.join(", ");
    if line.len() <= 80 && !line.contains('\n') {
        return format!("{open}{line}{close}");
    }
    let lines = items.join(",\n").replace('\n', "\n  ");
    format!("{open}\n  {lines}\n{close}")
}

fn slug<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn recorded() -> Recorded {
    Recorded {
        number: "0713-K7-018".to_owned(),
        channel: Channel::Met,
        asked_at: ASKED_AT,
        asked: vec![
            Asked {
                person: slug("wang-jg"),
                rank: 2,
            },
            Asked {
                person: slug("zhao-l"),
                rank: 1,
            },
        ],
        first_responder: slug("wang-jg"),
        department: slug("service"),
        category: slug("water-leak"),
        kind: Kind::ServiceRequest,
        proper: Some(slug("engineering")),
        missing: vec![Field::CustomerName, Field::CustomerPhone],
        supervisor: Some(slug("chen-my")),
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

fn handed_over() -> HandedOver {
    HandedOver {
        from: slug("service"),
        to: slug("engineering"),
        supervisor_told: Some(slug("chen-my")),
        head: None,
        contractor: false,
        sender_head: None,
    }
}

fn replied() -> Replied {
    Replied {
        department: slug("engineering"),
        outcome: Outcome::PlainAnswer,
        phrases: Vec::new(),
        suggestion: None,
        head: None,
    }
}

fn words() -> Content {
    Content {
        matter: Some("厨房天花板滴水".to_owned()),
        customer: Some("李女士".to_owned()),
        phone: Some("13800005678".to_owned()),
        address: Some("3-2-1502".to_owned()),
        text: Some("已请工程部上门。".to_owned()),
    }
}

fn stamp() -> Stamp {
    Stamp {
        id: EnvelopeId::from_random([0x0e; 16]),
        site: slug("jinhua-garden"),
        case: CaseId::from_random([0x07; 16]),
        person: slug("wang-jg"),
        device: DeviceId::from_random([0x0d; 16]),
        chain: 1,
        sequence: 1_000,
        previous: Some(Hash([0x01; 32])),
        counter: 70_000,
        at: ASKED_AT,
        clock: Some(ClockEvidence {
            offset_ms: -1_250,
            age_s: 300,
        }),
        last_receipt: Some(Hash([0x02; 32])),
        rules: RuleHashes {
            pack: Hash([0x03; 32]),
            calendar: Hash([0x04; 32]),
            zones: Hash([0x05; 32]),
            directory: Hash([0x06; 32]),
        },
        facts_salt: Salt([0x11; 16]),
        content_salt: Salt([0x12; 16]),
    }
}

/// Two events, the second without words.
fn with_words() -> Envelope {
    let events = [
        Event::new(Fact::Recorded(recorded()), words()),
        Event::new(Fact::HandedOver(handed_over()), Content::default()),
    ];
    Envelope::seal(stamp(), &events).unwrap()
}

/// Where the content begins in the bytes of an envelope.
fn length_of_header_and_facts(envelope: &Envelope) -> usize {
    let bytes = envelope.to_bytes();
    let mut input = Decoder::new(&bytes);
    input.array().unwrap();
    for _ in ["header", "facts", "facts salt"] {
        input.skip().unwrap();
    }
    input.position()
}

fn receipt(fate: Fate) -> Receipt {
    Receipt {
        device: DeviceId::from_random([0x0d; 16]),
        chain: 1,
        sequence: 1_000,
        hash: Hash([0x08; 32]),
        fate,
        at: ASKED_AT,
        epoch: 2,
        backed_up_to: Some(990),
        signature: None,
        beside: None,
    }
    .signed(&office_key())
}

fn device_key() -> SecretKey {
    SecretKey::from_bytes(Algorithm::Ed25519, &[0x21; 32]).unwrap()
}

fn office_key() -> SecretKey {
    SecretKey::from_bytes(Algorithm::Esp256, &[0x22; 32]).unwrap()
}

fn at_second(moment: Moment) -> Moment {
    Moment::from_unix_ms(moment.unix_ms() / 1_000 * 1_000)
}
