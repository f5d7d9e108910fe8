//! What holds for every history: random people order random things at random times, on devices that
//! do not always know of each other, and some envelopes are what no device would write.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use shouwen_domain::agenda::Agenda;
use shouwen_domain::assessment::{Context, Proposal, judge, proposals};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{CaseResult, End, Obligation, Stage, WithoutEffect};
use shouwen_domain::command::{Circumstances, Explained, Next, RecordForm};
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{ClockEvidence, Envelope, Stamp};
use shouwen_domain::event::{
    AgreedBecause, Channel, Contact, EmergencyStep, Event, Fact, Finding, Guidance, Judgement,
    Kind, MissingBecause, Outcome, OuterLimit, OuterTicket, PauseReason, PhotoAdded, PhotoSource,
    Request, Signing, SuccessionReason, SuggestionFate, Takeaway, Urgency, WaivedBecause,
};
use shouwen_domain::explain::{Library, View, explain, timeline};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::holds::holds;
use shouwen_domain::id::{
    CaseId, DepartmentId, DeviceId, EmergencyId, EnvelopeId, PaperId, PersonId, ShiftId,
};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{Category, DeadlineId, Difficulty, Pack};
use shouwen_domain::reckoning::ReckoningError;
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::verdict::{Evidence, Verdict, Witness};
use shouwen_domain::zone::Zones;
use shouwen_domain::{Acting, Case, Command, Rules, decide};

const CASE: CaseId = CaseId::from_random([7; 16]);
/// Monday, 13 July 2026, 09:00 in Shanghai.
const START: Moment = Moment::from_unix_ms(1_783_904_400_000);
const DEPARTMENTS: [&str; 4] = ["service", "engineering", "security", "office"];
/// Three a department: the head, the deputy, one more; the last one works nowhere.
const PEOPLE: [&str; 13] = [
    "li-na",
    "zhang-min",
    "sun-li",
    "chen-gong",
    "qian-wei",
    "liu-wei",
    "zhao-qiang",
    "ma-jie",
    "wang-jianguo",
    "lin-zhiyuan",
    "gao-yun",
    "he-jing",
    "nobody",
];

fn directory() -> String {
    let mut text = String::from(
        "[site]\nid = \"lanting\"\nname = { zh = \"兰亭\", en = \"Lanting\" }\n\
         director = \"lin-zhiyuan\"\nquality = \"office\"\ncoordination = \"office\"\nkeeper = \"zhang-min\"\n",
    );
    for (department, people) in DEPARTMENTS.iter().zip(PEOPLE.chunks(3)) {
        let _ = write!(
            text,
            "[[department]]\nid = \"{department}\"\nname = {{ zh = \"部\", en = \"D\" }}\nphone = \"8001\"\n\
             place = {{ zh = \"楼\", en = \"Hall\" }}\nhead = \"{}\"\n",
            people[0]
        );
        for (i, person) in people.iter().enumerate() {
            let deputy = if i == 0 {
                format!("deputy = \"{}\"\n", people[1])
            } else {
                String::new()
            };
            let _ = write!(
                text,
                "[[person]]\nid = \"{person}\"\nname = \"{person}\"\nnumber = \"{person}\"\n\
                 position = {{ zh = \"岗\", en = \"Post\" }}\nrank = {}\ndepartment = \"{department}\"\n{deputy}",
                5 - i
            );
        }
    }
    text
}

/// Built once: each is laid out over years of a calendar.
static RULES: LazyLock<Rules> = LazyLock::new(made_rules);

fn rules() -> &'static Rules {
    &RULES
}

fn made_rules() -> Rules {
    let years = [
        (
            "2025.json",
            include_str!("../../../packs/calendars/cn/2025.json"),
        ),
        (
            "2026.json",
            include_str!("../../../packs/calendars/cn/2026.json"),
        ),
    ];
    Rules::try_new(
        // At the stage at which something is proposed (G1).
        Pack::parse(
            "pack.toml",
            &include_str!("../../../packs/property-service.toml")
                .replace("default = \"observe\"", "default = \"assess\""),
        )
        .unwrap(),
        Calendar::parse(&years).unwrap(),
        &Zones::parse(include_str!("../../../packs/zones.toml")).unwrap(),
        Directory::parse("site.toml", &directory()).unwrap(),
    )
    .unwrap()
}

fn person() -> impl Strategy<Value = PersonId> {
    select(&PEOPLE[..]).prop_map(|it| it.parse().unwrap())
}

fn department() -> impl Strategy<Value = DepartmentId> {
    prop_oneof![
        20 => select(&DEPARTMENTS[..]),
        1 => Just("nowhere"),
    ]
    .prop_map(|it| it.parse().unwrap())
}

fn text() -> impl Strategy<Value = String> {
    select(vec!["已处理", "已处理", "不归我管", "  "]).prop_map(str::to_owned)
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        10 => (-3_000_i64..20_000).prop_map(|it| Moment::from_unix_ms(START.unix_ms() + it * 60_000)),
        1 => any::<i64>().prop_map(Moment::from_unix_ms),
    ]
}

fn deadline() -> impl Strategy<Value = DeadlineId> {
    prop_oneof![
        3 => Just(DeadlineId::Reply),
        1 => select(&DeadlineId::ALL[..]),
    ]
}

/// Of an envelope of the history, or of none.
fn envelope_id() -> impl Strategy<Value = EnvelopeId> {
    (0..40_u8).prop_map(id_of)
}

fn id_of(n: u8) -> EnvelopeId {
    EnvelopeId::from_random([
        n.wrapping_mul(97),
        n,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        1,
    ])
}

fn hash() -> impl Strategy<Value = Hash> {
    (0..3_u8).prop_map(|it| Hash::of(&[it]))
}

fn case_id() -> impl Strategy<Value = CaseId> {
    select(vec![CASE, CaseId::from_random([8; 16]), CaseId::SITE])
}

fn paper() -> impl Strategy<Value = PaperId> {
    select(vec!["id-card", "plan", "no-such-paper"]).prop_map(|it| it.parse().unwrap())
}

fn emergency() -> impl Strategy<Value = EmergencyId> {
    let mut known: Vec<String> = rules()
        .pack
        .emergencies
        .iter()
        .map(|it| it.id.to_string())
        .collect();
    known.push("no-such".into());
    select(known).prop_map(|it| it.parse().unwrap())
}

fn urgency() -> impl Strategy<Value = Urgency> {
    select(vec![Urgency::Ordinary, Urgency::Urgent, Urgency::Emergency])
}

fn contact() -> impl Strategy<Value = Contact> {
    select(vec![
        Contact::Call,
        Contact::InPerson,
        Contact::Message,
        Contact::ByCustomer,
    ])
}

fn explained() -> impl Strategy<Value = Explained> {
    select(vec![Explained::Accepted, Explained::NotAccepted])
}

fn guidance() -> impl Strategy<Value = Guidance> {
    select(vec![Guidance::Taken, Guidance::Connected])
}

fn agreed_because() -> impl Strategy<Value = AgreedBecause> {
    select(vec![
        AgreedBecause::AwaitingOutside,
        AgreedBecause::PapersMissing,
        AgreedBecause::CustomersWish,
    ])
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        option::of(moment()).prop_map(|it| Request::Pause(PauseReason::PartsOrContractor, it)),
        (deadline(), moment()).prop_map(|(id, it)| Request::Extension(id, it)),
        moment().prop_map(Request::Completion),
        (moment(), agreed_because()).prop_map(|(it, because)| Request::AgreedTime(it, because)),
        Just(Request::Succession),
    ]
}

fn outer() -> impl Strategy<Value = OuterTicket> {
    (
        option::of(moment()),
        option::of(moment()),
        option::of(moment()),
    )
        .prop_map(|(sign_by, return_by, reply_by)| OuterTicket {
            number: "12345-1".into(),
            sender: "市民热线".into(),
            sign_by,
            return_by,
            reply_by,
        })
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let what = (
        prop_oneof![2 => Just(Urgency::Ordinary), 1 => urgency()],
        option::weighted(0.5, emergency()),
        option::weighted(0.1, Just(MissingBecause::Declined)),
        any::<bool>(),
        prop_oneof![8 => Just(false), 1 => Just(true)],
    );
    let whom = (
        vec(person(), 0..2),
        option::weighted(0.2, (person(), option::of(case_id()))),
        option::weighted(0.5, outer()),
        option::weighted(0.2, moment()),
    );
    (what, whom).prop_map(
        |(
            (urgency, emergency, missing_because, public_area, under_14),
            (concerns, asked_before, outer, due_by),
        )| Circumstances {
            urgency,
            emergency,
            difficulty: Difficulty::Ordinary,
            missing_because,
            public_area,
            under_14,
            concerns,
            asked_before,
            repeats: None,
            outer,
            due_by,
            photos: Vec::new(),
        },
    )
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        8 => Just(Next::Keep),
        1 => text().prop_map(|text| Next::AnswerAtOnce { text }),
        2 => (department(), explained(), text())
            .prop_map(|(to, explained, text)| Next::HandOver { to, explained, text }),
        4 => (department(), guidance()).prop_map(|(to, how)| Next::Guide { to, how }),
    ]
}

fn record() -> impl Strategy<Value = Command> {
    let ids = |fits: fn(&Category) -> bool| -> Vec<String> {
        let all = rules().pack.categories.iter();
        all.filter(|it| fits(it))
            .map(|it| it.id.to_string())
            .collect()
    };
    let rare = ids(|it| it.kind == Kind::Inspection || !it.is_in_scope());
    let mut categories = ids(|_| true);
    categories.push("no-such".to_owned());
    let plain =
        prop_oneof![3 => Just(Circumstances::default()).boxed(), 1 => circumstances().boxed()];
    (
        prop_oneof![9 => select(categories), 1 => select(rare)],
        vec(person(), 1..3),
        -20..1_i64,
        select(vec![
            ("李女士", "13800005678"),
            ("", "13800005678"),
            ("", ""),
        ]),
        next(),
        plain,
    )
        .prop_map(
            |(category, asked, minutes, (customer, phone), next, mut more)| {
                // What lies about in a public area is told without a name.
                more.public_area |= phone.is_empty();
                Command::Record(Box::new(RecordForm {
                    number: "0713-K7-001".into(),
                    channel: Channel::Met,
                    asked_at: Moment::from_unix_ms(START.unix_ms() + minutes * 60_000),
                    asked,
                    category: category.parse().unwrap(),
                    matter: "厨房天花板滴水".into(),
                    customer: customer.into(),
                    phone: phone.into(),
                    address: "3-2-1502".into(),
                    remark: "当时在处理电梯困人".into(),
                    next,
                    more,
                }))
            },
        )
}

fn at_the_counter() -> impl Strategy<Value = Command> {
    prop_oneof![
        text().prop_map(|text| Command::AnswerAtOnce { text }),
        (explained(), text()).prop_map(|(explained, text)| Command::Explain { explained, text }),
        (text(), option::of(Just(MissingBecause::NotKnown))).prop_map(
            |(customer, missing_because)| {
                Command::CompleteForm {
                    customer,
                    phone: String::new(),
                    address: "3-2".into(),
                    missing_because,
                }
            }
        ),
        (any::<bool>(), text()).prop_map(|(agrees, text)| Command::ConfirmAsked { agrees, text }),
        (department(), guidance()).prop_map(|(to, how)| Command::Guide { to, how }),
        Just(Command::ReceiveGuided),
        department().prop_map(|department| Command::TellWhomToSee { department }),
        text().prop_map(|text| Command::ReferOutside { text }),
        (vec(paper(), 0..2), text(), any::<bool>()).prop_map(|(papers, text, clear)| {
            Command::GiveNotice {
                papers,
                text,
                clear,
            }
        }),
        (vec(paper(), 0..2), any::<bool>(), text()).prop_map(|(papers, in_vain, text)| {
            Command::RecordSecondTrip {
                papers,
                in_vain,
                text,
            }
        }),
        (option::of(department()), any::<bool>(), text()).prop_map(
            |(contractor, reached, text)| {
                Command::ContactOutside {
                    contractor,
                    reached,
                    text,
                }
            }
        ),
        (moment(), agreed_because(), text()).prop_map(|(at, because, text)| Command::AgreeTime {
            at,
            because,
            text
        }),
        option::of(case_id()).prop_map(|earlier| Command::MarkRepeat { earlier }),
        Just(Command::GiveTakeaway { form: Takeaway::Qr }),
        (any::<bool>(), text()).prop_map(|(right, text)| Command::CheckResult { right, text }),
    ]
}

fn in_danger() -> impl Strategy<Value = Command> {
    prop_oneof![
        (urgency(), option::of(emergency()), text()).prop_map(|(urgency, emergency, reason)| {
            Command::SetUrgency {
                urgency,
                emergency,
                reason,
            }
        }),
        (
            select(vec![
                EmergencyStep::PassedOn,
                EmergencyStep::OnSite,
                EmergencyStep::RescuerOnSite,
                EmergencyStep::DirectorTold,
                EmergencyStep::DangerOver,
            ]),
            moment()
        )
            .prop_map(|(step, done_at)| Command::EmergencyStep { step, done_at }),
        text().prop_map(|text| Command::FindIllegalAct { text }),
        text().prop_map(|text| Command::ReportToAuthority { text }),
        (any::<bool>(), text())
            .prop_map(|(published, text)| Command::PublishAnswer { published, text }),
        (hash(), option::of(moment())).prop_map(|(photo, taken_at)| Command::AddPhotos {
            photos: vec![PhotoAdded {
                photo,
                source: PhotoSource::Camera,
                taken_at,
                placed: true,
            }],
        }),
        text().prop_map(|text| Command::LogContact { text }),
    ]
}

fn hand_over() -> impl Strategy<Value = Command> {
    (department(), explained(), text()).prop_map(|(to, explained, text)| Command::HandOver {
        to,
        explained,
        text,
    })
}

fn reply() -> impl Strategy<Value = Command> {
    (
        select(vec![Outcome::Solved, Outcome::PlainAnswer]),
        text(),
        option::of(contact()),
        option::of(Just(SuggestionFate::Changed)),
    )
        .prop_map(|(outcome, text, told, suggestion)| Command::Reply {
            outcome,
            text,
            told,
            suggestion,
        })
}

fn tell() -> impl Strategy<Value = Command> {
    (contact(), text()).prop_map(|(how, text)| Command::TellResult { how, text })
}

fn on_the_way() -> impl Strategy<Value = Command> {
    let shift = || (0..3_u8).prop_map(|it| ShiftId::from_random([it; 16]));
    prop_oneof![
        Just(Command::Receive),
        person().prop_map(|handler| Command::NameHandler { handler }),
        text().prop_map(|opinion| Command::Return { opinion }),
        select(vec![
            Signing::Receipt,
            Signing::Dispatch,
            Signing::Result,
            Signing::PlainAnswer,
        ])
        .prop_map(|what| Command::Sign { what }),
        (department(), option::of(person()), text()).prop_map(|(department, person, text)| {
            Command::ReportShirking {
                department,
                person,
                text,
            }
        }),
        (shift(), person()).prop_map(|(shift, to)| Command::PassShift { shift, to }),
        shift().prop_map(|shift| Command::TakeShift { shift }),
        (person(), text()).prop_map(|(to, text)| Command::Succeed {
            to,
            reason: SuccessionReason::Leave,
            text,
        }),
        Just(Command::AcceptSuccession),
        (request(), text()).prop_map(|(request, text)| Command::Ask { request, text }),
        (envelope_id(), any::<bool>(), text()).prop_map(|(request, granted, text)| {
            Command::Consent {
                request,
                granted,
                text,
            }
        }),
        Just(Command::Resume),
    ]
}

fn beyond_the_department() -> impl Strategy<Value = Command> {
    prop_oneof![
        text().prop_map(|text| Command::ReportToCoordination { text }),
        (department(), vec(department(), 0..2), text())
            .prop_map(|(lead, upheld, text)| Command::NameLead { lead, upheld, text }),
        (person(), moment(), text()).prop_map(|(leader, expected_at, text)| {
            Command::PutToLeader {
                leader,
                expected_at,
                text,
            }
        }),
        text().prop_map(|text| Command::AnswerAsLeader { text }),
        text().prop_map(|text| Command::Escalate { text }),
        (option::of(department()), text())
            .prop_map(|(department, text)| Command::Instruct { department, text }),
        case_id().prop_map(|main| Command::Join { main }),
        Just(Command::SignOuter),
        (
            select(vec![
                OuterLimit::Sign,
                OuterLimit::Return,
                OuterLimit::Reply
            ]),
            moment(),
            text()
        )
            .prop_map(|(limit, until, text)| Command::ExtendOuter { limit, until, text }),
        (option::of(moment()), text())
            .prop_map(|(reply_by, text)| Command::RejectOutside { reply_by, text }),
    ]
}

fn at_the_end() -> impl Strategy<Value = Command> {
    let finding = select(vec![
        Finding::Satisfied,
        Finding::NotSatisfied,
        Finding::NotReached,
    ]);
    prop_oneof![
        3 => (contact(), finding).prop_map(|(how, finding)| Command::Visit {
            how,
            finding,
            phone: String::from("13800005678"),
            words: String::from("知道了"),
        }),
        1 => (
            select(vec![
                WaivedBecause::CustomerDeclined,
                WaivedBecause::NotInSample,
                WaivedBecause::Unnamed,
            ]),
            text()
        )
            .prop_map(|(because, text)| Command::WaiveVisit { because, text }),
        1 => (hash(), any::<bool>(), option::of(any::<bool>()), text()).prop_map(
            |(seed, handling_true, visit_true, text)| Command::SpotCheck {
                seed,
                handling_true,
                visit_true,
                customer_asked: true,
                text,
            }
        ),
        3 => Just(Command::Close),
        1 => text().prop_map(|text| Command::Terminate { text }),
        1 => text().prop_map(|text| Command::Reopen { text }),
    ]
}

fn about_people() -> impl Strategy<Value = Command> {
    prop_oneof![
        (person(), text()).prop_map(|(person, text)| Command::ReportQuarrel { person, text }),
        (department(), option::of(person()), moment(), text()).prop_map(
            |(department, person, said_at, text)| Command::RecordCriticism {
                department,
                person,
                said_at,
                text,
            }
        ),
        (person(), any::<bool>(), text()).prop_map(|(person, by_customer, text)| {
            Command::Praise {
                person,
                by_customer,
                text,
            }
        }),
        (hash(), text()).prop_map(|(proposal, text)| Command::State {
            proposal,
            again: Vec::new(),
            text
        }),
        (hash(), any::<bool>(), text()).prop_map(|(proposal, upheld, text)| Command::Assess {
            proposal,
            again: Vec::new(),
            judgement: if upheld {
                Judgement::Upheld
            } else {
                Judgement::Dismissed
            },
            amount: Some(20),
            bulletin: true,
            off_post: false,
            text,
        }),
    ]
}

/// What is ordered; some of it is made of the case that it is ordered on.
#[derive(Debug, Clone)]
enum Order {
    Command(Box<Command>),
    /// By the first who may, if anybody may.
    ByWhoMay(Box<Command>),
    /// The next step of a round that does not satisfy the customer; after enough of them, the end. What is out of scope
    /// ends at once.
    Round,
    /// The next step of a pause: asked for, consented to, over.
    Pause,
    /// On what the rules propose, by the first who may.
    OnProposal {
        nth: usize,
        is_statement: bool,
        is_upheld: bool,
    },
    /// The result of the main case, which is like this one but has one. Of many joined with it, not all are visited.
    TakeOver {
        of_many: bool,
    },
    /// By whoever owes it, what meets the obligation of this place among the open ones.
    Meet {
        nth: usize,
        well: bool,
    },
}

fn order() -> impl Strategy<Value = Order> {
    let command = || {
        prop_oneof![
            1 => record().boxed(),
            2 => at_the_counter().boxed(),
            2 => in_danger().boxed(),
            4 => hand_over().boxed(),
            6 => on_the_way().boxed(),
            3 => reply().boxed(),
            2 => tell().boxed(),
            2 => beyond_the_department().boxed(),
            4 => at_the_end().boxed(),
            1 => about_people().boxed(),
        ]
    };
    prop_oneof![
        40 => command().prop_map(|it| Order::Command(Box::new(it))),
        15 => command().prop_map(|it| Order::ByWhoMay(Box::new(it))),
        10 => Just(Order::Round),
        5 => Just(Order::Pause),
        4 => (0..9_usize, any::<bool>(), any::<bool>()).prop_map(
            |(nth, is_statement, is_upheld)| Order::OnProposal { nth, is_statement, is_upheld }
        ),
        30 => (0..6_usize, prop_oneof![3 => Just(true), 1 => Just(false)])
            .prop_map(|(nth, well)| Order::Meet { nth, well }),
        2 => any::<bool>().prop_map(|of_many| Order::TakeOver { of_many }),
    ]
}

/// One try of one person.
#[derive(Debug, Clone)]
struct Try {
    by: usize,
    order: Order,
    /// Put into the same envelope, decided on the same state: it may stop halfway.
    with: Option<Order>,
    minutes_later: u32,
    /// How many of the latest envelopes this device has not seen.
    behind: usize,
    offset_ms: i64,
}

fn a_try() -> impl Strategy<Value = Try> {
    (
        0..PEOPLE.len() + 9,
        order(),
        option::weighted(0.1, order()),
        prop_oneof![5 => 0..90_u32, 1 => 0..4_000_u32],
        prop_oneof![3 => Just(0), 1 => 1..4_usize],
        -500_000..500_000_i64,
    )
        .prop_map(|(by, order, with, minutes_later, behind, offset_ms)| Try {
            by,
            order,
            with,
            minutes_later,
            behind,
            offset_ms,
        })
}

fn history() -> impl Strategy<Value = Vec<Try>> {
    (record(), vec(a_try(), 1..60)).prop_map(|(first, mut tries)| {
        tries[0].order = Order::Command(Box::new(first));
        tries[0].minutes_later = 0;
        tries
    })
}

/// Plays a history and shows each envelope with whether its device knew all, before it is kept.
fn play(rules: &Rules, tries: &[Try], seen: impl FnMut(&[Envelope], bool)) -> Vec<Envelope> {
    play_and_tell(rules, tries, seen, |_, _| {})
}

/// The same, and tells of each command whether it was obeyed.
fn play_and_tell(
    rules: &Rules,
    tries: &[Try],
    mut seen: impl FnMut(&[Envelope], bool),
    mut told: impl FnMut(&Command, bool),
) -> Vec<Envelope> {
    let mut envelopes: Vec<Envelope> = Vec::new();
    let mut now = START;
    for it in tries {
        now = now + Minutes(it.minutes_later);
        let known = &envelopes[..envelopes.len().saturating_sub(it.behind)];
        let case = Case::fold(known).case;
        let by = who(rules, case.as_ref(), it.by);
        let arrived = |it| Witness::of(it, None, Some(it.header().at));
        let acts: Vec<Witness<'_>> = known.iter().map(arrived).collect();
        let evidence = Evidence {
            acts: &acts,
            heard_until: Some(now),
        };
        let at = (rules, now, evidence);
        let (by, events) = decided(at, case.as_ref(), &it.order, &by, &mut told);
        let more = it.with.as_ref().map_or_else(Vec::new, |it| {
            decided(at, case.as_ref(), it, &by, &mut told).1
        });
        let as_decided = more.is_empty() && it.behind == 0;
        let events: Vec<Event> = events.into_iter().chain(more).collect();
        if events.is_empty() || envelopes.len() >= 250 {
            continue;
        }
        let clock = ClockEvidence {
            offset_ms: it.offset_ms,
            age_s: 600,
        };
        envelopes.push(sealed(
            rules,
            known,
            envelopes.len(),
            &by,
            now,
            clock,
            &events,
        ));
        seen(&envelopes, as_decided);
    }
    envelopes
}

/// Anybody; half of the time the first responder or whoever heads the department that has the case.
fn who(rules: &Rules, case: Option<&Case>, n: usize) -> PersonId {
    let close = case.filter(|_| n >= PEOPLE.len()).and_then(|case| {
        if n.is_multiple_of(2) {
            return Some(case.responder.person.clone());
        }
        Some(rules.directory.department(case.holder())?.head.clone())
    });
    close.unwrap_or_else(|| PEOPLE[n % PEOPLE.len()].parse().unwrap())
}

fn decided(
    (rules, now, evidence): (&Rules, Moment, Evidence<'_>),
    case: Option<&Case>,
    order: &Order,
    by: &PersonId,
    told: &mut impl FnMut(&Command, bool),
) -> (PersonId, Vec<Event>) {
    let is_joined = case.is_some_and(|it| matches!(it.stage, Stage::Joined { .. }));
    let joined = Order::TakeOver { of_many: false };
    let (order, by) = match (order, case) {
        (Order::Meet { .. }, Some(case)) if is_joined => (&joined, &case.responder.person),
        (order, _) => (order, by),
    };
    let who_may = |command: Command| {
        let obeys = |person: &PersonId| {
            let acting = Acting {
                rules,
                person,
                now,
                evidence,
            };
            decide(case, command.clone(), acting).is_ok()
        };
        let mut people = PEOPLE.iter().map(|it| it.parse().unwrap());
        let who = people.find(obeys);
        (who.unwrap_or_else(|| by.clone()), command)
    };
    let (by, command) = match (order, case) {
        (Order::Command(it), _) => (by.clone(), (**it).clone()),
        (Order::ByWhoMay(it), _) => who_may((**it).clone()),
        (Order::Round, Some(case)) => who_may(round(case, rules)),
        (Order::Pause, Some(case)) => who_may(pause(case, now)),
        (
            Order::OnProposal {
                nth,
                is_statement,
                is_upheld,
            },
            Some(case),
        ) => {
            let verdict = |case: &Case, it: &Obligation| judge(case, it, rules, now, &evidence);
            let context = Context {
                rules,
                now,
                verdict: &verdict,
                again: &[],
            };
            let proposals = proposals(case, context);
            let Some(proposal) = proposals.get(nth % proposals.len().max(1)) else {
                return (by.clone(), Vec::new());
            };
            who_may(on_proposal(proposal, *is_statement, *is_upheld))
        }
        (Order::TakeOver { of_many }, Some(case)) => {
            let mut main = case.clone();
            main.id = case.coordination.main.unwrap_or(CASE);
            main.result = Some(CaseResult {
                department: "engineering".parse().unwrap(),
                by: "liu-wei".parse().unwrap(),
                at: now,
                envelope: id_of(255),
                outcome: Outcome::Solved,
                told: None,
                published: None,
                n_visits_before: 0,
            });
            let another = |n| Case {
                id: CaseId::from_random([n; 16]),
                ..case.clone()
            };
            let n_others = if *of_many { 30 } else { 0 };
            let command = Command::TakeOverResult {
                main: Box::new(main),
                joined: (100..100 + n_others).map(another).collect(),
            };
            (by.clone(), command)
        }
        (Order::Meet { nth, well }, Some(case)) if case.open_obligations().count() > 0 => {
            let n = case.open_obligations().count();
            let open = case.open_obligations().nth(nth % n).unwrap();
            let staff = rules.directory.staff(&open.owed_by.department);
            let one = if *well { staff.first() } else { staff.last() };
            let who = open.owed_by.person.clone();
            let who = who.or_else(|| one.map(|it| it.id.clone()));
            (
                who.unwrap_or_else(|| by.clone()),
                meeting(case, open, *well, now),
            )
        }
        (
            Order::TakeOver { .. }
            | Order::Meet { .. }
            | Order::Round
            | Order::Pause
            | Order::OnProposal { .. },
            _,
        ) => return (by.clone(), Vec::new()),
    };
    let acting = Acting {
        rules,
        person: &by,
        now,
        evidence,
    };
    let decision = decide(case, command.clone(), acting);
    told(&command, decision.is_ok());
    (by, decision.unwrap_or_default())
}

fn round(case: &Case, rules: &Rules) -> Command {
    let text = String::from("已处理");
    let category = rules.pack.category(&case.record.category);
    match &case.result {
        _ if category.is_some_and(|it| !it.is_in_scope()) => Command::ReferOutside { text },
        _ if case.verification.n_rounds >= rules.pack.max_rounds => Command::Terminate { text },
        None => Command::Reply {
            outcome: Outcome::Solved,
            text,
            told: None,
            suggestion: Some(SuggestionFate::Changed),
        },
        Some(result) if result.told.is_none() => Command::TellResult {
            how: Contact::InPerson,
            text,
        },
        Some(_) => Command::Visit {
            how: Contact::InPerson,
            finding: Finding::NotSatisfied,
            phone: String::new(),
            words: text,
        },
    }
}

fn pause(case: &Case, now: Moment) -> Command {
    let text = String::from("等配件");
    let open = case.consents.requests.iter().find(|it| it.is_open());
    match open {
        _ if case.pause_at(now).is_some() => Command::Resume,
        Some(made) => Command::Consent {
            request: made.envelope,
            granted: true,
            text,
        },
        None => Command::Ask {
            request: Request::Pause(PauseReason::PartsOrContractor, None),
            text,
        },
    }
}

fn on_proposal(proposal: &Proposal, is_statement: bool, is_upheld: bool) -> Command {
    let (proposal, amount, text) = (proposal.key, proposal.amount, String::from("已处理"));
    let again = Vec::new();
    if is_statement {
        return Command::State {
            proposal,
            again,
            text,
        };
    }
    Command::Assess {
        proposal,
        again,
        judgement: if is_upheld {
            Judgement::Upheld
        } else {
            Judgement::Dismissed
        },
        amount: amount.filter(|_| is_upheld).map(|(least, _)| least),
        bulletin: false,
        off_post: false,
        text,
    }
}

/// What meets an obligation, done well or badly.
#[expect(clippy::too_many_lines, reason = "one arm a deadline")]
fn meeting(case: &Case, open: &Obligation, well: bool, now: Moment) -> Command {
    let text = String::from("已处理");
    match open.deadline {
        DeadlineId::Transfer if !well => Command::ReferOutside { text },
        DeadlineId::Transfer | DeadlineId::ReturnSlip => Command::HandOver {
            to: if well { "engineering" } else { "security" }
                .parse()
                .unwrap(),
            explained: Explained::Accepted,
            text,
        },
        DeadlineId::AssignHandler => Command::NameHandler {
            handler: if well { "liu-wei" } else { "wang-jianguo" }
                .parse()
                .unwrap(),
        },
        DeadlineId::Sign if !well => Command::Return { opinion: text },
        DeadlineId::Sign => Command::Receive,
        DeadlineId::Reply if !well && case.open_pause().is_some() => Command::Resume,
        DeadlineId::Reply if !well => Command::Ask {
            request: match case.moves.len() % 3 {
                0 => Request::Completion(now + Minutes(3_000)),
                1 => Request::Pause(PauseReason::PartsOrContractor, None),
                _ => Request::Extension(DeadlineId::Reply, now + Minutes(3_000)),
            },
            text,
        },
        DeadlineId::Reply | DeadlineId::AgreedTime | DeadlineId::Completion => Command::Reply {
            outcome: if well {
                Outcome::Solved
            } else {
                Outcome::PlainAnswer
            },
            text,
            told: None,
            suggestion: Some(SuggestionFate::Changed),
        },
        DeadlineId::TellResult | DeadlineId::Customer => Command::TellResult {
            how: Contact::InPerson,
            text,
        },
        DeadlineId::ReturnVisit | DeadlineId::RetryVisit
            if !well && case.visits.len().is_multiple_of(2) =>
        {
            Command::WaiveVisit {
                because: WaivedBecause::CustomerDeclined,
                text,
            }
        }
        DeadlineId::ReturnVisit | DeadlineId::RetryVisit => Command::Visit {
            how: Contact::InPerson,
            finding: if well {
                Finding::Satisfied
            } else {
                Finding::NotSatisfied
            },
            phone: String::new(),
            words: text,
        },
        DeadlineId::Close => Command::Close,
        DeadlineId::ConfirmAsked => Command::ConfirmAsked { agrees: well, text },
        DeadlineId::ReceiveGuided => Command::ReceiveGuided,
        DeadlineId::CompleteForm => Command::CompleteForm {
            customer: text,
            phone: "13800005678".into(),
            address: "3-2".into(),
            missing_because: None,
        },
        DeadlineId::Consent => Command::Consent {
            request: open.arose,
            granted: well,
            text,
        },
        DeadlineId::SignReceipt => Command::Sign {
            what: Signing::Receipt,
        },
        DeadlineId::SignDispatch => Command::Sign {
            what: Signing::Dispatch,
        },
        DeadlineId::SignResult => Command::Sign {
            what: Signing::Result,
        },
        DeadlineId::SignPlainAnswer => Command::Sign {
            what: Signing::PlainAnswer,
        },
        DeadlineId::TakeShift => Command::TakeShift {
            shift: case
                .consents
                .shifts
                .last()
                .map_or(ShiftId::from_random([9; 16]), |it| it.shift),
        },
        DeadlineId::DecideAsked => Command::ConfirmAsked { agrees: true, text },
        DeadlineId::TellDelay | DeadlineId::TellExpected => Command::TellDelay {
            how: Contact::InPerson,
            text,
        },
        DeadlineId::AcceptSuccession => Command::AcceptSuccession,
        DeadlineId::ReportToCoordination => Command::ReportToCoordination { text },
        DeadlineId::NameLead => Command::NameLead {
            lead: if well { "engineering" } else { "office" }.parse().unwrap(),
            upheld: Vec::new(),
            text,
        },
        DeadlineId::LeaderAnswer => Command::AnswerAsLeader { text },
        DeadlineId::Instruct => Command::Instruct {
            department: well.then(|| "security".parse().unwrap()),
            text,
        },
        DeadlineId::EmergencyPass => step(EmergencyStep::PassedOn, now),
        DeadlineId::EmergencyOnSite if !well => step(EmergencyStep::DangerOver, now),
        DeadlineId::EmergencyOnSite => step(EmergencyStep::OnSite, now),
        DeadlineId::EmergencyRescuer => step(EmergencyStep::RescuerOnSite, now),
        DeadlineId::EmergencyTellDirector => step(EmergencyStep::DirectorTold, now),
        DeadlineId::ReportToAuthority => Command::ReportToAuthority { text },
        DeadlineId::CheckResult => Command::CheckResult { right: well, text },
        DeadlineId::PublishAnswer => Command::PublishAnswer {
            published: well,
            text,
        },
        DeadlineId::OuterSign => Command::SignOuter,
        DeadlineId::OuterReply if !well => Command::ExtendOuter {
            limit: OuterLimit::Reply,
            until: now + Minutes(3_000),
            text,
        },
        DeadlineId::OuterReply => Command::RejectOutside {
            reply_by: None,
            text,
        },
        DeadlineId::State => Command::State {
            proposal: Hash::of(b"it"),
            text,
            again: Vec::new(),
        },
    }
}

const fn step(step: EmergencyStep, done_at: Moment) -> Command {
    Command::EmergencyStep { step, done_at }
}

fn sealed(
    rules: &Rules,
    known: &[Envelope],
    n: usize,
    by: &PersonId,
    at: Moment,
    clock: ClockEvidence,
    events: &[Event],
) -> Envelope {
    let counter = known.iter().map(|it| it.header().counter).max();
    let counter = counter.unwrap_or(0) + 1;
    Envelope::seal(stamp(rules, counter, n, by, at, clock), events).unwrap()
}

fn stamp(
    rules: &Rules,
    counter: u64,
    n: usize,
    by: &PersonId,
    at: Moment,
    clock: ClockEvidence,
) -> Stamp {
    Stamp {
        id: id_of(u8::try_from(n).unwrap()),
        site: rules.directory.site.clone(),
        case: CASE,
        person: by.clone(),
        device: DeviceId::from_random([1; 16]),
        chain: 1,
        sequence: n as u64 + 1,
        previous: None,
        counter,
        at,
        clock: Some(clock),
        last_receipt: None,
        rules: rules.hashes(),
        facts_salt: Salt([1; 16]),
        content_salt: Salt([2; 16]),
    }
}

/// What a closed case may owe still: signatures, confirmations, reports, what the sender outside set.
fn outlives_the_end(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::ConfirmAsked
            | DeadlineId::CompleteForm
            | DeadlineId::SignReceipt
            | DeadlineId::SignDispatch
            | DeadlineId::SignResult
            | DeadlineId::SignPlainAnswer
            | DeadlineId::AcceptSuccession
            | DeadlineId::EmergencyTellDirector
            | DeadlineId::ReportToAuthority
            | DeadlineId::PublishAnswer
            | DeadlineId::OuterSign
            | DeadlineId::OuterReply
            | DeadlineId::DecideAsked
    )
}

/// Whoever leaves may owe the sender of a ticket something still: that goes to the successor after the end too (F3).
fn asks_for_a_succession(case: &Case, it: &Obligation) -> bool {
    it.deadline == DeadlineId::Consent
        && case
            .open_request(it.arose)
            .is_some_and(|it| it.request == Request::Succession)
}

/// How many movements an envelope's facts are for certain, and at most.
fn n_moves(envelope: &Envelope) -> (usize, usize) {
    let facts = envelope.facts().unwrap();
    let count = |is: fn(&Fact) -> bool| facts.iter().filter(|it| is(it)).count();
    let certain = count(|it| {
        matches!(
            it,
            Fact::HandedOver(_) | Fact::Returned(_) | Fact::GuidedReceived(_)
        )
    });
    (
        certain,
        certain + count(|it| matches!(it, Fact::LeadNamed(_) | Fact::Instructed(_))),
    )
}

fn witnesses(envelopes: &[Envelope]) -> Vec<Witness<'_>> {
    envelopes
        .iter()
        .enumerate()
        .map(|(i, it)| {
            let arrived = (i % 3 != 0).then(|| it.header().at + Minutes(30));
            let not_before = (i % 4 == 0).then(|| it.header().at - Minutes(20));
            Witness::of(it, not_before, arrived)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_decide_answers_the_fold_admits(tries in history()) {
        let rules = rules();
        play(rules, &tries, |envelopes, as_decided| {
            if as_decided {
                let last = envelopes.last().unwrap();
                let folded = Case::fold(envelopes);
                let lost = folded.without_effect.iter().find(|(id, _)| *id == last.header().id);
                assert_eq!(lost, None, "{:?}", last.facts());
            }
        });
    }

    #[test]
    fn a_fold_knows_no_order_of_arrival_and_no_duplicates(tries in history(), seed in any::<u64>()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        let mut mixed: Vec<_> = envelopes.iter().chain(envelopes.iter().step_by(2)).collect();
        mixed.sort_by_key(|it| Hash::of(&[it.header().id.bytes().as_slice(), &seed.to_be_bytes()].concat()).0);
        prop_assert_eq!(Case::fold(mixed), Case::fold(&envelopes));
    }

    #[test]
    fn what_nobody_signed_for_moves_no_case_that_is_there(tries in history(), at in any::<prop::sample::Index>()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        prop_assume!(!envelopes.is_empty());
        let n = at.index(envelopes.len());
        let header = envelopes[n].header();
        let events = envelopes[n].events().unwrap();
        let is_record = matches!(events[0].fact, Fact::Recorded(_));
        let stamp = stamp(rules, header.counter, n, &header.person, header.at, header.clock.unwrap());
        let mut claimed = envelopes.clone();
        claimed[n] = Envelope::seal_claimed(stamp, &events).unwrap();
        let folded = Case::fold(&claimed);
        if claimed[n].may_be_claimed() {
            // The matter is there as it was, and whose it is has to be said.
            let ours = folded.case.unwrap();
            let signed = Case::fold(&envelopes).case.unwrap();
            prop_assert_eq!((ours.claim.is_some(), signed.claim), (true, None));
            prop_assert_eq!((ours.record, ours.responder), (signed.record, signed.responder));
        } else {
            prop_assert_eq!(
                folded.without_effect.iter().any(|(id, _)| *id == header.id),
                true
            );
            if !is_record {
                let others = envelopes.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, it)| it);
                prop_assert_eq!(folded.case, Case::fold(others).case);
            }
        }
    }

    #[test]
    fn folding_a_prefix_and_going_on_is_folding_all(tries in history()) {
        let rules = rules();
        let mut envelopes = play(rules, &tries, |_, _| {});
        envelopes.sort_by_key(Envelope::order);
        let mut after_each = Vec::new();
        Case::replay(&envelopes, |case, envelope| after_each.push((envelope.order(), case.clone())));
        for (order, case) in after_each {
            let prefix = envelopes.iter().filter(|it| it.order() <= order);
            prop_assert_eq!(Case::fold(prefix).case, Some(case));
        }
        // The same, an envelope at a time on a copy: all of its facts or none.
        let mut copied: Option<Case> = None;
        for it in &envelopes {
            let header = it.header();
            let facts = it.facts().unwrap();
            let act = |fact| shouwen_domain::case::Act { envelope: header.id, by: &header.person, at: header.at, claimed: header.claimed, fact };
            if let Ok(case) = Case::after(copied.as_ref(), CASE, header.rules, &facts, act) {
                copied = Some(case);
            }
        }
        prop_assert_eq!(copied, Case::fold(&envelopes).case);
    }

    #[test]
    fn what_is_owed_has_its_rule_and_its_moment(tries in history()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        Case::replay(&envelopes, |case, _| {
            for it in &case.obligations {
                let rule = rules.pack.deadline(it.deadline).rule;
                assert!(rules.pack.rule(rule).is_some(), "{it:?}");
                if it.end.is_none() && case.stage != Stage::Closed {
                    let due = rules.due(case, it);
                    let stands_still = matches!(due, Err(ReckoningError::StandsStill { .. }));
                    let may_stand = it.deadline.can_pause() && case.open_pause().is_some();
                    assert!(due.is_ok() || (stands_still && may_stand), "{it:?}: {due:?}");
                }
            }
            if case.stage == Stage::Closed {
                let left = case
                    .open_obligations()
                    .find(|it| !outlives_the_end(it.deadline) && !asks_for_a_succession(case, it));
                assert_eq!(left, None);
            }
        });
    }

    #[test]
    fn whoever_owes_or_has_a_case_sees_it(tries in history()) {
        let rules = rules();
        let directory = &rules.directory;
        let envelopes = play(rules, &tries, |_, _| {});
        let mut until_then = Vec::new();
        Case::replay(&envelopes, |case, envelope| {
            until_then.push(envelope);
            let concerned = Concerned::by_all(until_then.iter().copied());
            let sees = |it| concerned.departments.contains(it);
            assert!(sees(case.holder()) && sees(&case.responder.department));
            for it in &case.obligations {
                assert!(sees(&it.owed_by.department), "{it:?} {concerned:?}");
                let person = it.owed_by.person.as_ref();
                assert!(person.is_none_or(|it| concerned.people.contains(it)), "{it:?} {concerned:?}");
                let colleagues = directory.staff(&it.owed_by.department);
                for it in colleagues.into_iter().map(|it| &it.id).chain(person) {
                    assert!(directory.person(it).is_none() || Scope::of([it], directory).sees(&concerned));
                }
            }
        });
    }

    #[test]
    fn only_a_succession_changes_the_first_responder_and_only_movements_move(tries in history()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        let mut before: Option<(PersonId, usize)> = None;
        Case::replay(&envelopes, |case, envelope| {
            let facts = envelope.facts().unwrap();
            let succeeds = facts.iter().any(|it| matches!(it, Fact::Succeeded(_)));
            let (least, most) = n_moves(envelope);
            let (responder, n_before) = before.clone()
                .unwrap_or_else(|| (case.record.first_responder.clone(), 0));
            if !succeeds {
                assert_eq!(case.responder.person, responder, "F3");
            }
            let moved = case.moves.len() - n_before;
            assert!((least..=most).contains(&moved), "T8: {moved} of {least} to {most} in {facts:?}");
            before = Some((case.responder.person.clone(), case.moves.len()));
        });
    }

    #[test]
    fn whoever_lost_is_told_to_whom(tries in history()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        let folded = Case::fold(&envelopes);
        let parallels = Case::parallels(&envelopes);
        let lost = folded.without_effect.iter().filter(|(_, why)| matches!(why, WithoutEffect::Parallel(_)));
        prop_assert_eq!(parallels.len(), lost.count());
        for it in parallels {
            let winner = it.lost_to.and_then(|id| envelopes.iter().find(|it| it.header().id == id));
            let loser = envelopes.iter().find(|other| other.header().id == it.envelope).unwrap();
            if let Some(winner) = winner {
                prop_assert!(winner.order() < loser.order());
                let without = envelopes.iter()
                    .filter(|it| it.order() < winner.order() || it.order() == loser.order());
                let counts = Case::fold(without).without_effect.iter().all(|(id, _)| *id != it.envelope);
                prop_assert!(counts, "before {:?} it would have counted", winner.facts());
            }
        }
    }

    #[test]
    fn every_moment_can_be_explained_and_every_verdict_is_honest(tries in history()) {
        let rules = rules();
        let envelopes = play(rules, &tries, |_, _| {});
        let Some(case) = Case::fold(&envelopes).case else { return Ok(()) };
        let acts = witnesses(&envelopes);
        let evidence = Evidence { acts: &acts, heard_until: None };
        let library = Library { site: &shouwen_domain::site::Site::default(), texts: &[rules] };
        for it in timeline(&case, rules) {
            for view in [View::Done, View::KnownAtHeadOffice] {
                explain(&envelopes, it.at, view, &evidence, &library);
            }
            holds(&envelopes, rules, &evidence, START + Minutes(10_000)).unwrap();
        }
        let mut verdicts = Vec::new();
        let agenda = Agenda::of(&case, rules, &evidence);
        let now = START + Minutes(3_000);
        agenda.verdicts_into(now, None, &mut verdicts);
        for (i, verdict) in verdicts {
            let obligation = &case.obligations[i as usize];
            prop_assert_eq!(rules.verdict(&case, obligation, now, &evidence), Ok(verdict));
            prop_assert!(verdict != Verdict::Missed, "not everyone was heard");
        }
        for it in case.obligations.iter().filter(|it| matches!(it.end, Some(End::Met { .. }))) {
            let nothing = Evidence::default();
            let verdict = rules.verdict(&case, it, now, &nothing);
            prop_assert!(!matches!(verdict, Ok(Verdict::Met | Verdict::Missed)), "without evidence: {verdict:?}");
        }
    }
}

#[test]
fn histories_reach_far() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let rules = rules();
    let mut kinds = std::collections::BTreeSet::new();
    let mut commands = std::collections::BTreeMap::<String, (u32, u32)>::new();
    let name = |it: &dyn std::fmt::Debug| {
        let text = format!("{it:?}");
        text.split([' ', '(']).next().unwrap().to_owned()
    };
    let (mut n_lost, mut n_rerouted) = (0, 0);
    for _ in 0..2_000 {
        let tries = history().new_tree(&mut runner).unwrap().current();
        let envelopes = play_and_tell(
            rules,
            &tries,
            |_, _| {},
            |command, is_obeyed| {
                let (n_tried, n_obeyed) = commands.entry(name(command)).or_default();
                *n_tried += 1;
                *n_obeyed += u32::from(is_obeyed);
            },
        );
        let folded = Case::fold(&envelopes);
        n_lost += folded.without_effect.len();
        n_rerouted += folded.rerouted.len();
        Case::replay(&envelopes, |_, envelope| {
            let facts = envelope.facts().unwrap();
            kinds.extend(facts.iter().map(|it| name(it)));
        });
    }
    // Whatever is ordered is obeyed now and then.
    let never: Vec<_> = commands
        .iter()
        .filter(|(_, (_, n_obeyed))| *n_obeyed == 0)
        .collect();
    assert!(never.is_empty(), "never obeyed, of so many: {never:?}");
    assert!(commands.len() >= 60, "{} commands", commands.len());
    // Of 60, those of the site and the decision on a proposal belong to no such history; a few are rare.
    assert!(kinds.len() >= 54, "{} kinds: {kinds:?}", kinds.len());
    assert!(
        n_lost > 50 && n_rerouted > 0,
        "{n_lost} lost, {n_rerouted} re-routed"
    );
}
